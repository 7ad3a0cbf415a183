"""What learners share: how they decide whatever they are asked, and what they keep in mind.

A *chooser* decides by one function, `_choose(p, i, count)`: it gives a number below `count`.
`answers` says which decisions that number answers, and how: a choice of two, a choice from a
game's table, or one of five levels of what may be given, taken or returned. So one rule plays every
decision with few choices, and a class of somebody else's can add decisions of its own:

    class Shooter(QLearner):
        answers = {**QLearner.answers, "shoot": choice_of(3)}

A *learner* puts weights on its choices (`POLICY`), draws one of them in proportion, and learns from
what it has earned when it is asked again. What it has learned is about its choices, not about
partners: it keeps it when it meets others, and loses it only if somebody else takes its seat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np

from posalign_sim.agents.contributors import give
from posalign_sim.envs.commons import TAKE as HARVEST
from posalign_sim.envs.commons import CommonsSight
from posalign_sim.envs.crisis_rules import RUNGS
from posalign_sim.envs.matrix_game import MOST, TAKE, MatrixSight
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.envs.trust import ALL, RETURN, SEND, TrustSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.dispositions import felt
from posalign_sim.world.draws import chance
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import other_last, own_last, turns

Choose: TypeAlias = Callable[[Sight, int, int], int]
Answer: TypeAlias = Callable[..., Any]

#: Levels, from nothing to all, among which a learner chooses an amount or a share.
LEVELS = 5

# What every learner keeps in mind: what it has earned since it last decided, 1 + its last choice
# (0: none), in which situation that was, how often it has decided, and with which probability it
# last took each of its choices. What it makes of all that begins at `MIND`.
GAINED, LAST, SITUATION, DECIDED, POLICY = range(5)
MIND = POLICY + MOST

#: Situations that a memory of one round tells apart: strangers, and who did what last.
SITUATIONS = 5
#: What counts as equally good.
_HAIR = 1e-9


# --- one number as the answer to a decision -----------------------------------------------------


def choice_of(count: int) -> Callable[[Choose], Answer]:
    """How a decision of so many choices, and no arguments, is answered."""

    def answering(choose: Choose) -> Answer:
        def answer(p: Sight, i: int) -> int:
            return choose(p, i, count)

        return answer

    return answering


def number_of(choose: Choose) -> Answer:
    """How a choice from a game's table is answered."""

    def answer(p: MatrixSight, i: int) -> tuple[int, int]:
        return TAKE, choose(p, i, int(p.options))

    return answer


