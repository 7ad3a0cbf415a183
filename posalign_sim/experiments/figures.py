"""The figures of a study: what each arm did to welfare, what it cost, what happened over time.

Every figure is saved three times under one name: PNG, SVG and the numbers drawn, as CSV. The same
numbers give the same bytes. Figures are narrow, so that their print stays readable on a phone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.files import save_table, write_atomically
from posalign_sim.experiments.wording import arm_order, label, spell, withdrawals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

# Okabe & Ito (2008): told apart by readers with any of the common colour blindnesses.
INK, GREY, FAINT = "#222222", "#767676", "#d9d9d9"
BLUE, VERMILION = "#0072b2", "#d55e00"
LINES = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#d55e00")
PANELS = (
    ("ordinary", "ordinary game", BLUE),
    ("zero_sum_twin", "zero-sum twin", VERMILION),
)
STYLES = ("-", "--", ":")
#: Width of every figure in inches. At 390 pixels on a phone, a point of print is about a pixel.
WIDTH = 4.9
SETTINGS: Any = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 10.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "posalign_sim",  # element names in the SVG, else drawn at random
    "text.color": INK,
    "text.parse_math": False,  # names are text, whatever characters they hold
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.left": False,
}


@dataclass(frozen=True)
class Figure:
    """A saved figure; its SVG and CSV lie beside the PNG under the same name.

    Attributes:
        path: The PNG.
        title: What it shows, as a heading.
        caption: How to read it, in sentences that stand alone.
    """

    path: Path
    title: str
    caption: str


def draw(
    results: pd.DataFrame,
    contrasts: pd.DataFrame,
    trajectories: pd.DataFrame,
    study: Mapping[str, Any],
    folder: Path,
) -> list[Figure]:
    """Draw the figures of every game that the data allow.

    Args:
        results: Long table of a study (`posalign_sim.metrics.statistics.contrasts`). Only the
            order of its games is read, where the study does not tell it.
        contrasts: Contrasts of the primary metric and, for the cost, of `welfare_gross` and
            `welfare_net`.
        trajectories: Table with `game, arm, payoffs, round, metric, mean, low, high`, the mean
            over worlds and its interval; may be empty.
        study: The study (`posalign_sim.experiments.study.report.write_report`).
        folder: Where to save; made if absent.

    Returns:
        The figures: by game, its effects, its costs and its course.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    games = [*study["games"], *sorted(set(results["game"]) - set(study["games"]))]
    # Imported here: reading results needs no drawing, and matplotlib is slow to load.
    from matplotlib import rc_context

    with rc_context(SETTINGS):
        return [
            figure
            for game, slug in zip(games, _slugs(games), strict=True)
            for figure in _draw_game(contrasts, trajectories, study, game, folder, slug)
        ]


def _draw_game(
    contrasts: pd.DataFrame,
    trajectories: pd.DataFrame,
    study: Mapping[str, Any],
    game: str,
    folder: Path,
    slug: str,
) -> list[Figure]:
    figures: list[Figure] = []
    base = contrasts[(contrasts["game"] == game) & (contrasts["comparison"] == "baseline")]
    effects = base[base["metric"] == study["primary"]]
    welfare = base[
        base["metric"].isin(["welfare_gross", "welfare_net"]) & (base["payoffs"] == "ordinary")
    ]
    course = trajectories
    if len(trajectories):
        course = trajectories[
            (trajectories["game"] == game)
            & (trajectories["metric"] == "cooperation")
            & (trajectories["payoffs"] == "ordinary")
        ].sort_values(["arm", "round"])
    if effects["estimate"].notna().any():
        figures.append(_effects(effects, study, game, folder / f"effect_{slug}.png"))
    if set(welfare["metric"]) == {"welfare_gross", "welfare_net"}:
        figures.append(_costs(welfare, study, game, folder / f"cost_{slug}.png"))
    if len(course):
        figures.append(_course(course, study, game, folder / f"course_{slug}.png"))
    return figures


