"""Checkpoints, the written round and its edited copies, and forks of a world."""

from __future__ import annotations

import pytest

from posalign_sim import (
    ConfigurationError,
    Tremble,
    checkpoint,
    explain,
    force,
    restore,
    run_until,
    simulate,
)
from posalign_sim.agents import Random, TitForTat
from tests.world.scenarios import duel, full_market, same


def test_a_checkpoint_goes_on_as_if_it_had_never_stopped(tmp_path):
    made = full_market(rounds=8)
    end = simulate(made, 3, 1, mode="interpreted").worlds
    ws = run_until(made, made.worlds(3, 1), 4, "interpreted")
    checkpoint(made, ws, tmp_path / "worlds")
    assert [p.name for p in tmp_path.iterdir()] == ["worlds"]
    again = restore(made, tmp_path / "worlds")
    assert same(ws, again)
    assert same(run_until(made, again, mode="interpreted"), end)


def test_a_torn_checkpoint_is_refused(tmp_path):
    made = duel()
    path = tmp_path / "worlds"
    checkpoint(made, made.worlds(4), path)
    whole = path.read_bytes()
    for length in [*range(0, len(whole), max(1, len(whole) // 97)), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ConfigurationError, match="worlds is not a whole checkpoint"):
            restore(made, path)


def test_a_checkpoint_of_another_scenario_is_refused(tmp_path):
    made = duel()
    checkpoint(made, made.worlds(4), tmp_path / "worlds")
    with pytest.raises(ConfigurationError, match="another scenario's layout"):
        restore(full_market(), tmp_path / "worlds")
    with pytest.raises(ConfigurationError, match="laid out for another"):
        run_until(full_market(), made.worlds(1), mode="interpreted")


def test_what_is_explained_is_what_ran_and_an_edited_copy_can_run(tmp_path):
    made = duel()
    run = simulate(made, 2, mode="interpreted")
    text = explain(made)
    assert text == run.text
    path = tmp_path / "round.py"
    path.write_text(text)
    copy = simulate(made, 2, mode="interpreted", round_file=path)
    assert same(copy.worlds, run.worlds)
    assert copy.text_hash == run.text_hash
    assert text.count("    close_round(w)\n") == 1
    path.write_text(text.replace("    close_round(w)\n", "    close_round(w)\n    w.over = 1\n"))
    edited = simulate(made, 2, mode="interpreted", round_file=path)
    assert (edited.worlds["clock"] == 1).all()
    assert edited.text_hash != run.text_hash


def decisions(run, world=0):
    log = run.events(world)
    log = log[log["kind"] == "decision"]
    return {(t, i): (a, b) for t, i, a, b in log[["clock", "actor", "first", "second"]].to_numpy()}


@pytest.mark.parametrize("who", [{"seat": 1}, {"facing": 0}])
def test_a_forced_fork_changes_one_act_and_what_follows_from_it(who):
    made = duel(
        population=[TitForTat(), Random()], noise=Tremble(probability=0.2), events=500
    ).forceable()
    straight = simulate(made, 1, 3, mode="interpreted")
    ours = decisions(straight)
    for t in range(2, 6):
        ws = run_until(made, made.worlds(1, 3), t, "interpreted")
        choice = ("defect", "cooperate")[int(ours[t, 1][1])]
        fork = force(made, ws.copy(), t, choice, **who)
        run_until(made, fork, mode="interpreted")
        theirs = decisions(type(straight)(made, fork, None, "", ""))
        changed = {key for key in ours if ours[key][1] != theirs[key][1]}
        assert (t, 1) in changed
        # The act was forced, not wanted; and nobody else's act of that round changed.
        assert ours[t, 1][0] == theirs[t, 1][0]
        assert {key for key in changed if key[0] <= t} == {(t, 1)}
        # A random player's luck is what it was; tit for tat answers once, with the same slip.
        assert changed <= {(t, 1), (t + 1, 0)}
        assert t == 9 or ((t + 1, 0) in changed)


def test_force_refuses_what_cannot_be():
    made = duel().forceable()
    with pytest.raises(ConfigurationError, match=r"only a world of scenario.forceable\(\)"):
        force(duel(), duel().worlds(1), 0, "defect", seat=0)
    with pytest.raises(ConfigurationError, match="has no choice 'defct': did you mean defect"):
        force(made, made.worlds(1), 0, "defct", seat=0)
    with pytest.raises(ConfigurationError, match="has no decision 'mve': did you mean move"):
        force(made, made.worlds(1), 0, "defect", seat=0, decision="mve")


def test_a_scenario_that_can_be_forced_is_the_same_until_it_is():
    plain = simulate(duel(), 5, 1, mode="interpreted")
    able = simulate(duel().forceable(), 5, 1, mode="interpreted")
    assert (plain.worlds["digest"] == able.worlds["digest"]).all()


def test_worlds_of_another_layout_are_not_saved(tmp_path):
    short = duel(rounds=3)
    other = short.replace(events=9)
    with pytest.raises(ConfigurationError, match="laid out for another scenario"):
        checkpoint(short, other.worlds(1), tmp_path / "saved")
    assert not list(tmp_path.iterdir())
