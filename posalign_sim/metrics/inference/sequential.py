"""Looking at a study while it runs, without claiming too often.

Who looks five times and stops at the first p-value below 0.05 is wrong in 14% of studies without an
effect. A group-sequential plan says beforehand when it is looked, and how much of the permitted
error each look spends (Lan & DeMets 1983); then it may stop early, and keeps its level.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

Floats: TypeAlias = npt.NDArray[np.float64]

#: A bound beyond this is never crossed; where a look may spend less than it takes, it is the bound.
FARTHEST = 12.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)


def _obrien_fleming(time: Floats, level: float) -> Floats:
    """Hardly anything early: the last look is nearly as that of a study of fixed size."""
    spent: Floats = 2 * stats.norm.sf(stats.norm.isf(level / 4) / np.sqrt(time))
    return 2 * spent  # both sides


def _pocock(time: Floats, level: float) -> Floats:
    """Nearly the same at every look: stops earlier, and asks more of the last look."""
    return level * np.log(1 + (math.e - 1) * time)


#: What has been spent of the level by each share of the information, by name.
SPENDING: dict[str, Callable[[Floats, float], Floats]] = {
    "obrien_fleming": _obrien_fleming,
    "pocock": _pocock,
}


def boundaries(
    looks: int | Sequence[float], level: float = 0.05, spending: str = "obrien_fleming"
) -> Floats:
    """Bounds of the absolute z-statistic at each look, two-sided.

    Lan and DeMets' spending functions, by the recursive integration of Armitage, McPherson & Rowe
    (1969) over those paths that have crossed nothing yet.

    Args:
        looks: Number of looks, evenly spaced, or the share of all pairs at each, rising up to 1.
        level: Probability, at most, of ever crossing if there is no effect.
        spending: `"obrien_fleming"` or `"pocock"`.

    Returns:
        One bound for each look.

    Raises:
        ValueError: An argument is out of range, or the name is unknown.

    >>> boundaries(5).round(3).tolist()  # Lan & DeMets (1983); Jennison & Turnbull (2000), ch. 7
    [4.877, 3.357, 2.68, 2.29, 2.031]
    >>> boundaries([0.5, 1.0], spending="pocock").round(3).tolist()
    [2.157, 2.201]
    """
    times = _times(looks)
    if not 0 < level < 1:
        raise ValueError(f"level must be inside (0, 1), but it is {level}")
    if spending not in SPENDING:
        raise ValueError(f"there is no spending {spending!r}; there are {', '.join(SPENDING)}")
    steps = np.diff(SPENDING[spending](times, level), prepend=0.0)
    found: list[float] = []
    paths = _Paths()
    for time, step in zip(times, steps, strict=True):

        def excess(bound: float, time: float = time, step: float = step) -> float:
            # Logarithms, because early looks spend as little as 1e-20.
            return math.log(max(paths.crossing(bound, time), 1e-300)) - math.log(max(step, 1e-300))

        bound = FARTHEST
        if excess(FARTHEST) < 0:
            bound = float(optimize.brentq(excess, 0.0, FARTHEST, xtol=1e-10))
        found.append(bound)
        paths.advance(bound, time)
    return np.array(found)


def error_spent(bounds: npt.ArrayLike, looks: int | Sequence[float] | None = None) -> Floats:
    """Probability, without an effect, of having crossed one of these bounds by each look.

    Args:
        bounds: Bounds of the absolute z-statistic at each look.
        looks: Share of all pairs at each look; evenly spaced if it is not given.

    Returns:
        The probabilities, which rise.

    Raises:
        ValueError: The numbers of bounds and of looks differ.

    >>> error_spent([1.96] * 5).round(3).tolist()  # five looks at the 5% level
    [0.05, 0.083, 0.107, 0.126, 0.142]
    """
    limits = np.asarray(bounds, dtype=np.float64)
    times = _times(len(limits) if looks is None else looks)
    if limits.shape != times.shape:
        raise ValueError(f"there are {limits.size} bounds, but {times.size} looks")
    paths, spent = _Paths(), []
    for bound, time in zip(limits, times, strict=True):
        spent.append(paths.crossing(bound, time))
        paths.advance(bound, time)
    return np.cumsum(spent)


class SequentialPlan:
    """When a study is looked at, and when it may stop.

    Several primary contrasts share the level evenly (Bonferroni): each has bounds of its own,
    with `level / contrasts`, so that any false claim at any look has at most probability `level`.
    What is claimed is what is shown at the look at which the study stops. The bounds suppose that
    statistics of successive looks grow as sums of independent worlds do, so each look must use all
    worlds so far.

    After an early stop the plain estimate is too far from zero on average, and the plain interval
    covers too seldom: report `interval`, and the p-value of `overall_p`.

    Args:
        first: Pairs at the first look.
        most: Pairs at the last look, where the study ends in any case.
        looks: Number of looks, evenly spaced from `first` to `most`.
        level: Probability of any false claim over all looks and contrasts.
        spending: `"obrien_fleming"` or `"pocock"`.
        contrasts: Number of primary contrasts.

    Attributes:
        looks: Cumulative pairs at each look.
        bounds: Bounds of the absolute z-statistic of each contrast at each look.
        levels: The same as p-values: a contrast is shown at a look whose p-value is at most this.

    Raises:
        ValueError: An argument is out of range.

    >>> plan = SequentialPlan(first=64, most=1024, looks=4)
    >>> plan.looks
    (64, 384, 704, 1024)
    >>> plan.levels.round(4).tolist()
    [0.0, 0.0005, 0.0136, 0.0458]
    >>> plan.decide(1, [0.0004]), plan.decide(2, [0.2]), plan.decide(3, [0.2])
    (True, False, True)
    """

    def __init__(
        self,
        first: int,
        most: int,
        looks: int = 5,
        level: float = 0.05,
        spending: str = "obrien_fleming",
        contrasts: int = 1,
    ) -> None:
        """Lay the bounds; see the class for the arguments."""
        if not (looks == 1 and 2 <= first == most) and not (
            looks > 1 and first >= 2 and most - first >= looks - 1
        ):
            raise ValueError(
                f"{looks} looks from {first} to {most} pairs are impossible: at least 2 pairs at "
                "the first look and more at each later one, and with one look first = most"
            )
        if contrasts < 1:
            raise ValueError(f"a plan needs at least one contrast, but contrasts is {contrasts}")
        pairs = np.linspace(first, most, looks).round().astype(np.int64)
        self.looks: tuple[int, ...] = tuple(pairs.tolist())
        self.level, self.spending, self.contrasts = level, spending, contrasts
        self._times = [n / most for n in self.looks]
        self.bounds = boundaries(self._times, level / contrasts, spending)
        self.levels: Floats = 2 * stats.norm.sf(self.bounds)

    def shown(self, look: int, p_values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which contrasts are shown at this look.

        Args:
            look: Number of the look, from 0.
            p_values: Two-sided p-value of each primary contrast, over all worlds so far; NaN
                where undefined, which shows nothing.

        Returns:
            One truth for each contrast.

        Raises:
            ValueError: There is no such look, or not one p-value for each contrast.
        """
        return self._checked(look, p_values) <= self.levels[look]

    def decide(self, look: int, p_values: npt.ArrayLike) -> bool:
        """Whether to stop: every primary contrast is shown, or this was the last look."""
        return look == len(self.looks) - 1 or bool(self.shown(look, p_values).all())

    def overall_p(self, look: int, p_values: npt.ArrayLike) -> Floats:
        """p-values of a study that stopped at this look, which answer for all looks and contrasts.

        They order outcomes by stages: an earlier crossing is more extreme than any later one, and
        at one look the greater statistic is (Jennison & Turnbull 2000, ch. 8). A contrast that is
        shown first at this look has at most the level here, and any other more.

        Args:
            look: Number of the look at which the study stopped, from 0.
            p_values: p-values at that look, as for `shown`.

        Returns:
            Bonferroni-adjusted p-values; NaN where undefined.

        >>> SequentialPlan(64, 1024).overall_p(4, [0.04]).round(3).tolist()
        [0.047]
        """
        given = self._checked(look, p_values)
        paths, before = _Paths(), 0.0
        for bound, time in zip(self.bounds[:look], self._times, strict=False):
            before += paths.crossing(bound, time)
            paths.advance(bound, time)
        found = np.full(given.shape, np.nan)
        for k in np.flatnonzero(~np.isnan(given)):
            reached = min(float(stats.norm.isf(given[k] / 2)), FARTHEST)
            total = before + paths.crossing(reached, self._times[look])
            found[k] = min(1.0, total * self.contrasts)
        return found

    def interval(self, look: int, estimate: float, standard_error: float) -> tuple[float, float]:
        """Repeated confidence interval: all looks' intervals hold the truth at once.

        Their joint confidence is `1 - level`, over all contrasts too (Jennison & Turnbull 1989).

        Args:
            look: Number of the look, from 0.
            estimate: Mean difference over all worlds so far.
            standard_error: Its standard error.

        Returns:
            Both ends.
        """
        reach = float(self.bounds[look]) * standard_error
        return estimate - reach, estimate + reach

    def _checked(self, look: int, p_values: npt.ArrayLike) -> Floats:
        if not 0 <= look < len(self.looks):
            raise ValueError(f"there is no look {look}: looks are 0 to {len(self.looks) - 1}")
        given = np.asarray(p_values, dtype=np.float64)
        if given.shape != (self.contrasts,):
            raise ValueError(
                f"the plan has {self.contrasts} contrasts, but p-values have shape {given.shape}"
            )
        return given


