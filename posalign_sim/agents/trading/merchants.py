"""Sellers and buyers of the marketplace, and what others need to know to trade there."""

from __future__ import annotations

import numpy as np

from posalign_sim.envs.marketplace import (
    ACCEPT,
    AGREE,
    COUNTER,
    EXIT,
    PROMISE_HIGH,
    PROMISE_LOW,
    REFUSE,
    STAY,
    TICKS,
)
from posalign_sim.envs.marketplace_rules import AS_PROMISED, CHEAT, INQUIRE, LOOK
from posalign_sim.envs.marketplace_sight import HIGH, NONE, MarketSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import in_bad_standing, parameter, standing

#: The choice to have none of the offers that are shown.
LEAVE = 0
#: What a buyer of lemons keeps in mind: whether it has a belief, and the mean quality it expects.
BELIEVES, QUALITY = 0, 1


# --- what anybody needs to trade --------------------------------------------------------------


def in_ticks(p: MarketSight, points: float) -> int:
    """A price in whole ticks, as near as there are."""
    return min(TICKS, max(0, int(np.rint(points / p.tick))))


@rare
def custom_offer(p: MarketSight, i: int, quality: int) -> tuple[int, int, int]:
    """The customary offer: of the good that costs least, at the customary price or what it costs.

    Args:
        p: sight.
        i: seat of the seller.
        quality: what is promised.

    Returns:
        Choice at `list_offer`, good, and price in ticks.
    """
    good = 0
    for g in range(p.cost.shape[1]):
        if p.cost[i, g, quality] < p.cost[i, good, quality]:
            good = g
    price = p.custom_high if quality == HIGH else p.custom_low
    if p.lemons == 1:  # nobody need sell a good for less than it is worth to itself
        price = max(price, p.tick * np.ceil(p.reserve[i] / p.tick))
    return PROMISE_HIGH if quality == HIGH else PROMISE_LOW, good, in_ticks(p, price)


def offer_gain(p: MarketSight, i: int, k: int, trust: float) -> float:
    """What buyer `i` gains from the offer shown in place `k` if it is kept with a probability."""
    quality = p.shown_quality[i, k]
    if quality == NONE:  # a drawn good: as good as the average
        return p.premium * p.scale * (1 + p.floor) / 2 - p.shown_price[i, k]
    good = p.shown_good[i, k]
    kept = p.worth[i, good, quality]
    return trust * kept + (1 - trust) * p.worth[i, good, quality - 1] - p.shown_price[i, k]


@rare
def choose_well(p: MarketSight, i: int, cutoff: float, trust: float) -> tuple[int, int]:
    """Inquire about the best offer of a seller in good standing; look on while there is none.

    When all that could be looked at are in bad standing, or not worth it, the best of all is
    inquired about: whether to pay for it is another decision.

    Source: satisficing search, Simon (1955), QJE 69.
    """
    best = 0
    best_gain = -np.inf
    found = 0
    for k in range(p.shown_count[i]):
        bad = in_bad_standing(p, i, p.shown_seller[i, k], cutoff)
        gain = offer_gain(p, i, k, trust)
        good = 0 if bad or gain < 0 else 1
        if good > found or (good == found and gain > best_gain):
            best = k
            best_gain = gain
            found = good
    if found == 0 and p.shown_left[i] > 0:
        return LOOK, 0
    return INQUIRE if p.shown_count[i] > 0 else LEAVE, best


# --- sellers ------------------------------------------------------------------------------------


class PostedPriceSeller(Agent):
    """Posts one quality of one good at one price, takes nothing less, and keeps its word or not.

    Source: take-it-or-leave-it pricing, Stokey (1979), QJE 93.
    """

    quality: float = param(1, 0, 1, "0 or 1", "0: promises low quality; 1: high")
    price: float = param(5, 0, 1e6, "points", "asked")
    cheats: float = param(0, 0, 1, "probability", "of delivering one quality less")
    good: float = param(0, 0, 1e3, "index", "which good; the last if there are fewer")

    @staticmethod
    def list_offer(p: MarketSight, i: int) -> tuple[int, int, int]:
        promise = PROMISE_HIGH if parameter(p, i, 0) >= 0.5 else PROMISE_LOW
        good = min(int(parameter(p, i, 3)), p.cost.shape[1] - 1)
        return promise, good, in_ticks(p, parameter(p, i, 1))

    @staticmethod
    def accept_proposal(p: MarketSight, i: int) -> int:
        return ACCEPT if p.proposal[i] >= p.at_stake[i] else REFUSE

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return CHEAT if chance(p, i) < parameter(p, i, 2) else AS_PROMISED


