"""When sellers keep their word: thresholds of reputation, re-entry fees and arbitration."""

from __future__ import annotations

import math

from posalign_sim.theory.bounds import require_within


def honesty_threshold(gain: float, rent: float, fallback: float, visibility: float) -> float:
    """Discount factor from which on a seller is honest for the sake of its record.

    A seller that cheats has the gain once; with the visibility's chance this is seen, and it has
    the fallback instead of the rent in all rounds to come. So it is honest if the discount factor
    is at least `gain / (gain + visibility (rent - fallback))`.

    Args:
        gain: points won by cheating once, at least 0.
        rent: points a round of an honest seller with a clean record.
        fallback: points a round of a seller known to have cheated, at most the rent; 0 if excluded
            without another income.
        visibility: probability that cheating enters the record that buyers see, in [0, 1].

    Returns:
        Discount factor, in [0, 1]; 1 (no patience suffices) if there is a gain and nothing to lose,
        0 if there is no gain.

    Raises:
        ValueError: If an argument is not finite, the gain is negative, the fallback is above the
            rent, or the visibility is no probability.

    Source: Klein & Leffler (1981), Journal of Political Economy 89; Shapiro (1983), Quarterly
    Journal of Economics 98.

    Example:
        >>> honesty_threshold(gain=1, rent=3, fallback=0, visibility=0.5)
        0.4
    """
    gain = require_within("gain", gain, 0, math.inf)
    rent = require_within("rent", rent, -math.inf, math.inf)
    fallback = require_within(
        "fallback", fallback, -math.inf, rent, "a bad record cannot pay more than a good one"
    )
    at_stake = require_within("visibility", visibility, 0, 1) * (rent - fallback)
    return gain / (gain + at_stake) if gain > 0 else 0.0


def whitewash_proof_fee(gain: float, discount: float) -> float:
    """Least fee for a new identity at which cheating and coming back under a new name does not pay.

    The gain comes now, the fee is due in the next round: `gain / discount`.

    Args:
        gain: points won by cheating once, at least 0.
        discount: discount factor of a round, in (0, 1].

    Returns:
        Points, at least the gain.

    Raises:
        ValueError: If the gain is negative or not finite, or the discount is not in (0, 1].

    Source: Friedman & Resnick (2001), Journal of Economics & Management Strategy 10.

    Example:
        >>> whitewash_proof_fee(gain=1, discount=0.8)
        1.25
    """
    gain = require_within("gain", gain, 0, math.inf)
    discount = require_within("discount", discount, 0, 1)
    if discount == 0:
        raise ValueError("discount is 0, but no fee deters who does not care for the next round")
    return gain / discount


def minimal_accuracy_gap(
    gain: float, price: float, refund_share: float, fine: float, dispute_probability: float
) -> float:
    """Least difference between true and false findings at which arbitration deters cheating.

    A finding costs the seller the refund and the fine. Cheating raises its chance by the dispute
    probability times the accuracy gap, so the gap must be
    `gain / (dispute_probability (refund_share price + fine))`.

    Args:
        gain: points won by cheating once, at least 0.
        price: points the buyer paid, at least 0.
        refund_share: share of the price that a finding returns to the buyer, in [0, 1].
        fine: points a finding costs the seller beside the refund, at least 0.
        dispute_probability: probability that a trade is disputed, in [0, 1].

    Returns:
        Accuracy less rate of false findings, at least 0. Above 1 no arbiter deters; infinite if
        there is a gain and a dispute costs the seller nothing.

    Raises:
        ValueError: If an argument is not finite or outside its range.

    Source: Becker (1968), Journal of Political Economy 76; Png (1986), International Review of Law
    and Economics 6 (errors of both kinds).

    Example:
        >>> minimal_accuracy_gap(gain=1, price=5, refund_share=1, fine=0, dispute_probability=1)
        0.2
    """
    gain = require_within("gain", gain, 0, math.inf)
    expected = _expected_penalty(price, refund_share, fine, dispute_probability)
    if gain == 0:
        return 0.0
    return gain / expected if expected > 0 else math.inf


def arbitration_deters(
    gain: float,
    price: float,
    refund_share: float,
    fine: float,
    dispute_probability: float,
    accuracy: float,
    false_finding: float,
    tolerance: float = 1e-9,
) -> bool:
    """Whether a seller who may be taken to arbitration is honest.

    It is if `dispute_probability (accuracy - false_finding) (refund_share price + fine) >= gain`.
    An honest trade is disputed as often as a dishonest one: only the arbiter tells them apart.

    Args:
        gain: points won by cheating once, at least 0.
        price: points the buyer paid, at least 0.
        refund_share: share of the price that a finding returns to the buyer, in [0, 1].
        fine: points a finding costs the seller beside the refund, at least 0.
        dispute_probability: probability that a trade is disputed, in [0, 1].
        accuracy: probability that cheating which is disputed is found, in [0, 1].
        false_finding: probability that honesty which is disputed is found to be cheating, in
            [0, 1].
        tolerance: points by which the expected loss may fall short, for rounding.

    Returns:
        Whether honesty is at least as good as cheating.

    Raises:
        ValueError: If an argument is not finite or outside its range.

    Source: Becker (1968), Journal of Political Economy 76; Png (1986), International Review of Law
    and Economics 6 (errors of both kinds).

    Example:
        >>> arbitration_deters(1, 5, 1, 0, 1, accuracy=0.7, false_finding=0.5)
        True
    """
    gain = require_within("gain", gain, 0, math.inf)
    gap = require_within("accuracy", accuracy, 0, 1)
    gap -= require_within("false_finding", false_finding, 0, 1)
    return (
        gap * _expected_penalty(price, refund_share, fine, dispute_probability) + tolerance >= gain
    )


def _expected_penalty(
    price: float, refund_share: float, fine: float, dispute_probability: float
) -> float:
    """Points that a trade costs the seller if every dispute ends in a finding against it."""
    price = require_within("price", price, 0, math.inf)
    refund = require_within("refund_share", refund_share, 0, 1) * price
    penalty = refund + require_within("fine", fine, 0, math.inf)
    return require_within("dispute_probability", dispute_probability, 0, 1) * penalty


def dispute_credible(
    accuracy: float, refund_share: float, price: float, fee: float, tolerance: float = 1e-9
) -> bool:
    """Whether a cheated buyer gains from a dispute: `accuracy refund_share price >= fee`.

    Args:
        accuracy: probability that cheating which is disputed is found, in [0, 1].
        refund_share: share of the price that a finding returns to the buyer, in [0, 1].
        price: points the buyer paid, at least 0.
        fee: points a dispute costs the buyer, won or lost, at least 0.
        tolerance: points by which the expected refund may fall short, for rounding.

    Returns:
        Whether the expected refund is at least the fee.

    Raises:
        ValueError: If an argument is not finite or outside its range.

    Source: Nalebuff (1987), RAND Journal of Economics 18 (credible threats to sue).

    Example:
        >>> dispute_credible(accuracy=0.75, refund_share=1, price=4, fee=3)
        True
    """
    refund = require_within("refund_share", refund_share, 0, 1)
    refund *= require_within("price", price, 0, math.inf)
    expected = require_within("accuracy", accuracy, 0, 1) * refund
    return expected + tolerance >= require_within("fee", fee, 0, math.inf)
