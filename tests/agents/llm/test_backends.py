"""Stand-ins for models, and backends by name."""

import asyncio
import importlib.util
import json
from collections import Counter

import numpy as np
import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import ChatError, FailureKind, Fake, Scripted, make_backend
from tests.agents.llm.asking import ask, outcome

MOVE = {
    "$defs": {"move": {"enum": ["cooperate", "defect"]}},
    "type": "object",
    "properties": {
        "move": {"$ref": "#/$defs/move"},
        "price": {"type": "integer", "minimum": 3, "maximum": 9},
        "offers": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "sure": {"type": ["boolean", "null"]},
        "why": {"type": "string", "maxLength": 5},
        "kind": {"const": "act"},
        "other": {"anyOf": [{"const": 1}, {"type": "integer", "minimum": 5}]},
    },
    "required": ["move", "price"],
}


def answers(backend, requests):
    async def go():
        return await asyncio.gather(*(outcome(backend, request) for request in requests))

    return asyncio.run(go())


def test_the_stand_in_takes_any_choice_alike_and_the_same_one_for_the_same_request():
    requests = [ask(world=world) for world in range(600)]
    first, again = (answers(Fake(), requests) for _ in range(2))
    assert first == again
    counts = Counter(reply.text for reply in first)
    assert set(counts) == set("abc")
    error = np.sqrt(600 * 1 / 3 * 2 / 3)
    assert all(abs(count - 200) < 4 * error for count in counts.values())
    assert first != answers(Fake(seed=1), requests)


def test_the_stand_in_answers_to_a_schema_with_what_satisfies_it():
    for reply in answers(Fake(), [ask("no choices", world, schema=MOVE) for world in range(50)]):
        value = json.loads(reply.text)
        assert value["move"] in ("cooperate", "defect")
        assert 3 <= value["price"] <= 9
        assert len(value["offers"]) == 2
        assert value["sure"] in (True, False, None)
        assert len(value["why"]) <= 5
        assert value["kind"] == "act"
        assert value["other"] == 1 or value["other"] >= 5


def test_the_stand_in_never_answers_what_nobody_offered():
    (failure,) = answers(Fake(), [ask("What now?")])
    assert failure.kind == FailureKind.BAD_REQUEST


def test_the_stand_in_fails_as_often_as_it_is_told_and_another_attempt_may_go_well():
    fake = Fake(failing={"timeout": 0.2, "refused": 0.1})
    first = answers(fake, [ask(world=world) for world in range(1000)])
    kinds = Counter(one.kind for one in first if isinstance(one, ChatError))
    for kind, rate in (("timeout", 0.2), ("refused", 0.1)):
        assert abs(kinds[kind] - 1000 * rate) < 4 * np.sqrt(1000 * rate * (1 - rate))
    failed = [n for n, one in enumerate(first) if isinstance(one, ChatError)]
    second = answers(fake, [ask(world=world, attempt=1) for world in failed])
    assert any(not isinstance(one, ChatError) for one in second)
    with pytest.raises(ConfigurationError, match="did you mean timeout"):
        Fake(failing={"timout": 0.1})
    with pytest.raises(ConfigurationError, match="more than 1"):
        Fake(failing={"timeout": 0.6, "server": 0.6})


def test_a_script_reads_all_of_the_prompt_and_an_empty_answer_is_none():
    script = Scripted(lambda prompt: "yes" if "please" in prompt else " ")
    polite, rude = answers(script, [ask("please"), ask("now")])
    assert polite.text == "yes"
    assert rude.kind == FailureKind.EMPTY


def test_backends_are_made_by_name_and_what_is_wrong_with_a_name_is_said(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert isinstance(make_backend("fake"), Fake)
    assert isinstance(make_backend("scripted", answer=str), Scripted)
    assert make_backend("direct:http://localhost:1/v1").key_variable is None
    assert make_backend("direct:http://far.example/v1").key_variable is None
    assert make_backend("direct:https://far.example/v1", key_variable="none").key_variable is None
    for name, options, said in (
        ("fak", {}, "did you mean fake"),
        ("direct", {}, "direct:URL"),
        ("fake:x", {}, "named fake"),
        ("scripted", {}, "option answer"),
        ("fake", {"sed": 1}, "sed"),
        ("direct:localhost:8000", {}, "http://"),
        ("direct:http://host:port/v1", {}, "http://"),
        ("direct:https://me:hidden@far.example/v1", {}, "far.example has a name"),
        ("direct:https://far.example/v1?key=hidden", {}, "far.example has a name"),
        ("direct:https://far.example/v1", {}, r"no key in \$OPENAI_API_KEY"),
        ("direct:https://far.example/v1", {"key_variable": "MINE"}, r"\$MINE"),
    ):
        with pytest.raises(ConfigurationError, match=said) as caught:
            make_backend(name, **options)
        assert "hidden" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_key_does_not_travel_openly(monkeypatch):
    monkeypatch.setenv("MINE", "key-0123456789")
    with pytest.raises(ConfigurationError, match="openly"):
        make_backend("direct:http://far.example/v1", key_variable="MINE")
    make_backend("direct:https://far.example/v1", key_variable="MINE")


@pytest.mark.parametrize(
    ("name", "package"),
    [("direct:http://localhost/v1", "aiohttp"), ("inspect:openai/gpt-4o-mini", "inspect-ai")],
)
def test_a_package_that_is_missing_is_named_on_one_line(name, package, monkeypatch):
    from posalign_sim.agents.llm import backends

    monkeypatch.setattr(
        backends,
        "find_spec",
        lambda name: None if name in ("aiohttp", "inspect_ai") else importlib.util.find_spec(name),
    )
    with pytest.raises(ConfigurationError, match=f"needs {package}: pip install") as caught:
        make_backend(name)
    assert "\n" not in str(caught.value)
