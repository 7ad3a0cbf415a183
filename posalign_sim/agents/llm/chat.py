"""What is said to a language model, what it answers, and how it may fail to."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from posalign_sim.world.errors import ConfigurationError, nearest

#: With what the decisions of places begin that are none of a world's.
ASIDE = ("judge: ", "probe: ")
ROLES = ("system", "user", "assistant")
#: A variable of the environment with such a name may hold what nobody else is to read.
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
#: What is shorter is no key, and would be found in ordinary words.
_SHORTEST_SECRET = 8
_LONGEST_DETAIL = 400


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: `system`, `user` or `assistant`.
        text: what it says.
    """

    role: str
    text: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ConfigurationError(f"unknown role {self.role!r}: {nearest(self.role, ROLES)}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from. No two requests of a study have the same place.

    Attributes:
        study: name of the study; after a slash, what part of it: game, arm, payoffs.
        world: number of the world (the replicate).
        round: number of the round.
        decision: what is decided.
        seat: number of the seat that is asked.
        attempt: 0 when it is first asked, 1 when its first answer was of no use, and so on.

    >>> print(Place("bonds/market/bond", world=3, round=10, decision="deliver", seat=1))
    bonds/market/bond, world 3, round 10, deliver, seat 1, attempt 0
    """

    study: str
    world: int
    round: int
    decision: str
    seat: int
    attempt: int = 0

    def __str__(self) -> str:
        return (
            f"{self.study}, world {self.world}, round {self.round}, {self.decision}, "
            f"seat {self.seat}, attempt {self.attempt}"
        )


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked, and from where.

    Attributes:
        messages: the conversation so far.
        model: name of the model, as its server knows it.
        place: who asks, and when. It is never sent; it tells replicates apart.
        temperature: of sampling; None: what the server takes by default.
        most_tokens: how long the answer may become.
        schema: a JSON schema that the answer must satisfy; None: any text.
        stop: texts at which the answer ends.

    >>> words = (Message("user", "Cooperate?"),)
    >>> one, other = (Place("study", world, 1, "move", 0) for world in (0, 1))
    >>> ChatRequest(words, "fake", one).key() == ChatRequest(words, "fake", other).key()
    False
    """

    messages: tuple[Message, ...]
    model: str
    place: Place
    temperature: float | None = None
    most_tokens: int = 1024
    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.messages:
            raise ConfigurationError("a request needs at least one message")
        if self.most_tokens < 1:
            raise ConfigurationError(f"most_tokens must be 1 or more, not {self.most_tokens}")
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise ConfigurationError(f"temperature must be 0 or more, not {self.temperature}")

    def prompt(self) -> str:
        """All that the model reads, as one text."""
        return "\n\n".join(message.text for message in self.messages)

    def canonical(self) -> str:
        """Every field that matters, the place included, as JSON of one form.

        A schema keeps its order: models write fields in that order.
        """
        fields = {
            "messages": [[message.role, message.text] for message in self.messages],
            "model": self.model,
            "most_tokens": int(self.most_tokens),
            "place": asdict(self.place),
            "schema": self.schema,
            "stop": list(self.stop),
            "temperature": None if self.temperature is None else float(self.temperature),
        }
        return json.dumps(fields, separators=(",", ":"), allow_nan=False)

    def key(self) -> str:
        """The SHA-256 of `canonical`: what this request is known by."""
        return digest(self.canonical())


def digest(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a model answered.

    Attributes:
        text: the answer.
        model: the model that answered, in the words of its server.
        fingerprint: of the system that answered, if its server tells.
        tokens_in: tokens read, those of tries that failed included.
        tokens_out: tokens written, those of tries that failed included.
        seconds: how long the try took that was answered.
        finish: why the answer ended, in the words of the server.
    """

    text: str
    model: str
    fingerprint: str | None
    tokens_in: int
    tokens_out: int
    seconds: float
    finish: str


class FailureKind(StrEnum):
    """What may keep a request from being answered."""

    RATE_LIMIT = "rate_limit"  # too much was asked at once
    NO_CREDIT = "no_credit"  # the account at the server is used up
    TIMEOUT = "timeout"  # no answer in time
    SERVER = "server"  # the server says that it failed
    CONNECTION = "connection"  # there is no server
    BROKEN_STREAM = "broken_stream"  # the connection was cut before the reply was whole
    MALFORMED = "malformed"  # what came is not a reply, or lacks what a reply has
    TOO_LARGE = "too_large"  # the reply has more bytes than are read
    EMPTY = "empty"  # a reply without an answer
    REFUSED = "refused"  # the model, or a filter, will not answer
    CUT_OFF = "cut_off"  # the answer is longer than it may be
    WRONG_MODEL = "wrong_model"  # another model answered
    BAD_REQUEST = "bad_request"  # the server does not understand the request
    NO_KEY = "no_key"  # there is no key, or the server does not accept it
    OVER_BUDGET = "over_budget"  # the limits that the user set
    NOT_RECORDED = "not_recorded"  # asked in replay, and never recorded


#: Failures that may pass: the same request is worth another try.
PASSING = frozenset(
    {
        FailureKind.RATE_LIMIT,
        FailureKind.TIMEOUT,
        FailureKind.SERVER,
        FailureKind.CONNECTION,
        FailureKind.BROKEN_STREAM,
        FailureKind.MALFORMED,
        FailureKind.EMPTY,
    }
)
#: Failures that are about who asks: they are not recorded.
OURS = frozenset(
    {
        FailureKind.OVER_BUDGET,
        FailureKind.NOT_RECORDED,
        FailureKind.NO_KEY,
        FailureKind.NO_CREDIT,
    }
)
#: Failures that are the model's own doing: as much a result as an answer would be.
THEIRS = frozenset({FailureKind.REFUSED, FailureKind.CUT_OFF})


class ChatError(Exception):
    """A request was not answered. This is never an answer: whoever asked decides what follows.

    Attributes:
        kind: of failure.
        detail: what happened, on one line and without the values of keys.
        again: whether the same request is worth another try.
        wait: how many seconds the server asks to wait before that, if it does.
        tokens_in: tokens that the tries read all the same, as far as the server told.
        tokens_out: tokens that the tries wrote all the same.
        tries: how often it was tried.

    >>> str(ChatError(FailureKind.EMPTY, "no choices"))
    'empty: no choices'
    """

    def __init__(
        self,
        kind: FailureKind,
        detail: str,
        *,
        wait: float | None = None,
        tokens_in: int = 0,
        tokens_out: int = 0,
        tries: int = 1,
    ) -> None:
        """See the class."""
        self.kind = kind
        self.detail = without_secrets(" ".join(detail.split()))[:_LONGEST_DETAIL]
        self.wait = wait
        self.tokens_in = tokens_in
        self.tokens_out = tokens_out
        self.tries = tries
        super().__init__(f"{kind}: {self.detail}")

    @property
    def again(self) -> bool:
        """Whether the same request is worth another try."""
        return self.kind in PASSING

    def __reduce__(self) -> tuple[Any, ...]:
        return _failure, (
            str(self.kind),
            self.detail,
            self.wait,
            self.tokens_in,
            self.tokens_out,
            self.tries,
        )


def _failure(
    kind: str, detail: str, wait: float | None, tokens_in: int, tokens_out: int, tries: int
) -> ChatError:
    return ChatError(
        FailureKind(kind),
        detail,
        wait=wait,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tries=tries,
    )


def without_secrets(text: str) -> str:
    """A text in which no value of the environment stands that is a key by its name.

    Servers repeat in their messages what was sent to them.
    """
    for name, value in os.environ.items():
        value = value.strip()
        if len(value) >= _SHORTEST_SECRET and value in text and _SECRET.search(name):
            text = text.replace(value, f"${name}")
    return text


class ChatBackend(Protocol):
    """Something that answers requests: a model, a stand-in for one, or what wraps either."""

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request. Many may be under way at once, in one event loop.

        Raises:
            ChatError: it was not answered.
        """

    async def close(self) -> None:
        """Let go of connections and files. Nothing is asked afterwards."""
