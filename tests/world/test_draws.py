"""Luck: uniform, independent across everything that names it, the same however it is run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from posalign_sim import Scenario
from posalign_sim.agents import Random
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world.compiler import Linker
from posalign_sim.world.draws import below, bits, chance, draw, draw_world, key_of, mix, name, unit

#: A test of this many sigma fails by bad luck less than once in a million runs.
SIGMA = 5.5
LEAST_P = 2 * stats.norm.sf(SIGMA)


def many_units(out, key, clocks, births, indices):
    k = 0
    for clock in range(clocks):
        round_key = mix(key, clock)
        for birth in range(births):
            for index in range(indices):
                out[k] = unit(mix(round_key, name(key_point(), mix(birth + 1, 0xB127), index)))
                k += 1


def key_point():
    return 0x9D3A5C


def uniforms(clocks, births, indices, mode="compiled", key=123):
    out = np.zeros(clocks * births * indices)
    Linker(mode).link(many_units, entry=True)(out, np.uint64(key), clocks, births, indices)
    return out.reshape(clocks, births, indices)


@pytest.fixture(scope="module")
def numbers():
    return uniforms(200, 50, 20)


def test_interpreted_and_compiled_draws_are_the_same_bits():
    assert (uniforms(5, 6, 7, "interpreted") == uniforms(5, 6, 7, "compiled")).all()


@pytest.mark.parametrize("cells", [2, 64, 1000])
def test_draws_are_uniform(numbers, cells):
    assert 0 <= numbers.min() < numbers.max() < 1
    counts = np.bincount((numbers.ravel() * cells).astype(int), minlength=cells)
    assert stats.chisquare(counts).pvalue > LEAST_P
    # Too even is as wrong as too uneven.
    assert stats.chisquare(counts).pvalue < 1 - LEAST_P
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > LEAST_P


def test_low_bits_are_uniform_too(numbers):
    low = (numbers.ravel() * 2.0**53).astype(np.int64) & 255
    assert stats.chisquare(np.bincount(low, minlength=256)).pvalue > LEAST_P


@pytest.mark.parametrize("axis", [0, 1, 2], ids=["rounds", "agents", "indices"])
@pytest.mark.parametrize("lag", [1, 2, 8])
def test_neighbours_are_independent(numbers, axis, lag):
    first = np.delete(numbers, range(-lag, 0), axis).ravel()
    second = np.delete(numbers, range(lag), axis).ravel()
    table = np.histogram2d(first, second, 8, [[0, 1], [0, 1]])[0]
    assert stats.chisquare(table.ravel()).pvalue > LEAST_P
    r = np.corrcoef(first, second)[0, 1]
    assert abs(r) < SIGMA / np.sqrt(len(first))


def test_worlds_and_seeds_are_independent():
    columns = [uniforms(100, 20, 2, key=key).ravel() for key in (1, 2, 3, 2**63)]
    for first, second in itertools.combinations(columns, 2):
        assert abs(np.corrcoef(first, second)[0, 1]) < SIGMA / np.sqrt(len(first))


def test_a_million_streams_are_distinct():
    points = [key_of(f"module_{k}.decision") for k in range(10)]
    births = [mix(rank + 1, 0xB127) for rank in range(20)]
    root = mix(key_of("study"), 5)
    mixed = Linker("compiled").link(streams, entry=True)
    out = np.zeros((50, 100, len(points), len(births)), np.uint64)
    keys = np.array([mix(root, pair) for pair in range(50)], np.uint64)
    mixed(out, keys, np.array(points, np.uint64), np.array(births, np.uint64))
    assert out.size == 10**6
    assert len(np.unique(out)) == out.size


def streams(out, keys, points, births):
    worlds, rounds, places, agents = out.shape
    for world in range(worlds):
        for clock in range(rounds):
            round_key = mix(keys[world], clock)
            for place in range(places):
                for agent in range(agents):
                    salt = name(points[place], births[agent], 0)
                    out[world, clock, place, agent] = mix(round_key, salt)


def test_worlds_of_a_study_have_keys_of_their_own():
    scenario = Scenario(RepeatedDilemma(), [Random()] * 2, rounds=1, metrics=())
    keys = np.concatenate([scenario.worlds(100, seed)["key"] for seed in range(100)])
    assert len(np.unique(keys)) == 10_000


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
def test_below_is_even_and_in_range(count):
    found = np.array([below(mix(9, k), count) for k in range(20_000)])
    assert found.min() >= 0
    assert found.max() < count
    assert count == 1 or stats.chisquare(np.bincount(found, minlength=count)).pvalue > LEAST_P


def test_every_part_of_a_name_matters():
    ws = Scenario(RepeatedDilemma(), [Random()] * 2, rounds=1, metrics=()).worlds(2)
    seen = []
    for w in ws:
        for clock in range(3):
            w.sight.round_key = mix(w.key, clock)
            w.sight.birth[:] = w.birth
            w.owner[:] = [0, 1]
            for module in ("game", "other"):
                own = w.repeated_dilemma
                own.key = key_of(module)
                w.sight.point = key_of(module + ".move")
                for index in range(3):
                    seen.append(draw_world(w, own, index))
                    for i in range(2):
                        seen += [draw(w, own, i, index), chance(w.sight, i, index)]
    assert len(set(seen)) == len(seen) == 2 * 3 * 2 * 3 * 5


def test_keys_of_names_are_the_same_everywhere():
    # The definition: FNV-1a over the bytes, then one round of mixing.
    h = 0xCBF29CE484222325
    for byte in b"ab":
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    assert key_of("ab") == mix(h, 1)


def test_bits_tell_floats_apart():
    assert bits(0.0) != bits(-0.0)
    assert bits(1.0) == 0x3FF0000000000000
