"""Registration: what a study says that it will look at, before it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from posalign_sim.experiments.files import write_atomically
from posalign_sim.experiments.provenance import config_hash, fingerprint, science
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.folder import difference
from posalign_sim.experiments.study.stopping import primary_contrasts
from posalign_sim.world.errors import ConfigurationError


def register_study(config: Mapping[str, Any], path: Path) -> str:
    """Write a registration: hypotheses, contrasts and the whole configuration, with their hash.

    Args:
        config: the resolved configuration.
        path: a file that is not there yet.

    Returns:
        The SHA-256 of what is registered, to be published or deposited beforehand.

    Raises:
        ConfigurationError: the study does not fit, or the file is there already.
    """
    design = Design(config)
    if path.exists():
        raise ConfigurationError(f"{path} is already there: a registration is not written over")
    said = {
        "title": design.settings.title,
        "question": design.settings.question,
        "primary": design.settings.primary,
        "secondary": list(design.settings.secondary),
        "hypotheses": [asdict(contrast) for contrast in primary_contrasts(design)],
        "worlds": design.replicates,
        "points": design.points,
        "config_hash": config_hash(config),
        "config": science(config),
    }
    # Through JSON once: what is hashed is what will be read.
    said = json.loads(json.dumps(said, default=str))
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"sha256": fingerprint(said), **said}
    write_atomically(path, json.dumps(whole, indent=2).encode() + b"\n")
    return str(whole["sha256"])


def registered(config: Mapping[str, Any], design: Design) -> dict[str, Any] | None:
    """The registration that a configuration refers to, if it refers to one.

    Raises:
        ConfigurationError: it cannot be read, was changed, or registers another study.
    """
    given = config.get("registration")
    if not given:
        return None
    try:
        whole = json.loads(Path(str(given)).read_bytes())
        sha, said = whole.pop("sha256"), whole
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConfigurationError(f"registration={given} cannot be read: {error}") from None
    if fingerprint(said) != sha:
        raise ConfigurationError(
            f"registration={given} was changed after it was written: its hash does not fit"
        )
    if said["config_hash"] != config_hash(config):
        now = json.loads(json.dumps(science(config), default=str))
        raise ConfigurationError(
            f"registration={given} is of another study ({difference(said['config'], now)}): run "
            "what was registered, or run without a registration"
        )
    return {"sha256": sha, "hypotheses": said["hypotheses"]}
