"""Seats decided from outside: batches that stop where a learner, a model or a human must decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from posalign_sim.world.compiler import Mode
from posalign_sim.world.draws import key_of, mix
from posalign_sim.world.engine import engine
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import External
from posalign_sim.world.outside import EXTERNAL, FAULTS, PENDING, ROOT
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import Worlds

_NO_ROWS = np.zeros(0, np.int64)
_STUDY = key_of("study")
#: What a world's record has room for; a number beyond it is as illegal as the last one within.
LEAST, MOST = np.iinfo(np.int32).min, np.iinfo(np.int32).max


class Session:
    """A batch that stops wherever an external seat must decide.

    After `start` and after each `advance`, the first `count` rows of the buffers say who must
    act: `world`, `seat`, `decision` (index into `points`), `masks` of legal choices, `lows` and
    `highs` of their arguments, `observations` (see `features`) and `rewards`, the points that the
    seat has gained since it was last asked. Buffers are written in place: copy what you keep.
    When a world ends, `ended` is set (1, or 2 if it stopped on a fault) and what each external
    seat saw and gained last stands in `final_observations` and `final_rewards`. With `episodes`,
    a world that has ended begins anew at once, with the luck of another pair number, and `ended`
    tells of the last `advance` alone. Where a seat has a disposition, its reward is what the rounds
    that have ended since were worth to it, and the points are in `gained` and `final_gained`, which
    are the rewards themselves where nobody has one.

    Attributes:
        worlds: `[worlds]` records.
        points: the decisions of the round, by number.
        features: what the columns of `observations` are.
        seats: numbers of the external seats, in the order of `final_rewards`.
        count: how many rows must act now; 0 when all worlds are over.
    """

    def __init__(
        self,
        scenario: Scenario,
        ws: Worlds,
        mode: Mode,
        seed: int = 0,
        episodes: bool = False,
    ) -> None:
        """See the class and `start`."""
        structure = scenario.structure
        external = structure.external
        if external < 0:
            raise ConfigurationError("no seat is external: name one in external=")
        self.scenario = scenario
        self.worlds = ws
        self.points = structure.points
        self.features = structure.features
        self.seats = np.flatnonzero(ws["kind"][0, : len(scenario.seats)] == external)
        self.episodes = episodes
        seats, batch, width = len(self.seats), len(ws), len(self.features)
        rows = max(1, batch * seats)
        choices = max(len(p.decision.choices) for p in self.points)
        columns = structure.sizes["arguments"]
        # Arrays of one shape are parts of one, which is what the compiled round is handed.
        self._index = np.zeros((3, rows), np.int64)
        self.world, self.seat, self.decision = self._index
        self.masks = np.zeros((rows, choices), np.int8)
        self._bounds = np.zeros((2, rows, columns), np.int64)
        self.lows, self.highs = self._bounds
        self.observations = np.zeros((rows, width), np.float32)
        self._earnings = np.zeros((4 if structure.dispositions else 2, rows))
        self.rewards, self.gained = self._earnings[0], self._earnings[-2]
        self.final_rewards = self._earnings[1, : batch * seats].reshape(batch, seats)
        self.final_gained = self._earnings[-1, : batch * seats].reshape(batch, seats)
        self.ended = np.zeros(batch, np.uint8)
        self.final_observations = np.zeros((batch, seats, width), np.float32)
        # A record's bytes are copied at once, its fields one by one.
        self._bytes = ws.view(np.dtype((np.void, ws.itemsize)))
        self._first_bytes = self._bytes.copy()
        self._template = self._first_bytes.view(ws.dtype)
        fresh = self._template if episodes else ws[:0].copy()
        self._arguments = np.zeros((rows, columns), np.int64)
        self._external = external
        runner = engine(structure, mode)
        assert runner.advance and runner.legal and runner.look
        self._advance, self._legal, self._look = runner.advance, runner.legal, runner.look
        self._state = np.zeros(4, np.int64)  # see `outside` for what is where
        self._state[EXTERNAL] = external
        inner = (self._state, self._index, self._bounds, self._earnings)
        self._kept = (ws, fresh, *inner, self.ended, self.final_observations)
        self.count = 0
        self._begin(mix(_STUDY, seed % 2**64))
        # Types never change from here on: numba, which has just looked at them, need not again.
        known = list(getattr(self._advance, "overloads", {}).values())
        if len(known) == 1:
            self._advance = known[0].entry_point

    def _begin(self, root: int) -> None:
        """Bring every world to its first decision."""
        self._state.view(np.uint64)[ROOT] = root
        self.go_on()

    @property
    def faulted(self) -> int:
        """How many worlds have stopped on a fault in the last `advance`."""
        return int(self._state[FAULTS])

    def go_on(self) -> int:
        """Bring worlds that wait for nobody to their next decision; list anew all rows that wait.

        Returns:
            How many rows must act.
        """
        self._state[PENDING] = 0
        return self.act(_NO_ROWS, self._arguments)

    def stop(self, world: int, code: int) -> None:
        """Stop a world where it waits, with a fault: nothing that was chosen is carried out.

        Args:
            world: which one. Call `go_on` when all that are to be stopped are.
            code: of the fault; see `faults`.
        """
        w = self.worlds[world]
        w.fault, w.fault_clock = code, w.clock
        w.over, w.waiting, w.counter = 1, 0, 0

    def restart(self, seed: int, pairs: Sequence[int]) -> None:
        """Begin all worlds anew, as if they had been started with this seed and these pairs.

        Args:
            seed: of the study.
            pairs: `[worlds]` pair numbers.
        """
        root = mix(_STUDY, seed % 2**64)
        for place, pair in enumerate(pairs):
            self._template["pair"][place] = pair
            self._template["key"][place] = mix(root, int(pair))
        self._bytes[:] = self._first_bytes
        self.ended[:] = 0
        self._begin(root)

    def advance(self, choices: Any, arguments: Any = None) -> int:
        """Act for every waiting row, and go on to the next decisions.

        Args:
            choices: `[count]` integers, an index of a choice for each row.
            arguments: `[count, arguments]` integers, where decisions have arguments.

        Returns:
            How many rows must act next; 0 when all worlds are over.

        Raises:
            ConfigurationError: a shape or an action is wrong. No world has been touched.
        """
        if self.count == 0:
            raise ConfigurationError("all worlds are over: start new ones")
        choices = np.asarray(choices)
        if choices.shape != (self.count,) or choices.dtype.kind not in "iu":
            raise ConfigurationError(
                f"advance needs {self.count} integers, one for each waiting row, "
                f"not shape {choices.shape} of {choices.dtype}"
            )
        if arguments is None:
            arguments = self._arguments
        else:
            arguments = np.asarray(arguments)
            shape = (self.count, self._arguments.shape[1])
            if arguments.shape != shape or arguments.dtype.kind not in "iu":
                raise ConfigurationError(
                    f"arguments must be integers of shape {shape}, "
                    f"not shape {arguments.shape} of {arguments.dtype}"
                )
            # No argument is so large; and one that its choice does not carry must fit all the same.
            arguments = np.ascontiguousarray(np.clip(arguments, LEAST, MOST), np.int64)
        return self.act(np.ascontiguousarray(choices, np.int64), arguments)

    def look(self, world: int = 0) -> np.ndarray[Any, Any]:
        """`[seats, features]` what every external seat of a world sees now, asked or not."""
        out = np.zeros((len(self.seats), len(self.features)), np.float32)
        self._look(self.worlds[world], self._external, out)
        return out

    def legal(self, row: int, choice: int, arguments: Any) -> bool:
        """Whether an action would be legal for a waiting row.

        Args:
            row: which row, below `count`.
            choice: index of the choice.
            arguments: `[arguments]` integers.
        """
        w = self.worlds[self.world[row]]
        return bool(self._legal(w, int(self.seat[row]), int(choice), arguments[None]))

    def carry(self, begun: Any = slice(None)) -> None:
        """Make what seats gained before they were first asked a part of their next reward.

        Args:
            begun: index of the worlds that have just begun.
        """
        self.worlds["reward_mark"][begun] = 0
        if "felt_mark" in (self.worlds.dtype.names or ()):
            self.worlds["felt_mark"][begun] = 0

    def act(self, choices: Any, arguments: Any) -> int:
        """`advance` for arrays that are known to be int64, contiguous and of the right shape.

        Args:
            choices: `[count]` int64.
            arguments: `[rows, arguments]` int64.
        """
        rows = self._advance(*self._kept, choices, arguments, self.masks, self.observations)
        return self.note(rows, choices, arguments)

    def note(self, rows: int, choices: Any, arguments: Any) -> int:
        """Take notice of what the compiled round has answered.

        Raises:
            ConfigurationError: an action was illegal.
        """
        if rows < 0:
            row = -1 - rows
            self.refuse(row, int(choices[row]), arguments[row])
        self.count = rows
        return rows

    def acting(self, choices: Any, arguments: Any) -> Callable[[Any, Any], int]:
        """The compiled round over buffers that stay, for who steps one world very often.

        Args:
            choices: as in `act`; read anew in each call.
            arguments: as in `act`; read anew in each call.

        Returns:
            A function of where to write masks and observations, shaped and typed as `masks` and
            `observations` are. What it returns is for `note`, unless it is `count` once more.
        """
        return partial(self._advance, *self._kept, choices, arguments)

    def refuse(self, row: int, choice: int, arguments: Any) -> None:
        """Say why an action of a waiting row is illegal.

        Raises:
            ConfigurationError: always.
        """
        decision = self.points[self.decision[row]].decision
        legal = [c for c, ok in zip(decision.choices, self.masks[row], strict=False) if ok]
        columns = decision.columns(self.scenario.structure.sizes)
        bounds = "".join(
            f", {column.name} in [{self.lows[row, k]}, {self.highs[row, k]}]"
            for k, column in enumerate(columns)
        )
        given = [choice, *arguments[: len(columns)].tolist()]
        raise ConfigurationError(
            f"world {self.world[row]}, seat {self.seat[row]}: {given} is illegal at "
            f"{decision.name}; legal are {', '.join(legal)}{bounds}. No world was touched."
        )


def start(
    scenario: Scenario,
    worlds: int = 1,
    seed: int = 0,
    *,
    external: Sequence[int] = (),
    pairs: Any = None,
    features: Sequence[str] | None = None,
    episodes: bool = False,
    mode: Mode = "compiled",
) -> Session:
    """Start worlds in which some seats are decided from outside.

    Args:
        scenario: what to run; seats may already be filled with `External()`.
        worlds: how many worlds.
        seed: of the study.
        external: seats to be taken out of their agents' hands.
        pairs: pair number of each world.
        features: names of the features to observe, in this order; all of them if not given.
        episodes: whether a world that has ended begins anew at once.
        mode: as in `simulate`.

    Returns:
        A session that waits at the first decisions.

    Example:
        >>> from posalign_sim import Scenario, start
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> duel = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=2, metrics=())
        >>> session = start(duel, 1, external=[0], mode="interpreted")
        >>> while session.count:
        ...     waiting = session.advance([1] * session.count)
        >>> session.final_rewards.tolist()
        [[1.0]]
    """
    if len(external):
        seats = list(scenario.seats)
        for seat in external:
            if not 0 <= seat < len(seats):
                raise ConfigurationError(f"there is no seat {seat}: seats are 0..{len(seats) - 1}")
            if not isinstance(seats[seat], External):
                seats[seat] = External()
        scenario = scenario.reseated(seats)
    if features is not None:
        scenario = scenario.replace(features=features)
    ws = scenario.worlds(worlds, seed, pairs)
    return Session(scenario, ws, mode, seed, episodes)
