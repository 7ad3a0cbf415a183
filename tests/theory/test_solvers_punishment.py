"""Solvers of sanctions against brute force, and against each other."""

from __future__ import annotations

import itertools
import math

import pytest

from posalign_sim.theory import (
    deterring_audit_rate,
    deterring_points,
    exclusion_cost,
    graduated_fine,
    joining_pays,
    pool_deters,
    public_good_points,
    relapse_share,
    unbroken_probability,
)


def test_fehr_and_gaechters_numbers():
    assert public_good_points([20] * 4, 20, 0.4).tolist() == [32] * 4
    assert public_good_points([0] * 4, 20, 0.4).tolist() == [20] * 4
    assert public_good_points([20, 20, 20, 0], 20, 0.4)[3] == 44
    assert deterring_points(20, 0.4, ratio=3) == pytest.approx(4, abs=1e-9)


def lived_share(gain, forgiven, rounds=5000, **terms):
    """The same cycle, lived through round by round."""
    record = good = broken = 0
    for _ in range(rounds):
        if graduated_fine(record, **terms) < gain:
            broken, record, good = broken + 1, record + 1, 0
        else:
            good += 1
            if good >= forgiven:
                record = 0
    return broken / rounds


@pytest.mark.parametrize("forgiven", [1, 4])
@pytest.mark.parametrize("warnings", [0, 1, 3])
@pytest.mark.parametrize(("fine", "factor"), [(0, 2), (1, 1), (0.5, 2), (3, 1.5)])
def test_the_relapse_share_is_that_of_who_lives_through_it(fine, factor, warnings, forgiven):
    terms = {"fine": fine, "factor": factor, "most": 8, "warnings": warnings}
    for gain in (0.25, 1, 2, 7.9, 9):
        share = relapse_share(gain, forgiven=forgiven, **terms)
        assert lived_share(gain, forgiven, **terms) == pytest.approx(share, abs=0.01)


def test_dearer_fines_never_make_more_relapses():
    fines = [0.1 * k for k in range(1, 60)]
    shares = [relapse_share(2, fine, 2, 8, forgiven=5) for fine in fines]
    assert all(a >= b for a, b in itertools.pairwise(shares))
    assert shares[0] > shares[-1]


def test_pools_audits_and_exclusions_at_their_edges():
    assert pool_deters(12, fee=1, leverage=4, payers=3)
    assert not pool_deters(12, fee=1, leverage=3.99, payers=3)
    assert joining_pays(0.5, 2) and not joining_pays(0.5, 1.9)
    rate = deterring_audit_rate(2, 0.9, 0.4, 8)
    assert rate * (0.9 - 0.4) * 8 == pytest.approx(2)
    assert deterring_audit_rate(2, 0.3, 0.4, 8) == math.inf
    assert exclusion_cost(2, 3) == 6
    assert exclusion_cost(2, 1000, 0.8) == pytest.approx(2 * 0.8 / 0.2)


def test_nobody_has_slipped():
    assert unbroken_probability(0, 100) == 1
    assert unbroken_probability(0.01, 10) == pytest.approx(0.99**20, abs=1e-12)
    # By the sum over which slip comes first.
    noise, rounds = 0.03, 7
    first = sum((1 - noise) ** k * noise for k in range(2 * rounds))
    assert unbroken_probability(noise, rounds) == pytest.approx(1 - first)


@pytest.mark.parametrize(
    "call",
    [
        lambda: graduated_fine(-1, 1, 2, 8),
        lambda: graduated_fine(1, 1, 0.5, 8),
        lambda: relapse_share(1, 1, 2, 8, forgiven=0),
        lambda: pool_deters(1, 1, 1, payers=0.5),
        lambda: joining_pays(-1, 1),
        lambda: deterring_audit_rate(1, 1.5, 0, 1),
        lambda: exclusion_cost(1, 1, continuation=2),
        lambda: unbroken_probability(2, 1),
    ],
)
def test_arguments_out_of_range_are_refused(call):
    with pytest.raises(ValueError, match="must"):
        call()
