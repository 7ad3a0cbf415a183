"""How far two who judge the same things agree, beyond what chance would have them agree."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from statsmodels.stats.inter_rater import cohens_kappa

from posalign_sim.world.errors import ConfigurationError


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
    found = cohens_kappa(table)
    return Agreement(
        count, share, float(found.kappa), float(found.kappa_low), float(found.kappa_upp)
    )


__all__ = ["Agreement", "agreement"]
