"""Is a study in Python the same as one on the command line?"""

import json

import pytest

from posalign_sim import ConfigurationError
from posalign_sim.experiments import Results, Study
from posalign_sim.experiments.main import composed
from posalign_sim.experiments.provenance import config_hash
from posalign_sim.experiments.study.power_command import power_of_study

SMALL = ("game=repeated_dilemma", "institutions=[bond]", "replicates=8", "rounds=20")


@pytest.fixture(scope="module")
def study():
    return Study.load("default", *SMALL)


@pytest.fixture(scope="module")
def results(study, tmp_path_factory):
    home = tmp_path_factory.mktemp("study")
    sha = study.register(home / "plan.json")
    found = study.run(home / "run")
    assert found.config == {key: study.config[key] for key in found.config}
    assert json.loads((found.folder / "registration.json").read_text())["sha256"] == sha
    return found


def test_a_study_by_name_is_the_one_of_the_command_line(study):
    assert config_hash(study.config) == config_hash(composed(list(SMALL))[0])
    swept = Study.load("default", *SMALL, "noise=0,0.1", "institutions.bond.stake=1,2")
    assert swept.design.points == 4 and swept.design.worlds == 4 * study.design.worlds


def test_a_study_from_a_mapping_is_the_one_by_name(study):
    short = {"game": ["repeated_dilemma"], "institutions": {"bond": None}, "rounds": 20}
    same = Study.from_config({**short, "study": "default", "replicates": 8})
    assert config_hash(same.config) == config_hash(study.config)
    other = Study.from_config({**short, "replicates": 8, "institutions": {"bond": {"stake": 3}}})
    assert config_hash(other.config) != config_hash(study.config)
    assert config_hash(Study.from_config(study.config).config) == config_hash(study.config)


def test_a_study_of_ones_own_lies_in_a_folder_of_ones_own(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "stakes.yaml").write_text(
        "# @package _global_\n"
        "defaults: [{override /game: repeated_dilemma}, {override /institutions: bond}]\n"
        "replicates: 8\n"
        "study:\n"
        "  name: stakes\n"
        "  baseline: none\n"
        "  arms: {none: {}, bond: {institutions: {bond: enforced}}}\n"
    )
    study = Study.load("stakes", "rounds=20", config_dir=tmp_path)
    assert study.design.settings.name == "stakes"
    assert study.design.worlds == 2 * 2 * 8
    with pytest.raises(ConfigurationError, match="did you mean stakes"):
        Study.load("stake", config_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="is no folder"):
        Study.load("stakes", config_dir=tmp_path / "nowhere")


def test_what_does_not_fit_is_refused_when_it_is_said(study):
    for config, message in (
        ({"replicate": 3}, "did you mean replicates"),
        ({"institutions": {"bond": {"steak": 3}}}, "did you mean stake"),
        ({"game": "repeated_dilema"}, "did you mean repeated_dilemma"),
        ({"study": {**study.config["study"], "primry": "x"}}, "did you mean primary"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            Study.from_config(config)
    with pytest.raises(ConfigurationError, match="did you mean trust_market"):
        Study.load("trust_markt")


def test_running_again_runs_nothing(study, results):
    written = {path: path.stat().st_mtime_ns for path in results.folder.rglob("*.*")}
    again = study.run(results.folder)
    assert isinstance(again, Results)
    assert {path: path.stat().st_mtime_ns for path in results.folder.rglob("*.*")} == written
    with pytest.raises(ConfigurationError, match="another study"):
        Study.load("default", *SMALL, "seed=2").run(results.folder)


def test_a_pilot_as_large_as_the_study_says_what_its_results_say(study, results):
    pilot = study.power(pilot=8)
    finished = power_of_study(results.config, results=results)
    assert pilot == finished and pilot.pilot == 8


def test_a_plan_counts_the_rows_that_are_written(study, results):
    plan = study.plan()
    # A twin has no gain over itself, so that a row less is written of each.
    assert len(results.table) == plan.games[0].rows - plan.worlds // 2
    written = sum(path.stat().st_size for path in results.folder.rglob("*") if path.is_file())
    assert written / 4 < 1e9 * plan.disk_gigabytes < written * 4