def _effects(rows: pd.DataFrame, study: Mapping[str, Any], game: str, path: Path) -> Figure:
    """Forest plot of the primary metric: the ordinary game beside its twin, on one scale."""
    panels = [panel for panel in PANELS if (rows["payoffs"] == panel[0]).any()]
    order = arm_order(study)
    canvas = canvas_of(0.26 * len(order) + 1.0)
    axes = canvas.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (kind, name, colour) in zip(axes, panels, strict=True):
        _rows(axis, order)
        found = {row.arm: row for row in records(rows[rows["payoffs"] == kind])}
        for height, (arm, parent) in enumerate(order):
            if arm in found and np.isfinite(found[arm].estimate):
                row = found[arm]
                axis.plot([row.low, row.high], [height] * 2, color=colour, linewidth=1.4)
                _dot(axis, row.estimate, height, colour, hollow=parent is not None)
            else:
                axis.text(0, height, " undefined", color=GREY, va="center", fontsize=9)
        axis.set_title(name, loc="left", fontsize=10.5, color=colour, fontweight="bold")
    baseline = spell(study["baseline"])
    what, unit = label(study["primary"])
    canvas.supxlabel(f"change against “{baseline}”{', ' + unit if unit else ''}", fontsize=10)
    save_figure(canvas, rows, path)
    twin = (
        " Both panels have one scale. In the twin nothing can be gained, so what is seen there "
        "is only what the arms use up."
        if len(panels) == 2 and study["primary"] == "welfare_net"
        else ""
    )
    return Figure(
        path,
        f"{_title(game)}: what each arm did to {what}",
        f"Change in mean {what} against “{baseline}” in the same worlds, with 95% intervals. "
        f"Filled marks are arms in force, hollow marks their placebos.{twin}",
    )


def _costs(rows: pd.DataFrame, study: Mapping[str, Any], game: str, path: Path) -> Figure:
    """Gross and net effect of each arm, joined by what the arm used up."""
    order = arm_order(study)
    found = {(row.arm, row.metric): row.estimate for row in records(rows)}
    canvas = canvas_of(0.26 * len(order) + 1.0)
    axis = canvas.subplots()
    _rows(axis, order)
    for height, (arm, parent) in enumerate(order):
        gross, net = found[arm, "welfare_gross"], found[arm, "welfare_net"]
        axis.plot([gross, net], [height] * 2, color=VERMILION, linewidth=1.4)
        axis.plot([gross], [height], marker="|", color=INK, markersize=9, markeredgewidth=1.4)
        _dot(axis, net, height, BLUE, hollow=parent is not None)
    # The key is the picture itself, taken apart in the margin above.
    for x, text, colour in (
        (0.0, "| before costs", INK),
        (0.36, "— cost", VERMILION),
        (0.56, "● after costs", BLUE),
    ):
        axis.text(x, 1.02, text, color=colour, transform=axis.transAxes, fontweight="bold")
    baseline = spell(study["baseline"])
    axis.set_xlabel(f"change in welfare against “{baseline}”,\n{label('welfare_net')[1]}")
    save_figure(canvas, rows, path)
    return Figure(
        path,
        f"{_title(game)}: what it cost",
        f"Change in mean welfare against “{baseline}” before (bar) and after (dot) what running "
        "the arm uses up; the line between is the cost. Hollow dots are placebos. The intervals "
        "are in the table beside the figure.",
    )


