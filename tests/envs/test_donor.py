"""Giving before witnesses, by hand: who pays, who gains, what is thought of whom."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Rematched, Scenario, Tremble, simulate
from posalign_sim.agents import Cooperator, Defector, Discriminator, Honest, Opportunist
from posalign_sim.envs import Donor
from posalign_sim.institutions import Arbitration, Registry, Reputation
from posalign_sim.testing import check_scenario
from posalign_sim.world.norms import LEADING_EIGHT, NORMS


def play(seats, game=None, worlds=1, seed=0, **more):
    made = Scenario(game or Donor(), seats, **{"rounds": 1, "metrics": (), "events": 400, **more})
    return simulate(made, worlds, seed, mode="interpreted")


def test_a_donation_by_hand():
    game = Donor(benefit=2.5, cost=0.75)
    run = play([Cooperator(), Cooperator()], game)
    assert sorted(run.points[0]) == [-0.75, 2.5]
    assert run.worlds["public"][0, 0] == -1_750_000
    run = play([Cooperator(), Defector()], Donor(benefit=2.5, cost=0.75, both=1))
    assert run.points[0].tolist() == [-0.75, 2.5]
    acts = run.worlds["interactions"][0][:2]
    assert acts[["actor", "target"]].tolist() == [(0, 1), (1, 0)]
    assert acts["cooperation"].tolist() == [1, 0]


def test_refusing_harms_by_the_benefit():
    judge = Arbitration(strength="off")
    run = play([Cooperator(), Defector()], Donor(both=1), institutions=[judge])
    assert run.worlds["interactions"][0]["harm"][:2].tolist() == [0, 3]
    assert run.worlds["standard"][0] == 1


def test_one_of_each_pair_is_the_donor_by_a_fair_lot():
    rounds = 400
    run = play([Cooperator()] * 5, rounds=rounds, events=20_000, matching=Rematched())
    log = run.events(0)
    made = log[log["kind"] == "decision"]
    assert made.groupby("clock")["actor"].count().eq(2).all()
    # Each seat is paired in 4 of 5 rounds, and gives in half of those.
    counts = made["actor"].value_counts()
    assert len(counts) == 5
    assert (abs(counts - 0.4 * rounds) < 4 * np.sqrt(rounds * 0.4 * 0.6)).all()


@pytest.mark.parametrize("norm", NORMS)
def test_opinions_by_hand(norm):
    # The defector refuses the good: bad. Then the other refuses it, and each norm thinks its own.
    shuns = 1 if norm in LEADING_EIGHT else 0
    gives = 1 if norm in ("image_scoring", "standing", "simple_standing") else 0
    gives = 1 if norm in ("leading_four", "staying") else gives
    run = play([Discriminator(), Defector()], Donor.of(norm, both=1), rounds=1)
    assert run.worlds["donor"]["opinions"][0, 0].tolist() == [1, 0]
    assert run.points[0].tolist() == [-1, 3]
    run = play([Discriminator(), Defector()], Donor.of(norm, both=1), rounds=2)
    assert run.worlds["donor"]["opinions"][0, 0].tolist() == [shuns, 0]
    assert run.points[0].tolist() == [-1, 3]
    # Who gives to the bad all the same.
    run = play([Cooperator(), Defector()], Donor.of(norm, both=1), rounds=2)
    assert run.worlds["donor"]["opinions"][0, 0].tolist() == [gives, 0]


def test_what_leaves_an_opinion_as_it_was():
    # Two who are bad refuse each other: by simple standing that redeems them, by standing not.
    for norm, after in (("simple_standing", [1, 1]), ("standing", [0, 0])):
        run = play([Defector(), Defector()], Donor.of(norm, both=1), rounds=2)
        assert run.worlds["donor"]["opinions"][0, 0].tolist() == after


def test_judgement_is_simultaneous():
    # Both refuse the good at once: what one has done does not excuse the other.
    run = play([Defector(), Defector()], Donor.of("stern_judging", both=1))
    assert run.worlds["donor"]["opinions"][0, 0].tolist() == [0, 0]
    run = play([Defector(), Defector()], Donor.of("stern_judging", both=1), rounds=2)
    assert run.worlds["donor"]["opinions"][0, 0].tolist() == [1, 1]


def test_an_error_of_assessment_is_the_opposite():
    game = Donor(both=1, assessment_error=1)
    run = play([Cooperator(), Defector()], game)
    assert run.worlds["donor"]["opinions"][0, 0].tolist() == [0, 1]


def test_what_is_seen_and_known_by_chance():
    worlds = 600
    seats = [Discriminator(), Defector()]
    run = play(seats, Donor(both=1, observed=[0.3]), worlds, events=0)
    bad = run.worlds["donor"]["opinions"][:, 0, 1] == 0
    assert abs(bad.mean() - 0.3) < 4 * np.sqrt(0.21 / worlds)
    # From the second round on the defector is helped only if it is not known.
    run = play(seats, Donor(both=1, known=0.6), worlds, rounds=2, events=0)
    helped = run.points[:, 1] == 6
    assert abs(helped.mean() - 0.4) < 4 * np.sqrt(0.24 / worlds)
    assert set(run.worlds["sight"]["opinion"][:, 0].tolist()) == {-1, 0}


def test_private_opinions_are_each_seats_own():
    seats = [Defector()] * 8
    run = play(seats, Donor(both=1, observed=[0.5] * 8), 60, events=0)
    thought = run.worlds["donor"]["opinions"]
    assert thought.shape == (60, 8, 8)
    bad = (thought == 0).mean()
    assert abs(bad - 0.5) < 4 * 0.5 / np.sqrt(60 * 64)
    # Seats of one world differ, about everybody.
    assert (thought.min(axis=1) < thought.max(axis=1)).mean() > 0.9
    # A seat acts on its own opinion, not on another's.
    run = play([Discriminator(), Defector()], Donor(both=1, observed=[0, 1]), rounds=3)
    assert run.points[0].tolist() == [-3, 9]
    run = play([Discriminator(), Defector()], Donor(both=1, observed=[1, 0]), rounds=3)
    assert run.points[0].tolist() == [-1, 3]


def test_as_many_observers_as_seats_or_one():
    run = play([Cooperator()] * 4, Donor(observed=[1, 1, 1]))
    assert run.faults["world"].tolist() == [0]


def test_a_new_name_is_thought_well_of():
    made = Scenario(
        Donor(both=1),
        [Defector(), Cooperator()],
        institutions=[Reputation(), Registry(reentry_fee=0.01)],
        rounds=6,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted", history=[0])
    thought = run.history["donor"]["opinions"][:, 0, 0, 0]
    anew = np.diff(run.history["generation"][:, 0, 0])
    assert 0 < anew.sum() < len(anew)
    # It refuses in every round, and is bad after each in which it did not take a new name.
    assert (thought[1:] == anew).all()
    w = made.worlds(1)[0]
    w.donor.opinions[:] = 0
    Donor.forget(w, w.donor, 1)
    assert w.donor.opinions.tolist() == [[0, 1]]


def test_all_giving_is_the_first_best_and_none_the_least():
    points = {}
    for share in range(5):
        seats = [Cooperator()] * share + [Defector()] * (4 - share)
        run = play(seats, Donor(both=1), rounds=6, matching=Rematched())
        points[share] = run.points[0].sum()
        assert points[share] <= 6 * 4 * run.worlds["first_best"][0] + 1e-9
    assert points[4] == 6 * 4 * 2 and points[0] == 0
    assert list(points.values()) == sorted(points.values())


def test_the_twin_makes_nothing_but_acts_still_pay():
    run = play([Cooperator(), Defector()], Donor(both=1), twin=True, rounds=4)
    assert run.points[0].tolist() == [-8, 8]
    assert run.worlds["public"][0, 0] == 0


def test_private_opinions_keep_the_contract():
    seats = [Discriminator(), Honest(), Opportunist(), Defector(), Cooperator()]
    made = Scenario(
        Donor.of("stern_judging", observed=[0.5] * 5, assessment_error=0.2, known=0.8),
        seats,
        institutions=[Reputation(), Registry(reentry_fee=0.3)],
        matching=Rematched(),
        noise=Tremble(probability=0.1),
        rounds=4,
    )
    check_scenario(made, worlds=2)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="no norm is called 'stern_judgin': did you mean"):
        Donor.of("stern_judgin")
    with pytest.raises(ConfigurationError, match="observed must lie in"):
        Donor(observed=[2])
