"""Running scenarios: horizons, batches, what is paid, logs and faults."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Tremble, run_until, simulate
from posalign_sim.agents import Cooperator, Random, TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.testing import check_batches, check_modes
from posalign_sim.world.accounts import MINOR
from posalign_sim.world.record import seats
from tests.world.scenarios import duel, full_market, same

# --- horizons and batches -----------------------------------------------------------------------


def test_a_fixed_horizon_is_kept():
    run = simulate(duel(rounds=[1, 7, 30]), 3)
    assert run.table()["rounds"].tolist() == [1, 7, 30]


def test_a_continuation_gives_geometric_lengths():
    lengths = simulate(duel(rounds=None, continuation=0.8), 20_000, 1).worlds["clock"]
    deviation = np.sqrt(0.8) / 0.2
    assert lengths.min() == 1
    assert abs(lengths.mean() - 5) < 4 * deviation / np.sqrt(len(lengths))
    assert abs((lengths == 1).mean() - 0.2) < 4 * np.sqrt(0.16 / len(lengths))


def test_with_both_the_first_to_come_ends_a_world():
    lengths = simulate(duel(rounds=4, continuation=0.8), 20_000, 2).worlds["clock"]
    mean = (1 - 0.8**4) / 0.2
    assert lengths.max() == 4
    assert abs(lengths.mean() - mean) < 4 * lengths.std() / np.sqrt(len(lengths))


def test_the_last_round_gives_no_sign():
    # How long a world lasts has nothing to do with what happens in it.
    run = simulate(duel(rounds=None, continuation=0.8), 20_000, 3)
    table = run.table()
    r = np.corrcoef(table["rounds"], table["cooperation"])[0, 1]
    first = simulate(duel(rounds=1), 20_000, 3).table()["cooperation"]
    assert abs(np.corrcoef(table["rounds"], first)[0, 1]) < 5 / np.sqrt(20_000)
    assert np.isfinite(r)


def test_parameters_by_world_are_separate_runs():
    temptation, noise, taste = [4.0, 5.0, 6.0], [0.0, 0.3, 0.6], [0.2, 0.5, 0.9]
    rounds = [5, 9, 13]
    together = simulate(
        duel(
            game=RepeatedDilemma(temptation=temptation),
            noise=Tremble(probability=noise),
            population=[TitForTat(), Random(cooperation=taste)],
            rounds=rounds,
        ),
        3,
        7,
        mode="interpreted",
    )
    for k in range(3):
        alone = simulate(
            duel(
                game=RepeatedDilemma(temptation=temptation[k]),
                noise=Tremble(probability=noise[k]),
                population=[TitForTat(), Random(cooperation=taste[k])],
                rounds=rounds[k],
            ),
            1,
            7,
            pairs=[k],
            mode="interpreted",
        )
        assert same(alone.worlds, together.worlds[k : k + 1])


def test_paired_worlds_share_their_luck_though_payoffs_differ():
    one, other = (
        simulate(
            duel(population=[Random(), Random()], game=RepeatedDilemma(temptation=temptation)),
            50,
            4,
            pairs=np.arange(50) // 2,
            mode="interpreted",
        )
        for temptation in (5, 9)
    )
    acts = [run.worlds["cooperation"]["total"] for run in (one, other)]
    assert (acts[0] == acts[1]).all()
    assert (acts[0][::2] == acts[0][1::2]).all()
    assert len(np.unique(acts[0])) > 3
    assert (one.points != other.points).any()


def test_another_seed_is_other_luck():
    points = [simulate(duel(), 200, seed).points for seed in (1, 2)]
    assert (points[0] != points[1]).any(1).mean() > 0.5


def test_threads_chunks_and_batch_sizes_do_not_matter():
    check_batches(duel(rounds=None, continuation=0.9), 101, 5, mode="compiled")
    runs = [simulate(duel(), 10_000, 6, threads=threads) for threads in (1, 2, 8)]
    assert same(runs[0].worlds, runs[1].worlds)
    assert same(runs[0].worlds, runs[2].worlds)
    few = simulate(duel(), 7, 6)
    assert same(few.worlds, runs[0].worlds[:7])


def test_the_three_modes_agree():
    check_modes(duel(continuation=0.95, rounds=40), 40, 8)


def test_a_module_more_shifts_nobodys_luck():
    plain = simulate(duel(metrics=()), 20, 9, mode="interpreted")
    more = simulate(duel(), 20, 9, mode="interpreted")
    assert (plain.worlds["digest"] == more.worlds["digest"]).all()


def test_points_are_what_nature_paid():
    run = simulate(duel(population=[Cooperator(), Cooperator()], noise=()), 3, mode="interpreted")
    assert (run.points == 30).all()
    assert (run.worlds["public"][:, 0] == -60 * MINOR).all()
    assert list(seats(run.worlds[0])) == [0, 1]


# --- history, events, faults --------------------------------------------------------------------


def test_history_is_the_same_worlds_round_by_round():
    made = duel(rounds=[3, 6])
    run = simulate(made, 2, 1, history=[0, 1], mode="interpreted")
    assert run.history.shape == (7, 2)
    assert run.history["clock"].tolist() == [[min(k, 3), k] for k in range(7)]
    assert same(run.history[-1], run.worlds)
    assert same(run.history[2], run_until(made, made.worlds(2, 1), 2, "interpreted"))


def test_a_second_bookkeeper_agrees_from_the_log_alone():
    run = simulate(full_market(), 6, 2, mode="interpreted")
    for k, w in enumerate(run.worlds):
        log = run.events(k)
        posted = log[log["kind"] == "posting"]
        assert len(posted) > 50
        books = dict.fromkeys(range(-4, 6), 0)
        for payer, payee, amount in posted[["actor", "target", "first"]].to_numpy().tolist():
            books[payer] -= int(amount)
            books[payee] += int(amount)
        assert [books[m] for m in range(6)] == (w["balance"] + w["held"])[:6].tolist()
        assert [books[-1 - a] for a in range(4)] == w["public"].tolist()


def test_the_log_tells_decisions_in_words_and_in_order():
    run = simulate(duel(events=200), 1, mode="interpreted")
    log = run.events(0)
    assert (np.diff(log["clock"]) >= 0).all()
    made = log[log["kind"] == "decision"]
    assert set(made["place"]) == {"repeated_dilemma.move"}
    assert made.groupby("clock")["actor"].apply(list).tolist() == [[0, 1]] * 10


def test_a_log_that_is_too_short_is_told():
    run = simulate(duel(events=5), 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match="room was for 5: give the scenario a larger"):
        run.events(0)
    run = simulate(duel(events=0), 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match="keeps no event log: give it events="):
        run.events(0)


def test_the_digest_does_not_depend_on_the_room():
    digests = [simulate(duel(events=k), 5, mode="interpreted").worlds["digest"] for k in (1, 500)]
    assert (digests[0] == digests[1]).all()


class Broken(Agent):
    """Chooses what is not there, from round 2 on."""

    @staticmethod
    def move(p, i):
        return 0 if p.clock < 2 else 5


def test_an_illegal_choice_is_a_fault_and_never_behaviour():
    run = simulate(duel(population=[Broken(), Random()]), 3, mode="interpreted")
    assert run.faults["world"].tolist() == [0, 1, 2]
    assert run.faults["round"].tolist() == [2, 2, 2]
    assert "not among the legal" in run.faults["fault"][0]
    assert (run.worlds["clock"] == 3).all()
