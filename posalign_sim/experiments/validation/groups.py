"""Groups who share something: public goods, punishment, collective risk, a fishery."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents import (
    AltruisticPunisher,
    Cooperator,
    FixedHarvester,
    RandomContributor,
)
from posalign_sim.agents.contributors import give
from posalign_sim.envs import Commons, PublicGoods
from posalign_sim.experiments.validation.playing import play
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    agreeing,
    at_least,
    exact,
    frequency,
    printed,
    row,
    sampled,
)
from posalign_sim.institutions import PeerPunishment
from posalign_sim.metrics import Sustainability
from posalign_sim.theory import (
    CollectiveRisk,
    deterring_points,
    fishery,
    optional_public_good_fixations,
    public_good_points,
    rare_mutation_distribution,
    volunteers_dilemma,
)
from posalign_sim.world.fields import param
from posalign_sim.world.matching import Fixed
from posalign_sim.world.modules import Agent
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.sight import parameter

_SEATS = 6


class _Share(Agent):
    """Gives a share of its endowment."""

    share: float = param(1, 0, 1, "share")

    @staticmethod
    def contribute(p: Any, i: int) -> tuple[int, int]:
        return give(p, parameter(p, i, 0))


def _play(
    game: PublicGoods,
    probabilities: Any,
    worlds: int,
    luck: int,
    table: int = _SEATS,
    pairs: Any = None,
) -> Any:
    """`[worlds, seats]` points of one round in which seats contribute with these probabilities."""
    made = Scenario(
        game,
        [RandomContributor(probability=p) for p in probabilities],
        matching=Fixed(table=table),
        rounds=1,
        metrics=(),
    )
    return play(made, worlds, luck, pairs=pairs).points[:, :_SEATS]


@row(24, "Who is punished for free riding", "Fehr & Gächter (2002), Nature 415")
def punishment(_: Run) -> list[Check]:
    """Four of 20 units, return .4: all 32, none 20, a lone rider 44; more than 4 points deter."""
    checks = [
        exact("points that leave a free rider indifferent", 4, deterring_points(20, 0.4, ratio=3))
    ]
    cases = {"all give": [20.0] * 4, "none gives": [0.0] * 4, "a lone rider": [0.0, 20, 20, 20]}
    for (name, gifts), told in zip(cases.items(), (32, 20, 44), strict=True):
        seats = [_Share(share=g / 20) for g in gifts]
        made = Scenario(PublicGoods(), seats, rounds=1, metrics=())
        points = play(made, mode="interpreted").points[0, 0]
        checks.append(exact(f"{name}, formula", told, public_good_points(gifts, 20, 0.4)[0]))
        checks.append(exact(f"{name}, played", told, points, 1e-6))
    given = np.arange(0, 9.0)
    punisher = AltruisticPunisher(points=given)
    made = Scenario(
        PublicGoods(),
        [Cooperator(conduct=punisher), Cooperator(), Cooperator(), _Share(share=0)],
        institutions=[PeerPunishment(impact=3)],
        rounds=1,
        metrics=(),
    )
    gain = play(made, len(given), mode="interpreted").points[:, 3] - 32
    checks.append(agreeing("free riding pays, by points", gain > 1e-6, given < 4))
    checks.append(exact("gain of a free rider who gets 4 points", 0, gain[4], 1e-6))
    return checks


@row(
    25,
    "Freedom to stay out, and peer punishment",
    "Hauert, Traulsen, Brandt, Nowak & Sigmund (2007), Science 316",
)
def peer_punishment(_: Run) -> list[Check]:
    """Strong imitation, rare mutation, a hundred: [2, 2, 2, M + 2] / (M + 8) of the time."""
    checks = []
    for many in (20, 100):
        shares = rare_mutation_distribution(optional_public_good_fixations(population=many))
        told = np.array([2, 2, 2, many + 2]) / (many + 8)
        names = "cooperators", "defectors", "loners", "punishers"
        checks += [
            exact(f"share of {n} among {many}", t, s)
            for n, t, s in zip(names, told, shares, strict=True)
        ]
    return checks


@row(26, "Pool against peer punishment", "Sigmund, De Silva, Traulsen & Hauert (2010), Nature 466")
def pool_punishment(_: Run) -> list[Check]:
    """If the pool punishes those too who only contribute it takes all; else peers do better."""
    five = ("cooperator", "defector", "loner", "peer_punisher", "pool_punisher")
    without = rare_mutation_distribution(optional_public_good_fixations(five))
    strict = rare_mutation_distribution(optional_public_good_fixations(five, second_order=True))
    return [
        exact("pool punishers with second-order punishment", 1, strict[4]),
        at_least("peer punishers without, less pool punishers", 0.1, without[3] - without[4]),
    ]


@row(
    27,
    "Collective risk",
    "Milinski et al. (2008), PNAS 105; Santos & Pacheco (2011), PNAS 108",
)
def collective_risk(run: Run) -> list[Check]:
    """Six, of whom three must give a tenth: no cooperation below a risk of .289352."""
    game = CollectiveRisk(players=6, threshold=3, cost=0.1, risk=0.9)
    unstable, stable = (x for x, _ in game.equilibria())
    below, above = (CollectiveRisk(6, 3, 0.1, r).equilibria() for r in (0.28935, 0.28936))
    invades = CollectiveRisk(6, 3, 0.1, 1).fixation(50, 1)[1]
    checks = [
        printed("critical risk", 0.289352, game.critical_risk(), 6),
        exact("equilibria below it", 0, len(below)),
        exact("where they appear", 0.4, above[0][0], 0.005),
        printed("unstable share at risk .9", 0.12987, unstable, 5),
        printed("stable share at risk .9", 0.72299, stable, 5),
        printed("a defector takes over fifty at risk 1", 0.00368210, invades, 8),
    ]
    worlds = run.many(20_000, 4_000)
    own = np.repeat([1.0, 0.0], worlds)
    for x in (0.05, unstable, 0.4, stable, 0.95):
        # Both worlds of a pair have the same luck, and differ in what the first seat does.
        points = _play(
            PublicGoods.of("collective_risk", risk=0.9),
            [own, *[x] * 5],
            2 * worlds,
            run.luck,
            pairs=np.tile(np.arange(worlds), 2),
        )
        gain = points[:worlds, 0] - points[worlds:, 0]
        told = game.gradient(x) / (x * (1 - x))
        wrong = None if abs(told) < 1e-9 else 0.0
        checks.append(sampled(f"gain of giving at a share of {x:.3f}, played", told, gain, wrong))
    return checks


@row(28, "The volunteer's dilemma", "Diekmann (1985), J. Conflict Resolution 29")
def volunteers(run: Run) -> list[Check]:
    """Cost a quarter of the benefit: 1 - (c / b)^(1 / (N - 1)) volunteer; the more, the fewer."""
    checks, worlds = [], run.many(20_000, 4_000)
    for n in (3, 5):
        told = 1 - 0.25 ** (1 / (n - 1))
        p, nobody = volunteers_dilemma(n, cost=1, benefit=4)
        checks += [
            exact(f"chance to volunteer of {n}", told, p),
            exact(f"chance of {n} that nobody does", (1 - told) ** n, nobody),
        ]
        game = PublicGoods.of("volunteer", benefit=4)
        points = _play(game, [told] * _SEATS, worlds, run.luck, n)
        none = (points[:, :n] == 1).all(axis=1)
        waits = _play(game, [0.0, *[told] * 5], worlds, run.luck, n)[:, 0]
        checks += [
            frequency(f"nobody of {n} does, played", (1 - told) ** n, none, wrong=0.25),
            sampled(f"points of who waits among {n}: as of who does not", 4, waits, wrong=3.8),
        ]
    return checks


@row(33, "A common fishery", "Piatti et al. (2024), NeurIPS 37 (GovSim)")
def govsim(_: Run) -> list[Check]:
    """Five fish a stock of 100 that doubles: ten each lasts for ever, eleven each three months."""
    checks = []
    for amount, total, months in ((10, 600, 12), (11, 195, 4)):
        theory = fishery([amount] * 5)
        made = Scenario(
            Commons(),
            [FixedHarvester(amount=amount) for _ in range(5)],
            rounds=12,
            metrics=[Sustainability()],
        )
        played = play(made, mode="interpreted")
        checks += [
            exact(f"{amount} each: total catch, by hand", total, theory.total),
            exact(f"{amount} each: total catch, played", total, played.points.sum(), 1e-4),
            exact(f"{amount} each: months, by hand", months, theory.months),
            exact(f"{amount} each: months, played", months, played.table()["survival_time"][0]),
        ]
    left = fishery([11] * 5).remaining
    checks += [
        exact(f"11 each: left after month {k + 1}", told, left[k])
        for k, told in enumerate((45, 35, 15, 0))
    ]
    return checks
