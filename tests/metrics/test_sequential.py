"""Looks at a running study: published bounds, and the error rate of studies that stop early."""

import numpy as np
import pytest
from scipy import stats

from posalign_sim.metrics.inference import SequentialPlan, boundaries, error_spent

STUDIES = 4_000


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        # Jennison & Turnbull (2000), Group sequential methods, ch. 7; five looks, 5%, two-sided.
        ("obrien_fleming", [4.877, 3.357, 2.680, 2.290, 2.031]),
        ("pocock", [2.438, 2.427, 2.410, 2.397, 2.386]),
    ],
)
def test_bounds_are_those_published(spending, published):
    assert boundaries(5, spending=spending) == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize(
    ("bounds", "level"),
    [
        ([4.562, 3.226, 2.634, 2.281, 2.040], 0.05),  # O'Brien & Fleming (1979)
        ([2.413] * 5, 0.05),  # Pocock (1977)
        ([2.361] * 4, 0.05),
        ([2.797, 1.977], 0.05),
        ([1.96] * 5, 0.142),  # Armitage, McPherson & Rowe (1969): five looks without a plan
        ([1.96] * 10, 0.193),
    ],
)
def test_classical_bounds_have_their_levels(bounds, level):
    assert error_spent(bounds)[-1] == pytest.approx(level, abs=5e-4)


def test_all_of_the_level_is_spent_and_no_more():
    for level in (0.2, 0.05, 0.001):
        for looks in (1, 2, 9, [0.1, 0.15, 0.9, 1.0]):
            bounds = boundaries(looks, level, "pocock")
            spent = error_spent(bounds, looks)
            assert spent[-1] == pytest.approx(level, rel=1e-6)
            assert (np.diff(spent, prepend=0) > 0).all()
    assert boundaries(1).tolist() == pytest.approx([stats.norm.isf(0.025)])


def looks_at_null_studies(plan, rng):
    """p-values [studies, contrasts, looks] of t-tests of arms that do nothing."""
    looks = np.array(plan.looks)
    values = rng.standard_normal((STUDIES, plan.contrasts, looks[-1]), dtype=np.float32)
    values += rng.standard_normal((STUDIES, 1, looks[-1]), dtype=np.float32)  # one baseline
    sums, squares = (np.cumsum(v, axis=2)[..., looks - 1] for v in (values, values**2))
    variance = (squares - sums**2 / looks) / (looks - 1)
    return 2 * stats.t.sf(np.abs(sums / np.sqrt(looks * variance)), looks - 1)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize("contrasts", [1, 3])
def test_studies_without_an_effect_claim_as_rarely_as_stated(spending, contrasts):
    plan = SequentialPlan(32, 160, 4, spending=spending, contrasts=contrasts)
    p_values = looks_at_null_studies(plan, np.random.default_rng())
    ever = (p_values <= plan.levels).any(axis=(1, 2)).mean()
    error = np.sqrt(0.05 * 0.95 / STUDIES)
    assert ever <= 0.05 + 4 * error
    assert contrasts > 1 or ever >= 0.05 - 4 * error
    assert (p_values <= 0.05).any(axis=(1, 2)).mean() > 0.09  # looking without a plan
    claimed, answered = 0, []
    for study in p_values[:600]:
        look = next(k for k in range(4) if plan.decide(k, study[:, k]))
        shown = plan.shown(look, study[:, look])
        claimed += shown.any()
        overall = plan.overall_p(look, study[:, look])
        answered.append(overall.min())
        assert ((overall < 0.05) | (np.abs(overall - 0.05) < 1e-9))[shown].all()
    assert claimed / 600 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 600)
    if contrasts == 1:  # the p-value of the whole study is one
        assert stats.kstest(answered, "uniform").pvalue > 1e-5


def test_repeated_intervals_hold_the_truth_at_all_looks_at_once():
    plan = SequentialPlan(50, 200, 4, spending="pocock")
    rng = np.random.default_rng()
    held = 0
    for _ in range(1_000):
        values = rng.normal(0.7, size=200)
        ends = [
            plan.interval(k, values[:n].mean(), values[:n].std(ddof=1) / np.sqrt(n))
            for k, n in enumerate(plan.looks)
        ]
        held += all(low <= 0.7 <= high for low, high in ends)
    assert held / 1_000 >= 0.945 - 4 * np.sqrt(0.05 * 0.95 / 1_000)  # t is wider than z by little


def test_a_strong_effect_stops_early_and_a_weak_one_goes_on():
    plan = SequentialPlan(first=64, most=1024, looks=5, contrasts=2)
    assert plan.looks == (64, 304, 544, 784, 1024)
    assert plan.decide(1, [1e-9, 1e-9])
    assert not plan.decide(1, [1e-9, 0.3])  # one of two is not shown
    assert not plan.decide(1, [1e-9, np.nan])
    assert plan.decide(4, [0.9, np.nan])  # nothing more to come
    assert plan.shown(4, [0.001, np.nan]).tolist() == [True, False]
    assert np.isnan(plan.overall_p(4, [0.1, np.nan])[1])
    alone = SequentialPlan(10, 10, looks=1)
    assert alone.decide(0, [0.5]) and alone.levels.tolist() == pytest.approx([0.05])


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="there are obrien_fleming, pocock"):
        boundaries(5, spending="haybittle")
    with pytest.raises(ValueError, match="must rise"):
        boundaries([0.5, 0.4, 1.0])
    with pytest.raises(ValueError, match="all pairs"):
        boundaries([0.5, 0.9])
    with pytest.raises(ValueError, match="at least one look"):
        boundaries(0)
    with pytest.raises(ValueError, match="impossible"):
        SequentialPlan(first=64, most=64, looks=3)
    plan = SequentialPlan(64, 128, 2)
    with pytest.raises(ValueError, match="looks are 0 to 1"):
        plan.decide(2, [0.1])
    with pytest.raises(ValueError, match="1 contrasts"):
        plan.shown(0, [0.1, 0.2])
    with pytest.raises(ValueError, match="2 bounds, but 3 looks"):
        error_spent([2.0, 2.0], 3)
