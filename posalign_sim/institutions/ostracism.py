"""Ostracism: who is excluded plays with nobody for a term, and comes back on probation."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.own_fines import place_of
from posalign_sim.institutions.recess import NO_SEAT, end_recess, leave_table
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, governed, touched
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, per_identity, scalar
from posalign_sim.world.modules import Argument, Decision, Institution
from posalign_sim.world.record import NOBODY, World, face, facing, holder, other, others, seats

KEEP_ALL, EXPEL = 0, 1
BY_FINDING, BY_STANDING, BY_VOTE = 0, 1, 2
NONE = -1
#: Longest term, in rounds, however often it was doubled.
LONGEST = 1_000_000


class Ostracism(Institution):
    """Who gives grounds is excluded: it plays with nobody for `term` rounds, then may come back.

    Grounds, by `grounds`: a finding of an institution before this one in the stack (0), a published
    standing below `cutoff` (1), or a vote (2): each seat may name one of the others at
    its table to expel, and who is named by more than half of them is out.

    From the next round on who is excluded is taken out of its table, whoever seats people, and the
    others close ranks: if it was the first, who sat next to it is now. In pairs the partner is left
    alone too: trade forgone. At most so many are excluded from one table that `least` stay (of two,
    one), by lot if there are too many. An exclusion that would leave fewer at a table that was
    put together anew waits: the seat plays, and the time counts.

    Back at the table it is on probation for `probation` rounds, in which grounds exclude it for
    twice as long as the last time; after them it is as if nothing had been. Exclusion goes with the
    identity.

    What is a breach: a promise not kept or, without promises, an act below the game's standard. By
    default a seat votes against whoever harmed it most by a breach (by lot, of several), if the
    harm, over the term, is worth `fee`.

    Not for games with all neighbours on a network at once: there are no tables.

    Reports, per seat: exclusions, rounds excluded, rounds left alone by the exclusion of others,
    and exclusions that were wrongful (of who had broken nothing in that round).

    Tells: everyone, what exclusion is expected to cost after a breach (the trade of a term, by what
    those who can be tempted were told that they earn, if a share `announced_share` of breaches, or
    of findings, leads to it); each seat, for how long it is excluded or on probation. Costs: `fee`
    a vote cast, `hearing` an exclusion (paid by who is excluded), burnt.

    Source: Hirshleifer & Rasmusen (1989), JEBO 12; Masclet (2003), JEBO 50; Ostrom (1990),
    Governing the Commons.
    Answers: table 3 of Laukkonen et al. (2026), exclusion with a way back.

    >>> Ostracism(term=3).values["term"].item()
    3.0
    """

    needs = ("interactions", "breach")

    grounds: float = param(BY_VOTE, 0, 2, "number", "0: findings, 1: bad standing, 2: votes")
    term: float = param(2, 1, 1e6, "rounds", "for which one is excluded")
    probation: float = param(3, 0, 1e6, "rounds", "after it, in which terms are doubled")
    least: float = param(2, 2, 1e6, "seats", "that stay at a table of more than two")
    cutoff: float = param(0.5, 0, 1, "standing", "below it one is excluded")
    fee: float = param(0, 0, 1e6, "points", "cost of a vote against somebody")
    hearing: float = param(0.1, 0, 1e6, "points", "cost of an exclusion, paid by who is excluded")
    announced_share: float = param(1, 0, 1, "share", "announced: of breaches that lead to it")
    # by seat: the act of which it complains most, and of whom; votes; the seating when all play
    worst: Ints = per_agent(np.int32, initial=NONE)
    accuses: Ints = per_agent(np.int32, initial=NONE)
    harmed: Floats = per_agent()
    votes: Ints = per_agent(np.int32)
    company: Ints = per_agent(np.int32)
    following: Ints = per_agent(np.uint32)
    hosts: Ints = per_agent(np.uint32)
    chairs: Ints = per_agent(np.uint32)
    absent: int = scalar(np.int64, initial=NO_SEAT)
    # by identity: grounds in this round; the term it serves, its first round, that after its last
    charged: Flags = per_identity(np.uint8)
    broke: Flags = per_identity(np.uint8)
    last_term: Ints = per_identity(np.int64)
    out_from: Ints = per_identity(np.int64)
    out_until: Ints = per_identity(np.int64)
    watched_until: Ints = per_identity(np.int64)
    exclusions: Ints = per_agent(np.int64, outcome=True)
    rounds_out: Ints = per_agent(np.int64, outcome=True)
    left_alone: Ints = per_agent(np.int64, outcome=True)
    wrongly_excluded: Ints = per_agent(np.int64, outcome=True)

    vote_out_whom: Ints

    vote_out = Decision(
        "redress",
        ("keep_all", "expel"),
        arguments=(Argument("whom", 0, "company", choices=("expel",)),),
        summary="Vote to exclude one of those with whom you play? Which (numbered from 0)?",
    )

    @staticmethod
    def announce(w: World, own: Ostracism) -> None:
        p = w.sight
        count = 0
        lost = 0.0
        for rank in range(w.agents):
            i = w.order[rank]
            if governed(w, own, face(w, i)) and p.temptation[i] > 0:
                count += 1
                lost += max(0.0, p.rent[i] - p.fallback[i])
        likely = own.announced_share
        if own.grounds == BY_FINDING:
            likely *= p.found_if_breach[own.place]
        if count > 0:
            p.loss_if_breach[own.place] += likely * rounds_lost(w, own) * lost / count

    @staticmethod
    def publish(w: World, own: Ostracism) -> None:
        end_recess(w, own)
        for i in seats(w):
            m = face(w, i)
            if governed(w, own, m):
                watched = w.clock >= own.out_until[m]
                w.sight.barred[i] = terms_left(w, own, m)
                w.sight.on_probation[i] = max(0, own.watched_until[m] - w.clock) if watched else 0

    @staticmethod
    def withdraw(w: World, own: Ostracism) -> None:
        end_recess(w, own)
        for i in seats(w):
            if governed(w, own, face(w, i)):
                w.sight.barred[i] = 0
                w.sight.on_probation[i] = 0

    @staticmethod
    def seating(w: World, own: Ostracism) -> None:
        clear_tables(w, own)

    @staticmethod
    def meet(w: World, own: Ostracism) -> None:
        for i in seats(w):
            own.worst[i] = NONE
            own.accuses[i] = NONE
            own.harmed[i] = 0.0
            own.votes[i] = 0
        for m in range(w.identities):
            own.charged[m] = 0
            own.broke[m] = 0

    @staticmethod
    def witness(w: World, own: Ostracism, x: Any) -> None:
        if breached(w, x):
            complain(w, own, x)

    @staticmethod
    def who_vote_out(w: World, own: Ostracism, i: int) -> bool:
        return own.grounds == BY_VOTE and others(w, i) > 0

    @staticmethod
    def bounds_vote_out(w: World, own: Ostracism, i: int, k: int) -> tuple[int, int]:
        return 0, max(0, others(w, i) - 1)

    @staticmethod
    def stakes_vote_out(w: World, own: Ostracism, i: int) -> tuple[float, float, float, float]:
        if own.worst[i] == NONE:
            return 0.0, own.fee, 0.0, 0.0
        p = w.sight
        j = own.accuses[i]
        rounds = rounds_lost(w, own)
        damage = rounds * max(0.0, p.rent[j] - p.fallback[j])
        return rounds * own.harmed[i], own.fee, damage, 1.0

    @staticmethod
    def default_vote_out(w: World, own: Ostracism, i: int) -> tuple[int, int]:
        if own.worst[i] == NONE:
            return KEEP_ALL, 0
        gain = rounds_lost(w, own) * own.harmed[i]
        return EXPEL if gain > 0 and gain >= own.fee else KEEP_ALL, int(own.worst[i])

    @staticmethod
    def redress(w: World, own: Ostracism) -> None:
        charge_by_vote(w, own)
        charge_by_record(w, own)
        pass_sentence(w, own)


@rare
def rounds_lost(w: World, own: Ostracism) -> float:
    """Rounds of a term that can be expected to be played, from the next one on."""
    left = min(own.term, float(w.rounds - w.clock - 1))
    if w.continuation < 1:
        likely = 1.0
        total = 0.0
        # Beyond some hundreds of rounds the horizon cuts off what is left of a long term.
        for _ in range(int(min(left, 1000.0))):
            likely *= w.continuation
            total += likely
        return total
    return max(0.0, left)


def terms_left(w: World, own: Ostracism, m: int) -> int:
    """Rounds for which identity `m` is excluded, this one too; 0 if it may play."""
    return max(0, int(own.out_until[m]) - int(w.clock)) if own.out_from[m] <= w.clock else 0


def leaving(w: World, own: Ostracism, i: int) -> int:
    """How many of the others at the table of seat `i` will be excluded in the next round."""
    count = 0
    j = facing(w, i)
    while j != i:
        count += 1 if own.out_until[face(w, j)] > w.clock + 1 else 0
        j = facing(w, j)
    return count


def may_go(w: World, own: Ostracism, i: int, gone: int) -> bool:
    """Whether enough stay at a table that seat `i` leaves, besides so many others who leave it.

    Of a pair one may go, of more so many that `least` stay.
    """
    if own.company[i] <= 1:
        return gone == 0
    return others(w, i) - gone >= own.least


@rare
def charge_by_vote(w: World, own: Ostracism) -> None:
    """Charge who is named by more than half of the others at its table; votes are paid for."""
    for i in seats(w):
        m = face(w, i)
        if own.grounds != BY_VOTE or own.vote_out[i] != EXPEL or not governed(w, own, m):
            continue
        pay(w, m, COST, own.fee)
        own.votes[other(w, i, int(own.vote_out_whom[i]))] += 1
    for i in seats(w):
        if 2 * own.votes[i] > others(w, i):
            own.charged[answers(w, own, face(w, i))] = 1


@rare
def exclude(w: World, own: Ostracism, i: int) -> None:
    """Exclude the identity under which seat `i` acts, from the next round on."""
    m = face(w, i)
    term = int(own.term)
    if w.clock < own.watched_until[m] and own.last_term[m] > 0:
        term = min(LONGEST, 2 * int(own.last_term[m]))
    own.last_term[m] = term
    own.out_from[m] = w.clock + 1
    own.out_until[m] = w.clock + 1 + term
    own.watched_until[m] = w.clock + 1 + term + int(own.probation)
    own.exclusions[i] += 1
    if own.broke[m] == 0:
        own.wrongly_excluded[i] += 1
    pay(w, m, COST, own.hearing)


@rare
def clear_tables(w: World, own: Ostracism) -> None:
    """Take who is excluded out of its table, where enough stay."""
    for i in seats(w):
        own.company[i] = others(w, i)
    for rank in range(w.agents):
        i = w.order[rank]
        m = face(w, i)
        if not governed(w, own, m) or terms_left(w, own, m) == 0 or not may_go(w, own, i, 0):
            continue
        if others(w, i) == 1:
            own.left_alone[facing(w, i)] += 1
        own.rounds_out[i] += 1
        leave_table(w, own, m)


@rare
def complain(w: World, own: Ostracism, x: Any) -> None:
    """Whoever a breach touches keeps in mind whose harmed it most."""
    own.broke[x.actor] = 1
    k = 0
    while True:
        j = int(touched(w, x, k))
        if j == NOBODY:
            return
        k += 1
        at = place_of(w, j, int(holder(w, x.actor)))
        if at < 0 or x.harm < own.harmed[j]:
            continue
        # Of equal harms the lot decides, and not who acted first.
        tie = own.worst[j] != NONE and x.harm == own.harmed[j]
        if tie and draw(w, own, x.actor, 1) < draw(w, own, face(w, own.accuses[j]), 1):
            continue
        own.worst[j] = at
        own.accuses[j] = holder(w, x.actor)
        own.harmed[j] = x.harm


@rare
def charge_by_record(w: World, own: Ostracism) -> None:
    """Charge who was found in breach, or stands badly."""
    p = w.sight
    if own.grounds == BY_FINDING:
        for k in range(w.finding_count):
            if w.findings[k].breach:
                own.charged[answers(w, own, w.findings[k].accused)] = 1
    if own.grounds == BY_STANDING:
        for m in range(w.identities):
            if p.standing_known[m] and p.standing[m] < own.cutoff:
                own.charged[answers(w, own, m)] = 1


@rare
def pass_sentence(w: World, own: Ostracism) -> None:
    """Exclude those who are charged, by lot where not all can go."""
    # The lot decides who goes first, where not all can go.
    while True:
        best = NONE
        for i in seats(w):
            m = face(w, i)
            if own.charged[m] == 0 or not governed(w, own, m) or terms_left(w, own, m) > 1:
                continue
            if best == NONE or draw(w, own, m, 0) > draw(w, own, face(w, best), 0):
                best = i
        if best == NONE:
            break
        own.charged[face(w, best)] = 0
        if may_go(w, own, best, leaving(w, own, best)):
            exclude(w, own, best)


__all__ = ["Ostracism"]
