"""Call markets, double auctions and lemons, against brute force and random samples."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from posalign_sim.theory import (
    expected_maximal_gains,
    first_price_bid,
    k_price,
    lemons,
    market_equilibrium,
    mcafee,
    second_price_revenue,
    smiths_alpha,
)

offers = st.lists(st.integers(0, 12), min_size=1, max_size=6)


def best_surplus(values, costs):
    """The most that any choice of equally many buyers and sellers gains."""
    return max(
        sum(buyers) - sum(sellers)
        for size in range(min(len(values), len(costs)) + 1)
        for buyers in combinations(values, size)
        for sellers in combinations(costs, size)
    )


@given(offers, offers)
def test_the_equilibrium_clears_the_market_and_is_efficient(values, costs):
    quantity, low, high, surplus = market_equilibrium(values, costs)
    assert surplus == best_surplus(values, costs)
    assert low <= high
    for price in (low, (low + high) / 2, high):
        # Who strictly wants to trade can, and whoever trades is willing.
        assert sum(value > price for value in values) <= quantity
        assert sum(cost < price for cost in costs) <= quantity
        assert sum(value >= price for value in values) >= quantity
        assert sum(cost <= price for cost in costs) >= quantity
    for price in (low - 0.5, high + 0.5):
        demand, supply = sum(v > price for v in values), sum(c < price for c in costs)
        assert demand != supply


@given(offers, offers)
def test_the_interval_is_between_two_neighbours_among_all_offers(values, costs):
    """Rustichini, Satterthwaite & Williams (1994): the b-th and next of all, b = buyers."""
    ordered = sorted(values + costs)
    _, low, high, _ = market_equilibrium(values, costs)
    assert (low, high) == (ordered[len(values) - 1], ordered[len(values)])


@given(offers, offers, st.floats(0, 1))
def test_the_k_price_lies_in_the_interval(values, costs, k):
    _, low, high, _ = market_equilibrium(values, costs)
    assert low - 1e-9 <= k_price(values, costs, k) <= high + 1e-9
    assert k_price(values, costs, 0) == low
    assert k_price(values, costs, 1) == high


def test_the_market_of_gode_and_sunder():
    """11 + 11 traders, values and costs 75..325 by 25: 6 units at 200."""
    ladder = list(range(75, 326, 25))
    assert market_equilibrium(ladder, ladder) == (6, 200, 200, 750)


@given(offers, offers)
def test_mcafee_never_runs_a_deficit_and_loses_one_trade_at_most(values, costs):
    result, best = mcafee(values, costs), market_equilibrium(values, costs)
    assert result.budget >= 0
    assert result.quantity in (best.quantity, max(best.quantity - 1, 0))
    assert 0 <= result.surplus <= best.surplus
    if result.quantity:
        assert result.buyer_price >= result.seller_price
        assert sum(value >= result.buyer_price for value in values) >= result.quantity
        assert sum(cost <= result.seller_price for cost in costs) >= result.quantity
        spread = result.buyer_price - result.seller_price
        assert result.budget == pytest.approx(result.quantity * spread)
    else:
        assert math.isnan(result.buyer_price)


def gains_of(agent, result, values, costs, true):
    """Points of one trader under its true value or cost, ties broken in its disfavour."""
    side, offer = agent
    if result.quantity == 0:
        return 0.0
    if side == "buyer":
        ahead = sum(value >= offer for value in values)
        return true - result.buyer_price if ahead < result.quantity else 0.0
    ahead = sum(cost <= offer for cost in costs)
    return result.seller_price - true if ahead < result.quantity else 0.0


@given(offers, offers, st.integers(0, 12), st.integers(0, 12), st.booleans())
def test_in_mcafees_auction_truth_is_dominant(values, costs, true, told, buys):
    """Offers are halves off the others' grid, so that the trader is in no tie."""
    true, told = true + 0.5, told + 0.5

    def played(offer):
        if buys:
            result = mcafee([*values, offer], costs)
            return gains_of(("buyer", offer), result, values, costs, true)
        result = mcafee(values, [*costs, offer])
        return gains_of(("seller", offer), result, values, costs, true)

    assert played(told) <= played(true) + 1e-9


def mcafee_gains(values, costs):
    """Efficient and realised gains of many markets at once; the support is [0, 1]."""
    markets = len(values)
    worth, needed = np.sort(values)[:, ::-1], np.sort(costs)
    gains = np.maximum(worth - needed, 0)
    k = (worth >= needed).sum(axis=1)
    rows, last = np.arange(markets), np.maximum(k - 1, 0)
    padded = np.hstack([worth, np.zeros((markets, 1))]), np.hstack([needed, np.ones((markets, 1))])
    price = (padded[0][rows, k] + padded[1][rows, k]) / 2
    accepted = (needed[rows, last] <= price) & (price <= worth[rows, last])
    best = gains.sum(axis=1)
    return best, best - np.where(accepted, 0, gains[rows, last])


@pytest.mark.parametrize(
    ("n", "markets", "efficiency", "gains"),
    [(1, 200_000, 0.75, 1 / 6), (2, 400_000, 0.823, 0.399), (8, 100_000, 0.976, 1.882)],
)
def test_efficiency_of_mcafees_auction_with_uniform_values(n, markets, efficiency, gains):
    """McAfee (1992): n + n traders; 3/4 for one pair, who trade iff 1/2 suits both."""
    draws = np.random.default_rng()
    values, costs = draws.random((2, markets, n))
    best, realised = mcafee_gains(values, costs)
    error = (realised - realised.mean() / best.mean() * best).std() / best.mean() / markets**0.5
    assert 4 * error < 0.006
    assert realised.mean() / best.mean() == pytest.approx(efficiency, abs=0.001 + 4 * error)
    assert expected_maximal_gains(n, n) == pytest.approx(gains, abs=0.0015)
    four_errors = 4 * best.std() / markets**0.5
    assert expected_maximal_gains(n, n) == pytest.approx(best.mean(), abs=four_errors)
    for market in range(200):
        result = mcafee(values[market], costs[market], lowest_value=0, highest_cost=1)
        assert result.surplus == pytest.approx(realised[market], abs=1e-12)


