"""What a sink is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Sink(Protocol):
    """Takes numbers while a study runs. Its class is called with the run folder, a `Path`."""

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Show some numbers.

        Args:
            step: how far the study is; it grows.
            values: numbers by name; names have parts (`GAME/ARM/METRIC`). NaN means undefined.
        """
        ...

    def close(self) -> None:
        """Finish; nothing is recorded afterwards."""
        ...
