"""Pacts: arranged by who proposes them, joined by others, compensated when broken."""

from __future__ import annotations

import pytest

from posalign_sim import ConfigurationError, Fixed, Rematched, Scenario, simulate
from posalign_sim.agents import (
    Abstaining,
    Compliant,
    Cooperator,
    Defector,
    Opportunist,
    PactPlayer,
    Random,
)
from posalign_sim.envs import Commons, MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Precommitment
from posalign_sim.testing import check_institution

YES, NO = Compliant(), Abstaining()
SURE = {"accuracy": 1, "false_finding": 0, "refund": 0, "fee": 0}


def played(players, *institutions, game=None, rounds=1, **more):
    scenario = Scenario(
        game or RepeatedDilemma(),
        players,
        institutions=institutions,
        rounds=rounds,
        metrics=(),
        events=999,
        **more,
    )
    run = simulate(scenario, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def test_who_proposes_pays_for_it_and_two_who_do_share():
    committing, cooperating = PactPlayer.of("committing"), PactPlayer.of("cooperating")
    run = played([committing, cooperating], Precommitment(arrangement=0.5))
    assert run.points[0].tolist() == [2.5, 3]
    run = played([committing, committing], Precommitment(arrangement=0.5))
    assert run.points[0].tolist() == [2.75, 2.75]
    assert run.worlds["public"][0].tolist() == [-6_000_000, 500_000, 0, 0]


def test_a_pact_that_is_refused_costs_nothing_and_binds_nobody():
    committing, defecting = PactPlayer.of("committing"), PactPlayer.of("defecting")
    run = played([committing, defecting], Precommitment())
    assert run.points[0].tolist() == [1, 1]
    assert run.worlds["public"][0, 1] == 0 and run.table()["precommitment_pacts"][0] == 0
    assert not (run.events(0)["kind"] == "finding").any()


def test_who_breaks_it_compensates_the_other_once():
    committing, fake = PactPlayer.of("committing"), PactPlayer.of("fake")
    pact = Precommitment(arrangement=0.25, compensation=4)
    expected = [0 + 4 - 0.25, 5 - 4]
    assert played([committing, fake], pact).points[0].tolist() == expected
    assert played([committing, fake], Arbitration(**SURE), pact).points[0].tolist() == expected
    hidden = Precommitment(arrangement=0.25, compensation=4, evident=0)
    assert played([committing, fake], hidden).points[0].tolist() == [-0.25, 5]


def test_who_has_proposed_is_not_asked_to_join_nor_is_anybody_without_a_proposal():
    log = played([PactPlayer.of("committing"), PactPlayer.of("free")], Precommitment()).events(0)
    joined = log[log["place"] == "precommitment.accept_pact"]
    assert joined["actor"].tolist() == [1]
    log = played([PactPlayer.of("free")] * 2, Precommitment()).events(0)
    assert not (log["place"] == "precommitment.accept_pact").any()


def test_at_a_larger_table_all_must_join_and_the_others_share_the_compensation():
    one = Cooperator(conduct=YES)
    alone = played([Defector(conduct=YES), one, one, one], game=Commons())
    pact = Precommitment(arrangement=0.4, compensation=3)
    run = played([Defector(conduct=YES), one, one, one], pact, game=Commons())
    gained = run.worlds["balance"][0] - alone.worlds["balance"][0]
    assert gained.tolist() == [-3_100_000, 900_000, 900_000, 900_000]
    run = played([Defector(conduct=YES), one, one, Cooperator(conduct=NO)], pact, game=Commons())
    assert (run.worlds["balance"][0] == alone.worlds["balance"][0]).all()
    players = [PactPlayer.of("committing")] * 2 + [PactPlayer.of("defecting")] * 2
    pairs = played(players, Precommitment(arrangement=0.5), matching=Fixed(table=2))
    assert pairs.points[0].tolist() == [2.75, 2.75, 1, 1]


def test_opportunists_make_one_iff_the_compensation_deters():
    for compensation, cooperate in ((1.99, False), (2, True)):
        pact = Precommitment(compensation=compensation, arrangement=0.5)
        points = played([Opportunist(explore=0)] * 2, pact).points[0].tolist()
        assert points == ([2.75, 2.75] if cooperate else [1, 1])
    # Not if arranging it costs more than cooperation earns.
    dear = Precommitment(compensation=4, arrangement=2.1)
    assert played([Opportunist(explore=0)] * 2, dear).points[0].tolist() == [1, 1]


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="compensation"):
        Precommitment(compensation=-1)
    with pytest.raises(ConfigurationError, match=r"no strategy of pacts is called 'fke'.*fake"):
        PactPlayer.of("fke")


def test_it_passes_the_contract_suite():
    dilemma = Scenario(
        RepeatedDilemma(),
        [PactPlayer(), PactPlayer.of("fake"), Random(conduct=YES), Opportunist()],
        matching=Rematched(),
        rounds=3,
        metrics=(),
    )
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(), Defector(conduct=YES)], "buyer": [Cooperator(conduct=YES)] * 2},
        matching=Rematched(),
        rounds=3,
        metrics=(),
    )
    check_institution(Precommitment(evident=0.5), [dilemma, market], worlds=2)
