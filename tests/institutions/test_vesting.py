"""Vesting to the minor unit: what is withheld, when it is paid, and who loses it to whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, param, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    FixedHarvester,
    Honest,
    Opportunist,
    Random,
)
from posalign_sim.agents.responsive import breach_pays
from posalign_sim.envs import (
    Bargaining,
    Commons,
    Crisis,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
)
from posalign_sim.institutions import Arbitration, Registry, Reputation, Vesting
from posalign_sim.metrics import Honesty, Welfare
from posalign_sim.testing import check_institution
from posalign_sim.theory import vesting_threshold

POINT = 1_000_000


class Turncoat(Agent):
    """Cooperates, but for the rounds whose bits are set in `plan`."""

    plan: float = param(0, 0, 2**20, "bits")

    @staticmethod
    def move(p, i):
        return (int(p.params[i, 0]) >> int(p.clock)) & 1


class Apprentice(Opportunist):
    """Keeps its word for some rounds, and from then on whenever that pays."""

    @staticmethod
    def move(p, i):
        return 1 if p.clock >= 8 and breach_pays(p, i) else 0

    @staticmethod
    def deliver(p, i):
        return 1 if p.clock >= 8 and breach_pays(p, i) else 0

    @staticmethod
    def contribute(p, i):
        return (1, 20) if p.clock >= 8 and breach_pays(p, i) else (0, 20)


def played(game, agents, *institutions, rounds=1, worlds=1, metrics=(), **more):
    made = Scenario(game, agents, institutions=institutions, rounds=rounds, metrics=metrics, **more)
    run = simulate(made, worlds, 1, mode="interpreted", progress=False, history=[0])
    assert run.faults.empty
    return run


def course(run, seat):
    """What a seat has, and what is withheld from it, after each round."""
    h = run.history[1:, 0]
    return (h["balance"][:, seat] / POINT).tolist(), (h["held"][:, seat] / POINT).tolist()


def test_gains_are_paid_later_by_hand():
    pair = [Cooperator(), Cooperator()]
    run = played(RepeatedDilemma(), pair, Vesting(share=0.5, cliff=2, fee=0), rounds=5)
    # 3 a round, half of it two rounds later; in the last round everything.
    assert course(run, 0) == ([1.5, 3, 6, 9, 15], [1.5, 3, 3, 3, 0])
    assert run.worlds["vesting"]["vested"][0].tolist() == [6, 6]


def test_a_breach_forfeits_what_is_withheld():
    terms = {"share": 0.5, "cliff": 3, "evident": 1, "fee": 0}
    pair = [Cooperator(), Turncoat(plan=0b100)]
    run = played(RepeatedDilemma(), pair, Vesting(**terms), rounds=4)
    # 1.5 and 1.5 are lost to the partner in the third round. 5 less 3 are gained: 1 is withheld.
    assert course(run, 1) == ([1.5, 3, 7, 11], [1.5, 3, 1, 0])
    assert course(run, 0) == ([1.5, 3, 4.5, 12], [1.5, 3, 4.5, 0])
    assert run.worlds["vesting"]["forfeited"][0].tolist() == [0, 3]
    assert run.history["sight"]["sanction"][3, 0].tolist() == [0, 3]
    run = played(RepeatedDilemma(), pair, Vesting(payee=1, **terms), rounds=4)
    assert run.points[0].tolist() == [9, 11] and run.worlds["public"][0, 3] == 3 * POINT
    # What proves itself never, and nobody finds, forfeits nothing.
    run = played(RepeatedDilemma(), pair, Vesting(**{**terms, "evident": 0}), rounds=4)
    assert run.points[0].tolist() == [9, 14]


def test_a_finding_forfeits_if_the_arbiter_comes_first():
    sure = Arbitration(accuracy=1, false_finding=0, refund=0, fee=0)
    terms = {"share": 0.5, "cliff": 3, "evident": 0, "fee": 0}
    pair = [Cooperator(), Turncoat(plan=0b10)]
    for stack, lost in (((sure, Vesting(**terms)), 1.5), ((Vesting(**terms), sure), 0)):
        run = played(RepeatedDilemma(), pair, *stack, rounds=3)
        assert run.worlds["vesting"]["forfeited"][0, 1] == lost


def test_one_act_is_found_once():
    # Evident to the arbiter, and by itself: one finding, one forfeiture.
    sure = Arbitration(accuracy=1, false_finding=0, refund=0, fee=0)
    pair = [Cooperator(), Turncoat(plan=0b10)]
    run = played(
        RepeatedDilemma(), pair, sure, Vesting(share=0.5, evident=1, fee=0), rounds=2, events=99
    )
    log = run.events(0)
    assert (log["kind"] == "finding").sum() == 1


def test_a_partner_who_changes_ends_the_relation():
    agents = [Cooperator()] * 4
    terms = {"share": 0.5, "cliff": 1, "fee": 0, "evident": 0}
    made = Scenario(
        RepeatedDilemma(),
        agents,
        institutions=[Vesting(**terms)],
        rounds=9,
        metrics=(),
        matching=Rematched(),
    )
    run = simulate(made, 20, 1, mode="interpreted", progress=False)
    own = run.worlds["vesting"]
    # A third of all pairs are the same in the next round, in 160 draws; each time 6 are at stake.
    expected, error = 6 * 160 * 2 / 3, 6 * np.sqrt(160 * 2 / 9)
    assert own["forfeited"][:, :4].sum() == pytest.approx(expected, abs=4 * error)
    assert run.points.sum() == 20 * 4 * 27
    free = made.replace(institutions=[Vesting(lasting=0, **terms)])
    run = simulate(free, 2, 1, mode="interpreted", progress=False)
    assert not run.worlds["vesting"]["forfeited"].any()


def test_withdrawal_and_new_names_give_everything_back():
    pair = [Cooperator(), Cooperator()]
    gone = Vesting(share=0.5, cliff=4, fee=0, strength={0: "enforced", 3: "off"})
    run = played(RepeatedDilemma(), pair, gone, rounds=5)
    assert course(run, 0) == ([1.5, 3, 4.5, 12, 15], [1.5, 3, 4.5, 0, 0])
    assert not run.worlds["sight"]["unvested"].any()
    # A seller who cheats, and takes a new name. What is withheld from the buyer, who gained
    # nothing, is nothing.
    market = {"seller": [Defector()], "buyer": [Honest()]}
    ledger, names = Reputation(weight=1, decay=0, upkeep=0), Registry(reentry_fee=0, upkeep=0)
    run = played(
        MoralHazardMarket(),
        market,
        ledger,
        names,
        Vesting(share=0.5, cliff=9, evident=0, fee=0),
        rounds=5,
    )
    assert run.worlds["generation"][0, 0] >= 2
    assert run.points[0, 0] == 4 * 3 and run.worlds["held"][0, 0] == 0


def test_a_game_that_ends_by_chance_leaves_everybody_its_own():
    pair = [Cooperator(), Cooperator()]
    made = Scenario(
        RepeatedDilemma(),
        pair,
        institutions=[Vesting(share=0.5, cliff=4, fee=0)],
        rounds=None,
        continuation=0.7,
        metrics=(),
    )
    run = simulate(made, 20, 1, mode="interpreted", progress=False)
    assert (run.points == 3 * run.worlds["clock"][:, None]).all()
    assert run.worlds["held"].any()


# --- from which share on opportunists are honest -------------------------------------------------


def honest_in_the_end(game, agents, vesting, worlds, rounds=16):
    made = Scenario(game, agents, institutions=[vesting], rounds=rounds, metrics=[Honesty()])
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run.table()["honesty"].to_numpy() == 1


@pytest.mark.parametrize(("cliff", "evident"), [(1, 1), (2, 0.75), (4, 0.5), (8, 0.25)])
def test_the_threshold_is_recovered(cliff, evident):
    """Becker & Stigler (1974): honest if detection x what is withheld covers the gain."""
    shares = np.arange(0.0125, 1, 0.05)
    terms = {"share": shares, "cliff": cliff, "evident": evident, "fee": 0}
    strict = {"patience": 0, "explore": 0, "learning": 0}
    honest = honest_in_the_end(
        RepeatedDilemma(), [Apprentice(**strict), Cooperator()], Vesting(**terms), len(shares)
    )
    assert (honest == (shares >= vesting_threshold(2, 3, cliff, evident))).all()
    market = {"seller": [Apprentice(**strict)], "buyer": [Cooperator()]}
    honest = honest_in_the_end(MoralHazardMarket(), market, Vesting(**terms), len(shares))
    assert (honest == (shares >= vesting_threshold(1, 3, cliff, evident))).all()


def test_it_holds_for_groups():
    """Keeping 20 of 32 gains 12; all that is withheld is at stake, in whosever name."""
    shares = np.arange(0.0125, 1, 0.05)
    agents = [Apprentice(patience=0, explore=0, learning=0), *[Cooperator()] * 3]
    vesting = Vesting(share=shares, cliff=2, evident=0.5, fee=0)
    honest = honest_in_the_end(PublicGoods(), agents, vesting, len(shares))
    assert (honest == (shares >= vesting_threshold(12, 32, 2, 0.5))).all()


def test_an_announcement_withholds_nothing_and_deters_nobody():
    strengths = ["announced", "enforced"]
    agents = [Apprentice(patience=0, explore=0, learning=0), Cooperator()]
    vesting = Vesting(share=0.9, cliff=4, evident=1, fee=0, strength=strengths)
    honest = honest_in_the_end(RepeatedDilemma(), agents, vesting, 2)
    assert honest.tolist() == [False, True]


FIVE = {
    "dilemma": (RepeatedDilemma(), [Turncoat(plan=0b1000), Cooperator()]),
    "bargaining": (
        Bargaining.of("integrative", binding=0, breach_gain=1, breach_harm=2),
        [Opportunist(patience=0, explore=0), Honest()],
    ),
    "commons": (Commons(), [FixedHarvester(amount=30), Honest()]),
    "crisis": (Crisis(hazard=0), [Defector(), Honest()]),
    "market": (
        MoralHazardMarket(),
        {"seller": [Defector(), Honest()], "buyer": [Cooperator(), Cooperator()]},
    ),
}


@pytest.mark.parametrize("game", FIVE)
def test_who_breaks_its_word_loses_in_every_game(game):
    made, agents = FIVE[game]
    terms = {"share": 0.5, "cliff": 4, "evident": 1, "fee": 0}
    lost = {}
    for strength in ("enforced", "shuffled", "announced"):
        run = played(made, agents, Vesting(strength=strength, **terms), rounds=6)
        lost[strength] = run.worlds["vesting"]["forfeited"][0]
    assert lost["enforced"][0] > 0 == lost["enforced"][1]
    # A placebo takes it from others; where its victim gains nothing, there is less to take.
    assert lost["shuffled"][1] > lost["shuffled"][0] or lost["shuffled"].sum() == 0
    assert not lost["announced"].any()


@settings(max_examples=30, deadline=None)
@given(
    share=st.floats(0, 1),
    cliff=st.integers(1, 16),
    evident=st.floats(0, 1),
    lasting=st.integers(0, 1),
    payee=st.integers(0, 1),
    seed=st.integers(0, 10**6),
    stop=st.integers(1, 8),
)
def test_no_unit_is_made_or_lost(share, cliff, evident, lasting, payee, seed, stop):
    vesting = Vesting(
        share=share,
        cliff=cliff,
        evident=evident,
        lasting=lasting,
        payee=payee,
        fee=0,
        strength={0: "enforced", stop: "off"},
    )
    agents = [Random(), Random(cooperation=0.9), Cooperator(), Cooperator()]
    terms = {"rounds": 6, "metrics": [Welfare()], "matching": Rematched()}
    made = Scenario(RepeatedDilemma(), agents, institutions=[vesting], **terms)
    run = simulate(made, 1, seed, mode="interpreted", progress=False)
    free = simulate(
        Scenario(RepeatedDilemma(), agents, **terms), 1, seed, mode="interpreted", progress=False
    )
    w = run.worlds
    assert run.faults.empty and not w["held"].any() and not w["vesting"]["withheld"].any()
    assert w["balance"].sum() + w["public"][0, 3] == free.worlds["balance"].sum()
    assert w["public"][0, 3] == 0 or payee == 1
    if share == 0:
        assert w["balance"].tolist() == free.worlds["balance"].tolist()


def test_it_passes_the_suite():
    dilemma = Scenario(RepeatedDilemma(), [Opportunist(), Random()], rounds=3, metrics=())
    market = Scenario(*FIVE["market"], rounds=2, metrics=())
    check_institution(Vesting(cliff=1, evident=1), [dilemma, market], worlds=1)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match="out of its range"):
        Vesting(cliff=17)
    with pytest.raises(ConfigurationError, match="out of its range"):
        Vesting(cliff=0)
