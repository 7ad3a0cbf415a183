"""De-escalation: what follows a breach, and how long it takes to be at peace again."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.metrics.cooperation import share
from posalign_sim.world.conduct import breached
from posalign_sim.world.fields import Ints, per_agent, scalar, table
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import GROUP, World, holder, seats

#: Longest duration, in rounds, that is told apart.
LONGEST = 32


class Deescalation(Metric):
    """Feuds: from a breach until the first round in which nobody broke anything.

    A seat's feud begins when it commits or suffers a breach while at peace, and ends with the
    first later round in which it met somebody and neither broke anything. A feud that lasts to
    the end of the world is censored: it counts as unfinished, never as short.

    * `feuds`: feuds begun, per seat.
    * `recovery_rounds`: mean time to the end of a feud, restricted to 32 rounds
      (area under the Kaplan-Meier curve); a slip that is mended in the next round counts 1.
    * `feud_survival`: share of feuds that last 32 rounds or more, by Kaplan & Meier.
    * `peak`: mean over feuds of the most breaches in one of its rounds.
    * `echo`: mean number of breaches in a feud after the first round.

    Undefined in a world without feuds. Source: Kaplan & Meier (1958), JASA 53; Axelrod (1984)
    on echoes.
    """

    breaches: Ints = per_agent(np.int32)
    met: Ints = per_agent(np.uint8)
    feud: Ints = per_agent(np.uint8)
    age: Ints = per_agent(np.int32)
    worst: Ints = per_agent(np.int32)
    begun: int = scalar(np.int64)
    echoes: int = scalar(np.int64)
    peaks: int = scalar(np.int64)
    ended: Ints = table(np.int32, LONGEST + 1)

    @staticmethod
    def witness(w: World, own: Deescalation, x: Any) -> None:
        broke = 1 if breached(w, x) else 0
        i = holder(w, x.actor)
        own.met[i] = 1
        own.breaches[i] += broke
        if x.target != GROUP:
            j = holder(w, x.target)
            own.met[j] = 1
            own.breaches[j] += broke

    @staticmethod
    def settle(w: World, own: Deescalation) -> None:
        for i in seats(w):
            if own.met[i] == 0:
                continue
            broken = own.breaches[i]
            if own.feud[i]:
                own.age[i] += 1
                own.echoes += broken
                if broken > own.worst[i]:
                    own.peaks += broken - own.worst[i]
                    own.worst[i] = broken
                if broken == 0:
                    own.ended[min(own.age[i], LONGEST)] += 1
                    own.feud[i] = 0
            elif broken:
                own.begun += 1
                own.feud[i] = 1
                own.age[i] = 0
                own.worst[i] = broken
                own.peaks += broken
            own.breaches[i] = 0
            own.met[i] = 0

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        begun = own["begun"]
        mean, beyond = survival(own["ended"], open_ages(own))
        return {
            "feuds": begun / np.maximum(1, ws["agents"]),
            "recovery_rounds": np.where(begun > 0, mean, np.nan),
            "feud_survival": np.where(begun > 0, beyond, np.nan),
            "peak": share(own["peaks"].astype(float), begun),
            "echo": share(own["echoes"].astype(float), begun),
        }


def open_ages(own: Any) -> Any:
    """`[worlds, LONGEST + 1]` number of feuds that were still open at each age."""
    count = np.zeros((len(own), LONGEST + 1), np.int64)
    world, seat = np.nonzero(own["feud"])
    np.add.at(count, (world, np.minimum(own["age"][world, seat], LONGEST)), 1)
    return count


def survival(ended: Any, censored: Any) -> tuple[Any, Any]:
    """Kaplan-Meier mean (restricted to the last column) and survival beyond it.

    Args:
        ended: `[..., T + 1]` durations that ended at each age.
        censored: `[..., T + 1]` durations that were still open at each age.

    Returns:
        Restricted mean and final survival, of shape `[...]`.

    >>> mean, beyond = survival(np.array([0, 1, 1, 0]), np.array([0, 0, 0, 2]))
    >>> float(mean), float(beyond)
    (2.25, 0.5)
    """
    leaving = ended + censored
    at_risk = np.flip(np.cumsum(np.flip(leaving, -1), -1), -1)
    hazard = np.divide(ended, at_risk, out=np.zeros(ended.shape), where=at_risk > 0)
    # What ends at the last column has lasted that long or longer, which is all that is known.
    hazard[..., -1] = 0
    curve = np.cumprod(1 - hazard, axis=-1)
    return curve[..., :-1].sum(-1), curve[..., -1]
