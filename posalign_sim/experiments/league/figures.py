"""Figures of a league: ratings with their intervals, and what players leave to their partners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from posalign_sim.experiments.figures import (
    BLUE,
    FAINT,
    GREY,
    SETTINGS,
    VERMILION,
    Figure,
    canvas_of,
    save_figure,
)
from posalign_sim.experiments.league.standings import Standings
from posalign_sim.experiments.wording import cut_to


def draw_league(main: Standings, held_out: Standings | None, folder: Path) -> list[Figure]:
    """Draw the ratings, and own points against what partners lose.

    Args:
        main: standings in the scenarios that rank.
        held_out: in those that do not.
        folder: where to save; made if absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    from matplotlib import rc_context

    with rc_context(SETTINGS):
        return [_ratings(main, held_out, folder), _plane(main, folder)]


def _ratings(main: Standings, held_out: Standings | None, folder: Path) -> Figure:
    order = main.order[::-1]
    canvas = canvas_of(1.2 + 0.32 * len(order))
    axis = canvas.subplots()
    tables = []
    kinds = [(main, BLUE, 0.0, "ranking")]
    if held_out is not None:
        kinds.append((held_out, VERMILION, -0.25, "held out"))
    for found, colour, shift, label in kinds:
        at = np.arange(len(order)) + shift
        value, low, high = (part["rating"][order] for part in (found.values, found.low, found.high))
        axis.hlines(at, low, high, color=colour, linewidth=1.6)
        axis.plot(value, at, "o", color=colour, markersize=4.5, label=label)
        tables.append(found.table().assign(kind=label))
    axis.set_yticks(np.arange(len(order)), [cut_to(main.names[k], 28) for k in order])
    axis.axvline(1000, color=FAINT, linewidth=0.8, zorder=0)
    axis.set_xlabel("rating")
    if held_out is not None:
        axis.legend(frameon=False, fontsize=8.5, loc="lower right")
    path = folder / "ratings.png"
    save_figure(canvas, pd.concat(tables, ignore_index=True), path)
    return Figure(
        path,
        "Ratings",
        "Dots are ratings, lines their 95% intervals. 1000 is the mean of all players.",
    )


def _plane(main: Standings, folder: Path) -> Figure:
    canvas = canvas_of(3.6)
    axis = canvas.subplots()
    x, y = main.values["partner_loss"], main.values["points"]
    axis.axhline(0, color=FAINT, linewidth=0.8)
    axis.axvline(0, color=FAINT, linewidth=0.8)
    loss, own = "partner_loss", "points"
    axis.hlines(y, main.low[loss], main.high[loss], color=GREY, linewidth=0.8)
    axis.vlines(x, main.low[own], main.high[own], color=GREY, linewidth=0.8)
    axis.plot(x, y, "o", color=BLUE, markersize=5)
    for k, name in enumerate(main.names):
        if not np.isnan(x[k]):
            axis.annotate(
                cut_to(name, 24), (x[k], y[k]), (4, 4), textcoords="offset points", fontsize=8.5
            )
    axis.set_xlabel("what partners lose")
    axis.set_ylabel("own points")
    path = folder / "partners.png"
    save_figure(canvas, main.table(), path)
    return Figure(
        path,
        "Own points, and what partners lose",
        "In standard deviations of a scenario. At the upper left are those who do well and with "
        "whom others do well; at the upper right those who do well at the expense of others.",
    )
