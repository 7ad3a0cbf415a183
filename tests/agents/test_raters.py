"""Raters: whom each of them favours or attacks, and what it leaves alone."""

from __future__ import annotations

import pytest

from posalign_sim import ConfigurationError, Scenario, simulate
from posalign_sim.agents import (
    BadMouther,
    BallotStuffer,
    CliqueRater,
    Cooperator,
    Defector,
    HonestRater,
    Opportunist,
    SilentRater,
)
from posalign_sim.envs import PublicGoods
from posalign_sim.institutions import Arbitration, EigenTrust, Ratings
from posalign_sim.testing import check_scenario


def marks(conduct):
    """What the first of four says of a cheat, a giver and another cheat, in this order."""
    scenario = Scenario(
        PublicGoods(),
        [Cooperator(conduct=conduct), Defector(), Cooperator(), Defector()],
        institutions=[Ratings()],
        rounds=1,
        metrics=(),
    )
    own = simulate(scenario, mode="interpreted", progress=False).worlds["ratings"]
    rated = own["marks_weight"][0].reshape(4, 4)[0] > 0
    total = own["marks_total"][0].reshape(4, 4)[0]
    return [float(total[j]) if rated[j] else None for j in (1, 2, 3)]


@pytest.mark.parametrize(
    ("conduct", "said"),
    [
        (None, [0, 1, 0]),
        (HonestRater(), [0, 1, 0]),
        (HonestRater(error=1), [1, 0, 1]),
        (SilentRater(), [None] * 3),
        (BallotStuffer(), [1, 1, 1]),
        (BallotStuffer(first=3), [0, 1, 1]),
        (BallotStuffer(first=1, last=2), [1, 1, 0]),
        (BallotStuffer(last=0), [0, 1, 0]),
        (BadMouther(), [0, 0, 0]),
        (BadMouther(first=3), [0, 1, 0]),
        (BadMouther(first=2, last=3), [0, 0, 0]),
        (CliqueRater(first=3), [0, 0, 1]),
        (CliqueRater(first=1, last=3), [1, 1, 0]),
    ],
)
def test_what_it_says(conduct, said):
    assert marks(conduct) == said


def test_other_institutions_find_it_calculating():
    scenario = Scenario(
        PublicGoods(),
        [
            Opportunist(conduct=BallotStuffer()),
            Defector(conduct=BadMouther()),
            Cooperator(conduct=CliqueRater(last=0)),
            Opportunist(conduct=HonestRater(error=0.5)),
        ],
        institutions=[Ratings(), EigenTrust(), Arbitration()],
        rounds=2,
        metrics=(),
    )
    check_scenario(scenario, worlds=2)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match="has no parameter 'fist'"):
        BallotStuffer(fist=1)
    with pytest.raises(ConfigurationError, match=r"honest_rater.error = 2 is out of its range"):
        HonestRater(error=2)
