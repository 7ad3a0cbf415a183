"""A sweep of 10,000 grid points by 100 paired worlds: minutes, memory, and doing nothing again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.common import Row, child, cold

CODE = """
import resource
from posalign_sim.experiments.main import main
main({words!r})
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""
#: Values of each axis: two axes of a hundred are 10,000 points.
ACCURACIES = np.linspace(0.5, 1.0, 100).round(6).tolist()
STAKES = np.linspace(0.0, 4.0, 100).round(6).tolist()


def rows() -> list[Row]:
    found = []
    with cold() as cache, tempfile.TemporaryDirectory() as folder:
        for title, points, limit in (("1,000", 10, None), ("10,000", 100, 300)):
            words = [
                *("--config-dir", str(Path(__file__).parent / "conf"), "study=sweep"),
                f"grid={{institutions.arbitration.accuracy: {ACCURACIES}, "
                f"institutions.bond.stake: {STAKES[:points]}}}",
                "reuse=false",
                f"output={folder}/{points}",
            ]
            seconds, said = child(CODE.format(words=words), cache)
            peak = float(said.split("peak")[1])
            what = f"sweep: {title} points x 100 paired worlds, 200 rounds"
            fast = None if limit is None else seconds <= limit
            found.append(Row(what, f"{seconds:.0f} s", f"<= {limit} s" if limit else "", fast))
            small = None if limit is None else peak <= 4
            found.append(
                Row(f"{what}: memory", f"{peak:.2f} GB", "<= 4 GB" if limit else "", small)
            )
        seconds, _ = child(CODE.format(words=words), cache)
        found.append(
            Row("sweep: again, nothing to do", f"{seconds:.0f} s", "<= 30 s", seconds <= 30)
        )
    return found
