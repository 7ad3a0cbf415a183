"""What a study will take, before it runs: worlds, compilations, minutes, bytes, model calls.

Minutes are measured: a few worlds of each game are run in all of its arms, and thrown away.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.parts import Block
from posalign_sim.experiments.study.plan_text import plan_text
from posalign_sim.experiments.study.sample import (
    bytes_of_a_value,
    part_of,
    time_of_a_task,
    time_to_compile,
)
from posalign_sim.experiments.study.settings import check_keys
from posalign_sim.experiments.study.tables import MOST_CSV, tasks_of
from posalign_sim.world.engine import engine
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.scenario import ENDLESS

#: What a budget may limit.
BUDGET = ("minutes", "gigabytes", "model_calls", "tokens", "money")
#: Tables, tests and figures, in seconds of a usual processor: for each game, for each row of the
#: contrasts without a grid and with one, and for each pair of worlds in a row.
PAGE, ROW, GRID_ROW, PAIR = 2.5, 3e-3, 5e-4, 1e-5
#: Bytes of a row of the long table as CSV and in memory, of a game's figures, and of the process.
CSV, HELD, FIGURES, PROCESS = 64, 250, 1_000_000, 400_000_000
#: Calls of all probes in one situation: some put several questions.
PROBING = 18
#: Bytes in memory for each byte of the worlds of a task: their metrics take as much again.
TASK = 2


@dataclass(frozen=True)
class GamePlan:
    """What one game of a study takes.

    Attributes:
        game: which one.
        worlds: worlds, in all arms and payoffs, at all points.
        tasks: batches that they are run in.
        scenarios: structures, each compiled once.
        compilations: those of them that are not in the cache.
        compile_seconds: of one compilation; 0 where none is needed.
        agent_rounds: how often an agent lives through a round, at most.
        seconds: of all worlds, on one worker; measured.
        sample: worlds that were run to measure it.
        disk: bytes of parts, results and history.
        rows: of the long table.
        memory: bytes of the largest task.
        asking: of each arm, model calls of a world, tokens read and tokens written; none where no
            seat is a model.
    """

    game: str
    worlds: int
    tasks: int
    scenarios: int
    compilations: int
    compile_seconds: float
    agent_rounds: float
    seconds: float
    sample: int
    disk: float
    rows: int
    memory: float
    asking: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class ArmPlan:
    """What one arm takes in one game.

    Attributes:
        game: which game.
        arm: which arm.
        worlds: worlds, in all payoffs, at all points.
        agent_rounds: how often an agent lives through a round, at most.
        model_calls: calls of language models.
        tokens: that they read and write, as the stand-in counts them.
        money: that they cost, where somebody said at what price.
    """

    game: str
    arm: str
    worlds: int
    agent_rounds: float
    model_calls: int = 0
    tokens: int = 0
    money: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What a study will take, at most; see `plan_study`.

    Attributes:
        name: of the study.
        games: game by game.
        arms: arm by arm of each game.
        points: grid points; 1 without a grid.
        payoffs: payoffs that each world is played on.
        looks: replicates at each look at the data; one look if it does not stop early.
        workers: tasks that run at once.
        report_seconds: of tables, tests and figures; a rule of thumb.
    """

    name: str
    games: tuple[GamePlan, ...]
    arms: tuple[ArmPlan, ...]
    points: int
    payoffs: int
    looks: tuple[int, ...]
    workers: int
    report_seconds: float

    @property
    def worlds(self) -> int:
        """Worlds, all together."""
        return sum(game.worlds for game in self.games)

    @property
    def tasks(self) -> int:
        """Batches, all together."""
        return sum(game.tasks for game in self.games)

    @property
    def scenarios(self) -> int:
        """Structures, each compiled once."""
        return sum(game.scenarios for game in self.games)

    @property
    def compilations(self) -> int:
        """Structures that are not in the cache."""
        return sum(game.compilations for game in self.games)

    @property
    def agent_rounds(self) -> float:
        """How often an agent lives through a round, at most."""
        return sum(game.agent_rounds for game in self.games)

    @property
    def compile_minutes(self) -> float:
        """Minutes of all compilations, one after another."""
        return sum(game.compilations * game.compile_seconds for game in self.games) / 60

    @property
    def minutes(self) -> float:
        """Minutes from the beginning to the report, on all workers, on machines like this one."""
        atonce = max(1, min(self.workers, self.tasks))
        seconds = sum(game.seconds for game in self.games)
        return self.compile_minutes + (seconds / atonce + self.report_seconds) / 60

    @property
    def disk_gigabytes(self) -> float:
        """Of the folder: parts, results, history and figures."""
        return sum(game.disk for game in self.games) / 1e9

    @property
    def memory_gigabytes(self) -> float:
        """Of all workers on this machine, or of the tables in the end, whichever is more."""
        tasks = max(game.memory for game in self.games) * self.workers
        rows = sum(game.rows for game in self.games)
        return (PROCESS * self.workers + max(tasks, rows * HELD)) / 1e9

    @property
    def gigabytes(self) -> float:
        """On disk and in memory."""
        return self.disk_gigabytes + self.memory_gigabytes

    @property
    def model_calls(self) -> int:
        """Calls of language models."""
        return sum(arm.model_calls for arm in self.arms)

    @property
    def tokens(self) -> int:
        """Tokens that language models read and write."""
        return sum(arm.tokens for arm in self.arms)

    @property
    def money(self) -> float:
        """What language models cost."""
        return sum(arm.money for arm in self.arms)

    def check(self, budget: Mapping[str, Any] | None) -> None:
        """Refuse a study that takes more than its budget.

        Args:
            budget: limits, by some of the names in `BUDGET`.

        Raises:
            ConfigurationError: it takes more; or a limit is unknown, or no number.
        """
        limits = budget_of(budget)
        over = [
            f"{name} {getattr(self, name):.4g} of {limit:g}"
            for name, limit in limits.items()
            if getattr(self, name) > limit
        ]
        if over:
            raise ConfigurationError(
                f"{self.name} would take more than its budget: {', '.join(over)}. Nothing has "
                "run; posalign-sim plan shows what takes how much"
            )

    def text(self) -> str:
        """The plan as people read it, at most 100 columns wide."""
        return plan_text(self)


