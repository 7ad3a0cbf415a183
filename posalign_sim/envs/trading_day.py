"""The day of a double auction: what each unit is worth, who may still quote, when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posalign_sim.world.accounts import MINOR
from posalign_sim.world.compiler import rare
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Floats
from posalign_sim.world.record import World, face, seats

if TYPE_CHECKING:
    from posalign_sim.envs.double_auction import DoubleAuction

BUYER, SELLER = 0, 1
QUOTE = 1
#: Prices are whole numbers of ticks, from 1 to at most this many.
TICKS = 1000
#: Units that a trader can trade in a day.
UNITS = 4
#: Shouts that are published, unless a market says otherwise: a day of 40 turns is heard whole. A
#: power of two, so that the place of the next one is found without a division.
TAPE = 64
#: Prices of trades that are published, the latest ones.
PRICES = 4
#: What was shouted: a bid, an ask, or that one takes the bid or the ask that stands.
BID, ASK, BID_TAKEN, ASK_TAKEN = range(4)
#: No price.
NONE = -1
#: Share of a tick that is rounding.
NEGLIGIBLE = 1e-9
#: Indices of draws: limits take those below, ties and turns those from here on.
TIES, TURNS = 64, 1 << 20


@rare
def set_limits(w: World, own: DoubleAuction, known: bool) -> None:
    """Read or draw what each unit is worth, buyers' best first and sellers' cheapest first."""
    units = own.worth.shape[1]
    first = np.rint(own.low / own.tick)
    count = np.rint(own.high / own.tick) - first + 1
    for i in seats(w):
        for unit in range(units):
            x = own.limits[i, unit]
            if not known:
                luck = draw(w, own, face(w, i), unit)
                x = own.low + luck * (own.high - own.low)
                if own.whole == 1:
                    x = min(own.high, own.tick * (first + np.floor(luck * count)))
            x = np.rint(x * MINOR) / MINOR
            place = unit
            if not known:
                while place > 0 and comes_before(w.role[i], x, own.worth[i, place - 1]):
                    own.worth[i, place] = own.worth[i, place - 1]
                    place -= 1
            own.worth[i, place] = x


def comes_before(role: int, a: float, b: float) -> bool:
    """Whether a trader trades a unit of limit `a` before one of limit `b`."""
    return a > b if role == BUYER else a < b


@rare
def greatest_gains(w: World, own: DoubleAuction) -> float:
    """The most points that trade can gain today; also counts the buyers.

    As many units as there are go to those, owners included, to whom they are worth most.
    """
    units = own.worth.shape[1]
    limits = np.empty(int(w.agents) * units)
    before = 0.0
    goods = 0
    own.buyers = 0
    for rank in range(w.agents):
        i = w.order[rank]
        if w.role[i] == BUYER:
            own.buyers += 1
        for unit in range(units):
            limits[rank * units + unit] = own.worth[i, unit]
            if w.role[i] == SELLER:
                goods += 1
                before += own.worth[i, unit]
    sort_up(limits)
    after = 0.0
    for k in range(goods):
        after += limits[len(limits) - 1 - k]
    return max(0.0, after - before)


@rare
def sort_up(values: Floats) -> None:
    """Sort numbers in place (Shell 1959)."""
    gap = len(values) // 2
    while gap > 0:
        for k in range(gap, len(values)):
            x = values[k]
            place = k
            while place >= gap and values[place - gap] > x:
                values[place] = values[place - gap]
                place -= gap
            values[place] = x
        gap //= 2


@rare
def open_day(w: World, own: DoubleAuction) -> None:
    """Everybody has all units, and nothing has been quoted."""
    p = w.sight
    own.live = 0
    own.buyers = 0
    for rank in range(w.agents):
        i = w.order[rank]
        own.quoted[i] = NONE
        own.traded[i] = 0
        p.own_quote[i] = NONE
        tell_limit(w, own, i)
        if may_quote(w, own, i):
            own.queue[own.live] = i
            own.spot[i] = own.live
            own.live += 1
            own.buyers += 1 if w.role[i] == BUYER else 0
    own.step = 0
    own.calls = 0
    own.day_trades = 0
    own.day_prices = 0.0
    own.day_squares = 0.0
    for side in range(2):
        own.best[side] = NONE
    p.sealed = own.call
    p.ceiling = int(own.ceiling)
    p.best_bid = NONE
    p.best_ask = NONE
    p.steps_left = int(own.steps)
    p.deals = 0
    close_if_exhausted(w, own)


@rare
def tell_limit(w: World, own: DoubleAuction, i: int) -> None:
    """Work out the limit of a trader's next unit, and tell it."""
    p = w.sight
    left = own.worth.shape[1] - int(own.traded[i])
    p.traded[i] = own.traded[i]
    p.units_left[i] = left
    if left > 0:
        ticks = own.worth[i, own.traded[i]] / own.tick
        if w.role[i] == BUYER:
            own.bound[i] = int(np.floor(ticks + NEGLIGIBLE))
        else:
            own.bound[i] = int(np.ceil(ticks - NEGLIGIBLE))
        own.least[i] = 1
        own.greatest[i] = int(own.ceiling)
        if own.constrained == 1 and w.role[i] == BUYER:
            own.greatest[i] = min(int(own.ceiling), own.bound[i])
        elif own.constrained == 1:
            own.least[i] = max(1, own.bound[i])
        p.limit[i] = own.bound[i]
        p.least[i] = own.least[i]
        p.greatest[i] = own.greatest[i]


def may_quote(w: World, own: DoubleAuction, i: int) -> bool:
    """Whether a trader has a unit left, and a price that it may quote for it."""
    return own.traded[i] < own.worth.shape[1] and own.least[i] <= own.greatest[i]


@rare
def exhausted(w: World, own: DoubleAuction) -> bool:
    """Whether nobody can trade any more today."""
    if own.buyers == 0 or own.buyers == own.live:
        return True
    if own.constrained == 0:
        return False
    bid = NONE
    ask = TICKS + 1
    for place in range(own.live):
        i = own.queue[place]
        if w.role[i] == BUYER:
            bid = max(bid, own.bound[i])
        else:
            ask = min(ask, own.bound[i])
        if ask <= bid:
            return False
    return True


def close_if_exhausted(w: World, own: DoubleAuction) -> None:
    """End the day if nobody can trade any more."""
    if exhausted(w, own):
        own.live = 0
