"""Negotiators: by the clock, in kind, stubborn, fair, and in equilibrium.

They know their own scores. Of others they know what the game reveals; if nothing, they assume
that what matters little to themselves may matter to others, and take a claim for what it says.
"""

from __future__ import annotations

import numpy as np

from posalign_sim.envs.bargaining import (
    ACCEPT,
    CLAIM,
    FIXED,
    PROPOSE,
    RANDOM,
    REJECT,
    BargainingSight,
)
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

#: Points, or shares of an option, that make no difference: rounding.
TINY = 1e-9
#: How much more an issue is taken to matter to others if one of them claims so.
_BELIEVED = 2.0
#: Index of the first of an agent's draws of a coalition.
_COALITION = 0xC0A1


# --- what terms are worth, and which terms to ask for --------------------------------------------


def ideal(p: BargainingSight, i: int) -> float:
    """Points of seat `i` if it got its way in everything."""
    total = 0.0
    for k in range(p.points.shape[1]):
        total += p.points[i, k, favourite(p, i, k)]
    return total


def favourite(p: BargainingSight, i: int, k: int) -> int:
    """The option of issue `k` that seat `i` likes best."""
    best = 0
    for o in range(1, p.options_of[k]):
        if p.points[i, k, o] > p.points[i, k, best] + TINY:
            best = o
    return best


def span(p: BargainingSight, i: int, k: int) -> float:
    """Points between the best and the worst option of issue `k` for seat `i`."""
    low = p.points[i, k, 0]
    high = low
    for o in range(1, p.options_of[k]):
        low = min(low, p.points[i, k, o])
        high = max(high, p.points[i, k, o])
    return high - low


def answered(p: BargainingSight, i: int) -> float:
    """Points of the terms that seat `i` has written down."""
    total = 0.0
    for k in range(p.points.shape[1]):
        total += p.points[i, k, p.reply[i, k]]
    return total


def appetite(p: BargainingSight, i: int, k: int) -> float:
    """How much a point of issue `k` is guessed to be worth to others, if they tell nothing."""
    own = span(p, i, k)
    if own <= TINY:
        return 0.0
    believed = 1.0
    for c in range(p.parties[i]):
        if p.claims[i, c] == k:
            believed = _BELIEVED
    return believed / own


def gain_of_others(p: BargainingSight, i: int, k: int, o: int) -> float:
    """Points that others gain in issue `k` by option `o` instead of what is written down."""
    gain = 0.0
    for c in range(p.parties[i]):
        if c != p.party[i]:
            gain += p.scores_of[c, k, o] - p.scores_of[c, k, p.reply[i, k]]
    return gain


def divide(p: BargainingSight, i: int, ticks: int) -> None:
    """Write down a division: `ticks` for seat `i`, the rest for the others alike."""
    top = p.points.shape[2] - 1
    own = int(p.party[i])
    others = int(p.parties[i]) - 1
    each = (top - ticks) // others
    odd = (top - ticks) - each * others
    for c in range(p.points.shape[1]):
        p.reply[i, c] = 0
        if c == own:
            p.reply[i, c] = ticks
        elif c <= others:
            p.reply[i, c] = each + (1 if odd > 0 else 0)
            odd -= 1


def ticks_of(p: BargainingSight, points: float) -> float:
    """How many options of a pie that many points are, within what there is."""
    top = p.points.shape[2] - 1
    if p.pie <= 0:
        return float(top)
    return min(float(top), max(0.0, points / p.pie * top))


def ask(p: BargainingSight, i: int, target: float) -> None:
    """Write down the terms that are worth at least `target` to seat `i`, and most to others.

    It starts from its ideal, and gives up what gains others most for what it loses itself, as
    long as it stays above the target.
    """
    if p.divide == 1:
        divide(p, i, int(np.ceil(ticks_of(p, target) - TINY)))
        return
    issues = p.points.shape[1]
    for k in range(issues):
        p.reply[i, k] = favourite(p, i, k)
    worth = ideal(p, i)
    for _ in range(issues * p.points.shape[2]):
        best_rate = 0.0
        best_gain = 0.0
        issue = 0
        option = 0
        for k in range(issues):
            hunger = appetite(p, i, k) if p.revealed == 0 else 0.0
            held = p.points[i, k, p.reply[i, k]]
            for o in range(p.options_of[k]):
                loss = held - p.points[i, k, o]
                if loss < -TINY or worth - loss < target - TINY:
                    continue
                gain = gain_of_others(p, i, k, o) if p.revealed == 1 else hunger * loss
                rate = gain / max(loss, TINY)
                better = rate > best_rate * (1 + TINY)
                if better or (rate > best_rate * (1 - TINY) and gain > best_gain + TINY):
                    best_rate = rate
                    best_gain = gain
                    issue = k
                    option = o
        if best_gain <= TINY:
            return
        worth -= p.points[i, issue, p.reply[i, issue]] - p.points[i, issue, option]
        p.reply[i, issue] = option


