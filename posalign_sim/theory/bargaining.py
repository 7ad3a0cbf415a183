"""What bargainers get in equilibrium: alternating offers for two, and legislatures.

Parties are numbered from 0 in arrays, and divide a pie of size 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from posalign_sim.theory.bounds import require_pair, require_whole, require_within


def rubinstein(d1: float, d2: float) -> float:
    """Share of who makes the first offer, when two divide a pie by alternating offers for ever.

    Args:
        d1: discount factor between two offers of who makes the first offer, in [0, 1].
        d2: discount factor of the other, in [0, 1]; not both are 1.

    Returns:
        `(1 - d2) / (1 - d1 d2)`, in [0, 1]. The offer is accepted at once.

    Raises:
        ValueError: If a factor is outside [0, 1], or both are 1 and any division is an equilibrium.

    Source: Rubinstein (1982), Econometrica 50.

    Example:
        >>> round(rubinstein(0.9, 0.9), 6), round(rubinstein(0.9, 0.8), 6)
        (0.526316, 0.714286)
    """
    d1 = require_within("d1", d1, 0, 1)
    d2 = require_within("d2", d2, 0, 1)
    if d1 == d2 == 1:
        raise ValueError("d1 and d2 are 1, but then any division is an equilibrium: lower one")
    return (1 - d2) / (1 - d1 * d2)


def rubinstein_finite(d: float, rounds: int) -> float:
    """Share of who makes the first of a fixed number of alternating offers.

    Args:
        d: discount factor between two offers, the same for both, in [0, 1].
        rounds: number of offers, at least 1; after the last refusal both get nothing.

    Returns:
        `(1 - (-d)^rounds) / (1 + d)`, in [0, 1].

    Raises:
        ValueError: If the factor is outside [0, 1], or there is no round.

    Source: Ståhl (1972), Bargaining Theory; Rubinstein (1982), Econometrica 50.

    Example:
        >>> [round(rubinstein_finite(0.9, rounds), 4) for rounds in (1, 2, 3, 4, 5)]
        [1.0, 0.1, 0.91, 0.181, 0.8371]
    """
    d = require_within("d", d, 0, 1)
    rounds = require_whole("rounds", rounds, 1)
    return float((1 - (-d) ** rounds) / (1 + d))


def alternating_offers(
    discounts: Sequence[float],
    rounds: int,
    outside: Sequence[float] = (0.0, 0.0),
    disagreement: Sequence[float] = (0.0, 0.0),
) -> tuple[float, float]:
    """What two parties get from a fixed number of alternating offers, by backward induction.

    Party 0 makes the first offer. Who receives an offer accepts it, lets the next round come, or
    leaves, in which case both get their outside options then and there. After the refusal of the
    last offer both get the disagreement payoffs, without further discount. Who is indifferent
    accepts, and rather waits than leaves.

    Args:
        discounts: `[2]` discount factors between two offers, in [0, 1].
        rounds: number of offers, at least 1.
        outside: `[2]` shares of the pie when somebody leaves, at least 0.
        disagreement: `[2]` shares of the pie after the last refusal, at least 0.

    Returns:
        Share of party 0 and of party 1, as seen from the first round. They sum to 1 if they agree
        at once; they do not agree if waiting or leaving is worth more than the pie.

    Raises:
        ValueError: If there are not two of each, a factor is outside [0, 1], a share is negative,
            or there is no round.

    Source: Ståhl (1972), Bargaining Theory; Binmore, Shaked & Sutton (1989), Quarterly Journal of
    Economics 104 (outside options).

    Example:
        >>> alternating_offers((0.5, 0.75), rounds=2)
        (0.25, 0.75)
        >>> alternating_offers((0.5, 0.5), rounds=51, outside=(0, 0.75))
        (0.25, 0.75)
    """
    factors = require_pair("discounts", discounts, 0, 1)
    leaving = require_pair("outside", outside, 0, math.inf)
    worth = list(require_pair("disagreement", disagreement, 0, math.inf))
    rounds = require_whole("rounds", rounds, 1)
    for offer in reversed(range(rounds)):
        proposer, responder = offer % 2, 1 - offer % 2
        if offer < rounds - 1:
            worth = [factor * value for factor, value in zip(factors, worth, strict=True)]
        if leaving[responder] > worth[responder]:
            worth = list(leaving)
        worth[proposer] = max(worth[proposer], 1 - worth[responder])
    return worth[0], worth[1]


class BaronFerejohn(NamedTuple):
    """Division of a pie by a legislature.

    Attributes:
        proposer: share of who proposes.
        partner: share that each of the others in the coalition is given for its vote.
        coalition: number of members who get something, the proposer included.

    Example:
        >>> BaronFerejohn(proposer=0.7, partner=0.3, coalition=2).coalition
        2
    """

    proposer: float
    partner: float
    coalition: int


def baron_ferejohn(n: int, discount: float, quota: int | None = None) -> BaronFerejohn:
    """Stationary equilibrium of legislative bargaining under the closed rule.

    Each round one member, drawn at random, proposes how to divide a pie of size 1, and all vote.
    The proposer buys the votes it lacks, drawn at random from the others, at what waiting is worth:
    `discount / n`. It keeps `1 - discount (quota - 1) / n`; with a simple majority of an odd number
    that is `1 - discount (n - 1) / (2 n)`.

    Args:
        n: number of members, at least 1, who are all as likely to propose.
        discount: discount factor of a round, in [0, 1].
        quota: votes needed, the proposer's included, from 1 to n; a simple majority if left out.

    Returns:
        The proposer's share, the partners' price, and the size of the coalition. The division is
        passed at once.

    Raises:
        ValueError: If there is no member, the factor is outside [0, 1], or the quota outside 1..n.

    Source: Baron & Ferejohn (1989), American Political Science Review 83.

    Example:
        >>> baron_ferejohn(5, 0.5)
        BaronFerejohn(proposer=0.8, partner=0.1, coalition=3)
    """
    n = require_whole("n", n, 1)
    discount = require_within("discount", discount, 0, 1)
    quota = n // 2 + 1 if quota is None else require_whole("quota", quota, 1, n)
    return BaronFerejohn(1 - discount * (quota - 1) / n, discount / n, quota)
