"""What is judged: what models said and did in a study, as its cassette has it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from posalign_sim.agents.llm.chat import ASIDE, Place
from posalign_sim.agents.llm.tape import Call, recorded
from posalign_sim.envs.views.reply import ReplyError, said
from posalign_sim.world.errors import ConfigurationError, nearest

#: How the rules begin, in every prompt in English.
RULES = "## The game\n"
_CHOICE = re.compile(r"^- ([^\s,]+)(.*)$", re.MULTILINE)
#: An argument with its least and greatest value, in any language.
_ARGUMENT = re.compile(r"(\S+) = \D*?(-?\d+)\D+?(-?\d+)")
_ANSWER = re.compile(r"^[ \t]*answer[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Item:
    """One act of a model, with what it was told and the reason that it gave.

    Attributes:
        place: where it was.
        model: who was asked.
        rules: the rules of the game and of its institutions, as it was told them.
        situation: what else it was told.
        question: what it was asked, with its choices.
        choices: labels of what it could choose.
        choice: what it chose.
        act: the choice with its arguments.
        reason: why, in its words; empty if it gave none.
    """

    place: Place
    model: str
    rules: str
    situation: str
    question: str
    choices: tuple[str, ...]
    choice: str
    act: str
    reason: str

    @property
    def study(self) -> str:
        """The study that it comes from."""
        return self.place.study.partition("/")[0]

    @property
    def part(self) -> str:
        """The part of the study: game, arm, payoffs."""
        return self.place.study.partition("/")[2]


@dataclass(frozen=True)
class Recorded:
    """What a cassette has to judge.

    Attributes:
        items: acts, in the order in which they were recorded.
        players: names of all models that were asked, or answered.
        left_out: how many decisions are no items, by why: `failed`, no answer came; `unusable`, the
            last answer was no legal action; `no_choices`, nothing was to be chosen.
    """

    items: tuple[Item, ...] = field(repr=False)
    players: frozenset[str]
    left_out: Mapping[str, int]

    def of(self, part: str) -> tuple[Item, ...]:
        """The acts of one part of a study.

        Raises:
            ConfigurationError: there is none of that name.
        """
        found = tuple(item for item in self.items if item.part == part)
        if not found:
            parts = {item.part for item in self.items}
            raise ConfigurationError(f"nothing is recorded of {part!r}: {nearest(part, parts)}")
        return found


def items_of(path: str | Path, study: str | None = None) -> Recorded:
    """What a cassette has to judge.

    Args:
        path: of the cassette.
        study: name of one study; all if not given.

    Raises:
        ConfigurationError: it is no cassette, or has nothing of that study.
    """
    talks: dict[Any, list[Call]] = {}
    players: set[str] = set()
    for call in recorded(Path(path)):
        place = call.place
        if place.decision.startswith(ASIDE):
            continue
        if study is not None and place.study.partition("/")[0] != study:
            continue
        players |= {call.asked, call.served or call.asked}
        prompt = json.loads(call.request)["messages"][:2]
        talks.setdefault((replace(place, attempt=0), call.asked), []).append(call)
        # Where something was asked anew in other words, only the latest counts.
        kept = talks[replace(place, attempt=0), call.asked]
        kept[:] = [c for c in kept if json.loads(c.request)["messages"][:2] == prompt]
    if not talks:
        what = "no decision of a model" if study is None else f"nothing of a study {study!r}"
        raise ConfigurationError(f"{path} has {what} to judge")
    items, left_out = [], Counter[str]()
    for calls in talks.values():
        item = _item(max(calls, key=lambda call: call.place.attempt))
        if isinstance(item, Item):
            items.append(item)
        else:
            left_out[item] += 1
    return Recorded(tuple(items), frozenset(players), dict(left_out))


def _item(call: Call) -> Item | str:
    """The act of the last attempt of a decision, or why there is none."""
    outcome = json.loads(call.outcome)
    if "reply" not in outcome:
        return "failed"
    messages = json.loads(call.request)["messages"]
    if [role for role, _ in messages[:2]] != ["system", "user"]:
        return "no_choices"
    (_, system), (_, user) = messages[:2]
    situation, _, asked = user.rpartition("\n## ")
    question = asked.partition("\n")[2].partition("\n\n")[0]
    choices = dict(_CHOICE.findall(question))
    if not choices:
        return "no_choices"
    text = outcome["reply"]["text"]
    act = _act(text, choices)
    if act is None:
        return "unusable"
    return Item(
        replace(call.place, attempt=0),
        call.asked,
        _rules(system),
        situation,
        question,
        tuple(choices),
        act[0],
        " ".join(act),
        _reason(text),
    )


def _rules(system: str) -> str:
    """The rules alone: who a seat is told that it is, its judges need not know."""
    return system[max(system.find(RULES), 0) :]


def _act(text: str, choices: Mapping[str, str]) -> list[str] | None:
    """A choice and its arguments, if the answer is a legal action as far as the prompt tells."""
    try:
        label, pairs = said(text)
    except ReplyError:
        return None
    named = [choice for choice in choices if choice == label] or [
        choice for choice in choices if choice.lower() == label.lower()
    ]
    if len(named) != 1:
        return None
    wanted = {n: (int(a), int(b)) for n, a, b in _ARGUMENT.findall(choices[named[0]])}
    given = dict(pairs)
    if len(given) != len(pairs) or set(given) != set(wanted):
        return None
    for name, (low, high) in wanted.items():
        if not re.fullmatch(r"-?\d{1,18}", given[name]) or not low <= int(given[name]) <= high:
            return None
    return [named[0], *(f"{name}={number}" for name, number in pairs)]


def _reason(text: str) -> str:
    """The reason that an answer gives: in its JSON, or before its line."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        found = _ANSWER.search(text)
        return text[: found.start()].strip() if found else ""
    reason = whole.get("reason", "") if isinstance(whole, dict) else ""
    return reason.strip() if isinstance(reason, str) else ""


def matched(one: Sequence[Item], other: Sequence[Item]) -> list[tuple[Item, Item]]:
    """Acts of two parts at the same place: the same world, round, decision and seat."""

    def where(item: Item) -> tuple[int, int, str, int]:
        place = item.place
        return place.world, place.round, place.decision, place.seat

    there = {where(item): item for item in other}
    return [(item, there[where(item)]) for item in one if where(item) in there]


__all__ = ["Item", "Recorded", "items_of", "matched"]
