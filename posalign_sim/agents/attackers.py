"""Agents who attack records: they throw a spoilt name away, or spend a good one."""

from __future__ import annotations

from posalign_sim.agents.responsive import Opportunist
from posalign_sim.agents.strategies.unconditional import Defector
from posalign_sim.envs.marketplace import REENTER, STAY
from posalign_sim.envs.marketplace_sight import MarketSight
from posalign_sim.world.fields import param
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter, remaining

#: The second choice of a register's decision, not the market's own.
NEW_NAME = 1


class Whitewasher(Defector):
    """Breaks its word in every game, and takes a new name whenever there is one to be had.

    It asks for the new name before it cheats under the old one, so that nobody ever meets it with
    its record: cheating gains it the temptation of a round for the price of a name. With `waits` 1
    it asks only once its public record is spoilt, and so bears that for a round. It asks for none
    in a known last round.

    Source: Friedman & Resnick (2001), Journal of Economics & Management Strategy 10: it pays
    while a name costs less than the one-shot gain less the value of the name that is kept.
    """

    waits: float = param(0, 0, 1, "0 or 1", "1: asks for a new name only when the old is spoilt")

    @staticmethod
    def reenter(p: Sight, i: int) -> int:
        return NEW_NAME if wants_new_name(p, i) else STAY

    @staticmethod
    def presence(p: MarketSight, i: int) -> int:
        return REENTER if p.name_fee >= 0 and wants_new_name(p, i) else STAY


class Milker(Opportunist):
    """Keeps its word while its name is worth more than breaking it, then spends the name at once.

    It does what an opportunist does that never doubts what is announced and never tries: it breaks
    its word as soon as that gains more than it would lose at once (its bond, refunds, fines) and by
    its record, over the rounds that are left. Where the end is known it makes off shortly before
    it; where the future is worth little, at once.

    Source: Tirole (1996), Review of Economic Studies 63 (milking a reputation); exit scams:
    Bhaskar, Linacre & Machin (2019), Oxford Review of Economic Policy 35.
    """

    patience: float = param(1, 0, 1, "per round", "discount factor, besides the continuation")
    learning: float = param(0, 0, 1, "share", "weight of one experience")
    explore: float = param(0, 0, 1, "probability", "of trying the opposite")
    cutoff: float = param(0.5, 0, 1, "standing", "below it a partner is shunned")


def wants_new_name(p: Sight, i: int) -> bool:
    """Whether a whitewasher asks for a new name now."""
    if remaining(p) <= 0:
        return False
    m = p.identity[i]
    return parameter(p, i, 0) < 0.5 or (p.standing_known[m] == 1 and p.standing[m] < 1)


__all__ = ["Milker", "Whitewasher"]
