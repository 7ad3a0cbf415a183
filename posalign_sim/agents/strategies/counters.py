"""Strategies that count what their partner did, over all rounds or the last ones, and go by that.

Where a strategy goes by the name that the Axelrod library (Knight et al. 2016, Journal of Open
Research Software 4) gives it, it makes the same moves in every history.
"""

from __future__ import annotations

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT
from posalign_sim.agents.strategies.past import (
    bits_set,
    cooperations,
    defections,
    last_of_other,
    other_defected,
)
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, other_mean, parameter, turns

# Parameters and notes by number.
FIRST, SECOND = 0, 1
_HAIR = 1e-9


class HardGoByMajority(Agent):
    """Cooperates only as long as its partner has cooperated more often than not; first it defects.

    Source: Mittal & Deb (2009), IEEE Transactions on Evolutionary Computation 13 (hard majority).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if cooperations(p, i) > defections(p, i) + _HAIR else DEFECT


class GoByRecentMajority(Agent):
    """Does what its partner did more often in the last `memory` rounds.

    After as many of either it cooperates or, if it is `hard`, defects; so also at first.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (K. Langner), after Axelrod
    (1984), The Evolution of Cooperation.
    """

    memory: float = param(10, 1, 50, "rounds", "that it looks back")
    hard: float = param(0, 0, 1, "0 or 1", "1: in doubt it defects")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        memory = int(parameter(p, i, FIRST))
        defected = bits_set(last_of_other(p, i, notes(p, i), FIRST, memory), memory)
        excess = 2 * defected - min(memory, int(turns(p, i)))
        if excess == 0:
            return DEFECT if parameter(p, i, SECOND) == 1 else COOPERATE
        return DEFECT if excess > 0 else COOPERATE


class ShortMem(Agent):
    """Goes by the last ten rounds if cooperations or defections lead by three, else by the last.

    In the first eleven rounds it cooperates.

    Source: André, Honorato & Sousa (2013), in Knight et al. (2016), Journal of Open Research
    Software 4.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        defected = bits_set(last_of_other(p, i, notes(p, i), FIRST, 10), 10)
        if turns(p, i) <= 10 or 10 - 2 * defected >= 3:
            return COOPERATE
        return DEFECT if 2 * defected - 10 >= 3 else other_defected(p, i)


class AverageCopier(Agent):
    """Cooperates with a probability equal to its partner's share of cooperation so far.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (G. Palmer).
    """

    first: float = param(0.5, 0, 1, "probability", "to cooperate at first")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        likely = other_mean(p, i) if turns(p, i) > 0 else parameter(p, i, FIRST)
        return COOPERATE if chance(p, i) < likely else DEFECT


class Tullock(Agent):
    """Cooperates for eleven rounds, and then by `less` less often than its partner in the last ten.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (first tournament).
    """

    less: float = param(0.1, 0, 1, "probability", "by which it cooperates less often")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        defected = bits_set(last_of_other(p, i, notes(p, i), FIRST, 10), 10)
        if turns(p, i) < 11:
            return COOPERATE
        likely = 1 - defected / 10 - parameter(p, i, FIRST)
        return COOPERATE if chance(p, i) < likely else DEFECT


class Feld(Agent):
    """Tit for tat that answers cooperation ever less surely, from always down to `final`.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (first tournament).
    """

    final: float = param(0.5, 0, 1, "probability", "to answer cooperation in the end")
    rounds: float = param(200, 1, 1e6, "rounds", "until then")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        final = parameter(p, i, FIRST)
        if turns(p, i) == 0:
            return COOPERATE
        if other_defected(p, i):
            return DEFECT
        likely = max(final, 1 - (1 - final) * turns(p, i) / parameter(p, i, SECOND))
        return COOPERATE if chance(p, i) < likely else DEFECT


__all__ = [
    "AverageCopier",
    "Feld",
    "GoByRecentMajority",
    "HardGoByMajority",
    "ShortMem",
    "Tullock",
]
