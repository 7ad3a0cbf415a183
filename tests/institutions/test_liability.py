"""Who answers for a penalty, to the minor unit: the agent, its owner, an insurer, or nobody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import ConfigurationError, Rematched, Scenario, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    Honest,
    Opportunist,
    Random,
)
from posalign_sim.envs import Bargaining, Commons, Crisis, MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views.transcript import transcript
from posalign_sim.institutions import Arbitration, Bond, Liability, PigouvianCharge
from posalign_sim.metrics import Welfare
from posalign_sim.testing import check_institution

POINT = 1_000_000
PAIR = [Cooperator(), Defector()]


def played(game, agents, *institutions, rounds=1, worlds=1, metrics=(), **more):
    made = Scenario(game, agents, institutions=institutions, rounds=rounds, metrics=metrics, **more)
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def sentence(**terms):
    """An arbiter who finds every breach: 2 to the victim, 4 to the treasury."""
    sure = {"accuracy": 1, "false_finding": 0, "refund": 0, "fee": 0}
    return Arbitration(**{**sure, "damages": 2, "fine": 4, **terms})


def in_points(w, name):
    return (w[name][0] / POINT).tolist()


def test_an_agent_answers_with_what_it_has():
    run = played(RepeatedDilemma(), PAIR, sentence(), Liability())
    # 5 earned: 2 to the victim, 3 of the 4 to the treasury.
    assert run.points[0].tolist() == [2, 0]
    assert in_points(run.worlds, "public") == [-5, 0, 0, 3, 0]
    own = run.worlds["liability"]
    assert own["unmet"][0].tolist() == [0, 1] and own["bankrupt"][0].tolist() == [0, 1]
    assert run.worlds["sight"]["sanction"][0].tolist() == [0, 5]
    # Half a point of credit; and without any limit.
    assert played(RepeatedDilemma(), PAIR, sentence(), Liability(credit=0.5)).points[0, 1] == -0.5
    assert played(RepeatedDilemma(), PAIR, sentence()).points[0, 1] == -1


def test_its_owner_answers_for_a_share_of_the_rest():
    liable = Liability(owner=[0, 1], vicarious=0.5)
    run = played(RepeatedDilemma(), PAIR, sentence(), liable, events=99)
    # Treasury, two owners, the insurer.
    assert in_points(run.worlds, "public") == [-5, 0, 0, 3.5, 0, -0.5, 0]
    assert run.points[0].tolist() == [2, 0]
    own = run.worlds["liability"]
    assert own["stood_in"][0].tolist() == [0, 0.5] and own["unmet"][0].tolist() == [0, 0.5]
    assert "payment: owner 1 pays the treasury of jurisdiction 0 0.5 points" in transcript(run)
    # Nobody owns the second seat.
    run = played(RepeatedDilemma(), PAIR, sentence(), Liability(owner=[0, -1]))
    assert in_points(run.worlds, "public") == [-5, 0, 0, 3, 0, 0]


def test_an_owner_of_several_answers_for_all():
    agents = [Cooperator(), Defector(), Cooperator(), Defector()]
    run = played(RepeatedDilemma(), agents, sentence(), Liability(owner=[1, 0, 1, 0]))
    assert in_points(run.worlds, "public") == [-10, 0, 0, 8, -2, 0, 0]


def test_who_stood_in_takes_it_back():
    liable = Liability(owner=[0, 1], recourse=0.5)
    run = played(RepeatedDilemma(), PAIR, sentence(), liable)
    assert run.points[0].tolist() == [2, -0.5]
    assert in_points(run.worlds, "public") == [-5, 0, 0, 4, 0, -0.5, 0]
    assert run.worlds["sight"]["sanction"][0].tolist() == [0, 5.5]
    # Below its floor it has nothing to lose until it has earned its way out.
    run = played(RepeatedDilemma(), PAIR, sentence(), liable, rounds=2)
    assert run.points[0].tolist() == [4, -0.75]


def test_an_insurer_answers_for_all_of_the_rest():
    liable = Liability(owner=[0, 1], insured=1, premium=0.25)
    run = played(RepeatedDilemma(), PAIR, sentence(), liable, events=99)
    assert run.points[0].tolist() == [2 - 0.25, 0]
    assert in_points(run.worlds, "public") == [-5, 0, 0, 4, 0, 0, 0.5 - 1.25]
    assert "payment: the insurer pays the treasury of jurisdiction 0 1.25 points" in transcript(run)


def test_what_is_in_escrow_is_out_of_reach():
    # The bond is lost as a bond; the fine finds an empty purse.
    stack = (sentence(damages=0), Bond(stake=3, fee=0, evident=0), Liability())
    run = played(RepeatedDilemma(), PAIR, *stack)
    assert run.worlds["liability"]["unmet"][0, 1] == 2
    assert run.points[0].tolist() == [3, 0]


def test_withdrawal_ends_all_limits():
    gone = Liability(owner=[0, 0], strength={0: "enforced", 1: "off"})
    run = played(RepeatedDilemma(), PAIR, sentence(), gone, rounds=2)
    assert run.points[0].tolist() == [4, -1]
    assert run.worlds["sight"]["answerable"][0, :2].tolist() == [1e7, 1e7]
    assert np.isinf(run.worlds["least_balance"][0]).all()


def test_a_bankrupt_in_mid_dispute():
    """Two claims against one purse: the first is met, the second as far as it goes."""
    claims = (sentence(damages=3, fine=0), sentence(name="other", damages=0, fine=3))
    agents = [Defector(), Defector()]
    run = played(RepeatedDilemma(punishment=2), agents, *claims, Liability(), rounds=3)
    w = run.worlds
    own = w["liability"]
    # Each earns 2 and owes 3 to the other, who is paid what there is: nothing is lost or twice due.
    assert w["balance"][0].sum() + w["public"][0, 3] == 12 * POINT
    assert w["unpaid"][0].tolist() == (own["unmet"][0] * POINT).round().tolist()
    assert (own["unmet"][0] > 0).any() and (run.points[0] >= 0).all()
    run = played(RepeatedDilemma(), PAIR, sentence(damages=3, fine=3), Liability(), rounds=3)
    assert run.points[0].tolist() == [9, 0] and run.worlds["public"][0, 3] == 6 * POINT
    assert run.worlds["liability"]["unmet"][0, 1] == 3


FIVE = {
    "dilemma": (RepeatedDilemma(), [Defector(), Cooperator()]),
    "bargaining": (
        Bargaining.of("integrative", binding=0, breach_gain=1, breach_harm=2),
        [Opportunist(patience=0, explore=0), Honest()],
    ),
    "commons": (Commons(), [Opportunist(patience=0, explore=0), Honest()]),
    "crisis": (Crisis(hazard=0), [Opportunist(patience=0, explore=0), Honest()]),
    "market": (
        MoralHazardMarket(),
        {"seller": [Defector(), Honest()], "buyer": [Cooperator(), Cooperator()]},
    ),
}


@pytest.mark.parametrize("game", FIVE)
def test_it_limits_what_is_paid_in_every_game(game):
    made, agents = FIVE[game]
    charge = PigouvianCharge(rate=60, foreseen=0, payee=1, cost=0)
    points = {
        strength: played(made, agents, charge, Liability(strength=strength)).points[0]
        for strength in ("off", "announced", "enforced")
    }
    assert (points["off"] == points["announced"]).all()
    assert points["off"][0] < 0 == points["enforced"][0]
    assert (points["enforced"][1:] == points["off"][1:]).all()


@pytest.mark.parametrize("game", FIVE)
def test_a_placebo_sends_the_bill_to_another_owner(game):
    made, agents = FIVE[game]
    seats = 4 if game == "market" else 2
    charge = PigouvianCharge(rate=60, foreseen=0, payee=1, cost=0)
    bills = []
    for strength in ("enforced", "shuffled"):
        liable = Liability(owner=list(range(seats)), strength=strength)
        run = played(made, agents, charge, liable)
        bills.append(-run.worlds["public"][0, 4 : 4 + seats])
    assert bills[0][0] > 0 == bills[0][1:].sum()
    assert bills[1][1] == bills[0][0] and bills[1][0] == 0


@settings(max_examples=30, deadline=None)
@given(
    credit=st.floats(0, 5),
    vicarious=st.floats(0, 1),
    recourse=st.floats(0, 1),
    insured=st.integers(0, 1),
    premium=st.floats(0, 1),
    fine=st.floats(0, 20),
    seed=st.integers(0, 10**6),
)
def test_no_unit_is_made_or_lost(credit, vicarious, recourse, insured, premium, fine, seed):
    liable = Liability(
        owner=[0, 1, 0, -1],
        credit=credit,
        vicarious=vicarious,
        recourse=recourse,
        insured=insured,
        premium=premium,
    )
    agents = [Random(), Random(cooperation=0.9), Cooperator(), Defector()]
    made = Scenario(
        RepeatedDilemma(),
        agents,
        institutions=[sentence(accuracy=0.7, fine=fine), liable],
        rounds=4,
        metrics=[Welfare()],
        matching=Rematched(),
    )
    # `simulate` checks that all accounts sum to zero.
    run = simulate(made, 1, seed, mode="interpreted", progress=False)
    w = run.worlds
    assert run.faults.empty
    assert w["unpaid"][0, :4] == pytest.approx(w["liability"]["unmet"][0, :4] * POINT, abs=1)
    if recourse == 0 and premium == 0:
        assert (w["balance"][0, :4] >= -credit * POINT - 1).all()
    if insured:
        assert not w["unpaid"].any() and not w["public"][0, 4:6].any()


def test_it_passes_the_suite():
    dilemma = Scenario(
        RepeatedDilemma(),
        [Opportunist(), Defector()],
        institutions=[sentence()],
        rounds=2,
        metrics=(),
    )
    market = Scenario(*FIVE["market"], rounds=2, metrics=())
    check_institution(Liability(owner=[0, 0], recourse=0.5), [dilemma], worlds=1)
    check_institution(Liability(insured=1), [market], worlds=1)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"owner": [0, 0.5]}, "must be whole numbers"),
        ({"owner": [0, 7]}, "fewer than there are seats"),
        ({"owner": [0, -2]}, "must lie in"),
        ({"vicarious": 2}, "out of its range"),
    ],
)
def test_mistakes_are_named(terms, message):
    with pytest.raises(ConfigurationError, match=message):
        Liability(**terms)


def test_an_owner_for_each_seat():
    with pytest.raises(ConfigurationError, match="2 rows for 3 seats"):
        played(RepeatedDilemma(), [Cooperator()] * 3, Liability(owner=[0, 0]))
