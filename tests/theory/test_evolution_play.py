"""Imitation and selection in play, beside exact chains and what is published.

Structures are few, so that each is compiled once: parameters differ from world to world.
"""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    NATURE,
    Agent,
    Decision,
    Game,
    ImitateBest,
    Moran,
    Neighbours,
    Network,
    PairwiseComparison,
    ProportionalImitation,
    Rematched,
    RoundRobin,
    Scenario,
    Sight,
    WrightFisher,
    param,
    per_agent,
    per_identity,
    run_until,
    scalar,
    simulate,
)
from posalign_sim.agents import Cooperator, Defector, TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.theory import (
    comparison_distribution,
    cycle,
    donation_fixation,
    graph_fixation,
    moran_fixation,
    moran_game_fixation,
    pairwise_fixation,
)
from posalign_sim.world.accounts import pay
from posalign_sim.world.draws import draw_world

LUCK = np.random.SeedSequence().entropy  # no stream is pinned: every run tests another one
RANDOM = np.random.default_rng(LUCK)


def mutant_among(residents, agents):
    """One seat of the first kind, all others of the second."""
    first, second = residents
    return [first] + [second] * (agents - 1)


def within_four_errors(hits, expected):
    """Whether a share of independent worlds is what it is expected to be."""
    error = np.sqrt(expected * (1 - expected) / len(hits))
    assert abs(hits.mean() - expected) < 4 * error, (hits.mean(), expected, error)


# --- fixation ------------------------------------------------------------------------------------

NODES = 10


def on_a_cycle(benefit, worlds, **change):
    """Worlds in which one cooperator (or more) took over; payoffs of both neighbours add up."""
    game = RepeatedDilemma(**benefit)
    made = Scenario(
        game,
        mutant_among((Cooperator(), Defector()), NODES),
        matching=Neighbours(),
        network=Network.ring(NODES),
        dynamics=Moran(linear=1, until_fixed=1, **change),
        rounds=10**6,
        metrics=(),
    )
    run = simulate(made, worlds, LUCK, progress=False)
    assert not run.worlds["fault"].any()
    assert (run.worlds["strain_count"].max(axis=1) == NODES).all()
    return run.table()["share_cooperator"].to_numpy()


def constant(fitness):
    """Two neighbours who each pay half of a fitness that depends on nobody's conduct."""
    return {
        "reward": fitness / 2,
        "sucker": fitness / 2,
        "temptation": 0.5,
        "punishment": 0.5,
    }


@pytest.mark.parametrize("death_first", [0, 1])
def test_a_mutant_of_constant_fitness(death_first):
    """Moran (1958), fitness 1.1 and .9 among ten: .147950 and .059482; and any other."""
    values = 1.1, 0.9, RANDOM.uniform(0.5, 3)
    fitness = np.repeat(values, 10_000)
    won = on_a_cycle(constant(fitness), len(fitness), local=0, death_first=death_first, intensity=1)
    complete = np.ones((NODES, NODES)) - np.eye(NODES)
    for value in values:
        if death_first:
            each = value / (NODES - 1), 1 / (NODES - 1)
            table = [[each[0]] * 2, [each[1]] * 2]
            expected = graph_fixation(complete, table, 1)[0]
        else:
            expected = moran_fixation(value, NODES)
        within_four_errors(won[fitness == value], expected)


def donation(benefit, cost=1.0):
    return {
        "reward": benefit - cost,
        "sucker": -cost,
        "temptation": benefit,
        "punishment": 0.0 * benefit,
    }


@pytest.mark.parametrize("death_first", [0, 1])
def test_a_cooperator_on_a_cycle(death_first):
    """Ohtsuki et al. (2006), against the exact chain: selection .1, far from the neutral .1."""
    benefit = np.repeat([2.0, 5.0], 30_000)
    won = on_a_cycle(donation(benefit), len(benefit), death_first=death_first, intensity=0.1)
    update = "death_birth" if death_first else "birth_death"
    for value in (2.0, 5.0):
        table = [[value - 1, -1], [value, 0]]
        expected = graph_fixation(cycle(NODES), table, 0.1, update)[0]
        within_four_errors(won[benefit == value], expected)
        # The interval would exclude the wrong side: cooperators gain from death-birth at b/c = 5.
        assert abs(expected - 1 / NODES) > 4 * np.sqrt(0.09 / 30_000)
        assert (expected > 1 / NODES) == (death_first == 1 and value > 8 / 3)


