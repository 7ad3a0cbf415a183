"""The command `posalign-sim validate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from posalign_sim.experiments.files import results_folder, whole_folder
from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.validation.report import rows_json, terminal_table, write_report
from posalign_sim.experiments.validation.rows import Result, Row, Run, chosen, measure
from posalign_sim.world.errors import ConfigurationError

#: Exit code if a row failed.
FAILED = 1


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as everywhere in this command."""

    def error(self, message: str) -> NoReturn:
        """Refuse what was given."""
        raise ConfigurationError(f"validate: {message}; see posalign-sim validate --help")


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="posalign-sim validate",
        description="Run what theory and the literature say, and compare. Exits with 0 if every "
        "row passed, with 1 if one failed.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--row", type=int, nargs="+", action="extend", default=[], metavar="N", help="only these"
    )
    parser.add_argument("--quick", action="store_true", help="fewer worlds: under a minute")
    parser.add_argument("--json", action="store_true", help="print a list of rows, no more")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all luck (0)")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="where to write the page; results/validation/TIME if not given, nowhere with --json",
    )
    return parser.parse_args(list(words))


def validate(words: Sequence[str]) -> int:
    """Run the validation, print it, and write its page.

    Args:
        words: of the command line, after `validate`.

    Returns:
        0 if every row passed, else 1.

    Raises:
        ConfigurationError: there is no such row or option, or no room at the output; nothing was
            run.
    """
    given = _parsed(words)
    if given.seed < 0:
        raise ConfigurationError(f"--seed is a whole number from 0 on, not {given.seed}")
    rows = chosen(given.row)
    writing = given.output is not None or not given.json
    folder = results_folder("validation", given.output) if writing else None
    kept: dict[str, Any] = {}
    results = run_rows(rows, given.seed, given.quick, kept if writing else None)
    if given.json:
        print(rows_json(results))
    else:
        print(terminal_table(results))
    if folder is not None:
        _write(folder, results, kept, given)
        if not given.json:
            print(f"Report: {folder / 'report.html'}")
    return 0 if all(result.passed for result in results) else FAILED


def run_rows(
    rows: Sequence[Row],
    seed: int = 0,
    quick: bool = False,
    kept: dict[str, Any] | None = None,
    progress: bool = True,
) -> list[Result]:
    """Run rows one after the other.

    Args:
        rows: which.
        seed: of all luck; with it every measured number is decided.
        quick: whether to simulate fewer worlds.
        kept: where rows leave what figures need; without it they do not work it out.
        progress: whether to show a progress bar on the standard error.
    """
    results = []
    with tqdm(rows, unit="row", leave=False, disable=not progress, file=sys.stderr) as bar:
        for row in bar:
            bar.set_postfix_str(f"{row.number} {row.name}"[:40])
            drawing = kept is not None
            run = Run(row.number, seed, quick, drawing, kept if kept is not None else {})
            results.append(measure(row, run))
    return results


def _write(
    folder: Path, results: Sequence[Result], kept: dict[str, Any], given: argparse.Namespace
) -> None:
    numbers = [result.row.number for result in results]
    settings = {"seed": given.seed, "quick": given.quick, "rows": numbers}
    title = "Validation" + (" (quick form)" if given.quick else "")
    with whole_folder(folder) as aside:
        write_report(aside, results, kept, {"title": title, **origin(settings)})
