"""Sinks must never stop a study."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from posalign_sim.experiments.sinks.sink import Sink
from posalign_sim.world.errors import ConfigurationError


class Guard:
    """Hands numbers on to several sinks; one that fails is left out, with a line of warning.

    Args:
        specs: what makes each sink, by name.
        folder: of the run.

    Raises:
        ConfigurationError: a sink says that the user can mend something.
    """

    def __init__(self, specs: Mapping[str, Callable[[Path], Sink]], folder: Path) -> None:
        """See the class."""
        self._sinks: dict[str, Sink] = {}
        for name, spec in specs.items():
            try:
                self._sinks[name] = spec(folder)
            except ConfigurationError:
                self.close()
                raise
            except Exception as error:
                _warn(name, error)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """See `Sink.record`."""
        self._all(lambda sink: sink.record(step, values))

    def close(self) -> None:
        """See `Sink.close`."""
        self._all(lambda sink: sink.close())
        self._sinks.clear()

    def _all(self, act: Callable[[Sink], Any]) -> None:
        for name, sink in list(self._sinks.items()):
            try:
                act(sink)
            except Exception as error:
                del self._sinks[name]
                _warn(name, error)


def _warn(name: str, error: Exception) -> None:
    cause = " ".join(f"{type(error).__name__}: {error}".split())
    # Above progress bars, not through them.
    tqdm.write(f"posalign-sim: sink {name} failed and is left out: {cause}", file=sys.stderr)
