"""The marketplace: sellers come and go, buyers search, ask, haggle, pay, and hope for the best."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.compiler import rare
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
    scalar,
    table,
)
from posalign_sim.world.matching import seat_alone, seat_two
from posalign_sim.world.modules import Argument, Block, Decision, Game
from posalign_sim.world.record import NOBODY, Sight, World, face, seats

SELLER, BUYER = 0, 1
NONE, LOW, HIGH = range(3)
STAY, EXIT, REENTER = range(3)
PROMISE_LOW, PROMISE_HIGH = 0, 1
INQUIRE, LOOK = 1, 2
SKIP, ASK = 0, 1
CLAIM_LOW, CLAIM_HIGH = 0, 1
AGREE, COUNTER = 0, 1
REFUSE, ACCEPT = 0, 1
WALK, BUY = 0, 1
AS_PROMISED, CHEAT = 0, 1
#: How the market orders what it shows.
AT_RANDOM, BY_PRICE, BY_VALUE, BY_LISTING, BY_AGE = range(5)
#: Prices are whole numbers of ticks, at most this many; offers that a buyer is shown at most.
TICKS = 100
SHOWN = 4
# What draws are about: a seller's quality; a buyer's place in the order, and among rivals.
_QUALITY, _ORDER = 0, 1
_RIVALS, _TIES = 1 << 20, 1 << 40


class MarketSight(Sight):
    """What the marketplace tells a seat: its own goods, the offers it is shown, its deal."""

    tick: float = scalar(low=0, unit="points", summary="step of prices")
    custom_low: float = scalar(low=0, unit="points", summary="customary price of a low promise")
    custom_high: float = scalar(low=0, unit="points", summary="customary price of a high promise")
    going_price: float = scalar(low=0, unit="points", summary="what buyers last bid, mean")
    search_cost: float = scalar(low=0, unit="points", summary="cost of looking at one offer more")
    name_fee: float = scalar(low=-1, unit="points", summary="price of a new identity; -1: none")
    lemons: int = scalar(np.uint8, low=0, high=1, summary="whether quality is drawn, not chosen")
    floor: float = scalar(low=0, high=1, unit="share", summary="worst quality that is drawn")
    premium: float = scalar(
        low=1, unit="ratio", summary="a drawn good's worth: buyer's to seller's"
    )
    scale: float = scalar(low=0, unit="points", summary="seller's worth of the best drawn good")
    # a seat's own goods
    cost: Floats = per_agent(
        np.float64,
        "goods",
        3,
        low=0,
        unit="points",
        summary="seller: your cost of a good and quality",
    )
    worth: Floats = per_agent(
        np.float64,
        "goods",
        3,
        low=0,
        unit="points",
        summary="buyer: worth to you of a good and quality",
    )
    reserve: Floats = per_agent(
        low=0, unit="points", summary="seller: what parting with your good costs you"
    )
    # what a buyer is shown, one column for each offer
    shown_count: Ints = per_agent(np.int32, low=0, high=SHOWN, summary="offers that you see")
    shown_left: Ints = per_agent(
        np.int32, low=0, high=SHOWN, summary="offers that you may yet look at"
    )
    shown_seller: Ints = per_agent(
        np.uint32, SHOWN, initial=NOBODY, low=0, high=NOBODY, summary="the seller's identity"
    )
    shown_age: Ints = per_agent(
        np.int64, SHOWN, low=0, unit="rounds", summary="since when that identity exists"
    )
    shown_good: Ints = per_agent(np.int32, SHOWN, low=0, summary="which good is offered")
    shown_quality: Ints = per_agent(
        np.int32, SHOWN, low=0, high=HIGH, summary="quality promised: 0 none, 1 low, 2 high"
    )
    shown_price: Floats = per_agent(np.float64, SHOWN, low=0, unit="points", summary="its price")
    # the deal
    deal_good: Ints = per_agent(np.int32, low=0, summary="the good that is dealt in")
    deal_quality: Ints = per_agent(np.int32, low=0, high=HIGH, summary="quality promised last")
    proposal: Floats = per_agent(low=-1, unit="points", summary="the buyer's bid; -1: none yet")
    inquiries: Ints = per_agent(
        np.int32, low=0, summary="seller: buyers who came to you in this round"
    )
    last_price: Floats = per_agent(
        low=0, unit="points", summary="price of your last sale or purchase"
    )
    bought_worth: Floats = per_agent(
        initial=-1,
        low=-1,
        unit="points",
        summary="worth of what you bought in this round; -1: nothing",
    )


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
        summary="You were paid: deliver as promised, or one quality less?",
    )

    @staticmethod
    def begin(w: World, own: Marketplace) -> None:
        w.standard = 0.0
        for g in range(len(own.cost)):
            own.cost[g, LOW] = stated(own.costs_of[g, 0], own.cost_low)
            own.cost[g, HIGH] = stated(own.costs_of[g, 1], own.cost_high)
            own.value[g, LOW] = stated(own.values_of[g, 0], own.value_low)
            own.value[g, HIGH] = stated(own.values_of[g, 1], own.value_high)
        p = w.sight
        p.tick = own.tick
        p.custom_low = own.price_low
        p.custom_high = own.price_high
        p.going_price = own.scale if own.lemons == 1 else own.price_high
        p.search_cost = own.search_cost
        p.name_fee = own.reentry_fee if own.reentry_fee < np.inf else -1.0
        p.lemons = int(own.lemons)
        p.floor = own.floor
        p.premium = own.premium
        p.scale = own.scale
        for i in seats(w):
            for g in range(len(own.cost)):
                for q in range(LOW, HIGH + 1):
                    if w.role[i] == SELLER:
                        p.cost[i, g, q] = own.cost[g, q]
                    else:
                        p.worth[i, g, q] = worth_to(own, i, g, q)
        w.first_best = most_gained(w, own) / w.agents

    @staticmethod
    def forget(w: World, own: Marketplace, m: int) -> None:
        own.born[m] = w.clock + 1

    @staticmethod
    def publish(w: World, own: Marketplace) -> None:
        p = w.sight
        p.reentry_fee = min(p.reentry_fee, own.reentry_fee)
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
                quality = own.floor + (1 - own.floor) * draw(w, own, face(w, i), _QUALITY)
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
        for i in seats(w):
            own.lot[i] = 2.0
        for i in seats(w):
            if own.choose_offer[i] == NONE:
                own.searching[i] = 0
            if own.choose_offer[i] == LOOK:
                pay(w, face(w, i), NATURE, own.search_cost)
                own.seen[i] += 1
            if own.choose_offer[i] == INQUIRE:
                j = own.ranked[i, own.choose_offer_offer[i]]
                w.sight.inquiries[j] += 1
                lot = draw(w, own, face(w, i), _RIVALS + int(w.passes))
                if lot < own.lot[j]:
                    own.lot[j] = lot
                    own.winner[j] = i
        for j in seats(w):
            if own.lot[j] < 2.0:
                own.listed[j] = 0
                own.searching[own.winner[j]] = 0
                seat_two(w, j, own.winner[j])
                tell_terms(w, own, j)
        for i in seats(w):
            if own.searching[i]:
                strike_out(own, i)
                show_offers(w, own, i)

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
            if w.role[i] != SELLER or j == i or own.pay[j] != BUY:
                continue
            g = own.good[i]
            promise = int(own.promise[i])
            quality = promise - 1 if own.deliver[i] == CHEAT else promise
            cost = own.cost[g, quality]
            worth = worth_to(own, j, g, quality)
            promised = worth_to(own, j, g, promise)
            if own.lemons == 1:
                cost = own.drawn[i]
                worth = own.premium * cost
                promised = 0.0
            pay(w, face(w, i), NATURE, cost)
            pay(w, NATURE, face(w, j), worth)
            w.sight.bought_worth[j] = worth
            pledged = 0 if own.lemons == 1 else 1
            harm = 0.0 if own.lemons == 1 else promised - worth
            kept = 1.0 if own.lemons == 1 or quality >= promise else 0.0
            interact(w, face(w, i), face(w, j), kept, pledged, promised, worth, own.price[i], harm)


def stated(value: float, otherwise: float) -> float:
    """What a user gave, where something was given."""
    return value if value >= 0 else otherwise


def worth_to(own: Marketplace, j: int, good: int, quality: int) -> float:
    """What a good of a quality is worth to the buyer in seat `j`."""
    return own.tastes[j, good] * own.value[good, quality]


def parting(own: Marketplace, i: int) -> float:
    """What keeping its promise, or parting with a drawn good, costs seller `i`."""
    return own.drawn[i] if own.lemons == 1 else own.cost[own.good[i], own.promise[i]]


def best_surplus(own: Marketplace, j: int) -> float:
    """The most that one sale to buyer `j` can make."""
    if own.lemons == 1:
        return (own.premium - 1) * own.scale
    best = 0.0
    for g in range(len(own.cost)):
        for q in range(LOW, HIGH + 1):
            best = max(best, worth_to(own, j, g, q) - own.cost[g, q])
    return best


@rare
def most_gained(w: World, own: Marketplace) -> float:
    """The most that one round can make: as many buyers are served as there are sellers."""
    sellers = 0
    for i in seats(w):
        sellers += 1 if w.role[i] == SELLER else 0
    total = 0.0
    for i in seats(w):
        if w.role[i] != BUYER:
            continue
        mine = best_surplus(own, i)
        ahead = 0
        for j in seats(w):
            theirs = best_surplus(own, j) if w.role[j] == BUYER else -1.0
            if theirs > mine or (theirs == mine and w.birth_rank[j] < w.birth_rank[i]):
                ahead += 1
        total += mine if ahead < sellers else 0.0
    return total


@rare
def tell_terms(w: World, own: Marketplace, i: int) -> None:
    """Tell seller `i`, and whom it serves, the terms of its offer and what hangs on them."""
    p = w.sight
    g = own.good[i]
    promise = int(own.promise[i])
    price = own.price[i]
    gained = 0.0 if own.lemons == 1 else own.cost[g, promise] - own.cost[g, promise - 1]
    p.temptation[i] = gained
    p.reserve[i] = parting(own, i)
    p.rent[i] = price - p.reserve[i]
    p.fallback[i] = 0.0
    p.at_stake[i] = price
    p.deal_good[i] = g
    p.deal_quality[i] = stated_quality(own, promise)
    j = w.partner[i]
    if j == i:
        return
    p.exposure[j] = gained
    p.at_stake[j] = price
    p.deal_good[j] = g
    p.deal_quality[j] = p.deal_quality[i]
    p.hope[j] = worth_to(own, j, g, promise) - price
    p.risk[j] = worth_to(own, j, g, promise - 1) - price
    if own.lemons == 1:
        p.hope[j] = own.premium * own.scale - price
        p.risk[j] = own.premium * own.scale * own.floor - price


def stated_quality(own: Marketplace, promise: int) -> int:
    """The quality that an offer states: of a drawn good, none."""
    return NONE if own.lemons == 1 else promise


@rare
def rank_offers(w: World, own: Marketplace, i: int) -> None:
    """Find the offers that buyer `i` can be shown, in the market's order."""
    limit = int(own.shown)
    count = 0
    for rank in range(w.agents):
        j = w.order[rank]
        if own.listed[j] == 0:
            continue
        score = place_of(w, own, j, rank)
        tie = draw(w, own, face(w, i), _TIES + rank)
        k = count
        while k > 0 and comes_before(score, tie, own.score[i, k - 1], own.tie[i, k - 1]):
            k -= 1
        count = min(limit, count + 1)
        if k >= limit:
            continue
        for later in range(count - 1, k, -1):
            own.ranked[i, later] = own.ranked[i, later - 1]
            own.score[i, later] = own.score[i, later - 1]
            own.tie[i, later] = own.tie[i, later - 1]
        own.ranked[i, k] = j
        own.score[i, k] = score
        own.tie[i, k] = tie
    if own.batch == 1:  # the order tells nothing (Fisher & Yates 1938)
        for k in range(count - 1, 0, -1):
            other = int(draw(w, own, face(w, i), _ORDER + k) * (k + 1))
            kept = own.ranked[i, k]
            own.ranked[i, k] = own.ranked[i, other]
            own.ranked[i, other] = kept
    own.total[i] = count
    own.seen[i] = count if own.batch == 1 else min(1, count)
    own.searching[i] = 1 if count > 0 else 0


