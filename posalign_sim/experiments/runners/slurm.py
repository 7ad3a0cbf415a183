"""On a cluster that Slurm rules, through submitit: each task is a job of an array."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from posalign_sim.experiments.extras import require
from posalign_sim.experiments.runners.dispatch import (
    ATTEMPTS,
    Crew,
    Failure,
    WorkerLostError,
    attempt,
    dispatch,
    positive,
)
from posalign_sim.experiments.runners.processes import ONE_THREAD
from posalign_sim.world.errors import ConfigurationError

T = TypeVar("T")
R = TypeVar("R")

#: Slurm's own default for the size of an array is 1001.
WINDOW = 1_000
#: How often jobs are looked at, seconds; and how long a shared file system may hide a result.
LOOK = {"slurm": 2.0, "local": 0.05}
HIDDEN = {"slurm": 30.0, "local": 0.0}
#: How long local jobs that were cancelled are waited for, seconds.
PATIENCE = 30.0


class Slurm:
    """Runs tasks as jobs of Slurm, one processor each, in arrays.

    Results come back as files, which are removed once they are read; what jobs print stays. Jobs
    are cancelled when the iterator is closed or raises. A job that runs out of time or memory
    counts as a worker that died.

    Args:
        workers: how many jobs of an array run at once; None leaves it to Slurm.
        folder: for jobs and logs; every node must see it.
        partition: which one; None: the cluster's own choice.
        time: limit for each job, minutes.
        memory: for each job, GB.
        account: who is charged; None: the user's own.
        setup: shell lines that each job begins with (`module load ...`).
        additional: further options of `sbatch`, by their long names: `{constraint: haswell}`.
        window: jobs in the queue at most; the next array goes out when half of them are done.
        cluster: `slurm`, or `local` for the same in processes of this machine.
        attempts: how often a task is tried whose jobs die.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        folder: Path | str | None = None,
        partition: str | None = None,
        time: int = 60,
        memory: float = 4,
        account: str | None = None,
        setup: Sequence[str] = (),
        additional: Mapping[str, Any] | None = None,
        window: int = WINDOW,
        cluster: str = "slurm",
        attempts: int = ATTEMPTS,
    ) -> None:
        """See the class."""
        require("submitit", "runner=slurm", "cluster")
        if folder is None:
            raise ConfigurationError("runner=slurm needs a folder that every node sees")
        if cluster not in LOOK:
            raise ConfigurationError(f"runner=slurm: cluster is slurm or local, not {cluster!r}")
        if cluster == "slurm" and shutil.which("sbatch") is None:
            raise ConfigurationError(
                "runner=slurm: there is no sbatch here: start the study where jobs are submitted, "
                "or take runner=joblib"
            )
        self.folder = Path(folder).absolute()
        self.cluster = cluster
        self.attempts = positive("attempts", attempts)
        workers = workers if workers is None else positive("workers", workers)
        window = positive("window", window)
        # On this machine nobody queues: as many as run.
        self.window = window if cluster == "slurm" else min(window, workers or os.cpu_count() or 1)
        given = {
            "slurm_partition": partition,
            "slurm_account": account,
            "slurm_array_parallelism": workers or window,
            "slurm_setup": [*(f"export {k}={v}" for k, v in ONE_THREAD.items()), *setup],
            "slurm_additional_parameters": dict(additional) if additional else None,
        }
        self.parameters = {
            "name": "posalign_sim",
            "timeout_min": positive("time", time),
            "mem_gb": memory,
            "cpus_per_task": 1,
            **{key: value for key, value in given.items() if value is not None},
        }

    def each(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """See `Runner.each`."""
        if tasks:
            crew = Jobs(self.folder, self.cluster, self.parameters, self.window)
            yield from dispatch(crew, work, tasks, self.attempts)


class Jobs(Crew[Any]):
    """Jobs in a queue; for the arguments see `Slurm`."""

    def __init__(
        self, folder: Path, cluster: str, parameters: Mapping[str, Any], window: int
    ) -> None:
        """See the class."""
        import submitit

        self.room = window
        self.least = max(1, window // 2) if cluster == "slurm" else 1
        self._refused = submitit.core.utils.FailedJobError
        self._cluster = cluster
        self._look, self._hidden = LOOK[cluster], HIDDEN[cluster]
        self._ended: dict[Any, float] = {}  # when jobs were first seen to be over without a result
        self._executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
        self._executor.update_parameters(**parameters)

    def send(self, work: Callable[[Any], Any], tasks: Sequence[Any]) -> list[Any]:
        """See `Crew.send`."""
        local = self._cluster == "local"
        try:
            with interruptible() if local else nullcontext(), self._executor.batch():
                jobs = [self._executor.submit(attempt, work, task) for task in tasks]
        except self._refused as error:
            raise ConfigurationError(f"runner=slurm: Slurm takes no jobs: {error}") from error
        return jobs

    def back(self, under_way: Sequence[Any]) -> Sequence[Any]:
        """See `Crew.back`."""
        while True:
            if over := [job for job in under_way if self._is_over(job)]:
                return over
            time.sleep(self._look)

    def _is_over(self, job: Any) -> bool:
        """Whether there is a result, or no hope of one."""
        if job.paths.result_pickle.exists():
            return True
        if not job.done():
            return False
        since = self._ended.setdefault(job.job_id, time.monotonic())
        return time.monotonic() - since >= self._hidden

    def outcome(self, sent: Any) -> tuple[Any, Failure | None]:
        """See `Crew.outcome`."""
        paths = sent.paths
        self._ended.pop(sent.job_id, None)
        if not paths.result_pickle.exists():
            text = paths.stderr.read_text(errors="replace") if paths.stderr.exists() else ""
            said = "".join(f" ({line})" for line in text.splitlines()[-1:])
            raise WorkerLostError(
                f"job {sent.job_id}, {sent.state}, left no result{said}: {paths.stderr}"
            )
        try:
            given: tuple[Any, Failure | None] = sent.result()
        except self._refused as error:  # the function could not be read or run there
            return None, Failure.of(error)
        finally:
            for path in (paths.result_pickle, paths.submitted_pickle):
                path.unlink(missing_ok=True)
        return given

    def stop(self, under_way: Sequence[Any]) -> None:
        """See `Crew.stop`."""
        if self._cluster == "local":
            for job in under_way:
                job.cancel(check=False)
            until = time.monotonic() + PATIENCE
            while not all(job.done() for job in under_way) and time.monotonic() < until:
                time.sleep(self._look)
        elif under_way:
            # All at once: a thousand jobs, one by one, outlast the patience of who interrupts.
            arrays = {str(job.job_id).split("_")[0] for job in under_way}
            subprocess.call(["scancel", *sorted(arrays)])


@contextmanager
def interruptible() -> Iterator[None]:
    """Let processes that start here be interrupted, which is how local jobs are cancelled.

    A process that a script has put into the background was told to ignore interrupts, and would
    hand that on.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
