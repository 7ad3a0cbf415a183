"""Bargains: who offers first, who gives way when, what is fair, who buys a majority."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from posalign_sim.agents import (
    AwardSeeker,
    BaronFerejohnPlayer,
    Cooperator,
    Defector,
    FairDivider,
    RubinsteinPlayer,
    TimeDependent,
    TitForTatNegotiator,
)
from posalign_sim.envs import Bargaining, RepeatedDilemma
from posalign_sim.experiments.validation.playing import play
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    agreeing,
    exact,
    printed,
    row,
    sampled,
)
from posalign_sim.institutions import FinalOffer
from posalign_sim.theory import (
    aspiration,
    baron_ferejohn,
    concession_split,
    enumerate_deals,
    final_offer_award,
    final_offer_equilibrium,
    frontier_solutions,
    integrative,
    meeting_time,
    new_recruit_scores,
    rubinstein,
    rubinstein_finite,
)
from posalign_sim.world.scenario import Scenario


def _bargain(game: Any, agents: Any, worlds: int = 1, luck: int = 0) -> Any:
    made = Scenario(game, agents, rounds=1, metrics=())
    return play(made, worlds, luck, mode="interpreted")


@row(34, "Alternating offers", "Rubinstein (1982), Econometrica 50")
def alternating_offers(_: Run) -> list[Check]:
    """The first gets (1 - d2) / (1 - d1 d2) of the pie, at once."""
    checks = []
    for d in ((0.9, 0.9), (0.9, 0.8), (0.5, 0.7)):
        told = (1 - d[1]) / (1 - d[0] * d[1])
        checks.append(exact(f"first share at {d[0]}, {d[1]}", told, rubinstein(*d)))
        game = Bargaining.of("rubinstein", discounts=d, options=1001)
        played = _bargain(game, [RubinsteinPlayer(), RubinsteinPlayer()])
        share, ended = played.points[0, 0], played.worlds["bargaining"]["ended"][0, 0]
        checks.append(exact(f"first share at {d[0]}, {d[1]}, played", told, share, 0.001))
        checks.append(exact(f"offers refused at {d[0]}, {d[1]}", 0, ended))
    return checks


@row(35, "A known number of offers", "Ståhl (1972), Bargaining Theory; Rubinstein (1982)")
def finite_offers(_: Run) -> list[Check]:
    """Of a pie that shrinks to .9, the first of T offers gets (1 - (-.9)^T) / 1.9."""
    checks = []
    for n in (1, 2, 3, 4, 5, 10, 50):
        told = (1 - (-0.9) ** n) / 1.9
        checks.append(exact(f"{n} offers", told, rubinstein_finite(0.9, n)))
        if n <= 10:
            game = Bargaining.of("rubinstein", deadline=n, options=1001)
            share = _bargain(game, [RubinsteinPlayer(), RubinsteinPlayer()]).points[0, 0]
            checks.append(exact(f"{n} offers, played", told, share, 0.001))
    return checks


@row(
    36,
    "Solutions of a bargain",
    "Nash (1950), Econometrica 18; Kalai & Smorodinsky (1975), Econometrica 43; Kalai (1977)",
)
def solutions(_: Run) -> list[Check]:
    """Frontier u2 = 2 (1 - u1^2), nothing without agreement."""
    even = (math.sqrt(17) - 1) / 4
    golden = (math.sqrt(5) - 1) / 2
    told = {
        "nash": (1 / math.sqrt(3), 4 / 3),
        "kalai_smorodinsky": (golden, 2 * golden),
        "egalitarian": (even, even),
        "utilitarian": (0.25, 1.875),
    }
    solved = frontier_solutions(lambda u1: 2 * (1 - u1**2), 0, 1)
    share = np.linspace(0, 1, 1001)
    scores = np.stack([share, 2 * (1 - share**2)])[:, None]
    found = Bargaining(scores=scores).solutions()
    none = Bargaining(scores=scores, disagreement=[1, 1]).solutions()
    checks = []
    for name, point in told.items():
        for k, who in enumerate(("first", "second")):
            what = f"{name.replace('_', '-')}, {who}"
            checks.append(exact(f"{what}, frontier", point[k], getattr(solved, name)[k], 1e-6))
            # One step of the grid is .001 of the first's score, up to .004 of the second's.
            room = (0.001, 0.004)[k]
            checks.append(exact(f"{what}, of a thousand deals", point[k], found[name][k], room))
    absent = [none[name] is None for name in told]
    checks.append(agreeing("none without a zone of agreement", absent, [True] * 4))
    return checks


@row(37, "Giving way by the clock", "Faratin, Sierra & Jennings (1998), Robotics Auton. Syst. 24")
def concession(run: Run) -> list[Check]:
    """Who ask for 1 - t^e meet where t^e1 + t^e2 = 1; who copy each other's steps never do."""
    passes, options, checks = 100, 101, []
    room = 1 / passes + 1 / (options - 1)
    cases = {
        (1, 1): (0.5, 0.5),
        (4, 1): (0.72449, 0.72449),
        (4, 0.25): (0.59201, 0.87717),
        (4, 4): (0.8409, 0.5),
    }
    for e, (time, split) in cases.items():
        name = f"exponents {e[0]:g}, {e[1]:g}"
        met, shares = meeting_time(*e), concession_split(*e)
        checks += [
            printed(f"{name}: time", time, met, 4 if e == (4, 4) else 5),
            printed(f"{name}: first share", split, shares[0], 5),
        ]
        game = Bargaining.of("rubinstein", discount=1, deadline=passes, options=options)
        played = _bargain(game, [TimeDependent(exponent=x) for x in e])
        ended = played.worlds["bargaining"]["ended"][0, 0] / passes
        # From one pass to the next a late conceder gives way by up to its slope there.
        slope = max(1, max(x * met ** (x - 1) for x in e))
        checks += [
            exact(f"{name}: time, played", time, ended, room),
            exact(f"{name}: first share, played", split, played.points[0, 0], room * slope),
        ]
    game = Bargaining.of("rubinstein", discount=1, deadline=passes)
    stuck = _bargain(game, [TitForTatNegotiator(), TitForTatNegotiator()]).points[0]
    checks.append(exact("who copy each other: joint points", 0, stuck.sum()))
    if run.drawing:
        times = np.linspace(0, 1, 201)
        run.kept["concession"] = {
            "time": times,
            "curves": {e: [aspiration(t, e) for t in times] for e in (0.25, 1, 4)},
            "meetings": {e: (meeting_time(*e), concession_split(*e)) for e in cases},
        }
    return checks


