"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from posalign_sim.world.errors import ConfigurationError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that readers find the old one or the new one, never a part.

    Args:
        path: The file, in a folder that exists.
        content: All of its bytes.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def save_table(table: pd.DataFrame, path: Path) -> None:
    """Save a table as CSV: ten digits, undefined numbers as NaN, the same bytes everywhere."""
    text = table.to_csv(index=False, float_format="%.10g", na_rep="NaN", lineterminator="\n")
    write_atomically(path, text.encode())


def results_folder(name: str, output: Any = None) -> Path:
    """Where results go: `output`, or `results/NAME/TIME`; it is not there yet, or empty.

    Raises:
        ConfigurationError: there is something else at `output`.
    """
    if output is None:
        stamp = Path("results") / name / time.strftime("%Y-%m-%d_%H-%M-%S")
        again = (stamp.with_name(f"{stamp.name}_{k}") for k in range(2, 1000))
        return stamp if not stamp.exists() else next(f for f in again if not f.exists())
    folder = Path(str(output))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"output={folder} is already there: name a new folder")
    return folder


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into that takes the name `folder` when all has been written, else goes.

    Args:
        folder: what it is called in the end; see `results_folder`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-unfinished-"))
    try:
        yield aside
        aside.chmod(0o755)
        os.replace(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
