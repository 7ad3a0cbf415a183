"""Situations of a scenario: worlds played at random up to a decision of a model's seat."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from posalign_sim.agents.language_model import Asking, LanguageModel
from posalign_sim.agents.llm.converse import EVENTS
from posalign_sim.agents.llm.diary import Diary, Event, Log
from posalign_sim.agents.llm.prompts import prompt
from posalign_sim.envs.views.reply import answer_for, options_of
from posalign_sim.envs.views.text import company
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import External
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session
from posalign_sim.world.structure import Point

#: Rounds of a world, and decisions in it, among which situations are picked.
ROUNDS, STEPS = 6, 300
#: Acts that a question names at most.
ACTS = 5


class Act(NamedTuple):
    """One legal action: a choice, its arguments, and both in words."""

    choice: int
    arguments: tuple[int, ...]
    words: str


@dataclass(frozen=True)
class Choice:
    """What a seat has chosen, and when."""

    clock: int
    seat: int
    point: Point
    act: Act


@dataclass
class Situation:
    """A world that waits for a decision of a seat that a model holds.

    Attributes:
        scenario: what is played; every seat is decided from outside.
        session: of this one world.
        row: the waiting row that is asked about.
        asking: how the seat is asked.
        seed: of the luck with which questions are made.
        diaries: what each seat has lived through.
        events: what has happened.
        choices: what has been chosen.
        mode: in which worlds are played.
    """

    scenario: Scenario
    session: Session
    row: int
    asking: Asking
    seed: str
    diaries: dict[int, Diary]
    events: list[Event] = field(repr=False)
    choices: list[Choice] = field(repr=False)
    mode: Mode = "compiled"

    @property
    def world(self) -> Any:
        """The record of the world."""
        return self.session.worlds[0]

    @property
    def clock(self) -> int:
        """Number of the round, from 0."""
        return int(self.world["clock"])

    @property
    def seat(self) -> int:
        """The seat that is asked."""
        return int(self.session.seat[self.row])

    @property
    def point(self) -> Point:
        """The decision that is asked about."""
        return self.session.points[int(self.session.decision[self.row])]

    @property
    def lived(self) -> str:
        """What the seat has lived through, in words."""
        return self.diaries[self.seat].text()

    def luck(self, purpose: str) -> random.Random:
        """Chance for one purpose, the same whenever it is asked for."""
        return random.Random(f"{self.seed}/{purpose}")

    def told(self, row: int | None = None) -> tuple[str, str]:
        """The prompt of a waiting seat without what is asked: system, and situation."""
        row = self.row if row is None else row
        diary = self.diaries[int(self.session.seat[row])].text()
        (system, user), form = prompt(self.session, row, self.asking, diary)
        # What is asked is the last section of a prompt, whatever its language.
        return system.text, user.text.removesuffix(form).rpartition("\n## ")[0].rstrip()

    def face(self, seat: int) -> int:
        """The identity under which a seat is known now."""
        return int(self.world["face"][seat])

    def owned(self, seat: int) -> set[int]:
        """All identities of a seat."""
        owner = self.world["owner"][: int(self.world["identities"])]
        return set(np.flatnonzero(owner == seat).tolist())

    def others(self) -> list[int]:
        """The seats with whom the seat plays now."""
        if self.seat >= self.scenario.agents:
            return []
        met = company(self.scenario.structure, self.world, self.seat)
        owner = self.world["owner"]
        return [int(owner[m]) for m in met if int(owner[m]) != self.seat]

    def row_of(self, seat: int) -> int | None:
        """The row in which a seat waits, too; None if it does not."""
        found = np.flatnonzero(self.session.seat[: self.session.count] == seat)
        return int(found[0]) if len(found) else None

    def acts(self, purpose: str = "acts") -> list[Act]:
        """What the seat may do, in an order drawn by lot; some of it, if that is much."""
        return self.acts_of_row(self.row, purpose)

    def acts_of_row(self, row: int, purpose: str = "acts") -> list[Act]:
        """The same of any seat that waits."""
        return acts_of(self.session, row, self.luck(purpose))[:ACTS]


def question_of(point: Point) -> str:
    """The question of a decision, in words."""
    decision = point.decision
    return decision.summary or f"Decide: {decision.name.replace('_', ' ')}."


def acts_of(session: Session, row: int, luck: random.Random) -> list[Act]:
    """Legal actions of a waiting row, in an order drawn by lot.

    Of a choice that carries arguments there are up to three: the least ones, the greatest ones, and
    one by lot, as far as they are legal together.
    """
    found: dict[str, Act] = {}
    for option in options_of(session, row):
        low, high = (bounds[row].tolist() for bounds in (session.lows, session.highs))
        drawn = [luck.randint(least, most) for least, most in zip(low, high, strict=True)]
        carried = {place for place, *_ in option.arguments}
        for numbers in (low, high, drawn) if option.arguments else (low,):
            # What the choice does not carry is at its least, as where replies are read.
            given = [n if k in carried else low[k] for k, n in enumerate(numbers)]
            if session.legal(row, option.number, np.array(given, np.int64)):
                words = answer_for(session, row, option.number, given).removeprefix("ANSWER: ")
                found[words] = Act(option.number, tuple(given), words)
    acts = list(found.values())
    luck.shuffle(acts)
    return acts


def situations(
    scenario: Scenario, usual: Asking, count: int, seed: int, mode: Mode = "compiled"
) -> list[Situation]:
    """Situations in which seats that models hold must decide, each from a world of its own.

    Everybody plays at random up to there, so that situations are as different as they can be.

    Args:
        scenario: what is played.
        usual: how seats are asked that say nothing else of it.
        count: how many, at most: worlds in which no such seat has a choice give none.
        seed: of the luck.
        mode: as in `simulate`.

    Raises:
        ConfigurationError: no seat is a language model, or none ever has a choice.
    """
    models = {
        seat: agent.asking(usual)
        for seat, agent in enumerate(scenario.seats)
        if isinstance(agent, LanguageModel)
    }
    if not models:
        raise ConfigurationError("probes need a seat that a language model holds: LanguageModel()")
    if count < 1:
        raise ConfigurationError(f"questions must be 1 or more, not {count}")
    everybody = [agent if isinstance(agent, External) else External() for agent in scenario.seats]
    opened = scenario.reseated(everybody).replace(
        features=None, events=max(scenario.events, EVENTS)
    )
    found = []
    for pair in range(count):
        occasions = _walk(opened, models, seed, pair, mode, None)
        if isinstance(occasions, Situation) or not occasions:
            continue
        step, row = random.Random(f"{seed}/{pair}/occasion").choice(occasions)
        situation = _walk(opened, models, seed, pair, mode, (step, row))
        assert isinstance(situation, Situation)
        found.append(situation)
    if not found:
        raise ConfigurationError("no seat that a language model holds ever has a choice to make")
    return found


def _walk(
    scenario: Scenario,
    models: dict[int, Asking],
    seed: int,
    pair: int,
    mode: Mode,
    until: tuple[int, int] | None,
) -> Situation | list[tuple[int, int]]:
    """Play a world at random: the occasions to ask a model's seat, or the one that is wanted."""
    luck = random.Random(f"{seed}/{pair}/play")
    session = Session(scenario, scenario.worlds(1, seed, [pair]), mode, seed)
    history = max(asking.history for asking in models.values())
    diaries = {
        seat: Diary(models[seat].history if seat in models else history)
        for seat in range(len(scenario.seats))
    }
    log, events, choices = Log(scenario), list[Event](), list[Choice]()
    occasions = []
    for step in range(STEPS):
        w = session.worlds[0]
        if not session.count or int(w["clock"]) >= ROUNDS:
            break
        happened = log.take(w)
        events += [event for event, _ in happened]
        owner = w["owner"][: int(w["identities"])]
        for seat, diary in diaries.items():
            diary.note(happened, set(np.flatnonzero(owner == seat).tolist()))
            if seat < scenario.agents:
                diary.meet(int(w["clock"]), company(scenario.structure, w, seat))
        acts = [acts_of(session, row, luck) for row in range(session.count)]
        for row, seat in enumerate(session.seat[: session.count].tolist()):
            if until == (step, row):
                return Situation(
                    scenario,
                    session,
                    row,
                    models[seat],
                    f"{seed}/{pair}",
                    diaries,
                    events,
                    choices,
                    mode,
                )
            if seat in models and len(acts[row]) > 1:
                occasions.append((step, row))
        for row, seat in enumerate(session.seat[: session.count].tolist()):
            point = session.points[int(session.decision[row])]
            choices.append(Choice(int(w["clock"]), seat, point, acts[row][0]))
        session.advance(*together([act[0] for act in acts], session))
    return occasions


def together(acts: Sequence[Act], session: Session) -> tuple[Any, Any]:
    """Acts of all waiting rows as `Session.advance` takes them."""
    width = session.lows.shape[1]
    arguments = np.array([act.arguments for act in acts], np.int64).reshape(len(acts), width)
    return np.array([act.choice for act in acts], np.int64), arguments
