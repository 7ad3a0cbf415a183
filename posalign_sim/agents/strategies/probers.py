"""Strategies that try what they can get away with, and those who look for their own kind.

Where a strategy goes by the name that the Axelrod library (Knight et al. 2016, Journal of Open
Research Software 4) gives it, it makes the same moves in every history.
"""

from __future__ import annotations

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT
from posalign_sim.agents.strategies.past import defections, other_defected, own_defected
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import Floats, param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, other_worst, parameter, turns

# Parameters and notes by number.
FIRST, SECOND = 0, 1


def answers(p: Sight, i: int, earlier: int) -> Floats:
    """Notes that hold whether the partner defected in round `earlier` and the next (from 0)."""
    noted, met = notes(p, i), turns(p, i)
    if met == earlier + 1:
        noted[FIRST] = other_defected(p, i)
    elif met == earlier + 2:
        noted[SECOND] = other_defected(p, i)
    return noted


class Prober(Agent):
    """Plays D, C, C; if its partner cooperated in the last two of these, it defects forever.

    Else it plays tit for tat.

    Source: Li & Kendall (2011), in Li, Hingston & Kendall, IEEE Transactions on Computational
    Intelligence and AI in Games 3.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = answers(p, i, 1)
        if turns(p, i) < 3:
            return DEFECT if turns(p, i) == 0 else COOPERATE
        fooled = noted[FIRST] == 0 and noted[SECOND] == 0
        return DEFECT if fooled else other_defected(p, i)


class Prober2(Agent):
    """Plays D, C, C; if its partner answered with D and C, it cooperates forever.

    Else it plays tit for tat. Source: Prison (1998), www.lifl.fr/IPD (prober2), after Beaufils,
    Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = answers(p, i, 1)
        if turns(p, i) < 3:
            return DEFECT if turns(p, i) == 0 else COOPERATE
        alike = noted[FIRST] == 1 and noted[SECOND] == 0
        return COOPERATE if alike else other_defected(p, i)


class Prober3(Agent):
    """Plays D, C; if its partner let the D pass, it defects forever, else it plays tit for tat.

    Source: Prison (1998), www.lifl.fr/IPD (prober3), after Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = answers(p, i, 1)
        if turns(p, i) < 2:
            return DEFECT if turns(p, i) == 0 else COOPERATE
        return DEFECT if noted[FIRST] == 0 else other_defected(p, i)


class HardProber(Agent):
    """Plays D, D, C, C; if its partner cooperated in rounds 2 and 3, it defects forever.

    Else it plays tit for tat. Source: Prison (1998), www.lifl.fr/IPD (hard_prober), after
    Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = answers(p, i, 1)
        if turns(p, i) < 4:
            return DEFECT if turns(p, i) < 2 else COOPERATE
        fooled = noted[FIRST] == 0 and noted[SECOND] == 0
        return DEFECT if fooled else other_defected(p, i)


class NaiveProber(Agent):
    """Tit for tat that defects now and then for no reason.

    Source: Dawkins (1989), The Selfish Gene; Li & Kendall (2011), in Li, Hingston & Kendall, IEEE
    Transactions on Computational Intelligence and AI in Games 3.
    """

    probing: float = param(0.1, 0, 1, "probability", "to answer C with D")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if turns(p, i) == 0:
            return COOPERATE
        if other_defected(p, i) or chance(p, i) < parameter(p, i, FIRST):
            return DEFECT
        return COOPERATE


class RemorsefulProber(Agent):
    """A naive prober who lets one answer to its own probing pass.

    Source: Dawkins (1989), The Selfish Gene; Li & Kendall (2011), in Li, Hingston & Kendall, IEEE
    Transactions on Computational Intelligence and AI in Games 3.
    """

    probing: float = param(0.1, 0, 1, "probability", "to answer C with D")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        if turns(p, i) == 0:
            return COOPERATE
        if other_defected(p, i):
            sorry = noted[FIRST] == 1
            noted[FIRST] = 0.0
            return COOPERATE if sorry else DEFECT
        noted[FIRST] = 1.0 if chance(p, i) < parameter(p, i, FIRST) else 0.0
        return DEFECT if noted[FIRST] == 1 else COOPERATE


class GladsteinTester(Agent):
    """Defects first; who ever answers gets an apology and tit for tat, others every other D.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (D. Gladstein, second tournament).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted, met, theirs = notes(p, i), turns(p, i), other_defected(p, i)
        if met == 0:
            return DEFECT
        if noted[FIRST] == 1:
            return theirs
        if theirs:
            noted[FIRST] = 1.0
            return COOPERATE
        return COOPERATE if met < 3 else 1 - own_defected(p, i)


class Handshake(Agent):
    """Plays C, D; with who did just that it cooperates forever, on others it defects forever.

    Source: Robson (1990), Journal of Theoretical Biology 144.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = answers(p, i, 0)
        if turns(p, i) < 2:
            return COOPERATE if turns(p, i) == 0 else DEFECT
        return COOPERATE if noted[FIRST] == 0 and noted[SECOND] == 1 else DEFECT


class CollectiveStrategy(Agent):
    """Plays C, D; with who did just that it cooperates until it is defected on once more.

    On others it defects forever. Source: Li & Kendall (2009), in Knight et al. (2016), Journal of
    Open Research Software 4.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = answers(p, i, 0)
        if turns(p, i) < 2:
            return COOPERATE if turns(p, i) == 0 else DEFECT
        alike = noted[FIRST] == 0 and noted[SECOND] == 1 and defections(p, i) < 1.5
        return COOPERATE if alike else DEFECT


class Detective(Agent):
    """Plays C, D, C, C; on who has not defected so far it defects forever.

    With others it plays tit for tat. Source: Case (2017), The Evolution of Trust,
    ncase.me/trust.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted, met = notes(p, i), turns(p, i)
        if met < 4:
            return DEFECT if met == 1 else COOPERATE
        if met == 4:
            noted[FIRST] = 1.0 if other_worst(p, i) < 0.5 else 0.0
        return other_defected(p, i) if noted[FIRST] == 1 else DEFECT


class GradualKiller(Agent):
    """Plays D five times and C twice; on who defected in both of the latter it defects forever.

    With others it cooperates forever. Source: Prison (1998), www.lifl.fr/IPD (gradual_killer),
    after Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = answers(p, i, 5)
        if turns(p, i) < 7:
            return DEFECT if turns(p, i) < 5 else COOPERATE
        return DEFECT if noted[FIRST] == 1 and noted[SECOND] == 1 else COOPERATE


__all__ = [
    "CollectiveStrategy",
    "Detective",
    "GladsteinTester",
    "GradualKiller",
    "Handshake",
    "HardProber",
    "NaiveProber",
    "Prober",
    "Prober2",
    "Prober3",
    "RemorsefulProber",
]
