"""Traders with beliefs, with aggressiveness and with simple rules, one quote at a time."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim.agents import (
    GDX,
    AdaptiveAggressive,
    GjerstadDickhaut,
    MarketMaker,
    Shaver,
    Sniper,
)
from posalign_sim.agents.trading.adaptive_traders import (
    BEND,
    KEENNESS,
    PRICES,
    TRADES,
    bent,
    estimate,
    follow,
    keenness_of,
    target_price,
    unbent,
)
from posalign_sim.agents.trading.belief_traders import beliefs

BUYER, SELLER = 0, 1
HOLD, QUOTE = 0, 1
BID, ASK, BID_TAKEN, ASK_TAKEN = range(4)
#: Two asks refused, one taken, two bids.
TAPE = ((ASK, 8), (BID, 3), (ASK, 6), (ASK_TAKEN, 6), (ASK, 9), (BID, 5))


def trader(role, limit, tape=(), *, bid=-1, ask=-1, own=-1, ceiling=10, left=0, agents=4, **more):
    """What a seat sees that may quote no loss."""
    p = SimpleNamespace(
        role=[role],
        limit=[limit],
        least=[limit if role == SELLER else 1],
        greatest=[min(limit, ceiling) if role == BUYER else ceiling],
        ceiling=ceiling,
        best_bid=bid,
        best_ask=ask,
        own_quote=[own],
        steps_left=left,
        agents=agents,
        clock=0,
        shouts=len(tape),
        shout_price=np.array([price for _, price in tape] + [0] * (32 - len(tape))),
        shout_kind=np.array([kind for kind, _ in tape] + [0] * (32 - len(tape))),
        last_price=np.full(4, -1.0),
        slots=np.zeros((1, 12)),
        params=np.zeros((1, 8)),
    )
    for k, value in enumerate(more.get("params", ())):
        p.params[0, k] = value
    return p


def turned(tape, ceiling=10):
    """The same, buyers and sellers in each other's place, prices turned round."""
    return tuple((kind ^ 1, ceiling + 1 - price) for kind, price in tape)


# --- GD -------------------------------------------------------------------------------------------


def test_beliefs_are_how_often_such_prices_were_taken():
    found = beliefs(trader(SELLER, 2, TAPE), 0, 10)
    # All asks up to 6 would have been taken, none from 8 on; halfway between, on a cubic, a half.
    assert found.tolist() == [1] * 7 + [0.5] + [0] * 4
    # Of what is back to one trade: an ask taken at 6 (its quote is forgotten), one refused at 9.
    found = beliefs(trader(SELLER, 2, TAPE), 0, 1)
    third = 3 / 9 - 2 / 27
    assert found.tolist() == pytest.approx([1] * 7 + [1 - third, third] + [0] * 3)
    # A bid at 5 and a refused ask at 4: one of two at 4, and one of two at 5.
    found = beliefs(trader(SELLER, 2, [(BID, 5), (ASK, 4)]), 0, 10)
    assert found[4] == found[5] == 0.5
    # Nothing is known: from certain at 0 to hopeless above the ceiling.
    found = beliefs(trader(SELLER, 2), 0, 10)
    assert (found[0], found[11]) == (1, 0)
    assert (np.diff(found) < 0).all()


def test_what_stands_has_not_been_refused():
    found = beliefs(trader(SELLER, 2, TAPE, ask=8), 0, 10)
    share = 1 / 3
    assert found[7] == pytest.approx(1 - share**2 * (3 - 2 * share))


@pytest.mark.parametrize(("limit", "quoted"), [(2, 6), (5, 6), (6, 7)])
def test_gd_quotes_the_price_with_the_greatest_expected_gain(limit, quoted):
    params = {"params": (10,)}
    # 6 for certain, 7 with a half: from a limit of 6 on the second is better.
    assert GjerstadDickhaut.quote(trader(SELLER, limit, TAPE, **params), 0) == (QUOTE, quoted)
    buyer = trader(BUYER, 11 - limit, turned(TAPE), **params)
    assert GjerstadDickhaut.quote(buyer, 0) == (QUOTE, 11 - quoted)


def test_gd_betters_what_stands_takes_what_is_good_and_waits_if_nothing_is():
    def quote(limit, **more):
        return GjerstadDickhaut.quote(trader(SELLER, limit, TAPE, params=(10,), **more), 0)

    assert quote(2, ask=5) == (QUOTE, 4)
    assert quote(2, bid=7) == (QUOTE, 7)
    # From 8 on nobody ever took anything.
    assert quote(8)[0] == HOLD
    assert quote(5, ask=5)[0] == HOLD
    # Its own quote stands where it wants it; at 7 it would better itself.
    assert quote(2, ask=6, own=6)[0] == HOLD
    assert quote(2, ask=8, own=8) == (QUOTE, 6)


