"""The simulator plays what theory says: memory-one strategies, with noise and with a last round.

Worlds are the units. Expectations are those of the very number of rounds that is played, from the
chain of the two strategies and their first moves, so that no stretch at the start is left out.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import Metric, Scenario, Tremble, per_agent, simulate
from posalign_sim.agents import (
    Defector,
    GenerousTitForTat,
    MemoryOne,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.theory import (
    ALWAYS_COOPERATE,
    ALWAYS_DEFECT,
    AXELROD,
    GRIM_TRIGGER,
    TIT_FOR_TAT,
    WIN_STAY_LOSE_SHIFT,
    discounted_distribution,
    equaliser,
    extortion,
    generous_optimum,
    generous_zd,
    grim_threshold,
    reactive,
    stationary_distribution,
    tit_for_tat_basin_edge,
    tit_for_tat_stability_threshold,
    transition_matrix,
)
from posalign_sim.world.record import holder

POINTS = AXELROD.matrix().reshape(4)
SWAPPED = [0, 2, 1, 3]
ALTERNATING = (0.0, 0.0, 1.0, 1.0)


class Acts(Metric):
    """How often each seat cooperated."""

    cooperated: float = per_agent()

    @staticmethod
    def witness(w, own, x):
        own.cooperated[holder(w, x.actor)] += x.cooperation


def player(strategy, first=1.0):
    """A memory-one agent from four probabilities, each one number or one for each world."""
    after = dict(zip(("after_cc", "after_cd", "after_dc", "after_dd"), strategy, strict=True))
    return MemoryOne(**after, first=first)


def play(pairs, worlds, seed, rounds, noise=0.0, **more):
    """Points and cooperations `[worlds, pairs, 2]` of pairs that play side by side.

    A pair of every class always plays along, so that all of this file is one structure.
    """
    company = [TitForTat(), Defector(), GenerousTitForTat(), WinStayLoseShift()]
    seats = [agent for pair in pairs for agent in pair]
    made = Scenario(
        RepeatedDilemma(),
        [*seats, *company, *[player(ALWAYS_DEFECT)] * (12 - len(seats))],
        noise=Tremble(probability=noise),
        metrics=[Acts()],
        rounds=rounds,
        **more,
    )
    run = simulate(made, worlds, seed)
    assert run.faults.empty
    used, shape = len(seats), (worlds, len(pairs), 2)
    points = run.points[:, :used].reshape(shape)
    return points, run.worlds["acts"]["cooperated"][:, :used].reshape(shape)


def shares(p, q, noise, rounds, first=(1.0, 1.0)):
    """Expected share of CC, CD, DC, DD in exactly so many rounds; of many pairs at once, if given.

    Any of the arguments may have a leading axis of pairs.
    """
    many = np.broadcast_shapes(np.shape(p)[:-1], np.shape(q)[:-1], np.shape(noise))
    p, q = (np.broadcast_to(strategy, (*many, 4)) for strategy in (p, q))
    noise = np.broadcast_to(noise, many)
    matrix = np.empty((*many, 4, 4))
    for k in np.ndindex(many):
        matrix[k] = transition_matrix(p[k], q[k], noise[k])
    c1, c2 = (np.broadcast_to(c * (1 - noise) + (1 - c) * noise, many) for c in first)
    state = np.stack([c1 * c2, c1 * (1 - c2), (1 - c1) * c2, (1 - c1) * (1 - c2)], axis=-1)
    total = np.zeros_like(state)
    for _ in range(rounds):
        total += state
        state = (state[..., np.newaxis, :] @ matrix)[..., 0, :]
    return total / rounds


def errors(values, expected):
    """Distance of a mean over worlds from what is expected, in standard errors."""
    return abs(np.mean(values) - expected) / (np.std(values, ddof=1) / np.sqrt(len(values)))


# --- published numbers ----------------------------------------------------------------------------

NOISE, ROUNDS, WORLDS = 0.01, 400, 24_000
GENEROUS = tuple(reactive(1, 1 / 3))
DUELS = {
    "tit for tat, defector": ((TitForTat(), Defector()), (TIT_FOR_TAT, ALWAYS_DEFECT), (1, 0)),
    "tit for tat": ((TitForTat(), TitForTat()), (TIT_FOR_TAT, TIT_FOR_TAT), (1, 1)),
    "win-stay": ((WinStayLoseShift(), WinStayLoseShift()), (WIN_STAY_LOSE_SHIFT,) * 2, (1, 1)),
    "generous": ((GenerousTitForTat(), GenerousTitForTat()), (GENEROUS, GENEROUS), (1, 1)),
    "reactive": (
        (player(reactive(0.9, 0.2)), player(reactive(0.8, 0.1), 0.5)),
        (reactive(0.9, 0.2), reactive(0.8, 0.1)),
        (1, 0.5),
    ),
}
#: What is published: the first player's long-run cooperation, and both players' points.
PUBLISHED = {
    "tit for tat, defector": (0.0198, 1.020002, 1.069002),
    "tit for tat": (0.5, 2.25, 2.25),
    "win-stay": (0.970596, 2.951092, 2.951092),
    "generous": (0.971154, 2.970322, 2.970322),
}


@pytest.fixture(scope="module")
def duels():
    points, acts = play([agents for agents, _, _ in DUELS.values()], WORLDS, 1, ROUNDS, NOISE)
    return points / ROUNDS, acts / ROUNDS


@pytest.mark.parametrize("name", DUELS)
def test_pairs_do_what_their_chain_says(duels, name):
    points, acts = (values[:, list(DUELS).index(name)] for values in duels)
    _, strategies, first = DUELS[name]
    expected = shares(*strategies, NOISE, ROUNDS, first)
    for seat, view in enumerate((expected, expected[SWAPPED])):
        assert errors(points[:, seat], view @ POINTS) < 4
        assert errors(acts[:, seat], view[0] + view[1]) < 4


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_numbers_are_what_is_played_in_the_long_run(duels, name):
    """Nowak & Sigmund (1990, 1992, 1993); Molander (1985). What the start adds is taken off."""
    points, acts = (values[:, list(DUELS).index(name)] for values in duels)
    _, strategies, first = DUELS[name]
    drift = shares(*strategies, NOISE, ROUNDS, first) - stationary_distribution(*strategies, NOISE)
    cooperation, own, other = PUBLISHED[name]
    assert errors(points[:, 0] - drift @ POINTS, own) < 4
    assert errors(points[:, 1] - drift[SWAPPED] @ POINTS, other) < 4
    measured = acts[:, 0] - drift[:2].sum()
    assert errors(measured, cooperation) < 4
    # The interval tells an error of two percentage points.
    assert min(errors(measured, cooperation + d) for d in (-0.02, 0.02)) > 8


def test_reactive_strategies_cooperate_as_in_the_closed_form():
    """Nowak & Sigmund (1990): (.9, .2) against (.8, .1) without noise: 9/17 and more."""
    rounds = 600
    pair = (player(reactive(0.9, 0.2)), player(reactive(0.8, 0.1)))
    _, acts = play([pair], 8000, 2, rounds)
    drift = shares(reactive(0.9, 0.2), reactive(0.8, 0.1), 0, rounds)[:2].sum() - 9 / 17
    assert errors(acts[:, 0, 0] / rounds - drift, 9 / 17) < 4
    assert errors(acts[:, 0, 0] / rounds, 9 / 17 + 0.01) > 4


@pytest.mark.parametrize(("generosity", "tempts"), [(0.25, -1), (1 / 3, 0), (0.42, 1)])
def test_generosity_is_safe_up_to_its_optimum(generosity, tempts):
    """Nowak & Sigmund (1992): beyond 1/3 who defects every other round has more than R."""
    assert generous_optimum(AXELROD) == pytest.approx(1 / 3)
    pair = (player(ALTERNATING, 0.0), GenerousTitForTat(generosity=generosity))
    points, _ = play([pair], 2000, 3, 200)
    gain = points[:, 0, 0] / 200 - AXELROD.reward
    if tempts:
        assert np.sign(gain.mean()) == tempts
        assert errors(gain, 0) > 8
    else:
        assert errors(gain, 0) < 4


# --- any opponent ---------------------------------------------------------------------------------

ZERO_DETERMINANT = {
    "extortion": (extortion(2, AXELROD), lambda x, y: x - 1 - 2 * (y - 1)),
    "equaliser": (equaliser(2, AXELROD), lambda x, y: y - 2),
    "generous": (generous_zd(2, AXELROD), lambda x, y: x - 3 - 2 * (y - 3)),
}


@pytest.fixture(scope="module")
def opponents():
    """Four thousand random opponents, another in each world, against three strategies at once."""
    rng = np.random.default_rng(4)
    strategies = rng.uniform(0.02, 0.98, (4000, 4))
    pairs = [(player(z), player(strategies.T)) for z, _ in ZERO_DETERMINANT.values()]
    points, _ = play(pairs, 4000, 4, 500)
    return strategies, points / 500


@pytest.mark.parametrize("name", ZERO_DETERMINANT)
def test_zero_determinant_strategies_hold_any_opponent_to_a_line(opponents, name):
    """Press & Dyson (2012); Stewart & Plotkin (2012)."""
    strategies, points = opponents
    own, relation = ZERO_DETERMINANT[name]
    x, y = points[:, list(ZERO_DETERMINANT).index(name)].T
    start = shares(own, strategies, 0.0, 500)
    off = relation(start @ POINTS, start[:, SWAPPED] @ POINTS)
    # The line is that of endless games; in so few rounds the start is off it by a little.
    assert abs(off).max() < 0.05
    assert errors(relation(x, y) - off, 0) < 4
    # It holds wherever the opponent stands, not on average alone.
    kind = strategies.mean(axis=1)
    for half in (kind < 0.5, kind >= 0.5):
        assert errors((relation(x, y) - off)[half], 0) < 4
    assert x.std() > 0.05
    assert errors(relation(x, y) + 0.05, 0) > 4


def test_extortion_of_a_cooperator():
    """Press & Dyson (2012): 3.5 to 2.25."""
    points, _ = play([(player(extortion(2, AXELROD)), player(ALWAYS_COOPERATE))], 4000, 5, 400)
    start = shares(extortion(2, AXELROD), ALWAYS_COOPERATE, 0, 400)
    drift = start - np.array([0.75, 0, 0.25, 0])
    assert errors(points[:, 0, 0] / 400 - drift @ POINTS, 3.5) < 4
    assert errors(points[:, 0, 1] / 400 - drift[SWAPPED] @ POINTS, 2.25) < 4
    assert errors(points[:, 0, 0] / 400, 3.5 + 0.05) > 4


def test_random_strategies_under_random_noise():
    """Each world has its own two strategies, first moves and noise; expectations are its own."""
    worlds, rounds = 4000, 60
    rng = np.random.default_rng(6)
    p, q = rng.uniform(0, 1, (2, worlds, 4))
    noise, (c1, c2) = rng.uniform(0, 0.5, worlds), rng.uniform(0, 1, (2, worlds))
    pairs = [(player(p.T, c1), player(q.T, c2))]
    points, acts = play(pairs, worlds, 6, rounds, noise)
    expected = shares(p, q, noise, rounds, (c1, c2))
    for seat, view in enumerate((expected, expected[:, SWAPPED])):
        for value, mean in (
            (points[:, 0, seat] / rounds, view @ POINTS),
            (acts[:, 0, seat] / rounds, view[:, :2].sum(axis=1)),
        ):
            rest = value - mean
            assert errors(rest, 0) < 4
            # What is left has nothing to do with what was expected, or with any parameter.
            for cause in (mean, noise, *p.T, *q.T, c1, c2):
                assert errors(rest * (cause - cause.mean()), 0) < 4
            assert rest.var() < 0.5 * value.var()


# --- games that end by chance ---------------------------------------------------------------------


def totals(pairs, continuation, seed, worlds=40_000):
    """Total points `[worlds, pairs, 2]`; all pairs of a world play equally long."""
    return play(pairs, worlds, seed, None, continuation=continuation)[0]


@pytest.mark.parametrize("w", [0.0, 0.5, 0.9])
def test_totals_are_discounted_shares(w):
    """Axelrod & Hamilton (1981): a chance of another round is a discount factor."""
    p, q = (0.9, 0.3, 0.6, 0.2), (0.7, 0.1, 0.8, 0.5)
    points = totals([(player(p, 0.4), player(q, 0.7))], w, 7)[:, 0]
    expected = discounted_distribution(p, q, w, first=(0.4, 0.7)) / (1 - w)
    assert errors(points[:, 0], expected @ POINTS) < 4
    assert errors(points[:, 1], expected[SWAPPED] @ POINTS) < 4
    assert errors(points[:, 0], 1.05 * expected @ POINTS) > 4


@pytest.mark.parametrize("away", [-0.05, 0, 0.05])
def test_grim_trigger_is_an_equilibrium_from_its_threshold_on(away):
    """Friedman (1971): in Axelrod's game at continuation 1/2."""
    w = grim_threshold(AXELROD) + away
    grim, rivals = player(GRIM_TRIGGER), [player(GRIM_TRIGGER), player(ALWAYS_DEFECT, 0.0)]
    # All pairs of a world play equally long, so that the comparison is within worlds.
    points = totals([(rival, grim) for rival in rivals], w, 8)[:, :, 0]
    gain = points[:, 1] - points[:, 0]
    if away:
        assert np.sign(gain.mean()) == -np.sign(away)
        assert errors(gain, 0) > 8
    else:
        assert errors(gain, 0) < 4


