"""The interquartile mean: a summary over many tasks that a few extreme runs cannot move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats: TypeAlias = npt.NDArray[np.float64]

#: Cells of the largest temporary array.
CELLS = 4_000_000


@dataclass(frozen=True)
class InterquartileMean:
    """An interquartile mean, or the difference of two.

    Attributes:
        estimate: Mean of the middle half of all scores; NaN without scores.
        low: Lower end of the interval; NaN if a stratum has fewer than two scores.
        high: Upper end of the interval, likewise.
        scores: Scores used.
        undefined: Scores left out, because they or their partners are undefined.
    """

    estimate: float
    low: float
    high: float
    scores: int
    undefined: int


def interquartile_mean(
    scores: Mapping[str, npt.ArrayLike],
    control: Mapping[str, npt.ArrayLike] | None = None,
    *,
    resamples: int = 2_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> InterquartileMean:
    """Mean of the middle half of the scores of all strata together, with a bootstrap interval.

    Agarwal et al. (2021, NeurIPS: Deep reinforcement learning at the edge of the statistical
    precipice) recommend it for scores over several tasks: less moved by outliers than the mean,
    and steadier than the median. The interval is the percentile bootstrap, stratified: each
    resample draws, in each stratum by itself, as many scores as the stratum has, so that no
    resample has more of the easy tasks than the study.

    Scores of different strata must be in one unit: divide by what is attainable first.

    Args:
        scores: For each stratum (a game, a task, a model) the scores of its worlds.
        control: The scores of the same worlds in another arm. Then the result is the difference
            of the two interquartile means, and worlds are drawn in pairs.
        resamples: Bootstrap resamples.
        confidence: Confidence level of the interval, inside (0, 1).
        seed: Seed.

    Returns:
        The interquartile mean, or the difference.

    Raises:
        ValueError: Strata or numbers of scores differ, a score is infinite, or an argument is out
            of range.

    >>> interquartile_mean({"dilemma": [0, 1, 2, 99], "market": [0, 1, 2, 99]}).estimate
    1.5
    """
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError("resamples >= 1 and confidence inside (0, 1) needed")
    if not scores:
        raise ValueError("an interquartile mean needs at least one stratum")
    strata, undefined = [], 0
    for name, both in _sides(scores, control).items():
        if both.ndim != 2 or np.isinf(both).any():
            raise ValueError(f"the scores of {name!r} must be finite, in an array of one dimension")
        defined = ~np.isnan(both).any(axis=0)
        strata.append(both[:, defined])
        undefined += int((~defined).sum())
    pooled = np.concatenate(strata, axis=1)
    total = pooled.shape[1]
    if total == 0:
        nan = float("nan")
        return InterquartileMean(nan, nan, nan, 0, undefined)
    low = high = float("nan")
    if min(stratum.shape[1] for stratum in strata) > 1:
        drawn = _resampled(strata, resamples, np.random.default_rng([seed, 2]))
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return InterquartileMean(float(_middle(pooled)), low, high, total, undefined)


def _sides(
    scores: Mapping[str, npt.ArrayLike], control: Mapping[str, npt.ArrayLike] | None
) -> dict[str, Floats]:
    """The scores of each stratum, [1, worlds] or with those of the control [2, worlds]."""
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    if control is None:
        return {name: values[None] for name, values in arrays.items()}
    others = {name: np.asarray(values, dtype=np.float64) for name, values in control.items()}
    if {name: a.shape for name, a in arrays.items()} != {n: a.shape for n, a in others.items()}:
        raise ValueError("scores and control need the same strata, with the same worlds in each")
    return {name: np.stack([values, others[name]]) for name, values in arrays.items()}


def _resampled(strata: list[Floats], resamples: int, rng: np.random.Generator) -> Floats:
    """Interquartile means of resamples [R]."""
    total = sum(stratum.shape[1] for stratum in strata)
    rows = max(1, CELLS // total)
    found = []
    for start in range(0, resamples, rows):
        here = min(rows, resamples - start)
        parts = []
        for stratum in strata:
            size = stratum.shape[1]
            parts.append(stratum[:, rng.integers(0, size, (here, size))])
        found.append(_middle(np.concatenate(parts, axis=2)))
    return np.concatenate(found)


def _middle(sides: Floats) -> Floats:
    """Mean of the middle half over the last axis; of two sides, the first less the second."""
    means = np.asarray(stats.trim_mean(sides, 0.25, axis=-1))
    return means[0] - means[1] if len(means) == 2 else means[0]
