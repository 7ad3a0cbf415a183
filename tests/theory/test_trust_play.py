"""Trust, gifts and indirect reciprocity in play, against what theory says of them."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Rematched, Scenario, param, run_until, simulate
from posalign_sim.agents import (
    CautiousInvestor,
    Cooperator,
    Discriminator,
    FixedTrust,
    Opportunist,
    Reciprocal,
)
from posalign_sim.envs import Donor, Trust
from posalign_sim.envs.trust import TrustSight
from posalign_sim.institutions import Reputation
from posalign_sim.world.norms import NORMS


class Wage(Agent):
    """Pays a fixed wage, in ticks."""

    ticks: float = param(0, 0, 100)

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        return 0, int(p.params[i, 0])


def pair(investor, trustee, game=None, worlds=1, **more):
    made = Scenario(
        game or Trust(),
        {"investor": [investor], "trustee": [trustee]},
        **{"rounds": 1, "metrics": (), **more},
    )
    return simulate(made, worlds, mode="interpreted", progress=False)


# --- trust and gifts -----------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_trusting_pays_from_a_return_of_one_in_factor_on(factor):
    share = np.arange(0, 101.0)
    game = Trust(factor=factor)
    gain = pair(FixedTrust(trust=1), FixedTrust(returned=share), game, 101).points[:, 0]
    assert gain == pytest.approx(10 * (factor * share / 100 - 1))
    half = pair(FixedTrust(trust=0.5), FixedTrust(returned=share), game, 101).points[:, 0]
    better = gain > half + 1e-9
    assert (better == (share > 100 / factor + 1e-9)).all()


def test_without_a_shadow_of_the_future_trust_unravels():
    """Backward induction: who gains by keeping all does, and who finds out sends nothing."""
    made = pair(
        CautiousInvestor(),
        Opportunist(explore=0, patience=[0.0, 0.3, 0.6]),
        worlds=3,
        rounds=30,
        institutions=[Reputation(strength="off")],
    )
    assert (made.worlds["sight"]["sent"][:, 0] == 0).all()
    assert (made.points[:, 0] < 0).all()


def test_trustees_keep_faith_from_a_patience_on():
    """Gain g = 20.1 now (of 30 received), rent r = 9.9 a round: honest from g / (g + r) = .67."""
    patience = np.arange(0.005, 1, 0.01)
    for visibility in (1.0, 0.5):
        made = Scenario(
            Trust(),
            {
                "investor": [Cooperator()],
                "trustee": [Opportunist(patience=1, explore=0, learning=0)],
            },
            institutions=[Reputation(weight=1, decay=0, upkeep=0, visibility=visibility)],
            rounds=None,
            continuation=patience,
            metrics=(),
        )
        ws = run_until(made, made.worlds(len(patience)), 1, "interpreted")
        kept = ws["trust"]["give_back"][:, 1] == 0
        threshold = 20.1 / (20.1 + visibility * 9.9)
        assert (kept == (patience >= threshold)).all()


def test_selfish_workers_are_paid_nothing_and_reciprocal_ones_well():
    """Fehr, Kirchsteiger & Riedl (1993): the best wage follows how effort answers to it."""
    game, wages = Trust.of("gift_exchange"), np.arange(0, 101.0)
    shirked = pair(Wage(ticks=wages), FixedTrust(returned=0), game, 101).points
    assert shirked[1:, 0] == pytest.approx(10 - wages[1:])
    assert shirked[1:, 0].argmax() == 0
    worked = pair(Wage(ticks=wages), Reciprocal(), game, 101)
    effort = worked.worlds["trust"]["give_back_share"][1:, 1]
    assert (np.diff(effort) >= 0).all() and effort[0] == 0 and effort[-1] == 100
    best = wages[worked.points[:, 0].argmax()]
    # Where effort rises fastest with the wage: at the one whose equal split is all.
    assert best == 59
    assert (worked.points[59] == [41, 41]).all()


# --- indirect reciprocity ------------------------------------------------------------------------

AGENTS = 40


def crowd(game, worlds, looks, agents=AGENTS, share=1.0, to_good=1.0, seed=0):
    """Worlds at some rounds: a `share` of seats are discriminators, the others defectors."""
    first = np.rint(np.broadcast_to(share, worlds) * agents)
    good = np.broadcast_to(to_good, worlds)
    seats = [
        Discriminator(
            to_good=np.where(k < first, good, 0.0), to_unknown=np.where(k < first, good, 0.0)
        )
        for k in range(agents)
    ]
    made = Scenario(game, seats, matching=Rematched(), rounds=max(looks), metrics=())
    ws = made.worlds(worlds, seed)
    for clock in looks:
        run_until(made, ws, clock)
        yield ws


def test_discriminators_are_worth_it_above_a_share():
    """Nowak & Sigmund (1998), Nowak (2006): indifferent at c (1 - q) / (q (b - c)) = 1/2."""
    q, benefit, cost = 0.5, 3.0, 1.0
    threshold = cost * (1 - q) / (q * (benefit - cost))
    assert threshold == 0.5
    worlds, burn, rounds = 300, 60, 160
    share = np.repeat([0.25, 0.5, 0.75], worlds // 3)
    looks = crowd(Donor.of("standing", known=q), worlds, (burn, rounds), share=share)
    before, after = [ws["balance"][:, :AGENTS] / 1e6 for ws in looks]
    points = (after - before) / (rounds - burn)
    for part in (0.25, 0.5, 0.75):
        count = int(part * AGENTS)
        rows = points[share == part]
        mine = rows[:, :count].mean(1)
        theirs = rows[:, count:].mean(1)
        # A seat does not meet itself; it gives, and is given to, in every second round.
        met = (count - 1) / (AGENTS - 1)
        expected = (met * (benefit - cost) - cost * (1 - q) * (1 - met)) / 2
        assert abs(mine.mean() - expected) < 4 * mine.std() / 10
        expected = benefit * (1 - q) * count / (AGENTS - 1) / 2
        assert abs(theirs.mean() - expected) < 4 * theirs.std() / 10
        gain = mine - theirs
        error = 4 * gain.std() / 10
        if part == threshold:
            # In a population without end nothing; here, less what it would get from itself.
            assert abs(gain.mean()) < error + benefit / AGENTS
        else:
            assert np.sign(gain.mean()) == np.sign(part - threshold)
            assert abs(gain.mean()) > error


#: Ohtsuki & Iwasa (2004): errors of execution and of assessment of one in a hundred.
ERROR = 0.01
#: Share of the good: (1 - a) / (1 + e (1 - 2 a)), or its like where refusing the bad is bad.
GOOD = {
    "stern_judging": 50 / 51,
    "simple_standing": 50 / 51,
    "image_scoring": ERROR / 0.0298,
    "shunning": ERROR / 0.0298,
}


def test_norms_with_errors_when_everybody_thinks_alike():
    """Good 50/51 and cooperation 33/34 under two norms; cooperation .3322 under two others."""
    each, looks = 100, range(250, 500, 25)
    names = list(GOOD)
    norm = np.repeat(np.arange(4), each)
    game = Donor(
        norm=[NORMS[names[k]] for k in norm],
        assessment_error=ERROR,
        both=1,
    )
    thought, gave = [], []
    for ws in crowd(game, 4 * each, looks, to_good=1 - ERROR, seed=1):
        thought.append(ws["donor"]["opinions"][:, 0, :AGENTS].mean(1))
        gave.append((ws["donor"]["donate"][:, :AGENTS] == 0).mean(1))
    for k, name in enumerate(names):
        good = np.mean(thought, 0)[norm == k]
        cooperation = np.mean(gave, 0)[norm == k]
        assert abs(good.mean() - GOOD[name]) < 4 * good.std() / np.sqrt(each)
        expected = GOOD[name] * (1 - ERROR)
        assert abs(cooperation.mean() - expected) < 4 * cooperation.std() / np.sqrt(each)
    assert GOOD["stern_judging"] * (1 - ERROR) == pytest.approx(33 / 34)
    assert GOOD["shunning"] * (1 - ERROR) == pytest.approx(0.3322, abs=5e-5)


def test_norms_with_errors_when_everybody_has_an_opinion_of_its_own():
    """Uchida & Sasaki (2013): .50, .81 and .11 of opinions are good if one in ten errs."""
    agents, looks = 200, range(60, 120, 10)
    names = ["stern_judging", "simple_standing", "shunning"]
    game = Donor(
        norm=[NORMS[name] for name in names],
        assessment_error=0.1,
        both=1,
        observed=[1.0] * agents,
    )
    good = [
        ws["donor"]["opinions"][:, :agents, :agents].mean((1, 2))
        for ws in crowd(game, 3, looks, agents, seed=2)
    ]
    assert np.mean(good, 0) == pytest.approx([0.50, 0.81, 0.11], abs=0.02)
