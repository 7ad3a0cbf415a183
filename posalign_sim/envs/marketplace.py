"""The marketplace: sellers come and go, buyers search, ask, haggle, pay, and hope for the best."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.envs.marketplace_rules import (
    BUYER,
    INQUIRE,
    QUALITY,
    SELLER,
    hand_over,
    most_gained,
    parting,
    rank_offers,
    serve,
    set_prices,
    show_offers,
    tell_market,
    tell_terms,
)
from posalign_sim.envs.marketplace_sight import HIGH, LOW, NONE, SHOWN, MarketSight
from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.conduct import drop, interact
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import (
    Flags,
    Floats,
    Ints,
    given,
    param,
    per_agent,
    per_identity,
    table,
)
from posalign_sim.world.matching import seat_alone
from posalign_sim.world.modules import Argument, Block, Decision, Game
from posalign_sim.world.record import World, face, seats

STAY, EXIT, REENTER = range(3)
PROMISE_LOW, PROMISE_HIGH = 0, 1
SKIP, ASK = 0, 1
CLAIM_LOW, CLAIM_HIGH = 0, 1
AGREE, COUNTER = 0, 1
REFUSE, ACCEPT = 0, 1
WALK, BUY = 0, 1
#: Prices are whole numbers of ticks, at most this many.
TICKS = 100


class Marketplace(Game):
    """Sellers list offers, buyers search, ask, bid and pay or walk, sellers deliver or cheat.

    A round: a seller stays, exits for this round, or re-enters: it pays `reentry_fee`, sells once
    more under its name and is a stranger from the next round on (by default nobody can). Who is
    in lists an offer: a good, a promised quality (`low`, `high`) and a price in ticks. Each buyer
    is shown up to `shown` offers, chosen and ordered by `ranking` (0 at random, 1 cheapest first,
    2 best value for its price, 3 by seniority of the seller's seat, 4 oldest identity; ties at
    random). With `batch` 1 it sees them all at once, in random order; with 0 the first alone, and
    each `look` at the next costs `search_cost`. It inquires about one, or leaves. A seller serves
    one buyer a round, drawn among those who come at once; the others go on with what is left.

    Then the buyer may ask about the quality, and what the seller answers is its promise; the buyer
    agrees to the price or counters (refused, the old price stands), and buys or walks. A seller
    who was paid delivers as promised or cheats: one quality less. Costs and worth (`costs_of`,
    `values_of`: `[goods, low and high]`, else the parameters; times a buyer's `tastes`) are
    settled with nature, as are `search_cost` and `reentry_fee`.

    With `lemons` 1 nothing is promised or delivered otherwise: each round every seller has a good
    of quality q, uniform on [`floor`, 1], which it alone sees; it is worth q `scale` to the seller
    and `premium` q `scale` to a buyer.

    Interactions: as in the moral-hazard market, the buyer's act (cooperation 1: it bought) and
    the delivery (1: as promised or better), with the promise, what was delivered in the buyer's
    points, the price and the harm. Lemons are sold without a promise and so break none.

    Each seat is told its own costs or worth and its own quality; a buyer the offers that it has
    looked at, with the seller's identity and its age; both sides of a deal its terms; everybody
    the mean of the last bids.

    Source: Bansal et al. (2025), Magentic Marketplace (search, message, proposal, payment;
    order of offers); Akerlof (1970), QJE 84; Klein & Leffler (1981), JPE 89; Shapiro (1983), QJE
    98; Friedman & Resnick (2001), JEMS 10 (new identities).

    >>> Marketplace(ranking=3, batch=0, search_cost=0.1).values["ranking"].item()
    3.0
    """

    roles = ("seller", "buyer")
    interactions_per_agent = 1
    declares = ("interactions", "breach", "promises", "payment")
    sight = MarketSight
    own_dimensions: ClassVar = {"goods": 2}
    customary: ClassVar = {
        "seller": ("honest", "opportunist", "posted_price_seller"),
        "buyer": ("discriminating_buyer", "best_value_buyer", "first_proposal_buyer"),
    }
    customary_rounds = 20

    cost_low: float = param(1, 0, 1e6, "points", "seller's cost of low quality")
    cost_high: float = param(2, 0, 1e6, "points", "seller's cost of high quality")
    value_low: float = param(5, 0, 1e6, "points", "what low quality is worth to a buyer")
    value_high: float = param(8, 0, 1e6, "points", "what high quality is worth to a buyer")
    price_low: float = param(3, 0, 1e6, "points", "customary price of a low promise")
    price_high: float = param(5, 0, 1e6, "points", "customary price of a high promise")
    tick: float = param(0.5, 1e-3, 1e5, "points", "step of prices")
    shown: float = param(SHOWN, 1, SHOWN, "offers", "how many a buyer can see")
    ranking: float = param(0, 0, 4, "0 to 4", "random, price, value, listing, age of identity")
    batch: float = param(1, 0, 1, "0 or 1", "1: all at once in random order; 0: one by one")
    search_cost: float = param(0, 0, 1e6, "points", "cost of looking at one offer more")
    reentry_fee: float = param(np.inf, 0, np.inf, "points", "price of a new identity")
    lemons: float = param(0, 0, 1, "0 or 1", "1: quality is drawn, and known to the seller alone")
    floor: float = param(0, 0, 1, "share", "worst quality that is drawn")
    premium: float = param(1.5, 1, 10, "ratio", "a drawn good's worth: buyer's to seller's")
    scale: float = param(10, 0, 1e6, "points", "seller's worth of the best drawn good")
    costs_of: Floats = given(np.float64, "goods", 2, initial=-1, low=0, high=1e6, unit="points")
    values_of: Floats = given(np.float64, "goods", 2, initial=-1, low=0, high=1e6, unit="points")
    tastes: Floats = given(np.float64, "agents", "goods", initial=1, low=0, high=10)
    cost: Floats = table(np.float64, "goods", 3)
    value: Floats = table(np.float64, "goods", 3)
    born: Ints = per_identity(np.int64)
    # offers and deals, at the seller's seat
    listed: Flags = per_agent(np.uint8)
    good: Ints = per_agent(np.uint32)
    promise: Any = per_agent(np.uint8)
    price: Floats = per_agent()
    drawn: Floats = per_agent()
    lot: Floats = per_agent()
    winner: Ints = per_agent(np.uint32)
    # the search, at the buyer's seat: sellers in order, how many there are, how many it has seen
    ranked: Ints = per_agent(np.uint32, SHOWN)
    score: Floats = per_agent(np.float64, SHOWN)
    tie: Floats = per_agent(np.float64, SHOWN)
    total: Ints = per_agent(np.int32)
    seen: Ints = per_agent(np.int32)
    searching: Flags = per_agent(np.uint8)
    bid: Floats = per_agent()
    struck: Flags = per_agent(np.uint8)

    list_offer_good: Ints
    list_offer_price: Ints
    choose_offer_offer: Ints
    propose_price_price: Ints

    presence = Decision(
        "meet",
        ("stay", "exit", "reenter"),
        default="stay",
        roles=("seller",),
        summary="Be in the market, stay out of this round, or pay for a new identity?",
    )
    list_offer = Decision(
        "meet",
        ("promise_low", "promise_high"),
        arguments=(Argument("good", 0, "goods"), Argument("price", 0, TICKS, unit="ticks")),
        roles=("seller",),
        summary="Which quality of which good to promise, and at which price (in ticks)?",
    )
    choose_offer = Decision(
        "meet",
        ("none", "inquire", "look"),
        arguments=(Argument("offer", 0, SHOWN - 1, choices=("inquire",)),),
        roles=("buyer",),
        summary="Inquire about one of the offers shown, look at one more, or leave?",
    )
    search = Block(("choose_offer",))
    ask_quality = Decision(
        "agree",
        ("skip", "ask"),
        default="skip",
        roles=("buyer",),
        summary="Ask the seller which quality it will deliver?",
    )
    claim_quality = Decision(
        "agree",
        ("claim_low", "claim_high"),
        roles=("seller",),
        summary="You were asked which quality you will deliver: which do you promise?",
    )
    propose_price = Decision(
        "agree",
        ("agree", "counter"),
        arguments=(Argument("price", 0, TICKS, choices=("counter",), unit="ticks"),),
        default="agree",
        roles=("buyer",),
        summary="Agree to the price, or propose another one (in ticks)?",
    )
    accept_proposal = Decision(
        "agree",
        ("refuse", "accept"),
        roles=("seller",),
        summary="Refuse the price that the buyer proposes, or accept it?",
    )
    pay = Decision("play", ("walk", "buy"), roles=("buyer",), summary="Buy at this price, or walk?")
    deliver = Decision(
        "play",
        ("as_promised", "cheat"),
        roles=("seller",),
        default="as_promised",
        noisy=True,
        kept="as_promised",
        broken="cheat",
        summary="You were paid: deliver as promised, or one quality less?",
    )

    @staticmethod
    def begin(w: World, own: Marketplace) -> None:
        w.standard = 0.0
        set_prices(own)
        tell_market(w, own)
        w.first_best = most_gained(w, own) / w.agents

    @staticmethod
    def forget(w: World, own: Marketplace, m: int) -> None:
        own.born[m] = w.clock + 1

    @staticmethod
    def publish(w: World, own: Marketplace) -> None:
        p = w.sight
        for at in range(len(p.reentry_fee)):
            p.reentry_fee[at] = min(p.reentry_fee[at], own.reentry_fee)
        for i in seats(w):
            p.temptation[i] = 0.0
            p.exposure[i] = 0.0
            p.at_stake[i] = 0.0
            p.hope[i] = 0.0
            p.risk[i] = 0.0
            p.shown_count[i] = 0
            p.shown_left[i] = 0
            p.deal_good[i] = 0
            p.deal_quality[i] = NONE
            p.proposal[i] = -1.0
            p.inquiries[i] = 0
            p.bought_worth[i] = -1.0
            if own.lemons == 1 and w.role[i] == SELLER:
                quality = own.floor + (1 - own.floor) * draw(w, own, face(w, i), QUALITY)
                own.drawn[i] = own.scale * quality
                p.reserve[i] = own.drawn[i]

    @staticmethod
    def mask_presence(w: World, own: Marketplace, i: int, choice: int) -> bool:
        return choice != REENTER or own.reentry_fee < np.inf

    @staticmethod
    def after_presence(w: World, own: Marketplace) -> None:
        for i in seats(w):
            own.listed[i] = 1 if own.presence[i] == STAY or own.presence[i] == REENTER else 0
            if own.presence[i] == REENTER:
                pay(w, face(w, i), NATURE, own.reentry_fee)
                drop(w, face(w, i))

    @staticmethod
    def who_list_offer(w: World, own: Marketplace, i: int) -> bool:
        return own.listed[i] == 1

    @staticmethod
    def after_list_offer(w: World, own: Marketplace) -> None:
        for i in seats(w):
            seat_alone(w, i)
            if own.listed[i]:
                own.good[i] = own.list_offer_good[i]
                own.promise[i] = HIGH if own.list_offer[i] == PROMISE_HIGH else LOW
                own.price[i] = own.tick * own.list_offer_price[i]
                tell_terms(w, own, i)
        for i in seats(w):
            own.searching[i] = 0
            own.struck[i] = 0
            if w.role[i] == BUYER:
                rank_offers(w, own, i)
                show_offers(w, own, i)

    @staticmethod
    def who_choose_offer(w: World, own: Marketplace, i: int) -> bool:
        return own.searching[i] == 1

    @staticmethod
    def mask_choose_offer(w: World, own: Marketplace, i: int, choice: int) -> bool:
        if choice == INQUIRE:
            return own.seen[i] > 0
        return choice == NONE or own.seen[i] < own.total[i]

    @staticmethod
    def bounds_choose_offer(w: World, own: Marketplace, i: int, k: int) -> tuple[int, int]:
        return 0, max(0, own.seen[i] - 1)

    @staticmethod
    def after_choose_offer(w: World, own: Marketplace) -> None:
        serve(w, own)

    @staticmethod
    def again_search(w: World, own: Marketplace) -> bool:
        looking = 0
        for i in seats(w):
            looking += own.searching[i]
        return looking > 0

    @staticmethod
    def who_ask_quality(w: World, own: Marketplace, i: int) -> bool:
        return w.partner[i] != i and own.lemons == 0

    @staticmethod
    def who_claim_quality(w: World, own: Marketplace, i: int) -> bool:
        return w.partner[i] != i and own.ask_quality[w.partner[i]] == ASK

    @staticmethod
    def default_claim_quality(w: World, own: Marketplace, i: int) -> int:
        return CLAIM_HIGH if own.promise[i] == HIGH else CLAIM_LOW

    @staticmethod
    def after_claim_quality(w: World, own: Marketplace) -> None:
        for i in seats(w):
            if own.claim_quality[i] >= 0:
                own.promise[i] = HIGH if own.claim_quality[i] == CLAIM_HIGH else LOW
                tell_terms(w, own, i)

    @staticmethod
    def who_propose_price(w: World, own: Marketplace, i: int) -> bool:
        return w.partner[i] != i

    @staticmethod
    def after_propose_price(w: World, own: Marketplace) -> None:
        bids = 0
        total = 0.0
        for rank in range(w.agents):
            i = w.order[rank]
            if own.propose_price[i] < 0:
                continue
            j = w.partner[i]
            agreed = own.propose_price[i] == AGREE
            own.struck[i] = 1 if agreed else 0
            own.bid[i] = own.price[j] if agreed else own.tick * own.propose_price_price[i]
            w.sight.proposal[i] = own.bid[i]
            w.sight.proposal[j] = own.bid[i]
            bids += 1
            total += own.bid[i]
        if bids > 0:
            w.sight.going_price = total / bids

    @staticmethod
    def who_accept_proposal(w: World, own: Marketplace, i: int) -> bool:
        return w.partner[i] != i and own.propose_price[w.partner[i]] == COUNTER

    @staticmethod
    def default_accept_proposal(w: World, own: Marketplace, i: int) -> int:
        # Whatever covers what the sale costs is better than the risk of none.
        return ACCEPT if own.bid[w.partner[i]] >= parting(own, i) else REFUSE

    @staticmethod
    def after_accept_proposal(w: World, own: Marketplace) -> None:
        for i in seats(w):
            if own.accept_proposal[i] == ACCEPT:
                own.price[i] = own.bid[w.partner[i]]
                own.struck[w.partner[i]] = 1
                tell_terms(w, own, i)

    @staticmethod
    def who_pay(w: World, own: Marketplace, i: int) -> bool:
        return w.partner[i] != i

    @staticmethod
    def default_pay(w: World, own: Marketplace, i: int) -> int:
        # What was agreed on is paid.
        return BUY if own.struck[i] else WALK

    @staticmethod
    def after_pay(w: World, own: Marketplace) -> None:
        for i in seats(w):
            if own.pay[i] >= 0:
                seller = w.partner[i]
                bought = own.pay[i] == BUY
                if bought:
                    pay(w, face(w, i), face(w, seller), own.price[seller])
                    w.sight.last_price[i] = own.price[seller]
                    w.sight.last_price[seller] = own.price[seller]
                cooperation = 1.0 if bought else 0.0
                interact(w, face(w, i), face(w, seller), cooperation, 0, 0.0, 0.0, 0.0, 0.0)

    @staticmethod
    def who_deliver(w: World, own: Marketplace, i: int) -> bool:
        return w.partner[i] != i and own.pay[w.partner[i]] == BUY and own.lemons == 0

    @staticmethod
    def play(w: World, own: Marketplace) -> None:
        for i in seats(w):
            j = w.partner[i]
            if w.role[i] == SELLER and j != i and own.pay[j] == BUY:
                hand_over(w, own, i, j)
