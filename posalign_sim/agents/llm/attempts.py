"""Attempts: a question is put until its answer can be read, as long as anybody can be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.answers import handed_back
from posalign_sim.agents.llm.chat import (
    OURS,
    ChatError,
    ChatReply,
    ChatRequest,
    FailureKind,
    Message,
    Place,
)
from posalign_sim.agents.llm.texts import Language
from posalign_sim.envs.views.wrong import ReplyError, Wrong
from posalign_sim.world.errors import ConfigurationError

#: Failures that will not pass while nothing at all has been answered.
_HOPELESS = frozenset({FailureKind.BAD_REQUEST, FailureKind.CONNECTION, FailureKind.TOO_LARGE})
#: So many requests in a row for which there is no server, and there is none for anybody: that some
#: were answered before, or long ago on a cassette, does not matter then.
_IN_VAIN = 8

T = TypeVar("T")
F = TypeVar("F")


class StoppedError(ConfigurationError):
    """Nobody can be asked any more: a limit is reached, a key is missing, another model answers."""


class Patience:
    """Knows when it makes no sense to ask anybody any more.

    Attributes:
        answered: how many requests were answered.
    """

    def __init__(self) -> None:
        """See the class."""
        self.answered = 0
        self._in_vain = 0

    def ends(self, request: ChatRequest, outcome: ChatReply | ChatError) -> StoppedError | None:
        """Note what came of a request, and say whether that is the end of all asking.

        Args:
            request: what was asked.
            outcome: the reply, or why there is none.
        """
        if isinstance(outcome, ChatReply) or outcome.kind == FailureKind.CUT_OFF:
            self.answered += 1
            self._in_vain = 0
            return None
        kind = outcome.kind
        self._in_vain = self._in_vain + 1 if kind == FailureKind.CONNECTION else 0
        hopeless = (kind in _HOPELESS and self.answered == 0) or self._in_vain >= _IN_VAIN
        if kind not in OURS and kind != FailureKind.WRONG_MODEL and not hopeless:
            return None
        stopped = StoppedError(f"{request.model} cannot be asked: {outcome} ({request.place})")
        stopped.__cause__ = outcome
        return stopped


class Unread(NamedTuple):
    """The last attempt at a question whose answers were all of no use.

    Attributes:
        request: what was asked.
        wrong: what is wrong with the answer.
    """

    request: ChatRequest
    wrong: ReplyError


async def until_read(
    ask: Callable[[ChatRequest], Awaitable[str | F | None]],
    asking: Asking,
    first: tuple[Message, ...],
    form: str,
    schema: Mapping[str, Any] | None,
    place: Place,
    reading: Callable[[str], T | ReplyError],
    useless: Callable[[ChatRequest, ReplyError], None] = lambda request, wrong: None,
    language: Language | None = None,
) -> T | F | Unread:
    """What an answer says; asked again, a few times, if it makes no sense.

    Args:
        ask: gives the text of an answer; None if it was cut off; or something else, which is
            handed on at once, if there is none.
        asking: how it is asked.
        first: the question.
        form: how to answer.
        schema: that the answer must satisfy; None: any text.
        place: of the first attempt.
        reading: reads an answer, or says what is wrong with it.
        useless: is told of every answer of no use.
        language: in which it is asked; None: English.
    """
    messages = first
    for attempt in range(asking.repairs + 1):
        request = ChatRequest(
            messages,
            str(asking.model),
            replace(place, attempt=attempt),
            asking.temperature,
            asking.most_tokens,
            schema,
        )
        text = await ask(request)
        if text is not None and not isinstance(text, str):
            return text
        if text is None:
            wrong = Wrong.TOKENS.error(n=asking.most_tokens)
        else:
            found = reading(text)
            if not isinstance(found, ReplyError):
                return found
            wrong = found
        useless(request, wrong)
        messages = (*messages, *handed_back(text, wrong, form, language))
    return Unread(request, wrong)
