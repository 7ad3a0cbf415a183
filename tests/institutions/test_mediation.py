"""A mediator acts for those who ask it: as agreed if all do, by the fallback if not."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Fixed,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    simulate,
)
from posalign_sim.agents import (
    Abstaining,
    Compliant,
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    EquilibriumBidder,
    Opportunist,
    Random,
)
from posalign_sim.envs import Commons, MoralHazardMarket, RepeatedDilemma, SealedBid
from posalign_sim.institutions import Mediation
from posalign_sim.testing import check_institution, check_relabelling
from posalign_sim.world.modules import Decision, Game

YES, NO = Compliant(), Abstaining()


def played(players, game=None, rounds=1, worlds=1, **more):
    details = {k: more.pop(k) for k in ("matching", "network", "strength") if k in more}
    strength = details.pop("strength", "enforced")
    scenario = Scenario(
        game or RepeatedDilemma(),
        players,
        institutions=[Mediation(strength=strength, **more)],
        rounds=rounds,
        metrics=(),
        events=99,
        **details,
    )
    run = simulate(scenario, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


@pytest.mark.parametrize(
    ("first", "second", "fallback", "expected"),
    [
        # Whatever they would do themselves: all delegate, so all keep.
        (Defector(conduct=YES), Defector(conduct=YES), 0, [3, 3]),
        (Defector(conduct=YES), Cooperator(conduct=YES), 0, [3, 3]),
        # One acts alone: the mediator breaks for the other, keeps, or leaves it as it chose.
        (Cooperator(conduct=YES), Cooperator(conduct=NO), 0, [5, 0]),
        (Cooperator(conduct=YES), Defector(conduct=NO), 0, [1, 1]),
        (Defector(conduct=YES), Cooperator(conduct=NO), 1, [3, 3]),
        (Defector(conduct=YES), Defector(conduct=NO), 1, [0, 5]),
        (Defector(conduct=YES), Cooperator(conduct=NO), -1, [5, 0]),
        (Cooperator(conduct=YES), Cooperator(conduct=NO), -1, [3, 3]),
        # Nobody asks it.
        (Cooperator(conduct=NO), Defector(conduct=NO), 0, [0, 5]),
    ],
)
def test_it_keeps_the_word_of_all_or_falls_back(first, second, fallback, expected):
    assert played([first, second], fallback=fallback, fee=0).points[0].tolist() == expected


def test_who_delegates_pays_the_fee_and_nobody_else():
    run = played([Cooperator(conduct=YES), Defector(conduct=NO)], fee=0.25)
    assert run.points[0].tolist() == [1 - 0.25, 1]
    assert run.worlds["public"][0].tolist() == [-2_000_000, 250_000, 0, 0]
    table = run.table()
    assert table["mediation_delegated"][0] == 0.5 and table["mediation_mediated"][0] == 0


def test_what_a_seat_chose_itself_stays_in_the_log():
    log = played([Defector(conduct=YES), Defector(conduct=YES)], fee=0).events(0)
    moves = log[log["place"] == "repeated_dilemma.move"]
    assert moves["first"].tolist() == [1, 1] and moves["second"].tolist() == [0, 0]


def test_opportunists_reach_full_cooperation_with_it_and_none_without():
    pair = [Opportunist(explore=0), Opportunist(explore=0)]
    for strength, expected in (("enforced", 5 * (3 - 0.05)), ("announced", 5), ("off", 5)):
        assert played(pair, rounds=5, strength=strength).points[0].tolist() == [expected] * 2


def test_by_default_a_seat_delegates_if_that_pays():
    pair = [Opportunist(explore=0), Opportunist(explore=0)]
    # What all gain by keeping their word is R - P = 2.
    for fee, delegates in ((2, 1), (2.01, 0)):
        log = played(pair, fee=fee).events(0)
        assert (log[log["place"] == "mediation.delegate"]["first"] == delegates).all()
    # With a mediator who always keeps, acting alone gains the temptation: nobody delegates.
    assert played(pair, fee=0, fallback=1).points[0].tolist() == [1, 1]


def test_at_a_larger_table_all_must_delegate():
    four = [Defector(conduct=YES) for _ in range(3)]
    assert played([*four, Defector(conduct=YES)], Commons(), fee=0).points[0].tolist() == [12] * 4
    points = played([*four, Defector(conduct=NO)], Commons(), fee=0).points[0].tolist()
    assert points == [25] * 4
    # Whoever acts alone at another table is nobody's business.
    pairs = [Defector(conduct=YES) for _ in range(3)]
    run = played(
        [*pairs, Defector(conduct=NO)], fee=0, matching=Fixed(table=2), game=RepeatedDilemma()
    )
    assert run.points[0].tolist() == [3, 3, 1, 1]


def test_among_neighbours_it_acts_as_agreed_for_whoever_has_all_around_it():
    # On the path 0-1-2-3 the last acts alone: only the first has all its neighbours with it.
    players = [Defector(conduct=YES) for _ in range(3)]
    run = played(
        [*players, Defector(conduct=NO)],
        fee=0,
        matching=Neighbours(),
        network=Network.from_edges(4, [(0, 1), (1, 2), (2, 3)]),
    )
    # Seats 0 and 1 keep, 2 breaks: 0 meets 1; 1 meets 0 and 2; 2 meets 1 and 3.
    assert run.points[0].tolist() == [3, 3 + 0, 5 + 1, 1]


def test_in_a_market_a_seller_is_held_to_its_promise_and_the_buyer_still_decides():
    class Shopper(Agent):
        """Buys only if the seller is held to its word."""

        @staticmethod
        def pay(p, i):
            return 1 if p.assured[i] == 1 else 0

    seller = {"seller": [Defector(conduct=YES)], "buyer": [Shopper(conduct=YES)]}
    assert played(seller, MoralHazardMarket(), fee=0).points[0].tolist() == [3, 3]
    alone = {"seller": [Defector(conduct=NO)], "buyer": [Shopper(conduct=YES)]}
    assert played(alone, MoralHazardMarket(), fee=0).points[0].tolist() == [0, 0]
    market = {"seller": [Opportunist()], "buyer": [DiscriminatingBuyer()]}
    assert played(market, MoralHazardMarket(), fee=0).points[0].tolist() == [3, 3]


def test_shuffled_it_acts_for_somebody_else():
    # Two pairs: one that delegates and one that does not, all defectors.
    players = [Defector(conduct=c) for c in (YES, YES, NO, NO)]
    scenario = Scenario(
        RepeatedDilemma(),
        players,
        institutions=[Mediation(strength="shuffled", fee=0.25)],
        rounds=40,
        metrics=(),
    )
    run = simulate(scenario, 12, mode="interpreted", progress=False)
    # Two of four are held to cooperate, nobody for itself: of the 4-cycles one third hold both of
    # the pair that did not delegate (points 2 and 6), the others one of each pair (5 and 5).
    points = (run.points + np.array([10, 10, 0, 0])) / 40
    delegating, others = points[:, :2].sum(axis=1), points[:, 2:].sum(axis=1)
    error = 3 * np.sqrt(2 / 9 / (12 * 40))
    assert abs(delegating.mean() - 4) < 4 * error
    assert abs(others.mean() - 16 / 3) < 4 * error
    enforced = scenario.replace(institutions=[Mediation(fee=0.25)], rounds=1)
    run = simulate(enforced, 1, mode="interpreted", progress=False)
    assert run.points[0].tolist() == [2.75, 2.75, 1, 1]


def test_withdrawn_it_holds_nobody():
    run = played([Defector(conduct=YES)] * 2, rounds=4, fee=0, strength={0: "enforced", 2: "off"})
    assert run.points[0].tolist() == [8, 8]


def test_a_game_without_a_word_to_keep_is_refused():
    with pytest.raises(ConfigurationError, match="does not declare breach"):
        Scenario(SealedBid(), [EquilibriumBidder()] * 2, institutions=[Mediation()], rounds=1)

    class Wordless(Game):
        """Nobody promises anything."""

        declares = ("interactions", "breach")
        move = Decision("play", ("cooperate", "defect"))

    assert "keeps a word" in Mediation.refusal(Wordless)
    assert Mediation.refusal(RepeatedDilemma) == ""
    with pytest.raises(ConfigurationError, match="fallback"):
        Mediation(fallback=2)


def test_it_passes_the_contract():
    players = [Opportunist(), Random(conduct=YES), Random(conduct=NO)]
    dilemma = Scenario(RepeatedDilemma(), players, matching=Rematched(), rounds=3, metrics=())
    sellers = [Opportunist(), Defector(conduct=YES)]
    buyers = [DiscriminatingBuyer(), Cooperator(conduct=YES)]
    market = Scenario(
        MoralHazardMarket(),
        {"seller": sellers, "buyer": buyers},
        matching=Rematched(),
        rounds=3,
        metrics=(),
    )
    check_institution(Mediation(), [dilemma, market], worlds=2)
    clique = Network.from_edges(4, [(a, b) for a in range(4) for b in range(a)])
    check_relabelling(
        Scenario(
            RepeatedDilemma(),
            [*players, Defector()],
            matching=Neighbours(),
            network=clique,
            institutions=[Mediation()],
            rounds=3,
            metrics=(),
        )
    )
