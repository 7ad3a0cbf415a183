"""The wheel: what installing the project puts on a user's disk."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "posalign_sim"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files in a wheel built from this source, by name."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(folder)]
    build = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert build.returncode == 0, build.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel: dict[str, bytes], name: str) -> str:
    (path,) = (path for path in wheel if path.endswith(f".dist-info/{name}"))
    return wheel[path].decode()


def description(wheel: dict[str, bytes]) -> Message:
    return Parser().parsestr(metadata(wheel, "METADATA"))


def test_it_installs_one_package_and_nothing_beside_it(wheel: dict[str, bytes]) -> None:
    version = description(wheel)["Version"]
    top = {name.partition("/")[0] for name in wheel}
    assert top == {"posalign_sim", f"posalign_sim-{version}.dist-info"}


def test_it_holds_every_file_of_the_package(wheel: dict[str, bytes]) -> None:
    source = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in wheel if name.startswith("posalign_sim/")} == source


def test_it_is_typed_and_brings_the_studies(wheel: dict[str, bytes]) -> None:
    assert "posalign_sim/py.typed" in wheel
    conf = [name for name in wheel if name.startswith("posalign_sim/experiments/conf/")]
    assert any(name.endswith(".yaml") for name in conf)


def test_its_command_can_be_called(wheel: dict[str, bytes]) -> None:
    entries = ConfigParser()
    entries.read_string(metadata(wheel, "entry_points.txt"))
    scripts = dict(entries["console_scripts"])
    assert set(scripts) == {"posalign-sim"}
    main = EntryPoint("posalign-sim", scripts["posalign-sim"], "console_scripts").load()
    assert callable(main)


def test_it_is_licensed_as_it_says(wheel: dict[str, bytes]) -> None:
    assert description(wheel)["License-Expression"] == "Apache-2.0"
    assert metadata(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text()


def test_the_citation_is_of_this_version(wheel: dict[str, bytes]) -> None:
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited[1] == description(wheel)["Version"]
