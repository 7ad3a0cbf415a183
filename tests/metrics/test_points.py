"""Contrasts at many points: the same numbers as one at a time, at their level, soon enough."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from posalign_sim.metrics.inference.paired import contrast_all, differences
from posalign_sim.metrics.statistics import (
    COLUMNS,
    POINT_COLUMNS,
    adjusted,
    contrasts,
    contrasts_by_point,
    holm,
)

FOUND = ["estimate", "low", "high", "p_value"]


def grid(points, worlds, kinds=2, arms=("none", "bond", "told")):
    """Arms whose differences are noise, with luck in common."""
    rng = np.random.default_rng()
    luck = rng.normal(size=(points, kinds, worlds))
    return {arm: luck + rng.normal(size=luck.shape) for arm in arms}


def by_point(values, **settings):
    return contrasts_by_point(values, "none", ["bond"], "welfare", game="market", **settings)


def test_every_point_has_the_numbers_of_a_study_of_its_own():
    values = grid(points=6, worlds=40)
    values["bond"][2, 0, 5:9] = np.nan
    values["none"][4] = np.nan
    values["bond"][5] = values["none"][5] + 0.5
    table = contrasts_by_point(
        values, "none", ["bond"], "welfare", game="market",
        placebos={"bond": ["told"]}, seed=7, bounded_tails=False,
    )  # fmt: skip
    assert list(table.columns) == list(POINT_COLUMNS)
    assert len(table) == 6 * 4  # ordinary, twin, beyond the twin, placebo
    for point in range(6):
        rows = [
            ("market", arm, payoffs, world, "welfare", value)
            for arm, array in values.items()
            for payoffs, worlds in zip(("ordinary", "zero_sum_twin"), array[point], strict=True)
            for world, value in enumerate(worlds)
        ]
        results = pd.DataFrame(rows, columns=["game", "arm", "payoffs", "world", "metric", "value"])
        alone = contrasts(results, "none", ["bond"], "welfare", placebos={"bond": ["told"]}, seed=7)
        here = table[table["point"] == point].reset_index(drop=True)
        kept = [name for name in COLUMNS if name not in ("p_holm", "q_value")]
        pd.testing.assert_frame_equal(here[kept], alone[kept], rtol=1e-9, atol=1e-12)
    claims = table["payoffs"] != "zero_sum_twin"
    assert table.loc[claims, "p_holm"].to_numpy() == pytest.approx(
        holm(table.loc[claims, "p_value"]), nan_ok=True
    )
    assert table.loc[~claims, ["p_holm", "q_value"]].isna().all(axis=None)


def test_a_thousand_null_studies_are_positive_as_often_as_declared():
    # 20 times 1,000 studies of an arm that is as its baseline, 64 paired worlds each.
    table = by_point(
        grid(points=20_000, worlds=64, kinds=1, arms=("none", "bond")), resamples=50, flips=1_999
    )
    shares = (table["p_value"] < 0.05).to_numpy().reshape(20, 1_000).mean(axis=1)
    # A set is outside of two standard errors with probability 0.04: seven are one in 10^5.
    assert ((shares < 0.036) | (shares > 0.064)).sum() < 7
    assert abs(shares.mean() - 0.05) <= 4 * np.sqrt(0.05 * 0.95 / 20_000)
    assert stats.kstest(table["p_value"], "uniform").pvalue > 1e-5


def test_ten_thousand_null_configurations_give_no_claim():
    studies, wrong = 40, 0
    for _ in range(studies):
        values = grid(points=10_000, worlds=24, kinds=1, arms=("none", "bond"))
        table = by_point(values, resamples=2, flips=499)
        wrong += (table["p_holm"] < 0.05).any()
    # The bound of the tails is on the safe side: claims are much rarer than 5% of the studies.
    assert wrong / studies <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)


def test_one_effect_among_ten_thousand_points_is_found():
    values = grid(points=10_000, worlds=100, kinds=1, arms=("none", "bond"))
    values["bond"][1234] += 1.5  # in standard deviations of a difference 1.06
    table = by_point(values, resamples=50, flips=999)
    assert table.loc[table["p_holm"] < 0.05, "point"].tolist() == [1234]
    counted = by_point(values, resamples=50, flips=999, bounded_tails=False)
    assert not (counted["p_holm"] < 0.05).any()  # drawn flips alone could never show it


@pytest.mark.parametrize("draw", ["normal", "exponential", "ones", "spike"])
def test_the_bound_of_small_p_values_is_never_below_the_exact_one(draw):
    rng = np.random.default_rng()
    signs = rng.choice([1.0, 1.0, 1.0, -1.0], (150, 16))
    sizes = {
        "normal": np.abs(rng.normal(size=signs.shape)),
        "exponential": rng.exponential(size=signs.shape),
        "ones": np.ones(signs.shape),
        "spike": rng.exponential(size=signs.shape) ** 6,
    }[draw]
    pairs = differences([signs * sizes], [np.zeros(signs.shape)])
    exact = contrast_all(pairs, resamples=1, flips=2**16).p_value
    bounded = contrast_all(pairs, resamples=1, flips=1, bounded_tails=True).p_value
    bound = bounded < 0.5  # one flip counts 0.5 or 1
    assert (bounded >= exact * (1 - 1e-6))[bound].all()
    small = exact < 1e-3
    assert small.any() and (bounded[small] <= 15 * exact[small]).all()


def test_if_all_differences_have_one_sign_the_bound_is_exact():
    sizes = np.linspace(1, 3, 50)
    pairs = differences([np.array([sizes, -sizes])], [np.zeros((2, 50))])
    found = contrast_all(pairs, bounded_tails=True).p_value
    assert found == pytest.approx(2.0**-49, rel=1e-3)


def test_families_are_those_of_a_metric():
    parts = [by_point(grid(3, 16, 1)).assign(metric=name) for name in ("welfare", "breach")]
    both = adjusted(pd.concat(parts))  # indices that repeat do no harm
    for part, (_, family) in zip(parts[::-1], both.groupby("metric"), strict=True):
        assert family["p_holm"].tolist() == part["p_holm"].tolist()
        assert family["q_value"].tolist() == part["q_value"].tolist()


def test_many_points_take_little_time():
    values = grid(points=500, worlds=100, arms=("none", "a", "b", "c"))
    start = time.process_time()
    table = contrasts_by_point(values, "none", ["a", "b", "c"], "welfare", game="market")
    assert len(table) == 4_500
    assert time.process_time() - start < 8  # a twentieth of a large study: a second of one core


def test_mistakes_are_named():
    values = grid(2, 8)
    with pytest.raises(ValueError, match="did you mean 'bond'"):
        contrasts_by_point(values, "none", ["bnd"], "welfare", game="market")
    with pytest.raises(ValueError, match=r"one shape .* bond \(2, 1, 8\)"):
        by_point({**values, "bond": values["bond"][:, :1]})
