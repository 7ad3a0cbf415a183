"""Figures of a search: each pair of objectives, and the designs of the front side by side."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from posalign_sim.experiments.figures import (
    BLUE,
    FAINT,
    GREY,
    INK,
    SETTINGS,
    VERMILION,
    Figure,
    canvas_of,
    save_figure,
)
from posalign_sim.experiments.search.front import STAYS, Floats
from posalign_sim.experiments.search.search import Found
from posalign_sim.experiments.search.tables import setting_title, spread
from posalign_sim.experiments.wording import capital, cut_to, label, listed, plain, spell

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_search(found: Found, folder: Path) -> list[Figure]:
    """Draw the front in each pair of objectives, and its designs as lines across all settings.

    Args:
        found: what a search has found.
        folder: where to save; made if absent.

    Returns:
        The figures, each a PNG with an SVG and a CSV beside it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    from matplotlib import rc_context

    with rc_context(SETTINGS):
        pairs = combinations(range(len(found.plan.objectives)), 2)
        return [*(_pair(found, a, b, folder) for a, b in pairs), _parallel(found, folder)]


def _pair(found: Found, a: int, b: int, folder: Path) -> Figure:
    """One objective against another: what was tried, the front again, how it was before."""
    names = [found.plan.objectives[k].metric for k in (a, b)]
    tried = np.array([trial.values[[a, b]] for trial in found.trials])
    before, after = found.searched[:, [a, b]], found.fresh.means[:, [a, b]]
    stays = np.array([verdict == STAYS for verdict, _ in found.verdicts])
    canvas = canvas_of(3.6)
    axis = canvas.subplots()
    axis.plot(*tried.T, ".", color=FAINT, markersize=5, label="tried")
    for old, new in zip(before, after, strict=True):
        axis.plot([old[0], new[0]], [old[1], new[1]], color=GREY, linewidth=0.6, zorder=2)
    axis.plot(
        *after[~stays].T, "o", color=VERMILION, markersize=4.5, label="beaten on fresh worlds"
    )
    axis.plot(*after[stays].T, "o", color=BLUE, markersize=5.5, label="front")
    rows = [_rows("tried", tried), _rows("front_in_search", before), _rows("front_anew", after)]
    marks = (("as configured", "s", found.standing), ("no institution", "x", found.none))
    for name, mark, measured in marks:
        at = measured.means[:, [a, b]]
        axis.plot(*at.T, mark, color=INK, markersize=6, label=name)
        rows.append(_rows(name, at))
    axis.set_xlabel(_title(found, a))
    axis.set_ylabel(_title(found, b))
    hidden = _frame(
        axis, np.concatenate([tried, after, found.standing.means[:, [a, b]]]), found, a, b
    )
    axis.grid(color=FAINT, linewidth=0.4)
    axis.legend(
        frameon=False, fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncol=3
    )
    path = folder / f"front_{names[0]}_{names[1]}.png"
    table = pd.concat(rows, ignore_index=True).set_axis(["design", *names], axis=1)
    table["verdict"] = [""] * (len(tried) + len(before)) + [
        *(verdict for verdict, _ in found.verdicts),
        *[""] * len(marks),
    ]
    save_figure(canvas, table, path)
    first, second = (label(name)[0] for name in names)
    return Figure(
        path,
        capital(f"{first} and {second}"),
        "Each dot is a design. Coloured ones are the front, measured on worlds that the search has "
        "not seen: blue if still no other of them is at least as good in every objective and "
        "better in one, red if one is. A grey line leads back to what the search had seen of it."
        + hidden,
    )


def _title(found: Found, k: int) -> str:
    objective = found.plan.objectives[k]
    return f"{label(objective.metric)[0]} ({'more' if objective.up else 'less'} is better)"


def _frame(axis: Axes, shown: Floats, found: Found, a: int, b: int) -> str:
    """Show the designs large, and say where no institution is if that is far away from them."""
    shown = shown[~np.isnan(shown).any(axis=1)]
    low, high = shown.min(axis=0), shown.max(axis=0)
    room = np.maximum(0.08 * (high - low), 1e-9 + 1e-3 * np.abs(high))
    axis.set_xlim(low[0] - room[0], high[0] + room[0])
    axis.set_ylim(low[1] - room[1], high[1] + room[1])
    x, y = found.none.means[0, [a, b]]
    if np.isnan([x, y]).any():
        return ""
    if (low - room <= (x, y)).all() and ((x, y) <= high + room).all():
        return ""
    return f" No institution lies outside the frame, at {x:.3g} and {y:.3g}."


def _rows(name: str, values: Floats) -> pd.DataFrame:
    table = pd.DataFrame(values, columns=["x", "y"])
    table.insert(0, "design", name)
    return table


def _parallel(found: Found, folder: Path) -> Figure:
    """The designs of the front as lines, from setting to setting to objective."""
    plan = found.plan
    scales = [
        *(
            spread(axis, [found.trials[k].point[axis.path] for k in found.front])
            for axis in plan.over
        )
    ]
    lows = [plain(axis.ends[0]) for axis in plan.over]
    highs = [plain(axis.ends[1]) for axis in plan.over]
    titles = [setting_title(axis.path) for axis in plan.over]
    means = found.fresh.means
    for k, objective in enumerate(plan.objectives):
        low, high = float(np.nanmin(means[:, k])), float(np.nanmax(means[:, k]))
        scales.append((means[:, k] - low) / (high - low) if high > low else means[:, k] * 0 + 0.5)
        lows.append(f"{low:.3g}")
        highs.append(f"{high:.3g}")
        titles.append(label(objective.metric)[0])
    places = np.arange(len(titles))
    canvas = canvas_of(0.7 + 0.52 * len(titles))
    axis = canvas.subplots()
    # Settings lie one below the other, so that their names stay readable on a phone.
    lines = np.array(scales)
    for k, (verdict, _) in enumerate(found.verdicts):
        kept = verdict == STAYS
        colour, width = (BLUE, 1.1) if kept else (VERMILION, 0.7)
        axis.plot(lines[:, k], places, color=colour, linewidth=width, alpha=0.6)
    axis.hlines(places, 0, 1, color=GREY, linewidth=0.8)
    for place, (first, last) in enumerate(zip(lows, highs, strict=True)):
        axis.text(-0.02, place, first, ha="right", va="center", fontsize=8.5)
        axis.text(1.02, place, last, ha="left", va="center", fontsize=8.5)
    axis.set_yticks(places, [cut_to(title, 30) for title in titles], fontsize=9)
    axis.tick_params(axis="y", pad=40)
    axis.set_ylim(len(titles) - 0.6, -0.4)
    axis.set_xlim(0, 1.12)
    axis.set_xticks([])
    axis.spines["bottom"].set_visible(False)
    path = folder / "parallel.png"
    table = pd.DataFrame(
        {
            "trial": [found.trials[k].number for k in found.front],
            **{a.path: [found.trials[k].point[a.path] for k in found.front] for a in plan.over},
            **{o.metric: means[:, k] for k, o in enumerate(plan.objectives)},
            "verdict": [verdict for verdict, _ in found.verdicts],
        }
    )
    save_figure(canvas, table, path)
    sought = listed([spell(objective.metric) for objective in plan.objectives])
    return Figure(
        path,
        "The designs of the front",
        "Each line is a design of the front: above the values of what was varied, over the range "
        f"that was searched, below what it comes to ({sought}), from the least to the greatest "
        "among them. Red designs are beaten on worlds that the search has not seen.",
    )
