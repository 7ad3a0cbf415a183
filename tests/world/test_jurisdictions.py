"""Several charters in one world: each with its own terms, books, treasury and strength."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Decision,
    Institution,
    Rematched,
    Scenario,
    face,
    param,
    per_agent,
    scalar,
    simulate,
)
from posalign_sim.agents import Honest, Opportunist, Random
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.registry import known
from posalign_sim.testing import SCENARIO_CHECKS, check_strengths
from posalign_sim.world.accounts import MINOR, pay, treasury
from posalign_sim.world.conduct import governed

PAY, EVADE = 0, 1


class Tax(Institution):
    """Who resides here may pay a tax into the treasury."""

    tax: float = param(1, 0, 100, "points")
    collected: int = scalar(np.int64)
    count: int = per_agent(np.int64)

    declare = Decision("redress", ("pay", "evade"), default="pay")

    @staticmethod
    def redress(w, own):
        for i in range(w.agents):
            if governed(w, own, face(w, i)) and own.declare[i] == PAY:
                pay(w, face(w, i), treasury(own), own.tax)
                own.collected += 1
                own.count[i] += 1


class Evader(Agent):
    """Cooperates, and pays no tax."""

    @staticmethod
    def move(p, i):
        return 0

    @staticmethod
    def declare(p, i):
        return EVADE


RESIDENCE = [0, 1, 1, 0, 1]


def country(worlds=2, **more):
    tax = Tax(tax=[[0.5, 2.0]] * worlds, **more)
    return Scenario(
        RepeatedDilemma.of("harmony", reward=0, temptation=0, punishment=0, sucker=0),
        [Random(), Random(), Evader(), Random(), Random()],
        institutions=[tax],
        residence=RESIDENCE,
        rounds=10,
        metrics=(),
        events=1,
    )


def test_each_place_has_its_own_terms_books_and_treasury():
    run = simulate(country(), 2, mode="interpreted")
    assert run.worlds["tax"]["tax"].tolist() == [[0.5, 2.0]] * 2
    assert run.worlds["tax"]["collected"].tolist() == [[20, 20]] * 2
    assert run.worlds["tax"]["count"][0, :, :5].tolist() == [[10, 0, 0, 10, 0], [0, 10, 0, 0, 10]]
    assert (run.points == [-5, -20, 0, -5, -20]).all()
    assert (run.worlds["public"][:, 3:] == [10 * MINOR, 40 * MINOR]).all()


def test_one_number_for_a_world_is_for_all_its_places():
    made = country().replace(institutions=[Tax(tax=[1.0, 3.0])])
    run = simulate(made, 2, mode="interpreted")
    assert run.points.tolist() == [[-10, -10, 0, -10, -10], [-30, -30, 0, -30, -30]]


def test_strength_follows_a_schedule_in_every_place():
    run = simulate(country(strength={0: "enforced", 4: "off"}), 2, mode="interpreted")
    assert (run.worlds["tax"]["collected"] == [8, 8]).all()
    off = simulate(country(strength=["off", "enforced"]), 2, mode="interpreted")
    assert off.worlds["tax"]["collected"].tolist() == [[0, 0], [20, 20]]


def test_a_wrong_number_of_places_is_refused():
    with pytest.raises(ConfigurationError, match=r"tax\.tax has shape .*times 2 jurisdictions"):
        country().replace(institutions=[Tax(tax=[[1, 2, 3]] * 2)]).worlds(2)


def test_places_pass_the_contract():
    for check in SCENARIO_CHECKS.values():
        check(country(3), 3, 1)


@pytest.mark.parametrize(
    "name", [n for n, spec in known("institutions").items() if not spec.refusal(RepeatedDilemma)]
)
def test_shipped_institutions_can_rule_in_two_places(name):
    spec = known("institutions")[name]
    bare = Scenario(
        RepeatedDilemma(),
        [Opportunist(), Honest(), Random(), Opportunist(), Random()],
        matching=Rematched(),
        residence=RESIDENCE,
        rounds=4,
        metrics=(),
    )
    ruled = bare.replace(institutions=[spec()])
    for check in ("books", "relabelling", "legality", "privacy"):
        SCENARIO_CHECKS[check](ruled, 3, 2)
    check_strengths(spec(), bare, 3, 2)
