"""Running one task: what a worker does, here or on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from posalign_sim.agents.llm import ModelRun
from posalign_sim.agents.llm.listener import NUMBERS, Heard
from posalign_sim.experiments.study.design import Design, Task, design_of
from posalign_sim.experiments.study.models import Desk, Rehearsal, Watch
from posalign_sim.experiments.study.parts import Block, Floats, encode
from posalign_sim.metrics import over_time
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.simulate import NOT_METRICS, Run, simulate


@dataclass(frozen=True)
class Order:
    """A task as it is sent to a worker.

    Attributes:
        config: the resolved configuration, as JSON.
        task: which worlds.
        arms: places of those of the task's arms that are wanted.
        threads: processor threads to use; None for all.
        folder: of the run, where language models' answers are kept.
    """

    config: str
    task: Task
    arms: tuple[int, ...]
    threads: int | None = 1
    folder: str = ""

    def __str__(self) -> str:
        """What it asks for, in words."""
        return str(self.task)


def carry_out(order: Order, watch: Watch | None = None) -> bytes:
    """Run the worlds of an order; its part file as bytes.

    Args:
        order: what is wanted.
        watch: who is told what language models have done so far.
    """
    design, task = design_of(order.config), order.task
    desk = None
    if design.speakers[task.game]:
        desk = desk_of(design, task, Path(order.folder), watch)
    return encode(run_task(design, task, order.arms, order.threads, desk))


def desk_of(design: Design, task: Task, folder: Path, watch: Watch | None = None) -> Desk:
    """Where the language models of a task are asked."""
    models = design.models(task.points[0])
    reuse = bool(design.config.get("reuse", True))
    names, study = design.speakers[task.game], design.settings.name
    return Desk(models, names, study, folder, reuse, watch)


def run_task(
    design: Design,
    task: Task,
    arms: tuple[int, ...] | None = None,
    threads: int | None = None,
    desk: Desk | Rehearsal | None = None,
) -> list[Block]:
    """Run some arms of a task, all if not said: a block of outcomes for each.

    Replicate number k has the same luck in every arm, at every grid point, and in the twin.

    Args:
        design: the study.
        task: which worlds.
        arms: places of the arms that are wanted.
        threads: processor threads to use; None for all.
        desk: where language models are asked.

    Raises:
        ConfigurationError: language models hold seats, and there is nowhere to ask them.
    """
    chosen = task.arms if arms is None else arms
    asked = Task(task.game, chosen, task.points, task.pairs)
    points, pairs = task.points[1] - task.points[0], task.pairs[1] - task.pairs[0]
    shape = (len(chosen), points, len(design.payoffs), pairs)
    numbers = np.broadcast_to(np.arange(*task.pairs), shape).ravel()
    scenario = design.scenario(asked)
    run: Run
    if not design.speakers[task.game]:
        run = simulate(scenario, len(numbers), design.seed, threads, pairs=numbers, progress=False)
    elif desk is not None:
        boxes = product(chosen, range(*task.points), range(len(design.payoffs)))
        parts = [design.part(task.game, *box) for box in boxes for _ in range(pairs)]
        run = desk.converse(scenario, design.seed, numbers, parts)
    else:
        raise ConfigurationError(
            f"{task.game}: language models hold seats; they are asked only where a study is run"
        )
    table = run.table()
    names = [name for name in table.columns if name not in NOT_METRICS]
    values = table[names].to_numpy(np.float64).reshape(*shape, len(names))
    faults = (table["fault"].to_numpy() != 0).reshape(shape).astype(np.float64)
    values = recorded(design, task.game, names, values, faults)
    wanted = tuple(design.metrics(task.game))
    past = None
    if design.keeps_history:
        past = over_time(run.worlds["trajectory"]).reshape(*shape, -1)
    sources, heard = _heard(run, shape)
    return [
        Block(
            design.key(task, arm),
            wanted,
            values[k],
            None if past is None else past[k],
            sources,
            None if heard is None else heard[k],
        )
        for k, arm in enumerate(chosen)
    ]


def recorded(
    design: Design, game: str, names: Sequence[str], values: Floats, faults: Floats
) -> Floats:
    """Outcomes that a study records of a game, from the metrics of its worlds.

    Args:
        design: the study.
        game: which game.
        names: of the metrics.
        values: `[..., payoffs, pairs, metrics]` metrics of the worlds.
        faults: `[..., payoffs, pairs]` whether a world faulted.

    Returns:
        `[..., payoffs, pairs, outcomes]`, as in `Design.metrics`.
    """
    names, columns = list(names), [values]
    if design.settings.twins:
        # Gain over the twin of the same luck, less what institutions used up. A twin has none.
        surplus = values[..., names.index("surplus")]
        gain = np.full(faults.shape, np.nan)
        gain[..., 0, :] = surplus[..., 0, :] - surplus[..., 1, :]
        gain[..., 0, :] -= values[..., 0, :, names.index("institution_cost")]
        names.append("positive_sum_gain")
        columns.append(gain[..., None])
    # Outcomes that only other settings of the grid have are undefined here.
    names += ["faults", ""]
    whole = np.concatenate([*columns, faults[..., None], np.full((*faults.shape, 1), np.nan)], -1)
    wanted = design.metrics(game)
    chosen: Floats = whole[..., [names.index(name if name in names else "") for name in wanted]]
    return chosen


def _heard(run: Run, shape: tuple[int, ...]) -> tuple[tuple[Heard, ...], Floats | None]:
    """What came back from language models, and how much of it in each world."""
    if not isinstance(run, ModelRun):
        return (), None
    sources = tuple(sorted({heard for world in run.heard for heard in world}))
    counts = np.zeros((len(run.heard), len(sources), len(NUMBERS)))
    for world, told in enumerate(run.heard):
        for heard, numbers in told.items():
            counts[world, sources.index(heard)] = numbers
    return sources, counts.reshape(*shape, *counts.shape[1:])
