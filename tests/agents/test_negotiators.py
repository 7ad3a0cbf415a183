"""Negotiators: what they ask for, what they take, and whom they deal with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Agent, Institution, Rematched, Scenario, param, simulate
from posalign_sim.agents import (
    BaronFerejohnPlayer,
    Cooperator,
    Defector,
    FairDivider,
    Hardliner,
    Honest,
    Opportunist,
    RubinsteinPlayer,
    TimeDependent,
    TitForTatNegotiator,
)
from posalign_sim.envs import Bargaining
from posalign_sim.theory import alternating_offers, enumerate_deals


class Taker(Agent):
    """Accepts from a pass on; concedes `pace` of its share of one issue a pass."""

    since: float = param(0, 0, 1e6)
    pace: float = param(0, 0, 1)
    claims: float = param(-1, -1, 100)

    @staticmethod
    def message(p, i):
        return (1, int(p.params[i, 2]), 0) if p.params[i, 2] >= 0 else (0, 0, 0)

    @staticmethod
    def offer(p, i):
        conceded = p.params[i, 1] * p.step
        for k in range(p.points.shape[1]):
            top = p.options_of[k] - 1
            likes_less = p.points[i, k, top] < p.points[i, k, 0]
            p.reply[i, k] = round(top * (conceded if likes_less else 1 - conceded))
        return 0

    @staticmethod
    def respond(p, i):
        return 0 if p.step >= p.params[i, 0] else 2


class Notice(Institution):
    """Publishes a standing of everybody."""

    shown: float = param(1, 0, 1)

    @staticmethod
    def publish(w, own):
        w.sight.visibility[own.place] = 1.0
        for m in range(w.identities):
            w.sight.standing[m] = own.shown
            w.sight.standing_known[m] = 1


def bargain(game, agents, worlds=1, **more):
    made = Scenario(game, agents, **{"rounds": 1, "metrics": (), "events": 4000, **more})
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert not len(run.faults)
    return run


def one_issue(options=101, **more):
    values = {"pie": 1, "discount": 1, "deadline": 20, **more}
    return Bargaining.of("rubinstein", options=options, **values)


# --- terms ---------------------------------------------------------------------------------------

WEIGHTS = st.lists(st.floats(0.05, 1), min_size=6, max_size=6)


@settings(max_examples=15, deadline=None)
@given(weights=WEIGHTS, firmness=st.floats(0, 1), revealed=st.integers(0, 1))
def test_what_is_asked_for_is_enough_and_hardly_wasted(weights, firmness, revealed):
    share = np.linspace(0, 1, 5)
    own, others = np.reshape(weights, (2, 3))
    scores = np.stack([own[:, None] * share, others[:, None] * (1 - share)])
    game = Bargaining(scores=scores, discount=1, binding=1, revealed=revealed)
    got = bargain(game, [Hardliner(firmness=firmness), Taker()]).points[0]
    target = firmness * own.sum()
    assert got[0] >= target - 1e-5
    if revealed:
        # No deal that is worth as much to the first gives the second more by a whole step.
        utilities, _ = enumerate_deals(scores)
        best = utilities[utilities[:, 0] >= target - 1e-9, 1].max()
        assert got[1] >= best - others.max() / 2 - 1e-5


def test_a_claim_is_believed_where_nothing_else_is_known():
    # Both issues matter alike to the first; half of them is to be given up.
    scores = [[[0, 1], [0, 1]], [[5, 0], [1, 0]]]
    game = Bargaining(scores=scores, discount=1, binding=1, deadline=8, protocol=0)
    for claims, second in ((0, 5), (1, 1)):
        # The second speaks in pass 1, and takes what it is offered in pass 2.
        agents = [Hardliner(firmness=0.5), Taker(since=2, claims=claims)]
        assert bargain(game, agents).points[0].tolist() == [1, second]


# --- by the clock, in kind, stubborn, fair -------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.25, 1, 4])
def test_what_is_asked_for_by_the_clock(exponent):
    for step in (0, 4, 10, 18):
        got = bargain(one_issue(1001), [TimeDependent(exponent=exponent), Taker(since=step)])
        asked = 1 - (step / 20) ** exponent
        assert asked - 1e-6 <= got.points[0, 0] <= asked + 0.001 + 1e-6


def test_by_the_clock_never_below_what_there_is_without_a_deal():
    game = one_issue(disagreement=[0.6, 0.1], deadline=4)
    for since in range(4):
        got = bargain(game, [TimeDependent(), Taker(since=since)]).points[0, 0]
        assert got >= 0.6
    # The last pass belongs to the other, who asks for everything: that is worse than no deal.
    run = bargain(game, [TimeDependent(), Taker(since=9)])
    assert run.points[0].tolist() == [0.6, 0.1]


def test_in_kind_what_was_conceded_is_conceded():
    # The other concedes 0.1 a pass from its second offer in pass 3: 0.1 in pass 1, 0.3 in pass 3.
    for since, share in ((0, 1), (2, 1), (4, 0.8), (6, 0.6)):
        run = bargain(one_issue(), [TitForTatNegotiator(), Taker(since=since, pace=0.1)])
        assert run.points[0, 0] == pytest.approx(share)


def test_a_hardliner_gets_its_way_or_nothing():
    run = bargain(one_issue(), [Hardliner(firmness=0.8), Taker(since=10)])
    assert run.points[0].tolist() == pytest.approx([0.8, 0.2])
    assert bargain(one_issue(), [Hardliner()] * 2).points[0].tolist() == [0, 0]
    # It takes what it insists on.
    run = bargain(one_issue(), [Hardliner(firmness=0.3), Hardliner(firmness=0.3)])
    assert run.points[0].tolist() == pytest.approx([0.3, 0.7])


def test_fair_is_half_the_middle_or_the_best_for_all():
    pair = [FairDivider(), FairDivider()]
    assert bargain(Bargaining.of("nash_demand"), pair).points[0].tolist() == [0.5, 0.5]
    assert bargain(Bargaining.of("new_recruit"), pair).points[0].tolist() == [3200, 3200]
    known = bargain(Bargaining.of("new_recruit", revealed=1), pair)
    assert known.points[0].tolist() == [7400, 7400]
    thirds = bargain(Bargaining.of("ultimatum", parties=3, options=10, pie=9), [FairDivider()] * 3)
    assert thirds.points[0].tolist() == [3, 3, 3]
    # Less than half it does not take.
    refused = bargain(Bargaining.of("ultimatum"), [Hardliner(firmness=0.6), FairDivider()])
    assert refused.points[0].tolist() == [0, 0]


# --- in equilibrium ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("discounts", "rounds", "nothing"),
    [
        ((0.9, 0.8), 4, (0.0, 0.0)),
        ((0.7, 0.95), 5, (0.1, 0.3)),
        ((0.5, 0.5), 3, (0.0, 0.4)),
        ((1.0, 0.6), 6, (0.2, 0.0)),
    ],
)
def test_backward_induction_as_in_theory(discounts, rounds, nothing):
    # Points without a deal are discounted to the pass in which it ends, here as in theory.
    game = one_issue(1001, discounts=discounts, deadline=rounds, disagreement=nothing)
    got = bargain(game, [RubinsteinPlayer(), RubinsteinPlayer()]).points[0]
    wanted = alternating_offers(discounts, rounds, disagreement=nothing)
    assert got == pytest.approx(wanted, abs=0.001 + 1e-6)


def test_an_outside_option_counts_if_it_is_worth_more_than_waiting():
    game = one_issue(1001, discount=0.5, deadline=51, may_leave=1, disagreement=[0, 0.75])
    got = bargain(game, [RubinsteinPlayer(), RubinsteinPlayer()]).points[0]
    assert got == pytest.approx([0.25, 0.75], abs=0.001 + 1e-6)


def test_breakdown_is_impatience():
    by_lot = one_issue(1001, breakdown=0.1, deadline=200)
    by_time = one_issue(1001, discount=0.9, deadline=200)
    pair = [RubinsteinPlayer(), RubinsteinPlayer()]
    assert bargain(by_lot, pair).points == pytest.approx(bargain(by_time, pair).points)


def test_coalitions_are_bought_at_random():
    game = Bargaining.of("baron_ferejohn", parties=5, options=11, protocol=2)
    worlds = 200
    got = bargain(game, [BaronFerejohnPlayer()] * 5, worlds).points
    assert (got[:, 0] == got[0, 0]).all()
    paid = got[:, 1:] > 0
    assert (paid.sum(axis=1) == 2).all()
    assert (abs(paid.mean(axis=0) - 0.5) < 4 * 0.5 / np.sqrt(worlds)).all()


# --- everybody's characters ----------------------------------------------------------------------


def keeps(run):
    log = run.events(0)
    made = log[(log["kind"] == "decision") & (log["place"] == "bargaining.fulfil")]
    return made.sort_values("actor")["second"].astype(int).tolist()


def test_the_characters_at_the_table():
    game = Bargaining(discount=1)
    pairs = {
        (Cooperator, Cooperator): ([5, 5], [0, 0]),
        (Cooperator, Defector): ([0, 0], []),
        (Defector, Cooperator): ([10 + 1 - 0, 0 - 3], [1, 0]),
        (Defector, Defector): ([0, 0], []),
        (Honest, Honest): ([5, 5], [0, 0]),
    }
    for (first, second), (points, kept) in pairs.items():
        run = bargain(game, [first(), second()])
        if (first, second) == (Cooperator, Defector):
            # The second then asks for all, and gets it.
            points, kept = [0 - 3, 10 + 1], [0, 1]
        assert run.points[0].tolist() == points
        assert keeps(run) == kept
    # Nothing deters it: an opportunist reneges.
    run = bargain(game, [Opportunist(explore=0), Honest()])
    assert keeps(run) == [1, 0]


@pytest.mark.parametrize("agent", [Honest, Opportunist])
@pytest.mark.parametrize("may_leave", [0, 1])
def test_who_has_a_bad_record_is_shunned(agent, may_leave):
    game = Bargaining(discount=1, may_leave=may_leave)
    for shown, deal in ((0.9, True), (0.4, False)):
        for agents in ([agent(), Cooperator()], [Cooperator(), agent()]):
            run = bargain(game, agents, institutions=[Notice(shown=shown)], rounds=1)
            fair = run.points[0, 0] > 0 and run.points[0, 1] > 0
            assert fair == deal


def test_strangers_in_a_crowd_pair_off():
    crowd = [Cooperator(), Honest(), FairDivider(), Opportunist()] * 2
    run = bargain(Bargaining(), crowd, matching=Rematched(table=2), rounds=3)
    assert (run.worlds["bargaining"]["agreed"][0] == 1).all()
