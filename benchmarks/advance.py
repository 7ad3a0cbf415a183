"""One step of one world from Python: what a learner or a language model pays."""

from __future__ import annotations

import statistics
import timeit
from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row
from posalign_sim import Scenario, start
from posalign_sim.agents import TitForTat
from posalign_sim.envs import RepeatedDilemma

CALLS = 20_000


@njit
def nothing(
    ws: Any,
    fresh: Any,
    state: Any,
    index: Any,
    bounds: Any,
    earnings: Any,
    ended: Any,
    final_observations: Any,
    choices: Any,
    arguments: Any,
    masks: Any,
    observations: Any,
) -> int:
    return 1


def rows() -> list[Row]:
    duel = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=10**9, metrics=())
    session = start(duel, 1, seed=1, external=[0])
    defect = np.ones(1, np.int64)
    # The very arguments that a session hands to the compiled round.
    passed = []
    compiled = session._advance
    session._advance = lambda *all_of_them: passed.append(all_of_them) or compiled(*all_of_them)
    session.advance(defect)
    session._advance = compiled
    arguments = passed[0]
    nothing(*arguments)
    for _ in range(3):
        session.advance(defect)
    before = session.worlds["clock"][0]
    ours, empty = [], []
    for _ in range(15):
        ours.append(timeit.timeit(lambda: session.advance(defect), number=CALLS) / CALLS)
        empty.append(timeit.timeit(lambda: nothing(*arguments), number=CALLS) / CALLS)
    rounds = session.worlds["clock"][0] - before
    good = rounds == 15 * CALLS and session.rewards[0] == 1.0
    ratio = min(ours) / min(empty)
    pairs = statistics.median(a / b for a, b in zip(ours, empty, strict=True))
    return [
        Row(
            "advance: one world, against an empty numba function",
            f"{ratio:.1f}x best, {pairs:.1f}x median "
            f"({min(ours) * 1e6:.2f} us, {min(empty) * 1e6:.2f} us)",
            "<= 10x",
            ratio <= 10,
            "a round and its payoff in each call" if good else "WRONG",
        )
    ]
