"""A server on this machine that speaks chat completions, and misbehaves on order."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from contextlib import asynccontextmanager

from aiohttp import web


def said(model="small-2026-01-31", text="yes", **changed):
    """A chat completion. `changed` replaces its fields, those named None are left out."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    body = {
        "id": "one",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "system_fingerprint": "fp_1",
        "choices": [{**choice, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }
    return {name: value for name, value in {**body, **changed}.items() if value is not None}


def choice(finish="stop", **message):
    return [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}]


#: What a server may send in place of an answer: status, headers, body.
BODIES = {
    "limit": (429, {"Retry-After": "0.02"}, {"error": {"message": "slow down"}}),
    "long_limit": (429, {"Retry-After": "3600"}, {"error": {"message": "come back later"}}),
    "no_credit": (429, {}, {"error": {"message": "pay", "code": "insufficient_quota"}}),
    "server": (500, {}, "<html>oops</html>"),
    "bad_request": (400, {}, {"error": {"message": "no such parameter", "code": "bad"}}),
    "too_long": (400, {}, {"error": {"message": "long", "code": "context_length_exceeded"}}),
    "filtered": (400, {}, {"error": {"message": "policy", "code": "content_filter"}}),
    "redirect": (307, {"Location": "/elsewhere"}, ""),
    "no_choices": (200, {}, said(choices=[])),
    "no_text": (200, {}, said(text=" ")),
    "refusal": (200, {}, said(choices=choice(content=None, refusal="I will not"))),
    "withheld": (200, {}, said(choices=choice("content_filter", content="part"))),
    "length": (200, {}, said(choices=choice("length", content="half an"))),
    "tool": (200, {}, said(choices=choice("tool_calls", content=None))),
    "wrong_model": (200, {}, said(model="small-mini")),
    "not_json": (200, {}, '{"model": "small", "cho'),
    "a_list": (200, {}, [1, 2]),
    "lacks_choices": (200, {}, said(choices=None)),
    "lacks_usage": (200, {}, said(usage=None)),
    "lacks_model": (200, {}, {**said(), "model": 3}),
    "lacks_finish": (200, {}, said(choices=[{"message": {"content": "yes"}}])),
    "half_character": (200, {}, said(text="\ud800")),
    "huge": (200, {}, said(text="x" * 300_000)),
}


class Server:
    """Answers `yes`, or as it is ordered for the next requests.

    Attributes:
        orders: what to do with the next requests, by name; empty: answer.
        choose: a function of the prompt that gives the order, if set.
        says: a function of the prompt that gives the answer, if set.
        capacity: calls at once that it bears; more are told to slow down.
        bodies: what it was sent.
        keys: what it was sent as authorization.
        answered: how often it answered, by prompt.
        busiest: the most calls at once.
    """

    def __init__(self):
        self.orders = deque()
        self.choose = self.says = None
        self.capacity = 10_000
        self.delay = 0.0
        self.bodies, self.keys = [], []
        self.answered = Counter()
        self.under_way = self.busiest = 0
        self.url = ""

    async def handle(self, request):
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization"))
        prompt = body["messages"][-1]["content"]
        order = self.orders.popleft() if self.orders else ""
        if self.choose is not None:
            order = self.choose(prompt)
        self.under_way += 1
        self.busiest = max(self.busiest, self.under_way)
        try:
            if self.under_way > self.capacity:
                order = "limit"
            if self.delay:
                await asyncio.sleep(self.delay)
            return await self.answer(request, order, prompt)
        finally:
            self.under_way -= 1

    async def elsewhere(self, request):
        return web.json_response(said(text="from elsewhere"))

    async def answer(self, request, order, prompt):
        if order == "hang":
            await asyncio.sleep(60)
        if order == "hang_up":
            request.transport.abort()
            return web.Response()
        if order == "cut":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(json.dumps(said()).encode()[:40])
            request.transport.abort()
            return response
        if order == "echo":
            return web.json_response(said(text=f"you sent {self.keys[-1]}"))
        if order in ("unauthorized", "half_hidden"):
            sent = str(self.keys[-1])
            sent = sent[:-6] + "******" if order == "half_hidden" else sent
            return web.json_response({"error": {"message": f"bad {sent}"}}, status=401)
        if order:
            status, headers, sent = BODIES[order]
            text = sent if isinstance(sent, str) else json.dumps(sent)
            return web.Response(status=status, headers=headers, text=text)
        self.answered[prompt] += 1
        text = f"yes to {prompt}" if self.says is None else self.says(prompt)
        return web.json_response(said(text=text))


@asynccontextmanager
async def serving():
    server = Server()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.handle)
    app.router.add_post("/elsewhere", server.elsewhere)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
