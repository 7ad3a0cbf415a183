"""One world as a Mesa model: the same record, the same compiled round, the same results.

A `Society` steps its world round by round; its agents are thin views of the seats: they hold a
number, and read and write the world's record. Whatever Mesa offers around a model (collecting
data, sets of agents, a space) works on them, and so does what modellers do between steps:
imitation, selection, shocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import mesa
import networkx as nx
import numpy as np
from mesa.discrete_space import CellAgent, Network

from posalign_sim.world.accounts import MINOR, NATURE, OUTSIDERS
from posalign_sim.world.compiler import Mode
from posalign_sim.world.engine import engine
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.faults import MEANING
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import check_conservation, owned


class Parameters(MutableMapping[str, float]):
    """The numbers that a seat's agent was given, by name; setting one sets it in the world."""

    def __init__(self, seat: Seat) -> None:
        """Of one seat."""
        self._seat = seat

    def _place(self, name: str) -> int:
        names = list(self._seat.kind.parameters())
        if name not in names:
            hint = nearest(name, names)
            raise ConfigurationError(f"{self._seat.strategy} has no parameter {name!r}: {hint}")
        return names.index(name)

    def __getitem__(self, name: str) -> float:
        return float(self._seat.sight["params"][self._seat.seat, self._place(name)])

    def __setitem__(self, name: str, value: float) -> None:
        declared = self._seat.kind.parameters()
        place = self._place(name)
        if not declared[name].low <= value <= declared[name].high:
            raise ConfigurationError(
                f"{self._seat.strategy}.{name} = {value:g} is out of its range "
                f"[{declared[name].low:g}, {declared[name].high:g}]"
            )
        self._seat.sight["params"][self._seat.seat, place] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError("an agent's parameters can be set, not deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._seat.kind.parameters())

    def __len__(self) -> int:
        return len(self._seat.kind.parameters())


class Seat(CellAgent):
    """A seat of the world, as a Mesa agent that holds nothing but its number.

    Attributes:
        seat: its number in the world.
    """

    model: Society

    def __init__(self, model: Society, seat: int) -> None:
        """Of a society, by number."""
        super().__init__(model)
        self.seat = seat

    @property
    def sight(self) -> Any:
        """The world's public record, in which this seat's rows are `[seat]`."""
        return self.model.world["sight"]

    @property
    def kind(self) -> Any:
        """The agent class that fills the seat."""
        return self.model.scenario.structure.agents[self.model.world["kind"][self.seat]]

    @property
    def strategy(self) -> str:
        """The name of that class in snake case."""
        return str(self.model.strategies[self.model.world["kind"][self.seat]])

    @strategy.setter
    def strategy(self, name: str) -> None:
        if name not in self.model.strategies:
            hint = nearest(name, self.model.strategies)
            raise ConfigurationError(
                f"no seat of this society can turn into {name!r}: {hint}; whoever may be imitated "
                "must hold a seat when it begins"
            )
        if self.model.scenario.dynamics:
            raise ConfigurationError(
                "in a society with dynamics seats turn into others by these alone: leave dynamics "
                "out of the scenario to imitate by hand"
            )
        self.model.world["kind"][self.seat] = self.model.strategies.index(name)
        for mind in {"slots", "notes"}.intersection(self.sight.dtype.names or ()):
            self.sight[mind][self.seat] = 0  # what the former agent had in mind goes with it

    @property
    def parameters(self) -> Parameters:
        """The numbers that its agent was given; they can be set."""
        return Parameters(self)

    @property
    def role(self) -> str:
        """Its role in the game."""
        return str(self.model.scenario.game.roles[self.model.world["role"][self.seat]])

    @property
    def points(self) -> float:
        """What it owns, escrow included, in points."""
        return float(owned(self.model.worlds)[0, self.seat])

    @property
    def earned(self) -> float:
        """Points that it gained in the last step."""
        return self.points - float(self.model.points_before[self.seat])

    @property
    def standing(self) -> float:
        """Published standing of the identity under which it acts; NaN if nobody publishes it."""
        face = self.model.world["face"][self.seat]
        known = self.sight["standing_known"][face]
        return float(self.sight["standing"][face]) if known else float("nan")

    @property
    def cooperation(self) -> float:
        """Cooperation of its acts in the last round, mean; NaN if it did nothing."""
        acts = self.model.acts
        mine = acts["cooperation"][self.model.world["owner"][acts["actor"]] == self.seat]
        return float(mine.mean()) if len(mine) else float("nan")

    @property
    def neighbours(self) -> list[Seat]:
        """Seats next to it on the network."""
        if self.cell is None:
            raise ConfigurationError("this society has no network: give the scenario one")
        return [agent for agent in self.cell.neighborhood.agents if isinstance(agent, Seat)]

    def imitate(self, other: Seat) -> None:
        """Become what another seat is: its agent and the numbers that it was given."""
        self.strategy = other.strategy
        self.sight["params"][self.seat] = other.sight["params"][other.seat]


class Society(mesa.Model):
    """A Mesa model over one world.

    `step` plays one round. Subclass it and do what you like before or after `super().step()`.

    Args:
        scenario: what is played; no seat may be decided from outside.
        seed: of the study; the world is the one that `simulate(scenario, seed=seed)` runs first.
        rng: seed of Mesa's own random numbers (`self.random`, `self.rng`), which touch nothing in
            the world; the study's seed if not given.
        model_reporters: what a `DataCollector` records of the model in every step.
        agent_reporters: what it records of each seat.
        mode: how the round is run.

    Attributes:
        worlds: `[1]` the record; `world` is its first row.
        world: the world; writing to its fields changes it.
        space: Mesa's `Network` of the scenario's network, or None.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Defector, TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> duel = Scenario(RepeatedDilemma(), [TitForTat(), Defector()], rounds=3, metrics=())
        >>> society = Society(duel, mode="interpreted")
        >>> society.run_model()
        >>> [agent.points for agent in society.agents]
        [2.0, 7.0]
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 0,
        rng: Any = None,
        model_reporters: Mapping[str, Any] | None = None,
        agent_reporters: Mapping[str, Any] | None = None,
        mode: Mode = "compiled",
    ) -> None:
        """See the class."""
        super().__init__(rng=seed if rng is None else rng)
        self.running: bool = True
        if scenario.structure.external >= 0:
            raise ConfigurationError("a seat is decided from outside: Mesa has nobody to ask")
        self.scenario = scenario
        self.worlds = scenario.worlds(1, seed)
        self.strategies = [agent.name for agent in _kinds(scenario)]
        self._engine = engine(scenario.structure, mode)
        self.points_before = np.zeros(scenario.agents)
        self.space: Any = None
        Seat.create_agents(self, scenario.agents, list(range(scenario.agents)))
        if scenario.network is not None:
            self._place(scenario)
        self.datacollector = mesa.DataCollector(
            model_reporters=dict(model_reporters or {}), agent_reporters=dict(agent_reporters or {})
        )

    def _place(self, scenario: Scenario) -> None:
        network = scenario.network
        assert network is not None
        graph = nx.Graph()
        graph.add_nodes_from(range(scenario.agents))
        starts = np.repeat(np.arange(scenario.agents), network.degree)
        graph.add_edges_from(zip(starts.tolist(), network.edge_to.tolist(), strict=True))
        self.space = Network(graph, random=self.random)
        for agent in self.agents:
            agent.cell = self.space[agent.seat]

    @property
    def world(self) -> Any:
        """The world's record: reading gives views, writing changes the world."""
        return self.worlds[0]

    @property
    def clock(self) -> int:
        """Rounds played."""
        return int(self.world["clock"])

    @property
    def seats(self) -> list[Seat]:
        """The agents, in the order of their seats."""
        return sorted(self.agents, key=lambda agent: agent.seat)

    def module(self, name: str) -> Any:
        """The record of one module (the game, an institution): set its parameters for a shock.

        Raises:
            ConfigurationError: there is no module of that name.
        """
        names = [module.name for module in self.scenario.modules]
        if name not in names:
            raise ConfigurationError(f"no module is called {name!r}: {nearest(name, names)}")
        return self.worlds[name]

    def step(self) -> None:
        """Play one round, and record what reporters report.

        Raises:
            RuntimeError: the world has stopped on a fault.
        """
        if not self.running:
            return
        self.points_before = owned(self.worlds)[0, : self.scenario.agents]
        self._engine.run(self.worlds, 0, 1, self.clock + 1)
        check_conservation(self.worlds)
        if self.world["fault"]:
            raise RuntimeError(f"the world stopped on a fault: {MEANING[int(self.world['fault'])]}")
        self.running = not self.world["over"]
        self.datacollector.collect(self)

    def run_model(self) -> None:
        """Step until the world is over."""
        while self.running:
            self.step()

    @property
    def welfare(self) -> float:
        """Points that nature and outsiders have paid out, for each seat and round so far."""
        paid = -(int(self.world["public"][-NATURE - 1]) + int(self.world["public"][-OUTSIDERS - 1]))
        return paid / MINOR / max(1, self.scenario.agents * self.clock)

    @property
    def acts(self) -> Any:
        """The interactions of the last round, a view of the world's record.

        Raises:
            ConfigurationError: in a crowd they are not written down unless somebody in the
                scenario looks them up.
        """
        if self.scenario.structure.unread:
            raise ConfigurationError(
                f"of {self.scenario.agents} seats interactions are not kept one by one: measure "
                "them with a metric, such as Cooperation()"
            )
        return self.world["interactions"][: self.world["interaction_count"]]

    @property
    def cooperation(self) -> float:
        """Mean cooperation of all acts of the last round; NaN if there were none."""
        acts = self.acts
        return float(acts["cooperation"].mean()) if len(acts) else float("nan")


def _kinds(scenario: Scenario) -> list[Any]:
    """An agent of each kind, in the order of the kinds' numbers."""
    return [
        next(agent for agent in scenario.seats if type(agent) is kind)
        for kind in scenario.structure.agents
    ]
