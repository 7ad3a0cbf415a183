"""Does the report of a study over a grid count, draw and tell what its points allow?"""

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

from posalign_sim.experiments.study.report import terminal_table, write_report
from posalign_sim.experiments.study.report.factorial import study_effects
from posalign_sim.experiments.study.report.grid import main_effects, over_grid, over_points
from posalign_sim.experiments.study.report.methods import methods
from posalign_sim.experiments.study.report.verdicts import study_contrasts, verdicts
from posalign_sim.metrics.statistics import contrasts

WORLDS = 24
ARMS = {"none": "Nothing.", "bond": "A stake.", "bond_told": "Told, not enforced."}


def study(axes, **changes):
    points = [dict(zip(axes, row, strict=True)) for row in product(*axes.values())]
    made = {
        "name": "sweep", "title": "A sweep", "question": "Where do bonds help?",
        "games": {"trust_game": {"summary": "Send and return.", "parameters": {}}},
        "arms": ARMS, "population": {"trust_game": "Ten who reciprocate."},
        "primary": "welfare_net", "secondary": ["cooperation"], "baseline": "none",
        "placebos": {"bond": ["bond_told"]}, "seed": 7, "worlds": WORLDS, "rounds": 20,
        "versions": {"numpy": "2.0"}, "code_hash": "c0de", "config_hash": "c0f1",
        "command": "posalign-sim study=sweep", "claims_minimum_worlds": 20,
        "axes": axes, "points": points, "configurations": 3 * len(points),
    }  # fmt: skip
    return made | changes


