"""Where the parts of a study run: here, in processes, on a Slurm cluster, on Ray.

A runner calls one function on many tasks and gives each result when it is there. It does not know
what a task is. Tasks are done again when a worker dies, so the same task must give the same result.
What a runner needs is imported when it is made, not before.
"""

from __future__ import annotations

from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from posalign_sim.experiments.runners.dispatch import (
    Runner,
    TaskFailedError,
    WorkerFailedError,
)
from posalign_sim.experiments.runners.local import Local
from posalign_sim.experiments.runners.processes import Joblib
from posalign_sim.experiments.runners.ray import Ray
from posalign_sim.experiments.runners.slurm import Slurm
from posalign_sim.world.errors import ConfigurationError, nearest

__all__ = [
    "Joblib",
    "Local",
    "Ray",
    "Runner",
    "Slurm",
    "TaskFailedError",
    "WorkerFailedError",
    "make_runner",
]


def make_runner(
    name: str, workers: int | None = None, *, folder: Path | None = None, **options: Any
) -> Runner:
    """A runner by name: `local`, `joblib`, `slurm`, `ray`, or what another package offers.

    Args:
        name: which one.
        workers: how many tasks run at once; None leaves it to the runner.
        folder: where a runner that keeps files (jobs, logs) may put them; others ignore it.
        **options: what else the runner takes; see its class.

    Raises:
        ConfigurationError: there is no such runner or option, or a package is missing.

    >>> sorted(make_runner("local").each(abs, [-3, 2]))
    [(0, 3), (1, 2)]
    """
    from posalign_sim.registry import find  # which knows this room, too

    spec = find("runners", name)
    taken = signature(spec).parameters
    anything = any(p.kind is Parameter.VAR_KEYWORD for p in taken.values())
    for option in options:
        if option not in taken and not anything:
            known = [key for key in taken if key not in ("workers", "folder")]
            raise ConfigurationError(
                f"runner={name} has no option {option!r}: {nearest(option, known)}"
            )
    if folder is not None and "folder" in taken:
        options["folder"] = folder
    runner: Runner = spec(workers=workers, **options)
    return runner
