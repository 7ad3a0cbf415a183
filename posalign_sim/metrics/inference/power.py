"""How many worlds a study needs, and what a study of so many worlds can show."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import integrate, stats
from statsmodels.stats.power import ttest_power

#: No study has more pairs than this.
MOST_PAIRS = 10**9
#: Beyond so many pairs Student's t and the normal distribution are one, and faster is the latter.
NORMAL_FROM = 10_000


def power(
    effect: float,
    sd: float,
    pairs: int,
    level: float = 0.05,
    tests: int = 1,
    *,
    margin: float | None = None,
) -> float:
    """Probability that a study of so many paired worlds shows what is there.

    Args:
        effect: Mean difference that is there, in the unit of the metric.
        sd: Standard deviation of the differences of pairs (not of the worlds: with shared luck
            differences vary much less).
        pairs: Paired worlds.
        level: Level of the test, over all tests of the family.
        tests: Tests in the family. Each is planned at `level / tests`: Holm's first and hardest
            step, so that the truth is no worse.
        margin: If given, the power to show equivalence within it (`equivalence`) where the effect
            is `effect`; otherwise, to show a difference in a two-sided paired t-test, in either
            direction.

    Returns:
        The power, from 0 to 1.

    Raises:
        ValueError: An argument is out of range.

    >>> round(power(effect=0.5, sd=1, pairs=34), 2)
    0.81
    >>> round(power(effect=0, sd=1, pairs=100, margin=0.3), 2)
    0.82
    """
    _check(sd, level, tests, margin)
    if pairs < 2:
        raise ValueError(f"a test needs at least 2 pairs, but there are {pairs}")
    if margin is not None:
        return _equivalence_power(effect / sd, margin / sd, pairs, level / tests)
    size = abs(effect) / sd
    if pairs >= NORMAL_FROM:
        limit, centre = stats.norm.isf(level / tests / 2), size * math.sqrt(pairs)
        return float(stats.norm.sf(limit - centre) + stats.norm.cdf(-limit - centre))
    each = level / tests / 2
    right = ttest_power(size, pairs, each, alternative="larger")
    # The wrong side is NaN where its probability is beneath all numbers.
    wrong = ttest_power(size, pairs, each, alternative="smaller")
    return float(right + np.nan_to_num(wrong))


def pairs_needed(
    effect: float,
    sd: float,
    power: float = 0.8,
    level: float = 0.05,
    tests: int = 1,
    *,
    margin: float | None = None,
) -> int:
    """Fewest paired worlds with which a study has the power; arguments as for `power`.

    Args:
        effect: Mean difference; the smallest that would matter, or 0 for equivalence.
        sd: Standard deviation of the differences of pairs; `pilot_sd` takes it from a pilot study.
        power: Power wanted, inside (0, 1).
        level: Level of the test, over all tests of the family.
        tests: Tests in the family.
        margin: If given, for equivalence within this margin.

    Returns:
        Number of pairs, at least 2.

    Raises:
        ValueError: An argument is out of range, or no number of pairs has the power.

    >>> pairs_needed(effect=0.5, sd=1), pairs_needed(effect=0.5, sd=1, tests=12)
    (34, 60)
    >>> pairs_needed(effect=0, sd=1, margin=0.3)
    97
    """
    _check(sd, level, tests, margin)
    if not 0 < power < 1:
        raise ValueError(f"the power wanted must be inside (0, 1), but it is {power}")

    def enough(pairs: int) -> bool:
        return _power(effect, sd, pairs, level, tests, margin=margin) >= power

    if abs(effect) >= margin if margin is not None else effect == 0:
        told = "there is no effect" if margin is None else f"it is not within {margin}"
        raise ValueError(f"no number of pairs shows an effect of {effect}: {told}")
    # Twice as many until it is enough, then halve the gap.
    many = 2
    while not enough(many):
        many *= 2
        if many > MOST_PAIRS:
            raise ValueError(f"an effect of {effect} takes more than {MOST_PAIRS:,} pairs")
    few = many // 2
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


_power = power  # `pairs_needed` has an argument of that name


def pilot_sd(differences: npt.ArrayLike, confidence: float | None = None) -> float:
    """Standard deviation of the differences of a pilot study, to plan with.

    The standard deviation of a small pilot is as likely too small as too large, and a study that is
    planned with it has too little power half of the time. The upper confidence limit is exceeded
    by the truth with probability `1 - confidence` only (Browne 1995, Statistics in Medicine 14).
    The limit is that of normal differences; heavy tails make it less certain.

    Args:
        differences: Treatment less control for each world of the pilot; NaN where undefined.
        confidence: None for the plain estimate, otherwise confidence of the upper limit; 0.8 is
            customary.

    Returns:
        The standard deviation, or its upper limit.

    Raises:
        ValueError: Fewer than two differences, or a confidence outside (0, 1).

    >>> pilot = [0.1, 0.9, 0.4, 0.6, 0.2, 0.8, 0.7, 0.3]
    >>> round(pilot_sd(pilot), 3), round(pilot_sd(pilot, confidence=0.8), 3)
    (0.293, 0.396)
    >>> pairs_needed(0.2, pilot_sd(pilot)), pairs_needed(0.2, pilot_sd(pilot, confidence=0.8))
    (19, 33)
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        raise ValueError(f"a pilot needs at least 2 differences, but there are {len(values)}")
    deviation = float(values.std(ddof=1))
    if confidence is None:
        return deviation
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be inside (0, 1), but it is {confidence}")
    freedom = len(values) - 1
    return deviation * math.sqrt(freedom / float(stats.chi2.ppf(1 - confidence, freedom)))


def _equivalence_power(effect: float, margin: float, pairs: int, level: float) -> float:
    """Power of two one-sided t-tests; effect and margin in standard deviations.

    Given the sample's standard deviation s, equivalence is shown if the mean lies within the margin
    less t * s / sqrt(n). The mean is normal and independent of s, so it is a single integral.
    """
    freedom, root = pairs - 1, math.sqrt(pairs)
    limit = stats.t.isf(level, freedom)

    def shown(deviation: float) -> float:
        room = margin * root - limit * deviation
        centre = effect * root
        return float(stats.norm.cdf(room - centre) - stats.norm.cdf(-room - centre))

    widest = margin * root / limit  # with more variation than this nothing is shown
    spread = stats.chi(freedom, scale=1 / math.sqrt(freedom))
    low, high = spread.ppf([1e-12, 1 - 1e-12])
    if low >= widest:
        return 0.0
    value, _ = integrate.quad(
        lambda s: shown(s) * spread.pdf(s), low, min(high, widest), limit=200, epsabs=1e-9
    )
    return min(1.0, float(value))


def _check(sd: float, level: float, tests: int, margin: float | None) -> None:
    if not (sd > 0 and 0 < level < 1 and tests >= 1 and (margin is None or margin > 0)):
        raise ValueError(
            "sd > 0, level inside (0, 1), tests >= 1 and margin > 0 needed, "
            f"but they are {sd}, {level}, {tests} and {margin}"
        )
