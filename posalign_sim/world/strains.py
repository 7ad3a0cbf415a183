"""What seats can turn into where imitation, selection or mutation acts: strains.

A strain is an agent class with its parameters, conduct and disposition, in one role. Seats hold
its number; what the number stands for is kept once in the world's record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from posalign_sim.world.compiler import variant
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.events import strain_event
from posalign_sim.world.modules import Agent, Conduct, Disposition, External, Game
from posalign_sim.world.record import NOBODY, World
from posalign_sim.world.sight import forget_mind


@dataclass(frozen=True)
class Strains:
    """The strains of a scenario: first those that were named, then those of seats by birth.

    Attributes:
        roles: the role of each, by number.
        agents: an agent of each.
        of_seats: `[seats that play]` the strain of each; `NOBODY` if it is decided from outside.
    """

    roles: tuple[int, ...] = ()
    agents: tuple[Agent, ...] = ()
    of_seats: Any = field(default_factory=lambda: np.zeros(0, np.uint32))

    def __iter__(self) -> Iterator[tuple[int, Agent]]:
        """Role and agent of each strain."""
        return iter(zip(self.roles, self.agents, strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        """What each is called: its agent's name, numbered where several have the same."""
        names = [agent.name for agent in self.agents]
        return tuple(n if names.count(n) == 1 else f"{n}_{k}" for k, n in enumerate(names))

    def shares(self, ws: Any) -> dict[str, Any]:
        """`[worlds]` share of each strain among the seats of its role, by name."""
        counts = ws["strain_count"]
        roles = np.array(self.roles)
        return {
            f"share_{name}": counts[:, k] / np.maximum(1, counts[:, roles == roles[k]].sum(axis=1))
            for k, name in enumerate(self.names)
        }


def find_strains(
    game: Game,
    further: Sequence[Agent] | Mapping[str, Sequence[Agent]],
    roles: Sequence[int],
    players: Sequence[Agent],
    births: Any,
) -> Strains:
    """The strains of a population.

    Args:
        game: what is played.
        further: what seats can turn into besides: agents, or a list for each role.
        roles: of each seat.
        players: who fills each seat that plays.
        births: `[seats]` birth ranks: strains are numbered by them, never by seats.

    Raises:
        ConfigurationError: a further strain is no scripted agent, or has no role.
    """
    numbers: dict[Any, int] = {}
    found: list[tuple[int, Agent]] = []
    keys: dict[int, Any] = {}

    def number(role: int, agent: Agent) -> int:
        if id(agent) not in keys:  # crowds share a few agent objects
            keys[id(agent)] = _identity(agent)
        key = (role, keys[id(agent)])
        if key not in numbers:
            numbers[key] = len(found)
            found.append((role, agent))
        return numbers[key]

    for role, agent in _by_role(game, further):
        number(role, agent)
    of_seats = np.full(len(players), NOBODY, np.uint32)
    for seat in np.argsort(births[: len(players)]).tolist():
        if not isinstance(players[seat], External):
            of_seats[seat] = number(roles[seat], players[seat])
    return Strains(tuple(r for r, _ in found), tuple(a for _, a in found), of_seats)


def _by_role(
    game: Game, further: Sequence[Agent] | Mapping[str, Sequence[Agent]]
) -> Iterator[tuple[int, Agent]]:
    if not isinstance(further, Mapping):
        if len(game.roles) > 1 and further:
            raise ConfigurationError(
                f"{game.name} has roles {', '.join(game.roles)}: give strains as a list of agents "
                "for each role"
            )
        further = {game.roles[0]: further}
    for role, agents in further.items():
        if role not in game.roles:
            hint = nearest(role, game.roles)
            raise ConfigurationError(f"{game.name} has no role {role!r} for a strain: {hint}")
        for agent in agents:
            if not isinstance(agent, Agent) or isinstance(agent, External):
                raise ConfigurationError(
                    f"{agent!r} is no scripted agent that a seat can turn into"
                )
            yield game.roles.index(role), agent


def _identity(what: Agent | Conduct | Disposition | None) -> Any:
    if what is None:
        return None
    values = tuple((v.shape, v.tobytes()) for v in what.values.values())
    parts = (getattr(what, part, None) for part in ("conduct", "disposition"))
    return type(what), values, *map(_identity, parts)


def become(w: World, i: int, strain: int) -> None:
    """Seat `i` is of another strain from now on, and has nothing in mind."""
    p = w.sight
    strain_event(w, i, w.strain[i], strain)
    w.strain_count[w.strain[i]] -= 1
    w.strain_count[strain] += 1
    w.strain[i] = strain
    w.kind[i] = w.strain_kind[strain]
    w.conduct[i] = w.strain_conduct[strain]
    for k in range(p.params.shape[1]):
        p.params[i, k] = w.strain_params[strain, k]
    for k in range(p.habits.shape[1]):
        p.habits[i, k] = w.strain_habits[strain, k]
    be_disposed(w, i, strain)
    forget_mind(p, i)


def be_disposed(w: World, i: int, strain: int) -> None:
    """Seat `i` takes on the disposition of a strain, where there are any."""


@variant(be_disposed, "disposed")
def _be_disposed(w: World, i: int, strain: int) -> None:
    w.sight.disposition[i] = w.strain_disposition[strain]
    for k in range(w.sight.leanings.shape[1]):
        w.sight.leanings[i, k] = w.strain_leanings[strain, k]


def turn_seats(ws: Any, seating: Any) -> None:
    """Turn seats of a batch from outside, between rounds: all at once, as `become` turns one.

    Args:
        ws: `[worlds]` a batch of a scenario with dynamics, changed in place. Nothing is logged.
        seating: `[worlds, seats that play]` strain of each seat from now on. Who keeps its strain
            keeps what it has in mind; seats decided from outside (`NOBODY`) must stay so.

    Example:
        >>> from posalign_sim import ImitateBest, Scenario
        >>> from posalign_sim.agents import Cooperator, Defector
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> pair = Scenario(
        ...     RepeatedDilemma(), [Cooperator(), Defector()], dynamics=ImitateBest(), rounds=1
        ... )
        >>> ws = pair.worlds(1)
        >>> turn_seats(ws, np.array([[1, 1]]))
        >>> ws["strain_count"][0].tolist()
        [0, 2]
    """
    p = ws["sight"]
    world, seat = np.nonzero(seating != ws["strain"][:, : seating.shape[1]])
    strain = seating[world, seat]
    np.subtract.at(ws["strain_count"], (world, ws["strain"][world, seat]), 1)
    np.add.at(ws["strain_count"], (world, strain), 1)
    ws["strain"][world, seat] = strain
    for field_ in ws.dtype.names:
        name = field_.removeprefix("strain_")
        if name in (field_, "count", "role"):
            continue
        part = ws if name in ws.dtype.names else p
        part[name][world, seat] = ws[field_][world, strain]
    for field_, blank in _BLANK.items():
        if field_ in p.dtype.names:
            p[field_][world, seat] = blank
    p["since"][world, seat] = ws["clock"][world]


#: What is in the mind of who has met nobody (`forget_mind`), as far as the worlds keep it.
_BLANK = {
    "slots": 0.0,
    "turns": 0,
    "own_last": 1.0,
    "other_last": 1.0,
    "other_total": 0.0,
    "other_acts": 0.0,
    "other_worst": 1.0,
}
