"""What models are asked: decisions, and beside them notes and what others' words promise.

An answer that is of no use is handed back a few times; a model that gives no answer ends the world,
unless what it was asked for is none of a seat's decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.answers import Act, offered, read, schema_of
from posalign_sim.agents.llm.attempts import Patience, StoppedError, Unread, until_read
from posalign_sim.agents.llm.chat import (
    ChatError,
    ChatRequest,
    FailureKind,
    Message,
    Place,
)
from posalign_sim.agents.llm.life import Life
from posalign_sim.agents.llm.listener import Listener
from posalign_sim.agents.llm.notes import REFLECTION, reflection
from posalign_sim.agents.llm.notes import SCHEMA as NOTES
from posalign_sim.agents.llm.promises import SCHEMA as JUDGEMENT
from posalign_sim.agents.llm.promises import Promise, judging, promised, read_judgement
from posalign_sim.agents.llm.prompts import language_of, prompt, schema_wanted, shuffled
from posalign_sim.agents.llm.quoting import one_line
from posalign_sim.agents.llm.talk import read_from_words, spoken
from posalign_sim.agents.llm.texts import Language
from posalign_sim.envs.views.options import decision_of
from posalign_sim.envs.views.wrong import ReplyError
from posalign_sim.world.faults import MODEL_REFUSED, MODEL_SILENT, MODEL_UNUSABLE

#: What is counted of each world: requests, those that handed an answer back, tokens; messages that
#: seats wrote, how many of them promised something as far as they were read, how many of these the
#: number that was stated beside; how many a judge read, and how many of these the rule read alike;
#: how often notes were to be rewritten, and how often that failed.
COUNTED = (
    "model_calls",
    "model_repairs",
    "model_tokens_in",
    "model_tokens_out",
    "model_messages",
    "promises_extracted",
    "promises_agreed",
    "promises_judged",
    "promises_judged_alike",
    "model_reflections",
    "model_reflections_failed",
)
_AT = {name: place for place, name in enumerate(COUNTED)}
#: What follows the name of a decision where a judge reads the words that go with it.
EXTRACTION = "extraction"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Failure:
    """Why a model's seat ended its world.

    Attributes:
        world: number of the world in the batch.
        place: where it was.
        kind: what kind of failure: of `FailureKind`, or of `ReplyError`.
        detail: what happened.
        fault: by which the world ended; see `world.faults`.
    """

    world: int
    place: Place
    kind: str
    detail: str
    fault: int


class Questions:
    """Asks the models of all worlds, and keeps count.

    Args:
        backend: what answers, and counts who did.
        counts: `[worlds, COUNTED]` where it is counted.
        studies: `[worlds]` what part of which study each world is.

    Attributes:
        patience: how many requests were answered, and whether it makes sense to go on.
        promises: what messages promised.
        stopped: why nobody can be asked any more, once that is so. Nothing is asked from then on;
            what was under way is paid for, and is heard and recorded.
    """

    def __init__(
        self, backend: Listener, counts: np.ndarray[Any, Any], studies: Sequence[str]
    ) -> None:
        """See the class."""
        self.backend, self.counts, self.studies = backend, counts, studies
        self.patience = Patience()
        self.promises: list[Promise] = []
        self.stopped: StoppedError | None = None

    async def decide(self, world: int, life: Life, row: int) -> Act | Failure:
        """What a seat decides that is asked, with the words that it sends, fit to be told.

        Args:
            world: number of the world in the batch.
            life: of the world.
            row: a waiting row.

        Returns:
            What it does, or why it does not; of no account where `stopped` is set.
        """
        session = life.session
        seat = int(session.seat[row])
        asking = life.seats[seat]
        await self._reflect(world, life, row)
        first, form = prompt(session, row, asking, life.lived(seat))
        schema = None
        if schema_wanted(asking):
            words = spoken(decision_of(session, row), asking)
            loud = words.choices if words else ()
            legal = offered(session, row, asking)
            if asking.shuffle:  # a schema is read like any text: its order is that of the prompt
                order = shuffled(int(session.worlds[0]["key"]), seat)(decision_of(session, row))
                legal = tuple(sorted(legal, key=lambda option: order.index(option.number)))
            schema = schema_of(legal, asking.reasons, loud)
        place = life.place(self.studies[world], row)
        reading = partial(read, session=session, row=row, asking=asking)
        language = language_of(asking)
        act = await self._until(world, asking, first, form, schema, place, reading, language)
        return act if isinstance(act, Failure) else await self._sent(world, life, row, place, act)

    async def _until(
        self,
        world: int,
        asking: Asking,
        first: tuple[Message, ...],
        form: str,
        schema: Mapping[str, Any] | None,
        place: tuple[str, int, int, str, int],
        reading: Callable[[str], _T | ReplyError],
        language: Language | None = None,
    ) -> _T | Failure:
        """What an answer says; asked again, a few times, if it makes no sense."""
        found = await until_read(
            partial(self._ask, world),
            asking,
            first,
            form,
            schema,
            Place(*place),
            reading,
            self.backend.useless,
            language,
        )
        if isinstance(found, Unread):
            request, wrong = found
            return Failure(world, request.place, wrong.kind, wrong.detail, MODEL_UNUSABLE)
        return found

    async def _ask(self, world: int, request: ChatRequest) -> str | Failure | None:
        """The text of an answer; None if it was cut off, and a failure if there is none."""
        if self.stopped is not None:
            return Failure(world, request.place, "stopped", str(self.stopped), MODEL_SILENT)
        self._count(world, "model_calls")
        self._count(world, "model_repairs", request.place.attempt > 0)
        outcome: Any
        try:
            outcome = await self.backend.complete(request)
        except ChatError as error:
            outcome = error
        self._count(world, "model_tokens_in", outcome.tokens_in)
        self._count(world, "model_tokens_out", outcome.tokens_out)
        stopped = self.patience.ends(request, outcome)
        if stopped is not None:
            self.stopped = stopped
        if not isinstance(outcome, ChatError):
            return str(outcome.text)
        kind = outcome.kind
        if kind == FailureKind.CUT_OFF:
            return None
        fault = MODEL_REFUSED if kind == FailureKind.REFUSED else MODEL_SILENT
        return Failure(world, request.place, str(kind), outcome.detail, fault)

    def _count(self, world: int, name: str, by: int = 1) -> None:
        self.counts[world, _AT[name]] += by

    # --- notes ---

    async def _reflect(self, world: int, life: Life, row: int) -> None:
        """Have a seat rewrite its notes, if that is due; if it fails, they stay as they are."""
        session = life.session
        seat = int(session.seat[row])
        notes, asking = life.notes.get(seat), life.seats[seat]
        w = session.worlds[0]
        if notes is None or not notes.due(int(w["clock"])):
            return
        schema = schema_wanted(asking)
        (system, _), _ = prompt(session, row, asking)
        request = ChatRequest(
            reflection(system, life.lived(seat), asking.notes, schema, language_of(asking)),
            str(asking.model),
            Place(self.studies[world], int(w["pair"]), int(w["clock"]), REFLECTION, seat),
            asking.temperature,
            asking.most_tokens,
            NOTES if schema else None,
        )
        text = await self._ask(world, request)
        taken = isinstance(text, str) and notes.take(text, schema)
        self._count(world, "model_reflections")
        self._count(world, "model_reflections_failed", not taken)

    # --- words ---

    async def _sent(
        self, world: int, life: Life, row: int, place: tuple[str, int, int, str, int], act: Act
    ) -> Act | Failure:
        """An action with its words as they are passed on, and the number that they promise."""
        session = life.session
        decision = decision_of(session, row)
        asking = life.seats[int(session.seat[row])]
        words = spoken(decision, asking)
        if words is None or decision.choices[act.choice] not in words.choices:
            return act
        text = one_line(act.words, asking.message)
        act = act._replace(words=text)
        self._count(world, "model_messages", bool(text))
        if not words.promise:
            return act
        columns = decision.columns(session.scenario.structure.sizes)
        (k,) = (k for k, column in enumerate(columns) if column.argument.name == words.promise)
        unsaid = bool(read_from_words(decision, asking))
        promise = None
        if text:
            stated = None if unsaid else int(act.arguments[k])
            said = await self._read(world, asking, place, text, stated)
            if isinstance(said, Failure):
                return said
            promise = said.extracted
        if not unsaid:
            return act
        low, high = int(session.lows[row, k]), int(session.highs[row, k])
        if promise is None or not low <= promise <= high:
            return Act(decision.choices.index(words.silence), session.lows[row].copy())
        act.arguments[k] = promise
        return act

    async def _read(
        self,
        world: int,
        asking: Asking,
        place: tuple[str, int, int, str, int],
        text: str,
        stated: int | None,
    ) -> Promise | Failure:
        """What a message promises: by rule, and by the judge where there is one."""
        study, number, clock, decision, seat = place
        found = Promise(world, clock, seat, stated, promised(text))
        if asking.promise_judge is not None:
            judge = replace(asking, model=asking.promise_judge, temperature=None)
            schema = schema_wanted(judge)
            question, form = judging(text, schema)
            said = await self._until(
                world,
                judge,
                question,
                form,
                JUDGEMENT if schema else None,
                (study, number, clock, f"{decision}: {EXTRACTION}", seat),
                partial(read_judgement, schema=schema),
            )
            if not isinstance(said, Failure):
                found = found._replace(judged=True, by_judge=said)
            elif stated is None:
                return said  # there is no other number
        self.promises.append(found)
        extracted = found.extracted
        self._count(world, "promises_extracted", extracted is not None)
        self._count(world, "promises_agreed", stated is not None and stated == extracted)
        self._count(world, "promises_judged", found.judged)
        self._count(
            world, "promises_judged_alike", found.judged and found.by_rule == found.by_judge
        )
        return found


__all__ = ["COUNTED", "EXTRACTION", "Failure", "Questions", "StoppedError"]
