"""What may be wrong with a reply, in words that can be said in any language."""

from __future__ import annotations

from enum import Enum


class Wrong(Enum):
    """What is wrong with a reply: its kind, and a sentence.

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

    def __init__(self, kind: str, words: str) -> None:
        """See the class."""
        self.kind = kind
        self.words = words


class ReplyError(ValueError):
    """A reply that is no legal action: what is wrong with it, and what would be legal.

    Attributes:
        wrong: what is wrong with it.
        parts: what stands in the places of its sentence.
        kind: `no_answer`, `several_answers`, `unknown_choice`, `illegal_choice`,
            `missing_argument`, `unknown_argument`, `repeated_argument`, `bad_number`,
            `out_of_range`, `illegal_together` or `too_long`.
        detail: what is wrong in English, without what would be legal.

    >>> print(ReplyError(Wrong.LACKS, choice="offer", name="price"))
    offer needs price
    """

    def __init__(self, wrong: Wrong, legal: str = "", **parts: object) -> None:
        """See the class."""
        self.wrong = wrong
        self.kind = wrong.kind
        self.parts = {name: str(part) for name, part in parts.items()}
        self.detail = wrong.words.format(**self.parts)
        super().__init__(f"{self.detail}. {legal}" if legal else self.detail)


__all__ = ["ReplyError", "Wrong"]
