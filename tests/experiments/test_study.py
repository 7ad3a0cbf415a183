"""Is the default study what it says, and does it show what theory says?"""

import numpy as np
import pandas as pd
import pytest
import xarray
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from posalign_sim import ConfigurationError, Scenario, Tremble, simulate
from posalign_sim.agents import Random, TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.experiments.configure import Arm, arms_of, register, scenario_of
from posalign_sim.experiments.provenance import code_hash, config_hash
from posalign_sim.experiments.study.description import describe
from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.report.verdicts import study_contrasts, verdicts
from posalign_sim.experiments.study.run import run_and_write
from posalign_sim.metrics import Cooperation, Trajectory
from posalign_sim.registry import known
from tests.experiments.studies import play

#: Who plays where nobody needs to be many.
PAIR = {"agent": "opportunist", "seats": 2}


def configuration(*words):
    register()
    with initialize_config_module("posalign_sim.experiments.conf", version_base="1.3"):
        return OmegaConf.to_container(compose("config", overrides=list(words)), resolve=True)


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    """The design of the default study, its results, how cooperation went, and its description."""
    folder = tmp_path_factory.mktemp("default") / "study"
    config = configuration("replicates=64", f"output={folder}")
    run_and_write(config, progress=False)
    results = pd.read_parquet(folder / "results.parquet")
    history = {g: xarray.open_dataset(folder / f"history_{g}.nc").load() for g in config["game"]}
    design = Design(config)
    return design, results.astype({"arm": str, "game": str}), history, describe(design)


def rerun(design, arm, game, pairs=8):
    """Some worlds of one arm, ordinary ones first, out of a batch of all arms."""
    task = Task(game, tuple(range(len(design.arms))), (0, 1), (0, pairs))
    numbers = np.tile(np.arange(pairs), 2 * len(design.arms))
    scenario = design.scenario(task)
    run = simulate(scenario, len(numbers), design.seed, pairs=numbers, progress=False)
    (number,) = (k for k, a in enumerate(design.arms) if a.name == arm)
    return run.worlds[number * 2 * pairs : (number + 1) * 2 * pairs]


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
    _, results, _, meta = default
    found = verdicts(study_contrasts(results, meta), meta)
    real = [v for v in found if v.parent is None]
    assert {v.arm for v in real} == {"reputation", "arbitration", "bond", "all_three", "withdrawal"}
    for verdict in real:
        assert verdict.code == "raises", (verdict.game, verdict.arm, verdict.word)
        assert all(lead.low > 0 for lead in verdict.leads), (verdict.game, verdict.arm)
        # In the twin an institution can only cost.
        assert verdict.twin.estimate == pytest.approx(-verdict.cost, abs=1e-6)


def test_in_a_twin_nothing_is_gained_whatever_happens(default):
    design, results, _, _ = default
    twins = results[results["payoffs"] == "zero_sum_twin"]
    assert (twins.loc[twins["metric"] == "surplus", "value"] == 0).all()
    for game in design.games:
        ws = rerun(design, "all_three", game)
        assert ws[ws["twin"] == 1]["balance"].std() > 0


def test_no_world_faulted(default):
    _, results, _, _ = default
    assert (results.loc[results["metric"] == "faults", "value"] == 0).all()


def test_what_was_internalised_outlasts_a_withdrawal_for_a_while(default):
    _, _, history, _ = default
    data = history["repeated_dilemma"]["cooperation"].sel(payoffs="ordinary").isel(point=0)
    assert data.dims == ("arm", "world", "stretch")
    arms = {name: data.sel(arm=name).mean("world").to_numpy() for name in data["arm"].values}
    half = data["round"].to_numpy() < 150
    assert half.any() and not half.all()
    np.testing.assert_allclose(arms["withdrawal"][half], arms["all_three"][half])
    after = arms["withdrawal"][~half]
    assert after[0] > arms["none"][~half][0] + 0.2
    assert after[-1] < arms["all_three"][-1] - 0.2


def test_an_arm_of_the_batch_equals_a_scenario_of_its_own(default):
    design, results, _, _ = default
    alone = scenario_of(design.config, "repeated_dilemma")
    assert isinstance(alone, Scenario)
    run = simulate(alone, 64, seed=design.seed, progress=False)
    batch = rerun(design, "all_three", "repeated_dilemma")[:8]
    for name in ("balance", "public", "clock"):
        np.testing.assert_array_equal(run.worlds[name][:8], batch[name])
    rows = results.query(
        "game == 'repeated_dilemma' and arm == 'all_three' and payoffs == 'ordinary'"
    )
    table = rows.pivot(index="world", columns="metric", values="value")
    for name in ("welfare_net", "institution_cost", "cooperation"):
        np.testing.assert_array_equal(table[name], run.table()[name])


def test_results_do_not_depend_on_threads_or_on_other_replicates(tmp_path):
    words = ("rounds=6", "game=repeated_dilemma", "institutions=[bond]")
    few = configuration(*words, "replicates=3", "threads=1")
    more = configuration(*words, "replicates=5", "threads=2")
    for config in (few, more):
        config["population"] = {"repeated_dilemma": {"player": [PAIR]}}
    a, b = (play(c, tmp_path / str(c["replicates"]))[0].frame() for c in (few, more))
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


def test_a_design_runs_nothing_and_counts_everything():
    design = Design(configuration("replicates=2"))
    assert design.games == ["moral_hazard_market", "repeated_dilemma"]
    assert len(design.arms) == 14 and design.settings.left_out == ()
    assert design.worlds == 2 * 14 * 2 * 2


def duel(**more):
    """Whom payoffs do not move, and who draws: what there is besides is told by points alone."""
    details = {"rounds": 20, "noise": Tremble(probability=0.1), "metrics": [Cooperation()]}
    game = RepeatedDilemma(**more.pop("payoffs", {}))
    scenario = Scenario(game, [TitForTat(), Random()], **{**details, **more})
    return simulate(scenario, 4, seed=3, mode="interpreted", progress=False)


def test_who_only_watches_changes_nothing():
    plain = duel()
    for more in ({"metrics": [Trajectory(), Cooperation()]}, {"events": 1}, {"metrics": []}):
        watched = duel(**more)
        np.testing.assert_array_equal(watched.points, plain.points)
        np.testing.assert_array_equal(watched.worlds["counter"], plain.worlds["counter"])


def test_other_units_of_payoff_are_other_units_of_points():
    base = {"temptation": 5, "reward": 3, "punishment": 1, "sucker": 0}
    plain = duel(payoffs=base)
    scaled = duel(payoffs={name: 2.5 * value + 4 for name, value in base.items()})
    np.testing.assert_allclose(scaled.points, 2.5 * plain.points + 4 * 20, rtol=0, atol=1e-9)
