"""Charges for harm: to the point, to whom it is due, and by which rate it is worth doing none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Agent, ConfigurationError, Fixed, Rematched, Scenario, param, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Honest,
    Opportunist,
    Random,
)
from posalign_sim.envs import (
    Bargaining,
    Commons,
    Crisis,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
)
from posalign_sim.institutions import PigouvianCharge
from posalign_sim.metrics import Honesty, Welfare
from posalign_sim.testing import check_institution
from posalign_sim.theory import Dilemma, deterring_charge, pigouvian_threshold

POINT = 1_000_000


def played(game, agents, *institutions, rounds=1, worlds=1, metrics=(), **more):
    made = Scenario(game, agents, institutions=institutions, rounds=rounds, metrics=metrics, **more)
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def calculating(**more):
    return Opportunist(**{"patience": 0, "explore": 0, "learning": 0, **more})


def test_a_charge_in_the_dilemma_by_hand():
    pair = [Cooperator(), Defector()]
    # The cooperator lacks 3 to the reward. A tenth of the charge of 6 is burnt.
    run = played(RepeatedDilemma(), pair, PigouvianCharge(rate=2, cost=0.1))
    assert run.points[0].tolist() == [5.4, -1]
    assert run.worlds["public"][0].tolist() == [-5 * POINT, 600_000, 0, 0]
    assert run.worlds["pigouvian_charge"]["charged"][0].tolist() == [0, 6]
    for payee, account in ((1, 3), (2, 2)):
        run = played(RepeatedDilemma(), pair, PigouvianCharge(rate=2, cost=0, payee=payee))
        assert run.points[0].tolist() == [0, -1]
        assert run.worlds["public"][0, account] == 6 * POINT


def test_what_is_felt_is_what_is_paid():
    run = played(RepeatedDilemma(), [Opportunist(), Defector()], PigouvianCharge(foreseen=0))
    assert run.worlds["sight"]["sanction"][0].tolist() == [2, 2]


def test_a_group_is_paid_head_by_head():
    # One of four keeps 20: each of the others lacks 8.
    agents = [Defector(), Cooperator(), Cooperator(), Cooperator()]
    run = played(PublicGoods(), agents, PigouvianCharge(cost=0))
    assert run.points[0].tolist() == [20, 32, 32, 32]


def test_outsiders_are_made_good():
    # All is fished at once: 100 units are gone for third parties, half a point each. All three took
    # twice what was fair, or what there was.
    game = Commons(stake_of_future=0.5)
    agents = [Defector(), Defector()]
    charge = PigouvianCharge(rate=0, outside=1, cost=0)
    free, charged = played(game, agents), played(game, agents, charge)
    assert free.worlds["public"][0, 2] == -50 * POINT
    assert charged.worlds["public"][0, 2] == 0
    assert (free.points - charged.points).tolist() == [[25, 25]]
    # Violence harms outsiders, too; only who did it answers for it.
    pair = [Defector(), Cooperator()]
    free, charged = (
        played(Crisis(hazard=0, launch=0), pair),
        played(Crisis(hazard=0, launch=0), pair, charge),
    )
    assert free.worlds["public"][0, 2] < 0 == charged.worlds["public"][0, 2]
    assert free.points[0, 1] == charged.points[0, 1]


def test_a_placebo_charges_somebody_else():
    run = played(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        PigouvianCharge(rate=2, cost=0, payee=1, strength="shuffled"),
    )
    assert run.points[0].tolist() == [-6, 5]


# --- what it does to who responds to incentives ---------------------------------------------------


def test_the_threshold_of_the_dilemma_is_recovered():
    """Pigou (1920): a charge above the ratio of gain and harm makes cooperation dominant."""
    rates = np.arange(0.01, 1.5, 0.01)
    for game in (Dilemma(5, 3, 1, 0), Dilemma(6, 4, 1, 0)):
        payoffs = dict(
            temptation=game.temptation,
            reward=game.reward,
            punishment=game.punishment,
            sucker=game.sucker,
        )
        harm = game.reward - game.sucker
        run = played(
            RepeatedDilemma(**payoffs),
            [calculating(), Cooperator()],
            PigouvianCharge(rate=rates, foreseen=harm),
            worlds=len(rates),
        )
        kept = run.worlds["interactions"]["cooperation"][:, 0] == 1
        assert (kept == (rates >= deterring_charge(game) - 1e-9)).all()
        assert (np.diff(kept.astype(int)) >= 0).all()


def test_above_the_threshold_cooperation_is_dominant_in_points():
    for game in (Dilemma(5, 3, 1, 0), Dilemma(4, 3, 2, 1)):
        payoffs = {name: getattr(game, name) for name in game.__slots__}
        edge = deterring_charge(game)
        charge = PigouvianCharge(rate=edge * np.array([0.99, 1.01]), cost=0, payee=1)
        made = {}
        for own in (Cooperator, Defector):
            for other in (Cooperator, Defector):
                run = played(RepeatedDilemma(**payoffs), [own(), other()], charge, worlds=2)
                made[own, other] = run.points[:, 0]
        better = [made[Cooperator, o] >= made[Defector, o] for o in (Cooperator, Defector)]
        assert np.logical_and(*better).tolist() == [False, True]


def batch(made, worlds, seed=1):
    """Worlds under the same luck, which differ in parameters alone."""
    run = simulate(made, worlds, seed, pairs=[0] * worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def test_a_higher_charge_never_makes_for_more_cheating():
    rates = np.linspace(0, 2, 21)
    pair = [Opportunist(explore=0), Opportunist(explore=0)]
    charge = PigouvianCharge(rate=rates, foreseen=3)
    made = Scenario(RepeatedDilemma(), pair, institutions=[charge], rounds=5, metrics=[Honesty()])
    honesty = batch(made, len(rates)).table()["honesty"]
    assert (np.diff(honesty) >= 0).all() and honesty.iloc[0] == 0 and honesty.iloc[-1] == 1


class Giver(Agent):
    """Gives a share of a whole contribution; first harvests an amount, and then everything."""

    share: float = param(1, 0, 1, "share")
    amount: float = param(10, 0, 100, "units")

    @staticmethod
    def contribute(p, i):
        ticks = int(np.rint(20 * p.params[i, 0]))
        return (0, ticks) if ticks > 0 else (1, 20)

    @staticmethod
    def harvest(p, i):
        return 0, min(int(p.most[i]), int(p.params[i, 1]) if p.clock == 0 else 100)


@pytest.mark.parametrize("mpcr", [0.3, 0.4, 0.7])
def test_what_is_best_for_one_is_best_for_all_at_the_full_charge(mpcr):
    """Every level of giving to a public good, in points made: the best, by the rate."""
    rates, ticks = (a.ravel() for a in np.meshgrid([0, 0.4, 0.6, 1], range(21), indexing="ij"))
    agents = [Giver(share=ticks / 20), *[Giver()] * 3]
    charge = PigouvianCharge(rate=rates, cost=0, payee=1)
    made = Scenario(
        PublicGoods(factor=4 * mpcr), agents, institutions=[charge], rounds=1, metrics=[Welfare()]
    )
    run = batch(made, len(rates))
    own = run.points[:, 0].reshape(4, 21)
    together = run.table()["welfare_gross"].to_numpy().reshape(4, 21)
    threshold = pigouvian_threshold(4, mpcr)
    for k, rate in enumerate([0, 0.4, 0.6, 1]):
        if abs(rate - threshold) > 1e-9:
            assert own[k].argmax() == (20 if rate > threshold else 0)
    assert own[3].argmax() == together[3].argmax() == 20


def test_the_best_harvest_at_the_full_charge_is_what_all_can_bear():
    """Five fish 100 units that double: alone it pays to take more than 10, together it does not."""
    rates, amounts = (
        a.ravel() for a in np.meshgrid([0, 0.3, 0.45, 1], range(0, 61), indexing="ij")
    )
    charge = PigouvianCharge(rate=rates, cost=0, payee=1, strength={0: "enforced", 1: "off"})
    agents = [Giver(amount=amounts), *[Giver(amount=10)] * 4]
    made = Scenario(Commons(), agents, institutions=[charge], rounds=2, metrics=[Welfare()])
    run = batch(made, len(rates))
    own = run.points[:, 0].reshape(4, 61)
    together = run.table()["welfare_gross"].to_numpy().reshape(4, 61)
    # One unit more than 10 earns 1 now, and is 2 fewer for five to share; 1.6 of that is others'.
    assert [row[:56].argmax() for row in own] == [55, 55, 10, 10]
    assert [row[:56].argmax() for row in together] == [10, 10, 10, 10]
    assert np.diff(own[3])[10:54] == pytest.approx(-1)
    assert np.diff(own[0])[10:54] == pytest.approx(0.6)


FIVE = {
    "dilemma": (RepeatedDilemma(), [Opportunist, Honest]),
    "bargaining": (
        Bargaining.of("integrative", binding=0, breach_gain=1, breach_harm=2),
        [Opportunist, Honest],
    ),
    "commons": (Commons(), [Opportunist, Honest]),
    "crisis": (Crisis(), [Opportunist, Honest]),
    "market": (
        MoralHazardMarket(),
        {"seller": [Opportunist, Honest], "buyer": [DiscriminatingBuyer, DiscriminatingBuyer]},
    ),
}


def cell(name, charge, rounds=1, **more):
    game, kinds = FIVE[name]
    terms = {"patience": 0, "explore": 0, "learning": 0}

    def made(kind):
        return kind(**terms) if kind is Opportunist else kind()

    agents = (
        {role: [made(k) for k in of] for role, of in kinds.items()}
        if isinstance(kinds, dict)
        else [made(k) for k in kinds]
    )
    matching = Fixed()
    return Scenario(game, agents, institutions=[charge], rounds=rounds, matching=matching, **more)


@pytest.mark.parametrize("game", FIVE)
def test_it_makes_all_honest_in_every_game(game):
    rates = np.array([0.0, 5.0])
    made = cell(game, PigouvianCharge(rate=rates, foreseen=100), metrics=[Honesty()])
    honesty = batch(made, 2).table()["honesty"].tolist()
    assert honesty[0] < honesty[1] == 1


@pytest.mark.parametrize("game", FIVE)
def test_it_charges_who_did_it_and_a_placebo_somebody_else(game):
    terms = {"rate": 1, "foreseen": 0, "cost": 0, "payee": 1}
    strengths = ["enforced", "shuffled"]
    made = cell(game, PigouvianCharge(strength=strengths, **terms), metrics=())
    charged = batch(made, 2).worlds["pigouvian_charge"]["charged"][:, :2]
    assert charged[0, 0] > 0 == charged[0, 1]
    assert charged[1, 1] == charged[0, 0] and charged[1, 0] == 0


@settings(max_examples=20, deadline=None)
@given(
    rate=st.floats(0, 5),
    outside=st.floats(0, 2),
    payee=st.integers(0, 2),
    cost=st.floats(0, 1),
    twin=st.booleans(),
)
def test_books_balance_whatever_the_terms(rate, outside, payee, cost, twin):
    charge = PigouvianCharge(rate=rate, outside=outside, payee=payee, cost=cost)
    agents = [Random(), Defector(), Cooperator()]
    terms = {"rounds": 3, "twin": twin, "metrics": [Welfare()], "matching": Rematched()}
    run = played(RepeatedDilemma(), agents, charge, **terms)
    free = played(RepeatedDilemma(), agents, **terms)
    table, bare = run.table(), free.table()
    assert table["institution_cost"].iloc[0] >= 0
    assert table["surplus"].tolist() == bare["surplus"].tolist()
    if payee < 2 or twin:
        assert table["welfare_gross"].tolist() == pytest.approx(bare["welfare_gross"].tolist())


def test_it_passes_the_suite():
    dilemma = Scenario(RepeatedDilemma(), [Opportunist(), Random()], rounds=2, metrics=())
    check_institution(
        PigouvianCharge(outside=0.5),
        [dilemma, cell("market", PigouvianCharge("x"), 2).replace(institutions=(), metrics=())],
        worlds=1,
    )


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match="out of its range"):
        PigouvianCharge(rate=-1)
    with pytest.raises(ConfigurationError, match="has no parameter 'rates': "):
        PigouvianCharge(rates=1)
