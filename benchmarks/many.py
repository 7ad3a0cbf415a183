"""A scenario of ten modules (and five metrics) and twenty strategies, to measure start-up with."""

from __future__ import annotations

from posalign_sim import COST, OUTSIDERS, Agent, Institution, Rematched, Scenario, Tremble, param
from posalign_sim.agents import (
    Cooperator,
    Defector,
    GenerousTitForTat,
    GoByMajority,
    Grim,
    Honest,
    MemoryOne,
    Opportunist,
    Random,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.world.accounts import pay
from posalign_sim.world.conduct import answers, breached, find, governed, penalise
from posalign_sim.world.draws import chance, draw
from posalign_sim.world.record import face, seats
from posalign_sim.world.sight import other_last, other_mean, own_last, standing, turns

C, D = 0, 1


class Levy(Institution):
    """Everybody pays for the upkeep of the place."""

    due: float = param(0.01, 0, 10, "points", "paid by each seat in each round")

    @staticmethod
    def settle(w, own):
        for i in seats(w):
            if governed(w, own, face(w, i)):
                pay(w, face(w, i), COST, own.due)


class Praise(Institution):
    """Outsiders pay those who cooperate."""

    bonus: float = param(0.1, 0, 10, "points", "paid for each act of cooperation")

    @staticmethod
    def settle(w, own):
        for k in range(w.interaction_count):
            x = w.interactions[k]
            if governed(w, own, x.actor):
                pay(w, OUTSIDERS, answers(w, own, x.actor), own.bonus * x.cooperation)


class Inspection(Institution):
    """Acts are looked into at random."""

    rate: float = param(0.1, 0, 1, "probability", "that an act is looked into")

    @staticmethod
    def redress(w, own):
        for k in range(w.interaction_count):
            x = w.interactions[k]
            if breached(w, x) and draw(w, own, x.actor, 0) < own.rate:
                find(w, answers(w, own, x.actor), x.target, True, 1.0, k)


class Fine(Institution):
    """Who was found in breach pays."""

    amount: float = param(1.0, 0, 100, "points", "paid for each finding")

    @staticmethod
    def redress(w, own):
        for k in range(w.finding_count):
            case = w.findings[k]
            if case.breach:
                penalise(w, answers(w, own, case.accused), COST, own.amount)


class Alternator(Agent):
    @staticmethod
    def move(p, i):
        return C if turns(p, i) % 2 == 0 else D


class SuspiciousTitForTat(Agent):
    @staticmethod
    def move(p, i):
        return C if turns(p, i) > 0 and other_last(p, i) >= 0.5 else D


class Joss(Agent):
    slyness: float = param(0.1, 0, 1, "probability", "chance to defect on a cooperator")

    @staticmethod
    def move(p, i):
        return C if other_last(p, i) >= 0.5 and chance(p, i) >= p.params[i, 0] else D


class Bully(Agent):
    @staticmethod
    def move(p, i):
        return D if turns(p, i) == 0 or other_last(p, i) >= 0.5 else C


class HardMajority(Agent):
    @staticmethod
    def move(p, i):
        return C if turns(p, i) > 0 and other_mean(p, i) > 0.5 else D


class Prober(Agent):
    @staticmethod
    def move(p, i):
        return D if turns(p, i) == 1 else (C if other_last(p, i) >= 0.5 else D)


class Mirror(Agent):
    @staticmethod
    def move(p, i):
        return C if chance(p, i) < other_mean(p, i) else D


class Stubborn(Agent):
    inertia: float = param(0.8, 0, 1, "probability", "chance to do the same again")

    @staticmethod
    def move(p, i):
        same = chance(p, i) < p.params[i, 0]
        return C if (own_last(p, i) >= 0.5) == same else D


class Snob(Agent):
    @staticmethod
    def move(p, i):
        seen = standing(p, i, p.partner[i])
        return D if 0 <= seen < 0.5 else C


STRATEGIES = (
    *(Cooperator, Defector, TitForTat, GenerousTitForTat, WinStayLoseShift, Grim, GoByMajority),
    *(Random, MemoryOne, Honest, Opportunist, Alternator, SuspiciousTitForTat, Joss, Bully),
    *(HardMajority, Prober, Mirror, Stubborn, Snob),
)


def scenario(agents: int = 40) -> Scenario:
    """Every strategy in equal numbers, as far as it goes."""
    assert len(STRATEGIES) == 20
    what = Scenario(
        RepeatedDilemma(),
        [STRATEGIES[k % 20]() for k in range(agents)],
        matching=Rematched(),
        institutions=(Reputation(), Inspection(), Arbitration(), Bond(), Fine(), Praise(), Levy()),
        noise=Tremble(),
        rounds=50,
    )
    assert len(what.modules) - len(what.metrics) == 10
    return what
