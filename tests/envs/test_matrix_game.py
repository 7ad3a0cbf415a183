"""Games with a table by hand: who earns what, what an act counts as, what seats are told."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import ConfigurationError, Network, Scenario, simulate, start
from posalign_sim.agents import Cooperator, Defector, Honest, Mixed, Opportunist
from posalign_sim.envs import MatrixGame, RepeatedDilemma
from posalign_sim.envs.matrix_game_rules import FAMILY
from posalign_sim.institutions import Arbitration
from posalign_sim.world.matching import Neighbours, Rematched


def only(number):
    """An agent that always takes one choice."""
    return Mixed(weights=np.eye(8)[number])


def play(game, agents, worlds=1, **more):
    made = Scenario(game, agents, **{"rounds": 1, "metrics": (), **more})
    run = simulate(made, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def acts(run):
    """Cooperation, harm and what was paid, of the first and the second seat's act."""
    x = run.worlds["interactions"][0, :2]
    return {name: x[name][np.argsort(x["actor"])].tolist() for name in ("cooperation", "harm")}


#: Points of both by hand: the rows are the first seat's choices.
BY_HAND = {
    "rock_paper_scissors": [
        [(0, 0), (-1, 1), (1, -1)],
        [(1, -1), (0, 0), (-1, 1)],
        [(-1, 1), (1, -1), (0, 0)],
    ],
    "matching_pennies": [[(1, -1), (-1, 1)], [(-1, 1), (1, -1)]],
    "battle_of_the_sexes": [[(2, 1), (0, 0)], [(0, 0), (1, 2)]],
    "chicken": [[(6, 6), (2, 7)], [(7, 2), (0, 0)]],
    "hawk_dove": [[(1, 1), (0, 2)], [(2, 0), (-2, -2)]],
    "stag_hunt": [[(4, 4), (0, 3)], [(3, 0), (3, 3)]],
    "prisoners_dilemma": [[(3, 3), (0, 5)], [(5, 0), (1, 1)]],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_payoffs_of_the_named_games(name):
    table = BY_HAND[name]
    for a, b in itertools.product(range(len(table)), repeat=2):
        run = play(MatrixGame.of(name), [only(a), only(b)])
        assert tuple(run.points[0]) == table[a][b]
        assert run.worlds["public"][0, 0] == -1_000_000 * sum(table[a][b])
    best = max(sum(points) for row in table for points in row)
    assert run.worlds["first_best"][0] == max(0, best) / 2


def test_who_is_second_in_a_pair_was_born_second():
    game = MatrixGame.of("battle_of_the_sexes")
    assert play(game, [only(0), only(0)]).points[0].tolist() == [2, 1]
    assert play(game, [only(0), only(0)], births=(1, 0)).points[0].tolist() == [1, 2]


def test_tables_may_differ_from_world_to_world():
    tables = np.array([FAMILY["matching_pennies"], 2 * np.array(FAMILY["matching_pennies"])])
    run = play(MatrixGame(payoffs=tables), [only(0), only(0)], worlds=2)
    assert run.points.tolist() == [[1, -1], [2, -2]]


@pytest.mark.parametrize("name", ["prisoners_dilemma", "stag_hunt", "hawk_dove"])
@pytest.mark.parametrize("moves", ["CC", "CD", "DC", "DD"])
def test_an_act_counts_as_it_does_in_the_family_of_dilemmas(name, moves):
    numbers = ["CD".index(m) for m in moves]
    here = play(MatrixGame.of(name), [only(k) for k in numbers], institutions=[Arbitration()])
    there = play(
        RepeatedDilemma.of(name),
        [(Cooperator, Defector)[k]() for k in numbers],
        institutions=[Arbitration()],
    )
    for field in ("cooperation", "harm", "paid"):
        first, second = (run.worlds["interactions"][0][field][:2] for run in (here, there))
        assert first.tolist() == second.tolist()


def test_who_coordinates_cooperates_on_whatever_is_best():
    game = MatrixGame.of("battle_of_the_sexes")
    for a, b in itertools.product(range(2), repeat=2):
        run = play(game, [only(a), only(b)], institutions=[Arbitration()])
        agreed = a == b
        # Given what the other went for, each was due to go there, too: 1 or 2 points for the other.
        harm = [0, 0] if agreed else [1 + b, 2 - a]
        assert acts(run) == {"cooperation": [1.0 if agreed else 0.0] * 2, "harm": harm}


def test_in_a_constant_sum_game_nobody_can_cooperate_or_harm():
    for a, b in itertools.product(range(3), repeat=2):
        run = play(
            MatrixGame.of("rock_paper_scissors"), [only(a), only(b)], institutions=[Arbitration()]
        )
        assert acts(run) == {"cooperation": [1, 1], "harm": [0, 0]}


def test_acts_between_the_best_and_the_worst_are_graded():
    # Efforts of 0, 1, 2: each unit costs 1 and gives the other 2.
    efforts = np.arange(3)
    table = -efforts[:, None] + 2 * efforts[None, :]
    for a, b in itertools.product(range(3), repeat=2):
        run = play(MatrixGame(payoffs=table), [only(a), only(b)], institutions=[Arbitration()])
        # If both do their best each has 2: the harm is what the other lacks to that.
        harm = [max(0, 2 - (2 * a - b)), max(0, 2 - (2 * b - a))]
        assert acts(run) == {"cooperation": [a / 2, b / 2], "harm": harm}


tables = st.integers(2, 4).flatmap(
    lambda k: st.lists(
        st.floats(-10, 10, allow_nan=False, width=32), min_size=2 * k * k, max_size=2 * k * k
    ).map(lambda numbers: np.array(numbers).reshape(2, k, k))
)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_who_all_cooperate_fully_makes_the_most_there_is(table):
    """The anchor of cooperation 1; and each can get there from whatever is best for both."""
    game = MatrixGame(payoffs=table)
    ws = play(game, [Cooperator(), Cooperator()]).worlds
    scale = ws[game.name]["scale"][0]
    together = table[0] + table[1].T
    assert ((scale >= 0) & (scale <= 1)).all()
    both = (scale[0] == 1) & (scale[1].T == 1)
    distinct = len(np.unique(together.round(6))) == together.size
    if distinct:
        assert (together[both] >= together.max() - 1e-6).all()
        assert both.sum() == 1
    # The cooperators' points are those of the best outcome, and full cooperation.
    joint = ws[game.name]["joint"][0]
    assert both[tuple(joint)]
    assert together[tuple(joint)] >= together.max() - 1e-6


@pytest.mark.parametrize("name", ["prisoners_dilemma", "stag_hunt", "chicken", "hawk_dove"])
def test_cooperators_make_the_first_best_and_defectors_no_more_than_self_interest(name):
    game = MatrixGame.of(name)
    kind = play(game, [Cooperator(), Cooperator()])
    assert kind.points[0].mean() == kind.worlds["first_best"][0]
    unkind = play(game, [Defector(), Defector()]).points[0].sum()
    table = BY_HAND[name]
    # What rests on self-interest: nobody gains by another choice.
    rests = [
        sum(table[a][b])
        for a, b in itertools.product(range(2), repeat=2)
        if table[a][b][0] >= table[1 - a][b][0] and table[a][b][1] >= table[a][1 - b][1]
    ]
    assert unkind <= min(rests)


def test_what_seats_are_told():
    run = play(MatrixGame.of("chicken"), [only(0), only(1)])
    p = run.worlds["sight"][0]
    assert p["options"] == 2
    assert p["payoff"].tolist() == [[[6, 2], [7, 0]]] * 2
    assert (p["joint_choice"].tolist(), p["selfish_choice"].tolist()) == ([0, 0], [1, 1])
    assert p["rival_choice"].tolist() == [1, 0]
    assert p["foregone"].tolist() == [[2, 0], [6, 7]]
    told = {name: p[name].tolist() for name in ("temptation", "rent", "fallback", "hope", "risk")}
    # Straight gains 7 - 6; swerving is safe for 2, and against straight it earns no more.
    assert told == {
        "temptation": [1, 1],
        "rent": [6, 6],
        "fallback": [2, 2],
        "hope": [4, 4],
        "risk": [0, 0],
    }
    mixed = play(MatrixGame.of("battle_of_the_sexes"), [only(0), only(1)]).worlds["sight"][0]
    assert mixed["payoff"].tolist() == [[[2, 0], [0, 1]], [[1, 0], [0, 2]]]
    assert mixed["foregone"].tolist() == [[0, 1], [1, 0]]


def test_a_seat_is_told_its_own_table_whoever_it_meets():
    # The middle one of three is the second with the first, and the first with the third.
    game = MatrixGame.of("battle_of_the_sexes")
    made = Scenario(game, [only(0)] * 4, matching=Rematched(), rounds=30, metrics=())
    run = simulate(made, 1, mode="interpreted", history=[0], progress=False)
    for before, after in itertools.pairwise(run.history[:, 0]):
        gained = (after["balance"] - before["balance"])[:4] / 1e6
        assert gained.tolist() == after["sight"]["payoff"][:4, 0, 0].tolist()
        late = after["birth_rank"][:4] > after["birth_rank"][after["partner"][:4]]
        assert gained.tolist() == np.where(late, 1, 2).tolist()


def test_on_a_network_one_choice_is_played_with_all_neighbours():
    ring = Network.ring(5)
    run = play(
        MatrixGame.of("rock_paper_scissors"),
        [only(0), only(1), only(2), only(0), only(1)],
        network=ring,
        matching=Neighbours(),
    )
    # 0 rock, between two papers; 1 paper, rock and scissors; 2 scissors, paper and rock; ...
    assert run.points[0].tolist() == [-2, 0, 0, 0, 2]
    assert run.worlds["sight"]["foregone"][0, 0].tolist() == [-2, 0, 2]


def test_the_twin_makes_nothing_and_still_pays_by_choices():
    choices = itertools.product(range(2), repeat=2)
    game = MatrixGame.of("prisoners_dilemma")
    points = {
        (a, b): play(game, [only(a), only(b)], twin=True, twin_constant=1).points[0].tolist()
        for a, b in choices
    }
    assert points == {(0, 0): [1, 1], (0, 1): [-1.5, 3.5], (1, 0): [3.5, -1.5], (1, 1): [1, 1]}


def test_unconditional_and_responsive_agents_know_the_decision():
    game = MatrixGame.of("prisoners_dilemma")
    assert play(game, [Cooperator(), Defector()]).points[0].tolist() == [0, 5]
    honest = play(game, [Honest(), Opportunist(explore=0, patience=0)])
    assert honest.points[0].tolist() == [0, 5]
    # Where doing one's part is best for oneself, nobody is tempted.
    stag = play(MatrixGame.of("stag_hunt"), [Honest(), Opportunist(explore=0, patience=0)])
    assert stag.points[0].tolist() == [4, 4]


def test_from_outside_only_choices_that_there_are_can_be_taken():
    made = Scenario(MatrixGame.of("rock_paper_scissors"), [only(0), only(1)], rounds=1, metrics=())
    session = start(made, 1, external=[0], mode="interpreted")
    assert (session.lows[0, 0], session.highs[0, 0]) == (0, 2)
    with pytest.raises(ConfigurationError, match="legal"):
        session.advance(np.array([0]), np.array([[3]]))


@pytest.mark.parametrize(
    ("payoffs", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], "2 choices against 3"),
        (np.zeros((9, 9)), "2 to 8"),
        ([[1]], "2 to 8"),
        ([1, 2], "give"),
        ([[1, np.nan], [0, 1]], "must lie"),
        ([[1, 2e6], [0, 1]], "must lie"),
        ([["rock"]], "array of numbers"),
        ("rock", "no matrix game is called"),
        (np.zeros((3, 2, 2)), "3 instead of 2"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(payoffs, message):
    with pytest.raises(ConfigurationError, match=message):
        MatrixGame(payoffs=payoffs)


def test_a_misspelt_game_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigurationError, match="rock_paper_scissors"):
        MatrixGame.of("rock_paper_sissors")
