"""Models behind a server that speaks the chat completions of OpenAI: theirs, vLLM and many more."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from posalign_sim.agents.llm.backends.completions import body_of, raw_reply_in, refusal_of
from posalign_sim.agents.llm.backends.pace import Pace, backoff, retry_after
from posalign_sim.agents.llm.backends.raw_reply import kind_of_status, reply_of
from posalign_sim.agents.llm.chat import ChatError, ChatReply, ChatRequest, FailureKind
from posalign_sim.world.errors import ConfigurationError

if TYPE_CHECKING:
    import aiohttp

#: Names of this machine.
HERE = ("localhost", "127.0.0.1", "::1")


class Direct:
    """Asks a server by HTTP, without a library of the provider in between.

    The key is read from the environment whenever it is needed. It is kept nowhere, and whatever
    repeats it is not handed on.

    Args:
        base_url: where the server is, as in `https://api.openai.com/v1`.
        key_variable: name of the environment variable that holds the key; None: no key is sent.
        also: other names under which the model that is asked answers.
        tries: how often a request is tried at most, when failures may pass.
        timeout: seconds that one try may take.
        first_wait: seconds to wait after the first failure; twice as long after each further one.
        most_wait: seconds to wait at most. A server that asks for more is not asked again.
        start: calls at once in the beginning.
        most: calls at once at most.
        most_bytes: of a reply.
        limit_field: what the server calls the limit of tokens; None: `max_completion_tokens` at
            OpenAI, `max_tokens` elsewhere.

    Attributes:
        pace: how many calls are under way at once.
        failures: how many tries failed, by kind.
    """

    def __init__(
        self,
        base_url: str,
        *,
        key_variable: str | None = None,
        also: Collection[str] = (),
        tries: int = 5,
        timeout: float = 120.0,
        first_wait: float = 0.5,
        most_wait: float = 60.0,
        start: int = 8,
        most: int = 64,
        most_bytes: int = 4_000_000,
        limit_field: str | None = None,
    ) -> None:
        """See the class."""
        host = check_url(base_url)
        if key_variable is not None:
            check_key(key_variable)
            if base_url.startswith("http:") and host not in HERE:
                raise ConfigurationError(
                    f"a key would travel openly to {host}: give an https address, or no key"
                )
        if tries < 1 or not timeout > 0 or first_wait < 0 or most_wait < 0:
            raise ConfigurationError(
                "tries must be 1 or more, timeout above 0, first_wait and most_wait 0 or more"
            )
        self.base_url = base_url.rstrip("/")
        self.key_variable = key_variable
        self.also = tuple(also)
        self.tries = tries
        self.timeout = timeout
        self.first_wait = first_wait
        self.most_wait = most_wait
        self.most_bytes = most_bytes
        openai = host == "api.openai.com"
        self.limit_field = limit_field or ("max_completion_tokens" if openai else "max_tokens")
        self.pace = Pace(start, most)
        self.failures: Counter[FailureKind] = Counter()
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"Direct({self.base_url!r}, key_variable={self.key_variable!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`."""
        tokens_in = tokens_out = tried = 0
        while True:
            tried += 1
            outcome = await self._try(request)
            tokens_in += outcome.tokens_in
            tokens_out += outcome.tokens_out
            if isinstance(outcome, ChatReply):
                return replace(outcome, tokens_in=tokens_in, tokens_out=tokens_out)
            self.failures[outcome.kind] += 1
            wait = backoff(tried, self.first_wait, self.most_wait)
            if outcome.wait is not None:
                wait = max(wait, outcome.wait)
            if not outcome.again or tried == self.tries or wait > self.most_wait:
                raise ChatError(
                    outcome.kind,
                    outcome.detail,
                    wait=outcome.wait,
                    tokens_in=tokens_in,
                    tokens_out=tokens_out,
                    tries=tried,
                )
            await asyncio.sleep(wait)

    async def close(self) -> None:
        """See `ChatBackend.close`."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _try(self, request: ChatRequest) -> ChatReply | ChatError:
        era = await self.pace.enter()
        outcome: ChatReply | ChatError | None = None
        try:
            outcome = await self._exchange(request)
        finally:
            self.pace.leave(
                era,
                well=isinstance(outcome, ChatReply),
                too_much=isinstance(outcome, ChatError) and outcome.kind == FailureKind.RATE_LIMIT,
            )
        if isinstance(outcome, ChatError) and outcome.kind == FailureKind.RATE_LIMIT:
            self.pace.hold(min(outcome.wait or 0.0, self.most_wait))
        return outcome

    async def _exchange(self, request: ChatRequest) -> ChatReply | ChatError:
        """One try. What the library raises is named here and goes no further: it holds headers."""
        import aiohttp

        key = key_of(self.key_variable)
        if isinstance(key, ChatError):
            return key
        if self._session is None:
            # The pace says how many calls are under way. Cookies would tie calls to each other.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        began = time.monotonic()
        try:
            async with (
                asyncio.timeout(self.timeout),
                self._session.post(
                    f"{self.base_url}/chat/completions",
                    json=body_of(request, self.limit_field),
                    headers={"Authorization": f"Bearer {key}"} if key else {},
                    timeout=aiohttp.ClientTimeout(total=None),
                    allow_redirects=False,  # what follows is another server, or another question
                ) as response,
            ):
                status, headers = response.status, dict(response.headers)
                body = await self._read(response)
        except TimeoutError:
            return ChatError(FailureKind.TIMEOUT, f"no answer within {self.timeout:g} s")
        except aiohttp.ClientConnectorError as error:
            return ChatError(FailureKind.CONNECTION, f"{self.base_url}: {error.os_error}")
        except (aiohttp.ClientError, OSError) as error:
            said = f"the connection was cut ({type(error).__name__})"
            return ChatError(FailureKind.BROKEN_STREAM, said)
        if isinstance(body, ChatError):
            return body
        if key and key.encode() in body.replace(b"\\/", b"/"):
            kind = kind_of_status(status) if status != 200 else FailureKind.MALFORMED
            said = f"the reply repeats the key in ${self.key_variable} and is not kept"
            return ChatError(kind, f"status {status}: {said}")
        if status != 200:
            asked_to_wait = retry_after(headers.get("Retry-After"))
            return refusal_of(status, body, asked_to_wait, self.key_variable)
        return self._judged(body, request.model, time.monotonic() - began)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | ChatError:
        parts = bytearray()
        async for part in response.content.iter_chunked(1 << 16):
            parts += part
            if len(parts) > self.most_bytes:
                response.close()
                said = f"the reply has more than {self.most_bytes} bytes"
                return ChatError(FailureKind.TOO_LARGE, said)
        return bytes(parts)

    def _judged(self, body: bytes, asked: str, seconds: float) -> ChatReply | ChatError:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            return ChatError(FailureKind.MALFORMED, "the reply is not JSON")
        raw = raw_reply_in(said)
        return raw if isinstance(raw, ChatError) else reply_of(raw, asked, self.also, seconds)


def key_of(variable: str | None) -> str | ChatError:
    """The key in a variable of the environment; empty if none is to be sent."""
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        return ChatError(FailureKind.NO_KEY, f"there is no key in ${variable}")
    if not key.isascii() or not key.isprintable():
        return ChatError(FailureKind.NO_KEY, f"what is in ${variable} cannot be a key")
    return key


def check_key(variable: str) -> None:
    """See that there is a key, without telling it.

    Raises:
        ConfigurationError: there is none.
    """
    key = key_of(variable)
    if isinstance(key, ChatError):
        raise ConfigurationError(f"{key.detail}: set that variable of the environment to your key")


def check_url(base_url: str) -> str:
    """The host of a server's address.

    Raises:
        ConfigurationError: it is no address, or one with a key in it.

    >>> check_url("http://localhost:8000/v1")
    'localhost'
    """
    try:
        parts = urlsplit(base_url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise ConfigurationError("a server's address begins with http:// or https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the address of {host} has a name, a password or a query in it, which would be told "
            "in messages: put the key into a variable of the environment"
        )
    return host
