"""Published results of double auctions and sealed-bid auctions, from play."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, param, simulate
from posalign_sim.agents import EquilibriumBidder, Truthful, ZeroIntelligence
from posalign_sim.agents.trading.traders import (
    any_price,
    gainful_price,
    hear,
    margin_price,
    true_price,
)
from posalign_sim.envs import DoubleAuction, SealedBid
from posalign_sim.envs.double_auction import AuctionSight
from posalign_sim.theory.auctions import (
    expected_maximal_gains,
    market_equilibrium,
    second_price_revenue,
)

QUOTE = 1
SCHEDULE = np.arange(75.0, 326.0, 25.0)
PRICE = 200.0  # where supply and demand of the schedule meet
N = len(SCHEDULE)
ZI_C, ZI_U, ZIP, TRUTHFUL = range(4)
TAPE = 500  # as many turns as a day with adaptive traders has: they hear all that is shouted


class Anybody(Agent):
    """A trader of any of the kinds: all of this file's markets are one structure."""

    least_rate: float = param(0.1)
    greatest_rate: float = param(0.5)
    momentum: float = param(0.1)
    least_margin: float = param(0.05)
    greatest_margin: float = param(0.35)
    relative: float = param(0.05)
    absolute: float = param(5)
    sort_of: float = param(0, 0, 3)

    @staticmethod
    def quote(p: AuctionSight, i):
        sort_of = p.params[i, 7]
        if sort_of == ZI_U:
            return any_price(p, i)
        if sort_of == ZIP:
            hear(p, i)
            price = np.rint(margin_price(p, i))
            return QUOTE, int(min(max(price, p.least[i]), p.greatest[i]))
        return gainful_price(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i):
        return true_price(p, i)

    @staticmethod
    def learn(p: AuctionSight, i):
        if p.params[i, 7] == ZIP:
            hear(p, i)


def market(sort_of, worlds, seed, limits, rounds=1, history=(), **more):
    trader = Anybody(sort_of=sort_of)
    made = Scenario(
        DoubleAuction(limits=limits, tape=TAPE, **more),
        {"buyer": [trader] * N, "seller": [trader] * N},
        rounds=rounds,
        metrics=(),
    )
    run = simulate(made, worlds, seed, history=history, progress=False)
    assert not len(run.faults)
    return run


def efficiency(run):
    own = run.worlds["double_auction"]
    return own["gains"].sum() / own["most_gains"].sum()


def alpha(own, price=PRICE):
    """Smith's coefficient of each world's last day."""
    n = np.maximum(1, own["day_trades"])
    square = own["day_squares"] - 2 * price * own["day_prices"] + n * price**2
    return 100 * np.sqrt(np.maximum(0, square) / n) / price


SYMMETRIC = np.concatenate([SCHEDULE, SCHEDULE])[:, None]
FLAT = np.concatenate([SCHEDULE, np.full(N, PRICE)])[:, None]


def test_the_schedule_is_what_it_is_said_to_be():
    equilibrium = market_equilibrium(SCHEDULE, SCHEDULE)
    assert equilibrium.quantity == 6
    assert equilibrium.low == equilibrium.high == PRICE


# --- zero intelligence (Gode & Sunder 1993) ------------------------------------------------------


def test_budget_constraints_make_markets_of_zero_intelligence_efficient():
    run = market(ZI_C, 4000, 1, SYMMETRIC, steps=500, cleared=1)
    own = run.worlds["double_auction"]
    assert efficiency(run) == pytest.approx(0.959, abs=0.01)
    assert own["trades"].mean() == pytest.approx(6.0, abs=0.1)
    assert alpha(own).mean() == pytest.approx(20, abs=2)


def test_a_book_that_persists_is_as_efficient():
    run = market(ZI_C, 2000, 2, SYMMETRIC, steps=2000, cleared=0)
    assert efficiency(run) == pytest.approx(0.963, abs=0.01)


def test_with_one_cost_for_all_nothing_is_lost():
    run = market(ZI_C, 1000, 3, FLAT, steps=2000)
    assert efficiency(run) == pytest.approx(1.0, abs=0.002)


def test_without_the_constraint_traders_trade_all_gains_away():
    # Everybody trades in the end, and all values together are all costs together.
    run = market(ZI_U, 500, 4, SYMMETRIC, steps=20_000, constrained=0)
    own = run.worlds["double_auction"]
    assert (own["trades"] == N).all()
    assert efficiency(run) == 0


@pytest.mark.parametrize(("cleared", "expected"), [(1, 0.951), (0, 0.976)])
def test_large_markets_of_zero_intelligence(cleared, expected):
    trader = ZeroIntelligence()
    made = Scenario(
        DoubleAuction(steps=2000, cleared=cleared),
        {"buyer": [trader] * 100, "seller": [trader] * 100},
        rounds=1,
        metrics=(),
    )
    run = simulate(made, 6, 5, mode="interpreted", progress=False)
    assert efficiency(run) == pytest.approx(expected, abs=0.015)


# --- ZIP (Cliff 1997) ----------------------------------------------------------------------------


