"""Thresholds of repeated games and contracts, against the payoffs that they are made of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from posalign_sim.theory import (
    ALWAYS_DEFECT,
    AXELROD,
    GRIM_TRIGGER,
    TIT_FOR_TAT,
    Dilemma,
    average_payoffs,
    deterring_fine,
    deterring_transfer,
    discounted_distribution,
    generous_recovery_mean,
    grim_threshold,
    matrix_after_fine,
    matrix_after_transfer,
    tit_for_tat_basin_edge,
    tit_for_tat_stability_threshold,
    weakly_dominant,
)

EXACT = 1e-9
ALTERNATOR = (0, 0, 1, 1)
points = st.floats(-5, 5)
continuations = st.floats(0, 0.99)


@st.composite
def prisoners_dilemmas(draw):
    sucker = draw(points)
    gaps = [draw(st.floats(0.1, 5)) for _ in range(3)]
    punishment, reward, temptation = sucker + np.cumsum(gaps)
    return Dilemma(temptation, reward, punishment, sucker)


games = st.builds(Dilemma, points, points, points, points)


def earns(player, other, continuation, payoffs, first):
    shares = discounted_distribution(player, other, continuation, first=first)
    return average_payoffs(shares, payoffs)[0]


# Published numbers. Payoffs 5, 3, 1, 0 (Axelrod 1980).


def test_thresholds_of_axelrods_game():
    """Axelrod (1981); Axelrod & Hamilton (1981)."""
    assert grim_threshold(AXELROD) == pytest.approx(1 / 2, abs=EXACT)
    assert tit_for_tat_stability_threshold(AXELROD) == pytest.approx(2 / 3, abs=EXACT)
    assert tit_for_tat_basin_edge(0.9, AXELROD) == pytest.approx(1 / 17, abs=EXACT)
    assert tit_for_tat_basin_edge(0.75, AXELROD) == pytest.approx(1 / 5, abs=EXACT)


@pytest.mark.parametrize(
    ("payoffs", "expected"), [(AXELROD, 2), (Dilemma(3, 2, 1, 0), 1), (Dilemma(4, 3, 2.5, 0), 2.5)]
)
def test_the_transfer_that_deters(payoffs, expected):
    assert deterring_transfer(payoffs) == expected
    assert deterring_fine(payoffs) == expected
    for matrix_after in (matrix_after_transfer, matrix_after_fine):
        assert weakly_dominant(matrix_after(payoffs, expected))
        assert not weakly_dominant(matrix_after(payoffs, expected - 1e-6))


# Thresholds are where the discounted payoffs cross.


@given(prisoners_dilemmas(), continuations)
def test_grim_trigger_is_an_equilibrium_from_its_threshold_on(payoffs, w):
    assume(abs(w - grim_threshold(payoffs)) > 1e-6)
    keeps = earns(GRIM_TRIGGER, GRIM_TRIGGER, w, payoffs, (1, 1))
    breaks = earns(ALWAYS_DEFECT, GRIM_TRIGGER, w, payoffs, (0, 1))
    assert (keeps > breaks) == (w > grim_threshold(payoffs))


@given(prisoners_dilemmas(), continuations)
def test_tit_for_tat_is_stable_from_its_threshold_on(payoffs, w):
    threshold = tit_for_tat_stability_threshold(payoffs)
    assume(abs(w - threshold) > 1e-6)
    keeps = earns(TIT_FOR_TAT, TIT_FOR_TAT, w, payoffs, (1, 1))
    defects = earns(ALWAYS_DEFECT, TIT_FOR_TAT, w, payoffs, (0, 1))
    alternates = earns(ALTERNATOR, TIT_FOR_TAT, w, payoffs, (0, 1))
    assert (keeps > max(defects, alternates)) == (w > threshold)


@given(prisoners_dilemmas(), st.floats(0.5, 0.99), st.tuples(*[st.sampled_from([0.0, 1.0])] * 4))
def test_nothing_pure_invades_stable_tit_for_tat(payoffs, w, invader):
    assume(w >= tit_for_tat_stability_threshold(payoffs))
    keeps = earns(TIT_FOR_TAT, TIT_FOR_TAT, w, payoffs, (1, 1))
    for opening in (0, 1):
        assert earns(invader, TIT_FOR_TAT, w, payoffs, (opening, 1)) <= keeps + EXACT


@given(prisoners_dilemmas(), continuations)
def test_at_the_edge_of_the_basin_both_do_equally_well(payoffs, w):
    edge = tit_for_tat_basin_edge(w, payoffs)
    assert 0 < edge <= 1
    both = earns(TIT_FOR_TAT, TIT_FOR_TAT, w, payoffs, (1, 1))
    hurt = earns(TIT_FOR_TAT, ALWAYS_DEFECT, w, payoffs, (1, 0))
    exploits = earns(ALWAYS_DEFECT, TIT_FOR_TAT, w, payoffs, (0, 1))
    alone = payoffs.punishment
    if w > grim_threshold(payoffs):
        lead = edge * (both - exploits) + (1 - edge) * (hurt - alone)
        assert lead == pytest.approx(0, abs=EXACT)
    else:
        assert edge == 1
        assert both <= exploits + EXACT


# Contracts and fines.


@given(games, st.floats(0, 10))
def test_cooperation_dominates_from_the_deterring_transfer_on(payoffs, transfer):
    enough = deterring_transfer(payoffs)
    assume(abs(transfer - enough) > 1e-6 or enough == 0)
    dominant = weakly_dominant(matrix_after_transfer(payoffs, transfer))
    assert dominant == (transfer >= enough)


@given(games, st.floats(0, 40), st.floats(0.1, 1))
def test_cooperation_dominates_from_the_deterring_fine_on(payoffs, fine, detection):
    enough = deterring_fine(payoffs, detection)
    assume(abs(fine - enough) > 1e-6 or enough == 0)
    dominant = weakly_dominant(matrix_after_fine(payoffs, fine, detection))
    assert dominant == (fine >= enough)


@given(games, st.floats(0, 10), st.floats(0, 1))
def test_a_transfer_keeps_the_joint_payoff_and_a_fine_burns_it(payoffs, amount, detection):
    before = payoffs.matrix() + payoffs.matrix().T
    transferred = matrix_after_transfer(payoffs, amount)
    fined = matrix_after_fine(payoffs, amount, detection)
    np.testing.assert_allclose(transferred + transferred.T, before, rtol=0, atol=EXACT)
    burnt = amount * detection * np.array([[0, 1], [1, 2]])
    np.testing.assert_allclose(fined + fined.T, before - burnt, rtol=0, atol=EXACT)


def test_where_cooperation_is_never_worse_nothing_is_needed():
    harmony = Dilemma(temptation=2, reward=3, punishment=0, sucker=1)
    assert weakly_dominant(harmony.matrix())
    assert deterring_transfer(harmony) == 0
    assert deterring_fine(harmony, detection=0) == 0


def test_a_fine_that_is_never_imposed_deters_nobody():
    assert deterring_fine(AXELROD, detection=0) == math.inf


def test_dominance_of_any_choice_in_any_game():
    matrix = [[1, 2, 3], [1, 1, 3]]
    assert weakly_dominant(matrix, 0) and not weakly_dominant(matrix, 1)
    assert weakly_dominant([[1, 2], [1, 2]], 1)
    assert weakly_dominant([[0.1 + 0.2], [0.3]], 1)  # equal but for rounding
    assert not weakly_dominant([[0.1 + 0.2], [0.3]], 1, tolerance=0)


def test_the_order_of_the_payoffs():
    assert AXELROD.matrix().tolist() == [[3, 0], [5, 1]]
    assert AXELROD.is_prisoners_dilemma
    assert not Dilemma(3, 3, 1, 0).is_prisoners_dilemma


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: Dilemma(5, math.nan, 1, 0), "reward is nan, but it must be finite"),
        (lambda: grim_threshold(Dilemma(2, 3, 1, 0)), "payoffs T, R, P, S are 2, 3, 1, 0"),
        (lambda: tit_for_tat_stability_threshold(Dilemma(2, 3, 1, 0)), "prisoner's dilemma"),
        (lambda: tit_for_tat_basin_edge(0.9, Dilemma(2, 3, 1, 0)), "prisoner's dilemma"),
        (lambda: tit_for_tat_basin_edge(1, AXELROD), "continuation is 1"),
        (lambda: tit_for_tat_basin_edge(1.5, AXELROD), r"continuation is 1\.5"),
        (lambda: matrix_after_transfer(AXELROD, -1), r"transfer is -1\.0"),
        (lambda: matrix_after_fine(AXELROD, math.inf), "fine is inf"),
        (lambda: matrix_after_fine(AXELROD, 1, 1.5), r"detection is 1\.5"),
        (lambda: deterring_fine(AXELROD, -0.5), r"detection is -0\.5"),
        (lambda: weakly_dominant([1, 2]), r"matrix has shape \(2,\)"),
        (lambda: weakly_dominant([[1, math.nan], [0, 0]]), "must hold finite points"),
        (lambda: weakly_dominant(AXELROD.matrix(), 2), "choice is 2, but the matrix has rows 0"),
        (lambda: generous_recovery_mean(2), r"generosity is 2\.0"),
    ],
)
def test_nonsense_is_refused_by_name(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
