"""The command `posalign-sim results`: what a run found, filtered, compared or exported."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf.errors import OmegaConfBaseException

from posalign_sim.experiments.configure import value_of
from posalign_sim.experiments.files import save_table
from posalign_sim.experiments.study.results import Comparison, Results
from posalign_sim.experiments.study.settings import settings_of
from posalign_sim.experiments.wording import DASH, cut_to, point_text, signed, spell
from posalign_sim.world.errors import ConfigurationError, nearest

USAGE = """\
posalign-sim results FOLDER [FILTERS] [--compare OTHER] [--csv FILE]

  FOLDER             what a study wrote
  FILTERS            game=trust arm=[bond,none] metric=cooperation payoffs=zero_sum_twin point=3,
                     or a setting that was swept: noise=0.05; of itself, the primary outcome
  --compare OTHER    this study and another: which settings differ, and effects side by side
  --csv FILE         write the worlds that the filters leave (with --compare: the effects)
"""
#: Filters by name; settings that were swept are filters, too.
FILTERS = ("game", "arm", "metric", "payoffs", "point")
#: Rows that a terminal is shown, and what stands for the others.
SHOWN = 60
MORE = "  ... and {:,} more: filter, or --csv FILE"
#: How the two studies of a comparison are called.
SIDES = ("one", "other")


def show_results(words: Sequence[str]) -> int:
    """Show, filter, compare or export what a study found.

    Args:
        words: of the command line, after `results`.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: there is no finished study, or a word is not understood.
    """
    if not words or "-h" in words or "--help" in words:
        print(USAGE, end="")
        return 0
    folders, options, filters = _read(words)
    if len(folders) != 1:
        raise ConfigurationError("name one folder: posalign-sim results FOLDER; results --help")
    results = Results.open(folders[0])
    _check(results, filters)
    file = Path(options["--csv"]) if "--csv" in options else None
    if "--compare" in options:
        comparison = results.compare(options["--compare"])
        rows = _filtered(comparison.contrasts, results, filters)
        print(comparison_text(comparison, rows, folders[0], options["--compare"]))
        kept = rows
    else:
        print(effects_text(results, _filtered(results.contrasts, results, filters)))
        kept = results.where(**filters) if file else pd.DataFrame()
    if file is not None:
        _export(kept, file)
    return 0


def effects_text(results: Results, rows: pd.DataFrame) -> str:
    """Effects of a study as a table, at most 100 columns wide.

    Args:
        results: the study.
        rows: of its contrasts.
    """
    settings = settings_of(results.config)
    worlds = int(rows["pairs"].max()) if len(rows) else 0
    lines = [
        cut_to(settings.title, 100),
        f"{results.folder}: up to {worlds:,} worlds a contrast; report: {results.report}",
    ]
    heads = f"{'effect':>10}  {'95% interval':<20}{'p (Holm)':>9}{'worlds':>8}"
    for title, group, left in _blocks(rows, results.axes):
        lines += ["", title, f"  {'arm, against what':<48}{heads}"]
        for row in group:
            p_value = "" if np.isnan(row["p_holm"]) else f"{row['p_holm']:.3g}"
            interval = f"[{signed(row['low'])}, {signed(row['high'])}]"
            lines.append(
                f"  {cut_to(_contrast(row), 47):<48}{signed(row['estimate']):>10}  "
                f"{interval:<20}{p_value:>9}{row['pairs']:>8,}"
            )
        lines += [MORE.format(left)] if left else []
    if rows.empty:
        lines += ["", "No effect is left by these filters; the baseline has none on itself."]
    return "\n".join(lines)


def comparison_text(
    comparison: Comparison, rows: pd.DataFrame, one: Path | str, other: Path | str
) -> str:
    """Two studies side by side, at most 100 columns wide.

    Args:
        comparison: the two.
        rows: of its contrasts.
        one: what the first is called.
        other: what the second is called.
    """
    lines = [f"one:   {one}", f"other: {other}", ""]
    if comparison.settings.empty:
        lines.append("No setting differs, nor do code and versions.")
    for row in comparison.settings.to_dict("records"):
        told = [cut_to(DASH if row[side] is None else str(row[side]), 28) for side in SIDES]
        lines.append(f"  {cut_to(str(row['setting']), 38):<39}{told[0]:<29} -> {told[1]}")
    shared = rows[rows["difference"].notna()]
    for title, group, left in _blocks(shared, comparison.axes):
        lines += ["", title]
        lines.append(f"  {'arm, against what':<43}{'one':>18}{'other':>18}{'difference':>18}")
        for row in group:
            numbers = (row["estimate_one"], row["estimate_other"], row["difference"])
            told = [f"{signed(number):>18}" for number in numbers]
            lines.append(f"  {cut_to(_contrast(row), 42):<43}{''.join(told)}")
        lines += [MORE.format(left)] if left else []
    alone = len(rows) - len(shared)
    if alone:
        lines += ["", f"{alone:,} effects are in one of the two only, or undefined."]
    return "\n".join(lines)


def _blocks(
    rows: pd.DataFrame, axes: Sequence[str]
) -> Iterator[tuple[str, list[dict[Hashable, Any]], int]]:
    """Rows of one game, outcome and grid point under a title; and how many more there are."""
    room = SHOWN
    for key, group in rows.groupby(["game", "metric", *axes], sort=False):
        if not room:
            return
        point = dict(zip(axes, key[2:], strict=True))
        where = f", at {point_text(point)}" if point else ""
        title = cut_to(f"{spell(str(key[0]))}: {spell(str(key[1]))}{where}", 100)
        shown = group.head(room).to_dict("records")
        room -= len(shown)
        yield title, shown, 0 if room else len(rows) - SHOWN


def _contrast(row: Mapping[Hashable, Any]) -> str:
    """What a contrast is of, in words."""
    kind = {"zero_sum_twin": ", in the twin", "ordinary_minus_twin": ", beyond the twin"}
    return f"{spell(row['arm'])} v. {spell(row['against'])}{kind.get(row['payoffs'], '')}"


def _read(words: Sequence[str]) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """Folders, options and filters of a command line."""
    folders, settings = [], []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if word.startswith("-"):
            if name not in ("--compare", "--csv"):
                raise ConfigurationError(
                    f"unknown option {name}: {nearest(name, ['--compare', '--csv', '--help'])}"
                )
            options[name] = value or next(rest, "")
            if not options[name]:
                raise ConfigurationError(f"{name} needs a value; results --help")
        elif "=" in word:
            settings.append(word)
        else:
            folders.append(word)
    # Not by dots: `institutions.bond.stake=1` names one setting.
    filters = {}
    for word in settings:
        name, _, value = word.partition("=")
        try:
            filters[name] = value_of(value)
        except OmegaConfBaseException as error:
            raise ConfigurationError(f"{word}: {error}") from None
    return folders, options, filters


def _check(results: Results, filters: Mapping[str, Any]) -> None:
    there = [*FILTERS, *results.axes]
    for name in filters:
        if name not in there:
            raise ConfigurationError(f"there is no filter {name!r}: {nearest(name, there)}")
    for name in ("game", "arm", "payoffs", "metric"):
        values = results.names(name)
        for value in _several(filters.get(name, [])):
            if value not in values:
                raise ConfigurationError(
                    f"there is no {name} {value!r}: {nearest(str(value), values)}"
                )


def _filtered(rows: pd.DataFrame, results: Results, filters: Mapping[str, Any]) -> pd.DataFrame:
    """Contrasts that the filters leave: of the primary outcome, if none is named."""
    chosen = {"metric": settings_of(results.config).primary, **filters}
    for name, wanted in chosen.items():
        if name in rows:
            rows = rows[rows[name].isin(_several(wanted))]
    return rows


def _several(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, list | tuple) else [wanted]


def _export(rows: pd.DataFrame, file: Path) -> None:
    try:
        save_table(rows, file)
    except OSError as error:
        raise ConfigurationError(f"--csv {file}: {error.strerror}") from None
    print(f"\n{file}: {len(rows):,} rows")
