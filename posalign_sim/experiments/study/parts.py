"""Part files: what a task gave, written whole, checked when read, found by what it is.

A file holds one *block* for each arm of a task: its outcomes, and cooperation over time if that is
kept. A block is known by its key, the hash of all that it depends on, so that a study which is
resumed, enlarged or run again takes over what is there, and takes nothing else for it.

Layout: a line with a format's name, the SHA-256 and length of the header; the header (JSON); then
the arrays, whose SHA-256 the header gives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from posalign_sim.experiments.files import write_atomically

Floats = npt.NDArray[np.float64]

MAGIC = b"posalign-part-1"
#: Bytes of the first line: magic, 64 hexadecimal digits, 12 digits, two spaces and an end.
FIRST = len(MAGIC) + 64 + 12 + 3


class DamagedPartError(ValueError):
    """A part file is not what was written."""


@dataclass(frozen=True)
class Block:
    """Outcomes of one arm in the worlds of one task.

    Attributes:
        key: hash of all that they depend on.
        metrics: names of the outcomes.
        values: `[points, payoffs, pairs, metrics]` outcomes; NaN where undefined.
        history: `[points, payoffs, pairs, stretches]` cooperation over time, or None.
        sources: what came back from language models, where they hold seats: each a `Heard`.
        heard: `[points, payoffs, pairs, sources, numbers]` how much of it; see `NUMBERS`.
    """

    key: str
    metrics: tuple[str, ...]
    values: Floats
    history: Floats | None
    sources: tuple[tuple[str, ...], ...] = ()
    heard: Floats | None = None


@dataclass(frozen=True)
class Place:
    """Where a block lies.

    Attributes:
        path: the file.
        offset: of its arrays in the file.
        about: what the header says of it.
    """

    path: Path
    offset: int
    about: Mapping[str, Any]

    def serves(self, metrics: Iterable[str], history: bool) -> bool:
        """Whether it holds these outcomes, and history if that is asked for."""
        return set(metrics) <= set(self.about["metrics"]) and (
            not history or self.about["history"] is not None
        )

    def read(self, metrics: Sequence[str] | None = None) -> Block:
        """The block, with the given outcomes in the given order."""
        about = self.about
        shape, series = tuple(about["values"]), about["history"]
        count = int(np.prod(shape))
        with self.path.open("rb") as file:
            file.seek(self.offset)
            values = np.fromfile(file, "<f8", count).reshape(shape)
            past = None if series is None else np.fromfile(file, "<f8", int(np.prod(series)))
            told = about.get("heard")
            heard = None
            if told is not None:
                heard = np.fromfile(file, "<f8", int(np.prod(told))).reshape(tuple(told))
        names = tuple(about["metrics"])
        if metrics is not None and tuple(metrics) != names:
            values = values[..., [names.index(name) for name in metrics]]
            names = tuple(metrics)
        return Block(
            about["key"],
            names,
            values,
            None if past is None else past.reshape(tuple(series)),
            tuple(tuple(source) for source in about.get("sources", ())),
            heard,
        )


def encode(blocks: Sequence[Block]) -> bytes:
    """A part file as bytes."""
    arrays, abouts = [], []
    for block in blocks:
        there = [a for a in (block.values, block.history, block.heard) if a is not None]
        raw = b"".join(np.ascontiguousarray(a, "<f8").tobytes() for a in there)
        arrays.append(raw)
        about: dict[str, Any] = {
            "key": block.key,
            "metrics": list(block.metrics),
            "values": list(block.values.shape),
            "history": None if block.history is None else list(block.history.shape),
            "bytes": len(raw),
            "sha256": hashlib.sha256(raw).hexdigest(),
        }
        if block.heard is not None:
            about |= {"sources": block.sources, "heard": list(block.heard.shape)}
        abouts.append(about)
    header = json.dumps(abouts, sort_keys=True).encode()
    digest = hashlib.sha256(header).hexdigest().encode()
    return b"".join([MAGIC, b" ", digest, b" %012d\n" % len(header), header, *arrays])


def write_part(folder: Path, content: bytes) -> Path:
    """Write a part file, whole or not at all, under a name made of the keys that it holds."""
    size = int(content[FIRST - 13 : FIRST - 1])
    keys = [about["key"] for about in json.loads(content[FIRST : FIRST + size])]
    path = folder / f"{hashlib.sha256(' '.join(keys).encode()).hexdigest()[:32]}.part"
    write_atomically(path, content)
    return path


def look_into(path: Path) -> list[Place]:
    """The blocks of a part file, every byte of which has been checked.

    Raises:
        DamagedPartError: it is cut off, or a bit of it is another than was written.
    """
    with path.open("rb") as file:
        first = file.read(FIRST)
        if len(first) < FIRST or not first.startswith(MAGIC + b" "):
            raise DamagedPartError("its first line is not that of a part")
        digest, size = first[len(MAGIC) + 1 : -14], first[-13:-1]
        if not size.isdigit() or first != b" ".join([MAGIC, digest, size]) + b"\n":
            raise DamagedPartError("its first line is not that of a part")
        # A length that was harmed may be more than there is memory for.
        header = file.read(min(int(size), path.stat().st_size))
        if hashlib.sha256(header).hexdigest().encode() != digest:
            raise DamagedPartError("its header is not the one that was written")
        places, offset = [], FIRST + len(header)
        for about in json.loads(header):
            raw = file.read(about["bytes"])
            if hashlib.sha256(raw).hexdigest() != about["sha256"]:
                kept = f"only {len(raw)} of {about['bytes']} bytes"
                wrong = "a byte was changed" if len(raw) == about["bytes"] else kept
                raise DamagedPartError(f"outcomes in it are not those that were written: {wrong}")
            places.append(Place(path, offset, about))
            offset += about["bytes"]
        if file.read(1):
            raise DamagedPartError("there is something behind its end")
    return places


def find_parts(folder: Path) -> tuple[dict[str, Place], dict[Path, str]]:
    """Blocks by key in a folder of part files, and damaged files with what is wrong with each."""
    found: dict[str, Place] = {}
    damaged: dict[Path, str] = {}
    for path in sorted(folder.glob("*.part")) if folder.is_dir() else ():
        try:
            found.update((str(place.about["key"]), place) for place in look_into(path))
        except DamagedPartError as error:
            damaged[path] = str(error)
    return found, damaged
