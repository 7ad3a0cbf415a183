"""How much cooperation there was, and how many promises were kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.fields import scalar
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import World


class Cooperation(Metric):
    """Mean cooperation of all acts in a world.

    `cooperation` is the mean over interactions of their cooperation in [0, 1]; undefined in a
    world where nothing happened between agents.
    """

    acts: int = scalar(np.int64)
    total: float = scalar()

    @staticmethod
    def witness(w: World, own: Cooperation, x: Any) -> None:
        own.acts += 1
        own.total += x.cooperation

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        acts = own["acts"]
        mean = np.divide(own["total"], acts, out=np.full(len(acts), np.nan), where=acts > 0)
        return {"cooperation": mean}
