"""The suite for views itself: each sort of broken view is caught."""

from __future__ import annotations

import random

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Rematched, Scenario, Tremble
from posalign_sim.agents import DiscriminatingBuyer, Honest
from posalign_sim.envs import MoralHazardMarket
from posalign_sim.envs.views import SingleView, VectorView, batch_env, parallel_env
from posalign_sim.envs.views.aec import AECView
from posalign_sim.envs.views.batch import BatchEnv
from posalign_sim.envs.views.parallel import ParallelView
from posalign_sim.envs.views.seats import Seats
from posalign_sim.testing import (
    check_aec,
    check_batch,
    check_parallel,
    check_same_play,
    check_single,
    check_two_processes,
    check_vector,
)
from posalign_sim.testing.views import play

LUCK = random.Random()


def market(**more):
    """A market of two, with luck."""
    return Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()], "buyer": [DiscriminatingBuyer()]},
        matching=Rematched(),
        noise=Tremble(probability=0.3),
        rounds=3,
        metrics=(),
        **more,
    )


def seats(**more):
    return Seats(market(), mode="interpreted", **more)


def altered(base, **methods):
    """A view with some methods replaced; each gets the original's result first."""

    def around(name, change):
        def method(self, *given, **more):
            return change(self, getattr(base, name)(self, *given, **more))

        return method

    return type("Altered", (base,), {k: around(k, v) for k, v in methods.items()})


def of_step(place, change):
    """Change one thing that `step` gives."""

    def method(self, result):
        parts = list(result)
        parts[place] = change(self, parts[place])
        return tuple(parts)

    return {"step": method}


def shifted(self, seen):
    for name in seen:
        seen[name]["observation"][0] += 7
    return seen


def blurred(self, seen):
    for name in seen:
        seen[name]["observation"][3] = LUCK.random()
    return seen


def unknown(self, seen):
    for name in seen:
        seen[name]["observation"][3] = np.nan
    return seen


def doubled(self, seen):
    for name in seen:
        seen[name]["observation"] = seen[name]["observation"].astype(np.float64)
    return seen


def allowed(self, seen):
    for name in seen:
        seen[name]["action_mask"][:] = 1
    return seen


def forbidden(self, seen):
    for name in seen:
        seen[name]["action_mask"][:] = 0
    return seen


def generous(self, rewards):
    return {name: reward + 1 for name, reward in rewards.items()}


def selfish(self, rewards):
    return dict(list(rewards.items())[1:])


def cut(self, ends):
    return {name: True for name in ends}


@pytest.mark.parametrize(
    ("place", "change", "words"),
    [
        (0, shifted, "out of bounds"),
        (0, blurred, "shown something else"),
        (0, unknown, "not finite"),
        (0, doubled, "float64"),
        (0, allowed, "may wait|more than wait|not legal"),
        (0, forbidden, "nothing is legal|more than wait"),
        (1, generous, "told of"),
        (1, selfish, "is not about"),
        (2, cut, "agents left"),
        (3, cut, "truncated"),
    ],
)
def test_what_a_step_gives_is_looked_at(place, change, words):
    broken = altered(ParallelView, **of_step(place, change))
    with pytest.raises(AssertionError, match=words):
        check_parallel(lambda: broken(seats()), 1)


class Lenient(ParallelView):
    """Takes whatever it is given."""

    def step(self, actions):
        try:
            return super().step(actions)
        except ConfigurationError:
            return {}, {}, {}, {}, {}


class Careless(ParallelView):
    """Touches the world before it refuses."""

    def step(self, actions):
        try:
            return super().step(actions)
        except ConfigurationError:
            if self.agents:
                self.table.session.worlds["passes"] += 1
            raise


class Forgetful(ParallelView):
    """Keeps something of the last episode."""

    episodes = 0

    def reset(self, seed=None, options=None):
        self.episodes += 1
        return super().reset(seed + self.episodes if seed is not None else None, options)


class Hidden(ParallelView):
    """Keeps state outside the record."""

    def step(self, actions):
        given = super().step(actions)
        self.steps = getattr(self, "steps", 0) + 1
        self.table.session.worlds["sight"]["rent"][0, 0] += self.steps
        return given


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (Lenient, "was taken|is taken"),
        (Careless, "changed the world"),
        (Forgetful, "once more"),
        (Hidden, "goes on otherwise"),
    ],
)
def test_broken_parallel_views_are_caught(broken, words):
    with pytest.raises(AssertionError, match=words):
        check_parallel(lambda: broken(seats()), 2)


