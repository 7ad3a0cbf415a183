"""Whether a study that looks at its data on the way has seen enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.settings import Hypothesis
from posalign_sim.experiments.study.tables import Outcomes
from posalign_sim.metrics.inference import SequentialPlan


def plan_of(design: Design) -> SequentialPlan:
    """The looks of a study that may stop early, with the boundary at each."""
    stopping = design.settings.stopping
    assert stopping is not None
    return SequentialPlan(
        stopping.first,
        stopping.most,
        stopping.looks,
        stopping.level,
        stopping.spending,
        max(1, len(primary_contrasts(design)) * design.points),
    )


def primary_contrasts(design: Design) -> list[Hypothesis]:
    """What is decided: the hypotheses, or else every arm but placebos against the baseline."""
    settings = design.settings
    said = settings.hypotheses or tuple(
        Hypothesis(arm.name, settings.baseline, settings.primary)
        for arm in design.arms
        if arm.name != settings.baseline and not arm.placebo_of
    )
    there = [arm.name for arm in design.arms]
    return [
        Hypothesis(h.arm, h.against, h.metric, game, h.direction, h.margin)
        for h in said
        for game in design.games
        if h.game in ("", game) and h.arm in there and h.against in there
    ]


def enough(design: Design, outcomes: Outcomes, look: int) -> bool:
    """Whether every primary contrast has crossed its boundary at this look (the first is 0)."""
    names = [arm.name for arm in design.arms]
    p_values = []
    for contrast in primary_contrasts(design):
        sides = [
            outcomes.values(contrast.game, names.index(arm), contrast.metric)[:, 0]
            for arm in (contrast.arm, contrast.against)
        ]
        for row in sides[0] - sides[1]:  # each grid point
            kept = row[~np.isnan(row)]
            if len(kept) < 2 or np.ptp(kept) == 0:
                p_values.append(0.0 if len(kept) > 1 and kept[0] != 0 else 1.0)
            else:
                p_values.append(float(stats.ttest_1samp(kept, 0.0).pvalue))
    return bool(plan_of(design).decide(look, p_values))


def for_looks(table: pd.DataFrame, design: Design, pairs: int) -> pd.DataFrame:
    """Contrasts of a study that looked on the way, so that they answer for all of its looks.

    For every outcome the family is shared by Bonferroni: a contrast survives adjustment
    (`p_holm` at most the level) only if it has crossed the boundary of its share of the level at
    the look at which the study ended, and intervals are those that hold at all looks at once.

    Args:
        table: contrasts as if the number of worlds had been fixed.
        design: the study.
        pairs: replicates at its last look.

    Returns:
        A copy with other `low`, `high`, `p_holm` and `q_value` where there is a claim to make.
    """
    stopping, look = design.settings.stopping, design.looks().index(pairs)
    assert stopping is not None
    found = table.copy()
    for _, rows in table[table["p_holm"].notna()].groupby("metric", sort=False):
        plan = SequentialPlan(
            stopping.first,
            stopping.most,
            stopping.looks,
            stopping.level,
            stopping.spending,
            contrasts=len(rows),
        )
        p_values = rows["p_value"].to_numpy()
        # Who has not crossed its boundary here is not shown, however early the study ended.
        here = np.minimum(1.0, p_values * stopping.level / plan.levels[look])
        adjusted = np.maximum(plan.overall_p(look, p_values), here)
        reach = plan.bounds[look] / stats.norm.isf(0.025)
        estimate = rows["estimate"]
        found.loc[rows.index, "low"] = estimate - (estimate - rows["low"]) * reach
        found.loc[rows.index, "high"] = estimate + (rows["high"] - estimate) * reach
        found.loc[rows.index, "p_holm"] = adjusted
        found.loc[rows.index, "q_value"] = adjusted
    return found
