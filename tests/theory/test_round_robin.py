"""A small tournament whose result is certain: five strategies, everybody meets everybody once."""

from __future__ import annotations

import itertools

import pytest

from posalign_sim import RoundRobin, Scenario, simulate
from posalign_sim.agents import Cooperator, Defector, GoByMajority, Grim, TitForTat
from posalign_sim.envs import RepeatedDilemma

#: Points in matches of five turns, by payoffs 5, 3, 1, 0, without self-play.
SCORES = {Cooperator: 45, TitForTat: 49, Defector: 52, Grim: 49, GoByMajority: 49}


@pytest.mark.parametrize("memory", ["present", "pairs"])
@pytest.mark.parametrize("births", [None, (4, 2, 0, 1, 3)], ids=["in order", "shuffled"])
def test_scores_of_the_tournament(memory, births):
    """The table of the Axelrod library (Knight et al. 2016), which is Axelrod's (1980) scoring."""
    made = Scenario(
        RepeatedDilemma(),
        [spec() for spec in SCORES],
        matching=RoundRobin(turns=5),
        rounds=25,
        memory=memory,
        births=births,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted")
    assert run.points[0].tolist() == list(SCORES.values())


def test_scores_do_not_depend_on_who_sits_where():
    for order in itertools.islice(itertools.permutations(SCORES), 7, 120, 23):
        made = Scenario(
            RepeatedDilemma(),
            [spec() for spec in order],
            matching=RoundRobin(turns=5),
            rounds=25,
            metrics=(),
        )
        points = simulate(made, 1, mode="interpreted").points[0]
        assert dict(zip(order, points, strict=True)) == SCORES


def test_a_second_tournament_among_strangers_is_like_the_first():
    # Who has played somebody else in between is a stranger, if only the present is remembered.
    made = Scenario(
        RepeatedDilemma(),
        [spec() for spec in SCORES],
        matching=RoundRobin(turns=5),
        rounds=50,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted")
    assert run.points[0].tolist() == [2 * score for score in SCORES.values()]
    # And if everybody is remembered, defectors are met with defection the second time.
    grudges = simulate(made.replace(memory="pairs"), 1, mode="interpreted").points[0]
    # The cooperator alone falls for the defector again: 25 points against 5 in each match.
    assert grudges.tolist() == [90, 99, 92, 99, 99]
