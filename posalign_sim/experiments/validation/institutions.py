"""What institutions deter: thresholds of records, of verdicts, and of what cannot be changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Honest,
    Opportunist,
    Random,
    TitForTat,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.experiments.validation.playing import go_on, play
from posalign_sim.experiments.validation.rows import Check, Run, agreeing, exact, row
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.theory import (
    arbitration_deters,
    dispute_credible,
    honesty_threshold,
    minimal_accuracy_gap,
    whitewash_proof_fee,
)
from posalign_sim.world.modules import Institution
from posalign_sim.world.noise import Tremble
from posalign_sim.world.scenario import Scenario

#: The market's defaults: the gain from cheating, the rent of a sale, and of none.
_GAIN, _RENT = 1.0, 3.0


def ledger(**more: Any) -> Reputation:
    """A record that one breach spoils and nothing mends; it costs nothing."""
    return Reputation(**{"weight": 1, "decay": 0, "upkeep": 0, **more})


def keeps_its_word(worlds: int, *laws: Institution, game: Any = None, **more: Any) -> Any:
    """`[worlds]` whether a calculating seller keeps its first promise."""
    made = Scenario(
        game or MoralHazardMarket(),
        {
            "seller": [Opportunist(patience=1, explore=0, learning=0)],
            "buyer": [DiscriminatingBuyer(unsecured=1)],
        },
        institutions=laws,
        metrics=[Honesty()],
        **{"rounds": 1, **more},
    )
    ws = go_on(made, made.worlds(worlds), 1, "interpreted")
    return ws["honesty"]["honest"] == 1


@row(
    44,
    "Reputation against moral hazard",
    "Klein & Leffler (1981), JPE 89; Shapiro (1983), QJE 98; Friedman & Resnick (2001), JEMS 10",
)
def reputation_and_moral_hazard(run: Run) -> list[Check]:
    """Honest iff d >= g / (g + rho r), where records are seen with rho; names must cost g / d."""
    checks, courses = [], {}
    patience = np.arange(0.005, 1, 0.01)
    for seen, told in ((1.0, 0.25), (0.5, 0.4), (0.1, 10 / 13)):
        threshold = honesty_threshold(_GAIN, _RENT, 0, seen)
        honest = keeps_its_word(
            len(patience), ledger(visibility=seen), rounds=None, continuation=patience
        )
        jump = patience[np.argmax(honest)] - 0.005 if honest.any() else np.inf
        courses[seen] = honest, threshold
        checks += [
            exact(f"threshold if {seen:g} of records are seen", told, threshold),
            exact(f"where honesty jumps if {seen:g} are seen", told, jump, 0.02),
            agreeing(f"honest by patience, {seen:g} seen", honest, patience >= told),
        ]
    discount = np.repeat([0.3, 0.6, 0.9], 5)
    proof = np.array([whitewash_proof_fee(_GAIN, d) for d in discount])
    fees = proof * np.tile([0, 0.5, 0.98, 1.02, 3], 3)
    register = Registry(reentry_fee=fees, verified=0)
    honest = keeps_its_word(15, ledger(), register, rounds=None, continuation=discount)
    checks.append(exact("fee for a name at discount .6", 1 / 0.6, whitewash_proof_fee(_GAIN, 0.6)))
    checks.append(agreeing("honest by fee for a new name", honest, fees >= _GAIN / discount))
    if run.drawing:
        run.kept["honesty"] = {"patience": patience, "courses": courses}
    return checks


@row(45, "Escrow with an arbiter", "Becker (1968), JPE 76; Png (1986), IRLE 6; Nalebuff (1987)")
def arbitration(run: Run) -> list[Check]:
    """Honest iff d (a - f) (phi p + F) >= g; disputes are credible iff a phi p >= their cost."""
    checks = []
    gap = np.arange(0.005, 0.7, 0.01)
    for fine, told in ((0, 0.2), (5, 0.1)):
        least = minimal_accuracy_gap(_GAIN, 5, 1, fine, 1)
        checks.append(exact(f"least a - f at a fine of {fine}", told, least))
        for error in (0, 0.3):
            law = Arbitration(accuracy=error + gap, false_finding=error, fine=fine)
            honest = keeps_its_word(len(gap), law)
            name = f"honest by a - f, fine {fine}, f = {error}"
            checks.append(agreeing(name, honest, gap >= told))
    rng, worlds = run.rng, run.many(1_500, 300)
    gain, price = rng.uniform(0.2, 3, worlds), rng.integers(6, 40, worlds) / 2
    accuracy, wrongly, refund, disputed = rng.uniform(0, 1, (4, worlds))
    fines = rng.uniform(0, 5, worlds)
    law = Arbitration(
        accuracy=accuracy, false_finding=wrongly, refund=refund, fine=fines, disputed=disputed
    )
    game = MoralHazardMarket(cost_low=0, cost_high=gain, price_high=price, value_high=100)
    cases = zip(gain, price, refund, fines, disputed, accuracy, wrongly, strict=True)
    theory = [arbitration_deters(*case) for case in cases]
    honest = keeps_its_word(worlds, law, game=game)
    checks.append(agreeing("honest in random markets", honest, theory))
    fee = rng.uniform(0, 10, worlds)
    made = Scenario(
        MoralHazardMarket(price_high=price),
        {"seller": [Defector()], "buyer": [Cooperator()]},
        institutions=[Arbitration(accuracy=accuracy, refund=refund, fee=fee)],
        rounds=1,
        metrics=(),
    )
    ws = play(made, worlds, run.luck, mode="interpreted").worlds
    cases_ = zip(accuracy, refund, price, fee, strict=True)
    credible = [dispute_credible(*case) for case in cases_]
    filed = ws["arbitration"]["disputes"][:, 1] > 0
    checks.append(agreeing("disputes filed in random markets", filed, credible))
    return checks


@row(58, "What cannot make a gain makes none", "by definition of constant-sum games")
def constant_sum(run: Run) -> list[Check]:
    """In a constant-sum game, and in the zero-sum twin of any, surplus is exactly nothing."""
    checks = []
    agents = [Random(), Opportunist(explore=0.3), Honest(), TitForTat()]
    laws = [Reputation(upkeep=0), Arbitration(damages=0.3, fine=0.4, fee=0), Bond(fee=0)]
    noise, worlds = Tremble(probability=0.1), run.many(20, 5)
    pie = RepeatedDilemma(temptation=3, reward=2, punishment=2, sucker=1)
    for name, stack in (("no institution", []), ("three that burn nothing", laws)):
        made = Scenario(pie, agents, institutions=stack, noise=noise, rounds=12)
        table = play(made, worlds, run.luck, mode="interpreted").table()
        for metric in ("welfare_gross", "welfare_net"):
            off = (table[metric] - 2).abs().max()
            checks.append(exact(f"constant sum, {name}: most that {metric} is off 2", 0, off))
    for name, stack in (("no institution", []), ("three", [Reputation(), Arbitration(), Bond()])):
        made = Scenario(
            RepeatedDilemma(), agents, institutions=stack, noise=noise, rounds=12, twin=True
        )
        table = play(made, worlds, run.luck, mode="interpreted").table()
        checks.append(exact(f"twin, {name}: most surplus", 0, table["surplus"].abs().max(), 0))
    return checks
