"""Replies in plain text: a strict reading of what was said.

A reply holds exactly one line

    ANSWER: <choice> <argument>=<integer> <argument>=<integer> ...

with every argument that the choice carries, in any order, each once; other lines may say
anything. Or the whole reply is the JSON object

    {"choice": "<choice>", "arguments": {"<argument>": <integer>, ...}}

or an object with that object as its `"answer"`, beside a text as its `"reason"`. Upper and lower
case do not matter in `ANSWER` and in the choice. Where words of its own go with a choice
(`Decision.words`), one line `MESSAGE: <words>` beside the answer line has them, or a text
`"message"` beside the choice. Everything else is refused with a `ReplyError`: a reply that cannot
be read never becomes an action.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from posalign_sim.envs.views.options import (
    Option,
    answer_for,
    decision_of,
    how_to_answer,
    options,
    options_of,
)
from posalign_sim.envs.views.wrong import ReplyError, Wrong
from posalign_sim.world.session import Session

#: Characters that a reply may have; more is refused unread.
LONGEST = 50_000

_ANSWER = re.compile(r"[ \t]*answer[ \t]*:(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
_MESSAGE = re.compile(r"[ \t]*message[ \t]*:(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
_INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
#: Digits beyond which an integer is out of every range, and not worth converting.
_DIGITS = 18


def parse_reply(text: str, session: Session, row: int) -> tuple[int, np.ndarray[Any, Any]]:
    r"""Read a reply: all of it, strictly.

    Args:
        text: the whole reply.
        session: the session.
        row: the waiting row that it is for.

    Returns:
        The choice and its arguments, `[arguments]` integers as `Session.advance` takes them;
        those that the choice does not carry are the least legal ones.

    Raises:
        ReplyError: the reply is anything but one legal action.

    Example:
        >>> from posalign_sim import Scenario, start
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> duel = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=2, metrics=())
        >>> session = start(duel, 1, external=[0], mode="interpreted")
        >>> parse_reply("They cooperated, so I do.\nANSWER: cooperate", session, 0)[0]
        0
    """
    return parse_words(text, session, row, options_of(session, row), ())[:2]


def parse_words(
    text: str, session: Session, row: int, legal: tuple[Option, ...], spoken: Sequence[str]
) -> tuple[int, np.ndarray[Any, Any], str]:
    """Read a reply, and words of its own that the seat sends with its choice.

    Args:
        text: the whole reply.
        session: the session.
        row: the waiting row that it is for.
        legal: what may be chosen, with the arguments that the reply is to give.
        spoken: labels of the choices that carry words; if empty, what a line of text says after
            `MESSAGE:` means nothing.

    Returns:
        What `parse_reply` returns, and the words: as they were written, empty if there are none.

    Raises:
        ReplyError: the reply is anything but one legal action, or words go with a choice that
            carries none.
    """
    reader = _Reader(legal, session, row, spoken)
    if len(text) > LONGEST:
        reader.refuse(Wrong.CHARACTERS, n=len(text), n2=LONGEST)
    label, pairs = reader.split(text)
    choice, arguments = reader.action(label, pairs)
    said = decision_of(session, row).choices[choice]
    if reader.words.strip() and said not in spoken:
        reader.refuse(Wrong.SILENT, choice=said)
    return choice, arguments, reader.words


def said(text: str) -> tuple[str, list[tuple[str, str]]]:
    r"""The choice that a reply names and its named numbers, as they were written.

    Nothing is checked against what is legal; that is what `parse_reply` does.

    Raises:
        ReplyError: the reply does not have the form of an answer.

    >>> said("A fair price.\nANSWER: offer price=3")
    ('offer', [('price', '3')])
    """
    return _Reader((), None, 0, ()).split(text)


class _Reader:
    """Reads replies for one waiting row; what the seat says in words of its own is in `words`.

    Without a session it reads only what they say.
    """

    def __init__(
        self, legal: tuple[Option, ...], session: Any, row: int, spoken: Sequence[str]
    ) -> None:
        self.legal = legal
        self.session = session
        self.row = row
        self.spoken = spoken
        self.words = ""

    def refuse(self, wrong: Wrong, **parts: object) -> NoReturn:
        """Say what is wrong, and what would be legal."""
        choices = "; ".join(option.words() for option in self.legal)
        raise wrong.error(f"Legal are: {choices}. {how_to_answer(self.legal)}", **parts)

    def split(self, text: str) -> tuple[str, list[tuple[str, str]]]:
        """The label and the named numbers of a reply, as they were written."""
        whole = text.strip(" \t\r\n")
        if whole.startswith("{") and whole.endswith("}"):
            found = self._object(whole)
            if found is not None:
                return found
        # Only real ends of lines: other separators must not make a line of what looks like one.
        lines = text.replace("\r\n", "\n").split("\n")
        answers = [match[1] for match in map(_ANSWER.fullmatch, lines) if match]
        if self.spoken:
            messages = [match[1] for match in map(_MESSAGE.fullmatch, lines) if match]
            if len(messages) > 1:
                self.refuse(Wrong.MESSAGES, n=len(messages))
            self.words = messages[0] if messages else ""
        if not answers:
            self.refuse(Wrong.NO_LINE)
        if len(answers) > 1:
            self.refuse(Wrong.LINES, n=len(answers))
        words = [word for word in re.split("[ \t]+", answers[0]) if word]
        if not words:
            self.refuse(Wrong.NOTHING)
        pairs = []
        for word in words[1:]:
            name, equals, number = word.partition("=")
            if not equals:
                self.refuse(Wrong.NO_PAIR, quoted=_shown(word))
            pairs.append((name, number))
        return words[0], pairs

    def _object(self, whole: str) -> tuple[str, list[tuple[str, str]]] | None:
        """The same of a reply that is a JSON object; None if it is none."""
        try:
            # Pairs rather than dictionaries, and numbers as written: nothing is lost unseen.
            said = json.loads(
                whole, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number
            )
        except (ValueError, RecursionError):
            return None
        if isinstance(said, _Pairs) and {key for key, _ in said} & {"answer", "reason"}:
            said = self._inner(said)
        keys = [key for key, _ in said]
        known = ("choice", "arguments", "message") if self.spoken else ("choice", "arguments")
        for key in keys:
            if key not in known:
                self.refuse(Wrong.KEY, quoted=_shown(key))
        if len(set(keys)) < len(keys):
            self.refuse(Wrong.TWICE)
        values = dict(said)
        self.words = values.get("message", "")
        if type(self.words) is not str:
            self.refuse(Wrong.NO_WORDS)
        label, arguments = values.get("choice"), values.get("arguments", _Pairs())
        if type(label) is not str:
            self.refuse(Wrong.NO_TEXT)
        if not isinstance(arguments, _Pairs):
            self.refuse(Wrong.NO_ARGUMENTS)
        for name, number in arguments:
            if not isinstance(number, _Number):
                self.refuse(Wrong.NO_NUMBER, quoted=_shown(name))
        return label, list(arguments)

    def _inner(self, said: _Pairs) -> _Pairs:
        """The answer in an object that gives a reason, too."""
        keys = [key for key, _ in said]
        for key in keys:
            if key not in ("answer", "reason"):
                self.refuse(Wrong.KEY, quoted=_shown(key))
        if len(set(keys)) < len(keys):
            self.refuse(Wrong.TWICE)
        answer = dict(said).get("answer")
        if not isinstance(answer, _Pairs):
            self.refuse(Wrong.NO_OBJECT)
        return answer

    def action(self, label: str, pairs: list[tuple[str, str]]) -> tuple[int, np.ndarray[Any, Any]]:
        """Choice and arguments, checked against what is legal."""
        option = self._option(label)
        given: dict[str, str] = {}
        known = {column.name for _, column, _, _ in option.arguments}
        for name, number in pairs:
            if name not in known:
                self.refuse(Wrong.NO_ARGUMENT, choice=option.label, quoted=_shown(name))
            if name in given:
                self.refuse(Wrong.REPEATED, name=name)
            given[name] = number
        arguments = self.session.lows[self.row].copy()
        for place, column, low, high in option.arguments:
            if column.name not in given:
                self.refuse(Wrong.LACKS, choice=option.label, name=column.name)
            arguments[place] = self._number(column.name, given[column.name], low, high)
        if not self.session.legal(self.row, option.number, arguments):
            self.refuse(Wrong.TOGETHER)
        return option.number, arguments

    def _option(self, label: str) -> Option:
        decision = decision_of(self.session, self.row)
        # Outside of ASCII there are letters that turn into others when they are made small.
        wanted = label.lower() if label.isascii() else label
        matching = [c for c in decision.choices if c == label] or [
            c for c in decision.choices if c.lower() == wanted
        ]
        if len(matching) != 1:
            self.refuse(Wrong.NO_CHOICE, quoted=_shown(label))
        for option in self.legal:
            if option.label == matching[0]:
                return option
        self.refuse(Wrong.NOT_NOW, choice=matching[0])

    def _number(self, name: str, written: str, low: int, high: int) -> int:
        if not _INTEGER.fullmatch(written):
            self.refuse(Wrong.NO_INTEGER, name=name, quoted=_shown(written))
        if len(written) > _DIGITS or not low <= int(written) <= high:
            self.refuse(Wrong.OUTSIDE, name=name, quoted=_shown(written), n=low, n2=high)
        return int(written)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, repetitions included."""


class _Number(str):
    """A JSON number as it was written."""


def _shown(text: str) -> str:
    """What a message may repeat of a reply: a little, and nothing that could pass for a line."""
    return ascii(text if len(text) <= 40 else text[:37] + "...")


__all__ = [
    "LONGEST",
    "Option",
    "ReplyError",
    "answer_for",
    "decision_of",
    "how_to_answer",
    "options",
    "options_of",
    "parse_reply",
    "parse_words",
    "said",
]
