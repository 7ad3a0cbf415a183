"""Paired contrasts between the arms of a study: effects, intervals, p-values, adjustment.

**The world is the unit**, never the round or the agent: what happens inside one world is
dependent, and intervals that forget it are too short. Two arms are paired by the number of their
world, which shares all its luck, and everything here works on the differences of such pairs.

An undefined value (NaN) makes its pair undefined. Such pairs are left out of the estimate and
counted beside it; they never become 0.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from posalign_sim.metrics.inference.multiplicity import benjamini_hochberg, holm
from posalign_sim.metrics.inference.paired import (
    Contrast,
    bca_limits,
    contrast_all,
    differences,
    joined,
    paired_contrast,
)

__all__ = [
    "COLUMNS",
    "POINT_COLUMNS",
    "Contrast",
    "adjusted",
    "bca_limits",
    "benjamini_hochberg",
    "contrasts",
    "contrasts_by_point",
    "holm",
    "paired_contrast",
    "summarise",
]

Floats: TypeAlias = npt.NDArray[np.float64]
#: Payoffs and arm of a value.
Cell: TypeAlias = tuple[str, str]

ORDINARY, TWIN = "ordinary", "zero_sum_twin"
_KEYS = ("game", "metric", "arm", "comparison", "against", "payoffs")
_FOUND = ("estimate", "low", "high", "p_value", "p_holm", "q_value", "pairs", "undefined")
#: Columns of the table that `contrasts` returns.
COLUMNS = (*_KEYS, *_FOUND)
#: Columns of the table that `contrasts_by_point` returns.
POINT_COLUMNS = (*_KEYS, "point", *_FOUND)


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
    bounded_tails: bool = False,
) -> pd.DataFrame:
    """All contrasts of one metric: against the baseline, the placebos and the zero-sum twin.

    For every game and arm there is one row for each of

    * ``comparison="baseline"``: arm less baseline, in the ordinary game and in its twin;
    * ``comparison="placebo"``: arm less each of its placebos, in the ordinary game;
    * ``comparison="beyond_twin"``: the effect in the ordinary game less that in the twin, world
      by world (a difference in differences), if the game has a twin.

    An arm that misses a world, or all worlds, has undefined pairs there. `p_holm` and `q_value`
    are adjusted over one family: see `adjusted`.

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
        bounded_tails: See `contrast_all`. With more than about 500 rows in the table no p-value
            that is drawn survives Holm's adjustment, and this is needed.

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
    pairs = []
    for game, rows in chosen.groupby("game", observed=True):
        wide = rows.pivot(index="world", columns=["payoffs", "arm"], values="value").sort_index()
        for key, plus, minus in _declared(baseline, arms, placebos, set(rows["payoffs"])):
            # Only worlds that were run with these payoffs are expected to have a value.
            sides = {payoffs for payoffs, _ in (*plus, *minus)}
            expected = wide.index.isin(rows.loc[rows["payoffs"].isin(sides), "world"])
            here = wide.loc[expected].reindex(columns=pd.MultiIndex.from_tuples([*plus, *minus]))
            values = [column[None] for column in here.to_numpy(dtype=np.float64).T]
            pairs.append(differences(values[: len(plus)], values[len(plus) :]))
            keys.append((str(game), metric, *key))
    found = contrast_all(
        joined(pairs),
        resamples=resamples,
        flips=flips,
        confidence=confidence,
        seed=seed,
        bounded_tails=bounded_tails,
    )
    table = pd.DataFrame(keys, columns=list(_KEYS))
    return adjusted(table.assign(**vars(found)))[list(COLUMNS)]


