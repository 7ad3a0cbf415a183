"""Models through Inspect AI: the same replies and the same failures."""

import asyncio
from dataclasses import replace

import pytest

pytest.importorskip("inspect_ai")

from inspect_ai.model import ModelOutput, ModelUsage

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import ChatError, Inspected, Message, model_backend
from tests.agents.llm.asking import ask, outcome
from tests.agents.llm.server import serving

# Inspect AI calls tenacity in a way that later versions of tenacity do not like.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning"
)
KEY = "sk-this-is+a/fake-key-0123456789"
MODEL = "mockllm/model"


def said(text="yes", stop="stop", model="model", **more):
    output = ModelOutput.from_content(model, text, stop, more.pop("error", None))
    output.usage = ModelUsage(
        input_tokens=5, input_tokens_cache_read=2, output_tokens=3, total_tokens=10
    )
    for name, value in more.items():
        setattr(output, name, value)
    return output


class StatusError(Exception):
    """An exception in the way of providers' libraries."""

    def __init__(self, status_code, code=""):
        super().__init__(f"no\n{KEY}")
        self.status_code = status_code
        self.code = code


def answered(do, request=None):
    """What comes of an output or an exception of a provider."""

    def act(messages, tools, choice, config):
        given = do(messages, config) if callable(do) else do
        if isinstance(given, Exception):
            raise given
        return given

    async def go():
        backend = Inspected(MODEL, tries=1, custom_outputs=act)
        try:
            return await outcome(backend, request or ask(model=MODEL)), backend.failures
        finally:
            await backend.close()

    return asyncio.run(go())


def test_what_is_asked_arrives_and_what_is_answered_is_told():
    seen = []

    def act(messages, config):
        seen.append(([(one.role, one.text) for one in messages], config))
        return said(metadata={"system_fingerprint": "fp_1"})

    schema = {"type": "object", "properties": {"move": {"enum": ["a", "b"]}}, "required": ["move"]}
    request = ask("hello", model=MODEL, schema=schema, stop=("END",), temperature=0.5)
    reply, failures = answered(act, request)
    assert (reply.text, reply.model, reply.fingerprint) == ("yes", "model", "fp_1")
    assert (reply.tokens_in, reply.tokens_out, reply.finish) == (7, 3, "stop")
    assert not failures
    ((messages, config),) = seen
    assert messages == [("user", "hello")]
    assert (config.temperature, config.max_tokens, config.stop_seqs) == (0.5, 1024, ["END"])
    told = config.response_schema.json_schema.model_dump(exclude_none=True)
    assert told == schema


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (said(" "), "empty"),
        (said(choices=[]), "empty"),
        (said(choices=[], error="policy"), "refused"),
        (said("part", "content_filter"), "refused"),
        (said("part", "max_tokens"), "cut_off"),
        (said("part", "model_length"), "cut_off"),
        (said("", "tool_calls"), "malformed"),
        (said(model="model-mini"), "wrong_model"),
        (said("\ud800"), "malformed"),
        (StatusError(429), "rate_limit"),
        (StatusError(429, "insufficient_quota"), "no_credit"),
        (StatusError(500), "server"),
        (StatusError(401), "no_key"),
        (StatusError(400), "bad_request"),
        (StatusError(400, "content_filter"), "refused"),
        (TimeoutError("late"), "timeout"),
        (ConnectionError("nobody"), "connection"),
        (ValueError("what?"), "server"),
    ],
)
def test_a_fault_has_its_name(given, kind, monkeypatch):
    monkeypatch.setenv("MINE_API_KEY", KEY)
    failure, failures = answered(given)
    assert isinstance(failure, ChatError)
    assert failure.kind == kind
    assert failures == {kind: 1}
    assert KEY not in str(failure)
    assert failure.__cause__ is failure.__context__ is None


def test_only_its_own_model_is_asked():
    failure, _ = answered(said(), ask(model="mockllm/other"))
    assert failure.kind == "bad_request"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("openai/gpt-4o-mini", "set OPENAI_API_KEY"),
        ("openrouter/maker/small", "set OPENROUTER_API_KEY in the environment"),
        ("openai-api/small/small", "set SMALL_API_KEY in the environment"),
        ("openia/gpt-4o-mini", "no provider 'openia': did you mean openai"),
        ("openai/", "say which one, as in openai/MODEL"),
        ("none/none", "no provider 'none'"),
    ],
)
def test_a_model_that_is_unknown_or_lacks_its_key_is_one_line(name, said, monkeypatch):
    for variable in ("OPENAI", "OPENROUTER", "SMALL"):
        monkeypatch.delenv(f"{variable}_API_KEY", raising=False)
    monkeypatch.setenv("OTHER_API_KEY", KEY)
    with pytest.raises(ConfigurationError, match=said) as caught:
        model_backend(name)
    assert str(caught.value).startswith(f"model {name}: ")
    assert "\n" not in str(caught.value)
    assert "[" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_model_of_a_provider_is_asked_by_its_full_name():
    backend, asked = model_backend(MODEL)
    assert isinstance(backend, Inspected)
    assert asked == MODEL


def test_a_real_provider_s_library_talks_to_our_server(monkeypatch):
    monkeypatch.setenv("SMALL_API_KEY", KEY)

    def request(prompt):
        messages = (Message("system", "be kind"), Message("user", prompt))
        return replace(ask(model="openai-api/small/small"), messages=messages)

    async def go(faults):
        async with serving() as server:
            server.choose = lambda prompt: prompt if prompt in faults else ""
            name = "openai-api/small/small"
            backend, _ = model_backend(name, base_url=server.url, tries=1)
            heard = [await outcome(backend, request(prompt)) for prompt in (*faults, "hello")]
            await backend.close()
            return server, heard

    faults = {
        "limit": "rate_limit",
        "unauthorized": "no_key",
        "no_credit": "no_credit",
        "length": "cut_off",
        "refusal": "refused",
        "filtered": "refused",
        "too_long": "bad_request",
        "bad_request": "bad_request",
    }
    server, heard = asyncio.run(go(faults))
    kinds = [getattr(one, "kind", None) for one in heard]
    assert kinds == [*faults.values(), None]
    assert heard[-1].text == "yes to hello"
    assert (heard[-1].model, heard[-1].tokens_in) == ("small-2026-01-31", 7)
    assert server.bodies[-1]["messages"][0]["content"] == "be kind"
    assert server.keys[-1] == f"Bearer {KEY}"
    assert not any(KEY in repr(one) for one in heard)
