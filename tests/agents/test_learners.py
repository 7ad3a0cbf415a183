"""Each learner against its source, move by move: what it has learned, and what it then does."""

from __future__ import annotations

import itertools
import math
from typing import ClassVar

import numpy as np
import pytest

from posalign_sim import Network, Scenario, simulate
from posalign_sim.agents import (
    BestResponse,
    Cooperator,
    Defector,
    Exp3,
    FictitiousPlay,
    Hedge,
    Mixed,
    QLearner,
    Random,
    RegretMatching,
    RothErev,
    Sarsa,
    SocialValueOrientation,
    TitForTat,
)
from posalign_sim.agents.learning.base import DECIDED, MIND, POLICY, Chooser, choice_of
from posalign_sim.agents.learning.hindsight import TALLY
from posalign_sim.agents.learning.learners import TRIED, VALUES
from posalign_sim.envs import (
    Commons,
    Crisis,
    Donor,
    MatrixGame,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
    Trust,
)
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.dynamics import Moran
from posalign_sim.world.fields import param
from posalign_sim.world.matching import Neighbours, Rematched
from posalign_sim.world.modules import Decision, Game, Institution
from posalign_sim.world.record import face, seats

RPS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
LEARNERS = (
    BestResponse,
    Exp3,
    FictitiousPlay,
    Hedge,
    QLearner,
    RegretMatching,
    RothErev,
    Sarsa,
)


def play(game, agents, rounds=20, worlds=1, seed=3, **more):
    made = Scenario(game, agents, **{"rounds": rounds, "metrics": (), **more})
    run = simulate(made, worlds, seed, mode="interpreted", history=range(worlds), progress=False)
    assert run.faults.empty
    return run


def choices(run, world=0):
    """`[rounds, seats]` numbers of what seats chose."""
    game = run.scenario.game
    field = "action_number" if isinstance(game, MatrixGame) else "move"
    return run.history[1:, world][game.name][field].astype(int)


def mind(run, first, count, world=0, seat=0):
    """`[rounds, count]` of what a seat had in mind after it decided, from slot `first` on."""
    return run.history[1:, world]["sight"]["slots"][:, seat, first : first + count]


def situations(moves):
    """`[rounds]` situations of the first seat in a 2x2 game, by what both did before."""
    return np.array([0, *(1 + 2 * a + b for a, b in moves[:-1])])


# --- from own earnings --------------------------------------------------------------------------

T, R, P, S = 5, 3, 1, 0
POINTS = np.array([[R, S], [T, P]])


@pytest.mark.parametrize("memory", [0, 1])
@pytest.mark.parametrize("settling", [0, 1])
def test_a_q_learner_moves_the_value_of_what_it_did(memory, settling):
    rate, discount = 0.5, 0.9
    agent = QLearner(
        rate=rate, discount=discount, explore=0.4, settling=settling, memory=memory, first=2
    )
    run = play(RepeatedDilemma(), [agent, Random()], rounds=60)
    moves = choices(run)
    at = situations(moves) * memory
    values, tried = np.full((5, 2), 2.0), np.zeros((5, 2))
    for t, (mine, theirs) in enumerate(moves):
        # What it has learned by now has decided what it takes unless it explores.
        seen = mind(run, VALUES, 40)[t].reshape(5, 8)[:, :2]
        assert seen == pytest.approx(values, abs=1e-9)
        policy = mind(run, POLICY, 2)[t]
        best = values[at[t]] == values[at[t]].max()
        assert policy == pytest.approx(0.6 * best / best.sum() + 0.2, abs=1e-9)
        if t + 1 < len(moves):
            aim = POINTS[mine, theirs] + discount * values[at[t + 1]].max()
            step = rate / (1 + settling * tried[at[t], mine])
            values[at[t], mine] += step * (aim - values[at[t], mine])
            tried[at[t], mine] += 1
    assert mind(run, TRIED, 40)[-1].reshape(5, 8)[:, :2] == pytest.approx(tried)
    assert len(np.unique(at)) == (5 if memory else 1)


def test_sarsa_moves_towards_what_it_does_next_and_chooses_before_it_learns():
    rate, discount = 0.5, 0.9
    agent = Sarsa(rate=rate, discount=discount, explore=0.4)
    run = play(RepeatedDilemma(), [agent, Random()], rounds=60)
    moves = choices(run)
    at = situations(moves)
    values = np.zeros((5, 2))
    for t in range(len(moves) - 1):
        mine, theirs = moves[t]
        aim = POINTS[mine, theirs] + discount * values[at[t + 1], moves[t + 1, 0]]
        best = values[at[t + 1]] == values[at[t + 1]].max()
        policy = mind(run, POLICY, 2)[t + 1]
        assert policy == pytest.approx(0.6 * best / best.sum() + 0.2, abs=1e-9)
        values[at[t], mine] += rate * (aim - values[at[t], mine])
        assert mind(run, VALUES, 40)[t + 1].reshape(5, 8)[:, :2] == pytest.approx(values, abs=1e-9)


