"""Requests are known by all that matters in them; failures say what they are."""

import pickle
import subprocess
import sys
from dataclasses import replace

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import ChatError, ChatRequest, FailureKind, Message, Place
from posalign_sim.agents.llm.backends.raw_reply import same_model
from tests.agents.llm.asking import ask


def test_whatever_differs_in_a_request_its_place_included_is_in_its_key():
    request = ask(schema={"enum": [1]}, stop=("x",), temperature=0.5)
    place = request.place
    others = [
        *(
            replace(request, place=replace(place, **{name: value}))
            for name, value in (
                ("study", "other"),
                ("world", 1),
                ("round", 2),
                ("decision", "pay"),
                ("seat", 1),
                ("attempt", 1),
            )
        ),
        replace(request, messages=(Message("system", request.messages[0].text),)),
        replace(request, messages=(*request.messages, Message("assistant", ""))),
        replace(request, model="other"),
        replace(request, temperature=None),
        replace(request, most_tokens=7),
        replace(request, schema=None),
        replace(request, stop=()),
    ]
    assert len({one.key() for one in (request, *others)}) == len(others) + 1
    assert request.key() == replace(request).key()
    assert replace(request, temperature=1).key() == replace(request, temperature=1.0).key()


def test_what_cannot_be_asked_is_refused_when_it_is_said():
    place = Place("study", 0, 1, "move", 0)
    with pytest.raises(ConfigurationError, match="did you mean user"):
        Message("usr", "hello")
    with pytest.raises(ConfigurationError, match="at least one message"):
        ChatRequest((), "small", place)
    with pytest.raises(ConfigurationError, match="most_tokens"):
        ask(most_tokens=0)
    with pytest.raises(ConfigurationError, match="temperature"):
        ask(temperature=float("nan"))


def test_a_failure_says_what_it_is_on_one_line_and_survives_the_way_between_processes():
    failure = ChatError(FailureKind.SERVER, "one\n two" + "x" * 1000, wait=2.0, tokens_in=3)
    assert str(failure).startswith("server: one two")
    assert "\n" not in str(failure)
    assert len(str(failure)) < 500
    copied = pickle.loads(pickle.dumps(failure))
    assert vars(copied) == vars(failure)


@pytest.mark.parametrize("kind", FailureKind)
def test_what_the_model_will_not_or_may_not_do_is_not_tried_again(kind):
    lasting = {"refused", "cut_off", "bad_request", "wrong_model", "no_key", "over_budget"}
    lasting |= {"not_recorded", "no_credit", "too_large"}
    assert ChatError(kind, "").again is (kind not in lasting)


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("small", "small", True),
        ("small", "small-2026-01-31", True),
        ("small", "small-0613", True),
        ("maker/small", "small", True),
        ("small-latest", "small-20260131", True),
        ("small", "small-mini", False),
        ("small", "small-mini-2026-01-31", False),
        ("small", "smaller", False),
        ("small-2026-01-31", "small-2026-03-01", False),
        ("small", "", False),
    ],
)
def test_a_model_is_the_one_that_was_asked_if_only_its_date_is_added(asked, answered, same):
    assert same_model(asked, answered) is same


def test_who_does_not_talk_to_models_does_not_import_what_does():
    text = (
        "import sys, posalign_sim, posalign_sim.agents\n"
        "assert not [name for name in sys.modules if name.startswith('posalign_sim.agents.llm')]\n"
        "before = set(sys.modules)\n"
        "import posalign_sim.agents.llm\n"
        "assert not {'aiohttp', 'inspect_ai', 'openai'} & (set(sys.modules) - before)\n"
    )
    subprocess.run([sys.executable, "-c", text], check=True)
