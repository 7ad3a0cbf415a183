"""Identities: records and accounts are theirs; agents may hold several, and give them up."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Institution, Rematched, Scenario, face, per_identity, simulate
from posalign_sim.agents import Cooperator, Defector, Grim, Honest, Opportunist, Random, TitForTat
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.world.conduct import drop


class Flight(Institution):
    """In round 3 seat 0 gives up its identity; the register counts the acts of each identity."""

    acts: int = per_identity(np.int64)
    marks: float = per_identity(np.float64, 2, initial=0.5)
    told: int = per_identity(np.int64)

    @staticmethod
    def meet(w, own):
        if w.clock == 3:
            drop(w, face(w, 0))

    @staticmethod
    def witness(w, own, x):
        own.acts[x.actor] += 1
        own.marks[x.actor, 1] += 1

    @staticmethod
    def forget(w, own, m):
        own.told[m] = 7


def history(agents, rounds=8, **more):
    made = Scenario(
        RepeatedDilemma(),
        agents,
        institutions=[Flight()],
        rounds=rounds,
        metrics=(),
        **{"events": 300, **more},
    )
    return simulate(made, 1, history=[0], mode="interpreted")


@pytest.mark.parametrize("faces", [1, 2])
def test_who_drops_its_identity_is_forgotten(faces):
    run = history([Cooperator(), Cooperator()], faces=faces)
    own = run.history["flight"][:, 0]
    assert own["acts"][:, 0].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4]
    assert own["acts"][:, 1].tolist() == list(range(9))
    assert own["marks"][:, 0, 1].tolist() == [0.5, 1.5, 2.5, 3.5, 0.5, 1.5, 2.5, 3.5, 4.5]
    assert own["marks"][-1, 0, 0] == 0.5
    assert own["told"][4].tolist()[:2] == [7, 0]
    assert run.history["generation"][-1, 0, :2].tolist() == [1, 0]
    # What an identity owns stays its own.
    assert run.points.tolist() == [[24, 24]]


@pytest.mark.parametrize("matching", [None, Rematched()], ids=["fixed", "rematched"])
@pytest.mark.parametrize("memory", ["present", "pairs"])
@pytest.mark.parametrize("avenger", [TitForTat, Grim])
def test_partners_meet_a_stranger(avenger, memory, matching):
    run = history([Defector(), avenger()], memory=memory, matching=matching)
    log = run.events(0)
    moves = log[(log["kind"] == "decision") & (log["actor"] == 1)]["first"].astype(int).tolist()
    assert moves == [0, 1, 1, 1, 0, 1, 1, 1]


def test_the_one_who_dropped_remembers_its_partner():
    run = history([TitForTat(), Defector()])
    log = run.events(0)
    moves = log[(log["kind"] == "decision") & (log["actor"] == 0)]["first"].astype(int).tolist()
    assert moves == [0, 1, 1, 1, 1, 1, 1, 1]


SCENARIOS = {
    "dilemma": Scenario(
        RepeatedDilemma(),
        [TitForTat(), Opportunist(), Random(), Honest(), Grim()],
        matching=Rematched(),
        institutions=[Reputation(), Registry(reentry_fee=1), Arbitration(), Bond(stake=1)],
        rounds=8,
        events=1,
    ),
    "market": Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(), Honest()], "buyer": [Honest()] * 2},
        matching=Rematched(),
        institutions=[Reputation(), Registry(reentry_fee=1), Arbitration(), Bond()],
        memory="pairs",
        rounds=8,
        events=1,
    ),
}


@pytest.mark.parametrize("made", SCENARIOS.values(), ids=SCENARIOS)
def test_spare_identities_change_nothing(made):
    one = simulate(made, 5, 1, mode="interpreted")
    many = simulate(made.replace(faces=3), 5, 1, mode="interpreted")
    assert (one.points == many.points).all()
    assert (one.worlds["digest"] == many.worlds["digest"]).all()
    assert (one.worlds["public"] == many.worlds["public"]).all()
    a, b = one.table(), many.table()
    assert all(np.allclose(a[c], b[c], rtol=1e-12, equal_nan=True) for c in a)


class Masks(Institution):
    """From round 4 on everybody acts under its second identity."""

    @staticmethod
    def meet(w, own):
        if w.clock == 4:
            for i in range(w.agents):
                w.face[i] = i + w.agents


@pytest.mark.parametrize("memory", ["present", "pairs"])
def test_another_face_is_a_stranger_with_an_account_of_its_own(memory):
    made = Scenario(
        RepeatedDilemma(),
        [Defector(), Grim()],
        institutions=[Masks()],
        faces=2,
        memory=memory,
        rounds=8,
        metrics=(),
        events=300,
    )
    run = simulate(made, 1, mode="interpreted")
    log = run.events(0)
    log = log[log["kind"] == "decision"]
    grim = log[log["actor"].isin([1, 3])]
    assert grim["first"].astype(int).tolist() == [0, 1, 1, 1] * 2
    assert grim["actor"].tolist() == [1] * 4 + [3] * 4
    # 5 + 1 + 1 + 1 under each face, for the defector.
    assert run.worlds["balance"][0].tolist() == [8_000_000, 3_000_000] * 2
    assert run.points.tolist() == [[16, 6]]
