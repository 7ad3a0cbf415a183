"""Figures of a study over a grid: lines along one axis, maps of two, main effects of more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from posalign_sim.experiments.figures import (
    BLUE,
    FAINT,
    FORMATS,
    GREY,
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
from posalign_sim.experiments.study.report.grid import main_effects
from posalign_sim.experiments.study.report.verdicts import LEVEL
from posalign_sim.experiments.wording import (
    arm_order,
    axis_title,
    capital,
    cut_to,
    label,
    plain,
    spell,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats: TypeAlias = npt.NDArray[np.float64]

#: Cells of a map beyond which those that do not survive are paled rather than hatched, and points
#: of a line beyond which it is drawn as an image: a page must stay small.
MANY = 400
#: Positive numbers that differ by more than this factor are drawn on a logarithmic scale.
WIDE = 50
#: Maps in one figure; of more arms, those with the greatest effects are drawn.
MOST_MAPS = 8


def draw_grid(
    results: pd.DataFrame, table: pd.DataFrame, study: Mapping[str, Any], folder: Path
) -> list[Figure]:
    """Draw what each arm does over the grid, game by game.

    Args:
        results: Long table of results; read only for more than two axes.
        table: What `study_contrasts` gave, with its column `point`.
        study: The study, with `axes` and `points`.
        folder: Where to save; made if absent.

    Returns:
        One figure for each game that has a defined effect.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    from matplotlib import rc_context

    axes = list(study["axes"])
    games = list(study["games"])
    effects = table[
        (table["metric"] == study["primary"])
        & (table["comparison"] == "baseline")
        & (table["payoffs"] == "ordinary")
    ]
    drawn = []
    with rc_context(SETTINGS):
        for game, slug in zip(games, slugs(games), strict=True):
            rows = with_axes(effects[effects["game"] == game], study)
            if not rows["estimate"].notna().any():
                continue
            path = folder / f"grid_{slug}.png"
            if len(axes) == 1:
                drawn.append(_along(rows, axes[0], study, game, path))
            elif len(axes) == 2:
                drawn.append(_map(rows, axes, study, game, path))
            else:
                means = main_effects(results[results["game"] == game], study)
                drawn.append(_main_effects(means, study, game, path))
    return drawn


def with_axes(table: pd.DataFrame, study: Mapping[str, Any]) -> pd.DataFrame:
    """A table with a column `point`, and with a column for each axis after it.

    >>> with_axes(pd.DataFrame({"point": [1]}), {"axes": {"noise": [0.0, 0.1]},
    ...           "points": [{"noise": 0.0}, {"noise": 0.1}]}).loc[0, "noise"].item()
    0.1
    """
    if "point" not in table:
        return table
    points = table["point"].to_numpy()
    columns = {
        axis: np.array([point[axis] for point in study["points"]], object)[points]
        for axis in study["axes"]
    }
    return table.assign(**{axis: pd.Series(c, table.index).infer_objects()
                           for axis, c in columns.items()})  # fmt: skip


def _along(
    rows: pd.DataFrame, along: str, study: Mapping[str, Any], game: str, path: Path
) -> Figure:
    """The effect against one axis, a line an arm; placebos grey and dashed."""
    canvas = canvas_of(3.4)
    axis = canvas.subplots()
    rows = rows.assign(place=_scale(axis, study["axes"][along], rows[along]))
    _lines(axis, rows, study, rasterized=len(study["axes"][along]) > MANY)
    axis.set_xlabel(axis_title(along))
    axis.set_ylabel(_change(study), fontsize=10)
    save_figure(canvas, rows.drop(columns="place"), path, list(FORMATS))
    return Figure(
        path,
        f"{capital(spell(game))}: {label(study['primary'])[0]} by {axis_title(along)}",
        f"Change in mean {label(study['primary'])[0]} against “{spell(study['baseline'])}” by "
        f"{axis_title(along)}, with 95% bands for each value. Grey dashed lines are placebos.",
    )


