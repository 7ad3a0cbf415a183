"""In this process, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from posalign_sim.experiments.runners.dispatch import Failure
from posalign_sim.world.errors import ConfigurationError

T = TypeVar("T")
R = TypeVar("R")


class Local:
    """Runs tasks in this process, one after another, in their order.

    If a task takes the process with it, there is nobody left to try it again.

    >>> list(Local().each(str.upper, ["a", "b"]))
    [(0, 'A'), (1, 'B')]
    """

    def __init__(self, workers: int | None = None) -> None:
        """`workers` can only be one."""
        if workers not in (None, 1):
            raise ConfigurationError(
                f"runner=local is one worker, not {workers}: runner=joblib has several"
            )

    def each(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """See `Runner.each`."""
        for place, task in enumerate(tasks):
            try:
                result = work(task)
            except Exception as error:
                raise Failure.of(error).error(task) from error
            yield place, result
