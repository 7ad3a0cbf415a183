"""Two who play the repeated dilemma: what memory-one strategies do to each other, under noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents import (
    Defector,
    GenerousTitForTat,
    MemoryOne,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.experiments.tournament.round_robin import Open, SeatCooperation
from posalign_sim.experiments.validation.playing import go_on
from posalign_sim.experiments.validation.rows import Check, Run, exact, row, sampled
from posalign_sim.theory import (
    ALWAYS_COOPERATE,
    ALWAYS_DEFECT,
    AXELROD,
    TIT_FOR_TAT,
    WIN_STAY_LOSE_SHIFT,
    average_payoffs,
    cooperation_rates,
    equaliser,
    extortion,
    generous_optimum,
    generous_zd,
    reactive,
    reactive_cooperation,
    stationary_distribution,
)
from posalign_sim.world.modules import Agent
from posalign_sim.world.noise import Tremble

#: All duels are one structure, in whose seats any of these may sit: compiled once.
_KINDS = (Defector, GenerousTitForTat, MemoryOne, TitForTat, WinStayLoseShift)
#: Rounds that are left out at the start, until it does not matter who began how; and those that
#: count.
_BURN, _ROUNDS = 300, 400
_NOISE = 0.01


def player(strategy: Any, first: Any = 1.0) -> MemoryOne:
    """A memory-one agent from four probabilities, each one number or one for each world."""
    after = dict(zip(("after_cc", "after_cd", "after_dc", "after_dd"), strategy, strict=True))
    return MemoryOne(**after, first=first)


def duel(first: Agent, second: Agent, **more: Any) -> Open:
    """A duel of two: a scenario; all duels are of one structure.

    Args:
        first: a player, of the kinds that are known here.
        second: the other one.
        **more: `noise` (a probability), and what else a scenario may be given.
    """
    noise = more.pop("noise", 0.0)
    return Open(
        _KINDS,
        RepeatedDilemma(),
        [first, second],
        noise=Tremble(probability=noise),
        metrics=(SeatCooperation(),),
        **{"rounds": _BURN + _ROUNDS, **more},
    )


def long_run(
    first: Agent, second: Agent, worlds: int, luck: int, noise: Any = 0.0
) -> tuple[Any, Any]:
    """`[worlds, 2]` points and cooperation by round, when the start is long past."""
    made = duel(first, second, noise=noise)
    ws = go_on(made, made.worlds(worlds, luck), _BURN)
    before = ws["balance"][:, :2] / 1e6, ws["seat_cooperation"]["total"][:, :2].copy()
    go_on(made, ws)
    points = ws["balance"][:, :2] / 1e6 - before[0]
    acts = ws["seat_cooperation"]["total"][:, :2] - before[1]
    return points / _ROUNDS, acts / _ROUNDS


def _pair(
    run: Run,
    agents: tuple[Agent, Agent],
    strategies: tuple[Any, Any],
    told: tuple[float, float, float],
    wrong: float,
) -> list[Check]:
    """Exact and played cooperation of the first, and points of both; `wrong` is of cooperation."""
    shares = stationary_distribution(*strategies, _NOISE)
    exactly = cooperation_rates(shares)[0], *average_payoffs(shares, AXELROD)
    points, acts = long_run(*agents, run.many(24_000, 4_000), run.luck, _NOISE)
    names = "cooperation of the first", "its points", "points of the second"
    checks = [
        exact(f"{n}, exact chain", t, e) for n, t, e in zip(names, told, exactly, strict=True)
    ]
    played = acts[:, 0], points[:, 0], points[:, 1]
    checks += [
        sampled(f"{n}, played", t, values, wrong if k == 0 else None)
        for k, (n, t, values) in enumerate(zip(names, told, played, strict=True))
    ]
    return checks


@row(
    1,
    "Tit for tat against a defector, under noise",
    "Nowak & Sigmund (1990), Acta Appl. Math. 20; Press & Dyson (2012), PNAS 109",
)
def tit_for_tat_and_a_defector(run: Run) -> list[Check]:
    """It is made to cooperate by slips, its own and the other's: 2 e (1 - e) of rounds."""
    e = _NOISE
    c = 2 * e * (1 - e)
    alike = 3 * c * e + (1 - c) * (1 - e)  # the other slips with e, whatever was done before
    told = c, alike + 5 * (1 - c) * e, alike + 5 * c * (1 - e)
    agents, strategies = (TitForTat(), Defector()), (TIT_FOR_TAT, ALWAYS_DEFECT)
    return _pair(run, agents, strategies, told, wrong=e)


