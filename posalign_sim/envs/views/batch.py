"""Batches for learners: the seats that must act, of thousands of worlds, as contiguous arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from posalign_sim.envs.views.ordinary import Dispositions, ordinary, with_external
from posalign_sim.envs.views.spaces import Interface
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.faults import MEANING
from posalign_sim.world.modules import Game
from posalign_sim.world.outside import FAULTED
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session

Illegal = Literal["raise", "resample", "noop"]
ILLEGAL: tuple[Illegal, ...] = ("raise", "resample", "noop")


#: Episodes on end that may end before a seat is asked, until one is not waited for any more.
PASSED_OVER = 1000
NEVER_ASKED = f"{PASSED_OVER} episodes on end have ended before any seat here was asked"


class Step(NamedTuple):
    """Dense arrays: a place for every external seat of every world.

    Attributes:
        observations: `[worlds, seats, features]` float32; of a seat that need not act, what it
            saw when it was last asked.
        rewards: `[worlds, seats]` points gained since the seat last acted; 0 until it acts again.
        masks: `[worlds, seats, width]` int8, legal actions; 0 where a seat need not act.
        acting: `[worlds, seats]` bool, who must act now.
        ended: `[worlds]` bool, whether a world has just ended and begun anew.
        final_observations: `[worlds, seats, features]` what seats saw at its end.
        final_rewards: `[worlds, seats]` what they gained last before its end.
    """

    observations: np.ndarray[Any, Any]
    rewards: np.ndarray[Any, Any]
    masks: np.ndarray[Any, Any]
    acting: np.ndarray[Any, Any]
    ended: np.ndarray[Any, Any]
    final_observations: np.ndarray[Any, Any]
    final_rewards: np.ndarray[Any, Any]


class BatchEnv:
    """Many worlds at once, each of which begins anew when it ends.

    The leanest way in is `rows`: after `reset` and each `advance`, the first `count` rows of
    `session.world`, `.seat`, `.decision`, `.observations`, `.rewards` and `.masks` are the seats
    that must act, wherever they are; worlds need not be in step with each other. `step` takes and
    gives dense arrays with a place for every seat instead.

    Args:
        scenario: what is played; see `ordinary` for names of games.
        worlds: how many worlds.
        external: which seats are decided here; all if not given.
        features: names of what is observed; all if not given.
        seed: of the study: the same seed gives the same episodes.
        illegal: what to do about an illegal action: raise, or count it and act at random
            (`resample`) or as little as possible (`noop`: the last legal choice, least arguments).
        mode: as in `simulate`.
        dispositions: by which rewards are weighed; see `with_external`. The points behind a reward
            are in `session.gained` and `session.final_gained`.
        **changes: arguments of `Scenario` to be set otherwise.

    Attributes:
        features: name, bounds, unit and meaning of each number of an observation.
        action_space: of one seat.
        observation_space: of one seat.
        illegal_actions: how many illegal actions there have been since the last reset.
    """

    def __init__(
        self,
        scenario: str | Game | Scenario,
        worlds: int,
        external: Sequence[int] | None = None,
        features: Sequence[str] | None = None,
        seed: int = 0,
        illegal: Illegal = "raise",
        mode: Mode = "compiled",
        dispositions: Dispositions = None,
        **changes: Any,
    ) -> None:
        """See the class."""
        if illegal not in ILLEGAL:
            raise ConfigurationError(f"illegal={illegal!r}: {nearest(str(illegal), ILLEGAL)}")
        made = with_external(ordinary(scenario, **changes), external, dispositions)
        self.scenario = made if features is None else made.replace(features=features)
        self.interface = Interface(self.scenario.structure)
        self.features = self.interface.features
        self.action_space = self.interface.action_space()
        self.observation_space = self.interface.observation_space()
        self.worlds = worlds
        self.illegal: Illegal = illegal
        self.mode: Mode = mode
        self.reset(seed)

    def reset(self, seed: int = 0) -> Step:
        """Begin all worlds; the same seed gives the same episodes."""
        ws = self.scenario.worlds(self.worlds, seed)
        self.session = Session(self.scenario, ws, self.mode, seed, episodes=True)
        seats = self.session.seats
        self.place = np.zeros(len(self.scenario.seats), np.int64)
        self.place[seats] = np.arange(len(seats))
        shape = (self.worlds, len(seats))
        width = self.interface.mask_width()
        self._step = Step(
            np.zeros((*shape, len(self.features)), np.float32),
            np.zeros(shape),
            np.zeros((*shape, width), np.int8),
            np.zeros(shape, np.bool_),
            np.zeros(self.worlds, np.bool_),
            self.session.final_observations,
            self.session.final_rewards,
        )
        self._masks = np.zeros((len(self.session.world), width), np.int8)
        self.illegal_actions = 0
        self._luck = np.random.default_rng([seed % 2**64, 0xAC7])
        self._check_faults()
        if self.session.count == 0:
            self.pass_over()
        return self._spread()

    @property
    def count(self) -> int:
        """How many rows must act now."""
        return self.session.count

    @property
    def seats(self) -> int:
        """How many seats of a world are decided here."""
        return len(self.session.seats)

    @property
    def weighed(self) -> bool:
        """Whether rewards may be other than points: some seat has a disposition."""
        return bool(self.scenario.structure.dispositions)

    def masks(self) -> np.ndarray[Any, Any]:
        """`[count, width]` flat masks of legal actions of the rows that must act."""
        rows = slice(0, self.session.count)
        out = self._masks[rows]
        self.interface.fill_masks(self.session, rows, out)
        return out

    def advance(self, actions: Any) -> int:
        """Act for all rows that must; `[count]` (or `[count, 1 + arguments]`) integers.

        Returns:
            How many rows must act next.

        Raises:
            ConfigurationError: an action is illegal, or of a wrong shape. No world was touched.
        """
        session = self.session
        choices, arguments = self.interface.decode(session, actions)
        if self.illegal != "raise":
            choices, arguments = self._mend(choices, arguments)
        session.advance(choices, arguments)
        self._check_faults()
        if session.count == 0:
            self.pass_over()
        return session.count

    def step(self, actions: Any) -> Step:
        """Act with dense arrays: `[worlds, seats]` (or `[worlds, seats, 1 + arguments]`) integers.

        What stands in the place of a seat that need not act is not looked at. The arrays that are
        given back are written anew in the next step.
        """
        session = self.session
        actions = np.asarray(actions)
        if actions.shape[:2] != self._step.acting.shape:
            raise ConfigurationError(
                f"step needs actions of shape {self._step.acting.shape}, a place for each seat, "
                f"not {actions.shape}"
            )
        if session.count == self._step.acting.size:  # everybody acts, in order
            self.advance(actions.reshape(session.count, *actions.shape[2:]))
        else:
            rows = slice(0, session.count)
            self.advance(actions[session.world[rows], self.place[session.seat[rows]]])
        return self._spread()

    def pass_over(self) -> None:
        """Pass over episodes that end before any seat is asked, until every world waits for one.

        For views whose interface has no place for a world that waits for nobody. Such episodes are
        not told of as ended.

        Raises:
            ConfigurationError: a world had very many of them on end.
        """
        session = self.session
        waiting = session.worlds["waiting"]
        if session.count == len(session.world) or (waiting > 0).all():
            return
        ended, told = session.ended.copy(), np.zeros((2, self.worlds, len(self.scenario.seats)))
        last, final = session.final_observations.copy(), session.final_rewards.copy()
        final_points = session.final_gained.copy()
        for _ in range(PASSED_OVER):
            where = (session.world[: session.count], session.seat[: session.count])
            told[0][where] += session.rewards[: session.count]  # listed anew, and told once
            told[1][where] += session.gained[: session.count]
            session.go_on()
            self._check_faults()
            if (waiting > 0).all():
                break
        else:
            raise ConfigurationError(NEVER_ASKED)
        where = (session.world[: session.count], session.seat[: session.count])
        session.rewards[: session.count] += told[0][where]
        if self.weighed:
            session.gained[: session.count] += told[1][where]
        session.ended[:] = ended
        session.final_observations[:] = last
        session.final_rewards[:] = final
        session.final_gained[:] = final_points

    def carry(self, begun: Any) -> None:
        """Make what seats gained before they were first asked a part of their next reward.

        For views whose interface has no place for a reward of a first observation.

        Args:
            begun: index of the worlds that have just begun.
        """
        self.session.carry(begun)

    def _spread(self) -> Step:
        """Put the rows that must act into their places."""
        session, out = self.session, self._step
        np.not_equal(session.ended, 0, out=out.ended)
        if session.count == out.acting.size:
            out.observations[...] = session.observations.reshape(out.observations.shape)
            out.rewards[...] = session.rewards.reshape(out.rewards.shape)
            masks = out.masks.reshape(session.count, -1)
            self.interface.fill_masks(session, slice(0, session.count), masks)
            out.acting[...] = True
            return out
        rows = slice(0, session.count)
        where = (session.world[rows], self.place[session.seat[rows]])
        out.rewards[:] = 0
        out.masks[:] = 0
        out.acting[:] = False
        out.observations[where] = session.observations[rows]
        out.rewards[where] = session.rewards[rows]
        out.masks[where] = self.masks()
        out.acting[where] = True
        return out

    def _mend(self, choices: Any, arguments: Any) -> tuple[Any, Any]:
        """Put a legal action in the place of each illegal one, and count it."""
        session = self.session
        if arguments is None:
            arguments = np.zeros((session.count, session.lows.shape[1]), np.int64)
        choices = np.array(choices, np.int64)
        for row in range(session.count):
            if session.legal(row, choices[row], arguments[row]):
                continue
            self.illegal_actions += 1
            choices[row], arguments[row] = substitute(session, row, self.illegal, self._luck)
        return choices, arguments

    def _check_faults(self) -> None:
        session = self.session
        if session.faulted:
            world = int(np.flatnonzero(session.ended == FAULTED)[0])
            code = int(session.worlds["fault"][world])
            raise RuntimeError(f"world {world} stopped on a fault: {MEANING[code]}")


def substitute(
    session: Session, row: int, how: Illegal, luck: np.random.Generator
) -> tuple[int, np.ndarray[Any, Any]]:
    """A legal action for a waiting row, at random or as little as possible.

    Args:
        session: the session.
        row: which row.
        how: `resample` or `noop`.
        luck: where chance comes from.
    """
    legal = np.flatnonzero(session.masks[row])
    low, high = session.lows[row], session.highs[row]
    if how == "noop":
        return int(legal[-1]), low.copy()
    choice = int(luck.choice(legal))
    arguments = luck.integers(low, high + 1)
    while not session.legal(row, choice, arguments):
        arguments = low + (arguments - low) // 2
    return choice, arguments


def batch_env(scenario: str | Game | Scenario, worlds: int, **details: Any) -> BatchEnv:
    """Many worlds at once for a learner; see `BatchEnv`.

    Example:
        >>> env = batch_env("repeated_dilemma", 2, external=[0], rounds=3)
        >>> env.count, env.action_space
        (2, Discrete(2))
        >>> env.advance([1, 1]), env.session.rewards.tolist()
        (2, [5.0, 5.0])
    """
    return BatchEnv(scenario, worlds, **details)
