"""Peer punishment to the minor unit: who pays for what, who is hit, who sees what."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Neighbours, Network, Scenario, simulate, start
from posalign_sim.agents import (
    AltruisticPunisher,
    AntisocialPunisher,
    Cooperator,
    Defector,
    Rewarder,
    SecondOrderPunisher,
    SpitefulPunisher,
)
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import PeerPunishment

POINT = 1_000_000


def group(*seats, game=None, worlds=1, mode="interpreted", **terms):
    """One round of Fehr & Gächter's public good, with punishment."""
    more = {k: terms.pop(k) for k in ("matching", "network") if k in terms}
    made = Scenario(
        game or PublicGoods(),
        seats,
        institutions=[PeerPunishment(**terms)],
        rounds=1,
        metrics=(),
        **more,
    )
    run = simulate(made, worlds, mode=mode, progress=False)
    assert run.faults.empty
    return run


def points(*seats, **terms):
    return group(*seats, **terms).points[0, : len(seats)].tolist()


def cooperator(conduct=None):
    return Cooperator(conduct=conduct)


def test_fehr_and_gaechters_payoffs():
    assert points(*[cooperator()] * 4) == [32] * 4
    assert points(*[Defector()] * 4) == [20] * 4
    assert points(*[cooperator()] * 3, Defector()) == [24, 24, 24, 44]


def test_more_than_four_points_deter_a_free_rider_and_four_leave_it_indifferent():
    given = np.arange(11)
    punisher = cooperator(AltruisticPunisher(points=given.astype(float)))
    run = group(punisher, cooperator(), cooperator(), Defector(), worlds=11)
    kept = group(punisher, *[cooperator()] * 3, worlds=11).points
    # Nobody is punished who gave everything; the full gain of 12 is gone with four points.
    assert (kept == 32).all()
    gain = run.points[:, 3] - kept[:, 3]
    assert gain.tolist() == (12 - 3 * given).tolist()
    assert (gain < 0).tolist() == (given > 4).tolist() and gain[4] == 0
    # One for each point, and three for whom it hits: both are burnt.
    assert run.points[:, 0].tolist() == (24 - given).tolist()
    assert run.worlds["public"][:, 1].tolist() == (4 * given * POINT).tolist()


def test_points_of_several_add_up():
    each = [cooperator(AltruisticPunisher(points=k)) for k in (1, 2, 3)]
    run = group(*each, Defector())
    assert run.points[0].tolist() == [23, 22, 21, 44 - 18]
    own = run.worlds["peer_punishment"][0]
    assert own["dealt"].tolist() == [1, 2, 3, 0]
    assert own["suffered"].tolist() == [0, 0, 0, 6]
    assert own["dealt_wrongly"].tolist() == [0] * 4
    assert run.worlds["sight"]["sanction"][0].tolist() == [0, 0, 0, 18]


def test_who_cares_for_its_own_points_punishes_only_for_nothing():
    assert points(*[cooperator()] * 3, Defector()) == [24, 24, 24, 44]
    # Each of three gives the usual five points.
    assert points(*[cooperator()] * 3, Defector(), price=0) == [24, 24, 24, 44 - 45]


def test_those_who_let_a_breach_pass_may_be_punished_in_turn():
    punisher = cooperator(SecondOrderPunisher(points=4))
    seats = [punisher, cooperator(), cooperator(AltruisticPunisher(points=4)), Defector()]
    assert points(*seats) == [20, 24, 20, 44 - 24]
    # Seat 1 was wronged, and spared the free rider; who broke its word itself let nothing pass.
    assert points(*seats, second_order=1) == [16, 24 - 12, 20, 44 - 24]


def test_antisocial_spiteful_and_kind_seats():
    seats = [cooperator()] * 2
    antisocial = Defector(conduct=AntisocialPunisher(points=1))
    run = group(*seats, Defector(), antisocial)
    assert run.points[0].tolist() == [16 - 3, 16 - 3, 36, 36 - 2]
    assert run.worlds["peer_punishment"]["dealt_wrongly"][0].tolist() == [0, 0, 0, 2]
    spiteful = Defector(conduct=SpitefulPunisher(points=1))
    assert points(*seats, Defector(), spiteful) == [13, 13, 33, 33]
    kind = cooperator(Rewarder(points=2))
    assert points(kind, cooperator(), cooperator(), Defector()) == [20, 26, 26, 44]
    assert points(kind, cooperator(), cooperator(), Defector(), reward=0.5) == [20, 25, 25, 44]
    assert points(kind, cooperator(), cooperator(), Defector(), reward=0) == [24, 24, 24, 44]


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_on_a_network_neighbours_punish_each_other(mode):
    line = Network.from_edges(4, [(0, 1), (1, 2), (2, 3)])
    run = group(
        cooperator(AltruisticPunisher(points=1)),
        Defector(),
        cooperator(AltruisticPunisher(points=2)),
        cooperator(AltruisticPunisher(points=10)),
        game=RepeatedDilemma(),
        network=line,
        matching=Neighbours(),
        mode=mode,
    )
    # 0 has a cheat for a neighbour; 1 exploits two; 2 meets one of each; 3 sees no cheat.
    assert run.points[0].tolist() == [0 - 1, 10 - 9, 3 - 2, 3]


def test_a_seat_is_told_what_each_of_the_others_did_and_what_is_at_stake():
    made = Scenario(
        PublicGoods(),
        [cooperator(), Defector(), cooperator(AltruisticPunisher()), Defector()],
        institutions=[PeerPunishment(usual=2)],
        rounds=1,
        metrics=(),
    )
    session = start(made, external=[0], mode="interpreted")
    session.advance([0], [[20, 0, 0]])
    assert session.points[session.decision[0]].name == "peer_punishment.punish"
    shown = dict(
        zip((f.name for f in session.features), session.observations[0].tolist(), strict=True)
    )
    # Round the table from the next seat on.
    assert [shown[f"others_acts_{k}"] for k in range(3)] == [0, 1, 0]
    assert shown["stakes_gain"] == 0 and shown["stakes_provoked"] == 1
    assert (shown["stakes_price"], shown["stakes_damage"]) == (4, 12)
    with pytest.raises(ConfigurationError):
        session.advance([1], [[11, 0, 0]])
    session.advance([1], [[5, 0, 1]])
    assert session.worlds["peer_punishment"]["suffered"][0].tolist() == [0, 10, 0, 6]


def test_a_placebo_hits_somebody_else_as_hard():
    seats = [cooperator(AltruisticPunisher(points=4)), cooperator(), cooperator(), Defector()]
    run = group(*seats, worlds=6, strength="shuffled")
    hit = run.worlds["peer_punishment"]["suffered"]
    assert (hit.sum(axis=1) == 4).all() and not hit[:, 3].any()


@pytest.mark.parametrize("terms", [{"impact": -1}, {"usual": 11}, {"reward": 1.5}, {"prise": 1}])
def test_bad_terms_are_refused(terms):
    with pytest.raises(ConfigurationError, match="peer_punishment"):
        PeerPunishment(**terms)
