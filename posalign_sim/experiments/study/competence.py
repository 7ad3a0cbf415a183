"""Competence before conclusions: what the models of a study understand, asked before they play."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from posalign_sim.agents.llm.probes import Probed, probing
from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.work import desk_of


def competence(design: Design, folder: Path, progress: bool) -> pd.DataFrame:
    """Probe the models of a study in every arm that is no placebo; see `posalign_sim.agents.llm`.

    Of a grid, the first point of each choice of settings that are no numbers is taken. Answers are
    kept where those of the study are, so that nothing is asked twice.

    Args:
        design: the study.
        folder: of the run.
        progress: whether to show a progress bar.

    Returns:
        One row for each probe; columns `game, arm, point` and those of `Probed.table`. Empty where
        the study asks for no probes, or no model plays.
    """
    questions = design.settings.probes
    inside = design.points // len(design.variants)
    places = [
        (game, arm, variant * inside)
        for game, names in design.speakers.items()
        for arm in range(len(design.arms))
        for variant in range(len(design.variants))
        if questions and names and not design.arms[arm].placebo_of
    ]
    tables = []
    with tqdm(
        total=len(places),
        desc="probes",
        unit="arm",
        leave=False,
        disable=None if progress else True,
    ) as bar:
        for game, arm, point in places:
            task = Task(game, (arm,), (point, point + 1), (0, 1))
            found = _probed(design, task, questions, folder).table
            tables.append(found.assign(game=game, arm=design.arms[arm].name, point=point))
            bar.update()
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _probed(design: Design, task: Task, questions: int, folder: Path) -> Probed:
    (arm,), point = task.arms, task.points[0]
    scenario = design.single(task.game, arm, point)
    usual, part = design.models(point).usual, design.part(task.game, arm, point, 0)
    return desk_of(design, task, folder).asking(
        lambda backend: probing(
            scenario, backend, usual, design.seed, questions=questions, study=part
        )
    )
