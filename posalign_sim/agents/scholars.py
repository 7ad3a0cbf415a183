"""Agents who know something that others would like to know."""

from __future__ import annotations

from posalign_sim.envs.shared_knowledge import LIE, SHARE, TOP, WITHHOLD, KnowledgeSight
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter


def bluff(p: KnowledgeSight, i: int, tolerances: float) -> int:
    """A false claim that misses one's signal by so many tolerances, towards the middle."""
    shift = int(tolerances * p.tolerance + 0.5)
    if 2 * p.signal[i] > TOP:
        shift = -shift
    return min(TOP, max(0, int(p.signal[i]) + shift))


class Sharer(Agent):
    """Always shares what it knows.

    Source: Hess & Ostrom (2007), Understanding Knowledge as a Commons.
    """

    @staticmethod
    def inform(p: Sight, i: int) -> tuple[int, int]:
        return SHARE, 0


class Withholder(Agent):
    """Never tells anybody anything, and uses what it is told.

    Source: Hirshleifer (1971), American Economic Review 61 (private value of what others do not
    know).
    """

    @staticmethod
    def inform(p: Sight, i: int) -> tuple[int, int]:
        return WITHHOLD, 0


class Liar(Agent):
    """Misleads the others to trade on it: the arbitrageur.

    Its own estimate does without its lie, so that it knows better than those who believe it.

    Source: Benabou & Laroque (1992), QJE 107.
    """

    shift: float = param(2, 0, 25, "tolerances", "by how much its claim is false")

    @staticmethod
    def inform(p: KnowledgeSight, i: int) -> tuple[int, int]:
        return LIE, bluff(p, i, parameter(p, i, 0))


class ConditionalSharer(Agent):
    """Shares as long as enough others did, as far as it knows; otherwise withholds.

    Source: Fischbacher, Gaechter & Fehr (2001), Economics Letters 71 (conditional cooperation).
    """

    threshold: float = param(0.5, 0, 1, "share", "of the others who must have shared last")

    @staticmethod
    def inform(p: KnowledgeSight, i: int) -> tuple[int, int]:
        return SHARE if p.shared_last[i] >= parameter(p, i, 0) else WITHHOLD, 0


__all__ = ["ConditionalSharer", "Liar", "Sharer", "Withholder"]
