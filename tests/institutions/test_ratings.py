"""Ratings: what is said of whom, what it counts for, and who can make a score say what it likes."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    ConfigurationError,
    Fixed,
    Institution,
    Neighbours,
    Network,
    Rematched,
    RoundRobin,
    Scenario,
    simulate,
    start,
)
from posalign_sim.agents import (
    BadMouther,
    BallotStuffer,
    CliqueRater,
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Honest,
    HonestRater,
    Opportunist,
    SilentRater,
)
from posalign_sim.envs import MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import EigenTrust, Ratings
from posalign_sim.metrics import Honesty
from posalign_sim.testing import check_institution
from posalign_sim.world.conduct import drop

MEAN, SUM, BETA = 0, 1, 2
SCORES = {"score": np.array([MEAN, SUM, BETA])}


def run(seats, *institutions, game=None, rounds=1, worlds=1, **more):
    scenario = Scenario(
        game or RepeatedDilemma(),
        seats,
        institutions=institutions,
        rounds=rounds,
        **{"metrics": (), **more},
    )
    made = simulate(scenario, worlds, 1, mode="interpreted", progress=False)
    assert made.faults.empty
    return made


def shown(made, name="ratings"):
    """`[worlds, seats]` standings; NaN where nobody knows."""
    own, n = made.worlds[name], len(made.scenario.players)
    return np.where(own["was_rated"][:, :n] == 1, own["standing_now"][:, :n], np.nan)


def test_each_score_by_hand():
    made = run([Cooperator(), Defector()], Ratings(fee=0.01, full=5, **SCORES), worlds=3)
    assert shown(made)[MEAN].tolist() == [1, 0]
    assert shown(made)[SUM].tolist() == [0.6, 0.4]
    assert shown(made)[BETA] == pytest.approx([2 / 3, 1 / 3])
    # One mark each, at its fee, burnt.
    assert made.points.tolist() == [[-0.01, 4.99]] * 3
    assert (made.worlds["public"][:, 1] == 20_000).all()


def test_one_rater_counts_for_no_more_than_it_may_however_often_it_rates():
    most = np.tile([0.5, 1, 3, 100], 3)
    score = np.repeat([MEAN, SUM, BETA], 4)
    made = run(
        [Cooperator(), Cooperator(conduct=BadMouther())],
        Ratings(score=score, most_per_rater=most, full=20, prior=0.8, prior_weight=4, fee=0),
        rounds=5,
        worlds=12,
    )
    said = np.minimum(most, 5)
    victim = shown(made)[:, 0]
    assert (victim[score == MEAN] == 0).all()
    assert victim[score == SUM] == pytest.approx(0.5 - (said / 40)[score == SUM])
    assert victim[score == BETA] == pytest.approx((3.2 / (4 + said))[score == BETA])
    # What is declared: at most `most / (2 full)`, or `most / (prior weight + most)`.
    moved = np.abs(victim - np.where(score == SUM, 0.5, 0.8))
    bound = np.where(score == SUM, most / 40, most / (4 + most))
    assert (moved[score != MEAN] <= bound[score != MEAN] + 1e-12).all()


@pytest.mark.parametrize("conduct", [BallotStuffer(), BadMouther()])
def test_among_others_one_liar_moves_a_standing_by_its_share(conduct):
    # All seven others rate seat 0, in turn; one of them lies.
    honest = [Cooperator() if isinstance(conduct, BadMouther) else Defector()]
    for rounds in (7, 21):
        several = [
            shown(
                run(
                    honest + [Cooperator()] * 6 + [Cooperator(conduct=last)],
                    Ratings(full=8, fee=0, **SCORES),
                    rounds=rounds,
                    worlds=3,
                    matching=RoundRobin(),
                )
            )[:, 0]
            for last in (None, conduct)
        ]
        moved = np.abs(several[1] - several[0])
        assert moved == pytest.approx([1 / 7, 2 / 16, 1 / 9])


def test_trades_of_no_value_move_nobody():
    prices = np.array([0.0, 0.0, 0.5, 2.0, 4.0, 9.0])
    values = np.array([0.0, 4.0, 4.0, 4.0, 4.0, 4.0])
    made = run(
        {"seller": [Defector()], "buyer": [Cooperator(conduct=BallotStuffer())]},
        Ratings(full_value=values, prior_weight=1, prior=0.2, fee=0),
        game=MoralHazardMarket(price_high=prices, price_low=0, value_high=20),
        worlds=6,
    )
    weight = np.where(values > 0, np.minimum(1, prices / np.maximum(values, 1e-9)), 1)
    standing = made.worlds["ratings"]["standing_now"][:, 0]
    known = made.worlds["ratings"]["was_rated"][:, 0]
    assert known.tolist() == [1, 0, 1, 1, 1, 1]
    expected = (0.2 + weight) / (1 + weight)
    assert standing[known == 1] == pytest.approx(expected[known == 1])


def test_mean_and_sum_give_a_clique_what_it_likes():
    """A cheat whom 4 victims rate 0 needs as many who say the opposite, at no cost of conduct."""
    victims = 4
    for sybils in (0, 3, 4, 9):
        crew = [Defector(conduct=CliqueRater(first=victims)) for _ in range(1 + sybils)]
        n = victims + 1 + sybils
        made = run(
            [Cooperator() for _ in range(victims)] + crew,
            Ratings(full=12, fee=0, **SCORES),
            EigenTrust(pretrusted=[1] * victims + [0] * (1 + sybils), fee=0, steps=1),
            rounds=n - 1 if n % 2 == 0 else n,
            worlds=3,
            matching=RoundRobin(),
        )
        cheat = shown(made)[:, victims]
        assert cheat[MEAN] == pytest.approx(sybils / (victims + sybils))
        assert cheat[SUM] == pytest.approx(0.5 + (sybils - victims) / 24)
        assert (cheat[BETA] >= 0.5) == (sybils >= victims)
        honest = shown(made)[:, 0]
        # They are outvoted as well, where the clique is the larger one.
        assert (cheat[MEAN] > honest[MEAN]) == (sybils >= victims)
        trust = made.worlds["eigen_trust"]
        assert trust["global_trust"][:, victims:].sum() == 0
        assert (trust["standing_now"][:, victims:n] == 0).all()


def test_silence_costs_nothing_and_says_nothing():
    made = run(
        [Cooperator(), Defector(), Cooperator(conduct=SilentRater()), Defector()],
        Ratings(fee=0.5),
        matching=Fixed(),
    )
    assert made.points[0].tolist() == [-0.5, 4.5, 0, 4.5]
    assert np.isnan(shown(made)[0]).tolist() == [False, False, False, True]


def test_a_rater_errs_as_often_as_it_should():
    error = 0.2
    made = run(
        [Cooperator(), Cooperator(conduct=HonestRater(error=error))],
        Ratings(score=MEAN, most_per_rater=1e6, fee=0),
        rounds=20,
        worlds=20,
    )
    wrong = 1 - shown(made)[:, 0].mean()
    assert abs(wrong - error) < 4 * np.sqrt(error * (1 - error) / 400)
    assert (shown(made)[:, 1] == 1).all()


def test_at_a_table_each_of_the_others_gets_its_own_mark():
    made = run([Cooperator(), Defector(), Cooperator()], Ratings(score=MEAN), game=PublicGoods())
    assert shown(made)[0].tolist() == [1, 0, 1]
    made = run(
        [Cooperator(), Defector(), Cooperator(conduct=BadMouther(first=0, last=1))],
        Ratings(score=MEAN),
        game=PublicGoods(),
    )
    assert shown(made)[0].tolist() == [0.5, 0, 1]


def test_on_a_network_neighbours_rate_each_other():
    made = run(
        [Cooperator(), Defector(), Cooperator(), Cooperator(), Cooperator()],
        Ratings(score=MEAN, fee=0.1),
        matching=Neighbours(),
        network=Network.ring(5),
    )
    assert shown(made)[0].tolist() == [1, 0, 1, 1, 1]
    assert made.worlds["ratings"]["marks_weight"][0].tolist() == [1] * 10
    assert made.worlds["public"][0, 1] == 1_000_000


def test_marks_are_forgotten_with_time():
    # Only in the first round is anything said.
    class Once(BallotStuffer):
        """Speaks once."""

        @staticmethod
        def rate(p, i):
            for k in range(p.due_marks.shape[1]):
                p.reply[i, k] = p.due_marks[i, k]
            return 1 if p.clock == 0 else 0

    made = run(
        [Cooperator(conduct=Once()), Defector(conduct=Once())],
        Ratings(decay=0.5, prior_weight=2, fee=0),
        rounds=3,
    )
    assert shown(made)[0] == pytest.approx([1.25 / 2.25, 1 / 2.25])


class Dropper(Institution):
    """Makes whoever holds the second name give it up, in round 2."""

    @staticmethod
    def meet(w, own):
        if w.clock == 2:
            drop(w, 1)


@pytest.mark.parametrize("rule", [Ratings(score=MEAN), EigenTrust(pretrusted=[1, 0])])
def test_who_begins_anew_is_unknown_and_what_it_said_is_forgotten(rule):
    pair = [Cooperator(conduct=SilentRater()), Defector()]
    speaking = run([Cooperator(), Defector()], rule, Dropper(), rounds=3)
    assert np.isnan(shown(speaking, rule.name)[0]).tolist()[1]
    silent = run(pair, rule, Dropper(), rounds=3)
    assert (silent.worlds[rule.name]["marks_weight"] == 0).all()


def test_a_seat_from_outside_gives_marks():
    scenario = Scenario(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        institutions=[Ratings(score=MEAN, fee=0.25)],
        rounds=1,
        metrics=(),
    )
    session = start(scenario, external=[0], mode="interpreted")
    session.advance([0])
    assert session.points[session.decision[0]].name == "ratings.rate"
    names = [f.name for f in session.features]
    told = dict(zip(names, session.observations[0].tolist(), strict=True))
    assert (told["due_marks_0"], told["fellows_0"]) == (0, 1)
    assert (told["stakes_price"], told["stakes_provoked"]) == (0.25, 1)
    assert (session.lows[0, 0], session.highs[0, 0]) == (-1, 10)
    session.advance([1], [[7]])
    own = session.worlds["ratings"]
    assert own["standing_now"][0, 1] == pytest.approx(0.7)


def test_a_placebo_shows_somebody_elses_standing():
    strength = ["enforced", "shuffled"]
    made = run(
        [Cooperator(), Defector()] * 2,
        Ratings(score=MEAN, strength=strength, fee=0),
        rounds=12,
        worlds=2,
        matching=Rematched(),
    )
    sight = made.worlds["sight"]["standing"][:, :4]
    assert sight[0].tolist() == [1, 0, 1, 0]
    assert sorted(sight[1]) == [0, 0, 1, 1] and sight[1].tolist() != [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("rule", "more"), [(Ratings, {}), (EigenTrust, {"pretrusted": [0, 0, 0, 1, 1, 1]})]
)
def test_buyers_shun_who_is_rated_ill(rule, more):
    scenario = Scenario(
        MoralHazardMarket(),
        {
            "seller": [Defector(), Cooperator(), Cooperator()],
            "buyer": [DiscriminatingBuyer(learning=0, unsecured=1) for _ in range(3)],
        },
        matching=Rematched(),
        institutions=[rule(strength=["off", "enforced"], **more)],
        rounds=12,
        metrics=[Honesty()],
    )
    made = simulate(scenario, 2, 2, mode="interpreted", progress=False)
    assert made.points[0, 0] > 40 > 20 > made.points[1, 0]


@pytest.mark.parametrize("rule", [Ratings(full_value=2, decay=0.1), EigenTrust(decay=0.1)])
def test_it_passes_the_contract(rule):
    pair = Scenario(
        RepeatedDilemma(),
        [Honest(conduct=BadMouther()), Defector(conduct=BallotStuffer()), Opportunist()],
        matching=Rematched(),
        rounds=3,
        metrics=(),
    )
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(), Defector()], "buyer": [Honest(), Cooperator()]},
        matching=Rematched(),
        rounds=2,
        metrics=(),
    )
    check_institution(rule, [pair, market], worlds=2)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match=r"ratings.score = 3 is out of its range"):
        Ratings(score=3)
    with pytest.raises(ConfigurationError, match="pretrusted has 3 rows for 2 seats"):
        run([Cooperator()] * 2, EigenTrust(pretrusted=[1, 1, 0]))
    with pytest.raises(ConfigurationError, match="pretrusted must lie in"):
        EigenTrust(pretrusted=[1, -1])
