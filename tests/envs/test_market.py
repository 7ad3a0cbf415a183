"""The moral-hazard market by hand, to the minor unit."""

from __future__ import annotations

import itertools

import pytest

from posalign_sim import Agent, Rematched, Scenario, Tremble, param, simulate
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, Honest, Opportunist
from posalign_sim.envs import MoralHazardMarket
from posalign_sim.institutions import Arbitration

LOW, HIGH = 0, 1


class Trader(Agent):
    """Promises a quality at a price in ticks, keeps or breaks it; buys or walks."""

    quality: float = param(1, 0, 1)
    ticks: float = param(10, 0, 40)
    cheats: float = param(0, 0, 1)
    buys: float = param(1, 0, 1)

    @staticmethod
    def post(p, i):
        return int(p.params[i, 0]), int(p.params[i, 1])

    @staticmethod
    def deliver(p, i):
        return int(p.params[i, 2])

    @staticmethod
    def pay(p, i):
        return int(p.params[i, 3])


def trade(seller, buyer, game=None, **more):
    sellers = seller if isinstance(seller, list) else [seller]
    buyers = buyer if isinstance(buyer, list) else [buyer]
    made = Scenario(
        game or MoralHazardMarket(),
        {"seller": sellers, "buyer": buyers},
        **{"rounds": 1, "metrics": (), "events": 200, **more},
    )
    return simulate(made, 1, mode="interpreted")


@pytest.mark.parametrize(
    ("quality", "ticks", "cheats", "points", "joint"),
    [
        # Price less cost, value less price; costs 1 and 2, values 5 and 8; none costs nothing.
        (HIGH, 10, 0, (5 - 2, 8 - 5), 6),
        (HIGH, 10, 1, (5 - 1, 5 - 5), 4),
        (LOW, 6, 0, (3 - 1, 5 - 3), 4),
        (LOW, 6, 1, (3 - 0, 0 - 3), 0),
        (HIGH, 15, 0, (7.5 - 2, 8 - 7.5), 6),
        (LOW, 0, 0, (-1, 5), 4),
    ],
)
def test_a_sale_by_hand(quality, ticks, cheats, points, joint):
    run = trade(Trader(quality=quality, ticks=ticks, cheats=cheats), Trader())
    assert tuple(run.points[0]) == points
    assert run.worlds["public"][0].tolist() == [-1_000_000 * joint, 0, 0, 0]


def test_who_walks_away_has_nothing_and_neither_has_the_seller():
    run = trade(Trader(), Trader(buys=0))
    assert run.points[0].tolist() == [0, 0]
    log = run.events(0)
    assert not (log["place"] == "moral_hazard_market.deliver").any()
    acts = log[log["kind"] == "interaction"]
    assert acts[["actor", "target", "first"]].to_numpy().tolist() == [[1, 0, 0]]


def test_an_odd_price_to_the_minor_unit():
    game = MoralHazardMarket(tick=0.1234567, cost_high=1.9999996, value_high=7.7777777)
    run = trade(Trader(ticks=33), Trader(), game)
    price, cost, value = 4_074_071, 2_000_000, 7_777_778
    assert run.worlds["balance"][0].tolist() == [price - cost, value - price]
    assert run.worlds["public"][0, 0] == cost - value


@pytest.mark.parametrize(
    ("quality", "cheats", "delivery"),
    [
        # cooperation, promised, delivered, harm; the price was 5.
        (HIGH, 0, (1, 8, 8, 0)),
        (HIGH, 1, (0, 8, 5, 3)),
        (LOW, 0, (1, 5, 5, 0)),
        (LOW, 1, (0, 5, 0, 5)),
    ],
)
def test_what_is_recorded_of_a_sale(quality, cheats, delivery):
    # What matters to a judge alone is recorded only where there may be one.
    judge = Arbitration(strength="off")
    w = trade(Trader(quality=quality, cheats=cheats), Trader(), institutions=[judge]).worlds[0]
    bought, delivered = w["interactions"][:2]
    assert w["interaction_count"] == 2
    assert (bought["actor"], bought["target"], bought["pledged"]) == (1, 0, 0)
    assert bought["cooperation"] == 1
    assert (delivered["actor"], delivered["target"], delivered["pledged"]) == (0, 1, 1)
    names = ("cooperation", "promised", "delivered", "harm")
    assert tuple(delivered[name] for name in names) == delivery
    assert delivered["paid"] == 5


