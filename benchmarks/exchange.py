"""Zero-intelligence traders (ZI-C) against the Bristol Stock Exchange (BSE), one core.

BSE is one file, `BSE.py` of github.com/davecliff/BristolStockExchange (MIT licence), which is not
part of this repository: the environment variable `POSALIGN_BSE` says where it is, or its folder.

Both run 50 buyers and 50 sellers of one unit a period, limits uniform from 50 to 150 and drawn anew
each period, bids from 1 to the limit, asks from the limit to 500, a book that persists with one
quote a trader, trades at the price that stood. What differs: BSE polls all traders, also those who
have traded (they pass), a thousand times a period; here only those who have a unit left get turns,
so a day has as many turns as BSE has quotes in a period, on average. A day here also ends when no
two traders are left who could gain; BSE goes on quoting, and nobody gains. A rate counts quotes.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import random
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Row
from benchmarks.double_auction import DAYS, WORLDS, rate_of_turns
from posalign_sim import Scenario
from posalign_sim.agents import ZeroIntelligence
from posalign_sim.envs import DoubleAuction
from posalign_sim.world.engine import engine
from posalign_sim.world.simulate import check_conservation

WHAT = "ZI-C double auction against Bristol Stock Exchange: times its quotes a second"
TARGET = 100.0
TRADERS, LOW, HIGH, CEILING = 100, 50, 150, 500
#: Simulated seconds of a session of BSE, and of a period: in the first nobody has an order.
SESSION, PERIOD = 60.0, 10
#: Sessions by which efficiency is compared, and turns of the clock for either side.
SESSIONS, RUNS = 60, 5


def load() -> Any:
    """BSE as a module, or None if it is not there."""
    where = os.environ.get("POSALIGN_BSE")
    if not where:
        return None
    path = Path(where)
    path = path / "BSE.py" if path.is_dir() else path
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("BSE", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def session(bse: Any, seed: int) -> None:
    """Run a market session, with nothing written to files."""
    random.seed(seed)
    half = TRADERS // 2
    schedule = [{"from": 0.0, "to": SESSION, "ranges": [(LOW, HIGH)], "stepmode": "random"}]
    orders = {"sup": schedule, "dem": schedule, "interval": PERIOD, "timemode": "periodic"}
    traders = {"sellers": [("ZIC", half)], "buyers": [("ZIC", half)], "proptraders": []}
    files = ("dump_blotters", "dump_lobs", "dump_strats", "dump_avgbals", "dump_tape")
    with contextlib.redirect_stdout(io.StringIO()):
        bse.market_session("", 0.0, SESSION, traders, orders, dict.fromkeys(files, False), False)


@contextlib.contextmanager
def replaced(owner: Any, name: str, other: Any) -> Any:
    """A method is another one for a while."""
    plain = getattr(owner, name)
    setattr(owner, name, other(plain))
    yield
    setattr(owner, name, plain)


def timed(bse: Any, seed: int) -> tuple[float, int]:
    """Seconds of a session from its first quote on, and how many quotes these were."""
    count = 0
    start = 0.0

    def counting(plain: Any) -> Any:
        def process_order(*arguments: Any) -> Any:
            nonlocal count, start
            start = start or time.perf_counter()
            count += 1
            return plain(*arguments)

        return process_order

    with replaced(bse.Exchange, "process_order", counting):
        session(bse, seed)
        return time.perf_counter() - start, count


def observed(bse: Any, seed: int) -> list[tuple[float, int, int]]:
    """Efficiency, trades and quotes of each whole period of a session."""
    limits: dict[float, dict[str, list[float]]] = {}
    gains: dict[float, float] = {}
    trades: dict[float, int] = {}
    quotes: dict[float, int] = {}
    latest = [0.0]

    def issuing(plain: Any) -> Any:
        def add_order(self: Any, order: Any, verbose: Any) -> Any:
            latest[0] = order.time
            limits.setdefault(order.time, {"Bid": [], "Ask": []})[order.otype].append(order.price)
            return plain(self, order, verbose)

        return add_order

    def keeping(plain: Any) -> Any:
        def bookkeep(self: Any, at: Any, trade: Any, *more: Any) -> Any:
            # Both sides keep books: half a trade each.
            own = self.orders[0]
            sign = 1 if own.otype == "Bid" else -1
            gains[own.time] = gains.get(own.time, 0.0) + sign * (own.price - trade["price"])
            trades[own.time] = trades.get(own.time, 0) + 1
            return plain(self, at, trade, *more)

        return bookkeep

    def counting(plain: Any) -> Any:
        def process_order(*arguments: Any) -> Any:
            quotes[latest[0]] = quotes.get(latest[0], 0) + 1
            return plain(*arguments)

        return process_order

    with (
        replaced(bse.Trader, "add_order", issuing),
        replaced(bse.Trader, "bookkeep", keeping),
        replaced(bse.Exchange, "process_order", counting),
    ):
        session(bse, seed)
    found = []
    for at in sorted(limits)[:-1]:
        values = sorted(limits[at]["Bid"], reverse=True)
        costs = sorted(limits[at]["Ask"])
        most = sum(max(0, v - c) for v, c in zip(values, costs, strict=True))
        found.append((gains[at] / most, trades[at] // 2, quotes[at]))
    return found


def scenario(steps: int) -> Scenario:
    side = [ZeroIntelligence()] * (TRADERS // 2)
    game = DoubleAuction(low=LOW, high=HIGH, ceiling=CEILING, steps=steps, cleared=0)
    return Scenario(game, {"buyer": side, "seller": side}, rounds=DAYS, metrics=())


def rows() -> list[Row]:
    bse = load()
    if bse is None:
        missing = "BSE.py is not there: POSALIGN_BSE is to say where it is"
        return [Row(WHAT, missing, f">= {TARGET:.0f}")]
    periods = np.array([row for k in range(SESSIONS) for row in observed(bse, 100 + k)])
    theirs, trades, quotes = periods.mean(axis=0)
    what = scenario(round(quotes))
    runner = engine(what.structure)
    runner.run(what.worlds(WORLDS, 1), 0, WORLDS, 1)  # compiles
    turns = rate_of_turns(what, runner)
    ours: list[float] = []
    other: list[float] = []
    for k in range(RUNS):
        ws = what.worlds(WORLDS, 1)
        start = time.perf_counter()
        runner.run(ws, 0, WORLDS, DAYS)
        ours.append(turns / (time.perf_counter() - start))
        seconds, count = timed(bse, k)
        other.append(count / seconds)
    check_conservation(ws)
    market = ws["double_auction"]
    mine = market["gains"] / market["most_gains"]
    error = np.hypot(np.std(mine) / np.sqrt(WORLDS), np.std(periods[:, 0]) / np.sqrt(len(periods)))
    traded = market["trades"] / DAYS
    spread = np.hypot(
        np.std(traded) / np.sqrt(WORLDS), np.std(periods[:, 1]) / np.sqrt(len(periods))
    )
    agree = abs(mine.mean() - theirs) < 4 * error and abs(traded.mean() - trades) < 4 * spread
    ratio = max(ours) / max(other)
    return [
        Row(
            WHAT,
            f"{ratio:.0f} best, {np.median(ours) / np.median(other):.0f} median "
            f"({max(ours) / 1e6:.1f} M and {max(other) / 1e3:.1f} k quotes/s)",
            f">= {TARGET:.0f}",
            bool(ratio >= TARGET),
            f"efficiency {mine.mean():.4f}, theirs {theirs:.4f} +- {error:.4f}, "
            f"{traded.mean():.2f} and {trades:.2f} +- {spread:.2f} trades a period of "
            f"{quotes:.0f} quotes: {'agree' if agree else 'DISAGREE'}",
        )
    ]
