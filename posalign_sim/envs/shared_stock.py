"""The shared stock: a commons that nobody sees whole, and what seats tell each other of it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.envs.commons import DOUBLING, LOGISTIC, TICKS, CommonsSight, find_places
from posalign_sim.envs.shared_knowledge_rules import (
    WITHHOLD,
    SharedSignals,
    SignalSight,
    claim,
    find_out,
    hear_claims,
)
from posalign_sim.envs.shared_stock_rules import (
    ERROR,
    TAKE,
    fair_ticks,
    land,
    largest,
    look_back,
    plays,
    record_report,
    regrow,
    state_bluff,
    state_grab,
    there,
    weigh,
)
from posalign_sim.world.draws import draw_world
from posalign_sim.world.fields import Floats, Ints, param, per_agent
from posalign_sim.world.modules import Argument, Decision
from posalign_sim.world.record import World, face, seats


class StockSight(CommonsSight, SignalSight):
    """What seats at a shared stock know of it."""

    stock: Floats = per_agent(
        low=0, unit="units", summary="what you can be sure is there: estimate less its doubt"
    )
    shared_last: Floats = per_agent(
        initial=1, low=0, high=1, unit="share", summary="others who told you something last"
    )
    doubt: Floats = per_agent(low=0, unit="ticks", summary="by which you stay below your estimate")
    own_claim: Ints = per_agent(
        np.int32, initial=-1, low=-1, unit="ticks", summary="what you have claimed; -1: nothing"
    )


class SharedStock(SharedSignals):
    """A table harvests a stock that nobody sees: each has a noisy signal of it, to share or not.

    A table is everybody, or `Fixed(table=5)`. Its stock begins anywhere from `initial_stock` to
    the `capacity`. In each round each seat gets a signal of the stock, in ticks of `tick` units,
    whose error has mean 0 and standard deviation `deviation`. Seats first `withhold` their signal,
    `share` it, or `lie` (claim any other number); all at the table are told the mean of the claims.
    Then all claim a harvest at once, 0 to 100 ticks, at most the capacity. Harvests are met, or, if
    they exceed the stock, share it in proportion. A unit earns `price`.

    What a seat can be sure of is the mean of its own signal and of what it was told, less
    `caution` standard errors of that mean: who knows less must hold back more. By default a seat
    takes an equal part of what all could take of that for good, so that such a stock grows back to
    what it was or, if that is more, to the stock of the greatest lasting yield.

    If less than `collapse` remains, the stock is dead for ever. Otherwise it grows as well as it is
    known: by the factor 1 + (`growth` - 1) x (1 - `tending` x (1 - knowledge)), up to the capacity
    (`growth_form` 0), or, from a rest R, by (that factor - 1) R (1 - R / capacity) (`growth_form`
    1, logistic). Knowledge is the share of seats that told, times the accuracy of the mean of what
    they told, 1 - (error / `tolerance`)^2, at least 0. Growth varies by up to the share
    `variability`, up or down, drawn for each stock and round. When tables are drawn anew, stocks
    stay with places: that of the first-born host, the second, and so on.

    Who makes the others believe that there is little, or keeps from them what it knows, makes them
    hold back, and can take at once what they leave. What is shared lets all take more now, and
    lets what they leave grow faster, for all, in every later round.

    Interactions: two of each seat towards its table. What it tells: cooperation 1 for sharing, 1/2
    for withholding, 0 for a claim that is not the signal. A claim is a promise to tell the truth:
    promised is accuracy 1, delivered the accuracy of the claim as a report of the signal; who
    withholds promises nothing. Harm is what each of those who believe a lie takes too little, or
    too much, for it, in points. And its harvest: cooperation 1 at or below an equal part of what
    the stock that there is could bear, 0 at the largest claim, linear in between; harm is what the
    units above that would have grown to, in points for each who shares them. Below `standard` an
    act without a promise is a breach: 1/2 is low enough for honest errors.

    Source: fishers who share, hide and falsify what they find: Palmer (1990), Human Organization
    49; Evans & Weninger (2014), Environmental and Resource Economics 58; taking less the less is
    known: FAO (1996), Precautionary Approach to Capture Fisheries; misreports that spoil what is
    known of a stock: Patterson (1998), ICES Journal of Marine Science 55; the commons: Ostrom,
    Gardner & Walker (1994), Rules, Games, and Common-Pool Resources.

    >>> from posalign_sim import Scenario, simulate
    >>> from posalign_sim.agents import Sharer
    >>> game = SharedStock(deviation=0, variability=0, initial_stock=100)
    >>> made = Scenario(game, [Sharer()] * 5, rounds=12, metrics=())
    >>> simulate(made, 1, mode="interpreted").points[0].tolist()  # half of 100 in each round
    [120.0, 120.0, 120.0, 120.0, 120.0]
    """

    interactions_per_agent = 2
    sight = StockSight
    customary: ClassVar = {"player": ("conditional_sharer",) * 3 + ("liar",)}
    customary_rounds = 30

    deviation: float = param(10, 0, 40, "ticks", "standard deviation of a signal's error")
    tolerance: float = param(20, 1, 1000, "ticks", "error from which a claim is worth nothing")
    caution: float = param(1, 0, 5, "standard errors", "by which seats stay below their estimate")
    tending: float = param(1, 0, 1, "share", "of growth that depends on knowledge of the stock")
    capacity: float = param(100, 1, 500, "units", "the most that the stock can be")
    initial_stock: float = param(60, 0, 500, "units", "least at the beginning, or the capacity")
    growth: float = param(2, 1, 100, "factor", "by which a small stock that is known grows")
    growth_form: float = param(0, 0, 1, "", "0: by the factor up to capacity; 1: logistic")
    variability: float = param(0.1, 0, 1, "share", "by which growth may be more or less")
    collapse: float = param(5, 0, 500, "units", "what remains below it dies out")
    tick: float = param(1, 1, 100, "units", "step of signals and claims")
    price: float = param(1, 0, 100, "points", "what one unit earns")
    limit_told: float = param(0, 0, 1, "", "1: seats are told the limit and fair share of that")
    standard: float = param(0.5, 0, 1, "cooperation", "below it an act is a breach")
    # by place: its stock; by host: how many share it, which place is theirs, ticks that they want
    stock: Floats = per_agent()
    circle: Ints = per_agent(np.int32)
    pond: Ints = per_agent(np.uint32)
    wanted: Ints = per_agent(np.int64)
    caught: Floats = per_agent()
    ecology: Floats = per_agent(outcome=True, unit="share of the capacity")

    harvest_amount: Any

    harvest = Decision(
        "play",
        ("take",),
        arguments=(Argument("amount", 0, TICKS, unit="ticks"),),
        kept="take",
        broken="take",
        summary="How many ticks to take from the common stock?",
    )

    @staticmethod
    def begin(w: World, own: SharedStock) -> None:
        w.standard = own.standard
        p = w.sight
        p.capacity = own.capacity
        p.growth = own.growth
        p.growth_form = LOGISTIC if own.growth_form > 0 else DOUBLING
        p.collapse = own.collapse
        p.tick = own.tick
        p.price = own.price
        p.tolerance = own.tolerance
        p.slant = -1

    @staticmethod
    def meet(w: World, own: SharedStock) -> None:
        if w.clock == 0:
            least = min(own.initial_stock, own.capacity)
            for place in range(w.agents):
                own.stock[place] = least + (own.capacity - least) * draw_world(w, own, place)
        find_places(w, own)
        for i in seats(w):
            if plays(w, own, i):
                find_out(w, own, i, there(w, own, i) / own.tick, face(w, i), ERROR)
                w.sight.own_claim[i] = -1
                weigh(w, own, i)
                state_bluff(w, own, i)

    @staticmethod
    def who_inform(w: World, own: SharedStock, i: int) -> bool:
        return plays(w, own, i)

    @staticmethod
    def after_inform(w: World, own: SharedStock) -> None:
        hear_claims(w, own)
        for i in seats(w):
            if own.inform[i] >= 0:
                w.sight.own_claim[i] = -1 if own.inform[i] == WITHHOLD else claim(w, own, i)
                weigh(w, own, i)
                state_grab(w, own, i)

    @staticmethod
    def who_harvest(w: World, own: SharedStock, i: int) -> bool:
        return plays(w, own, i)

    @staticmethod
    def bounds_harvest(w: World, own: SharedStock, i: int, k: int) -> tuple[int, int]:
        return 0, largest(own)

    @staticmethod
    def default_harvest(w: World, own: SharedStock, i: int) -> tuple[int, int]:
        return TAKE, fair_ticks(w, own, i, w.sight.stock[i])

    @staticmethod
    def kept_harvest(w: World, own: SharedStock, i: int) -> tuple[int, int]:
        # No more than the seat can be sure of, and no more than what that would be if it knew.
        return TAKE, fair_ticks(w, own, i, min(w.sight.stock[i], there(w, own, i)))

    @staticmethod
    def broken_harvest(w: World, own: SharedStock, i: int) -> tuple[int, int]:
        return TAKE, largest(own)

    @staticmethod
    def play(w: World, own: SharedStock) -> None:
        # Not before: whoever is told of acts would know of a lie before it can work.
        for i in seats(w):
            own.wanted[i] = 0
            own.caught[i] = 0.0
            if own.inform[i] >= 0:
                record_report(w, own, i)
        for i in seats(w):
            if own.harvest[i] == TAKE:
                own.wanted[w.host[i]] += own.harvest_amount[i]
        for i in seats(w):
            if own.harvest[i] == TAKE:
                land(w, own, i)
        for i in seats(w):
            if w.host[i] == i and plays(w, own, i):
                look_back(w, own, i)
                regrow(w, own, i)
        for i in seats(w):
            own.ecology[i] = there(w, own, i) / own.capacity


__all__ = ["SharedStock", "StockSight"]
