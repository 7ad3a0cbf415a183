"""Memory-one strategies in a repeated game of two players and two choices.

A strategy is four probabilities to cooperate, given the round before in the order (CC, CD, DC, DD)
of (own, other) choice. A state is the round just played, in the same order from the first player's
view. Choices in states are the realised ones, after noise: they are what both players see.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_distribution, require_within
from posalign_sim.theory.dilemma import Dilemma
from posalign_sim.theory.markov_chain import long_run_distribution

Strategy = tuple[float, float, float, float]

ALWAYS_COOPERATE: Strategy = (1.0, 1.0, 1.0, 1.0)
ALWAYS_DEFECT: Strategy = (0.0, 0.0, 0.0, 0.0)
TIT_FOR_TAT: Strategy = (1.0, 0.0, 1.0, 0.0)
WIN_STAY_LOSE_SHIFT: Strategy = (1.0, 0.0, 0.0, 1.0)
GRIM_TRIGGER: Strategy = (1.0, 0.0, 0.0, 0.0)

_STATES = ("CC", "CD", "DC", "DD")
_SEEN_BY_SECOND = [0, 2, 1, 3]  # the first player's CD is the second player's DC


def _strategy(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Check one player's four probabilities: `[4]`."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (4,):
        raise ValueError(
            f"{name} has shape {vector.shape}, but a memory-one strategy is four probabilities to "
            "cooperate, after CC, CD, DC and DD (own, other): for a reactive one, use reactive()"
        )
    for state, value in zip(_STATES, vector.tolist(), strict=True):
        require_within(f"{name} after {state}", value, 0, 1)
    return vector


def _realised(
    intended: NDArray[np.float64], noise: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities to be seen cooperating and defecting, without cancellation near 0 and 1."""
    refused = 1 - intended
    return (
        intended * (1 - noise) + refused * noise,
        refused * (1 - noise) + intended * noise,
    )


def reactive(p: float, q: float) -> NDArray[np.float64]:
    """Four-vector of a strategy that looks only at what the other did.

    Args:
        p: probability to cooperate after the other cooperated, in [0, 1].
        q: probability to cooperate after the other defected, in [0, 1].

    Returns:
        `[4]` probabilities (p, q, p, q). Generous tit for tat is `reactive(1, generosity)`.

    Raises:
        ValueError: If a probability lies outside [0, 1].

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20.

    Example:
        >>> reactive(1, 0.25).tolist()
        [1.0, 0.25, 1.0, 0.25]
    """
    return np.array([require_within("p", p, 0, 1), require_within("q", q, 0, 1)] * 2)


def transition_matrix(p: ArrayLike, q: ArrayLike, noise: float = 0.0) -> NDArray[np.float64]:
    """Markov chain that two memory-one strategies play.

    Args:
        p: `[4]` the first player's probabilities to cooperate.
        q: `[4]` the second player's, each by its own view (own, other).
        noise: probability that a choice is realised as the other one, for each player
            independently, in [0, 1].

    Returns:
        `[4, 4]` probabilities to go from the row's to the column's state.

    Raises:
        ValueError: If a strategy is not four probabilities, or the noise is no probability.

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20; Press & Dyson (2012), PNAS
    109.

    Example:
        Win-stay, lose-shift pairs meet again two rounds after a slip: DC, DD, CC.

        >>> transition_matrix(WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT)[2].tolist()
        [0.0, 0.0, 0.0, 1.0]
    """
    noise = require_within("noise", noise, 0, 1)
    first = np.stack(_realised(_strategy("p", p), noise), axis=1)
    second = np.stack(_realised(_strategy("q", q)[_SEEN_BY_SECOND], noise), axis=1)
    return (first[:, :, np.newaxis] * second[:, np.newaxis, :]).reshape(4, 4)


def _opening(first: tuple[float, float], noise: float) -> NDArray[np.float64]:
    """Distribution of the first round's state, after noise: `[4]`."""
    intended = np.array(
        [require_within(f"first[{i}]", value, 0, 1) for i, value in enumerate(first)]
    )
    if intended.shape != (2,):
        raise ValueError(
            f"first has {len(intended)} entries, but it must have one probability for each player"
        )
    cooperates, defects = _realised(intended, noise)
    return np.outer([cooperates[0], defects[0]], [cooperates[1], defects[1]]).reshape(4)


