"""Adjustment for many tests: of one family of claims, what may be believed?"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from statsmodels.stats.multitest import multipletests

Floats: TypeAlias = npt.NDArray[np.float64]


def holm(p_values: npt.ArrayLike) -> Floats:
    """Adjust p-values so that any false claim among them has at most its stated probability.

    Holm's step-down form of Bonferroni (1979): valid however the tests depend on each other.

    Args:
        p_values: Those of one family, shape [K]. NaN is no test: it stays NaN, uncounted.

    Returns:
        Adjusted p-values, in the order given.

    >>> holm([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    given, tests = _checked(p_values)
    adjusted = np.full(given.shape, np.nan)
    # Not by statsmodels, whose `multipletests` collects all garbage of the process at every call
    # with this method (50 ms); the tests hold the two against each other.
    order = tests[np.argsort(given[tests], kind="stable")]
    scaled = given[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """The q-value of each test: the share of false claims among those at most as small.

    Claiming all tests with a q-value up to 0.05 is wrong in 5% of the claims on average, not in 5%
    of the studies: for a search through many configurations, not for a claim about one of them.
    Benjamini & Hochberg (1995); valid for independent tests, and for tests that depend on each
    other positively (Benjamini & Yekutieli 2001), as effects against one shared baseline do.

    Args:
        p_values: Those of one family, shape [K]. NaN is no test: it stays NaN, uncounted.

    Returns:
        q-values, in the order given.

    >>> benjamini_hochberg([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    given, tests = _checked(p_values)
    adjusted = np.full(given.shape, np.nan)
    if len(tests):
        adjusted[tests] = multipletests(given[tests], method="fdr_bh")[1]
    return adjusted


def _checked(p_values: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The p-values, and the places of those that are tests."""
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1 or (given < 0).any() or (given > 1).any():
        raise ValueError("p-values must be an array of one dimension, of numbers from 0 to 1")
    return given, np.flatnonzero(~np.isnan(given))