@settings(max_examples=25, deadline=None)
@given(
    tape=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10)), max_size=12),
    limit=st.integers(1, 10),
    patience=st.sampled_from([0, 0.9]),
)
def test_buyers_do_what_sellers_do_with_prices_turned_round(tape, limit, patience):
    more = {"params": (3, patience), "left": 20}
    choice, price = GDX.quote(trader(SELLER, limit, tape, **more), 0)
    other, bid = GDX.quote(trader(BUYER, 11 - limit, turned(tape), **more), 0)
    assert choice == other
    if choice == QUOTE:
        assert bid == 11 - price
        assert price >= limit
    believed = beliefs(trader(SELLER, limit, tape), 0, 3)
    assert (np.diff(believed) <= 1e-12).all()


def test_gdx_waits_for_more_as_long_as_there_are_turns():
    def quote(left, patience=0.9):
        return GDX.quote(trader(SELLER, 2, TAPE, left=left, params=(10, patience)), 0)

    # Without another turn 6 is best: 4 for certain. With one, worth 0.9 x 4 if it waits, 7 is:
    # 5 / 2 + 3.6 / 2 = 4.3.
    assert quote(3) == (QUOTE, 6)
    assert quote(4) == (QUOTE, 7)
    assert quote(4, patience=0) == (QUOTE, 6)


# --- AA -------------------------------------------------------------------------------------------


def keen(limit=100, role=SELLER, tape=((ASK_TAKEN, 200),), **more):
    return trader(role, limit, tape, ceiling=399, params=(0.4, 0.4, 0.02, 0.05, 3), **more)


@pytest.mark.parametrize("limit", [100, 200, 300])
@pytest.mark.parametrize("bend", [-8.0, -1.0, 1e-9, 2.0])
def test_target_prices_lie_between_the_limit_the_estimate_and_the_worst(limit, bend):
    p = keen(limit)
    p.slots[0, [TRADES, PRICES, BEND]] = 1, 200, bend
    targets = [target_price(p, 0, r) for r in np.linspace(-1, 1, 21)]
    assert targets[0] == pytest.approx(400)
    assert targets[10] == pytest.approx(max(limit, 200))
    assert targets[20] == pytest.approx(limit)
    assert (np.diff(targets) <= 1e-9).all()
    if limit == 100:
        # Smooth at the estimate, and one price for each aggressiveness.
        slopes = [(target_price(p, 0, s * 1e-4) - 200) / s for s in (-1, 1)]
        assert slopes[0] == pytest.approx(slopes[1], rel=0.01)
        for r, target in zip(np.linspace(-1, 1, 21), targets, strict=True):
            assert keenness_of(p, 0, target) == pytest.approx(r, abs=1e-6)


def test_bending_a_share_and_back():
    for bend in (-8.0, -0.5, 1e-9, 2.0):
        assert [bent(0, bend), bent(1, bend)] == pytest.approx([0, 1])
        assert unbent(bent(0.3, bend), bend) == pytest.approx(0.3)
    assert bent(0.5, 2) == pytest.approx((math.e - 1) / (math.e**2 - 1))


def test_aa_learns_from_trades_and_refusals():
    # A trade at 200 is what it estimates then: at 0 it would have had it, and is less keen next.
    p = keen()
    follow(p, 0)
    assert estimate(p, 0) == 200
    assert p.slots[0, KEENNESS] == pytest.approx(0.4 * -0.05)
    # An ask of 200, better than what it has in mind, is refused: keener by two fifths of the way.
    before = p.slots[0, KEENNESS]
    p = keen(tape=((ASK_TAKEN, 200), (ASK, 200)))
    follow(p, 0)
    assert p.slots[0, KEENNESS] == pytest.approx(before + 0.4 * (0.05 - before))
    # Bids, and asks dearer than its own, teach it nothing.
    for shout in ((BID, 200), (ASK, 390)):
        p = keen(tape=((ASK_TAKEN, 200), shout))
        follow(p, 0)
        assert p.slots[0, KEENNESS] == pytest.approx(before)
    # Each trade counts nine tenths of the next.
    p = keen(tape=((ASK_TAKEN, 200), (BID_TAKEN, 240)))
    follow(p, 0)
    assert estimate(p, 0) == pytest.approx((240 + 0.9 * 200) / 1.9)
    # A buyer, the other way round.
    p = keen(300, BUYER)
    follow(p, 0)
    assert p.slots[0, KEENNESS] == pytest.approx(-0.02)
    assert 400 - target_price(p, 0, -0.02) < 200


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        # No trade yet: a third of the way from the ceiling to its limit, or to beyond the bid.
        ({"tape": ()}, (QUOTE, 300)),
        ({"tape": (), "bid": 200}, (QUOTE, 400 - 204 // 3)),
        # Then towards its target, 0.02 x 4.07 x 100 above 200: from 250 by a third of the way.
        ({"ask": 250}, (QUOTE, 236)),
        ({"ask": 209}, (QUOTE, 208)),
        # It takes a bid that is as good, and says its target where it cannot better what stands.
        ({"ask": 250, "bid": 208}, (QUOTE, 208)),
        ({"ask": 150}, (QUOTE, 208)),
        ({"ask": 100}, (HOLD, 0)),
    ],
)
def test_aa_moves_towards_its_target(seen, said):
    p = keen(**seen)
    assert AdaptiveAggressive.quote(p, 0) == said
    if seen.get("tape") is None:
        assert round(target_price(p, 0, p.slots[0, KEENNESS])) == 208


