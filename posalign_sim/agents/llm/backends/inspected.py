"""Models of any provider that Inspect AI knows."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from posalign_sim.agents.llm.backends.hugging_face import AT_ONCE, PROVIDER, HuggingFace
from posalign_sim.agents.llm.backends.raw_reply import RawReply, kind_of_status, reply_of
from posalign_sim.agents.llm.chat import ChatError, ChatReply, ChatRequest, FailureKind
from posalign_sim.world.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput

#: How its messages to terminals are marked up.
_MARKUP = re.compile(r"\[/?[a-z ]*\]")
#: How they say that a key, or whatever else stands in variables, is missing.
_MISSING = re.compile(r"\bNo (.+?) defined in the environment")


class Inspected:
    """Asks a model through `get_model` of Inspect AI, which knows the libraries of the providers.

    Keys, addresses and concurrent calls are in its hands: see its documentation for the variables
    of the environment. What it keeps in its cache is not used.

    Args:
        model: `PROVIDER/MODEL`, as in `openai/gpt-4o-mini`. Of `hf`, Hugging Face, models run in
            this process, one request at a time, and know no schemas.
        also: other names under which that model answers.
        tries: how often a request is tried at most, when failures may pass.
        timeout: seconds that one try may take.
        most_wait: seconds that one request may take with all its tries.
        options: handed on to `get_model`: `base_url`, and what the provider takes besides, such as
            `model_path`, `tokenizer_path` and `device` of `hf`.

    Attributes:
        failures: how many requests failed, by kind.

    Raises:
        ConfigurationError: there is no such provider, or it lacks a key, a package or a file.
    """

    def __init__(
        self,
        model: str,
        *,
        also: Collection[str] = (),
        tries: int = 5,
        timeout: int = 120,
        most_wait: int = 600,
        **options: Any,
    ) -> None:
        """See the class."""
        from inspect_ai.model import GenerateConfig, get_model

        provider = check_provider(model)
        here = provider == PROVIDER
        config = GenerateConfig(
            max_retries=tries - 1,
            attempt_timeout=timeout,
            timeout=most_wait,
            max_connections=AT_ONCE if here else None,
        )
        said = ""
        try:
            self._model = get_model(model, config=config, memoize=False, **options)
        except Exception as error:  # each provider says in its own way what it needs
            said = needed(error)
        if said:  # no cause: what providers raise may hold keys
            raise ConfigurationError(f"model {model}: {ChatError(FailureKind.NO_KEY, said).detail}")
        self._here = HuggingFace(self._model) if here else None
        self.model = model
        # Inspect AI's own stand-in answers under the name of its provider.
        self.also = (*also, "mockllm") if provider == "mockllm" else tuple(also)
        self.failures: Counter[FailureKind] = Counter()

    def __repr__(self) -> str:
        return f"Inspected({self.model!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`."""
        outcome = await self._ask(request)
        if isinstance(outcome, ChatError):
            self.failures[outcome.kind] += 1
            raise outcome
        return outcome

    async def close(self) -> None:
        """See `ChatBackend.close`."""
        if self._here is not None:
            await self._here.close()
        else:
            await self._model.__aexit__(None, None, None)

    async def _ask(self, request: ChatRequest) -> ChatReply | ChatError:
        if request.model != self.model:
            said = f"{request.model} is asked of a backend for {self.model}"
            return ChatError(FailureKind.BAD_REQUEST, said)
        if request.schema is not None and self._here is not None:
            said = "models of Hugging Face do not keep to a schema here: ask for text"
            return ChatError(FailureKind.BAD_REQUEST, said)
        messages = messages_of(request)
        began = time.monotonic()
        try:
            config = config_of(request)
            if self._here is not None:
                output = await self._here.generate(messages, config)
            else:
                output = await self._model.generate(messages, config=config, cache=False)
        except Exception as error:  # whatever a provider's library raises; it may hold the key
            return failure_of(error)
        raw = raw_reply_in(output)
        if isinstance(raw, ChatError):
            return raw
        return reply_of(raw, self.model, self.also, time.monotonic() - began)


