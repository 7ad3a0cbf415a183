"""Memory-one strategies by what they enforce: by the exact solver, and by play."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import ConfigurationError, Scenario, simulate
from posalign_sim.agents import MemoryN, MemoryOne
from posalign_sim.agents.strategies.zero_determinant import (
    VECTORS,
    equaliser,
    extortion,
    generosity,
    linear_relation,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.theory.dilemma import Dilemma
from posalign_sim.theory.memory_one import average_payoffs, stationary_distribution
from posalign_sim.theory.memory_one import equaliser as solved_equaliser
from posalign_sim.theory.memory_one import extortion as solved_extortion
from posalign_sim.theory.memory_one import generous_zd as solved_generosity

NAMES = ("after_cc", "after_cd", "after_dc", "after_dd")
AXELROD = Dilemma(5, 3, 1, 0)


def vector(agent):
    """Its four probabilities."""
    return np.array([agent.values[name].item() for name in NAMES])


@st.composite
def dilemmas(draw):
    """T > R > P > S with 2 R > T + S."""
    steps = draw(st.lists(st.floats(0.2, 2), min_size=3, max_size=3))
    s, p = 0.0, steps[0]
    r = p + steps[1]
    return (r + min(steps[2], 0.9 * r), r, p, s)


@given(dilemmas(), st.floats(1, 8), st.floats(0.05, 1), st.tuples(*[st.floats(0.02, 0.98)] * 4))
@settings(max_examples=40, deadline=None)
def test_points_obey_the_relation_whatever_the_other_does(payoffs, factor, share, other):
    t, r, p, s = payoffs
    game = Dilemma(t, r, p, s)
    kinds = [
        (extortion, p, 1 / factor, {"factor": factor}),
        (generosity, r, 1 / factor, {"factor": factor}),
        (equaliser, (r + p) / 2, 0.0, {"score": (r + p) / 2}),
    ]
    for kind, anchor, slope, details in kinds:
        fastest = kind(**details, payoffs=payoffs)
        # A slower one of the same kind: a mean of it and of who always repeats its own act.
        repeat = np.array([1.0, 1.0, 0.0, 0.0])
        excess = slope * (game.matrix().reshape(4) - anchor) - (game.matrix().T.reshape(4) - anchor)
        phi = share / np.abs(excess).max()
        slower = kind(**details, phi=phi, payoffs=payoffs)
        assert slower == pytest.approx(repeat + share * (fastest - repeat))
        for mine in (fastest, slower):
            own, theirs = average_payoffs(stationary_distribution(mine, other), game)
            assert theirs - anchor == pytest.approx(slope * (own - anchor), abs=1e-7)


@given(dilemmas(), st.floats(1, 8))
@settings(max_examples=30, deadline=None)
def test_they_are_those_of_the_solver(payoffs, factor):
    game, score = Dilemma(*payoffs), (payoffs[1] + payoffs[2]) / 2
    fast = extortion(factor, payoffs=payoffs)
    repeat = np.array([1.0, 1.0, 0.0, 0.0])
    assert solved_extortion(factor, game) == pytest.approx(repeat + (fast - repeat) / 2)
    assert solved_generosity(factor, game) == pytest.approx(generosity(factor, payoffs=payoffs))
    assert solved_equaliser(score, game) == pytest.approx(equaliser(score, payoffs=payoffs))


@pytest.mark.parametrize(
    ("name", "phi", "slope", "anchor"),
    [
        ("zd_extort_2", 1 / 9, 1 / 2, 1),
        ("zd_extort_2_v2", 1 / 8, 1 / 2, 1),
        ("zd_extort_3", 3 / 26, 1 / 3, 1),
        ("zd_extort_4", 4 / 17, 1 / 4, 1),
        ("zd_gen_2", 1 / 8, 1 / 2, 3),
        ("zd_gtft_2", 1 / 4, 1 / 2, 3),
        ("zd_mischief", 1 / 10, 0, 1),
        ("zd_set_2", 1 / 4, 0, 2),
    ],
)
def test_the_named_ones_are_as_published(name, phi, slope, anchor):
    expected = linear_relation(anchor, slope, phi)
    assert vector(MemoryOne.of(name)) == pytest.approx(expected, abs=1e-12)
    assert vector(MemoryOne.of("linear_relation", anchor=anchor, slope=slope, phi=phi)) == (
        pytest.approx(expected, abs=1e-12)
    )


def test_in_play_points_obey_the_relation_too():
    """Sums of what a relation lacks are a martingale of steps below 1 / (2 phi) in deviation.

    Each round's own act differs from its probability by a deviation of at most 1/2; the relation
    adds these up, but for one act at either end. So 4 errors over n rounds are 2 / (phi sqrt n).
    One run holds all kinds, as tables, each world against another opponent.
    """
    rng = np.random.default_rng()
    kinds = [(1.0, 1 / 2), (1.0, 1 / 4), (3.0, 1 / 2), (2.0, 0.0), (1.5, 0.3)]
    worlds, rounds = 4 * len(kinds), 20_000
    chosen = [kinds[k % len(kinds)] for k in range(worlds)]
    vectors = np.array([linear_relation(*kind) for kind in chosen])
    other = dict(zip(NAMES, rng.random((4, worlds)), strict=True))
    made = Scenario(
        RepeatedDilemma(), [MemoryN(vectors, [1]), MemoryOne(**other)], rounds=rounds, metrics=()
    )
    run = simulate(made, worlds, 5, progress=False)
    own, theirs = (run.points / rounds).T
    for k, (anchor, slope) in enumerate(chosen):
        excess = slope * (AXELROD.matrix().reshape(4) - anchor) - (
            AXELROD.matrix().T.reshape(4) - anchor
        )
        lacking = slope * (own[k] - anchor) - (theirs[k] - anchor)
        assert abs(lacking) < np.abs(excess).max() * (2 / np.sqrt(rounds) + 1 / rounds)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MemoryOne.of("extortion", factor=0.5), "factor = 0.5: .* is at least 1"),
        (lambda: MemoryOne.of("equaliser", score=4), "anchor of 4 .* slope of 0.* = .1, 3"),
        (lambda: linear_relation(2, 1.5), "no memory-one strategy .* slope of 1.5"),
        (lambda: linear_relation(2, -0.9), "no memory-one strategy .* slope of -0.9"),
        (lambda: linear_relation(np.nan, 0.5), "no memory-one strategy"),
        (lambda: MemoryOne.of("extortion", factor=2, phi=0.3), r"phi = 0.3 .* \(0, 0.222222\]"),
        (lambda: MemoryOne.of("extortion", factor=2, phi=0), "phi = 0 does not leave"),
        (lambda: MemoryOne.of("extortion", score=2), "extortion: .*unexpected keyword.*'score'"),
        (lambda: MemoryOne.of("zd_extort"), "no memory-one strategy is called 'zd_extort': did"),
        (lambda: MemoryOne(after_cc=1.2), "memory_one.after_cc = 1.2 is out of its range"),
    ],
)
def test_what_cannot_be_enforced_is_refused(make, words):
    with pytest.raises(ConfigurationError, match=words):
        make()


def test_named_vectors_are_probabilities_and_first_acts_can_be_chosen():
    assert all(0 <= likely <= 1 for values in VECTORS.values() for likely in values)
    assert MemoryOne.of("bully").values["first"] == 0
    assert MemoryOne.of("bully", first=1).values["first"] == 1
    assert MemoryOne.of("extortion", factor=2).values["first"] == 1
