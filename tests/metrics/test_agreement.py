"""Agreement of judges: against a published example, a library, and by what it must be."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from posalign_sim.metrics.inference.agreement import krippendorff_alpha

_ = np.nan
#: Four observers, twelve units: Krippendorff (2011), section D.
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_the_published_example(level, alpha):
    assert krippendorff_alpha(PUBLISHED, level) == pytest.approx(alpha, abs=5e-4)


def test_where_nothing_is_missing_it_is_fleiss_kappa_corrected_for_few_verdicts():
    rng = np.random.default_rng(1)
    ratings = rng.integers(0, 4, (5, 60))
    ratings[1:3] = ratings[0]
    kappa = fleiss_kappa(aggregate_raters(ratings.T)[0])
    verdicts = ratings.size
    alpha = krippendorff_alpha(ratings)
    assert 1 - alpha == pytest.approx((1 - kappa) * (verdicts - 1) / verdicts)


def test_guesses_agree_no_more_than_by_chance_and_opposites_less():
    rng = np.random.default_rng(2)
    guesses = rng.integers(0, 3, (3, 4000))
    assert abs(krippendorff_alpha(guesses)) < 4 / np.sqrt(3 * 4000)
    side = rng.integers(0, 2, 50)
    assert krippendorff_alpha([side, 1 - side]) < -0.9


def test_what_cannot_be_said_is_not_a_number():
    assert np.isnan(krippendorff_alpha([[1, _], [_, 2]]))
    assert np.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    for wrong in (([1, 2],), ([[1], [2]], "ratio")):
        with pytest.raises(ValueError, match=r"shape|level"):
            krippendorff_alpha(*wrong)
