"""After one slip: generous pairs forgive by chance, win-stay pairs at once, tit for tat never."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, force, run_until
from posalign_sim.agents import GenerousTitForTat, TitForTat, WinStayLoseShift
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.metrics import Deescalation
from posalign_sim.metrics.deescalation import LONGEST
from posalign_sim.theory import (
    TIT_FOR_TAT,
    WIN_STAY_LOSE_SHIFT,
    generous_recovery_mean,
    reactive,
    recovery_distribution,
    recovery_mean,
)

SLIP = 3


def after_a_slip(agent, worlds=1, seed=0, rounds=100, mode="interpreted"):
    """What de-escalation reports of pairs that cooperate until seat 0 slips in round 3."""
    made = Scenario(
        RepeatedDilemma(), [agent, agent], metrics=[Deescalation()], rounds=rounds
    ).forceable()
    ws = run_until(made, made.worlds(worlds, seed), SLIP, mode)
    assert (ws["balance"] == 3_000_000 * SLIP).all()
    ws = run_until(made, force(made, ws, SLIP, "defect", seat=0), mode=mode)
    return Deescalation.report(ws["deescalation"], ws), ws


@pytest.mark.parametrize("q", [1 / 3, 0.1, 1.0])
def test_generous_pairs_recover_geometrically(q):
    """Molander (1985): each round the one who was hurt last forgives with chance q."""
    worlds = 20_000
    report, ws = after_a_slip(GenerousTitForTat(generosity=q), worlds, 1, 100, "compiled")
    took = report["recovery_rounds"]
    # Both seats are in the one feud, and tell the same length.
    assert (report["feuds"] == 1).all()
    ended = ws["deescalation"]["ended"]
    assert (ended[report["feud_survival"] == 0].max(axis=1) == 2).all()
    expected = recovery_distribution(reactive(1, q), reactive(1, q), LONGEST)
    for k in (1, 2, 3, 10):
        chance = expected[k - 1]
        bound = 4 * np.sqrt(max(chance * (1 - chance), 1e-12) / worlds)
        assert abs((took == k).mean() - chance) <= bound
    # A mean over so many rounds at most: what takes longer is cut off there.
    late = report["feud_survival"]
    beyond = (1 - q) ** (LONGEST - 1)
    assert abs(late.mean() - beyond) <= 4 * np.sqrt(beyond * (1 - beyond) / worlds)
    restricted = (1 - (1 - q) ** LONGEST) / q
    assert abs(took.mean() - restricted) <= 4 * took.std() / np.sqrt(worlds)
    assert restricted == pytest.approx(generous_recovery_mean(q) * (1 - (1 - q) ** 32), rel=1e-9)
    assert abs(took.mean() - 1.1 * restricted) > 4 * took.std() / np.sqrt(worlds)


def test_win_stay_pairs_recover_in_exactly_two_rounds():
    """Nowak & Sigmund (1993): (D, C), (D, D), (C, C)."""
    report, _ = after_a_slip(WinStayLoseShift())
    assert recovery_mean(WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT) == 2
    assert report["recovery_rounds"].tolist() == [2]
    assert report["feud_survival"].tolist() == [0]
    # Both defect in the round between, which each counts as its own and the other's breach.
    assert report["echo"].tolist() == [2]
    assert report["peak"].tolist() == [2]


def test_tit_for_tat_never_recovers():
    """Molander (1985), Axelrod (1984): the echo goes back and forth to the end, one a round."""
    report, ws = after_a_slip(TitForTat(), rounds=200)
    assert recovery_mean(TIT_FOR_TAT, TIT_FOR_TAT) == np.inf
    assert report["feud_survival"].tolist() == [1]
    assert report["recovery_rounds"].tolist() == [LONGEST]
    assert report["echo"].tolist() == [200 - SLIP - 1]
    assert report["peak"].tolist() == [1]
    # Who was hurt last hurts now: the slip is worth 5 + 0 every two rounds to both.
    assert ws["balance"].sum() == 1_000_000 * (6 * SLIP + 5 * (200 - SLIP))


def test_a_feud_that_the_end_cuts_off_counts_as_unfinished_not_as_short():
    report, ws = after_a_slip(TitForTat(), rounds=SLIP + 5)
    assert ws["deescalation"]["age"].tolist() == [[4, 4]]
    assert report["feud_survival"].tolist() == [1]
    assert report["recovery_rounds"].tolist() == [LONGEST]
