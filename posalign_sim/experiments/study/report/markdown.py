"""A study in one page of Markdown: question, answer, main table, methods, how to run it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from posalign_sim.experiments.study.report.competence import NOTE, competence_tables
from posalign_sim.experiments.study.report.grid import over_grid
from posalign_sim.experiments.study.report.methods import methods
from posalign_sim.experiments.study.report.models import models_told
from posalign_sim.experiments.study.report.registered import (
    Judged,
    by_hypothesis,
    claim_text,
    estimate_text,
    outcome_text,
)
from posalign_sim.experiments.study.report.verdicts import Verdict
from posalign_sim.experiments.wording import (
    DASH,
    brackets,
    capital,
    effect_name,
    point_text,
    signed,
    spell,
)


def summary_markdown(
    sentences: Sequence[str],
    found: Sequence[Verdict],
    tests: Sequence[Judged],
    dangers: Sequence[tuple[str, str]],
    study: Mapping[str, Any],
) -> str:
    """The whole page.

    Args:
        sentences: The answer.
        found: Verdicts.
        tests: What became of registered hypotheses.
        dangers: What `threats` gave.
        study: The study.
    """
    parts = [f"# {plain_text(study['title'])}", plain_text(study["question"]), "## Answer"]
    parts += [plain_text(sentence) for sentence in sentences]
    if tests:
        rows = [
            [
                f"{group[0].number}. {claim_text(group[0])}",
                spell(group[0].game),
                estimate_text(group),
                outcome_text(group),
            ]
            for group in by_hypothesis(tests)
        ]
        parts += ["## Registered hypotheses"]
        parts += [f"Registration: `{_code(study['registration'].get('sha256', ''))}`"]
        parts += [markdown_table(["Hypothesis", "Game", "Estimate", "Outcome"], rows)]
    parts += ["## Main result", f"{capital(plain_text(effect_name(study)))}."]
    for game in dict.fromkeys(verdict.game for verdict in found):
        here = [verdict for verdict in found if verdict.game == game]
        table = _grid_rows(here, study) if study.get("axes") else _rows(here)
        parts += [f"### {plain_text(capital(spell(game)))}", table]
    probed = study.get("probed")
    if probed is not None and len(probed):
        parts += ["## Competence", NOTE]
        parts += [markdown_table(*table) for table in competence_tables(probed).values()]
    if study.get("answered"):
        told = models_told(study)
        parts += ["## Language models"]
        parts += [plain_text(t) if isinstance(t, str) else markdown_table(*t) for t in told]
    parts += ["## Methods", *(plain_text(paragraph) for paragraph in methods(study))]
    parts += [
        "## Threats",
        "\n".join(f"- **{plain_text(head)}.** {plain_text(text)}" for head, text in dangers),
    ]
    versions = ", ".join(f"{name} {version}" for name, version in study["versions"].items())
    parts += [
        "## Reproduce",
        _fenced(study["command"]),
        f"Seed {plain_text(study['seed'])}; configuration `{_code(study['config_hash'])}`; code "
        f"`{_code(study['code_hash'])}`; {plain_text(versions)}.",
        "Every number is in `contrasts.csv` and `summary.csv`; every world in `results.parquet`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain_text(text: Any) -> str:
    r"""Text that Markdown prints as it stands.

    >>> print(plain_text("a*b <i> | c_d"))
    a\*b \<i\> \| c\_d
    """
    return re.sub(r"([\\`*_{}\[\]<>|#$~])", r"\\\1", " ".join(str(text).split()))


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain cells; the lines of a cell are set side by side.

    >>> print(markdown_table(["Arm", "Effect"], [["bond", "+1"]]))
    | Arm | Effect |
    | --- | --- |
    | bond | +1 |
    """
    lines = [heads, ["---"] * len(heads)]
    text = [
        lines[0],
        *([plain_text("; ".join(cell.split("\n"))) for cell in row] for row in rows),
    ]
    text.insert(1, lines[1])
    return "\n".join(f"| {' | '.join(row)} |" for row in text)


def _rows(found: Sequence[Verdict]) -> str:
    rows = []
    for row in found:
        lead = min((lead.estimate for lead in row.leads), default=float("nan"))
        twin = float("nan") if row.twin is None else row.twin.estimate
        name = spell(row.arm, row.parent)
        rows.append(
            [
                name if row.parent is None else f"{DASH} {name}",
                " ".join(brackets(row.effect)),
                signed(lead),
                signed(twin),
                signed(row.cost).lstrip("+"),
                row.word,
            ]
        )
    heads = ["Arm", "Effect [95%]", "Beyond nearest placebo", "In the twin", "Cost", "Verdict"]
    return markdown_table(heads, rows)


def _grid_rows(found: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    rows = []
    for row in over_grid(found):
        best = row.best.point if row.best is not None else None
        name = spell(row.arm, row.parent)
        rows.append(
            [
                name if row.parent is None else f"{DASH} {name}",
                f"{row.codes.get('raises', 0)} of {row.points}",
                f"{row.codes.get('lowers', 0)} of {row.points}",
                signed(row.median),
                f"{signed(row.least)} to {signed(row.most)}",
                DASH if best is None else point_text(study["points"][best]),
            ]
        )
    return markdown_table(["Arm", "Raises it", "Lowers it", "Median", "Range", "Most at"], rows)


def _code(text: Any) -> str:
    return re.sub(r"[^0-9A-Za-z]+", "", str(text))


def _fenced(text: Any) -> str:
    """A block of code that its own text cannot end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", str(text))), default=0))
    return f"{fence}\n{text}\n{fence}"
