"""Shared knowledge by hand; and what sharing, hoarding and lying are worth, now and later."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, param, simulate
from posalign_sim.agents import ConditionalSharer, Liar, Sharer, Withholder
from posalign_sim.envs import SharedKnowledge
from posalign_sim.envs.shared_knowledge import KnowledgeSight
from posalign_sim.institutions import Arbitration
from posalign_sim.testing import check_scenario

WITHHOLD, SHARE, LIE = range(3)
KINDS = (Withholder, Sharer, Liar)


class Teller(Agent):
    """Withholds, shares or lies (by 80 ticks, towards the middle), as its parameter says."""

    act: float = param(1, 0, 2)

    @staticmethod
    def inform(p: KnowledgeSight, i: int) -> tuple[int, int]:
        shift = -80 if p.signal[i] > 500 else 80
        return int(p.params[i, 0]), p.signal[i] + shift


def play(seats, game=None, worlds=1, seed=0, mode="interpreted", **more):
    made = Scenario(
        game or SharedKnowledge(), seats, **{"rounds": 1, "metrics": (), "events": 300, **more}
    )
    return simulate(made, worlds, seed, mode=mode)


def tell(acts, worlds, game=None, **more):
    """A batch of worlds in one structure, compiled once for this file: acts by seat and world."""
    seats = [Teller(act=np.broadcast_to(act, worlds)) for act in acts]
    return play(seats, game, worlds, mode="compiled", events=0, **more)


def accuracy(estimates, truth, tolerance=40):
    return np.maximum(0, 1 - ((estimates - truth) / tolerance) ** 2)


# --- by hand -------------------------------------------------------------------------------------


def test_who_knows_all_gets_the_prize_and_the_stock_grows_with_sharing():
    # No error: only rounding to a tick is lost. The stock: 0, .25, .475, .6775, ...
    game = SharedKnowledge(deviation=0, prize=2, tolerance=1000)
    run = play([Sharer()] * 3, game, rounds=4)
    assert run.points[0] == pytest.approx([2 * (4 + 0.25 + 0.475 + 0.6775)] * 3, abs=1e-4)
    assert run.worlds["shared_knowledge"]["level"][0, :3] == pytest.approx(0.85975)
    run = play([Sharer()] * 3, SharedKnowledge(deviation=0), rounds=60)
    assert run.worlds["shared_knowledge"]["level"][0, :3].tolist() == [2, 2, 2]


def test_a_round_with_a_liar_and_a_withholder_by_hand():
    game = SharedKnowledge(prize=3, arbitrage=6)
    judge = Arbitration(strength="off")
    w = play([Sharer(), Liar(), Withholder(), Sharer()], game, institutions=[judge]).worlds[0]
    own, p = w["shared_knowledge"], w["sight"]
    signal = p["signal"].astype(float)
    claims = signal.copy()
    claims[1] += 80 if signal[1] <= 500 else -80
    told = {0: [1, 3], 1: [0, 3], 2: [0, 1, 3], 3: [0, 1]}
    points = np.zeros(4)
    knows = np.zeros(4)
    for i, others in told.items():
        assert p["told_count"][i] == len(others)
        assert p["told_mean"][i] == pytest.approx(claims[others].mean())
        estimate = np.rint((signal[i] + claims[others].sum()) / (1 + len(others)))
        knows[i] = accuracy(estimate, own["truth"][i])
    for i in range(4):
        points[i] = 3 * knows[i] + sum(6 * (knows[i] - knows[j]) / 3 for j in range(4))
    assert w["balance"] / 1e6 == pytest.approx(points, abs=1e-5)
    assert -w["public"][0] / 1e6 == pytest.approx(3 * knows.sum(), abs=1e-5)
    # Two of four shared, one was found to have lied: 0 + .25 x 2/4 - 1 x 1/4, not below 0.
    assert own["level"].tolist() == [0] * 4
    assert p["shared_last"] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1 / 3])
    acts = w["interactions"][:4]
    assert acts["cooperation"].tolist() == [1, 0, 0.5, 1]
    assert acts["pledged"].tolist() == [1, 1, 0, 1]
    # A lie by two tolerances is worth nothing as a report.
    assert acts["delivered"].tolist() == [1, 0, 0, 1]
    assert (acts["promised"] == acts["pledged"]).all()
    # Who shared, too, believes the mean of three claims, of which the lie is one: 80 / 3.
    assert acts["harm"].tolist() == pytest.approx([0, 3 * (1 - accuracy(80 / 3, 0)), 0, 0])


def test_a_lie_that_is_the_truth_is_none():
    run = play([Liar(shift=0), Sharer()], rounds=3)
    acts = run.worlds["interactions"][0][:2]
    assert acts["cooperation"].tolist() == [1, 1]
    assert run.worlds["shared_knowledge"]["level"][0, 0] == pytest.approx(0.6775)


def test_lies_that_are_not_found_out_spoil_nothing():
    one = play([Sharer(), Sharer(), Liar()], SharedKnowledge(spoil=0.1), rounds=2)
    other = play([Sharer(), Sharer(), Liar()], SharedKnowledge(spoil=0.1, found=0), rounds=2)
    grown = 0.25 * 2 / 3
    assert other.worlds["shared_knowledge"]["level"][0, 0] == pytest.approx(1.9 * grown)
    assert one.worlds["shared_knowledge"]["level"][0, 0] == pytest.approx(1.9 * (grown - 0.1 / 3))
    # What cannot be known to be a lie counts as shared.
    assert other.worlds["sight"]["shared_last"][0].tolist()[:3] == [1, 1, 1]
    assert one.worlds["sight"]["shared_last"][0].tolist()[:3] == [0.5, 0.5, 1]


def test_seats_carry_the_stock_to_new_tables_and_who_sits_alone_plays_with_nobody():
    run = play([Sharer()] * 5, matching=Rematched(table=2), rounds=12)
    level = run.worlds["shared_knowledge"]["level"][0, :5]
    assert (level > 0.25).all() and len(set(level.tolist())) > 1
    assert run.worlds["interaction_count"][0] == 4
    made = play([Sharer()] * 3, matching=Rematched(table=2))
    assert sorted(made.points[0] == 0) == [False, False, True]


# --- what it is worth ----------------------------------------------------------------------------


def test_the_error_of_what_is_pooled_falls_with_the_number_who_pool():
    """Bates & Granger (1969): variance / n; besides, numbers are rounded to whole ticks."""
    worlds = 20_000
    for sharing in (1, 2, 4):
        acts = [SHARE if k < sharing else WITHHOLD for k in range(4)]
        ws = tell(acts, worlds, seed=sharing).worlds
        own = ws["shared_knowledge"]
        # The first seat shares, and knows what the other sharers say.
        errors = own["estimate_number"][:, 0] - own["truth"][:, 0]
        expected = (20**2 + 1 / 12) / sharing + 1 / 12
        squares = errors**2
        deviation = squares.std() / np.sqrt(worlds)
        assert abs(squares.mean() - expected) < 4 * deviation
        assert abs(errors.mean()) < 4 * np.sqrt(expected / worlds)


def test_sharing_by_all_makes_most_over_a_horizon_and_lying_least():
    worlds, rounds = 400, 30
    # The same luck for everybody who tries.
    pairs = [list(c) for c in itertools.combinations_with_replacement(range(3), 4)]
    made = {tuple(acts): tell(acts, worlds, rounds=rounds).points.sum(1) for acts in pairs}
    best = made[SHARE, SHARE, SHARE, SHARE]
    worst = made[LIE, LIE, LIE, LIE]
    for acts, welfare in made.items():
        if acts != (SHARE,) * 4:
            assert (best - welfare).mean() > 4 * (best - welfare).std() / np.sqrt(worlds)
        if acts != (LIE,) * 4:
            assert (welfare - worst).mean() > 4 * (welfare - worst).std() / np.sqrt(worlds)


@pytest.mark.parametrize("act", [WITHHOLD, LIE])
def test_arbitrage_pays_at_once_and_sharing_pays_in_the_end(act):
    """The one gain is zero-sum and now, the other positive-sum and later."""
    worlds = 4000
    for rounds, sign in ((1, 1), (60, -1)):
        kept = tell([SHARE] * 4, worlds, rounds=rounds).points
        broke = tell([act] + [SHARE] * 3, worlds, rounds=rounds).points
        gain = sign * (broke - kept)[:, 0]
        assert gain.mean() > 4 * gain.std() / np.sqrt(worlds)
        # Whatever it gains, the others lose more.
        lost = (kept - broke)[:, 1:].sum(1)
        assert (lost - (broke - kept)[:, 0]).mean() > 0


def test_without_arbitrage_telling_costs_nothing_at_once():
    worlds = 500
    game = SharedKnowledge(arbitrage=0)
    kept = tell([SHARE] * 4, worlds, game).points
    withheld = tell([WITHHOLD] + [SHARE] * 3, worlds, game).points
    assert (kept[:, 0] == withheld[:, 0]).all()
    assert kept[:, 1:].mean() > withheld[:, 1:].mean()


def test_trade_moves_points_and_makes_none():
    stakes = np.array([0.0, 1.0, 5.0] * 100)
    pairs = np.arange(300) // 3
    seats = [Teller(act=np.broadcast_to(a, 300)) for a in (LIE, SHARE, WITHHOLD, SHARE)]
    made = Scenario(SharedKnowledge(arbitrage=stakes), seats, rounds=5, metrics=())
    points = simulate(made, 300, 3, pairs=pairs).points.reshape(100, 3, 4)
    total = points.sum(2)
    assert np.abs(total - total[:, :1]).max() < 1e-9
    # Gains are proportional to the stakes.
    assert points[:, 2] - points[:, 0] == pytest.approx(5 * (points[:, 1] - points[:, 0]), abs=1e-3)


def test_the_twin_makes_nothing_but_misleading_others_still_pays():
    worlds = 1000
    kept = tell([SHARE] * 4, worlds, rounds=10, twin=True).points
    broke = tell([LIE] + [SHARE] * 3, worlds, rounds=10, twin=True).points
    assert np.abs(kept.sum(1)).max() < 1e-9 and np.abs(broke.sum(1)).max() < 1e-9
    assert broke[:, 0].mean() > kept[:, 0].mean() + 0.5


def test_two_at_a_table_keep_the_contract():
    made = Scenario(
        SharedKnowledge(found=0.5),
        [Sharer(), Liar(), ConditionalSharer(), Withholder(), Sharer()],
        matching=Rematched(table=2),
        institutions=[Arbitration()],
        rounds=3,
    )
    check_scenario(made, worlds=2)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="deviation = 90 is out of its range"):
        SharedKnowledge(deviation=90)
