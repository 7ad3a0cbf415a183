"""From a configuration to scenarios: names become classes, arms become strengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from typing import Any

import numpy as np
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from posalign_sim.experiments.wording import listed
from posalign_sim.metrics import Composition, Trajectory, standard
from posalign_sim.metrics.factorial import cell_name, cells
from posalign_sim.registry import find, known
from posalign_sim.world.modules import (
    CHANGES,
    Agent,
    ConfigurationError,
    Dynamics,
    Institution,
    Schedule,
    nearest,
    schedule,
    snake,
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
        settings: numbers that are other ones in this arm: `{"institutions.audit.fee": 0.1}`.
    """

    name: str
    strengths: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    placebo_of: str = ""
    withdraw: float = 1.0
    settings: Mapping[str, float] = field(default_factory=dict)

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


def value_of(text: str) -> Any:
    """A value as it is written on a command line: a number, a flag, a name, a list.

    >>> value_of("0.5"), value_of("[1, two]"), value_of("null")
    (0.5, [1, 'two'], None)
    """
    read = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
    assert isinstance(read, dict)
    return read["value"]


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
    named = mapping_of(study.get("arms"), "study.arms")
    plans = {**factorial_arms(study, institutions), **named}
    for name, plan in plans.items():
        where = f"study.arms.{name}"
        mapping_of(mapping_of(plan, where).get("institutions"), f"{where}.institutions")
    if study.get("placebos"):
        plans = with_placebos(plans)
    for name, plan in plans.items():
        plan = dict(plan or {})
        known_keys = ("institutions", "summary", "placebo_of", "withdraw", "settings")
        for key in plan:
            if key not in known_keys:
                raise ConfigurationError(
                    f"study.arms.{name}.{key} means nothing: {nearest(str(key), known_keys)}"
                )
        strengths = dict(plan.get("institutions") or {})
        for institution, strength in strengths.items():
            find("institutions", institution)
            schedule(strength)
        withdraw = number_of(plan.get("withdraw", 1.0), f"study.arms.{name}.withdraw")
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
        settings = mapping_of(plan.get("settings"), f"study.arms.{name}.settings")
        numbers = {
            key: number_of(value, f"study.arms.{name}.settings.{key}")
            for key, value in settings.items()
        }
        about = str(plan.get("summary", ""))
        arms.append(Arm(str(name), strengths, about, placebo_of, withdraw, numbers))
    baseline = study.get("baseline", "none")
    if baseline not in [arm.name for arm in arms]:
        raise ConfigurationError(f"study.baseline: no arm {baseline!r} is left in the study")
    return arms, left_out


def mapping_of(given: Any, where: str) -> dict[str, Any]:
    """A part of a configuration that has parts; none if it is null.

    Raises:
        ConfigurationError: it is something else.

    >>> mapping_of({"bond": "enforced"}, "study.arms.bond.institutions")
    {'bond': 'enforced'}
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where} must be a mapping, not {given!r}")
    return {str(key): value for key, value in given.items()}


def number_of(given: Any, where: str) -> float:
    """A number of a configuration.

    Raises:
        ConfigurationError: it is none.

    >>> number_of("much", "noise")
    Traceback (most recent call last):
    ...
    posalign_sim.world.errors.ConfigurationError: noise must be a number, not 'much'
    """
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ConfigurationError(f"{where} must be a number, not {given!r}")
    return float(given)


def with_placebos(plans: Mapping[str, Any]) -> dict[str, Any]:
    """The arms, each that enforces something and has no placebo followed by two.

    In one its institutions are announced and do nothing, in the other they act on the wrong
    persons.
    """
    found: dict[str, Any] = {}
    taken = {str(dict(plan or {}).get("placebo_of", "")) for plan in plans.values()}
    for name, plan in plans.items():
        found[name] = plan
        plan = dict(plan or {})
        strengths = dict(plan.get("institutions") or {})
        enforced = bool(strengths) and all(s == "enforced" for s in strengths.values())
        if not enforced or name in taken or plan.get("placebo_of") or plan.get("withdraw", 1) != 1:
            continue
        for strength, says in (
            ("announced", "Announced, but nothing is done"),
            ("shuffled", "Acts, but on the wrong persons"),
        ):
            found.setdefault(
                f"{name}_{strength}",
                {
                    **plan,
                    "institutions": dict.fromkeys(strengths, strength),
                    "placebo_of": name,
                    "summary": says,
                },
            )
    return found


def factors_of(study: Mapping[str, Any], institutions: Sequence[str]) -> list[str]:
    """The factors of a factorial study; none if it is no such study.

    Raises:
        ConfigurationError: a factor is not among the chosen institutions, or there are too many.
    """
    factors = study.get("factorial") or []
    if factors != "all" and (isinstance(factors, str) or not isinstance(factors, Sequence)):
        raise ConfigurationError(f"study.factorial must be a list of names or all, not {factors!r}")
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

    A conduct is a name, or `{conduct: name}` with its parameters beside the name; so is a
    disposition: `{agent: opportunist, disposition: {disposition: compassion, care: 0.5}}`. `of`
    takes a variant by name: `{agent: machine, of: fortress_3}`.
    """
    values = dict(entry)
    if "agent" not in values:
        raise ConfigurationError(f"{where}: each entry names an agent, {values} does not")
    agent = find("agents", str(values.pop("agent")))
    seats = int(values.pop("seats", 1))
    if seats < 0:
        raise ConfigurationError(f"{where}: seats must not be negative")
    for part in ("conduct", "disposition"):
        if values.get(part) is not None:
            values[part] = part_of(part, values[part], where)
    variant = values.pop("of", None)
    if variant is None:
        return [agent(**values)] * seats
    if not hasattr(agent, "of"):
        raise ConfigurationError(f"{where}: {snake(agent.__name__)} has no variants by name")
    return [agent.of(str(variant), **values)] * seats


