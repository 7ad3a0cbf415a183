"""On Ray: a cluster that runs, or one that is started on this machine for as long as it takes."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
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
from posalign_sim.world.errors import ConfigurationError

T = TypeVar("T")
R = TypeVar("R")

#: Ray reports its use over the network unless it is told not to, and warns of its own future.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
#: How long to wait for a cluster to answer, seconds.
PATIENCE = 10.0


class Ray:
    """Runs tasks on Ray, one processor each.

    A cluster that the program is connected to already is used and left as it is.

    Args:
        workers: how many tasks run at once; None: as many as the cluster has processors.
        address: of a cluster that runs (`auto`, `HOST:6379`, `ray://HOST:10001`); None: what
            `RAY_ADDRESS` in the environment says, else a cluster of its own on this machine.
        attempts: how often a task is tried whose workers die.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        address: str | None = None,
        attempts: int = ATTEMPTS,
    ) -> None:
        """See the class."""
        require("ray", "runner=ray", "cluster")
        self.workers = workers if workers is None else positive("workers", workers)
        self.address = address
        self.attempts = positive("attempts", attempts)

    def each(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """See `Runner.each`."""
        if tasks:
            crew = Cluster(self.workers, self.address)
            yield from dispatch(crew, work, tasks, self.attempts)


class Cluster(Crew[Any]):
    """A Ray cluster, connected to when this is made.

    Args:
        workers: see `Ray`.
        address: see `Ray`.

    Raises:
        ConfigurationError: there is no cluster at the address.
    """

    def __init__(self, workers: int | None, address: str | None) -> None:
        """See the class."""
        os.environ.update(QUIET)
        import ray

        self._ray = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            address = address or os.environ.get("RAY_ADDRESS") or "local"
            own: Any = {"num_cpus": workers, "include_dashboard": False}
            if address != "local":
                own = {}
                reach(address)
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
            except ConnectionError as error:
                raise ConfigurationError(f"runner=ray: no cluster at {address}: {error}") from error
        self.room = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        # A task whose worker dies is sent again by `dispatch`, which counts for all runners alike.
        self._attempt = ray.remote(num_cpus=1, max_retries=0)(attempt)

    def send(self, work: Callable[[Any], Any], tasks: Sequence[Any]) -> list[Any]:
        """See `Crew.send`."""
        return [self._attempt.remote(work, task) for task in tasks]

    def back(self, under_way: Sequence[Any]) -> Sequence[Any]:
        """See `Crew.back`."""
        first, rest = self._ray.wait(under_way, num_returns=1, fetch_local=False)
        also, _ = self._ray.wait(rest, num_returns=len(rest), timeout=0) if rest else ([], [])
        return [*first, *also]

    def outcome(self, sent: Any) -> tuple[Any, Failure | None]:
        """See `Crew.outcome`."""
        errors = self._ray.exceptions
        try:
            given: tuple[Any, Failure | None] = self._ray.get(sent)
        except (errors.RayTaskError, errors.RuntimeEnvSetupError) as error:
            # The function could not be read or run there, or its result cannot be pickled.
            return None, Failure.of(getattr(error, "cause", None) or error)
        except errors.RayError as error:
            lines = str(error).strip().splitlines()
            raise WorkerLostError(lines[0] if lines else type(error).__name__) from error
        return given

    def stop(self, under_way: Sequence[Any]) -> None:
        """See `Crew.stop`."""
        for sent in under_way:
            self._ray.cancel(sent, force=True)
        if self._ours:
            self._ray.shutdown()


def reach(address: str) -> None:
    """See that somebody listens at an address; Ray itself would go on asking for many minutes.

    >>> reach("auto")  # for Ray to find

    Raises:
        ConfigurationError: nobody does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except OSError as error:
        raise ConfigurationError(f"runner=ray: no cluster at {address}: {error}") from error
