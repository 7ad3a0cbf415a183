"""Mediators, contracts and pacts in play, against what theory says of them."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Abstaining, Compliant, Cooperator, Defector, Opportunist, PactPlayer
from posalign_sim.agents.pacts import STRATEGIES
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Contract, Mediation, Precommitment
from posalign_sim.metrics import Honesty

YES, NO = Compliant(), Abstaining()
DILEMMAS = [(5, 3, 1, 0), (3, 2, 1, 0), (5, 4, 3, 0), (6, 3, 1, -1), (4, 3, 2, 0.5)]
NAMES = ("temptation", "reward", "punishment", "sucker")


def dilemma(payoffs):
    return RepeatedDilemma(**dict(zip(NAMES, payoffs, strict=True)))


def payoff(game, row, column, law, worlds=1):
    """Points of `row` against `column`, by world."""
    scenario = Scenario(game, [row, column], institutions=[law], rounds=1, metrics=())
    run = simulate(scenario, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run.points[:, 0]


# --- transfers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("payoffs", DILEMMAS)
def test_cooperation_is_weakly_dominant_iff_the_transfer_covers_both_temptations(payoffs):
    """A defector pays t to its partner: dominant iff t >= max(T - R, P - S)."""
    temptation, reward, punishment, sucker = payoffs
    grid = np.arange(0, 8.125, 0.125)
    law = Contract(transfer=grid, fee=0)
    one, other = Cooperator(conduct=YES), Defector(conduct=YES)
    game = dilemma(payoffs)
    cc, cd, dc, dd = (
        payoff(game, a, b, law, len(grid)) for a in (one, other) for b in (one, other)
    )
    # The matrix itself, exactly.
    assert (cc == reward).all() and (dd == punishment).all()
    assert (cd == sucker + grid).all() and (dc == temptation - grid).all()
    dominant = (cc >= dc) & (cd >= dd)
    threshold = max(temptation - reward, punishment - sucker)
    assert (dominant == (grid >= threshold)).all()
    assert {(5, 3, 1, 0): 2, (3, 2, 1, 0): 1}.get(payoffs, threshold) == threshold


@pytest.fixture(scope="module")
def sweep():
    """Cooperation of opportunists in all dilemmas, by transfer and evidence: one batch."""
    grid = np.arange(0, 8.125, 0.125)
    which, transfer, evident = (
        a.ravel() for a in np.meshgrid(range(len(DILEMMAS)), grid, [0.5, 1.0], indexing="ij")
    )
    payoffs = np.array(DILEMMAS)[which].T
    game = RepeatedDilemma(**dict(zip(NAMES, payoffs, strict=True)))
    scenario = Scenario(
        game,
        [Opportunist(explore=0, learning=0, conduct=YES) for _ in range(2)],
        institutions=[Contract(transfer=transfer, evident=evident, fee=0)],
        rounds=1,
        metrics=[Honesty()],
    )
    run = simulate(scenario, len(which), mode="interpreted", progress=False)
    assert run.faults.empty
    return which, transfer, evident, run.table()["honesty"].to_numpy()


@pytest.mark.parametrize("which", range(len(DILEMMAS)))
def test_opportunists_cooperate_from_there_on(sweep, which):
    number, transfer, evident, honest = sweep
    temptation, reward, punishment, sucker = DILEMMAS[which]
    threshold = max(temptation - reward, punishment - sucker)
    mine = number == which
    assert (honest[mine] == (transfer * evident >= threshold)[mine]).all()
    for proof in (0.5, 1.0):
        enough = transfer[mine & (evident == proof) & (honest == 1)]
        assert enough.size == 0 or enough.min() == threshold / proof


# --- the mediator ---------------------------------------------------------------------------------


@pytest.mark.parametrize("payoffs", DILEMMAS)
def test_delegating_is_weakly_dominant_where_the_mediator_breaks_for_the_others(payoffs):
    """Monderer & Tennenholtz (2009): with the mediator cooperation is an equilibrium."""
    temptation, reward, punishment, sucker = payoffs
    game = dilemma(payoffs)
    acts = [Defector(conduct=YES), Cooperator(conduct=NO), Defector(conduct=NO)]
    law = Mediation(fallback=0, fee=0)
    matrix = np.array([[payoff(game, a, b, law)[0] for b in acts] for a in acts])
    assert matrix.tolist() == [
        [reward, temptation, punishment],
        [sucker, reward, sucker],
        [punishment, temptation, punishment],
    ]
    assert (matrix[0] >= matrix[1:]).all() and (matrix[0] > matrix[1:]).any(axis=1).all()
    # A mediator who keeps the word of whoever asks it is exploited: acting alone pays.
    trusting = Mediation(fallback=1, fee=0)
    matrix = np.array([[payoff(game, a, b, trusting)[0] for b in acts] for a in acts])
    assert matrix[2, 0] == temptation > matrix[0, 0] == reward


# --- pacts ----------------------------------------------------------------------------------------

ORDER = ("committing", "cooperating", "defecting", "fake", "free")


def pact_matrix(benefit, cost, arrangement, compensation):
    game = RepeatedDilemma.of("donation", benefit=benefit, cost=cost)
    law = Precommitment(arrangement=arrangement, compensation=compensation)
    return np.array(
        [[payoff(game, PactPlayer.of(a), PactPlayer.of(b), law)[0] for b in ORDER] for a in ORDER]
    )


def test_payoffs_of_pacts_by_hand():
    """Han et al. (2013): who commits, cooperates, defects, fakes, or rides free."""
    b, c, e, d = 4, 1, 0.25, 4
    assert set(ORDER) == set(STRATEGIES)
    assert pact_matrix(b, c, e, d).tolist() == [
        [b - c - e / 2, b - c - e, 0, -c + d - e, b - c - e],
        [b - c, b - c, -c, -c, -c],
        [0, b, 0, 0, 0],
        [b - d, b, 0, 0, 0],
        [b - c, b, 0, 0, 0],
    ]


def risk_dominates(matrix, one, other):
    """Whether a strategy is favoured over another where both are equally frequent."""
    i, j = ORDER.index(one), ORDER.index(other)
    return matrix[i, i] + matrix[i, j] > matrix[j, i] + matrix[j, j]


def test_committing_is_favoured_over_riding_free_and_faking_where_theory_says():
    """Iff arrangement < 2 (b - c) / 3, and iff compensation > c + 3 arrangement / 4."""
    for arrangement in (0, 1, 1.875, 2.125, 3):
        matrix = pact_matrix(4, 1, arrangement, 4)
        assert risk_dominates(matrix, "committing", "free") == (arrangement < 2 * 3 / 3)
    for compensation in (0, 1, 1.125, 1.25, 1.375, 4):
        matrix = pact_matrix(4, 1, 0.25, compensation)
        assert risk_dominates(matrix, "committing", "fake") == (compensation > 1 + 3 * 0.25 / 4)


def fixation(matrix, mutant, resident, agents, beta):
    """Probability that a mutant takes over, by imitation (Traulsen et al. 2006)."""
    total, product = 1.0, 1.0
    for k in range(1, agents):
        mine = (k - 1) * matrix[mutant, mutant] + (agents - k) * matrix[mutant, resident]
        theirs = k * matrix[resident, mutant] + (agents - k - 1) * matrix[resident, resident]
        product *= np.exp(-beta * (mine - theirs) / (agents - 1))
        total += product
    return 1 / total


def test_who_commits_is_most_of_an_imitating_population():
    """b = 4, c = 1, arrangement .25, compensation 4; 100 agents, intensity .1: .8015."""
    matrix, n = pact_matrix(4, 1, 0.25, 4), len(ORDER)
    moves = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                moves[i, j] = fixation(matrix, j, i, 100, 0.1) / (n - 1)
        moves[i, i] = 1 - moves[i].sum()
    shares = np.linalg.matrix_power(moves, 2**30)[0]
    assert shares[ORDER.index("committing")] == pytest.approx(0.8015, abs=5e-5)
