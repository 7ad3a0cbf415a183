"""The Gymnasium views, of every game: Gymnasium's own checks, and this package's stricter ones."""

from __future__ import annotations

from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from posalign_sim import (
    NATURE,
    ConfigurationError,
    Decision,
    External,
    Game,
    Rematched,
    Scenario,
    Tremble,
)
from posalign_sim.agents import Cooperator, Defector, Random, TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.envs.views import SingleView, VectorView
from posalign_sim.registry import environment_id, known
from posalign_sim.testing import check_same_play, check_single, check_vector
from posalign_sim.world.accounts import pay
from posalign_sim.world.record import seats

GAMES = [name for name, game in known("games").items() if game.customary]
#: Games that are long otherwise.
SHORT = {"double_auction": {"steps": 6}}
#: In a donor game not everybody is asked in each round.
ROUNDS = {"donor": 24}

#: What Gymnasium's checks warn of, and why it is as it is here.
ALLOWED = (
    # Points have no bounds.
    "A Box observation space minimum value is -infinity",
    "A Box observation space maximum value is infinity",
    # Only an environment that was registered can be made again in another render mode.
    "Not able to test alternative render modes",
)


def allowing(test):
    """A test in which Gymnasium may warn of what is allowed, and of nothing else."""
    for words in ALLOWED:
        # Gymnasium colours its warnings.
        test = pytest.mark.filterwarnings(f"ignore:.*{words}:UserWarning")(test)
    return test


def played(name):
    return known("games")[name](**SHORT.get(name, {}))


def details(name="", **more):
    return {"rounds": ROUNDS.get(name, 2), "mode": "interpreted", "metrics": (), **more}


class Heir(Game):
    """Everybody inherits 2 points when a world begins; the first seat is asked last, and rarely."""

    spend = Decision("play", ("spend", "save"))

    @staticmethod
    def begin(w, own):
        w.first_best = 100.0
        for i in seats(w):
            pay(w, NATURE, i, 2.0)

    @staticmethod
    def who_spend(w, own, i):
        return w.clock == i % 2

    @staticmethod
    def play(w, own):
        for i in seats(w):
            pay(w, NATURE, i, 1.0)
            if own.spend[i] == 0:
                pay(w, i, NATURE, 0.5)


def heir(**more):
    return Scenario(Heir(), [Sleeper(), External()], metrics=(), **{"rounds": 4, **more})


class Sleeper(Cooperator):
    """Never knows what to do."""

    @staticmethod
    def spend(p, i):
        return 1


def lucky():
    """A dilemma with luck in all that can have it: partners, acts, length."""
    return Scenario(
        RepeatedDilemma(),
        [Random(), Random(), TitForTat()],
        matching=Rematched(),
        noise=Tremble(probability=0.3),
        rounds=6,
        continuation=0.7,
        metrics=(),
    )


# --- this package's own suite -------------------------------------------------------------------


@pytest.mark.parametrize("game", GAMES)
def test_the_single_view_passes_the_strict_suite(game):
    check_single(partial(SingleView, played(game), **details(game)), 1)


@pytest.mark.parametrize("game", GAMES)
def test_the_vector_view_passes_the_strict_suite(game):
    check_vector(partial(VectorView, played(game), 2, **details(game)), 2)


@pytest.mark.parametrize("game", GAMES)
def test_each_world_of_a_vector_is_a_single_view(game):
    single = partial(SingleView, played(game), **details(game))
    check_same_play(single, partial(VectorView, played(game), 2, **details(game)), 3)


@pytest.mark.parametrize("seat", [0, 1, 2])
def test_luck_shows_and_is_the_same_in_both_views(seat):
    make = {"seat": seat, "mode": "interpreted"}
    single, vector = partial(SingleView, lucky(), **make), partial(VectorView, lucky(), 4, **make)
    check_single(single, 4, luck=True)
    check_vector(vector, 5, luck=True)
    check_same_play(single, vector, 6)


def test_compiled_views_play_as_interpreted_ones_do():
    single, vector = (
        partial(view, "repeated_dilemma", *worlds, **details(mode="compiled"))
        for view, worlds in ((SingleView, ()), (VectorView, (3,)))
    )
    check_single(single, 7)
    check_vector(vector, 8)
    check_same_play(single, partial(VectorView, "repeated_dilemma", 3, **details()), 9)
    check_same_play(vector, partial(SingleView, "repeated_dilemma", **details()), 9)


def test_what_was_gained_before_the_first_decision_is_in_the_first_reward():
    single = partial(SingleView, heir(), 1, mode="interpreted")
    vector = partial(VectorView, heir(), 3, 1, mode="interpreted")
    check_single(single, 10)
    check_vector(vector, 11)
    check_same_play(single, vector, 12)
    env = single()
    env.reset(seed=1)
    # 2 inherited and 1 of the round before; then 1 of each of the three rounds that are left.
    assert env.step(1)[1] == 6.0


