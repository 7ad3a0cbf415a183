"""Reputation: a public record of who kept and who broke its word."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, breached, drop, governed
from posalign_sim.world.fields import Floats, param, per_identity
from posalign_sim.world.modules import Decision, Institution
from posalign_sim.world.record import GROUP, World, face, holder, seats

STAY, REENTER = 0, 1
#: Standing below which an identity is in bad standing.
BAD = 0.5


class Reputation(Institution):
    """A ledger keeps a standing in [0, 1] for each identity and shows it to those who look.

    A standing begins at 1. Each act that can be a breach moves it by `weight` towards 1 (kept) or
    0 (broken); each round it recovers by the share `decay` of what it lacks. A viewer sees the
    record of its partner with probability `visibility`. By `proof` the ledger writes down what
    happened (0: partners report truthfully) or only what an arbiter has found (1: a finding
    counts as broken, nothing else counts).

    What is a breach: a promise not kept; in a dilemma, which has no promises, an act below the
    game's standard (a defection), unless, by `just` (the standing rule; 0 is image scoring), its
    target was itself in bad standing (below 1/2): who shuns cheats is no cheat.

    Records belong to identities. Who pays `reentry_fee` starts anew with an empty record; by
    default nobody can.

    Tells: everyone, the standing of each identity it gets to see, and that records are kept.
    Costs: `upkeep` a seat and round, burnt; `reentry_fee`, burnt.

    Source: Nowak & Sigmund (1998), Nature 393; Sugden (1986), The Economics of Rights,
    Co-operation and Welfare (standing); Friedman & Resnick (2001), JEMS 10 (re-entry).
    Answers: table 3 of Laukkonen et al. (2026), reciprocity and reputation.

    >>> Reputation(visibility=0.5).values["visibility"].item()
    0.5
    """

    needs = ("interactions", "breach")

    weight: float = param(1.0, 0, 1, "share", "how far one act moves the standing")
    decay: float = param(0.3, 0, 1, "share per round", "how fast old breaches are forgotten")
    just: float = param(1, 0, 1, "0 or 1", "1: an act towards who is in bad standing is no breach")
    visibility: float = param(1.0, 0, 1, "probability", "that a viewer sees a record")
    proof: float = param(0, 0, 1, "0 or 1", "1: only findings count")
    upkeep: float = param(0.02, 0, 1e6, "points per seat and round", "cost of the ledger")
    reentry_fee: float = param(np.inf, 0, np.inf, "points", "price of a new identity")
    score: Floats = per_identity(initial=1)
    before: Floats = per_identity(initial=1)

    reenter = Decision(
        "meet", ("stay", "reenter"), summary="Keep this identity, or pay for a new one?"
    )

    @staticmethod
    def announce(w: World, own: Reputation) -> None:
        p = w.sight
        p.record_seen[own.place] = own.visibility
        p.reentry_fee[own.place] = min(p.reentry_fee[own.place], own.reentry_fee)

    @staticmethod
    def publish(w: World, own: Reputation) -> None:
        p = w.sight
        p.visibility[own.place] = own.visibility
        for m in range(w.identities):
            if governed(w, own, m):
                shown = answers(w, own, m)
                p.standing[shown] = own.score[m]
                p.standing_known[shown] = 1
                own.before[m] = own.score[m]

    @staticmethod
    def who_reenter(w: World, own: Reputation, i: int) -> bool:
        return own.reentry_fee < np.inf and own.score[face(w, i)] < 1

    @staticmethod
    def default_reenter(w: World, own: Reputation, i: int) -> int:
        # Worth it if the trade that the present record costs, from the next round on, is worth
        # more than the fee.
        p = w.sight
        lost = own.visibility * (1 - own.score[face(w, i)]) * (p.rent[i] - p.fallback[i])
        ahead = p.continuation / max(1e-9, 1 - p.continuation)
        rounds = min(ahead, float(p.rounds - p.clock - 1))
        return REENTER if lost * rounds > own.reentry_fee else STAY

    @staticmethod
    def after_reenter(w: World, own: Reputation) -> None:
        for i in seats(w):
            if own.reenter[i] == REENTER and governed(w, own, face(w, i)):
                pay(w, face(w, i), COST, own.reentry_fee)
                drop(w, face(w, i))
                own.score[face(w, i)] = 1.0

    @staticmethod
    def witness(w: World, own: Reputation, x: Any) -> None:
        if own.proof == 0 and (x.pledged or w.standard > 0) and governed(w, own, x.actor):
            kept = 0.0 if breached(w, x) else 1.0
            unbound = own.just == 1 and not x.pledged and x.target != GROUP
            if unbound and own.before[x.target] < BAD:
                kept = 1.0
            own.score[x.actor] += own.weight * (kept - own.score[x.actor])

    @staticmethod
    def settle(w: World, own: Reputation) -> None:
        if own.proof == 1:
            for k in range(w.finding_count):
                case = w.findings[k]
                if case.breach and governed(w, own, case.accused):
                    own.score[case.accused] -= own.weight * own.score[case.accused]
        for m in range(w.identities):
            if governed(w, own, m):
                own.score[m] += own.decay * (1 - own.score[m])
                if m == face(w, holder(w, m)):
                    pay(w, m, COST, own.upkeep)
