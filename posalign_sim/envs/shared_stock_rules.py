"""What happens at a shared stock: what seats can be sure of, harvests, growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posalign_sim.envs.commons import TICKS, ration, regrown, sustainable
from posalign_sim.envs.shared_knowledge_rules import BLUFF, WITHHOLD, accurate, claim, lied
from posalign_sim.world.accounts import MINOR, NATURE, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.record import GROUP, World, face, facing

if TYPE_CHECKING:
    from posalign_sim.envs.shared_stock import SharedStock

TAKE = 0
#: Share of a tick that is rounding.
HAIR = 1e-9
#: Indices under which the game draws: a table's growth, twelve for the error of a signal.
GROWTH, ERROR = 0, 1


def plays(w: World, own: SharedStock, i: int) -> bool:
    """Whether seat `i` sits with others at a stock that is not dead."""
    return own.circle[w.host[i]] > 1 and there(w, own, i) > 0


def there(w: World, own: SharedStock, i: int) -> float:
    """The stock that seat `i` shares, which nobody sees."""
    return own.stock[own.pond[w.host[i]]]


def largest(own: SharedStock) -> int:
    """Ticks that one seat can claim at most: it does not tell what there is."""
    return int(min(float(TICKS), np.floor(own.capacity / own.tick + HAIR)))


def limit_of(own: SharedStock, stock: float) -> float:
    """Units that all can take together for good from a stock that is known."""
    return sustainable(stock, own.capacity, own.growth, own.growth_form, own.collapse)


def fair_ticks(w: World, own: SharedStock, i: int, stock: float) -> int:
    """Ticks, rounded down, of an equal part of what a stock can bear."""
    units = limit_of(own, stock) / int(own.circle[w.host[i]])
    return min(largest(own), int(np.floor(units / own.tick + HAIR)))


def weigh(w: World, own: SharedStock, i: int) -> None:
    """Tell seat `i` what it can be sure of, by its own signal and by what it was told."""
    p = w.sight
    count = 1.0 + p.told_count[i]
    mean = (p.signal[i] + p.told_count[i] * p.told_mean[i]) / count
    doubt = own.caution * own.deviation / np.sqrt(count)
    sure = min(own.capacity, own.tick * max(0.0, mean - doubt))
    limit = limit_of(own, sure)
    p.doubt[i] = doubt
    p.stock[i] = sure
    p.most[i] = largest(own)
    p.group_size[i] = own.circle[w.host[i]]
    p.limit[i] = limit if own.limit_told > 0 else -1.0
    p.fair_share[i] = limit / int(own.circle[w.host[i]]) if own.limit_told > 0 else -1.0


def state_bluff(w: World, own: SharedStock, i: int) -> None:
    """What seat `i` gains by a lie if it takes what the others leave for it; what sharing earns."""
    p = w.sight
    n = int(own.circle[w.host[i]])
    limit = limit_of(own, p.stock[i])
    misled = max(0.0, p.stock[i] - own.tick * own.tolerance * BLUFF / n)
    lost = own.price * (limit - limit_of(own, misled)) / n
    untended = 1 + (own.growth - 1) * (1 - own.tending)
    poor = sustainable(p.stock[i], own.capacity, untended, own.growth_form, own.collapse)
    p.temptation[i] = (n - 1) * lost
    p.exposure[i] = p.temptation[i]
    p.rent[i] = own.price * limit / n
    p.fallback[i] = own.price * poor / n
    p.hope[i] = p.rent[i] - p.fallback[i]
    p.risk[i] = -lost
    p.at_stake[i] = 0.0


def state_grab(w: World, own: SharedStock, i: int) -> None:
    """What seat `i` gains if it takes all that it can, and the others their parts or all, too."""
    p = w.sight
    n = int(own.circle[w.host[i]])
    stock = p.stock[i]
    fair = limit_of(own, stock) / n
    grab = max(own.tick * largest(own), fair)
    modest = fair + (n - 1) * grab
    p.temptation[i] = own.price * (grab * ration(stock, grab + (n - 1) * fair) - fair)
    p.exposure[i] = p.temptation[i]
    p.rent[i] = own.price * fair
    p.fallback[i] = 0.0
    p.hope[i] = p.rent[i]
    p.risk[i] = own.price * (fair * ration(stock, modest) - grab * ration(stock, n * grab))


def record_report(w: World, own: SharedStock, i: int) -> None:
    """What seat `i` did to its table by telling, not telling, or misleading it."""
    if own.inform[i] == WITHHOLD:
        interact(w, face(w, i), GROUP, 0.5, 0, 0.0, 0.0, 0.0, 0.0)
        return
    error = float(claim(w, own, i)) - w.sight.signal[i]
    cooperation = 0.0 if lied(w, own, i) else 1.0
    # Who shared too takes the mean of all claims; who did not, of one number more. At least two.
    shift = own.tick * error / max(2.0, float(own.claimants[w.host[i]]))
    stock = there(w, own, i)
    believed = min(own.capacity, max(0.0, stock + shift))
    harm = own.price * abs(limit_of(own, stock) - limit_of(own, believed))
    harm /= int(own.circle[w.host[i]])
    interact(w, face(w, i), GROUP, cooperation, 1, 1.0, accurate(own, error), 0.0, harm)


def land(w: World, own: SharedStock, i: int) -> None:
    """Pay seat `i` for its harvest, or for its part of too small a stock, and record it."""
    n = int(own.circle[w.host[i]])
    stock, wanted = there(w, own, i), int(own.wanted[w.host[i]])
    units = own.tick * own.harvest_amount[i]
    fair = limit_of(own, stock) / n
    grab = own.tick * largest(own)
    excess = units - fair
    cooperation = 1.0
    harm = 0.0
    if excess > HAIR:
        cooperation = max(0.0, 1.0 - excess / max(grab - fair, excess))
        harm = own.price * own.growth * excess / n
    points = own.price * units
    if own.tick * wanted > stock:
        units = stock * own.harvest_amount[i] / wanted
        points = np.floor(own.price * units * MINOR + HAIR) / MINOR
    own.caught[i] = units
    pay(w, NATURE, face(w, i), points)
    interact(w, face(w, i), GROUP, cooperation, 0, 0.0, 0.0, 0.0, harm)


def look_back(w: World, own: SharedStock, host: int) -> None:
    """Tell a table how much each and the others took, and how many of the others told."""
    p = w.sight
    others = int(own.circle[host]) - 1
    taken = min(there(w, own, host), own.tick * own.wanted[host])
    j = host
    while True:
        told = int(own.claimants[host]) - (0 if own.inform[j] == WITHHOLD else 1)
        p.own_harvest[j] = own.caught[j]
        p.others_harvest[j] = max(0.0, taken - own.caught[j]) / others
        p.shared_last[j] = told / others
        j = facing(w, j)
        if j == host:
            break


def known(w: World, own: SharedStock, host: int) -> float:
    """How well a table knows its stock: who told, and how accurate all of them are together."""
    told = int(own.claimants[host])
    if told == 0:
        return 0.0
    error = own.claims[host] / told - there(w, own, host) / own.tick
    return told * accurate(own, error) / int(own.circle[host])


def regrow(w: World, own: SharedStock, host: int) -> None:
    """What a table has left grows, as well as it is known, or dies out."""
    place = own.pond[host]
    rest = max(0.0, own.stock[place] - own.tick * own.wanted[host])
    after = 0.0
    if rest > 0 and rest >= own.collapse:
        growth = 1 + (own.growth - 1) * (1 - own.tending * (1 - known(w, own, host)))
        grown = regrown(rest, own.capacity, growth, own.growth_form)
        luck = 2 * draw(w, own, face(w, host), GROWTH) - 1
        after = min(own.capacity, rest + (grown - rest) * (1 + own.variability * luck))
    own.stock[place] = after
