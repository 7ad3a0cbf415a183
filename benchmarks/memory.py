"""Memory of many worlds, and of a large one with institutions. Linux only: it reads `/proc`."""

from __future__ import annotations

from benchmarks.common import Row, child, cold

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
CROWD = """
import re
from posalign_sim import NeighbourPairs, Network, Scenario, simulate
from posalign_sim.agents import Defector, TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import (
    Arbitration, Bond, GraduatedSanctions, Opinions, PeerPunishment, Ratings, Reputation
)
from posalign_sim.world.simulate import check_conservation
crowd = Scenario(
    RepeatedDilemma(),
    [TitForTat(), Defector()] * ({agents} // 2),
    institutions=[
        Reputation(), Opinions(), Ratings(), Arbitration(), Bond(), GraduatedSanctions(),
        PeerPunishment(),
    ],
    matching=NeighbourPairs(),
    network=Network.small_world({agents}, 4, 0.1),
    rounds=10,
    metrics=(),
)
run = simulate(crowd, worlds=1, seed=1, progress=False)
assert run.faults.empty
check_conservation(run.worlds)
peak = re.search("VmHWM: *\\t *([0-9]+) kB", open("/proc/self/status").read())
print(peak[1], run.worlds.dtype.itemsize)
"""
AGENTS = 100_000


def rows() -> list[Row]:
    base = int(child(CODE.format(worlds=1))[1].split()[0])
    peak, size = (int(x) for x in child(CODE.format(worlds=WORLDS))[1].split())
    with cold() as folder:
        first = int(child(CROWD.format(agents=AGENTS), folder)[1].split()[0])
        crowd, record = (int(x) for x in child(CROWD.format(agents=AGENTS), folder)[1].split())
    return [
        Row(
            "memory: a million worlds of two agents, peak",
            f"{peak * 1024 / 1e9:.2f} GB (one world: {base * 1024 / 1e9:.2f} GB)",
            "< 2 GB",
            peak * 1024 < 2e9,
            f"{size} bytes a world; all points as they should be",
        ),
        Row(
            "memory: 100,000 agents on a network with seven institutions, peak",
            f"{crowd * 1024 / 1e9:.2f} GB (when it compiles: {first * 1024 / 1e9:.2f} GB)",
            "< 1 GB",
            crowd * 1024 < 1e9,
            f"books balance; {record // AGENTS} bytes an agent",
        ),
    ]
