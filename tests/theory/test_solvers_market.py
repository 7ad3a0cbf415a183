"""Thresholds of markets with moral hazard, against the seller's and the buyer's sums."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from posalign_sim.theory import (
    arbitration_deters,
    dispute_credible,
    honesty_threshold,
    minimal_accuracy_gap,
    whitewash_proof_fee,
)

EXACT = 1e-9
shares = st.floats(0, 1)
points = st.floats(0, 10)


@pytest.mark.parametrize(("visibility", "expected"), [(1, 1 / 4), (0.5, 2 / 5), (0.1, 10 / 13)])
def test_honesty_of_a_seller_who_may_be_excluded(visibility, expected):
    """Gain 1, rent 3, nothing after exclusion: .25, .40, .769 (Shapiro 1983)."""
    assert honesty_threshold(1, 3, 0, visibility) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize(("fine", "expected"), [(0, 0.2), (5, 0.1)])
def test_the_accuracy_that_arbitration_needs(fine, expected):
    """Price 5, full refund, every trade disputed, gain 1."""
    assert minimal_accuracy_gap(1, 5, 1, fine, 1) == pytest.approx(expected, abs=EXACT)
    assert arbitration_deters(1, 5, 1, fine, 1, accuracy=0.5 + expected, false_finding=0.5)
    short = 0.5 + expected - 1e-6
    assert not arbitration_deters(1, 5, 1, fine, 1, accuracy=short, false_finding=0.5)


@given(st.floats(0.1, 10), points, st.floats(0.1, 10), st.floats(0.05, 1))
def test_at_the_threshold_cheating_always_and_never_pay_the_same(gain, fallback, lead, seen):
    """A seller who cheats until seen is worth v = rent + gain + d (seen bad + (1 - seen) v)."""
    rent = fallback + lead
    d = honesty_threshold(gain, rent, fallback, seen)
    assert 0 < d < 1
    honest = rent / (1 - d)
    bad = fallback / (1 - d)
    cheat = (rent + gain + d * seen * bad) / (1 - d * (1 - seen))
    assert honest == pytest.approx(cheat, rel=1e-9)
    once = rent + gain + d * (seen * bad + (1 - seen) * honest)
    assert honest == pytest.approx(once, rel=1e-9)


@given(st.floats(0.1, 10), points, st.floats(0.1, 10), st.floats(0.05, 1), st.floats(0, 0.999))
def test_more_patience_than_the_threshold_is_honest(gain, fallback, lead, seen, d):
    rent = fallback + lead
    threshold = honesty_threshold(gain, rent, fallback, seen)
    assume(abs(d - threshold) > 1e-6)
    once = gain - d * seen * lead / (1 - d)
    assert (once < 0) == (d > threshold)


def test_the_ends_of_honesty():
    assert honesty_threshold(0, 3, 0, 0.5) == 0
    assert honesty_threshold(0, 3, 3, 0.5) == 0
    assert honesty_threshold(1, 3, 0, 0) == 1
    assert honesty_threshold(1, 3, 3, 1) == 1


@given(st.floats(0.1, 10), st.floats(0.1, 1))
def test_a_new_name_costs_what_cheating_wins(gain, discount):
    assert gain - discount * whitewash_proof_fee(gain, discount) == pytest.approx(0, abs=EXACT)


def test_a_new_name_in_numbers():
    assert whitewash_proof_fee(1, 0.9) == pytest.approx(1 / 0.9, abs=EXACT)
    assert whitewash_proof_fee(0, 0.5) == 0


@given(points, points, shares, points, shares, shares, shares)
def test_arbitration_deters_if_cheating_earns_less(gain, price, refund, fine, dispute, a, f):
    honest = -dispute * f * (refund * price + fine)
    cheats = gain - dispute * a * (refund * price + fine)
    assume(abs(honest - cheats) > 1e-6)
    assert arbitration_deters(gain, price, refund, fine, dispute, a, f) == (honest > cheats)


@given(st.floats(0.1, 10), st.floats(1, 10), st.floats(0.1, 1), points, st.floats(0.1, 1), shares)
def test_the_least_gap_just_deters(gain, price, refund, fine, dispute, a):
    gap = minimal_accuracy_gap(gain, price, refund, fine, dispute)
    terms = gain, price, refund, fine, dispute
    if gap > 1:
        assert not arbitration_deters(*terms, accuracy=1, false_finding=0) or gap < 1 + 1e-6
    elif gap <= a:
        assert arbitration_deters(*terms, accuracy=a, false_finding=a - gap)
        below = min(a, a - gap * (1 - 1e-3))
        assert not arbitration_deters(*terms, accuracy=a, false_finding=below)


def test_without_a_penalty_no_accuracy_is_enough():
    assert minimal_accuracy_gap(1, 5, 0, 0, 1) == math.inf
    assert minimal_accuracy_gap(1, 5, 1, 5, 0) == math.inf
    assert minimal_accuracy_gap(0, 5, 0, 0, 1) == 0
    assert not arbitration_deters(1, 5, 1, 5, 0, accuracy=1, false_finding=0)


def test_an_arbiter_worse_than_chance_punishes_honesty():
    assert not arbitration_deters(0, 5, 1, 0, 1, accuracy=0.3, false_finding=0.6)
    assert arbitration_deters(0, 5, 1, 0, 1, accuracy=0.5, false_finding=0.5)


@given(shares, shares, points, points)
def test_buyers_dispute_for_more_than_the_fee(accuracy, refund, price, fee):
    gain = accuracy * refund * price - fee
    assume(abs(gain) > 1e-6)
    assert dispute_credible(accuracy, refund, price, fee) == (gain > 0)


def test_a_dispute_that_breaks_even_is_credible():
    assert dispute_credible(0.1, 1, 3, 0.3)  # 0.1 * 3 > 0.3 by rounding
    assert dispute_credible(0.7, 1, 0.1, 0.07)  # 0.7 * 0.1 < 0.07 by rounding
    assert not dispute_credible(0.7, 1, 0.1, 0.07, tolerance=0)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: honesty_threshold(-1, 3, 0, 1), r"gain is -1\.0, but it must be finite"),
        (lambda: honesty_threshold(1, math.inf, 0, 1), "rent is inf"),
        (lambda: honesty_threshold(1, 3, 4, 1), r"fallback is 4\.0.* at most 3: a bad record"),
        (lambda: honesty_threshold(1, 3, 0, 1.1), r"visibility is 1\.1"),
        (lambda: whitewash_proof_fee(-1, 0.9), r"gain is -1\.0"),
        (lambda: whitewash_proof_fee(1, 0), "discount is 0"),
        (lambda: whitewash_proof_fee(1, 1.5), r"discount is 1\.5"),
        (lambda: minimal_accuracy_gap(1, -5, 1, 0, 1), r"price is -5\.0"),
        (lambda: minimal_accuracy_gap(1, 5, 2, 0, 1), r"refund_share is 2\.0"),
        (lambda: minimal_accuracy_gap(1, 5, 1, -1, 1), r"fine is -1\.0"),
        (lambda: minimal_accuracy_gap(1, 5, 1, 0, 2), r"dispute_probability is 2\.0"),
        (lambda: arbitration_deters(1, 5, 1, 0, 1, 1.5, 0), r"accuracy is 1\.5"),
        (lambda: arbitration_deters(1, 5, 1, 0, 1, 1, -1), r"false_finding is -1\.0"),
        (lambda: arbitration_deters(-1, 5, 1, 0, 1, 1, 0), r"gain is -1\.0"),
        (lambda: dispute_credible(0.5, 1, 5, math.nan), "fee is nan"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
