"""Mutual insurance to the minor unit: who is made good, from whose money, and what is left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import ConfigurationError, Rematched, Scenario, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Honest,
    Opportunist,
    Random,
)
from posalign_sim.envs import (
    Bargaining,
    Commons,
    Crisis,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
)
from posalign_sim.institutions import Arbitration, MutualInsurance, Registry, Reputation
from posalign_sim.metrics import Welfare
from posalign_sim.testing import check_institution

POINT = 1_000_000


def played(game, agents, *institutions, rounds=1, worlds=1, metrics=(), **more):
    made = Scenario(game, agents, institutions=institutions, rounds=rounds, metrics=metrics, **more)
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


CHEATED = {"seller": [Defector()], "buyer": [Cooperator()]}


def test_a_claim_by_hand():
    # The buyer lacks 3; half of it is paid, from both in equal parts.
    run = played(
        MoralHazardMarket(), CHEATED, MutualInsurance(premium=2, cover=0.5, fee=0.1), rounds=1
    )
    assert run.points[0] == pytest.approx([4 - 0.75 - 0.1, 1.5 - 0.75 - 0.1])
    assert run.worlds["held"][0].tolist() == [0, 0]
    assert run.worlds["public"][0].tolist() == [-4 * POINT, 200_000, 0, 0]
    own = run.worlds["mutual_insurance"]
    assert own["claimed"][0].tolist() == own["indemnified"][0].tolist() == [0, 1.5]


def test_a_pool_pays_as_far_as_it_reaches():
    run = played(MoralHazardMarket(), CHEATED, MutualInsurance(premium=0.5, cover=1, fee=0))
    assert run.points[0].tolist() == [3.5, 0.5]
    assert run.worlds["mutual_insurance"]["claimed"][0, 1] == 3
    # Both defect: 2 are lacking for either; claims of 3 after the deductible, 1 to share.
    pair = [Defector(), Defector()]
    terms = {"premium": 0.5, "cover": 1, "deductible": 0.5, "fee": 0}
    run = played(RepeatedDilemma(), pair, MutualInsurance(**terms))
    own = run.worlds["mutual_insurance"]
    assert own["claimed"][0].tolist() == [1.5, 1.5] and own["indemnified"][0].tolist() == [0.5, 0.5]


def test_what_is_left_stays_if_it_is_to():
    terms = {"premium": 2, "cover": 0.5, "fee": 0, "surplus_kept": 1}
    run = played(MoralHazardMarket(), CHEATED, MutualInsurance(**terms), rounds=2)
    # 4 in the pool, 1.5 paid; 6.5, 1.5 paid.
    assert run.worlds["held"][0].tolist() == [2.5 * POINT, 2.5 * POINT]
    assert run.points[0].tolist() == [6.5, 1.5]
    # It goes back when the insurance is withdrawn.
    gone = MutualInsurance(strength={0: "enforced", 2: "off"}, **terms)
    run = played(MoralHazardMarket(), CHEATED, gone, rounds=3)
    assert not run.worlds["held"].any() and not run.worlds["sight"]["covered"].any()


def test_who_takes_a_new_name_gets_its_stake_back_once():
    seller = {"seller": [Defector()], "buyer": [Honest()]}
    ledger = Reputation(weight=1, decay=0, upkeep=0)
    names = Registry(reentry_fee=0, upkeep=0)
    terms = {"premium": 1, "cover": 0, "fee": 0, "surplus_kept": 1}
    run = played(MoralHazardMarket(), seller, ledger, names, MutualInsurance(**terms), rounds=6)
    # A sale, then a new name, and so on: premiums since the last change are in the pool.
    assert run.worlds["generation"][0, 0] == 2
    assert run.worlds["held"][0].tolist() == [2 * POINT, 6 * POINT]
    assert run.points[0, 0] == 12


def test_a_breach_that_was_found_is_no_claim():
    sure = Arbitration(accuracy=1, false_finding=0, refund=0, damages=1, fee=0)
    insurance = MutualInsurance(premium=5, cover=1, fee=0)
    paid = [
        played(MoralHazardMarket(), CHEATED, *stack).worlds["mutual_insurance"]["claimed"][0, 1]
        for stack in ((sure, insurance), (insurance, sure))
    ]
    assert paid == [0, 3]


def test_members_of_a_group_are_each_made_good():
    agents = [Defector(), Cooperator(), Cooperator(), Cooperator()]
    run = played(PublicGoods(), agents, MutualInsurance(premium=10, cover=1, fee=0))
    own = run.worlds["mutual_insurance"]
    assert own["indemnified"][0].tolist() == [0, 8, 8, 8]
    # 24 from four stakes alike.
    assert run.points[0].tolist() == [38, 26, 26, 26]


def test_the_insured_care_less_whom_they_trust():
    """Moral hazard (Pauly 1968): cover from which on it pays to buy from who may well cheat.

    A buyer that trusts one in two gains 3 or loses 4: it walks, unless 1/7 of the 7 that a breach
    costs it are made good.
    """
    cover = np.arange(0.005, 0.4, 0.01)
    buyers = {"seller": [Defector()], "buyer": [DiscriminatingBuyer(unsecured=0.5)]}
    insurance = MutualInsurance(premium=4, cover=cover, fee=0)
    run = played(MoralHazardMarket(value_low=1), buyers, insurance, worlds=len(cover))
    bought = run.worlds["balance"][:, 0] > 0
    assert (bought == (cover >= 1 / 7)).all()
    # Where nobody is insured, nobody is told anything.
    run = played(MoralHazardMarket(value_low=1), buyers)
    assert run.points.tolist() == [[0, 0]]


FIVE = {
    "dilemma": (RepeatedDilemma(), [Defector(), Cooperator()]),
    "bargaining": (
        Bargaining.of("integrative", binding=0, breach_gain=1, breach_harm=2),
        [Opportunist(explore=0), Honest()],
    ),
    "commons": (Commons(), [Defector(), Honest()]),
    "crisis": (Crisis(), [Opportunist(patience=0, explore=0), Honest()]),
    "market": (
        MoralHazardMarket(),
        {"seller": [Defector(), Honest()], "buyer": [Cooperator(), Cooperator()]},
    ),
}


@pytest.mark.parametrize("game", FIVE)
def test_it_makes_victims_good_in_every_game(game):
    made, agents = FIVE[game]
    terms = {"premium": 20, "cover": 1, "fee": 0}
    points = {
        strength: played(made, agents, MutualInsurance(strength=strength, **terms)).points[0]
        for strength in ("off", "announced", "enforced", "shuffled")
    }
    assert (points["off"] == points["announced"]).all()
    sums = {points[s].sum().round(6) for s in points}
    assert len(sums) == 1
    victim = 2 if game == "market" else 1
    assert points["enforced"][victim] > points["off"][victim]
    assert points["shuffled"][victim] < points["enforced"][victim]


@settings(max_examples=30, deadline=None)
@given(
    premium=st.floats(0, 3),
    cover=st.floats(0, 1),
    deductible=st.floats(0, 2),
    kept=st.integers(0, 1),
    seed=st.integers(0, 10**6),
)
def test_no_unit_is_made_or_lost(premium, cover, deductible, kept, seed):
    insurance = MutualInsurance(
        premium=premium, cover=cover, deductible=deductible, surplus_kept=kept, fee=0
    )
    agents = [Random(), Random(cooperation=0.2), Defector(), Cooperator(), Random()]
    terms = {"rounds": 4, "metrics": [Welfare()], "matching": Rematched()}
    with_it = Scenario(RepeatedDilemma(), agents, institutions=[insurance], **terms)
    without = Scenario(RepeatedDilemma(), agents, **terms)
    run = simulate(with_it, 1, seed, mode="interpreted", progress=False)
    free = simulate(without, 1, seed, mode="interpreted", progress=False)
    w = run.worlds
    assert run.faults.empty
    total = (w["balance"] + w["held"]).sum()
    assert total == free.worlds["balance"].sum() and not w["public"][:, 1:].any()
    stakes = w["mutual_insurance"]["stake"][:, 0]
    assert (stakes == w["held"]).all() and (stakes >= 0).all()
    assert kept or not stakes.any()


def test_it_passes_the_suite():
    dilemma = Scenario(RepeatedDilemma(), [Opportunist(), Random()], rounds=2, metrics=())
    market = Scenario(*FIVE["market"], rounds=2, metrics=())
    check_institution(MutualInsurance(surplus_kept=1), [dilemma, market], worlds=1)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match="out of its range"):
        MutualInsurance(cover=1.5)
