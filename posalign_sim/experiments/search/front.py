"""Pareto fronts: which designs nothing beats in every respect, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

#: No other beats a design; one does on average; one does beyond chance; it cannot be said.
STAYS, BEATEN, CLEARLY_BEATEN, UNKNOWN = "stays", "beaten", "clearly beaten", "undefined"


def dominates(one: npt.ArrayLike, other: npt.ArrayLike) -> Any:
    """Whether `one` is nowhere worse than `other`, and somewhere better; more is better.

    Args:
        one: `[..., objectives]` values.
        other: the same.

    >>> bool(dominates([1.0, 2.0], [1.0, 1.0])), bool(dominates([1.0, 2.0], [1.0, 2.0]))
    (True, False)
    """
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return (a >= b).all(axis=-1) & (a > b).any(axis=-1)


def non_dominated(values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """`[points]` whether no other point dominates one; a point with an undefined value is not.

    Args:
        values: `[points, objectives]`; more is better.

    >>> non_dominated([[1, 0], [0, 1], [0, 0], [float("nan"), 2]]).tolist()
    [True, True, False, False]
    """
    points = np.asarray(values, np.float64)
    known = ~np.isnan(points).any(axis=1)
    beaten = dominates(points[None, known], points[:, None]).any(axis=1)
    found: npt.NDArray[np.bool_] = known & ~beaten
    return found


def mean_interval(values: npt.ArrayLike, confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean over worlds with Student's interval, over those where it is defined.

    Args:
        values: `[worlds]`.
        confidence: of the interval.

    Returns:
        Mean, lower and upper end; NaN where there are fewer worlds than it takes.

    >>> mean_interval([1.0, 1.0, 1.0])
    (1.0, 1.0, 1.0)
    """
    sample = np.asarray(values, np.float64)
    sample = sample[~np.isnan(sample)]
    if len(sample) == 0:
        return np.nan, np.nan, np.nan
    mean = float(sample.mean())
    if len(sample) == 1:
        return mean, np.nan, np.nan
    error = float(sample.std(ddof=1)) / np.sqrt(len(sample))
    half = float(stats.t.ppf(0.5 + confidence / 2, len(sample) - 1) * error)
    return mean, mean - half, mean + half


def judge(values: npt.ArrayLike, confidence: float = 0.95) -> list[tuple[str, int]]:
    """What becomes of each design of a front on worlds that its search has not seen.

    It is *beaten* if another dominates it by means, and *clearly beaten* if, in the same worlds,
    that one is better by more than chance in some objective: the interval of the mean difference
    lies above 0, at a level shared among the objectives.

    Args:
        values: `[points, objectives, worlds]`, the same worlds for all; more is better.
        confidence: of the intervals of differences, all objectives together.

    Returns:
        For each point the verdict, and the place of the point that beats it (-1: none).

    >>> judge([[[1.0, 1.0]], [[0.0, 0.0]]])
    [('stays', -1), ('clearly beaten', 0)]
    """
    worlds = np.asarray(values, np.float64)
    count = np.maximum(1, (~np.isnan(worlds)).sum(axis=-1))
    known = np.nansum(worlds, axis=-1) / count
    known[np.isnan(worlds).all(axis=-1)] = np.nan
    level = 1 - (1 - confidence) / worlds.shape[1]
    found = []
    for mine in range(len(worlds)):
        if np.isnan(known[mine]).any():
            found.append((UNKNOWN, -1))
            continue
        better = np.flatnonzero(dominates(known, known[mine]))
        verdict, by = (STAYS, -1) if len(better) == 0 else (BEATEN, int(better[0]))
        for other in better:
            ends = [mean_interval(d, level)[1] for d in worlds[other] - worlds[mine]]
            if any(end > 0 for end in ends):
                verdict, by = CLEARLY_BEATEN, int(other)
                break
        found.append((verdict, by))
    return found
