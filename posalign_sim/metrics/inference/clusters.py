"""Worlds that come in clusters: of one model, one seed, one community.

Worlds that share a model are not so many independent worlds. Their mean is known only as well as
the number of models allows, whatever the number of worlds: with 20 worlds a model and an
intraclass correlation of 0.3, intervals that take worlds for independent cover the truth about
half of the time.

Legend: `P` pairs, `G` clusters, `R` resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from posalign_sim.metrics.inference.paired import differences, paired_arrays

Floats: TypeAlias = npt.NDArray[np.float64]
Method: TypeAlias = Literal["robust", "wild", "bootstrap"]


@dataclass(frozen=True)
class ClusteredContrast:
    """The mean of paired differences, with the uncertainty of the clusters they come from.

    Attributes:
        estimate: Mean of treatment less control over the pairs used; NaN without pairs.
        low: Lower end of the interval; NaN with fewer than two clusters.
        high: Upper end.
        p_value: Two-sided p-value of "no difference"; NaN with fewer than two clusters.
        standard_error: Cluster-robust standard error (CR2).
        freedom: Degrees of freedom of that standard error.
        clusters: Clusters with a defined pair.
        pairs: Pairs used.
        undefined: Pairs left out.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    standard_error: float
    freedom: float
    clusters: int
    pairs: int
    undefined: int


@dataclass(frozen=True)
class _Clusters:
    """Sums and sizes [G] of clusters: all that the mean and its error depend on."""

    sums: Floats
    sizes: Floats

    def mean(self) -> float:
        return float(self.sums.sum() / self.sizes.sum())

    def statistic(self, signs: Floats, null: float) -> Floats:
        """t-statistics [R] if clusters' residuals from `null` have these weights [R, G]."""
        sums = signs * (self.sums - self.sizes * null)
        shares = self.sizes / self.sizes.sum()
        residuals = sums - shares * sums.sum(axis=-1, keepdims=True)
        error = np.sqrt((residuals**2 / (1 - shares)).sum(axis=-1))
        return _ratio(sums.sum(axis=-1), error)


