"""What institutions that hear disputes share: who has reason to complain, and what is awarded.

A case is known by the seat that complains: each seat complains at most once in a round, of what
harmed it most. Several may complain of one act that touched them all, but an act is tried once:
the lot decides whose case is heard.
"""

from __future__ import annotations

from typing import Any

from posalign_sim.world.accounts import jurisdiction_of, minor, post, release, treasury
from posalign_sim.world.compiler import rare, variant
from posalign_sim.world.conduct import breached, governed, penalise, touched
from posalign_sim.world.draws import bits, draw, mix, unit
from posalign_sim.world.record import NOBODY, World, face, holder, seats

DROP, FILE = 0, 1
NO_CASE = -1
#: Points by which a gain may fall short of its price: less is rounding.
NEGLIGIBLE = 1e-9


def note_grievance(w: World, own: Any, x: Any) -> None:
    """Whoever an act touches that can be a breach keeps it in mind, if nothing weighs more."""
    if not (x.pledged or w.standard > 0) or not governed(w, own, x.actor):
        return
    case = int(w.interaction_count) - 1
    k = 0
    while True:
        j = touched(w, x, k)
        if j == NOBODY:
            return
        if own.case[j] == NO_CASE or weighs_more(w, own, j, x, w.interactions[own.case[j]]):
            own.case[j] = case
        k += 1


@variant(note_grievance, "once")
def _note_only_grievance(w: World, own: Any, x: Any) -> None:
    if (x.pledged or w.standard > 0) and governed(w, own, x.actor):
        own.case[holder(w, x.target)] = int(w.interaction_count) - 1


@rare
def weighs_more(w: World, own: Any, j: int, x: Any, other: Any) -> bool:
    """Whether seat `j` complains of act `x`, rather than of `other`: the lot decides if equal.

    Each seat draws a lot of its own, so that not all complain of the same one of several cheats.
    """
    if x.harm != other.harm:
        return x.harm > other.harm
    return lot(w, own, j, x.actor) > lot(w, own, j, other.actor)


def lot(w: World, own: Any, j: int, actor: int) -> float:
    """A lot that seat `j` draws about who acted."""
    return unit(mix(bits(draw(w, own, face(w, j), 3)), bits(draw(w, own, actor, 1))))


def may_file(w: World, own: Any, i: int) -> bool:
    """Whether something was done to seat `i` that nobody has answered for yet."""
    return own.case[i] != NO_CASE and w.interactions[own.case[i]].judged == 0


def choose_leads(w: World, own: Any) -> bool:
    """Whose complaint about each act is heard: the lot decides among those who filed about it.

    Returns:
        Whether anybody filed.
    """
    filed = False
    for i in seats(w):
        if own.file[i] == FILE:
            own.lead[own.case[i]] = NO_CASE
            filed = True
    if not filed:
        return False
    for i in seats(w):
        if own.file[i] == FILE:
            first = own.lead[own.case[i]]
            if first == NO_CASE or draw(w, own, face(w, i), 4) > draw(w, own, face(w, first), 4):
                own.lead[own.case[i]] = i
    return True


@variant(choose_leads, "dyadic")
def _all_who_filed(w: World, own: Any) -> bool:
    # An act that touches one seat has nobody else to complain of it.
    filed = False
    for i in seats(w):
        if own.file[i] == FILE:
            filed = True
    return filed


def leads(own: Any, i: int) -> bool:
    """Whether seat `i` filed, and its case is the one that is heard."""
    return own.file[i] == FILE and own.lead[own.case[i]] == i


@variant(leads, "dyadic")
def _leads_alone(own: Any, i: int) -> bool:
    return own.file[i] == FILE


def award(own: Any, x: Any) -> float:
    """Points that who complains gets on a finding, besides its fee."""
    return own.refund * x.paid + own.damages


def enforce(w: World, own: Any, accused: int, victim: int, x: Any) -> None:
    """The accused makes good what it was found to have done, and pays for the trouble."""
    penalise(w, accused, victim, award(own, x) + own.shifting * own.fee)
    penalise(w, accused, treasury(own), own.fine)


def wrong(w: World, x: Any, accused: int, found: bool) -> bool:
    """Whether a judgement is wrong: of the act, or of who answers for it."""
    guilty = breached(w, x) and accused == x.actor
    return guilty != found


def tell_findings(w: World, own: Any, if_breach: float, if_kept: float, cost: float) -> None:
    """Announce how likely acts lead to findings, and what these cost the accused."""
    p = w.sight
    at = jurisdiction_of(own)
    p.found_if_breach[at] = 1 - (1 - p.found_if_breach[at]) * (1 - if_breach)
    p.found_if_kept[at] = 1 - (1 - p.found_if_kept[at]) * (1 - if_kept)
    p.loss_if_breach[at] += if_breach * cost
    p.loss_if_kept[at] += if_kept * cost


def share_out(w: World, payer: int, points: float, payees: Any, count: int) -> None:
    """Pay held points to several seats alike, to the last minor unit (the first get the rest).

    Args:
        w: the world.
        payer: identity whose points are held.
        points: how much.
        payees: `[count]` seats.
        count: how many they are.
    """
    release(w, payer, points)
    total = minor(points)
    part = total // count
    for k in range(count):
        more = 1 if k < total - part * count else 0
        post(w, payer, face(w, payees[k]), part + more)
