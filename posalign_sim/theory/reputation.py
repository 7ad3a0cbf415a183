"""Standing in the eyes of all: norms with errors, who is stable, what a record is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_distribution, require_whole, require_within

#: Chance to help, by one's own standing and the partner's: good and good, good and bad, bad and
#: good, bad and bad.
DISCRIMINATOR = (1.0, 0.0, 1.0, 0.0)
GIVER = (1.0, 1.0, 1.0, 1.0)
REFUSER = (0.0, 0.0, 0.0, 0.0)

#: A fixed point is reached when no share moves further than this in a round.
_STILL = 1e-13
#: Shares that move by more than this and are back in two rounds go to and fro for ever.
_CYCLE = 1e-6
_ROUNDS = 100_000


@dataclass(frozen=True)
class StandingEquilibrium:
    """Who is thought well of, and who helps whom, once shares no longer move.

    Attributes:
        good: `[K]` share in good standing of each strategy.
        given: `[K]` probability that one of it helps whom it meets.
        received: `[K]` probability that one of it is helped by whom it meets.
        cooperation: mean probability of helping over the population.
    """

    good: NDArray[np.float64]
    given: NDArray[np.float64]
    received: NDArray[np.float64]
    cooperation: float

    def payoffs(self, benefit: float, cost: float) -> NDArray[np.float64]:
        """`[K]` points a round of each strategy where both of a pair may help.

        Args:
            benefit: points that help is worth to who is helped.
            cost: points that it costs who helps.
        """
        return benefit * self.received - cost * self.given

    def indifference(self, first: int = 0, second: int = 1) -> float:
        """Ratio of benefit to cost at which two strategies earn the same.

        Above it the one that is helped more earns more. Infinite, or negative, if none is: then the
        one that gives less earns more whatever the benefit.

        Args:
            first: number of a strategy.
            second: number of another one.
        """
        more = float(self.received[first] - self.received[second])
        dearer = float(self.given[first] - self.given[second])
        return dearer / more if more else math.inf


def standing_equilibrium(
    norm: int,
    strategies: Sequence[Sequence[float]] = (DISCRIMINATOR,),
    shares: ArrayLike = (1.0,),
    *,
    visibility: float = 1.0,
    execution_error: float = 0.0,
    assessment_error: float = 0.0,
    agents: float = math.inf,
) -> StandingEquilibrium:
    """Shares in good standing where everybody reads one public record, from all good on.

    In each round all meet in random pairs and each helps its partner or not, by its own standing
    and, with probability `visibility`, the partner's (whom it does not see it takes for good).
    Helping fails with `execution_error`. By the norm the act makes its actor good or bad,
    with `assessment_error` the other way, for all alike. A share of 0 is a rare mutant.

    Exact for norms and strategies that do not depend on the actor's own standing, also with
    finitely many agents; for others in an unbounded population.

    Args:
        norm: number from 0 to 255: bit 4 b + 2 a + p is 1 if an actor is good after it refused
            (b = 1) or helped, being bad (a = 1) or good, a partner who was bad (p = 1) or good.
        strategies: `[K][4]` probabilities of helping: good towards good, good towards bad, bad
            towards good, bad towards bad.
        shares: `[K]` of the population.
        visibility: probability that an actor sees its partner's standing.
        execution_error: probability that who means to help does not.
        assessment_error: probability that an act is judged the other way.
        agents: how many there are, so that nobody meets itself; infinite for a crowd.

    Returns:
        The fixed point that the population comes to from everybody in good standing.

    Raises:
        ValueError: If an argument is out of its range, or the shares do not settle.

    Source: Ohtsuki & Iwasa (2004), Journal of Theoretical Biology 231; (2006), ibid. 239.

    Example:
        >>> alike = dict(execution_error=0.01, assessment_error=0.01)
        >>> round(standing_equilibrium(0b10100101, **alike).cooperation * 34, 9)
        33.0
    """
    norm = require_whole("norm", norm, 0, 255)
    helps = np.array([_strategy(k, s) for k, s in enumerate(strategies)])
    share = require_distribution("shares", shares, len(helps))
    visibility = require_within("visibility", visibility, 0, 1)
    slip = require_within("execution_error", execution_error, 0, 1)
    error = require_within("assessment_error", assessment_error, 0, 1)
    meets = _meetings(share, agents)
    # [K, own standing, partner's standing], 0 good and 1 bad: chance that the act is help.
    helps = helps.reshape(-1, 2, 2)
    helps[..., 1] = visibility * helps[..., 1] + (1 - visibility) * helps[..., 0]
    helps *= 1 - slip
    bits = np.array([(norm >> k) & 1 for k in range(8)], float).reshape(2, 2, 2)
    bits = bits * (1 - error) + (1 - bits) * error
    makes_good = helps * bits[0] + (1 - helps) * bits[1]
    good = last = np.ones(len(helps))
    for _ in range(_ROUNDS):
        own, partner = _good_or_bad(good), _good_or_bad(meets @ good)
        new = np.einsum("ks,kst,kt->k", own, makes_good, partner)
        moved, back = (float(np.abs(new - old).max()) for old in (good, last))
        good, last = new, good
        if moved < _STILL or (back < _STILL and moved > _CYCLE):
            break
    if moved >= _STILL:
        raise ValueError(f"shares in good standing never settle: they still move by {moved:.1e}")
    own = _good_or_bad(good)
    towards = np.einsum("ks,kst,lt->kl", own, helps, own)
    given = (meets * towards).sum(axis=1)
    received = (meets * towards.T).sum(axis=1)
    return StandingEquilibrium(good, given, received, float(share @ given))


def _strategy(k: int, strategy: Sequence[float]) -> list[float]:
    if len(strategy) != 4:
        raise ValueError(f"strategies[{k}] has {len(strategy)} entries, but there are four cases")
    return [require_within(f"strategies[{k}]", value, 0, 1) for value in strategy]


def _meetings(share: NDArray[np.float64], agents: float) -> NDArray[np.float64]:
    """`[K, K]` chance that one of a strategy meets one of another; nobody meets itself."""
    count = len(share)
    if math.isinf(agents):
        return np.tile(share, (count, 1))
    agents = require_whole("agents", agents, 2)
    meets: NDArray[np.float64] = (share * agents - np.eye(count)) / (agents - 1)
    # A mutant of whom there is none meets everybody else.
    absent = np.flatnonzero(share * agents < 1)
    meets[absent] = share
    return meets


def _good_or_bad(good: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([good, 1 - good], axis=-1)


def least_visibility(benefit: float, cost: float) -> float:
    """How often a reputation must be known for discriminators to be stable against defectors.

    Args:
        benefit: points that help is worth to who is helped, above the cost.
        cost: points that it costs who helps, above 0.

    Returns:
        `cost / benefit`: stable if the probability that a reputation is known is above it.

    Raises:
        ValueError: If the cost is not positive, or the benefit not above it.

    Source: Nowak & Sigmund (1998), Nature 393; Nowak (2006), Science 314.

    Example:
        >>> least_visibility(benefit=4, cost=1)
        0.25
    """
    cost = require_within("cost", cost, 0, math.inf)
    benefit = require_within("benefit", benefit, cost, math.inf, "help must be worth its cost")
    if cost == 0 or benefit == cost:
        raise ValueError("cost must be above 0 and below the benefit: else there is no dilemma")
    return cost / benefit


def discriminators_needed(benefit: float, cost: float, visibility: float) -> float:
    """Share of discriminators, among defectors, above which they earn more.

    They lose `cost (1 - q)` on each defector that they do not know, and win `q (benefit - cost)`
    from each other over what a defector gets: indifferent at `cost (1 - q) / (q (b - c))`.

    Args:
        benefit: points that help is worth to who is helped, above the cost.
        cost: points that it costs who helps, above 0.
        visibility: probability q that a reputation is known.

    Returns:
        The unstable share; 1 or more (infinite at q = 0) if discriminators are never stable.

    Raises:
        ValueError: As `least_visibility`, or if the visibility is no probability.

    Source: Nowak & Sigmund (1998), Nature 393.

    Example:
        >>> discriminators_needed(benefit=3, cost=1, visibility=0.5)
        0.5
    """
    least_visibility(benefit, cost)
    q = require_within("visibility", visibility, 0, 1)
    return cost * (1 - q) / (q * (benefit - cost)) if q else math.inf


def record_worth(
    rent: float, fallback: float, visibility: float, discount: float, rounds: float = math.inf
) -> float:
    """What a clean record is worth today: the trade that a spoilt one would cost.

    Args:
        rent: points a round of who has a clean record.
        fallback: points a round of who is shunned, at most the rent.
        visibility: probability that a partner sees the record.
        discount: discount factor of a round, in [0, 1]; below 1 unless `rounds` are finite.
        rounds: for which the record stays spoilt, from the next round on (its length, or the
            rounds that are left).

    Returns:
        `visibility (rent - fallback) (discount + ... + discount ** rounds)` points.

    Raises:
        ValueError: If an argument is out of its range.

    Source: Klein & Leffler (1981), JPE 89; Shapiro (1983), QJE 98; with an end to the record:
    Vercammen (1995), Economica 62; Elul & Gottardi (2015), AEJ: Microeconomics 7.

    Example:
        >>> record_worth(rent=3, fallback=0, visibility=1, discount=0.5, rounds=2)
        2.25
    """
    rent = require_within("rent", rent, -math.inf, math.inf)
    fallback = require_within("fallback", fallback, -math.inf, rent, "shunned earn no more")
    lost = require_within("visibility", visibility, 0, 1) * (rent - fallback)
    discount = require_within("discount", discount, 0, 1)
    if math.isinf(rounds) and rounds > 0:
        if discount == 1:
            raise ValueError("discount is 1, but a record for ever is then worth no finite number")
        return lost * discount / (1 - discount)
    rounds = require_whole("rounds", rounds, 0)
    return lost * math.fsum(discount**k for k in range(1, int(rounds) + 1))


def exit_scam_pays(gain: float, bond: float, future: float) -> bool:
    """Whether who milks its record makes off now: if it gains more than its bond and its future.

    Args:
        gain: points won by breaking its word now, at least 0.
        bond: points that it then expects to lose at once (its bond, times the chance that a breach
            forfeits it, fines, refunds), at least 0.
        future: points that its clean record is worth (`record_worth`), at least 0.

    Raises:
        ValueError: If an argument is not finite or negative.

    Source: Tirole (1996), Review of Economic Studies 63; Williamson (1983), AER 73 (bonds).

    Example:
        >>> exit_scam_pays(gain=4, bond=1, future=3), exit_scam_pays(gain=4, bond=1, future=2.5)
        (False, True)
    """
    gain = require_within("gain", gain, 0, math.inf)
    bond = require_within("bond", bond, 0, math.inf)
    return gain > bond + require_within("future", future, 0, math.inf)


def whitewashing_profit(gain: float, fee: float, kept: float = 0.0) -> float:
    """What who cheats and takes a new name makes more than who keeps its word and its name.

    Args:
        gain: points won by cheating once, at least 0.
        fee: points that a new name costs, at least 0.
        kept: points that the name which is given up would have been worth more than a new one, at
            least 0: trade lost until, and because, the name is new.

    Returns:
        `gain - kept - fee` points for each name: 0 at the fee `gain - kept`.

    Raises:
        ValueError: If an argument is not finite or negative.

    Source: Friedman & Resnick (2001), Journal of Economics & Management Strategy 10.

    Example:
        >>> whitewashing_profit(gain=4, fee=3, kept=1)
        0.0
    """
    gain = require_within("gain", gain, 0, math.inf)
    kept = require_within("kept", kept, 0, math.inf)
    return gain - kept - require_within("fee", fee, 0, math.inf)