def grant(p: BargainingSight, i: int, target: float) -> None:
    """Write down terms as in `ask`, but worth at most `target`: what is odd goes to the others."""
    if p.divide == 1:
        divide(p, i, int(np.floor(ticks_of(p, target) + TINY)))
        return
    ask(p, i, target)
    worth = answered(p, i)
    if worth <= target + TINY:
        return
    least = np.inf
    issue = 0
    option = int(p.reply[i, 0])
    for k in range(p.points.shape[1]):
        held = p.points[i, k, p.reply[i, k]]
        for o in range(p.options_of[k]):
            loss = held - p.points[i, k, o]
            if TINY < loss < least and worth - loss <= target + TINY:
                least = loss
                issue = k
                option = o
    p.reply[i, issue] = option


def split(p: BargainingSight, i: int) -> float:
    """Write down fair terms, and say what they are worth to seat `i`.

    Equal shares of a pie; the options that are best for all together, if that is known, and
    closest to the middle among these; otherwise the middle of every issue.
    """
    if p.divide == 1:
        divide(p, i, (p.points.shape[2] - 1) // int(p.parties[i]))
        return answered(p, i)
    for k in range(p.points.shape[1]):
        middle = (int(p.options_of[k]) - 1) // 2
        p.reply[i, k] = middle
        if p.revealed == 0:
            continue
        best = -np.inf
        option = middle
        for o in range(p.options_of[k]):
            total = 0.0
            for c in range(p.parties[i]):
                total += p.scores_of[c, k, o]
            nearer = abs(o - middle) < abs(option - middle)
            if total > best + TINY or (total > best - TINY and nearer):
                best = max(best, total)
                option = o
        p.reply[i, k] = option
    return answered(p, i)


def main_issue(p: BargainingSight, i: int) -> int:
    """The issue that matters most to seat `i`."""
    best = 0
    for k in range(1, p.points.shape[1]):
        if span(p, i, k) > span(p, i, best) + TINY:
            best = k
    return best


def takes(p: BargainingSight, i: int, least: float) -> int:
    """Accept what is worth at least `least`, reject anything else."""
    return ACCEPT if p.offered[i] >= least - TINY * max(1.0, p.pie) else REJECT


def take_fair(p: BargainingSight, i: int) -> int:
    """Accept what is worth as much as fair terms, and no less than no deal."""
    return takes(p, i, max(split(p, i), p.reserve[i]))


def aspiration(p: BargainingSight, i: int, exponent: float, step: int) -> float:
    """Points that seat `i` asks for in a pass, if it concedes by the clock."""
    elapsed = min(1.0, step / max(1, int(p.deadline)))
    best = ideal(p, i)
    return p.reserve[i] + (best - p.reserve[i]) * (1 - elapsed**exponent)


# --- who negotiates ------------------------------------------------------------------------------


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


class TitForTatNegotiator(Agent):
    """Concedes what others have conceded to it, in its own points, and nothing first.

    It starts from its ideal; against itself there is never a deal.

    Source: Faratin, Sierra & Jennings (1998), Robotics and Autonomous Systems 24 (absolute
    tit-for-tat).
    """

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        ask(p, i, max(p.reserve[i], ideal(p, i) - max(0.0, p.conceded[i])))
        return PROPOSE

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, max(p.reserve[i], ideal(p, i) - max(0.0, p.conceded[i])))


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
        return CLAIM, main_issue(p, i), 0

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
    as if there were none (`horizon` 0). It reckons with discount factors, breakdown, points
    without a deal, and who proposes when; a leaver's points are reckoned as an outside option.

    Source: Rubinstein (1982), Econometrica 50; Stahl (1972), Bargaining Theory; Binmore, Shaked &
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
    "TitForTatNegotiator",
]
