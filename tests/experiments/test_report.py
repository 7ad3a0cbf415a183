"""Does the report say what the numbers allow, and no more; and does its page stand alone?"""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from posalign_sim.experiments.files import write_atomically
from posalign_sim.experiments.study.report import answer, terminal_table, write_report
from posalign_sim.experiments.study.verdicts import study_contrasts, verdicts

WORLDS = 40
ARMS = {
    "none": "No institution.",
    "bond": "A stake that a breach forfeits.",
    "bond_announced": "Told, not enforced.",
    "withdrawal": "A bond that ends at half time.",
}


def study(**changes):
    made = {
        "name": "small",
        "title": "A small study",
        "question": "Do bonds help?",
        "games": {"trust_game": {"summary": "Send and return.", "parameters": {
            "multiplier": (3.0, "", "what is sent grows by this factor")}}},
        "arms": ARMS,
        "population": {"trust_game": "Ten who reciprocate."},
        "primary": "welfare_net",
        "baseline": "none",
        "placebos": {"bond": ["bond_announced"]},
        "seed": 7,
        "worlds": WORLDS,
        "rounds": 20,
        "versions": {"numpy": "2.0"},
        "code_hash": "c0de",
        "config_hash": "c0f1",
        "command": "posalign-sim run study=small",
        "seconds": 1.5,
        "claims_minimum_worlds": 20,
    }  # fmt: skip
    return made | changes


def results(gross, twin=None, cost=0.1, game="trust_game", worlds=WORLDS, exact=True):
    """Results in which each arm adds `gross` to luck, and `twin` to the twin's constant.

    If `exact`, noise cancels out over worlds, so that the mean effect is the gain.
    """
    rng = np.random.default_rng()  # any seed must do
    luck = rng.normal(size=worlds)
    rows = []
    for payoffs, gains in (("ordinary", gross), ("zero_sum_twin", twin or {})):
        for arm in ARMS:
            spent = np.full(worlds, 0.0 if arm == "none" else cost)
            before = np.full(worlds, 1.0) + gains.get(arm, 0.0)
            if payoffs == "ordinary":
                noise = 0.05 * rng.normal(size=worlds)
                before = before + luck + noise - exact * noise.mean()
            gap = np.where(np.arange(worlds) < 3, np.nan, 0.5)
            values = {
                "welfare_gross": before,
                "welfare_net": before - spent,
                "institution_cost": spent,
                "forgiveness": gap,
                "cooperation": np.full(worlds, 0.5),
            }
            for metric, column in values.items():
                rows += [(game, arm, payoffs, i, metric, v) for i, v in enumerate(column)]
    return pd.DataFrame(rows, columns=["game", "arm", "payoffs", "world", "metric", "value"])


def course(game="trust_game", arms=ARMS):
    steps = np.arange(20)
    return pd.concat(
        pd.DataFrame({
            "game": game, "arm": arm, "payoffs": "ordinary", "round": steps,
            "metric": "cooperation", "mean": 0.5, "low": 0.4, "high": 0.6,
        })
        for arm in arms
    )  # fmt: skip


def judged(table, about=None):
    about = about or study()
    contrasts = study_contrasts(table, about)
    found = verdicts(contrasts, about)
    return {verdict.arm: verdict.code for verdict in found}, answer(found, contrasts, about)


def test_a_gain_beyond_the_placebo_is_a_gain():
    codes, (first, placebo, twin) = judged(results({"bond": 1.0, "bond_announced": 0.1}))
    assert codes["bond"] == "raises"
    assert codes["bond_announced"] == "unclear"
    assert "rose under bond (+0.900 points per seat per round" in first
    assert "Of the 1 gains that have placebos" in placebo and "1 exceeded" in placebo
    assert "did not move at all in 3 comparisons" in twin


def test_a_gain_that_the_placebo_has_too_is_no_merit():
    codes, (first, placebo, _) = judged(results({"bond": 1.0, "bond_announced": 1.0}))
    assert codes["bond"] == "as_placebo"
    assert "rose under bond but not clearly more than under a placebo" in first
    assert "0 exceeded" in placebo and "not shown" in placebo


def test_a_cost_without_a_gain_lowers():
    codes, (first, placebo, _) = judged(results({}, cost=0.5))
    assert set(codes.values()) == {"lowers"}
    assert "fell under bond and withdrawal" in first
    assert placebo == "No arm showed a gain that could be set against its placebos."


def test_nothing_is_called_unclear_and_not_zero():
    codes, (first, *_) = judged(results({}, cost=0.0))
    assert set(codes.values()) <= {"unclear"}
    assert "did not clearly change under bond and withdrawal" in first


def test_a_moving_twin_takes_the_claim_away():
    codes, (first, _, twin) = judged(results({"bond": 1.0}, twin={"bond": 0.2}))
    assert codes["bond"] == "suspect"
    assert "cannot be judged under bond" in first
    assert twin.startswith("Beware")


def test_rounding_of_the_accounts_does_not_move_a_twin():
    codes, _ = judged(results({"bond": 1.0}, twin={"bond": 4e-7}))
    assert codes["bond"] == "raises"


