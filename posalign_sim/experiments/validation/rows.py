"""What a row of the validation is: a published or analytic result, and how it is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from posalign_sim.world.errors import ConfigurationError

#: How far exact numbers may be apart.
EXACT = 1e-9
#: Standard errors between what is simulated and what is expected, at most.
ERRORS = 4.0


@dataclass(frozen=True)
class Check:
    """One number of a result: what is expected of it, and what was measured.

    Attributes:
        what: what the number is.
        expected: what theory or the source says.
        measured: what came out.
        low: least measurement that agrees with what is expected.
        high: greatest one.
        wrong: a wrong answer that someone could come to, if there is one in question: the check
            fails if it, too, lies between `low` and `high`, for then it tells nothing.
    """

    what: str
    expected: float
    measured: float
    low: float
    high: float
    wrong: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the measurement agrees, and the wrong answer would not have."""
        fooled = self.wrong is not None and self.low <= self.wrong <= self.high
        return bool(self.low <= self.measured <= self.high and not fooled)


def exact(what: str, expected: float, measured: float, tolerance: float = EXACT) -> Check:
    """A number that leaves nothing to chance.

    >>> exact("half of one", 0.5, 1 / 2).passed
    True
    """
    e, m, tolerance = float(expected), float(measured), float(tolerance)
    return Check(what, e, m, e - tolerance, e + tolerance)


def printed(what: str, expected: float, measured: float, digits: int) -> Check:
    """A number that is printed with so many digits after the point, without a closed form."""
    return exact(what, expected, measured, 0.5000001 * 10.0**-digits)


def within(what: str, low: float, high: float, measured: float) -> Check:
    """A number of which theory gives a band."""
    return Check(what, (low + high) / 2, float(measured), low, high)


def at_most(what: str, bound: float, measured: float, least: float = 0.0) -> Check:
    """A number of which theory gives a bound, and `least`, which it cannot fall short of."""
    return Check(what, float(bound), float(measured), float(least), float(bound))


def at_least(what: str, bound: float, measured: float, most: float = 1.0) -> Check:
    """A number of which theory gives a bound, and `most`, which it cannot exceed."""
    return Check(what, float(bound), float(measured), float(bound), float(most))


def sampled(
    what: str,
    expected: float,
    values: Any,
    wrong: float | None = None,
    slack: float = 0.0,
) -> Check:
    """A mean over independent worlds: within four standard errors of what is expected.

    Args:
        what: what the number is.
        expected: its expectation.
        values: `[worlds]` one value for each world.
        wrong: an answer that the interval must exclude.
        slack: how far the expectation itself may be off, besides (a grid, a finite population).
    """
    values = np.asarray(values, np.float64)
    room = ERRORS * float(values.std(ddof=1)) / len(values) ** 0.5 + slack + EXACT
    e = float(expected)
    return Check(what, e, float(values.mean()), e - room, e + room, wrong)


def frequency(what: str, expected: float, hits: Any, wrong: float | None = None) -> Check:
    """A share of independent worlds: four standard errors by the probability that is expected."""
    hits = np.asarray(hits, np.float64)
    room = ERRORS * (expected * (1 - expected) / len(hits)) ** 0.5 + EXACT
    return Check(what, expected, float(hits.mean()), expected - room, expected + room, wrong)


def agreeing(what: str, found: Any, theory: Any) -> Check:
    """Share of cases that are as theory decides them: all of them."""
    found, theory = np.asarray(found), np.asarray(theory)
    same = float((found == theory).mean()) if found.shape == theory.shape else 0.0
    return exact(f"{what}: share of {theory.size} cases as theory says", 1.0, same)


@dataclass
class Run:
    """What a row is run with.

    Attributes:
        number: number of the row.
        seed: of the validation; with it every number is decided.
        quick: whether fewer worlds are simulated.
        drawing: whether figures will be drawn, and what they need is to be kept.
        kept: numbers for figures, by name.
    """

    number: int
    seed: int = 0
    quick: bool = False
    drawing: bool = False
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def luck(self) -> int:
        """The seed of the row's worlds."""
        return (self.seed * 1009 + self.number) % 2**63

    @property
    def rng(self) -> np.random.Generator:
        """A stream of the row's own, for random parameters; the same each time that it is asked."""
        return np.random.default_rng([self.seed, self.number])

    def many(self, full: int, quick: int) -> int:
        """How many worlds (or rounds) to simulate."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Row:
    """A result of the literature: its number, its name, where it is from, how it is checked."""

    number: int
    name: str
    source: str
    check: Callable[[Run], Sequence[Check]]


@dataclass(frozen=True)
class Result:
    """How a row came out, and in how many seconds."""

    row: Row
    checks: tuple[Check, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether all its checks passed; without any it did not."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def record(self) -> dict[str, Any]:
        """It as plain data; of a single check numbers, of several lists of them."""
        each = [
            {
                "expected": number(check.expected),
                "measured": number(check.measured),
                "interval": [number(check.low), number(check.high)],
            }
            for check in self.checks
        ]
        one = {name: [c[name] for c in each] for name in ("expected", "measured", "interval")}
        return {
            "row": self.row.number,
            "name": self.row.name,
            **(each[0] if len(each) == 1 else one),
            "passed": self.passed,
            "seconds": round(self.seconds, 3),
            "source": self.row.source,
            "checks": [check.what for check in self.checks],
        }


def number(value: float) -> float | None:
    """A number as JSON knows it: what is not finite is null."""
    return float(value) if np.isfinite(value) else None


#: All rows, by number.
ROWS: dict[int, Row] = {}


def row(
    number: int, name: str, source: str
) -> Callable[[Callable[[Run], Sequence[Check]]], Callable[[Run], Sequence[Check]]]:
    """Declare that a function checks a result."""

    def declare(check: Callable[[Run], Sequence[Check]]) -> Callable[[Run], Sequence[Check]]:
        if number in ROWS:
            raise ValueError(f"there are two rows {number}")
        ROWS[number] = Row(number, name, source, check)
        return check

    return declare


def measure(row: Row, run: Run) -> Result:
    """Run one row. If something goes wrong in it, that is what is told of it, and it fails."""
    began, nothing = time.perf_counter(), float("nan")
    try:
        checks = tuple(row.check(run))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        checks = (Check(told, nothing, nothing, nothing, nothing),)
    return Result(row, checks, time.perf_counter() - began)


def chosen(numbers: Sequence[int]) -> list[Row]:
    """The rows with these numbers, or all; in order.

    Raises:
        ConfigurationError: there is no such row.
    """
    for wanted in numbers:
        if wanted not in ROWS:
            raise ConfigurationError(f"there is no row {wanted}: rows are {ranges(sorted(ROWS))}")
    return [ROWS[k] for k in sorted(set(numbers) or ROWS)]


def ranges(numbers: Sequence[int]) -> str:
    """Whole numbers in order, neighbours together.

    >>> ranges([1, 2, 3, 7, 9, 10])
    '1-3, 7, 9-10'
    """
    parts: list[list[int]] = []
    for k in numbers:
        if parts and parts[-1][-1] == k - 1:
            parts[-1].append(k)
        else:
            parts.append([k])
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
