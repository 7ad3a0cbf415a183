"""What comes between a choice and the act."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from posalign_sim import Agent, Decision, Game, Scenario, Tremble, simulate
from posalign_sim.agents import Cooperator
from posalign_sim.envs import RepeatedDilemma

ROCK, PAPER, SCISSORS = 0, 1, 2
LEAST_P = 1e-7


class Hands(Game):
    """Three choices, one of them noisy, one not."""

    move = Decision("play", ("rock", "paper", "scissors"), noisy=True)
    calm = Decision("play", ("rock", "paper", "scissors"))


class Paper(Agent):
    """Always shows paper."""

    @staticmethod
    def move(p, i):
        return PAPER

    @staticmethod
    def calm(p, i):
        return PAPER


def decisions(scenario, worlds=4):
    run = simulate(scenario, worlds, 3, mode="interpreted", progress=False)
    logs = [run.events(k) for k in range(worlds)]
    return [log[log["kind"] == "decision"] for log in logs]


@pytest.mark.parametrize("probability", [0, 0.1, 1])
def test_an_act_slips_as_often_as_it_should(probability):
    noise = Tremble(probability=probability)
    noisy = Scenario(
        RepeatedDilemma(), [Cooperator()] * 2, noise=noise, rounds=600, metrics=(), events=5000
    )
    logs = decisions(noisy, 3)
    assert all((log["first"] == 0).all() for log in logs)
    slips = sum(log["second"].sum() for log in logs)
    total = 3 * 2 * 600
    assert stats.binomtest(int(slips), total, probability).pvalue > LEAST_P


def test_slips_of_partners_are_independent():
    noisy = Scenario(
        RepeatedDilemma(),
        [Cooperator()] * 2,
        noise=Tremble(probability=0.5),
        rounds=2000,
        metrics=(),
        events=20_000,
    )
    (log,) = decisions(noisy, 1)
    acts = [log[log["actor"] == i]["second"].to_numpy() for i in range(2)]
    assert abs(np.corrcoef(*acts)[0, 1]) < 5.5 / np.sqrt(2000)
    assert abs(np.corrcoef(acts[0][1:], acts[0][:-1])[0, 1]) < 5.5 / np.sqrt(2000)


def test_a_slip_is_into_each_other_choice_alike_and_only_where_it_is_noisy():
    noisy = Scenario(
        Hands(),
        [Paper()] * 2,
        noise=Tremble(probability=0.6),
        rounds=1500,
        metrics=(),
        events=20_000,
    )
    (log,) = decisions(noisy, 1)
    assert set(log["place"]) == {"hands.move", "hands.calm"}
    assert (log[log["place"] == "hands.calm"]["second"] == PAPER).all()
    counts = np.bincount(log[log["place"] == "hands.move"]["second"].astype(int), minlength=3)
    expected = np.array([0.3, 0.4, 0.3]) * counts.sum()
    assert stats.chisquare(counts, expected).pvalue > LEAST_P


def test_two_trembles_are_two_sources_of_noise():
    twice = Scenario(
        RepeatedDilemma(),
        [Cooperator()] * 2,
        noise=[Tremble(probability=0.5), Tremble("second_hand", probability=0.5)],
        rounds=500,
        metrics=(),
        events=3000,
    )
    (log,) = decisions(twice, 1)
    assert stats.binomtest(int(log["second"].sum()), 1000, 0.5).pvalue > LEAST_P


def test_more_noise_changes_nothing_but_slips():
    # The same draws decide: who slips at 0.1 slips at 0.3.
    acts = []
    for probability in (0.1, 0.3):
        noisy = Scenario(
            RepeatedDilemma(),
            [Cooperator()] * 2,
            noise=Tremble(probability=probability),
            rounds=300,
            metrics=(),
            events=3000,
        )
        (log,) = decisions(noisy, 1)
        acts.append(log["second"].to_numpy())
    assert (acts[0] <= acts[1]).all()
    assert acts[0].sum() < acts[1].sum()
