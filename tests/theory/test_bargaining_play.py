"""Bargains as they are played, held against theory: shares, meeting points, coalitions, records."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Rematched, Scenario, run_until, simulate
from posalign_sim.agents import (
    BaronFerejohnPlayer,
    FairDivider,
    Opportunist,
    RubinsteinPlayer,
    TimeDependent,
    TitForTatNegotiator,
)
from posalign_sim.envs import Bargaining
from posalign_sim.institutions import Arbitration, Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.theory import (
    baron_ferejohn,
    concession_split,
    enumerate_deals,
    integrative,
    meeting_time,
    rubinstein,
    rubinstein_finite,
)


def bargain(game, agents, worlds=1, seed=1, **more):
    made = Scenario(game, agents, **{"rounds": 1, "metrics": (), **more})
    run = simulate(made, worlds, seed, mode="interpreted", progress=False)
    assert not len(run.faults)
    return run


PAIR = [RubinsteinPlayer(), RubinsteinPlayer()]


@pytest.mark.parametrize("horizon", [0, 1])
@pytest.mark.parametrize(("discounts", "share"), [((0.9, 0.9), 0.526316), ((0.9, 0.8), 0.714286)])
def test_alternating_offers(discounts, share, horizon):
    game = Bargaining.of("rubinstein", discounts=discounts, options=1001)
    pair = [RubinsteinPlayer(horizon=horizon) for _ in range(2)]
    run = bargain(game, pair)
    assert share == pytest.approx(rubinstein(*discounts), abs=1e-6)
    assert run.points[0, 0] == pytest.approx(share, abs=0.001)
    assert run.points[0].sum() == 1
    assert run.worlds["bargaining"]["ended"][0, 0] == 0


@pytest.mark.parametrize(
    ("rounds", "share"), [(1, 1), (2, 0.1), (3, 0.91), (4, 0.181), (5, 0.8371), (10, 0.342801)]
)
def test_a_fixed_number_of_alternating_offers(rounds, share):
    game = Bargaining.of("rubinstein", deadline=rounds, options=1001)
    run = bargain(game, PAIR)
    assert share == pytest.approx(rubinstein_finite(0.9, rounds), abs=1e-6)
    assert run.points[0, 0] == pytest.approx(share, abs=0.001)


def test_a_longer_horizon_is_closer_to_none():
    shares = [
        bargain(Bargaining.of("rubinstein", deadline=n, options=2001), PAIR).points[0, 0]
        for n in (2, 4, 10, 50)
    ]
    gaps = np.abs(np.array(shares) - 0.526316)
    assert (np.diff(gaps) < 0).all()
    assert gaps[-1] < 0.0036


def test_solutions_of_a_curved_frontier():
    share = np.linspace(0, 1, 1001)
    scores = np.stack([share, 2 * (1 - share**2)])[:, None]
    found = Bargaining(scores=scores).solutions()
    wanted = {
        "nash": (0.57735, 1.33333),
        "kalai_smorodinsky": (0.618034, 1.236068),
        "egalitarian": (0.780776, 0.780776),
        "utilitarian": (0.25, 1.875),
    }
    for name, point in wanted.items():
        # One step along the frontier is 0.001 for the first, up to 0.004 for the second.
        assert found[name][0] == pytest.approx(point[0], abs=1e-3)
        assert found[name][1] == pytest.approx(point[1], abs=4e-3)
    assert len(found["pareto"]) == 1001
    empty = Bargaining(scores=scores, disagreement=[1, 1]).solutions()
    assert [empty[name] for name in wanted] == [None] * 4


@pytest.mark.parametrize("exponents", [(1, 1), (4, 1), (4, 0.25), (4, 4)])
def test_where_two_who_concede_by_the_clock_meet(exponents):
    passes, options = 100, 101
    game = Bargaining.of("rubinstein", discount=1, deadline=passes, options=options)
    run = bargain(game, [TimeDependent(exponent=e) for e in exponents])
    tolerance = 1 / passes + 1 / (options - 1)
    met = run.worlds["bargaining"]["ended"][0, 0] / passes
    assert met == pytest.approx(meeting_time(*exponents), abs=tolerance)
    # At the meeting time both ask for their split; from one pass to the next a late conceder
    # gives way by up to its slope there.
    slope = max(e * meeting_time(*exponents) ** (e - 1) for e in exponents)
    split = concession_split(*exponents)
    assert run.points[0] == pytest.approx(split, abs=tolerance * max(1, slope))


def test_tit_for_tat_against_itself_is_no_deal():
    game = Bargaining.of("rubinstein", discount=1, deadline=100)
    run = bargain(game, [TitForTatNegotiator(), TitForTatNegotiator()])
    assert run.points[0].tolist() == [0, 0]
    assert run.worlds["bargaining"]["ended"][0, 0] == 99


@pytest.mark.parametrize("k", [0, 0.3, 1])
def test_integrative_bargains(k):
    game = Bargaining.of("integrative", issues=4, options=5, integration=k)
    found, theory = game.solutions(), integrative(k)
    assert found["utilitarian"].sum() == pytest.approx(theory.joint)
    for concept in ("nash", "kalai_smorodinsky", "egalitarian"):
        assert found[concept] == pytest.approx([theory.solution] * 2)
    run = bargain(game, [FairDivider(), FairDivider()])
    assert run.points[0] == pytest.approx([theory.solution] * 2)
    assert run.worlds["first_best"][0] == pytest.approx(theory.joint / 2)
    # Who knows nothing of the other takes the middle, and leaves k on the table.
    blind = Bargaining.of("integrative", issues=4, options=5, integration=k, revealed=0)
    run = bargain(blind, [FairDivider(), FairDivider()])
    assert run.points[0] == pytest.approx([theory.split] * 2)


def test_new_recruit():
    scores = bargain(Bargaining.of("new_recruit"), [FairDivider()] * 2).worlds
    table = scores["bargaining"]["scores"][0]
    utilities, deals = enumerate_deals(table)
    joint = utilities.sum(axis=1)
    assert len(deals) == 390_625
    assert joint.max() == 14_800
    assert (joint == 14_800).sum() == 25
    assert utilities[(deals == 2).all(axis=1)].tolist() == [[3200, 3200]]
    assert utilities[joint == 14_800].min(axis=1).max() == 7_400
    assert scores["first_best"][0] == 7_400
    assert Bargaining.of("new_recruit").solutions()["nash"].tolist() == [7400, 7400]


@pytest.mark.parametrize(
    ("parties", "discount", "share"), [(3, 1, 0.6667), (3, 0.9, 0.70), (5, 0.8, 0.68)]
)
def test_legislatures(parties, discount, share):
    game = Bargaining.of("baron_ferejohn", parties=parties, discount=discount, options=151)
    worlds = 40
    run = bargain(game, [BaronFerejohnPlayer()] * parties, worlds)
    theory = baron_ferejohn(parties, discount)
    assert share == pytest.approx(theory.proposer, abs=1e-4)
    largest = run.points.max(axis=1)
    assert largest == pytest.approx(np.full(worlds, share), abs=1 / 150)
    assert ((run.points > 0).sum(axis=1) == theory.coalition).all()
    assert (run.worlds["bargaining"]["ended"] == 0).all()
    # Recognition is by lot.
    proposer = np.bincount(run.points.argmax(axis=1), minlength=parties) / worlds
    spread = np.sqrt((1 - 1 / parties) / parties / worlds)
    assert (abs(proposer - 1 / parties) < 4 * spread).all()


@pytest.mark.parametrize("learning", [0, 0.25])
def test_records_and_judges_make_opportunists_keep_their_deals(learning):
    worlds = 8
    strength = np.array(["off", "enforced"] * (worlds // 2))
    made = Scenario(
        Bargaining(),
        [Opportunist(learning=learning) for _ in range(8)],
        matching=Rematched(table=2),
        institutions=[Arbitration(strength=strength), Reputation(strength=strength)],
        metrics=[Honesty()],
        rounds=12,
    )
    ws = made.worlds(worlds, 3, np.repeat(np.arange(worlds // 2), 2))
    run_until(made, ws, 12, "interpreted")
    own = ws["honesty"]
    assert (own["bound"] > 0).all() and not ws["fault"].any()
    honest = own["honest"] / own["bound"]
    without, within = honest[0::2], honest[1::2]
    assert (within > without).all()
    # A broken deal makes less than a kept one, before what the institutions cost.
    made_by_nature = -ws["public"][:, 0]
    assert (made_by_nature[1::2] > made_by_nature[0::2]).all()
    if learning == 0:
        # But for a twentieth, when they try the opposite, they do what pays.
        assert without.mean() < 0.2
        assert within.mean() > 0.8
