"""What a search may be told: what it varies, what it is after, and how long it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from posalign_sim.experiments.configure import Arm, arms_of
from posalign_sim.experiments.study.settings import check_keys
from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.modules import OFF, STRENGTHS

#: Keys of `search`, with what they mean.
KEYS = {
    "over": "what is varied: {setting: [low, high], setting: [low, high, log]}",
    "objectives": "what is sought: {outcome: up, outcome: down}",
    "trials": "designs that are tried",
    "worlds": "worlds that each of them is tried on, the same for all",
    "generation": "designs that are tried at once",
    "sampler": "who proposes them: nsga2 or tpe",
    "arm": "arm of the study whose institutions are designed; all that are chosen if not given",
}
#: What is sought if nothing is said: the outcome, and whether more of it is better.
DEFAULT_OBJECTIVES = {
    "welfare_net": "up",
    "fairness": "up",
    "autonomy": "up",
    "institution_cost": "down",
}
#: What an outcome counts as in a world where it is undefined; others are left out there. Where
#: somebody is in debt, or nobody owns anything, shares are as bad as can be.
UNDEFINED_AS = {"fairness": 0.0}
#: How a number is spread over its range.
SCALES = ("log", "whole")
SAMPLERS = ("nsga2", "tpe")
#: Numbers that belong to no module, with their least and greatest value.
SHARED = {"noise": (0.0, 1.0), "continuation": (0.0, 1.0)}


@dataclass(frozen=True)
class Axis:
    """One setting that a search varies.

    Attributes:
        path: the setting, dotted.
        low: least value.
        high: greatest value.
        scale: `log`, `whole` (numbers), or nothing.
        choices: strengths to choose among, if it is an institution's; there are no numbers then.
    """

    path: str
    low: float = 0.0
    high: float = 0.0
    scale: str = ""
    choices: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first and the last value."""
        return (self.choices[0], self.choices[-1]) if self.choices else (self.low, self.high)

    def draw(self, trial: Any) -> Any:
        """The value that a trial of the sampler proposes."""
        if self.choices:
            return trial.suggest_categorical(self.path, list(self.choices))
        if self.scale == "whole":
            return trial.suggest_int(self.path, int(self.low), int(self.high))
        return trial.suggest_float(self.path, self.low, self.high, log=self.scale == "log")


@dataclass(frozen=True)
class Objective:
    """One outcome that a search is after.

    Attributes:
        metric: the outcome.
        up: whether more of it is better.
    """

    metric: str
    up: bool

    @property
    def sign(self) -> float:
        """1 if more is better, else -1."""
        return 1.0 if self.up else -1.0


@dataclass(frozen=True)
class Plan:
    """How a search goes; see `KEYS`.

    Attributes:
        over: what is varied.
        objectives: what is sought.
        arm: the institutions that are there, and how strong they are.
        trials: how many designs are tried.
        worlds: worlds of each of them.
        generation: designs that are tried at once.
        sampler: who proposes them.
        fresh: worlds, which the search has not seen, on which the front is measured again.
        seed: of the worlds and of the sampler.
    """

    over: tuple[Axis, ...]
    objectives: tuple[Objective, ...]
    arm: Arm
    trials: int
    worlds: int
    generation: int
    sampler: str
    fresh: int
    seed: int


def effective(point: Mapping[str, Any]) -> dict[str, Any]:
    """A design without the numbers of institutions that are off in it: they change nothing.

    >>> effective({"institutions.bond": "off", "institutions.bond.stake": 3.0})
    {'institutions.bond': 'off'}
    """
    off = tuple(f"{path}." for path, value in point.items() if value == "off")
    return {path: value for path, value in point.items() if not path.startswith(off)}


def plan_of(config: Mapping[str, Any]) -> Plan:
    """Read and check the `search` of a configuration.

    Raises:
        ConfigurationError: a key or name is unknown, a value makes no sense, or bounds lie outside
            the range that a parameter has.
    """
    given = dict(config.get("search") or {})
    check_keys(given, KEYS, "search")
    if config.get("grid"):
        raise ConfigurationError("a search has no grid: what it varies is search.over")
    for name in config["game"] or {}:
        find("games", str(name))
    if not config["game"]:
        raise ConfigurationError("there is no game to play: game=[...]")
    arm = _arm(config, given.get("arm"))
    numbers = {"trials": 100, "worlds": 32, "generation": 20}
    for name, default in numbers.items():
        value = given.get(name, default)
        numbers[name] = _whole(f"search.{name}", value, 2 if name != "trials" else 1)
    sampler = str(given.get("sampler", "nsga2"))
    if sampler not in SAMPLERS:
        raise ConfigurationError(f"search.sampler: no {sampler!r}: {nearest(sampler, SAMPLERS)}")
    return Plan(
        over=_axes(config, given.get("over"), arm),
        objectives=_objectives(given.get("objectives")),
        arm=arm,
        sampler=sampler,
        fresh=_whole("replicates", config["replicates"], 2),
        seed=_whole("seed", config["seed"], 0),
        **numbers,
    )


