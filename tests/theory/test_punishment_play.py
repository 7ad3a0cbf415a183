"""The simulator plays what theory says of sanctions and of grim players who slip.

One compiled structure: two grim players, whose acts slip, in many worlds. The rest is interpreted.
"""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, Tremble, simulate
from posalign_sim.agents import AltruisticPunisher, Compliant, Cooperator, Grim, Opportunist
from posalign_sim.agents.contributors import give
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import PeerPunishment, PoolPunishment
from posalign_sim.theory import (
    deterring_points,
    pool_deters,
    public_good_points,
    unbroken_probability,
)
from posalign_sim.world.fields import param


def test_grim_players_who_slip_fall_out_as_soon_as_theory_says():
    worlds, checkpoints = 20_000, (1, 5, 20)
    noise = np.repeat([0.0, 0.01, 0.05], worlds // 4)
    for rounds in checkpoints:
        made = Scenario(
            RepeatedDilemma(),
            [Grim(), Grim()],
            noise=Tremble(probability=noise),
            rounds=rounds,
            metrics=(),
        )
        run = simulate(made, len(noise), rounds, progress=False)
        # Nobody ever defected: both have what cooperation earns, and nothing else sums to it.
        unbroken = (run.points == 3 * rounds).all(axis=1)
        for e in np.unique(noise):
            share = unbroken[noise == e]
            expected = unbroken_probability(e, rounds)
            error = np.sqrt(expected * (1 - expected) / len(share))
            assert abs(share.mean() - expected) <= 4 * error


class Share(Agent):
    """Gives a share of its endowment."""

    share: float = param(1, 0, 1, "share")

    @staticmethod
    def contribute(p, i):
        return give(p, p.params[i, 0])


@pytest.mark.parametrize("impact", [1.0, 3.0, 5.0])
def test_points_that_deter_whoever_keeps_a_part(impact):
    """Fehr & Gächter (2002): the gain of keeping x is .6 x; a point takes `impact` of it."""
    kept = np.arange(0, 21, 4)
    points = np.arange(0, 11)
    kept, given = (a.ravel() for a in np.meshgrid(kept, points, indexing="ij"))
    made = Scenario(
        PublicGoods(),
        [
            # Each point of punishment is for what is kept: all of them for who gives nothing.
            Cooperator(conduct=AltruisticPunisher(points=given.astype(float))),
            Cooperator(),
            Cooperator(),
            Share(share=1 - kept / 20),
        ],
        institutions=[PeerPunishment(impact=impact)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, len(kept), mode="interpreted", progress=False)
    hit = run.worlds["peer_punishment"]["suffered"][:, 3]
    assert (hit == np.rint(given * kept / 20)).all()
    for world in range(len(kept)):
        free = public_good_points([20, 20, 20, 20 - kept[world]], 20, 0.4)[3]
        assert run.points[world, 3] == pytest.approx(free - impact * hit[world], abs=1e-6)
        if kept[world]:
            pays = run.points[world, 3] > 32 + 1e-6
            least = deterring_points(float(kept[world]), 0.4, ratio=impact)
            assert pays == bool(hit[world] < least - 1e-9)


@pytest.mark.parametrize("payers", [1, 2, 3])
def test_a_pool_of_so_many_deters_from_the_leverage_on_that_theory_gives(payers):
    leverage = np.arange(0.25, 14, 0.5)
    seats = [Cooperator(conduct=Compliant()) for _ in range(payers)]
    made = Scenario(
        PublicGoods(),
        [*seats, Opportunist(explore=0, learning=0)],
        institutions=[PoolPunishment(fee=2, leverage=leverage, announced_payers=0)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, len(leverage), mode="interpreted", progress=False)
    gain = 20 * (1 - 1.6 / (payers + 1))
    breaks = run.worlds["interactions"]["cooperation"][:, payers] < 1
    expected = [not pool_deters(gain, 2, x, payers) for x in leverage]
    assert breaks.tolist() == expected and 0 < sum(expected) < len(expected)
