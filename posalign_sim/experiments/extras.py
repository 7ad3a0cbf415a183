"""Packages that not everybody needs."""

from __future__ import annotations

from importlib.util import find_spec

from posalign_sim.world.errors import ConfigurationError


def require(package: str, what: str, extra: str) -> None:
    """See that an optional package is there, without importing it.

    Args:
        package: its name.
        what: needs it, in the words of a user's settings.
        extra: which extra of this project brings it.

    Raises:
        ConfigurationError: it is not there; the message says how to install it.

    >>> require("numpy", "runner=none", "none")
    """
    if find_spec(package) is None:
        raise ConfigurationError(f"{what} needs {package}: pip install 'posalign-sim[{extra}]'")
