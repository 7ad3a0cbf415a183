"""Escrow: what was paid for a promise is kept out of reach until it was delivered, or longer."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import COST, hold, minor, pay, release, settle_hold
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, governed
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, per_identity, table
from posalign_sim.world.modules import Decision, Game, Institution
from posalign_sim.world.record import GROUP, NOBODY, World, acts, holder, seats

APPROVE, CONTEST = 0, 1
#: Payments of one payee that can be held at once; further ones are not held.
PLACES = 8


class Escrow(Institution):
    """What was paid for a promised act is held until it is delivered; the payer may contest that.

    The share `held` of what somebody was paid for an act that it had promised stays its own but
    out of its reach, from the moment of the act. The payer may then contest the delivery, for a
    fee (burnt, won or lost). What is not contested is released in the same round. What is
    contested goes to the payer if an arbiter, anywhere in the stack, finds in the same round that
    the act was a breach; otherwise it stays held until it expires, at the end of the `deadline`-th
    round, and is then released. While it stays held after its round was settled that costs its
    owner `carrying` of it for each round begun (what it could have earned), burnt. An identity that
    is given up, and the withdrawal of the institution, release everything; at the end of a world
    what is held is its owner's. Each payment is paid out or released once.

    Without an arbiter there is nobody to find anything: contesting only delays. To bound what
    that can do (griefing), the fee of a contest is at least what the delay can cost the payee
    divided by `griefing`: a payer who has no case makes the payee lose at most `griefing` points
    for each point of its own.

    Acts towards a whole table were paid for by nobody in particular: they are not held. An arbiter
    who also orders a refund would give back twice what was paid once: let it order none.

    What is a breach: what an arbiter finds to be one.

    At stake in contesting: the payment, if the act was found a breach or else with the announced
    probability; the fee; what the delay costs the payee. By default a payer contests what pays.

    Tells: everyone, which share of what was paid a breach loses on average. Costs: the fee of a
    contest and `carrying`, burnt.

    Source: Hu et al. (2004), Decision Support Systems 37 (online escrow); Asgaonkar &
    Krishnamachari (2019), IEEE ICBC (dual-deposit escrow); griefing factors: Buterin (2018).
    Answers: section 5.3 of Laukkonen et al. (2026), interoperability: trusted payments.

    >>> Escrow(deadline=2).values["deadline"].item()
    2.0
    """

    needs = ("interactions", "breach", "payment")

    held: float = param(1.0, 0, 1, "share", "of what was paid that is held")
    fee: float = param(0.25, 0, 1e6, "points", "least fee of a contest")
    deadline: float = param(
        3, 1, PLACES, "rounds", "after which it is released, the first included"
    )
    carrying: float = param(0.02, 0, 1, "share per round", "that a payee loses by what stays held")
    griefing: float = param(1.0, 1e-3, 1e6, "ratio", "most that a contest costs others, to its fee")
    amount: Floats = per_identity(np.float64, PLACES)
    payer: Ints = per_identity(np.uint32, PLACES)
    case: Ints = per_identity(np.int32, PLACES, initial=-1)
    due: Ints = per_identity(np.int64, PLACES)
    contested: Flags = per_identity(np.uint8, PLACES)
    debtor: Ints = per_agent(np.uint32)
    slot: Ints = per_agent(np.int32)
    proven: Flags = table(np.uint8, "interactions")
    contests: Ints = per_agent(np.int64, outcome=True)
    paid_out: Ints = per_agent(np.int64, outcome=True)
    delayed: Floats = per_agent(outcome=True)

    contest = Decision(
        "redress",
        ("approve", "contest"),
        summary="What you paid is still held: approve what was delivered, or contest it?",
    )

    @classmethod
    def refusal(cls, game: type[Game]) -> str:
        """Why a game cannot carry it: nothing is paid there that could be held."""
        if super().refusal(game):
            return "nothing is paid there for a promise, so there is nothing to hold back"
        return ""

    @staticmethod
    def announce(w: World, own: Escrow) -> None:
        p = w.sight
        p.refund_if_breach[own.place] += own.held * p.found_if_breach[own.place]
        p.refund_if_kept[own.place] += own.held * p.found_if_kept[own.place]

    @staticmethod
    def meet(w: World, own: Escrow) -> None:
        for i in seats(w):
            own.debtor[i] = NOBODY

    @staticmethod
    def witness(w: World, own: Escrow, x: Any) -> None:
        if x.pledged == 0 or x.target == GROUP or not governed(w, own, x.actor):
            return
        m = answers(w, own, x.actor)
        place = free_place(own, m)
        points = own.held * x.paid
        if place < 0 or minor(points) <= 0 or not hold(w, m, points):
            return
        own.amount[m, place] = points
        own.payer[m, place] = x.target
        own.case[m, place] = w.interaction_count - 1
        own.due[m, place] = w.clock
        own.contested[m, place] = 0
        i = holder(w, x.target)
        other = own.debtor[i]
        if other == NOBODY or weighs_more(w, own, i, m, points):
            own.debtor[i] = m
            own.slot[i] = place

    @staticmethod
    def who_contest(w: World, own: Escrow, i: int) -> bool:
        return own.debtor[i] != NOBODY

    @staticmethod
    def stakes_contest(w: World, own: Escrow, i: int) -> tuple[float, float, float, float]:
        m = own.debtor[i]
        x = w.interactions[own.case[m, own.slot[i]]]
        points = own.amount[m, own.slot[i]]
        p = w.sight
        wronged = breached(w, x)
        chance = p.found_if_breach[own.place] if wronged else p.found_if_kept[own.place]
        if x.judged:
            chance = 1.0
        delay = (1 - chance) * delay_costs(own, points)
        return chance * points, fee_of(own, points), delay, 1.0 if wronged else 0.0

    @staticmethod
    def after_contest(w: World, own: Escrow) -> None:
        for i in seats(w):
            if own.contest[i] != CONTEST or own.debtor[i] == NOBODY:
                continue
            m = own.debtor[i]
            place = own.slot[i]
            pay(w, own.payer[m, place], COST, fee_of(own, own.amount[m, place]))
            own.contested[m, place] = 1
            own.due[m, place] = w.clock + int(own.deadline) - 1
            own.contests[i] += 1

    @staticmethod
    def settle(w: World, own: Escrow) -> None:
        for k in acts(w):
            own.proven[k] = 0
        for f in range(w.finding_count):
            if w.findings[f].breach:
                own.proven[w.findings[f].case] = 1
        for m in range(w.identities):
            for place in range(PLACES):
                if own.amount[m, place] > 0:
                    resolve(w, own, m, place)

    @staticmethod
    def withdraw(w: World, own: Escrow) -> None:
        for m in range(w.identities):
            for place in range(PLACES):
                if own.amount[m, place] > 0:
                    release(w, m, own.amount[m, place])
                    own.amount[m, place] = 0.0


def free_place(own: Escrow, m: int) -> int:
    """A place for one payment more of identity `m`, or -1."""
    for place in range(PLACES):
        if own.amount[m, place] == 0:
            return place
    return -1


def weighs_more(w: World, own: Escrow, i: int, m: int, points: float) -> bool:
    """Whether a payment to identity `m` is the one for seat `i` to contest: the lot decides."""
    before = int(own.debtor[i])
    known = own.amount[before, own.slot[i]]
    if points != known:
        return points > known
    return draw(w, own, m, 0) > draw(w, own, before, 0)


def delay_costs(own: Escrow, points: float) -> float:
    """Points that a contest without a finding costs the payee."""
    return own.carrying * points * (int(own.deadline) - 1)


def fee_of(own: Escrow, points: float) -> float:
    """The fee of contesting a payment: what it may cost the payee bounds it from below."""
    return max(own.fee, delay_costs(own, points) / own.griefing)


@rare
def resolve(w: World, own: Escrow, m: int, place: int) -> None:
    """Pay a held payment out, release it, or keep it for another round."""
    points = own.amount[m, place]
    contested = own.contested[m, place] == 1
    k = own.case[m, place]
    own.case[m, place] = -1
    if contested and k >= 0 and own.proven[k]:
        own.amount[m, place] = 0.0
        own.paid_out[holder(w, m)] += 1
        settle_hold(w, m, own.payer[m, place], points)
        w.sight.sanction[holder(w, m)] += points
        return
    if k < 0:
        cost = own.carrying * points
        own.delayed[holder(w, m)] += cost
        pay(w, m, COST, cost)
    if not contested or w.clock >= own.due[m, place] or w.dropped[m]:
        own.amount[m, place] = 0.0
        release(w, m, points)
