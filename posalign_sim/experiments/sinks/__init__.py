"""Where the numbers of a running study can be watched: lines of a file, TensorBoard, others.

Nothing hangs on a sink: what a study finds is in its results, and a sink that fails is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from posalign_sim.experiments.sinks.guard import Guard
from posalign_sim.experiments.sinks.lines import Lines
from posalign_sim.experiments.sinks.sink import Sink
from posalign_sim.experiments.sinks.tensorboard import Tensorboard

__all__ = ["Lines", "Sink", "Tensorboard", "make_sinks"]


def make_sinks(names: Iterable[str], folder: Path) -> Sink:
    """One sink that hands everything on to those that are named.

    One of them that fails, now or later, is left out with a line of warning.

    Args:
        names: `lines`, `tensorboard`, or what another package offers.
        folder: of the run; each sink keeps its own files below.

    Raises:
        ConfigurationError: there is no such sink, or a package is missing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sinks = make_sinks(["lines"], Path(folder))
    ...     sinks.record(1, {"bond/welfare_net": 0.5})
    ...     sinks.close()
    ...     print((Path(folder) / "live.csv").read_text(), end="")
    step,name,value
    1,bond/welfare_net,0.5
    """
    from posalign_sim.registry import find  # which knows this room, too

    specs = {name: find("sinks", name) for name in names}
    return Guard(specs, folder)
