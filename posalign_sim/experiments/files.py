"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd


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
