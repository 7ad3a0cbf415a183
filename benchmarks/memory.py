"""Memory of a million worlds of two agents. Linux only: it reads `/proc`."""

from __future__ import annotations

from benchmarks.common import Row, child

CODE = """
import re
from posalign_sim import Scenario, simulate
from posalign_sim.agents import Defector, TitForTat
from posalign_sim.envs import RepeatedDilemma
duel = Scenario(RepeatedDilemma(), [TitForTat(), Defector()], rounds=10, metrics=())
run = simulate(duel, worlds={worlds}, seed=1, progress=False)
assert (run.points == [9, 14]).all()
# Not getrusage: its peak includes what the parent process had when it forked.
peak = re.search("VmHWM: *\\t *([0-9]+) kB", open("/proc/self/status").read())
print(peak[1], run.worlds.dtype.itemsize)
"""
WORLDS = 1_000_000


def rows() -> list[Row]:
    base = int(child(CODE.format(worlds=1))[1].split()[0])
    peak, size = (int(x) for x in child(CODE.format(worlds=WORLDS))[1].split())
    return [
        Row(
            "memory: a million worlds of two agents, peak",
            f"{peak * 1024 / 1e9:.2f} GB (one world: {base * 1024 / 1e9:.2f} GB)",
            "< 2 GB",
            peak * 1024 < 2e9,
            f"{size} bytes a world; all points as they should be",
        )
    ]
