"""The main result of a study as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from posalign_sim.experiments.study.report.grid import grid_lines
from posalign_sim.experiments.study.report.verdicts import CODES, Verdict, verdicts
from posalign_sim.experiments.wording import (
    DASH,
    brackets,
    cut_to,
    effect_name,
    signed,
    spell,
)


def terminal_table(table: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """The main result as plain text, at most 100 columns wide.

    The column "v. placebo" is the lead over that placebo which comes nearest. Over a grid there is
    a line an arm: at how many points it raises and lowers the outcome, and where it does most.

    Args:
        table: What `study_contrasts` gave.
        study: The study; its `seconds`, if there, are told.

    Returns:
        Lines without a final newline.
    """
    found = verdicts(table, study)
    lines = [cut_to(study["title"], 100), cut_to(f"{effect_name(study)}; [95% interval]", 100)]
    if study.get("axes"):
        lines[1] = cut_to(effect_name(study), 100)
        lines += grid_lines(found, study)
    else:
        for game in dict.fromkeys(verdict.game for verdict in found):
            lines += _game_lines([verdict for verdict in found if verdict.game == game])
    if "seconds" in study:
        lines += ["", f"{study['worlds']} worlds an arm, {study['seconds']:.1f} s"]
    return "\n".join(lines)


def _game_lines(rows: Sequence[Verdict]) -> list[str]:
    heads = ("effect", "v. placebo", "in twin", "cost")
    lines = [
        "",
        f"{cut_to(spell(rows[0].game), 21):<21}" + "{:>26}{:>11}{:>9}{:>8}  verdict".format(*heads),
    ]
    for row in rows:
        name = spell(row.arm) if row.parent is None else "  " + spell(row.arm, row.parent)
        lead = min((lead.estimate for lead in row.leads), default=float("nan"))
        twin = float("nan") if row.twin is None else row.twin.estimate
        lines.append(
            f"{cut_to(name, 21):<21}{cut_to(' '.join(brackets(row.effect)), 26):>26}"
            f"{signed(lead) if row.leads else DASH:>11}{signed(twin):>9}"
            f"{signed(row.cost).lstrip('+'):>8}  {cut_to(row.word, 23)}"
        )
    real = [row for row in rows if row.parent is None]
    groups = {
        word: ", ".join(spell(row.arm) for row in real if row.code == code)
        for code, (word, _) in CODES.items()
    }
    told = "; ".join(f"{word}: {names}" for word, names in groups.items() if names)
    lines.append(cut_to(f"=> {told}", 100))
    return lines
