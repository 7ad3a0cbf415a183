"""`posalign-sim search`: from words to a front, and to a folder that explains itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from posalign_sim.experiments.about import about_module, who_plays
from posalign_sim.experiments.extras import require
from posalign_sim.experiments.files import results_folder, whole_folder
from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.search.report import terminal_table, write_report
from posalign_sim.experiments.search.search import search
from posalign_sim.experiments.search.settings import KEYS, plan_of
from posalign_sim.world.errors import ConfigurationError, nearest

#: What `posalign-sim search --help` says before it lists the keys.
USAGE = """\
posalign-sim search [SETTINGS] search.over='{SETTING: [LOW, HIGH], ...}' [search.KEY=VALUE ...]

Tries designs of institutions, and keeps those that no other beats in every objective.

  posalign-sim search study=trust_market search.trials=100 \\
      search.over='{institutions.arbitration.accuracy: [0.5, 1], institutions.bond.stake: [1, 20]}'

"""


def show_search(words: Sequence[str], composed: Callable[[list[str]], list[dict[str, Any]]]) -> int:
    """Search as the words of a command line say, and write the folder of what was found.

    Args:
        words: words after the command; those that begin with `search.` are for the search, the
            others make the configuration.
        composed: makes configurations of words.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: something does not fit; nothing has been run or written.
    """
    if any(word in ("-h", "--help") for word in words):
        print(USAGE + "".join(f"  search.{key:<12}{what}\n" for key, what in KEYS.items()), end="")
        return 0
    if any(word in ("-m", "--multirun") for word in words):
        raise ConfigurationError("a search does not sweep: what it varies is search.over")
    given, rest = split(words)
    for config in composed(rest):
        search_and_write({**config, "search": merged(config.get("search") or {}, given)})
    return 0


def split(words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """What words say of the search, by key, and the other words.

    >>> split(["study=trust_market", "search.trials=10", "search.over.noise=[0,0.1]"])
    ({'trials': 10, 'over': {'noise': [0, 0.1]}}, ['study=trust_market'])
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    found: dict[str, Any] = {}
    rest = []
    for word in words:
        key, sign, _ = word.partition("=")
        if not sign or not key.startswith("search."):
            rest.append(word)
            continue
        try:
            override = parser.parse_override(word)
        except HydraException as error:
            raise ConfigurationError(f"{key}: {str(error).splitlines()[0]}") from None
        if override.is_sweep_override():
            raise ConfigurationError(f"{key}: one value at a time; a list stands in [brackets]")
        name, _, inner = key.removeprefix("search.").partition(".")
        if name not in KEYS or (inner and name not in ("over", "objectives")):
            raise ConfigurationError(f"there is no setting {key!r}: {nearest(name, KEYS)}")
        if inner:
            found.setdefault(name, {})[inner] = override.value()
        else:
            found[name] = override.value()
    return found, rest


def merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The `search` of a study file with what a command line says, which goes before it."""
    return {**before, **given}


def search_and_write(config: Mapping[str, Any]) -> Path:
    """Search the designs of a configuration, print the front, and write its folder.

    Args:
        config: the resolved configuration, with its `search`.

    Returns:
        The folder, which is there whole or not at all.

    Raises:
        ConfigurationError: something does not fit; nothing has been written.
    """
    require("optuna", "posalign-sim search", "search")
    plan_of(config)
    folder = results_folder("search", config["output"])
    began = time.perf_counter()
    found = search(config)
    about = describe(config)
    with whole_folder(folder) as aside:
        (aside / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(dict(config))))
        provenance = {k: about[k] for k in ("seed", "versions", "code_hash", "config_hash")}
        (aside / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n")
        write_report(aside, found, about)
    print(terminal_table(found))
    worlds = len(found.trials) * found.plan.worlds + (len(found.front) + 2) * found.plan.fresh
    print(f"\n{worlds * len(found.games)} worlds, {time.perf_counter() - began:.1f} s")
    print(f"Report: {folder / 'report.html'}")
    return folder


def describe(config: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a report says of a search besides what came out."""
    games = {str(name): values for name, values in config["game"].items()}
    made = origin(config)
    study = config.get("study") or {}
    return {
        "title": f"Search: {study.get('title') or study.get('name') or 'institutions'}",
        "games": {name: about_module("games", name, values) for name, values in games.items()},
        "institutions": {
            name: about_module("institutions", name, values)
            for name, values in (config.get("institutions") or {}).items()
        },
        "players": {name: who_plays(config, name) for name in games},
        **made,
        "versions": {**made["versions"], "optuna": version("optuna")},
    }
