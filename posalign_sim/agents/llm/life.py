"""A world of language models while it is played: what they remember, how often they are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.diary import Diary, Log
from posalign_sim.envs.views.text import company
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session

#: Events of a world between two decisions of its models, at least and for each seat.
EVENTS, EVENTS_EACH = 512, 64


def log_room(scenario: Scenario) -> int:
    """For how many events a world needs room: for those between two decisions of its models."""
    return max(scenario.events, EVENTS, EVENTS_EACH * len(scenario.seats))


class Life:
    """One world while it is played: what its models remember, and how often they were asked.

    Args:
        scenario: of the world, with room for events.
        seats: how each seat is asked that is a model's.
        session: of this world alone.

    Attributes:
        diaries: of each of these seats.
    """

    def __init__(self, scenario: Scenario, seats: Mapping[int, Asking], session: Session) -> None:
        """See the class."""
        self.scenario, self.session = scenario, session
        self.diaries = {seat: Diary(asking.history) for seat, asking in seats.items()}
        self._log = Log(scenario)
        self._asked: Counter[tuple[int, int]] = Counter()
        self._clock = -1

    def remember(self) -> None:
        """Let seats note what has happened since they were last asked, and whom they face now."""
        session = self.session
        w = session.worlds[0]
        clock = int(w["clock"])
        if clock != self._clock:
            self._asked.clear()
            self._clock = clock
        happened = self._log.take(w)
        owner = w["owner"][: int(w["identities"])] if self.scenario.faces > 1 else None
        for seat, diary in self.diaries.items():
            own = {seat} if owner is None else set(np.flatnonzero(owner == seat).tolist())
            diary.note(happened, own)
        for seat in session.seat[: session.count].tolist():
            if seat < self.scenario.agents:
                self.diaries[seat].meet(clock, company(self.scenario.structure, w, seat))

    def place(self, study: str, row: int) -> tuple[str, int, int, str, int]:
        """Where a waiting row is: study, world, round, decision, seat."""
        session = self.session
        seat, number = int(session.seat[row]), int(session.decision[row])
        self._asked[seat, number] += 1
        times = self._asked[seat, number]
        name = session.points[number].name
        w = session.worlds[0]
        decision = name if times == 1 else f"{name} ({times})"
        return study, int(w["pair"]), int(w["clock"]), decision, seat
