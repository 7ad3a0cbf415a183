"""Negotiators who answer concessions with concessions: tit for tat in several measures, MiCRO."""

from __future__ import annotations

import numpy as np

from posalign_sim.agents.negotiation.packed import WIDTH, hears, note, noted, remember, room
from posalign_sim.agents.negotiation.terms import TINY, ask, ideal, takes
from posalign_sim.envs.bargaining_sight import PROPOSE, BargainingSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import Ints, param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

# What tit for tat keeps in mind, besides the bargain and the offers heard in it: what it asks for,
# how often others have changed that, and in a ring what their latest offers were worth.
TARGET, OFFERS, WORTHS = 2, 3, 4
#: The longest lag or window that the ring has room for.
LONGEST = 7
# What MiCRO keeps in mind: how many offers it has made and how many different ones it has heard,
# points and number of the worst that it has made; then the numbers of the latest heard.
MADE, DIFFERENT, LEAST, NUMBER, CODES = 2, 3, 4, 5, 6


class TitForTatNegotiator(Agent):
    """Concedes what others have conceded to it, in its own points, and nothing first.

    In answer to each offer it asks for as many points less as that offer, or the one `lag` - 1
    before it, brought it more than the one before that, give or take `random` points; never for
    less than it has without a deal. It starts from its ideal; against itself there is never a deal.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24 (random absolute
    tit for tat; lag is their delta, random their M).
    """

    lag: float = param(1, 1, LONGEST, "offers", "how long ago the concession was that it answers")
    random: float = param(0, 0, 1e6, "points", "by which it may depart from that, either way")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        ask(p, i, absolute(p, i, 1.0, 0.0, int(parameter(p, i, 0)), parameter(p, i, 1)))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        lag, random = int(parameter(p, i, 0)), parameter(p, i, 1)
        return takes(p, i, absolute(p, i, 1.0, 0.0, lag, random))


class NaiveTitForTat(Agent):
    """Concedes a share of what others have just conceded, in its own points, and perhaps a start.

    It knows and guesses nothing of the others' interests. Two of them make a deal iff what they
    concede at first is enough for one: there is nothing that they could answer afterwards.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24; with a share
    (kappa) and an initial concession: Mohammad, Nakadai & Greenwald (2021), NegMAS, PRICAI.
    """

    share: float = param(1, 0, 100, "share", "of the others' last concession that it answers with")
    initial: float = param(0, 0, 1, "share of its range", "what it concedes without being asked")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        ask(p, i, absolute(p, i, parameter(p, i, 0), parameter(p, i, 1), 1, 0.0))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, absolute(p, i, parameter(p, i, 0), parameter(p, i, 1), 1, 0.0))


class RelativeTitForTat(Agent):
    """Concedes in the proportion in which others do: if their demand fell by a tenth, so does its.

    What others demand is what their offer leaves it short of its ideal; what it demands itself,
    what it asks for above what it has without a deal. Each of their offers, `lag` - 1 late,
    changes its own demand by the quotient of their demands. It starts from its ideal.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24 (relative tit for
    tat). Theirs is a quotient of prices, which one side raises as the other lowers them; demands
    of both fall, and the quotient is the other way up.
    """

    lag: float = param(1, 1, LONGEST, "offers", "how long ago the concession was that it answers")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        ask(p, i, relative(p, i, int(parameter(p, i, 0)), 1))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, relative(p, i, int(parameter(p, i, 0)), 1))


class AveragedTitForTat(Agent):
    """Concedes in the proportion in which others did over their last offers.

    As relative tit for tat, but each offer of the others changes its own demand by the quotient of
    theirs now and `window` offers ago: who concedes steadily is answered with more than that.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24 (averaged tit for
    tat, gamma; its formula is the quotient over the whole window, as here).
    """

    window: float = param(2, 1, LONGEST, "offers", "over how many of them it looks back")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        ask(p, i, relative(p, i, 1, int(parameter(p, i, 0))))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, relative(p, i, 1, int(parameter(p, i, 0))))


def within(p: BargainingSight, i: int, points: float) -> float:
    """Points no more than the ideal, and no less than without a deal."""
    return max(p.reserve[i], min(ideal(p, i), points))


def listen(p: BargainingSight, i: int, initial: float) -> bool:
    """Note what the others' last offer is worth; whether there was one that is new."""
    slots = p.slots[i]
    if remember(p, i):
        slots[TARGET] = ideal(p, i) - initial * (ideal(p, i) - p.reserve[i])
    if not hears(p, i):
        return False
    slots[WORTHS + int(slots[OFFERS]) % (LONGEST + 1)] = p.other_worth[i]
    slots[OFFERS] += 1
    return True


def worth_before(p: BargainingSight, i: int, ago: int) -> float:
    """What the others' offer `ago` offers before the last was worth."""
    return p.slots[i, WORTHS + (int(p.slots[i, OFFERS]) - 1 - ago) % (LONGEST + 1)]


@rare
def absolute(
    p: BargainingSight, i: int, share: float, initial: float, lag: int, random: float
) -> float:
    """Points that are asked for when as many are conceded as others have conceded."""
    slots = p.slots[i]
    if listen(p, i, initial) and slots[OFFERS] > lag:
        conceded = worth_before(p, i, lag - 1) - worth_before(p, i, lag)
        luck = random * (2 * chance(p, i) - 1) if random > 0 else 0.0
        slots[TARGET] = within(p, i, slots[TARGET] - share * conceded + luck)
    return slots[TARGET]


