"""The figures of a study: what each arm did to welfare, what it cost, what happened over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.figures import (
    BLUE,
    FAINT,
    FORMATS,
    GREY,
    INK,
    LINES,
    SETTINGS,
    STYLES,
    VERMILION,
    Figure,
    apart,
    canvas_of,
    save_figure,
    slugs,
)
from posalign_sim.experiments.study.report.verdicts import records
from posalign_sim.experiments.wording import arm_order, capital, label, spell, withdrawals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = (
    ("ordinary", "ordinary game", BLUE),
    ("zero_sum_twin", "zero-sum twin", VERMILION),
)


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
            for game, slug in zip(games, slugs(games), strict=True)
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
        arm_rows(axis, order)
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
    save_figure(canvas, rows, path, list(FORMATS))
    twin = (
        " Both panels have one scale. In the twin nothing can be gained, so what is seen there "
        "is only what the arms use up."
        if len(panels) == 2 and study["primary"] == "welfare_net"
        else ""
    )
    return Figure(
        path,
        f"{capital(spell(game))}: what each arm did to {what}",
        f"Change in mean {what} against “{baseline}” in the same worlds, with 95% intervals. "
        f"Filled marks are arms in force, hollow marks their placebos.{twin}",
    )


def _costs(rows: pd.DataFrame, study: Mapping[str, Any], game: str, path: Path) -> Figure:
    """Gross and net effect of each arm, joined by what the arm used up."""
    order = arm_order(study)
    found = {(row.arm, row.metric): row.estimate for row in records(rows)}
    canvas = canvas_of(0.26 * len(order) + 1.0)
    axis = canvas.subplots()
    arm_rows(axis, order)
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
    save_figure(canvas, rows, path, list(FORMATS))
    return Figure(
        path,
        f"{capital(spell(game))}: what it cost",
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
        sorted(ends), apart([end for end, _, _ in sorted(ends)], 0.085), strict=True
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
    save_figure(canvas, rows, path, list(FORMATS))
    after = (
        " Right of the dashed line the withdrawn institutions no longer act: the gap to "
        f"“{spell(study['baseline'])}” there is what outlasts them."
        if any(arm in moments for arm in shown)
        else ""
    )
    return Figure(
        path,
        f"{capital(spell(game))}: cooperation over time",
        "Mean cooperation (1 = best for all, 0 = selfish) by round in the ordinary game, with 95% "
        f"bands over worlds; placebos are in the table beside the figure.{after}",
    )


def arm_rows(axis: Axes, order: Sequence[tuple[str, str | None]]) -> None:
    """One row for each arm, the first on top; a placebo's name is grey and set in.

    Args:
        axis: Where to.
        order: Arms, each with the arm that it is a placebo of, or None.
    """
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
