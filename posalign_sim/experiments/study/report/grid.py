"""What a study over a grid comes to: each arm over all points, and the points worth a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.page import table_part
from posalign_sim.experiments.study.report.grid_contrasts import arrays_of
from posalign_sim.experiments.study.report.verdicts import Verdict
from posalign_sim.experiments.wording import (
    DASH,
    arm_order,
    brackets,
    capital,
    counted,
    cut_to,
    point_text,
    signed,
    spell,
)
from posalign_sim.metrics.statistics import paired_contrast

#: A page has at most this many rows that speak of single points.
MOST_ROWS = 50


@dataclass(frozen=True)
class OverGrid:
    """One arm of one game over all points of the grid.

    Attributes:
        game: The game.
        arm: The arm.
        parent: The arm that it is a placebo of, or None.
        points: At how many points it was run.
        codes: How many points have which verdict; codes of `verdicts.CODES`.
        median: Median effect over the points at which it is defined; NaN if there are none.
        least: Smallest effect.
        most: Greatest effect.
        cost: Median cost.
        best: Verdict at the point with the greatest effect; None if it is defined nowhere.
        worst: Verdict at the point with the smallest effect.
    """

    game: str
    arm: str
    parent: str | None
    points: int
    codes: Mapping[str, int]
    median: float
    least: float
    most: float
    cost: float
    best: Verdict | None
    worst: Verdict | None


def over_grid(found: Sequence[Verdict]) -> list[OverGrid]:
    """Gather verdicts by game and arm.

    Args:
        found: What `verdicts` gave for a study with a grid.

    Returns:
        One entry for each game and arm, in the order of the verdicts.
    """
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in found:
        groups.setdefault((verdict.game, verdict.arm), []).append(verdict)
    gathered = []
    for (game, arm), group in groups.items():
        defined = [v for v in group if not np.isnan(v.effect.estimate)]
        order = sorted(defined, key=lambda v: (v.effect.estimate, v.point))
        effects = [v.effect.estimate for v in order] or [float("nan")]
        costs = [v.cost for v in group if not np.isnan(v.cost)] or [float("nan")]
        gathered.append(
            OverGrid(
                game,
                arm,
                group[0].parent,
                len(group),
                Counter(v.code for v in group),
                float(np.median(effects)),
                effects[0],
                effects[-1],
                float(np.median(costs)),
                min(order, key=lambda v: (-v.effect.estimate, v.point)) if order else None,
                order[0] if order else None,
            )
        )
    return gathered


def over_points(results: pd.DataFrame) -> pd.DataFrame:
    """Each world's mean over the points of the grid, undefined if it is at any of them.

    World number k has the same luck at every point, so it remains the unit.

    Args:
        results: Long table of results; without a grid it is returned as it is.

    >>> table = pd.DataFrame({"game": "g", "arm": "none", "payoffs": "ordinary", "point": [0, 1],
    ...                       "world": 0, "metric": "m", "value": [1.0, 2.0]})
    >>> over_points(table)["value"].tolist()
    [1.5]
    """
    if "point" not in results:
        return results
    keys = ["game", "arm", "payoffs", "world", "metric"]
    ordered = results.sort_values([*keys, "point"])  # a sum of floats depends on its order
    return ordered.groupby(keys, observed=True)["value"].mean(skipna=False).reset_index()


def pooled(levels: pd.DataFrame) -> pd.DataFrame:
    """Levels of metrics over all points of the grid, each point as heavy as its defined worlds.

    >>> levels = pd.DataFrame({"game": "g", "arm": "none", "payoffs": "ordinary", "metric": "m",
    ...                        "point": [0, 1], "mean": [1.0, 4.0], "worlds": 2,
    ...                        "undefined": [0, 1]})
    >>> pooled(levels)[["mean", "worlds", "undefined"]].iloc[0].tolist()
    [2.0, 4.0, 1.0]
    """
    if "point" not in levels:
        return levels
    keys = ["game", "arm", "payoffs", "metric"]
    known = levels["worlds"] - levels["undefined"]
    parts = levels.assign(known=known, total=(levels["mean"] * known).fillna(0.0))
    sums = parts.groupby(keys, observed=True)[["total", "known", "worlds", "undefined"]].sum()
    sums["mean"] = sums["total"] / sums["known"].where(sums["known"] > 0)
    return sums.reset_index()[[*keys, "mean", "worlds", "undefined"]]


def grid_tables(found: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    """The main tables of a study over a grid: each arm in a row; then the points, or some."""
    heads = ["Arm", "Raises it", "As placebo", "Lowers it", "Median", "Range", "Cost", "Most at"]
    gathered = over_grid(found)
    text = ""
    for game in dict.fromkeys(row.game for row in gathered):
        here = [row for row in gathered if row.game == game]
        rows = [
            [
                escape(spell(row.arm, row.parent)),
                _share(row, "raises"),
                _share(row, "as_placebo") if row.parent is None else DASH,
                _share(row, "lowers"),
                signed(row.median),
                f"<span>{signed(row.least)} to {signed(row.most)}</span>",
                signed(row.cost).lstrip("+"),
                escape(_where(row.best, study)) + _refused(row),
            ]
            for row in here
        ]
        text += f"<h3>{escape(capital(spell(game)))}</h3>"
        text += table_part(heads, rows, [row.parent for row in here])
        text += _points_table([v for v in found if v.game == game and v.parent is None], study)
    return text


def _points_table(found: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    """Every point if they are few, else the ends of each arm."""
    if not found:
        return ""
    shown, note = list(found), "Every point of the grid."
    if len(found) > MOST_ROWS:
        by_arm: dict[str, list[Verdict]] = {}
        for verdict in found:
            if not np.isnan(verdict.effect.estimate):
                by_arm.setdefault(verdict.arm, []).append(verdict)
        each = max(1, min(3, MOST_ROWS // (2 * max(1, len(by_arm)))))
        shown = []
        for group in list(by_arm.values())[: MOST_ROWS // (2 * each)]:
            order = sorted(group, key=lambda v: (-v.effect.estimate, v.point))
            shown += order if len(order) <= 2 * each else order[:each] + order[-each:]
        note = (
            f"For each arm the {counted(each, 'point')} at which it did most, and those at which "
            f"it did least; all {counted(len(study['points']), 'point')} are in "
            "<code>contrasts.csv</code>."
        )
    rows = [
        [
            escape(spell(v.arm)),
            escape(_where(v, study)),
            "{} <span>{}</span>".format(*brackets(v.effect)),
            f'<span class="verdict {v.code}">{escape(v.word)}</span>',
        ]
        for v in shown
    ]
    return f"<p>{note}</p>{table_part(['Arm', 'Point', 'Effect', 'Verdict'], rows)}"


def grid_lines(found: Sequence[Verdict], study: Mapping[str, Any]) -> list[str]:
    """The main result over a grid as plain text, at most 100 columns wide."""
    gathered = over_grid(found)
    lines = []
    for game in dict.fromkeys(row.game for row in gathered):
        head = "{:>9}{:>9}{:>8}{:>9}  {}".format("raises", "lowers", "points", "median", "most at")
        lines += ["", f"{cut_to(spell(game), 23):<23}{head}"]
        for row in (row for row in gathered if row.game == game):
            name = spell(row.arm) if row.parent is None else "  " + spell(row.arm, row.parent)
            most = DASH
            if row.best is not None:
                most = f"{signed(row.most)} at {_where(row.best, study, short=True)}"
            judged = row.points - row.codes.get("no_claim", 0) - row.codes.get("suspect", 0)
            up, down = (row.codes.get(c, 0) if judged else DASH for c in ("raises", "lowers"))
            lines.append(
                f"{cut_to(name, 23):<23}{up:>9}{down:>9}{row.points:>8}{signed(row.median):>9}  "
                f"{cut_to(most, 40)}"
            )
    refused = sum(v.code in ("no_claim", "suspect") for v in found)
    if refused:
        same = ", and models that stay the same" if study.get("answered") else ""
        lines += [
            f"=> no claim at {refused:,} of {counted(len(found), 'point')}: one needs "
            f"{study['claims_minimum_worlds']} worlds, all defined, a twin that stands still{same}"
        ]
    return lines


def _share(row: OverGrid, code: str) -> str:
    return f"<span>{row.codes.get(code, 0):,} of {row.points:,}</span>"


def _where(verdict: Verdict | None, study: Mapping[str, Any], short: bool = False) -> str:
    if verdict is None or verdict.point is None:
        return DASH
    return point_text(study["points"][verdict.point], short)


def _refused(row: OverGrid) -> str:
    """How many points nothing is said of."""
    refused = row.codes.get("no_claim", 0) + row.codes.get("suspect", 0)
    return f'<small class="gap">no claim at {counted(refused, "point")}</small>' if refused else ""


def main_effects(results: pd.DataFrame, study: Mapping[str, Any]) -> pd.DataFrame:
    """Effect of each arm at each value of one axis, averaged over the values of all others.

    Averages are taken world by world, so that the world remains the unit.

    Args:
        results: Long table of results of one game.
        study: The study.

    Returns:
        `axis, value, arm, estimate, low, high, p_value, pairs, undefined`; unadjusted.
    """
    chosen = results[(results["metric"] == study["primary"]) & (results["payoffs"] == "ordinary")]
    arms = [arm for arm, _ in arm_order(study) if (chosen["arm"] == arm).any()]
    values, points = arrays_of(chosen, [study["baseline"], *arms])
    rows = []
    for axis, levels in study["axes"].items():
        there = np.array([study["points"][point][axis] for point in points], object)
        for level in levels:
            here = there == level
            if not here.any():
                continue
            control = values[study["baseline"]][here, 0].mean(axis=0)
            for arm in arms:
                found = paired_contrast(
                    *(values[arm][here, 0].mean(axis=0), control), seed=int(study["seed"]) % 2**63
                )
                rows.append({"axis": axis, "value": level, "arm": arm, **vars(found)})
    return pd.DataFrame(rows)
