"""Traders of double auctions and bidders of sealed-bid auctions, from none to some intelligence."""

from __future__ import annotations

import math

from posalign_sim.envs.double_auction import HOLD, QUOTE, AuctionSight
from posalign_sim.envs.sealed_bid import ABSTAIN, BID_NOW, BidSight
from posalign_sim.envs.trading_day import BID, BID_TAKEN, BUYER, SELLER
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter

# What a ZIP trader keeps in mind.
KNOWS, HEARD, MARGIN, MOMENTUM, RATE, INERTIA = range(6)
#: Indices of a ZIP trader's draws lie this far apart, so that no two decisions share them.
_APART = 1 << 32


def between(p: Sight, i: int, low: int, high: int) -> int:
    """A whole number from `low` to `high`, all equally likely."""
    return low + int(chance(p, i) * (high - low + 1))


def legal(p: AuctionSight, i: int, price: int) -> tuple[int, int]:
    """Quote a price, or the nearest that one may quote; hold if there is none."""
    if p.least[i] > p.greatest[i]:
        return HOLD, 0
    return QUOTE, int(min(max(price, p.least[i]), p.greatest[i]))


def any_price(p: AuctionSight, i: int) -> tuple[int, int]:
    """Quote any price that the market allows."""
    if p.least[i] > p.greatest[i]:
        return HOLD, 0
    return QUOTE, between(p, i, p.least[i], p.greatest[i])


def gainful_price(p: AuctionSight, i: int) -> tuple[int, int]:
    """Quote any price from 1, or up to the ceiling, that is no loss."""
    limit, ceiling, buyer = p.limit[i], p.ceiling, p.role[i] == BUYER
    low = max(1 if buyer else limit, p.least[i])
    high = min(limit if buyer else ceiling, p.greatest[i])
    if low > high:
        return HOLD, 0
    return QUOTE, between(p, i, low, high)


def true_price(p: AuctionSight, i: int) -> tuple[int, int]:
    """Quote one's limit."""
    if p.role[i] == SELLER and p.limit[i] > p.greatest[i]:
        return HOLD, 0
    return legal(p, i, p.limit[i])


def greedy_price(p: AuctionSight, i: int) -> tuple[int, int]:
    """Quote a price at which nobody else gains anything: the lowest bid, the highest ask."""
    return legal(p, i, 1 if p.role[i] == BUYER else p.ceiling)


def ring_bid(p: BidSight, i: int) -> tuple[int, int]:
    """Bid no more than the reserve, so that the good goes cheaply to one of the bidders."""
    return (BID_NOW, int(p.reserve_bid)) if p.private_value[i] >= p.reserve_bid else (ABSTAIN, 0)


def true_bid(p: BidSight, i: int) -> tuple[int, int]:
    """Bid one's value."""
    return BID_NOW, int(p.private_value[i])


