"""Equivalence: shown as rarely as stated where it is not there, and never for want of worlds."""

import numpy as np
import pytest
from statsmodels.stats.weightstats import ttost_paired

from posalign_sim.metrics.inference import equivalence


def test_it_is_the_paired_test_of_statsmodels():
    treatment, control = np.random.default_rng().normal(size=(2, 30))
    found = equivalence(treatment, control, margin=0.4)
    assert found.p_value == pytest.approx(ttost_paired(treatment, control, -0.4, 0.4)[0])


def test_at_the_margin_it_is_shown_as_often_as_stated():
    rng = np.random.default_rng()
    studies = 2_000
    draws = rng.normal(0.5, size=(studies, 60))
    shown = sum(equivalence(draw, np.zeros(60), margin=0.5).shown for draw in draws)
    assert abs(shown / studies - 0.05) <= 4 * np.sqrt(0.05 * 0.95 / studies)


def test_few_worlds_show_no_equivalence():
    values = np.array([0.1, -0.2, 0.15])
    found = equivalence(values, np.zeros(3), margin=0.2)
    assert not found.shown and found.p_value > 0.05
    alone = equivalence([0.0], [0.0], margin=1)
    assert np.isnan([alone.low, alone.p_value]).all() and not alone.shown


def test_the_smallest_margin_is_where_the_claim_begins():
    values = np.random.default_rng().normal(0.1, size=50)
    smallest = equivalence(values, np.zeros(50), margin=9).smallest_margin
    assert equivalence(values, np.zeros(50), margin=smallest * 1.001).shown
    below = equivalence(values, np.zeros(50), margin=smallest * 0.999)
    assert not below.shown and below.p_value == pytest.approx(0.05, rel=0.05)
    assert smallest == max(abs(below.low), abs(below.high))


def test_what_never_varies_is_as_it_is():
    inside = equivalence([1.1] * 5, [1.0] * 5, margin=0.2)
    assert inside.shown and inside.p_value == 0 and inside.low == inside.high == inside.estimate
    assert not equivalence([1.5] * 5, [1.0] * 5, margin=0.2).shown


def test_undefined_pairs_and_mistakes():
    found = equivalence([0.1, np.nan, 0.0, 0.2], [0.0] * 4, margin=1)
    assert (found.pairs, found.undefined) == (3, 1)
    with pytest.raises(ValueError, match="margin > 0"):
        equivalence([0.0, 1.0], [0.0, 1.0], margin=0)
    with pytest.raises(ValueError, match="paired arrays"):
        equivalence([0.0, 1.0], [0.0], margin=1)
