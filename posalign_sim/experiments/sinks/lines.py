"""Numbers as lines of a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

COLUMNS = ("step", "name", "value")


class Lines:
    """Adds a line `step,name,value` to `live.csv` for each number, at once.

    A run that is taken up again goes on in the same file; a line that was cut off goes.

    Args:
        folder: where the file is.
    """

    def __init__(self, folder: Path) -> None:
        """See the class."""
        path = folder / "live.csv"
        folder.mkdir(parents=True, exist_ok=True)
        there = path.read_bytes() if path.exists() else b""
        whole = there.rfind(b"\n") + 1
        if whole < len(there):
            with path.open("r+b") as file:
                file.truncate(whole)
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")
        if not whole:
            self._writer.writerow(COLUMNS)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """See `Sink.record`."""
        for name, value in values.items():
            self._writer.writerow((step, name, f"{float(value):.10g}"))
        self._file.flush()

    def close(self) -> None:
        """See `Sink.close`."""
        self._file.close()
