"""`posalign-sim validate`: every row passes, and what it prints can be read by machines and people.

The quick form is run once, and is the test of the science; the rest is about the command.
"""

from __future__ import annotations

import json
import math

import pytest

from posalign_sim.experiments.main import main
from posalign_sim.experiments.validation import ROWS, chosen, command, rows
from posalign_sim.experiments.validation.report import short, terminal_table
from posalign_sim.experiments.validation.rows import (
    Check,
    Result,
    Row,
    Run,
    at_most,
    exact,
    frequency,
    measure,
    printed,
    sampled,
)


def run(*words):
    """The exit code of `posalign-sim validate ...`."""
    try:
        main(["validate", *words])
    except SystemExit as left:
        return left.code
    return 0


@pytest.fixture(scope="module")
def quick():
    """All rows in the quick form."""
    return {result.row.number: result for result in command.run_rows(chosen([]), 7, quick=True)}


@pytest.mark.parametrize("number", sorted(ROWS))
def test_a_row_passes(quick, number):
    result = quick[number]
    assert result.passed, [check for check in result.checks if not check.passed]
    for check in result.checks:
        assert all(map(math.isfinite, (check.expected, check.measured, check.low, check.high)))
        assert check.low <= check.expected <= check.high


def test_rows_are_numbered_without_a_gap_and_have_sources():
    assert sorted(ROWS) == list(range(1, len(ROWS) + 1))
    assert len({row.name for row in ROWS.values()}) == len(ROWS)
    for row in ROWS.values():
        assert row.source and row.check.__doc__


def test_json_is_a_list_of_rows_and_nothing_else(capsys):
    assert run("--quick", "--json", "--row", "34", "8", "--row", "14") == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["row"] for row in found] == [8, 14, 34]
    for row in found:
        many = isinstance(row["expected"], list)
        assert row["name"] == ROWS[row["row"]].name and row["source"]
        assert row["passed"] is True and row["seconds"] >= 0
        measured = row["measured"] if many else [row["measured"]]
        interval = row["interval"] if many else [row["interval"]]
        assert len(measured) == len(interval) == len(row["checks"])
        assert all(
            low <= value <= high for value, (low, high) in zip(measured, interval, strict=True)
        )
    assert not isinstance(found[1]["expected"], list)  # a single number, not a list of one


def test_the_same_seed_gives_the_same_numbers(capsys):
    found = []
    for seed in ("3", "3", "4"):
        assert run("--quick", "--json", "--row", "5", "--seed", seed) == 0
        found.append(json.loads(capsys.readouterr().out)[0]["measured"])
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--row", "60"], "there is no row 60: rows are 1-59"),
        (["--row", "0"], "there is no row 0"),
        (["--row", "one"], "invalid int value: 'one'"),
        (["--rows", "1"], "--rows"),
        (["--row", "8", "--seed", "-1"], "--seed is a whole number"),
    ],
)
def test_what_does_not_exist_is_told_in_one_line(capsys, words, message):
    assert run(*words) == 2
    written = capsys.readouterr()
    assert not written.out
    assert message in written.err and written.err.count("\n") == 1


def test_a_page_is_written_that_stands_alone(capsys, tmp_path):
    folder = tmp_path / "page"
    assert run("--quick", "--row", "37", "44", "--output", str(folder)) == 0
    told = capsys.readouterr().out
    assert all(len(line) <= 100 for line in told.splitlines()[:-1])
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("<figure>") == 2 and 'src="http' not in page and "<script" not in page
    assert "Faratin" in page and "Klein" in page
    assert len(json.loads((folder / "rows.json").read_text())) == 2
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".csv", ".png", ".svg"}
    assert run("--quick", "--row", "37", "--output", str(folder)) == 2


def test_a_row_that_fails_or_breaks_is_told_and_exits_with_one(capsys, monkeypatch):
    def broken(_):
        raise RuntimeError("3 of 4 worlds stopped on a fault")

    monkeypatch.setitem(ROWS, 8, Row(8, "off", "nobody", lambda _: [exact("one", 1, 2)]))
    monkeypatch.setitem(ROWS, 9, Row(9, "broken", "nobody", broken))
    assert run("--json", "--row", "8", "9", "14", "--quick") == 1
    off, wrong, fine = json.loads(capsys.readouterr().out)
    assert (off["passed"], off["measured"], off["interval"]) == (False, 2, [1 - 1e-9, 1 + 1e-9])
    assert not wrong["passed"] and wrong["measured"] is None
    assert wrong["checks"] == ["RuntimeError: 3 of 4 worlds stopped on a fault"]
    assert fine["passed"]


def test_the_table_tells_which_check_failed():
    row = ROWS[1]
    results = [
        Result(row, (exact("fine", 1, 1), exact("bad", 1, 2)), 0.5),
        *(Result(row, (exact("fine", 1, 1),), 0.5) for _ in range(3)),
    ]
    lines = terminal_table(results).splitlines()
    assert lines[1].endswith("FAILED") and "1/2" in lines[1]
    assert lines[2].strip().startswith("! bad 2, expected 1 +- 1e-09")
    assert "3 of 4 rows passed, 4 of 5 checks" in lines[-1] and lines[-1].endswith("failed: 1")


# --- checks ---------------------------------------------------------------------------------------


def test_checks_have_the_width_that_they_should():
    assert exact("", 1, 1 + 9e-10).passed and not exact("", 1, 1 + 2e-9).passed
    assert printed("", 0.147950, 0.14795036, 6).passed
    assert not printed("", 0.147950, 0.1479506, 6).passed
    # Of 100 worlds with a standard deviation of 1, four standard errors are .4.
    values = [-1.0, 1.0] * 50
    check = sampled("", 0.39, values)
    assert check.passed and check.high - check.low == pytest.approx(0.8, rel=0.01)
    assert not sampled("", 0.41, values).passed
    assert frequency("", 0.5, [0.0, 1.0] * 50).high == pytest.approx(0.7)
    assert at_most("", 1, 1).passed and not at_most("", 1, 1.001).passed
    assert not at_most("", 1, math.nan).passed


def test_an_interval_that_holds_a_wrong_answer_too_proves_nothing():
    assert sampled("", 0, [-1.0, 1.0] * 50, wrong=0.5).passed
    assert not sampled("", 0, [-1.0, 1.0] * 50, wrong=0.3).passed
    assert not Check("", 0, 0, -1, 1, wrong=1).passed


def test_a_row_without_checks_does_not_pass():
    assert not measure(Row(1, "", "", lambda _: []), Run(1)).passed


def test_rows_cannot_share_a_number():
    with pytest.raises(ValueError, match="two rows 1"):
        rows.row(1, "", "")(lambda _: [])


@pytest.mark.parametrize(
    "value", [0.0, -1e-9, 390_625, 1 / 3, 123456789.0, -1.23456789e-12, math.nan, -0.000123456]
)
def test_numbers_are_short(value):
    assert len(short(value)) <= 12
