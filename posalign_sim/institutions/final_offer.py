"""Arbitration over a sum: both parties say what is due, and the arbiter picks one, or neither."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from posalign_sim.institutions.docket import (
    NEGLIGIBLE,
    NO_CASE,
    choose_leads,
    leads,
    may_file,
    note_grievance,
    tell_findings,
)
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, breached, find, penalise
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Floats, Ints, param, per_agent, scalar, table
from posalign_sim.world.modules import Argument, Block, Decision, Institution
from posalign_sim.world.record import World, face, holder, seats

DROP, FILE = 0, 1
ABIDE, STATE = 0, 1
COMPLAINS, ACCUSED = 1, 2
IDLE, OPEN, CALLED = range(3)
#: Largest award that can be stated, in hundredths of a point.
MOST = 1_000_000
TICK = 0.01


class FinalOffer(Institution):
    """Who breached pays what an arbiter awards; both parties state an award, and one is picked.

    Whoever was harmed by a breach may file, at `fee`, burnt. That there was a breach is evident;
    what is in dispute is the sum. The arbiter's own ideal is normal, around the harm, with
    standard deviation `spread`. In final-offer arbitration it must award what the one or the other
    party has stated, whichever is nearer to its ideal (the lower, if equally near); in
    `conventional` arbitration it awards its ideal. An award below 0 is paid by who complained.

    In equilibrium of final-offer arbitration parties state the median of the ideal plus and minus
    sqrt(pi / 2) = 1.2533 standard deviations, and each is picked half of the time; that is what
    they state by custom. A party that leaves the sum to the arbiter (`abide`) states the harm.

    What is a breach, who may file, and that an act is tried once: as in arbitration. By default a
    seat files when the harm covers the fee.

    Reports, per seat that filed: disputes, points awarded (their sum), and how often its own
    statement was picked.

    Tells: everyone, that a breach costs `usual` points on average; parties, the mean and spread of
    the ideal, and afterwards how far the other's statement was from the mean.
    Costs: `fee` a dispute, burnt.

    Source: Farber (1980), Journal of Conflict Resolution 24; Brams & Merrill (1983), Management
    Science 29 (equilibrium for the normal); Stevens (1966), Industrial Relations 5 (the idea).
    Answers: section 5.3 of Laukkonen et al. (2026), dynamic dispute resolution.

    >>> FinalOffer(spread=0.5).values["spread"].item()
    0.5
    """

    needs = ("interactions", "breach")
    provides = ("findings",)

    spread: float = param(0.5, 0, 1e3, "points", "standard deviation of the arbiter's ideal")
    conventional: float = param(0, 0, 1, "0 or 1", "1: the arbiter awards its ideal")
    fee: float = param(0.25, 0, 1e6, "points", "cost of filing")
    usual: float = param(1, 0, 1e6, "points", "announced: what a breach comes to")
    disputed: float = param(1.0, 0, 1, "share", "announced: how many breaches are filed")
    case: Ints = per_agent(np.int32)
    lead: Ints = table(np.int32, "interactions")
    stage: Ints = per_agent(np.int32)
    accused: Ints = per_agent(np.uint32)
    docket: Ints = per_agent(np.int32, initial=NO_CASE)
    side: Ints = per_agent(np.int32)
    stated: Floats = per_agent(np.float64, 2)
    called: int = scalar(np.int64)
    disputes: Ints = per_agent(np.int64, outcome=True)
    awarded: Floats = per_agent(outcome=True)
    picked: Ints = per_agent(np.int64, outcome=True)

    state_award_sum: Ints

    file = Decision(
        "redress",
        ("drop", "file"),
        if_wronged=True,
        summary="Bring what was done to you before the arbiter?",
    )
    state_award = Decision(
        "redress",
        ("abide", "state"),
        arguments=(Argument("sum", -MOST, MOST, choices=("state",), unit="hundredths of a point"),),
        summary="What does the accused owe: leave it to the arbiter, or state a sum?",
    )
    hearings = Block(("state_award",))

    @staticmethod
    def announce(w: World, own: FinalOffer) -> None:
        tell_findings(w, own, own.disputed, 0.0, own.usual)

    @staticmethod
    def meet(w: World, own: FinalOffer) -> None:
        for i in seats(w):
            own.case[i] = NO_CASE
            own.stage[i] = IDLE
        own.called = 0

    @staticmethod
    def withdraw(w: World, own: FinalOffer) -> None:
        p = w.sight
        for i in seats(w):
            own.case[i] = NO_CASE
            p.rival_award[i] = 0.0

    @staticmethod
    def witness(w: World, own: FinalOffer, x: Any) -> None:
        if x.harm > 0 and breached(w, x):
            note_grievance(w, own, x)

    @staticmethod
    def who_file(w: World, own: FinalOffer, i: int) -> bool:
        return may_file(w, own, i)

    @staticmethod
    def stakes_file(w: World, own: FinalOffer, i: int) -> tuple[float, float, float, float]:
        harm = w.interactions[own.case[i]].harm
        return harm, own.fee, harm, 1.0

    @staticmethod
    def after_file(w: World, own: FinalOffer) -> None:
        choose_leads(w, own)
        for i in seats(w):
            if leads(own, i):
                own.stage[i] = OPEN
                own.accused[i] = answers(w, own, w.interactions[own.case[i]].actor)
                own.disputes[i] += 1
                pay(w, face(w, i), COST, own.fee)
        call_parties(w, own)

    @staticmethod
    def who_state_award(w: World, own: FinalOffer, i: int) -> bool:
        return own.docket[i] != NO_CASE

    @staticmethod
    def default_state_award(w: World, own: FinalOffer, i: int) -> tuple[int, int]:
        harm = w.interactions[own.case[own.docket[i]]].harm
        away = math.sqrt(math.pi / 2) * own.spread
        sum_due = harm + away if own.side[i] == COMPLAINS else harm - away
        return STATE, max(-MOST, min(MOST, int(np.rint(sum_due / TICK))))

    @staticmethod
    def after_state_award(w: World, own: FinalOffer) -> None:
        for i in seats(w):
            if own.docket[i] != NO_CASE and own.state_award[i] == STATE:
                own.stated[own.docket[i], own.side[i] - 1] = TICK * own.state_award_sum[i]
        for rank in range(w.agents):
            i = w.order[rank]
            if own.stage[i] == CALLED:
                settle_sum(w, own, i)
        if own.called > 0:
            call_parties(w, own)

    @staticmethod
    def again_hearings(w: World, own: FinalOffer) -> bool:
        return own.called > 0


def call_parties(w: World, own: FinalOffer) -> None:
    """Call as many open cases as there are parties free for at once."""
    own.called = 0
    for j in seats(w):
        own.docket[j] = NO_CASE
        w.sight.case_side[j] = 0
        w.sight.award_expected[j] = 0.0
        w.sight.award_spread[j] = 0.0
    for rank in range(w.agents):
        i = w.order[rank]
        if own.stage[i] != OPEN:
            continue
        j = holder(w, own.accused[i])
        if own.docket[i] != NO_CASE or own.docket[j] != NO_CASE:
            continue
        own.stage[i] = CALLED
        own.called += 1
        # Who is made to answer for another may be the one who complains: then nobody answers.
        attend(w, own, j, i, ACCUSED)
        attend(w, own, i, i, COMPLAINS)


def attend(w: World, own: FinalOffer, j: int, case: int, side: int) -> None:
    """Seat `j` is a party to a case now, and knows what the arbiter will think of it."""
    p = w.sight
    harm = w.interactions[own.case[case]].harm
    own.docket[j] = case
    own.side[j] = side
    own.stated[case, side - 1] = harm
    p.case_side[j] = side
    p.award_expected[j] = harm
    p.award_spread[j] = own.spread


def settle_sum(w: World, own: FinalOffer, i: int) -> None:
    """The arbiter awards a sum in seat `i`'s case; both parties learn what the other has stated."""
    p = w.sight
    x = w.interactions[own.case[i]]
    mine, accused = face(w, i), own.accused[i]
    high, low = own.stated[i, 0], own.stated[i, 1]
    ideal = x.harm + own.spread * normal(draw(w, own, mine, 5), draw(w, own, mine, 6))
    sum_due = ideal
    if own.conventional == 0:
        nearer = abs(high - ideal) < abs(low - ideal) - NEGLIGIBLE
        sum_due = high if nearer else low
        own.picked[i] += 1 if nearer else 0
    own.stage[i] = IDLE
    own.awarded[i] += sum_due
    p.rival_award[i] = low - x.harm
    if holder(w, accused) != i:
        p.rival_award[holder(w, accused)] = high - x.harm
    find(w, accused, mine, True, 1.0, own.case[i])
    if sum_due >= 0:
        penalise(w, accused, mine, sum_due)
    else:
        pay(w, mine, accused, -sum_due)


def normal(first: float, second: float) -> float:
    """A standard normal number from two uniform ones on [0, 1) (Box & Muller 1958)."""
    return math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)
