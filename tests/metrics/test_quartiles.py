"""The interquartile mean: by hand, robust, stratified, and covered by its interval."""

import numpy as np
import pytest

from posalign_sim.metrics.inference import interquartile_mean


def test_by_hand():
    # Of 12 scores the lowest 3 and the highest 3 go, whichever stratum they are from.
    found = interquartile_mean({"a": [0, 0, 0, 1, 2, 3], "b": [4, 5, 6, 99, 99, 99]})
    assert (found.estimate, found.scores, found.undefined) == (3.5, 12, 0)


def test_one_wild_run_moves_nothing():
    scores = np.random.default_rng().normal(size=(4, 20))
    wild = scores.copy()
    wild[0, scores[0].argmax()] += 1e9
    one, other = (
        interquartile_mean({f"{k}": row for k, row in enumerate(rows)}) for rows in (scores, wild)
    )
    assert one.estimate == pytest.approx(other.estimate)
    assert other.high - other.low < 2 * (one.high - one.low)


def test_resamples_keep_to_their_strata():
    rng = np.random.default_rng()
    easy, middle, hard = 2 + 0.01 * rng.normal(size=(3, 30)) * [[1], [1], [1]]
    strata = {"easy": easy + 1, "middle": middle, "hard": hard - 1}
    apart = interquartile_mean(strata)
    pooled = interquartile_mean({"all": np.concatenate([*strata.values()])})
    assert apart.estimate == pooled.estimate
    assert apart.high - apart.low < 0.1 * (pooled.high - pooled.low)


def test_the_interval_covers_the_truth():
    rng = np.random.default_rng()
    studies = 300
    held = 0
    for _ in range(studies):
        strata = {name: rng.standard_t(3, size=40) for name in "abcde"}  # middle half: mean 0
        found = interquartile_mean(strata, resamples=200)
        held += found.low <= 0 <= found.high
    assert held / studies >= 0.93 - 4 * np.sqrt(0.93 * 0.07 / studies)


def test_arms_are_compared_world_by_world():
    rng = np.random.default_rng()
    luck = {name: rng.normal(size=50) for name in "ab"}
    gain = {name: values + 0.3 for name, values in luck.items()}
    found = interquartile_mean(gain, luck)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.3, 0.3, 0.3))
    gain["a"][:5] = np.nan
    luck["b"][0] = np.nan
    gaps = interquartile_mean(gain, luck)
    assert (gaps.scores, gaps.undefined) == (94, 6)
    assert gaps.estimate == pytest.approx(0.3)


def test_too_little_and_mistakes():
    nothing = interquartile_mean({"a": [np.nan]})
    assert np.isnan([nothing.estimate, nothing.low, nothing.high]).all()
    alone = interquartile_mean({"a": [1.0], "b": [2.0, 3.0]})
    assert np.isnan([alone.low, alone.high]).all()  # a stratum of one world varies unseen
    with pytest.raises(ValueError, match="same strata"):
        interquartile_mean({"a": [1.0]}, {"b": [1.0]})
    with pytest.raises(ValueError, match="at least one stratum"):
        interquartile_mean({})
    with pytest.raises(ValueError, match="finite"):
        interquartile_mean({"a": [np.inf, 1]})
