"""When cooperation is worth it: thresholds of repeated games, contracts and fines."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_within
from posalign_sim.theory.dilemma import Dilemma


def grim_threshold(payoffs: Dilemma) -> float:
    """Chance of another round from which on grim trigger is an equilibrium against itself.

    A defection wins T - R once and loses R - P in all rounds to come: `(T - R) / (T - P)`.

    Args:
        payoffs: a prisoner's dilemma.

    Returns:
        Smallest continuation probability, in (0, 1).

    Raises:
        ValueError: If the game is no prisoner's dilemma.

    Source: Friedman (1971), Review of Economic Studies 38.

    Example:
        >>> grim_threshold(Dilemma(5, 3, 1, 0))
        0.5
    """
    payoffs.require_prisoners_dilemma()
    return (payoffs.temptation - payoffs.reward) / (payoffs.temptation - payoffs.punishment)


def tit_for_tat_stability_threshold(payoffs: Dilemma) -> float:
    """Chance of another round from which on no strategy does better in a world of tit for tat.

    The best replies to tit for tat are to cooperate, to defect always or to alternate, so the
    threshold is `max{(T - R) / (T - P), (T - R) / (R - S)}`.

    Args:
        payoffs: a prisoner's dilemma.

    Returns:
        Smallest continuation probability, above 0. From 1 on (`2 R <= T + S`) alternating always
        pays and tit for tat is never stable.

    Raises:
        ValueError: If the game is no prisoner's dilemma.

    Source: Axelrod (1981), American Political Science Review 75; Axelrod & Hamilton (1981),
    Science 211.

    Example:
        >>> round(tit_for_tat_stability_threshold(Dilemma(5, 3, 1, 0)), 6)
        0.666667
    """
    alternating = (payoffs.temptation - payoffs.reward) / (payoffs.reward - payoffs.sucker)
    return max(grim_threshold(payoffs), alternating)


def tit_for_tat_basin_edge(continuation: float, payoffs: Dilemma) -> float:
    """Share of tit for tat above which it outgrows unconditional defectors.

    Both meet at random in a large population and play on with a fixed chance; no noise.

    Args:
        continuation: probability of another round, in [0, 1).
        payoffs: a prisoner's dilemma.

    Returns:
        The unstable share, in (0, 1]; 1 if tit for tat never does better, that is if the
        continuation is at most `grim_threshold(payoffs)`.

    Raises:
        ValueError: If the game is no prisoner's dilemma, or the continuation is not in [0, 1).

    Source: Axelrod & Hamilton (1981), Science 211; Nowak (2006), Science 314.

    Example:
        >>> round(1 / tit_for_tat_basin_edge(0.9, Dilemma(5, 3, 1, 0)), 6)
        17.0
    """
    continuation = require_within("continuation", continuation, 0, 1)
    if continuation == 1:
        raise ValueError("continuation is 1, but the game must end sometime: choose less than 1")
    if continuation <= grim_threshold(payoffs):
        return 1.0
    # Times (1 - continuation): what tit for tat wins over a defector against a copy of itself, and
    # what it loses to one against a defector.
    loss = (1 - continuation) * (payoffs.punishment - payoffs.sucker)
    win = payoffs.reward - payoffs.temptation
    win += continuation * (payoffs.temptation - payoffs.punishment)
    return loss / (loss + win)


def matrix_after_transfer(payoffs: Dilemma, transfer: float) -> NDArray[np.float64]:
    """Payoffs when whoever defects pays its partner a fixed sum.

    Between two defectors the sums cancel; nobody else gains or loses.

    Args:
        payoffs: the game without the contract.
        transfer: points from a defector to its partner, at least 0.

    Returns:
        `[2, 2]` points of the row player; rows are the own choice, columns the other's, C before D.

    Raises:
        ValueError: If the transfer is negative or not finite.

    Source: Varian (1994), American Economic Review 84 (compensation); Jackson & Wilkie (2005),
    Review of Economic Studies 72 (side payments).

    Example:
        >>> matrix_after_transfer(Dilemma(5, 3, 1, 0), 2).tolist()
        [[3.0, 2.0], [3.0, 1.0]]
    """
    transfer = require_within("transfer", transfer, 0, math.inf)
    side_payments = np.array([[0.0, transfer], [-transfer, 0.0]], dtype=np.float64)
    return payoffs.matrix() + side_payments


def matrix_after_fine(payoffs: Dilemma, fine: float, detection: float = 1.0) -> NDArray[np.float64]:
    """Expected payoffs when whoever defects is fined, and the fine goes to neither player.

    Args:
        payoffs: the game without the fine.
        fine: points that a detected defector pays, at least 0.
        detection: probability that a defection is fined, in [0, 1].

    Returns:
        `[2, 2]` points of the row player; rows are the own choice, columns the other's, C before D.

    Raises:
        ValueError: If the fine is negative or not finite, or the detection is no probability.

    Source: Becker (1968), Journal of Political Economy 76.

    Example:
        >>> matrix_after_fine(Dilemma(5, 3, 1, 0), 4, detection=0.5).tolist()
        [[3.0, 0.0], [3.0, -1.0]]
    """
    fine = require_within("fine", fine, 0, math.inf)
    expected = fine * require_within("detection", detection, 0, 1)
    fines = np.array([[0.0, 0.0], [expected, expected]], dtype=np.float64)
    return payoffs.matrix() - fines


def weakly_dominant(matrix: ArrayLike, choice: int = 0, tolerance: float = 1e-9) -> bool:
    """Whether a choice is never worse than any other, whatever the other player does.

    This is dominance in the sense of incentive contracts: a choice that is everywhere exactly as
    good as another still counts. The textbook's weak dominance also asks that it be better once.

    Args:
        matrix: `[choices, other choices]` points of the row player.
        choice: row that is asked about; 0 is cooperation.
        tolerance: points by which it may fall short, for rounding.

    Returns:
        Whether the row is at least as large as every other in every column.

    Raises:
        ValueError: If the matrix has not two axes, holds what is not finite, or lacks the row.

    Source: Maschler, Solan & Zamir (2013), Game Theory, chapter 4.

    Example:
        >>> weakly_dominant(Dilemma(5, 3, 1, 0).matrix())
        False
        >>> weakly_dominant(matrix_after_transfer(Dilemma(5, 3, 1, 0), 2))
        True
    """
    points = np.asarray(matrix, dtype=np.float64)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise ValueError(
            f"matrix has shape {points.shape}, but it must hold finite points by own choice (rows) "
            "and other's choice (columns)"
        )
    if not 0 <= choice < len(points):
        raise ValueError(f"choice is {choice!r}, but the matrix has rows 0 to {len(points) - 1}")
    return bool((points[choice] >= points - tolerance).all())


def deterring_transfer(payoffs: Dilemma) -> float:
    """Least payment from a defector to its partner that makes cooperation never worse.

    It must outweigh both the temptation and the fear: `max{T - R, P - S}`.

    Args:
        payoffs: any symmetric game of two choices.

    Returns:
        Points, at least 0; 0 if cooperation is never worse anyway.

    Source: Varian (1994), American Economic Review 84; Jackson & Wilkie (2005), Review of Economic
    Studies 72.

    Example:
        >>> deterring_transfer(Dilemma(5, 3, 1, 0))
        2.0
    """
    return max(payoffs.temptation - payoffs.reward, payoffs.punishment - payoffs.sucker, 0.0)


def deterring_fine(payoffs: Dilemma, detection: float = 1.0) -> float:
    """Least fine, paid to neither player, that makes cooperation never worse.

    A sure fine must be as large as the transfer that deters. The two differ in what they cost when
    somebody defects nevertheless: a transfer stays with the players.

    Args:
        payoffs: any symmetric game of two choices.
        detection: probability that a defection is fined, in [0, 1].

    Returns:
        Points, at least 0; 0 if cooperation is never worse anyway, infinite if it is and no
        defection is detected.

    Raises:
        ValueError: If the detection is no probability.

    Source: Becker (1968), Journal of Political Economy 76.

    Example:
        >>> deterring_fine(Dilemma(5, 3, 1, 0), detection=0.5)
        4.0
    """
    detection = require_within("detection", detection, 0, 1)
    needed = deterring_transfer(payoffs)
    if needed == 0:
        return 0.0
    return needed / detection if detection > 0 else math.inf


def generous_recovery_mean(generosity: float) -> float:
    """Mean number of rounds after one slip until a pair of generous tit for tat cooperates again.

    Each round the one who was hurt last forgives with the same chance, so the time is geometric.

    Args:
        generosity: probability to answer defection with cooperation, in [0, 1].

    Returns:
        Rounds, `1 / generosity`, at least 1; infinite for tit for tat, whose echo never ends.

    Raises:
        ValueError: If the generosity is no probability.

    Source: Molander (1985), Journal of Conflict Resolution 29.

    Example:
        >>> generous_recovery_mean(0.25)
        4.0
    """
    generosity = require_within("generosity", generosity, 0, 1)
    return 1 / generosity if generosity > 0 else math.inf
