"""Binding oneself and others: pacts, contracts, arms that are answered with arms."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents import Compliant, Cooperator, Defector, PactPlayer, Richardson
from posalign_sim.agents.pacts import STRATEGIES
from posalign_sim.envs import Crisis, RepeatedDilemma
from posalign_sim.experiments.validation.playing import play
from posalign_sim.experiments.validation.rows import Check, Run, agreeing, exact, printed, row
from posalign_sim.institutions import Contract, Precommitment
from posalign_sim.theory import (
    COMMITMENT_STRATEGIES,
    Dilemma,
    arms_race_equilibrium,
    arms_race_path,
    arms_race_stable,
    commitment_payoffs,
    deterring_transfer,
    matrix_after_transfer,
    pairwise_fixations,
    rare_mutation_distribution,
    risk_dominates,
    weakly_dominant,
)
from posalign_sim.world.scenario import Scenario

_NAMES = ("temptation", "reward", "punishment", "sucker")


def _matrix(agents: Any, game: RepeatedDilemma, law: Any, worlds: int = 1) -> Any:
    """`[agents, agents, worlds]` points of each of them against each, in one round."""
    table = [
        [
            play(
                Scenario(game, [a, b], institutions=[law], rounds=1, metrics=()),
                worlds,
                mode="interpreted",
            ).points[:, 0]
            for b in agents
        ]
        for a in agents
    ]
    return np.array(table)


@row(29, "Commitment before the game", "Han, Pereira, Santos & Lenaerts (2013), Sci. Rep. 3")
def precommitment(_: Run) -> list[Check]:
    """Who proposes a pact, at a price, is most of a population if cheats must compensate."""
    b, c, arrangement, compensation = 4, 1, 0.25, 4
    players = [PactPlayer.of(name) for name in STRATEGIES]
    game = RepeatedDilemma.of("donation", benefit=b, cost=c)
    law = Precommitment(arrangement=arrangement, compensation=compensation)
    played = _matrix(players, game, law)[:, :, 0]
    theory = commitment_payoffs(b, c, arrangement, compensation)
    table = pairwise_fixations(played, 100, 0.1)
    checks = [
        printed("share of who commits", 0.8015, rare_mutation_distribution(table)[0], 4),
        exact("most that a payoff in play is off", 0, abs(played - theory).max(), 1e-6),
    ]
    order = list(COMMITMENT_STRATEGIES)
    free, fake = (
        np.ix_((0, k), (0, k))
        for k in (
            [n.startswith("free") for n in order].index(True),
            [n.startswith("fake") for n in order].index(True),
        )
    )
    prices = np.arange(0, 4, 0.13)
    found = [
        risk_dominates(commitment_payoffs(b, c, price, compensation)[free]) for price in prices
    ]
    checks.append(
        agreeing("committing beats free riding, by price", found, prices < 2 * (b - c) / 3)
    )
    sums = np.arange(0, 4, 0.13)
    found = [risk_dominates(commitment_payoffs(b, c, arrangement, x)[fake]) for x in sums]
    told = sums > c + 3 * arrangement / 4
    checks.append(agreeing("committing beats faking, by compensation", found, told))
    return checks


@row(
    30, "A contract to pay whom one fails", "Varian (1994), AER 84; Jackson & Wilkie (2005), RES 72"
)
def contracts(_: Run) -> list[Check]:
    """Cooperation is dominant from max(T - R, P - S) on: 2, and 1 in the dilemma of 3, 2, 1, 0."""
    checks, transfers = [], np.arange(0, 4.01, 0.125)
    for payoffs, told in (((5.0, 3, 1, 0), 2), ((3.0, 2, 1, 0), 1), ((4.0, 3, 2.5, 0), 2.5)):
        name = ", ".join(f"{x:g}" for x in payoffs)
        checks.append(exact(f"({name}): transfer", told, deterring_transfer(Dilemma(*payoffs))))
        terms: dict[str, Any] = dict(zip(_NAMES, payoffs, strict=True))
        game = RepeatedDilemma(**terms)
        agents = Cooperator(conduct=Compliant()), Defector(conduct=Compliant())
        law = Contract(transfer=transfers, fee=0)
        played = np.moveaxis(_matrix(agents, game, law, len(transfers)), 2, 0)
        theory = [matrix_after_transfer(Dilemma(*payoffs), t) for t in transfers]
        dominant = [weakly_dominant(m) for m in played]
        checks += [
            exact(f"({name}): most that a payoff is off", 0, abs(played - theory).max(), 1e-6),
            agreeing(f"({name}): dominant, by transfer", dominant, transfers >= told),
        ]
    return checks


@row(31, "An arms race", "Richardson (1960), Arms and Insecurity")
def arms_race(_: Run) -> list[Check]:
    """X' = k y - a x + g: stable iff k l < a b, at ((k h + b g), (l g + a h)) / (a b - k l)."""
    rates = 0.5, 0.4, 1, 0.8, 2, 1
    k, other, a, b, g, h = rates
    rest = arms_race_equilibrium(*rates)
    checks = [exact("rest, first", 3.5, rest[0]), exact("rest, second", 3, rest[1])]
    cases = [(0.5, 0.4, 1, 0.8), (1, 1, 0.9, 0.8), (0.9, 0.9, 1, 1), (1.2, 0.8, 0.9, 1)]
    found = [arms_race_stable(*case) for case in cases]
    checks.append(agreeing("stable iff k l < a b", found, [w * x < y * z for w, x, y, z in cases]))
    tick = 0.001
    # At rest each is within half a tick of what it would arm to.
    room = abs(np.linalg.inv([[a, -k], [-other, b]])).sum(axis=1).max() * tick / 2 + 1e-9
    path = arms_race_path((0, 0), 5, *rates)
    for rounds, wanted in ((5, path[-1]), (60, rest)):
        made = Scenario(
            Crisis(arms=1, hazard=0, tick=tick),
            [
                Richardson(reaction=k, fatigue=a, grievance=g, step=1),
                Richardson(reaction=other, fatigue=b, grievance=h, step=1),
            ],
            rounds=rounds,
            metrics=(),
        )
        ws = play(made, mode="interpreted").worlds
        for who, told, arms in zip(
            ("first", "second"), wanted, ws["crisis"]["armed"][0, :2], strict=True
        ):
            checks.append(exact(f"{who} after {rounds} rounds, played", told, arms, room))
    return checks
