"""Terms that are best by a standard of fairness, found from what the parties say it is worth.

For whoever drafts terms for others: `search` goes through every deal where there are few, and
improves a first one step by step, changing two issues at a time, where there are many.
"""

from __future__ import annotations

import numpy as np

from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import Floats, Ints

NASH, KALAI_SMORODINSKY, EGALITARIAN, UTILITARIAN = range(4)
#: Deals up to which all are gone through.
FEW = 20_000
#: Value of terms by which a party would be worse off than without a deal.
WORST = -1e18
_HAIR = 1e-9


def gain(scores: Floats, reserve: Floats, c: int, terms: Ints) -> float:
    """Points of party `c` for terms beyond what it has without a deal."""
    total = -reserve[c]
    for k in range(scores.shape[1]):
        total += scores[c, k, terms[k]]
    return total


def ideal_gain(scores: Floats, reserve: Floats, options_of: Ints, c: int) -> float:
    """Points of party `c` beyond what it has without a deal, if it got its way in every issue."""
    total = -reserve[c]
    for k in range(scores.shape[1]):
        best = scores[c, k, 0]
        for o in range(1, int(options_of[k])):
            best = max(best, scores[c, k, o])
        total += best
    return total


@rare
def worth_of_terms(
    scores: Floats, reserve: Floats, options_of: Ints, parties: int, standard: int, terms: Ints
) -> tuple[float, float]:
    """How good terms are by a standard, and, among equals, by a second one.

    The product of gains (Nash 1950), the least gain as a share of the greatest possible one (Kalai
    & Smorodinsky 1975), the least gain (egalitarian) or their sum (utilitarian); then the sum, or
    the least.
    """
    product = 1.0
    least = np.inf
    least_share = np.inf
    total = 0.0
    for c in range(parties):
        mine = gain(scores, reserve, c, terms)
        if mine < -_HAIR:
            # Too little for somebody: the nearer to enough the better, to have a way out.
            return WORST + mine, mine
        product *= max(0.0, mine)
        least = min(least, mine)
        best = ideal_gain(scores, reserve, options_of, c)
        least_share = min(least_share, mine / best if best > _HAIR else 0.0)
        total += mine
    if standard == NASH:
        return product, total
    if standard == KALAI_SMORODINSKY:
        return least_share, total
    if standard == EGALITARIAN:
        return least, total
    return total, least


def better(first: float, second: float, best_first: float, best_second: float) -> bool:
    """Whether terms are better than the best so far, by more than rounding."""
    hair = _HAIR * max(1.0, abs(best_first))
    if first > best_first + hair:
        return True
    return first > best_first - hair and second > best_second + _HAIR


def count_deals(options_of: Ints) -> int:
    """How many deals there are, if no more than `FEW`; else more than that."""
    count = 1
    for k in range(len(options_of)):
        count *= int(options_of[k])
        if count > FEW:
            return FEW + 1
    return count


@rare
def search(
    scores: Floats,
    reserve: Floats,
    options_of: Ints,
    parties: int,
    standard: int,
    most: int,
    terms: Ints,
) -> float:
    """Write down the terms that are best by a standard, and say how good they are.

    Args:
        scores: `[parties, issues, options]` points.
        reserve: `[parties]` points without a deal.
        options_of: `[issues]` how many options each issue has.
        parties: how many there are.
        standard: `NASH`, `KALAI_SMORODINSKY`, `EGALITARIAN` or `UTILITARIAN`.
        most: greatest sum of the terms (shares of one pie); -1 if there is none.
        terms: where to write them, an option for each issue.

    Returns:
        Their value by the standard; below `WORST / 2` if no deal is good for all.
    """
    if count_deals(options_of) <= FEW:
        return go_through(scores, reserve, options_of, parties, standard, most, terms)
    return improve(scores, reserve, options_of, parties, standard, most, terms)


@rare
def go_through(
    scores: Floats,
    reserve: Floats,
    options_of: Ints,
    parties: int,
    standard: int,
    most: int,
    terms: Ints,
) -> float:
    """As `search`, through all deals."""
    issues = len(options_of)
    trial = np.zeros(issues, np.int64)
    best = 2 * WORST
    second = 2 * WORST
    while True:
        if most < 0 or trial.sum() <= most:
            one, two = worth_of_terms(scores, reserve, options_of, parties, standard, trial)
            if better(one, two, best, second):
                best = one
                second = two
                for k in range(issues):
                    terms[k] = trial[k]
        k = issues - 1
        while k >= 0 and trial[k] == int(options_of[k]) - 1:
            trial[k] = 0
            k -= 1
        if k < 0:
            return best
        trial[k] += 1


@rare
def improve(
    scores: Floats,
    reserve: Floats,
    options_of: Ints,
    parties: int,
    standard: int,
    most: int,
    terms: Ints,
) -> float:
    """As `search`, from the options with the greatest sum by the best change of two issues."""
    issues = len(options_of)
    trial = np.zeros(issues, np.int64)
    for k in range(issues):
        greatest = -np.inf
        for o in range(int(options_of[k])):
            total = 0.0
            for c in range(parties):
                total += scores[c, k, o]
            if total > greatest + _HAIR:
                greatest = total
                trial[k] = o if most < 0 else 0
    for k in range(issues):
        terms[k] = trial[k]
    best, second = worth_of_terms(scores, reserve, options_of, parties, standard, trial)
    while True:
        found = False
        for k in range(issues):
            for other in range(k, issues):
                for o in range(int(options_of[k])):
                    for q in range(int(options_of[other])):
                        held = trial[k]
                        held_other = trial[other]
                        trial[k] = o
                        trial[other] = q
                        if most < 0 or trial.sum() <= most:
                            one, two = worth_of_terms(
                                scores, reserve, options_of, parties, standard, trial
                            )
                            if better(one, two, best, second):
                                best = one
                                second = two
                                found = True
                                for j in range(issues):
                                    terms[j] = trial[j]
                        trial[other] = held_other
                        trial[k] = held
        if not found:
            return best
        for k in range(issues):
            trial[k] = terms[k]
