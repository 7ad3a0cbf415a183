"""Simulator and exact solvers agree at parameters that nobody has listed.

Hypothesis draws them, a whole batch at a time: each world has parameters of its own, all worlds of
a kind are one structure. Worlds are the units, and the error is four standard errors of the batch.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Cooperator, Defector, NashSeeker, RubinsteinPlayer
from posalign_sim.envs import Bargaining, RepeatedDilemma
from posalign_sim.experiments.validation.duels import duel, player
from posalign_sim.experiments.validation.evolution import NODES, takeovers
from posalign_sim.theory import (
    Dilemma,
    average_payoffs,
    bargaining_solutions,
    cooperation_rates,
    cycle,
    graph_fixation,
    pareto_set,
    replicator_flow,
    replicator_rest_points,
    rubinstein,
    stationary_distribution,
)
from posalign_sim.world.dynamics import ProportionalImitation
from posalign_sim.world.matching import Rematched
from posalign_sim.world.simulate import run_until

few = settings(max_examples=4, deadline=None)
seeds = st.integers(0, 2**32 - 1)
payoffs = st.floats(-2, 4).map(lambda x: round(x, 3))


def interior(*shape):
    """Probabilities that leave nothing certain, so that the start is soon forgotten."""
    return arrays(np.float64, shape, elements=st.floats(0.05, 0.95))


GROUPS, EACH, BURN, ROUNDS = 12, 150, 100, 300


@given(interior(2, GROUPS, 4), arrays(np.float64, GROUPS, elements=st.floats(0, 0.5)), seeds)
@few
def test_memory_one_strategies_play_their_stationary_distribution(strategies, noise, seed):
    """Twelve pairs of strategies in a batch, each with a noise of its own."""
    p, q = np.repeat(strategies, EACH, axis=1)
    made = duel(player(p.T), player(q.T), noise=np.repeat(noise, EACH), rounds=BURN + ROUNDS)
    ws = run_until(made, made.worlds(len(p), seed), BURN)
    before = ws["balance"][:, :2] / 1e6, ws["seat_cooperation"]["total"][:, :2].copy()
    run_until(made, ws)
    points = (ws["balance"][:, :2] / 1e6 - before[0]) / ROUNDS
    acts = (ws["seat_cooperation"]["total"][:, :2] - before[1]) / ROUNDS
    for k in range(GROUPS):
        shares = stationary_distribution(strategies[0, k], strategies[1, k], noise[k])
        mine = slice(k * EACH, (k + 1) * EACH)
        for values, exact in (
            (points[mine], average_payoffs(shares, Dilemma(5, 3, 1, 0))),
            (acts[mine], cooperation_rates(shares)),
        ):
            error = values.std(axis=0, ddof=1) / np.sqrt(EACH)
            # Of 200 numbers some are beyond four errors of so few worlds: five and a half.
            assert (np.abs(values.mean(axis=0) - exact) < 5.5 * error + 1e-9).all()


@pytest.mark.parametrize("death_first", [0, 1])
@given(
    arrays(np.float64, (3, 4), elements=payoffs),
    arrays(np.float64, 3, elements=st.floats(0.01, 0.3)),
    seeds,
)
@settings(max_examples=2, deadline=None)
def test_mutants_take_over_a_small_graph_as_often_as_its_chain_says(
    death_first, tables, intensity, seed
):
    """Three games on a cycle of ten, with fitness above nothing whatever neighbours do."""
    # Fitness is 1 - w + w x payoffs of both neighbours: -4 at the least.
    intensity = np.minimum(intensity, 0.15)
    each, names = 2500, ("reward", "sucker", "temptation", "punishment")
    given_ = {n: np.repeat(tables[:, k], each) for k, n in enumerate(names)}
    won = takeovers(
        given_, 3 * each, seed, death_first=death_first, intensity=np.repeat(intensity, each)
    ).reshape(3, each)
    update = "death_birth" if death_first else "birth_death"
    for table, strength, hits in zip(tables, intensity, won, strict=True):
        chance = graph_fixation(cycle(NODES), table.reshape(2, 2), strength, update)[0]
        error = np.sqrt(chance * (1 - chance) / each)
        assert abs(hits.mean() - chance) < 4.5 * error + 1e-9


@given(payoffs, payoffs, payoffs, payoffs, st.floats(0.1, 0.9), seeds)
@few
def test_populations_that_imitate_flow_as_replicators_do(r, s, t, p, share, seed):
    """One step of 5000 who meet at random: rate times the flow; at rest points no drift."""
    table = np.array([[r, s], [t, p]])
    game = RepeatedDilemma(reward=r, sucker=s, temptation=t, punishment=p)
    agents, worlds, rate = 5000, 30, 0.1
    inner = [x[0] for x in replicator_rest_points(table) if 0.05 < x[0] < 0.95]
    for start in (share, *inner[:1]):
        first = round(start * agents)
        made = Scenario(
            game,
            [Cooperator()] * first + [Defector()] * (agents - first),
            matching=Rematched(),
            dynamics=ProportionalImitation(rate=rate),
            rounds=1,
            metrics=(),
        )
        after = simulate(made, worlds, seed, progress=False).table()["share_cooperator"].to_numpy()
        x = first / agents
        told = rate * replicator_flow(table, [x, 1 - x])[0]
        # Nobody meets itself: of 5000 that is a small part of any difference in payoffs.
        slack = rate * 2 * np.abs(table).max() / agents + 1e-9
        assert abs(after.mean() - x - told) < 4 * after.std(ddof=1) / np.sqrt(worlds) + slack


@given(arrays(np.float64, 2, elements=st.floats(0.05, 0.97)))
@settings(max_examples=15, deadline=None)
def test_alternating_offers_end_where_the_solver_says(discounts):
    game = Bargaining.of("rubinstein", discounts=tuple(discounts), options=1001)
    made = Scenario(game, [RubinsteinPlayer(), RubinsteinPlayer()], rounds=1, metrics=())
    run = simulate(made, mode="interpreted", progress=False)
    assert run.points[0, 0] == pytest.approx(rubinstein(*discounts), abs=0.001)
    assert run.worlds["bargaining"]["ended"][0, 0] == 0


@given(
    arrays(np.float64, (2, 2, 5), elements=st.integers(0, 20).map(float)),
    arrays(np.float64, 2, elements=st.integers(0, 8).map(float)),
)
@settings(max_examples=40, deadline=None)
def test_a_game_knows_the_solutions_of_its_bargains(scores, fallback):
    """Two issues with five options each: by enumeration here, by the game there."""
    found = Bargaining(scores=scores, disagreement=fallback).solutions()
    deals = [[scores[k, 0, i] + scores[k, 1, j] for k in range(2)] for i, j in np.ndindex(5, 5)]
    utilities = np.array(deals)
    exact = bargaining_solutions(utilities, fallback)
    for name in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian"):
        row = getattr(exact, name)
        if row is None:
            assert found[name] is None
        else:
            assert found[name].tolist() == utilities[row].tolist()
    frontier = {tuple(u) for u in utilities[pareto_set(utilities)].tolist()}
    assert {tuple(u) for u in found["pareto"].tolist()} == frontier


@given(seeds)
@settings(max_examples=3, deadline=None)
def test_who_seek_the_nash_solution_find_it(seed):
    """Thirty bargains at a time, of two issues, played: the product of gains is the greatest."""
    scores = np.random.default_rng(seed).uniform(0, 50, (30, 2, 2, 4))
    game = Bargaining(scores=scores, discount=1, revealed=1)
    made = Scenario(game, [NashSeeker(), NashSeeker()], rounds=1, metrics=())
    points = simulate(made, len(scores), mode="interpreted", progress=False).points
    for table, earned in zip(scores, points, strict=True):
        deals = [[table[k, 0, i] + table[k, 1, j] for k in range(2)] for i, j in np.ndindex(4, 4)]
        best = np.array(deals)[bargaining_solutions(deals, [0, 0]).nash]
        # They climb to it issue by issue, and may stop a little short of it.
        assert 0.97 * best.prod() <= earned.prod() <= (1 + 1e-6) * best.prod()
