"""Arbitration to the minor unit, and as often right and wrong as its judge is said to be."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Rematched, Scenario, param, simulate
from posalign_sim.agents import Cooperator, Defector
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration

POINT = 1_000_000


class Plaintiff(Agent):
    """Cooperates with a fixed chance (0 or 1), and disputes whatever was done to it."""

    cooperation: float = param(1, 0, 1, "0 or 1")

    @staticmethod
    def move(p, i):
        return 0 if p.params[i, 0] == 1 else 1

    @staticmethod
    def pay(p, i):
        return 1

    @staticmethod
    def file(p, i):
        return 1


def market(seller, buyer, game=None, **terms):
    made = Scenario(
        game or MoralHazardMarket(),
        {"seller": [seller], "buyer": [buyer]},
        institutions=[Arbitration(**terms)],
        rounds=1,
        metrics=(),
        events=50,
    )
    run = simulate(made, 1, mode="interpreted")
    return run, run.worlds[0]


SURE = {"accuracy": 1, "false_finding": 0}
BLIND = {"accuracy": 0, "false_finding": 1}


def test_a_finding_against_a_seller_to_the_minor_unit():
    run, w = market(
        Defector(), Cooperator(), **SURE, refund=0.5, damages=1.1, fine=0.123456, fee=0.25
    )
    # 5 for the price, 1 to make it; half of the price and the damages back, and the fine.
    assert w["balance"][0] == 5_000_000 - 1_000_000 - 2_500_000 - 1_100_000 - 123_456
    # 5 of value at a price of 5; a fee, half of the price and the damages.
    assert w["balance"][1] == 5_000_000 - 5_000_000 - 250_000 + 2_500_000 + 1_100_000
    nature, cost, outsiders, treasury = w["public"]
    assert (nature, cost, outsiders, treasury) == (-4_000_000, 250_000, 0, 123_456)
    log = run.events(0)
    found = log[log["kind"] == "finding"]
    assert found[["actor", "target", "first", "second"]].to_numpy().tolist() == [[0, 1, 1, 1]]
    assert w["arbitration"]["disputes"].tolist() == [0, 1]
    assert w["arbitration"]["found"].tolist() == [0, 1]
    assert w["arbitration"]["wrongful"].tolist() == [0, 0]
    assert w["sight"]["sanction"].tolist() == [2.5 + 1.1 + 0.123456, 0]


def test_a_dispute_that_is_lost_costs_its_fee():
    _, w = market(Defector(), Plaintiff(), **BLIND, refund=0.5, damages=1, fine=1, fee=0.25)
    assert w["balance"].tolist() == [4_000_000, -250_000]
    assert w["public"].tolist() == [-4_000_000, 250_000, 0, 0]
    assert w["arbitration"]["disputes"][1] == 1
    assert w["arbitration"]["found"][1] == 0


def test_a_wrongful_finding_is_paid_and_counted():
    _, w = market(Cooperator(), Plaintiff(), **BLIND, refund=1, damages=1, fine=0.5, fee=0.25)
    # A sale kept makes 3 for each; the seller gives back 5, and pays 1 and the fine.
    assert w["balance"].tolist() == [-3_500_000, 3_000_000 + 6_000_000 - 250_000]
    assert w["arbitration"]["wrongful"].tolist() == [0, 1]
    assert w["arbitration"]["found"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("moves", "points", "cost"),
    [
        # Who was hurt had paid reward - sucker = 3, relying on its partner.
        ((1, 1), (3, 3), 0),
        ((1, 0), (0 + 3 + 1 - 0.25, 5 - 3 - 1 - 0.5), 0.25),
        # Who defected had not: between two defectors there are damages alone, both ways.
        ((0, 0), (1 - 0.25 - 0.5, 1 - 0.25 - 0.5), 0.5),
    ],
)
def test_findings_in_a_dilemma(moves, points, cost):
    made = Scenario(
        RepeatedDilemma(),
        [Plaintiff(cooperation=moves[0]), Plaintiff(cooperation=moves[1])],
        institutions=[Arbitration(**SURE, refund=1, damages=1, fine=0.5, fee=0.25)],
        rounds=1,
        metrics=(),
    )
    # Plaintiffs file in any case, and pay for it; what follows is for those who have a reason.
    run = simulate(
        made.reseated([Cooperator() if m else Defector() for m in moves]), 1, mode="interpreted"
    )
    assert run.points[0].tolist() == list(points)
    assert run.worlds["public"][0, 1] == cost * POINT
    run = simulate(made, 1, mode="interpreted")
    assert run.worlds["public"][0, 1] == 0.5 * POINT
    assert run.worlds["arbitration"]["disputes"][0].tolist() == [1, 1]
    assert run.worlds["arbitration"]["found"].sum() == 2 - sum(moves)


def test_nobody_files_without_a_deal():
    _, w = market(Defector(), Defector(), **SURE)
    assert not w["arbitration"]["disputes"].any()
    assert not w["balance"].any()


def test_an_honest_plaintiff_files_iff_it_was_wronged_and_the_award_covers_the_fee():
    for accuracy, fee, filed in ((0.5, 2.5, 1), (0.5, 2.51, 0), (0.4, 2, 1), (0.4, 2.01, 0)):
        _, w = market(Defector(), Cooperator(), accuracy=accuracy, fee=fee)
        assert w["arbitration"]["disputes"][1] == filed
        _, w = market(Cooperator(), Cooperator(), accuracy=accuracy, fee=fee)
        assert w["arbitration"]["disputes"][1] == 0
    # A price and an accuracy whose product is not exact in binary: .7 * 3 is 2.1.
    _, w = market(Defector(), Cooperator(), MoralHazardMarket(price_high=3), accuracy=0.7, fee=2.1)
    assert w["arbitration"]["disputes"][1] == 1


def test_the_judge_errs_as_often_as_it_is_said_to():
    worlds, rounds = 160, 15
    accuracy, false_finding = 0.8, 0.3
    kind = np.repeat([0, 1], worlds // 2)
    made = Scenario(
        RepeatedDilemma(),
        [Plaintiff(cooperation=kind) for _ in range(2)],
        institutions=[Arbitration(accuracy=accuracy, false_finding=false_finding)],
        rounds=rounds,
        metrics=(),
    )
    own = simulate(made, worlds, 2, mode="interpreted").worlds["arbitration"]
    assert (own["disputes"] == rounds).all()
    for cooperation, rate in ((0, accuracy), (1, false_finding)):
        found = own["found"][kind == cooperation] / rounds
        error = np.sqrt(rate * (1 - rate) / (found.size * rounds))
        assert abs(found.mean() - rate) < 4 * error
        assert error < 0.011
        # Errors are independent: of rounds, and of the two cases of a round.
        spread = found.mean(axis=1).var(ddof=1) / (rate * (1 - rate) / (2 * rounds))
        assert abs(spread - 1) < 4 * np.sqrt(2 / len(found)) * 1.1
    # Where nobody broke anything each finding is wrongful; where all did, none is.
    assert (own["wrongful"] == np.where(kind[:, None] == 1, own["found"], 0)).all()


def test_a_shuffled_judge_finds_as_often_but_accuses_somebody_else():
    made = Scenario(
        RepeatedDilemma(),
        [Defector()] * 4 + [Cooperator()] * 4,
        institutions=[Arbitration(**SURE, refund=0, damages=1, strength="shuffled")],
        matching=Rematched(),
        rounds=20,
        metrics=(),
        events=4000,
    )
    run = simulate(made, 3, 1, mode="interpreted")
    own = run.worlds["arbitration"]
    assert (own["found"].sum(axis=1) == 4 * 20).all()
    # The judge was right about the case, and the wrong one answers for it.
    assert (own["wrongful"] == own["found"]).all()
    for world in range(3):
        log = run.events(world)
        accused = np.bincount(log.loc[log["kind"] == "finding", "actor"].astype(int), minlength=8)
        assert (accused > 0).all()
        # Each round nobody answers twice: it is a permutation.
        once = log[log["kind"] == "finding"].groupby("clock")["actor"].nunique()
        assert (once == 4).all()
