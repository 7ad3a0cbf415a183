"""Where populations end, what flows there, and where nothing moves: from numbers on a grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from posalign_sim.experiments.landscape.mixtures import Mixtures
from posalign_sim.theory.roles import named_stability, roles_rest_points, roles_stability

#: Standard errors either side of an estimate: 95% of them.
ERRORS = 1.96
#: Share of all worlds that must end near a point of the grid for it to be part of an attractor.
CROWDED = 0.01
#: Share of an attractor's worlds whose places make up its home.
RESTING = 0.9
#: A fixed point is reported where its place is known to this share of a step of the grid.
SHARP = 0.7


@dataclass(frozen=True)
class Share:
    """A share, or a mean, with its 95% interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class FixedPoint:
    """A composition at which the population stands still on average.

    Attributes:
        method: `flow` (where the estimated flow vanishes) or `payoffs` (where all strains of a role
            earn the same, by the replicator equation of the estimated payoffs).
        shares: `[strains]` the composition.
        error: standard error of its place, in shares; NaN by `payoffs`.
        stability: `stable`, `unstable`, `saddle` or `neutral`.
    """

    method: str
    shares: Any
    error: float
    stability: str


@dataclass(frozen=True)
class Basins:
    """Which worlds ended where, and how much of the grid leads there.

    Attributes:
        member: `[points, worlds]` attractor in which each world ended; -1 for none.
        homes: for each attractor `[points]` whether a point is one of those, as few as possible,
            near which at least 90% of its worlds ended.
        volumes: for each attractor the share of starting mixtures from which populations end in it.
        majority: `[points]` attractor in which most worlds from a point end; -1 if in none.
    """

    member: Any
    homes: tuple[Any, ...]
    volumes: tuple[Share, ...]
    majority: Any


def basins(grid: Mixtures, ends: Any) -> Basins:
    """Attractors as connected sets of mixtures in which populations end.

    Each end is counted at the nearest point of the grid. Points at which at least 1% of all worlds
    ended (and two of them) make up attractors, one for each connected set of such points; the
    largest basin comes first. Who ended next to one of these belongs to it as well.

    Args:
        grid: the mixtures.
        ends: `[points, worlds, strains]` shares in the end.

    Returns:
        The basins; the interval of a volume covers the luck of the worlds and what a grid of this
        width cannot tell: a basin's edge lies anywhere in the cell that it crosses.
    """
    points = len(ends)
    where = grid.nearest(ends)
    held = np.bincount(where.ravel(), minlength=points)
    crowded = held >= max(2, CROWDED * where.size)
    parts = _connected(grid.near, crowded)
    # Next to a crowded point: the one of its neighbours where most worlds are says which.
    rank = np.where(crowded, held, -1)
    best = np.where(grid.near, rank[None, :], -1).argmax(axis=1)
    part = np.where(crowded, parts, np.where(crowded[best], parts[best], -1))
    member = part[where]
    sizes = [_volume(grid, member == k) for k in range(parts.max() + 1)]
    order = sorted(range(len(sizes)), key=lambda k: -sizes[k].estimate)
    renamed = np.append(np.argsort(order).astype(int), -1)
    member = renamed[member]
    homes = [_home(np.bincount(where[member == k], minlength=points)) for k in range(len(order))]
    votes = np.stack([(member == k).mean(axis=1) for k in range(-1, len(order))])
    majority = np.where(votes.max(axis=0) > 0.5, votes.argmax(axis=0) - 1, -1)
    return Basins(member, tuple(homes), tuple(sizes[k] for k in order), majority)


def _home(held: Any) -> Any:
    """`[points]` whether a point is among the fullest, which together hold `RESTING` of all."""
    order = np.argsort(-held, kind="stable")
    before = np.append(0, held[order].cumsum()[:-1])
    home = np.zeros(len(held), bool)
    home[order] = before < RESTING * held.sum()
    return home


def _connected(near: Any, inside: Any) -> Any:
    """`[points]` number of the connected part that each point inside belongs to; -1 outside."""
    part = np.full(len(inside), -1)
    count = 0
    for first in np.flatnonzero(inside):
        if part[first] >= 0:
            continue
        front = np.array([first])
        while len(front):
            part[front] = count
            reached = near[front].any(axis=0) & inside & (part < 0)
            front = np.flatnonzero(reached)
        count += 1
    return part


