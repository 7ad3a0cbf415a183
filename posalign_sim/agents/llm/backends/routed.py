"""Several models behind one backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from posalign_sim.agents.llm.backends.named import model_backend
from posalign_sim.agents.llm.chat import (
    ChatBackend,
    ChatError,
    ChatReply,
    ChatRequest,
    FailureKind,
)
from posalign_sim.world.errors import ConfigurationError, nearest


class Routed:
    """Passes each request on to the backend of the model that it names.

    Requests name models in full, as in `qwen3@http://localhost:8000/v1`; so do cassettes and
    budgets around this. The backend is asked for the model by the name that it knows; the name in
    a reply is what the server said.

    Args:
        models: names of models, as `model_backend` knows them; or, by name, a backend and the name
            by which it is to be asked.
        options: by name, the options of `model_backend` for that model.

    >>> import asyncio
    >>> from posalign_sim.agents.llm import ChatRequest, Message, Place, Scripted
    >>> both = Routed({"a/small": (Scripted(str.upper), "small"), "fake": (Scripted(str), "fake")})
    >>> ask = ChatRequest((Message("user", "yes"),), "a/small", Place("study", 0, 1, "d", 0))
    >>> reply = asyncio.run(both.complete(ask))
    >>> reply.text, reply.model
    ('YES', 'small')
    """

    def __init__(
        self,
        models: Iterable[str] | Mapping[str, tuple[ChatBackend, str]],
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """See the class."""
        self.models = tuple(dict.fromkeys(models))
        self.options = {name: dict(given) for name, given in (options or {}).items()}
        self._made = dict(models) if isinstance(models, Mapping) else {}
        for name in self.options:
            if name not in self.models or name in self._made:
                raise ConfigurationError(
                    f"options for {name}, which is not made here: {nearest(name, self.models)}"
                )

    def make(self) -> None:
        """Make all backends that are not there yet, before anything is asked.

        Without this each is made for its first request, so that what is played from a cassette
        needs none.

        Raises:
            ConfigurationError: one of them cannot be made; see `model_backend`.
        """
        for name in self.models:
            self._backend(name)

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`.

        Raises:
            ChatError: it was not answered.
            ConfigurationError: the backend of the model cannot be made.
        """
        if request.model not in self.models:
            hint = nearest(request.model, self.models)
            raise ChatError(
                FailureKind.BAD_REQUEST, f"no backend for {request.model}: {hint}", tries=0
            )
        backend, asked = self._backend(request.model)
        return await backend.complete(replace(request, model=asked))

    async def close(self) -> None:
        """See `ChatBackend.close`. Each backend is closed once."""
        made, self._made = self._made, {}
        for backend in {id(backend): backend for backend, _ in made.values()}.values():
            await backend.close()

    def _backend(self, name: str) -> tuple[ChatBackend, str]:
        if name not in self._made:
            self._made[name] = model_backend(name, **self.options.get(name, {}))
        return self._made[name]
