"""What the rules of a bargain are made of.

Most of it is marked rare, so that it is compiled once: it is long, and called in many places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posalign_sim.envs.bargaining_sight import ACCEPT, FIXED, LEAVE, RANDOM, BargainingSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.draws import draw
from posalign_sim.world.faults import BAD_INDEX, raise_fault
from posalign_sim.world.fields import Ints
from posalign_sim.world.record import World, face, facing, seats

if TYPE_CHECKING:
    from posalign_sim.envs.bargaining import Bargaining

#: Places of draws that a table makes in one pass.
RECOGNISED, BROKEN, DRAWS = 0, 1, 2
#: Points that make no difference: rounding.
TINY = 1e-9
#: Share of the pie by which demands may exceed it: rounding.
_ROUNDING = 1e-9


def first_of(value: float, otherwise: float) -> float:
    """What was given, or else what holds for all."""
    return otherwise if np.isnan(value) else value


@rare
def count_parties(w: World, own: Bargaining, i: int) -> int:
    """How many sit at the table of seat `i`; more than the game has parties is a fault."""
    n = 1
    j = facing(w, i)
    while j != i:
        n += 1
        if n > len(own.disagreement):
            raise_fault(w, BAD_INDEX)
            return 0
        j = facing(w, j)
    return n


@rare
def sit_down(w: World, own: Bargaining, i: int, n: int) -> None:
    """Tell a seat who it is in this bargain of `n`, and that nothing has been said yet."""
    p = w.sight
    c = int(w.chair[i])
    if p.party[i] != c:
        p.party[i] = c
        for k in range(own.scores.shape[1]):
            for o in range(own.scores.shape[2]):
                p.points[i, k, o] = own.scores[c, k, o]
        tell_extremes(p, i)
    quota = int(own.quota)
    p.parties[i] = n
    p.needed[i] = n if quota == 0 else min(n, quota)
    p.reserve[i] = own.disagreement[c]
    p.discount[i] = own.discounts[c]
    p.own_worth[i] = 0.0
    p.other_worth[i] = 0.0
    p.others_offers[i] = 0
    p.conceded[i] = 0.0
    p.accepts[i] = 0
    p.deal[i] = 0
    p.bidder[i] = face(w, i)
    for k in range(own.scores.shape[1]):
        p.own_terms[i, k] = -1
        p.other_terms[i, k] = -1
    for d in range(len(own.disagreement)):
        p.claims[i, d] = -1
        p.pledges[i, d] = 0
    # Its own account of its incentives: an even split of the best surplus is what to hope for.
    share = max(0.0, own.joint[n - 1] - own.nothing[n - 1]) / n
    exposed = 1.0 if own.binding == 0 else 0.0
    p.temptation[i] = exposed * own.breach_gain
    p.exposure[i] = exposed * own.breach_gain
    p.at_stake[i] = exposed * own.breach_harm * (n - 1)
    p.fallback[i] = own.disagreement[c]
    p.rent[i] = own.disagreement[c] + share
    p.hope[i] = share
    p.risk[i] = share - exposed * own.breach_harm * (n - 1)


@rare
def tell_extremes(p: BargainingSight, i: int) -> None:
    """Tell a seat which options it likes best, and by how much: it asks for them in every pass."""
    p.ideal[i] = 0.0
    for k in range(p.points.shape[1]):
        best = 0
        worst = 0
        for o in range(1, p.options_of[k]):
            if p.points[i, k, o] > p.points[i, k, best] + TINY:
                best = o
            if p.points[i, k, o] < p.points[i, k, worst]:
                worst = o
        p.best[i, k] = best
        p.spread[i, k] = p.points[i, k, best] - p.points[i, k, worst]
        p.ideal[i] += p.points[i, k, best]


@rare
def open_pass(w: World, own: Bargaining) -> None:
    """Begin a pass: earlier offers are dead; say who proposes."""
    p = w.sight
    p.step = own.step
    p.steps_left = max(0, int(own.deadline) - int(own.step) - 1)
    for i in seats(w):
        if own.live[i] == 0:
            continue
        n = int(own.here[i])
        if own.protocol == RANDOM:
            luck = draw(w, own, face(w, int(w.host[i])), DRAWS * own.step + RECOGNISED)
            turn = min(n - 1, int(luck * n))
        elif own.protocol == FIXED:
            turn = 0
        else:
            turn = int(own.step) % n
        mine = 1 if own.simultaneous == 1 or int(w.chair[i]) == turn else 0
        own.proposing[i] = mine
        p.my_turn[i] = mine
        p.offered[i] = 0.0
        for k in range(own.scores.shape[1]):
            p.terms[i, k] = -1


@rare
def value(own: Bargaining, c: int, terms: Ints) -> float:
    """Points of party `c` for terms, undiscounted."""
    total = 0.0
    for k in range(own.scores.shape[1]):
        total += own.scores[c, k, terms[k]]
    return total


@rare
def put_forward(w: World, own: Bargaining, i: int) -> None:
    """Seat `i` lays its terms on the table; everybody there sees what they are worth to it."""
    p = w.sight
    terms = own.offer_terms[i]
    own.worth[i] = value(own, int(w.chair[i]), terms)
    p.own_worth[i] = own.worth[i]
    p.offered[i] = own.worth[i]
    for k in range(own.scores.shape[1]):
        p.own_terms[i, k] = terms[k]
        p.terms[i, k] = terms[k]
    j = facing(w, i)
    while j != i:
        worth = value(own, int(w.chair[j]), terms)
        # Among simultaneous demands each counts for its own party alone.
        if own.simultaneous == 0:
            own.worth[j] = worth
            p.offered[j] = worth
            p.bidder[j] = face(w, i)
        if p.others_offers[j] > 0:
            p.conceded[j] += worth - p.other_worth[j]
        p.others_offers[j] += 1
        p.other_worth[j] = worth
        for k in range(own.scores.shape[1]):
            p.other_terms[j, k] = terms[k]
            if own.simultaneous == 0:
                p.terms[j, k] = terms[k]
        j = facing(w, j)


@rare
def affordable(w: World, own: Bargaining, i: int) -> bool:
    """Whether all that is demanded at the table of seat `i` is there."""
    demanded = own.worth[i]
    j = facing(w, i)
    while j != i:
        demanded += own.worth[j]
        j = facing(w, j)
    return demanded <= own.pie * (1 + _ROUNDING)


@rare
def accepted(w: World, own: Bargaining, i: int) -> bool:
    """Whether enough parties at the table of seat `i` accept the offer, vetoes included."""
    p = w.sight
    count = 0
    vetoed = False
    j = i
    for _ in range(own.here[i]):
        if own.proposing[j] == 1 or own.respond[j] == ACCEPT:
            count += 1
        elif own.veto[int(w.chair[j])] == 1:
            vetoed = True
        j = facing(w, j)
    for _ in range(own.here[i]):
        p.accepts[j] = count
        j = facing(w, j)
    return count >= p.needed[i] and not vetoed


@rare
def left(w: World, own: Bargaining, i: int) -> bool:
    """Whether somebody at the table of seat `i` leaves upon the offer."""
    if own.simultaneous == 1:
        return False
    j = i
    for _ in range(own.here[i]):
        if own.proposing[j] == 0 and own.respond[j] == LEAVE:
            return True
        j = facing(w, j)
    return False


@rare
def finish(w: World, own: Bargaining, i: int, agreed: int) -> None:
    """The bargain at the table of seat `i` is over, with a deal or without."""
    p = w.sight
    j = i
    for _ in range(own.here[i]):
        own.live[j] = 0
        own.proposing[j] = 0
        own.agreed[j] = agreed
        own.ended[j] = own.step
        p.my_turn[j] = 0
        p.deal[j] = agreed
        if agreed == 1:
            p.rent[j] = outcome(w, own, j)
        j = facing(w, j)


@rare
def conclude(w: World, own: Bargaining) -> None:
    """Tables that have come to terms before the first pass (`deal` is 1) have their deal."""
    p = w.sight
    for i in seats(w):
        if own.live[i] == 0 or p.deal[i] == 0:
            continue
        j = i
        for _ in range(own.here[i]):
            own.worth[j] = value(own, int(w.chair[j]), p.terms[j])
            j = facing(w, j)
        finish(w, own, i, 1)


@rare
def outcome(w: World, own: Bargaining, i: int) -> float:
    """Discounted points of seat `i` from its bargain, if the deal is kept."""
    nothing = own.disagreement[int(w.chair[i])]
    return own.factor[i] * (own.worth[i] if own.agreed[i] == 1 else nothing)


@rare
def left_to_others(w: World, own: Bargaining, i: int) -> float:
    """What seat `i` left the others of the best joint surplus, as a share of their even part."""
    n = int(own.here[i])
    surplus = own.joint[n - 1] - own.nothing[n - 1]
    if own.agreed[i] == 0 or surplus <= 0:
        return 0.0
    gained = 0.0
    j = facing(w, i)
    while j != i:
        gained += outcome(w, own, j) - own.disagreement[int(w.chair[j])]
        j = facing(w, j)
    return min(1.0, max(0.0, gained * n / (surplus * (n - 1))))
