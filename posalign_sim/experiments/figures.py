"""How figures look and how they are saved, for every report.

Every figure is saved several times under one name: PNG, SVG, PDF if asked for, and the numbers
drawn, as CSV. The same numbers give the same bytes. Figures are narrow, so that their print stays
readable on a phone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from posalign_sim.experiments.files import save_table, write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# Okabe & Ito (2008): told apart by readers with any of the common colour blindnesses.
INK, GREY, FAINT = "#222222", "#767676", "#d9d9d9"
BLUE, VERMILION = "#0072b2", "#d55e00"
LINES = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#d55e00")
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
    """A saved figure; its other forms and its CSV lie beside the PNG under the same name.

    Attributes:
        path: The PNG.
        title: What it shows, as a heading.
        caption: How to read it, in sentences that stand alone.
    """

    path: Path
    title: str
    caption: str


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move sorted labels as little as needed so that neighbours are `gap` apart, within [0, 1].

    >>> [round(height, 2) for height in apart([0.5, 0.5], 0.1)]
    [0.45, 0.55]
    """
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


def canvas_of(height: float) -> Canvas:
    """An empty figure of the common width and a height in inches."""
    # Not through pyplot, so that a caller's own backend and open figures are left alone.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(canvas)
    return canvas


#: The formats in which figures can be saved, each with what keeps the clock out of its bytes.
FORMATS: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_figure(
    canvas: Canvas, data: pd.DataFrame, path: Path, formats: Sequence[str] = ("png", "svg")
) -> None:
    """Save a figure, and its numbers as CSV; the same numbers, the same bytes.

    Args:
        canvas: The figure.
        data: The numbers drawn.
        path: The PNG; the others lie beside it.
        formats: Which of `FORMATS`.
    """
    from matplotlib.patheffects import Normal
    from matplotlib.text import Text

    for suffix in formats:
        page = io.BytesIO()
        if suffix == "pdf":  # as in SVG, letters are drawn: no font is embedded, or missing
            for text in canvas.findobj(Text):
                text.set_path_effects([Normal()])
        canvas.savefig(page, format=suffix, dpi=150, metadata=FORMATS[suffix])
        write_atomically(path.with_suffix(f".{suffix}"), page.getvalue())
        canvas.set_layout_engine("none")  # laid out once, the same in all formats
    save_table(data, path.with_suffix(".csv"))


def slugs(names: Sequence[str]) -> list[str]:
    """File names, one for each name, whatever characters they hold.

    >>> slugs(["trust_game", "Trust game!", "$"])
    ['trust_game', 'trust_game_', 'game']
    """
    found: list[str] = []
    for name in names:
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or "game"
        while slug in found:
            slug += "_"
        found.append(slug)
    return found
