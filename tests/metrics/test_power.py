"""Planned power is the power that studies have, and the planned worlds are the fewest."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from posalign_sim.metrics.inference import pairs_needed, pilot_sd, power

STUDIES = 20_000


def near(share, expected):
    return abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / STUDIES)


@pytest.mark.parametrize(("effect", "sd", "tests"), [(0.5, 1, 1), (-2.0, 3, 8)])
def test_studies_find_effects_as_often_as_planned(effect, sd, tests):
    pairs = pairs_needed(effect, sd, tests=tests)
    draws = np.random.default_rng().normal(effect, sd, size=(STUDIES, pairs))
    found = stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05 / tests
    assert near(found.mean(), power(effect, sd, pairs, tests=tests))
    assert power(effect, sd, pairs, tests=tests) >= 0.8 > power(effect, sd, pairs - 1, tests=tests)


@pytest.mark.parametrize(("effect", "margin", "tests"), [(0.0, 0.5, 1), (0.2, 0.6, 4)])
def test_studies_show_equivalence_as_often_as_planned(effect, margin, tests):
    pairs = pairs_needed(effect, 1, tests=tests, margin=margin)
    planned, fewer = (power(effect, 1, n, tests=tests, margin=margin) for n in (pairs, pairs - 1))
    draws = np.random.default_rng().normal(effect, 1, size=(STUDIES, pairs))
    error = draws.std(axis=1, ddof=1) / np.sqrt(pairs)
    room = margin - stats.t.isf(0.05 / tests, pairs - 1) * error
    assert near((np.abs(draws.mean(axis=1)) < room).mean(), planned)
    assert planned >= 0.8 > fewer


def test_it_is_that_of_statsmodels_and_of_the_tables():
    assert power(0.3, 1, 50) == pytest.approx(TTestPower().power(0.3, 50, 0.05))
    # Cohen (1988), table 2.4.1, for one sample: d = 0.5, power 0.8, two-sided 5%.
    assert pairs_needed(0.5, 1) == 34
    assert pairs_needed(5, 10) == pairs_needed(-0.5, 1)  # units and direction do not matter


def test_extremes():
    assert power(0.0, 1, 50) == pytest.approx(0.05)
    assert power(50, 1, 3) == power(2, 1, 100) == pytest.approx(1)
    assert power(0, 1, 3, margin=0.01) < 0.01  # too few to show anything
    assert power(0.02, 1, 9_999) == pytest.approx(power(0.02, 1, 10_000), abs=2e-4)
    assert pairs_needed(100, 1) == 2
    many = pairs_needed(0.001, 1)
    assert many == pytest.approx((stats.norm.isf(0.025) + stats.norm.isf(0.2)) ** 2 * 1e6, rel=1e-4)
    assert pairs_needed(0.5, 1, tests=12) > pairs_needed(0.5, 1, tests=2) > pairs_needed(0.5, 1)


def test_the_limit_of_a_pilot_is_seldom_exceeded():
    rng = np.random.default_rng()
    limits = np.array([pilot_sd(rng.normal(0, 2, size=12), confidence=0.8) for _ in range(4_000)])
    assert abs((limits >= 2).mean() - 0.8) <= 4 * np.sqrt(0.8 * 0.2 / 4_000)
    assert pilot_sd([1.0, 3.0, np.nan]) == pytest.approx(np.sqrt(2))


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="there is no effect"):
        pairs_needed(0, 1)
    with pytest.raises(ValueError, match=r"not within 0\.3"):
        pairs_needed(0.5, 1, margin=0.3)
    with pytest.raises(ValueError, match="more than 1,000,000,000 pairs"):
        pairs_needed(1e-6, 1)
    with pytest.raises(ValueError, match="sd > 0"):
        power(1, 0, 10)
    with pytest.raises(ValueError, match="at least 2 pairs"):
        power(1, 1, 1)
    with pytest.raises(ValueError, match="inside"):
        pairs_needed(1, 1, power=1)
    with pytest.raises(ValueError, match="at least 2 differences"):
        pilot_sd([1.0, np.nan])