def stationary_distribution(
    p: ArrayLike, q: ArrayLike, noise: float = 0.0, start: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Share of rounds in each state when two memory-one strategies play forever.

    Where the chain has one closed class this is its stationary distribution, whatever the start.
    Where it has more (tit for tat against itself without noise has three) it is the Cesaro limit
    from the start, computed exactly: see `long_run_distribution`.

    Args:
        p: `[4]` the first player's probabilities to cooperate.
        q: `[4]` the second player's, each by its own view (own, other).
        noise: probability that a choice is flipped, for each player independently, in [0, 1].
        start: `[4]` distribution of the first round's realised state. By default both choose to
            cooperate, and noise acts on that.

    Returns:
        `[4]` shares of rounds in CC, CD, DC, DD from the first player's view, which sum to 1.

    Raises:
        ValueError: If a strategy is not four probabilities, the noise is no probability, or the
            start is no distribution of four states.

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20; Press & Dyson (2012), PNAS
    109.

    Example:
        >>> stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT).tolist()
        [1.0, 0.0, 0.0, 0.0]
        >>> stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT, start=[0, 0, 1, 0]).tolist()
        [0.0, 0.5, 0.5, 0.0]
        >>> stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT, noise=0.01).round(12).tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    matrix = transition_matrix(p, q, noise)
    opening = (
        _opening((1.0, 1.0), noise) if start is None else require_distribution("start", start, 4)
    )
    return long_run_distribution(matrix, opening)


def discounted_distribution(
    p: ArrayLike,
    q: ArrayLike,
    continuation: float,
    noise: float = 0.0,
    first: tuple[float, float] = (1.0, 1.0),
) -> NDArray[np.float64]:
    """Share of rounds in each state when each round is followed by another with a fixed chance.

    This is the expected number of rounds in a state over the expected number of rounds,
    `1 / (1 - continuation)`; the same numbers are the weights of a player who discounts each round
    by `continuation`. It is found as the long run of the game that starts anew when it ends.

    Args:
        p: `[4]` the first player's probabilities to cooperate.
        q: `[4]` the second player's, each by its own view (own, other).
        continuation: probability of another round, in [0, 1).
        noise: probability that a choice is flipped, for each player independently, in [0, 1].
        first: each player's probability to choose cooperation in the first round, before noise.

    Returns:
        `[4]` shares of rounds in CC, CD, DC, DD from the first player's view, which sum to 1.

    Raises:
        ValueError: If a strategy is not four probabilities, another argument is no probability, or
            the continuation is 1.

    Source: Axelrod & Hamilton (1981), Science 211; Nowak & Sigmund (1995), Games and Economic
    Behavior 11.

    Example:
        Tit for tat is exploited by a defector in the first of four expected rounds.

        >>> shares = discounted_distribution(TIT_FOR_TAT, ALWAYS_DEFECT, 0.75, first=(1, 0))
        >>> shares.round(12).tolist()
        [0.0, 0.25, 0.0, 0.75]
    """
    continuation = require_within("continuation", continuation, 0, 1)
    if continuation == 1:
        raise ValueError(
            "continuation is 1, but the game must end sometime: use stationary_distribution() for "
            "a game without end"
        )
    matrix = transition_matrix(p, q, noise)
    opening = _opening(first, noise)
    return long_run_distribution(continuation * matrix + (1 - continuation) * opening, opening)


def average_payoffs(distribution: ArrayLike, payoffs: Dilemma) -> tuple[float, float]:
    """Points a round of both players.

    Args:
        distribution: `[4]` shares of rounds in CC, CD, DC, DD from the first player's view.
        payoffs: the stage game.

    Returns:
        Mean points a round of the first and of the second player.

    Raises:
        ValueError: If the distribution is none of four states.

    Source: Press & Dyson (2012), PNAS 109.

    Example:
        >>> average_payoffs([0.5, 0, 0.5, 0], Dilemma(5, 3, 1, 0))
        (4.0, 1.5)
    """
    shares = require_distribution("distribution", distribution, 4)
    points = payoffs.matrix().reshape(4)
    return float(shares @ points), float(shares[_SEEN_BY_SECOND] @ points)


