"""Negotiators: by the clock, stubborn, fair, and in equilibrium."""

from __future__ import annotations

import numpy as np

from posalign_sim.agents.negotiation.terms import (
    TINY,
    ask,
    aspiration,
    candid,
    grant,
    ideal,
    split,
    take_fair,
    takes,
    ticks_of,
)
from posalign_sim.envs.bargaining_sight import FIXED, PROPOSE, RANDOM, BargainingSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

#: Index of the first of an agent's draws of a coalition.
_COALITION = 0xC0A1


class TimeDependent(Agent):
    """Concedes by the clock, from all to nothing: what it asks for is 1 - (pass / deadline)^e.

    1 is its ideal and 0 what it has without a deal. Exponent 1 concedes evenly, above 1 late
    (Boulware), below 1 early (conceder). It accepts what is worth as much as what it would ask
    for next, and so anything better than no deal in the end.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24; e is 1 over
    their beta.
    """

    exponent: float = param(1, 0.01, 100, "", "1: linear; above: Boulware; below: conceder")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        ask(p, i, aspiration(p, i, parameter(p, i, 0), int(p.step)))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, aspiration(p, i, parameter(p, i, 0), int(p.step) + 1))


class Hardliner(Agent):
    """Asks for the same share of its ideal for ever, and takes nothing less.

    Source: Schelling (1960), The Strategy of Conflict.
    """

    firmness: float = param(1, 0, 1, "share of its ideal", "what it insists on")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        ask(p, i, insisted(p, i))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, insisted(p, i))


def insisted(p: BargainingSight, i: int) -> float:
    """Points that a hardliner insists on."""
    return p.reserve[i] + parameter(p, i, 0) * (ideal(p, i) - p.reserve[i])


class FairDivider(Agent):
    """Proposes fair terms, says truly what matters to it, and takes what is fair.

    Fair are equal shares of a pie (half, where two demand at once); elsewhere the options that
    are best for all together, if they are known, and the middle of each issue if not.

    Source: Nash (1953), Econometrica 21 (the symmetric solution); Raiffa (1982), The Art and
    Science of Negotiation (full, open, truthful exchange).
    """

    @staticmethod
    def message(p: BargainingSight, i: int) -> tuple[int, int, int]:
        return candid(p, i)

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        split(p, i)
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return take_fair(p, i)


def other_party(p: BargainingSight, i: int) -> int:
    """Number of the other of two parties; of several, the next."""
    return (int(p.party[i]) + 1) % max(2, int(p.parties[i]))


def patience_of_other(p: BargainingSight, i: int) -> float:
    """Discount factor of the other party; one's own if it is not known."""
    return p.discount_of[other_party(p, i)] if p.revealed == 1 else p.discount[i]


@rare
def least_shares(p: BargainingSight, i: int, step: int, ahead: float) -> tuple[float, float]:
    """Shares of the pie that seat `i`, and the other, accept in a pass in equilibrium.

    Args:
        p: sight.
        i: seat.
        step: number of the pass.
        ahead: 1 to reckon back from the deadline, 0 as if there were none.
    """
    pie = max(ideal(p, i), TINY)
    own_discount = p.discount[i]
    other_discount = patience_of_other(p, i)
    mine = p.reserve[i] / pie
    theirs = p.reserve_of[other_party(p, i)] / pie
    if ahead < 1:
        common = 1 - own_discount * other_discount
        if common <= TINY:
            return 0.5, 0.5
        mine = own_discount * (1 - other_discount) / common
        theirs = other_discount * (1 - own_discount) / common
        return mine, theirs
    nothing_mine = mine
    nothing_theirs = theirs
    # What is accepted in the last pass is at least nothing; then from each pass to the one before.
    for t in range(int(p.deadline) - 2, step - 1, -1):
        chance_mine = turn_chance(p, i, t + 1)
        proposed = max(mine, 1 - theirs)
        answer = max(theirs, 1 - mine)
        ahead_mine = chance_mine * proposed + (1 - chance_mine) * mine
        ahead_theirs = chance_mine * theirs + (1 - chance_mine) * answer
        kept = 1 - p.breakdown
        mine = kept * own_discount * ahead_mine + p.breakdown * nothing_mine
        theirs = kept * other_discount * ahead_theirs + p.breakdown * nothing_theirs
        if p.may_leave == 1:
            mine = max(mine, nothing_mine)
            theirs = max(theirs, nothing_theirs)
    return mine, theirs


def turn_chance(p: BargainingSight, i: int, step: int) -> float:
    """Probability that seat `i` proposes in a pass."""
    n = max(1, int(p.parties[i]))
    if p.protocol == RANDOM:
        return 1.0 / n
    turn = 0 if p.protocol == FIXED else step % n
    return 1.0 if int(p.party[i]) == turn else 0.0


class RubinsteinPlayer(Agent):
    """Plays the subgame-perfect equilibrium of two who divide a pie by offers in turn.

    It offers the other what waiting is worth to it, and takes what waiting is worth to itself,
    reckoning back from the deadline (which makes it the selfish player of the ultimatum game), or
    as if there were none (`horizon` 0). Back from the deadline it reckons with breakdown too, with
    points without a deal, with who proposes when, and with a leaver's points as an outside option;
    otherwise with discount factors alone.

    Source: Rubinstein (1982), Econometrica 50; Ståhl (1972), Bargaining Theory; Binmore, Shaked &
    Sutton (1989), QJE 104.
    """

    horizon: float = param(1, 0, 1, "0 or 1", "1: reckons back from the deadline")

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        least = least_shares(p, i, int(p.step), parameter(p, i, 0))
        best = ideal(p, i)
        if least[0] + least[1] > 1 + TINY:
            ask(p, i, best)
        else:
            grant(p, i, (1 - least[1]) * best)
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        least = least_shares(p, i, int(p.step), parameter(p, i, 0))
        return takes(p, i, least[0] * ideal(p, i))


class BaronFerejohnPlayer(Agent):
    """Plays the stationary equilibrium of legislative bargaining under the closed rule.

    As proposer it buys the votes that it lacks, of others drawn at random, at what waiting is
    worth to them, discount / n of the pie; it votes for what gives it that much.

    Source: Baron & Ferejohn (1989), American Political Science Review 83.
    """

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        n = int(p.parties[i])
        wanted = int(p.needed[i]) - 1
        if p.divide == 0:
            grant(p, i, ideal(p, i) * (1 - wanted * p.discount[i] / n))
            return PROPOSE
        top = p.points.shape[2] - 1
        price = int(np.ceil(ticks_of(p, p.pie * p.discount[i] / n) - TINY))
        candidates = n - 1
        own = top
        for c in range(p.points.shape[1]):
            p.reply[i, c] = 0
            if c == int(p.party[i]) or c >= n:
                continue
            # Each set of so many others is as likely as any (Fan, Muller & Rezucha 1962).
            if chance(p, i, _COALITION + c) * candidates < wanted and own >= price:
                p.reply[i, c] = price
                own -= price
                wanted -= 1
            candidates -= 1
        if int(p.party[i]) < p.points.shape[1]:
            p.reply[i, int(p.party[i])] = own
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, ideal(p, i) * p.discount[i] / int(p.parties[i]))


__all__ = [
    "BaronFerejohnPlayer",
    "FairDivider",
    "Hardliner",
    "RubinsteinPlayer",
    "TimeDependent",
]
