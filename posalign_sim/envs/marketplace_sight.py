"""What the marketplace tells its seats."""

from __future__ import annotations

import numpy as np

from posalign_sim.world.fields import Floats, Ints, per_agent, scalar
from posalign_sim.world.record import NOBODY, Sight

#: Qualities of a good.
NONE, LOW, HIGH = range(3)
#: Offers that a buyer is shown at most.
SHOWN = 4


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
