"""What the benchmarks share: rows of the table, alternating timing, processes of their own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        measured: the figure, as text.
        target: what it should be, or nothing where the line is there to compare with.
        holds: whether it is so; None where there is no target, or nothing was measured.
        agreement: how the results that were timed agree.
    """

    what: str
    measured: str
    target: str = ""
    holds: bool | None = None
    agreement: str = ""


def alternate(sides: dict[str, Callable[[], object]], runs: int = 7) -> dict[str, list[float]]:
    """Seconds of each side, run in turn so that all see the same machine.

    A side may prepare itself: what it returns, if callable, is what is timed.
    """
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, prepare in sides.items():
            run = prepare()
            assert callable(run)
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def speed(ours: list[float], other: list[float]) -> tuple[float, float]:
    """Our speed as a share of the other's: best against best, and the median over the pairs."""
    pairs = [b / a for a, b in zip(ours, other, strict=True)]
    return min(other) / min(ours), statistics.median(pairs)


def child(code: str, cache: str | Path | None = None) -> tuple[float, str]:
    """Wall seconds of a Python process, from its start to its end, and what it printed."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = str(ROOT)
    if cache is not None:
        environment["POSALIGN_CACHE"] = str(cache)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stderr)
    return seconds, done.stdout.strip()


def cold() -> tempfile.TemporaryDirectory[str]:
    """An empty cache folder."""
    return tempfile.TemporaryDirectory(prefix="posalign-benchmark-")


def show(rows: Iterable[Row]) -> str:
    """The table, as Markdown."""
    cells = [("what", "measured", "target", "holds", "results")]
    for row in rows:
        holds = {True: "yes", False: "NO", None: ""}[row.holds]
        cells.append((row.what, row.measured, row.target, holds, row.agreement))
    widths = [max(len(line[k]) for line in cells) for k in range(5)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
