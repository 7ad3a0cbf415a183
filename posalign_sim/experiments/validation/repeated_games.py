"""Tournaments, ways back from a slip, and how long a shadow the future must cast."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents import (
    Cooperator,
    Defector,
    GenerousTitForTat,
    Grit,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.experiments.tournament import Tournament
from posalign_sim.experiments.tournament.standings import first_tournament, ranking
from posalign_sim.experiments.validation.duels import duel, player
from posalign_sim.experiments.validation.playing import go_on, play
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    agreeing,
    exact,
    frequency,
    printed,
    row,
    sampled,
)
from posalign_sim.metrics import Reciprocity
from posalign_sim.theory import (
    ALWAYS_DEFECT,
    AXELROD,
    GRIM_TRIGGER,
    TIT_FOR_TAT,
    WIN_STAY_LOSE_SHIFT,
    discounted_distribution,
    expected_reciprocity,
    grim_threshold,
    reactive,
    recovery_mean,
    tit_for_tat_basin_edge,
    tit_for_tat_stability_threshold,
    unbroken_probability,
)
from posalign_sim.world.matching import Rematched
from posalign_sim.world.modules import Agent
from posalign_sim.world.noise import Tremble
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.sight import other_last

_LEADERS = ["Tit for Tat", "Tideman and Chieruzzi"]


@row(
    8,
    "The first computer tournament, from its score matrix",
    "Axelrod (1980), J. Conflict Resolution 24; table in Rapoport et al. (2015), PLOS ONE 10",
)
def first_ranking(_: Run) -> list[Check]:
    """The ranking of the printed scores; who wins a re-run depends on the field and on luck."""
    names, scores = first_tournament()
    table = ranking(scores, names)
    first, second = table.iloc[0], table.iloc[1]
    return [
        agreeing("first and second", [first["player"], second["player"]], _LEADERS),
        printed("score of tit for tat", 504.53, first["score"], 2),
        printed("score of Tideman and Chieruzzi", 500.47, second["score"], 2),
        exact("players", 15, len(table)),
    ]


@row(
    9,
    "A round robin without luck",
    "Axelrod (1980), J. Conflict Resolution 24; Knight et al. (2016), J. Open Research Software 4",
)
def round_robin(_: Run) -> list[Check]:
    """Five strategies, five turns, everybody once against everybody else."""
    told = {"cooperator": 45, "tit_for_tat": 49, "defector": 52, "grim": 49, "go_by_majority": 49}
    cup = Tournament(list(told), turns=5, repetitions=1, self_play=False)
    scores = cup.play(mode="interpreted", progress=False).scores
    points = 5 * np.nansum(scores, axis=1)
    return [exact(f"points of {n}", t, p) for (n, t), p in zip(told.items(), points, strict=True)]


def _recovery(agent: Agent, slipped: Agent, worlds: int, luck: int, rounds: int) -> Any:
    """`[worlds]` rounds after a slip of the first seat until both cooperate; inf if never."""
    made = duel(slipped, agent, rounds=rounds + 1)
    ws = go_on(made, made.worlds(worlds, luck), 1)
    took = np.full(worlds, np.inf)
    for k in range(1, rounds + 1):
        before = ws["balance"][:, :2].copy()
        go_on(made, ws, k + 1)
        both = (ws["balance"][:, :2] - before == 3_000_000).all(axis=1)
        took[both & np.isinf(took)] = k
    return took


@row(
    10,
    "The way back after one slip",
    "Molander (1985), J. Conflict Resolution 29; Nowak & Sigmund (1993), Nature 364",
)
def recovery(run: Run) -> list[Check]:
    """Generous pairs forgive by chance, in 1 / q rounds; win-stay in two; tit for tat never."""
    q = 1 / 3
    generous = _recovery(
        GenerousTitForTat(generosity=q),
        player(reactive(1, q), first=0.0),
        run.many(20_000, 4_000),
        run.luck,
        60,
    )
    shift = _recovery(WinStayLoseShift(), player(WIN_STAY_LOSE_SHIFT, 0.0), 1, run.luck, 10)
    echo = _recovery(TitForTat(), player(TIT_FOR_TAT, 0.0), 1, run.luck, 200)
    pair = reactive(1, q), reactive(1, q)
    return [
        exact("mean rounds of generous pairs, exact", 3, recovery_mean(*pair)),
        sampled("mean rounds of generous pairs, played", 3, generous, wrong=2.5),
        frequency("share that is back after one round", q, generous == 1),
        exact("rounds of win-stay pairs, exact", 2, recovery_mean(*[WIN_STAY_LOSE_SHIFT] * 2)),
        exact("rounds of win-stay pairs, played", 2, shift[0]),
        exact("tit for tat: chance to recover, exact", 0, 1 / recovery_mean(*[TIT_FOR_TAT] * 2)),
        exact("tit for tat: share recovered in 200 rounds, played", 0, np.isfinite(echo).mean()),
    ]


def _totals(run: Run, pairs: list[tuple[Agent, Agent]], w: float) -> Any:
    """`[pairs, worlds]` total points of the first; games of one world are equally long."""
    worlds = run.many(40_000, 10_000)
    return np.array(
        [
            play(duel(*pair, rounds=None, continuation=w), worlds, run.luck).points[:, 0]
            for pair in pairs
        ]
    )


@row(
    11,
    "How likely another round must be",
    "Friedman (1971), Rev. Econ. Studies 38; Axelrod & Hamilton (1981), Science 211",
)
def shadow_of_the_future(run: Run) -> list[Check]:
    """Grim from 1/2 on, tit for tat from 2/3 on; and how many of it defectors can bear."""
    checks = [
        exact("grim is an equilibrium from", 1 / 2, grim_threshold(AXELROD)),
        exact("tit for tat is stable from", 2 / 3, tit_for_tat_stability_threshold(AXELROD)),
        exact("edge of its basin at .9", 1 / 17, tit_for_tat_basin_edge(0.9, AXELROD)),
        exact("edge of its basin at .75", 1 / 5, tit_for_tat_basin_edge(0.75, AXELROD)),
    ]
    grim, cheat = player(GRIM_TRIGGER), player(ALWAYS_DEFECT, 0.0)
    for w in (0.45, 0.5, 0.55):
        keeps, breaks = _totals(run, [(grim, grim), (cheat, grim)], w)
        told = 5 + w / (1 - w) - 3 / (1 - w)
        wrong = None if w == 0.5 else 0.0
        checks.append(sampled(f"gain of breaking with grim at {w}", told, breaks - keeps, wrong))
    rivals = {"alternating": ((0, 0, 1, 1), 0.0), "defecting": (ALWAYS_DEFECT, 0.0)}
    for w in (2 / 3 - 0.04, 2 / 3, 2 / 3 + 0.04):
        for name, (strategy, first) in rivals.items():
            keeps, other = _totals(
                run, [(TitForTat(), TitForTat()), (player(strategy, first), TitForTat())], w
            )
            shares = discounted_distribution(strategy, TIT_FOR_TAT, w, first=(first, 1))
            told = float(shares @ AXELROD.matrix().reshape(4) - 3) / (1 - w)
            what = f"gain of {name} against tit for tat at {w:.3f}"
            checks.append(sampled(what, told, other - keeps, None if w == 2 / 3 else 0.0))
    mirror = TitForTat()
    seats: list[tuple[Agent, Agent]] = [
        (mirror, mirror),
        (Defector(), mirror),
        (mirror, Defector()),
        (Defector(), Defector()),
    ]
    copy, cheats, victim, war = _totals(run, seats, 0.9)
    for x in (0.7 / 17, 1 / 17, 1.4 / 17):
        lead = x * (copy - cheats) + (1 - x) * (victim - war)
        told = x * (30 - 14) + (1 - x) * (9 - 10)
        wrong = None if x == 1 / 17 else 0.0
        checks.append(sampled(f"lead of a share {x:.4f} of tit for tat", told, lead, wrong))
    return checks


class _Locked(Agent):
    """Defects twice, and is a tit for tat then: two of its kind never cooperate."""

    @staticmethod
    def move(p: Any, i: int) -> int:
        return 1 if p.clock < 2 or other_last(p, i) < 0.5 else 0


@row(32, "Graduated reciprocation, as a strategy", "Osgood (1962), An Alternative to War")
def grit(_: Run) -> list[Check]:
    """One kind round leads from a feud into alternation; two lead out of it; each costs P - S."""

    def lasting(initiative: int) -> tuple[float, float]:
        made = Scenario(
            RepeatedDilemma(), [Grit(initiative=initiative), _Locked()], rounds=41, metrics=()
        )
        ws = go_on(made, made.worlds(1), 21, "interpreted")
        before = ws["balance"][0, :2].copy()
        after = go_on(made, ws, 41, "interpreted")["balance"][0, :2]
        first, second = (after - before) / 20e6
        return float(first), float(second)

    checks = []
    for k, told in ((1, 2.5), (2, 3.0), (3, 3.0)):
        for who, points in zip(("it", "its partner"), lasting(k), strict=True):
            checks.append(exact(f"{k} kind rounds: points by round of {who}", told, points))
    for k in (1, 2, 5):
        mirror, kind = (
            play(
                Scenario(RepeatedDilemma(), [agent, Defector()], rounds=12, metrics=()),
                mode="interpreted",
            ).points[0, 0]
            for agent in (TitForTat(), Grit(initiative=k))
        )
        checks.append(exact(f"cost of {k} against a defector", k, mirror - kind))
    return checks


@row(56, "Grim players who slip", "Axelrod & Dion (1988), Science 242")
def grim_lock_in(run: Run) -> list[Check]:
    """Both still cooperate after T rounds with probability (1 - e)^(2 T); then never again."""
    grim, worlds, checks = player(GRIM_TRIGGER), run.many(20_000, 5_000), []
    for e in (0.01, 0.05):
        for rounds in (1, 5, 20):
            made = duel(grim, grim, noise=e, rounds=rounds)
            points = play(made, worlds, run.luck).points
            unbroken = (points == 3 * rounds).all(axis=1)
            told = (1 - e) ** (2 * rounds)
            name = f"unbroken after {rounds} at noise {e}"
            checks.append(exact(f"{name}, exact", told, unbroken_probability(e, rounds)))
            wrong = (1 - e) ** rounds
            checks.append(frequency(f"{name}, played", told, unbroken, wrong))
    return checks


@row(57, "Reciprocity is a slope, not a level", "Nowak & Sigmund (1990), Acta Appl. Math. 20")
def reciprocity(run: Run) -> list[Check]:
    """Nothing for who does not respond; (1 - 2 e) (p - q) for who does."""
    crowd = [Cooperator()] * 3 + [Defector()] * 3
    made = Scenario(
        RepeatedDilemma(), crowd, matching=Rematched(), metrics=[Reciprocity()], rounds=30
    ).forceable()
    table = play(made, 5, run.luck, mode="interpreted").table()
    checks = [exact("of cooperators and defectors, most", 0, table["reciprocity"].abs().max())]
    worlds, rounds = run.many(4_000, 1_500), 300
    for p, q, noise in ((1.0, 0.0, 0.1), (0.9, 0.2, 0.0), (0.3, 0.8, 0.1), (0.5, 0.5, 0.1)):
        made = Scenario(
            RepeatedDilemma(),
            [player(reactive(p, q)), player([0.5] * 4, 0.5)],
            metrics=[Reciprocity()],
            rounds=rounds,
            noise=Tremble(probability=noise),
        ).forceable()
        own = play(made, worlds, run.luck).worlds["reciprocity"]
        rate = own["total"][:, 0] / own["acts"][:, 0]
        told = (1 - 2 * noise) * (p - q)
        checks.append(exact(f"({p}, {q}), noise {noise}", told, expected_reciprocity(p, q, noise)))
        wrong = p - q if noise and p != q else None
        score = rate[:, 1] - rate[:, 0]
        checks.append(sampled(f"({p}, {q}), noise {noise}, played", told, score, wrong))
    return checks
