"""Every sanction on every one of five games: it hits who broke its word, its placebo does not."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario
from posalign_sim.agents import AltruisticPunisher, Compliant, Cooperator, Opportunist
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import (
    Audit,
    GraduatedSanctions,
    Ostracism,
    PeerPunishment,
    PoolPunishment,
)
from posalign_sim.testing import check_institution
from tests.institutions.five_games import GAMES, five, play

#: Strong enough to deter in each of the games, with the fields that say who was hit.
SANCTIONS = {
    "peer": (PeerPunishment, {"impact": 20, "announced_points": 5}, ("suffered",)),
    "pool": (PoolPunishment, {"leverage": 100, "fee": 1}, ("fined",)),
    "graduated": (
        GraduatedSanctions,
        {"fine": 100, "most": 400, "warnings": 0, "evident": 1},
        ("warned", "fined"),
    ),
    "ostracism": (Ostracism, {"term": 2}, ("exclusions",)),
    "audit": (Audit, {"rate": 1, "power": 1, "false_positive": 0, "fine": 100}, ("found",)),
}
#: Whose conduct makes it work, where others have to do something for it.
CONDUCTS = {"peer": AltruisticPunisher, "pool": Compliant}


def other(name):
    return Cooperator(conduct=CONDUCTS[name]() if name in CONDUCTS else None)


def hits(run, name):
    """How often each seat was hit, in all worlds."""
    spec, _, fields = SANCTIONS[name]
    own = run.worlds[run.scenario.institutions[0].name]
    assert isinstance(run.scenario.institutions[0], spec)
    return sum(own[field].sum(axis=0) for field in fields)[:4]


@pytest.mark.parametrize("name", SANCTIONS)
@pytest.mark.parametrize("game", GAMES)
def test_it_hits_who_broke_its_word_and_its_placebo_somebody_else(game, name):
    spec, terms, _ = SANCTIONS[name]
    for strength in ("enforced", "shuffled"):
        made = five(game, spec(strength=strength, **terms), other=lambda: other(name))
        run = play(made, 2)
        assert run.worlds["breaches"]["broken"][:, 0].min() > 0
        assert not run.worlds["breaches"]["broken"][:, 1:].any()
        found = hits(run, name)
        assert (found > 0).any()
        assert not (found[1:] if strength == "enforced" else found[:1]).any()


@pytest.mark.parametrize("name", SANCTIONS)
@pytest.mark.parametrize("game", GAMES)
def test_who_responds_to_incentives_breaks_its_word_less(game, name):
    spec, terms, _ = SANCTIONS[name]
    greedy = {"first": Opportunist(explore=0), "other": lambda: other(name), "rounds": 6}
    free = play(five(game, **greedy)).worlds["breaches"]
    ruled = play(five(game, spec(**terms), **greedy)).worlds["breaches"]
    assert free["broken"][0, 0] > 0
    assert ruled["broken"][0, 0] < free["broken"][0, 0]
    if name in ("graduated", "audit", "peer"):  # which announce all of it before the first act
        assert ruled["broken"][0, 0] == 0


@pytest.mark.parametrize("name", SANCTIONS)
def test_the_contract_holds(name):
    spec, terms, _ = SANCTIONS[name]
    first = Opportunist()
    dilemma = Scenario(RepeatedDilemma(), [first, other(name), other(name)], rounds=3, metrics=())
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [first, other(name)], "buyer": [other(name)] * 2},
        rounds=3,
        metrics=(),
    )
    check_institution(spec(**terms), [dilemma, market], worlds=2)


@pytest.mark.parametrize("name", ["graduated", "audit"])
def test_raising_a_fine_never_raises_cheating(name):
    """Best-responders who believe what is announced, in one batch of worlds with rising fines."""
    spec, terms, _ = SANCTIONS[name]
    fines = np.linspace(0, 4, 9)
    first = Opportunist(explore=0, learning=0)
    for game in ("dilemma", "market"):
        made = five(game, spec(**{**terms, "fine": fines}), first=first, rounds=8)
        run = play(made, len(fines))
        broken = run.worlds["breaches"]["broken"][:, 0]
        assert (np.diff(broken) <= 0).all()
        assert broken[0] == 8 and broken[-1] < 8
