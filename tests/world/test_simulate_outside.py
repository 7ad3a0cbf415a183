"""Seats that are decided from outside, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    ConfigurationError,
    External,
    Session,
    checkpoint,
    restore,
    simulate,
    start,
)
from posalign_sim.agents import Random
from posalign_sim.world.sight import FEATURES
from tests.world.scenarios import duel, full_market, same

FEATURE = {feature.name: k + 1 for k, feature in enumerate(FEATURES)}  # after the decision asked


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_tit_for_tat_from_outside_is_tit_for_tat(mode):
    made = duel(rounds=None, continuation=0.9)
    inside = simulate(made, 40, 3)
    session = start(made, 40, 3, external=[0], mode=mode)
    gained = np.zeros(40)
    while session.count:
        rows = slice(0, session.count)
        assert (session.seat[rows] == 0).all()
        assert session.masks[rows].all()
        gained[session.world[rows]] += session.rewards[rows]
        last = session.observations[rows, FEATURE["other_last"]]
        session.advance(np.where(last >= 0.5, 0, 1))
    assert (session.worlds["digest"] == inside.worlds["digest"]).all()
    assert (session.worlds["balance"] == inside.worlds["balance"]).all()
    assert np.allclose(gained + session.final_rewards[:, 0], inside.points[:, 0])
    assert session.ended.all()
    assert (session.final_observations[:, 0, FEATURE["round"]] >= 0).all()


@pytest.mark.parametrize(
    ("choices", "arguments", "message"),
    [
        ([0], None, "advance needs 2 integers"),
        ([[0, 0]], None, "advance needs 2 integers"),
        ([0.0, 1.0], None, "2 integers, one for each waiting row, not shape .* of float64"),
        ([True, False], None, "advance needs 2 integers"),
        ([0, 2], None, r"world 0, seat 1: \[2\] is illegal at move; legal are cooperate, defect"),
        ([-1, 0], None, "seat 0"),
        ([2**32, 0], None, "seat 0"),
        ([0, 0], [[0]], "arguments must"),
        ([0, 0], [[0.5], [0.5]], "arguments must"),
    ],
    ids=str,
)
def test_a_wrong_action_leaves_every_byte(choices, arguments, message):
    session = start(duel(), 1, external=[0, 1], mode="interpreted")
    session.advance([0, 1])
    before = session.worlds.tobytes()
    with pytest.raises(ConfigurationError, match=message):
        session.advance(choices, arguments)
    assert session.worlds.tobytes() == before
    assert session.count == 2
    session.advance([1, 1])
    assert session.worlds["clock"] == 2


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_it_does_not_matter_how_actions_lie_in_memory(mode):
    wide = np.array([[0, 9, 1, 9], [7, 7, 7, 7]])
    still = np.array([0, 1])
    still.flags.writeable = False
    ways = [
        ([0, 1], None),
        (wide[0, ::2], None),
        (still, np.zeros((2, 1), np.int8)),
        (np.array([1, 0], np.uint64)[::-1], np.zeros((4, 2), np.int64).T[:, ::4]),
        (np.array([0, 1], ">i4"), np.asfortranarray(np.zeros((2, 1), np.uint8))),
    ]
    sessions = [start(duel(), 2, 1, external=[0], mode=mode) for _ in ways]
    for _ in range(3):
        for session, (choices, arguments) in zip(sessions, ways, strict=True):
            session.advance(choices, arguments)
    assert all(same(session.worlds, sessions[0].worlds) for session in sessions)
    other = start(duel(), 2, 1, external=[0], mode=mode)
    for _ in range(3):
        other.advance([1, 0])
    assert not (other.worlds["digest"] == sessions[0].worlds["digest"]).any()


def test_a_restarted_session_is_as_new():
    session = start(duel(rounds=2), 3, 1, external=[0, 1], mode="interpreted")
    while session.count:
        session.advance([0] * session.count)
    session.restart(2, [4, 0, 2])
    fresh = start(duel(rounds=2), 3, 2, external=[0, 1], pairs=[4, 0, 2], mode="interpreted")
    for name in ("world", "seat", "decision", "masks", "observations", "rewards", "ended"):
        assert np.array_equal(getattr(session, name), getattr(fresh, name)), name
    assert session.worlds.tobytes() == fresh.worlds.tobytes()


def test_what_is_over_stays_over():
    session = start(duel(rounds=1), 2, external=[0], mode="interpreted")
    assert session.advance([0, 0]) == 0
    end = session.worlds.tobytes()
    with pytest.raises(ConfigurationError, match="all worlds are over"):
        session.advance([])
    assert session.worlds.tobytes() == end


def test_worlds_need_not_be_in_step():
    session = start(duel(rounds=[1, 3]), 2, external=[0], mode="interpreted")
    told = []
    while session.count:
        told.append(session.world[: session.count].tolist())
        session.advance(np.zeros(session.count, int))
    assert told == [[0, 1], [1], [1]]


def test_what_is_decided_outside_must_be_started():
    made = duel(population=[External(), Random()])
    with pytest.raises(ConfigurationError, match=r"use start\(\)"):
        simulate(made, 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match="no seat is external"):
        start(duel(), 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match=r"there is no seat 7: seats are 0\.\.1"):
        start(duel(), 1, external=[7], mode="interpreted")


def test_a_session_goes_on_from_a_checkpoint(tmp_path):
    made = full_market(rounds=3, events=1)
    session = start(made, 2, 5, external=range(6), mode="interpreted")
    steps = 0
    while session.count:
        checkpoint(session.scenario, session.worlds, tmp_path / "worlds")
        ws = restore(session.scenario, tmp_path / "worlds")
        again = Session(session.scenario, ws, "interpreted")
        assert again.count == session.count
        rows = slice(0, session.count)
        for name in ("world", "seat", "decision", "masks", "observations"):
            assert same(getattr(again, name)[rows], getattr(session, name)[rows])
        choices = np.array([np.flatnonzero(m)[steps % m.sum()] for m in session.masks[rows]])
        session.advance(choices)
        again.advance(choices)
        assert same(again.worlds, session.worlds)
        steps += 1
    assert steps > 6
