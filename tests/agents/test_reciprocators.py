"""Each agent by the moves that it plays against a known opponent, move by move."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import Agent, RoundRobin, Scenario, Tremble, param, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    GenerousTitForTat,
    GoByMajority,
    Grim,
    MemoryOne,
    Random,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma


class Script(Agent):
    """Plays what is written: bit k of `acts` is 1 if it defects in round k."""

    acts: float = param(0, 0, 2**40)

    @staticmethod
    def move(p, i):
        return int(p.params[i, 0]) >> p.clock & 1


def script(moves):
    return Script(acts=sum(2**k for k, move in enumerate(moves) if move == "D"))


def versus(agent, opponent, rounds=None, worlds=1, seed=0, **more):
    """Moves of both, as text: what one world's agent and its opponent did."""
    if isinstance(opponent, str):
        rounds, opponent = len(opponent), script(opponent)
    made = Scenario(
        RepeatedDilemma(), [agent, opponent], rounds=rounds, metrics=(), events=300, **more
    )
    run = simulate(made, worlds, seed, mode="interpreted")
    texts = []
    for world in range(worlds):
        log = run.events(world)
        log = log[log["kind"] == "decision"].sort_values(["actor", "clock"])
        texts.append(
            ["".join("CD"[int(c)] for c in log["second"][log["actor"] == k]) for k in (0, 1)]
        )
    return texts if worlds > 1 else texts[0]


