"""Is the default study what it says, and does it show what theory says?"""

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from posalign_sim import ConfigurationError, Scenario, simulate
from posalign_sim.experiments.configure import Arm, arms_of, register, scenario_of
from posalign_sim.experiments.study.run import code_hash, config_hash, describe
from posalign_sim.experiments.study.batch import plan, run_study
from posalign_sim.experiments.study.verdicts import study_contrasts, verdicts
from posalign_sim.registry import known


def configuration(*words):
    register()
    with initialize_config_module("posalign_sim.experiments.conf", version_base="1.3"):
        return OmegaConf.to_container(compose("config", overrides=list(words)), resolve=True)


@pytest.fixture(scope="module")
def default():
    config = configuration("replicates=64")
    study = run_study(config, progress=False)
    return config, study


def test_every_known_name_can_be_configured():
    games = known("games")
    config = configuration(f"game=[{','.join(games)}]")
    for game, spec in games.items():
        assert set(config["game"][game]) == set(spec.parameters())


@pytest.mark.parametrize("game", ["commons", "trust"])
def test_games_that_a_population_does_not_name_are_played_by_those_who_do_so_by_custom(game):
    config = configuration(f"game={game}", "population=reciprocal", "rounds=3")
    scenario = scenario_of(config, game)
    assert [agent.name for agent in scenario.seats] == [
        name for names in known("games")[game].customary.values() for name in names
    ]
    assert not simulate(scenario, 2, mode="interpreted", progress=False).worlds["fault"].any()


@pytest.mark.parametrize(
    "game", [name for name, spec in known("games").items() if "breach" in spec.declares]
)
def test_every_game_that_can_carry_the_default_study_has_players_who_respond(game):
    scenario = scenario_of(configuration(f"game={game}", "rounds=3"), game)
    assert "opportunist" in {agent.name for agent in scenario.seats}
    assert not simulate(scenario, 2, mode="interpreted", progress=False).worlds["fault"].any()


def test_institutions_beat_none_and_placebos_and_not_in_the_twins(default):
    config, study = default
    meta = describe(config, study)
    found = verdicts(study_contrasts(study.results, meta), meta)
    real = [v for v in found if v.parent is None]
    assert {v.arm for v in real} == {"reputation", "arbitration", "bond", "all_three", "withdrawal"}
    for verdict in real:
        assert verdict.code == "raises", (verdict.game, verdict.arm, verdict.word)
        assert all(lead.low > 0 for lead in verdict.leads), (verdict.game, verdict.arm)
        # In the twin an institution can only cost.
        assert verdict.twin.estimate == pytest.approx(-verdict.cost, abs=1e-6)


def test_in_a_twin_nothing_is_gained_whatever_happens(default):
    _, study = default
    twins = study.results[study.results["payoffs"] == "zero_sum_twin"]
    assert (twins.loc[twins["metric"] == "surplus", "value"] == 0).all()
    for run in study.runs.values():
        ws = run.worlds[run.worlds["twin"] == 1]
        assert ws["balance"].std() > 0


def test_no_world_faulted(default):
    _, study = default
    assert (study.results.loc[study.results["metric"] == "faults", "value"] == 0).all()


def test_what_was_internalised_outlasts_a_withdrawal_for_a_while(default):
    _, study = default
    rows = study.trajectories
    rows = rows[(rows["payoffs"] == "ordinary") & (rows["game"] == "repeated_dilemma")]
    arms = {arm: group.set_index("round")["mean"] for arm, group in rows.groupby("arm")}
    half = arms["withdrawal"].index.to_numpy() < 150
    np.testing.assert_allclose(arms["withdrawal"][half], arms["all_three"][half])
    after = arms["withdrawal"][~half]
    assert after.iloc[0] > arms["none"][~half].iloc[0] + 0.2
    assert after.iloc[-1] < arms["all_three"].iloc[-1] - 0.2


def test_an_arm_of_the_batch_equals_a_scenario_of_its_own(default):
    config, study = default
    k = [arm.name for arm in study.arms].index("all_three")
    alone = scenario_of(config, "repeated_dilemma")
    assert isinstance(alone, Scenario)
    run = simulate(alone, 64, seed=config["seed"], progress=False)
    batch = study.runs["repeated_dilemma"].worlds[k * 128 : k * 128 + 64]
    for name in ("balance", "public", "clock"):
        np.testing.assert_array_equal(run.worlds[name], batch[name])


def test_results_do_not_depend_on_threads_or_on_other_arms():
    few = configuration("replicates=3", "rounds=20", "threads=1", "game=repeated_dilemma")
    more = configuration("replicates=5", "rounds=20", "threads=2", "game=repeated_dilemma")
    a, b = run_study(few, progress=False).results, run_study(more, progress=False).results
    key = ["arm", "payoffs", "world", "metric"]
    both = a.merge(b, on=key)
    assert len(both) == len(a)
    np.testing.assert_array_equal(both["value_x"], both["value_y"])


def test_the_identity_of_a_study_is_its_science():
    one = configuration("threads=1", "output=a")
    assert config_hash(one) == config_hash(configuration("threads=2", "output=b"))
    assert config_hash(one) != config_hash(configuration("institutions.bond.stake=2"))
    assert len(code_hash()) == 64


def test_arms_are_checked_before_anything_runs():
    with pytest.raises(ConfigurationError, match="did you mean institutions"):
        arms_of({"arms": {"none": {"institution": {}}}}, [])
    with pytest.raises(ConfigurationError, match="did you mean bond"):
        arms_of({"arms": {"none": {}, "b": {"institutions": {"bnd": "enforced"}}}}, ["bond"])
    with pytest.raises(ConfigurationError, match="did you mean enforced"):
        arms_of({"arms": {"none": {}, "b": {"institutions": {"bond": "enforce"}}}}, ["bond"])
    with pytest.raises(ConfigurationError, match="no arm 'bnd'"):
        arms_of({"arms": {"none": {}, "p": {"placebo_of": "bnd"}}}, [])
    with pytest.raises(ConfigurationError, match="withdraw"):
        arms_of({"arms": {"none": {"withdraw": 2}}}, [])


def test_a_schedule_is_by_round_or_by_share():
    by_share = Arm("a", {"bond": "enforced"}, withdraw=0.25).schedule("bond", 80)
    by_round = Arm("a", {"bond": {0: "enforced", 20: "off"}}).schedule("bond", 80)
    np.testing.assert_array_equal(by_share.starts, by_round.starts)
    np.testing.assert_array_equal(by_share.to, by_round.to)


def test_plan_runs_nothing_and_counts_everything():
    scenarios, arms, left_out = plan(configuration("replicates=2"))
    assert list(scenarios) == ["moral_hazard_market", "repeated_dilemma"]
    assert len(arms) == 14 and left_out == []
