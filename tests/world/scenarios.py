"""Two scenarios that the tests of running them share, and how their worlds are compared."""

from __future__ import annotations

import numpy as np

from posalign_sim import Rematched, Scenario, Tremble
from posalign_sim.agents import DiscriminatingBuyer, Honest, Opportunist, Random, TitForTat
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.metrics import Cooperation


def duel(**more):
    """The one structure that is compiled for whole batches."""
    details = {"rounds": 10, "noise": Tremble(probability=0.1), "metrics": [Cooperation()]}
    game = more.pop("game", RepeatedDilemma())
    agents = more.pop("population", [TitForTat(), Random()])
    return Scenario(game, agents, **{**details, "events": 1, **more})


def full_market(**more):
    """Six who trade under all three institutions."""
    seats = {
        "seller": [Honest(), Opportunist(), Opportunist(patience=0.1)],
        "buyer": [DiscriminatingBuyer(), Honest(), DiscriminatingBuyer(unsecured=1)],
    }
    institutions = [
        Reputation(),
        Registry(reentry_fee=0.5),
        Arbitration(damages=1, fine=0.5),
        Bond(stake=2),
    ]
    return Scenario(
        MoralHazardMarket(),
        seats,
        institutions=institutions,
        matching=Rematched(),
        **{"rounds": 12, "metrics": (), "events": 5000, **more},
    )


def same(a, b):
    """Whether two arrays are equal, field by field (copies do not copy what is between fields)."""
    if a.dtype.names:
        return all(same(a[name], b[name]) for name in a.dtype.names)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
