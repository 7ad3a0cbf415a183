"""Negotiations in numbers: points by party, issue and option, and the deals they make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_whole, require_within

NEW_RECRUIT_ISSUES = (
    "salary",
    "signing bonus",
    "job assignment",
    "company car",
    "starting date",
    "vacation days",
    "moving expenses",
    "insurance",
)

_MOST_DIVISIONS = 1_000_000
_MOST_DEALS = 20_000_000


class Integrative(NamedTuple):
    """What there is to gain when two parties weigh the issues of a negotiation differently.

    Attributes:
        joint: largest sum of utilities.
        split: utility of each when every issue is halved.
        solution: utility of each in the Nash, Kalai-Smorodinsky and egalitarian solution.
        cosine: cosine of the angle between the two vectors of weights.

    Example:
        >>> integrative(0).joint == 2 * integrative(0).split
        True
    """

    joint: float
    split: float
    solution: float
    cosine: float


def integrative(k: float) -> Integrative:
    """Closed forms of the negotiation that `integrative_weights` describes.

    Party 0 gets `sum w0 x` and party 1 `sum w1 (1 - x)`, where x in [0, 1] is party 0's share of an
    issue, and nothing without agreement. With k = 0 every deal is worth 1 in sum; but it is no
    constant-sum game unless the disagreement payoffs also sum to 1.

    Args:
        k: how differently the parties weigh the issues, in [0, 1].

    Returns:
        Largest sum `1 + k`; equal split 1/2; solutions `(1 + k) / 2`; cosine
        `(1 - k^2) / (1 + k^2)`.

    Raises:
        ValueError: If k is outside [0, 1].

    Source: Raiffa (1982), The Art and Science of Negotiation, chapter 10 (integrative bargaining).

    Example:
        >>> integrative(0.5)
        Integrative(joint=1.5, split=0.5, solution=0.75, cosine=0.6)
    """
    k = require_within("k", k, 0, 1)
    return Integrative(1 + k, 0.5, (1 + k) / 2, (1 - k * k) / (1 + k * k))


def integrative_weights(k: float, issues: int) -> NDArray[np.float64]:
    """Weights of two parties, of whom each cares more for the other half of the issues.

    Args:
        k: how differently the parties weigh the issues, in [0, 1]; 0 is equally.
        issues: number of issues K, even and at least 2.

    Returns:
        `[2, issues]` weights that sum to 1: party 0 has `(1 + k) / K` on the first half and
        `(1 - k) / K` on the rest, party 1 the reverse.

    Raises:
        ValueError: If k is outside [0, 1], or the issues cannot be halved.

    Source: Raiffa (1982), The Art and Science of Negotiation, chapter 10 (integrative bargaining).

    Example:
        >>> integrative_weights(0.5, 2).tolist()
        [[0.75, 0.25], [0.25, 0.75]]
    """
    k = require_within("k", k, 0, 1)
    issues = require_whole("issues", issues, 2)
    if issues % 2:
        raise ValueError(f"issues is {issues}, but each party favours half of them: make it even")
    first = np.repeat([(1 + k) / issues, (1 - k) / issues], issues // 2)
    return np.stack([first, first[::-1]])


def enumerate_deals(scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
    """Utilities of all deals when those of several issues add up.

    Args:
        scores: `[parties, issues, options]` points. Where an issue has fewer options than another,
            the rest is NaN for all parties.

    Returns:
        `[deals, parties]` utilities, and `[deals, issues]` the option of each issue. Deals are in
        lexicographic order: the last issue varies fastest.

    Raises:
        ValueError: If the array has not three axes, an issue has no option, an option has points
            for some parties only, points are infinite, or there are more than 20 million deals.

    Source: Keeney & Raiffa (1976), Decisions with Multiple Objectives, chapter 3 (additive value).

    Example:
        >>> utilities, deals = enumerate_deals([[[0, 1], [0, 2]], [[3, 0], [4, 0]]])
        >>> utilities.tolist()
        [[0.0, 7.0], [2.0, 3.0], [1.0, 4.0], [3.0, 0.0]]
        >>> deals.tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    points = np.asarray(scores, dtype=np.float64)
    if points.ndim != 3 or 0 in points.shape or np.isinf(points).any():
        raise ValueError(
            f"scores has shape {points.shape}, but it must hold finite points by party, issue and "
            "option"
        )
    offered = ~np.isnan(points)
    options = []
    for issue in range(points.shape[1]):
        available = offered[:, issue]
        if (available.any(axis=0) != available.all(axis=0)).any():
            raise ValueError(f"an option of issue {issue} has points for some of the parties only")
        if not available.any():
            raise ValueError(f"issue {issue} has no option, but a deal must settle each issue")
        options.append(np.flatnonzero(available[0]).astype(np.int16))
    number = math.prod(len(some) for some in options)
    if number > _MOST_DEALS:
        raise ValueError(f"there are {number:,} deals, but at most {_MOST_DEALS:,} are enumerated")
    utilities = np.zeros((1, len(points)))
    for issue, some in enumerate(options):
        added = points[:, issue, some].T
        utilities = (utilities[:, None] + added[None]).reshape(-1, len(points))
    deals = np.stack([grid.reshape(-1) for grid in np.meshgrid(*options, indexing="ij")], axis=1)
    return utilities, deals


