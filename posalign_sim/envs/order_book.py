"""What happens on the floor of a double auction: the book, the call, settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posalign_sim.envs.trading_day import (
    BID_TAKEN,
    BUYER,
    NONE,
    PRICES,
    QUOTE,
    SELLER,
    TIES,
    close_if_exhausted,
    may_quote,
    tell_limit,
)
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.record import Sight, World, face, seats

if TYPE_CHECKING:
    from posalign_sim.envs.double_auction import DoubleAuction


@rare
def act(
    w: World, i: int, j: int, promised: int, worth: float, kept: bool, gainful: bool, given: float
) -> None:
    """Record what seat `i` did for seat `j` in a trade: it kept it or not."""
    cooperation = 1.0 if kept and gainful else 0.0
    done = worth if kept else 0.0
    interact(w, face(w, i), face(w, j), cooperation, promised, worth, done, given, worth - done)


# --- the book ------------------------------------------------------------------------------------


def shout(w: World, own: DoubleAuction, i: int, price: int) -> None:
    """A trader quotes a price: it trades, stands in the book, or is void."""
    p = w.sight
    side = int(w.role[i])
    stood = own.best[1 - side]
    # Bids are better if higher, asks if lower: a sign spares the processor a guess.
    sign = 1 - 2 * side
    crosses = stood >= 0 and sign * (price - stood) >= 0
    place = p.shouts % len(p.shout_price)
    p.shout_price[place] = stood if crosses else price
    p.shout_kind[place] = BID_TAKEN + 1 - side if crosses else side
    p.shouts += 1
    if crosses:
        j = int(own.holder[1 - side])
        points = own.tick * stood
        make_deal(w, own, i if side == BUYER else j, j if side == BUYER else i, points, points)
        settle_book(w, own, i, j)
        close_if_exhausted(w, own)
        return
    best = own.best[side]
    better = best < 0 or sign * (price - best) > 0
    if own.cleared == 1:
        if not better:
            return
        if best >= 0:
            forget_quote(w, own, own.holder[side])
    own.quoted[i] = price
    own.stamp[i] = own.step
    p.own_quote[i] = price
    if better:
        set_best(w, own, side, price, i)
    elif own.holder[side] == i:
        find_best(w, own, side)


def set_best(w: World, own: DoubleAuction, side: int, price: int, i: int) -> None:
    """The best quote of a side is now `price`, of seat `i`; everybody sees it."""
    own.best[side] = price
    own.holder[side] = i
    if side == BUYER:
        w.sight.best_bid = price
    else:
        w.sight.best_ask = price


def forget_quote(w: World, own: DoubleAuction, i: int) -> None:
    """A trader's quote no longer stands."""
    own.quoted[i] = NONE
    w.sight.own_quote[i] = NONE


def take_away(w: World, own: DoubleAuction, i: int) -> None:
    """A trader cancels its quote."""
    forget_quote(w, own, i)
    side = int(w.role[i])
    if own.best[side] >= 0 and own.holder[side] == i:
        find_best(w, own, side)


def settle_book(w: World, own: DoubleAuction, i: int, j: int) -> None:
    """Seats `i` and `j` have traded: which quotes still stand."""
    if own.cleared == 1:
        for side in range(2):
            if own.best[side] >= 0:
                forget_quote(w, own, own.holder[side])
                set_best(w, own, side, NONE, 0)
        return
    forget_quote(w, own, i)
    forget_quote(w, own, j)
    for side in range(2):
        if own.best[side] >= 0 and (own.holder[side] == i or own.holder[side] == j):
            find_best(w, own, side)


@rare
def find_best(w: World, own: DoubleAuction, side: int) -> None:
    """Look through the book for a side's best quote, of equals the earliest."""
    best = NONE
    first = 0
    for i in seats(w):
        price = own.quoted[i]
        if w.role[i] != side or price < 0 or own.cleared == 1:
            continue
        better = best < 0 or (price > best if side == BUYER else price < best)
        if better or (price == best and own.stamp[i] < own.stamp[first]):
            best = price
            first = i
    set_best(w, own, side, best, first)


@rare
def make_deal(
    w: World, own: DoubleAuction, buyer: int, seller: int, charged: float, earned: float
) -> None:
    """Note a trade of one unit: what the buyer owes, and what the seller gets."""
    p = w.sight
    unit = own.traded[buyer]
    own.supplier[buyer, unit] = seller
    own.supplied[buyer, unit] = own.traded[seller]
    own.charged[buyer, unit] = charged
    own.earned[buyer, unit] = earned
    price = (charged + earned) / (2 * own.tick)
    own.day_trades += 1
    own.day_prices += price
    own.day_squares += price * price
    p.deals = own.day_trades
    for k in range(PRICES - 1, 0, -1):
        p.last_price[k] = p.last_price[k - 1]
    p.last_price[0] = price
    use_unit(w, own, buyer)
    use_unit(w, own, seller)


