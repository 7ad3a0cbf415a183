"""The classics of repeated games, from tit for tat to memory-one."""

from __future__ import annotations

from typing import Any

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT, Graded
from posalign_sim.agents.strategies.zero_determinant import vector_of
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

#: Number of an agent's only or first parameter, and of those that follow.
FIRST, THIRD, FIFTH = 0, 2, 4


class TitForTat(Graded):
    """Cooperates first, then does what its partner did last.

    Source: Rapoport in Axelrod (1980), Journal of Conflict Resolution 24.
    """

    @staticmethod
    def level(p: Sight, i: int) -> float:
        return other_last(p, i)


class GenerousTitForTat(Graded):
    """Tit for tat that forgives a defection with probability `generosity`.

    Source: Nowak & Sigmund (1992), Nature 355; their optimum for 5, 3, 1, 0 is 1/3.
    """

    generosity: float = param(1 / 3, 0, 1, "probability", "chance to answer D with C")

    @staticmethod
    def level(p: Sight, i: int) -> float:
        return 1.0 if chance(p, i) < parameter(p, i, FIRST) else other_last(p, i)


class WinStayLoseShift(Graded):
    """Repeats its choice after a good outcome, changes it after a bad one.

    Good are mutual cooperation and a successful defection, so it cooperates when both did the
    same last time. Source: Nowak & Sigmund (1993), Nature 364.
    """

    @staticmethod
    def level(p: Sight, i: int) -> float:
        same = (own_last(p, i) >= 0.5) == (other_last(p, i) >= 0.5)
        return 1.0 if same else 0.0


class Grim(Graded):
    """Cooperates until its partner defects once, then never again.

    Source: Friedman (1971), Review of Economic Studies 38.
    """

    @staticmethod
    def level(p: Sight, i: int) -> float:
        return 1.0 if other_worst(p, i) >= 0.5 else 0.0


class GoByMajority(Graded):
    """Cooperates as long as its partner has at least as often as not; by degrees, as on average.

    Source: Axelrod (1984), The Evolution of Cooperation.
    """

    @staticmethod
    def level(p: Sight, i: int) -> float:
        return other_mean(p, i)


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

    `MemoryOne.of(name)` gives one by name, or by what it enforces.

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

    @classmethod
    def of(
        cls,
        name: str,
        conduct: Any = None,
        disposition: Any = None,
        first: Any = None,
        **details: Any,
    ) -> MemoryOne:
        """A memory-one strategy by name, or by what it enforces whatever the other does.

        Args:
            name: such as `firm_but_fair` or `zd_extort_2` (see `zero_determinant.VECTORS`); or
                `extortion` and `generosity` (with `factor`), `equaliser` (with `score`) or
                `linear_relation` (with `anchor` and `slope`).
            conduct: what it does before institutions.
            disposition: how it weighs what others get.
            first: probability to cooperate in the first round, if not as usual.
            **details: of what it enforces, besides `phi` and `payoffs` (T, R, P, S).

        >>> MemoryOne.of("equaliser", score=2).values["after_dd"].item()
        0.3333333333333333
        """
        vector = [float(likely) for likely in vector_of(name, **details)]
        names = ("after_cc", "after_cd", "after_dc", "after_dd", "first")
        values: dict[str, Any] = dict(zip(names, vector, strict=False))
        if first is not None:
            values["first"] = first
        return cls(conduct=conduct, disposition=disposition, **values)
