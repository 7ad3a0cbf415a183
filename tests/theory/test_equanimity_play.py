"""Play of those who let wrongs pass against theory: how feuds end, and how often one answers."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Decision, Institution, Scenario, param, per_agent, simulate
from posalign_sim.agents import (
    Abstaining,
    AltruisticPunisher,
    Cooperator,
    Defector,
    Equanimity,
    Retaliating,
    TitForTat,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import PeerPunishment
from posalign_sim.metrics import Cooperation, Deescalation
from posalign_sim.theory.memory_one import reactive, recovery_mean, transition_matrix
from posalign_sim.world.noise import Tremble
from posalign_sim.world.record import seats
from posalign_sim.world.sight import other_last

LUCK = np.random.default_rng()


class Whip(Institution):
    """Whoever was wronged may strike back, at a price; nothing else happens."""

    needs = ("interactions", "breach")
    used: int = per_agent(np.int64)

    whip = Decision("redress", ("spare", "strike"))

    @staticmethod
    def stakes_whip(w, own, i):
        return 0.0, 1.0, 3.0, 1.0

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            own.used[i] += own.whip[i]


def test_equanimity_damps_every_answer_to_a_wrong_by_the_same_factor():
    # With tit for tat, before an institution, and among peers: 1 - calm of what it would be.
    calm, rounds = 0.7, 40
    kind = Equanimity(calm=calm)
    arms = {
        "move": ([], TitForTat(disposition=kind)),
        "whip": ([Whip()], Cooperator(disposition=kind, conduct=Retaliating())),
        "punish": ([PeerPunishment()], Cooperator(disposition=kind, conduct=AltruisticPunisher())),
    }
    for name, (institutions, offended) in arms.items():
        pair = [offended, Defector(conduct=Abstaining())]
        made = Scenario(
            RepeatedDilemma(), pair, institutions=institutions, rounds=rounds, metrics=()
        )
        seed = int(LUCK.integers(2**31))
        run = simulate(made, 6, seed, mode="interpreted", progress=False, history=range(6))
        if name == "punish":  # it gives those no points who did nothing that it holds on to
            answered = run.history[2:]["peer_punishment"]["punish_points"][..., 0, 0] > 0
        else:
            module = "whip" if name == "whip" else "repeated_dilemma"
            answered = run.history[2:][module][name][..., 0] == 1
        assert abs(answered.mean() - (1 - calm)) < 4 * np.sqrt(calm * (1 - calm) / answered.size)


class Slip(TitForTat):
    """Tit for tat that defects once, in the first round, if it is told to."""

    slips: float = param(0, 0, 1)

    @staticmethod
    def move(p, i):
        if p.clock == 0 and p.params[i, 0] == 1:
            return 1
        return 0 if other_last(p, i) >= 0.5 else 1


EACH_CALM = 400
CALMS = np.repeat([0.2, 0.5, 0.8], EACH_CALM)
FEUDS, NOISY = len(CALMS), 0.05


@pytest.fixture(scope="module")
def feuding():
    """Two tit for tats: one slip and no noise, then noise and no slip; without calm at last."""
    calm = np.concatenate([CALMS, CALMS, np.zeros(2 * EACH_CALM)])
    slips = np.concatenate(
        [np.ones(FEUDS), np.zeros(FEUDS), np.ones(EACH_CALM), np.zeros(EACH_CALM)]
    )
    noise = NOISY * (1 - slips)
    made = Scenario(
        RepeatedDilemma(),
        [Slip(slips=s, disposition=Equanimity(calm=calm)) for s in (slips, np.zeros_like(slips))],
        noise=Tremble(probability=noise),
        metrics=[Cooperation(), Deescalation()],
        rounds=100,
    )
    table = simulate(made, len(calm), int(LUCK.integers(2**31)), progress=False).table()
    return table.assign(calm=calm, slips=slips)


def error(values):
    return 4 * values.std() / np.sqrt(len(values)) + 1e-9


def test_equanimity_ends_a_feud_by_chance_and_the_sooner_the_calmer(feuding):
    # One slip: each round the offended lets it pass with probability calm, so the feud lasts 1 /
    # calm rounds (of at most 32 that are told apart), and echoes (1 - calm) / calm times.
    last = np.inf
    for calm in np.unique(CALMS):
        feud = feuding[(feuding.slips == 1) & (feuding.calm == calm)]
        expected = (1 - (1 - calm) ** 32) / calm
        assert expected == pytest.approx(recovery_mean(*[reactive(1, calm)] * 2), rel=1e-3)
        assert abs(feud.recovery_rounds.mean() - expected) < error(feud.recovery_rounds)
        assert abs(feud.echo.mean() - (1 - calm) / calm) < error(feud.echo)
        assert feud.recovery_rounds.mean() < last
        last = feud.recovery_rounds.mean()
    # Without it tit for tat never makes peace again.
    feud = feuding[(feuding.slips == 1) & (feuding.calm == 0)]
    assert (feud.recovery_rounds == 32).all() and (feud.feud_survival == 1).all()


def test_tit_for_tat_with_equanimity_is_generous_tit_for_tat(feuding):
    for calm in (0, *np.unique(CALMS)):
        chain = transition_matrix(*[reactive(1, calm)] * 2, NOISY)
        state = np.outer(*[[1 - NOISY, NOISY]] * 2).ravel()  # both mean to cooperate at first
        expected = 0.0
        for _ in range(100):
            expected += (state[0] + state[1]) / 100
            state = state @ chain
        played = feuding[(feuding.slips == 0) & (feuding.calm == calm)].cooperation
        assert abs(played.mean() - expected) < error(played)
