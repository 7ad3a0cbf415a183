"""Figures of a landscape: where populations flow, where they end, how much leads there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.figures import (
    BLUE,
    FAINT,
    GREY,
    INK,
    SETTINGS,
    VERMILION,
    WIDTH,
    Figure,
    canvas_of,
    save_figure,
)
from posalign_sim.experiments.landscape.attractors import ERRORS
from posalign_sim.experiments.landscape.mixtures import Mixtures
from posalign_sim.experiments.landscape.results import Attractor, Landscape
from posalign_sim.experiments.landscape.tables import flow_table
from posalign_sim.experiments.wording import arm_title, capital, spell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours of attractors and of what leads to them.
COLOURS = {"positive": BLUE, "between": "#e69f00", "negative": VERMILION, "fragile": "#bbbbbb"}
#: Filled: the population comes back to it.
MARKS = {"stable": INK, "unstable": "white", "saddle": "#9a9a9a", "neutral": "#9a9a9a"}


def draw_landscape(found: Landscape, folder: Path) -> list[Figure]:
    """Draw the flows of every arm, and the basins side by side.

    Args:
        found: the landscape.
        folder: where to save; made if absent.

    Returns:
        The figures, each a PNG with an SVG and a CSV beside it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    from matplotlib import rc_context

    with rc_context(SETTINGS):
        flows = _lines if found.grid.shape == "line" else _planes
        return [flows(found, folder / "flows.png"), _bars(found, folder / "basins.png")]


def kind_of(attractor: Attractor) -> str:
    """By what an attractor is coloured: its character, or that it does not hold."""
    return attractor.character if attractor.holds else "fragile"


