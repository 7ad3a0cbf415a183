"""Calls of agents and institutions, repeated with all scrambled that is not theirs to see."""

from __future__ import annotations

import dis
import types
from abc import ABC, abstractmethod
from functools import cache
from typing import Any

import numpy as np

from posalign_sim.testing.holding import check_faults, difference
from posalign_sim.testing.playing import LONGEST, title_of
from posalign_sim.world.compiler import Linker, codes, global_names
from posalign_sim.world.draws import key_of
from posalign_sim.world.fields import State, declared
from posalign_sim.world.modules import (
    Module,
)
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.structure import Structure
from posalign_sim.world.writer import Writer, load, replacements

#: What a world keeps to itself: which agent class fills a seat, who is behind an identity, what
#: a seat wanted before noise and delegates, and the keys that luck is made from.
PRIVATE = frozenset(
    {"kind", "conduct", "strain", "strain_count", "owner", "chosen", "key", "pair", "birth_rank"}
)
#: What agents have in mind, which no rule may read.
MINDS = (
    "params",
    "slots",
    "notes",
    "turns",
    "since",
    "own_last",
    "other_last",
    "other_total",
    "other_acts",
    "other_worst",
    "habits",
    "disposition",
    "leanings",
    "others_points",
    "felt",
)
#: What an agent may write, in its own row.
WRITTEN = ("slots", "notes", "reply")
ENGINE = "posalign_sim.world."


# --- privacy ------------------------------------------------------------------------------------


def fields_per_agent(spec: type) -> list[str]:
    """Names of the fields that have a row for each agent."""
    return [
        name for name, state in declared(spec, State).items() if state.dimensions[:1] == ("agents",)
    ]


NUMBERS = np.random.default_rng(0).integers(0, 2**15, 9973)
#: Sorts of garbage that spies take by turns.
SORTS = 7


def garbage(like: Any, luck: int) -> Any:
    """Numbers of the same type that nobody would expect."""
    pool = NUMBERS.take(np.arange(luck, luck + like.size), mode="wrap").reshape(like.shape)
    if like.dtype.kind == "f":
        return pool / 2**14 - 1
    return (pool & 1 if like.dtype.itemsize == 1 else pool).astype(like.dtype)


def scramble(record: Any, luck: int) -> None:
    """Overwrite every number of a record, in place."""
    for name in record.dtype.names:
        if record.dtype[name].base.names:
            scramble(record[name], luck + 1)
        else:
            record[name] = garbage(np.asarray(record[name]), luck)


@cache
def stale(dtype: np.dtype[Any], shape: tuple[int, ...], luck: int) -> Any:
    """Garbage, also for records, made once and only to be copied."""
    made = np.zeros(shape, dtype)
    if dtype.names:
        scramble(made, luck)
        return made
    return garbage(made, luck)


def run_spied(
    scenario: Scenario, worlds: int, seed: int, spies: dict[Any, tuple[type[Spy], str]]
) -> None:
    """Run a scenario, interpreted, with spies in the place of some functions."""
    structure = scenario.structure
    scope = load(structure, Writer(structure).write(), "interpreted")
    instead = replacements(scope)
    plain = Linker("interpreted", structure.traits, instead)
    placed = {
        function: kind(plain.link(function), what, structure).function(function)
        for function, (kind, what) in spies.items()
    }
    linker = Linker("interpreted", structure.traits, {**instead, **placed})
    ws = scenario.worlds(worlds, seed)
    linker.link(scope["run_worlds"], entry=True)(ws, 0, len(ws), LONGEST)
    check_faults(ws, title_of(scenario))


