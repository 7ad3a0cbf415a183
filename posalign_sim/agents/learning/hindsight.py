"""Learners that look back at what their other choices would have earned them.

A game that tells (`MatrixGame`) is believed, corrected by what else came of a choice (fees,
sanctions). Elsewhere it is what a choice earned on average when the others last acted alike:
cooperated at least by half, or less. What was never tried is taken to be as good as what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from posalign_sim.agents.learning.base import (
    GAINED,
    LAST,
    MIND,
    POLICY,
    Answer,
    Choose,
    Learner,
    add_earnings,
    decide,
    earned,
    explore,
    weigh_alike,
    weigh_best,
    weigh_linearly,
    weigh_softly,
)
from posalign_sim.envs.matrix_game import MOST, TAKE, MatrixSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import param
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter

# What those keep in mind who look back: whether the others cooperated (1) or not (0), whether the
# game tells what choices would have earned (1), that itself, what else came of each choice after
# either act of the others, and how often; then what each makes of it.
HEARD = MIND
TOLD = HEARD + 1
WOULD = TOLD + 1
BESIDES = WOULD + MOST
TRIALS = BESIDES + 2 * MOST
TALLY = TRIALS + 2 * MOST
WEIGHT = TALLY + MOST


def number_with_hindsight(choose: Choose) -> Answer:
    """How a choice from a game's table is answered by who looks back: the game says what was."""

    def answer(p: MatrixSight, i: int) -> tuple[int, int]:
        p.slots[i, TOLD] = 1.0
        for k in range(p.options):
            p.slots[i, WOULD + k] = p.foregone[i, k]
        return TAKE, choose(p, i, int(p.options))

    return answer


class Hindsight(Learner, abstract=True):
    """A learner that looks back at what its other choices would have earned."""

    slots: ClassVar[int] = WEIGHT + 1
    answers: ClassVar[Mapping[str, Callable[[Choose], Answer]]] = {
        **Learner.answers,
        "action": number_with_hindsight,
    }

    @staticmethod
    def learn(p: Sight, i: int) -> None:
        add_earnings(p, i)
        if p.received[i] >= 0:
            p.slots[i, HEARD] = 1.0 if p.received[i] >= 0.5 else 0.0


@rare
def look_back(p: Sight, i: int, count: int) -> None:
    """Work out what each choice would have earned the last time (`WOULD`)."""
    slots = p.slots[i]
    last = int(slots[LAST]) - 1
    heard = int(slots[HEARD])
    told = slots[TOLD] == 1
    reward = earned(p, i)
    besides = reward - (slots[WOULD + last] if told else 0.0)
    place = 2 * last + heard
    slots[TRIALS + place] += 1.0
    slots[BESIDES + place] += (besides - slots[BESIDES + place]) / slots[TRIALS + place]
    for k in range(count):
        if told:
            slots[WOULD + k] += slots[BESIDES + 2 * k + heard]
        elif slots[TRIALS + 2 * k + heard] > 0:
            slots[WOULD + k] = slots[BESIDES + 2 * k + heard]
        else:  # as good as what it took, for all it knows
            slots[WOULD + k] = reward
    slots[WOULD + last] = reward


class RegretMatching(Hindsight):
    """Takes each choice in proportion to how much better it would have done by it all along.

    Regret of a choice is the sum, over all of its decisions, of what the choice would have earned
    less what it did earn; choices without regret are not taken (all alike if there is none). If
    both of two in a zero-sum game do so, their average play comes to the equilibrium: both
    regrets fall as one over the square root of the rounds. With `plus` regrets never go below 0.

    Source: Hart & Mas-Colell (2000), Econometrica 68 (section 4b); plus: Tammelin (2014),
    arXiv:1407.5042.
    """

    explore: float = param(0, 0, 1, "probability", "of any choice")
    plus: float = param(0, 0, 1, "0 or 1", "1: negative regrets are forgotten")

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        slots = p.slots[i]
        if slots[LAST] > 0:
            look_back(p, i, count)
            for k in range(count):
                regret = slots[TALLY + k] + slots[WOULD + k] - slots[GAINED]
                slots[TALLY + k] = max(0.0, regret) if parameter(p, i, 1) == 1 else regret
        weigh_linearly(p, i, TALLY, count)
        explore(p, i, count, parameter(p, i, 0))
        return decide(p, i, count)


