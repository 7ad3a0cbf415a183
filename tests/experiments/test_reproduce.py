"""Is a study that is run again the same, byte for byte, and is it told when it is not?"""

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from posalign_sim import ConfigurationError
from posalign_sim.experiments import Results, Study
from posalign_sim.experiments.study.folder import file_hash
from posalign_sim.experiments.study.reproduce import reproduce, reproduce_study
from posalign_sim.experiments.study.results import largest_differences


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = Study.load(
        "default", "game=repeated_dilemma", "institutions=[bond]", "replicates=8", "rounds=20"
    )
    home = tmp_path_factory.mktemp("study")
    study.register(home / "registration.json")
    return study.run(home / "run").folder


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_study_is_the_same_byte_for_byte_however_the_work_is_cut(folder, capsys):
    before = contents(folder.parent)
    assert reproduce_study([str(folder), "batch=16", "threads=1"]) == 0
    assert "identical, byte for byte" in capsys.readouterr().out
    assert contents(folder.parent) == before  # nothing changed, nothing left


def test_what_differs_is_named(folder, tmp_path):
    forged = shutil.copytree(folder, tmp_path / "forged")
    path = forged / "results.parquet"
    table = pq.read_table(path)
    values = table["value"].to_numpy().copy()
    wrong = np.flatnonzero(np.array(table["metric"].to_pylist()) == "cooperation")[[0, 3]]
    values[wrong] += [0.25, -0.5]
    pq.write_table(table.set_column(table.schema.names.index("value"), "value", [values]), path)
    said = json.loads((forged / "provenance.json").read_text())
    said["versions"]["numpy"] = "1.0"
    (forged / "provenance.json").write_text(json.dumps(said))
    manifest = json.loads((forged / "manifest.json").read_text())
    for name in ("results.parquet", "provenance.json"):
        manifest[name] = file_hash(forged / name)
    (forged / "manifest.json").write_text(json.dumps(manifest))

    found = reproduce(forged, [f"output={tmp_path / 'again'}"], progress=False)
    assert not found.identical
    assert found.differing == {"cooperation": pytest.approx(0.5)}
    assert "results.parquet" in found.files and "contrasts.csv" not in found.files
    assert [origin.split(":")[0] for origin in found.origins] == ["numpy"]
    for word in ("not the same results", "cooperation", "0.5", "numpy: 1.0", "results.parquet"):
        assert word in found.text()
    # The second run stays where it was asked to, and is the true one.
    pd.testing.assert_frame_equal(
        Results.open(tmp_path / "again").table, Results.open(folder).table
    )


def test_a_value_that_is_defined_in_one_run_only_differs_without_end():
    one = pd.DataFrame({"metric": ["a", "b", "c"], "value": [1.0, np.nan, np.nan]})
    other = one.assign(value=[1.0, 2.0, np.nan])
    assert largest_differences(one, other) == largest_differences(other, one) == {"b": np.inf}


def test_only_a_whole_study_is_run_again_and_only_as_it_is(folder, tmp_path):
    for words, message in (
        ([], "name the folder"),
        (["runner=joblib"], "name the folder"),
        ([str(tmp_path)], "no folder of a study"),
        ([str(folder), "replicates=4"], "another study"),
        ([str(folder), f"output={folder}"], "already there"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            reproduce_study(words)
