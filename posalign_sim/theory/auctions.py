"""What auctions and markets for one good can attain: call markets, double auctions, lemons."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posalign_sim.theory.bounds import require_whole, require_within


def _points(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Check a list of points that is not empty."""
    points = np.asarray(values, dtype=np.float64)
    if points.ndim != 1 or points.size == 0 or not np.isfinite(points).all():
        raise ValueError(
            f"{name} has shape {points.shape}, but it must be a list of finite points, not empty"
        )
    return points


class MarketEquilibrium(NamedTuple):
    """Where supply and demand of a call market meet.

    Attributes:
        quantity: units traded.
        low: lowest price at which supply equals demand.
        high: highest such price.
        surplus: largest sum of gains from trade, in points.

    Example:
        >>> market_equilibrium([10, 8, 3], [2, 5, 9]).surplus
        11.0
    """

    quantity: int
    low: float
    high: float
    surplus: float


def market_equilibrium(values: ArrayLike, costs: ArrayLike) -> MarketEquilibrium:
    """Efficient quantity, prices and gains of buyers and sellers of one unit each.

    The buyers who value the good most trade with the sellers who part with it for the least, as
    long as the value is not below the cost; a trade that gains nothing counts.

    Args:
        values: `[buyers]` points that a unit is worth to each buyer.
        costs: `[sellers]` points that a unit costs each seller.

    Returns:
        Quantity, interval of prices and surplus. Without trade the interval lies between the
        highest value and the lowest cost.

    Raises:
        ValueError: If a side is empty, or a number is not finite.

    Source: Smith (1962), Journal of Political Economy 70; the interval as in Rustichini,
    Satterthwaite & Williams (1994), Econometrica 62.

    Example:
        >>> market_equilibrium([10, 8, 3], [2, 5, 9])
        MarketEquilibrium(quantity=2, low=5.0, high=8.0, surplus=11.0)
    """
    worth = np.sort(_points("values", values))[::-1]
    needed = np.sort(_points("costs", costs))
    pairs = min(len(worth), len(needed))
    gains = worth[:pairs] - needed[:pairs]
    quantity = int((gains >= 0).sum())
    # The next buyer must not want to buy at the price, nor the next seller to sell.
    low = max([*needed[:quantity][-1:], *worth[quantity:][:1]])
    high = min([*worth[:quantity][-1:], *needed[quantity:][:1]])
    return MarketEquilibrium(quantity, float(low), float(high), float(gains[:quantity].sum()))


def k_price(values: ArrayLike, costs: ArrayLike, k: float = 0.5) -> float:
    """Price of a call market that splits the interval of market-clearing prices.

    Args:
        values: `[buyers]` points that each buyer bids.
        costs: `[sellers]` points that each seller asks.
        k: weight of the upper end of the interval, in [0, 1].

    Returns:
        `(1 - k) low + k high`, in points.

    Raises:
        ValueError: If a side is empty, a number is not finite, or k is outside [0, 1].

    Source: Chatterjee & Samuelson (1983), Operations Research 31; Rustichini, Satterthwaite &
    Williams (1994), Econometrica 62.

    Example:
        >>> k_price([10, 8, 3], [2, 5, 9], k=0.5)
        6.5
    """
    k = require_within("k", k, 0, 1)
    equilibrium = market_equilibrium(values, costs)
    return (1 - k) * equilibrium.low + k * equilibrium.high


class DoubleAuction(NamedTuple):
    """Outcome of McAfee's double auction.

    Attributes:
        quantity: units traded.
        buyer_price: points that each trading buyer pays; NaN without trade.
        seller_price: points that each trading seller gets; NaN without trade.
        surplus: gains from trade, in points, those of the auctioneer included.
        budget: points that the auctioneer keeps, at least 0.

    Example:
        >>> mcafee([10, 8, 3], [2, 5, 9]).budget
        0.0
    """

    quantity: int
    buyer_price: float
    seller_price: float
    surplus: float
    budget: float


