"""The ranges in which an argument makes sense, and the refusal of one that lies outside."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def require_within(name: str, value: float, low: float, high: float, advice: str = "") -> float:
    """Return the value as a float if it is a number from `low` to `high`, both included.

    Args:
        name: what the value is called, for the error.
        value: the number to check, in any unit.
        low: smallest number allowed; `-math.inf` for none.
        high: largest number allowed; `math.inf` for none.
        advice: what to do instead, added to the error.

    Returns:
        The value, finite and within the bounds.

    Raises:
        ValueError: If the value is not finite, or lies outside.

    Example:
        >>> require_within("noise", 0.01, 0, 1)
        0.01
        >>> require_within("noise", 1.5, 0, 1)
        Traceback (most recent call last):
        ...
        ValueError: noise is 1.5, but it must lie in [0, 1]
    """
    number = float(value)
    if math.isfinite(number) and low <= number <= high:
        return number
    if math.isinf(low) and math.isinf(high):
        bounds = "be finite"
    elif math.isinf(high):
        bounds = f"be finite and at least {low:g}"
    elif math.isinf(low):
        bounds = f"be finite and at most {high:g}"
    else:
        bounds = f"lie in [{low:g}, {high:g}]"
    raise ValueError(f"{name} is {number!r}, but it must {bounds}{advice and ': ' + advice}")


def require_whole(name: str, value: float, low: int, high: float = math.inf) -> int:
    """Return the value as an int if it is a whole number from `low` to `high`, both included.

    Args:
        name: what the value is called, for the error.
        value: the number to check, a count.
        low: smallest number allowed.
        high: largest number allowed; `math.inf` for none.

    Returns:
        The value, whole and within the bounds.

    Raises:
        ValueError: If the value is not finite, has a fraction, or lies outside.

    Example:
        >>> require_whole("players", 5, 2)
        5
        >>> require_whole("players", 2.5, 2)
        Traceback (most recent call last):
        ...
        ValueError: players is 2.5, but it must be a whole number
    """
    number = require_within(name, value, low, high)
    if not number.is_integer():
        raise ValueError(f"{name} is {number!r}, but it must be a whole number")
    return int(number)


def require_pair(
    name: str, values: Sequence[float], low: float, high: float
) -> tuple[float, float]:
    """Return one number of each of two parties if both lie from `low` to `high`, both included.

    Args:
        name: what the pair is called, for the error.
        values: `[2]` the numbers to check, in any unit.
        low: smallest number allowed; `-math.inf` for none.
        high: largest number allowed; `math.inf` for none.

    Returns:
        Both values, finite and within the bounds.

    Raises:
        ValueError: If there are not two, or one is not finite, or lies outside.

    Example:
        >>> require_pair("discounts", [0.5, 1], 0, 1)
        (0.5, 1.0)
        >>> require_pair("discounts", [0.5], 0, 1)
        Traceback (most recent call last):
        ...
        ValueError: discounts has 1 entries, but there are two parties
    """
    if len(values) != 2:
        raise ValueError(f"{name} has {len(values)} entries, but there are two parties")
    first = require_within(f"{name}[0]", values[0], low, high)
    return first, require_within(f"{name}[1]", values[1], low, high)


def require_distribution(name: str, values: ArrayLike, states: int) -> NDArray[np.float64]:
    """Return probabilities of `states` states as a vector if they are a distribution.

    Args:
        name: what the distribution is called, for the error.
        values: `[states]` probabilities.
        states: how many states there are.

    Returns:
        `[states]` probabilities, rescaled by rounding error alone so that they sum to 1.

    Raises:
        ValueError: If the shape differs, an entry is negative or not finite, or the sum is not 1
            within 1e-9.

    Example:
        >>> require_distribution("start", [0.5, 0.5], 2)
        array([0.5, 0.5])
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (states,):
        raise ValueError(f"{name} has shape {vector.shape}, but it must have shape ({states},)")
    if not (np.isfinite(vector).all() and (vector >= 0).all()):
        raise ValueError(f"{name} is {vector.tolist()}, but each entry must be a probability")
    total = float(vector.sum())
    if abs(total - 1) > 1e-9:
        raise ValueError(f"{name} sums to {total!r}, but probabilities of states must sum to 1")
    return vector / total


def require_payoffs(name: str, values: ArrayLike, strategies: int = 0) -> NDArray[np.float64]:
    """Return a square table of finite payoffs, of as many strategies as are wanted.

    Args:
        name: what the table is called, for the error.
        values: `[strategies, strategies]` points of the row's strategy against the column's.
        strategies: how many there must be; 0 for any number from 1.

    Returns:
        The table as floats.

    Raises:
        ValueError: If the shape differs, or an entry is not finite.

    Example:
        >>> require_payoffs("payoffs", [[1, 2], [3, 4]]).shape
        (2, 2)
    """
    table = np.asarray(values, dtype=np.float64)
    square = table.ndim == 2 and table.shape[0] == table.shape[1] and len(table) > 0
    if not square or (strategies and len(table) != strategies):
        wanted = f"[{strategies}, {strategies}]" if strategies else "square"
        raise ValueError(f"{name} has shape {table.shape}, but it must be {wanted}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} must be finite numbers")
    return table
