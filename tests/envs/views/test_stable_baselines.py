"""Learning from the simulator: PPO finds answers that are known."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, External, Scenario
from posalign_sim.agents import Random
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.envs.views import VectorView, sb3_env
from posalign_sim.institutions import Bond
from posalign_sim.world.sight import partner_bonded

MISSING = "Stable-Baselines3 is not installed (pip install 'posalign-sim[rl]')"


def test_without_stable_baselines_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "posalign_sim.envs.views.stable_baselines", None)
    with pytest.raises(ImportError, match="pip install"):
        sb3_env("repeated_dilemma", 1)


@pytest.fixture(scope="module")
def ppo():
    """A small PPO, on one thread."""
    torch = pytest.importorskip("torch", reason=MISSING)
    sb3 = pytest.importorskip("stable_baselines3", reason=MISSING)
    torch.set_num_threads(1)

    def make(env):
        return sb3.PPO(
            "MlpPolicy",
            env,
            learning_rate=5e-3,
            n_steps=8,
            batch_size=128,
            n_epochs=6,
            gamma=1.0,
            seed=1,
            device="cpu",
            policy_kwargs={"net_arch": [16]},
        )

    return make


def duel(**more):
    return Scenario(RepeatedDilemma(), [External(), Random()], rounds=1, metrics=(), **more)


class Wary(Agent):
    """Posts no bond, and cooperates with those who have posted one."""

    @staticmethod
    def bond(p, i):
        return 0

    @staticmethod
    def move(p, i):
        return 0 if partner_bonded(p, i) > 0 else 1


def bonded(stake):
    """A dilemma in which a partner trusts those who have posted a bond.

    A posted bond of `stake` is lost with probability 0.8 by a defection that gains T - R = 2: above
    a stake of 2.5 the best answer is to post it and to cooperate (3 points less the fee, against 1
    without a bond), below it to post it and to defect.
    """
    return Scenario(
        RepeatedDilemma(),
        [External(), Wary()],
        institutions=[Bond(stake=stake, evident=0.8, fee=0.05)],
        rounds=1,
        metrics=(),
    )


def chances(model, env, decision):
    """How likely a learner is to take each choice when it is asked in a fresh world."""
    import torch

    policy = model.policy
    names = [f.name for f in env.batch.features]
    seen = env.reset()
    while not seen[0, names.index(f"at_{decision}")]:
        seen = env.step(model.predict(seen, deterministic=True)[0])[0]
    with torch.no_grad():
        return policy.get_distribution(policy.obs_to_tensor(seen[:1])[0]).distribution.probs[0]


def test_ppo_learns_to_defect_in_a_dilemma_of_one_round(ppo):
    env = sb3_env(duel(), 64, features=["at_move", "temptation"], seed=1, mode="interpreted")
    model = ppo(env).learn(8_000)
    assert chances(model, env, "move")[1] > 0.9


@pytest.mark.parametrize(("stake", "answer"), [(5.0, 0), (1.0, 1)])
def test_ppo_learns_to_honour_a_bond_above_the_threshold_only(ppo, stake, answer):
    features = ["at_bond", "at_move", "forfeit_if_breach"]
    env = sb3_env(bonded(stake), 64, features=features, seed=1, mode="interpreted")
    model = ppo(env).learn(10_000)
    assert chances(model, env, "bond")[1] > 0.8
    assert chances(model, env, "move")[answer] > 0.8


@pytest.fixture
def sb3():
    pytest.importorskip("stable_baselines3", reason=MISSING)


def test_stable_baselines_sees_what_gymnasium_sees(sb3):
    env = sb3_env("repeated_dilemma", 3, rounds=2, metrics=(), seed=4, mode="interpreted")
    vector = VectorView("repeated_dilemma", 3, rounds=2, metrics=(), mode="interpreted")
    seen, (others, _) = env.reset(), vector.reset(seed=4)
    rng = np.random.default_rng(1)
    for _ in range(6):
        assert np.array_equal(seen, others)
        actions = rng.integers(0, 2, 3)
        seen, rewards, ended, infos = env.step(actions)
        others, expected, over, _, more = vector.step(actions)
        assert np.array_equal(rewards, expected) and np.array_equal(ended, over)
        for k in np.flatnonzero(ended):
            assert np.array_equal(infos[k]["terminal_observation"], more["final_obs"][k])
            assert infos[k]["TimeLimit.truncated"] is False


def test_all_seats_may_learn_by_one_policy(sb3):
    env = sb3_env("repeated_dilemma", 2, external=[0, 1], rounds=2, metrics=(), mode="interpreted")
    assert env.num_envs == 4
    env.reset()
    _, rewards, _, _ = env.step(np.array([0, 1, 1, 1]))
    assert rewards.tolist() == [0.0, 5.0, 1.0, 1.0]


def test_each_reset_begins_others(sb3):
    env = sb3_env("repeated_dilemma", 2, rounds=2, metrics=(), seed=4, mode="interpreted")
    keys = []
    for _ in range(2):
        env.reset()
        keys += env.batch.session.worlds["key"].tolist()
    assert len(set(keys)) == 4
    env.seed(4)
    env.reset()
    assert env.batch.session.worlds["key"].tolist() == keys[:2]


def test_seats_that_wait_have_no_place(sb3):
    with pytest.raises(ConfigurationError, match="not all external seats are asked"):
        sb3_env("moral_hazard_market", 2, external=[0, 2], metrics=(), mode="interpreted")
