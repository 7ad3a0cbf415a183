"""Escalation scores of transcripts by hand; what is no ladder is not scored."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Fixed, Scenario, simulate
from posalign_sim.agents import Cooperator, Defector, Hawk, Honest
from posalign_sim.envs import Crisis, MoralHazardMarket, RepeatedDilemma
from posalign_sim.metrics import Escalation
from posalign_sim.metrics.deescalation import LONGEST
from posalign_sim.metrics.escalation import weight
from posalign_sim.world.conduct import interact
from posalign_sim.world.fields import param

SILENT = 6
#: Rivera et al. (2024): de-escalation, status quo, posturing, non-violent, violent, nuclear.
WEIGHTS = np.array([-2, 0, 4, 12, 28, 60])


class Script(Agent):
    """Says and does what is written, a digit for each round, the last again and again."""

    says: float = param(0, 0, 1e15)
    does: float = param(0, 0, 1e15)
    count: float = param(1, 1, 15)

    @staticmethod
    def signal(p, i):
        return int(p.params[i, 0]) // 10 ** int(min(p.clock, p.params[i, 2] - 1)) % 10

    @staticmethod
    def rung(p, i):
        return int(p.params[i, 1]) // 10 ** int(min(p.clock, p.params[i, 2] - 1)) % 10


def script(does, says=None):
    said = says or str(SILENT) * len(does)
    return Script(does=int(does[::-1]), says=int(said[::-1]), count=len(does))


def report(*does, says=None, game=None, **more):
    """The metric's report of what each party does, round by round."""
    said = says or [None] * len(does)
    made = Scenario(
        game or Crisis(hazard=0, launch=0, start=1e6),
        [script(d, s) for d, s in zip(does, said, strict=True)],
        **{"metrics": [Escalation()], "rounds": len(does[0]), **more},
    )
    return simulate(made, 1, mode="interpreted", progress=False).table().iloc[0]


def test_the_weights_are_those_of_the_source():
    assert [weight(rung) for rung in range(6)] == WEIGHTS.tolist()


def test_a_transcript_by_hand():
    row = report("0123", "1145", "2210")
    rungs = np.array([[0, 1, 2, 3], [1, 1, 4, 5], [2, 2, 1, 0]])
    assert row["escalation"] == WEIGHTS[rungs].sum() / 12 == 108 / 12
    assert row["escalation_linear"] == rungs.sum() / 12
    assert row["escalation_ordinal"] == 2 / 12
    assert row["escalation_acts"] == 12
    # From first to last in three steps: +3, +4, -2.
    assert row["velocity"] == 5 / 9
    assert np.isnan(row["signal_divergence"])


def test_a_score_of_a_day_is_the_sum_over_all_parties():
    rng = np.random.default_rng()
    rungs = rng.integers(0, 6, (8, 10))
    row = report(*("".join(map(str, r)) for r in rungs))
    assert row["escalation"] * 8 == pytest.approx(WEIGHTS[rungs].sum(axis=0).mean())
    # No act is left out, whatever it is: eight parties, ten rounds.
    assert row["escalation_acts"] == 80
    assert row["velocity"] == pytest.approx(np.diff(rungs, axis=1).mean())


@pytest.mark.parametrize("matching", [None, Fixed(table=2)])
def test_who_steps_down_after_a_rise(matching):
    # The second climbs in rounds 1, 2 and 4. The first steps down after the first time, and up
    # after the second; that is answered by a step up.
    row = report("11012", "12334", matching=matching)
    own, other = [1, 1, 0, 1, 2], [1, 2, 3, 3, 4]
    rises = falls = 0
    for mine, theirs in ((own, other), (other, own)):
        for t in range(2, 5):
            if theirs[t - 1] > theirs[t - 2]:
                rises += 1
                falls += mine[t] < mine[t - 1]
    assert (rises, falls) == (3, 1)
    assert row["deescalation_rate"] == pytest.approx(1 / 3)
    assert np.isnan(report("111", "111")["deescalation_rate"])


