"""Runs the benchmarks and prints one table: `python -m benchmarks [pairs crowd ...]`."""

from __future__ import annotations

import platform
import sys
from importlib import import_module

from benchmarks.common import Row, show

NAMES = (
    "pairs",
    "crowd",
    "ring",
    "institutions",
    "double_auction",
    "exchange",
    "evolution",
    "tournament",
    "bargaining",
    "views",
    "advance",
    "models",
    "startup",
    "memory",
    "study",
    "sweep",
)


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there is {', '.join(NAMES)}")
        return 2
    rows: list[Row] = []
    for name in names or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += import_module(f"benchmarks.{name}").rows()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print(show(rows))
    missed = [row.what for row in rows if row.holds is not None and not row.holds]
    if missed:
        print("\nMissed: " + "; ".join(missed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
