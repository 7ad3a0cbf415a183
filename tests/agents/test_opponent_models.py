"""Negotiators who model others: what they learn from offers, and the solution that they seek."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Agent, Scenario, param, simulate
from posalign_sim.agents import (
    Hardliner,
    ModellingNegotiator,
    NashSeeker,
    NiceTitForTat,
    TimeDependent,
)
from posalign_sim.agents.negotiation.opponent_models import (
    MANY,
    ask_knowingly,
    nash_terms,
    observe,
    place_of,
    wanted_by_model,
)
from posalign_sim.envs import Bargaining
from posalign_sim.theory import enumerate_deals


class Giver(Agent):
    """Gives the other a share of one issue, and so much more in each of its offers; takes none."""

    start: float = param(0, 0, 1)
    pace: float = param(0, 0, 1)

    @staticmethod
    def offer(p, i):
        share = p.params[i, 0] + p.params[i, 1] * (p.step // 2)
        p.reply[i, 0] = round((p.options_of[0] - 1) * share)
        return 0

    @staticmethod
    def respond(p, i):
        return 2


def bargain(game, agents):
    made = Scenario(game, agents, rounds=1, metrics=(), events=20_000)
    run = simulate(made, 1, 1, mode="interpreted", progress=False)
    assert not len(run.faults)
    return run


def asked(run, top):
    """Shares of one issue that the first party asks for, offer by offer."""
    log = run.events(0)
    log = log[(log["place"] == "bargaining.offer") & (log["actor"] == 0)]
    return (log[log["kind"] == "argument"]["first"] / top).tolist()


def table(scores, heard=(), revealed=0, reserve=(0.0, 0.0)):
    """What the first of two sees: points `[2, issues, options]`, and offers of the other."""
    scores = np.array(scores, float)
    points = scores[:1]
    p = SimpleNamespace(
        clock=0,
        points=points,
        options_of=np.array([scores.shape[2]] * scores.shape[1]),
        best=points.argmax(axis=2),
        spread=points.max(axis=2) - points.min(axis=2),
        ideal=points.max(axis=2).sum(axis=1),
        reply=np.zeros((1, scores.shape[1]), int),
        slots=np.zeros((1, 12)),
        pie=1.0,
        divide=0,
        revealed=revealed,
        party=[0],
        parties=[2],
        scores_of=scores,
        reserve_of=np.array(reserve),
        reserve=np.array(reserve[:1]),
        others_offers=[0],
        other_terms=np.zeros((1, scores.shape[1]), int),
        other_worth=[0.0],
    )
    for terms in heard:
        hear(p, terms)
    return p


def hear(p, terms):
    p.others_offers[0] += 1
    p.other_terms[0] = terms
    p.other_worth[0] = sum(p.points[0, k, o] for k, o in enumerate(terms))
    observe(p, 0)


# --- the frequency model --------------------------------------------------------------------------

LADDERS = [[[0, 1, 2], [0, 1, 2]], [[2, 1, 0], [0, 3, 6]]]


def test_what_is_offered_often_is_wanted():
    # The first issue is proposed at its worst once and in the middle once (ties: the worst), the
    # second at its best three times; the other gives way in the first, so that it weighs less.
    p = table(LADDERS, [[0, 2], [1, 2], [2, 2]])
    assert wanted_by_model(p, 0) == pytest.approx(
        np.array([[1, 0.5, 0], [0, 3 * 0.5, 3]]) / (1 + 3)
    )
    # Each offer is counted once, however often it is looked at.
    observe(p, 0)
    assert wanted_by_model(p, 0)[1, 2] == 0.75


def test_before_any_offer_interests_are_taken_to_be_opposed():
    assert wanted_by_model(table(LADDERS), 0).tolist() == [[0.5, 0.25, 0], [0.5, 0.25, 0]]


def test_where_options_are_all_the_same_to_oneself_counts_tell():
    p = table([[[1, 1, 1]], [[0, 1, 5]]], [[2], [2], [1]])
    assert wanted_by_model(p, 0).tolist() == [[0, 0.5, 1]]


def test_long_bargains_are_remembered_in_halves():
    p = table(LADDERS, [[0, 2]] * MANY + [[1, 2]] * 2)
    # Fifteen, then halved to seven when the second issue's count is full; twice more after that.
    assert wanted_by_model(p, 0)[0].tolist() == pytest.approx([7 / 16, 3.5 / 16, 0])


def test_many_options_share_places():
    p = table(np.zeros((2, 1, 1001)))
    assert place_of(p, 0, 1000) == 8 * 13 - 1
    assert place_of(p, 0, 0) == 0


def test_of_what_is_worth_as_much_it_gives_what_the_other_holds_on_to():
    # Both issues matter alike to it, only the second to the other, who never gives that up.
    scores = [[[0, 1], [0, 1]], [[1, 0], [9, 0]]]
    p = table(scores, [[0, 0], [1, 0], [1, 0]])
    ask_knowingly(p, 0, 1.0)
    assert p.reply[0].tolist() == [1, 0]
    known = table(scores, revealed=1)
    ask_knowingly(known, 0, 1.0)
    assert known.reply[0].tolist() == [1, 0]


def test_with_a_model_two_who_concede_by_the_clock_leave_less_on_the_table():
    # Whose weights cross, of which the guess from one's own is wrong: both want the first most.
    rng = np.random.default_rng(2)
    gains = []
    for _ in range(12):
        ladder = np.linspace(0, 1, 5)
        weights = rng.dirichlet(np.ones(4), 2)
        scores = weights[:, :, None] * np.stack([ladder, ladder[::-1]])[:, None, :]
        scores[1, 0] = weights[1, 0] * ladder  # In the first issue both want the same.
        game = Bargaining(scores=scores, discount=1, binding=1, deadline=40, talk=0)
        modelled, blind = (
            bargain(game, [agent(), agent()]).points.sum()
            for agent in (ModellingNegotiator, TimeDependent)
        )
        gains.append(modelled - blind)
    assert np.mean(gains) > 4 * np.std(gains) / np.sqrt(len(gains)) > 0


def test_of_one_issue_it_asks_for_what_the_clock_says():
    game = Bargaining.of("rubinstein", discount=1, deadline=20, revealed=0)
    for exponent in (0.5, 1, 4):
        other = TimeDependent(exponent=2)
        pair = (ModellingNegotiator(exponent=exponent), TimeDependent(exponent=exponent))
        first, second = (bargain(game, [agent, other]).points for agent in pair)
        assert first.tolist() == second.tolist()


# --- the Nash solution ----------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    points=st.lists(st.integers(0, 9), min_size=24, max_size=24),
    reserve=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_the_product_of_gains_is_hardly_less_than_it_can_be(points, reserve):
    scores = np.reshape(points, (2, 3, 4)).astype(float)
    p = table(scores, revealed=1, reserve=tuple(map(float, reserve)))
    mine = nash_terms(p, 0)
    theirs = sum(scores[1, k, o] for k, o in enumerate(p.reply[0]))
    utilities, _ = enumerate_deals(scores)
    gains = utilities - reserve
    best = gains.prod(axis=1)[(gains >= 0).all(axis=1)].max(initial=0)
    assert (mine - reserve[0]) * (theirs - reserve[1]) >= 0.9 * best
    assert mine == sum(scores[0, k, o] for k, o in enumerate(p.reply[0]))


@pytest.mark.parametrize("nothing", [(0, 0), (0.3, 0.1), (0.2, 0.6)])
def test_demands_are_those_of_nash(nothing):
    run = bargain(Bargaining.of("nash_demand", disagreement=nothing), [NashSeeker(), NashSeeker()])
    surplus = 1 - sum(nothing)
    assert run.points[0] == pytest.approx([d + surplus / 2 for d in nothing])
    # Of a pie for three, the same.
    game = Bargaining.of("nash_demand", parties=3, disagreement=[0.1, 0, 0.2], options=11)
    assert bargain(game, [NashSeeker()] * 3).points[0] == pytest.approx([0.3, 0.2, 0.4], abs=0.1)


@pytest.mark.parametrize("name", ["new_recruit", "deal_or_no_deal", "integrative"])
def test_who_knows_the_other_proposes_the_nash_solution_at_once(name):
    game = Bargaining.of(name, revealed=1)
    for agent in (NashSeeker, TimeDependent):
        run = bargain(game, [NashSeeker(), agent()])
        assert run.points[0] == pytest.approx(game.solutions()["nash"], abs=1e-6)
    assert bargain(game, [NashSeeker(), NashSeeker()]).worlds["bargaining"]["ended"][0, 0] == 0


def test_who_does_not_finds_it_where_offers_tell_enough():
    for options in (5, 11):
        game = Bargaining.of("integrative", revealed=0, options=options)
        run = bargain(game, [NashSeeker(), NashSeeker()])
        assert run.points[0] == pytest.approx(game.solutions()["nash"])
    # In the last pass anything is better than nothing.
    game = Bargaining.of("rubinstein", discount=1, deadline=6, revealed=0)
    assert bargain(game, [Hardliner(), NashSeeker()]).points[0].tolist() == [0, 0]
    game = Bargaining.of("rubinstein", discount=1, deadline=5, revealed=0)
    assert bargain(game, [Hardliner(), NashSeeker()]).points[0].tolist() == [1, 0]


# --- nice tit for tat -----------------------------------------------------------------------------


def test_nice_tit_for_tat_goes_as_far_as_the_other_has_gone():
    # The solution of a known pie is a half. The other has gone 0, then 0.1 / 0.4, 0.2 / 0.4 of the
    # way from 0.1; a tenth of what is left it gives besides.
    game = Bargaining.of("rubinstein", options=101, discount=1, deadline=100)
    run = bargain(game, [NiceTitForTat(), Giver(start=0.1, pace=0.1)])
    found = asked(run, 100)[:4]
    wanted = [1, *(0.5 + 0.9 * 0.5 * left for left in (1, 0.75, 0.5))]
    assert found == pytest.approx(wanted, abs=0.0101)


def test_it_hurries_when_time_is_short_and_never_goes_beyond_the_solution():
    game = Bargaining.of("rubinstein", options=101, discount=1, deadline=20)
    found = asked(bargain(game, [NiceTitForTat(late=0.5), Giver(start=0.1)]), 100)
    # Half of the time is over after ten passes; from twelve on twenty times a tenth is all.
    assert found == pytest.approx([1, *[0.95] * 5, *[0.5] * 4], abs=0.0101)
    # With a discount of 0.97 a pass more than half: 0.5 - 0.4 x 0.97^20 = 0.2825.
    game = Bargaining.of("rubinstein", options=101, discount=0.97, deadline=20)
    found = asked(bargain(game, [NiceTitForTat(), Giver(start=0.1)]), 100)
    assert found[1] == pytest.approx(0.5 + 0.5 * (0.5 + 0.4 * 0.97**20), abs=0.0101)


@pytest.mark.parametrize("revealed", [0, 1])
def test_two_of_them_meet_at_the_nash_solution(revealed):
    for sizes in ({"issues": 4, "options": 5}, {"issues": 3, "options": 5}):
        game = Bargaining.of("integrative", revealed=revealed, deadline=30, **sizes)
        for other in (NiceTitForTat, TimeDependent) if revealed else (NiceTitForTat,):
            run = bargain(game, [NiceTitForTat(), other()])
            assert run.points[0] == pytest.approx(game.solutions()["nash"], abs=1e-6)
