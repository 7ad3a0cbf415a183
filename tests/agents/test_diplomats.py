"""Parties to a crisis: who climbs, who comes down, what an initiative costs."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, simulate
from posalign_sim.agents import (
    AudienceSensitive,
    Deterrer,
    Dove,
    Grit,
    Hawk,
    Madman,
    Mirror,
    PatientDiplomat,
    Richardson,
)
from posalign_sim.envs import Crisis
from posalign_sim.theory.arms_race import arms_race_equilibrium
from posalign_sim.world.fields import param

#: No luck, no end, no shortage, and no tension: every round is worth what the first is.
CALM = {"misperception": 0, "hazard": 0, "launch": 0, "heat": 0, "start": 1e6}


class Script(Agent):
    """Does what is written, a digit for each round, the last again and again; says `hold`."""

    does: float = param(0, 0, 1e15)
    count: float = param(1, 1, 15)

    @staticmethod
    def signal(p, i):
        return 1

    @staticmethod
    def rung(p, i):
        return int(p.params[i, 0]) // 10 ** int(min(p.clock, p.params[i, 1] - 1)) % 10


def script(does):
    return Script(does=int(does[::-1]), count=len(does))


def crisis(*agents, rounds=8, events=2000, **values):
    made = Scenario(
        Crisis(**{**CALM, **values}), list(agents), rounds=rounds, metrics=(), events=events
    )
    return simulate(made, 1, 1, mode="interpreted", progress=False)


def acts(run, world=0, decision="rung"):
    """What each seat chose, round by round, as text; 6 is silence."""
    log = run.events(world)
    made = log[(log["kind"] == "decision") & (log["place"] == f"crisis.{decision}")]
    return [
        "".join(str(int(c)) for c in made[made["actor"] == i]["second"])
        for i in sorted(set(made["actor"]))
    ]


# --- down the ladder ------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 5])
def test_two_conciliatory_rounds_lead_a_mirror_down_from_the_second_round_on(k):
    run = crisis(Grit(initiative=k), Mirror(), opening=4)
    assert acts(run) == ["00000000", "40000000"]
    # It says so, round by round; the mirror too.
    assert acts(run, decision="signal") == ["00000000", "40000000"]


def test_one_round_only_makes_them_take_turns():
    run = crisis(Grit(initiative=1), Mirror(), opening=4)
    assert acts(run) == ["04040404", "40404040"]
    assert acts(crisis(Grit(initiative=0), Mirror(), opening=4)) == ["4" * 8, "4" * 8]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_against_a_hawk_an_initiative_costs_k_times_the_suckers_loss(k):
    values = {"opening": 4, "rounds": 10}
    gained = crisis(Grit(initiative=k), Hawk(), **values)
    assert acts(gained)[0] == "0" * k + "4" * (10 - k)
    both = crisis(Mirror(), Hawk(), **values)
    # S: 4 of dividend, 4/5 of the prize of 5 lost, damage 2; P: 4, cost 2, damage 2.
    sucker, punishment = 4 - 4 - 2, 4 - 2 - 2
    assert (gained.points - both.points)[0, 0] == pytest.approx(k * (sucker - punishment))


def test_an_initiative_needs_a_spiral_and_is_taken_once_unless_it_may_wait():
    # One who is above `hold` alone makes no spiral; when it has followed, it steps down.
    assert acts(crisis(Grit(), script("1112"), rounds=6))[0] == "111120"
    # The other keeps on: it mirrors for ever after, or tries again after three rounds of that.
    assert acts(crisis(Grit(), Hawk(), opening=3, rounds=9))[0] == "004444444"
    assert acts(crisis(Grit(pause=3), Hawk(), opening=3, rounds=9))[0] == "004440044"


def test_grit_brings_a_whole_table_down():
    run = crisis(Grit(), Mirror(), Mirror(), opening=4)
    # At a table of three one initiative is not enough: the mirrors see each other.
    assert acts(run) == ["00444444", "4" * 8, "4" * 8]
    run = crisis(Grit(), Grit(), Mirror(), opening=4)
    assert acts(run) == ["0" * 8, "0" * 8, "4" + "0" * 7]


# --- perception -----------------------------------------------------------------------------------


def answering(generosity, rounds, worlds, history=(), **values):
    """Worlds of two who mirror, with some generosity: one structure, compiled once."""
    pair = [PatientDiplomat(generosity=generosity, ceiling=5) for _ in range(2)]
    made = Scenario(Crisis(**{**CALM, **values}), pair, rounds=rounds, metrics=())
    return simulate(made, worlds, 1, progress=False, history=history)


def test_misperception_drives_mirrors_up_at_its_own_rate():
    rate, rounds, worlds = 0.1, 10, 4000
    # Without generosity it is a mirror.
    pairs = [[PatientDiplomat(generosity=0, ceiling=4), Hawk()], [Mirror(), Hawk()]]
    plain, mirror = (acts(crisis(*pair, misperception=0.5, rounds=20)) for pair in pairs)
    assert plain == mirror
    run = answering(0, rounds, worlds, range(50), misperception=rate, opening=0)
    last = run.worlds["crisis"]["level"]
    # What each does is what the other did, plus one with probability `rate`: in the last round,
    # a sum of rounds - 1 draws, which hardly ever comes to the top.
    mean, variance = (rounds - 1) * rate, (rounds - 1) * rate * (1 - rate)
    assert abs(last.mean() - mean) < 4 * np.sqrt(variance / (2 * worlds))
    assert last.var() == pytest.approx(variance, rel=0.15)
    # Never down, on the way that an act takes from one to the other and back.
    levels = run.history["crisis"]["level"][-rounds:]
    assert np.isin(levels[1:] - levels[:-1, :, ::-1], (0, 1)).all()
    # In the long run as far as they will go.
    assert (answering(0, 200, 100, misperception=rate).worlds["crisis"]["level"] == 5).all()


def test_generosity_comes_down_again_where_acts_look_worse_than_they_are():
    worlds = 4000
    run = answering(0.5, 60, worlds, misperception=0.1, opening=4)
    # An act is answered higher with 0.1 x 0.5, lower with 0.5 x 0.9 (not below 0): at rest each
    # rung is a ninth as likely as the one below it.
    likely = (1 / 9) ** np.arange(6)
    likely /= likely.sum()
    deviation = np.sqrt(likely * (1 - likely) / (2 * worlds))
    found = np.array([(run.worlds["crisis"]["level"] == rung).mean() for rung in range(6)])
    assert (np.abs(found - likely)[:4] < 4 * deviation[:4]).all()
    assert found[4:].sum() < 0.002


def test_where_all_is_seen_well_mirrors_stay_and_one_who_is_patient_is_enough():
    assert acts(crisis(Mirror(), Mirror(), opening=3)) == ["3" * 8] * 2
    run = crisis(Mirror(), PatientDiplomat(generosity=1), opening=4, rounds=9)
    assert acts(run) == ["422110000", "221100000"]


def test_a_mirror_does_what_was_last_done_to_it_up_to_its_ceiling():
    run = crisis(Mirror(ceiling=3), script("0152431"), opening=2)
    assert acts(run) == ["20132331", "01524311"]
    # It says what it does; of several others it answers the highest.
    assert acts(run, decision="signal")[0] == "20132331"
    run = crisis(Mirror(), script("10"), script("0412"), opening=1, rounds=6)
    assert acts(run)[0] == "114122"


# --- talk -----------------------------------------------------------------------------------------


def test_a_deterrer_threatens_and_acts_only_if_provoked():
    run = crisis(Deterrer(), script("1213141"), rounds=8)
    assert acts(run) == ["11114141", "12131411"]
    assert acts(run, decision="signal")[0] == "4" * 8
    # Six of eight threats were empty, and it paid for each.
    paid = [
        crisis(Deterrer(), script("1213141"), rounds=8, audience=a).points[0, 0] for a in (0, 1)
    ]
    assert paid[0] - paid[1] == 6


def test_a_stance_is_kept_where_backing_down_costs_more():
    for audience, act in ((0.49, "1"), (0.5, "3"), (5, "3")):
        run = crisis(AudienceSensitive(stance=3), Dove(), audience=audience, rounds=3)
        assert acts(run) == [act * 3, "000"]
        assert acts(run, decision="signal")[0] == "333"


def test_hawks_doves_and_madmen():
    run = crisis(Hawk(stance=3), Dove(), Hawk(), rounds=3)
    assert acts(run) == acts(run, decision="signal") == ["333", "000", "444"]
    run = crisis(Madman(least=2, most=5), Madman(least=3, most=1), rounds=200, events=4000)
    mad, steady = acts(run)
    counts = np.array([mad.count(str(r)) for r in range(6)])
    assert counts[:2].sum() == 0
    assert (np.abs(counts[2:] - 50) < 4 * np.sqrt(200 * 0.25 * 0.75)).all()
    assert set(steady) == {"3"}
    said = acts(run, decision="signal")[0]
    # What a madman says has nothing to do with what it does.
    same = np.mean([a == b for a, b in zip(mad, said, strict=True)])
    assert abs(same - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200)


def test_richardsons_equation_on_a_ladder():
    # Rest at (2, 2) of x = y / 2 + 1: from the status quo, up by what rounding leaves.
    assert arms_race_equilibrium(0.5, 0.5, 1, 1, 1, 1) == (2, 2)
    run = crisis(Richardson(), Richardson(), opening=4, rounds=6)
    assert acts(run) == ["322222"] * 2
    run = crisis(Richardson(reaction=2, grievance=0), Richardson(reaction=2, grievance=0), rounds=6)
    assert acts(run) == ["245555"] * 2
