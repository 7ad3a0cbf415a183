"""The double auction by hand: quotes, the book, the call, settlement."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Scenario, param, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    Honest,
    Opportunist,
    Truthful,
    UnconstrainedZeroIntelligence,
    ZeroIntelligence,
)
from posalign_sim.envs import DoubleAuction
from posalign_sim.envs.double_auction import AuctionSight
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.theory.auctions import k_price, market_equilibrium, mcafee

HOLD, QUOTE, CANCEL = range(3)
MINOR = 1_000_000


class Scripted(Agent):
    """Quotes the same price whenever asked, from its first turn on; sealed likewise."""

    price: float = param(10, 0, 1000)
    default: float = param(0, 0, 1)

    @staticmethod
    def quote(p: AuctionSight, i):
        price = int(p.params[i, 0])
        return (QUOTE, price) if p.least[i] <= price <= p.greatest[i] else (HOLD, 0)

    @staticmethod
    def sealed_quote(p: AuctionSight, i):
        price = int(p.params[i, 0])
        return (QUOTE, price) if p.least[i] <= price <= p.greatest[i] else (HOLD, 0)

    @staticmethod
    def settle_trade(p, i):
        return int(p.params[i, 1])


def play(buyers, sellers, limits=None, worlds=1, seed=1, rounds=1, **more):
    scenario = {
        key: more.pop(key)
        for key in ("institutions", "twin", "twin_constant", "history")
        if key in more
    }
    history = scenario.pop("history", ())
    if limits is not None:
        more["limits"] = np.asarray(limits, float)
    made = Scenario(
        DoubleAuction(**more), {"buyer": buyers, "seller": sellers}, rounds=rounds, **scenario
    )
    return simulate(made, worlds, seed, mode="interpreted", history=history, progress=False)


def prices(*given, default=0):
    return [Scripted(price=price, default=default) for price in given]


# --- the call market ----------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "price"), [(0, 5), (0.5, 6.5), (1, 8)])
def test_a_call_trades_the_efficient_quantity_at_the_k_price(k, price):
    # Values 10, 8, 3 and costs 2, 5, 9: two units trade, for 5 to 8 the market clears.
    run = play(prices(10, 8, 3), prices(2, 5, 9), [[10], [8], [3], [2], [5], [9]], call=1, k=k)
    assert run.points[0].tolist() == [10 - price, 8 - price, 0, price - 2, price - 5, 0]
    assert price == k_price([10, 8, 3], [2, 5, 9], k)
    assert run.worlds["double_auction"]["gains"][0] == 11
    assert run.table()["efficiency"].tolist() == [1.0]


def test_mcafee_keeps_the_last_pair_out_and_the_difference_goes_to_outsiders():
    # Values 10, 8, 3, costs 2, 7, 20: the middle of 3 and 20 is above 8, so one unit trades.
    run = play(
        prices(10, 8, 3), prices(2, 7, 20), [[10], [8], [3], [2], [7], [20]], call=1, clearing=1
    )
    assert run.points[0].tolist() == [10 - 8, 0, 0, 7 - 2, 0, 0]
    assert run.worlds["public"][0, 2] == 1 * MINOR
    # Values 10, 8, 3, costs 2, 5, 9: the middle of 3 and 9 suits both.
    run = play(
        prices(10, 8, 3), prices(2, 5, 9), [[10], [8], [3], [2], [5], [9]], call=1, clearing=1
    )
    assert run.points[0].tolist() == [4, 2, 0, 4, 1, 0]
    assert run.worlds["public"][0, 2] == 0


@pytest.mark.parametrize("clearing", [0, 1])
def test_calls_agree_with_theory_world_by_world(clearing):
    rng = np.random.default_rng(5)
    worlds, n = 40, 4
    limits = rng.integers(1, 30, (worlds, 2 * n, 1)).astype(float)
    run = play(
        [Truthful()] * n,
        [Truthful()] * n,
        limits,
        worlds,
        call=1,
        clearing=clearing,
        ceiling=30,
        k=0.25,
    )
    for w in range(worlds):
        values, costs = limits[w, :n, 0], limits[w, n:, 0]
        own = run.worlds["double_auction"][w]
        best = market_equilibrium(values, costs)
        assert own["most_gains"] == best.surplus
        assert run.worlds["first_best"][w] == best.surplus / (2 * n)
        if clearing == 0:
            assert own["gains"] == best.surplus
            if best.quantity:
                price = k_price(values, costs, 0.25)
                assert own["day_prices"] == pytest.approx(own["trades"] * price)
        else:
            expected = mcafee(values, costs, 0, 30)
            assert own["trades"] == expected.quantity
            assert own["gains"] == pytest.approx(expected.surplus)
            assert run.worlds["public"][w, 2] == pytest.approx(expected.budget * MINOR)


def test_a_day_has_as_many_calls_as_units():
    # Two units each: values 10 and 6, costs 2 and 5; both trade, at the middle of bid and ask.
    run = play([Truthful()], [Truthful()], [[10, 6], [2, 5]], call=1)
    assert run.points[0].tolist() == [10 - 6 + 6 - 5.5, 6 - 2 + 5.5 - 5]


def test_equals_in_a_call_are_drawn():
    run = play(prices(10, 10), prices(10), [[10], [10], [2]], worlds=400, call=1, ceiling=20)
    wins = (run.worlds["double_auction"]["traded"][:, 0] == 1).mean()
    assert abs(wins - 0.5) < 4 * 0.5 / 20


# --- the continuous market ----------------------------------------------------------------------


def test_a_trade_is_made_at_the_price_of_the_quote_that_stood():
    run = play(prices(9), prices(4), [[10], [2]], worlds=60, steps=30)
    buyer = run.points[:, 0]
    # Whoever spoke first set the price: 9 or 4.
    assert set(buyer.tolist()) == {1.0, 6.0}
    assert (run.points.sum(1) == 8).all()
    assert abs((buyer == 1).mean() - 0.5) < 4 * 0.5 / np.sqrt(60)


def test_the_best_quote_is_served_first_and_of_equals_the_earliest():
    # In a book that persists, asks of 4, 5 and 5 stand before the buyer's turn, or not.
    run = play(prices(9), prices(4, 5, 5), [[10], [2], [2], [2]], worlds=300, steps=60, cleared=0)
    own = run.worlds["double_auction"]
    assert (own["trades"] == 1).all()
    assert set(run.points[:, 0].tolist()) == {1.0, 5.0, 6.0}
    five = run.points[:, 0] == 5
    first = np.where(own["traded"][:, 2] == 1, 2, 3)
    other = 5 - first
    stamps = own["stamp"]
    rows = np.flatnonzero(five & (stamps[np.arange(300), other] > 0))
    # Re-quoting the same price gives away one's place; so the earliest stamp wins.
    assert len(rows) > 3
    assert (stamps[rows, first[rows]] < stamps[rows, other[rows]]).all()


class Waverer(Scripted):
    """Quotes, and takes it back at its next turn."""

    @staticmethod
    def quote(p: AuctionSight, i):
        return (CANCEL, 0) if p.own_quote[i] >= 0 else (QUOTE, int(p.params[i, 0]))


@pytest.mark.parametrize("cleared", [0, 1])
def test_a_quote_can_be_taken_back(cleared):
    limits = [[100], [100], [100]]
    run = play(
        [Waverer(price=50), Waverer(price=40)],
        [Scripted(price=300)],
        limits,
        8,
        steps=200,
        cleared=cleared,
        constrained=0,
    )
    w = run.worlds
    own, sight = w["double_auction"], w["sight"]
    assert (own["trades"] == 0).all()
    for k in range(8):
        standing = [q for q in own["quoted"][k, :2].tolist() if q >= 0]
        assert sight["best_bid"][k] == max(standing, default=-1)
        assert sight["own_quote"][k, :3].tolist() == own["quoted"][k, :3].tolist()
        assert cleared == 0 or len(standing) <= 1


@pytest.mark.parametrize("cleared", [0, 1])
@pytest.mark.parametrize("constrained", [0, 1])
def test_the_book_is_never_crossed_and_the_best_are_the_best(cleared, constrained):
    run = play(
        [UnconstrainedZeroIntelligence()] * 5,
        [UnconstrainedZeroIntelligence()] * 5,
        worlds=30,
        steps=37,
        cleared=cleared,
        constrained=constrained,
    )
    for k in range(30):
        own = run.worlds["double_auction"][k]
        bids, asks = own["quoted"][:5], own["quoted"][5:10]
        best_bid = max(bids.max(), -1)
        best_ask = asks[asks >= 0].min(initial=5000)
        assert best_bid == own["best"][0]
        assert best_ask == (own["best"][1] if own["best"][1] >= 0 else 5000)
        assert best_bid < best_ask
        if cleared:
            assert (bids >= 0).sum() <= 1
            assert (asks >= 0).sum() <= 1


def test_nobody_loses_who_is_constrained_and_the_day_ends_when_nobody_can_gain():
    run = play(
        [UnconstrainedZeroIntelligence()] * 4,
        [ZeroIntelligence()] * 4,
        worlds=10,
        steps=20_000,
        rounds=2,
    )
    assert (run.points >= 0).all()
    assert (run.worlds["double_auction"]["step"] < 20_000).all()
    assert (run.worlds["double_auction"]["gains"] > 0).all()


def test_units_are_traded_in_their_order():
    limits = [[10, 7], [1, 3]]
    run = play(prices(5), prices(5), limits, worlds=6, steps=200)
    assert (run.points == [10 - 5 + 7 - 5, 5 - 1 + 5 - 3]).all()
    assert (run.worlds["double_auction"]["trades"] == 2).all()
    # A price at which the second unit is a loss trades one.
    run = play(prices(8), prices(8), limits, worlds=6, steps=200)
    assert (run.points == [2, 7]).all()


def test_redrawn_limits_differ_by_day_and_kept_ones_do_not():
    for redraw, days in ((1, 3), (0, 1)):
        run = play([Truthful()] * 2, [Truthful()] * 2, rounds=3, history=[0], redraw=redraw)
        seen = {tuple(h["double_auction"]["worth"][:4, 0]) for h in run.history[1:, 0]}
        assert len(seen) == days
    worth = run.worlds["double_auction"]["worth"]
    assert (worth == np.rint(worth)).all()
    run = play([Truthful()] * 2, [Truthful()] * 2, whole=0, low=10, high=11)
    worth = run.worlds["double_auction"]["worth"][0, :4, 0]
    assert ((worth >= 10) & (worth <= 11) & (worth != np.rint(worth))).all()


def test_drawn_limits_are_uniform():
    run = play([Truthful()] * 8, [Truthful()] * 8, worlds=60, call=1, low=1, high=4)
    worth = run.worlds["double_auction"]["worth"][:, :16, 0].astype(int).ravel()
    shares = np.bincount(worth, minlength=5)[1:] / worth.size
    assert len(shares) == 4
    assert (np.abs(shares - 0.25) < 4 * np.sqrt(0.25 * 0.75 / worth.size)).all()


def test_seats_are_told_what_is_public_and_what_is_theirs():
    run = play(prices(9), prices(4), [[10], [2]], steps=30)
    sight = run.worlds["sight"][0]
    assert sight["limit"][:2].tolist() == [10, 2]
    assert sight["units_left"][:2].tolist() == [0, 0]
    assert sight["deals"] == 1
    assert sight["shouts"] == 2 or sight["shouts"] > 2
    assert sight["last_price"][0] in (4, 9)
    last = (int(sight["shouts"]) - 1) % len(sight["shout_price"])
    assert sight["shout_price"][last] == sight["last_price"][0]
    assert sight["shout_kind"][last] == (2 if sight["last_price"][0] == 9 else 3)


@pytest.mark.parametrize("tape", [3, 40, 64])
def test_the_tape_holds_the_latest_shouts(tape):
    made = DoubleAuction(limits=[[10], [2]], steps=50, constrained=0, tape=tape)
    seats = {"buyer": prices(3), "seller": prices(9)}
    run = simulate(Scenario(made, seats, rounds=1), 1, 1, mode="interpreted", progress=False)
    sight = run.worlds["sight"][0]
    assert sight["shouts"] == 50
    assert len(sight["shout_price"]) == len(sight["shout_kind"]) == tape
    assert set(sight["shout_price"][:50].tolist()) <= {3, 9}
    assert (sight["shout_price"][:50] == np.where(sight["shout_kind"][:50] == 1, 9, 3)).all()


# --- settlement ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("buyer", "seller", "points"),
    # Value 10, cost 2, price 6.
    [(0, 0, (4, 4)), (1, 0, (10, -2)), (0, 1, (-6, 6)), (1, 1, (0, 0))],
)
def test_who_defaults_keeps_what_it_owes(buyer, seller, points):
    run = play(
        prices(6, default=buyer), prices(6, default=seller), [[10], [2]], call=1, settlement=1
    )
    assert run.points[0].tolist() == list(points)
    acts = run.worlds["interactions"][0][:2]
    assert acts["cooperation"].tolist() == [1 - buyer, 1 - seller]
    assert acts["pledged"].tolist() == [1, 1]
    assert acts["promised"].tolist() == [6, 10]
    assert acts["delivered"].tolist() == [6 * (1 - buyer), 10 * (1 - seller)]


def test_stakes_are_what_a_default_gains():
    run = play(prices(6), prices(6), [[10], [2]], call=1, settlement=1)
    sight = run.worlds["sight"][0]
    assert sight["temptation"][:2].tolist() == [6, 2]
    assert sight["exposure"][:2].tolist() == [2, 6]
    assert sight["at_stake"][:2].tolist() == [2, 6]
    assert sight["rent"][:2].tolist() == sight["hope"][:2].tolist() == [4, 4]
    assert sight["risk"][:2].tolist() == [-6, -2]


def test_honest_traders_gain_most_and_defaulters_nothing():
    welfare = []
    for agent in (Cooperator, Honest, Opportunist, Defector):
        kind = agent(explore=0) if agent is Opportunist else agent()
        run = play([kind] * 3, [kind] * 3, worlds=8, rounds=3, call=1, settlement=1)
        welfare.append(run.table()["efficiency"].mean())
        shown = run.table()["cooperation"]
        assert agent is not Opportunist or (shown.dropna() == 0).all()
    assert welfare[0] == welfare[1] > 0
    assert welfare[2:] == [0, 0]


@pytest.mark.parametrize(
    "institution", [Arbitration(accuracy=1, damages=500, fee=0), Bond(stake=500)]
)
def test_institutions_secure_settlement(institution):
    kinds = [Opportunist(explore=0)] * 3
    bare = play(kinds, kinds, worlds=6, rounds=4, settlement=1, steps=60)
    ruled = play(
        kinds, kinds, worlds=6, rounds=4, settlement=1, steps=60, institutions=[institution]
    )
    assert bare.table()["welfare_gross"].max() == 0
    assert ruled.table()["welfare_gross"].mean() > 1


def test_a_ledger_sees_who_defaults():
    run = play(
        prices(6, default=1),
        prices(6),
        [[10], [2]],
        call=1,
        settlement=1,
        institutions=[Reputation(decay=0)],
    )
    assert run.worlds["reputation"]["score"][0, :2].tolist() == [0, 1]


def test_without_settlement_nobody_can_break_a_promise():
    run = play([Opportunist()] * 3, [Defector()] + [ZeroIntelligence()] * 2, worlds=10, steps=60)
    assert np.isnan(run.table()["honesty"]).all()
    assert run.table()["cooperation"].dropna().eq(1).all()


def test_the_twin_pays_nothing_whatever_is_traded():
    for kind in (Truthful, Defector):
        run = play(
            [kind()] * 3, [kind()] * 3, worlds=5, call=1, clearing=1, twin=True, twin_constant=0.5
        )
        table = run.table()
        assert (table["surplus"] == 0).all()
        assert table["welfare_gross"].tolist() == [0.5] * 5
        assert (run.points != 0.5).any() == (kind is Truthful)


# --- bad input -----------------------------------------------------------------------------------


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="at most 4"):
        DoubleAuction(limits=np.ones((2, 5)))
    with pytest.raises(ConfigurationError, match="low is above"):
        DoubleAuction(low=5, high=2)
    with pytest.raises(ConfigurationError, match="out of its range"):
        DoubleAuction(ceiling=2000)
    with pytest.raises(ConfigurationError, match="tape is 0, not 1 to"):
        DoubleAuction(tape=0)
    with pytest.raises(ConfigurationError, match="must lie in"):
        DoubleAuction(limits=[[-1], [2]])
    with pytest.raises(ConfigurationError, match="cannot decide"):
        play([Arbiter()], [Truthful()])


class Arbiter(Agent):
    """Knows nothing of markets."""

    @staticmethod
    def move(p, i):
        return 0
