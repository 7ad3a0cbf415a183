"""What a search says: one page that stands alone, tables, a few lines for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from posalign_sim.experiments.files import save_table, write_atomically
from posalign_sim.experiments.page import (
    figure_part,
    page_of,
    parameters_table,
    reproduce_list,
    table_part,
)
from posalign_sim.experiments.search.figures import draw_search
from posalign_sim.experiments.search.front import STAYS, dominates, mean_interval
from posalign_sim.experiments.search.search import Found, Measured
from posalign_sim.experiments.search.settings import UNDEFINED_AS, effective
from posalign_sim.experiments.search.tables import front_table, setting_title, trial_table
from posalign_sim.experiments.wording import (
    DASH,
    MINUS,
    capital,
    counted,
    cut_to,
    label,
    listed,
    plain,
    spell,
)

#: Lines of the terminal's table; the page has them all.
MOST_LINES = 20


def terminal_table(found: Found) -> str:
    """The front as plain text: a line for each design, settings first.

    Args:
        found: what a search has found.

    Returns:
        Lines without a final newline, the answer in words last.
    """
    plan = found.plan
    heads = [
        *(axis.path.split(".")[-1] for axis in plan.over),
        *(o.metric for o in plan.objectives),
    ]
    widths = [11] * len(plan.over) + [13] * len(plan.objectives)
    lines = [f"{'':<14}" + _cells(heads, widths)]
    for place in list(range(len(found.front)))[:MOST_LINES]:
        trial = found.trials[found.front[place]]
        point = effective(trial.point)
        values = [_value(point[axis.path]) if axis.path in point else DASH for axis in plan.over]
        values += [_plain(mean) for mean in found.fresh.means[place]]
        verdict = found.verdicts[place][0]
        told = "" if verdict == STAYS else f" {verdict}"
        lines.append(f"{f'trial {trial.number}':<14}{_cells(values, widths)}{told}")
    if len(found.front) > MOST_LINES:
        lines.append(f"and {counted(len(found.front) - MOST_LINES, 'more design')}: front.csv")
    for name, measured in (("as configured", found.standing), ("none", found.none)):
        values = [""] * len(plan.over) + [_plain(mean) for mean in measured.means[0]]
        lines.append(f"{name:<14}{_cells(values, widths)}")
    lines.append("")
    for sentence in answer(found):
        lines += textwrap.wrap(f"=> {sentence}", 100, subsequent_indent="   ")
    return "\n".join(lines)


def _cells(values: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(values, widths, strict=True)
    return "".join(f"{cut_to(value, width - 1):>{width}}" for value, width in pairs)


def answer(found: Found) -> list[str]:
    """In sentences: how large the front is, its extremes, and what it is worth."""
    plan, means = found.plan, found.fresh.means
    kept = [k for k, (verdict, _) in enumerate(found.verdicts) if verdict == STAYS]
    sentences = [
        f"{counted(len(found.trials), 'design')} tried; {len(found.front)} that no other beat, of "
        f"which {len(kept)} still stand on {counted(plan.fresh, 'world')} that the search had not "
        "seen."
    ]
    for k, objective in enumerate(plan.objectives):
        if np.isnan(means[kept, k]).all():
            continue
        best = kept[int(np.nanargmax(objective.sign * means[kept, k]))]
        mean, low, high = mean_interval(found.fresh.worlds[best, k])
        sentences.append(
            f"{'Most' if objective.up else 'Least'} {label(objective.metric)[0]}: {_plain(mean)} "
            f"[{_plain(low)}, {_plain(high)}], with {_design(found, best)}."
        )
    signs = found.signs
    standing = signs * found.standing.means[0]
    better = int(dominates(signs * means, standing).sum())
    sentences.append(
        f"{counted(better, 'design')} of the front {'is' if better == 1 else 'are'} at least as "
        "good in every objective as what was configured, and better in one."
    )
    return sentences


def write_report(folder: Path, found: Found, about: Mapping[str, Any]) -> Path:
    """Write `report.html`, `trials.csv`, `front.csv` and `figures/`.

    The same search gives the same bytes.

    Args:
        folder: where to write; must be there.
        found: what a search has found.
        about: entries `title`, `games` and `institutions` (as `about_module` gives them), `players`
            (in words, by game), and those of `origin`.

    Returns:
        The path of the page.
    """
    save_table(trial_table(found), folder / "trials.csv")
    save_table(front_table(found), folder / "front.csv")
    figures = draw_search(found, folder / "figures")
    plan = found.plan
    undefined = [name for name in UNDEFINED_AS if name in {o.metric for o in plan.objectives}]
    broken = sum(trial.faults > 0 for trial in found.trials)
    parts = {
        "title": escape(about["title"]),
        "answer": "".join(f"<p>{escape(sentence)}</p>" for sentence in answer(found)),
        "trials": str(len(found.trials)),
        "generation": str(plan.generation),
        "worlds": str(plan.worlds),
        "fresh": str(plan.fresh),
        "sampler": {"nsga2": "NSGA-II", "tpe": "TPE"}[plan.sampler],
        "front": _front_part(found),
        "optimism": _optimism_part(found),
        "figures": "".join(figure_part(figure) for figure in figures),
        "searched": _searched_part(found),
        "design": _design_part(about),
        "undefined": (
            f"<li>Where {escape(listed([spell(n) for n in undefined]))} is undefined in a world "
            "(somebody is in debt, or nobody owns anything) it counts as 0.</li>"
            if undefined
            else ""
        ),
        "faults": (
            f"<li>Worlds of {counted(broken, 'design')} broke off: nothing is claimed there.</li>"
            if broken
            else ""
        ),
        "several": (
            "<li>An objective is its mean over the games, each counting alike; the tables have "
            "each game's own.</li>"
            if len(found.games) > 1
            else ""
        ),
        "reproduce": reproduce_list(about),
    }
    path = folder / "report.html"
    write_atomically(path, page_of(__package__, parts))
    return path


def _design(found: Found, place: int) -> str:
    """A design of the front in words."""
    point = effective(found.trials[found.front[place]].point)
    return ", ".join(f"{setting_title(path)} {_value(value)}" for path, value in point.items())


def _value(value: Any) -> str:
    """A setting in few digits: more would promise what no search knows."""
    return plain(float(f"{value:.3g}")) if isinstance(value, float) else plain(value)


def _front_part(found: Found) -> str:
    objectives = found.plan.objectives
    heads = ["Design", *(escape(capital(label(o.metric)[0])) for o in objectives), "Verdict"]
    rows = []
    for place, (verdict, by) in enumerate(found.verdicts):
        seen = found.searched[place]
        cells = [_cell(found.fresh, place, k, seen[k]) for k in range(len(objectives))]
        beaten = (
            f"<small>by trial {found.trials[found.front[by]].number}</small>" if by >= 0 else ""
        )
        colour = "raises" if verdict == STAYS else "lowers"
        number = f"<small>trial {found.trials[found.front[place]].number}</small>"
        told = f'<span class="verdict {colour}">{verdict}</span>{beaten}'
        rows.append([escape(capital(_design(found, place))) + number, *cells, told])
    for name, measured in (("As configured", found.standing), ("No institution", found.none)):
        cells = [_cell(measured, 0, k, None) for k in range(len(objectives))]
        rows.append([name, *cells, DASH])
    return table_part(heads, rows)


def _cell(measured: Measured, place: int, k: int, seen: float | None) -> str:
    mean, low, high = mean_interval(measured.worlds[place, k])
    if np.isnan(mean):
        return DASH
    before = "" if seen is None else f"<small>in the search {_plain(seen)}</small>"
    return f"{_plain(mean)} <span>[{_plain(low)}, {_plain(high)}]</span>{before}"


def _optimism_part(found: Found) -> str:
    rows = []
    for objective, gap in zip(found.plan.objectives, found.optimism, strict=True):
        name, unit = label(objective.metric)
        told = f"{escape(capital(name))}" + (f"<small>{escape(unit)}</small>" if unit else "")
        rows.append([told, "more" if objective.up else "less", _plain(gap)])
    return table_part(["Objective", "Better", "Too good by"], rows)


def _searched_part(found: Found) -> str:
    rows = []
    for axis in found.plan.over:
        span = (
            listed([spell(name) for name in axis.choices])
            if axis.choices
            else f"{plain(axis.low)} to {plain(axis.high)}"
        )
        scale = {"log": "logarithmic", "whole": "whole numbers"}.get(axis.scale, DASH)
        rows.append([escape(capital(setting_title(axis.path))), escape(span), scale])
    return table_part(["Setting", "Searched", "Scale"], rows)


def _design_part(about: Mapping[str, Any]) -> str:
    text = ""
    for name, module in {**about["games"], **about["institutions"]}.items():
        text += f"<h3>{escape(capital(spell(name)))}</h3><p>{escape(module['summary'])}</p>"
        if name in about["players"]:
            text += f"<p><b>Who plays.</b> {escape(about['players'][name])}</p>"
        text += parameters_table(module)
    return text


def _plain(number: float) -> str:
    return DASH if np.isnan(number) else f"{number:.3f}".replace("-", MINUS)
