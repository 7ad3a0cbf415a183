"""A mediator drafts one text: best by its standard, concluded at once if all ratify."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, simulate, start
from posalign_sim.agents import (
    Cooperator,
    Defector,
    Honest,
    Mediator,
    Opportunist,
    TimeDependent,
    TitForTat,
)
from posalign_sim.agents.mediators import STANDARDS
from posalign_sim.envs import Bargaining, RepeatedDilemma
from posalign_sim.institutions import SingleText
from posalign_sim.testing import check_scenario

#: Two issues, worth quite different things to the two parties.
SCORES = [[[0, 2, 5], [9, 4, 0]], [[7, 3, 0], [0, 1, 3]]]


class Liar(TimeDependent):
    """Claims to have more without a deal, by half of what it could gain."""

    @staticmethod
    def report(p, i):
        return 1, 50


class Stubborn(TimeDependent):
    """Ratifies nothing."""

    @staticmethod
    def ratify(p, i):
        return 0


class Idle(Agent):
    """Holds the office, and stands aside."""

    @staticmethod
    def mediate(p, i):
        return 0


def bargain(game, players, *mediators, strength="enforced", rounds=1, fee=0, **more):
    scenario = Scenario(
        game,
        players,
        institutions=[SingleText(fee=fee, strength=strength)],
        officials={"mediator": list(mediators)} if mediators else None,
        rounds=rounds,
        metrics=(),
        events=999,
        **more,
    )
    run = simulate(scenario, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


@pytest.mark.parametrize("standard", STANDARDS)
@pytest.mark.parametrize("apart", [(0, 0), (2, 0), (0, 3), (1, 2)])
def test_the_draft_is_what_theory_says_and_costs_no_delay(standard, apart):
    game = Bargaining(scores=SCORES, disagreement=list(apart), binding=1)
    run = bargain(game, [TimeDependent(), TimeDependent()], Mediator.of(standard))
    points = run.points[0, :2]
    expected = game.solutions()[standard]
    gains = points - apart
    assert (gains >= 0).all()
    wanted = expected - np.array(apart)
    if standard == "utilitarian":
        assert gains.sum() == wanted.sum()
    elif standard == "nash":
        assert gains.prod() == pytest.approx(wanted.prod())
    elif standard == "egalitarian":
        assert gains.min() == wanted.min()
    else:
        assert points.tolist() == expected.tolist()
    table = run.table()
    assert table["single_text_concluded"][0] == 1
    most = (game.solutions()["nash"] - np.array(apart)).prod()
    assert table["single_text_efficiency"][0] == pytest.approx(gains.prod() / most)


def test_each_party_pays_the_mediator_for_a_deal():
    run = bargain(Bargaining(binding=1), [TimeDependent()] * 2, Mediator(), fee=0.25)
    assert run.points[0].tolist() == [7.25, 7.25, 0.5]
    assert run.worlds["single_text"]["partiality"][0, :2].tolist() == [0, 0]
    assert not (run.events(0)["place"] == "bargaining.offer").any()


def test_refused_by_one_it_is_no_deal_and_they_bargain_as_usual():
    game = Bargaining(binding=1)
    refused = bargain(game, [TimeDependent(), Stubborn()], Mediator(), fee=0.25)
    alone = bargain(game, [TimeDependent(), Stubborn()])
    assert refused.points[0, :2].tolist() == alone.points[0].tolist()
    assert refused.points[0, 2] == 0
    assert refused.worlds["single_text"]["drafts"][0, 0] == 1
    assert refused.worlds["single_text"]["concluded"][0, 0] == 0


@pytest.mark.parametrize("mediators", [(), (Idle(),)])
def test_without_a_mediator_nobody_is_asked(mediators):
    run = bargain(Bargaining(binding=1), [TimeDependent()] * 2, *mediators)
    places = set(run.events(0)["place"])
    assert not places & {"single_text.report", "single_text.draft", "single_text.ratify"}
    absent = bargain(Bargaining(binding=1), [TimeDependent()] * 2, strength="off")
    assert run.points[0, :2].tolist() == absent.points[0].tolist()


def test_by_default_a_party_ratifies_what_is_worth_more_than_no_deal():
    # A mediator who favours the first leaves the second what it has anyway, and a fee to pay.
    game = Bargaining(scores=SCORES, disagreement=[1, 2], binding=1)
    partial = Mediator(favours=0)
    run = bargain(game, [TimeDependent(), TimeDependent()], partial)
    points = run.points[0, :2]
    assert points[1] >= 2 and points[0] == max(
        a + b
        for a, x in zip(SCORES[0][0], SCORES[1][0], strict=True)
        for b, y in zip(SCORES[0][1], SCORES[1][1], strict=True)
        if x + y >= 2
    )
    fair = bargain(game, [TimeDependent(), TimeDependent()], Mediator.of("kalai_smorodinsky"))
    partiality = [r.table()["single_text_partiality"][0] for r in (fair, run)]
    efficiency = [r.table()["single_text_efficiency"][0] for r in (fair, run)]
    assert partiality[0] < partiality[1] and efficiency[0] > efficiency[1]
    dear = bargain(game, [TimeDependent(), TimeDependent()], partial, fee=points[1] - 2 + 0.01)
    assert dear.worlds["single_text"]["concluded"][0, 0] == 0


def test_who_claims_to_have_more_without_a_deal_gets_more():
    pie = {"integration": 0, "binding": 1}
    truth = bargain(Bargaining(**pie), [TimeDependent(), TimeDependent()], Mediator())
    lie = bargain(Bargaining(**pie), [TimeDependent(), Liar()], Mediator())
    assert truth.points[0, :2].tolist() == [5, 5]
    # It claims to have 5 of 10 already: the Nash solution of that is (2.5, 7.5), or next to it.
    assert lie.points[0, 1] == pytest.approx(7.5, abs=0.5)
    assert lie.points[0, :2].sum() == pytest.approx(10)
    # If both do nothing seems to be left: with claims above a half there is nothing to draft.
    both = bargain(Bargaining(scores=SCORES, binding=1), [Liar(), Liar()], Mediator())
    assert both.worlds["single_text"]["drafts"][0, 0] == 1
    greedy = type("Greedy", (Liar,), {"__doc__": "Claims all.", "report": staticmethod(claim_all)})
    none = bargain(Bargaining(integration=0, binding=1), [greedy(), greedy()], Mediator())
    assert none.worlds["single_text"]["drafts"][0, 0] == 0


def claim_all(p, i):
    return 1, 100


def test_several_tables_share_the_mediators():
    players = [TimeDependent() for _ in range(7)]
    for mediators in (1, 2, 4):
        run = bargain(
            Bargaining(binding=1),
            players,
            *[Mediator() for _ in range(mediators)],
            rounds=2,
            fee=0.5,
            matching=Rematched(table=2),
        )
        own = run.worlds["single_text"]
        assert own["concluded"][0, :7].sum() == 2 * 6
        assert own["drafts"][0, 7 : 7 + mediators].sum() == 2 * 3
        assert run.points[0, 7:].sum() == 2 * 6 * 0.5
        assert sorted(run.points[0, :7].tolist())[-5:] == [14] * 5


def test_three_parties_and_a_pie():
    scores = [*SCORES, [[3, 0, 6], [1, 8, 2]]]
    three = Bargaining(scores=scores, binding=1)
    run = bargain(three, [TimeDependent()] * 3, Mediator())
    assert run.points[0, :3].tolist() == three.solutions(3)["nash"].tolist()
    pie = bargain(Bargaining.of("ultimatum"), [TimeDependent()] * 2, Mediator())
    assert pie.points[0, :2].tolist() == [5, 5]


def test_a_deal_that_binds_nobody_is_a_promise_all_the_same():
    run = bargain(Bargaining(binding=0), [Honest(), Defector()], Mediator())
    assert run.points[0, :2].tolist() == [7.5 - 3, 7.5 + 1]


def test_shuffled_the_mediator_hears_somebody_else():
    game = Bargaining(scores=SCORES, binding=1)
    details = {"rounds": 20, "matching": Rematched(table=2)}
    right = bargain(game, [TimeDependent()] * 4, Mediator(), **details)
    wrong = bargain(game, [TimeDependent()] * 4, Mediator(), strength="shuffled", **details)
    assert (right.worlds["single_text"]["efficiency"][0, :4] == 1).all()
    assert (wrong.worlds["single_text"]["efficiency"][0, :4] < 1).all()
    # Two at one table hear each other's interests told: to who treats both alike that is the same.
    pair = bargain(game, [TimeDependent()] * 2, Mediator(favours=0), strength="shuffled")
    mine = bargain(game, [TimeDependent()] * 2, Mediator(favours=0))
    assert pair.points[0, 0] < mine.points[0, 0]


def test_a_mediator_may_be_decided_from_outside():
    scenario = Scenario(
        Bargaining(binding=1),
        [TimeDependent()] * 2,
        institutions=[SingleText(fee=0)],
        officials={"mediator": [Mediator()]},
        rounds=1,
        metrics=(),
    )
    session = start(scenario, external=[2], mode="interpreted")
    session.advance([1])
    assert session.points[session.decision[0]].name == "single_text.draft"
    names = [f.name for f in session.features]
    shown = dict(zip(names, session.observations[0].tolist(), strict=True))
    assert shown["reported_points_0_0_10"] == 7.5 and shown["reported_points_1_0_0"] == 2.5
    assert shown["drafting_for"] == 2
    with pytest.raises(ConfigurationError):
        session.advance([0], [[11, 0]])
    session.advance([0], [[10, 0]])
    assert session.worlds["balance"][0, :2].tolist() == [7_500_000, 7_500_000]


def test_a_game_without_deals_is_refused():
    with pytest.raises(ConfigurationError, match="no deals are made there"):
        Scenario(RepeatedDilemma(), [TitForTat()] * 2, institutions=[SingleText()], rounds=1)
    with pytest.raises(ConfigurationError, match="no mediator is called 'nsh'"):
        Mediator.of("nsh")


def test_it_passes_the_contract_suite():
    players = [Opportunist(), TimeDependent(), Liar(), Cooperator(), Defector()]
    scenario = Scenario(
        Bargaining(impasse=1),
        players,
        institutions=[SingleText()],
        officials={"mediator": [Mediator(standard=2), Mediator()]},
        matching=Rematched(table=2),
        rounds=3,
        metrics=(),
    )
    check_scenario(scenario, worlds=2)
