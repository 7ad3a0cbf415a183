"""Does a study that looks at its data on the way stop when it has seen enough, and only then?"""

import numpy as np
import pandas as pd
import pytest

from posalign_sim.experiments.study.description import describe
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.parts import find_parts
from posalign_sim.experiments.study.stopping import for_looks, plan_of, primary_contrasts
from posalign_sim.metrics.inference import SequentialPlan
from tests.experiments.studies import digest, play, tiny

WRONG = {"bond": "shuffled"}
BOND = {
    "none": {},
    "bond": {"institutions": {"bond": "enforced"}},
    "wrong": {"institutions": WRONG, "placebo_of": "bond"},
}
#: Nothing that happens there differs from what happens in the baseline.
IDLE = {"none": {}, "idle": {}, "other": {"institutions": WRONG, "placebo_of": "idle"}}
LOOKS = {"first": 20, "most": 60, "looks": 3}


def study(arms, **more):
    return tiny(arms, {"stopping": LOOKS, "claims_minimum_worlds": 20, **more}, reuse=False)


def test_looks_are_where_the_bounds_suppose_them():
    design = Design(study(BOND))
    assert tuple(design.looks()) == plan_of(design).looks == (20, 40, 60)
    assert design.replicates == 60


def test_every_contrast_has_its_share_of_the_level():
    one, both = Design(study(BOND)), Design(study({**BOND, **IDLE}))
    assert [h.arm for h in primary_contrasts(both)] == ["bond", "idle"]
    assert plan_of(both).contrasts == 2
    assert (plan_of(both).levels < plan_of(one).levels).all()
    swept = study(BOND)
    swept["grid"] = {"institutions.bond.stake": [1, 2, 4]}
    assert plan_of(Design(swept)).contrasts == 3


def test_it_stops_as_soon_as_the_effect_is_beyond_doubt(tmp_path):
    outcomes, edges = play(study(BOND), tmp_path)
    assert edges == [20]
    assert outcomes.pairs == 20
    assert describe(outcomes.design, outcomes.pairs)["worlds"] == 20
    gain = outcomes.values("repeated_dilemma", 1, "welfare_net")[:, 0]
    assert (gain > outcomes.values("repeated_dilemma", 0, "welfare_net")[:, 0]).all()


@pytest.mark.parametrize("arms", [IDLE, {**BOND, **IDLE}], ids=["alone", "beside an effect"])
def test_it_goes_to_the_end_where_there_is_nothing_to_see(tmp_path, arms):
    outcomes, edges = play(study(arms), tmp_path)
    assert edges == [20, 40, 60]
    assert describe(outcomes.design, outcomes.pairs)["worlds"] == 60


def test_only_what_was_registered_decides(tmp_path):
    about_bond = [{"arm": "bond", "direction": "greater"}]
    _, edges = play(study({**BOND, **IDLE}, hypotheses=about_bond), tmp_path)
    assert edges == [20]


def test_it_goes_on_where_it_was_and_stops_where_it_would_have(tmp_path):
    whole, edges = play(study(IDLE), tmp_path / "whole")
    first = tmp_path / "first"
    play(study(IDLE), first)
    parts = sorted((first / "parts").glob("*.part"))
    assert len(parts) == 3
    for gone in (parts[:1], parts[1:], parts):
        for path in gone:
            path.unlink()
        again, same = play(study(IDLE), first)
        assert same == edges
        assert digest(again, tmp_path / "a") == digest(whole, tmp_path / "b")


def test_its_worlds_are_those_of_a_study_that_does_not_look(tmp_path):
    looking, _ = play(study(IDLE), tmp_path / "looking")
    plain = tiny(IDLE, replicates=60, reuse=False)
    straight, _ = play(plain, tmp_path / "straight")
    assert digest(looking, tmp_path / "a") == digest(straight, tmp_path / "b")
    # What is the same under two names is one block at each look.
    found, _ = find_parts(tmp_path / "looking" / "parts")
    assert len(found) == 3 * (len(IDLE) - 1)


def test_what_is_claimed_after_looking_answers_for_all_looks():
    design = Design(study(BOND))
    levels = SequentialPlan(20, 60, 3, contrasts=2).levels
    table = pd.DataFrame(
        {
            "metric": "welfare_net",
            "p_value": [levels[0] * 0.9, levels[0] * 1.1, 1e-6],
            "p_holm": [0.001, 0.001, np.nan],  # in a twin nothing is claimed
            "q_value": [0.001, 0.001, np.nan],
            "estimate": 1.0,
            "low": 0.5,
            "high": 1.6,
        }
    )
    found = for_looks(table, design, 20)
    # With half of the level each, only the first has crossed the bound of the first look.
    assert found["p_holm"][0] <= 0.05 < found["p_holm"][1]
    assert np.isnan(found["p_holm"][2])
    assert (found["low"][:2] < 0.5).all() and (found["high"][:2] > 1.6).all()
    assert found.loc[2, ["low", "high"]].tolist() == [0.5, 1.6]
    # The last bound is nearly that of a study that never looked.
    last = for_looks(table.assign(p_value=0.02), design, 60)
    assert 0.02 * 2 < last["p_holm"][0] < 0.05