def test_at_a_table_it_is_the_mean_of_the_others_that_rises():
    # The second's step up in round 1 is a rise of the mean for the first and the third.
    row = report("111", "131", "111")
    assert row["deescalation_rate"] == 0
    row = report("111", "131", "110")
    assert row["deescalation_rate"] == 1 / 2
    # One goes up as another comes down: for the first nothing rose. For the third it did, and it
    # steps down further.
    row = report("1111", "1311", "3100")
    assert row["deescalation_rate"] == 1


def test_what_was_said_and_what_was_done():
    # Off by 0, 2, -3 and silent: the mean of what was said.
    row = report("1141", "1111", says=["1316", "6666"])
    assert row["signal_divergence"] == pytest.approx(5 / 3)
    assert report("14", "23", says=["14", "23"])["signal_divergence"] == 0


@pytest.mark.parametrize(
    ("first", "second", "rounds", "never"),
    [
        # A crisis is both parties', though one acts: over after 1, or 3, rounds.
        ("1211", "1111", 1, 0),
        ("12341", "11111", 3, 0),
        ("12111", "11311", 2, 0),
        # Two crises, of 1 and of 2 rounds; and one that never ends.
        ("121221", "111111", 1.5, 0),
        ("1222", "1111", LONGEST, 1),
    ],
)
def test_the_way_back_by_hand(first, second, rounds, never):
    row = report(first, second)
    assert row["return_rounds"] == pytest.approx(rounds)
    assert row["return_never"] == pytest.approx(never)


def test_peace_has_no_way_back_and_no_acts_no_score():
    row = report("1111", "0000")
    assert np.isnan(row["return_rounds"])
    assert row["escalation"] == -1
    # After a catastrophe nobody acts: what follows is not scored as zero.
    row = report("5111", "1111", game=Crisis(hazard=0, launch=1))
    assert (row["escalation_acts"], row["escalation"]) == (2, 30)


@pytest.mark.parametrize(
    "made",
    [
        Scenario(RepeatedDilemma(), [Cooperator(), Defector()], rounds=3, metrics=[Escalation()]),
        Scenario(
            MoralHazardMarket(),
            {"seller": [Honest()], "buyer": [Honest()]},
            rounds=3,
            metrics=[Escalation()],
        ),
    ],
    ids=["dilemma", "market"],
)
def test_what_is_no_ladder_is_undefined(made):
    row = simulate(made, 1, mode="interpreted", progress=False).table().iloc[0]
    scores = row.drop(["world", "pair", "rounds", "fault"])
    assert {"escalation", "velocity", "escalation_acts"} <= set(scores.index)
    assert scores.isna().all()


def test_one_act_between_rungs_makes_a_world_undefined():
    class Sloping(RepeatedDilemma):
        """A dilemma on whose ladder there are no rungs."""

        @staticmethod
        def begin(w, own):
            w.standard = 0.8
            w.first_best = 1.0

        @staticmethod
        def play(w, own):
            for i in range(2):
                interact(w, i, 1 - i, 0.8 - 0.1 * own.move[i], 0, 0.0, 0.0, 0.0, 0.0)

    for agents, defined in (([Cooperator()] * 2, True), ([Cooperator(), Defector()], False)):
        made = Scenario(Sloping(), agents, rounds=2, metrics=[Escalation()])
        row = simulate(made, 1, mode="interpreted", progress=False).table().iloc[0]
        assert np.isfinite(row["escalation"]) == defined


def test_a_hawk_is_at_the_top_of_what_it_says():
    made = Scenario(Crisis(start=1e6, hazard=0), [Hawk(), Hawk()], rounds=9, metrics=[Escalation()])
    row = simulate(made, 1, mode="interpreted", progress=False).table().iloc[0]
    assert (row["escalation"], row["escalation_ordinal"], row["velocity"]) == (28, 1, 0)
    assert row["signal_divergence"] == 0
