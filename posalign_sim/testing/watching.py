"""Looking at every step of random play: what is shown, what is refused, how copies go on."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.testing.holding import check_state, difference
from posalign_sim.testing.playing import LONGEST, due_by_seat, title_of
from posalign_sim.testing.viewing import Book, Player, formed, split
from posalign_sim.world.modules import ConfigurationError
from posalign_sim.world.session import Session

#: Steps that a fork goes on beside the world that it was copied from.
_LIFE = 2

#: What no view takes for an action.
_NO_ACTIONS: tuple[Any, ...] = (None, "0", 0.5, float("nan"), [], [[0]], np.zeros(97, np.int64))


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


class Watcher:
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
        check_state(self.scenario, session.worlds, where)
        rewards = session.rewards[: session.count]
        assert np.isfinite(rewards).all(), f"{where}: a reward is not finite"
        player.idle()
        if player.illegal == "raise":
            self.try_illegal(given, where)
        fork = Session(self.scenario, session.worlds.copy(), self.mode)
        for mark in {"reward_mark", "felt_mark"}.intersection(fork.worlds.dtype.names or ()):
            fork.worlds[mark] = session.worlds[mark]
        assert fork.count == session.count, f"{where}: a copy asks others"
        for row in range(session.count):
            shown = np.asarray(player.question(row)[0])
            assert np.array_equal(shown, fork.observations[row]), (
                f"{where}: seat {session.seat[row]} is shown something else than in a copy"
            )
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
        """At the end of an episode: rewards are what the accounts hold, or as these are felt."""
        due = due_by_seat(self.copies, self.scenario)[world][self.player.session.seats]
        off = np.abs(book.gained - due) > 1e-6
        assert not off.any(), (
            f"{self.title}: in episode {book.pair} seats were told of {book.gained} points in all, "
            f"but are due {due}"
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
