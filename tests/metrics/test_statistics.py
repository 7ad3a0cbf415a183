"""Do the statistics keep what they promise: levels, coverage, exact cases, honest gaps?"""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from posalign_sim.metrics.statistics import (
    COLUMNS,
    bca_limits,
    benjamini_hochberg,
    contrasts,
    holm,
    paired_contrast,
    summarise,
)

STUDIES, PAIRS = 400, 32


def tidy(values, game="game", payoffs="ordinary", metric="welfare"):
    """Rows of results from arm -> one value for each world."""
    rows = [
        (game, arm, payoffs, world, metric, value)
        for arm, column in values.items()
        for world, value in enumerate(column)
    ]
    return pd.DataFrame(rows, columns=["game", "arm", "payoffs", "world", "metric", "value"])


def many_studies(draw, pairs=PAIRS):
    """One contrast for each of many independent studies (as games) of paired worlds."""
    rng = np.random.default_rng()  # any seed must do
    luck = rng.normal(size=(STUDIES, pairs))
    control = luck + rng.normal(size=luck.shape)
    treatment = luck + draw(rng, luck.shape)
    parts = [
        tidy({"none": control[i], "bond": treatment[i]}, game=f"{i:03}") for i in range(STUDIES)
    ]
    return contrasts(pd.concat(parts), "none", ["bond"], "welfare", flips=999)


def within(share, expected):
    """Inside four standard errors of a share of all studies."""
    return abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / STUDIES)


def test_the_interval_covers_the_truth_where_differences_are_skewed():
    table = many_studies(lambda rng, shape: rng.exponential(size=shape), pairs=64)
    share = ((table["low"] <= 1) & (table["high"] >= 1)).mean()
    assert share >= 0.93 - 4 * np.sqrt(0.93 * 0.07 / STUDIES)
    assert (table["low"] > 0).mean() > 0.9  # and it does find an effect of one


def test_worlds_not_rounds_are_the_unit():
    rng = np.random.default_rng()
    worlds = rng.normal(size=(40, 1)) + 0.1 * rng.normal(size=(40, 50))  # 50 rounds, one luck
    rounds = tidy({"none": np.zeros(2000), "bond": worlds.ravel()})
    rounds["world"] //= 50
    with pytest.raises(ValueError, match="the world is the unit"):
        contrasts(rounds, "none", ["bond"], "welfare")
    naive = paired_contrast(worlds.ravel(), np.zeros(2000))
    honest = paired_contrast(worlds.mean(axis=1), np.zeros(40))
    assert honest.estimate == pytest.approx(naive.estimate)
    assert honest.high - honest.low > 4 * (naive.high - naive.low)


def test_intervals_are_those_of_scipy():
    sample = np.random.default_rng().exponential(size=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about how scipy names its random generator
        theirs = stats.bootstrap((sample,), np.mean, method="BCa", n_resamples=2_000)
    ours = bca_limits(sample, theirs.bootstrap_distribution, 0.95)
    assert ours == pytest.approx(tuple(theirs.confidence_interval), rel=1e-9)
    # Through our own resamples the ends agree up to the noise of two bootstraps.
    whole = paired_contrast(sample, np.zeros(40), resamples=20_000)
    noise = 6 * sample.std() / np.sqrt(40) / np.sqrt(2_000 * 0.025)
    assert (whole.low, whole.high) == pytest.approx(ours, abs=noise)


def test_sign_flips_are_exact_in_small_samples():
    sample = np.random.default_rng().normal(0.5, size=9)
    found = paired_contrast(sample, np.zeros(9))
    exact = stats.permutation_test(
        (sample, np.zeros(9)), lambda a, b: np.mean(a - b), permutation_type="samples"
    )
    assert found.p_value == pytest.approx(exact.pvalue)
    # Beyond enumeration the drawn flips estimate the same thing.
    drawn = paired_contrast(sample, np.zeros(9), flips=400)
    error = np.sqrt(exact.pvalue * (1 - exact.pvalue) / 400)
    assert abs(drawn.p_value - exact.pvalue) <= 4 * error + 1 / 401


@given(st.floats(-1e6, 1e6), st.integers(2, 40))
def test_a_constant_difference_is_a_point(shift, pairs):
    control = np.arange(pairs) / 7
    found = paired_contrast(control + shift, control, resamples=50, flips=50)
    assert found.low == found.high == found.estimate == pytest.approx(shift, abs=1e-6, rel=1e-6)
    assert (found.p_value == 1) == (found.estimate == 0)


def test_rounding_is_no_effect():
    sums = np.array([0.1 + 0.2, 0.7 + 0.1, 1.1 + 2.2] * 20)
    written = np.array([0.3, 0.8, 3.3] * 20)
    assert (sums != written).any()
    found = paired_contrast(sums, written)
    assert (found.estimate, found.low, found.high, found.p_value) == (0, 0, 0, 1)


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=12))
def test_swapping_the_arms_turns_the_sign(values):
    zeros = np.zeros(len(values))
    one = paired_contrast(values, zeros, resamples=99, flips=99)
    other = paired_contrast(zeros, values, resamples=99, flips=99)
    assert one.estimate == -other.estimate
    assert one.p_value == other.p_value
    assert not one.low > one.estimate + 1e-9 and not one.high < one.estimate - 1e-9


