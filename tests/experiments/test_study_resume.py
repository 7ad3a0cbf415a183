"""Does a study that is killed, harmed, starved or cut otherwise end in the same bytes?"""

import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from posalign_sim import ConfigurationError, simulate
from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.study import run as running
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.folder import begin, damage, held, is_complete
from posalign_sim.experiments.study.parts import find_parts, look_into
from posalign_sim.experiments.study.resume import configured, resume_study
from tests.experiments import studies
from tests.experiments.studies import TINY, digest, play, tiny

#: One replicate of the four arms and of their twins at a time: forty tasks, one compilation.
TASKS = 40
CUT = {"batch": 8, "replicates": TASKS}


@pytest.fixture(scope="module", autouse=True)
def same_command():
    """What a folder says of the command that made it is the same in every process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["posalign-sim", *TINY])
        yield


@pytest.fixture(scope="module")
def processes():
    """Where processes come from that have imported everything already."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.experiments.studies"])
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a study that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed") / "study"
    studies.whole(tiny(**CUT, output=str(folder)))
    assert is_complete(folder) and damage(folder) == []
    assert len(list((folder / "parts").iterdir())) == TASKS
    return folder


def same(folder, other):
    hashes = [json.loads((f / "manifest.json").read_bytes()) for f in (folder, other)]
    assert hashes[0] == hashes[1]
    assert damage(folder) == damage(other) == []


def parts(folder):
    """Finished parts, and when each was written."""
    return {p: p.stat().st_mtime_ns for p in (folder / "parts").glob("*.part")}


def started(processes, target, *arguments):
    process = processes.Process(target=target, args=arguments)
    process.start()
    return process


def wait_for(what, process):
    limit = time.monotonic() + 120
    while not what():
        assert time.monotonic() < limit
        if not process.is_alive():
            return
        time.sleep(0.002)


def kill(process):
    process.kill()
    process.join()


def test_a_study_that_is_killed_at_any_moment_ends_in_the_same_bytes(
    tmp_path, processes, undisturbed
):
    folder = tmp_path / "study"
    config = tiny(**CUT, output=str(folder), reuse=False)
    journalled = {}

    def finished_since():
        """Nothing that was on disk is run, or written, again."""
        now = parts(folder)
        assert all(now.get(path) == stamp for path, stamp in journalled.items())
        journalled.update(now)
        return len(now)

    # As it begins, whatever is there already; then after some tasks more, each time.
    process = started(processes, studies.whole, config)
    wait_for(lambda: folder.exists(), process)
    time.sleep(random.uniform(0, 0.02))
    kill(process)
    for more in (random.randint(1, 9), random.randint(1, 9), random.randint(5, 15)):
        process = started(processes, studies.whole, config)
        enough = min(len(parts(folder)) + more, TASKS - 1)
        wait_for(lambda enough=enough: len(parts(folder)) >= enough, process)
        time.sleep(random.uniform(0, 0.01))
        kill(process)
        finished_since()
        assert not is_complete(folder)
    # While one process lives, no other may write.
    process = started(processes, studies.whole, config)
    wait_for(lambda: len(parts(folder)) > len(journalled), process)
    if process.is_alive() and not is_complete(folder):
        with pytest.raises(ConfigurationError, match=f"being written by process {process.pid} on"):
            studies.whole(config)
    # And while results are made of what was run.
    wait_for(lambda: any(folder.glob(".finishing-*")), process)
    time.sleep(random.uniform(0, 0.3))
    kill(process)
    assert finished_since() == TASKS
    process = started(processes, studies.whole, configured(folder))
    wait_for(lambda: any(folder.glob("re*")), process)
    kill(process)
    resume_study(folder, progress=False)
    assert finished_since() == TASKS
    same(folder, undisturbed)


def test_parts_that_were_harmed_are_told_in_a_line_and_run_again(tmp_path, capsys, undisturbed):
    expected, _ = play(tiny(**CUT), tmp_path / "whole")
    folder = tmp_path / "harmed"
    shutil.copytree(tmp_path / "whole", folder)
    first, second, third, *rest = sorted((folder / "parts").glob("*.part"))
    content = bytearray(first.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    first.write_bytes(content)
    second.write_bytes(second.read_bytes()[: random.randrange(second.stat().st_size)])
    third.unlink()
    (folder / "parts" / f".{third.name}.7.tmp").write_bytes(content[:50])
    before = parts(folder)
    capsys.readouterr()
    again, _ = play(tiny(**CUT), folder)
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" is damaged (")[0] for line in said] == [first.name, second.name]
    assert all(line.endswith("): its worlds are run again.") for line in said)
    after = parts(folder)
    assert all(after[path] == before[path] for path in rest)
    assert digest(again, tmp_path / "a") == digest(expected, tmp_path / "b")
    for path in (first, second, third):
        assert path.read_bytes() == (tmp_path / "whole" / "parts" / path.name).read_bytes()


