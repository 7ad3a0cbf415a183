"""The command `posalign-sim judge`: models judge what the models of a study said and did."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm import Budget, Cassette, Routed
from posalign_sim.agents.llm.judges import Judged, comparing, items_of, judging
from posalign_sim.agents.llm.judges.measures import MEASURES
from posalign_sim.experiments.configure import value_of
from posalign_sim.experiments.files import save_table
from posalign_sim.experiments.study.design import PAYOFFS
from posalign_sim.experiments.study.models import CALLS
from posalign_sim.experiments.study.results import Results
from posalign_sim.experiments.study.settings import settings_of
from posalign_sim.experiments.wording import DASH, counted, cut_to, spell
from posalign_sim.world.errors import ConfigurationError, nearest

USAGE = """\
posalign-sim judge FOLDER judges=[MODEL,...] [SETTINGS]

  FOLDER             a finished study in which language models held seats
  judges             who judges: openai/gpt-4o, NAME@http://localhost:8000/v1, fake
  measures           [reason,divergence]: to what reasons appeal, and whether they announce another
                     act; appropriateness: of the act to a charter and the rules
  charter            a file with the community's own charter, in words
  compare            [ARM,ARM]: which arm's act is more appropriate, where both arms differ
  seed, calls, tokens, at_once
                     of the orders in which answers stand; limits; questions under way at once
  allow_self         true: a model may judge a study in which it plays

Judging is blind, and what is compared is judged in both orders. Verdicts go to judgements.csv in
the folder, summaries to judgements_by_arm.csv; what judges answered is kept in judges.sqlite, so
that the same again asks nobody.
"""
#: What may be said, with what holds of itself.
DEFAULTS: Mapping[str, Any] = {
    "judges": None,
    "measures": ["reason", "divergence"],
    "charter": None,
    "compare": None,
    "seed": 0,
    "calls": None,
    "tokens": None,
    "at_once": 64,
    "allow_self": False,
}
#: Where judges' answers are kept, in the folder of the study.
JUDGES = "judges.sqlite"


def judge_study(words: Sequence[str]) -> int:
    """Have the acts of a finished study judged.

    Args:
        words: of the command line, after `judge`.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: there is no such study, or a word is not understood.
    """
    if not words or "-h" in words or "--help" in words:
        print(USAGE, end="")
        return 0
    folder, asked = _read(words)
    judged = judge_folder(folder, **asked)
    save_table(judged.table, folder / "judgements.csv")
    summary = judged.summary()
    save_table(summary, folder / "judgements_by_arm.csv")
    print(judged_text(judged, summary))
    print(f"Verdicts: {folder / 'judgements.csv'}")
    return 0


def judge_folder(folder: Path, **asked: Any) -> Judged:
    """What judges say of the acts of a finished study.

    Args:
        folder: of the study.
        asked: settings; see `DEFAULTS`.

    Raises:
        ConfigurationError: there is no such study, no model played in it, or a setting is wrong.
    """
    told = {**DEFAULTS, **asked}
    results = Results.open(folder)
    if not (folder / CALLS).is_file():
        raise ConfigurationError(f"{folder}: no language model played in it: there is no {CALLS}")
    settings = settings_of(results.config)
    recorded = items_of(folder / CALLS, settings.name)
    judges = [Asking(model=name) for name in _names(told["judges"], "judges")]
    measures = _names(told["measures"], "measures", MEASURES)
    charter = "" if told["charter"] is None else _text(Path(str(told["charter"])))
    models = [str(asking.model) for asking in judges]
    shared = {key: told[key] for key in ("seed", "allow_self", "at_once")}

    async def work() -> Judged:
        routed = Routed(models)
        routed.make()
        budget = Budget(routed, calls=told["calls"], tokens=told["tokens"])
        cassette = Cassette(folder / JUDGES, budget)
        try:
            if told["compare"] is None:
                return await judging(
                    recorded, cassette, judges, measures=measures, charter=charter, **shared
                )
            arms = _names(told["compare"], "compare", [arm.name for arm in settings.arms])
            if len(arms) != 2:
                raise ConfigurationError("compare= names two arms: compare=[bond,none]")
            found = []
            for part in {item.part.rpartition(f"/{arms[0]}/")[0] for item in recorded.items}:
                one, other = (f"{part}/{arm}/{PAYOFFS[0]}" for arm in arms)
                if any(item.part == one for item in recorded.items):
                    found.append(
                        await comparing(
                            recorded, cassette, judges, one, other, charter=charter, **shared
                        )
                    )
            return _joined(found)
        finally:
            await cassette.close()

    return asyncio.run(work())


def _joined(found: Sequence[Judged]) -> Judged:
    if not found:
        raise ConfigurationError("compare=: nothing is recorded of the first of these arms")
    return Judged(
        pd.concat([one.table for one in found], ignore_index=True),
        pd.concat([one.orders for one in found], ignore_index=True),
    )


def _read(words: Sequence[str]) -> tuple[Path, dict[str, Any]]:
    """The folder and the settings that words of a command line name."""
    if "=" in words[0] or words[0].startswith("-"):
        raise ConfigurationError("name the folder: posalign-sim judge FOLDER judges=[MODEL]")
    asked: dict[str, Any] = {}
    for word in words[1:]:
        name, sign, value = word.partition("=")
        if not sign or name not in DEFAULTS:
            raise ConfigurationError(f"{word}: {nearest(name, DEFAULTS)}; judge --help shows all")
        asked[name] = value_of(value)
    return Path(words[0]), asked


def _names(given: Any, where: str, known: Sequence[str] | Mapping[str, Any] = ()) -> list[str]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not names:
        raise ConfigurationError(f"{where} must be a list of names: {where}=[...], not {given!r}")
    for name in names:
        if known and name not in known:
            raise ConfigurationError(f"{where}: unknown {name!r}: {nearest(str(name), known)}")
    return [str(name) for name in names]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"charter={path}: {error}") from None


def judged_text(judged: Judged, summary: pd.DataFrame) -> str:
    """What judges found as tables, at most 100 columns wide.

    Args:
        judged: verdicts.
        summary: of them, by arm.
    """
    lines = [f"{'part and measure':<58}{'mean [95% interval]':>27}{'worlds':>8}{'acts':>7}"]
    for part, rows in summary[summary["acts"] > 0].groupby("part", sort=False):
        lines.append(cut_to(str(part), 98))
        for row in rows.to_dict("records"):
            interval = f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
            lines.append(
                f"  {cut_to(row['measure'], 55):<56}{interval:>27}{row['worlds']:>8,}"
                f"{row['acts']:>7,}"
            )
    kinds = judged.table.loc[judged.table["failure"] != "", "failure"].value_counts()
    failed = "".join(f"; {count:,} failed: {spell(str(kind))}" for kind, count in kinds.items())
    lines.append(f"{counted(len(judged.table), 'verdict')}{failed}")
    for row in judged.agreement().to_dict("records"):
        told = DASH if np.isnan(row["alpha"]) else f"{row['alpha']:.2f}"
        lines.append(
            f"Agreement on {row['measure']}: alpha {told} ({counted(row['judges'], 'judge')}, "
            f"{counted(row['acts'], 'act')} judged by several)"
        )
    for row in judged.position_bias().to_dict("records"):
        lines.append(
            f"{row['judge']} picks what comes first {row['first']:.2f} of the time "
            f"[{row['low']:.2f}, {row['high']:.2f}]; the same in both orders: "
            f"{row['consistent']:.2f}"
        )
    return "\n".join(lines)
