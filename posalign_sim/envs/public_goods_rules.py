"""Who is in which group of a public good, what it makes for whom, and what counts as fair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posalign_sim.world.compiler import variant
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.record import GROUP, World, face, met, seats

if TYPE_CHECKING:
    from posalign_sim.envs.public_goods import PublicGoods

CONTRIBUTE, WITHHOLD = 0, 1
#: A whole contribution is so many ticks.
TICKS = 20
#: Less than any difference between two totals of ticks.
_HAIR = 1e-9


def least(own: PublicGoods) -> int:
    """Ticks of the least contribution."""
    return TICKS if own.indivisible > 0 else 1


def groups(w: World, i: int) -> int:
    """How many groups seat `i` belongs to: its table; on a network, its own and its neighbours'."""
    return 1


@variant(groups, "neighbourhood")
def _groups_around(w: World, i: int) -> int:
    return int(w.degree[i]) + 1


def group(w: World, i: int, k: int) -> int:
    """The seat at which group number `k` of seat `i` is kept; the first is that around itself."""
    return w.host[i]


@variant(group, "neighbourhood")
def _group_around(w: World, i: int, k: int) -> int:
    return i if k == 0 else int(met(w, i, k - 1))


def fair_ticks(own: PublicGoods, n: int) -> int:
    """Ticks that are asked of each of `n`."""
    if own.threshold <= 0 or own.factor >= 1 or own.indivisible > 0 or n < 1:
        return TICKS
    return max(1, min(TICKS, int(np.ceil(own.threshold * TICKS / n - _HAIR))))


def worth(own: PublicGoods, given: int, total: int, n: int) -> float:
    """Expected points of one of `n` who gives so many ticks of the group's total."""
    spent = own.asked * own.endowment * given / TICKS
    if total >= own.threshold * TICKS - _HAIR:
        back = own.factor * own.asked * own.endowment * total / TICKS / n
        return own.endowment - spent + back + own.benefit
    spent *= 1 - own.refund
    return (1 - own.risk) * (own.endowment - spent) - own.risk * own.sunk * spent


def tell(w: World, own: PublicGoods, i: int, n: int) -> None:
    """What is asked of seat `i`, and its incentives, in a group of `n`; all 0 if it is alone."""
    p = w.sight
    some = 1.0 if n > 1 else 0.0
    n = max(1, n)
    fair = fair_ticks(own, n) if n > 1 else 0
    own.fair[i] = fair
    p.fair[i] = fair
    # What withholding gains most: if the others give just what is asked, or more than enough.
    free = worth(own, 0, (n - 1) * fair, n) - worth(own, fair, n * fair, n)
    ample = (n - 1) * TICKS
    p.temptation[i] = max(free, worth(own, 0, ample, n) - worth(own, fair, ample + fair, n))
    p.exposure[i] = p.temptation[i]
    p.rent[i] = some * worth(own, fair, n * fair, n)
    p.fallback[i] = some * worth(own, 0, 0, n)
    p.hope[i] = p.rent[i] - p.fallback[i]
    p.risk[i] = some * worth(own, fair, fair, n) - p.fallback[i]
    p.at_stake[i] = own.asked * own.endowment * fair / TICKS


def best_mean(own: PublicGoods, n: int, table: bool) -> float:
    """The most points that a seat can have on average in a group of `n`, luck included."""
    # Who fails may be lucky and keep everything.
    best = own.endowment if own.risk < 1 or own.threshold <= 0 else 0.0
    if own.threshold <= n or not table:
        # Give as much as is worth it, but at least what is needed (a bound, on a network).
        needed = own.threshold / n if table else 0.0
        share = 1.0 if own.factor >= 1 else needed
        gain = (own.factor - 1) * own.asked * own.endowment * share
        best = max(best, own.endowment + own.benefit + gain)
    return max(best, own.endowment + own.loner) if own.optional > 0 else best


def add_up(w: World, own: PublicGoods) -> None:
    """What each group was given and lacks, and whether it fails and loses everything."""
    for i in seats(w):
        own.total[i] = 0
        own.pool[i] = 0.0
        own.missing[i] = 0
    for i in seats(w):
        given = 0
        if own.plays[i] and own.contribute[i] == CONTRIBUTE:
            given = int(own.contribute_amount[i])
            # A slip may find no amount that is one.
            if not least(own) <= given <= TICKS:
                given = TICKS
        own.given_ticks[i] = given
        if not own.inside[i]:
            continue
        for k in range(groups(w, i)):
            g = group(w, i, k)
            own.total[g] += given
            own.pool[g] += given / groups(w, i)
            own.missing[g] += max(0, int(own.fair[i]) - given)
    for g in seats(w):
        own.struck[g] = 0
        if own.members[g] > 1 and own.total[g] < own.threshold * TICKS - _HAIR:
            own.struck[g] = 1 if draw(w, own, face(w, g), 0) < own.risk else 0


def points_of(w: World, own: PublicGoods, i: int) -> float:
    """What seat `i` has after the round: from each group, by the part that it plays there."""
    if not own.inside[i]:
        return own.endowment + own.loner
    part = 1.0 / groups(w, i)
    tick = own.asked * own.endowment / TICKS
    points = 0.0
    for k in range(groups(w, i)):
        g = group(w, i, k)
        spent = part * tick * own.given_ticks[i]
        if own.members[g] < 2:
            # Nobody to play with: as a loner, and with its contribution in hand.
            points += part * (own.endowment + own.loner)
        elif own.total[g] >= own.threshold * TICKS - _HAIR:
            back = own.factor * tick * own.pool[g] / own.members[g]
            points += part * (own.endowment + own.benefit) - spent + back
        elif own.struck[g]:
            points -= own.sunk * (1 - own.refund) * spent
        else:
            points += part * own.endowment - (1 - own.refund) * spent
    return points


def harm_of(w: World, own: PublicGoods, i: int) -> float:
    """What each other member lacks because of seat `i`, by its share in what is missing."""
    g = group(w, i, 0)
    fair = int(own.fair[i])
    n = int(own.members[g])
    short = max(0, fair - int(own.given_ticks[i]))
    if short == 0 or n < 2:
        return 0.0
    lack = worth(own, fair, n * fair, n) - worth(own, fair, int(own.total[g]), n)
    return max(0.0, lack) * short / own.missing[g] / groups(w, i)


def cooperation_of(own: PublicGoods, i: int) -> float:
    """Share of what is asked that seat `i` gave."""
    return min(1.0, own.given_ticks[i] / max(1.0, float(own.fair[i])))


def note_act(w: World, own: PublicGoods, i: int) -> None:
    """Record seat `i`'s contribution: towards all at its table, who gave so much each."""
    g = group(w, i, 0)
    tick = own.asked * own.endowment / TICKS
    others = max(1, int(own.circle[g]) - 1)
    paid = tick * (own.total[g] - own.given_ticks[i]) / others
    # Who stays out sits at the table, too, and loses nothing.
    harm = harm_of(w, own, i) * ((int(own.members[g]) - 1) / others)
    interact(w, face(w, i), GROUP, cooperation_of(own, i), 0, 0.0, 0.0, paid, harm)


@variant(note_act, "neighbourhood")
def _note_acts(w: World, own: PublicGoods, i: int) -> None:
    tick = own.asked * own.endowment / TICKS
    cooperation, harm = cooperation_of(own, i), harm_of(w, own, i)
    for k in range(w.degree[i]):
        j = met(w, i, k)
        if not own.inside[j]:
            continue
        paid = tick * own.given_ticks[j]
        interact(w, face(w, i), face(w, j), cooperation, 0, 0.0, 0.0, paid, harm)
