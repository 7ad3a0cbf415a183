"""What worlds of language models cost besides the models: prompts, reading, recording, replay."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common import ROOT, Row
from posalign_sim import Rematched, Scenario
from posalign_sim.agents.llm import (
    Asking,
    Cassette,
    ChatBackend,
    ChatReply,
    ChatRequest,
    Conversation,
    Direct,
    Fake,
    LanguageModel,
    ModelRun,
)
from posalign_sim.envs import MoralHazardMarket
from posalign_sim.institutions import Arbitration, Bond, Reputation

WORLDS, ROUNDS = 25, 40
#: Calls that are recorded and replayed.
REPLAYED = 100_000
USUAL = Asking(model="model")
#: A server that answers at once with the first choice that it is offered.
SERVER = """
import asyncio, json, sys
from aiohttp import web
sys.path.insert(0, sys.argv[1])
from benchmarks.models import first_choice
async def answer(request):
    body = await request.json()
    text = first_choice(body["messages"][-1]["content"])
    return web.json_response({
        "model": "model",
        "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    })
async def main():
    app = web.Application(client_max_size=10**8)
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(json.dumps(runner.addresses[0][1]), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def first_choice(prompt: str) -> str:
    """The first choice that a prompt offers, with the least of each number."""
    line = prompt.rpartition("Choices:\n- ")[2].partition("\n")[0]
    label, _, numbers = line.partition(", with ")
    given = [part.partition(" = an integer from ") for part in numbers.split(", ") if part]
    return " ".join(["ANSWER:", label, *(f"{name}={low.split()[0]}" for name, _, low in given)])


class Nothing:
    """Answers at once, in this process, with the first choice."""

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend`."""
        text = first_choice(request.messages[-1].text)
        return ChatReply(text, request.model, None, 1, 1, 0.0, "stop")

    async def close(self) -> None:
        """There is nothing to let go of."""


def market() -> Scenario:
    """Two sellers and two buyers under three institutions, all of them models."""
    seats = [LanguageModel(), LanguageModel()]
    return Scenario(
        MoralHazardMarket(),
        {"seller": seats, "buyer": seats},
        institutions=[Reputation(), Arbitration(), Bond()],
        matching=Rematched(),
        rounds=ROUNDS,
        metrics=(),
    )


def played(backend: ChatBackend, worlds: int = WORLDS) -> tuple[ModelRun, float]:
    """Worlds of the market, and the seconds that they took."""

    async def go() -> tuple[ModelRun, float]:
        talk = Conversation(market(), backend, worlds, usual=USUAL)
        began = time.perf_counter()
        run = await talk.play(progress=False)
        seconds = time.perf_counter() - began
        await backend.close()
        return run, seconds

    return asyncio.run(go())


def calls(run: ModelRun) -> int:
    """How many requests there were."""
    return int(run.counts[:, 0].sum())


def each(run: ModelRun, seconds: float) -> float:
    """Milliseconds of each request."""
    return seconds / calls(run) * 1e3


@contextmanager
def serving() -> Iterator[str]:
    """Address of a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(ROOT)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


def rows() -> list[Row]:
    played(Nothing(), 1)  # compiles
    run, seconds = played(Nothing())
    good = not run.worlds["fault"].any()
    ours = each(run, seconds)
    found = [
        Row(
            "a decision, models that take no time",
            f"{ours:.2f} ms",
            "< 1 ms",
            ours < 1,
            f"no faults: {good}",
        )
    ]
    faked, seconds = played(Fake())
    found.append(Row("the same with the stand-in", f"{each(faked, seconds):.2f} ms"))
    with serving() as url:
        asked, seconds = played(Direct(url, start=64))
    found.append(
        Row(
            "the same from a server on this machine",
            f"{each(asked, seconds):.2f} ms",
            agreement=str((asked.worlds["digest"] == run.worlds["digest"]).all()),
        )
    )
    worlds = -(-REPLAYED * WORLDS // calls(run))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.cassette"
        recorded, seconds = played(Cassette(path, Nothing()), worlds)
        size = path.stat().st_size / calls(recorded)
        said = f"{each(recorded, seconds):.2f} ms, {size / 1e3:.0f} kB"
        found.append(Row("a decision that is recorded, and what it takes on disk", said))
        again, seconds = played(Cassette(path, mode="replay"), worlds)
    same = (again.worlds["digest"] == recorded.worlds["digest"]).all()
    what = f"{calls(again):,} recorded calls, played again"
    found.append(Row(what, f"{seconds:.0f} s", "< 120 s", seconds < 120, f"equal: {same}"))
    return found
