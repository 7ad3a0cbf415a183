"""Other people in the seats of a study: `population=NAME` on a command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from posalign_sim.experiments.study.design import Design
from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError, nearest

#: A language model in every seat.
EVERY_SEAT = "llm"

_CONF = Path(__file__).parent / "conf"


def peopled(
    config: Mapping[str, Any], population: str, config_dir: str | None = None
) -> dict[str, Any]:
    """A configuration in which others play. What it sweeps of who plays gives way.

    Args:
        config: the configuration.
        population: `llm`, a language model in every seat that there is; or another name of the
            group `population`.
        config_dir: a folder with a group of one's own.

    Raises:
        ConfigurationError: there is no such population.
    """
    plan: dict[str, Any] = dict(config["population"])
    if population == EVERY_SEAT:
        shipped = _population(population, config_dir)
        plan |= {game: _everywhere(config, shipped, game) for game in config["game"]}
    else:
        plan |= _population(population, config_dir)
    grid = {k: v for k, v in (config["grid"] or {}).items() if not k.startswith("population.")}
    changed = {**config, "population": plan, "grid": grid or None}
    declared = config["study"].get("secondary") or ()
    if not declared:
        return changed
    # Outcomes of agents who have left, such as how many of them there are, are nobody's any more.
    bare = Design({**changed, "study": {**config["study"], "secondary": []}})
    there = {name for game in bare.games for name in bare.outcomes(game)}
    secondary = [name for name in declared if name in there]
    return {**changed, "study": {**config["study"], "secondary": secondary}}


def _everywhere(
    config: Mapping[str, Any], shipped: Mapping[str, Any], game: str
) -> dict[str, list[dict[str, Any]]]:
    """Language models in as many seats of each role as the study has, or as there are by custom."""
    find("games", game)
    before = config["population"].get(game) or shipped.get(game)
    if before is None:
        raise ConfigurationError(f"population says nothing of {game}: {nearest(game, shipped)}")
    return {
        role: [{"agent": "language_model", "seats": sum(int(e.get("seats", 1)) for e in entries)}]
        for role, entries in before.items()
    }


def _population(name: str, config_dir: str | None) -> dict[str, Any]:
    folders = [_CONF / "population", *([Path(config_dir) / "population"] if config_dir else ())]
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    if name not in files:
        raise ConfigurationError(f"population={name!r}: {nearest(name, files)}")
    return dict(yaml.safe_load(files[name].read_text()))
