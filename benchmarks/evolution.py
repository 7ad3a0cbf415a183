"""Imitation and selection: pairwise comparison in a mixed population, and the spatial dilemma.

Pairwise comparison (Fermi) against a fused numba loop that keeps nothing but the number of
cooperators, and against one that goes through the same seats with the same luck, to the last one.
The first is what such a process costs at least when it is written by hand with numba's own
generator: it runs some 27 times as fast as EGTtools (C++), which is not needed here. Ours moves
strains from seat to seat in a world whose game is played once in a thousand updates, and expects of
each comparison what a table says; a row to compare with has everybody play everybody before each
update. All must agree with the exact stationary distribution.

The spatial dilemma (everybody plays its eight neighbours and follows the best of them) against a
fused numba loop of the same and a minimal Mesa model, from the same start: the same seats must
cooperate in the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row, alternate, speed
from benchmarks.pairs import mix
from posalign_sim import Neighbours, Network, Rematched, Scenario
from posalign_sim.agents import Cooperator, Defector
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.theory import comparison_distribution
from posalign_sim.world.dynamics import ImitateBest, PairwiseComparison
from posalign_sim.world.engine import engine
from posalign_sim.world.simulate import check_conservation

BETA, MUTATION, UPDATES, STEPS = 0.1, 0.05, 1000, 4_000_000
DONATION = np.array([[2.0, -1.0], [3.0, 0.0]])
TEMPTATION, SIDES, STEPS_IN_SPACE, MESA_STEPS = 1.65, (50, 100), 200, 5
UNIT = 2.0**-53


def rows() -> list[Row]:
    found = [row for agents in (100, 1000) for row in mixed(agents)]
    return [*found, played(), *(row for side in SIDES for row in in_space(side))]


# --- mixed populations ---------------------------------------------------------------------------


def scenario(agents: int, rounds: int, change: PairwiseComparison, **more: Any) -> Scenario:
    half = agents // 2
    return Scenario(
        RepeatedDilemma.of("donation"),
        [Cooperator()] * half + [Defector()] * (agents - half),
        dynamics=change,
        rounds=rounds,
        metrics=(),
        **{"matching": Rematched(), **more},
    )


@njit(error_model="numpy")
def by_counts(agents, steps, beta, mutation, table, sampled):
    """The process by the number of cooperators alone, and how many there were now and then."""
    takes = np.zeros(agents + 1)  # that a cooperator takes over from a defector
    for k in range(1, agents):
        ours = ((k - 1) * table[0, 0] + (agents - k) * table[0, 1]) / (agents - 1)
        theirs = (k * table[1, 0] + (agents - k - 1) * table[1, 1]) / (agents - 1)
        takes[k] = 1.0 / (1.0 + np.exp(-beta * (theirs - ours)))
    every = steps // len(sampled)
    k = agents // 2
    for t in range(steps):
        cooperates = np.random.random() * agents < k
        if np.random.random() < mutation:
            k += -1 if cooperates else 1
        else:
            other = np.random.random() * (agents - 1) < (k - (1 if cooperates else 0))
            if cooperates != other:
                luck = np.random.random()
                if cooperates:
                    if luck < takes[k]:
                        k -= 1
                elif luck < 1.0 - takes[k]:
                    k += 1
        if t % every == every - 1:
            sampled[t // every] = k


@njit(error_model="numpy")
def by_seats(agents, steps, beta, mutation, table, key, own, strain, sampled):
    """The same with our luck, seat by seat: in the end the same seats cooperate."""
    every = steps // len(sampled)
    k = 0
    for i in range(agents):
        k += 1 - strain[i]
    for r in range(len(sampled)):
        round_key = mix(key, np.uint64(r))
        for u in range(every):
            luck = mix(round_key, own + np.uint64(u))
            i = np.int64(((luck >> np.uint64(32)) * np.uint64(agents)) >> np.uint64(32))
            chance = np.float64(mix(luck, np.uint64(1)) >> np.uint64(11)) * UNIT
            if chance < mutation:
                k += 1 if strain[i] else -1
                strain[i] = 1 - strain[i]
                continue
            low = luck & np.uint64(0xFFFFFFFF)
            j = np.int64((low * np.uint64(agents - 1)) >> np.uint64(32))
            j += 1 if j >= i else 0
            a = strain[i]
            b = strain[j]
            if a == b:
                continue
            lead = table[a, a] - table[b, b]
            lead += k * (table[b, 0] - table[a, 0]) + (agents - k) * (table[b, 1] - table[a, 1])
            odds = 1.0 + np.exp(-beta * (lead / (agents - 1)))
            if (chance - mutation) * odds < 1.0 - mutation:
                strain[i] = b
                k += 1 if a else -1
        sampled[r] = k


def mixed(agents: int) -> list[Row]:
    rounds = STEPS // UPDATES
    change = PairwiseComparison(
        intensity=BETA, mutation=MUTATION, expected=DONATION, updates=UPDATES
    )
    what = scenario(agents, rounds, change)
    runner = engine(what.structure)
    kept: dict[str, Any] = {}
    fresh = what.worlds(1, 1)
    key, own = fresh["key"][0], fresh["pairwise_comparison"]["key"][0]
    shares = {name: np.zeros(rounds, np.int64) for name in ("counts", "seats")}

    def ours() -> Any:
        kept["worlds"] = what.worlds(1, 1)
        return lambda: runner.run(kept["worlds"], 0, 1, rounds)

    def counts() -> Any:
        return lambda: by_counts(agents, STEPS, BETA, MUTATION, DONATION, shares["counts"])

    def seats() -> Any:
        kept["strain"] = fresh["strain"][0, :agents].astype(np.int64)
        args = key, own, kept["strain"], shares["seats"]
        return lambda: by_seats(agents, STEPS, BETA, MUTATION, DONATION, *args)

    for side in (ours, counts, seats):
        side()()
    check_conservation(kept["worlds"])
    same = bool((kept["worlds"]["strain"][0, :agents] == kept["strain"]).all())
    agree = same and all(stationary(agents, part) for part in shares.values())
    result = f"same seats to the last, mean cooperation {shares['seats'].mean() / agents:.4f}, "
    result += f"exactly {exactly(agents)[0]:.4f}" if agree else "DISAGREE"
    times = alternate({"ours": ours, "counts": counts, "seats": seats}, 7)
    rate = STEPS / min(times["ours"]) / 1e6
    found = []
    for name, title, target in (
        ("counts", "numba's generator, counts only", 0.55),
        ("seats", "our luck, seat by seat", None),
    ):
        best, median = speed(times["ours"], times[name])
        found.append(
            Row(
                f"pairwise comparison, {agents:,} agents: share of a fused loop's speed ({title})",
                f"{best:.2f} best, {median:.2f} median ({rate:.0f} M updates/s)",
                f">= {target:.2f}" if target else "",
                best >= target if target else None,
                result,
            )
        )
    return found


def exactly(agents: int) -> tuple[float, float]:
    """Mean and standard deviation of the share of cooperators in the long run."""
    shares = comparison_distribution(DONATION, agents, BETA, MUTATION)
    values = np.arange(agents + 1) / agents
    mean = float(shares @ values)
    return mean, float(np.sqrt(shares @ (values - mean) ** 2))


def stationary(agents: int, counts: Any) -> bool:
    """Whether a sample of a run has the mean of the stationary distribution, within four errors.

    Samples that lie close together are alike: errors are those of the means of twenty stretches.
    """
    values = counts[len(counts) // 5 :] / agents
    means = values[: len(values) // 20 * 20].reshape(20, -1).mean(axis=1)
    return bool(abs(means.mean() - exactly(agents)[0]) < 4 * means.std(ddof=1) / np.sqrt(20))


def played() -> Row:
    """Everybody plays everybody before each comparison, which compares what was really earned."""
    agents, rounds = 100, 2000
    complete = Network.from_edges(agents, [(i, j) for i in range(agents) for j in range(i)])
    change = PairwiseComparison(intensity=BETA / (agents - 1), mutation=MUTATION, local=0)
    what = scenario(agents, rounds, change, matching=Neighbours(), network=complete)
    runner = engine(what.structure)
    runner.run(what.worlds(1, 1), 0, 1, 1)

    def ours() -> Any:
        ws = what.worlds(1, 1)
        return lambda: runner.run(ws, 0, 1, rounds)

    seconds = min(alternate({"ours": ours}, 3)["ours"]) / rounds
    return Row(
        "pairwise comparison, 100 agents, all 9,900 meetings played before each update",
        f"{1 / seconds:,.0f} updates/s ({seconds / 9900 * 1e9:.1f} ns a meeting)",
    )


# --- space ---------------------------------------------------------------------------------------


def spatial(side: int, at_first: Any, rounds: int) -> Scenario:
    kinds = Cooperator(), Defector()
    return Scenario(
        RepeatedDilemma(temptation=TEMPTATION, reward=1, punishment=0, sucker=0),
        [kinds[int(d)] for d in at_first],
        matching=Neighbours(),
        network=Network.lattice(side, side, diagonal=True),
        dynamics=ImitateBest(),
        strains=kinds,
        rounds=rounds,
        metrics=(),
    )


@njit(error_model="numpy")
def lattice(strain, following, earned, steps, temptation):
    """Everybody plays, then follows the best; the first among equals keeps or is followed."""
    side = strain.shape[0]
    for _ in range(steps):
        for i in range(side):
            for j in range(side):
                met = strain[i, j] - 1  # less itself, if it cooperates
                for di in range(-1, 2):
                    ii = (i + di) % side
                    for dj in range(-1, 2):
                        met += 1 - strain[ii, (j + dj) % side]
                earned[i, j] = temptation * met if strain[i, j] else met
        for i in range(side):
            for j in range(side):
                most = earned[i, j]
                best = strain[i, j]
                for di in range(-1, 2):
                    ii = (i + di) % side
                    for dj in range(-1, 2):
                        jj = (j + dj) % side
                        if earned[ii, jj] > most:
                            most = earned[ii, jj]
                            best = strain[ii, jj]
                following[i, j] = best
        strain[:] = following


def mesa_model(side: int, at_first: Any) -> Any:
    """A minimal Mesa model of the same: cells on a torus that play, decide and advance."""
    import mesa
    from mesa.discrete_space import CellAgent, OrthogonalMooreGrid

    class Cell(CellAgent):
        def __init__(self, model: Any, cell: Any, cooperates: bool) -> None:
            super().__init__(model)
            self.cell = cell
            self.cooperates = self.next = cooperates
            self.score = 0.0

        def play(self) -> None:
            met = sum(1 for other in self.cell.neighborhood.agents if other.cooperates)
            self.score = float(met) if self.cooperates else TEMPTATION * met

        def decide(self) -> None:
            best = max(self.cell.neighborhood.agents, key=lambda other: other.score)
            self.next = best.cooperates if best.score > self.score else self.cooperates

        def advance(self) -> None:
            self.cooperates = self.next

    class Grid(mesa.Model):
        def __init__(self) -> None:
            super().__init__(seed=1)
            space = OrthogonalMooreGrid(
                (side, side), torus=True, capacity=1, random=random.Random(1)
            )
            for cell in space.all_cells:
                row, column = cell.coordinate
                Cell(self, cell, not at_first[row * side + column])

        def step(self) -> None:
            self.agents.do("play")
            self.agents.do("decide")
            self.agents.do("advance")

    return Grid()


def in_space(side: int) -> list[Row]:
    at_first = np.random.default_rng(1).random(side * side) < 0.1
    what = spatial(side, at_first, STEPS_IN_SPACE)
    runner = engine(what.structure)
    kept: dict[str, Any] = {}

    def ours() -> Any:
        kept["worlds"] = what.worlds(1, 1)
        return lambda: runner.run(kept["worlds"], 0, 1, STEPS_IN_SPACE)

    def hand() -> Any:
        kept["strain"] = at_first.astype(np.int64).reshape(side, side)
        spare = np.zeros((side, side), np.int64), np.zeros((side, side))
        return lambda: lattice(kept["strain"], *spare, STEPS_IN_SPACE, TEMPTATION)

    def theirs() -> Any:
        kept["mesa"] = mesa_model(side, at_first)
        return lambda: [kept["mesa"].step() for _ in range(MESA_STEPS)]

    sides: dict[str, Callable[[], object]] = {"ours": ours, "hand": hand}
    try:
        theirs()()
        sides["mesa"] = theirs
    except ImportError:
        pass
    ours()()
    hand()()
    check_conservation(kept["worlds"])
    same = (kept["worlds"]["strain"][0, : side * side] == kept["strain"].ravel()).all()
    cooperates = 1 - kept["strain"].mean()
    result = f"{cooperates:.3f} cooperate, the same seats" if same else "DIFFER"
    times = alternate(sides, 5)
    best, median = speed(times["ours"], times["hand"])
    steps = side * side * STEPS_IN_SPACE
    what_for = f"spatial dilemma, {side} x {side}:"
    found = [
        Row(
            f"{what_for} share of a fused loop's speed",
            f"{best:.2f} best, {median:.2f} median "
            f"({steps / min(times['ours']) / 1e6:.1f} M agent-steps/s)",
            "",
            None,
            result,
        )
    ]
    if "mesa" in times:
        scaled = [seconds * STEPS_IN_SPACE / MESA_STEPS for seconds in times["mesa"]]
        best, median = speed(times["ours"], scaled)
        short = spatial(side, at_first, MESA_STEPS)
        ws = short.worlds(1, 1)
        engine(short.structure).run(ws, 0, 1, MESA_STEPS)
        cells = [1 - agent.cooperates for agent in kept["mesa"].agents]
        same = (ws["strain"][0, : side * side] == np.array(cells)).all()
        found.append(
            Row(
                f"{what_for} times the speed of Mesa",
                f"{best:.0f} best, {median:.0f} median "
                f"(Mesa {side * side * MESA_STEPS / min(times['mesa']) / 1e6:.2f} M)",
                ">= 100",
                best >= 100,
                "the same seats" if same else "DIFFER",
            )
        )
    return found