@row(2, "Tit for tat against itself, under noise", "Molander (1985), J. Conflict Resolution 29")
def tit_for_tat_and_itself(run: Run) -> list[Check]:
    """However rare slips are, all four states are equally common."""
    checks = [
        exact(f"share of {state} at noise {e:g}", 0.25, share)
        for e in (1e-6, 0.01, 0.5)
        for state, share in zip(
            ("CC", "CD", "DC", "DD"),
            stationary_distribution(TIT_FOR_TAT, TIT_FOR_TAT, e),
            strict=True,
        )
    ]
    agents, strategies = (TitForTat(), TitForTat()), (TIT_FOR_TAT, TIT_FOR_TAT)
    return checks + _pair(run, agents, strategies, (0.5, 2.25, 2.25), wrong=1 - _NOISE)


@row(3, "Win-stay, lose-shift against itself, under noise", "Nowak & Sigmund (1993), Nature 364")
def win_stay_and_itself(run: Run) -> list[Check]:
    """Both shift together: they agree in s = 1 - 2 e (1 - e) of rounds, whatever was before."""
    e = _NOISE
    s = 1 - 2 * e * (1 - e)
    c = s * (1 - e) + (1 - s) * e
    # Given that they agree both act alike but for slips; else both mean to defect.
    both = s * (1 - e) ** 2 + (1 - s) * e**2
    one = s * e * (1 - e) + (1 - s) * e * (1 - e)
    points = 3 * both + 5 * one + (1 - both - 2 * one)
    agents = WinStayLoseShift(), WinStayLoseShift()
    return _pair(
        run,
        agents,
        (WIN_STAY_LOSE_SHIFT, WIN_STAY_LOSE_SHIFT),
        (c, points, points),
        wrong=1 - _NOISE,
    )


@row(4, "The most generosity that is safe", "Nowak & Sigmund (1992), Nature 355")
def generosity(run: Run) -> list[Check]:
    """Forgiving a third of defections; more, and who alternates gains by it."""
    q = generous_optimum(AXELROD)
    generous = reactive(1, 1 / 3)
    checks = [exact("generosity", 1 / 3, q)]
    shares = stationary_distribution(generous, generous, _NOISE)
    c, points = cooperation_rates(shares)[0], average_payoffs(shares, AXELROD)[0]
    checks += [
        exact("cooperation at noise .01", 0.971154, c, 5e-7),
        exact("points at noise .01", 2.970322, points, 5e-7),
    ]
    pair = GenerousTitForTat(), GenerousTitForTat()
    played, acts = long_run(*pair, run.many(24_000, 4_000), run.luck, _NOISE)
    checks += [
        sampled("cooperation, played", 0.971154, acts[:, 0], wrong=0.99),
        sampled("points, played", 2.970322, played[:, 0], wrong=2.98),
    ]
    # Who defects every other round earns q R + (1 - q) S, then T: as much as R at 1/3.
    alternator = player((0.0, 0.0, 1.0, 1.0), 0.0)
    for g in (0.25, 1 / 3, 0.42):
        points, _ = long_run(
            alternator, GenerousTitForTat(generosity=g), run.many(8_000, 2_000), run.luck
        )
        told = (5 + 3 * g) / 2
        wrong = None if g == 1 / 3 else 3.0
        checks.append(sampled(f"points of who alternates, at {g:.2f}", told, points[:, 0], wrong))
    return checks


