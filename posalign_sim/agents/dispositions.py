"""What agents care for besides their own points, whatever their strategy.

A disposition goes with any agent that weighs what it does (`Opportunist(disposition=Maximin())`),
with any conduct that weighs what institutions ask, and with learners, whose reward it transforms.
In the formulas `x` is one's own points, `y` those of the others with whom one plays, and `n` how
many they are. Without company every disposition is selfish.
"""

from __future__ import annotations

import math

import numpy as np

from posalign_sim.world.fields import param
from posalign_sim.world.modules import Disposition
from posalign_sim.world.record import EARNED, IF_BROKEN, IF_KEPT, Sight
from posalign_sim.world.sight import leaning, other_last


def mean_of_others(p: Sight, i: int, case: int) -> float:
    """Mean points of the others in an outcome; 0 without company."""
    total = 0.0
    for k in range(p.others_now[i]):
        total += p.others_points[i, k, case]
    return total / max(1, p.others_now[i])


def least_of_others(p: Sight, i: int, case: int) -> float:
    """Points of the other who is worst off in an outcome; 0 without company."""
    if p.others_now[i] == 0:
        return 0.0
    least = np.inf
    for k in range(p.others_now[i]):
        least = min(least, p.others_points[i, k, case])
    return least


class SocialValueOrientation(Disposition):
    """Weighs own points and others' as the sides of an angle: `cos(angle) x + sin(angle) mean(y)`.

    At 0 degrees it is an individualist, at 45 it cares for all alike, at 90 it is an altruist, at
    -45 it competes. A breach that gains one `g` and costs the other `h` is worth it as long as
    `tan(angle) < g / h`.

    Source: Liebrand & McClintock (1988), European Journal of Personality 2 (the ring); Murphy,
    Ackermann & Handgraaf (2011), Judgment and Decision Making 6 (the angle).

    >>> SocialValueOrientation(angle=45).values["angle"].item()
    45.0
    """

    angle: float = param(45, -180, 180, "degrees", "from caring for oneself to caring for others")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        if p.others_now[i] == 0:
            return own
        angle = math.radians(leaning(p, i, 0))
        return math.cos(angle) * own + math.sin(angle) * mean_of_others(p, i, case)


class InequityAversion(Disposition):
    """Suffers from being behind, and less so from being ahead.

    `x - envy mean(max(y - x, 0)) - guilt mean(max(x - y, 0))`. In a public good it contributes, if
    the others do, from `guilt = 1 - marginal return` on; as a buyer it refuses less than the share
    `envy / (1 + 2 envy)` of what a deal earns the two.

    Source: Fehr & Schmidt (1999), QJE 114 (there guilt <= envy; here it may be more).
    """

    envy: float = param(0.9, 0, 100, "points per point", "what being behind costs it")
    guilt: float = param(0.6, 0, 1, "points per point", "what being ahead costs it")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        behind = 0.0
        ahead = 0.0
        for k in range(p.others_now[i]):
            gap = p.others_points[i, k, case] - own
            behind += max(gap, 0.0)
            ahead += max(-gap, 0.0)
        lost = leaning(p, i, 0) * behind + leaning(p, i, 1) * ahead
        return own - lost / max(1, p.others_now[i])


class Reciprocity(Disposition):
    """Wishes well to whom was kind to it, and ill to whom was not: `x + strength k mean(y)`.

    The kindness `k` of those with whom it plays is what they gave it, less the equitable payoff
    (the mean of the most and the least that they could have given), as a share of what lies between
    the equitable and the most: from -1 to 1. Since cooperation is measured on the line between the
    two, `k = 2 cooperation - 1`, by what they did last (full cooperation before the first act); of
    a round that is over, by what they did in it. Rabin's term multiplies `k` by one's own kindness
    to them, their points less an equitable part, which is the same whatever one does now and left
    out.

    Source: Rabin (1993), AER 83 (kindness); Dufwenberg & Kirchsteiger (2004), Games and Economic
    Behavior 47 (its product with points, in sequence).
    """

    strength: float = param(1, 0, 100, "points per point", "of others, if they are fully kind")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        act = other_last(p, i)
        if case == EARNED:
            act = p.received[i] if p.received[i] >= 0 else 0.5
        return own + leaning(p, i, 0) * (2 * act - 1) * mean_of_others(p, i, case)