@pytest.mark.parametrize("death_first", [0, 1])
def test_any_game_on_a_cycle(death_first):
    """Payoffs and selection drawn anew in every run, linear fitness, against the exact chain."""
    groups = [(RANDOM.uniform(-1, 3, 4), RANDOM.uniform(0.02, 0.3)) for _ in range(3)]
    names = "reward", "sucker", "temptation", "punishment"
    payoffs = {n: np.repeat([g[0][k] for g in groups], 10_000) for k, n in enumerate(names)}
    intensity = np.repeat([g[1] for g in groups], 10_000)
    won = on_a_cycle(payoffs, len(intensity), death_first=death_first, intensity=intensity)
    update = "death_birth" if death_first else "birth_death"
    for table, strength in groups:
        # What the game pays is rounded to its minor unit, far below what worlds could show.
        expected = graph_fixation(cycle(NODES), table.reshape(2, 2), strength, update)[0]
        within_four_errors(won[intensity == strength], expected)


def compared(agents, **change):
    """Everybody plays everybody before each comparison."""
    complete = Network.from_edges(agents, [(i, j) for i in range(agents) for j in range(i)])
    return Scenario(
        RepeatedDilemma.of("donation"),
        mutant_among((Cooperator(), Defector()), agents),
        matching=Neighbours(),
        network=complete,
        dynamics=PairwiseComparison(local=0, **change),
        rounds=10**6,
        metrics=(),
    )


def test_a_cooperator_by_pairwise_comparison():
    """Traulsen et al. (2006): benefit 3, cost 1, twenty, intensity .1: .0134414277."""
    values = 0.1, RANDOM.uniform(0, 0.15)
    beta = np.repeat(values, 8_000)
    made = compared(20, intensity=beta / 19, until_fixed=1)  # points of 19 add up
    won = simulate(made, len(beta), LUCK, progress=False).table()["share_cooperator"].to_numpy()
    for value in values:
        within_four_errors(won[beta == value], donation_fixation(3, 1, 20, value))
    # The neutral 1/20, and the value without the correction for finite populations, are excluded.
    assert abs(won[beta == 0.1].mean() - 0.05) > 0.02


def test_cooperators_that_mutation_keeps_alive():
    """The mean of the exact stationary distribution, in the same structure."""
    worlds, rounds = 2000, 600
    made = compared(20, intensity=0.1 / 19, mutation=0.05)
    ws = run_until(made, made.worlds(worlds, LUCK), rounds)
    shares = ws["strain_count"][:, 0] / 20
    expected = comparison_distribution([[2, -1], [3, 0]], 20, 0.1, 0.05)
    mean = expected @ np.arange(21) / 20
    spread = np.sqrt(expected @ (np.arange(21) / 20 - mean) ** 2)
    assert abs(shares.mean() - mean) < 4 * spread / np.sqrt(worlds)
    assert shares.std() == pytest.approx(spread, rel=0.15)


def test_expected_payoffs_lead_where_playing_leads():
    """The same luck: who compares what it can expect does what who compares what it got does."""
    table = [[2, -1], [3, 0]]
    half = [Cooperator()] * 4 + [Defector()] * 4
    # Of a strong selection for the sums of seven, and of means seven times as strong.
    played = compared(8, intensity=0.2, mutation=0.1).replace(population=half, rounds=80)
    known = played.replace(
        dynamics=PairwiseComparison(local=0, intensity=1.4, mutation=0.1, expected=table)
    )
    one, other = (
        simulate(s, 1, 5, mode="interpreted", history=[0], progress=False).history
        for s in (played, known)
    )
    assert (one["strain"] == other["strain"]).all()
    assert len(np.unique(one["strain_count"][..., 0])) > 3


