"""A server that misbehaves: every failure has its name, and none becomes an answer."""

import asyncio
import io
import logging
import time
import traceback
from collections import Counter

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import (
    Cassette,
    ChatError,
    ChatReply,
    Direct,
    FailureKind,
    Message,
    model_backend,
)
from posalign_sim.agents.llm.backends.pace import Pace
from tests.agents.llm.asking import ask, outcome
from tests.agents.llm.server import serving

KEY = "sk-this-is+a/fake-key-0123456789"
QUICK = {"first_wait": 0.001, "timeout": 5.0, "most_bytes": 100_000}
#: What the server does, and what that is.
FAULTS = {
    "limit": "rate_limit",
    "no_credit": "no_credit",
    "server": "server",
    "bad_request": "bad_request",
    "filtered": "refused",
    "redirect": "bad_request",
    "unauthorized": "no_key",
    "half_hidden": "no_key",
    "hang_up": "broken_stream",
    "cut": "broken_stream",
    "no_choices": "empty",
    "no_text": "empty",
    "refusal": "refused",
    "withheld": "refused",
    "length": "cut_off",
    "tool": "malformed",
    "wrong_model": "wrong_model",
    "not_json": "malformed",
    "a_list": "malformed",
    "lacks_choices": "malformed",
    "lacks_usage": "malformed",
    "lacks_model": "malformed",
    "lacks_finish": "malformed",
    "half_character": "malformed",
    "echo": "malformed",
    "huge": "too_large",
}
#: Where the server tells what it took all the same.
TOLD = {
    *("no_choices", "no_text", "refusal", "withheld", "length", "tool", "wrong_model"),
    *("lacks_choices", "lacks_model", "lacks_finish", "half_character"),
}


def with_server(use, **options):
    """Run `use(server, backend)`; with a key, unless it is said otherwise."""

    async def go():
        async with serving() as server:
            backend = Direct(server.url, **{"key_variable": "MINE", **QUICK, **options})
            try:
                return await use(server, backend)
            finally:
                await backend.close()

    return asyncio.run(go())


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("MINE", KEY + "\n")  # as files end


def test_what_is_asked_is_sent_and_what_is_answered_is_told():
    async def use(server, backend):
        request = ask(
            "hello", schema={"type": "object"}, stop=("END",), temperature=0.5, most_tokens=9
        )
        reply = await backend.complete(request)
        assert (reply.text, reply.model, reply.fingerprint) == (
            "yes to hello",
            "small-2026-01-31",
            "fp_1",
        )
        assert (reply.tokens_in, reply.tokens_out, reply.finish) == (7, 3, "stop")
        assert 0 < reply.seconds < 5
        (body,) = server.bodies
        assert body == {
            "model": "small",
            "messages": [{"role": "user", "content": "hello"}],
            "max_tokens": 9,
            "temperature": 0.5,
            "stop": ["END"],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
            },
        }
        assert server.keys == [f"Bearer {KEY}"]

    with_server(use)


def test_no_key_is_sent_where_none_is_named():
    async def use(server, backend):
        await backend.complete(ask("hello"))
        assert server.keys == [None]

    with_server(use, key_variable=None)


@pytest.mark.parametrize(("fault", "kind"), FAULTS.items())
def test_a_fault_has_its_name_and_is_tried_again_if_it_may_pass(fault, kind):
    async def use(server, backend):
        server.orders.extend([fault] * 3)
        failure = await outcome(backend, ask("one"))
        assert isinstance(failure, ChatError)
        assert failure.kind == kind
        tries = 3 if failure.again else 1
        assert failure.tries == len(server.bodies) == tries
        assert backend.failures == Counter({FailureKind(kind): tries})
        assert not server.answered
        if fault in TOLD:
            assert (failure.tokens_in, failure.tokens_out) == (7 * tries, 3 * tries)
        if failure.again:  # the next one goes well, and counts what was wasted
            server.orders.append(fault)
            reply = await backend.complete(ask("two"))
            assert reply.text == "yes to two"
            assert reply.tokens_in == (14 if fault in TOLD else 7)

    with_server(use, tries=3)


def test_a_server_that_hangs_or_is_not_there_is_given_up():
    async def use(server, backend):
        server.orders.append("hang")
        began = time.monotonic()
        failure = await outcome(backend, ask())
        assert failure.kind == FailureKind.TIMEOUT
        assert time.monotonic() - began < 3
        nobody = Direct("http://127.0.0.1:9/v1", tries=1)
        failure = await outcome(nobody, ask())
        assert failure.kind == FailureKind.CONNECTION
        await nobody.close()

    with_server(use, timeout=0.1, tries=1)


def test_a_server_that_wants_to_be_left_alone_for_an_hour_is_not_asked_again():
    async def use(server, backend):
        server.orders.append("long_limit")
        failure = await outcome(backend, ask())
        assert (failure.kind, failure.wait, failure.tries) == (FailureKind.RATE_LIMIT, 3600, 1)

    with_server(use, most_wait=0.05)