def _lines(found: Landscape, path: Path) -> Figure:
    """One strain's share against its mean change, arm by arm."""
    grid = found.grid
    first = grid.sides[0][0]
    canvas = canvas_of(0.8 + 1.4 * len(found.arms))
    panels = canvas.subplots(len(found.arms), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    x = grid.shares[:, first]
    for a, axis in enumerate(panels):
        _shade_line(axis, found, a)
        mean, error = found.flow[a, :, first], ERRORS * found.flow_error[a, :, first]
        axis.axhline(0, color=GREY, linewidth=0.8)
        axis.fill_between(x, mean - error, mean + error, color=INK, alpha=0.15, linewidth=0)
        axis.plot(x, mean, color=INK, linewidth=1.3)
        for rest in _shown(found, a):
            axis.plot(
                rest.shares[first],
                0,
                "o",
                color=INK,
                markersize=7,
                clip_on=False,
                zorder=4,
                markerfacecolor=MARKS[rest.stability],
            )
        axis.set_title(capital(arm_title(found.arms[a].name)), loc="left", fontsize=10.5)
        axis.locator_params(axis="y", nbins=4)
        axis.set_xlim(0, 1)
    panels[-1].set_xlabel(_axis_name(grid, first))
    canvas.supylabel("mean change a generation", fontsize=10)
    save_figure(canvas, flow_table(found), path)
    return Figure(
        path,
        "Flows and fixed points",
        f"Mean change of the share of {spell(grid.strains[first])} in one generation, by that "
        "share, with 95% bands: above the line the share grows. Circles are fixed points: filled "
        "where a small disturbance dies out, open where it grows, grey where it does neither. "
        + _SHADES,
    )


_SHADES = (
    "Colours say where most populations from a mixture end: blue in a positive attractor, red in a "
    "negative one (welfare as in the zero-sum twin), yellow in one between, grey in none that "
    "holds them."
)


def _axis_name(grid: Mixtures, strain: int) -> str:
    return f"share of {spell(grid.roles[strain])}s {spell(grid.strains[strain])}"


def _shade_line(axis: Axes, found: Landscape, a: int) -> None:
    """Colour each mixture by where its populations end."""
    grid = found.grid
    half = 0.5 / grid.steps
    for x, shade in zip(grid.place(grid.shares)[:, 0], _shades(found, a), strict=True):
        axis.axvspan(max(0, x - half), min(1, x + half), color=shade, linewidth=0)


def _shades(found: Landscape, a: int) -> list[Any]:
    """A pale colour for each point of the grid, by where most of its populations end.

    Of several attractors of one kind, each has a shade of its own.
    """
    from matplotlib.colors import to_rgb

    kinds = [kind_of(attractor) for attractor in found.attractors[a]]
    shades = []
    for k, kind in enumerate(kinds):
        strength = min(0.7, 0.28 + 0.16 * kinds[:k].count(kind))
        shades.append(tuple(1 - strength * (1 - c) for c in to_rgb(COLOURS[kind])))
    return [shades[k] if k >= 0 else "#ebebeb" for k in found.basins[a].majority]


def _planes(found: Landscape, path: Path) -> Figure:
    """Phase portraits of squares or triangles, two in a row."""
    grid = found.grid
    square = grid.shape == "square"
    rows = -(-len(found.arms) // 2)
    canvas = canvas_of(0.35 + rows * (WIDTH / 2 * (1.0 if square else 0.95)))
    panels = canvas.subplots(rows, 2, squeeze=False).ravel()
    for a, axis in enumerate(panels):
        axis.set_aspect("equal")
        if a >= len(found.arms):
            _key(axis)
            continue
        _portrait(axis, found, a)
        if square:
            axis.set_xticks([0, 0.5, 1])
            axis.set_yticks([0, 0.5, 1] if a % 2 == 0 else [])
            axis.tick_params(labelsize=9)
        else:
            _corners(axis, grid)
    if square:
        x, y = (side[0] for side in grid.sides)
        canvas.supxlabel(_axis_name(grid, x), fontsize=10)
        canvas.supylabel(_axis_name(grid, y), fontsize=10)
    save_figure(canvas, flow_table(found), path)
    return Figure(
        path,
        "Flows, fixed points and basins",
        "Arrows: mean change of a population of that mixture in one generation (longer means "
        "faster, by its square root). "
        f"{_SHADES} Rings mark where the populations of an attractor are on average. Small circles "
        "are fixed points of the replicator equation of the estimated payoffs: filled where a "
        "small disturbance dies out, open where it grows, grey where it does so in some directions "
        "only.",
    )


def _portrait(axis: Axes, found: Landscape, a: int) -> None:
    """One arm: basins, arrows, attractors, fixed points."""
    grid = found.grid
    from matplotlib.patches import Polygon

    x, v = grid.place(grid.shares), grid.place(found.flow[a])
    for point, shade in enumerate(_shades(found, a)):
        for patch in _patches(grid, x, point):
            # Neighbours overlap by a hair, or seams would shine through.
            axis.add_patch(Polygon(patch, closed=True, color=shade, linewidth=0.3))
    length = np.linalg.norm(v, axis=1)
    most = float(np.linalg.norm(grid.place(found.flow), axis=-1).max()) or 1.0
    told = length > ERRORS * np.linalg.norm(grid.place(found.flow_error[a]), axis=1) / 2**0.5
    told &= length > 0
    unit = v[told] / length[told, None]
    arrow = unit * (0.85 / grid.steps * np.sqrt(length[told] / most))[:, None]
    axis.quiver(
        *(x[told] - arrow / 2).T,
        *arrow.T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=INK,
        width=0.007,
        headwidth=4,
        headlength=4.5,
        headaxislength=4,
        zorder=3,
    )
    for attractor in found.attractors[a]:
        axis.plot(
            *grid.place(attractor.centre),
            "o",
            markersize=12,
            markerfacecolor="none",
            markeredgewidth=2.4,
            color=COLOURS[kind_of(attractor)],
            zorder=5,
            clip_on=False,
        )
    for rest in _shown(found, a):
        axis.plot(
            *grid.place(rest.shares),
            "o",
            markersize=5,
            color=INK,
            zorder=4,
            clip_on=False,
            markerfacecolor=MARKS[rest.stability],
            markeredgewidth=0.9,
        )
    axis.set_title(capital(arm_title(found.arms[a].name)), loc="left", fontsize=10.5)
    margin = 0.04
    axis.set_xlim(-margin, 1 + margin)
    axis.set_ylim(-margin, (1 if grid.shape == "square" else 0.87) + margin)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _key(axis: Axes) -> None:
    """What marks mean, in the panel that is left over."""
    axis.set_axis_off()
    axis.set_xlim(-0.04, 1.04)
    axis.set_ylim(-0.04, 1.04)
    names = {"stable": "stable", "saddle": "saddle or neutral", "unstable": "unstable"}
    rings = {
        "positive": "positive attractor",
        "between": "attractor between",
        "negative": "negative attractor",
    }
    for k, (kind, name) in enumerate(rings.items()):
        axis.plot(
            0.08,
            0.9 - 0.13 * k,
            "o",
            markersize=12,
            markerfacecolor="none",
            markeredgewidth=2.4,
            color=COLOURS[kind],
        )
        axis.text(0.18, 0.9 - 0.13 * k, name, va="center", fontsize=9.5)
    for k, (kind, name) in enumerate(names.items(), start=3):
        axis.plot(
            0.08,
            0.9 - 0.13 * k,
            "o",
            markersize=5,
            color=INK,
            markeredgewidth=0.9,
            markerfacecolor=MARKS[kind],
        )
        axis.text(0.18, 0.9 - 0.13 * k, name, va="center", fontsize=9.5)


def _patches(grid: Mixtures, x: Any, point: int) -> Sequence[Any]:
    """What is nearest to a point of the grid within each of the cells around it."""
    patches = []
    for cell in grid.cells[(grid.cells == point).any(axis=1)]:
        at = int(np.flatnonzero(cell == point)[0])
        corners = np.roll(x[cell], -at, axis=0)
        middle = corners.mean(axis=0)
        patches.append(
            [corners[0], (corners[0] + corners[1]) / 2, middle, (corners[0] + corners[-1]) / 2]
        )
    return patches


def _corners(axis: Axes, grid: Mixtures) -> None:
    """Names of the strains at the corners of a triangle."""
    top, left, right = (spell(grid.strains[s]) for s in grid.sides[0])
    axis.set_axis_off()
    axis.plot([0, 1, 0.5, 0], [0, 0, 3**0.5 / 2, 0], color=GREY, linewidth=0.8)
    axis.text(0.5, 0.93, top, ha="center", va="bottom", fontsize=9)
    axis.text(0, -0.07, left, ha="center", va="top", fontsize=9)
    axis.text(1, -0.07, right, ha="center", va="top", fontsize=9)
    axis.set_xlim(-0.15, 1.15)
    axis.set_ylim(-0.16, 1.0)


def _shown(found: Landscape, a: int) -> list[Any]:
    """Fixed points to be drawn: those of the payoffs in a plane, of the flow on a line."""
    method = "flow" if found.grid.shape == "line" else "payoffs"
    return [rest for rest in found.fixed_points[a] if rest.method == method]


def _bars(found: Landscape, path: Path) -> Figure:
    """Share of mixtures from which populations end in attractors of each character."""
    arms = [arm.name for arm in found.arms]
    canvas = canvas_of(0.9 + 0.34 * len(arms))
    axis = canvas.subplots()
    rows = []
    for a, arm in enumerate(arms):
        left = 0.0
        for kind, colour in COLOURS.items():
            these = [k for k in found.attractors[a] if kind_of(k) == kind]
            volume = sum(k.volume.estimate for k in these)
            if kind == "fragile":
                volume = max(0.0, 1 - left)
            rows.append({"arm": arm, "attractors": kind, "volume": volume})
            axis.barh(a, volume, left=left, color=colour, height=0.62)
            if volume > 0.08:
                axis.text(
                    left + volume / 2,
                    a,
                    f"{100 * volume:.0f}%",
                    ha="center",
                    va="center",
                    color="white" if kind != "between" else INK,
                    fontsize=9,
                )
            left += volume
    axis.set_yticks(range(len(arms)), [capital(arm_title(arm)) for arm in arms])
    axis.set_ylim(len(arms) - 0.5, -0.5)
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of starting mixtures")
    axis.grid(axis="x", color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)
    for x, kind in ((0.0, "positive"), (0.3, "between"), (0.58, "negative"), (0.86, "fragile")):
        axis.text(x, 1.02, f"■ {kind}", color=COLOURS[kind], transform=axis.transAxes, fontsize=9.5)
    save_figure(canvas, pd.DataFrame(rows), path)
    return Figure(
        path,
        "Basins: where populations end",
        "Share of all starting mixtures from which populations end in attractors of each kind. "
        "Intervals are in the table.",
    )
