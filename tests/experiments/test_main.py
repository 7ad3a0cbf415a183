"""The command as a newcomer meets it: what it prints, what it leaves, how it refuses."""

import hashlib
import json
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from posalign_sim.experiments.main import composed, main
from posalign_sim.experiments.study.design import Design, Task
from tests.experiments.studies import TINY, play


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
        ("noise=much", "noise must be a number"),
        ("runner=jobli", "did you mean joblib"),
        ("sinks=[line]", "did you mean lines"),
        ("batch=0", "batch"),
        ("registration=nothing.json", "registration=nothing.json cannot be read"),
        ("study.primary=welfare", "has no outcome 'welfare'"),
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


def test_a_study_leaves_a_folder_that_explains_itself(tmp_path, capsys, monkeypatch):
    done = command(*TINY, "output=out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Report: out/report.html" in done.stdout and "repeated dilemma" in done.stdout
    # Arms whose institutions were not chosen are left out, and told.
    assert "Left out, for want of their institutions: reputation" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    out = tmp_path / "out"
    results = pd.read_parquet(out / "results.parquet")
    assert list(results.columns) == ["game", "arm", "payoffs", "world", "metric", "value"]
    assert set(results["arm"]) == {"none", "bond", "bond_announced", "bond_shuffled"}
    named = {name: str for name in ("game", "arm", "payoffs", "metric")}
    pd.testing.assert_frame_equal(
        results.astype(named), pd.read_csv(out / "results.csv").astype(named), check_dtype=False
    )
    assert set(results["payoffs"]) == {"ordinary", "zero_sum_twin"}
    assert results["world"].nunique() == 10
    twin = results[(results["payoffs"] == "zero_sum_twin") & (results["metric"] == "surplus")]
    assert (twin["value"] == 0).all()
    compile((out / "round_repeated_dilemma.py").read_text(), "round", "exec")
    page = (out / "report.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "") and "<img" in page
    assert (out / "figures" / "effect_repeated_dilemma.png").stat().st_size > 1000
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["seed"] == 1 and "output" not in provenance["command"]
    manifest = json.loads((out / "manifest.json").read_text())
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    hidden = {n for n in there if n.startswith((".", "parts/"))}
    assert set(manifest) == there - hidden - {"manifest.json"}
    for name, digest in manifest.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    # The same study finds it done; another is refused; so is what would make another of it.
    monkeypatch.chdir(tmp_path)
    stamps = {name: (out / name).stat().st_mtime_ns for name in manifest}
    for words in ([*TINY, "output=out", "runner=joblib"], ["resume", "out"]):
        main(words)
        assert "out holds this study, complete: nothing to run." in capsys.readouterr().out
    said = refused(capsys, *TINY, "output=out", "institutions.bond.stake=2.5")
    assert "output=out holds another study (institutions.bond.stake: 3.0, not 2.5)" in said
    assert "seed= would make it another study" in refused(capsys, "resume", "out", "seed=2")
    assert "is no folder of a study" in refused(capsys, "resume", "nowhere")
    assert "name the folder" in refused(capsys, "resume")
    assert stamps == {name: (out / name).stat().st_mtime_ns for name in manifest}


def test_what_is_in_the_way_is_not_written_over(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert "output=out is already there" in refused(capsys, *TINY, "output=out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_study_of_ones_own_joins_by_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "mine" / "study"
    mine.mkdir(parents=True)
    (mine / "late.yaml").write_text(
        "name: late\ntitle: Bonds that end\nbaseline: none\nprimary: welfare_net\n"
        "arms:\n  none: {}\n  bond: {institutions: {bond: enforced}}\n"
        "  ends: {institutions: {bond: {0: enforced, 2: 'off', 10: shuffled}}}\n"
    )
    main(["--config-dir", "mine", "study=late", *TINY, "output=out"])
    results = pd.read_parquet(tmp_path / "out" / "results.parquet")
    assert set(results["arm"]) == {"none", "bond", "ends"}
    # What was read back from the folder is the same study.
    main(["resume", "out"])


def test_an_interrupted_study_says_how_to_go_on_and_does_not_look_whole(tmp_path):
    words = [*TINY, "replicates=200", "rounds=3000000", "output=out"]
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
        limit = time.monotonic() + 60
        while not (tmp_path / "out" / "provenance.json").exists() and time.monotonic() < limit:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    assert "go on with: posalign-sim resume out" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert (tmp_path / "out" / "config.yaml").exists()
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_sweep_is_the_grid_of_one_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main(["-m", *TINY, "institutions.bond.stake=1,4", "output=out"])
    results = pd.read_parquet(tmp_path / "out" / "results.parquet")
    axis = results.groupby("point")["institutions.bond.stake"].unique()
    assert [list(values) for values in axis] == [[1.0], [4.0]]
    assert results.groupby(["point", "arm"], observed=True)["world"].nunique().eq(10).all()
    # What only the study declares is kept of a grid; the rest is a matter of record=all.
    assert "welfare_net" in set(results["metric"])
    assert (tmp_path / "out" / "report.html").exists()


def test_a_sweep_may_go_over_populations():
    (config,) = composed(["-m", *TINY[:2], "population=responsive,reciprocal", "noise=0,0.05"])
    design = Design(config)
    assert list(design.axes) == ["population", "noise"]
    assert [design.point(k)["population"] for k in range(4)] == [
        "responsive", "responsive", "reciprocal", "reciprocal",
    ]  # fmt: skip
    seated = [
        {
            agent.name
            for agent in design.scenario(Task("repeated_dilemma", (0,), (k, k + 1), (0, 1))).seats
        }
        for k in (0, 2)
    ]
    assert seated[0] != seated[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["noise=0"], "no setting has several values"),
        (["seed=1,2"], "replicates draw other worlds"),
        (["noise=0,1.5"], "out of its range"),
        (["noise=0,much"], "noise must be a number"),
        (["threads=1,2"], "where or how fast"),
        (["population=responsive,nobody"], "nobody"),
        (["institutions.bond.stak=1,2"], "did you mean stake"),
        (["study=default,factorial"], "study"),
        (["noise=["], "noise"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused_in_a_line(
    capsys, tmp_path, monkeypatch, words, told
):
    monkeypatch.chdir(tmp_path)
    assert told in refused(capsys, "-m", *TINY, *words)
    assert list(tmp_path.iterdir()) == []


def test_what_was_registered_is_run_and_nothing_else(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = "+study.hypotheses=[{arm:bond,direction:greater}]"
    main(["register", "plan.json", *TINY, asked])
    said = capsys.readouterr().out
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["sha256"] in said and "registration=plan.json" in said
    assert [(h["arm"], h["direction"]) for h in plan["hypotheses"]] == [("bond", "greater")]
    assert "is already there" in refused(capsys, "register", "plan.json", *TINY)
    assert "name the file" in refused(capsys, "register", *TINY)
    # Other settings are another study; a file that was changed registers nothing.
    told = refused(capsys, *TINY, asked, "seed=2", "registration=plan.json")
    assert "registration=plan.json is of another study (seed: 1, not 2)" in told
    assert "is of another study" in refused(capsys, *TINY, "registration=plan.json")
    changed = (tmp_path / "plan.json").read_text().replace('"greater"', '"less"')
    (tmp_path / "changed.json").write_text(changed)
    told = refused(capsys, *TINY, asked, "registration=changed.json")
    assert "registration=changed.json was changed after it was written" in told
    # What is registered stays so when a study is resumed, wherever that is done from.
    (config,) = composed([*TINY, asked, "registration=plan.json"])
    play(config, tmp_path / "out")
    (tmp_path / "plan.json").unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    main(["resume", "../out"])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert "registration.json" in manifest
    assert plan["sha256"][:12] in (tmp_path / "out" / "report.html").read_text()
