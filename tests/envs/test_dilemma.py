"""The 2x2 games by hand: who gets what, what is recorded, and what is told to the seats."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import RoundRobin, Scenario, Tremble, simulate
from posalign_sim.agents import Cooperator, Defector, Random, TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Arbitration

C, D = Cooperator, Defector

#: Points of both by the moves of both; the first was born first.
BY_HAND = {
    "prisoners_dilemma": {"CC": (3, 3), "CD": (0, 5), "DC": (5, 0), "DD": (1, 1)},
    "stag_hunt": {"CC": (4, 4), "CD": (0, 3), "DC": (3, 0), "DD": (3, 3)},
    # A prize of 2, a fight that costs 6: hawks who meet have (2 - 6) / 2 each.
    "hawk_dove": {"CC": (1, 1), "CD": (0, 2), "DC": (2, 0), "DD": (-2, -2)},
    "harmony": {"CC": (3, 3), "CD": (1, 2), "DC": (2, 1), "DD": (0, 0)},
    # The first wins if the coins match, the second if they do not.
    "matching_pennies": {"CC": (1, -1), "CD": (-1, 1), "DC": (-1, 1), "DD": (1, -1)},
    "donation": {"CC": (2, 2), "CD": (-1, 3), "DC": (3, -1), "DD": (0, 0)},
}
#: What the best outcome makes for each seat.
FIRST_BEST = {
    "prisoners_dilemma": 3,
    "stag_hunt": 4,
    "hawk_dove": 1,
    "harmony": 3,
    "matching_pennies": 0,
    "donation": 2,
}


def play(game, agents, **more):
    made = Scenario(game, agents, **{"rounds": 1, "metrics": (), "events": 100, **more})
    return simulate(made, 1, mode="interpreted")


def seat(move):
    return Cooperator() if move == "C" else Defector()


@pytest.mark.parametrize("moves", ["CC", "CD", "DC", "DD"])
@pytest.mark.parametrize("name", BY_HAND)
def test_payoffs_of_the_named_games(name, moves):
    run = play(RepeatedDilemma.of(name), [seat(m) for m in moves])
    assert tuple(run.points[0]) == BY_HAND[name][moves]
    assert run.worlds["first_best"][0] == FIRST_BEST[name]
    # What somebody got, nature paid; to the minor unit.
    assert run.worlds["public"][0, 0] == -1_000_000 * sum(BY_HAND[name][moves])


@pytest.mark.parametrize("name", BY_HAND)
def test_no_outcome_makes_more_than_the_first_best_and_one_makes_as_much(name):
    joint = [sum(points) / 2 for points in BY_HAND[name].values()]
    assert max(joint) == FIRST_BEST[name]
    # Mutual cooperation does: it is the anchor at which cooperation counts as 1.
    assert sum(BY_HAND[name]["CC"]) / 2 == FIRST_BEST[name]


@pytest.mark.parametrize("name", ["prisoners_dilemma", "donation"])
def test_defection_is_the_selfish_anchor(name):
    points = BY_HAND[name]
    for other in "CD":
        assert points["D" + other][0] > points["C" + other][0]


def test_the_donation_game_has_its_own_two_numbers():
    game = RepeatedDilemma.of("donation", benefit=10, cost=4)
    assert play(game, [C(), D()]).points[0].tolist() == [-4, 10]
    assert play(game, [C(), C()]).points[0].tolist() == [6, 6]


def test_one_number_of_a_named_game_can_be_another():
    game = RepeatedDilemma.of("stag_hunt", reward=[4, 6])
    made = Scenario(game, [C(), C()], rounds=1, metrics=())
    assert simulate(made, 2, mode="interpreted").points.tolist() == [[4, 4], [6, 6]]


@pytest.mark.parametrize("births", [(0, 1), (1, 0)])
def test_who_is_second_in_a_pair_was_born_second(births):
    run = play(RepeatedDilemma.of("matching_pennies"), [C(), C()], births=births)
    assert run.points[0].tolist() == ([1, -1] if births == (0, 1) else [-1, 1])


def test_payoffs_of_the_second_seat_are_its_own():
    game = RepeatedDilemma(other_temptation=50, other_sucker=-7)
    assert play(game, [C(), D()]).points[0].tolist() == [0, 50]
    assert play(game, [D(), C()]).points[0].tolist() == [5, -7]
    assert play(game, [D(), D()]).points[0].tolist() == [1, 1]
    assert play(game, [C(), D()]).worlds["first_best"][0] == 25


@pytest.mark.parametrize("moves", ["".join(m) for m in itertools.product("CD", repeat=2)])
def test_what_is_recorded_of_an_act(moves):
    run = play(RepeatedDilemma(), [seat(m) for m in moves])
    w = run.worlds[0]
    assert w["interaction_count"] == 2
    for x in w["interactions"][:2]:
        assert x["actor"] != x["target"]
        assert x["cooperation"] == (1 if moves[x["actor"]] == "C" else 0)
        assert x["pledged"] == 0
    log = run.events(0)
    acts = log[log["kind"] == "interaction"]
    # Harm is what the target lacks to the reward of 3.
    lacking = [3 - BY_HAND["prisoners_dilemma"][moves][t] for t in (1, 0)]
    assert acts["second"].tolist() == [max(0, lack) for lack in lacking]
    assert w["standard"] == 1


def test_who_relied_on_its_partner_has_paid_what_that_cost_it():
    # The first seat has R - S = 3, the second 4 - (-7); who defected has relied on nobody.
    game = RepeatedDilemma(other_reward=4, other_sucker=-7)
    for moves, paid in {"CC": (11, 3), "DC": (11, 0), "CD": (0, 3), "DD": (0, 0)}.items():
        judge = Arbitration(strength="off")
        w = play(game, [seat(m) for m in moves], institutions=[judge]).worlds[0]
        acts = w["interactions"][:2]
        assert acts["actor"].tolist() == [0, 1]
        # What the target of each act has paid for it.
        assert acts["paid"].tolist() == list(paid)


def test_what_is_told_to_the_seats():
    sight = play(RepeatedDilemma(temptation=6), [C(), C()]).worlds["sight"][0]
    # The temptation is the larger of 6 - 3 and 1 - 0.
    names = ("temptation", "rent", "fallback", "hope", "risk")
    assert {name: sight[name].tolist() for name in names} == {
        "temptation": [3, 3],
        "rent": [3, 3],
        "fallback": [1, 1],
        "hope": [2, 2],
        "risk": [-1, -1],
    }
    fear = RepeatedDilemma(temptation=4, reward=3, punishment=1, sucker=-3)
    sight = play(fear, [C(), C()]).worlds["sight"][0]
    assert sight["temptation"].tolist() == [4, 4]
    assert sight["at_stake"].tolist() == [6, 6]


def test_who_has_no_partner_does_nothing():
    run = play(RepeatedDilemma(), [C()] * 3, matching=RoundRobin(), rounds=3)
    assert run.points[0].tolist() == [6, 6, 6]
    acts = run.events(0).query("kind == 'interaction'")
    assert acts.groupby("clock").size().tolist() == [2, 2, 2]


def test_points_are_exact_to_the_minor_unit():
    game = RepeatedDilemma(reward=0.1, temptation=0.3)
    run = play(game, [C(), C()], rounds=1000, events=0)
    assert run.worlds["balance"][0].tolist() == [100_000_000] * 2
    # What is finer than a millionth of a point is rounded once for each payment.
    run = play(RepeatedDilemma(reward=1 / 3), [C(), C()], rounds=3, events=0)
    assert run.worlds["balance"][0].tolist() == [999_999] * 2


@pytest.mark.parametrize("name", BY_HAND)
def test_books_balance_whatever_is_played(name):
    made = Scenario(
        RepeatedDilemma.of(name),
        [Random() for _ in range(5)],
        matching=RoundRobin(),
        noise=Tremble(probability=0.2),
        rounds=15,
        metrics=(),
    )
    ws = simulate(made, 5, 1, mode="interpreted").worlds
    assert (ws["balance"].sum(axis=1) + ws["public"].sum(axis=1) == 0).all()
    if name == "matching_pennies":
        assert (ws["balance"].sum(axis=1) == 0).all()
    assert len(np.unique(ws["balance"])) > 2


def test_where_nobody_asks_what_acts_did_to_whom_it_is_not_worked_out():
    bare = Scenario(RepeatedDilemma(), [TitForTat(), TitForTat()], rounds=1, metrics=())
    assert {"unpriced", "unjudged", "uncounted"} <= set(bare.structure.traits)
    judged = bare.replace(institutions=[Arbitration()])
    assert {"unpriced", "unjudged"}.isdisjoint(judged.structure.traits)