def test_temperature_and_exploration_fall_with_time():
    warm = QLearner(rate=1, discount=0, temperature=2, explore=0.1, decay=0.1, memory=0)
    run = play(RepeatedDilemma(), [warm, Cooperator()], rounds=30)
    for t in (0, 5, 29):
        values = mind(run, VALUES, 2)[t]
        odds = np.exp(values / (2 * math.exp(-0.1 * t)))
        share = 0.1 * math.exp(-0.1 * t)
        expected = (1 - share) * odds / odds.sum() + share / 2
        assert mind(run, POLICY, 2)[t] == pytest.approx(expected)
    assert mind(run, POLICY, 2)[29][1] > 0.99


def propensities(moves, rewards, recency, spread, first, modified=0):
    """Roth and Erev's rule, from the paper."""
    q = np.full(2, float(first))
    yield q.copy()
    for mine, reward in zip(moves, rewards, strict=True):
        grown = (q if modified else np.full(2, reward)) * spread
        grown[mine] = reward * (1 - spread)
        q = (1 - recency) * q + grown
        yield q.copy()


def test_first_propensities_by_hand():
    # It takes one choice against a defector, then the other: earns 0 or 1 (least -1: 1 or 2).
    agent = RothErev(recency=0.5, experimentation=0.25, initial=4, least=-1)
    run = play(RepeatedDilemma(), [agent, Defector()], rounds=3)
    q = mind(run, MIND, 2)
    assert q[0].tolist() == [4, 4]
    first = choices(run)[0, 0]
    reward = 1 if first == 0 else 2
    by_hand = [2 + reward * (0.75 if k == first else 0.25) for k in range(2)]
    assert q[1].tolist() == by_hand
    assert mind(run, POLICY, 2)[1] == pytest.approx(np.array(by_hand) / sum(by_hand))


@pytest.mark.parametrize("modified", [0, 1])
def test_propensities_follow_roth_and_erev(modified):
    agent = RothErev(recency=0.1, experimentation=0.2, initial=2, modified=modified)
    run = play(RepeatedDilemma(), [agent, Random()], rounds=50)
    moves = choices(run)
    rewards = POINTS[moves[:, 0], moves[:, 1]]
    expected = list(propensities(moves[:-1, 0], rewards[:-1], 0.1, 0.2, 2, modified))
    assert mind(run, MIND, 2) == pytest.approx(np.array(expected), rel=1e-9)


def test_exp3_weighs_what_it_earned_by_how_likely_it_was():
    gamma = 0.3
    run = play(
        MatrixGame.of("rock_paper_scissors"),
        [Exp3(gamma=gamma, least=-1, most=1), Mixed()],
        rounds=60,
    )
    moves = choices(run)
    weights = np.ones(3)
    for t, (mine, theirs) in enumerate(moves):
        policy = (1 - gamma) * weights / weights.sum() + gamma / 3
        assert mind(run, POLICY, 3)[t] == pytest.approx(policy, rel=1e-9)
        share = (RPS[mine, theirs] + 1) / 2
        weights[mine] *= math.exp(gamma * share / policy[mine] / 3)


def test_the_gamma_of_exp3_is_the_one_of_the_bound():
    made = Exp3.tuned(10, 100_000, least=-2, most=3)
    gamma = made.values["gamma"].item()
    bound = (math.e - 1) * gamma * 100_000 + 10 * math.log(10) / gamma
    assert bound == pytest.approx(2 * math.sqrt(math.e - 1) * math.sqrt(1e6 * math.log(10)))
    assert (made.values["least"], made.values["most"]) == (-2, 3)
    assert Exp3.tuned(2, 1).values["gamma"] <= 1


def test_choices_come_in_proportion_to_their_probabilities():
    worlds = 400
    made = Scenario(
        MatrixGame(payoffs=np.zeros((4, 4))),
        [Mixed(weights=[1, 0, 2, 5]), Mixed(weights=[0, 1])],
        rounds=1,
        metrics=(),
    )
    ws = simulate(made, worlds, mode="interpreted", progress=False).worlds
    taken = ws["matrix_game"]["action_number"]
    assert (taken[:, 1] == 1).all()
    for k, probability in enumerate([1 / 8, 0, 2 / 8, 5 / 8]):
        error = 4 * math.sqrt(probability * (1 - probability) / worlds)
        assert abs((taken[:, 0] == k).mean() - probability) <= error


