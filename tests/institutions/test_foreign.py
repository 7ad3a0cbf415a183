"""An institution that the package has never heard of: agents answer to what it does, unchanged."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Institution, Scenario, param, run_until, simulate
from posalign_sim.agents import Cooperator, DiscriminatingBuyer, Opportunist
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration
from posalign_sim.metrics import Honesty
from posalign_sim.testing import check_institution
from posalign_sim.theory import Dilemma, deterring_fine
from posalign_sim.world.accounts import treasury
from posalign_sim.world.conduct import answers, breached, penalise
from posalign_sim.world.draws import draw


class Inspection(Institution):
    """An inspector sees a breach with some probability, and fines it."""

    needs = ("interactions", "breach")

    fine: float = param(1, 0, 1e6, "points")
    detection: float = param(1, 0, 1, "probability")

    @staticmethod
    def announce(w, own):
        w.sight.loss_if_breach[own.place] += own.detection * own.fine

    @staticmethod
    def redress(w, own):
        for k in range(w.interaction_count):
            x = w.interactions[k]
            if breached(w, x) and draw(w, own, x.actor, 0) < own.detection:
                penalise(w, answers(w, own, x.actor), treasury(own), own.fine)


class Unannounced(Institution):
    """The same, but nobody is told."""

    needs = ("interactions", "breach")

    fine: float = param(1, 0, 1e6, "points")

    @staticmethod
    def redress(w, own):
        for k in range(w.interaction_count):
            x = w.interactions[k]
            if breached(w, x):
                penalise(w, answers(w, own, x.actor), treasury(own), own.fine)


def market(*institutions, seller=None, **more):
    return Scenario(
        MoralHazardMarket(),
        {
            "seller": [seller or Opportunist(explore=0, learning=0)],
            "buyer": [DiscriminatingBuyer()],
        },
        institutions=institutions,
        **{"rounds": 1, "metrics": [Honesty()], **more},
    )


def honesty(made, worlds):
    return simulate(made, worlds, 1, mode="interpreted").table()["honesty"].to_numpy()


def test_the_threshold_in_a_market_is_where_theory_puts_it():
    """Becker (1968): honest iff detection times fine is at least the gain, here 1 point."""
    fines = np.round(np.arange(0.5, 1.5, 0.02), 2)
    honest = honesty(market(Inspection(fine=fines)), len(fines))
    assert (honest == (fines >= 1)).all()
    detection, fine = (a.ravel() for a in np.meshgrid(np.linspace(0.1, 1, 10), np.arange(0.5, 9)))
    honest = honesty(market(Inspection(fine=fine, detection=detection)), len(fine))
    assert (honest == (fine * detection >= 1 - 1e-9)).all()
    assert 0.2 < honest.mean() < 0.9


@pytest.mark.parametrize("payoffs", [(5, 3, 1, 0), (3, 2, 1, 0), (5, 4, 3, 0), (6, 3, 1, -1)])
def test_the_threshold_in_a_dilemma_is_where_theory_puts_it(payoffs):
    """Becker (1968): max(T - R, P - S) by detection."""
    game = dict(zip(("temptation", "reward", "punishment", "sucker"), payoffs, strict=True))
    fines = np.arange(0, 6, 0.25)
    for detection in (1, 0.5):
        made = Scenario(
            RepeatedDilemma(**game),
            [Opportunist(explore=0, learning=0), Opportunist(explore=0, learning=0)],
            institutions=[Inspection(fine=fines, detection=detection)],
            rounds=1,
            metrics=[Honesty()],
        )
        enough = deterring_fine(Dilemma(*payoffs), detection)
        assert (honesty(made, len(fines)) == (fines >= enough)).all()


def test_it_adds_to_what_is_already_there():
    # Half of the penalty from each: together they deter, alone neither does.
    judge = {"accuracy": 0.1, "false_finding": 0}
    assert honesty(market(Arbitration(**judge)), 1) == 0
    assert honesty(market(Inspection(fine=0.5)), 1) == 0
    assert honesty(market(Arbitration(**judge), Inspection(fine=0.5)), 1) == 1


def test_fines_arrive_in_the_treasury_as_often_as_inspectors_see():
    worlds, rounds, detection = 100, 20, 0.3
    made = market(
        Inspection(fine=0.5, detection=detection),
        seller=Opportunist(explore=0, learning=0),
        rounds=rounds,
        metrics=(),
    )
    run = simulate(made, worlds, 1, mode="interpreted")
    fined = run.worlds["public"][:, 3] / 5e5
    error = np.sqrt(detection * (1 - detection) * rounds / worlds)
    assert abs(fined.mean() - detection * rounds) < 4 * error
    assert (run.points[:, 0] == 4 * rounds - 0.5 * fined).all()


def test_what_was_never_announced_is_learnt():
    worlds = 100
    made = market(Unannounced(fine=[3] * 50 + [0] * 50), seller=Opportunist(), rounds=60)
    ws = made.worlds(worlds, 1)
    run_until(made, ws, 2, "interpreted")
    early = ws["honesty"]["honest"] / 2
    run_until(made, ws, 30, "interpreted")
    middle = ws["honesty"].copy()
    run_until(made, ws, 60, "interpreted")
    late = (ws["honesty"]["honest"] - middle["honest"]) / (ws["honesty"]["bound"] - middle["bound"])
    assert early.mean() < 0.3
    # It keeps its word but for what it tries out, and goes on breaking it where nothing happens.
    assert abs(late[:50].mean() - 0.95) < 0.03
    assert abs(late[50:].mean() - 0.05) < 0.03


def test_it_passes_the_contract_as_our_own_do():
    check_institution(Inspection(), [market(seller=Cooperator(), rounds=3, metrics=())])
