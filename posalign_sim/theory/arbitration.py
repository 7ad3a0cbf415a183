"""Disputes: what sums parties state, when suing without a case pays, what a verdict costs."""

from __future__ import annotations

import math
from statistics import NormalDist

from posalign_sim.theory.bounds import require_whole, require_within

_NORMAL = NormalDist()


def final_offer_equilibrium(median: float, density: float) -> tuple[float, float]:
    """Sums that both parties state in equilibrium of final-offer arbitration.

    If the arbiter's ideal has a symmetric, log-concave density, who claims states
    `median + 1 / (2 density)` and who is claimed against the same distance below: each is picked
    half of the time, and the mean award is the median.

    Args:
        median: median of the arbiter's ideal, in points.
        density: its probability density at the median, per point, above 0.

    Returns:
        The higher and the lower sum, in points.

    Raises:
        ValueError: If an argument is not finite, or the density not above 0.

    Source: Brams & Merrill (1983), Management Science 29; Farber (1980), Journal of Conflict
    Resolution 24.

    Example:
        >>> [round(x, 4) for x in final_offer_equilibrium(0, NormalDist().pdf(0))]
        [1.2533, -1.2533]
    """
    median = require_within("median", median, -math.inf, math.inf)
    density = require_within("density", density, 0, math.inf)
    if density == 0:
        raise ValueError("density is 0: no finite sum is best")
    return median + 0.5 / density, median - 0.5 / density


def final_offer_award(high: float, low: float, mean: float, spread: float) -> float:
    """Expected award if the arbiter, of a normal ideal, picks the nearer of two stated sums.

    Args:
        high: what the one party has stated, in points.
        low: what the other one has, in points.
        mean: mean of the arbiter's ideal, in points.
        spread: its standard deviation, in points, above 0.

    Returns:
        Points.

    Raises:
        ValueError: If an argument is not finite, or the spread not above 0.

    Source: Farber (1980), Journal of Conflict Resolution 24.

    Example:
        >>> final_offer_award(2, 0, 1, 0.5)
        1.0
    """
    high = require_within("high", high, -math.inf, math.inf)
    low = require_within("low", low, -math.inf, math.inf)
    mean = require_within("mean", mean, -math.inf, math.inf)
    spread = _above_zero("spread", spread)
    above = 1 - _NORMAL.cdf(((high + low) / 2 - mean) / spread)
    return max(high, low) * above + min(high, low) * (1 - above)


def final_offer_best_reply(rival: float, mean: float, spread: float) -> float:
    """What who claims states best if it knows what the other party states.

    It maximises `final_offer_award` over sums above the rival's: where the first-order condition
    `1 - F(m) = (x - rival) f(m) / 2`, with m halfway between both, holds. Who is claimed against
    faces the mirror image.

    Args:
        rival: what the other party states, in points.
        mean: mean of the arbiter's ideal, in points.
        spread: its standard deviation, in points, above 0.

    Returns:
        Points.

    Raises:
        ValueError: If an argument is not finite, or the spread not above 0.

    Source: Brams & Merrill (1983), Management Science 29.

    Example:
        >>> round(final_offer_best_reply(-1.2533141373155003, 0, 1), 9)
        1.253314137
    """
    rival = require_within("rival", rival, -math.inf, math.inf)
    mean = require_within("mean", mean, -math.inf, math.inf)
    spread = _above_zero("spread", spread)
    b = (rival - mean) / spread
    low, high = b, abs(b) + 8.0
    for _ in range(200):
        x = (low + high) / 2
        middle = (b + x) / 2
        if 1 - _NORMAL.cdf(middle) > (x - b) / 2 * _NORMAL.pdf(middle):
            low = x
        else:
            high = x
    return mean + spread * (low + high) / 2


def frivolous_fee(wrongful: float, stake: float) -> float:
    """Fee, lost on losing, above which a dispute without a case does not pay: `q S / (1 - q)`.

    Args:
        wrongful: probability q that a complaint about nothing is upheld, in [0, 1].
        stake: points S that are won then, at least 0.

    Returns:
        Points; infinite if every such complaint is upheld and something is won.

    Raises:
        ValueError: If an argument is not finite or outside its range.

    Source: Bebchuk (1988), Journal of Legal Studies 17; Shavell (1982), Journal of Legal
    Studies 11.

    Example:
        >>> frivolous_fee(wrongful=0.2, stake=4)
        1.0
    """
    q = require_within("wrongful", wrongful, 0, 1)
    stake = require_within("stake", stake, 0, math.inf)
    if q == 1:
        return math.inf if stake > 0 else 0.0
    return q * stake / (1 - q)


def evidence_accuracy(quality: float, pieces: int) -> tuple[float, float]:
    """How often a majority of independent pieces of evidence is right, and a tie undecided.

    Args:
        quality: probability that a piece is right, in [0.5, 1].
        pieces: how many there are.

    Returns:
        Probabilities that more than half say what is true, and that exactly half do.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Condorcet (1785), Essai sur l'application de l'analyse; Milgrom & Roberts (1986), RAND
    Journal of Economics 17: who reads interested parties sceptically learns all that they know.

    Example:
        >>> [round(x, 4) for x in evidence_accuracy(0.7, 6)]
        [0.7443, 0.1852]
    """
    q = require_within("quality", quality, 0.5, 1)
    n = require_whole("pieces", pieces, 0)
    odds = [math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]
    tie = odds[n // 2] if n % 2 == 0 else 0.0
    return sum(odds[n // 2 + 1 :]), tie


def verdict_price(
    price: float, jury: int, appeal_jury: int = 0, fee: float = 0, worth: float = 0
) -> float:
    """Points that a false verdict costs the accused who buys it, if all arbiters sell their votes.

    It pays every arbiter of the first hearing; and those of the appeal, if there is one and the
    wronged party, who would win it otherwise, finds it worth the fee.

    Args:
        price: least bribe for a vote, in points, at least 0.
        jury: arbiters who judge the case.
        appeal_jury: arbiters who judge an appeal; 0 if there is none.
        fee: of an appeal, in points.
        worth: points that the wronged party expects of an appeal.

    Returns:
        Points.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Becker & Stigler (1974), Journal of Legal Studies 3; Shavell (1995), Journal of Legal
    Studies 24, on appeals.

    Example:
        >>> verdict_price(price=2, jury=1), verdict_price(2, 1, appeal_jury=3, fee=1, worth=3)
        (2.0, 8.0)
    """
    price = require_within("price", price, 0, math.inf)
    votes = require_whole("jury", jury, 1)
    second = require_whole("appeal_jury", appeal_jury, 0)
    appealed = second > 0 and require_within("worth", worth, 0, math.inf) >= fee
    return price * (votes + (second if appealed else 0))


def _above_zero(name: str, value: float) -> float:
    number = require_within(name, value, 0, math.inf)
    if number == 0:
        raise ValueError(f"{name} is 0, but it must be above 0")
    return number
