"""Adaptive aggressiveness: traders who learn how keenly to trade about the equilibrium price (AA).

As in `belief_traders` everything is said of sellers, and prices of buyers are turned round.
"""

from __future__ import annotations

import math

from posalign_sim.agents.trading.belief_traders import other_best, own_best, turned
from posalign_sim.agents.trading.traders import legal
from posalign_sim.envs.double_auction import HOLD, AuctionSight
from posalign_sim.envs.trading_day import ASK, BID, BID_TAKEN, BUYER
from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

# What a trader keeps in mind: the shouts that it has heard, its aggressiveness, how that bends its
# target prices; weighted sums of trades, of their prices and squares; the least and the greatest
# volatility that it has seen.
HEARD, KEENNESS, BEND, TRADES, PRICES, SQUARES, CALMEST, WILDEST = range(8)
#: How much less each earlier trade counts.
_FADING = 0.9
#: The range of the bend, where it begins, and how it follows volatility (gamma).
_LEAST_BEND, _GREATEST_BEND, _FIRST_BEND, _FOLLOWING = -8.0, 2.0, -4.0, 2.0
#: A bend that makes no difference.
_STRAIGHT = 1e-6


class AdaptiveAggressive(Agent):
    """Quotes towards a target price between its limit and the worst, as keenly as has paid (AA).

    It estimates the equilibrium price by a weighted mean of trades, the latest most. Its
    aggressiveness r says where its target is: its limit at 1, the estimate at 0 (its limit, if it
    would not trade at the estimate), the worst price at -1. When a trade shows that it could have
    had more it becomes less aggressive than the price that was paid would have been, and more if
    it would have missed the trade, or if a quote of its own side that was better was refused. How
    r bends into prices follows from how volatile prices are. It accepts what stands if it is as
    good as its target; otherwise it betters the best quote of its side, its own too, by a share
    1 / `steps` of the way to its target; or says its target, if that is no better.

    Its aggressiveness begins at 0, the bend at -4; Smith's alpha is reckoned with the same weights
    as the estimate.

    Source: Vytelingum, Cliff & Jennings (2008), Artificial Intelligence 172.
    """

    rate: float = param(0.4, 0, 1, "share", "learning rate of the aggressiveness")
    bend_rate: float = param(0.4, 0, 1, "share", "learning rate of how it bends into prices")
    relative: float = param(0.02, 0, 1, "share", "by which it learns to be keener, or less")
    absolute: float = param(0.05, 0, 1, "aggressiveness", "the same, besides: some ticks")
    steps: float = param(3, 1, 100, "quotes", "in which it would be at its target")

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        follow(p, i)
        return approach(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        follow(p, i)
        return approach(p, i)

    @staticmethod
    def learn(p: AuctionSight, i: int) -> None:
        follow(p, i)


def estimate(p: AuctionSight, i: int) -> float:
    """The equilibrium price that a trader estimates from trades, as sellers see it."""
    mean = p.slots[i, PRICES] / p.slots[i, TRADES]
    return p.ceiling + 1 - mean if p.role[i] == BUYER else mean


@rare
def approach(p: AuctionSight, i: int) -> tuple[int, int]:
    """Accept what stands, or move the best quote of one's side towards the target."""
    limit = turned(p, i, int(p.limit[i]))
    stands = own_best(p, i)
    offered = other_best(p, i)
    if p.least[i] > p.greatest[i] or limit >= stands:
        return HOLD, 0
    if p.slots[i, TRADES] > 0:
        # In the nearest tick: two who have the same price in mind would otherwise just miss it.
        target = max(limit, math.floor(target_price(p, i, p.slots[i, KEENNESS]) + 0.5))
        if offered > 0 and offered >= target:
            return legal(p, i, turned(p, i, offered))
    else:
        # Nothing has been traded yet: a little beyond what the other side offers.
        margin = parameter(p, i, 2) * turned(p, i, offered) + parameter(p, i, 3)
        target = max(limit, math.ceil(offered - margin)) if offered > 0 else limit
    if target >= stands:
        # No better than what stands; but others hear that it was refused.
        return legal(p, i, turned(p, i, target))
    price = stands - (stands - target) / max(1.0, parameter(p, i, 4))
    return legal(p, i, turned(p, i, min(stands - 1, math.ceil(price - 1e-9))))


def bent(keenness: float, bend: float) -> float:
    """A share of the way that grows from 0 to 1 with aggressiveness, early or late by its bend."""
    if abs(bend) < _STRAIGHT:
        return keenness
    return math.expm1(keenness * bend) / math.expm1(bend)


def unbent(share: float, bend: float) -> float:
    """The aggressiveness that makes a share of the way."""
    share = min(1.0, max(0.0, share))
    if abs(bend) < _STRAIGHT:
        return share
    return math.log1p(share * math.expm1(bend)) / bend


def passive_bend(p: AuctionSight, i: int, fair: float, limit: float) -> float:
    """The bend of prices worse than the estimate, which makes the target smooth at the estimate."""
    bend = p.slots[i, BEND]
    slope = slope_of(bend) * (fair - limit) / max(1e-9, p.ceiling + 1 - fair)
    low = -64.0
    high = 64.0
    for _ in range(40):
        middle = (low + high) / 2
        if slope_of(middle) > slope:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def slope_of(bend: float) -> float:
    """How fast the bent way begins."""
    return 1 - bend / 2 if abs(bend) < _STRAIGHT else bend / math.expm1(bend)


@rare
def target_price(p: AuctionSight, i: int, keenness: float) -> float:
    """The price that a trader of some aggressiveness has in mind, as sellers see it."""
    limit = float(turned(p, i, int(p.limit[i])))
    worst = p.ceiling + 1.0
    fair = min(worst, estimate(p, i))
    if limit >= fair:
        # At the estimate it would not trade.
        return limit + (worst - limit) * bent(max(0.0, -keenness), p.slots[i, BEND])
    if keenness >= 0:
        return limit + (fair - limit) * (1 - bent(keenness, p.slots[i, BEND]))
    return fair + (worst - fair) * bent(-keenness, passive_bend(p, i, fair, limit))


@rare
def keenness_of(p: AuctionSight, i: int, price: float) -> float:
    """The aggressiveness at which a price would have been the target."""
    limit = float(turned(p, i, int(p.limit[i])))
    worst = p.ceiling + 1.0
    fair = min(worst, estimate(p, i))
    if limit >= fair:
        return -unbent((price - limit) / max(1e-9, worst - limit), p.slots[i, BEND])
    if price <= fair:
        return unbent((fair - price) / (fair - limit), p.slots[i, BEND])
    return -unbent((price - fair) / max(1e-9, worst - fair), passive_bend(p, i, fair, limit))


@rare
def follow(p: AuctionSight, i: int) -> None:
    """Catch up with what was shouted since the trader last listened."""
    slots = p.slots[i]
    if slots[BEND] == 0:
        slots[BEND] = _FIRST_BEND
    tape = len(p.shout_price)
    mine = BID if p.role[i] == BUYER else ASK
    for k in range(max(int(slots[HEARD]), int(p.shouts) - tape), int(p.shouts)):
        price = int(p.shout_price[k % tape])
        kind = int(p.shout_kind[k % tape])
        if kind >= BID_TAKEN:
            note_trade(p, i, float(price))
        if slots[TRADES] == 0:
            continue
        heard = float(turned(p, i, price))
        target = target_price(p, i, slots[KEENNESS])
        if kind >= BID_TAKEN:
            adjust(p, i, heard, target > heard)
        elif kind == mine and target >= heard:
            adjust(p, i, heard, True)
    slots[HEARD] = p.shouts


def adjust(p: AuctionSight, i: int, price: float, keener: bool) -> None:
    """Move the aggressiveness towards a little more, or less, than a price stands for."""
    slots = p.slots[i]
    sign = 1.0 if keener else -1.0
    wanted = keenness_of(p, i, price) * (1 + sign * parameter(p, i, 2)) + sign * parameter(p, i, 3)
    moved = slots[KEENNESS] + parameter(p, i, 0) * (wanted - slots[KEENNESS])
    slots[KEENNESS] = min(1.0, max(-1.0, moved))


def note_trade(p: AuctionSight, i: int, price: float) -> None:
    """Reckon with one trade more: the estimate, how volatile prices are, and the bend."""
    slots = p.slots[i]
    first = slots[TRADES] == 0
    slots[TRADES] = _FADING * slots[TRADES] + 1
    slots[PRICES] = _FADING * slots[PRICES] + price
    slots[SQUARES] = _FADING * slots[SQUARES] + price * price
    if first:
        return
    mean = slots[PRICES] / slots[TRADES]
    alpha = math.sqrt(max(0.0, slots[SQUARES] / slots[TRADES] - mean * mean)) / mean
    if slots[WILDEST] == 0:
        slots[CALMEST] = alpha
    slots[CALMEST] = min(slots[CALMEST], alpha)
    slots[WILDEST] = max(slots[WILDEST], alpha)
    span = slots[WILDEST] - slots[CALMEST]
    wild = (alpha - slots[CALMEST]) / span if span > 0 else 0.0
    calm = 1 - wild * math.exp(_FOLLOWING * (wild - 1))
    wanted = _LEAST_BEND + (_GREATEST_BEND - _LEAST_BEND) * calm
    slots[BEND] += parameter(p, i, 1) * (wanted - slots[BEND])
    if slots[BEND] == 0:
        slots[BEND] = _STRAIGHT


__all__ = ["AdaptiveAggressive"]
