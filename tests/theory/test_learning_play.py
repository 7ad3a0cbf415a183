"""Learners in play against what theory says of them: regrets, equilibria, optimal policies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    Exp3,
    FictitiousPlay,
    Hedge,
    Mixed,
    QLearner,
    Random,
    RegretMatching,
    RothErev,
    Sarsa,
    TitForTat,
)
from posalign_sim.agents.learning.base import POLICY
from posalign_sim.agents.learning.learners import VALUES
from posalign_sim.envs import MatrixGame, RepeatedDilemma
from posalign_sim.envs.matrix_game import TAKE, MatrixSight
from posalign_sim.envs.matrix_game_rules import FAMILY
from posalign_sim.theory import exploitability
from posalign_sim.world.fields import Ints, per_agent
from posalign_sim.world.modules import Agent, Metric
from posalign_sim.world.record import seats
from posalign_sim.world.simulate import run_until

RPS = np.array(FAMILY["rock_paper_scissors"], float)
WORLDS, DECISIONS = 48, 4096
#: Mostly rock: paper is the best response.
MOSTLY_ROCK = [0.5, 0.3, 0.2]


class Turncoat(Agent):
    """Rock in the first half of the world, scissors in the second: decided before it begins."""

    @staticmethod
    def action(p: MatrixSight, i: int) -> tuple[int, int]:
        return TAKE, 0 if 2 * p.clock < p.rounds else 2


class Tally(Metric):
    """How often each seat took each choice."""

    taken: Ints = per_agent(np.int64, "choices")

    @staticmethod
    def settle(w, own):
        for i in seats(w):
            own.taken[i, w.matrix_game.action_number[i]] += 1


@pytest.fixture(scope="module")
def tallies():
    """`[3, worlds, seats, 3]` choices taken by an early time, a later one and the end; the worlds.

    The first worlds play rock, paper, scissors, the last eight Shapley's game.
    """
    both = np.array([[RPS, RPS]] * (WORLDS - 8) + [FAMILY["shapley"]] * 8, float)
    tuned = Exp3.tuned(3, DECISIONS, least=-1, most=1)
    made = Scenario(
        MatrixGame(payoffs=both),
        [
            *[RegretMatching(), RegretMatching()],
            *[FictitiousPlay(), FictitiousPlay()],
            *[tuned, Mixed(weights=MOSTLY_ROCK)],
            *[tuned, Turncoat()],
            *[
                QLearner(memory=0, discount=0, rate=1, settling=1, explore=0.1),
                Mixed(weights=MOSTLY_ROCK),
            ],
        ],
        rounds=DECISIONS,
        metrics=[Tally()],
    )
    ws = made.worlds(WORLDS, 5)
    snapshots = []
    for until in (DECISIONS // 16, DECISIONS // 2, DECISIONS):
        run_until(made, ws, until)
        snapshots.append(ws["tally"]["taken"].astype(float))
    assert not ws["fault"].any()
    return np.array(snapshots), ws


def gaps(taken, first):
    """`[worlds]` exploitability of the average play of two seats at rock, paper, scissors."""
    played = taken[: WORLDS - 8, first : first + 2] / taken[0, first].sum()
    return np.array([exploitability(RPS, x, y) for x, y in played])


def test_average_play_of_who_match_their_regrets_comes_to_the_equilibrium(tallies):
    """Blackwell's bound: E|regret| <= sqrt(sum |r|^2), and |r|^2 <= 1 + 4 in this game.

    In a zero-sum game how exploitable both are is the mean of their average regrets.
    """
    taken, _ = tallies
    for snapshot in taken:
        played = snapshot[0, 0].sum()
        assert gaps(snapshot, 0).mean() <= math.sqrt(5 / played)
    shares = taken[-1][: WORLDS - 8, :2] / DECISIONS
    assert np.abs(shares - 1 / 3).mean() < 0.02


def test_average_fictitious_play_comes_to_the_equilibrium_of_a_zero_sum_game(tallies):
    """Robinson (1951); the rate of one over the square root is Karlin's conjecture."""
    taken, _ = tallies
    early, _, late = (gaps(snapshot, 2).mean() for snapshot in taken)
    assert early < 2 / math.sqrt(DECISIONS / 16)
    assert late < 2 / math.sqrt(DECISIONS)
    assert late < early / 2
    shares = taken[-1][: WORLDS - 8, 2:4] / DECISIONS
    assert np.abs(shares - 1 / 3).max() < 0.03


