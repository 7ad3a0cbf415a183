"""What a study found, in sentences: only what its verdicts allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from posalign_sim.experiments.study.report.grid import OverGrid, over_grid
from posalign_sim.experiments.study.report.registered import Judged, by_hypothesis
from posalign_sim.experiments.study.report.verdicts import CHANGED, Verdict
from posalign_sim.experiments.wording import (
    capital,
    counted,
    interval_text,
    label,
    listed,
    point_text,
    signed,
    spell,
)


def answer(
    found: Sequence[Verdict], table: pd.DataFrame, study: Mapping[str, Any]
) -> tuple[str, str, str]:
    """The answer in three sentences: what arms did, beside their placebos, and in the twins.

    Args:
        found: What `verdicts` gave.
        table: The contrasts that it was given.
        study: The study.

    Returns:
        Three sentences.
    """
    real = [verdict for verdict in found if verdict.parent is None]
    games = list(dict.fromkeys(verdict.game for verdict in real))
    clause = _grid_clause if study.get("axes") else _game_clause
    clauses = [
        f"in the {spell(game)}, {clause([v for v in real if v.game == game], study)}"
        for game in games
    ]
    first = ", while ".join(clauses) + "." if clauses else "there is nothing to compare."
    return capital(first), _placebo_sentence(real, study), _twin_sentence(found, table)


def standing(study: Mapping[str, Any], tests: Sequence[Judged] = ()) -> str:
    """How much of a study was said before it ran, and out of how many configurations it speaks.

    Args:
        study: The study.
        tests: What became of its registered hypotheses.

    Returns:
        One or two sentences.

    >>> standing({"configurations": 6, "arms": {}, "games": {}, "points": []})
    '6 configurations were run. Nothing was registered before the run: all of this is exploratory.'
    """
    number = int(study.get("configurations") or _configurations(study))
    head = f"{counted(number, 'configuration')} {'was' if number == 1 else 'were'} run"
    if not study.get("registration"):
        return f"{head}. Nothing was registered before the run: all of this is exploratory."
    groups = by_hypothesis(tests)
    held = sum(all(test.code == "held" for test in group) for group in groups)
    number = len({test.number for test in tests})
    said = counted(number, "hypothesis was", "hypotheses were")
    where = f", tested in {counted(len(groups), 'game')}" if number < len(groups) else ""
    if number > 1 and number < len(groups):
        where = f", which make {len(groups)} with one for each game"
    return f"{head}. {said} registered{where}: {held} held. Everything else is exploratory."


def _configurations(study: Mapping[str, Any]) -> int:
    return len(study["games"]) * len(study["arms"]) * max(1, len(study.get("points") or ()))


def _game_clause(rows: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    """What the arms of one game did to the primary metric, placebos aside."""
    phrases = []
    for code, phrase in (
        ("raises", "rose under {}"),
        ("as_placebo", "rose under {} but not clearly more than under a placebo"),
        ("lowers", "fell under {}"),
        ("hint", "may have changed under {} (a hint, no more)"),
        ("unclear", "did not clearly change under {}"),
        ("suspect", "cannot be judged under {} (the zero-sum twin moved too)"),
        ("no_claim", "is not judged under {}"),
    ):
        group = [row for row in rows if row.code == code]
        if not group:
            continue
        text = phrase.format(listed([spell(row.arm) for row in group]))
        if code in ("raises", "lowers"):
            far = max(group, key=lambda row: abs(row.effect.estimate))
            most = f"most under {spell(far.arm)}: " if len(group) > 1 else ""
            text += f" ({most}{interval_text(far.effect, label(study['primary'])[1])})"
        if code == "no_claim":
            reasons = dict.fromkeys(row.word.removeprefix("no claim: ") for row in group)
            least = study["claims_minimum_worlds"]
            same = ", answered by the same models in all arms" if CHANGED in reasons else ""
            text += f" ({', '.join(reasons)}; a claim needs {least} worlds, all defined{same})"
        phrases.append(text)
    return f"{label(study['primary'])[0]} {'; it '.join(phrases)}"


def _grid_clause(rows: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    """What the arms of one game did over the grid, placebos aside."""
    what, unit = label(study["primary"])
    told = "; ".join(_over_points(row, study) for row in over_grid(rows))
    return (
        f"{what}{f' ({unit})' if unit else ''}, at {counted(len(study['points']), 'point')} of the "
        f"grid: {told}"
    )


def _over_points(row: OverGrid, study: Mapping[str, Any]) -> str:
    counts = {"raises": "rose at", "as_placebo": "rose no more than under a placebo at",
              "lowers": "fell at", "suspect": "cannot be judged at",
              "no_claim": "is not judged at"}  # fmt: skip
    told = [f"{words} {row.codes[code]:,}" for code, words in counts.items() if row.codes.get(code)]
    text = f"under {spell(row.arm)} it {listed(told) if told else 'did not clearly change at any'}"
    if row.best is None or row.best.point is None:
        return text
    where = point_text(study["points"][row.best.point])
    return f"{text} (median effect {signed(row.median)}, most {signed(row.most)} at {where})"


def _placebo_sentence(real: Sequence[Verdict], study: Mapping[str, Any]) -> str:
    gains = [verdict for verdict in real if verdict.code in ("raises", "as_placebo")]
    tested = [verdict for verdict in gains if verdict.leads]
    if all(verdict.code == "no_claim" for verdict in real):
        return "As nothing is claimed, nothing is set against the placebos either."
    if not gains:
        return "No arm showed a gain that could be set against its placebos."
    if not tested:
        return (
            "No arm that gained had a placebo, so its gain may come from being told of an "
            "institution rather than from what the institution does."
        )
    beaten = [verdict for verdict in tested if verdict.code == "raises"]
    alone = sorted({spell(verdict.arm) for verdict in gains if not verdict.leads})
    short = [f"{spell(v.arm)} in the {spell(v.game)}" for v in tested if v.code != "raises"]
    if study.get("axes"):
        short = [
            f"{text} at {counted(short.count(text), 'point')}" for text in dict.fromkeys(short)
        ]
    text = (
        f"Of the {len(tested):,} gains that have placebos (the same institutions without their "
        f"working part), {len(beaten):,} exceeded all of theirs"
    )
    if short:
        text += f"; for {listed(short)} this is not shown, so the working part gets no credit"
    else:
        text += ", so what the institutions do makes the gain, not being told of them"
    return text + (f" ({listed(alone)} had no placebo)." if alone else ".")


def _twin_sentence(found: Sequence[Verdict], table: pd.DataFrame) -> str:
    twins = table[(table["payoffs"] == "zero_sum_twin") & (table["comparison"] == "baseline")]
    gross = twins[(twins["metric"] == "welfare_gross") & (twins["pairs"] > 0)]
    if twins.empty:
        return "No zero-sum twin was run, so nothing here tells a gain from a fault of measurement."
    if gross.empty:
        return "The zero-sum twins do not report welfare before costs, which would check them."
    if doubted := [v for v in found if v.code == "suspect"]:
        names = dict.fromkeys(f"{spell(v.arm)} in the {spell(v.game)}" for v in doubted)
        return (
            f"Beware: the zero-sum twin moved under {listed(list(names))}, though nothing that "
            "agents do can change welfare there, so the measurement is at fault and nothing is "
            "claimed for them."
        )
    most = float(gross["estimate"].abs().max())
    moved = "did not move at all" if most == 0 else f"moved by no more than {signed(most)[1:]}"
    text = (
        "In the zero-sum twins, where nothing that agents do can change welfare, welfare before "
        f"costs {moved} in {counted(len(gross), 'comparison')}, as it must"
    )
    return f"{text}: gains and losses in the ordinary games are not made by the measurement."