# --- Gymnasium's own ----------------------------------------------------------------------------


@allowing
@pytest.mark.parametrize("game", GAMES)
def test_check_env(game):
    # It samples without masks. Rendering has its own tests.
    env = SingleView(played(game), illegal="resample", **details(game))
    check_env(env, skip_render_check=True)


@allowing
@pytest.mark.parametrize("game", GAMES)
def test_make(game):
    env = gymnasium.make(environment_id(game), illegal="resample", **details(game))
    assert isinstance(env.unwrapped, SingleView)
    env.action_space.seed(1)
    seen, info = env.reset(seed=1)
    ended = False
    while not ended:
        assert seen in env.observation_space
        mask = info["action_mask"]
        seen, reward, ended, cut, info = env.step(env.action_space.sample(_parts(env, mask)))
        assert np.isfinite(reward) and not cut


def _parts(env, mask):
    space = env.action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        return mask
    return tuple(np.split(mask, np.cumsum(space.nvec)[:-1]))


@allowing
def test_make_vec_takes_the_vector_view():
    env = gymnasium.make_vec("posalign/RepeatedDilemma-v0", num_envs=3, **details())
    assert isinstance(env.unwrapped, VectorView)
    assert env.num_envs == 3
    assert env.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    seen, _ = env.reset(seed=1)
    assert seen in env.observation_space
    assert env.action_space.sample().shape == (3,)


@allowing
def test_all_games_are_registered():
    for game in known("games"):
        assert environment_id(game) in gymnasium.registry


@allowing
def test_gymnasiums_statistics_are_the_returns():
    env = VectorView("repeated_dilemma", 2, **details(rounds=3))
    recorded = RecordEpisodeStatistics(env)
    recorded.reset(seed=1)
    for _ in range(3):
        *_, infos = recorded.step(np.array([0, 1]))
    assert infos["episode"]["r"].tolist() == [9.0, 7.0]  # against tit for tat
    assert infos["episode"]["l"].tolist() == [3, 3]


# --- what is seen last, and after ---------------------------------------------------------------


def test_what_was_seen_last_outlives_the_reset():
    agents = [Random(), Cooperator()]
    scenario = Scenario(RepeatedDilemma(), agents, rounds=[1, 2, 3], metrics=())
    env = VectorView(scenario, 3, mode="interpreted")
    names = [f.name for f in env.features]
    gave, clock = names.index("gave"), names.index("round")
    env.reset(seed=1)
    seen, rewards, ended, cut, infos = env.step(np.array([1, 1, 1]))
    assert ended.tolist() == [True, False, False] and not cut.any()
    assert rewards.tolist() == [5.0] * 3
    assert infos["_final_obs"].tolist() == [True, False, False]
    last = infos["final_obs"]
    assert last[0, gave] == 0  # it defected in its only round
    assert seen[0, gave] == -1 and seen[0, clock] == 0  # a new episode
    kept = last.copy()
    env.step(np.array([0, 0, 0]))
    assert (last == kept).all()
    *_, infos = env.step(np.array([0, 0, 0]))
    assert infos["_final_obs"].tolist() == [True, False, True]


def test_a_vector_goes_on_to_new_luck():
    env = VectorView(lucky(), 2, mode="interpreted")
    env.reset(seed=3)
    pairs = []
    for _ in range(40):
        pairs.append(env.batch.session.worlds["pair"].tolist())
        env.step(np.array([0, 0]))
    first, second = zip(*pairs, strict=True)
    assert set(first) == set(range(0, max(first) + 1, 2))
    assert set(second) == set(range(1, max(second) + 1, 2))


def test_a_reset_without_a_seed_begins_others():
    env = VectorView("repeated_dilemma", 2, **details())
    env.reset(seed=np.int64(3))
    keys = env.batch.session.worlds["key"].tolist()
    env.reset()
    assert not set(keys) & set(env.batch.session.worlds["key"].tolist())
    env.reset(seed=3)
    assert env.batch.session.worlds["key"].tolist() == keys
    assert VectorView("repeated_dilemma", 2, **details())._seed != env._seed


def test_features_can_be_chosen():
    env = SingleView("repeated_dilemma", features=["other_last", "at_move"], **details())
    seen, _ = env.reset(seed=1)
    assert seen.tolist() == [1.0, 1.0]
    assert [f.name for f in env.features] == ["other_last", "at_move"]


def test_the_known_value_of_a_policy():
    # Always defecting against tit for tat: T once, then P.
    env = SingleView("repeated_dilemma", **details(rounds=10))
    env.reset(seed=1)
    steps = [env.step(1) for _ in range(10)]
    assert [s[1] for s in steps] == [5.0] + [1.0] * 9
    assert [s[2] for s in steps] == [False] * 9 + [True]


# --- bad input ----------------------------------------------------------------------------------


