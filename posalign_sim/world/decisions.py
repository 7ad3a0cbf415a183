"""Decisions: points of a round where seats choose among named choices, perhaps with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from posalign_sim.world.errors import ConfigurationError, nearest

Phase: TypeAlias = Literal["meet", "agree", "play", "redress", "settle"]
PHASES: tuple[Phase, ...] = ("meet", "agree", "play", "redress", "settle")


@dataclass(frozen=True)
class Argument:
    """A bounded integer that goes with a choice (an offer, a price, a sum), or an array of them.

    Attributes:
        name: what it is called.
        low: least legal value.
        high: greatest legal value; or the name of a dimension, whose last index it then is.
        count: how many integers it is: a number, or the name of a dimension. If any argument of
            a decision is an array, agents write all of the decision's arguments into
            `p.reply[i]`, one after the other, and return the choice alone.
        choices: labels of the choices that carry it; all if empty.
        unit: what it counts.
    """

    name: str
    low: int
    high: int | str
    count: int | str = 1
    choices: tuple[str, ...] = ()
    unit: str = ""

    def size(self, sizes: Mapping[str, int]) -> int:
        """How many integers it is, given the size of each dimension."""
        return sizes[self.count] if isinstance(self.count, str) else self.count


@dataclass(frozen=True)
class Column:
    """One integer of a decision's arguments, as a scenario lays them out.

    Attributes:
        argument: what it belongs to.
        index: its place in the argument; -1 if the argument is not an array.
        low: least value that it can ever take.
        high: greatest value that it can ever take.
    """

    argument: Argument
    index: int
    low: int
    high: int

    @property
    def name(self) -> str:
        """`price`, or `terms_0`, `terms_1`, ..."""
        return self.argument.name if self.index < 0 else f"{self.argument.name}_{self.index}"


@dataclass(frozen=True)
class Words:
    """Words of its own that a seat may send with a choice, where who fills it has any.

    They never enter the world's record. The module says to whom they come, when, and as whose
    (`hears_D`), so that they share the fate of the choice that they go with.

    Attributes:
        choices: labels of the choices that carry them.
        silence: the label of saying nothing.
        rounds: for how many rounds they can be heard, that in which they were sent included.
        promise: the argument in which the choice says how much cooperation it promises; empty if
            there is none.
    """

    choices: tuple[str, ...]
    silence: str
    rounds: int = 1
    promise: str = ""


class Decision:
    """A point in a phase where some seats choose among named choices, all at once.

    In a kernel, `own.move[i]` is the executed choice of seat `i` (an index into `choices`) at
    decision `move`, and `own.move_price[i]` its argument `price` (`own.move_terms[i, k]` if it is
    an array); -1 if the seat was not asked. Where one seat is asked at a time (`turn_move`), that
    seat is `w.turn`, and the others keep what they chose last.

    Args:
        phase: in which phase, any but settle.
        choices: labels; a module-level constant of the same name in capitals, if there is one,
            must be the label's index.
        arguments: bounded integers that choices of this decision carry.
        default: the label that a seat takes whose agent does not know the decision. Without one,
            it takes up what is worth its price, where that is said (`stakes_move`).
        if_wronged: whether it does so only in answer to a wrong.
        noisy: whether the world's noise may replace what a seat does here.
        roles: the roles, or offices of institutions, that are asked; all who play if empty.
        kept: the label by which a seat keeps its word here, if it is a point where words can be
            kept or broken: institutions may hold it to that.
        broken: the label by which it breaks it.
        summary: the question that a seat is asked, in words.
        words: which choices may carry words of the seat's own; None: none.
    """

    def __init__(
        self,
        phase: Phase,
        choices: Sequence[str],
        arguments: Sequence[Argument] = (),
        default: str | None = None,
        if_wronged: bool = False,
        noisy: bool = False,
        roles: Sequence[str] = (),
        kept: str | None = None,
        broken: str | None = None,
        summary: str = "",
        words: Words | None = None,
    ) -> None:
        """See the class."""
        if phase not in PHASES or phase == "settle":
            raise ConfigurationError(f"no decision in phase {phase!r}: {nearest(phase, PHASES)}")
        if (kept is None) != (broken is None):
            raise ConfigurationError(
                "a decision has both a label that keeps a word and one that breaks it"
            )
        labels = [label for label in (default, kept, broken) if label is not None]
        if words is not None:
            labels += [*words.choices, words.silence]
            names = [a.name for a in arguments]
            if words.promise and words.promise not in names:
                hint = nearest(words.promise, names)
                raise ConfigurationError(f"{words.promise!r} is no argument: {hint}")
        for label in [*labels, *(label for a in arguments for label in a.choices)]:
            if label not in choices:
                raise ConfigurationError(f"{label!r} is no choice: {nearest(label, choices)}")
        self.phase = phase
        self.choices = tuple(choices)
        self.arguments = tuple(arguments)
        self.default = default
        self.if_wronged = if_wronged
        self.noisy = noisy
        self.roles = tuple(roles)
        self.kept = kept
        self.broken = broken
        self.summary = summary
        self.words = words
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __getitem__(self, seat: int) -> int:
        """Only in kernels, where the name stands for the array of executed choices."""
        raise TypeError(f"{self.name}[{seat}] is read in kernels, from the module's own record")

    @property
    def replies(self) -> bool:
        """Whether agents write the arguments into `p.reply`, because some are arrays."""
        return any(argument.count != 1 for argument in self.arguments)

    def columns(self, sizes: Mapping[str, int]) -> tuple[Column, ...]:
        """Every integer of the arguments, in order, given the size of each dimension."""
        found = []
        for a in self.arguments:
            high = sizes[a.high] - 1 if isinstance(a.high, str) else a.high
            places = range(a.size(sizes)) if a.count != 1 else (-1,)
            found += [Column(a, k, a.low, high) for k in places]
        return tuple(found)

    def carries(self, argument: Argument, choice: int) -> bool:
        """Whether a choice comes with an argument."""
        return not argument.choices or self.choices[choice] in argument.choices


@dataclass(frozen=True)
class Block:
    """Decisions of one phase that are gone through together until `again_NAME` says no.

    Attributes:
        decisions: names of the decisions, in order; they follow each other in the phase.
    """

    decisions: tuple[str, ...]
