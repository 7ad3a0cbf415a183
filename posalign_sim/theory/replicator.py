"""Selection in an infinite population, and learning by regret, and how exploitable it is."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import (
    require_distribution,
    require_payoffs,
    require_whole,
    require_within,
)


def replicator_flow(payoffs: ArrayLike, shares: ArrayLike) -> NDArray[np.float64]:
    """Rate at which the share of each strategy grows: share x (its payoff - the mean payoff).

    Args:
        payoffs: `[strategies, strategies]` points of the row's strategy against the column's.
        shares: `[strategies]` of the population.

    Returns:
        `[strategies]` change per unit of time; sums to 0.

    Raises:
        ValueError: If the table is not square or finite, or the shares are no distribution.

    Source: Taylor & Jonker (1978), Math. Biosci. 40.

    Example:
        >>> replicator_flow([[-2, 2], [0, 1]], [0.5, 0.5]).tolist()
        [-0.125, 0.125]
    """
    table = require_payoffs("payoffs", payoffs)
    return _flow(table, require_distribution("shares", shares, len(table)))


def _flow(table: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    points = table @ shares
    change: NDArray[np.float64] = shares * (points - shares @ points)
    return change


def replicator_path(
    payoffs: ArrayLike, start: ArrayLike, duration: float, step: float = 0.01
) -> NDArray[np.float64]:
    """How the shares of strategies go on from a start, by Runge-Kutta of the fourth order.

    Args:
        payoffs: `[strategies, strategies]` points of the row's strategy against the column's.
        start: `[strategies]` shares.
        duration: length of time, at least 0; the last step may be shorter.
        step: length of a step, above 0.

    Returns:
        `[steps + 1, strategies]` shares, the start first.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Taylor & Jonker (1978), Math. Biosci. 40.

    Example:
        Hawks and doves (V = 2, C = 6) come to a third of hawks.

        >>> replicator_path([[-2, 2], [0, 1]], [0.9, 0.1], 60)[-1].round(6).tolist()
        [0.333333, 0.666667]
    """
    table = require_payoffs("payoffs", payoffs)
    x = require_distribution("start", start, len(table))
    duration = require_within("duration", duration, 0, math.inf)
    if require_within("step", step, 0, math.inf) == 0:
        raise ValueError("step is 0, but it must be above 0")
    steps = math.ceil(duration / step - 1e-9)
    path = np.empty((steps + 1, len(table)))
    path[0] = x
    for k in range(steps):
        h = min(step, duration - k * step)
        one = _flow(table, x)
        two = _flow(table, x + h / 2 * one)
        three = _flow(table, x + h / 2 * two)
        four = _flow(table, x + h * three)
        x = x + h / 6 * (one + 2 * two + 2 * three + four)
        path[k + 1] = x
    return path


def replicator_rest_points(payoffs: ArrayLike) -> NDArray[np.float64]:
    """Compositions at which the replicator equation stands still.

    Of each set of strategies that could be present, the one composition at which all of them earn
    the same. Sets for which there is a whole line of such compositions are left out, save for
    their ends.

    Args:
        payoffs: `[strategies, strategies]` points; at most 12 strategies.

    Returns:
        `[points, strategies]` shares, in lexical order.

    Raises:
        ValueError: If the table is not square or finite, or has more than 12 rows.

    Source: Hofbauer & Sigmund (1998), Evolutionary Games and Population Dynamics.

    Example:
        >>> replicator_rest_points([[-2, 2], [0, 1]]).round(6).tolist()
        [[0.0, 1.0], [0.333333, 0.666667], [1.0, 0.0]]
    """
    table = require_payoffs("payoffs", payoffs)
    strategies = require_whole("strategies", len(table), 1, 12)
    found = []
    for size in range(1, strategies + 1):
        for present in itertools.combinations(range(strategies), size):
            part = table[np.ix_(present, present)]
            # Equal payoffs v and shares that sum to 1, as one linear system.
            system = np.zeros((size + 1, size + 1))
            system[:size, :size] = part
            system[:size, size] = -1
            system[size, :size] = 1
            if np.linalg.matrix_rank(system) <= size:
                continue
            shares = np.linalg.solve(system, np.append(np.zeros(size), 1.0))[:size]
            if (shares > 1e-12).all():
                point = np.zeros(strategies)
                point[list(present)] = shares
                found.append(point)
    return np.array(sorted(found, key=lambda point: tuple(point)))


def exploitability(payoffs: ArrayLike, first: ArrayLike, second: ArrayLike) -> float:
    """How much both sides of a zero-sum game could gain by best responses, on average.

    Args:
        payoffs: `[rows, columns]` points of the first player; the second gets their negative.
        first: `[rows]` probabilities of the first player's choices.
        second: `[columns]` probabilities of the second player's.

    Returns:
        Half the sum of both gains, in points; 0 exactly at an equilibrium.

    Raises:
        ValueError: If the table is no matrix of finite numbers, or a strategy is no distribution.

    Source: Zinkevich, Johanson, Bowling & Piccione (2007), NeurIPS 20.

    Example:
        >>> rps = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
        >>> exploitability(rps, [1, 0, 0], [1/3, 1/3, 1/3])
        0.5
    """
    table = _require_matrix(payoffs)
    x = require_distribution("first", first, table.shape[0])
    y = require_distribution("second", second, table.shape[1])
    return float((table @ y).max() - (x @ table).min()) / 2


def regret_matching(
    payoffs: ArrayLike, rounds: int, first_regrets: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average play of two players who match their regrets in a zero-sum game.

    Each plays its choices in proportion to how much better they would have done so far than what it
    played (its positive regrets; all alike if there are none), and both know what they could expect
    of each choice.

    Args:
        payoffs: `[rows, columns]` points of the first player; the second gets their negative.
        rounds: number of rounds, at least 1.
        first_regrets: `[rows]` what the first player regrets before it begins; nothing if not
            given. Without any, symmetric games start at their equilibrium.

    Returns:
        `[rows]` and `[columns]` mean probabilities; their exploitability falls at least as one over
        the square root of the rounds.

    Raises:
        ValueError: If an argument has another shape or is outside its range.

    Source: Hart & Mas-Colell (2000), Econometrica 68.

    Example:
        >>> rps = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
        >>> x, y = regret_matching(rps, 10_000, [1, 0, 0])
        >>> exploitability(rps, x, y) < 0.02
        True
    """
    table = _require_matrix(payoffs)
    rounds = require_whole("rounds", rounds, 1)
    rows, columns = table.shape
    regrets = [np.zeros(rows), np.zeros(columns)]
    if first_regrets is not None:
        given = np.asarray(first_regrets, dtype=np.float64)
        if given.shape != (rows,) or not np.isfinite(given).all():
            raise ValueError(f"first_regrets must be {rows} finite numbers")
        regrets[0] = given.copy()
    sums = [np.zeros(rows), np.zeros(columns)]
    for _ in range(rounds):
        x, y = (_matched(part) for part in regrets)
        values = table @ y
        losses = x @ table
        worth = float(x @ values)
        regrets[0] += values - worth
        regrets[1] += worth - losses
        sums[0] += x
        sums[1] += y
    return sums[0] / rounds, sums[1] / rounds


def _matched(regrets: NDArray[np.float64]) -> NDArray[np.float64]:
    positive = np.maximum(regrets, 0)
    total = float(positive.sum())
    return positive / total if total > 0 else np.full(len(regrets), 1 / len(regrets))


def _require_matrix(payoffs: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(payoffs, dtype=np.float64)
    if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
        raise ValueError(f"payoffs has shape {table.shape}: give a matrix of finite numbers")
    return table