def budget_of(budget: Mapping[str, Any] | None) -> dict[str, float]:
    """The limits of a budget, checked.

    Raises:
        ConfigurationError: a limit is unknown, or no number of at least 0.

    >>> budget_of({"minutes": 60, "money": None})
    {'minutes': 60.0}
    """
    given = dict(budget or {})
    check_keys(given, BUDGET, "budget")
    for name, limit in given.items():
        number = isinstance(limit, int | float) and not isinstance(limit, bool)
        if limit is not None and not (number and limit >= 0):
            raise ConfigurationError(f"budget.{name} must be a number of at least 0, not {limit!r}")
    return {name: float(limit) for name, limit in given.items() if limit is not None}


def plan_study(config: Mapping[str, Any]) -> Plan:
    """Work out what a study will take; a few worlds of it are run, nothing is written.

    Finished parts of earlier runs, which would be taken over, are not looked for.

    Args:
        config: the resolved configuration.

    Raises:
        ConfigurationError: something about the configuration does not fit.
    """
    budget_of(config.get("budget"))
    design = Design(config)
    local = str(config.get("runner") or "local") == "local"
    workers = 1 if local else int(config.get("workers") or os.cpu_count() or 1)
    tasks = tasks_of(design, design.looks())
    games = tuple(
        _plan_game(design, game, [t for t in tasks if t.game == game], config["threads"], local)
        for game in design.games
    )
    worlds = design.worlds // (len(design.games) * len(design.arms))
    arms = tuple(
        ArmPlan(
            game.game,
            arm.name,
            worlds,
            sum(_lives(design, game.game, k)),
            *(_asked(design, game, k, worlds) if game.asking else ()),
        )
        for game in games
        for k, arm in enumerate(design.arms)
    )
    return Plan(
        name=design.settings.name,
        games=games,
        arms=arms,
        points=design.points,
        payoffs=len(design.payoffs),
        looks=tuple(design.looks()),
        workers=workers,
        report_seconds=_report_seconds(design),
    )


