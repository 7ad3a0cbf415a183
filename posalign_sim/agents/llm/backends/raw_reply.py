"""Whether what a server sent is an answer: one judgement for all backends that ask real models."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from posalign_sim.agents.llm.chat import ChatError, ChatReply, FailureKind

#: Servers add the date of a version to the name of a model.
_DATE = re.compile(r"-\d{3}[\d-]*")


@dataclass(frozen=True, slots=True)
class RawReply:
    """What a server said, before anybody looked at it closely.

    Attributes:
        text: the answer, if there is one.
        model: who answered.
        fingerprint: of the system that did.
        tokens_in: tokens read.
        tokens_out: tokens written.
        finish: why the answer ended, in the server's words.
        refusal: what the model said in place of an answer.
    """

    text: str | None
    model: str
    fingerprint: str | None
    tokens_in: int
    tokens_out: int
    finish: str
    refusal: str | None = None


def reply_of(
    raw: RawReply, asked: str, also: Collection[str], seconds: float
) -> ChatReply | ChatError:
    """The answer, or what keeps it from being one.

    Args:
        raw: what the server said.
        asked: the model that was asked.
        also: other names under which that model answers.
        seconds: how long it took.

    >>> raw = RawReply("yes", "big-2026-01-31", None, 10, 2, "stop")
    >>> reply_of(raw, "big", (), 0.5).text
    'yes'
    >>> reply_of(raw, "small", (), 0.5)
    ChatError('wrong_model: small was asked, big-2026-01-31 answered')
    """

    def failure(kind: FailureKind, detail: str) -> ChatError:
        return ChatError(kind, detail, tokens_in=raw.tokens_in, tokens_out=raw.tokens_out)

    if not same_model(asked, raw.model, also):
        return failure(FailureKind.WRONG_MODEL, f"{asked} was asked, {raw.model} answered")
    if raw.refusal or raw.finish in ("content_filter", "refusal"):
        return failure(FailureKind.REFUSED, raw.refusal or "a filter withheld the answer")
    if raw.finish in ("length", "max_tokens", "model_length"):
        return failure(FailureKind.CUT_OFF, f"the answer ended after {raw.tokens_out} tokens")
    if raw.finish in ("tool_calls", "function_call"):
        return failure(FailureKind.MALFORMED, "a call of a tool in place of an answer")
    if raw.text is None or not raw.text.strip():
        return failure(FailureKind.EMPTY, "the reply has no text")
    if not all(_is_text(part) for part in (raw.text, raw.model, raw.fingerprint or "")):
        return failure(FailureKind.MALFORMED, "the reply has halves of characters")
    return ChatReply(
        raw.text,
        raw.model,
        raw.fingerprint,
        raw.tokens_in,
        raw.tokens_out,
        seconds,
        raw.finish,
    )


def same_model(asked: str, answered: str, also: Collection[str] = ()) -> bool:
    """Whether a model that answered is the one that was asked.

    It may have the date of its version added, and the provider before it left out.

    >>> same_model("openai/small", "small-2026-01-31"), same_model("small", "small-mini")
    (True, False)
    """
    if answered == asked or answered in also:
        return True
    plain = asked.rpartition("/")[2].removesuffix("-latest")
    name = answered.rpartition("/")[2]
    return name.startswith(plain) and (
        name == plain or _DATE.fullmatch(name.removeprefix(plain)) is not None
    )


def kind_of_status(status: int, code: str = "") -> FailureKind:
    """What an HTTP status says, and the code that some servers give with it.

    >>> str(kind_of_status(429)), str(kind_of_status(429, "insufficient_quota"))
    ('rate_limit', 'no_credit')
    """
    if status == 429:
        credit = "quota" in code or "billing" in code
        return FailureKind.NO_CREDIT if credit else FailureKind.RATE_LIMIT
    if status == 402:
        return FailureKind.NO_CREDIT
    if status in (401, 403):
        return FailureKind.NO_KEY
    if status in (408, 504):
        return FailureKind.TIMEOUT
    if status >= 500 or status in (409, 425):
        return FailureKind.SERVER
    if "content_filter" in code or "content_policy" in code:
        return FailureKind.REFUSED
    return FailureKind.BAD_REQUEST


def _is_text(text: str) -> bool:
    """Whether it can be written down: JSON may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
