"""What came out of the validation: a table for the terminal, one page that stands alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from posalign_sim.experiments.files import write_atomically
from posalign_sim.experiments.page import figure_part, page_of, reproduce_list, table_part
from posalign_sim.experiments.validation.figures import draw_rows
from posalign_sim.experiments.validation.rows import Check, Result
from posalign_sim.experiments.wording import cut_to

#: Rows of which every check is printed in the terminal, at most.
_DETAILED = 3


def terminal_table(results: Sequence[Result]) -> str:
    """The rows as plain text, at most 100 columns wide, and every check that failed.

    Of few rows every check is shown; of many the first of each.

    Args:
        results: how rows came out.

    Returns:
        Lines without a final newline.
    """
    heads = f"{'row':>3}  {'result':<46}{'expected':>12}{'measured':>12}{'checks':>8}{'time':>8}"
    lines = [heads]
    for result in results:
        row, first = result.row, result.checks[0]
        good = sum(check.passed for check in result.checks)
        lines.append(
            f"{row.number:>3}  {cut_to(row.name, 45):<46}{short(first.expected):>12}"
            f"{short(first.measured):>12}{f'{good}/{len(result.checks)}':>8}"
            f"{result.seconds:>6.1f} s{'' if result.passed else '  FAILED'}"
        )
        for check in result.checks:
            if len(results) <= _DETAILED or not check.passed:
                lines.append(f"     {'  ' if check.passed else '! '}{_told(check)}")
    lines += ["", summary(results)]
    return "\n".join(lines)


def _told(check: Check) -> str:
    """A check in one line, at most 93 columns wide."""
    wrong = f", not {short(check.wrong)}" if check.wrong is not None else ""
    tail = f" {short(check.measured)}, expected {interval(check)}{wrong}"
    return f"{cut_to(check.what, max(20, 93 - len(tail)))}{tail}"


def summary(results: Sequence[Result]) -> str:
    """How many rows passed, how many checks, in what time; which failed."""
    good = sum(result.passed for result in results)
    checks = [check for result in results for check in result.checks]
    text = (
        f"{good} of {len(results)} rows passed, {sum(c.passed for c in checks)} of {len(checks)} "
        f"checks, {sum(result.seconds for result in results):.1f} s"
    )
    failed = [str(result.row.number) for result in results if not result.passed]
    return text + (f"; failed: {', '.join(failed)}" if failed else "")


def interval(check: Check) -> str:
    """What is expected and how far around it, or from where to where.

    >>> interval(Check("", 1.0, 1.0, 0.9, 1.1)), interval(Check("", 1.0, 1.0, 0.0, 1.0))
    ('1 +- 0.1', '0 to 1')
    """
    half = (check.high - check.low) / 2
    if abs(check.expected - check.low - half) <= 1e-9 * max(1.0, half):
        return f"{short(check.expected)} +- {half:.2g}"
    return f"{short(check.low)} to {short(check.high)}"


def short(value: float) -> str:
    """A number in at most eleven characters.

    >>> short(0.0134414277), short(390625.0), short(1.0200021), short(-1.23456e-09)
    ('0.01344143', '390625', '1.020002', '-1.2346e-09')
    """
    return f"{value:.7g}" if 1e-3 <= abs(value) < 1e6 else f"{value:.5g}"


def rows_json(results: Sequence[Result]) -> str:
    """The rows as a JSON list; not a number and infinity are null."""
    return json.dumps([result.record() for result in results], indent=2, allow_nan=False)


def write_report(
    folder: Path, results: Sequence[Result], kept: Mapping[str, Any], about: Mapping[str, Any]
) -> Path:
    """Write `report.html`, with `rows.json` and `figures/` beside it.

    The page needs no other file and no network.

    Args:
        folder: where to write; made if absent.
        results: how rows came out.
        kept: numbers for figures, by name.
        about: `title`, and what it takes to reproduce it.

    Returns:
        The path of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "rows.json", (rows_json(results) + "\n").encode())
    figures = draw_rows(kept, folder / "figures")
    parts = {
        "title": escape(str(about["title"])),
        "answer": escape(summary(results)) + ".",
        "rows": _table(results),
        "figures": "".join(map(figure_part, figures)) or "<p>None of these rows has a figure.</p>",
        "reproduce": reproduce_list(about),
    }
    path = folder / "report.html"
    write_atomically(path, page_of(__package__, parts))
    return path


def _table(results: Sequence[Result]) -> str:
    heads = ["Result", "Expected", "Measured", "Interval", "Passed", "Time"]
    rows = []
    for result in results:
        row, first = result.row, result.checks[0]
        word = ("passed", "yes") if result.passed else ("failed", "no")
        good = sum(check.passed for check in result.checks)
        rows.append(
            [
                f"{row.number}. {escape(row.name)}<small>{escape(row.source)}</small>"
                + _details(result),
                f"{short(first.expected)}<small>{escape(first.what)}</small>",
                short(first.measured),
                interval(first).replace("+-", "±"),
                f'<span class="{word[0]}">{word[1]}</span>'
                f"<small>{good} of {len(result.checks)}</small>",
                f"<span>{result.seconds:.1f} s</span>",
            ]
        )
    return table_part(heads, rows)


def _details(result: Result) -> str:
    """All checks of a row, folded away unless one failed."""
    if len(result.checks) == 1 and result.passed:
        return ""
    items = ""
    for check in result.checks:
        wrong = f", excluding {short(check.wrong)}" if check.wrong is not None else ""
        verdict = "" if check.passed else ' <span class="failed">failed</span>'
        items += (
            f"<li>{escape(check.what)}: {short(check.measured)}; expected "
            f"{interval(check).replace('+-', '±')}{wrong}{verdict}</li>"
        )
    opened = "" if result.passed else " open"
    told = f"all {len(result.checks)} checks"
    return f"<details{opened}><summary>{told}</summary><ul class=checks>{items}</ul></details>"