def mcafee(
    values: ArrayLike,
    costs: ArrayLike,
    lowest_value: float = -math.inf,
    highest_cost: float = math.inf,
) -> DoubleAuction:
    """McAfee's double auction: truth is dominant, and the auctioneer never loses.

    With k the efficient quantity, let p be the mean of the value of the next buyer and the cost of
    the next seller. If the k-th buyer and the k-th seller both accept p, all k trade at p. If not,
    the k-th pair stays out and sets the prices of the other k - 1: its value is what buyers pay,
    its cost what sellers get.

    Args:
        values: `[buyers]` points that each buyer bids.
        costs: `[sellers]` points that each seller asks.
        lowest_value: points that stand in for the next buyer if all buyers are among the k; the
            bottom of the distribution of values. Infinite: p is never accepted then.
        highest_cost: points that stand in for the next seller if all sellers are among the k; the
            top of the distribution of costs.

    Returns:
        Quantity, prices, gains from trade and the auctioneer's share of them.

    Raises:
        ValueError: If a side is empty, a number is not finite, a value is below the lowest, or a
            cost above the highest.

    Source: McAfee (1992), Journal of Economic Theory 56.

    Example:
        >>> mcafee([10, 8, 3], [2, 5, 9])
        DoubleAuction(quantity=2, buyer_price=6.0, seller_price=6.0, surplus=11.0, budget=0.0)
        >>> mcafee([10, 8, 3], [2, 7, 20])
        DoubleAuction(quantity=1, buyer_price=8.0, seller_price=7.0, surplus=8.0, budget=1.0)
    """
    worth = np.sort(_points("values", values))[::-1]
    needed = np.sort(_points("costs", costs))
    if worth[-1] < lowest_value or needed[-1] > highest_cost:
        raise ValueError(
            f"values go down to {worth[-1]:g} and costs up to {needed[-1]:g}, beyond lowest_value "
            f"{lowest_value:g} or highest_cost {highest_cost:g}"
        )
    quantity = market_equilibrium(worth, needed).quantity
    if quantity == 0:
        return DoubleAuction(0, math.nan, math.nan, 0.0, 0.0)
    last_value, last_cost = float(worth[quantity - 1]), float(needed[quantity - 1])
    next_value = float(worth[quantity]) if quantity < len(worth) else lowest_value
    next_cost = float(needed[quantity]) if quantity < len(needed) else highest_cost
    price = (next_value + next_cost) / 2  # NaN if neither side has a next: not accepted
    if last_cost <= price <= last_value:
        buyer_price = seller_price = price
    else:
        quantity, buyer_price, seller_price = quantity - 1, last_value, last_cost
    if quantity == 0:
        return DoubleAuction(0, math.nan, math.nan, 0.0, 0.0)
    surplus = float((worth[:quantity] - needed[:quantity]).sum())
    budget = quantity * (buyer_price - seller_price)
    return DoubleAuction(quantity, buyer_price, seller_price, surplus, budget)


def expected_maximal_gains(buyers: int, sellers: int) -> float:
    """Expected gains from efficient trade when values and costs are uniform on [0, 1].

    The gains are the integral over all prices of the shorter side of the market. The numbers a of
    sellers below a price and b of buyers above it are binomial, so the expectation is the sum of
    `min(a, b) C(sellers, a) C(buyers, b) / (C(N, a + buyers - b) (N + 1))` with N the number of
    traders.

    Args:
        buyers: number of buyers of one unit, at least 1.
        sellers: number of sellers of one unit, at least 1.

    Returns:
        Points, where the range of values is 1; exact but for rounding.

    Raises:
        ValueError: If a side is empty.

    Source: David & Nagaraja (2003), Order Statistics; the setting is that of McAfee (1992), Journal
    of Economic Theory 56.

    Example:
        >>> expected_maximal_gains(2, 2), round(expected_maximal_gains(8, 8), 3)
        (0.4, 1.882)
    """
    buyers = require_whole("buyers", buyers, 1)
    sellers = require_whole("sellers", sellers, 1)
    traders = buyers + sellers
    return math.fsum(
        min(a, b)
        * (math.comb(sellers, a) * math.comb(buyers, b) / math.comb(traders, a + buyers - b))
        / (traders + 1)
        for a in range(1, sellers + 1)
        for b in range(1, buyers + 1)
    )


