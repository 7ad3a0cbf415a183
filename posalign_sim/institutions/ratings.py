"""Ratings: who was touched by an act may say how, and a score of what was said is published."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.ties import STRANGER, known, known_place, known_seat, tie
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, breached, governed, touched
from posalign_sim.world.draws import either
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, table
from posalign_sim.world.modules import Argument, Decision, Institution
from posalign_sim.world.record import NOBODY, World, face, holder, other, others, seats

SKIP, RATE = 0, 1
#: The best mark; the worst is 0, and `NO_MARK` says that somebody is not rated.
BEST = 10
NO_MARK = -1

# Ways to make a score of marks.
MEAN, SUM, BETA = 0, 1, 2
#: Whole numbers to which marks are rounded before they are added up, so that no order matters.
GRAIN = 1_000_000


class Feedback(Institution, abstract=True):
    """Each seat may give a mark to each of those who did something to it, for what they did.

    Marks go from 0 (poor) to 10 (good); -1 gives none. Due is the share of the acts towards one
    that were no breach, in tenths, and that is what a seat says by custom. A mark weighs as much
    as what its giver paid for the acts, against `full_value`, and at most 1: with `full_value`
    above 0, marks for acts that cost nothing move nobody. On a network, neighbours rate each other.
    What was said of an identity, and by it, is forgotten when it is dropped, or, by the share
    `decay` a round, with time.
    """

    needs = ("interactions", "breach")

    fee: float = param(0.01, 0, 1e6, "points", "cost of a mark, burnt")
    full_value: float = param(0, 0, 1e6, "points", "paid for an act whose mark counts in full")
    decay: float = param(0, 0, 1, "share per round", "how fast marks are forgotten")
    visibility: float = param(1.0, 0, 1, "probability", "that a viewer sees a standing")
    marks_total: Floats = table(np.float64, "ties")
    marks_weight: Floats = table(np.float64, "ties")
    acts_seen: Ints = per_agent(np.uint32, "company")
    acts_kept: Ints = per_agent(np.uint32, "company")
    acts_price: Floats = per_agent(np.float64, "company")
    standing_now: Floats = per_agent(initial=1)
    was_rated: Flags = per_agent(np.uint8)
    rate_marks: Ints

    rate = Decision(
        "redress",
        ("skip", "rate"),
        (Argument("marks", NO_MARK, BEST, count="company", choices=("rate",), unit="tenths"),),
        summary="Say how each of those who did something to you has treated you?",
    )

    @staticmethod
    def announce(w: World, own: Feedback) -> None:
        p = w.sight
        p.record_seen[own.place] = either(p.record_seen[own.place], own.visibility)

    @staticmethod
    def publish(w: World, own: Feedback) -> None:
        p = w.sight
        p.visibility[own.place] = own.visibility
        for i in seats(w):
            m = face(w, i)
            if own.was_rated[i] and governed(w, own, m):
                shown = answers(w, own, m)
                p.standing[shown] = own.standing_now[i]
                p.standing_known[shown] = 1
        forget_acts(w, own)

    @staticmethod
    def agree(w: World, own: Feedback) -> None:
        for i in seats(w):
            if w.jurisdiction[i] == own.place:
                for k in range(others(w, i)):
                    w.sight.fellows[i, k] = face(w, other(w, i, k))

    @staticmethod
    def witness(w: World, own: Feedback, x: Any) -> None:
        if (x.pledged == 0 and w.standard <= 0) or not governed(w, own, x.actor):
            return
        a = holder(w, x.actor)
        broken = breached(w, x)
        number = 0
        b = touched(w, x, number)
        while b != NOBODY:
            if w.jurisdiction[b] == own.place and tie(w, b, a) != STRANGER:
                note_act(w, own, b, a, broken, x.paid)
            number += 1
            b = touched(w, x, number)

    @staticmethod
    def who_rate(w: World, own: Feedback, i: int) -> bool:
        return to_rate(w, own, i) > 0

    @staticmethod
    def bounds_rate(w: World, own: Feedback, i: int, k: int) -> tuple[int, int]:
        return NO_MARK, BEST if own.acts_seen[i, k] > 0 else NO_MARK

    @staticmethod
    def stakes_rate(w: World, own: Feedback, i: int) -> tuple[float, float, float, float]:
        wronged = 0.0
        for k in range(others(w, i)):
            if own.acts_kept[i, k] < own.acts_seen[i, k]:
                wronged = 1.0
        return 0.0, to_rate(w, own, i) * own.fee, 0.0, wronged

    @staticmethod
    def default_rate(w: World, own: Feedback, i: int) -> int:
        for k in range(own.acts_seen.shape[1]):
            w.sight.reply[i, k] = w.sight.due_marks[i, k] if own.acts_seen[i, k] > 0 else NO_MARK
        return RATE

    @staticmethod
    def after_rate(w: World, own: Feedback) -> None:
        for i in seats(w):
            if own.rate[i] != RATE or w.jurisdiction[i] != own.place:
                continue
            for k in range(others(w, i)):
                if own.rate_marks[i, k] != NO_MARK:
                    pay(w, face(w, i), COST, own.fee)
                    note_mark(w, own, i, k)

    @staticmethod
    def withdraw(w: World, own: Feedback) -> None:
        forget_acts(w, own)

    @staticmethod
    def forget(w: World, own: Feedback, m: int) -> None:
        if face(w, holder(w, m)) == m:
            forget_marks(w, own, holder(w, m))


def forget_marks(w: World, own: Feedback, a: int) -> None:
    """What was said of seat `a`, and by it, counts no more."""
    own.standing_now[a] = 1.0
    own.was_rated[a] = 0
    for k in range(known(w, a)):
        clear_tie(own, tie(w, known_seat(w, a, k), a))
        clear_tie(own, known_place(w, a, k))


def fade(w: World, own: Feedback, i: int) -> None:
    """A part of what seat `i` has said is forgotten."""
    for k in range(known(w, i)):
        at = known_place(w, i, k)
        own.marks_total[at] *= 1 - own.decay
        own.marks_weight[at] *= 1 - own.decay


def clear_tie(own: Feedback, at: int) -> None:
    """No marks were given here."""
    if at != STRANGER:
        own.marks_total[at] = 0.0
        own.marks_weight[at] = 0.0


def forget_acts(w: World, own: Feedback) -> None:
    """Nobody has done anything that could be rated yet."""
    for i in seats(w):
        if w.jurisdiction[i] == own.place:
            for k in range(own.acts_seen.shape[1]):
                own.acts_seen[i, k] = 0
                own.acts_kept[i, k] = 0
                own.acts_price[i, k] = 0.0
                w.sight.due_marks[i, k] = NO_MARK
                w.sight.fellows[i, k] = NOBODY


def note_act(w: World, own: Feedback, b: int, a: int, broken: bool, paid: float) -> None:
    """Seat `b` notes how seat `a`, one of those with whom it plays, has treated it."""
    for k in range(others(w, b)):
        if other(w, b, k) == a:
            own.acts_seen[b, k] += 1
            own.acts_kept[b, k] += 0 if broken else 1
            own.acts_price[b, k] += paid
            share = own.acts_kept[b, k] / own.acts_seen[b, k]
            w.sight.due_marks[b, k] = int(BEST * share + 0.5)


def to_rate(w: World, own: Feedback, i: int) -> int:
    """How many others have done something to seat `i` that it may rate."""
    count = 0
    for k in range(others(w, i)):
        count += 1 if own.acts_seen[i, k] > 0 else 0
    return count


def note_mark(w: World, own: Feedback, i: int, k: int) -> None:
    """Write down the mark that seat `i` gives to the `k`-th of the others."""
    weight = 1.0
    if own.full_value > 0:
        weight = min(1.0, own.acts_price[i, k] / own.full_value)
    at = tie(w, i, other(w, i, k))
    own.marks_total[at] += weight * own.rate_marks[i, k] / BEST
    own.marks_weight[at] += weight


class Ratings(Feedback):
    """Whoever was touched by an act may rate who did it, and a score of all ratings is published.

    Each seat may give a mark to each of those who did something to it in the round: from 0 (poor)
    to 10 (good), or -1 for none. Due is the share of these acts that were no breach, in tenths, and
    that is what a seat says by custom: marks know no reasons, so that who shuns a cheat is rated
    ill by it. All that one rater says of another counts as its mean
    mark, given at most `most_per_rater` times, however often it rates. By `score` the standing is
    the plain mean of the raters' marks (0); the sum of marks, from -1 (poor) to 1 (good), of which
    `full` make the best standing, their lack the worst, and none 1/2 (1); or the expected value of
    a Beta distribution that begins at `prior`, as if `prior_weight` ratings had said so (2).
    Nobody knows the standing of who has not been rated.

    A rater therefore moves a standing by at most most_per_rater / (2 full) in a sum, and by at
    most most_per_rater / (prior_weight + most_per_rater) in a Beta score; in a mean by its share
    of the raters' weights. None of these knows who the raters are: a clique that rates itself up
    gets the standing that it likes.

    A mark weighs as much as what its giver paid for the acts, against `full_value`, and at most 1:
    with `full_value` above 0, marks for trades of no value move nobody. On a network neighbours
    rate each other; without one ratings take a book of all pairs, which is for a few hundred seats.
    What was said of an identity, and by it, is forgotten when it is dropped; and all, by the share
    `decay` a round, with time.

    What is a breach: a promise not kept; in a dilemma, an act below the game's standard.

    Tells: everyone, the standing of each identity it gets to see (with probability `visibility`);
    each seat, what mark each of the others deserves of it. Costs: `fee` a mark, burnt.

    Source: Resnick & Zeckhauser (2002), Advances in Applied Microeconomics 11 (sums of marks);
    Jøsang & Ismail (2002), The Beta Reputation System, 15th Bled Conference; Dellarocas (2000),
    Proc. 2nd ACM Conference on Electronic Commerce (ballot stuffing, bad-mouthing).
    Answers: table 3 of Laukkonen et al. (2026), reciprocity and reputation.

    >>> Ratings(score=2).values["prior_weight"].item()
    2.0
    """

    score: float = param(2, 0, 2, "0, 1, 2", "0: mean of marks, 1: sum, 2: Beta")
    most_per_rater: float = param(1, 0, 1e6, "ratings", "that one rater can count for, of another")
    prior: float = param(0.5, 0, 1, "standing", "that a Beta score begins with")
    prior_weight: float = param(2, 0, 1e6, "ratings", "that this is worth")
    full: float = param(10, 1e-6, 1e6, "ratings", "good ones that make a sum the best")

    @staticmethod
    def settle(w: World, own: Ratings) -> None:
        for i in seats(w):
            if governed(w, own, face(w, i)):
                add_up(w, own, i)
        if own.decay > 0:
            for i in seats(w):
                if governed(w, own, face(w, i)):
                    fade(w, own, i)


def add_up(w: World, own: Ratings, i: int) -> None:
    """Work out the standing of seat `i` from what others have said of it."""
    good = 0
    weight = 0
    for k in range(known(w, i)):
        at = tie(w, known_seat(w, i, k), i)
        if at == STRANGER or own.marks_weight[at] <= 0:
            continue
        counts = min(own.marks_weight[at], own.most_per_rater)
        mean = own.marks_total[at] / own.marks_weight[at]
        good += int(np.rint(counts * mean * GRAIN))
        weight += int(np.rint(counts * GRAIN))
    own.was_rated[i] = 1 if weight > 0 else 0
    if weight == 0:
        return
    if own.score == SUM:
        balance = (2 * good - weight) / GRAIN
        own.standing_now[i] = min(1.0, max(0.0, 0.5 + balance / (2 * own.full)))
    elif own.score == BETA:
        heard_good = own.prior * own.prior_weight + good / GRAIN
        own.standing_now[i] = heard_good / (own.prior_weight + weight / GRAIN)
    else:
        own.standing_now[i] = good / weight
