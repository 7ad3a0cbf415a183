"""Hypotheses that were registered before a study ran: did they hold?

They are one family of their own: Holm's adjustment is over the registered tests and no others, so
that what was looked at besides does not dilute them. All tests are two-sided, and a hypothesis with
a direction holds only if the estimate lies on its side, which is more cautious than a one-sided
test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.study.report.grid_contrasts import arrays_of
from posalign_sim.experiments.study.report.verdicts import (
    LEVEL,
    Verdict,
    models_changed,
    records,
    without_faulted,
)
from posalign_sim.experiments.wording import counted, label, plain, signed, spell
from posalign_sim.metrics.inference import Contrast, equivalence, holm, paired_contrast

#: What became of a hypothesis, by its code: the words of readers.
OUTCOMES = {
    "held": "held",
    "opposite": "the opposite holds",
    "open": "not shown",
    "no_claim": "no claim",
}
#: What a hypothesis says of an outcome under two arms.
CLAIMS = {
    "greater": "{} is greater under “{}” than under “{}”",
    "less": "{} is less under “{}” than under “{}”",
    "different": "{} differs between “{}” and “{}”",
    "equivalent": "{} is the same under “{}” and “{}”",
}


@dataclass(frozen=True)
class Judged:
    """One registered hypothesis in one game, at one point of the grid if there is one.

    Attributes:
        number: Which of the registered hypotheses, from 1.
        game: The game.
        arm: The treated arm.
        against: The arm that it is held against.
        metric: The outcome.
        direction: `greater`, `less`, `different` or `equivalent`.
        margin: Difference that would not matter; 0 unless `equivalent`.
        point: Number of the point; None without a grid.
        contrast: Estimate, interval and p-value. The interval covers 95%, and 90% for an
            equivalence, which is shown where that interval lies within the margin.
        p_holm: Adjusted within all registered tests.
        code: One of `OUTCOMES`.
    """

    number: int
    game: str
    arm: str
    against: str
    metric: str
    direction: str
    margin: float
    point: int | None
    contrast: Contrast
    p_holm: float = float("nan")
    code: str = "open"


def judge_registered(
    results: pd.DataFrame,
    study: Mapping[str, Any],
    found: Sequence[Verdict] = (),
    table: pd.DataFrame | None = None,
) -> list[Judged]:
    """Test every registered hypothesis in its game or games, and at every point.

    Args:
        results: Long table of results.
        study: The study; without `registration` there is nothing to test.
        found: Verdicts; where a twin moved that cannot, no claim is made against the baseline.
        table: What `study_contrasts` gave for the same results, which need not be found again.

    Returns:
        Tests in the order of the hypotheses, games in that of the study, points by number.

    Raises:
        ValueError: A hypothesis names an arm or a metric that has no results.
    """
    registration = study.get("registration")
    if not registration:
        return []
    results = without_faulted(results)
    tests: list[Judged] = []
    ready = _ready(table, registration["hypotheses"], study)
    for number, given in enumerate(registration["hypotheses"], start=1):
        metric = given.get("metric") or study["primary"]
        against = given.get("against") or study["baseline"]
        rows = results[
            (results["metric"] == metric)
            & (results["payoffs"] == "ordinary")
            & results["arm"].isin([given["arm"], against])
        ]
        games = [given["game"]] if given.get("game") else list(study["games"])
        for game in games:
            here = rows[rows["game"] == game]
            if missing := sorted({given["arm"], against} - set(here["arm"])):
                raise ValueError(
                    f"registered hypothesis {number}: no {metric} of {missing} in {game}"
                )
            grid = "point" in here
            values, points = arrays_of(
                here if grid else here.assign(point=0), (given["arm"], against)
            )
            for place, point in enumerate(points.tolist() if grid else [None]):
                contrast = ready.get((game, point, metric, given["arm"], against))
                if contrast is None or given.get("direction") == "equivalent":
                    treated, control = values[given["arm"]][place, 0], values[against][place, 0]
                    contrast = _contrast(given, treated, control, study)
                tests.append(
                    Judged(
                        *(number, game, given["arm"], against, metric),
                        str(given.get("direction") or "different"),
                        float(given.get("margin") or 0.0),
                        *(point, contrast),
                    )
                )
    doubted = {(v.game, v.arm, v.point) for v in found if v.code == "suspect"}
    adjusted = holm([test.contrast.p_value for test in tests])
    return [
        _decide(replace(test, p_holm=float(p)), study, doubted)
        for test, p in zip(tests, adjusted, strict=True)
    ]


def _ready(
    table: pd.DataFrame | None, hypotheses: Sequence[Mapping[str, Any]], study: Mapping[str, Any]
) -> dict[Any, Contrast]:
    """Contrasts that are there already, by game, point, metric, arm and what it is against."""
    if table is None:
        return {}
    metrics = {given.get("metric") or study["primary"] for given in hypotheses}
    rows = table[(table["payoffs"] == "ordinary") & table["metric"].isin(metrics)]
    return {
        (row.game, getattr(row, "point", None), row.metric, row.arm, row.against): Contrast(
            *(row.estimate, row.low, row.high, row.p_value, row.pairs, row.undefined)
        )
        for row in records(rows)
    }


def _contrast(
    given: Mapping[str, Any], treated: Any, control: Any, study: Mapping[str, Any]
) -> Contrast:
    """The paired contrast of two arms; an equivalence has a test, and an interval, of its own."""
    if given.get("direction") == "equivalent":
        told = equivalence(treated, control, float(given["margin"]), level=LEVEL)
        return Contrast(
            *(told.estimate, told.low, told.high, told.p_value, told.pairs, told.undefined)
        )
    resamples = 2_000 if study.get("axes") else 10_000
    seed = int(study["seed"]) % 2**63
    return paired_contrast(treated, control, resamples=resamples, seed=seed)


def _decide(
    test: Judged, study: Mapping[str, Any], doubted: set[tuple[str, str, int | None]]
) -> Judged:
    """What became of a hypothesis, the most cautious first."""
    found = test.contrast
    shown = test.p_holm < LEVEL
    side = {"greater": 1, "less": -1}.get(test.direction, 0)
    code = "open"
    moved = test.against == study["baseline"] and (test.game, test.arm, test.point) in doubted
    changed = models_changed(study, test.game, (test.arm, test.against), test.point)
    if moved or changed or found.undefined or found.pairs < study["claims_minimum_worlds"]:
        code = "no_claim"
    elif test.direction == "equivalent":
        code = "held" if shown else "open"
    elif shown and (found.low > 0 or found.high < 0):
        code = "held" if side == 0 or side * found.estimate > 0 else "opposite"
    return replace(test, code=code)


def claim_text(test: Judged) -> str:
    """A hypothesis in words, without its game.

    >>> nothing = Contrast(0.0, 0.0, 0.0, 1.0, 8, 0)
    >>> claim_text(Judged(1, "g", "bond", "none", "honesty", "greater", 0.0, None, nothing))
    'promises kept is greater under “bond” than under “none”'
    """
    claim = CLAIMS[test.direction]
    text = claim.format(label(test.metric)[0], spell(test.arm), spell(test.against))
    return text + (f", within ±{plain(test.margin)}" if test.direction == "equivalent" else "")


def by_hypothesis(tests: Sequence[Judged]) -> list[list[Judged]]:
    """Tests grouped by hypothesis and game; a group has more than one only over a grid."""
    groups: dict[tuple[int, str], list[Judged]] = {}
    for test in tests:
        groups.setdefault((test.number, test.game), []).append(test)
    return list(groups.values())


def outcome_text(group: Sequence[Judged]) -> str:
    """What became of a hypothesis in a game, over all points if there is a grid.

    >>> nothing = Contrast(0.0, 0.0, 0.0, 1.0, 8, 0)
    >>> outcome_text([Judged(1, "g", "bond", "none", "m", "less", 0.0, None, nothing)])
    'not shown'
    """
    if len(group) == 1:
        return OUTCOMES[group[0].code]
    counts = {code: sum(test.code == code for test in group) for code in OUTCOMES}
    if counts["held"] == len(group):
        return f"held at all {len(group):,} points"
    told = [f"{words} at {counts[code]:,}" for code, words in OUTCOMES.items() if counts[code]]
    return f"{', '.join(told)} of {counted(len(group), 'point')}"


def estimate_text(group: Sequence[Judged]) -> str:
    """The estimate and its interval; over a grid, the range of the estimates."""
    if len(group) > 1:
        estimates = [test.contrast.estimate for test in group]
        if np.isnan(estimates).all():
            return "undefined"
        return f"{signed(np.nanmin(estimates))} to {signed(np.nanmax(estimates))}"
    found = group[0].contrast
    if np.isnan(found.estimate):
        return "undefined"
    level = " (90%)" if group[0].direction == "equivalent" else ""
    return f"{signed(found.estimate)} [{signed(found.low)}, {signed(found.high)}]{level}"


def registered_table(tests: Sequence[Judged]) -> pd.DataFrame:
    """The tests as a table: a row for each, with estimate, p-values and outcome."""
    rows = [
        {
            "hypothesis": test.number,
            "game": test.game,
            "metric": test.metric,
            "arm": test.arm,
            "against": test.against,
            "direction": test.direction,
            "margin": test.margin if test.direction == "equivalent" else float("nan"),
            **({} if test.point is None else {"point": test.point}),
            "estimate": test.contrast.estimate,
            "low": test.contrast.low,
            "high": test.contrast.high,
            "p_value": test.contrast.p_value,
            "p_holm": test.p_holm,
            "pairs": test.contrast.pairs,
            "undefined": test.contrast.undefined,
            "outcome": test.code,
        }
        for test in tests
    ]
    return pd.DataFrame(rows)


def with_status(table: pd.DataFrame, tests: Sequence[Judged]) -> pd.DataFrame:
    """The contrasts with a column `status`: `registered` where a hypothesis spoke of it."""
    said = {(t.game, t.metric, t.arm, t.against) for t in tests}
    said |= {(t.game, t.metric, t.against, t.arm) for t in tests}
    keys = zip(table["game"], table["metric"], table["arm"], table["against"], strict=True)
    ordinary = (table["payoffs"] == "ordinary").to_numpy()
    named = np.array([key in said for key in keys], bool) & ordinary
    return table.assign(status=np.where(named, "registered", "exploratory"))
