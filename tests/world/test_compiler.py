"""Linking and caching: what is compiled is what was written, and stale code never runs."""

from __future__ import annotations

import pickle
import types

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world import compiler
from posalign_sim.world.compiler import Linker, cache_folder, rare, variant, write_whole
from posalign_sim.world.engine import Engine

SOURCE = """
FACTOR = {factor}
TABLE = {table}

def bottom(x):
    return x {sign} FACTOR + TABLE[0]

def middle(x):
    return bottom(x) + 1

def top(x):
    return 2 * middle(x)
"""


def functions(factor=3, sign="*", table="np.zeros(2)", name="notebook"):
    """A module without a file, as a notebook has."""
    module = types.ModuleType(name)
    module.np = np
    exec(SOURCE.format(factor=factor, sign=sign, table=table), vars(module))
    return module


def content(mode="interpreted", traits=(), **changes):
    return Linker(mode, traits).hash(functions(**changes).top)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("POSALIGN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_hash_is_of_the_content():
    assert content() == content(name="elsewhere")


@pytest.mark.parametrize(
    "change",
    [{"factor": 4}, {"factor": 3.0}, {"sign": "+"}, {"table": "np.ones(2)"}, {"table": "(0, 0)"}],
    ids=str,
)
def test_a_change_two_calls_below_changes_the_hash(change):
    assert content(**change) != content()


def test_the_mode_changes_the_hash():
    assert len({content(mode=mode) for mode in ("interpreted", "compiled", "checked")}) == 3


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_code_without_a_file_runs(mode, folder):
    for factor in (3, 5):  # the second is not the first from the cache
        run = Linker(mode).link(functions(factor=factor, table="(1.0, 2.0)").top, entry=True)
        assert run(10) == 2 * (10 * factor + 1 + 1)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def test_machine_code_for_two_layouts_never_shares_a_name():
    """Numba numbers records anew in every process: cached code of two would be mixed up."""
    middle = functions().middle
    names = {Linker("compiled", layout=layout).link(middle).__name__ for layout in "aba"}
    assert len(names) == 2


def test_recursion_is_refused_with_the_way_it_goes():
    with pytest.raises(TypeError, match="even -> odd -> even"):
        Linker("interpreted").link(even)


def plain(x):
    return x


@variant(plain, "logged")
def logged(x):
    return x + 1


def uses(x):
    return plain(x)


def test_a_variant_stands_in_where_its_trait_holds():
    assert Linker("interpreted").link(uses)(1) == 1
    assert Linker("interpreted", ["logged"]).link(uses)(1) == 2
    assert Linker("interpreted").hash(uses) != Linker("interpreted", ["logged"]).hash(uses)


@rare
def seldom(x):
    return x * 2


def calls_seldom(x):
    return seldom(x) + 1


def test_rare_functions_compile(folder):
    assert Linker("compiled").link(calls_seldom, entry=True)(4) == 9


def test_files_appear_whole(tmp_path, monkeypatch):
    path = tmp_path / "a" / "file"
    write_whole(path, b"first")
    assert path.read_bytes() == b"first"

    def torn(*_):
        raise OSError("no space left")

    monkeypatch.setattr(compiler.os, "replace", torn)
    write_whole(path, b"second")
    assert path.read_bytes() == b"first"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    write_whole(tmp_path / "file" / "below", b"content")


def test_the_cache_folder_follows_the_environment(folder, monkeypatch):
    assert cache_folder() == folder
    monkeypatch.delenv("POSALIGN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert str(cache_folder()) == "/somewhere/posalign_sim"


def compiled_here(monkeypatch):
    """Count the entries that are compiled rather than loaded."""
    saved = []
    save = compiler._ContentCache.save_overload

    def counted(self, signature, result):
        saved.append(self._content)
        save(self, signature, result)

    monkeypatch.setattr(compiler._ContentCache, "save_overload", counted)
    return saved


def small(x, y):
    return seldom(x) + y


def test_the_second_engine_loads_from_the_cache(folder, monkeypatch):
    saved = compiled_here(monkeypatch)
    assert Linker("compiled").link(small, entry=True)(2, 3) == 7
    assert len(saved) == 1
    assert Linker("compiled").link(small, entry=True)(5, 3) == 13
    assert len(saved) == 1
    # Another type of argument is another compilation; it must not be answered from the first.
    assert Linker("compiled").link(small, entry=True)(2.5, 3) == 8
    assert len(saved) == 2


@pytest.mark.parametrize("damage", [b"", b"\x80", b"not a pickle", pickle.dumps(1)[:-1]])
def test_a_damaged_file_is_compiled_again(folder, damage):
    assert Linker("compiled").link(small, entry=True)(2, 3) == 7
    (path,) = folder.glob("*.code")
    path.write_bytes(damage)
    assert Linker("compiled").link(small, entry=True)(2, 3) == 7
    assert len(path.read_bytes()) > 100


def test_an_engine_of_a_whole_round_loads_from_the_cache(monkeypatch):
    duel = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=5, metrics=())
    simulate(duel, 1)  # compiles, unless an earlier run has
    saved = compiled_here(monkeypatch)
    ws = duel.worlds(3, 1)
    Engine(duel.structure, "compiled").run(ws, 0, 3, 100)
    assert not saved
    assert (ws["clock"] == 5).all()
