"""Negotiators who estimate what others want from what they offer, and look for what suits both.

The model of the others is a frequency model: what they propose most often they want, and what they
seldom give up weighs most. It is kept in the slots of the seat (`packed`): how often the others
have proposed each option of each issue.
"""

from __future__ import annotations

import numpy as np

from posalign_sim.agents.negotiation.packed import hears, note, noted, remember, room
from posalign_sim.agents.negotiation.terms import (
    TINY,
    answered,
    ask,
    aspiration,
    concede_to_others,
    demand_all,
    divide,
    ideal,
    takes,
    ticks_of,
    wanted_by_others,
)
from posalign_sim.envs.bargaining_sight import PROPOSE, BargainingSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import Floats, param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

# What who models others keeps in mind, besides the bargain and the offers heard in it: what their
# first and their best offer were worth; then how often each option was proposed, at most `MANY`.
OPENING, BEST, COUNTS = 2, 3, 4
BITS = 4
MANY = (1 << BITS) - 1
#: How many weighings of one's own interests against the others' are tried for a start.
_WEIGHINGS = 8


class ModellingNegotiator(Agent):
    """Concedes by the clock, and asks for what others seem to want most of what is worth as much.

    What it asks for is what `TimeDependent` does; what others want it takes from a frequency model
    of their offers, if it is not known.

    Source: van Galen Last (2012), Agent Smith, in New Trends in Agent-Based Complex Automated
    Negotiations (weights by frequency); Hindriks & Tykhonov (2008), AAMAS (values that fall evenly
    from a peak); van Krimpen, Looije & Hajizadeh (2013), HardHeaded, in Complex Automated
    Negotiations (late concession with a model of this kind).
    """

    exponent: float = param(1, 0.01, 100, "", "1: linear; above: Boulware; below: conceder")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        observe(p, i)
        ask_knowingly(p, i, aspiration(p, i, parameter(p, i, 0), int(p.step)))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        observe(p, i)
        return takes(p, i, aspiration(p, i, parameter(p, i, 0), int(p.step) + 1))


class NashSeeker(Agent):
    """Asks for its part of the Nash bargaining solution, and takes no less until the last pass.

    It reckons with the others' interests if they are known, and otherwise with a frequency model
    of their offers; before the first of these it asks for its ideal. In the last pass it takes
    whatever is no worse than no deal. Where all demand at once it plays the equilibrium that is
    left when demands are a little uncertain.

    Source: Nash (1950), Econometrica 18; Nash (1953), Econometrica 21 (demands).
    """

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        observe(p, i)
        nash_terms(p, i)
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        observe(p, i)
        return takes(p, i, last_chance(p, i, nash_terms(p, i)))


class NiceTitForTat(Agent):
    """Concedes as far towards the Nash solution as others have, and meets them there.

    What others have conceded is how far the best of their offers has gone from the first of them
    to what the Nash solution is worth to it (1: all the way); it goes as far from its ideal to the
    same point, which it estimates as `NashSeeker` does, and never beyond. Somewhat further if time
    is short: of the way that is left a share `1/2 - 2/5 discount^deadline`, or, when more than a
    share `late` of the time is over, twenty times what is over of that, if it is more. Of offers
    that are worth as much to itself it makes the one that seems best for the others. In the last
    pass it takes whatever is no worse than no deal.

    Source: Baarslag, Hindriks & Jonker (2013), A Tit for Tat Negotiation Strategy for Real-Time
    Bilateral Negotiations, in Complex Automated Negotiations (theirs has a Bayesian model).
    """

    late: float = param(0.91, 0, 1, "share of the time", "after which it hurries")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        target = nice_target(p, i, parameter(p, i, 0))
        # The terms of the Nash solution are written down now; short of these it asks for more.
        if answered(p, i) < target - TINY or p.others_offers[i] == 0:
            ask_knowingly(p, i, target)
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, last_chance(p, i, nice_target(p, i, parameter(p, i, 0))))


