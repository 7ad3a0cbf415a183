"""What moves points between seats makes none: null tests, and equality where it is meant to."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Rematched, Scenario, simulate
from posalign_sim.agents import Cooperator, Defector, Opportunist, Random, TitForTat
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import (
    IncomeTax,
    MutualInsurance,
    PigouvianCharge,
    ProfitSharing,
    Vesting,
)
from posalign_sim.metrics import Equality, Welfare

#: Institutions that only move points between seats, at all of their strength.
BALANCED = {
    "tax": lambda **m: IncomeTax(rate=0.5, cost=0, basic_income=1, **m),
    "charge": lambda **m: PigouvianCharge(rate=1, cost=0, **m),
    "insurance": lambda **m: MutualInsurance(premium=2, cover=1, fee=0, **m),
    "sharing": lambda **m: ProfitSharing(share=0.5, fee=0, **m),
    "vesting": lambda **m: Vesting(share=0.5, evident=1, fee=0, **m),
}


def played(game, agents, institutions, worlds=8, **more):
    made = Scenario(
        game, agents, institutions=institutions, rounds=6, metrics=[Welfare(), Equality()], **more
    )
    run = simulate(made, worlds, 11, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


CROWD = [Opportunist(), Opportunist(patience=0), Random(), TitForTat()]


@pytest.mark.parametrize("name", BALANCED)
@pytest.mark.parametrize("game", ["matching pennies", "twin"])
def test_in_a_constant_sum_game_nothing_is_to_be_gained(name, game):
    """Whatever seats do, and whatever is redistributed: the sum stays what it is, to the unit."""
    made = RepeatedDilemma.of("matching_pennies") if game == "matching pennies" else PublicGoods()
    agents = [Random()] * 4 if game == "matching pennies" else [Opportunist(), *[Random()] * 3]
    agents = agents if game == "matching pennies" else [Cooperator(), Defector(), *CROWD[:2]]
    run = played(
        made,
        agents,
        [BALANCED[name]()],
        matching=Rematched(),
        twin=game == "twin",
        twin_constant=0.5 if game == "twin" else 0.0,
    )
    table, w = run.table(), run.worlds
    per_round = 0.5 if game == "twin" else 0.0
    assert (table["welfare_gross"] == per_round).all()
    assert (table["institution_cost"] == 0).all()
    if game == "twin":
        assert (table["surplus"] == 0).all()
    owned = w["balance"].sum(axis=1) + w["held"].sum(axis=1) + w["public"][:, 3:].sum(axis=1)
    assert (owned == round(per_round * 4 * 6 * 1e6)).all()
    # What a seat gets still depends on what it does.
    assert np.ptp(run.points, axis=1).max() > 0 or name == "tax"


@pytest.mark.parametrize("name", BALANCED)
def test_who_does_not_respond_makes_as_much_as_without(name):
    agents = [Random(), TitForTat(), Defector(), Cooperator()]
    free = played(RepeatedDilemma(), agents, [], matching=Rematched())
    other = played(RepeatedDilemma(), agents, [BALANCED[name]()], matching=Rematched())
    gross = [run.table()["welfare_gross"].tolist() for run in (free, other)]
    assert gross[0] == gross[1]
    assert (free.points != other.points).any()


@pytest.mark.parametrize("name", ["tax", "sharing"])
def test_sharing_narrows_the_gap(name):
    agents = [Defector(), Cooperator(), Random(), Random(cooperation=0.8)]
    free = played(RepeatedDilemma(), agents, [], matching=Rematched()).table()
    other = played(RepeatedDilemma(), agents, [BALANCED[name]()], matching=Rematched()).table()
    assert (other["gini"] < free["gini"]).all()
    assert (other["worst_off"] >= free["worst_off"]).all()
    assert (other["transfers_received"] > 0).all() and not free["transfers_received"].any()
    assert other["transfers_received"].tolist() == pytest.approx(other["transfers_paid"].tolist())


def test_the_order_of_sharing_and_taxing_matters():
    """They do not commute: shares of what the tax leaves, or tax on what is left of shares."""
    tax = IncomeTax(thresholds=[0, 3], rates=[0, 1], cost=0)
    share = ProfitSharing(share=1, fee=0)
    pair = [Defector(), Cooperator()]
    points = [
        simulate(
            Scenario(RepeatedDilemma(), pair, institutions=stack, rounds=1, metrics=()),
            mode="interpreted",
            progress=False,
        )
        .points[0]
        .tolist()
        for stack in ((tax, share), (share, tax))
    ]
    assert points == [[1.5, 1.5], [2.5, 2.5]]
