"""Public goods, volunteers, collective risk and the fishery, against published figures."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from posalign_sim.theory import (
    CollectiveRisk,
    deterring_points,
    fishery,
    is_public_good_dilemma,
    public_good_grim_threshold,
    public_good_points,
    sustainable_harvest,
    volunteers_dilemma,
)


def test_the_public_good_of_fehr_and_gaechter():
    """n=4, 20 points, return .4: all give 32, none 20, a lone free rider 44; 1:3 deters at 4."""
    assert public_good_points([20] * 4, 20, 0.4).tolist() == [32] * 4
    assert public_good_points([0] * 4, 20, 0.4).tolist() == [20] * 4
    assert public_good_points([0, 20, 20, 20], 20, 0.4)[0] == 44
    assert deterring_points(20, 0.4, 3) == pytest.approx(4, abs=1e-9)


@given(st.integers(1, 6), st.floats(0, 1.5))
def test_the_dilemma_of_a_public_good(players, mpcr):
    """Each gains by giving less, and all gain by giving all."""
    assume(min(abs(mpcr - 1), abs(mpcr * players - 1)) > 1e-6)
    nobody = public_good_points([0] * players, 10, mpcr)[0]
    everybody = public_good_points([10] * players, 10, mpcr)[0]
    alone = public_good_points([10] + [0] * (players - 1), 10, mpcr)[0]
    assert is_public_good_dilemma(players, mpcr) == (alone < nobody < everybody)


@given(st.integers(2, 8), st.floats(0.01, 0.99), st.floats(0, 0.999))
def test_patience_carries_a_public_good(players, share, d):
    mpcr = 1 / players + share * (1 - 1 / players)
    threshold = public_good_grim_threshold(players, mpcr)
    assume(abs(d - threshold) > 1e-6)
    give, rest = [10] * players, [10] * (players - 1)
    all_give = public_good_points(give, 10, mpcr)[0] / (1 - d)
    cheat = public_good_points([0, *rest], 10, mpcr)[0] + d / (1 - d) * 10
    assert (all_give > cheat) == (d > threshold)


@given(st.integers(2, 8), st.floats(0, 1), st.floats(0.1, 10))
def test_the_deterring_points_make_up_for_the_gain(players, mpcr, ratio):
    rest = [20] * (players - 1)
    gain = (
        public_good_points([0, *rest], 20, mpcr)[0] - public_good_points([20, *rest], 20, mpcr)[0]
    )
    assert ratio * deterring_points(20, mpcr, ratio) == pytest.approx(gain, abs=1e-9)


@pytest.mark.parametrize(("n", "p", "nobody"), [(3, 0.5, 0.125), (5, 0.29289, 0.17678)])
def test_volunteers_in_numbers(n, p, nobody):
    """Diekmann (1985), cost a quarter of the benefit."""
    assert volunteers_dilemma(n, 1, 4) == pytest.approx((p, nobody), abs=5e-6)


@given(st.integers(2, 30), st.floats(0, 1), st.floats(0.1, 10))
def test_volunteers_are_indifferent(n, share, benefit):
    cost = share * benefit
    p, nobody = volunteers_dilemma(n, cost, benefit)
    assert benefit - cost == pytest.approx(benefit * (1 - (1 - p) ** (n - 1)), abs=1e-9)
    assert nobody == pytest.approx((1 - p) ** n, abs=1e-9)


def test_the_more_could_volunteer_the_more_likely_nobody_does():
    chances = [volunteers_dilemma(n, 1, 4)[1] for n in range(2, 40)]
    assert chances == sorted(chances)
    assert chances[-1] < 0.25


risks = st.builds(
    lambda players, need, cost, risk, endowment: CollectiveRisk(
        players, 1 + round(need * (players - 1)), cost, risk, endowment
    ),
    st.integers(2, 7),
    st.floats(0, 1),
    st.floats(0.01, 0.5),
    st.floats(0, 1),
    st.floats(0.5, 2),
)


def test_collective_risk_in_numbers():
    """Santos & Pacheco (2011): N=6, M=3, c=.1, b=1."""
    assert CollectiveRisk(6, 3, 0.1, 0.5).critical_risk() == pytest.approx(0.289352, abs=5e-7)
    assert CollectiveRisk(6, 3, 0.1, 0.289351).equilibria() == ()
    low, high = CollectiveRisk(6, 3, 0.1, 0.289353).equilibria()
    assert low[0] == pytest.approx(0.4, abs=0.001) == high[0]
    low, high = CollectiveRisk(6, 3, 0.1, 0.9).equilibria()
    assert (low[0], high[0]) == pytest.approx((0.12987, 0.72299), abs=5e-6)
    assert (low[1], high[1]) == (False, True)
    takes_over = CollectiveRisk(6, 3, 0.1, 1).fixation(50, 1)[1]
    assert takes_over == pytest.approx(0.00368210, abs=5e-9)


@given(risks, st.floats(0, 1))
def test_the_gradient_is_what_random_groups_give(game, share):
    """Replicator dynamics with groups drawn from an infinite population: binomial sampling."""
    others = game.players - 1
    chances = [
        math.comb(others, j) * share**j * (1 - share) ** (others - j) for j in range(others + 1)
    ]
    gain = sum(
        chance * (game.points(j + 1)[0] - game.points(j)[1]) for j, chance in enumerate(chances)
    )
    assert game.gradient(share) == pytest.approx(share * (1 - share) * gain, abs=1e-12)


@given(risks)
def test_shares_between_equilibria_move_towards_the_stable_one(game):
    assume(abs(game.risk - game.critical_risk()) > 1e-3)
    equilibria = game.equilibria()
    assert bool(equilibria) == (game.risk > game.critical_risk())
    marks = [0.0, *(share for share, _ in equilibria), 1.0]
    assert marks == sorted(marks)
    rising = [game.gradient((low + high) / 2) > 0 for low, high in pairwise(marks)]
    for share, stable in equilibria:
        at = marks.index(share)
        assert stable == (rising[at - 1] and not rising[at])
        assert game.gradient(share) == pytest.approx(0, abs=1e-12)


def test_the_ends_of_collective_risk():
    assert CollectiveRisk(6, 3, 0, 0.9).equilibria() == ()
    assert CollectiveRisk(6, 1, 0.1, 0.9).equilibria()[0][1]  # one volunteer is enough: stable
    ((share, stable),) = CollectiveRisk(6, 6, 0.1, 0.9).equilibria()  # all are needed
    assert not stable
    assert share == pytest.approx((0.1 / 0.9) ** (1 / 5), abs=1e-9)
    assert CollectiveRisk(3, 2, 0.25, 0.5).equilibria() == ((0.5, False),)  # exactly critical


@given(risks, st.integers(0, 3))
def test_a_finite_population_meets_without_replacement(game, more):
    population = game.players + more
    expected = []
    for cooperators in range(1, population):
        kinds = [True] * cooperators + [False] * (population - cooperators)
        means = []
        for focal in (0, cooperators):  # the first cooperator, the first defector
            groups = combinations(kinds[:focal] + kinds[focal + 1 :], game.players - 1)
            own = [game.points(sum(group) + kinds[focal])[1 - kinds[focal]] for group in groups]
            means.append(sum(own) / len(own))
        expected.append(means[0] - means[1])
    assert game.advantages(population) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=50)
@given(risks, st.integers(0, 20), st.floats(0, 3))
def test_fixation_solves_the_markov_chain(game, more, selection):
    """Absorption probabilities of the birth-death chain, by its linear equations."""
    population = game.players + more
    advantages = game.advantages(population)
    states = np.arange(1, population)
    meet = states * (population - states) / population**2
    up = meet / (1 + np.exp(-selection * advantages))
    down = meet / (1 + np.exp(selection * advantages))
    chain = np.diag(up + down) - np.diag(up[:-1], 1) - np.diag(down[1:], -1)
    end = np.zeros(population - 1)
    end[-1] = up[-1]
    takes_over = np.linalg.solve(chain, end)
    cooperator, defector = game.fixation(population, selection)
    assert cooperator == pytest.approx(takes_over[0], rel=1e-7, abs=1e-12)
    assert defector == pytest.approx(1 - takes_over[-1], rel=1e-5, abs=1e-10)


@given(risks)
def test_without_selection_all_are_as_likely_to_take_over(game):
    chance = 1 / (game.players + 5)
    assert game.fixation(game.players + 5, 0) == pytest.approx((chance, chance), rel=1e-9)


def test_strong_selection_does_not_overflow():
    cooperator, defector = CollectiveRisk(6, 3, 0.5, 0.1).fixation(200, 500)
    assert cooperator == 0
    assert defector == pytest.approx(1, abs=1e-9)


def test_the_fishery_of_govsim():
    """10 each is sustainable: 600 in twelve months. 11 each: 45, 35, 15, 0, and 195 in all."""
    kept = fishery([10] * 5)
    assert (kept.months, kept.collapsed, kept.total) == (12, False, 600)
    assert kept.remaining.tolist() == [50] * 12
    lost = fishery([11] * 5)
    assert (lost.months, lost.collapsed, lost.total) == (4, True, 195)
    assert lost.remaining.tolist() == [45, 35, 15, 0]
    assert lost.catches.tolist() == [[11] * 5] * 3 + [[6] * 5]


plans = st.lists(st.floats(0, 40), min_size=1, max_size=5)


@given(plans, st.floats(0, 100), st.floats(0, 3), st.integers(1, 15))
def test_no_fish_is_caught_twice(plan, stock, growth, months):
    run = fishery(plan, stock=stock, growth=growth, months=months)
    assert run.months == len(run.remaining) == len(run.catches) <= months
    assert run.collapsed or run.months == months
    assert (run.catches <= np.array(plan) + 1e-9).all()
    left = stock
    for month, (remaining, catches) in enumerate(zip(run.remaining, run.catches, strict=True)):
        assert remaining + catches.sum() == pytest.approx(left, abs=1e-9)
        assert (remaining < 5) == (run.collapsed and month == run.months - 1)
        left = min(100, growth * remaining)
    assert run.total == pytest.approx(run.catches.sum(), abs=1e-9)


def test_plans_of_each_month():
    plan = [[10, 20], [0, 60], [80, 40], [1, 1]]
    run = fishery(plan)
    assert run.catches[:2].tolist() == [[10, 20], [0, 60]]
    assert run.catches[2] == pytest.approx([160 / 3, 80 / 3], abs=1e-9)
    assert run.remaining.tolist() == [70, 40, 0]
    assert run.collapsed


@given(st.floats(12, 100), st.floats(1.2, 4), st.floats(1, 3))
def test_the_sustainable_harvest_is_the_largest(stock, growth, agents):
    harvest = sustainable_harvest(stock, growth)
    run = fishery([harvest], stock=stock, growth=growth, months=10)
    assert not run.collapsed or run.remaining[-1] > 5 - 1e-6
    less = fishery([harvest * 0.99], stock=stock, growth=growth)
    assert not less.collapsed
    assert less.remaining[-1] >= less.remaining[0] - 1e-9
    assert fishery([harvest + 0.5], stock=stock, growth=growth, months=200).collapsed


def test_a_stock_that_collapses_anyway():
    assert sustainable_harvest(4) == 0
    assert fishery([0], stock=4).collapsed
    assert not fishery([5], stock=10).collapsed  # 5 are enough


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: public_good_points([], 20, 0.4), "contributions has shape"),
        (lambda: public_good_points([21], 20, 0.4), r"contributions\[0\] is 21\.0"),
        (lambda: public_good_points([1], 20, -1), r"mpcr is -1\.0"),
        (lambda: is_public_good_dilemma(0, 0.4), r"players is 0\.0"),
        (lambda: is_public_good_dilemma(2.5, 0.4), r"players is 2\.5, but it must be a whole"),
        (lambda: deterring_points(20, 1.5, 3), r"mpcr is 1\.5"),
        (lambda: deterring_points(20, 0.4, 0), "ratio is 0"),
        (lambda: public_good_grim_threshold(4, 0.25), r"mpcr is 0\.25.* between 0\.25 and 1"),
        (lambda: volunteers_dilemma(1, 1, 4), r"n is 1\.0"),
        (lambda: volunteers_dilemma(3, 5, 4), r"cost is 5\.0.* \[0, 4\]"),
        (lambda: volunteers_dilemma(3, 0, 0), "benefit is 0"),
        (lambda: CollectiveRisk(1, 1, 0.1, 1), r"players is 1\.0"),
        (lambda: CollectiveRisk(6, 7, 0.1, 1), r"threshold is 7\.0"),
        (lambda: CollectiveRisk(6, 3, 1.1, 1), r"cost is 1\.1"),
        (lambda: CollectiveRisk(6, 3, 0.1, -1), r"risk is -1\.0"),
        (lambda: CollectiveRisk(6, 3, 0.1, 1, -1), r"endowment is -1\.0"),
        (lambda: CollectiveRisk(6, 3, 0.1, 1).points(7), r"cooperators is 7\.0"),
        (lambda: CollectiveRisk(6, 3, 0.1, 1).gradient(2), r"share is 2\.0"),
        (lambda: CollectiveRisk(6, 3, 0.1, 1).advantages(5), r"population is 5\.0"),
        (lambda: CollectiveRisk(6, 3, 0.1, 1).fixation(50, -1), r"selection is -1\.0"),
        (lambda: fishery([]), "harvests has shape"),
        (lambda: fishery([[[1]]]), "harvests has shape"),
        (lambda: fishery([-1]), "harvests holds what is negative"),
        (lambda: fishery([1], stock=101), r"stock is 101\.0"),
        (lambda: fishery([1], growth=-1), r"growth is -1\.0"),
        (lambda: fishery([1], months=0), r"months is 0\.0"),
        (lambda: sustainable_harvest(-1), r"stock is -1\.0"),
        (lambda: sustainable_harvest(100, 0.5), r"growth is 0\.5"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
