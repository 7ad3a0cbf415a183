"""What reports and transcripts say of language models, and what is not claimed of them."""

import json
import shutil
import sqlite3

import numpy as np
import pandas as pd
import pytest

from posalign_sim import ConfigurationError
from posalign_sim.experiments.main import composed, main
from posalign_sim.experiments.study.answered import Answered
from posalign_sim.experiments.study.design import design_of
from posalign_sim.experiments.study.folder import config_text
from posalign_sim.experiments.study.models import CALLS
from posalign_sim.experiments.study.report.models import lost_apart
from posalign_sim.experiments.study.report.threats import threats
from posalign_sim.experiments.study.run import run_and_write
from posalign_sim.experiments.study.transcript import show_transcript
from posalign_sim.experiments.study.transcript.exchanges import said
from posalign_sim.experiments.study.transcript.terminal import quoted
from posalign_sim.experiments.study.work import Order, carry_out
from posalign_sim.experiments.wording import visible
from tests.experiments.test_study_models import PAIRS, PLAYERS

MODEL = f"{PLAYERS}:hostile"
WORLDS = 6


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """A finished study: configuration and folder."""
    folder = tmp_path_factory.mktemp("heard") / "first"
    seats = "population.repeated_dilemma.player=[{agent:language_model,seats:2}]"
    words = (f"model={MODEL}", "study.claims_minimum_worlds=4", "reuse=false")
    (config,) = composed([*PAIRS, seats, *words])
    config["model_options"]["prices"] = {MODEL: [2, 10]}
    run_and_write({**config, "output": str(folder)}, progress=False)
    return config, folder


def replayed(heard, folder, where):
    """The same study, had another system answered some of its calls."""
    config, first = heard
    tape = folder.with_suffix(".sqlite")
    shutil.copyfile(first / CALLS, tape)
    with sqlite3.connect(tape) as calls:
        other = "json_set(outcome, '$.reply.fingerprint', 'fp-new')"
        calls.execute(f"UPDATE calls SET fingerprint = 'fp-new', outcome = {other} WHERE {where}")
    calls.close()
    options = {**config["model_options"], "mode": "replay", "cassette": str(tape)}
    run_and_write({**config, "model_options": options, "output": str(folder)}, progress=False)
    rows = (folder / "summary.md").read_text().splitlines()
    verdicts = {
        row.split(" | ")[0].strip("| "): row.split(" | ")[-1]
        for row in rows
        if row.startswith("| ") and row.count(" | ") == 5
    }
    return verdicts, " ".join(rows), (folder / "report.html").read_text()


def shell(*words):
    """The exit code of a command."""
    try:
        main(list(words))
    except SystemExit as leaving:
        return leaving.code
    return 0


# --- what it came to ---


def test_all_calls_are_accounted_for(heard):
    _, folder = heard
    calls = pd.read_csv(folder / "models.csv", keep_default_na=False)
    found = pd.read_parquet(folder / "results.parquet").astype({"arm": str, "metric": str})
    for name in ("calls", "tokens_in", "tokens_out"):
        one = calls.groupby(["arm", "payoffs"])[name].sum()
        rows = found[found["metric"] == f"model_{name}"].astype({"payoffs": str})
        other = rows.groupby(["arm", "payoffs"])["value"].sum()
        assert one.to_dict() == other.to_dict()
    useless = calls[calls["outcome"] != "used"]
    assert set(useless["outcome"]) == {"no_answer"}
    repairs = found.loc[found["metric"] == "model_repairs", "value"].sum()
    assert useless["calls"].sum() == repairs > WORLDS
    money = calls["money"].astype(float)
    assert np.allclose(money, (2 * calls["tokens_in"] + 10 * calls["tokens_out"]) / 1e6)
    with sqlite3.connect(folder / CALLS) as tape:
        assert tape.execute("SELECT count(*) FROM calls").fetchone() == (calls["calls"].sum(),)


def test_a_reader_is_told_how_models_were_asked_and_who_answered(heard):
    _, folder = heard
    page, summary = ((folder / name).read_text() for name in ("report.html", "summary.md"))
    for text in (page, summary):
        assert "Language models" in text
        assert "one and the same throughout" in text
        assert "without a persona; " in text
        assert "handed back up to twice" in text
        assert "no answer" in text
        assert "These models, asked in this way" in text
        assert "model changed" not in text
    assert "Scripted agents" not in page
    assert "models.csv" in json.loads((folder / "manifest.json").read_text())


# --- models that change ---


