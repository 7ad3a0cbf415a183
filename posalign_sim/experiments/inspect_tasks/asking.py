"""The models of a running eval of Inspect AI, as what answers the seats of one world."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from inspect_ai.model import CachePolicy, GenerateConfig, Model, get_model, model_roles
from inspect_ai.model._generate_config import active_generate_config
from inspect_ai.util import LimitExceededError, span

from posalign_sim.agents.llm.backends.inspected import (
    config_of,
    failure_of,
    messages_of,
    raw_reply_in,
)
from posalign_sim.agents.llm.backends.raw_reply import reply_of
from posalign_sim.agents.llm.chat import OURS, ChatError, ChatReply, ChatRequest
from posalign_sim.experiments.inspect_tasks.settings import UNSAID, model_seats, seat_names
from posalign_sim.world.scenario import Scenario


class Evaluated:
    """Asks the models of the eval that runs, each request in a span named after seat and decision.

    Retries, limits and how many are asked at once are in the hands of Inspect AI. So is the cache;
    but what is cached is an answer of one seat in one world, and never serves another one.

    Args:
        models: of each seat that a language model holds.
        names: of the seats.
    """

    def __init__(self, models: Mapping[int, Model], names: list[str]) -> None:
        """See the class."""
        self.models, self.names = models, names
        self._under_way: set[asyncio.Task[Any]] = set()

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`.

        Raises:
            ChatError: the model failed.
            Exception: whatever Inspect AI stops a sample with: a limit, a key that is missing.
        """
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            place = request.place
            again = f", attempt {place.attempt + 1}" if place.attempt else ""
            title = f"{self.names[place.seat]}: {place.decision}, round {place.round + 1}{again}"
            async with span(title, type="agent"):
                model = self.models[place.seat]
                if request.model != str(model):  # one who reads what its words promise
                    model = get_model(request.model)
                return await self._ask(model, request)
        finally:
            self._under_way.discard(task)

    async def close(self) -> None:
        """Stop whoever is still asked: of seats that are asked at once, one may stop the world."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _ask(self, model: Model, request: ChatRequest) -> ChatReply:
        config = config_of(request)
        said = _said(model)
        if said.max_tokens is not None:
            config.max_tokens = said.max_tokens
        began = time.monotonic()
        try:
            output = await model.generate(
                messages_of(request), config=config, cache=_cached(said, request)
            )
        except LimitExceededError:
            raise
        except Exception as error:
            failure = failure_of(error)
            if failure.kind in OURS or type(error).__name__ == "TerminateSampleError":
                raise
            raise failure from None
        raw = raw_reply_in(output)
        if isinstance(raw, ChatError):
            raise raw
        # The log tells which model answered, under whatever name it goes.
        found = reply_of(raw, raw.model, (), time.monotonic() - began)
        if isinstance(found, ChatError):
            raise found
        return found


def _said(model: Model) -> GenerateConfig:
    """What options of the eval and of a model role say of how a model is asked."""
    active = active_generate_config()
    own = model.config
    if model == get_model():
        return own.merge(active)
    return own.merge(GenerateConfig(cache=active.cache))


def _cached(said: GenerateConfig, request: ChatRequest) -> bool | CachePolicy:
    """The cache that the eval asks for, apart for each place: replicates are no repetitions."""
    if not said.cache:
        return False
    policy = said.cache if isinstance(said.cache, CachePolicy) else CachePolicy()
    scopes = {**policy.scopes, "place": str(request.place)}
    return policy.model_copy(update={"scopes": scopes})


def models_of(scenario: Scenario) -> dict[int, Model]:
    """The model of each seat: of its name, of its role, its own, or that of the eval."""
    roles, names = model_roles(), seat_names(scenario)
    found: dict[int, Model] = {}
    for seat, agent in model_seats(scenario).items():
        own = agent.own.get("model", UNSAID)
        for name in (names[seat], scenario.role_of(seat)):
            if name in roles:
                found[seat] = get_model(role=name)
                break
        else:
            found[seat] = get_model() if own == UNSAID else get_model(own)
    return found
