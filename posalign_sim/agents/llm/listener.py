"""Who answered, what came of it, and how often: counted where requests pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from posalign_sim.agents.llm.chat import ChatBackend, ChatError, ChatReply, ChatRequest, Place
from posalign_sim.envs.views.reply import ReplyError

#: What is counted of every `Heard`.
NUMBERS = ("calls", "tokens_in", "tokens_out")


class Heard(NamedTuple):
    """One sort of thing that came back.

    Attributes:
        asked: the model that was asked.
        served: the model that answered, in the words of its server; empty if none did.
        fingerprint: of the system that answered; empty if its server does not tell.
        kind: empty if the answer was used; else a `FailureKind`, or the kind of a `ReplyError`.
    """

    asked: str
    served: str = ""
    fingerprint: str = ""
    kind: str = ""


@dataclass(slots=True)
class Exchange:
    """A request and what came of it.

    Attributes:
        request: what was asked.
        outcome: the reply, or why there is none.
        wrong: why the reply was of no use; None: it was used, or there is none.
    """

    request: ChatRequest
    outcome: ChatReply | ChatError
    wrong: ReplyError | None = None


class Listener:
    """Hands requests on, and counts for each world what came back.

    Args:
        backend: what answers.
        keep: whether to keep all that was said, too.

    Attributes:
        exchanges: what was said, in the order in which it came back; empty unless it is kept.

    >>> import asyncio
    >>> from posalign_sim.agents.llm import Fake, Message
    >>> listener = Listener(Fake())
    >>> ask = ChatRequest((Message("user", "Choices: a"),), "fake", Place("s", 3, 1, "d", 0))
    >>> asyncio.run(listener.complete(ask)).text
    'a'
    >>> listener.useless(ask, ReplyError("illegal_choice", "a is not legal now"))
    >>> listener.world("s", 3)
    {Heard(asked='fake', served='fake', fingerprint='stand-in-5feceb66', kind='illegal_choice'): \
[1, 3, 1]}
    """

    def __init__(self, backend: ChatBackend, keep: bool = False) -> None:
        """See the class."""
        self.backend = backend
        self.keep = keep
        self.exchanges: list[Exchange] = []
        self._counts: dict[tuple[str, int], dict[Heard, list[int]]] = {}
        # The last answer of a seat at each of its decisions: of all, only that can prove useless.
        self._last: dict[tuple[str, int, int, str], tuple[Heard, int, int]] = {}

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`."""
        place = request.place
        self._last.pop(_seat(place), None)
        try:
            reply = await self.backend.complete(request)
        except ChatError as error:
            heard = Heard(request.model, kind=str(error.kind))
            self._count(place, heard, 1, error.tokens_in, error.tokens_out)
            if self.keep:
                self.exchanges.append(Exchange(request, error))
            raise
        heard = Heard(request.model, reply.model, reply.fingerprint or "")
        self._last[_seat(place)] = heard, reply.tokens_in, reply.tokens_out
        self._count(place, heard, 1, reply.tokens_in, reply.tokens_out)
        if self.keep:
            self.exchanges.append(Exchange(request, reply))
        return reply

    async def close(self) -> None:
        """See `ChatBackend.close`."""
        await self.backend.close()

    def useless(self, request: ChatRequest, wrong: ReplyError) -> None:
        """Note that what was answered is no legal action; a failure stays the failure it was."""
        place = request.place
        last = self._last.pop(_seat(place), None)
        if last is None:
            return
        heard, tokens_in, tokens_out = last
        self._count(place, heard, -1, -tokens_in, -tokens_out)
        self._count(place, heard._replace(kind=str(wrong.kind)), 1, tokens_in, tokens_out)
        if self.keep:
            (said,) = (e for e in reversed(self.exchanges) if e.request.place == place)
            said.wrong = wrong

    def world(self, study: str, number: int) -> Mapping[Heard, Sequence[int]]:
        """What came back in one world, with the `NUMBERS` of each.

        Args:
            study: what part of the study it is, as `Place` has it.
            number: of the world, as `Place` has it.
        """
        counts = self._counts.get((study, number), {})
        return {heard: numbers for heard, numbers in counts.items() if numbers[0]}

    def _count(self, place: Place, heard: Heard, *by: int) -> None:
        counts = self._counts.setdefault((place.study, place.world), {})
        numbers = counts.setdefault(heard, [0] * len(NUMBERS))
        for k, number in enumerate(by):
            numbers[k] += number


def _seat(place: Place) -> tuple[str, int, int, str]:
    return place.study, place.world, place.seat, place.decision
