"""What the theory package offers: every public name once, in order."""

from __future__ import annotations

import importlib
import inspect

import pytest

import posalign_sim.theory as theory

MODULES = [
    "arms_race",
    "auctions",
    "bargaining",
    "bargaining_instances",
    "bargaining_solutions",
    "concession",
    "dilemma",
    "eigentrust",
    "fixation",
    "graph_fixation",
    "group_selection",
    "liability",
    "market",
    "markov_chain",
    "memory_one",
    "mutation",
    "private_assessment",
    "public_goods",
    "punishment",
    "repeated_games",
    "replicator",
    "reputation",
    "taxation",
]


def sorted_like_ruff(names):
    """Constants, then classes, then functions, each in alphabetical order."""
    return sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


def test_names_are_sorted_and_exist():
    assert theory.__all__ == sorted_like_ruff(set(theory.__all__))
    for name in theory.__all__:
        assert getattr(theory, name) is not None


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_is_offered_with_an_example(name):
    module = importlib.import_module(f"posalign_sim.theory.{name}")
    for public, thing in vars(module).items():
        defined_here = getattr(thing, "__module__", None) == module.__name__
        if defined_here and not public.startswith("_") and inspect.isroutine(thing):
            assert public in theory.__all__
            assert ">>>" in (thing.__doc__ or "")
