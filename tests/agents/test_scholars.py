"""Who knows something: whom a sceptic believes, what an arbitrageur expects others to leave."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import Liar, Sceptic, Sharer
from posalign_sim.agents.scholars import bluff, left_by_others
from posalign_sim.envs import SharedKnowledge, SharedStock


def seat(signal, told=(), *, claim=-1, slant=0, doubt=0.0, seats=4, trust=1.0):
    """What a seat at a stock of at most 100 sees."""
    return SimpleNamespace(
        signal=[signal],
        told_count=[len(told)],
        told_mean=[float(np.mean(told)) if told else 0.0],
        own_claim=[claim],
        doubt=[doubt],
        tolerance=20.0,
        slant=slant,
        stock=[max(0.0, (signal + sum(told)) / (1 + len(told)) - doubt)],
        capacity=100.0,
        growth=2.0,
        growth_form=0,
        collapse=5.0,
        tick=1.0,
        most=[100],
        group_size=[seats],
        params=np.array([[trust]]),
    )


@pytest.mark.parametrize(
    ("signal", "slant", "claim"),
    [(300, 0, 340), (700, 0, 660), (300, -1, 260), (20, -1, 0), (990, 1, 1000), (5, 1, 45)],
)
def test_lies_go_the_way_that_pays(signal, slant, claim):
    assert bluff(seat(signal, slant=slant), 0, 2.0) == claim


def test_sceptics_believe_what_is_near_to_what_they_see():
    assert Sceptic.inform(seat(50), 0)[0] == 1
    for told, number in (((60, 80), 63), ((69, 71), 63), ((70, 72), 50), ((20, 20), 50), ((), 50)):
        assert Sceptic.estimate(seat(50, told), 0) == (0, number)
    # Of 64 half can be taken, by each of four a quarter; who is alone with its signal doubts more.
    assert Sceptic.harvest(seat(64, (64, 64, 64), doubt=8.0), 0) == (0, 7)
    assert Sceptic.harvest(seat(64, (24, 24, 24), doubt=8.0), 0) == (0, 6)
    assert Sceptic.harvest(seat(64, (24, 24, 24), doubt=8.0, trust=2.0), 0) == (0, 3)


def test_what_others_leave():
    # They believe what is said on average: 70, so 8.75 each; 80 can bear 10 each.
    assert left_by_others(seat(80, (80, 80, 80), claim=40), 0) == pytest.approx(10 + 3 * 1.25)
    # Who said nothing knows one signal more, and the others doubt more: 6 for three, not 5.2.
    p = seat(80, (80, 80, 80), doubt=6.0)
    theirs = (80 - 6 * np.sqrt(4 / 3)) / 8
    assert left_by_others(p, 0) == pytest.approx(74 / 8 + 3 * (74 / 8 - theirs))
    # Where the others take more than it can bear, or say nothing, it takes its part.
    assert left_by_others(seat(60, (90, 90, 90), claim=60), 0) == pytest.approx(82.5 / 8)
    assert left_by_others(seat(80), 0) == pytest.approx(10)


def test_liars_gain_nothing_from_sceptics():
    def caught(other):
        seats = [Liar(), *[other] * 3]
        game = SharedStock(deviation=0, variability=0, initial_stock=100)
        made = Scenario(game, seats, rounds=1, metrics=())
        return simulate(made, 1, mode="interpreted").points[0].tolist()

    # Two others say 100, the liar 60: sharers believe in 90, sceptics in what they see.
    assert caught(Sharer())[1:] == [11] * 3
    assert caught(Sceptic(trust=0.5))[1:] == [12] * 3

    def estimates(other):
        made = Scenario(SharedKnowledge(deviation=0), [Liar(), Liar(), other], rounds=1, metrics=())
        w = simulate(made, 1, mode="interpreted").worlds[0]
        return w["shared_knowledge"]["estimate_number"][2] - w["sight"]["signal"][2]

    assert abs(estimates(Sharer())) > 40
    assert estimates(Sceptic()) == 0
