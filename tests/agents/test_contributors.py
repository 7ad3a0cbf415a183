"""Who gives and who takes, depending on what others did, held against their rules by hand."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    ConditionalContributor,
    Cooperator,
    Defector,
    FixedHarvester,
    Honest,
    ImitatingHarvester,
    Loner,
    Opportunist,
    SustainableHarvester,
    ThresholdContributor,
)
from posalign_sim.envs import Commons, PublicGoods


def history(game, population, rounds):
    """The worlds after each round, of one world."""
    made = Scenario(game, population, rounds=rounds, metrics=())
    run = simulate(made, 1, 1, mode="interpreted", history=[0], progress=False)
    assert run.faults.empty
    return run.history[1:, 0]


def gifts(game, population, rounds):
    """Ticks that each gave, round by round."""
    return history(game, population, rounds)["public_goods"]["given_ticks"][:, : len(population)]


def test_conditional_contributors_sustain_each_other():
    assert (gifts(PublicGoods(), [ConditionalContributor()] * 4, 8) == 20).all()
    assert (gifts(PublicGoods(), [ConditionalContributor(first=0.5)] * 4, 8) == 10).all()


@pytest.mark.parametrize("slope", [1, 0.8])
def test_one_free_rider_undoes_them(slope):
    population = [*[ConditionalContributor(slope=slope)] * 3, Defector()]
    given = gifts(PublicGoods(), population, 25)
    expected = np.array([20, 20, 20, 0])
    for row in given:
        assert row.tolist() == expected.tolist()
        others = (expected.sum() - expected) / 3
        expected = np.where(np.arange(4) < 3, np.rint(slope * others), 0)
    assert given[-1].sum() <= 3
    assert (np.diff(given.sum(axis=1)) <= 0).all()


def test_they_are_all_or_nothing_where_contributions_are():
    game = PublicGoods(indivisible=1)
    given = gifts(game, [*[ConditionalContributor()] * 3, Defector()], 3)
    # Two of three others gave: nearer to all. One of three: nearer to nothing.
    assert given.tolist() == [[20, 20, 20, 0]] * 3
    given = gifts(game, [*[ConditionalContributor()] * 2, *[Defector()] * 2], 2)
    assert given.tolist() == [[20, 20, 0, 0], [0, 0, 0, 0]]


def test_thresholds_fall_one_after_another():
    cutoffs = (0.25, 0.5, 0.75, 1)
    population = [*(ThresholdContributor(cutoff=c) for c in cutoffs), Defector()]
    given = gifts(PublicGoods(), population, 6) // 20
    # Three of four others gave, so that who asks for all of them leaves; and so on.
    assert given.tolist() == [
        [1, 1, 1, 1, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    easy = [*[ThresholdContributor(cutoff=0.75)] * 4, Defector()]
    assert (gifts(PublicGoods(), easy, 6)[:, :4] == 20).all()


def test_an_opportunist_gives_if_a_gift_pays_itself():
    # Contributing is dominated if and only if r / n < 1 (Isaac & Walker 1988).
    for factor, gives in ((3.9, 0), (4.1, 20)):
        population = [Opportunist(explore=0), *[Cooperator()] * 3]
        given = gifts(PublicGoods(factor=factor), population, 3)
        assert given[:, 0].tolist() == [gives] * 3
    assert (gifts(PublicGoods(), [Honest()] * 4, 3) == 20).all()


def test_it_gives_where_it_is_needed():
    # All are asked for an equal share of the threshold, so that each one is pivotal.
    game = PublicGoods(factor=0, threshold=2, benefit=30, indivisible=0)
    told = history(game, [Cooperator()] * 4, 1)[0]
    assert told["sight"]["fair"].tolist() == [10] * 4
    assert told["public_goods"]["given_ticks"].tolist() == [10] * 4


def test_honest_agents_stay_out_where_others_do_not_give():
    game = PublicGoods(endowment=1, factor=3, optional=1, loner=1)
    out = history(game, [Honest(), Defector(), Defector(), Loner()], 3)["public_goods"]["inside"]
    # First it trusts: 3 for 1 are more than a loner's point. Then it has seen the others.
    assert out.tolist() == [[1, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0]]
    together = history(game, [*[Honest()] * 3, Loner()], 3)["public_goods"]["inside"]
    assert together.tolist() == [[1, 1, 1, 0]] * 3


def stocks(population, rounds, **game):
    return history(Commons(**game), population, rounds)["commons"]["stock"][:, 0].tolist()


def test_sustainable_harvesters_keep_what_there_is():
    assert stocks([SustainableHarvester()] * 5, 4) == [100] * 4
    # 60: half of it is 30, six each, and it doubles back.
    assert stocks([SustainableHarvester()] * 5, 4, initial_stock=60) == [60] * 4
    assert stocks([SustainableHarvester(share=0)] * 5, 1, initial_stock=60) == [100]
    assert stocks([SustainableHarvester(share=1.5)] * 5, 3) == [50, 30, 20]
    # Logistic: what grows back most, from half of the capacity.
    assert stocks([Cooperator()] * 5, 4, growth_form=1) == [75] * 4


def test_imitators_follow_a_greedy_one():
    population = [*[ImitatingHarvester()] * 4, FixedHarvester(amount=16)]
    seen = history(Commons(), population, 3)
    caught = seen["commons"]["caught"][:, :5].tolist()
    # 10 each but for 16; of 44 units left 88. The mean of the others is then 11.5.
    assert caught[0] == [10, 10, 10, 10, 16]
    assert caught[1] == [11, 11, 11, 11, 16]
    assert (seen["commons"]["stock"][:2, 0]).tolist() == [88, 56]


def test_greed_ends_it_at_once():
    assert stocks([Defector()] * 5, 2) == [0, 0]
    assert stocks([Opportunist(explore=0)] * 5, 2) == [0, 0]
    assert stocks([Honest()] * 5, 2) == [100, 100]
