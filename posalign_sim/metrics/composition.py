"""Who the seats have become: shares of strains over time, and when only one was left."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.metrics.cooperation import STRETCHES, share
from posalign_sim.world.fields import Floats, Ints, scalar, table
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import World
from posalign_sim.world.selection import fixed


class Composition(Metric):
    """Shares of strains over time, and when the population became of one strain.

    * `strains_left`: how many strains hold seats in the end.
    * `absorption_round`: rounds after which each role was of one strain, and stayed so; undefined
      in a world in which it was not so in the end.

    The shares in the end are in every table of a scenario with dynamics (`share_<strain>`);
    `shares_over_time` gives the way there, in 40 stretches of equal length as with `Trajectory`.
    What is counted is who plays a round; what seats turn into after it counts from the next one on.
    """

    counted: Ints = table(np.int64, STRETCHES)
    total: Floats = table(np.float64, STRETCHES, "strains")
    fixed_since: int = scalar(np.int64, initial=-1)

    @staticmethod
    def settle(w: World, own: Composition) -> None:
        k = min(w.clock, STRETCHES - 1)
        if w.rounds < 2**40:
            k = w.clock * STRETCHES // w.rounds
        own.counted[k] += 1
        for s in range(w.strain_count.shape[0]):
            own.total[k, s] += w.strain_count[s] / w.agents
        if not fixed(w):
            own.fixed_since = -1
        elif own.fixed_since < 0:
            own.fixed_since = w.clock

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        counts, roles = ws["strain_count"], ws["strain_role"]
        left = (counts > 0).sum(axis=1)
        rivals = (roles[:, :, None] == roles[:, None, :]) & (counts[:, None, :] > 0)
        one = (left > 0) & ((rivals.sum(axis=2) <= 1) | (counts == 0)).all(axis=1)
        since = np.where(own["fixed_since"] < 0, ws["clock"], own["fixed_since"])
        return {
            "strains_left": left.astype(np.float64),
            "absorption_round": np.where(one, since.astype(np.float64), np.nan),
        }


def shares_over_time(own: Any) -> Any:
    """`[worlds, 40, strains]` share of each strain in each stretch of time.

    Args:
        own: `[worlds]` the metric's records, `run.worlds["composition"]`; strains are in the order
            of `run.scenario.strains`.

    Returns:
        Shares of all seats, NaN where no round was played.
    """
    return share(own["total"], np.broadcast_to(own["counted"][..., None], own["total"].shape))
