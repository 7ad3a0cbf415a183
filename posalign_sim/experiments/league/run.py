"""The command `posalign-sim league`: plays one, prints its table and writes it down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from posalign_sim.experiments.files import results_folder, write_atomically
from posalign_sim.experiments.league.play import desk_of, play
from posalign_sim.experiments.league.report import terminal_table, write_report
from posalign_sim.experiments.league.settings import league_of
from posalign_sim.experiments.league.standings import standings
from posalign_sim.experiments.provenance import origin
from posalign_sim.world.errors import ConfigurationError

#: What makes a folder that of a league.
CONFIG = "league.yaml"


def play_and_write(config: Mapping[str, Any], progress: bool = True) -> Path:
    """Play the configured league, or what is missing of it, print its table and write it down.

    Args:
        config: the resolved configuration; see `conf/league.yaml`.
        progress: whether to show progress, and to print the table.

    Returns:
        The folder: `standings.csv`, `held_out.csv`, `scenarios.csv`, `matches.csv`, `report.html`,
        and in `calls.sqlite` all that models were asked and answered.

    Raises:
        ConfigurationError: something does not fit, and nobody has been asked; or nobody can be
            asked any more, and what was answered is kept.
    """
    league = league_of(config)
    folder = _folder(config["output"])
    desk = desk_of(league, folder)
    if desk is not None:
        desk.ready()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / CONFIG, OmegaConf.to_yaml(OmegaConf.create(dict(config))).encode())
    played = play(league, folder, progress)
    open_to_all = [k for k, stage in enumerate(league.stages) if not stage.held_out]
    apart = [k for k, stage in enumerate(league.stages) if stage.held_out]
    main = standings(played, open_to_all)
    held_out = standings(played, apart) if apart else None
    about = origin(config)
    write_report(folder, played, main, held_out, about)
    write_atomically(folder / "provenance.json", (json.dumps(about, indent=2) + "\n").encode())
    if progress:
        print(terminal_table(main, held_out))
        print(f"Report: {folder / 'report.html'}")
    return folder


def _folder(output: Any) -> Path:
    """Where results go: a new folder, or that of a league, which is gone on with."""
    if output is None:
        return results_folder("league")
    folder = Path(str(output))
    if folder.is_dir() and any(folder.iterdir()) and not (folder / CONFIG).is_file():
        raise ConfigurationError(f"output={folder} is already there, and no league: name another")
    return folder
