"""Time-dependent concession: where two who give way on a schedule meet."""

from __future__ import annotations

import math

from scipy import optimize

from posalign_sim.theory.bounds import require_within


def _exponent(name: str, value: float) -> float:
    """Check the exponent of a schedule."""
    if require_within(name, value, 0, math.inf) == 0:
        raise ValueError(f"{name} is 0, but then everything is conceded at once: choose more")
    return float(value)


def aspiration(time: float, e: float) -> float:
    """Share of the pie that a party still asks for.

    Args:
        time: share of the time until the deadline that has passed, in [0, 1].
        e: exponent of the schedule, above 0; 1 is even concession, above 1 it comes late
            (Boulware), below 1 early (conceder). It is 1 over Faratin's beta.

    Returns:
        `1 - time^e`, from 1 at the start to 0 at the deadline.

    Raises:
        ValueError: If the time is outside [0, 1], or the exponent is not finite and above 0.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24.

    Example:
        >>> aspiration(0.5, 1), aspiration(0.5, 2)
        (0.5, 0.75)
    """
    time = require_within("time", time, 0, 1)
    return 1 - math.pow(time, _exponent("e", e))


def meeting_time(e1: float, e2: float) -> float:
    """When two who concede by the clock ask for no more than there is: `t^e1 + t^e2 = 1`.

    Args:
        e1: exponent of one party's schedule, above 0; see `aspiration`.
        e2: exponent of the other's, above 0.

    Returns:
        Share of the time until the deadline, in [0, 1].

    Raises:
        ValueError: If an exponent is not finite and above 0.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24.

    Example:
        >>> meeting_time(1, 1), round(meeting_time(4, 1), 5)
        (0.5, 0.72449)
    """
    return math.exp(-_waiting(e1, e2))


def concession_split(e1: float, e2: float) -> tuple[float, float]:
    """Shares of two who concede by the clock when they meet: who concedes later gets more.

    Args:
        e1: exponent of one party's schedule, above 0; see `aspiration`.
        e2: exponent of the other's, above 0.

    Returns:
        `1 - t^e1` and `1 - t^e2` at the meeting time t; they sum to 1.

    Raises:
        ValueError: If an exponent is not finite and above 0.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24.

    Example:
        >>> [round(share, 5) for share in concession_split(4, 0.25)]
        [0.87717, 0.12283]
    """
    waiting = _waiting(e1, e2)
    return -math.expm1(-e1 * waiting), -math.expm1(-e2 * waiting)


def _waiting(e1: float, e2: float) -> float:
    """Minus the logarithm of the meeting time: where `exp(-e1 s) + exp(-e2 s) = 1`."""
    slow, fast = sorted((_exponent("e1", e1), _exponent("e2", e2)))
    if slow == fast:
        return math.log(2) / slow
    # In units of 1 / fast the solution is where one term is half at the earliest, and where the
    # other is at the latest; a little more on both sides for rounding.
    ratio = slow / fast
    found = optimize.brentq(
        lambda s: math.exp(-s) + math.expm1(-ratio * s),
        math.log(2) * (1 - 1e-9),
        math.log(2) / ratio * (1 + 1e-9),
        xtol=1e-15,
        rtol=1e-14,
        maxiter=1000,
    )
    return float(found) / fast
