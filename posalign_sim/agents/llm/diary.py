"""What a seat has lived through: the events that concerned it, for as many rounds as it is told of.

A seat learns of what it did itself, of acts towards it or towards everybody at its table, of
findings about it or about what was done to it, and of money that it paid or got. What others chose,
paid each other and did to third parties it learns only from what institutions publish.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from posalign_sim.envs.views.transcript import told
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.events import KINDS
from posalign_sim.world.record import GROUP
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.structure import Point

#: Of the section of a prompt that tells of it.
TITLE = "What happened to you in the last rounds"


class Event(NamedTuple):
    """One entry of a world's log; see `world.events`."""

    clock: int
    kind: str
    actor: int
    target: int
    place: str
    first: float
    second: float


class _Entry(NamedTuple):
    """A line of a diary, and the identities that it is about."""

    names: tuple[int, ...]
    line: str


class Log:
    """Takes events out of a world's log as it goes on, so that a short log does.

    Args:
        scenario: of the world; it must have room for events.
        kept: how many events, from the first on, stay in the log for who wants to read it later.

    Attributes:
        points: the decisions of the round, by name.
    """

    def __init__(self, scenario: Scenario, kept: int = 0) -> None:
        """See the class."""
        self.scenario = scenario
        structure = scenario.structure
        self.points: Mapping[str, Point] = {point.name: point for point in structure.points}
        self._names = {point.key: point.name for point in structure.points}
        self._kept = kept
        self._place = self._total = 0

    def take(self, w: Any) -> list[tuple[Event, str]]:
        """What has happened since the last time, each with the line that tells of it.

        Args:
            w: the world's record, which waits for a decision or is over.

        Raises:
            ConfigurationError: more has happened than there is room for.
        """
        count, room = int(w["event_count"]), self.scenario.events
        if count > room:
            raise ConfigurationError(
                f"{count - self._place} events between two decisions of language models, and room "
                f"for {room - self._place}: give the scenario events={2 * count}"
            )
        entries = w["events"][self._place : count].tolist()
        self._total += count - self._place
        self._place = min(count, self._kept)
        w["event_count"] = self._place
        return list(told(self._read(entries), self.points, self.scenario))

    def close(self, w: Any) -> list[tuple[Event, str]]:
        """Say how many events there were; what did not stay is missing for all who read the log.

        Returns:
            As `take` does: what has happened last.
        """
        last = self.take(w)
        whole = self._total <= self._kept
        w["event_count"] = self._total if whole else max(self._total, self.scenario.events + 1)
        return last

    def _read(self, entries: Sequence[Any]) -> Iterator[Event]:
        for clock, kind, actor, target, place, first, second in entries:
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
        self._clock = 0
        self._lines: dict[int, list[_Entry]] = {}
        self._company: dict[int, Collection[int]] = {}
        self._words: dict[int, str] = {}  # of rounds to which nothing was added since

    def meet(self, clock: int, company: Collection[int]) -> None:
        """Note with whom the seat plays now, and forget what is too long ago.

        Args:
            clock: the round.
            company: the identities with whom it plays.
        """
        self._clock = clock
        self._company[clock] = company
        for kept in (self._lines, self._company, self._words):
            for old in [old for old in kept if old <= clock - self.rounds]:
                del kept[old]

    def note(self, happened: Sequence[tuple[Event, str]], own: Collection[int]) -> None:
        """Write down what concerns the seat.

        Args:
            happened: events, each with the line that tells of it.
            own: the identities that are the seat's.
        """
        for event, line in happened:
            if event.clock > self._clock - self.rounds and self._concerns(event, own):
                entry = _Entry((event.actor, event.target), as_you(line, event, own))
                self._lines.setdefault(event.clock, []).append(entry)
                self._words.pop(event.clock, None)

    def forget(self, identity: int, clock: int) -> None:
        """Strike out what names an identity that was given up: who has it now is a stranger.

        Args:
            identity: which one.
            clock: the round from which on it is another's.
        """
        for then, lines in self._lines.items():
            if then < clock:
                self._words.pop(then, None)
                lines[:] = [entry for entry in lines if identity not in entry.names]

    def add(self, clock: int, line: str, *names: int) -> None:
        """Write down what else there was in a round.

        Args:
            clock: which round.
            line: as it is told.
            *names: identities that it names.
        """
        if clock > self._clock - self.rounds:
            self._lines.setdefault(clock, []).append(_Entry(names, line))
            self._words.pop(clock, None)

    def text(self) -> str:
        """The section of a prompt that tells of it; empty if nothing has happened."""
        parts = [self._told(clock) for clock in sorted(self._lines) if self._lines[clock]]
        return "\n".join([f"## {TITLE}", *parts]) if parts else ""

    def _told(self, clock: int) -> str:
        if clock not in self._words:
            lines = [f"- {entry.line}" for entry in self._lines[clock]]
            self._words[clock] = "\n".join([f"Round {clock + 1}", *lines])
        return self._words[clock]

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
        line = _name_of(identity).sub("you", line)
    return _YOU_DO.sub(r"you \1", line)


_YOU_DO = re.compile(r"\byou (pay|move|turn)s\b")


@lru_cache(maxsize=4096)
def _name_of(identity: int) -> re.Pattern[str]:
    return re.compile(rf"\bplayer {identity}\b")