def messages_of(request: ChatRequest) -> list[ChatMessage]:
    """The messages of a request, as Inspect AI has them."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    roles = {
        "system": ChatMessageSystem,
        "user": ChatMessageUser,
        "assistant": ChatMessageAssistant,
    }
    return [roles[message.role](content=message.text) for message in request.messages]


def config_of(request: ChatRequest) -> GenerateConfig:
    """How a request is to be answered, as Inspect AI has it."""
    from inspect_ai.model import GenerateConfig, ResponseSchema
    from inspect_ai.util import JSONSchema

    schema = None
    if request.schema is not None:
        schema = ResponseSchema(
            name="answer", json_schema=JSONSchema.model_validate(dict(request.schema)), strict=True
        )
    return GenerateConfig(
        temperature=request.temperature,
        max_tokens=request.most_tokens,
        stop_seqs=list(request.stop) or None,
        response_schema=schema,
    )


def raw_reply_in(output: ModelOutput) -> RawReply | ChatError:
    """What an output of Inspect AI says; or that it says nothing, or not what it took."""
    usage, read, written = output.usage, 0, 0
    if usage is not None:
        cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
        read, written = usage.input_tokens + cached, usage.output_tokens
    if not output.choices:
        kind = FailureKind.REFUSED if output.error else FailureKind.EMPTY
        said = output.error or "the reply has no choices"
        return ChatError(kind, said, tokens_in=read, tokens_out=written)
    refusal = _refusal(output)
    if usage is None and refusal is None:  # a refusal may be an error of the server in truth
        if output.stop_reason == "model_length":  # and so may this be: the prompt is too long
            return ChatError(FailureKind.BAD_REQUEST, output.completion)
        return ChatError(FailureKind.MALFORMED, "the reply lacks usage")
    fingerprint = (output.metadata or {}).get("system_fingerprint")
    return RawReply(
        output.completion,
        output.model,
        fingerprint if isinstance(fingerprint, str) else None,
        read,
        written,
        output.stop_reason,
        refusal,
    )


def _refusal(output: ModelOutput) -> str | None:
    """What a model said in place of an answer: Inspect AI hands it on as if it were the text."""
    choice = output.choices[0]
    parts = choice.message.content
    refused = (
        choice.stop_reason == "content_filter"
        or getattr(choice.stop_details, "type", None) == "refusal"
        or any(getattr(part, "refusal", None) for part in parts if not isinstance(part, str))
    )
    return (output.error or output.completion or "no reason is given") if refused else None


def failure_of(error: BaseException) -> ChatError:
    """Which failure an exception of a provider's library is.

    It is told by the HTTP status that the exception, or what caused it, carries; or else by the
    exception's name, which is all that such libraries have in common.

    >>> failure_of(TimeoutError("too long")).kind
    <FailureKind.TIMEOUT: 'timeout'>
    """
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        last = getattr(cause, "last_attempt", None)  # of what tries again, for them
        cause = cause.__cause__ or (last.exception() if last is not None else None)
    for cause in causes:
        for name in ("status_code", "status", "code"):
            status = getattr(cause, name, None)
            if type(status) is int and 400 <= status < 600:
                code = f"{getattr(cause, 'code', '')} {getattr(cause, 'type', '')}"
                kind = kind_of_status(status, code)
                if kind == FailureKind.NO_KEY:  # such messages hold the key, half hidden
                    return ChatError(kind, f"status {status}: the key is not accepted")
                return ChatError(kind, f"status {status}: {one_line(causes[-1])}")
    names = " ".join(type(cause).__name__ for cause in causes)
    for kind, sign in (
        (FailureKind.TIMEOUT, "Timeout"),
        (FailureKind.REFUSED, "Refusal"),
        (FailureKind.CONNECTION, "Connect"),
        (FailureKind.BROKEN_STREAM, "Protocol"),
        (FailureKind.BROKEN_STREAM, "NoStreamData"),
        (FailureKind.NO_KEY, "Prerequisite"),
        (FailureKind.MALFORMED, "Validation"),
        (FailureKind.MALFORMED, "Decode"),
    ):
        if sign in names:
            return ChatError(kind, one_line(causes[-1]))
    return ChatError(FailureKind.SERVER, f"{names}: {one_line(causes[-1])}")


def check_provider(model: str) -> str:
    """The provider of a model.

    Raises:
        ConfigurationError: Inspect AI knows none of this name.
    """
    from inspect_ai._util.registry import registry_find, registry_unqualified_name

    provider, _, name = model.partition("/")
    found = registry_find(lambda info: info.type == "modelapi")
    known = {registry_unqualified_name(one) for one in found} - {"none"}
    if provider not in known:
        raise ConfigurationError(
            f"model {model}: Inspect AI has no provider {provider!r}: {nearest(provider, known)}"
        )
    if not name:
        raise ConfigurationError(f"model {model}: say which one, as in {provider}/MODEL")
    return provider


def needed(error: BaseException) -> str:
    r"""What a provider lacks, on one line, by the names of variables and never by their values.

    >>> needed(ValueError("ERROR: no client\n\nNo SMALL_API_KEY defined in the environment."))
    'set SMALL_API_KEY in the environment'
    """
    said = one_line(error).removeprefix("ERROR: ")
    missing = _MISSING.search(said)
    return f"set {missing[1]} in the environment" if missing else said


def one_line(error: BaseException) -> str:
    """What an exception says, without the colours that it would have on a terminal."""
    said = str(getattr(error, "message", "") or error or type(error).__name__)
    return " ".join(_MARKUP.sub("", said).split())
