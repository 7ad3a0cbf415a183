"""What a cassette makes of many requests."""

from __future__ import annotations

import asyncio
from collections import Counter

from posalign_sim.agents.llm import Cassette, ChatError
from tests.agents.llm.asking import outcome


class Counting:
    """Counts what it hands on, and lets go of it."""

    def __init__(self, backend):
        self.backend = backend
        self.calls = Counter()

    async def complete(self, request):
        self.calls[request.key()] += 1
        return await self.backend.complete(request)

    async def close(self):
        await self.backend.close()


def told(one):
    return vars(one) if isinstance(one, ChatError) else one


def through(path, backend, requests, mode="record"):
    """What a cassette answers to many requests at once."""

    async def go():
        tape = Cassette(path, backend, mode)
        try:
            return [
                told(one)
                for one in await asyncio.gather(*(outcome(tape, request) for request in requests))
            ]
        finally:
            await tape.close()

    return asyncio.run(go())
