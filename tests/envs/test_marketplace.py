"""The marketplace by hand, to the minor unit: listing, search, proposals, payment, delivery."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, Tremble, param, simulate
from posalign_sim.agents import (
    BestValueBuyer,
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    FirstProposalBuyer,
    Honest,
    Opportunist,
    PostedPriceSeller,
)
from posalign_sim.envs import Marketplace, MoralHazardMarket
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.metrics import Cooperation
from posalign_sim.testing import check_books, check_legality, check_relabelling

LOW, HIGH = 0, 1
BY_PRICE, BY_VALUE, BY_LISTING, BY_AGE = 1, 2, 3, 4
STAY, EXIT, REENTER = range(3)


class Stall(Agent):
    """Lists one offer; claims, accepts, keeps its word and comes and goes as it is told."""

    quality: float = param(1, 0, 1)
    ticks: float = param(10, 0, 100)
    cheats: float = param(0, 0, 1)
    good: float = param(0, 0, 9)
    claim: float = param(1, 0, 1)
    accepts: float = param(1, 0, 1)
    first: float = param(0, 0, 2)  # presence in round 0
    later: float = param(0, 0, 2)

    @staticmethod
    def presence(p, i):
        return int(p.params[i, 6] if p.clock == 0 else p.params[i, 7])

    @staticmethod
    def list_offer(p, i):
        return int(p.params[i, 0]), int(p.params[i, 3]), int(p.params[i, 1])

    @staticmethod
    def claim_quality(p, i):
        return int(p.params[i, 4])

    @staticmethod
    def accept_proposal(p, i):
        return int(p.params[i, 5])

    @staticmethod
    def deliver(p, i):
        return int(p.params[i, 2])


class Shopper(Agent):
    """Looks at so many offers, takes one by its place, and asks, bids and pays as it is told."""

    looks: float = param(0, 0, 4)
    place: float = param(0, 0, 4)  # 4: none
    asks: float = param(0, 0, 1)
    bid: float = param(-1, -1, 100)  # -1: agrees
    buys: float = param(1, 0, 1)

    @staticmethod
    def choose_offer(p, i):
        if p.slots[i, 0] < p.params[i, 0] and p.shown_left[i] > 0:
            p.slots[i, 0] += 1
            return 2, 0
        if p.params[i, 1] == 4 or p.shown_count[i] == 0:
            return 0, 0
        return 1, min(int(p.params[i, 1]), p.shown_count[i] - 1)

    @staticmethod
    def ask_quality(p, i):
        return int(p.params[i, 2])

    @staticmethod
    def propose_price(p, i):
        return (0, 0) if p.params[i, 3] < 0 else (1, int(p.params[i, 3]))

    @staticmethod
    def pay(p, i):
        return int(p.params[i, 4])


def trade(sellers, buyers, game=None, **more):
    sellers = sellers if isinstance(sellers, list) else [sellers]
    buyers = buyers if isinstance(buyers, list) else [buyers]
    details = {"rounds": 1, "metrics": (), "events": 400, **more}
    made = Scenario(game or Marketplace(), {"seller": sellers, "buyer": buyers}, **details)
    run = simulate(made, 1, mode="interpreted", history=[0], progress=False)
    assert not len(run.faults)
    return run


def acts(run):
    """Actor, target and cooperation of all interactions."""
    log = run.events(0)
    return log[log["kind"] == "interaction"][["actor", "target", "first"]].to_numpy().tolist()


# --- one seller, one buyer ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quality", "ticks", "cheats", "points"),
    [
        # Price less cost, value less price; costs 1 and 2, values 5 and 8; none costs nothing.
        (HIGH, 10, 0, (5 - 2, 8 - 5)),
        (HIGH, 10, 1, (5 - 1, 5 - 5)),
        (LOW, 6, 0, (3 - 1, 5 - 3)),
        (LOW, 6, 1, (3 - 0, 0 - 3)),
        (HIGH, 100, 0, (50 - 2, 8 - 50)),
    ],
)
def test_a_sale_by_hand(quality, ticks, cheats, points):
    run = trade(Stall(quality=quality, ticks=ticks, cheats=cheats), Shopper())
    assert tuple(run.points[0]) == points
    assert run.worlds["public"][0].tolist() == [-1_000_000 * int(sum(points)), 0, 0, 0]
    kept = 0 if cheats else 1
    assert acts(run) == [[1, 0, 1], [0, 1, kept]]


@pytest.mark.parametrize(
    "seller",
    [Honest(), Cooperator(), Defector(), Opportunist(explore=0.3)],
    ids=lambda agent: agent.name,
)
@pytest.mark.parametrize(
    "buyer",
    [Honest(), Cooperator(), Defector(), DiscriminatingBuyer()],
    ids=lambda agent: agent.name,
)
def test_with_one_seller_and_one_buyer_it_is_the_moral_hazard_market(seller, buyer):
    """Everything that search and talk add is the identity there, institutions included."""
    values = {"cost_high": [2, 2.3] * 2, "price_high": [5, 4.6] * 2, "tick": [0.5, 0.37] * 2}
    strength = np.repeat(["off", "enforced"], 2)
    # Draws are named after the module: the same name, the same luck.
    runs = [
        simulate(
            Scenario(
                game,
                {"seller": [seller], "buyer": [buyer]},
                institutions=[
                    Reputation(decay=0.1, strength=strength),
                    Arbitration(strength=strength),
                    Bond(stake=0.4, strength=strength),
                ],
                noise=Tremble(probability=0.15),
                rounds=12,
                metrics=(),
            ),
            4,
            3,
            mode="interpreted",
            progress=False,
        )
        for game in (
            MoralHazardMarket(name="bazaar", **values),
            Marketplace(
                name="bazaar", batch=[0, 0, 1, 0], ranking=[0, 1, 2, 3], shown=[1, 4] * 2, **values
            ),
        )
    ]
    assert (runs[0].points == runs[1].points).all()
    assert (runs[0].worlds["public"] == runs[1].worlds["public"]).all()


def test_a_proposal_that_is_accepted_is_the_price():
    run = trade(Stall(ticks=10), Shopper(bid=7))
    assert run.points[0].tolist() == [3.5 - 2, 8 - 3.5]
    assert run.worlds["sight"]["going_price"][0] == 3.5
    assert run.worlds["sight"]["at_stake"][0, :2].tolist() == [3.5, 3.5]


def test_refused_the_old_price_stands_and_by_default_who_was_refused_walks():
    assert trade(Stall(accepts=0), Shopper(bid=7)).points[0].tolist() == [3, 3]
    # Who does not say how it pays pays what was agreed on.
    haggler = BestValueBuyer(haggle=0.3)
    assert trade(Stall(), haggler).points[0].tolist() == [1.5, 4.5]
    run = trade(Stall(accepts=0), haggler)
    assert run.points[0].tolist() == [0, 0]
    assert acts(run) == [[1, 0, 0]]
    # By default a seller takes what covers its cost (2 points), and a posted price is a price.
    for bid, agreed in ((4, True), (3, False)):
        expected = [bid / 2 - 2, 8 - bid / 2] if agreed else [3, 3]
        assert trade(Honest(), Shopper(bid=bid)).points[0].tolist() == expected
    assert trade(PostedPriceSeller(), Shopper(bid=9)).points[0].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("listed", "claim", "cheats", "promised", "delivered"),
    [
        (LOW, HIGH, 1, 8, 5),  # the lie: low quality, sold as high, is a breach
        (LOW, HIGH, 0, 8, 8),
        (HIGH, LOW, 0, 5, 5),  # a promise taken back before it is paid for is none
        (HIGH, HIGH, 1, 8, 5),
    ],
)
def test_what_a_seller_answers_is_its_promise(listed, claim, cheats, promised, delivered):
    seller = Stall(quality=listed, claim=claim, cheats=cheats)
    judge = Arbitration(strength="off")
    w = trade(seller, Shopper(asks=1), institutions=[judge]).worlds[0]
    act = w["interactions"][1]
    assert (act["pledged"], act["promised"], act["delivered"]) == (1, promised, delivered)
    assert (act["paid"], act["harm"]) == (5, promised - delivered)
    assert act["cooperation"] == (promised == delivered)
    # Who does not ask is promised what was listed.
    w = trade(seller, Shopper(), institutions=[judge]).worlds[0]
    assert w["interactions"][1]["promised"] == (8 if listed == HIGH else 5)


def test_what_is_told_to_both_sides():
    sight = trade(Stall(ticks=9), Shopper(asks=1)).worlds["sight"][0]
    assert sight["temptation"][:2].tolist() == [1, 0]
    assert sight["exposure"][:2].tolist() == [0, 1]
    assert sight["at_stake"][:2].tolist() == [4.5, 4.5]
    assert (sight["rent"][0], sight["fallback"][0], sight["reserve"][0]) == (2.5, 0, 2)
    assert (sight["hope"][1], sight["risk"][1]) == (3.5, 0.5)
    assert sight["shown_seller"][1].tolist() == [0, *[0xFFFFFFFF] * 3]
    assert sight["shown_price"][1].tolist() == [4.5, 0, 0, 0]
    assert sight["bought_worth"][:2].tolist() == [-1, 8]
    assert sight["last_price"][:2].tolist() == [4.5, 4.5]
    assert sight["cost"][0].tolist() == [[0, 1, 2]] * 2
    assert sight["worth"][1].tolist() == [[0, 5, 8]] * 2
    assert not sight["worth"][0].any() and not sight["cost"][1].any()


# --- search -------------------------------------------------------------------------------------


def shelf(**game):
    """Three sellers: high quality at 6, low at 2, high at 4.5 points, in the order of birth."""
    stalls = [Stall(ticks=12), Stall(quality=LOW, ticks=4), Stall(ticks=9)]
    return stalls, Marketplace(batch=0, **game)


@pytest.mark.parametrize(
    ("ranking", "order"),
    [(BY_PRICE, [1, 2, 0]), (BY_VALUE, [2, 1, 0]), (BY_LISTING, [0, 1, 2])],
)
def test_the_market_ranks_what_it_shows(ranking, order):
    for place, seller in enumerate(order):
        stalls, game = shelf(ranking=ranking)
        run = trade(stalls, Shopper(looks=4, place=place), game)
        assert acts(run)[0] == [3, seller, 1]
        seen = run.worlds["sight"][0]
        assert seen["shown_seller"][3, :3].tolist() == order
        assert seen["inquiries"][:3].tolist() == [int(k == seller) for k in range(3)]
    # Fewer are shown than there are: the first of them.
    stalls, game = shelf(ranking=ranking, shown=2)
    assert trade(stalls, Shopper(looks=4, place=3), game).worlds["sight"]["shown_count"][0, 3] == 2


def test_looking_on_costs_and_nature_gets_it():
    for looks in range(4):
        stalls, game = shelf(ranking=BY_LISTING, search_cost=0.25)
        run = trade(stalls, Shopper(looks=looks, place=4), game)
        cost = 0.25 * min(looks, 2)
        assert run.points[0].tolist() == [0, 0, 0, -cost]
        assert run.worlds["public"][0, 0] == cost * 1_000_000
        assert run.worlds["sight"]["shown_count"][0, 3] == 1 + min(looks, 2)
    # Shown all at once there is nothing to look for.
    run = trade(stalls, Shopper(looks=3), Marketplace(search_cost=0.25))
    assert run.points[0, 3] in (8 - 6, 5 - 2, 8 - 4.5)


def test_one_buyer_is_served_and_the_other_goes_on_to_what_is_left():
    game = {"ranking": BY_LISTING, "batch": 0, "search_cost": 0.5}
    served = set()
    for births in ([0, 1, 2, 3], [0, 1, 3, 2]):
        stalls = [Stall(ticks=10), Stall(ticks=12)]
        run = trade(stalls, [Shopper()] * 2, Marketplace(**game), births=births, rounds=8)
        per_round = np.diff(run.history["balance"][:, 0].astype(int), axis=0) / 1e6
        for points in per_round:
            # Both come to the first; the loser has not looked at the second, and leaves.
            assert sorted(points[2:].tolist()) == [0, 3]
            assert points[:2].tolist() == [3, 0]
            served.add(int(np.argmax(points[2:])))
        run = trade(stalls, [Shopper(looks=1)] * 2, Marketplace(batch=1), births=births)
        assert sorted(run.points[0, 2:].tolist()) == [2, 3]
        assert run.points[0, :2].tolist() == [3, 4]
    assert served == {0, 1}


def test_more_buyers_than_offers_leave_empty_handed():
    run = trade(Stall(), [Shopper()] * 3, rounds=5)
    assert run.points[0, 0] == 15
    assert run.points[0, 1:].sum() == 15
    assert run.worlds["first_best"][0] == 6 / 4
    assert run.worlds["sight"]["inquiries"][0, 0] == 3
    run = trade([Stall()] * 3, Shopper(), rounds=5)
    assert run.points[0, 3] == 15
    assert run.points[0, :3].sum() == 15


def test_matching_does_not_matter_for_buyers_search():
    seats = [Honest(), Defector(), PostedPriceSeller(price=4)], [BestValueBuyer(), Honest()]
    points = [trade(*seats, rounds=6, matching=m).points for m in (None, Rematched())]
    assert (points[0] == points[1]).all()


def test_who_takes_the_first_offer_and_who_the_best():
    stalls, game = shelf(ranking=BY_LISTING)
    assert trade(stalls, FirstProposalBuyer(), game).points[0].tolist() == [4, 0, 0, 2]
    assert trade(stalls, BestValueBuyer(aspiration=9), game).points[0, 3] == 3.5
    # It stops at what is good enough.
    assert trade(stalls, BestValueBuyer(aspiration=2), game).points[0].tolist() == [4, 0, 0, 2]
    # What is not worth its price nobody takes.
    dear = [Stall(ticks=17)]
    for buyer in (FirstProposalBuyer(), BestValueBuyer()):
        assert acts(trade(dear, buyer)) == []


def test_goods_and_tastes():
    # Good 1 costs 1 or 4, and is worth 2 or 9; the first buyer has no use for good 0.
    game = Marketplace(
        costs_of=[[1, 2], [1, 4]],
        values_of=[[5, 8], [2, 9]],
        tastes=[[1, 1], [1, 1], [0, 1], [1, 0.5]],
    )
    stalls = [Stall(ticks=10), Stall(ticks=12, good=1)]
    run = trade(stalls, [BestValueBuyer(aspiration=9)] * 2, game)
    assert run.points[0].tolist() == [5 - 2, 6 - 4, 9 - 6, 8 - 5]
    assert run.worlds["first_best"][0] == (5 + 6) / 4
    one = Marketplace(costs_of=[[1, 2]], values_of=[[5, 8]])
    assert trade(Stall(), Shopper(), one).worlds["sight"]["worth"].shape[2:] == (1, 3)


# --- coming and going ---------------------------------------------------------------------------


def test_who_exits_is_not_listed_in_that_round():
    run = trade([Stall(first=EXIT), Stall(ticks=12)], Shopper(), rounds=2)
    assert acts(run)[0] == [2, 1, 1]
    assert trade(Stall(first=EXIT, later=EXIT), Shopper(), rounds=3).points[0].tolist() == [0, 0]


@pytest.mark.parametrize("faces", [1, 2])
def test_who_reenters_pays_and_is_a_stranger_from_the_next_round(faces):
    game = Marketplace(reentry_fee=1.5)
    book = Reputation(decay=0, upkeep=0)
    run = trade(
        Stall(cheats=1, first=REENTER), Shopper(), game, institutions=[book], rounds=4, faces=faces
    )
    assert run.points[0].tolist() == [4 * 4 - 1.5, 0]
    assert run.worlds["public"][0, 0] == -4_000_000 * 4 + 1_500_000
    # It cheats under the old name in round 0; the new one, and its age, begin with round 1.
    assert run.history["sight"]["standing"][1:, 0, 0].tolist() == [1, 1, 0, 0]
    assert run.history["sight"]["shown_age"][1:, 0, 1, 0].tolist() == [0, 0, 1, 2]
    assert run.worlds["generation"][0, 0] == 1


def test_the_oldest_identity_comes_first_if_the_market_ranks_by_age():
    stalls = [Stall(first=REENTER), Stall(ticks=12)]
    run = trade(stalls, Shopper(), Marketplace(batch=0, ranking=BY_AGE, reentry_fee=0), rounds=4)
    sold = [target for actor, target, _ in acts(run) if actor == 2]
    assert sold[1:] == [1, 1, 1]


def test_there_is_no_new_name_where_it_has_no_price():
    made = Scenario(
        Marketplace(),
        {"seller": [Stall(first=REENTER)], "buyer": [Shopper()]},
        rounds=1,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted", progress=False)
    assert len(run.faults) == 1
    assert run.worlds["sight"]["name_fee"][0] == -1


# --- lemons -------------------------------------------------------------------------------------


def test_a_drawn_good_by_hand():
    game = Marketplace(lemons=1, floor=0.25, premium=1.5, scale=8)
    run = trade(Stall(ticks=10, cheats=1), Shopper(asks=1), game)
    quality = run.worlds["marketplace"]["drawn"][0, 0] / 8
    assert 0.25 <= quality <= 1
    assert run.points[0] == pytest.approx([5 - 8 * quality, 1.5 * 8 * quality - 5], abs=1e-6)
    # Nothing is promised, asked or delivered otherwise; nothing tempts.
    made = run.events(0).query("kind == 'decision'")["place"]
    assert not made.isin(["marketplace.deliver", "marketplace.ask_quality"]).any()
    assert acts(run) == [[1, 0, 1], [0, 1, 1]]
    sight = run.worlds["sight"][0]
    assert not sight["temptation"].any() and not sight["deal_quality"].any()
    assert sight["reserve"][:2].tolist() == [8 * quality, 0]
    assert (sight["hope"][1], sight["risk"][1]) == (12 - 5, 3 - 5)
    assert run.worlds["first_best"][0] == 0.5 * 8 / 2


def test_quality_is_uniform_and_drawn_anew():
    game = Marketplace(lemons=1, floor=0.5, scale=1)
    run = trade([Stall(first=EXIT, later=EXIT)] * 40, Shopper(), game, rounds=25)
    drawn = run.history["marketplace"]["drawn"][1:, 0, :40].ravel()
    count = len(drawn)
    assert drawn.min() >= 0.5 and drawn.max() <= 1
    assert abs(drawn.mean() - 0.75) < 4 * 0.5 / np.sqrt(12 * count)
    assert abs((drawn < 0.625).mean() - 0.25) < 4 * np.sqrt(0.1875 / count)
    assert len(np.unique(drawn)) == count


# --- what holds whatever is played --------------------------------------------------------------


def test_full_cooperation_is_the_first_best_and_none_is_the_selfish_end():
    searches = Marketplace(batch=[1, 0], search_cost=[0, 0.5])

    def joint(seller, buyer):
        seats = {"seller": [seller] * 2, "buyer": [buyer] * 2}
        made = Scenario(searches, seats, rounds=3, metrics=[Cooperation()])
        run = simulate(made, 2, mode="interpreted", progress=False)
        return run.points.sum(axis=1), run.table()["cooperation"].to_numpy()

    best, most = joint(Cooperator(), Cooperator())
    assert best[0] == 3 * 2 * 6 == 3 * 4 * 3
    assert best[1] <= best[0] and most.tolist() == [1, 1]
    selfish, least = joint(Defector(), Defector())
    assert (selfish <= 0).all() and least.tolist() == [0, 0]
    for seller, buyer in (
        (Honest(), Honest()),
        (Stall(cheats=1), Shopper()),
        (Stall(quality=LOW), Shopper()),
        (Stall(ticks=0), FirstProposalBuyer()),
        (Honest(), Shopper(buys=0)),
    ):
        made, _ = joint(seller, buyer)
        assert (selfish <= made).all() and (made <= best[0]).all()


def test_in_the_twin_nothing_is_gained_together_and_each_still_has_a_choice():
    points = []
    for cheats, buys in itertools.product((0, 1), (0, 1)):
        sellers = [Stall(cheats=cheats), Stall(ticks=12)]
        buyers = [Shopper(buys=buys), Shopper(place=1)]
        run = trade(sellers, buyers, rounds=3, twin=True)
        assert run.points[0].sum() == 0
        assert run.worlds["public"][0].tolist() == [0, 0, 0, 0]
        points.append(tuple(run.points[0]))
    assert len(set(points)) > 2


def test_books_and_legality_with_everything_on():
    game = Marketplace(
        batch=0, ranking=BY_AGE, search_cost=0.11, reentry_fee=0.37, shown=2, tick=0.3
    )
    seats = {
        "seller": [Opportunist(explore=0.3), Stall(cheats=1, later=REENTER), Honest()],
        "buyer": [DiscriminatingBuyer(), BestValueBuyer(haggle=0.2), FirstProposalBuyer()],
    }
    made = Scenario(
        game,
        seats,
        institutions=[Reputation(), Registry(reentry_fee=1), Arbitration(), Bond()],
        noise=Tremble(probability=0.2),
        memory="pairs",
        rounds=4,
        metrics=(),
    )
    for check in (check_books, check_relabelling, check_legality):
        check(made, 2, 1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"shown": 5}, r"shown = 5 is out of its range \[1, 4\]"),
        ({"premium": 0.5}, r"premium = 0.5 is out of its range"),
        ({"costs_of": [1, 2]}, r"has shape \(2,\): give \[goods, 2\]"),
        ({"costs_of": [[1, 2]], "values_of": [[5, 8], [5, 8]]}, "another array has 1"),
        ({"tastes": [[-1, 1]]}, r"must lie in \[0, 10\]"),
    ],
)
def test_bad_input_is_refused(bad, message):
    with pytest.raises(ConfigurationError, match=message):
        Marketplace(**bad)
