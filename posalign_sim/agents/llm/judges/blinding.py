"""Texts in which nothing tells whose they are: what a judge gets to read."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable

from posalign_sim.agents.llm.closed import LETTERS

_NUMBERED = re.compile(r"\b(player|seat) #?(\d+)\b", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\b(players|seats) #?(\d+(?:(?:, | and |, and | & )#?\d+)+)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"#?(\d+)")


class Blind:
    """Replaces what could tell a judge whose text it is.

    Players and seats become letters, dealt anew for each item; names of models become "the model",
    names of the study's parts "this part". What an institution is called in its own rules stays: it
    is what the rules are.

    Args:
        models: names of models.
        parts: names of a study and of its parts.

    >>> blind = Blind(["openai/small"], ["bonds/market/bond_shuffled"])
    >>> blind.texts("Seat 3 as small: player 3 in bond_shuffled owes players 1 and 3.", seed="")
    ('Person B as the model: person B in this part owes persons A and B.',)
    """

    def __init__(self, models: Collection[str], parts: Collection[str]) -> None:
        """See the class."""
        self._models = _any_of(
            short
            for name in models
            for part in (name, *re.split(r"[/@]", name)[:2])
            for short in (part, re.split(r"[^A-Za-z]", part)[0])  # gpt-5: gpt, too
        )
        # Ordinary words say nothing of an arm, and are needed to say anything else.
        pieces = {piece for part in parts for piece in (part, *part.split("/"))}
        self._parts = _any_of(piece for piece in pieces if re.search(r"[^a-z]", piece))

    def texts(self, *texts: str, seed: str) -> tuple[str, ...]:
        """Texts about one item, in which the same letters mean the same players.

        Args:
            texts: any.
            seed: decides which letters are dealt.
        """
        found = []
        for text in texts:
            for pattern in (_NUMBERED, _SEVERAL):
                for match in pattern.finditer(text):
                    found += _NUMBER.findall(match[2])
        numbers = sorted(set(found), key=int)
        random.Random(seed).shuffle(numbers)
        letters = {number: _letters(place) for place, number in enumerate(numbers)}
        return tuple(self._blinded(text, letters) for text in texts)

    def _blinded(self, text: str, letters: dict[str, str]) -> str:
        def one(match: re.Match[str]) -> str:
            word = "Person" if match[1][0].isupper() else "person"
            return f"{word} {letters[match[2]]}"

        def several(match: re.Match[str]) -> str:
            word = "Persons" if match[1][0].isupper() else "persons"
            return f"{word} {_NUMBER.sub(lambda number: letters[number[1]], match[2])}"

        text = _NUMBERED.sub(one, _SEVERAL.sub(several, text))
        if self._models:
            text = self._models.sub("the model", text)
        return self._parts.sub("this part", text) if self._parts else text


def _any_of(names: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern of whole names, the longest first; None without any."""
    known = sorted({name for name in names if len(name) > 2}, key=len, reverse=True)
    if not known:
        return None
    either = "|".join(re.escape(name) for name in known)
    return re.compile(rf"(?<![\w/@-])(?:{either})(?![\w/@-])", re.IGNORECASE)


def _letters(place: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    rest, last = divmod(place, len(LETTERS))
    return (_letters(rest - 1) if rest else "") + LETTERS[last]
