"""Who faces whom. In a game of one role seats pair up; in a game of two sides, one of each."""

from __future__ import annotations

import numpy as np

from posalign_sim.world.draws import below, mix, name
from posalign_sim.world.fields import Ints, param, per_agent, scalar
from posalign_sim.world.modules import Matching
from posalign_sim.world.record import World, seats


def count_sides(w: World) -> int:
    """2 if seats have different roles, so that each pair takes one of each; else 1."""
    for i in seats(w):
        if w.role[i] != w.role[0]:
            return 2
    return 1


def pair_up(w: World, seating: Ints, sides: int) -> None:
    """Pair seats in the order of `seating`; who is left over is its own partner.

    Args:
        w: the world.
        seating: agents in some order.
        sides: 1 to pair neighbours, 2 to pair the k-th of role 0 with the k-th of role 1.
    """
    n = w.agents
    if sides == 1:
        for k in range(0, n - 1, 2):
            a = seating[k]
            b = seating[k + 1]
            w.partner[a] = b
            w.partner[b] = a
        if n % 2 == 1:
            w.partner[seating[n - 1]] = seating[n - 1]
        return
    for i in range(n):
        w.partner[i] = i
    left = 0
    right = 0
    while True:
        while left < n and w.role[seating[left]] != 0:
            left += 1
        while right < n and w.role[seating[right]] != 1:
            right += 1
        if left >= n or right >= n:
            return
        w.partner[seating[left]] = seating[right]
        w.partner[seating[right]] = seating[left]
        left += 1
        right += 1


class Fixed(Matching):
    """The same pairs throughout, in the order of birth.

    >>> Fixed().name
    'fixed'
    """

    sides: int = scalar(np.int32)

    @staticmethod
    def begin(w: World, own: Fixed) -> None:
        own.sides = count_sides(w)
        pair_up(w, w.order, own.sides)


class Rematched(Matching):
    """New pairs in every round, all pairings equally likely.

    The seating is reshuffled (Fisher & Yates 1938; Durstenfeld 1964), with draws that belong to
    places, not to agents' numbers.
    """

    sides: int = scalar(np.int32)
    seating: Ints = per_agent(np.int32)

    @staticmethod
    def begin(w: World, own: Rematched) -> None:
        own.sides = count_sides(w)
        for rank in range(w.agents):
            own.seating[rank] = w.order[rank]

    @staticmethod
    def meet(w: World, own: Rematched) -> None:
        seating = own.seating
        for k in range(w.agents - 1, 0, -1):
            j = below(mix(w.sight.round_key, name(own.key, 0, k)), k + 1)
            kept = seating[k]
            seating[k] = seating[j]
            seating[j] = kept
        pair_up(w, seating, own.sides)


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
                w.partner[i] = j
                w.partner[j] = i
            else:
                w.partner[i] = i