def refused(env, action, *words):
    session = env.batch.session if hasattr(env, "batch") else env.table.session
    before = session.worlds.tobytes()
    with pytest.raises(ConfigurationError) as caught:
        env.step(action)
    assert session.worlds.tobytes() == before
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("action", [None, "0", 0.0, float("nan"), [0], np.array([0]), {}])
def test_a_single_view_takes_an_integer(action):
    env = SingleView("repeated_dilemma", **details())
    env.reset(seed=1)
    refused(env, action, "integer")
    for wrong in (-1, 2, 2**40, 2**70, np.uint64(2**64 - 1)):
        refused(env, wrong, "seat 0", "move", "cooperate, defect")
    env.step(np.int64(1))


@pytest.mark.parametrize(
    "action",
    [
        None,
        0,
        [0],
        [0, 0, 0],
        [0.0, 1.0],
        [np.nan, 0],
        [[0], [0]],
        np.zeros((2, 2), np.int64),
        "00",
    ],
)
def test_a_vector_view_takes_an_integer_a_world(action):
    env = VectorView("repeated_dilemma", 2, **details())
    env.reset(seed=1)
    refused(env, action, "integers of shape (2,)")
    for wrong in ([0, 2], [0, -1], [0, 2**40]):
        refused(env, wrong, "world 1, seat 0", "move", "cooperate, defect")
    env.step([0, 1])


def test_steps_before_the_beginning_and_after_the_end_are_refused():
    env = SingleView("repeated_dilemma", **details(rounds=1))
    for call in (lambda: env.step(0), env.action_masks):
        with pytest.raises(ConfigurationError, match="none has begun"):
            call()
    env.reset(seed=1)
    env.step(0)
    refused(env, 0, "over")
    with pytest.raises(ConfigurationError, match="over"):
        env.action_masks()
    with pytest.raises(ConfigurationError, match="reset"):
        VectorView("repeated_dilemma", 2, **details()).step(np.array([0, 0]))


def test_one_seed_is_for_all_worlds():
    env = VectorView("repeated_dilemma", 2, **details())
    for seed in ([1, 2], (3, 4), np.array([1, 2]), []):
        with pytest.raises(ConfigurationError, match="one seed is for all worlds"):
            env.reset(seed=seed)


@pytest.mark.parametrize("view", [SingleView, partial(VectorView, num_envs=2)])
def test_gymnasium_knows_one_seat(view):
    two = Scenario(RepeatedDilemma(), [Defector(), External()], rounds=2, metrics=())
    with pytest.raises(ConfigurationError, match="2 seats of this scenario"):
        view(two, mode="interpreted")
    env = view(two, seat=1, mode="interpreted")
    env.reset(seed=1)


@pytest.mark.parametrize("view", [SingleView, partial(VectorView, num_envs=2)])
def test_there_must_be_such_a_seat(view):
    for seat in (-1, 2):
        with pytest.raises(ConfigurationError, match="no seat"):
            view("repeated_dilemma", seat=seat, mode="interpreted")


def test_an_episode_that_never_asks_is_refused():
    for view in (SingleView, partial(VectorView, num_envs=2)):
        with pytest.raises(ConfigurationError, match="1000 episodes on end"):
            view(heir(rounds=1), seat=1, mode="interpreted").reset(seed=1)


def test_episodes_that_do_not_ask_are_passed_over():
    # Seat 1 is asked in the second round, to which only half of all episodes come.
    brief = heir(continuation=0.5)
    single = partial(SingleView, brief, 1, mode="interpreted")
    vector = partial(VectorView, brief, 5, 1, mode="interpreted")
    check_single(single, 20)
    check_vector(vector, 21)
    check_same_play(single, vector, 22)
    env = vector()
    env.reset(seed=1)
    pairs = set()
    for _ in range(20):
        pairs |= set(env.batch.session.worlds["pair"].tolist())
        *_, infos = env.step(np.zeros(5, np.int64))
        assert (infos["final_obs"] != 0).any(axis=1).all()
    assert len(pairs) == 100
    assert max(pairs) > 120


@pytest.mark.parametrize("illegal", ["resample", "noop"])
def test_illegal_actions_are_replaced_and_counted(illegal):
    env = SingleView("moral_hazard_market", illegal=illegal, **details())
    env.reset(seed=1)
    info = env.step([9, 0])[4]
    assert info["illegal_actions"] == 1
    env.reset(seed=1)
    again = env.step([9, 0])[4]
    assert again["illegal_actions"] == 1
    vector = VectorView("repeated_dilemma", 3, illegal=illegal, **details(rounds=1))
    vector.reset(seed=1)
    _, rewards, *_ = vector.step(np.array([7, 0, -7]))
    assert vector.batch.illegal_actions == 2
    assert rewards[1] == 3.0
    assert set(rewards.tolist()) <= {3.0, 5.0}
    if illegal == "noop":
        assert rewards.tolist() == [5.0, 3.0, 5.0]
