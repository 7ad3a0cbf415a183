"""Markets: traders of little intelligence, rules that truth suits, goods of unknown quality."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents import (
    EquilibriumBidder,
    LemonBuyer,
    LemonSeller,
    Truthful,
    UnconstrainedZeroIntelligence,
    ZeroIntelligence,
    ZeroIntelligencePlus,
)
from posalign_sim.envs import DoubleAuction, Marketplace, SealedBid
from posalign_sim.experiments.tournament.round_robin import Open
from posalign_sim.experiments.validation.playing import go_on, play
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    agreeing,
    at_least,
    at_most,
    exact,
    row,
    sampled,
)
from posalign_sim.theory import (
    expected_maximal_gains,
    first_price_bid,
    lemons,
    market_equilibrium,
    mcafee,
    second_price_revenue,
)
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.scenario import Scenario

#: Values and costs of eleven traders on each side; they meet at 200, in six trades.
_SCHEDULE = np.arange(75.0, 326.0, 25.0)
_PRICE, _SIDE = 200.0, len(_SCHEDULE)
_KINDS = (Truthful, UnconstrainedZeroIntelligence, ZeroIntelligence, ZeroIntelligencePlus)
#: Shouts that are published: as many as a day with adaptive traders has.
_TAPE = 500


def _market(trader: Agent, limits: Any, rounds: int = 1, **terms: Any) -> Open:
    """A market of eleven on each side; all of them are one structure."""
    return Open(
        _KINDS,
        DoubleAuction(limits=limits, tape=_TAPE, **terms),
        {"buyer": [trader] * _SIDE, "seller": [trader] * _SIDE},
        rounds=rounds,
        metrics=(),
    )


_SYMMETRIC = np.concatenate([_SCHEDULE, _SCHEDULE])[:, None]
_FLAT = np.concatenate([_SCHEDULE, np.full(_SIDE, _PRICE)])[:, None]


def _alpha(own: Any) -> Any:
    """`[worlds]` Smith's coefficient of the day: how far prices scatter, in percent of 200."""
    n = np.maximum(1, own["day_trades"])
    square = own["day_squares"] - 2 * _PRICE * own["day_prices"] + n * _PRICE**2
    return 100 * np.sqrt(np.maximum(0, square) / n) / _PRICE


def _traded(made: Open, worlds: int, luck: int) -> Any:
    """`[worlds]` what is recorded of a market's last day."""
    return play(made, worlds, luck).worlds["double_auction"]


def _efficiency(own: Any) -> Any:
    """`[worlds]` realised share of the gains that were to be had."""
    return own["gains"] / own["most_gains"]