def new_recruit_scores() -> NDArray[np.float64]:
    """Points of the New Recruit exercise: a recruiter and a candidate settle eight issues.

    Salary and signing bonus are distributive: the sum is the same for all options. In job
    assignment and company car both want the same. In the other four one cares more than the other,
    so there is something to trade.

    Returns:
        `[2, 8, 5]` points of the recruiter (0) and the candidate (1); issues are in the order of
        `NEW_RECRUIT_ISSUES`, and options are ordered as in the source.

    Source: Neale (1997), New Recruit, Dispute Resolution Research Center, Northwestern University;
    the points are those of TextArena (Guertler et al. 2025, arXiv 2504.11442), environment
    NewRecruit.

    Example:
        >>> scores = new_recruit_scores()
        >>> float(scores.sum(axis=0).max(axis=1).sum()), scores[:, :, 2].sum(axis=1).tolist()
        (14800.0, [3200.0, 3200.0])
    """
    ends = [  # all are linear: first and last option, of the recruiter and of the candidate
        [(-6000, 0), (0, -6000)],
        [(0, 4000), (4000, 0)],
        [(0, -2400), (0, -2400)],
        [(1200, 0), (1200, 0)],
        [(1600, 0), (0, 4000)],
        [(0, 4000), (1600, 0)],
        [(0, 800), (3200, 0)],
        [(0, 3200), (800, 0)],
    ]
    first, last = np.array(ends, dtype=np.float64).T[..., None]
    option = np.arange(5.0)
    scores: NDArray[np.float64] = (first * (4 - option) + last * option) / 4
    return scores


def baron_ferejohn_scores(parties: int, units: int) -> NDArray[np.float64]:
    """Divisions of a pie among the members of a legislature, as one issue.

    Args:
        parties: number of members, at least 1.
        units: equal pieces that the pie is cut into, at least 1.

    Returns:
        `[parties, 1, divisions]` shares of the pie; each division adds up to 1. Divisions are
        ordered by what the first party gets, ascending, then the second and so on.

    Raises:
        ValueError: If there is no party or no unit, or there are more than a million divisions.

    Source: Baron & Ferejohn (1989), American Political Science Review 83.

    Example:
        >>> baron_ferejohn_scores(2, 2)[:, 0].tolist()
        [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]
    """
    parties = require_whole("parties", parties, 1)
    units = require_whole("units", units, 1)
    number = math.comb(units + parties - 1, parties - 1)
    if number > _MOST_DIVISIONS:
        raise ValueError(
            f"{units} units can be divided among {parties} parties in {number:,} ways, but at most "
            f"{_MOST_DIVISIONS:,} are listed: cut the pie into fewer"
        )
    slots = units + parties - 1
    bars = np.array(list(combinations(range(slots), parties - 1)), dtype=np.int64)
    bars = bars.reshape(number, parties - 1)
    edges = np.hstack([np.full((number, 1), -1), bars, np.full((number, 1), slots)])
    return ((np.diff(edges, axis=1) - 1) / units).T[:, None]


