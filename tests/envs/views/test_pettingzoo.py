"""The PettingZoo views, of every game: PettingZoo's own tests, and this package's stricter ones."""

from __future__ import annotations

import pickle
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from pettingzoo.test import api_test, max_cycles_test, parallel_api_test, parallel_seed_test
from pettingzoo.test.seed_test import seed_test

from posalign_sim import (
    NATURE,
    Argument,
    ConfigurationError,
    Decision,
    External,
    Game,
    Rematched,
    Scenario,
    Tremble,
)
from posalign_sim.agents import DiscriminatingBuyer, Honest, Random
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views import SingleView, aec_env, batch_env, parallel_env
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.registry import known
from posalign_sim.testing import (
    check_aec,
    check_parallel,
    check_same_play,
    check_two_processes,
)
from posalign_sim.world.accounts import pay
from posalign_sim.world.record import seats

GAMES = [name for name, game in known("games").items() if game.customary]

#: Rounds that are enough to see everything; in a donor game not everybody is asked in each.
ROUNDS = {"donor": 24}

#: Games that are long otherwise.
SHORT = {"double_auction": {"steps": 6}}

#: A market of two.
COUPLE = {"population": {"seller": [Honest()], "buyer": [DiscriminatingBuyer()]}}

#: What PettingZoo's tests warn of, and why it is as it is here.
ALLOWED = (
    # Observations come with masks, as in PettingZoo's own board games.
    "Observation is not a NumPy array",
    "Observation space for each agent probably should be",
    # Some decisions have arguments: choice and arguments are one MultiDiscrete.
    "Action space for each agent probably should be",
    # The mask of an agent that has ended: it may do nothing.
    "Action mask numpy array is all zeros",
)


def allowing(test):
    """A test in which PettingZoo may warn of what is allowed, and of nothing else."""
    for words in ALLOWED:
        test = pytest.mark.filterwarnings(f"ignore:{words}:UserWarning")(test)
    return test


def played(name):
    return known("games")[name](**SHORT.get(name, {}))


def details(name, **more):
    return {"rounds": ROUNDS.get(name, 2), "mode": "interpreted", "metrics": (), **more}


class Allowance(Game):
    """Everybody gets 2 points when the world begins, before anybody is asked.

    The first seat takes part of a hundred; in the second round the other one is asked, too.
    """

    least_agents = 2
    grab = Decision(
        "play",
        ("grab", "leave"),
        [Argument("part", -3, 4, choices=("grab",))],
    )

    @staticmethod
    def begin(w, own):
        w.first_best = 100.0
        for i in seats(w):
            pay(w, NATURE, i, 2.0)

    @staticmethod
    def who_grab(w, own, i):
        return i == 0 or w.clock > 0

    @staticmethod
    def play(w, own):
        for i in seats(w):
            if own.grab[i] == 0:
                pay(w, NATURE, i, 1.0 * own.grab_part[i])


def allowance(**more):
    return Scenario(Allowance(), [External(), External()], rounds=3, metrics=(), **more)


def everything():
    """A market with institutions, noise and changing partners."""
    return Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()] * 3, "buyer": [DiscriminatingBuyer()] * 3},
        institutions=[Reputation(), Arbitration(), Bond()],
        matching=Rematched(),
        noise=Tremble(probability=0.2),
        rounds=3,
        metrics=(),
    )


SCENARIOS = {"allowance": allowance, "everything": everything}


# --- this package's own suite -------------------------------------------------------------------


@pytest.mark.parametrize("game", GAMES)
def test_the_parallel_view_passes_the_strict_suite(game):
    check_parallel(partial(parallel_env, played(game), **details(game)), 1)


@pytest.mark.parametrize("game", GAMES)
def test_the_aec_view_passes_the_strict_suite(game):
    check_aec(partial(aec_env, played(game), **details(game)), 2)


@pytest.mark.parametrize("game", GAMES)
def test_both_views_are_the_same_game(game):
    views = [partial(view, played(game), **details(game)) for view in (parallel_env, aec_env)]
    check_same_play(*views, 3)


