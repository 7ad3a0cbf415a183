"""What may be wrong with a reply, in words that can be said in any language."""

from __future__ import annotations

import re
from enum import Enum
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "no_answer",
    "several_answers",
    "unknown_choice",
    "illegal_choice",
    "missing_argument",
    "unknown_argument",
    "repeated_argument",
    "bad_number",
    "out_of_range",
    "illegal_together",
    "bad_message",
    "too_long",
]


class ReplyError(ValueError):
    """A reply that is no legal action: what is wrong with it, and what would be legal.

    Attributes:
        kind: `no_answer`, `several_answers`, `unknown_choice`, `illegal_choice`,
            `missing_argument`, `unknown_argument`, `repeated_argument`, `bad_number`,
            `out_of_range`, `illegal_together`, `bad_message` or `too_long`.
        sentence: what is wrong, with places for what differs from reply to reply.
        parts: what stands in these places.
        detail: what is wrong, without what would be legal.

    >>> print(ReplyError("missing_argument", "{choice} needs {name}", choice="offer", name="price"))
    offer needs price
    """

    def __init__(self, kind: Kind, sentence: str, legal: str = "", **parts: object) -> None:
        """See the class."""
        self.kind = kind
        self.sentence = sentence
        self.parts = {name: str(part) for name, part in parts.items()}
        self.detail = re.sub(r"\{(\w+)\}", lambda m: self.parts.get(m[1], m[0]), sentence)
        super().__init__(f"{self.detail}. {legal}" if legal else self.detail)


class Wrong(Enum):
    """All that can be wrong with what a seat replies: its kind, and a sentence.

    In sentences, `{choice}` and `{name}` stand for choices and arguments of the decision, `{n}` for
    numbers, and `{quoted}` for a part of the reply.
    """

    CHARACTERS = "too_long", "the reply has {n} characters, more than {n2}"
    TOKENS = "too_long", "it is longer than {n} tokens"
    NO_LINE = "no_answer", "no line of the reply begins with ANSWER:"
    NOTHING = "no_answer", "nothing follows ANSWER:"
    NO_TEXT = "no_answer", "the object has no text as its choice"
    NO_OBJECT = "no_answer", "the object has no object as its answer"
    LINES = "several_answers", "{n} lines of the reply begin with ANSWER:"
    TWICE = "several_answers", "the object says the same thing twice"
    NO_CHOICE = "unknown_choice", "there is no choice {quoted}"
    NOT_NOW = "illegal_choice", "{choice} is not legal now"
    LACKS = "missing_argument", "{choice} needs {name}"
    NO_ARGUMENT = "unknown_argument", "{choice} has no argument {quoted}"
    NO_PAIR = "unknown_argument", "{quoted} is not <argument>=<integer>"
    KEY = "unknown_argument", "the object has {quoted}"
    NO_ARGUMENTS = "unknown_argument", "the arguments are no object"
    REPEATED = "repeated_argument", "{name} is given more than once"
    NO_NUMBER = "bad_number", "{quoted} is no integer"
    NO_INTEGER = "bad_number", "{name} is {quoted}, which is no integer"
    OUTSIDE = "out_of_range", "{name} is {quoted}, not from {n} to {n2}"
    TOGETHER = "illegal_together", "these arguments are not legal together"
    SILENT = "bad_message", "no message goes with {choice}"
    WORDLESS = "bad_message", "a message goes with {choice}"
    MESSAGES = "bad_message", "{n} lines begin with MESSAGE:"
    NO_WORDS = "bad_message", "the message is no text"

    def __init__(self, kind: Kind, sentence: str) -> None:
        """See the class."""
        self.kind = kind
        self.sentence = sentence

    def error(self, legal: str = "", **parts: object) -> ReplyError:
        """What to raise.

        Args:
            legal: what would be legal.
            **parts: what stands in the places of the sentence.
        """
        return ReplyError(self.kind, self.sentence, legal, **parts)


__all__ = ["Kind", "ReplyError", "Wrong"]
