"""Searching: generations of designs, tried on the same worlds, and a front that is tried anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from posalign_sim.experiments.configure import scenario_of, strengths_by_world
from posalign_sim.experiments.extras import require
from posalign_sim.experiments.search.front import Floats, judge, non_dominated
from posalign_sim.experiments.search.settings import SHARED, UNDEFINED_AS, Plan, effective, plan_of
from posalign_sim.metrics import Autonomy, Equality
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.scenario import ENDLESS, Scenario
from posalign_sim.world.simulate import metric_names, simulate

#: Most worlds, and most bytes of their records, that run at once.
MOST_WORLDS, MOST_BYTES = 65_536, 2**28

#: A design: the value of each setting that is varied.
Point = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """What came out of designs.

    Attributes:
        values: `[points, games, objectives, worlds]`; NaN where an outcome is undefined.
        faults: `[points]` worlds that broke off.
    """

    values: Floats
    faults: npt.NDArray[np.int64]

    @property
    def worlds(self) -> Floats:
        """`[points, objectives, worlds]` mean over games of each world number.

        NaN for designs of which a world broke off: nothing is claimed there.
        """
        mean: Floats = self.values.mean(axis=1)
        mean[self.faults > 0] = np.nan
        return mean

    @property
    def means(self) -> Floats:
        """`[points, objectives]` mean over the worlds in which an outcome is defined, if any."""
        worlds = self.worlds
        known = ~np.isnan(worlds)
        found = np.full(worlds.shape[:2], np.nan)
        np.divide(np.nansum(worlds, -1), known.sum(-1), out=found, where=known.any(-1))
        return found

    @property
    def by_game(self) -> Floats:
        """`[points, games, objectives]` mean over worlds, game by game."""
        known = ~np.isnan(self.values)
        found = np.full(self.values.shape[:3], np.nan)
        np.divide(np.nansum(self.values, -1), known.sum(-1), out=found, where=known.any(-1))
        return found


@dataclass(frozen=True)
class Trial:
    """One design that was tried.

    Attributes:
        number: in the order of the search.
        generation: in which it was tried.
        point: the design.
        values: `[objectives]` means on the worlds of the search; NaN if undefined.
        by_game: `[games, objectives]` the same for each game.
        faults: worlds that broke off.
    """

    number: int
    generation: int
    point: Point
    values: Floats
    by_game: Floats
    faults: int


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
        plan: how it was made.
        games: on which games.
        trials: all designs that were tried.
        front: places in `trials` of those that no other dominated, each design once.
        fresh: of these, on worlds that the search has not seen.
        verdicts: of these, what becomes of each there, and the place of what beats it; see `judge`.
        standing: the design as it was configured, on the fresh worlds.
        none: no institution, on the fresh worlds.
    """

    plan: Plan
    games: tuple[str, ...]
    trials: tuple[Trial, ...]
    front: tuple[int, ...]
    fresh: Measured
    verdicts: tuple[tuple[str, int], ...]
    standing: Measured
    none: Measured

    @property
    def signs(self) -> Floats:
        """`[objectives]` 1 if more is better, else -1."""
        return np.array([objective.sign for objective in self.plan.objectives])

    @property
    def searched(self) -> Floats:
        """`[front, objectives]` values of the front in the search."""
        return np.array([self.trials[k].values for k in self.front])

    @property
    def optimism(self) -> Floats:
        """`[objectives]` by how much the front looked better in the search than it is, on average.

        Who picks the best of many picks luck, too: the winner's curse.
        """
        gap: Floats = (self.signs * (self.searched - self.fresh.means)).mean(axis=0)
        return gap