def test_nothing_is_claimed_where_another_system_answered_one_side(heard, tmp_path):
    # Arms are asked in their order: this is a change after half of all worlds.
    verdicts, summary, page = replayed(heard, tmp_path / "late", "study LIKE '%/bond%'")
    assert verdicts["bond"].startswith("no claim: model changed")
    assert not verdicts["arbitration"].startswith("no claim")
    for text in (summary, page):
        assert "A model that changed on the way" in text
        assert "“bond” against “none”" in text
        assert "“bond” against “bond announced”" not in text  # the same system answered both
        assert "fp-new" in text or "fp\\-new" in text
    assert "answered by the same models in all arms" in summary


def test_a_change_that_is_the_same_in_all_arms_is_told_and_does_no_harm(heard, tmp_path):
    verdicts, summary, _ = replayed(heard, tmp_path / "half", f"world >= {WORLDS // 2}")
    assert not any(verdict.startswith("no claim") for verdict in verdicts.values())
    assert "A model that changed on the way" in summary
    assert "are not touched by it" in summary
    calls = pd.read_csv(tmp_path / "half" / "models.csv", keep_default_na=False)
    assert calls.groupby("fingerprint")["worlds"].sum().loc["fp-new"] > 0


@pytest.mark.parametrize(
    ("arm", "apart"),
    [
        ({("m", "a"): 1.0}, False),
        ({("m", "a"): 0.97, ("m", "b"): 0.03}, False),
        ({("m", "a"): 0.9, ("m", "b"): 0.1}, True),
        ({("m", "b"): 1.0}, True),
    ],
)
def test_versions_are_compared_by_their_shares(arm, apart):
    same = {("m", "a"): 1.0}
    cells = {("none", "ordinary"): same, ("none", "zero_sum_twin"): same}
    alone = {("judge", "j"): 1.0}  # a model that only one arm has is part of the treatment
    models = {"m": {**cells, ("bond", "ordinary"): arm}, "j": {("bond", "ordinary"): alone}}
    found = Answered(pd.DataFrame(), pd.DataFrame(), {("duel", 1): models, ("duel", 0): {}})
    assert found.apart("duel", ("bond", "none"), 1) == apart
    assert found.apart("duel", ("bond", "none")) == apart
    assert not found.apart("duel", ("bond", "none"), 0)
    assert not found.apart("other", ("bond", "none"))


def test_arms_that_lose_more_worlds_than_others_are_named():
    rows = [
        {"game": "duel", "arm": arm, "payoffs": "ordinary", "point": 0, "worlds": 100,
         "silent": 0, "refused": lost, "unusable": 0}
        for arm, lost in (("none", 1), ("bond", 4), ("court", 9))
    ]  # fmt: skip
    calls = pd.DataFrame(columns=["game", "model", "version", "fingerprint"])
    study = {
        "answered": Answered(calls, pd.DataFrame(rows), {}),
        "asking": {"duel": ()}, "arms": {"none": "", "bond": "", "court": ""}, "placebos": {},
        "baseline": "none", "seed": 1, "worlds": 100, "claims_minimum_worlds": 9, "primary": "w",
    }  # fmt: skip
    assert lost_apart(study) == ["9% under “court” and 1% under “none” in the duel"]
    levels = pd.DataFrame(columns=["game", "arm", "payoffs", "metric", "mean", "undefined"])
    assert "Models failed more in some arms than in others" in dict(threats(levels, [], study))


# --- transcripts ---


def test_a_conversation_is_read_as_it_was_held(heard, capsys):
    _, folder = heard
    assert shell("transcript", str(folder)) == 0
    listing = capsys.readouterr().out
    calls = pd.read_csv(folder / "models.csv")
    for arm, count in calls[calls["payoffs"] == "ordinary"].groupby("arm")["calls"].sum().items():
        (line,) = (line for line in listing.splitlines()[2:-2] if f" {arm} " in line)
        assert f"{count:,} calls" in line
    words = ("--arm", "bond", "--world=2", "--payoffs", "zero_sum_twin")
    assert shell("transcript", str(folder), *words) == 0
    told = capsys.readouterr().out
    assert "arm bond, zero sum twin payoffs, world 2" in told
    assert told.count("told first:") == told.count("  asked:") + told.count("  asked again:")
    assert "  of no use: no_answer: no line of the reply begins with ANSWER:" in told
    assert "Round 4, seat 0: repeated_dilemma.move, attempt 2" in told
    assert "  read as: cooperate" in told
    assert told.rstrip().endswith("The world ended after round 8.")
    assert shell("transcript", str(folder), "--arm=bond", "--seat=1", "--round=4", "--short") == 0
    told = capsys.readouterr().out
    assert "Round 4, seat 1" in told
    assert "seat 0:" not in told
    assert "You decide for one seat" not in told


