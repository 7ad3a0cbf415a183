"""Escrow: held until delivery, contested until a finding or expiry, and resolved exactly once."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Griefer,
    Opportunist,
    Spiteful,
    TitForTat,
)
from posalign_sim.envs import Bargaining, MoralHazardMarket, RepeatedDilemma, Trust
from posalign_sim.institutions import Arbitration, Escrow
from posalign_sim.testing import check_institution

SURE = {"accuracy": 1, "false_finding": 0, "refund": 0, "fee": 0}
POINT = 1_000_000


class Contester(Agent):
    """Buys, and contests in the first round."""

    @staticmethod
    def pay(p, i):
        return 1 if p.clock == 0 else 0

    @staticmethod
    def contest(p, i):
        return 1


def played(seller, buyer, *institutions, rounds=1, worlds=1, **more):
    scenario = Scenario(
        MoralHazardMarket(),
        {"seller": [seller], "buyer": [buyer]},
        institutions=institutions,
        metrics=(),
        **{"rounds": rounds, "events": 999, **more},
    )
    run = simulate(scenario, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def test_what_nobody_contests_is_released_at_once():
    run = played(Cooperator(), Cooperator(), Escrow())
    assert run.points[0].tolist() == [3, 3]
    assert not run.worlds["held"].any() and run.worlds["public"][0, 1] == 0
    log = run.events(0)
    moved = log[(log["kind"] == "posting") & (log["actor"] == 0) & (log["target"] == 0)]
    assert sorted(moved["first"].tolist()) in ([-5 * POINT, 5 * POINT], [-5.0, 5.0])


def test_on_a_found_breach_it_goes_to_who_paid():
    for stack in ([Arbitration(**SURE), Escrow(fee=0.5)], [Escrow(fee=0.5), Arbitration(**SURE)]):
        run = played(Defector(), Contester(), *stack)
        # The price of 5 goes back; low quality costs 1 and is worth 5, and contesting 0.5.
        assert run.points[0].tolist() == [-1, 5 - 0.5]
        assert run.worlds["sight"]["sanction"][0].tolist() == [5, 0]
        assert not run.worlds["held"].any()


def test_it_is_not_paid_out_without_a_contest():
    class Content(Agent):
        """Buys, files, and does not contest."""

        @staticmethod
        def pay(p, i):
            return 1

        @staticmethod
        def contest(p, i):
            return 0

    run = played(Defector(), Content(), Arbitration(**SURE), Escrow())
    assert run.points[0].tolist() == [4, 0]


def test_a_share_may_be_held():
    run = played(Defector(), Contester(), Arbitration(**SURE), Escrow(held=0.4, fee=0.5))
    assert run.points[0].tolist() == [4 - 2, 0 + 2 - 0.5]


def test_contested_it_stays_held_until_it_expires():
    for deadline in (1, 2, 3):
        law = Escrow(deadline=deadline, carrying=0.1, fee=0.25, griefing=100)
        for rounds in (1, 2, 3, 4):
            run = played(Cooperator(), Contester(), law, rounds=rounds)
            waited = min(rounds, deadline) - 1
            assert run.points[0].tolist() == pytest.approx([3 - 0.5 * waited, 3 - 0.25])
            still = rounds < deadline
            assert run.worlds["held"][0].tolist() == [5 * POINT if still else 0, 0]


def test_by_default_who_was_wronged_contests_what_an_arbiter_may_find():
    run = played(Defector(), DiscriminatingBuyer(), Arbitration(**SURE), Escrow())
    assert run.table()["escrow_contests"][0] == 0.5
    assert played(Defector(), Cooperator(), Escrow()).table()["escrow_contests"][0] == 0
    assert played(Cooperator(), Cooperator(), Escrow()).table()["escrow_contests"][0] == 0
    # An award that is less than the fee is not worth it.
    dear = played(Defector(), Cooperator(), Arbitration(**SURE), Escrow(fee=5.01))
    assert dear.table()["escrow_contests"][0] == 0


def test_sellers_are_honest_iff_what_is_held_deters():
    """Detection times payment at least the gain: 5 a >= 1, without any other remedy."""
    accuracy = np.round(np.arange(0.02, 0.6, 0.02), 2)
    judge = Arbitration(accuracy=accuracy, false_finding=0, refund=0, fee=0)
    stack = [judge, Escrow(fee=0, carrying=0)]
    run = played(
        Opportunist(explore=0, learning=0), Cooperator(), *stack, worlds=len(accuracy), events=0
    )
    honest = run.worlds["moral_hazard_market"]["deliver"][:, 0] == 0
    assert (honest == (accuracy >= 0.2)).all()


@pytest.mark.parametrize("griefing", [0.5, 1, 4])
def test_a_griefer_costs_its_victim_at_most_the_declared_factor(griefing):
    carrying = np.array([0, 0.01, 0.05, 0.2, 1.0])
    law = Escrow(carrying=carrying, deadline=4, fee=0.25, griefing=griefing)
    griefer = Cooperator(conduct=Griefer())
    run = played(Cooperator(), griefer, law, rounds=20, worlds=len(carrying), events=0)
    peace = played(Cooperator(), Cooperator(), law, rounds=20, worlds=len(carrying), events=0)
    harm = (peace.points - run.points)[:, 0]
    spent = (peace.points - run.points)[:, 1]
    assert (harm <= griefing * spent + 1e-6).all()
    # No harm, no grief; where the delay is dear, the factor binds but for what is still held.
    assert spent[0] == 0 and harm[0] == 0 and (spent[1:] > 0).all()
    long = played(Cooperator(), griefer, law, rounds=200, worlds=len(carrying), events=0)
    worst = 5 * carrying[-1] * 3
    assert long.worlds["escrow"]["delayed"][-1, 0] >= worst * (200 - 8)


def test_whether_a_griefer_bothers_depends_on_its_leverage():
    """It contests iff what it can destroy per point of fee reaches what it asks for."""
    leverage = np.round(np.arange(0.5, 4, 0.25), 2)
    griefer = Cooperator(conduct=Griefer(leverage=leverage))
    law = Escrow(carrying=0.2, deadline=3, fee=0, griefing=2)
    run = played(Cooperator(), griefer, law, worlds=len(leverage), events=0)
    assert ((run.worlds["escrow"]["contests"][:, 1] > 0) == (leverage <= 2)).all()
    # Nobody is named: whoever is spiteful for any reason does the same.
    run = played(Cooperator(), Cooperator(conduct=Spiteful()), law)
    assert run.worlds["escrow"]["contests"][0, 1] == 1


def test_more_than_it_has_room_for_is_not_held():
    law = Escrow(deadline=8, carrying=0.01, fee=0.25)
    run = played(Cooperator(), Cooperator(conduct=Griefer()), law, rounds=30)
    assert run.worlds["held"][0, 0] <= 8 * 5 * POINT
    assert run.worlds["escrow"]["contests"][0, 1] <= 30


def test_withdrawn_it_releases_everything():
    law = Escrow(deadline=8, strength={0: "enforced", 2: "off"})
    run = played(Cooperator(), Cooperator(conduct=Griefer()), law, rounds=3)
    assert not run.worlds["held"].any()


def test_in_trust_what_was_sent_can_be_had_back():
    class Suspicious(Agent):
        """Sends everything, and contests what comes back."""

        @staticmethod
        def send(p, i):
            return 0, int(p.full)

        @staticmethod
        def contest(p, i):
            return 1

    scenario = Scenario(
        Trust(),
        {"investor": [Suspicious()], "trustee": [Defector()]},
        institutions=[Arbitration(**SURE), Escrow(fee=0, carrying=0)],
        rounds=1,
        metrics=(),
    )
    run = simulate(scenario, 1, mode="interpreted", progress=False)
    assert run.points[0].tolist() == [0, 20]


def test_games_in_which_nothing_is_paid_are_refused():
    with pytest.raises(ConfigurationError, match="nothing is paid there for a promise"):
        Scenario(RepeatedDilemma(), [TitForTat()] * 2, institutions=[Escrow()], rounds=1)
    assert Escrow.refusal(Bargaining) == ""
    for wrong in ({"deadline": 0}, {"griefing": 0}, {"held": 2}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            Escrow(**wrong)


def test_it_passes_the_contract_suite():
    market = Scenario(
        MoralHazardMarket(),
        {
            "seller": [Opportunist(), Defector()],
            "buyer": [Cooperator(conduct=Griefer()), DiscriminatingBuyer()],
        },
        matching=Rematched(),
        institutions=[Arbitration()],
        rounds=3,
        metrics=(),
    )
    check_institution(Escrow(carrying=0.1), [market], worlds=2)
