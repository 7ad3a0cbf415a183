"""A stand-in for a model, that needs nothing and answers anything that has choices."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Mapping
from typing import Any

from posalign_sim.agents.llm.chat import ChatError, ChatReply, ChatRequest, FailureKind, digest
from posalign_sim.world.errors import ConfigurationError, nearest

#: Tokens are counted as most servers would for English, roughly: four characters each.
CHARACTERS_PER_TOKEN = 4
#: What comes before the choices of a prompt.
MARKER = "Choices:"
#: What it says where anything may be said.
WORDS = "an answer of the stand-in"
#: Choices on lines of their own, after a line that ends in a colon, in whatever language.
_BLOCK = re.compile(r"[:\uff1a]\n((?:- .+(?:\n|\Z))+)")
#: A choice that stands on a line of its own, and each integer that it carries.
_CHOICE = re.compile(r"- (.+?)(?:, ([^,=]* \w+ = .*))?")
#: Choices with which words go, and a prompt that asks for words and nothing else.
_SPOKEN = re.compile(r"^With (.+?) (?:you may send|go) words of your own", re.MULTILINE)
_WORDS = re.compile(r"Answer with the \w+ and nothing else\.")
_CARRIED = re.compile(r"(\w+) = [^\d,=]*?(-?\d+)[^\d,=]*?(-?\d+)")


class Fake:
    """Takes one of the choices that a request offers, at random but always the same one.

    What it takes follows from the hash of the request alone, place included: so replicates differ,
    and a study with it gives the same results wherever and in whatever order it runs. It takes its
    choices from the schema of the request, or else from what stands in the prompt: after the last
    `Choices:`, separated by commas on that line; or in the last list after a line that ends in a
    colon, in whatever language, as in `- wait` or `- offer, with price = an integer from 1 to 5`,
    which it answers with `ANSWER: offer price=3`.
    Where words go with what it takes, it promises something with them.

    Args:
        seed: another seed gives other answers.
        failing: how often it fails, by kind of failure: `{"timeout": 0.01}`. An attempt that fails
            fails always; the next attempt is another request.
        delay: seconds that each answer takes.

    >>> from posalign_sim.agents.llm import ChatRequest, Message, Place
    >>> ask = ChatRequest((Message("user", "Choices: yes, no"),), "fake", Place("a", 0, 1, "b", 0))
    >>> asyncio.run(Fake().complete(ask)).text in ("yes", "no")
    True
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        failing: Mapping[str, float] | None = None,
        delay: float = 0.0,
    ) -> None:
        """See the class."""
        self.seed = seed
        self.delay = delay
        kinds = [str(kind) for kind in FailureKind]
        for kind, rate in (failing or {}).items():
            if kind not in kinds:
                raise ConfigurationError(f"unknown failure {kind!r}: {nearest(kind, kinds)}")
            if not 0 <= rate <= 1:
                raise ConfigurationError(f"failing: {kind} must be from 0 to 1, not {rate}")
        self.failing = {FailureKind(kind): float(rate) for kind, rate in (failing or {}).items()}
        if sum(self.failing.values()) > 1:
            raise ConfigurationError("failing: the rates add up to more than 1")

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`."""
        if self.delay:
            await asyncio.sleep(self.delay)
        luck = random.Random(f"{self.seed}/{request.key()}")
        draw = luck.random()
        for kind, rate in self.failing.items():
            draw -= rate
            if draw < 0:
                raise ChatError(kind, "the stand-in was told to fail", tokens_in=_tokens(request))
        text = self._answer(request, luck)
        return ChatReply(
            text,
            request.model,
            f"stand-in-{digest(str(self.seed))[:8]}",
            _tokens(request),
            len(text) // CHARACTERS_PER_TOKEN + 1,
            0.0,
            "stop",
        )

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _answer(self, request: ChatRequest, luck: random.Random) -> str:
        if request.schema is not None:
            return json.dumps(drawn(request.schema, request.schema, luck))
        return chosen(request.prompt(), luck)


def chosen(prompt: str, luck: random.Random) -> str:
    r"""One of the choices that a prompt offers, said as it asks for it.

    Args:
        prompt: all of it.
        luck: where chance comes from.

    >>> chosen("Choices:\n- offer, with price = an integer from 3 to 3", random.Random(1))
    'ANSWER: offer price=3'
    >>> chosen("Choices: yes", random.Random(1))
    'yes'
    """
    if MARKER not in prompt and _WORDS.fullmatch(prompt.rpartition("\n")[2]):
        return WORDS
    first = prompt.rpartition(MARKER)[2].partition("\n")[0] if MARKER in prompt else ""
    listed = [choice.strip() for choice in first.split(",") if choice.strip()]
    if listed:
        return luck.choice(listed)
    asked = prompt.rpartition("\n## ")
    blocks = list(_BLOCK.finditer(asked[2]))
    if asked[1] and not blocks and "ANSWER" not in asked[2]:
        return WORDS  # a section that asks for no choice, in whatever language
    lines = blocks[-1][1].splitlines() if blocks else []
    offered = [match for match in map(_CHOICE.fullmatch, lines) if match]
    if not offered:
        raise ChatError(
            FailureKind.BAD_REQUEST,
            f"the stand-in finds no choices: no schema, nothing after {MARKER!r}, and no list",
        )
    label, carried = luck.choice(offered).groups("")
    drawn_now = [
        f"{name}={luck.randint(int(low), int(high))}"
        for name, low, high in _CARRIED.findall(carried)
    ]
    answer = " ".join(["ANSWER:", label, *drawn_now])
    spoken = _SPOKEN.search(asked[2], blocks[-1].end())
    if spoken is None or label not in spoken[1].split(" or "):
        return answer
    return f"MESSAGE: I will cooperate {luck.randint(0, 10)}0%.\n{answer}"


def drawn(schema: Mapping[str, Any], root: Mapping[str, Any], luck: random.Random) -> Any:
    """A value that satisfies a JSON schema, drawn at random.

    Args:
        schema: what it must satisfy.
        root: the schema in which `$ref` points.
        luck: where chance comes from.

    >>> drawn({"type": "integer", "minimum": 3, "maximum": 3}, {}, random.Random(1))
    3
    """
    if "$ref" in schema:
        found: Any = root
        for name in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found[name]
        return drawn(found, root, luck)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return luck.choice(list(schema["enum"]))
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return drawn(luck.choice(list(schema[either])), root, luck)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = luck.choice(kind)
    match kind:
        case "object":
            parts = schema.get("properties", {})
            return {name: drawn(part, root, luck) for name, part in parts.items()}
        case "array":
            least = schema.get("minItems", 0)
            length = luck.randint(least, schema.get("maxItems", least))
            return [drawn(schema["items"], root, luck) for _ in range(length)]
        case "integer":
            least = schema.get("minimum", 0)
            return luck.randint(int(least), int(schema.get("maximum", max(least, 0) + 10)))
        case "number":
            low = schema.get("minimum", 0.0)
            return luck.uniform(low, schema.get("maximum", max(low, 0.0) + 1.0))
        case "boolean":
            return luck.random() < 0.5
        case "null":
            return None
        case "string":
            return WORDS[: schema.get("maxLength", len(WORDS))]
    raise ChatError(FailureKind.BAD_REQUEST, f"the stand-in cannot answer to {dict(schema)}")


def _tokens(request: ChatRequest) -> int:
    return sum(len(message.text) for message in request.messages) // CHARACTERS_PER_TOKEN + 1
