"""Questions with a closed set of answers: put to a model, and read strictly.

An answer that cannot be read is handed back a few times; after that it is a failure, and never
becomes an answer.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.answers import by_schema
from posalign_sim.agents.llm.attempts import Patience, Unread, until_read
from posalign_sim.agents.llm.chat import (
    ChatBackend,
    ChatError,
    ChatReply,
    ChatRequest,
    FailureKind,
    Message,
    Place,
)
from posalign_sim.envs.views.reply import LONGEST, how_to_answer
from posalign_sim.envs.views.wrong import ReplyError
from posalign_sim.world.errors import ConfigurationError

IN_JSON = 'Answer with one JSON object and nothing else:\n{"answer": "<choice>"}'
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_ANSWER = re.compile(r"[ \t]*answer[ \t]*:(.*)", re.IGNORECASE | re.ASCII)
P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Closed:
    r"""A question and its answers.

    Attributes:
        question: in words.
        answers: label and words of each answer, in the order in which they are named.

    >>> asked = Closed("How many?", lettered(["one", "two"]))
    >>> print(asked.text())
    How many?
    Choices:
    - A: one
    - B: two
    >>> asked.read("I count two.\nANSWER: b"), asked.read('{"answer": "A"}')
    (1, 0)
    >>> asked.read("ANSWER: B: two")
    1
    """

    question: str
    answers: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The question with its answers."""
        lines = [f"- {label}: {words}" if words else f"- {label}" for label, words in self.answers]
        return "\n".join([self.question, "Choices:", *lines])

    def form(self, schema: bool) -> str:
        """How to answer."""
        return IN_JSON if schema else how_to_answer(())

    def schema(self) -> dict[str, Any]:
        """The JSON schema of answers."""
        return {
            "type": "object",
            "properties": {
                "answer": {"type": "string", "enum": [label for label, _ in self.answers]}
            },
            "required": ["answer"],
            "additionalProperties": False,
        }

    def read(self, text: str) -> int:
        """Which answer a reply gives.

        Raises:
            ReplyError: it does not give exactly one of them.
        """
        if len(text) > LONGEST:
            raise ReplyError("too_long", f"the reply has {len(text)} characters")
        said = _in_json(text) or _in_text(text)
        for place, (label, words) in enumerate(self.answers):
            if said.lower() in (label.lower(), f"{label}: {words}".lower()):
                return place
        shown = ascii(said if len(said) <= 40 else f"{said[:37]}...")
        raise ReplyError("unknown_choice", f"there is no choice {shown}")


def _in_json(text: str) -> str | None:
    whole = text.strip()
    if not (whole.startswith("{") and whole.endswith("}")):
        return None
    try:
        said = json.loads(whole, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    if len(said) != 1 or said[0][0] != "answer" or not isinstance(said[0][1], str):
        raise ReplyError("no_answer", 'the object is not {"answer": "<choice>"}')
    return said[0][1].strip()


def _in_text(text: str) -> str:
    lines = [_ANSWER.fullmatch(line) for line in text.replace("\r\n", "\n").split("\n")]
    answers = [match[1].strip() for match in lines if match]
    if len(answers) > 1:
        raise ReplyError("several_answers", f"{len(answers)} lines begin with ANSWER:")
    if not answers or not answers[0]:
        raise ReplyError("no_answer", "no line says ANSWER: <choice>")
    return answers[0]


def lettered(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Answers under letters.

    >>> lettered(["yes", "no"])
    (('A', 'yes'), ('B', 'no'))
    """
    return tuple(zip(LETTERS, words, strict=False))


class UnansweredError(Exception):
    """A question was not answered, in spite of repairs.

    Attributes:
        kind: of `FailureKind`, or of `ReplyError`.
        detail: what happened.
    """

    def __init__(self, kind: str, detail: str) -> None:
        """See the class."""
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


class Asker:
    """Puts questions to models, so many at once.

    Args:
        backend: what answers; it is left open.
        at_once: how many questions are under way at once.
    """

    def __init__(self, backend: ChatBackend, at_once: int = 64) -> None:
        """See the class."""
        if at_once < 1:
            raise ConfigurationError(f"at_once must be 1 or more, not {at_once}")
        self.backend = backend
        self._patience = Patience()
        self._gate = asyncio.Semaphore(at_once)

    async def ask(
        self, closed: Closed, system: str, situation: str, asking: Asking, place: Place
    ) -> int:
        """Which answer a model gives.

        Args:
            closed: the question.
            system: what the model is told of its part.
            situation: what comes before the question.
            asking: how it is asked.
            place: where, for the first attempt.

        Raises:
            UnansweredError: no answer could be used.
            StoppedError: nobody can be asked any more.
        """
        schema = by_schema(asking.answers, asking.model or "")
        form = closed.form(schema)
        parts = [part for part in (situation, closed.text(), form) if part]
        first = (Message("system", system), Message("user", "\n\n".join(parts)))
        closed_schema = closed.schema() if schema else None
        found = await until_read(
            self._complete, asking, first, form, closed_schema, place, partial(_answer, closed)
        )
        if isinstance(found, Unread):
            raise UnansweredError(found.wrong.kind, found.wrong.detail)
        return found

    async def _complete(self, request: ChatRequest) -> str | None:
        """The text of the reply; None if it was cut off."""
        outcome: ChatReply | ChatError
        try:
            async with self._gate:
                outcome = await self.backend.complete(request)
        except ChatError as error:
            outcome = error
        stopped = self._patience.ends(request, outcome)
        if stopped is not None:
            raise stopped
        if isinstance(outcome, ChatReply):
            return outcome.text
        if outcome.kind == FailureKind.CUT_OFF:
            return None
        raise UnansweredError(str(outcome.kind), outcome.detail) from outcome


def _answer(closed: Closed, text: str) -> int | ReplyError:
    try:
        return closed.read(text)
    except ReplyError as error:
        return error


async def all_of(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """What all of it comes to; if a part fails, the rest is given up."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def waited_for(work: Callable[P, Coroutine[Any, Any, Result]]) -> Callable[P, Result]:
    """The same where no event loop is running: it comes back when all is done.

    Args:
        work: what does it where one is.

    Returns:
        A function of the same arguments, which raises a `ConfigurationError` where an event loop is
        running.
    """

    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> Result:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(work(*args, **kwargs))
        raise ConfigurationError(
            f"an event loop is running already (a notebook?): await {work.__name__}(...) there"
        )

    return done
