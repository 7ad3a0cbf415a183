"""Bargaining: published figures, axioms, and brute force over small problems."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from posalign_sim.theory import (
    NEW_RECRUIT_ISSUES,
    alternating_offers,
    bargaining_solutions,
    baron_ferejohn,
    baron_ferejohn_scores,
    deal_or_no_deal_scores,
    enumerate_deals,
    frontier_solutions,
    integrative,
    integrative_weights,
    nash_demand_equilibria,
    new_recruit_scores,
    pareto_set,
    passing_deals,
    rubinstein,
    rubinstein_finite,
    wind_farm_game,
)

EXACT = 1e-9
shares = st.floats(0, 1)
factors = st.floats(0, 0.95)


def test_rubinstein_in_numbers():
    """Equal factors .9 and .9; then .9 and .8."""
    assert rubinstein(0.9, 0.9) == pytest.approx(0.526316, abs=5e-7)
    assert rubinstein(0.9, 0.8) == pytest.approx(0.714286, abs=5e-7)
    assert rubinstein(1, 0.5) == 1
    assert rubinstein(0.5, 1) == 0


@given(factors, factors)
def test_in_rubinsteins_equilibrium_each_offer_leaves_the_other_indifferent(d1, d2):
    assert rubinstein(d1, d2) == pytest.approx(1 - d2 * rubinstein(d2, d1), abs=EXACT)


@pytest.mark.parametrize(
    ("rounds", "share"),
    [(1, 1), (2, 0.1), (3, 0.91), (4, 0.181), (5, 0.8371), (10, 0.342801), (50, 0.5236)],
)
def test_a_finite_number_of_offers_in_numbers(rounds, share):
    assert rubinstein_finite(0.9, rounds) == pytest.approx(share, abs=5e-5 if rounds > 9 else EXACT)


@given(shares, st.integers(1, 60))
def test_backward_induction_agrees_with_the_closed_form(d, rounds):
    first, second = alternating_offers((d, d), rounds)
    assert first == pytest.approx(rubinstein_finite(d, rounds), abs=EXACT)
    assert first + second == pytest.approx(1, abs=EXACT)


@given(factors, factors, shares, shares)
def test_many_offers_come_close_to_infinitely_many(d1, d2, low, high):
    ends = (low * high, low * (1 - high))  # disagreement payoffs do not matter then
    first, _ = alternating_offers((d1, d2), 600, disagreement=ends)
    assert first == pytest.approx(rubinstein(d1, d2), abs=EXACT)


@given(factors, factors, shares, st.sampled_from([601, 602]))
def test_an_outside_option_matters_only_if_it_beats_bargaining(d1, d2, outside, rounds):
    """Binmore, Shaked & Sutton (1989): it is no threat otherwise, and a floor if it is one."""
    second = 1 - rubinstein(d1, d2)
    first, _ = alternating_offers((d1, d2), rounds, outside=(0, outside))
    assert first == pytest.approx(1 - max(second, outside), abs=EXACT)


def by_enumeration(discounts, rounds, outside, disagreement, pieces):
    """Values of the same game if offers must be multiples of a piece."""
    worth = list(disagreement)
    for offer in reversed(range(rounds)):
        proposer, responder = offer % 2, 1 - offer % 2
        if offer < rounds - 1:
            worth = [discounts[0] * worth[0], discounts[1] * worth[1]]
        refusal = list(outside) if outside[responder] > worth[responder] else list(worth)
        best = refusal
        for piece in range(pieces + 1):
            kept = 1 - piece / pieces
            if piece / pieces >= refusal[responder] and kept >= best[proposer]:
                best = [kept, kept]
                best[responder] = piece / pieces
                break
        worth = best
    return worth


@given(st.tuples(shares, shares), st.integers(1, 4), shares, shares, shares, shares)
def test_backward_induction_is_the_limit_of_small_pieces(d, rounds, pie, cut, end, end_cut):
    outside = (pie * cut, pie * (1 - cut))
    disagreement = (end * end_cut, end * (1 - end_cut))
    pieces = 400
    expected = by_enumeration(d, rounds, outside, disagreement, pieces)
    found = alternating_offers(d, rounds, outside, disagreement)
    assert found == pytest.approx(expected, abs=(rounds + 1) / pieces)
    assert sum(found) == pytest.approx(1, abs=EXACT)


def test_nobody_agrees_if_there_is_more_outside():
    assert alternating_offers((1, 1), 3, disagreement=(0.75, 0.75)) == (0.75, 0.75)
    assert alternating_offers((0.5, 0.5), 3, outside=(2, 2)) == (2, 2)
    assert alternating_offers((0.5, 0.5), 1, disagreement=(0.25, 0.5)) == (0.5, 0.5)


@pytest.mark.parametrize(("n", "d", "share"), [(3, 1, 2 / 3), (3, 0.9, 0.7), (5, 0.8, 0.68)])
def test_legislatures_in_numbers(n, d, share):
    """Baron & Ferejohn (1989): 1 - d (n - 1) / (2 n), and a minimal winning coalition."""
    proposer, _, coalition = baron_ferejohn(n, d)
    assert proposer == pytest.approx(share, abs=EXACT)
    assert coalition == (n + 1) // 2


@given(st.integers(1, 12), shares, st.data())
def test_legislators_sell_their_votes_for_what_waiting_is_worth(n, d, data):
    quota = data.draw(st.integers(1, n))
    proposer, partner, coalition = baron_ferejohn(n, d, quota)
    assert coalition == quota
    assert proposer + (quota - 1) * partner == pytest.approx(1, abs=EXACT)
    value = proposer / n + (n - 1) / n * (quota - 1) / max(n - 1, 1) * partner
    assert partner == pytest.approx(d * value, abs=EXACT)
    assert proposer >= partner - EXACT


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(0, 12))
def test_demands_from_which_nobody_deviates(demands, pie):
    def points(own, other):
        return own if own + other <= pie else 0

    expected = {
        (one, two)
        for one, two in itertools.product(demands, repeat=2)
        if points(one, two) == max(points(other, two) for other in demands)
        and points(two, one) == max(points(other, one) for other in demands)
    }
    found = nash_demand_equilibria(demands, pie).tolist()
    assert found == sorted(found)
    assert {(one, two) for one, two in found} == expected


def test_every_tenth_of_a_pie_is_an_equilibrium():
    tenths = np.arange(11) / 10
    found = nash_demand_equilibria(tenths)
    efficient = found[np.isclose(found.sum(axis=1), 1)]
    assert len(efficient) == 11
    assert found.tolist() == [*efficient.tolist(), [1, 1]]  # and the breakdown


def outcomes(fewest=1, most=4):
    """Small integers, so that there are many ties."""
    shapes = st.tuples(st.integers(1, 12), st.integers(fewest, most))
    return shapes.flatmap(lambda shape: arrays.arrays(np.int64, shape, elements=st.integers(0, 6)))


def dominated(utilities, row):
    """Whether another outcome is at least as good for all and better for one."""
    others = utilities[(utilities >= utilities[row]).all(axis=1)]
    return bool((others > utilities[row]).any())


@given(outcomes())
def test_the_pareto_set_by_definition(utilities):
    expected = [row for row in range(len(utilities)) if not dominated(utilities, row)]
    assert pareto_set(utilities).tolist() == expected


@given(st.integers(2, 4), st.integers(1, 200))
def test_the_pareto_set_of_random_points(parties, number):
    utilities = np.random.default_rng(number).random((number, parties))
    expected = [row for row in range(number) if not dominated(utilities, row)]
    assert pareto_set(utilities).tolist() == expected


def test_rounding_makes_no_outcome_better():
    third = 0.1 + 0.2  # a little above 0.3
    assert pareto_set([[third, 0.5], [0.3, 0.5]]).tolist() == [0, 1]
    assert pareto_set([[1e9, 0], [1e9, 1e-2]]).tolist() == [1]
    assert rows(bargaining_solutions([[third, 0.5]], [0.3, 0.5])) == (None,) * 4
    assert rows(bargaining_solutions([[0.3, 0.75]], [third, 0.5])) == (0,) * 4


def rows(solved):
    return solved.nash, solved.kalai_smorodinsky, solved.egalitarian, solved.utilitarian


@given(outcomes(), st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_solutions_by_definition(utilities, fallback):
    disagreement = np.array(fallback[: utilities.shape[1]])
    gains = utilities - disagreement
    zone = [gain for gain in gains if min(gain) >= 0 and max(gain) > 0]
    solved = bargaining_solutions(utilities, disagreement)
    assert solved.pareto == tuple(pareto_set(utilities).tolist())
    if not zone:
        assert rows(solved) == (None,) * 4
        return
    for row in rows(solved):
        assert row in solved.pareto
        assert gains[row].min() >= 0
    nash, kalai_smorodinsky, egalitarian, utilitarian = gains[list(rows(solved))]
    assert math.prod(nash) == max(math.prod(gain) for gain in zone)
    assert (nash > 0).sum() == max((gain > 0).sum() for gain in zone)
    assert sum(utilitarian) == max(sum(gain) for gain in zone)
    assert sorted(egalitarian) == max(sorted(gain) for gain in zone)
    ideal = np.maximum(np.max(zone, axis=0), 1)
    leximin = max(sorted(np.round(gain / ideal, 9)) for gain in zone)
    assert sorted(np.round(kalai_smorodinsky / ideal, 9)) == leximin


@given(outcomes(), st.randoms())
def test_parties_have_no_names(utilities, random):
    order = list(range(utilities.shape[1]))
    random.shuffle(order)
    zero = np.zeros(len(order))
    assert bargaining_solutions(utilities[:, order], zero) == bargaining_solutions(utilities, zero)


@given(outcomes(2, 2), st.integers(0, 3), st.integers(-20, 20), st.integers(1, 9))
def test_nash_and_kalai_smorodinsky_do_not_depend_on_the_scale(utilities, fallback, shift, scale):
    disagreement = np.array([fallback, fallback])
    gains = utilities - disagreement
    assume((gains > 0).all(axis=1).any())
    change = np.array([1, scale])
    solved = bargaining_solutions(utilities, disagreement)
    other = bargaining_solutions(utilities * change + shift, disagreement * change + shift)
    assert math.prod(gains[solved.nash]) == math.prod(gains[other.nash])
    ideal = gains[(gains >= 0).all(axis=1)].max(axis=0)
    before, after = (
        sorted(gains[row] / ideal) for row in (solved.kalai_smorodinsky, other.kalai_smorodinsky)
    )
    assert before == pytest.approx(after, abs=EXACT)
    assert solved.pareto == other.pareto


def test_no_zone_of_agreement_gives_no_solution():
    """Two negative gains have a positive product, which must not count."""
    assert rows(bargaining_solutions([[1, 1], [2, 0]], [5, 5])) == (None,) * 4
    assert rows(bargaining_solutions([[5, 5]], [5, 5])) == (None,) * 4  # nobody gains
    assert rows(bargaining_solutions([[5, 5], [5, 6], [9, 4]], [5, 5])) == (1,) * 4
    assert bargaining_solutions(np.zeros((0, 2)), [0, 0]).pareto == ()


def test_ties_are_broken_by_the_smallest_gain_then_by_the_row():
    # Nash products 12, sums 8 and 7.
    assert rows(bargaining_solutions([[2, 6], [3, 4], [4, 3], [6, 2]], [0, 0])) == (1, 1, 1, 0)
    assert bargaining_solutions([[5, 1], [3, 3], [1, 5]], [0, 0]).utilitarian == 1
    # Shares .5, .6, .9 beat .5, .6, .7, though gains 5, 6, 90 do not beat 5, 7, 60.
    extremes = [[10, 0, 0], [0, 10, 0], [0, 0, 100]]
    solved = bargaining_solutions([[5, 7, 60], [5, 6, 90], *extremes], [0, 0, 0])
    assert (solved.kalai_smorodinsky, solved.egalitarian) == (1, 0)


def test_solutions_of_a_parabolic_frontier():
    """Frontier u2 = 2 (1 - u1^2), nothing without agreement."""
    solved = frontier_solutions(lambda u1: 2 * (1 - u1**2), 0, 1)
    assert solved.nash == pytest.approx((0.57735, 1.33333), abs=5e-6)
    assert solved.kalai_smorodinsky == pytest.approx((0.618034, 1.236068), abs=1e-6)
    assert solved.egalitarian == pytest.approx((0.780776, 0.780776), abs=1e-6)
    assert solved.utilitarian == pytest.approx((0.25, 1.875), abs=1e-6)


@settings(max_examples=40)
@given(st.floats(0.2, 5), st.floats(1, 4), st.floats(0, 0.6), st.floats(0, 0.6))
def test_a_fine_grid_comes_close_to_the_frontier(height, power, d1, d2):
    def frontier(u1):
        return height * (1 - u1**power)

    fallback = (d1, d2 * height)
    assume(frontier(d1) > fallback[1] + 0.05 * height)
    exact = frontier_solutions(frontier, 0, 1, fallback)
    grid = np.linspace(0, 1, 2_001)
    points = np.stack([grid, frontier(grid)], axis=1)
    solved = bargaining_solutions(points, fallback)
    for point in exact:
        assert point[0] >= d1 - EXACT
        assert point[1] >= fallback[1] - EXACT
        assert point[1] == frontier(point[0])
    nash, best = np.array(exact.nash) - fallback, points[solved.nash] - fallback
    assert nash.prod() >= best.prod() - EXACT
    ideal = points[(points >= fallback).all(axis=1)].max(axis=0) - fallback
    share = (np.array(exact.kalai_smorodinsky) - fallback) / ideal
    assert share[0] == pytest.approx(share[1], abs=2e-2 / min(ideal.min(), 1))
    even = np.array(exact.egalitarian) - fallback
    assert even[0] == pytest.approx(even[1], abs=1e-6)
    assert sum(exact.utilitarian) >= points[solved.utilitarian].sum() - EXACT


def test_the_ends_of_a_frontier():
    def line(u1):
        return 1 - u1

    assert frontier_solutions(line, 0, 1, (0.6, 0.6)) == (None,) * 4
    assert frontier_solutions(line, 0, 1, (2, 0)) == (None,) * 4
    assert frontier_solutions(line, 0, 0, (0, 1)) == (None,) * 4
    assert frontier_solutions(line, 0.5, 0.5) == ((0.5, 0.5),) * 4
    for point in frontier_solutions(line, 0, 1, (0.5, 0.25)):
        assert point == pytest.approx((0.625, 0.375), abs=1e-6)
    # What one party can have without a loss to the other, it gets.
    for point in frontier_solutions(lambda u1: 0.25, 0, 1, (0, 0.25)):
        assert point == (1, 0.25)
    for point in frontier_solutions(lambda u1: 5.0, 0, 1):
        assert point == pytest.approx((1, 5), abs=1e-6)


@pytest.mark.parametrize("k", [0, 0.25, 0.5, 0.75, 1])
@pytest.mark.parametrize("issues", [2, 4])
def test_the_integrative_knob(k, issues):
    """Closed forms against all deals in which each issue is divided in quarters."""
    weights = integrative_weights(k, issues)
    expected = integrative(k)
    share = np.arange(5) / 4
    scores = np.stack([weights[0, :, None] * share, weights[1, :, None] * (1 - share)])
    utilities, deals = enumerate_deals(scores)
    assert weights.sum(axis=1) == pytest.approx([1, 1], abs=EXACT)
    assert utilities.sum(axis=1).max() == pytest.approx(expected.joint, abs=EXACT)
    halves = utilities[(deals == 2).all(axis=1)][0]
    assert halves == pytest.approx([expected.split] * 2, abs=EXACT)
    solved = bargaining_solutions(utilities, [0, 0])
    for row in (solved.nash, solved.kalai_smorodinsky, solved.egalitarian):
        assert utilities[row] == pytest.approx([expected.solution] * 2, abs=EXACT)
    cosine = weights[0] @ weights[1] / np.linalg.norm(weights[0]) / np.linalg.norm(weights[1])
    assert cosine == pytest.approx(expected.cosine, abs=EXACT)


@given(
    st.integers(1, 3),
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3).filter(any), min_size=1, max_size=4),
    st.randoms(),
)
def test_all_deals_by_brute_force(parties, offered, random):
    """Issues have different options, and the missing ones may be anywhere."""
    scores = np.array(
        [
            [[random.randint(-9, 9) if here else math.nan for here in issue] for issue in offered]
            for _ in range(parties)
        ]
    )
    options = [[option for option, here in enumerate(issue) if here] for issue in offered]
    utilities, deals = enumerate_deals(scores)
    expected = list(itertools.product(*options))
    assert deals.tolist() == [list(deal) for deal in expected]
    for row, deal in zip(utilities, expected, strict=True):
        total = sum(scores[:, issue, option] for issue, option in enumerate(deal))
        assert row.tolist() == total.tolist()


def test_new_recruit():
    """TextArena's table: 390,625 deals, at most 14,800 in sum, 3200 each in the middle."""
    scores = new_recruit_scores()
    assert scores.shape == (2, len(NEW_RECRUIT_ISSUES), 5)
    tracemalloc.start()
    utilities, deals = enumerate_deals(scores)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert memory < 100e6
    assert deals.shape == (390_625, 8)
    joint = utilities.sum(axis=1)
    assert joint.max() == 14_800
    efficient = utilities[joint == 14_800]
    assert len(efficient) == 25
    assert efficient.min(axis=1).max() == 7_400
    assert utilities[(deals == 2).all(axis=1)].tolist() == [[3200, 3200]]
    solved = bargaining_solutions(utilities, [0, 0])
    for row in rows(solved):
        assert utilities[row].tolist() == [7400, 7400]


