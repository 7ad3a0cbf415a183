"""What the contrasts of a study allow to be said, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from posalign_sim.experiments.study.answered import Answered
from posalign_sim.experiments.study.design import OF_FAULTS
from posalign_sim.experiments.study.report.grid_contrasts import contrasts_over_grid
from posalign_sim.experiments.wording import arm_order
from posalign_sim.metrics.statistics import contrasts

#: A claim needs a Holm-adjusted p-value below this.
LEVEL = 0.05


#: Changes of welfare below this are rounding of the accounts, which count in millionths of a point.
SMALLEST = 1e-6


#: Why no claim is made where language models were not the same.
CHANGED = "model changed"

#: Metrics that verdicts look at beside the primary one.
CHECKS = ("welfare_gross", "welfare_net", "institution_cost")

#: Entries that the description of a study must have.
NEEDED = (
    *("name", "title", "question", "games", "arms", "population", "primary", "baseline"),
    *("placebos", "seed", "worlds", "rounds", "versions", "code_hash", "config_hash", "command"),
    "claims_minimum_worlds",
)


@dataclass(frozen=True)
class Verdict:
    """What may be said about one arm in one game.

    Attributes:
        game: The game.
        arm: The arm.
        parent: The arm that it is a placebo of, or None.
        effect: Row of `contrasts`: primary metric against the baseline, ordinary game.
        twin: The same in the zero-sum twin, or None if there is none.
        leads: Rows against each of its placebos.
        cost: What running the arm uses up beyond the baseline, points per seat per round.
        code: One of `CODES`.
        word: The verdict in a few words.
        point: Number of the point of the grid; None without a grid.
    """

    game: str
    arm: str
    parent: str | None
    effect: Any
    twin: Any | None
    leads: tuple[Any, ...]
    cost: float
    code: str
    word: str
    point: int | None = None


#: Codes of a verdict: the words for it and what they mean.
CODES = {
    "raises": (
        "raises it",
        "The effect is positive, and greater than that of every placebo and that in the twin, "
        "where there are any.",
    ),
    "as_placebo": (
        "as its placebo",
        "The effect is positive, but not shown to be greater than that of every placebo.",
    ),
    "lowers": ("lowers it", "The effect is negative."),
    "hint": (
        "hint only",
        "The interval excludes zero, but not so clearly that it survives adjustment.",
    ),
    "unclear": (
        "no clear effect",
        "The interval includes zero: an effect inside it is neither shown nor ruled out.",
    ),
    "no_claim": (
        "no claim",
        "Too few worlds, worlds without a defined value, or language models that were not the "
        "same in all arms that are compared: nothing is said.",
    ),
    "suspect": (
        "suspect",
        "The twin moved, in which nothing can be gained: the measurement is to be doubted.",
    ),
}


def study_contrasts(
    results: pd.DataFrame, study: Mapping[str, Any], *, resamples: int = 2_000
) -> pd.DataFrame:
    """Contrasts of every metric of a study; one Holm family for each metric.

    A world that faulted has no outcome: all of its values count as undefined. Over a grid, every
    point has its own contrasts, all in one family, of the metrics that the study declares and of
    those that verdicts need.

    Args:
        results: Long table as for `posalign_sim.metrics.statistics.contrasts`.
        study: The study, as for `write_report`.
        resamples: Bootstrap resamples; the primary metric gets five times as many.

    Returns:
        The tables of `contrasts`, the primary metric first, then by name.

    Raises:
        ValueError: If the study lacks an entry, or the results a metric or an arm.
    """
    _check_study(study)
    results = without_faulted(results)
    primary, metrics = study["primary"], set(results["metric"])
    if study.get("axes"):
        metrics &= {primary, *study.get("secondary", ()), *CHECKS}
    # p-values of the many comparisons of a study must be able to survive adjustment.
    compare = contrasts_over_grid if study.get("axes") else partial(contrasts, bounded_tails=True)
    tables = [
        compare(
            results,
            study["baseline"],
            [arm for arm, _ in arm_order(study)],
            metric,
            placebos=study["placebos"],
            resamples=resamples * (5 if metric == primary and not study.get("axes") else 1),
            seed=int(study["seed"]) % 2**63,
        )
        for metric in (primary, *sorted(metrics - {primary}))
    ]
    return pd.concat(tables, ignore_index=True)


def verdicts(table: pd.DataFrame, study: Mapping[str, Any]) -> list[Verdict]:
    """What the contrasts allow to be said, game by game, arm by arm and point by point.

    Args:
        table: What `study_contrasts` gave.
        study: The study.

    Returns:
        Verdicts, games in the order of the study, arms in that of `arm_order`, points by number.
    """
    rows: dict[Any, Any] = {
        (row.game, getattr(row, "point", None), row.metric, row.arm, row.against, row.payoffs): row
        for row in records(table)
    }
    present = set(table["game"])
    games = [*study["games"], *sorted(present - set(study["games"]))]
    points = sorted(set(table["point"])) if "point" in table else [None]
    found = [
        _verdict(rows, study, game, arm, parent, point)
        for game in games
        for arm, parent in (arm_order(study) if game in present else ())
        for point in points
    ]
    return [verdict for verdict in found if verdict is not None]


def _verdict(
    rows: Mapping[Any, Any],
    study: Mapping[str, Any],
    game: str,
    arm: str,
    parent: str | None,
    point: int | None,
) -> Verdict | None:
    """The verdict on one arm at one point, if it was run there."""
    primary, baseline = study["primary"], study["baseline"]

    def get(metric: str, against: str, payoffs: str) -> Any | None:
        return rows.get((game, point, metric, arm, against, payoffs))

    effect = get(primary, baseline, "ordinary")
    if effect is None:
        return None
    twin = get(primary, baseline, "zero_sum_twin")
    beyond = get(primary, baseline, "ordinary_minus_twin")
    gross = get("welfare_gross", baseline, "zero_sum_twin")
    leads = tuple(get(primary, name, "ordinary") for name in study["placebos"].get(arm, ()))
    cost = get("institution_cost", baseline, "ordinary")
    moved = moved_at_all(gross) or (primary.startswith("welfare") and moved_at_all(twin, up=True))
    against = (baseline, *study["placebos"].get(arm, ()))
    changed = any(models_changed(study, game, (arm, other), point) for other in against)
    code, word = _judge(effect, twin, beyond, leads, moved, changed, parent is not None, study)
    spent = float("nan") if cost is None else cost.estimate
    return Verdict(game, arm, parent, effect, twin, leads, spent, code, word, point)


def _judge(
    effect: Any,
    twin: Any | None,
    beyond: Any | None,
    leads: Sequence[Any],
    moved: bool,
    changed: bool,
    placebo: bool,
    study: Mapping[str, Any],
) -> tuple[str, str]:
    """Code and words of a verdict, the most cautious first."""
    used = [row for row in (effect, twin, beyond, *leads) if row is not None]
    code, note = "raises", ""
    if undefined := max(row.undefined for row in used):
        code, note = "no_claim", f": {undefined} undefined"
    elif effect.pairs < study["claims_minimum_worlds"]:
        code, note = "no_claim", f": {effect.pairs} worlds"
    elif changed:
        code, note = "no_claim", f": {CHANGED}"
    elif moved:
        code = "suspect"
    elif sign(effect) == 0:
        code = "unclear"
    elif not holds(effect):
        code = "hint"
    elif sign(effect) < 0:
        code = "lowers"
    elif any(not (sign(lead) > 0 and holds(lead)) for lead in leads):
        code = "as_placebo"
    elif beyond is not None and not (sign(beyond) > 0 and holds(beyond)):
        code, note = "suspect", ": as in twin"
    elif not (leads or placebo):
        note = " (no placebo)"
    return code, CODES[code][0] + note


def models_changed(
    study: Mapping[str, Any], game: str, arms: Sequence[str], point: int | None
) -> bool:
    """Whether language models were not the same in arms that are compared; see `Answered.apart`."""
    answered: Answered | None = study.get("answered")
    return answered is not None and answered.apart(game, arms, point)


def without_faulted(results: pd.DataFrame) -> pd.DataFrame:
    """Blank the outcomes of worlds that faulted; what they added up to is not an outcome."""
    keys = [k for k in ("game", "arm", "payoffs", "point", "world") if k in results]
    faults = results[(results["metric"] == "faults") & (results["value"] > 0)]
    if faults.empty:
        return results
    faulted = pd.MultiIndex.from_frame(results[keys]).isin(pd.MultiIndex.from_frame(faults[keys]))
    return results.assign(
        value=results["value"].mask(faulted & ~results["metric"].isin(OF_FAULTS).to_numpy())
    )


def _check_study(study: Mapping[str, Any]) -> None:
    if missing := [name for name in NEEDED if name not in study]:
        raise ValueError(f"the study lacks {missing}")
    named = {study["baseline"], *study["placebos"]}
    named.update(name for names in study["placebos"].values() for name in names)
    if unknown := sorted(named - set(study["arms"])):
        raise ValueError(f"arms without a description: {unknown}; described: {[*study['arms']]}")


def records(table: pd.DataFrame) -> list[Any]:
    """Rows by attribute, of types that pandas cannot tell."""
    return list(table.itertuples(index=False))


def sign(row: Any) -> int:
    """On which side of zero the interval lies; 0 if it includes zero or is undefined."""
    return int(row.low > 0) - int(row.high < 0)


def moved_at_all(row: Any | None, up: bool = False) -> bool:
    """Whether the twin changed, or rose, though it cannot."""
    if row is None or abs(row.estimate) <= SMALLEST:
        return False
    return sign(row) > 0 or (sign(row) < 0 and not up)


def holds(row: Any) -> bool:
    """Whether an effect survives Holm's adjustment."""
    return bool(row.p_holm < LEVEL)
