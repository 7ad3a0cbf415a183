"""Factorial designs: what each institution adds, and what it adds more where others are in place.

A design of k factors has 2**k cells, one for each set of factors that is present. The effect of a
set S of factors is its |S|-fold difference, averaged over the presence of the others:

* one factor, its **main effect**: the outcome with it less the outcome without it;
* two, their **interaction**: by how much more the first adds where the second is present than
  where it is not; positive for complements, negative for substitutes;
* three: by how much that interaction differs with the third; and so on.

Source: Box, Hunter & Hunter (2005), Statistics for Experimenters, ch. 5, where effects of order
|S| are divided by 2**(|S| - 1): there a half-difference, here the difference itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from posalign_sim.metrics.inference.multiplicity import holm
from posalign_sim.metrics.inference.paired import contrast_all, differences, joined

#: Columns of the table that `factorial_effects` returns.
EFFECT_COLUMNS = (
    *("game", "metric", "payoffs", "effect", "order"),
    *("estimate", "low", "high", "p_value", "p_holm", "pairs", "undefined"),
)
#: Stands between the names of factors that are present together, and that interact.
AND, TIMES = "+", " x "
#: The cell without any factor.
NOTHING = "none"


def cells(factors: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every set of factors that can be present, small ones first.

    >>> [cell_name(cell) for cell in cells(["bond", "audit"])]
    ['none', 'bond', 'audit', 'bond+audit']
    """
    for size in range(len(factors) + 1):
        yield from combinations(factors, size)


def cell_name(present: Sequence[str]) -> str:
    """What the arm is called in which these factors are present, and no others."""
    return AND.join(present) or NOTHING


def factorial_effects(
    results: pd.DataFrame,
    factors: Sequence[str],
    metric: str,
    *,
    payoffs: str = "ordinary",
    resamples: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Main effects and interactions of all orders, world by world paired over all cells.

    Args:
        results: Long table with columns `game, arm, payoffs, world, metric, value`; arms are
            called by `cell_name`.
        factors: Names of the factors.
        metric: Which metric.
        payoffs: `"ordinary"` or `"zero_sum_twin"`.
        resamples: Bootstrap resamples.
        seed: Seed of intervals and tests.

    Returns:
        A table with the columns `EFFECT_COLUMNS`, a row for each game and set of factors, by order;
        `p_holm` is adjusted over all of them. A pair is a world that is defined in every cell.

    Raises:
        ValueError: a cell is missing, or there is no factor.

    >>> table = pd.DataFrame(
    ...     [("g", cell_name(c), "ordinary", w, "m", 1.0 * ("a" in c) + 2.0 * (len(c) == 2))
    ...      for c in cells(["a", "b"]) for w in range(8)],
    ...     columns=["game", "arm", "payoffs", "world", "metric", "value"])
    >>> effects = factorial_effects(table, ["a", "b"], "m")
    >>> dict(zip(effects["effect"], effects["estimate"]))
    {'a': 2.0, 'b': 1.0, 'a x b': 2.0}
    """
    if not factors:
        raise ValueError("a factorial design needs at least one factor")
    chosen = results[(results["metric"] == metric) & (results["payoffs"] == payoffs)]
    every = list(cells(factors))
    rows, parts = [], []
    for game, here in chosen.groupby("game", sort=True):
        wide = here.pivot(index="world", columns="arm", values="value").sort_index()
        missing = [cell_name(cell) for cell in every if cell_name(cell) not in wide]
        if missing:
            raise ValueError(f"{game} lacks the arms {', '.join(missing)} of the factorial design")
        for effect in every[1:]:
            signs = [(-1) ** (len(effect) - len(set(effect) & set(cell))) for cell in every]
            share = 2 ** (len(factors) - len(effect))
            terms = np.array(
                [s * wide[cell_name(c)].to_numpy() for s, c in zip(signs, every, strict=True)]
            )
            plus, minus = np.array(signs) > 0, np.array(signs) < 0
            sides = terms[plus].sum(axis=0) / share, -terms[minus].sum(axis=0) / share
            parts.append(differences([sides[0][None]], [sides[1][None]]))
            rows.append(
                {
                    "game": game,
                    "metric": metric,
                    "payoffs": payoffs,
                    "effect": TIMES.join(effect),
                    "order": len(effect),
                }
            )
    found = contrast_all(joined(parts), resamples=resamples, seed=seed)
    table = pd.DataFrame(rows).assign(**vars(found))
    table["p_holm"] = holm(table["p_value"].to_numpy())
    return table[list(EFFECT_COLUMNS)]
