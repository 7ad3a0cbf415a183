"""Ways of playing a view at random, all of which give the same log of what seats were shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv
from pettingzoo import AECEnv, ParallelEnv

from posalign_sim.envs.views.batch import BatchEnv
from posalign_sim.envs.views.spaces import Interface
from posalign_sim.testing.playing import title_of
from posalign_sim.world.compiler import Mode
from posalign_sim.world.session import Session


class Ask(NamedTuple):
    """One question to one seat: what it was shown and told, and what it answered."""

    seat: int
    decision: int
    observation: bytes
    mask: bytes
    reward: float
    action: tuple[int, ...]


@dataclass
class Log:
    """One episode: its questions, and what each seat saw and gained last."""

    asks: list[Ask] = field(default_factory=list)
    last: list[tuple[bytes, float]] = field(default_factory=list)


class Book:
    """One episode as it is played.

    Args:
        seed: of the luck of the answers.
        pair: pair number of the episode; answers depend on it, not on who else plays.
        seats: how many seats are played.
    """

    def __init__(self, seed: int, pair: int, seats: int) -> None:
        """See the class."""
        self.seed, self.pair = seed, pair
        self.log = Log()
        self.pending = np.zeros(seats)
        self.gained = np.zeros(seats)
        self.asked = np.zeros(seats, np.int64)
        self.decisions = 0

    def luck(self, place: int) -> np.random.Generator:
        """Of the next answer of a seat."""
        return np.random.default_rng([self.seed, self.pair, place, int(self.asked[place])])

    def note(self, place: int, ask: Ask) -> None:
        """Write a question down, with what was gained since the last one."""
        # A reset gives no rewards: what was gained before the first decision comes later.
        reward = float(self.pending[place]) if self.decisions else 0.0
        if self.decisions:
            self.pending[place] = 0
        self.log.asks.append(ask._replace(reward=reward))
        self.asked[place] += 1

    def tell(self, rewards: Any) -> None:
        """Take in what seats were told they gained."""
        self.pending += rewards
        self.gained += rewards

    def close(self, last: Any) -> None:
        """The episode is over."""
        self.log.last = [
            (np.ascontiguousarray(o).tobytes(), float(r))
            for o, r in zip(last, self.pending, strict=True)
        ]


class Told(NamedTuple):
    """What followed an action: `[worlds, seats]` rewards, who ended, what they saw last."""

    rewards: Any
    ended: Any
    last: Any
    fresh: Any  # rewards that already belong to the next episode


class Player(ABC):
    """Plays one view; a subclass for each kind."""

    env: Any
    session: Session
    interface: Interface
    waits = False
    worlds = 1
    again = False  # whether worlds begin anew by themselves
    illegal = "raise"
    mode: Mode = "compiled"

    @property
    def seats(self) -> int:
        """How many seats of a world are played."""
        return len(self.session.seats)

    def place(self, row: int) -> int:
        """Which of the played seats a row asks."""
        return int(np.searchsorted(self.session.seats, self.session.seat[row]))

    def pair(self, world: int) -> int:
        """Pair number of the episode that a world plays now."""
        return int(self.session.worlds["pair"][world])

    @abstractmethod
    def begin(self, seed: int | None) -> None:
        """Begin an episode."""

    @abstractmethod
    def question(self, row: int) -> tuple[Any, Any]:
        """What the seat of a row is shown, and its flat mask."""

    @abstractmethod
    def act(self, actions: Sequence[Any]) -> Told:
        """Answer for every row."""

    def idle(self) -> None:
        """Check what is shown to those who are not asked: where nobody is, there is nothing."""
        return

    def spread(self, rows: Any, worlds: Any = None) -> np.ndarray[Any, Any]:
        """Numbers of rows, at their places."""
        out = np.zeros((self.worlds, self.seats))
        for row in range(self.session.count):
            out[self.session.world[row], self.place(row)] = rows[row]
        return out

    def one(self, rewards: Sequence[float], over: bool, last: Any) -> Told:
        """What followed in a view of one world."""
        given = np.array([rewards], np.float64)
        return Told(given, np.array([over]), [last], np.zeros_like(given))


class ParallelPlayer(Player):
    """Plays PettingZoo's parallel view."""

    def __init__(self, env: Any) -> None:
        """See the class."""
        self.env = env
        self.table = env.unwrapped.table
        self.interface, self.waits = self.table.interface, self.table.waits
        self.illegal, self.mode = self.table.illegal, self.table.mode

    def begin(self, seed: int | None) -> None:
        """Reset; everybody is there."""
        self.seen, infos = self.env.reset(seed=seed)
        self.session = self.table.session
        self.names = list(self.env.possible_agents)
        assert self.env.agents == self.names, f"after a reset agents are {self.env.agents}"
        assert set(self.seen) == set(infos) == set(self.names), "a reset shows not all agents"

    def question(self, row: int) -> tuple[Any, Any]:
        """What the agent of a row is shown."""
        seen = self.seen[self.table.asked()[row]]
        return seen["observation"], seen["action_mask"]

    def idle(self) -> None:
        """Who is not asked can only wait."""
        for name in set(self.names) - set(self.table.asked()):
            seen, mask = self.seen[name], self.seen[name]["action_mask"]
            assert self.waits, f"{name} is not asked, but there is no action for waiting"
            assert seen in self.env.observation_space(name), f"{name} sees {seen}, out of bounds"
            parts = split(self.interface, mask, True)
            assert np.flatnonzero(parts[0]).tolist() == [self.interface.choices], (
                f"{name} is not asked, but may do more than wait: {parts[0]}"
            )
            assert all(part.sum() == 1 for part in parts[1:]), f"{name} waits with arguments"

    def whole(self, actions: Sequence[Any]) -> dict[str, Any]:
        """Everybody's action: of those who are not asked, waiting."""
        wait: Any = self.interface.choices
        if self.interface.widths:
            wait = np.array([wait, *(0 for _ in self.interface.widths)])
        asked = dict(zip(self.table.asked(), actions, strict=True))
        return {name: asked.get(name, wait) for name in self.env.agents}

    def act(self, actions: Sequence[Any]) -> Told:
        """One step."""
        agents = list(self.env.agents)
        self.seen, rewards, ends, cuts, infos = self.env.step(self.whole(actions))
        for part in (self.seen, rewards, ends, cuts, infos):
            assert set(part) == set(agents), f"{part} is not about {agents}"
        over = not self.env.agents
        assert over or self.env.agents == agents, "some agents left, others stayed"
        assert set(ends.values()) == {over}, f"agents left are {self.env.agents}, but {ends}"
        assert not any(cuts.values()), f"truncated: {cuts}"
        last = [self.seen[name]["observation"] for name in self.names]
        return self.one([rewards[name] for name in self.names], over, last)


