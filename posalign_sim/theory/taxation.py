"""Taxes, charges and shares: what rates are best, and from where on it pays to cooperate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from posalign_sim.theory.bounds import require_whole, require_within
from posalign_sim.theory.dilemma import Dilemma


def saez_rate(weight: float, pareto: float, elasticity: float) -> float:
    """Best marginal tax rate at an income.

    A point taken from everybody above it is worth `1 - weight` to society; it is lost for `pareto x
    elasticity` points of income that are no longer earned.

    Args:
        weight: mean marginal social worth of a point to those above the income, relative to the
            mean over everybody (1), at least 0.
        pareto: local Pareto parameter of incomes there, at least 0: how thin the tail is.
        elasticity: of income with respect to the share of it that is kept, at least 0.

    Returns:
        `(1 - weight) / (1 - weight + pareto elasticity)`, at least 0; 0 where nothing is gained.

    Raises:
        ValueError: If an argument is negative or not finite.

    Source: Saez (2001), Review of Economic Studies 68; Diamond & Saez (2011), Journal of Economic
    Perspectives 25: 73% at the top for a weight of 0, Pareto 1.5, elasticity 0.25.

    Example:
        >>> round(saez_rate(weight=0, pareto=1.5, elasticity=0.25), 2)
        0.73
    """
    gain = 1 - require_within("weight", weight, 0, math.inf)
    loss = require_within("pareto", pareto, 0, math.inf)
    loss *= require_within("elasticity", elasticity, 0, math.inf)
    return gain / (gain + loss) if gain > 0 else 0.0


def saez_rates(
    incomes: ArrayLike, thresholds: Sequence[float], elasticity: float = 0.25
) -> list[float]:
    """Best rate of each bracket for a sample of incomes, where a point is worth 1 / income.

    The Pareto parameter at a threshold z is estimated by mean / (mean - z) of the incomes above it.

    Args:
        incomes: a sample of incomes, in points, above 0.
        thresholds: where brackets begin, in points, ascending, at least 0 and below the greatest
            income.
        elasticity: of income with respect to the share of it that is kept, at least 0.

    Returns:
        A marginal rate for each bracket.

    Raises:
        ValueError: If there are no incomes, or something is outside its range.

    Source: Saez (2001), Review of Economic Studies 68; weights of Zheng et al. (2022), Science
    Advances 8 (the AI Economist).

    Example:
        >>> saez_rates([1, 1, 2, 4], [0, 2], elasticity=1)
        [0.0, 0.13157894736842107]
    """
    sample = np.asarray(incomes, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0 or not (np.isfinite(sample).all() and sample.min() > 0):
        raise ValueError("incomes must be a list of numbers above 0, not empty")
    weights = 1 / sample
    weights /= weights.mean()
    rates = []
    below = 0.0
    for k, start in enumerate(thresholds):
        z = require_within(f"thresholds[{k}]", start, below, math.inf, "brackets ascend")
        below = z
        above = sample >= z
        if not (sample > z).any():
            raise ValueError(f"thresholds[{k}] is {z:g}, but nobody earns more than that")
        mean = float(sample[above].mean())
        rates.append(saez_rate(float(weights[above].mean()), mean / (mean - z), elasticity))
    return rates


def tax_due(income: float, thresholds: Sequence[float], rates: Sequence[float]) -> float:
    """Tax on an income, of which each part is taxed at the rate of its bracket.

    Args:
        income: points.
        thresholds: where brackets begin, in points, ascending.
        rates: a marginal rate for each, in [0, 1].

    Returns:
        Points; 0 below the first threshold.

    Raises:
        ValueError: If there are not as many rates as thresholds, or something is outside its range.

    Example:
        >>> tax_due(30, [0, 10, 20], [0, 0.5, 1])
        15.0
    """
    income = require_within("income", income, -math.inf, math.inf)
    if len(thresholds) != len(rates):
        raise ValueError(f"{len(thresholds)} thresholds and {len(rates)} rates: one rate for each")
    due = 0.0
    ends = [*thresholds[1:], math.inf]
    for k, (start, end, rate) in enumerate(zip(thresholds, ends, rates, strict=True)):
        rate = require_within(f"rates[{k}]", rate, 0, 1)
        due += rate * max(0.0, min(income, end) - start)
    return due


def sharing_threshold(gain: float, harm: float, seats: int = 2) -> float:
    """Share of gains to be split equally at a table from which on a breach does not pay.

    With the share s each gets `(1 - s)` of its own gain and `s` of the mean. A breach changes that
    by `(1 - s) gain + s (gain - harm) / seats`.

    Args:
        gain: points that a breach gains, at least 0.
        harm: points that it costs all others together, at least 0.
        seats: at the table, at least 2.

    Returns:
        `gain / (gain + (harm - gain) / seats)`; infinite if a breach destroys nothing, so that no
        share is enough. In a dilemma `2 (T - R) / (T - S)` against who cooperates.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Kandel & Lazear (1992), Journal of Political Economy 100.

    Example:
        >>> sharing_threshold(gain=2, harm=3)
        0.8
    """
    gain = require_within("gain", gain, 0, math.inf)
    harm = require_within("harm", harm, 0, math.inf)
    seats = require_whole("seats", seats, 2)
    if gain == 0:
        return 0.0
    return gain / (gain + (harm - gain) / seats) if harm >= gain else math.inf


def deterring_charge(game: Dilemma) -> float:
    """Charge per point of harm from which on cooperation is dominant in a prisoner's dilemma.

    Who defects harms a cooperator by `R - S` and gains `T - R`; who defects against a defector
    keeps from it `R - P`, by which it lacks the reward, and gains `P - S`.

    Args:
        game: a prisoner's dilemma.

    Returns:
        Points per point, the greater of the two ratios of gain and harm.

    Raises:
        ValueError: If the game is no prisoner's dilemma.

    Source: Pigou (1920), The Economics of Welfare.

    Example:
        >>> deterring_charge(Dilemma(5, 3, 1, 0)) == 2 / 3
        True
    """
    game.require_prisoners_dilemma()
    first = (game.temptation - game.reward) / (game.reward - game.sucker)
    second = (game.punishment - game.sucker) / (game.reward - game.punishment)
    return max(first, second)


def pigouvian_threshold(players: int, mpcr: float) -> float:
    """Charge per point of harm from which on all give everything to a linear public good.

    A point that is kept wins `1 - mpcr` and costs each of the others `mpcr`.

    Args:
        players: members of the group, at least 2.
        mpcr: points that each member gets for a point given, above 0.

    Returns:
        `(1 - mpcr) / ((players - 1) mpcr)`, at least 0. It is at most 1, the charge that covers all
        harm, if and only if giving makes more than it costs.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Pigou (1920), The Economics of Welfare; Ledyard (1995), in Kagel & Roth, The Handbook
    of Experimental Economics.

    Example:
        >>> pigouvian_threshold(4, 0.5)
        0.3333333333333333
    """
    players = require_whole("players", players, 2)
    mpcr = require_within("mpcr", mpcr, 0, math.inf)
    if mpcr == 0:
        raise ValueError("mpcr is 0, but keeping what is good for nobody harms nobody")
    return max(0.0, (1 - mpcr) / ((players - 1) * mpcr))


def vesting_threshold(gain: float, income: float, cliff: int, detection: float) -> float:
    """Share of incomes to be withheld from which on a breach does not pay, later trade aside.

    Who earns the income in every round has the share of `cliff` incomes withheld from it, and
    loses them with the probability that its breach is detected.

    Args:
        gain: points that a breach gains at once, at least 0.
        income: points earned in each round, above 0.
        cliff: rounds for which they are withheld, at least 1.
        detection: probability that a breach is detected, in [0, 1].

    Returns:
        `gain / (detection cliff income)`; above 1 no share is enough.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Becker & Stigler (1974), Journal of Legal Studies 3.

    Example:
        >>> vesting_threshold(gain=2, income=3, cliff=4, detection=0.5)
        0.3333333333333333
    """
    gain = require_within("gain", gain, 0, math.inf)
    at_stake = require_within("income", income, 0, math.inf) * require_whole("cliff", cliff, 1)
    at_stake *= require_within("detection", detection, 0, 1)
    if gain == 0:
        return 0.0
    return gain / at_stake if at_stake > 0 else math.inf
