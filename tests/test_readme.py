"""The examples of README and docs run as they stand; README's first two shell blocks are a line."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page):
    """Kind and text of every block of code on a page."""
    return re.findall(r"```(\w+)\n(.*?)```", page.read_text(), re.DOTALL)


EXAMPLES = {page.stem: [text for kind, text in blocks(page) if kind == "python"] for page in PAGES}


def test_the_first_two_shell_blocks_install_and_do_it_in_one_line():
    first, second = [text for kind, text in blocks(PAGES[0]) if kind == "sh"][:2]
    assert first.count("\n") == second.count("\n") == 1
    assert first.rstrip().endswith("posalign-sim")
    assert second.rstrip().endswith("pytest -n auto")


@pytest.mark.parametrize("page", [page for page, texts in EXAMPLES.items() if texts])
def test_the_examples_of_a_page_run_one_after_the_other(page, tmp_path, capsys):
    scope = {"__name__": "example"}
    for number, text in enumerate(EXAMPLES[page]):
        path = tmp_path / f"example_{number}.py"
        path.write_text(text)
        exec(compile(text, str(path), "exec"), scope)
