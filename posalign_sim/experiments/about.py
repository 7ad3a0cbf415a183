"""What games, institutions and populations are, in words and numbers for a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posalign_sim.agents.llm import LanguageModel
from posalign_sim.experiments.configure import dynamics_of, population_of
from posalign_sim.registry import find
from posalign_sim.world.modules import Agent


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
        names = [_who(agent) for agent in seats]
        counts = ", ".join(f"{names.count(n)} {n}" for n in dict.fromkeys(names))
        parts.append(f"{role}: {counts}")
    for change in dynamics_of(config.get("dynamics")):
        values = {k: v for k, v in change.values.items() if float(v) != 0}
        told = ", ".join(f"{k.replace('_', ' ')} {float(v):g}" for k, v in values.items())
        parts.append(f"they adapt by {change.name.replace('_', ' ')} ({told})")
    return "; ".join(parts)


def _who(agent: Agent) -> str:
    """An agent by name, and how it is asked otherwise than others, if it is a language model."""
    name = agent.name.replace("_", " ")
    if isinstance(agent, LanguageModel) and agent.own:
        told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in agent.own.items())
        return f"{name} ({told})"
    return name
