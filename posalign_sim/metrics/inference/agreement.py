"""How far those agree who judge the same things, beyond what chance would have them agree."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from statsmodels.stats.inter_rater import cohens_kappa

from posalign_sim.world.errors import ConfigurationError

Level: TypeAlias = Literal["nominal", "ordinal", "interval"]
Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """The agreement of two raters.

    Attributes:
        count: how many things both have judged.
        share: of these on which they agree; NaN if there are none.
        kappa: Cohen's kappa: 1 if they always agree, 0 if as often as by chance; NaN where both
            always say the same one thing, so that chance would have them agree as well.
        low: lower limit of kappa, at 95%, for large samples.
        high: upper limit.
    """

    count: int
    share: float
    kappa: float
    low: float
    high: float


def agreement(first: Sequence[Hashable], second: Sequence[Hashable]) -> Agreement:
    """How far two raters agree who have put the same things into categories.

    Source: Cohen (1960), Educational and Psychological Measurement 20; its limits: Fleiss, Cohen &
    Everitt (1969), Psychological Bulletin 72.

    Args:
        first: the category of each thing, by one rater; None is a category, too.
        second: by the other.

    Raises:
        ConfigurationError: one has judged more things than the other.

    >>> agreement(["yes", "yes", "no", "no"], ["yes", "no", "no", "no"]).kappa
    0.5
    """
    if len(first) != len(second):
        raise ConfigurationError(
            f"two raters must judge the same things, not {len(first)} and {len(second)} of them"
        )
    count = len(first)
    if count == 0:
        return Agreement(0, np.nan, np.nan, np.nan, np.nan)
    places = {category: k for k, category in enumerate(dict.fromkeys([*first, *second]))}
    table = np.zeros((len(places), len(places)), np.int64)
    for one, other in zip(first, second, strict=True):
        table[places[one], places[other]] += 1
    share = float(np.trace(table) / count)
    if len(places) == 1:
        return Agreement(count, share, np.nan, np.nan, np.nan)
    # Where each rater always says the same, its test divides by nothing; kappa itself does not.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = cohens_kappa(table)
    return Agreement(
        count, share, float(found.kappa), float(found.kappa_low), float(found.kappa_upp)
    )


def krippendorff_alpha(ratings: npt.ArrayLike, level: Level = "nominal") -> float:
    """Krippendorff's alpha: 1 less observed over expected disagreement.

    1 is perfect agreement, 0 what chance gives. It takes any number of judges, ordered values, and
    verdicts that are missing, which Cohen's and Fleiss' kappa do not. Of values without an order,
    where no verdict is missing and there are many, it is Fleiss' kappa.

    Source: Krippendorff (2011), "Computing Krippendorff's alpha-reliability"; Hayes & Krippendorff
    (2007), Communication Methods and Measures 1.

    Args:
        ratings: Verdicts as numbers, shape [judges, items]; NaN where there is none.
        level: What differs: any two values alike (`nominal`), values by how many verdicts lie
            between them (`ordinal`), or by their distance (`interval`).

    Returns:
        Alpha; NaN where no item has two verdicts, or where all verdicts are the same.

    Raises:
        ValueError: The shape is wrong, or there is no such level.

    >>> krippendorff_alpha([[1, 2, 3, 3], [1, 2, 3, 3]])
    1.0
    """
    given = np.asarray(ratings, dtype=np.float64)
    if given.ndim != 2:
        raise ValueError(f"ratings need the shape [judges, items], not {given.shape}")
    distances: dict[str, Callable[[Floats, Floats], Floats]] = {
        "nominal": _nominal,
        "ordinal": _ordinal,
        "interval": _interval,
    }
    if level not in distances:
        raise ValueError(f"there is no level {level!r}: nominal, ordinal or interval")
    # Only items with two verdicts or more can agree.
    given = given[:, (~np.isnan(given)).sum(axis=0) > 1]
    values, places = np.unique(given[~np.isnan(given)], return_inverse=True)
    if len(values) < 2:
        return float("nan")
    counts = np.zeros((given.shape[1], len(values)))
    np.add.at(counts, (np.nonzero(~np.isnan(given))[1], places), 1)
    pairs = counts.sum(axis=1) - 1
    # Coincidences: how often two verdicts on one item are these two values.
    together = (counts / pairs[:, None]).T @ counts - np.diag((counts / pairs[:, None]).sum(axis=0))
    totals = together.sum(axis=1)
    distance = distances[level](values, totals)
    observed = float((together * distance).sum())
    expected = float((np.outer(totals, totals) * distance).sum()) / (totals.sum() - 1)
    return float(1 - observed / expected)


def _nominal(values: Floats, totals: Floats) -> Floats:
    return 1 - np.eye(len(values))


def _ordinal(values: Floats, totals: Floats) -> Floats:
    # Half of those with either value, and all of those between.
    ranks = totals.cumsum() - totals / 2
    return (ranks[:, None] - ranks) ** 2


def _interval(values: Floats, totals: Floats) -> Floats:
    return (values[:, None] - values) ** 2


__all__ = ["Agreement", "agreement", "krippendorff_alpha"]
