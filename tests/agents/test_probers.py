"""Who tries what it can get away with: by the moves against what is written."""

import numpy as np

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    CollectiveStrategy,
    Cooperator,
    Detective,
    GladsteinTester,
    GradualKiller,
    Handshake,
    HardProber,
    NaiveProber,
    Prober,
    Prober2,
    Prober3,
    RemorsefulProber,
    TitForTat,
)
from posalign_sim.envs import RepeatedDilemma
from tests.agents.matches import check_answers, play


def test_answers_to_scripts():
    check_answers(
        [
            (Prober(), "CCCCC", "DCCDD"),
            (Prober(), "CDCDC", "DCCCD"),
            (Prober2(), "CDCDD", "DCCCC"),
            (Prober2(), "CCCDC", "DCCCD"),
            (Prober3(), "CCCC", "DCDD"),
            (Prober3(), "CDCDC", "DCDCD"),
            (HardProber(), "CCCCC", "DDCCD"),
            (HardProber(), "CDCCDC", "DDCCCD"),
            (NaiveProber(probing=0), "CDDC", "CCDD"),
            (NaiveProber(probing=1), "CCCC", "CDDD"),
            # It probes, is answered, and lets that pass.
            (RemorsefulProber(probing=1), "CCDCC", "CDDCD"),
            (RemorsefulProber(probing=0), "CDDC", "CCDD"),
            (GladsteinTester(), "CCCCCC", "DCCDCD"),
            (GladsteinTester(), "CDCDC", "DCCCD"),
            (Handshake(), "CDDD", "CDCC"),
            (Handshake(), "CCCC", "CDDD"),
            (CollectiveStrategy(), "CDCDC", "CDCCD"),
            (CollectiveStrategy(), "DDCCC", "CDDDD"),
            (Detective(), "CCCCC", "CDCCD"),
            (Detective(), "CDCCDC", "CDCCCD"),
            (GradualKiller(), "CCCCCDDCC", "DDDDDCCDD"),
            (GradualKiller(), "CCCCCDCDC", "DDDDDCCCC"),
        ]
    )


def test_who_meets_its_own_kind_and_who_meets_tit_for_tat():
    hand, collective, tester, remorseful = play(
        [
            (Handshake(), Handshake()),
            (CollectiveStrategy(), Handshake()),
            (GladsteinTester(), TitForTat()),
            (RemorsefulProber(probing=1), TitForTat()),
        ],
        8,
    )
    assert hand.done == ("CDCCCCCC", "CDCCCCCC")
    assert collective.done == ("CDCCCCCC", "CDCCCCCC")
    # An apology, and peace.
    assert tester.done == ("DCCCCCCC", "CDCCCCCC")
    # C, then D; the answer is let pass: no feud follows a probe.
    assert remorseful.done == ("CDDCDDCD", "CCDDCDDC")


def test_probes_are_as_frequent_as_they_are_said_to_be():
    worlds, rounds = 80, 21
    made = Scenario(
        RepeatedDilemma(), [NaiveProber(probing=0.2), Cooperator()], rounds=rounds, metrics=()
    )
    run = simulate(made, worlds, 4, mode="interpreted", progress=False)
    probes = (3 * rounds - run.points[:, 1]).mean() / 3
    assert abs(probes - 0.2 * 20) < 4 * np.sqrt(0.2 * 0.8 * 20 / worlds)
