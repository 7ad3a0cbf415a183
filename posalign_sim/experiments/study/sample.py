"""A few worlds of a task, run to see how long it takes, and thrown away."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.models import Rehearsal
from posalign_sim.experiments.study.parts import Block
from posalign_sim.experiments.study.work import run_task
from posalign_sim.world.engine import Engine

#: A sample is long enough after so many seconds.
ENOUGH = 0.3


def time_to_compile(round_of: Engine) -> float:
    """Seconds that a compilation takes; its machine code stays in the cache for the study."""
    begun = time.perf_counter()
    round_of.run(np.zeros(0, round_of.structure.dtype), 0, 0, 0)
    return time.perf_counter() - begun


def time_of_a_task(
    design: Design, task: Task, threads: int | None
) -> tuple[int, tuple[float, float], list[Block]]:
    """Worlds that were run; seconds of a task with no world in it, and of a world; outcomes.

    A stand-in answers for language models: their own time is not in it.
    """
    desk = Rehearsal(design.models(task.points[0]))
    run_task(design, part_of(task, 1), threads=threads, desk=desk)  # what happens only once
    found: list[tuple[int, float]] = []
    blocks: list[Block] = []
    for pairs, points in _sizes(task):
        box = part_of(task, pairs, points)
        begun = time.perf_counter()
        blocks = run_task(design, box, threads=threads, desk=desk)
        worlds = pairs * points * len(task.arms) * len(design.payoffs)
        found.append((worlds, time.perf_counter() - begun))
        if found[-1][1] >= ENOUGH:
            break
    (few, short), (many, long) = found[0], found[-1]
    if many == few or long <= short:
        return many, (0.0, long / many), blocks
    slope = (long - short) / (many - few)
    fixed = max(0.0, short - slope * few)
    return many, (fixed, (long - fixed) / many), blocks


def _sizes(task: Task) -> Iterator[tuple[int, int]]:
    """Ever larger boxes in a task: pairs and points."""
    most, points = task.pairs[1] - task.pairs[0], task.points[1] - task.points[0]
    pairs = min(2, most)
    while pairs < most:
        yield pairs, 1
        pairs = min(most, pairs * 4)
    here = 1
    while here < points:
        yield pairs, here
        here = min(points, here * 4)
    yield pairs, points


def part_of(task: Task, pairs: int, points: int = 1) -> Task:
    """The first pairs and points of a task."""
    first, low = task.points[0], task.pairs[0]
    return Task(task.game, task.arms, (first, first + points), (low, low + pairs))


def bytes_of_a_value(blocks: list[Block]) -> float:
    """Bytes that a value of the sample takes in a compressed table, with the names beside it."""
    values = np.concatenate([block.values.ravel() for block in blocks])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"value": values}), sink, compression="zstd")
    return float(sink.tell()) / len(values) + 0.5
