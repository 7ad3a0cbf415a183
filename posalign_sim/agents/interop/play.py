"""Plays a scenario with players of other libraries in its external seats."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from posalign_sim.agents.interop.foreign import (
    Act,
    Foreign,
    IllegalActError,
    Player,
    Stalled,
    time_limit,
)
from posalign_sim.world.compiler import Mode
from posalign_sim.world.draws import key_of, mix
from posalign_sim.world.engine import engine
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.faults import BAD_CHOICE, FOREIGN_ERROR, FOREIGN_STALL
from posalign_sim.world.modules import External
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session, start
from posalign_sim.world.simulate import Run, check_conservation
from posalign_sim.world.structure import Point

#: Tells apart the luck of players from all other luck of a world.
_LUCK = key_of("foreign player")


@dataclass(frozen=True)
class Failure:
    """Why a player of another library ended its world."""

    world: int
    seat: int
    player: str
    decision: str
    cause: str


@dataclass(frozen=True)
class ForeignRun(Run):
    """A run in which players of other libraries decided.

    Attributes:
        failures: what players did that ended their worlds, in order.
    """

    failures: tuple[Failure, ...] = ()

    @property
    def faults(self) -> pd.DataFrame:
        """As of any run, and `seat`, `player`, `decision`, `cause` where a player did it."""
        found = super().faults
        more = pd.DataFrame(self.failures, columns=list(Failure.__annotations__))
        return found.merge(more.astype({"world": found["world"].dtype}), "left", "world")

    def table(self) -> pd.DataFrame:
        """As of any run, and `failure`: what a player did that ended the world, or nothing."""
        found = super().table()
        words = {
            f.world: f"{f.player}, seat {f.seat}, {f.decision}: {f.cause}" for f in self.failures
        }
        found["failure"] = [words.get(world, "") for world in found["world"]]
        return found


def play(
    scenario: Scenario,
    players: Mapping[int | str, Foreign],
    worlds: int = 1,
    seed: int = 0,
    *,
    pairs: Any = None,
    limit: float = 10.0,
    mode: Mode = "compiled",
    progress: bool = True,
) -> ForeignRun:
    """Run worlds to their ends with players of other libraries in some seats.

    All others are played by the scenario's own agents. A player that raises, takes longer than
    `limit` or answers with what is no legal act ends its world with a fault; the others go on, and
    the run's `faults` and `table()` say what happened. Its answer never becomes a move.

    Args:
        scenario: what is played; seats may already be filled with `External()`.
        players: who fills which external seat: its number, or its name in views (`player_0`).
        worlds: how many worlds; each has players of its own.
        seed: of the study. Players' own luck derives from it too, where their library lets it.
        pairs: pair number of each world, as in `simulate`.
        limit: seconds that one decision may take; see `time_limit` for where that interrupts.
        mode: as in `simulate`.
        progress: whether to show a progress bar after two seconds.

    Raises:
        ConfigurationError: a seat does not exist or nobody fills it, or a player does not fit.
    """
    if not limit > 0:
        raise ConfigurationError(f"limit is a positive number of seconds, not {limit!r}")
    filled = _seated(scenario, players)
    seats = list(scenario.seats)
    for seat in filled:
        seats[seat] = seats[seat] if isinstance(seats[seat], External) else External()
    # They may look at whatever a seat can see: nothing of it is left out.
    scenario = scenario.reseated(seats).replace(features=None)
    for seat, foreign in filled.items():
        foreign.check(scenario, seat)
        for point in scenario.structure.points:
            if point.decision.name not in foreign.knows and _asks(scenario, point, seat):
                _check_default(foreign, seat, point)
    session = start(scenario, worlds, seed, pairs=pairs, mode=mode)
    with warnings.catch_warnings(), time_limit(limit) as call:
        # What other libraries warn their own users of is nothing that ours can mend.
        warnings.filterwarnings("ignore", module=r"(axelrod|negmas|dask)(\.|$)")
        failures = _Play(session, filled, call, limit).to_the_end(progress)
    check_conservation(session.worlds)
    runner = engine(scenario.structure, mode)
    return ForeignRun(
        scenario, session.worlds, None, runner.text, runner.text_hash, tuple(failures)
    )


class _Play:
    """A session, its players, and what they did wrong."""

    def __init__(
        self, session: Session, filled: Mapping[int, Foreign], call: Any, limit: float
    ) -> None:
        self.session, self.filled, self.call, self.limit = session, filled, call, limit
        self.players: dict[tuple[int, int], Player] = {}
        self.failures: list[Failure] = []

    def to_the_end(self, progress: bool) -> list[Failure]:
        session = self.session
        with tqdm(
            total=len(session.worlds), unit="world", delay=2, disable=not progress, leave=False
        ) as bar:
            while session.count:
                self.step()
                bar.update(int((session.ended > 0).sum()) - bar.n)
        return self.failures

    def step(self) -> None:
        """Let everybody who is asked decide; worlds in which that fails go no further."""
        session = self.session
        choices = np.zeros(session.count, np.int64)
        arguments = session.lows[: session.count].copy()
        failed: dict[int, int] = {}
        for row in range(session.count):
            world = int(session.world[row])
            if world in failed:
                continue
            point, foreign = self.asked(row)
            if point.decision.name not in foreign.knows:
                w, seat = session.worlds[world], int(session.seat[row])
                choices[row], given = default_act(session.scenario, point, w, seat)
                arguments[row, : len(given)] = given
                continue
            code, cause = 0, ""
            try:
                choices[row], given = self.call(lambda row=row: self.decide(row))
                arguments[row, : len(given)] = given
                if not session.legal(row, int(choices[row]), arguments[row]):
                    raise IllegalActError(self.described(row, int(choices[row]), given))
            except Stalled:
                code, cause = FOREIGN_STALL, f"took longer than {self.limit:g} s"
            except IllegalActError as error:
                code, cause = BAD_CHOICE, str(error)
            except (Exception, SystemExit) as error:
                code, cause = FOREIGN_ERROR, f"{type(error).__name__}: {error}"
            if code:
                failed[world] = code
                self.note(row, cause)
        if failed:
            kept = ~np.isin(session.world[: session.count], list(failed))
            choices, arguments = choices[kept], arguments[kept]
            for world, code in failed.items():
                session.stop(world, code)
            # Lists anew who waits: the same rows, less those of the worlds that are over.
            session.go_on()
        if session.count:
            session.advance(choices, arguments)

    def asked(self, row: int) -> tuple[Point, Foreign]:
        """What is asked in a waiting row, and of whom."""
        return self.session.points[self.session.decision[row]], self.filled[self.session.seat[row]]

    def decide(self, row: int) -> Act:
        """What the player of a waiting row does; there is another one in each world."""
        session, (point, foreign) = self.session, self.asked(row)
        world, seat = int(session.world[row]), int(session.seat[row])
        w = session.worlds[world]
        if (world, seat) not in self.players:
            luck = mix(mix(int(w.key), _LUCK), int(w.birth[seat]))
            self.players[world, seat] = foreign.player(session.scenario, seat, world, luck)
        return self.players[world, seat].decide(w.sight, seat, point.decision)

    def described(self, row: int, choice: int, given: Any) -> str:
        """An act, in words."""
        decision = self.asked(row)[0].decision
        inside = 0 <= choice < len(decision.choices)
        label = decision.choices[choice] if inside else str(choice)
        return f"{' '.join([label, *map(str, given)])} is illegal here"

    def note(self, row: int, cause: str) -> None:
        point, foreign = self.asked(row)
        where = int(self.session.world[row]), int(self.session.seat[row])
        cause = " ".join(cause.split())[:500]
        self.failures.append(Failure(*where, foreign.name, point.name, cause))


def default_act(scenario: Scenario, point: Point, w: Any, i: int) -> Act:
    """What a seat does at a decision for which nobody has a function, as the engine has it.

    Raises:
        ConfigurationError: the decision has no default.
    """
    own, name = w[point.module], point.decision.name
    if scenario.structure.governs(dict(scenario.structure.modules)[point.module]):
        own = own[int(w.jurisdiction[i])]
    lows = [column.low for column in point.decision.columns(scenario.structure.sizes)]
    if f"default_{name}" in point.functions:
        found = point.functions[f"default_{name}"](w, own, i)
        return (int(found[0]), found[1:]) if isinstance(found, tuple) else (int(found), lows)
    if point.decision.default is not None:
        return point.decision.choices.index(point.decision.default), lows
    gain, price, *_ = point.functions[f"stakes_{name}"](w, own, i)
    return (1 if gain >= price - 1e-9 else 0), lows


def _asks(scenario: Scenario, point: Point, seat: int) -> bool:
    """Whether a seat can be asked at a decision, by its role."""
    return scenario.role_of(seat) in (point.decision.roles or scenario.game.roles)


def _check_default(foreign: Foreign, seat: int, point: Point) -> None:
    name, functions = point.decision.name, point.functions
    ways = (f"default_{name}", f"stakes_{name}")
    if point.decision.default is None and not any(way in functions for way in ways):
        raise ConfigurationError(
            f"seat {seat}: {foreign.name} cannot decide {point.name}, which has no default; it "
            f"knows {', '.join(foreign.knows)}"
        )


def _seated(scenario: Scenario, players: Mapping[int | str, Foreign]) -> dict[int, Foreign]:
    """Who fills which seat, by number."""
    names: dict[str, int] = {}
    count: dict[str, int] = {}
    for seat in range(len(scenario.seats)):
        role = scenario.role_of(seat)
        names[f"{role}_{count.setdefault(role, 0)}"] = seat
        count[role] += 1
    filled: dict[int, Foreign] = {}
    for where, foreign in players.items():
        if isinstance(where, str) and where not in names:
            raise ConfigurationError(f"no seat is called {where!r}: {nearest(where, names)}")
        seat = names[where] if isinstance(where, str) else int(where)
        if not 0 <= seat < len(names):
            raise ConfigurationError(f"there is no seat {seat}: seats are 0..{len(names) - 1}")
        if seat in filled:
            raise ConfigurationError(f"seat {seat} is filled twice")
        if not isinstance(foreign, Foreign):
            raise ConfigurationError(
                f"{where}: {foreign!r} is no player of another library; wrap it, such as in "
                "AxelrodPlayer or NegmasNegotiator"
            )
        filled[seat] = foreign
    if not filled:
        raise ConfigurationError("nobody of another library plays: use simulate()")
    for name, seat in names.items():
        if isinstance(scenario.seats[seat], External) and seat not in filled:
            raise ConfigurationError(f"{name} is external and nobody fills it: name it in players")
    return filled
