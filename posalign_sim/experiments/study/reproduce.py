"""The command `posalign-sim reproduce`: run a finished study again and say what differs."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.study.design import design_of
from posalign_sim.experiments.study.folder import CONFIG, MANIFEST, PROVENANCE
from posalign_sim.experiments.study.models import CALLS
from posalign_sim.experiments.study.results import TABLE, Results, largest_differences
from posalign_sim.experiments.study.resume import configured
from posalign_sim.experiments.study.run import StudyInterrupted, run_and_write
from posalign_sim.experiments.wording import counted, listed
from posalign_sim.world.errors import ConfigurationError

USAGE = """\
posalign-sim reproduce FOLDER [runner=joblib workers=8 ...] [output=AGAIN]

Runs the study of FOLDER again, from nothing, and compares every value and every file. Exit code 0:
identical, byte for byte; 1: something differs, and what. The second run is thrown away, unless
output= says where it is to stay.
"""
#: Rows of the long table that are compared at once.
ROWS = 2**20
#: Files that differ are named up to so many.
NAMED = 8


@dataclass(frozen=True)
class Reproduction:
    """What became of a study that was run again.

    Attributes:
        folder: of the first run.
        values: how many values there were.
        differing: largest absolute difference of each outcome that differs; infinite where a value
            was defined and is not, or the other way round.
        rows: what is wrong with the rows, if they are not of the same worlds.
        files: files whose bytes differ, or that only one run has.
        origins: what is different about code, versions and machine, in words.
    """

    folder: Path
    values: int
    differing: Mapping[str, float]
    rows: str
    files: tuple[str, ...]
    origins: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether every file is the same, byte for byte."""
        return not (self.files or self.differing or self.rows)

    def text(self) -> str:
        """What people are told."""
        values = counted(self.values, "value")
        if self.identical:
            told = [f"{self.folder}: identical, byte for byte ({values})."]
        elif self.differing or self.rows:
            told = [f"{self.folder}: not the same results."]
        else:
            told = [f"{self.folder}: the same results, all {values}; but not all files."]
        told += [f"  {origin}" for origin in self.origins]
        told += [f"  {self.rows}"] if self.rows else []
        told += [
            f"  {name}: values differ by up to {size:.3g}"
            for name, size in sorted(self.differing.items(), key=lambda item: -item[1])
        ]
        if self.files:
            more = [f"{len(self.files) - NAMED} more"] if len(self.files) > NAMED else []
            told.append(f"  files that differ: {listed([*self.files[:NAMED], *more])}")
        return "\n".join(told)


def reproduce_study(words: Sequence[str]) -> int:
    """Run a finished study again and say what differs.

    Args:
        words: of the command line, after `reproduce`.

    Returns:
        0 if it is identical, byte for byte, otherwise 1.

    Raises:
        ConfigurationError: there is no finished study, or a word is not understood.
    """
    if "-h" in words or "--help" in words:
        print(USAGE, end="")
        return 0
    if not words or words[0].startswith("-") or "=" in words[0]:
        raise ConfigurationError("name the folder: posalign-sim reproduce FOLDER [runner=joblib]")
    found = reproduce(Path(words[0]), words[1:])
    print(found.text())
    return 0 if found.identical else 1


def reproduce(folder: Path, words: Sequence[str] = (), progress: bool = True) -> Reproduction:
    """Run a finished study again, in a folder of its own, and compare.

    Args:
        folder: of the study.
        words: settings that say where and how fast; `output=` where the second run is to stay.
        progress: whether to show progress.

    Raises:
        ConfigurationError: there is no finished study, or a word would change it.
    """
    Results.open(folder)
    config = {**configured(folder, words), "reuse": False}
    if not any(word.startswith("sinks=") for word in words):
        config["sinks"] = []
    asked = [word.partition("=")[2] for word in words if word.startswith("output=")]
    with _elsewhere(folder, asked[-1] if asked else "") as again:
        # What the first run said of itself goes before what this one would say: with the same code
        # all files are to be the same, the command among them.
        for name in (CONFIG, PROVENANCE):
            shutil.copyfile(folder / name, again / name)
        config["output"] = str(again)
        if design_of(json.dumps(config, default=str)).speaks:
            config["model_options"] = replayed(folder, config.get("model_options"), again)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                run_and_write(config, progress)
        except StudyInterrupted as interrupt:
            raise (interrupt if asked else KeyboardInterrupt("both runs are as before")) from None
        said = json.loads((folder / PROVENANCE).read_bytes())
        values, differing, rows = _compare_tables(folder / TABLE, again / TABLE)
        return Reproduction(
            folder,
            values,
            differing,
            rows,
            tuple(_other_files(folder, again)),
            tuple(_origins(said, origin(config))),
        )


def replayed(folder: Path, options: Mapping[str, Any] | None, again: Path) -> dict[str, Any]:
    """Options under which language models are not asked again: what they answered is played.

    Args:
        folder: of the first run.
        options: under which it ran.
        again: folder of the second run.
    """
    kept = dict(options or {})
    if not kept.get("cassette") and (folder / CALLS).is_file():
        shutil.copyfile(folder / CALLS, again / CALLS)
    return {**kept, "mode": "replay"}


@contextlib.contextmanager
def _elsewhere(folder: Path, output: str) -> Iterator[Path]:
    """An empty folder for the second run: a given one that stays, or one that goes."""
    if output:
        kept = Path(output)
        if kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
            raise ConfigurationError(f"output={kept} is already there: name a new folder")
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    try:
        aside = tempfile.mkdtemp(dir=folder.absolute().parent, prefix=f".{folder.name}-again-")
    except OSError as error:
        raise ConfigurationError(
            f"there is no room beside {folder} ({error.strerror}): say where with output="
        ) from None
    try:
        yield Path(aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _compare_tables(one: Path, other: Path) -> tuple[int, dict[str, float], str]:
    """How many values there are, by how much each outcome differs, and what is wrong with rows."""
    found: dict[str, float] = {}
    tables = [pq.ParquetFile(path) for path in (one, other)]
    counts = [table.metadata.num_rows for table in tables]
    if counts[0] != counts[1]:
        return counts[0], found, f"{counts[0]:,} rows, now {counts[1]:,}"
    for pieces in zip_longest(*(table.iter_batches(ROWS) for table in tables)):
        a, b = (_plain(piece.to_pandas()) for piece in pieces)
        if not a.drop(columns="value").equals(b.drop(columns="value")):
            return counts[0], found, "the rows are of other worlds, or in another order"
        for name, size in largest_differences(a, b).items():
            found[name] = max(size, found.get(name, 0.0))
    return counts[0], found, ""


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """With names as text: the same names may have other codes in another file."""
    names = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(names, str))


def _other_files(folder: Path, again: Path) -> list[str]:
    """Files whose bytes differ, or that only one of two runs has."""
    one, other = (json.loads((place / MANIFEST).read_bytes()) for place in (folder, again))
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _origins(said: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """How code, versions and machine differ from those of the first run, in words."""
    for key in ("code_hash", "config_hash", "platform"):
        if key in said and said[key] != now.get(key):
            one, other = (str(told.get(key))[:40] for told in (said, now))
            name = {"code_hash": "the package's code", "config_hash": "settings"}.get(key, key)
            yield f"{name}: {one}, now {other}"
    then, there = said.get("versions", {}), now["versions"]
    for package in dict.fromkeys([*then, *there]):
        if then.get(package) != there.get(package):
            one, other = then.get(package, "not there"), there.get(package, "not there")
            yield f"{package}: {one}, now {other}"
