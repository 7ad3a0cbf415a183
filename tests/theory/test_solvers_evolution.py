"""Selection in finite and infinite populations, against chains solved otherwise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from posalign_sim.theory import (
    commitment_payoffs,
    comparison_distribution,
    comparison_fixation,
    critical_benefit_ratio,
    cycle,
    donation_fixation,
    exploitability,
    favoured_by_weak_selection,
    fixation_probability,
    graph_fixation,
    long_run_distribution,
    mean_payoffs,
    moran_fixation,
    moran_game_fixation,
    optional_public_good_fixations,
    optional_public_good_points,
    pairwise_fixation,
    pairwise_fixations,
    rare_mutation_distribution,
    regret_matching,
    replicator_flow,
    replicator_path,
    replicator_rest_points,
    risk_dominates,
    sampled_payoffs,
)

EXACT = 1e-9
points = st.floats(-5, 5)
tables = st.lists(st.lists(points, min_size=2, max_size=2), min_size=2, max_size=2)
RPS = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]


def absorbed(rises, falls):
    """Chance to end at the top from one, by the linear system of the chain itself."""
    size = len(rises)
    chain = np.diag(rises + falls) - np.diag(rises[:-1], 1) - np.diag(falls[1:], -1)
    ends = np.zeros(size)
    ends[-1] = rises[-1]
    return np.linalg.solve(chain, ends)[0]


# --- well-mixed populations ----------------------------------------------------------------------


@pytest.mark.parametrize(("fitness", "expected"), [(1.1, 0.147950), (0.9, 0.059482), (1, 0.1)])
def test_a_mutant_of_constant_fitness(fitness, expected):
    """Moran (1958): fitness 1.1 and .9 among ten."""
    assert moran_fixation(fitness, 10) == pytest.approx(expected, abs=5e-7)


@given(st.floats(0.2, 5), st.integers(2, 30), st.integers(1, 30))
def test_the_moran_process_as_a_chain(fitness, population, mutants):
    assume(mutants <= population)
    number = np.arange(1, population)
    births = fitness * number / (fitness * number + population - number)
    rises, falls = births * (1 - number / population), (1 - births) * number / population
    if mutants == 1:
        assert moran_fixation(fitness, population) == pytest.approx(
            absorbed(rises, falls), abs=EXACT
        )
    closed = (1 - fitness**-mutants) / (1 - fitness**-population) if fitness != 1 else 0
    if abs(fitness - 1) > 1e-3:
        assert moran_fixation(fitness, population, mutants) == pytest.approx(closed, rel=1e-9)


def test_extreme_fitness_overflows_nothing():
    assert moran_fixation(1e-3, 1000) == 0
    assert moran_fixation(1e3, 1000) == pytest.approx(0.999)
    assert moran_fixation(1 + 1e-12, 1000) == pytest.approx(1e-3, rel=1e-6)


def test_a_cooperator_among_defectors_by_pairwise_comparison():
    """Traulsen et al. (2006): benefit 3, cost 1, twenty, intensity .1."""
    assert donation_fixation(3, 1, 20, 0.1) == pytest.approx(0.0134414277, abs=5e-10)


@given(st.floats(0, 5), st.floats(0, 2), st.integers(2, 40), st.floats(0, 1))
def test_the_closed_form_is_the_sum(benefit, cost, population, intensity):
    table = [[benefit - cost, -cost], [benefit, 0]]
    assert donation_fixation(benefit, cost, population, intensity) == pytest.approx(
        pairwise_fixation(table, population, intensity), rel=1e-9, abs=1e-300
    )


@given(tables, st.integers(2, 12), st.floats(0, 0.5))
def test_pairwise_comparison_as_a_chain(table, population, intensity):
    means = mean_payoffs(table, population)[:, 1:-1]
    adopts = 1 / (1 + np.exp(-intensity * (means[0] - means[1])))
    number = np.arange(1, population)
    met = number * (population - number) / population / (population - 1)
    expected = absorbed(met * adopts, met * (1 - adopts))
    assert pairwise_fixation(table, population, intensity) == pytest.approx(expected, abs=EXACT)


@given(tables, st.integers(2, 10))
def test_strong_selection_is_the_limit(table, population):
    means = mean_payoffs(np.round(table, 1), population)[:, 1:-1]
    leads = means[0] - means[1]
    limit = comparison_fixation(leads, math.inf)
    sums = np.cumsum(leads)
    assume((np.abs(sums[np.abs(sums) > 1e-9]) > 1e-3).all())
    assert comparison_fixation(leads, 3e4) == pytest.approx(limit, abs=1e-6)


@given(tables, st.integers(2, 20), st.floats(0, 0.05))
def test_the_moran_process_between_two_as_a_chain(table, population, intensity):
    fitness = 1 - intensity + intensity * mean_payoffs(table, population)[:, 1:-1]
    number = np.arange(1, population)
    total = fitness[0] * number + fitness[1] * (population - number)
    rises = fitness[0] * number / total * (1 - number / population)
    falls = fitness[1] * (population - number) / total * number / population
    expected = absorbed(rises, falls)
    assert moran_game_fixation(table, population, intensity) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("population", [10, 20, 50])
@pytest.mark.parametrize("rounds", range(1, 9))
def test_tit_for_tat_invades_from_four_rounds_on(population, rounds):
    """Nowak et al. (2004): weak selection favours it over defectors from four rounds on."""
    table = [[3 * rounds, rounds - 1], [rounds + 4, rounds]]
    better = moran_game_fixation(table, population, 1e-6) > 1 / population
    assert better == (rounds >= 4)
    assert favoured_by_weak_selection(table, population) == better
    assert favoured_by_weak_selection(table) == better


@given(tables, st.integers(2, 40))
def test_the_finite_form_of_the_one_third_law(table, population):
    (a, b), (c, d) = table
    n = population
    lead = (n - 2) * a + (2 * n - 1) * b - (n + 1) * c - (2 * n - 4) * d
    assume(abs(lead) > 1e-2)
    weak = moran_game_fixation(table, n, 1e-7)
    assert (weak > 1 / n) == (lead > 0) == favoured_by_weak_selection(table, n)


@given(tables, st.integers(2, 12), st.floats(0, 1), st.floats(0.01, 1))
def test_comparison_with_mutation_as_a_chain(table, population, intensity, mutation):
    n = population
    means = mean_payoffs(table, n)
    chain = np.zeros((n + 1, n + 1))
    for k in range(n + 1):
        adopts = 1 / (1 + math.exp(-intensity * (means[0, k] - means[1, k])))
        met = (1 - mutation) * k * (n - k) / n / (n - 1)
        if k < n:
            chain[k, k + 1] = met * adopts + mutation * (n - k) / n
        if k > 0:
            chain[k, k - 1] = met * (1 - adopts) + mutation * k / n
        chain[k, k] = 1 - chain[k].sum()
    assume((chain.diagonal() > 1e-12).any())
    expected = long_run_distribution(chain, np.full(n + 1, 1 / (n + 1)))
    assert comparison_distribution(table, n, intensity, mutation) == pytest.approx(
        expected, abs=EXACT
    )


# --- graphs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("benefit", "expected"), [(4, 0.103899), (2, 0.097998)])
def test_cooperators_on_a_cycle_of_ten(benefit, expected):
    """Ohtsuki et al. (2006), death-birth, selection .01."""
    chances = graph_fixation(cycle(10), [[benefit - 1, -1], [benefit, 0]], 0.01)
    assert chances == pytest.approx(np.full(10, expected), abs=5e-7)


def slope(update, ratio):
    weak = 1e-5
    return (graph_fixation(cycle(10), [[ratio - 1, -1], [ratio, 0]], weak, update)[0] - 0.1) / weak


def test_the_critical_ratio_of_a_finite_cycle():
    """(N - 2) / (N / k - 2): 8/3 on the cycle of ten; birth-death never favours cooperators."""
    critical = critical_benefit_ratio(10, 2)
    assert critical == pytest.approx(8 / 3, abs=EXACT)
    assert slope("death_birth", critical) == pytest.approx(0, abs=1e-4)
    assert slope("death_birth", 1.1 * critical) > 0 > slope("death_birth", 0.9 * critical)
    assert slope("birth_death", 1.1 * critical) < 0


@given(st.floats(0.3, 3), st.integers(3, 7))
@settings(max_examples=15)
def test_on_a_complete_graph_birth_death_is_the_moran_process(fitness, nodes):
    """Constant fitness by payoffs that do not depend on whom one meets."""
    complete = np.ones((nodes, nodes)) - np.eye(nodes)
    each = fitness / (nodes - 1)
    table = [[each, each], [1 / (nodes - 1)] * 2]
    chances = graph_fixation(complete, table, 1, "birth_death")
    assert chances == pytest.approx(np.full(nodes, moran_fixation(fitness, nodes)), abs=EXACT)
    # The isothermal theorem: the cycle is as good.
    table = [[fitness / 2] * 2, [1 / 2] * 2]
    assert graph_fixation(cycle(nodes), table, 1, "birth_death") == pytest.approx(chances)


def test_without_selection_the_hub_of_a_star_is_lost_first():
    """Neutral birth-death: the chance of a node is in proportion to 1 / degree (Lieberman 2005)."""
    star = np.zeros((8, 8))
    star[0, 1:] = star[1:, 0] = 1
    chances = graph_fixation(star, [[0, 0], [0, 0]], 0, "birth_death")
    weights = 1 / star.sum(axis=1)
    assert chances == pytest.approx(weights / weights.sum(), abs=EXACT)
    chances = graph_fixation(star, [[0, 0], [0, 0]], 0, "death_birth")
    weights = star.sum(axis=1)
    assert chances == pytest.approx(weights / weights.sum(), abs=EXACT)


# --- infinite populations ------------------------------------------------------------------------


def test_hawks_and_doves():
    points = replicator_rest_points([[-2, 2], [0, 1]])
    assert points == pytest.approx(np.array([[0, 1], [1 / 3, 2 / 3], [1, 0]]), abs=EXACT)


@pytest.mark.parametrize(("start", "end"), [(0.749, 0), (0.751, 1)])
def test_the_edge_of_the_stag_hunt(start, end):
    table = [[4, 0], [3, 3]]
    path = replicator_path(table, [start, 1 - start], 100, 0.05)
    assert path[-1, 0] == pytest.approx(end, abs=1e-6)
    assert replicator_rest_points(table)[1, 0] == pytest.approx(3 / 4, abs=EXACT)


def test_rock_paper_scissors_goes_round_for_ever():
    path = replicator_path(RPS, [0.5, 0.3, 0.2], 100, 0.005)
    product = path.prod(axis=1)
    assert np.abs(product - product[0]).max() < 1e-10
    assert np.abs(path[:, 0] - 1 / 3).max() > 0.1


@given(st.lists(st.lists(points, min_size=3, max_size=3), min_size=3, max_size=3))
def test_nothing_moves_at_a_rest_point(table):
    for point in replicator_rest_points(table):
        assert np.abs(replicator_flow(table, point / point.sum())).max() < 1e-6


@given(tables, st.floats(0.01, 0.99))
def test_the_flow_is_the_slope_of_the_path(table, share):
    path = replicator_path(table, [share, 1 - share], 2e-6, 1e-6)
    slope_there = (path[2] - path[0]) / 2e-6
    assert slope_there == pytest.approx(replicator_flow(table, path[1]), abs=1e-6)


@given(st.lists(st.lists(points, min_size=3, max_size=3), min_size=2, max_size=2))
@settings(max_examples=20)
def test_matching_regrets_comes_to_an_equilibrium(table):
    x, y = regret_matching(table, 4000, [1, 0])
    bound = 10 * math.sqrt(3 / 4000) * 2
    assert 0 <= exploitability(table, x / x.sum(), y / y.sum()) + 1e-9 < bound


def test_matching_regrets_plays_all_three_alike():
    far = exploitability(RPS, *regret_matching(RPS, 100, [1, 0, 0]))
    x, y = regret_matching(RPS, 20_000, [1, 0, 0])
    assert x == pytest.approx(np.full(3, 1 / 3), abs=0.02)
    assert y == pytest.approx(np.full(3, 1 / 3), abs=0.02)
    assert exploitability(RPS, x, y) < far / 3


# --- rare mutations ------------------------------------------------------------------------------


@pytest.mark.parametrize("population", [20, 100])
def test_peer_punishers_of_an_optional_public_good(population):
    """Hauert et al. (2007): [2, 2, 2, M + 2] / (M + 8)."""
    shares = rare_mutation_distribution(optional_public_good_fixations(population=population))
    expected = np.array([2, 2, 2, population + 2]) / (population + 8)
    assert shares == pytest.approx(expected, abs=EXACT)


def test_the_pool_needs_second_order_punishment():
    """Sigmund et al. (2010): with it the pool takes all; without, peers do better."""
    five = ("cooperator", "defector", "loner", "peer_punisher", "pool_punisher")
    without = rare_mutation_distribution(optional_public_good_fixations(five))
    within = rare_mutation_distribution(optional_public_good_fixations(five, second_order=True))
    assert without[3] > 5 * without[4]
    assert within == pytest.approx([0, 0, 0, 0, 1], abs=EXACT)


def test_a_public_good_by_hand():
    """Two cooperators, a defector, a peer and a pool punisher; fines and costs .7."""
    got = optional_public_good_points([2, 1, 0, 1, 1])
    # Each of four gives 1, worth 3/4 to each of the other four.
    assert got == pytest.approx([1.25, 3 - 1.4, 1, 1.25 - 0.7, 1.25 - 0.7])
    strict = optional_public_good_points([2, 1, 0, 1, 1], second_order=True)
    assert strict == pytest.approx([0.55, 1.6, 1, -0.15, 0.55])
    assert optional_public_good_points([0, 0, 4, 0, 1]).tolist() == [1] * 5


def test_commitments_prevail():
    """Han et al. (2013): benefit 4, cost 1, arrangement .25, compensation 4, a hundred, .1."""
    table = pairwise_fixations(commitment_payoffs(4, 1, 0.25, 4), 100, 0.1)
    assert rare_mutation_distribution(table)[0] == pytest.approx(0.8015, abs=5e-5)


@given(st.floats(1.1, 5), st.floats(0.01, 2), st.floats(0.01, 5))
def test_when_committing_risk_dominates(benefit, arrangement, compensation):
    table = commitment_payoffs(benefit, 1, arrangement, compensation)
    free, fake = np.ix_((0, 4), (0, 4)), np.ix_((0, 3), (0, 3))
    edges = 2 * (benefit - 1) / 3 - arrangement, compensation - 1 - 3 * arrangement / 4
    assume(min(map(abs, edges)) > 1e-9)
    assert risk_dominates(table[free]) == (edges[0] > 0)
    assert risk_dominates(table[fake]) == (edges[1] > 0)


@given(
    st.integers(1, 4).flatmap(lambda g: st.tuples(*[st.lists(points, min_size=g, max_size=g)] * 2)),
    st.integers(4, 6),
)
def test_groups_drawn_one_by_one(tables_of_two, population):
    """Every group that the first (or last) individual can be drawn into, with the same weight."""
    first, second = tables_of_two
    group = len(first)
    got = sampled_payoffs(first, second, population)
    for many in range(population + 1):
        kinds = [1] * many + [0] * (population - many)
        for focal, of_kind, side in ((0, first, 0), (population - 1, second, 1)):
            if kinds[focal] != 1 - side:
                assert np.isnan(got[side, many])
                continue
            rest = kinds[:focal] + kinds[focal + 1 :]
            drawn = [of_kind[sum(c)] for c in itertools.combinations(rest, group - 1)]
            assert got[side, many] == pytest.approx(np.mean(drawn), abs=EXACT)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_two_strategies_share_time_by_how_they_invade(chances):
    into_second, into_first = chances
    assume(into_second + into_first > 1e-6)
    shares = rare_mutation_distribution([[0, into_second], [into_first, 0]])
    total = into_second + into_first
    assert shares == pytest.approx([into_first / total, into_second / total], abs=EXACT)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: moran_fixation(0, 10), "above 0"),
        (lambda: moran_fixation(1, 10, 11), "mutants"),
        (lambda: pairwise_fixation([[1, 2]], 10, 1), "shape"),
        (lambda: pairwise_fixation(RPS, 10, 1), "shape"),
        (lambda: pairwise_fixation([[1, 2], [3, math.nan]], 10, 1), "finite"),
        (lambda: pairwise_fixation([[1, 2], [3, 4]], 1, 1), "population"),
        (lambda: comparison_fixation([1], -1), "intensity"),
        (lambda: moran_game_fixation([[1, -9], [3, 4]], 10, 0.5), "fitness"),
        (lambda: fixation_probability([math.inf, -math.inf]), "infinities"),
        (lambda: comparison_distribution([[1, 2], [3, 4]], 10, 1, 0), "mutation"),
        (lambda: graph_fixation(np.eye(3), [[1, 2], [3, 4]], 0.1), "diagonal"),
        (lambda: graph_fixation(np.zeros((3, 3)), [[1, 2], [3, 4]], 0.1), "connected"),
        (lambda: graph_fixation(np.zeros((13, 13)), [[1, 2], [3, 4]], 0.1), "12"),
        (lambda: graph_fixation(cycle(4), [[1, -99], [3, 4]], 0.5), "fitness"),
        (lambda: graph_fixation(cycle(4), [[1, 2], [3, 4]], 0.5, "birth"), "update"),
        (lambda: replicator_flow([[1, 2], [3, 4]], [1, 1]), "sum"),
        (lambda: replicator_path([[1, 2], [3, 4]], [1, 0], 1, 0), "step"),
        (lambda: regret_matching([1, 2], 10), "matrix"),
        (lambda: regret_matching(RPS, 10, [1]), "first_regrets"),
        (lambda: rare_mutation_distribution([[0, 2], [0, 0]]), "probabilities"),
        (lambda: sampled_payoffs([1], [1, 2], 10), "shapes"),
        (lambda: optional_public_good_points([1, 2]), "five"),
        (lambda: optional_public_good_fixations(("saint",)), "saint"),
        (lambda: commitment_payoffs(4, 1, -1, 4), "arrangement"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
