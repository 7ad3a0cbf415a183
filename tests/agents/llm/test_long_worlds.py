"""Worlds of many rounds: prompts and memory stay as small as a seat's history is short."""

import gc
import tracemalloc

import pytest

from posalign_sim import Scenario
from posalign_sim.agents.llm import Asking, LanguageModel
from posalign_sim.agents.llm.diary import Diary
from posalign_sim.envs import MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Registry, Reputation
from tests.agents.llm.seated import asked_in, models


def rounds_told(user):
    """Of which rounds a prompt tells."""
    lived = user.partition("## What happened to you in the last rounds\n")[2].partition("\n## ")[0]
    return [int(line.split()[1]) - 1 for line in lived.splitlines() if line.startswith("Round ")]


@pytest.mark.parametrize("history", [0, 1, 3])
def test_a_seat_is_told_of_so_many_rounds_the_present_one_included(history):
    made = Scenario(MoralHazardMarket(), models(MoralHazardMarket), rounds=7, metrics=())
    for session, *_, user in asked_in(made, asking=Asking(model="a", history=history)):
        clock = int(session.worlds[0]["clock"])
        of = rounds_told(user)
        assert all(clock - history < one <= clock for one in of)
        assert of == sorted(set(of))
        # Something happens to everybody in every round.
        assert set(range(max(0, clock - history + 1), clock)) <= set(of)


def test_prompts_and_memory_do_not_grow_with_rounds():
    seats = [LanguageModel(), LanguageModel()]
    made = Scenario(
        RepeatedDilemma(),
        seats,
        institutions=[Registry(reentry_fee=0.1), Reputation()],
        rounds=500,
        metrics=(),
    )
    longest, held = {}, {}
    try:
        for session, _, _, system, user in asked_in(made, asking=Asking(model="a", history=4)):
            clock = int(session.worlds[0]["clock"])
            part = clock // 100
            longest[part] = max(longest.get(part, 0), len(system) + len(user))
            if clock in (400, 420, 499) and clock not in held:
                if clock == 400:
                    tracemalloc.start()
                gc.collect()
                held[clock] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert clock == 499
    assert longest[4] < 1.05 * longest[1]
    assert held[499] - held[420] < 80_000  # a kB a round: what happens in one takes several


def test_a_diary_that_tells_nothing_keeps_nothing():
    diary = Diary(0)
    for clock in range(50):
        diary.meet(clock, [1, 2])
        diary.add(clock, "anything")
    assert diary.text() == ""
    assert not any(vars(diary)[name] for name in ("_lines", "_company", "_words"))


def test_a_table_of_many_is_told_in_time_that_grows_with_it():
    # All at one table, under an institution that looks at every act towards everybody.
    made = Scenario(PublicGoods(), [LanguageModel()] * 60, rounds=2, metrics=())
    count = sum(1 for _ in asked_in(made, asking=Asking(model="a", history=2)))
    assert count == 120
