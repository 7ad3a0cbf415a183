"""Equality by hand: who owns what, how the worst off fare, what changes hands after the play."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Cooperator, Defector
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Bond, IncomeTax, PigouvianCharge
from posalign_sim.metrics import Equality


def row(agents, *institutions, game=None, rounds=4):
    made = Scenario(
        game or RepeatedDilemma(),
        agents,
        institutions=institutions,
        rounds=rounds,
        metrics=[Equality()],
    )
    run = simulate(made, mode="interpreted", progress=False)
    return (
        run.table().iloc[0][["gini", "worst_off", "transfers_received", "transfers_paid"]].tolist()
    )


def test_by_hand():
    assert row([Cooperator(), Cooperator()]) == [0, 3, 0, 0]
    assert row([Defector(), Cooperator()]) == [1, 0, 0, 0]
    # 44 and three times 24: sorted values times -3, -1, 1, 3 make 60, over 3 x 116.
    group = [Defector(), Cooperator(), Cooperator(), Cooperator()]
    gini, worst, *moved = row(group, game=PublicGoods(), rounds=2)
    assert gini == pytest.approx(60 / 348) and worst == 24 and moved == [0, 0]


def test_transfers_by_hand():
    # 3 points of harm, charged and paid to the other: 2 are left of 5, 3 for the other.
    charge = PigouvianCharge(cost=0)
    assert row([Defector(), Cooperator()], charge)[1:] == [2, 1.5, 1.5]
    # Tax of 1 a round, of which each gets back half.
    tax = IncomeTax(rate=0.2, cost=0, basic_income=1)
    assert row([Defector(), Cooperator()], tax)[1:] == [0.5, 0.25, 0.25]
    # What is put into escrow and taken out again has changed hands with nobody.
    assert row([Cooperator(), Cooperator()], Bond(fee=0))[2:] == [0, 0]


def test_debts_have_no_gini():
    gini, worst, *_ = row([Defector(), Cooperator()], game=RepeatedDilemma(sucker=-1))
    assert np.isnan(gini) and worst == -1
