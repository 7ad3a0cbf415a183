"""Models by name: what a study writes, and what answers to it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from posalign_sim.agents.llm.backends.direct import HERE, Direct, check_url
from posalign_sim.agents.llm.backends.fake import Fake
from posalign_sim.agents.llm.backends.inspected import Inspected
from posalign_sim.agents.llm.backends.scripted import Scripted
from posalign_sim.agents.llm.chat import ChatBackend
from posalign_sim.world.errors import ConfigurationError, nearest

#: Where the key is looked for, unless it is said otherwise.
KEY_VARIABLE = "OPENAI_API_KEY"
#: How models are named.
FORMS = ("fake", "python/PACKAGE.MODULE:FUNCTION", "MODEL@URL", "PROVIDER/MODEL")


def model_backend(name: str, **options: Any) -> tuple[ChatBackend, str]:
    """What answers for a model, and the name by which it is to be asked for it.

    Args:
        name: `fake`; `python/PACKAGE.MODULE:FUNCTION`, a function from the text of a prompt to an
            answer; `MODEL@URL`, the model of that name at the server of that address, such as
            `qwen3@http://localhost:8000/v1`; `PROVIDER/MODEL`, any model that Inspect AI knows,
            such as `openai/gpt-4o` or `ollama/llama3`.
        options: those of `Fake`, `Direct` or `Inspected`. At a URL, the option `key_variable`
            names the variable of the environment with the key. Unless it is given, that is
            `OPENAI_API_KEY` for an https address beyond this machine, and no key is sent to
            others; with `none` none is sent to anybody.

    Raises:
        ConfigurationError: no model is named like this, there is no such option, or what it needs
            is missing: a function, a package, a key.

    >>> backend, asked = model_backend("qwen3@http://localhost:8000/v1")
    >>> backend, asked
    (Direct('http://localhost:8000/v1', key_variable=None), 'qwen3')
    """
    provider, slash, rest = name.partition("/")
    asked, at, url = name.partition("@")
    try:
        if name == "fake":
            return Fake(**options), name
        # Models may have an @ in their names themselves, before a revision.
        if at and ("/" not in asked or "://" in url):
            return _server(asked, url, options), asked
        if provider == "python" and slash:
            return Scripted(_function(rest), **options), name
        if slash and provider != "fake":
            _need("inspect_ai", f"model {name}")
            return Inspected(name, **options), name
    except TypeError as error:  # an option that there is not
        raise ConfigurationError(f"model {asked}: {error}") from None
    hint = nearest(name, FORMS)
    forms = "" if all(form in hint for form in FORMS) else f" (forms: {', '.join(FORMS)})"
    raise ConfigurationError(f"no model is named {name!r}: {hint}{forms}")


def is_model(name: str) -> bool:
    """Whether a name has a form in which models are named, and agents are not.

    >>> is_model("openai/gpt-4o"), is_model("qwen3@http://localhost:8000/v1"), is_model("grim")
    (True, True, False)
    """
    return name == "fake" or "/" in name or "@" in name


def _server(asked: str, url: str, options: dict[str, Any]) -> Direct:
    """The server at an address. Messages repeat no address that may hold a key."""
    if not asked:
        raise ConfigurationError("say which model the server is asked for: MODEL@URL")
    _need("aiohttp", f"model {asked}@URL")
    host = check_url(url)
    elsewhere = url.startswith("https:") and host not in HERE
    variable = options.pop("key_variable", KEY_VARIABLE if elsewhere else None)
    return Direct(url, key_variable=None if variable == "none" else variable, **options)


def _function(path: str) -> Callable[[str], str]:
    """The function at `PACKAGE.MODULE:FUNCTION`."""
    module, _, name = path.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), name)):
        raise ConfigurationError(f"model python/{path}: write {FORMS[1]}")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"model python/{path}: there is no module {error.name} on Python's path; "
            "install it, or name its folder in PYTHONPATH"
        ) from None
    except Exception as error:  # whatever the module does when it is imported
        raise ConfigurationError(
            f"model python/{path}: {module} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(found, name):
        named = [one for one, value in vars(found).items() if callable(value) and one[0] != "_"]
        raise ConfigurationError(f"{module} has no {name}: {nearest(name, named)}")
    function = getattr(found, name)
    if not callable(function):
        raise ConfigurationError(f"{module}:{name} is no function of the text of a prompt")
    return cast("Callable[[str], str]", function)


def _need(package: str, what: str) -> None:
    if find_spec(package) is None:
        known = package.replace("_", "-")
        raise ConfigurationError(f"{what} needs {known}: pip install 'posalign-sim[llm]'")