def level_given(choose: Choose) -> Answer:
    """How it is answered what to contribute to a group, by level."""

    def answer(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return give(p, choose(p, i, LEVELS) / (LEVELS - 1))

    return answer


def level_taken(choose: Choose) -> Answer:
    """How it is answered what to take from a common stock, by level."""

    def answer(p: CommonsSight, i: int) -> tuple[int, int]:
        return HARVEST, choose(p, i, LEVELS) * int(p.most[i]) // (LEVELS - 1)

    return answer


def level_sent(choose: Choose) -> Answer:
    """How it is answered what to send to a trustee, by level."""

    def answer(p: TrustSight, i: int) -> tuple[int, int]:
        return SEND, choose(p, i, LEVELS) * int(p.most) // (LEVELS - 1)

    return answer


def level_returned(choose: Choose) -> Answer:
    """How it is answered what to return to an investor, by level."""

    def answer(p: TrustSight, i: int) -> tuple[int, int]:
        return RETURN, choose(p, i, LEVELS) * ALL // (LEVELS - 1)

    return answer


class Chooser(Agent, abstract=True):
    """An agent that answers all of its decisions by one rule, `_choose(p, i, count)`."""

    #: How each decision is made out of a number.
    answers: ClassVar[Mapping[str, Callable[[Choose], Answer]]] = {
        "move": choice_of(2),
        "donate": choice_of(2),
        "deliver": choice_of(2),
        "pay": choice_of(2),
        "rung": choice_of(len(RUNGS)),
        "action": number_of,
        "contribute": level_given,
        "harvest": level_taken,
        "send": level_sent,
        "give_back": level_returned,
    }

    def __init_subclass__(cls, abstract: bool = False, **more: Any) -> None:
        if not abstract:
            choose = getattr(cls, "_choose", None)
            if choose is None:
                raise TypeError(f"{cls.__name__} needs _choose(p, i, count): a number below count")
            for name, answering in cls.answers.items():
                if name not in vars(cls):
                    setattr(cls, name, staticmethod(answering(choose)))
        super().__init_subclass__(abstract=abstract, **more)


class Learner(Chooser, abstract=True):
    """A chooser that learns from what it earns."""

    @staticmethod
    def learn(p: Sight, i: int) -> None:
        add_earnings(p, i)


# --- what a decision earned ---------------------------------------------------------------------


def add_earnings(p: Sight, i: int) -> None:
    """Add what the round that is over was worth to a seat to what it earned since it decided."""
    p.slots[i, GAINED] += felt(p, i)


def earned(p: Sight, i: int) -> float:
    """What seat `i` has earned since it last decided, as its disposition weighs it: its reward."""
    return p.slots[i, GAINED]


def situation(p: Sight, i: int) -> int:
    """Where seat `i` finds itself with its partner: 0: they are strangers; then who did what last.

    1: both cooperated (at least by half), 2: only it did, 3: only its partner did, 4: neither.
    """
    if turns(p, i) == 0:
        return 0
    mine = 0 if own_last(p, i) >= 0.5 else 2
    theirs = 0 if other_last(p, i) >= 0.5 else 1
    return 1 + mine + theirs


# --- weights of choices -------------------------------------------------------------------------


def weigh_alike(p: Sight, i: int, count: int) -> None:
    """All choices are as likely."""
    for k in range(count):
        p.slots[i, POLICY + k] = 1.0 / count


@rare
def weigh_best(p: Sight, i: int, first: int, count: int) -> None:
    """The choices of the greatest value share all the weight; values begin at slot `first`."""
    slots = p.slots[i]
    best = greatest(p, i, first, count)
    for k in range(count):
        slots[POLICY + k] = 1.0 if slots[first + k] >= best - _HAIR else 0.0
    normalise(p, i, count)


@rare
def weigh_softly(p: Sight, i: int, first: int, count: int, temperature: float) -> None:
    """Weights grow exponentially with values, `exp(value / temperature)`."""
    slots = p.slots[i]
    best = greatest(p, i, first, count)
    for k in range(count):
        slots[POLICY + k] = np.exp((slots[first + k] - best) / temperature)
    normalise(p, i, count)


@rare
def weigh_linearly(p: Sight, i: int, first: int, count: int) -> None:
    """Weights are what is positive of the values; all alike where nothing is."""
    slots = p.slots[i]
    for k in range(count):
        slots[POLICY + k] = max(0.0, slots[first + k])
    normalise(p, i, count)


@rare
def explore(p: Sight, i: int, count: int, share: float) -> None:
    """With probability `share` any choice is taken, all alike."""
    slots = p.slots[i]
    for k in range(count):
        slots[POLICY + k] = (1 - share) * slots[POLICY + k] + share / count


@rare
def normalise(p: Sight, i: int, count: int) -> None:
    """Make weights probabilities; all alike if there are none."""
    slots = p.slots[i]
    total = 0.0
    for k in range(count):
        total += slots[POLICY + k]
    if total <= 0:
        weigh_alike(p, i, count)
        return
    for k in range(count):
        slots[POLICY + k] /= total


def greatest(p: Sight, i: int, first: int, count: int) -> float:
    """The greatest of the values that begin at slot `first`."""
    best = p.slots[i, first]
    for k in range(1, count):
        best = max(best, p.slots[i, first + k])
    return best


@rare
def decide(p: Sight, i: int, count: int) -> int:
    """Draw a choice by the probabilities in `POLICY`, and begin to add up what it earns."""
    slots = p.slots[i]
    luck = chance(p, i)
    passed = 0.0
    choice = 0
    for k in range(count):
        if slots[POLICY + k] > 0 and passed <= luck:
            choice = k
        passed += slots[POLICY + k]
    slots[LAST] = 1.0 + choice
    slots[GAINED] = 0.0
    slots[DECIDED] += 1.0
    return choice


__all__ = ["Chooser", "Learner", "choice_of"]
