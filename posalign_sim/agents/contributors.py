"""Agents of public goods and commons: who gives, and who takes, depending on what others did."""

from __future__ import annotations

import numpy as np

from posalign_sim.envs.commons import TAKE, CommonsSight, sustainable
from posalign_sim.envs.public_goods import ABSTAIN, JOIN, PublicGoodsSight
from posalign_sim.envs.public_goods_rules import CONTRIBUTE, WITHHOLD
from posalign_sim.envs.public_goods_rules import TICKS as WHOLE
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

_HAIR = 1e-9


def give(p: PublicGoodsSight, share: float) -> tuple[int, int]:
    """The decision to give a share of a whole contribution, to the nearest that is possible."""
    ticks = int(np.rint(share * WHOLE))
    least = int(p.least)
    if ticks < least:
        ticks = least if 2 * ticks >= least else 0
    return (CONTRIBUTE, ticks) if ticks > 0 else (WITHHOLD, WHOLE)


def give_asked(p: PublicGoodsSight, i: int) -> tuple[int, int]:
    """The decision to give what is asked of seat `i`."""
    return CONTRIBUTE, max(int(p.least), int(p.fair[i]))


def keep_all() -> tuple[int, int]:
    """The decision to give nothing; it names a whole contribution, in case that it slips."""
    return WITHHOLD, WHOLE


def joining_pays(p: PublicGoodsSight, i: int, gain: float) -> int:
    """Take part if that promises as much as staying out: the others do as they did last.

    Args:
        p: sight.
        i: seat.
        gain: points that it means to gain besides, by giving less than is asked.
    """
    others = p.others_share[i] if p.others_share[i] >= 0 else 1.0
    promised = p.fallback[i] + others * p.hope[i] + gain
    return JOIN if promised >= p.endowment + p.loner - _HAIR else ABSTAIN


def fair_units(p: CommonsSight, i: int) -> float:
    """Units of seat `i`'s equal part of what can be taken for good."""
    all_together = sustainable(p.stock[i], p.capacity, p.growth, p.growth_form, p.collapse)
    return all_together / max(1, int(p.group_size[i]))


def take(p: CommonsSight, i: int, units: float) -> tuple[int, int]:
    """The decision to take so many units, in whole ticks below, if there are as many."""
    ticks = int(np.floor(units / p.tick + _HAIR))
    return TAKE, max(0, min(ticks, int(p.most[i])))


def take_all(p: CommonsSight, i: int) -> tuple[int, int]:
    """The decision to take as much as one can."""
    return TAKE, int(p.most[i])


class ConditionalContributor(Agent):
    """Gives the share that the others gave on average in the last round, and first `first`.

    `slope` below 1 makes it a little selfish, as most conditional cooperators are.

    Source: Fischbacher, Gächter & Fehr (2001), Economics Letters 71.
    """

    first: float = param(1, 0, 1, "share", "of a whole contribution, in the first round")
    slope: float = param(1, 0, 1, "factor", "of the others' mean")

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        if p.others_share[i] < 0:
            return give(p, parameter(p, i, 0))
        return give(p, parameter(p, i, 1) * p.others_share[i])


class ThresholdContributor(Agent):
    """Gives what is asked if the others gave at least the share `cutoff` on average, else nothing.

    It gives in the first round. Source: Granovetter (1978), American Journal of Sociology 83.
    """

    cutoff: float = param(0.5, 0, 1, "share", "of a whole contribution, mean of the others")

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        if 0 <= p.others_share[i] < parameter(p, i, 0) - _HAIR:
            return keep_all()
        return give_asked(p, i)


class RandomContributor(Agent):
    """Gives a share of a whole contribution with a constant probability, else nothing.

    With the right probability it is the mixed equilibrium of the volunteer's dilemma.

    Source: Diekmann (1985), Journal of Conflict Resolution 29.
    """

    probability: float = param(0.5, 0, 1, "probability", "chance to contribute")
    share: float = param(1, 0, 1, "share", "of a whole contribution")

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        if chance(p, i) < parameter(p, i, 0):
            return give(p, parameter(p, i, 1))
        return keep_all()


class Loner(Agent):
    """Stays out whenever it may, and gives nothing where it may not.

    Source: Hauert et al. (2002), Science 296.
    """

    @staticmethod
    def join(p: PublicGoodsSight, i: int) -> int:
        return ABSTAIN

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return keep_all()


class SustainableHarvester(Agent):
    """Takes `share` of its equal part of what can be taken for good, which it works out itself.

    Source: Ostrom, Gardner & Walker (1994), Rules, Games, and Common-Pool Resources.
    """

    share: float = param(1, 0, 100, "factor", "of the fair share")

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return take(p, i, parameter(p, i, 0) * fair_units(p, i))


class FixedHarvester(Agent):
    """Takes the same in every round, as long as there is as much.

    Source: the harvests of Piatti et al. (2024), NeurIPS.
    """

    amount: float = param(10, 0, 1e4, "units", "taken in each round")

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return take(p, i, parameter(p, i, 0))


class ImitatingHarvester(Agent):
    """Takes what the others took on average in the last round, and first its fair share.

    Source: conditional cooperation, as in Fischbacher, Gächter & Fehr (2001), Economics Letters
    71.
    """

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        if p.others_harvest[i] < 0:
            return take(p, i, fair_units(p, i))
        return take(p, i, p.others_harvest[i])


__all__ = [
    "ConditionalContributor",
    "FixedHarvester",
    "ImitatingHarvester",
    "Loner",
    "RandomContributor",
    "SustainableHarvester",
    "ThresholdContributor",
]
