"""Arbitration over a sum, by hand: who states what, what is picked, and who pays it."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Fixed, Rematched, Scenario, simulate, start
from posalign_sim.agents import (
    AwardSeeker,
    Cooperator,
    Defector,
    FairDivider,
    Honest,
    Opportunist,
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
from posalign_sim.institutions import FinalOffer
from posalign_sim.metrics import Honesty
from posalign_sim.testing import check_institution, check_scenario
from posalign_sim.world.modules import Conduct

POINT = 1_000_000
SEEKERS = [Cooperator(conduct=AwardSeeker()), Defector(conduct=AwardSeeker())]


class Leaves(Conduct):
    """Files whatever it can, and leaves the sum to the arbiter."""

    @staticmethod
    def take_up(p, i):
        return 1

    @staticmethod
    def state_award(p, i):
        return 0, 0


def dispute(first, second, rounds=1, **terms):
    return Scenario(
        RepeatedDilemma(),
        [first, second],
        institutions=[FinalOffer(**{"spread": 0.5, "fee": 0.25, **terms})],
        rounds=rounds,
        metrics=(),
        events=100,
    )


def test_the_statement_nearer_to_the_ideal_is_paid_to_the_minor_unit():
    # The harm is 3; by default parties state 1.2533 half-points above and below.
    ws = simulate(dispute(Cooperator(), Defector()), 60, mode="interpreted", progress=False).worlds
    own = ws["final_offer"]
    assert (own["stated"][:, 0] == [3.63, 2.37]).all()
    awarded = np.where(own["picked"][:, 0] == 1, 3.63, 2.37)
    assert 10 < own["picked"][:, 0].sum() < 50
    assert (ws["balance"][:, 0] == np.rint((awarded - 0.25) * POINT)).all()
    assert (ws["balance"][:, 1] == np.rint((5 - awarded) * POINT)).all()
    assert (ws["public"][:, 1] == POINT // 4).all()
    # What is in dispute is the sum: there was a breach, and that is on record.
    assert (ws["findings"]["breach"][:, 0] == 1).all() and (ws["finding_count"] == 1).all()


def test_without_doubt_all_depends_on_who_is_nearer():
    for sums, due in (((400, 250), 2.5), ((340, 250), 3.4), ((350, 250), 2.5), ((-900, 250), 2.5)):
        session = start(
            dispute(Cooperator(), Defector(), spread=0), external=[0, 1], mode="interpreted"
        )
        session.advance([0, 1])
        session.advance([1])
        session.advance([1, 1], np.array(sums)[:, None])
        assert session.worlds["final_offer"]["awarded"][0, 0] == due
        assert session.worlds["balance"][0, 0] == round((due - 0.25) * POINT)


def test_an_award_below_nothing_is_paid_by_who_complained():
    session = start(
        dispute(Cooperator(), Defector(), spread=0), external=[0, 1], mode="interpreted"
    )
    session.advance([0, 1])
    session.advance([1])
    session.advance([1, 1], np.array([-200, -100])[:, None])
    assert session.worlds["balance"][0, :2].tolist() == [-1_250_000, 6_000_000]
    assert not session.worlds["sight"]["sanction"].any()


def test_who_leaves_it_to_the_arbiter_states_the_harm():
    made = dispute(Cooperator(conduct=Leaves()), Defector(conduct=Leaves()))
    run = simulate(made, mode="interpreted", progress=False)
    assert run.points[0].tolist() == [3 - 0.25, 5 - 3]


def test_conventional_arbitration_awards_the_ideal():
    made = dispute(*SEEKERS, conventional=1, spread=0.4, rounds=20)
    ws = simulate(made, 60, mode="interpreted", progress=False).worlds
    awards = ws["final_offer"]["awarded"][:, 0]
    assert abs(awards.mean() - 60) < 4 * 0.4 * np.sqrt(20 / 60)
    spread = awards.std(ddof=1) / np.sqrt(20)
    assert abs(spread - 0.4) < 4 * 0.4 / np.sqrt(2 * 60)
    assert not ws["final_offer"]["picked"].any()


def test_parties_are_told_what_the_arbiter_will_think_and_what_the_other_said():
    session = start(
        dispute(Cooperator(), Defector(), rounds=2), external=[0, 1], mode="interpreted"
    )
    names = [f.name for f in session.features]
    session.advance([0, 1])
    session.advance([1])
    for row, side in enumerate((1, 2)):
        seen = dict(zip(names, session.observations[row].tolist(), strict=True))
        assert (seen["case_side"], seen["award_expected"], seen["award_spread"]) == (side, 3, 0.5)
    session.advance([1, 1], np.array([410, 150])[:, None])
    for row, rival in enumerate((-1.5, 1.1)):
        seen = dict(zip(names, session.observations[row].tolist(), strict=True))
        assert seen["rival_award"] == pytest.approx(rival)
        assert seen["case_side"] == seen["award_expected"] == 0


def test_each_of_two_cheats_answers_for_its_own_act():
    run = simulate(dispute(Defector(), Defector(), spread=0), mode="interpreted", progress=False)
    # Both lack 2 to the reward: they pay each other, and the fees are gone.
    assert run.points[0].tolist() == [0.75, 0.75]
    assert run.worlds["final_offer"]["disputes"][0].tolist() == [1, 1]


def test_an_act_towards_a_group_is_tried_once():
    made = Scenario(
        PublicGoods(),
        [Cooperator(), Cooperator(), Cooperator(), Defector()],
        matching=Fixed(table=4),
        institutions=[FinalOffer(spread=0, fee=0.1)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, 20, mode="interpreted", progress=False)
    plain = simulate(made.replace(institutions=[]), 20, mode="interpreted", progress=False)
    gains = np.sort(run.points - plain.points, axis=1)
    harm = run.worlds["final_offer"]["awarded"].sum(axis=1)
    assert (harm > 0.1).all()
    np.testing.assert_allclose(gains[:, 0], -harm, atol=1e-6)
    np.testing.assert_allclose(gains[:, 1:3], 0, atol=1e-6)
    np.testing.assert_allclose(gains[:, 3], harm - 0.1, atol=1e-6)


def test_by_default_a_seat_files_iff_the_harm_covers_the_fee():
    for fee, filed in ((3, 1), (3.01, 0)):
        run = simulate(
            dispute(Cooperator(), Defector(), fee=fee), mode="interpreted", progress=False
        )
        assert run.worlds["final_offer"]["disputes"].sum() == filed
    run = simulate(dispute(Cooperator(), Cooperator()), mode="interpreted", progress=False)
    assert not run.worlds["final_offer"]["disputes"].any()


def games():
    calculating = Opportunist(explore=0, learning=0, patience=0)
    return [
        pytest.param(RepeatedDilemma(), [calculating, Cooperator()], id="dilemma"),
        pytest.param(
            Bargaining.of("integrative", binding=0), [calculating, FairDivider()], id="bargain"
        ),
        pytest.param(
            MoralHazardMarket(), {"seller": [calculating], "buyer": [Cooperator()]}, id="market"
        ),
        pytest.param(Commons(), [calculating, Cooperator()], id="commons"),
        pytest.param(Crisis(), [calculating, Cooperator()], id="crisis"),
    ]


@pytest.mark.parametrize(("game", "players"), games())
def test_in_every_game_it_holds_its_contract_and_deters(game, players):
    def stack(**more):
        terms = {"usual": 200, "fee": 0.01, **more}
        return Scenario(
            game, players, institutions=[FinalOffer(**terms)], rounds=1, metrics=[Honesty()]
        )

    check_scenario(stack(), worlds=2)
    honest = {}
    for strength in ("off", "enforced"):
        run = simulate(stack(strength=strength), mode="interpreted", progress=False)
        honest[strength] = run.table()["honesty"][0]
    assert honest["off"] < honest["enforced"] == 1
    contrary = Opportunist(explore=1, learning=0, patience=0)
    perverse = [contrary if type(a) is Opportunist else a for a in stack().players]
    run = simulate(stack(spread=0).reseated(perverse), mode="interpreted", progress=False)
    own = run.worlds["final_offer"][0]
    harm = run.worlds["interactions"][0]["harm"].max()
    # What it comes to is the harm.
    assert own["disputes"].sum() == 1 and own["awarded"].max() == pytest.approx(harm, abs=0.006)
    assert run.worlds["sight"]["sanction"][0].max() == pytest.approx(harm, abs=0.006)


def test_it_passes_the_acceptance_test():
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(), Honest()], "buyer": [Cooperator(), Cooperator()]},
        rounds=2,
        metrics=(),
        matching=Rematched(),
    )
    dilemma = Scenario(
        RepeatedDilemma(), [TitForTat(conduct=AwardSeeker()), Defector()], rounds=3, metrics=()
    )
    check_institution(FinalOffer(), [dilemma, market], worlds=2)


def test_mistakes_are_refused():
    with pytest.raises(ConfigurationError, match="spread"):
        FinalOffer(spread=-1)
    session = start(dispute(Cooperator(), Defector()), external=[0], mode="interpreted")
    session.advance([0])
    session.advance([1])
    with pytest.raises(ConfigurationError):
        session.advance([1], np.array([[1_000_001]]))