def _course(rows: pd.DataFrame, study: Mapping[str, Any], game: str, path: Path) -> Figure:
    """Cooperation by round, with the moment at which an arm was withdrawn."""
    shown = [study["baseline"], *(arm for arm, parent in arm_order(study) if parent is None)]
    shown = [arm for arm in shown if (rows["arm"] == arm).any()]
    moments = withdrawals(study)
    canvas = canvas_of(3.3)
    axis = canvas.subplots()
    ends: list[tuple[float, str, str]] = []
    for number, arm in enumerate(shown):
        line = rows[rows["arm"] == arm]
        colour, style = GREY, "-"
        if arm != study["baseline"]:
            colour = LINES[(number - 1) % len(LINES)]
            style = STYLES[(number - 1) // len(LINES) % len(STYLES)]
        if arm in moments:
            colour, style = INK, "-"
        width = 2.0 if arm in moments else 1.3
        axis.plot(line["round"], line["mean"], color=colour, linestyle=style, linewidth=width)
        axis.fill_between(
            line["round"], line["low"], line["high"], color=colour, alpha=0.15, linewidth=0
        )
        defined = line["mean"].dropna()
        if len(defined):
            ends.append((float(defined.iloc[-1]), spell(arm), colour))
    axis.set_ylim(-0.02, 1.02)
    axis.set_xlim(rows["round"].min(), rows["round"].max())
    for (_, text, colour), height in zip(
        sorted(ends), _apart([end for end, _, _ in sorted(ends)], 0.085), strict=True
    ):
        axis.text(
            1.02, height, text, color=colour, va="center", transform=axis.get_yaxis_transform()
        )
    for arm in [arm for arm in moments if arm in shown]:
        axis.axvline(moments[arm], color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
        note = f"“{spell(arm)}” switched off "
        axis.text(moments[arm], 1.03, note, ha="center", va="bottom", fontsize=9.5)
    axis.grid(axis="y", color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_xlabel("round")
    axis.set_ylabel("cooperation", fontsize=10)
    axis.locator_params(axis="x", integer=True, nbins=6)
    save_figure(canvas, rows, path)
    after = (
        " Right of the dashed line the withdrawn institutions no longer act: the gap to "
        f"“{spell(study['baseline'])}” there is what outlasts them."
        if any(arm in moments for arm in shown)
        else ""
    )
    return Figure(
        path,
        f"{_title(game)}: cooperation over time",
        "Mean cooperation (1 = best for all, 0 = selfish) by round in the ordinary game, with 95% "
        f"bands over worlds; placebos are in the table beside the figure.{after}",
    )


def _rows(axis: Axes, order: Sequence[tuple[str, str | None]]) -> None:
    """One row for each arm, the first on top; a placebo's name is grey and set in."""
    axis.set_yticks(range(len(order)), [_name(arm, parent) for arm, parent in order])
    labels = axis.get_yticklabels()  # none in a panel that shares those of its neighbour
    for text, (_, parent) in zip(labels, order, strict=False):
        text.set(horizontalalignment="left", color=INK if parent is None else GREY)
    if labels:  # names are set flush left, and the longest says how much room they need
        canvas: Any = axis.figure.canvas
        widths = [label.get_window_extent(canvas.get_renderer()).width for label in labels]
        axis.tick_params(axis="y", pad=4 + max(widths) * 72 / canvas.figure.dpi)
    axis.set_ylim(len(order) - 0.4, -0.6)
    axis.axvline(0, color=GREY, linewidth=0.8)
    for height, (_, parent) in enumerate(order):
        if parent is None and height:
            axis.axhline(height - 0.5, color=FAINT, linewidth=0.6)
    axis.locator_params(axis="x", nbins=4)


def _name(arm: str, parent: str | None) -> str:
    name = spell(arm) if parent is None else f"   {spell(arm, parent)}"
    return name if len(name) <= 24 else name[:23] + "…"


def _dot(axis: Axes, x: float, y: float, colour: str, hollow: bool) -> None:
    face = "white" if hollow else colour
    axis.plot([x], [y], marker="o", color=colour, markerfacecolor=face, markersize=5)


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move sorted labels as little as needed so that neighbours are `gap` apart, within [0, 1]."""
    placed = list(heights)
    for _ in range(200):
        for i in range(len(placed) - 1):
            lack = gap - (placed[i + 1] - placed[i])
            if lack > 1e-9:
                placed[i] -= lack / 2
                placed[i + 1] += lack / 2
        shift = max(0.0, -placed[0]) - max(0.0, placed[-1] - 1) if placed else 0.0
        placed = [height + shift for height in placed]
    return placed


def records(table: pd.DataFrame) -> list[Any]:
    """Rows by attribute, of types that pandas cannot tell."""
    return list(table.itertuples(index=False))


def canvas_of(height: float) -> Canvas:
    """An empty figure of the common width and a height in inches."""
    # Not through pyplot, so that a caller's own backend and open figures are left alone.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(canvas)
    return canvas


def save_figure(canvas: Canvas, data: pd.DataFrame, path: Path) -> None:
    """Save a figure as PNG and SVG, and its numbers as CSV; the same numbers, the same bytes."""
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
        page = io.BytesIO()
        canvas.savefig(page, format=suffix[1:], dpi=150, metadata=metadata)
        write_atomically(path.with_suffix(suffix), page.getvalue())
    save_table(data, path.with_suffix(".csv"))


def _slugs(names: Sequence[str]) -> list[str]:
    """File names, one for each name, whatever characters they hold."""
    slugs: list[str] = []
    for name in names:
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or "game"
        while slug in slugs:
            slug += "_"
        slugs.append(slug)
    return slugs


def _title(game: str) -> str:
    text = spell(game)
    return text[:1].upper() + text[1:]
