"""Are results read as they were written, and are folders refused that are not whole?"""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from posalign_sim import ConfigurationError
from posalign_sim.experiments import Results, Study
from posalign_sim.experiments.study.folder import file_hash
from posalign_sim.experiments.study.results_command import show_results


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    study = Study.load(
        "default",
        *("game=repeated_dilemma", "institutions=[bond]", "replicates=8", "rounds=20"),
        "noise=0,0.1",
    )
    return study.run(tmp_path_factory.mktemp("study") / "run")


@pytest.fixture
def copied(results, tmp_path):
    return shutil.copytree(results.folder, tmp_path / "copy")


def test_filters_give_what_pandas_would_give(results):
    table = results.table
    assert list(table) == [
        *("game", "arm", "payoffs", "point", "noise", "world", "metric", "value"),
    ]
    for filters, kept in (
        ({"arm": "bond"}, table["arm"] == "bond"),
        ({"metric": ["welfare_net", "faults"]}, table["metric"].isin(["welfare_net", "faults"])),
        ({"payoffs": "ordinary", "point": 1}, (table["payoffs"] == "ordinary") & table["point"]),
        ({"noise": 0.1}, table["noise"] == 0.1),
        ({"arm": ["none"], "noise": [0, 0.5]}, (table["arm"] == "none") & (table["noise"] == 0)),
    ):
        wanted = table[kept.astype(bool)].reset_index(drop=True)
        assert 0 < len(wanted) < len(table)
        pd.testing.assert_frame_equal(results.where(**filters), wanted)


def test_effects_are_those_of_the_worlds(results):
    row = results.contrasts.query(
        "metric == 'welfare_net' and arm == 'bond' and against == 'none' "
        "and payoffs == 'ordinary' and noise == 0.1"
    )
    means = [
        results.where(arm=arm, metric="welfare_net", payoffs="ordinary", noise=0.1)["value"].mean()
        for arm in ("bond", "none")
    ]
    assert row["estimate"].item() == pytest.approx(means[0] - means[1], abs=1e-9)
    past = results.history()["cooperation"]
    assert dict(past.sizes) | {"stretch": 0} == {
        **{"arm": 4, "payoffs": 2, "point": 2, "world": 8},
        "stretch": 0,
    }
    assert set(results.summary["arm"]) == set(results.names("arm"))
    assert results.report.is_file() and results.axes == ["noise"]


def test_a_name_that_is_not_there_is_met_with_the_nearest(results):
    for filters, message in (
        ({"arm": "bnd"}, "did you mean bond"),
        ({"metric": ["welfare_ne"]}, "did you mean welfare_ne"),
        ({"nois": 1}, "did you mean noise"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            results.where(**filters)
    with pytest.raises(ConfigurationError, match="did you mean repeated_dilemma"):
        results.history("repeated_dilema")
    with pytest.raises(ConfigurationError, match="no column of names"):
        results.names("world")


def test_a_folder_that_is_not_whole_is_refused_with_what_to_do(copied, tmp_path):
    with (copied / "contrasts.csv").open("a") as file:
        file.write("one more line\n")
    (copied / "summary.csv").unlink()
    with pytest.raises(ConfigurationError) as damaged:
        Results.open(copied)
    for word in ("contrasts.csv was changed", "summary.csv is missing", "posalign-sim resume"):
        assert word in str(damaged.value)
    (copied / "manifest.json").unlink()
    with pytest.raises(ConfigurationError, match=r"not finished; \d+ parts .* posalign-sim resume"):
        Results.open(copied)
    with pytest.raises(ConfigurationError, match="no folder of a study"):
        Results.open(tmp_path / "elsewhere")


def change(folder, name, old, new):
    """Another study, as far as a comparison sees: a file that was written otherwise."""
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[name] = file_hash(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_two_studies_are_compared_setting_by_setting_and_effect_by_effect(results, copied):
    same = results.compare(copied)
    assert same.settings.empty and same.axes == ("noise",)
    assert (same.contrasts["difference"].dropna() == 0).all()
    assert len(same.contrasts) == len(results.contrasts)
    change(copied, "config.yaml", "matching: rematched", "matching: fixed")
    estimates = results.contrasts["estimate"]
    text = (copied / "contrasts.csv").read_text()
    table = pd.read_csv(copied / "contrasts.csv").assign(estimate=estimates + 2)
    change(copied, "contrasts.csv", text, table.to_csv(index=False))
    other = results.compare(copied)
    assert other.settings.to_numpy().tolist() == [["matching", "rematched", "fixed"]]
    np.testing.assert_allclose(other.contrasts["difference"].dropna(), 2)


def test_the_command_shows_compares_and_exports(results, copied, tmp_path, capsys):
    folder = str(results.folder)
    file = tmp_path / "worlds.csv"
    assert show_results([folder, "arm=bond", "noise=0.1", f"--csv={file}"]) == 0
    shown = capsys.readouterr().out
    assert "bond v. none" in shown and "noise 0.1" in shown and "shuffled v." not in shown
    exported = pd.read_csv(file)
    assert len(exported) == len(results.where(arm="bond", noise=0.1))
    np.testing.assert_allclose(exported["value"], results.where(arm="bond", noise=0.1)["value"])
    change(copied, "config.yaml", "matching: rematched", "matching: fixed")
    assert show_results([folder, "--compare", str(copied), "arm=bond"]) == 0
    compared = capsys.readouterr().out
    assert "rematched" in compared and "-> fixed" in compared
    assert show_results(["--help"]) == 0
    for text in (shown, compared, capsys.readouterr().out):
        assert text and all(len(line) <= 100 for line in text.splitlines() if folder not in line)


def test_the_command_refuses_what_it_does_not_understand(results):
    folder = str(results.folder)
    for words, message in (
        ([], None),
        ([folder, folder], "name one folder"),
        ([folder, "gme=x"], "did you mean game"),
        ([folder, "metric=welfare_nett"], "did you mean welfare_net"),
        ([folder, "--cvs", "a"], "did you mean --csv"),
        ([folder, "--csv"], "needs a value"),
        ([folder, "--csv", "/nowhere/a.csv"], "/nowhere/a.csv"),
    ):
        if message is None:
            assert show_results(words) == 0
            continue
        with pytest.raises(ConfigurationError, match=message):
            show_results(words)
