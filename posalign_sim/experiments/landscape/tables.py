"""The numbers of a landscape as tables."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.landscape.attractors import Share
from posalign_sim.experiments.landscape.mixtures import Mixtures
from posalign_sim.experiments.landscape.results import Landscape


def attractor_table(found: Landscape) -> pd.DataFrame:
    """One row for each attractor: where it is, its basin, its welfare, how firmly it holds."""
    rows = []
    for attractors in found.attractors:
        for number, k in enumerate(attractors, start=1):
            row: dict[str, Any] = {"arm": k.arm, "attractor": number, "words": k.words}
            for s, name in strain_columns(found.grid):
                row[f"share_{name}"] = k.centre[s]
            for field in fields(k):
                value = getattr(k, field.name)
                if isinstance(value, Share):
                    row[field.name] = value.estimate
                    row[f"{field.name}_low"], row[f"{field.name}_high"] = value.low, value.high
                elif field.name not in ("arm", "words", "centre"):
                    row[field.name] = value
            rows.append({**row, "holds": k.holds})
    return pd.DataFrame(rows)


def fixed_point_table(found: Landscape) -> pd.DataFrame:
    """One row for each fixed point: of which arm, by which method, where, and how stable."""
    rows = []
    for arm, points in zip(found.arms, found.fixed_points, strict=True):
        for p in points:
            row: dict[str, Any] = {"arm": arm.name, "method": p.method, "stability": p.stability}
            for s, name in strain_columns(found.grid):
                row[f"share_{name}"] = p.shares[s]
            rows.append({**row, "error": p.error})
    return pd.DataFrame(rows)


def end_table(found: Landscape) -> pd.DataFrame:
    """One row for each world: arm, where it began and ended, surplus, attractor (0: none)."""
    arms, points, worlds = found.ends.shape[:3]
    index = pd.MultiIndex.from_product(
        [[arm.name for arm in found.arms], range(points), range(worlds)],
        names=["arm", "point", "world"],
    )
    columns: dict[str, Any] = {}
    starts = np.repeat(found.grid.shares, worlds, axis=0)
    for s, name in strain_columns(found.grid):
        columns[f"start_{name}"] = np.tile(starts[:, s], arms)
        columns[f"end_{name}"] = found.ends[..., s].ravel()
    columns["surplus"] = found.welfare.ravel()
    columns["attractor"] = np.concatenate([b.member.ravel() + 1 for b in found.basins])
    return pd.DataFrame(columns, index=index).reset_index()


def flow_table(found: Landscape) -> pd.DataFrame:
    """One row for each arm and mixture: shares, flow with its error, points earned, welfare."""
    grid = found.grid
    parts = []
    for a, arm in enumerate(found.arms):
        columns: dict[str, Any] = {"arm": arm.name}
        for s, name in strain_columns(grid):
            columns[f"share_{name}"] = grid.shares[:, s]
        for s, name in strain_columns(grid):
            columns[f"flow_{name}"] = found.flow[a, :, s]
            columns[f"error_{name}"] = found.flow_error[a, :, s]
        for s, name in strain_columns(grid):
            columns[f"points_{name}"] = found.earned[a, :, s]
        columns["welfare_in_the_end"] = found.welfare[a].mean(axis=1)
        columns["attractor"] = found.basins[a].majority + 1  # as numbered in attractors.csv
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def strain_columns(grid: Mixtures) -> list[tuple[int, str]]:
    """Numbers of the strains that vary, and their names in tables."""
    return [
        (s, f"{grid.roles[s]}_{grid.strains[s]}".replace(" ", "_"))
        for side in grid.sides
        for s in side
    ]
