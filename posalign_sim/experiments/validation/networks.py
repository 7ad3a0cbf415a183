"""Cooperation in space: cycles on which neighbours compete, lattices on which the best spread."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from posalign_sim.agents import Cooperator, Defector
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.experiments.validation.evolution import NODES, takeovers
from posalign_sim.experiments.validation.playing import go_on
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    agreeing,
    at_most,
    exact,
    frequency,
    printed,
    row,
    within,
)
from posalign_sim.theory import critical_benefit_ratio, cycle, graph_fixation
from posalign_sim.world.dynamics import ImitateBest
from posalign_sim.world.matching import Neighbours
from posalign_sim.world.network import Network
from posalign_sim.world.scenario import Scenario

#: Strength of selection in what is simulated: strong enough to be seen.
_INTENSITY = 0.1
Update = Literal["death_birth", "birth_death"]
UPDATES: dict[Update, int] = {"death_birth": 1, "birth_death": 0}


def _fixation(ratio: float, intensity: float, update: Update = "death_birth") -> float:
    """Exact chance of a cooperator on a cycle of ten, at cost 1."""
    table = [[ratio - 1, -1], [ratio, 0]]
    return float(graph_fixation(cycle(NODES), table, intensity, update)[0])


def _simulated(ratios: Any, worlds: int, luck: int, update: Update) -> Any:
    """`[ratios, worlds]` whether a cooperator took over."""
    benefit = np.repeat(np.asarray(ratios, float), worlds)
    payoffs = {
        "reward": benefit - 1,
        "sucker": -1,
        "temptation": benefit,
        "punishment": 0 * benefit,
    }
    change = {"death_first": UPDATES[update], "intensity": _INTENSITY}
    return takeovers(payoffs, len(benefit), luck, **change).reshape(len(ratios), worlds)


@row(
    15,
    "A cooperator on a cycle",
    "Ohtsuki et al. (2006), Nature 441; Taylor, Day & Wild (2007), Nature 447",
)
def ohtsuki(run: Run) -> list[Check]:
    """Death-birth favours it from b / c = (N - 2) / (N / k - 2) = 8/3 on; birth-death never."""
    critical, weak = critical_benefit_ratio(NODES, 2), 1e-5
    checks = [
        exact("critical ratio of benefit to cost", 8 / 3, critical),
        printed("takes over at ratio 4, selection .01, exact", 0.103899, _fixation(4, 0.01), 6),
        printed("takes over at ratio 2, selection .01, exact", 0.097998, _fixation(2, 0.01), 6),
    ]
    slopes = {
        (update, far): (_fixation(far * critical, weak, update) - 1 / NODES) / weak
        for update in UPDATES
        for far in (0.9, 1.0, 1.1)
    }
    signs = [np.sign(round(slope, 4)) for slope in slopes.values()]
    checks += [
        exact("slope of weak selection at it", 0, slopes["death_birth", 1.0], 1e-4),
        agreeing(
            "its sign below, at and above it, for both updates", signs, [-1, 0, 1, -1, -1, -1]
        ),
    ]
    ratios, worlds = (2.0, 5.0), run.many(30_000, 10_000)
    for update in UPDATES:
        won = _simulated(ratios, worlds, run.luck, update)
        for ratio, hits in zip(ratios, won, strict=True):
            told = _fixation(ratio, _INTENSITY, update)
            name = f"takes over at ratio {ratio:g}, selection {_INTENSITY}, {update}"
            checks.append(frequency(name.replace("_", "-"), told, hits, wrong=1 / NODES))
    if run.drawing:
        line, spots = np.linspace(1.2, 6, 13), np.linspace(1.5, 6, 10)
        run.kept["ohtsuki"] = {
            "ratio": line,
            "exact": {u: [_fixation(r, _INTENSITY, u) for r in line] for u in UPDATES},
            "spots": spots,
            "simulated": {
                u: _simulated(spots, run.many(10_000, 4_000), run.luck, u) for u in UPDATES
            },
            "critical": critical,
        }
    return checks


#: Sides of the torus on which the best take over; each seat meets its eight neighbours and itself.
_SIDE = 200


def _lattice(defects: Any, temptation: float) -> Scenario:
    """Seats that imitate the best of their neighbourhood; who `defects` at first."""
    kinds = Cooperator(), Defector()
    return Scenario(
        RepeatedDilemma(temptation=temptation, reward=1, punishment=0, sucker=0),
        [kinds[int(d)] for d in defects],
        matching=Neighbours(),
        network=Network.lattice(_SIDE, _SIDE, diagonal=True, loops=True),
        dynamics=ImitateBest(),
        strains=kinds,
        rounds=10_000,
        metrics=(),
    )


def _course(made: Scenario, rounds: int) -> tuple[Any, Any]:
    """`[rounds]` share of cooperators, and `[side, side]` which strain sits where in the end."""
    ws, shares = made.worlds(1, 1), []
    for k in range(rounds):
        go_on(made, ws, k + 1)
        shares.append(ws["strain_count"][0, 0] / _SIDE**2)
    return np.array(shares), ws["strain"][0, : _SIDE**2].reshape(_SIDE, _SIDE).copy()


@row(16, "Spatial chaos", "Nowak & May (1992), Nature 359")
def spatial_chaos(run: Run) -> list[Check]:
    """Of 200 x 200, some .31 cooperate in the long run at any temptation in (1.8, 2).

    Their 12 ln 2 - 8 = .318 is no sharp target for lattices of this size: a band is.
    """
    rounds, burn = run.many(300, 140), 100
    start = run.rng.random(_SIDE**2) < 0.5
    shares, strains = _course(_lattice(start, 1.85), rounds)
    again, same = _course(_lattice(start, 1.95), rounds)
    gone, _ = _course(_lattice(start, 2.01), run.many(150, 100))
    checks = [
        within("mean share of cooperators at 1.85", 0.30, 0.33, shares[burn:].mean()),
        within("mean share of cooperators at 1.95", 0.30, 0.33, again[burn:].mean()),
        exact("seats that differ between 1.85 and 1.95", 0, int((strains != same).sum())),
        at_most("share of cooperators at 2.01, in the end", 0.001, gone[-1]),
    ]
    if run.drawing:
        alone = np.zeros(_SIDE**2, bool)
        alone[_SIDE // 2 * (_SIDE + 1)] = True
        made = _lattice(alone, 1.85)
        ws, frames = made.worlds(1, 1), []
        for clock in (30, 60, 90):
            before = go_on(made, ws, clock - 1)["strain"][0, : _SIDE**2].copy()
            after = go_on(made, ws, clock)["strain"][0, : _SIDE**2].copy()
            frames.append(np.stack([before, after]).reshape(2, _SIDE, _SIDE))
        run.kept["kaleidoscope"] = {"generations": (30, 60, 90), "frames": np.array(frames)}
    return checks
