"""Personas, values and framings: what a seat is told about itself and its situation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from posalign_sim.agents.llm.texts.reading import check_harmless, path_of, read, shipped, stamp_of
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
        language: in which it is written.
    """

    sort: str
    name: str
    title: str
    text: str
    source: str
    language: str = "en"


def find_text(sort: str, name: str) -> Text:
    """A text by name.

    Args:
        sort: `personas`, `values` or `framings`.
        name: of a text of the package, or the path of a YAML file of your own with the keys
            `title`, `text` and `source`, and `language` if that is not `en`.

    Raises:
        ConfigurationError: there is no such sort, name or file, or the file is not as it should be.

    >>> find_text("values", "ubuntu").title
    'Ubuntu'
    """
    _check_sort(sort)
    path = path_of(sort, name)
    return _read(sort, path, stamp_of(path))


def texts(sort: str) -> dict[str, Text]:
    """The texts of a sort that come with the package, by name.

    >>> "kantian" in texts("values")
    True
    """
    _check_sort(sort)
    return {name: find_text(sort, name) for name in shipped(sort)}


def _check_sort(sort: str) -> None:
    if sort not in SORTS:
        hint = "use find_language" if sort == "languages" else nearest(sort, SORTS)
        raise ConfigurationError(f"there is no sort of texts called {sort!r}: {hint}")


@lru_cache(maxsize=256)
def _read(sort: str, path: Path, stamp: tuple[int, int]) -> Text:
    sourced = SORTS[sort]
    keys = ("title", "text", "source") if sourced else ("title", "text")
    found = read(path, keys, ("language", "source"))
    for key in ("title", "text"):
        check_harmless(found[key], f"{path}: {key}")
    source, language = found.get("source", ""), found.get("language") or "en"
    return Text(sort, path.stem, found["title"], found["text"], source, language)


__all__ = ["SORTS", "Text", "find_text", "texts"]
