"""Private opinions in play: what becomes of them where everybody sees all and errs alone."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Rematched, Scenario, simulate
from posalign_sim.agents import Honest
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Opinions
from posalign_sim.theory import private_good_share
from posalign_sim.world.norms import NORMS

SEATS, ROUNDS, WORLDS = 200, 50, 6
#: Among 200 seats who all see everything and misjudge one act in ten.
KNOWN = {"stern_judging": 0.50, "simple_standing": 0.81, "shunning": 0.11}


def test_solver_on_what_can_be_worked_out_by_hand():
    # Who shuns by image alone: m = a + (1 - 2 a) (1 - e) m.
    for a, e in ((0.1, 0.0), (0.05, 0.1), (0.3, 0.02)):
        by_hand = a / (1 - (1 - 2 * a) * (1 - e))
        assert private_good_share(NORMS["image_scoring"], a, e) == pytest.approx(by_hand, abs=1e-9)
    # Stern judging cannot tell: by symmetry half of all opinions are good.
    for a in (0.01, 0.1, 0.4):
        assert private_good_share(NORMS["stern_judging"], a) == pytest.approx(0.5, abs=1e-9)
    # Whoever judges by the toss of a coin finds half good.
    for norm in ("shunning", "simple_standing"):
        assert private_good_share(NORMS[norm], 0.5) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("norm", ["shunning", "simple_standing", "stern_judging"])
def test_solver_agrees_with_many_draws_of_the_chain(norm):
    rng = np.random.default_rng()
    bits = [NORMS[norm] >> k & 1 for k in range(8)]
    error, slips = 0.1, 0.05
    good = np.full(200_000, 0.9)
    for _ in range(60):
        recipient = rng.permutation(good)
        keeps = rng.random(len(good)) < (1 - slips) * recipient
        kept = recipient * bits[0] + (1 - recipient) * bits[1]
        broken = recipient * bits[4] + (1 - recipient) * bits[5]
        good = error + (1 - 2 * error) * np.where(keeps, kept, broken)
    # Those who met the same recipients are alike for a few steps: allow for it.
    margin = 4 * 3 * good.std() / np.sqrt(len(good))
    assert abs(good.mean() - private_good_share(NORMS[norm], error, slips)) < margin + 1e-12


def test_solver_refuses_what_it_cannot_solve():
    with pytest.raises(ValueError, match="actor's own standing"):
        private_good_share(NORMS["standing"], 0.1)
    with pytest.raises(ValueError, match="assessment_error is 0"):
        private_good_share(NORMS["shunning"], 0)


def test_good_opinions_are_as_many_as_theory_says():
    names = list(KNOWN)
    norms = np.repeat([NORMS[n] for n in names], 2 * WORLDS).astype(float)
    errors = np.tile(np.repeat([0.1, 0.05], WORLDS), len(names))
    scenario = Scenario(
        RepeatedDilemma.of("donation"),
        [Honest()] * SEATS,
        matching=Rematched(),
        institutions=[Opinions(norm=norms, error=errors)],
        rounds=ROUNDS,
        metrics=(),
    )
    made = simulate(scenario, len(norms), 5, progress=False)
    room = scenario.structure.capacity
    opinions = made.worlds["opinions"]["opinion"].reshape(-1, room, room)[:, :SEATS, :SEATS]
    good = (opinions >= 0.5)[:, ~np.eye(SEATS, dtype=bool)].mean(axis=1)
    good = good.reshape(len(names), 2, WORLDS)
    for k, name in enumerate(names):
        assert abs(good[k, 0].mean() - KNOWN[name]) < 0.02
        for row, error in enumerate((0.1, 0.05)):
            spread = 4 * good[k, row].std(ddof=1) / np.sqrt(WORLDS)
            # Theory is for ever so many seats: one of 200 more or less.
            wanted = private_good_share(NORMS[name], error)
            assert abs(good[k, row].mean() - wanted) < spread + 1 / SEATS
    # Opinions are what seats act on: whoever thinks well of its partner gives.
    acts = made.worlds["interactions"]["cooperation"][:, :SEATS].mean(axis=1)
    acts = acts.reshape(len(names), 2, WORLDS).mean(axis=2)
    assert np.abs(acts - good.mean(axis=2)).max() < 0.06
