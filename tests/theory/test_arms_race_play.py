"""Richardson's arms race as it is played, held against its exact solution."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Richardson
from posalign_sim.envs import Crisis
from posalign_sim.theory.arms_race import (
    arms_race_equilibrium,
    arms_race_path,
    arms_race_stable,
)

#: Reactions k and l, fatigues a and b, grievances g and h.
RATES = (0.5, 0.4, 1, 0.8, 2, 1)


def race(rates=RATES, step=1.0, rounds=60, **more):
    k, other, a, b, g, h = rates
    made = Scenario(
        Crisis(arms=1, hazard=0, **{"tick": 0.001, **more}),
        [
            Richardson(reaction=k, fatigue=a, grievance=g, step=step),
            Richardson(reaction=other, fatigue=b, grievance=h, step=step),
        ],
        rounds=rounds,
        metrics=(),
    )
    return simulate(made, 1, mode="interpreted", progress=False).worlds["crisis"]["armed"][0, :2]


def off_by(rates, step, tick):
    """How far rounding to ticks can keep a race from its equilibrium, at most."""
    k, other, a, b, _, _ = rates
    # In rest each is within half a tick of what it would arm to: (step A) d <= tick / 2.
    inverse = np.linalg.inv(step * np.array([[a, -k], [-other, b]]))
    return np.abs(inverse).sum(axis=1).max() * tick / 2


@pytest.mark.parametrize("start", [0, 9])
@pytest.mark.parametrize(("step", "rounds"), [(1.0, 60), (0.25, 240)])
def test_a_stable_race_comes_to_its_equilibrium(step, rounds, start):
    assert arms_race_stable(*RATES[:4], time_step=step)
    where = arms_race_equilibrium(*RATES)
    assert where == pytest.approx((3.5, 3))
    arms = race(step=step, rounds=rounds, arms_start=start)
    assert np.abs(arms - where).max() <= off_by(RATES, step, 0.001) + 1e-9


@pytest.mark.parametrize("start", [0, 6])
def test_round_by_round_it_is_the_equation(start):
    # What rounding adds in each round dies out as any disturbance does, and sums up to no more.
    for rounds in (1, 2, 5, 9):
        path = arms_race_path((start, start), rounds, *RATES)
        arms = race(rounds=rounds, arms_start=start)
        assert np.abs(arms - path[-1]).max() <= off_by(RATES, 1.0, 0.001) + 1e-9


def test_an_unstable_race_runs_to_the_limit():
    rates = (1, 1, 0.9, 0.8, 0.5, 0.5)
    assert not arms_race_stable(*rates[:4])
    greatest = 10_000 * 0.001
    arms = race(rates, rounds=80)
    assert arms.tolist() == [greatest, greatest]
    # On the way it grows faster and faster, as the equation does.
    path = arms_race_path((0, 0), 12, *rates)
    assert (np.diff(path[:, 0], 2) > 0)[2:].all()
    assert race(rates, rounds=6) == pytest.approx(path[6], abs=0.05)


def test_without_grievance_and_with_goodwill_a_stable_race_disarms():
    arms = race((0.5, 0.4, 1, 0.8, 0, 0), rounds=60, arms_start=5)
    assert np.abs(arms).max() <= off_by((0.5, 0.4, 1, 0.8, 0, 0), 1.0, 0.001)
    assert race((0.5, 0.4, 1, 0.8, -1, -1), rounds=20, arms_start=5).tolist() == [0, 0]


def test_arms_cost_and_take_what_they_come_to():
    # At rest at (3.5, 3): cost 0.05 a unit, prize 5 by the difference in shares of 10.
    k, other, a, b, g, h = RATES
    made = Scenario(
        Crisis(arms=1, tick=0.001, heat=0, hazard=0),
        [
            Richardson(reaction=k, fatigue=a, grievance=g),
            Richardson(reaction=other, fatigue=b, grievance=h),
        ],
        rounds=80,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted", progress=False, history=[0])
    gained = np.diff(run.history["balance"][:, 0, :2].astype(float), axis=0)[-1] / 1e6
    taken = 5 * 0.5 / 10
    assert gained == pytest.approx([4 - 0.175 + taken, 4 - 0.15 - taken], abs=0.01)
