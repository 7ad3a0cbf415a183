"""Landscapes as arrays, tables and pages: what is exact, what never changes, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from posalign_sim import (
    ConfigurationError,
    ImitateBest,
    ProportionalImitation,
    Rematched,
    Scenario,
    run_until,
)
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, Honest, Random
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.experiments.configure import Arm
from posalign_sim.experiments.landscape import landscape
from posalign_sim.experiments.landscape.attractors import basins, flow_rest_points, proportion
from posalign_sim.experiments.landscape.mixtures import Mixtures
from posalign_sim.experiments.landscape.report import answer, terminal_table, write_report
from posalign_sim.experiments.landscape.results import Plan
from posalign_sim.experiments.landscape.run import arms_of, describe, landscape_of
from posalign_sim.experiments.main import main
from posalign_sim.institutions import Reputation
from posalign_sim.theory import replicator_flow, replicator_rest_points
from posalign_sim.theory.roles import roles_flow, roles_rest_points, roles_stability
from posalign_sim.world.strains import become, turn_seats

RANDOM = np.random.default_rng()
FEW = Plan(grid=2, worlds=2, generations=3, patience=2, watch=2, shocked=4)


def market(strengths, each=2, **more):
    """Sellers who keep or break their word, buyers who trust or walk away."""
    trusting = DiscriminatingBuyer(secured=1, unsecured=1, learning=0)
    ledger = [Reputation(strength=strengths.get("reputation", "off"))]
    return Scenario(
        MoralHazardMarket(price_high=7),
        {
            "seller": [Honest()] * each + [Defector()] * each,
            "buyer": [trusting] * each + [Defector()] * each,
        },
        matching=Rematched(),
        institutions=ledger if more.pop("ledger", True) else [],
        dynamics=ProportionalImitation(every=2, rate=0.2, mutation=0.05),
        rounds=1,
        **more,
    )


def mixed(*agents, each=4, **more):
    return Scenario(
        RepeatedDilemma(),
        [a for a in agents for _ in range(each)],
        **{"matching": Rematched(), "dynamics": ImitateBest(), "rounds": 1, **more},
    )


def small(maker, plan=FEW, arms=(), **more):
    return landscape(maker, plan, arms, mode="interpreted", progress=False, **more)


# --- the grid ------------------------------------------------------------------------------------

THREE = [Random(cooperation=c) for c in (0, 0.5, 1)]


@pytest.mark.parametrize(
    ("scenario", "shape", "points", "cells", "corner"),
    [
        (mixed(Cooperator(), Defector()), "line", 5, 4, 1 / 8),
        (mixed(*THREE), "triangle", 15, 16, 1 / 48),
        (market({}), "square", 25, 16, 1 / 64),
    ],
)
def test_grids_cover_all_mixtures_evenly(scenario, shape, points, cells, corner):
    grid = Mixtures.of(scenario, 4)
    assert grid.shape == shape and len(grid.counts) == points and len(grid.cells) == cells
    assert grid.weights.sum() == pytest.approx(1) and grid.weights.min() == pytest.approx(corner)
    # Shares add up in each role; a linear function is integrated exactly: its value in the middle.
    for side in grid.sides:
        assert (grid.counts[:, list(side)].sum(axis=1) == grid.seats[side[0]]).all()
        np.testing.assert_allclose(grid.weights @ grid.shares[:, list(side)], 1 / len(side))
    # All cells are of one size, and each point is nearest to itself.
    x = grid.place(grid.shares)
    spans = np.ptp(x[grid.cells], axis=1)
    np.testing.assert_allclose(spans - spans[0], 0, atol=1e-12)
    assert (grid.nearest(grid.shares) == np.arange(points)).all()


def test_populations_begin_as_the_grid_says_and_lots_seat_them():
    found = small(market({}), Plan(grid=4, worlds=2, generations=1, patience=1, watch=1))
    assert found.ends.shape == (1, 25, 2, 4) and found.flow.shape == (1, 25, 4)
    # Changes of all strains of a role add up to nothing, and ends to everybody.
    for side in found.grid.sides:
        np.testing.assert_allclose(found.flow[..., list(side)].sum(axis=-1), 0, atol=1e-12)
        np.testing.assert_allclose(found.ends[..., list(side)].sum(axis=-1), 1)
    # Who is not there earns nothing that could be known.
    assert (np.isnan(found.earned[0]) == (found.grid.counts == 0)).all()


def test_what_strains_earn_is_estimated_exactly_where_it_is_exact():
    """Everybody sells to everybody in turn: honest 5 - 2, cheats 5 - 1, of a trusting buyer."""
    found = small(
        market({}, ledger=False), Plan(grid=2, worlds=1, generations=1, patience=1, watch=1)
    )
    grid, earned = found.grid, found.earned[0]
    assert grid.strains == ("honest", "defector", "discriminating_buyer", "defector")
    honest, cheat, trusting, walking = grid.shares.T
    seen = trusting == 1
    np.testing.assert_allclose(earned[seen & (honest > 0), 0], 5)
    np.testing.assert_allclose(earned[seen & (cheat > 0), 1], 6)
    np.testing.assert_allclose(earned[walking > 0, 3], 0)
    sure = (trusting > 0) & (cheat == 1)
    np.testing.assert_allclose(earned[sure, 2], -2)
    np.testing.assert_allclose(earned[(trusting > 0) & (honest == 1), 2], 1)


# --- basins and fixed points, from arrays ---------------------------------------------------------


def test_basins_of_ends_that_are_known():
    """Two corners of a triangle: by a line at .4, whose cells are what the grid cannot tell."""
    grid = Mixtures.of(mixed(*THREE, each=20), 20)
    first = grid.shares[:, 0] > 0.4
    corner = np.eye(3)[np.where(first, 0, 1)]
    found = basins(grid, np.repeat(corner[:, None], 50, axis=1))
    volumes = sorted((v.estimate, v.low, v.high) for v in found.volumes)
    # What is above a line at .4 of the height is .6 squared of a triangle.
    assert len(volumes) == 2 and volumes[0][1] < 0.36 < volumes[0][2]
    assert volumes[0][2] - volumes[0][1] < 0.12
    assert volumes[0][0] + volumes[1][0] == pytest.approx(1)
    assert [home.sum() for home in found.homes] == [1, 1]
    assert (found.majority[first] == 1).all() and (found.majority[~first] == 0).all()


@pytest.mark.parametrize("seats", [2, 3])
def test_fixed_points_of_flows_that_are_known(seats):
    """Random games: an exact flow on a grid has the fixed points of the replicator equation."""
    kinds = [Random(cooperation=c / 2) for c in range(seats)]
    grid = Mixtures.of(mixed(*kinds, each=40), 40)
    table = [[0, 2], [1, 0]] if seats == 2 else [[1, 5, 0], [0, 1, 5], [5, 0, 4]]
    flow = np.array([replicator_flow(table, x) for x in grid.shares])
    found = flow_rest_points(grid, flow, np.zeros_like(flow))
    expected = replicator_rest_points(table)
    assert len(found) == len(expected)
    for rest in found:
        at = np.abs(expected - rest.shares).max(axis=1)
        assert at.min() < 0.01
        assert rest.stability == roles_stability(table, [0] * seats, expected[at.argmin()])


def test_what_is_not_told_from_luck_is_no_fixed_point():
    grid = Mixtures.of(mixed(*THREE, each=20), 10)
    noise = RANDOM.normal(size=grid.shares.shape)
    noise -= noise.mean(axis=1, keepdims=True)
    assert len(flow_rest_points(grid, noise, np.ones_like(noise))) <= 1


def test_rest_points_of_one_role_are_those_of_the_replicator_equation():
    table = RANDOM.uniform(-1, 3, (3, 3))
    np.testing.assert_allclose(
        roles_rest_points(table, "aaa"), replicator_rest_points(table), atol=1e-9
    )
    shares = RANDOM.dirichlet([1, 1, 1])
    np.testing.assert_allclose(
        roles_flow(table, "aaa", shares), replicator_flow(table, shares), atol=1e-12
    )


def test_stability_is_what_a_small_disturbance_does():
    """Any game of two roles: flow along the eigenvectors grows or dies as the word says."""
    table = np.zeros((4, 4))
    table[:2, 2:], table[2:, :2] = RANDOM.uniform(-1, 1, (2, 2, 2))
    for point in roles_rest_points(table, "aabb"):
        np.testing.assert_allclose(roles_flow(table, "aabb", point), 0, atol=1e-9)
        if set(point) == {0.0, 1.0}:
            # At a corner, whether who is not there would earn more: sellers and buyers apart.
            leads = [
                (table @ point)[s] - (table @ point)[s ^ 1] for s in np.flatnonzero(point == 0)
            ]
            expected = "saddle" if min(leads) < 0 < max(leads) else "unstable"
            expected = "stable" if max(leads) < 0 else expected
            assert roles_stability(table, "aabb", point) == expected


def test_intervals_of_shares():
    assert proportion(5, 10).low == pytest.approx(0.2366, abs=1e-4)  # Wilson (1927)
    assert np.isnan(proportion(0, 0).estimate)
    assert proportion(10, 10).high == 1.0


# --- what must never change ----------------------------------------------------------------------

SAME = ("flow", "flow_error", "earned", "matrices", "ends", "welfare")


def equal(one, other, rows=(0, 0)):
    for name in SAME:
        np.testing.assert_array_equal(
            getattr(one, name)[rows[0]], getattr(other, name)[rows[1]], err_msg=name
        )
    assert repr(one.attractors[rows[0]]).replace(one.arms[rows[0]].name, "") == repr(
        other.attractors[rows[1]]
    ).replace(other.arms[rows[1]].name, "")


def test_an_institution_that_is_off_changes_no_bit_of_the_landscape():
    arms = Arm("none"), Arm("idle", {"reputation": "off"}), Arm("on", {"reputation": "enforced"})
    found = small(market, arms=arms, seed=7)
    absent = small(market({}, ledger=False), seed=7)
    equal(found, found, (0, 1))
    equal(found, absent)
    assert (found.ends[2] != found.ends[0]).any()


def test_threads_and_time_change_nothing_and_seeds_do():
    scenario = market({})
    one, two = (small(scenario, seed=3, threads=k) for k in (1, 2))
    equal(one, two)
    assert (small(scenario, seed=4).ends != one.ends).any()


def test_turning_seats_from_outside_is_becoming():
    scenario = market({}).replace(rounds=9)
    ws = scenario.worlds(1, 5)
    run_until(scenario, ws, 4, "interpreted")
    by_hand, at_once = ws.copy(), ws.copy()
    seating = ws["strain"][:, :8].copy()
    for seat, strain in ((1, 1 - int(seating[0, 1])), (6, 5 - int(seating[0, 6]))):
        become(by_hand[0], seat, strain)
        seating[0, seat] = strain
    turn_seats(at_once, seating)
    for one, other in ((at_once, by_hand), (at_once["sight"], by_hand["sight"])):
        for field in set(ws.dtype.names if one is at_once else ws["sight"].dtype.names) - {"sight"}:
            np.testing.assert_array_equal(one[field], other[field], err_msg=field)


# --- what it leaves ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told():
    about = {
        "title": "Landscape: here",
        "game": {"moral_hazard_market": {"summary": "They <sell>.", "parameters": {}}},
        "institutions": {},
        "players": "two of each",
        "seed": 1,
        "versions": {},
        "code_hash": "c",
        "config_hash": "d",
        "command": "none",
    }
    arms = [Arm("none", {}, "Nothing"), Arm("reputation", {"reputation": "enforced"}, "A ledger")]
    return small(market, arms=arms), about


def test_a_folder_tells_all_and_is_the_same_each_time(told, tmp_path):
    found, about = told
    pages = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_report(tmp_path / name, found, about)
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        pages.append({str(p.relative_to(tmp_path / name)): p.read_bytes() for p in files})
    assert pages[0] == pages[1]
    for needed in (
        "report.html",
        "attractors.csv",
        "fixed_points.csv",
        "flows.csv",
        "ends.csv",
        "landscape.json",
        "figures/flows.png",
        "figures/flows.svg",
        "figures/basins.png",
    ):
        assert needed in pages[0]
    page = pages[0]["report.html"].decode()
    assert "$" not in page and "They &lt;sell&gt;" in page and "No institution" in page
    ends = pd.read_csv(tmp_path / "one" / "ends.csv")
    assert len(ends) == found.ends[..., 0].size
    flows = pd.read_csv(tmp_path / "one" / "flows.csv")
    assert len(flows) == 2 * len(found.grid.counts)
    attractors = pd.read_csv(tmp_path / "one" / "attractors.csv")
    assert (attractors["volume_low"] <= attractors["volume"]).all()


def test_words_say_which_attractor_is_negative(told):
    found, _ = told
    text = terminal_table(found)
    assert max(map(len, text.splitlines())) <= 100
    assert len(answer(found)) == 2 and answer(found)[0].startswith("No institution: ")


@pytest.mark.parametrize("agents", [(Cooperator(), Defector()), THREE])
def test_lines_and_triangles_are_drawn(agents, tmp_path):
    found = small(mixed(*agents), Plan(grid=2, worlds=2, generations=2, patience=1, watch=1))
    about = {"title": "x", "game": {}, "institutions": {}, "players": "", "seed": 1}
    write_report(
        tmp_path,
        found,
        {**about, "versions": {}, "code_hash": "", "config_hash": "", "command": ""},
    )
    assert (tmp_path / "figures" / "flows.png").stat().st_size > 1000


def test_settings_make_the_arms_and_the_landscape():
    config = {
        "game": {"repeated_dilemma": {}},
        "institutions": {"reputation": {}, "bond": {"stake": 2}},
        "population": {
            "repeated_dilemma": {
                "player": [{"agent": "cooperator", "seats": 2}, {"agent": "defector", "seats": 2}]
            }
        },
        "strains": None,
        "dynamics": {"name": "imitate_best"},
        "matching": "rematched",
        "noise": 0.0,
        "seed": 1,
        "threads": 1,
        "output": None,
        "landscape": {
            "grid": 2,
            "worlds": 1,
            "generations": 1,
            "patience": 1,
            "watch": 1,
            "names": {"repeated_dilemma": {"player": {"defector": "hawk"}}},
        },
    }
    assert [arm.name for arm in arms_of(config)] == ["none", "reputation", "bond", "all_together"]
    config["institutions"] = {"reputation": {}}
    found = landscape_of(config, "interpreted", progress=False)
    assert found.grid.strains == ("cooperator", "hawk") and found.flow.shape == (2, 3, 2)
    assert "they adapt by imitate best" in describe(config)["players"]
    for landscape_, said in (
        ({"gird": 2}, "did you mean grid"),
        ({"grid": 3}, "does not divide the 4 seats of role player: take one of 2, 4"),
        ({"shock": 2}, "shock must lie in"),
        ({"worlds": 0}, "worlds must be a whole number"),
        ({"generation": 0}, "generation=0"),
        ({"names": {"repeated_dilemma": {"player": {"defecter": "x"}}}}, "did you mean defector"),
        ({"names": {"repeated_dilemma": {"plyer": {}}}}, "did you mean player"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            plan = {"grid": 2, **landscape_}
            landscape_of({**config, "landscape": plan}, "interpreted", progress=False)
    for change, said in (
        ({"dynamics": None}, "one way to adapt"),
        ({"game": {}}, "of one game, not of none"),
        ({"seed": -1}, "seed"),
        ({"dynamics": {"name": "moran", "until_fixed": 1}}, "until_fixed must be 0"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            landscape_of({**config, **change}, "interpreted", progress=False)


def test_what_could_not_be_drawn_is_refused():
    with pytest.raises(ConfigurationError, match="player: random_0, random_1, random_2, coop"):
        small(mixed(*THREE, Cooperator()))
    with pytest.raises(ConfigurationError, match="one strain in each role"):
        small(mixed(Cooperator()))
    with pytest.raises(ConfigurationError, match="continuation must be 1"):
        small(mixed(Cooperator(), Defector(), continuation=0.5))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["landscape.gird=3"], "did you mean grid"),
        (["landscape.grid=7"], "does not divide the 40 seats of role seller"),
        (["dynamics.name=morn"], "did you mean moran"),
        (["dynamics=null"], "one way to adapt"),
        (["game=[repeated_dilemma]"], "drop one, ~game.moral_hazard_market"),
        (["institutions=[bon]"], "did you mean bond"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["landscape", *words])
    said = capsys.readouterr().err.strip()
    assert stop.value.code == 2 and told in said and "\n" not in said
    assert list(tmp_path.iterdir()) == []
