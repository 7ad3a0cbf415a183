"""Harm is what each whom an act touches loses by it, in every game, to whatever institution."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import GROUP, Agent, Fixed, Scenario, param, simulate
from posalign_sim.envs import Bargaining, Commons, Crisis, PublicGoods
from posalign_sim.institutions import (
    Arbitration,
    FinalOffer,
    IncomeTax,
    MutualInsurance,
    PigouvianCharge,
    ProfitSharing,
)

THREE = np.array([[[6.0]], [[3]], [[2]]])
CALM = {"hazard": 0, "launch": 0, "misperception": 0}


class Member(Agent):
    """Does what it is told, in whichever game: in a second harvest it takes all that there is."""

    ticks: float = param(20, 0, 20)
    takes: float = param(0, 0, 100)
    rises: float = param(1, 0, 5)
    reneges: float = param(0, 0, 1)
    abstains: float = param(0, 0, 1)

    @staticmethod
    def join(p, i):
        return int(p.params[i, 4])

    @staticmethod
    def contribute(p, i):
        ticks = int(p.params[i, 0])
        return (0, ticks) if ticks > 0 else (1, 20)

    @staticmethod
    def harvest(p, i):
        return 0, int(p.params[i, 1]) if p.clock == 0 else int(p.most[i])

    @staticmethod
    def rung(p, i):
        return int(p.params[i, 2])

    @staticmethod
    def offer(p, i):
        p.reply[i, 0] = 0
        return 0

    @staticmethod
    def respond(p, i):
        return 0

    @staticmethod
    def fulfil(p, i):
        return int(p.params[i, 3])


def played(game, agents, *institutions, rounds=1):
    made = Scenario(game, agents, institutions=institutions, rounds=rounds, metrics=())
    run = simulate(made, 1, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def bargain(**more):
    return Bargaining(
        scores=THREE, impasse=0, discount=1, talk=0, binding=0, breach_gain=1, breach_harm=2, **more
    )


# A game for three, what is right in it, an act that is not, what each of the others loses, rounds.
ACTS = {
    # 20 kept, of which 1.6 / 3 would have come to each.
    "public goods": (PublicGoods(), {}, {"ticks": 0}, 32 / 3, 1),
    # A stock of 90 bears 15 each; 6 units more would have been 12 for three.
    "commons": (Commons(capacity=90, initial_stock=90), {"takes": 15}, {"takes": 21}, 4, 2),
    # Three rungs above `hold` are 3/5 of a prize of 5, half of it from each; violence destroys 2.
    "crisis": (Crisis(**CALM), {}, {"rises": 4}, 3 / 2 + 2, 1),
    "posturing": (Crisis(**CALM), {}, {"rises": 2}, 1 / 2, 1),
    "bargaining": (bargain(), {}, {"reneges": 1}, 2, 1),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_charge_of_one_takes_what_an_act_costs_all_others(act):
    game, right, wrong, each, rounds = ACTS[act]
    good = [Member(**right)] * 3
    bad = [Member(**wrong), *good[1:]]
    off = Arbitration(strength="off")
    kept, broken = (played(game, agents, off, rounds=rounds).points[0] for agents in (good, bad))
    assert kept[1:] - broken[1:] == pytest.approx([each, each], abs=2e-6)
    once = {0: "enforced", 1: "off"}
    charge = PigouvianCharge(cost=0, strength=once)
    run = played(game, bad, charge, rounds=rounds)
    acts = run.worlds["interactions"][0][: run.worlds["interaction_count"][0]]
    assert (acts["target"] == GROUP).all()
    if rounds == 1:
        assert acts["harm"].tolist() == pytest.approx([each, 0, 0], abs=1e-9)
    assert run.worlds["pigouvian_charge"]["charged"][0, :3] == pytest.approx([2 * each, 0, 0])
    # It is paid to whom it was taken from: nobody else has lost anything.
    assert run.points[0, 1:] == pytest.approx(kept[1:], abs=4e-6)
    assert run.points[0, 0] == pytest.approx(broken[0] - 2 * each, abs=4e-6)
    # Those who are insured against a breach claim that, each for itself.
    insurance = MutualInsurance(premium=50, cover=1, fee=0, strength=once)
    run = played(game, bad, insurance, rounds=rounds)
    assert run.worlds["mutual_insurance"]["claimed"][0, :3] == pytest.approx([0, each, each])
    # An arbiter awards the one who complains its own loss.
    run = played(game, bad, FinalOffer(spread=0, fee=0, strength=once), rounds=rounds)
    assert run.worlds["final_offer"]["awarded"].sum() == pytest.approx(each, abs=0.006)
    # What is expected of a breach, by those who share incomes, is the harm to all.
    for institution in (
        ProfitSharing(fee=0, strength=once),
        IncomeTax(basic_income=1, strength=once),
    ):
        own = played(game, bad, institution, rounds=rounds).worlds[institution.name]
        assert (own["breaches"][0], own["harms"][0]) == (1, pytest.approx(2 * each))


def test_what_was_paid_is_what_each_gave():
    """A refund to one who complains is its own part."""
    judge = Arbitration(accuracy=1, false_finding=0, fee=0, damages=0)
    broken, judged = (
        played(bargain(), [Member(reneges=1), Member(), Member()], *stack).points[0]
        for stack in ((), (judge,))
    )
    assert broken.tolist() == [7, 1, 0]
    assert sorted((judged - broken).tolist()) == [-2, 0, 2] and judged[0] == 5
    game = PublicGoods(standard=0.5)
    agents = [Member(ticks=0), Member(ticks=20), Member(ticks=10)]
    acts = played(game, agents, Arbitration(strength="off")).worlds["interactions"][0]
    assert acts["paid"][:3].tolist() == [15, 5, 10]


def test_who_stays_out_of_a_group_counts_in_its_mean():
    game = PublicGoods(optional=1)
    agents = [Member(ticks=0), Member(), Member(abstains=1), Member(abstains=1)]
    run = played(game, agents, PigouvianCharge(cost=0, payee=1))
    x = run.worlds["interactions"][0][0]
    # A tick is 1.6 / 2 for each of two; of the three others at the table one gave, and loses, all.
    assert (x["harm"], x["paid"]) == pytest.approx((16 / 3, 20 / 3))
    assert run.worlds["pigouvian_charge"]["charged"][0].tolist() == pytest.approx([16, 0, 0, 0])


def test_between_two_it_is_what_the_other_loses():
    pairs = {"matching": Fixed(table=2), "rounds": 1, "metrics": ()}
    agents = [Member(rises=4), Member()]
    made = Scenario(Crisis(**CALM), agents, institutions=[PigouvianCharge(cost=0)], **pairs)
    run = simulate(made, 1, 1, mode="interpreted", progress=False)
    assert run.worlds["interactions"][0]["harm"].max() == pytest.approx(5)
    assert run.points[0].tolist() == pytest.approx([4 + 3 - 2 - 5, 4])
