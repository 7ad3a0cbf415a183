"""Personas, values and framings: what a seat is told about itself and its situation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from posalign_sim.agents.llm.texts.reading import check_harmless, path_of, read, shipped
from posalign_sim.world.errors import ConfigurationError, nearest

#: Sorts of texts, and whether each must say where it is from.
SORTS = {"personas": False, "values": True, "framings": True}


@dataclass(frozen=True, slots=True)
class Text:
    """Something that a seat is told beside the game.

    Attributes:
        sort: `personas`, `values` or `framings`.
        name: by which settings and results know it.
        title: for people.
        text: what the seat is told.
        source: where it is from; may be empty for personas.
    """

    sort: str
    name: str
    title: str
    text: str
    source: str


def find_text(sort: str, name: str) -> Text:
    """A text by name.

    Args:
        sort: `personas`, `values` or `framings`.
        name: of a text of the package, or the path of a YAML file of your own with the keys
            `title`, `text` and `source`.

    Raises:
        ConfigurationError: there is no such sort, name or file, or the file is not as it should be.

    >>> find_text("values", "ubuntu").title
    'Ubuntu'
    """
    _check_sort(sort)
    return _read(sort, path_of(sort, name))


def texts(sort: str) -> dict[str, Text]:
    """The texts of a sort that come with the package, by name.

    >>> "kantian" in texts("values")
    True
    """
    _check_sort(sort)
    return {name: _shipped(sort, name) for name in shipped(sort)}


@cache
def _shipped(sort: str, name: str) -> Text:
    return _read(sort, path_of(sort, name))


def _check_sort(sort: str) -> None:
    if sort not in SORTS:
        hint = "use find_language" if sort == "languages" else nearest(sort, SORTS)
        raise ConfigurationError(f"there is no sort of texts called {sort!r}: {hint}")


def _read(sort: str, path: Path) -> Text:
    sourced = SORTS[sort]
    keys = ("title", "text", "source") if sourced else ("title", "text")
    found = read(path, keys, () if sourced else ("source",))
    for key in ("title", "text"):
        check_harmless(found[key], f"{path}: {key}")
    return Text(sort, path.stem, found["title"], found["text"], found.get("source", ""))


__all__ = ["SORTS", "Text", "find_text", "texts"]