def _main_effects(means: pd.DataFrame, study: Mapping[str, Any], game: str, path: Path) -> Figure:
    """A panel for each axis: the effect at each of its values, averaged over all other axes."""
    swept = list(study["axes"])
    tall = -(-len(swept) // 2)
    canvas = canvas_of(2.1 * tall + 0.5)
    panels = canvas.subplots(tall, 2, sharey=True, squeeze=False).ravel()
    for number, (axis, name) in enumerate(zip(panels, swept, strict=False)):
        rows = means[means["axis"] == name]
        rows = rows.assign(place=_scale(axis, study["axes"][name], rows["value"]))
        _lines(axis, rows, study, rasterized=len(study["axes"][name]) > MANY, named=False)
        axis.set_xlabel(cut_to(axis_title(name), 34), fontsize=9.5)
        if number == 0:
            axis.legend(frameon=False, fontsize=8.5, handlelength=1.6, borderaxespad=0)
    for axis in panels[len(swept) :]:
        axis.set_visible(False)
    canvas.supylabel(_change(study), fontsize=10)
    save_figure(canvas, means, path, list(FORMATS))
    return Figure(
        path,
        f"{capital(spell(game))}: main effects of the grid",
        f"Change in mean {label(study['primary'])[0]} against “{spell(study['baseline'])}” at each "
        "value of one axis, averaged over all values of the others, with 95% bands over worlds. "
        "Grey dashed lines are placebos. What depends on two axes at once is not seen here: see "
        "the points below the main table.",
    )


def _lines(
    axis: Axes, rows: pd.DataFrame, study: Mapping[str, Any], rasterized: bool, named: bool = True
) -> None:
    """A line with its band for each arm, by `place`; named at its end if there is room."""
    ends: list[tuple[float, str, str]] = []
    real = 0
    for arm, parent in arm_order(study):
        line = rows[rows["arm"] == arm].sort_values("place")
        colour, style = GREY, "--"
        if parent is None:
            colour, style = LINES[real % len(LINES)], STYLES[real // len(LINES) % len(STYLES)]
            real += 1
        if line.empty:
            continue
        axis.plot(
            line["place"],
            line["estimate"],
            color=colour,
            linestyle=style,
            linewidth=1.4 if parent is None else 0.9,
            rasterized=rasterized,
            label=spell(arm) if parent is None else None,
        )
        if parent is None:
            axis.fill_between(
                line["place"],
                line["low"],
                line["high"],
                color=colour,
                alpha=0.18,
                linewidth=0,
                rasterized=rasterized,
            )
            defined = line["estimate"].dropna()
            if len(defined):
                ends.append((float(defined.iloc[-1]), spell(arm), colour))
    axis.axhline(0, color=GREY, linewidth=0.8)
    axis.grid(axis="y", color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.locator_params(axis="y", nbins=5)
    if not named:
        return
    low, high = axis.get_ylim()
    axis.set_ylim(low, high)
    heights = [(end - low) / (high - low) for end, _, _ in sorted(ends)]
    for (_, text, colour), height in zip(sorted(ends), apart(heights, 0.085), strict=True):
        axis.text(1.02, height, cut_to(text, 22), color=colour, va="center",
                  transform=axis.transAxes)  # fmt: skip


def _map(
    rows: pd.DataFrame, swept: Sequence[str], study: Mapping[str, Any], game: str, path: Path
) -> Figure:
    """A map of the effect for each main arm: blue above zero, red below, hatched if unsure."""
    from matplotlib.colors import LinearSegmentedColormap

    arms = [arm for arm, parent in arm_order(study) if parent is None]
    arms = [arm for arm in arms if (rows["arm"] == arm).any()]
    size = rows.groupby("arm")["estimate"].agg(lambda e: e.abs().max())
    kept = sorted(arms, key=lambda arm: (-float(size[arm]), arm))[:MOST_MAPS]
    shown = [arm for arm in arms if arm in kept]
    (across, columns), (up, lines) = ((name, _places(study["axes"][name])) for name in swept)
    most = float(rows.loc[rows["arm"].isin(shown), "estimate"].abs().max()) or 1.0
    colours = LinearSegmentedColormap.from_list("effect", [VERMILION, "#ffffff", BLUE])
    wide = 1 if len(shown) == 1 else 2
    tall = -(-len(shown) // wide)
    canvas = canvas_of(tall * (3.6 if wide == 1 else 2.2) + 0.7)
    panels = canvas.subplots(tall, wide, sharex=True, sharey=True, squeeze=False).ravel()
    picture: Any = None
    for axis, arm in zip(panels, shown, strict=False):
        here = rows[rows["arm"] == arm]
        cells = np.full((len(lines[0]), len(columns[0])), np.nan)
        unsure = np.ones(cells.shape, bool)
        place = (
            [lines[0][value] for value in here[up]],
            [columns[0][value] for value in here[across]],
        )
        cells[place] = here["estimate"]
        unsure[place] = ~(here["p_holm"] < LEVEL).to_numpy()
        picture = axis.imshow(
            cells,
            colours,
            origin="lower",
            aspect="auto",
            vmin=-most,
            vmax=most,
            interpolation="nearest",
        )
        _veil(axis, unsure)
        axis.set_title(cut_to(spell(arm), 26), loc="left", fontsize=10)
        _ticks(axis, columns[1])
        _ticks(axis, lines[1], upright=True)
    for axis in panels[len(shown) :]:
        axis.set_visible(False)
    canvas.supxlabel(axis_title(across), fontsize=10)
    canvas.supylabel(axis_title(up), fontsize=10)
    bar = canvas.colorbar(picture, ax=panels.tolist(), shrink=0.8, aspect=30, pad=0.02)
    bar.outline.set_visible(False)
    save_figure(canvas, rows, path, list(FORMATS))
    what, unit = label(study["primary"])
    note = "hatched" if cells.size <= MANY else "greyed"
    less = f" The {len(arms) - len(shown)} arms with smaller effects are in the table." * (
        len(arms) > len(shown)
    )
    return Figure(
        path,
        f"{capital(spell(game))}: {what} over the grid",
        f"Change in mean {what} against “{spell(study['baseline'])}”"
        f"{f', {unit}' if unit else ''}: blue where it rises, red where it falls. Cells that do "
        f"not survive adjustment (Holm) over the whole grid are {note}. Values along an axis are "
        f"evenly spaced, whatever they are.{less}",
    )


def _veil(axis: Axes, unsure: npt.NDArray[np.bool_]) -> None:
    """Mark cells that are not sure: hatched, or greyed if there are many."""
    if unsure.size > MANY:
        veil = np.zeros((*unsure.shape, 4))
        veil[..., :3] = 0.6
        veil[..., 3] = 0.75 * unsure
        axis.imshow(veil, origin="lower", aspect="auto", interpolation="nearest")
        return
    from matplotlib.patches import Rectangle

    for y, x in np.argwhere(unsure):
        axis.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, hatch="////", ec=GREY, linewidth=0)
        )


def _scale(axis: Axes, values: Sequence[Any], wanted: Iterable[Any]) -> list[float]:
    """Lay out the values of an axis of a grid, and say where each of those wanted stands.

    Numbers stand where they are, or where their logarithms are if they span much; names in order.
    """
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if min(values) > 0 and max(values) >= WIDE * min(values):
            axis.set_xscale("log")
        else:
            axis.locator_params(axis="x", nbins=4)
        return [float(value) for value in wanted]
    places, names = _places(values)
    _ticks(axis, names)
    return [places[value] for value in wanted]


def _places(values: Sequence[Any]) -> tuple[dict[Any, int], list[tuple[int, str]]]:
    """Where each value of an axis stands, and how places are named.

    >>> _places(["fixed", "rematched"])
    ({'fixed': 0, 'rematched': 1}, [(0, 'fixed'), (1, 'rematched')])
    """
    places = {value: place for place, value in enumerate(values)}
    return places, [(place, plain(value)) for value, place in places.items()]


def _ticks(axis: Axes, names: Sequence[tuple[int, str]], upright: bool = False) -> None:
    """Name the places of an axis, of many only some."""
    step = max(1, -(-len(names) // 6))
    shown = names[::step]
    places, texts = [place for place, _ in shown], [cut_to(text, 12) for _, text in shown]
    (axis.set_yticks if upright else axis.set_xticks)(places, texts)


def _change(study: Mapping[str, Any]) -> str:
    return cut_to(f"change in {label(study['primary'])[0]}", 40)
