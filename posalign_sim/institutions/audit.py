"""Audit: acts are looked into at random, and those of suspects more often; both errors happen."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from posalign_sim.institutions.own_fines import tell_no_own_fines, tell_own_fine
from posalign_sim.world.accounts import COST, jurisdiction_of, pay, treasury
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, find_as, governed, penalise
from posalign_sim.world.draws import draw, either
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, per_identity, scalar
from posalign_sim.world.fields import table as array
from posalign_sim.world.modules import SHUFFLED, Block, Decision, Institution
from posalign_sim.world.record import (
    NOBODY,
    World,
    acts,
    face,
    holder,
    identities,
    officials,
    seats,
)

HUSH, REPORT = 0, 1
NO_CASE = -1
#: Draws about one act: whether it is audited, and what the audit shows.
LOOKED, SHOWN, DRAWS = 0, 1, 2
#: Standing below which an identity is in bad standing.
BAD = 0.5


class Audit(Institution):
    """Each act is audited with probability `rate`, and with `targeting` more if it is a suspect's.

    Suspects are those in bad published standing (below 1/2), and those whom an audit has found in
    breach within `watched` rounds. An audit shows an irregularity with probability `power` where
    there was a breach, and `false_positive` where there was none. What is reported is a finding,
    and costs the accused `fine`, paid to the treasury.

    What is a breach: a promise not kept or, without promises, an act below the game's standard.
    What somebody has already answered for is not audited; an audit happens before other
    institutions' hearings if it stands before them in the stack.

    Who holds the office of auditor decides of each irregularity whether it is reported. Several
    decide together, one case after the other: a case is reported if at least half of them say so.
    Where nobody holds the office every irregularity is reported.

    Reports, per seat: audits of it, findings, and how many were wrongful. Per auditor: what it
    reported, what it hushed up, how many of these decisions were right, and breaches hushed up.

    Tells: everyone, what an audit leads to on average; each suspect, how much more a breach costs
    it; auditors, whose act it is, how sure they can be and the harm. Costs: `cost` an audit, burnt,
    paid by who is audited.

    Source: Becker (1968), JPE 76; Polinsky & Shavell (2000), JEL 38 (errors of both kinds);
    Harrington (1988), Journal of Public Economics 37 (targeting by record).
    Answers: section 5.3 of Laukkonen et al. (2026), auditors.

    >>> Audit(rate=0.5).values["rate"].item()
    0.5
    """

    needs = ("interactions", "breach")
    provides = ("findings",)
    offices = ("auditor",)
    customary: ClassVar = {"auditor": ("honest",)}

    rate: float = param(0.3, 0, 1, "probability", "that an act is audited")
    targeting: float = param(0, 0, 1, "probability", "that is added for suspects")
    watched: float = param(3, 0, 1e9, "rounds", "for which who was found in breach is a suspect")
    power: float = param(0.9, 0, 1, "probability", "that an audit shows a breach")
    false_positive: float = param(
        0.02, 0, 1, "probability", "that it shows one where there is none"
    )
    fine: float = param(10, 0, 1e6, "points", "paid to the treasury on a finding")
    cost: float = param(0.1, 0, 1e6, "points", "cost of an audit")
    passed_on: float = param(1, 0, 1, "share", "announced: how many irregularities are reported")
    told: Floats = per_agent()
    suspect_until: Ints = per_identity(np.int64)
    acts: Ints = per_identity(np.int64)
    shown: Flags = array(np.uint8, "interactions")
    open_case: int = scalar(np.int64, initial=NO_CASE)
    inspected: int = scalar(np.uint8)
    audits: Ints = per_agent(np.int64, outcome=True)
    found: Ints = per_agent(np.int64, outcome=True)
    wrongful: Ints = per_agent(np.int64, outcome=True)
    reported: Ints = per_agent(np.int64, outcome=True)
    hushed: Ints = per_agent(np.int64, outcome=True)
    decided_right: Ints = per_agent(np.int64, outcome=True)
    covered_up: Ints = per_agent(np.int64, outcome=True)

    report_irregularity = Decision(
        "redress",
        ("hush", "report"),
        default="report",
        roles=("auditor",),
        summary="An audit shows an irregularity: report it as a breach, or hush it up?",
    )
    hearing = Block(("report_irregularity",))

    @staticmethod
    def announce(w: World, own: Audit) -> None:
        p, at = w.sight, jurisdiction_of(own)
        if_breach = own.passed_on * own.rate * own.power
        if_kept = own.passed_on * own.rate * own.false_positive
        p.found_if_breach[at] = either(p.found_if_breach[at], if_breach)
        p.found_if_kept[at] = either(p.found_if_kept[at], if_kept)
        p.loss_if_breach[at] += if_breach * own.fine
        p.loss_if_kept[at] += if_kept * own.fine

    @staticmethod
    def publish(w: World, own: Audit) -> None:
        if own.targeting == 0:
            return
        for i in seats(w):
            if governed(w, own, face(w, i)):
                more = rate_of(w, own, face(w, i)) - own.rate
                gap = own.passed_on * (own.power - own.false_positive) * own.fine
                tell_own_fine(w, own, i, more * gap)

    @staticmethod
    def withdraw(w: World, own: Audit) -> None:
        tell_no_own_fines(w, own)

    @staticmethod
    def meet(w: World, own: Audit) -> None:
        own.inspected = 0
        for m in identities(w):
            own.acts[m] = 0

    @staticmethod
    def who_report_irregularity(w: World, own: Audit, i: int) -> bool:
        return own.open_case != NO_CASE

    @staticmethod
    def after_report_irregularity(w: World, own: Audit) -> None:
        if own.strength < SHUFFLED:
            return
        case = int(own.open_case)
        if own.inspected == 0:
            own.inspected = 1
            if inspect(w, own) > 0:
                call_next(w, own)
        elif case != NO_CASE:
            own.shown[case] = 0
            decide(w, own, case)
            call_next(w, own)

    @staticmethod
    def again_hearing(w: World, own: Audit) -> bool:
        return own.open_case != NO_CASE


def rate_of(w: World, own: Audit, m: int) -> float:
    """How likely an act of identity `m` is audited."""
    if own.targeting == 0:
        return own.rate
    p = w.sight
    suspect = w.clock < own.suspect_until[m]
    if p.standing_known[m] and p.standing[m] < BAD:
        suspect = True
    return min(1.0, own.rate + own.targeting) if suspect else own.rate


def inspect(w: World, own: Audit) -> int:
    """Audit acts by lot, at the cost of who is audited; note which look irregular, and count."""
    irregular = 0
    for k in acts(w):
        x = w.interactions[k]
        own.shown[k] = 0
        m = int(x.actor)
        if x.judged or not (x.pledged or w.standard > 0) or not governed(w, own, m):
            continue
        luck = DRAWS * int(own.acts[m])
        own.acts[m] += 1
        if draw(w, own, m, luck + LOOKED) >= rate_of(w, own, m):
            continue
        own.audits[holder(w, m)] += 1
        pay(w, m, COST, own.cost)
        likely = own.power if breached(w, x) else own.false_positive
        if draw(w, own, m, luck + SHOWN) < likely:
            own.shown[k] = 1
            irregular += 1
    return irregular


@rare
def call_next(w: World, own: Audit) -> None:
    """Put the next irregularity before the auditors; without any, report all that there are."""
    own.open_case = NO_CASE
    for k in acts(w):
        if own.shown[k] == 0:
            continue
        if w.officials == 0:
            own.shown[k] = 0
            convict(w, own, k, NOBODY)
            continue
        own.open_case = k
        break
    tell_auditors(w, own)


def tell_auditors(w: World, own: Audit) -> None:
    """Tell auditors about the case that is open, or that there is none."""
    p = w.sight
    for o in officials(w):
        if not governed(w, own, face(w, o)):
            continue
        if own.open_case == NO_CASE:
            p.audit_suspect[o] = NOBODY
            p.audit_certainty[o] = 0.0
            p.audit_harm[o] = 0.0
            continue
        x = w.interactions[own.open_case]
        p.audit_suspect[o] = x.actor
        p.audit_certainty[o] = certainty(own)
        p.audit_harm[o] = x.harm


def certainty(own: Audit) -> float:
    """How sure a shown irregularity is a breach, if acts are as often breaches as not."""
    return own.power / max(1e-12, own.power + own.false_positive)


@rare
def decide(w: World, own: Audit, case: int) -> None:
    """What auditors decided of a case; if there are none, it is reported."""
    x = w.interactions[case]
    guilty = breached(w, x)
    asked = 0
    reporting = 0
    finder = NOBODY
    for rank in range(w.officials):
        o = w.order[w.agents + rank]
        said = own.report_irregularity[o]
        if said < 0 or not governed(w, own, face(w, o)):
            continue
        asked += 1
        own.decided_right[o] += 1 if (said == REPORT) == guilty else 0
        if said == REPORT:
            own.reported[o] += 1
            reporting += 1
            if finder == NOBODY:
                finder = int(face(w, o))
        else:
            own.hushed[o] += 1
            own.covered_up[o] += 1 if guilty else 0
    if asked == 0 or 2 * reporting >= asked:
        convict(w, own, case, finder)


@rare
def convict(w: World, own: Audit, case: int, finder: int) -> None:
    """A reported irregularity is a finding; who answers for it is fined, and watched."""
    x = w.interactions[case]
    if x.judged:
        return
    accused = answers(w, own, x.actor)
    i = holder(w, accused)
    own.found[i] += 1
    if accused != x.actor or not breached(w, x):
        own.wrongful[i] += 1
    own.suspect_until[accused] = w.clock + 1 + int(min(own.watched, 1e9))
    find_as(w, finder, accused, x.target, True, certainty(own), case)
    penalise(w, accused, treasury(own), own.fine)


__all__ = ["Audit"]
