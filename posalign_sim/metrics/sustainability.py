"""How long a resource lasts, how much all got out of it, and how evenly."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.metrics.cooperation import share
from posalign_sim.metrics.welfare import fairness
from posalign_sim.world.fields import scalar
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import World
from posalign_sim.world.simulate import owned


class Sustainability(Metric):
    """The measures of the commons, for any game, from acts and accounts.

    * `survival_time`: rounds in which there was anything to do: somebody acted.
    * `survived`: 1 if that was every round, else 0; its mean over worlds is the survival rate.
    * `total_gain`: points that all seats own in the end.
    * `use_efficiency`: 1 less the share by which the total gain falls short of what keeping to
      the limit earns in all rounds, as the game told it in the first (the seats' `rent`);
      undefined if that is nothing.
    * `equality`: 1 - sum over i and j of |R_i - R_j| / (2 n sum of R), without correction for small
      numbers; undefined if all own nothing, or somebody less than nothing.
    * `over_usage`: share of acts that took more than the fair share (cooperation below 1);
      undefined if nobody acted.

    Source: Piatti et al. (2024), Cooperate or Collapse, NeurIPS.
    """

    acts: int = scalar(np.int64)
    over: int = scalar(np.int64)
    lasted: int = scalar(np.int64)
    seen: int = scalar(np.int64)
    first_rent: float = scalar()

    @staticmethod
    def witness(w: World, own: Sustainability, x: Any) -> None:
        if own.acts == 0:
            for rank in range(w.agents):
                own.first_rent += w.sight.rent[w.order[rank]]
        own.acts += 1
        own.over += 1 if x.cooperation < 1 else 0
        if own.seen <= w.clock:
            own.seen = w.clock + 1
            own.lasted += 1

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        points = owned(ws)
        total = points.sum(axis=1)
        due = own["first_rent"] * ws["clock"]
        return {
            "survival_time": own["lasted"].astype(float),
            "survived": (own["lasted"] == ws["clock"]).astype(float),
            "total_gain": total,
            "use_efficiency": 1 - share(np.maximum(0.0, due - total), due),
            "equality": equality(points, ws["agents"]),
            "over_usage": share(own["over"].astype(float), own["acts"]),
        }


def equality(points: Any, agents: Any) -> Any:
    """`[worlds]` 1 - Gini of each row's first `agents` values, as it is in the population.

    Args:
        points: `[worlds, capacity]` what each seat owns, in points.
        agents: `[worlds]` how many seats are in use.

    >>> equality(np.array([[2.0, 2.0], [4.0, 0.0]]), np.array([2, 2])).tolist()
    [1.0, 0.5]
    """
    return 1 - (1 - fairness(points, agents)) * (agents - 1) / agents
