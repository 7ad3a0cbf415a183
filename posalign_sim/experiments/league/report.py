"""What a league says: one page that stands alone, tables, a few lines for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.files import save_table, write_atomically
from posalign_sim.experiments.league.figures import draw_league
from posalign_sim.experiments.league.play import Played
from posalign_sim.experiments.league.standings import Standings, stage_table
from posalign_sim.experiments.page import figure_part, page_of, reproduce_list, table_part
from posalign_sim.experiments.wording import DASH, MINUS, cut_to, listed, spell

#: What stands in the columns of the page, in order.
COLUMNS = {
    "rating": "Rating",
    "match_rating": "Match rating",
    "points": "Points",
    "welfare": "Welfare",
    "partner_loss": "Partners lose",
}


def terminal_table(main: Standings, held_out: Standings | None) -> str:
    """The standings as plain text, at most 100 columns wide, the answer in words last.

    Args:
        main: standings in the scenarios that rank.
        held_out: in those that do not.
    """
    heads = ("rating", "match", "points", "welfare", "loss", "broke")
    lines = [f"{'rank':<6}{'player':<30}" + "".join(f"{head:>10}" for head in heads)]
    for k in main.order:
        cells = [_number(main.values[name][k], name) for name in COLUMNS]
        cells.append(f"{main.broke[k]:.0%}")
        lines.append(
            f"{_rank(main, k):<6}{cut_to(main.names[k], 29):<30}"
            + "".join(f"{cell:>10}" for cell in cells)
        )
    lines.append("")
    for sentence in answer(main, held_out):
        lines += textwrap.wrap(f"=> {sentence}", 100, subsequent_indent="   ")
    return "\n".join(lines)


def answer(main: Standings, held_out: Standings | None) -> list[str]:
    """In sentences: who stands first, who is best for others, and what carries over."""
    first = [main.names[k] for k in main.order if (main.ranks[k] or (0, 0))[0] == 1]
    if not first:
        return ["Nobody could be compared with anybody: all worlds broke off."]
    if len(first) == 1:
        sentences = [f"{first[0]} stands first."]
    elif len(first) == sum(rank is not None for rank in main.ranks):
        sentences = ["Nobody clearly stands above anybody: the intervals of all ratings overlap."]
    else:
        sentences = [f"{listed(first)} stand first; what is between them may be luck."]
    welfare = main.values["welfare"]
    if not np.isnan(welfare).all():
        best = int(np.nanargmax(welfare))
        worst = int(np.nanargmax(main.values["partner_loss"]))
        sentences.append(
            f"Most is gained together with {main.names[best]}; partners lose most with "
            f"{main.names[worst]}."
        )
    if held_out is not None:
        again = [held_out.names[k] for k in held_out.order if (held_out.ranks[k] or (0, 0))[0] == 1]
        if again:
            verb = "stands" if len(again) == 1 else "stand"
            sentences.append(f"In what was held out {listed(again)} {verb} first.")
    return sentences


def write_report(
    folder: Path,
    played: Played,
    main: Standings,
    held_out: Standings | None,
    about: Mapping[str, Any],
) -> Path:
    """Write `report.html`, the tables and `figures/`.

    The same league gives the same bytes.

    Args:
        folder: where to write; must be there.
        played: what came of all matches.
        main: standings in the scenarios that rank.
        held_out: in those that do not, if there are any.
        about: the entries of `origin`.

    Returns:
        The path of the page.
    """
    league = played.league
    stages = stage_table(played)
    save_table(main.table(), folder / "standings.csv")
    if held_out is not None:
        save_table(held_out.table(), folder / "held_out.csv")
    save_table(stages, folder / "scenarios.csv")
    save_table(played.table(), folder / "matches.csv")
    figures = draw_league(main, held_out, folder / "figures")
    apart = "<p>Nothing was held out.</p>"
    if held_out is not None:
        names = escape(listed([spell(name) for name in held_out.stages]))
        apart = f"{_standings_part(held_out)}<p>From: {names}. None of it ranks anybody above.</p>"
    parts = {
        "title": escape(f"{len(league.players)} players, everybody with everybody"),
        "answer": "".join(f"<p>{escape(sentence)}</p>" for sentence in answer(main, held_out)),
        "itself": ", itself too" if league.self_play else "",
        "worlds": str(league.worlds),
        "standings": _standings_part(main),
        "ranked": escape(listed([spell(name) for name in main.stages])),
        "held_out": apart,
        "figures": "".join(figure_part(figure) for figure in figures),
        "scenarios": _stage_part(stages),
        "reproduce": reproduce_list(about),
    }
    path = folder / "report.html"
    write_atomically(path, page_of(__package__, parts))
    return path


def _standings_part(found: Standings) -> str:
    heads = ["Player", "Rank", *COLUMNS.values(), "Broke off"]
    rows = []
    for k in found.order:
        cells = []
        for name in COLUMNS:
            value, low, high = (part[name][k] for part in (found.values, found.low, found.high))
            text = _number(value, name)
            if not np.isnan(value):
                text += f" <small>[{_number(low, name)}, {_number(high, name)}]</small>"
            cells.append(text)
        broke = f"{found.broke[k]:.0%}"
        rows.append([escape(found.names[k]), _rank(found, k), *cells, broke])
    return table_part(heads, rows)


def _stage_part(stages: pd.DataFrame) -> str:
    heads = ["Scenario", "Player", "Points", "Welfare", "Partners lose"]
    rows = []
    for row in stages.to_dict("records"):
        name = escape(spell(str(row["scenario"]))) + (" (held out)" if row["held_out"] else "")
        numbers = [_number(row[key], "") for key in ("points", "welfare", "partner_loss")]
        rows.append([name, escape(str(row["player"])), *numbers])
    return table_part(heads, rows)


def _rank(found: Standings, place: int) -> str:
    """`2`, or `2-4` where intervals overlap."""
    ranks = found.ranks[place]
    if ranks is None:
        return DASH
    first, last = ranks
    return str(first) if first == last else f"{first}-{last}"


def _number(value: float, name: str) -> str:
    if np.isnan(value):
        return DASH
    text = f"{value:.0f}" if "rating" in name else f"{value:.2f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return text.replace("-", MINUS)
