"""Numbers can be watched while they come; what shows them never stops a study."""

import math
from importlib.metadata import EntryPoint

import pandas as pd
import pytest

from posalign_sim import ConfigurationError, registry
from posalign_sim.experiments.sinks import Lines, make_sinks


class Failing:
    """A third party's sink that breaks: when it is made, at its second record, or in the end."""

    when = "record"

    def __init__(self, folder):
        self.steps = 0
        if self.when == "start":
            raise PermissionError("no room\nat all")

    def record(self, step, values):
        self.steps += 1
        if self.when == "record" and self.steps == 2:
            raise OSError("disk full")

    def close(self):
        if self.when == "close":
            raise OSError("disk full")


@pytest.fixture
def offered(monkeypatch):
    point = EntryPoint("failing", f"{__name__}:Failing", "posalign_sim.sinks")
    monkeypatch.setattr(EntryPoint, "load", lambda self: Failing)
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [point] if group == point.group else []
    )
    registry.known.cache_clear()
    yield
    registry.known.cache_clear()


def test_lines_are_there_at_once_and_a_resumed_run_goes_on(tmp_path):
    path = tmp_path / "live.csv"
    sink = Lines(tmp_path)
    sink.record(1, {"a, b": 0.1, "c": math.nan})
    table = pd.read_csv(path)
    assert table["name"].tolist() == ["a, b", "c"]
    assert table["value"][0] == 0.1 and math.isnan(table["value"][1])
    sink.close()
    with path.open("a") as file:
        file.write("2,c,0.")  # cut off by a kill
    sink = Lines(tmp_path)
    sink.record(2, {"c": 5})
    sink.close()
    table = pd.read_csv(path)
    assert table["step"].tolist() == [1, 1, 2]
    assert table["value"].tolist()[2] == 5


def test_tensorboard_reads_back_what_was_recorded(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sinks = make_sinks(["tensorboard", "lines"], tmp_path)
    for step in range(3):
        sinks.record(step, {"dilemma/bond/welfare_net": step / 4, "chunks": step})
    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()  # while it is still open
    curve = read.Scalars("dilemma/bond/welfare_net")
    assert [(event.step, event.value) for event in curve] == [(0, 0.0), (1, 0.25), (2, 0.5)]
    assert set(read.Tags()["scalars"]) == {"dilemma/bond/welfare_net", "chunks"}
    sinks.close()
    assert len(pd.read_csv(tmp_path / "live.csv")) == 6


@pytest.mark.parametrize("when", ["start", "record", "close"])
def test_a_sink_that_fails_is_left_out_with_one_line(when, offered, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Failing, "when", when)
    sinks = make_sinks(["failing", "lines"], tmp_path)
    for step in range(4):
        sinks.record(step, {"x": step})
    sinks.close()
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "sink failing failed and is left out" in said
    assert pd.read_csv(tmp_path / "live.csv")["value"].tolist() == [0, 1, 2, 3]


def test_bad_input(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="did you mean tensorboard"):
        make_sinks(["tensorbord"], tmp_path)
    monkeypatch.setattr("posalign_sim.experiments.extras.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'posalign-sim\[tensorboard\]'"):
        make_sinks(["lines", "tensorboard"], tmp_path)
