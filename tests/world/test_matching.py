"""Who faces whom."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from posalign_sim import Fixed, Rematched, RoundRobin, Scenario, simulate
from posalign_sim.agents import Cooperator, Honest
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma

LEAST_P = 1e-7


def partners(scenario, worlds=1, seed=0):
    """`[rounds, worlds, agents]` partners in each round."""
    run = simulate(scenario, worlds, seed, history=range(worlds), mode="interpreted")
    return run.history["partner"][1:, :, : scenario.agents].astype(int)


def crowd(agents, matching, rounds, **more):
    return Scenario(
        RepeatedDilemma(),
        [Cooperator()] * agents,
        matching=matching,
        rounds=rounds,
        metrics=(),
        **more,
    )


@pytest.mark.parametrize("matching", [Fixed(), Rematched(), RoundRobin()], ids=lambda m: m.name)
@pytest.mark.parametrize("agents", [2, 3, 4, 5, 8, 9])
def test_partners_are_mutual_and_nobody_is_left_out_needlessly(matching, agents):
    found = partners(crowd(agents, matching, 12), 3)
    assert (np.take_along_axis(found, found, 2) == np.arange(agents)).all()
    alone = (found == np.arange(agents)).sum(2)
    assert (alone == agents % 2).all()


def test_fixed_never_changes():
    found = partners(crowd(6, Fixed(), 5), 2)
    assert (found == [1, 0, 3, 2, 5, 4]).all()


def test_rematched_makes_all_pairings_equally_likely():
    found = partners(crowd(4, Rematched(), 300), 10)
    counts = Counter(found[:, :, 0].ravel().tolist())
    assert set(counts) == {1, 2, 3}
    assert stats.chisquare(list(counts.values())).pvalue > LEAST_P
    # Successive rounds are independent: all nine pairs of partners are equally likely.
    pairs = np.stack([found[:-1, :, 0].ravel(), found[1:, :, 0].ravel()])
    table = np.histogram2d(*pairs, bins=[[1, 2, 3, 4]] * 2)[0]
    assert stats.chisquare(table.ravel()).pvalue > LEAST_P


def test_rematched_lets_everybody_sit_out_as_often():
    found = partners(crowd(5, Rematched(), 400), 5)
    alone = (found == np.arange(5)).sum((0, 1))
    assert stats.chisquare(alone).pvalue > LEAST_P


@pytest.mark.parametrize("agents", [2, 3, 4, 5, 6, 7, 10, 11])
@pytest.mark.parametrize("turns", [1, 3])
def test_round_robin_brings_everybody_together_once(agents, turns):
    matches = agents - 1 if agents % 2 == 0 else agents
    found = partners(crowd(agents, RoundRobin(turns=turns), 2 * matches * turns))[:, 0]
    assert (found[: matches * turns] == found[matches * turns :]).all()
    met = Counter()
    for row in found[: matches * turns]:
        met.update((i, j) for i, j in enumerate(row.tolist()) if i < j)
    assert len(met) == agents * (agents - 1) // 2
    assert set(met.values()) == {turns}


def test_round_robin_keeps_a_match_for_its_turns():
    found = partners(crowd(4, RoundRobin(turns=3), 9))[:, 0]
    for match in range(3):
        assert (found[3 * match : 3 * match + 3] == found[3 * match]).all()


@pytest.mark.parametrize("matching", [Fixed(), Rematched()], ids=lambda m: m.name)
@pytest.mark.parametrize(("sellers", "buyers"), [(1, 1), (3, 3), (2, 4), (4, 1)])
def test_two_sides_are_matched_with_each_other(matching, sellers, buyers):
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()] * sellers, "buyer": [Honest()] * buyers},
        matching=matching,
        rounds=6,
        metrics=(),
    )
    found = partners(market, 4)
    roles = np.array([0] * sellers + [1] * buyers)
    matched = found != np.arange(sellers + buyers)
    assert (matched.sum(2) == 2 * min(sellers, buyers)).all()
    assert (roles[found] != roles)[matched].all()
    assert (np.take_along_axis(found, found, 2) == np.arange(sellers + buyers)).all()


def test_births_decide_who_is_paired_not_seat_numbers():
    found = partners(crowd(4, Fixed(), 1, births=[0, 2, 1, 3]))
    assert found[0, 0].tolist() == [2, 3, 0, 1]
