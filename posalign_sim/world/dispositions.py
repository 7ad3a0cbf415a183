"""What seats care for besides their own points: dispositions, in choices and as rewards.

Whoever chooses by what an outcome is worth adds `regard` to its own points. Where no seat of a
structure has a disposition these functions are constants, and nothing of them is in the round.
"""

from __future__ import annotations

from posalign_sim.world.accounts import MINOR, account_of
from posalign_sim.world.compiler import rare, variant
from posalign_sim.world.draws import chance
from posalign_sim.world.record import (
    DAMAGE,
    EARNED,
    GAIN,
    IF_APART,
    IF_BROKEN,
    IF_CHEATED,
    IF_DEALT,
    IF_KEPT,
    IF_TAKEN_UP,
    PRICE,
    SO_FAR,
    Sight,
    World,
    everybody,
    other,
    others,
)

#: Index from which it is drawn, by birth rank of who did it, whether a wrong is let pass; and that
#: under which it is drawn at an institution's decision.
_PASSES = 0xFA55
_PROVOKED = 0xFA54


def feel(p: Sight, i: int, own: float, case: int) -> float:
    """What an outcome is worth to seat `i`, in points; the written round asks its disposition.

    Args:
        p: sight.
        i: seat.
        own: points that it has itself in the outcome.
        case: one of the `CASES`.
    """
    return own


def lets_pass(w: World, i: int) -> float:
    """Probability that seat `i` lets a wrong pass; the written round asks its disposition."""
    return 0.0


# --- what agents read --------------------------------------------------------------------------


def regard(p: Sight, i: int, gain: float, case: int, instead: int) -> float:
    """What seat `i` sees in an outcome beyond its own gain by it, in points; 0: it is selfish.

    Args:
        p: sight.
        i: seat.
        gain: points that it gains itself by the outcome.
        case: the outcome: one of the `CASES`.
        instead: that with which it is compared: `IF_KEPT`, `IF_APART` or `SO_FAR`.
    """
    return 0.0


@variant(regard, "disposed")
@rare
def _regard(p: Sight, i: int, gain: float, case: int, instead: int) -> float:
    if p.disposition[i] == 0:
        return 0.0
    if instead == IF_KEPT:
        own = p.rent[i]
    elif instead == IF_APART:
        own = p.fallback[i]
    else:
        own = p.earned[i]
    return feel(p, i, own + gain, case) - feel(p, i, own, instead) - gain


def regard_of_stakes(p: Sight, i: int) -> float:
    """`regard` of taking up what an institution asks of a seat now, in points."""
    return 0.0


@variant(regard_of_stakes, "disposed")
def _regard_of_stakes(p: Sight, i: int) -> float:
    return regard(p, i, p.stakes[i, GAIN] - p.stakes[i, PRICE], IF_TAKEN_UP, SO_FAR)


def felt(p: Sight, i: int) -> float:
    """What the round that is over was worth to seat `i`: its points, as its disposition has it.

    For `learn`, where a learner takes its reward from; in other functions, of the round before.
    """
    return p.felt[i]


# --- what the engine does ----------------------------------------------------------------------


def company_of(w: World, i: int) -> int:
    """How many others seat `i` plays with now, as far as a seat is told of each of them."""
    return min(others(w, i), w.sight.others_points.shape[1])


@rare
def foresee(w: World, i: int) -> None:
    """Tell seat `i` what its act, and its partners', mean to those with whom it plays.

    The game's own account of their incentives says it: whoever relies on all the others gains
    `hope` if they keep their word, `risk` if none does, and loses by each one's breach its part of
    the difference. What an institution is expected to give back to who was wronged counts.
    """
    p = w.sight
    at = p.place[i]
    count = company_of(w, i)
    p.others_now[i] = count
    for k in range(count):
        j = other(w, i, k)
        kept = p.fallback[j] + p.hope[j]
        lost = (1 - p.covered[j]) * (p.hope[j] - p.risk[j]) / max(1, company_of(w, j))
        back = p.at_stake[i] / count
        p.others_points[i, k, IF_KEPT] = kept + p.refund_if_kept[at] * back
        p.others_points[i, k, IF_BROKEN] = kept - lost + p.refund_if_breach[at] * back
        p.others_points[i, k, IF_DEALT] = p.rent[j]
        p.others_points[i, k, IF_CHEATED] = p.rent[j] + p.temptation[j]
        p.others_points[i, k, IF_APART] = p.fallback[j]


@rare
def foresee_stakes(w: World, i: int) -> None:
    """Tell seat `i` how the round stands, and how it would if it took up what it is asked.

    An institution says what that costs others, not whom: they bear it alike.
    """
    p = w.sight
    count = company_of(w, i)
    p.others_now[i] = count
    p.earned[i] = earned_so_far(w, i)
    for k in range(count):
        so_far = earned_so_far(w, other(w, i, k))
        p.others_points[i, k, SO_FAR] = so_far
        p.others_points[i, k, IF_TAKEN_UP] = so_far - p.stakes[i, DAMAGE] / count


def earned_so_far(w: World, i: int) -> float:
    """Points that seat `i` has gained since the last round was over."""
    return (account_of(w, i) - w.round_mark[i]) / MINOR


@rare
def settle_felt(w: World) -> None:
    """The round is over: what each seat has earned in it, and what that is worth to it."""
    p = w.sight
    for i in everybody(w):
        p.earned[i] = earned_so_far(w, i)
        w.round_mark[i] = account_of(w, i)
    for i in everybody(w):
        p.felt[i] = worth_of_round(w, i)
        w.felt_total[i] += p.felt[i]


def worth_of_round(w: World, i: int) -> float:
    """What the round that is over was worth to seat `i`."""
    return w.sight.earned[i]


@variant(worth_of_round, "disposed")
def _worth_of_round(w: World, i: int) -> float:
    p = w.sight
    if p.disposition[i] == 0:
        return p.earned[i]
    count = company_of(w, i)
    p.others_now[i] = count
    for k in range(count):
        p.others_points[i, k, EARNED] = p.earned[other(w, i, k)]
    return feel(p, i, p.earned[i], EARNED)


def taken(w: World, b: int, a: int, cooperation: float) -> float:
    """The cooperation that seat `b` keeps in mind of an act of seat `a` towards it."""
    return cooperation


@variant(taken, "forbearing")
def _taken(w: World, b: int, a: int, cooperation: float) -> float:
    calm = lets_pass(w, b) if cooperation < 1 else 0.0
    if calm > 0 and chance(w.sight, b, _PASSES + int(w.birth_rank[a])) < calm:
        return 1.0
    return cooperation


def provoked(w: World, i: int, wronged: float) -> float:
    """Whether what was done to seat `i` still moves it when an institution lets it answer."""
    return wronged


@variant(provoked, "forbearing")
def _provoked(w: World, i: int, wronged: float) -> float:
    calm = lets_pass(w, i) if wronged > 0 else 0.0
    if calm > 0 and chance(w.sight, i, _PROVOKED) < calm:
        return 0.0
    return wronged