def results(about, gain, worlds=WORLDS, metrics=("welfare_net", "welfare_gross")):
    """Results in which a bond adds `gain(point)` to luck that all arms and points share."""
    rng = np.random.default_rng()  # any seed must do
    points = about["points"]
    luck = rng.normal(size=worlds)
    tables = []
    for arm, payoffs in product(ARMS, ("ordinary", "zero_sum_twin")):
        added = np.array([gain(point) * (arm == "bond") for point in points])
        noise = rng.normal(size=(len(points), worlds)) * 0.05 * (arm != "none")
        noise -= noise.mean(axis=1, keepdims=True)  # so that the mean effect is the gain
        values = np.ones(noise.shape)
        if payoffs == "ordinary":
            values = luck + noise + added[:, None]
        point, world = np.indices(values.shape)
        axes = {a: np.array([p[a] for p in points], object)[point.ravel()] for a in about["axes"]}
        tables += [
            pd.DataFrame({
                "game": "trust_game", "arm": arm, "payoffs": payoffs, "point": point.ravel(),
                **axes, "world": world.ravel(), "metric": metric, "value": values.ravel(),
            })
            for metric in metrics
        ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


LINE = study({"noise": [0.0, 0.1, 0.2]})
PLANE = study({"institutions.bond.stake": [1.0, 2.0, 3.0], "noise": [0.0, 0.1, 0.2]})
SPACE = study({"noise": [0.0, 0.1], "matching": ["fixed", "rematched"], "rounds": [10, 20, 30]})


def no_history():
    return pd.DataFrame()


def test_a_point_is_contrasted_as_a_study_of_its_own():
    table = results(LINE, lambda point: point["noise"])
    found = study_contrasts(table, LINE)
    for number in range(3):
        here = table[table["point"] == number]
        alone = contrasts(
            here, "none", ["bond", "bond_told"], "welfare_net", placebos=LINE["placebos"], seed=7
        )
        mine = found[(found["metric"] == "welfare_net") & (found["point"] == number)]
        columns = ["arm", "comparison", "against", "payoffs"]
        both = alone.merge(mine, on=columns, suffixes=("", "_grid"))
        assert len(both) == len(alone) == len(mine)
        np.testing.assert_allclose(both["estimate"], both["estimate_grid"], atol=1e-12)
    # One family: 3 points of an effect and a lead over the twin for each arm, and one placebo.
    family = found[(found["metric"] == "welfare_net") & found["p_holm"].notna()]
    assert len(family) == 3 * 5
    smallest = family.loc[family["p_value"].idxmin()]
    assert smallest["p_holm"] == pytest.approx(min(1.0, 15 * smallest["p_value"]))


def test_arms_are_counted_over_points_and_the_best_is_found():
    gains = {0.0: 1.0, 0.1: 0.0, 0.2: -1.0}
    table = study_contrasts(results(LINE, lambda point: gains[point["noise"]]), LINE)
    bond, told = over_grid(verdicts(table, LINE))
    assert (bond.arm, bond.parent, told.parent) == ("bond", None, "bond")
    assert (bond.codes["raises"], bond.codes["lowers"], bond.points) == (1, 1, 3)
    assert bond.median == pytest.approx(0.0, abs=1e-9)
    assert bond.most == pytest.approx(1.0) and bond.best.point == 0 and bond.worst.point == 2
    assert told.codes["raises"] == 0
    lines = terminal_table(table, LINE).splitlines()
    assert max(map(len, lines)) <= 100
    row = next(line for line in lines if line.startswith("bond"))
    assert row.split()[:4] == ["bond", "1", "1", "3"] and row.endswith("at noise 0")


def test_few_worlds_at_a_point_make_no_claim_there():
    table = results(LINE, lambda point: 1.0)
    where = (table["point"] == 1) & (table["arm"] == "bond") & (table["world"] == 3)
    table.loc[where & (table["payoffs"] == "ordinary"), "value"] = np.nan
    found = study_contrasts(table, LINE)
    assert "=> no claim at 1 of 6 points" in terminal_table(found, LINE)
    codes = {(v.arm, v.point): v.code for v in verdicts(found, LINE)}
    assert codes["bond", 1] == "no_claim"
    assert codes["bond", 0] == codes["bond", 2] == "raises"


@pytest.mark.parametrize("about", [LINE, PLANE, SPACE], ids=["line", "plane", "space"])
def test_the_page_of_a_grid(about, tmp_path):
    gain = 0.0 if about is PLANE else 1.0  # nothing survives on the plane: it is hatched
    table = results(about, lambda point: gain * (1 - point["noise"]))
    text = write_report(tmp_path, table, no_history(), about).read_text()
    words = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    assert f"{len(about['points'])} <b>points</b> of a grid" in words
    assert f"{3 * len(about['points'])} configurations were run" in words
    assert "$" not in words and "nan" not in words.lower().split()
    for suffix in ("png", "svg", "pdf", "csv"):
        assert (tmp_path / "figures" / f"grid_trust_game.{suffix}").stat().st_size > 300
    saved = pd.read_csv(tmp_path / "contrasts.csv")
    assert set(about["axes"]) <= set(saved.columns)  # who reads it need not know the numbers
    assert set(saved["status"]) == {"exploratory"}
    summary = (tmp_path / "summary.md").read_text()
    assert "Most at" in summary and "of a grid" in summary
    assert r"\label{tab:sweep-contrasts}" in (tmp_path / "tables" / "contrasts.tex").read_text()


def test_methods_tell_what_was_swept_and_not_one_value_of_it():
    stake = {
        "summary": "A stake.",
        "parameters": {"stake": (3.0, "points", ""), "fee": (0, "", "")},
    }
    text = " ".join(methods(PLANE | {"institutions": {"bond": stake}, "noise": 0.0}))
    assert "stake (swept) and fee 0" in text
    assert "probability that an act slips was swept" in text and "No act slipped" not in text
    assert "9 points of a grid: stake of bond (1, 2, 3); noise (0, 0.1, 0.2)" in text


def test_main_effects_have_the_world_as_unit():
    # Each world has an effect of its own, the same at all points: more points bring no knowledge.
    table = results(SPACE, lambda point: 0.0, metrics=("welfare_net",))
    own = np.random.default_rng().normal(1.0, 0.5, WORLDS)
    bond = (table["arm"] == "bond") & (table["payoffs"] == "ordinary")
    table.loc[bond, "value"] += own[table.loc[bond, "world"]]
    means = main_effects(table, SPACE)
    row = means[(means["arm"] == "bond") & (means["axis"] == "matching")].iloc[0]
    assert row["pairs"] == WORLDS
    assert row["estimate"] == pytest.approx(own.mean())
    error = own.std(ddof=1) / np.sqrt(WORLDS)
    assert 0.5 < (row["high"] - row["low"]) / (2 * 1.96 * error) < 1.5
    assert set(means["axis"]) == {"noise", "matching", "rounds"}


def test_factorial_effects_over_a_grid_are_means_over_points():
    about = study({"noise": [0.0, 1.0]}, arms={"none": "", "bond": ""}, factors=["bond"])
    table = results(about, lambda point: point["noise"], metrics=("welfare_net",))
    effects = study_effects(table, about)
    assert effects["estimate"].tolist() == pytest.approx([0.5])
    assert effects["pairs"].tolist() == [WORLDS]
    assert len(over_points(table)) == len(table) / 2


def test_levels_that_are_at_hand_are_not_found_anew(tmp_path):
    table = results(LINE, lambda point: 1.0)
    keys = ["game", "arm", "payoffs", "metric", "point"]
    levels = table.groupby(keys)["value"].agg(mean="mean", worlds="size").reset_index()
    levels["undefined"] = 0
    ready = study_contrasts(table, LINE)
    primary = table[table["metric"] == "welfare_net"]
    write_report(tmp_path / "a", primary, no_history(), LINE, ready, levels=levels)
    write_report(tmp_path / "b", table, no_history(), LINE, ready)
    pages = [(tmp_path / name / "report.html").read_text() for name in "ab"]
    assert pages[0] == pages[1]
    assert len(pd.read_csv(tmp_path / "a" / "summary.csv")) == len(levels)


def test_a_large_grid_stays_small(tmp_path):
    side = [round(float(x), 3) for x in np.linspace(0, 1, 40)]
    about = study({"noise": side, "institutions.bond.stake": side}, placebos={},
                  arms={"none": "", "bond": ""}, secondary=[], worlds=20)  # fmt: skip
    table = results(about, lambda p: p["noise"] - 0.5, worlds=20, metrics=("welfare_net",))
    page = write_report(tmp_path, table[table["arm"] != "bond_told"], no_history(), about)
    text = page.read_text()
    assert text.count("<tr") < 100
    assert len(text) < 500_000
    assert "contrasts.csv" in text
    assert len(pd.read_csv(tmp_path / "contrasts.csv")) == 1600 * 3