def _volume(grid: Mixtures, there: Any) -> Share:
    """Share of the mixtures from which worlds end there, `there` being `[points, worlds]`."""
    worlds = there.shape[1]
    chance = there.mean(axis=1)
    volume = float(grid.weights @ chance)
    # Half a world is added on both sides: where all ended alike there is doubt as well.
    guarded = (there.sum(axis=1) + 0.5) / (worlds + 1)
    luck = np.sqrt(float(grid.weights**2 @ (guarded * (1 - guarded) / worlds)))
    corners = chance[grid.cells]
    width = float((corners.max(axis=1) - corners.min(axis=1)).mean()) / 2
    reach = ERRORS * luck + width
    return Share(volume, float(max(0, volume - reach)), float(min(1, volume + reach)))


def proportion(hits: int, of: int) -> Share:
    """A share of independent worlds with Wilson's interval (1927); NaN of none.

    >>> proportion(0, 10).low, round(proportion(0, 10).high, 3)
    (0.0, 0.278)
    """
    if of == 0:
        return Share(np.nan, np.nan, np.nan)
    p, z2 = hits / of, ERRORS**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    reach = ERRORS * np.sqrt(p * (1 - p) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    low = 0.0 if hits == 0 else float(middle - reach)
    return Share(hits / of, low, 1.0 if hits == of else float(middle + reach))


def mean_of(values: Any) -> Share:
    """Mean of independent worlds with its interval."""
    if len(values) == 0:
        return Share(np.nan, np.nan, np.nan)
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    reach = ERRORS * error
    return Share(mean, mean - reach, mean + reach)


# --- where nothing moves -------------------------------------------------------------------------


def flow_rest_points(grid: Mixtures, flow: Any, error: Any) -> list[FixedPoint]:
    """Fixed points of a flow that was estimated on a grid.

    Within cells the flow is interpolated; sides of the grid that nothing leaves (where there is no
    mutation) are searched by themselves, and their ends stand still. What cannot be told from luck
    is left out.

    Args:
        grid: the mixtures.
        flow: `[points, strains]` mean change of shares.
        error: `[points, strains]` its standard error.
    """
    x, v, e = grid.place(grid.shares), grid.place(flow), np.abs(grid.place(error))
    found: list[tuple[Any, float]] = []
    for edge in _edges(grid):
        away = flow[edge] - _along(grid, edge, flow[edge])
        if len(edge) == len(x) or not np.abs(away).max() > 1e-12:
            found += _line_zeros(grid, edge, flow, error)
    if x.shape[1] == 2:
        found += _cell_zeros(grid, x, v, e)
    points: list[FixedPoint] = []
    for shares, doubt in found:
        known = any(np.abs(shares - p.shares).max() < 1 / grid.steps for p in points)
        if not known:
            points.append(FixedPoint("flow", shares, doubt, _stability(grid, shares, x, v, e)))
    return sorted(points, key=lambda p: tuple(p.shares))


def payoff_rest_points(grid: Mixtures, payoffs: Any, doubt: float = 0.0) -> list[FixedPoint]:
    """Fixed points of the replicator equation of a payoff matrix, exactly.

    Args:
        grid: the mixtures.
        payoffs: `[strains, strains]` as `fit_payoffs` estimates it.
        doubt: points up to which differences of payoffs are nothing.
    """
    vary = [s for side in grid.sides for s in side]
    roles = [grid.roles[s] for s in vary]
    table = payoffs[np.ix_(vary, vary)]
    points = []
    for rest in roles_rest_points(table, roles, doubt):
        shares = np.ones(len(grid.roles))
        shares[vary] = rest
        kind = roles_stability(table, roles, rest, doubt)
        points.append(FixedPoint("payoffs", shares, np.nan, kind))
    return points


def fit_payoffs(grid: Mixtures, earned: Any) -> tuple[Any, float]:
    """What strains earn from each other, from what they earned in mixtures.

    Args:
        grid: the mixtures.
        earned: `[points, strains]` mean points a round; NaN where nobody was of a strain.

    Returns:
        `[strains, strains]` points of the row's strain per unit of share of the column's (nobody
        meets itself), by least squares; and the root mean square of what it leaves unexplained, in
        points.
    """
    vary = [s for side in grid.sides for s in side]
    table = np.zeros((len(grid.roles), len(grid.roles)))
    missed = []
    for s in vary:
        own = np.array([grid.roles[t] == grid.roles[s] for t in vary])
        others = grid.counts[:, vary] - np.array([float(t == s) for t in vary])
        met = others / np.maximum(1, grid.seats[vary] - own)
        seen = np.isfinite(earned[:, s])
        if not seen.any():
            continue
        solved = np.linalg.lstsq(met[seen], earned[seen, s], rcond=None)[0]
        table[s, vary] = solved
        missed.append(earned[seen, s] - met[seen] @ solved)
    left = float(np.sqrt(np.mean(np.concatenate(missed) ** 2))) if missed else 0.0
    return table, left


def _edges(grid: Mixtures) -> Iterator[Any]:
    """Points along each side of the grid, from one corner to another."""
    shares = grid.shares
    ends = np.flatnonzero(((shares == 0) | (shares == 1)).all(axis=1))
    for k, first in enumerate(ends):
        for last in ends[k + 1 :]:
            along = shares[last] - shares[first]
            # Corners that differ in one role alone.
            if sum(np.abs(along[list(side)]).max() > 0 for side in grid.sides) != 1:
                continue
            t = (shares - shares[first]) @ along / (along @ along)
            on = np.abs(shares - shares[first] - t[:, None] * along).max(axis=1) < 1e-9
            points = np.flatnonzero(on)
            yield points[np.argsort(t[points])]


def _along(grid: Mixtures, edge: Sequence[int], changes: Any) -> Any:
    """The part of changes that goes along an edge."""
    way = grid.shares[edge[-1]] - grid.shares[edge[0]]
    return (changes @ way / (way @ way))[:, None] * way


def _line_zeros(grid: Mixtures, edge: Any, flow: Any, error: Any) -> list[tuple[Any, float]]:
    """Fixed points on an edge: its ends, if nothing leaves them, and where the flow turns round."""
    shares = grid.shares
    way = shares[edge[-1]] - shares[edge[0]]
    v = flow[edge] @ way / (way @ way)
    e = np.abs(error[edge]).max(axis=1)
    t = np.linspace(0, 1, len(edge))
    found = [
        (shares[k], 0.0) for k in (edge[0], edge[-1]) if not np.any(flow[k]) | np.any(error[k])
    ]
    told = np.flatnonzero(np.abs(v) > 2 * e)
    for a, b in itertools.pairwise(told):
        if v[a] * v[b] < 0:
            slope = (v[b] - v[a]) / (t[b] - t[a])
            zero = t[a] - v[a] / slope
            doubt = float(np.hypot(e[a], e[b]) / abs(slope))
            found.append((shares[edge[0]] + zero * way, doubt))
    return found


def _cell_zeros(grid: Mixtures, x: Any, v: Any, e: Any) -> list[tuple[Any, float]]:
    """Where the flow vanishes inside a cell: linear within it and around it, by least squares."""
    found = []
    # Back from a place in the drawing to a composition.
    back = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), grid.shares, rcond=None)[0]
    for cell in grid.cells:
        middle = x[cell].mean(axis=0)
        near = np.flatnonzero(np.abs(x - middle).max(axis=1) < 1.6 / grid.steps)
        sure = 1 / np.maximum(1e-9 + 0.05 * np.abs(v).max(), np.linalg.norm(e[near], axis=1))
        basis = np.column_stack([np.ones(len(near)), x[near] - middle]) * sure[:, None]
        fit = np.linalg.lstsq(basis, v[near] * sure[:, None], rcond=None)[0]
        slopes = fit[1:].T
        if abs(np.linalg.det(slopes)) < 1e-12:
            continue
        zero = middle - np.linalg.solve(slopes, fit[0])
        if _outside(x[cell], zero):
            continue
        error = np.sqrt(np.linalg.inv(basis.T @ basis)[0, 0])
        doubt = float(np.linalg.norm(np.linalg.inv(slopes), 2)) * error
        if doubt < SHARP / grid.steps:
            found.append((np.append(zero, 1) @ back, doubt))
    return sorted(found, key=lambda rest: rest[1])


