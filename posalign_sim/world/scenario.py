"""A scenario: a game, who plays it, under which institutions, for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from posalign_sim.world.accounts import MINOR
from posalign_sim.world.draws import key_of, mix, mix_many
from posalign_sim.world.fields import State, declared
from posalign_sim.world.matching import Fixed
from posalign_sim.world.modules import (
    SHUFFLED,
    Agent,
    Conduct,
    ConfigurationError,
    Decision,
    Delegate,
    Disposition,
    Dynamics,
    External,
    Game,
    Institution,
    Matching,
    Metric,
    Module,
    Noise,
    nearest,
    seen_by,
    snake,
)
from posalign_sim.world.network import Network
from posalign_sim.world.noise import Forced
from posalign_sim.world.record import World
from posalign_sim.world.strains import Strains, find_strains
from posalign_sim.world.structure import Structure, names_company

#: Rounds of a horizon that nothing but the continuation probability ends.
ENDLESS = 2**62


class Scenario:
    """What is simulated. Any number in it may be one value, or one for each world of a batch.

    Args:
        game: what is played.
        population: agents seat by seat; or, where the game has roles, a list for each role.
        matching: who faces whom; the same pairs throughout if not given.
        institutions: in the order in which they act.
        noise: what comes between choice and act, in order.
        delegates: what seats have put between themselves and their choices.
        metrics: what is measured; the package's standard ones if not given, none if empty.
        dynamics: what changes who the seats are after a round: imitation, selection, mutation.
        strains: what seats can turn into by it, besides what somebody is at the beginning: agents,
            or a list for each role; these come first in `scenario.strains`.
        rounds: longest duration, in rounds.
        continuation: probability that each round is followed by another.
        twin: whether worlds are zero-sum twins (each payoff less the seats' mean).
        twin_constant: points that a twin pays each seat in each round.
        memory: `"present"`: a seat remembers the partner that it faces as long as it faces it;
            `"pairs"`: every partner for ever.
        residence: jurisdiction of each seat; all in the first if not given.
        faces: identities that each agent may hold; records and accounts belong to identities.
        officials: who holds each office of the institutions, by its name: seats who do not play,
            numbered after those who do.
        network: who can meet, or hear of, whom; see `Network`.
        features: names of the features that external seats observe; all if not given.
        births: birth ranks of the seats, a permutation (of those who play; and, if they are given,
            of the officials after them); luck follows them, not seat numbers.
        events: how many events each world can log; 0 for no log.

    Raises:
        ConfigurationError: something does not fit; the message says what, where, what to do.

    Example:
        >>> from posalign_sim import Scenario, simulate
        >>> from posalign_sim.agents import TitForTat, Defector
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> duel = Scenario(RepeatedDilemma(), [TitForTat(), Defector()], rounds=10, metrics=())
        >>> run = simulate(duel, worlds=1, seed=1, mode="interpreted")
        >>> run.points[0].tolist()
        [9.0, 14.0]
    """

    def __init__(
        self,
        game: Game,
        population: Sequence[Agent] | Mapping[str, Sequence[Agent]],
        *,
        matching: Matching | None = None,
        institutions: Sequence[Institution] = (),
        noise: Noise | Sequence[Noise] = (),
        delegates: Sequence[Delegate] = (),
        metrics: Sequence[Metric] | None = None,
        dynamics: Dynamics | Sequence[Dynamics] = (),
        strains: Sequence[Agent] | Mapping[str, Sequence[Agent]] = (),
        rounds: Any = None,
        continuation: Any = 1.0,
        twin: Any = False,
        twin_constant: Any = 0.0,
        memory: str = "present",
        residence: Sequence[int] | None = None,
        faces: int = 1,
        officials: Mapping[str, Sequence[Agent]] | None = None,
        births: Sequence[int] | None = None,
        network: Network | None = None,
        features: Sequence[str] | None = None,
        events: int = 0,
    ) -> None:
        """See the class."""
        self._asked = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if metrics is None:
            from posalign_sim.metrics import standard

            metrics = standard()
        self.game = game
        self.matching = matching or Fixed()
        self.institutions = tuple(institutions)
        self.noise = (noise,) if isinstance(noise, Noise) else tuple(noise)
        self.delegates = tuple(delegates)
        self.metrics = tuple(metrics)
        self.dynamics = (dynamics,) if isinstance(dynamics, Dynamics) else tuple(dynamics)
        self.further = strains
        self.roles, self.players = _seats(game, population)
        offices, self.officials = _officials(self.institutions, officials or {})
        self.roles += [len(game.roles) + k for k in offices]
        self.rounds = _numbers("rounds", ENDLESS if rounds is None else rounds, 1, ENDLESS)
        self.continuation = _numbers("continuation", continuation, 0, 1)
        if rounds is None and not (self.continuation < 1).all():
            raise ConfigurationError(
                "the world would never end: give rounds=, or continuation= below 1"
            )
        self.twin = _numbers("twin", twin, 0, 1)
        self.twin_constant = _numbers("twin_constant", twin_constant, -1e6, 1e6)
        if memory not in ("present", "pairs"):
            raise ConfigurationError(f"memory is 'present' or 'pairs', not {memory!r}")
        self.pairs = memory == "pairs"
        self.residence = _residence(residence, len(self.players), len(self.officials))
        self.faces = int(_numbers("faces", faces, 1, 64))
        self.births = _births(births, len(self.players), len(self.officials))
        self.network = network
        self.features = None if features is None else tuple(features)
        self.events = int(events)
        self._check()

    @property
    def modules(self) -> tuple[Module, ...]:
        """All modules, in the order in which they act."""
        return (
            self.matching,
            self.game,
            *self.institutions,
            *self.delegates,
            *self.noise,
            *self.metrics,
            *self.dynamics,
        )

    def replace(self, **changes: Any) -> Scenario:
        """The same scenario with some arguments changed."""
        return Scenario(**{**self._asked, **changes})

    def reseated(self, seats: Sequence[Agent]) -> Scenario:
        """The same scenario with other agents in the same seats."""
        by_role: dict[str, list[Agent]] = {}
        for role, agent in zip(self.roles, seats, strict=True):
            by_role.setdefault(self.structure.roles[role], []).append(agent)
        population: Any = {role: by_role.pop(role) for role in self.game.roles}
        if len(self.game.roles) == 1:
            population = population[self.game.roles[0]]
        return self.replace(population=population, officials=by_role)

    def forceable(self) -> Scenario:
        """The same scenario, whose forked worlds `force` can be applied to."""
        return self.replace(noise=(*self.noise, Forced()))

    @property
    def agents(self) -> int:
        """Number of seats that play."""
        return len(self.players)

    @property
    def seats(self) -> list[Agent]:
        """Who fills each seat: those who play, then the officials."""
        return [*self.players, *self.officials]

    @property
    def offices(self) -> dict[str, list[Agent]]:
        """Who holds each office that somebody holds."""
        held: dict[str, list[Agent]] = {}
        for seat, agent in enumerate(self.officials, start=self.agents):
            held.setdefault(self.role_of(seat), []).append(agent)
        return held

    def role_of(self, seat: int) -> str:
        """The name of a seat's role, or office."""
        return self.structure.roles[self.roles[seat]]

    @cached_property
    def structure(self) -> Structure:
        """What decides the layout of a world and the text of its round."""
        minds = [*self.seats, *self.strains.agents]
        kinds = sorted({a.plays_as for a in minds}, key=lambda c: (c.__name__, c.__module__))
        return Structure(
            modules=tuple((m.name, type(m)) for m in self.modules),
            agents=tuple(kinds),
            capacity=max(2, 1 << (len(self.seats) - 1).bit_length()),
            faces=self.faces,
            pairs=self.pairs,
            jurisdictions=int(self.residence.max()) + 1,
            events=self.events,
            dimensions=tuple(sorted(self._dimensions().items())),
            chosen=self.features,
            conducts=tuple(self._conducts),
            dispositions=tuple(self._dispositions),
            veiled=any((m.schedule.to == SHUFFLED).any() for m in self.modules if m.treatable),
        )

    @cached_property
    def strains(self) -> Strains:
        """What seats can turn into, where something makes them; see `Strains`."""
        if not self.dynamics and not any(
            "strains" in state.dimensions for m in self.modules for state in m.states.values()
        ):
            return Strains()
        return find_strains(self.game, self.further, self.roles, self.players, self.births)

    @cached_property
    def _conducts(self) -> list[type[Conduct]]:
        minds = [*self.seats, *self.strains.agents]
        found = {type(a.conduct) for a in minds if a.conduct is not None}
        return sorted(found, key=lambda c: (c.__name__, c.__module__))

    @cached_property
    def _dispositions(self) -> list[type[Disposition]]:
        minds = [*self.seats, *self.strains.agents]
        found = {type(a.disposition) for a in minds if a.disposition is not None}
        return sorted(found, key=lambda c: (c.__name__, c.__module__))

    def _company(self) -> int:
        """How many others a seat can play with at once."""
        if self.matching.neighbourhood and self.network is not None:
            return max(1, int(self.network.degree.max()))
        tables = np.unique(self.matching.values.get("table", np.zeros(1)))
        sizes = np.where(tables == 0, self.game.table or self.agents, tables)
        return max(1, int(sizes.max()) - 1)

    def _dimensions(self) -> dict[str, int]:
        """Sizes of the modules' own dimensions, and of the network."""
        found: dict[str, int] = {}
        for module in self.modules:
            for name, size in module.dimensions.items():
                if found.setdefault(name, size) != size:
                    raise ConfigurationError(
                        f"{module.name} has {size} {name}, another module {found[name]}"
                    )
        if self.network is not None:
            found["edges"] = max(1, len(self.network.edge_to))
        found["strains"] = max(1, len(self.strains.agents))
        minds: list[type[Agent] | type[Conduct]] = [*(a.plays_as for a in self.seats)]
        minds += self._conducts
        if self._dispositions or names_company([type(m) for m in self.modules], minds):
            found["company"] = self._company()
        return found

    def _check(self) -> None:
        names = [m.name for m in self.modules]
        for name in {n for n in names if names.count(n) > 1}:
            raise ConfigurationError(f"two modules are called {name!r}: give one a name of its own")
        taken = {*vars(World), *World.__annotations__}
        for name in names:
            if name in taken:
                raise ConfigurationError(f"a module may not be called {name!r}: a world has that")
        least = self.game.least_agents
        if self.agents < least:
            raise ConfigurationError(
                f"{self.game.name} needs at least {least} agents, population has {self.agents}"
            )
        for institution in self.institutions:
            reason = type(institution).refusal(type(self.game))
            if reason:
                raise ConfigurationError(
                    f"{self.game.name} cannot carry {institution.name}: {reason}"
                )
        self._check_stack()
        self._check_tables()
        for change in self.dynamics:
            reason = change.refusal(len(self.strains.agents))
            if reason:
                raise ConfigurationError(f"{change.name}: {reason}")
        self._check_sight()
        for point in self.structure.points:
            if not _answered(point.decision, point.functions):
                self._check_knowledge(point.name, point.decision)

    def _check_stack(self) -> None:
        """Refuse institutions that lack what one before them should provide."""
        offered: set[str] = set()
        for institution in self.institutions:
            for need in institution.requires:
                if need not in offered:
                    raise ConfigurationError(
                        f"{institution.name} acts on {need}, which no institution before it in the "
                        "stack provides: add one, or put it earlier"
                    )
            offered |= set(institution.provides)

    def _check_tables(self) -> None:
        matching, game, network = self.matching, self.game, self.network
        if matching.network and network is None:
            raise ConfigurationError(
                f"{matching.name} needs to know who is whose neighbour: network="
            )
        if network is not None and len(network.degree) != self.agents:
            raise ConfigurationError(
                f"the network has {len(network.degree)} nodes for {self.agents} seats"
            )
        if matching.neighbourhood and not game.neighbourly:
            raise ConfigurationError(
                f"{game.name} cannot be played with all neighbours at once: use NeighbourPairs()"
            )
        for institution in self.institutions:
            if matching.neighbourhood and institution.unseats:
                raise ConfigurationError(
                    f"{institution.name} takes seats out of tables, and with {matching.name} there "
                    "are none: seats play with all of their neighbours; use NeighbourPairs()"
                )
        size = matching.values.get("table", np.zeros(()))
        if game.table == 2 and not np.isin(size, (0, 2)).all():
            raise ConfigurationError(
                f"{game.name} is played by two: {matching.name}.table is 0 or 2"
            )
        most, largest = game.most_at_table, self._company() + 1
        if most and largest > most:
            raise ConfigurationError(
                f"{game.name} is for {most} at a table, not {largest}: seat them with "
                f"matching=Rematched(table={most}), or Fixed(table={most})"
            )
        if size.max() > self.agents:
            raise ConfigurationError(
                f"{matching.name}.table is {size.max():g}, but there are only {self.agents} seats"
            )

    def _check_sight(self) -> None:
        """Refuse agents who look for what this game does not tell."""
        asked = {p.decision.name for p in self.structure.points} | {"learn"}
        for spec in self.structure.agents:
            for name in sorted(asked & set(spec.functions)):
                wanted = seen_by(spec.functions[name])
                if not issubclass(self.game.sight, wanted):
                    raise ConfigurationError(
                        f"{snake(spec.__name__)}.{name} looks at what {self.game.name} does not "
                        f"tell: it needs {wanted.__name__}"
                    )

    def _check_knowledge(self, point: str, decision: Decision) -> None:
        seats = zip(self.roles, self.seats, strict=True)
        for seat, (number, agent) in enumerate(chain(seats, self.strains)):
            role = self.structure.roles[number]
            asked = role in (decision.roles or self.game.roles)
            if asked and not isinstance(agent, External) and decision.name not in agent.functions:
                known = ", ".join(sorted(set(agent.functions) - {"learn"})) or "nothing"
                who = f"seat {seat}" if seat < len(self.seats) else "a further strain"
                raise ConfigurationError(
                    f"{who} ({role}): {agent.name} cannot decide {point}; it knows {known}"
                )

    def worlds(self, count: int, seed: int = 0, pairs: Any = None) -> np.ndarray[Any, Any]:
        """A batch of worlds, ready to begin.

        Args:
            count: number of worlds.
            seed: of the study; all luck derives from it.
            pairs: pair number of each world; worlds with the same number share their luck.

        Returns:
            `[count]` array of the structure's record.
        """
        structure = self.structure
        ws = np.zeros(count, structure.dtype)
        numbers = np.arange(count) if pairs is None else np.asarray(pairs)
        if numbers.shape != (count,):
            raise ConfigurationError(f"pairs must be {count} numbers, one for each world")
        ws["pair"] = numbers.astype(np.uint64)
        root = mix(key_of("study"), seed % 2**64)
        ws["key"] = mix_many(root, ws["pair"])
        self._fill_states(ws)
        ws["agents"] = self.agents
        ws["officials"] = len(self.officials)
        ws["identities"] = self.agents * self.faces + len(self.officials)
        ws["sight"]["agents"] = self.agents
        for name in ("rounds", "continuation", "twin", "twin_constant"):
            ws[name] = self._each(name, getattr(self, name), count)
        self._fill_seats(ws)
        for module in self.modules:
            self._fill_module(ws, module)
        return ws

    def _fill_states(self, ws: np.ndarray[Any, Any]) -> None:
        for spec, part in ((World, ws), (self.game.sight, ws["sight"])):
            for name, state in declared(spec, State).items():
                if state.initial and name in (part.dtype.names or ()):
                    part[name] = state.initial
        ws["table_size"] = self.game.table or self.agents
        if self.network is not None:
            ws["first_edge"][:, : self.agents] = self.network.first_edge
            ws["degree"][:, : self.agents] = self.network.degree
            ws["edge_to"][:, : len(self.network.edge_to)] = self.network.edge_to

    def _fill_seats(self, ws: np.ndarray[Any, Any]) -> None:
        everybody, kinds = len(self.seats), self.structure.agents
        ws["kind"][:, :everybody] = [kinds.index(a.plays_as) for a in self.seats]
        ws["role"][:, :everybody] = self.roles
        ws["jurisdiction"][:, :everybody] = self.residence
        ranks = np.array([mix(rank + 1, 0xB127) for rank in range(everybody)], np.uint64)
        ws["birth"][:, :everybody] = ranks[self.births]
        order = np.empty(everybody, np.int32)
        order[self.births] = np.arange(everybody)
        ws["order"][:, :everybody] = order
        ws["birth_rank"][:, :everybody] = self.births
        self._fill_numbers(ws["sight"]["params"], self.seats)
        if self.strains.agents:
            self._fill_strains(ws)
        if self._conducts:
            conducts = [a.conduct for a in self.seats]
            self._fill_numbers(ws["sight"]["habits"], conducts)
            ws["conduct"][:, :everybody] = [
                0 if c is None else 1 + self._conducts.index(type(c)) for c in conducts
            ]
        if self._dispositions:
            dispositions = [a.disposition for a in self.seats]
            self._fill_numbers(ws["sight"]["leanings"], dispositions)
            ws["sight"]["disposition"][:, :everybody] = self._kinds_of(dispositions)

    def _kinds_of(self, dispositions: Sequence[Disposition | None]) -> list[int]:
        """The number of each disposition's class, counted from 1; 0 for none."""
        return [0 if d is None else 1 + self._dispositions.index(type(d)) for d in dispositions]

    def _fill_strains(self, ws: np.ndarray[Any, Any]) -> None:
        strains, structure = self.strains, self.structure
        conducts = [a.conduct for a in strains.agents]
        counts = np.bincount(strains.of_seats[strains.of_seats < len(strains.agents)])
        if "strain" in (ws.dtype.names or ()):
            ws["strain"][:, : self.agents] = strains.of_seats
        ws["strain_count"][:, : len(counts)] = counts
        ws["strain_role"] = strains.roles
        if self.dynamics:
            ws["strain_kind"] = [structure.agents.index(a.plays_as) for a in strains.agents]
            ws["strain_conduct"] = [
                0 if c is None else 1 + self._conducts.index(type(c)) for c in conducts
            ]
            self._fill_numbers(ws["strain_params"], strains.agents)
            self._fill_numbers(ws["strain_habits"], conducts)
            if self._dispositions:
                dispositions = [a.disposition for a in strains.agents]
                ws["strain_disposition"] = self._kinds_of(dispositions)
                self._fill_numbers(ws["strain_leanings"], dispositions)

    def _fill_numbers(
        self, numbers: np.ndarray[Any, Any], given: Sequence[Agent | Conduct | Disposition | None]
    ) -> None:
        """Write what each seat's agent, conduct, or disposition was given."""
        rows: dict[int, np.ndarray[Any, Any]] = {}
        for seat, agent in enumerate(given):
            if agent is None or not agent.values:
                continue
            # Crowds share a few agent objects: read each object's numbers once.
            if id(agent) not in rows:
                rows[id(agent)] = self._numbers_of(agent, len(numbers), numbers.shape[-1])
            numbers[:, seat] = rows[id(agent)]

    def _numbers_of(
        self, agent: Agent | Conduct | Disposition, count: int, width: int
    ) -> np.ndarray[Any, Any]:
        """What one was given, `[width]` or `[worlds, width]`; tables are filled up with 0."""
        single = all(v.ndim == (n in agent.tables) for n, v in agent.values.items())
        row = np.zeros(width if single else (count, width))
        for name, place in agent.places().items():
            value, what = agent.values[name], f"{agent.name}.{name}"
            if name not in agent.tables:
                row[..., place] = self._each(what, value, count)
                continue
            if value.ndim == 2 and len(value) not in (1, count):
                raise ConfigurationError(
                    f"{what} has shape {value.shape}: give one table, or one for each of the "
                    f"{count} worlds"
                )
            row[..., place : place + value.shape[-1]] = value
        return row

    def _fill_module(self, ws: np.ndarray[Any, Any], module: Module) -> None:
        own = ws[module.name]
        places = self.structure.governs(type(module))
        own["key"] = key_of(module.name)
        own["strength"] = 0 if module.treatable else 3
        if places:
            own["place"] = np.arange(self.structure.jurisdictions)
        for name, value in module.values.items():
            own[name] = self._each(f"{module.name}.{name}", value, len(ws), places)
        for name, state in module.states.items():
            if state.initial:
                own[name] = state.initial
        for name, array in module.arrays.items():
            self._give(f"{module.name}.{name}", own[name], module.states[name], array)
        if module.treatable:
            starts, to = module.schedule.starts, module.schedule.to
            steps = starts.shape[-1]
            round_, strength = own["change_round"], own["change_to"]
            round_[...] = ENDLESS
            shape = (len(ws), 1, steps) if places and starts.ndim > 1 else starts.shape
            what = f"{module.name}.strength"
            if starts.ndim > 1 and len(starts) != len(ws):
                raise ConfigurationError(f"{what} has {len(starts)} values for {len(ws)} worlds")
            round_[..., :steps] = starts.reshape(shape)
            strength[..., :steps] = to.reshape(shape)

    def _give(self, what: str, field: Any, state: State, array: np.ndarray[Any, Any]) -> None:
        """Put an array that the user gave into a field of all worlds."""
        axes = len(state.dimensions)
        if array.ndim > axes and len(array) not in (1, len(field)):
            raise ConfigurationError(f"{what} has {len(array)} values for {len(field)} worlds")
        if state.dimensions[:1] == ("agents",):
            size = array.shape[-axes]
            if size != self.agents:
                raise ConfigurationError(f"{what} has {size} rows for {self.agents} seats")
            field = field[:, :size]
        field[...] = array

    def _each(
        self, what: str, value: np.ndarray[Any, Any], count: int, places: bool = False
    ) -> Any:
        """One value for all worlds, or one for each; with jurisdictions, a second axis."""
        if value.ndim == 0:
            return value
        jurisdictions = self.structure.jurisdictions
        allowed = [(count,), (count, jurisdictions)] if places else [(count,)]
        if value.shape not in allowed and value.shape != (1,):
            raise ConfigurationError(
                f"{what} has shape {value.shape}: give one number, or one for each of the "
                f"{count} worlds" + (f" (times {jurisdictions} jurisdictions)" if places else "")
            )
        return value[:, None] if places and value.ndim == 1 else value


def _answered(decision: Decision, functions: Mapping[str, Any]) -> bool:
    otherwise = (f"default_{decision.name}", f"stakes_{decision.name}")
    return decision.default is not None or any(name in functions for name in otherwise)


def _numbers(what: str, value: Any, low: float, high: float) -> np.ndarray[Any, Any]:
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ConfigurationError(f"{what} must be a number, not {value!r}") from None
    if np.isnan(numbers).any() or (numbers < low).any() or (numbers > high).any():
        raise ConfigurationError(f"{what} must lie in [{low:g}, {high:g}], not {value!r}")
    return numbers


def _seats(
    game: Game, population: Sequence[Agent] | Mapping[str, Sequence[Agent]]
) -> tuple[list[int], list[Agent]]:
    """Role and agent of each seat."""
    if not isinstance(game, Game):
        raise ConfigurationError(f"game must be a Game, not {game!r}")
    if isinstance(population, Mapping):
        for role in population:
            if role not in game.roles:
                hint = nearest(role, game.roles)
                raise ConfigurationError(f"{game.name} has no role {role!r}: {hint}")
        for role in game.roles:
            if not population.get(role):
                raise ConfigurationError(f"population leaves role {role!r} of {game.name} empty")
        roles = [k for k, r in enumerate(game.roles) for _ in population[r]]
        seats = [a for r in game.roles for a in population[r]]
    else:
        if len(game.roles) > 1:
            raise ConfigurationError(
                f"{game.name} has roles {', '.join(game.roles)}: give the population as a list "
                "of agents for each role"
            )
        seats = list(population)
        roles = [0] * len(seats)
    for seat, agent in enumerate(seats):
        if not isinstance(agent, Agent):
            raise ConfigurationError(f"seat {seat} is filled with {agent!r}, which is no agent")
    return roles, seats


def _officials(
    institutions: Sequence[Institution], officials: Mapping[str, Sequence[Agent]]
) -> tuple[list[int], list[Agent]]:
    """Office (by number) and agent of each official."""
    offices = list(dict.fromkeys(o for institution in institutions for o in institution.offices))
    for office in officials:
        if office not in offices:
            hint = nearest(office, offices)
            raise ConfigurationError(f"no institution has an office {office!r}: {hint}")
    held = [(k, a) for k, office in enumerate(offices) for a in officials.get(office, ())]
    for k, agent in held:
        if not isinstance(agent, Agent):
            raise ConfigurationError(f"{offices[k]} is {agent!r}, which is no agent")
    return [k for k, _ in held], [agent for _, agent in held]


def _residence(residence: Sequence[int] | None, agents: int, officials: int) -> Any:
    """`[agents + officials]` jurisdictions; officials serve in the first unless it is said."""
    places = np.zeros(agents, np.int16) if residence is None else np.asarray(residence, np.int16)
    if places.shape == (agents,):
        places = np.concatenate([places, np.zeros(officials, np.int16)])
    if places.shape != (agents + officials,) or (places < 0).any():
        raise ConfigurationError(f"residence must name a jurisdiction for each of {agents} seats")
    return places


def _births(births: Sequence[int] | None, agents: int, officials: int) -> Any:
    """`[agents + officials]` birth ranks: those who play are born before the officials."""
    ranks = np.arange(agents) if births is None else np.asarray(births)
    late = np.arange(agents, agents + officials)
    if len(ranks) == agents:
        ranks = np.concatenate([ranks, late])
    if sorted(ranks[:agents].tolist()) != list(range(agents)):
        raise ConfigurationError(f"births must be a permutation of 0..{agents - 1}")
    if sorted(ranks[agents:].tolist()) != late.tolist():
        raise ConfigurationError(f"births of officials must be a permutation of {late.tolist()}")
    return ranks


__all__ = ["ENDLESS", "MINOR", "Scenario"]
