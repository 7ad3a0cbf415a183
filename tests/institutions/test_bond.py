"""Bonds: held while it counts, forfeited once and only on proof, given back otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    GROUP,
    Agent,
    Decision,
    Game,
    Metric,
    Neighbours,
    Network,
    Scenario,
    per_agent,
    scalar,
    simulate,
)
from posalign_sim.agents import Cooperator, Defector, Random
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond
from posalign_sim.testing import check_relabelling
from posalign_sim.world.conduct import interact
from posalign_sim.world.record import face, seats

POINT = 1_000_000
SURE = {"accuracy": 1, "false_finding": 0, "refund": 0, "fee": 0}


class Escrow(Metric):
    """What was held of each seat while it acted, and what was published about it then."""

    held: int = per_agent(np.int64, initial=-1)
    shown: float = per_agent(initial=-1)
    forfeit: float = scalar(initial=-1)

    @staticmethod
    def witness(w, own, x):
        for i in seats(w):
            own.held[i] = w.held[face(w, i)]
            own.shown[i] = w.sight.bonded[face(w, i)]
        own.forfeit = w.sight.forfeit_if_breach[own.place]


class Unbonded(Agent):
    """A defector who posts no bond."""

    @staticmethod
    def move(p, i):
        return 1

    @staticmethod
    def bond(p, i):
        return 0


def dilemma(one, other, *institutions, worlds=1, seed=0, **more):
    made = Scenario(
        RepeatedDilemma(),
        [one, other],
        institutions=institutions,
        metrics=[Escrow()],
        **{"rounds": 1, "events": 200, **more},
    )
    run = simulate(made, worlds, seed, mode="interpreted")
    assert not run.worlds["held"].any()
    return run


def test_a_bond_is_held_during_the_round_and_given_back_after_it():
    run = dilemma(Cooperator(), Cooperator(), Bond(stake=2.5, evident=1, fee=0.125))
    assert run.worlds["escrow"]["held"][0].tolist() == [2_500_000] * 2
    assert run.worlds["escrow"]["shown"][0].tolist() == [2.5] * 2
    assert run.worlds["balance"][0].tolist() == [3_000_000 - 125_000] * 2
    assert run.worlds["public"][0].tolist() == [-6_000_000, 250_000, 0, 0]


def test_an_evident_breach_forfeits_it_to_the_partner():
    run = dilemma(Defector(), Cooperator(), Bond(stake=2.5, evident=1, fee=0))
    assert run.points[0].tolist() == [5 - 2.5, 0 + 2.5]
    log = run.events(0)
    assert log[log["kind"] == "finding"][["actor", "target"]].to_numpy().tolist() == [[0, 1]]
    assert run.worlds["sight"]["sanction"][0].tolist() == [2.5, 0]


def test_without_evidence_or_arbiter_it_secures_nothing():
    run = dilemma(Defector(), Cooperator(), Bond(stake=2.5, evident=0, fee=0.125), rounds=10)
    assert run.points[0].tolist() == [10 * (5 - 0.125), -10 * 0.125]
    assert run.worlds["escrow"]["forfeit"][0] == 0
    assert not (run.events(0)["kind"] == "finding").any()


def test_it_is_forfeited_once_however_often_the_breach_is_proven():
    run = dilemma(Defector(), Cooperator(), Arbitration(**SURE), Bond(stake=2, evident=1, fee=0))
    assert run.points[0].tolist() == [3, 2]
    # What the arbiter has found needs no second finding.
    assert (run.events(0)["kind"] == "finding").sum() == 1


@pytest.mark.parametrize("evident", [0, 1])
def test_an_arbiter_proves_only_to_who_comes_after_it(evident):
    judge, bond = Arbitration(**SURE), Bond(stake=2, evident=evident, fee=0)
    run = dilemma(Defector(), Cooperator(), judge, bond)
    assert run.points[0].tolist() == [3, 2]
    assert run.worlds["escrow"]["forfeit"][0] == 1
    # The other way round the bond has been dealt with when the judge begins: it is given back,
    # unless the breach was evident, and that is also what is announced.
    run = dilemma(Defector(), Cooperator(), bond, judge)
    assert run.points[0].tolist() == ([3, 2] if evident else [5, 0])
    assert run.worlds["escrow"]["forfeit"][0] == evident
    # What was found once is not tried again.
    assert (run.events(0)["kind"] == "finding").sum() == 1


def test_a_false_finding_forfeits_it_too():
    blind = Arbitration(accuracy=0, false_finding=1, refund=0, damages=0, fee=0)

    class Plaintiff(Agent):
        @staticmethod
        def move(p, i):
            return 0

        @staticmethod
        def file(p, i):
            return 1

    run = dilemma(Plaintiff(), Cooperator(), blind, Bond(stake=2, evident=1, fee=0))
    # Whoever is accused pays; nothing was evident, for there was nothing.
    assert run.points[0].tolist() == [5, 1]


def test_evidence_is_as_frequent_as_it_should_be():
    worlds, evident = 2000, 0.35
    run = dilemma(
        Defector(), Cooperator(), Bond(stake=1, evident=evident, fee=0), worlds=worlds, events=0
    )
    forfeited = 5 - run.points[:, 0]
    assert set(forfeited) == {0, 1}
    assert abs(forfeited.mean() - evident) < 4 * np.sqrt(evident * (1 - evident) / worlds)


def test_who_posts_none_has_none_to_lose_and_pays_no_fee():
    run = dilemma(Unbonded(), Cooperator(), Bond(stake=2, evident=1, fee=0.25))
    assert run.points[0].tolist() == [5, -0.25]
    assert run.worlds["escrow"]["held"][0].tolist() == [0, 2 * POINT]
    assert run.worlds["escrow"]["shown"][0].tolist() == [0, 2]
    assert not (run.events(0)["kind"] == "finding").any()


def test_a_stake_of_nothing_is_no_bond():
    run = dilemma(Defector(), Cooperator(), Bond(stake=0, evident=1, fee=0.25))
    assert run.points[0].tolist() == [5, 0]
    assert not (run.events(0)["place"] == "bond.bond").any()


def test_in_a_market_only_who_promises_is_asked():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Cooperator()]},
        institutions=[Bond(stake=2, evident=1, fee=0.05)],
        rounds=1,
        metrics=[Escrow()],
        events=50,
    )
    run = simulate(made, 1, mode="interpreted")
    assert run.points[0].tolist() == [4 - 2 - 0.05, 0 + 2]
    assert run.worlds["escrow"]["held"][0].tolist() == [2 * POINT, 0]
    log = run.events(0)
    assert log.loc[log["place"] == "bond.bond", "actor"].tolist() == [0]


def test_every_bond_is_paid_out_or_given_back_in_its_round():
    run = dilemma(
        Random(),
        Random(),
        Arbitration(accuracy=0.5, false_finding=0.2),
        Bond(stake=1, evident=0.5),
        worlds=30,
        rounds=30,
        events=2000,
    )
    for world in range(30):
        log = run.events(world)
        held = log[(log["kind"] == "posting") & (log["actor"] == log["target"])]
        # Two bonds a round go into escrow, and at most two come out; the rest went to the victim.
        taken = held.groupby(["clock", "actor"]).size()
        assert (taken >= 1).all() and (taken <= 3).all()
    assert (run.worlds["balance"].sum(axis=1) + run.worlds["public"].sum(axis=1) == 0).all()


class Commons(Game):
    """Who litters gains a point and harms everybody."""

    declares = ("interactions", "breach")
    move = Decision("play", ("tidy", "litter"))

    @staticmethod
    def begin(w, own):
        for i in seats(w):
            w.sight.temptation[i] = 1.0

    @staticmethod
    def play(w, own):
        for i in seats(w):
            interact(w, face(w, i), GROUP, 1.0 - own.move[i], 0, 0.0, 0.0, 0.0, 1.0)


def test_what_harms_everybody_forfeits_to_the_treasury():
    made = Scenario(
        Commons(),
        [Cooperator(), Defector(), Defector(), Cooperator()],
        institutions=[Bond(stake=2, evident=1, fee=0)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted")
    assert run.points[0].tolist() == [0, -2, -2, 0]
    assert run.worlds["public"][0, 3] == 4 * POINT


@pytest.mark.parametrize("judges", [(), (Arbitration(**SURE),)])
def test_whom_of_several_victims_it_pays_is_a_matter_of_luck_not_of_seats(judges):
    scenario = Scenario(
        RepeatedDilemma(),
        [Defector(), Cooperator(), Cooperator(), Cooperator()],
        matching=Neighbours(),
        network=Network.from_edges(4, [(a, b) for a in range(4) for b in range(a)]),
        institutions=[*judges, Bond(stake=2, evident=1, fee=0)],
        rounds=6,
        metrics=(),
    )
    check_relabelling(scenario, 3, 5)
    run = simulate(scenario, 200, seed=4, mode="interpreted", progress=False)
    paid = run.points[:, 1:] - 6 * 6  # what two cooperators earn from each other in six rounds
    # Each of three victims has the bond of each round with chance 1/3: 4 standard errors.
    assert (paid.sum(axis=1) == 6 * 2).all()
    share = paid.mean(axis=0) / paid.mean(axis=0).sum()
    assert np.abs(share - 1 / 3).max() < 4 * np.sqrt(2 / 9 / (200 * 6))
