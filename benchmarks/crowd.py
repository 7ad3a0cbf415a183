"""One large world, rematched in every round; and the cost of a decision by population size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row, alternate, speed
from benchmarks.pairs import AFTER, mix
from posalign_sim import Rematched, Scenario
from posalign_sim.agents import MemoryOne
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world.engine import engine
from posalign_sim.world.simulate import check_conservation, owned

AGENTS, ROUNDS = 100_000, 20
SIZES = (2, 16, 128, 1024, 16_384, 100_000)
#: Probabilities after CC, CD, DC, DD, and towards a stranger.
TABLE = (0.9, 0.2, 0.6, 0.1, 0.7)
PAY = np.array([[3.0, 0.0], [5.0, 1.0]])


def scenario(agents: int, rounds: int) -> Scenario:
    agent = MemoryOne(**dict(zip((*AFTER, "first"), TABLE, strict=True)))
    return Scenario(
        RepeatedDilemma(), [agent] * agents, matching=Rematched(), rounds=rounds, metrics=()
    )


@njit(error_model="numpy")
def loop(key, matching, decision, births, table, rounds, points):
    """The same world by hand: seating, memory of the last partner, payoffs, and no more."""
    n = len(births)
    seating = np.arange(n).astype(np.int32)
    partner = np.empty(n, np.int32)
    met = np.full(n, -1, np.int32)
    own = np.zeros(n, np.int8)
    other = np.zeros(n, np.int8)
    move = np.empty(n, np.int8)
    for t in range(rounds):
        luck = mix(key, np.uint64(t))
        for k in range(n - 1, 0, -1):
            h = mix(luck, matching + np.uint64(k))
            j = np.int64(((h >> np.uint64(32)) * np.uint64(k + 1)) >> np.uint64(32))
            seating[k], seating[j] = seating[j], seating[k]
        for k in range(0, n - 1, 2):
            partner[seating[k]] = seating[k + 1]
            partner[seating[k + 1]] = seating[k]
        for i in range(n):
            p = table[2 * own[i] + other[i]] if met[i] == partner[i] else table[4]
            draw = np.float64(mix(luck, decision ^ births[i]) >> np.uint64(11)) * 2.0**-53
            move[i] = 0 if draw < p else 1
        for i in range(n):
            j = partner[i]
            met[i] = j
            own[i] = move[i]
            other[i] = move[j]
            points[i] += PAY[move[i], move[j]]


def rows() -> list[Row]:
    what = scenario(AGENTS, ROUNDS)
    runner = engine(what.structure)
    kept: dict[str, Any] = {}

    def ours() -> Any:
        kept["worlds"] = what.worlds(1, 1)
        return lambda: runner.run(kept["worlds"], 0, 1, ROUNDS)

    begun = what.worlds(1, 1)
    decision = np.uint64(what.structure.points[0].key)
    matching = np.uint64(begun["rematched"]["key"][0])
    key, births = begun["key"][0], begun["birth"][0, :AGENTS].copy()
    table = np.array(TABLE)

    def hand() -> Any:
        kept["points"] = np.zeros(AGENTS)
        return lambda: loop(key, matching, decision, births, table, ROUNDS, kept["points"])

    ours()()
    hand()()
    check_conservation(kept["worlds"])
    exact = bool((owned(kept["worlds"])[0, :AGENTS] == kept["points"]).all())
    times = alternate({"ours": ours, "hand": hand}, 9)
    best, median = speed(times["ours"], times["hand"])
    rate = AGENTS * ROUNDS / min(times["ours"])
    found = [
        Row(
            "crowd: 100,000 agents, share of the speed of a hand-written loop",
            f"{best:.2f} best, {median:.2f} median ({rate / 1e6:.0f} M agent-rounds/s)",
            ">= 0.30",
            best >= 0.3,
            "equal to the last bit" if exact else "DIFFER",
        )
    ]
    return [*found, flat()]


def flat() -> Row:
    """Nanoseconds of one agent's round in worlds of all sizes, as many decisions in each."""
    total = 2_000_000
    sides, counts = {}, {}
    for agents in SIZES:
        worlds = max(1, 8192 // agents)
        rounds = max(1, total // (agents * worlds))
        what = scenario(agents, rounds)
        runner = engine(what.structure)
        runner.run(what.worlds(2, 1), 0, 2, 1)
        counts[str(agents)] = agents * worlds * rounds

        def prepare(what: Any = what, runner: Any = runner, worlds: int = worlds) -> Any:
            ws = what.worlds(worlds, 1)
            return lambda: runner.run(ws, 0, worlds, 2**62)

        sides[str(agents)] = prepare
    times = alternate(sides, 5)
    cost = {size: min(taken) / counts[size] * 1e9 for size, taken in times.items()}
    spread = max(cost.values()) / min(cost.values())
    return Row(
        "crowd: ns of a decision at " + ", ".join(f"{int(size):,}" for size in cost),
        ", ".join(f"{ns:.0f}" for ns in cost.values()),
        "flat",
        spread <= 3,
        f"most / least = {spread:.1f} (flat: up to 3)",
    )
