"""What a search has found as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from posalign_sim.experiments.search.front import mean_interval
from posalign_sim.experiments.search.search import Found, Measured
from posalign_sim.experiments.search.settings import Axis
from posalign_sim.experiments.wording import axis_title, spell


def trial_table(found: Found) -> pd.DataFrame:
    """One row for each design that was tried: its settings, and what it came to in the search.

    With several games there is a column `GAME.OBJECTIVE` for each besides the mean over games.
    """
    rows = []
    front = set(found.front)
    for trial in found.trials:
        row: dict[str, Any] = {"trial": trial.number, "generation": trial.generation}
        row.update(trial.point)
        for k, objective in enumerate(found.plan.objectives):
            row[objective.metric] = trial.values[k]
        for g, game in enumerate(found.games if len(found.games) > 1 else ()):
            for k, objective in enumerate(found.plan.objectives):
                row[f"{game}.{objective.metric}"] = trial.by_game[g, k]
        rows.append({**row, "faults": trial.faults, "front": trial.number in front})
    return pd.DataFrame(rows)


def front_table(found: Found) -> pd.DataFrame:
    """One row for each design of the front, and for the two that it is held against.

    For each objective its mean on fresh worlds with a 95% interval, what the search had seen
    (`_search`), and in how many worlds it was undefined; the verdict, and which trial beats it.
    """
    rows = []
    for place, k in enumerate(found.front):
        trial = found.trials[k]
        row: dict[str, Any] = {"design": "front", "trial": trial.number, **trial.point}
        row.update(_measured(found, found.fresh, place, trial.values))
        verdict, by = found.verdicts[place]
        row["verdict"] = verdict
        row["beaten_by"] = found.trials[found.front[by]].number if by >= 0 else ""
        rows.append(row)
    for name, measured in (("as_configured", found.standing), ("no_institution", found.none)):
        rows.append({"design": name, **_measured(found, measured, 0, None)})
    table = pd.DataFrame(rows)
    table["trial"] = table["trial"].astype("Int64")
    return table


def _measured(found: Found, measured: Measured, place: int, searched: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for k, objective in enumerate(found.plan.objectives):
        worlds = measured.worlds[place, k]
        mean, low, high = mean_interval(worlds)
        name = objective.metric
        row[name], row[f"{name}_low"], row[f"{name}_high"] = mean, low, high
        if searched is not None:
            row[f"{name}_search"] = searched[k]
        row[f"{name}_undefined"] = int(np.isnan(worlds).sum())
        for g, game in enumerate(found.games if len(found.games) > 1 else ()):
            row[f"{game}.{name}"] = measured.by_game[place, g, k]
    return {**row, "faults": int(measured.faults[place])}


def setting_title(path: str) -> str:
    """What readers call a setting that a search varies.

    >>> setting_title("institutions.bond.stake"), setting_title("institutions.bond")
    ('stake of bond', 'strength of bond')
    """
    parts = path.split(".")
    return f"strength of {spell(parts[1])}" if len(parts) == 2 else axis_title(path)


def spread(axis: Axis, values: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Where values lie between the ends of what was searched, from 0 to 1.

    >>> spread(Axis("noise", 0.01, 1.0, "log"), [0.1, 1.0]).round(6).tolist()
    [0.5, 1.0]
    """
    if axis.choices:
        places = [axis.choices.index(str(value)) for value in values]
        return np.array(places, np.float64) / (len(axis.choices) - 1)
    numbers, ends = np.array(values, np.float64), np.array(axis.ends, np.float64)
    if axis.scale == "log":
        numbers, ends = np.log(numbers), np.log(ends)
    return np.asarray((numbers - ends[0]) / (ends[1] - ends[0]), np.float64)
