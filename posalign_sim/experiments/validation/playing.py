"""Running a row's worlds: as `simulate` and `run_until`, but a fault is no result."""

from __future__ import annotations

from typing import Any

from posalign_sim.world.compiler import Mode
from posalign_sim.world.scenario import ENDLESS, Scenario
from posalign_sim.world.simulate import Run, run_until, simulate


def play(
    made: Scenario, worlds: int = 1, luck: int = 0, *, mode: Mode = "compiled", pairs: Any = None
) -> Run:
    """Run a batch of worlds to their ends, without a progress bar of its own.

    Raises:
        RuntimeError: a world stopped on a fault.
    """
    run = simulate(made, worlds, luck, mode=mode, pairs=pairs, progress=False)
    _sound(run.worlds)
    return run


def go_on(made: Scenario, ws: Any, until: int = ENDLESS, mode: Mode = "compiled") -> Any:
    """Run a batch in place until a round, or to the end; give it back.

    Raises:
        RuntimeError: a world stopped on a fault.
    """
    run_until(made, ws, until, mode)
    _sound(ws)
    return ws


def _sound(ws: Any) -> None:
    faults = int((ws["fault"] != 0).sum())
    if faults:
        raise RuntimeError(f"{faults} of {len(ws)} worlds stopped on a fault")
