"""Feuds by hand: when they begin and end, how bad they get, and what is still open in the end."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from posalign_sim import Agent, RoundRobin, Scenario, param, simulate
from posalign_sim.agents import Defector, Honest
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.metrics import Deescalation
from posalign_sim.metrics.deescalation import LONGEST, open_ages, survival


class Script(Agent):
    """Defects, cheats or walks in the rounds whose bit is set; 100 rounds can be written."""

    early: float = param(0, 0, 2**50)
    late: float = param(0, 0, 2**50)

    @staticmethod
    def move(p, i):
        written = p.params[i, 0] if p.clock < 50 else p.params[i, 1]
        return int(written) >> (p.clock % 50) & 1

    @staticmethod
    def deliver(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def pay(p, i):
        return 1 - (int(p.params[i, 0]) >> p.clock & 1)


def script(moves):
    bits = [sum(2**k for k, m in enumerate(part) if m == "D") for part in (moves[:50], moves[50:])]
    return Script(early=bits[0], late=bits[1])


def report(*moves, **more):
    made = Scenario(
        RepeatedDilemma(),
        [script(m) for m in moves],
        metrics=[Deescalation()],
        rounds=max(map(len, moves)),
        **more,
    )
    run = simulate(made, mode="interpreted")
    return run.table().iloc[0], run.worlds[0]["deescalation"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # feuds per seat, mean recovery, survival, peak, echo
        ("CCCC", "CCCC", (0, None, None, None, None)),
        ("CDCC", "CCCC", (1, 1, 0, 1, 0)),
        ("DCCC", "CCCC", (1, 1, 0, 1, 0)),
        # A slip answered once: 2 rounds; answered harder: the peak counts both in a round.
        ("CDCCC", "CCDCC", (1, 2, 0, 1, 1)),
        ("CDDCC", "CCDCC", (1, 2, 0, 2, 2)),
        # Two feuds, of 1 and of 3 rounds.
        ("DCDDCC", "CCCDDC", (2, 2, 0, 1.5, 1.5)),
        # The end cuts off what is still going on: of one feud of 1 round and one that had lasted 2
        # without an end, nothing is known but that half of them last longer than 1.
        ("DCDDD", "CCCCC", (2, 1 + 31 / 2, 0.5, 1, 1)),
        ("CCCD", "CCCC", (1, LONGEST, 1, 1, 0)),
    ],
)
def test_feuds_by_hand(first, second, expected):
    row, _ = report(first, second)
    names = ("feuds", "recovery_rounds", "feud_survival", "peak", "echo")
    for name, value in zip(names, expected, strict=True):
        if value is None:
            assert np.isnan(row[name])
        else:
            assert row[name] == pytest.approx(value), name


def test_a_feud_in_its_last_moment_is_open_at_the_age_that_it_has():
    _, own = report("CDDDD", "CCCCC")
    assert own["feud"].tolist() == [1, 1]
    assert own["age"].tolist() == [3, 3]
    assert np.flatnonzero(open_ages(own[None])[0]).tolist() == [3]


def test_long_feuds_are_told_apart_up_to_the_longest():
    cases = ((LONGEST - 1, LONGEST - 1, 0), (LONGEST, LONGEST, 1), (LONGEST + 16, LONGEST, 1))
    for length, mean, beyond in cases:
        row, own = report("D" * length + "C" * (90 - length), "C" * 90)
        assert row["recovery_rounds"] == mean
        assert row["feud_survival"] == beyond
        assert row["echo"] == length - 1
        assert own["ended"][min(length, LONGEST)] == 2


def test_rounds_in_which_a_seat_meets_nobody_do_not_count():
    # Of three seats one sits out in each round: 0 and 1 meet in rounds 1, 4, 7.
    made = Scenario(
        RepeatedDilemma(),
        [script("CDCCCCCCC"), script("C" * 9), script("C" * 9)],
        matching=RoundRobin(),
        metrics=[Deescalation()],
        rounds=9,
    )
    run = simulate(made, history=[0], mode="interpreted")
    feud = run.history["deescalation"]["feud"][1:, 0, :3]
    partners = run.history["partner"][1:, 0, :3]
    other = int(partners[1, 0])
    began, ended = 1, {}
    for seat in (0, other):
        later = [t for t in range(2, 9) if partners[t, seat] != seat]
        ended[seat] = later[0]
        assert feud[:, seat].tolist() == [int(began <= t < ended[seat]) for t in range(9)]
    # Each of them ends its feud in its own next meeting, which is one round of its own later.
    assert run.table()["recovery_rounds"][0] == 1


def test_in_a_market_only_broken_promises_are_breaches():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [script("CDCCC")], "buyer": [script("CCDDC")]},
        metrics=[Deescalation()],
        rounds=5,
    )
    row = simulate(made, mode="interpreted").table().iloc[0]
    # After the buyer was cheated it walks away twice, which is peace of a kind: they met, and
    # nobody broke anything.
    assert row["feuds"] == 1
    assert row["recovery_rounds"] == 1
    made = made.replace(population={"seller": [Defector()], "buyer": [Honest()]})
    row = simulate(made, mode="interpreted").table().iloc[0]
    assert (row["feuds"], row["feud_survival"], row["echo"]) == (1, 1, 4)


# --- Kaplan & Meier -------------------------------------------------------------------------------


def by_scipy(ended, censored, last):
    """Restricted mean and final survival from durations, by the library's own estimator."""
    ages = np.arange(len(ended))
    sample = CensoredData(
        uncensored=np.repeat(ages, ended)[np.repeat(ages, ended) < last],
        right=np.concatenate([np.repeat(ages, censored), np.full(ended[last:].sum(), last)]),
    )
    curve = ecdf(sample).sf
    steps = curve.evaluate(np.arange(last))
    return steps.sum(), steps[-1]


def test_survival_is_the_estimator_of_kaplan_and_meier():
    rng = np.random.default_rng(1)
    for _ in range(200):
        last = int(rng.integers(2, 20))
        ended, censored = rng.integers(0, 4, (2, last + 1))
        ended[0] = 0
        if ended.sum() + censored.sum() == 0:
            continue
        mean, beyond = survival(ended, censored)
        expected = by_scipy(ended, censored, last)
        assert (float(mean), float(beyond)) == pytest.approx(expected)


def test_survival_without_censoring_is_the_mean():
    ended = np.array([0, 3, 2, 0, 1, 0])
    mean, beyond = survival(ended, np.zeros(6, int))
    assert mean == pytest.approx((3 * 1 + 2 * 2 + 4) / 6)
    assert beyond == 0


def test_censoring_is_taken_into_account():
    """Durations are geometric with chance 1/4, and cut off at random: still a mean of 4 rounds."""
    rng = np.random.default_rng(2)
    worlds, feuds = 400, 300
    true = rng.geometric(0.25, (worlds, feuds))
    cut = rng.integers(1, 40, (worlds, feuds))
    seen = np.minimum(true, cut)
    counts = np.zeros((2, worlds, LONGEST + 1), int)
    for k, chosen in enumerate((true <= cut, true > cut)):
        where = np.nonzero(chosen)
        np.add.at(counts[k], (where[0], np.minimum(seen[where], LONGEST)), 1)
    mean, _ = survival(*counts)
    error = mean.std(ddof=1) / np.sqrt(worlds)
    assert abs(mean.mean() - 4) < 4 * error + 0.01
    # Who threw away what is unfinished, or took it for finished, would be far off.
    assert abs(seen.mean() - 4) > 20 * error
    assert abs(seen[true <= cut].mean() - 4) > 20 * error
