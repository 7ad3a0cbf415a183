"""Published rates of taxes, and thresholds of charges and shares against direct search."""

from __future__ import annotations

import math

import numpy as np
import pytest

from posalign_sim.theory import (
    Dilemma,
    deterring_charge,
    pigouvian_threshold,
    saez_rate,
    saez_rates,
    sharing_threshold,
    tax_due,
    vesting_threshold,
    weakly_dominant,
)


@pytest.mark.parametrize(
    ("weight", "pareto", "elasticity", "rate"),
    [
        # Diamond & Saez (2011), JEP 25: 73% with 1.5 and 0.25; 54% for the upper bound 0.57.
        (0, 1.5, 0.25, 0.73),
        (0, 1.5, 0.57, 0.54),
        # Saez (2001): the formula for tails of 2 and an elasticity of 0.25 and 0.5.
        (0, 2, 0.25, 2 / 3),
        (0, 2, 0.5, 0.5),
        (0.25, 2, 0.25, 0.6),
    ],
)
def test_top_rates_as_published(weight, pareto, elasticity, rate):
    assert saez_rate(weight, pareto, elasticity) == pytest.approx(rate, abs=0.005)


def test_the_top_rate_maximises_revenue_for_a_constant_elasticity():
    # Above z incomes react by the power e of the share kept: revenue is greatest at the formula's.
    e, pareto = 0.3, 2.0
    rates = np.linspace(0, 0.99, 99_001)
    mean = pareto / (pareto - 1)
    revenue = rates * (mean * (1 - rates) ** e - 1)
    # The tail as it is after the reaction.
    best = rates[np.argmax(revenue)]
    earned = mean * (1 - best) ** e
    local = earned / (earned - 1)
    assert best == pytest.approx(saez_rate(0, local, e), abs=1e-4)


def test_a_pareto_sample_has_constant_rates_without_weights():
    rng = np.random.default_rng(5)
    incomes = rng.pareto(3, 400_000) + 1
    # With weight 1 / income, E[w | above z] / E[w] = 1 / z for a Pareto law from 1 on.
    thresholds = [1.5, 2.0, 3.0]
    expected = [saez_rate(1 / z, 3, 0.25) for z in thresholds]
    assert saez_rates(incomes, thresholds, 0.25) == pytest.approx(expected, rel=0.02)


def test_tax_on_each_bracket():
    assert [tax_due(x, [2, 4], [0.5, 1]) for x in (-3, 2, 3, 4, 6)] == [0, 0, 0.5, 1, 3]


def test_shares_make_cooperation_dominant_from_the_threshold_on():
    rng = np.random.default_rng(2)
    for _ in range(200):
        s, p, r, t = np.sort(rng.uniform(-3, 5, 4))
        if 2 * r <= t + s:
            continue
        own = Dilemma(t, r, p, s).matrix()
        against_c = sharing_threshold(t - r, r - s)
        # Against a defector harm is what it lacks to its payoff against a cooperator.
        against_d = sharing_threshold(p - s, t - p)
        least = max(against_c, against_d)
        assert against_c == pytest.approx(2 * (t - r) / (t - s))
        for share, dominant in ((least + 1e-6, True), (least - 1e-6, False)):
            if 0 <= share <= 1:
                shared = (1 - share / 2) * own + share / 2 * own.T
                assert bool(weakly_dominant(shared, 0)) is dominant


def test_charges_make_cooperation_dominant_from_the_threshold_on():
    rng = np.random.default_rng(3)
    for _ in range(200):
        s, p, r, t = np.sort(rng.uniform(-3, 5, 4))
        charge = deterring_charge(Dilemma(t, r, p, s))
        for rate, dominant in ((charge * 1.001, True), (charge * 0.999, False)):
            after = np.array([[r, s], [t - rate * (r - s), p - rate * (r - p)]])
            assert bool(weakly_dominant(after, 0)) is dominant


def test_the_full_charge_is_enough_iff_giving_is_worth_it():
    for players in (2, 4, 10):
        for mpcr in np.linspace(0.01, 1, 37):
            assert (pigouvian_threshold(players, mpcr) <= 1) == (players * mpcr >= 1 - 1e-12)


def test_limits():
    assert sharing_threshold(0, 5) == 0 and sharing_threshold(2, 1) == math.inf
    assert vesting_threshold(0, 1, 1, 0) == 0 and vesting_threshold(1, 1, 1, 0) == math.inf
    assert saez_rate(1.5, 2, 1) == 0
    for call in (
        lambda: saez_rates([], [0]),
        lambda: saez_rates([1, 2], [3]),
        lambda: saez_rates([1, 2], [1, 0]),
        lambda: tax_due(1, [0, 1], [0.5]),
        lambda: pigouvian_threshold(4, 0),
        lambda: sharing_threshold(1, 1, seats=1),
        lambda: deterring_charge(Dilemma(1, 3, 0, 0)),
    ):
        with pytest.raises(ValueError):
            call()
