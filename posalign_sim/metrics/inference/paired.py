"""Paired differences of worlds: their mean, a bootstrap interval and a sign-flip test.

One comparison or a hundred thousand take the same way: all of them share resamples and flips, so
that each step is one product of matrices for all comparisons.

Legend: `P` pairs, `K` comparisons, `R` resamples or flips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]

#: Differences below this share of the largest value are rounding, and count as zero: a twin whose
#: welfare cannot change must not show an "effect" of 1e-17 points.
ROUNDING = 1e-12
#: Cells of the largest temporary array: 4 million floats are 32 MB.
CELLS = 4_000_000
#: Where at most this many drawn flips are as extreme, their number says little of a small p-value.
FEW = 5


@dataclass(frozen=True)
class Contrast:
    """The mean of paired differences, in the unit of the metric.

    Attributes:
        estimate: Mean of treatment less control over the pairs used; NaN without pairs.
        low: Lower end of the BCa interval; NaN with fewer than two pairs.
        high: Upper end of the BCa interval; NaN with fewer than two pairs.
        p_value: Two-sided sign-flip p-value of "no difference"; NaN without pairs.
        pairs: Pairs used.
        undefined: Pairs left out, because one side or both are undefined.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    pairs: int
    undefined: int


@dataclass(frozen=True)
class Contrasts:
    """Many contrasts: what `Contrast` has, each an array [K]."""

    estimate: Floats
    low: Floats
    high: Floats
    p_value: Floats
    pairs: Counts
    undefined: Counts


@dataclass(frozen=True)
class Differences:
    """Pairs of many comparisons.

    Attributes:
        values: Differences [K, P]; NaN where undefined, or where a comparison has fewer pairs.
        rounding: For each comparison, how close values are that count as one.
        undefined: For each comparison, its undefined pairs.
    """

    values: Floats
    rounding: Floats
    undefined: Counts


