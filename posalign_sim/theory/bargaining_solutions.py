"""What bargainers might agree on: demands in equilibrium, efficient deals, solution concepts.

Parties are numbered from 0 in arrays. Utilities are points of each party's own scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from posalign_sim.theory.bounds import require_pair, require_within

Point = tuple[float, float]

_DIGITS = 12  # of the largest utility: smaller differences are rounding


def nash_demand_equilibria(demands: ArrayLike, pie: float = 1.0) -> NDArray[np.float64]:
    """Pure equilibria of the game in which two demand at once and get it if the pie suffices.

    If the two demands sum to more than the pie, both get nothing.

    Args:
        demands: `[demands]` points that either may demand, at least 0.
        pie: points to divide, at least 0.

    Returns:
        `[equilibria, 2]` demands of party 0 and 1, in ascending order. Each division without waste
        is one, and so is any pair so greedy that nobody can do better alone.

    Raises:
        ValueError: If there is no demand, one is negative or not finite, or the pie is.

    Source: Nash (1953), Econometrica 21.

    Example:
        >>> nash_demand_equilibria([0.25, 0.5, 0.75]).tolist()
        [[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]]
    """
    choices = np.unique(np.asarray(demands, dtype=np.float64))
    if choices.size == 0:
        raise ValueError("demands is empty, but each party must demand something")
    if not (np.isfinite(choices).all() and choices[0] >= 0):
        raise ValueError(f"demands is {demands!r}, but demands must be finite and at least 0")
    pie = require_within("pie", pie, 0, math.inf)
    enough = _snapped(np.append(choices[:, None] + choices, pie))
    points = np.where(enough[:-1].reshape(choices.size, -1) <= enough[-1], choices[:, None], 0.0)
    best = points == points.max(axis=0)  # the game is symmetric: best replies to each column
    first, second = np.nonzero(best & best.T)
    return np.stack([choices[first], choices[second]], axis=1)


def _snapped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values without the digits that rounding errors reach, for comparisons."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0:
        return values
    scale = math.ldexp(1.0, math.frexp(largest)[1])  # a power of 2: division is exact
    snapped: NDArray[np.float64] = np.round(values / scale, _DIGITS)
    return snapped


def _utilities(utilities: ArrayLike) -> NDArray[np.float64]:
    """Check points by outcome and party."""
    points = np.asarray(utilities, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] == 0 or not np.isfinite(points).all():
        raise ValueError(
            f"utilities has shape {points.shape}, but it must hold finite points by outcome (rows) "
            "and party (columns)"
        )
    return points


def pareto_set(utilities: ArrayLike) -> NDArray[np.int64]:
    """Outcomes that no other outcome improves for somebody without a loss for anybody.

    Outcomes that give all parties the same stand or fall together. A difference below 1e-12 of the
    largest utility counts as none.

    Args:
        utilities: `[outcomes, parties]` points.

    Returns:
        `[efficient outcomes]` their rows, in ascending order.

    Raises:
        ValueError: If the array has not two axes, has no party, or holds what is not finite.

    Source: Luce & Raiffa (1957), Games and Decisions, chapter 6.

    Example:
        >>> pareto_set([[3, 0], [2, 2], [2, 1], [0, 3], [2, 2]]).tolist()
        [0, 1, 3, 4]
    """
    points = _snapped(_utilities(utilities))
    if len(points) == 0:
        return np.zeros(0, dtype=np.int64)
    order = np.lexsort(points.T[::-1])
    ranked = points[order]
    fresh = np.append(True, (ranked[1:] != ranked[:-1]).any(axis=1))
    distinct = ranked[fresh]
    member = np.empty(len(points), dtype=np.int64)
    member[order] = np.cumsum(fresh) - 1
    # In ascending order of the first party's points, ties by the second's and so on: only a later
    # row can dominate an earlier one.
    efficient = np.ones(len(distinct), dtype=np.bool_)
    if distinct.shape[1] <= 2:
        best = np.maximum.accumulate(distinct[::-1, -1])[::-1]
        efficient[:-1] = distinct[:-1, -1] > best[1:]
    else:
        for row in reversed(range(len(distinct))):
            if efficient[row]:
                efficient[:row] &= (distinct[:row] > distinct[row]).any(axis=1)
    return np.flatnonzero(efficient[member])


@dataclass(frozen=True, slots=True)
class BargainingSolutions:
    """Rows of the outcomes that solution concepts choose from a finite set.

    Attributes:
        nash: row of the Nash solution; None without a zone of agreement, as for the others.
        kalai_smorodinsky: row of the Kalai-Smorodinsky solution.
        egalitarian: row of the egalitarian solution.
        utilitarian: row of the utilitarian solution.
        pareto: rows that are efficient, in ascending order, whatever the disagreement.

    Example:
        >>> bargaining_solutions([[3, 3]], [4, 0]).nash is None
        True
    """

    nash: int | None
    kalai_smorodinsky: int | None
    egalitarian: int | None
    utilitarian: int | None
    pareto: tuple[int, ...]


def bargaining_solutions(utilities: ArrayLike, disagreement: ArrayLike) -> BargainingSolutions:
    """Outcomes that the solution concepts of cooperative bargaining choose from a finite set.

    The zone of agreement is the outcomes in which nobody gets less than without agreement, and
    somebody gets more. If it is empty there is no solution. Gains are points above disagreement.
    Within the zone,

    - Nash: the most parties that gain, then the largest product of their gains;
    - Kalai-Smorodinsky: the largest smallest share of the gain a party could at most have within
      the zone, then the largest second smallest, and so on (leximin);
    - egalitarian: leximin of the gains;
    - utilitarian: the largest sum.

    Ties are broken by leximin of the gains, then by the lowest row. A difference below 1e-12 of the
    largest number compared counts as none. Every solution is efficient.

    Args:
        utilities: `[outcomes, parties]` points.
        disagreement: `[parties]` points without agreement.

    Returns:
        Rows of the outcomes.

    Raises:
        ValueError: If the shapes do not fit, or a number is not finite.

    Source: Nash (1950), Econometrica 18; Kalai & Smorodinsky (1975), Econometrica 43; Kalai (1977),
    Econometrica 45 (egalitarian); Imai (1983), Econometrica 51 (leximin); Myerson (1981),
    Econometrica 49 (utilitarian).

    Example:
        >>> solutions = bargaining_solutions([[10, 1], [6, 4], [4, 5], [1, 6]], [0, 0])
        >>> solutions.nash, solutions.kalai_smorodinsky, solutions.utilitarian, solutions.pareto
        (1, 1, 0, (0, 1, 2, 3))
    """
    points = _utilities(utilities)
    fallback = np.asarray(disagreement, dtype=np.float64)
    if fallback.shape != (points.shape[1],) or not np.isfinite(fallback).all():
        raise ValueError(
            f"disagreement has shape {fallback.shape}, but it must hold finite points of each of "
            f"{points.shape[1]} parties"
        )
    pareto = tuple(pareto_set(points).tolist())
    known = _snapped(np.vstack([points, fallback]))  # so that a gain of 0 is exactly 0
    gains = known[:-1] - known[-1]
    zone = np.flatnonzero((gains >= 0).all(axis=1) & (gains > 0).any(axis=1))
    if zone.size == 0:
        return BargainingSolutions(None, None, None, None, pareto)
    # No solution is inefficient, and what is efficient in the zone is so among all.
    zone = zone[pareto_set(gains[zone])]
    gains = gains[zone]
    ideal = gains.max(axis=0)
    shares = gains / np.where(ideal > 0, ideal, 1)
    gaining = (gains > 0).sum(axis=1)
    logs = np.log(np.where(gains > 0, gains, 1)).sum(axis=1)
    leximin = [*np.sort(_snapped(gains), axis=1).T]

    def best(*criteria: NDArray[np.float64] | NDArray[np.int64]) -> int:
        """Row that is the largest by the first criterion, ties by the next."""
        left = np.arange(len(zone))
        for criterion in [*criteria, *leximin]:
            left = left[criterion[left] == criterion[left].max()]
        return int(zone[left[0]])

    return BargainingSolutions(
        nash=best(gaining, _snapped(logs)),
        kalai_smorodinsky=best(*np.sort(_snapped(shares), axis=1).T),
        egalitarian=best(),
        utilitarian=best(_snapped(gains.sum(axis=1))),
        pareto=pareto,
    )


class FrontierSolutions(NamedTuple):
    """Points of a frontier that solution concepts choose, each as (first's, second's) utility.

    Attributes:
        nash: the Nash solution; None without a zone of agreement, as for the others.
        kalai_smorodinsky: the Kalai-Smorodinsky solution.
        egalitarian: the egalitarian solution.
        utilitarian: the utilitarian solution.

    Example:
        >>> frontier_solutions(lambda u1: 1 - u1, 0, 1, disagreement=(1, 1)).nash is None
        True
    """

    nash: Point | None
    kalai_smorodinsky: Point | None
    egalitarian: Point | None
    utilitarian: Point | None


def frontier_solutions(
    frontier: Callable[[float], float],
    low: float,
    high: float,
    disagreement: Sequence[float] = (0.0, 0.0),
) -> FrontierSolutions:
    """Points that the solution concepts choose from the frontier of two parties.

    The zone of agreement is the part of the frontier that gives neither less than disagreement, and
    somebody more. Where gains, or shares of the largest gains, cannot be equal, the end of the zone
    that comes closest is chosen. If the egalitarian solution has the largest sum, it is also the
    utilitarian one.

    Args:
        frontier: the second party's utility as a function of the first's; continuous, falling (or
            level) and finite.
        low: smallest utility of the first party on the frontier.
        high: largest utility of the first party on the frontier, at least `low`.
        disagreement: `[2]` utilities without agreement.

    Returns:
        Pairs of utilities, right to 1e-6 of the width of the zone. If the frontier is concave so
        are the sums that are maximised, and the maxima are found; otherwise they are the best near
        one of 1,001 even steps.

    Raises:
        ValueError: If a number is not finite, the bounds are in the wrong order, or the frontier
            rises.

    Source: Nash (1950), Econometrica 18; Kalai & Smorodinsky (1975), Econometrica 43; Kalai (1977),
    Econometrica 45; Myerson (1981), Econometrica 49.

    Example:
        >>> solutions = frontier_solutions(lambda u1: 2 * (1 - u1**2), 0, 1)
        >>> [round(u, 5) for u in solutions.nash], [round(u, 5) for u in solutions.egalitarian]
        ([0.57735, 1.33333], [0.78078, 0.78078])
    """
    low = require_within("low", low, -math.inf, math.inf)
    high = require_within("high", high, low, math.inf)
    d1, d2 = require_pair("disagreement", disagreement, -math.inf, math.inf)

    def second(u1: float) -> float:
        return require_within(f"frontier({u1!r})", frontier(u1), -math.inf, math.inf)

    nothing = FrontierSolutions(None, None, None, None)
    start, end = max(low, d1), high
    if start > end or second(start) < d2:
        return nothing
    heights = [second(float(u1)) for u1 in np.linspace(low, high, 1001)]
    rise = max(np.diff(heights).max(), 0.0)
    if rise > 1e-9 * max(map(abs, heights)):
        raise ValueError("frontier rises, but more for one party must leave less for the other")
    if second(end) < d2:
        end = _crossing(lambda u1: second(u1) - d2, start, end)
    ideal1, ideal2 = end - d1, second(start) - d2

    def point(u1: float) -> Point:
        return u1, second(u1)

    if ideal1 <= 0 or ideal2 <= 0:  # at most one of them can gain: it does
        return nothing if ideal1 <= 0 and ideal2 <= 0 else FrontierSolutions(*[point(end)] * 4)

    def product(u1: float) -> float:
        return (u1 - d1) * (second(u1) - d2)

    def sum_of_both(u1: float) -> float:
        return u1 + second(u1)

    def lead(u1: float) -> float:
        return (u1 - d1) - (second(u1) - d2)

    def lead_in_shares(u1: float) -> float:
        return (u1 - d1) * ideal2 - (second(u1) - d2) * ideal1

    even, most = _crossing(lead, start, end), _maximum(sum_of_both, start, end)
    if sum_of_both(even) >= sum_of_both(most) - 1e-12 * (ideal1 + ideal2):
        most = even
    return FrontierSolutions(
        nash=point(_maximum(product, start, end)),
        kalai_smorodinsky=point(_crossing(lead_in_shares, start, end)),
        egalitarian=point(even),
        utilitarian=point(most),
    )


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a monotone function is 0, or the end of the interval that comes closest."""
    at_low, at_high = function(low), function(high)
    if at_low * at_high < 0:
        return float(optimize.brentq(function, low, high, xtol=1e-14, rtol=1e-14))
    return low if abs(at_low) <= abs(at_high) else high


def _maximum(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function is largest, by a grid and a search around its best point."""
    if low == high:
        return low
    grid = np.linspace(low, high, 1001)
    best = int(np.argmax([function(float(u)) for u in grid]))
    left, right = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 1000)])
    found = optimize.minimize_scalar(
        lambda u: -function(float(u)),
        bounds=(left, right),
        method="bounded",
        options={"xatol": 1e-10 * (high - low)},
    )
    return max(float(found.x), float(grid[best]), key=function)
