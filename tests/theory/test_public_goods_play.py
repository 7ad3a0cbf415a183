"""The simulator plays what theory says of public goods: risk, volunteers, free riding.

Worlds are the units. All of this file is one structure: six seats, who contribute with a
probability that may be 0 or 1, at tables of a size that is a parameter.
"""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Fixed, Scenario, simulate
from posalign_sim.agents import RandomContributor
from posalign_sim.envs import PublicGoods
from posalign_sim.theory.public_goods import (
    CollectiveRisk,
    is_public_good_dilemma,
    public_good_points,
    volunteers_dilemma,
)

SEATS, WORLDS = 6, 20_000


def play(game, probabilities, table=SEATS, worlds=WORLDS, seed=1, pairs=None, shares=None):
    """Points `[worlds, seats]` of one round; each probability is one number or one for a world."""
    shares = [1] * SEATS if shares is None else shares
    population = [
        RandomContributor(probability=p, share=s)
        for p, s in zip(probabilities, shares, strict=True)
    ]
    made = Scenario(game, population, matching=Fixed(table=table), rounds=1, metrics=())
    run = simulate(made, worlds, seed, pairs=pairs, progress=False)
    assert run.faults.empty
    return run.points[:, :SEATS]


def errors(values, expected):
    """Distance of a mean over worlds from what is expected, in standard errors."""
    return abs(np.mean(values) - expected) / (np.std(values, ddof=1) / np.sqrt(len(values)))


@pytest.mark.parametrize("risk", [0.3, 0.9])
def test_groups_at_risk_have_what_the_payoff_table_says(risk):
    # Santos & Pacheco (2011): N = 6, M = 3, c = 0.1, b = 1.
    theory = CollectiveRisk(players=6, threshold=3, cost=0.1, risk=risk)
    cooperators = np.repeat(np.arange(7), 4000)
    first = [(cooperators > seat).astype(float) for seat in range(SEATS)]
    game = PublicGoods.of("collective_risk", risk=risk)
    points = play(game, first, worlds=len(cooperators))
    for k in range(7):
        mine = points[cooperators == k]
        for seat in (0, 5):
            if not (k > 0 if seat == 0 else k < 6):
                continue  # nobody in this seat cooperates, or defects
            expected = theory.points(k)[seat // 5]
            if k < 3:
                assert errors(mine[:, seat], expected) < 4
            else:
                np.testing.assert_allclose(mine[:, seat], expected, atol=1e-9)
    # A group loses together: what luck takes, it takes from all.
    lost = points[cooperators == 0] == 0
    assert (lost.all(axis=1) | ~lost.any(axis=1)).all()


@pytest.mark.parametrize("share", [0.05, 0.4, "unstable", "stable", 0.9])
def test_who_cooperates_gains_what_the_gradient_says(share):
    theory = CollectiveRisk(players=6, threshold=3, cost=0.1, risk=0.9)
    equilibria = [x for x, _ in theory.equilibria()]
    np.testing.assert_allclose(equilibria, [0.12987, 0.72299], atol=5e-6)
    x = {"unstable": equilibria[0], "stable": equilibria[1]}.get(share, share)
    own = np.repeat([1.0, 0.0], WORLDS)
    # Both worlds of a pair have the same luck, and differ in what the first seat does.
    points = play(
        PublicGoods.of("collective_risk", risk=0.9),
        [own, *[x] * 5],
        worlds=2 * WORLDS,
        pairs=np.tile(np.arange(WORLDS), 2),
    )
    gain = points[:WORLDS, 0] - points[WORLDS:, 0]
    expected = theory.gradient(x) / (x * (1 - x))
    assert errors(gain, expected) < 4
    if isinstance(share, str):
        assert abs(expected) < 1e-9
    else:
        assert np.sign(expected) == (1 if equilibria[0] < x < equilibria[1] else -1)


@pytest.mark.parametrize(("n", "volunteers", "nobody"), [(3, 0.5, 0.125), (5, 0.29289, 0.17678)])
def test_volunteers_are_indifferent(n, volunteers, nobody):
    # Diekmann (1985), c / b = 1 / 4.
    p, idle = volunteers_dilemma(n, cost=1, benefit=4)
    np.testing.assert_allclose((p, idle), (volunteers, nobody), atol=5e-6)
    game = PublicGoods.of("volunteer", benefit=4)
    own = np.repeat([1.0, 0.0], WORLDS)
    points = play(
        game,
        [own, *[p] * 5],
        n,
        worlds=2 * WORLDS,
        pairs=np.tile(np.arange(WORLDS), 2),
    )
    assert (points[:WORLDS, 0] == 4).all()
    assert errors(points[WORLDS:, 0], 4) < 4
    # If all mix, nobody volunteers so often; then each has its endowment and nothing else.
    points = play(game, [p] * SEATS, n, seed=2)
    none = (points[:, :n] == 1).all(axis=1)
    assert errors(none, idle) < 4
    assert ((points[:, :n] >= 4).all(axis=1) | none).all()
    assert errors(points[:, 0], 4) < 4
    # More often is worth less to each than not at all; more seldom is worth more.
    for other, sign in ((p + 0.1, 1), (p - 0.1, -1)):
        waits = play(game, [0.0, *[other] * 5], n, seed=3)[:, 0]
        assert np.sign(waits.mean() - 4) == sign


def test_giving_is_dominated_below_a_return_of_one():
    factors = np.array([0.5, 1.0, 1.6, 3.0, 5.9, 6.0, 6.1, 9.0])
    game = PublicGoods(factor=factors, endowment=20)
    for others in (0.0, 0.35, 1.0):
        kept, given = (
            play(game, [own, *[1.0] * 5], worlds=len(factors), shares=[1, *[others] * 5])
            for own in (0.0, 1.0)
        )
        np.testing.assert_allclose(given[:, 0] - kept[:, 0], 20 * (factors / 6 - 1), atol=2e-6)
        for row, factor in zip(given, factors, strict=True):
            gifts = [20, *[others * 20] * 5]
            np.testing.assert_allclose(row, public_good_points(gifts, 20, factor / 6), atol=1e-6)
    everybody = play(game, [1.0] * SEATS, worlds=len(factors))
    nobody = play(game, [0.0] * SEATS, worlds=len(factors))
    for k, factor in enumerate(factors):
        dilemma = is_public_good_dilemma(SEATS, factor / SEATS)
        assert dilemma == (1 < factor < 6)
        assert (everybody[k, 0] > nobody[k, 0]) == (factor > 1)


def test_four_at_a_table_of_six_seats():
    # Fehr & Gächter (2002): all 32, none 20, the lone free rider 44; two seats play with nobody.
    for first, points in (
        ([1.0] * 6, [32, 32, 32, 32, 0, 0]),
        ([0.0] * 6, [20, 20, 20, 20, 0, 0]),
        ([0.0, *[1.0] * 5], [44, 24, 24, 24, 0, 0]),
    ):
        assert play(PublicGoods(), first, 4, worlds=1)[0].tolist() == points
