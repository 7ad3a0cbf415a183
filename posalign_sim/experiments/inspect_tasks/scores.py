"""What a sample scores: the outcomes of its world; and metrics: what its study finds."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from inspect_ai.scorer import (
    Metric,
    SampleScore,
    Score,
    Scorer,
    Target,
    grouped,
    mean,
    metric,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState

from posalign_sim.experiments.inspect_tasks.playing import FOUND, World, summary
from posalign_sim.experiments.inspect_tasks.settings import EVERY_SEAT, design_of
from posalign_sim.experiments.study.description import describe
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.parts import Floats
from posalign_sim.experiments.study.report.over_grid import grid_contrasts
from posalign_sim.experiments.study.report.verdicts import study_contrasts
from posalign_sim.experiments.study.tables import Outcomes
from posalign_sim.experiments.study.work import recorded

#: Under which key of its metadata a sample says to which arm of which game it belongs.
CELL = "cell"
#: What Inspect AI calls the ways in which models fail.
_REASONS = {
    "model_silent": "no_response",
    "model_refused": "refusal",
    "model_unusable": "invalid_response_format",
}
#: What is told of a contrast.
_TOLD = ("estimate", "low", "high", "p_holm")


def declared(design: Design) -> list[str]:
    """The outcomes that samples score: those that the study declares, and whether worlds fault."""
    settings = design.settings
    said = [settings.primary, *settings.secondary, *(h.metric for h in settings.hypotheses)]
    # The gain over a twin takes two worlds: contrasts tell of it, no sample does.
    return [*dict.fromkeys(name for name in said if name != "positive_sum_gain"), "faults"]


@scorer(metrics=[])  # tasks say which, as they depend on the study
def outcomes(
    study: str,
    population: str = EVERY_SEAT,
    overrides: str = "",
    config_dir: str | None = None,
) -> Scorer:
    """Scores a sample by the outcomes of its world; a world that broke off has none but its fault.

    Args:
        study: name of the study; so for the rest, see `design_of`.
        population: who plays.
        overrides: further settings.
        config_dir: folder of studies of one's own.
    """
    names = declared(design_of(study, population, overrides, config_dir))

    async def score(state: TaskState, target: Target) -> Score:
        found = state.store.get(FOUND)
        if found is None:
            return Score.unscored(reason="not_played", explanation="The world was cut short.")
        numbers, broke = found["outcomes"], found["fault"] is not None
        value = {name: math.nan if broke else _number(numbers.get(name)) for name in names}
        reason = next((why for name, why in _REASONS.items() if numbers.get(name)), None)
        return Score(
            value={**value, "faults": float(broke)},
            explanation=summary(found),
            reason=reason,
            metadata=found,
        )

    return score


@metric(scores="unreduced")
def mean_by_arm() -> Metric:
    """The mean of an outcome in each arm."""
    by_arm: Metric = grouped(mean(), CELL, all=False)
    return by_arm


@metric(scores="unreduced")
def stderr_by_arm() -> Metric:
    """The standard error of that mean; 0 of a single world."""
    by_arm: Metric = grouped(stderr(), CELL, all=False)
    return by_arm


@metric(scores="unreduced")
def contrasts(
    study: str,
    population: str = EVERY_SEAT,
    overrides: str = "",
    config_dir: str | None = None,
) -> Metric:
    """Contrasts of the outcomes that a study makes claims about, as `posalign-sim` finds them.

    Those are its primary outcome and those of its hypotheses; `contrast_table` has all.

    Args:
        study: name of the study; so for the rest, see `design_of`.
        population: who plays.
        overrides: further settings.
        config_dir: folder of studies of one's own.
    """
    design = design_of(study, population, overrides, config_dir)
    claimed = {design.settings.primary, *(h.metric for h in design.settings.hypotheses)}

    def found(scores: list[SampleScore]) -> dict[str, float]:
        return dict(told(contrast_table(design, scores, claimed))) if scores else {}

    return found


def contrast_table(
    design: Design, scores: Sequence[SampleScore], metrics: Collection[str] | None = None
) -> pd.DataFrame:
    """Contrasts, paired by the luck of worlds, as a study's `contrasts.csv` has them.

    Args:
        design: the study.
        scores: of samples, or of all their epochs; worlds that are missing are undefined.
        metrics: of which outcomes; all that the study declares if not given.
    """
    played = Scored(design, scores)
    settings = design.settings
    wanted = {settings.primary, *(settings.secondary if metrics is None else metrics)}
    about = describe(design, played.pairs)
    if design.axes:
        table = grid_contrasts(played, about)
        return table[table["metric"].isin(wanted)]
    table = study_contrasts(played.frame([*wanted, "faults"]), about)
    return table[table["metric"].isin(wanted)]


def told(table: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Contrasts as numbers by name: `trust/bond minus none/welfare_net/estimate`."""
    for row in table.to_dict("records"):
        payoffs = "" if row["payoffs"] == "ordinary" else f"/{row['payoffs']}"
        point = f"/point {row['point']}" if "point" in row else ""
        name = f"{row['game']}/{row['arm']} minus {row['against']}{payoffs}{point}/{row['metric']}"
        for what in _TOLD:
            yield f"{name}/{what}", float(row[what])


class Scored(Outcomes):
    """Outcomes of a study's worlds, as samples scored them.

    Args:
        design: the study.
        scores: of samples.
    """

    def __init__(self, design: Design, scores: Sequence[SampleScore]) -> None:
        """See the class."""
        self.design = design
        played = [
            (World.of(design, one.sample_metadata or {}, 1), one.score.metadata or {})
            for one in scores
        ]
        self.pairs = 1 + max((found["world"] for _, found in played), default=0)
        self._values: dict[str, Floats] = {}
        for game in design.games:
            here = [(world, found) for world, found in played if world.game == game]
            self._values[game] = self._of_game(game, here)

    def _of_game(self, game: str, played: Sequence[tuple[World, dict[str, Any]]]) -> Floats:
        """`[arms, points, payoffs, pairs, outcomes]`; NaN of worlds that nobody has scored."""
        design = self.design
        names = {name for _, found in played for name in found["outcomes"]}
        ordered = sorted({*names, "surplus", "institution_cost"})
        shape = (len(design.arms), design.points, len(design.payoffs), self.pairs)
        values, faults = np.full((*shape, len(ordered)), np.nan), np.full(shape, np.nan)
        for world, found in played:
            place = (world.arm, world.point, world.payoffs, found["world"])
            numbers = found["outcomes"]
            values[place] = [_number(numbers.get(name)) for name in ordered]
            faults[place] = found["fault"] is not None
        return recorded(design, game, ordered, values, faults)

    def pieces(self, game: str, arm: int) -> Iterator[tuple[tuple[int, int], Floats]]:
        """See `Outcomes.pieces`."""
        yield (0, self.design.points), self._values[game][arm]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
