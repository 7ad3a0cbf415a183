"""What a report says of the competence of language models: probes, beside what they did."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from posalign_sim.agents.llm.probes import SORTS, Probed
from posalign_sim.agents.llm.probes.probing import RIGHT
from posalign_sim.experiments.page import table_part
from posalign_sim.experiments.wording import DASH, capital, listed, spell, visible

NOTE = (
    "Before they played, the models were probed in situations of every arm, in the prompts with "
    "which they play: what they understand of payoffs, rules, best replies and what happened, and "
    "whether they decide alike where nothing that matters differs. Chance is what answers by lot "
    "give. Arms are taken together here; probes.csv has each."
)


def probes_table(probed: pd.DataFrame) -> pd.DataFrame:
    """Shares by game, arm, point, sort and model, with their intervals.

    Args:
        probed: what `competence` gave.
    """
    where = ["game", "arm", "point"]
    cells = {key: Probed(rows).summary() for key, rows in probed.groupby(where, sort=False)}
    return pd.concat(cells, names=where).reset_index(where).reset_index(drop=True)


def competence_section(study: Mapping[str, Any]) -> str:
    """The section of the page; nothing where nobody was probed."""
    probed: pd.DataFrame | None = study.get("probed")
    if probed is None or probed.empty:
        return ""
    text = f"<h2>Competence</h2><p>{escape(NOTE)}</p>"
    for game, (heads, rows) in competence_tables(probed).items():
        text += f"<h3>{escape(capital(spell(game)))}</h3>"
        text += table_part(
            [escape(head) for head in heads], [[escape(cell) for cell in row] for row in rows]
        )
    return text


def competence_tables(probed: pd.DataFrame) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Heads and rows for each game: a row for each model and sort of probe."""
    heads = ["Probe", "Model", "Share of", "Share [95% interval]", "By chance", "Asked", "Failed"]
    return {
        str(game): (
            heads,
            [
                [
                    capital(spell(row["sort"])),
                    visible(str(row["model"])),
                    row["counts"],
                    _interval(row),
                    DASH if row["chance"] != row["chance"] else f"{row['chance']:.2f}",
                    f"{row['asked']:,}",
                    f"{row['failures']:,}",
                ]
                for row in Probed(rows).summary().to_dict("records")
            ],
        )
        for game, rows in probed.groupby("game", sort=False)
    }


def _interval(row: Mapping[Any, Any]) -> str:
    if row["right"] != row["right"]:
        return DASH
    return f"{row['right']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def not_understood(study: Mapping[str, Any]) -> list[str]:
    """What models did not answer better than by chance, in words; one entry for each game."""
    probed: pd.DataFrame | None = study.get("probed")
    if probed is None or probed.empty:
        return []
    told = []
    for game, rows in probed.groupby("game", sort=False):
        found = Probed(rows).summary()
        right = found["sort"].map(lambda sort: SORTS[sort].counts == RIGHT)
        weak = found[right & ~(found["low"] > found["chance"])]
        for model, sorts in weak.groupby("model", sort=False)["sort"]:
            names = listed([spell(sort) for sort in sorts])
            told.append(f"{visible(str(model))} in the {spell(str(game))} ({names})")
    return told
