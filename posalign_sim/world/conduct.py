"""What seats did and what was established: how games record it, how institutions answer it.

These functions, and those of `accounts`, are all that an institution needs to touch the world.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import MINOR, minor, pay, payable, post
from posalign_sim.world.compiler import rare, variant
from posalign_sim.world.draws import below, mix, name
from posalign_sim.world.events import finding_event, interaction_event
from posalign_sim.world.faults import BAD_NUMBER, FULL_BUFFER, raise_fault
from posalign_sim.world.modules import SHUFFLED
from posalign_sim.world.record import GROUP, NOBODY, World, face, holder, other, others

_VEIL = 0x5E1EC7ED5EA1


def witness(w: World, x: Any) -> None:
    """What is noted of an interaction the moment it is recorded; the written round says what."""


def interact(
    w: World,
    actor: int,
    target: int,
    cooperation: float,
    pledged: int,
    promised: float,
    delivered: float,
    paid: float,
    harm: float,
) -> None:
    """Record what one identity did to another in this round; see `Interaction` for the fields."""
    k = next_line(w)
    if k >= len(w.interactions):
        raise_fault(w, FULL_BUFFER)
    elif not 0 <= cooperation <= 1:
        raise_fault(w, BAD_NUMBER)
    else:
        count_line(w)
        x = w.interactions[k]
        promise(x, pledged, promised, delivered)
        price(x, paid, harm)
        x.actor = actor
        x.target = target
        x.cooperation = cooperation
        hold_to_pledge(w, x)
        interaction_event(w, actor, target, cooperation, harm)
        witness(w, x)


def next_line(w: World) -> int:
    """Where the next interaction of this round is written."""
    return w.interaction_count


@variant(next_line, "unread")
def _only_line(w: World) -> int:
    # In a crowd whose interactions nobody looks up later, writing them down would be wasted work.
    return 0


def count_line(w: World) -> None:
    """One interaction more in this round."""
    w.interaction_count += 1


@variant(count_line, "unread")
def _uncounted_line(w: World) -> None:
    pass


def promise(x: Any, pledged: int, promised: float, delivered: float) -> None:
    """The part of an interaction that matters to those who judge it."""
    x.judged = 0
    x.pledged = pledged
    x.promised = promised
    x.delivered = delivered


@variant(promise, "unjudged")
def _no_promise(x: Any, pledged: int, promised: float, delivered: float) -> None:
    pass


def hold_to_pledge(w: World, x: Any) -> None:
    """An act that the game knows no promise for is measured by what the actor has pledged."""


@variant(hold_to_pledge, "pledging")
def _hold_to_pledge(w: World, x: Any) -> None:
    level = w.pledge[x.actor]
    if x.pledged == 0 and level >= 0:
        promise(x, 1, level, x.cooperation)


def price(x: Any, paid: float, harm: float) -> None:
    """The part of an interaction that matters to those who make good what it did."""
    x.paid = paid
    x.harm = harm


@variant(price, "unpriced")
def _no_price(x: Any, paid: float, harm: float) -> None:
    pass


def breached(w: World, x: Any) -> bool:
    """Whether an interaction broke its promise or, where none was made, the game's standard."""
    if x.pledged:
        return x.delivered < x.promised
    return x.cooperation < w.standard


def find(w: World, accused: int, victim: int, breach: bool, certainty: float, case: int) -> None:
    """Record what was established about interaction number `case` of this round, by no seat."""
    find_as(w, NOBODY, accused, victim, breach, certainty, case)


def find_as(
    w: World, finder: int, accused: int, victim: int, breach: bool, certainty: float, case: int
) -> None:
    """Record what identity `finder` established about interaction number `case` of this round.

    An act that was found a breach is `judged`: nobody should answer for it again.
    """
    k = w.finding_count
    if k >= len(w.findings):
        raise_fault(w, FULL_BUFFER)
        return
    finding = w.findings[k]
    finding.finder = finder
    finding.accused = accused
    finding.victim = victim
    finding.breach = breach
    finding.certainty = certainty
    finding.case = case
    if breach:
        w.interactions[case].judged = 1
    w.finding_count = k + 1
    finding_event(w, accused, victim, breach, certainty)


