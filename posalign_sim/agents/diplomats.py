"""Parties to a crisis: hawks, doves, mirrors, and those who try to talk or walk down the ladder."""

from __future__ import annotations

import numpy as np

from posalign_sim.agents.strategies.past import other_defected, own_defected
from posalign_sim.envs.crisis import (
    CATASTROPHE,
    DE_ESCALATE,
    HOLD,
    NON_VIOLENT,
    POSTURE,
    SILENT,
    TICKS,
    VIOLENT,
    CrisisSight,
)
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, parameter

#: The one choice of those who set their armament; the first of those in a dilemma.
SET_ARMS = COOPERATE = 0

# What who takes an initiative keeps in mind: rounds of it that are left, whether it has had one,
# and for how many rounds it has mirrored since.
LEFT, TRIED, WAITED = range(3)


def mirrored(p: CrisisSight, i: int, ceiling: float) -> int:
    """The highest act that was seen of the others, no higher than `ceiling`."""
    return int(min(p.seen_highest[i], ceiling))


class Hawk(Agent):
    """Takes the same high rung whatever happens, and says so.

    Source: Snyder & Diesing (1977), Conflict Among Nations (hard-liners).
    """

    stance: float = param(VIOLENT, 0, CATASTROPHE, "rung", "what it always does")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return int(parameter(p, i, 0))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return int(parameter(p, i, 0))


class Dove(Agent):
    """Always steps down, and says so.

    Source: Snyder & Diesing (1977), Conflict Among Nations (soft-liners).
    """

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return DE_ESCALATE

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return DE_ESCALATE


class Mirror(Agent):
    """Does the highest thing that it saw another do last, up to a ceiling: tit for tat on a ladder.

    It says what it will do. Who sees worse than there is climbs, and never comes down.

    Source: Rapoport in Axelrod (1980), Journal of Conflict Resolution 24; Jervis (1976),
    Perception and Misperception in International Politics (the spiral model).
    """

    ceiling: float = param(VIOLENT, 0, CATASTROPHE, "rung", "it goes no higher")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return mirrored(p, i, parameter(p, i, 0))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return mirrored(p, i, parameter(p, i, 0))


class PatientDiplomat(Agent):
    """Mirrors, but answers one rung lower with probability `generosity`.

    It is silent about which: what it says would be half a promise.

    Source: Nowak & Sigmund (1992), Nature 355 (generous tit for tat), on a ladder.
    """

    generosity: float = param(0.5, 0, 1, "probability", "chance to answer one rung lower")
    ceiling: float = param(NON_VIOLENT, 0, CATASTROPHE, "rung", "it goes no higher")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return SILENT

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        seen = mirrored(p, i, parameter(p, i, 1))
        return max(DE_ESCALATE, seen - 1) if chance(p, i) < parameter(p, i, 0) else seen


class Grit(Agent):
    """Graduated and reciprocated initiatives in tension reduction.

    In a spiral (it and somebody else were above `hold`) it announces that it steps down, and does
    so for `initiative` rounds whatever the others do; then it mirrors the highest act that it saw.
    It tries once, or again if it has mirrored for `pause` rounds (0: never) and is in a spiral.

    Against a mirror two rounds lead both down from the second round on; one round only makes them
    take turns. Who always escalates gains the sucker's loss from each round of it.

    In a dilemma, to mirror is to play tit for tat, and the spiral is that both have defected.

    Source: Osgood (1962), An Alternative to War or Surrender; Lindskold (1978), Psychological
    Bulletin 85.
    """

    initiative: float = param(2, 0, 1e6, "rounds", "how long it steps down unilaterally")
    pause: float = param(0, 0, 1e6, "rounds", "of mirroring before it tries again; 0: never")
    ceiling: float = param(VIOLENT, 0, CATASTROPHE, "rung", "it goes no higher")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        if p.slots[i, LEFT] > 0 or starts(p, i):
            return DE_ESCALATE
        return mirrored(p, i, parameter(p, i, 2))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        slots = p.slots[i]
        if slots[LEFT] == 0 and starts(p, i):
            slots[LEFT] = parameter(p, i, 0)
            slots[TRIED] = 1.0
            slots[WAITED] = 0.0
        if slots[LEFT] > 0:
            slots[LEFT] = max(0.0, slots[LEFT] - 1)
            return DE_ESCALATE
        slots[WAITED] += 1
        return mirrored(p, i, parameter(p, i, 2))

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        pause = parameter(p, i, 1)
        again = noted[TRIED] == 0 or 0 < pause <= noted[WAITED]
        spiral = own_defected(p, i) and other_defected(p, i)
        if noted[LEFT] < 1 and spiral and again and parameter(p, i, 0) >= 1:
            noted[LEFT] = parameter(p, i, 0)
            noted[TRIED] = 1.0
            noted[WAITED] = 0.0
        if noted[LEFT] >= 1:
            noted[LEFT] -= 1
            return COOPERATE
        noted[WAITED] += 1
        return other_defected(p, i)


