"""Paired contrasts between the arms of a study: effects, intervals, p-values, Holm's adjustment.

**The world is the unit**, never the round or the agent: what happens inside one world is
dependent, and intervals that forget it are too short. Two arms are paired by the number of their
world, which shares all its luck, and everything here works on the differences of such pairs.

An undefined value (NaN) makes its pair undefined. Such pairs are left out of the estimate and
counted beside it; they never become 0.

Legend: `P` pairs, `K` contrasts (columns of a family), `R` resamples.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

__all__ = ["COLUMNS", "Contrast", "bca_limits", "contrasts", "holm", "paired_contrast", "summarise"]

Floats: TypeAlias = npt.NDArray[np.float64]

#: Differences below this share of the largest value are rounding, and count as zero: a twin whose
#: welfare cannot change must not show an "effect" of 1e-17 points.
ROUNDING = 1e-12
#: Cells of the largest temporary array: 4 million floats are 32 MB.
CELLS = 4_000_000
#: Columns of the table that `contrasts` returns.
COLUMNS = (
    *("game", "metric", "arm", "comparison", "against", "payoffs"),
    *("estimate", "low", "high", "p_value", "p_holm", "pairs", "undefined"),
)


@dataclass(frozen=True)
class Contrast:
    """The mean of paired differences, in the unit of the metric.

    Attributes:
        estimate: Mean of treatment less control over the pairs used; NaN without pairs.
        low: Lower end of the BCa interval; NaN with fewer than two pairs.
        high: Upper end of the BCa interval; NaN with fewer than two pairs.
        p_value: Two-sided sign-flip p-value of "no difference"; NaN without pairs.
        pairs: Pairs used.
        undefined: Pairs left out, because one side or both are undefined.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    pairs: int
    undefined: int


@dataclass(frozen=True)
class _Differences:
    """One column of a family."""

    values: Floats  # [P], of the defined pairs
    rounding: float  # values that lie closer together are one value
    undefined: int


