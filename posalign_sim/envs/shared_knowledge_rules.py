"""Private signals of one number: noisy, and shared, withheld or falsified before they are used."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Floats, Ints, param, per_agent, scalar
from posalign_sim.world.modules import Argument, Decision, Game
from posalign_sim.world.record import Sight, World, facing, seats

WITHHOLD, SHARE, LIE = range(3)
#: Signals, claims and estimates are in ticks from 0 to this.
TOP = 1000
#: The lie that a game reckons with when it states its incentives, in tolerances.
BLUFF = 2.0


class SignalSight(Sight):
    """What a seat knows of the number, by itself and from the others."""

    tolerance: float = scalar(low=1, unit="ticks", summary="error at which an estimate is useless")
    slant: int = scalar(
        np.int32,
        low=-1,
        high=1,
        unit="index",
        summary="how lies mislead to the liar's gain; -1: too small, 1: too large, 0: any",
    )
    signal: Ints = per_agent(
        np.int32, low=0, high=TOP, unit="ticks", summary="what you have found out yourself"
    )
    told_mean: Floats = per_agent(
        low=0, high=TOP, unit="ticks", summary="mean of what the others say they have found out"
    )
    told_count: Ints = per_agent(np.int32, low=0, unit="seats", summary="how many others say so")
    shared_last: Floats = per_agent(
        initial=1, low=0, high=1, unit="share", summary="others who shared and kept to the truth"
    )


class SharedSignals(Game, abstract=True):
    """Games in which seats have noisy signals of one number, and tell each other, or do not."""

    table = 0
    declares = ("interactions", "breach", "promises")

    deviation: float = param(20, 0, 40, "ticks", "standard deviation of a signal's error")
    tolerance: float = param(40, 1, TOP, "ticks", "error from which an estimate is worth nothing")
    # what has been claimed at a table, by its host: the sum, and by how many
    claims: Floats = per_agent()
    claimants: Ints = per_agent(np.int32)

    inform_claim: Ints

    inform = Decision(
        "agree",
        ("withhold", "share", "lie"),
        (Argument("claim", 0, TOP, choices=("lie",), unit="ticks"),),
        kept="share",
        broken="lie",
        summary="Keep what you have found out, share it, or claim another number?",
    )

    @staticmethod
    def who_inform(w: World, own: Any, i: int) -> bool:
        return facing(w, i) != i

    @staticmethod
    def kept_inform(w: World, own: Any, i: int) -> tuple[int, int]:
        return SHARE, 0

    @staticmethod
    def broken_inform(w: World, own: Any, i: int) -> tuple[int, int]:
        return LIE, bluff(w.sight, i, BLUFF)


def bluff(p: SignalSight, i: int, tolerances: float) -> int:
    """A false claim that misses one's signal by so many tolerances, the way that pays.

    Where both ways pay alike, it is towards the middle.
    """
    shift = int(tolerances * p.tolerance + 0.5)
    if p.slant < 0 or (p.slant == 0 and 2 * p.signal[i] > TOP):
        shift = -shift
    return min(TOP, max(0, int(p.signal[i]) + shift))


def find_out(w: World, own: Any, i: int, truth: float, m: int, first: int) -> None:
    """Give seat `i` its signal of the truth, in ticks; nobody has told it anything yet.

    Args:
        w: the world.
        own: the game's record.
        i: the seat.
        truth: the number, in ticks.
        m: its identity.
        first: index of the first of twelve draws, whose sum is near to normal.
    """
    p = w.sight
    error = -6.0
    for k in range(12):
        error += draw(w, own, m, first + k)
    p.signal[i] = int(min(float(TOP), max(0.0, np.rint(truth + own.deviation * error))))
    p.told_mean[i] = 0.0
    p.told_count[i] = 0


def hear_claims(w: World, own: Any) -> None:
    """Tell everybody at a table what the others claim to have found out."""
    p = w.sight
    for i in seats(w):
        own.claims[i] = 0.0
        own.claimants[i] = 0
    for i in seats(w):
        if own.inform[i] == SHARE or own.inform[i] == LIE:
            own.claims[w.host[i]] += claim(w, own, i)
            own.claimants[w.host[i]] += 1
    for i in seats(w):
        if own.inform[i] < 0:
            continue
        total = own.claims[w.host[i]]
        count = int(own.claimants[w.host[i]])
        if own.inform[i] != WITHHOLD:
            total -= claim(w, own, i)
            count -= 1
        p.told_count[i] = count
        p.told_mean[i] = total / max(1, count)


def accurate(own: Any, error: float) -> float:
    """Accuracy of a number that misses by `error` ticks: 1 - (error / tolerance)^2, at least 0."""
    missed = error / own.tolerance
    return max(0.0, 1 - missed * missed)


def claim(w: World, own: Any, i: int) -> int:
    """What seat `i` says that it has found out."""
    return int(own.inform_claim[i]) if own.inform[i] == LIE else int(w.sight.signal[i])


def lied(w: World, own: Any, i: int) -> bool:
    """Whether seat `i` claimed what is not so."""
    return own.inform[i] == LIE and own.inform_claim[i] != w.sight.signal[i]


__all__ = [
    "BLUFF",
    "LIE",
    "SHARE",
    "TOP",
    "WITHHOLD",
    "SharedSignals",
    "SignalSight",
    "accurate",
    "bluff",
    "claim",
    "find_out",
    "hear_claims",
    "lied",
]
