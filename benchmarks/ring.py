"""A million agents on a ring, each playing both of its neighbours; and larger neighbourhoods."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row, alternate, speed
from benchmarks.crowd import PAY, TABLE
from benchmarks.pairs import AFTER, mix
from posalign_sim import Neighbours, Network, Scenario
from posalign_sim.agents import MemoryOne
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world.engine import engine
from posalign_sim.world.simulate import check_conservation, owned

AGENTS, ROUNDS = 1_000_000, 5


def scenario(network: Network, rounds: int) -> Scenario:
    agents = len(network.degree)
    agent = MemoryOne(**dict(zip((*AFTER, "first"), TABLE, strict=True)))
    return Scenario(
        RepeatedDilemma(),
        [agent] * agents,
        matching=Neighbours(),
        network=network,
        rounds=rounds,
        metrics=(),
    )


@njit(error_model="numpy")
def loop(key, decision, births, table, rounds, points):
    """The same world by hand: the ring is arithmetic, and only points and memory are kept."""
    n = len(births)
    own = np.zeros(n, np.int8)
    other = np.zeros(n, np.int8)
    move = np.empty(n, np.int8)
    for t in range(rounds):
        luck = mix(key, np.uint64(t))
        for i in range(n):
            p = table[4] if t == 0 else table[2 * own[i] + other[i]]
            draw = np.float64(mix(luck, decision ^ births[i]) >> np.uint64(11)) * 2.0**-53
            move[i] = 0 if draw < p else 1
        for i in range(n):
            left = move[i - 1 if i > 0 else n - 1]
            right = move[i + 1 if i < n - 1 else 0]
            own[i] = move[i]
            # Half of the neighbours cooperating counts as cooperation.
            other[i] = left & right
            points[i] += PAY[move[i], left] + PAY[move[i], right]


def rows() -> list[Row]:
    what = scenario(Network.ring(AGENTS), ROUNDS)
    runner = engine(what.structure)
    kept: dict[str, Any] = {"worlds": what.worlds(1, 1)}
    fresh = what.worlds(1, 1)

    def ours() -> Any:
        kept["worlds"][...] = fresh
        return lambda: runner.run(kept["worlds"], 0, 1, ROUNDS)

    decision = np.uint64(what.structure.points[0].key)
    key, births = fresh["key"][0], fresh["birth"][0, :AGENTS].copy()
    table = np.array(TABLE)

    def hand() -> Any:
        kept["points"] = np.zeros(AGENTS)
        return lambda: loop(key, decision, births, table, ROUNDS, kept["points"])

    ours()()
    hand()()
    check_conservation(kept["worlds"])
    exact = bool((owned(kept["worlds"])[0, :AGENTS] == kept["points"]).all())
    times = alternate({"ours": ours, "hand": hand}, 7)
    best, median = speed(times["ours"], times["hand"])
    rate = AGENTS * ROUNDS / min(times["ours"])
    size = kept["worlds"].nbytes / 1e6
    return [
        Row(
            "ring: 1,000,000 agents, share of the speed of a hand-written loop",
            f"{best:.2f} best, {median:.2f} median ({rate / 1e6:.0f} M agent-rounds/s)",
            ">= 0.30",
            best >= 0.3,
            ("equal to the last bit" if exact else "DIFFER") + f"; record {size:.0f} MB",
        ),
        growth(),
    ]


def growth() -> Row:
    """Nanoseconds of an agent's decision from a pair to a crowd, with two neighbours each."""
    sides, counts = {}, {}
    for agents in (2, 8, 100, 1000, 10_000):
        worlds = max(1, 10_000 // agents)
        rounds = max(1, 1_000_000 // (agents * worlds))
        pair = Network.from_edges(2, [(0, 1)])
        what = scenario(Network.ring(agents) if agents > 2 else pair, rounds)
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
        "ring: ns of a decision at " + ", ".join(f"{int(size):,}" for size in cost),
        ", ".join(f"{ns:.0f}" for ns in cost.values()),
        "within 2x",
        spread <= 2,
        f"most / least = {spread:.1f}",
    )
