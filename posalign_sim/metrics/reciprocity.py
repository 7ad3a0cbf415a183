"""Reciprocity: does what one does depend on what was done to one? Observed, and probed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.metrics.cooperation import share
from posalign_sim.world.compiler import Mode
from posalign_sim.world.fields import Floats, Ints, per_agent, scalar
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import GROUP, World, holder, seats
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import force, run_until

#: After what was done to a seat last.
AFTER_D, AFTER_C = range(2)


class Reciprocity(Metric):
    """Observed conditional cooperation: P(C | C) - P(C | D).

    `reciprocity`: how much more a seat cooperates when it was last treated with cooperation than
    when it was last treated with defection. Seats are compared with themselves alone, and count
    by how much they tell (the least-squares slope, with a level of its own for each seat): a
    world of unconditional cooperators and defectors has none. `forgiveness`: mean cooperation
    after a defection by somebody, for seats that had known mutual cooperation before. Undefined
    where one of the conditions never came about (for reciprocity: both, to one seat).

    With fixed partners this is direct reciprocity; with changing ones it is generalised (what
    somebody did last, whoever it was). Conditional frequencies are confounded where both sides
    respond to something else; `probe` is not.
    """

    before: Floats = per_agent(initial=-1)
    now: Floats = per_agent(initial=-1)
    mine: Floats = per_agent(initial=-1)
    friendly: Ints = per_agent(np.uint8)
    acts: Ints = per_agent(np.int32, 2)
    total: Floats = per_agent(np.float64, 2)
    lapses: int = scalar(np.int64)
    forgiven: float = scalar()

    @staticmethod
    def witness(w: World, own: Reciprocity, x: Any) -> None:
        i = holder(w, x.actor)
        own.mine[i] = x.cooperation
        if own.before[i] >= 0:
            k = AFTER_C if own.before[i] >= 0.5 else AFTER_D
            own.acts[i, k] += 1
            own.total[i, k] += x.cooperation
            if k == AFTER_D and own.friendly[i]:
                own.lapses += 1
                own.forgiven += x.cooperation
        if x.target != GROUP:
            own.now[holder(w, x.target)] = x.cooperation

    @staticmethod
    def settle(w: World, own: Reciprocity) -> None:
        for i in seats(w):
            if own.now[i] >= 0:
                own.before[i] = own.now[i]
                if own.now[i] >= 0.5 and own.mine[i] >= 0.5:
                    own.friendly[i] = 1
            own.now[i] = -1.0
            own.mine[i] = -1.0

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        acts = own["acts"].astype(float)
        rate = share(own["total"], acts)
        weight = np.nan_to_num(share(acts.prod(axis=2), acts.sum(axis=2)))
        answer = np.nan_to_num(rate[..., AFTER_C] - rate[..., AFTER_D])
        return {
            "reciprocity": share((weight * answer).sum(axis=1), weight.sum(axis=1)),
            "forgiveness": share(own["forgiven"], own["lapses"]),
        }


def probe(
    scenario: Scenario,
    worlds: int = 64,
    seed: int = 0,
    *,
    after: int = 10,
    seats: Any = None,
    mode: Mode = "compiled",
) -> pd.DataFrame:
    """Probed reciprocity: how a seat's next act answers a partner's act that was forced.

    Each world is played for `after` rounds and forked; in one fork the seat's partner is made to
    take the first choice of the game's first noisy decision (cooperate), in the other the last
    one, under the same draws. The difference in the seat's next act is due to nothing else.

    Args:
        scenario: any scenario that lasts longer than `after + 2` rounds.
        worlds: how many worlds.
        seed: of the study.
        after: rounds played before the probe.
        seats: which seats to probe; all if not given.
        mode: as in `simulate`.

    Returns:
        A row for each seat and world: `seat`, `world`, `after_cooperation`, `after_defection`
        (cooperation of the seat's next act in each fork) and `reciprocity`, their difference.
        Undefined (NaN) where the seat had no occasion to act.
    """
    forced = scenario.forceable()
    base = run_until(forced, forced.worlds(worlds, seed), after, mode)
    decision = next(d for d in forced.game.decisions.values() if d.noisy)
    rows = []
    for seat in range(forced.agents) if seats is None else seats:
        answers = []
        for choice in (decision.choices[0], decision.choices[-1]):
            fork = force(forced, base.copy(), after, choice, facing=seat)
            run_until(forced, fork, after + 2, mode)
            act = fork[forced.game.name][decision.name][:, seat]
            played = (fork["clock"] == after + 2) & (act >= 0)
            answers.append(np.where(played, 1.0 - act / (len(decision.choices) - 1), np.nan))
        rows.append(
            pd.DataFrame(
                {
                    "seat": seat,
                    "world": np.arange(worlds),
                    "after_cooperation": answers[0],
                    "after_defection": answers[1],
                    "reciprocity": answers[0] - answers[1],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
