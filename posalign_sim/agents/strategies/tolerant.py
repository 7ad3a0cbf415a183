"""Tit for tats that live with mistakes: those who repent, who break deadlocks, who end their wars.

Where a strategy goes by the name that the Axelrod library (Knight et al. 2016, Journal of Open
Research Software 4) gives it, it makes the same moves in every history, also after slips.
"""

from __future__ import annotations

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT
from posalign_sim.agents.strategies.past import (
    bits_set,
    defections,
    keep,
    other_defected,
    own_defected,
)
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, parameter, turns

# Parameters and notes by number.
FIRST, SECOND, THIRD = range(3)


class ContriteTitForTat(Agent):
    """Tit for tat that repents a defection that slipped from it while its partner cooperated.

    Contrite, it lets the answer pass, until it has been seen to cooperate. Without slips it is tit
    for tat, and two of them are back at mutual cooperation two rounds after a slip.

    Source: Wu & Axelrod (1995), Journal of Conflict Resolution 39; Boyd (1989), Journal of
    Theoretical Biology 136.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        # It notes whether it is contrite, and what it meant to do.
        noted, slipped = notes(p, i), own_defected(p, i)
        choice = other_defected(p, i)
        if noted[FIRST] == 1 and slipped == 0:
            noted[FIRST] = 0.0
            choice = COOPERATE
        elif slipped > noted[SECOND] and choice == COOPERATE:
            noted[FIRST] = 1.0
        noted[SECOND] = choice
        return choice


class OmegaTitForTat(Agent):
    """Tit for tat that breaks out of alternating revenge, and gives up on who acts at random.

    It counts rounds in which its partner changed its act (deadlock: in a row) and, with those in
    which the two differed, less those after two cooperations, how random its partner seems. At
    `deadlock` it cooperates twice; at `randomness` it defects for as long as that holds.

    Source: Slany & Kienreich (2007), in Kendall, Yao & Chong, The Iterated Prisoners' Dilemma: 20
    Years On.
    """

    deadlock: float = param(3, 1, 1e6, "rounds", "of changes in a row that it takes for deadlock")
    randomness: float = param(8, 1, 1e6, "count", "at which its partner counts as random")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted, met = notes(p, i), turns(p, i)
        theirs = other_defected(p, i)
        bits = keep(noted, FIRST, theirs, 2) if met > 0 else 0
        if met < 2:
            return theirs
        deadlock = parameter(p, i, FIRST)
        if noted[SECOND] >= deadlock:
            noted[SECOND] = deadlock + 1 if noted[SECOND] == deadlock else 0.0
            return COOPERATE
        changed = 1 if bits == 1 or bits == 2 else 0
        noted[THIRD] += changed - (1 if bits == 0 else 0)
        noted[THIRD] += 1 if own_defected(p, i) != theirs else 0
        if noted[THIRD] >= parameter(p, i, SECOND):
            return DEFECT
        noted[SECOND] = noted[SECOND] + 1 if changed else 0.0
        return theirs


class Gradual(Agent):
    """Answers a defection with as many as there have been in all, and then cooperates twice.

    Source: Mathieu & Delahaye (2017), Journal of Artificial Societies and Social Simulation 20.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        # It notes how often it will still punish, and then how often it will make peace.
        noted = notes(p, i)
        if noted[FIRST] >= 1:
            noted[FIRST] -= 1
            return DEFECT
        if noted[SECOND] >= 1:
            noted[SECOND] -= 1
            return COOPERATE
        if other_defected(p, i):
            noted[FIRST] = int(defections(p, i) + 0.5) - 1
            noted[SECOND] = 2.0
            return DEFECT
        return COOPERATE


class OriginalGradual(Agent):
    """Punishes one defection longer with every war that it wages, and then cooperates twice.

    What its partner does while it punishes or makes peace does not count.

    Source: Beaufils, Delahaye & Mathieu (1997), Artificial Life 5.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        if noted[FIRST] >= 1:
            noted[FIRST] -= 1
            return DEFECT
        if noted[SECOND] >= 1:
            noted[SECOND] -= 1
            return COOPERATE
        if other_defected(p, i):
            noted[THIRD] += 1
            noted[FIRST] = noted[THIRD] - 1
            noted[SECOND] = 2.0
            return DEFECT
        return COOPERATE


class Shubik(Agent):
    """Answers a departure from mutual cooperation with defections, one more each time.

    Source: Shubik (1970), Journal of Conflict Resolution 14; Axelrod (1980), ibid. 24.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        if noted[FIRST] >= 1:
            noted[FIRST] -= 1
            return DEFECT
        if other_defected(p, i) and not own_defected(p, i):
            noted[SECOND] += 1
            noted[FIRST] = noted[SECOND] - 1
            return DEFECT
        return COOPERATE


class AdaptivePavlov(Agent):
    """Plays tit for tat for six rounds, then classifies its partner by every six that it has seen.

    Six cooperations: it goes on with tit for tat. Three defections: it plays tit for two tats. Four
    or more, or one or two with no class so far: it defects. Otherwise the last class holds.

    Source: Li, Hingston & Kendall (2011), IEEE Transactions on Computational Intelligence and AI in
    Games 3 (APavlov 2011).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted, met, theirs = notes(p, i), int(turns(p, i)), other_defected(p, i)
        bits = keep(noted, FIRST, theirs, 6) if met > 0 else 0
        if met < 6:
            return theirs
        if met % 6 == 0:
            count = bits_set(bits, 6)
            # Classes: 1 a cooperator, 2 who alternates, 3 a defector, 4 who seems random.
            if count == 0:
                noted[SECOND] = 1.0
            elif count == 3:
                noted[SECOND] = 2.0
            elif count >= 4:
                noted[SECOND] = 3.0
            elif noted[SECOND] == 0:
                noted[SECOND] = 4.0
        if noted[SECOND] >= 3:
            return DEFECT
        if noted[SECOND] == 2:
            return DEFECT if bits & 3 == 3 else COOPERATE
        return theirs


class Eatherley(Agent):
    """Answers a defection with a probability equal to the share of defections so far.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (second tournament).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if not other_defected(p, i):
            return COOPERATE
        return COOPERATE if chance(p, i) < 1 - defections(p, i) / turns(p, i) else DEFECT


class Champion(Agent):
    """Cooperates for ten rounds, plays tit for tat for fifteen, and then forgives most defections.

    From then on it answers one only if the partner's share of defections is 0.4 or more, and then
    with that probability.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (second tournament, second place).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        met = turns(p, i)
        if met < 10 or not other_defected(p, i):
            return COOPERATE
        if met < 25:
            return DEFECT
        return DEFECT if defections(p, i) / met >= max(0.4, chance(p, i)) else COOPERATE


__all__ = [
    "AdaptivePavlov",
    "Champion",
    "ContriteTitForTat",
    "Eatherley",
    "Gradual",
    "OmegaTitForTat",
    "OriginalGradual",
    "Shubik",
]