def test_the_kinds_of_issues_of_new_recruit():
    """Two are distributive, in two both want the same, in four there is something to trade."""
    recruiter, candidate = new_recruit_scores()
    for issue in (0, 1):
        assert np.ptp(recruiter[issue] + candidate[issue]) == 0
    for issue in (2, 3):
        assert (recruiter[issue] == candidate[issue]).all()
    ranges = np.ptp(recruiter[4:], axis=1) / np.ptp(candidate[4:], axis=1)
    assert ranges.tolist() == pytest.approx([0.4, 2.5, 0.25, 4], abs=EXACT)
    assert (np.diff(recruiter[4:]) * np.diff(candidate[4:]) < 0).all()


@pytest.mark.parametrize(("parties", "units"), [(1, 3), (2, 5), (3, 4), (5, 3)])
def test_divisions_of_a_pie(parties, units):
    scores = baron_ferejohn_scores(parties, units)
    utilities, _ = enumerate_deals(scores)
    expected = [
        division
        for division in itertools.product(range(units + 1), repeat=parties)
        if sum(division) == units
    ]
    assert (utilities * units).round(9).tolist() == [list(division) for division in expected]
    assert len(pareto_set(utilities)) == len(utilities)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3), st.randoms())
def test_items_go_to_one_or_the_other(counts, random):
    values = [[random.randint(0, 5) for _ in counts] for _ in range(2)]
    utilities, deals = enumerate_deals(deal_or_no_deal_scores(counts, values))
    assert len(deals) == math.prod(count + 1 for count in counts)
    given_up = np.array(counts) - deals
    assert (given_up >= 0).all()
    assert utilities.tolist() == np.stack([deals @ values[0], given_up @ values[1]], 1).tolist()


