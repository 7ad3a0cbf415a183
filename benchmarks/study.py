"""Wall time of the default study, from the command to the report."""

from __future__ import annotations

import tempfile

from benchmarks.common import Row, child, cold

CODE = """
import sys
from posalign_sim.experiments.main import main
sys.argv = ["posalign-sim", "reuse=false", "output={output}"]
main()
"""


def rows() -> list[Row]:
    found = []
    with cold() as cache:
        for title, limit in (("cold", 90), ("warm", 30)):
            with tempfile.TemporaryDirectory() as output:
                seconds, _ = child(CODE.format(output=output), cache)
            found.append(
                Row(f"study: {title}", f"{seconds:.0f} s", f"<= {limit} s", seconds <= limit)
            )
    return found
