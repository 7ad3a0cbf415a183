"""Public goods by hand, to the minor unit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Fixed,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    Tremble,
    param,
    simulate,
)
from posalign_sim.agents import ConditionalContributor, Cooperator, Defector, Loner, Opportunist
from posalign_sim.envs import PublicGoods
from posalign_sim.institutions import Arbitration, Bond
from posalign_sim.metrics import Welfare
from posalign_sim.testing import SCENARIO_CHECKS
from posalign_sim.theory.public_goods import public_good_points

CONTRIBUTE, WITHHOLD = 0, 1
COMPLETE = [(i, j) for i in range(4) for j in range(i)]
#: Hauert et al. (2002): cost 1, a factor of three, a loner's point.
HAUERT = {"endowment": 1, "factor": 3, "optional": 1, "loner": 1}


class Giver(Agent):
    """Gives so many ticks in every round."""

    ticks: float = param(20, 0, 20)

    @staticmethod
    def contribute(p, i):
        ticks = int(p.params[i, 0])
        return (CONTRIBUTE, ticks) if ticks > 0 else (WITHHOLD, 20)


def scenario(game, population, **more):
    details = {"rounds": 1, "metrics": (), "events": 100, **more}
    return Scenario(game, population, **details)


def play(game, population, worlds=1, seed=1, **more):
    return simulate(scenario(game, population, **more), worlds, seed, mode="interpreted")


def givers(*ticks):
    return [Giver(ticks=t) for t in ticks]


def acts(run, world=0):
    w = run.worlds[world]
    return w["interactions"][: w["interaction_count"]]


@pytest.mark.parametrize(
    ("ticks", "points"),
    [
        # Fehr & Gächter (2002): four have 20 points each; a point given makes 0.4 for each.
        ((20, 20, 20, 20), (32, 32, 32, 32)),
        ((0, 0, 0, 0), (20, 20, 20, 20)),
        ((0, 20, 20, 20), (44, 24, 24, 24)),
        ((20, 0, 0, 0), (8, 28, 28, 28)),
        ((5, 10, 15, 20), (35, 30, 25, 20)),
    ],
)
def test_a_linear_good_by_hand(ticks, points):
    run = play(PublicGoods(), givers(*ticks))
    assert tuple(run.points[0]) == points
    assert run.worlds["public"][0].tolist() == [-1_000_000 * sum(points), 0, 0, 0]
    np.testing.assert_allclose(points, public_good_points(ticks, 20, 0.4), atol=1e-12)
    assert run.worlds["first_best"][0] == 32


def test_an_odd_endowment_to_the_minor_unit():
    game = PublicGoods(endowment=0.1234567, factor=1.9, asked=0.7)
    run = play(game, givers(7, 20, 0))
    tick = 0.7 * 0.1234567 / 20
    kept = [0.1234567 - tick * t + 1.9 * 27 * tick / 3 for t in (7, 20, 0)]
    assert run.worlds["balance"][0, :3].tolist() == [round(k * 1e6) for k in kept]


@pytest.mark.parametrize(
    ("ticks", "refund", "points"),
    [
        # Van de Kragt, Orbell & Dawes (1983): 5 points each; 10 for all if three of seven give.
        ((20, 20, 20, 0, 0, 0, 0), 0, (10, 10, 10, 15, 15, 15, 15)),
        ((20, 20, 19, 0, 0, 0, 0), 0, (0, 0, 0.25, 5, 5, 5, 5)),
        ((20, 20, 19, 0, 0, 0, 0), 1, (5, 5, 5, 5, 5, 5, 5)),
        ((20, 20, 10, 0, 0, 0, 0), 0.5, (2.5, 2.5, 3.75, 5, 5, 5, 5)),
        ((10, 10, 10, 10, 10, 10, 0), 0, (12.5,) * 6 + (15,)),
        ((20,) * 7, 0, (10,) * 7),
    ],
)
def test_a_threshold_by_hand(ticks, refund, points):
    run = play(PublicGoods.of("threshold", refund=refund), givers(*ticks))
    assert tuple(run.points[0]) == points


def test_a_threshold_of_a_good_that_multiplies():
    game = PublicGoods(threshold=2.5, factor=2, refund=0.5)
    assert play(game, givers(20, 20, 10, 0)).points[0].tolist() == [25, 25, 35, 45]
    assert play(game, givers(20, 20, 9, 0)).points[0].tolist() == [10, 10, 15.5, 20]


@pytest.mark.parametrize(
    ("sunk", "ticks", "points"),
    [
        # If all is lost: what is left (Milinski et al.), or the endowment (Santos & Pacheco).
        (0, (20, 20, 0, 0, 0, 0), (0,) * 6),
        (1, (20, 20, 0, 0, 0, 0), (-0.1, -0.1, 0, 0, 0, 0)),
        (1, (20, 20, 20, 0, 0, 0), (0.9, 0.9, 0.9, 1, 1, 1)),
    ],
)
def test_who_fails_loses_everything(sunk, ticks, points):
    game = PublicGoods.of("collective_risk", risk=1, sunk=sunk)
    assert tuple(play(game, givers(*ticks)).points[0]) == points
    free = PublicGoods.of("collective_risk", risk=0, sunk=sunk)
    kept = [1 - 0.1 * t / 20 for t in ticks]
    assert play(free, givers(*ticks)).points[0].tolist() == kept


def test_a_table_loses_together_and_tables_apart():
    game = PublicGoods.of("collective_risk", risk=0.5)
    run = play(game, givers(*[0] * 8), worlds=60, matching=Fixed(table=4))
    lost = run.points == 0
    assert np.isin(run.points, (0, 1)).all()
    for table in (lost[:, :4], lost[:, 4:]):
        assert (table.all(axis=1) | ~table.any(axis=1)).all()
    assert {tuple(row) for row in lost[:, [0, 4]].tolist()} == {
        (a, b) for a in (True, False) for b in (True, False)
    }


def test_a_volunteer_by_hand():
    game = PublicGoods.of("volunteer")
    # The endowment of 1 is what volunteering costs; all get 4.
    assert play(game, givers(20, 0, 0)).points[0].tolist() == [4, 5, 5]
    assert play(game, givers(20, 20, 0)).points[0].tolist() == [4, 4, 5]
    assert play(game, givers(0, 0, 0)).points[0].tolist() == [1, 1, 1]
    assert play(game, givers(20, 0, 0)).worlds["first_best"][0] == 5 - 1 / 3
    # A volunteer's work cannot be divided.
    assert (play(game, givers(20, 10, 0)).worlds["fault"] != 0).all()


@pytest.mark.parametrize(
    ("population", "points"),
    [
        # Endowment 1; r n_c / n less what was given; loners have 1 besides.
        ([Giver(), Giver(ticks=0), Loner(), Loner()], (1.5, 2.5, 2, 2)),
        ([Giver(), Giver(), Giver(ticks=0), Loner()], (2, 2, 3, 2)),
        # Who is alone in taking part is as a loner.
        ([Giver(), Loner(), Loner(), Loner()], (2, 2, 2, 2)),
        ([Giver(ticks=0), Giver(ticks=0), Loner(), Loner()], (1, 1, 2, 2)),
    ],
)
def test_who_may_stay_out(population, points):
    run = play(PublicGoods(**HAUERT), population)
    assert tuple(run.points[0]) == points
    # Loners do nothing to anybody.
    playing = [i for i, a in enumerate(population) if not isinstance(a, Loner)]
    assert acts(run)["actor"].tolist() == (playing if len(playing) > 1 else [])


def test_loners_are_not_asked_what_is_not_optional():
    run = play(PublicGoods(), [Loner(), *givers(20, 20, 20)])
    assert run.points[0].tolist() == [44, 24, 24, 24]
    assert not (run.events(0)["place"] == "public_goods.join").any()


def test_what_is_recorded_of_contributions():
    judge = Arbitration(strength="off")
    run = play(PublicGoods(standard=0.5), givers(20, 10, 5, 0), institutions=[judge])
    assert acts(run)["cooperation"].tolist() == [1, 0.5, 0.25, 0]
    assert (acts(run)["target"] == 0xFFFFFFFF).all()
    # A tick that is missing makes each other member 0.4 points poorer.
    np.testing.assert_allclose(acts(run)["harm"], [0, 4, 6, 8], atol=1e-12)
    np.testing.assert_allclose(acts(run)["paid"], [5, 25 / 3, 10, 35 / 3])
    assert run.worlds["standard"][0] == 0.5
    # Nine ticks of each would do (63 of 60). Six gave none: each answers for a sixth of the 10.
    run = play(PublicGoods.of("threshold"), givers(20, 0, 0, 0, 0, 0, 0), institutions=[judge])
    assert acts(run)["cooperation"].tolist() == [1, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(acts(run)["harm"], [0, *[10 / 6] * 6])


def test_what_seats_are_told():
    run = play(PublicGoods(), givers(20, 10, 5, 0))
    p = run.worlds["sight"][0]
    assert p["own_share"].tolist() == [1, 0.5, 0.25, 0]
    np.testing.assert_allclose(p["others_share"], np.array([15, 25, 30, 35]) / 60)
    assert (p["group_size"].tolist(), p["fair"].tolist()) == ([4] * 4, [20] * 4)
    told = [p[n][0] for n in ("temptation", "rent", "fallback", "hope", "risk", "at_stake")]
    assert told == [12, 32, 20, 12, -12, 20]


@pytest.mark.parametrize("name", ["linear", "threshold"])
def test_cooperation_of_all_makes_most_and_of_nobody_least(name):
    game = PublicGoods.of(name)
    made = []
    for ticks in range(21):
        run = play(game, givers(*[ticks] * 6))
        made.append((acts(run)["cooperation"].min(), run.points.sum()))
    best = max(points for _, points in made)
    full = [points for cooperation, points in made if cooperation == 1]
    # What is more than asked is no more cooperation, and may be waste.
    assert full[0] == best
    assert made[0][0] == 0
    below = [points for cooperation, points in made if cooperation < 1]
    if name == "linear":
        assert below == sorted(below)
        assert made[0][1] == min(points for _, points in made)
    # Alone, each does best to give nothing, whatever the others give, unless it is pivotal.
    for others in (0, 20):
        points = [play(game, givers(t, *[others] * 5)).points[0, 0] for t in (0, 10, 20)]
        assert points == sorted(points, reverse=True)


@pytest.mark.parametrize("optional", [0, 1])
@pytest.mark.parametrize("name", ["linear", "threshold", "collective_risk", "volunteer"])
def test_no_round_makes_more_than_the_first_best(name, optional):
    changes = {"risk": 0.5} if name == "collective_risk" else {}
    game = PublicGoods.of(name, optional=optional, loner=0.5, **changes)
    best = play(game, givers(0, 0, 0, 0)).worlds["first_best"][0]
    whole = [0, 20] if game.values["indivisible"] else [0, 10, 15, 20]
    made = []
    for ticks in itertools.combinations_with_replacement(whole, 4):
        run = play(game, givers(*ticks), worlds=20 if changes else 1)
        made += run.points.mean(axis=1).tolist()
    assert max(made) <= best + 1e-9
    # With luck, or as much as is needed and no more, it can be made (nobody stays out here).
    if not optional:
        assert max(made) == pytest.approx(best)


def test_a_network_by_hand():
    # Santos, Santos & Pacheco (2008): a star of a hub and three leaves. The hub splits its cost
    # among its own group of 4 and three groups of 2; a leaf among its own group and the hub's.
    star = Network.from_edges(4, [(0, 1), (0, 2), (0, 3)])
    game = PublicGoods(endowment=1, factor=1.5)
    more = {"network": star, "matching": Neighbours()}
    hub = play(game, givers(20, 0, 0, 0), **more).points[0]
    back = 1.5 * (1 / 4) / 4, 1.5 * (1 / 4) / 2
    np.testing.assert_allclose(
        hub, [back[0] + 3 * back[1], *[1 + back[0] + back[1]] * 3], atol=1e-6
    )
    leaf = play(game, givers(0, 20, 0, 0), **more).points[0]
    back = 1.5 * (1 / 2) / 4, 1.5 * (1 / 2) / 2
    np.testing.assert_allclose(
        leaf, [1 + sum(back), sum(back), 1 + back[0], 1 + back[0]], atol=1e-6
    )
    assert play(game, givers(20, 20, 20, 20), **more).points.sum() == pytest.approx(6, abs=1e-5)


def test_a_complete_network_is_a_table():
    complete = Network.ring(5, neighbours=4)
    ticks = givers(20, 13, 6, 0, 1)
    table = play(PublicGoods(), ticks)
    around = play(PublicGoods(), ticks, network=complete, matching=Neighbours())
    np.testing.assert_allclose(around.points, table.points, atol=2e-6)
    # Each act is towards each neighbour.
    pairs = set(zip(acts(around)["actor"].tolist(), acts(around)["target"].tolist(), strict=True))
    assert pairs == {(i, j) for i in range(5) for j in range(5) if i != j}
    for told in ("others_share", "group_size", "fair", "temptation"):
        seen = (run.worlds["sight"][told][0, :5] for run in (around, table))
        np.testing.assert_allclose(*seen)


@pytest.mark.parametrize("check", SCENARIO_CHECKS)
@pytest.mark.parametrize("name", ["linear", "collective_risk"])
def test_a_network_passes_the_contract(name, check):
    # Complete, so that seats may change places.
    population = [Cooperator(), Loner(), ConditionalContributor(), Opportunist()]
    made = scenario(
        PublicGoods.of(name, optional=1, loner=1),
        population,
        network=Network.from_edges(4, COMPLETE),
        matching=Neighbours(),
        noise=Tremble(probability=0.2),
        institutions=[Bond()],
        rounds=3,
    )
    SCENARIO_CHECKS[check](made, 2, 5)


def test_who_has_no_neighbours_plays_with_nobody():
    network = Network.from_edges(3, [(0, 1)])
    run = play(PublicGoods(), givers(20, 0, 20), network=network, matching=Neighbours())
    assert run.points[0].tolist() == [16, 36, 0]
    run = play(PublicGoods(), givers(20, 0, 20), matching=Fixed(table=2))
    assert run.points[0].tolist() == [16, 36, 0]


def test_tables_anew():
    run = play(PublicGoods(), givers(*[20] * 4, *[0] * 5), matching=Rematched(table=3), rounds=30)
    # Everybody always sits at a table of three; givers make 1.6 points of each.
    assert run.points.sum() == pytest.approx(30 * (9 * 20 + 4 * 20 * 0.6))
    assert run.points[0, 4:].min() > run.points[0, :4].max()


def test_slips_give_what_was_named_or_keep_everything():
    run = play(PublicGoods(), givers(20, 20, 0, 0), noise=Tremble(probability=1))
    assert run.points[0].tolist() == [36, 36, 16, 16]
    run = play(PublicGoods(), [Cooperator(), Defector()], noise=Tremble(probability=1))
    assert run.points[0].tolist() == [36, 16]


def test_the_zero_sum_twin():
    for ticks in ((20, 20, 20, 20), (0, 20, 20, 20), (0, 0, 0, 0)):
        run = play(PublicGoods(), givers(*ticks), twin=True, twin_constant=7, metrics=[Welfare()])
        assert run.points.sum() == 28
        assert run.table()["surplus"].tolist() == [0]
        gross = public_good_points(ticks, 20, 0.4)
        np.testing.assert_allclose(run.points[0], gross - gross.mean() + 7, atol=1e-6)


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigurationError, match="collective_risk"):
        PublicGoods.of("colective_risk")
    with pytest.raises(ConfigurationError, match="factor"):
        PublicGoods(factor=-1)
    with pytest.raises(ConfigurationError, match="endowment"):
        PublicGoods.of("linear", endowmant=1)
    with pytest.raises(ConfigurationError, match="only 4 seats"):
        scenario(PublicGoods(), givers(1, 1, 1, 1), matching=Fixed(table=5))