class UnconstrainedZeroIntelligence(Agent):
    """Quotes any price that the market allows, all equally likely (ZI-U).

    In a market that lets nobody quote a loss that is what `ZeroIntelligence` does. As a bidder it
    bids anything up to the greatest bid.

    Source: Gode & Sunder (1993), JPE 101.
    """

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return any_price(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return any_price(p, i)

    @staticmethod
    def bid(p: BidSight, i: int) -> tuple[int, int]:
        return BID_NOW, between(p, i, 0, p.greatest_bid)


class ZeroIntelligence(Agent):
    """Quotes any price at which it does not lose, all equally likely (ZI-C).

    A buyer bids from 1 tick to its value, a seller asks from its cost to the ceiling; a bidder
    bids from 0 to its value.

    Source: Gode & Sunder (1993), JPE 101.
    """

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return gainful_price(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return gainful_price(p, i)

    @staticmethod
    def bid(p: BidSight, i: int) -> tuple[int, int]:
        return BID_NOW, between(p, i, 0, p.private_value[i])


class Truthful(Agent):
    """Quotes its limit, bids its value.

    Nothing is better in a second-price auction, whatever others bid, nor in McAfee's double
    auction. In a continuous market it gives all gains to those who trade with it.

    Source: Vickrey (1961), Journal of Finance 16; McAfee (1992), JET 56.
    """

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return true_price(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return true_price(p, i)

    @staticmethod
    def bid(p: BidSight, i: int) -> tuple[int, int]:
        return true_bid(p, i)


class EquilibriumBidder(Agent):
    """Bids as in the symmetric equilibrium for independent values, all equally likely.

    In a second-price auction its value; in a first-price auction what it expects the next highest
    value (or the reserve) to be, if its own value v is the highest: with n bidders and reserve r
    `v (n - 1) / n + (r / n) (r / v)^(n - 1)`.

    Source: Vickrey (1961), Journal of Finance 16; Riley & Samuelson (1981), AER 71 (reserve).
    """

    @staticmethod
    def bid(p: BidSight, i: int) -> tuple[int, int]:
        value = float(p.private_value[i])
        reserve = float(p.reserve_bid)
        if value < reserve:
            return ABSTAIN, 0
        if p.second_price == 1:
            return BID_NOW, int(value)
        n = float(p.bidders[i])
        won = (reserve / value) ** n if value > 0 else 0.0
        return BID_NOW, math.floor(value * ((n - 1) / n + won / n) + 0.5)


class ZeroIntelligencePlus(Agent):
    """Zero-intelligence-plus: a margin that adapts to what others shout (ZIP).

    A trader quotes its limit plus a margin. Every shout that it hears moves the margin: up, if it
    traded at a price that would have earned more; down, for who still has units, if it traded at a
    price that it would have missed, or was refused though it was better. The margin moves towards a
    target a little beyond the price shouted, by the Widrow-Hoff rule with momentum. Learning rate,
    momentum and first margin are drawn for each trader; margins outlast the day.

    Whoever gets a turn hears then what was shouted since its last turn, and at the end of the
    day the rest; who has traded its last unit has no more turns. Cliff's traders hear all shouts,
    at once. That is the same here, as margins only matter when it is one's turn, if all of these
    shouts are published: in days of more than 40 turns, with a longer tape
    (`DoubleAuction(steps=500, tape=500)`). Who misses shouts learns more slowly.

    Source: Cliff (1997), HP Laboratories report HPL-97-91, with its ranges.
    """

    least_rate: float = param(0.1, 0, 1, "share", "least learning rate")
    greatest_rate: float = param(0.5, 0, 1, "share", "greatest learning rate")
    momentum: float = param(0.1, 0, 1, "share", "greatest momentum coefficient")
    least_margin: float = param(0.05, 0, 1, "share", "least first margin")
    greatest_margin: float = param(0.35, 0, 1, "share", "greatest first margin")
    relative: float = param(0.05, 0, 1, "share", "how far targets lie beyond a price, at most")
    absolute: float = param(5, 0, 1e3, "ticks", "the same, besides")

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        hear(p, i)
        return legal(p, i, rounded(p, i, margin_price(p, i)))

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        hear(p, i)
        return legal(p, i, rounded(p, i, margin_price(p, i)))

    @staticmethod
    def learn(p: AuctionSight, i: int) -> None:
        hear(p, i)


def margin_price(p: AuctionSight, i: int) -> float:
    """The price, in ticks, that a ZIP trader has in mind."""
    return p.limit[i] * (1 + p.slots[i, MARGIN])


def rounded(p: AuctionSight, i: int, price: float) -> int:
    """A price in the nearest tick: two who have the same one in mind would else just miss it."""
    nearest = math.floor(price + 0.5)
    limit = int(p.limit[i])
    return min(nearest, limit) if p.role[i] == BUYER else max(nearest, limit)


def hear(p: AuctionSight, i: int) -> None:
    """A ZIP trader catches up with what was shouted since it last listened."""
    slots = p.slots[i]
    if slots[KNOWS] == 0:
        # Its nature, drawn once.
        rate = parameter(p, i, 0)
        slots[RATE] = rate + chance(p, i, _APART) * (parameter(p, i, 1) - rate)
        slots[INERTIA] = chance(p, i, 2 * _APART) * parameter(p, i, 2)
        first = parameter(p, i, 3)
        first += chance(p, i, 3 * _APART) * (parameter(p, i, 4) - first)
        slots[MARGIN] = -first if p.role[i] == BUYER else first
        slots[KNOWS] = 1
    tape = len(p.shout_price)
    heard = max(int(slots[HEARD]), int(p.shouts) - tape)
    for k in range(heard, int(p.shouts)):
        listen(p, i, k, float(p.shout_price[k % tape]), p.shout_kind[k % tape])
    slots[HEARD] = p.shouts


def listen(p: AuctionSight, i: int, k: int, price: float, kind: int) -> None:
    """A ZIP trader hears shout number `k`, and moves its margin if it has reason to."""
    own = margin_price(p, i)
    buyer = p.role[i] == BUYER
    taken = kind >= BID_TAKEN
    a_bid = kind in (BID, BID_TAKEN)
    earns = own >= price if buyer else own <= price
    misses = own <= price if buyer else own >= price
    if taken and earns:
        adapt(p, i, k, price, not buyer)
    elif p.units_left[i] > 0 and misses and (taken != (a_bid == buyer)):
        # The other side's shout was taken, or one like its own was refused.
        adapt(p, i, k, price, buyer)


def adapt(p: AuctionSight, i: int, k: int, price: float, upwards: bool) -> None:
    """Move the price that one has in mind towards a target beyond the price shouted."""
    if p.limit[i] <= 0:
        return
    slots = p.slots[i]
    relative = parameter(p, i, 5) * chance(p, i, (4 + 2 * k) * _APART)
    absolute = parameter(p, i, 6) * chance(p, i, (5 + 2 * k) * _APART)
    target = price * (1 + relative) + absolute if upwards else price * (1 - relative) - absolute
    own = margin_price(p, i)
    step = slots[RATE] * (target - own)
    slots[MOMENTUM] = slots[INERTIA] * slots[MOMENTUM] + (1 - slots[INERTIA]) * step
    margin = (own + slots[MOMENTUM]) / p.limit[i] - 1
    # Nobody plans to lose.
    slots[MARGIN] = min(0.0, max(-1.0, margin)) if p.role[i] == BUYER else max(0.0, margin)


__all__ = [
    "EquilibriumBidder",
    "Truthful",
    "UnconstrainedZeroIntelligence",
    "ZeroIntelligence",
    "ZeroIntelligencePlus",
]