@pytest.mark.parametrize(("buyers", "sellers"), [(1, 1), (1, 4), (3, 2), (8, 8), (20, 35)])
def test_maximal_gains_by_order_statistics(buyers, sellers):
    """The i-th trade gains if the i-th highest value exceeds the i-th lowest cost."""

    def surplus(price):
        i = np.arange(1, min(buyers, sellers) + 1)
        wants_to_sell = special.betainc(i, sellers - i + 1, price)
        wants_to_buy = special.betainc(i, buyers - i + 1, 1 - price)
        return float((wants_to_sell * wants_to_buy).sum())

    expected, _ = integrate.quad(surplus, 0, 1, epsabs=1e-12)
    assert expected_maximal_gains(buyers, sellers) == pytest.approx(expected, abs=1e-9)
    assert expected_maximal_gains(sellers, buyers) == pytest.approx(expected, abs=1e-9)


def test_large_markets_gain_a_quarter_a_trader():
    """Half of each side trades, at a mean gain of 1/2."""
    assert expected_maximal_gains(100, 100) / 100 == pytest.approx(0.25, abs=2e-3)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10])
def test_both_auctions_raise_the_same(n):
    """Vickrey (1961): the expected first-price bid of the highest value, by its density."""
    first, _ = integrate.quad(lambda v: first_price_bid(v, n) * n * v ** (n - 1), 0, 1)
    assert second_price_revenue(n) == pytest.approx(first, abs=1e-9)
    assert second_price_revenue(n) == pytest.approx((n - 1) / (n + 1), abs=1e-12)


@given(st.floats(0, 1), st.integers(2, 8), st.floats(0, 1))
def test_no_other_first_price_bid_is_better(value, n, bid):
    """The others bid `(n - 1) / n` of uniform values."""

    def profit(offer):
        return (value - offer) * min(1, offer * n / (n - 1)) ** (n - 1)

    assert profit(bid) <= profit(first_price_bid(value, n)) + 1e-12


def test_lemons_in_numbers():
    """Akerlof (1970): without a floor of quality nothing sells, above (2 - k) / k all does."""
    assert lemons(0, 1.9) == (0, 0, 0)
    assert lemons(1 / 3, 1.5) == pytest.approx((1, 1, 1), abs=1e-9)
    assert lemons(0.2, 1.5).price == pytest.approx(0.6, abs=1e-9)


@given(st.floats(0, 0.99), st.floats(1.01, 1.99))
def test_buyers_of_lemons_break_even(q0, k):
    price, traded, efficiency = lemons(q0, k)
    assert q0 - 1e-12 <= price <= 1
    assert 0 <= efficiency <= traded + 1e-9 <= 1 + 2e-9
    mean_worth = k * (q0 + price) / 2
    if price < 1:
        assert mean_worth == pytest.approx(price, abs=1e-9)
        assert q0 <= (2 - k) / k + 1e-9
        assert traded <= 1
    else:
        assert mean_worth >= 1 - 1e-9
        assert q0 >= (2 - k) / k - 1e-9
        assert traded == 1
    for higher in np.linspace(price, 1, 20)[1:]:
        if price < 1:
            assert k * (q0 + higher) / 2 < higher + 1e-12  # at a higher price buyers lose


def test_dispersion_of_prices():
    assert smiths_alpha([200, 200], 200) == 0
    assert smiths_alpha([180, 220], 200) == pytest.approx(10, abs=1e-9)
    assert smiths_alpha([220], 200) == pytest.approx(10, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: market_equilibrium([], [1]), "values has shape"),
        (lambda: market_equilibrium([1], [math.nan]), "costs has shape"),
        (lambda: market_equilibrium([[1]], [1]), "values has shape"),
        (lambda: k_price([1], [1], 1.5), r"k is 1\.5"),
        (lambda: mcafee([1], []), "costs has shape"),
        (lambda: mcafee([0.5], [0.5], lowest_value=0.6), "beyond lowest_value 0.6"),
        (lambda: mcafee([0.5], [0.5], highest_cost=0.4), "highest_cost 0.4"),
        (lambda: expected_maximal_gains(0, 1), r"buyers is 0\.0"),
        (lambda: expected_maximal_gains(1, 1.5), r"sellers is 1\.5, but it must be a whole"),
        (lambda: second_price_revenue(0), r"n is 0\.0"),
        (lambda: first_price_bid(1.5, 2), r"value is 1\.5"),
        (lambda: first_price_bid(0.5, 0), r"n is 0\.0"),
        (lambda: lemons(1, 1.5), "q0 is 1"),
        (lambda: lemons(-0.1, 1.5), r"q0 is -0\.1"),
        (lambda: lemons(0.5, 1), r"k is 1\.0, but it must lie between"),
        (lambda: lemons(0.5, 2), r"k is 2\.0, but it must lie between"),
        (lambda: smiths_alpha([], 1), "prices has shape"),
        (lambda: smiths_alpha([1], 0), "equilibrium_price is 0"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
