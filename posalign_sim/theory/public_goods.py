"""Public goods and common pools: free riding, volunteers, collective risk, a fishery."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from posalign_sim.theory.bounds import require_whole, require_within


def public_good_points(
    contributions: ArrayLike, endowment: float, mpcr: float
) -> NDArray[np.float64]:
    """Points of the members of a group that provides a linear public good.

    Args:
        contributions: `[players]` points given to the public good, from 0 to the endowment.
        endowment: points that each has, at least 0.
        mpcr: marginal per capita return, the points that each member gets for a point given by
            anybody, at least 0; the multiplier over the number of players.

    Returns:
        `[players]` points: what each kept, and `mpcr` times all contributions.

    Raises:
        ValueError: If there are no players, or a number is not finite or outside its range.

    Source: Ledyard (1995), in Kagel & Roth, The Handbook of Experimental Economics.

    Example:
        >>> public_good_points([0, 20, 20, 20], endowment=20, mpcr=0.4).tolist()
        [44.0, 24.0, 24.0, 24.0]
    """
    given = np.asarray(contributions, dtype=np.float64)
    endowment = require_within("endowment", endowment, 0, math.inf)
    mpcr = require_within("mpcr", mpcr, 0, math.inf)
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"contributions has shape {given.shape}, but it must be a list, not empty")
    for player, points in enumerate(given.tolist()):
        require_within(f"contributions[{player}]", points, 0, endowment)
    points_each: NDArray[np.float64] = endowment - given + mpcr * given.sum()
    return points_each


def is_public_good_dilemma(players: int, mpcr: float) -> bool:
    """Whether each does best to give nothing, and all would be best off if all gave everything.

    Args:
        players: number of members of the group, at least 1.
        mpcr: marginal per capita return, at least 0.

    Returns:
        Whether `1 / players < mpcr < 1`.

    Raises:
        ValueError: If there are no players, or the return is negative or not finite.

    Source: Isaac & Walker (1988), Quarterly Journal of Economics 103.

    Example:
        >>> is_public_good_dilemma(4, 0.4), is_public_good_dilemma(4, 0.25)
        (True, False)
    """
    players = require_whole("players", players, 1)
    return 1 < require_within("mpcr", mpcr, 0, math.inf) * players < players


def deterring_points(endowment: float, mpcr: float, ratio: float = 1.0) -> float:
    """Punishment points from which on it does not pay to keep the whole endowment.

    Keeping it wins `endowment (1 - mpcr)`, and each punishment point costs who gets it `ratio`.

    Args:
        endowment: points that could be given, at least 0.
        mpcr: marginal per capita return, in [0, 1].
        ratio: points lost by a punishment point received, above 0.

    Returns:
        Punishment points at which free riding and giving everything pay the same.

    Raises:
        ValueError: If an argument is not finite or outside its range.

    Source: Fehr & Gächter (2002), Nature 415.

    Example:
        >>> deterring_points(20, 0.4, ratio=3)
        4.0
    """
    gain = require_within("endowment", endowment, 0, math.inf)
    gain *= 1 - require_within("mpcr", mpcr, 0, 1)
    if require_within("ratio", ratio, 0, math.inf) == 0:
        raise ValueError("ratio is 0, but points that cost nothing deter nobody")
    return gain / ratio


def public_good_grim_threshold(players: int, mpcr: float) -> float:
    """Chance of another round from which on all give as long as all have given.

    Who keeps a point wins `1 - mpcr` of it once and loses `mpcr players - 1` in each round to come.

    Args:
        players: number of members of the group, at least 2.
        mpcr: marginal per capita return, such that the game is a dilemma.

    Returns:
        `(1 - mpcr) / (mpcr (players - 1))`, in (0, 1).

    Raises:
        ValueError: If the game is no dilemma.

    Source: Friedman (1971), Review of Economic Studies 38.

    Example:
        >>> round(public_good_grim_threshold(4, 0.4), 9)
        0.5
    """
    players = require_whole("players", players, 2)
    if not is_public_good_dilemma(players, mpcr):
        raise ValueError(
            f"mpcr is {mpcr!r}, but with {players} players it must lie between {1 / players:g} and "
            "1 for a dilemma"
        )
    return (1 - mpcr) / (mpcr * (players - 1))


def volunteers_dilemma(n: int, cost: float, benefit: float) -> tuple[float, float]:
    """How likely each volunteers, and nobody does, where one volunteer is enough for all.

    In the symmetric equilibrium each is indifferent: the cost equals the benefit times the chance
    that none of the others volunteers.

    Args:
        n: number of players, at least 2.
        cost: points that volunteering costs, from 0 to the benefit.
        benefit: points that everybody gets if somebody volunteers, above 0.

    Returns:
        Probability to volunteer, `1 - (cost / benefit)^(1 / (n - 1))`, and that nobody does,
        `(cost / benefit)^(n / (n - 1))`.

    Raises:
        ValueError: If there are fewer than two, or a number is not finite or outside its range.

    Source: Diekmann (1985), Journal of Conflict Resolution 29.

    Example:
        >>> volunteers_dilemma(3, cost=1, benefit=4)
        (0.5, 0.125)
    """
    n = require_whole("n", n, 2)
    if require_within("benefit", benefit, 0, math.inf) == 0:
        raise ValueError("benefit is 0, but then there is nothing to volunteer for")
    ratio = require_within("cost", cost, 0, benefit) / benefit
    idle = ratio ** (1 / (n - 1))
    return 1 - idle, idle**n


@dataclass(frozen=True, slots=True)
class CollectiveRisk:
    """The collective-risk dilemma: groups that need enough contributors to keep what they have.

    Cooperators give a share of their endowment. If a group has fewer cooperators than the
    threshold, all its members lose what they have left with a certain probability.

    Attributes:
        players: group size N, at least 2.
        threshold: cooperators M that a group needs, from 1 to N.
        cost: share c of the endowment that cooperators give, in [0, 1].
        risk: probability r to lose everything if the group fails, in [0, 1].
        endowment: points b that each has, at least 0.

    Raises:
        ValueError: If a value is outside its range.

    Source: Milinski et al. (2008), PNAS 105; the model and its analysis: Santos & Pacheco (2011),
    PNAS 108. As there, payoffs of failing groups are `(1 - r) b`, less `c b` for cooperators.

    Example:
        >>> CollectiveRisk(players=6, threshold=3, cost=0.1, risk=0.9).gradient(0.5) > 0
        True
    """

    players: int
    threshold: int
    cost: float
    risk: float
    endowment: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        require_whole("players", self.players, 2)
        require_whole("threshold", self.threshold, 1, self.players)
        require_within("cost", self.cost, 0, 1)
        require_within("risk", self.risk, 0, 1)
        require_within("endowment", self.endowment, 0, math.inf)

    def points(self, cooperators: int) -> tuple[float, float]:
        """Expected points of a cooperator and of a defector in a group.

        Args:
            cooperators: how many of the group cooperate, from 0 to N.

        Returns:
            Points of those who cooperate and of those who defect.

        Raises:
            ValueError: If the group does not have so many members.

        Example:
            >>> CollectiveRisk(6, 3, cost=0.25, risk=0.5).points(2)
            (0.25, 0.5)
        """
        require_whole("cooperators", cooperators, 0, self.players)
        kept = self.endowment * (1.0 if cooperators >= self.threshold else 1 - self.risk)
        return kept - self.cost * self.endowment, kept

    def _pivotal(self, share: float) -> float:
        """Chance that one more cooperator makes the difference to a group."""
        need, others = self.threshold - 1, self.players - 1
        return float(math.comb(others, need) * share**need * (1 - share) ** (others - need))

    def _advantage(self, share: float) -> float:
        """How much fitter cooperators are in an infinite population, in endowments."""
        return self._pivotal(share) * self.risk - self.cost

    def gradient(self, share: float) -> float:
        """Speed at which cooperators spread in an infinite population, by replicator dynamics.

        Args:
            share: share x of cooperators, in [0, 1].

        Returns:
            `x (1 - x) (f_C - f_D)` with
            `f_C - f_D = b (C(N - 1, M - 1) x^(M - 1) (1 - x)^(N - M) r - c)`.

        Raises:
            ValueError: If the share is outside [0, 1].

        Example:
            >>> round(CollectiveRisk(6, 3, cost=0.1, risk=0).gradient(0.5), 9)
            -0.025
        """
        share = require_within("share", share, 0, 1)
        return share * (1 - share) * self.endowment * self._advantage(share)

    def critical_risk(self) -> float:
        """Risk below which cooperators never spread, so that there is no interior equilibrium.

        Returns:
            `c / (C(N - 1, M - 1) x^(M - 1) (1 - x)^(N - M))` at `x = (M - 1) / (N - 1)`; it may be
            above 1.

        Example:
            >>> round(CollectiveRisk(6, 3, cost=0.1, risk=0.9).critical_risk(), 6)
            0.289352
        """
        return self.cost / self._pivotal(self._peak())

    def _peak(self) -> float:
        """Share of cooperators at which one more is the most likely to make the difference."""
        return (self.threshold - 1) / (self.players - 1)

    def equilibria(self) -> tuple[tuple[float, bool], ...]:
        """Shares at which cooperators and defectors are equally fit, in an infinite population.

        Returns:
            Pairs, in ascending order, of a share in (0, 1) and whether the population returns to it
            after any small disturbance. There are at most two: an unstable share and, above it, a
            stable one. Without cost, or below the critical risk, there is none.

        Example:
            >>> game = CollectiveRisk(6, 3, cost=0.1, risk=0.9)
            >>> [(round(share, 5), stable) for share, stable in game.equilibria()]
            [(0.12987, False), (0.72299, True)]
        """
        peak = self._peak()
        if self.cost == 0 or self._advantage(peak) < 0:
            return ()
        if self._advantage(peak) == 0:
            return ((peak, False),) if 0 < peak < 1 else ()
        ends = [(0.0, peak, False)] if peak > 0 else []
        if peak < 1:
            ends.append((peak, 1.0, True))
        return tuple(
            (float(optimize.brentq(self._advantage, low, high, xtol=1e-15, rtol=1e-14)), stable)
            for low, high, stable in ends
        )

    def advantages(self, population: int) -> NDArray[np.float64]:
        """How much fitter cooperators are in a finite population of which groups are drawn.

        Groups are drawn at random without replacement, so numbers of cooperators in a group are
        hypergeometric.

        Args:
            population: number of individuals Z, at least N.

        Returns:
            `[Z - 1]` mean points of cooperators less those of defectors, when 1, ..., Z - 1
            cooperate.

        Raises:
            ValueError: If the population is smaller than a group.

        Example:
            >>> CollectiveRisk(2, 2, cost=0.25, risk=1).advantages(3).tolist()
            [-0.25, 0.25]
        """
        size = require_whole("population", population, self.players)
        others = self.players - 1
        points = [self.points(cooperators) for cooperators in range(self.players + 1)]
        groups = math.comb(size - 1, others)

        def mean(cooperators: int, own: int) -> float:
            """Mean points of one who meets so many cooperators among the rest."""
            return math.fsum(
                math.comb(cooperators, j)
                * math.comb(size - 1 - cooperators, others - j)
                / groups
                * points[j + own][1 - own]
                for j in range(others + 1)
            )

        return np.array([mean(k - 1, 1) - mean(k, 0) for k in range(1, size)])

    def fixation(self, population: int, selection: float) -> tuple[float, float]:
        """Chances that a single mutant takes over, by pairwise comparison.

        An individual drawn at random adopts the strategy of another with probability
        `1 / (1 + exp(-selection (its points - own)))`.

        Args:
            population: number of individuals Z, at least N.
            selection: intensity of selection, at least 0, per point; 0 is neutral drift.

        Returns:
            Probability that one cooperator takes over defectors, and that one defector takes over
            cooperators.

        Raises:
            ValueError: If an argument is not finite or outside its range.

        Source: Traulsen, Nowak & Pacheco (2006), Physical Review E 74.

        Example:
            >>> game = CollectiveRisk(6, 3, cost=0.1, risk=1)
            >>> round(game.fixation(population=50, selection=1)[1], 8)
            0.0036821
        """
        pressure = require_within("selection", selection, 0, math.inf) * self.advantages(population)
        return _takeover(-pressure), _takeover(pressure[::-1])


def _takeover(logarithms: NDArray[np.float64]) -> float:
    """Fixation probability from logarithms of the ratio of steps down to steps up, by mutants."""
    sums = np.append(0.0, np.cumsum(logarithms))
    return float(np.exp(-np.logaddexp.reduce(sums)))


class Fishery(NamedTuple):
    """What became of a common stock.

    Attributes:
        remaining: `[months]` stock after each harvest, in units.
        catches: `[months, agents]` units caught.
        months: months with a harvest, that of the collapse included.
        collapsed: whether the stock fell below what it needs to recover.
        total: units caught by all in all months.

    Example:
        >>> fishery([10] * 5).collapsed
        False
    """

    remaining: NDArray[np.float64]
    catches: NDArray[np.float64]
    months: int
    collapsed: bool
    total: float


def fishery(
    harvests: ArrayLike,
    stock: float = 100.0,
    growth: float = 2.0,
    capacity: float = 100.0,
    collapse: float = 5.0,
    months: int = 12,
) -> Fishery:
    """Stock and catches of a common fishery under given plans.

    Each month everybody fishes what it planned; if that is more than there is, all get the same
    share of their plans. If less than `collapse` remains, it is over. Otherwise what remains is
    multiplied by `growth`, up to `capacity`.

    Args:
        harvests: units planned, at least 0: `[agents]` for each month, or `[months, agents]`.
        stock: units before the first harvest, from 0 to the capacity.
        growth: factor of growth in a month, at least 0.
        capacity: units up to which the stock grows, at least 0.
        collapse: units below which the stock collapses, at least 0.
        months: number of months, at least 1, if the plans are the same for each; without effect
            otherwise.

    Returns:
        The course of events, until the end or the collapse.

    Raises:
        ValueError: If there is no agent or month, or a number is not finite or outside its range.

    Source: Piatti et al. (2024), Cooperate or Collapse (GovSim), NeurIPS.

    Example:
        >>> run = fishery([11] * 5)
        >>> run.remaining.tolist(), run.months, run.total
        ([45.0, 35.0, 15.0, 0.0], 4, 195.0)
    """
    plans = np.asarray(harvests, dtype=np.float64)
    if plans.ndim == 1:
        plans = np.tile(plans, (require_whole("months", months, 1), 1))
    if plans.ndim != 2 or plans.size == 0:
        raise ValueError(
            f"harvests has shape {plans.shape}, but it must hold units by agent, or by month and "
            "agent"
        )
    if not (np.isfinite(plans).all() and (plans >= 0).all()):
        raise ValueError("harvests holds what is negative or not finite, but units are caught")
    capacity = require_within("capacity", capacity, 0, math.inf)
    stock = require_within("stock", stock, 0, capacity)
    growth = require_within("growth", growth, 0, math.inf)
    collapse = require_within("collapse", collapse, 0, math.inf)
    remaining: list[float] = []
    catches: list[NDArray[np.float64]] = []
    collapsed = False
    for plan in plans:
        wanted = float(plan.sum())
        catches.append(plan * (stock / wanted) if wanted > stock else plan)
        remaining.append(max(stock - wanted, 0.0))
        collapsed = remaining[-1] < collapse
        if collapsed:
            break
        stock = min(capacity, growth * remaining[-1])
    caught = np.array(catches)
    return Fishery(np.array(remaining), caught, len(caught), collapsed, float(caught.sum()))


def sustainable_harvest(stock: float, growth: float = 2.0, collapse: float = 5.0) -> float:
    """Largest harvest of all together after which the stock grows back to what it was.

    Args:
        stock: units before the harvest, at least 0, and not above the capacity.
        growth: factor of growth in a month, at least 1.
        collapse: units below which the stock collapses, at least 0.

    Returns:
        `stock (1 - 1 / growth)`, less if the rest would collapse; 0 if it is below that already.

    Raises:
        ValueError: If an argument is not finite or outside its range.

    Source: Piatti et al. (2024), Cooperate or Collapse (GovSim), NeurIPS.

    Example:
        >>> sustainable_harvest(100), sustainable_harvest(8)
        (50.0, 3.0)
    """
    stock = require_within("stock", stock, 0, math.inf)
    growth = require_within("growth", growth, 1, math.inf)
    rest = max(stock / growth, require_within("collapse", collapse, 0, math.inf))
    return max(stock - rest, 0.0)
