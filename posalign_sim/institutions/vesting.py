"""Vesting: part of every gain is paid later, and only if the relation still stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.incomes import gain_of, open_books
from posalign_sim.world.accounts import COST, MINOR, hold_units, pay, settle_units, treasury
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, find, governed
from posalign_sim.world.draws import draw, either
from posalign_sim.world.fields import Floats, Ints, param, per_agent, per_identity, scalar, table
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import GROUP, World, acts, face, facing, holder, others, seats

#: The longest time that a gain can be withheld, in rounds.
LONGEST = 16
#: Who is paid what is forfeited.
PARTNER, PURSE = 0, 1


class Vesting(Institution):
    """A share of each round's gain is put into escrow, and paid out if the relation still stands.

    When accounts are settled, the share `share` of what a seat has gained in the round (escrow
    included, before what institutions after it in the stack do as they settle) is withheld, for
    `cliff` rounds, in the name of the partner whom it faced. It stays the seat's own, out of
    reach. After `cliff` rounds it is paid out if the relation stands: the seat faces the same
    partner identity (with `lasting` 0 this does not matter, as where partners change by lot).

    A breach towards that partner, or towards a group in which both sit, that is found by an
    arbiter before it in the stack, or proves itself with probability `evident`, forfeits at once
    all that is withheld in that partner's name; what is earned in the same round is withheld anew.
    What is forfeited, also by a relation that does not stand, goes to the partner (`payee` 0) or
    to the treasury (1).

    Everything is paid out in the last round, where it is known which that is; when the institution
    is withdrawn; to who gives up its identity; and to whom a partner leaves by giving up its own.
    If the game ends by chance, what is withheld is its seat's own.

    Reports, per seat: points paid out, and points forfeited.

    Tells: each seat, what a breach towards whom it faces is expected to forfeit. Costs: `fee` a
    seat and round, burnt.

    Source: Lazear (1979), Journal of Political Economy 87; Becker & Stigler (1974), Journal of
    Legal Studies 3 (pay withheld as a bond); Jensen & Murphy (1990), Journal of Political Economy
    98. Answers: section 5.3 of Laukkonen et al. (2026), long-termism.

    >>> Vesting(cliff=5).values["cliff"].item()
    5.0
    """

    needs = ("interactions", "breach")

    share: float = param(0.5, 0, 1, "share of a gain", "that is withheld")
    cliff: float = param(3, 1, LONGEST, "rounds", "for which it is")
    evident: float = param(0.5, 0, 1, "probability", "that a breach proves itself")
    lasting: float = param(1, 0, 1, "0 or 1", "1: paid only to who still faces the same partner")
    payee: float = param(0, 0, 1, "0 or 1", "what is forfeited goes to 0: partner, 1: treasury")
    fee: float = param(0.01, 0, 1e6, "points per seat and round", "burnt")
    # A ring of rounds. It outlives identities (the first axis is not theirs): see `forget`.
    withheld: Ints = table(np.int64, LONGEST, "identities")
    towards: Ints = table(np.uint32, LONGEST, "identities")
    mark: Ints = per_identity(np.int64)
    income: Ints = per_identity(np.int64)
    likely: float = scalar()
    mistaken: float = scalar()
    vested: Floats = per_agent(outcome=True, unit="points")
    forfeited: Floats = per_agent(outcome=True, unit="points")

    @staticmethod
    def announce(w: World, own: Vesting) -> None:
        p = w.sight
        own.likely = either(p.found_if_breach[own.place], own.evident)
        own.mistaken = p.found_if_kept[own.place]

    @staticmethod
    def publish(w: World, own: Vesting) -> None:
        open_books(w, own)

    @staticmethod
    def agree(w: World, own: Vesting) -> None:
        more = max(0.0, own.likely - own.mistaken)
        for i in seats(w):
            m = face(w, i)
            if not governed(w, own, m):
                continue
            victim = GROUP if others(w, i) > 1 else face(w, facing(w, i))
            w.sight.unvested[i] = more * at_stake(own, m, victim) / MINOR
            pay(w, m, COST, own.fee)

    @staticmethod
    def redress(w: World, own: Vesting) -> None:
        for k in range(w.finding_count):
            case = w.findings[k]
            if case.breach:
                accused = answers(w, own, case.accused)
                forfeit(w, own, accused, claimant(accused, case.accused, case.victim))
        for k in acts(w):
            x = w.interactions[k]
            if x.judged == 0 and breached(w, x) and draw(w, own, x.actor, 0) < own.evident:
                accused = answers(w, own, x.actor)
                victim = claimant(accused, x.actor, x.target)
                if at_stake(own, accused, victim) > 0:
                    find(w, accused, x.target, True, 1.0, k)
                    forfeit(w, own, accused, victim)

    @staticmethod
    def settle(w: World, own: Vesting) -> None:
        for i in seats(w):
            own.income[face(w, i)] = gain_of(w, own, face(w, i))
        now = int(w.clock) % int(own.cliff)
        last = w.clock + 1 >= w.rounds
        for i in seats(w):
            m = face(w, i)
            if not governed(w, own, m):
                continue
            fall_due(w, own, i, now)
            gain = own.income[m]
            if facing(w, i) != i and gain > 0 and not last:
                amount = int(np.floor(own.share * gain))
                hold_units(w, m, amount)
                own.withheld[now, m] = amount
                own.towards[now, m] = face(w, facing(w, i))
            if last:
                own.vested[i] += at_stake(own, m, GROUP) / MINOR
                give_back(w, own, m)

    @staticmethod
    def withdraw(w: World, own: Vesting) -> None:
        for m in range(w.identities):
            give_back(w, own, m)
        for i in seats(w):
            if governed(w, own, face(w, i)):
                w.sight.unvested[i] = 0.0

    @staticmethod
    def forget(w: World, own: Vesting, m: int) -> None:
        give_back(w, own, m)
        for other in range(w.identities):
            for k in range(LONGEST):
                if own.withheld[k, other] > 0 and own.towards[k, other] == m:
                    settle_units(w, other, other, own.withheld[k, other])
                    own.withheld[k, other] = 0


@rare
def at_stake(own: Any, m: int, victim: int) -> int:
    """Minor units that identity `m` would forfeit by a breach towards a victim, or a group."""
    total = 0
    for k in range(LONGEST):
        if victim == GROUP or own.towards[k, m] == victim:
            total += own.withheld[k, m]
    return total


def claimant(accused: int, actor: int, victim: int) -> int:
    """In whose name a breach forfeits; everybody's, where a placebo holds another to account."""
    return victim if accused == actor else GROUP


