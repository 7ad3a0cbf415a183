"""Strategies that live with mistakes: against scripts, after slips, and in spirals."""

import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    AdaptivePavlov,
    Champion,
    ContriteTitForTat,
    Defector,
    Eatherley,
    ForgivingGrim,
    Gradual,
    Grit,
    OmegaTitForTat,
    OriginalGradual,
    Shubik,
    SuspiciousTitForTat,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import other_last
from tests.agents.matches import Slip, check_answers, play, script


def test_answers_to_scripts():
    check_answers(
        [
            (ContriteTitForTat(), "CDDCC", "CCDDC"),
            # Randomness 2, 4, 6, and after the attempt at peace 8: then it gives up.
            (OmegaTitForTat(), "DCDCDCDCDC", "CDCDCCCDDD"),
            (OmegaTitForTat(randomness=4), "DCDCDC", "CDCDDD"),
            # One defection is answered once, the second twice; then there are two of peace.
            (Gradual(), "CDCCCDCCCCC", "CCDCCCDDCCC"),
            # Four defections in all, or three wars.
            (Gradual(), "DCCCDDCCDCCCC", "CDCCCDDCCDDDD"),
            (OriginalGradual(), "DCCCDDCCDCCCC", "CDCCCDDCCDDDC"),
            (Shubik(), "DCDDCCC", "CDCDDCC"),
            # A defector, one who alternates, a cooperator, and one who seems random.
            (AdaptivePavlov(), "DDDDDDDD", "CDDDDDDD"),
            (AdaptivePavlov(), "DCDCDCCDDC", "CDCDCDCCCD"),
            (AdaptivePavlov(), "CCCCCCDCC", "CCCCCCCDC"),
            (AdaptivePavlov(), "CDCCCCCC", "CCDCCCDD"),
            (Eatherley(), "DDDD", "CDDD"),
            (Eatherley(), "CCCC", "CCCC"),
            (Champion(), "D" * 27, "C" * 10 + "D" * 17),
            # From the 26th round on a share of defections below 0.4 is forgiven.
            (Champion(), "C" * 20 + "D" + "C" * 6 + "DC", "C" * 21 + "D" + "C" * 7),
        ]
    )


def test_omega_breaks_the_deadlock_of_alternating_revenge():
    omega, plain = play(
        [(OmegaTitForTat(), SuspiciousTitForTat()), (TitForTat(), SuspiciousTitForTat())], 12
    )
    assert omega.done == ("CDCDCCCCCCCC", "DCDCDCCCCCCC")
    assert plain.done == ("CDCDCDCDCDCD", "DCDCDCDCDCDC")


@pytest.mark.parametrize(
    ("agent", "first", "second"),
    [
        # The one repents, the other punishes once.
        (ContriteTitForTat(), "CCCDCCCC", "CCCCDCCC"),
        (ForgivingGrim(), "CCCDCCCC", "CCCCDCCC"),
        (ForgivingGrim(penance=2), "CCCDCCCC", "CCCCDDCC"),
        # Both shift once.
        (WinStayLoseShift(), "CCCDDCCC", "CCCCDCCC"),
        # Alternating revenge has no end.
        (TitForTat(), "CCCDCDCD", "CCCCDCDC"),
        (Shubik(), "CCCDCDCD", "CCCCDCDD"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_what_becomes_of_one_slip_between_two_alike(agent, first, second):
    (moves,) = play([(agent, agent)], 8, noise=Slip())
    assert moves.done == (first, second)


class Locked(Agent):
    """Defects twice, and is a tit for tat then: two of its kind never cooperate."""

    @staticmethod
    def move(p, i):
        return 1 if p.clock < 2 or other_last(p, i) < 0.5 else 0


def test_grit_leads_out_of_a_spiral_from_two_rounds_on():
    """Both have defected in round 1; the initiative begins in round 2."""
    one, two, three, none = play(
        [(Grit(initiative=k), Locked()) for k in (1, 2, 3)] + [(TitForTat(), Locked())], 9
    )
    assert none.done == ("CDDDDDDDD", "DDDDDDDDD")
    assert one.done == ("CDCDCDCDC", "DDDCDCDCD")  # CD, DC, CD, ... without end
    assert two.done == ("CDCCCCCCC", "DDDCCCCCC")  # CC from its second round on
    assert three.done == ("CDCCCCCCC", "DDDCCCCCC")


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_grit_costs_against_a_defector_what_its_initiative_is_long(rounds):
    points = []
    for agent in (Grit(initiative=rounds), TitForTat()):
        made = Scenario(RepeatedDilemma(), [agent, Defector()], rounds=12, metrics=())
        points.append(simulate(made, 1, mode="interpreted").points[0, 0])
    assert points[1] - points[0] == rounds * (1 - 0)  # k (P - S)


def test_grit_tries_again_after_a_pause():
    once, again = play(
        [(Grit(initiative=2), script("D" * 12)), (Grit(initiative=2, pause=3), script("D" * 12))],
        12,
    )
    assert once.done[0] == "CDCCDDDDDDDD"
    assert again.done[0] == "CDCCDDDCCDDD"