def test_volatile_prices_make_it_less_sudden():
    prices = [200, 210, 190, 200, 200, 200, 200]
    bends = []
    for count in (3, 7):
        p = keen(tape=[(ASK_TAKEN, x) for x in prices[:count]])
        follow(p, 0)
        bends.append(p.slots[0, BEND])
    # From -4 towards -8 while prices were at their wildest, towards 2 as they calm down.
    assert bends[0] < -4
    assert bends[1] > bends[0]
    assert min(bends) >= -8 and max(bends) <= 2


# --- sniper, shaver, market maker -----------------------------------------------------------------


def sniper(role=BUYER, limit=300, day=(), **seen):
    """A sniper on its second day of 100 turns, with trades on the first."""
    p = trader(role, limit, [(ASK_TAKEN, x) for x in day], ceiling=400, left=100)
    p.params[0, :3] = 0.1, 0.02, 0.1
    Sniper.quote(p, 0)
    Sniper.learn(p, 0)
    p.clock = 1
    p.steps_left = seen.pop("left", 90)
    for name, value in seen.items():
        setattr(p, name, value)
    return Sniper.quote(p, 0)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        # Nothing to take, nothing that would be a gain.
        ({}, HOLD),
        ({"best_bid": 10}, HOLD),
        ({"best_ask": 300, "left": 5}, HOLD),
        # No cheaper than any trade yesterday: only when a tenth of the day is left.
        ({"best_ask": 250}, HOLD),
        ({"best_ask": 250, "left": 10}, (QUOTE, 250)),
        ({"best_ask": 250, "left": 11}, HOLD),
        # As cheap as the cheapest; as cheap as the dearest, and the spread is small.
        ({"best_ask": 180}, (QUOTE, 180)),
        ({"best_ask": 200, "best_bid": 100}, HOLD),
        ({"best_ask": 200, "best_bid": 180}, (QUOTE, 200)),
        ({"best_ask": 200, "best_bid": 180, "limit": 203}, HOLD),
        ({"best_ask": 200, "best_bid": 180, "limit": 204}, (QUOTE, 200)),
        # Sellers, the other way round.
        ({"role": SELLER, "limit": 100, "best_bid": 220}, (QUOTE, 220)),
        ({"role": SELLER, "limit": 100, "best_bid": 200}, HOLD),
        ({"role": SELLER, "limit": 100, "best_bid": 200, "best_ask": 220}, (QUOTE, 200)),
        ({"role": SELLER, "limit": 100, "best_bid": 110, "left": 3}, (QUOTE, 110)),
    ],
)
def test_when_a_sniper_shoots(seen, said):
    assert sniper(day=(180, 220), **seen) == (said if said != HOLD else (HOLD, 0))


def test_a_sniper_that_has_seen_no_trade_waits_for_the_end():
    assert sniper(best_ask=5, best_bid=4) == (HOLD, 0)
    assert sniper(best_ask=5, best_bid=4, left=2) == (QUOTE, 5)


@pytest.mark.parametrize(
    ("role", "seen", "said"),
    [
        (BUYER, {}, (QUOTE, 1)),
        (BUYER, {"bid": 4}, (QUOTE, 5)),
        (BUYER, {"bid": 8}, (QUOTE, 8)),
        (BUYER, {"bid": 4, "own": 4}, (HOLD, 0)),
        (SELLER, {}, (QUOTE, 10)),
        (SELLER, {"ask": 10}, (QUOTE, 9)),
        (SELLER, {"ask": 5}, (QUOTE, 8)),
        (SELLER, {"ask": 9, "own": 9}, (HOLD, 0)),
    ],
)
def test_a_shaver_betters_the_best_by_a_tick(role, seen, said):
    assert Shaver.quote(trader(role, 8, **seen), 0) == said
    assert Shaver.sealed_quote(trader(role, 8, **seen), 0) == said


def test_a_market_maker_stands_half_a_spread_from_the_middle():
    def quote(role, limit, last=(), **seen):
        p = trader(role, limit, ceiling=400, params=(10,), **seen)
        p.last_price[: len(last)] = last
        return MarketMaker.quote(p, 0)[1]

    assert quote(BUYER, 400, bid=190, ask=211) == 195
    assert quote(SELLER, 1, bid=190, ask=211) == 206
    assert quote(BUYER, 400, last=(200, 210)) == quote(BUYER, 400, last=(210, 200), bid=7) == 200
    assert quote(SELLER, 1, last=(200, 210)) == 210
    # Never at a loss; without any price to go by it asks for everything.
    assert quote(BUYER, 150, bid=190, ask=211) == 150
    assert quote(SELLER, 250, bid=190, ask=211) == 250
    assert (quote(BUYER, 150), quote(SELLER, 250)) == (1, 400)