@rare
def forfeit(w: World, own: Any, m: int, victim: int) -> None:
    """Identity `m` has broken its word: what is withheld from it for that partner is lost."""
    for k in range(LONGEST):
        amount = own.withheld[k, m]
        if amount > 0 and (victim == GROUP or own.towards[k, m] == victim):
            lose(w, own, m, k)
            w.sight.sanction[holder(w, m)] += amount / MINOR


def lose(w: World, own: Any, m: int, k: int) -> None:
    """Pay out what identity `m` has lost of one round's gain."""
    amount = own.withheld[k, m]
    payee = int(own.towards[k, m]) if own.payee == PARTNER else treasury(own)
    settle_units(w, m, payee, amount)
    own.withheld[k, m] = 0
    own.forfeited[holder(w, m)] += amount / MINOR


@rare
def fall_due(w: World, own: Any, i: int, now: int) -> None:
    """Pay seat `i` what was withheld so long ago, if the relation still stands."""
    m = face(w, i)
    amount = own.withheld[now, m]
    if amount == 0:
        return
    same = facing(w, i) != i and face(w, facing(w, i)) == own.towards[now, m]
    if own.lasting == 1 and not same:
        lose(w, own, m, now)
        return
    settle_units(w, m, m, amount)
    own.withheld[now, m] = 0
    own.vested[i] += amount / MINOR


@rare
def give_back(w: World, own: Any, m: int) -> None:
    """Pay identity `m` all that is withheld from it."""
    for k in range(LONGEST):
        if own.withheld[k, m] > 0:
            settle_units(w, m, m, own.withheld[k, m])
            own.withheld[k, m] = 0
