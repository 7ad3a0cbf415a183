"""Agents who know something that others would like to know."""

from __future__ import annotations

import numpy as np

from posalign_sim.agents.contributors import fair_units, take
from posalign_sim.envs.commons import sustainable
from posalign_sim.envs.shared_knowledge_rules import LIE, SHARE, WITHHOLD, SignalSight, bluff
from posalign_sim.envs.shared_stock import StockSight
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter


def fair_part(p: StockSight, i: int, ticks: float) -> float:
    """Units of an equal part of what a stock of so many ticks can bear."""
    stock = min(p.capacity, p.tick * max(0.0, ticks))
    everything = sustainable(stock, p.capacity, p.growth, p.growth_form, p.collapse)
    return everything / max(1, int(p.group_size[i]))


def left_by_others(p: StockSight, i: int) -> float:
    """Units that can be taken for good if the others take their parts of what they believe in.

    They are reckoned to believe the mean of all claims, and to hold back if they know less.
    """
    fair = fair_units(p, i)
    heard = 1.0 + p.told_count[i]
    claims = p.told_count[i] * p.told_mean[i]
    count = heard - 1
    if p.own_claim[i] >= 0:
        claims += p.own_claim[i]
        count += 1
    if count == 0:
        return fair
    theirs = fair_part(p, i, claims / count - p.doubt[i] * np.sqrt(heard / count))
    return fair + max(0.0, (p.group_size[i] - 1) * (fair - theirs))


class Sharer(Agent):
    """Always shares what it knows.

    Source: Hess & Ostrom (2007), Understanding Knowledge as a Commons.
    """

    @staticmethod
    def inform(p: Sight, i: int) -> tuple[int, int]:
        return SHARE, 0


class Withholder(Agent):
    """Never tells anybody anything, and uses what it is told.

    From a shared stock it takes its part, and what the others leave because they know less.

    Source: Hirshleifer (1971), American Economic Review 61 (private value of what others do not
    know).
    """

    @staticmethod
    def inform(p: Sight, i: int) -> tuple[int, int]:
        return WITHHOLD, 0

    @staticmethod
    def harvest(p: StockSight, i: int) -> tuple[int, int]:
        return take(p, i, left_by_others(p, i))


class Liar(Agent):
    """Misleads the others to trade on it, or to harvest what they leave: the arbitrageur.

    Its own estimate does without its lie, so that it knows better than those who believe it. From
    a shared stock it takes its part, and what the others leave because they think it smaller.

    Source: Benabou & Laroque (1992), QJE 107.
    """

    shift: float = param(2, 0, 25, "tolerances", "by how much its claim is false")

    @staticmethod
    def inform(p: SignalSight, i: int) -> tuple[int, int]:
        return LIE, bluff(p, i, parameter(p, i, 0))

    @staticmethod
    def harvest(p: StockSight, i: int) -> tuple[int, int]:
        return take(p, i, left_by_others(p, i))


class ConditionalSharer(Agent):
    """Shares as long as enough others did, as far as it knows; otherwise withholds.

    Source: Fischbacher, Gächter & Fehr (2001), Economics Letters 71 (conditional cooperation).
    """

    threshold: float = param(0.5, 0, 1, "share", "of the others who must have shared last")

    @staticmethod
    def inform(p: SignalSight, i: int) -> tuple[int, int]:
        return SHARE if p.shared_last[i] >= parameter(p, i, 0) else WITHHOLD, 0


class Sceptic(Agent):
    """Shares what it knows, and believes the others as long as they say nearly the same.

    If their mean is further from its own signal than it can believe, it goes by its signal alone.

    Source: Sobel (1985), Review of Economic Studies 52 (credibility).
    """

    trust: float = param(1, 0, 50, "tolerances", "by which others may differ, and be believed")

    @staticmethod
    def inform(p: Sight, i: int) -> tuple[int, int]:
        return SHARE, 0

    @staticmethod
    def estimate(p: SignalSight, i: int) -> tuple[int, int]:
        count = believable(p, i, parameter(p, i, 0))
        return 0, int(np.rint((p.signal[i] + count * p.told_mean[i]) / (1 + count)))

    @staticmethod
    def harvest(p: StockSight, i: int) -> tuple[int, int]:
        if believable(p, i, parameter(p, i, 0)) > 0:
            return take(p, i, fair_units(p, i))
        alone = p.signal[i] - p.doubt[i] * np.sqrt(1.0 + p.told_count[i])
        return take(p, i, fair_part(p, i, alone))


def believable(p: SignalSight, i: int, tolerances: float) -> int:
    """How many others a sceptic believes: all, or none."""
    differ = abs(p.told_mean[i] - p.signal[i]) > tolerances * p.tolerance
    return 0 if differ else int(p.told_count[i])


__all__ = ["ConditionalSharer", "Liar", "Sceptic", "Sharer", "Withholder", "bluff"]