@pytest.mark.parametrize("name", SCENARIOS)
def test_views_of_scenarios(name):
    parallel, aec = (
        partial(view, SCENARIOS[name](), mode="interpreted") for view in (parallel_env, aec_env)
    )
    luck = name == "everything"
    check_parallel(parallel, 4, luck)
    check_aec(aec, 5, luck)
    check_same_play(parallel, aec, 6)


@pytest.mark.parametrize("game", ["repeated_dilemma", "moral_hazard_market"])
def test_compiled_views_play_as_interpreted_ones_do(game):
    plain = partial(parallel_env, played(game), **details(game))
    compiled = partial(parallel_env, played(game), **details(game, mode="compiled"))
    check_parallel(compiled, 7)
    check_same_play(compiled, plain, 8)
    check_same_play(partial(aec_env, played(game), **details(game, mode="compiled")), plain, 9)


def test_some_seats_may_be_played_by_scripted_agents():
    check_parallel(partial(parallel_env, "marketplace", external=[0, 1], **details("")), 10)
    check_aec(partial(aec_env, "marketplace", external=[1], **details("")), 11)


def test_two_processes_play_the_same():
    views = [
        partial(view, "moral_hazard_market", noise=Tremble(probability=0.3), **details(""))
        for view in (parallel_env, aec_env, SingleView)
    ]
    check_two_processes(*views, seed=12)


# --- PettingZoo's own ---------------------------------------------------------------------------


@allowing
@pytest.mark.parametrize("game", GAMES)
def test_parallel_api(game):
    parallel_api_test(parallel_env(played(game), illegal="resample", **details(game)), 1000)


@allowing
@pytest.mark.parametrize("game", GAMES)
def test_aec_api(game):
    api_test(aec_env(played(game), illegal="resample", **details(game)), 200)


@allowing
@pytest.mark.parametrize("game", GAMES)
def test_seeds(game):
    # They sample without masks.
    seed_test(partial(aec_env, played(game), illegal="resample", **details(game)), 50)
    parallel_seed_test(partial(parallel_env, played(game), illegal="resample", **details(game)), 50)


def test_max_cycles():
    # One decision a round: as many cycles as rounds.
    views = SimpleNamespace(
        parallel_env=lambda max_cycles: parallel_env(
            "repeated_dilemma", **details("", rounds=max_cycles)
        ),
        env=lambda max_cycles: aec_env("repeated_dilemma", **details("", rounds=max_cycles)),
    )
    max_cycles_test(views)


# --- what views owe besides ---------------------------------------------------------------------


class Hesitant(RepeatedDilemma):
    """The first seat may not cooperate in the first round, nor defect in the others."""

    @staticmethod
    def mask_move(w, own, i, choice):
        return i > 0 or (choice == 1) == (w.clock == 0)


@pytest.mark.parametrize("game", [RepeatedDilemma, Hesitant])
@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_what_a_step_gave_stays_as_it_was(game, mode):
    scenario = Scenario(game(), [External(), External()], rounds=70, metrics=())
    env, rng = parallel_env(scenario, mode=mode), np.random.default_rng(1)
    kept = []
    for episode in range(2):
        told = (env.reset(seed=1)[0],)
        kept.append((told, repr(told)))
        while env.agents:
            given = {a: int(rng.choice(np.flatnonzero(told[0][a]["action_mask"]))) for a in told[0]}
            told = env.step(given)
            kept.append((told, repr(told)))
            for made in told[1:]:
                assert made.keys() == told[0].keys()
        assert len(kept) == 71 * (episode + 1)
    assert all(repr(told) == words for told, words in kept)
    shown = [seen["observation"] for told, _ in kept for seen in told[0].values()]
    for k, one in enumerate(shown):
        assert not any(np.shares_memory(one, other) for other in shown[k + 1 : k + 8])
    fresh = [id(part) for told, _ in kept for part in told]
    assert len(set(fresh)) == len(fresh)


