"""What there is, by name: games, institutions, agents, metrics, runners and so on; ours or not.

Third parties add to it without touching it, through entry points in the groups
`posalign_sim.games`, `posalign_sim.institutions`, `posalign_sim.agents`, `posalign_sim.conducts`,
`posalign_sim.dispositions`, `posalign_sim.metrics`, `posalign_sim.runners` and
`posalign_sim.sinks`, each naming a class.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from inspect import isabstract
from types import ModuleType
from typing import Any

import gymnasium

from posalign_sim import agents, envs, institutions, metrics
from posalign_sim.experiments import runners, sinks
from posalign_sim.world import dynamics, matching
from posalign_sim.world.modules import (
    Agent,
    Conduct,
    ConfigurationError,
    Disposition,
    Dynamics,
    External,
    Game,
    Institution,
    Matching,
    Metric,
    nearest,
    snake,
)

#: Sorts of things, the package where ours are, and the class or protocol that they all extend.
SORTS: dict[str, tuple[ModuleType, Any]] = {
    "games": (envs, Game),
    "institutions": (institutions, Institution),
    "agents": (agents, Agent),
    "conducts": (agents, Conduct),
    "dispositions": (agents, Disposition),
    "metrics": (metrics, Metric),
    "matchings": (matching, Matching),
    "dynamics": (dynamics, Dynamics),
    "runners": (runners, runners.Runner),
    "sinks": (sinks, sinks.Sink),
}


@cache
def known(sort: str) -> dict[str, type[Any]]:
    """Classes of one sort by name, in alphabetical order.

    >>> "tit_for_tat" in known("agents")
    True
    """
    package, base = SORTS[sort]
    found = {snake(name): spec for name, spec in vars(package).items() if _is_one(spec, base)}
    for point in entry_points(group=f"posalign_sim.{sort}"):
        spec = point.load()
        if not _is_one(spec, base):
            raise ConfigurationError(f"{point.value}, offered as one of {sort}, is none")
        found[point.name] = spec
    return dict(sorted(found.items()))


def _is_one(spec: Any, base: Any) -> bool:
    made = isinstance(spec, type) and issubclass(spec, base) and spec not in (base, External)
    if not made:
        return False
    return not (spec.is_abstract() if hasattr(spec, "is_abstract") else isabstract(spec))


def find(sort: str, name: str) -> type[Any]:
    """A class by name.

    Raises:
        ConfigurationError: there is none of that name; the message gives the nearest ones.
    """
    classes = known(sort)
    if name not in classes:
        raise ConfigurationError(f"unknown {sort[:-1]} {name!r}: {nearest(name, classes)}")
    return classes[name]


def environment_id(game: str) -> str:
    """The id under which Gymnasium knows a game.

    >>> environment_id("moral_hazard_market")
    'posalign/MoralHazardMarket-v0'
    """
    return f"posalign/{''.join(word.title() for word in game.split('_'))}-v0"


def register_environments() -> None:
    """Make every known game known to `gymnasium.make` and `gymnasium.make_vec`."""
    views = "posalign_sim.envs.views.gymnasium"
    for name in known("games"):
        if environment_id(name) not in gymnasium.registry:
            gymnasium.register(
                environment_id(name),
                entry_point=f"{views}:SingleView",
                vector_entry_point=f"{views}:VectorView",
                kwargs={"scenario": name},
            )
