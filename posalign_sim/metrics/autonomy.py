"""Autonomy: how far seats are left to themselves, by institutions and by each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.metrics.cooperation import share
from posalign_sim.world.conduct import breached, touched
from posalign_sim.world.fields import Flags, Ints, param, per_agent, scalar
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import NOBODY, World, facing, holder, seats

_NEVER = -1


class Autonomy(Metric):
    """Whose will is done: rounds of seats that pass without interference, or without domination.

    An institution *interferes* with a seat in a round in which it makes the seat pay (fines,
    damages, forfeits, charges, punishment by others) or keeps it from the table. It is *warranted*
    if the seat has broken a promise, or the game's standard, in that round or at most `warrant`
    rounds before. All are shares of rounds of seats:

    * `autonomy`: without interference. Negative liberty against institutions; where there are
      none it is 1, however seats treat each other.
    * `independence`: without interference that is not warranted, and without a breach that touches
      the seat: nobody's will was imposed on it, neither an institution's nor a neighbour's.
    * `penalised`, `excluded`: with either kind of interference.
    * `unwarranted`: of the rounds with interference, those in which it was not warranted;
      undefined where there was none.

    What a seat chooses to pay (fees, a bond while it is not lost), or lets somebody choose in its
    place, is its own doing. So is keeping to a rule out of fear of a penalty: threats that are
    never carried out do not count. Nor do taxes, which answer no act; see `transfers_paid`.

    Source: Berlin (1958), Two Concepts of Liberty (autonomy, as absence of interference); Pettit
    (1997), Republicanism (independence, as absence of arbitrary interference, public or private).

    >>> from posalign_sim import Scenario, simulate
    >>> from posalign_sim.agents import Cooperator, Defector
    >>> from posalign_sim.envs import RepeatedDilemma
    >>> pair = [Cooperator(), Defector()]
    >>> cheated = Scenario(RepeatedDilemma(), pair, rounds=2, metrics=[Autonomy()])
    >>> table = simulate(cheated, mode="interpreted", progress=False).table()
    >>> table[["autonomy", "independence"]].iloc[0].tolist()
    [1.0, 0.5]
    """

    warrant: float = param(
        10, 0, 1e6, "rounds", "after a breach for which it warrants interference"
    )
    last_breach: Ints = per_agent(np.int64, initial=_NEVER)
    wronged: Flags = per_agent(np.uint8)
    penalties: int = scalar(np.int64)
    exclusions: int = scalar(np.int64)
    interferences: int = scalar(np.int64)
    arbitrary: int = scalar(np.int64)
    dominated: int = scalar(np.int64)

    @staticmethod
    def witness(w: World, own: Autonomy, x: Any) -> None:
        if not breached(w, x):
            return
        own.last_breach[holder(w, x.actor)] = w.clock
        k = 0
        while True:
            j = touched(w, x, k)
            if j == NOBODY:
                return
            own.wronged[j] = 1
            k += 1

    @staticmethod
    def settle(w: World, own: Autonomy) -> None:
        p = w.sight
        for i in seats(w):
            fined = p.sanction[i] > 0
            # Who would be excluded, but is needed at its table, plays on.
            out = p.barred[i] > 0 and facing(w, i) == i
            own.penalties += 1 if fined else 0
            own.exclusions += 1 if out else 0
            imposed = False
            if fined or out:
                own.interferences += 1
                last = own.last_breach[i]
                imposed = last == _NEVER or w.clock - last > own.warrant
                own.arbitrary += 1 if imposed else 0
            own.dominated += 1 if imposed or own.wronged[i] else 0
            own.wronged[i] = 0

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        lived = ws["agents"] * ws["clock"]

        def part(of: str) -> Any:
            return share(own[of].astype(float), lived)

        return {
            "autonomy": 1 - part("interferences"),
            "independence": 1 - part("dominated"),
            "penalised": part("penalties"),
            "excluded": part("exclusions"),
            "unwarranted": share(own["arbitrary"].astype(float), own["interferences"]),
        }


__all__ = ["Autonomy"]