def starts(p: CrisisSight, i: int) -> bool:
    """Whether now is the time for an initiative."""
    if parameter(p, i, 0) < 1 or p.own_rung[i] <= HOLD or p.seen_highest[i] <= HOLD:
        return False
    if p.slots[i, TRIED] == 0:
        return True
    pause = parameter(p, i, 1)
    return pause > 0 and p.slots[i, WAITED] >= pause


class Deterrer(Agent):
    """Threatens high in every round, and carries it out only against who crossed its line.

    A threat that was not carried out costs it what its audience makes of that.

    Source: Schelling (1966), Arms and Influence.
    """

    threat: float = param(VIOLENT, 0, CATASTROPHE, "rung", "what it says that it will do")
    line: float = param(NON_VIOLENT, 0, CATASTROPHE, "rung", "what it answers, or anything higher")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return int(parameter(p, i, 0))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        provoked = p.seen_highest[i] >= parameter(p, i, 1)
        return int(parameter(p, i, 0)) if provoked else HOLD


class AudienceSensitive(Agent):
    """Takes a stance, and stands by it if backing down would cost it as much as the rung does.

    It backs down to `hold`. Where talk costs nothing its stance is a bluff.

    Source: Fearon (1994), American Political Science Review 88.
    """

    stance: float = param(NON_VIOLENT, 0, CATASTROPHE, "rung", "what it says that it will do")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return int(parameter(p, i, 0))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        stance = int(parameter(p, i, 0))
        return stance if stance <= HOLD or p.audience >= p.rung_cost[stance] else HOLD


class Madman(Agent):
    """Takes rungs at random between two, all equally likely, and says nothing that means anything.

    Source: Schelling (1960), The Strategy of Conflict (the rationality of irrationality).
    """

    least: float = param(POSTURE, 0, CATASTROPHE, "rung", "the lowest that it takes")
    most: float = param(CATASTROPHE, 0, CATASTROPHE, "rung", "the highest that it takes")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return between(p, i)

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return between(p, i)


def between(p: CrisisSight, i: int) -> int:
    """A rung at random; each decision draws its own."""
    least, most = int(parameter(p, i, 0)), int(parameter(p, i, 1))
    return min(CATASTROPHE, least + int(chance(p, i) * (max(least, most) - least + 1)))


class Richardson(Agent):
    """Arms as a linear reaction: x' = x + step (reaction y - fatigue x + grievance).

    x is its own armament, y the mean of the others', as both stood before. On a ladder it moves its
    rung in the same way, to the nearest.

    With armaments of two such parties the race comes to rest iff the product of the reactions is
    below that of the fatigues (and the steps are short).

    Source: Richardson (1960), Arms and Insecurity.
    """

    reaction: float = param(0.5, 0, 100, "per unit of time", "k: growth by the others' arms")
    fatigue: float = param(1, 0, 100, "per unit of time", "a: what its own arms hold it back")
    grievance: float = param(1, -1e4, 1e4, "arms per unit of time", "g: growth without any arms")
    step: float = param(1, 0, 1, "units of time", "length of a round")

    @staticmethod
    def arm(p: CrisisSight, i: int) -> tuple[int, int]:
        arms = reacted(p, i, p.arms_own[i], p.arms_others[i])
        return SET_ARMS, int(np.rint(min(float(TICKS), max(0.0, arms / p.arms_tick))))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        wanted = reacted(p, i, p.own_rung[i], p.seen_mean[i])
        return int(np.rint(min(float(CATASTROPHE), max(0.0, wanted))))


def reacted(p: CrisisSight, i: int, own: float, others: float) -> float:
    """What Richardson's equation makes of two levels after one step."""
    change = parameter(p, i, 0) * others - parameter(p, i, 1) * own + parameter(p, i, 2)
    return own + parameter(p, i, 3) * change


__all__ = [
    "AudienceSensitive",
    "Deterrer",
    "Dove",
    "Grit",
    "Hawk",
    "Madman",
    "Mirror",
    "PatientDiplomat",
    "Richardson",
]
