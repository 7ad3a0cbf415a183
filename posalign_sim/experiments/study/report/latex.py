r"""Tables of a study for a paper: LaTeX with `booktabs`, to be taken in with `\input`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from posalign_sim.experiments.study.report.grid import over_grid
from posalign_sim.experiments.study.report.registered import Judged
from posalign_sim.experiments.study.report.verdicts import Verdict, holds, records
from posalign_sim.experiments.wording import (
    METRICS,
    MINUS,
    arm_order,
    counted,
    label,
    point_text,
    probability,
    signed,
    spell,
)

#: Columns of arms in one table of outcomes; further arms have a table of their own.
MOST_ARMS = 3

_MARKS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": r"\textbar{}",
    '"': "''",
    MINUS: "$-$",
    "±": r"$\pm$",
    "\N{EN DASH}": "--",
    "…": r"\dots{}",
    "“": "``",
    "”": "''",
    **{mark: "\\" + mark for mark in "&%$#_{}"},
}


def escape_latex(text: str) -> str:
    r"""Text as LaTeX prints it, whatever characters it holds.

    >>> print(escape_latex("50% of $x_1$ \\"))
    50\% of \$x\_1\$ \textbackslash{}
    """
    text = re.sub(r"[\x00-\x1f\x7f\s]+", " ", str(text))
    return "".join(_MARKS.get(letter, letter) for letter in text)


def contrasts_latex(
    found: Sequence[Verdict], tests: Sequence[Judged], study: Mapping[str, Any]
) -> str:
    """The main table, a float for each game.

    Args:
        found: Verdicts.
        tests: Registered hypotheses; contrasts that they name get a dagger.
        study: The study.
    """
    build = _grid_table if study.get("axes") else _main_table
    games = list(dict.fromkeys(verdict.game for verdict in found))
    texts = [
        build([v for v in found if v.game == game], tests, study, number, len(games))
        for number, game in enumerate(games, start=1)
    ]
    return _HEAD + "\n".join(texts)


def outcomes_latex(table: pd.DataFrame, levels: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """Means of the declared outcomes by arm, and under each its difference from the baseline.

    Args:
        table: Contrasts; over a grid only means are told.
        levels: Level of each metric in each arm.
        study: The study; without `secondary` outcomes, all are told.
    """
    ordinary = levels[levels["payoffs"] == "ordinary"]
    level = {(row.game, row.metric, row.arm): row for row in records(ordinary)}
    effects: dict[Any, Any] = {}
    if not study.get("axes"):
        rows = table[(table["comparison"] == "baseline") & (table["payoffs"] == "ordinary")]
        effects = {(row.game, row.metric, row.arm): row for row in records(rows)}
    there = set(ordinary["metric"])
    declared = [study["primary"], *study.get("secondary", ())]
    if len(declared) == 1:
        declared += [metric for metric in METRICS if metric not in declared]
    metrics = [metric for metric in dict.fromkeys(declared) if metric in there]
    arms = [arm for arm, parent in arm_order(study) if parent is None]
    texts: list[str] = []
    for game in study["games"]:
        for start in range(0, max(1, len(arms)), MOST_ARMS):
            shown = [study["baseline"], *arms[start : start + MOST_ARMS]]
            lines = [
                " & ".join(["Outcome", *(escape_latex(spell(arm)) for arm in shown)]) + r" \\",
                r"\midrule",
            ]
            for metric in metrics:
                lines += _outcome_rows(game, metric, shown, level, effects)
            caption = (
                f"Outcomes in the {spell(game)}: means over worlds, below them the difference from "
                f"“{spell(study['baseline'])}” with its 95% interval; an asterisk marks those that "
                "survive adjustment (Holm) among the comparisons of that outcome."
            )
            if study.get("axes"):
                caption = f"Outcomes in the {spell(game)}: means over worlds and grid points."
            number = len(texts) + 1
            texts.append(_float(lines, "l" + "r" * len(shown), caption, study, "outcomes", number))
    return _HEAD + "\n".join(texts)


_HEAD = "% Needs \\usepackage{booktabs}, and UTF-8 (the default since 2018).\n"


def _main_table(
    rows: Sequence[Verdict],
    tests: Sequence[Judged],
    study: Mapping[str, Any],
    number: int,
    games: int,
) -> str:
    game = rows[0].game
    named = {(t.game, t.arm, t.against) for t in tests if t.metric == study["primary"]}
    heads = ("Arm", "Effect", r"95\% interval", "$p$ (Holm)", "Placebo", "Twin", "Cost", "Verdict")
    lines = [" & ".join(heads) + r" \\", r"\midrule"]
    for row in rows:
        name = escape_latex(spell(row.arm, row.parent))
        mark = r"\textsuperscript{\dag}" * ((game, row.arm, study["baseline"]) in named)
        lead = min((lead.estimate for lead in row.leads), default=float("nan"))
        cells = [
            (name if row.parent is None else rf"\quad {name}") + mark,
            _number(row.effect.estimate),
            f"[{_number(row.effect.low)}, {_number(row.effect.high)}]",
            escape_latex(probability(row.effect.p_holm)),
            _number(lead),
            _number(float("nan") if row.twin is None else row.twin.estimate),
            _number(row.cost).lstrip("+"),
            escape_latex(row.word),
        ]
        lines.append(" & ".join(cells) + r" \\")
    what, unit = label(study["primary"])
    caption = (
        f"Change in {what}{f' ({unit})' if unit else ''} against “{spell(study['baseline'])}” in "
        f"the {spell(game)}, with 95% intervals; {counted(int(study['worlds']), 'world')} an arm, "
        "paired by their luck. Placebo: the lead over the nearest placebo; twin: the effect in the "
        "zero-sum twin."
    )
    if any(row[0] == game for row in named):
        caption += " A dagger marks contrasts that were registered before the run."
    return _float(lines, "lrcrrrrl", caption, study, "contrasts", number if games > 1 else 0)


def _grid_table(
    rows: Sequence[Verdict],
    tests: Sequence[Judged],
    study: Mapping[str, Any],
    number: int,
    games: int,
) -> str:
    heads = ("Arm", "Raises", "Lowers", "Points", "Median", "Range", "Most at")
    lines = [" & ".join(heads) + r" \\", r"\midrule"]
    for row in over_grid(rows):
        name = escape_latex(spell(row.arm, row.parent))
        best = row.best.point if row.best is not None else None
        cells = [
            name if row.parent is None else rf"\quad {name}",
            str(row.codes.get("raises", 0)),
            str(row.codes.get("lowers", 0)),
            str(row.points),
            _number(row.median),
            f"{_number(row.least)} to {_number(row.most)}",
            "--" if best is None else escape_latex(point_text(study["points"][best])),
        ]
        lines.append(" & ".join(cells) + r" \\")
    what, unit = label(study["primary"])
    caption = (
        f"Change in {what}{f' ({unit})' if unit else ''} against “{spell(study['baseline'])}” in "
        f"the {spell(rows[0].game)} over {counted(len(study['points']), 'point')} of a grid, "
        f"{counted(int(study['worlds']), 'world')} each: at how many points it is raised and "
        "lowered after adjustment (Holm) over all of them."
    )
    return _float(lines, "lrrrrcl", caption, study, "contrasts", number if games > 1 else 0)


def _outcome_rows(
    game: str,
    metric: str,
    arms: Sequence[str],
    level: Mapping[Any, Any],
    effects: Mapping[Any, Any],
) -> list[str]:
    """The means of an outcome, and under them the differences if there are any."""
    means, changes = [escape_latex(label(metric)[0])], [""]
    for arm in arms:
        here, change = level.get((game, metric, arm)), effects.get((game, metric, arm))
        means.append("--" if here is None else _number(here.mean).lstrip("+"))
        told = change is not None and change.pairs > 0
        changes.append(
            rf"{{\scriptsize {_number(change.estimate)} "
            rf"[{_number(change.low)}, {_number(change.high)}]{'*' * holds(change)}}}"
            if told and change is not None
            else ""
        )
    rows = [" & ".join(means) + r" \\"]
    return rows + ([" & ".join(changes) + r" \\"] if any(changes) else [])


def _float(
    lines: Sequence[str],
    columns: str,
    caption: str,
    study: Mapping[str, Any],
    what: str,
    number: int,
) -> str:
    """A float around rows; its label is made of letters that all packages can bear."""
    name = re.sub(r"[^a-z0-9]+", "-", str(study["name"]).lower()).strip("-") or "study"
    label_ = f"tab:{name}-{what}" + (f"-{number}" if number else "")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\footnotesize",
            rf"\caption{{{escape_latex(caption)}}}",
            rf"\label{{{label_}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _number(value: float) -> str:
    return escape_latex(signed(float(value)))
