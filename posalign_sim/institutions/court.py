"""A court: disputes before seats that hold the office of arbiter, and read what parties submit."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.institutions.court_rules import (
    BRIBE_TICK,
    CALLED,
    COMPLAINS,
    FIND,
    OPEN,
    SUBMIT,
    WITHHOLD,
    bench,
    call_cases,
    chance_of_finding,
    clear_bench,
    close_case,
    count_votes,
    deal_evidence,
    deposit_fee,
    forget_cases,
    in_the_end,
    lost_by,
    majority,
    open_cases,
    show,
)
from posalign_sim.institutions.docket import (
    NO_CASE,
    award,
    choose_leads,
    leads,
    may_file,
    note_grievance,
    tell_findings,
    wrong,
)
from posalign_sim.world.accounts import release
from posalign_sim.world.conduct import answers, breached
from posalign_sim.world.fields import Floats, Ints, param, per_agent, scalar, table
from posalign_sim.world.modules import Argument, Block, Decision, Institution
from posalign_sim.world.record import World, face, officials, seats

DROP, FILE = 0, 1
ABSTAIN, BRIBE = 0, 1
ACCEPT, APPEAL = 0, 1


class Court(Institution):
    """Who was acted on may file a dispute; arbiters, who are seats, judge by what parties submit.

    Each party to a case holds `exhibits` pieces of evidence, each of which says truly with
    probability `quality` whether there was a breach. A party withholds them, submits those that
    favour it, or discloses all. `jury` arbiters, drawn by lot from those who hold the office (as
    many as there are, if fewer), see what was put before them, and nothing else of who did what;
    each finds a breach or dismisses, and the majority decides (a tie dismisses). Remedies, and who
    may file, are those of arbitration, and an act is tried once.

    Parties may offer a bribe for an arbiter's vote: one that takes bribes gets it if it has voted
    for who offered it. Whoever loses may appeal at `appeal_fee` to `appeal_jury` arbiters (who
    are drawn afresh, so that some may sit again if there are few), once: evidence is put, and
    bribes are offered, anew, and nothing is paid before.

    The fee goes to the arbiters. It is held until they rule. Where no arbiter is seated, or all
    recuse themselves, cases lapse and fees go back. Parties answer under the identities of the
    act to the end of the round, whatever they do about them in between; what a bankrupt party
    cannot pay stays unpaid, and arbiters never pay.

    By default a seat files, and appeals, when it was wronged and what it expects of arbiters who
    read the evidence well covers the fee; it submits what favours it, and bribes nobody.

    Reports, per seat that filed: disputes, breaches found in the end, wrongful findings, cases
    that lapsed, appeals, reversals, and cases that were judged with one side unheard. Judgements
    of both kinds are findings; the finder is the arbiter, or the first drawn of the majority.

    Tells: everyone, what a breach leads to on average; parties and arbiters, of their case.
    Costs: nothing is burnt: `fee` and `appeal_fee` are the arbiters' income.

    Source: Milgrom & Roberts (1986), RAND Journal of Economics 17 (relying on the information of
    interested parties); Becker & Stigler (1974), Journal of Legal Studies 3 (bribes and what
    enforcers are paid).
    Answers: section 5.3 of Laukkonen et al. (2026), dynamic dispute resolution.

    >>> Court(exhibits=5).values["exhibits"].item()
    5.0
    """

    needs = ("interactions", "breach")
    provides = ("findings",)
    offices = ("arbiter",)
    customary: ClassVar = {"arbiter": ("evidence_reader",)}

    exhibits: float = param(3, 0, 32, "pieces", "of evidence that each party holds")
    quality: float = param(0.7, 0.5, 1, "probability", "that a piece of evidence is right")
    jury: float = param(1, 1, 32, "arbiters", "who judge a case")
    refund: float = param(1.0, 0, 1, "share of what was paid", "given back on a finding")
    damages: float = param(0, 0, 1e6, "points", "paid to the victim on a finding")
    fine: float = param(0, 0, 1e6, "points", "paid to the treasury on a finding")
    fee: float = param(0.25, 0, 1e6, "points", "cost of filing, for the arbiters")
    shifting: float = param(0, 0, 1, "share of the fee", "that an accused who loses makes good")
    appeal_fee: float = param(np.inf, 0, np.inf, "points", "cost of an appeal; unlimited: none")
    appeal_jury: float = param(3, 1, 32, "arbiters", "who judge an appeal")
    disputed: float = param(1.0, 0, 1, "share", "announced: how many breaches are filed")
    # what who complains about (its case), how far that has come, and who answers for it
    case: Ints = per_agent(np.int32)
    lead: Ints = table(np.int32, "interactions")
    stage: Ints = per_agent(np.int32)
    instance: Ints = per_agent(np.int32)
    verdict: Ints = per_agent(np.int32)
    accused: Ints = per_agent(np.uint32)
    evidence: Ints = per_agent(np.int32, 2)
    stance: Ints = per_agent(np.int32, 2)
    offer: Floats = per_agent(np.float64, 2)
    deposit: Floats = per_agent()
    depositor: Ints = per_agent(np.uint32)
    finder: Ints = per_agent(np.uint32)
    # for each seat: the case that it has part in now, and on which side
    docket: Ints = per_agent(np.int32, initial=NO_CASE)
    side: Ints = per_agent(np.int32)
    seated: Ints = per_agent(np.int32)
    panel: Ints = per_agent(np.uint32)
    sitting: int = scalar(np.int64)
    called: int = scalar(np.int64)
    reading: Floats = table(np.float64, 2)
    disputes: Ints = per_agent(np.int64, outcome=True)
    found: Ints = per_agent(np.int64, outcome=True)
    wrongful: Ints = per_agent(np.int64, outcome=True)
    lapsed: Ints = per_agent(np.int64, outcome=True)
    appeals: Ints = per_agent(np.int64, outcome=True)
    reversals: Ints = per_agent(np.int64, outcome=True)
    unheard: Ints = per_agent(np.int64, outcome=True)
    # of arbiters: votes, those that were right, points taken in bribes
    votes: Ints = per_agent(np.int64)
    right: Ints = per_agent(np.int64)
    bribes: Floats = per_agent()

    bribe_amount: Ints
    rule_take: Ints

    file = Decision(
        "redress",
        ("drop", "file"),
        if_wronged=True,
        summary="Bring what was done to you before the arbiter?",
    )
    preside = Decision(
        "redress",
        ("recuse", "preside"),
        default="preside",
        roles=("arbiter",),
        summary="Sit in judgement on the cases of this round, or recuse yourself?",
    )
    testify = Decision(
        "redress",
        ("withhold", "submit", "disclose"),
        summary="Withhold your evidence, submit what favours you, or disclose all of it?",
    )
    bribe = Decision(
        "redress",
        ("abstain", "bribe"),
        arguments=(
            Argument("amount", 0, 10_000, choices=("bribe",), unit="hundredths of a point"),
        ),
        default="abstain",
        summary="Offer each arbiter of your case a bribe for its vote?",
    )
    rule = Decision(
        "redress",
        ("dismiss", "find"),
        arguments=(Argument("take", 0, 1, unit="1: take the bribe for this vote, if any"),),
        roles=("arbiter",),
        summary="Dismiss the complaint, or find that there was a breach?",
    )
    appeal = Decision(
        "redress",
        ("accept", "appeal"),
        if_wronged=True,
        summary="You have lost: accept it, or appeal?",
    )
    hearings = Block(("testify", "bribe", "rule", "appeal"))

    @staticmethod
    def begin(w: World, own: Court) -> None:
        pieces = 2 * int(own.exhibits)
        own.reading[0] = majority(own.quality, pieces)
        own.reading[1] = majority(1 - own.quality, pieces)

    @staticmethod
    def announce(w: World, own: Court) -> None:
        p = w.sight
        appeals = own.appeal_fee < np.inf
        if_breach = own.disputed * in_the_end(own, True, appeals)
        if_kept = own.disputed * in_the_end(own, False, appeals)
        cost = own.damages + own.fine + own.shifting * own.fee
        tell_findings(w, own, if_breach, if_kept, cost)
        p.refund_if_breach[own.place] += if_breach * own.refund
        p.refund_if_kept[own.place] += if_kept * own.refund

    @staticmethod
    def meet(w: World, own: Court) -> None:
        forget_cases(w, own)

    @staticmethod
    def withdraw(w: World, own: Court) -> None:
        forget_cases(w, own)

    @staticmethod
    def witness(w: World, own: Court, x: Any) -> None:
        note_grievance(w, own, x)

    # --- filing ---------------------------------------------------------------------------------

    @staticmethod
    def who_file(w: World, own: Court, i: int) -> bool:
        return may_file(w, own, i)

    @staticmethod
    def stakes_file(w: World, own: Court, i: int) -> tuple[float, float, float, float]:
        x = w.interactions[own.case[i]]
        guilty = breached(w, x)
        likely = chance_of_finding(own, guilty)
        won = likely * award(own, x)
        price = own.fee * (1 - likely * own.shifting)
        damage = won + likely * (own.fine + own.shifting * own.fee)
        return won, price, damage, 1.0 if guilty else 0.0

    @staticmethod
    def after_file(w: World, own: Court) -> None:
        choose_leads(w, own)
        for i in seats(w):
            if leads(own, i):
                x = w.interactions[own.case[i]]
                own.stage[i] = OPEN
                own.instance[i] = 1
                own.accused[i] = answers(w, own, x.actor)
                own.disputes[i] += 1
                deal_evidence(w, own, i, breached(w, x))
                deposit_fee(w, own, i, face(w, i), own.fee)

    @staticmethod
    def who_preside(w: World, own: Court, i: int) -> bool:
        return open_cases(w, own) > 0

    @staticmethod
    def after_preside(w: World, own: Court) -> None:
        if bench(w, own) > 0:
            call_cases(w, own)
            return
        for i in seats(w):
            if own.stage[i] == OPEN:
                own.stage[i] = 0
                own.lapsed[i] += 1
                if own.deposit[i] > 0:
                    release(w, own.depositor[i], own.deposit[i])
                    own.deposit[i] = 0.0

    # --- hearings -------------------------------------------------------------------------------

    @staticmethod
    def who_testify(w: World, own: Court, i: int) -> bool:
        return own.docket[i] != NO_CASE

    @staticmethod
    def default_testify(w: World, own: Court, i: int) -> int:
        says_breach = own.evidence[own.docket[i], own.side[i] - 1]
        favourable = says_breach if own.side[i] == COMPLAINS else own.exhibits - says_breach
        return SUBMIT if favourable > 0 else WITHHOLD

    @staticmethod
    def after_testify(w: World, own: Court) -> None:
        for i in seats(w):
            if own.testify[i] >= 0:
                own.stance[own.docket[i], own.side[i] - 1] = own.testify[i]

    @staticmethod
    def who_bribe(w: World, own: Court, i: int) -> bool:
        return own.docket[i] != NO_CASE

    @staticmethod
    def after_bribe(w: World, own: Court) -> None:
        for i in seats(w):
            if own.bribe[i] == BRIBE:
                own.offer[own.docket[i], own.side[i] - 1] = BRIBE_TICK * own.bribe_amount[i]
        for q in officials(w):
            if own.docket[q] != NO_CASE:
                show(w, own, q)

    @staticmethod
    def who_rule(w: World, own: Court, i: int) -> bool:
        return own.docket[i] != NO_CASE

    @staticmethod
    def after_rule(w: World, own: Court) -> None:
        for rank in range(w.agents):
            i = w.order[rank]
            if own.stage[i] == CALLED:
                count_votes(w, own, i)

    @staticmethod
    def who_appeal(w: World, own: Court, i: int) -> bool:
        case = own.docket[i]
        if own.appeal_fee == np.inf or case == NO_CASE or own.instance[case] != 1:
            return False
        return lost_by(own, case, own.side[i])

    @staticmethod
    def stakes_appeal(w: World, own: Court, i: int) -> tuple[float, float, float, float]:
        case = own.docket[i]
        x = w.interactions[own.case[case]]
        found = own.verdict[case] == FIND
        likely = chance_of_finding(own, breached(w, x))
        won = award(own, x) + own.shifting * own.fee
        provoked = 1.0 if wrong(w, x, own.accused[case], found) else 0.0
        if found:
            return (1 - likely) * (won + own.fine), own.appeal_fee, won, provoked
        return likely * won, own.appeal_fee, likely * (won + own.fine), provoked

    @staticmethod
    def after_appeal(w: World, own: Court) -> None:
        for i in seats(w):
            if own.appeal[i] == APPEAL:
                case = own.docket[i]
                own.stage[case] = OPEN
                own.instance[case] = 2
                own.appeals[case] += 1
                deposit_fee(w, own, case, face(w, i), own.appeal_fee)
        for rank in range(w.agents):
            i = w.order[rank]
            if own.stage[i] == CALLED:
                close_case(w, own, i)
        if own.called > 0:
            call_cases(w, own)

    @staticmethod
    def again_hearings(w: World, own: Court) -> bool:
        return own.called > 0

    @staticmethod
    def redress(w: World, own: Court) -> None:
        clear_bench(w, own)
