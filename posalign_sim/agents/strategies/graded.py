"""Strategies that say how much to cooperate, and so play wherever one can do more or less."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from posalign_sim.agents.contributors import fair_units, give, take
from posalign_sim.agents.trustees import part_of
from posalign_sim.envs.commons import CommonsSight
from posalign_sim.envs.donor import DONATE, REFUSE
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.envs.public_goods_rules import TICKS
from posalign_sim.envs.trust import ALL, KEEP, RETURN, SEND, TrustSight
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight

COOPERATE, DEFECT = 0, 1


class Graded(Agent, abstract=True):
    """An agent who cooperates by degrees, from 0 to 1, as its `level(p, i)` says.

    Where one can only cooperate or not, it does from a half on. Of a public good it contributes
    that share of what is asked; of a commons it takes what lies that far from all that it can take
    to its fair part; as an investor it sends that share of the full amount, as a trustee it returns
    that share of the equal split. Several partners at once are one: what they did is their mean.

    A strategy states its level alone; it is asked for it once in a round.

    Source: continuous reciprocity as in Roberts & Sherratt (1998), Nature 394.
    """

    def __init_subclass__(cls, abstract: bool = False, **more: Any) -> None:
        own = vars(cls).get("level")
        if own is not None:
            for decision in (move, donate, contribute, harvest, send, give_back):
                setattr(cls, decision.__name__, staticmethod(_decided(decision, own.__func__)))
        super().__init_subclass__(abstract=abstract, **more)


def _decided(decision: Callable[..., Any], level: Callable[..., Any]) -> Callable[..., Any]:
    """The same decision, taken by another strategy's level."""
    scope = {**decision.__globals__, "level": level}
    made = types.FunctionType(decision.__code__, scope, decision.__name__)
    made.__annotations__ = decision.__annotations__
    return made


# --- each decision, by a level that stands for the strategy's own -------------------------------


def level(p: Sight, i: int) -> float:
    """How much seat `i` cooperates now."""
    return 1.0


def move(p: Sight, i: int) -> int:
    """Cooperate from a half on."""
    return COOPERATE if level(p, i) >= 0.5 else DEFECT


def donate(p: Sight, i: int) -> int:
    """Donate from a half on."""
    return DONATE if level(p, i) >= 0.5 else REFUSE


def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
    """Give a share of what is asked."""
    return give(p, level(p, i) * p.fair[i] / TICKS)


def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
    """Take something between one's fair part and all that one can take."""
    fair = fair_units(p, i)
    spared = max(0.0, p.most[i] * p.tick - fair)
    return take(p, i, fair + (1 - level(p, i)) * spared)


def send(p: TrustSight, i: int) -> tuple[int, int]:
    """Send a share of the full amount."""
    amount = part_of(p, level(p, i))
    return (SEND, amount) if amount > 0 else (KEEP, 0)


def give_back(p: TrustSight, i: int) -> tuple[int, int]:
    """Return a share of the equal split."""
    return RETURN, min(ALL, int(level(p, i) * p.fair[i] + 0.5))


__all__ = ["COOPERATE", "DEFECT", "Graded"]
