"""Bargaining against NegMAS (equal concession curves) and OpenSpiel (random play, a like game)."""

from __future__ import annotations

import os
import random
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.common import Row, speed
from posalign_sim import Agent, Scenario
from posalign_sim.agents import TimeDependent
from posalign_sim.envs import Bargaining
from posalign_sim.envs.bargaining_sight import ACCEPT, PROPOSE, REJECT, BargainingSight
from posalign_sim.world.draws import chance
from posalign_sim.world.engine import engine
from posalign_sim.world.simulate import check_conservation, owned

#: Offers of both sides that a negotiation may take, and how late the parties concede.
OFFERS, BOULWARE = 200, 4.0
#: NegMAS negotiations in a turn of the clock, and ours.
THEIRS, OURS = 20, 20_000
#: Options of the one issue.
OPTIONS = 101
#: Threads that a study uses.
CORES = os.cpu_count() or 1
#: Turns of OpenSpiel's bargaining game.
TURNS = 10


class AtRandom(Agent):
    """Offers anything, and accepts as seldom as who picks any action of a hundred."""

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        for k in range(p.points.shape[1]):
            p.reply[i, k] = int(chance(p, i, k) * p.options_of[k])
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return ACCEPT if chance(p, i) < 0.01 else REJECT


def conceders() -> Scenario:
    game = Bargaining.of(
        "rubinstein", discount=1, deadline=OFFERS, options=OPTIONS, breakdown=0, revealed=0
    )
    players = [TimeDependent(exponent=BOULWARE)] * 2
    return Scenario(game, players, rounds=1, metrics=())


def gamblers() -> Scenario:
    game = Bargaining.of("deal_or_no_deal", deadline=TURNS, talk=0, may_leave=0)
    return Scenario(game, [AtRandom()] * 2, rounds=1, metrics=())


def played(scenario: Scenario, worlds: int, threads: int) -> tuple[float, Any]:
    """Seconds of a batch of bargains, and the batch."""
    runner = engine(scenario.structure)
    ws = scenario.worlds(worlds, 1)
    parts = np.linspace(0, worlds, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(lambda a, b: runner.run(ws, a, b, 2**62), parts[:-1], parts[1:]))
        taken = time.perf_counter() - start
    check_conservation(ws)
    return taken, ws


def passes(ws: Any) -> int:
    """Offers that were made in a batch of bargains of one round."""
    return int((ws["bargaining"]["ended"][:, 0] + 1).sum())


def against_negmas() -> list[Row]:
    scenario = conceders()
    played(scenario, 2, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from negmas import make_issue
            from negmas.outcomes import make_os
            from negmas.preferences import LinearAdditiveUtilityFunction
            from negmas.sao import SAOMechanism
            from negmas.sao.negotiators import AspirationNegotiator
    except ImportError:
        return [Row("bargaining: against NegMAS", "NegMAS is not installed")]
    issue = make_issue(OPTIONS, "share")
    space = make_os([issue])
    rising = {"share": {v: v / (OPTIONS - 1) for v in range(OPTIONS)}}
    falling = {"share": {v: 1 - v / (OPTIONS - 1) for v in range(OPTIONS)}}

    def theirs() -> tuple[float, int, Any]:
        start, offers, shares = time.perf_counter(), 0, []
        for _ in range(THEIRS):
            mechanism = SAOMechanism(outcome_space=space, n_steps=OFFERS // 2)
            for values in (rising, falling):
                utility = LinearAdditiveUtilityFunction(
                    values=values, weights={"share": 1.0}, outcome_space=space, reserved_value=0.0
                )
                mechanism.add(
                    AspirationNegotiator(aspiration_type=BOULWARE, max_aspiration=1.0), ufun=utility
                )
            mechanism.run()
            offers += len(mechanism.extended_trace)
            shares.append(mechanism.agreement[0] / (OPTIONS - 1) if mechanism.agreement else None)
        return time.perf_counter() - start, offers, shares

    ours_each: dict[int, list[float]] = {1: [], CORES: []}
    theirs_each = []
    for _ in range(5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds, offers, shares = theirs()
        theirs_each.append(seconds / offers)
        for threads, each in ours_each.items():
            seconds, ws = played(scenario, OURS, threads)
            each.append(seconds / passes(ws))
    ours_length, theirs_length = passes(ws) / OURS, offers / THEIRS
    share = owned(ws)[:, 0].mean()
    near = abs(ours_length - theirs_length) <= 4 and abs(share - shares[0]) <= 0.03
    agreement = (
        f"{ours_length:.0f} and {theirs_length:.0f} offers, shares {share:.2f} and "
        f"{shares[0]:.2f}" + ("" if near else ": DIFFER")
    )
    rows = []
    for threads, each in ours_each.items():
        best, median = speed(each, theirs_each)
        rows.append(
            Row(
                f"bargaining: offers/s against NegMAS, the same curves, {threads} thread(s)",
                f"{best:.0f}x best, {median:.0f}x median ({1e-6 / min(each):.1f} M offers/s)",
                ">= 1,000x",
                best >= 1000,
                agreement,
            )
        )
    return rows


def against_open_spiel() -> list[Row]:
    scenario = gamblers()
    played(scenario, 2, 1)
    try:
        import pyspiel
    except ImportError:
        return [Row("bargaining: against OpenSpiel", "OpenSpiel is not installed")]
    game = pyspiel.load_game("bargaining", {"max_turns": TURNS})
    luck = random.Random(0)

    def theirs() -> tuple[float, int]:
        start, turns = time.perf_counter(), 0
        for _ in range(200):
            state = game.new_initial_state()
            while not state.is_terminal():
                if state.is_chance_node():
                    outcomes, weights = zip(*state.chance_outcomes(), strict=True)
                    state.apply_action(luck.choices(outcomes, weights)[0])
                else:
                    state.apply_action(luck.choice(state.legal_actions()))
                    turns += 1
            state.returns()
        return time.perf_counter() - start, turns

    ours_each, theirs_each = [], []
    for _ in range(5):
        seconds, turns = theirs()
        theirs_each.append(seconds / turns)
        seconds, ws = played(scenario, OURS, 1)
        ours_each.append(seconds / passes(ws))
    best, median = speed(ours_each, theirs_each)
    return [
        Row(
            "bargaining: turns/s against OpenSpiel's Python loop, random play",
            f"{best:.0f}x best, {median:.0f}x median ({1e-6 / min(ours_each):.1f} M turns/s)",
            ">= 100x",
            best >= 100,
            f"like games: {passes(ws) / OURS:.1f} and {turns / 200:.1f} turns a bargain",
        )
    ]


def rows() -> list[Row]:
    return [*against_negmas(), *against_open_spiel()]
