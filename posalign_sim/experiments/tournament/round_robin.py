"""Tournaments: everybody plays matches against everybody, and who did best.

All matches of a tournament are worlds of one structure, in whose seats other strategies sit in each
world, so that one compiled round plays any strategies against each other. They are played by
chunks, of which nothing is kept but sums: memory grows with pairs, not with matches.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from tqdm import tqdm

from posalign_sim.envs.dilemma import RepeatedDilemma
from posalign_sim.experiments.tournament.standings import TIE, Standings
from posalign_sim.registry import find
from posalign_sim.world.compiler import Mode
from posalign_sim.world.draws import key_of, mix, mix_many
from posalign_sim.world.engine import engine
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.fields import Floats, Ints, per_agent
from posalign_sim.world.modules import Agent, Game, Metric
from posalign_sim.world.noise import Tremble
from posalign_sim.world.record import World, holder
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import check_conservation, owned
from posalign_sim.world.structure import Structure

#: Matches that are played, and kept in memory, at once by each thread.
CHUNK = 2048
#: Turns that are played before anybody can interrupt: about a second of work.
TURNS = 20_000_000
#: What is summed over the matches of a pair, for each of the two: points a turn, their squares,
#: cooperation and matches won.
SCORE, SQUARE, COOPERATION, WIN = range(4)


class SeatCooperation(Metric):
    """Mean cooperation of each seat's own acts in a world."""

    acts: Ints = per_agent(np.int32)
    total: Floats = per_agent()

    @staticmethod
    def witness(w: World, own: SeatCooperation, x: Any) -> None:
        """Note an act of its actor."""
        i = holder(w, x.actor)
        own.acts[i] += 1
        own.total[i] += x.cooperation

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        """Nothing for the table of a run: a tournament reads the seats."""
        return {}


class Open(Scenario):
    """A scenario whose seats are open: in each world agents of other classes may fill them."""

    def __init__(self, kinds: Sequence[type[Agent]], *given: Any, **more: Any) -> None:
        """As a scenario, for agents of these classes."""
        self.kinds = tuple(sorted(kinds, key=lambda c: (c.__name__, c.__module__)))
        super().__init__(*given, **more)

    @cached_property
    def structure(self) -> Structure:
        """As it would be if agents of all these classes had seats."""
        return replace(super().structure, agents=self.kinds)


