"""What agents who respond to incentives believe: what is announced, until experience tells more."""

from __future__ import annotations

from posalign_sim.world.compiler import variant
from posalign_sim.world.dispositions import regard
from posalign_sim.world.fields import Floats
from posalign_sim.world.record import IF_APART, IF_BROKEN, IF_CHEATED, IF_DEALT, IF_KEPT, Sight
from posalign_sim.world.sight import remaining

#: Points that a decision must gain at least to be worth it: below is rounding.
NEGLIGIBLE = 1e-9
#: Means from which on nothing limits what a seat can be made to pay.
UNLIMITED = 1e7

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
        lost, found = p.forfeit_if_breach[at], p.found_if_breach[at]
    else:
        share, points, lost = p.refund_if_kept[at], p.loss_if_kept[at], p.forfeit_if_kept[at]
        found = p.found_if_kept[at]
    penalty = points + share * p.at_stake[i]
    escrow = lost * p.bonded[m]
    if m != p.identity[i]:
        return penalty + escrow
    earned = p.rent[i] + (p.temptation[i] if breach else 0.0)
    if breach:
        penalty += p.own_fine[i]
        escrow += p.unvested[i]
    return bearable(penalty, found, p.answerable[i] + max(0.0, earned), p.beyond[i]) + escrow


def bearable(penalty: float, found: float, means: float, beyond: float) -> float:
    """What is expected of a penalty to fall on who has limited means to pay it.

    Where findings are announced it is taken to come with a finding, all of it; else, for sure.

    Args:
        penalty: points expected to be lost, if there were means.
        found: probability of a finding.
        means: points that can be paid at most.
        beyond: share of what goes beyond the means that falls back on the seat in the end.

    >>> bearable(2.0, 0.25, 4.0, 0.0), bearable(2.0, 0.25, 4.0, 0.5), bearable(2.0, 0.25, 9.0, 0.0)
    (1.0, 1.5, 2.0)
    """
    if means >= UNLIMITED:
        return penalty
    likely = found if found > 0 else 1.0
    excess = penalty - likely * means
    if excess <= 0:
        return penalty
    return penalty - (1 - beyond) * excess


def rounds_ahead(p: Sight, patience: float) -> float:
    """Value today of one point in each further round, given continuation and patience."""
    discount = p.continuation * patience
    return min(discount / max(1e-12, 1 - discount), float(remaining(p)))


def rounds_on_record(p: Sight, i: int, patience: float) -> float:
    """Value today of one point in each round in which a breach of seat `i` is on record."""
    ahead = rounds_ahead(p, patience)
    lasts = p.record_lasts[p.place[i]]
    if lasts < 0:
        return ahead
    discount = p.continuation * patience
    if discount >= 1:
        return min(ahead, lasts)
    total = 0.0
    worth = discount
    k = 1
    # Multiplied up, since powers can differ in the last bit from machine to machine.
    while k <= lasts and worth > 1e-15 and total < ahead:
        total += worth
        worth *= discount
        k += 1
    return min(ahead, total)


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
    # What a breach costs the seat, the difference of the two, may be made good to it in part.
    risk = p.risk[i] + p.covered[i] * max(0.0, p.hope[i] - p.risk[i])
    return worth_of_trust(p, i, trust, risk) >= -NEGLIGIBLE


def worth_of_trust(p: Sight, i: int, trust: float, risk: float) -> float:
    """What seat `i` expects to gain by relying on its partner, as its disposition weighs it.

    Args:
        p: sight.
        i: seat that relies.
        trust: probability that the partner keeps its word.
        risk: points that the seat gains if it does not.
    """
    return trust * p.hope[i] + (1 - trust) * risk


@variant(worth_of_trust, "disposed")
def _worth_of_trust(p: Sight, i: int, trust: float, risk: float) -> float:
    kept = p.hope[i] + regard(p, i, p.hope[i], IF_DEALT, IF_APART)
    return trust * kept + (1 - trust) * (risk + regard(p, i, risk, IF_CHEATED, IF_APART))


def breach_gains(p: Sight, i: int, lost: float) -> bool:
    """Whether a breach gains seat `i` anything, as its disposition weighs it.

    Args:
        p: sight.
        i: seat.
        lost: points that it expects to lose by it, now and later.
    """
    return p.temptation[i] > lost + NEGLIGIBLE


@variant(breach_gains, "disposed")
def _breach_gains(p: Sight, i: int, lost: float) -> bool:
    gained = p.temptation[i]
    return gained + regard(p, i, gained - lost, IF_BROKEN, IF_KEPT) > lost + NEGLIGIBLE


def learn_trust(p: Sight, i: int, rate: float) -> None:
    """Move the trust of seat `i` towards how it was treated in this round, if it was at all."""
    if p.treated[i] >= 0:
        learn_from(p.slots[i], TRUST_WEIGHT, TRUST, p.treated[i], rate)
