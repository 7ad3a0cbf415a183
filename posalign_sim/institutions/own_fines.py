"""What sanctions share: what a seat is told of its own fine, and who sits where at a table."""

from __future__ import annotations

from typing import Any

from posalign_sim.world.compiler import rare, variant
from posalign_sim.world.record import World, facing, other, others, seats


def tell_own_fine(w: World, own: Any, i: int, points: float) -> None:
    """Tell seat `i` what a breach is expected to cost it beyond what is announced to all.

    Several institutions may each tell their part: `own.told` keeps this one's.
    """
    if points == 0 and own.told[i] == 0:
        return
    p = w.sight
    p.own_fine[i] = p.own_fine[i] - own.told[i] + points
    own.told[i] = points


@rare
def tell_no_own_fines(w: World, own: Any) -> None:
    """Take back what this institution told seats of their own fines."""
    for i in seats(w):
        tell_own_fine(w, own, i, 0.0)


def place_of(w: World, i: int, j: int) -> int:
    """Which of the others seat `j` is for seat `i`, as `other(w, i, k)` counts; -1 if none."""
    k = 0
    s = facing(w, i)
    while s != i:
        if s == j:
            return k
        s = facing(w, s)
        k += 1
    return -1


@variant(place_of, "neighbourhood")
def _place_among_neighbours(w: World, i: int, j: int) -> int:
    k = 0
    while k < others(w, i):
        if other(w, i, k) == j:
            return k
        k += 1
    return -1
