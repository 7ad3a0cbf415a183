"""Audits: rates and errors as stated, targeting, fines and costs, auditors who report or do not."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Rematched, Scenario, simulate, start
from posalign_sim.agents import (
    CapturedAuditor,
    CautiousAuditor,
    Cooperator,
    Defector,
    Opportunist,
    Random,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Arbitration, Audit, Bond, Reputation
from posalign_sim.theory import deterring_audit_rate

POINT = 1_000_000
SURE = {"rate": 1, "power": 1, "false_positive": 0, "cost": 0}


def duel(*seats, institutions=(), worlds=1, auditors=None, **more):
    made = Scenario(
        RepeatedDilemma(),
        seats,
        institutions=institutions,
        officials={"auditor": auditors} if auditors else None,
        **{"rounds": 1, "metrics": (), "events": 300, **more},
    )
    run = simulate(made, worlds, 5, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def test_a_finding_to_the_minor_unit():
    audit = Audit(**{**SURE, "cost": 0.125}, fine=1.5)
    run = duel(Defector(), Cooperator(), institutions=[audit])
    assert run.points[0].tolist() == [5 - 0.125 - 1.5, -0.125]
    assert run.worlds["public"][0].tolist() == [-5 * POINT, POINT // 4, 0, 3 * POINT // 2]
    log = run.events(0)
    found = log[log["kind"] == "finding"]
    assert found[["actor", "target", "first", "second"]].to_numpy().tolist() == [[0, 1, 1, 1]]


@pytest.mark.parametrize("kept", [0, 1])
def test_it_looks_and_errs_as_often_as_it_is_said_to(kept):
    rate, power, false = 0.4, 0.7, 0.2
    worlds, rounds = 100, 20
    run = duel(
        Random(cooperation=kept),
        Random(cooperation=kept),
        institutions=[Audit(rate=rate, power=power, false_positive=false, fine=0)],
        worlds=worlds,
        rounds=rounds,
        events=0,
    )
    own = run.worlds["audit"]
    acts = 2 * worlds * rounds
    looked = own["audits"].sum()
    assert abs(looked / acts - rate) < 4 * np.sqrt(rate * (1 - rate) / acts)
    likely = false if kept else power
    shown = own["found"].sum() / looked
    assert abs(shown - likely) < 4 * np.sqrt(likely * (1 - likely) / looked)
    assert (own["wrongful"] == (own["found"] if kept else 0)).all()
    assert (run.worlds["public"][:, 1] == own["audits"].sum(axis=1) * POINT // 10).all()


def test_suspects_are_audited_more_and_know_it():
    # Nobody is looked at by chance; whoever stands badly is, and for three rounds after a finding.
    record = Reputation(upkeep=0, decay=0)
    audit = Audit(**{**SURE, "rate": 0}, targeting=1, fine=1, watched=3)
    run = duel(Defector(), Cooperator(), institutions=[record, audit], rounds=5)
    assert run.worlds["audit"]["audits"][0].tolist() == [4, 0]
    assert run.worlds["sight"]["own_fine"][0].tolist() == [1, 0]
    # By its own findings alone: it must have looked once.
    audit = Audit(**{**SURE, "rate": 0.5}, targeting=0.5, fine=2, watched=1e9)
    run = duel(Defector(), Cooperator(), institutions=[audit], rounds=30)
    assert run.worlds["audit"]["found"][0, 0] > 20
    assert run.worlds["sight"]["own_fine"][0].tolist() == [1, 0]


def test_others_act_on_its_findings_and_it_leaves_alone_what_is_judged():
    bond = Bond(stake=2, evident=0, fee=0)
    audit = Audit(**SURE, fine=1)
    assert duel(Defector(), Cooperator(), institutions=[audit, bond]).points[0].tolist() == [2, 2]
    assert duel(Defector(), Cooperator(), institutions=[bond, audit]).points[0].tolist() == [4, 0]
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, fee=0, fine=3)
    run = duel(Defector(), Cooperator(), institutions=[judge, audit])
    assert run.points[0].tolist() == [2, 0]
    assert run.worlds["audit"]["audits"][0].tolist() == [0, 1]


def test_an_auditor_decides_what_is_reported_and_is_measured():
    audit = Audit(**{**SURE, "false_positive": 1}, fine=1)
    honest, captured = Cooperator(), Cooperator(conduct=CapturedAuditor())
    run = duel(Defector(), Cooperator(), institutions=[audit], auditors=[honest])
    assert run.points[0].tolist() == [4, -1, 0]
    own = run.worlds["audit"][0]
    # It reported all, right and wrong.
    assert (own["reported"][2], own["hushed"][2], own["decided_right"][2]) == (2, 0, 1)
    assert run.worlds["findings"]["finder"][0, :2].tolist() == [2, 2]
    run = duel(Defector(), Cooperator(), institutions=[audit], auditors=[captured])
    assert run.points[0].tolist() == [5, 0, 0]
    own = run.worlds["audit"][0]
    assert (own["reported"][2], own["hushed"][2], own["covered_up"][2]) == (0, 2, 1)
    # Of several at least half must report.
    for auditors, reported in (
        ([honest, captured], True),
        ([honest, captured, captured], False),
        ([captured, honest, honest], True),
    ):
        run = duel(Defector(), Cooperator(), institutions=[audit], auditors=auditors)
        assert bool(run.points[0, 0] == 4) is reported


def test_without_an_auditor_everything_is_reported():
    run = duel(Defector(), Defector(), institutions=[Audit(**SURE, fine=0.5)])
    assert run.points[0].tolist() == [0.5, 0.5]


def test_an_auditor_is_told_how_sure_it_can_be():
    audit = Audit(rate=1, power=0.6, false_positive=0.2, fine=1, cost=0)
    made = Scenario(
        RepeatedDilemma(),
        [Defector(), Defector()],
        institutions=[audit],
        officials={"auditor": [Cooperator()]},
        rounds=40,
        metrics=(),
    )
    session = start(made, external=[2], mode="interpreted")
    shown = dict(
        zip((f.name for f in session.features), session.observations[0].tolist(), strict=True)
    )
    assert session.points[session.decision[0]].name == "audit.report_irregularity"
    assert shown["audit_certainty"] == pytest.approx(0.75)
    assert shown["audit_harm"] == 2 and shown["audit_suspect"] in (0, 1)
    session.advance([1])
    cautious = [Cooperator(conduct=CautiousAuditor(sure=s)) for s in (0.74, 0.76)]
    runs = [
        duel(Defector(), Defector(), institutions=[audit], auditors=[a], rounds=9) for a in cautious
    ]
    assert runs[0].worlds["audit"]["found"].any() and not runs[1].worlds["audit"]["found"].any()


def test_a_best_responder_is_honest_from_the_rate_on_that_theory_gives():
    rates = np.arange(0.01, 1, 0.04)
    for power, false, fine in ((0.9, 0.1, 5), (0.6, 0.2, 10)):
        run = duel(
            Opportunist(explore=0, learning=0),
            Cooperator(),
            institutions=[Audit(rate=rates, power=power, false_positive=false, fine=fine)],
            worlds=len(rates),
        )
        honest = run.worlds["interactions"]["cooperation"][:, 0] == 1
        assert honest.tolist() == (rates >= deterring_audit_rate(2, power, false, fine)).tolist()
        assert 0 < honest.sum() < len(rates)


def test_a_placebo_accuses_somebody_else():
    run = duel(
        Defector(),
        *[Cooperator()] * 3,
        institutions=[Audit(**SURE, fine=1, strength="shuffled")],
        matching=Rematched(),
        rounds=6,
        worlds=2,
    )
    own = run.worlds["audit"]
    assert (own["found"].sum(axis=1) == 6).all() and not own["found"][:, 0].any()
    assert (own["wrongful"] == own["found"]).all()


def test_bad_terms_and_offices_are_refused():
    with pytest.raises(ConfigurationError, match=r"audit\.rate"):
        Audit(rate=1.1)
    with pytest.raises(ConfigurationError, match="no institution has an office 'auditer'"):
        Scenario(
            RepeatedDilemma(),
            [Cooperator()] * 2,
            institutions=[Audit()],
            officials={"auditer": [Cooperator()]},
            rounds=1,
        )