def _whole(name: str, value: Any, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigurationError(
            f"{name} must be a whole number of at least {least}, not {value!r}"
        )
    return value


def _arm(config: Mapping[str, Any], name: Any) -> Arm:
    """The arm that is designed: one of the study's, or all chosen institutions enforced."""
    institutions = [str(i) for i in config.get("institutions") or {}]
    if name is None:
        return Arm("chosen", dict.fromkeys(institutions, "enforced"), "All chosen institutions")
    arms, left_out = arms_of(config["study"] or {}, institutions)
    for arm in arms:
        if arm.name == name:
            return arm
    if name in left_out:
        raise ConfigurationError(f"search.arm: {name} needs institutions that were not chosen")
    raise ConfigurationError(
        f"search.arm: no arm {name!r}: {nearest(str(name), [arm.name for arm in arms])}"
    )


def _axes(config: Mapping[str, Any], over: Any, arm: Arm) -> tuple[Axis, ...]:
    if not isinstance(over, Mapping) or not over:
        raise ConfigurationError(
            "search.over: say what is varied: "
            "search.over='{institutions.arbitration.accuracy: [0.5, 1]}'"
        )
    chosen = {str(path) for path in over if len(str(path).split(".")) == 2}
    axes = []
    for path, bounds in over.items():
        parts = str(path).split(".")
        where = f"search.over.{path}"
        if not isinstance(bounds, Sequence) or isinstance(bounds, str):
            raise ConfigurationError(f"{where} must be [low, high], not {bounds!r}")
        if len(parts) == 2 and parts[0] == "institutions":
            _module_of(config, parts, where)
            axes.append(_strength_axis(str(path), bounds, where))
            continue
        low, high, unit = _range_of(config, str(path), where)
        axes.append(_number_axis(str(path), bounds, where, low, high, unit))
        own = ".".join(parts[:2])
        asleep = parts[0] == "institutions" and own not in chosen and not _acts(arm, parts[1])
        if asleep:
            raise ConfigurationError(
                f"{where}: {parts[1]} is off in the arm {arm.name}, so that nothing depends on it"
            )
    return tuple(axes)


def _acts(arm: Arm, institution: str) -> bool:
    """Whether an institution is ever on in an arm."""
    return bool((arm.schedule(institution, 2.0**30).to != OFF).any())


def _module_of(config: Mapping[str, Any], parts: Sequence[str], where: str) -> Any:
    """The class of the game or the institution that a dotted setting names."""
    group, name = parts[0], parts[1]
    there = config.get(group) or {}
    if name not in there:
        raise ConfigurationError(f"{where}: {name} is not chosen: {nearest(name, there)}")
    return find("games" if group == "game" else group, name)


def _range_of(config: Mapping[str, Any], path: str, where: str) -> tuple[float, float, str]:
    """Least and greatest value of a setting, and its unit."""
    parts = path.split(".")
    if path in SHARED:
        return (*SHARED[path], "probability")
    if len(parts) != 3 or parts[0] not in ("game", "institutions"):
        raise ConfigurationError(
            f"{where} cannot be searched: name a number, game.NAME.PARAMETER or "
            "institutions.NAME.PARAMETER, noise or continuation, or an institution's strength, "
            "institutions.NAME"
        )
    parameters = _module_of(config, parts, where).parameters()
    if parts[2] not in parameters:
        raise ConfigurationError(
            f"{where}: {parts[1]} has no parameter {parts[2]!r}: {nearest(parts[2], parameters)}"
        )
    parameter = parameters[parts[2]]
    return float(parameter.low), float(parameter.high), parameter.unit


def _number_axis(
    path: str, bounds: Sequence[Any], where: str, least: float, greatest: float, unit: str
) -> Axis:
    scale = str(bounds[2]) if len(bounds) == 3 else ""
    if scale and scale not in SCALES:
        raise ConfigurationError(f"{where}: no scale {scale!r}: {nearest(scale, SCALES)}")
    numbers = [b for b in bounds[:2] if isinstance(b, int | float) and not isinstance(b, bool)]
    if len(bounds) not in (2, 3) or len(numbers) != 2 or not np.isfinite(numbers).all():
        raise ConfigurationError(f"{where} must be [low, high], two numbers, not {list(bounds)}")
    low, high = float(numbers[0]), float(numbers[1])
    if not low < high:
        raise ConfigurationError(f"{where}: {low:g} is not below {high:g}")
    if low < least or high > greatest:
        raise ConfigurationError(
            f"{where}: [{low:g}, {high:g}] goes beyond the range of the parameter, "
            f"[{least:g}, {greatest:g}] {unit}".rstrip()
        )
    if scale == "log" and low <= 0:
        raise ConfigurationError(f"{where}: a logarithmic scale begins above 0, not at {low:g}")
    if scale == "whole" and not (low.is_integer() and high.is_integer()):
        raise ConfigurationError(f"{where}: bounds of whole numbers are whole")
    return Axis(path, low, high, scale)


def _strength_axis(path: str, choices: Sequence[Any], where: str) -> Axis:
    names = ["off" if choice is False else str(choice) for choice in choices]
    for name in names:
        if name not in STRENGTHS:
            raise ConfigurationError(f"{where}: no strength {name!r}: {nearest(name, STRENGTHS)}")
    if len(set(names)) < max(2, len(names)):
        raise ConfigurationError(
            f"{where} needs at least two strengths that differ: [off, enforced]"
        )
    return Axis(path, choices=tuple(names))


def _objectives(given: Any) -> tuple[Objective, ...]:
    if given is None:
        given = DEFAULT_OBJECTIVES
    if isinstance(given, Sequence) and not isinstance(given, str):
        for name in given:
            if name not in DEFAULT_OBJECTIVES:
                raise ConfigurationError(
                    f"search.objectives: say whether more of {name} is better: {{{name}: up}}"
                )
        given = {name: DEFAULT_OBJECTIVES[name] for name in given}
    if not isinstance(given, Mapping) or not given:
        raise ConfigurationError(
            f"search.objectives must be a mapping such as {{welfare_net: up}}, not {given!r}"
        )
    for name, way in given.items():
        if way not in ("up", "down"):
            raise ConfigurationError(f"search.objectives.{name} must be up or down, not {way!r}")
    return tuple(Objective(str(name), way == "up") for name, way in given.items())
