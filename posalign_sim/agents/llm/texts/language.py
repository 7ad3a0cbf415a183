"""Languages: generated prompts, translated from a catalogue of sentences or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from posalign_sim.agents.llm.texts.prompts import PLACEHOLDER, Reading, pattern
from posalign_sim.agents.llm.texts.reading import check_harmless, path_of, read, shipped
from posalign_sim.world.errors import ConfigurationError

#: Missing sentences that a message shows.
SHOWN = 5


@dataclass(frozen=True)
class Language:
    """A catalogue of the English sentences of prompts and what they are in another language.

    Numbers, players, choices and names in backticks are never a part of what is translated: they
    are carried over. So a sentence is known by its pattern, in which its first number is `{n}`,
    its second one `{n2}`, its players are `{player}`, `{player2}`, and a choice in a title is
    `{choice}`; its translation has the same placeholders, in any order.

    Attributes:
        name: by which settings and results know it.
        title: what it is called in itself.
        answer_in: tells a seat, in this language, to keep to it and to leave the answer line as
            it is. Who asks a seat says so beside the prompt.
        sentences: translations by English pattern.
        path: of its file.
    """

    name: str
    title: str
    answer_in: str
    sentences: Mapping[str, str] = field(hash=False)
    path: str = ""

    def translate(self, prompt: str) -> str:
        r"""A generated prompt in this language, whole.

        Args:
            prompt: as `describe` and `describe_seat` make it.

        Raises:
            ConfigurationError: a sentence has no translation.

        >>> print(find_language("de").translate("Choices:\n- cooperate\n- defect"))
        Wahlmöglichkeiten:
        - cooperate
        - defect
        """
        reading = Reading(self.sentences)
        found = reading.prompt(prompt)
        if reading.missing:
            count = len(reading.missing)
            first = "; ".join(repr(s) for s in list(reading.missing)[:SHOWN])
            also = f"; and {count - SHOWN} more" if count > SHOWN else ""
            raise ConfigurationError(
                f"{self.title}: no translation of {count} sentence{'s' if count > 1 else ''} of "
                f"this prompt: {first}{also}. Translate under `sentences` in "
                f"{self.path or 'its file'}, or in a copy of it under another name"
            )
        return found

    def missing(self, prompt: str) -> list[str]:
        r"""Patterns of the prompt's sentences that have no translation, in their order.

        >>> find_language("de").missing("- seats in this world: 12\n- wind from the west: 3 knots")
        ['wind from the west', 'knots']
        """
        reading = Reading(self.sentences)
        reading.prompt(prompt)
        return list(reading.missing)


def find_language(name: str) -> Language:
    """A language by name.

    Args:
        name: of a language of the package (`de`), or the path of a YAML file of your own with the
            keys `title`, `answer_in` and `sentences`.

    Raises:
        ConfigurationError: there is no such name or file, or the file is not as it should be.
    """
    path = path_of("languages", name)
    return _shipped(name) if name in shipped("languages") else _read(path)


def languages() -> dict[str, Language]:
    """The languages that come with the package, by name.

    >>> sorted(languages())
    ['de', 'es', 'zh']
    """
    return {name: _shipped(name) for name in shipped("languages")}


@cache
def _shipped(name: str) -> Language:
    return _read(path_of("languages", name))


def _read(path: Path) -> Language:
    found = read(path, ("title", "answer_in", "sentences"), ("source",))
    sentences = found["sentences"]
    if not isinstance(sentences, dict) or not sentences:
        raise ConfigurationError(f"{path}: sentences must map English sentences to translations")
    for key, translation in sentences.items():
        _check(key, translation, f"{path}: sentences: {key!r}")
    check_harmless(found["title"], f"{path}: title")
    if re.search(r"^\s*answer\s*:", found["answer_in"], re.IGNORECASE | re.MULTILINE):
        raise ConfigurationError(f"{path}: a line of answer_in could pass for an answer line")
    return Language(path.stem, found["title"], found["answer_in"], sentences, str(path))


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


__all__ = ["Language", "find_language", "languages"]
