"""Equivalence: "no effect" is a claim, and needs evidence as any other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.stats.weightstats import DescrStatsW

from posalign_sim.metrics.inference.paired import differences, paired_arrays


@dataclass(frozen=True)
class Equivalence:
    """Whether an effect is shown to be smaller than a margin, either way.

    Attributes:
        estimate: Mean of treatment less control; NaN without pairs.
        low: Lower end of Student's interval with confidence 1 - 2 * level; NaN below two pairs.
        high: Upper end.
        margin: Effects smaller than this, either way, count as none.
        p_value: Of "the effect is the margin or greater, either way"; NaN below two pairs.
        shown: Whether the p-value is below the level, that is, the interval inside the margins.
        smallest_margin: Any margin greater than this would be shown.
        pairs: Pairs used.
        undefined: Pairs left out.
    """

    estimate: float
    low: float
    high: float
    margin: float
    p_value: float
    shown: bool
    smallest_margin: float
    pairs: int
    undefined: int


def equivalence(
    treatment: npt.ArrayLike, control: npt.ArrayLike, margin: float, *, level: float = 0.05
) -> Equivalence:
    """Test paired arms for equivalence: two one-sided t-tests (Schuirmann 1987).

    A large p-value of a test of "no difference" shows nothing: with few worlds it is large
    whatever the effect is. Equivalence is shown where the effect is significantly above minus the
    margin and significantly below the margin. The margin is a judgement about the subject, to be
    made before the results are seen: the smallest effect that would matter.

    Args:
        treatment: Values of the treated worlds, shape [P]; NaN where undefined.
        control: Values of the same worlds under control, shape [P].
        margin: Smallest effect that would matter, in the unit of the metric, above 0.
        level: Probability, at most, of showing equivalence where there is none.

    Returns:
        The result.

    Raises:
        ValueError: Shapes differ, a value is infinite, or an argument is out of range.

    >>> luck, noise = np.random.default_rng(3).normal(size=(2, 100))
    >>> found = equivalence(luck + 0.1 * noise, luck, margin=0.1)
    >>> found.shown, bool(0.01 < found.smallest_margin < 0.05)
    (True, True)
    """
    if not 0 < margin < np.inf or not 0 < level < 0.5:
        raise ValueError(
            f"margin > 0 and level inside (0, 0.5) needed, but they are {margin} and {level}"
        )
    treated, controls = paired_arrays(treatment, control)
    found = differences([treated[None]], [controls[None]])
    values = found.values[~np.isnan(found.values)]
    pairs, undefined = len(values), int(found.undefined[0])
    nan = float("nan")
    estimate = float(values.mean()) if pairs else nan
    if pairs < 2:
        return Equivalence(estimate, nan, nan, margin, nan, False, nan, pairs, undefined)
    low = high = estimate
    p_value = float(abs(estimate) >= margin)
    if np.ptp(values) > found.rounding[0]:  # otherwise there is nothing that varies
        sample = DescrStatsW(values)
        p_value = float(sample.ttost_mean(-margin, margin)[0])
        low, high = (float(end) for end in sample.tconfint_mean(2 * level))
    shown, smallest = p_value < level, max(abs(low), abs(high))
    return Equivalence(estimate, low, high, margin, p_value, shown, smallest, pairs, undefined)
