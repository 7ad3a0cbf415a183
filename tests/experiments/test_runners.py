"""Whatever the runner: every task is done, also if workers die; nothing is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.experiments.runners import Local, TaskFailedError, WorkerFailedError, make_runner
from posalign_sim.experiments.runners.dispatch import Crew, WorkerLostError, attempt, dispatch


class Scripted(Crew[int]):
    """Does tasks on the spot, the last one sent first; loses each as often as it is told to."""

    def __init__(self, room, losses=()):
        self.room, self.losses = room, dict(losses)
        self.sent, self.most, self.stopped = {}, 0, None

    def send(self, work, tasks):
        first = len(self.sent)
        self.sent.update({first + k: (work, task) for k, task in enumerate(tasks)})
        return list(range(first, first + len(tasks)))

    def back(self, under_way):
        self.most = max(self.most, len(under_way))
        return sorted(under_way)[-2:]

    def outcome(self, sent):
        work, task = self.sent[sent]
        if self.losses.get(task, 0):
            self.losses[task] -= 1
            raise WorkerLostError("out of memory")
        return attempt(work, task)

    def stop(self, under_way):
        self.stopped = len(under_way)


def twice(task):
    if task == "wrong":
        raise KeyError(task)
    if task == "mendable":
        raise ConfigurationError("noise must lie in [0, 1]")
    return 2 * task


def test_lost_tasks_are_done_again_and_each_gives_one_result():
    crew = Scripted(3, {4: 2, 7: 1})
    assert sorted(dispatch(crew, twice, range(9))) == [(k, 2 * k) for k in range(9)]
    assert len(crew.sent) == 9 + 3
    assert crew.most == 3  # the bound on what is under way is reached, and kept
    assert crew.stopped == 0


def test_a_task_that_takes_its_workers_with_it_is_named():
    crew, found = Scripted(3, {4: 3}), []
    with pytest.raises(WorkerFailedError, match=r"^4: its worker died 3 times .* out of memory"):
        found.extend(dispatch(crew, twice, [4, 1, 2], attempts=3))
    crew = Scripted(3, {4: 3})
    assert sorted(dispatch(crew, twice, [4, 1, 2], attempts=4)) == [(0, 8), (1, 2), (2, 4)]


@pytest.mark.parametrize("each", [Local().each, lambda *a: dispatch(Scripted(2), *a)])
def test_an_exception_names_its_task_and_is_not_tried_again(each):
    given = each(twice, [3, "wrong", 5, 6])
    found = []
    with pytest.raises(TaskFailedError, match=r"^wrong: KeyError: 'wrong'") as caught:
        found.extend(given)
    assert (0, 6) in found  # who was back before or with it is not lost
    assert "in twice" in "".join(caught.value.__notes__)
    with pytest.raises(ConfigurationError, match=r"^mendable: noise must lie in"):
        list(each(twice, ["mendable"]))


def test_what_is_under_way_is_cancelled_when_one_fails_or_nobody_reads_on():
    crew = Scripted(4)
    with pytest.raises(TaskFailedError):
        list(dispatch(crew, twice, [0, 1, 2, "wrong", 4]))
    assert crew.stopped > 0
    crew = Scripted(4)
    given = dispatch(crew, twice, range(9))
    next(given)
    given.close()
    assert crew.stopped == 4  # one was read and another sent instead: nothing waits for who reads


def errand(folder):
    """Work that dies once, or takes for ever, and writes down who does it.

    A function within a function: it goes to workers whole, who need not find this file.
    """

    def work(task):
        if task == "dies once":
            marker = Path(folder) / "died"
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if task == "for ever":
            draft = Path(folder) / "draft"
            draft.write_text(str(os.getpid()))
            draft.rename(Path(folder) / "pid")
            time.sleep(600)
        return task, os.getpid(), os.environ.get("OMP_NUM_THREADS")

    return work


def wait_until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    ("name", "options", "package"),
    [
        ("joblib", {}, "joblib"),
        ("slurm", {"cluster": "local"}, "submitit"),
        ("ray", {}, "ray"),
    ],
)
def test_workers_may_be_killed_and_are_gone_in_the_end(name, options, package, tmp_path):
    pytest.importorskip(package)
    tasks = ["dies once", "for ever", "easy"]
    runner = make_runner(name, 2, folder=tmp_path / "jobs", **options)
    given = runner.each(errand(tmp_path), tasks)
    found = dict([next(given), next(given)])
    assert {place: task for place, (task, *_) in found.items()} == {0: "dies once", 2: "easy"}
    assert os.getpid() not in {pid for _, pid, _ in found.values()}
    if name != "slurm":  # where it is set in the script that Slurm runs
        assert {threads for *_, threads in found.values()} == {"1"}
    wait_until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    assert not is_gone(pid)
    given.close()
    wait_until(lambda: is_gone(pid))


SCRIPT = """
import sys, time
import posalign_sim, posalign_sim.experiments.study.run
loaded = {"joblib", "ray", "submitit", "tensorboard"} & set(sys.modules)
assert not loaded, loaded
from posalign_sim.experiments.runners import make_runner

def main():
    def work(task):
        import os, time
        print(os.getpid(), file=open(sys.argv[1], "a"), flush=True)
        time.sleep(task)
    try:
        list(make_runner("joblib", 2).each(work, [600, 600, 600]))
    except KeyboardInterrupt:
        print("interrupted")

main()
"""


def test_an_interruption_ends_all_processes_and_packages_are_imported_when_needed(tmp_path):
    # As a terminal does it: everybody in the group is told, workers too.
    pids = tmp_path / "pids"
    pids.touch()
    command = [sys.executable, "-c", SCRIPT, str(pids)]
    with subprocess.Popen(
        command,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs in the background of a script was told to ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        wait_until(lambda: pids.read_text().count("\n") == 2 or process.poll() is not None)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: is_gone(pid))


def test_what_cannot_be_pickled_is_said_of_the_task():
    given = make_runner("joblib", 1).each(str, [threading.Lock()])
    with pytest.raises(TaskFailedError, match=r"lock.*pickle"):
        list(given)


def test_no_tasks_need_no_workers(tmp_path):
    for name in ("local", "joblib"):
        assert list(make_runner(name).each(twice, [])) == []


def test_bad_input(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="did you mean joblib"):
        make_runner("jobib")
    with pytest.raises(ConfigurationError, match="runner=local is one worker"):
        make_runner("local", 4)
    for workers in (0, True, 1.5):
        with pytest.raises(ConfigurationError, match="workers must be a whole number"):
            make_runner("joblib", workers)
    with pytest.raises(ConfigurationError, match="no option 'partitoin': did you mean partition"):
        make_runner("slurm", partitoin="long")
    if find_spec("submitit") is not None:
        with pytest.raises(ConfigurationError, match="needs a folder"):
            make_runner("slurm")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ConfigurationError, match="there is no sbatch here"):
            make_runner("slurm", folder=tmp_path)
        with pytest.raises(ConfigurationError, match="cluster is slurm or local"):
            make_runner("slurm", folder=tmp_path, cluster="lcoal")
    if find_spec("ray") is not None:
        runner = make_runner("ray", address="127.0.0.1:1")
        with pytest.raises(ConfigurationError, match=r"no cluster at 127\.0\.0\.1:1"):
            list(runner.each(twice, [1]))


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("posalign_sim.experiments.extras.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'posalign-sim\[cluster\]'"):
        make_runner("ray")