def test_cooperation_is_one_where_joint_surplus_is_largest_and_nothing_at_the_selfish_end():
    outcomes = {}
    for quality, cheats in itertools.product((LOW, HIGH), (0, 1)):
        run = trade(Trader(quality=quality, cheats=cheats), Trader())
        acts = run.worlds["interactions"][0]["cooperation"][:2].tolist()
        outcomes[quality, cheats] = (run.points[0], acts)
    best = max(outcomes.values(), key=lambda o: o[0].sum())
    assert best[1] == [1, 1]
    assert best[0].sum() / 2 == run.worlds["first_best"][0] == 3
    for quality in (LOW, HIGH):
        kept, broken = outcomes[quality, 0], outcomes[quality, 1]
        # For the same promise: cheating is worth more to the seller, and less to both together.
        assert broken[0][0] - kept[0][0] == 1
        assert broken[0].sum() < kept[0].sum()
        assert (kept[1], broken[1]) == ([1, 1], [1, 0])


def test_the_customary_offer():
    run = trade(Honest(), Cooperator(), MoralHazardMarket(price_high=6))
    assert run.points[0].tolist() == [4, 2]
    # A custom above the largest price is the largest price.
    run = trade(Honest(), Cooperator(), MoralHazardMarket(price_high=50, tick=0.5))
    assert run.points[0].tolist() == [18, -12]


def test_what_is_told_to_both_sides():
    sight = trade(Trader(quality=HIGH, ticks=9), Trader()).worlds["sight"][0]
    told = {name: sight[name].tolist() for name in ("temptation", "exposure", "at_stake")}
    # The seller gains 1 by cheating, to which the buyer is exposed; 4.5 are paid.
    assert told == {"temptation": [1, 0], "exposure": [0, 1], "at_stake": [4.5, 4.5]}
    assert (sight["rent"][0], sight["fallback"][0]) == (2.5, 0)
    assert (sight["hope"][1], sight["risk"][1]) == (3.5, 0.5)


def test_who_is_left_over_trades_with_nobody():
    run = trade([Trader()] * 3, [Trader()], rounds=6, matching=Rematched())
    assert run.points[0, 3] == 18
    assert run.points[0, :3].sum() == 18
    # First best is by seat: one pair can trade, of four.
    assert run.worlds["first_best"][0] == 1.5
    run = trade([Trader()], [Trader()] * 3, rounds=6, matching=Rematched())
    assert run.points[0, 0] == 18
    assert run.points[0, 1:].sum() == 18


def test_slips_befall_deliveries_and_nothing_else():
    run = trade(Trader(), Trader(), noise=Tremble(probability=1), rounds=3)
    assert run.points[0].tolist() == [12, 0]
    made = run.events(0).query("kind == 'decision'")
    wanted = made["first"] == made["second"]
    assert (wanted == (made["place"] != "moral_hazard_market.deliver")).all()


def test_books_balance_whatever_is_played():
    sellers = [Honest(), Defector(), Opportunist(explore=0.3)]
    buyers = [Honest(), DiscriminatingBuyer(), Cooperator(), Defector()]
    made = Scenario(
        MoralHazardMarket(tick=0.37, cost_low=0.11),
        {"seller": sellers, "buyer": buyers},
        matching=Rematched(),
        noise=Tremble(probability=0.1),
        rounds=20,
        metrics=(),
    )
    ws = simulate(made, 5, 1, mode="interpreted").worlds
    assert (ws["balance"].sum(axis=1) + ws["public"].sum(axis=1) == 0).all()
    assert (ws["public"][:, 1:] == 0).all()