def test_results_that_were_harmed_are_made_again(tmp_path, capsys, undisturbed):
    folder = tmp_path / "study"
    shutil.copytree(undisturbed, folder)
    before = parts(folder)
    (folder / "results.csv").write_text("")
    (folder / "report.html").unlink()
    assert damage(folder) == ["report.html is missing", "results.csv was changed"]
    running.run_and_write(tiny(**CUT, output=str(folder)))
    assert "results are made again" in capsys.readouterr().out
    assert parts(folder) == before
    same(folder, undisturbed)
    running.run_and_write(tiny(**CUT, output=str(folder)))
    assert "complete: nothing to run" in capsys.readouterr().out


@pytest.mark.parametrize("largest", [1_000, 20_000])
def test_a_study_without_room_says_so_and_keeps_what_it_has(
    tmp_path, processes, undisturbed, largest
):
    folder, said = tmp_path / "study", tmp_path / "said"
    play(tiny(**CUT), folder)
    assert len(parts(folder)) == TASKS
    gone = sorted(parts(folder))[:3]
    for path in gone:
        path.unlink()
    before = parts(folder)
    words = ["resume", str(folder)]
    process = started(processes, studies.command, words, said, largest)
    process.join()
    assert process.exitcode == 2
    line = said.read_text().strip().splitlines()[-1]
    assert line.startswith(f"posalign-sim: {folder}: File too large")
    assert line.endswith(f"go on with: posalign-sim resume {folder}")
    # A part is larger than the first limit; with the second there is only no room for the report.
    assert len(parts(folder)) == TASKS - (3 if largest == 1_000 else 0)
    assert all(parts(folder)[path] == stamp for path, stamp in before.items())
    assert not is_complete(folder) and not list(folder.glob(".*.tmp"))
    again, _ = play(configured(folder), folder)
    whole, _ = play(tiny(**CUT), tmp_path / "whole")
    assert digest(again, tmp_path / "a") == digest(whole, tmp_path / "b")


def test_a_folder_belongs_to_one_writer(tmp_path):
    taken = pytest.raises(ConfigurationError, match=f"being written by process {os.getpid()}")
    with held(tmp_path), taken, held(tmp_path):
        pass
    with held(tmp_path):
        pass
    assert not (tmp_path / ".lock").exists()


class Reversed:
    """Does the last task first."""

    def each(self, work, tasks):
        for place in reversed(range(len(tasks))):
            yield place, work(tasks[place])


def test_results_do_not_depend_on_how_the_work_was_cut_or_who_did_it(tmp_path):
    expected = None
    for number, (runner, more) in enumerate(
        [
            (None, {"batch": None}),
            (None, {"batch": 1}),
            (None, {"batch": 7, "threads": 2}),
            (None, {"batch": 64, "threads": None}),
            (Reversed(), {"batch": 8}),
            (None, {"batch": 24, "runner": "joblib", "workers": 2}),
        ]
    ):
        grid = {"institutions.bond.stake": [0.5, 1, 2]}
        folder = tmp_path / str(number)
        outcomes, _ = play(tiny(grid=grid, replicates=5, reuse=False, **more), folder, runner)
        found = digest(outcomes, folder / "results")
        assert found == (expected := expected or found), more


def test_results_do_not_depend_on_where_and_in_what_surroundings_they_are_made(
    tmp_path, undisturbed
):
    config = tiny(**CUT)
    (tmp_path / "elsewhere" / "out").mkdir(parents=True)
    begin(tmp_path / "elsewhere" / "out", config, origin(config))
    env = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-O", "-m", "posalign_sim.experiments.main", "resume", "out", "threads=2"],
        cwd=tmp_path / "elsewhere",
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Report: out/report.html" in done.stdout
    same(tmp_path / "elsewhere" / "out", undisturbed)


def orders(folder):
    """Keys of the blocks of each part."""
    return [{p.about["key"] for p in look_into(path)} for path in (folder / "parts").glob("*.part")]


def test_an_arm_more_runs_only_that_arm(tmp_path):
    play(tiny(), tmp_path / "runs" / "first")
    more = tiny()
    more["study"]["arms"]["early"] = {"institutions": {"bond": {0: "shuffled", 3: "off"}}}
    second, _ = play(more, tmp_path / "runs" / "second")
    assert sorted(map(len, orders(tmp_path / "runs" / "first"))) == [4]
    assert sorted(map(len, orders(tmp_path / "runs" / "second"))) == [1, 4]
    nothing, _ = play({**more, "reuse": False}, tmp_path / "runs" / "third")
    assert sorted(map(len, orders(tmp_path / "runs" / "third"))) == [5]
    assert digest(second, tmp_path / "a") == digest(nothing, tmp_path / "b")


