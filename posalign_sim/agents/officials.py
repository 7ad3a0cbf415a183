"""Arbiters: seats who judge by what is put before them, or by what it pays."""

from __future__ import annotations

import math

from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter

DISMISS, FIND = 0, 1
LEAVE_IT, TAKE = 0, 1
#: Where a side's evidence and offers stand.
COMPLAINANT, DEFENDANT = 0, 1


def posterior(p: Sight, i: int, prior: float, scepticism: float) -> float:
    """How likely there was a breach, by the evidence that was put before an arbiter.

    Args:
        p: sight.
        i: the arbiter.
        prior: how likely breaches are before any evidence.
        scepticism: how far what a party holds back counts against it, piece by piece.

    Example:
        >>> round(1 / (1 + math.exp(-math.log(0.7 / 0.3))), 3)
        0.7
    """
    weight = 0.0
    for party in range(2):
        against = p.pieces_against[i, party]
        mild = p.pieces_for[i, party]
        hidden = p.pieces_held[i] - against - mild
        sign = -1.0 if party == COMPLAINANT else 1.0
        weight += against - mild + sign * scepticism * hidden
    quality = min(1 - 1e-9, max(0.5, p.piece_quality[i]))
    odds = weight * math.log(quality / (1 - quality))
    prior = min(1 - 1e-9, max(1e-9, prior))
    return 1 / (1 + math.exp(-min(700.0, max(-700.0, odds + math.log(prior / (1 - prior))))))


def read_evidence(p: Sight, i: int, prior: float, standard: float, scepticism: float) -> int:
    """What the evidence calls for: a finding if a breach is likelier than the standard of proof."""
    return FIND if posterior(p, i, prior, scepticism) > standard + 1e-9 else DISMISS


class EvidenceReader(Agent):
    """An arbiter who weighs the evidence by Bayes' rule, and takes no bribes.

    Each party submits what favours it, so that what it holds back speaks against it: a sceptical
    reader counts it so, and knows all that the parties know.

    Source: Milgrom (1981), Bell Journal of Economics 12; Milgrom & Roberts (1986), RAND Journal
    of Economics 17.
    """

    prior: float = param(0.5, 0, 1, "probability", "of a breach before any evidence")
    standard: float = param(0.5, 0, 1, "probability", "above which a breach is found")
    scepticism: float = param(1, 0, 1, "share", "of what is held back that counts against a party")

    @staticmethod
    def rule(p: Sight, i: int) -> tuple[int, int]:
        found = read_evidence(p, i, parameter(p, i, 0), parameter(p, i, 1), parameter(p, i, 2))
        return found, LEAVE_IT


class Bribable(Agent):
    """An arbiter who votes for whoever offers most, from its price up; else by the evidence.

    Source: Becker & Stigler (1974), Journal of Legal Studies 3.
    """

    price: float = param(2, 0, 1e6, "points", "least bribe for which it sells its vote")

    @staticmethod
    def rule(p: Sight, i: int) -> tuple[int, int]:
        one, other = p.bribe_offered[i, COMPLAINANT], p.bribe_offered[i, DEFENDANT]
        most = max(one, other)
        if most > 0 and most >= parameter(p, i, 0) and one != other:
            return FIND if one > other else DISMISS, TAKE
        return read_evidence(p, i, 0.5, 0.5, 1.0), LEAVE_IT


class BiasedArbiter(Agent):
    """An arbiter who, at times, rules for one side whatever the evidence.

    Source: the biased arbiter of Farber & Bazerman (1986), Econometrica 54, on who complains.
    """

    lean: float = param(0.5, -1, 1, "probability", "of ruling for who complains; below 0: against")

    @staticmethod
    def rule(p: Sight, i: int) -> tuple[int, int]:
        lean = parameter(p, i, 0)
        if chance(p, i) < abs(lean):
            return FIND if lean > 0 else DISMISS, LEAVE_IT
        return read_evidence(p, i, 0.5, 0.5, 1.0), LEAVE_IT


__all__ = ["BiasedArbiter", "Bribable", "EvidenceReader"]