class Spy(ABC):
    """Stands in the place of a function, calls it, and looks at what it does."""

    def __init__(self, linked: Any, what: str, structure: Structure) -> None:
        """Take the place of `linked`, which messages call `what`."""
        self.linked = linked
        self.what = what
        self.structure = structure
        self.calls = 0

    def function(self, watched: Any) -> Any:
        """A plain function with as many arguments as the one that is watched."""
        spy = self.spy

        def probe2(a: Any, b: Any) -> Any:
            return spy(a, b)

        def probe3(a: Any, b: Any, c: Any) -> Any:
            return spy(a, b, c)

        def probe4(a: Any, b: Any, c: Any, d: Any) -> Any:
            return spy(a, b, c, d)

        def probe5(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
            return spy(a, b, c, d, e)

        return {2: probe2, 3: probe3, 4: probe4, 5: probe5}[watched.__code__.co_argcount]

    @abstractmethod
    def spy(self, *arguments: Any) -> Any:
        """Call it and look."""


class PureSpy(Spy):
    """Sees to it that a function changes nothing."""

    def spy(self, *arguments: Any) -> Any:
        """Call the function, and look."""
        before = self._bytes(arguments[0])
        result = self.linked(*arguments)
        assert self._bytes(arguments[0]) == before, (
            f"{self.what} changes the world: choices are not simultaneous if what is asked of one "
            "seat can show to the next"
        )
        return result

    def _bytes(self, w: Any) -> bytes:
        """Everything but what a default writes as an answer."""
        everything: bytes = w.tobytes()
        fields = w.dtype.fields
        if "sight" not in fields:
            return everything
        sight, start = fields["sight"][:2]
        reply, offset = sight.fields["reply"][:2]
        start += offset
        return everything[:start] + everything[start + reply.itemsize :]


class AgentSpy(Spy):
    """Calls an agent a second time, with the rows of all others scrambled."""

    def spy(self, *arguments: Any) -> Any:
        """Call the function, and look."""
        p, i = arguments
        self.calls += 1
        before, other = one_record(p), one_record(p)
        for name in fields_per_agent(self.structure.game[1].sight):
            if name not in other.dtype.names:
                continue
            rows = other[name][0]
            kept = rows[i].copy()
            rows[...] = stale(rows.dtype, rows.shape, self.calls % SORTS)
            rows[i] = kept
        scrambled = other.copy()
        choice = self.linked(p, i)
        blind = self.linked(other[0], i)
        written = [name for name in WRITTEN if name in other.dtype.names]
        same = choice == blind and all((p[f][i] == other[f][0, i]).all() for f in written)
        assert same, (
            f"{self.what} acts on what is not its own: seat {i} chose {choice}, and {blind} when "
            "the rows of all other agents were scrambled"
        )
        for untouched, touched in ((before, one_record(p)), (scrambled, other)):
            for name in written:
                touched[name][0, i] = untouched[name][0, i]
            gap = difference(untouched, touched)
            assert gap is None, f"{self.what} writes what is not its own: {gap}"
        return choice


class InstitutionSpy(Spy):
    """Calls an institution a second time, with agents' minds and others' records scrambled."""

    def spy(self, *arguments: Any) -> Any:
        """Call the function, and look."""
        w, own, *more = arguments
        self.calls += 1
        # One class may stand in a stack under two names: its record says which it is.
        name = next(n for n, _ in self.structure.modules if key_of(n) == int(own.key))
        copy = one_record(w)
        self._scramble(copy, name)
        theirs = list(more)
        if more and isinstance(more[0], np.void):
            theirs[0] = copy[0]["interactions"][int(w.interaction_count) - 1]
        mine = copy[0][name]
        if mine.shape:
            mine = mine[int(own.place)]
        result = self.linked(w, own, *more)
        blind = self.linked(copy[0], mine, *theirs)
        assert result == blind, (
            f"{self.what} acts on what is private: it gave {result}, and {blind} when agents' "
            "minds and other modules' records were scrambled"
        )
        here, there = one_record(w), copy
        self._scramble(here, name)
        self._scramble(there, name)
        gap = difference(here, there)
        assert gap is None, (
            f"{self.what} acts on what is private: when agents' minds and other modules' records "
            f"were scrambled, it did otherwise in {gap}"
        )
        return result

    def _scramble(self, copy: Any, name: str) -> None:
        for other, _ in self.structure.modules:
            if other != name:
                self._spoil(copy[other])
        for private in ("kind", "conduct", "strain", "strain_count", "chosen"):
            if private in copy.dtype.names:
                self._spoil(copy[private])
        for mind in MINDS:
            if mind in copy["sight"].dtype.names:
                self._spoil(copy["sight"][mind])
        # Who is behind an identity under which nobody acts now is nobody's business.
        owner, agents = copy["owner"][0], int(copy["agents"][0])
        everybody = agents + int(copy["officials"][0])
        unused = np.setdiff1d(np.arange(len(owner)), copy["face"][0, :everybody])
        owner[unused] = garbage(owner[unused], self.calls) % agents

    def _spoil(self, numbers: Any) -> None:
        numbers[...] = stale(numbers.dtype, numbers.shape, self.calls % SORTS)


def one_record(record: Any) -> Any:
    """A copy of one record, as a batch of one."""
    batch = np.zeros(1, np.dtype((np.record, record.dtype)))
    batch[0] = record
    return batch


def check_code(module: Module, scenario: Scenario) -> None:
    """No function of an institution names what is private, or another module's record."""
    others = {m.name for m in scenario.modules if m is not module}
    hidden = PRIVATE | others
    for part, function in type(module).functions.items():
        for name in names_in(function):
            assert name not in hidden, (
                f"{title_of(scenario)}: {module.name}.{part} reads w.{name}: "
                + (
                    "institutions meet only in interactions, findings, signals and accounts"
                    if name in others
                    else "that is private to the engine"
                )
            )


def names_in(function: Any) -> set[str]:
    """What a function, and helpers outside the engine, read of the world that they are given."""
    found: set[str] = set()
    seen: set[Any] = set()
    todo = [function]
    while todo:
        current = todo.pop()
        if current.__code__ in seen:
            continue
        seen.add(current.__code__)
        code = current.__code__
        world = code.co_varnames[0] if code.co_argcount else ""
        for inner in codes(code):
            last = ""
            for instruction in dis.get_instructions(inner):
                loads = instruction.opname in ("LOAD_ATTR", "LOAD_METHOD")
                if loads and last == world:
                    found.add(instruction.argval)
                value = instruction.argval
                value = value[-1] if isinstance(value, tuple) and value else value
                fetches = instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF"))
                last = value if fetches else ""
        for name in global_names(code):
            helper = current.__globals__.get(name)
            ours = isinstance(helper, types.FunctionType)
            if ours and not str(helper.__module__).startswith(ENGINE):
                todo.append(helper)
    return found
