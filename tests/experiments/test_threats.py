"""Does a report tell what threatens its own conclusions, and not what does not?"""

import numpy as np
import pandas as pd

from posalign_sim.experiments.study.report.threats import threats
from posalign_sim.experiments.study.report.verdicts import (
    study_contrasts,
    verdicts,
    without_faulted,
)
from posalign_sim.metrics.statistics import summarise

WORLDS = 24
PLAIN = {
    "name": "small", "title": "", "question": "", "games": {"trust_game": {}},
    "arms": {"none": "", "bond": "", "told": "", "court": ""}, "population": {},
    "primary": "welfare_net", "baseline": "none", "placebos": {"bond": ["told"]}, "seed": 7,
    "worlds": WORLDS, "rounds": 20, "versions": {}, "code_hash": "", "config_hash": "",
    "command": "", "claims_minimum_worlds": 20,
}  # fmt: skip


def results(moved=0.0):
    rng = np.random.default_rng()  # any seed must do
    luck = rng.normal(size=WORLDS)
    tables = []
    for arm in PLAIN["arms"]:
        for payoffs, value in (("ordinary", luck), ("zero_sum_twin", 1.0)):
            value = value + moved * (arm == "bond")
            frame = pd.DataFrame({"world": range(WORLDS), "value": value})
            tables.append(frame.assign(arm=arm, payoffs=payoffs))
    return pd.concat(tables, ignore_index=True).assign(game="trust_game", metric="welfare_net")


def told(table, **changes):
    study = PLAIN | changes
    found = verdicts(study_contrasts(table, study, resamples=20), study)
    return dict(threats(summarise(without_faulted(table)), found, study))


def test_a_plain_study_tells_its_own():
    heads = told(results())
    assert {"Not registered", "One population", "One seed", "Scripted agents"} <= set(heads)
    assert "1 of 2 arms (court) has no placebo" in heads["Arms without a placebo"]
    quiet = {"Too few worlds", "No placebos", "No zero-sum twin", "A twin that moved"}
    assert not quiet & set(heads)
    assert not {"Worlds that broke off", "Undefined values of the main outcome"} & set(heads)


def test_what_settings_threaten():
    table = results()
    assert "Too few worlds" in told(table, claims_minimum_worlds=99)
    assert "No placebos" in told(table, placebos={})
    assert "Not registered" not in told(table, registration={"sha256": "", "hypotheses": []})
    stated = told(table, hypotheses=[{"arm": "bond"}])["Not registered"]
    assert "holds hypotheses" in stated
    looks = {"looks": 3, "first": 8, "most": 96}
    early = told(table, stopping=looks, most_worlds=96)["Looks at the data on the way"]
    assert "stopped at 24 of at most 96 worlds" in early
    whole = told(table, stopping=looks, most_worlds=WORLDS)["Looks at the data on the way"]
    assert "last look" in whole
    axes = {"population.trust_game": ["a", "b"]}
    grid = table.assign(point=0)
    assert "One population" not in told(grid, axes=axes, points=[{"population.trust_game": "a"}])


def test_what_results_threaten():
    table = results()
    assert "No zero-sum twin" in told(table[table["payoffs"] == "ordinary"])
    assert "A twin that moved" in told(results(moved=0.1))
    fault = table[(table["world"] == 4) & (table["arm"] == "court")]
    broken = told(pd.concat([table, fault.assign(metric="faults", value=1.0)], ignore_index=True))
    assert "2 worlds broke off (court)" in broken["Worlds that broke off"]
    assert "court" in broken["Undefined values of the main outcome"]
