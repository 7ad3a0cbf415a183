"""Batches for learners: rows and dense arrays, of every game, against the views of one world."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from posalign_sim import (
    Argument,
    ConfigurationError,
    Decision,
    External,
    Game,
    Rematched,
    Scenario,
    Tremble,
    start,
)
from posalign_sim.agents import DiscriminatingBuyer, Honest, Random, TitForTat
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views import batch_env, parallel_env
from posalign_sim.envs.views.ordinary import ordinary, with_external
from posalign_sim.registry import known
from posalign_sim.testing import check_batch, check_same_play

GAMES = [name for name, game in known("games").items() if game.customary]
#: Games that are long otherwise.
SHORT = {"double_auction": {"steps": 6}}
#: In a donor game not everybody is asked in each round.
ROUNDS = {"donor": 24}


def played(name):
    return known("games")[name](**SHORT.get(name, {}))


def details(name="", **more):
    return {"rounds": ROUNDS.get(name, 2), "mode": "interpreted", "metrics": (), **more}


def lengths(**more):
    """A dilemma whose worlds get out of step: each ends when its luck says so."""
    agents = [External(), Random(), External()]
    return Scenario(
        RepeatedDilemma(),
        agents,
        matching=Rematched(),
        noise=Tremble(probability=0.3),
        rounds=5,
        continuation=0.6,
        metrics=(),
        **more,
    )


@pytest.mark.parametrize("game", GAMES)
def test_a_batch_passes_the_strict_suite(game):
    check_batch(partial(batch_env, played(game), 2, **details(game)), 1)


@pytest.mark.parametrize("game", GAMES)
def test_each_world_of_a_batch_is_a_parallel_view(game):
    views = [
        partial(view, played(game), **details(game, **more))
        for view, more in ((parallel_env, {}), (batch_env, {"worlds": 2}))
    ]
    check_same_play(*views, 2)


def test_worlds_need_not_be_in_step():
    batch = partial(batch_env, lengths(), 4, mode="interpreted")
    check_batch(batch, 3, luck=True)
    check_same_play(batch, partial(parallel_env, lengths(), mode="interpreted"), 4)
    check_same_play(batch, partial(batch_env, lengths(), 3, mode="interpreted"), 5)


def test_some_seats_of_a_market():
    check_batch(partial(batch_env, "marketplace", 2, external=[2, 0], **details()), 6)


def test_compiled_batches_play_as_interpreted_ones_do():
    batch, plain = (
        partial(batch_env, "repeated_dilemma", 3, **details(mode=mode))
        for mode in ("compiled", "interpreted")
    )
    check_batch(batch, 7)
    check_same_play(batch, plain, 8)


def test_a_batch_plays_what_a_session_plays():
    scenario = with_external(ordinary("marketplace", rounds=2, metrics=()), None)
    env = batch_env(scenario, 3, seed=9, mode="interpreted")
    session = start(scenario, 3, 9, episodes=True, mode="interpreted")
    for _ in range(12):
        assert session.count == env.count
        rows = slice(0, session.count)
        for name in ("world", "seat", "decision", "observations", "rewards", "lows", "highs"):
            ours, others = getattr(env.session, name)[rows], getattr(session, name)[rows]
            assert np.array_equal(ours, others), name
        choices = np.array([np.flatnonzero(m)[0] for m in session.masks[rows]])
        arguments = session.lows[rows].copy()
        session.advance(choices, arguments)
        base = env.interface.lows[env.session.decision[rows], : len(env.interface.widths)]
        given = arguments[:, : len(env.interface.widths)] - base
        env.advance(np.column_stack([choices, given]) if env.interface.widths else choices)


def test_dense_arrays_have_a_place_for_every_seat():
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()] * 2, "buyer": [DiscriminatingBuyer()] * 2},
        rounds=2,
        metrics=(),
    )
    env = batch_env(market, 2, external=[1, 2, 3], mode="interpreted")
    step = env.reset(1)
    assert step.acting.tolist() == [[True, False, False]] * 2  # sellers post
    assert (step.masks[:, 1:] == 0).all() and step.masks[:, 0].any(axis=1).all()
    step = env.step(np.full((2, 3, 2), [0, 20]))
    assert step.acting.tolist() == [[False, True, True]] * 2  # buyers pay
    step = env.step(np.zeros((2, 3, 2), np.int64))
    assert step.acting.tolist() == [[True, False, False]] * 2  # sellers deliver
    assert (step.rewards[:, 0] == 0).all()


def test_ended_worlds_begin_anew_and_others_go_on():
    agents = [External(), TitForTat()]
    env = batch_env(
        Scenario(RepeatedDilemma(), agents, rounds=[1, 3], metrics=()), 2, mode="interpreted"
    )
    step = env.step([[1], [1]])
    assert step.ended.tolist() == [True, False]
    assert step.final_rewards[0].tolist() == [5.0]
    assert step.rewards.tolist() == [[0.0], [5.0]]
    last = step.final_observations[0].copy()
    step = env.step([[0], [0]])
    assert step.ended.tolist() == [True, False]
    assert step.rewards.tolist() == [[0.0], [0.0]]  # tit for tat has answered
    assert (step.final_observations[0] != last).any()


def test_parameters_may_differ_from_world_to_world():
    game = RepeatedDilemma(temptation=[4.0, 5.0, 6.0])
    env = batch_env(game, 3, external=[0], **details(rounds=1))
    assert env.step([[1]] * 3).final_rewards[:, 0].tolist() == [4.0, 5.0, 6.0]


# --- bad input ----------------------------------------------------------------------------------


def refused(env, call, *words):
    before = env.session.worlds.tobytes()
    with pytest.raises(ConfigurationError) as caught:
        call()
    assert env.session.worlds.tobytes() == before
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "actions",
    [0, None, [], [0], [0, 1, 0, 1, 0], [0.0] * 4, [np.nan] * 4, ["0"] * 4, [True] * 4,
     np.zeros((4, 1), np.int64), np.zeros((2, 2), np.int64)],
)  # fmt: skip
def test_rows_are_integers_one_for_each(actions):
    env = batch_env("repeated_dilemma", 2, **details())
    refused(env, lambda: env.advance(actions), "integers of shape (4,)")
    env.advance([0, 1, 0, 1])


@pytest.mark.parametrize(
    "actions", [0, None, [], [0, 1], np.zeros(4, np.int64), np.zeros((2, 3), np.int64),
                np.zeros((2, 2)), np.zeros((2, 2, 1), np.int64), [[np.nan, 0], [0, 0]]],
)  # fmt: skip
def test_dense_arrays_have_a_shape(actions):
    env = batch_env("repeated_dilemma", 2, **details())
    refused(env, lambda: env.step(actions), "shape")
    env.step([[0, 1], [0, 1]])


def test_an_illegal_action_is_explained():
    env = batch_env("repeated_dilemma", 2, **details())
    for wrong in (2, -1, 2**40):
        words = ("world 1, seat 0", "move", "cooperate, defect")
        refused(env, lambda wrong=wrong: env.advance([0, 0, wrong, 0]), *words)
    market = batch_env("moral_hazard_market", 1, external=[0], **details())
    for number in (-1, 41, 2**62):
        refused(market, lambda k=number: market.advance([[0, k]]), "seat 0", "post", "[0, 40]")


@pytest.mark.parametrize("number", [2**40, -(2**40), 2**63 - 1])
def test_an_argument_that_a_choice_does_not_carry_is_not_looked_at(number):
    class Bid(Game):
        """Who bids says how much."""

        bid = Decision("play", ("bid", "pass"), [Argument("sum", 1, 9, choices=("bid",))])

        @staticmethod
        def begin(w, own):
            w.first_best = 1.0

    scenario = Scenario(Bid(), [External()] * 2, rounds=2, metrics=())
    env = batch_env(scenario, 1, mode="interpreted")
    env.advance([[1, number], [0, 8]])
    refused(env, lambda: env.advance([[1, 0], [0, number]]), "seat 1", "bid", "[1, 9]")


@pytest.mark.parametrize("illegal", ["resample", "noop"])
def test_illegal_actions_are_replaced_and_counted(illegal):
    env = batch_env("moral_hazard_market", 3, external=[0], illegal=illegal, **details())
    env.advance([[5, 0], [0, 99], [0, 20]])
    assert env.illegal_actions == 2
    assert (env.session.worlds["fault"] == 0).all()
    made = env.session.worlds["moral_hazard_market"]["post"][:, 0]
    assert made[2] == 0 and np.isin(made, (0, 1)).all()
    env.reset(1)
    assert env.illegal_actions == 0


def test_replacements_follow_the_seed():
    def play(seed):
        env = batch_env("repeated_dilemma", 8, illegal="resample", seed=seed, **details())
        found = []
        for _ in range(10):
            env.advance(np.full(env.count, 9))
            found.append(env.session.worlds["balance"].tolist())
        return found

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_a_negative_seed_is_a_seed():
    env = batch_env("repeated_dilemma", 1, seed=-1, **details())
    assert env.count == 2
