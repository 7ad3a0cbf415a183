"""Disputes as theory has them: sums stated, suits without a case, what a verdict costs."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, param, run_until, simulate
from posalign_sim.agents import (
    AwardSeeker,
    Bribable,
    Briber,
    Cooperator,
    Defector,
    EvidenceReader,
    FrivolousLitigant,
    Honest,
    Opportunist,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Court, FinalOffer
from posalign_sim.metrics import Honesty
from posalign_sim.theory import (
    arbitration_deters,
    dispute_credible,
    evidence_accuracy,
    final_offer_award,
    final_offer_best_reply,
    final_offer_equilibrium,
    frivolous_fee,
    minimal_accuracy_gap,
    verdict_price,
)
from posalign_sim.world.modules import Conduct
from posalign_sim.world.sight import parameter

FAR = math.sqrt(math.pi / 2)


class Fixture(Agent):
    """Cooperates in every round, or in none."""

    cooperation: float = param(1, 0, 1, "0 or 1")

    @staticmethod
    def move(p, i):
        return 0 if parameter(p, i, 0) == 1 else 1


class Sues(Conduct):
    """Files whatever it can, and leaves it at that."""

    @staticmethod
    def take_up(p, i):
        return 0

    @staticmethod
    def file(p, i):
        return 1


# --- final offers ---------------------------------------------------------------------------------


def test_the_equilibrium_of_final_offers_is_a_pair_of_best_replies():
    """Brams & Merrill (1983): 1.2533 standard deviations either side of the median."""
    high, low = final_offer_equilibrium(0, NormalDist().pdf(0))
    assert (high, low) == pytest.approx((FAR, -FAR), abs=1e-12)
    assert high == pytest.approx(1.2533, abs=1e-4)
    for mean, spread in ((0, 1), (3, 0.5), (-2, 10)):
        high, low = final_offer_equilibrium(mean, NormalDist(mean, spread).pdf(mean))
        assert final_offer_best_reply(low, mean, spread) == pytest.approx(high, abs=1e-9 * spread)
        assert final_offer_award(high, low, mean, spread) == pytest.approx(mean)
        # No sum within twelve deviations does better against the other, for either party.
        for x in mean + spread * np.linspace(-12, 12, 481):
            assert final_offer_award(float(x), low, mean, spread) <= mean + 1e-9
            assert final_offer_award(high, float(x), mean, spread) >= mean - 1e-9
    # A uniform ideal: the bounds of its range.
    assert final_offer_equilibrium(5, 0.25) == (7, 3)


def test_replying_leads_to_the_equilibrium_from_anywhere():
    for first in (-8, -1.3, -0.5, 0, 1, 4):
        offer = first
        for _ in range(60):
            offer = -final_offer_best_reply(offer, 0, 1)
        assert offer == pytest.approx(-FAR, abs=1e-6)


def test_parties_find_the_equilibrium_and_the_mean_award_is_the_median():
    """Stated +-1.2533, mean award the median, both within .02 standard deviations."""
    worlds, rounds, harm = 1000, 64, 3.0
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(conduct=AwardSeeker()), Defector(conduct=AwardSeeker())],
        institutions=[FinalOffer(spread=1, fee=0)],
        rounds=rounds,
        metrics=(),
    )
    own = simulate(made, worlds, 3, progress=False).worlds["final_offer"]
    stated = own["stated"][:, 0] - harm
    assert np.abs(stated - [FAR, -FAR]).max() < 0.02
    assert (own["disputes"][:, 0] == rounds).all()
    mean = own["awarded"][:, 0].mean() / rounds - harm
    assert abs(mean) < 4 * FAR / np.sqrt(worlds * rounds) < 0.0201
    picked = own["picked"][:, 0].mean() / rounds
    assert abs(picked - 0.5) < 4 * 0.5 / np.sqrt(worlds * rounds)
    # It is also what they state if nobody tells them what to do.
    custom = made.reseated([Cooperator(), Defector()]).replace(rounds=1)
    own = simulate(custom, mode="interpreted", progress=False).worlds["final_offer"]
    assert np.abs(own["stated"][0, 0] - harm - [FAR, -FAR]).max() < 0.0051


def test_parties_state_what_is_best_against_any_rival():
    for rival in (-3, -1, 0, 0.7):
        made = Scenario(
            RepeatedDilemma(),
            [Cooperator(conduct=AwardSeeker()), Defector()],
            institutions=[FinalOffer(spread=1)],
            rounds=1,
            metrics=(),
        )
        ws = made.worlds(1)
        ws["sight"]["rival_award"] = rival

        run_until(made, ws, 1, "interpreted")
        best = final_offer_best_reply(rival, 0, 1)
        assert ws["final_offer"]["stated"][0, 0, 0] - 3 == pytest.approx(best, abs=0.006)


# --- thresholds of arbitration --------------------------------------------------------------------


def test_honesty_and_credible_disputes_have_their_thresholds():
    """Honest iff d (a - f)(phi p + F) >= g: .20 without a fine, .10 with one of 5; a phi p >= k."""
    for fine, expected in ((0, 0.2), (5, 0.1)):
        assert minimal_accuracy_gap(1, 5, 1, fine, 1) == pytest.approx(expected)
        accuracy = np.round(np.arange(0.005, 1, 0.01), 3)
        made = Scenario(
            MoralHazardMarket(),
            {
                "seller": [Opportunist(patience=1, explore=0, learning=0)],
                "buyer": [Cooperator(conduct=Sues())],
            },
            institutions=[Arbitration(accuracy=accuracy, false_finding=0, fine=fine, fee=0)],
            rounds=1,
            metrics=[Honesty()],
        )
        run = simulate(made, len(accuracy), mode="interpreted", progress=False)
        honest = run.table()["honesty"].to_numpy() == 1
        jump = np.flatnonzero(honest)[0]
        assert honest[jump:].all() and not honest[:jump].any()
        assert accuracy[jump - 1] < expected <= accuracy[jump] < expected + 0.01
        theory = [arbitration_deters(1, 5, 1, fine, 1, a, 0) for a in accuracy]
        assert honest.tolist() == theory
    fees = np.round(np.arange(0.05, 5, 0.1), 2)
    made = made.reseated([Defector(), Cooperator()]).replace(
        institutions=[Arbitration(accuracy=0.6, fee=fees)]
    )
    run = simulate(made, len(fees), mode="interpreted", progress=False)
    filed = run.worlds["arbitration"]["disputes"][:, 1] == 1
    assert filed.tolist() == [dispute_credible(0.6, 1, 5, fee) for fee in fees]
    assert fees[filed].max() < 3 < fees[~filed].min()


# --- frivolous disputes ---------------------------------------------------------------------------


def test_a_frivolous_litigant_sues_iff_the_fee_is_below_the_threshold():
    """Unprofitable iff fee > q S / (1 - q), where only who loses bears the fee."""
    rng = np.random.default_rng(5)
    worlds = 400
    wrongful, stake = rng.uniform(0, 0.9, worlds), rng.uniform(0, 5, worlds)
    edge = np.array([frivolous_fee(q, s) for q, s in zip(wrongful, stake, strict=True)])
    fee = edge * np.resize([0.5, 0.99, 1, 1.01, 2], worlds)

    def courts(plaintiff):
        terms = {"refund": 0, "damages": stake, "fee": fee, "shifting": 1}
        made = Scenario(
            MoralHazardMarket(),
            {"seller": [Honest()], "buyer": [plaintiff]},
            institutions=[Arbitration(accuracy=1, false_finding=wrongful, **terms)],
            rounds=1,
            metrics=(),
        )
        ws = simulate(made, worlds, mode="interpreted", progress=False).worlds
        return ws["arbitration"]["disputes"][:, 1] == 1

    assert (courts(Cooperator(conduct=FrivolousLitigant())) == (fee <= edge + 1e-9)).all()
    # By default nobody sues who was not wronged.
    assert not courts(Cooperator()).any()


def test_suing_without_a_case_pays_what_theory_says():
    worlds, rounds = 2000, 10
    q = np.repeat([0.1, 0.3, 0.6], worlds)
    stake, edge = 2.0, np.repeat([frivolous_fee(x, 2) for x in (0.1, 0.3, 0.6)], worlds)
    for share in (0.7, 1, 1.3):
        made = Scenario(
            RepeatedDilemma(),
            [Fixture(conduct=Sues()), Fixture()],
            institutions=[
                Arbitration(
                    accuracy=1,
                    false_finding=q,
                    refund=0,
                    damages=stake,
                    fee=share * edge,
                    shifting=1,
                )
            ],
            rounds=rounds,
            metrics=(),
        )
        points = simulate(made, 3 * worlds, 8, progress=False).points[:, 0]
        gain = (points / rounds - 3).reshape(3, worlds)
        for k, chance in enumerate((0.1, 0.3, 0.6)):
            fee = share * frivolous_fee(chance, stake)
            error = gain[k].std(ddof=1) / np.sqrt(worlds)
            assert abs(gain[k].mean() - (chance * stake - (1 - chance) * fee)) < 4 * error
            if share != 1:
                assert np.sign(gain[k].mean()) == np.sign(1 - share)
                assert abs(gain[k].mean()) > 4 * error


# --- evidence, and what a verdict costs -----------------------------------------------------------


def court(*judges, players=None, worlds_of=None, **terms):
    return Scenario(
        RepeatedDilemma(),
        players or [Fixture(cooperation=worlds_of, conduct=Sues()), Fixture(cooperation=worlds_of)],
        institutions=[Court(**{"damages": 1, "fee": 0.1, **terms})],
        officials={"arbiter": judges},
        metrics=(),
        **{"rounds": 1},
    )


def test_a_reader_of_evidence_is_as_often_right_as_evidence_allows_and_beats_the_base_rate():
    """Milgrom & Roberts (1986): interested parties' evidence, read sceptically, is all there is."""
    worlds, rounds = 400, 25
    quality = np.tile(np.repeat([0.6, 0.75, 0.9], 2), worlds)
    kept = np.tile([1, 0], 3 * worlds)
    made = court(EvidenceReader(), worlds_of=kept, quality=quality, exhibits=3).replace(
        rounds=rounds
    )
    own = simulate(made, len(kept), 4, progress=False).worlds["court"]
    few = made.worlds(len(kept), 4)[:6].copy()
    run_until(made, few, rounds, "interpreted")
    assert (few["court"]["right"] == own["right"][:6]).all() and few["court"]["votes"].any()
    votes, right = own["votes"][:, 2], own["right"][:, 2]
    for q in (0.6, 0.75, 0.9):
        accuracy, tie = evidence_accuracy(q, 6)
        rates = []
        for k, expected in ((0, accuracy), (1, accuracy + tie)):
            rows = (quality == q) & (kept == k)
            n = votes[rows].sum()
            # Defectors sue each other by the same conduct; of cooperators one sues.
            assert n == rounds * worlds * (2 if k == 0 else 1)
            rate = right[rows].sum() / n
            assert abs(rate - expected) < 4 * np.sqrt(expected * (1 - expected) / n)
            rates.append(rate)
        # Whatever the share of breaches, knowing it alone is right in at most half of even cases.
        assert np.mean(rates) > 0.5 + 4 * np.sqrt(0.25 / (rounds * worlds))


