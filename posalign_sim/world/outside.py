"""Seats that are decided from outside: hand a world over, take an action, go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from posalign_sim.world.accounts import MINOR, account_of
from posalign_sim.world.compiler import variant
from posalign_sim.world.draws import mix, wrapping_add
from posalign_sim.world.record import World, everybody

#: What is in `state`: rows that wait, the external kind, the root of luck, worlds that have just
#: faulted.
PENDING, EXTERNAL, ROOT, FAULTS = range(4)
#: What is noted of a world that has just ended: as it should, or on a fault.
ENDED, FAULTED = 1, 2


def earned(w: World, i: int) -> float:
    """What an agent's accounts have gained since it was last handed over, as it feels it."""
    total = account_of(w, i)
    points = (total - w.reward_mark[i]) / MINOR
    w.reward_mark[i] = total
    return rewarded(w, i, points)


def rewarded(w: World, i: int, points: float) -> float:
    """What an agent is rewarded with for points that it has gained: with these."""
    return points


@variant(rewarded, "disposed")
def _rewarded(w: World, i: int, points: float) -> float:
    # Rounds are felt when they are over: what a round brings so far is a part of the next reward.
    if w.sight.disposition[i] == 0:
        return points
    worth = w.felt_total[i] - w.felt_mark[i]
    w.felt_mark[i] = w.felt_total[i]
    return worth


def note_points(w: World, i: int, earnings: Any, row: int, place: int) -> None:
    """Write down the points behind the reward that follows, where the two can differ."""


@variant(note_points, "disposed")
def _note_points(w: World, i: int, earnings: Any, row: int, place: int) -> None:
    earnings[row, place] = (account_of(w, i) - w.reward_mark[i]) / MINOR


def begin_again(ws: Any, fresh: Any, b: int, root: int, stride: int) -> None:
    """Put a world back to its beginning, with the luck of its next episode."""
    w = ws[b]
    pair = wrapping_add(w.pair, stride)
    ws[b] = fresh[b]
    w = ws[b]
    w.pair = pair
    w.key = mix(root, pair)


def make_advance(
    run: Callable[..., None],
    legal: Callable[..., bool],
    fill_mask: Callable[..., None],
    observe: Callable[..., None],
) -> Callable[..., int]:
    """The function that takes actions for all waiting rows and brings every world to its next.

    Args:
        run: the written round's `run`.
        legal: its `legal`.
        fill_mask: its `fill_mask`.
        observe: its `observe`.
    """

    # Each array makes a call from Python dearer: what has one shape goes in one array. What a
    # session hands over time and again comes first, what may differ from call to call last.
    def advance(
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
        worlds, seats, decisions = index[0], index[1], index[2]
        rewards, final_rewards = earnings[0], earnings[1]
        pending, external, root = state[PENDING], state[EXTERNAL], state[ROOT]
        lows, highs = bounds[0], bounds[1]
        # Nothing is touched before everything has been checked.
        for row in range(pending):
            w = ws[worlds[row]]
            if not legal(w, seats[row], choices[row], arguments, row):
                return -1 - row
        for row in range(pending):
            w = ws[worlds[row]]
            i = seats[row]
            w.chosen[i] = choices[row]
            for k in range(w.arguments.shape[1]):
                w.arguments[i, k] = arguments[row, k]
            w.waiting = 0
        again = len(fresh) > 0
        each = final_observations.shape[1]
        state[FAULTS] = 0
        rows = 0
        for b in range(len(ws)):
            if again:
                ended[b] = 0
            w = ws[b]
            run(w, w.rounds)
            if w.waiting == 0 and ended[b] == 0:
                ended[b] = ENDED if w.fault == 0 else FAULTED
                state[FAULTS] += 1 if w.fault != 0 else 0
                place = 0
                for i in everybody(w):
                    if w.kind[i] == external:
                        observe(w, i, final_observations[b], place)
                        note_points(w, i, earnings, 3, b * each + place)
                        final_rewards[b * each + place] = earned(w, i)
                        place += 1
                if again and w.fault == 0:
                    begin_again(ws, fresh, b, root, len(ws))
                    w = ws[b]
                    run(w, w.rounds)
            if w.waiting > 0:
                for i in range(w.asked_from, w.asked_to):
                    if w.asked[i] and w.kind[i] == external:
                        worlds[rows] = b
                        seats[rows] = i
                        decisions[rows] = w.decision
                        fill_mask(w, i, masks, lows, highs, rows)
                        observe(w, i, observations, rows)
                        note_points(w, i, earnings, 2, rows)
                        rewards[rows] = earned(w, i)
                        rows += 1
        state[PENDING] = rows
        return rows

    return advance


def make_legal(legal: Callable[..., bool]) -> Callable[..., bool]:
    """A way into the round's `legal` from Python, beside the one that is built into `advance`."""

    def ask(w: Any, i: int, choice: int, arguments: Any) -> bool:
        return legal(w, i, choice, arguments, 0)

    return ask


def make_look(observe: Callable[..., None]) -> Callable[..., None]:
    """The function that writes what every external seat of one world sees, asked or not."""

    def look(w: Any, external: int, out: Any) -> None:
        place = 0
        for i in everybody(w):
            if w.kind[i] == external:
                observe(w, i, out, place)
                place += 1

    return look
