"""Where worlds go and where they land: cooperation of whole worlds, not of their mean.

Two worlds that end at 0 and at 1 are not two worlds that end at one half, though their mean is the
same. A fan shows how far worlds spread at each moment, and a bar how many end low and high.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from posalign_sim.experiments.figures import (
    BLUE,
    FAINT,
    FORMATS,
    GREY,
    INK,
    SETTINGS,
    VERMILION,
    Figure,
    canvas_of,
    save_figure,
    slugs,
)
from posalign_sim.experiments.study.report.figures import arm_rows
from posalign_sim.experiments.study.report.verdicts import records
from posalign_sim.experiments.wording import arm_order, capital, cut_to, spell

Floats: TypeAlias = npt.NDArray[np.float64]

#: Shares of worlds below each line of a fan.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Where low cooperation ends and high cooperation begins.
LOW, HIGH = 1 / 3, 2 / 3
#: The end of a world is this last part of its time.
LAST = 0.1
#: A fan has at most this many arms: the baseline and those that differ most from it.
MOST_FANS = 8
#: Ends of worlds, with their colours; a world of which nobody acted in the end has none.
ENDS = (
    ("low", "low (< ⅓)", VERMILION),
    ("middle", "middle", "#c9c9c9"),
    ("high", "high (> ⅔)", BLUE),
    ("silent", "nobody acts", "white"),
)


def draw_landings(
    history: Mapping[str, xr.Dataset], study: Mapping[str, Any], folder: Path
) -> list[Figure]:
    """Draw, for every game, how worlds spread over time and where they end.

    Args:
        history: For each game a dataset with `cooperation[arm, payoffs, point, world, stretch]`
            (`point` may be absent) and the coordinate `round` of each stretch.
        study: The study.
        folder: Where to save; made if absent.

    Returns:
        Two figures a game; none of a game without history.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    from matplotlib import rc_context

    games = list(study["games"])
    figures: list[Figure] = []
    with rc_context(SETTINGS):
        for game, slug in zip(games, slugs(games), strict=True):
            if game in history:
                fans, ends = landing_tables(history[game], study)
                figures.append(_fans(fans, ends, study, game, folder / f"fan_{slug}.png"))
                figures.append(_ends(ends, study, game, folder / f"landing_{slug}.png"))
    return figures


