"""The study that tests of running studies share: so small that one compilation serves them all."""

from __future__ import annotations

import copy
import hashlib
import resource
import sys
from functools import cache
from pathlib import Path

from posalign_sim.experiments.main import composed, main
from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.runners import make_runner
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.folder import begin
from posalign_sim.experiments.study.run import _Going, run_and_write
from posalign_sim.experiments.study.tables import Outcomes

#: Two opportunists, six rounds, with and without a bond: words of a command line.
TINY = (
    "game=repeated_dilemma",
    "institutions=[bond]",
    "population.repeated_dilemma.player=[{agent:opportunist,seats:2}]",
    "rounds=6",
    "replicates=10",
    "threads=1",
)


@cache
def _tiny():
    (config,) = composed(list(TINY))
    return config


def tiny(arms=None, study=None, **more):
    """The configuration of the small study, with other arms or settings."""
    config = {**copy.deepcopy(_tiny()), **more}
    config["study"].update(study or {})
    if arms is not None:
        config["study"]["arms"] = arms
    return config


def play(config, folder, runner=None):
    """Run what is missing of a study, and stop short of its report."""
    folder.mkdir(parents=True, exist_ok=True)
    begin(folder, config, origin(config))
    design = Design(config)
    name = config["runner"] or "local"
    runner = runner or make_runner(name, config["workers"])
    going = _Going(design, config, folder, runner, progress=False)
    edges = going.play()
    return Outcomes(design, going.blocks, edges), edges


def digest(outcomes, folder):
    """What the files of results would hold: one hash of all of their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    outcomes.write(folder)
    found = hashlib.sha256((folder / "results.parquet").read_bytes())
    found.update((folder / "results.csv").read_bytes())
    for game in outcomes.design.games:
        data = outcomes.history(game)
        found.update(data["cooperation"].to_numpy().tobytes())
    return found.hexdigest()


def whole(config):
    """Run a study to its end, in whatever process this is."""
    run_and_write(config, progress=False)


def command(words, said, largest=None):
    """The command in a process of its own, where no file may become larger than so many bytes."""
    with Path(said).open("w") as file:
        sys.stdout = sys.stderr = file
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
        try:
            main(list(words))
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
