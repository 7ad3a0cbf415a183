"""Learners that know nothing but what their own choices have earned them."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from posalign_sim.agents.learning.base import (
    DECIDED,
    LAST,
    MIND,
    POLICY,
    SITUATION,
    SITUATIONS,
    Chooser,
    Learner,
    decide,
    earned,
    explore,
    greatest,
    normalise,
    situation,
    weigh_best,
    weigh_linearly,
    weigh_softly,
)
from posalign_sim.envs.matrix_game import MOST
from posalign_sim.world.fields import Floats, given, param
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter

#: Where those who value choices in situations keep their values, and how often they tried each.
VALUES = MIND
TRIED = VALUES + SITUATIONS * MOST


class Mixed(Chooser):
    """Takes each choice with a fixed probability, in proportion to its weight.

    With the weights of an equilibrium it is the yardstick for learners.

    Source: von Neumann (1928), Mathematische Annalen 100 (mixed strategies).

    >>> Mixed(weights=[2, 1, 1]).values["weights"].tolist()
    [2.0, 1.0, 1.0]
    """

    weights: Floats = given(np.float64, MOST, initial=1, low=0, high=1e9)

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        for k in range(count):
            p.slots[i, POLICY + k] = parameter(p, i, k)
        normalise(p, i, count)
        return decide(p, i, count)


class QLearner(Learner):
    """Learns what each choice is worth in each situation if it goes on as well as it can.

    After each decision the value of the last choice moves by `rate` towards what it earned plus
    `discount` times the best value where it has led. It takes the best choice and, with probability
    `explore`, any; or, with a `temperature`, choices by the exponential of their value. Both fall
    by the factor exp(-`decay`) with each decision. With `settling` 1 the rate is `rate / (1 + n)`
    at the n-th trial (with rate 1 values are means). Situations are: strangers, and the four of who
    cooperated last; without `memory` there is one.

    Source: Watkins & Dayan (1992), Machine Learning 8; Sandholm & Crites (1996), BioSystems 37 (in
    the prisoner's dilemma); Calvano et al. (2020), AER 110 (`decay`).

    >>> QLearner(discount=0.95, explore=0.05).values["discount"].item()
    0.95
    """

    slots: ClassVar[int] = TRIED + SITUATIONS * MOST

    rate: float = param(0.1, 0, 1, "share", "by which a value moves towards what is new")
    discount: float = param(0.9, 0, 1, "per decision", "weight of what comes later")
    explore: float = param(0.05, 0, 1, "probability", "of any choice")
    temperature: float = param(0, 0, 1e6, "points", "of values; 0: the best choice")
    decay: float = param(0, 0, 10, "per decision", "of explore and temperature, exponential")
    settling: float = param(0, 0, 1e6, "per trial", "by which the rate falls: rate / (1 + x n)")
    first: float = param(0, -1e6, 1e6, "points", "value of what was never tried")
    memory: float = param(1, 0, 1, "0 or 1", "1: it knows what happened last; 0: it does not")

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        at = orient(p, i)
        if p.slots[i, LAST] > 0:
            value_last(p, i, greatest(p, i, VALUES + at * MOST, count))
        return decide_by_value(p, i, at, count)


class Sarsa(QLearner):
    """Learns what each choice is worth in each situation if it goes on as it does.

    As `QLearner`, but the value of the last choice moves towards what it earned plus `discount`
    times the value of the choice that is taken next: exploring counts.

    Source: Rummery & Niranjan (1994), Cambridge University CUED/F-INFENG/TR 166; Sutton & Barto
    (2018), Reinforcement Learning, section 6.4.
    """

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        last = p.slots[i, LAST]
        before = p.slots[i, SITUATION]
        reward = earned(p, i)
        at = orient(p, i)
        choice = decide_by_value(p, i, at, count)
        if last > 0:
            expected = p.slots[i, VALUES + at * MOST + choice]
            move_value(p, i, int(before) * MOST + int(last) - 1, reward, expected)
        return choice


def orient(p: Sight, i: int) -> int:
    """The situation of a seat; values begin where it was told."""
    if p.slots[i, DECIDED] == 0:
        for k in range(SITUATIONS * MOST):
            p.slots[i, VALUES + k] = parameter(p, i, 6)
    return situation(p, i) if parameter(p, i, 7) == 1 else 0


def value_last(p: Sight, i: int, expected: float) -> None:
    """Move the value of the last choice, given what can be expected from now on."""
    place = int(p.slots[i, SITUATION]) * MOST + int(p.slots[i, LAST]) - 1
    move_value(p, i, place, earned(p, i), expected)


def move_value(p: Sight, i: int, place: int, reward: float, expected: float) -> None:
    """Move one value towards what was earned and what can be expected."""
    slots = p.slots[i]
    rate = parameter(p, i, 0) / (1 + parameter(p, i, 5) * slots[TRIED + place])
    aim = reward + parameter(p, i, 1) * expected
    slots[VALUES + place] += rate * (aim - slots[VALUES + place])
    slots[TRIED + place] += 1.0


def decide_by_value(p: Sight, i: int, at: int, count: int) -> int:
    """Take a choice by the values in a situation."""
    fallen = np.exp(-parameter(p, i, 4) * p.slots[i, DECIDED])
    temperature = fallen * parameter(p, i, 3)
    if temperature > 0:
        weigh_softly(p, i, VALUES + at * MOST, count, temperature)
    else:
        weigh_best(p, i, VALUES + at * MOST, count)
    explore(p, i, count, fallen * parameter(p, i, 2))
    p.slots[i, SITUATION] = at
    return decide(p, i, count)


class RothErev(Learner):
    """Takes each choice in proportion to its propensity, which grows by what it earns.

    After each decision all propensities shrink by `recency`; of what was earned above `least` the
    last choice gets the share 1 - `experimentation`, the others split the rest. With `modified` 1
    the others keep that share of their own propensity instead, so that a choice that earned
    nothing is unlearned, too.

    Source: Roth & Erev (1995), Games and Economic Behavior 8; Erev & Roth (1998), AER 88 (recency
    .1, experimentation .2); modified: Nicolaisen, Petrov & Tesfatsion (2001), IEEE Trans. Evol.
    Comput. 5.
    """

    slots: ClassVar[int] = MIND + MOST

    recency: float = param(0.1, 0, 1, "share", "of a propensity that is forgotten")
    experimentation: float = param(0.2, 0, 1, "share", "of a reward that goes to other choices")
    initial: float = param(1, 1e-9, 1e9, "points", "propensity of each choice at first")
    least: float = param(0, -1e6, 1e6, "points", "reward that counts as none; less is as much")
    modified: float = param(0, 0, 1, "0 or 1", "1: others grow by their own propensity")

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        slots = p.slots[i]
        spread = parameter(p, i, 1) / (count - 1)
        if slots[DECIDED] == 0:
            for k in range(count):
                slots[MIND + k] = parameter(p, i, 2)
        else:
            reward = max(0.0, earned(p, i) - parameter(p, i, 3))
            for k in range(count):
                propensity = slots[MIND + k]
                gain = propensity if parameter(p, i, 4) == 1 else reward
                if k == int(slots[LAST]) - 1:
                    grown = reward * (1 - parameter(p, i, 1))
                else:
                    grown = gain * spread
                slots[MIND + k] = (1 - parameter(p, i, 0)) * propensity + grown
        weigh_linearly(p, i, MIND, count)
        return decide(p, i, count)


class Exp3(Learner):
    """Does nearly as well as the best of its choices, whatever its earnings were chosen to be.

    Weights are exponentials of the earnings of each choice, each divided by the probability with
    which it was taken, as if all had been seen; with probability `gamma` it takes any choice.
    Earnings are reckoned as shares of what lies between `least` and `most`. Against any sequence
    its expected regret over T decisions of K choices is at most (e - 1) gamma T + K ln(K) / gamma,
    of these shares: 2 sqrt((e - 1) T K ln K) with the `gamma` of `Exp3.tuned`.

    Source: Auer, Cesa-Bianchi, Freund & Schapire (2002), SIAM Journal on Computing 32.
    """

    slots: ClassVar[int] = MIND + MOST

    gamma: float = param(0.1, 1e-9, 1, "probability", "of any choice; also the rate of learning")
    least: float = param(0, -1e6, 1e6, "points", "what it reckons to earn at least")
    most: float = param(5, -1e6, 1e6, "points", "what it reckons to earn at most")

    @classmethod
    def tuned(cls, choices: int, decisions: int, least: float = 0, most: float = 1) -> Exp3:
        """One whose `gamma` makes the bound on its regret least.

        Args:
            choices: how many choices it has.
            decisions: how many decisions it makes.
            least: points that it earns at least.
            most: points that it earns at most.

        >>> round(Exp3.tuned(3, 10_000).values["gamma"].item(), 5)
        0.01385
        """
        gamma = math.sqrt(choices * math.log(choices) / ((math.e - 1) * decisions))
        return cls(gamma=min(1.0, gamma), least=least, most=most)

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        slots = p.slots[i]
        gamma = parameter(p, i, 0)
        if slots[LAST] > 0:
            last = int(slots[LAST]) - 1
            least = parameter(p, i, 1)
            share = (earned(p, i) - least) / max(1e-9, parameter(p, i, 2) - least)
            as_if_seen = min(1.0, max(0.0, share)) / slots[POLICY + last]
            slots[MIND + last] += gamma * as_if_seen / count
        weigh_softly(p, i, MIND, count, 1.0)
        explore(p, i, count, gamma)
        return decide(p, i, count)


__all__ = ["Exp3", "Mixed", "QLearner", "RothErev", "Sarsa"]
