"""Searches where the best design is known; fronts; what is refused; what is written."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posalign_sim import ConfigurationError
from posalign_sim.experiments import extras
from posalign_sim.experiments.main import composed
from posalign_sim.experiments.search import search
from posalign_sim.experiments.search.command import describe, show_search, split
from posalign_sim.experiments.search.front import dominates, judge, mean_interval, non_dominated
from posalign_sim.experiments.search.report import write_report
from posalign_sim.experiments.search.search import Problem
from posalign_sim.experiments.search.settings import plan_of
from posalign_sim.experiments.search.tables import front_table, trial_table

RATE = "institutions.audit.rate"
BOTH = {"welfare_net": "up", "institution_cost": "down"}


def setting(over=None, rounds=4, institutions=None, replicates=6, seed=1, study=None, **more):
    """Two opportunists in a dilemma whom only an auditor keeps from defecting.

    A defection gains 2 points, a fine costs 10: they cooperate where at least a fifth of all acts
    are audited, and each audit burns a point.
    """
    audit = {"audit": {"power": 1, "false_positive": 0, "fine": 10, "cost": 1}}
    player = {"agent": "opportunist", "seats": 2, "learning": 0, "explore": 0}
    return {
        "game": {"repeated_dilemma": {}},
        "institutions": audit if institutions is None else institutions,
        "population": {"repeated_dilemma": {"player": [player]}},
        "study": study or {},
        "matching": "fixed",
        "rounds": rounds,
        "continuation": 1.0,
        "noise": 0.0,
        "replicates": replicates,
        "seed": seed,
        "threads": 1,
        "output": None,
        "search": {
            **{"trials": 24, "worlds": 4, "generation": 8, "objectives": BOTH},
            "over": over or {RATE: [0, 1]},
            **more,
        },
    }


def tried(config):
    return search(config, mode="interpreted", progress=False)


@pytest.fixture(scope="module")
def audited():
    return tried(setting())


# --- fronts --------------------------------------------------------------------------------------


@given(arrays(np.float64, (6, 2), elements=st.integers(0, 3)))
def test_a_front_is_what_nothing_beats_and_all_else_is_beaten_by_it(values):
    front = non_dominated(values)
    assert front.any()
    for k, point in enumerate(values):
        beaten = any(
            (other >= point).all() and (other > point).any() for other in values[front].tolist()
        )
        assert beaten == (not front[k])


def test_nothing_beats_its_equal_and_the_unknown_beats_nothing():
    assert non_dominated([[1, 1], [1, 1]]).all()
    assert not dominates([np.nan, 2], [1, 1])


def test_beaten_by_means_is_not_yet_beaten_beyond_chance():
    # The second is better by 1 in all worlds; the third by 1 on average, and much worse in half.
    swing = np.array([9.0, -7.0] * 4)
    worlds = np.array([[np.zeros(8)], [np.ones(8)]])
    assert judge(worlds) == [("clearly beaten", 1), ("stays", -1)]
    assert judge([[np.zeros(8)], [swing]]) == [("beaten", 1), ("stays", -1)]
    # Of what is not known nothing is said.
    assert judge([[np.full(8, np.nan)], [swing]]) == [("undefined", -1), ("stays", -1)]


def test_intervals_hold_the_mean_as_often_as_they_say():
    draws = np.random.default_rng().exponential(size=(2000, 60))
    held = np.mean([low <= 1 <= high for _, low, high in map(mean_interval, draws)])
    # Of a skewed law a little less than 95%, which 60 worlds all but mend; 4 standard errors.
    assert 0.92 - 4 * np.sqrt(0.95 * 0.05 / 2000) < held < 0.95 + 4 * np.sqrt(0.05 * 0.95 / 2000)
    assert np.isnan(mean_interval([np.nan, np.nan])[0])


# --- a best design that is known -----------------------------------------------------------------


def test_the_best_design_is_just_above_the_threshold(audited):
    """Below a fifth nobody cooperates and audits are waste; above it every further audit is."""
    rates = np.array([trial.point[RATE] for trial in audited.trials])
    welfare, cost = np.array([trial.values for trial in audited.trials]).T
    cooperate = rates >= 0.2
    np.testing.assert_allclose(welfare + cost, np.where(cooperate, 3.0, 1.0))
    # Nobody is on the front whom a lower rate on the same side of the threshold beats.
    front = np.isin(np.arange(len(rates)), audited.front)
    least = min(rates[cooperate])
    assert welfare[front].max() == welfare[cooperate].max() == welfare[rates == least].item()
    assert set(np.round(welfare[front] + cost[front], 9)) <= {1.0, 3.0}
    # Same luck in each design: a higher rate audits whatever a lower one does.
    order = np.argsort(rates)
    assert (np.diff(cost[order]) >= -1e-12).all()


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_a_search_ends_nearer_to_the_best_than_it_began(sampler):
    found = tried(setting(trials=48, sampler=sampler, objectives={"welfare_net": "up"}))
    welfare = np.array([trial.values[0] for trial in found.trials])
    assert welfare[-8:].mean() > welfare[:8].mean()
    rate = found.trials[found.front[0]].point[RATE]
    # Of 48 even draws at random, 1 in 500,000 sets has none in a quarter of the range.
    assert 0.2 <= rate < 0.45
    assert found.none.means.item() == 1.0


def test_same_seed_same_front_and_another_seed_another_search(audited):
    again, other = tried(setting()), tried(setting(seed=2, trials=8))
    pd.testing.assert_frame_equal(front_table(audited), front_table(again))
    pd.testing.assert_frame_equal(trial_table(audited), trial_table(again))
    rates = [[trial.point[RATE] for trial in found.trials] for found in (audited, other)]
    assert rates[0][:8] != rates[1]


def test_the_front_is_measured_on_worlds_that_the_search_has_not_seen(audited):
    problem = Problem(setting(), plan_of(setting()), "interpreted")
    points = [audited.trials[k].point for k in audited.front]
    seen = problem.measure(points, np.arange(4))
    np.testing.assert_array_equal(seen.means, audited.searched)
    fresh = problem.measure(points, np.arange(4, 10))
    np.testing.assert_array_equal(fresh.values, audited.fresh.values)
    # What a design comes to does not depend on what is tried beside it.
    np.testing.assert_array_equal(problem.measure(points[:1], np.arange(4)).means, seen.means[:1])
    gap = (audited.searched - audited.fresh.means) * [1, -1]
    np.testing.assert_allclose(audited.optimism, gap.mean(axis=0))


def test_designs_of_the_front_that_fresh_worlds_put_behind_others_are_marked(audited):
    value = audited.fresh.means * [1, -1]
    stays = np.array([verdict == "stays" for verdict, _ in audited.verdicts])
    assert (stays == non_dominated(value)).all()
    for place, (verdict, by) in enumerate(audited.verdicts):
        assert (by >= 0) == (verdict != "stays")
        assert by < 0 or dominates(value[by], value[place])


def test_strengths_are_searched_and_numbers_of_what_is_off_do_not_count():
    over = {"institutions.audit": ["off", "enforced"], RATE: [0.3, 0.9]}
    found = tried(setting(over=over))
    off = [k for k in found.front if found.trials[k].point["institutions.audit"] == "off"]
    assert len(off) == 1 and found.trials[off[0]].values.tolist() == [1.0, 0.0]
    on = [t.values.sum() for t in found.trials if t.point["institutions.audit"] == "enforced"]
    np.testing.assert_allclose(on, 3.0)


def test_an_arm_of_the_study_is_designed_with_its_own_numbers():
    arms = {
        "none": {},
        "dear": {"institutions": {"audit": "enforced"}, "settings": {"institutions.audit.cost": 2}},
    }
    found = tried(setting(study={"arms": arms}, arm="dear", trials=8))
    chosen = tried(setting(trials=8))
    for one, other in zip(found.trials, chosen.trials, strict=True):
        assert one.point == other.point
        assert one.values[1] == pytest.approx(2 * other.values[1])


def test_whoever_is_ruined_counts_as_treated_unfairly():
    config = setting(over={RATE: [0, 0.1]}, institutions={"audit": {"cost": 0, "fine": 0}})
    config["game"] = {"repeated_dilemma": {"punishment": -1, "sucker": -2}}
    del config["search"]["objectives"]
    plan = plan_of(config)
    names = [objective.metric for objective in plan.objectives]
    assert names == ["welfare_net", "fairness", "autonomy", "institution_cost"]
    came = Problem(config, plan, "interpreted").measure([{RATE: 0.0}], np.arange(2))
    assert came.means.tolist() == [[-1.0, 0.0, 1.0, 0.0]]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"over": {RATE: [0, 2]}}, r"\[0, 2\] goes beyond .* \[0, 1\] probability"),
        ({"over": {RATE: [0.5, 0.5]}}, "not below"),
        ({"over": {RATE: [0, 1, "log"]}}, "begins above 0"),
        ({"over": {RATE: [0, 1, "lgo"]}}, "did you mean log"),
        ({"over": {RATE: 0.5}}, r"\[low, high\]"),
        ({"over": {RATE: [0, True]}}, "two numbers"),
        ({"over": {"institutions.audit.rat": [0, 1]}}, "did you mean rate"),
        ({"over": {"institutions.bond.stake": [0, 1]}}, "bond is not chosen"),
        ({"over": {"institutions.audit": ["off", "on"]}}, "no strength 'on'"),
        ({"over": {"institutions.audit": ["off"]}}, "at least two"),
        ({"over": {"matching": [0, 1]}}, "cannot be searched"),
        ({"over": {RATE: [0, 1]}, "arm": "none", "study": {"arms": {"none": {}}}}, "is off in"),
        ({"objectives": ["honesty"]}, "whether more of honesty is better"),
        ({"objectives": {"welfare_net": "higher"}}, "up or down"),
        ({"objectives": {"welfar": "up"}}, "did you mean welfare"),
        ({"trials": 0}, "search.trials must be a whole number"),
        ({"sampler": "nsga"}, "did you mean nsga2"),
        ({"triasl": 3}, "did you mean trials"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(more, message):
    config = setting(**more)
    with pytest.raises(ConfigurationError, match=message):
        Problem(config, plan_of(config))


def test_a_grid_and_a_sweep_are_refused():
    with pytest.raises(ConfigurationError, match="no grid"):
        plan_of({**setting(), "grid": {"noise": [0, 0.1]}})
    with pytest.raises(ConfigurationError, match="does not sweep"):
        show_search(["-m", "noise=0,0.1"], composed)
    with pytest.raises(ConfigurationError, match="one value at a time"):
        split(["search.trials=1,2"])
    with pytest.raises(ConfigurationError, match="did you mean trials"):
        split(["search.trails=1"])


def test_where_nothing_is_defined_nothing_is_found():
    config = setting(objectives={"forgiveness": "up"}, over={RATE: [0.5, 1]}, trials=8)
    with pytest.raises(ConfigurationError, match="none of 8 designs"):
        tried(config)


def test_without_optuna_one_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(extras, "find_spec", lambda package: None)
    words = [f"search.over.{RATE}=[0, 1]", "institutions=[audit]", f"output={tmp_path / 'new'}"]
    with pytest.raises(ConfigurationError, match=r"needs optuna: pip install .*\[search\]"):
        show_search(words, composed)
    assert not (tmp_path / "new").exists()


# --- what is written -----------------------------------------------------------------------------


def test_words_are_split_between_the_search_and_the_study():
    search_words = ["search.over={noise: [0.0, 0.1]}", "search.objectives=[welfare_net]"]
    given_, rest = split(["study=trust_market", *search_words, "seed=3"])
    assert given_ == {"over": {"noise": [0.0, 0.1]}, "objectives": ["welfare_net"]}
    assert rest == ["study=trust_market", "seed=3"]


def test_a_report_stands_alone_and_is_the_same_bytes_again(audited, tmp_path):
    about = describe(setting())
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_report(tmp_path / name, audited, about)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert {p.suffix for p in files if p.parts[0] == "figures"} == {".png", ".svg", ".csv"}
    front = pd.read_csv(tmp_path / "one" / "front.csv")
    ours = front[front["design"] == "front"]
    assert len(ours) == len(audited.front)
    assert (ours["welfare_net_low"] <= ours["welfare_net"]).all()
    assert ours["welfare_net_search"].tolist() == pytest.approx(audited.searched[:, 0].tolist())
    page = (tmp_path / "one" / "report.html").read_text()
    assert "$" not in page.split("</style>")[1].split("<img")[0] and "http" not in page


def test_the_command_writes_a_whole_folder(monkeypatch, tmp_path, capsys):
    """The one compiled run here: the whole way from words to a folder."""
    monkeypatch.setattr("sys.argv", ["posalign-sim"])
    folder = tmp_path / "found"
    words = [
        "game=[repeated_dilemma]",
        "institutions=[]",
        "population=reciprocal",
        "rounds=4",
        "replicates=4",
        f"output={folder}",
        "search.over={noise: [0.0, 0.2], game.repeated_dilemma.reward: [2, 4]}",
        "search.trials=8",
        "search.generation=4",
        "search.worlds=4",
        "search.objectives=[welfare_net, autonomy]",
    ]
    assert show_search(words, composed) == 0
    assert "8 designs tried" in " ".join(capsys.readouterr().out.split())
    there = {path.name for path in folder.iterdir()}
    assert {"trials.csv", "front.csv", "report.html", "provenance.json", "config.yaml"} <= there
    assert "optuna" in json.loads((folder / "provenance.json").read_text())["versions"]
    assert len(pd.read_csv(folder / "trials.csv")) == 8
    assert not list(tmp_path.glob(".*unfinished*"))
    with pytest.raises(ConfigurationError, match="already there"):
        show_search(words, composed)
