"""How much cooperation there was, how many promises were kept, and how it went over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.conduct import breached
from posalign_sim.world.fields import Floats, Ints, scalar, table
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import World

#: Stretches of time in which a trajectory is kept.
STRETCHES = 40


def share(part: Any, whole: Any) -> Any:
    """Elementwise part / whole, NaN where there is no whole: undefined is not zero.

    >>> share(np.array([1.0, 0.0]), np.array([2, 0])).tolist()
    [0.5, nan]
    """
    out = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=out, where=np.asarray(whole) > 0)


class Cooperation(Metric):
    """Mean cooperation of all acts in a world.

    `cooperation`: mean over interactions of their cooperation, in [0, 1]; undefined in a world
    where nobody acted.
    """

    acts: int = scalar(np.int64)
    total: float = scalar()

    @staticmethod
    def witness(w: World, own: Cooperation, x: Any) -> None:
        own.acts += 1
        own.total += x.cooperation

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        return {"cooperation": share(own["total"], own["acts"])}


class Honesty(Metric):
    """The share of promises kept.

    `honesty`: share of those acts that could have been a breach (a promise, or in a game with a
    standard any act) that were none; undefined in a world that had no such act.
    """

    bound: int = scalar(np.int64)
    honest: int = scalar(np.int64)

    @staticmethod
    def witness(w: World, own: Honesty, x: Any) -> None:
        if x.pledged or w.standard > 0:
            own.bound += 1
            own.honest += 0 if breached(w, x) else 1

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        return {"honesty": share(own["honest"].astype(float), own["bound"])}


class Trajectory(Metric):
    """Cooperation and honesty over time, in 40 stretches of equal length.

    A world without a fixed horizon puts each of its first rounds into a stretch of its own, and
    all later ones into the last. Reports nothing by itself; `over_time` reads it.
    """

    acts: Ints = table(np.int32, STRETCHES)
    total: Floats = table(np.float64, STRETCHES)

    @staticmethod
    def witness(w: World, own: Trajectory, x: Any) -> None:
        k = min(w.clock, STRETCHES - 1)
        if w.rounds < 2**40:
            k = w.clock * STRETCHES // w.rounds
        own.acts[k] += 1
        own.total[k] += x.cooperation

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        return {}


def over_time(own: Any) -> Any:
    """`[worlds, 40]` mean cooperation in each stretch of time; NaN where nothing happened."""
    return share(own["total"], own["acts"])