def landing_tables(
    dataset: xr.Dataset, study: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quantiles of worlds over time, and shares of worlds by where they end, for every arm.

    The worlds of all points of a grid are taken together.

    Args:
        dataset: History of one game, as for `draw_landings`.
        study: The study.

    Returns:
        `arm, round, worlds` and a column for each quantile; and `arm, worlds, low, middle, high,
        silent, mean`: shares of worlds, and the mean of their ends.
    """
    cooperation = dataset["cooperation"].sel(payoffs="ordinary")
    there = [str(arm) for arm in cooperation["arm"].to_numpy()]
    arms = [study["baseline"], *(arm for arm, _ in arm_order(study))]
    rounds = np.asarray(dataset["round"].to_numpy(), float)
    fans, ends = [], []
    for arm in (arm for arm in arms if arm in there):
        # One arm at a time, so that a large history need not fit into memory.
        values = cooperation.sel(arm=arm).transpose(..., "stretch").to_numpy()
        values = values.reshape(-1, values.shape[-1])
        with warnings.catch_warnings():  # a stretch in which no world acts has no quantiles
            warnings.filterwarnings("ignore", "All-NaN slice encountered", RuntimeWarning)
            lines = np.nanquantile(values, QUANTILES, axis=0)
        columns = {f"q{100 * q:02.0f}": line for q, line in zip(QUANTILES, lines, strict=True)}
        acting = np.isfinite(values).sum(axis=0)
        fans.append(pd.DataFrame({"arm": arm, "round": rounds, "worlds": acting, **columns}))
        end = end_of(values)
        known = end[np.isfinite(end)]
        shares = {
            "low": (end < LOW).mean(),
            "middle": ((end >= LOW) & (end <= HIGH)).mean(),
            "high": (end > HIGH).mean(),
            "silent": np.isnan(end).mean(),
            "mean": known.mean() if len(known) else float("nan"),
        }
        ends.append({"arm": arm, "worlds": len(end), **shares})
    return pd.concat(fans, ignore_index=True), pd.DataFrame(ends)


def end_of(values: Floats) -> Floats:
    """Mean cooperation of each world in the last tenth of its time; NaN if nobody acted then.

    Args:
        values: Cooperation, shape [worlds, stretches].

    >>> end_of(np.array([[0.0] * 9 + [1.0], [1.0] * 9 + [np.nan]])).tolist()
    [1.0, nan]
    """
    last = values[:, -max(1, round(LAST * values.shape[1])) :]
    defined = np.isfinite(last)
    total = np.where(defined, last, 0.0).sum(axis=1)
    count = defined.sum(axis=1)
    ends: Floats = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return ends


def _fans(
    rows: pd.DataFrame, ends: pd.DataFrame, study: Mapping[str, Any], game: str, path: Path
) -> Figure:
    """One panel for the baseline and for each main arm."""
    shown = _main(ends, study)
    height = 1.45 * (-(-len(shown) // 2)) + 0.6
    canvas = canvas_of(height)
    axes = canvas.subplots(-(-len(shown) // 2), 2, sharex=True, sharey=True, squeeze=False).ravel()
    for axis, arm in zip(axes, shown, strict=False):
        line = rows[rows["arm"] == arm]
        colour = GREY if arm == study["baseline"] else BLUE
        for low, high, alpha in (("q05", "q95", 0.18), ("q25", "q75", 0.32)):
            axis.fill_between(
                line["round"], line[low], line[high], color=colour, alpha=alpha, linewidth=0
            )
        axis.plot(line["round"], line["q50"], color=INK, linewidth=1.3)
        axis.set_title(cut_to(spell(arm), 26), loc="left", fontsize=10, color=INK)
        axis.grid(axis="y", color=FAINT, linewidth=0.6)
        axis.set_axisbelow(True)
        axis.set_ylim(-0.02, 1.02)
        axis.set_yticks([0, 0.5, 1])
        axis.locator_params(axis="x", integer=True, nbins=4)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    canvas.supxlabel("round", fontsize=10)
    canvas.supylabel("cooperation", fontsize=10)
    save_figure(canvas, rows, path, list(FORMATS))
    left_out = len(_arms(ends, study)) - len(shown)
    less = f" The {left_out} arms that end nearest to the baseline are in the table." * (
        left_out > 0
    )
    return Figure(
        path,
        f"{capital(spell(game))}: where worlds go",
        "Cooperation of worlds over time in the ordinary game: the line is the median world, half "
        "of all worlds lie in the dark band, and 90% in the pale one. Bands that part show worlds "
        f"that are drawn to different ends, which a mean would hide.{_pooled(study)}{less}",
    )


def _ends(rows: pd.DataFrame, study: Mapping[str, Any], game: str, path: Path) -> Figure:
    """A bar for each arm: the shares of worlds that end low, in the middle, high."""
    from matplotlib.patches import Patch

    order = [(study["baseline"], None), *arm_order(study)]
    found = {row.arm: row for row in records(rows)}
    order = [(arm, parent) for arm, parent in order if arm in found]
    if len(order) > 4 * MOST_FANS:
        kept = set(_main(rows, study))
        order = [(arm, parent) for arm, parent in order if arm in kept]
    silent = bool((rows["silent"] > 0).any())
    ends = [end for end in ENDS if end[0] != "silent" or silent]
    canvas = canvas_of(0.27 * len(order) + 0.85)
    axis = canvas.subplots()
    arm_rows(axis, order)
    for height, (arm, parent) in enumerate(order):
        left = 0.0
        for name, _, colour in ends:
            share = float(getattr(found[arm], name))
            axis.barh(
                height,
                share,
                left=left,
                height=0.72 if parent is None else 0.5,
                color=colour,
                edgecolor=GREY if name == "silent" else colour,
                hatch="////" if name == "silent" else None,
                linewidth=0.4,
            )
            if share >= 0.12:  # told in figures too, for who sees no colours
                ink = INK if name in ("middle", "silent") else "white"
                middle, told = left + share / 2, f"{100 * share:.0f}%"
                axis.text(middle, height, told, ha="center", va="center", fontsize=8.5, color=ink)
            left += share
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    axis.set_xlabel("share of worlds, by their cooperation in the end")
    canvas.legend(
        handles=[
            Patch(
                facecolor=colour,
                edgecolor=GREY if name == "silent" else colour,
                hatch="////" if name == "silent" else None,
                label=text,
            )
            for name, text, colour in ends
        ],
        loc="outside upper left",
        ncols=len(ends),
        frameon=False,
        fontsize=9.5,
        handlelength=1,
        handletextpad=0.4,
        columnspacing=1.2,
    )
    save_figure(canvas, rows, path, list(FORMATS))
    return Figure(
        path,
        f"{capital(spell(game))}: where worlds land",
        "Share of worlds by their mean cooperation in the last tenth of the time: below one third, "
        f"between, above two thirds. Thin bars are placebos.{_pooled(study)}",
    )


def _arms(ends: pd.DataFrame, study: Mapping[str, Any]) -> list[str]:
    """The baseline and the arms that are no placebo, as far as there is history of them."""
    there = set(ends["arm"])
    real = [study["baseline"], *(arm for arm, parent in arm_order(study) if parent is None)]
    return [arm for arm in real if arm in there]


def _main(ends: pd.DataFrame, study: Mapping[str, Any]) -> Sequence[str]:
    """Those arms, and of too many the ones that end farthest from the baseline."""
    arms = _arms(ends, study)
    if len(arms) <= MOST_FANS:
        return arms
    mean = ends.set_index("arm")["mean"]
    gap = (mean - mean.get(study["baseline"], 0.0)).abs().fillna(0.0)
    far = sorted(arms[1:], key=lambda arm: (-float(gap[arm]), arm))[: MOST_FANS - 1]
    return [arm for arm in arms if arm == study["baseline"] or arm in far]


def _pooled(study: Mapping[str, Any]) -> str:
    return " Worlds of all points of the grid are taken together." if study.get("axes") else ""