def test_what_is_the_same_everywhere_on_a_grid_runs_once(tmp_path):
    """Without a bond its stake bears on nothing: the baseline is run at one point of three."""
    grid = {"institutions.bond.stake": [0.5, 1, 2]}
    outcomes, _ = play(tiny(grid=grid, batch=80), tmp_path)
    assert sorted(map(len, orders(tmp_path))) == [3, 3, 4]
    baseline = outcomes.values("repeated_dilemma", 0, "welfare_net")
    assert (baseline == baseline[:1]).all()


def test_more_replicates_run_only_those(tmp_path):
    play(tiny(replicates=256), tmp_path / "runs" / "first")
    second, _ = play(tiny(replicates=300), tmp_path / "runs" / "second")
    places, _ = find_parts(tmp_path / "runs" / "second" / "parts")
    assert sorted({p.about["values"][2] for p in places.values()}) == [44, 256]
    old, _ = find_parts(tmp_path / "runs" / "first" / "parts")
    assert set(old) < set(places)
    nothing, _ = play(tiny(replicates=300, reuse=False), tmp_path / "runs" / "third")
    assert digest(second, tmp_path / "a") == digest(nothing, tmp_path / "b")


def test_an_institution_more_changes_nothing_where_it_is_off():
    """Blocks are shared by studies with other institutions, so these must leave no trace."""
    tables, keys = [], []
    for extra in ({}, {"audit": {}}):
        config = tiny()
        config["institutions"] = {**extra, **config["institutions"]}
        design = Design(config)
        (task,) = design.tasks(0, 10)
        numbers = np.tile(np.arange(10), len(task.arms) * 2)
        run = simulate(
            design.scenario(task),
            len(numbers),
            1,
            pairs=numbers,
            mode="interpreted",
            progress=False,
        )
        tables.append(run.table())
        keys.append([design.key(task, arm) for arm in task.arms])
    assert keys[0] == keys[1]
    pd.testing.assert_frame_equal(tables[0], tables[1][tables[0].columns], check_exact=True)


def test_a_resumed_study_goes_on_as_it_was_begun(tmp_path, undisturbed):
    """How the work is cut, who does it and what was registered are remembered."""
    folder = tmp_path / "study"
    play(tiny(batch=16, runner="local", sinks=["lines"]), folder)
    again = configured(folder, ["threads=2"])
    assert (again["batch"], again["sinks"], again["threads"]) == (16, ["lines"], 2)
    before = parts(folder)
    play(again, folder)
    assert parts(folder) == before
    for words, told in (
        (["seed=2"], "seed= would make it another study"),
        (["worker=2"], "did you mean workers"),
        (["workers=[1"], "workers="),
    ):
        with pytest.raises(ConfigurationError, match=told):
            configured(folder, words)
    with pytest.raises(ConfigurationError, match="is no folder of a study"):
        configured(Path(tmp_path / "nothing"))


def test_what_cannot_be_run_leaves_no_folder(tmp_path):
    for more, told in (
        ({"runner": "jobli"}, "did you mean joblib"),
        ({"runner": "joblib", "runner_options": {"attemps": 2}}, "did you mean attempts"),
        ({"sinks": ["line"]}, "did you mean lines"),
        ({"registration": str(tmp_path / "none.json")}, "cannot be read"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            studies.whole(tiny(output=str(tmp_path / "out"), **more))
        assert list(tmp_path.iterdir()) == []


def test_an_interruption_at_any_moment_says_how_to_go_on(tmp_path, monkeypatch, undisturbed):
    class Impatient:
        def each(self, work, tasks):
            for place, task in enumerate(tasks[: TASKS // 2]):
                yield place, work(task)
            raise KeyboardInterrupt

    folder = tmp_path / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "make_runner", lambda *_, **__: Impatient())
        with pytest.raises(running.StudyInterrupted) as told:
            studies.whole(tiny(**CUT, output=str(folder)))
    assert str(told.value) == (
        f"{TASKS // 2} of {TASKS} tasks were finished and are kept; "
        f"go on with: posalign-sim resume {folder}"
    )
    assert len(parts(folder)) == TASKS // 2 and not is_complete(folder)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "finish", interrupted)
    with pytest.raises(running.StudyInterrupted, match=f"resume {folder}"):
        studies.whole(tiny(**CUT, output=str(folder)))
    assert len(parts(folder)) == TASKS and not is_complete(folder)
