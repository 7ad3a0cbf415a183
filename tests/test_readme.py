"""The README's examples run as they stand, and its first two shell blocks are one line each."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def test_the_first_two_shell_blocks_install_and_do_it_in_one_line():
    first, second = [text for kind, text in BLOCKS if kind == "sh"][:2]
    assert first.count("\n") == second.count("\n") == 1
    assert first.rstrip().endswith("posalign-sim")
    assert second.rstrip().endswith("pytest")


@pytest.mark.parametrize("number", range(sum(kind == "python" for kind, _ in BLOCKS)))
def test_each_example_runs(number, tmp_path, capsys):
    text = [text for kind, text in BLOCKS if kind == "python"][number]
    path = tmp_path / "example.py"
    path.write_text(text)
    exec(compile(text, str(path), "exec"), {"__name__": f"readme_{number}"})