def paired_contrast(
    treatment: npt.ArrayLike,
    control: npt.ArrayLike,
    *,
    resamples: int = 2_000,
    flips: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Contrast:
    """Contrast two arms whose i-th values come from the same world.

    The interval is the bias-corrected and accelerated bootstrap of the mean difference (Efron
    1987), as in `scipy.stats.bootstrap`. If every pair differs by the same amount, nothing varies
    and the interval is that point.

    The p-value comes from flipping the signs of the differences at random. It is exact, for any
    number of pairs, if differences are symmetric about zero, as they are where swapping the two
    arms changes nothing; flips leave the sum of squares as it is, so that permuting the mean is
    permuting Student's t, which makes the test right for large numbers in general. Where all
    flips are no more than `flips + 1` they are enumerated; otherwise the observed one is counted
    among those drawn, so that the p-value is never below 1 / (flips + 1).

    Args:
        treatment: Values of the treated worlds, shape [P]; NaN where undefined.
        control: Values of the same worlds under control, shape [P].
        resamples: Bootstrap resamples.
        flips: Sign flips drawn.
        confidence: Confidence level of the interval, inside (0, 1).
        seed: Seed of both.

    Returns:
        The contrast. The same input and seed give the same answer.

    Raises:
        ValueError: If the shapes differ or are not [P], a value is infinite, or an argument is
            out of range.

    >>> paired_contrast([3.5, 4.5, float("nan")], [3.0, 4.0, 2.0])
    Contrast(estimate=0.5, low=0.5, high=0.5, p_value=0.5, pairs=2, undefined=1)
    """
    treated, controls = paired_arrays(treatment, control)
    pairs = differences([treated[None]], [controls[None]])
    found = contrast_all(pairs, resamples=resamples, flips=flips, confidence=confidence, seed=seed)
    return Contrast(**{name: values[0].item() for name, values in vars(found).items()})


def paired_arrays(treatment: npt.ArrayLike, control: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Both sides as arrays [P].

    Raises:
        ValueError: They are not of one dimension and one length.
    """
    treated, controls = (np.asarray(side, dtype=np.float64) for side in (treatment, control))
    if treated.ndim != 1 or treated.shape != controls.shape:
        raise ValueError(
            f"treatment and control must be paired arrays of one dimension and one length, "
            f"but their shapes are {treated.shape} and {controls.shape}"
        )
    return treated, controls


def differences(plus: Sequence[Floats], minus: Sequence[Floats]) -> Differences:
    """Sum of `plus` less sum of `minus`, pair by pair; all of shape [K, P].

    >>> differences([np.array([[3.0, 0.3]])], [np.array([[1.0, 0.1 + 0.2]])]).values.tolist()
    [[2.0, 0.0]]
    """
    if any(np.isinf(side).any() for side in (*plus, *minus)):
        raise ValueError("a value is infinite; a metric that has no value must be NaN (undefined)")
    # Term by term against its own control first: exact where both are equal.
    values = sum((p - m for p, m in zip(plus, minus, strict=True)), np.zeros(plus[0].shape))
    undefined = np.isnan(values)
    largest = np.zeros(len(values))
    for side in (*plus, *minus):
        size = np.where(undefined, 0.0, np.abs(side))
        np.maximum(largest, size.max(axis=1, initial=0.0), out=largest)
    rounding = ROUNDING * largest
    values[np.abs(values) <= rounding[:, None]] = 0.0
    return Differences(values, rounding, undefined.sum(axis=1))


def joined(parts: Sequence[Differences]) -> Differences:
    """Comparisons of several numbers of pairs, one below the other."""
    most = max((part.values.shape[1] for part in parts), default=0)
    padded = [
        np.pad(part.values, ((0, 0), (0, most - part.values.shape[1])), constant_values=np.nan)
        for part in parts
    ]
    return Differences(
        np.concatenate([np.empty((0, most)), *padded]),
        np.concatenate([np.empty(0), *(part.rounding for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.undefined for part in parts)]),
    )


def contrast_all(
    pairs: Differences,
    *,
    resamples: int = 2_000,
    flips: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
    bounded_tails: bool = False,
) -> Contrasts:
    """Contrast many comparisons at once; see `paired_contrast` for each of them.

    Args:
        pairs: Their differences.
        resamples: Bootstrap resamples, the same for all comparisons of one number of pairs.
        flips: Sign flips, likewise.
        confidence: Confidence level of the intervals.
        seed: Seed.
        bounded_tails: Drawn flips cannot show a p-value below 1 / (flips + 1), which no large
            family of tests survives. If true, a p-value is at most Chernoff's bound of the share
            of *all* 2**P flips that are as extreme: never too small, seldom ten times too large,
            and free of chance.

    Returns:
        The contrasts, in the order given.

    Raises:
        ValueError: An argument is out of range.

    >>> gain = differences([np.linspace(1, 2, 40)[None]], [np.zeros((1, 40))])
    >>> contrast_all(gain).p_value.item(), contrast_all(gain, bounded_tails=True).p_value < 1e-11
    (0.0001, array([ True]))
    """
    if min(resamples, flips) < 1 or not 0 < confidence < 1:
        given = f"they are {resamples}, {flips} and {confidence}"
        raise ValueError(f"resamples, flips >= 1 and confidence inside (0, 1) needed, but {given}")
    values = pairs.values
    defined = ~np.isnan(values)
    lengths = defined.sum(axis=1)
    estimate, low, high, p_value = (np.full(len(values), np.nan) for _ in range(4))
    for length in np.unique(lengths[lengths > 0]):
        places = np.flatnonzero(lengths == length)
        for first, last in _ranges(len(places), max(resamples, length)):
            rows = places[first:last]
            sample = values[rows][defined[rows]].reshape(len(rows), length)
            estimate[rows] = sample.mean(axis=1)
            p_value[rows] = _sign_flip(sample, flips, seed, bounded_tails)
            if length > 1:  # one world shows no variation
                low[rows] = high[rows] = estimate[rows]
                varied = np.ptp(sample, axis=1) > pairs.rounding[rows]
                if varied.any():
                    means = _bootstrap(sample[varied], resamples, seed)
                    ends = _bca(sample[varied], means, confidence)
                    low[rows[varied]], high[rows[varied]] = ends
    return Contrasts(estimate, low, high, p_value, lengths, pairs.undefined)


def bca_limits(values: Floats, means: Floats, confidence: float) -> tuple[float, float]:
    """Ends of the BCa interval of a mean, from a sample [P], not all equal, and R resamples' means.

    >>> bca_limits(np.array([0.0, 1.0, 2.0]), np.linspace(0, 2, 1001), 0.5)
    (0.5, 1.5)
    """
    low, high = _bca(values[None], means[None].copy(), confidence)
    return float(low[0]), float(high[0])


def _bca(sample: Floats, means: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Ends [K] from samples [K, P] and means [K, R], which are sorted in place."""
    middle = sample.mean(axis=1, keepdims=True)
    centred = sample - middle
    size = np.abs(centred).max(axis=1, keepdims=True)
    # Resamples that tie with the sample's own mean count half. What rounding parts is still a tie.
    gap = (means - middle) / size
    below = ((gap < -ROUNDING).mean(axis=1) + (gap <= ROUNDING).mean(axis=1)) / 2
    resamples = means.shape[1]
    half = 0.5 / resamples  # keeps the correction finite
    bias = stats.norm.ppf(np.clip(below, half, 1 - half))[:, None]
    # The jackknife's acceleration has this closed form for a mean.
    scaled = centred / size
    acceleration = (scaled**3).sum(axis=1) / (6 * (scaled**2).sum(axis=1) ** 1.5)
    normal = bias + stats.norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    # Beyond the pole of the correction lies the end of the distribution.
    stretch = np.maximum(1 - acceleration[:, None] * normal, 1e-9)
    position = stats.norm.cdf(bias + normal / stretch) * (resamples - 1)
    means.sort(axis=1)
    before = np.minimum(position.astype(np.int64), max(0, resamples - 2))
    left = np.take_along_axis(means, before, axis=1)
    right = np.take_along_axis(means, np.minimum(before + 1, resamples - 1), axis=1)
    ends = left + (right - left) * (position - before)
    return ends[:, 0], ends[:, 1]


def _bootstrap(sample: Floats, resamples: int, seed: int) -> Floats:
    """Means of resamples with replacement: [K, R] from [K, P]."""
    pairs = sample.shape[1]
    centre = sample.mean(axis=1, keepdims=True)
    rng = np.random.default_rng([seed, 0])
    means = np.empty((len(sample), resamples))
    for start, end in _ranges(resamples, pairs):
        rows = end - start
        drawn = rng.integers(0, pairs, (rows, pairs)) + np.arange(rows)[:, None] * pairs
        # How often each pair was drawn, so that all comparisons are one matrix product.
        counts = np.bincount(drawn.ravel(), minlength=rows * pairs).reshape(rows, pairs)
        means[:, start:end] = (sample - centre) @ counts.T.astype(np.float64)
    means /= pairs
    means += centre
    return means


def _sign_flip(sample: Floats, flips: int, seed: int, bounded_tails: bool) -> Floats:
    """Two-sided p-values [K] of differences [K, P]; see `contrast_all`."""
    pairs = sample.shape[1]
    exact = pairs < 63 and 2**pairs <= flips + 1
    total = 2**pairs if exact else flips
    p_values = np.ones(len(sample))  # nothing but zeros is as extreme as any flip of it
    moved = sample.any(axis=1)
    sample = sample[moved]
    rng = np.random.default_rng([seed, 1])
    observed = np.abs(sample.sum(axis=1)) - 1e-9 * np.abs(sample).sum(axis=1)
    extreme = np.zeros(len(sample))
    for start, end in _ranges(total, pairs):
        if exact:
            bits = np.arange(start, end)[:, None] >> np.arange(pairs) & 1
        else:
            bits = rng.integers(0, 2, (end - start, pairs), dtype=np.int8)
        for first, last in _ranges(end - start, max(1, len(sample))):
            sums = sample @ (1.0 - 2.0 * bits[first:last]).T
            extreme += (np.abs(sums, out=sums) >= observed[:, None]).sum(axis=1)
    found = extreme / total if exact else (extreme + 1) / (total + 1)
    if bounded_tails and not exact:
        few = extreme <= FEW
        found[few] = np.minimum(found[few], _tail_bound(sample[few], observed[few]))
    p_values[moved] = found
    return p_values


def _tail_bound(sample: Floats, observed: Floats) -> Floats:
    """Upper bound of the share of all flips of [K, P] whose sum is at least as far from 0.

    Chernoff (1952): P(sum >= s) <= exp(K(t) - t s) for every t > 0, where K(t), the sum of
    log cosh(t d), is the cumulant generating function of randomly signed differences d.
    """
    sizes = np.abs(sample)
    scale = sizes.max(axis=1, keepdims=True)
    sizes, target = sizes / scale, observed / scale[:, 0]
    # Newton's method for the best t. It starts below, at the best t of a normal distribution, and
    # climbs; the bound holds wherever it stops.
    t = target / (sizes**2).sum(axis=1)
    for _ in range(50):
        slope = np.tanh(t[:, None] * sizes)
        curvature = (sizes**2 * (1 - slope**2)).sum(axis=1)
        climb = target - (sizes * slope).sum(axis=1)
        t += np.divide(climb, curvature, out=np.zeros_like(t), where=(climb > 0) & (curvature > 0))
    raised = t[:, None] * sizes
    cumulant = (raised + np.log1p(np.exp(-2 * raised)) - np.log(2)).sum(axis=1)
    return np.minimum(1.0, 2 * np.exp(cumulant - t * target))


def _ranges(total: int, width: int) -> Iterator[tuple[int, int]]:
    """First and last row of consecutive pieces with at most about `CELLS` cells each."""
    rows = max(1, CELLS // width)
    for start in range(0, total, rows):
        yield start, min(start + rows, total)
