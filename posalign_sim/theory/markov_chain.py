"""Long-run behaviour of a finite Markov chain, ergodic or not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_distribution

_ZERO = 1e-60


def long_run_distribution(matrix: ArrayLike, start: ArrayLike) -> NDArray[np.float64]:
    """Share of time that a finite Markov chain spends in each state in the long run.

    This is the Cesaro limit, the limit of the mean of the distributions of rounds 0 to n - 1, which
    exists for every finite chain: also for a periodic one, where the distribution itself does not
    settle, and for one with several closed classes, where the limit depends on the start. For an
    ergodic chain it is the stationary distribution.

    Closed classes are read off the zeros of the matrix. Transient states are then eliminated one
    by one, which hands their mass to where it leaves to, and each closed class is solved by state
    reduction. Both steps only add, multiply and divide nonnegative numbers, so no accuracy is lost
    to cancellation however rarely the chain moves. Probabilities below 1e-60 count as zeros, so
    that products of a few of them stay within the range of floats.

    Args:
        matrix: `[states, states]` probabilities to go from the row's to the column's state.
        start: `[states]` distribution of round 0.

    Returns:
        `[states]` shares of time, in [0, 1], which sum to 1.

    Raises:
        ValueError: If the matrix is not square, or a row of it or the start is no distribution.

    Source: Grassmann, Taksar & Heyman (1985), Operations Research 33 (state reduction); Kemeny &
    Snell (1960), Finite Markov Chains (closed classes and absorption).

    Example:
        Two states that alternate, and a third that leaves for them or for a fourth that keeps.

        >>> chain = [[0, 1, 0, 0], [1, 0, 0, 0], [0.3, 0, 0.5, 0.2], [0, 0, 0, 1]]
        >>> long_run_distribution(chain, [0, 0, 1, 0]).round(12).tolist()
        [0.3, 0.3, 0.0, 0.4]
    """
    rows = np.asarray(matrix, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[0] != rows.shape[1]:
        raise ValueError(f"matrix has shape {rows.shape}, but it must be square")
    states = rows.shape[0]
    chain = np.stack([require_distribution(f"matrix[{i}]", rows[i], states) for i in range(states)])
    chain[chain < _ZERO] = 0.0
    mass = require_distribution("start", start, states)

    reaches = np.eye(states, dtype=np.bool_) | (chain > 0)
    for k in range(states):  # Warshall's transitive closure
        reaches |= np.outer(reaches[:, k], reaches[k])
    recurrent = (reaches <= reaches.T).all(axis=1)  # whatever it reaches leads back

    for s in np.flatnonzero(~recurrent):
        leaves = np.where(np.arange(states) == s, 0.0, chain[s])
        leaves /= float(leaves.sum())
        mass = np.where(np.arange(states) == s, 0.0, mass) + mass[s] * leaves
        chain += np.outer(chain[:, s], leaves)
        chain[:, s] = 0.0

    result = np.zeros(states)
    for first in np.flatnonzero(recurrent):
        members = np.flatnonzero(reaches[first])
        if members[0] == first:  # each class once, by its first state
            result[members] = mass[members].sum() * _ergodic(chain[np.ix_(members, members)])
    return result / float(result.sum())


def _ergodic(chain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stationary distribution of a chain whose states all reach each other: `[states]`."""
    reduced = chain.copy()
    states = len(reduced)
    for s in range(states - 1, 0, -1):
        reduced[:s, s] /= reduced[s, :s].sum()
        reduced[:s, :s] += np.outer(reduced[:s, s], reduced[s, :s])
    weight = np.ones(states)
    for s in range(1, states):
        weight[s] = weight[:s] @ reduced[:s, s]
        weight[: s + 1] /= weight[: s + 1].max()  # before a product can overflow
    return weight / float(weight.sum())