@pytest.mark.parametrize(
    ("agent", "opponent", "moves"),
    [
        (Cooperator(), "CDDCDD", "CCCCCC"),
        (Defector(), "CDCCDC", "DDDDDD"),
        (TitForTat(), "CDDCCD", "CCDDCC"),
        (TitForTat(), "DDCDCC", "CDDCDC"),
        (GenerousTitForTat(generosity=0), "CDDCCDD", "CCDDCCD"),
        (GenerousTitForTat(generosity=1), "DDCDDC", "CCCCCC"),
        # It keeps its move after C, changes it after D.
        (WinStayLoseShift(), "CCCC", "CCCC"),
        (WinStayLoseShift(), "DDDDDD", "CDCDCD"),
        (WinStayLoseShift(), "CDCCDDC", "CCDDDCD"),
        (Grim(), "CCCC", "CCCC"),
        (Grim(), "CCDCCCC", "CCCDDDD"),
        # As often as not is enough.
        (GoByMajority(), "DCCD", "CDCC"),
        (GoByMajority(), "CDDDCCC", "CCCDDDC"),
        (GoByMajority(), "DDCCC", "CDDDC"),
        (Random(cooperation=1), "CDCD", "CCCC"),
        (Random(cooperation=0), "CDCD", "DDDD"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_moves_against_a_script(agent, opponent, moves):
    assert versus(agent, opponent) == [moves, opponent]


@pytest.mark.parametrize(
    ("one", "other", "moves"),
    [
        (TitForTat(), Defector(), ["CDDDD", "DDDDD"]),
        (TitForTat(), TitForTat(), ["CCCCC", "CCCCC"]),
        (WinStayLoseShift(), Defector(), ["CDCDC", "DDDDD"]),
        (Grim(), WinStayLoseShift(), ["CCCCC", "CCCCC"]),
        (GoByMajority(), Grim(), ["CCCCC", "CCCCC"]),
    ],
)
def test_moves_against_each_other(one, other, moves):
    assert versus(one, other, 5) == moves
    assert versus(other, one, 5) == moves[::-1]


@pytest.mark.parametrize("vector", list(itertools.product([0, 1], repeat=5)))
def test_memory_one_agents_without_chance(vector):
    """All 32 of them, against an opponent who runs through every pair of moves."""
    opponent = "CDDCCDCDDDCCCDC"
    expected = "D" if vector[4] == 0 else "C"
    for theirs in opponent[:-1]:
        cooperates = vector[["CC", "CD", "DC", "DD"].index(expected[-1] + theirs)]
        expected += "DC"[cooperates]
    names = ("after_cc", "after_cd", "after_dc", "after_dd", "first")
    agent = MemoryOne(**dict(zip(names, vector, strict=True)))
    assert versus(agent, opponent) == [expected, opponent]


@pytest.mark.parametrize(
    ("agent", "vector"),
    [
        (TitForTat(), (1, 0, 1, 0)),
        (WinStayLoseShift(), (1, 0, 0, 1)),
        (Cooperator(), (1, 1, 1, 1)),
        (Defector(), (0, 0, 0, 0)),
        (GenerousTitForTat(generosity=0.4), (1, 0.4, 1, 0.4)),
        (Random(cooperation=0.3), (0.3, 0.3, 0.3, 0.3)),
    ],
)
def test_named_agents_are_memory_one_agents(agent, vector):
    """Move by move, also by chance and after slips: they draw the same luck."""
    names = ("after_cc", "after_cd", "after_dc", "after_dd")
    first = vector[0]
    twin = MemoryOne(**dict(zip(names, vector, strict=True)), first=first)
    more = {"rounds": 30, "worlds": 5, "seed": 1, "noise": Tremble(probability=0.2)}
    assert versus(agent, Random(), **more) == versus(twin, Random(), **more)


@pytest.mark.parametrize("agent", [GenerousTitForTat(generosity=0.3), Random(cooperation=0.3)])
def test_chances_are_what_they_are_said_to_be(agent):
    worlds, rounds = 400, 20
    made = Scenario(RepeatedDilemma(), [agent, Defector()], rounds=rounds, metrics=())
    run = simulate(made, worlds, 2, mode="interpreted")
    # Every cooperation with a defector costs it a point (0, not 1) and gains the other 4.
    given = rounds - run.points[:, 0]
    assert (run.points[:, 1] == rounds + 4 * given).all()
    sure = 1 if isinstance(agent, GenerousTitForTat) else 0
    rate = (given - sure) / (rounds - sure)
    error = np.sqrt(0.3 * 0.7 / (worlds * (rounds - sure)))
    assert abs(rate.mean() - 0.3) < 4 * error
    # Worlds differ as independent draws do, neither more nor less.
    spread = rate.var(ddof=1) / (0.3 * 0.7 / (rounds - sure))
    assert abs(spread - 1) < 4 * np.sqrt(2 / worlds) * 1.1


def test_a_stranger_is_met_with_a_clean_slate_and_an_acquaintance_is_not():
    agents = [Grim(), script("D" * 40), Cooperator(), TitForTat()]
    made = Scenario(
        RepeatedDilemma(), agents, matching=RoundRobin(), rounds=6, metrics=(), events=99
    )
    for memory, expected in (("present", "CC"), ("pairs", "CD")):
        run = simulate(made.replace(memory=memory), 1, mode="interpreted")
        log = run.events(0)
        met = log[(log["kind"] == "interaction") & (log["actor"] == 0) & (log["target"] == 1)]
        assert "".join("DC"[int(c)] for c in met["first"]) == expected
        # Towards who never defected it stays friendly either way.
        rest = log[(log["kind"] == "interaction") & (log["actor"] == 0) & (log["target"] != 1)]
        assert (rest["first"] == 1).all() and len(rest) == 4


def test_slips_are_remembered_as_what_was_done():
    # With every act flipped, tit for tat answers the act that it saw, and a cooperator defects.
    noise = Tremble(probability=1)
    assert versus(TitForTat(), Cooperator(), 4, noise=noise) == ["DCCC", "DDDD"]
    assert versus(WinStayLoseShift(), Defector(), 4, noise=noise) == ["DCDC", "CCCC"]


@pytest.mark.parametrize(
    ("seller", "buyer", "points"),
    [
        (Cooperator(), Cooperator(), [3, 3]),
        (Cooperator(), Defector(), [0, 0]),
        (Defector(), Cooperator(), [4, 0]),
        (Defector(), Defector(), [0, 0]),
    ],
)
def test_the_unconditional_in_a_market(seller, buyer, points):
    made = Scenario(
        MoralHazardMarket(), {"seller": [seller], "buyer": [buyer]}, rounds=1, metrics=()
    )
    assert simulate(made, 1, mode="interpreted").points[0].tolist() == points