def _plan_game(
    design: Design, game: str, tasks: list[Task], threads: int | None, local: bool
) -> GamePlan:
    inside = design.points // len(design.variants)
    firsts = [
        next(t for t in tasks if t.points[0] // inside == v) for v in range(len(design.variants))
    ]
    structures = {design.scenario(part_of(task, 1)).structure: task for task in firsts}
    missing = [structure for structure in structures if not engine(structure).is_compiled()]
    compiling = time_to_compile(engine(missing[0])) if missing else 0.0
    lives = np.sum([_lives(design, game, k) for k in range(len(design.arms))], axis=0)
    heaviest = firsts[int(np.argmax(lives))]
    sample, seconds, blocks = time_of_a_task(design, heaviest, threads if local else 1)
    # By what agents live through, which is what differs between variants.
    each = float(lives.max()) / (design.worlds / len(design.games) / len(design.variants))
    fixed, slope = seconds
    worlds = design.worlds // len(design.games)
    metrics = len(design.metrics(game))
    past = blocks[0].history.shape[-1] if blocks[0].history is not None else 0
    rows = worlds * metrics
    parquet = bytes_of_a_value(blocks) * rows
    csv = CSV * rows if design.worlds * metrics <= MOST_CSV else 0
    size = design.scenario(part_of(heaviest, 1)).structure.dtype.itemsize
    largest = max(len(t.arms) * _box(t) for t in tasks) * len(design.payoffs)
    return GamePlan(
        game=game,
        worlds=worlds,
        tasks=len(tasks),
        scenarios=len(structures),
        compilations=len(missing),
        compile_seconds=compiling,
        agent_rounds=float(lives.sum()),
        seconds=fixed * len(tasks) + slope * float(lives.sum()) / each,
        sample=sample,
        disk=8 * worlds * (metrics + 2 * past) + parquet + csv + FIGURES,
        rows=rows,
        memory=TASK * size * largest,
        asking=_asking(design, heaviest, blocks) if design.speakers[game] else (),
    )


def _asking(
    design: Design, task: Task, blocks: list[Block]
) -> tuple[tuple[float, float, float], ...]:
    """Calls of a world and tokens, of each arm: as sampled, or as the mean of those that were."""
    names = design.metrics(task.game)
    columns = [names.index(f"model_{what}") for what in ("calls", "tokens_in", "tokens_out")]
    found = np.array([block.values[..., columns].reshape(-1, 3).mean(axis=0) for block in blocks])
    sampled = dict(zip(task.arms, found.tolist(), strict=True))
    mean = found.mean(axis=0).tolist()
    return tuple(tuple(sampled.get(arm, mean)) for arm in range(len(design.arms)))


def _asked(design: Design, game: GamePlan, arm: int, worlds: int) -> tuple[int, int, float]:
    """Calls, tokens and money of an arm; of several models, at the price of the dearest."""
    calls, read, written = (number * worlds for number in game.asking[arm])
    if design.settings.probes and not design.arms[arm].placebo_of:
        more = PROBING * design.settings.probes * len(design.variants)
        calls, read, written = (n * (1 + more / calls) for n in (calls, read, written))
    prices = design.models(0).prices
    known = [prices[name] for name in design.speakers[game.game] if name in prices]
    money = max((price.of(round(read), round(written)) for price in known), default=0.0)
    return round(calls), round(read + written), money


def _lives(design: Design, game: str, arm: int) -> list[float]:
    """Agent-rounds of an arm, at most: of each variant, over its points, payoffs and replicates."""
    inside = design.points // len(design.variants)
    swept = design.columns.get("continuation")
    found = []
    for variant, config in enumerate(design.variants):
        start = variant * inside
        scenario = design.scenario(Task(game, (arm,), (start, start + 1), (0, 1)))
        rounds = float(ENDLESS if config["rounds"] is None else config["rounds"])
        own = design.arms[arm].settings.get("continuation")
        if own is not None or swept is None:
            values = [float(config["continuation"] if own is None else own)]
        else:
            values = [float(value) for value in swept[start : start + inside]]
        mean = float(np.mean([_expected_rounds(rounds, value) for value in values]))
        each = inside * len(design.payoffs) * design.replicates
        found.append(len(scenario.seats) * mean * each)
    return found


def _expected_rounds(most: float, continuation: float) -> float:
    """Mean number of rounds, each followed by another with a probability.

    >>> _expected_rounds(100, 1.0), _expected_rounds(2**62, 0.9), _expected_rounds(2, 0.5)
    (100.0, 10.0, 1.5)
    """
    if continuation >= 1:
        return float(most)
    return round(float((1 - continuation**most) / (1 - continuation)), 9)


def _box(task: Task) -> int:
    return (task.points[1] - task.points[0]) * (task.pairs[1] - task.pairs[0])


def _report_seconds(design: Design) -> float:
    """About how long tables, tests and figures take once all worlds are there."""
    placebos = sum(bool(arm.placebo_of) for arm in design.arms)
    rows = 3 * (len(design.arms) - 1) + placebos
    rows *= sum(len(design.metrics(game)) for game in design.games)
    each = GRID_ROW * design.points if design.axes else ROW + PAIR * design.replicates
    return PAGE * (1 + len(design.games)) + rows * each