def test_nothing_that_a_model_writes_passes_for_ours(heard, capsys, tmp_path):
    _, folder = heard
    assert shell("transcript", str(folder)) == 0
    assert shell("transcript", str(folder), "--world", "1") == 0
    told = capsys.readouterr().out
    assert "forged" in told
    assert "\x1b" not in told
    assert "\u202e" not in told
    for line in told.splitlines():
        assert "forged" not in line or line.startswith("  │ ")
    page = tmp_path / "page.html"
    assert shell("transcript", str(folder), "--arm", "bond", "--html", str(page)) == 0
    text = page.read_text()
    assert "<details><summary>" in text
    assert "&lt;script&gt;x&lt;/script&gt;" in text
    assert "<script" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--arm", "bnd"), "did you mean bond"),
        (("--game=dilemma",), "no game 'dilemma'"),
        (("--payoffs", "twin"), "zero_sum_twin"),
        (("--world", "6"), "there are 6, from 0 on"),
        (("--world", "-1"), "whole number of 0 or more"),
        (("--seat", "7"), "seats 0, 1 were asked in rounds up to 8"),
        (("--sheet", "7"), "did you mean --seat"),
        (("--html",), "needs a value"),
        (("--html", "nowhere/page.html"), "nowhere/page.html"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(heard, capsys, words, told):
    _, folder = heard
    assert shell("transcript", str(folder), *words) == 2
    assert told in capsys.readouterr().err


def test_of_what_was_never_asked_there_is_no_transcript(heard, capsys, tmp_path):
    _, folder = heard
    part = tmp_path / "part"
    part.mkdir()
    shutil.copyfile(folder / "config.yaml", part / "config.yaml")
    assert shell("transcript", str(part)) == 2
    assert "nothing is recorded" in capsys.readouterr().err
    shutil.copyfile(folder / CALLS, part / CALLS)
    with sqlite3.connect(part / CALLS) as calls:
        calls.execute("DELETE FROM calls WHERE world = 0 AND round > 2 OR world = 1")
    calls.close()
    assert shell("transcript", str(part), "--short") == 0
    told = capsys.readouterr().out
    assert "So far: the rest is not recorded." in told
    assert "Round 4" not in told
    assert shell("transcript", str(part), "--world", "1") == 2
    assert "has not come to this world" in capsys.readouterr().err


def test_what_was_read_of_an_answer():
    assert said("ANSWER: pay amount=3\r\nThey did.") == ("They did.", "pay amount=3")
    assert said('{"choice": "pay"}') == ("", "pay")
    assert said("I would rather not.") == ("I would rather not.", "")


@pytest.mark.parametrize("text", ["x" * 300, "word " * 60, "多" * 90, "a b\n\n" + "c" * 99])
def test_quoted_lines_never_reach_the_edge_and_lose_nothing(text):
    lines = list(quoted(text, 40))
    assert all(line.startswith("  │") for line in lines)
    assert all(len(line) + sum(letter == "多" for letter in line) <= 40 for line in lines)
    said_again = "".join(line.removeprefix("  │").strip() for line in lines)
    assert said_again.replace(" ", "") == text.replace(" ", "").replace("\n", "")


def test_only_what_prints_is_printed():
    assert visible("tab\tand\x07bell\x9b\u2066\ufeff") == "tab and\\x07bell\\x9b\\u2066\\ufeff"
    assert visible("a\u00a0b\u3000c\r\nd") == "a b c\nd"


# --- while it runs ---


def test_whoever_watches_is_told_of_every_world(heard):
    config, folder = heard
    options = {**config["model_options"], "mode": "replay"}
    text = json.dumps({**config, "model_options": options}, default=str)
    (task,) = design_of(text).tasks(0, WORLDS)
    told = []
    carry_out(
        Order(text, task, task.arms, 1, str(folder)), lambda over, words: told.append((over, words))
    )
    assert sum(over for over, _ in told) == len(task.arms) * 2 * WORLDS
    assert max(over for over, _ in told) == 1
    assert told[-1][1].endswith("answers played")


def test_a_study_without_models_has_no_transcript(tmp_path):
    (config,) = composed([*PAIRS])
    (tmp_path / "config.yaml").write_text(config_text(config))
    with pytest.raises(ConfigurationError, match="no seat of this study"):
        show_transcript([str(tmp_path)])