def part_of(part: str, given: Any, where: str) -> Any:
    """A conduct or a disposition, from its name or from a mapping with it and its parameters."""
    numbers = dict(given) if isinstance(given, Mapping) else {part: given}
    if part not in numbers:
        raise ConfigurationError(f"{where}: {numbers} does not name a {part}")
    return find(f"{part}s", str(numbers.pop(part)))(**numbers)


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


def dynamics_of(entry: Any) -> tuple[Dynamics, ...]:
    """What settings say changes who seats are: `{name: moran, intensity: 0.1}`; nothing if null.

    Raises:
        ConfigurationError: there are no such dynamics, or no such parameter, or no name.
    """
    if entry is None:
        return ()
    if not isinstance(entry, Mapping) or "name" not in entry:
        raise ConfigurationError(
            f"dynamics must be null or {{name: ..., and its parameters}}, not {entry!r}: "
            f"{nearest(str(entry), known('dynamics'))}"
        )
    values = dict(entry)
    return (find("dynamics", str(values.pop("name")))(**values),)


def strains_of(game: str, plan: Any) -> dict[str, list[Agent]]:
    """What seats of a game can turn into besides what somebody is at first, for each role.

    Raises:
        ConfigurationError: the plan is ill-formed, or names what does not exist.
    """
    if plan is None:
        return {}
    if not isinstance(plan, Mapping):
        raise ConfigurationError(f"strains must be null or {{game: {{role: [...]}}}}, not {plan!r}")
    for name in plan:
        find("games", str(name))
    by_role: dict[str, list[Agent]] = {}
    for role, entries in dict(plan.get(game) or {}).items():
        where = f"strains.{game}.{role}"
        for entry in entries:
            if "seats" in entry:
                raise ConfigurationError(f"{where}: strains have no seats at first, {entry} does")
            by_role.setdefault(str(role), []).extend(agents_of(entry, where))
    return by_role


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
    noise = config["noise"]  # one number, or one for each world
    dynamics = dynamics_of(config.get("dynamics"))
    strains = strains_of(game, config.get("strains"))
    if strains and not dynamics:
        raise ConfigurationError(
            "strains: nobody turns into anything without dynamics: "
            "dynamics={name: pairwise_comparison}, say"
        )
    return Scenario(
        find("games", game)(name=game, **dict(config["game"][game] or {})),
        population_of(game, config["population"]),
        matching=find("matchings", str(config["matching"]))(),
        institutions=institutions,
        noise=(Tremble(probability=noise),) if np.ndim(noise) or number_of(noise, "noise") else (),
        officials=officials_of(institutions, config["population"].get("officials") or {}),
        rounds=rounds,
        continuation=config["continuation"],
        dynamics=dynamics,
        strains=strains,
        residence=config.get("residence"),
        metrics=(*standard(), Trajectory(), *([Composition()] if dynamics else [])),
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