def test_the_price_of_a_flipped_verdict_and_that_appeals_raise_it():
    """The least that the guilty pay to be let go: every vote, and on appeal every vote again."""
    offers = np.round(np.arange(0, 4.01, 0.25), 2)
    prices = {}
    for name, terms in (
        ("one arbiter", {}),
        ("a jury", {"jury": 3}),
        ("with appeals", {"appeal_fee": 0.5, "appeal_jury": 3}),
        ("with dear appeals", {"appeal_fee": 50}),
    ):
        made = court(
            *[Bribable(price=1.5)] * 3,
            players=[Cooperator(), Defector(conduct=Briber(offer=offers))],
            quality=1,
            **terms,
        )
        run = simulate(made, len(offers), mode="interpreted", progress=False)
        own = run.worlds["court"]
        flipped = own["found"][:, 0] == 0
        assert (flipped == (offers >= 1.5)).all()
        prices[name] = own["bribes"][flipped].sum(axis=1).min()
        assert not own["bribes"][~flipped].any()
    assert prices == {
        "one arbiter": verdict_price(1.5, 1),
        "a jury": verdict_price(1.5, 3),
        "with appeals": verdict_price(1.5, 1, appeal_jury=3, fee=0.5, worth=4),
        "with dear appeals": verdict_price(1.5, 1, appeal_jury=3, fee=50, worth=4),
    }
    assert prices["with appeals"] == 4 * prices["one arbiter"]