def test_fictitious_play_does_not_come_to_rest_in_shapleys_game(tallies):
    taken, _ = tallies
    half, end = (snapshot[-8:, 2:4] for snapshot in taken[1:])
    # The equilibrium is a third each; play goes round it in ever longer runs.
    for counts in (half, end, end - half):
        off = np.abs(counts / counts.sum(axis=-1, keepdims=True) - 1 / 3).max(axis=(1, 2))
        assert (off > 0.05).all()


@pytest.mark.parametrize("first", [4, 6], ids=["bandit", "turncoat"])
def test_the_regret_of_exp3_is_below_its_bound(tallies, first):
    taken, ws = tallies
    theirs = taken[-1][: WORLDS - 8, first + 1]
    earned = (RPS @ theirs.T).max(axis=0)  # by the best choice in hindsight
    points = (ws["balance"][: WORLDS - 8, first] / 1e6).astype(float)
    regret = (earned - points) / 2  # in shares of the range of 2 points
    bound = 2 * math.sqrt(math.e - 1) * math.sqrt(DECISIONS * 3 * math.log(3))
    assert regret.mean() <= bound
    if first == 4:
        # Who learned nothing would regret as much as paper is better than the mean of all.
        assert regret.mean() < 0.3 * DECISIONS / 2 / 2
        assert taken[-1][: WORLDS - 8, first].argmax(axis=1).tolist() == [1] * (WORLDS - 8)


def test_a_q_learner_without_memory_finds_the_best_response(tallies):
    taken, ws = tallies
    values = ws["sight"]["slots"][: WORLDS - 8, 8, VALUES : VALUES + 3]
    assert (values.argmax(axis=1) == 1).all()
    # With rate 1 / (1 + n) values are means of what each choice earned.
    expected = RPS @ MOSTLY_ROCK
    for k in range(3):
        trials = taken[-1][: WORLDS - 8, 8, k].mean()
        error = 4 * math.sqrt((RPS[k] ** 2 @ MOSTLY_ROCK) / trials / (WORLDS - 8))
        assert abs(values[:, k].mean() - expected[k]) < 2 * error
    # It takes the best one but for what it explores.
    share = taken[-1][: WORLDS - 8, 8, 1].mean() / DECISIONS
    assert share == pytest.approx(1 - 0.1 * 2 / 3, abs=0.02)


def test_the_regret_of_hedge_is_below_its_bound():
    decisions = 400
    rate = math.sqrt(8 * math.log(3) / decisions) / 2  # for a range of 2 points
    made = Scenario(
        MatrixGame.of("rock_paper_scissors"),
        [Hedge(rate=rate), Turncoat()],
        rounds=decisions,
        metrics=[Tally()],
    )
    ws = simulate(made, 4, mode="interpreted", progress=False).worlds
    earned = (RPS @ ws["tally"]["taken"][:, 1].T).max(axis=0)
    regret = (earned - ws["balance"][:, 0] / 1e6) / 2
    # Around the expected regret what is drawn scatters by half a share a decision at most.
    assert regret.mean() <= math.sqrt(decisions * math.log(3) / 2) + 4 * 0.5 * math.sqrt(
        decisions / 4
    )


# --- against tit for tat: a problem of two states ------------------------------------------------

DISCOUNTS = np.array([0.2, 0.3, 0.5, 0.62, 0.72, 0.85, 0.95])
EACH = 10
EXPLORE = 0.3
#: By own choice (to cooperate or not) and what tit for tat does now, which is what one did last.
EARNED = np.array([[3.0, 0.0], [5.0, 1.0]])


