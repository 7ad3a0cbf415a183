"""Studies as tasks of Inspect AI: a scripted model has there what it has in `converse`."""

import asyncio
import gc
import json
import math
import os
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("inspect_ai")

from inspect_ai import eval as evaluate
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import SampleScore

from posalign_sim import ConfigurationError
from posalign_sim.agents.llm import (
    Asking,
    ChatRequest,
    Fake,
    Message,
    Place,
    Scripted,
    converse,
)
from posalign_sim.experiments.inspect_tasks import STUDIES, study
from posalign_sim.experiments.inspect_tasks.scores import contrast_table
from posalign_sim.experiments.inspect_tasks.settings import design_of, role_names
from posalign_sim.experiments.study.description import describe
from posalign_sim.experiments.study.design import Task
from posalign_sim.experiments.study.report.verdicts import study_contrasts
from tests.agents.llm.players import silent_under_a_bond, tit_for_tat

# Inspect AI calls tenacity in a way that later versions of tenacity do not like, and leaves streams
# of its own to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]
#: The same without an institution, and without twins.
ALONE = "institutions=[] study.twins=false"
ROOT = Path(__file__).parents[2]
#: Noisy pairs under a bond, as short as they can be.
PAIRS = (
    "game=repeated_dilemma institutions=[bond] matching=fixed noise=0.3 rounds=3 replicates=2 "
    "study.name=pairs study.secondary=[cooperation] ~study.arms.bond_announced "
    "~study.arms.bond_shuffled "
    "population.repeated_dilemma.player=[{agent:language_model,seats:2}]"
)


@pytest.fixture(autouse=True)
def collected():
    """What Inspect AI leaves to the garbage collector is collected here, and not in other tests."""
    yield
    gc.collect()


def mock(function, name="model", calls=None):
    """Inspect AI's stand-in for a model, which answers by a function of the prompt."""

    def act(messages, tools, choice, config):
        prompt = "\n\n".join(message.text for message in messages)
        if calls is not None:
            calls.append(prompt)
        output = ModelOutput.from_content(name, function(prompt))
        output.usage = ModelUsage(input_tokens=5, output_tokens=3, total_tokens=8)
        return output

    return get_model(f"mockllm/{name}", custom_outputs=act, memoize=False)


def run(folder, model, words="", **options):
    """The log of a small study."""
    task = study("default", "own", f"{PAIRS} {words}", mode="interpreted")
    given = {"display": "none", "log_dir": str(folder), **options}
    (log,) = evaluate(task, model=model, **given)
    return log


