"""Contracts: a breach is paid for once, to whom it harms; binding ones leave no breach."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    simulate,
)
from posalign_sim.agents import (
    Abstaining,
    Compliant,
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Opportunist,
    Random,
)
from posalign_sim.envs import Bargaining, Commons, MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Contract
from posalign_sim.testing import check_institution

YES, NO = Compliant(), Abstaining()
SURE = {"accuracy": 1, "false_finding": 0, "refund": 0, "fee": 0}


def played(players, *institutions, game=None, rounds=1, worlds=1, **more):
    scenario = Scenario(
        game or RepeatedDilemma(),
        players,
        institutions=institutions,
        rounds=rounds,
        metrics=(),
        events=999,
        **more,
    )
    run = simulate(scenario, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def test_who_breaches_pays_whom_it_harms():
    run = played(
        [Cooperator(conduct=YES), Defector(conduct=YES)], Contract(transfer=2.5, fee=0.125)
    )
    assert run.points[0].tolist() == [0 + 2.5 - 0.125, 5 - 2.5 - 0.125]
    assert run.worlds["public"][0].tolist() == [-5_000_000, 250_000, 0, 0]
    assert run.worlds["sight"]["sanction"][0].tolist() == [0, 2.5]
    log = run.events(0)
    assert log[log["kind"] == "finding"][["actor", "target"]].to_numpy().tolist() == [[1, 0]]


def test_a_conditional_one_needs_all_signatures_a_unilateral_one_its_own():
    signs, does_not = Defector(conduct=YES), Defector(conduct=NO)
    other = Cooperator(conduct=NO)
    terms = {"transfer": 2.5, "fee": 0}
    assert played([signs, other], Contract(**terms)).points[0].tolist() == [5, 0]
    alone = Contract(conditional=0, **terms)
    assert played([signs, other], alone).points[0].tolist() == [2.5, 2.5]
    assert played([does_not, Cooperator(conduct=YES)], alone).points[0].tolist() == [5, 0]
    both = played([signs, Defector(conduct=YES)], Contract(**terms))
    assert both.points[0].tolist() == [1, 1]  # each pays the other


def test_what_is_not_evident_needs_an_arbiter_before_it():
    players = [Defector(conduct=YES), Cooperator(conduct=YES)]
    hidden = Contract(transfer=2, evident=0, fee=0)
    assert played(players, hidden).points[0].tolist() == [5, 0]
    assert played(players, Arbitration(**SURE), hidden).points[0].tolist() == [3, 2]
    assert played(players, hidden, Arbitration(**SURE)).points[0].tolist() == [5, 0]


def test_an_act_is_paid_for_once_however_often_it_is_proven():
    players = [Defector(conduct=YES), Cooperator(conduct=YES)]
    stack = [Arbitration(**SURE), Arbitration("second", **SURE), Contract(transfer=2, fee=0)]
    run = played(players, *stack)
    assert run.points[0].tolist() == [3, 2]
    # And a bond beside it is forfeited once on the finding that the contract made.
    run = played(players, Contract(transfer=2, fee=0), Bond(stake=1, evident=1, fee=0))
    assert run.points[0].tolist() == [2, 3]
    assert (run.events(0)["kind"] == "finding").sum() == 1


def test_what_harms_a_table_is_split_among_the_others_to_the_minor_unit():
    players = [Defector(conduct=YES), *[Cooperator(conduct=YES) for _ in range(3)]]
    run = played(players, Contract(transfer=1, fee=0), game=Commons())
    alone = played(players, game=Commons())
    gained = run.worlds["balance"][0] - alone.worlds["balance"][0]
    assert gained.tolist() == [-1_000_000, 333_334, 333_333, 333_333]


def test_among_neighbours_each_act_is_paid_for():
    clique = Network.from_edges(3, [(0, 1), (0, 2), (1, 2)])
    players = [Defector(conduct=YES), Cooperator(conduct=YES), Cooperator(conduct=YES)]
    run = played(players, Contract(transfer=2, fee=0), matching=Neighbours(), network=clique)
    assert run.points[0].tolist() == [10 - 4, 3 + 2, 3 + 2]


def test_a_binding_one_leaves_no_breach():
    bind = Contract(binding=1, fee=0)
    assert played([Defector(conduct=YES)] * 2, bind).points[0].tolist() == [3, 3]
    assert played([Defector(conduct=YES), Defector(conduct=NO)], bind).points[0].tolist() == [1, 1]
    alone = Contract(binding=1, conditional=0, fee=0)
    run = played([Defector(conduct=YES), Defector(conduct=NO)], alone)
    assert run.points[0].tolist() == [0, 5]
    run = played([Defector(conduct=YES)] * 2, bind, game=Bargaining(binding=0))
    assert (run.worlds["interactions"]["cooperation"][0, :2] == 0).all()  # they cannot agree


def test_it_tells_who_is_bound_and_what_a_breach_costs():
    class Watcher(Agent):
        """Cooperates if a breach would cost its partner two points, or cannot be."""

        @staticmethod
        def move(p, i):
            at = p.place[i]
            lost = p.forfeit_if_breach[at] * p.bonded[p.partner[i]]
            return 0 if lost >= 2 or p.assured[i] == 1 else 1

    for terms, cooperates in (
        ({"transfer": 2}, True),
        ({"transfer": 1.9}, False),
        ({"transfer": 4, "evident": 0.5}, True),
        ({"transfer": 1.9, "binding": 1}, True),
    ):
        alone = Contract(fee=0, conditional=0, **terms)
        run = played([Watcher(conduct=NO), Cooperator(conduct=YES)], alone)
        assert (run.points[0, 0] == 3) == cooperates


def test_several_stakes_add_up_to_what_a_breach_costs():
    # Neither deters alone: two points are needed, each is worth one.
    pair = [Opportunist(explore=0, conduct=YES), Opportunist(explore=0, conduct=YES)]
    halves = [
        Bond(stake=4, evident=0.25, fee=0),
        Contract(transfer=1, evident=1, fee=0),
    ]
    for stack, expected in ((halves[:1], 1), (halves[1:], 1), (halves, 3), (halves[::-1], 3)):
        run = played(pair, *stack)
        cooperated = run.worlds["interactions"]["cooperation"][0, :2]
        assert (cooperated == (1 if expected == 3 else 0)).all()


def test_evidence_is_as_frequent_as_it_should_be():
    worlds, evident = 400, 0.35
    run = played(
        [Defector(conduct=YES), Cooperator(conduct=YES)],
        Contract(transfer=1, evident=evident, fee=0),
        worlds=worlds,
    )
    paid = 5 - run.points[:, 0]
    assert abs(paid.mean() - evident) < 4 * np.sqrt(evident * (1 - evident) / worlds)


def test_by_default_a_seat_signs_what_pays():
    for transfer, signs in ((2, True), (1.99, False)):
        pair = [Opportunist(explore=0), Opportunist(explore=0)]
        run = played(pair, Contract(transfer=transfer))
        assert (run.points[0] > 2).all() == signs
    # One that binds itself alone gets nothing for it in a dilemma, and the sale in a market.
    run = played([Opportunist(explore=0)] * 2, Contract(conditional=0))
    assert run.table()["contract_signatures"][0] == 0
    market = {"seller": [Opportunist(explore=0)], "buyer": [DiscriminatingBuyer(unsecured=-0.0)]}
    run = played(market, Contract(conditional=0, transfer=1, fee=0), game=MoralHazardMarket())
    assert run.points[0].tolist() == [3, 3]


def test_shuffled_who_pays_is_not_who_breached():
    players = [Random(conduct=YES) for _ in range(4)]
    scenario = Scenario(
        RepeatedDilemma(),
        players,
        institutions=[Contract(strength="shuffled", transfer=1, fee=0)],
        rounds=1,
        metrics=(),
    )
    run = simulate(scenario, 400, mode="interpreted", progress=False)
    broke = run.worlds["repeated_dilemma"]["move"][:, :4]
    paid = run.worlds["sight"]["sanction"][:, :4]
    assert paid.sum() == broke.sum()
    # Who pays for another has broken its own word as often as not.
    gap = paid[broke == 1].mean() - paid[broke == 0].mean()
    assert abs(gap) < 4 * np.sqrt(0.25 / (broke == 1).sum() + 0.25 / (broke == 0).sum())


def test_bad_input_is_refused():
    for wrong in ({"transfer": -1}, {"evident": 1.5}, {"binding": 2}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            Contract(**wrong)


def test_it_passes_the_contract_suite():
    dilemma = Scenario(
        RepeatedDilemma(),
        [Opportunist(), Random(conduct=YES), Random(conduct=YES)],
        matching=Rematched(),
        rounds=3,
        metrics=(),
        institutions=[Arbitration()],
    )
    commons = Scenario(Commons(), [Opportunist(), Defector(conduct=YES)], rounds=3, metrics=())
    check_institution(Contract(evident=0.5), [dilemma], worlds=2)
    check_institution(Contract(binding=1), [commons], worlds=2)
