"""Selection between strategies of group games and of commitments, in finite populations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from posalign_sim.theory.bounds import require_payoffs, require_whole, require_within
from posalign_sim.theory.fixation import comparison_fixation, pairwise_fixation

#: Strategies of the optional public good, in the order of its tables.
PUBLIC_GOOD_STRATEGIES = ("cooperator", "defector", "loner", "peer_punisher", "pool_punisher")
#: Strategies of the game of commitments, in the order of its table.
COMMITMENT_STRATEGIES = ("committer", "cooperator", "defector", "fake", "free")


def sampled_payoffs(
    of_first: ArrayLike, of_second: ArrayLike, population: int
) -> NDArray[np.float64]:
    """What each of two strategies earns on average in groups drawn at random from a population.

    Args:
        of_first: `[group]` points of who is of the first strategy, by how many of its `group - 1`
            fellows are of the first too: 0, 1, ...
        of_second: `[group]` the same of who is of the second.
        population: number of individuals, at least the size of a group.

    Returns:
        `[2, population + 1]` points of an individual of each strategy, by how many are of the
        first; NaN where nobody is of it.

    Raises:
        ValueError: If the lists differ in length, are not finite, or the population is too small.

    Source: Hauert, De Monte, Hofbauer & Sigmund (2002), J. Theor. Biol. 218.

    Example:
        Groups of two are pairs; with three of each, two of five others are of one's own kind.

        >>> sampled_payoffs([-1, 2], [0, 3], 6)[:, 3].round(12).tolist()
        [0.2, 1.8]
    """
    first = np.asarray(of_first, dtype=np.float64)
    second = np.asarray(of_second, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 1:
        raise ValueError(
            f"of_first and of_second have shapes {first.shape} and {second.shape}, but each must "
            "have an entry for each number of fellows"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("points must be finite")
    group = len(first)
    population = require_whole("population", population, max(2, group))
    fellows = np.arange(group)
    found = np.full((2, population + 1), np.nan)
    for many in range(population + 1):
        if many > 0:
            odds = stats.hypergeom.pmf(fellows, population - 1, many - 1, group - 1)
            found[0, many] = odds @ first
        if many < population:
            odds = stats.hypergeom.pmf(fellows, population - 1, many, group - 1)
            found[1, many] = odds @ second
    return found


def optional_public_good_points(
    members: ArrayLike,
    multiplier: float = 3,
    loner: float = 1,
    peer_fine: float = 0.7,
    peer_cost: float = 0.7,
    pool_fine: float = 0.7,
    pool_cost: float = 0.7,
    second_order: bool = False,
) -> NDArray[np.float64]:
    """Points in one group of a public good that one may stay out of, with punishers.

    Cooperators and both kinds of punishers contribute 1, which is multiplied and shared among the
    *other* participants. A peer punisher then fines every defector, at a cost each; a pool punisher
    has paid into a pool beforehand, and every defector is fined for each pool punisher. With
    `second_order` so is whoever contributes but does not pay into the pool. Who stays out, and who
    finds nobody to play with, gets the loner's points.

    Args:
        members: `[5]` how many are of each of `PUBLIC_GOOD_STRATEGIES`.
        multiplier: of contributions, at least 0.
        loner: points of who does not take part.
        peer_fine: points lost by a defector for each peer punisher.
        peer_cost: points that a peer punisher pays for each defector.
        pool_fine: points lost by who is punished for each pool punisher.
        pool_cost: points that a pool punisher pays into the pool.
        second_order: whether the pool punishes those too who only contribute.

    Returns:
        `[5]` points of a member of each strategy; of no meaning where there is none.

    Raises:
        ValueError: If there are not five whole numbers of members, or a number is out of range.

    Source: Hauert, Traulsen, Brandt, Nowak & Sigmund (2007), Science 316; Sigmund, De Silva,
    Traulsen & Hauert (2010), Nature 466.

    Example:
        >>> optional_public_good_points([3, 1, 1, 0, 0])[:3].round(12).tolist()
        [1.0, 3.0, 1.0]
    """
    counts = np.asarray(members, dtype=np.float64)
    if counts.shape != (5,) or (counts < 0).any() or (counts != np.round(counts)).any():
        raise ValueError("members must be five whole numbers, one for each strategy")
    multiplier = require_within("multiplier", multiplier, 0, math.inf)
    loner = require_within("loner", loner, -math.inf, math.inf)
    fines = {"peer_fine": peer_fine, "peer_cost": peer_cost}
    fines |= {"pool_fine": pool_fine, "pool_cost": pool_cost}
    for name, value in fines.items():
        require_within(name, value, 0, math.inf)
    cooperators, defectors, loners, peers, pool = counts.tolist()
    taking_part = counts.sum() - loners
    points = np.full(5, loner)
    if taking_part < 2:
        return points
    given = cooperators + peers + pool
    share = multiplier / (taking_part - 1)
    gives = share * (given - 1) - 1
    unpaid = pool_fine * pool if second_order else 0.0
    points[0] = gives - unpaid
    points[1] = share * given - peer_fine * peers - pool_fine * pool
    points[3] = gives - peer_cost * defectors - unpaid
    points[4] = gives - pool_cost
    return points


def optional_public_good_fixations(
    strategies: Sequence[str] = PUBLIC_GOOD_STRATEGIES[:4],
    population: int = 100,
    group: int = 5,
    intensity: float = math.inf,
    **terms: Any,
) -> NDArray[np.float64]:
    """Chance that one mutant takes over, for each pair of strategies of the optional public good.

    Args:
        strategies: some of `PUBLIC_GOOD_STRATEGIES`.
        population: number of individuals, at least the size of a group.
        group: size of a group, drawn at random, at least 2.
        intensity: of imitation (pairwise comparison), per point; infinite for strong imitation.
        **terms: of the game, as for `optional_public_good_points`.

    Returns:
        `[strategies, strategies]` probabilities: the column's mutant among the row's residents.

    Raises:
        ValueError: If a strategy is unknown, or a number is outside its range.

    Source: Hauert, Traulsen, Brandt, Nowak & Sigmund (2007), Science 316.

    Example:
        Strong imitation, rare mutation: the population is in the punishers' hands.

        >>> from posalign_sim.theory import rare_mutation_distribution
        >>> table = optional_public_good_fixations()
        >>> (108 * rare_mutation_distribution(table)).round(9).tolist()
        [2.0, 2.0, 2.0, 102.0]
    """
    group = require_whole("group", group, 2)
    places = []
    for name in strategies:
        if name not in PUBLIC_GOOD_STRATEGIES:
            raise ValueError(f"no strategy {name!r}: there are {', '.join(PUBLIC_GOOD_STRATEGIES)}")
        places.append(PUBLIC_GOOD_STRATEGIES.index(name))
    found = np.zeros((len(places), len(places)))
    for row, resident in enumerate(places):
        for column, mutant in enumerate(places):
            if row == column:
                continue
            points = np.zeros((2, group))
            for fellows in range(group):
                for side, kind in enumerate((mutant, resident)):
                    members = np.zeros(5)
                    members[mutant] += fellows
                    members[resident] += group - 1 - fellows
                    members[kind] += 1
                    points[side, fellows] = optional_public_good_points(members, **terms)[kind]
            means = sampled_payoffs(points[0], points[1], population)[:, 1:-1]
            found[row, column] = comparison_fixation(means[0] - means[1], intensity)
    return found


def commitment_payoffs(
    benefit: float, cost: float, arrangement: float, compensation: float
) -> NDArray[np.float64]:
    """Points in a donation game that may be preceded by a commitment.

    A committer proposes to commit, which costs it the arrangement (half if both propose), and
    cooperates if the other accepts; without a commitment it does not play. Who breaks a commitment
    pays the compensation to the other. Cooperators always accept and cooperate, defectors never
    accept; fakes accept and defect; the free accept and keep what they accepted, but never propose,
    and defect where nobody does.

    Args:
        benefit: points to who is given.
        cost: points to who gives.
        arrangement: points that arranging a commitment costs, at least 0.
        compensation: points that who breaks one pays, at least 0.

    Returns:
        `[5, 5]` points of the row's strategy against the column's, by `COMMITMENT_STRATEGIES`.

    Raises:
        ValueError: If a number is not finite or is negative.

    Source: Han, Pereira, Santos & Lenaerts (2013), Sci. Rep. 3.

    Example:
        >>> commitment_payoffs(4, 1, 0.25, 4)[0].tolist()
        [2.875, 2.75, 0.0, 2.75, 2.75]
    """
    b = require_within("benefit", benefit, 0, math.inf)
    c = require_within("cost", cost, 0, math.inf)
    half = require_within("arrangement", arrangement, 0, math.inf) / 2
    paid = require_within("compensation", compensation, 0, math.inf)
    both = b - c
    return np.array(
        [
            [both - half, both - 2 * half, 0, paid - c - 2 * half, both - 2 * half],
            [both, both, -c, -c, -c],
            [0, b, 0, 0, 0],
            [b - paid, b, 0, 0, 0],
            [both, b, 0, 0, 0],
        ]
    )


def risk_dominates(payoffs: ArrayLike) -> bool:
    """Whether the first of two strategies is likelier to take over the second than the reverse.

    Args:
        payoffs: `[2, 2]` points of the row's strategy against the column's.

    Returns:
        Whether its payoffs against both add up to more than the other's.

    Raises:
        ValueError: If the table has another shape or is not finite.

    Source: Harsanyi & Selten (1988), A General Theory of Equilibrium Selection.

    Example:
        >>> risk_dominates([[4, 0], [3, 3]])
        False
    """
    (a, b), (c, d) = require_payoffs("payoffs", payoffs, 2).tolist()
    return bool(a + b > c + d)


def pairwise_fixations(
    payoffs: ArrayLike, population: int, intensity: float
) -> NDArray[np.float64]:
    """Chance that one mutant takes over by pairwise comparison, for each pair of strategies.

    Args:
        payoffs: `[strategies, strategies]` points of the row's strategy against the column's.
        population: number of individuals, at least 2.
        intensity: of selection, per point, at least 0; infinite for its limit.

    Returns:
        `[strategies, strategies]` probabilities: the column's mutant among the row's residents; 0
        on the diagonal.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Traulsen, Nowak & Pacheco (2006), Phys. Rev. E 74.

    Example:
        Most of the time most are committers, who pay little to arrange much.

        >>> from posalign_sim.theory import rare_mutation_distribution
        >>> table = pairwise_fixations(commitment_payoffs(4, 1, 0.25, 4), 100, 0.1)
        >>> round(float(rare_mutation_distribution(table)[0]), 4)
        0.8015
    """
    table = require_payoffs("payoffs", payoffs)
    found = np.zeros(table.shape)
    for resident in range(len(table)):
        for mutant in range(len(table)):
            if mutant != resident:
                pair = np.ix_((mutant, resident), (mutant, resident))
                found[resident, mutant] = pairwise_fixation(table[pair], population, intensity)
    return found
