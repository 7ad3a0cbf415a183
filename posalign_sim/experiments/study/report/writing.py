"""The report of a study: one HTML page that stands alone, tables for papers, figures, a summary.

What the page claims is computed. An arm "raises welfare" only if its effect, its lead over each
of its placebos and its lead over the zero-sum twin all hold after Holm's adjustment, in enough
worlds, with no world undefined, while gross welfare stood still in the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from posalign_sim.experiments.files import save_table, write_atomically
from posalign_sim.experiments.page import figure_part, page_of, reproduce_list
from posalign_sim.experiments.study.report.answer import answer, standing
from posalign_sim.experiments.study.report.competence import competence_section, probes_table
from posalign_sim.experiments.study.report.factorial import effects_section
from posalign_sim.experiments.study.report.figures import draw
from posalign_sim.experiments.study.report.grid import grid_tables, pooled
from posalign_sim.experiments.study.report.grid_figures import draw_grid, with_axes
from posalign_sim.experiments.study.report.latex import contrasts_latex, outcomes_latex
from posalign_sim.experiments.study.report.markdown import summary_markdown
from posalign_sim.experiments.study.report.methods import methods
from posalign_sim.experiments.study.report.models import models_section, models_table
from posalign_sim.experiments.study.report.registered import (
    judge_registered,
    registered_table,
    with_status,
)
from posalign_sim.experiments.study.report.sections import (
    codes_list,
    design_section,
    main_table,
    outcomes_section,
    registered_section,
    threats_list,
    undefined_text,
)
from posalign_sim.experiments.study.report.threats import threats
from posalign_sim.experiments.study.report.verdicts import (
    study_contrasts,
    verdicts,
    without_faulted,
)
from posalign_sim.experiments.wording import axis_title, effect_name, listed, plain, spell
from posalign_sim.metrics.statistics import summarise

if TYPE_CHECKING:
    import xarray as xr


def write_report(
    folder: Path,
    results: pd.DataFrame,
    trajectories: pd.DataFrame,
    study: Mapping[str, Any],
    table: pd.DataFrame | None = None,
    *,
    history: Mapping[str, xr.Dataset] | None = None,
    levels: pd.DataFrame | None = None,
) -> Path:
    """Write `report.html` and `summary.md`, with tables and figures beside them.

    Beside the page lie `contrasts.csv`, `summary.csv`, `registered.csv` if hypotheses were
    registered, `effects.csv` if the design is factorial, `tables/` for LaTeX, and `figures/`. The
    page needs no other file and no network. The same input gives the same bytes; the time that a
    study took (`seconds`) is not in them.

    Args:
        folder: Where to write; made if absent.
        results: Long table with columns `game, arm, payoffs, world, metric, value`, and `point` if
            there is a grid; NaN is undefined.
        trajectories: Table with `game, arm, payoffs, round, metric, mean, low, high`; may be
            empty.
        study: Entries `name, title, question`; `games` (name to `summary` and `parameters`, which
            maps names to value, unit and meaning); `arms` (name to a line); `population` (game to
            text); `primary` metric, `baseline` arm, `placebos` (arm to placebo arms); `seed,
            worlds, rounds, versions, code_hash, config_hash, command, claims_minimum_worlds`.
            If given, these are told as well: `institutions` (as `games`); `strengths` and
            `settings` (arm to what is set in it); `withdrawn` (arm to the round at which it is
            switched off); `secondary` metrics; `axes` and `points` of a grid; `registration` with
            its `hypotheses`; `configurations`; `factors`; `matching, noise, continuation,
            stopping, twins`.
        table: What `study_contrasts` gave for the same results, if it is at hand.
        history: For each game a dataset with `cooperation[arm, payoffs, point, world, stretch]`
            and `round` of each stretch; without it, it is not drawn where worlds go.
        levels: Level of each metric in each arm (`game, arm, payoffs, metric, mean, worlds,
            undefined`), at each `point` if there is a grid, if it is at hand. With it and `table`,
            results need only hold what hypotheses, factors and main effects are about: the
            primary metric and those of hypotheses.

    Returns:
        The path of the page.

    Raises:
        ValueError: If the study lacks an entry, or the results a column, a metric or an arm.
    """
    folder = Path(folder)
    if table is None:
        table = study_contrasts(results, study)
    grid = bool(study.get("axes"))
    known = without_faulted(results)
    every = summarise(known) if levels is None else levels
    levels = pooled(every)
    found = verdicts(table, study)
    tests = judge_registered(results, study, found, table)
    dangers = threats(levels, found, study)
    told = answer(found, table, study)
    sentences = [*told, standing(study, tests)]

    (folder / "tables").mkdir(parents=True, exist_ok=True)
    figures = _figures(folder / "figures", known, table, trajectories, study, history)
    save_table(with_axes(with_status(table, tests), study), folder / "contrasts.csv")
    save_table(every, folder / "summary.csv")
    if tests:
        save_table(with_axes(registered_table(tests), study), folder / "registered.csv")
    if study.get("answered"):
        save_table(models_table(study), folder / "models.csv")
    if study.get("probed") is not None and len(study["probed"]):
        save_table(probes_table(study["probed"]), folder / "probes.csv")
    for name, text in (
        ("tables/contrasts.tex", contrasts_latex(found, tests, study)),
        ("tables/outcomes.tex", outcomes_latex(table, levels, study)),
        ("summary.md", summary_markdown(sentences, found, tests, dangers, study)),
    ):
        write_atomically(folder / name, text.encode())

    parts = {
        "title": escape(study["title"]),
        "question": escape(study["question"]),
        "answer": "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences),
        "players": "Language models" if study.get("asking") else "Scripted agents",
        "models": competence_section(study) + models_section(study),
        "minimum": escape(str(study["claims_minimum_worlds"])),
        "worlds": escape(f"{study['worlds']:,}"),
        "rounds": escape(_rounds(study)),
        "baseline": escape(spell(study["baseline"])),
        "grid": _grid_note(study),
        "effect": escape(effect_name(study)),
        "tests": f"{int(table.loc[table['metric'] == study['primary'], 'p_holm'].count()):,}",
        "codes": codes_list(found),
        "registered": registered_section(tests, study),
        "main": grid_tables(found, study) if grid else main_table(found, tests, study),
        "figures": "".join(figure_part(figure) for figure in figures),
        "effects": effects_section(folder, results, study),
        "methods": "".join(f"<p>{escape(text)}</p>" for text in methods(study)),
        "design": design_section(study),
        "secondary": outcomes_section(table, levels, study),
        "undefined": escape(undefined_text(levels)),
        "threats": threats_list(dangers),
        "reproduce": reproduce_list(study),
    }
    path = folder / "report.html"
    write_atomically(path, page_of(__package__, parts))
    return path


def _figures(
    folder: Path,
    results: pd.DataFrame,
    table: pd.DataFrame,
    trajectories: pd.DataFrame,
    study: Mapping[str, Any],
    history: Mapping[str, xr.Dataset] | None,
) -> list[Any]:
    """Figures of effects, costs and courses, or of the grid; and of where worlds go."""
    if study.get("axes"):
        figures = draw_grid(results, table, study, folder)
    else:
        figures = draw(results, table, trajectories, study, folder)
    if history:
        from posalign_sim.experiments.study.report.landing import draw_landings  # loads xarray

        figures += draw_landings(history, study, folder)
    return figures


def _rounds(study: Mapping[str, Any]) -> str:
    rounds = study["rounds"]
    return "an open number of" if rounds is None else plain(rounds)


def _grid_note(study: Mapping[str, Any]) -> str:
    """How to read a page that speaks of many points."""
    if not study.get("axes"):
        return ""
    axes = listed([escape(axis_title(axis)) for axis in study["axes"]])
    return (
        f"<p>All of it was run at each of {len(study['points']):,} <b>points</b> of a grid ({axes}"
        "). A point is judged by itself, and adjusted for all of them; tables count the points "
        "with each verdict, and tell the median effect and its range over the grid. Every point "
        "is in <code>contrasts.csv</code>.</p>"
    )
