"""The trust game and gift exchange by hand, to the minor unit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Rematched, Scenario, Tremble, simulate
from posalign_sim.agents import (
    CautiousInvestor,
    Cooperator,
    Defector,
    FixedTrust,
    InequityAverse,
    Opportunist,
    Reciprocal,
)
from posalign_sim.envs import Trust
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.testing import check_scenario


def play(investor, trustee, game=None, **more):
    investors = investor if isinstance(investor, list) else [investor]
    trustees = trustee if isinstance(trustee, list) else [trustee]
    made = Scenario(
        game or Trust(),
        {"investor": investors, "trustee": trustees},
        **{"rounds": 1, "metrics": (), "events": 200, **more},
    )
    return simulate(made, more.get("worlds", 1), mode="interpreted")


@pytest.mark.parametrize(
    ("trust", "returned", "points"),
    [
        # Ten points can be sent; three times as much arrives.
        (0, 50, (0, 0)),
        (0.5, 33, (-5 + 4.95, 15 - 4.95)),
        (1, 0, (-10, 30)),
        (1, 50, (5, 15)),
        (1, 67, (10.1, 9.9)),
        (1, 100, (20, 0)),
    ],
)
def test_trust_by_hand(trust, returned, points):
    run = play(FixedTrust(trust=trust), FixedTrust(returned=returned))
    assert tuple(run.points[0]) == pytest.approx(points, abs=1e-12)
    assert run.worlds["public"][0].tolist() == [-20_000_000 * trust, 0, 0, 0]


@pytest.mark.parametrize(
    ("wage", "effort", "points"),
    [
        # Effort is worth 100; costs are 0, 0, 1, 2, 4, 6, 8, 10, 12, 15, 18; at least a tenth.
        (50, 100, (100 - 50, 50 - 18)),
        (50, 50, (50 - 50, 50 - 6)),
        (50, 45, (45 - 50, 50 - 5)),
        (50, 0, (10 - 50, 50)),
        (20, 20, (0, 19)),
        (0, 100, (0, 0)),
    ],
)
def test_gift_exchange_by_hand(wage, effort, points):
    game = Trust.of("gift_exchange")
    run = play(FixedTrust(trust=wage / 59), FixedTrust(returned=effort), game)
    assert tuple(run.points[0]) == pytest.approx(points, abs=1e-12)


def test_the_equal_split_lets_both_gain_alike():
    # In the trust game two thirds; where nothing is made by sending, all of it.
    for factor, fair in ((3, 67), (2, 75), (1, 100), (9, 56)):
        run = play(Cooperator(), Cooperator(), Trust(factor=factor))
        assert run.worlds["sight"]["fair"][0].tolist() == [fair, fair]
        one, other = run.points[0]
        assert 0 <= one - other <= 2 * factor * 10 / 100 + 1e-9
    # 100 e + c(e) = 2 x 50 between .86 (99.8) and .87 (101.1); full effort from 59 on.
    game = Trust.of("gift_exchange")
    run = play(FixedTrust(trust=50 / 59), Cooperator(), game)
    assert run.worlds["sight"]["fair"][0, 0] == 87
    assert run.worlds["sight"]["full"][0] == 59
    run = play(Cooperator(), Cooperator(), game)
    assert run.points[0].tolist() == [41, 41]
    assert run.worlds["first_best"][0] == 41


@pytest.mark.parametrize(
    ("promised", "custom", "returned", "act"),
    [
        # pledged, cooperation, promised, delivered, harm; 10 were paid, 30 received.
        (50, 1, 50, (1, 50 / 67, 15, 15, 0)),
        (50, 1, 40, (1, 40 / 67, 15, 12, 3)),
        (50, 1, 80, (1, 1, 15, 24, 0)),
        (-1, 1, 67, (1, 1, 20.1, 20.1, 0)),
        (-1, 1, 0, (1, 0, 20.1, 0, 20.1)),
        (-1, 0, 0, (0, 0, 20.1, 0, 20.1)),
        (0, 0, 0, (1, 0, 0, 0, 0)),
    ],
)
def test_what_is_recorded(promised, custom, returned, act):
    trustee = FixedTrust(promised=promised, returned=returned)
    judge = Arbitration(strength="off")
    run = play(Cooperator(), trustee, Trust(custom=custom), institutions=[judge])
    w = run.worlds[0]
    sent, back = w["interactions"][:2]
    assert w["interaction_count"] == 2
    assert (sent["actor"], sent["target"], sent["pledged"], sent["cooperation"]) == (0, 1, 0, 1)
    assert (back["actor"], back["target"], back["paid"]) == (1, 0, 10)
    names = ("pledged", "cooperation", "promised", "delivered", "harm")
    assert [back[name] for name in names] == pytest.approx(act, abs=1e-12)


def test_who_was_sent_nothing_is_not_asked_and_whose_word_counts_was():
    log = play(Defector(), Cooperator()).events(0)
    decided = set(log[log["kind"] == "decision"]["place"])
    assert decided == {"trust.give_word", "trust.send"}
    log = play(Cooperator(), FixedTrust(promised=20), Trust(talk=0)).events(0)
    assert "trust.give_word" not in set(log["place"])
    assert log[log["kind"] == "interaction"].shape[0] == 2


def test_what_is_told_to_both_sides():
    sight = play(FixedTrust(trust=0.5), FixedTrust(promised=40)).worlds["sight"][0]
    # 5 sent, 15 received; 6 promised.
    assert sight["sent"].tolist() == [5, 5]
    assert sight["word"].tolist() == [40, 40]
    assert (sight["temptation"][1], sight["rent"][1], sight["lead"][1]) == (6, 9, 20)
    assert (sight["exposure"][0], sight["hope"][0], sight["risk"][0]) == (6, 1, -5)
    assert sight["at_stake"].tolist() == [5, 5]


def test_cooperation_is_one_where_most_is_made_and_nothing_at_the_selfish_end():
    for game in (Trust(), Trust.of("gift_exchange")):
        made = {}
        for trust, share in itertools.product(np.linspace(0, 1, 5), (0, 25, 50, 75, 100)):
            run = play(FixedTrust(trust=trust), FixedTrust(returned=share), game)
            count = run.worlds["interaction_count"][0]
            acts = run.worlds["interactions"][0]["cooperation"][:count]
            made[trust, share] = (run.points[0].sum(), acts.min(), acts.max())
        full = [total for total, least, _ in made.values() if least == 1]
        none = [total for total, _, most in made.values() if most == 0]
        best = max(total for total, _, _ in made.values())
        assert full and max(full) - min(full) < 1e-9
        assert full[0] == pytest.approx(best)
        assert none and max(none) <= min(total for total, *_ in made.values()) + 1e-9
        first_best = play(Cooperator(), Cooperator(), game).worlds["first_best"][0]
        assert best == pytest.approx(2 * first_best)


def test_sending_more_than_there_is_cannot_be():
    # Of 3 points in ticks of .7 four can be sent: 2.8.
    game = Trust(endowment=3, tick=0.7)
    run = play(Cooperator(), Defector(), game)
    assert run.points[0].tolist() == [-2.8, 8.4]
    assert run.worlds["sight"]["most"][0] == 4


def test_slips_keep_what_was_to_be_returned():
    run = play(Cooperator(), Cooperator(), noise=Tremble(probability=1))
    assert run.points[0].tolist() == [-10, 30]


def test_who_is_left_over_plays_with_nobody():
    run = play([Cooperator()] * 3, [Defector()], matching=Rematched(), rounds=5)
    assert run.points[0, :3].sum() == -50 and run.points[0, 3] == 150
    assert run.worlds["first_best"][0] == 20 / 4


def test_the_twin_makes_nothing_whatever_is_done_but_acts_still_pay():
    points = {}
    for trust, share in ((0, 0), (1, 0), (1, 67)):
        made = play(
            FixedTrust(trust=trust), FixedTrust(returned=share), twin=True, twin_constant=0.5
        )
        assert made.points[0].sum() == 1.0
        points[trust, share] = made.points[0, 1]
    assert points[1, 0] > points[0, 0]
    assert points[1, 0] > points[1, 67]


def test_gift_exchange_keeps_the_contract():
    seats = {
        "investor": [CautiousInvestor(), FixedTrust()],
        "trustee": [Reciprocal(), InequityAverse(), Opportunist()],
    }
    made = Scenario(
        Trust.of("gift_exchange"),
        seats,
        institutions=[Reputation(), Registry(reentry_fee=1), Arbitration(), Bond(stake=5)],
        matching=Rematched(),
        noise=Tremble(probability=0.2),
        rounds=2,
    )
    check_scenario(made, worlds=2)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="did you mean gift_exchange"):
        Trust.of("gift_exchang")
    with pytest.raises(ConfigurationError, match="effort_cost has 2 instead of 11"):
        Trust(worth=10, effort_cost=[0, 1])
    with pytest.raises(ConfigurationError, match=r"factor = 0\.5 is out of its range"):
        Trust(factor=0.5)
