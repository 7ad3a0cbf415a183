"""Notes of a model to itself, which it rewrites now and then: memory beyond the last rounds."""

from __future__ import annotations

import json
from typing import Any

from posalign_sim.agents.llm.chat import Message
from posalign_sim.agents.llm.quoting import one_line
from posalign_sim.agents.llm.texts.language import Language, in_language
from posalign_sim.agents.llm.texts.prompts import NOTES

#: The decision under which it is asked for them.
REFLECTION = "reflection"
ASKED = (
    "## What is asked of you now\n"
    "Rewrite your private notes to yourself. Nobody else ever reads them. From now on you are told "
    "them, and of what happened only the last rounds. At most {most} characters are kept, on one "
    "line."
)
IN_TEXT = "Answer with the notes and nothing else."
IN_JSON = 'Answer with one JSON object and nothing else:\n{"notes": "<your notes>"}'
SCHEMA = {
    "type": "object",
    "properties": {"notes": {"type": "string"}},
    "required": ["notes"],
    "additionalProperties": False,
}


class Notes:
    """The notes of one seat.

    Args:
        most: how many characters they may have.
        every: after how many rounds they are rewritten.

    >>> notes = Notes(most=20, every=5)
    >>> notes.due(4), notes.due(5), notes.due(6)
    (False, True, False)
    >>> notes.take("ANSWER: never trust player 1", schema=False)
    True
    >>> print(notes.text())
    ## Your notes to yourself
    "ANSWER - never [...]"
    """

    def __init__(self, most: int, every: int) -> None:
        """See the class."""
        self.most, self.every = most, every
        self._words = ""
        self._spans = 0

    def due(self, clock: int) -> bool:
        """Whether to rewrite them now, for the first time since so many rounds were over.

        Args:
            clock: rounds that are over.
        """
        spans = clock // self.every
        due = spans > self._spans
        self._spans = spans
        return due

    def take(self, answer: str, schema: bool) -> bool:
        """Put an answer in the place of the notes, if it holds any.

        Args:
            answer: of the model.
            schema: whether it was asked for JSON.
        """
        words = one_line(_in_json(answer) if schema else answer, self.most)
        self._words = words or self._words
        return bool(words)

    def text(self) -> str:
        """The section of a prompt that has them; empty if there are none yet."""
        return f'## {NOTES}\n"{self._words}"' if self._words else ""


def reflection(
    system: Message, lived: str, most: int, schema: bool, language: Language | None = None
) -> tuple[Message, Message]:
    """The messages that ask a seat for its notes.

    Args:
        system: what it is told of the game.
        lived: what it has lived through, and its notes so far.
        most: how many characters they may have.
        schema: whether the answer is JSON that satisfies `SCHEMA`.
        language: in which to ask; None: English.
    """
    parts = [lived, ASKED.format(most=most), IN_JSON if schema else IN_TEXT]
    said = "\n\n".join(in_language(language, part) for part in parts if part)
    return system, Message("user", said)


def _in_json(answer: str) -> str:
    """The notes in an answer; empty if it is not what was asked for."""
    try:
        said: Any = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    found = said.get("notes") if isinstance(said, dict) and len(said) == 1 else None
    return found if isinstance(found, str) else ""


__all__ = ["REFLECTION", "SCHEMA", "Notes", "reflection"]
