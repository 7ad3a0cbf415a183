"""One mutant in a finite population: the chance that all will be its kind in the end."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_payoffs, require_whole, require_within


def fixation_probability(log_ratios: ArrayLike) -> float:
    """Chance that one mutant takes over, from how likely its kind shrinks and grows.

    Args:
        log_ratios: `[population - 1]` with 1, 2, ... mutants: log of the chance that their number
            falls by one over the chance that it rises by one; may be infinite.

    Returns:
        1 / (1 + the sum of the products of the first 1, 2, ... ratios), in [0, 1].

    Raises:
        ValueError: If it is no list, a ratio is not a number, or one is 0 after one was infinite.

    Source: Karlin & Taylor (1975), A First Course in Stochastic Processes, ch. 4.

    Example:
        >>> round(fixation_probability([0.0] * 9), 12)
        0.1
    """
    logs = np.asarray(log_ratios, dtype=np.float64)
    if logs.ndim != 1 or np.isnan(logs).any():
        raise ValueError("log_ratios must be a list of numbers")
    with np.errstate(invalid="ignore"):
        products = np.cumsum(logs)
    if np.isnan(products).any():
        raise ValueError("log_ratios holds both infinities: their product is undefined")
    highest = max(0.0, float(products.max(initial=-math.inf)))
    if highest == math.inf:
        return 0.0
    total = math.exp(-highest) + float(np.exp(products - highest).sum())
    return math.exp(-highest) / total


def moran_fixation(fitness: float, population: int, mutants: int = 1) -> float:
    """Chance that mutants of constant fitness take over in a Moran process.

    Args:
        fitness: of a mutant, relative to a resident's 1; above 0.
        population: number of individuals, at least 1.
        mutants: how many there are at first.

    Returns:
        `(1 - fitness ** -mutants) / (1 - fitness ** -population)`.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Moran (1958), Math. Proc. Cambridge Philos. Soc. 54.

    Example:
        >>> round(moran_fixation(1.1, 10), 6), round(moran_fixation(0.9, 10), 6)
        (0.14795, 0.059482)
    """
    if require_within("fitness", fitness, 0, math.inf) == 0:
        raise ValueError("fitness is 0, but it must be above 0")
    population = require_whole("population", population, 1)
    mutants = require_whole("mutants", mutants, 0, population)
    step = math.log(fitness)
    if step == 0:
        return mutants / population
    if step > 0:
        return math.expm1(-mutants * step) / math.expm1(-population * step)
    # The same with both terms times fitness ** population, which cannot overflow.
    return (
        math.exp((population - mutants) * step)
        * math.expm1(mutants * step)
        / math.expm1(population * step)
    )


def mean_payoffs(payoffs: ArrayLike, population: int) -> NDArray[np.float64]:
    """What each of two strategies earns on average from all others of a mixed population.

    Args:
        payoffs: `[2, 2]` points of the row's strategy against the column's.
        population: number of individuals, at least 2.

    Returns:
        `[2, population + 1]` points of an individual of each strategy, by how many are of the
        first; of no meaning where nobody is of it.

    Raises:
        ValueError: If the table has another shape or is not finite, or the population is too small.

    Example:
        >>> mean_payoffs([[2, -1], [3, 0]], 3)[:, 1].tolist()
        [-1.0, 1.5]
    """
    table = require_payoffs("payoffs", payoffs, 2)
    population = require_whole("population", population, 2)
    first = np.arange(population + 1)
    second = population - first
    met = np.stack(
        [
            (first - 1) * table[0, 0] + second * table[0, 1],
            first * table[1, 0] + (second - 1) * table[1, 1],
        ]
    )
    means: NDArray[np.float64] = met / (population - 1)
    return means


def pairwise_fixation(payoffs: ArrayLike, population: int, intensity: float) -> float:
    """Chance that one mutant of the first strategy takes over by pairwise comparison (Fermi).

    Who looks at another takes over its strategy with probability
    `1 / (1 + exp(-intensity (its payoff - own payoff)))`; payoffs are means over all others.

    Args:
        payoffs: `[2, 2]` points, the mutant's strategy first.
        population: number of individuals, at least 2.
        intensity: of selection, per point, at least 0; `math.inf` for the limit in which the
            better is always followed and equals are with probability 1/2.

    Returns:
        The probability, in [0, 1].

    Raises:
        ValueError: If an argument is outside its range.

    Source: Traulsen, Nowak & Pacheco (2006), Phys. Rev. E 74.

    Example:
        >>> round(pairwise_fixation([[2, -1], [3, 0]], 20, 0.1), 10)
        0.0134414278
    """
    means = mean_payoffs(payoffs, population)
    return comparison_fixation(means[0, 1:-1] - means[1, 1:-1], intensity)


def comparison_fixation(leads: ArrayLike, intensity: float) -> float:
    """Chance that one mutant takes over by pairwise comparison, from payoffs by number.

    Args:
        leads: `[population - 1]` points by which a mutant earns more than a resident when there
            are 1, 2, ... mutants.
        intensity: of selection, per point, at least 0; `math.inf` for its limit.

    Returns:
        The probability, in [0, 1].

    Raises:
        ValueError: If a lead is not finite, or the intensity is negative or no number.

    Source: Traulsen, Nowak & Pacheco (2006), Phys. Rev. E 74; the limit: Fudenberg & Imhof (2006),
    J. Econ. Theory 131.

    Example:
        A mutant that is as good as the residents while it is alone, and better in company.

        >>> comparison_fixation([0, 1, 1], math.inf)
        0.5
    """
    gaps = np.asarray(leads, dtype=np.float64)
    if gaps.ndim != 1 or not np.isfinite(gaps).all():
        raise ValueError("leads must be a list of finite numbers")
    if not intensity >= 0:
        raise ValueError(f"intensity is {intensity!r}, but it must be at least 0")
    if intensity < math.inf:
        return fixation_probability(-intensity * gaps)
    # What counts in the limit is whether the sum of leads so far is above, at or below 0.
    sums = np.cumsum(gaps)
    scale = 1e-12 * max(1.0, float(np.abs(gaps).sum()))
    if (sums < -scale).any():
        return 0.0
    return 1.0 / (1 + int((np.abs(sums) <= scale).sum()))


def donation_fixation(benefit: float, cost: float, population: int, intensity: float) -> float:
    """Chance that one cooperator takes over in the donation game by pairwise comparison.

    Cooperators earn `cost + benefit / (population - 1)` less than defectors at all times, so that
    the sum has a closed form.

    Args:
        benefit: points to who is given.
        cost: points to who gives.
        population: number of individuals, at least 2.
        intensity: of selection, per point, at least 0.

    Returns:
        `(1 - g) / (1 - g ** population)` with `g = exp(intensity (cost + benefit / (population -
        1)))`.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Traulsen, Nowak & Pacheco (2006), Phys. Rev. E 74.

    Example:
        >>> round(donation_fixation(3, 1, 20, 0.1), 10)
        0.0134414278
    """
    benefit = require_within("benefit", benefit, -math.inf, math.inf)
    cost = require_within("cost", cost, -math.inf, math.inf)
    population = require_whole("population", population, 2)
    intensity = require_within("intensity", intensity, 0, math.inf)
    gap = intensity * (cost + benefit / (population - 1))
    return moran_fixation(math.exp(-gap), population) if abs(gap) < 700 else float(gap < 0)


def moran_game_fixation(payoffs: ArrayLike, population: int, intensity: float) -> float:
    """Chance that one mutant of the first strategy takes over in a Moran process between two.

    Fitness is `1 - intensity + intensity x payoff`, payoffs are means over all others.

    Args:
        payoffs: `[2, 2]` points, the mutant's strategy first.
        population: number of individuals, at least 2.
        intensity: of selection, in [0, 1].

    Returns:
        The probability, in [0, 1].

    Raises:
        ValueError: If an argument is outside its range, or some fitness is not above 0.

    Source: Nowak, Sasaki, Taylor & Fudenberg (2004), Nature 428.

    Example:
        Tit for tat of four rounds among defectors: better than neutral.

        >>> 10 * moran_game_fixation([[12, 3], [8, 4]], 10, 1e-6) > 1
        True
    """
    intensity = require_within("intensity", intensity, 0, 1)
    means = mean_payoffs(payoffs, population)[:, 1:-1]
    fitness = 1 - intensity + intensity * means
    if not (fitness > 0).all():
        raise ValueError("some fitness is not above 0: choose a smaller intensity")
    return fixation_probability(np.log(fitness[1]) - np.log(fitness[0]))


def favoured_by_weak_selection(payoffs: ArrayLike, population: float = math.inf) -> bool:
    """Whether weak selection makes it likelier than by chance that one mutant takes over.

    In a large population this is the one-third law: the mutant's strategy must be the better one
    where a third of the population is of it.

    Args:
        payoffs: `[2, 2]` points `a, b, c, d` by rows, the mutant's strategy first.
        population: number of individuals, at least 2; `math.inf` for the law's limit.

    Returns:
        Whether `(n - 2) a + (2n - 1) b > (n + 1) c + (2n - 4) d`; without limit, `a + 2b > c + 2d`.

    Raises:
        ValueError: If the table has another shape or is not finite, or the population is too small.

    Source: Nowak, Sasaki, Taylor & Fudenberg (2004), Nature 428.

    Example:
        >>> [favoured_by_weak_selection([[3*n, n-1], [n+4, n]]) for n in (3, 4)]
        [False, True]
    """
    (a, b), (c, d) = require_payoffs("payoffs", payoffs, 2).tolist()
    if population == math.inf:
        return bool(a + 2 * b > c + 2 * d)
    n = require_whole("population", population, 2)
    return bool((n - 2) * a + (2 * n - 1) * b > (n + 1) * c + (2 * n - 4) * d)
