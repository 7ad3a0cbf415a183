"""How a court works through its cases: calling them, evidence, what parties and judges are told."""

from __future__ import annotations

from typing import Any

from posalign_sim.institutions.docket import NO_CASE, award, enforce, share_out, wrong
from posalign_sim.world.accounts import hold, pay
from posalign_sim.world.conduct import breached, find_as
from posalign_sim.world.draws import draw
from posalign_sim.world.record import World, everybody, face, holder, officials, seats

RECUSE, PRESIDE = 0, 1
WITHHOLD, SUBMIT, DISCLOSE = range(3)
DISMISS, FIND = 0, 1
#: Which part a seat has in a case, as it is told; less one, the index of a party.
COMPLAINS, ACCUSED, JUDGES = 1, 2, 3
#: How far a case has come.
IDLE, OPEN, CALLED, CLOSED = range(4)
#: Bribes are offered in hundredths of a point.
BRIBE_TICK = 0.01
#: Indices of draws: evidence has many.
_EVIDENCE = 100
_JURY = 1000


def forget_cases(w: World, own: Any) -> None:
    """At the start of a round there are no cases, and nobody is told of one."""
    own.called = 0
    own.sitting = 0
    for j in everybody(w):
        own.case[j] = NO_CASE
        own.stage[j] = IDLE
        leave(w, own, j)


