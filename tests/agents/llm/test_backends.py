"""Stand-ins for models."""

import asyncio
import json
from collections import Counter

import numpy as np
import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import ChatError, FailureKind, Fake, Scripted
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


def test_the_stand_in_takes_any_line_and_any_integer_alike():
    prompt = """Choices: old, older
Choices:
- wait
- offer now, with price = an integer from -1 to 1 (points, or so), share = an integer from 5 to 5
- leave

- no choice any more"""
    replies = answers(Fake(), [ask(prompt, world) for world in range(900)])
    counts = Counter(reply.text for reply in replies)
    offers = [f"ANSWER: offer now price={price} share=5" for price in (-1, 0, 1)]
    assert set(counts) == {"ANSWER: wait", "ANSWER: leave", *offers}
    for text, share in (("ANSWER: wait", 1 / 3), *((text, 1 / 9) for text in offers)):
        assert abs(counts[text] - 900 * share) < 4.5 * np.sqrt(900 * share * (1 - share))


def test_the_stand_in_never_answers_what_nobody_offered():
    for prompt in ("What now?", "Choices:", "Choices: \n", "Choices:\n\n- not one of them"):
        (failure,) = answers(Fake(), [ask(prompt)])
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
