"""The report of a study: one HTML page that stands alone, and a table for the terminal.

What the page claims is computed. An arm "raises welfare" only if its effect, its lead over each
of its placebos and its lead over the zero-sum twin all hold after Holm's adjustment, in enough
worlds, with no world undefined, while gross welfare stood still in the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from posalign_sim.experiments.study.factorial import effects_section
from posalign_sim.experiments.figures import draw
from posalign_sim.experiments.files import save_table, write_atomically
from posalign_sim.experiments.page import (
    figure_part,
    page_of,
    parameters_table,
    reproduce_list,
    table_part,
)
from posalign_sim.experiments.study.verdicts import (
    CODES,
    Verdict,
    holds,
    records,
    study_contrasts,
    verdicts,
    without_faulted,
)
from posalign_sim.experiments.wording import (
    DASH,
    METRICS,
    arm_order,
    brackets,
    capital,
    cut_to,
    effect_name,
    interval_text,
    label,
    listed,
    signed,
    spell,
)
from posalign_sim.metrics.statistics import summarise


def terminal_table(table: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """The main result as plain text, at most 100 columns wide.

    The column "v. placebo" is the lead over that placebo which comes nearest.

    Args:
        table: What `study_contrasts` gave.
        study: The study; its `seconds`, if there, are told.

    Returns:
        Lines without a final newline.
    """
    found = verdicts(table, study)
    lines = [cut_to(study["title"], 100), cut_to(f"{effect_name(study)}; [95% interval]", 100)]
    for game in dict.fromkeys(verdict.game for verdict in found):
        rows = [verdict for verdict in found if verdict.game == game]
        heads = ("effect", "v. placebo", "in twin", "cost")
        lines += [
            "",
            f"{cut_to(spell(game), 21):<21}" + "{:>26}{:>11}{:>9}{:>8}  verdict".format(*heads),
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
    if "seconds" in study:
        lines += ["", f"{study['worlds']} worlds an arm, {study['seconds']:.1f} s"]
    return "\n".join(lines)


def write_report(
    folder: Path,
    results: pd.DataFrame,
    trajectories: pd.DataFrame,
    study: Mapping[str, Any],
    table: pd.DataFrame | None = None,
) -> Path:
    """Write `report.html`, with `contrasts.csv`, `summary.csv` and `figures/` beside it.

    The page needs no other file and no network. The same input gives the same bytes; the time
    that a study took (`seconds`) is not in them.

    Args:
        folder: Where to write; made if absent.
        results: Long table with columns `game, arm, payoffs, world, metric, value`; NaN is
            undefined.
        trajectories: Table with `game, arm, payoffs, round, metric, mean, low, high`; may be
            empty.
        study: Entries `name, title, question`; `games` (name to `summary` and `parameters`, which
            maps names to value, unit and meaning); `arms` (name to a line); `population` (game to
            text); `primary` metric, `baseline` arm, `placebos` (arm to placebo arms); `seed,
            worlds, rounds, versions, code_hash, config_hash, command, claims_minimum_worlds`.
            If given, `institutions` (as `games`) are described too, and `withdrawn` maps arms to
            the round at which they are switched off.
        table: What `study_contrasts` gave for the same results, if it is at hand.

    Returns:
        The path of the page.

    Raises:
        ValueError: If the study lacks an entry, or the results a column, a metric or an arm.
    """
    folder = Path(folder)
    if table is None:
        table = study_contrasts(results, study)
    levels = summarise(without_faulted(results))
    figures = draw(results, table, trajectories, study, folder / "figures")
    save_table(table, folder / "contrasts.csv")
    save_table(levels, folder / "summary.csv")
    found = verdicts(table, study)
    parts = {
        "title": escape(study["title"]),
        "question": escape(study["question"]),
        "answer": "".join(f"<p>{escape(sentence)}</p>" for sentence in answer(found, table, study)),
        "minimum": escape(str(study["claims_minimum_worlds"])),
        "worlds": escape(str(study["worlds"])),
        "rounds": escape(str(study["rounds"])),
        "baseline": escape(spell(study["baseline"])),
        "effect": escape(effect_name(study)),
        "tests": str(int(table.loc[table["metric"] == study["primary"], "p_holm"].count())),
        "codes": _codes(found),
        "design": _design(study),
        "main": _main_table(found, study),
        "figures": "".join(figure_part(figure) for figure in figures),
        "effects": effects_section(folder, results, study),
        "secondary": _secondary(table, levels, study),
        "undefined": escape(_undefined(levels)),
        "reproduce": reproduce_list(study),
    }
    path = folder / "report.html"
    write_atomically(path, page_of(__package__, parts))
    return path


def answer(
    found: Sequence[Verdict], table: pd.DataFrame, study: Mapping[str, Any]
) -> tuple[str, str, str]:
    """The answer in three sentences: what arms did, beside their placebos, and in the twins.

    Args:
        found: What `verdicts` gave.
        table: The contrasts that it was given.
        study: The study.

    Returns:
        Three sentences.
    """
    real = [verdict for verdict in found if verdict.parent is None]
    games = list(dict.fromkeys(verdict.game for verdict in real))
    clauses = [
        f"in the {spell(game)}, {_game_clause([v for v in real if v.game == game], study)}"
        for game in games
    ]
    first = ", while ".join(clauses) + "." if clauses else "there is nothing to compare."
    return capital(first), _placebo_sentence(real), _twin_sentence(found, table)


def _game_clause(rows: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    """What the arms of one game did to the primary metric, placebos aside."""
    real = [row for row in rows if row.parent is None]
    phrases = []
    for code, phrase in (
        ("raises", "rose under {}"),
        ("as_placebo", "rose under {} but not clearly more than under a placebo"),
        ("lowers", "fell under {}"),
        ("hint", "may have changed under {} (a hint, no more)"),
        ("unclear", "did not clearly change under {}"),
        ("suspect", "cannot be judged under {} (the zero-sum twin moved too)"),
        ("no_claim", "is not judged under {}"),
    ):
        group = [row for row in real if row.code == code]
        if not group:
            continue
        text = phrase.format(listed([spell(row.arm) for row in group]))
        if code in ("raises", "lowers"):
            far = max(group, key=lambda row: abs(row.effect.estimate))
            most = f"most under {spell(far.arm)}: " if len(group) > 1 else ""
            text += f" ({most}{interval_text(far.effect, label(study['primary'])[1])})"
        if code == "no_claim":
            reasons = dict.fromkeys(row.word.removeprefix("no claim: ") for row in group)
            least = study["claims_minimum_worlds"]
            text += f" ({', '.join(reasons)}; a claim needs {least} worlds, all defined)"
        phrases.append(text)
    return f"{label(study['primary'])[0]} {'; it '.join(phrases)}"


def _placebo_sentence(real: Sequence[Verdict]) -> str:
    gains = [verdict for verdict in real if verdict.code in ("raises", "as_placebo")]
    tested = [verdict for verdict in gains if verdict.leads]
    if all(verdict.code == "no_claim" for verdict in real):
        return "As nothing is claimed, nothing is set against the placebos either."
    if not gains:
        return "No arm showed a gain that could be set against its placebos."
    if not tested:
        return (
            "No arm that gained had a placebo, so its gain may come from being told of an "
            "institution rather than from what the institution does."
        )
    beaten = [verdict for verdict in tested if verdict.code == "raises"]
    alone = sorted({spell(verdict.arm) for verdict in gains if not verdict.leads})
    short = [f"{spell(v.arm)} in the {spell(v.game)}" for v in tested if v.code != "raises"]
    text = (
        f"Of the {len(tested)} gains that have placebos (the same institutions without their "
        f"working part), {len(beaten)} exceeded all of theirs"
    )
    if short:
        text += f"; for {listed(short)} this is not shown, so the working part gets no credit"
    else:
        text += ", so what the institutions do makes the gain, not being told of them"
    return text + (f" ({listed(alone)} had no placebo)." if alone else ".")


def _twin_sentence(found: Sequence[Verdict], table: pd.DataFrame) -> str:
    twins = table[(table["payoffs"] == "zero_sum_twin") & (table["comparison"] == "baseline")]
    gross = twins[(twins["metric"] == "welfare_gross") & (twins["pairs"] > 0)]
    if twins.empty:
        return "No zero-sum twin was run, so nothing here tells a gain from a fault of measurement."
    if gross.empty:
        return "The zero-sum twins do not report welfare before costs, which would check them."
    if doubted := [v for v in found if v.code == "suspect"]:
        names = listed([f"{spell(v.arm)} in the {spell(v.game)}" for v in doubted])
        return (
            f"Beware: the zero-sum twin moved under {names}, though nothing that agents do can "
            "change welfare there, so the measurement is at fault and nothing is claimed for them."
        )
    most = float(gross["estimate"].abs().max())
    moved = "did not move at all" if most == 0 else f"moved by no more than {signed(most)[1:]}"
    text = (
        "In the zero-sum twins, where nothing that agents do can change welfare, welfare before "
        f"costs {moved} in {len(gross)} comparisons, as it must"
    )
    return f"{text}: gains and losses in the ordinary games are not made by the measurement."


def _main_table(found: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    heads = ["Arm", "Effect", "Beyond its placebos", "In the twin", "Cost", "Verdict"]
    text = ""
    for game in dict.fromkeys(verdict.game for verdict in found):
        rows = []
        for row in (verdict for verdict in found if verdict.game == game):
            leads = "<br>".join(
                f"{escape(spell(lead.against, row.arm))}: {_cell(lead)}" for lead in row.leads
            )
            rows.append(
                [
                    escape(spell(row.arm, row.parent)),
                    _cell(row.effect),
                    leads or DASH,
                    DASH if row.twin is None else _cell(row.twin),
                    signed(row.cost).lstrip("+"),
                    f'<span class="verdict {row.code}">{escape(row.word)}</span>',
                ]
            )
        parents = [verdict.parent for verdict in found if verdict.game == game]
        text += f"<h3>{escape(capital(spell(game)))}</h3>" + table_part(heads, rows, parents)
    return text


def _secondary(table: pd.DataFrame, levels: pd.DataFrame, study: Mapping[str, Any]) -> str:
    arms = [study["baseline"], *(arm for arm, parent in arm_order(study) if parent is None)]
    levels = levels[levels["payoffs"] == "ordinary"]
    level = {(row.game, row.metric, row.arm): row for row in records(levels)}
    effects = table[(table["comparison"] == "baseline") & (table["payoffs"] == "ordinary")]
    effect = {(row.game, row.metric, row.arm): row for row in records(effects)}
    text = ""
    for game in dict.fromkeys(table["game"]):
        rows = []
        metrics = set(levels.loc[levels["game"] == game, "metric"])
        for metric in [*(m for m in METRICS if m in metrics), *sorted(metrics - set(METRICS))]:
            name, unit = label(metric)
            row = [f"{escape(name)}<small>{escape(unit)}</small>"]
            for arm in arms:
                here = level.get((game, metric, arm))
                change = effect.get((game, metric, arm))
                cell = DASH if here is None else signed(here.mean).lstrip("+")
                if change is not None and change.pairs:
                    estimate, interval = brackets(change)
                    shift = f"{estimate} <span>{interval}</span>"
                    cell += f"<small>{f'<b>{shift}</b>' if holds(change) else shift}</small>"
                if here is not None and here.undefined:
                    cell += f'<small class="gap">undefined in {here.undefined} of {here.worlds}'
                    cell += "</small>"
                row.append(cell)
            rows.append(row)
        heads = ["Outcome", *(escape(spell(arm)) for arm in arms)]
        text += f"<h3>{escape(capital(spell(game)))}</h3>{table_part(heads, rows)}"
    return text


def _design(study: Mapping[str, Any]) -> str:
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


def _codes(found: Sequence[Verdict]) -> str:
    """The verdicts that occur, explained."""
    seen = {verdict.code for verdict in found}
    items = [
        f'<dt><span class="verdict {code}">{escape(word)}</span></dt><dd>{escape(meaning)}</dd>'
        for code, (word, meaning) in CODES.items()
        if code in seen
    ]
    return f"<dl>{''.join(items)}</dl>"


def _undefined(levels: pd.DataFrame) -> str:
    counts = levels.groupby("metric")["undefined"].sum()
    counts = counts[counts > 0]
    if counts.empty:
        return "No value of any outcome is undefined in any world."
    which = listed([f"{label(str(name))[0]} ({count:,})" for name, count in counts.items()])
    return (
        f"Undefined values, over all games, arms and twins: {which}. They are left out of means "
        "and counted beside them, so these outcomes speak only of worlds in which they exist."
    )


def _cell(row: Any) -> str:
    """An estimate and its interval as HTML, with what is undefined."""
    estimate, interval = brackets(row)
    text = f"{estimate} <span>{interval}</span>"
    if row.undefined:
        text += (
            f'<small class="gap">{row.undefined} of {row.pairs + row.undefined} undefined</small>'
        )
    return text