class Hasty(AECView):
    """Shows the first choice to the second who chooses."""

    def step(self, action):
        super().step(action)
        if 0 < self._row < len(self._names):
            self._seen[self.agent_selection]["observation"][3] = 7 + self._choices[0]


class Stale(AECView):
    """Never clears what it has told."""

    def _clear_rewards(self):
        pass


@pytest.mark.parametrize(("broken", "words"), [(Hasty, "sees something else"), (Stale, "told")])
def test_broken_aec_views_are_caught(broken, words):
    def make():
        return broken(Seats("repeated_dilemma", rounds=3, metrics=(), mode="interpreted"))

    with pytest.raises(AssertionError, match=words):
        check_aec(make, 3)


class Blind(SingleView):
    """Says that nothing is forbidden."""

    def _info(self):
        info = super()._info()
        info["action_mask"] = np.ones_like(info["action_mask"])
        return info


class Endless(SingleView):
    """Goes on after the end."""

    def step(self, action):
        if hasattr(self.table, "session") and self.table.session.count == 0:
            return self.observation_space.sample(), 0.0, True, False, {}
        return super().step(action)


class Padded(SingleView):
    """Adds to the last reward."""

    def step(self, action):
        seen, reward, ended, *rest = super().step(action)
        return seen, reward + ended, ended, *rest


@pytest.mark.parametrize(
    ("broken", "words"),
    [(Blind, "two masks"), (Endless, "was taken|is taken"), (Padded, "told of")],
)
def test_broken_single_views_are_caught(broken, words):
    with pytest.raises(AssertionError, match=words):
        check_single(lambda: broken("moral_hazard_market", rounds=3, mode="interpreted"), 4)


class Overwritten(VectorView):
    """Gives its own buffers away."""

    def _seen(self):
        return self.batch.session.observations[: self.num_envs]


class Mixed(VectorView):
    """Shows the beginning of the next episode as the end of the last."""

    def step(self, actions):
        seen, rewards, ended, cut, infos = super().step(actions)
        if "final_obs" in infos:
            infos["final_obs"] = seen.copy()
        return seen, rewards, ended, cut, infos


class Dropped(VectorView):
    """Forgets what was gained at the end."""

    def step(self, actions):
        seen, rewards, ended, cut, infos = super().step(actions)
        return seen, np.where(ended, 0, rewards), ended, cut, infos


@pytest.mark.parametrize(
    ("broken", "words"),
    [(Overwritten, "overwrites"), (Mixed, "seen last"), (Dropped, "told of")],
)
def test_broken_vector_views_are_caught(broken, words):
    with pytest.raises(AssertionError, match=words):
        check_vector(lambda: broken("moral_hazard_market", 2, rounds=3, mode="interpreted"), 5)


class Confused(BatchEnv):
    """Puts rewards into other places when it spreads them."""

    def _spread(self):
        out = super()._spread()
        out.rewards[:] = out.rewards[:, ::-1].copy()
        return out


def test_broken_batches_are_caught():
    with pytest.raises(AssertionError, match=r"one who waits|dense arrays|told of"):
        check_batch(lambda: Confused(market(), 2, mode="interpreted"), 6)


def test_views_of_different_games_are_told_apart():
    def view(rounds):
        return lambda: parallel_env("repeated_dilemma", rounds=rounds, mode="interpreted")

    check_same_play(view(3), view(3))
    with pytest.raises(AssertionError, match="observation differs"):  # of the rounds that are left
        check_same_play(view(3), view(4))


def test_luck_that_does_not_show_is_told():
    with pytest.raises(AssertionError, match="luck does not show"):
        check_parallel(
            lambda: parallel_env("repeated_dilemma", rounds=3, mode="interpreted"), luck=True
        )
    check_parallel(lambda: ParallelView(seats()), luck=True)


def test_what_depends_on_hashing_is_caught(tmp_path, monkeypatch):
    (tmp_path / "hashing.py").write_text(
        "from posalign_sim.envs.views import parallel_env\n"
        "def unsteady():\n"
        "    rounds = 1 + abs(hash('a')) % 97\n"
        "    return parallel_env('repeated_dilemma', rounds=rounds, mode='interpreted')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.syspath_prepend(tmp_path)
    import hashing

    with pytest.raises(AssertionError, match="another process"):
        check_two_processes(hashing.unsteady)


def test_play_gives_one_log_for_each_episode():
    logs = play(batch_env(market(), 2, mode="interpreted"), 7, episodes=3)
    assert sorted(logs) == list(range(6))
    assert all(len(log.last) == 2 for log in logs.values())


def test_what_is_no_view_is_refused():
    with pytest.raises(TypeError, match="no view"):
        play(object())
