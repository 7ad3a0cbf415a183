"""`posalign-sim landscape`: from settings to a landscape, and to a folder that explains itself."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from posalign_sim.experiments.about import about_module, who_plays
from posalign_sim.experiments.configure import Arm, scenario_of
from posalign_sim.experiments.files import results_folder, whole_folder
from posalign_sim.experiments.landscape import landscape
from posalign_sim.experiments.landscape.report import terminal_table, write_report
from posalign_sim.experiments.landscape.results import Landscape, Plan
from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.wording import listed, spell
from posalign_sim.registry import find
from posalign_sim.world.compiler import Mode
from posalign_sim.world.modules import ConfigurationError, nearest
from posalign_sim.world.scenario import ENDLESS, Scenario

#: What settings of a landscape mean for its arms, not for how it is measured.
_OF_ARMS = "together"


def landscape_of(
    config: Mapping[str, Any], mode: Mode = "compiled", progress: bool = True
) -> Landscape:
    """The landscape that settings describe.

    Args:
        config: resolved settings, as `posalign-sim landscape --cfg job` shows them.
        mode: as with `simulate`.
        progress: whether to show a progress bar.

    Raises:
        ConfigurationError: something does not fit; nothing has been run.
    """
    games = list(config["game"] or {})
    if len(games) != 1:
        drop = f"; drop one, ~game.{games[-1]}" if games else ""
        raise ConfigurationError(
            f"a landscape is of one game, not of {listed(games) or 'none'}: game=[...]{drop}"
        )
    game = str(games[0])
    find("games", game)
    for name in ("seed", "threads"):
        value = config[name]
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        if not whole and not (name == "threads" and value is None):
            raise ConfigurationError(f"{name} must be a whole number, not {value!r}")
    whole_config = {**config, "rounds": ENDLESS, "continuation": 1.0}

    def make(strengths: Mapping[str, Any]) -> Scenario:
        return scenario_of(whole_config, game, dict(strengths) or None)

    return landscape(
        make,
        plan_of(config["landscape"], game),
        arms_of(config),
        seed=int(config["seed"]),
        threads=config["threads"] or None,
        mode=mode,
        progress=progress,
    )


def settings() -> list[str]:
    """What can be set of how a landscape is measured."""
    return [*(f.name for f in fields(Plan)), _OF_ARMS]


def plan_of(values: Mapping[str, Any], game: str) -> Plan:
    """How settings say that a landscape of a game is measured.

    Raises:
        ConfigurationError: there is no such setting, or its value makes no sense.
    """
    for name in values:
        if name not in settings():
            raise ConfigurationError(
                f"landscape has no setting {name!r}: {nearest(str(name), settings())}"
            )
    given = {k: v for k, v in values.items() if k != _OF_ARMS}
    names = dict((given.pop("names", None) or {}).get(game) or {})
    return Plan(**given, names=names)


def arms_of(config: Mapping[str, Any]) -> Sequence[Arm]:
    """No institution, each of those chosen, and all of them together."""
    names = [str(name) for name in config["institutions"] or {}]
    arms = [Arm("none", {}, "No institution")]
    for name in names:
        arms.append(Arm(name, {name: "enforced"}, find("institutions", name).summary()))
    if len(names) > 1 and config["landscape"].get(_OF_ARMS, True):
        every = ", ".join(spell(name) for name in names)
        arms.append(Arm("all_together", dict.fromkeys(names, "enforced"), f"All of them: {every}"))
    return arms


def measure_and_write(config: Mapping[str, Any]) -> Path:
    """Measure the landscape of a configuration, print its table, and write its folder.

    Args:
        config: the resolved configuration.

    Returns:
        The folder, which is there whole or not at all.

    Raises:
        ConfigurationError: something does not fit; nothing has been run or written.
    """
    folder = results_folder("landscape", config["output"])
    began = time.perf_counter()
    found = landscape_of(config)
    about = describe(config)
    with whole_folder(folder) as aside:
        (aside / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(dict(config))))
        provenance = {k: about[k] for k in ("seed", "versions", "code_hash", "config_hash")}
        (aside / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n")
        write_report(aside, found, about)
    print(terminal_table(found))
    print(f"\n{found.ends[..., 0].size} worlds, {time.perf_counter() - began:.1f} s")
    print(f"Report: {folder / 'report.html'}")
    return folder


def describe(config: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a report says of a landscape besides what came out."""
    (game,) = config["game"]
    return {
        "title": f"Landscape: {spell(game)}",
        "game": {game: about_module("games", game, config["game"][game])},
        "institutions": {
            name: about_module("institutions", name, values)
            for name, values in (config["institutions"] or {}).items()
        },
        "players": who_plays(config, game),
        **origin(config),
    }
