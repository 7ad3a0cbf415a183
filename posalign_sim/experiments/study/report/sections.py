"""Sections of the page of a study, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from posalign_sim.experiments.page import parameters_table, table_part
from posalign_sim.experiments.study.report.grid import MOST_ROWS
from posalign_sim.experiments.study.report.registered import (
    Judged,
    by_hypothesis,
    claim_text,
    estimate_text,
    outcome_text,
)
from posalign_sim.experiments.study.report.verdicts import CODES, Verdict, holds, records
from posalign_sim.experiments.wording import (
    DASH,
    METRICS,
    arm_order,
    brackets,
    capital,
    label,
    listed,
    probability,
    signed,
    spell,
)

#: Columns of arms in one table of outcomes: no more go onto a printed page.
MOST_ARMS = 5
#: Arms whose outcomes are on the page; of more, the files tell.
MOST_TOLD = 20


def main_table(found: Sequence[Verdict], tests: Sequence[Judged], study: Mapping[str, Any]) -> str:
    """The main result: a table for each game, a row for each arm.

    Args:
        found: Verdicts.
        tests: Registered hypotheses; every contrast that none of them names is exploratory.
        study: The study.
    """
    heads = ["Arm", "Effect", "Beyond its placebos", "In the twin", "Cost", "Verdict"]
    text = ""
    for game in dict.fromkeys(verdict.game for verdict in found):
        rows = []
        for row in (verdict for verdict in found if verdict.game == game):
            leads = "<br>".join(
                f"{escape(spell(lead.against, row.arm))}: {cell(lead)}"
                f"{_status(tests, study, game, row.arm, lead.against, bare=True)}"
                for lead in row.leads
            )
            status = _status(tests, study, game, row.arm, study["baseline"])
            rows.append(
                [
                    escape(spell(row.arm, row.parent)),
                    cell(row.effect),
                    leads or DASH,
                    DASH if row.twin is None else cell(row.twin),
                    signed(row.cost).lstrip("+"),
                    f'<span class="verdict {row.code}">{escape(row.word)}</span>{status}',
                ]
            )
        parents = [verdict.parent for verdict in found if verdict.game == game]
        text += f"<h3>{escape(capital(spell(game)))}</h3>" + table_part(heads, rows, parents)
    return text


def _status(
    tests: Sequence[Judged],
    study: Mapping[str, Any],
    game: str,
    arm: str,
    against: str,
    bare: bool = False,
) -> str:
    """Whether a contrast was registered; nothing where nothing was."""
    if not study.get("registration"):
        return ""
    for group in by_hypothesis(tests):
        test = group[0]
        here = (test.game, test.arm, test.against, test.metric)
        if here == (game, arm, against, study["primary"]):
            text = f"registered ({test.direction}): {outcome_text(group)}"
            return f'<small class="registered">{escape(text)}</small>'
    return "" if bare else "<small>exploratory</small>"


def registered_section(tests: Sequence[Judged], study: Mapping[str, Any]) -> str:
    """What became of registered hypotheses; nothing if none were."""
    if not study.get("registration"):
        return ""
    rows = []
    groups = by_hypothesis(tests)
    for group in groups[:MOST_ROWS]:
        test = group[0]
        adjusted = DASH if len(group) > 1 else escape(probability(test.p_holm))
        good = {"held": "raises", "opposite": "lowers"}.get(
            test.code if len({t.code for t in group}) == 1 else "", ""
        )
        rows.append(
            [
                f"{test.number}. {escape(claim_text(test))}",
                escape(spell(test.game)),
                escape(estimate_text(group)),
                adjusted,
                f'<span class="verdict {good}">{escape(outcome_text(group))}</span>',
            ]
        )
    more = (
        f"<p>The other {len(groups) - MOST_ROWS} are in <code>registered.csv</code>.</p>"
        if len(groups) > MOST_ROWS
        else ""
    )
    return (
        "<h2>Registered hypotheses</h2>"
        "<p>These were said before the study ran (registration "
        f"<code>{escape(str(study['registration'].get('sha256', '')))}</code>). They are one "
        "family, adjusted by itself (Holm); one with a direction holds only if the difference "
        "lies on its side, an equivalence only if it is shown to lie within its margin (two "
        "one-sided tests, with the 90% interval). All else on this page is <b>exploratory</b>.</p>"
        + table_part(["Hypothesis", "Game", "Estimate", "p (Holm)", "Outcome"], rows)
        + more
    )


def outcomes_section(table: pd.DataFrame, levels: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """Levels of all outcomes by arm, and under each its difference from the baseline.

    Args:
        table: Contrasts; over a grid there is one for each point, and only means are told.
        levels: Level of each metric in each arm.
        study: The study.
    """
    arms = [arm for arm, parent in arm_order(study) if parent is None]
    levels = levels[levels["payoffs"] == "ordinary"]
    level = {(row.game, row.metric, row.arm): row for row in records(levels)}
    effect: dict[Any, Any] = {}
    if not study.get("axes"):
        effects = table[(table["comparison"] == "baseline") & (table["payoffs"] == "ordinary")]
        effect = {(row.game, row.metric, row.arm): row for row in records(effects)}
    declared = {study["primary"], *study.get("secondary", ())}
    text = ""
    for game in dict.fromkeys(table["game"]):
        text += f"<h3>{escape(capital(spell(game)))}</h3>"
        metrics = set(levels.loc[levels["game"] == game, "metric"])
        order = sorted(metrics, key=lambda metric: _rank(metric, declared, study["primary"]))
        for start in range(0, max(1, min(len(arms), MOST_TOLD)), MOST_ARMS):
            shown = [study["baseline"], *arms[start : min(start + MOST_ARMS, MOST_TOLD)]]
            rows = []
            for metric in order:
                name, unit = label(metric)
                kind = " · declared" if metric in declared and len(declared) > 1 else ""
                row = [f"{escape(name)}<small>{escape(unit)}{kind}</small>"]
                for arm in shown:
                    key = (game, metric, arm)
                    row.append(_outcome(level.get(key), effect.get(key)))
                rows.append(row)
            text += table_part(["Outcome", *(escape(spell(arm)) for arm in shown)], rows)
    if len(arms) > MOST_TOLD:
        text += (
            f"<p>The other {len(arms) - MOST_TOLD} arms are in <code>summary.csv</code> and "
            "<code>contrasts.csv</code>.</p>"
        )
    return text


def _rank(metric: str, declared: set[str], primary: str) -> tuple[bool, bool, int, str]:
    """The primary outcome first, then those declared, then the others as readers know them."""
    known = list(METRICS)
    place = known.index(metric) if metric in known else len(known)
    return metric != primary, metric not in declared, place, metric


def _outcome(here: Any | None, change: Any | None) -> str:
    """The mean of an outcome, how it differs from the baseline, and where it is undefined."""
    text = DASH if here is None else signed(here.mean).lstrip("+")
    if change is not None and change.pairs:
        estimate, interval = brackets(change)
        shift = f"{estimate} <span>{interval}</span>"
        text += f"<small>{f'<b>{shift}</b>' if holds(change) else shift}</small>"
    if here is not None and here.undefined:
        text += f'<small class="gap">undefined in {here.undefined:,} of {here.worlds:,}</small>'
    return text


def design_section(study: Mapping[str, Any]) -> str:
    """Games, who plays them, institutions and arms."""
    text = ""
    for game, about in study["games"].items():
        text += f"<h3>{escape(capital(spell(game)))}</h3><p>{escape(about['summary'])}</p>"
        if game in study["population"]:
            text += f"<p><b>Who plays.</b> {escape(study['population'][game])}</p>"
        text += parameters_table(about)
    for name, about in study.get("institutions", {}).items():
        text += f"<h3>{escape(capital(spell(name)))}</h3><p>{escape(about['summary'])}</p>"
        text += parameters_table(about)
    order = [(study["baseline"], None), *arm_order(study)]
    rows = [
        [escape(spell(arm, parent)), escape(study["arms"][arm]), f"<code>{escape(arm)}</code>"]
        for arm, parent in order
    ]
    parents = [parent for _, parent in order]
    return (
        f"{text}<h3>Arms</h3>{table_part(['Arm', 'What it is', 'Name in the data'], rows, parents)}"
    )


def codes_list(found: Sequence[Verdict]) -> str:
    """The verdicts that occur, explained."""
    seen = {verdict.code for verdict in found}
    items = [
        f'<dt><span class="verdict {code}">{escape(word)}</span></dt><dd>{escape(meaning)}</dd>'
        for code, (word, meaning) in CODES.items()
        if code in seen
    ]
    return f"<dl>{''.join(items)}</dl>"


def undefined_text(levels: pd.DataFrame) -> str:
    """Which outcomes are undefined how often."""
    counts = levels.groupby("metric")["undefined"].sum()
    counts = counts[counts > 0]
    if counts.empty:
        return "No value of any outcome is undefined in any world."
    which = listed([f"{label(str(name))[0]} ({count:,})" for name, count in counts.items()])
    return (
        f"Undefined values, over all games, arms and twins: {which}. They are left out of means "
        "and counted beside them, so these outcomes speak only of worlds in which they exist."
    )


def threats_list(dangers: Sequence[tuple[str, str]]) -> str:
    """What `threats` gave, as a list."""
    items = "".join(f"<li><b>{escape(head)}.</b> {escape(text)}</li>" for head, text in dangers)
    return f"<ul>{items}</ul>"


def cell(row: Any) -> str:
    """An estimate and its interval as HTML, with what is undefined."""
    estimate, interval = brackets(row)
    text = f"{estimate} <span>{interval}</span>"
    if row.undefined:
        text += (
            f'<small class="gap">{row.undefined} of {row.pairs + row.undefined} undefined</small>'
        )
    return text