@dataclass(frozen=True)
class Tournament:
    """A round robin: every two players meet in `repetitions` matches of `turns` turns.

    Source: Axelrod (1980), Journal of Conflict Resolution 24; Knight et al. (2016), Journal of
    Open Research Software 4.

    Attributes:
        players: names of agents (`tit_for_tat`, `memory_one.bully`), agents, or either under names
            of their own; at least two.
        turns: turns of a match; the most, if `continuation` is below 1.
        noise: probability that an act slips into the other one.
        repetitions: matches of each pair.
        self_play: whether players also meet their own twins, as in Axelrod (1980).
        continuation: probability that a turn is followed by another.
        game: what is played: a game for two without roles.

    Raises:
        ConfigurationError: a player is unknown or cannot play the game, or a number makes no sense.

    Example:
        >>> cup = Tournament(["cooperator", "defector", "tit_for_tat"], turns=5, repetitions=1)
        >>> cup.play(mode="interpreted").table()["player"].tolist()
        ['defector', 'tit_for_tat', 'cooperator']
    """

    players: Sequence[str | Agent] | Mapping[str, str | Agent]
    turns: float = 200
    noise: float = 0.0
    repetitions: int = 10
    self_play: bool = True
    continuation: float = 1.0
    game: Game = field(default_factory=RepeatedDilemma)

    def __post_init__(self) -> None:
        """Refuse what cannot be played before anything is."""
        if len(self.entrants) < 2:
            raise ConfigurationError(
                f"a tournament needs two players at least, not {len(self.entrants)}"
            )
        for name, value in (("turns", self.turns), ("repetitions", self.repetitions)):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 1 <= value < 2**53 or value != int(value):
                raise ConfigurationError(f"{name} is a whole number from 1 on, not {value!r}")
        if len(self.game.roles) > 1 or self.game.table != 2:
            raise ConfigurationError(f"{self.game.name} is no game for two without roles")
        checked = set()
        for name, agent in self.entrants.items():
            if any(v.ndim != (key in agent.tables) for key, v in agent.values.items()):
                raise ConfigurationError(f"{name}: give one value for each parameter, not more")
            if type(agent) not in checked:
                checked.add(type(agent))
                self._open(agent, agent)

    @cached_property
    def entrants(self) -> dict[str, Agent]:
        """Players by name; those with the same name are numbered."""
        if isinstance(self.players, str):
            raise ConfigurationError(f"players is a list of names, not {self.players!r}")
        if isinstance(self.players, Mapping):
            return {str(name): _agent(who) for name, who in self.players.items()}
        called = [who if isinstance(who, str) else _agent(who).name for who in self.players]
        many, seen = Counter(called), Counter[str]()
        named = {}
        for name, who in zip(called, self.players, strict=True):
            seen[name] += 1
            named[f"{name}_{seen[name]}" if many[name] > 1 else name] = _agent(who)
        return named

    @cached_property
    def pairs(self) -> tuple[Any, Any]:
        """`[pairs]` number of the first player of each pair, and of the second."""
        first, second = np.triu_indices(len(self.entrants), 0 if self.self_play else 1)
        return first, second

    @cached_property
    def scenario(self) -> Open:
        """The one scenario of all matches."""
        return self._open(*self.entrants.values())

    def _open(self, *agents: Agent) -> Open:
        return Open(
            list({type(agent) for agent in agents}),
            self.game,
            agents[:2],
            noise=Tremble(probability=self.noise) if self.noise != 0 else (),
            rounds=self.turns,
            continuation=self.continuation,
            metrics=(SeatCooperation(),),
        )

    @cached_property
    def _blank(self) -> Any:
        """One world of it, in which it does not matter yet who plays."""
        return self.scenario.worlds(1)

    @cached_property
    def _minds(self) -> tuple[Any, Any]:
        """`[players]` number of each one's class, and the numbers that each was given."""
        agents, kinds = self.entrants.values(), self.scenario.kinds
        params = np.zeros((len(agents), self._blank["sight"]["params"].shape[-1]))
        for k, agent in enumerate(agents):
            for name, place in agent.places().items():
                numbers = np.atleast_1d(agent.values[name])
                params[k, place : place + len(numbers)] = numbers
        return np.array([kinds.index(type(agent)) for agent in agents]), params

    def worlds(self, first: int, last: int, seed: int = 0) -> np.ndarray[Any, Any]:
        """The worlds of some matches, ready to begin; those of a pair follow each other.

        Args:
            first: number of the first match.
            last: number of the one after the last.
            seed: of the tournament. A match's luck depends on its number and on nothing else.
        """
        ws = np.empty(last - first, self._blank.dtype)
        raw = np.dtype((np.void, ws.itemsize))
        ws.view(raw)[:] = self._blank.view(raw)
        number = np.arange(first, last)
        ws["pair"] = number
        ws["key"] = mix_many(mix(key_of("study"), seed % 2**64), ws["pair"])
        kinds, params = self._minds
        for seat, of_pair in enumerate(self.pairs):
            who = of_pair[number // int(self.repetitions)]
            ws["kind"][:, seat] = kinds[who]
            ws["sight"]["params"][:, seat] = params[who]
        return ws

    def play(
        self,
        seed: int = 0,
        threads: int | None = None,
        *,
        mode: Mode = "compiled",
        progress: bool = True,
    ) -> Standings:
        """Play all matches.

        Args:
            seed: of the tournament; with it and the tournament every number is decided.
            threads: processor threads; all of them if not given. Results do not depend on it.
            mode: as in `simulate`.
            progress: whether to show a progress bar after two seconds.
        """
        runner = engine(self.scenario.structure, mode)
        total = len(self.pairs[0]) * int(self.repetitions)
        threads = threads or os.cpu_count() or 1
        size = max(1, min(CHUNK, TURNS // int(self.turns)))
        counts = np.zeros(len(self.pairs[0]))
        sums = np.zeros((4, 2, len(self.pairs[0])))

        def chunk(first: int) -> tuple[int, int, Any, Any]:
            ws = self.worlds(first, min(first + size, total), seed)
            runner.run(ws, 0, len(ws), int(self.turns))
            check_conservation(ws)
            return first, len(ws), *self._sums(ws, first)

        def played(pool: ThreadPoolExecutor) -> Iterator[tuple[int, int, Any, Any]]:
            # Chunks, and the order in which their sums are taken, do not depend on threads.
            if threads == 1:
                yield from map(chunk, range(0, total, size))
            else:
                yield from pool.map(chunk, range(0, total, size))

        with (
            ThreadPoolExecutor(threads) as pool,
            tqdm(total=total, unit="match", delay=2, disable=not progress, leave=False) as bar,
        ):
            bar.set_postfix_str("compiling" if mode != "interpreted" else "")
            # Compiles, once, before the threads need it; what they share is there from then on.
            runner.run(self.worlds(0, 1), 0, 0, 0)
            bar.set_postfix_str("", refresh=False)
            try:
                for first, number, count, part in played(pool):
                    pair = first // int(self.repetitions)
                    counts[pair : pair + len(count)] += count
                    sums[:, :, pair : pair + len(count)] += part
                    bar.update(number)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return self._standings(counts, sums)

    def _sums(self, ws: Any, first: int) -> tuple[Any, Any]:
        """`[pairs]` matches that count, and `[4, 2, pairs]` sums over them, of some matches."""
        pair = (first + np.arange(len(ws))) // int(self.repetitions)
        own = ws[self.scenario.metrics[0].name]
        sound = ws["fault"] == 0
        points = owned(ws)[:, :2] / np.maximum(1, ws["clock"])[:, None]
        cooperation = own["total"][:, :2] / np.maximum(1, own["acts"][:, :2])
        ahead = points - points[:, ::-1] > TIE
        each = np.stack([points, points**2, cooperation, ahead])
        if self.self_play:
            # Twins are one player, whose score in a match is the mean of both.
            twins = (self.pairs[0] == self.pairs[1])[pair]
            mean = points[twins].mean(axis=1, keepdims=True)
            each[SCORE][twins], each[SQUARE][twins] = mean, mean**2
            each[COOPERATION][twins] = cooperation[twins].mean(axis=1, keepdims=True)
            each[WIN][twins] = 0
        place = pair[sound] - pair[0]
        length = int(pair[-1] - pair[0]) + 1
        part = [[np.bincount(place, v[sound, s], length) for s in (0, 1)] for v in each]
        return np.bincount(place, minlength=length), np.array(part)

    def _standings(self, counts: Any, sums: Any) -> Standings:
        """Sums over matches as matrices: a row for each player, a column for each opponent."""
        players = len(self.entrants)
        first, second = self.pairs

        def matrix(ours: Any, theirs: Any) -> Any:
            out = np.full((players, players), np.nan)
            out[second, first] = theirs
            out[first, second] = ours
            return out

        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums / counts
            spread = np.maximum(0, means[SQUARE] - means[SCORE] ** 2)
            errors = np.sqrt(spread / (counts - 1))
        return Standings(
            tuple(self.entrants),
            matrix(*means[SCORE]),
            matrix(*np.where(counts > 1, errors, np.nan)),
            matrix(*means[COOPERATION]),
            matrix(*means[WIN]),
            int(self.repetitions * len(counts) - counts.sum()),
        )


def _agent(who: Any) -> Agent:
    """A player by name (`memory_one.bully` is `MemoryOne.of("bully")`), or as it was given."""
    made = who
    if isinstance(who, str):
        name, _, one = who.partition(".")
        spec: Any = find("agents", name)
        if one and not hasattr(spec, "of"):
            raise ConfigurationError(f"{name} has no strategies by name, such as {one!r}")
        made = spec.of(one) if one else spec()
    if not isinstance(made, Agent):
        raise ConfigurationError(f"{who!r} is no agent, nor the name of one")
    if made.disposition is not None:
        raise ConfigurationError(f"{made.name}: players of a tournament have no disposition")
    # Without institutions nobody has any use for a conduct.
    values: dict[str, Any] = dict(made.values)
    return made if made.conduct is None else type(made)(**values)
