"""Populations of traders: who trades how well, how prices settle, what becomes of who waits."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, param, simulate
from posalign_sim.agents import Shaver, Sniper, ZeroIntelligence
from posalign_sim.agents.trading.adaptive_traders import approach, follow
from posalign_sim.agents.trading.belief_traders import most_gainful
from posalign_sim.agents.trading.traders import gainful_price, hear, legal, margin_price, rounded
from posalign_sim.envs import DoubleAuction
from posalign_sim.envs.double_auction import AuctionSight
from posalign_sim.theory.auctions import market_equilibrium

BID, ASK = 0, 1
LADDER = np.arange(75.0, 326.0, 25.0)
#: Values, and costs 20 below them: six units are worth trading, at 180 to 200.
LIMITS = np.concatenate([LADDER, LADDER - 20])[:, None]
KINDS = ("ZI-C", "ZIP", "GD", "GDX", "AA")
PARAMETERS = {
    "ZIP": (0.1, 0.5, 0.1, 0.05, 0.35, 0.05, 5),
    "GD": (8,),
    "GDX": (8, 0.9),
    "AA": (0.4, 0.4, 0.02, 0.05, 3),
}
WORLDS, DAYS = 100, 5


class Anybody(Agent):
    """A trader of any of the kinds: all markets are one batch of one structure."""

    p0: float = param(0)
    p1: float = param(0)
    p2: float = param(0)
    p3: float = param(0)
    p4: float = param(0)
    p5: float = param(0)
    p6: float = param(0)
    kind: float = param(0)

    @staticmethod
    def quote(p: AuctionSight, i):
        kind = p.params[i, 7]
        if kind == 0:
            return gainful_price(p, i)
        if kind == 1:
            hear(p, i)
            return legal(p, i, rounded(p, i, margin_price(p, i)))
        if kind == 4:
            follow(p, i)
            return approach(p, i)
        # Without patience GDX is GD.
        return most_gainful(p, i, p.params[i, 0], p.params[i, 1])

    @staticmethod
    def sealed_quote(p: AuctionSight, i):
        return 0, 0

    @staticmethod
    def learn(p: AuctionSight, i):
        if p.params[i, 7] == 1:
            hear(p, i)
        if p.params[i, 7] == 4:
            follow(p, i)


@pytest.fixture(scope="module")
def markets():
    """By kind and rules (a book that is cleared, one that persists): efficiency, alpha by day."""
    rules = [(1.0, 100.0), (0.0, 200.0)]
    arms = [(k, rule) for k in range(len(KINDS)) for rule in rules]
    worlds = len(arms) * WORLDS
    table = np.zeros((len(KINDS), 7))
    for k, name in enumerate(KINDS):
        found = PARAMETERS.get(name, ())
        table[k, : len(found)] = found
    kind = np.repeat([k for k, _ in arms], WORLDS)
    agent = Anybody(kind=kind, **{f"p{j}": table[kind, j] for j in range(7)})
    cleared, steps = np.repeat([rule for _, rule in arms], WORLDS, axis=0).T
    n = len(LADDER)
    made = Scenario(
        DoubleAuction(limits=LIMITS, tape=512, cleared=cleared, steps=steps),
        {"buyer": [agent] * n, "seller": [agent] * n},
        rounds=DAYS,
        metrics=(),
    )
    run = simulate(made, worlds, 1, history=range(worlds), progress=False)
    assert not len(run.faults)
    days = [h["double_auction"] for h in run.history]
    gains, most = (np.array([day[name] for day in days]) for name in ("gains", "most_gains"))
    efficiency = np.diff(gains, axis=0) / np.diff(most, axis=0)
    settled = np.array([alpha(day) for day in days[1:]])
    found = {}
    for arm, (k, rule) in enumerate(arms):
        mine = slice(arm * WORLDS, (arm + 1) * WORLDS)
        book = "cleared" if rule[0] else "persists"
        found[KINDS[k], book] = efficiency[:, mine], settled[:, mine]
    return found


def alpha(day, price=190.0):
    """Smith's coefficient: how far prices are from the equilibrium, as a percentage of it."""
    n = np.maximum(1, day["day_trades"])
    square = day["day_squares"] - 2 * price * day["day_prices"] + n * price**2
    return 100 * np.sqrt(np.maximum(0, square) / n) / price


def above(a, b):
    """Whether the mean of `a` is above that of `b` by four standard errors."""
    error = np.sqrt(a.var() / len(a) + b.var() / len(b))
    return a.mean() - b.mean() > 4 * error


def test_the_market_is_what_it_is_said_to_be():
    found = market_equilibrium(LADDER, LADDER - 20)
    assert (found.quantity, found.low, found.high) == (6, 180, 200)


