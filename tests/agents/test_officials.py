"""Arbiters and litigants: what they make of evidence, of offers, and of what is at stake."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    AwardSeeker,
    BiasedArbiter,
    Bribable,
    Briber,
    Cooperator,
    Defector,
    Discloser,
    EvidenceReader,
    FrivolousLitigant,
)
from posalign_sim.agents.litigants import best_reply
from posalign_sim.agents.officials import DISMISS, FIND, posterior
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Court, FinalOffer
from posalign_sim.theory import final_offer_best_reply


def sight(agent, against=(0, 0), mild=(0, 0), held=3, quality=0.8, offers=(0, 0)):
    """What an arbiter sees, seat 2 of a court, and its parameters."""
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        institutions=[Court()],
        officials={"arbiter": [agent]},
        rounds=1,
        metrics=(),
    )
    p = made.worlds(1)[0]["sight"]
    p.pieces_against[2] = against
    p.pieces_for[2] = mild
    p.pieces_held[2] = held
    p.piece_quality[2] = quality
    p.bribe_offered[2] = offers
    return p


def ruling(agent, *case, **more):
    return type(agent).rule(sight(agent, *case, **more), 2)


def test_beliefs_follow_bayes_rule():
    p = sight(EvidenceReader(), (3, 0), (0, 1), held=3, quality=0.8)
    # Four to four would be even: three say breach, three are silent on each side where it hurts.
    assert posterior(p, 2, 0.5, 0.0) == pytest.approx(0.8**2 / (0.8**2 + 0.2**2))
    # The accused hides two pieces: a sceptic knows what they say.
    assert posterior(p, 2, 0.5, 1.0) == pytest.approx(0.8**4 / (0.8**4 + 0.2**4))
    assert posterior(p, 2, 0.2, 0.0) == pytest.approx(16 / (16 + 4))
    # Evidence that is sure, or that is none, or prejudice.
    assert posterior(sight(EvidenceReader(), (1, 0), quality=1, held=1), 2, 0.5, 0.0) > 0.999
    assert posterior(sight(EvidenceReader(), (3, 0), quality=0.5), 2, 0.3, 1.0) == pytest.approx(
        0.3
    )
    assert posterior(sight(EvidenceReader(), (1, 0)), 2, 0.0, 0.0) < 1e-6


def test_a_reader_asks_for_its_standard_of_proof_and_takes_nothing():
    # Posterior .8 from one piece.
    case = {"held": 1, "quality": 0.8}
    for standard, ruled in ((0.5, FIND), (0.79, FIND), (0.8, DISMISS), (0.95, DISMISS)):
        reader = EvidenceReader(standard=standard, scepticism=0)
        assert ruling(reader, (1, 0), offers=(5, 0), **case) == (ruled, 0)
    assert ruling(EvidenceReader(), (0, 0), (0, 0), **case) == (DISMISS, 0)


def test_a_bribable_arbiter_sells_to_who_offers_most():
    for offers, expected in (
        ((0, 2), (DISMISS, 1)),
        ((3, 2), (FIND, 1)),
        ((0, 1.9), (FIND, 0)),
        ((2, 2), (FIND, 0)),
    ):
        assert ruling(Bribable(price=2), (3, 0), offers=offers) == expected


def test_a_biased_arbiter_favours_its_side():
    assert ruling(BiasedArbiter(lean=1), (0, 0), (3, 3)) == (FIND, 0)
    assert ruling(BiasedArbiter(lean=-1), (3, 3), (0, 0)) == (DISMISS, 0)
    assert ruling(BiasedArbiter(lean=0), (3, 3), (0, 0)) == (FIND, 0)


@pytest.mark.parametrize("rival", [-3, -1.2533, 0, 0.5, 2])
def test_the_best_reply_is_the_solvers(rival):
    assert best_reply(rival) == pytest.approx(final_offer_best_reply(rival, 0, 1), abs=1e-9)


def lawsuit(first, second, **more):
    made = Scenario(
        RepeatedDilemma(),
        [first, second],
        institutions=[Court(**more)],
        officials={"arbiter": [EvidenceReader()]},
        rounds=1,
        metrics=(),
    )
    return simulate(made, mode="interpreted", progress=False).worlds["court"][0]


@pytest.mark.parametrize("conduct", [Briber, Discloser, AwardSeeker])
def test_who_is_no_frivolous_litigant_sues_only_if_wronged(conduct):
    assert lawsuit(Cooperator(conduct=conduct()), Defector())["disputes"].sum() == 1
    assert lawsuit(Cooperator(conduct=conduct()), Defector(), fee=100)["disputes"].sum() == 0
    easy = {"quality": 0.5, "damages": 50}
    assert lawsuit(Cooperator(conduct=conduct()), Cooperator(), **easy)["disputes"].sum() == 0
    both = lawsuit(Cooperator(conduct=FrivolousLitigant()), Cooperator(), **easy)
    assert both["disputes"].sum() == 1


def test_who_discloses_shows_what_speaks_against_it():
    own = lawsuit(Cooperator(conduct=Discloser()), Defector(conduct=Discloser()))
    assert own["stance"][0].tolist() == [2, 2]
    own = lawsuit(Cooperator(), Defector(), quality=1)
    # Nothing favours the guilty where evidence cannot lie.
    assert own["stance"][0].tolist() == [1, 0]


def test_a_sum_beyond_doubt_is_stated_as_it_is():
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(conduct=AwardSeeker()), Defector(conduct=AwardSeeker())],
        institutions=[FinalOffer(spread=np.array([0.0, 2.0]))],
        rounds=8,
        metrics=(),
    )
    stated = simulate(made, 2, mode="interpreted", progress=False).worlds["final_offer"]["stated"]
    assert stated[0, 0].tolist() == [3, 3]
    assert stated[1, 0] == pytest.approx([3 + 2 * 1.2533, 3 - 2 * 1.2533], abs=0.006)
