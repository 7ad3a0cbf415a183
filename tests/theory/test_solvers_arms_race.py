"""Richardson's arms race: its equilibrium, and which way arms go from anywhere else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from posalign_sim.theory import (
    arms_race_equilibrium,
    arms_race_path,
    arms_race_stable,
    arms_race_step,
)

rates = st.floats(0.1, 2)
grievances = st.floats(-3, 3)


def test_richardsons_equilibrium_in_numbers():
    """k=.5, l=.4, a=1, b=.8, g=2, h=1: (3.5, 3)."""
    assert arms_race_equilibrium(0.5, 0.4, 1, 0.8, 2, 1) == pytest.approx((3.5, 3), abs=1e-9)
    path = arms_race_path((0, 0), 400, 0.5, 0.4, 1, 0.8, 2, 1, time_step=0.5)
    assert path[-1] == pytest.approx([3.5, 3], abs=1e-9)


@given(rates, rates, rates, rates, grievances, grievances)
def test_at_the_equilibrium_nothing_changes(k, m, a, b, g, h):
    assume(abs(a * b - k * m) > 1e-3)
    x, y = arms_race_equilibrium(k, m, a, b, g, h)
    assert k * y - a * x + g == pytest.approx(0, abs=1e-8)
    assert m * x - b * y + h == pytest.approx(0, abs=1e-8)
    assert arms_race_step((x, y), k, m, a, b, g, h) == pytest.approx((x, y), abs=1e-8)


@given(rates, rates, rates, rates, grievances, grievances, st.floats(0.05, 2))
def test_arms_converge_if_and_only_if_the_race_is_stable(k, m, a, b, g, h, step):
    assume(abs(a * b - k * m) > 1e-2)
    moves = np.eye(2) + step * np.array([[-a, k], [m, -b]])
    radius = max(abs(np.linalg.eigvals(moves)))
    assume(abs(radius - 1) > 1e-3)
    assert arms_race_stable(k, m, a, b, time_step=step) == (radius < 1)
    goal = np.array(arms_race_equilibrium(k, m, a, b, g, h))
    steps = math.ceil(math.log(1e3) / abs(math.log(radius)))
    assume(steps < 2000)
    direction = np.linalg.eig(moves)
    start = direction.eigenvectors[:, np.argmax(abs(direction.eigenvalues))].real
    path = arms_race_path(goal + start, steps, k, m, a, b, g, h, step)
    distance = np.linalg.norm(path - goal, axis=1)
    assert (distance[-1] < 0.002) if radius < 1 else (distance[-1] > 500)


@given(rates, rates, rates, rates)
def test_short_steps_are_as_stable_as_continuous_time(k, m, a, b):
    assume(abs(a * b - k * m) > 1e-6)
    assert arms_race_stable(k, m, a, b) == (k * m < a * b)
    assert arms_race_stable(k, m, a, b, time_step=1e-3) == arms_race_stable(k, m, a, b)
    assert not arms_race_stable(k, m, a, b, time_step=0)


@given(rates, rates, rates, rates, grievances, grievances)
def test_nations_that_swap_places_swap_arms(k, m, a, b, g, h):
    assume(abs(a * b - k * m) > 1e-3)
    swapped = arms_race_equilibrium(m, k, b, a, h, g)[::-1]
    assert arms_race_equilibrium(k, m, a, b, g, h) == pytest.approx(swapped, rel=1e-9)


def test_goodwill_disarms_and_a_race_without_fatigue_never_rests():
    assert max(arms_race_equilibrium(0.5, 0.4, 1, 0.8, -2, -1)) < 0
    assert not arms_race_stable(0.1, 0.1, 0, 1)
    path = arms_race_path((1, 1), 50, 1, 1, 0.5, 0.5, 0, 0, 0.1)
    assert (np.diff(path, axis=0) > 0).all()


def test_no_steps_leave_the_start():
    assert arms_race_path((1, 2), 0, 1, 1, 1, 2, 0, 0).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: arms_race_equilibrium(1, 1, 1, 1, 0, 0), "no single equilibrium"),
        (lambda: arms_race_equilibrium(-1, 1, 1, 1, 0, 0), r"reaction1 is -1\.0"),
        (lambda: arms_race_equilibrium(1, 1, 1, math.nan, 0, 0), "fatigue2 is nan"),
        (lambda: arms_race_equilibrium(1, 1, 1, 2, math.inf, 0), "grievance1 is inf"),
        (lambda: arms_race_stable(1, -2, 1, 1), r"reaction2 is -2\.0"),
        (lambda: arms_race_stable(1, 1, 1, 1, time_step=-1), r"time_step is -1\.0"),
        (lambda: arms_race_step((1, math.nan), 1, 1, 1, 2, 0, 0), r"arms\[1\] is nan"),
        (lambda: arms_race_path((1,), 1, 1, 1, 1, 2, 0, 0), "arms of 1 nations"),
        (lambda: arms_race_path((1, 1), -1, 1, 1, 1, 2, 0, 0), r"steps is -1\.0"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
