"""`posalign-sim list`: what there is, each with one line."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from omegaconf import OmegaConf

from posalign_sim.registry import known
from posalign_sim.world.modules import ConfigurationError, nearest


def sorts() -> dict[str, Mapping[str, str]]:
    """Name and one line of everything, by sort."""
    found: dict[str, Mapping[str, str]] = {
        sort: {name: spec.summary() for name, spec in known(sort).items()}
        for sort in ("games", "institutions", "agents", "metrics")
    }
    found["studies"] = {
        name: str(study.get("title", "")) for name, study in shipped_studies().items()
    }
    found["envs"] = {name: _decisions(spec) for name, spec in known("games").items()}
    return found


def shipped_studies() -> dict[str, Any]:
    """The studies of the package, by name, as their files say them."""
    folder = files("posalign_sim.experiments.conf") / "study"
    studies = {}
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.name.endswith(".yaml"):
            studies[path.name.removesuffix(".yaml")] = OmegaConf.to_container(
                OmegaConf.create(path.read_text())
            )
    return studies


def _decisions(spec: Any) -> str:
    decisions = ", ".join(f"{d.name} ({' | '.join(d.choices)})" for d in spec.decisions.values())
    return f"roles {', '.join(spec.roles)}; decisions {decisions}"


def print_list(words: list[str]) -> None:
    """Print one sort, or all.

    Raises:
        ConfigurationError: there is no such sort.
    """
    found = sorts()
    if len(words) > 1 or (words and words[0] not in found):
        wrong = words[-1]
        raise ConfigurationError(f"cannot list {wrong!r}: {nearest(wrong, found)}")
    for sort in words or found:
        print(sort)
        width = max((len(name) for name in found[sort]), default=0)
        for name, summary in found[sort].items():
            lines = textwrap.wrap(summary, 94 - width) or [""]
            print(f"  {name:<{width}}  {lines[0]}")
            for line in lines[1:]:
                print(f"  {'':<{width}}  {line}")
        print()
