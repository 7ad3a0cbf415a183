"""The event log: decisions, interactions, findings, postings and changes of strain, with a digest.

A world keeps a log only if it was laid out with one; otherwise these functions are empty and
cost nothing. The digest is how "the same run" is tested. Within a phase it adds up the hashes of
the events, with agents named by birth keys, so that it does not depend on the order in which
seats are numbered; from phase to phase it is chained, so that it does depend on what came when.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.compiler import variant
from posalign_sim.world.draws import bits, mix, wrapping_add
from posalign_sim.world.fields import record
from posalign_sim.world.record import GROUP, World, face, holder

DECISION = 1
INTERACTION = 2
FINDING = 3
POSTING = 4
ARGUMENT = 5
STRAIN = 6

#: Kinds by code, for tables.
KINDS = {
    DECISION: "decision",
    INTERACTION: "interaction",
    FINDING: "finding",
    POSTING: "posting",
    ARGUMENT: "argument",
    STRAIN: "strain",
}

#: One event: what kind, when, where in the round, between whom, and two numbers.
#: A decision's `first` is the seat's own choice and `second` the executed one; an interaction's
#: are cooperation and harm; a finding's are breach and certainty; a posting's are minor units
#: (from an identity to itself: out of escrow, or into it if negative); an argument, which follows
#: its decision, has its number as target and its value; a strain's are what the seat was and is.
EVENT = record(
    [
        ("clock", np.int64),
        ("kind", np.int32),
        ("actor", np.int32),
        ("target", np.int64),
        ("place", np.uint64),
        ("first", np.float64),
        ("second", np.float64),
    ]
)


def decision_event(w: World, place: int, seat: int, chosen: int, executed: int) -> None:
    """Log a decision: which (`place` is its key), who, the own choice and the executed one."""


def argument_event(w: World, place: int, seat: int, number: int, value: int) -> None:
    """Log an argument of the decision that was logged last."""


def interaction_event(w: World, actor: int, target: int, cooperation: float, harm: float) -> None:
    """Log what one identity did to another."""


def finding_event(w: World, accused: int, victim: int, breach: int, certainty: float) -> None:
    """Log what was established."""


def post_event(w: World, payer: int, payee: int, amount: int) -> None:
    """Log a movement of money."""


def strain_event(w: World, seat: int, before: int, after: int) -> None:
    """Log what a seat turned into: the numbers of both strains."""


def close_digest(w: World) -> None:
    """End a phase: chain what happened in it onto the digest."""


def _log(
    w: Any, kind: int, place: int, actor: int, target: int, first: float, second: float
) -> None:
    k = w.event_count
    if k < len(w.events):
        event = w.events[k]
        event.clock = w.clock
        event.kind = kind
        event.place = place
        event.actor = actor
        event.target = target
        event.first = first
        event.second = second
    w.event_count = k + 1
    h = mix(_named(w, actor), _named(w, target) + kind)
    h = mix(h, place)
    h = mix(h, w.clock)
    h = mix(h, bits(first))
    h = mix(h, bits(second))
    w.digest_open = wrapping_add(w.digest_open, h)


def _named(w: World, code: int) -> Any:
    """An identity by its holder's birth key, a public account or everybody by its code."""
    if code == GROUP:
        return np.uint64(GROUP)
    if code >= 0:
        return w.birth[holder(w, code)]
    return np.uint64(-code)


@variant(decision_event, "logged")
def _decision_event(w: World, place: int, seat: int, chosen: int, executed: int) -> None:
    _log(w, DECISION, place, face(w, seat), -1, float(chosen), float(executed))


@variant(argument_event, "logged")
def _argument_event(w: World, place: int, seat: int, number: int, value: int) -> None:
    _log(w, ARGUMENT, place, face(w, seat), -2 - number, float(value), 0.0)


@variant(interaction_event, "logged")
def _interaction_event(w: World, actor: int, target: int, cooperation: float, harm: float) -> None:
    _log(w, INTERACTION, 0, actor, target, cooperation, harm)


@variant(finding_event, "logged")
def _finding_event(w: World, accused: int, victim: int, breach: int, certainty: float) -> None:
    _log(w, FINDING, 0, accused, victim, 1.0 if breach else 0.0, certainty)


@variant(post_event, "logged")
def _post_event(w: World, payer: int, payee: int, amount: int) -> None:
    if amount != 0:
        _log(w, POSTING, 0, payer, payee, float(amount), 0.0)


@variant(strain_event, "logged")
def _strain_event(w: World, seat: int, before: int, after: int) -> None:
    _log(w, STRAIN, 0, face(w, seat), -1, float(before), float(after))


@variant(close_digest, "logged")
def _close_digest(w: Any) -> None:
    if w.digest_open != 0:
        w.digest = mix(w.digest, w.digest_open)
        w.digest_open = np.uint64(0)
