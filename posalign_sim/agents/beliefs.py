"""What agents who respond to incentives believe: what is announced, until experience tells more."""

from __future__ import annotations

from posalign_sim.world.fields import Floats
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import remaining

#: Points that a decision must gain at least to be worth it: below is rounding.
NEGLIGIBLE = 1e-9

# Where who is asked to trust keeps in mind how partners treated it.
TRUST_WEIGHT, TRUST = 0, 1


def learn_from(slots: Floats, weight: int, mean: int, seen: float, rate: float) -> None:
    """Move a belief towards what was seen: recent experience counts most.

    Args:
        slots: the agent's slots.
        weight: slot of the weight of all experience, from 0 towards 1.
        mean: slot of the weighted experience.
        seen: the observation.
        rate: weight of one observation.
    """
    slots[weight] += rate * (1 - slots[weight])
    slots[mean] += rate * (seen - slots[mean])


def believed(slots: Floats, weight: int, mean: int, announced: float) -> float:
    """A belief: the announcement, to the extent that experience has not replaced it."""
    return (1 - slots[weight]) * announced + slots[mean]


def announced_loss(p: Sight, i: int, m: int, breach: int) -> float:
    """Points that identity `m` must expect to lose at once by its act towards seat `i`'s like.

    Args:
        p: sight.
        i: seat in whose deal the act happens (its `at_stake` is what is paid for it).
        m: identity that acts (its bond is what it may forfeit).
        breach: whether the act is a breach.
    """
    at = p.place[i]
    if breach:
        share, points = p.refund_if_breach[at], p.loss_if_breach[at]
        lost = p.forfeit_if_breach[at]
    else:
        share, points, lost = p.refund_if_kept[at], p.loss_if_kept[at], p.forfeit_if_kept[at]
    return points + share * p.at_stake[i] + lost * p.bonded[m]


def rounds_ahead(p: Sight, patience: float) -> float:
    """Value today of one point in each further round, given continuation and patience."""
    discount = p.continuation * patience
    return min(discount / max(1e-12, 1 - discount), float(remaining(p)))


def trust_pays(p: Sight, i: int, secured: float, unsecured: float) -> bool:
    """Whether seat `i` has reason to trust its partner with what it is asked for.

    Args:
        p: sight.
        i: seat that trusts.
        secured: trust before any experience in who would lose by a breach more than it gains.
        unsecured: trust before any experience in anybody else.
    """
    m = p.partner[i]
    at_risk = announced_loss(p, i, m, 1) - announced_loss(p, i, m, 0)
    first = secured if at_risk >= p.exposure[i] > 0 else unsecured
    trust = believed(p.slots[i], TRUST_WEIGHT, TRUST, first)
    return trust * p.hope[i] + (1 - trust) * p.risk[i] >= -NEGLIGIBLE


def learn_trust(p: Sight, i: int, rate: float) -> None:
    """Move the trust of seat `i` towards how it was treated in this round, if it was at all."""
    if p.treated[i] >= 0:
        learn_from(p.slots[i], TRUST_WEIGHT, TRUST, p.treated[i], rate)