def last_chance(p: BargainingSight, i: int, least: float) -> float:
    """The least that is taken: in the last pass anything no worse than no deal."""
    return p.reserve[i] if p.steps_left == 0 else least


@rare
def nice_target(p: BargainingSight, i: int, late: float) -> float:
    """Points that a nice tit for tat asks for."""
    slots = p.slots[i]
    observe(p, i)
    best = ideal(p, i)
    if p.others_offers[i] == 0:
        return best
    nash = max(p.reserve[i], nash_terms(p, i))
    way = nash - slots[OPENING]
    gone = min(1.0, (slots[BEST] - slots[OPENING]) / way) if way > TINY else 1.0
    left = (1 - gone) * (best - nash)
    hurry = 20 * (min(1.0, p.step / max(1, int(p.deadline))) - late)
    haste = max(0.5 - 0.4 * p.discount[i] ** float(p.deadline), min(1.0, hurry))
    return nash + left * (1 - haste)


@rare
def observe(p: BargainingSight, i: int) -> None:
    """Count the options of the others' last offer, unless that has been done."""
    slots = p.slots[i]
    remember(p, i)
    if not hears(p, i):
        return
    worth = p.other_worth[i]
    if p.others_offers[i] == 1:
        slots[OPENING] = worth
        slots[BEST] = worth
    slots[BEST] = max(slots[BEST], worth)
    cells = room(p, COUNTS, BITS)
    for k in range(p.points.shape[1]):
        place = place_of(p, k, int(p.other_terms[i, k]))
        if place >= cells:
            continue
        if noted(p, i, COUNTS, BITS, place) == MANY:
            # All counts are halved: what is long ago counts less.
            for other in range(cells):
                held = noted(p, i, COUNTS, BITS, other)
                note(p, i, COUNTS, BITS, other, held // 2)
        note(p, i, COUNTS, BITS, place, noted(p, i, COUNTS, BITS, place) + 1)


def place_of(p: BargainingSight, k: int, option: int) -> int:
    """Where an option is counted: with its neighbours, if there is no room for each alone."""
    issues, options = p.points.shape[1], p.points.shape[2]
    each = max(1, min(options, room(p, COUNTS, BITS) // issues))
    return k * each + option * each // options


@rare
def wanted_by_model(p: BargainingSight, i: int) -> Floats:
    """`[issues, options]` estimated worth of each option to the others; 1 is their ideal.

    Of each issue the others want most what they have proposed most often (of equals what is worst
    for seat `i`), and other options less by how far these are from it in the seat's own points: if
    they want its worst, interests are opposed; if they want its best, they are the same. Where all
    options are the same to the seat an option counts as often as it was proposed. An issue weighs
    as often as its most frequent option was proposed.
    """
    wanted = np.zeros((p.points.shape[1], p.points.shape[2]))
    cells = room(p, COUNTS, BITS)
    total = 0.0
    for k in range(wanted.shape[0]):
        often = 0.0
        peak = 0
        for o in range(p.options_of[k]):
            place = place_of(p, k, o)
            wanted[k, o] = float(noted(p, i, COUNTS, BITS, place)) if place < cells else 0.0
            worse = p.points[i, k, o] < p.points[i, k, peak]
            if o == 0 or wanted[k, o] > often or (wanted[k, o] == often and worse):
                often = wanted[k, o]
                peak = o
        weight = often if p.others_offers[i] > 0 else 1.0
        total += weight
        for o in range(p.options_of[k]):
            if p.spread[i, k] > TINY:
                far = abs(p.points[i, k, o] - p.points[i, k, peak])
                wanted[k, o] = weight * (1 - far / p.spread[i, k])
    for k in range(wanted.shape[0]):
        for o in range(wanted.shape[1]):
            wanted[k, o] /= max(TINY, total)
    return wanted


def interests(p: BargainingSight, i: int) -> Floats:
    """`[issues, options]` what each option is worth to the others, known or estimated."""
    return wanted_by_others(p, i) if p.revealed == 1 else wanted_by_model(p, i)


@rare
def ask_knowingly(p: BargainingSight, i: int, target: float) -> None:
    """Write down the terms that are worth at least `target`, and seem best for the others."""
    if p.divide == 1:
        ask(p, i, target)
        return
    demand_all(p, i)
    concede_to_others(p, i, target, interests(p, i))


@rare
def nash_terms(p: BargainingSight, i: int) -> float:
    """Write down the Nash bargaining solution, known or estimated; what it is worth to seat `i`.

    The product of gains is raised issue by issue, from terms that are best for several weighings
    of the interests of both sides. Several others count as one with their joint gain, to the power
    of their number.
    """
    n = int(p.parties[i])
    nothing = 0.0
    for c in range(n):
        if c != p.party[i] and p.revealed == 1:
            nothing += p.reserve_of[c]
    if p.divide == 1:
        surplus = max(0.0, p.pie - p.reserve[i] - nothing)
        divide(p, i, int(np.floor(ticks_of(p, p.reserve[i] + surplus / n) + TINY)))
        return answered(p, i)
    demand_all(p, i)
    if p.revealed == 0 and p.others_offers[i] == 0:
        return ideal(p, i)
    wanted = interests(p, i)
    best = -np.inf
    terms = p.best[i].copy()
    for weighing in range(_WEIGHINGS + 1):
        weigh(p, i, wanted, weighing / _WEIGHINGS)
        found = climb(p, i, wanted, nothing)
        if found > best + TINY:
            best = found
            for k in range(len(terms)):
                terms[k] = p.reply[i, k]
    for k in range(len(terms)):
        p.reply[i, k] = terms[k]
    return answered(p, i)


def weigh(p: BargainingSight, i: int, wanted: Floats, weight: float) -> None:
    """Write down what is best if one's own interests have a weight, and the others' the rest."""
    scale = 0.0
    for k in range(wanted.shape[0]):
        most = 0.0
        for o in range(p.options_of[k]):
            most = max(most, wanted[k, o])
        scale += most
    own = weight / max(TINY, ideal(p, i))
    theirs = (1 - weight) / max(TINY, scale)
    for k in range(wanted.shape[0]):
        best = -np.inf
        for o in range(p.options_of[k]):
            worth = own * p.points[i, k, o] + theirs * wanted[k, o]
            if worth > best + TINY:
                best = worth
                p.reply[i, k] = o


def climb(p: BargainingSight, i: int, wanted: Floats, nothing: float) -> float:
    """Raise the product of gains issue by issue, until no other option raises it; the product."""
    mine = answered(p, i)
    theirs = 0.0
    for k in range(wanted.shape[0]):
        theirs += wanted[k, p.reply[i, k]]
    others = int(p.parties[i]) - 1
    best = product(mine - p.reserve[i], theirs - nothing, others)
    raised = True
    while raised:
        raised = False
        for k in range(wanted.shape[0]):
            for o in range(p.options_of[k]):
                held = p.reply[i, k]
                own = mine + p.points[i, k, o] - p.points[i, k, held]
                rest = theirs + wanted[k, o] - wanted[k, held]
                found = product(own - p.reserve[i], rest - nothing, others)
                if found > best + TINY * max(1.0, abs(best)):
                    best = found
                    mine = own
                    theirs = rest
                    p.reply[i, k] = o
                    raised = True
    return best


def product(mine: float, theirs: float, others: int) -> float:
    """The product of gains of one and of several others alike; below 0 if somebody loses."""
    if mine < 0 or theirs < 0:
        return min(0.0, mine) + min(0.0, theirs)
    result = mine
    for _ in range(others):
        result *= theirs
    return result


__all__ = ["ModellingNegotiator", "NashSeeker", "NiceTitForTat"]
