"""The part of a report that a factorial study adds: main effects and interactions."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from posalign_sim.experiments.files import save_table
from posalign_sim.experiments.study.report.grid import over_points
from posalign_sim.experiments.study.report.verdicts import (
    CHANGED,
    holds,
    models_changed,
    records,
    sign,
    without_faulted,
)
from posalign_sim.experiments.wording import brackets, capital, cut_to, label, spell
from posalign_sim.metrics.factorial import TIMES, factorial_effects


def study_effects(results: pd.DataFrame, study: Mapping[str, Any]) -> pd.DataFrame:
    """Main effects and interactions of a factorial study, for its primary metric.

    Over a grid they are averages over its points.

    Args:
        results: Long table of results.
        study: The study; its `factors` are the factors.
    """
    # Faults decide which outcomes count; no other metric is needed.
    chosen = results[results["metric"].isin([study["primary"], "faults"])]
    return factorial_effects(
        over_points(without_faulted(chosen)),
        study["factors"],
        study["primary"],
        resamples=10_000,
        seed=int(study["seed"]) % 2**63,
    )


def effects_table(effects: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """Main effects and interactions as plain text, at most 100 columns wide."""
    name, unit = label(study["primary"])
    lines = ["", cut_to(f"Main effects and interactions: {name}, {unit}; [95% interval]", 100)]
    for game in dict.fromkeys(effects["game"]):
        lines += ["", f"{cut_to(spell(game), 44):<44}{'effect':>26}  meaning"]
        for row in records(effects[effects["game"] == game]):
            what = cut_to(spelt(row.effect), 44)
            lines.append(f"{what:<44}{' '.join(brackets(row)):>26}  {meaning(row, study)}")
    return "\n".join(lines)


def effects_section(folder: Path, results: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """The section of the page, with `effects.csv` beside it; nothing if there are no factors."""
    if not study.get("factors"):
        return ""
    effects = study_effects(results, study)
    save_table(effects, folder / "effects.csv")
    name, unit = label(study["primary"])
    text = (
        "<h2>Main effects and interactions</h2>"
        f"<p>What each institution adds to {escape(name)} ({escape(unit)}), on average over "
        "the presence of the others; and, for pairs, by how much more one adds where the other is "
        "in place: above zero they are complements, below zero substitutes. Adjusted together "
        f"(Holm).{' Averages over the points of the grid.' if study.get('axes') else ''}</p>"
    )
    for game in dict.fromkeys(effects["game"]):
        rows = "".join(
            f'<tr><th scope="row">{escape(spelt(row.effect))}</th>'
            f'<td data-label="Effect"><div>{brackets(row)[0]} <span>{brackets(row)[1]}</span>'
            '</div></td><td data-label="Meaning"><div>'
            f"{escape(meaning(row, study))}</div></td></tr>"
            for row in records(effects[effects["game"] == game])
        )
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("", "Effect", "Meaning"))
        text += (
            f"<h3>{escape(capital(spell(game)))}</h3>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )
    return text


def spelt(effect: str) -> str:
    """The name of an effect as print.

    >>> spelt("income_tax x bond")
    'income tax x bond'
    """
    return TIMES.join(spell(name) for name in effect.split(TIMES))


def meaning(row: Any, study: Mapping[str, Any]) -> str:
    """What an effect says, in a word or two."""
    if not row.pairs:
        return "undefined"
    if models_changed(study, row.game, list(study["arms"]), None):
        return f"no claim: {CHANGED}"
    if sign(row) == 0:
        return "no clear effect" if row.order == 1 else "no clear interaction"
    if not holds(row):
        return "hint only"
    up = sign(row) > 0
    if row.order == 1:
        return "raises it" if up else "lowers it"
    if row.order == 2:
        return "complements" if up else "substitutes"
    return "more so together" if up else "less so together"
