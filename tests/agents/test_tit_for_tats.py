"""The family of tit for tat, by the moves that each makes against what is written."""

import pytest

from posalign_sim import RoundRobin, Scenario, Tremble, simulate
from posalign_sim.agents import (
    AdaptiveTitForTat,
    ForgivingTitForTat,
    HardTitForTat,
    HardTitForTwoTats,
    Random,
    RandomTitForTat,
    SlowTitForTat,
    SneakyTitForTat,
    SpitefulTitForTat,
    SuspiciousTitForTat,
    TitForTat,
    TitForTwoTats,
    TitsForTats,
    TwoTitsForTat,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.society import Society
from tests.agents.matches import check_answers, play, script


def test_answers_to_scripts():
    check_answers(
        [
            (TitForTwoTats(), "CDCDDCDDDC", "CCCCCDCCDD"),
            (TwoTitsForTat(), "CDCCCDDC", "CCDDCCDD"),
            (SuspiciousTitForTat(), "CDDC", "DCDD"),
            # Three rounds long.
            (HardTitForTat(), "DCCCCDCC", "CDDDCCDD"),
            # Twice in a row within three rounds; every other round is not enough.
            (HardTitForTwoTats(), "DDCCDCDDC", "CCDDCCCCD"),
            (TitsForTats(), "DDCCCCDC", "CCDDDCCC"),
            (TitsForTats(tits=0), "DDDDD", "CCCCC"),
            # It takes up what was done twice, and else stays with what it did.
            (SlowTitForTat(), "DDCDCCC", "CCDDDDC"),
            # Exploits until it is punished, then repents once.
            (SneakyTitForTat(), "CCCDCDC", "CCDDCCD"),
            (SneakyTitForTat(), "CCCCC", "CCDDD"),
            (SpitefulTitForTat(), "DCDDCC", "CDCDDD"),
            # Images 1/4, 1/8, 9/16, 25/32, 57/64.
            (AdaptiveTitForTat(), "DDCCCD", "CDDCCC"),
            (AdaptiveTitForTat(rate=1), "DDCCCD", "CDDCCC"),
            # Half of all rounds is not more than half.
            (ForgivingTitForTat(share=0.5), "CDDDCC", "CCCDDC"),
            (ForgivingTitForTat(), "C" * 11 + "DCDC", "C" * 14 + "D"),
            # Copies in odd rounds, acts at random in even ones.
            (RandomTitForTat(cooperation=0), "CCDDCC", "CCDDDC"),
            (RandomTitForTat(cooperation=1), "CCDDCC", "CCCDCC"),
        ]
    )


@pytest.mark.parametrize(
    ("tits", "tats", "twin"),
    [(1, 1, TitForTat()), (1, 2, TitForTwoTats()), (2, 1, TwoTitsForTat())],
)
def test_tits_for_tats_are_those_with_names(tits, tats, twin):
    pairs = [(TitsForTats(tits=tits, tats=tats), script("CDDCDCCDDDCDCCC")), (twin,) * 2]
    mine, _ = play(pairs, 15)
    theirs = play([(twin, script("CDDCDCCDDDCDCCC"))], 15)[0]
    assert mine.done == theirs.done


def test_named_answers_to_each_other():
    suspicious, mutual, exploited = play(
        [
            (TitForTat(), SuspiciousTitForTat()),
            (TitForTwoTats(), SuspiciousTitForTat()),
            (TitForTwoTats(), script("DCDCDC")),
        ],
        6,
    )
    assert suspicious.done == ("CDCDCD", "DCDCDC")
    assert mutual.done == ("CCCCCC", "DCCCCC")
    assert exploited.done[0] == "CCCCCC"


def test_slips_are_answered_as_they_were_seen():
    # All acts are flipped: who meets a script of C sees D.
    found = play(
        [(TitForTwoTats(), script("")), (Random(), script(""))], 5, noise=Tremble(probability=1)
    )
    assert found[0].chosen[0] == "CCDDD"
    assert found[0].done[0] == "DDCCC"


@pytest.mark.parametrize(("memory", "third"), [("pairs", "CCD"), ("present", "CCC")])
def test_what_it_notes_belongs_to_one_partner(memory, third):
    """It meets a defector in every third round, others in between."""
    agents = [TitForTwoTats(), script("D" * 40), TitForTat(), script("")]
    made = Scenario(
        RepeatedDilemma(),
        agents,
        matching=RoundRobin(),
        memory=memory,
        rounds=9,
        metrics=(),
        events=999,
    )
    log = simulate(made, 1, mode="interpreted").events(0)
    met = log[(log["kind"] == "interaction") & (log["actor"] == 0)].sort_values("clock")
    with_defector = met[met["target"] == 1]["first"]
    assert "".join("DC"[int(c)] for c in with_defector) == third
    assert (met[met["target"] != 1]["first"] == 1).all()


def test_notes_are_kept_where_somebody_takes_any():
    def fields(*seats):
        return Scenario(RepeatedDilemma(), list(seats), rounds=3).structure.dtype["sight"].names

    assert "notes" in fields(TitForTwoTats(), TitForTat())
    assert "notes" not in fields(TitForTat(), SuspiciousTitForTat())


def test_who_takes_over_a_seat_of_a_society_has_noted_nothing():
    seats = [SpitefulTitForTat(), script("D" * 40), TitForTwoTats(), script("")]
    society = Society(Scenario(RepeatedDilemma(), seats, rounds=9), seed=1, mode="interpreted")
    for _ in range(3):
        society.step()
    noted = society.worlds["sight"]["notes"][0]
    assert noted[0].any()
    society.seats[0].strategy = "tit_for_two_tats"
    assert not noted[0].any()