class AECPlayer(ParallelPlayer):
    """Plays PettingZoo's agent-by-agent view."""

    def begin(self, seed: int | None) -> None:
        """Reset; everybody is there."""
        assert self.env.reset(seed=seed) is None, "reset gives something back"
        self.session = self.table.session
        self.names = list(self.env.possible_agents)
        assert self.env.agents == self.names, f"after a reset agents are {self.env.agents}"
        self.due = dict.fromkeys(self.names, 0.0)
        self._look()

    def _look(self) -> None:
        shown = {name: self.env.observe(name) for name in self.names}
        self.seen = {a: {k: v.copy() for k, v in seen.items()} for a, seen in shown.items()}

    def act(self, actions: Sequence[Any]) -> Told:
        """A step for each agent who is asked; nobody sees a choice before all have chosen."""
        env, told = self.env, dict.fromkeys(self.names, 0.0)
        asked = self.table.asked()
        before = self.session.worlds.tobytes()
        for name, action in zip(asked, actions, strict=True):
            assert env.agent_selection == name, f"{env.agent_selection} is selected, not {name}"
            seen, reward, ended, cut, _ = env.last()
            assert seen["observation"].tobytes() == self.seen[name]["observation"].tobytes(), (
                f"{name} sees something else after others have chosen"
            )
            assert not ended and not cut, f"{name} is selected, but has ended"
            assert reward == self.due[name], f"{name} was told {reward}, not {self.due[name]}"
            self.due[name] = 0.0
            assert env.step(action) is None, "step gives something back"
            for other, gain in env.rewards.items():
                told[other] += gain
                self.due[other] += gain
            if name != asked[-1]:
                same = before == self.session.worlds.tobytes()
                assert same, "the world went on before all had chosen"
        over = any(env.terminations.values())
        assert set(env.terminations.values()) == {over}, f"some ended: {env.terminations}"
        self._look()
        last = [self.seen[name]["observation"] for name in self.names]
        while over and env.agents:
            name = env.agent_selection
            seen, reward, ended, _, _ = env.last()
            assert ended and reward == self.due[name], f"{name} was told {reward} at the end"
            assert seen in env.observation_space(name), f"{name} sees {seen} at the end"
            env.step(None)
            assert name not in env.agents, f"{name} has ended, but stays"
        return self.one([told[name] for name in self.names], over, last)


