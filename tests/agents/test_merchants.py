"""Merchants by what they list, choose, bid and deliver."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    BestValueBuyer,
    Cooperator,
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

BY_LISTING = 3


def market(sellers, buyers, rounds=1, institutions=(), worlds=1, events=600, seed=0, **game):
    made = Scenario(
        Marketplace(**{"batch": 0, "ranking": BY_LISTING, **game}),
        {"seller": sellers, "buyer": buyers},
        institutions=institutions,
        rounds=rounds,
        metrics=(),
        events=events,
    )
    run = simulate(made, worlds, seed, mode="interpreted", progress=False)
    assert not len(run.faults)
    return run


def made(run, decision, seat):
    """What a seat chose at a decision, round by round."""
    log = run.events(0)
    log = log[(log["kind"] == "decision") & (log["actor"] == seat)]
    log = log[log["place"] == f"marketplace.{decision}"]
    return log["first"].astype(int).tolist()


def sales(run):
    """Prices that buyers paid to sellers, in order."""
    log = run.events(0)
    log = log[(log["kind"] == "posting") & (log["actor"] > log["target"]) & (log["target"] >= 0)]
    return log["first"].to_numpy() / 1e6


def chosen(run):
    """From whom each purchase was made or refused, in order: buyer, seller."""
    log = run.events(0)
    log = log[(log["kind"] == "interaction") & (log["actor"] > log["target"])]
    return log[["actor", "target"]].to_numpy().astype(int).tolist()


def test_the_posted_price_seller():
    run = market([PostedPriceSeller(quality=0, price=3.2, good=7)], [Cooperator()])
    assert run.worlds["marketplace"]["price"][0, 0] == 3
    assert run.worlds["marketplace"]["good"][0, 0] == 1
    assert run.points[0].tolist() == [3 - 1, 5 - 3]
    seller = PostedPriceSeller(cheats=0.3)
    cheated = market([seller], [Cooperator()], rounds=400, events=0).points[0, 1] / -3 + 400
    assert abs(cheated / 400 - 0.3) < 4 * np.sqrt(0.21 / 400)
    # A price above all prices is the largest.
    dear = market([PostedPriceSeller(price=1000)], [Cooperator()])
    assert dear.worlds["marketplace"]["price"][0, 0] == 50


def test_the_whitewasher_cheats_under_ever_new_names():
    run = market([Whitewasher()], [Honest()], rounds=4, reentry_fee=1)
    assert made(run, "presence", 0) == [2, 2, 2, 0]
    assert made(run, "deliver", 0) == [1, 1, 1, 1]
    # Where there are none to be had it cannot.
    run = market([Whitewasher()], [Honest()], rounds=3)
    assert made(run, "presence", 0) == [0, 0, 0]


@pytest.mark.parametrize("agent", [Honest(), Cooperator(), Opportunist(), LemonSeller()])
def test_the_customary_offer_is_of_the_good_that_costs_least(agent):
    for costs, good in (([[1, 2], [1, 3]], 0), ([[1, 4], [1, 3]], 1)):
        own = market([agent], [Cooperator()], costs_of=costs).worlds["marketplace"]
        assert (own["good"][0, 0], own["promise"][0, 0], own["price"][0, 0]) == (good, 2, 5)


def test_honest_sellers_do_not_sell_a_good_below_its_worth_to_them():
    run = market([Honest()], [Cooperator()], 30, lemons=1, scale=20)
    assert made(run, "pay", 1) == [1] * 30
    assert (sales(run) >= 5).all() and (sales(run) > 5).any()
    assert run.points[0, 0] >= 0


def test_answers_of_honest_and_dishonest_sellers():
    class Asker(Cooperator):
        @staticmethod
        def ask_quality(p, i):
            return 1

    for seller in (Defector(), Whitewasher(), Honest()):
        assert made(market([seller], [Asker()]), "claim_quality", 0) == [1]
    low = market([PostedPriceSeller(quality=0)], [Asker()])
    assert made(low, "claim_quality", 0) == [0]


@pytest.mark.parametrize("buyer", [Honest(), DiscriminatingBuyer(unsecured=1), BestValueBuyer()])
def test_discriminating_buyers_leave_who_is_known_to_cheat(buyer):
    """The first round spoils the first seller's record; from then on they go to the second."""
    sellers = [PostedPriceSeller(price=4, cheats=1), Honest()]
    book = Reputation(decay=0)
    run = market(sellers, [buyer], rounds=4, institutions=[book], batch=1)
    assert chosen(run) == [[2, 0], [2, 1], [2, 1], [2, 1]]
    # Who does not care goes where the promise is cheapest.
    run = market(sellers, [Cooperator()], rounds=3, institutions=[book], batch=1)
    assert chosen(run) == [[2, 0]] * 3


