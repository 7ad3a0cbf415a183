"""Richardson's arms race: two nations that arm against each other.

In his notation `x' = k y - a x + g` and `y' = l x - b y + h`: each nation's arms grow with the
other's (reaction, k and l), shrink with the burden of its own (fatigue, a and b), and grow with its
grievance (g and h, negative for goodwill). Arms may become negative: cooperation, in Richardson's
reading.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from posalign_sim.theory.bounds import require_whole, require_within


def _matrix(
    reaction1: float, reaction2: float, fatigue1: float, fatigue2: float
) -> NDArray[np.float64]:
    """Rates at which arms change with arms, `[2, 2]`: row is changed by column."""
    k = require_within("reaction1", reaction1, 0, math.inf)
    other = require_within("reaction2", reaction2, 0, math.inf)
    a = require_within("fatigue1", fatigue1, 0, math.inf)
    b = require_within("fatigue2", fatigue2, 0, math.inf)
    return np.array([[-a, k], [other, -b]])


def arms_race_equilibrium(
    reaction1: float,
    reaction2: float,
    fatigue1: float,
    fatigue2: float,
    grievance1: float,
    grievance2: float,
) -> tuple[float, float]:
    """Arms at which neither nation changes its own.

    Args:
        reaction1: k, growth of the first nation's arms per unit of the other's, at least 0.
        reaction2: l, the same of the second, at least 0.
        fatigue1: a, shrinkage of the first nation's arms per unit of its own, at least 0.
        fatigue2: b, the same of the second, at least 0.
        grievance1: g, growth of the first nation's arms without any arms.
        grievance2: h, the same of the second.

    Returns:
        `(k h + b g) / (a b - k l)` and `(l g + a h) / (a b - k l)`, whether stable or not.

    Raises:
        ValueError: If an argument is not finite or outside its range, or `a b = k l`, where there
            is no equilibrium or a line of them.

    Source: Richardson (1960), Arms and Insecurity.

    Example:
        >>> [round(arms, 9) for arms in arms_race_equilibrium(0.5, 0.4, 1, 0.8, 2, 1)]
        [3.5, 3.0]
    """
    (minus_a, k), (other, minus_b) = _matrix(reaction1, reaction2, fatigue1, fatigue2).tolist()
    g = require_within("grievance1", grievance1, -math.inf, math.inf)
    h = require_within("grievance2", grievance2, -math.inf, math.inf)
    excess = minus_a * minus_b - k * other
    if excess == 0:
        raise ValueError(
            "the product of the fatigues equals that of the reactions, so there is no single "
            "equilibrium: change one of them"
        )
    return (k * h - minus_b * g) / excess, (other * g - minus_a * h) / excess


def arms_race_stable(
    reaction1: float,
    reaction2: float,
    fatigue1: float,
    fatigue2: float,
    time_step: float | None = None,
) -> bool:
    """Whether arms return to the equilibrium after any disturbance.

    Args:
        reaction1: k, growth of the first nation's arms per unit of the other's, at least 0.
        reaction2: l, the same of the second, at least 0.
        fatigue1: a, shrinkage of the first nation's arms per unit of its own, at least 0.
        fatigue2: b, the same of the second, at least 0.
        time_step: length of the steps of `arms_race_step`, at least 0; in continuous time if left
            out.

    Returns:
        In continuous time whether `k l < a b`; with steps, whether moreover they are so short that
        they do not overshoot more and more.

    Raises:
        ValueError: If an argument is not finite or outside its range.

    Source: Richardson (1960), Arms and Insecurity.

    Example:
        >>> arms_race_stable(0.5, 0.4, 1, 0.8), arms_race_stable(1, 1, 1, 0.8)
        (True, False)
        >>> arms_race_stable(0.5, 0.4, 1, 0.8, time_step=2)
        False
    """
    matrix = _matrix(reaction1, reaction2, fatigue1, fatigue2)
    stable = bool(matrix[0, 1] * matrix[1, 0] < matrix[0, 0] * matrix[1, 1])
    if time_step is None:
        return stable
    step = require_within("time_step", time_step, 0, math.inf)
    # Both rates are real: their sum is -(a + b), their difference the root below.
    difference = math.hypot(matrix[0, 0] - matrix[1, 1], 2 * math.sqrt(matrix[0, 1] * matrix[1, 0]))
    fastest = (float(matrix.trace()) - difference) / 2
    return stable and 0 < -fastest * step < 2


def arms_race_step(
    arms: Sequence[float],
    reaction1: float,
    reaction2: float,
    fatigue1: float,
    fatigue2: float,
    grievance1: float,
    grievance2: float,
    time_step: float = 1.0,
) -> tuple[float, float]:
    """Arms after one step in which both nations react to the arms they saw before it.

    Args:
        arms: `[2]` arms of the first and the second nation.
        reaction1: k, growth of the first nation's arms per unit of the other's, at least 0.
        reaction2: l, the same of the second, at least 0.
        fatigue1: a, shrinkage of the first nation's arms per unit of its own, at least 0.
        fatigue2: b, the same of the second, at least 0.
        grievance1: g, growth of the first nation's arms without any arms.
        grievance2: h, the same of the second.
        time_step: length of the step, at least 0, in the unit of time of the rates.

    Returns:
        Arms of the first and the second nation.

    Raises:
        ValueError: If there are not two nations, or an argument is not finite or outside its range.

    Source: Richardson (1960), Arms and Insecurity.

    Example:
        >>> arms_race_step((4, 2), 0.5, 0.25, 1, 1, 2, 1)
        (3.0, 2.0)
    """
    path = arms_race_path(
        arms, 1, reaction1, reaction2, fatigue1, fatigue2, grievance1, grievance2, time_step
    )
    return float(path[1, 0]), float(path[1, 1])


def arms_race_path(
    start: Sequence[float],
    steps: int,
    reaction1: float,
    reaction2: float,
    fatigue1: float,
    fatigue2: float,
    grievance1: float,
    grievance2: float,
    time_step: float = 1.0,
) -> NDArray[np.float64]:
    """Arms over several steps, in each of which both nations react at once.

    Args:
        start: `[2]` arms of the first and the second nation before the first step.
        steps: number of steps, at least 0.
        reaction1: k, growth of the first nation's arms per unit of the other's, at least 0.
        reaction2: l, the same of the second, at least 0.
        fatigue1: a, shrinkage of the first nation's arms per unit of its own, at least 0.
        fatigue2: b, the same of the second, at least 0.
        grievance1: g, growth of the first nation's arms without any arms.
        grievance2: h, the same of the second.
        time_step: length of a step, at least 0, in the unit of time of the rates.

    Returns:
        `[steps + 1, 2]` arms, the start included.

    Raises:
        ValueError: If there are not two nations, or an argument is not finite or outside its range.

    Source: Richardson (1960), Arms and Insecurity.

    Example:
        >>> arms_race_path((0, 0), 2, 0.5, 0.25, 1, 1, 2, 1).tolist()
        [[0.0, 0.0], [2.0, 1.0], [2.5, 1.5]]
    """
    matrix = _matrix(reaction1, reaction2, fatigue1, fatigue2)
    g = require_within("grievance1", grievance1, -math.inf, math.inf)
    h = require_within("grievance2", grievance2, -math.inf, math.inf)
    if len(start) != 2:
        raise ValueError(f"there are arms of {len(start)} nations, but two arm against each other")
    steps = require_whole("steps", steps, 0)
    step = require_within("time_step", time_step, 0, math.inf)
    path = np.zeros((steps + 1, 2))
    path[0] = [
        require_within(f"arms[{nation}]", arms, -math.inf, math.inf)
        for nation, arms in enumerate(start)
    ]
    for now in range(steps):
        path[now + 1] = path[now] + step * (matrix @ path[now] + [g, h])
    return path
