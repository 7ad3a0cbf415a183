"""From plain Python functions to a running round: linking, compiling, caching.

A *kernel* is an ordinary module-level function or static method. `Linker` follows the global
names that a kernel uses to other kernels and binds them together in one of three modes:

* ``interpreted``: the same Python code, for debugging and agreement tests;
* ``compiled``: numba machine code;
* ``checked``: machine code that checks every array index.

The same walk gives the content hash by which compiled code is cached: it covers the bytecode,
the constants and the names of everything reachable, so that a change anywhere below a function
is seen, and code without a file (a notebook) is cached as well as any other.
"""

from __future__ import annotations

import builtins
import dis
import hashlib
import os
import pickle
import platform
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

from posalign_sim.world.inlining import inlined_compiler

Mode: TypeAlias = Literal["interpreted", "compiled", "checked"]
Function: TypeAlias = Callable[..., Any]
F = TypeVar("F", bound=Function)

Trait: TypeAlias = Literal[
    "machine",
    "logged",
    "dyadic",
    "pair",
    "couple",
    "once",
    "neighbourhood",
    "one_face",
    "one_place",
    "uncounted",
    "unjudged",
    "unplaced",
    "unpriced",
    "unread",
    "unveiled",
    "pledging",
    "liable",
    "impressed",
    "disposed",
    "forbearing",
]

_VARIANTS = "__posalign_variants__"
_RARE = "__posalign_rare__"


def variant(plain: Function, trait: Trait) -> Callable[[F], F]:
    """Mark a function as what is linked in place of `plain` where a trait holds.

    * `machine`: the round is compiled. For the few primitives (64-bit wrap-around) that Python
      and machine integers do differently.
    * `logged`: worlds keep an event log.
    * `uncounted`: no tally is kept of what a partner did.
    * `unjudged`: nobody asks whether an act was a breach.
    * `unpriced`: nobody asks what an act cost those whom it touched.
    * `unplaced`: nobody asks who sits where at a table.
    * `dyadic`: each act touches one other seat, and nobody plays with several at once.
    * `once`: no seat is touched by more than one act in a round.
    * `neighbourhood`: seats play with all of their neighbours on the network at once.
    * `unread`: a crowd whose interactions nobody looks up after they were witnessed.
    * `unveiled`: no institution is ever shuffled.
    * `pledging`: some institution lets seats pledge their acts.
    * `liable`: some institution says who answers for a penalty, and how far.
    * `impressed`: some institution lets seats keep records of their own.
    * `disposed`: some seat has a disposition.
    * `forbearing`: some seat's disposition lets wrongs pass.
    * `one_face`: every agent has one identity, of the same number.
    * `one_place`: all seats are of one jurisdiction.
    * `pair`: worlds have two agents, no more and no less.
    * `couple`: a pair who face each other in every round, whatever anybody does.
    """

    def mark(other: F) -> F:
        plain.__dict__.setdefault(_VARIANTS, {})[trait] = other
        return other

    return mark


def rare(function: F) -> F:
    """Mark a function as one that a round seldom runs, so that it is not inlined there."""
    setattr(function, _RARE, True)
    return function


class Linker:
    """Binds kernels to each other for one mode.

    Args:
        mode: how the round is to run.
        traits: what holds of the structure that is linked, besides the mode.
        instead: functions to be linked in place of others, by what they replace.
        layout: what tells the layout of the worlds apart from others'.
    """

    def __init__(
        self,
        mode: Mode = "compiled",
        traits: Iterable[Trait] = (),
        instead: Mapping[Function, Function] | None = None,
        layout: str = "",
    ) -> None:
        """See the class."""
        self.mode = mode
        self.layout = hashlib.sha256(layout.encode()).hexdigest()[:8]
        machine: tuple[Trait, ...] = () if mode == "interpreted" else ("machine",)
        self.traits: tuple[Trait, ...] = (*traits, *machine)
        self._instead = dict(instead or {})
        self._linked: dict[Function, Function] = {}
        self._hashes: dict[Function, str] = {}
        self._open: list[Function] = []
        self.reached: set[Function] = set()

    def link(self, function: Function, entry: bool = False, cached: bool = False) -> Any:
        """The function, ready to be called from another linked one.

        Args:
            function: a plain Python function.
            entry: whether Python itself will call it (it then gets a call wrapper).
            cached: whether its machine code is worth a file of its own in the cache.
        """
        function = self._choose(function)
        if function in self._linked:
            return self._linked[function]
        if function in self._open:
            names = " -> ".join(f.__qualname__ for f in [*self._open, function])
            raise TypeError(f"kernels may not call themselves: {names}")
        self._open.append(function)
        try:
            bound = self._bind(function)
        finally:
            self._open.pop()
        self.reached.add(function)
        if self.mode != "interpreted":
            bound = self._compile(bound, self.hash(function), entry, cached)
        self._linked[function] = bound
        return bound

    def hash(self, function: Function) -> str:
        """Content hash of a function and of all that it reaches."""
        function = self._choose(function)
        if function not in self._hashes:
            digest = hashlib.sha256(self.mode.encode())
            for part in _content(function.__code__):
                digest.update(part)
            for name, value in self._globals(function):
                digest.update(name.encode())
                if isinstance(value, types.FunctionType):
                    digest.update(self.hash(value).encode())
                else:
                    digest.update(_frozen(value))
            self._hashes[function] = digest.hexdigest()
        return self._hashes[function]

    def _choose(self, function: Function) -> Function:
        function = self._instead.get(function, function)
        for trait in self.traits:
            function = function.__dict__.get(_VARIANTS, {}).get(trait, function)
        return function

    def _globals(self, function: Function) -> Iterator[tuple[str, Any]]:
        scope = function.__globals__
        for name in sorted(global_names(function.__code__)):
            if name in scope:
                yield name, scope[name]
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            yield name, cell.cell_contents

    def _bind(self, function: Function) -> Function:
        scope: dict[str, Any] = {"__builtins__": builtins, "__name__": __name__}
        cells: list[types.CellType] = []
        code = function.__code__
        for name, value in self._globals(function):
            if isinstance(value, types.FunctionType):
                value = self.link(value)
            if name in code.co_freevars:
                cells.append(types.CellType(value))
            else:
                scope[name] = value
        # The content is part of the symbol's name, so that machine code from the cache and code
        # compiled now can be linked together without two bodies ever sharing one name. So is the
        # layout: numba names records by numbers that mean something else in every process.
        unique = f"{function.__name__}_{self.hash(function)[:12]}_{self.layout}"
        bound = types.FunctionType(
            code.replace(co_name=unique, co_qualname=unique),
            scope,
            unique,
            function.__defaults__,
            tuple(cells) or None,
        )
        setattr(bound, _RARE, getattr(function, _RARE, False))
        bound.__module__ = __name__
        bound.__qualname__ = unique
        return bound

    def _compile(self, bound: Function, content: str, entry: bool, cached: bool) -> Any:
        from numba import njit

        # Machine code is made of what is called from outside, or kept for other rounds. Checks of
        # indices raise, for which numba needs more than that.
        inner = not entry and not cached and self.mode == "compiled"
        inside = {"pipeline_class": inlined_compiler("pair" in self.traits)} if inner else {}
        dispatcher = njit(
            bound,
            error_model="numpy",
            boundscheck=self.mode == "checked",
            nogil=entry,
            no_cpython_wrapper=not entry,
            no_cfunc_wrapper=True,
            # Kernels are small and called from one place each: one flat round is what is fast.
            # What runs once a world, or only in some, would crowd it.
            forceinline=not entry and not getattr(bound, _RARE, False),
            **inside,
        )
        if entry or cached:
            dispatcher._cache = _ContentCache(content)
        return dispatcher