class Problem:
    """Designs of one configuration, and how they are measured.

    Args:
        config: the resolved configuration.
        plan: how it is searched.
        mode: as with `simulate`.

    Raises:
        ConfigurationError: something does not fit; nothing has been run.
    """

    def __init__(self, config: Mapping[str, Any], plan: Plan, mode: Mode = "compiled") -> None:
        """See the class."""
        self.config, self.plan, self.mode = config, plan, mode
        self.games = tuple(str(game) for game in config["game"])
        # Both ends of everything: what would be refused on the way is refused now.
        corners = [{axis.path: axis.ends[k] for axis in plan.over} for k in (0, 1)]
        for game in self.games:
            names = metric_names(self.scenario(game, corners, 1), 2)
            for objective in plan.objectives:
                if objective.metric not in names:
                    raise ConfigurationError(
                        f"search.objectives: {game} has no outcome {objective.metric!r}: "
                        f"{nearest(objective.metric, names)}"
                    )

    def scenario(
        self, game: str, points: Sequence[Point], each: int, active: bool = True
    ) -> Scenario:
        """Worlds of several designs, `each` worlds of the first, then of the next.

        Args:
            game: which game.
            points: the designs, all of the same settings.
            each: worlds of each.
            active: whether there are institutions.
        """
        config = {**self.config}
        for group in ("game", "institutions"):
            # An arm's own numbers first: what is searched goes before them.
            config[group] = {k: dict(v or {}) for k, v in (config.get(group) or {}).items()}
        for path, value in self.plan.arm.settings.items():
            group, name, parameter = path.split(".")
            config[group][name][parameter] = value
        strengths: dict[str, Any] = {}
        rounds = float(ENDLESS if config["rounds"] is None else config["rounds"])
        for name in config["institutions"]:
            arms = [self.plan.arm] * len(points)
            strengths[name] = strengths_by_world(arms, name, rounds, each) if active else "off"
        for path in points[0]:
            values = np.repeat([point[path] for point in points], each)
            parts = path.split(".")
            if len(parts) == 1:
                config[path] = values
            elif len(parts) == 3:
                config[parts[0]][parts[1]][parts[2]] = values
            elif active:
                strengths[parts[1]] = values
        found = scenario_of(config, game, strengths)
        there = {metric.name for metric in found.metrics}
        more = [metric for metric in (Equality(), Autonomy()) if metric.name not in there]
        return found.replace(metrics=(*found.metrics, *more))

    def measure(
        self, points: Sequence[Point], pairs: npt.NDArray[np.int64], active: bool = True
    ) -> Measured:
        """Try designs, all on the worlds with these pair numbers: the same luck for each."""
        objectives = self.plan.objectives
        values = np.zeros((len(points), len(self.games), len(objectives), len(pairs)))
        faults = np.zeros(len(points), np.int64)
        for g, game in enumerate(self.games):
            size = self.scenario(game, points[:1], 1, active).structure.dtype.itemsize
            step = max(1, min(MOST_WORLDS, MOST_BYTES // size) // len(pairs))
            for first in range(0, len(points), step):
                some = points[first : first + step]
                run = simulate(
                    self.scenario(game, some, len(pairs), active),
                    len(some) * len(pairs),
                    self.plan.seed,
                    self.config.get("threads") or None,
                    pairs=np.tile(pairs, len(some)),
                    mode=self.mode,
                    progress=False,
                )
                table = run.table()
                for k, objective in enumerate(objectives):
                    column = table[objective.metric].to_numpy(np.float64)
                    if objective.metric in UNDEFINED_AS:
                        undefined = UNDEFINED_AS[objective.metric]
                        column = np.where(np.isnan(column), undefined, column)
                    values[first : first + step, g, k] = column.reshape(len(some), -1)
                broken = (table["fault"].to_numpy() != 0).reshape(len(some), -1)
                faults[first : first + step] += broken.sum(axis=1)
        return Measured(values, faults)


def search(config: Mapping[str, Any], *, mode: Mode = "compiled", progress: bool = True) -> Found:
    """Search the designs that a configuration says for those that nothing beats.

    A generation of designs is one batch, and every design is tried on the same worlds. The front is
    measured again on worlds that the search has not seen. The same settings give the same front.

    Args:
        config: the resolved configuration, with an entry `search` (see `KEYS`).
        mode: as with `simulate`.
        progress: whether to show a progress bar.

    Raises:
        ConfigurationError: something does not fit, Optuna is not there, or no design came out
            with every objective defined.
    """
    require("optuna", "posalign-sim search", "search")
    plan = plan_of(config)
    problem = Problem(config, plan, mode)
    trials = _try_all(problem, progress)
    front = _front(trials, plan)
    if not front:
        raise ConfigurationError(
            f"none of {plan.trials} designs had every objective defined and no world that broke off"
        )
    unseen = np.arange(plan.worlds, plan.worlds + plan.fresh)
    fresh = problem.measure([trials[k].point for k in front], unseen)
    signs = np.array([objective.sign for objective in plan.objectives])
    # Noise is a part of worlds only where there is some: said outright, the compiled code is one.
    before = {axis.path: config[axis.path] for axis in plan.over if axis.path in SHARED}
    return Found(
        plan,
        problem.games,
        tuple(trials),
        tuple(front),
        fresh,
        tuple(judge(signs[:, None] * fresh.worlds)),
        problem.measure([before], unseen),
        problem.measure([before], unseen, active=False),
    )


def _try_all(problem: Problem, progress: bool) -> list[Trial]:
    """All trials of a search, generation by generation."""
    import optuna

    plan, optimiser = problem.plan, optuna.samplers
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = (
        optimiser.NSGAIISampler(population_size=plan.generation, seed=plan.seed)
        if plan.sampler == "nsga2"
        else optimiser.TPESampler(n_startup_trials=plan.generation, seed=plan.seed)
    )
    ways = ["maximize" if objective.up else "minimize" for objective in plan.objectives]
    trials: list[Trial] = []
    pairs = np.arange(plan.worlds)
    try:
        study = optuna.create_study(directions=ways, sampler=sampler)
        with tqdm(
            total=plan.trials, unit="design", disable=not progress, leave=False, delay=0.5
        ) as bar:
            generation = 0
            while len(trials) < plan.trials:
                count = min(plan.generation, plan.trials - len(trials))
                asked = [study.ask() for _ in range(count)]
                points = [{axis.path: axis.draw(t) for axis in plan.over} for t in asked]
                came = problem.measure(points, pairs)
                for k, (ask, means) in enumerate(zip(asked, came.means, strict=True)):
                    # From what is undefined nothing can be learnt: to the sampler it has failed.
                    if np.isnan(means).any():
                        study.tell(ask, state=optuna.trial.TrialState.FAIL)
                    else:
                        study.tell(ask, means.tolist())
                    faults = int(came.faults[k])
                    number = len(trials)
                    trials.append(
                        Trial(number, generation, points[k], means, came.by_game[k], faults)
                    )
                generation += 1
                bar.update(count)
    finally:
        optuna.logging.set_verbosity(before)
    return trials


def _front(trials: Sequence[Trial], plan: Plan) -> list[int]:
    """Places of the trials that no other dominates, the best in the first objective first."""
    signs = np.array([objective.sign for objective in plan.objectives])
    best = non_dominated(signs * np.array([trial.values for trial in trials]))
    places: dict[tuple[Any, ...], int] = {}
    for k in map(int, np.flatnonzero(best)):
        places.setdefault(tuple(effective(trials[k].point).items()), k)
    return sorted(places.values(), key=lambda k: (-signs[0] * trials[k].values[0], k))
