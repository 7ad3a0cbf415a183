"""Main effects and interactions of 2**k designs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim.experiments.configure import arms_of, factors_of
from posalign_sim.metrics.factorial import cell_name, cells, factorial_effects
from posalign_sim.world.modules import ConfigurationError


def table(factors, outcome, worlds=12, noise=0.0, seed=0):
    """Results of a design whose outcome is a function of what is present, and of the world."""
    luck = np.random.default_rng(seed).normal(0, noise, worlds) if noise else np.zeros(worlds)
    rows = [
        ("game", cell_name(cell), "ordinary", world, "welfare", outcome(set(cell)) + luck[world])
        for cell in cells(factors)
        for world in range(worlds)
    ]
    return pd.DataFrame(rows, columns=["game", "arm", "payoffs", "world", "metric", "value"])


def effects(*arguments, **more):
    found = factorial_effects(table(*arguments, **more), arguments[0], "welfare")
    return dict(zip(found["effect"], found["estimate"], strict=True))


def test_a_cell_for_every_set_of_factors():
    assert [len(list(cells("abcd"[:k]))) for k in range(5)] == [1, 2, 4, 8, 16]


def test_additive_outcomes_have_no_interaction():
    worth = {"a": 1.0, "b": -2.0, "c": 0.5}
    found = effects(["a", "b", "c"], lambda present: 10 + sum(worth[f] for f in present))
    assert {f: found[f] for f in worth} == pytest.approx(worth)
    assert all(abs(found[e]) < 1e-12 for e in found if " x " in e)


def test_a_worked_example():
    # Alone each adds 3; together 4: the second adds 2 less where the first is in place.
    outcome = {frozenset(): 0, frozenset("a"): 3, frozenset("b"): 3, frozenset("ab"): 4}
    found = effects(["a", "b"], lambda present: outcome[frozenset(present)])
    assert found == {"a": 2.0, "b": 2.0, "a x b": -2.0}


@given(st.lists(st.floats(-5, 5), min_size=8, max_size=8))
@settings(max_examples=30, deadline=None)
def test_effects_give_back_every_cell(values):
    """The mean over cells and the effects are the outcomes in other words."""
    factors = ["a", "b", "c"]
    every = list(cells(factors))
    outcome = {frozenset(cell): v for cell, v in zip(every, values, strict=True)}
    found = effects(factors, lambda present: outcome[frozenset(present)], worlds=1)
    for cell in every:
        total = np.mean(values)
        for effect in every[1:]:
            sign = np.prod([1 if f in cell else -1 for f in effect])
            total += sign * found[" x ".join(effect)] / 2 ** len(effect)
        assert total == pytest.approx(outcome[frozenset(cell)], abs=1e-9)


def test_luck_that_all_cells_share_cancels():
    found = factorial_effects(table(["a", "b"], len, noise=100.0), ["a", "b"], "welfare").set_index(
        "effect"
    )
    assert found.loc["a", "estimate"] == pytest.approx(1)
    assert found.loc["a", "high"] - found.loc["a", "low"] < 1e-9


def test_a_world_that_is_undefined_in_one_cell_is_left_out_and_counted():
    results = table(["a", "b"], len)
    results.loc[(results["arm"] == "a+b") & (results["world"] < 3), "value"] = np.nan
    found = factorial_effects(results, ["a", "b"], "welfare")
    assert (found["pairs"] == 9).all() and (found["undefined"] == 3).all()


def test_null_effects_are_found_as_often_as_stated():
    positives = 0
    for seed in range(100):
        results = table(["a", "b"], lambda present: 0.0, worlds=24)
        results["value"] = np.random.default_rng(seed).normal(size=len(results))
        found = factorial_effects(results, ["a", "b"], "welfare", resamples=50, seed=seed)
        positives += (found["p_holm"] < 0.05).any()
    assert positives <= 5 + 4 * np.sqrt(100 * 0.05 * 0.95)


def test_mistakes_are_named():
    results = table(["a", "b"], len)
    with pytest.raises(ValueError, match=r"lacks the arms a\+b"):
        factorial_effects(results[results["arm"] != "a+b"], ["a", "b"], "welfare")
    with pytest.raises(ValueError, match="at least one factor"):
        factorial_effects(results, [], "welfare")


# --- as a study -----------------------------------------------------------------------------------


def test_one_line_makes_an_arm_of_every_set():
    arms, left_out = arms_of({"factorial": "all"}, ["reputation", "bond"])
    assert [arm.name for arm in arms] == ["none", "reputation", "bond", "reputation+bond"]
    assert arms[3].strengths == {"reputation": "enforced", "bond": "enforced"}
    assert not left_out


def test_factors_may_be_some_of_the_institutions():
    assert factors_of({"factorial": ["bond"]}, ["reputation", "bond"]) == ["bond"]
    arms, _ = arms_of({"factorial": ["bond"]}, ["reputation", "bond"])
    assert [arm.name for arm in arms] == ["none", "bond"]
    assert factors_of({}, ["reputation"]) == []


def test_a_factor_that_is_not_there_or_too_many():
    with pytest.raises(ConfigurationError, match=r"'bnod' is not among .*bond"):
        arms_of({"factorial": ["bnod"]}, ["bond"])
    with pytest.raises(ConfigurationError, match="9 factors make 512 arms"):
        arms_of({"factorial": "all"}, [f"institution_{k}" for k in range(9)])