@row(40, "Traders of zero intelligence", "Gode & Sunder (1993), J. Political Economy 101")
def zero_intelligence(run: Run) -> list[Check]:
    """No loss allowed, and .959 of all gains are made; allowed, and traded to the end, none.

    Numbers are those of one clearing and stopping rule each: a book that each trade clears, 500
    quotes; one that persists, 2,000 quotes. Other rules give others.
    """
    ladder = market_equilibrium(_SCHEDULE, _SCHEDULE)
    trader, worlds = ZeroIntelligence(), run.many(4_000, 2_000)
    own = _traded(_market(trader, _SYMMETRIC, steps=500, cleared=1), worlds, run.luck)
    book = _traded(_market(trader, _SYMMETRIC, steps=2_000, cleared=0), worlds // 2, run.luck)
    flat = _traded(_market(trader, _FLAT, steps=2_000), run.many(1_000, 100), run.luck)
    free = UnconstrainedZeroIntelligence()
    rash = _traded(
        _market(free, _SYMMETRIC, steps=20_000, constrained=0), run.many(500, 20), run.luck
    )
    checks = [
        exact("trades at equilibrium", 6, ladder.quantity),
        exact("price at equilibrium", 200, ladder.low),
        exact("efficiency, cleared book", 0.959, _efficiency(own).mean(), 0.01),
        exact("trades, cleared book", 6.0, own["trades"].mean(), 0.1),
        exact("Smith's alpha, cleared book", 20, _alpha(own).mean(), 2),
        exact("efficiency, persistent book", 0.963, _efficiency(book).mean(), 0.01),
        exact("efficiency, all costs 200", 1.0, _efficiency(flat).mean(), 0.002),
        exact("efficiency where losses are allowed, to exhaustion", 0, _efficiency(rash).mean()),
    ]
    if not run.quick:
        for cleared, told in ((1, 0.951), (0, 0.976)):
            made = Scenario(
                DoubleAuction(steps=2_000, cleared=cleared),
                {"buyer": [trader] * 100, "seller": [trader] * 100},
                rounds=1,
                metrics=(),
            )
            large = play(made, 24, run.luck).worlds["double_auction"]
            name = f"efficiency of 100 + 100, {'cleared' if cleared else 'persistent'} book"
            checks.append(exact(name, told, _efficiency(large).mean(), 0.015))
    return checks


@row(41, "Traders who adapt their margins", "Cliff (1997), HP Labs HPL-97-91 (ZIP)")
def zip_convergence(run: Run) -> list[Check]:
    """The scatter of prices about the equilibrium halves by the second or third day."""
    made = _market(ZeroIntelligencePlus(), _SYMMETRIC, rounds=6, steps=_TAPE)
    ws = made.worlds(run.many(4_000, 1_000), run.luck)
    days = 6 if run.drawing else 3
    scatter = np.array([_alpha(go_on(made, ws, day + 1)["double_auction"]) for day in range(days)])
    if run.drawing:
        random = _market(ZeroIntelligence(), _SYMMETRIC, rounds=6, steps=_TAPE)
        ws = random.worlds(run.many(1_000, 200), run.luck)
        each = [_alpha(go_on(random, ws, day + 1)["double_auction"]) for day in range(days)]
        run.kept["convergence"] = {"zip": scatter, "zero intelligence": np.array(each)}
    # Of a thousand worlds the mean is known to one part in a hundred: far from the bound.
    return [
        at_most(f"alpha of day {day + 1} by that of the first", 0.5, ratio)
        for day, ratio in enumerate(scatter[1:3].mean(axis=1) / scatter[0].mean(), 1)
    ]


def _uniform(n: int, worlds: int, rng: Any) -> Any:
    """`[worlds, 2 * side, 1]` limits uniform on [0, 1] of `n` + `n`; nobody else can trade.

    Each limit takes every part of its range once (McKay, Beckman & Conover 1979), so that means
    over a batch vary less than if all were drawn by themselves.
    """
    strata = rng.permuted(np.tile(np.arange(worlds), (2 * n, 1)), axis=1).T
    drawn = (strata + rng.random((worlds, 2 * n))) / worlds
    limits = np.zeros((worlds, 2 * _SIDE, 1))
    limits[:, _SIDE:] = 2.0
    limits[:, :n, 0] = drawn[:, :n]
    limits[:, _SIDE : _SIDE + n, 0] = drawn[:, n:]
    return limits


@row(42, "A double auction that truth suits", "McAfee (1992), J. Economic Theory 56")
def mcafees_rule(run: Run) -> list[Check]:
    """It gives up the least trade at most: .823 of all gains among 2 + 2, .976 among 8 + 8."""
    checks, rng = [], run.rng
    for n, ratio, most, batches in ((2, 0.823, 0.399, 60), (8, 0.976, 1.882, 40)):
        worlds = run.many(8_000, 500)
        ratios, gains = [], []
        for _ in range(batches):
            limits = _uniform(n, worlds, rng)
            terms: dict[str, Any] = {"call": 1, "clearing": 1, "tick": 0.001, "ceiling": 1000}
            own = _traded(_market(Truthful(), limits, **terms), worlds, run.luck)
            ratios.append(own["gains"].sum() / own["most_gains"].sum())
            gains.append(own["most_gains"].mean())
        printed_at = 0.0005  # three digits are printed
        checks += [
            sampled(f"efficiency of {n} + {n}, played", ratio, ratios, 1.0, 2 * printed_at),
            exact(f"most gains of {n} + {n}, exact", most, expected_maximal_gains(n, n), 0.0015),
            sampled(f"most gains of {n} + {n}, drawn", expected_maximal_gains(n, n), gains),
        ]
    ladders = rng.random((200, 2, 6))
    ahead = [mcafee(v, c).surplus <= market_equilibrium(v, c).surplus + 1e-12 for v, c in ladders]
    checks.append(agreeing("never more than all gains", ahead, [True] * 200))
    return checks


@row(43, "Lemons", "Akerlof (1970), Quarterly J. Economics 84")
def market_for_lemons(run: Run) -> list[Check]:
    """Worth k times quality to buyers, from q0 on: at k q0 / (2 - k), or all; none at q0 = 0."""
    cases = [(1.1, 0.3), (1.2, 0.5), (1.5, 0.0), (1.5, 0.2), (1.5, 1 / 3), (1.6, 0.2), (1.9, 0.2)]
    checks = []
    for k, floor in cases:
        told = min(1, k * floor / (2 - k))
        checks.append(exact(f"price at k = {k}, q0 = {floor:.2f}", told, lemons(floor, k).price))
    checks.append(
        agreeing(
            "all is traded iff q0 >= (2 - k) / k",
            [lemons(floor, k).price >= 1 - 1e-12 for k, floor in cases],
            [floor >= (2 - k) / k - 1e-12 for k, floor in cases],
        )
    )
    worlds, rounds = run.many(200, 40), run.many(12, 3)
    premium, floors = (np.repeat([case[i] for case in cases], worlds) for i in (0, 1))
    made = Scenario(
        Marketplace(lemons=1, premium=premium, floor=floors, scale=10, tick=0.1),
        {"seller": [LemonSeller()], "buyer": [LemonBuyer()]},
        rounds=rounds,
        metrics=(),
    )
    ws, right = made.worlds(len(premium), run.luck), []
    prices = np.repeat([np.rint(100 * lemons(f, k).price) / 100 for k, f in cases], worlds)
    for clock in range(rounds):
        go_on(made, ws, clock + 1, "interpreted")
        sold = ws["sight"]["bought_worth"][:, 1] >= 0
        quality = ws["marketplace"]["drawn"][:, 0] / 10
        right.append(sold == ((quality <= prices) & (floors > 0)))
    checks.append(agreeing("sold iff no better than the price", right, np.ones_like(right)))
    return checks


class _Bidder(Agent):
    """Bids so many times its value."""

    factor: float = param(1, 0, 3)

    @staticmethod
    def bid(p: Any, i: int) -> tuple[int, int]:
        return 1, int(min(p.greatest_bid, p.params[i, 0] * p.private_value[i]))


@row(48, "The second-price auction", "Vickrey (1961), J. Finance 16")
def second_price(run: Run) -> list[Check]:
    """Truth is dominant; with n uniform values both price rules earn (n - 1) / (n + 1)."""
    checks = []
    for n in (2, 5):
        told = (n - 1) / (n + 1)
        checks.append(exact(f"revenue from {n}, exact", told, second_price_revenue(n)))
        checks.append(
            exact(f"first-price bid of value 1 among {n}", (n - 1) / n, first_price_bid(1, n))
        )
        for rule in (1, 2):
            made = Scenario(
                SealedBid(price_rule=rule), [EquilibriumBidder()] * n, rounds=1, metrics=()
            )
            ws = play(made, run.many(2_000, 300), run.luck, mode="interpreted").worlds
            name = f"revenue from {n}, {'first' if rule == 1 else 'second'} price, played"
            wrong = n / (n + 1)  # the highest value itself
            checks.append(sampled(name, told, ws["sealed_bid"]["revenue"], wrong, slack=0.001))
    factors, worlds = (0.5, 0.9, 1.1, 2.0), run.many(300, 60)
    # Worlds of one pair number have the same values and luck, whatever is bid.
    pairs = np.tile(np.arange(worlds), 1 + len(factors))
    factor = np.repeat([1.0, *factors], worlds)
    for rival in (0.6, 1.0, 1.4):
        made = Scenario(
            SealedBid(),
            [_Bidder(factor=factor), *[_Bidder(factor=rival)] * 2],
            rounds=1,
            metrics=(),
        )
        points = play(made, len(pairs), run.luck, pairs=pairs, mode="interpreted").points
        truth, *others = points[:, 0].reshape(-1, worlds)
        best = max(float((gained - truth).max()) for gained in others)
        checks.append(
            at_most(f"most gained by a lie to rivals at {rival} of value", 1e-9, best, least=-100)
        )
        lost = float(np.mean([truth - gained for gained in others]))
        checks.append(at_least(f"lost by lies on average, rivals at {rival}", 1e-6, lost))
    return checks
