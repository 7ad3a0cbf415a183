"""Conducts of punishers: whom they hit, whom they spare, what else they take up."""

from __future__ import annotations

import pytest

from posalign_sim import Agent, Fixed, Scenario, simulate
from posalign_sim.agents import (
    AltruisticPunisher,
    AntisocialPunisher,
    CapturedAuditor,
    CautiousAuditor,
    Cooperator,
    Defector,
    Rewarder,
    SecondOrderPunisher,
    SpitefulPunisher,
    TitForTat,
)
from posalign_sim.agents.contributors import give
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Arbitration, PeerPunishment
from posalign_sim.testing import check_privacy, check_relabelling
from posalign_sim.world.fields import param


class Giver(Agent):
    """Gives a share."""

    share: float = param(1, 0, 1, "share")

    @staticmethod
    def contribute(p, i):
        return give(p, p.params[i, 0])


def hits(conduct, *shares, **terms):
    """Points that one seat deals to each of the others, who gave so much."""
    made = Scenario(
        PublicGoods(),
        [Cooperator(conduct=conduct), *(Giver(share=s) for s in shares)],
        institutions=[PeerPunishment(**terms)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, mode="interpreted", progress=False)
    assert run.faults.empty
    return run.worlds["peer_punishment"]["suffered"][0, 1 : 1 + len(shares)].tolist()


@pytest.mark.parametrize(
    ("conduct", "expected"),
    [
        (AltruisticPunisher(points=10), [0, 2, 5, 10]),
        (AltruisticPunisher(points=10, cutoff=0.5), [0, 0, 0, 10]),
        (AltruisticPunisher(points=3), [0, 1, 2, 3]),
        (AntisocialPunisher(points=4), [4, 4, 4, 0]),
        (AntisocialPunisher(points=4, cutoff=0.9), [4, 0, 0, 0]),
        (SpitefulPunisher(points=2), [2, 2, 2, 2]),
        (Rewarder(points=7), [0, 0, 0, 0]),
    ],
    ids=lambda c: type(c).__name__,
)
def test_whom_they_hit(conduct, expected):
    assert hits(conduct, 1, 0.8, 0.5, 0) == expected


def test_a_second_order_punisher_hits_who_spared_a_breaker():
    # With everybody but the breaker sparing, all of them are hit in the second go.
    assert hits(SecondOrderPunisher(points=2), 1, 1, 0, second_order=1) == [2, 2, 2]
    assert hits(SecondOrderPunisher(points=2), 1, 1, 0) == [0, 0, 2]
    assert hits(AltruisticPunisher(points=2), 1, 1, 0, second_order=1) == [0, 0, 2]


def test_they_take_up_other_things_by_what_provoked_them():
    for conduct, files in (
        (AltruisticPunisher(), 1),
        (AntisocialPunisher(), 0),
        (Rewarder(), 0),
        (SpitefulPunisher(), 1),
        (CapturedAuditor(), 0),
        (CautiousAuditor(), 0),
    ):
        made = Scenario(
            RepeatedDilemma(),
            [Cooperator(conduct=conduct), Defector()],
            institutions=[Arbitration(accuracy=1, refund=0, damages=1, fine=5, fee=2)],
            rounds=1,
            metrics=(),
        )
        own = simulate(made, mode="interpreted", progress=False).worlds["arbitration"][0]
        assert own["disputes"][0] == files


def test_they_know_only_what_they_are_told():
    conducts = (AltruisticPunisher, SecondOrderPunisher, AntisocialPunisher, SpitefulPunisher)
    made = Scenario(
        RepeatedDilemma(),
        [
            *(TitForTat(conduct=spec()) for spec in conducts),
            Defector(conduct=Rewarder()),
            Defector(),
        ],
        institutions=[PeerPunishment(second_order=1)],
        matching=Fixed(),
        rounds=3,
        metrics=(),
    )
    check_privacy(made)
    check_relabelling(made)


def test_a_punisher_without_an_institution_changes_nothing():
    made = Scenario(
        PublicGoods(), [Cooperator(conduct=AltruisticPunisher()), *[Defector()] * 3], rounds=2
    )
    run = simulate(made, mode="interpreted", progress=False)
    assert run.points[0].tolist() == [16, 56, 56, 56]
