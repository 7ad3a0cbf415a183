"""A slow court: disputes that stay open over rounds, while security is held and trade may stop."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.docket import (
    NO_CASE,
    award,
    choose_leads,
    leads,
    may_file,
    note_grievance,
    tell_findings,
)
from posalign_sim.institutions.recess import NO_SEAT, count_idle, end_recess, leave_table
from posalign_sim.world.accounts import (
    COST,
    MINOR,
    hold_units,
    jurisdiction_of,
    minor,
    pay,
    payable,
    settle_units,
    treasury,
)
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, find, governed, penalise
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, scalar, table
from posalign_sim.world.modules import Decision, Institution
from posalign_sim.world.record import World, face, holder, seats

DROP, FILE = 0, 1


class Tribunal(Institution):
    """Who was acted on may file a dispute; it is heard `delay` rounds later, and open till then.

    Who may file, what for, and the remedies are those of arbitration: the judge finds a breach
    with probability `accuracy` where there was one and `false_finding` where there was none; then
    the accused gives back the share `refund` of what was paid for the act, pays `damages` and the
    share `shifting` of the fee to who filed, and `fine` to the treasury. With `delay` 0 a case is
    heard at once. A seat has one open case as complainant at most, and files the next in the round
    after the hearing; it may be accused in several.

    Under which names the parties acted, what is claimed, and who answers for it (in a placebo the
    same other one all along) is written down as the case is opened. While it is open

    * the accused has `security` in escrow, or as much as its balance covered at filing: paid to
      who filed on a finding, as far as it is due, and given back otherwise. The rest is asked of
      the accused, who may be bankrupt by then: what it cannot pay stays unpaid;
    * it costs who filed `upkeep` a round, from the round after filing to that of the hearing;
    * with `suspends` 1 the parties do not play under these names: each sits out `delay` rounds, and
      so does who is left alone. Others at a larger table play on. All are back in their seats as
      the next round begins.

    A case lapses (nobody judges it, the security goes back, fee and upkeep are lost) if

    * another institution finds the act a breach in the round of filing: it is answered for;
    * who complains or is accused begins anew under another name: a way to escape all that the
      security does not cover;
    * the institution is withdrawn: the arbiter vanishes;
    * the last round is over, where it is known which that is. If the world ends by chance, what is
      held is its owner's own, and counts as its wealth.

    A judgement is a finding for others only with `delay` 0: findings are about acts of the round,
    and older ones are forgotten. So it offers no findings to those who require them. It suspends
    nobody where seats play with all neighbours on a network at once: there are no tables to leave.

    At stake in filing: the award, if the world lasts till then; the fee, upkeep, and trade forgone
    (a round is worth what a deal earns that is kept). By default a seat files if it was wronged and
    that pays: where the wait costs more than the claim is worth, nobody does.

    Reports, per seat that filed: disputes, breaches found, wrongful findings, cases that lapsed;
    and, for each seat, in how many rounds it was idle because of somebody's case.

    Tells: everyone, what a breach leads to on average, discounted by nothing, neither for delay nor
    for the end of the world: what the case costs the accused, and `delay` rounds of trade if they
    are forgone. Costs: `fee` a dispute, `upkeep` an open case and round, burnt; trade forgone.

    Source: Landes (1971), Journal of Law and Economics 14 (what delay costs; security till trial);
    Priest & Klein (1984), Journal of Legal Studies 13 (who goes to court, by what is at stake).
    Answers: section 5.3 of Laukkonen et al. (2026), dynamic dispute resolution: what it costs to
    wait for it.

    >>> Tribunal(delay=5).values["delay"].item()
    5.0
    """

    needs = ("interactions", "breach")

    delay: float = param(2, 0, 1000, "rounds", "from filing to the hearing; 0: at once")
    suspends: float = param(0, 0, 1, "0 or 1", "1: parties to an open case do not play")
    security: float = param(1, 0, 1e6, "points", "that the accused puts into escrow at filing")
    accuracy: float = param(0.9, 0, 1, "probability", "that a breach is found")
    false_finding: float = param(0.05, 0, 1, "probability", "that none is found to be one")
    refund: float = param(1.0, 0, 1, "share of what was paid", "given back on a finding")
    damages: float = param(0, 0, 1e6, "points", "paid to the victim on a finding")
    fine: float = param(0, 0, 1e6, "points", "paid to the treasury on a finding")
    fee: float = param(0.25, 0, 1e6, "points", "cost of filing")
    upkeep: float = param(0.05, 0, 1e6, "points per round", "that an open case costs who filed")
    shifting: float = param(0, 0, 1, "share of the fee", "that an accused who loses makes good")
    disputed: float = param(1.0, 0, 1, "share", "announced: how many breaches are filed")
    # of this round: what each seat complains about, and whose complaint about an act is heard
    case: Ints = per_agent(np.int32, initial=NO_CASE)
    lead: Ints = table(np.int32, "interactions")
    # The open case of each seat that filed: when it is heard, between which names, whether the act
    # was a breach, and of who answers for it, what is claimed, minor units held. It outlives names
    # (the first axis is not theirs): see `forget`.
    due: Ints = per_agent(np.int64, initial=NO_CASE)
    victim: Ints = per_agent(np.uint32)
    accused: Ints = per_agent(np.uint32)
    guilty: Flags = per_agent(np.uint8)
    culprit: Flags = per_agent(np.uint8)
    claim: Floats = per_agent()
    deposit: Ints = per_agent(np.int64)
    # the seating of a round before parties have left their tables, and the first who did
    following: Ints = per_agent(np.uint32)
    hosts: Ints = per_agent(np.uint32)
    chairs: Ints = per_agent(np.uint32)
    absent: int = scalar(np.int64, initial=NO_SEAT)
    disputes: Ints = per_agent(np.int64, outcome=True)
    found: Ints = per_agent(np.int64, outcome=True)
    wrongful: Ints = per_agent(np.int64, outcome=True)
    lapsed: Ints = per_agent(np.int64, outcome=True)
    idle: Ints = per_agent(np.int64, outcome=True, unit="rounds")

    file = Decision(
        "redress",
        ("drop", "file"),
        if_wronged=True,
        summary="Bring what was done to you before the arbiter?",
    )

    @property
    def unseats(self) -> bool:
        """Whether it suspends parties in any world."""
        return bool((self.values["suspends"] > 0).any())

    @staticmethod
    def announce(w: World, own: Tribunal) -> None:
        p = w.sight
        at = jurisdiction_of(own)
        if_breach = own.disputed * own.accuracy
        if_kept = own.disputed * own.false_finding
        cost = own.damages + own.fine + own.shifting * own.fee
        if wait(own) == 0:
            tell_findings(w, own, if_breach, if_kept, cost)
        else:
            # What is found later is no finding: no bond is lost by it.
            p.loss_if_breach[at] += if_breach * cost
            p.loss_if_kept[at] += if_kept * cost
        p.refund_if_breach[at] += if_breach * own.refund
        p.refund_if_kept[at] += if_kept * own.refund
        if own.suspends == 1:
            # Without a breach nobody is expected to file.
            p.loss_if_breach[at] += own.disputed * wait(own) * trade_of_a_round(w, own)

    @staticmethod
    def publish(w: World, own: Tribunal) -> None:
        end_recess(w, own)

    @staticmethod
    def seating(w: World, own: Tribunal) -> None:
        if own.suspends == 1:
            stand_down(w, own)

    @staticmethod
    def meet(w: World, own: Tribunal) -> None:
        for i in seats(w):
            own.case[i] = NO_CASE

    @staticmethod
    def witness(w: World, own: Tribunal, x: Any) -> None:
        note_grievance(w, own, x)

    @staticmethod
    def who_file(w: World, own: Tribunal, i: int) -> bool:
        return own.due[i] == NO_CASE and may_file(w, own, i)

    @staticmethod
    def stakes_file(w: World, own: Tribunal, i: int) -> tuple[float, float, float, float]:
        x = w.interactions[own.case[i]]
        guilty = breached(w, x)
        rounds, heard = outlook(w, own)
        likely = heard * (own.accuracy if guilty else own.false_finding)
        won = likely * award(own, x)
        price = own.fee * (1 - likely * own.shifting) + rounds * own.upkeep
        damage = won + likely * (own.fine + own.shifting * own.fee)
        if own.suspends == 1:
            price += rounds * trade(w, i)
            damage += rounds * trade(w, int(holder(w, answers(w, own, x.actor))))
        return won, price, damage, 1.0 if guilty else 0.0

    @staticmethod
    def after_file(w: World, own: Tribunal) -> None:
        if not choose_leads(w, own):
            return
        # What can be put into escrow does not depend on whose case is opened first.
        for i in seats(w):
            if leads(own, i):
                pay(w, face(w, i), COST, own.fee)
        for rank in range(w.agents):
            i = w.order[rank]
            if leads(own, i):
                open_case(w, own, i)

    @staticmethod
    def redress(w: World, own: Tribunal) -> None:
        for rank in range(w.agents):
            i = w.order[rank]
            if own.due[i] == NO_CASE:
                continue
            if own.due[i] < w.clock + wait(own):
                pay(w, own.victim[i], COST, own.upkeep)
            if own.due[i] <= w.clock:
                hear(w, own, i)

    @staticmethod
    def settle(w: World, own: Tribunal) -> None:
        last = w.clock + 1 >= w.rounds
        for i in seats(w):
            if own.due[i] != NO_CASE and (last or answered_for(w, own, i)):
                lapse(w, own, i)

    @staticmethod
    def withdraw(w: World, own: Tribunal) -> None:
        end_recess(w, own)
        for i in seats(w):
            if own.due[i] != NO_CASE:
                lapse(w, own, i)

    @staticmethod
    def forget(w: World, own: Tribunal, m: int) -> None:
        for i in seats(w):
            if own.due[i] != NO_CASE and (own.victim[i] == m or own.accused[i] == m):
                lapse(w, own, i)


def wait(own: Tribunal) -> int:
    """Whole rounds from filing to the hearing."""
    return int(own.delay)


@rare
def outlook(w: World, own: Tribunal) -> tuple[float, float]:
    """Of a case that is filed now: rounds for which it will be open, how likely it is heard."""
    likely = 1.0
    rounds = 0.0
    for _ in range(min(wait(own), int(w.rounds - w.clock - 1))):
        likely *= w.continuation
        rounds += likely
    return rounds, likely if w.clock + wait(own) < w.rounds else 0.0


def trade(w: World, i: int) -> float:
    """Points that seat `i` earns in a round by a deal that is kept, beyond those without one."""
    return max(0.0, w.sight.rent[i] - w.sight.fallback[i])


@rare
def trade_of_a_round(w: World, own: Tribunal) -> float:
    """What a round of trade is worth on average to those who can be tempted."""
    count = 0
    total = 0.0
    for rank in range(w.agents):
        i = w.order[rank]
        if governed(w, own, face(w, i)) and w.sight.temptation[i] > 0:
            count += 1
            total += trade(w, i)
    return total / count if count > 0 else 0.0


@rare
def open_case(w: World, own: Tribunal, i: int) -> None:
    """Write down what matters of the case of seat `i`, and take security for it."""
    x = w.interactions[own.case[i]]
    m = answers(w, own, x.actor)
    own.disputes[i] += 1
    own.due[i] = w.clock + wait(own)
    own.victim[i] = face(w, i)
    own.accused[i] = m
    own.guilty[i] = 1 if breached(w, x) else 0
    own.culprit[i] = 1 if m == x.actor else 0
    own.claim[i] = award(own, x) + own.shifting * own.fee
    own.deposit[i] = min(minor(own.security), max(0, int(w.balance[m])))
    if own.deposit[i] > 0:
        hold_units(w, m, own.deposit[i])


@rare
def hear(w: World, own: Tribunal, i: int) -> None:
    """Judge the case of seat `i`, carry out what follows, and close it."""
    accused = own.accused[i]
    likely = own.accuracy if own.guilty[i] else own.false_finding
    guilty = draw(w, own, own.victim[i], 0) < likely
    if wait(own) == 0:
        find(w, accused, own.victim[i], guilty, own.accuracy, own.case[i])
    if not guilty:
        close_case(w, own, i)
        return
    own.found[i] += 1
    own.wrongful[i] += 0 if own.guilty[i] and own.culprit[i] else 1
    claimed = payable(w, own.claim[i])
    secured = min(int(own.deposit[i]), claimed)
    if secured > 0:
        settle_units(w, accused, own.victim[i], secured)
        own.deposit[i] -= secured
        w.sight.sanction[holder(w, accused)] += secured / MINOR
    # What is left of the security is within reach again when the rest is asked for.
    close_case(w, own, i)
    if secured < claimed:
        penalise(w, accused, own.victim[i], own.claim[i] - secured / MINOR)
    penalise(w, accused, treasury(own), own.fine)


def close_case(w: World, own: Tribunal, i: int) -> None:
    """Seat `i` has no open case any more; what is still held for it is given back."""
    own.due[i] = NO_CASE
    if own.deposit[i] > 0:
        settle_units(w, own.accused[i], own.accused[i], own.deposit[i])
        own.deposit[i] = 0


def lapse(w: World, own: Tribunal, i: int) -> None:
    """The case of seat `i` is closed without a judgement."""
    own.lapsed[i] += 1
    close_case(w, own, i)


def answered_for(w: World, own: Tribunal, i: int) -> bool:
    """Whether the case of seat `i`, opened in this round, is of an act that others have judged."""
    opened_now = own.due[i] == w.clock + wait(own)
    return opened_now and w.interactions[own.case[i]].judged == 1


@rare
def stand_down(w: World, own: Tribunal) -> None:
    """Parties to open cases leave their tables for this round; who is left alone is idle too."""
    for rank in range(w.agents):
        i = w.order[rank]
        if own.due[i] != NO_CASE:
            leave_table(w, own, own.victim[i])
            leave_table(w, own, own.accused[i])
    count_idle(w, own)


__all__ = ["Tribunal"]
