"""Graduated sanctions: a warning, fines that grow, an upper limit, and forgiveness."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, param, simulate, start
from posalign_sim.agents import Cooperator, Defector, Opportunist
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, GraduatedSanctions, Registry
from posalign_sim.theory import graduated_fine, relapse_share

POINT = 1_000_000
SURE = {"evident": 1, "monitoring": 0}


class Periodic(Agent):
    """Defects in its first rounds, then cooperates for some, and so on."""

    bad: float = param(1, 0, 100, "rounds")
    good: float = param(1, 0, 100, "rounds")

    @staticmethod
    def move(p, i):
        bad, good = int(p.params[i, 0]), int(p.params[i, 1])
        return 1 if int(p.clock) % (bad + good) < bad else 0


def duel(one, other, *institutions, rounds=1, worlds=1, **more):
    made = Scenario(
        RepeatedDilemma(),
        [one, other],
        institutions=institutions,
        rounds=rounds,
        **{"metrics": (), **more},
    )
    run = simulate(made, worlds, mode="interpreted", history=range(worlds), progress=False, seed=3)
    assert run.faults.empty
    return run


def treasury(run):
    """What came into the treasury in each round, in points."""
    return (np.diff(run.history["public"][:, 0, 3]) / POINT).tolist()


def test_a_warning_then_fines_that_double_up_to_the_greatest():
    run = duel(Defector(), Cooperator(), GraduatedSanctions(**SURE, most=5), rounds=6)
    assert treasury(run) == [0, 1, 2, 4, 5, 5]
    assert treasury(run) == [
        graduated_fine(b, fine=1, factor=2, most=5, warnings=1) for b in range(6)
    ]
    own = run.worlds["graduated_sanctions"][0]
    assert (own["warned"].tolist(), own["fined"].tolist()) == ([1, 0], [5, 0])
    assert own["breaches"].tolist() == [6, 0]
    assert run.points[0].tolist() == [6 * 5 - 17, 0]


@pytest.mark.parametrize(
    ("terms", "fines"),
    [
        ({"warnings": 0}, [1, 2, 4, 8, 8]),
        ({"warnings": 3}, [0, 0, 0, 1, 2]),
        ({"warnings": 0, "factor": 1}, [1] * 5),
        ({"warnings": 0, "fine": 3, "factor": 1.5, "most": 6}, [3, 4.5, 6, 6, 6]),
        ({"warnings": 0, "fine": 9, "most": 4}, [4] * 5),
    ],
)
def test_the_steps_are_the_terms(terms, fines):
    run = duel(Defector(), Cooperator(), GraduatedSanctions(**SURE, **terms), rounds=5)
    assert treasury(run) == fines


def test_good_conduct_empties_the_record_and_no_less_does():
    # Two breaches, then good conduct for as long as it takes, or one round less.
    patient = GraduatedSanctions(**SURE, forgiven=3)
    run = duel(Periodic(bad=2, good=3), Cooperator(), patient, rounds=10)
    assert treasury(run) == [0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    run = duel(Periodic(bad=2, good=2), Cooperator(), patient, rounds=10)
    assert treasury(run) == [0, 1, 0, 0, 2, 4, 0, 0, 8, 8]


class EverySecond(Agent):
    """Buys in every second round."""

    @staticmethod
    def pay(p, i):
        return int(p.clock) % 2


class Fugitive(Defector):
    """Defects, and takes a new name whenever it may."""

    @staticmethod
    def reenter(p, i):
        return 1


def test_who_does_not_act_does_not_behave_well():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [EverySecond()]},
        institutions=[GraduatedSanctions(**SURE, forgiven=1)],
        rounds=8,
        metrics=(),
    )
    own = simulate(made, mode="interpreted", progress=False).worlds["graduated_sanctions"][0]
    assert own["breaches"].tolist() == [4, 0]


def test_monitors_catch_as_often_as_they_are_said_to_and_cost_what_they_cost():
    share, worlds, rounds = 0.3, 200, 10
    run = duel(
        Defector(),
        Cooperator(),
        GraduatedSanctions(evident=share, monitoring=0.25),
        rounds=rounds,
        worlds=worlds,
    )
    own = run.worlds["graduated_sanctions"]
    caught = (own["warned"] + own["fined"])[:, 0] / rounds
    assert abs(caught.mean() - share) < 4 * np.sqrt(share * (1 - share) / (worlds * rounds))
    assert (run.worlds["public"][:, 1] == 2 * rounds * POINT // 4).all()


def test_by_findings_it_grades_what_an_arbiter_found_and_nothing_else():
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, fee=0)
    grades = GraduatedSanctions(proof=1, monitoring=0)
    assert treasury(duel(Defector(), Cooperator(), judge, grades, rounds=4)) == [0, 1, 2, 4]
    assert treasury(duel(Defector(), Cooperator(), grades, rounds=4)) == [0] * 4
    # The other way round nothing was found yet; and monitors leave alone what is judged.
    assert treasury(duel(Defector(), Cooperator(), grades, judge, rounds=4)) == [0] * 4
    sees = GraduatedSanctions(**SURE)
    assert treasury(duel(Defector(), Cooperator(), judge, sees, rounds=4)) == [0] * 4
    assert treasury(duel(Defector(), Cooperator(), sees, judge, rounds=4)) == [0, 1, 2, 4]
    wrong = Arbitration(accuracy=1, false_finding=0, refund=0, fee=0, strength="shuffled")
    own = duel(Defector(), Cooperator(), wrong, grades, rounds=4).worlds["graduated_sanctions"]
    assert own["wrongly_sanctioned"][0].tolist() == [0, 4]


def test_a_seat_knows_its_record_and_its_next_fine():
    made = Scenario(
        RepeatedDilemma(),
        [Defector(), Cooperator()],
        institutions=[GraduatedSanctions(evident=0.5, monitoring=0, warnings=0)],
        rounds=40,
        metrics=(),
    )
    session = start(made, external=[0], mode="interpreted")
    names = [f.name for f in session.features]
    seen = set()
    for _ in range(40):
        shown = dict(zip(names, session.observations[0].tolist(), strict=True))
        before = int(session.worlds["graduated_sanctions"]["breaches"][0, 0])
        assert shown["own_breaches"] == before
        # What is announced to all, and what its own record adds, is what to expect.
        expected = 0.5 * graduated_fine(before, 1, 2, 8, warnings=0)
        assert shown["loss_if_breach"] == 0.5
        assert shown["loss_if_breach"] + shown["own_fine"] == expected
        seen.add(before)
        session.advance([1])
    assert len(seen) > 1


@pytest.mark.parametrize("forgiven", [1, 3, 6])
def test_a_best_responder_falls_back_as_often_as_theory_says(forgiven):
    """It breaks its word until the next fine is dear enough, and again when all is forgiven."""
    fines = np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    rounds = 20 * (5 + forgiven)
    made = duel(
        Opportunist(explore=0, learning=0),
        Cooperator(),
        GraduatedSanctions(**SURE, fine=fines, forgiven=forgiven),
        rounds=rounds,
        worlds=5,
        metrics=None,
    )
    own = made.worlds["graduated_sanctions"]
    for k, fine in enumerate(fines):
        share = relapse_share(2, fine, 2, 8, forgiven)
        cycle = round(forgiven / (1 - share))
        broken = (own["warned"] + own["fined"])[k, 0]
        assert abs(broken - share * rounds) <= cycle


def test_a_new_identity_begins_with_a_warning():
    register = Registry(reentry_fee=0, upkeep=0)
    run = duel(Fugitive(), Cooperator(), register, GraduatedSanctions(**SURE), rounds=5, faces=2)
    own = run.worlds["graduated_sanctions"][0]
    assert treasury(run) == [0] * 5
    assert own["warned"][0] == 5 and not own["breaches"].any()


def test_two_monitors_add_up_and_a_withdrawal_takes_back_what_was_told():
    first = GraduatedSanctions("first", **SURE, warnings=0)
    second = GraduatedSanctions("second", proof=1, warnings=0, monitoring=0, fine=2)
    run = duel(Defector(), Cooperator(), first, second, rounds=3)
    assert treasury(run) == [1 + 2, 2 + 4, 4 + 8]
    assert run.history["sight"]["own_fine"][3, 0, 0] == (4 - 1) + (8 - 2)
    gone = GraduatedSanctions(**SURE, warnings=0, strength={0: "enforced", 3: "off"})
    run = duel(Defector(), Cooperator(), gone, rounds=5)
    assert treasury(run) == [1, 2, 4, 0, 0]
    assert not run.worlds["sight"]["own_fine"].any()
    assert not run.worlds["sight"]["own_breaches"].any()


def test_a_placebo_warns_somebody_else():
    made = Scenario(
        RepeatedDilemma(),
        [Defector(), Cooperator(), Cooperator(), Cooperator()],
        institutions=[GraduatedSanctions(**SURE, strength="shuffled")],
        matching=Rematched(),
        rounds=9,
        metrics=(),
    )
    own = simulate(made, 2, mode="interpreted", progress=False).worlds["graduated_sanctions"]
    sanctions = own["warned"] + own["fined"]
    assert (sanctions.sum(axis=1) == 9).all() and not sanctions[:, 0].any()
    assert (own["wrongly_sanctioned"] == sanctions).all()


def test_bad_terms_are_refused():
    for terms in ({"factor": 0.5}, {"forgiven": 0}, {"evident": 2}, {"warnings": -1}):
        with pytest.raises(ConfigurationError, match="graduated_sanctions"):
            GraduatedSanctions(**terms)
