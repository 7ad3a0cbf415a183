"""`posalign-sim list`: what there is, each with one line."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from omegaconf import OmegaConf

from posalign_sim.registry import environment_id, known
from posalign_sim.world.decisions import Decision
from posalign_sim.world.fields import State, declared
from posalign_sim.world.modules import ConfigurationError, nearest
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import FEATURES

#: Sorts of classes that are listed by their names and first sentences.
SCRIPTED = (
    *("games", "institutions", "agents", "conducts", "dispositions"),
    *("dynamics", "metrics"),
)


def sorts() -> dict[str, Mapping[str, str]]:
    """Name and one line of everything, by sort."""
    found: dict[str, Mapping[str, str]] = {
        sort: {name: spec.summary() for name, spec in known(sort).items()} for sort in SCRIPTED
    }
    found["studies"] = {
        name: str((study.get("study") or study).get("title", ""))
        for name, study in shipped_studies().items()
    }
    found["envs"] = {
        environment_id(name): _decisions(spec) for name, spec in known("games").items()
    }
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
    return "; ".join(_decision(decision) for decision in spec.decisions.values())


def _decision(decision: Decision) -> str:
    """`post (promise_low | promise_high; price 0..40)`."""
    parts = [" | ".join(decision.choices)]
    for argument in decision.arguments:
        count = f"[{argument.count}]" if argument.count != 1 else ""
        high = f"{argument.high} - 1" if isinstance(argument.high, str) else argument.high
        unit = f" {argument.unit}" if argument.unit else ""
        parts.append(f"{argument.name}{count} {argument.low}..{high}{unit}")
    return f"{decision.name} ({'; '.join(parts)})"


def print_environments() -> None:
    """Print every environment: its id, who acts how, and what seats see, with bounds and units."""
    for name, spec in known("games").items():
        print(environment_id(name))
        _print_wrapped("", spec.summary())
        _print_wrapped("roles: ", ", ".join(spec.roles))
        for decision in spec.decisions.values():
            asked = f" [{', '.join(decision.roles)}]" if decision.roles else ""
            _print_wrapped("acts: ", f"{decision.phase}, {_decision(decision)}{asked}")
        common = declared(Sight, State)
        for field, state in declared(spec.sight, State).items():
            if field not in common:
                _print_wrapped("sees: ", _seen(field, state))
        print()
    print("Every seat sees besides, in every game:")
    for feature in FEATURES:
        bounds = f"{_number(feature.low)}..{_number(feature.high)} {feature.unit}".rstrip()
        _print_wrapped("sees: ", f"{feature.name}, {bounds}: {feature.summary}")
    print()


def print_institutions() -> None:
    """Print which game can carry which institution, and why the others cannot."""
    games, institutions = known("games"), known("institutions")
    width = max(len(name) for name in institutions)
    reasons: dict[tuple[str, str], list[str]] = {}
    print("Games that carry them (yes) or not (reasons below):\n")
    columns = list(games)
    for number, game in enumerate(columns, start=1):
        print(f"  {number:>2} {game}")
    print(f"\n  {'':<{width}} " + "".join(f"{k:>4}" for k in range(1, len(columns) + 1)))
    for name, spec in institutions.items():
        cells = []
        for game in columns:
            reason = spec.refusal(games[game])
            cells.append("-" if reason else "yes")
            if reason:
                reasons.setdefault((name, reason), []).append(game)
        print(f"  {name:<{width}} " + "".join(f"{cell:>4}" for cell in cells))
    print()
    for (name, reason), without in reasons.items():
        _print_wrapped(f"{name}: ", f"not on {', '.join(without)}: {reason}")
    if reasons:
        print()


def _seen(name: str, state: State) -> str:
    own = state.dimensions[:1] == ("agents",)
    axes = state.dimensions[1:] if own else state.dimensions
    shape = f"[{', '.join(map(str, axes))}]" if axes else ""
    bounds = f"{_number(state.low)}..{_number(state.high)} {state.unit}".rstrip()
    return f"{name}{shape}, {bounds}: {state.summary}{'' if own else ' (public)'}"


def _number(value: float) -> str:
    return f"{value:g}"


def _print_wrapped(head: str, text: str) -> None:
    for k, line in enumerate(textwrap.wrap(text, 94 - len(head)) or [""]):
        print(f"  {head if k == 0 else ' ' * len(head)}{line}")


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
        if words == ["envs"]:
            print_environments()
            continue
        print(sort)
        width = max((len(name) for name in found[sort]), default=0)
        for name, summary in found[sort].items():
            lines = textwrap.wrap(summary, 94 - width) or [""]
            print(f"  {name:<{width}}  {lines[0]}")
            for line in lines[1:]:
                print(f"  {'':<{width}}  {line}")
        print()
        if sort == "institutions" and words:
            print_institutions()
