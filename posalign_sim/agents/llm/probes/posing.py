"""How a probe puts its questions about one situation."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from posalign_sim.agents.llm.chat import Place
from posalign_sim.agents.llm.closed import Asker, Closed, lettered
from posalign_sim.agents.llm.probes.situations import Act, Situation, question_of

HEADING = "## What is asked of you now\n"
#: What a seat is asked to believe nothing of: the question is not its decision.
PREAMBLE = "This is a question about the situation. Nothing is decided by your answer.\n"
UNKNOWN = "it cannot be known from what is told"
#: Answers of a question with numbers, the unknown one included.
OFFERED = 4
#: Share of questions that ask for what cannot be known, as far as there are such.
UNANSWERABLE = 0.25
#: Steps from the right number up to which wrong ones are looked for.
SEARCHED = 50
#: Share by which numbers must differ.
ALIKE = 0.02


class Outcome(NamedTuple):
    """What came of one probe.

    Attributes:
        value: see `SORTS`.
        chance: what is expected of answers by lot.
    """

    value: float
    chance: float


@dataclass(frozen=True)
class Posing:
    """Puts questions about one situation to the seat that is asked.

    Attributes:
        situation: the situation.
        asker: what reaches the model.
        study: what part of which study it is.
        sort: of the probe.
        framings: two openings of what a seat is told.
    """

    situation: Situation
    asker: Asker
    study: str
    sort: str
    framings: tuple[str, str]

    def luck(self) -> random.Random:
        """Chance for this probe."""
        return self.situation.luck(self.sort)

    async def pose(
        self,
        question: str,
        answers: Sequence[str],
        which: str = "",
        *,
        opening: str = "",
        row: int | None = None,
        besides: str = "",
    ) -> int:
        """Which of the answers is given.

        Args:
            question: in words.
            answers: in words; they get letters in this order.
            which: tells questions of one probe apart.
            opening: what comes before all that the seat is told.
            row: of another waiting seat, from whose place the situation is told.
            besides: what the seat is told besides its situation.
        """
        here = self.situation
        system, situation = here.told(row)
        told = "\n\n".join(part for part in (situation, besides) if part)
        closed = Closed(HEADING + question, lettered(answers))
        decision = f"probe: {self.sort}{f', {which}' if which else ''}, at {here.point.name}"
        place = Place(self.study, int(here.world["pair"]), here.clock, decision, here.seat)
        system = f"{opening}\n\n{system}" if opening else system
        return await self.asker.ask(closed, system, told, here.asking, place)

    async def decide(
        self, acts: Sequence[Act], which: str = "", *, more: str = "", **how: Any
    ) -> int:
        """Which of some acts is chosen; see `pose`."""
        question = question_of(self.situation.point) + (f"\n{more}" if more else "")
        return await self.pose(question, [act.words for act in acts], which, **how)


async def examined(posing: Posing, question: str, right: str, wrong: Sequence[str]) -> Outcome:
    """Put a question that has one right answer, among others, in an order drawn by lot.

    Args:
        posing: how it is put.
        question: in words.
        right: the right answer; `UNKNOWN` if there is none.
        wrong: others.
    """
    answers = [right, *wrong, *([] if right == UNKNOWN else [UNKNOWN])]
    posing.luck().shuffle(answers)
    given = await posing.pose(PREAMBLE + question, answers)
    return Outcome(float(answers[given] == right), 1 / len(answers))


def near(values: Sequence[float], luck: random.Random) -> Iterator[float]:
    """The first of some numbers, the others in any order, then such as lie between and beyond."""
    seen = list(dict.fromkeys(values))
    # What is all but the same would be no wrong answer.
    rest = [x for x in seen[1:] if not math.isclose(x, seen[0], rel_tol=ALIKE)]
    luck.shuffle(rest)
    yield from (seen[0], *rest)
    step = max((abs(x) for x in seen), default=0.0) / 2 or 1.0
    for k in range(1, SEARCHED):
        for sign in luck.sample((-1, 1), 2):
            yield round(seen[0] + sign * k * step, 6)


def others(right: str, offered: Iterator[str]) -> list[str]:
    """What is offered beside the right answer: the first that differ from it and each other."""
    # If it can be known, that it cannot is one of the answers.
    count = OFFERED - 1 if right == UNKNOWN else OFFERED - 2
    return list(dict.fromkeys(words for words in offered if words != right))[:count]
