"""A study: arms times payoffs times paired replicates, run as one batch for each game."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.configure import Arm, arms_of, scenario_of, strengths_by_world
from posalign_sim.metrics import over_time
from posalign_sim.registry import find
from posalign_sim.world.modules import ConfigurationError
from posalign_sim.world.scenario import ENDLESS, Scenario
from posalign_sim.world.simulate import Run, simulate

#: Ordinary payoffs, and each payoff less the seats' mean.
PAYOFFS = ("ordinary", "zero_sum_twin")

#: What a table of results calls the part of a metrics table that is no metric.
_NOT_METRICS = ("world", "pair", "fault")


@dataclass(frozen=True)
class StudyRun:
    """What came out of a study.

    Attributes:
        results: one row for each game, arm, payoffs, world and metric.
        trajectories: mean cooperation by stretch of time, with 95% intervals over worlds.
        runs: the run of each game.
        arms: the arms that were run.
        left_out: arms that needed institutions which were not chosen.
        seconds: how long it took.
    """

    results: pd.DataFrame
    trajectories: pd.DataFrame
    runs: Mapping[str, Run]
    arms: Sequence[Arm]
    left_out: Sequence[str]
    seconds: float


def plan(config: Mapping[str, Any]) -> tuple[dict[str, Scenario], list[Arm], list[str]]:
    """The scenario of each game (all arms and twins in one), and the arms.

    Raises:
        ConfigurationError: anything about the configuration does not fit; nothing has run yet.
    """
    games = list(config["game"] or {})
    if not games:
        raise ConfigurationError("there is no game to play: game=[...]")
    for game in games:
        find("games", game)
    institutions = list(config["institutions"] or {})
    arms, left_out = arms_of(config["study"], institutions)
    each = _count(config, "replicates")
    _count(config, "seed", least=0)
    for name in ("rounds", "threads"):
        if config[name] is not None:
            _count(config, name)
    rounds = float(ENDLESS if config["rounds"] is None else config["rounds"])
    # Worlds: arms slowest, then ordinary and twin, then replicates.
    twin = np.tile(np.repeat([0.0, 1.0], each), len(arms))
    strengths = {i: strengths_by_world(arms, i, rounds, 2 * each) for i in institutions}
    scenarios = {game: scenario_of(config, game, strengths, twin=twin) for game in games}
    return scenarios, arms, left_out


def run_study(config: Mapping[str, Any], progress: bool = True) -> StudyRun:
    """Run all arms of a study, on ordinary payoffs and on their zero-sum twins.

    Replicate number k has the same luck in every arm and in the twin.

    Args:
        config: the resolved configuration.
        progress: whether to show progress bars.

    Raises:
        ConfigurationError: see `plan`.
    """
    began = time.perf_counter()
    scenarios, arms, left_out = plan(config)
    each = _count(config, "replicates")
    pairs = np.tile(np.arange(each), 2 * len(arms))
    results, trajectories, runs = [], [], {}
    for game, scenario in scenarios.items():
        run = simulate(
            scenario,
            worlds=len(pairs),
            seed=int(config["seed"]),
            threads=config["threads"],
            pairs=pairs,
            progress=game if progress else False,
        )
        runs[game] = run
        results.append(_tidy(game, run, arms, each))
        trajectories.append(_trajectories(game, run, arms, each))
    return StudyRun(
        pd.concat(results, ignore_index=True),
        pd.concat(trajectories, ignore_index=True),
        runs,
        arms,
        left_out,
        time.perf_counter() - began,
    )


def _count(config: Mapping[str, Any], name: str, least: int = 1) -> int:
    value = config[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigurationError(
            f"{name} must be a whole number of at least {least}, not {value!r}"
        )
    return value


def _tidy(game: str, run: Run, arms: Sequence[Arm], each: int) -> pd.DataFrame:
    table = run.table()
    metrics = [c for c in table.columns if c not in _NOT_METRICS]
    values = table[metrics].to_numpy(float).reshape(len(arms), 2, each, len(metrics))
    # Gain over the twin of the same luck, less what institutions used up.
    column = {name: k for k, name in enumerate(metrics)}
    surplus = values[..., column["surplus"]]
    gain = np.full(values.shape[:3], np.nan)
    gain[:, 0] = surplus[:, 0] - surplus[:, 1] - values[:, 0, :, column["institution_cost"]]
    fault = table["fault"].to_numpy().reshape(values.shape[:3]) != 0
    values = np.concatenate([values, gain[..., None], fault[..., None]], axis=-1)
    metrics += ["positive_sum_gain", "faults"]
    index = pd.MultiIndex.from_product(
        [[game], [arm.name for arm in arms], PAYOFFS, range(each), metrics],
        names=["game", "arm", "payoffs", "world", "metric"],
    )
    frame = pd.DataFrame({"value": values.ravel()}, index=index).reset_index()
    # A twin has no gain over itself: no such row, rather than a row without a value.
    twin_gain = (frame["payoffs"] == PAYOFFS[1]) & (frame["metric"] == "positive_sum_gain")
    return frame[~twin_gain].reset_index(drop=True)


def _trajectories(game: str, run: Run, arms: Sequence[Arm], each: int) -> pd.DataFrame:
    series = over_time(run.worlds["trajectory"])
    stretches = series.shape[1]
    by_arm = series.reshape(len(arms), 2, each, stretches)
    defined = ~np.isnan(by_arm)
    count = np.maximum(1, defined.sum(axis=2))
    mean = np.where(defined, by_arm, 0).sum(axis=2) / count
    spread = np.where(defined, (by_arm - mean[:, :, None]) ** 2, 0).sum(axis=2)
    error = 1.96 * np.sqrt(spread / np.maximum(1, count - 1) / count)
    mean[defined.sum(axis=2) == 0] = np.nan
    rounds = float(run.scenario.rounds)
    length = rounds / stretches if rounds < ENDLESS else 1.0
    index = pd.MultiIndex.from_product(
        [[game], [arm.name for arm in arms], PAYOFFS, (np.arange(stretches) + 0.5) * length],
        names=["game", "arm", "payoffs", "round"],
    )
    columns = {
        "metric": "cooperation",
        "mean": mean.ravel(),
        "low": (mean - error).ravel(),
        "high": (mean + error).ravel(),
    }
    return pd.DataFrame(columns, index=index).reset_index()
