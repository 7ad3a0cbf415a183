"""Single-text mediation: somebody else drafts the deal, and the parties sign it or do not."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from posalign_sim.world.accounts import pay
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.drafts import (
    NASH,
    WORST,
    gain,
    ideal_gain,
    search,
    worth_of_terms,
)
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, scalar, table
from posalign_sim.world.modules import Argument, Block, Decision, Game, Institution
from posalign_sim.world.record import (
    NOBODY,
    World,
    everybody,
    face,
    facing,
    holder,
    officials,
    others,
    seats,
)

STAND_ASIDE, MEDIATE = 0, 1
TRUTHFUL, DISTORT = 0, 1
PROPOSE, ABSTAIN = 0, 1
REFUSE, RATIFY = 0, 1
#: Percent in one.
ALL = 100


class SingleText(Institution):
    """A mediator hears the parties in confidence and drafts a text; if all ratify, it is the deal.

    Before a bargain begins, each party reports to the mediator what every option is worth to it and
    what it has without a deal: truly, or with the latter distorted, raised by a share of what
    getting its way in everything would earn it beyond that. The mediator, who holds an office, sees
    these reports of one table and drafts terms, or abstains. The parties see the draft, and nothing
    of each other's reports, and ratify or refuse. Ratified by all, it is concluded as if they had
    agreed at once, with nothing lost by delay; otherwise they bargain as usual. Several mediators
    share the tables, one at a time each. If nobody holds the office, or all stand aside, nobody is
    asked for anything.

    At stake in ratifying: what the draft is worth beyond no deal, for the fee. By default parties
    report the truth and ratify what pays. Shuffled, the mediator hears somebody else's interests
    in each party's place (where only two bargain, one who treats both alike does not notice).

    Reports, per party, over the drafts that it got: how many, how many were concluded, and how far
    the mediator lived up to its role: `efficiency`, the product of gains as a share of the greatest
    possible (by true interests), and `partiality`, by how much the greatest gain exceeds the least,
    gains as shares of what getting one's way would earn.

    Tells: the mediator, what is reported; parties, the draft. Costs: `fee` of each party for a
    deal, to the mediator.

    Source: Fisher (1978), International Mediation: A Working Guide (the one-text procedure); Raiffa
    (1982), The Art and Science of Negotiation; what may be drafted: Nash (1950), Econometrica 18;
    Kalai & Smorodinsky (1975), Econometrica 43; Kalai (1977), Econometrica 45.
    Answers: sections 5.2 (a mediator by fairness and impartiality) and 5.3 of Laukkonen et al.
    (2026), arbitration that finds positive-sum outcomes.

    >>> SingleText(fee=0.2).values["fee"].item()
    0.2
    """

    needs = ("interactions", "deals")
    offices = ("mediator",)
    customary: ClassVar = {"mediator": ("mediator",)}

    fee: float = param(0.05, 0, 1e6, "points", "of each party for a deal, to the mediator")
    serving: Flags = per_agent(np.uint8)
    bench: int = scalar(np.int32)
    docket: Ints = per_agent(np.uint32, initial=NOBODY)
    waiting: Flags = per_agent(np.uint8)
    drafted: Flags = per_agent(np.uint8)
    author: Ints = per_agent(np.uint32, initial=NOBODY)
    share: Floats = per_agent()
    true_points: Floats = table(np.float64, "parties", "issues", "options")
    true_reserve: Floats = table(np.float64, "parties")
    best: Ints = table(np.int64, "issues")
    drafts: Ints = per_agent(np.int64, outcome=True)
    concluded: Ints = per_agent(np.int64, outcome=True)
    efficiency: Floats = per_agent(outcome=True)
    partiality: Floats = per_agent(outcome=True)

    report_share: Ints
    draft_terms: Ints

    mediate = Decision(
        "agree",
        ("stand_aside", "mediate"),
        default="mediate",
        roles=("mediator",),
        summary="Mediate in this round, or stand aside?",
    )
    report = Decision(
        "agree",
        ("truthful", "distort"),
        (Argument("share", 0, ALL, choices=("distort",), unit="percent"),),
        default="truthful",
        summary="Tell the mediator truly what the bargain is worth to you, or claim to have more "
        "without a deal (by a share, in percent, of what getting your way would earn you)?",
    )
    draft = Decision(
        "agree",
        ("propose", "abstain"),
        (Argument("terms", 0, "options", count="issues", choices=("propose",)),),
        default="abstain",
        roles=("mediator",),
        summary="Draft terms for the parties, one option for each issue, or abstain?",
    )
    sitting = Block(("draft",))
    ratify = Decision(
        "agree",
        ("refuse", "ratify"),
        summary="The mediator has drafted the offer on the table: ratify it, as a deal at once?",
    )

    @classmethod
    def refusal(cls, game: type[Game]) -> str:
        """Why a game cannot carry it: no deal is made there for which terms could be drafted."""
        if super().refusal(game):
            return "no deals are made there, so there is no text to draft"
        return ""

    @staticmethod
    def after_mediate(w: World, own: SingleText) -> None:
        own.bench = 0
        for j in everybody(w):
            own.docket[j] = NOBODY
            own.author[j] = NOBODY
            own.serving[j] = 0
            own.waiting[j] = 0
            own.drafted[j] = 0
            own.share[j] = 0.0
        for j in officials(w):
            if own.mediate[j] == MEDIATE and governed(w, own, face(w, j)):
                own.serving[j] = 1
                own.bench += 1
        for i in seats(w):
            if own.bench > 0 and w.host[i] == i and others(w, i) > 0 and all_governed(w, own, i):
                own.waiting[i] = 1

    @staticmethod
    def who_report(w: World, own: SingleText, i: int) -> bool:
        return own.waiting[w.host[i]] == 1

    @staticmethod
    def after_report(w: World, own: SingleText) -> None:
        for i in seats(w):
            if own.report[i] == DISTORT:
                own.share[i] = own.report_share[i] / ALL
        call_tables(w, own)

    @staticmethod
    def who_draft(w: World, own: SingleText, i: int) -> bool:
        return own.docket[i] != NOBODY

    @staticmethod
    def bounds_draft(w: World, own: SingleText, i: int, k: int) -> tuple[int, int]:
        return 0, int(w.sight.options_of[k]) - 1

    @staticmethod
    def joint_draft(w: World, own: SingleText, i: int, choice: int, arguments: Ints) -> bool:
        most = most_of_pie(w, own)
        if choice != PROPOSE or most < 0:
            return True
        total = 0
        for k in range(own.true_points.shape[1]):
            total += int(arguments[k])
        return total <= most

    @staticmethod
    def after_draft(w: World, own: SingleText) -> None:
        for j in officials(w):
            if own.docket[j] != NOBODY and own.draft[j] == PROPOSE:
                lay_before(w, own, own.docket[j], j)
        call_tables(w, own)

    @staticmethod
    def again_sitting(w: World, own: SingleText) -> bool:
        open_tables = 0
        for j in officials(w):
            open_tables += 1 if own.docket[j] != NOBODY else 0
        return open_tables > 0

    @staticmethod
    def who_ratify(w: World, own: SingleText, i: int) -> bool:
        return own.drafted[i] == 1

    @staticmethod
    def stakes_ratify(w: World, own: SingleText, i: int) -> tuple[float, float, float, float]:
        return w.sight.offered[i] - w.sight.reserve[i], own.fee, 0.0, 0.0

    @staticmethod
    def after_ratify(w: World, own: SingleText) -> None:
        for i in seats(w):
            if w.host[i] == i and own.drafted[i]:
                conclude_or_not(w, own, i)


def all_governed(w: World, own: SingleText, host: int) -> bool:
    """Whether the institution has a say over everybody at a table."""
    j = host
    for _ in range(others(w, host) + 1):
        if not governed(w, own, face(w, j)):
            return False
        j = facing(w, j)
    return True


def most_of_pie(w: World, own: SingleText) -> int:
    """The greatest sum of terms, where they are shares of one pie; -1 where they are not."""
    return own.true_points.shape[2] - 1 if w.sight.divide == 1 else -1


def call_tables(w: World, own: SingleText) -> None:
    """Each mediator, by birth, turns to the next table that waits, if there is one."""
    first = 0
    for r in range(w.officials):
        j = w.order[w.agents + r]
        own.docket[j] = NOBODY
        if own.serving[j] == 0:
            continue
        for rank in range(first, w.agents):
            i = w.order[rank]
            first = rank + 1
            if own.waiting[i]:
                own.waiting[i] = 0
                own.docket[j] = i
                hear(w, own, i, j)
                break


@rare
def hear(w: World, own: SingleText, host: int, mediator: int) -> None:
    """Tell a mediator what the parties at a table report."""
    p = w.sight
    n = others(w, host) + 1
    p.drafting_for[mediator] = n
    i = host
    for _ in range(n):
        c = int(w.chair[i])
        source = holder(w, answers(w, own, face(w, i)))
        p.reported_reserve[mediator, c] = p.reserve[source]
        p.reported_reserve[mediator, c] += own.share[source] * (p.ideal[source] - p.reserve[source])
        for k in range(own.true_points.shape[1]):
            for o in range(own.true_points.shape[2]):
                p.reported_points[mediator, c, k, o] = p.points[source, k, o]
        i = facing(w, i)


@rare
def lay_before(w: World, own: SingleText, host: int, mediator: int) -> None:
    """Show the parties at a table the draft, and note how good it is."""
    p = w.sight
    n = others(w, host) + 1
    i = host
    for _ in range(n):
        c = int(w.chair[i])
        own.drafted[i] = 1
        own.author[i] = mediator
        own.true_reserve[c] = p.reserve[i]
        p.offered[i] = 0.0
        for k in range(own.true_points.shape[1]):
            p.terms[i, k] = own.draft_terms[mediator, k]
            p.offered[i] += p.points[i, k, own.draft_terms[mediator, k]]
            for o in range(own.true_points.shape[2]):
                own.true_points[c, k, o] = p.points[i, k, o]
        i = facing(w, i)
    terms = own.draft_terms[mediator]
    efficient = efficiency_of(w, own, n, terms)
    partial = partiality_of(w, own, n, terms)
    note(own, mediator, efficient, partial)
    for _ in range(n):
        note(own, i, efficient, partial)
        i = facing(w, i)


def note(own: SingleText, i: int, efficient: float, partial: float) -> None:
    """Add a draft to the means that are kept at a seat."""
    own.drafts[i] += 1
    own.efficiency[i] += (efficient - own.efficiency[i]) / own.drafts[i]
    own.partiality[i] += (partial - own.partiality[i]) / own.drafts[i]


def efficiency_of(w: World, own: SingleText, n: int, terms: Ints) -> float:
    """The product of gains as a share of the greatest possible; 0 if somebody would lose."""
    p = w.sight
    made, _ = worth_of_terms(own.true_points, own.true_reserve, p.options_of, n, NASH, terms)
    most = most_of_pie(w, own)
    best = search(own.true_points, own.true_reserve, p.options_of, n, NASH, most, own.best)
    if best < WORST / 2:
        return 0.0
    return max(0.0, made) / best if best > 0 else 1.0


def partiality_of(w: World, own: SingleText, n: int, terms: Ints) -> float:
    """By how much the greatest relative gain exceeds the least."""
    least = np.inf
    greatest = -np.inf
    for c in range(n):
        ideal = ideal_gain(own.true_points, own.true_reserve, w.sight.options_of, c)
        mine = gain(own.true_points, own.true_reserve, c, terms)
        relative = mine / ideal if ideal > 0 else 0.0
        least = min(least, relative)
        greatest = max(greatest, relative)
    return greatest - least


def conclude_or_not(w: World, own: SingleText, host: int) -> None:
    """A draft that all at a table have ratified is their deal; otherwise it is withdrawn."""
    p = w.sight
    n = others(w, host) + 1
    agreed = True
    i = host
    for _ in range(n):
        if own.ratify[i] != RATIFY:
            agreed = False
        i = facing(w, i)
    for _ in range(n):
        if agreed:
            p.deal[i] = 1
            own.concluded[i] += 1
            pay(w, face(w, i), face(w, own.author[i]), own.fee)
        else:
            p.offered[i] = 0.0
            for k in range(own.true_points.shape[1]):
                p.terms[i, k] = -1
        i = facing(w, i)