def test_zip_prices_converge_in_two_or_three_days():
    # Cliff's market: eleven of each side, 75 to 325 in steps of 25, limits that stay, days that go
    # on until nobody has traded for a hundred shouts or so, traders who hear all of them.
    worlds = 1000
    run = market(ZIP, worlds, 6, SYMMETRIC, rounds=3, history=range(worlds), steps=TAPE)
    first, *later = (alpha(h["double_auction"]) for h in run.history[1:])
    for day in later:
        gain = first / 2 - day
        assert gain.mean() > 4 * gain.std() / np.sqrt(worlds)
    assert efficiency(run) > 0.9


# --- call markets --------------------------------------------------------------------------------


def small_market(n, worlds, seed):
    """Values and costs uniform on [0, 1] of `n` buyers and sellers; nobody else can trade.

    Each limit takes every part of its range once (McKay, Beckman & Conover 1979), so that means
    over a batch vary less than if all were drawn by themselves.
    """
    rng = np.random.default_rng(seed)
    strata = rng.permuted(np.tile(np.arange(worlds), (2 * n, 1)), axis=1).T
    drawn = (strata + rng.random((worlds, 2 * n))) / worlds
    limits = np.zeros((worlds, 2 * N, 1))
    limits[:, N:] = 2.0
    limits[:, :n, 0] = drawn[:, :n]
    limits[:, N : N + n, 0] = drawn[:, n:]
    return limits


@pytest.mark.parametrize(
    ("n", "ratio", "gains", "batches"), [(2, 0.823, 0.399, 48), (8, 0.976, 1.882, 16)]
)
def test_what_mcafees_rule_loses(n, ratio, gains, batches):
    worlds, tolerance = 8000, 0.003
    ratios, most = [], []
    for seed in range(batches):
        limits = small_market(n, worlds, seed)
        run = market(TRUTHFUL, worlds, seed, limits, call=1, clearing=1, tick=0.001, ceiling=1000)
        ratios.append(efficiency(run))
        most.append(run.worlds["double_auction"]["most_gains"].mean())
    for found, published in ((ratios, ratio), (most, gains)):
        assert 4 * np.std(found, ddof=1) / np.sqrt(batches) < tolerance
        assert abs(np.mean(found) - published) < tolerance
    error = np.std(most, ddof=1) / np.sqrt(batches)
    assert abs(np.mean(most) - expected_maximal_gains(n, n)) < 4 * error


def test_nobody_gains_by_not_telling_mcafee_the_truth():
    worlds, n = 120, 4
    limits = np.random.default_rng(3).integers(1, 100, (worlds, 2 * n, 1)).astype(float)

    def gained(first, seat):
        seats = [Truthful()] * (2 * n)
        seats[seat] = first
        made = Scenario(
            DoubleAuction(limits=limits, call=1, clearing=1, ceiling=100),
            {"buyer": seats[:n], "seller": seats[n:]},
            rounds=1,
            metrics=(),
        )
        return simulate(made, worlds, 9, mode="interpreted", progress=False).points[:, seat]

    for seat in (0, n):
        assert (gained(Truthful(), seat) >= gained(ZeroIntelligence(), seat)).all()
        assert (gained(Truthful(), seat) > gained(ZeroIntelligence(), seat)).any()


# --- sealed bids (Vickrey 1961) ------------------------------------------------------------------


class Deviant(Agent):
    """Bids so many times its value."""

    factor: float = param(1, 0, 3)

    @staticmethod
    def bid(p, i):
        return 1, int(min(p.greatest_bid, p.params[i, 0] * p.private_value[i]))


def auctions(bidders, worlds, seed=1, **more):
    made = Scenario(SealedBid(**more), bidders, rounds=1, metrics=())
    return simulate(made, worlds, seed, mode="interpreted", progress=False)


@pytest.mark.parametrize("rival", [0.6, 1.0, 1.4])
def test_in_a_second_price_auction_truth_is_dominant(rival):
    worlds = 150
    factors = [0.5, 0.9, 1.1, 2.0]
    # Worlds of one pair number have the same values and luck, whatever is bid.
    pairs = np.tile(np.arange(worlds), 1 + len(factors))
    factor = np.repeat([1.0, *factors], worlds)
    made = Scenario(
        SealedBid(),
        [Deviant(factor=factor), *[Deviant(factor=rival)] * 2],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, len(pairs), 2, pairs=pairs, mode="interpreted", progress=False)
    truth, *others = run.points[:, 0].reshape(-1, worlds)
    for gained in others:
        assert (gained <= truth).all()
        assert (gained < truth).any()


@pytest.mark.parametrize("n", [2, 5])
def test_both_price_rules_earn_the_seller_the_same(n):
    expected = second_price_revenue(n)
    worlds = 500
    for rule in (1, 2):
        revenue = auctions([EquilibriumBidder()] * n, worlds, price_rule=rule)
        earned = revenue.worlds["sealed_bid"]["revenue"]
        assert abs(earned.mean() - expected) < 4 * earned.std() / np.sqrt(worlds) + 0.001
        own = revenue.worlds["sealed_bid"]
        assert (own["value_won"] >= own["value_best"] - 0.002).all()


def test_in_a_first_price_auction_truth_gains_nothing():
    assert (auctions([Truthful()] * 3, 100, price_rule=1).points == 0).all()
    assert auctions([EquilibriumBidder()] * 3, 100, price_rule=1).points.sum() > 0
