"""Landscapes of games whose basins, rest points, returns and escapes are known."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import PairwiseComparison, ProportionalImitation, Rematched, Scenario
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, Honest
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.experiments.configure import Arm
from posalign_sim.experiments.landscape import landscape
from posalign_sim.experiments.landscape.results import Plan
from posalign_sim.institutions import Arbitration
from posalign_sim.theory import pairwise_fixation
from posalign_sim.theory.fixation import mean_payoffs
from posalign_sim.theory.roles import roles_flow

LUCK = int(np.random.SeedSequence().entropy) % 2**32  # no stream is pinned
SEATS = 60
#: What the first of two strains is called in all of these; the second is the defector.
FIRST = "cooperator"

#: How two basins and the edge between them stand.
KINDS = ["stable", "unstable", "stable"]
#: What honest and cheating sellers earn of buyers who trust or walk, and these of them.
EXACT = np.array([[0, 0, 5, 0], [0, 0, 6, 0], [1, -2, 0, 0], [0, 0, 0, 0]])


def compared(table, **more):
    """Two strains of which it is known what they expect; as many updates a round as seats."""
    return Scenario(
        RepeatedDilemma(),
        [Cooperator()] * (SEATS // 2) + [Defector()] * (SEATS // 2),
        dynamics=PairwiseComparison(
            expected=table, **{"intensity": 20, "updates": SEATS, "mutation": 0, **more}
        ),
        rounds=1,
    )


def measured(table, change=None, **plan):
    plan = {"grid": 20, "worlds": 20, "generations": 60, "shocked": 10**6, **plan}
    return landscape(compared(table, **(change or {})), Plan(**plan), seed=LUCK, progress=False)


def of_first(found):
    """The attractor in which all are of the first strain."""
    (here,) = (k for k in found.attractors[0] if k.centre[0] > 0.9)
    return here


def tit_for_tat(w):
    """Tit for tat against who always defects (5, 3, 1, 0), points a round, continuation w."""
    return [[3, w], [5 * (1 - w) + w, 1]]


# --- basins --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "edge"),
    [
        ([[4, 0], [3, 3]], 3 / 4),  # stag hunt
        ([[2, 0], [0, 1]], 1 / 3),  # coordination
        (tit_for_tat(0.9), 1 / 17),  # Axelrod (1984)
        (tit_for_tat(0.75), 1 / 5),
    ],
)
def test_the_edge_between_two_basins(table, edge):
    found = measured(table)
    volume = of_first(found).volume
    # Nobody meets itself: among sixty the edge is not yet where it is in the limit.
    means = mean_payoffs(table, SEATS)[:, 1:-1]
    finite = float(np.interp(0, means[0] - means[1], np.arange(1, SEATS))) / SEATS
    assert abs(finite - edge) < 2 / SEATS
    assert volume.low <= 1 - finite <= volume.high
    assert volume.high - volume.low < 0.15
    holds = {k.centre[0] > 0.5: k.holds for k in found.attractors[0]}
    assert holds[True]
    if abs(edge - 0.2) > 0.1:  # a fifth of the seats turned, and defectors are beyond their edge
        assert holds[False] == (edge > 0.2)
    # All of the fixed points, by the flow and exactly; the middle one is where the edge is.
    flow, exact = (
        {round(p.shares[0], 9): p for p in found.fixed_points[0] if p.method == method}
        for method in ("flow", "payoffs")
    )
    assert [p.stability for p in exact.values()] == KINDS
    assert list(exact)[1] == pytest.approx(edge)
    if edge < 0.1:
        return  # hardly a step of the grid from the corner: the flow cannot tell the two apart
    assert [p.stability for p in flow.values()] == KINDS
    # Nobody meets itself, and within a step the flow is no straight line.
    assert abs(list(flow)[1] - edge) < 1 / 20 + 4 * list(flow.values())[1].error


def test_hawks_and_doves_end_in_the_middle():
    """V = 2, C = 6: one third hawks; neither corner holds."""
    found = measured([[-2, 2], [0, 1]], {"intensity": 1, "mutation": 1e-3})
    (middle,) = (k for k in found.attractors[0] if k.holds)
    assert middle.volume.high == 1 and middle.volume.low > 0.8
    assert middle.centre[0] == pytest.approx(1 / 3, abs=0.05)
    # Linearised: a disturbance shrinks by a third of the intensity in a generation.
    x, flow = found.grid.shares[:, 0], found.flow[0, :, 0]
    near = np.abs(x - 1 / 3) < 0.2
    slope = np.polyfit(x[near], flow[near], 1)[0]
    error = found.flow_error[0, near, 0].max() / np.sqrt(((x[near] - 1 / 3) ** 2).sum())
    assert abs(slope + 1 / 3) < 4 * error + 0.05  # what the next terms add over such a distance


def test_defection_is_the_only_attractor_of_the_prisoners_dilemma():
    found = measured([[3, 0], [5, 1]])
    (all_defect,) = (k for k in found.attractors[0] if k.holds)
    assert all_defect.centre[1] > 0.99 and all_defect.volume.high == 1
    assert (found.flow[0, 1:-1, 0] < 0).all()


# --- returns and escapes, against the exact chain ------------------------------------------------


def chain(table, intensity, mutation, updates):
    """`[seats + 1, seats + 1]` how the number of the first strain changes in a round, exactly."""
    n = np.arange(SEATS + 1)
    means = mean_payoffs(table, SEATS)
    adopts = 1 / (1 + np.exp(-intensity * (means[0] - means[1])))
    met = (1 - mutation) * n * (SEATS - n) / (SEATS * (SEATS - 1))
    rises = met * adopts + mutation * (SEATS - n) / SEATS
    falls = met * (1 - adopts) + mutation * n / SEATS
    once = np.diag(1 - rises - falls) + np.diag(rises[:-1], 1) + np.diag(falls[1:], -1)
    return np.linalg.matrix_power(once, updates)


def first_time(step, ends, rounds):
    """`[rounds + 1, seats + 1]` chance of having been in `ends` by a round, looking at each."""
    inside = ends.astype(float)
    reached = [inside]
    for _ in range(rounds):
        reached.append(np.where(ends, 1.0, step @ reached[-1]))
    return np.array(reached)


def places(found):
    """The nearest point of the grid for each number of the first strain."""
    n = np.arange(SEATS + 1)
    return found.grid.nearest(np.stack([n, SEATS - n], axis=1) / SEATS)


def test_shocked_populations_are_back_when_the_exact_chain_says():
    table, intensity = [[-2, 2], [0, 1]], 0.5
    found = measured(
        table, {"intensity": intensity, "mutation": 0.01}, grid=10, shock=0.3, patience=12
    )
    k = int(np.argmax([a.worlds for a in found.attractors[0]]))
    attractor, member = found.attractors[0][k], found.basins[0].member == k
    home = found.basins[0].homes[k][places(found)]
    back = first_time(chain(table, intensity, 0.01, SEATS), home, 12)
    rested = np.rint(found.ends[0][member][:, 0] * SEATS).astype(int)
    many = round(0.3 * SEATS)
    starts = []
    for n in rested:  # into one strain or the other, if enough seats are of the other
        ways = [way for way in (n + many, n - many) if 0 <= way <= SEATS]
        starts += [(way, 1 / len(ways)) for way in ways]
    at, weight = (np.array(column) for column in zip(*starts, strict=True))
    weight = weight * ~home[at]
    assert attractor.displaced.estimate == pytest.approx(weight.sum() / len(rested), abs=0.15)
    by_then = weight @ back[:, at].T / weight.sum()
    error = np.sqrt(0.25 / (attractor.displaced.estimate * len(rested)))
    assert abs(attractor.returned.estimate - by_then[-1]) < 4 * error
    # The mean, of times that end with the patience at the latest: the sum of chances to be late.
    expected = (1 - by_then[:-1]).sum()
    spread = np.sqrt(((2 * np.arange(12) + 1) * (1 - by_then[:-1])).sum() - expected**2)
    assert abs(attractor.mean_back - expected) < 4 * spread * 2 * error


def test_populations_escape_as_the_exact_chain_says():
    """Stag hunt, resting without mutation, then watched with it: first exits from the basin."""
    table, watch = [[4, 0], [3, 3]], 15
    found = measured(
        table, {"intensity": 1.0}, grid=10, worlds=60, generations=100, watch=watch, mutation=0.04
    )
    step = chain(table, 1.0, 0.04, SEATS)
    tested = 0
    for k, attractor in enumerate(found.attractors[0]):
        majority = found.basins[0].majority[places(found)]
        left = first_time(step, (majority != k) & (majority >= 0), watch)[-1]
        rested = np.rint(found.ends[0][found.basins[0].member == k][:, 0] * SEATS).astype(int)
        expected = left[rested].mean()
        error = np.sqrt(max(1e-4, expected * (1 - expected)) / len(rested))
        assert abs(attractor.escaped.estimate - expected) < 4 * error
        tested += 0.05 < expected < 0.95
    assert tested


def test_one_mutant_is_lost_to_the_others_as_often_as_it_fixes():
    """A shock of one seat, no mutation: the chance of fixation (Traulsen et al. 2006)."""
    table, intensity = [[1.5, 1.5], [1, 1]], 0.1
    found = measured(
        table,
        {"intensity": intensity},
        grid=SEATS,
        worlds=40,
        generations=300,
        shock=1 / SEATS,
        patience=400,
        watch=1,
    )
    (residents,) = (k for k in found.attractors[0] if k.centre[1] == 1)
    expected = pairwise_fixation(table, SEATS, intensity)
    error = np.sqrt(expected * (1 - expected) / residents.worlds)
    assert residents.displaced.estimate == 1 and residents.worlds > 100
    assert abs(residents.lost.estimate - expected) < 4 * error


# --- played --------------------------------------------------------------------------------------


def test_a_market_drifts_to_zero_sum_and_is_held_off_it():
    """Without a judge cheats earn more and buyers walk away; with one, promises are kept."""
    trusting = DiscriminatingBuyer(secured=1, unsecured=1, learning=0)

    def market(strengths):
        return Scenario(
            MoralHazardMarket(price_high=7),
            {
                "seller": [Honest()] * 10 + [Defector()] * 10,
                "buyer": [trusting] * 10 + [Defector()] * 10,
            },
            matching=Rematched(),
            institutions=[Arbitration(strength=strengths.get("arbitration", "enforced"))],
            dynamics=ProportionalImitation(every=5, rate=0.2, mutation=0.005),
            rounds=1,
        )

    arms = Arm("none"), Arm("judge", {"arbitration": "enforced"})
    plan = Plan(grid=5, worlds=6, generations=120, patience=10, watch=10)
    found = landscape(market, plan, arms, seed=LUCK, progress=False)
    without, judged = found.attractors
    assert without[0].character == "negative" and without[0].volume.estimate > 0.9
    assert judged[0].character == "positive" and judged[0].volume.estimate > 0.95
    assert judged[0].welfare.low > without[0].welfare.high + 2
    # Where everybody trusts, cheats spread; under the judge they vanish.
    crowd = found.grid.shares[:, 2] == 1
    mixed = crowd & (found.grid.shares[:, 0] > 0) & (found.grid.shares[:, 0] < 1)
    assert found.flow[0][mixed, 0].mean() < 0 < found.flow[1][mixed, 0].mean()
    # By play: what is earned is linear in shares, and flows are those of the replicator equation
    # (a seat looks at one of its own role 19 times of 39).
    honest, cheat, trust, walk = range(4)
    table = found.matrices[0]
    leads = table[honest] - table[cheat], table[trust] - table[walk]
    np.testing.assert_allclose(leads[0][trust] - leads[0][walk], -1, atol=0.15)
    np.testing.assert_allclose(leads[1][honest] - leads[1][cheat], 3, atol=0.15)
    for x, flow, error in zip(found.grid.shares, found.flow[0], found.flow_error[0], strict=True):
        exact = 0.2 * 19 / 39 * 20 / 19 * roles_flow(EXACT, "ssbb", x) + 0.005 * (1 - 2 * x)
        assert (np.abs(flow - exact) < 5 * np.maximum(error, 0.02)).all()
