"""Does the report say what the numbers allow, and no more; and does its page stand alone?"""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray

from posalign_sim.experiments.files import write_atomically
from posalign_sim.experiments.study.report import terminal_table, write_report
from posalign_sim.experiments.study.report.answer import answer
from posalign_sim.experiments.study.report.landing import landing_tables
from posalign_sim.experiments.study.report.latex import escape_latex
from posalign_sim.experiments.study.report.methods import methods
from posalign_sim.experiments.study.report.verdicts import study_contrasts, verdicts

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


#: What the report of `written` is about: a bond is registered to help, and to be no mere promise.
HYPOTHESES = [
    {"arm": "bond", "direction": "greater"},
    {"arm": "bond", "against": "bond_announced", "direction": "less"},
    {"arm": "bond_announced", "metric": "cooperation", "direction": "equivalent", "margin": 0.1},
]


def past(game="trust_game", arms=ARMS):
    """Cooperation over time: without institutions worlds go to 0, or to 1 with a bond."""
    goal = np.array([0.0 if arm == "none" else 1.0 for arm in arms])
    steps = np.linspace(0, 1, 20)
    values = 0.5 + (goal[:, None] - 0.5) * steps
    values = np.broadcast_to(values[:, None, None, None], (len(arms), 2, 1, WORLDS, 20)).copy()
    values[0, :, :, : WORLDS // 4] = 0.9  # a quarter of those worlds goes elsewhere
    names = ("arm", "payoffs", "point", "world", "stretch")
    where = {"arm": list(arms), "payoffs": ["ordinary", "zero_sum_twin"],
             "round": ("stretch", np.arange(20.0))}  # fmt: skip
    return {game: xarray.Dataset({"cooperation": (names, values)}, where)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of a report with all that there can be, what it is about, and its results."""
    folder = tmp_path_factory.mktemp("report")
    table = results({"bond": 1.0, "bond_announced": 0.1})
    about = study(
        registration={"sha256": "5ea1", "hypotheses": HYPOTHESES},
        configurations=4,
        strengths={"bond": {"bond": "enforced"}, "bond_announced": {"bond": "announced"}},
        withdrawn={"withdrawal": 10.0},
        matching="rematched",
        noise=0.05,
    )
    write_report(folder, table, course(), about, history=past())
    return folder, about, table


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
    for _ in range(40):
        null = results({}, cost=0.0, exact=False)
        primary = null[(null["payoffs"] == "ordinary") & (null["metric"] == "welfare_net")]
        found = verdicts(study_contrasts(primary, study(), resamples=200), study())
        claims += any(verdict.code in ("raises", "as_placebo", "lowers") for verdict in found)
    assert claims <= 40 * 0.05 + 4 * np.sqrt(40 * 0.05 * 0.95)


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


def test_the_page_stands_alone_and_shows_what_is_undefined(written):
    text = (written[0] / "report.html").read_text()
    page = Page(text)
    assert page.open == []
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    assert len(page.links) == 5
    assert not page.tags & {"script", "link", "iframe", "object"}
    prose = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    assert "//" not in prose and "url(" not in prose and "@import" not in prose
    words = " ".join(page.words)
    assert "undefined in 3 of 40" in words
    for told in ("Do bonds help?", "Ten who reciprocate.", "posalign-sim run study=small", "c0de"):
        assert told in words
    assert "$" not in words  # every place of the template is filled


def test_what_was_registered_is_told_from_what_was_not(written):
    folder = written[0]
    found = pd.read_csv(folder / "registered.csv")
    # 1.0 is greater than nothing, not less than the placebo's 0.1; cooperation is the same.
    assert found["outcome"].tolist() == ["held", "opposite", "held"]
    words = " ".join(Page((folder / "report.html").read_text()).words)
    assert "4 configurations were run. 3 hypotheses were registered: 2 held." in words
    assert "registered (greater): held" in words and "registered (less): the opposite" in words
    assert words.count("exploratory") > 3
    saved = pd.read_csv(folder / "contrasts.csv")
    said = saved[saved["status"] == "registered"]
    assert set(zip(said["metric"], said["against"], strict=True)) == {
        ("welfare_net", "none"), ("welfare_net", "bond_announced"), ("cooperation", "none"),
    }  # fmt: skip
    assert set(said["payoffs"]) == {"ordinary"}


def test_tables_for_papers_are_sound_latex(written):
    for name in ("contrasts", "outcomes"):
        text = (written[0] / "tables" / f"{name}.tex").read_text()
        body = text.split("\n", 1)[1]
        assert body.isascii()
        assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 1
        assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
        assert re.search(r"\\label\{tab:small-" + name, text)
        depth = 0
        for mark in re.findall(r"(?<!\\)[{}]", body):
            depth += 1 if mark == "{" else -1
            assert depth >= 0
        assert depth == 0
        columns = len(re.search(r"begin\{tabular\}\{(\w+)\}", text)[1])
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert len(rows) > 3
        assert all(len(re.findall(r"(?<!\\)&", row)) == columns - 1 for row in rows)
        assert not re.search(r"(?<!\\)[%#_]", body)


def test_latex_escapes_whatever_a_name_holds():
    evil = "\\input{x} 50% $a_b^c$ ~ #1 & <|> \n\x00 “q”"
    made = escape_latex(evil)
    assert "\n" not in made and "\x00" not in made
    left = re.sub(
        r"\\(textbackslash|textasciitilde|textasciicircum|textbar)\{\}|\$[-<>]\$", "", made
    )
    left = re.sub(r"\\[&%$#_{}]", "", left)
    assert not re.search(r"[\\{}$&#^_~%]", left)


def test_methods_tell_the_configuration(written):
    text = " ".join(methods(written[1]))
    for told in (
        "Trust game: Send and return. Its parameters were multiplier 3.",
        "It was played by scripted agents (Ten who reciprocate).",
        "4 arms; all are held against “none”",
        "“bond”: bond in force", "“bond announced”: bond announced but not enforced",
        "until round 10, then nothing",
        "Each world lasted 20 rounds.", "slipped with probability 0.05", "new tables in every",
        "in 40 worlds for every arm", "The seed was 7.", "Holm (1979)", "fewer than 20 worlds",
        "3 hypotheses were registered before the run", "numpy 2.0",
    ):  # fmt: skip
        assert told in text, told
    assert text in re.sub(r"\\(?=[\[\]_])", "", (written[0] / "summary.md").read_text()).replace(
        "\n\n", " "
    )


def test_the_summary_is_one_page_of_markdown(written):
    text = (written[0] / "summary.md").read_text()
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads[0] == "# A small study"
    for head in ("## Answer", "## Main result", "## Methods", "## Threats", "## Reproduce"):
        assert head in heads
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    assert len(tables) == 2
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1


def test_where_worlds_land(written):
    fans, ends = landing_tables(past()["trust_game"], written[1])
    ends = ends.set_index("arm")
    assert ends.loc["none", ["low", "middle", "high"]].tolist() == [0.75, 0.0, 0.25]
    assert ends.loc["bond", ["low", "middle", "high"]].tolist() == [0.0, 0.0, 1.0]
    last = fans[(fans["arm"] == "none") & (fans["round"] == 19)].iloc[0]
    assert (last["q05"], last["q50"], last["q95"]) == (0.0, 0.0, 0.9)
    for name in ("fan", "landing"):
        saved = written[0] / "figures" / f"{name}_trust_game"
        assert all(saved.with_suffix(s).stat().st_size > 100 for s in (".png", ".pdf", ".csv"))


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


def test_same_input_same_bytes(written, tmp_path):
    folder, about, table = written
    again = table.sample(frac=1)
    write_report(tmp_path, again, course().sample(frac=1), about | {"seconds": 9}, history=past())
    files = sorted(file.relative_to(folder) for file in folder.rglob("*.*"))
    suffixes = {".html", ".csv", ".png", ".svg", ".pdf", ".tex", ".md"}
    assert {file.suffix for file in files} == suffixes
    for file in files:
        assert (folder / file).read_bytes() == (tmp_path / file).read_bytes(), file


def test_print_needs_no_fonts(written):
    for path in (written[0] / "figures").glob("*.pdf"):
        content = path.read_bytes()
        assert content.startswith(b"%PDF") and b"/BaseFont" not in content
        assert b"CreationDate" not in content


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
