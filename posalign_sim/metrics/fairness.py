"""How equally points are spread, how the worst off fare, what changes hands after the play."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.metrics.welfare import fairness
from posalign_sim.world.accounts import MINOR
from posalign_sim.world.fields import Floats, Ints, per_agent
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import World, face, seats
from posalign_sim.world.simulate import owned


class Equality(Metric):
    """Equality of what seats own, and what institutions move between them.

    * `gini`: Gini coefficient of what seats own in the end, with the n / (n - 1) correction: 0 if
      all own the same, 1 if one owns everything; undefined if somebody owns less than nothing.
    * `worst_off`: points per round of the seat that owns least in the end.
    * `transfers_received`: points per seat and round that seats gained in a round after the play:
      restitution, indemnities, shared profits, basic income, less what they paid.
    * `transfers_paid`: the same for seats that lost: fines, charges, taxes, fees.

    In a zero-sum twin the transfers include how its accounts are closed.

    Source: Gini (1912); Rawls (1971), A Theory of Justice (the worst off); Deltas (2003), Review of
    Economics and Statistics 85 (the correction).

    >>> from posalign_sim import Scenario, simulate
    >>> from posalign_sim.agents import Cooperator, Defector
    >>> from posalign_sim.envs import RepeatedDilemma
    >>> pair = [Cooperator(), Defector()]
    >>> unequal = Scenario(RepeatedDilemma(), pair, rounds=2, metrics=[Equality()])
    >>> table = simulate(unequal, mode="interpreted", progress=False).table()
    >>> table[["gini", "worst_off", "transfers_paid"]].iloc[0].tolist()
    [1.0, 0.0, 0.0]
    """

    mark: Ints = per_agent(np.int64)
    gained: Floats = per_agent()
    lost: Floats = per_agent()

    @staticmethod
    def play(w: World, own: Equality) -> None:
        for i in seats(w):
            own.mark[i] = w.balance[face(w, i)] + w.held[face(w, i)]

    @staticmethod
    def settle(w: World, own: Equality) -> None:
        for i in seats(w):
            moved = (w.balance[face(w, i)] + w.held[face(w, i)] - own.mark[i]) / MINOR
            own.gained[i] += max(0.0, moved)
            own.lost[i] += max(0.0, -moved)

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        points = owned(ws)
        rounds = np.maximum(1, ws["clock"])
        idle = np.arange(points.shape[1]) >= ws["agents"][:, None]
        return {
            "gini": 1 - fairness(points, ws["agents"]),
            "worst_off": np.where(idle, np.inf, points).min(axis=1) / rounds,
            "transfers_received": own["gained"].sum(axis=1) / (rounds * ws["agents"]),
            "transfers_paid": own["lost"].sum(axis=1) / (rounds * ws["agents"]),
        }