def design(words=""):
    return design_of("default", "own", f"{PAIRS} {words}")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The log of a model that plays tit for tat, and how often it was asked."""
    calls = []
    log = run(tmp_path_factory.mktemp("logs"), mock(tit_for_tat, calls=calls))
    assert log.status == "success", log.error
    return read_eval_log(log.location), calls


def by_hand(made, pairs):
    """Outcomes of the same study by `converse`: one row for each world."""
    shape = (len(made.arms), len(made.payoffs), pairs)
    run = converse(
        made.scenario(Task("repeated_dilemma", tuple(range(len(made.arms))), (0, 1), (0, pairs))),
        Scripted(tit_for_tat),
        int(np.prod(shape)),
        made.seed,
        usual=Asking(model="python/tests.agents.llm.players:tit_for_tat"),
        pairs=np.broadcast_to(np.arange(pairs), shape).ravel(),
        mode="interpreted",
        progress=False,
    )
    table = run.table()
    names = [arm.name for arm in made.arms]
    table[["arm", "payoffs", "world"]] = list(product(names, made.payoffs, range(pairs)))
    return table


def test_scores_are_those_of_converse(played):
    log, calls = played
    table = by_hand(design(), 2)
    assert table["welfare_net"].nunique() > 4
    assert len(log.samples) == len(table)
    for row in table.to_dict("records"):
        name = f"repeated_dilemma/{row['arm']}/{row['payoffs']}/{row['world']}"
        (sample,) = (one for one in log.samples if one.id == name)
        assert sample.metadata["arm"] == row["arm"]
        value = sample.scores["outcomes"].value
        for outcome in ("welfare_net", "cooperation"):
            assert value[outcome] == pytest.approx(row[outcome], abs=1e-12, nan_ok=True)
        assert value["faults"] == 0
    assert table["model_calls"].sum() == len(calls)


def test_metrics_are_means_by_arm_and_the_contrasts_of_the_study(played):
    log, _ = played
    made, table = design(), by_hand(design(), 2)
    here = table[table["payoffs"] == "ordinary"]
    results = {score.name: score.metrics for score in log.results.scores}
    for arm, values in here.groupby("arm")["welfare_net"]:
        metrics = results["welfare_net"]
        cell = f"repeated_dilemma/{arm}"
        assert metrics[f"mean_by_arm_{cell}"].value == pytest.approx(values.mean())
        assert metrics[f"stderr_by_arm_{cell}"].value == pytest.approx(values.sem())
    long = table.assign(game="repeated_dilemma", faults=0.0).melt(
        id_vars=["game", "arm", "payoffs", "world"], value_vars=["welfare_net", "cooperation"]
    )
    long = long.rename(columns={"variable": "metric"})
    wanted = study_contrasts(long, describe(made, 2))
    scores = [SampleScore(score=s.scores["outcomes"], sample_metadata=s.metadata)
              for s in log.samples]  # fmt: skip
    found = contrast_table(made, scores)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), wanted.reset_index(drop=True))
    effect = wanted[
        (wanted["arm"] == "bond")
        & (wanted["payoffs"] == "ordinary")
        & (wanted["metric"] == "welfare_net")
        & (wanted["against"] == "none")
    ].iloc[0]
    told = results["outcomes"]
    for what in ("estimate", "low", "high", "p_holm"):
        name = f"repeated_dilemma/bond minus none/welfare_net/{what}"
        assert told[name].value == pytest.approx(effect[what])


def test_the_log_can_be_read(played):
    log, _ = played
    (sample,) = (s for s in log.samples if s.id == "repeated_dilemma/bond/ordinary/0")
    spans = {e.id: e for e in sample.events if e.event == "span_begin"}
    first = next(e for e in spans.values() if e.type == "agent")
    assert first.name == "player_0: bond.bond, round 1"
    answers = [e for e in sample.events if e.event == "model"]
    assert {spans[e.span_id].name.partition(":")[0] for e in answers} == {"player_0", "player_1"}
    told = [e.data for e in sample.events if e.event == "info" and e.source == "posalign_sim"]
    told = [sample.attachments.get(str(t).removeprefix("attachment://"), t) for t in told]
    assert told[0].startswith("**Who plays**")
    assert any("payment: player 0 moves" in text for text in told)
    assert any("chose cooperate" in text for text in told)
    assert told[-1].startswith("**The end**, after 3 rounds")


def test_a_model_that_fails_is_a_fault_of_its_worlds(tmp_path):
    log = run(tmp_path, mock(silent_under_a_bond), "models.repairs=0 replicates=1")
    assert log.status == "success"
    for sample in log.samples:
        score = sample.scores["outcomes"]
        if sample.metadata["arm"] == "bond":
            assert score.value["faults"] == 1 and math.isnan(score.value["welfare_net"])
            assert score.reason == "invalid_response_format"
            assert "The world broke off: a language model" in score.explanation
        else:
            assert score.value["faults"] == 0 and not math.isnan(score.value["welfare_net"])


def test_roles_give_seats_models_of_their_own(tmp_path):
    roles = {"player_1": mock(lambda prompt: "ANSWER: defect", "other")}
    words = f"{ALONE} noise=0 replicates=1"
    log = run(tmp_path, mock(tit_for_tat), words, model_roles=roles)
    (sample,) = log.samples
    assert sample.scores["outcomes"].metadata["points"] == {"player_0": 2, "player_1": 7}
    spans = {e.id: e.name for e in sample.events if e.event == "span_begin"}
    asked = {(spans[e.span_id].partition(":")[0], e.model) for e in sample.events
             if e.event == "model"}  # fmt: skip
    assert asked == {("player_0", "mockllm/model"), ("player_1", "mockllm/other")}
    log = run(tmp_path, mock(tit_for_tat), words, model_roles={"plyer": mock(tit_for_tat)})
    assert log.status == "error" and "did you mean player" in log.error.message


def test_a_limit_leaves_a_world_without_a_score(tmp_path):
    log = run(tmp_path, mock(tit_for_tat), "replicates=1", token_limit=30, limit=1)
    (sample,) = log.samples
    assert sample.limit.type == "token"
    assert math.isnan(sample.scores["outcomes"].value)


def test_what_is_cached_serves_its_own_world_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    calls = []
    words = f"{ALONE} noise=0 rounds=1"
    logs = [run(tmp_path, mock(tit_for_tat, calls=calls), words, cache=True) for _ in range(2)]
    assert len(calls) == 4  # two worlds, two seats, of one prompt but for its order
    one, other = ([s.scores["outcomes"].value for s in log.samples] for log in logs)
    assert one == other


def test_epochs_are_further_replicates(tmp_path):
    words = "study.twins=false"
    log = run(tmp_path, mock(tit_for_tat), f"{words} replicates=1", epochs=2)
    played = [s.scores["outcomes"].metadata["world"] for s in log.samples]
    assert sorted(played) == [0] * 2 + [1] * 2
    scores = [SampleScore(score=s.scores["outcomes"], sample_metadata=s.metadata)
              for s in log.samples]  # fmt: skip
    found = contrast_table(design(f"{words} replicates=1"), scores)
    assert (found["pairs"] == 2).all()


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_every_study_can_be_played_by_models_in_every_seat(name):
    made = design_of(name, overrides="replicates=1")
    assert all(made.speakers[game] == {"inspect"} for game in made.games)
    assert set(role_names(made)) > set()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("trust_markt",), "did you mean trust_market"),
        (("trust_market", "lm"), "did you mean llm"),
        (("trust_market", "own"), "no seat of trust_market is held by a language model"),
        (("trust_market", "llm", "model=fake"), "say it as --model"),
        (("trust_market", "llm", "rouns=3"), "did you mean rounds"),
        (("trust_market", "llm", "--cfg job"), "settings of one study"),
    ],
)
def test_what_makes_no_sense_is_refused(given, told, capsys):
    with pytest.raises(ConfigurationError, match=told):
        design_of(*given)


def test_a_study_of_one_s_own(tmp_path):
    (tmp_path / "study").mkdir()
    mine = "name: mine\nquestion: Mine?\narms: {none: {summary: Nothing}}\n"
    (tmp_path / "study" / "mine.yaml").write_text(mine)
    task = study("mine", overrides=["game=[trust", "crisis] rounds=2"], config_dir=str(tmp_path))
    assert task.name == "mine"
    assert {sample.metadata["game"] for sample in task.dataset} == {"trust", "crisis"}


class Speaking(BaseHTTPRequestHandler):
    """A server that speaks chat completions and answers as the stand-in does."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        words = tuple(Message(m["role"], m["content"]) for m in body["messages"])
        request = ChatRequest(words, "fake", Place("cli", 0, 0, "any", 0), schema=schema)
        text = asyncio.run(Fake().complete(request)).text
        message = {"role": "assistant", "content": text}
        reply = {
            "id": "one",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        }
        sent = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *given):
        """Says nothing."""


