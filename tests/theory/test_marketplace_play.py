"""What theory says of markets, through play: lemons, the order of offers, cheap new names."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, run_until, simulate
from posalign_sim.agents import (
    Defector,
    DiscriminatingBuyer,
    FirstProposalBuyer,
    Honest,
    LemonBuyer,
    LemonSeller,
    Opportunist,
    PostedPriceSeller,
    Whitewasher,
)
from posalign_sim.envs import Marketplace
from posalign_sim.institutions import Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.theory import honesty_threshold, whitewash_proof_fee

#: The market's defaults: the gain from cheating, the rent of a sale, and of none.
GAIN, RENT = 1.0, 3.0
AT_RANDOM, BY_LISTING = 0, 3


# --- lemons -------------------------------------------------------------------------------------


def akerlof(premium, floor):
    """The highest price at which what is offered is worth it, at most what brings in everybody."""
    price = 1.0
    for _ in range(10_000):
        price = min(1.0, premium * (floor + price) / 2)
    return price


def lemons(premium, floor, learning=0.0, rounds=1, **more):
    """One seller and one buyer in each world; the one structure that this file compiles."""
    return Scenario(
        Marketplace(lemons=1, premium=premium, floor=floor, scale=10, tick=0.1),
        {"seller": [LemonSeller()], "buyer": [LemonBuyer(learning=learning)]},
        rounds=rounds,
        metrics=(),
        **more,
    )


CASES = [(1.1, 0.3), (1.2, 0.5), (1.5, 0.0), (1.5, 0.2), (1.5, 1 / 3), (1.6, 0.2), (1.9, 0.2)]


@pytest.mark.parametrize(("premium", "floor"), [*CASES, (1.0, 0.4), (2.0, 0.0), (3.0, 0.1)])
def test_the_price_of_lemons_in_closed_form(premium, floor):
    if premium < 2:
        closed = min(1, premium * floor / (2 - premium))
        assert akerlof(premium, floor) == pytest.approx(closed, abs=1e-6)
        assert (closed == 1) == (floor >= (2 - premium) / premium)


def test_at_akerlofs_price_who_has_better_goods_stays_away():
    """Akerlof (1970): p* = min(1, k q0 / (2 - k)); all trade iff q0 >= (2 - k) / k; none at q0 = 0.

    At an inner price buyers gain nothing on average, and the good goods are not sold.
    """
    worlds, rounds = 3000, 12
    premium, floor = (np.repeat([case[k] for case in CASES], worlds) for k in (0, 1))
    made = lemons(premium, floor, rounds=rounds)
    ws = made.worlds(len(premium), 5)
    points, sold, drawn = [], [], []
    for clock in range(1, rounds + 1):
        before = ws["balance"][:, :2].copy()
        run_until(made, ws, clock)
        points.append((ws["balance"][:, :2] - before) / 1e6)
        sold.append(ws["sight"]["bought_worth"][:, 1] >= 0)
        drawn.append(ws["marketplace"]["drawn"][:, 0] / 10)
    points, sold, drawn = (np.array(x) for x in (points, sold, drawn))
    assert not ws["fault"].any()
    for k, (ratio, worst) in enumerate(CASES):
        mine = slice(k * worlds, (k + 1) * worlds)
        price = np.rint(100 * akerlof(ratio, worst)) / 100
        q, trades, gains = drawn[:, mine], sold[:, mine], points[:, mine]
        assert (trades == (q <= price)).all()
        assert trades.all() == (worst >= (2 - ratio) / ratio)
        if worst == 0:
            assert not trades.any() and not gains.any()
            continue
        assert gains[..., 0][trades] == pytest.approx(10 * (price - q[trades]), abs=1e-6)
        bought = gains[..., 1][trades]
        expected = 10 * (ratio * (worst + min(1, price)) / 2 - price)
        error = bought.std() / np.sqrt(len(bought))
        assert abs(bought.mean() - expected) < 4 * error
        assert abs(expected) <= 0.05 or trades.all()


def test_buyers_who_learn_what_they_get_find_akerlofs_price():
    worlds = 200
    # Where full trade only just begins, a belief that wavers cannot lie on both sides of it.
    inner = [(1.1, 0.3), (1.2, 0.5), (1.5, 0.2), (1.6, 0.2), (1.9, 0.2)]
    premium, floor = (np.repeat([case[k] for case in inner], worlds) for k in (0, 1))
    made = lemons(premium, floor, learning=0.02, rounds=6000)
    ws = run_until(made, made.worlds(len(premium), 9), 6000)
    # Bids at which there was a sale: beliefs move with sales, not with time.
    sold = ws["sight"]["bought_worth"][:, 1] >= 0
    bids = ws["sight"]["proposal"][:, 1] / 10
    for k, (ratio, worst) in enumerate(inner):
        mine = np.zeros(len(sold), bool)
        mine[k * worlds : (k + 1) * worlds] = True
        found = bids[mine & sold]
        error = found.std() / np.sqrt(len(found))
        # The going price is a step behind the bid, and prices are whole ticks: one tick.
        assert abs(found.mean() - akerlof(ratio, worst)) < 0.01 + 4 * error


def test_without_a_floor_the_market_unravels():
    """From trade at the average price, volume and price fall to nothing: by k / 2 each time."""
    worlds = 300
    made = lemons(1.5, 0.0, learning=0.3, rounds=3000)
    ws = made.worlds(worlds, 9)
    share, going = [], []
    for clock in (1, 30, 300, 3000):
        run_until(made, ws, clock)
        share.append((ws["sight"]["bought_worth"][:, 1] >= 0).mean())
        going.append(ws["sight"]["going_price"].mean() / 10)
    assert going[0] == pytest.approx(0.75)
    assert abs(share[0] - 0.75) < 4 * np.sqrt(0.1875 / worlds)
    assert (np.diff(going) < 0).all()
    assert going[-1] < 0.02 and share[-1] < 0.02 + 4 * np.sqrt(0.02 / worlds)


# --- the order of offers ------------------------------------------------------------------------


def first_share(worlds=30, rounds=15, **game):
    """Of all sales, those of the first-listed of three equal sellers; and how many they were."""
    made = Scenario(
        Marketplace(**game),
        {"seller": [PostedPriceSeller() for _ in range(3)], "buyer": [FirstProposalBuyer()]},
        rounds=rounds,
        metrics=(),
    )
    points = simulate(made, worlds, 3, mode="interpreted", progress=False).points[:, :3]
    sales = points / RENT
    assert (sales.sum(axis=1) == rounds).all()
    return sales[:, 0].sum() / sales.sum(), sales.sum()


def test_who_is_shown_first_sells_unless_order_tells_nothing():
    """The first-proposal advantage of Magentic Marketplace is the order's doing, not the seller's.

    With buyers who take the first offer, a fixed order gives the first seller everything; a
    random order, or all shown at once in random order, gives each a third.
    """
    assert first_share(10, 10, ranking=BY_LISTING, batch=0)[0] == 1
    for game in ({"ranking": AT_RANDOM, "batch": 0}, {"ranking": BY_LISTING, "batch": 1}):
        share, sales = first_share(**game)
        assert abs(share - 1 / 3) < 4 * np.sqrt(2 / 9 / sales)


# --- records and names --------------------------------------------------------------------------


def ledger(**more):
    """A record that one breach spoils and nothing mends; it costs nothing."""
    return Reputation(**{"weight": 1, "decay": 0, "upkeep": 0, **more})


def earned(seller, fees, rounds, **more):
    """Points of a seller that faces an honest buyer who shuns those with a bad record."""
    made = Scenario(
        Marketplace(reentry_fee=fees),
        {"seller": [seller], "buyer": [Honest()]},
        institutions=[ledger()],
        rounds=rounds,
        metrics=(),
        **more,
    )
    run = simulate(made, len(fees), mode="interpreted", progress=False)
    assert not len(run.faults)
    return run.points[:, 0], run.worlds["generation"][:, 0]


def test_whitewashing_pays_iff_a_new_name_costs_less_than_cheating_gains():
    """Friedman & Resnick (2001): by round a whitewasher makes rent + gain - fee, for ever.

    In a known last round no new name is needed, so that the threshold is g T / (T - 1).
    """
    rounds = 8
    proof = GAIN * rounds / (rounds - 1)
    fees = np.array([0, 0.5, 0.999, 1.001, 2, 4]) * proof
    honest, _ = earned(Honest(), fees, rounds)
    stained, _ = earned(Defector(), fees, rounds)
    washed, names = earned(Whitewasher(), fees, rounds)
    assert (honest == RENT * rounds).all()
    assert (stained == RENT + GAIN).all()
    assert (names == rounds - 1).all()
    assert washed == pytest.approx((RENT + GAIN) * rounds - fees * (rounds - 1), abs=1e-5)
    assert ((washed > honest) == (fees < proof)).all()


class Lapsed(Opportunist):
    """Cheats once, in the first round; then keeps its word."""

    @staticmethod
    def deliver(p, i):
        return 1 if p.clock == 0 else 0


class Resigned(Lapsed):
    """The same, but keeps its name."""

    @staticmethod
    def presence(p, i):
        return 0


class Renamed(Lapsed):
    """The same, but takes a new name in the second round."""

    @staticmethod
    def presence(p, i):
        return 2 if p.clock == 1 else 0


def test_a_stained_name_is_given_up_iff_a_clean_one_is_worth_the_fee():
    """The value of a clean name is the rent of all rounds in which it will be borne."""
    rounds = 6
    worth = RENT * (rounds - 2)
    fees = worth * np.array([0, 0.5, 0.999, 1.001, 2])
    kept, _ = earned(Resigned(patience=1), fees, rounds)
    renamed, _ = earned(Renamed(patience=1), fees, rounds)
    assert renamed - kept == pytest.approx(worth - fees, abs=1e-5)
    chosen, names = earned(Lapsed(patience=1), fees, rounds)
    assert (names == (fees < worth)).all()
    assert (chosen == np.maximum(kept, renamed)).all()


def first_deliveries(worlds, game, **more):
    """Whether each world's calculating seller keeps its first promise."""
    made = Scenario(
        game,
        {
            "seller": [Opportunist(patience=1, explore=0, learning=0)],
            "buyer": [DiscriminatingBuyer(unsecured=1)],
        },
        institutions=[ledger()],
        metrics=[Honesty()],
        **more,
    )
    ws = run_until(made, made.worlds(worlds), 1, "interpreted")
    assert (ws["honesty"]["bound"] == 1).all() and not ws["fault"].any()
    return ws["honesty"]["honest"] == 1


def test_honesty_begins_where_theory_says_and_cheap_names_undo_it():
    """Klein & Leffler (1981): discount >= g / (g + r); Friedman & Resnick: fee >= g / discount."""
    patience = np.arange(0.005, 1, 0.03)
    honest = first_deliveries(len(patience), Marketplace(), rounds=None, continuation=patience)
    assert (honest == (patience >= honesty_threshold(GAIN, RENT, 0, 1))).all()
    patience = np.repeat([0.3, 0.6, 0.9], 5)
    proof = np.array([whitewash_proof_fee(GAIN, d) for d in patience])
    fees = proof * np.tile([0, 0.5, 0.98, 1.02, 3], 3)
    honest = first_deliveries(15, Marketplace(reentry_fee=fees), rounds=None, continuation=patience)
    assert (honest == (fees >= proof)).all()
