"""Machines: they are what their tables say, and nothing that is no machine is taken for one."""

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Tremble
from posalign_sim.agents import (
    Machine,
    Random,
    TitForTat,
    TitForTwoTats,
    TwoTitsForTat,
    WinStayLoseShift,
)
from posalign_sim.agents.strategies.machines import MACHINES
from tests.agents.matches import check_answers, play

ROUNDS = 25


def test_answers_to_scripts():
    check_answers(
        [
            # Ashlock & Kim: two defections unlock it, and it cooperates until it is defected on.
            (Machine.of("fortress_3"), "DDCCDCC", "DDCCCDD"),
            (Machine.of("fortress_4"), "DDDCCDC", "DDDCCCD"),
            (Machine.of("thumper"), "CDCCCC", "CCDDCC"),
            (Machine.of("usually_cooperates"), "CDCCDDC", "CCCDCCC"),
            (Machine.of("ripoff"), "CCDDC", "DCDCD"),
            (Machine.of("pun1"), "DDDDDD", "DCDCDC"),
            (Machine.cycle("CCD"), "DDDDDDD", "CCDCCDC"),
            (Machine.cycle("DC"), "CDCD", "DCDC"),
            (Machine.cycle("C"), "DDD", "CCC"),
        ]
    )


@pytest.mark.parametrize(
    ("machine", "twin", "noise"),
    [
        (Machine(), TitForTat(), 0.2),
        (Machine(goes_to=[0, 1, 0, 1], cooperates=[1, 1, 1, 0]), TitForTwoTats(), 0.2),
        (Machine(goes_to=[0, 1, 0, 1], cooperates=[1, 0, 0, 0]), TwoTitsForTat(), 0.2),
        # Its state is what it meant to do: it is win-stay lose-shift as long as nobody slips.
        (Machine(goes_to=[0, 1, 1, 0], cooperates=[1, 0, 0, 1]), WinStayLoseShift(), 0),
    ],
    ids=["tit_for_tat", "tit_for_two_tats", "two_tits_for_tat", "win_stay_lose_shift"],
)
def test_machines_that_are_known_by_other_names(machine, twin, noise):
    slips = Tremble(probability=noise)
    mine, theirs = (play([(one, Random())] * 3, ROUNDS, 7, noise=slips) for one in (machine, twin))
    assert [m.done for m in mine] == [t.done for t in theirs]


def test_any_machine_is_read_as_it_is_written():
    rng = np.random.default_rng()
    made = []
    for states in (1, 2, 5, 32):
        tables = rng.integers(0, states, 2 * states), rng.integers(0, 2, 2 * states)
        made.append((*tables, Machine(*tables, first=0)))
    found = play([(agent, Random()) for *_, agent in made], ROUNDS, 8)
    for (goes_to, cooperates, _), moves in zip(made, found, strict=True):
        state, expected = 0, "D"
        for theirs in moves.done[1][:-1]:
            at = 2 * state + "CD".index(theirs)
            state, expected = goes_to[at], expected + "DC"[cooperates[at]]
        assert moves.done[0] == expected


def test_all_that_have_a_name_are_machines():
    for name in MACHINES:
        agent = Machine.of(name)
        states = agent.values["goes_to"].shape[-1] // 2
        # Every state can be reached, and every act is one or the other.
        reached = {0}
        for _ in range(states):
            reached |= {int(agent.values["goes_to"][2 * s + a]) for s in reached for a in (0, 1)}
        assert reached == set(range(states)), name
        assert set(agent.values["cooperates"]) <= {0.0, 1.0}


def test_by_chance():
    """One state that cooperates half of the time after C, never after D."""
    agent = Machine(goes_to=[0, 0], cooperates=[0.5, 0], first=0.5)
    found = play([(agent, Machine.cycle("CD"))] * 60, 21)
    acts = np.array([[act == "C" for act in m.done[0]] for m in found])
    assert not acts[:, 2::2].any()
    coins = np.concatenate([acts[:, 1::2].ravel(), acts[:, 0]])
    assert abs(coins.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(coins))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Machine(goes_to=[0, 2, 0, 1], cooperates=[1] * 4), "goes_to has 2, .* 0 to 1"),
        (lambda: Machine(goes_to=[0, 0.5], cooperates=[1, 1]), "goes_to has 0.5, .* are 0 to 0"),
        (lambda: Machine(goes_to=[0, -1], cooperates=[1, 1]), r"goes_to\[1\] = -1 is out of its"),
        (lambda: Machine(goes_to=[0, np.nan], cooperates=[1, 1]), r"goes_to\[1\] = nan"),
        (lambda: Machine(goes_to=[0, 0], cooperates=[1, 2]), r"machine.cooperates\[1\] = 2 is out"),
        (lambda: Machine(goes_to=[0, 0, 0], cooperates=[1, 1, 1]), "two for each state"),
        (lambda: Machine(goes_to=[0, 0], cooperates=[1] * 4), "has 2 numbers and .* 4: each has"),
        (lambda: Machine(goes_to=[0] * 66, cooperates=[1] * 66), "give at most 64 numbers"),
        (lambda: Machine(goes_to=[0, 0]), "give both goes_to and cooperates"),
        (lambda: Machine(first=1.5), "machine.first = 1.5 is out of its range"),
        (lambda: Machine.of("fortress3"), "no machine is called 'fortress3': did you mean"),
        (lambda: Machine.cycle("CX"), "'CX' must be up to 32 letters, C or D"),
        (lambda: Machine.cycle(""), "must be up to 32 letters"),
    ],
)
def test_a_bad_machine_is_refused_by_name(make, words):
    with pytest.raises(ConfigurationError, match=words):
        make()
