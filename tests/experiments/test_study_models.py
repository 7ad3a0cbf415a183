"""Studies in which language models hold seats."""

import re
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm.converse import OUTCOMES
from posalign_sim.agents.llm.texts import find_language
from posalign_sim.experiments.main import composed
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.judge_command import judge_study
from posalign_sim.experiments.study.models import CALLS
from posalign_sim.experiments.study.plan import plan_study
from posalign_sim.experiments.study.reproduce import reproduce
from posalign_sim.experiments.study.resume import resume_study
from posalign_sim.experiments.study.run import run_and_write

PLAYERS = "python/tests.agents.llm.players"
#: Noisy pairs under a court and a bond; one compilation for models, one for those who are compiled.
PAIRS = (
    "game=repeated_dilemma",
    "institutions=[arbitration,bond]",
    "matching=fixed",
    "noise=0.2",
    "rounds=8",
    "replicates=6",
    "threads=1",
    "study.name=pairs",
)


def study(model=None, *words):
    """The study with a model in every seat, or with compiled agents."""
    who = "language_model" if model else "tit_for_tat"
    seats = f"population.repeated_dilemma.player=[{{agent:{who},seats:2}}]"
    (config,) = composed([*PAIRS, seats, *([f"model={model}"] if model else []), *words])
    return config


def run(config, folder):
    run_and_write({**config, "output": str(folder)}, progress=False)
    return pd.read_parquet(folder / "results.parquet").astype({"arm": str, "metric": str})


