"""Pairs of memory-one agents with noise, 4,096 worlds, one core.

Ours against a hand-written numba loop with the same draws that keeps nothing but the sums of
payoffs and cooperation, a plain Python loop, a vectorised NumPy step, and Axelrod's `Match`.
"""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row, alternate, speed
from posalign_sim import Scenario, Tremble
from posalign_sim.agents import MemoryOne
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.metrics import Cooperation
from posalign_sim.world.draws import _mix
from posalign_sim.world.engine import engine
from posalign_sim.world.simulate import check_conservation, owned

WORLDS, ROUNDS, NOISE = 4096, 1000, 0.05
AFTER = ("after_cc", "after_cd", "after_dc", "after_dd")
UNIT = 2.0**-53
PAY = np.array([[3.0, 0.0], [5.0, 1.0]])

mix = njit(_mix, inline="always")


def tables(worlds: int = WORLDS) -> np.ndarray[Any, Any]:
    """`[worlds, 2, 4]` probabilities to cooperate after CC, CD, DC, DD."""
    return np.random.default_rng(1).random((worlds, 2, 4))


def scenario(tables: np.ndarray[Any, Any], rounds: int = ROUNDS) -> Scenario:
    pair = [MemoryOne(**{k: tables[:, j, n] for n, k in enumerate(AFTER)}) for j in range(2)]
    noise = Tremble(probability=NOISE)
    return Scenario(RepeatedDilemma(), pair, noise=noise, rounds=rounds, metrics=(Cooperation(),))


@njit(error_model="numpy")
def loop(tables, keys, decision, noise, births, rounds, slip, points, acts):
    """The fused loop: the same draws, and nothing kept but sums."""
    for b in range(tables.shape[0]):
        table = tables[b]
        mine = 0
        other = 0
        first = 0.0
        second = 0.0
        cooperated = 0
        for t in range(rounds):
            key = mix(keys[b], np.uint64(t))
            one = np.float64(mix(key, decision ^ births[0]) >> np.uint64(11)) * UNIT
            two = np.float64(mix(key, decision ^ births[1]) >> np.uint64(11)) * UNIT
            p = table[0, 2 * mine + other] if t > 0 else 1.0
            q = table[1, 2 * other + mine] if t > 0 else 1.0
            mine = 0 if one < p else 1
            other = 0 if two < q else 1
            if np.float64(mix(key, noise ^ births[0]) >> np.uint64(11)) * UNIT < slip:
                mine = 1 - mine
            if np.float64(mix(key, noise ^ births[1]) >> np.uint64(11)) * UNIT < slip:
                other = 1 - other
            first += PAY[mine, other]
            second += PAY[other, mine]
            cooperated += 2 - mine - other
        points[b, 0] = first
        points[b, 1] = second
        acts[b] = cooperated


def plain(tables: list[Any], rounds: int) -> float:
    """The same game as a plain Python loop, with Python's own generator."""
    draw = random.Random(0).random
    pay = PAY.tolist()
    cooperated = 0
    first = second = 0.0
    for p, q in tables:
        mine = other = 0
        for t in range(rounds):
            a = 0 if t == 0 or draw() < p[2 * mine + other] else 1
            b = 0 if t == 0 or draw() < q[2 * other + mine] else 1
            mine = 1 - a if draw() < NOISE else a
            other = 1 - b if draw() < NOISE else b
            first += pay[mine][other]
            second += pay[other][mine]
            cooperated += 2 - mine - other
    return cooperated / (2 * rounds * len(tables))


def vectorised(tables: np.ndarray[Any, Any], rounds: int) -> float:
    """The same game as one NumPy step a round over all worlds."""
    rng = np.random.default_rng(0)
    count = len(tables)
    p, q = (np.ascontiguousarray(tables[:, j], np.float32).ravel() for j in range(2))
    pay = PAY.ravel()
    base = np.arange(count) * 4
    first, second, cooperated = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    mine = other = np.zeros(count, np.int64)
    for t in range(rounds):
        draws = rng.random((4, count), dtype=np.float32)
        a = (draws[0] >= p.take(base + 2 * mine + other)) & (t > 0)
        b = (draws[1] >= q.take(base + 2 * other + mine)) & (t > 0)
        mine = (a ^ (draws[2] < NOISE)).astype(np.int64)
        other = (b ^ (draws[3] < NOISE)).astype(np.int64)
        first += pay.take(2 * mine + other)
        second += pay.take(2 * other + mine)
        cooperated += 2 - mine - other
    return float(cooperated.sum()) / (2 * rounds * count)


