"""Who counts: by the moves against what is written."""

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    AverageCopier,
    Cooperator,
    Defector,
    Feld,
    GoByRecentMajority,
    HardGoByMajority,
    ShortMem,
    Tullock,
)
from posalign_sim.envs import RepeatedDilemma
from tests.agents.matches import check_answers


def test_answers_to_scripts():
    check_answers(
        [
            (HardGoByMajority(), "CDCC", "DCDC"),
            (GoByRecentMajority(memory=3), "DDDCCC", "CDDDDC"),
            (GoByRecentMajority(memory=2, hard=1), "CDCCC", "DCDDC"),
            (GoByRecentMajority(memory=2), "CDCDDC", "CCCCCD"),
            (GoByRecentMajority(memory=1), "CDCDD", "CCDCD"),
            # Ten rounds of D; then six of ten, which is not three more than four: it copies.
            (ShortMem(), "D" * 11 + "CCCCDCC", "C" * 11 + "DDDDCDC"),
            (AverageCopier(first=1), "CCCC", "CCCC"),
            (AverageCopier(first=0), "DDDD", "DDDD"),
            (Tullock(), "D" * 13, "C" * 11 + "DD"),
            (Tullock(less=0), "C" * 13, "C" * 13),
            (Tullock(less=1), "C" * 13, "C" * 11 + "DD"),
            (Feld(final=1), "CDDCC", "CCDDC"),
            (Feld(final=0, rounds=1), "CCCC", "CDDD"),
        ]
    )


@pytest.mark.parametrize(
    ("agent", "opponent", "begins", "likely"),
    [
        (Tullock(less=0.3), Cooperator(), 11, lambda met: 0.7),
        (Feld(final=0.5, rounds=20), Cooperator(), 1, lambda met: max(0.5, 1 - 0.5 * met / 20)),
        (AverageCopier(first=0.25), Defector(), 0, lambda met: 0.25 if met == 0 else 0),
    ],
    ids=["tullock", "feld", "average_copier"],
)
def test_chances_are_what_they_are_said_to_be(agent, opponent, begins, likely):
    worlds, rounds = 50, 30
    made = Scenario(RepeatedDilemma(), [agent, opponent], rounds=rounds, metrics=())
    run = simulate(made, worlds, 3, mode="interpreted", progress=False)
    # A cooperation gives the partner 3 instead of 1, or 5 instead of 1 if it defects.
    base, gain = (0, 3) if isinstance(opponent, Cooperator) else (1, 4)
    rate = (run.points[:, 1].mean() - base * rounds) / gain
    chances = np.array([1.0] * begins + [likely(met) for met in range(begins, rounds)])
    error = np.sqrt((chances * (1 - chances)).sum() / worlds)
    assert abs(rate - chances.sum()) < 4 * error