def paired_contrast(
    treatment: npt.ArrayLike,
    control: npt.ArrayLike,
    *,
    resamples: int = 2_000,
    flips: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Contrast:
    """Contrast two arms whose i-th values come from the same world.

    The interval is the bias-corrected and accelerated bootstrap of the mean difference (Efron
    1987), as in `scipy.stats.bootstrap`. If every pair differs by the same amount, nothing varies
    and the interval is that point.

    The p-value comes from flipping the signs of the differences at random. It is exact, for any
    number of pairs, if differences are symmetric about zero, as they are where swapping the two
    arms changes nothing; flips leave the sum of squares as it is, so that permuting the mean is
    permuting Student's t, which makes the test right for large numbers in general. Where all
    flips are no more than `flips + 1` they are enumerated; otherwise the observed one is counted
    among those drawn, so that the p-value is never below 1 / (flips + 1).

    Args:
        treatment: Values of the treated worlds, shape [P]; NaN where undefined.
        control: Values of the same worlds under control, shape [P].
        resamples: Bootstrap resamples.
        flips: Sign flips drawn.
        confidence: Confidence level of the interval, inside (0, 1).
        seed: Seed of both.

    Returns:
        The contrast. The same input and seed give the same answer.

    Raises:
        ValueError: If the shapes differ or are not [P], a value is infinite, or an argument is
            out of range.

    >>> paired_contrast([3.5, 4.5, float("nan")], [3.0, 4.0, 2.0])
    Contrast(estimate=0.5, low=0.5, high=0.5, p_value=0.5, pairs=2, undefined=1)
    """
    treated, controls = (np.asarray(side, dtype=np.float64) for side in (treatment, control))
    if treated.ndim != 1 or treated.shape != controls.shape:
        raise ValueError(
            f"treatment and control must be paired arrays of one dimension and one length, "
            f"but their shapes are {treated.shape} and {controls.shape}"
        )
    column = _differences([treated], [controls])
    return _family([column], resamples, flips, confidence, seed)[0]


def contrasts(
    results: pd.DataFrame,
    baseline: str,
    arms: Sequence[str],
    metric: str,
    *,
    placebos: Mapping[str, Sequence[str]] | None = None,
    resamples: int = 2_000,
    flips: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """All contrasts of one metric: against the baseline, the placebos and the zero-sum twin.

    For every game and arm there is one row for each of

    * ``comparison="baseline"``: arm less baseline, in the ordinary game and in its twin;
    * ``comparison="placebo"``: arm less each of its placebos, in the ordinary game;
    * ``comparison="beyond_twin"``: the effect in the ordinary game less that in the twin, world
      by world (a difference in differences), if the game has a twin.

    An arm that misses a world, or all worlds, has undefined pairs there. `p_holm` is adjusted
    over one family: all rows of all games in the table except the effects in the twin. Those are
    a check of the experiment: a small p-value among them is an alarm, which adjustment would mute.

    Args:
        results: Long table with columns `game, arm, payoffs, world, metric, value`, one row for
            each world; `payoffs` is ``"ordinary"`` or ``"zero_sum_twin"``.
        baseline: Arm without the treatments.
        arms: Arms to contrast; the baseline among them is passed over.
        metric: Metric to contrast.
        placebos: For an arm, the names of its placebo arms.
        resamples: Bootstrap resamples.
        flips: Sign flips drawn.
        confidence: Confidence level of the intervals.
        seed: Seed. A row depends on it and on its own worlds, not on which others were asked for.

    Returns:
        A table with the columns `COLUMNS`, games in alphabetical order, arms as given.

    Raises:
        ValueError: If a column is missing, a name is unknown, or a world appears twice.

    >>> table = pd.DataFrame(
    ...     [("dilemma", arm, "ordinary", world, "welfare", value)
    ...      for arm, gain in (("none", 0), ("bond", 1)) for world, value in enumerate([gain] * 8)],
    ...     columns=["game", "arm", "payoffs", "world", "metric", "value"])
    >>> row = contrasts(table, "none", ["bond"], "welfare").loc[0]
    >>> row.estimate.item(), row.low.item(), row.high.item(), row.p_value.item(), row.pairs.item()
    (1.0, 1.0, 1.0, 0.0078125, 8)
    """
    placebos = placebos or {}
    _check_columns(results, ("game", "arm", "payoffs", "world", "metric", "value"))
    declared = [baseline, *arms, *(name for arm in arms for name in placebos.get(arm, ()))]
    _check_names("metric", [metric], results["metric"].unique())
    _check_names("arm", declared, results["arm"].unique())
    chosen = results[(results["metric"] == metric) & results["arm"].isin(declared)]
    _check_names("payoffs", chosen["payoffs"].unique(), ["ordinary", "zero_sum_twin"])
    if chosen.duplicated(["game", "arm", "payoffs", "world"]).any():
        raise ValueError(
            f"metric {metric!r} has more than one value for a world: the world is the unit, so "
            "reduce rounds, agents or repeats to one number for each world first"
        )
    keys: list[tuple[str, ...]] = []
    columns: list[_Differences] = []
    for game, rows in chosen.groupby("game", observed=True):
        wide = rows.pivot(index="world", columns=["payoffs", "arm"], values="value").sort_index()
        for key, plus, minus in _declared(baseline, arms, placebos, set(rows["payoffs"])):
            # Only worlds that were run with these payoffs are expected to have a value.
            sides = {payoffs for payoffs, _ in (*plus, *minus)}
            expected = wide.index.isin(rows.loc[rows["payoffs"].isin(sides), "world"])
            here = wide.loc[expected].reindex(columns=pd.MultiIndex.from_tuples([*plus, *minus]))
            values = here.to_numpy(dtype=np.float64).T
            columns.append(_differences(values[: len(plus)], values[len(plus) :]))
            keys.append((str(game), metric, *key))
    found = _family(columns, resamples, flips, confidence, seed)
    table = pd.DataFrame(keys, columns=list(COLUMNS[:6])).join(
        pd.DataFrame(found, columns=list(COLUMNS[6:10] + COLUMNS[11:]))
    )
    claims = (table["payoffs"] != "zero_sum_twin").to_numpy()
    table["p_holm"] = np.nan
    table.loc[claims, "p_holm"] = holm(table.loc[claims, "p_value"].to_numpy())
    return table[list(COLUMNS)]


def holm(p_values: npt.ArrayLike) -> Floats:
    """Adjust p-values so that any false claim among them has at most its stated probability.

    Holm's step-down form of Bonferroni: valid however the tests depend on each other.

    Args:
        p_values: Those of one family, shape [K]. NaN is no test: it stays NaN, uncounted.

    Returns:
        Adjusted p-values, in the order given.

    >>> holm([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    tests = np.flatnonzero(~np.isnan(given))
    order = tests[np.argsort(given[tests], kind="stable")]
    scaled = given[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """The level of every metric in every arm: mean over worlds, and how many are undefined.

    Args:
        results: Long table as for `contrasts`.

    Returns:
        Columns `game, arm, payoffs, metric, mean, worlds, undefined`; the mean is over worlds in
        which the metric is defined, NaN if there are none.
    """
    keys = ["game", "arm", "payoffs", "metric"]
    _check_columns(results, (*keys, "value"))
    ordered = results.sort_values([*keys, "world"])  # a sum of floats depends on its order
    groups = ordered.groupby(keys, observed=True)["value"]
    table = groups.agg(mean="mean", worlds="size", defined="count").reset_index()
    table["undefined"] = table["worlds"] - table.pop("defined")
    return table


def bca_limits(differences: Floats, means: Floats, confidence: float) -> tuple[float, float]:
    """Ends of the BCa interval of a mean, from a sample [P], not all equal, and R resamples' means.

    >>> bca_limits(np.array([0.0, 1.0, 2.0]), np.linspace(0, 2, 1001), 0.5)
    (0.5, 1.5)
    """
    centred = differences - differences.mean()
    size = np.abs(centred).max()
    # Resamples that tie with the sample's own mean count half. What rounding parts is still a tie.
    gap = (means - differences.mean()) / size
    below = ((gap < -ROUNDING).mean() + (gap <= ROUNDING).mean()) / 2
    half = 0.5 / len(means)  # keeps the correction finite
    bias = stats.norm.ppf(np.clip(below, half, 1 - half))
    # The jackknife's acceleration has this closed form for a mean.
    acceleration = np.sum((centred / size) ** 3) / (6 * np.sum((centred / size) ** 2) ** 1.5)
    normal = bias + stats.norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    # Beyond the pole of the correction lies the end of the distribution.
    stretch = np.maximum(1 - acceleration * normal, 1e-9)
    levels = stats.norm.cdf(bias + normal / stretch)
    low, high = np.quantile(means, levels)
    return float(low), float(high)


def _declared(
    baseline: str, arms: Sequence[str], placebos: Mapping[str, Sequence[str]], payoffs: set[str]
) -> Iterable[tuple[tuple[str, str, str, str], list[tuple[str, str]], list[tuple[str, str]]]]:
    """Key (arm, comparison, against, payoffs), cells added and cells taken away, row by row."""
    ordinary, twin = "ordinary", "zero_sum_twin"
    for arm in arms:
        if arm != baseline:
            for kind in (ordinary, twin):
                if kind in payoffs:
                    key = (arm, "baseline", baseline, kind)
                    yield key, [(kind, arm)], [(kind, baseline)]
            if {ordinary, twin} <= payoffs:
                yield (
                    (arm, "beyond_twin", baseline, "ordinary_minus_twin"),
                    [(ordinary, arm), (twin, baseline)],
                    [(ordinary, baseline), (twin, arm)],
                )
        for placebo in placebos.get(arm, ()) if ordinary in payoffs else ():
            key = (arm, "placebo", placebo, ordinary)
            yield key, [(ordinary, arm)], [(ordinary, placebo)]


def _differences(plus: Sequence[Floats] | Floats, minus: Sequence[Floats] | Floats) -> _Differences:
    """Sum of `plus` less sum of `minus`, pair by pair, without the undefined pairs."""
    sides = np.stack([*plus, *minus])
    if np.isinf(sides).any():
        raise ValueError("a value is infinite; a metric that has no value must be NaN (undefined)")
    # Term by term against its own control first: exact where both are equal.
    difference = sum((p - m for p, m in zip(plus, minus, strict=True)), np.zeros(sides.shape[1]))
    defined = ~np.isnan(difference)
    values = difference[defined]
    rounding = ROUNDING * float(np.abs(sides[:, defined]).max(initial=0.0))
    values[np.abs(values) <= rounding] = 0.0
    return _Differences(values, rounding, int((~defined).sum()))


def _family(
    columns: Sequence[_Differences], resamples: int, flips: int, confidence: float, seed: int
) -> list[Contrast]:
    """Contrast many columns at once: those of one length share their resamples and flips."""
    if min(resamples, flips) < 1 or not 0 < confidence < 1:
        given = f"they are {resamples}, {flips} and {confidence}"
        raise ValueError(f"resamples, flips >= 1 and confidence inside (0, 1) needed, but {given}")
    found: dict[int, Contrast] = {}
    lengths: dict[int, list[int]] = {}
    for place, column in enumerate(columns):
        lengths.setdefault(len(column.values), []).append(place)
    for pairs, places in lengths.items():
        if pairs == 0:
            nan = float("nan")
            for place in places:
                found[place] = Contrast(nan, nan, nan, nan, 0, columns[place].undefined)
            continue
        sample = np.stack([columns[place].values for place in places], axis=1)  # [P, K]
        p_values = _sign_flip(sample, flips, seed)
        means = _bootstrap(sample, resamples, seed)
        for k, place in enumerate(places):
            values, undefined = sample[:, k], columns[place].undefined
            estimate = float(values.mean())
            low = high = estimate
            if pairs == 1:
                low = high = float("nan")  # one world shows no variation
            elif np.ptp(values) > columns[place].rounding:
                low, high = bca_limits(values, means[:, k], confidence)
            found[place] = Contrast(estimate, low, high, float(p_values[k]), pairs, undefined)
    return [found[place] for place in range(len(columns))]


def _bootstrap(sample: Floats, resamples: int, seed: int) -> Floats:
    """Means of resamples with replacement: [R, K] from [P, K]."""
    pairs = len(sample)
    centre = sample.mean(axis=0)
    rng = np.random.default_rng([seed, 0])
    means = []
    for rows in _chunks(resamples, pairs):
        drawn = rng.integers(0, pairs, (rows, pairs)) + np.arange(rows)[:, None] * pairs
        # How often each pair was drawn, so that all columns are one matrix product.
        counts = np.bincount(drawn.ravel(), minlength=rows * pairs).reshape(rows, pairs)
        means.append(centre + counts.astype(np.float64) @ (sample - centre) / pairs)
    return np.concatenate(means)


def _sign_flip(sample: Floats, flips: int, seed: int) -> Floats:
    """Two-sided p-values [K] of [P, K] differences; see `paired_contrast`."""
    pairs = len(sample)
    exact = pairs < 63 and 2**pairs <= flips + 1
    total = 2**pairs if exact else flips
    rng = np.random.default_rng([seed, 1])
    observed = np.abs(sample.sum(axis=0)) - 1e-9 * np.abs(sample).sum(axis=0)
    extreme = np.zeros(sample.shape[1])
    done = 0
    for rows in _chunks(total, pairs):
        if exact:
            bits = np.arange(done, done + rows)[:, None] >> np.arange(pairs) & 1
        else:
            bits = rng.integers(0, 2, (rows, pairs), dtype=np.int8)
        extreme += (np.abs((1.0 - 2.0 * bits) @ sample) >= observed).sum(axis=0)
        done += rows
    return extreme / total if exact else (extreme + 1) / (total + 1)


def _chunks(total: int, width: int) -> Iterable[int]:
    """Numbers of rows, in order, such that no chunk has much more than `CELLS` cells."""
    rows = max(1, CELLS // width)
    for start in range(0, total, rows):
        yield min(rows, total - start)


def _check_columns(table: pd.DataFrame, needed: Sequence[str]) -> None:
    if missing := sorted({*needed} - {*table.columns}):
        raise ValueError(f"results lack the columns {missing}; they have {list(table.columns)}")


def _check_names(what: str, names: Iterable[str], known: Iterable[Any]) -> None:
    """Refuse a name that is not known, and say which is nearest."""
    valid = sorted(set(known))
    for name in names:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=1, cutoff=0)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"there is no {what} {name!r} in the results{hint}")