# --- from what other choices would have earned ---------------------------------------------------


@pytest.mark.parametrize("plus", [0, 1])
def test_regrets_by_hand(plus):
    run = play(
        MatrixGame.of("rock_paper_scissors"), [RegretMatching(plus=plus), Mixed()], rounds=60
    )
    regret = np.zeros(3)
    for t, (mine, theirs) in enumerate(choices(run)):
        assert mind(run, TALLY, 3)[t] == pytest.approx(regret, abs=1e-9)
        positive = np.maximum(regret, 0)
        policy = positive / positive.sum() if positive.any() else np.full(3, 1 / 3)
        assert mind(run, POLICY, 3)[t] == pytest.approx(policy, abs=1e-9)
        assert policy[mine] > 0
        regret += RPS[:, theirs] - RPS[mine, theirs]
        regret = np.maximum(regret, 0) if plus else regret


def test_fictitious_play_is_the_best_response_to_frequencies():
    run = play(MatrixGame.of("rock_paper_scissors"), [FictitiousPlay(), Mixed()], rounds=80)
    moves = choices(run)
    for t in range(1, len(moves)):
        values = RPS @ np.bincount(moves[:t, 1], minlength=3)
        assert values[moves[t, 0]] == values.max()
    assert len(np.unique(moves[:, 0])) == 3


def test_what_is_past_can_count_less():
    fading = FictitiousPlay(recency=0.25, temperature=0.5)
    run = play(MatrixGame.of("rock_paper_scissors"), [fading, Mixed()], rounds=40)
    moves = choices(run)
    for t in (1, 7, 39):
        weights = 0.75 ** np.arange(t)[::-1]
        mean = (weights[:, None] * RPS.T[moves[:t, 1]]).sum(axis=0) / weights.sum()
        odds = np.exp(mean / 0.5)
        assert mind(run, POLICY, 3)[t] == pytest.approx(odds / odds.sum(), rel=1e-9)


def test_the_best_response_to_what_was_done_last():
    run = play(MatrixGame.of("rock_paper_scissors"), [BestResponse(), Mixed()], rounds=30)
    moves = choices(run)
    assert (moves[1:, 0] == (moves[:-1, 1] + 1) % 3).all()
    # Paper beats rock, and so on: two of them chase each other round the table for ever.
    run = play(MatrixGame.of("rock_paper_scissors"), [BestResponse(), BestResponse()], rounds=30)
    moves = choices(run)
    assert (moves[1:] == (moves[:-1, ::-1] + 1) % 3).all()
    # All of the weight of the past gone, fictitious play is the same.
    run = play(
        MatrixGame.of("rock_paper_scissors"), [FictitiousPlay(recency=1), Mixed()], rounds=30
    )
    moves = choices(run)
    assert (moves[1:, 0] == (moves[:-1, 1] + 1) % 3).all()


def test_the_best_response_to_many_goes_with_most_of_them():
    """On a network what was done last is what all neighbours did."""
    ring = Network.ring(8, neighbours=4)
    made = [BestResponse(), *[Mixed() for _ in range(7)]]
    run = play(
        MatrixGame.of("pure_coordination"), made, rounds=40, network=ring, matching=Neighbours()
    )
    moves = choices(run)
    near = [1, 2, 6, 7]
    for before, after in itertools.pairwise(moves):
        counts = np.bincount(before[near], minlength=3)
        assert counts[after[0]] == counts.max()


def test_inertia_keeps_to_what_was_done():
    run = play(
        MatrixGame.of("coordination"), [BestResponse(inertia=1), Mixed(weights=[0, 1])], rounds=20
    )
    assert len(np.unique(choices(run)[:, 0])) == 1
    run = play(
        MatrixGame.of("coordination"), [BestResponse(inertia=0.4), Mixed(weights=[1])], rounds=40
    )
    for t, before in enumerate(choices(run)[:-1, 0], start=1):
        policy = [1.0, 0.0] if before == 0 else [0.6, 0.4]
        assert mind(run, POLICY, 2)[t] == pytest.approx(policy)
    # It hardly ever stays with what is no best response for twenty rounds (.4 ** 20).
    assert choices(run)[20:, 0].tolist() == [0] * 20


