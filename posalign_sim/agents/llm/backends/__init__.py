"""Backends by name."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from posalign_sim.agents.llm.backends.direct import HERE, Direct, check_url
from posalign_sim.agents.llm.backends.fake import Fake
from posalign_sim.agents.llm.backends.inspected import Inspected
from posalign_sim.agents.llm.backends.scripted import Scripted
from posalign_sim.agents.llm.chat import ChatBackend
from posalign_sim.world.errors import ConfigurationError, nearest

#: Where the key is looked for, unless it is said otherwise.
KEY_VARIABLE = "OPENAI_API_KEY"
KINDS = ("fake", "scripted", "direct:URL", "inspect:PROVIDER/MODEL")


def make_backend(name: str, **options: Any) -> ChatBackend:
    """A backend by name.

    Args:
        name: `fake`; `scripted`, with the option `answer`; `direct:URL`, with the address of a
            server such as `direct:https://api.openai.com/v1`; `inspect:PROVIDER/MODEL`.
        options: those of `Fake`, `Scripted`, `Direct` or `Inspected`. For `direct`, the option
            `key_variable` names the variable of the environment with the key. Unless it is given,
            that is `OPENAI_API_KEY` for an https address beyond this machine, and no key is sent
            to others; with `none` none is sent to anybody.

    Raises:
        ConfigurationError: there is no such backend, or its package or its key is missing.

    >>> make_backend("fake", seed=1).seed
    1
    >>> make_backend("direct:http://localhost:8000/v1")
    Direct('http://localhost:8000/v1', key_variable=None)
    """
    kind, _, where = name.partition(":")
    makers = {"fake": _fake, "scripted": _scripted, "direct": _direct, "inspect": _inspect}
    if kind not in makers:
        hint = nearest(kind, makers)
        raise ConfigurationError(f"unknown backend {kind!r}: {hint} ({', '.join(KINDS)})")
    if bool(where) != (kind in ("direct", "inspect")):
        (form,) = (form for form in KINDS if form.startswith(kind))
        raise ConfigurationError(f"a backend of this kind is named {form}")
    try:
        return makers[kind](where, options)
    except TypeError as error:  # an option that there is not
        raise ConfigurationError(f"backend {kind}: {error}") from None


def _fake(where: str, options: dict[str, Any]) -> ChatBackend:
    return Fake(**options)


def _scripted(where: str, options: dict[str, Any]) -> ChatBackend:
    if not callable(options.get("answer")):
        raise ConfigurationError("backend scripted needs the option answer: a function of a text")
    return Scripted(**options)


def _direct(where: str, options: dict[str, Any]) -> ChatBackend:
    _need("aiohttp", "direct:URL")
    host = check_url(where)
    elsewhere = where.startswith("https:") and host not in HERE
    variable = options.pop("key_variable", KEY_VARIABLE if elsewhere else None)
    return Direct(where, key_variable=None if variable == "none" else variable, **options)


def _inspect(where: str, options: dict[str, Any]) -> ChatBackend:
    _need("inspect_ai", "inspect:PROVIDER/MODEL")
    return Inspected(where, **options)


def _need(package: str, kind: str) -> None:
    if find_spec(package) is None:
        known = package.replace("_", "-")
        raise ConfigurationError(f"backend {kind} needs {known}: pip install 'posalign-sim[llm]'")
