"""Courses that a round may take: played by the engine itself, in copies of the world.

What a question supposes and what comes of it are one thing: all that is said of the course is what
was asked and chosen in the copies, and the right answer is what was paid there.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from posalign_sim.agents.llm.probes.situations import (
    Act,
    Situation,
    acts_of,
    question_of,
    together,
)
from posalign_sim.world.accounts import MINOR
from posalign_sim.world.draws import mix
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.events import POSTING
from posalign_sim.world.faults import MODEL_SILENT
from posalign_sim.world.session import Session

#: Copies in each of which luck falls out otherwise: what differs between them cannot be known.
LUCKS = 16
#: Decisions in a copy before it is given up.
LONGEST = 200


class UnfitError(Exception):
    """A course cannot be taken: what it says is not legal when it comes to it."""


@dataclass
class Course:
    """What everybody does whenever asked, from a situation on: drawn by lot when it first matters.

    Attributes:
        situation: where it begins.
        luck: by which acts are drawn.
        acts: what each seat does at each decision, by seat and name of the decision.
        asked: the questions of the decisions that came up, in order.
    """

    situation: Situation
    luck: random.Random
    acts: dict[tuple[int, str], Act] = field(default_factory=dict)
    asked: dict[tuple[int, str], str] = field(default_factory=dict)

    def but(self, changed: Mapping[tuple[int, str], Act]) -> Course:
        """The same course, except for some acts; what is drawn later is drawn for both."""
        found = Course(self.situation, self.luck, {**self.acts, **changed}, dict(self.asked))
        return found

    def lines(self, unsaid: Sequence[tuple[int, str]] = ()) -> list[str]:
        """The course in words, one line for each who is asked something; some are left out."""
        me = self.situation.seat
        return [
            f'- {who(self.situation, seat, me)}, asked "{question}": {self.acts[seat, name].words}'
            for (seat, name), question in self.asked.items()
            if (seat, name) not in unsaid
        ]


def who(situation: Situation, seat: int, me: int) -> str:
    """How a seat is spoken of to another, or to itself."""
    return "you" if seat == me else f"player {situation.face(seat)}"


def gains(
    course: Course,
    branches: Sequence[Sequence[Act]],
    rounds: int = 1,
    copies_of: tuple[int, str] | None = None,
) -> np.ndarray[Any, Any]:
    """`[branches, LUCKS]` what the seat gains from the situation on, in points.

    Args:
        course: what everybody does, except for what the branches say. What was not said yet is
            drawn, and is the same in all branches.
        branches: what the seat does at the decision of the situation: in this round, in the next
            one, and so on; the last act is kept to.
        rounds: in how many rounds, the present one included.
        copies_of: a seat and its decision, at which it does in each later round what the asked
            seat did in the round before.

    Raises:
        UnfitError: an act is not legal when it comes to it, or the game goes on for too long.
    """
    here = course.situation
    scenario, me, mine = here.scenario, here.seat, here.point.name
    first = here.clock
    count = len(branches) * LUCKS
    ws = here.session.worlds[[0] * count].copy()
    ws["event_count"] = 0
    for copy in range(count):
        key = mix(int(ws["key"][copy]), copy % LUCKS + 1)
        ws["key"][copy] = key
        ws["sight"]["round_key"][copy] = mix(key, first)
    partner = ws["partner"][0, me]
    session = Session(scenario, ws, here.mode, 0)
    for _ in range(LONGEST):
        if not session.count:
            break
        done = {
            int(world)
            for world in session.world[: session.count]
            if ws["clock"][world] >= first + rounds
        }
        if done:
            for world in done:
                session.stop(world, MODEL_SILENT)
            session.go_on()
            continue
        acts = []
        for row in range(session.count):
            world, seat = int(session.world[row]), int(session.seat[row])
            point = session.points[int(session.decision[row])]
            later = int(ws["clock"][world]) - first
            branch = branches[world // LUCKS]
            if copies_of is not None and ws["partner"][world, me] != partner:
                raise UnfitError("whom the seat faces changes")
            if seat == me and point.name == mine:
                act = branch[min(later, len(branch) - 1)]
            elif (seat, point.name) == copies_of and later > 0:
                act = branch[min(later - 1, len(branch) - 1)]
            else:
                act = _planned(course, session, row)
            if not session.legal(row, act.choice, np.array(act.arguments, np.int64)):
                raise UnfitError(f"{act.words} is not legal at {point.name}")
            acts.append(act)
        session.advance(*together(acts, session))
    if session.count:
        raise UnfitError(f"the course is not over after {LONGEST} decisions")
    return _paid(here, ws, first + rounds).reshape(len(branches), LUCKS)


def _planned(course: Course, session: Session, row: int) -> Act:
    seat = int(session.seat[row])
    point = session.points[int(session.decision[row])]
    key = (seat, point.name)
    if key not in course.acts:
        course.acts[key] = acts_of(session, row, course.luck)[0]
    course.asked.setdefault(key, question_of(point))
    return course.acts[key]


def _paid(here: Situation, ws: Any, until: int) -> np.ndarray[Any, Any]:
    """What the seat was paid in each copy, less what it paid, before a round; held points count."""
    room = here.scenario.events
    own = list(here.owned(here.seat))
    found = np.zeros(len(ws))
    for copy, w in enumerate(ws):
        if w["fault"] not in (0, MODEL_SILENT):
            raise UnfitError(f"the copy stops with fault {w['fault']}")
        count = int(w["event_count"])
        if count > room:
            raise ConfigurationError(
                f"a course had {count} events, room was for {room}: give the scenario events="
            )
        log = w["events"][:count]
        log = log[(log["kind"] == POSTING) & (log["clock"] < until)]
        got, gave = np.isin(log["target"], own), np.isin(log["actor"], own)
        found[copy] = (log["first"] * got).sum() - (log["first"] * gave).sum()
    return found / MINOR
