"""What was gained, what it cost, how far from the best, how evenly shared."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import MINOR
from posalign_sim.world.modules import Metric
from posalign_sim.world.simulate import owned


class Welfare(Metric):
    """Points per seat and round, read from the accounts.

    * `welfare_gross`: what nature and outsiders paid out; what seats own, the treasury and the
      costs of institutions together.
    * `institution_cost`: what institutions used up (`COST`).
    * `welfare_net`: the one less the other.
    * `surplus`: what nature paid beyond a zero-sum twin's stated constant; in a twin exactly 0.
    * `outsiders`: what outsiders gained (negative: were harmed by).
    * `efficiency`: welfare_gross as a share of the game's first best.
    * `fairness`: 1 - Gini coefficient of what seats own in the end, with the n / (n - 1)
      correction; undefined if somebody owns less than nothing, or all nothing.

    Source of the correction: Deltas (2003), Review of Economics and Statistics 85.
    """

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        seats_and_rounds = np.maximum(1, ws["agents"] * ws["clock"])
        nature, cost, outsiders = (ws["public"][:, k] / MINOR / seats_and_rounds for k in range(3))
        gross = -(nature + outsiders)
        # In minor units, as the twin itself reckons: what is nothing must be nothing to the bit.
        constant = np.rint(np.where(ws["twin"] != 0, ws["twin_constant"], 0.0) * MINOR)
        stated = constant.astype(np.int64) * ws["agents"] * ws["clock"]
        best = ws["first_best"]
        efficiency = np.divide(gross, best, out=np.full(len(ws), np.nan), where=best > 0)
        return {
            "welfare_gross": gross,
            "institution_cost": cost,
            "welfare_net": gross - cost,
            "surplus": -(ws["public"][:, 0] + stated) / MINOR / seats_and_rounds,
            "outsiders": outsiders,
            "efficiency": efficiency,
            "fairness": fairness(owned(ws), ws["agents"]),
        }


def fairness(points: Any, agents: Any) -> Any:
    """`[worlds]` 1 - Gini of each row's first `agents` values, corrected for small numbers.

    Args:
        points: `[worlds, capacity]` what each seat owns, in points.
        agents: `[worlds]` how many seats are in use.

    >>> fairness(np.array([[2.0, 2.0], [4.0, 0.0]]), np.array([2, 2])).tolist()
    [1.0, 0.0]
    """
    out = np.full(len(points), np.nan)
    for n in np.unique(agents):
        rows = np.flatnonzero(agents == n)
        values = np.sort(points[rows, :n], axis=1)
        total = values.sum(axis=1)
        defined = (values[:, 0] >= 0) & (total > 0)
        ranks = 2 * np.arange(1, n + 1) - n - 1
        gini = (values[defined] * ranks).sum(axis=1) / (n * total[defined])
        out[rows[defined]] = 1 - gini * n / (n - 1)
    return out
