"""A double auction of 100 zero-intelligence traders, day after day, one core.

Ours against a hand-written numba loop of the same market with the same limits and the same mixing
of random numbers, which keeps nothing but the best quotes and the sums of trades and gains.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row, alternate, speed
from posalign_sim import Scenario
from posalign_sim.agents import ZeroIntelligence
from posalign_sim.envs import DoubleAuction
from posalign_sim.world.draws import _mix
from posalign_sim.world.engine import engine
from posalign_sim.world.simulate import check_conservation

WORLDS, DAYS, TRADERS, STEPS, CEILING = 64, 40, 100, 2000, 400
UNIT = 2.0**-53

mix = njit(_mix, inline="always")


def limits() -> np.ndarray[Any, Any]:
    """`[worlds, traders, 1]` values and costs, buyers first."""
    return np.random.default_rng(1).integers(1, CEILING + 1, (WORLDS, TRADERS, 1)).astype(float)


def scenario(limits: np.ndarray[Any, Any]) -> Scenario:
    side = [ZeroIntelligence()] * (TRADERS // 2)
    game = DoubleAuction(limits=limits, steps=STEPS, ceiling=CEILING)
    return Scenario(game, {"buyer": side, "seller": side}, rounds=DAYS, metrics=())


@njit(error_model="numpy")
def loop(limits, keys, days, steps, ceiling, gains, trades, turns):
    """The fused loop: a best bid, a best ask, and nothing kept but sums."""
    n = limits.shape[1]
    half = n // 2
    queue = np.empty(n, np.int64)
    spot = np.empty(n, np.int64)
    for b in range(limits.shape[0]):
        limit = limits[b]
        for day in range(days):
            key = mix(keys[b], np.uint64(day))
            for i in range(n):
                queue[i] = i
                spot[i] = i
            live = n
            bid = ask = -1
            bidder = asker = 0
            for t in range(steps):
                luck = np.float64(mix(key, np.uint64(2 * t)) >> np.uint64(11)) * UNIT
                i = queue[int(luck * live)]
                luck = np.float64(mix(key, np.uint64(2 * t + 1)) >> np.uint64(11)) * UNIT
                crosses = False
                if i < half:
                    price = 1 + int(luck * limit[i])
                    if ask >= 0 and price >= ask:
                        crosses = True
                        bidder = i
                    elif price > bid:
                        bid = price
                        bidder = i
                else:
                    price = limit[i] + int(luck * (ceiling - limit[i] + 1))
                    if bid >= 0 and price <= bid:
                        crosses = True
                        asker = i
                    elif ask < 0 or price < ask:
                        ask = price
                        asker = i
                turns[b] += 1
                if not crosses:
                    continue
                gains[b] += limit[bidder] - limit[asker]
                trades[b] += 1
                for gone in (bidder, asker):
                    live -= 1
                    last = queue[live]
                    queue[spot[gone]] = last
                    spot[last] = spot[gone]
                bid = ask = -1
                value = -1
                cost = ceiling + 1
                for k in range(live):
                    j = queue[k]
                    if j < half:
                        value = max(value, limit[j])
                    else:
                        cost = min(cost, limit[j])
                if cost > value:
                    break


def rows() -> list[Row]:
    points = limits()
    what = scenario(points)
    runner = engine(what.structure)
    kept: dict[str, Any] = {}

    def ours() -> Any:
        ws = what.worlds(WORLDS, 1)
        kept["worlds"] = ws
        return lambda: runner.run(ws, 0, WORLDS, DAYS)

    whole = np.ascontiguousarray(points[:, :, 0].astype(np.int64))
    keys = what.worlds(WORLDS, 2)["key"].copy()
    sums = {name: np.zeros(WORLDS, np.int64) for name in ("gains", "trades", "turns")}

    def hand() -> Any:
        for array in sums.values():
            array[:] = 0
        return lambda: loop(whole, keys, DAYS, STEPS, CEILING, *sums.values())

    ours()()  # compiles
    hand()()
    times = alternate({"ours": ours, "hand": hand}, 9)
    check_conservation(kept["worlds"])
    market = kept["worlds"]["double_auction"]
    turns = rate_of_turns(what, runner)
    best, median = speed(
        [seconds / turns for seconds in times["ours"]],
        [seconds / sums["turns"].sum() for seconds in times["hand"]],
    )
    most = market["most_gains"]
    mine, theirs = market["gains"] / most, sums["gains"] / most
    error = float(np.std(mine - theirs)) / np.sqrt(WORLDS)
    quantity = (market["trades"] - sums["trades"]) / DAYS
    agree = abs(float((mine - theirs).mean())) < 4 * error
    agree &= abs(float(quantity.mean())) < 4 * float(np.std(quantity)) / np.sqrt(WORLDS)
    return [
        Row(
            "double auction: share of the speed of a hand-written numba loop",
            f"{best:.2f} best, {median:.2f} median "
            f"({turns / min(times['ours']) / 1e6:.0f} M quotes/s)",
            ">= 0.60",
            best >= 0.6,
            f"efficiency {mine.mean():.4f}, theirs {theirs.mean():.4f}, "
            f"{market['trades'].mean() / DAYS:.2f} and {sums['trades'].mean() / DAYS:.2f} trades "
            f"a day: {'agree' if agree else 'DISAGREE'}",
        )
    ]


def rate_of_turns(what: Scenario, runner: Any) -> int:
    """How many quotes are made in all of a run's days: each day's are counted in its record."""
    ws = what.worlds(WORLDS, 1)
    turns = 0
    for day in range(DAYS):
        runner.run(ws, 0, WORLDS, day + 1)
        turns += int(ws["double_auction"]["step"].sum())
    return turns