def test_where_quotes_must_better_the_best_memory_beats_margins_beats_chance(markets):
    # Das et al. (2001), IJCAI; Tesauro & Bredin (2002): ZI-C < ZIP < GD, GDX; in short days.
    late = {kind: markets[kind, "cleared"][0][2:].mean(axis=0) for kind in KINDS}
    assert above(late["ZIP"], late["ZI-C"])
    assert above(late["GD"], late["ZIP"]) and above(late["GDX"], late["ZIP"])
    assert late["GD"].mean() > 0.93 and late["GDX"].mean() > 0.93
    # AA, which nears its target step by step, has no time where all quotes are void after a trade.
    assert above(late["ZI-C"], late["AA"])


def test_where_the_book_persists_aggressiveness_beats_chance_and_memory(markets):
    # Vytelingum, Cliff & Jennings (2008): AA is the most efficient.
    late = {kind: markets[kind, "persists"][0][2:].mean(axis=0) for kind in KINDS}
    assert above(late["AA"], late["ZI-C"]) and above(late["AA"], late["GD"])
    assert late["AA"].mean() > 0.93


@pytest.mark.parametrize("book", ["cleared", "persists"])
def test_prices_settle_at_the_equilibrium_unless_they_are_chance(markets, book):
    for kind in ("ZIP", "GD", "GDX"):
        _, settled = markets[kind, book]
        assert above(settled[0] / 2, settled[-1]) or settled[-1].mean() < 6, kind
        assert above(settled[0], settled[-1]), kind
    _, chance = markets["ZI-C", book]
    assert not above(chance[0], chance[-1] + 2)
    if book == "persists":
        _, settled = markets["AA", book]
        assert above(settled[0], settled[-1])


# --- by simple rules ------------------------------------------------------------------------------


class Quoter(Agent):
    """Always quotes the same."""

    price: float = param(1)

    @staticmethod
    def quote(p, i):
        return 1, int(p.params[i, 0])

    @staticmethod
    def sealed_quote(p, i):
        return 0, 0


def play(buyers, sellers, limits, worlds=1, rounds=1, **more):
    made = Scenario(
        DoubleAuction(limits=np.asarray(limits, float)[:, None], **more),
        {"buyer": buyers, "seller": sellers},
        rounds=rounds,
        metrics=(),
    )
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert not len(run.faults)
    return run


def test_snipers_alone_wait_for_each_other_for_ever():
    run = play([Sniper()] * 5, [Sniper()] * 5, [*LADDER[:5] + 150, *LADDER[:5]], rounds=2)
    own = run.worlds["double_auction"]
    assert own["trades"][0] == 0 and own["most_gains"][0] > 0
    assert run.worlds["sight"]["shouts"][0] == 0


def test_a_sniper_takes_what_others_quote_at_the_end_of_the_day():
    # The seller asks for 50 of a buyer to whom it is worth 90: in the last tenth of 40 turns; the
    # buyer has one of these with the probability 15/16 at least.
    run = play([Sniper()], [Quoter(price=50)], [90, 10], worlds=40, steps=40)
    own = run.worlds["double_auction"]
    sold = own["trades"] == 1
    assert sold.mean() > 0.8
    assert (own["step"][sold] > 0.9 * 40 - 2).all()
    assert (run.points[sold] == 40).all()
    # On the next day that is yesterday's price: it is taken as soon as it is asked for.
    run = play([Sniper()], [Quoter(price=50)], [90, 10], worlds=40, steps=40, rounds=2)
    own = run.worlds["double_auction"]
    assert np.median(own["step"][own["trades"] == 2]) < 8


def test_snipers_live_on_those_who_quote():
    buyers = [Sniper(), *[ZeroIntelligence()] * 5]
    run = play(
        buyers, [ZeroIntelligence()] * 6, [300] * 6 + [100] * 6, worlds=12, rounds=3, steps=150
    )
    gains = run.points[:, :6]
    lead = gains[:, 0] - gains[:, 1:].mean(axis=1)
    assert lead.mean() > 4 * lead.std() / np.sqrt(len(lead))


def test_shavers_meet_tick_by_tick_as_long_as_they_have_rivals():
    run = play([Shaver()] * 2, [Shaver()] * 2, [60, 60, 20, 20], steps=1000, ceiling=80, tape=1024)
    shouts = run.worlds["sight"]["shout_price"][0][: run.worlds["sight"]["shouts"][0]]
    kinds = run.worlds["sight"]["shout_kind"][0][: len(shouts)]
    first = int(np.argmax(kinds >= 2))
    bids, asks = (shouts[:first][kinds[:first] == side] for side in (BID, ASK))
    assert bids.tolist() == list(range(1, len(bids) + 1))
    assert asks.tolist() == list(range(80, 80 - len(asks), -1))
    # One of each side is left: who leads betters nobody, and they never meet.
    assert run.worlds["double_auction"]["trades"][0] == 1
    assert run.points[0].sum() == 40