def test_agents_are_called_by_role():
    env = parallel_env(everything(), mode="interpreted")
    roles = [f"{role}_{k}" for role in ("seller", "buyer") for k in range(3)]
    assert env.possible_agents == roles


def test_what_was_gained_before_the_first_decision_is_in_the_first_reward():
    env = parallel_env(allowance(), mode="interpreted")
    env.reset(seed=1)
    _, rewards, *_ = env.step({"player_0": [0, 6], "player_1": [2, 0]})  # takes 3, waits
    assert rewards == {"player_0": 5.0, "player_1": 2.0}


def test_a_pledge_is_seen_before_the_act():
    env = parallel_env("repeated_dilemma", institutions=["bond"], **details(""))
    env.reset(seed=1)
    names = [f.name for f in env.features]
    seen, *_ = env.step({"player_0": 0, "player_1": 1})  # declines, posts
    bonds = [seen[name]["observation"][names.index("partner_bonded")] for name in env.agents]
    assert bonds == [3.0, 0.0]


def test_the_order_of_actions_does_not_matter():
    found = []
    for order in (1, -1):
        env = parallel_env("marketplace", **details(""))
        seen, _ = env.reset(seed=1)
        rng = np.random.default_rng(1)
        total = dict.fromkeys(env.agents, 0.0)
        while env.agents:
            given = {a: env.action_space(a) for a in env.agents}
            for k, space in enumerate(given.values()):
                space.seed(int(rng.integers(100)) + k)
            given = {a: s.sample(seen[a]["action_mask"]) for a, s in given.items()}
            seen, rewards, *_ = env.step(dict(list(given.items())[::order]))
            total = {a: total[a] + rewards[a] for a in total}
        found.append(total)
    assert found[0] == found[1]


def test_without_a_seed_another_episode_follows():
    scenario = everything()
    env = parallel_env(scenario, mode="interpreted")
    env.reset(seed=5)
    keys = [int(env.table.session.worlds["key"][0])]
    for _ in range(3):
        env.reset()
        keys.append(int(env.table.session.worlds["key"][0]))
    assert len(set(keys)) == 4
    assert keys == scenario.worlds(4, 5)["key"].tolist()


# --- bad input ----------------------------------------------------------------------------------


def refused(env, actions, *words):
    before = env.table.session.worlds.tobytes()
    with pytest.raises(ConfigurationError) as caught:
        env.step(actions)
    assert env.table.session.worlds.tobytes() == before
    for word in words:
        assert word in str(caught.value)


@pytest.fixture
def duel():
    env = parallel_env("repeated_dilemma", **details(""))
    env.reset(seed=1)
    return env


@pytest.mark.parametrize(
    "action",
    [None, "cooperate", 0.0, float("nan"), np.float32(1), np.array([0]), np.array(0.5), [0], {}],
)
def test_a_dilemma_takes_integers_only(duel, action):
    refused(duel, {"player_0": 0, "player_1": action}, "player_1", "integer")
    duel.step({"player_0": 0, "player_1": np.int8(0)})


@pytest.mark.parametrize("action", [-1, 2, 3, 2**40])
def test_an_illegal_action_is_explained(duel, action):
    refused(duel, {"player_0": 0, "player_1": action}, "seat 1", "move", "cooperate, defect")


def test_a_number_of_more_than_64_bits_is_refused(duel):
    for action in (2**70, np.uint64(2**64 - 1)):
        refused(duel, {"player_0": 0, "player_1": action}, "64 bits")


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
@pytest.mark.parametrize("action", [-1, 2, 2**40, 2**70, None, 1.0, float("nan"), [0]])
def test_a_refused_action_can_be_taken_back(mode, action):
    made = [parallel_env("repeated_dilemma", rounds=3, metrics=(), mode=mode) for _ in range(2)]
    for env in made:
        env.reset(seed=1)
    for k in range(3):
        for given in ({"player_0": action, "player_1": 0}, {"player_0": 1, "player_1": action}):
            refused(made[0], given)
        told = [env.step({"player_0": k % 2, "player_1": 0}) for env in made]
        assert repr(told[0]) == repr(told[1])
    assert not made[0].agents and made[0].illegal_actions == 0


