"""Arbitration: a wronged party may file, a judge who errs decides, remedies follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.docket import (
    NO_CASE,
    award,
    choose_leads,
    enforce,
    leads,
    may_file,
    note_grievance,
    tell_findings,
    wrong,
)
from posalign_sim.world.accounts import COST, jurisdiction_of, pay
from posalign_sim.world.conduct import answers, breached, find
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags, Ints, param, per_agent, scalar, table
from posalign_sim.world.modules import Decision, Institution
from posalign_sim.world.record import World, face, holder, ranks, seats

DROP, FILE = 0, 1
ACCEPT, APPEAL = 0, 1
UNHEARD, DISMISSED, FOUND = range(3)


class Arbitration(Institution):
    """Who was acted on may file a dispute; a noisy judge finds, and the finding has a price.

    The judge finds a breach with probability `accuracy` where there was one and `false_finding`
    where there was none; by `bias` (-1 to 1) it leans to the richer of both parties: at 1 the
    richer one always wins, at -1 the poorer one. On a finding the accused gives back the share
    `refund` of what was paid for the act, pays `damages` to who filed and `fine` to the treasury.
    Filing costs `fee`, which is burnt (the judge's time); on a finding the accused makes good the
    share `shifting` of it. Whoever loses may appeal at `appeal_fee`, burnt: a second judge, who
    leans to nobody, decides afresh, once and for all, and nothing is paid before.

    What is a breach, and its proof: a delivery below the promise; in a dilemma a defection, for
    which the partner, having relied on cooperation, has paid reward - sucker. The only proof is
    the judge's finding. Anybody may file whom an act touched, once a round; an act towards a group
    is tried once (the lot decides whose case is heard, who gets the award; the others pay no fee),
    and none that was already found a breach. Judgements, of both kinds, are findings.

    By default a seat files, and appeals, when it was wronged and what it expects of the hearing
    covers the fee. It is announced as if all wrong judgements were appealed that can be.

    Reports, per seat that filed: disputes, breaches found in the end, how many findings were
    wrongful (no breach, or the wrong person), appeals heard and reversals in its cases.

    Tells: everyone, what a breach leads to on average; parties, what a case puts at stake.
    Costs: `fee` a dispute and `appeal_fee` an appeal, burnt.

    Source: Milgrom, North & Weingast (1990), Economics & Politics 2 (the law merchant); Shavell
    (1982), Journal of Legal Studies 11 (who bears the fee); Shavell (1995), Journal of Legal
    Studies 24 (appeals correct errors).
    Answers: section 5.3 of Laukkonen et al. (2026), dynamic dispute resolution.

    >>> Arbitration(accuracy=0.8).values["accuracy"].item()
    0.8
    """

    needs = ("interactions", "breach")
    provides = ("findings",)

    accuracy: float = param(0.9, 0, 1, "probability", "that a breach is found")
    false_finding: float = param(0.05, 0, 1, "probability", "that none is found to be one")
    bias: float = param(0, -1, 1, "share", "of judgements turned for the richer (or poorer) party")
    refund: float = param(1.0, 0, 1, "share of what was paid", "given back on a finding")
    damages: float = param(0, 0, 1e6, "points", "paid to the victim on a finding")
    fine: float = param(0, 0, 1e6, "points", "paid to the treasury on a finding")
    fee: float = param(0.25, 0, 1e6, "points", "cost of filing")
    shifting: float = param(0, 0, 1, "share of the fee", "that an accused who loses makes good")
    appeal_fee: float = param(np.inf, 0, np.inf, "points", "cost of an appeal; unlimited: none")
    appeal_accuracy: float = param(0.95, 0, 1, "probability", "that a breach is found on appeal")
    appeal_false_finding: float = param(
        0.02, 0, 1, "probability", "that none is found to be one on appeal"
    )
    disputed: float = param(1.0, 0, 1, "share", "announced: how many breaches are filed")
    case: Ints = per_agent(np.int32)
    lead: Ints = table(np.int32, "interactions")
    heard: int = scalar(np.uint8)
    verdict: Flags = per_agent(np.uint8)
    lost: Ints = per_agent(np.int32, initial=NO_CASE)
    disputes: Ints = per_agent(np.int64, outcome=True)
    found: Ints = per_agent(np.int64, outcome=True)
    wrongful: Ints = per_agent(np.int64, outcome=True)
    appeals: Ints = per_agent(np.int64, outcome=True)
    reversals: Ints = per_agent(np.int64, outcome=True)

    file = Decision(
        "redress",
        ("drop", "file"),
        if_wronged=True,
        summary="Bring what was done to you before the arbiter?",
    )
    appeal = Decision(
        "redress",
        ("accept", "appeal"),
        if_wronged=True,
        summary="You have lost: accept it, or appeal?",
    )

    @staticmethod
    def announce(w: World, own: Arbitration) -> None:
        p = w.sight
        if_breach = own.disputed * in_the_end(own, True)
        if_kept = own.disputed * in_the_end(own, False)
        cost = own.damages + own.fine + own.shifting * own.fee
        tell_findings(w, own, if_breach, if_kept, cost)
        p.refund_if_breach[jurisdiction_of(own)] += if_breach * own.refund
        p.refund_if_kept[jurisdiction_of(own)] += if_kept * own.refund

    @staticmethod
    def meet(w: World, own: Arbitration) -> None:
        for i in seats(w):
            own.case[i] = NO_CASE
            own.lost[i] = NO_CASE
            own.verdict[i] = UNHEARD

    @staticmethod
    def witness(w: World, own: Arbitration, x: Any) -> None:
        note_grievance(w, own, x)

    @staticmethod
    def who_file(w: World, own: Arbitration, i: int) -> bool:
        return may_file(w, own, i)

    @staticmethod
    def stakes_file(w: World, own: Arbitration, i: int) -> tuple[float, float, float, float]:
        x = w.interactions[own.case[i]]
        guilty = breached(w, x)
        likely = first_instance(w, own, guilty, face(w, i), answers(w, own, x.actor))
        won = likely * award(own, x)
        price = own.fee * (1 - likely * own.shifting)
        damage = won + likely * (own.fine + own.shifting * own.fee)
        return won, price, damage, 1.0 if guilty else 0.0

    @staticmethod
    def after_file(w: World, own: Arbitration) -> None:
        own.heard = 1 if choose_leads(w, own) else 0
        if own.heard == 0:
            return
        for rank in ranks(w):
            i = w.order[rank]
            if not leads(own, i):
                continue
            x = w.interactions[own.case[i]]
            accused = answers(w, own, x.actor)
            own.disputes[i] += 1
            likely = first_instance(w, own, breached(w, x), face(w, i), accused)
            guilty = draw(w, own, face(w, i), 0) < likely
            own.verdict[i] = FOUND if guilty else DISMISSED
            loser = holder(w, accused) if guilty else i
            # Who lost several cases can appeal against the dearest.
            before = own.lost[loser]
            if before == NO_CASE or x.paid > w.interactions[own.case[before]].paid:
                own.lost[loser] = i
        # Only now: who is how rich does not depend on who was heard first.
        for i in seats(w):
            if leads(own, i):
                pay(w, face(w, i), COST, own.fee)

    @staticmethod
    def who_appeal(w: World, own: Arbitration, i: int) -> bool:
        return own.appeal_fee < np.inf and own.lost[i] != NO_CASE

    @staticmethod
    def stakes_appeal(w: World, own: Arbitration, i: int) -> tuple[float, float, float, float]:
        case = own.lost[i]
        x = w.interactions[own.case[case]]
        likely = own.appeal_accuracy if breached(w, x) else own.appeal_false_finding
        sum_won = award(own, x) + own.shifting * own.fee
        found = own.verdict[case] == FOUND
        provoked = 1.0 if wrong(w, x, answers(w, own, x.actor), found) else 0.0
        if found:
            return (1 - likely) * (sum_won + own.fine), own.appeal_fee, sum_won, provoked
        return likely * sum_won, own.appeal_fee, likely * (sum_won + own.fine), provoked

    @staticmethod
    def after_appeal(w: World, own: Arbitration) -> None:
        if own.heard == 0 or own.appeal_fee == np.inf:
            return
        for rank in ranks(w):
            i = w.order[rank]
            if own.appeal[i] != APPEAL:
                continue
            case = own.lost[i]
            x = w.interactions[own.case[case]]
            pay(w, face(w, i), COST, own.appeal_fee)
            likely = own.appeal_accuracy if breached(w, x) else own.appeal_false_finding
            second = FOUND if draw(w, own, face(w, case), 2) < likely else DISMISSED
            own.appeals[case] += 1
            own.reversals[case] += 1 if second != own.verdict[case] else 0
            own.verdict[case] = second

    @staticmethod
    def redress(w: World, own: Arbitration) -> None:
        if own.heard == 0:
            return
        for rank in ranks(w):
            i = w.order[rank]
            if own.verdict[i] == UNHEARD:
                continue
            case = own.case[i]
            x = w.interactions[case]
            accused = answers(w, own, x.actor)
            guilty = own.verdict[i] == FOUND
            find(w, accused, face(w, i), guilty, own.accuracy, case)
            if guilty:
                own.found[i] += 1
                own.wrongful[i] += 1 if wrong(w, x, accused, True) else 0
                enforce(w, own, accused, face(w, i), x)


def first_instance(w: World, own: Arbitration, guilty: bool, victim: int, accused: int) -> float:
    """How likely the first judge finds a breach, given how much richer one party is."""
    likely = own.accuracy if guilty else own.false_finding
    if own.bias == 0:
        return likely
    lead = w.balance[victim] - w.balance[accused]
    lean = own.bias if lead > 0 else (-own.bias if lead < 0 else 0.0)
    return likely + lean * (1 - likely) if lean > 0 else likely * (1 + lean)


def in_the_end(own: Arbitration, guilty: bool) -> float:
    """How likely a judge without bias finds a breach, if wrong judgements are appealed."""
    if guilty:
        second = own.appeal_accuracy if own.appeal_fee < np.inf else 0.0
        return own.accuracy + (1 - own.accuracy) * second
    second = own.appeal_false_finding if own.appeal_fee < np.inf else 1.0
    return own.false_finding * second