class SinglePlayer(Player):
    """Plays Gymnasium's view of one seat."""

    def __init__(self, env: Any) -> None:
        """See the class."""
        self.env = env
        self.table = env.unwrapped.table
        self.interface, self.mode = self.table.interface, self.table.mode
        self.illegal = self.table.illegal

    def begin(self, seed: int | None) -> None:
        """Reset."""
        self.seen, self.info = self.env.reset(seed=seed)
        self.session = self.table.session

    def question(self, row: int) -> tuple[Any, Any]:
        """What the seat is shown."""
        mask = self.info["action_mask"]
        assert (mask == self.env.unwrapped.action_masks()).all(), "there are two masks"
        return self.seen, mask

    def act(self, actions: Sequence[Any]) -> Told:
        """One step."""
        self.seen, reward, ended, cut, self.info = self.env.step(actions[0])
        assert isinstance(ended, bool) and cut is False, f"ended {ended}, truncated {cut}"
        return self.one([float(reward)], ended, [self.seen])


class VectorPlayer(Player):
    """Plays Gymnasium's view of one seat in many worlds."""

    again = True

    def __init__(self, env: Any) -> None:
        """See the class."""
        self.env = env
        self.batch = env.unwrapped.batch
        self.interface, self.mode = self.batch.interface, self.batch.mode
        self.illegal = self.batch.illegal
        self.worlds = env.num_envs
        self.kept: list[tuple[Any, Any]] = []

    def begin(self, seed: int | None) -> None:
        """Reset."""
        self.seen, self.infos = self.env.reset(seed=seed)
        self.session = self.batch.session

    def question(self, row: int) -> tuple[Any, Any]:
        """What the seat of one world is shown."""
        return self.seen[row], self.infos["action_mask"][row]

    def act(self, actions: Sequence[Any]) -> Told:
        """One step; what the last one gave must not be written to."""
        self.seen, rewards, ends, cuts, self.infos = self.env.step(np.array(actions))
        for array, copy in self.kept:
            assert array.tobytes() == copy, "a step overwrites what the last one gave"
        assert self.seen in self.env.observation_space, "observations are out of bounds"
        assert not cuts.any() and ends.dtype == np.bool_ and rewards.shape == ends.shape
        given = [self.seen, rewards, ends, self.infos["action_mask"]]
        last = np.zeros((self.worlds, 1, len(self.interface.features)), np.float32)
        assert ends.any() == ("final_obs" in self.infos), "final_obs is there if a world has ended"
        if ends.any():
            assert (self.infos["_final_obs"] == ends).all(), "_final_obs says who has ended"
            last[:, 0] = self.infos["final_obs"]
            given.append(self.infos["final_obs"])
        self.kept = [(array, array.tobytes()) for array in given]
        return Told(rewards[:, None].copy(), ends, last, np.zeros((self.worlds, 1)))