def clustered_contrast(
    treatment: npt.ArrayLike,
    control: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    method: Method = "robust",
    confidence: float = 0.95,
    resamples: int = 1_999,
    seed: int = 0,
) -> ClusteredContrast:
    """Contrast two arms whose pairs of worlds come in clusters.

    Three ways to an interval and a p-value for the mean over pairs:

    * ``"robust"``: the bias-reduced cluster-robust standard error CR2 (Bell & McCaffrey 2002), with
      Student's t of Satterthwaite's degrees of freedom, which take account of how alike worlds of a
      cluster are (Imbens & Kolesár 2016). Clusters of one
      size have G - 1 of them, and it is the t-test of the clusters' means.
    * ``"wild"``: the wild cluster bootstrap with the null imposed (Cameron, Gelbach & Miller 2008):
      residuals of whole clusters get random weights, and the interval is those values that are not
      refused. Weights are signs, all of which are tried where they are few, and Webb's six points
      below 10 clusters (Webb 2023). For few clusters of unlike sizes; not below 5.
    * ``"bootstrap"``: whole clusters drawn with replacement, t-statistics compared (Efron's
      bootstrap-t, symmetric). For 20 clusters or more that are skewed.

    Args:
        treatment: Values of the treated worlds, shape [P]; NaN where undefined.
        control: Values of the same worlds under control, shape [P].
        clusters: The cluster of each pair, shape [P]: any labels.
        method: See above.
        confidence: Confidence level of the interval, inside (0, 1).
        resamples: Resamples of both bootstraps.
        seed: Seed of both.

    Returns:
        The contrast.

    Raises:
        ValueError: Shapes differ, a value is infinite, or an argument is out of range.

    >>> models = np.repeat(["a", "b", "c", "d"], 25)
    >>> effects = np.repeat([0.1, 0.5, 0.9, 0.5], 25)
    >>> found = clustered_contrast(effects, np.zeros(100), models)
    >>> found.clusters, round(found.freedom, 6), round(found.low, 2), round(found.high, 2)
    (4, 3.0, -0.02, 1.02)
    """
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError("resamples >= 1 and confidence inside (0, 1) needed")
    if method not in ("robust", "wild", "bootstrap"):
        raise ValueError(f"there is no method {method!r}: robust, wild or bootstrap")
    treated, controls = paired_arrays(treatment, control)
    labels = np.asarray(clusters)
    if labels.shape != treated.shape:
        raise ValueError(f"{treated.shape} pairs need a cluster each, but have {labels.shape}")
    pairs = differences([treated[None]], [controls[None]])
    defined = ~np.isnan(pairs.values[0])
    values = pairs.values[0, defined]
    groups = _grouped(values, labels[defined])
    count, undefined = len(groups.sums), int(pairs.undefined[0])
    nan = float("nan")
    if count < 2:
        mean = groups.mean() if count else nan
        return ClusteredContrast(mean, nan, nan, nan, nan, nan, count, len(values), undefined)
    alike = intraclass_correlation(values, labels[defined])
    estimate, error, freedom = groups.mean(), *_robust(groups, alike)
    low = high = estimate
    p_value = float(estimate == 0)
    if error > pairs.rounding[0]:
        if method == "robust":
            reach = float(stats.t.isf((1 - confidence) / 2, freedom)) * error
            low, high = estimate - reach, estimate + reach
            p_value = float(2 * stats.t.sf(abs(estimate) / error, freedom))
        elif method == "wild":
            weights = _weights(count, resamples, seed)
            p_value = _wild_p(groups, weights, 0.0)
            low, high = (_wild_end(groups, weights, error, side, confidence) for side in (-1, 1))
        else:
            drawn = np.abs(_drawn(groups, resamples, seed))
            # So that the interval leaves out just those values whose p-value is 1 - confidence
            # or less.
            place = math.ceil((resamples + 1) * confidence - 1e-9) - 1
            reach = float(np.sort(drawn)[place]) * error if place < resamples else math.inf
            low, high = estimate - reach, estimate + reach
            p_value = float(((drawn >= abs(estimate) / error).sum() + 1) / (resamples + 1))
    return ClusteredContrast(
        estimate, low, high, p_value, error, freedom, count, len(values), undefined
    )


def intraclass_correlation(values: npt.ArrayLike, clusters: npt.ArrayLike) -> float:
    """How alike values of one cluster are: the share of their variance that is between clusters.

    The estimator of the one-way analysis of variance (Donner 1986), which can be negative. With m
    values a cluster, the variance of the mean is 1 + (m - 1) times this as large as if all values
    were independent.

    Args:
        values: Values, or differences of pairs, shape [P]; NaN is left out.
        clusters: The cluster of each, shape [P].

    Returns:
        The correlation; NaN with fewer than two clusters, or where all have one value.

    Raises:
        ValueError: Shapes differ.

    >>> round(intraclass_correlation([1, 2, 1, 5, 6, 5], [0, 0, 0, 1, 1, 1]), 2)
    0.96
    """
    given, labels = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    if given.ndim != 1 or given.shape != labels.shape:
        raise ValueError(f"values {given.shape} and clusters {labels.shape} must be of one length")
    defined = ~np.isnan(given)
    given = given[defined]
    groups = _grouped(given, labels[defined])
    count, total = len(groups.sums), len(given)
    if count < 2 or total == count:
        return float("nan")
    means = groups.sums / groups.sizes
    between = (groups.sizes * (means - given.mean()) ** 2).sum() / (count - 1)
    squares = (given**2).sum() - (groups.sizes * means**2).sum()
    within = max(0.0, squares) / (total - count)
    size = (total - (groups.sizes**2).sum() / total) / (count - 1)
    spread = between + (size - 1) * within
    return float((between - within) / spread) if spread > 0 else float("nan")


