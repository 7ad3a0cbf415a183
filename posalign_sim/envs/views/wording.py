"""What the texts of all seats and worlds of a structure share: rules, questions, words, numbers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeAlias

import numpy as np

from posalign_sim.envs.views.reply import how_to_answer, options
from posalign_sim.world.decisions import Column, Decision
from posalign_sim.world.fields import Parameter, State, declared
from posalign_sim.world.modules import Institution, snake
from posalign_sim.world.record import NOBODY, Sight
from posalign_sim.world.scenario import ENDLESS
from posalign_sim.world.sight import MEMORIES, kept_fields
from posalign_sim.world.structure import Point, Structure, names_used

#: What the game tells of its incentives; a game that never says one of them is silent about it.
INCENTIVES = ("temptation", "exposure", "rent", "fallback", "hope", "risk", "at_stake")
#: What happened to a seat in this round, and what it remembers of a partner.
EVENTS = ("gave", "received", "kept", "treated", "sanction")
MEMORY = ("own_last", "other_last", "other_total", "other_acts", "other_worst")
#: What institutions announce to all.
ANNOUNCEMENTS = (
    "visibility",
    "found_if_breach",
    "found_if_kept",
    "loss_if_breach",
    "loss_if_kept",
    "refund_if_breach",
    "refund_if_kept",
    "forfeit_if_breach",
    "forfeit_if_kept",
    "record_seen",
    "reentry_fee",
)
LEFT = "rounds after this one at most"

#: Paragraphs of a docstring that are no rules: they are for who reads the code.
_APPARATUS = re.compile(
    r"(sources?|answers|reports|references|examples?|see|theory|anchors?|args|attributes)\b[^.]*:|"
    r"with the defaults|by default|>>>",
    re.IGNORECASE,
)
#: How a summary begins that says of which points, rounds, ... it tells: these are named before it.
_ABOUT_UNIT = re.compile(r"(that|who|where|of|for|by|in|at|to|from|after|until) ")
_CALL = re.compile(r"`[\w.]+\([^`]*\)`")
_ASIDE = re.compile(r"\s+\((`[\w.]+\([^`]*\)`|by default\b[^()]*)\)")
_SENTENCES = re.compile(r"(?<=[.?!]) (?=[A-Z`])")
#: What every seat of every game is told about.
COMMON = declared(Sight, State)


#: Says for a decision in which order its choices are named.
Order: TypeAlias = Callable[[Decision], Sequence[int]]


@dataclass(frozen=True)
class Legal:
    """What is legal for a seat now.

    Attributes:
        mask: `[choices]` 1 for legal choices.
        lows: `[columns]` least legal value of each argument.
        highs: `[columns]` greatest legal value of each argument.
    """

    mask: Any
    lows: Any
    highs: Any


# --- words for numbers --------------------------------------------------------------------------


def number(value: Any, endless: bool = False) -> str:
    """A number, or an array of them, in a form that parses back to exactly it."""
    if isinstance(value, (np.ndarray, list)):
        return "[" + ", ".join(number(v) for v in value) + "]"
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float):
        if plain in (np.inf, -np.inf):
            return "unlimited" if plain > 0 else "-unlimited"
        return repr(plain)
    if endless and plain >= ENDLESS // 2:
        return "unlimited"
    return "nobody" if plain == NOBODY else repr(plain)


def line(declaration: State | Parameter, value: Any, name: str = "", summary: str = "") -> str:
    """One fact as a line: what it is, its value and its unit, in the words of its declaration.

    Args:
        declaration: of the field or parameter.
        value: what it is now.
        name: by which rules refer to it.
        summary: instead of the declaration's own.
    """
    words, unit = _phrase(declaration, name, summary)
    return f"- {words}: {value if isinstance(value, str) else number(value)} {unit}".rstrip()


@lru_cache(maxsize=4096)
def _phrase(declaration: State | Parameter, name: str, summary: str) -> tuple[str, str]:
    """What stands before a value, and its unit, if that is not said there."""
    words, unit = summary or declaration.summary or name.replace("_", " "), declaration.unit
    if _ABOUT_UNIT.match(words) and unit not in ("", "index"):
        words, unit = f"{unit} {words}", ""
    if unit and (words.startswith(unit.split(" ")[0]) or unit[0].isdigit() or unit == "index"):
        unit = ""
    if name and words != name:
        words = f"{name} ({words})"
    return words, unit


def player(m: int, own: int = -1) -> str:
    """How an identity is named."""
    if m == NOBODY:
        return "nobody"
    return f"player {m} (you)" if m == own else f"player {m}"


def rules_of(spec: type) -> list[str]:
    """The rules in words: what of a docstring is not for who reads, or writes, code.

    Sources, examples and reports are left out, and so are sentences that show how to call things
    or say how they are by default.
    """
    text = _ASIDE.sub("", inspect.cleandoc(spec.__doc__ or ""))
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        if _APPARATUS.match(paragraph):
            continue
        if not re.search(r"^\s*[*-] ", paragraph, re.M):  # a list keeps its lines
            paragraph = " ".join(paragraph.split())
        kept = [
            sentence
            for sentence in _SENTENCES.split(paragraph)
            if not (_CALL.search(sentence) or sentence.startswith("By default "))
        ]
        found += [" ".join(kept)] if kept else []
    return found


@cache
def _parameters_in(dtype: np.dtype[Any], names: tuple[str, ...]) -> np.dtype[Any]:
    """A record of which only the parameters are looked at: all of them at once."""
    fields = [(dtype[name], dtype.fields[name][1]) for name in names] if dtype.fields else []
    return np.dtype(
        {
            "names": list(names),
            "formats": [kind for kind, _ in fields],
            "offsets": [offset for _, offset in fields],
            "itemsize": dtype.itemsize,
        }
    )


@lru_cache(maxsize=4096)
def _numbers_of(spec: Any, values: tuple[float, ...]) -> str:
    """The parameters of a game or an institution, one line each; none where it does not apply."""
    found = [
        line(parameter, value, name)
        for (name, parameter), value in zip(spec.parameters().items(), values, strict=True)
        if not (np.isinf(value) and np.isinf(parameter.default))
    ]
    return "\n".join(found)


# --- what is the same for all worlds of a structure ---------------------------------------------


@dataclass(frozen=True)
class Told:
    """An institution, or the game, as it is told.

    Attributes:
        name: of the module in the record.
        spec: its class.
        rules: title and rules, in words.
        parameters: names of its parameters.
        governs: whether there is one record of it for each of several jurisdictions.
        judges: whether it asks if an act was a breach.
        prices: whether it asks what was paid for an act, and what harm it did.
    """

    name: str
    spec: Any
    rules: str
    parameters: tuple[str, ...]
    governs: bool
    judges: bool = False
    prices: bool = False

    def numbers(self, own: Any) -> str:
        """Its parameters in this world, one line each."""
        found = own.view(_parameters_in(own.dtype, self.parameters)).item()
        return _numbers_of(self.spec, found)


class Frame:
    """What the texts of one structure share.

    Args:
        structure: of the scenario.
    """

    def __init__(self, structure: Structure) -> None:
        """See the class."""
        self.structure = structure
        name, spec = structure.game
        self.game = self._module(name, spec)
        institutions = [(n, s) for n, s in structure.modules if issubclass(s, Institution)]
        self.institutions = [self._module(n, s) for n, s in institutions]
        says = names_used(list(spec.functions.values()))
        self.incentives = [f for f in INCENTIVES if f in says]
        self.own_fields = {
            f: state for f, state in declared(spec.sight, State).items() if f not in COMMON
        }
        self.kept_fields = kept_fields(structure.named)
        kept = {f for fields, kernel in MEMORIES if kernel in structure.memories for f in fields}
        kept |= {"sanction"} & structure.names
        self.memory = [f for f in MEMORY if f in kept] if structure.remembers_partners else []
        self.events = [f for f in EVENTS if f in kept]
        self.pairs = structure.pairs
        self.turns = structure.remembers_partners and (not self.pairs or "turns" in kept)
        self.columns: dict[int, tuple[Column, ...]] = {
            p.number: p.decision.columns(structure.sizes) for p in structure.points
        }

        blocks = {
            n: {d for b in s.blocks.values() for d in b.decisions} for n, s in structure.modules
        }
        self.repeats = {p.number: p.decision.name in blocks[p.module] for p in structure.points}

    def _module(self, name: str, spec: Any) -> Told:
        used = names_used(list(spec.functions.values()))
        title = "The game" if issubclass(spec, self.structure.game[1]) else _title(spec)
        return Told(
            name,
            spec,
            "\n".join([f"## {title}", *rules_of(spec)]),
            tuple(spec.parameters()),
            self.structure.governs(spec),
            not used.isdisjoint(("pledged", "promised", "delivered", "breached")),
            not used.isdisjoint(("paid", "harm")),
        )

    def question(self, point: Point, legal: Legal, order: Order | None = None) -> tuple[str, str]:
        """The question with what may be chosen, and how to answer."""
        decision = point.decision
        choices = options(decision, self.columns[point.number], legal.mask, legal.lows, legal.highs)
        if order is not None:
            places = list(order(decision))
            choices = tuple(sorted(choices, key=lambda option: places.index(option.number)))
        asked = [
            decision.summary or f"Decide: {decision.name.replace('_', ' ')}.",
            "Choices:",
            *(f"- {option.words()}" for option in choices),
        ]
        if f"joint_{decision.name}" in point.functions:
            asked.append("Not all arguments are legal together.")
        return "\n".join(asked), how_to_answer(choices)


@cache
def frame_of(structure: Structure) -> Frame:
    """The frame of a structure, made once in a process."""
    return Frame(structure)


def _title(spec: type) -> str:
    words = snake(spec.__name__).replace("_", " ")
    return f"In force: {words}"