@rare
def relative(p: BargainingSight, i: int, lag: int, window: int) -> float:
    """Points that are asked for when as large a share is conceded as others have conceded."""
    slots = p.slots[i]
    if listen(p, i, 0.0) and slots[OFFERS] >= lag + window:
        before = ideal(p, i) - worth_before(p, i, lag + window - 1)
        after = ideal(p, i) - worth_before(p, i, lag - 1)
        if before > TINY:
            nothing = p.reserve[i]
            demand = (slots[TARGET] - nothing) * after / before
            slots[TARGET] = within(p, i, nothing + demand)
    return slots[TARGET]


class Micro(Agent):
    """Makes a new offer, its next best, iff others have made at least as many different ones.

    It goes through all offers in the order of its own points, equal ones as they are numbered;
    while it has made more different offers than it has heard it repeats its last one. It accepts
    what is worth as much as what it would offer now, and offers nothing worse than no deal. It
    guesses nothing of the others, and cannot be exploited by who stands still.

    De Jonge's repeats any of its earlier offers, drawn at random. Of what it has heard it
    remembers the latest different offers, a dozen or more (by how many there can be), and takes
    older ones for new.

    Source: de Jonge (2022), An Analysis of the Linear Bilateral ANAC Domains Using the MiCRO
    Benchmark Strategy, IJCAI.
    """

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        count_different(p, i)
        slots = p.slots[i]
        worth = advance(p, i)
        if worth > -np.inf:
            slots[MADE] += 1
            slots[LEAST] = worth
            slots[NUMBER] = number_of(p, i)
        else:
            for k in range(p.points.shape[1]):
                p.reply[i, k] = p.own_terms[i, k] if slots[MADE] > 0 else p.best[i, k]
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        count_different(p, i)
        worth = advance(p, i)
        return takes(p, i, worth if worth > -np.inf else max(p.reserve[i], p.slots[i, LEAST]))


@rare
def advance(p: BargainingSight, i: int) -> float:
    """Write down MiCRO's next offer, and say what it is worth; -inf if now is no time for one."""
    slots = p.slots[i]
    if slots[MADE] > slots[DIFFERENT]:
        return -np.inf
    worth = np.inf
    number = -1.0
    if slots[MADE] > 0:
        worth = slots[LEAST]
        number = slots[NUMBER]
    found = next_best(p, i, worth, number)
    return found if found >= p.reserve[i] - TINY * max(1.0, p.pie) else -np.inf


@rare
def next_best(p: BargainingSight, i: int, worth: float, number: float) -> float:
    """Write down the best offer that comes after one of so many points and this number.

    It looks through all offers, but for those that begin in a way that can only end better than
    this one, or no better than what it has found.

    Returns:
        What it is worth to seat `i`; -inf if there is none.
    """
    issues = p.points.shape[1]
    tiny = TINY * max(1.0, p.pie)
    most = np.zeros(issues + 1)
    least = np.zeros(issues + 1)
    for k in range(issues - 1, -1, -1):
        most[k] = most[k + 1] + p.points[i, k, p.best[i, k]]
        least[k] = least[k + 1] + p.points[i, k, p.best[i, k]] - p.spread[i, k]
    option = np.zeros(issues, np.int64)
    before = np.zeros(issues + 1)
    code = np.zeros(issues + 1)
    best = -np.inf
    k = 0
    option[0] = -1
    while k >= 0:
        option[k] += 1
        if option[k] >= p.options_of[k]:
            k -= 1
            continue
        total = before[k] + p.points[i, k, option[k]]
        if total + most[k + 1] <= best + tiny or total + least[k + 1] > worth + tiny:
            continue
        code[k + 1] = code[k] * p.options_of[k] + option[k]
        before[k + 1] = total
        if k + 1 < issues:
            k += 1
            option[k] = -1
            continue
        later = total < worth - tiny or code[issues] > number
        if later and (p.divide == 0 or whole_pie(p, option)):
            best = total
            for c in range(issues):
                p.reply[i, c] = option[c]
    return best


def whole_pie(p: BargainingSight, option: Ints) -> bool:
    """Whether these shares of a pie are all of it, and no more."""
    total = 0
    for c in range(len(option)):
        total += option[c]
    return total == p.points.shape[2] - 1


def number_of(p: BargainingSight, i: int) -> float:
    """The number of the offer that is written down: its options are the digits."""
    number = 0.0
    for k in range(p.points.shape[1]):
        number = number * p.options_of[k] + p.reply[i, k]
    return number


@rare
def count_different(p: BargainingSight, i: int) -> None:
    """Count the others' last offer, if it is none of those that MiCRO remembers."""
    slots = p.slots[i]
    remember(p, i)
    if not hears(p, i):
        return
    code = 0.0
    offers = 1.0
    for k in range(p.points.shape[1]):
        code = code * p.options_of[k] + p.other_terms[i, k]
        offers *= p.options_of[k]
    bits = 1
    while bits < WIDTH and (1 << bits) <= offers:
        bits += 1
    # 0 is no offer at all.
    number = int(code % ((1 << bits) - 1)) + 1
    places = room(p, CODES, bits)
    different = int(slots[DIFFERENT])
    for place in range(min(places, different)):
        if noted(p, i, CODES, bits, place) == number:
            return
    note(p, i, CODES, bits, different % places, number)
    slots[DIFFERENT] += 1


__all__ = [
    "AveragedTitForTat",
    "Micro",
    "NaiveTitForTat",
    "RelativeTitForTat",
    "TitForTatNegotiator",
]
