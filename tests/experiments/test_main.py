"""The command as a newcomer meets it: what it prints, what it leaves, how it refuses."""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from posalign_sim.experiments.main import main

SMALL = ["replicates=8", "rounds=12", "threads=1"]


def command(*words, cwd, **more):
    return subprocess.run(
        [sys.executable, "-m", "posalign_sim.experiments.main", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        **more,
    )


def refused(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("posalign-sim: ") and "\n" not in said, said
    return said


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("game=repeated_dilema", "did you mean repeated_dilemma"),
        ("institutions=[reputatio]", "did you mean reputation"),
        ("institutions.arbitration.acuracy=0.8", "did you mean accuracy"),
        ("institutions.arbitration.accuracy=1.8", "arbitration.accuracy = 1.8 is out of its range"),
        ("institutions.arbitration.accuracy=high", "high"),
        ("study=defalt", "did you mean default"),
        ("population=nobody", "responsive"),
        ("matching=rematche", "did you mean rematched"),
        ("replicates=0", "replicates"),
        ("replicates=1.5", "replicates"),
        ("rounds=many", "rounds"),
        ("rounds=null", "rounds="),
        ("seed=none", "seed"),
        ("noise=nan", "nan"),
        ("noise=2", "probability"),
        ("continuation=1.2", "continuation"),
        ("replicate=3", "did you mean replicates"),
        ("explian", "did you mean explain"),
        ("study.baseline=nothing", "nothing"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, word, told):
    monkeypatch.chdir(tmp_path)
    assert told in refused(capsys, word)
    assert list(tmp_path.iterdir()) == []


def test_a_population_that_does_not_fit_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    population = "population.repeated_dilemma.player"
    assert "needs at least" in refused(capsys, f"{population}=[]")
    assert "did you mean opportunist" in refused(
        capsys, f"{population}=[{{agent:opportunst,seats:8}}]"
    )
    assert "cannot decide repeated_dilemma.move" in refused(
        capsys, f"{population}=[{{agent:discriminating_buyer,seats:8}}]"
    )


def test_list_names_everything_once(capsys):
    main(["list"])
    lines = capsys.readouterr().out.splitlines()
    for name in ("moral_hazard_market", "reputation", "tit_for_tat", "welfare", "default"):
        assert any(line.split()[:1] == [name] for line in lines), name
    assert max(map(len, lines)) <= 100
    main(["list", "games"])
    assert "reputation" not in capsys.readouterr().out


def test_explain_prints_python_that_names_the_stack(capsys):
    main(["explain", "game=moral_hazard_market", "institutions=[reputation,bond]"])
    text = capsys.readouterr().out
    compile(text, "round", "exec")
    assert "reputation_publish(w, w.reputation)" in text and "bond_redress(w, w.bond)" in text
    assert "arbitration" not in text
    main(["explain"])
    assert "def play_round(w):" in capsys.readouterr().out


def test_a_study_leaves_a_folder_that_explains_itself(tmp_path):
    done = command(*SMALL, "game=repeated_dilemma", "output=out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Report: out/report.html" in done.stdout and "repeated dilemma" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    out = tmp_path / "out"
    results = pd.read_parquet(out / "results.parquet")
    assert list(results.columns) == ["game", "arm", "payoffs", "world", "metric", "value"]
    pd.testing.assert_frame_equal(results, pd.read_csv(out / "results.csv"), check_dtype=False)
    assert set(results["payoffs"]) == {"ordinary", "zero_sum_twin"}
    assert results["world"].nunique() == 8
    twin = results[(results["payoffs"] == "zero_sum_twin") & (results["metric"] == "surplus")]
    assert (twin["value"] == 0).all()
    provenance = json.loads((out / "provenance.json").read_text())
    text = (out / provenance["rounds"]["repeated_dilemma"]["file"]).read_text()
    compile(text, "round", "exec")
    page = (out / "report.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "") and "<img" in page
    assert (out / "figures" / "effect_repeated_dilemma.png").stat().st_size > 1000
    # The folder of a finished study is never written over.
    again = command(*SMALL, "game=repeated_dilemma", "output=out", cwd=tmp_path)
    assert again.returncode == 2 and "already there" in again.stderr
    # The same study gives the same bytes, on any number of threads.
    twice = command(
        "replicates=8", "rounds=12", "threads=2", "game=repeated_dilemma", "output=two",
        cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )  # fmt: skip
    assert twice.returncode == 0, twice.stderr
    for name in ("results.parquet", "results.csv", "trajectories.csv", "contrasts.csv"):
        assert (out / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_a_study_of_ones_own_joins_by_its_folder(tmp_path):
    mine = tmp_path / "mine" / "study"
    mine.mkdir(parents=True)
    (mine / "late.yaml").write_text(
        "name: late\ntitle: Bonds that end\nbaseline: none\nprimary: welfare_net\n"
        "arms:\n  none: {}\n  bond: {institutions: {bond: enforced}}\n"
        "  ends: {institutions: {bond: {0: enforced, 6: 'off'}}}\n"
    )
    done = command(
        *SMALL, "--config-dir", "mine", "study=late", "game=repeated_dilemma", "output=out",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = pd.read_parquet(tmp_path / "out" / "results.parquet")
    assert set(results["arm"]) == {"none", "bond", "ends"}


def test_arms_whose_institutions_were_not_chosen_are_left_out_and_told(tmp_path):
    done = command(
        *SMALL, "game=repeated_dilemma", "institutions=[bond]", "output=out", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Left out, for want of their institutions: reputation" in done.stdout
    results = pd.read_parquet(tmp_path / "out" / "results.parquet")
    assert set(results["arm"]) == {"none", "bond", "bond_announced", "bond_shuffled"}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_study_leaves_nothing_that_looks_whole(tmp_path, sent):
    words = ["replicates=200", "rounds=3000000", "game=repeated_dilemma", "output=out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "posalign_sim.experiments.main", *words],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs in the background of a script was told to ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        time.sleep(6)
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (130, -sent), said
    assert not (tmp_path / "out").exists()
    if sent == signal.SIGINT:
        assert "nothing was written" in said
