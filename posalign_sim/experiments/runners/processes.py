"""In processes on this machine."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from posalign_sim.experiments.runners.dispatch import (
    ATTEMPTS,
    Crew,
    Failure,
    WorkerLostError,
    attempt,
    dispatch,
    positive,
)

T = TypeVar("T")
R = TypeVar("R")

#: Workers share a machine: each gets one thread, also in libraries that would take them all.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")
}
#: How often workers look whether there is still somebody to work for, seconds.
LOOK = 1.0


class Joblib:
    """Runs tasks in processes of this machine, which joblib's loky keeps.

    Each worker is a pool of one, so that it is plain which task a worker died of: that task is
    tried again by a new worker, and nobody else loses anything.

    Args:
        workers: how many; None: as many as there are processors for this process.
        attempts: how often a task is tried whose workers die.
    """

    def __init__(self, workers: int | None = None, *, attempts: int = ATTEMPTS) -> None:
        """See the class."""
        self.workers = workers if workers is None else positive("workers", workers)
        self.attempts = positive("attempts", attempts)

    def each(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """See `Runner.each`."""
        if tasks:
            from joblib import cpu_count

            crew = Processes(min(self.workers or cpu_count(), len(tasks)))
            yield from dispatch(crew, work, tasks, self.attempts)


class Processes(Crew["Future[Any]"]):
    """Worker processes; each is started when there is a task for it.

    Args:
        workers: how many.
    """

    def __init__(self, workers: int) -> None:
        """See the class."""
        self.room = workers
        self._idle: list[Any] = [None] * workers  # pools of one; None: to be started
        self._busy: dict[Future[Any], Any] = {}

    def send(self, work: Callable[[Any], Any], tasks: Sequence[Any]) -> list[Future[Any]]:
        """See `Crew.send`."""
        sent = []
        for task in tasks:
            pool = self._idle.pop() or self._start()
            future = pool.submit(attempt, work, task)
            self._busy[future] = pool
            sent.append(future)
        return sent

    def back(self, under_way: Sequence[Future[Any]]) -> Sequence[Future[Any]]:
        """See `Crew.back`."""
        return list(wait(under_way, return_when=FIRST_COMPLETED).done)

    def outcome(self, sent: Future[Any]) -> tuple[Any, Failure | None]:
        """See `Crew.outcome`."""
        pool = self._busy.pop(sent)
        try:
            given: tuple[Any, Failure | None] = sent.result()
        except BrokenProcessPool as error:
            pool.shutdown(wait=True, kill_workers=True)
            self._idle.append(None)
            raise WorkerLostError(_cause(error)) from error
        except Exception as error:  # what cannot be pickled
            given = None, Failure.of(error)
        self._idle.append(pool)
        return given

    def stop(self, under_way: Sequence[Future[Any]]) -> None:
        """See `Crew.stop`."""
        for pool in self._idle:
            if pool is not None:
                pool.shutdown(wait=False)
        # Once only: a second call would take back that they are to be killed.
        for pool in self._busy.values():
            pool.shutdown(wait=True, kill_workers=True)

    @staticmethod
    def _start() -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        return ProcessPoolExecutor(
            max_workers=1, initializer=begin, initargs=(os.getpid(),), env=ONE_THREAD
        )


def begin(employer: int) -> None:
    """What a worker does first: it leaves interruptions to its employer, and goes when it is gone.

    Args:
        employer: the process that started this one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == employer:
            time.sleep(LOOK)
        os._exit(1)  # not even Python's own end waits for a task that nobody will read

    threading.Thread(target=watch, daemon=True).start()


def _cause(error: BaseException) -> str:
    """What is known of a worker's death, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    codes = [line for line in lines if "exit code" in line]
    return (codes or lines or [type(error).__name__])[0]
