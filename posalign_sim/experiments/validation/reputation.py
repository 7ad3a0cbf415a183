"""Help among strangers: by records, by norms with errors, by opinions that nobody shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from posalign_sim.agents import Discriminator
from posalign_sim.envs import Donor
from posalign_sim.experiments.validation.playing import go_on
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    at_least,
    exact,
    printed,
    row,
    sampled,
)
from posalign_sim.theory import (
    DISCRIMINATOR,
    GIVER,
    REFUSER,
    discriminators_needed,
    least_visibility,
    private_good_share,
    standing_equilibrium,
)
from posalign_sim.world.matching import Rematched
from posalign_sim.world.norms import NORMS
from posalign_sim.world.scenario import Scenario

#: Seats of a crowd. Who is a mutant sits in the first.
_SEATS = 40
#: Errors of execution and of assessment.
_ERROR = 0.01
#: Benefit per cost at which discriminators, shunned now and then by error, break even.
_RATIO = 1 / ((1 - _ERROR) * (1 - 2 * _ERROR))
_NORMS = ("stern_judging", "simple_standing", "image_scoring", "shunning")
_GOOD = {
    "stern_judging": 50 / 51,
    "simple_standing": 50 / 51,
    "image_scoring": _ERROR / 0.0298,
    "shunning": _ERROR / 0.0298,
}


def _crowd(
    game: Donor, kinds: Any, worlds: int, looks: Sequence[int], luck: int, error: float = 0.0
) -> Iterator[Any]:
    """Worlds at some rounds.

    Args:
        game: the donor game.
        kinds: `[worlds, seats]` 0 discriminator, 1 giver, 2 refuser.
        worlds: how many.
        looks: rounds after which to look.
        luck: seed.
        error: of execution.
    """
    good, bad = np.where(kinds == 2, 0.0, 1 - error), np.where(kinds == 1, 1 - error, 0.0)
    made = Scenario(
        game,
        [
            Discriminator(to_good=good[:, k], to_bad=bad[:, k], to_unknown=good[:, k])
            for k in range(kinds.shape[1])
        ],
        matching=Rematched(),
        rounds=max(looks),
        metrics=(),
    )
    ws = made.worlds(worlds, luck)
    for clock in looks:
        yield go_on(made, ws, clock)


def _earned(game: Donor, kinds: Any, looks: tuple[int, int], luck: int, error: float = 0.0) -> Any:
    """`[worlds, seats]` points by round, between two rounds."""
    seats = kinds.shape[1]
    balances = [
        ws["balance"][:, :seats] / 1e6 for ws in _crowd(game, kinds, len(kinds), looks, luck, error)
    ]
    return (balances[1] - balances[0]) / (looks[1] - looks[0])


@row(
    19,
    "Discriminators who know some records",
    "Nowak & Sigmund (1998), J. Theor. Biol. 194; Nowak (2006), Science 314",
)
def discriminators(run: Run) -> list[Check]:
    """They hold out iff records are seen with q > c / b, and from c (1 - q) / (q (b - c)) on."""
    q, benefit, cost = 0.5, 3.0, 1.0
    checks = [
        exact("least chance to know a record", 1 / 3, least_visibility(benefit, cost)),
        exact("share needed at q = .5", 0.5, discriminators_needed(benefit, cost, q)),
    ]
    worlds = run.many(100, 60)
    for share in (0.25, 0.5, 0.75):
        mine = int(share * _SEATS)
        kinds = np.tile(np.repeat([0, 2], [mine, _SEATS - mine]), (worlds, 1))
        points = _earned(Donor.of("standing", known=q), kinds, (60, 160), run.luck)
        gain = points[:, :mine].mean(axis=1) - points[:, mine:].mean(axis=1)
        # Half of all seats give in a round, and nobody meets itself.
        met = (mine - 1) / (_SEATS - 1)
        theirs = benefit * (1 - q) * mine / (_SEATS - 1) / 2
        told = (met * (benefit - cost) - cost * (1 - q) * (1 - met)) / 2 - theirs
        wrong = None if share == 0.5 else 0.0
        checks.append(sampled(f"their lead at a share of {share}, simulated", told, gain, wrong))
    return checks


@row(21, "Norms under which nearly all are good", "Ohtsuki & Iwasa (2004, 2006), J. Theor. Biol.")
def good_norms(run: Run) -> list[Check]:
    """One error in a hundred, of each kind: 50/51 are good under two norms, a third under two."""
    checks = []
    for name in _NORMS:
        found = standing_equilibrium(NORMS[name], execution_error=_ERROR, assessment_error=_ERROR)
        checks.append(exact(f"{name}: good, exact", _GOOD[name], found.good[0]))
        checks.append(
            exact(f"{name}: cooperation, exact", _GOOD[name] * (1 - _ERROR), found.cooperation)
        )
    checks.append(exact("stern judging: cooperation is 33/34", 33 / 34, checks[1].measured))
    checks.append(printed("shunning: cooperation is .3322", 0.3322, checks[7].measured, 4))
    each, looks = run.many(100, 60), range(250, 500, 25)
    norm = np.repeat([NORMS[name] for name in _NORMS], each)
    game = Donor(norm=norm, assessment_error=_ERROR, both=1)
    kinds = np.zeros((len(norm), _SEATS), int)
    thought, gave = [], []
    for ws in _crowd(game, kinds, len(norm), looks, run.luck, _ERROR):
        thought.append(ws["donor"]["opinions"][:, 0, :_SEATS].mean(axis=1))
        gave.append((ws["donor"]["donate"][:, :_SEATS] == 0).mean(axis=1))
    good, cooperation = (np.mean(x, axis=0).reshape(4, each) for x in (thought, gave))
    for k, name in enumerate(_NORMS):
        told, wrong = _GOOD[name], 1.0 if k < 2 else 0.5
        checks.append(sampled(f"{name}: good, simulated", told, good[k], wrong))
        told *= 1 - _ERROR
        checks.append(sampled(f"{name}: cooperation, simulated", told, cooperation[k], wrong))
    return checks


@row(
    22,
    "Who can enter a population that judges",
    "Leimar & Hammerstein (2001), Proc. R. Soc. B 268; Panchanathan & Boyd (2003), JTB 224",
)
def invaders(run: Run) -> list[Check]:
    """Refusers are repelled above b / c = 1.0307; above it givers enter under image scoring."""
    checks, all_three = [], (DISCRIMINATOR, GIVER, REFUSER)
    errors = {"execution_error": _ERROR, "assessment_error": _ERROR}
    for name in _NORMS:
        found = standing_equilibrium(NORMS[name], all_three, (1, 0, 0), **errors)
        checks.append(exact(f"{name}: refusers repelled from", _RATIO, found.indifference(0, 2)))
    scoring = standing_equilibrium(NORMS["image_scoring"], all_three, (1, 0, 0), **errors)
    checks.append(exact("image_scoring: givers enter from", _RATIO, scoring.indifference(0, 1)))
    stern = standing_equilibrium(NORMS["stern_judging"], all_three, (1, 0, 0), **errors)
    leads = [np.subtract(*stern.payoffs(b, 1)[:2]) for b in (1.001, 1.5, 3, 100, 1e6)]
    checks.append(at_least("stern_judging: least lead over givers, any b", 1e-6, min(leads)))
    each, looks = run.many(120, 60), (300, run.many(1_800, 1_200))
    cases = [
        (name, mutant, far)
        for name, mutant in (("stern_judging", 2), ("image_scoring", 1), ("stern_judging", 1))
        for far in (0.8, 1.25)
    ]
    kinds = np.zeros((len(cases), each, _SEATS), int)
    for k, (_, mutant, _) in enumerate(cases):
        kinds[k, :, 0] = mutant
    norm = np.repeat([NORMS[name] for name, _, _ in cases], each)
    benefit = np.repeat([far * _RATIO for _, _, far in cases], each)
    game = Donor(norm=norm, assessment_error=_ERROR, both=1, benefit=benefit, cost=1)
    points = _earned(game, kinds.reshape(-1, _SEATS), looks, run.luck, _ERROR)
    gains = (points[:, 1:].mean(axis=1) - points[:, 0]).reshape(len(cases), each)
    for (name, mutant, far), gain in zip(cases, gains, strict=True):
        shares = np.zeros(3)
        shares[[0, mutant]] = (_SEATS - 1) / _SEATS, 1 / _SEATS
        theory = standing_equilibrium(NORMS[name], all_three, shares, agents=_SEATS, **errors)
        mine, _, _ = theory.payoffs(far * _RATIO, 1)
        told = mine - theory.payoffs(far * _RATIO, 1)[mutant]
        who = {1: "a giver", 2: "a refuser"}[mutant]
        what = f"{name}: lead over {who} at {far} times the ratio, simulated"
        checks.append(sampled(what, told, gain, wrong=0.0))
    return checks


@row(
    23,
    "Norms when everybody has its own opinion",
    "Uchida & Sasaki (2013), Chaos Solitons Fractals 56; Hilbe et al. (2018), PNAS 115",
)
def private_opinions(run: Run) -> list[Check]:
    """Of 200 who see everything and misjudge one act in ten: .50, .81 and .11 think well."""
    told = {"stern_judging": 0.50, "simple_standing": 0.81, "shunning": 0.11}
    agents, looks = 200, range(60, run.many(120, 90), 10)
    game = Donor(
        norm=[NORMS[name] for name in told],
        assessment_error=0.1,
        both=1,
        observed=[1.0] * agents,
    )
    kinds = np.zeros((len(told), agents), int)
    good = np.mean(
        [
            ws["donor"]["opinions"][:, :agents, :agents].mean(axis=(1, 2))
            for ws in _crowd(game, kinds, len(told), looks, run.luck)
        ],
        axis=0,
    )
    checks = []
    for (name, t), share in zip(told.items(), good, strict=True):
        theory = private_good_share(NORMS[name], 0.1)
        checks.append(exact(f"{name}: good opinions, without end of seats", t, theory, 0.02))
        checks.append(exact(f"{name}: good opinions among 200, simulated", t, share, 0.02))
    return checks
