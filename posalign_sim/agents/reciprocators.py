"""Agents of repeated 2x2 games, from tit for tat to memory-one."""

from __future__ import annotations

from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import (
    other_last,
    other_mean,
    other_worst,
    own_last,
    parameter,
    turns,
)

COOPERATE, DEFECT = 0, 1
#: Number of an agent's only or first parameter, and of those that follow.
FIRST, THIRD, FIFTH = 0, 2, 4


class TitForTat(Agent):
    """Cooperates first, then does what its partner did last.

    Source: Rapoport in Axelrod (1980), Journal of Conflict Resolution 24.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if other_last(p, i) >= 0.5 else DEFECT


class GenerousTitForTat(Agent):
    """Tit for tat that forgives a defection with probability `generosity`.

    Source: Nowak & Sigmund (1992), Nature 355; their optimum for 5, 3, 1, 0 is 1/3.
    """

    generosity: float = param(1 / 3, 0, 1, "probability", "chance to answer D with C")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if other_last(p, i) >= 0.5 or chance(p, i) < parameter(p, i, FIRST):
            return COOPERATE
        return DEFECT


class WinStayLoseShift(Agent):
    """Repeats its choice after a good outcome, changes it after a bad one.

    Good are mutual cooperation and a successful defection, so it cooperates when both did the
    same last time. Source: Nowak & Sigmund (1993), Nature 364.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        same = (own_last(p, i) >= 0.5) == (other_last(p, i) >= 0.5)
        return COOPERATE if same else DEFECT


class Grim(Agent):
    """Cooperates until its partner defects once, then never again.

    Source: Friedman (1971), Review of Economic Studies 38.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if other_worst(p, i) >= 0.5 else DEFECT


class GoByMajority(Agent):
    """Cooperates as long as its partner has cooperated at least as often as not.

    Source: Axelrod (1984), The Evolution of Cooperation.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if other_mean(p, i) >= 0.5 else DEFECT


class Random(Agent):
    """Cooperates with a constant probability, whatever happens.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (RANDOM).
    """

    cooperation: float = param(0.5, 0, 1, "probability", "chance to cooperate")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if chance(p, i) < parameter(p, i, FIRST) else DEFECT


class MemoryOne(Agent):
    """Cooperates with a probability that depends on the last round alone.

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20; Press & Dyson (2012), PNAS.
    """

    after_cc: float = param(1, 0, 1, "probability", "both cooperated")
    after_cd: float = param(0, 0, 1, "probability", "it cooperated, the partner defected")
    after_dc: float = param(1, 0, 1, "probability", "it defected, the partner cooperated")
    after_dd: float = param(0, 0, 1, "probability", "both defected")
    first: float = param(1, 0, 1, "probability", "first round with a partner")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        state = (FIRST if own_last(p, i) >= 0.5 else THIRD) + (0 if other_last(p, i) >= 0.5 else 1)
        if turns(p, i) == 0:
            state = FIFTH
        return COOPERATE if chance(p, i) < parameter(p, i, state) else DEFECT