def cooperation_rates(distribution: ArrayLike) -> tuple[float, float]:
    """Share of rounds in which each player is seen to cooperate.

    Args:
        distribution: `[4]` shares of rounds in CC, CD, DC, DD from the first player's view.

    Returns:
        The first and the second player's rate, in [0, 1].

    Raises:
        ValueError: If the distribution is none of four states.

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20.

    Example:
        >>> cooperation_rates([0.5, 0.25, 0, 0.25])
        (0.75, 0.5)
    """
    shares = require_distribution("distribution", distribution, 4)
    return float(shares[0] + shares[1]), float(shares[0] + shares[2])


def reactive_cooperation(p1: float, q1: float, p2: float, q2: float) -> tuple[float, float]:
    """Long-run cooperation of two reactive strategies, in closed form.

    With `r = p - q`, the rates solve `c1 = q1 + r1 c2` and `c2 = q2 + r2 c1`, so that
    `c1 = (q1 + r1 q2) / (1 - r1 r2)`. Noise e turns each probability x into `x + e (1 - 2 x)`.

    Args:
        p1: the first player's probability to cooperate after the other cooperated, in [0, 1].
        q1: the first player's probability to cooperate after the other defected, in [0, 1].
        p2: the second player's probability after cooperation, in [0, 1].
        q2: the second player's probability after defection, in [0, 1].

    Returns:
        The first and the second player's share of rounds with cooperation, in [0, 1].

    Raises:
        ValueError: If a probability lies outside [0, 1], or both players copy without fail, or
            both do the opposite without fail: then the first round decides forever.

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20.

    Example:
        >>> round(reactive_cooperation(0.9, 0.2, 0.8, 0.1)[0], 6)
        0.529412
    """
    values = {"p1": p1, "q1": q1, "p2": p2, "q2": q2}
    p1, q1, p2, q2 = (require_within(name, value, 0, 1) for name, value in values.items())
    r1, r2 = p1 - q1, p2 - q2
    if r1 * r2 == 1:
        raise ValueError(
            f"p1 - q1 and p2 - q2 are both {r1:g}, so the first round decides what follows: use "
            "stationary_distribution() with a start, or let noise in"
        )
    return (q1 + r1 * q2) / (1 - r1 * r2), (q2 + r2 * q1) / (1 - r1 * r2)


def expected_reciprocity(p: float, q: float, noise: float = 0.0) -> float:
    """How much more a reactive player is seen to cooperate after cooperation than after defection.

    Args:
        p: probability to choose cooperation after the other was seen to cooperate, in [0, 1].
        q: probability to choose cooperation after the other was seen to defect, in [0, 1].
        noise: probability that the player's choice is flipped, in [0, 1].

    Returns:
        `(1 - 2 noise) (p - q)`, in [-1, 1]; 0 for a player who does not heed the other.

    Raises:
        ValueError: If a probability lies outside [0, 1].

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20 (their r = p - q).

    Example:
        >>> round(expected_reciprocity(1, 1 / 3, noise=0.01), 6)
        0.653333
    """
    p, q = require_within("p", p, 0, 1), require_within("q", q, 0, 1)
    return (1 - 2 * require_within("noise", noise, 0, 1)) * (p - q)


def generous_optimum(payoffs: Dilemma) -> float:
    """Chance to forgive a defection that generous tit for tat can best afford.

    It is the most generosity at which against generous tit for tat neither who always defects nor
    who defects every other round has more than R: `min{1 - (T-R)/(R-S), (R-P)/(T-P)}`.

    Args:
        payoffs: a prisoner's dilemma in which alternating does not beat cooperating,
            `2 R >= T + S`.

    Returns:
        Probability to answer defection with cooperation, in [0, 1).

    Raises:
        ValueError: If the game is no prisoner's dilemma, or `2 R < T + S`.

    Source: Molander (1985), Journal of Conflict Resolution 29; Nowak & Sigmund (1992), Nature 355.

    Example:
        >>> round(generous_optimum(Dilemma(5, 3, 1, 0)), 6)
        0.333333
    """
    payoffs.require_prisoners_dilemma()
    t, r = payoffs.temptation, payoffs.reward
    p, s = payoffs.punishment, payoffs.sucker
    if t - r > r - s:
        raise ValueError(
            f"2 R is {2 * r:g} and T + S is {t + s:g}, but generosity pays only if 2 R >= T + S: "
            "raise the reward or lower the temptation"
        )
    return min(1 - (t - r) / (r - s), (r - p) / (t - p))


