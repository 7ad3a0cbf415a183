"""Attackers of records by hand: what they do, and when."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Cooperator, Defector, Honest, Milker, Opportunist, Whitewasher
from posalign_sim.envs import Donor, Marketplace, MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation


def play(game, seats, *institutions, rounds=4, **more):
    made = Scenario(
        game, seats, institutions=institutions, rounds=rounds, metrics=(), events=999, **more
    )
    return simulate(made, 1, mode="interpreted", progress=False)


def choices(run, place, seat=0):
    log = run.events(0)
    log = log[(log["place"] == place) & (log["kind"] == "decision") & (log["actor"] == seat)]
    return log["first"].astype(int).tolist()


def test_a_whitewasher_asks_before_anybody_knows():
    seats = {"seller": [Whitewasher()], "buyer": [Honest()]}
    run = play(
        MoralHazardMarket(),
        seats,
        Reputation(decay=0, upkeep=0),
        Registry(reentry_fee=1, upkeep=0),
    )
    assert choices(run, "registry.reenter") == [1, 1, 1, 0]
    assert choices(run, "moral_hazard_market.deliver") == [1, 1, 1, 1]
    assert run.points[0].tolist() == [4 * 4 - 3, 0]


def test_or_once_it_is_known_if_it_waits():
    seats = {"seller": [Whitewasher(waits=1)], "buyer": [Honest()]}
    run = play(
        MoralHazardMarket(),
        seats,
        Reputation(decay=0, upkeep=0),
        Registry(reentry_fee=1, upkeep=0),
        rounds=5,
    )
    assert choices(run, "registry.reenter") == [0, 1, 0, 1, 0]
    assert run.points[0].tolist() == [3 * 4 - 2, 0]
    # Where nobody keeps a record it has no reason to.
    run = play(MoralHazardMarket(), seats, Registry(reentry_fee=1, upkeep=0))
    assert choices(run, "registry.reenter") == [0] * 4


def test_it_uses_the_names_that_a_game_sells_too():
    for waits, expected in ((0, [2, 2, 2, 0]), (1, [0, 2, 0, 0])):
        seats = {"seller": [Whitewasher(waits=waits)], "buyer": [Honest()]}
        run = play(Marketplace(reentry_fee=1), seats, Reputation(decay=0))
        assert choices(run, "marketplace.presence") == expected


@pytest.mark.parametrize("game", [RepeatedDilemma(), Donor(both=1)])
def test_it_breaks_its_word_as_a_defector_does(game):
    points = [play(game, [agent, Cooperator()]).points[0] for agent in (Whitewasher(), Defector())]
    assert (points[0] == points[1]).all()


def market(seller, *institutions, rounds=8, **more):
    return play(
        MoralHazardMarket(cost_low=0, cost_high=3.5, price_high=5),
        {"seller": [seller], "buyer": [Honest()]},
        *institutions,
        rounds=rounds,
        **more,
    )


def deliveries(run):
    return choices(run, "moral_hazard_market.deliver")


def test_a_milker_keeps_its_word_as_long_as_that_is_worth_it():
    """It gains 3.5 once and 1.5 a round: off with two rounds to go, or sooner if few look."""
    book = {"decay": 0, "upkeep": 0}
    assert deliveries(market(Milker(), Reputation(**book))) == [0] * 5 + [1]
    # If one buyer in two looks, from 3.5 / .75 = 4.67 rounds before the end.
    first = deliveries(market(Milker(), Reputation(visibility=0.5, **book))).index(1)
    assert first == 3
    # Without a record there is nothing to milk.
    assert deliveries(market(Milker())) == [1] * 8
    assert deliveries(market(Milker(patience=0), Reputation(**book)))[0] == 1


def test_bonds_and_fines_keep_it_longer():
    book = Reputation(decay=0, upkeep=0)
    for stake, kept in ((0, 5), (1, 6), (2.5, 7), (3.5, 8)):
        run = market(Milker(), book, Bond(stake=stake, evident=1, fee=0))
        assert deliveries(run) == [0] * kept + [1] * (1 if kept < 8 else 0)
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, fine=2.5, fee=0)
    assert deliveries(market(Milker(), book, judge)) == [0] * 7 + [1]


def test_a_cheap_name_is_as_good_as_no_record():
    book = Reputation(decay=0, upkeep=0)
    for fee, first in ((0, 0), (3.4, 0), (3.6, 5)):
        run = market(Milker(), book, Registry(reentry_fee=fee, upkeep=0))
        assert deliveries(run).index(1) == first


def test_a_milker_never_doubts_and_never_tries():
    assert {n: p.default for n, p in Milker.parameters().items()} == {
        "patience": 1,
        "learning": 0,
        "explore": 0,
        "cutoff": 0.5,
    }
    # The same numbers in the same places as the opportunist whose rule it follows.
    assert list(Milker.parameters()) == list(Opportunist.parameters())
    same = Opportunist(patience=1, learning=0, explore=0)
    book = Reputation(decay=0, upkeep=0)
    assert np.array_equal(market(Milker(), book).points, market(same, book).points)