class _ContentCache:
    """Machine code on disk, found by the content that it was made from.

    Stands where numba keeps a dispatcher's cache. Files appear whole (written aside, then
    renamed), so that any number of processes may share the folder.
    """

    def __init__(self, content: str) -> None:
        self._content = content

    def _path(self, signature: Any, codegen: Any) -> Path:
        key = repr((self._content, str(signature), codegen.magic_tuple(), _versions()))
        return cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()}.code"

    def holds(self, signature: Any, target: Any) -> bool:
        """Whether there is machine code for arguments of these types."""
        return self._path(signature, target.codegen()).is_file()

    def load_overload(self, signature: Any, target: Any) -> Any:
        from numba.core.compiler import CompileResult

        target.refresh()
        path = self._path(signature, target.codegen())
        try:
            payload = pickle.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (EOFError, pickle.UnpicklingError, AttributeError, ImportError):
            with suppress(OSError):
                path.unlink()
            return None
        return CompileResult._rebuild(target, *payload)

    def save_overload(self, signature: Any, result: Any) -> None:
        if result.lifted:
            return
        write_whole(
            self._path(signature, result.codegen), pickle.dumps(result._reduce(), protocol=-1)
        )

    def enable(self) -> None:
        """Caching is always on."""

    def disable(self) -> None:
        """Caching is always on."""

    def flush(self) -> None:
        """Nothing is held back."""

    @property
    def cache_path(self) -> str:
        return str(cache_folder())


def cache_folder() -> Path:
    """Where compiled rounds are kept: `POSALIGN_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("POSALIGN_CACHE")
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "posalign_sim"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it; a full or read-only disk is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(aside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(aside)


@cache
def _versions() -> tuple[str, ...]:
    import llvmlite
    import numba

    versions = numba.__version__, llvmlite.__version__, np.__version__, platform.python_version()
    return (*versions, "symbols by layout")


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those nested in it (comprehensions, lambdas)."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


@cache
def names_read(code: types.CodeType) -> frozenset[str]:
    """Globals and attributes that a function reads; what it only writes does not count."""
    return frozenset(
        instruction.argval
        for inner in codes(code)
        for instruction in dis.get_instructions(inner)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD")
    )


def names_set(function: Function) -> frozenset[str]:
    """Attributes that a function sets."""
    return frozenset(
        instruction.argval
        for instruction in dis.get_instructions(function.__code__)
        if instruction.opname == "STORE_ATTR"
    )


@cache
def global_names(code: types.CodeType) -> frozenset[str]:
    """Names that a function looks up in its module (attribute names do not count)."""
    return frozenset(
        instruction.argval
        for inner in codes(code)
        for instruction in dis.get_instructions(inner)
        if instruction.opname == "LOAD_GLOBAL"
    )


def _content(code: types.CodeType) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_argcount)).encode()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _content(constant)
        elif isinstance(constant, frozenset):
            yield repr(sorted(map(repr, constant))).encode()
        else:
            yield repr(constant).encode()


def _frozen(value: Any) -> bytes:
    """What a global contributes to a hash: constants by value, the rest by name."""
    if isinstance(value, np.ndarray):
        return value.tobytes() + repr((value.dtype, value.shape)).encode()
    if isinstance(value, Enum):
        return repr((type(value).__qualname__, value.value)).encode()
    if isinstance(value, int | float | complex | str | bytes | tuple | frozenset | type(None)):
        return repr(value).encode()
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return repr((type(value).__qualname__, getattr(value, "__module__", ""), name)).encode()
