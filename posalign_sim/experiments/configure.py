"""From a configuration to scenarios: names become classes, arms become strengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from typing import Any

import numpy as np
from hydra.core.config_store import ConfigStore

from posalign_sim.experiments.wording import listed
from posalign_sim.metrics import Trajectory, standard
from posalign_sim.metrics.factorial import cell_name, cells
from posalign_sim.registry import find, known
from posalign_sim.world.modules import (
    CHANGES,
    Agent,
    ConfigurationError,
    Institution,
    Schedule,
    nearest,
    schedule,
)
from posalign_sim.world.noise import Tremble
from posalign_sim.world.scenario import ENDLESS, Scenario

#: A factorial design has at most this many factors: each one doubles the arms.
MOST_FACTORS = 8


@dataclass(frozen=True)
class Arm:
    """One treatment of a study.

    Attributes:
        name: how results call it.
        strengths: strength (or `{round: strength}`) of each institution; the rest are off.
        summary: one line for people.
        placebo_of: the arm that this one is a placebo of, if it is one.
        withdraw: share of the horizon after which everything is off; 1 for never.
    """

    name: str
    strengths: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    placebo_of: str = ""
    withdraw: float = 1.0

    def schedule(self, institution: str, rounds: float) -> Schedule:
        """When the institution has which strength in this arm."""
        plan = self.strengths.get(institution, "off")
        if self.withdraw < 1 and plan != "off":
            if rounds >= ENDLESS:
                raise ConfigurationError(
                    f"arm {self.name} withdraws after a share of the horizon: give rounds="
                )
            before = plan if isinstance(plan, Mapping) else {0: plan}
            plan = {**before, int(self.withdraw * rounds): "off"}
        return schedule(plan)


def register() -> None:
    """Offer every known game and institution to Hydra as a member of its group.

    The configuration of a class is its declared parameters with their defaults, so that there is
    one place where these stand.
    """
    store = ConfigStore.instance()
    for group, sort in (("game", "games"), ("institutions", "institutions")):
        for name, spec in known(sort).items():
            fields = [
                (key, float, field(default=float(parameter.default)))
                for key, parameter in spec.parameters().items()
            ]
            node = make_dataclass(f"{spec.__name__}Parameters", fields)
            store.store(group=group, name=name, node=node, package=f"{group}.{name}")


def arms_of(study: Mapping[str, Any], institutions: Sequence[str]) -> tuple[list[Arm], list[str]]:
    """The arms that the chosen institutions allow, and the names of those that are left out.

    Raises:
        ConfigurationError: an arm is ill-formed, or names an institution that does not exist.
    """
    arms, left_out = [], []
    plans = {**factorial_arms(study, institutions), **(study.get("arms") or {})}
    for name, plan in plans.items():
        plan = dict(plan or {})
        known_keys = ("institutions", "summary", "placebo_of", "withdraw")
        for key in plan:
            if key not in known_keys:
                raise ConfigurationError(
                    f"study.arms.{name}.{key} means nothing: {nearest(str(key), known_keys)}"
                )
        strengths = dict(plan.get("institutions") or {})
        for institution, strength in strengths.items():
            find("institutions", institution)
            schedule(strength)
        withdraw = float(plan.get("withdraw", 1.0))
        if not 0 < withdraw <= 1:
            raise ConfigurationError(f"study.arms.{name}.withdraw must lie in (0, 1]")
        placebo_of = str(plan.get("placebo_of", ""))
        if placebo_of and placebo_of not in plans:
            raise ConfigurationError(
                f"study.arms.{name}.placebo_of: no arm {placebo_of!r}: {nearest(placebo_of, plans)}"
            )
        if any(i not in institutions for i in strengths):
            left_out.append(name)
            continue
        arms.append(Arm(name, strengths, str(plan.get("summary", "")), placebo_of, withdraw))
    baseline = study.get("baseline", "none")
    if baseline not in [arm.name for arm in arms]:
        raise ConfigurationError(f"study.baseline: no arm {baseline!r} is left in the study")
    return arms, left_out


def factors_of(study: Mapping[str, Any], institutions: Sequence[str]) -> list[str]:
    """The factors of a factorial study; none if it is no such study.

    Raises:
        ConfigurationError: a factor is not among the chosen institutions, or there are too many.
    """
    factors = study.get("factorial") or []
    factors = list(institutions) if factors == "all" else list(factors)
    for name in factors:
        if name not in institutions:
            raise ConfigurationError(
                f"study.factorial: {name!r} is not among the institutions that were chosen: "
                f"{nearest(str(name), institutions)}"
            )
    if len(factors) > MOST_FACTORS:
        raise ConfigurationError(
            f"study.factorial: {len(factors)} factors make {2 ** len(factors)} arms; name at most "
            f"{MOST_FACTORS}"
        )
    return factors


def factorial_arms(study: Mapping[str, Any], institutions: Sequence[str]) -> dict[str, Any]:
    """An arm for every set of the factors, each enforced where it is present."""
    factors = factors_of(study, institutions)
    if not factors:
        return {}
    return {
        cell_name(cell): {
            "institutions": dict.fromkeys(cell, "enforced"),
            "summary": listed([name.replace("_", " ") for name in cell]) or "No institution",
        }
        for cell in cells(factors)
    }


def population_of(game: str, plan: Mapping[str, Any]) -> dict[str, list[Agent]] | list[Agent]:
    """Agents for each role of a game: as the plan says, or those who play it by custom.

    Raises:
        ConfigurationError: the plan is ill-formed, or names what does not exist.
    """
    spec = find("games", game)
    if game not in plan and not spec.customary:
        raise ConfigurationError(f"population says nothing of {game}: {nearest(game, plan)}")
    custom = {role: [{"agent": name} for name in who] for role, who in spec.customary.items()}
    by_role: dict[str, list[Agent]] = {}
    for role, entries in plan.get(game, custom).items():
        by_role[role] = []
        for entry in entries:
            by_role[role] += agents_of(entry, f"population.{game}.{role}")
    if set(by_role) == set(spec.roles) and len(spec.roles) == 1:
        return by_role[spec.roles[0]]
    return by_role


def agents_of(entry: Mapping[str, Any], where: str) -> list[Agent]:
    """The agents of one entry: `{agent: tit_for_tat, seats: 4, conduct: spiteful}`.

    A conduct is a name, or `{conduct: name}` with its parameters beside the name.
    """
    values = dict(entry)
    if "agent" not in values:
        raise ConfigurationError(f"{where}: each entry names an agent, {values} does not")
    agent = find("agents", str(values.pop("agent")))
    seats = int(values.pop("seats", 1))
    if seats < 0:
        raise ConfigurationError(f"{where}: seats must not be negative")
    conduct = values.pop("conduct", None)
    if conduct is not None:
        given = dict(conduct) if isinstance(conduct, Mapping) else {"conduct": conduct}
        if "conduct" not in given:
            raise ConfigurationError(f"{where}: {given} does not name a conduct")
        conduct = find("conducts", str(given.pop("conduct")))(**given)
    return [agent(conduct=conduct, **values)] * seats


def officials_of(
    institutions: Sequence[Institution], plan: Mapping[str, Any]
) -> dict[str, list[Agent]]:
    """Who holds each office: as the plan says, or those who do by custom."""
    found: dict[str, list[Agent]] = {}
    for institution in institutions:
        for office in institution.offices:
            custom = [{"agent": name} for name in institution.customary.get(office, ())]
            where = f"population.officials.{office}"
            entries = plan.get(office, custom)
            found[office] = [a for entry in entries for a in agents_of(entry, where)]
    return found


def scenario_of(
    config: Mapping[str, Any],
    game: str,
    strengths: Mapping[str, Any] | None = None,
    **more: Any,
) -> Scenario:
    """One game of a configuration as a scenario.

    Args:
        config: the resolved configuration.
        game: which of its games.
        strengths: strength of each institution, as `Institution` takes it; enforced if not given.
        **more: further arguments of `Scenario`.
    """
    rounds = config["rounds"]
    institutions: list[Institution] = [
        find("institutions", name)(
            name=name,
            strength="enforced" if strengths is None else strengths[name],
            **dict(values or {}),
        )
        for name, values in (config["institutions"] or {}).items()
    ]
    noise = float(config["noise"])
    return Scenario(
        find("games", game)(name=game, **dict(config["game"][game] or {})),
        population_of(game, config["population"]),
        matching=find("matchings", str(config["matching"]))(),
        institutions=institutions,
        noise=(Tremble(probability=noise),) if noise else (),
        officials=officials_of(institutions, config["population"].get("officials") or {}),
        rounds=rounds,
        continuation=config["continuation"],
        metrics=(*standard(), Trajectory()),
        **more,
    )


def strengths_by_world(arms: Sequence[Arm], institution: str, rounds: float, each: int) -> Schedule:
    """One schedule for each world: arms in order, `each` worlds an arm."""
    starts = np.full((len(arms), CHANGES), ENDLESS, np.int64)
    to = np.zeros((len(arms), CHANGES), np.int64)
    for k, arm in enumerate(arms):
        plan = arm.schedule(institution, rounds)
        steps = plan.starts.shape[-1]
        starts[k, :steps], to[k, :steps] = plan.starts, plan.to
        to[k, steps:] = plan.to[-1]
    return Schedule(np.repeat(starts, each, axis=0), np.repeat(to, each, axis=0))
