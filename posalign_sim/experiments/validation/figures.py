"""Figures of the validation: where a picture says more than a row of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.figures import (
    BLUE,
    GREY,
    INK,
    LINES,
    SETTINGS,
    VERMILION,
    Figure,
    canvas_of,
    save_figure,
)

_YELLOW = "#e69f00"


def draw_rows(kept: Mapping[str, Any], folder: Path) -> list[Figure]:
    """Draw what the rows that were run have kept for figures.

    Args:
        kept: numbers by the name of a figure.
        folder: where to save; made if there is something to save.

    Returns:
        The figures, each a PNG with an SVG and a CSV beside it.
    """
    drawn: dict[str, Callable[[Any, Path], Figure]] = {
        "kaleidoscope": _kaleidoscope,
        "ohtsuki": _ohtsuki,
        "image_scoring": _image_scoring,
        "concession": _concession,
        "convergence": _convergence,
        "honesty": _honesty,
    }
    figures: list[Figure] = []
    if not set(drawn) & set(kept):
        return figures
    folder.mkdir(parents=True, exist_ok=True)
    from matplotlib import rc_context

    with rc_context(SETTINGS):
        for name, draw in drawn.items():
            if name in kept:
                figures.append(draw(kept[name], folder / f"{name}.png"))
    return figures


def _kaleidoscope(data: Any, path: Path) -> Figure:
    """Who sits where, and who has just changed, around one defector."""
    from matplotlib.colors import ListedColormap

    generations, frames = data["generations"], data["frames"]
    canvas = canvas_of(1.85)
    panels = canvas.subplots(1, len(generations))
    # Strain 0 cooperates. By two bits: what a seat was, and what it is.
    colours = ListedColormap([BLUE, _YELLOW, "#009e73", VERMILION])
    table = []
    for axis, when, (before, after) in zip(panels, generations, frames, strict=True):
        kind = 2 * before.astype(int) + after
        axis.imshow(kind, cmap=colours, vmin=0, vmax=3, interpolation="nearest")
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
        axis.set_title(f"generation {when}", fontsize=9.5)
        shares = [float((kind == k).mean()) for k in range(4)]
        table.append([when, *shares])
    names = ["generation", "cooperates", "now_defects", "now_cooperates", "defects"]
    save_figure(canvas, pd.DataFrame(table, columns=names), path)
    return Figure(
        path,
        "A kaleidoscope of cooperation",
        "Nowak & May (1992): one defector in the middle of 200 x 200 cooperators, at a temptation "
        "of 1.85, where all copy the best of their neighbourhood. Blue cooperates, red defects; "
        "yellow has just turned to defection, green to cooperation.",
    )


def _ohtsuki(data: Any, path: Path) -> Figure:
    """How often a cooperator takes over, by the ratio of benefit to cost."""
    canvas = canvas_of(3.4)
    axis = canvas.subplots()
    axis.axhline(0.1, color=GREY, linewidth=0.8)
    axis.axvline(data["critical"], color=GREY, linewidth=0.8, linestyle=":")
    rows = []
    named = {
        "death_birth": ("death-birth", BLUE, "o"),
        "birth_death": ("birth-death", VERMILION, "s"),
    }
    places = {"death_birth": (3.9, 0.15), "birth_death": (6, 0.043)}
    for update, (name, colour, mark) in named.items():
        line = np.array(data["exact"][update])
        axis.plot(data["ratio"], line, color=colour, linewidth=1.4)
        won = data["simulated"][update]
        mean = won.mean(axis=1)
        error = 4 * np.sqrt(mean * (1 - mean) / won.shape[1])
        axis.errorbar(
            data["spots"], mean, error, fmt=mark, color=colour, markersize=4, linewidth=1, capsize=0
        )
        axis.text(*places[update], name, color=colour, ha="right")
        rows += [[update, x, m, e] for x, m, e in zip(data["spots"], mean, error, strict=True)]
    axis.annotate(
        "as if neutral", (1.25, 0.1), xytext=(0, 4), textcoords="offset points", color=GREY
    )
    axis.annotate(
        "8/3", (data["critical"], 0.0), xytext=(4, 4), textcoords="offset points", color=GREY
    )
    axis.set_xlabel("benefit of cooperation, by its cost")
    axis.set_ylabel("chance that a cooperator takes over")
    axis.set_ylim(0, None)
    axis.set_xlim(1.2, 6.1)
    table = pd.DataFrame(rows, columns=["update", "ratio", "taken_over", "four_errors"])
    save_figure(canvas, table, path)
    return Figure(
        path,
        "Where neighbours' competition favours cooperators",
        "One cooperator among nine defectors on a cycle, selection of strength .1. Lines are the "
        "exact chain, marks are simulated, with four standard errors. Where a neighbour dies and "
        "others compete for its place, cooperators gain from a ratio near 8/3 on (at it, if "
        "selection is weak); where the fit breed first they never do.",
    )


def _image_scoring(data: Any, path: Path) -> Figure:
    """How populations of image scorers end."""
    canvas = canvas_of(2.6)
    axis = canvas.subplots()
    counts, edges = np.histogram(data["helpful"], np.linspace(0, 1, 21))
    axis.bar(edges[:-1], counts, 0.046, align="edge", color=BLUE)
    axis.set_xlabel("share that helps who is not in disrepute")
    axis.set_ylabel("populations")
    axis.set_xlim(0, 1)
    save_figure(canvas, pd.DataFrame({"from": edges[:-1], "populations": counts}), path)
    return Figure(
        path,
        "Image scoring ends one way or the other",
        "Populations of a hundred after 150 generations without mutation (Nowak & Sigmund 1998): "
        "nearly everybody helps those whose image is at least 0, or hardly anybody.",
    )


def _concession(data: Any, path: Path) -> Figure:
    """What two who concede by the clock ask for, and where they meet."""
    canvas = canvas_of(3.4)
    axis = canvas.subplots()
    time = data["time"]
    names = {0.25: "early (1/4)", 1: "steadily (1)", 4: "late (4)"}
    spots = {0.25: (0.43, 0.225), 1: (0.21, 0.82), 4: (0.52, 0.955)}
    for k, (e, curve) in enumerate(data["curves"].items()):
        axis.plot(time, curve, color=LINES[k], linewidth=1.5)
        axis.plot(time, 1 - np.array(curve), color=LINES[k], linewidth=1.2, linestyle="--")
        axis.text(*spots[e], names[e], color=LINES[k], fontsize=9.5)
    for e, (met, split) in data["meetings"].items():
        axis.plot(met, split[0], "o", color=INK, markersize=6, zorder=5)
        above = e == (1, 1)
        axis.annotate(
            f"{e[0]:g} v. {e[1]:g}",
            (met, split[0]),
            xytext=(0, 12) if above else (15, -2),
            textcoords="offset points",
            ha="center" if above else "left",
            va="center",
            fontsize=9,
        )
    axis.set_xlabel("time, in deadlines")
    axis.set_ylabel("share of the first")
    axis.set_xlim(0, 1.05)
    axis.set_ylim(0, 1.02)
    table = pd.DataFrame({"time": time, **{f"asked_{e}": c for e, c in data["curves"].items()}})
    save_figure(canvas, table, path)
    return Figure(
        path,
        "Giving way by the clock",
        "Faratin, Sierra & Jennings (1998): what a party asks for (lines) falls by its exponent, "
        "and what it leaves to the other (dashes) rises. Circles are where two of them meet, the "
        "first named on the line and the second on the dashes.",
    )


def _convergence(data: Any, path: Path) -> Figure:
    """How far prices scatter about the equilibrium, day by day."""
    canvas = canvas_of(2.9)
    axis = canvas.subplots()
    rows = []
    for (name, alpha), colour in zip(data.items(), (BLUE, VERMILION), strict=True):
        days = np.arange(1, len(alpha) + 1)
        mean, error = alpha.mean(axis=1), 4 * alpha.std(axis=1) / alpha.shape[1] ** 0.5
        axis.fill_between(days, mean - error, mean + error, color=colour, alpha=0.2, linewidth=0)
        axis.plot(days, mean, "o-", color=colour, markersize=4, linewidth=1.4)
        label = "ZIP" if name == "zip" else name
        axis.annotate(
            label,
            (days[-1], mean[-1]),
            xytext=(0, 17 if name != "zip" else 9),
            textcoords="offset points",
            ha="right",
            color=colour,
        )
        rows += [[name, d, m, e] for d, m, e in zip(days, mean, error, strict=True)]
    axis.set_xlabel("day")
    axis.set_ylabel("Smith's alpha, percent")
    axis.set_ylim(0, None)
    table = pd.DataFrame(rows, columns=["traders", "day", "alpha", "four_errors"])
    save_figure(canvas, table, path)
    return Figure(
        path,
        "Prices that converge, and prices that do not",
        "Scatter of prices about the equilibrium of 200, as a share of it: traders who adapt their "
        "margins (Cliff 1997) learn from day to day, those of zero intelligence (Gode & Sunder "
        "1993) do not. Bands are four standard errors.",
    )


def _honesty(data: Any, path: Path) -> Figure:
    """From which patience on a seller keeps its word."""
    canvas = canvas_of(2.9)
    axis = canvas.subplots()
    rows = []
    for k, (seen, (honest, threshold)) in enumerate(data["courses"].items()):
        lift = k * 0.035  # so that lines on one level can be told apart
        axis.plot(
            data["patience"], honest + lift, drawstyle="steps-mid", color=LINES[k], linewidth=1.5
        )
        axis.plot(threshold, 0.5 + lift, "|", color=LINES[k], markersize=16, markeredgewidth=2.4)
        axis.annotate(
            f"{seen:.0%}",
            (threshold, 0.5),
            xytext=(-7, 0),
            textcoords="offset points",
            ha="right",
            color=LINES[k],
        )
        rows += [[seen, p, int(h)] for p, h in zip(data["patience"], honest, strict=True)]
    axis.set_yticks([0, 1], ["cheats", "keeps its word"])
    axis.set_xlabel("chance of another round")
    axis.set_xlim(0, 1)
    save_figure(canvas, pd.DataFrame(rows, columns=["seen", "patience", "honest"]), path)
    return Figure(
        path,
        "The phase transition of honesty",
        "Whether a calculating seller keeps its first promise, by the chance of another round, "
        "where buyers see all, half or a tenth of records. Bars mark the threshold of theory, "
        "g / (g + rho r), for a gain g from cheating, a rent r and records seen with rho.",
    )