def matches(axelrod: Any, tables: np.ndarray[Any, Any], rounds: int) -> float:
    """The same pairs as matches of the Axelrod library."""
    cooperated = 0
    for b, pair in enumerate(tables.tolist()):
        players = [axelrod.MemoryOnePlayer(four_vector=tuple(four)) for four in pair]
        match = axelrod.Match(players, turns=rounds, noise=NOISE, seed=b + 1)
        match.play()
        match.final_score()
        cooperated += sum(match.cooperation())
    return cooperated / (2 * rounds * len(tables))


def rows() -> list[Row]:
    probabilities = tables()
    what = scenario(probabilities)
    runner = engine(what.structure)
    kept: dict[str, Any] = {}

    def ours() -> Any:
        ws = what.worlds(WORLDS, 1)

        def run() -> None:
            runner.run(ws, 0, WORLDS, ROUNDS)
            kept["points"] = owned(ws)
            kept["cooperation"] = Cooperation.report(ws["cooperation"], ws)["cooperation"]

        kept["worlds"] = ws
        return run

    begun = what.worlds(WORLDS, 1)
    decision = np.uint64(what.structure.points[0].key)
    tremble = np.uint64(begun["tremble"]["key"][0]) ^ decision
    keys, births = begun["key"].copy(), begun["birth"][0].copy()
    points, acts = np.zeros((WORLDS, 2)), np.zeros(WORLDS)
    hand = (probabilities, keys, decision, tremble, births, ROUNDS, NOISE, points, acts)
    loop(*hand)
    ours()()  # compiles
    exact = bool((points == kept["points"]).all())
    exact &= bool((acts / (2 * ROUNDS) == kept["cooperation"]).all())
    check_conservation(kept["worlds"])
    times = alternate({"ours": ours, "hand": lambda: lambda: loop(*hand)}, 15)
    best, median = speed(times["ours"], times["hand"])
    joint = WORLDS * ROUNDS
    rate = joint / min(times["ours"])
    mean = float(kept["cooperation"].mean())
    found = [
        Row(
            "pairs: share of the speed of a hand-written numba loop",
            f"{best:.2f} best, {median:.2f} median ({rate / 1e6:.0f} M joint moves/s)",
            ">= 0.60",
            best >= 0.6,
            "equal to the last bit" if exact else "DIFFER",
        )
    ]
    other = what.worlds(WORLDS, 2)
    runner.run(other, 0, WORLDS, ROUNDS)
    twice = Cooperation.report(other["cooperation"], other)["cooperation"]
    luck = float(np.std(twice - kept["cooperation"])) / np.sqrt(2)
    peers = {
        "plain Python loop": (32, lambda n: plain(probabilities[:n].tolist(), ROUNDS)),
        "NumPy, one step a round": (WORLDS, lambda n: vectorised(probabilities[:n], ROUNDS)),
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import axelrod

        peers["Axelrod Match"] = (32, lambda n: matches(axelrod, probabilities[:n], ROUNDS))
    except ImportError:
        pass
    for name, (count, play) in peers.items():
        result: dict[str, float] = {}

        def run(count: int = count, play: Any = play, result: dict[str, float] = result) -> None:
            result["mean"] = play(count)

        times = alternate({"ours": ours, name: lambda run=run: run}, 3)
        ratio = (joint / min(times["ours"])) / (count * ROUNDS / min(times[name]))
        mine = float(kept["cooperation"][:count].mean())
        goal = 500.0 if name.startswith("Axelrod") else None
        # What the luck of a world moves its cooperation by, from our worlds under two seeds.
        margin = 4 * np.sqrt(2 / count) * luck
        agrees = "agree" if abs(mine - result["mean"]) < margin else "DISAGREE"
        found.append(
            Row(
                f"pairs: times as fast as {name}",
                f"{ratio:,.3g}",
                f">= {goal:.0f}" if goal else "",
                ratio >= goal if goal else None,
                f"cooperation {mine:.4f}, theirs {result['mean']:.4f}: {agrees}",
            )
        )
    if "Axelrod Match" not in peers:
        found.append(Row("pairs: Axelrod Match", "skipped: axelrod is not installed", ">= 500"))
    found[0].agreement += f"; cooperation {mean:.4f}"
    return found
