"""Whether a seat has taken in what it is told: the rules in force, and what has happened to it.

What is right stands in the record of the world, and in the log of its events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from posalign_sim.agents.llm.probes.posing import (
    OFFERED,
    UNANSWERABLE,
    UNKNOWN,
    Outcome,
    Posing,
    examined,
    near,
    others,
)
from posalign_sim.agents.llm.probes.situations import Situation, question_of
from posalign_sim.envs.views.wording import ANNOUNCEMENTS, COMMON, frame_of, line, number
from posalign_sim.world.fields import Parameter, State
from posalign_sim.world.modules import ANNOUNCED, Institution, snake

# --- rules --------------------------------------------------------------------------------------


class _Fact(NamedTuple):
    """A number that a seat is told by its rules, or that is announced, or that might be.

    Attributes:
        where: it is told.
        name: by which the record knows it.
        told: its declaration.
        value: what it is.
    """

    where: str
    name: str
    told: Parameter | State
    value: float

    @property
    def words(self) -> str:
        """What it is, in the words in which it is told."""
        return self._line(self.value)[0]

    def said(self, value: float) -> str:
        """A value of it, in the form in which it is told."""
        return self._line(value)[1]

    def _line(self, value: float) -> tuple[str, str]:
        summary = self.told.summary or self.name.replace("_", " ")
        words, _, said = line(self.told, float(value), summary=summary).rpartition(": ")
        return words.removeprefix("- "), said


async def rules(posing: Posing) -> Outcome | None:
    """What the rules in force say: of the game, of its institutions, and what they announce."""
    here, luck = posing.situation, posing.luck()
    facts = list(_facts(here))
    if luck.random() < UNANSWERABLE:
        fact, right = luck.choice(_absent(here)), UNKNOWN
    else:
        if not facts:
            return None
        # Institutions and the game itself are asked about alike often.
        where = luck.choice(sorted({fact.where for fact in facts}))
        fact = luck.choice([fact for fact in facts if fact.where == where])
        right = fact.said(fact.value)
    alike = [other.value for other in facts if other.told.unit == fact.told.unit]
    numbers = near([fact.value, *alike], luck)
    fitting = (fact.said(x) for x in numbers if fact.told.low <= x <= fact.told.high)
    question = f"Which number are you told for this?\n{fact.where}: {fact.words}"
    return await examined(posing, question, right, others(right, fitting))


def _facts(here: Situation) -> Iterator[_Fact]:
    frame, w = frame_of(here.scenario.structure), here.world
    for module in (frame.game, *frame.institutions):
        own = w[module.name]
        if module.governs:
            own = own[w["jurisdiction"][here.seat]]
        if module is not frame.game and own["strength"] < ANNOUNCED:
            continue
        where = "The game" if module is frame.game else _title(module.spec)
        for name, parameter in module.spec.parameters().items():
            if np.isfinite(own[name]):
                yield _Fact(where, name, parameter, float(own[name]))
    p = w["sight"]
    at = int(p["place"][here.seat])
    for name in ANNOUNCEMENTS:
        state = COMMON[name]
        value = float(p[name][at])
        if value != state.initial and np.isfinite(value):
            yield _Fact("What is announced to all", name, state, value)


def _absent(here: Situation) -> list[_Fact]:
    """What institutions would say of which there is none."""
    from posalign_sim import institutions

    present = {spec for _, spec in here.scenario.structure.modules}
    told = {fact.words for fact in _facts(here)}
    found = [
        _Fact(_title(spec), name, parameter, parameter.default)
        for spec in vars(institutions).values()
        if isinstance(spec, type) and issubclass(spec, Institution) and spec not in present
        for name, parameter in spec.parameters().items()
        if np.isfinite(parameter.default)
    ]
    return [fact for fact in found if fact.words not in told]


def _title(spec: type) -> str:
    """An institution as rules name it."""
    return f"Institution {snake(spec.__name__).replace('_', ' ')}"


# --- memory -------------------------------------------------------------------------------------


async def memory(posing: Posing) -> Outcome | None:
    """What has happened to the seat, as far as it is told; None where nothing has."""
    here, luck = posing.situation, posing.luck()
    told = [t for t in range(here.clock) if f"Round {t + 1}\n" in here.lived]
    asked = [item for t in told for item in _remembered(here, t)]
    if not asked:
        return None
    question, clock, right, others = luck.choice(asked)
    if luck.random() < UNANSWERABLE:
        # A round that is yet to come: nobody can tell.
        clock, others, right = here.clock + luck.randint(1, 3), [right, *others], UNKNOWN
    return await examined(posing, question.format(round=clock + 1), right, others)


def _remembered(here: Situation, clock: int) -> Iterator[tuple[str, int, str, list[str]]]:
    """Questions about a round: words, its number, the right answer, wrong ones."""
    mine = [c for c in here.choices if c.seat == here.seat and c.clock == clock]
    for one in mine:
        if sum(other.point is one.point for other in mine) == 1:
            labels = one.point.decision.choices
            right = labels[one.act.choice]
            asked = _plain(question_of(one.point))
            question = f'In round {{round}}, what did you choose when you were asked "{asked}"?'
            wrong = [label for label in labels if label != right][: OFFERED - 1]
            yield question, clock, right, wrong
    own = here.owned(here.seat)
    done = [
        event
        for event in here.events
        if event.kind == "interaction" and event.clock == clock and event.target in own
    ]
    for act in done:
        if sum(other.actor == act.actor for other in done) == 1:
            right = number(act.first)
            wrong = [number(x) for x in (0.0, 0.5, 1.0) if x != act.first][:2]
            question = (
                "In round {round}, with which cooperation did "
                f"player {act.actor} act towards you?"
            )
            yield question, clock, right, wrong


def _plain(words: str) -> str:
    """Words in which braces stand for themselves."""
    return words.replace("{", "{{").replace("}", "}}")