def answers(w: World, own: Any, identity: int) -> int:
    """Who answers for an identity's conduct under this institution.

    The identity itself; or, when the institution is `shuffled`, another one of its role, drawn
    anew each round (itself only if it is alone in its role): a placebo that keeps every cost and
    signal but breaks the tie to conduct.
    """
    if own.strength == SHUFFLED:
        return w.veil[identity]
    return identity


@variant(answers, "unveiled")
def _answers_itself(w: World, own: Any, identity: int) -> int:
    return identity


def governed(w: World, own: Any, identity: int) -> bool:
    """Whether an identity's holder is under this institution's jurisdiction."""
    return w.jurisdiction[holder(w, identity)] == own.place


@variant(governed, "one_place")
def _all_governed(w: World, own: Any, identity: int) -> bool:
    return True


def penalise(w: World, identity: int, payee: int, points: float) -> float:
    """Make an identity pay for what it is held to have done, and let its holder feel it.

    Returns:
        The points that were paid: fewer than `points` where liability is limited.
    """
    pay(w, identity, payee, points)
    w.sight.sanction[holder(w, identity)] += points
    return points


@variant(penalise, "liable")
def _penalise_as_far_as_it_answers(w: World, identity: int, payee: int, points: float) -> float:
    # First its own means down to its floor, then those of who stands in for it; the rest is lost.
    due = payable(w, points)
    own = due
    if w.least_balance[identity] > -np.inf:
        room = w.balance[identity] - minor(w.least_balance[identity])
        own = min(due, max(0, room))
    post(w, identity, payee, own)
    rest = due - own
    if rest == 0:
        w.sight.sanction[holder(w, identity)] += points
        return points
    w.sight.sanction[holder(w, identity)] += own / MINOR
    backer = w.backer[identity]
    stood_in = 0
    if backer != identity:
        stood_in = int(np.rint(rest * w.backing[identity]))
        post(w, backer, payee, stood_in)
        w.backed[identity] += stood_in
    w.unpaid[identity] += rest - stood_in
    return (own + stood_in) / MINOR


def pledge(w: World, identity: int, cooperation: float) -> None:
    """Hold an identity to a least cooperation in what it does in this round."""
    w.pledge[identity] = cooperation


def touched(w: World, x: Any, k: int) -> int:
    """The `k`-th seat that an act touches, or `NOBODY`: its target, or all at the actor's table."""
    if x.target != GROUP:
        return holder(w, x.target) if k == 0 else NOBODY
    a = holder(w, x.actor)
    return other(w, a, k) if k < others(w, a) else NOBODY


@variant(touched, "dyadic")
def _touched_one(w: World, x: Any, k: int) -> int:
    return holder(w, x.target) if k == 0 else NOBODY


@rare
def draw_veil(w: World) -> None:
    """Draw this round's permutation of the seats' identities within each role.

    Nobody keeps its own, who is not alone in its role: all cycles are equally likely (Sattolo
    1986, Information Processing Letters 22).
    """
    p = w.sight
    for role in range(w.agents):
        count = 0
        for rank in range(w.agents):
            i = w.order[rank]
            if w.role[i] == role:
                w.pool[count] = face(w, i)
                w.veil[face(w, i)] = face(w, i)
                count += 1
        if count == 0:
            break
        for k in range(count - 1, 0, -1):
            j = below(mix(p.round_key, name(mix(_VEIL, role), 0, k)), k)
            a = w.pool[k]
            b = w.pool[j]
            kept = w.veil[a]
            w.veil[a] = w.veil[b]
            w.veil[b] = kept


def drop(w: World, identity: int) -> None:
    """Give up an identity: from the next round its holder is a stranger with an empty record.

    What the identity owns stays its own; what anybody knew of it is forgotten.
    """
    w.dropped[identity] = 1
