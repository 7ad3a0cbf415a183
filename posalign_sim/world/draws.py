"""Luck as a hash: every draw is a function of what it is for, never the next number of a stream.

A draw is named by the study's seed, the world's pair number, the round, the place in the round
(module, or module and decision), the agent's birth key and an index that the author of the rule
chooses. Adding an institution or skipping an agent therefore shifts nobody else's luck, arms
with the same pair number keep common random numbers after they diverge, relabelling agents
permutes results exactly, and nothing depends on batch size or worker count.

The mixing function is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.compiler import variant
from posalign_sim.world.fields import Keys
from posalign_sim.world.record import Sight, World, holder

_MASK = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15
_UNIT = 2.0**-53


def mix(key: int, salt: int) -> int:
    """A 64-bit hash of two 64-bit numbers."""
    x = (int(key) + int(salt) * _GOLDEN) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


@variant(mix, "machine")
def _mix(key: Any, salt: Any) -> Any:
    x = np.uint64(key) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def name(point: int, birth: int, index: int) -> int:
    """One 64-bit name for a place in the round, an agent and an index, all three spread out."""
    return ((int(point) ^ int(birth)) + int(index)) & _MASK


@variant(name, "machine")
def _name(point: Any, birth: Any, index: Any) -> Any:
    return (np.uint64(point) ^ np.uint64(birth)) + np.uint64(index)


def unit(bits: int) -> float:
    """Map 64 random bits to a float in [0, 1)."""
    return (int(bits) >> 11) * _UNIT


@variant(unit, "machine")
def _unit(bits: Any) -> Any:
    return np.float64(np.uint64(bits) >> np.uint64(11)) * 1.1102230246251565e-16


def below(bits: int, count: int) -> int:
    """Map 64 random bits to an integer in [0, count)."""
    return ((int(bits) >> 32) * int(count)) >> 32


@variant(below, "machine")
def _below(bits: Any, count: Any) -> Any:
    return np.int64(((np.uint64(bits) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


def below_too(bits: int, count: int) -> int:
    """The same from the other 32 of the bits: one hash serves two draws."""
    return ((int(bits) & 0xFFFFFFFF) * int(count)) >> 32


@variant(below_too, "machine")
def _below_too(bits: Any, count: Any) -> Any:
    low = np.uint64(bits) & np.uint64(0xFFFFFFFF)
    return np.int64((low * np.uint64(count)) >> np.uint64(32))


def bits(number: float) -> int:
    """The 64 bits of a float, as an integer."""
    return int(np.float64(number).view(np.uint64))


@variant(bits, "machine")
def _bits(number: Any) -> Any:
    return np.float64(number).view(np.uint64)


def wrapping_add(a: int, b: int) -> int:
    """Sum of two 64-bit numbers, modulo 2**64."""
    return (int(a) + int(b)) & _MASK


@variant(wrapping_add, "machine")
def _wrapping_add(a: Any, b: Any) -> Any:
    return np.uint64(a) + np.uint64(b)


def draw(w: World, own: Any, identity: int, index: int) -> float:
    """A module's draw about one identity in this round, uniform on [0, 1).

    Args:
        w: the world.
        own: the module's own record, whose key keeps modules' luck apart.
        identity: whom the draw is about; its holder's birth key enters, never its number.
        index: tells apart the draws that one module makes about one identity in one round.
    """
    return unit(mix(w.sight.round_key, name(own.key, w.birth[holder(w, identity)], index)))


def draw_world(w: World, own: Any, index: int) -> float:
    """A module's draw about the world as a whole in this round, uniform on [0, 1)."""
    return unit(mix(w.sight.round_key, name(own.key, 0, index)))


def chance(p: Sight, i: int, index: int = 0) -> float:
    """An agent's draw at the decision it is asked now, uniform on [0, 1).

    Args:
        p: the agent's sight.
        i: the agent.
        index: tells apart several draws at one decision.
    """
    return unit(mix(p.round_key, name(p.point, p.birth[i], index)))


def mix_many(key: int, salts: Keys) -> Keys:
    """`mix` of one key with each of many salts, for setting up batches."""
    return np.asarray(_mix(np.uint64(key), salts), np.uint64)


def either(a: float, b: float) -> float:
    """Probability that at least one of two independent things happens.

    >>> either(0.5, 0.5)
    0.75
    """
    return 1 - (1 - a) * (1 - b)


def key_of(text: str) -> int:
    """A 64-bit key for a name (FNV-1a, then mixed), the same in every process and on every machine.

    >>> key_of("reputation") == key_of("reputation"), key_of("a") == key_of("b")
    (True, False)
    """
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & _MASK
    return mix(h, 1)