def test_the_command_of_inspect_knows_the_studies(tmp_path):
    # As pip would install it from the working copy.
    about = tmp_path / "installed" / "posalign_sim-0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: posalign-sim\nVersion: 0\n")
    (about / "direct_url.json").write_text('{"url": "file:///", "dir_info": {"editable": true}}')
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = ["[inspect_ai]", *(f"{name} = {where}" for name, where in points["inspect_ai"].items())]
    (about / "entry_points.txt").write_text("\n".join(lines))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Speaking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = ["eval", "posalign_sim/trust_market", "--model", "openai-api/local/small"]
    words += ["-T", "overrides=game=trust rounds=1 replicates=1", "-T", "mode=interpreted"]
    words += ["--model-role", "investor=openai-api/local/other", "--limit", "2"]
    words += ["--display", "plain", "--log-dir", str(tmp_path / "logs")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "installed"), str(ROOT)]),
        "LOCAL_API_KEY": "none",
        "LOCAL_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "inspect_ai", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "logs").iterdir()
    log = read_eval_log(str(path))
    assert log.status == "success", log.error
    assert log.eval.task_registry_name == "posalign_sim/trust_market"
    assert [s.id for s in log.samples] == ["trust/none/ordinary/0", "trust/reputation/ordinary/0"]
    assert all(s.scores["outcomes"].value["faults"] == 0 for s in log.samples)
    models = {e.model for s in log.samples for e in s.events if e.event == "model"}
    assert models == {"openai-api/local/small", "openai-api/local/other"}
