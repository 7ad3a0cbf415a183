"""Where finite populations spend their time when now and then somebody mutates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_payoffs, require_within
from posalign_sim.theory.fixation import mean_payoffs
from posalign_sim.theory.markov_chain import long_run_distribution


def comparison_distribution(
    payoffs: ArrayLike, population: int, intensity: float, mutation: float
) -> NDArray[np.float64]:
    """How often each composition occurs under pairwise comparison with mutation, two strategies.

    In each step one individual, drawn from all, turns into the other strategy with probability
    `mutation`; else it compares itself with one of the others, as with `pairwise_fixation`.

    Args:
        payoffs: `[2, 2]` points of the row's strategy against the column's.
        population: number of individuals, at least 2.
        intensity: of selection, per point, at least 0.
        mutation: probability, above 0 and at most 1.

    Returns:
        `[population + 1]` shares of time, by how many are of the first strategy.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Traulsen, Nowak & Pacheco (2006), Phys. Rev. E 74.

    Example:
        >>> comparison_distribution([[0, 0], [0, 0]], 2, 1, 1).tolist()
        [0.25, 0.5, 0.25]
    """
    intensity = require_within("intensity", intensity, 0, math.inf)
    if require_within("mutation", mutation, 0, 1) == 0:
        raise ValueError("mutation is 0, but then the long run depends on the start")
    means = mean_payoffs(payoffs, population)
    n = population
    first = np.arange(n + 1)
    adopts = 1 / (1 + np.exp(-np.clip(intensity * (means[0] - means[1]), -700, 700)))
    met = (1 - mutation) * first * (n - first) / (n * (n - 1))
    rises = met * adopts + mutation * (n - first) / n
    falls = met * (1 - adopts) + mutation * first / n
    logs = np.concatenate([[0.0], np.cumsum(np.log(rises[:-1]) - np.log(falls[1:]))])
    weights = np.exp(logs - logs.max())
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def rare_mutation_distribution(fixations: ArrayLike) -> NDArray[np.float64]:
    """Share of time that a population spends in each strategy when mutations are rare.

    Each mutant takes over or vanishes before the next one comes, which is of any of the other
    strategies with equal probability.

    Args:
        fixations: `[strategies, strategies]` chance that one mutant of the column's strategy takes
            over a population of the row's; the diagonal does not matter.

    Returns:
        `[strategies]` shares of time, from a start in each strategy with equal probability.

    Raises:
        ValueError: If the table is not square, or an entry is no probability.

    Source: Fudenberg & Imhof (2006), J. Econ. Theory 131.

    Example:
        >>> rare_mutation_distribution([[0, 0.3], [0.1, 0]]).round(12).tolist()
        [0.25, 0.75]
    """
    table = require_payoffs("fixations", fixations).copy()
    np.fill_diagonal(table, 0.0)
    if (table < 0).any() or (table > 1).any():
        raise ValueError("fixations must be probabilities")
    strategies = len(table)
    moves = table / max(1, strategies - 1)
    np.fill_diagonal(moves, 1 - moves.sum(axis=1))
    return long_run_distribution(moves, np.full(strategies, 1 / strategies))
