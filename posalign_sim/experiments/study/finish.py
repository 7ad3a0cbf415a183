"""From the outcomes of a study to its folder: tables, history, report and manifest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray
from tqdm import tqdm

from posalign_sim.experiments.study.answered import answered_of
from posalign_sim.experiments.study.description import describe
from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.folder import finishing
from posalign_sim.experiments.study.report import write_report
from posalign_sim.experiments.study.report.factorial import effects_table, study_effects
from posalign_sim.experiments.study.report.over_grid import grid_contrasts, grid_levels
from posalign_sim.experiments.study.report.terminal import terminal_table
from posalign_sim.experiments.study.report.verdicts import study_contrasts
from posalign_sim.experiments.study.stopping import for_looks
from posalign_sim.experiments.study.tables import Outcomes, courses
from posalign_sim.world.simulate import explain


def finish(
    design: Design,
    outcomes: Outcomes,
    folder: Path,
    origin: Mapping[str, Any],
    registration: Mapping[str, Any] | None,
    progress: bool,
    began: float,
    probed: pd.DataFrame | None = None,
) -> None:
    """Write everything that is made from the outcomes, whole or not at all.

    Args:
        design: the study.
        outcomes: what was run.
        folder: where it goes.
        origin: seed, versions, hashes and command, as the folder's first run had them.
        registration: what was registered, if anything was.
        progress: whether to show progress, and to print the main table.
        began: when the run began, by `time.perf_counter`.
        probed: what probes of language models found; see `competence`.
    """
    meta = {**describe(design, outcomes.pairs, registration), **origin}
    meta["answered"], meta["probed"] = answered_of(design, outcomes), probed
    with (
        finishing(folder) as aside,
        tqdm(
            total=4, desc=design.settings.name, leave=False, disable=None if progress else True
        ) as bar,
    ):
        bar.set_postfix_str("results")
        outcomes.write(aside)
        for game in design.games:
            task = Task(game, tuple(range(len(design.arms))), (0, 1), (0, 1))
            (aside / f"round_{game}.py").write_text(explain(design.scenario(task)))
        bar.update()
        bar.set_postfix_str("history")
        history, trajectories = _histories(design, outcomes, aside)
        bar.update()
        bar.set_postfix_str("contrasts")
        frame, table, levels = _statistics(design, outcomes, meta)
        bar.update()
        bar.set_postfix_str("report")
        write_report(aside, frame, trajectories, meta, table, history=history, levels=levels)
        bar.update()
    if progress:
        print(terminal_table(table, {**meta, "seconds": time.perf_counter() - began}))
        if meta["factors"]:
            print(effects_table(study_effects(frame, meta), meta))
        left_out = design.settings.left_out
        if left_out:
            print(f"Left out, for want of their institutions: {', '.join(left_out)}.")
        print(f"Report: {folder / 'report.html'}")


def _histories(
    design: Design, outcomes: Outcomes, folder: Path
) -> tuple[dict[str, xarray.Dataset], pd.DataFrame]:
    """Cooperation over time in every world, saved; and its course in each arm, without a grid."""
    if not design.keeps_history:
        return {}, pd.DataFrame()
    history = {game: outcomes.history(game) for game in design.games}
    for game, data in history.items():
        data.to_netcdf(folder / f"history_{game}.nc", engine="scipy")
    if design.axes:
        return history, pd.DataFrame()
    trajectories = pd.concat(
        [
            courses(design, game, np.asarray(data["cooperation"])[:, :, 0])
            for game, data in history.items()
        ],
        ignore_index=True,
    )
    trajectories.to_csv(folder / "trajectories.csv", index=False)
    return history, trajectories


def _statistics(
    design: Design, outcomes: Outcomes, meta: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """The long table as far as a report needs it, contrasts, and levels of a grid."""
    levels = None
    if design.axes:
        # The whole table of a large grid would not fit: what is not judged is not read.
        judged = {design.settings.primary, *(h.metric for h in design.settings.hypotheses)}
        if outcomes.faulted():
            judged.add("faults")
        frame = outcomes.frame(judged)
        table, levels = grid_contrasts(outcomes, meta), grid_levels(outcomes)
    else:
        frame = outcomes.frame()
        table = study_contrasts(frame, meta)
    if design.settings.stopping:
        table = for_looks(table, design, outcomes.pairs)
    return frame, table, levels
