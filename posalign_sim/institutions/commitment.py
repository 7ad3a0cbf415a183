"""Commitment: a bond in escrow that a breach forfeits."""

from __future__ import annotations

import numpy as np

from posalign_sim.institutions.agreements import (
    announce_stake,
    show_stake,
    vouching_gain,
    vouching_price,
)
from posalign_sim.world.accounts import (
    COST,
    hold,
    jurisdiction_of,
    pay,
    release,
    settle_hold,
    treasury,
)
from posalign_sim.world.conduct import answers, breached, find, governed
from posalign_sim.world.draws import draw, either
from posalign_sim.world.fields import Flags, Ints, param, per_identity, scalar
from posalign_sim.world.modules import Decision, Institution
from posalign_sim.world.record import GROUP, World, acts, face, holder, identities, meetings, seats

DECLINE, POST_BOND = 0, 1


class Bond(Institution):
    """Who can be tempted may put a stake into escrow; a proven breach forfeits it to the victim.

    A breach is proven by a finding of an arbiter who acts before this institution in the stack,
    or by itself, with probability `evident`. Without an arbiter a bond therefore secures only
    what is evident, and with `evident` 0 it secures nothing and is always given back.

    What is a breach: a promise not kept; in a dilemma, a defection. The forfeit goes to whom it
    harmed, by lot to one of several, or to the treasury if it harmed everybody.

    At stake: the deal, for who is only relied on, if the bond deters its breach; against it the
    breach that it gives up. By custom everybody who can be tempted posts one all the same; a
    conduct decides by what is at stake.

    Tells: everyone, who is bonded and for how much, and how likely a breach forfeits the bond.
    Costs: `fee` a bond and round, burnt.

    Source: Schelling (1960), The Strategy of Conflict; Williamson (1983), AER 73.
    Answers: section 5.3 of Laukkonen et al. (2026), verifiable commitment devices.

    >>> Bond(stake=4).values["stake"].item()
    4.0
    """

    needs = ("interactions", "breach")

    stake: float = param(3.0, 0, 1e6, "points", "what is put into escrow")
    fee: float = param(0.05, 0, 1e6, "points", "cost of a bond for a round")
    evident: float = param(0.5, 0, 1, "probability", "that a breach proves itself")
    likely: float = scalar()
    posted: Flags = per_identity(np.uint8)
    victim: Ints = per_identity(np.uint32)
    claimed: Flags = per_identity(np.uint8)

    bond = Decision(
        "agree",
        ("decline", "post_bond"),
        default="post_bond",
        summary="Put a bond into escrow, to be lost on a proven breach?",
    )

    @staticmethod
    def announce(w: World, own: Bond) -> None:
        own.likely = either(w.sight.found_if_breach[jurisdiction_of(own)], own.evident)
        announce_stake(w, own)

    @staticmethod
    def who_bond(w: World, own: Bond, i: int) -> bool:
        return own.stake > 0 and meetings(w, i) > 0 and w.sight.temptation[i] > 0

    @staticmethod
    def stakes_bond(w: World, own: Bond, i: int) -> tuple[float, float, float, float]:
        p = w.sight
        penalty = own.likely * own.stake
        return vouching_gain(p, i, penalty), own.fee + vouching_price(p, i, penalty), 0.0, 0.0

    @staticmethod
    def after_bond(w: World, own: Bond) -> None:
        for i in seats(w):
            m = face(w, i)
            if own.bond[i] != POST_BOND or not governed(w, own, m):
                continue
            if hold(w, m, own.stake):
                own.posted[m] = 1
                pay(w, m, COST, own.fee)
                show_stake(w, own, answers(w, own, m), own.stake)

    @staticmethod
    def redress(w: World, own: Bond) -> None:
        for k in range(w.finding_count):
            case = w.findings[k]
            if case.breach:
                claim(w, own, answers(w, own, case.accused), case.victim)
        forfeit_claimed(w, own)
        for k in acts(w):
            x = w.interactions[k]
            if x.judged == 0 and breached(w, x) and draw(w, own, x.actor, 0) < own.evident:
                accused = answers(w, own, x.actor)
                if own.posted[accused]:
                    find(w, accused, x.target, True, 1.0, k)
                    claim(w, own, accused, x.target)
        forfeit_claimed(w, own)

    @staticmethod
    def settle(w: World, own: Bond) -> None:
        for m in identities(w):
            if own.posted[m]:
                release(w, m, own.stake)
                own.posted[m] = 0


def claim(w: World, own: Bond, debtor: int, victim: int) -> None:
    """Whom a breach harmed has a claim to the debtor's bond; the lot decides between several."""
    if own.posted[debtor] == 0:
        return
    if own.claimed[debtor] == 0 or lot(w, own, debtor, victim) > lot(
        w, own, debtor, own.victim[debtor]
    ):
        own.claimed[debtor] = 1
        own.victim[debtor] = victim


def lot(w: World, own: Bond, debtor: int, victim: int) -> float:
    """What a claimant draws; who is harmed as one of all leaves the drawing to the debtor."""
    return draw(w, own, debtor if victim == GROUP else victim, 1)


def forfeit_claimed(w: World, own: Bond) -> None:
    """Pay each bond that is claimed out to who drew the highest lot, and let the debtor feel it."""
    for m in identities(w):
        if own.claimed[m] == 0:
            continue
        own.claimed[m] = 0
        own.posted[m] = 0
        payee = treasury(own) if own.victim[m] == GROUP else own.victim[m]
        settle_hold(w, m, payee, own.stake)
        w.sight.sanction[holder(w, m)] += own.stake