@row(38, "How much there is to trade", "Raiffa (1982), The Art and Science of Negotiation")
def integrative_bargains(_: Run) -> list[Check]:
    """Parties who value issues differently by k can make 1 + k together, (1 + k) / 2 each."""
    checks = []
    for k in (0, 0.3, 0.5, 1):
        theory = integrative(k)
        game = Bargaining.of("integrative", issues=4, options=5, integration=k)
        found = game.solutions()
        checks += [
            exact(f"k = {k}: most joint score", 1 + k, found["utilitarian"].sum(), 1e-6),
            exact(f"k = {k}: cosine of weights", (1 - k**2) / (1 + k**2), theory.cosine),
            exact(f"k = {k}: equal split", 0.5, theory.split),
        ]
        for name in ("nash", "kalai_smorodinsky", "egalitarian"):
            off = abs(found[name] - (1 + k) / 2).max()
            checks.append(exact(f"k = {k}: {name.replace('_', '-')}, off", 0, off, 1e-6))
        fair = _bargain(game, [FairDivider(), FairDivider()]).points[0]
        checks.append(exact(f"k = {k}: fair dividers, off", 0, abs(fair - (1 + k) / 2).max(), 1e-6))
    return checks


@row(39, "New Recruit", "Neale & Bazerman (1991), Cognition and Rationality in Negotiation")
def new_recruit(_: Run) -> list[Check]:
    """Every one of 390,625 deals: the best make 14,800; the middle of everything 6,400."""
    utilities, deals = enumerate_deals(new_recruit_scores())
    joint = utilities.sum(axis=1)
    best = joint == joint.max()
    middle = utilities[(deals == 2).all(axis=1)][0]
    nash = Bargaining.of("new_recruit").solutions()["nash"]
    return [
        exact("deals", 390_625, len(deals)),
        exact("most joint score", 14_800, joint.max()),
        exact("deals that reach it", 25, best.sum()),
        exact("the middle, first", 3_200, middle[0]),
        exact("the middle, second", 3_200, middle[1]),
        exact("most for the worse off among the best", 7_400, utilities[best].min(axis=1).max()),
        exact("Nash solution of the game, either", 7_400, nash.min()),
    ]


@row(
    46,
    "Final-offer arbitration",
    "Farber (1980), J. Conflict Resolution 24; Brams & Merrill (1983), Management Science 29",
)
def final_offers(run: Run) -> list[Check]:
    """Offers lie 1.2533 standard deviations either side of the award that is to be expected."""
    far = math.sqrt(math.pi / 2)
    high, low = final_offer_equilibrium(0, NormalDist().pdf(0))
    checks = [
        exact("high offer", far, high),
        exact("low offer", -far, low),
        exact("mean award, exact", 0, final_offer_award(high, low, 0, 1)),
    ]
    worlds, rounds, harm = run.many(400, 60), run.many(64, 6), 3.0
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(conduct=AwardSeeker()), Defector(conduct=AwardSeeker())],
        institutions=[FinalOffer(spread=1, fee=0)],
        rounds=rounds,
        metrics=(),
    )
    mode: Any = "interpreted" if run.quick else "compiled"
    own = play(made, worlds, run.luck, mode=mode).worlds["final_offer"]
    stated = own["stated"][:, 0] - harm
    checks += [
        exact("high offer, stated in play", far, stated[:, 0].mean(), 0.02),
        exact("low offer, stated in play", -far, stated[:, 1].mean(), 0.02),
        sampled("mean award, in play", 0, own["awarded"][:, 0] / rounds - harm, wrong=far),
    ]
    return checks


@row(47, "Legislatures that divide a pie", "Baron & Ferejohn (1989), APSR 83")
def legislatures(run: Run) -> list[Check]:
    """Under a closed rule who proposes keeps 1 - d (n - 1) / (2 n), and buys a bare majority."""
    checks, worlds = [], run.many(100, 12)
    for n, d in ((3, 1.0), (3, 0.9), (5, 0.8)):
        told, options = 1 - d * (n - 1) / (2 * n), 151
        theory = baron_ferejohn(n, d)
        game = Bargaining.of("baron_ferejohn", parties=n, discount=d, options=options)
        played = _bargain(game, [BaronFerejohnPlayer()] * n, worlds, run.luck)
        bought = (played.points > 0).sum(axis=1)
        checks += [
            exact(f"{n} at discount {d}: proposer", told, theory.proposer),
            exact(f"{n} at discount {d}: majority", (n + 1) / 2, theory.coalition),
            exact(f"{n} at {d}: proposer, played", told, played.points.max(axis=1).mean(), 1 / 150),
            exact(f"{n} at {d}: majority, played", (n + 1) / 2, bought.mean()),
        ]
    return checks
