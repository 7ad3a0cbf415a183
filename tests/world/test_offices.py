"""Seats that hold an office, what a decision puts at stake, conducts, and overruled choices."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate, start
from posalign_sim.agents import Cooperator, Defector, TitForTat
from posalign_sim.envs import Commons, MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.metrics import Honesty
from posalign_sim.testing import check_modes, check_scenario
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import find_as, penalise, pledge
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import Ints, param, per_agent
from posalign_sim.world.modules import (
    BREAK,
    KEEP,
    LEAVE,
    Agent,
    Conduct,
    ConfigurationError,
    Decision,
    Institution,
)
from posalign_sim.world.record import DAMAGE, GAIN, PRICE, PROVOKED, face, holder, officials, seats

PASS, CONVICT = 0, 1
ABIDE, COMPLAIN = 0, 1


class Bench(Institution):
    """Whoever was harmed may complain, at a fee; a judge who holds the office decides."""

    needs = ("interactions", "breach")
    offices = ("judge",)

    fee: float = param(0.5, 0, 10, "points", "of a complaint")
    fine: float = param(2, 0, 10, "points", "for who is convicted")
    case: Ints = per_agent(np.int32)
    heard: Ints = per_agent(np.int32)

    complain = Decision("redress", ("abide", "complain"), summary="Complain?")
    rule = Decision(
        "redress", ("pass", "convict"), default="convict", roles=("judge",), summary="Guilty?"
    )

    @staticmethod
    def meet(w, own):
        for i in seats(w):
            own.case[i] = -1

    @staticmethod
    def witness(w, own, x):
        if x.harm > 0:
            own.case[holder(w, x.target)] = w.interaction_count - 1

    @staticmethod
    def who_complain(w, own, i):
        return own.case[i] >= 0

    @staticmethod
    def stakes_complain(w, own, i):
        return w.interactions[own.case[i]].harm, own.fee, own.fine, 1.0

    @staticmethod
    def who_rule(w, own, i):
        complaints = 0
        for j in seats(w):
            complaints += 1 if own.complain[j] == COMPLAIN else 0
        return complaints > 0

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            if own.complain[i] == COMPLAIN:
                pay(w, face(w, i), COST, own.fee)
        for judge in officials(w):
            if own.rule[judge] != CONVICT:
                continue
            for i in seats(w):
                if own.complain[i] == COMPLAIN:
                    x = w.interactions[own.case[i]]
                    find_as(w, face(w, judge), x.actor, x.target, True, 1.0, own.case[i])
                    penalise(w, x.actor, face(w, judge), own.fine)


class Lenient(Agent):
    """A judge who lets everybody go."""

    @staticmethod
    def rule(p, i):
        return PASS


class Strict(Agent):
    """A judge who convicts everybody."""

    @staticmethod
    def rule(p, i):
        return CONVICT


class Meek(Conduct):
    """Never takes anything up."""

    @staticmethod
    def take_up(p, i):
        return 0


class Litigious(Conduct):
    """Takes up whatever costs no more than a limit, with a probability."""

    limit: float = param(1, 0, 10, "points", "most that it pays")
    often: float = param(1, 0, 1, "probability", "of taking up")

    @staticmethod
    def take_up(p, i):
        return 1 if p.stakes[i, PRICE] <= p.habits[i, 0] and chance(p, i) < p.habits[i, 1] else 0


def bench(first, second, judge=None, **more):
    return Scenario(
        RepeatedDilemma(),
        [first, second],
        institutions=[Bench(**more)],
        officials={"judge": [judge]} if judge else None,
        rounds=1,
        metrics=(),
        events=99,
    )


def points(scenario):
    return simulate(scenario, mode="interpreted", progress=False).points[0].tolist()


def test_an_official_does_not_play_but_decides_and_is_paid():
    assert points(bench(Cooperator(), Defector(), Strict())) == [-0.5, 3, 2]
    assert points(bench(Cooperator(), Defector(), Lenient())) == [-0.5, 5, 0]


def test_without_an_official_nobody_rules():
    run = simulate(bench(Cooperator(), Defector()), mode="interpreted", progress=False)
    assert run.points[0].tolist() == [-0.5, 5]
    assert run.worlds["finding_count"].tolist() == [0]


def test_a_finding_names_its_finder_and_the_act_is_judged():
    w = simulate(
        bench(Cooperator(), Defector(), Strict()), mode="interpreted", progress=False
    ).worlds[0]
    finding = w["findings"][0]
    assert (finding["finder"], finding["accused"], finding["victim"]) == (2, 1, 0)
    assert w["interactions"]["judged"][:2].tolist() == [0, 1]


def test_an_institution_says_what_a_decision_puts_at_stake():
    session = start(bench(Cooperator(), Defector(), Strict()), external=[0], mode="interpreted")
    session.advance([0])
    names = [f.name for f in session.features]
    shown = dict(zip(names, session.observations[0].tolist(), strict=True))
    assert [shown[f"stakes_{what}"] for what in ("gain", "price", "damage", "provoked")] == [
        3.0,
        0.5,
        2.0,
        1.0,
    ]
    assert session.worlds["sight"]["stakes"][0, 0, [GAIN, PRICE, DAMAGE, PROVOKED]].tolist() == [
        3,
        0.5,
        2,
        1,
    ]


def test_by_default_a_seat_takes_up_what_is_worth_its_price():
    assert points(bench(Cooperator(), Defector(), Strict(), fee=3)) == [-3, 3, 2]
    assert points(bench(Cooperator(), Defector(), Strict(), fee=3.1)) == [0, 5, 0]


def test_a_conduct_goes_with_any_strategy():
    for strategy in (Cooperator, TitForTat):
        assert points(bench(strategy(conduct=Meek()), Defector(), Strict())) == [0, 5, 0]
    for fee, limit, complains in ((3.5, 1, False), (3.5, 4, True)):
        scenario = bench(Cooperator(conduct=Litigious(limit=limit)), Defector(), Strict(), fee=fee)
        assert (points(scenario)[2] == 2) is complains


def test_a_conduct_may_differ_by_world():
    agent = Cooperator(conduct=Litigious(limit=np.array([0.0, 4.0]), often=1))
    run = simulate(bench(agent, Defector(), Strict()), 2, mode="interpreted", progress=False)
    assert run.points[:, 2].tolist() == [0, 2]


def test_an_official_may_be_decided_from_outside():
    session = start(bench(Cooperator(), Defector(), Strict()), external=[2], mode="interpreted")
    assert session.points[session.decision[0]].name == "bench.rule"
    assert session.seat[: session.count].tolist() == [2]
    session.advance([PASS])
    assert session.final_rewards.tolist() == [[0]]
    session = start(bench(Cooperator(), Defector(), Strict()), external=[2], mode="interpreted")
    session.advance([CONVICT])
    assert session.final_rewards.tolist() == [[2]]


def test_the_contract_holds_with_officials_and_conducts():
    scenario = Scenario(
        RepeatedDilemma(),
        [
            Cooperator(conduct=Meek()),
            Defector(conduct=Litigious(often=0.5)),
            TitForTat(),
            Defector(),
        ],
        institutions=[Bench()],
        officials={"judge": [Strict(), Lenient()]},
        rounds=4,
        metrics=(),
        faces=2,
    )
    check_scenario(scenario, worlds=2)


def test_compiled_worlds_agree():
    scenario = bench(Cooperator(conduct=Litigious(often=0.5)), Defector(), Strict())
    # With every index checked: shipped offices are compiled without in the contract suite.
    check_modes(scenario.replace(rounds=9), 3, modes=("checked",))


class Forced(Institution):
    """Every seat is held to its word (or to break it)."""

    way: float = param(KEEP, LEAVE, KEEP, "", "1: to keep it, 0: to break it, -1: as it likes")

    @staticmethod
    def overrule(w, own, i):
        return int(own.way)


@pytest.mark.parametrize(
    ("game", "players"),
    [
        (RepeatedDilemma(), [Cooperator(), Defector()]),
        (MoralHazardMarket(), {"seller": [Defector()], "buyer": [Cooperator()]}),
        (PublicGoods(), [Cooperator(), Defector()]),
        (Commons(), [Cooperator(), Defector()]),
    ],
)
@pytest.mark.parametrize(("way", "expected"), [(KEEP, 1.0), (BREAK, 0.0)])
def test_an_institution_may_put_the_kept_way_in_the_place_of_a_choice(game, players, way, expected):
    scenario = Scenario(
        game, players, institutions=[Forced(way=way)], rounds=1, metrics=[Honesty()]
    )
    run = simulate(scenario, mode="interpreted", progress=False)
    acts = run.worlds["interactions"][0][: run.worlds["interaction_count"][0]]
    judged = acts[acts["pledged"] == 1] if len(game.roles) > 1 else acts
    assert (judged["cooperation"] == expected).all() and len(judged)


def test_the_own_choice_is_kept_beside_the_executed_one():
    scenario = Scenario(
        RepeatedDilemma(),
        [Defector(), Defector()],
        institutions=[Forced()],
        rounds=1,
        metrics=(),
        events=99,
    )
    run = simulate(scenario, mode="interpreted", progress=False)
    log = run.events(0)
    moves = log[log["kind"] == "decision"]
    assert moves["first"].tolist() == [1, 1] and moves["second"].tolist() == [0, 0]
    assert run.points[0].tolist() == [3, 3]
    left = scenario.replace(institutions=[Forced(way=LEAVE)])
    assert simulate(left, mode="interpreted", progress=False).points[0].tolist() == [1, 1]


class Vow(Institution):
    """Seats pledge a least cooperation before they act."""

    level: float = param(1, 0, 1, "cooperation", "that is pledged")

    @staticmethod
    def agree(w, own):
        for i in seats(w):
            pledge(w, face(w, i), own.level)


def test_an_act_is_measured_by_what_its_actor_has_pledged():
    scenario = Scenario(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        institutions=[Vow()],
        rounds=2,
        metrics=[Honesty()],
    )
    w = simulate(scenario, mode="interpreted", progress=False).worlds[0]
    acts = w["interactions"][:2]
    assert acts["pledged"].tolist() == [1, 1]
    assert acts["promised"].tolist() == [1, 1]
    assert acts["delivered"].tolist() == [1, 0]


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match=r"no institution has an office 'jugde'.*judge"):
        Scenario(
            RepeatedDilemma(),
            [Cooperator()] * 2,
            institutions=[Bench()],
            officials={"jugde": [Strict()]},
            rounds=1,
        )
    with pytest.raises(ConfigurationError, match="conduct must be a Conduct"):
        Cooperator(conduct=Meek)
    with pytest.raises(TypeError, match="needs take_up"):
        type("Idle", (Conduct,), {"__doc__": "Does nothing."})

    class Lonely(Institution):
        """Acts on findings."""

        requires = ("findings",)

    with pytest.raises(ConfigurationError, match="lonely acts on findings, which no institution"):
        Scenario(RepeatedDilemma(), [Cooperator()] * 2, institutions=[Lonely()], rounds=1)
