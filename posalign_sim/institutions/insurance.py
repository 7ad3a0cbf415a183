"""Insurance: those who may be harmed pool premiums, and whoever is harmed is made good from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.incomes import count_touched
from posalign_sim.world.accounts import (
    COST,
    MINOR,
    hold_units,
    minor,
    pay,
    post,
    settle_units,
    treasury,
)
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, governed, touched
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, per_identity, table
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import World, acts, face, others, seats


class MutualInsurance(Institution):
    """Everybody pays a premium into a common pool, from which those harmed by a breach are paid.

    Each round all who meet somebody put `premium` into the pool. Whoever is harmed by a breach is
    paid the share `cover` of its harm, less `deductible`, as far as the pool reaches: if claims
    exceed it, all are met in the same proportion. A breach that an arbiter before it in the stack
    has found is not indemnified: its victim has a remedy.

    The pool is the members' own: premiums stay with them in escrow, claims are drawn from all of
    them in proportion to what they have in the pool, to the minor unit. What is left at the end of
    a round goes back, or, with `surplus_kept` 1, stays in the pool for later claims. Everything
    goes back when the insurance is withdrawn, or to who gives up its identity; at the end of the
    game it is their own.

    Reports, per seat: points claimed, and points paid on claims.

    Tells: each seat, the share of a loss by its partner's breach that is made good to it. So it
    has less reason to be careful whom it trusts (moral hazard). Costs: `fee` a member and round,
    burnt.

    Source: Arrow (1963), AER 53; Pauly (1968), AER 58 (moral hazard); Borch (1962), Econometrica
    30 (mutual insurance).
    Answers: section 5.3 of Laukkonen et al. (2026), risk sharing.

    >>> MutualInsurance(cover=0.5).values["cover"].item()
    0.5
    """

    needs = ("interactions", "breach")

    premium: float = param(0.5, 0, 1e4, "points per round", "paid into the pool")
    cover: float = param(0.8, 0, 1, "share of the harm", "that is made good")
    deductible: float = param(0, 0, 1e6, "points", "of each harm that are not")
    surplus_kept: float = param(0, 0, 1, "0 or 1", "1: what is left stays in the pool")
    fee: float = param(0.02, 0, 1e6, "points per member and round", "burnt")
    # Outlives the identity (the first axis is not that of identities): see `forget`.
    stake: Ints = table(np.int64, 1, "identities")
    claim: Ints = per_identity(np.int64)
    member: Flags = per_agent(np.uint8)
    claimed: Floats = per_agent(outcome=True, unit="points")
    indemnified: Floats = per_agent(outcome=True, unit="points")

    @staticmethod
    def agree(w: World, own: MutualInsurance) -> None:
        for i in seats(w):
            m = face(w, i)
            if not governed(w, own, m):
                continue
            own.member[i] = 1 if others(w, i) > 0 else 0
            w.sight.covered[i] = own.cover if own.member[i] and own.premium > 0 else 0.0
            if own.member[i]:
                hold_units(w, m, minor(own.premium))
                own.stake[0, m] += minor(own.premium)
                pay(w, m, COST, own.fee)

    @staticmethod
    def redress(w: World, own: MutualInsurance) -> None:
        for m in range(w.identities):
            own.claim[m] = 0
        for k in acts(w):
            x = w.interactions[k]
            if x.harm > 0 and x.judged == 0 and breached(w, x):
                claim_for(w, own, x)
        meet_claims(w, own)

    @staticmethod
    def settle(w: World, own: MutualInsurance) -> None:
        if own.surplus_kept == 0:
            give_all_back(w, own)

    @staticmethod
    def withdraw(w: World, own: MutualInsurance) -> None:
        give_all_back(w, own)
        for i in seats(w):
            if governed(w, own, face(w, i)):
                w.sight.covered[i] = 0.0

    @staticmethod
    def forget(w: World, own: MutualInsurance, m: int) -> None:
        give_back(w, own, m)


@rare
def claim_for(w: World, own: Any, x: Any) -> None:
    """Everybody whom a breach has harmed, and who is a member, has a claim."""
    points = own.cover * max(0.0, x.harm - own.deductible)
    for k in range(count_touched(w, x)):
        i = touched(w, x, k)
        if own.member[i]:
            own.claim[answers(w, own, face(w, i))] += minor(points)
            own.claimed[i] += points


@rare
def meet_claims(w: World, own: Any) -> None:
    """Pay the claims of the round out of the pool, as far as it reaches."""
    claims = 0
    pool = 0
    for i in seats(w):
        m = face(w, i)
        claims += own.claim[m]
        pool += own.stake[0, m]
    if claims == 0 or pool == 0:
        return
    paid = 0
    for i in seats(w):
        m = face(w, i)
        amount = own.claim[m]
        if claims > pool:
            amount = min(int(np.floor(amount * (pool / claims))), pool - paid)
        post(w, treasury(own), m, amount)
        own.indemnified[i] += amount / MINOR
        paid += amount
    collect(w, own, pool, paid)


@rare
def collect(w: World, own: Any, pool: int, paid: int) -> None:
    """Draw what was paid from all stakes in proportion; what is left, unit by unit, by birth."""
    due = paid
    for i in seats(w):
        m = face(w, i)
        part = min(int(np.floor(own.stake[0, m] * (paid / pool))), own.stake[0, m], due)
        due -= draw_from(w, own, m, part)
    while due > 0:
        for rank in range(w.agents):
            m = face(w, w.order[rank])
            if due > 0 and own.stake[0, m] > 0:
                due -= draw_from(w, own, m, 1)


def draw_from(w: World, own: Any, m: int, amount: int) -> int:
    """Take minor units of a stake for claims that were paid; gives the amount."""
    settle_units(w, m, treasury(own), amount)
    own.stake[0, m] -= amount
    return amount


@rare
def give_back(w: World, own: Any, m: int) -> None:
    """Give identity `m` its stake in the pool back."""
    if own.stake[0, m] > 0:
        settle_units(w, m, m, own.stake[0, m])
        own.stake[0, m] = 0


def give_all_back(w: World, own: Any) -> None:
    """Give everybody its stake in the pool back."""
    for m in range(w.identities):
        give_back(w, own, m)
