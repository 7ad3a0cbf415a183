"""What has happened between a seat and its present partner, in the words of repeated games.

An act is a defection if its cooperation is below a half. Before they have met, nobody has defected.
"""

from __future__ import annotations

from posalign_sim.world.fields import Floats
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import other_last, other_mean, own_last, slot, turns


def other_defected(p: Sight, i: int) -> int:
    """1 if the partner defected when they last met, else 0."""
    return 0 if other_last(p, i) >= 0.5 else 1


def own_defected(p: Sight, i: int) -> int:
    """1 if seat `i` itself was seen to defect when they last met, else 0."""
    return 0 if own_last(p, i) >= 0.5 else 1


def cooperations(p: Sight, i: int) -> float:
    """How much the partner has cooperated with seat `i`, added up."""
    return p.other_total[i, slot(p, i)]


def defections(p: Sight, i: int) -> float:
    """How much the partner has defected on seat `i`, added up."""
    k = slot(p, i)
    return p.other_acts[i, k] - p.other_total[i, k]


def exceeds(p: Sight, i: int, share: float) -> bool:
    """Whether the partner has defected on seat `i` in more than this share of all rounds."""
    return (1 - other_mean(p, i)) > share + 1e-9


def keep(noted: Floats, k: int, act: int, rounds: int) -> int:
    """The last so many acts as bits of a number, the newest lowest, with one more act in them.

    Args:
        noted: notes of the partner, of which number `k` holds the bits.
        k: which.
        act: the newest, 0 or 1.
        rounds: how many to keep, at most 52.
    """
    bits = ((int(noted[k]) << 1) | act) & ((1 << rounds) - 1)
    noted[k] = bits
    return bits


def last_of_other(p: Sight, i: int, noted: Floats, k: int, rounds: int) -> int:
    """The partner's last so many acts, a bit set for each defection, the newest lowest.

    To be asked once in each round: it keeps them in number `k` of the notes.
    """
    if turns(p, i) == 0:
        return 0
    return keep(noted, k, other_defected(p, i), rounds)


def bits_set(bits: int, rounds: int) -> int:
    """How many of the lowest so many bits are set."""
    count = 0
    for k in range(rounds):
        count += (bits >> k) & 1
    return count


__all__ = [
    "bits_set",
    "cooperations",
    "defections",
    "exceeds",
    "keep",
    "last_of_other",
    "other_defected",
    "own_defected",
]
