"""Is a part file read as it was written, or not at all?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from posalign_sim.experiments.study import tables
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.parts import (
    Block,
    DamagedPartError,
    encode,
    find_parts,
    look_into,
    write_part,
)
from tests.experiments.studies import tiny

FLOATS = st.floats(width=64, allow_nan=True, allow_infinity=True)


def block(key="a" * 64, history=True):
    values = np.array([[[[1.5, np.nan], [0.1, -0.0]]]])
    return Block(key, ("welfare_net", "faults"), values, values[..., :1] if history else None)


@st.composite
def blocks(draw):
    shape = draw(array_shapes(min_dims=4, max_dims=4, max_side=3))
    names = tuple(f"metric_{k}" for k in range(shape[-1]))
    values = draw(arrays(np.float64, shape, elements=FLOATS))
    past = draw(st.none() | arrays(np.float64, (*shape[:3], 2), elements=FLOATS))
    return Block(draw(st.text("0123456789abcdef", min_size=4)), names, values, past)


@given(written=st.lists(blocks(), min_size=1, max_size=3, unique_by=lambda b: b.key))
def test_what_was_written_is_read(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("parts")
    path = write_part(folder, encode(written))
    assert [p.name for p in folder.iterdir()] == [path.name]
    places = look_into(path)
    assert [place.about["key"] for place in places] == [b.key for b in written]
    for place, one in zip(places, written, strict=True):
        read = place.read()
        assert read.metrics == one.metrics
        assert read.values.tobytes() == one.values.tobytes()
        assert (read.history is None) == (one.history is None)
        if one.history is not None:
            assert read.history.tobytes() == one.history.tobytes()
        back = place.read(one.metrics[::-1])
        np.testing.assert_array_equal(back.values, one.values[..., ::-1])


def test_a_block_serves_who_asks_for_no_more_than_it_holds(tmp_path):
    with_history, without = [
        look_into(write_part(tmp_path, encode([block(str(h), h)])))[0] for h in (True, False)
    ]
    assert with_history.serves(["faults"], history=True)
    assert without.serves(["faults"], history=False)
    assert not without.serves(["faults"], history=True)
    assert not with_history.serves(["faults", "equity"], history=False)


def test_a_file_that_was_cut_anywhere_is_never_read(tmp_path):
    content = encode([block(), block("b" * 64, history=False)])
    path = tmp_path / "cut.part"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedPartError):
            look_into(path)
    path.write_bytes(content + b"\n")
    with pytest.raises(DamagedPartError, match="behind its end"):
        look_into(path)


def test_a_file_of_which_any_bit_was_turned_is_never_read(tmp_path):
    content = encode([block()])
    path = tmp_path / "turned.part"
    for place in range(len(content)):
        for bit in range(8):
            turned = bytearray(content)
            turned[place] ^= 1 << bit
            path.write_bytes(turned)
            with pytest.raises(DamagedPartError):
                look_into(path)


def test_damaged_files_are_told_and_drafts_are_no_parts(tmp_path):
    good = write_part(tmp_path, encode([block()]))
    (tmp_path / "bad.part").write_bytes(good.read_bytes()[:-1])
    (tmp_path / f".{good.name}.123.tmp").write_bytes(good.read_bytes()[:40])
    found, damaged = find_parts(tmp_path)
    assert list(found) == ["a" * 64]
    assert damaged == {
        tmp_path / "bad.part": "outcomes in it are not those that were written: only 47 of 48 bytes"
    }
    assert find_parts(tmp_path / "nowhere") == ({}, {})


def test_a_long_table_has_the_same_bytes_however_the_work_was_cut(tmp_path, monkeypatch):
    """Pages and dictionaries of a file must not end where parts happen to end."""
    monkeypatch.setattr(tables, "MOST_CSV", 0)
    grid = {"institutions.bond.stake": [float(k) for k in range(140)]}
    game, written = "repeated_dilemma", []
    luck = np.random.default_rng().random((4, 140, 2, 64, 50))
    luck[0] = luck[0, :1]  # without a bond its stake bears on nothing
    for batch in (None, 512, 3_000):
        design = Design(tiny(grid=grid, batch=batch, replicates=64))
        names = design.metrics(game)
        folder = tmp_path / str(batch)
        folder.mkdir()
        for task in design.tasks(0, 64):
            points, pairs = slice(*task.points), slice(*task.pairs)
            boxes = [luck[arm, points, :, pairs, : len(names)] for arm in task.arms]
            keys = [design.key(task, arm) for arm in task.arms]
            values = [np.where(np.arange(len(names)) == names.index("faults"), 0, b) for b in boxes]
            write_part(
                folder,
                encode(
                    [Block(k, tuple(names), v, None) for k, v in zip(keys, values, strict=True)]
                ),
            )
        found, _ = find_parts(folder)
        outcomes = tables.Outcomes(design, found, [64])
        rows = outcomes.write(folder)
        assert rows > 300_000
        written.append((folder / "results.parquet").read_bytes())
    assert written[0] == written[1] == written[2]
