"""What institutions cost: nanoseconds of an agent's round, each alone and stacked, and by hand.

The stack of seven is held against a hand-written numba loop of the same rules with the same draws
that keeps balances and no more: what everybody owns must be equal to the last unit. The table is
of all institutions that are registered, with their default terms, among agents who take no notice
of them: whoever is asked something does what is done by default, or is worth its price.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row, alternate, speed
from benchmarks.pairs import AFTER, mix
from posalign_sim import ConfigurationError, Rematched, Scenario, Tremble
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, MemoryOne
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.experiments.configure import officials_of
from posalign_sim.institutions import (
    Arbitration,
    Audit,
    Bond,
    GraduatedSanctions,
    IncomeTax,
    Registry,
    Reputation,
)
from posalign_sim.registry import known
from posalign_sim.world.engine import engine
from posalign_sim.world.modules import Institution
from posalign_sim.world.simulate import check_conservation

WORLDS, ROUNDS, NOISE = 2048, 400, 0.05
#: Worlds and rounds of a run that is timed for the table: some milliseconds each.
TIMED = {"dilemma": (1024, 200), "market": (128, 200)}
STACK: tuple[type[Institution], ...] = (
    Registry,
    Reputation,
    Arbitration,
    Bond,
    GraduatedSanctions,
    Audit,
    IncomeTax,
)


def dilemma(institutions: list[Institution], tables: np.ndarray[Any, Any]) -> Scenario:
    """Noisy pairs of memory-one agents, who take no notice of institutions."""
    pair = [MemoryOne(**{k: tables[:, j, n] for n, k in enumerate(AFTER)}) for j in range(2)]
    return Scenario(
        RepeatedDilemma(),
        pair,
        institutions=institutions,
        noise=Tremble(probability=NOISE),
        rounds=ROUNDS,
        metrics=(),
    )


def market(institutions: list[Institution]) -> Scenario:
    """Sixteen traders: half of the sellers always cheat."""
    return Scenario(
        MoralHazardMarket(),
        {
            "seller": [Cooperator() if k % 2 else Defector() for k in range(8)],
            "buyer": [DiscriminatingBuyer() for _ in range(8)],
        },
        institutions=institutions,
        matching=Rematched(),
        rounds=ROUNDS,
        metrics=(),
    )


@njit(inline="always")
def unit(luck: Any) -> Any:
    return np.float64(luck >> np.uint64(11)) * 2.0**-53


@njit(inline="always")
def chance(key: Any, point: Any, birth: Any, index: Any) -> Any:
    return unit(mix(key, (point ^ birth) + index))


@njit(error_model="numpy")
def loop(tables, keys, points, births, rounds, slip, owned, purse):
    """The same rounds by hand, the default parameters written out; what everybody owns is kept.

    `points` are the keys by which luck is drawn: of the move, noise, and each institution that
    draws any; `purse` is what the treasury and the costs have taken, for each world.
    """
    minor = 1_000_000
    paying = np.array([[3, 0], [5, 1]])
    for b in range(tables.shape[0]):
        table = tables[b]
        balance = np.zeros(2, np.int64)
        score = np.ones(2)
        breaches = np.zeros(2, np.int64)
        good_rounds = np.zeros(2, np.int64)
        move = np.zeros(2, np.int64)
        chosen = np.zeros(2, np.int64)
        mark = np.zeros(2, np.int64)
        judged = np.zeros(2, np.uint8)
        caught = np.zeros(2, np.uint8)
        bond = np.zeros(2, np.uint8)
        good = np.zeros(2)
        treasury = 0
        cost = 0
        for t in range(rounds):
            key = mix(keys[b], np.uint64(t))
            for i in range(2):
                mark[i] = balance[i]
                # bond: everybody who can be tempted posts one
                bond[i] = 1
                balance[i] -= 50_000
                cost += 50_000
                p = table[i, 2 * move[i] + move[1 - i]] if t > 0 else 1.0
                chosen[i] = 0 if chance(key, points[0], births[i], np.uint64(0)) < p else 1
            for i in range(2):
                if chance(key, points[1], births[i], np.uint64(0)) < slip:
                    chosen[i] = 1 - chosen[i]
            for i in range(2):
                move[i] = chosen[i]
            for i in range(2):
                balance[i] += paying[move[i], move[1 - i]] * minor
                judged[i] = 0
                caught[i] = 0
                # reputation: defecting on who is in good standing is bad
                good[i] = 0.0 if move[i] == 1 and score[1 - i] >= 0.5 else 1.0
            for i in range(2):
                score[i] = good[i]
            # arbitration: who cooperated and was defected on files
            for i in range(2):
                j = 1 - i
                if move[j] == 1 and move[i] == 0:
                    balance[i] -= 250_000
                    cost += 250_000
                    if chance(key, points[2], births[i], np.uint64(0)) < 0.9:
                        judged[j] = 1
                        balance[j] -= 3 * minor
                        balance[i] += 3 * minor
                        if bond[j]:
                            bond[j] = 0
                            balance[j] -= 3 * minor
                            balance[i] += 3 * minor
            # bond: what is evident
            for j in range(2):
                if judged[j] == 0 and move[j] == 1:
                    evident = chance(key, points[3], births[j], np.uint64(0)) < 0.5
                    if evident and bond[j]:
                        judged[j] = 1
                        bond[j] = 0
                        balance[j] -= 3 * minor
                        balance[1 - j] += 3 * minor
            # graduated sanctions
            for j in range(2):
                if judged[j] == 1 or move[j] == 0:
                    continue
                if chance(key, points[4], births[j], np.uint64(0)) < 0.9:
                    judged[j] = 1
                    caught[j] = 1
                    if breaches[j] >= 1:
                        fine = min(8, 1 << min(breaches[j] - 1, 3)) * minor
                        balance[j] -= fine
                        treasury += fine
                    breaches[j] += 1
            # audit
            for j in range(2):
                if judged[j] == 1 or chance(key, points[5], births[j], np.uint64(0)) >= 0.3:
                    continue
                balance[j] -= 100_000
                cost += 100_000
                likely = 0.9 if move[j] == 1 else 0.02
                if chance(key, points[5], births[j], np.uint64(1)) < likely:
                    balance[j] -= 10 * minor
                    treasury += 10 * minor
            # settlement: upkeep of the register, of the ledger, of monitors; tax
            collected = 0
            for j in range(2):
                balance[j] -= 50_000
                cost += 50_000
                score[j] += 0.3 * (1.0 - score[j])
                if caught[j]:
                    good_rounds[j] = 0
                else:
                    good_rounds[j] += 1
                    if good_rounds[j] >= 5:
                        breaches[j] = 0
                income = (balance[j] - mark[j]) / minor
                if income > 0:
                    due = np.int64(np.rint(0.2 * income * minor))
                    balance[j] -= due
                    treasury += due
                    collected += due
            burnt = min(np.int64(np.rint(0.02 * collected)), max(0, treasury))
            treasury -= burnt
            cost += burnt
        owned[b, 0] = balance[0]
        owned[b, 1] = balance[1]
        purse[b, 0] = treasury
        purse[b, 1] = cost


def stacked() -> Row:
    """The stack of seven in the dilemma against the loop by hand."""
    tables = np.random.default_rng(1).random((WORLDS, 2, 4))
    what = dilemma([spec() for spec in STACK], tables)
    runner = engine(what.structure)
    begun = what.worlds(WORLDS, 1)
    names = [spec().name for spec in STACK]
    move = np.uint64(next(p.key for p in what.structure.points if p.decision.name == "move"))
    keys_of = {name: np.uint64(begun[name]["key"][0]) for name in names}
    points = np.array(
        [
            move,
            np.uint64(begun["tremble"]["key"][0]) ^ move,
            keys_of["arbitration"],
            keys_of["bond"],
            keys_of["graduated_sanctions"],
            keys_of["audit"],
        ],
        np.uint64,
    )
    keys, births = begun["key"].copy(), begun["birth"][0].copy()
    kept: dict[str, Any] = {}

    def ours() -> Any:
        kept["worlds"] = what.worlds(WORLDS, 1)
        return lambda: runner.run(kept["worlds"], 0, WORLDS, ROUNDS)

    def hand() -> Any:
        kept["owned"] = np.zeros((WORLDS, 2), np.int64)
        kept["purse"] = np.zeros((WORLDS, 2), np.int64)
        return lambda: loop(
            tables, keys, points, births, ROUNDS, NOISE, kept["owned"], kept["purse"]
        )

    ours()()
    hand()()
    ws = kept["worlds"]
    check_conservation(ws)
    same = (ws["balance"][:, :2] + ws["held"][:, :2] == kept["owned"]).all()
    same &= (ws["public"][:, 3] == kept["purse"][:, 0]).all()
    same &= (ws["public"][:, 1] == kept["purse"][:, 1]).all()
    times = alternate({"ours": ours, "hand": hand}, 7)
    best, median = speed(times["ours"], times["hand"])
    each = min(times["ours"]) / (2 * WORLDS * ROUNDS) * 1e9
    return Row(
        "institutions: a stack of seven, share of the speed of a hand-written loop",
        f"{best:.2f} best, {median:.2f} median ({each:.0f} ns an agent-round)",
        ">= 0.50",
        best >= 0.5,
        "equal to the last unit" if same else "DIFFER",
    )


def built(game: str, what: tuple[type[Institution], ...]) -> Scenario:
    """A game of the table with institutions, whose offices are held by those who do by custom."""
    institutions = [spec() for spec in what]
    if game == "dilemma":
        tables = np.random.default_rng(1).random((TIMED["dilemma"][0], 2, 4))
        bare = dilemma([], tables)
    else:
        bare = market([])
    officials = officials_of(institutions, {})
    return bare.replace(institutions=institutions, officials=officials)


def nanoseconds(game: str) -> tuple[dict[str, float], dict[str, str]]:
    """What a round takes for one who plays, by what is in force; and why something cannot be.

    The runs are short and take turns, so that all have their share of a machine's quiet moments;
    the best of each counts.
    """
    worlds, rounds = TIMED[game]
    stacks: dict[str, tuple[type[Institution], ...]] = {"none": ()}
    stacks |= {name: (spec,) for name, spec in known("institutions").items()}
    stacks["all seven of the stack"] = STACK
    sides: dict[str, Any] = {}
    refused: dict[str, str] = {}
    agents = 0
    for number, (name, specs) in enumerate(stacks.items(), start=1):
        print(f"  {game}, {number} of {len(stacks)}: {name}", file=sys.stderr, flush=True)
        try:
            what = built(game, specs)
        except ConfigurationError as error:
            refused[name] = str(error)
            continue
        runner = engine(what.structure)
        ws = what.worlds(worlds, 1)
        agents = int(ws["agents"][0])
        runner.run(ws, 0, worlds, 20)
        check_conservation(ws)
        if ws["fault"].any():
            raise RuntimeError(f"{name} in the {game}: a world has stopped on a fault")

        def prepare(what: Scenario = what, runner: Any = runner) -> Any:
            ws = what.worlds(worlds, 1)
            return lambda: runner.run(ws, 0, worlds, rounds)

        sides[name] = prepare
    times = alternate(sides, 15)
    per = agents * worlds * rounds
    return {name: min(taken) / per * 1e9 for name, taken in times.items()}, refused


def added() -> list[Row]:
    """What each institution there is adds by itself to a round of two games, and seven together."""
    costs, refused = {}, {}
    for game in TIMED:
        costs[game], refused[game] = nanoseconds(game)
    found = []
    for name in ("none", *known("institutions"), "all seven of the stack"):
        cells, reasons = [], []
        for game in TIMED:
            if name in refused[game]:
                cells.append(f"{'-':>6} {game}")
                reasons.append(f"{game}: {refused[game][name]}")
                continue
            more = costs[game][name] - (0 if name == "none" else costs[game]["none"])
            cells.append(f"{more:{'' if name == 'none' else '+'}6.0f} {game}")
        what = f"institutions: ns an agent-round{'' if name == 'none' else ' more'}, {name}"
        found.append(Row(what, ", ".join(cells), agreement="; ".join(reasons)))
    return found


def rows() -> list[Row]:
    return [stacked(), *added()]
