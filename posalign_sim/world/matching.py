"""Who sits with whom: in pairs, at tables of more, or among one's neighbours on a network.

In a game of one role seats sit down as they come; in a game of two sides, one of each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.compiler import rare
from posalign_sim.world.draws import below, mix, name
from posalign_sim.world.fields import Ints, param, per_agent, scalar
from posalign_sim.world.modules import Matching
from posalign_sim.world.record import World, facing, seats, take_seat


def count_sides(w: World) -> int:
    """2 if seats have different roles, so that each pair takes one of each; else 1."""
    for i in seats(w):
        if w.role[i] != w.role[0]:
            return 2
    return 1


def seat_alone(w: World, i: int) -> None:
    """Seat `i` sits at a table of its own: it plays with nobody."""
    take_seat(w, i, i, i, 0)


def seat_two(w: World, a: int, b: int) -> None:
    """Seats `a` and `b` face each other; `a` is the first."""
    take_seat(w, a, b, a, 0)
    take_seat(w, b, a, a, 1)


@rare
def unseat(w: World, i: int) -> None:
    """Take seat `i` out of its table, to sit alone; the others close ranks in the same order.

    If it was the host, who sat next to it is host now. Who is left alone plays with nobody.
    """
    following = int(facing(w, i))
    if following == i:
        return
    host = int(w.host[i])
    if host == i:
        host = following
    before = following
    while facing(w, before) != i:
        before = int(facing(w, before))
    w.partner[before] = following
    seat_alone(w, i)
    j = host
    chair = 0
    while True:
        following = int(facing(w, j))
        take_seat(w, j, following, host, chair)
        j = following
        chair += 1
        if j == host:
            break


def note_seating(w: World, following: Ints, hosts: Ints, chairs: Ints) -> None:
    """Keep a copy of who sits where, for `restore_seating`."""
    for i in seats(w):
        following[i] = facing(w, i)
        hosts[i] = w.host[i]
        chairs[i] = w.chair[i]


@rare
def restore_seating(w: World, following: Ints, hosts: Ints, chairs: Ints) -> None:
    """Seat everybody as it was when the copy was made."""
    for i in seats(w):
        take_seat(w, i, following[i], hosts[i], chairs[i])


def seat_all(w: World, seating: Ints, sides: int, wanted: float) -> None:
    """Seat everybody at tables, in the order of `seating`; who is left over sits alone.

    Args:
        w: the world.
        seating: agents in some order.
        sides: 1 for neighbours in that order, 2 to pair the k-th of role 0 with the k-th of
            role 1.
        wanted: seats at a table; 0 for as many as the game says.
    """
    size = w.table_size if wanted == 0 else int(wanted)
    if sides == 2 and size == 2:
        pair_sides(w, seating)
        return
    n = w.agents
    first = 0
    while first + size <= n:
        if size == 2:
            seat_two(w, seating[first], seating[first + 1])
        else:
            host = seating[first]
            for chair in range(size):
                following = seating[first + (chair + 1) % size]
                take_seat(w, seating[first + chair], following, host, chair)
        first += size
    for k in range(first, n):
        seat_alone(w, seating[k])


def pair_sides(w: World, seating: Ints) -> None:
    """Pair the k-th seat of role 0 with the k-th of role 1; the others sit alone."""
    n = w.agents
    for i in range(n):
        seat_alone(w, i)
    left = 0
    right = 0
    while True:
        while left < n and w.role[seating[left]] != 0:
            left += 1
        while right < n and w.role[seating[right]] != 1:
            right += 1
        if left >= n or right >= n:
            return
        seat_two(w, seating[left], seating[right])
        left += 1
        right += 1


class Fixed(Matching):
    """The same tables throughout, filled in the order of birth.

    >>> Fixed(table=4).values["table"].item()
    4.0
    """

    table: float = param(0, 0, 1e6, "seats", "seats at a table; 0: as many as the game says")
    sides: int = scalar(np.int32)

    @staticmethod
    def begin(w: World, own: Fixed) -> None:
        own.sides = count_sides(w)
        seat_all(w, w.order, own.sides, own.table)


class Rematched(Matching):
    """New tables in every round, all seatings equally likely.

    The seating is reshuffled (Fisher & Yates 1938; Durstenfeld 1964), with draws that belong to
    places, not to agents' numbers.
    """

    table: float = param(0, 0, 1e6, "seats", "seats at a table; 0: as many as the game says")
    sides: int = scalar(np.int32)
    seating: Ints = per_agent(np.int32)

    @staticmethod
    def begin(w: World, own: Rematched) -> None:
        own.sides = count_sides(w)
        for rank in range(w.agents):
            own.seating[rank] = w.order[rank]

    @staticmethod
    def meet(w: World, own: Rematched) -> None:
        shuffle(w, own, own.seating)
        seat_all(w, own.seating, own.sides, own.table)


def shuffle(w: World, own: Any, seating: Ints) -> None:
    """Put the first `w.agents` entries of `seating` into a random order, all equally likely."""
    for k in range(w.agents - 1, 0, -1):
        j = below(mix(w.sight.round_key, name(own.key, 0, k)), k + 1)
        kept = seating[k]
        seating[k] = seating[j]
        seating[j] = kept


class Neighbours(Matching):
    """Every seat plays with all of its neighbours on the network at once, with one choice.

    The neighbours are remembered as one partner, by the mean of what they did. Who has no
    neighbours plays with nobody.

    Source: Nowak & May (1992), Nature 359.
    """

    network = True
    neighbourhood = True


class NeighbourPairs(Matching):
    """In every round each seat is paired with one of its neighbours on the network, or with none.

    Seats are gone through in a random order; each one that is still free is paired with one of
    its free neighbours, all equally likely; in a game of two sides, with one of the other side.
    """

    network = True

    sides: int = scalar(np.int32)
    seating: Ints = per_agent(np.int32)

    @staticmethod
    def begin(w: World, own: NeighbourPairs) -> None:
        own.sides = count_sides(w)
        for rank in range(w.agents):
            own.seating[rank] = w.order[rank]

    @staticmethod
    def meet(w: World, own: NeighbourPairs) -> None:
        shuffle(w, own, own.seating)
        for i in seats(w):
            seat_alone(w, i)
        for k in range(w.agents):
            i = own.seating[k]
            if facing(w, i) != i:
                continue
            free = 0
            for e in range(w.degree[i]):
                j = w.edge_to[w.first_edge[i] + e]
                free += 1 if can_pair(w, i, j, own.sides) else 0
            if free == 0:
                continue
            chosen = below(mix(w.sight.round_key, name(own.key, 0, w.agents + k)), free)
            for e in range(w.degree[i]):
                j = w.edge_to[w.first_edge[i] + e]
                if can_pair(w, i, j, own.sides):
                    if chosen == 0:
                        seat_two(w, i, j)
                        break
                    chosen -= 1


def can_pair(w: World, i: int, j: int, sides: int) -> bool:
    """Whether seat `j` is free, and fit to be paired with seat `i`."""
    return facing(w, j) == j and j != i and (sides == 1 or w.role[i] != w.role[j])


class RoundRobin(Matching):
    """Everybody meets everybody, `turns` rounds at a time, in the order of the circle method.

    With an odd number of agents one sits out in each match. After all pairs have met, it starts
    over. One role only.
    """

    turns: float = param(1, 1, 1e9, "rounds", "length of each match")

    @staticmethod
    def meet(w: World, own: RoundRobin) -> None:
        n = w.agents
        others = n - 1 if n % 2 == 0 else n
        match = (w.clock // int(own.turns)) % others
        # Ranks a and b meet when a + b = match (mod others); who would meet itself meets the
        # last rank, which stands outside the circle (or sits out if there is no such agent).
        for a in range(others):
            b = (match - a) % others
            if b == a:
                b = others
            i = w.order[a]
            if b < n:
                j = w.order[b]
                seat_two(w, i, j)
            else:
                seat_alone(w, i)