def action_values(discount, explore):
    """`[did last, does now]` values against tit for tat of going on greedily, exploring or not."""
    values = np.zeros((2, 2))
    for _ in range(4000):
        ahead = (1 - explore) * values.max(axis=1) + explore * values.mean(axis=1)
        values = EARNED.T + discount * ahead[None, :]
    return values


@pytest.fixture(scope="module")
def learned():
    """Worlds in which learners have played tit for tat, each other and dice for long."""
    discount = np.repeat(DISCOUNTS, EACH)
    made = Scenario(
        RepeatedDilemma(),
        [
            *[QLearner(rate=1, discount=discount, explore=EXPLORE), TitForTat()],
            *[Sarsa(rate=0.5, settling=0.01, discount=discount, explore=EXPLORE), TitForTat()],
            *[QLearner(memory=0, discount=0), QLearner(memory=0, discount=0.5)],
            *[RothErev(recency=0.01, experimentation=0.05), Random()],
        ],
        rounds=20_000,
        metrics=(),
    )
    ws = simulate(made, len(discount), 5, progress=False).worlds
    assert not ws["fault"].any()
    return ws


def values_of(ws, seat):
    """`[discounts, each, 4, 2]` values of both choices by what both did last."""
    slots = ws["sight"]["slots"][:, seat, VALUES : VALUES + 40]
    return slots.reshape(len(DISCOUNTS), EACH, 5, 8)[:, :, 1:, :2]


def test_q_learning_finds_the_values_of_the_best_policy(learned):
    """Nothing is left to chance but what is tried: with rate 1 it comes to the exact values."""
    values = values_of(learned, 0)
    for k, discount in enumerate(DISCOUNTS):
        exact = action_values(discount, 0)
        for s in range(4):  # what tit for tat does depends on one's own last choice alone
            assert values[k, :, s] == pytest.approx(np.broadcast_to(exact[s // 2], (EACH, 2)))


def test_it_learns_to_cooperate_with_tit_for_tat_iff_it_is_patient_enough(learned):
    """To cooperate earns 3 / (1 - d); to defect by turns, 5 / (1 - d^2): from d = 2/3 on."""
    values = values_of(learned, 0)
    for k, discount in enumerate(DISCOUNTS):
        cooperates = values[k, :, 0, 0] > values[k, :, 0, 1]
        assert (cooperates == (discount > 2 / 3)).all()
        # Having defected, it makes up for it if that is worth the sucker's round.
        makes_up = values[k, :, 3, 0] > values[k, :, 3, 1]
        assert (makes_up == (discount > 1 / 4)).all()


def test_sarsa_finds_the_values_of_what_it_does(learned):
    values = values_of(learned, 2)
    apart = []
    for k, discount in enumerate(DISCOUNTS):
        exact = action_values(discount, EXPLORE)
        for s, a in np.ndindex(4, 2):
            found = values[k, :, s, a]
            error = 4 * found.std(ddof=1) / math.sqrt(EACH)
            assert abs(found.mean() - exact[s // 2, a]) < error + 0.02
        apart.append(np.abs(exact - action_values(discount, 0)).min())
    # What exploring costs it is no small thing: the values of the best policy are far off.
    assert apart[-1] > 2


def test_two_q_learners_without_memory_come_to_defect(learned):
    points = learned["balance"][:, 4:6] / 1e6 / learned["clock"][:, None]
    # Both defect but for the twentieth of decisions at which they take any choice.
    assert points.mean() < 1.2


def test_propensities_come_to_rest_where_roth_and_erevs_rule_does(learned):
    """Where expected growth makes up for what is forgotten; defection earns 3, cooperation 1.5."""
    spread, p = 0.05, 0.5
    for _ in range(10_000):
        defect = p * 3 * (1 - spread) + (1 - p) * 1.5 * spread
        cooperate = (1 - p) * 1.5 * (1 - spread) + p * 3 * spread
        p = defect / (defect + cooperate)
    assert p > 0.85
    found = learned["sight"]["slots"][:, 6, POLICY + 1]
    error = 4 * found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean() - p) < error + 0.01