def test_a_bribe_pays_only_while_a_verdict_costs_less_than_it_is_worth():
    # What is at stake is 4; a jury of three, each at 1.5, costs more than being found out.
    points = {}
    for jury in (1, 3):
        for offer in (0, 1.5):
            made = court(
                *[Bribable(price=1.5)] * 3,
                players=[Cooperator(), Defector(conduct=Briber(offer=offer))],
                quality=1,
                jury=jury,
            )
            points[jury, offer] = simulate(made, mode="interpreted", progress=False).points[0, 1]
    assert points[1, 1.5] > points[1, 0] and points[3, 1.5] < points[3, 0]


def test_solvers_refuse_what_makes_no_sense():
    for call in (
        lambda: final_offer_equilibrium(0, 0),
        lambda: final_offer_award(1, 0, 0, 0),
        lambda: final_offer_best_reply(0, 0, -1),
        lambda: frivolous_fee(1.2, 1),
        lambda: evidence_accuracy(0.3, 2),
        lambda: evidence_accuracy(0.7, 2.5),
        lambda: verdict_price(-1, 1),
        lambda: verdict_price(1, 0),
    ):
        with pytest.raises(ValueError, match=r"it must|density"):
            call()
    assert frivolous_fee(1, 2) == math.inf and frivolous_fee(1, 0) == 0