def test_few_worlds_undefined_worlds_and_faults_make_no_claim():
    good = results({"bond": 1.0})
    assert set(judged(good, study(claims_minimum_worlds=41))[0].values()) == {"no_claim"}

    gap = good.copy()
    where = (gap["arm"] == "bond") & (gap["world"] == 4) & (gap["payoffs"] == "ordinary")
    gap.loc[where & (gap["metric"] == "welfare_net"), "value"] = np.nan
    codes, (first, *_) = judged(gap)
    assert codes["bond"] == "no_claim" and codes["withdrawal"] != "no_claim"
    assert "1 undefined" in first

    faults = good[good["metric"] == "welfare_net"].assign(metric="faults", value=0.0)
    faulted = (faults["arm"] == "bond") & (faults["world"] == 4)
    faults["value"] = faulted.astype(float)
    codes, _ = judged(pd.concat([good, faults], ignore_index=True))
    assert codes["bond"] == "no_claim"


def test_null_studies_rarely_claim_anything():
    claims = 0
    for _ in range(60):
        null = results({}, cost=0.0, exact=False)
        primary = null[(null["payoffs"] == "ordinary") & (null["metric"] == "welfare_net")]
        codes, _ = judged(primary)
        claims += any(code in ("raises", "as_placebo", "lowers") for code in codes.values())
    assert claims <= 60 * 0.05 + 4 * np.sqrt(60 * 0.05 * 0.95)


class Page(HTMLParser):
    """Checks that tags close in order; keeps what the page points to and what it says."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.tags, self.words = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset")]
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_stands_alone_and_shows_what_is_undefined(tmp_path):
    path = write_report(tmp_path, results({"bond": 1.0}), course(), study())
    text = path.read_text()
    page = Page(text)
    assert page.open == []
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    assert len(page.links) == 3
    assert not page.tags & {"script", "link", "iframe", "object"}
    prose = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    assert "//" not in prose and "url(" not in prose and "@import" not in prose
    words = " ".join(page.words)
    assert "undefined in 3 of 40" in words
    for told in ("Do bonds help?", "Ten who reciprocate.", "posalign-sim run study=small", "c0de"):
        assert told in words
    assert "$" not in words  # every place of the template is filled


def test_every_game_has_its_tables(tmp_path):
    games = {name: {"summary": name, "parameters": {}} for name in ("trust_game", "other_game")}
    table = pd.concat([results({"bond": 1.0}), results({}, game="other_game")], ignore_index=True)
    path = write_report(tmp_path, table, course(), study(games=games))
    text = path.read_text()
    assert text.count("<h3>Trust game</h3>") == text.count("<h3>Other game</h3>") == 3
    assert len(list((tmp_path / "figures").glob("*.png"))) == 5  # one game has no course


def test_hostile_names_are_text(tmp_path):
    evil = '<script>alert("x")</script>$title$(rm)'
    placebo = evil + "_$\\frac{"
    names = {"bond": evil, "bond_announced": placebo}
    table = results({"bond": 1.0}, game=evil).replace({"arm": names})
    about = study(
        title=evil,
        question=evil,
        command=evil,
        games={evil: {"summary": evil, "parameters": {evil: (evil, evil, evil)}}},
        population={evil: evil},
        arms={names.get(arm, arm): evil for arm in ARMS},
        placebos={evil: [placebo]},
        versions={evil: evil},
    )
    path = write_report(tmp_path, table, course(evil, about["arms"]), about)
    page = Page(path.read_text())
    assert "script" not in page.tags
    assert evil in "".join(page.words)
    assert all(len(line) <= 100 for line in terminal_table(study_contrasts(table, about), about)
               .splitlines())  # fmt: skip
    for file in tmp_path.rglob("*"):
        assert re.fullmatch(r"[a-z0-9_.]+", file.name)


def test_same_input_same_bytes(tmp_path):
    table = results({"bond": 1.0})
    shuffled = table.sample(frac=1)
    write_report(tmp_path / "a", table, course(), study(seconds=1.0))
    write_report(tmp_path / "b", shuffled, course().sample(frac=1), study(seconds=99.0))
    files = sorted(file.relative_to(tmp_path / "a") for file in (tmp_path / "a").rglob("*.*"))
    assert {file.suffix for file in files} == {".html", ".csv", ".png", ".svg"}
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_a_study_without_twins_trajectories_or_placebos(tmp_path):
    table = results({"bond": 1.0}).query("payoffs == 'ordinary'")
    about = study(placebos={})
    nothing = course().iloc[:0]
    text = write_report(tmp_path, table, nothing, about).read_text()
    assert "No zero-sum twin was run" in text
    assert "raises it (no placebo)" in text
    assert "had a placebo" in text


def test_the_terminal_table_fits_and_says_the_verdicts():
    table = study_contrasts(results({"bond": 1.0, "bond_announced": 0.1}), study())
    lines = terminal_table(table, study()).splitlines()
    assert max(map(len, lines)) <= 100
    heads = next(line for line in lines if "effect" in line and "verdict" in line)
    row = next(line for line in lines if line.startswith("bond"))
    assert row.index("raises it") == heads.index("verdict")
    assert any(line.startswith("=> raises it: bond") for line in lines)
    assert "1.5 s" in lines[-1]


def test_what_is_missing_is_told(tmp_path):
    about = study()
    del about["seed"]
    with pytest.raises(ValueError, match="seed"):
        write_report(tmp_path, results({}), course(), about)
    with pytest.raises(ValueError, match="bond_anounced"):
        study_contrasts(results({}), study(placebos={"bond": ["bond_anounced"]}))
    with pytest.raises(ValueError, match="did you mean 'welfare_net'"):
        study_contrasts(results({}), study(primary="welfare_nett"))


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    write_atomically(path, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