def second_price_revenue(n: int) -> float:
    """Expected revenue of a second-price auction among bidders with values uniform on [0, 1].

    It is the expected second-highest value, and the same in a first-price auction.

    Args:
        n: number of bidders, at least 1.

    Returns:
        `(n - 1) / (n + 1)`, where the highest possible value is 1.

    Raises:
        ValueError: If there is no bidder.

    Source: Vickrey (1961), Journal of Finance 16.

    Example:
        >>> second_price_revenue(3)
        0.5
    """
    n = require_whole("n", n, 1)
    return (n - 1) / (n + 1)


def first_price_bid(value: float, n: int) -> float:
    """Equilibrium bid in a first-price auction among bidders with values uniform on [0, 1].

    Args:
        value: the bidder's value, in [0, 1].
        n: number of bidders, this one included, at least 1.

    Returns:
        `value (n - 1) / n`.

    Raises:
        ValueError: If the value is outside [0, 1], or there is no bidder.

    Source: Vickrey (1961), Journal of Finance 16.

    Example:
        >>> first_price_bid(0.8, 4)
        0.6000000000000001
    """
    n = require_whole("n", n, 1)
    return require_within("value", value, 0, 1) * (n - 1) / n


class LemonsMarket(NamedTuple):
    """Outcome of a market in which only sellers know the quality.

    Attributes:
        price: highest quality that is sold, which is what its seller asks.
        traded: share of the sellers who sell.
        efficiency: gains from trade as a share of those if all sold.

    Example:
        >>> lemons(q0=0, k=1.5).efficiency
        0.0
    """

    price: float
    traded: float
    efficiency: float


def lemons(q0: float, k: float) -> LemonsMarket:
    """Adverse selection: which qualities sell if buyers cannot tell them apart.

    Quality is uniform on [q0, 1]. A unit is worth its quality to the seller and k times that to
    buyers, who compete. At price p only qualities up to p are for sale, worth `k (q0 + p) / 2` to
    buyers in the mean, so the price is `min(1, k q0 / (2 - k))`. Everything sells if
    `q0 >= (2 - k) / k`, nothing if q0 is 0.

    Args:
        q0: lowest quality, in [0, 1).
        k: how much more a unit is worth to buyers, above 1 and below 2.

    Returns:
        Price, share of sellers who sell, and efficiency. Where all sell, any price from 1 to what
        the mean quality is worth clears the market; it is given as 1.

    Raises:
        ValueError: If q0 is outside [0, 1), or k outside (1, 2).

    Source: Akerlof (1970), Quarterly Journal of Economics 84.

    Example:
        >>> lemons(q0=0.25, k=1.5)
        LemonsMarket(price=0.75, traded=0.6666666666666666, efficiency=0.5333333333333333)
    """
    q0 = require_within("q0", q0, 0, 1)
    k = require_within("k", k, 1, 2)
    if q0 == 1:
        raise ValueError("q0 is 1, but then there is one quality only: choose less")
    if k in (1, 2):
        raise ValueError(
            f"k is {k!r}, but it must lie between 1 (no gains) and 2 (all always sell)"
        )
    price = min(1.0, k * q0 / (2 - k))
    gains = (price - q0) * (price + q0) / ((1 - q0) * (1 + q0))
    return LemonsMarket(price, (price - q0) / (1 - q0), gains)


def smiths_alpha(prices: ArrayLike, equilibrium_price: float) -> float:
    """Smith's coefficient of convergence: how far prices of trades stray from the equilibrium.

    Args:
        prices: `[trades]` points paid.
        equilibrium_price: points, above 0.

    Returns:
        `100 sqrt(mean((p - p*)^2)) / p*`, in per cent of the equilibrium price.

    Raises:
        ValueError: If there is no trade, a price is not finite, or the equilibrium price is not
            above 0.

    Source: Smith (1962), Journal of Political Economy 70.

    Example:
        >>> smiths_alpha([90, 110, 100, 100], 100)
        7.0710678118654755
    """
    paid = _points("prices", prices)
    target = require_within("equilibrium_price", equilibrium_price, 0, math.inf)
    if target == 0:
        raise ValueError("equilibrium_price is 0, but deviations are measured as its share")
    return 100 * math.sqrt(float(np.mean((paid - target) ** 2))) / target