class BatchPlayer(Player):
    """Plays a batch, by rows or by dense arrays.

    Args:
        env: the batch.
        dense: whether by `step`.
    """

    again = True

    def __init__(self, env: BatchEnv, dense: bool = False) -> None:
        """See the class."""
        self.env, self.dense = env, dense
        self.interface, self.illegal, self.mode = env.interface, env.illegal, env.mode
        self.worlds = env.worlds

    def begin(self, seed: int | None) -> None:
        """Reset."""
        self.seen = self.env.reset(0 if seed is None else seed)
        self.session = self.env.session
        self.masks = self.env.masks().copy()

    def question(self, row: int) -> tuple[Any, Any]:
        """What the seat of a row is shown."""
        if not self.dense:
            return self.session.observations[row], self.masks[row]
        where = (self.session.world[row], self.place(row))
        assert self.seen.acting[where], f"seat and world {where} are asked, but not acting"
        return self.seen.observations[where], self.seen.masks[where]

    def idle(self) -> None:
        """Who is not asked may do nothing, and was told nothing."""
        if self.dense:
            assert self.seen.acting.sum() == self.session.count, "more are acting than are asked"
            assert not self.seen.masks[~self.seen.acting].any(), "a mask of one who is not asked"
            assert not self.seen.rewards[~self.seen.acting].any(), "a reward of one who waits"

    def act(self, actions: Sequence[Any]) -> Told:
        """One step."""
        session = self.session
        if self.dense:
            shape = (self.worlds, self.seats, *np.shape(actions[0]))
            whole = np.full(shape, -77)  # nobody looks at who is not asked
            for row, action in enumerate(actions):
                whole[session.world[row], self.place(row)] = action
            self.seen = self.env.step(whole)
            rewards, ended = self.seen.rewards.copy(), self.seen.ended.copy()
        else:
            assert self.env.advance(np.array(actions)) == self.env.count
            rewards = self.spread(session.rewards)
            ended = session.ended != 0
        self.masks = self.env.masks().copy()
        final = session.final_rewards.copy()
        fresh = np.where(ended[:, None], rewards, 0)
        rewards = np.where(ended[:, None], final, rewards)
        return Told(rewards, ended, session.final_observations.copy(), fresh)


def player_of(env: Any, dense: bool = False) -> Player:
    """Somebody who can play a view."""
    if isinstance(env, BatchEnv):
        return BatchPlayer(env, dense)
    kinds: list[tuple[Any, Any]] = [
        (ParallelEnv, ParallelPlayer),
        (AECEnv, AECPlayer),
        (VectorEnv, VectorPlayer),
        (gymnasium.Env, SinglePlayer),
    ]
    for kind, player in kinds:
        if isinstance(env, kind):
            found: Player = player(env)
            return found
    raise TypeError(f"{env!r} is no view")


def split(interface: Interface, mask: Any, waits: bool = False) -> list[Any]:
    """A flat mask by components: choices, then each argument."""
    return np.split(
        np.asarray(mask), np.cumsum([interface.choices + waits, *interface.widths])[:-1]
    )


def drawn(player: Player, row: int, mask: Any, luck: np.random.Generator) -> tuple[int, ...]:
    """An action at random within a mask, as the view counts it; it must be legal."""
    session, interface = player.session, player.interface
    parts = split(interface, mask, player.waits)
    number = int(session.decision[row])
    name = session.points[number].decision.name
    choice = int(luck.choice(np.flatnonzero(parts[0])))
    least = np.array([np.flatnonzero(part)[0] for part in parts[1:]], np.int64)
    given = np.array([luck.choice(np.flatnonzero(part)) for part in parts[1:]], np.int64)
    arguments = np.zeros(session.lows.shape[1], np.int64)

    def legal() -> bool:
        arguments[: len(given)] = given + interface.lows[number, : len(given)]
        return session.legal(row, choice, arguments)

    if f"joint_{name}" in session.points[number].functions:
        # Only together are arguments legal: smaller ones are, down to the least.
        while not legal() and (given > least).any():
            given = least + (given - least) // 2
    assert legal(), (
        f"{title_of(session.scenario)}: {[choice, *given.tolist()]} at {name} is within the mask "
        f"{np.asarray(mask).tolist()}, but not legal"
    )
    return (choice, *given.tolist())


def formed(interface: Interface, action: Sequence[int]) -> Any:
    """An action as the view takes it."""
    return np.array(action) if interface.widths else action[0]
