"""The command `posalign-sim tournament`: plays one, prints its table and writes it down."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from posalign_sim.agents.llm.backends.named import is_model
from posalign_sim.envs.dilemma import RepeatedDilemma
from posalign_sim.experiments.configure import agents_of
from posalign_sim.experiments.files import results_folder, save_table, whole_folder
from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.tournament import Tournament
from posalign_sim.experiments.tournament.standings import Standings
from posalign_sim.registry import known
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import Agent


def everybody() -> list[str]:
    """Names of all agents who can play a tournament of the repeated dilemma, in their order.

    >>> {"tit_for_tat", "grim"} <= set(everybody())
    True
    """
    return [name for name, spec in known("agents").items() if "move" in spec.functions]


def play_and_write(config: Mapping[str, Any]) -> Path:
    """Play the configured tournament, print its table, and write it into a folder of its own.

    Args:
        config: the resolved configuration; see `conf/tournament.yaml`.

    Returns:
        The folder, which is there whole or not at all: `standings.csv` (a row for each player),
        `matches.csv` (a row for each player and opponent), and how to play it again.

    Raises:
        ConfigurationError: something does not fit; nothing has been played or written.
    """
    folder = results_folder("tournament", config["output"])
    cup = tournament_of(config)
    start = time.monotonic()
    standings = cup.play(_whole("seed", config["seed"]), config["threads"])
    table = standings.table()
    with whole_folder(folder) as aside:
        save_table(table, aside / "standings.csv")
        save_table(matches_table(standings), aside / "matches.csv")
        (aside / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(dict(config))))
        (aside / "provenance.json").write_text(json.dumps(origin(config), indent=2) + "\n")
    print(_words(table, cup, standings, time.monotonic() - start))
    print(f"Written: {folder / 'standings.csv'}, {folder / 'matches.csv'}")
    return folder


def tournament_of(config: Mapping[str, Any]) -> Tournament:
    """The tournament that a configuration describes.

    Raises:
        ConfigurationError: it names what does not exist, or a number makes no sense.
    """
    plan = config["players"]
    plan = everybody() if plan is None else plan
    if not isinstance(plan, list):
        raise ConfigurationError(f"players is a list of names, such as [grim], not {plan!r}")
    players: list[str | Agent] = []
    for entry in plan:
        if isinstance(entry, str) and is_model(entry):
            raise ConfigurationError(
                f"{entry}: language models play in leagues: posalign-sim league players=[...]"
            )
        made = agents_of(entry, "players") if isinstance(entry, Mapping) else [str(entry)]
        players += made
    threads = config["threads"]
    if threads is not None and (_whole("threads", threads) < 1):
        raise ConfigurationError(f"threads is a whole number from 1 on, not {threads!r}")
    if not isinstance(config["self_play"], bool):
        raise ConfigurationError(f"self_play is true or false, not {config['self_play']!r}")
    return Tournament(
        players,
        turns=config["turns"],
        noise=config["noise"],
        repetitions=config["repetitions"],
        self_play=config["self_play"],
        continuation=config["continuation"],
        game=RepeatedDilemma(**dict(config["game"] or {})),
    )


def matches_table(standings: Standings) -> pd.DataFrame:
    """A row for each player and each of its opponents: `score`, `error`, `cooperation`, `wins`."""
    parts = {
        "score": standings.scores,
        "error": standings.errors,
        "cooperation": standings.cooperation,
        "wins": standings.wins,
    }
    names = list(standings.names)
    both = pd.MultiIndex.from_product([names, names], names=["player", "opponent"])
    frame = pd.DataFrame({name: part.ravel() for name, part in parts.items()}, index=both)
    return frame[frame["score"].notna()].reset_index()


def _words(table: pd.DataFrame, cup: Tournament, standings: Standings, seconds: float) -> str:
    """The table for a terminal, and what was played."""
    formats = {"score": "{:.3f}", "error": "{:.4f}", "cooperation": "{:.3f}", "wins": "{:.1f}"}
    shown = table.to_string(
        index=False, formatters={name: form.format for name, form in formats.items()}
    )
    matches = int(cup.repetitions) * len(cup.pairs[0])
    faults = f", of which {standings.faults} stopped on a fault" if standings.faults else ""
    return f"{shown}\n{matches:,} matches{faults}, {seconds:.1f} s; score: points per turn"


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationError(f"{name} is a whole number, not {value!r}")
    return value
