"""Go on with a study that was interrupted, from its folder alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from posalign_sim.experiments.provenance import NOT_SCIENCE
from posalign_sim.experiments.study.folder import read_config, read_how
from posalign_sim.experiments.study.run import run_and_write
from posalign_sim.world.errors import ConfigurationError, nearest


def resume_study(folder: Path, words: Sequence[str] = (), progress: bool = True) -> Path:
    """Run what is missing of a study in a folder; nothing, if it is complete.

    Args:
        folder: of the study.
        words: settings that say where and how fast: `runner=joblib`, `workers=8`.
        progress: whether to show progress and the main table.

    Raises:
        ConfigurationError: there is no study in the folder, or a word would change it.
    """
    return run_and_write(configured(folder, words), progress)


def configured(folder: Path, words: Sequence[str] = ()) -> dict[str, Any]:
    """The configuration of a study in a folder, with what says where and how fast.

    Raises:
        ConfigurationError: there is none, or a word is no such setting.
    """
    there = read_config(folder)
    config = {**dict.fromkeys(NOT_SCIENCE), "reuse": True, **read_how(folder), **there}
    try:
        given = OmegaConf.to_container(OmegaConf.from_dotlist(list(words)))
    except Exception as error:  # whatever a word does to the reader of words
        told = " ".join(str(error).split())
        raise ConfigurationError(f"{' '.join(words)}: {told}") from None
    assert isinstance(given, dict)
    for key, value in ((str(key), value) for key, value in given.items()):
        if key not in NOT_SCIENCE:
            raise ConfigurationError(
                f"{key}= would make it another study; what can be said here is where and how fast: "
                f"{nearest(key, NOT_SCIENCE)}"
            )
        config[key] = value
    config["output"] = str(folder)
    return config
