"""Languages: generated prompts, translated from a catalogue of sentences or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from posalign_sim.agents.llm.texts.prompts import PLACEHOLDER, Reading, lines_of, pattern
from posalign_sim.agents.llm.texts.reading import (
    check_harmless,
    path_of,
    read,
    shipped,
    stamp_of,
)
from posalign_sim.world.errors import ConfigurationError

#: Missing sentences that a message shows.
SHOWN = 100
#: Lines that are kept translated: rules are the same in every round.
_KEPT = 1 << 15


@dataclass(frozen=True, eq=False)
class Language:
    """A catalogue of the English sentences of prompts and what they are in another language.

    Numbers, players, choices and names in backticks are never a part of what is translated: they
    are carried over. So a sentence is known by its pattern, in which its first number is `{n}`,
    its second one `{n2}`, its players are `{player}`, `{player2}`, a choice is `{choice}`, the name
    of an argument `{name}`, and a part of an answer that is of no use `{quoted}`; its translation
    has the same placeholders, in any order.

    Attributes:
        name: by which settings and results know it.
        title: what it is called in itself.
        answer_in: tells a seat, in this language, to keep to it and to leave the form of the answer
            as it is. Who asks a seat says so beside the prompt.
        sentences: translations by English pattern.
        path: of its file.
        code: of the language: personas, values and framings must be written in the same.
    """

    name: str
    title: str
    answer_in: str
    sentences: Mapping[str, str] = field(repr=False)
    path: str = ""
    code: str = ""

    def translate(self, prompt: str) -> str:
        r"""A generated prompt in this language, whole.

        Args:
            prompt: as `describe`, `describe_seat` and diaries make it, or a part of it.

        Raises:
            ConfigurationError: a sentence has no translation.

        >>> print(find_language("de").translate("Choices:\n- cooperate\n- defect"))
        Wahlmöglichkeiten:
        - cooperate
        - defect
        """
        lines = [_line(self, *line) for line in lines_of(prompt)]
        if any(missing for _, missing in lines):
            raise self.lacking(dict.fromkeys(key for _, missing in lines for key in missing))
        return "\n".join(said for said, _ in lines)

    def say(self, sentence: str, parts: Mapping[str, str]) -> str:
        """A sentence by its pattern, with what stands in its places as it is.

        Args:
            sentence: its pattern.
            parts: what stands in its places.

        Raises:
            ConfigurationError: it has no translation.

        >>> find_language("de").say("there is no choice {quoted}", {"quoted": "'player 1'"})
        "die Möglichkeit 'player 1' gibt es nicht"
        """
        reading = Reading(self.sentences)
        said = reading.put(sentence, parts)
        if reading.missing:
            raise self.lacking(reading.missing)
        return said

    def missing(self, prompt: str) -> list[str]:
        r"""Patterns of the prompt's sentences that have no translation, in their order.

        >>> find_language("de").missing("- seats in this world: 12\n- wind from the west: 3 knots")
        ['wind from the west', 'knots']
        """
        lines = [_line(self, *line) for line in lines_of(prompt)]
        return list(dict.fromkeys(key for _, missing in lines for key in missing))

    def lacking(self, missing: Iterable[str]) -> ConfigurationError:
        """What to raise where sentences have no translation: it names them as a file needs them."""
        keys = list(missing)
        count = f"{len(keys)} sentence{'s' if len(keys) > 1 else ''}"
        shown = [f"\n  {json.dumps(key, ensure_ascii=False)}:" for key in keys[:SHOWN]]
        more = f"\n  and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
        return ConfigurationError(
            f"{self.title}: no translation of {count} of a prompt. Translate under `sentences` in "
            f"{self.path or 'its file'}, or in a copy of it under another name:"
            f"{''.join(shown)}{more}"
        )

    @cached_property
    def text_hash(self) -> str:
        """SHA-256 of all that it says: another catalogue makes other prompts."""
        said = json.dumps([self.code, self.answer_in, self.sentences], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


@lru_cache(maxsize=_KEPT)
def _line(language: Language, line: str, where: str) -> tuple[str, tuple[str, ...]]:
    """A line in a language, and what is missing for it."""
    reading = Reading(language.sentences)
    said = reading.line(line, where)
    return said, tuple(reading.missing)


def in_language(language: Language | None, text: str) -> str:
    """A generated text in a language; None: as it is, in English."""
    return text if language is None else language.translate(text)


def find_language(name: str) -> Language:
    """A language by name.

    Args:
        name: of a language of the package (`de`), or the path of a YAML file of your own with the
            keys `title`, `answer_in` and `sentences`, and `language` if its code is not its name.

    Raises:
        ConfigurationError: there is no such name or file, or the file is not as it should be.
    """
    path = path_of("languages", name)
    return _read(path, stamp_of(path))


def languages() -> dict[str, Language]:
    """The languages that come with the package, by name.

    >>> sorted(languages())
    ['de', 'es', 'zh']
    """
    return {name: find_language(name) for name in shipped("languages")}


@lru_cache(maxsize=64)
def _read(path: Path, stamp: tuple[int, int]) -> Language:
    found = read(path, ("title", "answer_in", "sentences"), ("language", "source"))
    sentences = found["sentences"]
    if not isinstance(sentences, dict) or not sentences:
        raise ConfigurationError(f"{path}: sentences must map English sentences to translations")
    for key, translation in sentences.items():
        _check(key, translation, f"{path}: sentences: {key!r}")
    check_harmless(found["title"], f"{path}: title")
    if re.search(r"^\s*answer\s*:", found["answer_in"], re.IGNORECASE | re.MULTILINE):
        raise ConfigurationError(f"{path}: a line of answer_in could pass for an answer line")
    code = found.get("language") or path.stem
    return Language(path.stem, found["title"], found["answer_in"], sentences, str(path), code)


def _check(key: object, translation: object, where: str) -> None:
    """See that a translation carries over all that must not be translated, and nothing else."""
    if not isinstance(key, str) or not isinstance(translation, str):
        raise ConfigurationError(
            f"{where}: a sentence and its translation must be texts, not {key!r} and "
            f"{translation!r}; put yes, no, on, off and numbers in quotes"
        )
    wanted, _ = pattern(key)
    if wanted != key:
        raise ConfigurationError(f"{where}: numbers and players stand as placeholders: {wanted!r}")
    if not translation.strip() or "\n" in translation:
        raise ConfigurationError(f"{where}: the translation must be one line of text")
    kept = Counter(_carried(key))
    carried = Counter(_carried(translation))
    if kept != carried:
        lost, added = kept - carried, carried - kept
        words = [f"lacks {token}" for token in lost] + [f"has {token} too much" for token in added]
        raise ConfigurationError(f"{where}: the translation {', '.join(words)}")
    check_harmless(translation, where)


def _carried(text: str) -> list[str]:
    """What a translation must hold as often as the sentence does."""
    return re.findall(rf"`[^`]*`|{PLACEHOLDER}|\d+", text)


__all__ = ["Language", "find_language", "in_language", "languages"]
