"""Autonomy by hand: who is left alone, who is interfered with, and whether that is warranted."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, simulate
from posalign_sim.agents import Cooperator, Defector
from posalign_sim.envs import MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Audit, Bond, Ostracism, PeerPunishment, Reputation
from posalign_sim.metrics import Autonomy

NAMES = ["autonomy", "independence", "penalised", "excluded", "unwarranted"]


class Once(Agent):
    """Breaks its word in the first round only."""

    @staticmethod
    def move(p, i):
        return 1 if p.clock == 0 else 0

    @staticmethod
    def contribute(p, i):
        return (1, 20) if p.clock == 0 else (0, 20)


class Generous(Agent):
    """Contributes everything, and votes nobody out."""

    @staticmethod
    def contribute(p, i):
        return 0, 20


def row(agents, *institutions, game=None, rounds=4, metric=None):
    made = Scenario(
        game or RepeatedDilemma(),
        agents,
        institutions=institutions,
        rounds=rounds,
        metrics=[metric or Autonomy()],
    )
    run = simulate(made, mode="interpreted", progress=False)
    assert run.faults.empty
    return run.table().iloc[0][NAMES].tolist()


def test_without_institutions_nobody_is_free_of_the_other():
    assert row([Cooperator(), Cooperator()])[:2] == [1, 1]
    # Half of all rounds of seats are those of who is cheated; who cheats is not interfered with.
    assert row([Defector(), Cooperator()])[:2] == [1, 0.5]
    assert row([Defector(), Defector()])[:2] == [1, 0]
    assert np.isnan(row([Defector(), Defector()])[4])
    # In a group of four one breach touches the three others.
    group = [Defector(), Cooperator(), Cooperator(), Cooperator()]
    assert row(group, game=PublicGoods(), rounds=2)[:2] == [1, 0.25]


def test_a_penalty_is_interference_and_warranted_by_a_breach():
    sure = Audit(rate=1, power=1, false_positive=0, cost=0)
    assert row([Defector(), Cooperator()], sure) == [0.5, 0.5, 0.5, 0, 0]
    # Auditors who see a breach in everything interfere with the innocent, too.
    blind = Audit(rate=1, power=1, false_positive=1, cost=0)
    assert row([Cooperator(), Cooperator()], blind) == [0, 0, 1, 0, 1]
    assert row([Defector(), Cooperator()], blind) == [0, 0.5, 1, 0, 0.5]


def test_a_breach_warrants_interference_for_a_time():
    blind = Audit(rate=1, power=1, false_positive=1, cost=0)
    # Rounds 0 to 5, breach in round 0: warranted up to round 2, arbitrary in the last three.
    pair = [Once(), Once()]
    assert row(pair, blind, rounds=6, metric=Autonomy(warrant=2))[4] == 0.5
    assert row(pair, blind, rounds=6)[4] == 0
    assert row(pair, blind, rounds=6, metric=Autonomy(warrant=0))[4] == pytest.approx(5 / 6)


def test_what_one_pays_of_ones_own_accord_is_no_interference():
    assert row([Cooperator(), Cooperator()], Bond(fee=0.5))[:3] == [1, 1, 0]
    # An audit that finds nothing costs a fee, and leaves everybody alone.
    assert row([Cooperator(), Cooperator()], Audit(rate=1, false_positive=0, cost=1))[0] == 1
    # A bond is interfered with when it is lost.
    assert row([Defector(), Defector()], Bond(evident=1))[2] == 1


def test_who_is_excluded_is_not_left_alone():
    """All vote out who breaks its word in the first of four rounds; it sits out the next two."""
    group = [Once(), Generous(), Generous(), Generous()]
    out = Ostracism(term=2, hearing=0)
    # 16 rounds of seats: two excluded, three touched by the one breach.
    assert row(group, out, game=PublicGoods()) == [14 / 16, 13 / 16, 0, 2 / 16, 0]
    forgotten = row(group, out, game=PublicGoods(), metric=Autonomy(warrant=1))
    # In the second round of its term the breach is two rounds old.
    assert forgotten == [14 / 16, 12 / 16, 0, 2 / 16, 0.5]


def test_neighbours_who_punish_interfere():
    group = [Defector(), Cooperator(), Cooperator(), Cooperator()]
    autonomy, independence, penalised, *_ = row(group, PeerPunishment(), game=PublicGoods())
    assert autonomy == 1 - penalised and independence == 0.25 and penalised <= 0.25


def test_records_alone_interfere_with_nobody():
    seats = {"seller": [Defector(), Defector()], "buyer": [Cooperator(), Cooperator()]}
    assert row(seats, Reputation(), game=MoralHazardMarket())[0] == 1
