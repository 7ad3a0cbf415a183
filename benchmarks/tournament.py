"""A noisy tournament against Axelrod's: 20 strategies, 200 turns, noise 0.05, twins included.

Both play the same pairs, ours on one thread. Theirs is timed as its users run it (`Tournament`,
from players to results) and as bare matches (`Match`, from the first move to the final score);
ours from players to standings, both times. Speeds are per match: ours plays more of them, so that
there is something to time. Scores and cooperation must agree pair by pair within errors, and who is
ranked otherwise must be as good as equal; whoever is not is named.

Then: whether the time grows with the number of matches alone, and 200 strategies.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.common import Row, alternate, speed
from posalign_sim.agents import MemoryOne
from posalign_sim.experiments.tournament import Tournament

TURNS, NOISE = 200, 0.05
#: Matches of each pair in a turn of the clock: ours, theirs; and theirs to compare with, and ours.
OURS, THEIRS, COMPARED, AGAINST = 100, 1, 20, 2000
#: Standard errors that one of 800 numbers may lie off.
FAR = 4.5

#: Names of ours, and of Axelrod's classes.
FIELD = {
    "cooperator": "Cooperator",
    "defector": "Defector",
    "tit_for_tat": "TitForTat",
    "grim": "Grudger",
    "random": "Random",
    "memory_one.alternator": "Alternator",
    "win_stay_lose_shift": "WinStayLoseShift",
    "suspicious_tit_for_tat": "SuspiciousTitForTat",
    "tit_for_two_tats": "TitFor2Tats",
    "two_tits_for_tat": "TwoTitsForTat",
    "generous_tit_for_tat": "GTFT",
    "memory_one.zd_extort_2": "ZDExtort2",
    "memory_one.zd_gtft_2": "ZDGTFT2",
    "memory_one.joss": "FirstByJoss",
    "memory_one.bully": "Bully",
    "hard_tit_for_tat": "HardTitForTat",
    "go_by_majority": "GoByMajority",
    "tullock": "FirstByTullock",
    "davis": "FirstByDavis",
    "prober": "Prober",
}


def cup(repetitions: int, players: Any = tuple(FIELD)) -> Tournament:
    return Tournament(players, turns=TURNS, noise=NOISE, repetitions=repetitions)


def rows() -> list[Row]:
    cup(1).play(threads=1, progress=False)  # compiles
    found = growth()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import axelrod
    except ImportError:
        found.insert(0, Row("tournament: against Axelrod", "Axelrod is not installed"))
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = [*against(axelrod), *found]
    return [*found, large()]


def against(axelrod: Any) -> list[Row]:
    classes = [getattr(axelrod, name) for name in FIELD.values()]
    pairs = [(a, b) for k, a in enumerate(classes) for b in classes[k:]]

    def ours() -> Any:
        return lambda: cup(OURS).play(threads=1, progress=False).table()

    def at_once() -> Any:
        return lambda: cup(THEIRS).play(threads=1, progress=False).table()

    def tournament(repetitions: int = THEIRS, seed: int = 1) -> Any:
        made = axelrod.Tournament(
            [spec() for spec in classes],
            turns=TURNS,
            noise=NOISE,
            repetitions=repetitions,
            seed=seed,
        )
        return made.play(progress_bar=False)

    def matches() -> None:
        for k, (a, b) in enumerate(pairs):
            match = axelrod.Match((a(), b()), turns=TURNS, noise=NOISE, seed=k + 1)
            match.play()
            match.final_score()

    sides: dict[str, Callable[[], object]] = {
        "ours": ours,
        "once": at_once,
        "tournament": lambda: tournament,
        "match": lambda: matches,
    }
    times = alternate(sides, 5)
    each = [seconds / OURS for seconds in times["ours"]]
    total, bare = (speed(each, [s / THEIRS for s in times[n]]) for n in ("tournament", "match"))
    once = speed(times["once"], times["tournament"])
    agreement = compared(tournament(COMPARED, 2), cup(AGAINST).play(progress=False))
    rate = len(pairs) * TURNS / min(each) / 1e6
    what = "tournament, 20 strategies, 200 turns, noise 0.05, one thread:"
    return [
        Row(
            f"{what} times the speed of Axelrod's Tournament, players to standings",
            f"{total[0]:.0f} best, {total[1]:.0f} median ({rate:.1f} M turns/s)",
            ">= 500",
            total[0] >= 500,
            agreement,
        ),
        Row(
            f"{what} times the speed of its Match",
            f"{bare[0]:.0f} best, {bare[1]:.0f} median",
            ">= 300",
            bare[0] >= 300,
        ),
        Row(
            f"{what} one match of each pair, all that comes with it",
            f"{once[0]:.0f}x best, {once[1]:.0f}x median ({min(times['once']) * 1e3:.0f} ms)",
        ),
    ]


def compared(theirs: Any, ours: Any) -> str:
    """Scores, cooperation and ranks, and who disagrees."""
    payoffs = np.array(theirs.payoffs)  # [players, opponents, repetitions]
    scores, count = payoffs.mean(axis=2), payoffs.shape[2]
    # How much matches spread is known better from ours, of which there are more: a few matches may
    # miss what seldom happens. What they tell of twins is of one of them, ours of both.
    spread = ours.errors * np.sqrt(AGAINST * (1 + np.eye(len(scores))))
    errors = spread * np.sqrt(1 / count + 1 / AGAINST)
    beyond = np.abs(scores - ours.scores) / np.maximum(errors, 1e-6)
    # Axelrod counts a player's acts against its twin twice over; shares are the same.
    cooperation = np.array(theirs.normalised_cooperation)
    # A share of 200 acts, all of which may hang together, spreads by a half at most.
    spread = np.minimum(0.5, np.sqrt(ours.cooperation * (1 - ours.cooperation)))
    apart = np.abs(cooperation - ours.cooperation) * np.sqrt(count)
    apart = apart / np.maximum(spread, 1e-3)
    off = [
        f"{ours.names[i]} v {ours.names[j]}"
        for i, j in np.argwhere((beyond > FAR) | (apart > FAR)).tolist()
    ]
    means, error = scores.mean(axis=1), np.sqrt((errors**2).sum(axis=1)) / len(scores)
    ahead = means[:, None] - means > FAR * np.hypot(error[:, None], error)
    wrong = int((ahead & (ours.scores.mean(axis=1)[:, None] < ours.scores.mean(axis=1))).sum())
    told = f"scores within {beyond.max():.1f} errors, cooperation within {apart.max():.1f}"
    if off:
        return f"{told}: DIFFER in {', '.join(off)}"
    return f"{told}, ranks " + ("agree" if not wrong else f"DIFFER in {wrong} pairs")


def growth() -> list[Row]:
    counts = (100, 200, 400)

    def side(count: int) -> Callable[[], object]:
        return lambda: lambda: cup(count).play(threads=1, progress=False)

    times = alternate({str(count): side(count) for count in counts}, 3)
    each = [min(times[str(count)]) / count for count in counts]
    return [
        Row(
            "tournament: time of a match with four times as many repetitions",
            f"{each[2] / each[0]:.2f} times as long ({each[2] / 210 * 1e6:.1f} us)",
            "0.8 to 1.2",
            0.8 <= each[2] / each[0] <= 1.2,
        )
    ]


def large() -> Row:
    luck = np.random.default_rng(1)
    players: dict[str, Any] = {name: name for name in FIELD}
    while len(players) < 200:
        four = dict(
            zip(("after_cc", "after_cd", "after_dc", "after_dd"), luck.random(4), strict=True)
        )
        players[f"memory_{len(players)}"] = MemoryOne(**four)
    start = time.perf_counter()
    cup(100, players).play(progress=False)
    seconds = time.perf_counter() - start
    return Row(
        "tournament: 200 strategies, each with each and its twin, 100 repetitions of 200 turns",
        f"{seconds:.0f} s on {os.cpu_count()} threads",
        "<= 120 s on two cores",
        seconds <= 120,
    )
