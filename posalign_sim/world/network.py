"""Networks: who can meet, or hear of, whom."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.fields import Ints


@dataclass(frozen=True, eq=False)
class Network:
    """A graph over the seats, kept sparse: memory grows with its edges, never with N x N.

    Seat `i`'s neighbours are `edge_to[first_edge[i] : first_edge[i] + degree[i]]`, in ascending
    order. Most users make one by `Network.ring(...)` and its companions, or from any networkx
    graph.

    Attributes:
        first_edge: `[agents]` where each seat's neighbours begin.
        degree: `[agents]` how many they are.
        edge_to: `[edges]` seats; an undirected edge counts twice.

    Example:
        >>> Network.ring(5).neighbours(0).tolist()
        [1, 4]
    """

    first_edge: Ints
    degree: Ints
    edge_to: Ints

    @classmethod
    def from_edges(cls, agents: int, edges: Any, loops: bool = False) -> Network:
        """A network from a list of undirected edges.

        Args:
            agents: number of seats.
            edges: `[edges, 2]` pairs of seats; double ones count for nothing.
            loops: whether a seat tied to itself is its own neighbour; else loops count for nothing.

        Raises:
            ConfigurationError: an edge names a seat that does not exist.
        """
        pairs = np.asarray(edges, np.int64).reshape(-1, 2)
        if len(pairs) and (pairs.min() < 0 or pairs.max() >= agents):
            wrong = pairs.min() if pairs.min() < 0 else pairs.max()
            raise ConfigurationError(f"an edge names seat {wrong}: seats are 0..{agents - 1}")
        both = np.concatenate([pairs, pairs[:, ::-1]])
        both = both if loops else both[both[:, 0] != both[:, 1]]
        keys = np.unique(both[:, 0] * agents + both[:, 1])
        degree = np.bincount(keys // agents, minlength=agents)
        first = np.cumsum(degree) - degree
        return cls(first, degree, keys % agents)

    @classmethod
    def from_graph(cls, graph: nx.Graph) -> Network:
        """A network from a networkx graph, whose nodes become seats in their order."""
        place = {node: k for k, node in enumerate(graph.nodes)}
        edges: Iterable[tuple[int, int]] = ((place[a], place[b]) for a, b in graph.edges())
        return cls.from_edges(len(place), np.array(list(edges), np.int64))

    @classmethod
    def ring(cls, agents: int, neighbours: int = 2) -> Network:
        """Everybody in a circle, tied to the `neighbours` (an even number) nearest seats.

        Raises:
            ConfigurationError: `neighbours` is odd, or not below `agents`.
        """
        if neighbours % 2 or not 0 < neighbours < agents:
            raise ConfigurationError(
                f"a ring ties everybody to an even number of others below {agents}, "
                f"not {neighbours}"
            )
        here = np.arange(agents)
        steps = range(1, neighbours // 2 + 1)
        ties = [np.stack([here, (here + step) % agents], 1) for step in steps]
        return cls.from_edges(agents, np.concatenate(ties))

    @classmethod
    def lattice(
        cls,
        rows: int,
        columns: int,
        torus: bool = True,
        diagonal: bool = False,
        loops: bool = False,
    ) -> Network:
        """A square lattice, seats row by row; with 4 neighbours, or 8 if `diagonal` (Moore).

        Args:
            rows: rows.
            columns: columns.
            torus: whether opposite borders touch.
            diagonal: whether those across a corner are neighbours too.
            loops: whether each seat is its own neighbour too, and plays with itself.
        """
        row, column = np.indices((rows, columns)).reshape(2, -1)
        ties = []
        for down, right in ((0, 1), (1, 0), *(((1, 1), (1, -1)) if diagonal else ())):
            below, beside = row + down, column + right
            inside = (below < rows) & (beside >= 0) & (beside < columns) | torus
            other = below % rows * columns + beside % columns
            ties.append(np.stack([row * columns + column, other], 1)[inside])
        here = np.arange(rows * columns)
        ties += [np.stack([here, here], 1)] if loops else []
        return cls.from_edges(rows * columns, np.concatenate(ties), loops)

    @classmethod
    def small_world(cls, agents: int, neighbours: int, rewired: float, seed: int = 0) -> Network:
        """A ring some of whose ties are rewired at random (Watts & Strogatz 1998, Nature 393).

        Args:
            agents: number of seats.
            neighbours: ties of each seat in the ring, an even number.
            rewired: probability that a tie is rewired.
            seed: of the graph.
        """
        return cls.from_graph(nx.watts_strogatz_graph(agents, neighbours, rewired, seed=seed))

    @classmethod
    def scale_free(cls, agents: int, ties: int, seed: int = 0) -> Network:
        """Growth with preferential attachment (Barabasi & Albert 1999, Science 286).

        Args:
            agents: number of seats.
            ties: ties that each newcomer makes.
            seed: of the graph.
        """
        return cls.from_graph(nx.barabasi_albert_graph(agents, ties, seed=seed))

    @classmethod
    def read(cls, path: str | Path, agents: int | None = None) -> Network:
        """A network from a file: GraphML, GML, or a list of edges, one pair of numbers a line.

        Args:
            path: `.graphml` or `.gml` as networkx writes them; anything else is a list of edges.
            agents: number of seats, where a list of edges leaves out who has no neighbour.

        Raises:
            ConfigurationError: the file cannot be read as what its name says.
        """
        path = Path(path)
        readers = {".graphml": nx.read_graphml, ".gml": nx.read_gml}
        try:
            if path.suffix in readers:
                return cls.from_graph(readers[path.suffix](path))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of an empty file; see below
                edges = np.loadtxt(path, np.int64, comments="#", usecols=(0, 1), ndmin=2)
        except (OSError, ValueError, SyntaxError, nx.NetworkXError) as error:
            raise ConfigurationError(f"{path} cannot be read as a network: {error}") from None
        if agents is None and not len(edges):
            raise ConfigurationError(f"{path} holds no edge: say how many agents there are")
        return cls.from_edges(int(edges.max()) + 1 if agents is None else agents, edges)

    def neighbours(self, seat: int) -> Ints:
        """Seats tied to `seat`, in ascending order."""
        first = self.first_edge[seat]
        return self.edge_to[first : first + self.degree[seat]]