def _grouped(values: Floats, labels: npt.NDArray[np.generic]) -> _Clusters:
    names, places = np.unique(labels, return_inverse=True)
    sizes = np.bincount(places, minlength=len(names)).astype(np.float64)
    sums = np.bincount(places, weights=values, minlength=len(names)).astype(np.float64)
    return _Clusters(sums, sizes)


def _robust(groups: _Clusters, alike: float) -> tuple[float, float]:
    """Standard error CR2 of the mean, and its degrees of freedom if worlds are so alike."""
    total = groups.sizes.sum()
    shares = groups.sizes / total
    residuals = groups.sums - groups.sizes * groups.mean()
    # In a model of one mean CR2's matrix divides a cluster's residual by sqrt(1 - its share).
    error = np.sqrt((residuals**2 / (1 - shares)).sum()) / total
    # Satterthwaite: twice the squared mean of the squared error, over its variance. `cross` is the
    # covariance of the clusters' terms in it, if worlds of a cluster have this correlation.
    correlation = 0.0 if np.isnan(alike) else min(1.0, max(0.0, alike))
    variances = groups.sizes * (1 + (groups.sizes - 1) * correlation)
    terms = (np.eye(len(shares)) - shares[:, None]) / np.sqrt(1 - shares)[:, None]
    cross = (terms * variances) @ terms.T
    return float(error), float(np.trace(cross) ** 2 / (cross**2).sum())


def _weights(count: int, resamples: int, seed: int) -> Floats:
    """Weights [R, G] of whole clusters in the wild bootstrap."""
    rng = np.random.default_rng([seed, 3])
    if 10 <= count <= 60 and 2**count <= resamples + 1:
        bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
        return 1.0 - 2.0 * bits.astype(np.float64)
    squares = np.array([0.5, 1.0, 1.5] if count < 10 else [1.0])
    points: Floats = np.concatenate([-np.sqrt(squares), np.sqrt(squares)])
    drawn: Floats = rng.choice(points, (resamples, count))
    return drawn


def _wild_p(groups: _Clusters, weights: Floats, null: float) -> float:
    """p-value of "the mean is `null`"."""
    observed = abs(float(groups.statistic(np.ones(len(groups.sums)), null)))
    drawn = np.abs(groups.statistic(weights, null))
    return float(((drawn >= observed * (1 - 1e-9)).sum() + 1) / (len(weights) + 1))


def _wild_end(
    groups: _Clusters, weights: Floats, error: float, side: int, confidence: float
) -> float:
    """The last value on one side of the mean that is not refused."""
    level = (1 - confidence) * (1 + 1e-9)
    inside, reach = groups.mean(), error
    while _wild_p(groups, weights, inside + side * reach) > level:
        reach *= 2
        if reach > 1e6 * error:
            return side * math.inf  # so few clusters refuse nothing
    outside = groups.mean() + side * reach
    for _ in range(40):
        middle = (inside + outside) / 2
        if _wild_p(groups, weights, middle) > level:
            inside = middle
        else:
            outside = middle
    return inside


def _drawn(groups: _Clusters, resamples: int, seed: int) -> Floats:
    """t-statistics [R] of clusters drawn with replacement, about the mean of the sample."""
    rng = np.random.default_rng([seed, 4])
    count = len(groups.sums)
    chosen = rng.integers(0, count, (resamples, count))
    sums, sizes = groups.sums[chosen], groups.sizes[chosen]
    total = sizes.sum(axis=1)
    means = sums.sum(axis=1) / total
    residuals = sums - sizes * means[:, None]
    error = np.sqrt((residuals**2 / (1 - sizes / total[:, None])).sum(axis=1)) / total
    return _ratio(means - groups.mean(), error)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Ratio; without any variation, infinite, or zero if nothing is there either."""
    endless = np.where(top == 0, 0.0, np.copysign(np.inf, top))
    return np.divide(top, bottom, out=endless, where=bottom > 0)