def place_of(w: World, own: Marketplace, j: int, rank: int) -> float:
    """By what the market orders the offer of seller `j`: least first."""
    if own.ranking == BY_PRICE:
        return own.price[j]
    if own.ranking == BY_VALUE:
        worth = 0.0 if own.lemons == 1 else own.value[own.good[j], own.promise[j]]
        return own.price[j] - worth
    if own.ranking == BY_LISTING:
        return float(rank)
    if own.ranking == BY_AGE:
        return float(own.born[face(w, j)])
    return 0.0


def comes_before(score: float, tie: float, other_score: float, other_tie: float) -> bool:
    """Whether an offer is ranked before another one."""
    return score < other_score or (score == other_score and tie < other_tie)


@rare
def strike_out(own: Marketplace, i: int) -> None:
    """Take what others got off buyer `i`'s list; it leaves when nothing is left."""
    kept = 0
    seen = 0
    for k in range(own.total[i]):
        j = own.ranked[i, k]
        if own.listed[j]:
            own.ranked[i, kept] = j
            kept += 1
            seen += 1 if k < own.seen[i] else 0
    own.total[i] = kept
    own.seen[i] = seen
    own.searching[i] = 1 if kept > 0 else 0


@rare
def show_offers(w: World, own: Marketplace, i: int) -> None:
    """Tell buyer `i` of the offers that it has looked at."""
    p = w.sight
    p.shown_count[i] = own.seen[i]
    p.shown_left[i] = own.total[i] - own.seen[i]
    for k in range(SHOWN):
        p.shown_seller[i, k] = NOBODY
        p.shown_age[i, k] = 0
        p.shown_good[i, k] = 0
        p.shown_quality[i, k] = NONE
        p.shown_price[i, k] = 0.0
        if k < own.seen[i]:
            j = own.ranked[i, k]
            m = face(w, j)
            p.shown_seller[i, k] = m
            p.shown_age[i, k] = w.clock - own.born[m]
            p.shown_good[i, k] = own.good[j]
            p.shown_quality[i, k] = stated_quality(own, int(own.promise[j]))
            p.shown_price[i, k] = own.price[j]