def test_undefined_pairs_are_counted_and_never_zero():
    treatment = [2.0, np.nan, 2.5, 3.0, np.nan]
    control = [1.0, 1.0, np.nan, 1.0, np.nan]
    found = paired_contrast(treatment, control)
    assert (found.estimate, found.pairs, found.undefined) == (1.5, 2, 3)
    nothing = paired_contrast([np.nan], [1.0])
    assert np.isnan([nothing.estimate, nothing.low, nothing.high, nothing.p_value]).all()
    assert (nothing.pairs, nothing.undefined) == (0, 1)
    alone = paired_contrast([3.0], [1.0])
    assert np.isnan([alone.low, alone.high]).all() and alone.p_value == 1


@pytest.mark.parametrize(
    ("treatment", "control", "message"),
    [([1.0, 2.0], [1.0], "paired arrays"), ([np.inf], [1.0], "infinite")],
)
def test_bad_values_are_refused(treatment, control, message):
    with pytest.raises(ValueError, match=message):
        paired_contrast(treatment, control)


def study_table():
    """An arm, its placebo and none, in the game and in a twin with one exact effect of 1/4."""
    rng = np.random.default_rng()
    luck = rng.normal(size=48)
    gains = {"none": 0.0, "bond": 1.0, "bond_told": 0.4}
    noise = {arm: 0.1 * rng.normal(size=48) for arm in gains}
    game = tidy({arm: luck + gain + noise[arm] for arm, gain in gains.items()})
    twin = tidy(
        {arm: luck * 0 + 2 + 0.25 * (arm == "bond") for arm in gains}, payoffs="zero_sum_twin"
    )
    return pd.concat([game, twin], ignore_index=True)


def test_the_table_holds_every_declared_comparison():
    table = contrasts(
        study_table(), "none", ["bond", "bond_told"], "welfare", placebos={"bond": ["bond_told"]}
    )
    assert list(table.columns) == list(COLUMNS)
    kinds = list(zip(table["arm"], table["comparison"], table["payoffs"], strict=True))
    assert kinds == [
        ("bond", "baseline", "ordinary"),
        ("bond", "baseline", "zero_sum_twin"),
        ("bond", "beyond_twin", "ordinary_minus_twin"),
        ("bond", "placebo", "ordinary"),
        ("bond_told", "baseline", "ordinary"),
        ("bond_told", "baseline", "zero_sum_twin"),
        ("bond_told", "beyond_twin", "ordinary_minus_twin"),
    ]
    effect, twin, beyond, lead, told, *_ = table["estimate"]
    assert twin == 0.25
    assert beyond == pytest.approx(effect - twin)
    assert lead == pytest.approx(effect - told)
    in_twin = table["payoffs"] == "zero_sum_twin"
    assert table.loc[in_twin, "p_holm"].isna().all()  # a check: adjustment would mute it
    tests = table[~in_twin]
    assert tests["p_holm"].to_numpy() == pytest.approx(holm(tests["p_value"]))
    assert tests["q_value"].to_numpy() == pytest.approx(benjamini_hochberg(tests["p_value"]))


def test_a_row_needs_only_its_own_worlds():
    results = study_table()
    whole = contrasts(results, "none", ["bond_told", "bond"], "welfare", seed=5)
    alone = contrasts(results.sample(frac=1), "none", ["bond"], "welfare", seed=5)
    columns = ["estimate", "low", "high", "p_value"]
    part = whole.loc[whole["arm"] == "bond", columns].to_numpy()
    assert part == pytest.approx(alone[columns].to_numpy(), rel=1e-9, abs=1e-12)
    values = results[results["payoffs"] == "ordinary"].pivot(
        index="world", columns="arm", values="value"
    )
    single = paired_contrast(values["bond"], values["none"], seed=5)
    assert part[0] == pytest.approx(
        [single.estimate, single.low, single.high, single.p_value], rel=1e-9
    )
    again = contrasts(results, "none", ["bond_told", "bond"], "welfare", seed=5)
    pd.testing.assert_frame_equal(whole, again, check_exact=True)


def test_worlds_that_an_arm_lacks_are_undefined_pairs():
    results = study_table()
    lost = (results["arm"] == "bond") & (results["world"] < 5) & (results["payoffs"] == "ordinary")
    table = contrasts(results[~lost], "none", ["bond"], "welfare")
    counts = table.set_index("payoffs")[["pairs", "undefined"]]
    assert counts.loc["ordinary"].tolist() == [43, 5]
    assert counts.loc["zero_sum_twin"].tolist() == [48, 0]
    assert counts.loc["ordinary_minus_twin"].tolist() == [43, 5]
    levels = summarise(results.assign(value=results["value"].mask(lost)))
    row = levels[(levels["arm"] == "bond") & (levels["payoffs"] == "ordinary")].iloc[0]
    assert (row["worlds"], row["undefined"]) == (48, 5)
    assert row["mean"] == pytest.approx(results.loc[~lost & (results["arm"] == "bond")
        & (results["payoffs"] == "ordinary"), "value"].mean())  # fmt: skip


def test_a_misspelt_name_is_told():
    with pytest.raises(ValueError, match="did you mean 'bond'"):
        contrasts(study_table(), "none", ["bonds"], "welfare")
    with pytest.raises(ValueError, match="did you mean 'welfare'"):
        contrasts(study_table(), "none", ["bond"], "wellfare")
    with pytest.raises(ValueError, match="lack the columns"):
        contrasts(study_table().drop(columns="world"), "none", ["bond"], "welfare")
