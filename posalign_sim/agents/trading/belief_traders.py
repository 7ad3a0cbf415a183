"""Traders who believe that a price is taken as often as such prices have been: GD and GDX.

A bid at x is to buyers what an ask at ceiling + 1 - x is to sellers. Everything here is said of
sellers: prices of buyers are turned round, and those whom a trader sells to, or buys from, are the
other side.
"""

from __future__ import annotations

import numpy as np

from posalign_sim.agents.trading.traders import legal
from posalign_sim.envs.double_auction import HOLD, AuctionSight
from posalign_sim.envs.trading_day import ASK, BID, BID_TAKEN, BUYER
from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import Floats, param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

#: Turns ahead with which GDX reckons at most.
_AHEAD = 32


class GjerstadDickhaut(Agent):
    """Quotes the price with the greatest expected gain, by how often such prices were taken (GD).

    It believes that an ask at a is taken with the probability `(T + B) / (T + B + R)`: T asks that
    were taken at a or above, B bids at a or above, R asks that were refused at a or below, of all
    that was shouted since the last `memory` trades; between prices that were heard it draws cubics
    that are level at both. It quotes if that is better than the best quote of its own side, and
    earns it something. What stands on the other side is taken for certain.

    Source: Gjerstad & Dickhaut (1998), Games and Economic Behavior 22.
    """

    memory: float = param(8, 1, 1e4, "trades", "how far back it looks on the tape")

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return most_gainful(p, i, parameter(p, i, 0), 0.0)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return most_gainful(p, i, parameter(p, i, 0), 0.0)


class GDX(Agent):
    """GD that waits if waiting is worth more: it reckons with the turns that it will still have.

    What its unit is worth to it with k turns left is the most of `f gain + (1 - f) patience V` over
    all prices, f being what GD believes and V what it is worth with k - 1 turns left (nothing with
    none). It quotes the price that is best now, or none. It expects as many more turns as there are
    left for each seat, and reckons with its next unit alone.

    Source: Tesauro & Bredin (2002), Strategic Sequential Bidding in Auctions Using Dynamic
    Programming, AAMAS.
    """

    memory: float = param(8, 1, 1e4, "trades", "how far back it looks on the tape")
    patience: float = param(0.9, 0, 1, "per turn", "discount factor of what it gains later")

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return most_gainful(p, i, parameter(p, i, 0), parameter(p, i, 1))

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return most_gainful(p, i, parameter(p, i, 0), parameter(p, i, 1))


def turned(p: AuctionSight, i: int, price: int) -> int:
    """A price as sellers see it, or back: of buyers, turned round."""
    return int(p.ceiling) + 1 - int(price) if p.role[i] == BUYER else int(price)


def own_best(p: AuctionSight, i: int) -> int:
    """The best quote of one's own side, as sellers see it; ceiling + 1 if there is none."""
    best = int(p.best_bid if p.role[i] == BUYER else p.best_ask)
    return turned(p, i, best) if best >= 0 else int(p.ceiling) + 1


def other_best(p: AuctionSight, i: int) -> int:
    """The best quote of the other side, as sellers see it; 0 if there is none."""
    best = int(p.best_ask if p.role[i] == BUYER else p.best_bid)
    return turned(p, i, best) if best >= 0 else 0


def leads(p: AuctionSight, i: int) -> bool:
    """Whether the best quote of its side is the seat's own."""
    best = p.best_bid if p.role[i] == BUYER else p.best_ask
    return best >= 0 and p.own_quote[i] == best


@rare
def most_gainful(p: AuctionSight, i: int, memory: float, patience: float) -> tuple[int, int]:
    """Quote the price with the greatest expected gain, or none if that is not worth more.

    Args:
        p: sight.
        i: seat.
        memory: trades back to which the tape is read.
        patience: discount factor of what is gained in later turns.
    """
    if p.least[i] > p.greatest[i]:
        return HOLD, 0
    believed = beliefs(p, i, memory)
    limit = turned(p, i, int(p.limit[i]))
    later = 0.0
    if patience > 0:
        for _ in range(min(_AHEAD, int(p.steps_left) // max(1, int(p.agents)))):
            later = patience * most_expected(believed, limit, later)
    stands = own_best(p, i)
    taken = other_best(p, i)
    first = turned(p, i, int(p.greatest[i] if p.role[i] == BUYER else p.least[i]))
    last = turned(p, i, int(p.least[i] if p.role[i] == BUYER else p.greatest[i]))
    best = later
    if leads(p, i):
        best = believed[stands] * (stands - limit) + (1 - believed[stands]) * later
    price = -1
    for x in range(max(limit, first), min(last, stands - 1) + 1):
        f = 1.0 if x <= taken else believed[x]
        expected = f * (x - limit) + (1 - f) * later
        if expected > best + 1e-9:
            best = expected
            price = x
    return legal(p, i, turned(p, i, price)) if price >= 0 else (HOLD, 0)


def most_expected(believed: Floats, limit: int, later: float) -> float:
    """The most that can be expected of one turn, if no trade is worth so much."""
    best = later
    for x in range(max(0, limit), len(believed)):
        best = max(best, believed[x] * (x - limit) + (1 - believed[x]) * later)
    return best


@rare
def beliefs(p: AuctionSight, i: int, memory: float) -> Floats:
    """`[ceiling + 2]` probability that an ask is taken, by price; 1 at 0, 0 above the ceiling."""
    top = int(p.ceiling) + 1
    # Quotes of one's own side and of the other, and how many of them were taken.
    made = np.zeros((2, top + 1))
    taken = np.zeros((2, top + 1))
    mine = BID if p.role[i] == BUYER else ASK
    for k in range(remembered(p, memory), int(p.shouts)):
        place = k % len(p.shout_price)
        kind = int(p.shout_kind[place])
        x = min(top, max(0, turned(p, i, int(p.shout_price[place]))))
        side = 0 if kind % BID_TAKEN == mine else 1
        if kind < BID_TAKEN:
            made[side, x] += 1
            continue
        taken[side, x] += 1
        # It was quoted before: perhaps before all that is remembered.
        made[side, x] = max(made[side, x], taken[side, x])
    stands = own_best(p, i)
    believed = np.zeros(top + 1)
    better = 0.0
    for x in range(top, -1, -1):
        better += taken[0, x] + made[1, x]
        believed[x] = better
    worse = 0.0
    before = 0
    chance_before = 1.0
    for x in range(1, top + 1):
        refused = made[0, x] - taken[0, x]
        if x == stands and refused > 0:
            refused -= 1  # It still stands.
        worse += refused
        heard = made[0, x] + made[1, x] > 0 and believed[x] + worse > 0
        if not heard and x < top:
            continue
        chance_here = believed[x] / (believed[x] + worse) if heard else 0.0
        for between in range(before, x):
            share = (between - before) / (x - before)
            rise = share * share * (3 - 2 * share)
            believed[between] = chance_before + (chance_here - chance_before) * rise
        believed[x] = chance_here
        before = x
        chance_before = chance_here
    return believed


def remembered(p: AuctionSight, memory: float) -> int:
    """Number of the first shout that is remembered: that of the trade so many trades back."""
    oldest = max(0, int(p.shouts) - len(p.shout_price))
    first = int(p.shouts)
    trades = 0
    while first > oldest and trades < memory:
        first -= 1
        if p.shout_kind[first % len(p.shout_price)] >= BID_TAKEN:
            trades += 1
    return first


__all__ = ["GDX", "GjerstadDickhaut"]
