"""The moral-hazard market: a promise is paid for before it is kept."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.fields import Floats, Ints, param, per_agent, table
from posalign_sim.world.modules import Argument, Decision, Game
from posalign_sim.world.record import World, face, seats

SELLER, BUYER = 0, 1
NONE, LOW, HIGH = range(3)
PROMISE_LOW, PROMISE_HIGH = 0, 1
WALK, BUY = 0, 1
AS_PROMISED, CHEAT = 0, 1
#: Prices are whole numbers of ticks, at most this many.
TICKS = 40


class MoralHazardMarket(Game):
    """Sellers promise a quality at a price, buyers pay or walk away, sellers deliver or cheat.

    In each round every seller posts a price and a promise (`low` or `high` quality); each buyer
    that meets a seller buys or walks; a seller who was paid delivers as promised or cheats, by
    one quality less than promised (none for low). A quality costs the seller and is worth
    something to the buyer; both are settled with nature, the price goes from buyer to seller.

    With the defaults cheating gains the seller 1 point (`g`), a sale kept earns it 3 (`r`), no
    sale 0; a buyer gains 3 if the promise is kept and 0 if not.

    Interactions: the buyer's act (cooperation 1: it bought) and the delivery (cooperation 1: as
    promised or better), with the promise, what was delivered (in the buyer's points), the price
    paid and the harm. Walking away breaks no promise: only a delivery can be a breach.

    Source: Akerlof (1970), QJE 84; Klein & Leffler (1981), JPE 89; Shapiro (1983), QJE 98.

    >>> MoralHazardMarket(price_high=6).values["price_high"].item()
    6.0
    """

    roles = ("seller", "buyer")
    interactions_per_agent = 1
    declares = ("interactions", "breach", "promises", "payment")
    customary: ClassVar = {
        "seller": ("honest", "opportunist"),
        "buyer": ("discriminating_buyer", "discriminating_buyer"),
    }
    customary_rounds = 20

    cost_low: float = param(1, 0, 1e6, "points", "seller's cost of low quality")
    cost_high: float = param(2, 0, 1e6, "points", "seller's cost of high quality")
    value_low: float = param(5, 0, 1e6, "points", "what low quality is worth to a buyer")
    value_high: float = param(8, 0, 1e6, "points", "what high quality is worth to a buyer")
    price_low: float = param(3, 0, 1e6, "points", "customary price of a low promise")
    price_high: float = param(5, 0, 1e6, "points", "customary price of a high promise")
    tick: float = param(0.5, 1e-3, 1e6, "points", "step of prices")
    cost: Floats = table(np.float64, 3)
    value: Floats = table(np.float64, 3)
    promise: Any = per_agent(np.uint8)
    price: Floats = per_agent()

    post_price: Ints

    post = Decision(
        "meet",
        ("promise_low", "promise_high"),
        arguments=(Argument("price", 0, TICKS),),
        roles=("seller",),
        summary="Which quality to promise, and at which price (in ticks)?",
    )
    pay = Decision("play", ("walk", "buy"), roles=("buyer",), summary="Buy at this price, or walk?")
    deliver = Decision(
        "play",
        ("as_promised", "cheat"),
        roles=("seller",),
        noisy=True,
        kept="as_promised",
        broken="cheat",
        summary="You were paid: deliver as promised, or one quality less?",
    )

    @staticmethod
    def begin(w: World, own: MoralHazardMarket) -> None:
        own.cost[LOW] = own.cost_low
        own.cost[HIGH] = own.cost_high
        own.value[LOW] = own.value_low
        own.value[HIGH] = own.value_high
        w.standard = 0.0
        sellers = 0
        for i in seats(w):
            if w.role[i] == SELLER:
                sellers += 1
        pairs = min(sellers, w.agents - sellers)
        surplus = max(own.value_high - own.cost_high, own.value_low - own.cost_low)
        w.first_best = pairs * max(0.0, surplus) / w.agents

    @staticmethod
    def default_post(w: World, own: MoralHazardMarket, i: int) -> tuple[int, int]:
        # The customary offer: high quality at its customary price.
        return PROMISE_HIGH, min(TICKS, int(np.rint(own.price_high / own.tick)))

    @staticmethod
    def after_post(w: World, own: MoralHazardMarket) -> None:
        p = w.sight
        for i in seats(w):
            p.temptation[i] = 0.0
            if w.role[i] != SELLER:
                continue
            promise = HIGH if own.post[i] == PROMISE_HIGH else LOW
            price = own.tick * own.post_price[i]
            own.promise[i] = promise
            own.price[i] = price
            p.temptation[i] = own.cost[promise] - own.cost[promise - 1]
            p.rent[i] = price - own.cost[promise]
            p.fallback[i] = 0.0
            p.at_stake[i] = price
            j = w.partner[i]
            p.exposure[j] = p.temptation[i]
            p.at_stake[j] = price
            p.hope[j] = own.value[promise] - price
            p.risk[j] = own.value[promise - 1] - price

    @staticmethod
    def who_pay(w: World, own: MoralHazardMarket, i: int) -> bool:
        return w.partner[i] != i

    @staticmethod
    def after_pay(w: World, own: MoralHazardMarket) -> None:
        for i in seats(w):
            if w.role[i] == BUYER and own.pay[i] >= 0:
                seller = w.partner[i]
                bought = own.pay[i] == BUY
                if bought:
                    pay(w, face(w, i), face(w, seller), own.price[seller])
                cooperation = 1.0 if bought else 0.0
                interact(w, face(w, i), face(w, seller), cooperation, 0, 0.0, 0.0, 0.0, 0.0)

    @staticmethod
    def who_deliver(w: World, own: MoralHazardMarket, i: int) -> bool:
        return w.partner[i] != i and own.pay[w.partner[i]] == BUY

    @staticmethod
    def play(w: World, own: MoralHazardMarket) -> None:
        for i in seats(w):
            if w.role[i] != SELLER or own.deliver[i] < 0:
                continue
            buyer = w.partner[i]
            promise = own.promise[i]
            quality = promise if own.deliver[i] == AS_PROMISED else promise - 1
            pay(w, face(w, i), NATURE, own.cost[quality])
            pay(w, NATURE, face(w, buyer), own.value[quality])
            interact(
                w,
                face(w, i),
                face(w, buyer),
                1.0 if quality >= promise else 0.0,
                1,
                own.value[promise],
                own.value[quality],
                own.price[i],
                own.value[promise] - own.value[quality],
            )
