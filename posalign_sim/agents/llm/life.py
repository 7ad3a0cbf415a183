"""One world while it is played: what its models remember, hear and have noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.diary import Diary, Event, Log
from posalign_sim.agents.llm.notes import Notes
from posalign_sim.agents.llm.quoting import said
from posalign_sim.agents.llm.talk import HeardWords, Talk, heard_now
from posalign_sim.envs.views.text import company
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session


class Life:
    """What the models of one world remember, and how often they were asked.

    Args:
        scenario: of the world.
        seats: how each seat is asked that a model holds.
        session: of this world alone.
        kept: how many events stay in its log; see `Log`.

    Attributes:
        notes: of each seat that keeps any.
    """

    def __init__(
        self, scenario: Scenario, seats: Mapping[int, Asking], session: Session, kept: int = 0
    ) -> None:
        """See the class."""
        self.scenario, self.seats, self.session = scenario, seats, session
        self.notes = {
            seat: Notes(asking.notes, asking.reflect_every)
            for seat, asking in seats.items()
            if asking.memory == "notes"
        }
        self._diaries = {seat: Diary(asking.history) for seat, asking in seats.items()}
        self._log = Log(scenario, kept)
        self._talk = Talk(scenario)
        self._own: list[tuple[int, int, str]] = []
        # What each seat hears now; and all that it has heard in this round, in order.
        self._hears: dict[int, list[HeardWords]] = {seat: [] for seat in seats}
        self._heard: dict[int, dict[HeardWords, None]] = {seat: {} for seat in seats}
        self._asked: Counter[tuple[int, int]] = Counter()
        self._clock = -1
        self._generation = session.worlds[0]["generation"].copy()

    def remember(self) -> list[tuple[Event, str]]:
        """Let seats note what has happened since one was last asked, and with whom they play.

        All do, also who is not asked now: what happens to a seat does not wait for its turn.

        Returns:
            What has happened, each event with the line that tells of it.
        """
        w = self.session.worlds[0]
        clock = int(w["clock"])
        if clock != self._clock:
            self._turn(clock)
        happened = self._log.take(w)
        owner = w["owner"][: int(w["identities"])] if self.scenario.faces > 1 else None
        begun_anew = np.flatnonzero(w["generation"] != self._generation).tolist()
        if begun_anew:
            self._generation = w["generation"].copy()
            self._talk.drop(begun_anew)
        for seat, diary in self._diaries.items():
            own = {seat} if owner is None else set(np.flatnonzero(owner == seat).tolist())
            plays = seat < self.scenario.agents
            diary.meet(clock, company(self.scenario.structure, w, seat) if plays else ())
            diary.note(happened, own)
            for identity in begun_anew:
                if identity not in own:
                    diary.forget(identity, clock)
        for seat, spoken, words in self._own:
            self._diaries[seat].add(spoken, f'your words: "{words}"')
        self._own.clear()
        for seat in self.seats:
            self._hears[seat] = self._talk.heard(w, seat)
            self._heard[seat].update(dict.fromkeys(self._hears[seat]))
        return happened

    def close(self) -> list[tuple[Event, str]]:
        """Leave the log as whoever reads it later expects it; what has happened last."""
        return self._log.close(self.session.worlds[0])

    def lived(self, seat: int) -> str:
        """What a seat has lived through, what it hears now, and its notes: parts of its prompt."""
        notes = self.notes.get(seat)
        parts = [
            self._diaries[seat].text(),
            heard_now(self._hears[seat], self._clock),
            notes.text() if notes else "",
        ]
        return "\n\n".join(part for part in parts if part)

    def say(self, row: int, words: str) -> None:
        """Take the words that a waiting row sends with its choice, if any.

        Args:
            row: a waiting row.
            words: as `one_line` gives them.
        """
        if words:
            session = self.session
            seat = int(session.seat[row])
            identity = int(session.worlds[0]["face"][seat])
            point = session.points[session.decision[row]]
            self._talk.say(point, identity, self._clock, words)
            self._own.append((seat, self._clock, words))

    def place(self, study: str, row: int) -> tuple[str, int, int, str, int]:
        """Where a waiting row is: study, world, round, decision, seat.

        Args:
            study: what part of which study it is.
            row: the row, once for each time that it waits.
        """
        session = self.session
        seat, number = int(session.seat[row]), int(session.decision[row])
        self._asked[seat, number] += 1
        times = self._asked[seat, number]
        name = session.points[number].name
        w = session.worlds[0]
        decision = name if times == 1 else f"{name} ({times})"
        return study, int(w["pair"]), int(w["clock"]), decision, seat

    def _turn(self, clock: int) -> None:
        """Another round: what was heard in the last one is remembered like all that happened."""
        for seat, heard in self._heard.items():
            for one in heard:
                age = self._clock - one.spoken
                line = said(one.words, one.identity, age)
                self._diaries[seat].add(self._clock, line, one.identity)
            heard.clear()
        self._talk.forget(clock)
        self._asked.clear()
        self._clock = clock


__all__ = ["Life"]