def use_unit(w: World, own: DoubleAuction, i: int) -> None:
    """A trader has traded a unit; who can trade no other gets no further turn."""
    own.traded[i] += 1
    tell_limit(w, own, i)
    if may_quote(w, own, i):
        return
    own.live -= 1
    last = own.queue[own.live]
    own.queue[own.spot[i]] = last
    own.spot[last] = own.spot[i]
    if w.role[i] == BUYER:
        own.buyers -= 1


# --- the call ------------------------------------------------------------------------------------


@rare
def clear_market(w: World, own: DoubleAuction) -> None:
    """Match the highest bids with the lowest asks, and price their trades."""
    bids = line_up(w, own, BUYER)
    asks = line_up(w, own, SELLER)
    pairs = 0
    while pairs < min(bids, asks) and bid_at(own, pairs) >= ask_at(own, pairs):
        pairs += 1
    if pairs == 0:
        return
    last_bid, last_ask = bid_at(own, pairs - 1), ask_at(own, pairs - 1)
    charged = 0.0
    earned = 0.0
    if own.clearing == 0:
        low = max(last_ask, bid_at(own, pairs)) if pairs < bids else last_ask
        high = min(last_bid, ask_at(own, pairs)) if pairs < asks else last_bid
        charged = (1 - own.k) * low + own.k * high
        earned = charged
    else:
        next_bid = bid_at(own, pairs) if pairs < bids else 0.0
        next_ask = ask_at(own, pairs) if pairs < asks else np.floor(own.ceiling)
        charged = (next_bid + next_ask) / 2
        earned = charged
        if not last_ask <= charged <= last_bid:
            charged = last_bid
            earned = last_ask
            pairs -= 1
    for place in range(pairs):
        buyer = int(own.rank[BUYER, place])
        seller = int(own.rank[SELLER, place])
        make_deal(w, own, buyer, seller, own.tick * charged, own.tick * earned)
    close_if_exhausted(w, own)


def bid_at(own: DoubleAuction, place: int) -> float:
    """The bid, in ticks, that is served at a place."""
    return -own.urge[own.rank[BUYER, place]]


def ask_at(own: DoubleAuction, place: int) -> float:
    """The ask, in ticks, that is served at a place."""
    return own.urge[own.rank[SELLER, place]]


@rare
def line_up(w: World, own: DoubleAuction, side: int) -> int:
    """Put a side's quotes into the order in which they are served (Shell 1959); their number."""
    count = 0
    order = own.rank[side]
    for rank in range(w.agents):
        i = w.order[rank]
        if w.role[i] == side and own.sealed_quote[i] == QUOTE:
            price = float(own.sealed_quote_price[i])
            own.urge[i] = -price if side == BUYER else price
            own.tie[i] = draw(w, own, face(w, i), TIES + own.calls)
            order[count] = i
            count += 1
    gap = count // 2
    while gap > 0:
        for k in range(gap, count):
            i = order[k]
            place = k
            while place >= gap and served_before(own, i, order[place - gap]):
                order[place] = order[place - gap]
                place -= gap
            order[place] = i
        gap //= 2
    return count


def served_before(own: DoubleAuction, i: int, j: int) -> bool:
    """Whether seat `i` is served before seat `j`."""
    return own.urge[i] < own.urge[j] or (own.urge[i] == own.urge[j] and own.tie[i] < own.tie[j])


# --- what a default would gain -------------------------------------------------------------------


@rare
def tell_stakes(w: World, own: DoubleAuction) -> None:
    """Tell each trader what it could gain by a default, and what its trades earn it if kept."""
    p = w.sight
    for i in seats(w):
        p.temptation[i] = 0.0
        p.exposure[i] = 0.0
        p.rent[i] = 0.0
        p.hope[i] = 0.0
        p.risk[i] = 0.0
        p.at_stake[i] = 0.0
    for i in seats(w):
        if w.role[i] != BUYER:
            continue
        for unit in range(own.traded[i]):
            j = own.supplier[i, unit]
            cost = own.worth[j, own.supplied[i, unit]]
            charged, earned = own.charged[i, unit], own.earned[i, unit]
            add_stakes(p, i, charged, cost, own.worth[i, unit] - charged)
            add_stakes(p, j, cost, charged, earned - cost)


def add_stakes(p: Sight, i: int, gives: float, gets: float, gain: float) -> None:
    """One trade more: what a trader gives up in it, what the other side does, what it gains."""
    p.temptation[i] += gives
    p.exposure[i] += gets
    p.at_stake[i] += gets
    p.rent[i] += gain
    p.hope[i] += gain
    p.risk[i] -= gives
