"""Who knows whom: books that are kept of others, sparse on a network, of everybody without one.

A book is a field with the dimension `"ties"`: `table(np.float64, "ties")`. On a network it has an
entry for each directed edge, so that its size grows with ties and not with pairs; without one it
has an entry for every ordered pair of seats, which is for some hundred or a few thousand. An entry
belongs to the one who keeps it, and is about the one whom it knows.
"""

from __future__ import annotations

import numpy as np

from posalign_sim.world.record import World

#: The place in a book of somebody who is not in it.
STRANGER = -1


def signed(number: int) -> int:
    """A number that may be stored unsigned, such that it can be subtracted from."""
    return int(np.int64(number))


def on_network(w: World) -> bool:
    """Whether seats know their neighbours alone; else everybody knows everybody."""
    return w.edge_to.shape[0] > 1


def known(w: World, i: int) -> int:
    """How many entries seat `i` has, itself included where everybody knows everybody."""
    return signed(w.degree[i]) if on_network(w) else signed(w.agents)


def known_seat(w: World, i: int, k: int) -> int:
    """Whom the `k`-th entry of seat `i` is about; where it is about everybody, by birth."""
    if on_network(w):
        return signed(w.edge_to[signed(w.first_edge[i]) + k])
    return signed(w.order[k])


def tie(w: World, i: int, j: int) -> int:
    """Where seat `i` keeps what it knows of seat `j`: a place in a book, or `STRANGER`."""
    if not on_network(w):
        return signed(i) * w.birth.shape[0] + signed(j)
    # Neighbours are in ascending order.
    low = signed(w.first_edge[i])
    end = low + signed(w.degree[i])
    high = end
    while low < high:
        middle = (low + high) // 2
        if signed(w.edge_to[middle]) < signed(j):
            low = middle + 1
        else:
            high = middle
    if low < end and signed(w.edge_to[low]) == signed(j):
        return low
    return STRANGER


def known_place(w: World, i: int, k: int) -> int:
    """Where the `k`-th entry of seat `i` is in a book."""
    if on_network(w):
        return signed(w.first_edge[i]) + k
    return tie(w, i, signed(w.order[k]))
