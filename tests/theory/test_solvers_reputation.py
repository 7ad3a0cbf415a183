"""Who is thought well of, and what that is worth: solvers against published and hand-made sums."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim.theory import (
    DISCRIMINATOR,
    GIVER,
    REFUSER,
    discriminators_needed,
    exit_scam_pays,
    honesty_threshold,
    least_visibility,
    record_worth,
    standing_equilibrium,
    whitewash_proof_fee,
    whitewashing_profit,
)
from posalign_sim.world.norms import LEADING_EIGHT, NORMS

ERRORS = {"execution_error": 0.01, "assessment_error": 0.01}
ALL_THREE = (DISCRIMINATOR, GIVER, REFUSER)
#: A population of discriminators with rare givers and refusers.
RARE = (1, 0, 0)
#: Who is bad helps the bad too, where that is the way to become good (Ohtsuki & Iwasa 2004).
CONTRITE = (1.0, 0.0, 1.0, 1.0)
ERRING = st.floats(0.001, 0.2)


def leading_strategy(name):
    """What goes with a norm of the leading eight."""
    return CONTRITE if name in ("standing", "consistent_standing") else DISCRIMINATOR


@pytest.mark.parametrize("norm", ["stern_judging", "simple_standing"])
def test_good_norms_keep_nearly_all_good(norm):
    """Ohtsuki & Iwasa (2004): 50/51 are good and 33/34 help if one in a hundred errs."""
    found = standing_equilibrium(NORMS[norm], **ERRORS)
    assert found.good[0] == pytest.approx(50 / 51, abs=1e-11)
    assert found.cooperation == pytest.approx(33 / 34, abs=1e-11)


@pytest.mark.parametrize("norm", ["image_scoring", "shunning"])
def test_others_lose_most(norm):
    found = standing_equilibrium(NORMS[norm], **ERRORS)
    assert found.cooperation == pytest.approx(0.99 * 0.01 / 0.0298, abs=1e-9)
    assert round(found.cooperation, 4) == 0.3322


@given(ERRING, ERRING)
@settings(max_examples=20, deadline=None)
def test_shares_in_closed_form(e, a):
    errors = {"execution_error": e, "assessment_error": a}
    high = (1 - a) / (1 + e * (1 - 2 * a))
    low = a / (a + 1 - (1 - e) * (1 - a) - e * a)
    for norm, share in (("stern_judging", high), ("image_scoring", low), ("shunning", low)):
        found = standing_equilibrium(NORMS[norm], **errors)
        assert found.good[0] == pytest.approx(share, abs=1e-9)
        assert found.cooperation == pytest.approx(share * (1 - e), abs=1e-9)


@pytest.mark.parametrize("norm", ["image_scoring", "stern_judging", "simple_standing", "shunning"])
def test_refusers_are_repelled_above_one_ratio(norm):
    """b / c > 1 / ((1 - e) (1 - 2 a)) = 1.0307."""
    found = standing_equilibrium(NORMS[norm], ALL_THREE, RARE, **ERRORS)
    ratio = 1 / (0.99 * 0.98)
    assert found.indifference(0, 2) == pytest.approx(ratio, abs=1e-9)
    assert round(ratio, 4) == 1.0307
    for b, repelled in ((ratio - 1e-6, False), (ratio + 1e-6, True)):
        points = found.payoffs(b, 1)
        assert (points[0] > points[2]) == repelled


def test_givers_enter_image_scoring_above_the_same_ratio_and_never_stern_judging():
    """Leimar & Hammerstein (2001), Panchanathan & Boyd (2003)."""
    ratio = 1 / (0.99 * 0.98)
    scoring = standing_equilibrium(NORMS["image_scoring"], ALL_THREE, RARE, **ERRORS)
    assert scoring.indifference(0, 1) == pytest.approx(ratio, abs=1e-9)
    for b, enters in ((ratio - 1e-6, False), (ratio + 1e-6, True), (10, True)):
        points = scoring.payoffs(b, 1)
        assert (points[1] > points[0]) == enters
    stern = standing_equilibrium(NORMS["stern_judging"], ALL_THREE, RARE, **ERRORS)
    assert stern.indifference(0, 1) < 0
    for b in (1.001, 1.5, 3, 100, 1e6):
        points = stern.payoffs(b, 1)
        assert points[0] > points[1]


@pytest.mark.parametrize("name", LEADING_EIGHT)
def test_each_of_the_leading_eight_is_stable_and_cooperative(name):
    """Ohtsuki & Iwasa (2004): no other of the 16 strategies does as well among its own."""
    own = leading_strategy(name)
    others = [s for s in itertools.product((0.0, 1.0), repeat=4) if s != own]
    found = standing_equilibrium(
        NORMS[name],
        (own, *others),
        (1, *[0] * 15),
        execution_error=0.02,
        assessment_error=0.02,
    )
    assert found.cooperation > 0.94
    points = found.payoffs(3, 1)
    assert (points[0] > points[1:] + 1e-6).all()


@pytest.mark.parametrize("name", LEADING_EIGHT)
@pytest.mark.parametrize("case", [0, 4, 2, 6, 5])
def test_none_of_what_they_share_can_be_done_without(name, case):
    """Judging any of the five cases the other way leaves no stable and cooperative strategy."""
    norm = NORMS[name] ^ (1 << case)
    strategies = [*itertools.product((0.0, 1.0), repeat=4)]
    for k, own in enumerate(strategies):
        if k not in (10, 11):  # the two that the leading eight know
            continue
        others = [s for s in strategies if s != own]
        try:
            found = standing_equilibrium(
                norm,
                (own, *others),
                (1, *[0] * 15),
                execution_error=0.02,
                assessment_error=0.02,
            )
        except ValueError:  # never settles
            continue
        points = found.payoffs(3, 1)
        assert found.cooperation < 0.94 or (points[0] <= points[1:] + 1e-6).any()


@given(st.floats(1.1, 10), st.floats(0.05, 1), st.floats(0.05, 0.95))
@settings(max_examples=25, deadline=None)
def test_discriminators_and_refusers_without_errors(benefit, q, x):
    """Nowak & Sigmund (1998): stable iff q > c / b; even at the share c (1 - q) / (q (b - c))."""
    found = standing_equilibrium(
        NORMS["standing"], (DISCRIMINATOR, REFUSER), (x, 1 - x), visibility=q
    )
    mine, theirs = found.payoffs(benefit, 1)
    assert mine == pytest.approx(x * (benefit - 1) - (1 - x) * (1 - q), abs=1e-6)
    assert theirs == pytest.approx(x * benefit * (1 - q), abs=1e-6)
    edge = discriminators_needed(benefit, 1, q)
    if abs(x - edge) > 1e-4:
        assert (mine > theirs) == (x > edge)
    assert (edge < 1) == (q > least_visibility(benefit, 1))


def test_nobody_meets_itself():
    found = standing_equilibrium(
        NORMS["simple_standing"], (DISCRIMINATOR, REFUSER), (0.9, 0.1), agents=10
    )
    # One refuser of ten: each discriminator refuses it alone; it is helped by nobody.
    assert found.given == pytest.approx([8 / 9, 0])
    assert found.received == pytest.approx([8 / 9, 0])
    assert found.good.tolist() == pytest.approx([1, 1 / 3 * 0])
    large = standing_equilibrium(
        NORMS["image_scoring"], ALL_THREE, (0.5, 0.3, 0.2), agents=1e9, **ERRORS
    )
    crowd = standing_equilibrium(NORMS["image_scoring"], ALL_THREE, (0.5, 0.3, 0.2), **ERRORS)
    assert large.good == pytest.approx(crowd.good, abs=1e-6)


def test_bad_input():
    for wrong in ({"norm": 256}, {"norm": 0.5}):
        with pytest.raises(ValueError, match="norm is"):
            standing_equilibrium(**wrong)
    with pytest.raises(ValueError, match=r"strategies\[0\] has 2 entries"):
        standing_equilibrium(15, ((1, 0),))
    with pytest.raises(ValueError, match="shares sums to"):
        standing_equilibrium(15, (GIVER, REFUSER), (0.5, 0.6))
    with pytest.raises(ValueError, match="visibility is 2"):
        standing_equilibrium(15, visibility=2)
    with pytest.raises(ValueError, match="never settle"):
        # Whatever it does, an actor is good if it was bad and bad if it was good.
        standing_equilibrium(0b11001100)
    with pytest.raises(ValueError, match="help must be worth its cost"):
        least_visibility(1, 2)
    with pytest.raises(ValueError, match="there is no dilemma"):
        discriminators_needed(1, 0, 0.5)
    with pytest.raises(ValueError, match="a record for ever"):
        record_worth(3, 0, 1, 1)
    with pytest.raises(ValueError, match="shunned earn no more"):
        record_worth(3, 4, 1, 0.5)
    with pytest.raises(ValueError, match="bond is -1"):
        exit_scam_pays(1, -1, 0)
    with pytest.raises(ValueError, match="fee is inf"):
        whitewashing_profit(1, math.inf)


# --- what a record is worth -----------------------------------------------------------------------


@given(st.floats(0.1, 10), st.floats(0, 5), st.floats(0.1, 5), st.floats(0.05, 1))
def test_a_record_for_ever_deters_from_the_honesty_threshold_on(gain, fallback, lead, seen):
    rent = fallback + lead
    d = honesty_threshold(gain, rent, fallback, seen)
    assert record_worth(rent, fallback, seen, d) == pytest.approx(gain, rel=1e-9)
    assert not exit_scam_pays(gain, 0, record_worth(rent, fallback, seen, d + (1 - d) / 10))
    assert exit_scam_pays(gain, 0, record_worth(rent, fallback, seen, 0.99 * d))


@given(st.floats(0.05, 0.95), st.integers(0, 40))
def test_a_record_with_an_end_is_worth_less(d, length):
    part = record_worth(3, 1, 0.5, d, length)
    assert part == pytest.approx(d * (1 - d**length) / (1 - d), abs=1e-9)
    assert part <= record_worth(3, 1, 0.5, d, length + 1) <= record_worth(3, 1, 0.5, d) + 1e-12
    assert record_worth(3, 1, 0.5, 1, length) == pytest.approx(length)


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10))
def test_whitewashing_falls_in_the_fee_and_breaks_even(gain, kept, fee):
    assert whitewashing_profit(gain, fee + 1, kept) < whitewashing_profit(gain, fee, kept)
    if gain >= kept:
        assert whitewashing_profit(gain, gain - kept, kept) == pytest.approx(0, abs=1e-12)


def test_the_fee_in_the_next_round_is_dearer_by_the_discount():
    for d in (0.3, 0.9):
        assert whitewashing_profit(1, d * whitewash_proof_fee(1, d)) == pytest.approx(0)


def test_numbers_stay_within_their_ranges():
    found = standing_equilibrium(NORMS["judging"], ALL_THREE, (0.4, 0.3, 0.3), **ERRORS)
    for array in (found.good, found.given, found.received):
        assert array.shape == (3,) and ((array >= 0) & (array <= 1)).all()
    assert np.dot((0.4, 0.3, 0.3), found.received) == pytest.approx(found.cooperation)