@pytest.mark.parametrize("away", [-0.04, 0, 0.04])
def test_nothing_pure_invades_tit_for_tat_from_its_threshold_on(away):
    """Axelrod & Hamilton (1981): in Axelrod's game at continuation 2/3."""
    w = tit_for_tat_stability_threshold(AXELROD) + away
    assert w == pytest.approx(2 / 3 + away)
    pure = itertools.product([0.0, 1.0], repeat=4)
    rivals = [(strategy, first) for strategy in pure for first in (0.0, 1.0)]
    gains = []
    for k in range(0, len(rivals), 5):
        pairs = [(player(*rival), TitForTat()) for rival in rivals[k : k + 5]]
        points = totals([(TitForTat(), TitForTat()), *pairs], w, 9)[:, :, 0]
        for j, (strategy, first) in enumerate(rivals[k : k + 5], 1):
            played = discounted_distribution(strategy, TIT_FOR_TAT, w, first=(first, 1))
            expected = (played @ POINTS - AXELROD.reward) / (1 - w)
            gain = points[:, j] - points[:, 0]
            gains.append(expected)
            if not gain.any():  # it never defects
                assert expected == pytest.approx(0, abs=1e-9)
                continue
            assert errors(gain, expected) < 4
            if abs(expected) > 1e-9:
                assert np.sign(gain.mean()) == np.sign(expected)
                assert errors(gain, 0) > 8
    assert len(gains) == 32
    assert max(gains) == pytest.approx(0, abs=1e-9) if away >= 0 else max(gains) > 0.1


@pytest.mark.parametrize(("w", "edge"), [(0.9, 1 / 17), (0.75, 1 / 5)])
def test_the_edge_of_the_basin_of_tit_for_tat(w, edge):
    """Axelrod & Hamilton (1981); Nowak (2006): 1/17 at .9, 1/5 at .75."""
    assert tit_for_tat_basin_edge(w, AXELROD) == pytest.approx(edge)
    seats = [(TitForTat(), TitForTat()), (Defector(), TitForTat()), (TitForTat(), Defector())]
    points = totals([*seats, (Defector(), Defector())], w, 10)
    copy, cheat, victim, war = points[:, :, 0].T

    def lead(x):
        return x * (copy - cheat) + (1 - x) * (victim - war)

    assert errors(lead(edge), 0) < 4
    for far in (0.7, 1.4):
        assert np.sign(lead(far * edge).mean()) == np.sign(far - 1)
        assert errors(lead(far * edge), 0) > 8
