"""A batch of worlds that is followed from round to round, on several threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from tqdm import tqdm

from posalign_sim.world.compiler import Mode
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import run_until

#: Agent-rounds that are played before the next look at the clock: about a second of work.
_SLICE = 10_000_000


class Follower:
    """Takes batches of one scenario on, a stretch of rounds at a time.

    Args:
        scenario: what is run.
        threads: processor threads; all if None. Results do not depend on it.
        mode: as with `simulate`.
        progress: whether to show a bar for what takes longer than a second.
    """

    def __init__(self, scenario: Scenario, threads: int | None, mode: Mode, progress: bool) -> None:
        """See the class."""
        self.scenario, self.mode, self.progress = scenario, mode, progress
        self.threads = threads or os.cpu_count() or 1

    def to(self, ws: Any, until: int, title: str) -> None:
        """Play all worlds on to a round; `title` says beside the bar what for."""
        ahead = until - int(ws["clock"].min(initial=until))
        if ahead <= 0:
            return
        size = max(1, min(1024, -(-len(ws) // (self.threads * 4))))
        step = max(1, _SLICE // (size * self.scenario.agents))
        stopped = Event()
        with tqdm(
            total=len(ws) * ahead,
            unit="round",
            unit_scale=True,
            delay=1,
            desc=title,
            disable=not self.progress,
            leave=False,
        ) as bar:

            def chunk(first: int) -> None:
                part = ws[first : first + size]
                done = until - ahead
                while done < until and not stopped.is_set():
                    last = min(until, done + step)
                    run_until(self.scenario, part, last, self.mode)
                    bar.update(len(part) * (last - done))
                    done = last

            run_until(self.scenario, ws[:0], until, self.mode)  # compiles before threads need it
            with ThreadPoolExecutor(self.threads) as pool:
                try:
                    list(pool.map(chunk, range(0, len(ws), size)))
                except BaseException:
                    stopped.set()
                    pool.shutdown(cancel_futures=True)
                    raise
