"""The ordinary scenario of each game: what is played if nobody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import Disposition, External, Game
from posalign_sim.world.scenario import Scenario

#: By what the rewards of external seats are weighed: one for all, or some by seat.
Dispositions: TypeAlias = Disposition | Mapping[int, Disposition] | None


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


def with_external(
    scenario: Scenario, seats: Sequence[int] | None, dispositions: Dispositions = None
) -> Scenario:
    """The scenario with some seats decided from outside.

    Args:
        scenario: what is played.
        seats: which seats; all of them if not given, unless the scenario has external ones.
        dispositions: one for all that are decided from outside, or by seat: their rewards are then
            what rounds are worth to them, and the points stand beside these.

    Raises:
        ConfigurationError: there is no such seat, or it is not decided from outside.

    Example:
        >>> from posalign_sim.agents import SocialValueOrientation
        >>> duel = ordinary("repeated_dilemma")
        >>> [a.disposition for a in with_external(duel, [0], SocialValueOrientation()).seats][1:]
        [None]
    """
    filled = list(scenario.seats)
    if seats is None:
        seats = [k for k, agent in enumerate(filled) if isinstance(agent, External)]
        if seats and dispositions is None:
            return scenario
        seats = seats or range(scenario.agents)
    if not isinstance(dispositions, Mapping):
        dispositions = {} if dispositions is None else dict.fromkeys(seats, dispositions)
    for seat in dispositions:
        if seat not in seats:
            raise ConfigurationError(
                f"dispositions: seat {seat} is not decided from outside; those that are: "
                f"{', '.join(map(str, seats))}"
            )
    for seat in seats:
        if not 0 <= seat < len(filled):
            raise ConfigurationError(f"there is no seat {seat}: seats are 0..{len(filled) - 1}")
        before = filled[seat]
        kept = before.disposition if isinstance(before, External) else None
        filled[seat] = External(disposition=dispositions.get(seat, kept))
    return scenario.reseated(filled)
