"""Pre-commitment: a pact that somebody arranges at its own cost, with compensation for a breach."""

from __future__ import annotations

import numpy as np

from posalign_sim.institutions.agreements import (
    all_in,
    announce_stake,
    count_in,
    make_good,
    mutual_gain,
    mutual_price,
    show_stake,
)
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.draws import either
from posalign_sim.world.fields import Flags, Ints, param, per_agent, per_identity, scalar, table
from posalign_sim.world.modules import Decision, Institution
from posalign_sim.world.record import World, face, meetings, seats

WAIT, PROPOSE_PACT = 0, 1
REFUSE, JOIN = 0, 1


class Precommitment(Institution):
    """Before they act, seats may propose a pact, and others join it: who then breaches compensates.

    First everybody may propose; then whoever did not, but has a proposer at its table, joins or
    refuses. A pact is made where all at a table have proposed or joined (on a network: a seat and
    all of its neighbours). Arranging it costs `arrangement`, shared by those who proposed it (half
    each if both of a pair did); a pact that is refused costs nothing. Who breaches the pact pays
    `compensation` to the other (split among the others of a larger table), once for each act that
    is proven: found by an arbiter before this institution in the stack, or evident by itself, with
    probability `evident`. It lasts for the round.

    A player may shun who does not commit where the game lets it walk away. A dilemma does not:
    there the two play on without a pact, and who was refused can only defect, which is the same in
    a donation game, where mutual defection pays nothing. Against who never proposes, and never
    joins, that leaves the game as it was.

    What is a breach: a promise not kept; in a dilemma, a defection.

    At stake: as with a contract that is in force only where all have signed; who proposes must
    reckon with the whole cost. By default a seat proposes, and joins, if that pays.

    Tells: each seat, whether it has a pact; everyone, what a breach costs whom. Costs:
    `arrangement` a pact and round, burnt.

    Source: Han, Pereira, Santos & Lenaerts (2013), Scientific Reports 3 (good agreements make good
    friends); Nesse (2001), Evolution and the Capacity for Commitment.
    Answers: section 5.3 of Laukkonen et al. (2026), verifiable commitment devices.

    >>> Precommitment(compensation=4).values["compensation"].item()
    4.0
    """

    needs = ("interactions", "breach")

    arrangement: float = param(0.25, 0, 1e6, "points", "of a pact, shared by who proposed it")
    compensation: float = param(4.0, 0, 1e6, "points", "paid for a breach of the pact")
    evident: float = param(1.0, 0, 1, "probability", "that a breach proves itself")
    likely: float = scalar()
    proposed: Flags = per_agent(np.uint8)
    party: Flags = per_agent(np.uint8)
    bound: Flags = per_identity(np.uint8)
    answered: Flags = table(np.uint8, "interactions")
    pacts: Ints = per_agent(np.int64, outcome=True)

    propose_pact = Decision(
        "agree",
        ("wait", "propose_pact"),
        summary="Propose a pact at your cost: who breaks its word compensates the other?",
    )
    accept_pact = Decision(
        "agree",
        ("refuse", "join"),
        summary="A pact was proposed to you: who breaks its word compensates the other. Join it?",
    )

    @staticmethod
    def announce(w: World, own: Precommitment) -> None:
        own.likely = either(w.sight.found_if_breach[own.place], own.evident)
        announce_stake(w, own)

    @staticmethod
    def publish(w: World, own: Precommitment) -> None:
        for i in seats(w):
            w.sight.pact_made[i] = 0

    @staticmethod
    def who_propose_pact(w: World, own: Precommitment, i: int) -> bool:
        return meetings(w, i) > 0

    @staticmethod
    def stakes_propose_pact(
        w: World, own: Precommitment, i: int
    ) -> tuple[float, float, float, float]:
        penalty = own.likely * own.compensation
        price = own.arrangement + mutual_price(w.sight, i, penalty)
        return mutual_gain(w.sight, i, penalty), price, 0.0, 0.0

    @staticmethod
    def after_propose_pact(w: World, own: Precommitment) -> None:
        for i in seats(w):
            proposes = own.propose_pact[i] == PROPOSE_PACT and governed(w, own, face(w, i))
            own.proposed[i] = 1 if proposes else 0

    @staticmethod
    def who_accept_pact(w: World, own: Precommitment, i: int) -> bool:
        return own.proposed[i] == 0 and meetings(w, i) > 0 and count_in(w, own.proposed, i) > 0

    @staticmethod
    def stakes_accept_pact(
        w: World, own: Precommitment, i: int
    ) -> tuple[float, float, float, float]:
        penalty = own.likely * own.compensation
        return mutual_gain(w.sight, i, penalty), mutual_price(w.sight, i, penalty), 0.0, 0.0

    @staticmethod
    def after_accept_pact(w: World, own: Precommitment) -> None:
        for m in range(w.identities):
            own.bound[m] = 0
        for i in seats(w):
            joins = own.accept_pact[i] == JOIN and governed(w, own, face(w, i))
            own.party[i] = 1 if own.proposed[i] or joins else 0
        for i in seats(w):
            if not all_in(w, own.party, i):
                continue
            proposers = count_in(w, own.proposed, i)
            if proposers == 0:
                continue
            if own.proposed[i]:
                pay(w, face(w, i), COST, own.arrangement / proposers)
            m = answers(w, own, face(w, i))
            own.bound[m] = 1
            own.pacts[i] += 1
            show_stake(w, own, m, own.compensation)
            w.sight.pact_made[i] = 1

    @staticmethod
    def redress(w: World, own: Precommitment) -> None:
        make_good(w, own, own.compensation)

    @staticmethod
    def withdraw(w: World, own: Precommitment) -> None:
        for i in seats(w):
            w.sight.pact_made[i] = 0
