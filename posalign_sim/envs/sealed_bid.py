"""The sealed-bid auction: one good, one bid each, the highest wins."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from posalign_sim.world.accounts import NATURE, OUTSIDERS, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Floats, Ints, given, param, per_agent, scalar
from posalign_sim.world.modules import Argument, Decision, Game
from posalign_sim.world.record import GROUP, Sight, World, face, facing, seats

ABSTAIN, BID_NOW = 0, 1
#: Bids and values are whole numbers of ticks, bids at most this many.
TICKS = 1000
#: No value.
NONE = -1
#: Indices of draws.
_VALUE, _TIE = 0, 1


class BidSight(Sight):
    """What a bidder sees: its value, the rule, and how many bid with it."""

    private_value: Ints = per_agent(
        np.int64, low=0, unit="ticks", summary="what the good is worth to you"
    )
    bidders: Ints = per_agent(np.int64, low=0, unit="seats", summary="in this auction, with you")
    greatest_bid: int = scalar(np.int64, low=0, unit="ticks", summary="highest legal bid")
    reserve_bid: int = scalar(np.int64, low=0, unit="ticks", summary="lowest bid that can win")
    second_price: int = scalar(
        np.int64, low=0, high=1, summary="1: the winner pays the next bid, 0: its own"
    )


class SealedBid(Game):
    """One good is auctioned at each table: all bid at once, the highest bid wins.

    A bidder's private value is given, or drawn anew each round: all whole ticks from 0 to the
    `greatest` value alike, a tick being a thousandth of it. Bids are whole ticks, too; one can
    abstain. The highest bid wins if it is not below the `reserve`; among equals it is drawn. The
    winner is paid its value by nature. By `price_rule` 1 it pays its own bid, by 2 the next highest
    bid or, if that is more, the reserve. The seller is no seat: the price goes to outsiders, so
    that what the seats gain, and welfare, is value less price. Who sits alone does not bid.

    Interactions: each bid, an act towards the others at the table. All that bidders can do for each
    other is to bid less, at the cost of the seller: cooperation is a bidding ring. It is 1 for who
    bids no more than the reserve or abstains, 0 for who bids its value or more, and linear in
    between; of who has no value above the reserve nothing is recorded. There is no promise and no
    breach.

    A seat is told its value, how many bid, the rule and the reserve.

    Source: Vickrey (1961), Journal of Finance 16; rings: Robinson (1985), RAND Journal 16.

    >>> SealedBid(price_rule=1, reserve=0.5).values["reserve"].item()
    0.5
    """

    roles = ("bidder",)
    table = 0
    interactions_per_agent = 1
    declares = ("interactions",)
    sight = BidSight
    customary: ClassVar = {"bidder": ("truthful",) * 4}
    customary_rounds = 10

    price_rule: float = param(2, 1, 2, "1 or 2", "1: the winner pays its bid, 2: the next highest")
    reserve: float = param(0, 0, 1e6, "points", "lowest bid that can win, rounded to ticks")
    greatest: float = param(1, 1e-3, 1e6, "points", "the greatest value")

    private_values: Floats = given(np.float64, "agents", initial=NONE, low=0, high=1e6)
    # in ticks; of bidders their chairs' luck among equals
    worth: Ints = per_agent(np.int64)
    luck: Floats = per_agent()
    # over all auctions: sold, what winners and those of the highest value got or would have, paid
    sold: int = scalar(np.int64)
    value_won: float = scalar()
    value_best: float = scalar()
    revenue: float = scalar()

    bid_amount: Ints

    bid = Decision(
        "play",
        ("abstain", "bid_now"),
        arguments=(Argument("amount", 0, TICKS, choices=("bid_now",), unit="ticks"),),
        summary="Bid for the good, and how much?",
    )

    @staticmethod
    def meet(w: World, own: SealedBid) -> None:
        p = w.sight
        p.greatest_bid = TICKS
        p.reserve_bid = reserve_ticks(own)
        p.second_price = 1 if own.price_rule == 2 else 0
        for i in seats(w):
            if own.private_values[i] < 0:
                own.worth[i] = int(draw(w, own, face(w, i), _VALUE) * (TICKS + 1))
            else:
                own.worth[i] = int(np.rint(own.private_values[i] / tick(own)))
            own.luck[i] = draw(w, own, face(w, i), _TIE)
            p.private_value[i] = own.worth[i]
            p.bidders[i] = 1
            j = facing(w, i)
            while j != i:
                p.bidders[i] += 1
                j = facing(w, j)
        if w.clock == 0:
            w.first_best = tick(own) * greatest_gains(w, own) / w.agents

    @staticmethod
    def who_bid(w: World, own: SealedBid, i: int) -> bool:
        return facing(w, i) != i

    @staticmethod
    def play(w: World, own: SealedBid) -> None:
        least = reserve_ticks(own)
        for rank in range(w.agents):
            i = int(w.order[rank])
            if facing(w, i) == i:
                continue
            amount = amount_bid(own, i)
            if own.worth[i] > least:
                above = min(max(0, amount - least), int(own.worth[i]) - least)
                cooperation = 1.0 - above / (int(own.worth[i]) - least)
                interact(w, face(w, i), GROUP, cooperation, 0, 0.0, 0.0, 0.0, 0.0)
            if w.host[i] == i:
                sell(w, own, i, least)


def tick(own: SealedBid) -> float:
    """Points in a tick."""
    return own.greatest / TICKS


def reserve_ticks(own: SealedBid) -> int:
    """The lowest bid that can win."""
    return int(np.rint(own.reserve / tick(own)))


def amount_bid(own: SealedBid, i: int) -> int:
    """What a seat bids, in ticks; -1 if it abstains."""
    return int(own.bid_amount[i]) if own.bid[i] == BID_NOW else NONE


def sell(w: World, own: SealedBid, host: int, least: int) -> None:
    """Sell the good at a table, if anybody bids the reserve."""
    winner = host
    highest = NONE
    second = NONE
    most = 0
    i = host
    while True:
        most = max(most, int(own.worth[i]))
        amount = amount_bid(own, i)
        wins = amount > highest or (amount == highest and own.luck[i] > own.luck[winner])
        if wins:
            second = highest
            highest = amount
            winner = i
        elif amount > second:
            second = amount
        i = int(facing(w, i))
        if i == host:
            break
    own.value_best += tick(own) * most
    if highest < least:
        return
    price = highest if own.price_rule == 1 else max(second, least)
    pay(w, face(w, winner), OUTSIDERS, tick(own) * price)
    pay(w, NATURE, face(w, winner), tick(own) * own.worth[winner])
    own.sold += 1
    own.value_won += tick(own) * own.worth[winner]
    own.revenue += tick(own) * price


def greatest_gains(w: World, own: SealedBid) -> int:
    """The most ticks that all tables can gain in a round: the highest values win at the reserve."""
    tables = 0
    for i in seats(w):
        if w.host[i] == i and facing(w, i) != i:
            tables += 1
    least = reserve_ticks(own)
    gains = 0
    for i in seats(w):
        if own.private_values[i] < 0:
            return tables * max(0, TICKS - least)
        higher = 0
        for j in seats(w):
            if own.worth[j] > own.worth[i] or (own.worth[j] == own.worth[i] and j < i):
                higher += 1
        if higher < tables:
            gains += max(0, int(own.worth[i]) - least)
    return gains


__all__ = ["BidSight", "SealedBid"]
