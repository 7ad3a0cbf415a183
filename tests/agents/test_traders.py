"""Traders and bidders, one decision at a time."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from posalign_sim.agents import (
    EquilibriumBidder,
    Truthful,
    UnconstrainedZeroIntelligence,
    ZeroIntelligence,
    ZeroIntelligencePlus,
)
from posalign_sim.theory.auctions import first_price_bid
from posalign_sim.world.draws import mix

BUYER, SELLER = 0, 1
HOLD, QUOTE = 0, 1
BID, ASK, BID_TAKEN, ASK_TAKEN = range(4)


def trader(role, limit, *, constrained=True, ceiling=400, left=1, luck=1, shouts=()):
    """What a seat sees."""
    low = limit if constrained and role == SELLER else 1
    high = min(limit, ceiling) if constrained and role == BUYER else ceiling
    p = SimpleNamespace(
        role=[role],
        limit=[limit],
        least=[max(1, low)],
        greatest=[high],
        ceiling=ceiling,
        units_left=[left],
        own_quote=[-1],
        round_key=mix(7, luck),
        point=3,
        birth=[5],
        slots=np.zeros((1, 12)),
        params=np.zeros((1, 8)),
        shouts=0,
        shout_price=np.zeros(16, int),
        shout_kind=np.zeros(16, int),
    )
    p.params[0, :7] = 0.3, 0.3, 0, 0.2, 0.2, 0, 0
    hearing(p, shouts)
    return p


def hearing(p, shouts):
    for kind, price in shouts:
        p.shout_price[p.shouts % 16], p.shout_kind[p.shouts % 16] = price, kind
        p.shouts += 1


@pytest.mark.parametrize(
    ("agent", "role", "constrained", "low", "high"),
    [
        (ZeroIntelligence, BUYER, True, 1, 8),
        (ZeroIntelligence, BUYER, False, 1, 8),
        (ZeroIntelligence, SELLER, True, 8, 12),
        (ZeroIntelligence, SELLER, False, 8, 12),
        (UnconstrainedZeroIntelligence, BUYER, False, 1, 12),
        (UnconstrainedZeroIntelligence, SELLER, False, 1, 12),
        (UnconstrainedZeroIntelligence, BUYER, True, 1, 8),
        (UnconstrainedZeroIntelligence, SELLER, True, 8, 12),
    ],
)
@pytest.mark.parametrize("decision", ["quote", "sealed_quote"])
def test_zero_intelligence_quotes_all_prices_alike(agent, role, constrained, low, high, decision):
    said = [
        getattr(agent, decision)(trader(role, 8, constrained=constrained, ceiling=12, luck=luck), 0)
        for luck in range(600)
    ]
    assert {choice for choice, _ in said} == {QUOTE}
    prices = np.array([price for _, price in said])
    assert set(prices.tolist()) == set(range(low, high + 1))
    p = 1 / (high - low + 1)
    shares = np.bincount(prices, minlength=high + 1)[low:] / 600
    assert (np.abs(shares - p) < 4.5 * np.sqrt(p * (1 - p) / 600)).all()


@pytest.mark.parametrize("agent", [ZeroIntelligence, UnconstrainedZeroIntelligence, Truthful])
def test_who_may_quote_no_price_holds(agent):
    assert agent.quote(trader(BUYER, 0), 0)[0] == HOLD
    assert agent.sealed_quote(trader(SELLER, 500), 0)[0] == HOLD


def test_the_truthful_quote_their_limits():
    assert Truthful.quote(trader(BUYER, 30), 0) == (QUOTE, 30)
    assert Truthful.sealed_quote(trader(SELLER, 30), 0) == (QUOTE, 30)
    assert Truthful.quote(trader(SELLER, 500, constrained=False), 0)[0] == HOLD
    assert Truthful.quote(trader(BUYER, 500), 0) == (QUOTE, 400)


# --- ZIP: limit 100, margin 0.2, rate 0.3, no momentum, targets at the price shouted -------------


@pytest.mark.parametrize(
    ("role", "shout", "price"),
    [
        # A seller at 120: a bid of 150 was taken, it could have had more: up by 0.3 x 30.
        (SELLER, (BID_TAKEN, 150), 129),
        (SELLER, (ASK_TAKEN, 150), 129),
        # A bid of 90 was taken, which it missed: down by 0.3 x 30; not if it was an ask.
        (SELLER, (BID_TAKEN, 90), 111),
        (SELLER, (ASK_TAKEN, 90), 120),
        # An ask of 110 was not good enough: down by 0.3 x 10; a dearer one tells nothing.
        (SELLER, (ASK, 110), 117),
        (SELLER, (ASK, 130), 120),
        (SELLER, (BID, 90), 120),
        # A buyer at 80, the same way round.
        (BUYER, (ASK_TAKEN, 50), 71),
        (BUYER, (BID_TAKEN, 50), 71),
        (BUYER, (ASK_TAKEN, 90), 83),
        (BUYER, (BID_TAKEN, 90), 80),
        (BUYER, (BID, 90), 83),
        (BUYER, (BID, 70), 80),
        (BUYER, (ASK, 90), 80),
        # Nobody plans to lose.
        (SELLER, (BID_TAKEN, 1), 100),
        (BUYER, (BID, 400), 100),
    ],
)
def test_zip_moves_its_margin_as_cliff_says(role, shout, price):
    p = trader(role, 100, shouts=[shout])
    assert ZeroIntelligencePlus.quote(p, 0) == (QUOTE, price)


def test_zip_traders_who_are_done_only_raise():
    assert ZeroIntelligencePlus.quote(trader(SELLER, 100, left=0, shouts=[(ASK, 110)]), 0)[1] == 120
    p = trader(SELLER, 100, left=0, shouts=[(ASK_TAKEN, 150)])
    assert ZeroIntelligencePlus.quote(p, 0)[1] == 129


def test_zip_hears_each_shout_once_and_the_latest_that_are_published():
    p = trader(SELLER, 100, shouts=[(ASK_TAKEN, 150)])
    assert ZeroIntelligencePlus.quote(p, 0)[1] == 129
    ZeroIntelligencePlus.learn(p, 0)
    assert ZeroIntelligencePlus.sealed_quote(p, 0)[1] == 129
    # Of what was shouted only the latest sixteen are on this tape.
    hearing(p, [(ASK_TAKEN, 400)] * 4 + [(ASK, 300)] * 16)
    assert ZeroIntelligencePlus.quote(p, 0)[1] == 129


def test_zip_has_momentum():
    p = trader(SELLER, 100, shouts=[(ASK_TAKEN, 150)])
    p.params[0, 2] = 0.5
    ZeroIntelligencePlus.quote(p, 0)
    inertia = p.slots[0, 5]
    assert 0 < inertia < 0.5
    assert 100 * (1 + p.slots[0, 2]) == pytest.approx(120 + (1 - inertia) * 9)
    hearing(p, [(ASK_TAKEN, 150)])
    before, moved = 100 * (1 + p.slots[0, 2]), p.slots[0, 3]
    ZeroIntelligencePlus.learn(p, 0)
    step = inertia * moved + (1 - inertia) * 0.3 * (150 - before)
    assert 100 * (1 + p.slots[0, 2]) == pytest.approx(before + step)


# --- bidders --------------------------------------------------------------------------------------


def bidder(value, n=4, second=0, reserve=0, luck=1):
    return SimpleNamespace(
        private_value=[value],
        bidders=[n],
        second_price=second,
        reserve_bid=reserve,
        greatest_bid=1000,
        round_key=mix(9, luck),
        point=3,
        birth=[5],
    )


@pytest.mark.parametrize(("value", "n"), [(1000, 2), (800, 4), (500, 10), (0, 3)])
def test_equilibrium_bids(value, n):
    expected = round(1000 * first_price_bid(value / 1000, n))
    assert EquilibriumBidder.bid(bidder(value, n), 0) == (1, expected)
    assert EquilibriumBidder.bid(bidder(value, n, second=1), 0) == (1, value)
    assert Truthful.bid(bidder(value, n), 0) == (1, value)


def test_equilibrium_bids_with_a_reserve():
    assert EquilibriumBidder.bid(bidder(400, reserve=500), 0)[0] == 0
    assert EquilibriumBidder.bid(bidder(500, reserve=500), 0) == (1, 500)
    # Two bidders: the mean of the greater of the reserve and a value up to 800.
    mean = (500 * 500 + (800**2 - 500**2) / 2) / 800
    assert EquilibriumBidder.bid(bidder(800, 2, reserve=500), 0) == (1, round(mean))


def test_zero_intelligence_bids_up_to_its_value():
    bids = {ZeroIntelligence.bid(bidder(5, luck=k), 0) for k in range(200)}
    assert bids == {(1, k) for k in range(6)}
    wild = [UnconstrainedZeroIntelligence.bid(bidder(5, luck=k), 0)[1] for k in range(200)]
    assert max(wild) > 900