def majority(quality: float, pieces: int) -> float:
    """How likely more than half of some pieces of evidence say what each says with `quality`."""
    total = 0.0
    for k in range(pieces // 2 + 1, pieces + 1):
        total += chances(quality, pieces, k)
    return total


def chances(quality: float, pieces: int, k: int) -> float:
    """How likely exactly `k` of some pieces of evidence say what each says with `quality`."""
    likely = 1.0
    for m in range(k):
        likely *= quality * (pieces - m) / (m + 1)
    for _ in range(pieces - k):
        likely *= 1 - quality
    return likely


def deal_evidence(w: World, own: Any, i: int, guilty: bool) -> None:
    """Both parties to seat `i`'s case find their evidence: how much of it says breach."""
    for side in range(2):
        count = 0
        for k in range(int(own.exhibits)):
            right = draw(w, own, face(w, i), _EVIDENCE * (side + 1) + k) < own.quality
            count += 1 if right == guilty else 0
        own.evidence[i, side] = count


def call_cases(w: World, own: Any) -> None:
    """Call as many open cases as there are parties and arbiters free for at once."""
    own.called = 0
    own.sitting += 1
    for j in everybody(w):
        leave(w, own, j)
    for rank in range(w.agents):
        i = w.order[rank]
        if own.stage[i] != OPEN:
            continue
        j = holder(w, own.accused[i])
        if own.docket[i] != NO_CASE or own.docket[j] != NO_CASE or not empanel(w, own, i):
            continue
        own.stage[i] = CALLED
        own.called += 1
        # Who is made to answer for another may be the one who complains: then nobody answers.
        attend(w, own, j, i, ACCUSED)
        attend(w, own, i, i, COMPLAINS)
        for side in range(2):
            own.stance[i, side] = WITHHOLD
            own.offer[i, side] = 0.0


def leave(w: World, own: Any, j: int) -> None:
    """Seat `j` has no part in any case now, and is told of none."""
    p = w.sight
    own.docket[j] = NO_CASE
    p.case_side[j] = 0
    p.case_worth[j] = 0.0
    p.case_paid[j] = 0.0
    p.pieces_held[j] = 0.0
    p.piece_quality[j] = 0.0
    for party in range(2):
        p.bribe_offered[j, party] = 0.0
        p.pieces_against[j, party] = 0.0
        p.pieces_for[j, party] = 0.0


def attend(w: World, own: Any, j: int, case: int, side: int) -> None:
    """Seat `j` has a part in a case now; who is a party knows its own evidence."""
    p = w.sight
    x = w.interactions[own.case[case]]
    own.docket[j] = case
    own.side[j] = side
    p.case_side[j] = side
    p.case_worth[j] = award(own, x)
    p.case_paid[j] = x.paid
    p.pieces_held[j] = own.exhibits
    p.piece_quality[j] = own.quality
    if side != JUDGES:
        p.pieces_against[j, side - 1] = own.evidence[case, side - 1]
        p.pieces_for[j, side - 1] = own.exhibits - own.evidence[case, side - 1]


def sits(own: Any, q: int) -> bool:
    """Whether an official is one of the court's arbiters, and has not recused itself."""
    return own.preside[q] == PRESIDE


def bench(w: World, own: Any) -> int:
    """How many arbiters there are."""
    count = 0
    for q in officials(w):
        count += 1 if sits(own, q) else 0
    return count


def empanel(w: World, own: Any, case: int) -> bool:
    """Draw the jury of a case by lot, from arbiters who are free; whether there are enough."""
    size = min(int(own.jury if own.instance[case] == 1 else own.appeal_jury), bench(w, own))
    free = 0
    for q in officials(w):
        free += 1 if sits(own, q) and own.docket[q] == NO_CASE else 0
    if free < size:
        return False
    for seated in range(size):
        best = 0
        highest = -1.0
        for q in officials(w):
            if sits(own, q) and own.docket[q] == NO_CASE:
                lot = draw(w, own, face(w, q), _JURY + own.sitting)
                if lot > highest:
                    highest = lot
                    best = q
        attend(w, own, best, case, JUDGES)
        own.seated[best] = seated
    return True


def show(w: World, own: Any, q: int) -> None:
    """Put before a juror what the parties submit, and what they offer it."""
    p = w.sight
    case = own.docket[q]
    for party in range(2):
        against = float(own.evidence[case, party])
        mild = own.exhibits - against
        stance = own.stance[case, party]
        # Who complains is favoured by what says breach.
        open_against = stance == DISCLOSE or (stance == SUBMIT and party == 0)
        open_for = stance == DISCLOSE or (stance == SUBMIT and party == 1)
        p.pieces_against[q, party] = against if open_against else 0.0
        p.pieces_for[q, party] = mild if open_for else 0.0
        p.bribe_offered[q, party] = own.offer[case, party]


def deposit_fee(w: World, own: Any, case: int, payer: int, points: float) -> None:
    """A party puts up the fee of a hearing, which is held until the arbiters rule."""
    own.deposit[case] = points if hold(w, payer, points) else 0.0
    own.depositor[case] = payer


def count_votes(w: World, own: Any, case: int) -> None:
    """The majority of a case's arbiters decides; they get the fee, and bribes that they took."""
    size = 0
    found = 0
    for q in officials(w):
        if own.docket[q] == case:
            own.panel[own.seated[q]] = q
            size += 1
            found += 1 if own.rule[q] == FIND else 0
    verdict = FIND if 2 * found > size else DISMISS
    guilty = is_guilty(w, own, case)
    presiding = -1
    for k in range(size):
        q = own.panel[k]
        vote = own.rule[q]
        if presiding < 0 and vote == verdict:
            presiding = k
        own.votes[q] += 1
        own.right[q] += 1 if (vote == FIND) == guilty else 0
        party = 0 if vote == FIND else 1
        offered = own.offer[case, party]
        if own.rule_take[q] == 1 and offered > 0:
            briber = face(w, case) if party == 0 else own.accused[case]
            pay(w, briber, face(w, q), offered)
            own.bribes[q] += offered
    own.finder[case] = face(w, own.panel[max(0, presiding)])
    if own.stance[case, 0] == WITHHOLD or own.stance[case, 1] == WITHHOLD:
        own.unheard[case] += 1
    if own.deposit[case] > 0:
        share_out(w, own.depositor[case], own.deposit[case], own.panel, size)
        own.deposit[case] = 0.0
    if own.instance[case] == 2 and own.verdict[case] != verdict:
        own.reversals[case] += 1
    own.verdict[case] = verdict


def lost_by(own: Any, case: int, side: int) -> bool:
    """Whether a side has lost a case."""
    return own.verdict[case] == (DISMISS if side == COMPLAINS else FIND)


def close_case(w: World, own: Any, case: int) -> None:
    """A judgement has become final: it is put on record, and what was found is made good."""
    own.stage[case] = CLOSED
    x = w.interactions[own.case[case]]
    accused = own.accused[case]
    found = own.verdict[case] == FIND
    certainty = own.reading[0] if found else 1 - own.reading[1]
    find_as(w, own.finder[case], accused, face(w, case), found, certainty, own.case[case])
    if found:
        own.found[case] += 1
        own.wrongful[case] += 1 if wrong(w, x, accused, True) else 0
        enforce(w, own, accused, face(w, case), x)


def chance_of_finding(own: Any, guilty: bool) -> float:
    """How likely arbiters who read the evidence well find a breach, at one hearing."""
    return own.reading[0] if guilty else own.reading[1]


def in_the_end(own: Any, guilty: bool, appeals: bool) -> float:
    """How likely they find one in the end, if wrong judgements are appealed."""
    first = chance_of_finding(own, guilty)
    if not appeals:
        return first
    return first + (1 - first) * first if guilty else first * first


def is_guilty(w: World, own: Any, case: int) -> bool:
    """Whether the act in dispute was a breach."""
    return breached(w, w.interactions[own.case[case]])


def clear_bench(w: World, own: Any) -> None:
    """Nobody has a part in any case any more."""
    for j in everybody(w):
        leave(w, own, j)


def open_cases(w: World, own: Any) -> int:
    """How many cases wait to be heard."""
    count = 0
    for i in seats(w):
        count += 1 if own.stage[i] == OPEN else 0
    return count
