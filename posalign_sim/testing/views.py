"""Checks of views: each takes a way of making one, plays it at random, and looks at every step.

They are stricter than PettingZoo's and Gymnasium's own, which play without regard to what is
legal and look at one step. A view may be one of this package with a scenario of yours, or one
of your own around it.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from posalign_sim.testing.playing import title_of
from posalign_sim.testing.viewing import (
    Ask,
    BatchPlayer,
    Book,
    Log,
    Player,
    drawn,
    formed,
    player_of,
    split,
)
from posalign_sim.testing.watching import Watcher, check_shown
from posalign_sim.world.modules import ConfigurationError


def check_parallel(make_env: Callable[[], Any], seed: int = 0, luck: bool = False) -> None:
    """A parallel view shows, takes and pays what it should, from reset to end.

    At each step: observations are in their space and finite, masks leave those who are asked
    something to do and the others nothing but to wait, an illegal action is refused and changes no
    byte, one within the mask is taken, and a copy of the worlds goes on the same. At the end:
    rewards add up to what the accounts hold, agents leave together, within as many decisions as
    there can be, and a further step is refused. The same seed gives the same episodes, byte for
    byte, in the same view and in another.

    Args:
        make_env: makes the view, anew each time.
        seed: of the worlds and of the actions.
        luck: whether other seeds must give other episodes, because luck shows in them.

    Raises:
        AssertionError: one of these does not hold.

    Example:
        >>> from posalign_sim.envs.views import parallel_env
        >>> check_parallel(lambda: parallel_env("repeated_dilemma", rounds=3, mode="interpreted"))
    """
    _check_view(make_env, seed, luck)


def check_aec(make_env: Callable[[], Any], seed: int = 0, luck: bool = False) -> None:
    """As `check_parallel`, of an agent-by-agent view; nobody sees a choice before all have chosen.

    Args:
        make_env: makes the view, anew each time.
        seed: of the worlds and of the actions.
        luck: whether other seeds must give other episodes.

    Raises:
        AssertionError: something does not hold.

    Example:
        >>> from posalign_sim.envs.views import aec_env
        >>> check_aec(lambda: aec_env("repeated_dilemma", rounds=3, mode="interpreted"))
    """
    _check_view(make_env, seed, luck)


def check_single(make_env: Callable[[], Any], seed: int = 0, luck: bool = False) -> None:
    """As `check_parallel`, of Gymnasium's view of one seat.

    Args:
        make_env: makes the view, anew each time.
        seed: of the worlds and of the actions.
        luck: whether other seeds must give other episodes.

    Raises:
        AssertionError: something does not hold.

    Example:
        >>> from posalign_sim.envs.views import SingleView
        >>> check_single(lambda: SingleView("repeated_dilemma", rounds=3, mode="interpreted"))
    """
    _check_view(make_env, seed, luck)


def check_vector(make_env: Callable[[], Any], seed: int = 0, luck: bool = False) -> None:
    """As `check_parallel`, of Gymnasium's view of one seat in many worlds.

    What was seen last is kept apart from what a new episode shows, and no step writes into what
    an earlier one gave.

    Args:
        make_env: makes the view, anew each time.
        seed: of the worlds and of the actions.
        luck: whether other seeds must give other episodes.

    Raises:
        AssertionError: something does not hold.

    Example:
        >>> from posalign_sim.envs.views import VectorView
        >>> check_vector(lambda: VectorView("repeated_dilemma", 2, rounds=3, mode="interpreted"))
    """
    _check_view(make_env, seed, luck)


def check_batch(make_env: Callable[[], Any], seed: int = 0, luck: bool = False) -> None:
    """As `check_parallel`, of a batch, whose rows and dense arrays must agree.

    Args:
        make_env: makes the view, anew each time.
        seed: of the worlds and of the actions.
        luck: whether other seeds must give other episodes.

    Raises:
        AssertionError: something does not hold.

    Example:
        >>> from posalign_sim.envs.views import batch_env
        >>> check_batch(lambda: batch_env("repeated_dilemma", 2, rounds=3, mode="interpreted"))
    """
    _check_view(make_env, seed, luck)
    check_equal_logs(play(make_env(), seed), play(make_env(), seed, dense=True), "dense arrays")


def check_same_play(
    make_env: Callable[[], Any], make_other: Callable[[], Any], seed: int = 0
) -> None:
    """Two views of one scenario show and pay the same seats the same, whatever kinds they are.

    A view of one world plays pairs 0, 1, 2, ...; world `b` of `n` plays `b`, `b + n`, `b + 2 n`.
    Pairs that both have played are compared.

    Args:
        make_env: makes a view.
        make_other: makes the other one, in which the same seats are played.
        seed: of the worlds and of the actions.

    Raises:
        AssertionError: they differ.

    Example:
        >>> from posalign_sim.envs.views import aec_env, parallel_env
        >>> check_same_play(
        ...     lambda: aec_env("repeated_dilemma", rounds=3, mode="interpreted"),
        ...     lambda: parallel_env("repeated_dilemma", rounds=3, mode="interpreted"),
        ... )
    """
    ours, others = make_env(), make_other()
    episodes = 2 * max(player_of(ours).worlds, player_of(others).worlds)
    logs, theirs = (play(env, seed, episodes // player_of(env).worlds) for env in (ours, others))
    both = set(logs) & set(theirs)
    assert both, "the two views have played no pair in common"
    names = f"{type(ours).__name__} and {type(others).__name__}"
    check_equal_logs({p: logs[p] for p in both}, {p: theirs[p] for p in both}, names)


def check_two_processes(*make_envs: Callable[[], Any], seed: int = 0) -> None:
    """Two fresh processes that order sets differently play the same, byte for byte.

    Args:
        *make_envs: functions that make views, which another process can import (a function of
            a module, or a `functools.partial` of one).
        seed: of the worlds and of the actions.

    Raises:
        AssertionError: they differ.
    """
    code = (
        "import pickle, sys; from posalign_sim.testing.views import digest; "
        "makes, seed = pickle.load(sys.stdin.buffer); "
        "print(*[digest(make, seed) for make in makes])"
    )
    given = pickle.dumps((make_envs, seed))
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            input=given,
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hashing},
        ).stdout.split()
        for hashing in ("0", "1")
    ]
    for make, one, other in zip(make_envs, *found, strict=True):
        assert one == other, f"{make}: another process plays something else"


def digest(make_env: Callable[[], Any], seed: int = 0) -> str:
    """A hash of everything that a view shows and pays in random play."""
    return hashlib.sha256(repr(play(make_env(), seed)).encode()).hexdigest()


# --- playing and watching -----------------------------------------------------------------------


def play(
    env: Any,
    seed: int = 0,
    episodes: int = 2,
    watch: bool = False,
    dense: bool = False,
    answers: int | None = None,
) -> dict[int, Log]:
    """Play a view at random: what was shown, told and answered in each episode, by pair number.

    Args:
        env: any view.
        seed: of the worlds.
        episodes: of each world.
        watch: whether to check every step.
        dense: whether to play a batch by dense arrays.
        answers: seed of the actions; that of the worlds if not given.
    """
    player = player_of(env, dense)
    player.begin(seed)
    n, seats = player.worlds, player.seats
    answers = seed if answers is None else answers
    books = [Book(answers, player.pair(b), seats) for b in range(n)]
    played = [0] * n
    watcher = Watcher(player) if watch else None
    logs: dict[int, Log] = {}
    while min(played) < episodes:
        session = player.session
        asked = np.unique(session.world[: session.count])
        given = [_answer(player, books[session.world[row]], row) for row in range(session.count)]
        if watcher:
            watcher.before(books, given)
        told = player.act(given)
        if watcher:
            watcher.after(given, told)
        for b in asked.tolist():
            book = books[b]
            book.decisions += 1
            book.tell(told.rewards[b])
            if not told.ended[b]:
                continue
            book.close(told.last[b])
            if watcher:
                watcher.end(book, b)
            played[b] += 1
            if played[b] <= episodes:  # a quick world may be ahead of the others
                logs[book.pair] = book.log
            if not player.again:
                if watcher:
                    watcher.over(given)
                player.begin(None)
            books[b] = Book(answers, player.pair(b), seats)
            books[b].tell(told.fresh[b])
    return logs


def check_equal_logs(logs: dict[int, Log], others: dict[int, Log], what: str) -> None:
    """Two ways of playing gave the same, byte for byte."""
    assert logs.keys() == others.keys(), f"{what}: other episodes were played"
    for pair, log in logs.items():
        for step, (a, b) in enumerate(zip(log.asks, others[pair].asks, strict=False)):
            for name, x, y in zip(Ask._fields, a, b, strict=True):
                assert x == y, (
                    f"{what}: episode {pair}, question {step} (seat {a.seat}): {name} differs: "
                    f"{_shown(name, x)} and {_shown(name, y)}"
                )
        assert len(log.asks) == len(others[pair].asks), f"{what}: episode {pair} ends elsewhere"
        assert log.last == others[pair].last, f"{what}: episode {pair} ends otherwise"


def _shown(name: str, value: Any) -> Any:
    if name == "observation":
        return np.frombuffer(value, np.float32).tolist()
    return np.frombuffer(value, np.int8).tolist() if name == "mask" else value


def _check_view(make_env: Callable[[], Any], seed: int, luck: bool) -> None:
    env = make_env()
    player = player_of(env)
    if not isinstance(player, BatchPlayer):  # a batch begins when it is made
        _check_unbegun(env)
    logs = play(env, seed, watch=True)
    check_equal_logs(logs, play(env, seed), "the same view, once more")
    check_equal_logs(logs, play(make_env(), seed), "another view, with the same seed")
    if luck:
        first = play(env, seed, 1)
        others = [play(env, seed + k, 1, answers=seed) for k in range(1, 6)]
        assert any(other != first for other in others), "luck does not show"


def _check_unbegun(env: Any) -> None:
    tries: tuple[Any, ...] = (0, {})
    for action in tries:
        try:
            env.step(action)
        except (ConfigurationError, RuntimeError, AssertionError):
            continue
        except Exception as error:
            if "reset" in str(error):
                continue
            raise AssertionError(f"step before reset raises {error!r}: no help") from None
        raise AssertionError("step before reset is taken")


def _answer(player: Player, book: Book, row: int) -> Any:
    session = player.session
    place = player.place(row)
    observation, mask = player.question(row)
    number = int(session.decision[row])
    where = f"{title_of(session.scenario)}, decision {book.decisions}"
    shown = np.asarray(observation)
    check_shown(player, shown, np.asarray(mask), where)
    action = drawn(player, row, mask, book.luck(place))
    parts = split(player.interface, mask, player.waits)
    plain = b"".join(part.tobytes() for part in (parts[0][: player.interface.choices], *parts[1:]))
    book.note(place, Ask(int(session.seat[row]), number, shown.tobytes(), plain, 0.0, action))
    return formed(player.interface, action)
