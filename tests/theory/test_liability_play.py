"""The judgment-proof problem: penalties deter as far as there are assets, or somebody stands in."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Cooperator, Defector, Opportunist
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Liability
from posalign_sim.theory import borne_penalty, deterring_assets

#: Chance that a breach is found.
DETECTION = 0.25
GAMES = {
    # What a breach gains, and what who breaks its word has earned by the time it is judged.
    "dilemma": (RepeatedDilemma(), lambda a: [a, Cooperator()], 2.0, 5.0),
    "market": (MoralHazardMarket(), lambda a: {"seller": [a], "buyer": [Cooperator()]}, 1.0, 4.0),
}


def calculating():
    return Opportunist(patience=0, explore=0, learning=0)


def judge(fine):
    return Arbitration(accuracy=DETECTION, false_finding=0, refund=0, damages=0, fine=fine, fee=0)


def keeps_its_word(game, fine, worlds, **liability):
    """Whether each world's first mover keeps its word, in a batch of one round."""
    made, agents, *_ = GAMES[game]
    scenario = Scenario(
        made,
        agents(calculating()),
        institutions=[judge(fine), Liability(**liability)],
        rounds=1,
        metrics=(),
    )
    run = simulate(scenario, worlds, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    acts = run.worlds["interactions"]
    act = acts[np.arange(worlds), (acts["actor"][:, :2] == 0).argmax(axis=1)]
    return act["cooperation"] == 1


def grid():
    """Fines, and credit below zero: what an agent owns besides what it has just earned."""
    return (a.ravel() for a in np.meshgrid(np.arange(0.5, 16), np.arange(0.0, 8), indexing="ij"))


@pytest.mark.parametrize("game", GAMES)
def test_the_threshold_moves_with_the_lesser_of_penalty_and_assets(game):
    """Shavell (1986): who has assets A is deterred by F as by min(F, A)."""
    gain, earned = GAMES[game][2:]
    fines, credit = grid()
    kept = keeps_its_word(game, fines, len(fines), credit=credit)
    bites = [borne_penalty(f, DETECTION, c + earned) for f, c in zip(fines, credit, strict=True)]
    assert (kept == (np.array(bites) >= gain)).all()
    assert 0.1 < kept.mean() < 0.9
    # However great the fine, who has less than the gain over that chance is not deterred.
    least = deterring_assets(gain, 1e6, DETECTION)
    credit = np.arange(0.05, 10, 0.1)
    kept = keeps_its_word(game, 1e5, len(credit), credit=credit)
    assert (kept == (credit + earned >= least)).all()


@pytest.mark.parametrize("game", GAMES)
def test_an_owner_who_passes_it_on_restores_the_threshold(game):
    gain, earned = GAMES[game][2:]
    fines, credit = grid()
    owners = {"owner": [0, 1], "credit": credit}
    kept = keeps_its_word(game, fines, len(fines), recourse=1, **owners)
    assert (kept == (DETECTION * fines >= gain)).all()
    for share in (0.3, 0.8):
        kept = keeps_its_word(game, fines, len(fines), recourse=share, **owners)
        bites = [
            borne_penalty(f, DETECTION, c + earned, share)
            for f, c in zip(fines, credit, strict=True)
        ]
        assert (kept == (np.array(bites) >= gain)).all()


def test_an_insurer_makes_victims_good_and_deters_nobody_by_itself():
    """Shavell (1986): compulsory insurance deters only where it is rated by experience."""
    fines = np.arange(8.5, 40)
    terms = {"insured": 1, "premium": 0}
    bare = keeps_its_word("dilemma", fines, len(fines))
    assert not bare.any()
    assert (keeps_its_word("dilemma", fines, len(fines), **terms) == bare).all()
    assert keeps_its_word("dilemma", fines, len(fines), recourse=1, **terms).all()


@pytest.mark.parametrize(
    ("liability", "assets", "passed_on"),
    [
        ({}, 5, 0),
        ({"credit": 4}, 9, 0),
        ({"owner": [0, 1], "recourse": 0.5}, 5, 0.5),
        ({"insured": 1, "premium": 0, "recourse": 1}, 5, 1),
    ],
)
def test_what_a_breach_costs_in_points(liability, assets, passed_on):
    """What is announced is what happens, on average."""
    worlds, fine = 200, 12
    made = Scenario(
        RepeatedDilemma(),
        [Defector(), Cooperator()],
        institutions=[judge(fine), Liability(**liability)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, worlds, 5, mode="interpreted", progress=False)
    lost = 5 - run.points[:, 0]
    error = lost.std(ddof=1) / np.sqrt(worlds)
    assert abs(lost.mean() - borne_penalty(fine, DETECTION, assets, passed_on)) < 4 * error


def test_a_higher_penalty_never_makes_for_more_cheating():
    fines = np.arange(0.0, 40)
    for terms in ({}, {"credit": 3}, {"owner": [0, 1], "recourse": 0.4}, {"insured": 1}):
        kept = keeps_its_word("dilemma", fines, len(fines), **terms)
        assert (np.diff(kept.astype(int)) >= 0).all()
