"""Scenarios that cannot be are refused, with what, where, and what to do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Institution, Scenario, Tremble, param, simulate
from posalign_sim.agents import Cooperator, DiscriminatingBuyer, Honest, Random, TitForTat
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma


class Dues(Institution):
    """Nothing but a number."""

    dues: float = param(1, 0, 5)


class Covenant(Institution):
    """Needs what no game declares."""

    needs = ("unicorns",)


def dilemma(*agents, **more):
    return Scenario(
        RepeatedDilemma(),
        list(agents) or [TitForTat(), Cooperator()],
        **{"rounds": 3, "metrics": (), **more},
    )


def market(sellers=1, buyers=1, **more):
    seats = {"seller": [Honest()] * sellers, "buyer": [DiscriminatingBuyer()] * buyers}
    return Scenario(
        MoralHazardMarket(), **{"population": seats, "rounds": 3, "metrics": (), **more}
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dilemma(rounds=None), "would never end: give rounds=, or continuation="),
        (lambda: dilemma(rounds=0), r"rounds must lie in \[1, .*\], not 0"),
        (lambda: dilemma(rounds=math.nan), "rounds must lie in"),
        (lambda: dilemma(rounds="ten"), "rounds must be a number, not 'ten'"),
        (lambda: dilemma(continuation=1.1), r"continuation must lie in \[0, 1\], not 1.1"),
        (lambda: dilemma(twin=2), r"twin must lie in \[0, 1\]"),
        (lambda: dilemma(twin_constant=math.inf), "twin_constant must lie in"),
        (lambda: dilemma(memory="good"), "memory is 'present' or 'pairs', not 'good'"),
        (lambda: dilemma(faces=0), r"faces must lie in \[1, 64\]"),
        (lambda: dilemma(births=[0, 0]), r"births must be a permutation of 0\.\.1"),
        (lambda: dilemma(residence=[0]), "residence must name a jurisdiction for each of 2"),
        (lambda: dilemma(residence=[0, -1]), "residence must name"),
        (lambda: dilemma(Cooperator()), "repeated_dilemma needs at least 2 agents, .* has 1"),
        (lambda: dilemma(TitForTat(), "defector"), "seat 1 is filled with 'defector'"),
        (lambda: dilemma(TitForTat(), TitForTat), "seat 1 is filled with"),
        (
            lambda: dilemma(TitForTat(), DiscriminatingBuyer()),
            r"seat 1 \(player\): discriminating_buyer cannot decide repeated_dilemma.move",
        ),
        (lambda: dilemma(institutions=[Dues(), Dues()]), "two modules are called 'dues'"),
        (lambda: dilemma(institutions=[Dues("balance")]), "may not be called 'balance'"),
        (lambda: dilemma(institutions=[Dues("sight")]), "may not be called 'sight'"),
        (
            lambda: dilemma(institutions=[Covenant()]),
            "repeated_dilemma cannot carry covenant: the game does not declare unicorns",
        ),
        (lambda: Scenario("chess", []), "game must be a Game, not 'chess'"),
        (lambda: market(population=[Honest()] * 2), "has roles seller, buyer: give the population"),
        (lambda: market(population={"seler": [Honest()]}), "no role 'seler': did you mean seller"),
        (lambda: market(buyers=0), "leaves role 'buyer' of moral_hazard_market empty"),
        (
            lambda: market(population={"seller": [TitForTat()], "buyer": [Honest()]}),
            r"seat 0 \(seller\): tit_for_tat cannot decide moral_hazard_market.deliver",
        ),
    ],
)
def test_it_is_refused_when_it_is_made(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: dilemma(rounds=[1, 2]).worlds(3),
            "rounds has shape .2,.: give one number, or one",
        ),
        (lambda: dilemma(institutions=[Dues(dues=[1, 2])]).worlds(3), "dues.dues has shape"),
        (
            lambda: dilemma(institutions=[Dues(strength=["off", "enforced"])]).worlds(3),
            "dues.strength has 2 values for 3 worlds",
        ),
        (
            lambda: dilemma(Random(cooperation=[0, 1]), Random()).worlds(3),
            "random.cooperation has shape",
        ),
        (lambda: dilemma().worlds(3, pairs=[1, 2]), "pairs must be 3 numbers"),
        (
            lambda: simulate(
                dilemma(noise=Tremble(probability=np.zeros((2, 2)))), 2, mode="interpreted"
            ),
            "tremble.probability has shape",
        ),
    ],
)
def test_it_is_refused_when_it_is_run(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_two_ledgers_coexist_under_two_names():
    made = dilemma(institutions=[Dues("first", dues=1), Dues("second", dues=2)])
    ws = made.worlds(1)
    assert (ws["first"]["dues"], ws["second"]["dues"]) == (1, 2)
    assert ws["first"]["key"] != ws["second"]["key"]


def test_what_is_replaced_is_replaced_and_the_rest_stays():
    made = market(2, 2, twin=True)
    other = made.replace(rounds=9)
    assert (other.rounds, other.twin, other.agents) == (9, 1, 4)
    assert made.rounds == 3


def test_reseating_keeps_roles():
    made = market(1, 2)
    seats = [Honest(), Honest(), DiscriminatingBuyer()]
    assert made.reseated(seats).seats == seats
    assert made.reseated(seats).roles == [0, 1, 1]


def test_numbers_do_not_change_the_structure():
    base = dilemma(institutions=[Dues()])
    for other in (
        dilemma(institutions=[Dues(dues=3, strength="off")]),
        dilemma(institutions=[Dues(strength={0: "off", 5: "enforced"})], rounds=50, twin=True),
        base.reseated([Cooperator(), TitForTat()]),
        base.replace(births=[1, 0], continuation=0.5),
    ):
        assert other.structure == base.structure
        assert hash(other.structure) == hash(base.structure)


def test_three_and_four_agents_share_one_structure():
    assert dilemma(*[TitForTat()] * 3).structure == dilemma(*[TitForTat()] * 4).structure
    assert dilemma(*[TitForTat()] * 4).structure != dilemma(*[TitForTat()] * 5).structure


def test_equal_pairs_have_equal_luck_and_others_have_not():
    ws = dilemma().worlds(4, 1, pairs=[5, 6, 5, 7])
    assert ws["key"][0] == ws["key"][2]
    assert len(set(ws["key"].tolist())) == 3
    assert not np.isin(dilemma().worlds(4, 2, pairs=[5, 6, 5, 7])["key"], ws["key"]).any()
