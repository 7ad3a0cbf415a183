"""How long a process takes until its first worlds have run, imports included."""

from __future__ import annotations

from benchmarks.common import Row, child, cold

PAIR = """
from posalign_sim import Scenario, simulate
from posalign_sim.agents import TitForTat
from posalign_sim.envs import RepeatedDilemma
duel = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=100)
print(simulate(duel, worlds=10, seed=1, progress=False).points.sum())
"""
MANY = """
from benchmarks.many import scenario
from posalign_sim import simulate
import time
print(simulate(scenario(40), worlds=10, seed=1, progress=False).points.sum())
start = time.perf_counter()
simulate(scenario(60), worlds=10, seed=1, progress=False)
print(time.perf_counter() - start)
"""


def rows() -> list[Row]:
    found = []
    for title, code, limit in (("a pair", PAIR, None), ("10 modules, 20 strategies", MANY, 30.0)):
        with cold() as cache:
            first, result = child(code, cache)
            again = [child(code, cache) for _ in range(3)]
        second = min(seconds for seconds, _ in again)
        same = all(out.split()[0] == result.split()[0] for _, out in again)
        agreement = "the same from the cache" if same else "DIFFER"
        found.append(
            Row(
                f"startup: first process, {title}",
                f"{first:.1f} s",
                f"<= {limit:.0f} s" if limit else "",
                first <= limit if limit else None,
            )
        )
        found.append(
            Row(
                f"startup: second process, {title}",
                f"{second:.2f} s",
                "<= 3 s",
                second <= 3,
                agreement,
            )
        )
        if code is MANY:
            other = float(result.split()[1])
            found.append(
                Row(
                    "startup: 60 agents after 40 (same capacity)",
                    f"{other:.3f} s",
                    "<= 0.1 s",
                    other <= 0.1,
                )
            )
    return found
