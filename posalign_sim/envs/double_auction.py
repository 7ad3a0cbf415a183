"""The double auction: buyers and sellers quote prices for one good, continuously or all at once."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.envs.order_book import act, clear_market, shout, take_away, tell_stakes
from posalign_sim.envs.trading_day import (
    BUYER,
    NONE,
    PRICES,
    TAPE,
    TICKS,
    TURNS,
    UNITS,
    greatest_gains,
    may_quote,
    open_day,
    set_limits,
)
from posalign_sim.world.accounts import NATURE, OUTSIDERS, pay
from posalign_sim.world.draws import draw_world
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.fields import Floats, Ints, given, param, per_agent, scalar
from posalign_sim.world.fields import table as array
from posalign_sim.world.modules import Argument, Block, Decision, Game
from posalign_sim.world.record import Sight, World, face

HOLD, QUOTE, CANCEL = range(3)
HONOUR, DEFAULT = 0, 1
#: The most shouts that can be published.
LONGEST_TAPE = 4096


class AuctionSight(Sight):
    """What a trader sees: its own limits and quote, the best quotes and what was shouted last."""

    limit: Ints = per_agent(
        np.int64, low=0, unit="ticks", summary="the price of your next unit that gains you nothing"
    )
    least: Ints = per_agent(np.int64, low=0, unit="ticks", summary="least price you may quote")
    greatest: Ints = per_agent(np.int64, low=0, unit="ticks", summary="greatest such price")
    units_left: Ints = per_agent(np.int64, low=0, unit="units", summary="that you can still trade")
    traded: Ints = per_agent(np.int64, low=0, unit="units", summary="that you have traded today")
    own_quote: Ints = per_agent(
        np.int64, initial=NONE, low=NONE, unit="ticks", summary="your standing quote; -1: none"
    )
    sealed: int = scalar(low=0, high=1, summary="1: all quote at once; 0: one after the other")
    ceiling: int = scalar(np.int64, low=0, high=TICKS, unit="ticks", summary="highest price")
    best_bid: int = scalar(np.int64, low=NONE, unit="ticks", summary="highest standing bid, or -1")
    best_ask: int = scalar(np.int64, low=NONE, unit="ticks", summary="lowest standing ask, or -1")
    steps_left: int = scalar(np.int64, low=0, unit="turns", summary="of quoting left today")
    deals: int = scalar(np.int64, low=0, unit="units", summary="traded by all today")
    last_price: Floats = array(
        np.float64, PRICES, initial=NONE, low=NONE, unit="ticks", summary="of a trade, newest first"
    )
    shouts: int = scalar(np.int64, low=0, summary="quotes so far; number k is at k mod their room")
    shout_price: Ints = array(
        np.int16, "tape", low=0, high=TICKS, unit="ticks", summary="quoted, or traded at"
    )
    shout_kind: Ints = array(
        np.int16, "tape", low=0, high=3, summary="0: bid, 1: ask; 2: the bid was taken, 3: the ask"
    )


class DoubleAuction(Game):
    """Buyers and sellers of one good quote prices; who quotes well enough trades. A round is a day.

    Each trader can trade some units a day. A unit is worth its value to a buyer and costs a seller
    its cost (`limits`, in points, for each unit in the order in which they are traded). They are
    given, or drawn uniformly from `low` to `high` (in whole ticks if `whole`), anew each day or,
    without `redraw`, once. A trade pays the seller the price; value and cost are settled with
    nature when the day is over. All traders are in one market, however they are seated.

    Continuous market (`call` 0). In each of `steps` turns one of the traders who have units left,
    all equally likely, holds, quotes a price (from 1 tick to the ceiling) or cancels its quote; who
    has traded its last unit, or may quote no price, gets no turn. A quote that reaches the best
    quote of the other side trades at once, at the price of the one that stood. Otherwise, if the
    book is `cleared`: it stands if it is better than the best of its own side, whose place it
    takes, and is void if not; after each trade no quote stands. If the book persists (`cleared` 0):
    all quotes stand, one a trader, the new in the place of the old; the best price is served first,
    at the same price the earliest quote; a trade takes away only the quotes of those who traded.
    The day ends after `steps` turns, or before, when one side has no units left or (if quotes are
    `constrained`) no two traders are left who could gain from each other.

    Call market (`call` 1). All quote at once, for one unit each; as many calls a day as there are
    units. The highest bids trade with the lowest asks as long as they reach them; who comes first
    among equals is drawn. By `clearing` 0 all trade at one price, the share `k` of the way from
    the lowest to the highest that clears the market. By `clearing` 1 (McAfee) they trade at the
    middle of the first bid and ask that do not trade (0 and the ceiling where there is none), if
    the last pair accepts that; if not the last pair stays out, buyers pay its bid, sellers get its
    ask, and the auctioneer, an outsider, keeps the difference.

    Where quotes are `constrained` nobody may quote a loss. With `settlement` each trader decides
    at the end of the day whether it honours its trades: who defaults does not pay, or does not
    deliver, and the other side is not set free by that.

    Interactions: two for each trade, of the buyer towards the seller and back. Cooperation is 1 for
    an act that keeps the trade, if the unit is worth its cost, and 0 for one that does not, or if
    the trade destroys value. With `settlement` it is a promise, of the price or of the value of the
    unit, which is the harm if it is broken; what was paid for it is what the other side gave up.

    A seat is told its own limits and quote, the best quotes, the last prices and the latest shouts.

    Source: Smith (1962), JPE 70; Gode & Sunder (1993), JPE 101; McAfee (1992), JET 56; k-prices
    from Rustichini, Satterthwaite & Williams (1994), Econometrica 62.

    >>> DoubleAuction(limits=[[9], [8], [2], [3]]).dimensions["units"]
    1
    """

    roles = ("buyer", "seller")
    table = 0
    interactions_per_agent = UNITS
    declares = ("interactions", "breach", "promises", "payment")
    own_dimensions: ClassVar = {"units": 1, "tape": TAPE}
    sight = AuctionSight
    customary: ClassVar = {
        "buyer": ("zero_intelligence",) * 4,
        "seller": ("zero_intelligence",) * 4,
    }
    customary_rounds = 1

    call: float = param(0, 0, 1, "0 or 1", "1: all quote at once")
    steps: float = param(40, 1, 1e5, "turns", "of quoting in a day")
    cleared: float = param(1, 0, 1, "0 or 1", "1: only the best quotes stand, none after a trade")
    constrained: float = param(1, 0, 1, "0 or 1", "1: nobody may quote a loss")
    clearing: float = param(0, 0, 1, "0 or 1", "of calls: at one price, or McAfee's rule")
    k: float = param(0.5, 0, 1, "share", "how far up the price lies among those that clear")
    settlement: float = param(0, 0, 1, "0 or 1", "1: traders may default on their trades")
    redraw: float = param(1, 0, 1, "0 or 1", "1: limits are drawn anew each day")
    whole: float = param(1, 0, 1, "0 or 1", "1: limits are drawn in whole ticks")
    low: float = param(1, 0, 1e6, "points", "least value or cost that is drawn")
    high: float = param(400, 0, 1e6, "points", "greatest")
    tick: float = param(1, 1e-3, 1e6, "points", "step of prices")
    ceiling: float = param(400, 1, TICKS, "ticks", "highest price")

    limits: Floats = given(np.float64, "agents", "units", initial=NONE, low=0, high=1e6)
    # today's limits, in points; that of the next unit in whole ticks, so that it is no loss, and
    # what may be quoted for it
    worth: Floats = per_agent(np.float64, "units")
    bound: Ints = per_agent(np.int64)
    least: Ints = per_agent(np.int64)
    greatest: Ints = per_agent(np.int64)
    # who can still trade: `live` seats, in any order, and where each stands among them
    queue: Ints = per_agent(np.uint32)
    spot: Ints = per_agent(np.uint32)
    live: int = scalar(np.int64)
    buyers: int = scalar(np.int64)
    step: int = scalar(np.int64)
    calls: int = scalar(np.int64)
    # the book: each trader's standing quote and its time; the best of both sides (buyers first)
    quoted: Ints = per_agent(np.int64)
    stamp: Ints = per_agent(np.int64)
    best: Ints = array(np.int64, 2)
    holder: Ints = array(np.uint32, 2)
    # each buyer's trades of today: seller, which of its units, what is paid and what is got
    traded: Ints = per_agent(np.int64)
    supplier: Ints = per_agent(np.uint32, "units")
    supplied: Ints = per_agent(np.uint32, "units")
    charged: Floats = per_agent(np.float64, "units")
    earned: Floats = per_agent(np.float64, "units")
    # a call's quotes in the order in which they are served, buyers' and sellers'
    rank: Ints = array(np.uint32, 2, "agents")
    urge: Floats = per_agent()
    tie: Floats = per_agent()
    # what was traded on the last day (prices in ticks), gained on it and on all, and the most
    # that could have been
    day_trades: int = scalar(np.int64)
    day_prices: float = scalar()
    day_squares: float = scalar()
    day_best: float = scalar()
    trades: int = scalar(np.int64)
    gains: float = scalar()
    most_gains: float = scalar()

    quote_price: Ints
    sealed_quote_price: Ints

    quote = Decision(
        "play",
        ("hold", "quote", "cancel"),
        arguments=(Argument("price", 0, TICKS, choices=("quote",), unit="ticks"),),
        summary="It is your turn: hold, quote a price, or cancel your quote?",
    )
    sealed_quote = Decision(
        "play",
        ("hold", "quote"),
        arguments=(Argument("price", 0, TICKS, choices=("quote",), unit="ticks"),),
        summary="Everybody quotes at once for one unit: at which price, if at all?",
    )
    settle_trade = Decision(
        "play",
        ("honour", "default"),
        default="honour",
        noisy=True,
        kept="honour",
        broken="default",
        summary="Do you pay or deliver what you traded today?",
    )
    trading = Block(("quote",))
    calling = Block(("sealed_quote",))

    def __init__(
        self, name: str = "", strength: Any = "enforced", tape: int = TAPE, **parameters: Any
    ) -> None:
        """See the class; `tape` is how many shouts are published, the same in all worlds."""
        super().__init__(name, strength, **parameters)
        if not 1 <= tape <= LONGEST_TAPE:
            raise ConfigurationError(f"{self.name}.tape is {tape}, not 1 to {LONGEST_TAPE} shouts")
        self.dimensions["tape"] = tape
        if self.dimensions["units"] > UNITS:
            raise ConfigurationError(
                f"{self.name}.limits has {self.dimensions['units']} units a trader, at most {UNITS}"
            )
        if (self.values["low"] > self.values["high"]).any():
            raise ConfigurationError(f"{self.name}.low is above its high")

    @staticmethod
    def begin(w: World, own: DoubleAuction) -> None:
        # Only a promise can be broken.
        w.standard = 0.0

    @staticmethod
    def meet(w: World, own: DoubleAuction) -> None:
        known = own.limits[w.order[0], 0] >= 0
        if w.clock == 0 or (own.redraw == 1 and not known):
            set_limits(w, own, known)
            own.day_best = greatest_gains(w, own)
            if w.clock == 0:
                w.first_best = own.day_best / w.agents
                if own.redraw == 1 and not known:
                    most = min(own.buyers, int(w.agents) - own.buyers) * own.worth.shape[1]
                    w.first_best = most * (own.high - own.low) / w.agents
        open_day(w, own)

    # --- the continuous market ---

    @staticmethod
    def turn_quote(w: World, own: DoubleAuction) -> int:
        if own.live == 0:
            return w.order[0]
        return own.queue[int(draw_world(w, own, TURNS + int(w.passes)) * own.live)]

    @staticmethod
    def who_quote(w: World, own: DoubleAuction, i: int) -> bool:
        return own.call == 0 and own.live > 0

    @staticmethod
    def mask_quote(w: World, own: DoubleAuction, i: int, choice: int) -> bool:
        if choice == QUOTE:
            return may_quote(w, own, i)
        return choice == HOLD or own.quoted[i] >= 0

    @staticmethod
    def bounds_quote(w: World, own: DoubleAuction, i: int, k: int) -> tuple[int, int]:
        return own.least[i], max(own.least[i], own.greatest[i])

    @staticmethod
    def after_quote(w: World, own: DoubleAuction) -> None:
        if own.call == 1 or own.live == 0:
            return
        i = int(w.turn)
        own.step += 1
        if own.quote[i] == CANCEL:
            take_away(w, own, i)
        elif own.quote[i] == QUOTE:
            price = int(own.quote_price[i])
            # Whoever acts in a seat's place may not be able to do what it chooses.
            if own.least[i] <= price <= own.greatest[i]:
                shout(w, own, i, price)
        w.sight.steps_left -= 1

    @staticmethod
    def again_trading(w: World, own: DoubleAuction) -> bool:
        return own.call == 0 and own.live > 0 and own.step < own.steps

    # --- the call market ---

    @staticmethod
    def who_sealed_quote(w: World, own: DoubleAuction, i: int) -> bool:
        return own.call == 1 and own.live > 0 and may_quote(w, own, i)

    @staticmethod
    def mask_sealed_quote(w: World, own: DoubleAuction, i: int, choice: int) -> bool:
        return choice == HOLD or may_quote(w, own, i)

    @staticmethod
    def bounds_sealed_quote(w: World, own: DoubleAuction, i: int, k: int) -> tuple[int, int]:
        return own.least[i], max(own.least[i], own.greatest[i])

    @staticmethod
    def after_sealed_quote(w: World, own: DoubleAuction) -> None:
        if own.call == 1 and own.live > 0:
            clear_market(w, own)
            own.calls += 1
        if own.settlement == 1:
            tell_stakes(w, own)

    @staticmethod
    def again_calling(w: World, own: DoubleAuction) -> bool:
        return own.call == 1 and own.live > 0 and own.calls < own.worth.shape[1]

    # --- settlement ---

    @staticmethod
    def who_settle_trade(w: World, own: DoubleAuction, i: int) -> bool:
        return own.settlement == 1 and own.traded[i] > 0

    @staticmethod
    def play(w: World, own: DoubleAuction) -> None:
        promised = 1 if own.settlement == 1 else 0
        for rank in range(w.agents):
            i = w.order[rank]
            if w.role[i] != BUYER:
                continue
            for unit in range(own.traded[i]):
                j = own.supplier[i, unit]
                charged, earned = own.charged[i, unit], own.earned[i, unit]
                value, cost = own.worth[i, unit], own.worth[j, own.supplied[i, unit]]
                paid = own.settle_trade[i] != DEFAULT
                delivered = own.settle_trade[j] != DEFAULT
                if paid:
                    pay(w, face(w, i), face(w, j), earned)
                    pay(w, face(w, i), OUTSIDERS, charged - earned)
                if delivered:
                    pay(w, face(w, j), NATURE, cost)
                    pay(w, NATURE, face(w, i), value)
                    own.gains += value - cost
                gainful = value >= cost
                act(w, i, j, promised, charged, paid, gainful, cost if delivered else 0.0)
                act(w, j, i, promised, value, delivered, gainful, charged if paid else 0.0)
        own.most_gains += own.day_best
        own.trades += own.day_trades


__all__ = ["AuctionSight", "DoubleAuction"]