class Maximin(Disposition):
    """Cares for whoever is worst off, itself included: `(1 - weight) x + weight min(x, y)`.

    Source: Rawls (1971), A Theory of Justice; Charness & Rabin (2002), QJE 117.
    """

    weight: float = param(1, 0, 1, "share", "of who is worst off; the rest is its own")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        least = own
        if p.others_now[i] > 0:
            least = min(own, least_of_others(p, i, case))
        weight = leaning(p, i, 0)
        return (1 - weight) * own + weight * least


class Universalising(Disposition):
    """Weighs what it would get if everybody did as it does: `(1 - morality) x + morality x*`.

    If everybody keeps its word, `x*` is what a deal that is kept earns it; if nobody does, what it
    has without a deal, less what its own breach is expected to cost it. So it keeps its word from
    `morality = g / (g + r - f)` on, where a breach gains `g` and keeping is worth `r - f` if all do
    it. Of a round that is over, `x*` lies between the two by its own cooperation. Other outcomes it
    weighs by its own points.

    Source: Alger & Weibull (2013), Econometrica 81 (homo moralis).
    """

    morality: float = param(0.5, 0, 1, "share", "of what it would get if all did the same")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        if p.others_now[i] == 0:
            return own
        universal = own
        if case == IF_BROKEN:
            universal = own - p.temptation[i] - p.rent[i] + p.fallback[i]
        elif case == IF_KEPT:
            universal = p.rent[i]
        elif case == EARNED and p.gave[i] >= 0:
            universal = p.fallback[i] + p.gave[i] * (p.rent[i] - p.fallback[i])
        return own + leaning(p, i, 0) * (universal - own)


class Compassion(Disposition):
    """Cares for the partner who is worst off, whether it has much or little: `x + care min(y)`.

    Source: Singer & Klimecki (2014), Current Biology 24 (concern for those who suffer); Andreoni &
    Miller (2002), Econometrica 70 (Rawlsian givers).
    Answers: section 7 of Laukkonen et al. (2026), prosocial dispositions.
    """

    care: float = param(1, 0, 100, "points per point", "of the partner who is worst off")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        return own + leaning(p, i, 0) * least_of_others(p, i, case)


class SympatheticJoy(Disposition):
    """Rejoices in what its partners gain, and is not moved by losses: `x + joy mean(max(y, 0))`.

    Source: the positive part of interdependent preferences, Sobel (2005), JEL 43.
    Answers: section 7 of Laukkonen et al. (2026), prosocial dispositions.
    """

    joy: float = param(1, 0, 100, "points per point", "of what partners gain")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        total = 0.0
        for k in range(p.others_now[i]):
            total += max(p.others_points[i, k, case], 0.0)
        return own + leaning(p, i, 0) * total / max(1, p.others_now[i])


class Equanimity(Disposition):
    """Is not carried away by what is done to it: its answer to a wrong is damped by `1 - calm`.

    With probability `calm` an act of less than full cooperation is let pass: it is not kept in mind
    as what partners did, nor does it provoke an answer when an institution offers one. What it
    learns of whom to trust is not changed, nor what its own acts are worth to it. As a reward, of
    what the others' breaches cost it the share `calm` is given back:
    `x + calm (1 - cooperation) (hope - risk)`. With tit for tat it is generous tit for tat.

    Source: Molander (1985), Journal of Conflict Resolution 29; Nowak & Sigmund (1992), Nature 355
    (generosity ends feuds); Desbordes et al. (2015), Mindfulness 6 (equanimity).
    Answers: section 7 of Laukkonen et al. (2026), prosocial dispositions.
    """

    calm: float = param(0.5, 0, 1, "probability", "that a wrong is let pass")

    @staticmethod
    def feel(p: Sight, i: int, own: float, case: int) -> float:
        if case != EARNED or p.received[i] < 0:
            return own
        lost = (1 - p.received[i]) * max(0.0, p.hope[i] - p.risk[i])
        return own + leaning(p, i, 0) * lost

    @staticmethod
    def lets_pass(p: Sight, i: int) -> float:
        return leaning(p, i, 0)


__all__ = [
    "Compassion",
    "Equanimity",
    "InequityAversion",
    "Maximin",
    "Reciprocity",
    "SocialValueOrientation",
    "SympatheticJoy",
    "Universalising",
]
