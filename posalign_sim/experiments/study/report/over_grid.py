"""Contrasts and levels at every point of a grid, from arrays: a long table would not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.study.tables import Outcomes
from posalign_sim.experiments.wording import arm_order
from posalign_sim.metrics.statistics import adjusted, contrasts_by_point


def grid_contrasts(
    outcomes: Outcomes, study: Mapping[str, Any], *, resamples: int = 2_000
) -> pd.DataFrame:
    """Contrasts of every recorded outcome at every point; one family for each outcome.

    Args:
        outcomes: what was run.
        study: the study, as `describe` gives it.
        resamples: bootstrap resamples.

    Returns:
        Table as of `contrasts`, with `point`; the primary outcome first, then by name.
    """
    design = outcomes.design
    names = [arm.name for arm in design.arms]
    tables = []
    every = {metric for game in design.games for metric in design.metrics(game)}
    primary = study["primary"]
    for metric in (primary, *sorted(every - {primary})):
        games = [
            contrasts_by_point(
                {name: outcomes.values(game, arm, metric) for arm, name in enumerate(names)},
                study["baseline"],
                [arm for arm, _ in arm_order(study)],
                metric,
                game=game,
                placebos=study["placebos"],
                resamples=resamples,
                seed=int(study["seed"]) % 2**63,
            )
            for game in design.games
            if metric in design.metrics(game)
        ]
        tables.append(adjusted(pd.concat(games, ignore_index=True)))
    return pd.concat(tables, ignore_index=True)


def grid_levels(outcomes: Outcomes) -> pd.DataFrame:
    """Mean of every recorded outcome at every point, and in how many worlds it is undefined."""
    design, tables = outcomes.design, []
    for game in design.games:
        for metric in design.metrics(game):
            for place, arm in enumerate(design.arms):
                values = outcomes.values(game, place, metric)
                undefined = np.isnan(values).sum(axis=2)
                worlds = values.shape[2]
                total = np.where(np.isnan(values), 0.0, values).sum(axis=2)
                mean = np.where(
                    undefined < worlds, total / np.maximum(1, worlds - undefined), np.nan
                )
                for kind, payoffs in enumerate(design.payoffs):
                    if metric == "positive_sum_gain" and kind:
                        continue  # a twin has no gain over itself
                    tables.append(
                        pd.DataFrame(
                            {
                                "game": game,
                                "arm": arm.name,
                                "payoffs": payoffs,
                                "point": np.arange(design.points),
                                "metric": metric,
                                "mean": mean[:, kind],
                                "worlds": worlds,
                                "undefined": undefined[:, kind],
                            }
                        )
                    )
    return pd.concat(tables, ignore_index=True)