def test_retry_after_is_waited_for():
    async def use(server, backend):
        server.orders.append("limit")
        began = time.monotonic()
        await backend.complete(ask())
        assert time.monotonic() - began >= 0.02

    with_server(use)


def test_with_faults_in_a_tenth_of_calls_each_of_many_is_answered_once():
    faults = ("limit", "server", "cut", "no_choices", "not_json", "hang_up")
    tried = Counter()

    def choose(prompt):
        tried[prompt] += 1
        number = int(prompt)
        faulty = number % 10 == 0 and tried[prompt] <= 2
        return faults[number // 10 % len(faults)] if faulty else ""

    async def use(server, backend):
        server.choose, server.delay = choose, 0.002
        replies = await asyncio.gather(*(backend.complete(ask(str(n), n)) for n in range(320)))
        assert [reply.text for reply in replies] == [f"yes to {n}" for n in range(320)]
        assert all(server.answered[str(n)] == 1 for n in range(320))
        assert sum(backend.failures.values()) == 64
        assert 8 < server.busiest <= 64

    with_server(use, start=64, most=64)


def test_the_limit_of_calls_finds_what_the_server_bears():
    async def use(server, backend):
        server.capacity, server.delay = 6, 0.002
        await asyncio.gather(*(backend.complete(ask(str(n), n)) for n in range(150)))
        down = backend.pace.limit
        assert backend.pace.lowest <= 6
        assert backend.failures[FailureKind.RATE_LIMIT] > 0
        server.capacity = 10_000
        await asyncio.gather(*(backend.complete(ask(str(n), n)) for n in range(150)))
        assert backend.pace.limit > down

    with_server(use, start=16, most=32, tries=50)


def test_who_is_cancelled_while_waiting_leaves_no_gap():
    async def go():
        pace = Pace(1, 1)
        era = await pace.enter()
        waiting = [asyncio.create_task(pace.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        pace.leave(era)  # wakes the second
        waiting[1].cancel()  # just when its turn has come
        await asyncio.wait_for(waiting[2], 1)
        assert all(one.cancelled() for one in waiting[:2])
        pace.leave(era)
        await asyncio.wait_for(pace.enter(), 1)

    asyncio.run(go())


def test_calls_that_began_together_halve_the_limit_once():
    async def go():
        pace = Pace(16, 16)
        eras = [await pace.enter() for _ in range(16)]
        for era in eras:
            pace.leave(era, too_much=True)
        assert pace.limit == 8
        for _ in range(200):
            pace.leave(await pace.enter(), well=True)
        assert pace.limit == pytest.approx(16)

    asyncio.run(go())
    with pytest.raises(ConfigurationError, match="calls at once"):
        Pace(5, 4)


def everything_about(error):
    """All that an exception and those before it hold."""
    seen = []
    while error is not None:
        seen += [str(error), repr(error), repr(vars(error)), repr(error.args)]
        seen += traceback.format_exception(error)
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


def test_the_key_is_told_to_nobody_but_the_server(tmp_path, capfd, monkeypatch):
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    told = []

    async def use(server, backend):
        tape = Cassette(tmp_path / "study.cassette", backend)
        told.extend([repr(backend), repr(vars(backend)), repr(tape), repr(backend._session)])
        for number, fault in enumerate([*FAULTS, "hang", ""]):
            server.orders.extend([fault] * 2)
            backend.timeout = 0.2 if fault == "hang" else 5.0
            said = await outcome(tape, ask(fault, number))
            told.append(everything_about(said) if isinstance(said, ChatError) else repr(said))
            server.orders.clear()
        server.url = "http://127.0.0.1:9/v1"
        backend.base_url = server.url
        told.append(everything_about(await outcome(tape, ask("nobody", 1000))))
        told.extend([repr(tape.changes()), repr(vars(backend)), repr(vars(tape))])
        await tape.close()

    try:
        with_server(use, tries=2)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    with pytest.raises(ConfigurationError) as caught:
        monkeypatch.setenv("MINE", KEY + "\x07")
        model_backend("small@https://far.example/v1", key_variable="MINE")
    told.append(everything_about(caught.value))
    out, err = capfd.readouterr()
    places = [*told, out, err, log.getvalue()]
    for part in (KEY, KEY.replace("/", "\\/"), KEY[:20]):
        assert not [text for text in places if part in text]
        assert not [path for path in tmp_path.iterdir() if part.encode() in path.read_bytes()]
    assert sum("yes to" in text for text in told) == 1


def test_other_failures_do_not_tell_values_of_the_environment_either(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", KEY)
    assert KEY not in str(ChatError(FailureKind.SERVER, f"you sent {KEY}"))
    assert "$SOME_API_KEY" in str(ChatError(FailureKind.SERVER, f"you sent {KEY}"))


def test_a_reply_in_another_language_arrives_as_it_is():
    async def use(server, backend):
        request = ask("héllo 你好")
        reply = await backend.complete(request)
        assert isinstance(reply, ChatReply)
        assert reply.text == "yes to héllo 你好"
        assert request.messages == (Message("user", "héllo 你好"),)

    with_server(use)
