"""What a seat has lived through: the events that concerned it, for as many rounds as it is told of.

A seat learns of what it did itself, of acts towards it or towards everybody at its table, of
findings about it or about what was done to it, and of money that it paid or got. What others chose,
paid each other and did to third parties it learns only from what institutions publish.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from posalign_sim.envs.views.transcript import told
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.events import ARGUMENT, KINDS
from posalign_sim.world.record import GROUP
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.structure import Point


class Event(NamedTuple):
    """One entry of a world's log; see `world.events`."""

    clock: int
    kind: str
    actor: int
    target: int
    place: str
    first: float
    second: float


class Log:
    """Takes events out of a world's log as it goes on, so that a short log does.

    Args:
        scenario: of the world; it must have room for events.

    Attributes:
        points: the decisions of the round, by name.
    """

    def __init__(self, scenario: Scenario) -> None:
        """See the class."""
        self.scenario = scenario
        structure = scenario.structure
        self.points: Mapping[str, Point] = {point.name: point for point in structure.points}
        self._names = {point.key: point.name for point in structure.points}

    def take(self, w: Any) -> list[tuple[Event, str]]:
        """What has happened since the last time, each with the line that tells of it.

        Args:
            w: the world's record, which waits for a decision or is over.

        Raises:
            ConfigurationError: there was no room for all of it.
        """
        count = int(w["event_count"])
        if count > self.scenario.events:
            raise ConfigurationError(
                f"{count} events between two decisions of language models, and room for "
                f"{self.scenario.events}: give the scenario events={2 * count}"
            )
        entries = w["events"][:count].tolist()
        w["event_count"] = 0
        return list(told(self._read(entries), self.points, self.scenario))

    def _read(self, entries: Sequence[Any]) -> Iterator[Event]:
        begun = False
        for clock, kind, actor, target, place, first, second in entries:
            begun = begun or kind != ARGUMENT
            if begun:
                where = self._names.get(place, "")
                yield Event(clock, KINDS[kind], actor, target, where, first, second)


class Diary:
    """The last rounds of one seat, in words.

    Args:
        rounds: of how many rounds it tells, the present one included.
    """

    def __init__(self, rounds: int) -> None:
        """See the class."""
        self.rounds = rounds
        self._lines: dict[int, list[str]] = {}
        self._company: dict[int, Collection[int]] = {}

    def meet(self, clock: int, company: Collection[int]) -> None:
        """Note with whom the seat plays in a round."""
        self._company[clock] = company

    def note(self, happened: Sequence[tuple[Event, str]], own: Collection[int]) -> None:
        """Write down what concerns the seat.

        Args:
            happened: events, each with the line that tells of it.
            own: the identities that are the seat's.
        """
        if not self.rounds:
            return
        for event, line in happened:
            if self._concerns(event, own):
                self._lines.setdefault(event.clock, []).append(as_you(line, event, own))
        for kept in (self._lines, self._company):
            for clock in sorted(kept)[: -self.rounds]:
                del kept[clock]

    def add(self, clock: int, line: str) -> None:
        """Write down what else there was in a round.

        Args:
            clock: which round.
            line: as it is told.
        """
        if self.rounds:
            self._lines.setdefault(clock, []).append(line)

    def text(self) -> str:
        """The section of a prompt that tells of it; empty if nothing has happened."""
        parts = []
        for clock, lines in sorted(self._lines.items())[-self.rounds :] if self.rounds else ():
            parts += [f"Round {clock + 1}", *(f"- {line}" for line in lines)]
        return "\n".join(["## What happened to you in the last rounds", *parts]) if parts else ""

    def _concerns(self, event: Event, own: Collection[int]) -> bool:
        if event.actor in own:
            return True
        if event.kind == "interaction" and event.target == GROUP:
            return event.actor in self._company.get(event.clock, ())
        return event.kind in ("interaction", "finding", "posting") and event.target in own


def as_you(line: str, event: Event, own: Collection[int]) -> str:
    """A line as the seat reads it that holds these identities.

    >>> act = Event(0, "interaction", 1, 11, "", 0.0, 2.0)
    >>> as_you("act: player 1 towards player 11, cooperation 0.0, harm 2.0 points", act, {11})
    'act: player 1 towards you, cooperation 0.0, harm 2.0 points'
    """
    if event.kind == "interaction" and event.target not in own:
        line = line.partition(", harm ")[0]  # what an act was worth to others is theirs to know
    for identity in own:
        line = re.sub(rf"\bplayer {identity}\b", "you", line)
    return re.sub(r"\byou (pay|move|turn)s\b", r"you \1", line)
