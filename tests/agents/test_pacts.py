"""Who makes pacts, who contests out of malice, and who drafts terms."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Scenario, simulate
from posalign_sim.agents import Mediator, PactPlayer
from posalign_sim.agents.mediators import STANDARDS
from posalign_sim.agents.pacts import STRATEGIES
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world.drafts import WORST, count_deals, go_through, improve, search


@pytest.mark.parametrize("name", STRATEGIES)
def test_without_the_institution_there_are_no_pacts(name):
    pair = [PactPlayer.of(name), PactPlayer.of("cooperating")]
    scenario = Scenario(RepeatedDilemma(), pair, rounds=1, metrics=())
    points = simulate(scenario, 1, mode="interpreted", progress=False).points[0].tolist()
    assert points == ([3, 3] if name == "cooperating" else [5, 0])


def test_names_are_checked():
    assert [Mediator.of(name).values["standard"].item() for name in STANDARDS] == [0, 1, 2, 3]
    with pytest.raises(ConfigurationError, match=r"'comitting'.*committing"):
        PactPlayer.of("comitting")


def drafts(standard, seed, parties, sizes):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 20, (parties, len(sizes), max(sizes))).astype(float)
    reserve = rng.integers(0, 8, parties).astype(float)
    terms = [np.zeros(len(sizes), np.int64) for _ in range(2)]
    sizes = np.array(sizes)
    whole = go_through(scores, reserve, sizes, parties, standard, -1, terms[0])
    steps = improve(scores, reserve, sizes, parties, standard, -1, terms[1])
    return whole, steps, terms


@pytest.mark.parametrize("standard", range(4))
@pytest.mark.parametrize("parties", [2, 3])
def test_changing_two_issues_at_a_time_comes_close_to_the_best(standard, parties):
    shares = []
    for seed in range(8):
        whole, steps, _ = drafts(standard, seed, parties, (3, 4, 3))
        assert steps <= whole + 1e-9
        if whole > 0:
            shares.append(max(0.0, steps) / whole)
    # Not always the best, which is why few deals are gone through one by one.
    assert np.mean(shares) > 0.85 and np.median(shares) > 0.99


def test_few_deals_are_gone_through_and_a_pie_is_not_exceeded():
    assert count_deals(np.array([3, 4])) == 12 and count_deals(np.full(8, 5)) == 20_001
    pie = np.zeros((2, 2, 5))
    pie[0, 0] = pie[1, 1] = range(5)
    terms = np.zeros(2, np.int64)
    for standard in range(4):
        search(pie, np.zeros(2), np.array([5, 5]), 2, standard, 4, terms)
        assert terms.tolist() == [2, 2]
    worth = search(pie, np.full(2, 2.5), np.array([5, 5]), 2, 0, 4, terms)
    assert worth < WORST / 2