def asked(folder):
    with sqlite3.connect(folder / CALLS) as tape:
        query = "SELECT count(*), sum(attempt > 0), sum(taken) FROM calls"
        return tape.execute(query).fetchone()


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A finished study of a model that plays tit for tat: configuration, folder, results."""
    folder = tmp_path_factory.mktemp("spoken") / "first"
    config = study(f"{PLAYERS}:tit_for_tat")
    return config, folder, run(config, folder)


def test_a_model_that_plays_tit_for_tat_has_the_results_of_tit_for_tat(spoken, tmp_path):
    compiled = run(study(), tmp_path / "compiled")
    _, _, found = spoken
    more = found["metric"].isin(OUTCOMES)
    assert set(found.loc[more, "metric"]) == set(OUTCOMES)
    pd.testing.assert_frame_equal(found[~more].reset_index(drop=True), compiled)
    assert compiled.loc[compiled["metric"] == "cooperation", "value"].nunique() > 3


def test_calls_are_counted_and_kept(spoken):
    _, folder, found = spoken
    calls = found.loc[found["metric"] == "model_calls", "value"]
    count, repaired, _ = asked(folder)
    assert calls.sum() == count > 1000
    assert repaired == 0
    assert not found.loc[found["metric"].isin(("model_unusable", "faults")), "value"].any()


def test_what_was_answered_is_never_asked_again(spoken, tmp_path, monkeypatch):
    config, folder, found = spoken
    again = folder.parent / "again"
    monkeypatch.setattr("tests.agents.llm.players.tit_for_tat", None)  # nobody is there any more
    with pytest.raises(ConfigurationError, match="no function of the text"):
        run({**config, "reuse": False}, tmp_path / "alone")
    options = {"mode": "replay", "cassette": str(folder / CALLS)}
    replayed = run({**config, "model_options": options}, again)
    pd.testing.assert_frame_equal(replayed, found)
    for name in ("results.parquet", "manifest.json", "report.html"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_a_study_is_reproduced_without_asking(spoken, monkeypatch):
    _, folder, _ = spoken
    monkeypatch.setattr("tests.agents.llm.players.tit_for_tat", None)
    assert reproduce(folder, progress=False).identical


def test_answers_are_taken_over_from_earlier_runs(spoken):
    config, folder, found = spoken
    longer = run({**config, "replicates": 8}, folder.parent / "longer")
    same = longer[longer["world"] < 6].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, found)
    first, _, _ = asked(folder)
    count, _, taken = asked(folder.parent / "longer")
    assert taken == first < count < 1.5 * first


def test_a_budget_stops_a_study_that_goes_on_with_a_larger_one(spoken, tmp_path):
    config, _, found = spoken
    folder = tmp_path / "stopped"
    plan = plan_study(config)
    count = found.loc[found["metric"] == "model_calls", "value"].sum()
    assert plan.model_calls == pytest.approx(count, rel=0.5)
    with pytest.raises(ConfigurationError, match="more than its budget: model_calls"):
        run({**config, "budget": {"model_calls": 100}}, folder)
    # Planned as fewer calls than it takes, it stops on the way.
    least = min(plan.model_calls, count) - 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posalign_sim.experiments.study.run.plan_study", lambda config: Unplanned())
        with pytest.raises(ConfigurationError, match=r"all of \d+ calls are used.*is kept.*resume"):
            run({**config, "budget": {"model_calls": least}}, folder)
    assert asked(folder)[0] == least
    resume_study(folder, ["budget.model_calls=1000000"], progress=False)
    again = pd.read_parquet(folder / "results.parquet").astype({"arm": str, "metric": str})
    pd.testing.assert_frame_equal(again, found)
    assert asked(folder)[0] == count


class Unplanned:
    """A plan that nobody made."""

    def check(self, budget):
        """Nothing is refused."""


def test_an_arm_whose_model_fails_is_counted_and_nothing_is_claimed_of_it(tmp_path):
    words = ("replicates=4", "study.claims_minimum_worlds=2", "models.repairs=1")
    config = study(f"{PLAYERS}:silent_under_a_bond", *words)
    found = run(config, tmp_path / "outage")
    mean = found[found["payoffs"] == "ordinary"].pivot_table("value", "arm", "metric")
    assert mean.loc["bond", "model_unusable"] == mean.loc["bond", "faults"] == 1
    assert mean.loc["bond", "model_repairs"] == 2  # both seats, once each
    assert mean.loc["arbitration", "faults"] == 0
    told = (tmp_path / "outage" / "report.html").read_text()
    assert "Worlds that broke off" in told
    assert re.search(r"no claim.*4 undefined", told)
    contrasts = pd.read_csv(tmp_path / "outage" / "contrasts.csv")
    bond = contrasts[(contrasts["arm"] == "bond") & (contrasts["metric"] == "welfare_net")]
    assert np.isnan(bond["estimate"]).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("model=fakee",), "did you mean fake"),
        ((), "nobody said by which"),
        (("model=fake", "models.repairs=-1"), "repairs must be a whole number of 0 or more"),
        (("model=fake", "models.answers=jason"), "answers='jason'"),
        (("model=fake", "models.language=fr"), "unknown language 'fr'"),
        (("model=fake", "models.language=zh"), 'no translation of .*"In force: arbitration"'),
        (("model=fake", "models.language=de", "models.values=ubuntu"), "with `language: de`"),
        (("model=fake", "model_options.mode=reply"), "did you mean replay"),
        (("model=fake", "model_options.mode=replay"), "there is no .*calls.sqlite to replay"),
        (("model=fake", "model_options.prices={fake:2}"), "two numbers"),
        (("model=fake", "model_options.backends={fak:{delay:1}}"), "did you mean fake"),
        (("model=fake", "model_options.backends={fake:{dely:1}}"), "dely"),
        (("model=fake", "runner=joblib"), "asked from one process"),
        (("model=fake", "budget.money=5"), "there is no price for fake"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(words, told, tmp_path):
    seats = "population.repeated_dilemma.player=[{agent:language_model,seats:2}]"
    (config,) = composed([*PAIRS, seats, *words])
    with pytest.raises(ConfigurationError, match=f"(?s){told}"):
        run(config, tmp_path / "refused")
    assert not (tmp_path / "refused" / "results.parquet").exists()


def test_results_depend_on_what_a_catalogue_says_and_not_on_where_it_lies(tmp_path):
    shipped = Path(find_language("de").path).read_text(encoding="utf-8")

    def keys(name, said):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
        made = Design(study("fake", f"models.language={path}"))
        task = next(made.tasks(0, 6))
        return [made.key(task, arm) for arm in task.arms]

    here, there = keys("here/mine.yaml", shipped), keys("there/mine.yaml", shipped)
    assert here == there
    other = keys("here/mine.yaml", shipped.replace("Ihr Platz", "Ihre Stelle"))
    assert not set(here) & set(other)


def test_what_models_said_is_judged_by_a_command_once_and_not_by_those_who_said_it(
    tmp_path, capsys
):
    words = ("replicates=2", "models.reasons=true", "models.answers=schema", "rounds=3")
    folder = tmp_path / "talked"
    run(study("fake", *words), folder)
    charter = tmp_path / "charter.txt"
    charter.write_text("Keep your word.")
    with pytest.raises(ConfigurationError, match="fake plays in this study"):
        judge_study([str(folder), "judges=[fake]"])
    command = [str(folder), "judges=[fake]", "allow_self=true", f"charter={charter}"]
    assert judge_study([*command, "measures=[reason,appropriateness]"]) == 0
    told = capsys.readouterr().out
    assert "reason: own_gain" in told
    found = pd.read_csv(folder / "judgements.csv")
    assert set(found["measure"]) == {"reason", "appropriateness"}
    first = (folder / "judgements.csv").read_bytes()
    assert judge_study([*command, "measures=[reason,appropriateness]", "calls=0"]) == 0
    assert (folder / "judgements.csv").read_bytes() == first  # nobody was asked again
    assert judge_study([*command, "compare=[bond,arbitration]"]) == 0
    assert "picks what comes first" in capsys.readouterr().out
    with pytest.raises(ConfigurationError, match="did you mean bond"):
        judge_study([*command, "compare=[bonds,none]"])
    with pytest.raises(ConfigurationError, match="did you mean charter"):
        judge_study([*command, "chartr=x"])


def test_models_are_probed_before_they_play_and_it_is_reported(tmp_path):
    words = ("replicates=2", "rounds=3", "study.probes=3")
    config = study("fake", *words)
    folder = tmp_path / "probed"
    run(config, folder)
    found = pd.read_csv(folder / "probes.csv")
    assert set(found["arm"]) == {"none", "arbitration", "bond"}  # no placebos
    assert {"payoffs", "rules", "best_reply", "pressure"} <= set(found["sort"])
    assert found["asked"].max() == 3
    page = (folder / "report.html").read_text()
    assert "<h2>Competence</h2>" in page
    assert "Models that may not have understood" in page  # the stand-in understands nothing
    calls, _, _ = asked(folder)
    assert plan_study(config).model_calls == pytest.approx(calls, rel=0.5)
    assert reproduce(folder, progress=False).identical
    with pytest.raises(ConfigurationError, match=r"study\.probes must be a whole number"):
        run(study("fake", "study.probes=-1"), tmp_path / "refused")
