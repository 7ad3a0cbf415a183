"""Strategies that cooperate by degrees: one level, in every game of more or less."""

import numpy as np
import pytest

from posalign_sim import Neighbours, Network, Scenario, simulate
from posalign_sim.agents import (
    ConditionalContributor,
    Cooperator,
    Defector,
    FixedHarvester,
    FixedTrust,
    GenerousTitForTat,
    GoByMajority,
    Grim,
    RandomContributor,
    SuspiciousTitForTat,
    TitForTat,
    TitForTwoTats,
    TwoTitsForTat,
    WinStayLoseShift,
)
from posalign_sim.agents.contributors import give
from posalign_sim.envs import Commons, Donor, PublicGoods, RepeatedDilemma, Trust
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.world.fields import given
from posalign_sim.world.modules import Agent

ROUNDS = 8


class Written(Agent):
    """Gives what is written: a share of a whole contribution for each round."""

    shares = given(np.float64, ROUNDS, low=0, high=1)

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return give(p, p.params[i, int(p.clock)])


def acts(made, seat, name="interaction"):
    """Cooperation of all acts of a seat, round by round."""
    log = simulate(made, 1, 2, mode="interpreted", progress=False).events(0)
    found = log[(log["kind"] == name) & (log["actor"] == seat)].sort_values("clock")
    return found["first"].tolist()


def given_by(agent, *shares):
    """What an agent gives in a public good beside others who give what is written."""
    others = [Written(shares=list(s)) for s in shares]
    rounds = len(shares[0])
    made = Scenario(PublicGoods(), [agent, *others], rounds=rounds, metrics=(), events=999)
    return acts(made, 0)


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        # The others give 3/4, 1/4, 1/2, 0 and 1 on average.
        (TitForTat(), [1, 0.75, 0.25, 0.5, 0, 1]),
        (SuspiciousTitForTat(), [0, 0.75, 0.25, 0.5, 0, 1]),
        (TitForTwoTats(), [1, 1, 0.75, 0.5, 0.5, 1]),
        (TwoTitsForTat(), [1, 0.75, 0.25, 0.25, 0, 0]),
        (GoByMajority(), [1, 0.75, 0.5, 0.5, 0.4, 0.5]),
        (GenerousTitForTat(generosity=0), [1, 0.75, 0.25, 0.5, 0, 1]),
        (GenerousTitForTat(generosity=1), [1, 1, 1, 1, 1, 1]),
        # Its worst experience is below a half from the third round on: one of them gave nothing.
        (Grim(), [1, 1, 0, 0, 0, 0]),
        # It gives all after rounds in which both gave half or more, or both less.
        (WinStayLoseShift(), [1, 1, 0, 0, 1, 1]),
    ],
    ids=lambda value: value.name if isinstance(value, Agent) else "",
)
def test_shares_of_a_public_good(agent, expected):
    one, other = [1, 0.5, 0.5, 0, 1, 1], [0.5, 0, 0.5, 0, 1, 1]
    assert given_by(agent, one, other) == pytest.approx(expected, abs=0.025)


def test_tit_for_tat_is_the_conditional_contributor_with_slope_one():
    def contributions(agent):
        seats = [agent, RandomContributor(share=0.7), RandomContributor(), RandomContributor()]
        made = Scenario(PublicGoods(), seats, rounds=12, metrics=())
        return simulate(made, 4, 3, mode="interpreted", progress=False).points

    assert (contributions(TitForTat()) == contributions(ConditionalContributor())).all()


def test_a_trustee_returns_in_proportion_to_what_it_was_sent():
    for share, expected in ((1.0, 1.0), (0.5, 0.5), (0.2, 0.2)):
        made = Scenario(
            Trust(),
            {"investor": [FixedTrust(trust=share)], "trustee": [TitForTat()]},
            rounds=3,
            metrics=(),
            events=99,
        )
        assert acts(made, 0) == pytest.approx([share] * 3)
        assert acts(made, 1) == pytest.approx([expected] * 3, abs=0.02)


def test_an_investor_sends_in_proportion_to_what_was_returned():
    # A third of the equal split, which is two thirds: then a third of what it has.
    made = Scenario(
        Trust(),
        {"investor": [TitForTat()], "trustee": [FixedTrust(returned=33)]},
        rounds=3,
        metrics=(),
        events=99,
    )
    sent, returned = acts(made, 0), acts(made, 1)
    assert sent[0] == 1
    assert sent[1:] == pytest.approx(returned[:-1], abs=0.01)
    assert 0 < returned[0] < 1


def test_donations_are_returned_to_who_donated():
    for partner, expected in ((Cooperator(), [1] * 6), (Defector(), [1] + [0] * 5)):
        made = Scenario(Donor(both=1), [TitForTat(), partner], rounds=6, metrics=(), events=99)
        assert acts(made, 0) == expected


def test_harvests_lie_between_the_fair_part_and_all():
    """Who takes more than its part is answered with as much more, relative to what is there."""
    made = Scenario(
        Commons(), [TitForTat(), FixedHarvester(amount=30)], rounds=3, metrics=(), events=99
    )
    own, theirs = acts(made, 0), acts(made, 1)
    assert own[0] == 1
    assert own[1:] == pytest.approx(theirs[:-1], abs=0.02)
    assert 0 < theirs[1] < theirs[0] < 1


def test_at_a_table_and_on_a_network_partners_are_one():
    """Two of three neighbours defect: their mean is below a half."""
    ring = Network.ring(4)
    seats = [TitForTat(), Defector(), Cooperator(), Defector()]
    made = Scenario(
        RepeatedDilemma(),
        seats,
        matching=Neighbours(),
        network=ring,
        rounds=3,
        metrics=(),
        events=99,
    )
    log = simulate(made, 1, mode="interpreted", progress=False).events(0)
    moves = log[(log["kind"] == "decision") & (log["actor"] == 0)].sort_values("clock")
    assert moves["second"].tolist() == [0, 1, 1]


def test_a_strategy_states_its_level_alone():
    assert set(TitForTat.functions) == {
        "level",
        "move",
        "donate",
        "contribute",
        "harvest",
        "send",
        "give_back",
    }
    assert TitForTat.functions["send"] is not Grim.functions["send"]
