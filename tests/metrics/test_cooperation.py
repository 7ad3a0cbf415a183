"""Cooperation, honesty and their course over time, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, param, simulate
from posalign_sim.agents import Cooperator, Defector, Honest
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.metrics import Cooperation, Honesty, Trajectory, over_time
from posalign_sim.metrics.cooperation import STRETCHES


class Script(Agent):
    """Defects, cheats or walks in the rounds whose bit is set."""

    acts: float = param(0, 0, 2**40)

    @staticmethod
    def move(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def deliver(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def pay(p, i):
        return 1 - (int(p.params[i, 0]) >> p.clock & 1)


def script(moves):
    return Script(acts=sum(2**k for k, move in enumerate(moves) if move == "D"))


def played(game, agents, **more):
    made = Scenario(game, agents, metrics=[Cooperation(), Honesty(), Trajectory()], **more)
    return simulate(made, 1, mode="interpreted")


def test_in_a_dilemma_every_act_counts_for_both():
    row = played(RepeatedDilemma(), [script("CDDC"), script("CCCD")], rounds=4).table().iloc[0]
    assert row["cooperation"] == 5 / 8
    # There are no promises, but a standard: to cooperate.
    assert row["honesty"] == 5 / 8


def test_in_a_market_buying_is_cooperative_and_only_deliveries_are_promised():
    agents = {"seller": [script("CCDD")], "buyer": [script("CDCC")]}
    row = played(MoralHazardMarket(), agents, rounds=4).table().iloc[0]
    # Bought in rounds 0, 2, 3; delivered as promised in round 0 of these.
    assert row["cooperation"] == (3 + 1) / (4 + 3)
    assert row["honesty"] == 1 / 3


def test_what_did_not_happen_is_undefined_not_nothing():
    agents = {"seller": [Honest()], "buyer": [Defector()]}
    row = played(MoralHazardMarket(), agents, rounds=3).table().iloc[0]
    assert row["cooperation"] == 0
    assert np.isnan(row["honesty"])


@pytest.mark.parametrize("rounds", [40, 80, 200, 30, 1])
def test_stretches_are_of_equal_length(rounds):
    run = played(RepeatedDilemma(), [Cooperator(), Defector()], rounds=rounds)
    acts = run.worlds["trajectory"]["acts"][0]
    assert acts.sum() == 2 * rounds
    assert acts.max() - acts.min() <= (2 if rounds % STRETCHES else 0)
    course = over_time(run.worlds["trajectory"])[0]
    assert np.isnan(course).sum() == max(0, STRETCHES - rounds)
    assert (course[~np.isnan(course)] == 0.5).all()


def test_a_course_over_time():
    agents = [script("C" * 10 + "D" * 30), Cooperator()]
    run = played(RepeatedDilemma(), agents, rounds=40)
    assert over_time(run.worlds["trajectory"])[0].tolist() == [1] * 10 + [0.5] * 30


def test_without_a_horizon_the_first_rounds_are_told_apart():
    agents = [script("CDCD"), Cooperator()]
    made = Scenario(
        RepeatedDilemma(), agents, metrics=[Trajectory()], rounds=None, continuation=0.98
    )
    ws = simulate(made, 5, 3, mode="interpreted").worlds
    assert ws["clock"].max() > STRETCHES
    for w in ws:
        acts = w["trajectory"]["acts"]
        expected = [2] * min(STRETCHES, w["clock"]) + [0] * max(0, STRETCHES - w["clock"])
        expected[-1] += 2 * max(0, w["clock"] - STRETCHES)
        assert acts.tolist() == expected
        assert over_time(ws["trajectory"])[0][:2].tolist() == [1, 0.5]
