"""Which study a task plays: its configuration, with language models in its seats."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from posalign_sim.agents.language_model import LanguageModel
from posalign_sim.experiments.main import composed
from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.scenario import Scenario

#: Who plays, unless it is said otherwise: a language model in every seat.
EVERY_SEAT = "llm"
#: Who plays as the study says.
OWN = "own"
#: How requests name a model before an eval says which it is.
UNSAID = "inspect"

_CONF = Path(__file__).parents[1] / "conf"


@lru_cache(maxsize=8)
def design_of(
    study: str,
    population: str = EVERY_SEAT,
    overrides: str = "",
    config_dir: str | None = None,
) -> Design:
    """The design of the study that a task plays.

    Args:
        study: its name.
        population: who plays: `llm`, a language model in every seat; a name of the group
            `population`; or `own`, who the study says.
        overrides: words of the command line of `posalign-sim`: `rounds=5 replicates=4`.
        config_dir: folder of studies of one's own, as `--config-dir` of `posalign-sim`.

    Raises:
        ConfigurationError: a word makes no sense, or nobody is a language model.

    >>> design = design_of("trust_market", overrides="rounds=5 replicates=2")
    >>> design.games, design.speakers["trust"], design.replicates
    (['moral_hazard_market', 'trust'], {'inspect'}, 2)
    """
    words = [f"study={study}", *shlex.split(overrides)]
    if config_dir is not None:
        words += ["--config-dir", config_dir]
    found = composed(words)
    if len(found) != 1:
        raise ConfigurationError(f"overrides={overrides!r}: give settings of one study, no options")
    (config,) = found
    if config["model"] is not None:
        raise ConfigurationError(
            f"model={config['model']}: in Inspect AI say it as --model, or --model-role for a seat"
        )
    config = {**config, "model": UNSAID}
    if population != OWN:
        config = peopled(config, population, config_dir)
    design = Design(config)
    if not design.speaks:
        raise ConfigurationError(
            f"no seat of {study} is held by a language model: population={EVERY_SEAT}, or "
            "overrides such as population.trust.trustee=[{agent:language_model,seats:4}]"
        )
    return design


def peopled(
    config: Mapping[str, Any], population: str, config_dir: str | None = None
) -> dict[str, Any]:
    """A configuration in which others play. What it sweeps of who plays gives way.

    Args:
        config: the configuration.
        population: as in `design_of`.
        config_dir: as in `design_of`.

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
    # Outcomes of agents who have left, such as how many of them there are, are nobody's any more.
    bare = Design({**changed, "study": {**config["study"], "secondary": []}})
    there = {name for game in bare.games for name in bare.outcomes(game)}
    secondary = [name for name in config["study"]["secondary"] or () if name in there]
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
        raise ConfigurationError(f"population={name!r}: {nearest(name, [OWN, *files])}")
    return dict(yaml.safe_load(files[name].read_text()))


def seat_names(scenario: Scenario) -> list[str]:
    """The names of seats, as of the views of PettingZoo: role and number.

    >>> from posalign_sim.agents import TitForTat
    >>> from posalign_sim.envs import RepeatedDilemma
    >>> seat_names(Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=2, metrics=()))
    ['player_0', 'player_1']
    """
    names: list[str] = []
    roles = [scenario.role_of(seat) for seat in range(len(scenario.seats))]
    for seat, role in enumerate(roles):
        names.append(f"{role}_{roles[:seat].count(role)}")
    return names


def model_seats(scenario: Scenario) -> dict[int, LanguageModel]:
    """The seats that language models hold."""
    return {k: a for k, a in enumerate(scenario.seats) if isinstance(a, LanguageModel)}


def role_names(design: Design) -> Sequence[str]:
    """What `--model-role` may name: seats of language models, and their roles."""
    found: dict[str, None] = {}
    inside = design.points // len(design.variants)
    for game in design.games:
        for variant in range(len(design.variants)):
            point = variant * inside
            scenario = design.scenario(Task(game, (0,), (point, point + 1), (0, 1)))
            names = seat_names(scenario)
            for seat in model_seats(scenario):
                found |= dict.fromkeys((names[seat], scenario.role_of(seat)))
    return list(found)
