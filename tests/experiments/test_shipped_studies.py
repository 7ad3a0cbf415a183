"""Can every study of the package be run as it stands, and can users change what it says?"""

import re
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

import posalign_sim
from posalign_sim.experiments.configure import register
from posalign_sim.experiments.main import composed
from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.settings import KEYS

GUIDE = Path(__file__).parents[2] / "docs" / "studies.md"
CONF = Path(posalign_sim.__file__).parent / "experiments" / "conf" / "study"
SHIPPED = {path.stem: path.read_text() for path in sorted(CONF.glob("*.yaml"))}
WORKED = (
    *("trust_market", "mediated_bargaining", "commons_charters", "crisis_deescalation"),
    *("whitewashing", "polycentric", "information_or_incentives", "exploiter_invasion"),
)


def configuration(*words):
    register()
    with initialize_config_module("posalign_sim.experiments.conf", version_base="1.3"):
        return OmegaConf.to_container(compose("config", overrides=list(words)), resolve=True)


def comment(text):
    """The first block of comments of a file, without Hydra's own line."""
    lines = [line for line in text.splitlines() if line != "# @package _global_"]
    last = next(k for k, line in enumerate(lines) if not line.startswith("#"))
    return " ".join(line.lstrip("# ") for line in lines[:last])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_file_begins_with_its_question(name):
    said = comment(SHIPPED[name])
    assert "?" in said
    given = yaml.safe_load(SHIPPED[name])
    study = given.get("study", given)
    assert study["name"] == name
    assert "?" in study["question"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_study_composes_and_all_that_it_plans_can_be_run(name):
    config = configuration(f"study={name}")
    design = Design(config)  # refuses what does not fit: names, numbers, stacks, outcomes
    assert not design.settings.left_out
    real = [arm for arm in design.arms if arm.strengths and not arm.placebo_of]
    assert len(real) >= 2 or design.settings.factors
    for game in design.games:
        # Who plays is said in the file, or by the population that it names.
        assert game in config["population"]
        for metric in (design.settings.primary, *design.settings.secondary):
            assert any(metric in design.outcomes(g) for g in design.games), metric


@pytest.mark.parametrize("name", WORKED)
def test_a_worked_study_says_what_it_expects_and_holds_arms_against_placebos(name):
    design = Design(configuration(f"study={name}"))
    assert design.settings.hypotheses
    assert design.replicates >= design.settings.claims_minimum_worlds
    mimicked = {arm.placebo_of for arm in design.arms}
    for arm in design.arms:
        # Who comes late, or goes early, is held against who is there throughout.
        if arm.withdraw == 1 and arm.strengths and not arm.placebo_of:
            late = any(strength != "enforced" for strength in arm.strengths.values())
            assert late or arm.name in mimicked, arm.name


def test_the_command_line_wins_over_a_study_and_a_study_over_the_general_settings():
    words = ("study=crisis_deescalation", "institutions.arbitration.accuracy=0.8", "replicates=16")
    config = configuration(*words)
    assert config["institutions"]["arbitration"]["accuracy"] == 0.8
    assert config["institutions"]["arbitration"]["fine"] == 2
    assert config["replicates"] == 16
    assert config["rounds"] == 50 != configuration()["rounds"]
    assert list(config["game"]) == ["crisis"]
    assert list(config["population"]) == ["crisis"]


def test_who_is_in_a_crisis_differs_from_point_to_point():
    design = Design(configuration("study=crisis_deescalation"))
    who = [
        {a.name for a in design.scenario(Task("crisis", (0,), (k, k + 1), (0, 1))).players}
        for k in range(design.points)
    ]
    assert who == [{"candid_diplomat"}, {"opportunist"}, {"candid_diplomat", "opportunist"}]


def test_each_community_has_a_charter_of_its_own_at_one_point_of_the_polycentric_study():
    design = Design(configuration("study=polycentric"))
    places = [
        design.scenario(Task("public_goods", (0,), (k, k + 1), (0, 1))).residence[:6].tolist()
        for k in range(design.points)
    ]
    assert places == [[0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]]


def test_the_study_that_the_guide_writes_out_can_be_run_as_it_stands(tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (own,) = [block for block in blocks if "name: erasure" in block]
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "erasure.yaml").write_text(own)
    register()
    (config,) = composed(["--config-dir", str(tmp_path), "study=erasure", "replicates=8"])
    design = Design(config)
    assert design.replicates == 8
    assert {arm.name: arm.withdraw for arm in design.arms if arm.withdraw < 1} == {
        "blacklist_withdrawn": 0.5,
        "expungement_withdrawn": 0.5,
    }


def test_the_guide_tells_of_every_shipped_study_and_of_every_key():
    text = GUIDE.read_text()
    assert [name for name in SHIPPED if f"`{name}`" not in text] == []
    assert [key for key in KEYS if f"`{key}`" not in text] == []
    general = set(configuration()) - {"study", "game", "institutions", "population"}
    assert [key for key in sorted(general) if f"`{key}" not in text] == []
