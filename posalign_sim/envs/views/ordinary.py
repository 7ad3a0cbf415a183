"""The ordinary scenario of each game: what is played if nobody says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import External, Game
from posalign_sim.world.scenario import Scenario


def ordinary(game: str | Game | Scenario, **changes: Any) -> Scenario:
    """A scenario of a game, played by those who play it by custom.

    Args:
        game: its name, a game with parameters, or a scenario, which is taken as it is.
        **changes: arguments of `Scenario` to be set otherwise; institutions and the matching may
            be given by name.

    Raises:
        ConfigurationError: the name is unknown, or nobody plays the game by custom.

    Example:
        >>> ordinary("repeated_dilemma", rounds=5, institutions=["bond"]).agents
        2
    """
    for sort, argument in (("institutions", "institutions"), ("matchings", "matching")):
        if argument in changes:
            changes[argument] = _named(sort, changes[argument])
    if isinstance(game, Scenario):
        return game.replace(**changes) if changes else game
    if isinstance(game, str):
        game = find("games", game)()
    if not isinstance(game, Game):
        raise ConfigurationError(f"{game!r} is no game, name of a game or scenario")
    changes.setdefault("rounds", game.customary_rounds)
    if "population" not in changes:
        if not game.customary:
            raise ConfigurationError(f"nobody plays {game.name} by custom: give population=")
        seats = {
            role: [find("agents", name)() for name in names]
            for role, names in game.customary.items()
        }
        changes["population"] = seats if len(game.roles) > 1 else seats[game.roles[0]]
    return Scenario(game, **changes)


def _named(sort: str, given: Any) -> Any:
    if isinstance(given, str):
        return find(sort, given)()
    if isinstance(given, Sequence):
        return [_named(sort, one) for one in given]
    return given


def with_external(scenario: Scenario, seats: Sequence[int] | None) -> Scenario:
    """The scenario with some seats decided from outside.

    Args:
        scenario: what is played.
        seats: which seats; all of them if not given, unless the scenario has external ones.

    Raises:
        ConfigurationError: there is no such seat.
    """
    filled = list(scenario.seats)
    if seats is None:
        if any(isinstance(agent, External) for agent in filled):
            return scenario
        seats = range(scenario.agents)
    for seat in seats:
        if not 0 <= seat < len(filled):
            raise ConfigurationError(f"there is no seat {seat}: seats are 0..{len(filled) - 1}")
        filled[seat] = External()
    return scenario.reseated(filled)
