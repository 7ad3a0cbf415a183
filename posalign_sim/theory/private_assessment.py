"""What becomes of reputations when each observer judges, and errs, by itself."""

from __future__ import annotations

import numpy as np

#: Points at which functions of the share of well-meaning observers are kept.
_POINTS = 64
_STEPS = 100_000


def private_good_share(
    norm: int, assessment_error: float, execution_error: float = 0.0, tolerance: float = 1e-13
) -> float:
    """Share of all opinions that are good among many discriminators who all see every act.

    Of each seat a share p of all observers think well. A discriminator keeps faith with whom it
    thinks well of, but for execution errors; observers then judge it by what each thinks of the
    recipient, and err by themselves. So p is a Markov chain on [0, 1] whose next value depends on
    the recipient's p, drawn from the same distribution; its stationary mean is what is returned.

    Args:
        norm: number of an assessment norm that looks at the act and at the recipient alone.
        assessment_error: probability that an observer takes good for bad, or bad for good; above 0.
        execution_error: probability that an act that would be kept is broken.
        tolerance: of the result.

    Returns:
        The stationary mean, for infinitely many observers.

    Raises:
        ValueError: the norm looks at the actor's standing; or nobody errs, so that
            what everybody thought at first would matter for ever.

    Source: Uchida & Sasaki (2013), Chaos, Solitons & Fractals 56; Fujimoto & Ohtsuki (2022),
    Scientific Reports 12 (the distribution of p).

    >>> round(private_good_share(165, 0.1), 12)  # stern judging
    0.5
    """
    bits = [norm >> k & 1 for k in range(8)]
    by_act = [bits[0:2], bits[4:6]]
    if [bits[2:4], bits[6:8]] != by_act:
        raise ValueError(
            f"norm is {norm}, but that looks at the actor's own standing: give one that does not"
        )
    if not 0 < assessment_error < 1:
        raise ValueError(
            f"assessment_error is {assessment_error}, but it must lie between 0 and 1, exclusive"
        )
    nodes = (1 - np.cos(np.pi * np.arange(_POINTS) / (_POINTS - 1))) / 2
    kept, broken = (
        assessment_error
        + (1 - 2 * assessment_error) * (nodes * towards_good + (1 - nodes) * towards_bad)
        for towards_good, towards_bad in by_act
    )
    keeps = (1 - execution_error) * nodes
    step = keeps[:, None] * _interpolation(nodes, kept)
    step += (1 - keeps)[:, None] * _interpolation(nodes, broken)
    # Applied again and again, what is expected later depends ever less on where one begins.
    expected = nodes
    for _ in range(_STEPS):
        expected = step @ expected
        if np.ptp(expected) < tolerance:
            break
    return float(expected.mean())


def _interpolation(
    nodes: np.ndarray[tuple[int], np.dtype[np.float64]],
    at: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Matrix that reads a polynomial, given at Chebyshev nodes, at other points.

    Source: Berrut & Trefethen (2004), SIAM Review 46.
    """
    weights = np.where(np.arange(len(nodes)) % 2 == 0, 1.0, -1.0)
    weights[[0, -1]] /= 2
    gap = at[:, None] - nodes[None, :]
    exact = np.abs(gap) < 1e-15
    rows = weights / np.where(exact, 1.0, gap)
    rows /= rows.sum(axis=1, keepdims=True)
    hit = exact.any(axis=1)
    rows[hit] = exact[hit]
    return rows
