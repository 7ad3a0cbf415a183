"""The dilemma as PettingZoo and as a batch, against what a user would write by hand, and peers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv

from benchmarks.common import Row, speed
from posalign_sim.envs.views import batch_env, parallel_env

ROUNDS = 100
STEPS = 4000
WORLDS = 1024
COPIES = (16, 64, 256)
PAY = {(0, 0): (3.0, 3.0), (0, 1): (0.0, 5.0), (1, 0): (5.0, 0.0), (1, 1): (1.0, 1.0)}
#: What the hand-written environment shows too.
FEATURES = ("round", "own_last", "other_last")


class HandWritten(ParallelEnv):
    """The iterated dilemma as a user would write it: dictionaries, and small arrays."""

    metadata: ClassVar = {"name": "hand_written_v0"}

    def __init__(self) -> None:
        self.possible_agents = ["player_0", "player_1"]
        self.render_mode = None
        self.nothing = np.zeros(5, np.float32)
        self.box, self.moves = Box(0.0, 1.0, (5,), np.float32), Discrete(2)

    def observation_space(self, agent):
        return self.box

    def action_space(self, agent):
        return self.moves

    def reset(self, seed=None, options=None):
        self.agents = self.possible_agents[:]
        self.round = 0
        return {a: self.nothing for a in self.agents}, {a: {} for a in self.agents}

    def step(self, actions):
        self.round += 1
        over = self.round >= ROUNDS
        x, y = int(actions["player_0"]), int(actions["player_1"])
        first, second = np.zeros(5, np.float32), np.zeros(5, np.float32)
        first[2 * x + y] = second[2 * y + x] = 1
        first[4] = second[4] = self.round / ROUNDS
        earned = PAY[x, y]
        if over:
            self.agents = []
        return (
            {"player_0": first, "player_1": second},
            {"player_0": earned[0], "player_1": earned[1]},
            {"player_0": over, "player_1": over},
            {"player_0": False, "player_1": False},
            {"player_0": {}, "player_1": {}},
        )


def play(env: Any, moves: list[dict[str, Any]]) -> tuple[float, float]:
    """Seconds of a step, and all points."""
    total, steps = 0.0, 0
    start = time.perf_counter()
    while steps < STEPS:
        env.reset(seed=1)
        while env.agents:
            _, rewards, *_ = env.step(moves[steps & 127])
            total += sum(rewards.values())
            steps += 1
    return (time.perf_counter() - start) / steps, total


def parallel_rows() -> list[Row]:
    draws = np.random.default_rng(0).integers(0, 2, (128, 2)).tolist()
    moves = [{"player_0": a, "player_1": b} for a, b in draws]
    ours, hand = parallel_env("repeated_dilemma", rounds=ROUNDS), HandWritten()
    sides: dict[str, Callable[[], tuple[float, float]]] = {
        "ours": lambda: play(ours, moves),
        "hand": lambda: play(hand, moves),
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pettingzoo.classic import rps_v2

            rps = rps_v2.parallel_env(max_cycles=ROUNDS)
        sides["rps"] = lambda: play(rps, moves)
    except ImportError:
        pass
    times: dict[str, list[float]] = {name: [] for name in sides}
    points: dict[str, float] = {}
    for _ in range(15):
        for name, side in sides.items():
            seconds, points[name] = side()
            times[name].append(seconds)
    best, median = speed(times["ours"], times["hand"])
    agreement = "equal points" if points["ours"] == points["hand"] else "DIFFER"
    found = [
        Row(
            "views: parallel_env, share of a hand-written ParallelEnv's speed",
            f"{best:.2f} best, {median:.2f} median ({1e-3 / min(times['ours']):.0f} k steps/s)",
            ">= 0.50",
            best >= 0.5,
            agreement,
        )
    ]
    if "rps" in sides:
        best, median = speed(times["ours"], times["rps"])
        found.append(
            Row(
                "views: parallel_env against PettingZoo's rps_v2",
                f"{best:.0f}x best, {median:.0f}x median",
                ">= 10x",
                best >= 10,
                "another game of as many agents and moves",
            )
        )
    return found


def batch_rows() -> list[Row]:
    rng = np.random.default_rng(0)
    kinds = {"as the hand-written one": FEATURES, "all features": None}
    envs = {
        name: batch_env("repeated_dilemma", WORLDS, features=chosen, rounds=ROUNDS)
        for name, chosen in kinds.items()
    }
    moves = rng.integers(0, 2, (64, 2 * WORLDS))

    def ours(env: Any) -> float:
        start = time.perf_counter()
        for k in range(300):
            env.advance(moves[k & 63])
        return (time.perf_counter() - start) / (300 * WORLDS)

    vectors = _supersuit()
    times: dict[str, list[float]] = {name: [] for name in (*envs, *map(str, vectors))}
    for _ in range(9):
        for name, env in envs.items():
            times[name].append(ours(env))
        for copies, (vector, theirs) in vectors.items():
            vector.reset()
            start = time.perf_counter()
            for k in range(max(4, 2000 // copies)):
                vector.step(theirs[k & 63])
            taken = time.perf_counter() - start
            times[str(copies)].append(taken / (max(4, 2000 // copies) * copies))
    found = []
    for name in envs:
        rate = f"{1e-6 / min(times[name]):.1f} M env steps/s"
        if not vectors:
            found.append(Row(f"views: batch_env, {name}", f"{rate}; SuperSuit is not installed"))
            continue
        fastest = min(vectors, key=lambda copies: min(times[str(copies)]))
        best, median = speed(times[name], times[str(fastest)])
        found.append(
            Row(
                f"views: batch_env of {WORLDS:,} worlds ({name}) against SuperSuit",
                f"{best:.0f}x best, {median:.0f}x median ({rate})",
                ">= 300x" if name != "all features" else "",
                best >= 300 if name != "all features" else None,
                _agreement() if name != "all features" else "",
            )
        )
    return found


def _supersuit() -> dict[int, tuple[Any, Any]]:
    """SuperSuit's vectors of the hand-written environment, by their number of copies."""
    try:
        import supersuit
    except ImportError:
        return {}
    made = {}
    for copies in COPIES:
        one = supersuit.pettingzoo_env_to_vec_env_v1(HandWritten())
        vector = supersuit.concat_vec_envs_v1(one, copies, num_cpus=0, base_class="gymnasium")
        made[copies] = (vector, np.random.default_rng(0).integers(0, 2, (64, vector.num_envs)))
    return made


def _agreement() -> str:
    """The same moves give the same rewards and observations, episode after episode."""
    env, hand = batch_env("repeated_dilemma", 1, features=FEATURES, rounds=ROUNDS), HandWritten()
    hand.reset()
    same = True
    for a, b in np.random.default_rng(1).integers(0, 2, (250, 2)).tolist():
        seen, rewards, over, *_ = hand.step({"player_0": a, "player_1": b})
        env.advance([a, b])
        session = env.session
        if over["player_0"]:
            got, shown = session.final_rewards[0], session.final_observations[0]
            hand.reset()
        else:
            got, shown = session.rewards[:2], session.observations[:2]
        for k, name in enumerate(("player_0", "player_1")):
            last = 2 * (1 - shown[k, 1]) + (1 - shown[k, 2])
            same &= rewards[name] == got[k] and seen[name][int(last)] == 1
    return "equal rewards and observations" if same else "DIFFER"


def rows() -> list[Row]:
    return [*parallel_rows(), *batch_rows()]
