"""The zero-sum twin of every game: the sum does not depend on what anybody does, each part does."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Rematched, Scenario, Tremble, simulate
from posalign_sim.envs.views import ordinary
from posalign_sim.registry import known
from posalign_sim.testing.playing import opened, played

GAMES = [name for name, spec in known("games").items() if spec.customary]
ROUNDS, WORLDS, CONSTANT = 3, 3, 0.5


def twin(game: str) -> Scenario:
    made = ordinary(game, rounds=ROUNDS, twin=True, twin_constant=CONSTANT)
    if made.game.table == 2:
        made = made.replace(matching=Rematched())
    return made.replace(noise=Tremble(probability=0.1), events=1)


@pytest.mark.parametrize("game", GAMES)
def test_welfare_is_constant_and_shares_are_not(game):
    scenario = twin(game)
    stated = CONSTANT * scenario.agents * ROUNDS
    points = []
    ordinarily = simulate(scenario, WORLDS, 1, mode="interpreted", progress=False)
    outcomes = [ordinarily.worlds]
    for seed in (2, 3, 4):
        # Everybody decided from outside, at random among what is legal.
        session = opened(scenario, WORLDS, seed)
        for _ in played(session, seed):
            pass
        outcomes.append(session.worlds)
    for ws in outcomes:
        assert not ws["fault"].any()
        nature, _, outsiders = (ws["public"][:, k].astype(np.int64) for k in range(3))
        assert (nature == -round(stated * 1e6)).all(), "nature pays the constant, no unit more"
        assert (outsiders == 0).all()
        points.append(ws["balance"][:, : scenario.agents])
        institutions = ws["public"][:, 1] + ws["public"][:, 3:].sum(1)
        assert (points[-1].sum(1) + ws["held"].sum(1) + institutions == -nature).all()
    different = [(a != b).any() for a in points for b in points if a is not b]
    assert any(different), "nobody's points depend on what anybody does"