def deal_or_no_deal_scores(counts: Sequence[int], values: ArrayLike) -> NDArray[np.float64]:
    """Points of two who divide items of several kinds that each values in its own way.

    Args:
        counts: `[kinds]` number of items of each kind, at least 0.
        values: `[2, kinds]` points that one item is worth to each party.

    Returns:
        `[2, kinds, most items + 1]` points; option x of a kind gives party 0 x of the items and
        party 1 the rest. What is beyond a kind's number of items is NaN.

    Raises:
        ValueError: If there is no kind, a count is not a whole number of at least 0, or there are
            not two finite values for each kind.

    Source: Lewis, Yarats, Dauphin, Parikh & Batra (2017), Deal or No Deal? End-to-End Learning for
    Negotiation Dialogues, EMNLP.

    Example:
        >>> deal_or_no_deal_scores([1, 2], [[4, 3], [0, 5]]).tolist()
        [[[0.0, 4.0, nan], [0.0, 3.0, 6.0]], [[0.0, 0.0, nan], [10.0, 5.0, 0.0]]]
    """
    items = [require_whole(f"counts[{kind}]", count, 0) for kind, count in enumerate(counts)]
    if not items:
        raise ValueError("counts is empty, but there must be something to divide")
    worth = np.asarray(values, dtype=np.float64)
    if worth.shape != (2, len(items)) or not np.isfinite(worth).all():
        raise ValueError(
            f"values has shape {worth.shape}, but it must hold finite points of 2 parties for each "
            f"of {len(items)} kinds"
        )
    given = np.tile(np.arange(max(items) + 1.0), (len(items), 1))
    total = np.array(items, dtype=np.float64)[:, None]
    given[given > total] = np.nan
    return np.stack([worth[0, :, None] * given, worth[1, :, None] * (total - given)])


@dataclass(frozen=True, eq=False)
class ScoreableGame:
    """A negotiation of several parties over several issues, in which some hold a veto.

    Attributes:
        parties: names of the parties.
        issues: names of the issues.
        options: for each issue, the names of its options.
        scores: `[parties, issues, options]` points; NaN where an issue has fewer options.
        thresholds: points below which a party rejects a deal.
        vetoes: numbers of the parties that every deal needs.
        quota: number of parties that a deal needs, those with a veto included.

    Example:
        >>> game = wind_farm_game()
        >>> [game.parties[party] for party in game.vetoes], game.quota
        (['developer', 'ministry'], 5)
    """

    parties: tuple[str, ...]
    issues: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]
    scores: NDArray[np.float64]
    thresholds: tuple[float, ...]
    vetoes: tuple[int, ...]
    quota: int


