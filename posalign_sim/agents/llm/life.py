"""One world while models play it: what they remember of it, and how often they were asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.diary import Diary, Log
from posalign_sim.envs.views.text import company
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session


class Life:
    """One world while it is played.

    Args:
        scenario: of the world; it must have room for events.
        seats: how each model's seat is asked.
        session: of the one world.
        kept: how many events stay in its log; see `Log`.

    Attributes:
        session: of the one world.
        diaries: what each model's seat has lived through.
    """

    def __init__(
        self, scenario: Scenario, seats: Mapping[int, Asking], session: Session, kept: int = 0
    ) -> None:
        """See the class."""
        self.scenario, self.session = scenario, session
        self.diaries = {seat: Diary(asking.history) for seat, asking in seats.items()}
        self._log = Log(scenario, kept)
        self._asked: Counter[tuple[int, int]] = Counter()
        self._clock = -1
        self._generation = session.worlds[0]["generation"].copy()

    def remember(self) -> None:
        """Let seats note what has happened since one was last asked, and with whom they play.

        All do, also who is not asked now: what happens to a seat does not wait for its turn.
        """
        w = self.session.worlds[0]
        clock = int(w["clock"])
        if clock != self._clock:
            self._asked.clear()
            self._clock = clock
        happened = self._log.take(w)
        begun_anew = np.flatnonzero(w["generation"] != self._generation).tolist()
        if begun_anew:
            self._generation = w["generation"].copy()
        owner = w["owner"][: int(w["identities"])] if self.scenario.faces > 1 else None
        for seat, diary in self.diaries.items():
            own = {seat} if owner is None else set(np.flatnonzero(owner == seat).tolist())
            plays = seat < self.scenario.agents
            diary.meet(clock, company(self.scenario.structure, w, seat) if plays else ())
            diary.note(happened, own)
            for identity in begun_anew:
                if identity not in own:
                    diary.forget(identity, clock)

    def close(self) -> None:
        """Leave the log as whoever reads it later expects it."""
        self._log.close(self.session.worlds[0])

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