def contrasts_by_point(
    values: Mapping[str, Floats],
    baseline: str,
    arms: Sequence[str],
    metric: str,
    *,
    game: str,
    placebos: Mapping[str, Sequence[str]] | None = None,
    resamples: int = 2_000,
    flips: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
    bounded_tails: bool = True,
) -> pd.DataFrame:
    """All contrasts of one metric in one game at every point of a grid.

    The rows are those of `contrasts`, once for each point: 10,000 points of 3 arms and 100 worlds
    are 90,000 rows, and take about half a minute. All points and arms are one family; for a
    family of several games put their tables together and call `adjusted` on the whole.

    Args:
        values: For each arm an array of shape [points, kinds, worlds]. The kinds of payoffs are the
            ordinary ones, and those of the zero-sum twin if there are two. World k has the same
            luck everywhere. NaN where undefined.
        baseline: Arm without the treatments.
        arms: Arms to contrast; the baseline among them is passed over.
        metric: Name of the metric.
        game: Name of the game.
        placebos: For an arm, the names of its placebo arms.
        resamples: Bootstrap resamples.
        flips: Sign flips drawn.
        confidence: Confidence level of the intervals.
        seed: Seed.
        bounded_tails: See `contrast_all`; needed where points are many.

    Returns:
        A table with the columns `POINT_COLUMNS`: arms as given, comparison by comparison, and
        within a comparison point by point.

    Raises:
        ValueError: An arm is unknown, or shapes differ.

    >>> luck = np.random.default_rng(1).normal(size=(3, 1, 200))
    >>> gains = np.array([0.0, 0.5, 1.0])[:, None, None]
    >>> noise = np.random.default_rng(2).normal(size=luck.shape)
    >>> grid = {"none": luck, "bond": luck + gains + noise}
    >>> table = contrasts_by_point(grid, "none", ["bond"], "welfare", game="dilemma")
    >>> (table["p_holm"] < 0.001).tolist()
    [False, True, True]
    """
    placebos = placebos or {}
    declared = [baseline, *arms, *(name for arm in arms for name in placebos.get(arm, ()))]
    _check_names("arm", declared, values)
    arrays = {name: np.asarray(values[name], dtype=np.float64) for name in declared}
    shape = arrays[baseline].shape
    if len(shape) != 3 or shape[1] not in (1, 2) or {a.shape for a in arrays.values()} != {shape}:
        told = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"all arms need one shape [points, 1 or 2, worlds], but they have {told}")
    kinds = (ORDINARY, TWIN)[: shape[1]]

    def cell(named: Cell) -> Floats:
        payoffs, arm = named
        return arrays[arm][:, kinds.index(payoffs)]

    tables = [pd.DataFrame(columns=list(POINT_COLUMNS))]
    for key, plus, minus in _declared(baseline, arms, placebos, set(kinds)):
        found = contrast_all(
            differences([cell(c) for c in plus], [cell(c) for c in minus]),
            resamples=resamples,
            flips=flips,
            confidence=confidence,
            seed=seed,
            bounded_tails=bounded_tails,
        )
        about = dict(zip(_KEYS, (game, metric, *key), strict=True))
        tables.append(pd.DataFrame({**about, "point": np.arange(shape[0]), **vars(found)}))
    whole = pd.concat(tables[1:] or tables, ignore_index=True)
    return adjusted(whole)[list(POINT_COLUMNS)]


def adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """The same contrasts with `p_holm` and `q_value`, adjusted over all of each metric.

    A family is all rows of one metric, of all games, arms and points, except the effects in the
    twin. Those are a check of the experiment: a small p-value among them is an alarm, which
    adjustment would mute.

    Args:
        table: Rows with the columns `metric`, `payoffs` and `p_value`.

    Returns:
        A copy with both columns set; NaN for effects in the twin.

    >>> rows = pd.DataFrame(
    ...     {"metric": "welfare", "payoffs": ["ordinary", "ordinary", "zero_sum_twin"],
    ...      "p_value": [0.04, 0.02, 0.01]})
    >>> adjusted(rows)[["p_holm", "q_value"]].to_numpy().tolist()
    [[0.04, 0.04], [0.04, 0.04], [nan, nan]]
    """
    claims = (table["payoffs"] != TWIN).to_numpy()
    p_values = table["p_value"].to_numpy(dtype=np.float64)
    p_holm, q_value = np.full((2, len(table)), np.nan)
    for metric in table["metric"].unique():
        family = claims & (table["metric"] == metric).to_numpy()
        p_holm[family] = holm(p_values[family])
        q_value[family] = benjamini_hochberg(p_values[family])
    return table.assign(p_holm=p_holm, q_value=q_value)


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


def _declared(
    baseline: str, arms: Sequence[str], placebos: Mapping[str, Sequence[str]], payoffs: set[str]
) -> Iterator[tuple[tuple[str, str, str, str], list[Cell], list[Cell]]]:
    """Key (arm, comparison, against, payoffs), cells added and cells taken away, row by row."""
    for arm in arms:
        if arm != baseline:
            for kind in (ORDINARY, TWIN):
                if kind in payoffs:
                    key = (arm, "baseline", baseline, kind)
                    yield key, [(kind, arm)], [(kind, baseline)]
            if {ORDINARY, TWIN} <= payoffs:
                yield (
                    (arm, "beyond_twin", baseline, "ordinary_minus_twin"),
                    [(ORDINARY, arm), (TWIN, baseline)],
                    [(ORDINARY, baseline), (TWIN, arm)],
                )
        for placebo in placebos.get(arm, ()) if ORDINARY in payoffs else ():
            key = (arm, "placebo", placebo, ORDINARY)
            yield key, [(ORDINARY, arm)], [(ORDINARY, placebo)]


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
