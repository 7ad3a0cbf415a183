"""Models by name, one and several."""

import asyncio
import importlib.util
from dataclasses import replace

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import (
    Budget,
    Cassette,
    Direct,
    Fake,
    Price,
    Routed,
    Scripted,
    model_backend,
)
from posalign_sim.agents.llm.backends import named
from tests.agents.llm.asking import ask, outcome
from tests.agents.llm.server import serving
from tests.agents.llm.taping import Counting

KEY = "sk-this-is+a/fake-key-0123456789"
LOCAL = "http://localhost:8000/v1"
MODULE = """
def loud(prompt):
    return prompt.upper()

def silent(prompt):
    return None

level = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of the user's own, and one that does not come up."""
    (tmp_path / "my_models.py").write_text(MODULE)
    (tmp_path / "my_broken.py").write_text("1 / 0")
    (tmp_path / "my_lacking.py").write_text("import there_is_no_such_thing")
    monkeypatch.syspath_prepend(tmp_path)
    return "my_models"


@pytest.mark.parametrize(
    ("name", "url", "asked"),
    [
        (f"qwen3@{LOCAL}", LOCAL, "qwen3"),
        (f"maker/small-1.5:8b@{LOCAL}", LOCAL, "maker/small-1.5:8b"),
        ("small@http://far.example/v1", "http://far.example/v1", "small"),
    ],
)
def test_a_model_at_an_address_is_asked_of_that_server(name, url, asked, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    backend, known_as = model_backend(name)
    assert isinstance(backend, Direct)
    assert (backend.base_url, backend.key_variable, known_as) == (url, None, asked)


def test_the_key_goes_to_https_alone_and_from_the_variable_that_is_named(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("MINE", KEY)
    far = "small@https://far.example/v1"
    for options, variable in (
        ({}, "OPENAI_API_KEY"),
        ({"key_variable": "MINE"}, "MINE"),
        ({"key_variable": "none"}, None),
    ):
        assert model_backend(far, **options)[0].key_variable == variable
    with pytest.raises(ConfigurationError, match="openly"):
        model_backend("small@http://far.example/v1", key_variable="MINE")


def test_a_function_answers_to_the_text_of_the_prompt(module):
    name = f"python/{module}:loud"
    backend, asked = model_backend(name)
    assert isinstance(backend, Scripted)
    reply = asyncio.run(backend.complete(ask("yes", model=asked)))
    assert (reply.text, reply.model) == ("YES", name)
    backend, asked = model_backend(f"python/{module}:silent")
    with pytest.raises(ConfigurationError, match="not NoneType"):
        asyncio.run(backend.complete(ask("yes", model=asked)))


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("fak", {}, "did you mean fake"),
        ("fake/small", {}, "no model is named 'fake/small'"),
        ("gpt-4o", {}, "there is MODEL@URL, PROVIDER/MODEL, fake, python/PACKAGE.MODULE:FUNCTION"),
        ("", {}, "no model is named"),
        ("python:json:loads", {}, "python/PACKAGE.MODULE:FUNCTION"),
        ("fake", {"sed": 1}, "model fake: .*sed"),
        ("fake", {"failing": {"timout": 0.1}}, "did you mean timeout"),
        (f"small@{LOCAL}", {"trys": 1}, "model small: .*trys"),
        (f"@{LOCAL}", {}, "which model"),
        ("small@localhost:8000/v1", {}, "http://"),
        ("small@http://host:port/v1", {}, "http://"),
        ("maker/small@ftp://me:hidden@far.example/v1", {}, "http://"),
        ("small@https://me:hidden@far.example/v1", {}, "far.example has a name"),
        ("small@https://far.example/v1?key=hidden", {}, "far.example has a name"),
        ("small@https://far.example/v1", {}, r"no key in \$OPENAI_API_KEY"),
        ("small@https://far.example/v1", {"key_variable": "MINE"}, r"\$MINE"),
        ("python/my_models", {}, "write python/PACKAGE.MODULE:FUNCTION"),
        ("python/my_models:lod", {}, "did you mean loud"),
        ("python/my_models:level", {}, "my_models:level is no function"),
        ("python/my_model:loud", {}, "no module my_model on Python's path"),
        ("python/my_lacking:loud", {}, "no module there_is_no_such_thing"),
        ("python/my_broken:loud", {}, "my_broken cannot be imported: ZeroDivisionError"),
        ("python/my_models:loud", {"seed": 1}, "seed"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(name, options, said, module, monkeypatch):
    for variable in ("OPENAI_API_KEY", "MINE"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigurationError, match=said) as caught:
        model_backend(name, **options)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "package"), [(f"small@{LOCAL}", "aiohttp"), ("openai/gpt-4o-mini", "inspect-ai")]
)
def test_a_package_that_is_missing_is_named_on_one_line(name, package, monkeypatch):
    monkeypatch.setattr(
        named,
        "find_spec",
        lambda name: None if name in ("aiohttp", "inspect_ai") else importlib.util.find_spec(name),
    )
    with pytest.raises(ConfigurationError, match=f"needs {package}: pip install 'pos") as caught:
        model_backend(name)
    assert "\n" not in str(caught.value)


def test_each_request_goes_to_the_model_that_it_names_by_the_name_that_its_server_knows(module):
    async def go():
        async with serving() as one, serving() as other:
            names = [f"small@{one.url}", f"small@{other.url}", f"python/{module}:loud", "fake"]
            routed = Routed(names, {names[1]: {"tries": 1}})
            heard = [await outcome(routed, ask("Choices: b", model=name)) for name in names]
            stranger = await outcome(routed, ask(model="fke"))
            await routed.close()
            return names, heard, stranger, one.bodies, other.bodies

    names, heard, stranger, *bodies = asyncio.run(go())
    assert [[body["model"] for body in sent] for sent in bodies] == [["small"]] * 2
    assert [reply.text for reply in heard] == ["yes to Choices: b"] * 2 + ["CHOICES: B", "b"]
    assert [reply.model for reply in heard] == ["small-2026-01-31"] * 2 + names[2:]
    assert stranger.kind == "bad_request"
    assert "did you mean fake?" in stranger.detail


def test_budgets_and_cassettes_know_models_by_their_full_names(tmp_path):
    path = tmp_path / "study.cassette"

    async def go():
        async with serving() as server:
            name = f"small@{server.url}"
            prices = {name: Price(1_000_000, 0)}
            budget = Budget(Routed([name]), money=100, prices=prices)
            tape = Cassette(path, budget)
            first = await tape.complete(ask(model=name))
            await tape.close()
            return ask(model=name), first, budget.spent().money

    request, first, money = asyncio.run(go())
    assert money == first.tokens_in

    async def again():
        """There is no server any more, and no key: what is played needs neither."""
        tape = Cassette(path, Routed([request.model, "small@https://far.example/v1"]))
        try:
            played = await tape.complete(request)
            with pytest.raises(ConfigurationError, match="no key"):
                await tape.complete(replace(request, model="small@https://far.example/v1"))
            return played
        finally:
            await tape.close()

    assert asyncio.run(again()) == first


def test_what_is_missing_is_found_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    routed = Routed(["fake", "small@https://far.example/v1"])
    with pytest.raises(ConfigurationError, match="no key"):
        routed.make()
    with pytest.raises(ConfigurationError, match=r"options for fke.*did you mean fake"):
        Routed(["fake"], {"fke": {"seed": 1}})
    Routed(["fake"], {"fake": {"seed": 1}}).make()


class Closing(Counting):
    """Tells how often it was closed."""

    closed = 0

    async def close(self):
        self.closed += 1
        await super().close()


def test_a_backend_behind_several_names_is_closed_once():
    shared = Closing(Fake())
    routed = Routed({"a": (shared, "one"), "b": (shared, "two")})

    async def go():
        heard = [await outcome(routed, ask(model=name)) for name in ("a", "b")]
        await routed.close()
        await routed.close()
        return heard

    assert [reply.model for reply in asyncio.run(go())] == ["one", "two"]
    assert sum(shared.calls.values()) == 2
    assert shared.closed == 1
