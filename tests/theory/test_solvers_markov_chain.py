"""The long run of Markov chains, against chains solved by hand and against running them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posalign_sim.theory import long_run_distribution

# Exact zeros make periodic chains and several closed classes common.
weights = st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.0, 5.0])


@st.composite
def chains(draw, largest=6):
    states = draw(st.integers(1, largest))
    rows = []
    for _ in range(states + 1):  # the last row is the start
        row = draw(st.lists(weights, min_size=states, max_size=states).filter(any))
        rows.append(np.array(row) / np.sum(row))
    return np.array(rows[:-1]), rows[-1]


def mean_of_rounds(matrix, start, doublings):
    """Mean distribution of the first 2 ** doublings rounds, by repeated squaring."""
    power, mean = matrix, np.eye(len(matrix))
    for _ in range(doublings):
        mean = (mean + power @ mean) / 2
        power = power @ power
        power /= power.sum(axis=1, keepdims=True)
    return start @ mean


@given(chains())
def test_it_is_a_stationary_distribution(chain):
    matrix, start = chain
    shares = long_run_distribution(matrix, start)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(shares @ matrix, shares, rtol=0, atol=1e-12)


@given(chains())
def test_it_is_the_limit_of_the_means(chain):
    matrix, start = chain
    # The mean of n rounds differs from its limit by O(1/n); 2 ** 30 rounds.
    np.testing.assert_allclose(
        long_run_distribution(matrix, start), mean_of_rounds(matrix, start, 30), rtol=0, atol=1e-6
    )


@given(chains(), st.randoms(use_true_random=False))
def test_relabelled_states_have_relabelled_shares(chain, random):
    matrix, start = chain
    order = list(range(len(start)))
    random.shuffle(order)
    np.testing.assert_allclose(
        long_run_distribution(matrix[np.ix_(order, order)], start[order]),
        long_run_distribution(matrix, start)[order],
        rtol=0,
        atol=1e-12,
    )


def test_the_gamblers_ruin():
    """Absorption from stake 1 of 4 at win probability 0.4: (1 - 1.5) / (1 - 1.5 ** 4)."""
    matrix = np.zeros((5, 5))
    matrix[0, 0] = matrix[4, 4] = 1
    for stake in (1, 2, 3):
        matrix[stake, stake + 1], matrix[stake, stake - 1] = 0.4, 0.6
    shares = long_run_distribution(matrix, [0, 1, 0, 0, 0])
    won = (1 - 1.5) / (1 - 1.5**4)
    np.testing.assert_allclose(shares, [1 - won, 0, 0, 0, won], rtol=0, atol=1e-12)


@pytest.mark.parametrize("rare", [1e-3, 1e-9, 1e-17, 1e-50])
def test_rare_moves_lose_no_accuracy(rare):
    """Two states left at rates 1 : 3, a transient one that leaves for either at rates 2 : 1."""
    matrix = [[1 - rare, rare], [3 * rare, 1 - 3 * rare]]
    np.testing.assert_allclose(
        long_run_distribution(matrix, [0, 1]), [0.75, 0.25], rtol=0, atol=1e-12
    )
    leaving = [[1, 0, 0], [0, 1, 0], [2 * rare, rare, 1 - 3 * rare]]
    np.testing.assert_allclose(
        long_run_distribution(leaving, [0, 0, 1]), [2 / 3, 1 / 3, 0], rtol=0, atol=1e-12
    )


def test_numbers_too_small_to_divide_by_are_zeros():
    smallest = np.nextafter(0, 1)
    matrix = [[0, 1, 0], [smallest, 1, 0], [smallest, smallest, 1]]
    assert long_run_distribution(matrix, [1, 0, 0]).tolist() == [0, 1, 0]
    assert long_run_distribution(matrix, [0, 0, 1]).tolist() == [0, 0, 1]


def test_it_changes_nothing_that_it_is_given():
    matrix, start = np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([1.0, 0.0])
    long_run_distribution(matrix, start)
    assert matrix.tolist() == [[0.5, 0.5], [0.0, 1.0]]
    assert start.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("matrix", "start", "complaint"),
    [
        ([[0.5, 0.5]], [1.0], r"shape \(1, 2\), but it must be square"),
        ([[0.5, 0.4], [0, 1]], [1, 0], r"matrix\[0\] sums to 0\.9"),
        ([[0.5, 0.5], [-1, 2]], [1, 0], r"matrix\[1\] is .* each entry must be a probability"),
        ([[1, 0], [0, float("nan")]], [1, 0], r"matrix\[1\] is .* must be a probability"),
        ([[1, 0], [0, 1]], [1, 0, 0], r"start has shape \(3,\), but it must have shape \(2,\)"),
    ],
)
def test_what_is_no_chain_is_refused(matrix, start, complaint):
    with pytest.raises(ValueError, match=complaint):
        long_run_distribution(matrix, start)