def test_expected_payoffs_of_neighbours_lead_where_playing_leads():
    table = [[2, -1], [3, 0]]
    half = [Cooperator(), Defector()] * 4
    shared = {"mutation": 0.1, "intensity": 0.7}
    played = compared(8).replace(
        population=half, network=Network.ring(8), rounds=80, dynamics=PairwiseComparison(**shared)
    )
    known = played.replace(dynamics=PairwiseComparison(expected=table, **shared))
    one, other = (
        simulate(s, 1, 5, mode="interpreted", history=[0], progress=False).history
        for s in (played, known)
    )
    assert (one["strain"] == other["strain"]).all()


@pytest.mark.parametrize("turns", [2, 8])
def test_tit_for_tat_among_defectors(turns):
    """Everybody meets everybody for some rounds, then one is born: memories begin anew."""
    agents, worlds, intensity = 6, 12_000, 0.3
    made = Scenario(
        RepeatedDilemma(),
        mutant_among((TitForTat(), Defector()), agents),
        matching=RoundRobin(turns=turns),
        dynamics=Moran(linear=1, intensity=intensity, every=turns * (agents - 1), until_fixed=1),
        rounds=10**6,
        metrics=(),
    )
    won = simulate(made, worlds, LUCK, progress=False).table()["share_tit_for_tat"].to_numpy()
    n = turns
    table = np.array([[3 * n, n - 1], [n + 4, n]]) / n
    expected = moran_game_fixation(table, agents, intensity)
    within_four_errors(won, expected)
    assert (expected > 1 / agents) == (n > 3)


# --- space ---------------------------------------------------------------------------------------

SIDE = 200
#: Every seat meets its eight neighbours and itself.
MOORE = Network.lattice(SIDE, SIDE, diagonal=True, loops=True)


def in_space(temptation, rounds, defectors=0.5):
    """`[rounds]` share of cooperators on the torus; the strains at the end."""
    many = SIDE * SIDE
    at_first = np.random.default_rng(LUCK).random(many) < defectors
    kinds = Cooperator(), Defector()
    made = Scenario(
        RepeatedDilemma(temptation=temptation, reward=1, punishment=0, sucker=0),
        [kinds[int(d)] for d in at_first],
        matching=Neighbours(),
        network=MOORE,
        dynamics=ImitateBest(),
        strains=kinds,
        rounds=rounds,
        metrics=(),
    )
    ws = made.worlds(1, 1)
    shares = []
    for k in range(rounds):
        run_until(made, ws, k + 1)
        shares.append(ws["strain_count"][0, 0] / many)
    return np.array(shares), ws["strain"][0, :many].copy()


def test_spatial_chaos():
    """Nowak & May (1992), 200 x 200, b in (1.8, 2): some .31 cooperate, the same for all such b."""
    shares, strains = in_space(1.85, 300)
    assert 0.30 < shares[100:].mean() < 0.33
    again, same = in_space(1.95, 300)
    assert (again == shares).all() and (same == strains).all()


def test_temptation_above_two_leaves_nobody():
    """From a start of half and half: blocks that are large from the start would hold out."""
    shares, _ = in_space(2.01, 150)
    assert shares[-1] < 0.001


# --- large populations ---------------------------------------------------------------------------


def large(game, first_share, rounds=1, worlds=1, agents=5000, **change):
    first = round(first_share * agents)
    made = Scenario(
        game,
        [Cooperator()] * first + [Defector()] * (agents - first),
        matching=Rematched(),
        dynamics=ProportionalImitation(**change),
        rounds=rounds,
        metrics=(),
    )
    return simulate(made, worlds, LUCK, progress=False).table()["share_cooperator"].to_numpy()


def test_hawks_and_doves_who_imitate():
    """V = 2, C = 6: one third hawks (who defect), whatever they began with."""
    game = RepeatedDilemma.of("hawk_dove")
    for start in (0.2, 0.9):
        hawks = 1 - large(game, start, rounds=300, rate=0.2, worlds=8)
        # Drift about the rest point: its variance in a population of n is of order 1 / n.
        assert hawks.mean() == pytest.approx(1 / 3, abs=4 * 0.03 / np.sqrt(8))