def test_the_wind_farm():
    """Six parties, five issues of three to five options; 32 of 960 deals pass, 7 please all."""
    game = wind_farm_game()
    assert game.scores.shape == (len(game.parties), len(game.issues), max(map(len, game.options)))
    assert [len(options) for options in game.options] == [4, 4, 5, 4, 3]
    for options, offered in zip(game.options, ~np.isnan(game.scores[0]), strict=True):
        assert len(options) == offered.sum()
    assert np.nanmax(game.scores, axis=2).sum(axis=1).tolist() == [100] * 6
    assert np.nanmin(game.scores) == 0
    utilities, deals = enumerate_deals(game.scores)
    assert len(deals) == 960
    passing = passing_deals(utilities, game.thresholds, game.vetoes, game.quota)
    unanimous = passing_deals(utilities, game.thresholds, game.vetoes, 6)
    assert (len(passing), len(unanimous)) == (32, 7)
    content = [
        [points >= least for points, least in zip(row, game.thresholds, strict=True)]
        for row in utilities
    ]
    expected = [row for row, yes in enumerate(content) if sum(yes) >= 5 and yes[0] and yes[1]]
    assert passing.tolist() == expected
    without_vetoes = passing_deals(utilities, game.thresholds, (), game.quota)
    assert set(passing) < set(without_vetoes)
    for party in range(6):  # what is best for one does not please all
        assert utilities[:, party].argmax() not in unanimous
    for party in range(2, 6):  # anybody without a veto can be left behind
        assert not all(content[row][party] for row in passing)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: rubinstein(1, 1), "any division"),
        (lambda: rubinstein(-0.1, 0.5), r"d1 is -0\.1"),
        (lambda: rubinstein(0.5, 1.1), r"d2 is 1\.1"),
        (lambda: rubinstein_finite(0.5, 0), r"rounds is 0\.0"),
        (lambda: rubinstein_finite(0.5, 1.5), r"rounds is 1\.5, but it must be a whole number"),
        (lambda: alternating_offers((0.5,), 2), "discounts has 1 entries"),
        (lambda: alternating_offers((0.5, 2), 2), r"discounts\[1\] is 2\.0"),
        (lambda: alternating_offers((1, 1), 0), r"rounds is 0\.0"),
        (lambda: alternating_offers((1, 1), 2, outside=(-1, 0)), r"outside\[0\] is -1\.0"),
        (lambda: alternating_offers((1, 1), 2, disagreement=(0, math.nan)), r"disagreement\[1\]"),
        (lambda: baron_ferejohn(0, 1), r"n is 0\.0"),
        (lambda: baron_ferejohn(3, 1.1), r"discount is 1\.1"),
        (lambda: baron_ferejohn(3, 1, 4), r"quota is 4\.0.* \[1, 3\]"),
        (lambda: nash_demand_equilibria([]), "demands is empty"),
        (lambda: nash_demand_equilibria([-1, 1]), "demands must be finite and at least 0"),
        (lambda: nash_demand_equilibria([1], pie=-1), r"pie is -1\.0"),
        (lambda: pareto_set([1, 2]), "utilities has shape"),
        (lambda: pareto_set([[1, math.nan]]), "utilities has shape"),
        (lambda: bargaining_solutions([[1, 2]], [0]), "disagreement has shape"),
        (lambda: bargaining_solutions([[1, 2]], [0, math.inf]), "disagreement has shape"),
        (lambda: frontier_solutions(lambda u1: u1, 0, 1), "frontier rises"),
        (lambda: frontier_solutions(lambda u1: 1 - u1, 1, 0), r"high is 0\.0"),
        (lambda: frontier_solutions(lambda u1: math.nan, 0, 1), r"frontier\(0\.0\) is nan"),
        (lambda: frontier_solutions(lambda u1: 1 - u1, 0, 1, (0,)), "disagreement has 1 entries"),
        (lambda: integrative(1.5), r"k is 1\.5"),
        (lambda: integrative_weights(-1, 2), r"k is -1\.0"),
        (lambda: integrative_weights(0.5, 3), "issues is 3, but each party favours half"),
        (lambda: enumerate_deals([[1, 2]]), "scores has shape"),
        (lambda: enumerate_deals([[[math.inf]]]), "scores has shape"),
        (lambda: enumerate_deals([[[math.nan]]]), "issue 0 has no option"),
        (lambda: enumerate_deals([[[1, 2]], [[1, math.nan]]]), "some of the parties only"),
        (lambda: enumerate_deals(np.zeros((2, 30, 2))), "1,073,741,824 deals"),
        (lambda: baron_ferejohn_scores(0, 3), r"parties is 0\.0"),
        (lambda: baron_ferejohn_scores(20, 100), "cut the pie into fewer"),
        (lambda: deal_or_no_deal_scores([], []), "counts is empty"),
        (lambda: deal_or_no_deal_scores([1.5], [[1], [1]]), r"counts\[0\] is 1\.5"),
        (lambda: deal_or_no_deal_scores([1], [[1, 2], [1, 2]]), "values has shape"),
        (lambda: passing_deals([1], (1,), (), 1), "utilities has shape"),
        (lambda: passing_deals([[1, 2]], (1,), (), 1), "1 thresholds, but 2 parties"),
        (lambda: passing_deals([[1, 2]], (1, 1), (2,), 1), r"veto is 2\.0"),
        (lambda: passing_deals([[1, 2]], (1, 1), (), 3), r"quota is 3\.0"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