class LemonSeller(Agent):
    """Is in the market iff the going price is at least what its good is worth to itself.

    Where quality is chosen, not drawn, it makes the customary offer.

    Source: Akerlof (1970), Quarterly Journal of Economics 84.
    """

    @staticmethod
    def presence(p: MarketSight, i: int) -> int:
        return EXIT if p.lemons == 1 and p.going_price < p.reserve[i] else STAY

    @staticmethod
    def list_offer(p: MarketSight, i: int) -> tuple[int, int, int]:
        if p.lemons == 1:
            return PROMISE_HIGH, 0, in_ticks(p, p.going_price)
        return custom_offer(p, i, HIGH)


# --- buyers -------------------------------------------------------------------------------------


class FirstProposalBuyer(Agent):
    """Takes the first offer that it is shown, if it is worth its price.

    Source: the first-proposal bias of Bansal et al. (2025), Magentic Marketplace.
    """

    @staticmethod
    def choose_offer(p: MarketSight, i: int) -> tuple[int, int]:
        if p.shown_count[i] > 0 and offer_gain(p, i, 0, 1.0) >= 0:
            return INQUIRE, 0
        return LEAVE, 0


class BestValueBuyer(Agent):
    """Compares what it is shown by worth less price, weighted by the seller's standing.

    A promise counts as kept with the probability of the standing that it sees, or `trust` where
    it sees none. It looks at one offer more as long as the best so far gains it less than
    `aspiration`, and leaves if nothing gains it anything. By `haggle` it asks for a lower price
    first, and walks away if refused.

    Source: sequential search with a reservation value, McCall (1970), QJE 84.
    """

    trust: float = param(1, 0, 1, "probability", "that an unknown seller keeps its word")
    aspiration: float = param(3, -1e6, 1e6, "points", "gain with which it stops looking")
    haggle: float = param(0, 0, 1, "share", "of the price that it asks off")

    @staticmethod
    def choose_offer(p: MarketSight, i: int) -> tuple[int, int]:
        best = 0
        best_gain = -np.inf
        for k in range(p.shown_count[i]):
            seen = standing(p, i, p.shown_seller[i, k])
            gain = offer_gain(p, i, k, seen if seen >= 0 else parameter(p, i, 0))
            if gain > best_gain:
                best = k
                best_gain = gain
        if p.shown_left[i] > 0 and best_gain < parameter(p, i, 1):
            return LOOK, 0
        return INQUIRE if best_gain >= 0 else LEAVE, best

    @staticmethod
    def propose_price(p: MarketSight, i: int) -> tuple[int, int]:
        if parameter(p, i, 2) == 0:
            return AGREE, 0
        return COUNTER, in_ticks(p, p.at_stake[i] * (1 - parameter(p, i, 2)))


class LemonBuyer(Agent):
    """Bids what it expects a good that is offered at that price to be worth.

    With `learning` 0 it knows the equilibrium price of Akerlof, where the premium times the mean
    quality of all that is offered at a price is that price (never more than what brings all
    sellers to the market). Else it expects the mean quality of what it got: at first that of all
    goods, then moved by the share `learning` with every purchase. Where quality is chosen, it
    takes the best offer.

    Source: Akerlof (1970), Quarterly Journal of Economics 84.
    """

    learning: float = param(0, 0, 1, "share", "weight of one purchase; 0: knows the equilibrium")

    @staticmethod
    def choose_offer(p: MarketSight, i: int) -> tuple[int, int]:
        if p.lemons == 0:
            return choose_well(p, i, 0.5, 1.0)
        best = 0
        for k in range(p.shown_count[i]):
            if p.shown_price[i, k] < p.shown_price[i, best]:
                best = k
        return INQUIRE if p.shown_count[i] > 0 else LOOK, best

    @staticmethod
    def propose_price(p: MarketSight, i: int) -> tuple[int, int]:
        if p.lemons == 0:
            return AGREE, 0
        return COUNTER, in_ticks(p, lemon_bid(p, i))

    @staticmethod
    def learn(p: MarketSight, i: int) -> None:
        if p.lemons == 1 and p.bought_worth[i] >= 0 and p.scale > 0:
            quality = p.bought_worth[i] / (p.premium * p.scale)
            expected = mean_quality(p, i)
            p.slots[i, BELIEVES] = 1.0
            p.slots[i, QUALITY] = expected + parameter(p, i, 0) * (quality - expected)


def mean_quality(p: MarketSight, i: int) -> float:
    """The quality that a buyer of lemons expects: at first, the mean of all goods."""
    return p.slots[i, QUALITY] if p.slots[i, BELIEVES] > 0 else (1 + p.floor) / 2


def lemon_bid(p: MarketSight, i: int) -> float:
    """What a buyer of lemons bids, in points."""
    if parameter(p, i, 0) > 0:
        return p.scale * min(1.0, p.premium * mean_quality(p, i))
    if p.premium >= 2:
        return p.scale * 1.0
    return p.scale * min(1.0, p.premium * p.floor / (2 - p.premium))


__all__ = [
    "BestValueBuyer",
    "FirstProposalBuyer",
    "LemonBuyer",
    "LemonSeller",
    "PostedPriceSeller",
]