class FictitiousPlay(Hindsight):
    """Takes the choice that would have earned most against all that others did so far.

    That is the best response to the frequencies of their choices. With `recency` what is past
    counts by this share less with each decision (1: only the last counts). With a `temperature`
    choices are taken by the exponential of what they would have earned on average.

    Source: Brown (1951), in Activity Analysis of Production and Allocation; Robinson (1951),
    Annals of Mathematics 54 (zero-sum games); recency: Cheung & Friedman (1997), Games and
    Economic Behavior 19; temperature: Fudenberg & Levine (1995), J. Econ. Dynamics & Control 19.
    """

    recency: float = param(0, 0, 1, "share", "by which what is past counts less")
    temperature: float = param(0, 0, 1e6, "points", "of mean earnings; 0: the best choice")
    explore: float = param(0, 0, 1, "probability", "of any choice")

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        slots = p.slots[i]
        if slots[LAST] > 0:
            look_back(p, i, count)
            fading = 1 - parameter(p, i, 0)
            slots[WEIGHT] = fading * slots[WEIGHT] + 1
            for k in range(count):
                slots[TALLY + k] = fading * slots[TALLY + k] + slots[WOULD + k]
        if parameter(p, i, 1) > 0:
            heat = parameter(p, i, 1) * max(1.0, slots[WEIGHT])
            weigh_softly(p, i, TALLY, count, heat)
        else:
            weigh_best(p, i, TALLY, count)
        explore(p, i, count, parameter(p, i, 2))
        return decide(p, i, count)


class BestResponse(Hindsight):
    """Takes the choice that would have earned most the last time.

    With probability `inertia` it does again what it did last, whatever that was.

    Source: Cournot (1838), Recherches sur les principes mathématiques de la théorie des richesses;
    inertia: Young (1993), Econometrica 61 (adaptive play).
    """

    inertia: float = param(0, 0, 1, "probability", "that it does the same again")
    explore: float = param(0, 0, 1, "probability", "of any choice")

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        slots = p.slots[i]
        last = int(slots[LAST]) - 1
        if last < 0:
            weigh_alike(p, i, count)
        else:
            look_back(p, i, count)
            weigh_best(p, i, WOULD, count)
            for k in range(count):
                slots[POLICY + k] *= 1 - parameter(p, i, 0)
            slots[POLICY + last] += parameter(p, i, 0)
        explore(p, i, count, parameter(p, i, 1))
        return decide(p, i, count)


class Hedge(Hindsight):
    """Takes choices by the exponential of what each would have earned in all, times `rate`.

    Earning from 0 to 1, its expected regret over T decisions of K choices is at most
    ln(K) / rate + rate T / 8, against any sequence.

    Source: Freund & Schapire (1997), Journal of Computer and System Sciences 55.
    """

    rate: float = param(0.1, 1e-9, 1e6, "per point", "of learning")
    explore: float = param(0, 0, 1, "probability", "of any choice")

    @staticmethod
    def _choose(p: Sight, i: int, count: int) -> int:
        slots = p.slots[i]
        if slots[LAST] > 0:
            look_back(p, i, count)
            for k in range(count):
                slots[TALLY + k] += slots[WOULD + k]
        weigh_softly(p, i, TALLY, count, 1 / parameter(p, i, 0))
        explore(p, i, count, parameter(p, i, 1))
        return decide(p, i, count)


__all__ = ["BestResponse", "FictitiousPlay", "Hedge", "Hindsight", "RegretMatching"]
