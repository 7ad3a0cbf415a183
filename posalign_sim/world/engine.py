"""Engines: the written round of a structure, linked and compiled, ready to run batches."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from posalign_sim.world import outside
from posalign_sim.world.compiler import Linker, Mode
from posalign_sim.world.structure import Structure
from posalign_sim.world.writer import Writer, load, replacements


class Engine:
    """Runs worlds of one structure.

    Args:
        structure: what the round is made of.
        mode: `compiled`, `checked` (array bounds too) or `interpreted`.
        text: the text of the round, if not the one that the engine writes.

    Attributes:
        text: the written round that runs.
        text_hash: its SHA-256.
    """

    def __init__(self, structure: Structure, mode: Mode, text: str | None = None) -> None:
        """See the class."""
        self.structure = structure
        self.mode = mode
        self.text = Writer(structure).write() if text is None else text
        self.text_hash = hashlib.sha256(self.text.encode()).hexdigest()
        scope = load(structure, self.text, mode)
        layout = repr(structure.dtype.descr)
        linker = Linker(mode, structure.traits, replacements(scope), layout)
        for spec in structure.agents:
            # Agents see a record of one type in all scenarios: their code is worth keeping.
            for function in spec.functions.values():
                linker.link(function, cached=True)
        self.run_worlds: Callable[..., None] = linker.link(scope["run_worlds"], entry=True)
        self._ran = False  # so that the first run compiles
        self.code_hash = linker.hash(scope["run_worlds"])
        self.advance: Callable[..., int] | None = None
        self.legal: Callable[..., bool] | None = None
        self.look: Callable[..., None] | None = None
        if structure.external >= 0:
            advance = outside.make_advance(
                *(scope[name] for name in ("run", "legal", "fill_mask", "observe"))
            )
            self.advance = linker.link(advance, entry=True)
            self.legal = linker.link(outside.make_legal(scope["legal"]), entry=True)
            self.look = linker.link(outside.make_look(scope["observe"]), entry=True)

    def run(self, ws: np.ndarray[Any, Any], first: int, last: int, until: int) -> None:
        """Run worlds `first` to `last` (not included) until they end or reach round `until`."""
        try:
            with seldom_collecting() if not self._ran else nullcontext():
                self.run_worlds(ws, first, last, until)
            self._ran = True
        except Exception as error:
            if self.mode != "interpreted":
                self.explain_failure(ws, error)
            raise

    def is_compiled(self) -> bool:
        """Whether the round's machine code is there already, in this process or in the cache."""
        if self.mode == "interpreted":
            return True
        entry: Any = self.run_worlds
        types = tuple(map(entry.typeof_pyval, (np.zeros(0, self.structure.dtype), 0, 0, 0)))
        return types in entry.overloads or bool(entry._cache.holds(types, entry.targetctx))

    def explain_failure(self, ws: np.ndarray[Any, Any], error: Exception) -> None:
        """After a compilation failed: one interpreted round, which gives the line if it fails too.

        Raises:
            Exception: whatever the interpreted round raised, at the line where it did.
        """
        plain = engine(self.structure, "interpreted", self.text)
        try:
            plain.run_worlds(ws[:1].copy(), 0, min(1, len(ws)), 1)
        except Exception as cause:
            raise cause from error


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let Python look for garbage less often: a compiler makes much that is kept, and little else.

    It takes a sixth off the time of a compilation.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@cache
def engine(structure: Structure, mode: Mode = "compiled", text: str | None = None) -> Engine:
    """The engine of a structure, made once in a process."""
    return Engine(structure, mode, text)


def explain_structure(structure: Structure) -> str:
    """The written round as text."""
    return Writer(structure).write()


def read_round(path: str | Path) -> str:
    """The text of a round from a file, perhaps edited by hand."""
    return Path(path).read_text()