def extortion(factor: float, payoffs: Dilemma, phi: float | None = None) -> NDArray[np.float64]:
    """Zero-determinant strategy that takes a multiple of what it leaves the other above P.

    Whatever the opponent does, `own - P = factor (other - P)` in long-run points a round (if the
    opponent does not make the start matter forever).

    Args:
        factor: extortion factor, at least 1.
        payoffs: a prisoner's dilemma.
        phi: scale of the strategy, 1/points, above 0: how fast it responds. By default half of the
            largest that leaves probabilities, as published (at factor 2, Extort-2).

    Returns:
        `[4]` probabilities to cooperate after CC, CD, DC, DD (own, other).

    Raises:
        ValueError: If the game is no prisoner's dilemma, the factor is below 1, or phi is not above
            0 or so large that an entry would leave [0, 1].

    Source: Press & Dyson (2012), PNAS 109; Stewart & Plotkin (2012), PNAS 109 (Extort-2).

    Example:
        >>> extortion(2, Dilemma(5, 3, 1, 0)).round(6).tolist()
        [0.888889, 0.5, 0.333333, 0.0]
    """
    payoffs.require_prisoners_dilemma()
    factor = require_within("factor", factor, 1, math.inf)
    own = payoffs.matrix().reshape(4) - payoffs.punishment
    return _zero_determinant(own - factor * own[_SEEN_BY_SECOND], phi, 0.5)


def generous_zd(factor: float, payoffs: Dilemma, phi: float | None = None) -> NDArray[np.float64]:
    """Zero-determinant strategy that bears a multiple of what the other falls short of R.

    Whatever the opponent does, `own - R = factor (other - R)` in long-run points a round (if the
    opponent does not make the start matter forever).

    Args:
        factor: generosity factor, at least 1.
        payoffs: a prisoner's dilemma.
        phi: scale of the strategy, 1/points, above 0: how fast it responds. By default the largest
            that leaves probabilities, as published (at factor 2, ZD-GTFT-2).

    Returns:
        `[4]` probabilities to cooperate after CC, CD, DC, DD (own, other).

    Raises:
        ValueError: If the game is no prisoner's dilemma, the factor is below 1, or phi is not above
            0 or so large that an entry would leave [0, 1].

    Source: Stewart & Plotkin (2012), PNAS 109 (ZD-GTFT-2).

    Example:
        >>> generous_zd(2, Dilemma(5, 3, 1, 0)).tolist()
        [1.0, 0.125, 1.0, 0.25]
    """
    payoffs.require_prisoners_dilemma()
    factor = require_within("factor", factor, 1, math.inf)
    own = payoffs.matrix().reshape(4) - payoffs.reward
    return _zero_determinant(own - factor * own[_SEEN_BY_SECOND], phi, 1.0)


def equaliser(score: float, payoffs: Dilemma, phi: float | None = None) -> NDArray[np.float64]:
    """Zero-determinant strategy that gives the other the same points whatever it does.

    Args:
        score: the opponent's long-run points a round, from P to R.
        payoffs: a prisoner's dilemma.
        phi: scale of the strategy, 1/points, above 0: how fast it responds. By default the largest
            that leaves probabilities.

    Returns:
        `[4]` probabilities to cooperate after CC, CD, DC, DD (own, other).

    Raises:
        ValueError: If the game is no prisoner's dilemma, the score lies outside [P, R], or phi is
            not above 0 or so large that an entry would leave [0, 1].

    Source: Boerlijst, Nowak & Sigmund (1997), American Mathematical Monthly 104; Press & Dyson
    (2012), PNAS 109.

    Example:
        >>> equaliser(2, Dilemma(5, 3, 1, 0)).round(6).tolist()
        [0.666667, 0.0, 0.666667, 0.333333]
    """
    payoffs.require_prisoners_dilemma()
    score = require_within(
        "score",
        score,
        payoffs.punishment,
        payoffs.reward,
        "no memory-one strategy can fix the other's points below P or above R",
    )
    other = payoffs.matrix().reshape(4)[_SEEN_BY_SECOND]
    return _zero_determinant(score - other, phi, 1.0)


