"""Pool punishment: an enforcer's fee, fines in proportion to the pool, who saves itself a fine."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Fixed, Scenario, simulate
from posalign_sim.agents import Abstaining, Compliant, Cooperator, Defector, Opportunist
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import PoolPunishment
from posalign_sim.theory import joining_pays, pool_deters

POINT = 1_000_000


def payer(agent=Cooperator, **more):
    return agent(conduct=Compliant(), **more)


def group(*seats, game=None, worlds=1, rounds=1, matching=None, **terms):
    made = Scenario(
        game or PublicGoods(),
        seats,
        institutions=[PoolPunishment(**terms)],
        matching=matching,
        rounds=rounds,
        metrics=(),
        events=200,
    )
    run = simulate(made, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def test_two_payers_fine_a_free_rider_twice_as_much_as_one():
    for payers in range(4):
        seats = [payer() if k < payers else Cooperator() for k in range(3)]
        run = group(*seats, Defector(), fee=0.5, leverage=3)
        assert run.points[0].tolist() == [23.5] * payers + [24] * (3 - payers) + [44 - 1.5 * payers]
        _, cost, _, treasury = run.worlds["public"][0].tolist()
        assert (cost, treasury) == (payers * POINT // 2, 3 * payers * POINT // 2)
        assert run.worlds["finding_count"][0] == (payers > 0)


def test_with_second_order_punishment_who_has_not_paid_is_fined_as_much():
    free = [agent(conduct=Abstaining()) for agent in (Cooperator, Defector)]
    run = group(payer(), payer(), *free, fee=1, leverage=2, second_order=1)
    assert run.points[0].tolist() == [23, 23, 20, 40]
    assert run.worlds["pool_punishment"]["fined"][0].tolist() == [0, 0, 1, 1]
    # Who breaks its word and does not pay is fined once.
    assert run.worlds["finding_count"][0] == 1


def test_each_table_has_a_pool_of_its_own():
    seats = [payer(), Defector(), Cooperator(), Defector()]
    run = group(*seats, game=RepeatedDilemma(), matching=Fixed(table=2), fee=1, leverage=2)
    assert run.points[0].tolist() == [0 - 1, 5 - 2, 0, 5]


def test_without_second_order_punishment_nobody_pays_who_reckons_and_with_it_iff_it_is_worth_it():
    assert not group(*[Cooperator()] * 4).worlds["pool_punishment"]["paid_in"].any()
    leverage = np.array([0.2, 0.4, 0.6, 2.0])
    for expected in (0, 1, 2, 3):
        run = group(
            *[Cooperator()] * 4,
            worlds=4,
            leverage=leverage,
            second_order=1,
            announced_payers=expected,
        )
        paid = run.worlds["pool_punishment"]["paid_in"]
        assert (paid == paid[:, :1]).all()
        assert paid[:, 0].tolist() == [joining_pays(x, expected) for x in leverage]


def test_paying_feeds_on_itself_and_so_does_not_paying():
    for start, last in ((3, 6), (0, 0)):
        run = group(*[Cooperator()] * 4, rounds=6, second_order=1, announced_payers=start)
        assert run.worlds["pool_punishment"]["paid_in"][0].tolist() == [last] * 4


def test_a_best_responder_is_deterred_by_as_many_payers_as_theory_says():
    for payers in range(1, 4):
        seats = [payer() if k < payers else Cooperator(conduct=Abstaining()) for k in range(3)]
        leverage = np.arange(0.5, 13, 1.0)
        greedy = Opportunist(explore=0, learning=0)
        run = group(
            *seats, greedy, worlds=len(leverage), leverage=leverage, fee=2, announced_payers=9
        )
        # Whatever was announced, a seat knows once all have paid how much it will be.
        broke = run.worlds["interactions"]["cooperation"][:, 3] < 1
        expected = [not pool_deters(12, fee=2, leverage=x, payers=payers) for x in leverage]
        assert broke.tolist() == expected
        assert 0 < sum(expected) < len(expected)


def test_the_contract_on_announcements():
    run = group(payer(), Cooperator(), Cooperator(), Cooperator(), evident=0.5, announced_payers=2)
    p = run.worlds["sight"][0]
    assert p["loss_if_breach"].tolist() == [0.5 * 3 * 0.5 * 2]
    assert p["own_fine"].tolist() == [-0.75] * 4


def test_bad_terms_are_refused():
    with pytest.raises(ConfigurationError, match=r"pool_punishment\.fee"):
        PoolPunishment(fee=-1)
    with pytest.raises(ConfigurationError, match=r"no parameter 'levrage'.*leverage"):
        PoolPunishment(levrage=1)
