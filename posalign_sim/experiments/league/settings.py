"""Who plays a league, and what: read from its configuration, and checked before it is played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from posalign_sim.agents.llm import LanguageModel
from posalign_sim.agents.llm.backends.named import is_model
from posalign_sim.experiments.configure import agents_of, mapping_of, number_of, officials_of
from posalign_sim.experiments.study.design import count_of
from posalign_sim.experiments.study.models import Models, models_of
from posalign_sim.experiments.study.settings import check_keys
from posalign_sim.registry import find
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.modules import Agent, Institution
from posalign_sim.world.noise import Tremble
from posalign_sim.world.scenario import Scenario

#: What a scenario of a league may say.
KEYS = ("game", "institutions", "rounds", "continuation", "noise", "matching")
MODES = ("compiled", "checked", "interpreted")


@dataclass(frozen=True)
class Player:
    """One who plays.

    Attributes:
        name: under which it stands in the tables.
        everywhere: the agent that it is in every role that `by_role` does not name.
        by_role: what it is in single roles.
    """

    name: str
    everywhere: Agent | None
    by_role: Mapping[str, Agent] = field(default_factory=dict)

    def agent(self, role: str) -> Agent | None:
        """What it is in a role, if it has anything to do there."""
        return self.by_role.get(role, self.everywhere)

    @property
    def models(self) -> list[LanguageModel]:
        """The language models that it is."""
        agents = [self.everywhere, *self.by_role.values()]
        return [agent for agent in agents if isinstance(agent, LanguageModel)]


@dataclass(frozen=True)
class Stage:
    """One scenario of a league.

    Attributes:
        name: of the scenario.
        config: what it says.
        held_out: whether it is reported apart, and ranks nobody.
    """

    name: str
    config: Mapping[str, Any]
    held_out: bool

    @property
    def game(self) -> str:
        """The name of its game."""
        return next(iter(_named(self.config["game"], f"scenarios.{self.name}.game")))

    def scenario(self, first: Player, second: Player, seats: int) -> Scenario:
        """The scenario in which two players meet.

        In a game with two roles the first player holds all seats of the first role; in a game with
        one role they sit alternately, the first player first.

        Args:
            first: the first player.
            second: the second player; it may be the same.
            seats: how many each holds.

        Raises:
            ConfigurationError: one of them has nothing to do in a role, or something does not fit.
        """
        where, config = f"scenarios.{self.name}", self.config
        ((game, numbers),) = _named(config["game"], f"{where}.game").items()
        spec = find("games", game)
        if len(spec.roles) > 2:
            raise ConfigurationError(f"{where}: {game} has more than two roles")
        pair = [_seated(player, role, game) for player, role in zip(
            (first, second), (spec.roles * 2)[:2], strict=True)]  # fmt: skip
        population: Any = pair * seats
        if len(spec.roles) == 2:
            population = {r: [a] * seats for r, a in zip(spec.roles, pair, strict=True)}
        given = _named(config.get("institutions") or {}, f"{where}.institutions")
        institutions: list[Institution] = [
            find("institutions", name)(name=name, strength="enforced", **values)
            for name, values in given.items()
        ]
        noise = number_of(config.get("noise", 0.0), f"{where}.noise")
        return Scenario(
            spec(name=game, **numbers),
            population,
            matching=find("matchings", str(config.get("matching", "fixed")))(),
            institutions=institutions,
            noise=(Tremble(probability=noise),) if noise else (),
            officials=officials_of(institutions, {}),
            rounds=config.get("rounds"),
            continuation=config.get("continuation", 1.0),
            metrics=(),
        )


@dataclass(frozen=True)
class League:
    """What is played.

    Attributes:
        name: under which answers are kept.
        players: who plays, in order.
        stages: what they play.
        worlds: of each match and each seating.
        seats: that each player holds.
        self_play: whether players also meet themselves.
        seed: of all luck.
        resamples: of worlds, for intervals.
        mode: as in `simulate`.
        models: how language models are asked.
    """

    name: str
    players: tuple[Player, ...]
    stages: tuple[Stage, ...]
    worlds: int
    seats: int
    self_play: bool
    seed: int
    resamples: int
    mode: Mode
    models: Models

    @property
    def names(self) -> list[str]:
        """Names of the players."""
        return [player.name for player in self.players]


def league_of(config: Mapping[str, Any]) -> League:
    """The league that a configuration describes.

    Args:
        config: the resolved configuration; see `conf/league.yaml`.

    Raises:
        ConfigurationError: something does not fit; nobody has been asked anything.
    """
    plan = config["players"]
    if not isinstance(plan, list) or len(plan) < 2:
        raise ConfigurationError(
            "a league needs two players at least: players=[openai/gpt-4o,tit_for_tat,defector]"
        )
    players = tuple(player_of(entry, f"players[{k}]") for k, entry in enumerate(plan))
    names = [player.name for player in players]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"two players are called {name}: give one of them another name, as in "
                f"{{agent: {name}, as: other}}"
            )
    stages = _stages(config)
    if not isinstance(config["self_play"], bool):
        raise ConfigurationError(f"self_play is true or false, not {config['self_play']!r}")
    if config["mode"] not in MODES:
        raise ConfigurationError(f"mode={config['mode']!r}: {nearest(str(config['mode']), MODES)}")
    found = League(
        str(config["name"]),
        players,
        stages,
        count_of(config, "worlds", least=2),
        count_of(config, "seats"),
        config["self_play"],
        count_of(config, "seed", least=0),
        count_of(config, "resamples"),
        config["mode"],
        models_of({**config, "model": None}),
    )
    for stage in stages:
        if len(takes_part(stage, players, found.seats)) < 2:
            raise ConfigurationError(
                f"scenarios.{stage.name}: fewer than two of the players can play {stage.game} in "
                "all of its roles; a language model can, and {as: NAME, ROLE: AGENT, ...} says who "
                "somebody is in each role"
            )
    return found


def takes_part(stage: Stage, players: Sequence[Player], seats: int) -> list[int]:
    """Places of the players who can hold any seat of a scenario; the others sit it out."""
    found = []
    for place, player in enumerate(players):
        try:
            stage.scenario(player, player, seats)
        except CannotPlayError:
            continue
        except ConfigurationError as error:
            if "cannot decide" not in str(error):
                raise
            continue
        found.append(place)
    return found


class CannotPlayError(ConfigurationError):
    """A player has nothing to do in a role."""


def player_of(entry: Any, where: str) -> Player:
    """A player from its entry.

    Args:
        entry: the name of a model or of an agent; or a mapping, see `conf/league.yaml`.
        where: of what it is an entry.

    Raises:
        ConfigurationError: it names what does not exist.

    >>> player_of("fake", "players[0]").everywhere.name
    'language_model'
    >>> player_of({"as": "saint", "agent": "random", "cooperation": 1}, "players[0]").name
    'saint'
    """
    if isinstance(entry, str):
        return Player(entry, _agent(entry, where))
    given = mapping_of(entry, where)
    label = given.pop("as", None)
    if "model" in given:
        name = str(given["model"])
        return Player(str(label or name), LanguageModel(**given))
    if "agent" in given:
        (agent,) = agents_of(given, where)
        return Player(str(label or given["agent"]), agent)
    if label is None or not given:
        raise ConfigurationError(
            f"{where}: a player is a name, {{model: ...}}, {{agent: ...}} or {{as: NAME, ROLE: "
            f"AGENT}}, not {entry!r}"
        )
    roles = {str(role): _agent(who, f"{where}.{role}") for role, who in given.items()}
    return Player(str(label), None, roles)


def _agent(who: Any, where: str) -> Agent:
    if isinstance(who, str) and is_model(who):
        return LanguageModel(model=who)
    entry = {"agent": who} if isinstance(who, str) else mapping_of(who, where)
    (agent,) = agents_of(entry, where)
    return agent


def _seated(player: Player, role: str, game: str) -> Agent:
    agent = player.agent(role)
    if agent is None:
        raise CannotPlayError(f"{player.name} is nobody in the role {role} of {game}")
    return agent


def _stages(config: Mapping[str, Any]) -> tuple[Stage, ...]:
    scenarios = mapping_of(config["scenarios"], "scenarios")
    held_out = config["held_out"] or []
    if not isinstance(held_out, list):
        raise ConfigurationError(f"held_out must be a list of scenarios, not {held_out!r}")
    for name in held_out:
        if name not in scenarios:
            raise ConfigurationError(f"held_out: {name}: {nearest(str(name), scenarios)}")
    found = []
    for name, given in scenarios.items():
        if given is None:
            continue  # taken out on the command line
        said = mapping_of(given, f"scenarios.{name}")
        check_keys(said, KEYS, f"scenarios.{name}")
        if "game" not in said:
            raise ConfigurationError(f"scenarios.{name}: say which game")
        found.append(Stage(str(name), said, name in held_out))
    if not any(not stage.held_out for stage in found):
        raise ConfigurationError("there is no scenario that is not held out: nothing ranks anybody")
    return tuple(found)


def _named(given: Any, where: str) -> dict[str, dict[str, Any]]:
    """Names with their parameters: from a name, a list of names, or a mapping."""
    if isinstance(given, str):
        return {given: {}}
    if isinstance(given, Mapping):
        return {str(k): dict(v or {}) for k, v in given.items()}
    if isinstance(given, Sequence):
        return {str(name): {} for name in given}
    raise ConfigurationError(f"{where} must be a name, or {{name: {{parameter: value}}}}")
