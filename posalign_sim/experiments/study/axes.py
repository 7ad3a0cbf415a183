"""Axes of a grid: settings by dotted names, the values they take, and which are numbers."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from posalign_sim.experiments.provenance import NOT_SCIENCE
from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError, nearest

#: Settings that may not be swept, with what to do instead.
NOT_SWEPT = {
    "game": "name several games in one study: game=[a,b]",
    "institutions": "arms set what institutions do: study.arms",
    "study": "run one study after another",
    "seed": "replicates draw other worlds: replicates=",
    "replicates": "all points have the same: replicates=",
    "grid": "a grid holds settings, not itself",
}


def axis_of(path: str, values: Any) -> dict[Any, Any]:
    """Values of an axis by their labels."""
    top = path.split(".")[0]
    if top in NOT_SCIENCE:
        raise ConfigurationError(f"grid.{path} cannot be swept: it says where or how fast")
    if path in NOT_SWEPT or top in ("study", "grid"):
        raise ConfigurationError(
            f"grid.{path} cannot be swept: {NOT_SWEPT.get(path, 'no setting')}"
        )
    if isinstance(values, Mapping):
        axis: dict[Any, Any] = {str(label): value for label, value in values.items()}
    elif isinstance(values, Sequence) and not isinstance(values, str):
        axis = {value if isinstance(value, int | float) else str(value): value for value in values}
    else:
        axis = {values: values}
    if not axis or (isinstance(values, Sequence) and len(axis) < len(values)):
        raise ConfigurationError(f"grid.{path} needs values that differ, not {values!r}")
    return axis


def is_number(path: str, config: Mapping[str, Any]) -> bool:
    """Whether a setting is a parameter of a game or an institution, or a number of scenarios."""
    parts = path.split(".")
    if path in ("noise", "continuation"):
        return True
    if len(parts) != 3 or parts[0] not in ("game", "institutions"):
        return False
    group, name, parameter = parts
    if name not in (config[group] or {}):
        raise ConfigurationError(
            f"{path}: {name} is not in this study: {nearest(name, config[group])}"
        )
    parameters = find("games" if group == "game" else group, name).parameters()
    if parameter not in parameters:
        raise ConfigurationError(
            f"{path}: {name} has no parameter {parameter!r}: {nearest(parameter, parameters)}"
        )
    return True


def default_of(config: Mapping[str, Any], path: str) -> float:
    """What a number is where nothing changes it."""
    parts = path.split(".")
    if len(parts) == 1:
        return float(config[path])
    group, name, parameter = parts
    given = config[group][name] or {}
    spec = find("games" if group == "game" else group, name)
    return float(given.get(parameter, spec.parameters()[parameter].default))


def with_settings(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with other settings; what is not changed is shared.

    Raises:
        ConfigurationError: there is no such setting.
    """
    found: dict[str, Any] = dict(config)
    for path, value in changes.items():
        here: Any = found
        *way, last = path.split(".")
        for step in way:
            key = _step(here, step, path)
            here[key] = copy.copy(here[key]) if here[key] is not None else {}
            here = here[key]
        parameter = way[:1] in (["game"], ["institutions"])
        here[last if parameter else _step(here, last, path)] = value
    return found


def _step(here: Any, step: str, path: str) -> Any:
    """The key of a part of a dotted setting."""
    if isinstance(here, list):
        if not step.isdigit() or int(step) >= len(here):
            raise ConfigurationError(f"grid.{path}: {step!r} is no place among {len(here)} entries")
        return int(step)
    if not isinstance(here, dict) or step not in here:
        there = list(here) if isinstance(here, dict) else []
        raise ConfigurationError(f"grid.{path}: no setting {step!r}: {nearest(step, there)}")
    return step
