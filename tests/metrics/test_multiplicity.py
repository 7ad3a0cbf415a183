"""Is the family's promise kept: any false claim (Holm), the share of false claims (q-value)?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from posalign_sim.metrics.inference import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def test_holm_by_hand():
    # Sorted: .005*4, .01*3, .03*2, .04*1 -> .02, .03, .06, .06 (never falling).
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_what_is_no_test_does_not_count(adjust):
    gaps = adjust([np.nan, 0.02, np.nan])
    assert np.isnan(gaps[[0, 2]]).all() and gaps[1] == 0.02
    assert np.isnan(adjust([np.nan])).all() and adjust([]).shape == (0,)
    with pytest.raises(ValueError, match="from 0 to 1"):
        adjust([1.2])


@given(P_VALUES)
def test_adjusted_values_lie_between_none_and_bonferroni(p_values):
    given_ = np.array(p_values)
    adjusted, shares = holm(given_), benjamini_hochberg(given_)
    assert (adjusted <= np.minimum(1, given_ * len(given_))).all()
    assert (shares >= given_ * (1 - 1e-12)).all()
    assert (adjusted >= shares * (1 - 1e-12)).all()


def test_holm_is_that_of_statsmodels():
    p_values = np.random.default_rng().uniform(size=50) ** 3
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_among_ten_thousand_null_tests_any_claim_is_as_rare_as_stated():
    rng = np.random.default_rng()
    studies = 1_000
    wrong = sum((holm(rng.uniform(size=10_000)) < 0.05).any() for _ in range(studies))
    assert abs(wrong / studies - 0.0488) <= 4 * np.sqrt(0.05 * 0.95 / studies)


def test_the_share_of_false_claims_is_as_stated():
    rng = np.random.default_rng()
    shares = []
    for _ in range(400):
        p_values = rng.uniform(size=200)
        p_values[:40] = p_values[:40] ** 8  # the true effects
        claimed = benjamini_hochberg(p_values) <= 0.2
        shares.append((claimed[40:].sum() / max(1, claimed.sum())).item())
    error = np.std(shares) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - 0.2 * 160 / 200) <= 4 * error