def _zero_determinant(
    relation: NDArray[np.float64], phi: float | None, default_share: float
) -> NDArray[np.float64]:
    """Strategy that makes `relation` (`[4]`, points by state) average to 0: `[4]`.

    The relation is at most 0 after own cooperation and at least 0 after own defection. By default
    phi is `default_share` of the largest that leaves probabilities.
    """
    largest = 1 / float(np.abs(relation).max())
    if phi is None:
        phi = default_share * largest
    if not 0 < phi <= largest * (1 + 1e-12):
        raise ValueError(
            f"phi is {phi!r}, but it must lie in (0, {largest!r}] for the strategy to consist of "
            "probabilities: leave it out for the published choice"
        )
    return np.clip(np.array([1.0, 1.0, 0.0, 0.0]) + phi * relation, 0, 1)


def recovery_distribution(
    p: ArrayLike, q: ArrayLike, rounds: int, slip: ArrayLike = (0.0, 0.0, 1.0, 0.0)
) -> NDArray[np.float64]:
    """Chances that mutual cooperation is back 1, 2, ... rounds after a slip, without more noise.

    Args:
        p: `[4]` the first player's probabilities to cooperate.
        q: `[4]` the second player's, each by its own view (own, other).
        rounds: how many rounds after the slip to look at, at least 0.
        slip: `[4]` distribution of the state of round 0; by default the first player alone
            defected (DC).

    Returns:
        `[rounds]` probabilities that the first CC comes in that round. What is missing to 1 is the
        chance that it comes later, or never, or that there was no slip.

    Raises:
        ValueError: If a strategy is not four probabilities, the number of rounds is negative, or
            the slip is no distribution of four states.

    Source: Nowak & Sigmund (1993), Nature 364 (how win-stay, lose-shift corrects mistakes).

    Example:
        >>> recovery_distribution(WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT, 4).tolist()
        [0.0, 1.0, 0.0, 0.0]
    """
    if rounds < 0:
        raise ValueError(f"rounds is {rounds!r}, but it must be at least 0")
    matrix = transition_matrix(p, q)
    mass = require_distribution("slip", slip, 4)
    chances = np.zeros(rounds)
    for k in range(rounds):
        mass = np.array([0.0, *mass[1:]]) @ matrix
        chances[k] = mass[0]
    return chances


def recovery_mean(p: ArrayLike, q: ArrayLike, slip: ArrayLike = (0.0, 0.0, 1.0, 0.0)) -> float:
    """Mean number of rounds from a slip to the next mutual cooperation, without more noise.

    Args:
        p: `[4]` the first player's probabilities to cooperate.
        q: `[4]` the second player's, each by its own view (own, other).
        slip: `[4]` distribution of the state of round 0; by default the first player alone
            defected (DC).

    Returns:
        Rounds, at least 0; infinite if with some probability it never comes.

    Raises:
        ValueError: If a strategy is not four probabilities, or the slip is no distribution of four
            states.

    Source: Nowak & Sigmund (1993), Nature 364; by Kac's formula for the mean time of return.

    Example:
        >>> recovery_mean(reactive(1, 0.25), reactive(1, 0.25))
        4.0
        >>> recovery_mean(TIT_FOR_TAT, TIT_FOR_TAT)
        inf
    """
    start = require_distribution("slip", slip, 4)
    matrix = transition_matrix(p, q)
    matrix[0] = start  # slip again as soon as it is over: a cycle takes the recovery and one round
    share = float(long_run_distribution(matrix, start)[0])
    return 1 / share - 1 if share > 0 else math.inf