def test_a_view_that_has_not_begun_can_be_sent_to_another_process():
    env = pickle.loads(pickle.dumps(parallel_env("repeated_dilemma", **details(""))))
    env.reset(seed=1)
    assert env.step({"player_0": 0, "player_1": 1})[1] == {"player_0": 0.0, "player_1": 5.0}


def test_missing_and_unknown_agents_are_named(duel):
    refused(duel, {"player_0": 0}, "no action for player_1")
    refused(duel, {"player_0": 0, "player_2": 0}, "player_2", "did you mean")
    refused(duel, {"player_0": 0, "player_1": 0, "player_2": 0}, "player_2")
    refused(duel, {}, "no action for player_0")
    refused(duel, [0, 0], "dict")
    refused(duel, None, "dict")
    refused(duel, {"player_0": 0, 1: 0}, "1")


@pytest.fixture
def market():
    env = parallel_env("moral_hazard_market", **COUPLE, **details(""))
    env.reset(seed=1)
    return env


@pytest.mark.parametrize("action", [0, [0], [0, 0, 0], [0, 1.5], [None, 0], "00", [[0, 0]], None])
def test_choice_and_arguments_come_together(market, action):
    refused(market, {"seller_0": action, "buyer_0": [2, 0]}, "seller_0", "2 integers")


@pytest.mark.parametrize("action", [[0, -1], [0, 41], [0, 2**60], [-1, 0], [2, 0], [5, 0]])
def test_arguments_out_of_bounds_are_explained(market, action):
    refused(market, {"seller_0": action, "buyer_0": [2, 0]}, "seat 0", "post", "[0, 40]")


@pytest.mark.parametrize("number", [2**40, -(2**40), 2**63 - 1])
def test_an_argument_that_a_choice_does_not_carry_is_not_looked_at(number):
    env = parallel_env(allowance(), mode="interpreted")
    env.reset(seed=1)
    env.step({"player_0": [1, number], "player_1": [2, 0]})  # leaves, with any part
    assert env.agents


@pytest.mark.parametrize("action", [[0, 0], [1, 0], [3, 0], 2, [2], [2.0, 0], None, [2, 0, 0]])
def test_who_is_not_asked_can_only_wait(market, action):
    refused(market, {"seller_0": [0, 20], "buyer_0": action}, "buyer_0", "wait (2)")


def test_an_unknown_agent_in_the_place_of_one_who_waits_is_named():
    for illegal in ("raise", "resample"):
        env = parallel_env("moral_hazard_market", illegal=illegal, **COUPLE, **details(""))
        env.reset(seed=1)
        refused(env, {"seller_0": [0, 20], "bayer_0": [2, 0]}, "bayer_0", "did you mean buyer_0")


def test_steps_before_the_beginning_and_after_the_end_are_refused():
    env = parallel_env("repeated_dilemma", **details("", rounds=1))
    with pytest.raises(ConfigurationError, match="nothing has begun"):
        env.step({"player_0": 0, "player_1": 0})
    env.reset(seed=1)
    env.step({"player_0": 0, "player_1": 0})
    refused(env, {}, "over")
    refused(env, {"player_0": 0, "player_1": 0}, "over")
    turns = aec_env("repeated_dilemma", **details("", rounds=1))
    with pytest.raises(ConfigurationError, match="nothing has begun"):
        turns.step(0)
    with pytest.raises(ConfigurationError, match="nothing has begun"):
        turns.observe("player_0")
    turns.reset(seed=1)
    for action in (0, 0, None, None):
        turns.step(action)
    refused(turns, 0, "over")


