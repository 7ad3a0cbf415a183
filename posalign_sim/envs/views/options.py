"""What may be chosen at a decision, and how a reply in plain text says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from posalign_sim.world.decisions import Column, Decision
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.session import Session


@dataclass(frozen=True)
class Option:
    """A legal choice, with the arguments that it carries.

    Attributes:
        number: index of the choice.
        label: the choice by name.
        arguments: number of its column, the column, least and greatest legal value now.
    """

    number: int
    label: str
    arguments: tuple[tuple[int, Column, int, int], ...]

    def words(self) -> str:
        """The choice and its arguments, as a seat is told of them."""
        if not self.arguments:
            return self.label
        parts = [
            f"{column.name} = an integer from {low} to {high}"
            + (f" ({column.argument.unit})" if column.argument.unit else "")
            for _, column, low, high in self.arguments
        ]
        return f"{self.label}, with {', '.join(parts)}"


def options(
    decision: Decision, columns: Sequence[Column], mask: Any, lows: Any, highs: Any
) -> tuple[Option, ...]:
    """The choices that are legal at a decision.

    Args:
        decision: the decision.
        columns: its columns.
        mask: `[choices]` whether each is legal.
        lows: `[columns]` least legal values.
        highs: `[columns]` greatest legal values.
    """
    return tuple(
        Option(
            number,
            label,
            tuple(
                (k, column, int(lows[k]), int(highs[k]))
                for k, column in enumerate(columns)
                if decision.carries(column.argument, number)
            ),
        )
        for number, label in enumerate(decision.choices)
        if mask[number]
    )


def options_of(session: Session, row: int) -> tuple[Option, ...]:
    """The choices that are legal for a waiting row of a session."""
    decision = decision_of(session, row)
    columns = decision.columns(session.scenario.structure.sizes)
    return options(decision, columns, session.masks[row], session.lows[row], session.highs[row])


def decision_of(session: Session, row: int) -> Decision:
    """The decision at which a row waits.

    Raises:
        ConfigurationError: no such row waits.
    """
    if not 0 <= row < session.count:
        raise ConfigurationError(f"row {row} does not wait: {session.count} rows do, from 0 on")
    return session.points[session.decision[row]].decision


def how_to_answer(legal: Iterable[Option]) -> str:
    """The sentence that tells a seat how to say what it chooses."""
    carries = any(option.arguments for option in legal)
    form = "ANSWER: <choice> <argument>=<integer> ..." if carries else "ANSWER: <choice>"
    each = ", each argument of the choice exactly once" if carries else ""
    return f"Write exactly one line of this form{each}:\n{form}"


def answer_for(session: Session, row: int, choice: int, arguments: Any = ()) -> str:
    """The reply that says an action.

    Args:
        session: the session.
        row: a waiting row.
        choice: index of the choice.
        arguments: `[arguments]` integers; those that the choice does not carry are left out.
    """
    decision = decision_of(session, row)
    columns = decision.columns(session.scenario.structure.sizes)
    said = [
        f"{column.name}={int(arguments[k])}"
        for k, column in enumerate(columns)
        if decision.carries(column.argument, choice)
    ]
    return " ".join(["ANSWER:", decision.choices[choice], *said])
