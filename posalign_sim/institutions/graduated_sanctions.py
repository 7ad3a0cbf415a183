"""Graduated sanctions: a warning first, then fines that grow with the record, and are forgiven."""

from __future__ import annotations

import numpy as np

from posalign_sim.institutions.own_fines import tell_no_own_fines, tell_own_fine
from posalign_sim.world.accounts import COST, jurisdiction_of, pay, treasury
from posalign_sim.world.conduct import answers, breached, find, governed, penalise
from posalign_sim.world.draws import draw, either
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, per_identity, scalar
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import World, acts, face, holder, identities, seats


class GraduatedSanctions(Institution):
    """The first breaches on record bring a warning, further ones fines that grow with their number.

    With b breaches on its record (fewer than `warnings` are answered by a warning) who is caught
    pays `fine` x `factor`^(b - warnings), at most `most`. After `forgiven` rounds in which an
    identity acted and was not caught its record is empty again. By `proof` monitors catch a breach
    with probability `evident` (0), looking at what each did in a round as a whole, or the
    findings of institutions before this one count (1). One sanction a round is the most.

    What is a breach: a promise not kept or, without promises, an act below the game's standard, for
    which nobody has answered yet. What monitors catch is a finding. Records belong to identities:
    a new identity begins with a warning.

    Fines go to the treasury. Without a finder before it, `proof` 1 sanctions nobody.

    Reports, per seat: warnings, fines, and how many sanctions were wrongful (for another's breach,
    or on a finding, for none).

    Tells: everyone, what the first step is expected to cost; each seat its own breaches on record,
    and how much more the next one is expected to cost it. Costs: `monitoring` a seat and round.

    Source: Ostrom (1990), Governing the Commons (design principles 4 and 5).
    Answers: table 3 of Laukkonen et al. (2026), graduated sanctions.

    >>> GraduatedSanctions(warnings=0).values["warnings"].item()
    0.0
    """

    needs = ("interactions", "breach")
    provides = ("findings",)

    fine: float = param(1, 0, 1e6, "points", "first fine")
    factor: float = param(2, 1, 100, "factor", "by which a fine exceeds the one before")
    most: float = param(8, 0, 1e6, "points", "greatest fine")
    warnings: float = param(1, 0, 1000, "breaches", "that bring a warning and no fine")
    forgiven: float = param(5, 1, 1e9, "rounds", "of good conduct that empty the record")
    evident: float = param(0.9, 0, 1, "probability", "that monitors catch a breach")
    proof: float = param(0, 0, 1, "0 or 1", "1: findings count, not what monitors see")
    monitoring: float = param(0.02, 0, 1e6, "points per seat and round", "cost of monitors, burnt")
    chance: float = scalar()
    told: Floats = per_agent()
    breaches: Ints = per_identity(np.int64)
    next_fine: Floats = per_identity()
    good_rounds: Ints = per_identity(np.int64)
    acted: Flags = per_identity(np.uint8)
    caught: Flags = per_identity(np.uint8)
    warned: Ints = per_agent(np.int64, outcome=True)
    fined: Ints = per_agent(np.int64, outcome=True)
    wrongly_sanctioned: Ints = per_agent(np.int64, outcome=True)

    @staticmethod
    def announce(w: World, own: GraduatedSanctions) -> None:
        p, at = w.sight, jurisdiction_of(own)
        if own.proof == 1:
            own.chance = p.found_if_breach[at]
            p.loss_if_kept[at] += p.found_if_kept[at] * first_fine(own)
        else:
            own.chance = own.evident
            p.found_if_breach[at] = either(p.found_if_breach[at], own.evident)
        p.loss_if_breach[at] += own.chance * first_fine(own)

    @staticmethod
    def publish(w: World, own: GraduatedSanctions) -> None:
        first = first_fine(own)
        for i in seats(w):
            m = face(w, i)
            if governed(w, own, m):
                w.sight.own_breaches[i] = own.breaches[m]
                # Who has nothing on record is told nothing more than everybody.
                more = own.next_fine[m] - first if own.breaches[m] > 0 else 0.0
                tell_own_fine(w, own, i, own.chance * more)

    @staticmethod
    def withdraw(w: World, own: GraduatedSanctions) -> None:
        tell_no_own_fines(w, own)
        for i in seats(w):
            if governed(w, own, face(w, i)):
                w.sight.own_breaches[i] = 0

    @staticmethod
    def redress(w: World, own: GraduatedSanctions) -> None:
        if own.proof == 1:
            for k in range(w.finding_count):
                case = w.findings[k]
                accused = answers(w, own, case.accused)
                if case.breach and governed(w, own, accused) and not own.caught[accused]:
                    x = w.interactions[case.case]
                    sanction(w, own, accused, breached(w, x) and x.actor == accused)
        for k in acts(w):
            x = w.interactions[k]
            own.acted[x.actor] = 1
            if own.proof == 1 or x.judged or not breached(w, x) or not governed(w, own, x.actor):
                continue
            accused = answers(w, own, x.actor)
            if own.caught[accused] or draw(w, own, x.actor, 0) >= own.evident:
                continue
            find(w, accused, x.target, True, 1.0, k)
            sanction(w, own, accused, accused == x.actor)

    @staticmethod
    def settle(w: World, own: GraduatedSanctions) -> None:
        for m in identities(w):
            if not governed(w, own, m):
                continue
            if own.caught[m]:
                own.good_rounds[m] = 0
            elif own.acted[m]:
                own.good_rounds[m] += 1
                if own.good_rounds[m] >= own.forgiven:
                    own.breaches[m] = 0
            own.caught[m] = 0
            own.acted[m] = 0
        for i in seats(w):
            if governed(w, own, face(w, i)):
                pay(w, face(w, i), COST, own.monitoring)


def first_fine(own: GraduatedSanctions) -> float:
    """Points that a breach costs who has nothing on record: 0 for a warning."""
    return min(own.fine, own.most) if own.warnings <= 0 else 0.0


def fine_after(own: GraduatedSanctions, breaches: int, fine: float) -> float:
    """Points that the next breach costs, when the one just written down has cost `fine`.

    Multiplied up from fine to fine: powers can differ in the last bit from machine to machine.
    """
    if breaches < own.warnings:
        return 0.0
    if breaches - 1 < own.warnings:
        return min(own.fine, own.most)
    return min(own.most, fine * own.factor)


def sanction(w: World, own: GraduatedSanctions, accused: int, right: bool) -> None:
    """Warn or fine an identity, by its record, and write the breach down."""
    i = holder(w, accused)
    points = own.next_fine[accused] if own.breaches[accused] > 0 else first_fine(own)
    own.caught[accused] = 1
    if own.breaches[accused] < own.warnings:
        own.warned[i] += 1
    else:
        own.fined[i] += 1
        penalise(w, accused, treasury(own), points)
    if not right:
        own.wrongly_sanctioned[i] += 1
    own.breaches[accused] += 1
    own.next_fine[accused] = fine_after(own, own.breaches[accused], points)
