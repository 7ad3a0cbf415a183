"""Worlds in clusters: do intervals know how few models there are?"""

import numpy as np
import pytest
import statsmodels.api
from scipy import stats

from posalign_sim.metrics.inference import clustered_contrast, intraclass_correlation
from posalign_sim.metrics.statistics import paired_contrast


def planted(rng, clusters, unequal=False, correlation=0.3):
    """Differences without an effect, and their clusters; about 20 a cluster."""
    spread = 0.7 if unequal else 0.0
    sizes = np.round(20 * np.exp(rng.normal(0, spread, clusters))).astype(int) + 1
    labels = np.repeat(np.arange(clusters), sizes)
    shared = np.sqrt(correlation) * rng.normal(size=clusters)
    return shared[labels] + np.sqrt(1 - correlation) * rng.normal(size=len(labels)), labels


def covers(values, labels, **settings):
    found = clustered_contrast(values, np.zeros(len(values)), labels, **settings)
    assert (found.p_value <= 0.05 * (1 + 1e-9)) == (
        not found.low <= 0 <= found.high
    )  # they say the same
    return found.low <= 0 <= found.high


@pytest.mark.parametrize("clusters", [6, 20])
@pytest.mark.parametrize("unequal", [False, True])
def test_intervals_cover_where_worlds_of_a_model_are_alike(clusters, unequal):
    rng = np.random.default_rng()
    studies = 2_500
    held = sum(covers(*planted(rng, clusters, unequal)) for _ in range(studies))
    # 95% promised: below 93% of so many studies by chance once in 100,000 times.
    assert held / studies >= 0.93


@pytest.mark.parametrize(("method", "clusters"), [("wild", 8), ("wild", 14), ("bootstrap", 20)])
def test_bootstraps_of_clusters_cover_too(method, clusters):
    rng = np.random.default_rng()
    studies, settings = 120, {"method": method, "resamples": 399}
    held = sum(covers(*planted(rng, clusters), **settings) for _ in range(studies))
    assert held / studies >= 0.93 - 4 * np.sqrt(0.93 * 0.07 / studies)


def test_intervals_that_forget_clusters_cover_half_as_often():
    rng = np.random.default_rng()
    held = 0
    for _ in range(200):
        values, _ = planted(rng, 12)
        low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
        held += low <= 0 <= high
    assert held < 150


def test_clusters_of_one_size_are_the_t_test_of_their_means():
    rng = np.random.default_rng()
    values, labels = planted(rng, 9)
    found = clustered_contrast(values, np.zeros(len(values)), labels)
    means = values.reshape(9, -1).mean(axis=1)
    test = stats.ttest_1samp(means, 0)
    assert (found.estimate, found.p_value) == pytest.approx((means.mean(), test.pvalue))
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval()))
    assert (found.clusters, found.freedom) == pytest.approx((9, 8))
    # And their error is the usual cluster-robust one.
    model = statsmodels.api.OLS(values, np.ones(len(values)))
    usual = model.fit(cov_type="cluster", cov_kwds={"groups": labels})
    assert found.standard_error == pytest.approx(usual.bse[0])


def test_clusters_of_unlike_sizes_are_the_matrices_of_bell_and_mccaffrey():
    values, labels = planted(np.random.default_rng(), 5, unequal=True)
    found = clustered_contrast(values, np.zeros(len(values)), labels)
    total = len(values)
    leave = np.eye(total) - 1 / total
    parts = []  # for each cluster the vector whose product with the values is its term
    for name in range(5):
        here = labels == name
        square, basis = np.linalg.eigh(leave[np.ix_(here, here)])
        root = basis @ np.diag(square**-0.5) @ basis.T
        parts.append(leave[:, here] @ root @ np.ones(here.sum()) / total)
    assert found.standard_error == pytest.approx(np.sqrt(((np.array(parts) @ values) ** 2).sum()))
    # Their degrees of freedom suppose that worlds of one cluster are as alike as they look.
    alike = np.clip(intraclass_correlation(values, labels), 0, 1)
    covariance = np.where(labels[:, None] == labels, alike, 0) + (1 - alike) * np.eye(total)
    cross = np.array(parts) @ covariance @ np.array(parts).T
    assert found.freedom == pytest.approx(np.trace(cross) ** 2 / (cross**2).sum())


def test_clusters_of_one_world_are_worlds():
    values = np.random.default_rng().normal(0.3, size=40)
    found = clustered_contrast(values, np.zeros(40), np.arange(40))
    test = stats.ttest_1samp(values, 0)
    assert found.p_value == pytest.approx(test.pvalue)
    wild = clustered_contrast(values, np.zeros(40), np.arange(40), method="wild", resamples=9_999)
    flips = paired_contrast(values, np.zeros(40)).p_value
    assert abs(wild.p_value - flips) < 0.005 + 6 * np.sqrt(flips / 10_000)


@pytest.mark.parametrize("method", ["robust", "wild", "bootstrap"])
def test_scale_shift_and_gaps(method):
    rng = np.random.default_rng()
    values, labels = planted(rng, 12, unequal=True)
    zeros = np.zeros(len(values))
    found = clustered_contrast(values, zeros, labels, method=method)
    moved = clustered_contrast(7 * values + 3, zeros + 3, labels, method=method)
    assert (moved.low, moved.high) == pytest.approx((7 * found.low, 7 * found.high), rel=1e-6)
    assert moved.p_value == pytest.approx(found.p_value)
    gaps = np.concatenate([values, [np.nan] * 4])
    names = [f"model {label}" for label in [*labels, 0, 1, 2, 99]]
    holed = clustered_contrast(gaps, np.zeros(len(gaps)), names, method=method)
    assert (holed.clusters, holed.pairs, holed.undefined) == (12, len(values), 4)
    same = clustered_contrast([2.0] * 6, [1.0] * 6, [0, 0, 1, 1, 2, 2], method=method)
    assert (same.low, same.high, same.p_value) == (1, 1, 0)


def test_one_cluster_tells_nothing_of_others():
    found = clustered_contrast([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], ["only"] * 3)
    assert (found.estimate, found.clusters) == (2, 1)
    assert np.isnan([found.low, found.high, found.p_value]).all()
    assert np.isnan(clustered_contrast([np.nan], [1.0], [0]).estimate)
    with pytest.raises(ValueError, match="a cluster each"):
        clustered_contrast([1.0, 2.0], [1.0, 2.0], [0])
    with pytest.raises(ValueError, match="robust, wild or bootstrap"):
        clustered_contrast([1.0, 2.0], [1.0, 2.0], [0, 1], method="tame")


def test_the_intraclass_correlation_is_found():
    rng = np.random.default_rng()
    found = [intraclass_correlation(*planted(rng, 30, unequal=True)) for _ in range(300)]
    assert abs(np.mean(found) - 0.3) <= 4 * np.std(found) / np.sqrt(300) + 0.01  # nearly unbiased
    assert intraclass_correlation([1, 1, 2, 2], [0, 0, 1, 1]) == 1
    assert np.isnan(intraclass_correlation([1, 2, 3], [0, 1, 2]))