def wind_farm_game() -> ScoreableGame:
    """Six parties negotiate five issues of a wind farm off the coast.

    The best deal of each party is worth 100 points to it. Of 960 deals 32 pass: they reach the
    thresholds of at least five of the six parties, the two with a veto among them; 7 reach all
    six.

    Returns:
        The game. The cast and the points are this project's own.

    Source: the design follows scoreable games of several parties with vetoes: Susskind (1985),
    Negotiation Journal 1 (Harborco); Abdelnabi et al. (2024), NeurIPS Datasets & Benchmarks.

    Example:
        >>> game = wind_farm_game()
        >>> game.scores.shape, float(np.nanmax(game.scores, axis=2).sum(axis=1).min())
        ((6, 5, 5), 100.0)
    """
    nan = math.nan
    scores = [
        [  # developer
            [0, 14, 26, 32, nan],
            [28, 20, 9, 0, nan],
            [18, 13, 8, 3, 0],
            [12, 9, 4, 0, nan],
            [10, 6, 0, nan, nan],
        ],
        [  # ministry
            [0, 16, 30, 38, nan],
            [6, 14, 10, 0, nan],
            [0, 4, 8, 10, 7],
            [0, 8, 14, 18, nan],
            [0, 12, 20, nan, nan],
        ],
        [  # fishers
            [24, 16, 7, 0, nan],
            [0, 12, 22, 30, nan],
            [0, 6, 12, 18, 22],
            [2, 4, 2, 0, nan],
            [0, 10, 20, nan, nan],
        ],
        [  # town
            [4, 10, 8, 0, nan],
            [0, 10, 18, 20, nan],
            [0, 12, 22, 30, 34],
            [0, 12, 22, 28, nan],
            [8, 5, 0, nan, nan],
        ],
        [  # conservationists
            [6, 12, 9, 0, nan],
            [0, 8, 18, 24, nan],
            [4, 6, 4, 2, 0],
            [4, 2, 1, 0, nan],
            [0, 28, 54, nan, nan],
        ],
        [  # union
            [0, 14, 26, 34, nan],
            [6, 8, 4, 0, nan],
            [4, 3, 2, 1, 0],
            [0, 20, 36, 46, nan],
            [8, 4, 0, nan, nan],
        ],
    ]
    return ScoreableGame(
        parties=("developer", "ministry", "fishers", "town", "conservationists", "union"),
        issues=("turbines", "distance", "fund", "local jobs", "wildlife protection"),
        options=(
            ("20", "40", "60", "80"),
            ("5 km", "10 km", "15 km", "25 km"),
            ("none", "1% of revenue", "2%", "3%", "4%"),
            ("no quota", "a fifth", "two fifths", "half"),
            ("as the law says", "pause in migration", "radar and closed areas"),
        ),
        scores=np.array(scores, dtype=np.float64),
        thresholds=(55, 60, 52, 55, 55, 55),
        vetoes=(0, 1),
        quota=5,
    )


def passing_deals(
    utilities: ArrayLike, thresholds: Sequence[float], vetoes: Sequence[int], quota: int
) -> NDArray[np.int64]:
    """Deals that enough parties accept, all that hold a veto among them.

    A party accepts a deal that gives it at least its threshold.

    Args:
        utilities: `[deals, parties]` points.
        thresholds: `[parties]` points.
        vetoes: numbers of the parties that every deal needs.
        quota: number of parties that a deal needs, those with a veto included; 1 to all.

    Returns:
        `[passing deals]` their rows, in ascending order.

    Raises:
        ValueError: If the shapes do not fit, a number is not finite, a veto belongs to nobody, or
            the quota is not between 1 and the number of parties.

    Source: Susskind (1985), Negotiation Journal 1.

    Example:
        >>> passing_deals([[5, 5, 0], [0, 9, 9], [5, 0, 5]], (5, 5, 5), vetoes=(0,), quota=2)
        array([0, 2])
    """
    points = np.asarray(utilities, dtype=np.float64)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise ValueError(
            f"utilities has shape {points.shape}, but it must hold finite points by deal (rows) "
            "and party (columns)"
        )
    parties = points.shape[1]
    if len(thresholds) != parties:
        raise ValueError(f"there are {len(thresholds)} thresholds, but {parties} parties")
    least = [
        require_within(f"thresholds[{party}]", value, -math.inf, math.inf)
        for party, value in enumerate(thresholds)
    ]
    needed = [require_whole("veto", party, 0, parties - 1) for party in vetoes]
    quota = require_whole("quota", quota, 1, parties)
    accepts = points >= np.array(least)
    return np.flatnonzero((accepts.sum(axis=1) >= quota) & accepts[:, needed].all(axis=1))
