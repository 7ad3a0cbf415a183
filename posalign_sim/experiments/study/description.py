"""What a report says of a study besides its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from posalign_sim.experiments.about import about_module, who_plays
from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.study.design import Design


def describe(
    design: Design, pairs: int | None = None, registration: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything that a report says of a study besides its results.

    Args:
        design: the study.
        pairs: replicates that were run, if it stopped early.
        registration: what was registered; see `registration`.
    """
    config, settings = design.config, design.settings
    names = [arm.name for arm in design.arms]
    placebos: dict[str, list[str]] = {}
    for arm in design.arms:
        if arm.placebo_of in names:
            placebos.setdefault(arm.placebo_of, []).append(arm.name)
    rounds = config["rounds"]
    return {
        "name": settings.name,
        "title": settings.title,
        "question": settings.question,
        "games": {game: about_module("games", game, config["game"][game]) for game in design.games},
        "institutions": {
            name: about_module("institutions", name, values)
            for name, values in (config["institutions"] or {}).items()
        },
        "arms": {arm.name: arm.summary or arm.name.replace("_", " ") for arm in design.arms},
        "strengths": {arm.name: dict(arm.strengths) for arm in design.arms},
        "settings": {arm.name: dict(arm.settings) for arm in design.arms if arm.settings},
        "asking": {game: tuple(how) for game, how in design.askings.items() if how},
        "population": {game: who_plays(config, game) for game in design.games},
        "primary": settings.primary,
        "secondary": list(settings.secondary),
        "baseline": settings.baseline,
        "placebos": placebos,
        "twins": settings.twins,
        "withdrawn": {
            arm.name: arm.withdraw * float(rounds) for arm in design.arms if arm.withdraw < 1
        },
        "worlds": design.replicates if pairs is None else pairs,
        "most_worlds": design.replicates,
        "stopping": None if settings.stopping is None else asdict(settings.stopping),
        "rounds": rounds,
        "continuation": config["continuation"],
        "noise": config["noise"],
        "matching": config["matching"],
        "axes": {path: list(values) for path, values in design.axes.items()},
        "points": _points(design),
        "configurations": len(design.games) * len(design.arms) * design.points,
        "hypotheses": [asdict(hypothesis) for hypothesis in settings.hypotheses],
        "registration": registration,
        **origin(config),
        "claims_minimum_worlds": settings.claims_minimum_worlds,
        "factors": list(settings.factors),
    }


def _points(design: Design) -> Sequence[Mapping[str, Any]]:
    if not design.axes:
        return []
    columns = design.columns
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
