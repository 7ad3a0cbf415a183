"""Traders by simple rules: who waits, who undercuts by a tick, who quotes at a spread."""

from __future__ import annotations

import math

from posalign_sim.agents.trading.belief_traders import leads
from posalign_sim.agents.trading.traders import greedy_price, legal
from posalign_sim.envs.double_auction import HOLD, AuctionSight
from posalign_sim.envs.trading_day import BID_TAKEN, BUYER
from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

# What a sniper keeps in mind: the shouts that it has heard, the day (from 1), the least and the
# greatest price of a trade on it, the same of the day before, and the length of a day.
HEARD, DAY, LOW, HIGH, LAST_LOW, LAST_HIGH, LENGTH = range(7)


class Sniper(Agent):
    """Waits in the background, and takes what stands when it is good, or time is short.

    A buyer takes the best ask if it is below its value, and one of three holds: it is no dearer
    than the cheapest trade of the day before; it is no dearer than the dearest, the best bid is
    within a share `spread` of it and it gains a share `margin` of its price; or no more than a
    share `late` of the day's turns is left. Sellers likewise. It never quotes a price that
    nobody has quoted: among snipers alone nothing is ever traded.

    Source: Kaplan's program, in Rust, Miller & Palmer (1992), Behavior of Trading Automata in a
    Computerized Double Auction Market, and (1994), Journal of Economic Dynamics and Control 18.
    """

    spread: float = param(0.1, 0, 1, "share of the price", "between bid and ask that is small")
    margin: float = param(0.02, 0, 1, "share of the price", "that it must gain when it is")
    late: float = param(0.1, 0, 1, "share of the day", "that is left when it takes any gain")

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return snipe(p, i, parameter(p, i, 0), parameter(p, i, 1), parameter(p, i, 2))

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return HOLD, 0

    @staticmethod
    def learn(p: AuctionSight, i: int) -> None:
        overhear(p, i)


@rare
def snipe(p: AuctionSight, i: int, spread: float, margin: float, late: float) -> tuple[int, int]:
    """Take the best quote of the other side, or wait."""
    overhear(p, i)
    slots = p.slots[i]
    slots[LENGTH] = max(slots[LENGTH], float(p.steps_left))
    buyer = p.role[i] == BUYER
    offered = int(p.best_ask if buyer else p.best_bid)
    own = int(p.best_bid if buyer else p.best_ask)
    if offered < 0 or not p.least[i] <= offered <= p.greatest[i]:
        return HOLD, 0
    gain = int(p.limit[i]) - offered if buyer else offered - int(p.limit[i])
    if gain <= 0:
        return HOLD, 0
    take = p.steps_left <= late * slots[LENGTH]
    if slots[LAST_HIGH] > 0:
        bargain = offered <= slots[LAST_LOW] if buyer else offered >= slots[LAST_HIGH]
        usual = offered <= slots[LAST_HIGH] if buyer else offered >= slots[LAST_LOW]
        close = own >= 0 and abs(offered - own) <= spread * offered
        take = take or bargain or (usual and close and gain >= margin * offered)
    return legal(p, i, offered) if take else (HOLD, 0)


@rare
def overhear(p: AuctionSight, i: int) -> None:
    """Keep the least and the greatest price of trades of this day and of the last."""
    slots = p.slots[i]
    tape = len(p.shout_price)
    if slots[DAY] != p.clock + 1:
        # What was shouted since the last turn was shouted on the day before: `learn` heard it.
        slots[DAY] = p.clock + 1
        slots[LAST_LOW] = slots[LOW]
        slots[LAST_HIGH] = slots[HIGH]
        slots[LOW] = 0.0
        slots[HIGH] = 0.0
    for k in range(max(int(slots[HEARD]), int(p.shouts) - tape), int(p.shouts)):
        if p.shout_kind[k % tape] < BID_TAKEN:
            continue
        price = float(p.shout_price[k % tape])
        slots[LOW] = price if slots[LOW] == 0 else min(slots[LOW], price)
        slots[HIGH] = max(slots[HIGH], price)
    slots[HEARD] = p.shouts


class Shaver(Agent):
    """Betters the best quote of its side by one tick, as far as its limit.

    Where there is none it quotes the price that gains it most, which nobody would take. It does
    not better its own quote.

    Source: the shaver of Cliff (2018), BSE: A Minimal Simulation of a Limit-Order-Book Stock
    Exchange, EMSS.
    """

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return shave(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return shave(p, i)


def shave(p: AuctionSight, i: int) -> tuple[int, int]:
    """A tick better than the best, within one's limit."""
    buyer = p.role[i] == BUYER
    best = int(p.best_bid if buyer else p.best_ask)
    if leads(p, i):
        return HOLD, 0
    if best < 0:
        return greedy_price(p, i)
    limit = int(p.limit[i])
    return legal(p, i, min(best + 1, limit) if buyer else max(best - 1, limit))


class MarketMaker(Agent):
    """Stands ready to trade at half a spread from what the good seems to be worth.

    That is the middle of the best quotes, or where one is missing the mean of the last prices of
    trades; before there is either it quotes what gains it most. It never trades at a loss. A seat
    of this market is a buyer or a seller, never both: it is one side of a market maker, and a
    buyer and a seller of this kind are a whole one.

    Source: Demsetz (1968), Quarterly Journal of Economics 82; Ho & Stoll (1981), Journal of
    Financial Economics 9 (without risk).
    """

    spread: float = param(10, 0, 1e3, "ticks", "between its bid and its ask")

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return at_spread(p, i, parameter(p, i, 0))

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return at_spread(p, i, parameter(p, i, 0))


@rare
def fair_price(p: AuctionSight) -> float:
    """The middle of the best quotes, or the mean of the last prices; -1 if there is neither."""
    if p.best_bid >= 0 and p.best_ask >= 0:
        return (p.best_bid + p.best_ask) / 2
    total = 0.0
    trades = 0
    for k in range(len(p.last_price)):
        if p.last_price[k] >= 0:
            total += p.last_price[k]
            trades += 1
    return total / trades if trades > 0 else -1.0


def at_spread(p: AuctionSight, i: int, spread: float) -> tuple[int, int]:
    """Quote half a spread from the fair price, within one's limit."""
    fair = fair_price(p)
    if fair < 0:
        return greedy_price(p, i)
    limit = int(p.limit[i])
    if p.role[i] == BUYER:
        return legal(p, i, min(limit, math.floor(fair - spread / 2 + 1e-9)))
    return legal(p, i, max(limit, math.ceil(fair + spread / 2 - 1e-9)))


__all__ = ["MarketMaker", "Shaver", "Sniper"]
