"""Selection among strategies of several roles: where it stands still, and whether it comes back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_payoffs

#: Growth rates nearer to 0 than this are neither of growth nor of decay.
NEUTRAL = 1e-9


def roles_flow(payoffs: ArrayLike, roles: Sequence[Any], shares: ArrayLike) -> NDArray[np.float64]:
    """Rate at which each strategy's share of its role grows: share x (its payoff - the mean's).

    Args:
        payoffs: `[strategies, strategies]` points of the row's strategy for each unit of share of
            the column's, in whichever role that is.
        roles: `[strategies]` the role of each.
        shares: `[strategies]` of the seats of its role.

    Returns:
        `[strategies]` change per unit of time; sums to 0 over each role.

    Raises:
        ValueError: If the table is not square or finite, or the lists are of other lengths.

    Source: Taylor (1979), J. Appl. Probab. 16 (two roles); of one role, Taylor & Jonker (1978).

    Example:
        Sellers keep or break their word, buyers buy or walk: breaking pays, whoever buys.

        >>> roles_flow([[0, 0, 4, 0], [0, 0, 5, 0], [2, -1, 0, 0], [0, 0, 0, 0]], [0, 0, 1, 1],
        ...            [0.5, 0.5, 0.5, 0.5]).tolist()
        [-0.125, 0.125, 0.125, -0.125]
    """
    table, of, x = _checked(payoffs, roles, shares)
    points = table @ x
    change: NDArray[np.float64] = x * (points - (of @ (x * points))[np.argmax(of, axis=0)])
    return change


def roles_rest_points(
    payoffs: ArrayLike, roles: Sequence[Any], doubt: float = 0.0
) -> NDArray[np.float64]:
    """Compositions at which selection in all roles stands still.

    Of each set of strategies that could be present, one or more in each role, the one composition
    at which all of a role earn the same. Sets with a whole line of such compositions are left out.

    Args:
        payoffs: as with `roles_flow`; at most 8 strategies.
        roles: `[strategies]` the role of each.
        doubt: points up to which differences of payoffs are nothing, where these are estimates.

    Returns:
        `[points, strategies]` shares, in lexical order.

    Raises:
        ValueError: If the table is not square or finite, or has more than 8 rows.

    Source: Hofbauer & Sigmund (1998), Evolutionary Games and Population Dynamics, ch. 10-11.

    Example:
        Hawks and doves (V = 2, C = 6), and matching pennies between two roles.

        >>> roles_rest_points([[-2, 2], [0, 1]], [0, 0]).round(6).tolist()
        [[0.0, 1.0], [0.333333, 0.666667], [1.0, 0.0]]
        >>> pennies = [[0, 0, 1, -1], [0, 0, -1, 1], [-1, 1, 0, 0], [1, -1, 0, 0]]
        >>> len(roles_rest_points(pennies, [0, 0, 1, 1]))
        5
    """
    table, of, _ = _checked(payoffs, roles, None)
    if len(table) > 8:
        raise ValueError(f"payoffs has {len(table)} strategies, but at most 8 are gone through")
    members = [np.flatnonzero(row) for row in of]
    choices = [
        [c for size in range(1, len(m) + 1) for c in itertools.combinations(m.tolist(), size)]
        for m in members
    ]
    found = []
    for sets in itertools.product(*choices):
        present = [s for chosen in sets for s in chosen]
        size, many = len(present), len(sets)
        part, ones = table[np.ix_(present, present)], of[:, present]
        along = _along(ones)
        if along.size and np.linalg.svd(along.T @ part @ along)[1].min() <= max(doubt, 1e-10):
            continue
        # In each role equal payoffs (one unknown each), and shares that sum to 1.
        zero = np.zeros((many, many))
        system = np.block([[part, -ones.T], [ones, zero]])
        solved = np.linalg.solve(system, np.append(np.zeros(size), np.ones(many)))[:size]
        if (solved > 1e-12).all():
            point = np.zeros(len(table))
            point[present] = solved
            found.append(point)
    return np.array(sorted(found, key=lambda p: tuple(p))).reshape(-1, len(table))


def roles_stability(
    payoffs: ArrayLike, roles: Sequence[Any], point: ArrayLike, neutral: float = NEUTRAL
) -> str:
    """What becomes of a small disturbance of a rest point, by the eigenvalues of the flow.

    Args:
        payoffs: as with `roles_flow`.
        roles: `[strategies]` the role of each.
        point: `[strategies]` shares.
        neutral: growth rates nearer to 0 count as 0.

    Returns:
        `stable` (it dies out), `unstable` (it grows in every direction), `saddle` (it grows in
        some), or `neutral` (it does not grow, nor die out in every direction).

    Raises:
        ValueError: If the table is not square or finite, or the lists are of other lengths.

    Source: Hofbauer & Sigmund (1998), Evolutionary Games and Population Dynamics, ch. 3.

    Example:
        >>> [roles_stability([[-2, 2], [0, 1]], [0, 0], p) for p in ([0, 1], [1 / 3, 2 / 3])]
        ['unstable', 'stable']
    """
    table, of, x = _checked(payoffs, roles, point)
    role = np.argmax(of, axis=0)
    points = table @ x
    means = of @ (x * points)
    # Of each strategy's flow by each share: its own lead, and how leads change.
    mean_slopes = of * points + (of * x) @ table
    slopes = np.diag(points - means[role]) + x[:, None] * (table - mean_slopes[role])
    rates = np.linalg.eigvals(_along(of).T @ slopes @ _along(of)).real
    return named_stability(rates, max(neutral, NEUTRAL))


def named_stability(growth: ArrayLike, neutral: float = NEUTRAL) -> str:
    """Rates at which disturbances grow, in a word (see `roles_stability`).

    Args:
        growth: rates; none at all for a point that nothing can disturb.
        neutral: rates nearer to 0 count as 0.

    >>> named_stability([-1, 0]), named_stability([-1, 2])
    ('neutral', 'saddle')
    """
    rates = np.asarray(growth, dtype=np.float64)
    grows, dies = rates > neutral, rates < -neutral
    if dies.all():
        return "stable"
    if grows.all():
        return "unstable"
    return "saddle" if grows.any() else "neutral"


def _along(of: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[strategies, directions]` an orthonormal basis of changes that keep each role's sum."""
    _, sizes, rows = np.linalg.svd(of)
    basis: NDArray[np.float64] = rows[(sizes > 1e-12).sum() :].T
    return basis


def _checked(
    payoffs: ArrayLike, roles: Sequence[Any], shares: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The table, `[roles, strategies]` which is of which, and the shares."""
    table = require_payoffs("payoffs", payoffs)
    kinds = sorted(set(roles))
    if len(roles) != len(table):
        raise ValueError(f"roles names {len(roles)} roles for {len(table)} strategies")
    of = np.array([[float(r == kind) for r in roles] for kind in kinds])
    x = np.zeros(len(table)) if shares is None else np.asarray(shares, dtype=np.float64)
    if x.shape != (len(table),):
        raise ValueError(f"shares has shape {x.shape} for {len(table)} strategies")
    if shares is not None and not np.allclose(of @ x, 1, atol=1e-9):
        raise ValueError(f"shares sum to {(of @ x).tolist()}, but in each role they must sum to 1")
    return table, of, x
