"""Charges: whoever does harm pays for it by the point."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.incomes import binding, count_touched, harm_to_all
from posalign_sim.world.accounts import COST, MINOR, OUTSIDERS, balance_of, treasury
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, governed, penalise, touched
from posalign_sim.world.fields import Floats, param, per_agent, scalar, table
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import World, acts, face, holder

#: Who is paid a charge.
HARMED, PURSE, OUTSIDE = 0, 1, 2


class PigouvianCharge(Institution):
    """Who harms others by an act pays `rate` points for each point of harm, breach or no breach.

    The harm is what the game records of the act: what its target loses by it, or all of a group
    together. It needs no finding: harm is measured. What third parties have lost in the round is
    charged for, too, at `outside` points a point, to those who did harm, in proportion to it
    (where nobody did, to nobody).

    The charge goes to whoever is harmed (`payee` 0: the others of a group alike, outsiders for
    their loss), to the treasury (1), or all to outsiders (2), but for the share `cost`, which
    measuring it uses up. At a rate of 1 that is paid to somebody else everybody bears all the harm
    that it does, and what is best for it is best for all.

    Reports, per seat: points charged.

    Tells: everyone, what a breach, and what an act that is none, is charged on average: the mean
    of those so far, before the first `rate` x `foreseen` for a breach and nothing for none.
    Costs: the share `cost` of each charge, burnt.

    Source: Pigou (1920), The Economics of Welfare; Baumol (1972), AER 62.
    Answers: section 5.3 of Laukkonen et al. (2026), incentives that internalise harm.

    >>> PigouvianCharge(rate=0.5).values["rate"].item()
    0.5
    """

    needs = ("interactions", "breach")

    rate: float = param(1, 0, 100, "points per point of harm", "charged")
    outside: float = param(0, 0, 100, "points per point", "charged for what outsiders lose")
    payee: float = param(0, 0, 2, "0, 1 or 2", "paid to 0: the harmed, 1: treasury, 2: outsiders")
    cost: float = param(0.02, 0, 1, "share of a charge", "burnt")
    foreseen: float = param(1, 0, 1e6, "points", "harm of a breach to all, until one is seen")
    # by whether an act was a breach: what was charged for such acts, and how many there were
    bills: Floats = table(np.float64, 2)
    acts: Floats = table(np.float64, 2)
    outsiders_mark: int = scalar(np.int64)
    charged: Floats = per_agent(outcome=True, unit="points")

    @staticmethod
    def announce(w: World, own: PigouvianCharge) -> None:
        p = w.sight
        before = own.rate * own.foreseen
        p.loss_if_breach[own.place] += own.bills[1] / own.acts[1] if own.acts[1] > 0 else before
        p.loss_if_kept[own.place] += own.bills[0] / own.acts[0] if own.acts[0] > 0 else 0.0

    @staticmethod
    def publish(w: World, own: PigouvianCharge) -> None:
        own.outsiders_mark = balance_of(w, OUTSIDERS)

    @staticmethod
    def redress(w: World, own: PigouvianCharge) -> None:
        lost = max(0, own.outsiders_mark - balance_of(w, OUTSIDERS)) / MINOR
        total = 0.0
        for k in acts(w):
            total += harm_to_all(w, w.interactions[k])
        for k in acts(w):
            x = w.interactions[k]
            if not governed(w, own, x.actor):
                continue
            harm = harm_to_all(w, x)
            for_them = own.rate * harm
            for_outsiders = own.outside * lost * harm / total if harm > 0 else 0.0
            if binding(w, x):
                kind = 1 if breached(w, x) else 0
                own.acts[kind] += 1
                own.bills[kind] += for_them + for_outsiders
            if harm > 0:
                charge(w, own, x, for_them, for_outsiders)


@rare
def charge(w: World, own: Any, x: Any, for_them: float, for_outsiders: float) -> None:
    """Make the actor of an act, or who answers for it, pay for its harm."""
    accused = answers(w, own, x.actor)
    bill = for_them + for_outsiders
    own.charged[holder(w, accused)] += bill
    penalise(w, accused, COST, own.cost * bill)
    left = 1 - own.cost
    if own.payee != HARMED:
        payee = treasury(own) if own.payee == PURSE else OUTSIDERS
        penalise(w, accused, payee, left * bill)
        return
    penalise(w, accused, OUTSIDERS, left * for_outsiders)
    count = count_touched(w, x)
    for k in range(count):
        penalise(w, accused, face(w, touched(w, x, k)), left * for_them / count)
