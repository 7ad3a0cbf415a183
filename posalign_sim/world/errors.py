"""What users are told when something that they asked for cannot be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ConfigurationError(ValueError):
    """Something that a user asked for cannot be: the message says what, where and what to do."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest valid ones, or all of them if none is near.

    >>> nearest("reputaton", ["reputation", "bond"])
    'did you mean reputation?'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 3, 0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there is {', '.join(names)}" if names else "there is none"
