"""What a matrix game tells, what is best for both in it, and how acts are measured against that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import Floats, Ints, per_agent, scalar
from posalign_sim.world.record import Sight, World

if TYPE_CHECKING:
    from posalign_sim.envs.matrix_game import MatrixGame

#: Most choices that a seat can have.
MOST = 8
_HAIR = 1e-9


class MatrixSight(Sight):
    """What a seat is told besides."""

    options: int = scalar(np.int32, low=0, high=MOST, summary="choices there are, from 0")
    payoff: Floats = per_agent(
        np.float64,
        "choices",
        "choices",
        unit="points",
        summary="of each choice of yours (first number) against each of your partner's",
    )
    joint_choice: Ints = per_agent(
        np.int32, low=0, high=MOST, unit="number", summary="your part of what is best for both"
    )
    selfish_choice: Ints = per_agent(
        np.int32,
        low=0,
        high=MOST,
        unit="number",
        summary="your best other choice if your partner does its part (or the least kind one)",
    )
    rival_choice: Ints = per_agent(
        np.int32,
        initial=-1,
        low=-1,
        high=MOST,
        unit="number",
        summary="what your partner chose when you last played (-1: you have not, or with several)",
    )
    foregone: Floats = per_agent(
        np.float64,
        "choices",
        unit="points",
        summary="what each of your choices would have earned you when you last played",
    )


def total(own: MatrixGame, s: int, a: int, b: int) -> float:
    """What both earn together when seat `s` chooses `a` and the other `b`."""
    return own.payoffs[s, a, b] + own.payoffs[1 - s, b, a]


def is_best(own: MatrixGame, s: int, a: int, b: int) -> bool:
    """Whether choice `a` of seat `s` and `b` of the other are best for both."""
    return own.best[a, b] == 1 if s == 0 else own.best[b, a] == 1


@rare
def measure(own: MatrixGame) -> float:
    """Find what is best for both, and measure every act against it; the most both can earn."""
    choices = own.payoffs.shape[1]
    greatest = -np.inf
    least = np.inf
    for a in range(choices):
        for b in range(choices):
            greatest = max(greatest, total(own, 0, a, b))
            least = min(least, total(own, 0, a, b))
    constant = greatest - least < _HAIR
    fairest = -np.inf
    for a in range(choices):
        for b in range(choices):
            if total(own, 0, a, b) > greatest - _HAIR:
                fairest = max(fairest, min(own.payoffs[0, a, b], own.payoffs[1, b, a]))
    found = False
    for a in range(choices):
        for b in range(choices):
            lesser = min(own.payoffs[0, a, b], own.payoffs[1, b, a])
            own.best[a, b] = 1 if lesser > fairest - _HAIR else 0
            if total(own, 0, a, b) <= greatest - _HAIR:
                own.best[a, b] = 0
            if own.best[a, b] == 1 and not found:
                found = True
                own.joint[0] = a
                own.joint[1] = b
    for s in range(2):
        for b in range(choices):
            for a in range(choices):
                own.scale[s, a, b] = 1.0
                if not constant:
                    weigh(own, s, a, b)
        own.selfish[s] = selfish_choice(own, s)
    return greatest


@rare
def weigh(own: MatrixGame, s: int, a: int, b: int) -> None:
    """Measure choice `a` of seat `s` against choice `b` of the other."""
    choices = own.payoffs.shape[1]
    leads = False
    for x in range(choices):
        leads = leads or is_best(own, s, x, b)
    cooperation = 0.0
    due = -np.inf
    worst = np.inf
    for x in range(choices):
        worst = min(worst, own.payoffs[1 - s, b, x])
        for y in range(choices):
            # Where the other's choice leads to nothing that is best, its part is what counts.
            if is_best(own, s, x, y) and (y == b or not leads):
                cooperation = max(cooperation, nearness(own, s, a, x, y))
                due = max(due, own.payoffs[1 - s, y, x])
    own.scale[s, a, b] = cooperation
    own.harms[s, a, b] = max(0.0, due - own.payoffs[1 - s, b, a])
    own.relied[s, a, b] = max(0.0, due - worst) if leads else 0.0


@rare
def nearness(own: MatrixGame, s: int, a: int, x: int, y: int) -> float:
    """How near choice `a` comes to `x`, which is best against `y`: for the other, and for both."""
    theirs = np.inf
    both = np.inf
    for k in range(own.payoffs.shape[1]):
        theirs = min(theirs, own.payoffs[1 - s, y, k])
        both = min(both, total(own, s, k, y))
    near = part_of_way(theirs, own.payoffs[1 - s, y, a], own.payoffs[1 - s, y, x])
    return min(near, part_of_way(both, total(own, s, a, y), total(own, s, x, y)))


def part_of_way(worst: float, reached: float, best: float) -> float:
    """Which part of the way from the worst to the best was gone; 1 at the best and beyond it."""
    if reached >= best - _HAIR:
        return 1.0
    return (reached - worst) / (best - worst)


@rare
def selfish_choice(own: MatrixGame, s: int) -> int:
    """The best other choice against the partner's part; where there is no better one, the worst."""
    part = int(own.joint[s])
    theirs = int(own.joint[1 - s])
    tempting = part
    unkind = 1 if part == 0 else 0
    for a in range(own.payoffs.shape[1]):
        if own.payoffs[s, a, theirs] > own.payoffs[s, tempting, theirs]:
            tempting = a
        if a != part and own.scale[s, a, theirs] < own.scale[s, unkind, theirs]:
            unkind = a
    return tempting if tempting != part else unkind


@rare
def tell(w: World, own: MatrixGame, i: int, s: int) -> None:
    """Tell seat `i` of its table and its incentives, now that it is the first or the second."""
    p = w.sight
    choices = own.payoffs.shape[1]
    part = int(own.joint[s])
    theirs = int(own.joint[1 - s])
    p.joint_choice[i] = part
    p.selfish_choice[i] = own.selfish[s]
    secure = -np.inf
    worst = np.inf
    for a in range(choices):
        least = np.inf
        for b in range(choices):
            p.payoff[i, a, b] = own.payoffs[s, a, b]
            least = min(least, own.payoffs[s, a, b])
        secure = max(secure, least)
        worst = min(worst, own.payoffs[s, part, a])
    kept = own.payoffs[s, part, theirs]
    p.temptation[i] = own.payoffs[s, own.selfish[s], theirs] - kept
    o = 1 - s
    p.exposure[i] = own.payoffs[o, own.selfish[o], part] - own.payoffs[o, theirs, part]
    p.rent[i] = kept
    p.fallback[i] = secure
    p.hope[i] = kept - secure
    p.risk[i] = own.payoffs[s, part, own.selfish[o]] - secure
    p.at_stake[i] = max(0.0, kept - worst)


#: Tables of the named games: one for both seats, or one for each.
FAMILY: Mapping[str, Any] = {
    "rock_paper_scissors": [[0, -1, 1], [1, 0, -1], [-1, 1, 0]],
    "matching_pennies": [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]],
    "shapley": [[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]],
    "battle_of_the_sexes": [[[2, 0], [0, 1]], [[1, 0], [0, 2]]],
    "chicken": [[6, 2], [7, 0]],
    "hawk_dove": [[1, 0], [2, -2]],
    "stag_hunt": [[4, 0], [3, 3]],
    "coordination": [[2, 0], [0, 1]],
    "pure_coordination": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "prisoners_dilemma": [[3, 0], [5, 1]],
}
