"""What terms are worth to a negotiator, which to ask for, and which to accept.

A negotiator knows its own scores. Of others it knows what the game reveals; if nothing, it assumes
that what matters little to itself may matter to others, and takes a claim for what it says. Most
functions are marked rare, so that they are compiled once: many agents call what is long.
"""

from __future__ import annotations

import numpy as np

from posalign_sim.envs.bargaining_sight import (
    ACCEPT,
    CLAIM,
    LEAVE,
    PROPOSE,
    REJECT,
    BargainingSight,
)
from posalign_sim.world.compiler import rare
from posalign_sim.world.fields import Floats
from posalign_sim.world.sight import in_bad_standing

#: Points, or shares of an option, that make no difference: rounding.
TINY = 1e-9
#: How much more an issue is taken to matter to others if one of them claims so.
_BELIEVED = 2.0
#: Largest whole exponent whose powers are multiplied out.
_MULTIPLIED = 8


def ideal(p: BargainingSight, i: int) -> float:
    """Points of seat `i` if it got its way in everything."""
    return p.ideal[i]


def span(p: BargainingSight, i: int, k: int) -> float:
    """Points between the best and the worst option of issue `k` for seat `i`."""
    return p.spread[i, k]


@rare
def answered(p: BargainingSight, i: int) -> float:
    """Points of the terms that seat `i` has written down."""
    total = 0.0
    for k in range(p.points.shape[1]):
        total += p.points[i, k, p.reply[i, k]]
    return total


@rare
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


@rare
def wanted_by_others(p: BargainingSight, i: int) -> Floats:
    """`[issues, options]` points of the others together for each option, where that is known."""
    wanted = np.zeros((p.points.shape[1], p.points.shape[2]))
    for c in range(p.parties[i]):
        if c != p.party[i]:
            for k in range(wanted.shape[0]):
                for o in range(wanted.shape[1]):
                    wanted[k, o] += p.scores_of[c, k, o]
    return wanted


@rare
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


@rare
def ask(p: BargainingSight, i: int, target: float) -> None:
    """Write down the terms that are worth at least `target` to seat `i`, and most to others.

    It starts from its ideal, and gives up what gains others most for what it loses itself, as
    long as it stays above the target.
    """
    if p.divide == 1:
        divide(p, i, int(np.ceil(ticks_of(p, target) - TINY)))
        return
    demand_all(p, i)
    if p.revealed == 1:
        concede_to_others(p, i, target, wanted_by_others(p, i))
    else:
        concede_by_guess(p, i, target)


def demand_all(p: BargainingSight, i: int) -> None:
    """Write down what seat `i` likes best in every issue."""
    for k in range(p.points.shape[1]):
        p.reply[i, k] = p.best[i, k]


@rare
def concede_by_guess(p: BargainingSight, i: int, target: float) -> None:
    """Give up all it can of the issue that others are guessed to want most, then of the next."""
    issues = p.points.shape[1]
    worth = ideal(p, i)
    for _ in range(issues):
        most = 0.0
        best_gain = 0.0
        issue = 0
        option = 0
        for k in range(issues):
            hunger = appetite(p, i, k)
            if not hunger > most * (1 - TINY):
                continue
            # An issue that others want more comes first, however little there is to give.
            least = -1.0 if hunger > most * (1 + TINY) else best_gain + TINY
            held = p.points[i, k, p.reply[i, k]]
            first, last = within_reach(p, i, k, held, worth, target)
            for o in range(first, last + 1):
                loss = held - p.points[i, k, o]
                if loss <= TINY or worth - loss < target - TINY:
                    continue
                gain = hunger * loss
                if gain > least:
                    least = gain + TINY
                    most = hunger
                    best_gain = gain
                    issue = k
                    option = o
        if best_gain <= TINY:
            return
        worth -= p.points[i, issue, p.reply[i, issue]] - p.points[i, issue, option]
        p.reply[i, issue] = option


def within_reach(
    p: BargainingSight, i: int, k: int, held: float, worth: float, target: float
) -> tuple[int, int]:
    """First and last option of issue `k` by which seat `i` loses, but keeps the target.

    It takes no choice within the loop: the compiler looks at several options at once.
    """
    options = int(p.options_of[k])
    first = options
    last = -1
    for o in range(options):
        loss = held - p.points[i, k, o]
        open_to_it = loss > TINY and worth - loss >= target - TINY
        first = min(first, o if open_to_it else options)
        last = max(last, o if open_to_it else -1)
    return first, last


@rare
def concede_to_others(p: BargainingSight, i: int, target: float, wanted: Floats) -> None:
    """Give up, step by step, what gains others most for what it loses itself.

    Args:
        p: sight.
        i: seat.
        target: points to keep.
        wanted: `[issues, options]` what each option is worth to the others, known or estimated.
    """
    issues = p.points.shape[1]
    worth = ideal(p, i)
    for _ in range(issues * p.points.shape[2]):
        best_rate = 0.0
        best_gain = 0.0
        issue = 0
        option = 0
        for k in range(issues):
            held = p.points[i, k, p.reply[i, k]]
            for o in range(p.options_of[k]):
                loss = held - p.points[i, k, o]
                if loss < -TINY or worth - loss < target - TINY:
                    continue
                gain = wanted[k, o] - wanted[k, p.reply[i, k]]
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


@rare
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


@rare
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


@rare
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


@rare
def take_fair(p: BargainingSight, i: int) -> int:
    """Accept what is worth as much as fair terms, and no less than no deal."""
    return takes(p, i, max(split(p, i), p.reserve[i]))


def candid(p: BargainingSight, i: int) -> tuple[int, int, int]:
    """Say truly which issue matters most."""
    return CLAIM, main_issue(p, i), 0


def offer_all(p: BargainingSight, i: int) -> int:
    """Propose that one gets one's way in everything."""
    ask(p, i, ideal(p, i))
    return PROPOSE


def offer_fairly(p: BargainingSight, i: int, cutoff: float) -> int:
    """Propose fair terms; do not deal with a partner whose record is seen to be below `cutoff`."""
    if in_bad_standing(p, i, p.partner[i], cutoff):
        ask(p, i, ideal(p, i))
        return LEAVE if p.may_leave == 1 else PROPOSE
    split(p, i)
    return PROPOSE


def answer_fairly(p: BargainingSight, i: int, cutoff: float) -> int:
    """Accept what is fair; do not deal with whose record is seen to be below `cutoff`."""
    if in_bad_standing(p, i, p.bidder[i], cutoff):
        return LEAVE if p.may_leave == 1 else REJECT
    return take_fair(p, i)


@rare
def aspiration(p: BargainingSight, i: int, exponent: float, step: int) -> float:
    """Points that seat `i` asks for in a pass, if it concedes by the clock."""
    elapsed = min(1.0, step / max(1, int(p.deadline)))
    best = ideal(p, i)
    return p.reserve[i] + (best - p.reserve[i]) * (1 - power(elapsed, exponent))


def power(base: float, exponent: float) -> float:
    """A power; of a small whole exponent by multiplication, which is several times as quick."""
    if exponent > _MULTIPLIED or exponent != np.floor(exponent):
        return base**exponent
    result = 1.0
    for _ in range(int(exponent)):
        result *= base
    return result
