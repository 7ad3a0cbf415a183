"""Where concession schedules meet, against the published figures and the equation itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posalign_sim.theory import aspiration, concession_split, meeting_time

exponents = st.floats(0.01, 100)


@pytest.mark.parametrize(
    ("exponents", "time", "shares"),
    [
        ((1, 1), 0.5, (0.5, 0.5)),
        ((4, 1), 0.72449, (0.72449, 0.27551)),
        ((4, 0.25), 0.59201, (0.87717, 0.12283)),
        ((4, 4), 0.8409, (0.5, 0.5)),
    ],
)
def test_linear_boulware_and_conceder(exponents, time, shares):
    """Faratin, Sierra & Jennings (1998): the tougher of the two gets more."""
    assert meeting_time(*exponents) == pytest.approx(time, abs=5e-5)
    assert concession_split(*exponents) == pytest.approx(shares, abs=5e-6)


@given(exponents, exponents)
def test_when_they_meet_they_ask_for_the_whole_pie(e1, e2):
    time = meeting_time(e1, e2)
    assert 0 < time < 1
    assert aspiration(time, e1) + aspiration(time, e2) == pytest.approx(1, abs=1e-11)
    first, second = concession_split(e1, e2)
    assert first + second == pytest.approx(1, abs=1e-11)
    assert first == pytest.approx(aspiration(time, e1), abs=1e-9)


@given(exponents, exponents)
def test_the_order_of_the_parties_does_not_matter(e1, e2):
    assert meeting_time(e1, e2) == meeting_time(e2, e1)
    assert concession_split(e1, e2) == concession_split(e2, e1)[::-1]
    first, second = concession_split(e1, e2)
    assert first == second or (first > second) == (e1 > e2)


@given(exponents, exponents, st.floats(1.1, 10))
def test_conceding_later_pays(e1, e2, factor):
    assert concession_split(e1 * factor, e2)[0] > concession_split(e1, e2)[0]


def test_schedules_that_differ_by_rounding():
    for ulps in range(1, 40):
        e2 = 1 + ulps * 2.0**-52
        assert meeting_time(1, e2) == pytest.approx(0.5, abs=1e-12)


def test_the_ends_of_a_schedule():
    assert aspiration(0, 3) == 1
    assert aspiration(1, 3) == 0


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: aspiration(1.5, 1), r"time is 1\.5"),
        (lambda: aspiration(0.5, 0), "e is 0"),
        (lambda: meeting_time(0, 1), "e1 is 0"),
        (lambda: meeting_time(1, -1), r"e2 is -1\.0"),
        (lambda: concession_split(1, math.inf), "e2 is inf"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
