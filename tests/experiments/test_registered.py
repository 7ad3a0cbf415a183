"""Do registered hypotheses hold where they should, and only there?"""

import numpy as np
import pandas as pd
import pytest

from posalign_sim.experiments.study.report.registered import judge_registered
from posalign_sim.experiments.study.report.verdicts import study_contrasts, verdicts

WORLDS = 40
ARMS = ("none", "bond", "told")


def study(*hypotheses, **changes):
    made = {
        "name": "small", "title": "", "question": "", "games": {"trust_game": {}},
        "arms": dict.fromkeys(ARMS, ""), "population": {}, "primary": "welfare_net",
        "baseline": "none", "placebos": {"bond": ["told"]}, "seed": 7, "worlds": WORLDS,
        "rounds": 20, "versions": {}, "code_hash": "", "config_hash": "", "command": "",
        "claims_minimum_worlds": 20, "registration": {"sha256": "", "hypotheses": hypotheses},
    }  # fmt: skip
    return made | changes


def results(gains, metric="welfare_net", spread=0.05, payoffs="ordinary"):
    """Values of an outcome to which each arm adds its gain, on average exactly."""
    rng = np.random.default_rng()  # any seed must do
    luck = rng.normal(size=WORLDS)
    tables = []
    for arm in ARMS:
        noise = rng.normal(0, spread, WORLDS) * (arm != "none")
        value = luck + gains.get(arm, 0.0) + noise - noise.mean()
        tables.append(pd.DataFrame({"arm": arm, "world": range(WORLDS), "value": value}))
    return pd.concat(tables).assign(game="trust_game", payoffs=payoffs, metric=metric)


HELPS = {"arm": "bond", "direction": "greater"}


@pytest.mark.parametrize(
    ("hypothesis", "gain", "code"),
    [
        ({"arm": "bond", "direction": "greater"}, 1.0, "held"),
        ({"arm": "bond", "direction": "less"}, 1.0, "opposite"),
        ({"arm": "bond", "direction": "different"}, -1.0, "held"),
        ({"arm": "bond", "direction": "greater"}, 0.0, "open"),
        ({"arm": "bond", "against": "told", "direction": "less"}, -1.0, "held"),
        ({"arm": "none", "against": "bond", "direction": "less"}, 1.0, "held"),
        # The error of the mean is about 0.05 / sqrt(40) = 0.008.
        ({"arm": "bond", "direction": "equivalent", "margin": 0.1}, 0.0, "held"),
        ({"arm": "bond", "direction": "equivalent", "margin": 0.1}, 0.2, "open"),
        ({"arm": "bond", "direction": "equivalent", "margin": 0.001}, 0.0, "open"),
    ],
)
def test_what_a_hypothesis_says_is_what_is_tested(hypothesis, gain, code):
    (found,) = judge_registered(results({"bond": gain}), study(hypothesis))
    assert found.code == code


def test_registered_hypotheses_are_a_family_of_their_own():
    table = results({"bond": 0.02})
    (one,) = judge_registered(table, study(HELPS))
    first, second = judge_registered(table, study(HELPS, HELPS))
    assert one.p_holm == one.contrast.p_value
    assert first.p_holm == second.p_holm == pytest.approx(min(1, 2 * one.p_holm))


def test_contrasts_that_are_there_already_are_not_found_anew():
    table, about = results({"bond": 0.02}), study(HELPS)
    contrasts = study_contrasts(table, about)
    (found,) = judge_registered(table, about, table=contrasts)
    row = contrasts[(contrasts["arm"] == "bond") & (contrasts["against"] == "none")].iloc[0]
    assert (found.contrast.low, found.contrast.high) == (row["low"], row["high"])
    assert judge_registered(table, about)[0].contrast.low == pytest.approx(row["low"])


def test_too_few_worlds_or_an_undefined_one_hold_nothing():
    table = results({"bond": 1.0})
    few = study(HELPS, claims_minimum_worlds=WORLDS + 1)
    assert judge_registered(table, few)[0].code == "no_claim"
    gap = table.copy()
    gap.loc[(gap["arm"] == "bond") & (gap["world"] == 3), "value"] = np.nan
    assert judge_registered(gap, study(HELPS))[0].code == "no_claim"


def test_where_the_twin_moved_nothing_holds():
    gross = results({"bond": 0.5}, "welfare_gross", payoffs="zero_sum_twin")
    table, about = pd.concat([results({"bond": 1.0}), gross]), study(HELPS)
    found = verdicts(study_contrasts(table, about), about)
    assert judge_registered(table, about, found)[0].code == "no_claim"


def test_a_hypothesis_is_tested_at_every_point_of_a_grid():
    points = [results({"bond": gain}).assign(point=k) for k, gain in enumerate((1.0, -1.0))]
    about = study(HELPS, axes={"noise": [0, 1]}, points=[{"noise": 0}, {"noise": 1}])
    table = pd.concat(points)
    for ready in (None, study_contrasts(table, about)):
        found = judge_registered(table, about, table=ready)
        assert [(test.point, test.code) for test in found] == [(0, "held"), (1, "opposite")]


def test_a_hypothesis_about_nothing_is_refused():
    with pytest.raises(ValueError, match="hypothesis 1: no welfare_net of"):
        judge_registered(results({}), study({"arm": "bnd", "direction": "greater"}))
