"""The commons: a stock that regrows, from which everybody may take."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import MINOR, NATURE, OUTSIDERS, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Floats, Ints, param, per_agent, scalar
from posalign_sim.world.modules import Argument, Decision, Game
from posalign_sim.world.record import GROUP, Sight, World, face, seats

TAKE = 0
#: The most ticks that a seat can claim in a round.
TICKS = 100
#: How a stock grows.
DOUBLING, LOGISTIC = 0, 1
_HAIR = 1e-9


class CommonsSight(Sight):
    """What seats at a commons see: the stock, how it grows, how much was taken last."""

    capacity: float = scalar(low=0, unit="units", summary="the most that the stock can be")
    growth: float = scalar(low=1, unit="factor", summary="by which a small stock grows in a round")
    growth_form: int = scalar(
        np.int32,
        low=0,
        high=1,
        unit="index",
        summary="0: by the factor up to capacity; 1: logistic",
    )
    collapse: float = scalar(low=0, unit="units", summary="what remains below it dies out")
    tick: float = scalar(low=0, unit="units", summary="one tick of a claim")
    price: float = scalar(low=0, unit="points", summary="what one unit earns")
    stock: Floats = per_agent(low=0, unit="units", summary="the stock now")
    most: Ints = per_agent(np.int32, low=0, high=TICKS, unit="ticks", summary="your largest claim")
    group_size: Ints = per_agent(np.int32, low=0, unit="seats", summary="who share the stock")
    limit: Floats = per_agent(
        initial=-1, low=-1, unit="units", summary="what all of you can take for good; -1: not told"
    )
    fair_share: Floats = per_agent(
        initial=-1, low=-1, unit="units", summary="an equal part of it; -1: not told"
    )
    own_harvest: Floats = per_agent(
        initial=-1, low=-1, unit="units", summary="your own last harvest; -1: none yet"
    )
    others_harvest: Floats = per_agent(
        initial=-1, low=-1, unit="units", summary="mean of the others' last; -1: none yet"
    )


class Commons(Game):
    """A table shares a stock; all claim at once, and what they leave grows back for the next round.

    A table is everybody, or `Fixed(table=5)`. In each round each seat claims 0 to 100 ticks, at
    most the stock. Claims are met, or, if they exceed the stock, share it in proportion (to the
    minor unit below). A unit earns `price`. If less than `collapse` remains, the stock is dead for
    ever; otherwise it grows: by the factor `growth`, up to `capacity` (`growth_form` 0), or, from
    a rest R, by (growth - 1) R (1 - R / capacity) (`growth_form` 1, logistic). The growth varies
    by up to the share `variability`, up or down, drawn for each stock and round. When tables are
    drawn anew, stocks stay with places: that of the first-born host, the second, and so on.
    A claim is no slip: there is no noise.

    The sustainable limit is the most that all can take so that the stock grows back to where it
    is, or, if that is more, to the stock of the greatest lasting yield. Each seat is told the
    stock, how it grows, and what was taken last; the limit, and its fair share of it, only if
    `limit_told` is 1.

    Interactions: each seat's harvest towards the group. Cooperation is 1 at or below the fair
    share, 0 at the largest claim, linear in between; below `standard` it is a breach. Harm is
    what the units above the fair share would have grown to, in points for each who shares them.
    Cooperation of all earns the most that can go on; in a last round there is no more to lose.

    `stake_of_future` points per unit are what the stock is worth to third parties: outsiders gain
    or lose it as the stock rises or falls. `ecology` is the stock left, as a share of capacity.

    Source: the fishery of Piatti et al. (2024), NeurIPS (GovSim), is the default, for five seats
    and twelve rounds; Gordon (1954), JPE 62; Ostrom, Gardner & Walker (1994), Rules, Games, and
    Common-Pool Resources.

    >>> Commons(growth=1.5).values["growth"].item()
    1.5
    """

    table = 0
    interactions_per_agent = 1
    declares = ("interactions", "breach")
    sight = CommonsSight
    customary: ClassVar = {"player": ("sustainable_harvester",) * 5}
    customary_rounds = 12

    capacity: float = param(100, 0, 1e4, "units", "the most that the stock can be")
    initial_stock: float = param(100, 0, 1e4, "units", "at the beginning, at most the capacity")
    growth: float = param(2, 1, 100, "factor", "by which a small stock grows in a round")
    growth_form: float = param(0, 0, 1, "", "0: by the factor up to capacity; 1: logistic")
    variability: float = param(0, 0, 1, "share", "by which growth may be more or less")
    collapse: float = param(5, 0, 1e4, "units", "what remains below it dies out")
    tick: float = param(1, 1e-3, 100, "units", "step of claims")
    price: float = param(1, 0, 100, "points", "what one unit earns")
    limit_told: float = param(0, 0, 1, "", "1: seats are told the limit and their fair share")
    stake_of_future: float = param(0, 0, 100, "points", "what a unit left is worth to outsiders")
    standard: float = param(1, 0, 1, "cooperation", "below it an act is a breach")
    # by place: its stock; by host: how many share, which place is theirs, what they claim
    stock: Floats = per_agent()
    circle: Ints = per_agent(np.int32)
    pond: Ints = per_agent(np.uint32)
    claimed: Ints = per_agent(np.int64)
    caught: Floats = per_agent()
    ecology: Floats = per_agent(outcome=True, unit="share of the capacity")

    harvest = Decision(
        "play",
        ("take",),
        arguments=(Argument("amount", 0, TICKS, unit="ticks"),),
        kept="take",
        broken="take",
        summary="How many ticks to take from the common stock?",
    )
    harvest_amount: Any

    @staticmethod
    def begin(w: World, own: Commons) -> None:
        w.standard = own.standard
        for i in seats(w):
            own.stock[i] = min(own.initial_stock, own.capacity)
        p = w.sight
        p.capacity = own.capacity
        p.growth = own.growth
        p.growth_form = LOGISTIC if own.growth_form > 0 else DOUBLING
        p.collapse = own.collapse
        p.tick = own.tick
        p.price = own.price

    @staticmethod
    def meet(w: World, own: Commons) -> None:
        find_places(w, own)
        for i in seats(w):
            if own.circle[w.host[i]] > 1:
                tell(w, own, i)

    @staticmethod
    def who_harvest(w: World, own: Commons, i: int) -> bool:
        return own.circle[w.host[i]] > 1 and stock_of(w, own, i) > 0

    @staticmethod
    def bounds_harvest(w: World, own: Commons, i: int, k: int) -> tuple[int, int]:
        return 0, largest_claim(own, stock_of(w, own, i))

    @staticmethod
    def kept_harvest(w: World, own: Commons, i: int) -> tuple[int, int]:
        stock = stock_of(w, own, i)
        fair = limit_of(own, stock) / int(own.circle[w.host[i]])
        return TAKE, min(largest_claim(own, stock), int(np.floor(fair / own.tick + _HAIR)))

    @staticmethod
    def broken_harvest(w: World, own: Commons, i: int) -> tuple[int, int]:
        return TAKE, largest_claim(own, stock_of(w, own, i))

    @staticmethod
    def play(w: World, own: Commons) -> None:
        for i in seats(w):
            own.claimed[i] = 0
            own.caught[i] = 0.0
        for i in seats(w):
            if own.harvest[i] == TAKE:
                own.claimed[w.host[i]] += own.harvest_amount[i]
        for i in seats(w):
            if own.harvest[i] != TAKE:
                continue
            stock, claimed = stock_of(w, own, i), int(own.claimed[w.host[i]])
            units = own.tick * own.harvest_amount[i]
            points = own.price * units
            if own.tick * claimed > stock:
                units = stock * own.harvest_amount[i] / claimed
                points = np.floor(own.price * units * MINOR + _HAIR) / MINOR
            own.caught[i] = units
            pay(w, NATURE, face(w, i), points)
            note_act(w, own, i, stock)
        look_back(w, own)
        for i in seats(w):
            if w.host[i] == i and own.circle[i] > 1:
                regrow(w, own, i)
        for i in seats(w):
            if own.circle[w.host[i]] > 1 and own.capacity > 0:
                own.ecology[i] = stock_of(w, own, i) / own.capacity


def find_places(w: World, own: Any) -> None:
    """Count who shares a stock, and say which stock each table shares: stocks stay with places."""
    for i in seats(w):
        own.circle[i] = 0
    for i in seats(w):
        own.circle[w.host[i]] += 1
    count = 0
    best = 0.0
    for rank in range(w.agents):
        host = w.order[rank]
        if own.circle[host] > 1:
            own.pond[host] = count
            count += 1
            best += own.price * min(own.capacity, own.circle[host] * TICKS * own.tick)
    # Where there are more tables in some rounds than in others, no round may make more.
    w.first_best = max(w.first_best, best / w.agents)


def stock_of(w: World, own: Commons, i: int) -> float:
    """The stock that seat `i` shares."""
    return own.stock[own.pond[w.host[i]]]


def largest_claim(own: Commons, stock: float) -> int:
    """Ticks that one seat can claim at most."""
    return int(min(float(TICKS), np.floor(stock / own.tick + _HAIR)))


def regrown(rest: float, capacity: float, growth: float, form: float) -> float:
    """What a rest that has not collapsed grows to by the next round."""
    if form > 0:
        rest += (growth - 1) * rest * (1 - rest / capacity)
    else:
        rest *= growth
    return min(capacity, rest)


def sustainable(
    stock: float, capacity: float, growth: float, form: float, collapse: float
) -> float:
    """Units that all can take together for good.

    Args:
        stock: units before the harvest.
        capacity: the most that the stock can be.
        growth: factor by which a small stock grows in a round.
        form: 0: by the factor up to the capacity; 1: logistic.
        collapse: units below which the rest dies out.

    >>> [sustainable(stock, 100.0, 2.0, 0, 5.0) for stock in (100.0, 60.0, 8.0)]
    [50.0, 30.0, 3.0]
    >>> [float(sustainable(stock, 100.0, 2.0, 1, 5.0)) for stock in (100.0, 64.0)]
    [50.0, 24.0]
    """
    rest = stock / growth
    if form > 0:
        rest = stock
        rate = growth - 1
        if rate > 0 and capacity > 0:
            # The rest that grows back to the stock; half of the capacity has the greatest yield.
            root = max(0.0, (1 + rate) ** 2 - 4 * rate * stock / capacity)
            rest = capacity * min(0.5, (1 + rate - np.sqrt(root)) / (2 * rate))
    return max(0.0, stock - max(rest, collapse))


def limit_of(own: Commons, stock: float) -> float:
    """Units that all can take together for good from a stock of this game."""
    return sustainable(stock, own.capacity, own.growth, own.growth_form, own.collapse)


def tell(w: World, own: Commons, i: int) -> None:
    """What seat `i` is told of its stock, and its incentives this round."""
    p = w.sight
    stock = stock_of(w, own, i)
    n = int(own.circle[w.host[i]])
    most = largest_claim(own, stock)
    fair = limit_of(own, stock) / n
    p.stock[i] = stock
    p.most[i] = most
    p.group_size[i] = n
    p.limit[i] = n * fair if own.limit_told > 0 else -1.0
    p.fair_share[i] = fair if own.limit_told > 0 else -1.0
    # All that one can claim, against others who take their fair share, or all that they can.
    grab = max(own.tick * most, fair)
    modest = fair + (n - 1) * grab
    p.temptation[i] = own.price * (grab * ration(stock, grab + (n - 1) * fair) - fair)
    p.exposure[i] = p.temptation[i]
    p.rent[i] = own.price * fair
    p.fallback[i] = 0.0
    p.hope[i] = p.rent[i]
    p.risk[i] = own.price * (fair * ration(stock, modest) - grab * ration(stock, n * grab))
    p.at_stake[i] = 0.0


def ration(stock: float, claimed: float) -> float:
    """The share of claims that a stock can meet."""
    return stock / claimed if claimed > stock else 1.0


def note_act(w: World, own: Commons, i: int, stock: float) -> None:
    """Record seat `i`'s harvest, towards all at its table."""
    n = int(own.circle[w.host[i]])
    fair = limit_of(own, stock) / n
    grab = own.tick * largest_claim(own, stock)
    excess = own.tick * own.harvest_amount[i] - fair
    cooperation = 1.0
    harm = 0.0
    if excess > _HAIR:
        cooperation = max(0.0, 1.0 - excess / max(grab - fair, excess))
        harm = own.price * own.growth * excess / n
    interact(w, face(w, i), GROUP, cooperation, 0, 0.0, 0.0, 0.0, harm)


def look_back(w: World, own: Commons) -> None:
    """Tell all who harvested how much they and the others took."""
    p = w.sight
    for i in seats(w):
        if own.harvest[i] != TAKE:
            continue
        stock, claimed = stock_of(w, own, i), int(own.claimed[w.host[i]])
        scale = own.tick * ration(stock, own.tick * claimed)
        others = max(1, int(own.circle[w.host[i]]) - 1)
        p.own_harvest[i] = own.caught[i]
        p.others_harvest[i] = scale * (claimed - own.harvest_amount[i]) / others


def regrow(w: World, own: Commons, host: int) -> None:
    """What a table has left grows, or dies out; third parties gain or lose by it."""
    place = own.pond[host]
    before = own.stock[place]
    rest = max(0.0, before - own.tick * own.claimed[host])
    after = 0.0
    if rest > 0 and rest >= own.collapse:
        grown = regrown(rest, own.capacity, own.growth, own.growth_form)
        luck = 2 * draw(w, own, face(w, host), 0) - 1
        after = min(own.capacity, rest + (grown - rest) * (1 + own.variability * luck))
    own.stock[place] = after
    pay(w, OUTSIDERS, NATURE, own.stake_of_future * (before - after))
