"""Rewards that are felt: what a disposition makes of points, for learners inside and outside."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Scenario, param, simulate
from posalign_sim.agents import (
    Compassion,
    Equanimity,
    InequityAversion,
    Maximin,
    SocialValueOrientation,
    TitForTat,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.envs.views import aec_env, batch_env, parallel_env
from posalign_sim.envs.views.gymnasium import SingleView, VectorView
from posalign_sim.testing import check_batch, check_parallel
from posalign_sim.world.dispositions import felt
from posalign_sim.world.modules import External


class Diary(Agent):
    """Adds up what rounds were worth to it."""

    defects: float = param(0, 0, 1)

    @staticmethod
    def move(p, i):
        return int(p.params[i, 0])

    @staticmethod
    def learn(p, i):
        p.slots[i, 0] += felt(p, i)


def test_learners_feel_what_the_round_was_worth_to_them():
    def slots(disposition):
        pair = [Diary(disposition=disposition), Diary(defects=1)]
        made = Scenario(RepeatedDilemma(), pair, rounds=3, metrics=())
        run = simulate(made, mode="interpreted", progress=False)
        return run.worlds["sight"]["slots"][0, :2, 0].tolist()

    assert slots(None) == [0, 15]  # without dispositions: points
    assert slots(Compassion(care=0.2)) == pytest.approx([3, 15])
    assert slots(Equanimity(calm=0.5)) == pytest.approx([4.5, 15])
    assert slots(InequityAversion(envy=0.5)) == pytest.approx([-7.5, 15])


def test_rewards_in_all_views_are_felt_and_the_points_stand_beside_them():
    kin, short = SocialValueOrientation(angle=90), {"rounds": 2, "mode": "interpreted"}
    env = parallel_env("repeated_dilemma", dispositions={0: kin}, **short)
    env.reset(seed=1)
    for _ in range(2):
        _, rewards, _, _, infos = env.step({"player_0": 0, "player_1": 1})
        assert rewards == pytest.approx({"player_0": 5, "player_1": 5}, abs=1e-9)
        assert infos == {"player_0": {"points": 0}, "player_1": {"points": 5}}
    env = aec_env("repeated_dilemma", dispositions=kin, **short)
    env.reset(seed=1)
    told = []
    for name in env.agent_iter():
        _, reward, over, _, info = env.last()
        told.append((name, round(reward, 9), info.get("points")))
        env.step(None if over else int(name == "player_1"))
    assert told[2:] == [("player_0", 5, 0), ("player_1", 0, 5)] * 2
    single = SingleView("repeated_dilemma", dispositions=kin, **short)
    single.reset(seed=1)
    felt_so, info = single.step(1)[1::3]
    assert (round(felt_so, 9), info["points"]) == (0, 5)  # the partner, tit for tat, got nothing
    vector = VectorView("repeated_dilemma", 2, dispositions=kin, **short)
    vector.reset(seed=1)
    _, rewards, _, _, infos = vector.step([1, 0])
    assert rewards == pytest.approx([0, 3], abs=1e-9) and infos["points"].tolist() == [5, 3]


def test_batches_reward_by_the_disposition_over_whole_episodes():
    made = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=4, metrics=())
    envy = InequityAversion(envy=0.5, guilt=0.25)
    batch = batch_env(made, 3, external=[0], mode="interpreted", dispositions=envy)
    totals = np.zeros((2, 3))
    choices = np.array([[0, 1, 1], [0, 0, 1], [0, 1, 1], [0, 1, 0]])
    for step, chosen in enumerate(choices):
        batch.advance(chosen)
        session = batch.session
        last = step == 3
        totals[0] += session.final_rewards[:, 0] if last else session.rewards
        totals[1] += session.final_gained[:, 0] if last else session.gained
    # By hand: mutual cooperation; D, C, D, D and D, D, D, C against tit for tat.
    assert totals[1].tolist() == [12, 5 + 0 + 5 + 1, 5 + 1 + 1 + 0]
    assert totals[0] == pytest.approx([12, 11 - 0.25 * 10 - 0.5 * 5, 7 - 0.25 * 5 - 0.5 * 5])


def test_the_contract_of_views_holds_with_dispositions():
    caring = {"dispositions": InequityAversion(), "rounds": 3, "mode": "interpreted"}
    check_parallel(lambda **more: parallel_env("moral_hazard_market", **{**caring, **more}))
    check_batch(lambda **more: batch_env("repeated_dilemma", 3, **{**caring, **more}))


def test_who_is_not_decided_from_outside_can_have_no_rewards_to_weigh():
    with pytest.raises(ConfigurationError, match="seat 1 is not decided from outside"):
        batch_env("repeated_dilemma", 1, external=[0], dispositions={1: Maximin()})
    learner = Scenario(
        RepeatedDilemma(), [External(disposition=Maximin()), TitForTat()], rounds=1, metrics=()
    )
    batch = batch_env(learner, 1, mode="interpreted")
    batch.advance([1])
    assert batch.session.final_rewards.tolist() == [[0]]
    assert batch.session.final_gained.tolist() == [[5]]
