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

from posalign_sim.testing.holding import check_faults, check_state, difference
from posalign_sim.testing.playing import LONGEST, owned_by_seat, title_of
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
from posalign_sim.world.modules import ConfigurationError
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session
from posalign_sim.world.simulate import Worlds, check_conservation

#: Steps that a fork goes on beside the world that it was copied from.
_LIFE = 2

#: What no view takes for an action.
_NO_ACTIONS: tuple[Any, ...] = (None, "0", 0.5, float("nan"), [], [[0]], np.zeros(97, np.int64))


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
    env: Any, seed: int = 0, episodes: int = 2, watch: bool = False, dense: bool = False
) -> dict[int, Log]:
    """Play a view at random: what was shown, told and answered in each episode, by pair number.

    Args:
        env: any view.
        seed: of the worlds and of the actions.
        episodes: of each world.
        watch: whether to check every step.
        dense: whether to play a batch by dense arrays.
    """
    player = player_of(env, dense)
    player.begin(seed)
    n, seats = player.worlds, player.seats
    books = [Book(seed, player.pair(b), seats) for b in range(n)]
    played = [0] * n
    watcher = _Watcher(player) if watch else None
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
            books[b] = Book(seed, player.pair(b), seats)
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
        others = [play(env, seed + k, 1) for k in range(1, 6)]
        assert any(_outcomes(o) != _outcomes(logs) for o in others), "luck does not show"


def _outcomes(logs: dict[int, Log]) -> Any:
    """What was shown before any answer could make a difference."""
    return [ask.observation for ask in logs[0].asks] + [logs[0].last]


def _check_unbegun(env: Any) -> None:
    for action in (0, {}):
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


def check_shown(player: Player, observation: Any, mask: Any, where: str) -> None:
    """What one seat is shown that must act: in its space, with something to do."""
    box = player.interface.observation_space()
    assert observation.dtype == np.float32, f"{where}: observation is {observation.dtype}"
    assert np.isfinite(observation).all(), f"{where}: an observation is not finite: {observation}"
    if not box.contains(observation):
        low, high = observation < box.low, observation > box.high
        bad = [player.interface.features[k].name for k in np.flatnonzero(low | high)]
        raise AssertionError(f"{where}: {', '.join(bad)} out of bounds: {observation[low | high]}")
    width = player.interface.mask_width(player.waits)
    assert mask.dtype == np.int8 and mask.shape == (width,), f"{where}: mask is {mask!r}"
    assert np.isin(mask, (0, 1)).all(), f"{where}: mask is {mask}"
    parts = split(player.interface, mask, player.waits)
    assert all(part.any() for part in parts), f"{where}: nothing is legal: {mask}"
    assert not player.waits or parts[0][-1] == 0, f"{where}: who is asked may wait"


def check_sound(scenario: Scenario, ws: Worlds, where: str) -> None:
    """What must hold of worlds at any time; partners are mutual only where tables are of two."""
    if (ws["table_size"] == 2).all():
        check_state(scenario, ws, where)
        return
    check_faults(ws, where)
    check_conservation(ws)


