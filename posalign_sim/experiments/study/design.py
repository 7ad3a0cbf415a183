"""What a study runs: arms, grid points and paired worlds, cut into tasks of a batch each.

The worlds of a study are ordered by game, arm, grid point, payoffs and replicate. A *task* is a
box of them, of one game, whose worlds run as one batch: numbers that are swept are arrays with one
value for each world. Settings that are no such numbers (who plays, who meets whom, how long) make
*variants*, each with scenarios of its own; one compilation serves all that have one structure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np

from posalign_sim.agents.llm import Asking, LanguageModel
from posalign_sim.agents.llm.completeness import check_languages
from posalign_sim.agents.llm.converse import OUTCOMES, log_room
from posalign_sim.agents.llm.prompts import sources
from posalign_sim.experiments.configure import (
    Arm,
    mapping_of,
    number_of,
    scenario_of,
    strengths_by_world,
)
from posalign_sim.experiments.provenance import code_hash, fingerprint
from posalign_sim.experiments.study.axes import axis_of, default_of, is_number, with_settings
from posalign_sim.experiments.study.models import Models, models_of
from posalign_sim.experiments.study.settings import Settings, settings_of
from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.scenario import ENDLESS, Scenario
from posalign_sim.world.simulate import metric_names

#: Ordinary payoffs, and each payoff less the seats' mean.
PAYOFFS = ("ordinary", "zero_sum_twin")
#: Outcomes that worlds have which broke off, too: that they did, and what models did in them.
OF_FAULTS = ("faults", *OUTCOMES)
#: Most worlds of one task, most bytes of their records, and most agent-rounds (some seconds).
MOST_WORLDS, MOST_BYTES, MOST_ROUNDS = 65_536, 2**28, 200_000_000
#: Names among the settings of models that stand for texts.
TEXTS = ("persona", "values", "framing", "language")
#: Replicates of one task: studies with more share those of studies with fewer.
REPLICATES = 256


@dataclass(frozen=True)
class Task:
    """A box of worlds that run as one batch.

    Attributes:
        game: which game.
        arms: places of the arms.
        points: first grid point, and the one after the last; all of one variant.
        pairs: first replicate, and the one after the last.
    """

    game: str
    arms: tuple[int, ...]
    points: tuple[int, int]
    pairs: tuple[int, int]

    def __str__(self) -> str:
        """What it covers, in words."""
        return (
            f"{self.game}, {len(self.arms)} arms, points {self.points[0]} to {self.points[1] - 1}, "
            f"worlds {self.pairs[0]} to {self.pairs[1] - 1}"
        )


class Design:
    """All that a configuration says is to be run; see the module.

    Args:
        config: the resolved configuration.

    Attributes:
        settings: what the study says of itself.
        games: the games, in order.
        axes: what is swept: for each setting, its values (labels, where these are mappings).
        variants: for each choice of settings that are no numbers, the configuration.
        replicates: worlds of each arm, game, point and payoffs, at most.
        payoffs: the payoffs that each world is played on.
        speakers: for each game, the language models that hold seats in it, at any point.
        askings: for each game, all ways in which these are asked.

    Raises:
        ConfigurationError: anything about the configuration does not fit; nothing has run yet.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        """See the class."""
        self.config = config
        self.games = list(config["game"] or {})
        if not self.games:
            raise ConfigurationError("there is no game to play: game=[...]")
        for game in self.games:
            find("games", game)
        self.settings: Settings = settings_of(config)
        stopping = self.settings.stopping
        self.replicates = stopping.most if stopping else count_of(config, "replicates")
        self.seed = count_of(config, "seed", least=0)
        for name in ("rounds", "threads", "workers", "batch"):
            if config.get(name) is not None:
                count_of(config, name)
        self.payoffs = PAYOFFS if self.settings.twins else PAYOFFS[:1]
        grid = mapping_of(config.get("grid"), "grid")
        self.axes = {str(path): axis_of(str(path), values) for path, values in grid.items()}
        # Settings that are no numbers vary slowest, so that a range of points is of one variant.
        structural = {p: v for p, v in self.axes.items() if not self._numeric(p, v)}
        self._numbers = {p: v for p, v in self.axes.items() if p not in structural}
        self.axes = {**structural, **self._numbers}
        self.variants = [
            with_settings(config, dict(zip(structural, values, strict=True)))
            for values in product(*(axis.values() for axis in structural.values()))
        ]
        for variant in self.variants:
            if variant["rounds"] is not None:
                count_of(variant, "rounds")
        for value in self.axes.get("continuation", {}).values():
            if not 0 <= number_of(value, "grid.continuation") <= 1:
                raise ConfigurationError(f"grid.continuation: {value!r} is no probability")
        self._outcomes: dict[str, list[str]] = {}
        self.speakers: dict[str, set[str]] = {game: set() for game in self.games}
        self.askings: dict[str, list[Asking]] = {game: [] for game in self.games}
        self._told: dict[str, set[tuple[Any, ...]]] = {game: set() for game in self.games}
        self._check()

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms."""
        return self.settings.arms

    @cached_property
    def points(self) -> int:
        """How many grid points there are; 1 without a grid."""
        return int(np.prod([len(values) for values in self.axes.values()], dtype=np.int64))

    @property
    def worlds(self) -> int:
        """How many worlds all of it is."""
        cells = len(self.games) * len(self.arms) * self.points
        return cells * len(self.payoffs) * self.replicates

    def point(self, number: int) -> dict[str, Any]:
        """Value of each axis at a grid point."""
        sizes = [len(values) for values in self.axes.values()]
        places = np.unravel_index(number, sizes) if sizes else ()
        return {
            path: list(values)[int(k)]
            for (path, values), k in zip(self.axes.items(), places, strict=True)
        }

    @cached_property
    def columns(self) -> dict[str, list[Any]]:
        """For each axis, its value at every point."""
        table = list(product(*self.axes.values()))
        return {path: [row[k] for row in table] for k, path in enumerate(self.axes)}

    def looks(self) -> list[int]:
        """Replicates that there are at each look at the data; without early stopping, one."""
        stopping = self.settings.stopping
        if stopping is None:
            return [self.replicates]
        steps = np.linspace(stopping.first, stopping.most, stopping.looks)
        return sorted({round(float(step)) for step in steps})

    def tasks(self, first: int, last: int) -> Iterator[Task]:
        """Tasks for the replicates from `first` up to `last`, in the order of the worlds."""
        inside, arms = self.points // len(self.variants), len(self.arms)
        edges = [e for e in range(0, last, REPLICATES) if e > first]
        blocks = list(zip([first, *edges], [*edges, last], strict=True))
        for game in self.games:
            for variant in range(len(self.variants)):
                # How many of each go together does not depend on which replicates these are.
                room = max(1, self._size(game, variant) // len(self.payoffs))
                pairs = min(self.replicates, REPLICATES, max(1, room // arms))
                group = min(arms, max(1, room // pairs))
                points = max(1, room // (pairs * group)) if group == arms else 1
                start = variant * inside
                for point in range(start, start + inside, points):
                    here = (point, min(point + points, start + inside))
                    for low, high in blocks:
                        for pair in range(low, high, pairs):
                            for arm in range(0, arms, group):
                                who = tuple(range(arm, min(arm + group, arms)))
                                yield Task(game, who, here, (pair, min(pair + pairs, high)))

    def scenario(self, task: Task) -> Scenario:
        """The scenario of a task; its worlds are ordered by arm, point, payoffs and replicate."""
        arms = [self.arms[k] for k in task.arms]
        return self._scenario(
            task.game, arms, np.arange(*task.points), task.pairs[1] - task.pairs[0]
        )

    def one(self, game: str, arm: int, point: int, payoffs: int) -> Scenario:
        """The scenario of a single world."""
        return self._scenario(game, [self.arms[arm]], np.array([point]), 1, [payoffs])

    def single(self, game: str, arm: int, point: int) -> Scenario:
        """The scenario of a single world of ordinary payoffs."""
        return self._scenario(game, [self.arms[arm]], np.arange(point, point + 1), 1, payoffs=[0])

    def _scenario(
        self,
        game: str,
        arms: Sequence[Arm],
        points: np.ndarray[Any, Any],
        pairs: int,
        payoffs: Sequence[int] | None = None,
    ) -> Scenario:
        config = self.variant_of(int(points[0]))
        institutions = list(config["institutions"] or {})
        kinds = range(len(self.payoffs)) if payoffs is None else payoffs
        each = len(points) * len(kinds) * pairs
        rounds = float(ENDLESS if config["rounds"] is None else config["rounds"])
        strengths = {name: strengths_by_world(arms, name, rounds, each) for name in institutions}
        values = self._values(config, arms, points)
        config = with_settings(
            config, {p: np.repeat(v.ravel(), len(kinds) * pairs) for p, v in values.items()}
        )
        twin = np.repeat(np.array(kinds, np.float64), pairs)
        made = scenario_of(config, game, strengths, twin=np.tile(twin, len(arms) * len(points)))
        if any(isinstance(agent, LanguageModel) for agent in made.seats):
            return made.replace(events=log_room(made))
        return made

    @property
    def speaks(self) -> bool:
        """Whether language models hold seats in any game."""
        return any(self.speakers.values())

    def models(self, point: int) -> Models:
        """How language models are asked at a grid point."""
        return models_of(self.variant_of(point))

    def part(self, game: str, arm: int, point: int, payoffs: int) -> str:
        """What a request says of where in the study it comes from."""
        name, here = f"{self.settings.name}/seed {self.seed}", self.point(point)
        swept = [", ".join(f"{path}={value}" for path, value in here.items())] if here else []
        return "/".join([name, game, self.arms[arm].name, self.payoffs[payoffs], *swept])

    def variant_of(self, point: int) -> Mapping[str, Any]:
        """The configuration that a grid point has, but for numbers that are swept."""
        return self.variants[point // (self.points // len(self.variants))]

    def key(self, task: Task, arm: int) -> str:
        """Hash of all that the outcomes of an arm in a task depend on, and of nothing else."""
        config, treated = self.variant_of(task.points[0]), self.arms[arm]
        values = self._values(config, [treated], np.arange(*task.points))
        rounds = float(ENDLESS if config["rounds"] is None else config["rounds"])
        stack = []
        for name, given in (config["institutions"] or {}).items():
            plan = treated.schedule(name, rounds)
            if not plan.to.any():
                continue  # who is off is as if it were absent, whatever its numbers
            mine = f"institutions.{name}."
            own = {p: v[0].tolist() for p, v in values.items() if p.startswith(mine)}
            stack.append([name, {**(given or {}), **own}, plan.starts.tolist(), plan.to.tolist()])
        shared = ("noise", "continuation", f"game.{task.game}.")
        return fingerprint(
            {
                "code": code_hash(),
                "seed": self.seed,
                "game": [task.game, config["game"][task.game]],
                "stack": stack,
                "swept": {p: v[0].tolist() for p, v in values.items() if p.startswith(shared)},
                "population": config["population"].get(task.game),
                "officials": config["population"].get("officials"),
                "strains": (config.get("strains") or {}).get(task.game),
                **{k: config.get(k) for k in ("matching", "rounds", "continuation", "noise")},
                "dynamics": config.get("dynamics"),
                "residence": config.get("residence"),
                **self._asking(task.game, config),
                "payoffs": self.payoffs,
                "pairs": task.pairs,
                "points": task.points[1] - task.points[0],
            }
        )

    def _asking(self, game: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """What answers depend on, where language models give them."""
        if not self.speakers[game]:
            return {}
        # Texts may be files of the user's own: what they say counts, not where they lie.
        said = config.get("models") or {}
        how = {name: value for name, value in said.items() if name not in TEXTS}
        return {
            "asking": [config.get("model"), how, sorted(self._told[game])],
            "study": self.settings.name,
        }

    def metrics(self, game: str) -> list[str]:
        """Outcomes that are recorded of a game, in order."""
        names = self.outcomes(game)
        if self.settings.record == "all":
            return names
        return [name for name in names if name in (*self.settings.declared, *OUTCOMES)]

    def outcomes(self, game: str) -> list[str]:
        """Outcomes that there are of a game, recorded or not, in order."""
        if game not in self._outcomes:
            inside, seen = self.points // len(self.variants), dict[str, list[str]]()
            for number, variant in enumerate(self.variants):
                # Whoever plays, and whether they adapt, may bring outcomes that others have not.
                who = fingerprint([variant.get(k) for k in ("population", "dynamics", "strains")])
                if who not in seen:
                    here = (number * inside, number * inside + 1)
                    scenario = self.scenario(Task(game, (0,), here, (0, 1)))
                    seen[who] = metric_names(scenario, len(self.payoffs))
                    seen[who] += OUTCOMES if self.speakers[game] else ()
            names = list(dict.fromkeys(name for each in seen.values() for name in each))
            names += ["positive_sum_gain"] if self.settings.twins else []
            self._outcomes[game] = [*names, "faults"]
        return self._outcomes[game]

    @property
    def keeps_history(self) -> bool:
        """Whether cooperation over time is kept of every world: where that is not too much."""
        return self.worlds <= 100_000

    def _size(self, game: str, variant: int) -> int:
        """How many worlds of a game make a task."""
        if self.config.get("batch"):
            return int(self.config["batch"])
        place = variant * (self.points // len(self.variants))
        scenario = self.scenario(Task(game, (0,), (place, place + 1), (0, 1)))
        rounds = min(float(np.max(scenario.rounds)), 1e4)
        size = scenario.structure.dtype.itemsize
        return int(
            min(
                MOST_WORLDS,
                max(1, MOST_BYTES // size),
                max(1, MOST_ROUNDS // (len(scenario.seats) * rounds)),
            )
        )

    def _values(
        self, config: Mapping[str, Any], arms: Sequence[Arm], points: np.ndarray[Any, Any]
    ) -> dict[str, np.ndarray[Any, Any]]:
        """`[arms, points]` numbers of every setting that differs between points or arms."""
        found: dict[str, np.ndarray[Any, Any]] = {}
        if self._numbers:
            sizes = [len(values) for values in self._numbers.values()]
            places = np.unravel_index(points % int(np.prod(sizes)), sizes)
            for (path, values), place in zip(self._numbers.items(), places, strict=True):
                row = np.array(list(values.values()), np.float64)[place]
                found[path] = np.tile(row, (len(arms), 1))
        for arm in self.arms:  # whether in this task or not: one structure, whoever runs
            for path in arm.settings:
                if path not in found:
                    found[path] = np.full((len(arms), len(points)), default_of(config, path))
        for k, arm in enumerate(arms):
            for path, value in arm.settings.items():
                found[path][k] = value
        return found

    def _numeric(self, path: str, values: Mapping[Any, Any]) -> bool:
        """Whether a setting is a number that every world of a batch may have another of."""
        number = all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in values.values()
        )
        return number and is_number(path, self.config)

    def _check(self) -> None:
        """Refuse, before anything runs, whatever would be refused on the way."""
        for arm in self.arms:
            for path in arm.settings:
                if not is_number(path, self.config):
                    raise ConfigurationError(
                        f"study.arms.{arm.name}.settings: {path} is no number of a game or an "
                        "institution of this study that an arm can have another of"
                    )
        inside = self.points // len(self.variants)
        for game in self.games:
            for number, variant in enumerate(self.variants):
                points = number * inside + self._extremes()
                made = self._scenario(game, self.arms, points, 1)
                usual = models_of(variant).usual
                seats = {
                    seat: agent.asking(usual)
                    for seat, agent in enumerate(made.seats)
                    if isinstance(agent, LanguageModel)
                }
                for seat, asking in seats.items():
                    self.speakers[game].update(asking.models)
                    if asking not in self.askings[game]:
                        self.askings[game].append(asking)
                    self._told[game].add((seat, *sources(asking)))
                if any(asking.language for asking in seats.values()):
                    count = len(self.arms) * len(points) * len(self.payoffs)
                    check_languages(made, made.worlds(count, self.seed), seats)
            names = self.outcomes(game)
            said = [h.metric for h in self.settings.hypotheses if h.game in ("", game)]
            for name in (self.settings.primary, *said):
                if name not in names:
                    raise ConfigurationError(
                        f"{game} has no outcome {name!r}: {nearest(name, names)}"
                    )
        somewhere = [name for game in self.games for name in self.outcomes(game)]
        for name in self.settings.secondary:
            if name not in somewhere:
                raise ConfigurationError(
                    f"study.secondary: no outcome {name!r}: {nearest(name, set(somewhere))}"
                )

    def _extremes(self) -> np.ndarray[Any, Any]:
        """Points, within a variant, at which each number takes each of its values; few of them."""
        sizes = [len(values) for values in self._numbers.values()]
        if not sizes:
            return np.zeros(1, np.int64)
        rows = [np.arange(max(sizes)) % size for size in sizes]
        return np.unique(np.ravel_multi_index(rows, sizes))


@lru_cache(maxsize=8)
def design_of(config: str) -> Design:
    """The design of a configuration given as JSON; made once in each process."""
    return Design(json.loads(config))


def count_of(config: Mapping[str, Any], name: str, least: int = 1) -> int:
    """A whole number among the settings.

    Raises:
        ConfigurationError: it is none, or too small.
    """
    value = config[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigurationError(
            f"{name} must be a whole number of at least {least}, not {value!r}"
        )
    return value
