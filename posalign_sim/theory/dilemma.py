"""The four payoffs of a symmetric game of two choices."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from posalign_sim.theory.bounds import require_within


@dataclass(frozen=True, slots=True)
class Dilemma:
    """Payoffs of a symmetric game in which two players cooperate (C) or defect (D).

    Any finite payoffs are allowed; what needs a prisoner's dilemma says so and checks it.

    Attributes:
        temptation: T, points for defecting against a cooperator.
        reward: R, points for each when both cooperate.
        punishment: P, points for each when both defect.
        sucker: S, points for cooperating against a defector.

    Raises:
        ValueError: If a payoff is not finite.

    Source: Rapoport & Chammah (1965), Prisoner's Dilemma.

    Example:
        >>> Dilemma(temptation=5, reward=3, punishment=1, sucker=0) == AXELROD
        True
    """

    temptation: float
    reward: float
    punishment: float
    sucker: float

    def __post_init__(self) -> None:
        """Refuse payoffs that are not finite."""
        for field in fields(self):
            points = require_within(field.name, getattr(self, field.name), -math.inf, math.inf)
            object.__setattr__(self, field.name, points)

    @property
    def is_prisoners_dilemma(self) -> bool:
        """Whether T > R > P > S: defection dominates, and both would rather both cooperated.

        Example:
            >>> AXELROD.is_prisoners_dilemma
            True
        """
        return self.temptation > self.reward > self.punishment > self.sucker

    def require_prisoners_dilemma(self) -> None:
        """Refuse payoffs that do not make a prisoner's dilemma.

        Raises:
            ValueError: If not T > R > P > S.

        Example:
            >>> Dilemma(3, 4, 2, 0).require_prisoners_dilemma()
            Traceback (most recent call last):
            ...
            ValueError: payoffs T, R, P, S are 3, 4, 2, 0, but this result holds only in a \
prisoner's dilemma: choose temptation > reward > punishment > sucker
        """
        if not self.is_prisoners_dilemma:
            values = ", ".join(f"{getattr(self, field.name):g}" for field in fields(self))
            raise ValueError(
                f"payoffs T, R, P, S are {values}, but this result holds only in a prisoner's "
                "dilemma: choose temptation > reward > punishment > sucker"
            )

    def matrix(self) -> NDArray[np.float64]:
        """Payoffs of the row player.

        Returns:
            `[2, 2]` points; rows are the own choice, columns the other's, C before D.

        Example:
            >>> AXELROD.matrix().tolist()
            [[3.0, 0.0], [5.0, 1.0]]
        """
        return np.array(
            [[self.reward, self.sucker], [self.temptation, self.punishment]], dtype=np.float64
        )


#: The payoffs of Axelrod's tournaments (1980, Journal of Conflict Resolution 24).
AXELROD = Dilemma(temptation=5, reward=3, punishment=1, sucker=0)
