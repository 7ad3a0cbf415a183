"""Contracts as institutions: the game that they make of another is the one that theory writes."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Random
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond
from posalign_sim.theory import (
    Dilemma,
    deterring_fine,
    deterring_transfer,
    matrix_after_fine,
    matrix_after_transfer,
    weakly_dominant,
)

AXELROD, SMALL = (5, 3, 1, 0), (3, 2, 1, 0)


def certain(**terms):
    """An arbiter who never errs and costs nothing, and before whom everybody who is hurt goes."""
    return Arbitration(accuracy=1, false_finding=0, refund=0, fee=0, **terms)


CONTRACTS = {
    "damages": lambda t: certain(damages=t),
    "bond": lambda t: Bond(stake=t, evident=1, fee=0),
    "bond on a finding": lambda t: (certain(), Bond(stake=t, evident=0, fee=0)),
}


def simulated(games, *institutions):
    """`[games, 2, 2]` points of the first seat by its choice and the other's, in one batch."""
    games = np.repeat(np.asarray(games, float), 4, axis=0)
    own, other = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (len(games) // 4, 1)).T
    names = ("temptation", "reward", "punishment", "sucker")
    made = Scenario(
        RepeatedDilemma(**dict(zip(names, games.T, strict=True))),
        [Random(cooperation=1 - own), Random(cooperation=1 - other)],
        institutions=institutions,
        rounds=1,
        metrics=(),
    )
    run = simulate(made, len(games), mode="interpreted")
    assert run.faults.empty
    # Who meets whom the other way round has the other's points.
    np.testing.assert_array_equal(
        run.points[:, 1].reshape(-1, 2, 2), run.points[:, 0].reshape(-1, 2, 2).swapaxes(1, 2)
    )
    return run.points[:, 0].reshape(-1, 2, 2)


def stack(contract, terms):
    made = CONTRACTS[contract](np.repeat(terms, 4))
    return made if isinstance(made, tuple) else (made,)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize(("payoffs", "enough"), [(AXELROD, 2), (SMALL, 1)])
def test_the_least_transfer_that_makes_cooperation_dominant(contract, payoffs, enough):
    """Varian (1994), Jackson & Wilkie (2005): max(T - R, P - S)."""
    terms = np.array([0, 0.5, enough - 0.01, enough, enough + 0.01, 4])
    matrices = simulated([payoffs] * len(terms), *stack(contract, terms))
    assert [weakly_dominant(m) for m in matrices] == (terms >= enough).tolist()
    assert weakly_dominant(matrices[-1]) and not weakly_dominant(matrices[-1], choice=1)
    np.testing.assert_allclose(matrices[3], matrix_after_transfer(Dilemma(*payoffs), enough))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_transfer_contract_makes_the_game_that_theory_writes(contract):
    """Any prisoner's dilemma, any transfer: at the threshold, just below, and anywhere."""
    rng = np.random.default_rng(30)
    # Multiples of a quarter, so that every sum of points is exact.
    gaps = rng.integers(1, 20, (40, 3)) / 4
    sucker = rng.integers(-12, 12, 40) / 4
    punishment, reward, temptation = sucker + np.cumsum(gaps, axis=1).T
    games = np.stack([temptation, reward, punishment, sucker], axis=1)
    enough = np.array([deterring_transfer(Dilemma(*game)) for game in games])
    for terms in (enough, enough - 0.25, rng.integers(0, 40, 40) / 4):
        matrices = simulated(games, *stack(contract, terms))
        for matrix, game, transfer in zip(matrices, games, terms, strict=True):
            payoffs = Dilemma(*game)
            np.testing.assert_array_equal(matrix, matrix_after_transfer(payoffs, transfer))
            assert weakly_dominant(matrix) == (transfer >= deterring_transfer(payoffs))
            # Nothing is made or lost by it.
            assert matrix[0, 1] + matrix[1, 0] == payoffs.temptation + payoffs.sucker


def test_a_fine_makes_the_game_that_theory_writes():
    """Becker (1968): to deter, a fine must be as large as a transfer; but it is gone."""
    terms = np.array([0, 1, 1.75, 2, 3])
    matrices = simulated([AXELROD] * 5, certain(fine=np.repeat(terms, 4)))
    # Filing is free here, so that who was hurt files though the fine goes to the treasury.
    for matrix, fine in zip(matrices, terms, strict=True):
        np.testing.assert_array_equal(matrix, matrix_after_fine(Dilemma(*AXELROD), fine))
        assert weakly_dominant(matrix) == (fine >= deterring_fine(Dilemma(*AXELROD)))


def test_two_contracts_add_up():
    # A finding also proves the breach on which the bond hangs: both are paid.
    both = simulated([AXELROD], certain(damages=1), Bond(stake=1, evident=0, fee=0))[0]
    np.testing.assert_array_equal(both, matrix_after_transfer(Dilemma(*AXELROD), 2))
