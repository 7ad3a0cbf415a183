"""Welfare by hand; and in the zero-sum twin there is nothing to be gained."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Institution, RoundRobin, Scenario, Tremble, param, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Honest,
    Opportunist,
    Random,
    TitForTat,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.metrics import Welfare
from posalign_sim.metrics.welfare import fairness
from posalign_sim.world.accounts import OUTSIDERS, pay
from posalign_sim.world.record import face, seats


class Charity(Institution):
    """Everybody gives outsiders something in each round."""

    gift: float = param(1, 0, 10, "points")

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            pay(w, face(w, i), OUTSIDERS, own.gift)


def table(agents, *institutions, game=None, worlds=1, **more):
    made = Scenario(
        game or RepeatedDilemma(),
        agents,
        institutions=institutions,
        **{"rounds": 4, "metrics": [Welfare()], **more},
    )
    run = simulate(made, worlds, 1, mode="interpreted")
    return run.table().iloc[0] if worlds == 1 else run


# --- by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agents", "gross", "efficiency", "fair"),
    [
        ([Cooperator(), Cooperator()], 3, 1, 1),
        ([Defector(), Defector()], 1, 1 / 3, 1),
        # All is one's: no fairness. 9 to 14 after four rounds: half of 5/23 is the Gini, twice that
        # with the correction.
        ([Defector(), Cooperator()], 2.5, 2.5 / 3, 0),
        ([TitForTat(), Defector()], (0 + 3 + 5 + 3) / 8, 11 / 24, 1 - 5 / 11),
    ],
)
def test_plain_games(agents, gross, efficiency, fair):
    row = table(agents)
    assert row["welfare_gross"] == row["welfare_net"] == row["surplus"] == pytest.approx(gross)
    assert row["efficiency"] == pytest.approx(efficiency)
    assert row["fairness"] == pytest.approx(fair)
    assert row["institution_cost"] == row["outsiders"] == 0


def test_what_an_institution_burns_is_gross_but_not_net():
    # Upkeep of .25 a seat and round; fines are not gone, but in the treasury.
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, fine=1, fee=0)
    row = table([Defector(), Cooperator()], judge, Reputation(upkeep=0.25))
    assert row["welfare_gross"] == 2.5
    assert row["institution_cost"] == 0.25
    assert row["welfare_net"] == 2.25
    # Seats own (5 - 1 - .25) 4 = 15 and -1: fairness is undefined where somebody is in debt.
    assert np.isnan(row["fairness"])
    # Damages move money between seats, and the fee is burnt once a round: 1/8 of a point a seat.
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, damages=2, fee=0.25)
    row = table([Defector(), Cooperator()], judge)
    assert (row["welfare_gross"], row["institution_cost"]) == (2.5, 0.125)
    assert row["fairness"] == pytest.approx(1 - (12 - 7) / 19)


def test_what_outsiders_gain_was_made_here():
    row = table([Cooperator(), Cooperator()], Charity(gift=0.5))
    assert row["outsiders"] == 0.5
    # What seats own and what nature made differ by it.
    assert row["surplus"] == 3
    assert row["welfare_gross"] == 2.5


def test_who_sits_out_counts():
    # Three seats, two of which play in each round: 6 points for 3 seats.
    row = table([Cooperator()] * 3, matching=RoundRobin(), rounds=3)
    assert row["welfare_gross"] == 2
    assert row["fairness"] == 1


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([1, 1, 1, 1], 1),
        ([0, 0, 0, 8], 0),
        # Mean absolute difference of 1, 2, 3 is 4/3; half of it by the mean of 2 is 1/3.
        ([1, 2, 3], 2 / 3),
        ([3, 1], 0.5),
        ([0, 0], np.nan),
        ([-1, 5], np.nan),
    ],
)
def test_fairness_by_hand(points, expected):
    seats_used = len(points)
    rows = np.array([[*points, 99, -99]])
    got = fairness(rows, np.array([seats_used]))
    assert got == pytest.approx([expected], nan_ok=True)
    assert fairness(rows[:, seats_used - 1 :: -1], np.array([seats_used])) == pytest.approx(
        [expected], nan_ok=True
    )


def test_fairness_is_one_less_the_mean_difference_by_the_mean():
    rng = np.random.default_rng(1)
    rows = rng.uniform(0, 10, (50, 7))
    differences = np.abs(rows[:, :, None] - rows[:, None, :]).sum(axis=(1, 2)) / (7 * 6)
    expected = 1 - differences / (2 * rows.mean(axis=1))
    np.testing.assert_allclose(fairness(rows, np.full(50, 7)), expected)
    np.testing.assert_allclose(fairness(3 * rows, np.full(50, 7)), expected)


def test_efficiency_is_undefined_where_there_is_nothing_to_gain():
    row = table([Random(), Random()], game=RepeatedDilemma.of("matching_pennies"))
    assert np.isnan(row["efficiency"])


# --- the twin -------------------------------------------------------------------------------------

ARMS = {
    "none": [],
    "reputation": [Reputation()],
    "arbitration": [Arbitration(damages=1.7, fine=0.3)],
    "bond": [Bond(stake=2.1)],
    "all": [Reputation(), Arbitration(), Bond()],
    "shuffled": [Reputation(strength="shuffled"), Arbitration(strength="shuffled")],
    "charity": [Charity()],
}
POPULATIONS = {
    "dilemma": (RepeatedDilemma, [TitForTat(), Random(), Opportunist()]),
    "defectors": (RepeatedDilemma, [Defector()] * 4),
    "market": (
        MoralHazardMarket,
        {
            "seller": [Opportunist(), Honest()],
            "buyer": [DiscriminatingBuyer(), Honest(), Cooperator()],
        },
    ),
}


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("who", POPULATIONS)
def test_in_the_twin_the_surplus_is_exactly_nothing(arm, who):
    game, agents = POPULATIONS[who]
    # Constants that are no whole number of minor units, and rounds of which none is a power of 2.
    constants = [0, 1, 0.1, 2 / 3, -2 / 7, 1e-7, 123.456789]
    run = table(
        agents,
        *ARMS[arm],
        game=game(),
        worlds=len(constants),
        twin=True,
        twin_constant=constants,
        rounds=[5, 7, 7, 7, 9, 11, 13],
        noise=Tremble(probability=0.2),
    )
    assert run.faults.empty
    results = run.table()
    assert (results["surplus"] == 0).all()
    outsiders = results["outsiders"] if arm == "charity" else 0
    np.testing.assert_allclose(results["welfare_gross"] + outsiders, constants, atol=5e-7)
    # An institution can only cost.
    assert (results["welfare_net"] <= results["welfare_gross"]).all()


def test_a_population_that_makes_something_makes_nothing_in_the_twin():
    for agents in ([Cooperator(), Cooperator()], [Defector(), Cooperator()], [Defector()] * 2):
        plain, twin = table(agents), table(agents, twin=True)
        assert plain["surplus"] > 0
        assert twin["surplus"] == twin["welfare_gross"] == 0


def test_in_the_twin_payoffs_still_depend_on_what_everybody_does():
    profiles = [(c, d) for c in (1, 0) for d in (1, 0)]
    own, other = np.array(profiles).T
    agents = [Random(cooperation=own), Random(cooperation=other)]
    run = table(agents, worlds=4, twin=True, twin_constant=2, rounds=1)
    # Each payoff less the mean of both: 3 - 3, 0 - 2.5, 5 - 2.5, 1 - 1; and 2 for being there.
    assert run.points[:, 0].tolist() == [2, -0.5, 4.5, 2]
    assert run.points[:, 1].tolist() == [2, 4.5, -0.5, 2]
    # Defection still dominates, by as much against a cooperator.
    assert run.points[2, 0] - run.points[0, 0] == 2.5
    assert run.points[3, 0] - run.points[1, 0] == 2.5


def test_the_twin_has_the_same_choices_and_luck():
    agents = [TitForTat(), Random(), Random(), TitForTat()]
    both = {"worlds": 6, "noise": Tremble(probability=0.2), "events": 300, "rounds": 9}
    plain, twin = table(agents, **both), table(agents, **both, twin=True)
    for world in range(6):
        logs = [run.events(world) for run in (plain, twin)]
        acts = [log[log["kind"] == "decision"].reset_index(drop=True) for log in logs]
        assert acts[0].equals(acts[1])


# --- constant-sum games ---------------------------------------------------------------------------

CONSTANT_SUM = {
    "matching pennies": (RepeatedDilemma.of("matching_pennies"), 0),
    "a fixed pie": (RepeatedDilemma(temptation=3, reward=2, punishment=2, sucker=1), 2),
}
BALANCED = {
    "damages": [Arbitration(damages=1.5, fee=0)],
    "fines": [Arbitration(fine=2, fee=0)],
    "bond": [Bond(fee=0, evident=0.5)],
    "reputation": [Reputation(upkeep=0)],
    "all": [Reputation(upkeep=0), Arbitration(damages=0.3, fine=0.4, fee=0), Bond(fee=0)],
}


@pytest.mark.parametrize("name", BALANCED)
@pytest.mark.parametrize("game", CONSTANT_SUM)
def test_no_balanced_institution_changes_welfare_in_a_constant_sum_game(game, name):
    made, pie = CONSTANT_SUM[game]
    agents = [Random(), Opportunist(explore=0.3), Honest(), TitForTat()]
    bare, under = (
        table(agents, *stack, game=made, worlds=10, rounds=12, noise=Tremble(probability=0.1))
        for stack in ([], BALANCED[name])
    )
    for run in (bare, under):
        results = run.table()
        assert (results["welfare_gross"] == pie).all()
        assert (results["welfare_net"] == pie).all()
    # It changes what each of them has.
    if name != "reputation":
        assert (bare.points != under.points).any()