@row(5, "Reactive strategies", "Nowak & Sigmund (1990), Acta Appl. Math. 20")
def reactive_strategies(run: Run) -> list[Check]:
    """(.9, .2) against (.8, .1): (q1 + r1 q2) / (1 - r1 r2), with r = p - q."""
    told = 9 / 17
    pair = reactive(0.9, 0.2), reactive(0.8, 0.1)
    chain = cooperation_rates(stationary_distribution(*pair, noise=0.0))[0]
    _, acts = long_run(player(pair[0]), player(pair[1]), run.many(24_000, 4_000), run.luck)
    return [
        exact("cooperation, closed form", told, reactive_cooperation(0.9, 0.2, 0.8, 0.1)[0]),
        exact("cooperation, exact chain", told, chain),
        sampled("cooperation, played", told, acts[:, 0], wrong=told + 0.01),
    ]


def _line(run: Run, name: str, own: Any, relation: Any) -> list[Check]:
    """How far off its line a strategy is against any opponents, by the chain and in play."""
    opponents = run.rng.uniform(0.02, 0.98, (run.many(8_000, 3_000), 4))
    off = [
        abs(relation(*average_payoffs(stationary_distribution(own, q), AXELROD)))
        for q in opponents[:200]
    ]
    points, _ = long_run(player(own), player(opponents.T), len(opponents), run.luck)
    played = relation(points[:, 0], points[:, 1])
    return [
        exact(f"{name}: most off its line against 200 opponents, exact chain", 0, max(off)),
        sampled(f"{name}: mean off its line, played", 0, played, wrong=0.05),
    ]


@row(6, "Extortion", "Press & Dyson (2012), PNAS 109; Stewart & Plotkin (2012), PNAS 109")
def extortion_of_anybody(run: Run) -> list[Check]:
    """Any opponent is held to s_X - P = 2 (s_Y - P); a cooperator to 3.5 against 2.25."""
    own = extortion(2, AXELROD)
    states = ("CC", "CD", "DC", "DD")
    told = (8 / 9, 1 / 2, 1 / 3, 0)
    checks = [
        exact(f"cooperation after {s}", t, p) for s, t, p in zip(states, told, own, strict=True)
    ]
    checks += _line(run, "extortion", own, lambda x, y: x - 1 - 2 * (y - 1))
    exactly = average_payoffs(stationary_distribution(own, ALWAYS_COOPERATE), AXELROD)
    points, _ = long_run(player(own), player(ALWAYS_COOPERATE), run.many(8_000, 2_000), run.luck)
    for k, (who, t) in enumerate((("it", 3.5), ("a cooperator", 2.25))):
        checks.append(exact(f"points of {who}, exact chain", t, exactly[k]))
        checks.append(sampled(f"points of {who}, played", t, points[:, k], wrong=t + 0.05))
    return checks


@row(
    7,
    "A strategy that fixes the other's points; a generous one",
    "Press & Dyson (2012), PNAS 109; Stewart & Plotkin (2012), PNAS 109",
)
def equaliser_and_generous(run: Run) -> list[Check]:
    """The opponent gets 2 whatever it does; or both fall short of R by 2 to 1."""
    two, kind = equaliser(2, AXELROD), generous_zd(2, AXELROD)
    off = max(
        np.abs(two - [2 / 3, 0, 2 / 3, 1 / 3]).max(), np.abs(kind - [1, 1 / 8, 1, 1 / 4]).max()
    )
    return [
        exact("most off the published probabilities", 0, off),
        *_line(run, "equaliser", two, lambda x, y: y - 2),
        *_line(run, "generous", kind, lambda x, y: x - 3 - 2 * (y - 3)),
    ]
