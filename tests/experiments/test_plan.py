"""Does a plan count what a study runs, and does a power analysis say how many worlds are enough?"""

from copy import deepcopy
from functools import cache

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.experiments.main import composed
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.plan import budget_of, plan_study
from posalign_sim.experiments.study.power_command import power_of_study, show_power
from posalign_sim.experiments.study.tables import tasks_of
from posalign_sim.metrics.inference import power
from posalign_sim.world.engine import Engine

SMALL = ("game=repeated_dilemma", "institutions=[bond]", "rounds=20", "replicates=8")


@cache
def composition():
    return composed(list(SMALL))[0]


def configuration(**settings):
    return {**deepcopy(composition()), **settings}


@pytest.fixture(scope="module")
def first():
    return plan_study(configuration())


def test_what_is_in_the_cache_is_not_compiled_again(first, tmp_path, monkeypatch):
    assert first.scenarios == 1
    again = plan_study(configuration(replicates=4))  # other numbers, the same structure
    assert (again.scenarios, again.compilations, again.compile_minutes) == (1, 0, 0)
    design = Design(configuration())
    structure = design.scenario(tasks_of(design, [8])[0]).structure
    assert Engine(structure, "compiled").is_compiled()
    monkeypatch.setenv("POSALIGN_CACHE", str(tmp_path))
    assert not Engine(structure, "compiled").is_compiled()


def test_a_plan_counts_worlds_and_what_agents_live_through(first):
    assert first.worlds == 1 * 4 * 1 * 2 * 8  # game, arms, point, payoffs, replicates
    design = Design(configuration())
    agents = len(design.scenario(tasks_of(design, [8])[0]).seats)
    assert first.agent_rounds == agents * 20 * first.worlds
    assert sum(arm.agent_rounds for arm in first.arms) == first.agent_rounds
    assert sum(arm.worlds for arm in first.arms) == first.worlds
    assert first.games[0].seconds > 0
    assert (first.model_calls, first.tokens, first.money) == (0, 0, 0)


def test_a_plan_of_a_grid_counts_every_point_and_every_structure():
    config = configuration()
    config["grid"] = {"continuation": [1.0, 0.5], "rounds": [10, 20]}
    plan = plan_study(config)
    design = Design(config)
    assert plan.points == 4 and plan.worlds == design.worlds == 4 * 64
    assert plan.tasks == len(tasks_of(design, design.looks()))
    assert plan.scenarios == 1  # how long worlds last is no part of their structure
    agents = len(design.scenario(tasks_of(design, [8])[0]).seats)
    halves = 2 - 2**-9 + 2 - 2**-19  # 1 + 1/2 + ... over ten and over twenty rounds
    assert plan.agent_rounds == pytest.approx(agents * 64 * (10 + 20 + halves), rel=1e-9)


def test_a_study_that_may_stop_early_is_planned_to_its_end():
    config = configuration()
    config["study"]["claims_minimum_worlds"] = 4
    config["study"]["stopping"] = {"first": 4, "most": 12, "looks": 2}
    plan = plan_study(config)
    assert plan.looks == (4, 12) and plan.worlds == 4 * 2 * 12 and plan.tasks == 2
    assert "4, 12" in plan.text()


def test_planning_writes_nothing_and_fits_on_a_screen(first, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = plan_study(configuration(output=str(tmp_path / "out"))).text()
    assert not list(tmp_path.iterdir())
    assert all(len(line) <= 100 for line in text.splitlines())
    for word in (
        "repeated dilemma",
        "bond shuffled",
        "Time",
        "Disk",
        "Memory",
        "no seat is a language",
    ):
        assert word in text


def test_a_budget_is_kept(first):
    first.check({"minutes": 1e6, "gigabytes": 1e6, "money": 0})
    first.check({})
    first.check(None)
    with pytest.raises(ConfigurationError, match=r"minutes .* of 1e-09"):
        first.check({"minutes": 1e-9})
    with pytest.raises(ConfigurationError, match=r"more than its budget: gigabytes"):
        first.check({"gigabytes": 0, "tokens": 0})


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"minute": 3}, "did you mean minutes"),
        ({"money": -1}, "at least 0"),
        ({"tokens": "many"}, "must be a number"),
    ],
)
def test_a_budget_that_means_nothing_is_refused_before_anything_is_measured(budget, message):
    with pytest.raises(ConfigurationError, match=message):
        budget_of(budget)
    with pytest.raises(ConfigurationError, match=message):
        plan_study(configuration(budget=budget))


def test_the_smallest_effect_that_shows_is_the_one_that_needs_all_worlds():
    config = configuration(replicates=40)
    found = power_of_study(config, pilot=8)
    (need,) = found.needs
    assert found.tests == 8  # three arms, each beyond its twin, too, and two leads over placebos
    assert power(need.smallest, need.sd, 40, 0.05, tests=8) == pytest.approx(0.8, abs=1e-4)
    again = power_of_study(config, effect=need.smallest * 1.001, pilot=8)
    assert again.pairs == 40
    assert power_of_study(config, effect=need.smallest / 2, pilot=8).pairs > 80
    assert all(len(line) <= 100 for line in found.text().splitlines())


def test_points_of_a_grid_are_tests_of_one_family_and_the_worst_is_planned_for():
    def at(*temptations):
        config = configuration()
        config["grid"] = {"game.repeated_dilemma.temptation": list(temptations)}
        return power_of_study(config, pilot=8)

    found = at(5.0, 8.0)
    (need,) = found.needs
    assert found.tests == 16
    assert need.sd == max(alone.needs[0].sd for alone in (at(5.0), at(8.0)))
    assert "most at temptation of repeated dilemma" in found.text()


def test_an_equivalence_is_planned_with_its_margin():
    config = configuration(replicates=40)
    said = {"arm": "bond", "direction": "equivalent"}
    needs = []
    for margin in (0.5, 1.0):
        config["study"]["hypotheses"] = [{**said, "margin": margin}]
        found = power_of_study(config, pilot=8)
        assert found.tests == 1
        needs.append(found.needs[0])
    assert needs[0].pairs > needs[1].pairs
    margin = needs[0].smallest
    assert power(0, needs[0].sd, 40, 0.05, margin=margin) == pytest.approx(0.8, abs=1e-3)


def test_power_refuses_what_makes_no_sense(tmp_path):
    for asked, message in (
        ({"level": 2}, "level must lie inside"),
        ({"effect": 0}, "other than 0"),
        ({"pilot": 1}, "at least 2"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            power_of_study(configuration(), **asked)
    for words, message in (
        (["effect=much"], "effect must be a number"),
        ([str(tmp_path)], "no folder of a study"),
        ([str(tmp_path), "efect=1"], "did you mean effect"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            show_power(words, composed)
