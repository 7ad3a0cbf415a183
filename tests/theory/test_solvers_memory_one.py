"""Memory-one strategies: published numbers, and relations that hold for all parameters."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posalign_sim.theory import (
    ALWAYS_COOPERATE,
    ALWAYS_DEFECT,
    AXELROD,
    GRIM_TRIGGER,
    TIT_FOR_TAT,
    WIN_STAY_LOSE_SHIFT,
    Dilemma,
    average_payoffs,
    cooperation_rates,
    discounted_distribution,
    equaliser,
    expected_reciprocity,
    extortion,
    generous_optimum,
    generous_recovery_mean,
    generous_zd,
    reactive,
    reactive_cooperation,
    recovery_distribution,
    recovery_mean,
    stationary_distribution,
    transition_matrix,
)

EXACT = 1e-9
SWAPPED = [0, 2, 1, 3]

probabilities = st.floats(0, 1)
noises = st.floats(1e-6, 0.5)
strategies = st.tuples(*[st.one_of(probabilities, st.sampled_from([0.0, 0.5, 1.0]))] * 4)
interior = st.tuples(*[st.floats(0.01, 0.99)] * 4)


@st.composite
def prisoners_dilemmas(draw):
    sucker = draw(st.floats(-5, 5))
    gaps = [draw(st.floats(0.1, 5)) for _ in range(3)]
    punishment, reward, temptation = sucker + np.cumsum(gaps)
    return Dilemma(temptation, reward, punishment, sucker)


def flipped(strategy, noise):
    return [x * (1 - noise) + (1 - x) * noise for x in strategy]


def near(expected):
    return pytest.approx(expected, rel=0, abs=EXACT)


# Published numbers. Payoffs 5, 3, 1, 0 (Axelrod 1980).


def test_tit_for_tat_against_a_defector():
    """Nowak & Sigmund (1990): under noise e, tit for tat cooperates 2 e (1 - e)."""
    shares = stationary_distribution(TIT_FOR_TAT, ALWAYS_DEFECT, noise=0.01)
    assert cooperation_rates(shares) == near((0.0198, 0.01))
    assert average_payoffs(shares, AXELROD) == near((1.020002, 1.069002))


@pytest.mark.parametrize("noise", [1e-25, 1e-12, 0.01, 0.3, 0.5])
def test_tit_for_tat_against_itself_ends_up_anywhere(noise):
    """Molander (1985): however rare the noise, all four states are equally common."""
    shares = stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT, noise)
    assert shares == near([0.25] * 4)
    assert average_payoffs(shares, AXELROD) == near((2.25, 2.25))


@pytest.mark.parametrize("noise", [1e-12, 0.01, 0.2, 0.5])
def test_win_stay_lose_shift_against_itself(noise):
    """Nowak & Sigmund (1993): both shift together, so they agree in s = 1 - 2 e (1 - e)."""
    shares = stationary_distribution(WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT, noise)
    agree = 1 - 2 * noise * (1 - noise)
    expected = agree * (1 - noise) + (1 - agree) * noise
    assert cooperation_rates(shares) == near((expected, expected))


def test_win_stay_lose_shift_in_numbers():
    shares = stationary_distribution(WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT, noise=0.01)
    assert cooperation_rates(shares)[0] == pytest.approx(0.970596, rel=0, abs=5e-7)
    assert average_payoffs(shares, AXELROD)[0] == pytest.approx(2.951092, rel=0, abs=5e-7)


def test_generous_tit_for_tat_at_its_optimum():
    """Nowak & Sigmund (1992)."""
    assert generous_optimum(AXELROD) == near(1 / 3)
    generous = reactive(1, generous_optimum(AXELROD))
    shares = stationary_distribution(generous, generous, noise=0.01)
    assert cooperation_rates(shares)[0] == pytest.approx(0.971154, rel=0, abs=5e-7)
    assert average_payoffs(shares, AXELROD)[0] == pytest.approx(2.970322, rel=0, abs=5e-7)


def test_reactive_strategies_in_closed_form():
    """Nowak & Sigmund (1990)."""
    assert reactive_cooperation(0.9, 0.2, 0.8, 0.1)[0] == near(0.27 / 0.51)
    assert reactive_cooperation(0.9, 0.2, 0.8, 0.1)[0] == pytest.approx(0.529412, rel=0, abs=5e-7)


@pytest.mark.parametrize(
    ("strategy", "published"),
    [
        # Press & Dyson (2012): extortion factor 3 at half of the largest phi.
        (extortion(3, AXELROD), [11 / 13, 1 / 2, 7 / 26, 0]),
        # Stewart & Plotkin (2012): Extort-2 and ZD-GTFT-2.
        (extortion(2, AXELROD), [8 / 9, 1 / 2, 1 / 3, 0]),
        (generous_zd(2, AXELROD), [1, 1 / 8, 1, 1 / 4]),
        (equaliser(2, AXELROD), [2 / 3, 0, 2 / 3, 1 / 3]),
    ],
)
def test_published_zero_determinant_strategies(strategy, published):
    np.testing.assert_allclose(strategy, published, rtol=0, atol=1e-12)


def test_extortion_of_a_cooperator():
    shares = stationary_distribution(extortion(2, AXELROD), ALWAYS_COOPERATE)
    assert average_payoffs(shares, AXELROD) == near((3.5, 2.25))


# Zero-determinant relations hold against every opponent.


@given(prisoners_dilemmas(), st.floats(1, 10), st.floats(0.05, 1), interior)
def test_extortion_fixes_the_ratio_of_surpluses(payoffs, factor, share, opponent):
    t, r = payoffs.temptation, payoffs.reward
    p, s = payoffs.punishment, payoffs.sucker
    largest = 1 / max((factor - 1) * (r - p), factor * (t - p) + p - s, t - p + factor * (p - s))
    for phi in (None, share * largest):
        shares = stationary_distribution(extortion(factor, payoffs, phi), opponent)
        own, other = average_payoffs(shares, payoffs)
        assert own - p == pytest.approx(factor * (other - p), rel=0, abs=EXACT)


@given(prisoners_dilemmas(), st.floats(1, 10), st.floats(0.05, 1), interior)
def test_generosity_fixes_the_ratio_of_shortfalls(payoffs, factor, share, opponent):
    t, r = payoffs.temptation, payoffs.reward
    p, s = payoffs.punishment, payoffs.sucker
    largest = 1 / max((factor - 1) * (r - p), factor * (t - r) + r - s, t - r + factor * (r - s))
    for phi in (None, share * largest):
        shares = stationary_distribution(generous_zd(factor, payoffs, phi), opponent)
        own, other = average_payoffs(shares, payoffs)
        assert own - r == pytest.approx(factor * (other - r), rel=0, abs=EXACT)


@given(prisoners_dilemmas(), probabilities, st.floats(0.05, 1), interior)
def test_an_equaliser_fixes_the_others_points(payoffs, level, share, opponent):
    score = payoffs.punishment + level * (payoffs.reward - payoffs.punishment)
    score = min(max(score, payoffs.punishment), payoffs.reward)
    largest = 1 / max(payoffs.temptation - score, score - payoffs.sucker)
    for phi in (None, share * largest):
        shares = stationary_distribution(equaliser(score, payoffs, phi), opponent)
        assert average_payoffs(shares, payoffs)[1] == pytest.approx(score, rel=0, abs=EXACT)


@given(prisoners_dilemmas(), st.floats(1, 10))
def test_zero_determinant_strategies_are_probabilities_up_to_the_largest_phi(payoffs, factor):
    t, r = payoffs.temptation, payoffs.reward
    p, s = payoffs.punishment, payoffs.sucker
    largest = 1 / max(factor * (t - p) + p - s, t - p + factor * (p - s))
    edge = extortion(factor, payoffs, largest)
    assert edge.min() >= 0 and edge.max() <= 1
    assert min(edge[1], 1 - edge[2]) == near(0)
    with pytest.raises(ValueError, match=r"phi is .* for the strategy to consist of probabilities"):
        extortion(factor, payoffs, largest * 1.001)
    with pytest.raises(ValueError, match=r"phi is 0\.0"):
        generous_zd(factor, payoffs, 0.0)
    largest = 1 / max(t - r + factor * (r - s), factor * (t - r) + r - s)
    with pytest.raises(ValueError, match="phi is"):
        generous_zd(factor, payoffs, largest * 1.001)


# The chain.


@given(strategies, strategies, st.floats(0, 1))
def test_the_chain_is_what_two_coins_make(p, q, noise):
    matrix = transition_matrix(p, q, noise)
    first, second = flipped(p, noise), flipped(q, noise)
    for state, seen in enumerate(SWAPPED):
        c1, c2 = first[state], second[seen]
        row = [c1 * c2, c1 * (1 - c2), (1 - c1) * c2, (1 - c1) * (1 - c2)]
        np.testing.assert_allclose(matrix[state], row, rtol=0, atol=1e-12)


@given(strategies, strategies, st.floats(0, 0.5))
def test_shares_are_stationary(p, q, noise):
    shares = stationary_distribution(p, q, noise)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(shares @ transition_matrix(p, q, noise), shares, rtol=0, atol=1e-12)


@given(strategies, strategies, st.floats(0, 0.5))
def test_swapping_the_players_swaps_the_shares(p, q, noise):
    swapped = stationary_distribution(q, p, noise)[SWAPPED]
    np.testing.assert_allclose(swapped, stationary_distribution(p, q, noise), rtol=0, atol=EXACT)


@given(interior, interior, st.floats(0, 1))
def test_noise_is_a_strategy_that_slips(p, q, noise):
    np.testing.assert_allclose(
        stationary_distribution(p, q, noise),
        stationary_distribution(flipped(p, noise), flipped(q, noise)),
        rtol=0,
        atol=EXACT,
    )


@given(strategies, strategies, noises)
def test_cooperation_and_defection_are_names(p, q, noise):
    """Noise treats both choices alike: rename them, and the shares are renamed."""
    renamed = stationary_distribution(
        [1 - x for x in reversed(p)], [1 - x for x in reversed(q)], noise
    )
    expected = stationary_distribution(p, q, noise)
    np.testing.assert_allclose(renamed[::-1], expected, rtol=0, atol=1e-7)


@given(strategies, strategies)
def test_noise_of_one_half_leaves_nothing(p, q):
    assert stationary_distribution(p, q, noise=0.5) == near([0.25] * 4)


PURE = list(itertools.product([0.0, 1.0], repeat=4))


@pytest.mark.parametrize("start", range(4))
def test_all_pure_strategies_without_noise(start):
    """Every pair of the 16 pure strategies falls into a cycle: play until it closes."""
    for p, q in itertools.product(PURE, PURE):
        state, path = start, []
        while state not in path:
            path.append(state)
            state = 2 * (1 - int(p[state])) + (1 - int(q[SWAPPED[state]]))
        cycle = path[path.index(state) :]
        expected = np.bincount(cycle, minlength=4) / len(cycle)
        shares = stationary_distribution(p, q, start=np.eye(4)[start])
        np.testing.assert_allclose(shares, expected, rtol=0, atol=1e-12)


def test_both_choose_to_cooperate_first_unless_said_otherwise():
    assert stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT).tolist() == [1, 0, 0, 0]
    assert stationary_distribution(GRIM_TRIGGER, GRIM_TRIGGER).tolist() == [1, 0, 0, 0]
    assert stationary_distribution(GRIM_TRIGGER, GRIM_TRIGGER, start=[0, 1, 0, 0])[3] == 1
    # Noise acts on the first round too: if every choice is flipped, the opposite of tit for tat is
    # seen to play tit for tat, and both are seen to defect first.
    assert stationary_distribution((0, 1, 0, 1), (0, 1, 0, 1), noise=1).tolist() == [0, 0, 0, 1]
    mixed = stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT, start=[0.5, 0.2, 0.2, 0.1])
    assert mixed == near([0.5, 0.2, 0.2, 0.1])


# Reactive strategies.


@given(interior, noises)
def test_the_closed_form_is_the_chain(values, noise):
    p1, q1, p2, q2 = values
    shares = stationary_distribution(reactive(p1, q1), reactive(p2, q2), noise)
    closed = reactive_cooperation(*flipped((p1, q1, p2, q2), noise))
    assert cooperation_rates(shares) == pytest.approx(closed, rel=0, abs=EXACT)


@given(probabilities, probabilities, st.floats(0, 1))
def test_reciprocity_is_the_slope_of_what_is_seen(p, q, noise):
    seen = transition_matrix(reactive(p, q), ALWAYS_COOPERATE, noise)[:, :2].sum(axis=1)
    assert seen[0] - seen[1] == near(expected_reciprocity(p, q, noise))
    assert seen[2] - seen[3] == near(expected_reciprocity(p, q, noise))


@given(probabilities, st.floats(0, 1))
def test_the_unconditional_are_not_reciprocal(p, noise):
    assert expected_reciprocity(p, p, noise) == 0


def test_copying_without_fail_has_no_closed_form():
    for p, q in ((1, 0), (0, 1)):
        with pytest.raises(ValueError, match="first round decides"):
            reactive_cooperation(p, q, p, q)
    assert reactive_cooperation(1, 0, 0, 1) == near((0.5, 0.5))


@given(prisoners_dilemmas())
def test_the_optimum_is_the_most_generosity_that_is_safe(payoffs):
    """At it the constant defector or the alternator just breaks even with R; no other is ahead."""
    r = payoffs.reward
    if 2 * r < payoffs.temptation + payoffs.sucker:
        with pytest.raises(ValueError, match=r"generosity pays only if 2 R >= T \+ S"):
            generous_optimum(payoffs)
        return
    generous = reactive(1, generous_optimum(payoffs))
    gains = [
        average_payoffs(stationary_distribution(other, generous), payoffs)[0] - r
        for other in (ALWAYS_DEFECT, (0, 0, 1, 1))
    ]
    assert max(gains) == pytest.approx(0, rel=0, abs=EXACT)


# Games that end by chance.


@given(strategies, strategies, st.floats(0, 0.99), st.floats(0, 0.5), probabilities, probabilities)
def test_discounted_shares_satisfy_their_own_equation(p, q, w, noise, c1, c2):
    """With x the shares and v the opening, x = (1 - w) v + w x M."""
    shares = discounted_distribution(p, q, w, noise, first=(c1, c2))
    (c1, c2), m = flipped((c1, c2), noise), transition_matrix(p, q, noise)
    opening = np.array([c1 * c2, c1 * (1 - c2), (1 - c1) * c2, (1 - c1) * (1 - c2)])
    np.testing.assert_allclose(shares, (1 - w) * opening + w * shares @ m, rtol=0, atol=1e-12)


def test_discounted_shares_are_a_weighted_sum_of_rounds():
    p, q, w = (0.9, 0.3, 0.6, 0.2), (0.7, 0.1, 0.8, 0.5), 0.8
    matrix, round_now = transition_matrix(p, q, 0.05), np.outer([0.95, 0.05], [0.05, 0.95]).ravel()
    total = np.zeros(4)
    for t in range(200):
        total += (1 - w) * w**t * round_now
        round_now = round_now @ matrix
    shares = discounted_distribution(p, q, w, 0.05, first=(1, 0))
    np.testing.assert_allclose(shares, total, rtol=0, atol=EXACT)


@given(strategies, strategies)
def test_a_game_that_hardly_ends_is_the_long_run(p, q):
    """Exact strategies with gaps of at least 1/10 mix in far fewer than 1e12 rounds."""
    p, q = np.round(p, 1), np.round(q, 1)
    np.testing.assert_allclose(
        discounted_distribution(p, q, 1 - 2.0**-40),
        stationary_distribution(p, q),
        rtol=0,
        atol=1e-6,
    )


def test_a_game_of_one_round_is_its_opening():
    shares = discounted_distribution(TIT_FOR_TAT, GRIM_TRIGGER, 0, noise=0.1, first=(1, 0))
    assert shares == near([0.09, 0.81, 0.01, 0.09])


# Recovery from one slip.


@pytest.mark.parametrize("generosity", [1.0, 0.5, 1 / 3, 0.01])
def test_generous_pairs_recover_geometrically(generosity):
    generous = reactive(1, generosity)
    assert recovery_mean(generous, generous) == pytest.approx(1 / generosity, rel=EXACT)
    assert generous_recovery_mean(generosity) == pytest.approx(1 / generosity, rel=EXACT)
    chances = recovery_distribution(generous, generous, 20)
    expected = generosity * (1 - generosity) ** np.arange(20)
    np.testing.assert_allclose(chances, expected, rtol=0, atol=1e-12)


def test_win_stay_lose_shift_recovers_in_exactly_two_rounds():
    pair = WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT
    assert recovery_mean(*pair) == near(2)
    assert recovery_distribution(*pair, 5).tolist() == [0, 1, 0, 0, 0]


def test_tit_for_tat_never_recovers():
    assert recovery_mean(TIT_FOR_TAT, TIT_FOR_TAT) == math.inf
    assert generous_recovery_mean(0) == math.inf
    assert recovery_distribution(TIT_FOR_TAT, TIT_FOR_TAT, 50).sum() == 0


def test_recovery_that_may_fail_takes_forever():
    """The hurt player forgives at once with chance 1/2, or never again."""
    either = recovery_distribution((1, 0.5, 0, 0), (1, 1, 1, 0), 9, slip=(0, 1, 0, 0))
    assert either.tolist() == [0.5, *[0] * 8]
    assert recovery_mean((1, 0.5, 0, 0), (1, 1, 1, 0), slip=(0, 1, 0, 0)) == math.inf


def test_recovery_counts_the_slip_that_happened():
    assert recovery_mean(TIT_FOR_TAT, TIT_FOR_TAT, slip=(1, 0, 0, 0)) == 0
    halved = recovery_mean(WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT, slip=(0, 0, 0.5, 0.5))
    assert halved == near(1.5)


@given(interior, interior)
def test_the_mean_is_that_of_the_distribution(p, q):
    """Summed over rounds until less than 1e-12 of the mass is left, where that is soon."""
    p, q = 0.2 + 0.6 * np.array(p), 0.2 + 0.6 * np.array(q)
    chances = recovery_distribution(p, q, 1500)
    assert recovery_mean(p, q) == pytest.approx(chances @ np.arange(1, 1501), rel=1e-9)


# What is refused.


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: transition_matrix((0.5, 0.5), TIT_FOR_TAT), r"p has shape \(2,\).* reactive\(\)"),
        (lambda: transition_matrix(TIT_FOR_TAT, (1, 0, 1.2, 0)), r"q after DC is 1\.2"),
        (lambda: transition_matrix(TIT_FOR_TAT, (math.nan, 0, 1, 0)), "q after CC is nan"),
        (lambda: stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT, -0.1), r"noise is -0\.1"),
        (
            lambda: stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT, start=(1, 1, 0, 0)),
            r"start sums to 2\.0",
        ),
        (
            lambda: discounted_distribution(TIT_FOR_TAT, TIT_FOR_TAT, 1),
            r"use stationary_distribution\(\)",
        ),
        (
            lambda: discounted_distribution(TIT_FOR_TAT, TIT_FOR_TAT, 0.5, first=(1, 2)),
            r"first\[1\] is 2\.0",
        ),
        (
            lambda: discounted_distribution(TIT_FOR_TAT, TIT_FOR_TAT, 0.5, first=(1, 1, 1)),
            "first has 3 entries",
        ),
        (lambda: average_payoffs((1, 0, 0), AXELROD), r"distribution has shape \(3,\)"),
        (lambda: cooperation_rates((0.5, 0, 0, 0)), r"distribution sums to 0\.5"),
        (lambda: reactive(1.5, 0), r"p is 1\.5"),
        (lambda: reactive_cooperation(0.5, 0.5, 0.5, -1), r"q2 is -1\.0"),
        (lambda: expected_reciprocity(1, 0, 2), r"noise is 2\.0"),
        (lambda: extortion(0.5, AXELROD), "factor is 0.5, but it must be finite and at least 1"),
        (lambda: generous_zd(math.inf, AXELROD), "factor is inf"),
        (lambda: equaliser(3.5, AXELROD), r"score is 3\.5, but it must lie in \[1, 3\]"),
        (lambda: extortion(2, Dilemma(3, 4, 2, 0)), "holds only in a prisoner's dilemma"),
        (lambda: generous_zd(2, Dilemma(3, 4, 2, 0)), "holds only in a prisoner's dilemma"),
        (lambda: equaliser(2, Dilemma(3, 4, 2, 0)), "holds only in a prisoner's dilemma"),
        (lambda: generous_optimum(Dilemma(3, 4, 2, 0)), "holds only in a prisoner's dilemma"),
        (lambda: recovery_distribution(TIT_FOR_TAT, TIT_FOR_TAT, -1), "rounds is -1"),
        (lambda: recovery_mean(TIT_FOR_TAT, TIT_FOR_TAT, slip=(1,)), r"slip has shape \(1,\)"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
