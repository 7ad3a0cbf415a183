"""Arbitration: a wronged party may file, a judge who errs decides, remedies follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import COST, pay, treasury
from posalign_sim.world.conduct import answers, breached, find, governed, penalise
from posalign_sim.world.draws import draw, either
from posalign_sim.world.fields import Ints, param, per_agent
from posalign_sim.world.modules import Decision, Institution
from posalign_sim.world.record import GROUP, World, holder, seats

DROP, FILE = 0, 1
NO_CASE = -1

#: Points by which an award may fall short of the fee: less is rounding.
NEGLIGIBLE = 1e-9


class Arbitration(Institution):
    """Who was acted on may file a dispute; a noisy judge finds, and the finding has a price.

    The judge finds a breach with probability `accuracy` where there was one and `false_finding`
    where there was none. On a finding the accused gives back the share `refund` of what was paid
    for the act, pays `damages` to the victim and `fine` to the treasury. Filing costs `fee`,
    which is burnt (the judge's time), won or lost.

    What is a breach, and its proof: a delivery below the promise; in a dilemma a defection, for
    which the partner, having relied on cooperation, has paid reward - sucker. The only proof is
    the judge's finding.

    By default a seat files when it was wronged and the expected award covers the fee.

    Reports, per seat: disputes filed, breaches found, and how many findings were wrongful (no
    breach, or the wrong person).

    Tells: everyone, what a breach leads to on average. Costs: `fee` a dispute, burnt.

    Source: Milgrom, North & Weingast (1990), Economics & Politics 2 (the law merchant).
    Answers: section 5.3 of Laukkonen et al. (2026), dynamic dispute resolution.

    >>> Arbitration(accuracy=0.8).values["accuracy"].item()
    0.8
    """

    needs = ("interactions", "breach")

    accuracy: float = param(0.9, 0, 1, "probability", "that a breach is found")
    false_finding: float = param(0.05, 0, 1, "probability", "that none is found to be one")
    refund: float = param(1.0, 0, 1, "share of what was paid", "given back on a finding")
    damages: float = param(0, 0, 1e6, "points", "paid to the victim on a finding")
    fine: float = param(0, 0, 1e6, "points", "paid to the treasury on a finding")
    fee: float = param(0.25, 0, 1e6, "points", "cost of filing")
    disputed: float = param(1.0, 0, 1, "share", "announced: how many breaches are filed")
    case: Ints = per_agent(np.int32)
    disputes: Ints = per_agent(np.int64, outcome=True)
    found: Ints = per_agent(np.int64, outcome=True)
    wrongful: Ints = per_agent(np.int64, outcome=True)

    file = Decision(
        "redress", ("drop", "file"), summary="Bring what was done to you before the arbiter?"
    )

    @staticmethod
    def announce(w: World, own: Arbitration) -> None:
        p = w.sight
        if_breach = own.disputed * own.accuracy
        if_kept = own.disputed * own.false_finding
        p.found_if_breach[own.place] = either(p.found_if_breach[own.place], if_breach)
        p.found_if_kept[own.place] = either(p.found_if_kept[own.place], if_kept)
        p.loss_if_breach[own.place] += if_breach * (own.damages + own.fine)
        p.loss_if_kept[own.place] += if_kept * (own.damages + own.fine)
        p.refund_if_breach[own.place] += if_breach * own.refund
        p.refund_if_kept[own.place] += if_kept * own.refund

    @staticmethod
    def meet(w: World, own: Arbitration) -> None:
        for i in seats(w):
            own.case[i] = NO_CASE

    @staticmethod
    def witness(w: World, own: Arbitration, x: Any) -> None:
        if x.target != GROUP and (x.pledged or w.standard > 0) and governed(w, own, x.actor):
            victim = holder(w, x.target)
            if own.case[victim] == NO_CASE or weighs_more(
                w, own, x, w.interactions[own.case[victim]]
            ):
                own.case[victim] = w.interaction_count - 1

    @staticmethod
    def who_file(w: World, own: Arbitration, i: int) -> bool:
        return own.case[i] != NO_CASE

    @staticmethod
    def default_file(w: World, own: Arbitration, i: int) -> int:
        x = w.interactions[own.case[i]]
        award = own.accuracy * (own.refund * x.paid + own.damages)
        return FILE if breached(w, x) and award >= own.fee - NEGLIGIBLE else DROP

    @staticmethod
    def redress(w: World, own: Arbitration) -> None:
        for rank in range(w.agents):
            i = w.order[rank]
            if own.file[i] != FILE or own.case[i] == NO_CASE:
                continue
            case = own.case[i]
            x = w.interactions[case]
            pay(w, x.target, COST, own.fee)
            guilty = breached(w, x)
            likely = own.accuracy if guilty else own.false_finding
            own.disputes[i] += 1
            if draw(w, own, x.target, 0) >= likely:
                continue
            accused = answers(w, own, x.actor)
            own.found[i] += 1
            if not guilty or accused != x.actor:
                own.wrongful[i] += 1
            find(w, accused, x.target, True, own.accuracy, case)
            penalise(w, accused, x.target, own.refund * x.paid + own.damages)
            penalise(w, accused, treasury(own), own.fine)


def weighs_more(w: World, own: Arbitration, x: Any, other: Any) -> bool:
    """Whether act `x` is the one to file about, rather than `other`: the lot decides if equal."""
    if x.harm != other.harm:
        return x.harm > other.harm
    return draw(w, own, x.actor, 1) > draw(w, own, other.actor, 1)
