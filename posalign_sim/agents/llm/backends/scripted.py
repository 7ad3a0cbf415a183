"""A model whose answers are a function of what it reads."""

from __future__ import annotations

from collections.abc import Callable

from posalign_sim.agents.llm.backends.fake import CHARACTERS_PER_TOKEN
from posalign_sim.agents.llm.chat import ChatError, ChatReply, ChatRequest, FailureKind
from posalign_sim.world.errors import ConfigurationError


class Scripted:
    """Answers what a function says to the text of the prompt: for tests, and for known behaviour.

    Args:
        answer: takes all messages as one text and gives the answer. It may raise a `ChatError`;
            an empty answer is one.

    >>> import asyncio
    >>> from posalign_sim.agents.llm import ChatRequest, Message, Place
    >>> trusting = Scripted(lambda prompt: "pay" if "promised" in prompt else "keep")
    >>> ask = ChatRequest((Message("user", "It promised."),), "scripted", Place("a", 0, 1, "b", 0))
    >>> asyncio.run(trusting.complete(ask)).text
    'pay'
    """

    def __init__(self, answer: Callable[[str], str]) -> None:
        """See the class."""
        self.answer = answer

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`."""
        prompt = request.prompt()
        text = self.answer(prompt)
        if not isinstance(text, str):
            raise ConfigurationError(
                f"{self.answer!r} must give the answer as a text, not {type(text).__name__}"
            )
        read, written = (len(part) // CHARACTERS_PER_TOKEN + 1 for part in (prompt, text))
        if not text.strip():
            raise ChatError(FailureKind.EMPTY, "the script says nothing", tokens_in=read)
        return ChatReply(text, request.model, None, read, written, 0.0, "stop")

    async def close(self) -> None:
        """There is nothing to let go of."""
