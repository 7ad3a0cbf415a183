"""What a class may be: checked when it is created, with the nearest valid name in the message."""

from __future__ import annotations

import math

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    Argument,
    Block,
    ConfigurationError,
    Decision,
    Game,
    Institution,
    Module,
    Noise,
    Tremble,
    param,
    per_agent,
    scalar,
)
from posalign_sim.agents import GenerousTitForTat
from posalign_sim.agents.learning.base import Chooser
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world.modules import OFF, schedule

STOP, GO = 0, 1


def two(w, own):
    pass


def three(w, own, i):
    return True


def module(base=Institution, **body):
    return type("Made", (base,), {"__module__": __name__, **body})


def kernels(**functions):
    return {name: staticmethod(function) for name, function in functions.items()}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (kernels(setle=two), "Made.setle is no function of the contract: did you mean settle"),
        (kernels(who_mov=three), "who_mov is no function of the contract: did you mean who_move"),
        (kernels(settle=three), "Made.settle takes 3 arguments, not 2"),
        (kernels(who_move=two), "Made.who_move takes 2 arguments, not 3"),
        ({"size": scalar()}, "Made.size: a record already uses that name"),
        ({"item": param(1)}, "Made.item: a record already uses that name"),
        ({"strength": scalar()}, "Made.strength: a record already uses that name"),
        ({"round": per_agent()}, "Made.round: a record already uses that name"),
        ({"harm": scalar()}, "Made.harm: an interaction already uses that name"),
        ({"paid": param(1)}, "Made.paid: an interaction already uses that name"),
        ({"turn": Block(("mov",)), **kernels(again_turn=two)}, "no decision 'mov': did you mean m"),
        ({"turn": Block(("move",))}, "needs again_turn"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_class_is_refused(body, message):
    move = Decision("play", ("left", "right"))
    with pytest.raises(TypeError, match=message):
        module(move=move, **body)


def test_a_chooser_must_choose():
    with pytest.raises(TypeError, match=r"Made needs _choose\(p, i, count\)"):
        module(Chooser)


def test_a_label_must_be_the_number_that_its_constant_says():
    kernel = kernels(who_move=three)
    module(move=Decision("play", ("stop", "go")), **kernel)
    with pytest.raises(TypeError, match="choice 'go' is number 0, but GO = 1"):
        module(move=Decision("play", ("go", "stop")), **kernel)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pley", ("a",)), "no decision in phase 'pley': did you mean play"),
        (("settle", ("a",)), "no decision in phase 'settle'"),
        (("play", ("left", "right"), (), "lef"), "'lef' is no choice: did you mean left"),
    ],
)
def test_a_wrong_decision_is_refused(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        Decision(*arguments)


def test_an_argument_is_part_of_the_record():
    spec = module(Game, offer=Decision("play", ("make",), (Argument("price", 0, 9),)))
    assert {"offer", "offer_price"} <= set(spec.dtype({"agents": 2}).names)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"probabilty": 0.1}, "tremble has no parameter 'probabilty': did you mean probability"),
        ({"probability": 1.5}, r"tremble.probability = 1.5 is out of its range \[0, 1\]"),
        ({"probability": -1}, r"tremble.probability = -1 is out of its range"),
        ({"probability": [0.1, 7]}, r"tremble.probability = 7 is out of its range"),
        ({"probability": math.nan}, "tremble.probability must be a number, not nan"),
        ({"probability": [0.1, math.nan]}, "must be a number, not nan"),
        ({"probability": "much"}, "tremble.probability must be a number, not 'much'"),
        ({"probability": None}, "tremble.probability must be a number"),
        ({"name": "no name"}, "cannot be a module's name"),
        ({"name": "shape"}, "cannot be a module's name"),
        ({"strength": "off"}, "has no strength"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused(values, message):
    with pytest.raises(ConfigurationError, match=message):
        Tremble(**values)


def test_agents_are_checked_alike():
    with pytest.raises(ConfigurationError, match="generous_tit_for_tat has no parameter 'generos"):
        GenerousTitForTat(generositee=1)
    with pytest.raises(TypeError, match=r"Made.move takes \(p, i\), not 3"):
        module(Agent, **kernels(move=three))
    with pytest.raises(TypeError, match="more than 8 parameters"):
        module(Agent, **{f"p{k}": param(0) for k in range(9)})


@pytest.mark.parametrize("kind", [Module, Game, Institution, Noise])
def test_a_kind_of_module_is_none_itself(kind):
    with pytest.raises(ConfigurationError, match="is a kind of module"):
        kind()


def test_functions_are_inherited_by_the_order_of_bases():
    first = module(toll=param(1, 0, 5), **kernels(settle=two, begin=two))
    second = module(first, toll=param(2, 0, 9), **kernels(settle=lambda w, own: None))
    assert second.functions["begin"] is two
    assert second.functions["settle"] is not two
    assert second().values["toll"] == 2
    assert second(toll=7).values["toll"] == 7


def test_a_game_by_an_unknown_name_is_refused():
    with pytest.raises(ConfigurationError, match="did you mean stag_hunt"):
        RepeatedDilemma.of("stag_hunter")


@pytest.mark.parametrize(
    ("given", "starts", "to"),
    [
        ("enforced", [0], [3]),
        (False, [0], [OFF]),
        ({0: "off"}, [0], [0]),
        ({"0": "enforced", "50": "off"}, [0, 50], [3, 0]),
        ({10: "shuffled", 0: "announced", 5: "off"}, [0, 5, 10], [1, 0, 2]),
    ],
    ids=str,
)
def test_a_schedule_is_read(given, starts, to):
    read = schedule(given)
    assert (read.starts.tolist(), read.to.tolist()) == (starts, to)
    assert schedule(read) is read


def test_a_strength_for_each_world():
    read = schedule(np.array(["off", "enforced", "shuffled"]))
    assert read.to.tolist() == [[0], [3], [2]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("enforcd", "unknown strength 'enforcd': did you mean enforced"),
        ({5: "off"}, "begins at round 0"),
        ({}, "begins at round 0"),
        ({0: "off", 1: "off", 2: "off", 3: "off", 4: "off"}, "at most 4 steps"),
        ({0: "off", 3: "strong"}, "unknown strength 'strong'"),
        (17, "unknown strength 17"),
    ],
    ids=str,
)
def test_a_wrong_schedule_is_refused(given, message):
    with pytest.raises(ConfigurationError, match=message):
        schedule(given)