def _outside(corners: Any, point: Any) -> bool:
    """Whether a point is outside a convex cell, whose corners go round."""
    sides = np.roll(corners, -1, axis=0) - corners
    gap = point - corners
    turns = sides[:, 0] * gap[:, 1] - sides[:, 1] * gap[:, 0]
    return bool((turns > 1e-12).any() and (turns < -1e-12).any())


def _stability(grid: Mixtures, shares: Any, x: Any, v: Any, e: Any) -> str:
    """How a fixed point stands, by a linear flow around it: of one step, or more if need be."""
    here = grid.place(shares)
    away = np.abs(x - here).max(axis=1) * grid.steps
    kind = "neutral"
    for reach in (1, 2, 3):
        near = away < reach + 1e-9
        sure = 1 / np.maximum(1e-12 + 1e-3 * np.abs(v).max(), np.linalg.norm(e[near], axis=1))
        gap = (x[near] - here) * sure[:, None]
        slopes = np.linalg.lstsq(gap, v[near] * sure[:, None], rcond=None)[0]
        noise = float(np.sqrt(np.linalg.eigvalsh(np.linalg.pinv(gap.T @ gap)).max()))
        kind = named_stability(np.linalg.eigvals(slopes).real, 2 * noise)
        if kind != "neutral":
            break
    return kind
