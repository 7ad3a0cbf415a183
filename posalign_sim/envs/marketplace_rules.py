"""How the marketplace ranks and shows offers, who is served, and what a delivery is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posalign_sim.envs.marketplace_sight import HIGH, LOW, NONE, SHOWN
from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.matching import seat_two
from posalign_sim.world.record import NOBODY, World, face, seats

if TYPE_CHECKING:
    from posalign_sim.envs.marketplace import Marketplace

SELLER, BUYER = 0, 1
INQUIRE, LOOK = 1, 2
AS_PROMISED, CHEAT = 0, 1
#: How the market orders what it shows.
AT_RANDOM, BY_PRICE, BY_VALUE, BY_LISTING, BY_AGE = range(5)
# What draws are about: a seller's quality; a buyer's place in the order, and among rivals.
QUALITY, _ORDER = 0, 1
_RIVALS, _TIES = 1 << 20, 1 << 40


@rare
def set_prices(own: Marketplace) -> None:
    """What each good of each quality costs and is worth: as given, else as the parameters say."""
    for g in range(len(own.cost)):
        own.cost[g, LOW] = stated(own.costs_of[g, 0], own.cost_low)
        own.cost[g, HIGH] = stated(own.costs_of[g, 1], own.cost_high)
        own.value[g, LOW] = stated(own.values_of[g, 0], own.value_low)
        own.value[g, HIGH] = stated(own.values_of[g, 1], own.value_high)


@rare
def tell_market(w: World, own: Marketplace) -> None:
    """Tell everybody the market's terms, and each seat what goods cost it or are worth to it."""
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


def serve(w: World, own: Marketplace) -> None:
    """After the buyers have looked or inquired: who is served, and what is left for the others."""
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


def hand_over(w: World, own: Marketplace, i: int, j: int) -> None:
    """Seller `i`, who was paid, delivers to buyer `j`."""
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
