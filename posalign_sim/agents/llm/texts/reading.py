"""Files of texts: where they are, and that they are what they should be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from posalign_sim.world.errors import ConfigurationError, nearest

SUFFIXES = (".yaml", ".yml")
_HERE = Path(__file__).parent

#: What a seat could take for its own answer, for a message of another role, or for a part of the
#: generated prompt; read after invisible characters are gone and wide ones are ordinary.
_FOREIGN = {
    "an answer line": re.compile(r"answer\s*:", re.IGNORECASE),
    "a message of another role": re.compile(
        r"^\W*(system|developer|assistant|user|human|tool)( prompt| message| instructions?)?\W*:"
        r"|<\||\|>|\[/?inst\]|<</?sys>>|</?(s|system|developer|assistant|user|tool|think)\b[^>]*>",
        re.IGNORECASE | re.MULTILINE,
    ),
    "a part of the prompt": re.compile(r"^\s*#|^\s*choices\s*:", re.IGNORECASE | re.MULTILINE),
}


@cache
def shipped(sort: str) -> Mapping[str, Path]:
    """Files of the package, by name."""
    return {path.stem: path for path in sorted((_HERE / sort).glob("*.yaml"))}


def path_of(sort: str, name: str) -> Path:
    """Where a text is: of the package by its name, a user's own by its path.

    Raises:
        ConfigurationError: there is none, or a user's file has the name of one of the package.
    """
    ours, one = shipped(sort), sort.removesuffix("s")
    if not name.endswith(SUFFIXES):
        if name not in ours:
            raise ConfigurationError(
                f"unknown {one} {name!r}: {nearest(name, ours)} (a file of your own is named by "
                "its path, which ends in .yaml)"
            )
        return ours[name]
    path = Path(name)
    if not path.is_file():
        raise ConfigurationError(f"{one}: there is no file {name}")
    if path.stem in ours and path.resolve() != ours[path.stem].resolve():
        raise ConfigurationError(
            f"{name}: {path.stem} is the name of a {one} of the package; give the file another "
            "name, or results could not tell them apart"
        )
    return path


def stamp_of(path: Path) -> tuple[int, int]:
    """What differs once a file is written anew, so that what was read of it is read again."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


class _Loader(yaml.SafeLoader):
    """YAML in which nothing is said twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping, refused if a key stands in it twice."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.YAMLError(f"{key!r} stands there twice, again in line {mark.line + 1}")
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


def read(path: Path, needed: Iterable[str], allowed: Iterable[str] = ()) -> dict[str, Any]:
    """The keys and values of a file.

    Args:
        path: of the file.
        needed: keys that it must have.
        allowed: keys that it may have besides.

    Raises:
        ConfigurationError: it cannot be read, or a key is missing, unknown or no text.
    """
    needed = list(needed)
    known = [*needed, *allowed]
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} must be a YAML mapping with the keys {', '.join(known)}")
    for key in found:
        if key not in known:
            raise ConfigurationError(f"{path}: unknown key {key!r}: {nearest(str(key), known)}")
    for key in needed:
        if key not in found:
            raise ConfigurationError(f"{path}: the key {key!r} is missing")
    for key, value in found.items():
        if key == "sentences":
            continue
        if value is None and key not in needed:
            found[key] = ""
        elif not isinstance(value, str):
            raise ConfigurationError(f"{path}: {key} must be a text, not {value!r}")
        elif key in needed and not value.strip():
            raise ConfigurationError(f"{path}: {key} is empty")
    return {key: v.strip() if isinstance(v, str) else v for key, v in found.items()}


def check_harmless(text: str, where: str) -> None:
    """See that a text cannot pass for anything but itself.

    Raises:
        ConfigurationError: it holds an answer line, a message of another role, or the like.
    """
    hidden = [c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    if hidden:
        raise ConfigurationError(f"{where}: there is a control character, {hidden[0]!r}")
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFKC", visible)
    for what, form in _FOREIGN.items():
        match = form.search(plain)
        if match:
            raise ConfigurationError(
                f"{where}: {match[0].strip()!r} could pass for {what}; say it in other words"
            )


__all__ = ["SUFFIXES", "check_harmless", "path_of", "read", "shipped", "stamp_of"]