def test_hedge_weighs_what_each_choice_would_have_earned():
    run = play(MatrixGame.of("rock_paper_scissors"), [Hedge(rate=0.4), Mixed()], rounds=50)
    moves = choices(run)
    for t in (0, 1, 20, 49):
        odds = np.exp(0.4 * RPS @ np.bincount(moves[:t, 1], minlength=3))
        assert mind(run, POLICY, 3)[t] == pytest.approx(odds / odds.sum(), rel=1e-9)


def test_where_the_game_does_not_tell_it_is_found_out():
    """In the dilemma it knows of the other choice only what it has earned by it."""
    run = play(RepeatedDilemma(), [FictitiousPlay(explore=0.2), Random()], rounds=200)
    moves = choices(run)
    tally = mind(run, TALLY, 2)
    tried = {0: set(), 1: set()}
    expected = np.zeros(2)
    for t in range(len(moves) - 1):
        mine, theirs = moves[t]
        tried[theirs].add(mine)
        known = POINTS[:, theirs]
        expected += [known[k] if k in tried[theirs] else known[mine] for k in range(2)]
        assert tally[t + 1] == pytest.approx(expected)
    assert tried == {0: {0, 1}, 1: {0, 1}}


# --- whatever they learn -------------------------------------------------------------------------


class Fine(Institution):
    """Who defects is fined."""

    fine: float = param(3, 0, 10, "points", "for a defection")

    @staticmethod
    def redress(w, own):
        for k in range(w.interaction_count):
            x = w.interactions[k]
            if x.cooperation < 1:
                pay(w, x.actor, COST, own.fine)


def test_learners_answer_to_a_fine_that_nobody_told_them_of():
    """A fine of 3 makes cooperation dominant: 3 and 0 against 2 and -2."""
    hindsight = [RegretMatching(), FictitiousPlay(), Hedge(rate=0.2), BestResponse()]
    own = [QLearner(memory=0, discount=0, rate=0.3, first=5), Exp3(gamma=0.3, least=-2, most=5)]
    for game, other, agents in (
        (MatrixGame.of("prisoners_dilemma"), Mixed(), hindsight),
        (RepeatedDilemma(), Random(), [*own, *hindsight]),
    ):
        seats_ = [seat for agent in agents for seat in (agent, other)]
        for strength, defects in (("off", True), ("enforced", False)):
            run = play(game, seats_, rounds=150, institutions=[Fine(strength=strength)])
            share = choices(run)[90:, : len(seats_) : 2].mean(axis=0)
            assert ((share > 0.65) if defects else (share < 0.35)).all()


@pytest.mark.parametrize("spec", LEARNERS)
def test_what_is_learned_is_kept_when_partners_change(spec):
    made = [spec(), Mixed(), Mixed(), Mixed()]
    run = play(MatrixGame.of("chicken"), made, rounds=25, matching=Rematched())
    assert len(np.unique(run.history[1:, 0]["partner"][:, 0])) == 3
    assert mind(run, DECIDED, 1)[:, 0].tolist() == list(range(1, 26))


def test_strangers_are_a_situation_of_their_own():
    run = play(
        RepeatedDilemma(),
        [QLearner(rate=1, discount=0, explore=1), *[Cooperator()] * 5],
        rounds=30,
        matching=Rematched(),
    )
    values = mind(run, VALUES, 40)[-1].reshape(5, 8)
    assert values[0, :2].tolist() == [3, 5]
    partners = run.history[1:, 0]["partner"][:, 0]
    repeated = (partners[1:] == partners[:-1]).any()
    assert repeated or not values[1:].any()


def test_who_is_born_into_a_seat_has_learned_nothing():
    run = play(RepeatedDilemma(), [QLearner(), QLearner()], rounds=9, dynamics=[Moran(every=4)])
    decided = run.history[1:, 0]["sight"]["slots"][:, :2, DECIDED]
    # One of the two dies after rounds 4 and 8.
    assert sorted(decided[3].tolist()) == [0, 4]
    assert (decided[2] == 3).all()


def test_rewards_between_decisions_add_up():
    """In a donor game who gives is drawn: what it receives in between belongs to its last act."""
    run = play(Donor(), [QLearner(rate=1, discount=0, memory=0), Cooperator()], rounds=60)
    balance = np.array([0, *run.history[1:, 0]["balance"][:, 0]]) / 1e6
    asked = np.flatnonzero(run.history[1:, 0]["donor"]["donate"][:, 0] >= 0)
    for before, now in itertools.pairwise(asked):
        act = run.history[1 + before, 0]["donor"]["donate"][0]
        earned = balance[now] - balance[before]
        assert mind(run, VALUES + act, 1)[now][0] == pytest.approx(earned)
    assert len(asked) > 10


