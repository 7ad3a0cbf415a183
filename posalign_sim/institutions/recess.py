"""Leaving one's table for a round: what institutions share that let somebody sit it out.

They keep the seating of the round before anybody left by them (`own.following`, `own.hosts`,
`own.chairs`) and who left first (`own.absent`, `NO_SEAT` if nobody did).
"""

from __future__ import annotations

from typing import Any

from posalign_sim.world.compiler import rare
from posalign_sim.world.matching import note_seating, restore_seating, unseat
from posalign_sim.world.record import World, face, facing, holder, seats

NO_SEAT = -1


@rare
def leave_table(w: World, own: Any, m: int) -> None:
    """Who acts under identity `m` does not play in this round."""
    i = int(holder(w, m))
    if face(w, i) != m or facing(w, i) == i:
        return
    if own.absent == NO_SEAT:
        note_seating(w, own.following, own.hosts, own.chairs)
        own.absent = i
    unseat(w, i)


@rare
def count_idle(w: World, own: Any) -> None:
    """Count the round for all who had company before others left, or they themselves (`idle`)."""
    if own.absent == NO_SEAT:
        return
    for i in seats(w):
        if facing(w, i) == i and own.following[i] != i:
            own.idle[i] += 1


@rare
def end_recess(w: World, own: Any) -> None:
    """Everybody sits again where it sat before the first left.

    Of several institutions by which somebody left, the first brings all back: it has noted the
    fullest tables. The others see that who left by them sits at a table again.
    """
    if own.absent == NO_SEAT:
        return
    if facing(w, own.absent) == own.absent:
        restore_seating(w, own.following, own.hosts, own.chairs)
    own.absent = NO_SEAT