def test_the_aec_view_explains_at_once():
    env = aec_env("repeated_dilemma", **details(""))
    env.reset(seed=1)
    env.step(1)
    for action in (2, -1, 2**40, None, 0.5, np.array([0])):
        refused(env, action)
        assert env.agent_selection == "player_1"
    with pytest.raises(ConfigurationError, match="did you mean"):
        env.observe("player_5")
    env.step(0)
    assert env.rewards == {"player_0": 5.0, "player_1": 0.0}


@pytest.mark.parametrize("view", [parallel_env, aec_env, SingleView, partial(batch_env, worlds=1)])
def test_options_are_checked(view):
    with pytest.raises(ConfigurationError, match="did you mean resample"):
        view("repeated_dilemma", illegal="resampel")
    with pytest.raises(ConfigurationError, match="did you mean repeated_dilemma"):
        view("repeated_dilema")
    with pytest.raises(ConfigurationError, match="no feature"):
        view("repeated_dilemma", features=["clothes"])


@pytest.mark.parametrize("illegal", ["resample", "noop"])
def test_illegal_actions_are_replaced_and_counted(illegal):
    env = parallel_env("moral_hazard_market", illegal=illegal, **COUPLE, **details(""))
    env.reset(seed=1)
    env.step({"seller_0": [0, 20], "buyer_0": [2, 0]})
    assert env.illegal_actions == 0
    env.step({"seller_0": [0, 0], "buyer_0": [7, 0]})  # the seller should wait, nobody knows 7
    assert env.illegal_actions == 2
    env.reset()
    assert env.illegal_actions == 0
    turns = aec_env("repeated_dilemma", illegal=illegal, **details("", rounds=50))
    turns.reset(seed=1)
    for _ in range(99):
        turns.step(9)
    assert turns.illegal_actions == 99
    cooperated = turns.table.session.worlds["balance"][0] > 0
    if illegal == "noop":  # the last choice: both defect
        assert turns.table.session.worlds["balance"][0].tolist() == [49e6, 49e6]
    assert cooperated.all()


def test_an_episode_without_a_question_is_refused():
    class Silent(Allowance):
        """Nobody is asked."""

        @staticmethod
        def who_grab(w, own, i):
            return False

    for view in (parallel_env, aec_env):
        env = view(Scenario(Silent(), [External()] * 2, rounds=2, metrics=()), mode="interpreted")
        with pytest.raises(ConfigurationError, match="1000 episodes on end"):
            env.reset(seed=1)


def test_a_fault_is_told():
    class Broken(RepeatedDilemma):
        """Pays what nobody has."""

        @staticmethod
        def play(w, own):
            pay(w, NATURE, 0, 1e300)

    scenario = Scenario(Broken(), [Random()] * 2, rounds=2, metrics=())
    env = parallel_env(scenario, mode="interpreted")
    env.reset(seed=1)
    for _ in range(2):  # and it stays stopped
        with pytest.raises(RuntimeError, match="1e7 points"):
            env.step({"player_0": 0, "player_1": 0})


@pytest.mark.parametrize("make", [parallel_env, aec_env])
def test_what_happened_can_be_read_and_looked_at(make):
    told = make("repeated_dilemma", rounds=2, render_mode="ansi", mode="interpreted")
    shown = make("repeated_dilemma", rounds=2, render_mode="rgb_array", mode="interpreted")
    for env in (told, shown):
        env.reset(seed=1)
        if make is parallel_env:
            env.step({"player_0": 0, "player_1": 1})
        else:
            env.step(0)
            env.step(1)
    text = told.render()
    assert "Round 1\n  repeated_dilemma.move: player 0 chose cooperate" in text
    assert "player 1 chose defect" in text and "Round 2" not in text
    picture = shown.render()
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10, "a picture of nothing"


def test_nothing_is_rendered_unasked():
    env = parallel_env("repeated_dilemma", rounds=2, mode="interpreted")
    env.reset(seed=1)
    with pytest.raises(ConfigurationError, match="make it with render_mode="):
        env.render()
    with pytest.raises(ConfigurationError, match="render_mode='movie'"):
        parallel_env("repeated_dilemma", render_mode="movie")
