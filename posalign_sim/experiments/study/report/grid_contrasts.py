"""Contrasts at every point of a grid, from a long table of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.metrics.statistics import adjusted, contrasts_by_point
from posalign_sim.world.errors import nearest

#: Ordinary payoffs, and those of the zero-sum twin.
PAYOFFS = ("ordinary", "zero_sum_twin")


def contrasts_over_grid(
    results: pd.DataFrame,
    baseline: str,
    arms: Sequence[str],
    metric: str,
    *,
    placebos: Mapping[str, Sequence[str]] | None = None,
    resamples: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """All contrasts of one metric at every point; one Holm family over points, arms and games.

    Args:
        results: Long table with `game, arm, payoffs, point, world, metric, value`.
        baseline: Arm without the treatments.
        arms: Arms to contrast.
        metric: Metric to contrast.
        placebos: For an arm, the names of its placebo arms.
        resamples: Bootstrap resamples.
        seed: Seed of intervals and tests.

    Returns:
        The columns of `posalign_sim.metrics.statistics.contrasts`, and `point`.

    Raises:
        ValueError: A metric or an arm is not in the results, or a world has two values.
    """
    chosen = results[results["metric"] == metric]
    for what, name, known in (
        ("metric", metric, results["metric"].unique()),
        *(("arm", arm, chosen["arm"].unique()) for arm in (baseline, *arms)),
    ):
        if name not in known:
            raise ValueError(f"there is no {what} {name!r} in the results; {nearest(name, known)}")
    if chosen.duplicated(["game", "arm", "payoffs", "point", "world"]).any():
        raise ValueError(f"metric {metric!r} has more than one value for a world at a point")
    tables = []
    for game in sorted(chosen["game"].unique()):
        values, points = arrays_of(chosen[chosen["game"] == game], (baseline, *arms))
        table = contrasts_by_point(
            values,
            baseline,
            arms,
            metric,
            placebos=placebos,
            game=game,
            resamples=resamples,
            seed=seed,
        )
        table["point"] = points[table["point"].to_numpy()]
        tables.append(table)
    return adjusted(pd.concat(tables, ignore_index=True))


def arrays_of(
    rows: pd.DataFrame, arms: Sequence[str]
) -> tuple[dict[str, np.ndarray[Any, np.dtype[np.float64]]], np.ndarray[Any, Any]]:
    """Values of each arm as `[points, payoffs, worlds]`, and the numbers of the points.

    What an arm misses is NaN.

    >>> rows = pd.DataFrame({"arm": "none", "payoffs": "ordinary", "point": [4, 7, 4],
    ...                      "world": [0, 0, 1], "value": [1.0, 2.0, 3.0]})
    >>> values, points = arrays_of(rows, ["none"])
    >>> values["none"].tolist(), points.tolist()
    ([[[1.0, 3.0]], [[2.0, nan]]], [4, 7])
    """
    kinds = [kind for kind in PAYOFFS if (rows["payoffs"] == kind).any()]
    points, worlds = (np.unique(rows[key].to_numpy()) for key in ("point", "world"))
    values = {}
    for arm in arms:
        here = rows[rows["arm"] == arm]
        values[arm] = np.full((len(points), len(kinds), len(worlds)), np.nan)
        kind = (here["payoffs"] == kinds[-1]).to_numpy() * (len(kinds) - 1)
        place = np.searchsorted(points, here["point"]), kind, np.searchsorted(worlds, here["world"])
        values[arm][place] = here["value"]
    return values, points
