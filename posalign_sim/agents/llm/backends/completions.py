"""Chat completions, as OpenAI's interface writes them: what is sent, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from posalign_sim.agents.llm.backends.raw_reply import RawReply, kind_of_status
from posalign_sim.agents.llm.chat import ChatError, ChatRequest, FailureKind


def body_of(request: ChatRequest, limit_field: str) -> dict[str, Any]:
    """A request as the interface writes it.

    Args:
        request: what is asked.
        limit_field: what the server calls the limit of tokens.
    """
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [
            {"role": message.role, "content": message.text} for message in request.messages
        ],
        limit_field: request.most_tokens,
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema is not None:
        schema = {"name": "answer", "strict": True, "schema": dict(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def raw_reply_in(said: Any) -> RawReply | ChatError:
    """What a chat completion says; or that it lacks something, and what.

    >>> raw_reply_in({"model": "small"}).detail
    'the reply lacks usage'
    """

    def lacking(what: str) -> ChatError:
        return ChatError(
            FailureKind.MALFORMED, f"the reply lacks {what}", tokens_in=read, tokens_out=written
        )

    read = written = 0
    if not isinstance(said, Mapping):
        return lacking("everything: it is no JSON object")
    usage = said.get("usage")
    told = usage if isinstance(usage, Mapping) else {}
    names = ("prompt_tokens", "completion_tokens")
    counts = [told[name] for name in names if type(told.get(name)) is int and told[name] >= 0]
    if len(counts) < len(names):
        return lacking("usage")
    read, written = counts
    if not isinstance(said.get("model"), str):
        return lacking("model")
    choices = said.get("choices")
    if not isinstance(choices, list):
        return lacking("choices")
    if not choices:
        return ChatError(
            FailureKind.EMPTY, "the reply has no choices", tokens_in=read, tokens_out=written
        )
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping):
        return lacking("a message")
    if not isinstance(choice.get("finish_reason"), str):
        return lacking("finish_reason")
    text, refusal = message.get("content"), message.get("refusal")
    if not isinstance(text, str | None) or not isinstance(refusal, str | None):
        return lacking("a text")
    fingerprint = said.get("system_fingerprint")
    return RawReply(
        text,
        said["model"],
        fingerprint if isinstance(fingerprint, str) else None,
        read,
        written,
        choice["finish_reason"],
        refusal,
    )


def refusal_of(
    status: int, body: bytes, asked_to_wait: float | None, variable: str | None
) -> ChatError:
    """What a server says that answers with another status than 200."""
    code = said = ""
    with suppress(ValueError, RecursionError):
        error = json.loads(body)
        error = error.get("error", error) if isinstance(error, Mapping) else error
        if isinstance(error, Mapping):
            code = f"{error.get('code') or ''} {error.get('type') or ''}".strip()
            said = str(error.get("message") or "")
    kind = kind_of_status(status, code)
    detail = ": ".join(part for part in (f"status {status}", code, said) if part)
    if kind == FailureKind.NO_KEY:  # what such messages say is mostly the key, half hidden
        held = f"the key in ${variable}" if variable else "a request without a key"
        detail = f"status {status}: the server does not accept {held}"
    return ChatError(kind, detail, wait=asked_to_wait)
