"""Requests for tests."""

from __future__ import annotations

from posalign_sim.agents.llm import ChatError, ChatRequest, Message, Place


def ask(prompt="Choices: a, b, c", world=0, model="small", study="study", attempt=0, **more):
    """A request from one place of a study: the seat and the decision are always the same."""
    place = Place(study, world, 1, "move", 0, attempt)
    return ChatRequest((Message("user", prompt),), model, place, **more)


async def outcome(backend, request):
    """The reply, or the failure."""
    try:
        return await backend.complete(request)
    except ChatError as failure:
        return failure