def test_who_sees_only_cheats_looks_on_and_then_walks():
    sellers = [PostedPriceSeller(price=4, cheats=1), PostedPriceSeller(cheats=1)]
    run = market(sellers, [Honest()], rounds=4, institutions=[Reputation(decay=0)])
    # First shown, first bought, until it is known; then the next; then it pays nobody.
    assert chosen(run) == [[2, 0], [2, 1], [2, 0], [2, 0]]
    assert made(run, "pay", 2) == [1, 1, 0, 0]
    assert made(run, "choose_offer", 2) == [1, 2, 1, 2, 1, 2, 1]


def test_first_proposal_and_best_value():
    sellers = [PostedPriceSeller(price=p) for p in (6, 5.5, 4)]
    spent = {}
    for name, buyer in {
        "first": FirstProposalBuyer(),
        "best": BestValueBuyer(aspiration=100),
        "content": BestValueBuyer(aspiration=2.5),
        "haggling": BestValueBuyer(aspiration=100, haggle=0.5),
    }.items():
        spent[name] = chosen(market(sellers, [buyer]))
    assert spent == {"first": [[3, 0]], "best": [[3, 2]], "content": [[3, 1]], "haggling": [[3, 2]]}
    run = market(sellers, [BestValueBuyer(aspiration=100, haggle=0.5)])
    assert made(run, "pay", 3) == [0]
    # It trusts whom it does not know as much as it is told to.
    assert chosen(market([PostedPriceSeller(price=7)], [BestValueBuyer(trust=0.5)])) == []
    # Looking at one offer more costs it what the market takes.
    run = market(sellers, [BestValueBuyer(aspiration=100)], search_cost=0.5)
    assert run.points[0, 3] == 8 - 4 - 2 * 0.5


def test_a_spoilt_name_is_worth_a_new_one_to_an_opportunist():
    for fee, expected in ((0, 2), (100, 0)):
        run = market(
            [Opportunist(patience=0.2, explore=0)],
            [Honest()],
            rounds=30,
            institutions=[Reputation(decay=0)],
            reentry_fee=fee,
        )
        assert made(run, "deliver", 0)[0] == 1
        assert made(run, "presence", 0)[:2] == [0, expected]


def test_lemon_traders_by_hand():
    run = market([LemonSeller()], [LemonBuyer()], 60, lemons=1, floor=0.2, tick=0.1)
    # p* = 1.5 x 0.2 / (2 - 1.5) = 0.6 of 10 points: the buyer's bid in every round.
    assert run.worlds["sight"]["going_price"][0] == 6
    assert len(sales(run)) > 3 and (sales(run) == 6).all()
    # The seller does not know the price at first, and then stays away with all better goods.
    assert made(run, "presence", 0)[0] == 0
    assert 1 in made(run, "presence", 0)
    # A learner begins with the mean of all goods, and moves with what it gets.
    run = market([LemonSeller()], [LemonBuyer(learning=0.5)], 1, lemons=1, floor=0.2, tick=0.1)
    sight, quality = run.worlds["sight"][0], run.worlds["marketplace"]["drawn"][0, 0] / 10
    assert sight["proposal"][1] == 9
    if quality <= 0.9:
        assert sight["slots"][1, :2] == pytest.approx([1, 0.6 + 0.5 * (quality - 0.6)])


def test_lemon_traders_where_quality_is_chosen():
    assert market([LemonSeller()], [LemonBuyer()]).points[0].tolist() == [3, 3]