class _Watcher:
    """Looks at every step of random play.

    Args:
        player: who plays.
    """

    def __init__(self, player: Player) -> None:
        """See the class."""
        self.player = player
        self.scenario = player.session.scenario
        self.title = title_of(self.scenario)
        self.mode = player.mode
        self.step = 0
        self.forks: list[tuple[int, Session]] = []
        rounds = min(int(self.scenario.rounds.max()), LONGEST)
        blocks = any(spec.blocks for _, spec in self.scenario.structure.modules)
        passes = 200 * self.scenario.agents if blocks else 1
        self.most = rounds * len(self.scenario.structure.points) * passes

    def before(self, books: list[Book], given: list[Any]) -> None:
        """Before an action: the worlds are sound, illegal actions are refused, a fork is taken."""
        player, session = self.player, self.player.session
        where = f"{self.title}, step {self.step}"
        longest = max(book.decisions for book in books)
        assert longest < self.most, f"{where}: an episode goes on after {longest} decisions"
        check_sound(self.scenario, session.worlds, where)
        rewards = session.rewards[: session.count]
        assert np.isfinite(rewards).all(), f"{where}: a reward is not finite"
        player.idle()
        if player.illegal == "raise":
            self.try_illegal(given, where)
        fork = Session(self.scenario, session.worlds.copy(), self.mode)
        fork.worlds["reward_mark"] = session.worlds["reward_mark"]
        assert fork.count == session.count, f"{where}: a copy asks others"
        long = self.step & (self.step - 1) == 0  # forks from steps 0, 1, 2, 4, ... live on
        self.forks.append((2**62 if long else self.step + _LIFE, fork))
        choices, arguments = player.interface.decode(session, np.array(given))
        for _, fork in self.forks:
            fork.advance(choices, arguments)

    def try_illegal(self, given: list[Any], where: str) -> None:
        """Actions that must be refused, one seat's at a time, and change nothing."""
        player, session = self.player, self.player.session
        row = self.step % session.count if not hasattr(player, "due") else 0
        wrong = wrong_actions(player, row, given[row])
        luck = np.random.default_rng([self.step, 5])
        some = luck.permutation(len(wrong))[:3]
        tries = [wrong[k] for k in some] + (list(_NO_ACTIONS) if self.step == 0 else [])
        name = session.points[session.decision[row]].decision.name
        before = session.worlds.tobytes(), session.count
        for number, action in enumerate(tries):
            mine: list[Any] = list(given)
            mine[row] = action
            text = f"{where}: {action!r} of seat {session.seat[row]} at {name}"
            try:
                self.send(mine, row)
            except ConfigurationError as error:
                known = number >= len(some) or name in str(error)
                assert known, f"{text} was refused without naming the decision: {error}"
            except ValueError as error:  # rows of unequal length make no array
                assert "shape" in str(error), f"{text} was refused with {error!r}"
            else:
                raise AssertionError(f"{text} was taken")
            after = session.worlds.tobytes(), session.count
            assert before == after, f"{text} was refused, but changed the world"

    def send(self, actions: list[Any], row: int) -> None:
        """Act in a view, knowing that it will be refused."""
        if hasattr(self.player, "due"):  # agent by agent: the first who is asked
            self.player.env.step(actions[row])
        elif hasattr(self.player, "whole"):
            self.player.env.step(self.player.whole(actions))
        else:
            self.player.act(actions)

    def after(self, given: list[Any], told: Any) -> None:
        """After an action: forks have come to the same."""
        session = self.player.session
        where = f"{self.title}, step {self.step}"
        assert np.isfinite(told.rewards).all(), f"{where}: a reward is not finite"
        ended = np.asarray(told.ended)
        for _, fork in self.forks:
            for b in range(self.player.worlds):
                assert bool(fork.ended[b]) == bool(ended[b]), f"{where}: a copy ends elsewhere"
                if ended[b]:
                    same = np.array_equal(fork.final_observations[b], told.last[b])
                    assert same, f"{where}: what was seen last is not what a copy sees last"
                else:
                    ours, others = session.worlds[b : b + 1], fork.worlds[b : b + 1]
                    if ours.tobytes() != others.tobytes():  # perhaps only between fields
                        gap = difference(ours, others)
                        assert gap is None, f"{where}: a copy goes on otherwise: {gap}"
        self.copies = self.forks[-1][1].worlds
        self.forks = [] if ended.any() else [f for f in self.forks if f[0] > self.step]
        self.step += 1

    def end(self, book: Book, world: int) -> None:
        """At the end of an episode: rewards are what the accounts hold."""
        owned = owned_by_seat(self.copies, self.scenario)[world][self.player.session.seats]
        off = np.abs(book.gained - owned) > 1e-6
        assert not off.any(), (
            f"{self.title}: in episode {book.pair} seats were told of {book.gained} points in all, "
            f"but own {owned}"
        )
        assert (book.asked > 0).any(), f"{self.title}: nobody was asked in episode {book.pair}"

    def over(self, given: list[Any]) -> None:
        """A view whose episode is over takes no more actions."""
        before = self.player.session.worlds.tobytes()
        whole = {name: 0 for name in getattr(self.player.env, "possible_agents", ())}
        for action in (given[0], whole, None):
            try:
                self.player.env.step(action)
            except ConfigurationError as error:
                assert "over" in str(error), f"{self.title}: a step after the end says: {error}"
            else:
                raise AssertionError(f"{self.title}: the episode is over, but {action} was taken")
        assert before == self.player.session.worlds.tobytes(), "a step after the end did something"


def wrong_actions(player: Player, row: int, given: Any) -> list[Any]:
    """Illegal actions of a row, near to a legal one."""
    session, interface = player.session, player.interface
    number = int(session.decision[row])
    decision = session.points[number].decision
    good = np.atleast_1d(np.asarray(given)).tolist()
    masked = np.flatnonzero(session.masks[row] == 0).tolist()
    wrong = [[choice, *good[1:]] for choice in (-1, interface.choices, 2**31, *masked)]
    for k, column in enumerate(decision.columns(session.scenario.structure.sizes)):
        if decision.carries(column.argument, good[0]):
            base = int(interface.lows[number, k])
            for value in (int(session.lows[row, k]) - 1, int(session.highs[row, k]) + 1, 2**40):
                wrong.append([*good[: k + 1], value - base, *good[k + 2 :]])
    return [formed(interface, action) for action in wrong]
