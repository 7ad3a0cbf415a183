"""What a negotiator remembers of a bargain: small whole numbers, several to a slot.

Others may make hundreds of offers, and a seat has a dozen slots. A float holds whole numbers of 52
bits exactly: room for thirteen counts up to 15, or for the numbers of several offers. The first
two slots say which bargain is remembered, and how many offers of others have been heard in it.
"""

from __future__ import annotations

from posalign_sim.envs.bargaining_sight import BargainingSight

#: What every negotiator that remembers keeps first: which bargain it is, offers heard in it.
BARGAIN, HEARD = 0, 1
#: Bits of a slot: a float holds whole numbers below 2^52 exactly, and to spare.
WIDTH = 52


def remember(p: BargainingSight, i: int) -> bool:
    """Forget what is not of this bargain; whether it is a new one."""
    if p.slots[i, BARGAIN] == p.clock + 1:
        return False
    for k in range(p.slots.shape[1]):
        p.slots[i, k] = 0.0
    p.slots[i, BARGAIN] = p.clock + 1
    return True


def hears(p: BargainingSight, i: int) -> bool:
    """Whether others have made an offer that seat `i` has not heard before; now it has."""
    if p.others_offers[i] <= p.slots[i, HEARD]:
        return False
    p.slots[i, HEARD] = p.others_offers[i]
    return True


def room(p: BargainingSight, first: int, bits: int) -> int:
    """How many numbers of so many bits there is room for from slot `first` on."""
    return (p.slots.shape[1] - first) * (WIDTH // bits)


def noted(p: BargainingSight, i: int, first: int, bits: int, place: int) -> int:
    """The number that is noted in a place; 0 at first."""
    each = WIDTH // bits
    written = int(p.slots[i, first + place // each])
    return (written >> (bits * (place % each))) & ((1 << bits) - 1)


def note(p: BargainingSight, i: int, first: int, bits: int, place: int, number: int) -> None:
    """Note a number from 0 to 2^bits - 1 in a place, instead of what was there."""
    each = WIDTH // bits
    change = number - noted(p, i, first, bits, place)
    p.slots[i, first + place // each] += float(change * (1 << (bits * (place % each))))
