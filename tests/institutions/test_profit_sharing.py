"""Profit sharing to the minor unit, and from which share on it pays to cooperate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import (
    ConfigurationError,
    Fixed,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    simulate,
)
from posalign_sim.agents import (
    Cooperator,
    Defector,
    Honest,
    Opportunist,
    Random,
    TitForTat,
)
from posalign_sim.envs import (
    Bargaining,
    Commons,
    Crisis,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
)
from posalign_sim.institutions import Arbitration, ProfitSharing
from posalign_sim.metrics import Welfare
from posalign_sim.testing import check_institution
from posalign_sim.theory import sharing_threshold


def played(game, agents, *institutions, rounds=1, worlds=1, metrics=(), **more):
    made = Scenario(game, agents, institutions=institutions, rounds=rounds, metrics=metrics, **more)
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def calculating(**more):
    return Opportunist(**{"patience": 0, "explore": 0, "learning": 0, **more})


def test_a_share_by_hand():
    run = played(
        RepeatedDilemma(), [Cooperator(), Defector()], ProfitSharing(share=0.4, fee=0), rounds=3
    )
    # 0.6 x 5 + 0.4 x 2.5, and 0.4 x 2.5, in each round.
    assert run.points[0].tolist() == [3, 12]
    assert run.worlds["profit_sharing"]["received"][0] == pytest.approx([3, -3])
    assert not run.worlds["public"][0, 1:].any()


def test_losses_and_fines_are_shared():
    run = played(
        RepeatedDilemma(sucker=-3), [Cooperator(), Defector()], ProfitSharing(share=1, fee=0.5)
    )
    assert run.points[0].tolist() == [0.5, 0.5]
    fined = Arbitration(accuracy=1, false_finding=0, refund=0, damages=0, fine=2, fee=0)
    pair = [Cooperator(), Defector()]
    run = played(RepeatedDilemma(), pair, fined, ProfitSharing(share=1, fee=0))
    assert run.points[0].tolist() == [1.5, 1.5]


def test_the_last_unit_goes_to_the_first_born():
    # The other first: a third of a point, three ways, at one table.
    agents = [Defector(), Cooperator(), Cooperator()]
    game = PublicGoods(endowment=0.000001, factor=0)
    made = played(game, agents, ProfitSharing(share=1, fee=0))
    total = made.worlds["balance"][0, :3].sum()
    assert total == -made.worlds["public"][0, 0]
    shares = sorted(made.worlds["balance"][0, :3].tolist())
    assert shares[-1] - shares[0] <= 1


def test_who_sits_alone_shares_with_nobody():
    agents = [Defector(), Cooperator(), Cooperator()]
    run = played(RepeatedDilemma(), agents, ProfitSharing(share=1, fee=1))
    assert run.points[0].tolist() == [1.5, 1.5, 0]
    ring = Network.from_edges(3, [(0, 1), (1, 2), (2, 0)])
    run = played(
        RepeatedDilemma(),
        agents,
        ProfitSharing(share=1, fee=1),
        matching=Neighbours(),
        network=ring,
    )
    assert run.points[0].tolist() == [10, 3, 3]


def test_tables_are_kept_apart():
    agents = [Defector(), Cooperator(), Cooperator(), Cooperator()]
    run = played(RepeatedDilemma(), agents, ProfitSharing(share=1, fee=0), matching=Fixed())
    assert run.points[0].tolist() == [2.5, 2.5, 3, 3]


def test_a_placebo_takes_from_somebody_else():
    run = played(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        ProfitSharing(share=1, fee=0, strength="shuffled"),
    )
    # The cooperator puts in what the defector has gained.
    assert run.points[0].tolist() == [-2.5, 7.5]


# --- from which share on it pays to cooperate ----------------------------------------------------

CASES = {
    # The gain from a breach, and what it costs all others.
    "dilemma": (RepeatedDilemma(), [calculating(), Cooperator()], 2, 3, 2),
    "another dilemma": (
        RepeatedDilemma(temptation=7, reward=4, punishment=2, sucker=0),
        [calculating(), Cooperator()],
        3,
        4,
        2,
    ),
    "market": (MoralHazardMarket(), {"seller": [calculating()], "buyer": [Cooperator()]}, 1, 3, 2),
    "public good": (PublicGoods(), [calculating(), *[Cooperator()] * 3], 12, 24, 4),
    "bargaining": (
        Bargaining.of("integrative", binding=0, breach_gain=1, breach_harm=2),
        [calculating(), Honest()],
        1,
        2,
        2,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_threshold_is_recovered(case):
    game, agents, gain, harm, n = CASES[case]
    shares = np.arange(0.005, 1, 0.01)
    sharing = ProfitSharing(share=shares, foreseen=harm, fee=0)
    run = played(game, agents, sharing, worlds=len(shares))
    threshold = sharing_threshold(gain, harm, n)
    acts = run.worlds["interactions"]
    mine = acts["actor"] == 0
    bound = mine & ((acts["pledged"] == 1) | (run.worlds["standard"] > 0)[:, None])
    rows = np.arange(acts.shape[1]) < run.worlds["interaction_count"][:, None]
    kept = np.where(
        acts["pledged"] == 1, acts["delivered"] >= acts["promised"], acts["cooperation"] == 1
    )
    honest = (kept | ~(bound & rows)).all(axis=1)
    assert (honest == (shares >= threshold)).all() and not honest.all() and honest.any()


@pytest.mark.parametrize("payoffs", [(5, 3, 1, 0), (6, 4, 2, -1)])
def test_payoffs_are_what_theory_says(payoffs):
    """(1 - s) of the own payoff and s of the mean: 2 (T - R) / (T - S), 2 (P - S) / (T - S)."""
    t, r, p, s = payoffs
    edges = np.array([2 * (t - r) / (t - s), 2 * (p - s) / (t - s)])
    shares = np.clip(np.concatenate([edges - 0.01, edges + 0.01]), 0, 1)
    game = RepeatedDilemma(temptation=t, reward=r, punishment=p, sucker=s)
    sharing = ProfitSharing(share=shares, fee=0)
    made = {
        (a, b): played(game, [a(), b()], sharing, worlds=4).points[:, 0]
        for a in (Cooperator, Defector)
        for b in (Cooperator, Defector)
    }
    assert made[Defector, Cooperator] == pytest.approx(t + shares * (s - t) / 2)
    pays = made[Cooperator, Cooperator] >= made[Defector, Cooperator]
    answers = made[Cooperator, Defector] >= made[Defector, Defector]
    assert (pays == (shares >= edges[0])).all() and (answers == (shares >= edges[1])).all()


FIVE = {
    "dilemma": (RepeatedDilemma(), [Defector(), Cooperator()]),
    "bargaining": CASES["bargaining"][:2],
    "commons": (Commons(), [calculating(), Honest()]),
    "crisis": (Crisis(), [calculating(), Honest()]),
    "market": (MoralHazardMarket(), {"seller": [Defector()], "buyer": [Cooperator()]}),
}


@pytest.mark.parametrize("game", FIVE)
def test_all_get_the_same_if_all_is_shared_in_every_game(game):
    made, agents = FIVE[game]
    # Nothing is foreseen, so that all act as without it.
    terms = {"share": 1, "fee": 0, "foreseen": 0}
    free = played(made, agents).points[0]
    shared = played(made, agents, ProfitSharing(**terms)).points[0]
    told = played(made, agents, ProfitSharing(strength="announced", **terms)).points[0]
    assert free.tolist() == told.tolist() and np.ptp(free) > 0.1
    assert np.ptp(shared) < 2e-6 and shared.sum() == pytest.approx(free.sum())


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0, 1), seed=st.integers(0, 10**6), twin=st.booleans())
def test_no_unit_is_made_or_lost(share, seed, twin):
    agents = [Random(), TitForTat(), Defector(), Cooperator(), Random()]
    terms = {"rounds": 4, "metrics": [Welfare()], "matching": Rematched(), "twin": twin}
    sharing = ProfitSharing(share=share, fee=0)
    with_it = Scenario(RepeatedDilemma(), agents, institutions=[sharing], **terms)
    run = simulate(with_it, 1, seed, mode="interpreted", progress=False)
    free = simulate(
        Scenario(RepeatedDilemma(), agents, **terms), 1, seed, mode="interpreted", progress=False
    )
    assert run.worlds["balance"].sum() == free.worlds["balance"].sum()
    assert run.worlds["public"].tolist() == free.worlds["public"].tolist()
    own, mine = free.worlds["balance"][0, :5], run.worlds["balance"][0, :5]
    if share == 0:
        assert own.tolist() == mine.tolist()


def test_it_passes_the_suite():
    dilemma = Scenario(RepeatedDilemma(), [Opportunist(), Random()], rounds=2, metrics=())
    market = Scenario(*FIVE["market"], rounds=2, metrics=())
    check_institution(ProfitSharing(), [dilemma, market], worlds=1)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match="out of its range"):
        ProfitSharing(share=1.5)
