"""Run a study and leave a folder that explains itself."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

import posalign_sim
from posalign_sim.experiments.configure import dynamics_of, factors_of, population_of
from posalign_sim.experiments.study.factorial import effects_table, study_effects
from posalign_sim.experiments.study.report import terminal_table, write_report
from posalign_sim.experiments.study.batch import StudyRun, plan, run_study
from posalign_sim.experiments.study.verdicts import study_contrasts
from posalign_sim.registry import find
from posalign_sim.world.modules import ConfigurationError

PACKAGES = ("numpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "hydra-core")
#: Settings that say where and how fast, not what: they are no part of a study's identity.
NOT_SCIENCE = ("output", "threads")


def run_and_write(config: Mapping[str, Any]) -> Path:
    """Run the configured study, print its table, and write its folder, whole or not at all.

    Args:
        config: the resolved configuration.

    Returns:
        The run folder.

    Raises:
        ConfigurationError: something does not fit; nothing has been run or written.
    """
    plan(config)
    folder = _folder(config)
    study = run_study(config)
    meta = describe(config, study)
    table = study_contrasts(study.results, meta)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed: a folder that is there is complete.
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-unfinished-"))
    try:
        _write(aside, config, study, meta, table)
        os.chmod(aside, 0o755)
        os.replace(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    print(terminal_table(table, {**meta, "seconds": study.seconds}))
    if meta["factors"]:
        print(effects_table(study_effects(study.results, meta), meta))
    if study.left_out:
        print(f"Left out, for want of their institutions: {', '.join(study.left_out)}.")
    print(f"Report: {folder / 'report.html'}")
    return folder


def _folder(config: Mapping[str, Any]) -> Path:
    if config["output"] is None:
        name = str(config["study"]["name"])
        stamp = Path("results") / name / time.strftime("%Y-%m-%d_%H-%M-%S")
        again = (stamp.with_name(f"{stamp.name}_{k}") for k in range(2, 1000))
        return stamp if not stamp.exists() else next(f for f in again if not f.exists())
    folder = Path(str(config["output"]))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"output={folder} is already there: name a new folder")
    return folder


def _write(
    folder: Path, config: Mapping[str, Any], study: StudyRun, meta: Any, table: pd.DataFrame
) -> None:
    study.results.to_parquet(folder / "results.parquet", index=False)
    study.results.to_csv(folder / "results.csv", index=False)
    study.trajectories.to_csv(folder / "trajectories.csv", index=False)
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(dict(config))))
    provenance = {
        key: meta[key] for key in ("seed", "versions", "code_hash", "config_hash", "command")
    }
    provenance["platform"] = platform.platform()
    provenance["rounds"] = {}
    for game, run in study.runs.items():
        (folder / f"round_{game}.py").write_text(run.text)
        provenance["rounds"][game] = {"file": f"round_{game}.py", "sha256": run.text_hash}
    (folder / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n")
    write_report(folder, study.results, study.trajectories, meta, table)


def describe(config: Mapping[str, Any], study: StudyRun) -> dict[str, Any]:
    """Everything that a report says of a study besides its results."""
    names = [arm.name for arm in study.arms]
    placebos: dict[str, list[str]] = {}
    for arm in study.arms:
        if arm.placebo_of in names:
            placebos.setdefault(arm.placebo_of, []).append(arm.name)
    plan_ = config["study"]
    games = {game: about_module("games", game, config["game"][game]) for game in config["game"]}
    return {
        "name": str(plan_["name"]),
        "title": str(plan_.get("title", plan_["name"])),
        "question": str(plan_.get("question", "")),
        "games": games,
        "institutions": {
            name: about_module("institutions", name, values)
            for name, values in (config["institutions"] or {}).items()
        },
        "arms": {arm.name: arm.summary or arm.name for arm in study.arms},
        "population": {game: who_plays(config, game) for game in config["game"]},
        "primary": str(plan_.get("primary", "welfare_net")),
        "baseline": str(plan_.get("baseline", "none")),
        "placebos": placebos,
        "withdrawn": {
            arm.name: arm.withdraw * float(config["rounds"])
            for arm in study.arms
            if arm.withdraw < 1
        },
        "worlds": int(config["replicates"]),
        "rounds": config["rounds"],
        **origin(config),
        "claims_minimum_worlds": int(plan_.get("claims_minimum_worlds", 64)),
        "factors": factors_of(plan_, list(config["institutions"] or {})),
    }


def origin(config: Mapping[str, Any]) -> dict[str, Any]:
    """Seed, versions, hashes and command: what it takes to make the same numbers again."""
    return {
        "seed": int(config["seed"]),
        "versions": {
            "python": platform.python_version(),
            "posalign_sim": posalign_sim.__version__,
            **{name: version(name) for name in PACKAGES},
        },
        "code_hash": code_hash(),
        "config_hash": config_hash(config),
        "command": "posalign-sim " + " ".join(sys.argv[1:]),
    }


def about_module(sort: str, name: str, values: Any) -> dict[str, Any]:
    """What a game or an institution is, with value, unit and meaning of what is set in it."""
    spec, given = find(sort, name), dict(values or {})
    parameters = {
        key: (float(given.get(key, p.default)), p.unit, p.summary)
        for key, p in spec.parameters().items()
        if abs(float(given.get(key, p.default))) != float("inf")
    }
    return {"summary": spec.summary(), "parameters": parameters}


def who_plays(config: Mapping[str, Any], game: str) -> str:
    """The population of a game in words, and how it adapts."""
    agents = population_of(game, config["population"])
    by_role = agents if isinstance(agents, dict) else {find("games", game).roles[0]: agents}
    parts = []
    for role, seats in by_role.items():
        names = [agent.name.replace("_", " ") for agent in seats]
        counts = ", ".join(f"{names.count(n)} {n}" for n in dict.fromkeys(names))
        parts.append(f"{role}: {counts}")
    for change in dynamics_of(config.get("dynamics")):
        values = {k: v for k, v in change.values.items() if float(v) != 0}
        told = ", ".join(f"{k.replace('_', ' ')} {float(v):g}" for k, v in values.items())
        parts.append(f"they adapt by {change.name.replace('_', ' ')} ({told})")
    return "; ".join(parts)


def config_hash(config: Mapping[str, Any]) -> str:
    """SHA-256 of every setting that bears on results."""
    science = {key: value for key, value in config.items() if key not in NOT_SCIENCE}
    return hashlib.sha256(json.dumps(science, sort_keys=True, default=str).encode()).hexdigest()


def code_hash() -> str:
    """SHA-256 of the package's Python and configuration files."""
    digest = hashlib.sha256()
    root = Path(posalign_sim.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".yaml", ".html"):
            digest.update(str(path.relative_to(root).as_posix()).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