@pytest.mark.parametrize(("start", "end"), [(0.70, 0), (0.80, 1)])
def test_stags_and_hares_who_imitate(start, end):
    """The edge between the two is at 3/4."""
    assert (large(RepeatedDilemma.of("stag_hunt"), start, rounds=600, rate=0.2) == end).all()


def test_imitation_in_proportion_is_the_replicator_equation():
    """One step from many starts: the mean change is rate x share x (payoff - mean payoff)."""
    game = RepeatedDilemma.of("stag_hunt")
    for start in (0.3, 0.6, 0.9):
        after = large(game, start, worlds=200, rate=0.2)
        stag, hare = 4 * start, 3
        change = 0.2 * start * (1 - start) * (stag - hare)
        error = after.std() / np.sqrt(len(after))
        assert abs(after.mean() - start - change) < 4 * error + 1 / 5000


def test_the_solvers_agree_about_a_neutral_mutant():
    assert pairwise_fixation([[1, 1], [1, 1]], 20, 0.1) == pytest.approx(1 / 20)


# --- image scoring -------------------------------------------------------------------------------

DRAWN, MET = 0, 1


class ScoringSight(Sight):
    """What the donor of the round is told."""

    image: float = per_agent(low=-5, high=5, summary="image score of who needs your help")


class Scoring(Game):
    """In each round one seat, drawn by lot, may help another; everybody sees it."""

    table = 0
    sight = ScoringSight
    donor: int = scalar(np.uint32)
    recipient: int = scalar(np.uint32)
    scores: np.ndarray = per_identity()

    help = Decision("play", ("give", "withhold"))

    @staticmethod
    def begin(w, own):
        w.first_best = 1.1 / w.agents

    @staticmethod
    def agree(w, own):
        donor = int(draw_world(w, own, DRAWN) * w.agents)
        other = int(draw_world(w, own, MET) * (w.agents - 1))
        own.donor = w.order[donor]
        own.recipient = w.order[other + 1 if other >= donor else other]
        w.sight.image[own.donor] = own.scores[own.recipient]

    @staticmethod
    def turn_help(w, own):
        return own.donor

    @staticmethod
    def play(w, own):
        given = own.help[own.donor] == 0
        pay(w, NATURE, own.donor, 0.0 if given else 0.1)  # the cost is .1, and .1 goes to each
        pay(w, NATURE, own.recipient, 1.1 if given else 0.1)
        step = 1.0 if given else -1.0
        own.scores[own.donor] = min(5.0, max(-5.0, own.scores[own.donor] + step))


class Scorer(Agent):
    """Helps whose image is at least its threshold."""

    threshold: float = param(0, -5, 6)

    @staticmethod
    def help(p: ScoringSight, i: int) -> int:
        return 0 if p.image[i] >= p.params[i, 0] else 1


def test_image_scoring_ends_one_way_or_the_other():
    """Nowak & Sigmund (1998): a hundred, 125 meetings a generation, 150 generations, no mutation.

    A smoke test of a distribution: some populations end with those who help whoever is not in
    disrepute (thresholds up to 0), some with those who help nobody, few in between.
    """
    worlds, agents, generations = 40, 100, 150
    thresholds = np.random.default_rng(LUCK).integers(-5, 7, (agents, worlds)).astype(float)
    made = Scenario(
        Scoring(),
        [Scorer(threshold=t) for t in thresholds],
        dynamics=WrightFisher(linear=1, intensity=1, every=125),
        rounds=125 * generations,
        metrics=(),
    )
    run = simulate(made, worlds, LUCK, progress=False)
    assert not run.worlds["fault"].any()
    ends = run.worlds["sight"]["params"][:, :agents, 0]
    helpful = (ends <= 0).mean(axis=1)
    assert ((helpful < 0.1) | (helpful > 0.9)).mean() > 0.8
    assert 0.1 < (helpful > 0.9).mean() < 0.9