@pytest.mark.parametrize(
    "game",
    [
        RepeatedDilemma(),
        MatrixGame.of("shapley"),
        Donor(),
        MoralHazardMarket(),
        Trust(),
        PublicGoods(),
        Commons(),
        Crisis(),
    ],
    ids=lambda game: game.name,
)
def test_learners_play_decisions_of_many_games(game):
    agents = [spec() for spec in LEARNERS]
    roles = {role: agents for role in game.roles}
    run = play(game, roles, rounds=8, matching=Rematched(table=0))
    slots = run.worlds["sight"]["slots"][0, : len(run.scenario.seats)]
    assert np.isfinite(slots).all()
    assert (slots[:, DECIDED] > 0).all()


def test_amounts_are_chosen_by_levels():
    run = play(PublicGoods(), [QLearner(explore=1)] * 4, rounds=40)
    given = run.history[1:, 0]["public_goods"]
    amounts = np.where(given["contribute"] == 0, given["contribute_amount"], 0)[:, :4]
    assert np.unique(amounts).tolist() == [0, 5, 10, 15, 20]
    run = play(
        Trust(), {"investor": [QLearner(explore=1)], "trustee": [QLearner(explore=1)]}, rounds=60
    )
    sent = run.history[1:, 0]["trust"]["send_amount"][:, 0]
    assert np.unique(sent).tolist() == [0, 25, 50, 75, 100]
    shares = run.history[1:, 0]["trust"]["give_back_share"][:, 1]
    assert np.unique(shares[sent > 0]).tolist() == [0, 25, 50, 75, 100]


class Shootout(Game):
    """Somebody else's game: where to shoot, left, middle or right; who shoots right earns 1."""

    interactions_per_agent = 1
    shoot = Decision("play", ("left", "middle", "right"))

    @staticmethod
    def begin(w, own):
        w.first_best = 1.0

    @staticmethod
    def play(w, own):
        for i in seats(w):
            pay(w, -1, face(w, i), 1.0 if own.shoot[i] == 2 else 0.0)


class Shooter(QLearner):
    """A learner that knows where to shoot."""

    answers: ClassVar = {**QLearner.answers, "shoot": choice_of(3)}


def test_a_decision_of_somebody_elses_game_is_one_line():
    run = play(Shootout(), [Shooter(explore=0.2, rate=1, discount=0)] * 2, rounds=60)
    assert (run.history[30:, 0]["shootout"]["shoot"][:, :2] == 2).mean() > 0.6
    # And a rule of somebody's own answers all of the decisions.
    assert set(Chooser.answers) <= set(Shooter.functions)


@pytest.mark.parametrize(
    ("spec", "name", "value"),
    [(QLearner, "discount", 1.5), (Exp3, "gamma", 0), (RothErev, "recency", -0.1)],
)
def test_parameters_are_checked(spec, name, value):
    with pytest.raises(ValueError, match=name):
        spec(**{name: value})


def test_parameters_may_differ_from_world_to_world():
    made = Scenario(
        MatrixGame.of("prisoners_dilemma"),
        [QLearner(first=[0, 7]), Hedge(rate=[1, 2])],
        rounds=2,
        metrics=(),
    )
    ws = simulate(made, 2, mode="interpreted", progress=False).worlds
    values = ws["sight"]["slots"][:, 0, VALUES + 8 : VALUES + 16]
    assert (values == [[0] * 8, [7] * 8]).all()


def test_rewards_are_weighed_by_the_disposition():
    """Who cares for both alike earns most by cooperating: 6 or 5 together, against 5 or 2."""
    agent = {"memory": 0, "discount": 0, "rate": 0.3, "first": 5}
    made = [
        QLearner(**agent),
        Random(),
        QLearner(disposition=SocialValueOrientation(angle=45), **agent),
        Random(),
    ]
    moves = choices(play(RepeatedDilemma(), made, rounds=100))[50:]
    assert moves[:, 0].mean() > 0.7
    assert moves[:, 2].mean() < 0.3


def test_worlds_have_room_for_who_keeps_most_in_mind():
    def room(*agents):
        return Scenario(RepeatedDilemma(), agents, rounds=1).structure.sizes["slots"]

    assert room(TitForTat(), QLearner(), Exp3()) == QLearner.slots > Exp3.slots
    assert room(Exp3(), Random()) == Exp3.slots
    assert room(TitForTat(), Random()) == 1
