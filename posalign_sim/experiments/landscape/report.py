"""What a landscape says: tables, one page that stands alone, a few lines for the terminal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from posalign_sim.experiments.configure import Arm
from posalign_sim.experiments.files import save_table, write_atomically
from posalign_sim.experiments.landscape.attractors import Share
from posalign_sim.experiments.landscape.figures import draw_landscape
from posalign_sim.experiments.landscape.results import Attractor, Landscape
from posalign_sim.experiments.landscape.tables import (
    attractor_table,
    end_table,
    fixed_point_table,
    flow_table,
)
from posalign_sim.experiments.page import (
    figure_part,
    page_of,
    parameters_table,
    reproduce_list,
    table_part,
)
from posalign_sim.experiments.wording import DASH, arm_title, capital, cut_to, spell


def terminal_table(found: Landscape) -> str:
    """The attractors as plain text, at most 100 columns wide.

    Args:
        found: the landscape.

    Returns:
        Lines without a final newline, the answer in words last.
    """
    heads = ("basin", "surplus", "back", "rounds", "left")
    lines = [" " * 50 + "{:>14}{:>8}{:>6}{:>7}{:>5}".format(*heads)]
    for arm, attractors in zip(found.arms, found.attractors, strict=True):
        lines.append(capital(arm_title(arm.name)))
        for k in attractors:
            volume = f"{_percent(k.volume.estimate)} [{_bounds(k.volume)}]"
            lines.append(
                f"  {cut_to(k.words, 48):<48}{volume:>14}{_plain(k.welfare.estimate):>8}"
                f"{_percent(k.returned.estimate):>6}{_plain(k.rounds_back, 0):>7}"
                f"{_percent(k.escaped.estimate):>5} {verdict(k)}"
            )
    lines.append("")
    for sentence in answer(found):
        lines += textwrap.wrap(f"=> {sentence}", 100, subsequent_indent="   ")
    return "\n".join(lines)


def verdict(attractor: Attractor) -> str:
    """What an attractor is called: its character, or that it does not hold."""
    return attractor.character if attractor.holds else "fragile"


def answer(found: Landscape) -> list[str]:
    """In sentences: where each arm leads, which attractors are negative and which positive."""
    sentences = []
    for arm, attractors in zip(found.arms, found.attractors, strict=True):
        clauses = [_clause(k) for k in attractors if k.holds]
        where = "; ".join(clauses) or "no attractor was found that holds populations"
        sentences.append(f"{capital(arm_title(arm.name))}: {where}.")
    return sentences


def _clause(k: Attractor) -> str:
    part = k.welfare.estimate / k.best if k.best > 0 else np.nan
    told = {
        "negative": "a negative attractor, as good as zero-sum",
        "positive": "a positive attractor",
        "between": "between zero-sum and the best",
    }[k.character]
    return (
        f"{_percent(k.volume.estimate)} of starting mixtures end with {k.words}, at "
        f"{_percent(part)} of the best surplus: {told}"
    )


def write_report(folder: Path, found: Landscape, about: Mapping[str, Any]) -> Path:
    """Write `report.html`, the tables, `landscape.json` and `figures/`.

    The same landscape gives the same bytes.

    Args:
        folder: where to write; must be there.
        found: the landscape.
        about: entries `title`, `game` and `institutions` (as `about_module` gives them), `players`
            in words, and those of `origin`.

    Returns:
        The path of the page.
    """
    tables = {
        "attractors": attractor_table(found),
        "fixed_points": fixed_point_table(found),
        "flows": flow_table(found),
        "ends": end_table(found),
    }
    for name, table in tables.items():
        save_table(table, folder / f"{name}.csv")
    summary = {
        "arms": {arm.name: arm.summary for arm in found.arms},
        "strains": [f"{r}: {s}" for r, s in zip(found.grid.roles, found.grid.strains, strict=True)],
        "generation": found.generation,
        "payoffs": dict(
            zip([arm.name for arm in found.arms], found.matrices.tolist(), strict=True)
        ),
        "misfit": dict(zip([arm.name for arm in found.arms], found.misfit.tolist(), strict=True)),
        "attractors": json.loads(tables["attractors"].to_json(orient="records")),
        "fixed_points": json.loads(tables["fixed_points"].to_json(orient="records")),
    }
    write_atomically(folder / "landscape.json", (json.dumps(summary, indent=1) + "\n").encode())
    figures = draw_landscape(found, folder / "figures")
    plan = found.plan
    parts = {
        "title": escape(about["title"]),
        "answer": "".join(f"<p>{escape(sentence)}</p>" for sentence in answer(found)),
        "points": str(len(found.grid.counts)),
        "worlds": str(plan.worlds),
        "generations": str(plan.generations),
        "generation": str(found.generation),
        "shock": _percent(plan.shock),
        "patience": str(plan.patience * found.generation),
        "watch": str(plan.watch * found.generation),
        "attractors": _attractor_part(found),
        "figures": "".join(figure_part(figure) for figure in figures),
        "fixed": _fixed_part(found),
        "design": _design(found, about),
        "faults": f"<li>{found.faults} worlds broke off and stayed where they were.</li>"
        if found.faults
        else "",
        "reproduce": reproduce_list(about),
    }
    path = folder / "report.html"
    write_atomically(path, page_of(__package__, parts))
    return path


def _attractor_part(found: Landscape) -> str:
    heads = ["Where", "Basin", "Surplus", "Back", "Left", "Verdict"]
    text = ""
    for arm, attractors in zip(found.arms, found.attractors, strict=True):
        rows = []
        for k in attractors:
            half = f"<small>half after {k.rounds_back:g} rounds</small>"
            colour = {"positive": "raises", "negative": "lowers"}.get(verdict(k), "")
            rows.append(
                [
                    escape(capital(k.words)),
                    f"{_percent(k.volume.estimate)} <span>[{_bounds(k.volume)}]</span>",
                    f"{_plain(k.welfare.estimate)} <small>of {_plain(k.best)}</small>",
                    f"{_percent(k.returned.estimate)} <span>[{_bounds(k.returned)}]</span>"
                    + (half if np.isfinite(k.rounds_back) else ""),
                    f"{_percent(k.escaped.estimate)} <span>[{_bounds(k.escaped)}]</span>",
                    f'<span class="verdict {colour}">{verdict(k)}</span>',
                ]
            )
        text += f"<h3>{escape(capital(arm_title(arm.name)))}</h3>"
        text += table_part(heads, rows) if rows else "<p>None was found.</p>"
    return text


def _fixed_part(found: Landscape) -> str:
    rows = []
    for arm, points in zip(found.arms, found.fixed_points, strict=True):
        for p in points:
            at = ", ".join(
                f"{_percent(p.shares[s])} {spell(found.grid.strains[s])}"
                for side in found.grid.sides
                for s in side[:-1]
            )
            name = escape(capital(arm_title(arm.name)))
            doubt = DASH if np.isnan(p.error) else _plain(p.error)
            rows.append([name, escape(at), f"by {p.method}", doubt, p.stability])
    return table_part(["Under", "Where", "Found", "Standard error", "Stability"], rows)


def _design(found: Landscape, about: Mapping[str, Any]) -> str:
    text = ""
    for name, module in {**about["game"], **about["institutions"]}.items():
        text += f"<h3>{escape(capital(spell(name)))}</h3><p>{escape(module['summary'])}</p>"
        if name in about["game"]:
            text += f"<p><b>Who plays.</b> {escape(about['players'])}</p>"
        text += parameters_table(module)
    return text + f"<h3>Compared</h3>{table_part(['Under', 'What it is'], _arm_rows(found.arms))}"


def _arm_rows(arms: Sequence[Arm]) -> list[list[str]]:
    return [[escape(capital(arm_title(arm.name))), escape(arm.summary)] for arm in arms]


def _percent(share: float) -> str:
    return DASH if np.isnan(share) else f"{100 * share:.0f}%"


def _bounds(share: Share) -> str:
    return DASH if np.isnan(share.low) else f"{100 * share.low:.0f}, {100 * share.high:.0f}"


def _plain(number: float, digits: int = 2) -> str:
    return DASH if np.isnan(number) else f"{number:.{digits}f}".replace("-", "\N{MINUS SIGN}")