class _Paths:
    """Density of Brownian paths that have crossed nothing yet, where they are at the last look."""

    def __init__(self) -> None:
        self.time = 0.0
        self.places: Floats = np.zeros(1)
        self.masses: Floats = np.ones(1)

    def crossing(self, bound: float, time: float) -> float:
        """Probability of crossing nothing before, and `bound` at `time`."""
        edge, step = bound * math.sqrt(time), math.sqrt(time - self.time)
        beyond = stats.norm.sf((edge - self.places) / step)
        return float(2 * (self.masses * beyond).sum())  # both sides are alike

    def advance(self, bound: float, time: float) -> None:
        """Go on to `time` with the paths that are within the bound there."""
        step = math.sqrt(time - self.time)
        # Nothing to speak of is farther than nine standard deviations.
        edge = min(bound, 9.0) * math.sqrt(time)
        places = edge * _NODES
        density = stats.norm.pdf((places[:, None] - self.places) / step) @ self.masses / step
        self.time, self.places, self.masses = time, places, edge * _WEIGHTS * density


def _times(looks: int | Sequence[float]) -> Floats:
    """Shares of the information, checked."""
    if isinstance(looks, int):
        if looks < 1:
            raise ValueError(f"there must be at least one look, but looks is {looks}")
        return np.arange(1, looks + 1) / looks
    times = np.asarray(looks, dtype=np.float64)
    if times.ndim != 1 or not len(times) or (np.diff(times, prepend=0.0) <= 0).any():
        raise ValueError(f"shares of the pairs must rise from above 0, but they are {looks}")
    if abs(times[-1] - 1) > 1e-9:
        raise ValueError(f"the last look must have all pairs (1.0), but it has {times[-1]}")
    return times
