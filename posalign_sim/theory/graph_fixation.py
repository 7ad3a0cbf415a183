"""Selection on small graphs, by the exact chain over all ways to colour them."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from posalign_sim.theory.bounds import require_payoffs, require_whole, require_within

Update: TypeAlias = Literal["death_birth", "birth_death"]

#: Largest graph whose colourings are gone through.
LARGEST = 12


def graph_fixation(
    adjacency: ArrayLike,
    payoffs: ArrayLike,
    intensity: float,
    update: Update = "death_birth",
    exponential: bool = False,
) -> NDArray[np.float64]:
    """Chance that one mutant takes over a graph, by where it arises: the exact 2^N chain.

    Everybody plays with all of its neighbours and adds up the points. Death-birth: one dies, all
    equally likely, and its neighbours compete for the place in proportion to fitness. Birth-death:
    one gives birth, in proportion to fitness, and its offspring replaces a neighbour, all equally
    likely.

    Args:
        adjacency: `[nodes, nodes]` 1 where there is a tie, else 0; symmetric, connected, without
            loops; 2 to 12 nodes.
        payoffs: `[2, 2]` points of the row's strategy against the column's, the mutant's first.
        intensity: of selection, w; per point if exponential.
        update: `death_birth` or `birth_death`.
        exponential: fitness is exp(w x points) rather than 1 - w + w x points.

    Returns:
        `[nodes]` probability that a mutant at each node takes over.

    Raises:
        ValueError: If the graph is not as described, or some fitness is not above 0.

    Source: Ohtsuki, Hauert, Lieberman & Nowak (2006), Nature 441; the chain: Hindersin & Traulsen
    (2015), PLoS Comput. Biol. 11.

    Example:
        Cooperators (benefit 4, cost 1) on a cycle of ten, where 8/3 is enough.

        >>> donation = [[3, -1], [4, 0]]
        >>> round(float(graph_fixation(cycle(10), donation, 0.01)[0]), 6)
        0.103899
    """
    ties = _require_graph(adjacency)
    table = require_payoffs("payoffs", payoffs, 2)
    intensity = require_within("intensity", intensity, 0, math.inf)
    if update not in ("death_birth", "birth_death"):
        raise ValueError(f"update is {update!r}, but it must be 'death_birth' or 'birth_death'")
    nodes = len(ties)
    states = 2**nodes
    mutant = (np.arange(states)[:, None] >> np.arange(nodes)) & 1  # [states, nodes]
    of_mutants = mutant @ ties
    degree = ties.sum(axis=1)
    as_mutant = of_mutants * table[0, 0] + (degree - of_mutants) * table[0, 1]
    as_resident = of_mutants * table[1, 0] + (degree - of_mutants) * table[1, 1]
    points = np.where(mutant == 1, as_mutant, as_resident)
    if exponential:
        fitness = np.exp(intensity * (points - points.max(axis=1, keepdims=True)))
    else:
        fitness = 1 - intensity + intensity * points
    if not (fitness > 0).all():
        raise ValueError("some fitness is not above 0: choose a smaller intensity")
    # [states, nodes]: chance that the node changes sides in this state
    if update == "death_birth":
        pull = fitness @ ties
        others = (fitness * mutant) @ ties
        changes = np.where(mutant == 1, pull - others, others) / pull / nodes
    else:
        births = fitness / fitness.sum(axis=1, keepdims=True)
        reach = ties / degree[:, None]
        others = np.where(mutant == 1, (births * (1 - mutant)) @ reach, (births * mutant) @ reach)
        changes = others
    chain = np.diag(changes.sum(axis=1))
    rows = np.arange(states)
    for node in range(nodes):
        chain[rows, rows ^ (1 << node)] -= changes[:, node]
    inner = slice(1, states - 1)
    chances = linalg.solve(chain[inner, inner], -chain[inner, states - 1])
    found: NDArray[np.float64] = chances[(1 << np.arange(nodes)) - 1]
    return found


def cycle(nodes: int) -> NDArray[np.float64]:
    """A cycle, as `graph_fixation` takes it.

    Args:
        nodes: how many, at least 3.

    Returns:
        `[nodes, nodes]` 1 where there is a tie.

    Raises:
        ValueError: If there are fewer than 3.

    Example:
        >>> cycle(4)[0].tolist()
        [0.0, 1.0, 0.0, 1.0]
    """
    nodes = require_whole("nodes", nodes, 3)
    ties = np.zeros((nodes, nodes))
    here = np.arange(nodes)
    ties[here, (here + 1) % nodes] = ties[(here + 1) % nodes, here] = 1
    return ties


def critical_benefit_ratio(population: float, degree: int) -> float:
    """Benefit over cost above which weak death-birth selection favours cooperators on a graph.

    Args:
        population: number of nodes of a vertex-transitive graph; `math.inf` for a large one, where
            the rule is benefit / cost > degree.
        degree: neighbours of each, at least 1.

    Returns:
        `(population - 2) / (population / degree - 2)`; infinite where no benefit is enough.

    Raises:
        ValueError: If the population is not above the degree, or the degree is below 1.

    Source: Ohtsuki, Hauert, Lieberman & Nowak (2006), Nature 441; finite: Taylor, Day & Wild
    (2007), Nature 447.

    Example:
        >>> round(critical_benefit_ratio(10, 2), 9), critical_benefit_ratio(math.inf, 4)
        (2.666666667, 4.0)
    """
    degree = require_whole("degree", degree, 1)
    if population == math.inf:
        return float(degree)
    population = require_whole("population", population, degree + 1)
    room = population / degree - 2
    return (population - 2) / room if room > 0 else math.inf


def _require_graph(adjacency: ArrayLike) -> NDArray[np.float64]:
    ties = np.asarray(adjacency, dtype=np.float64)
    if ties.ndim != 2 or ties.shape[0] != ties.shape[1] or not 2 <= len(ties) <= LARGEST:
        raise ValueError(
            f"adjacency has shape {ties.shape}, but it must be square, of 2 to {LARGEST} nodes"
        )
    if not np.isin(ties, (0, 1)).all() or (ties != ties.T).any() or ties.diagonal().any():
        raise ValueError("adjacency must be 0 or 1, symmetric, and 0 on its diagonal")
    reached = np.linalg.matrix_power(ties + np.eye(len(ties)), len(ties)) > 0
    if not reached.all():
        raise ValueError("adjacency must be connected: else nobody can take over")
    return ties
