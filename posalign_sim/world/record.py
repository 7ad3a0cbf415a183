"""The world: what one running instance is made of, field by field.

Whatever is an index is stored unsigned: a negative index would silently read the last row.
Axis legend: `N` agents (capacity), `M` identities, `R` relations remembered, `I` interactions a
round, `A` arguments of a choice, `E` directed edges of the network. Only `np.record` views of
these fields exist at run time; the classes here are their specification and their type.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.compiler import variant
from posalign_sim.world.fields import (
    Flags,
    Floats,
    Ints,
    Keys,
    per_agent,
    per_identity,
    scalar,
    table,
)

#: An interaction's target when an act touches everybody and no one in particular.
GROUP = 0xFFFFFFFF
#: Whom a seat has met that has met nobody.
NOBODY = 0xFFFFFFFF

#: Numbers that an agent may be given at most (`params`): parameters, and after them its tables.
PARAMS = 256
#: How many of them are parameters at most. So much room there is in any case, so that populations
#: of other classes find the same layout.
LEAST_ROOM = 8
#: Numbers that an agent may keep for itself (`slots`), and may note of each partner (`notes`).
SLOTS = 12
NOTES = 4
#: Numbers that a conduct, and a disposition, may be given.
HABITS = 4
LEANINGS = 4


#: What an institution's decision puts at stake for who is asked, in expectation: points that it
#: gains by taking it up, points that doing so costs it, points that it costs others, and whether
#: it answers something that was done to it (1) or not (0).
GAIN, PRICE, DAMAGE, PROVOKED = range(4)

#: Outcomes by which a disposition weighs points, its own and others': the seat keeps its word, or
#: breaks it; its partner keeps the deal that it relies on, or cheats; there is no deal; the round
#: as it stands when an institution asks something, and as it would be if that were taken up; and
#: the round that is over.
CASES = (
    IF_KEPT,
    IF_BROKEN,
    IF_DEALT,
    IF_CHEATED,
    IF_APART,
    SO_FAR,
    IF_TAKEN_UP,
    EARNED,
) = range(8)


def announced(**more: Any) -> Any:
    """Declare what institutions announce: one number for each jurisdiction."""
    return table(np.float64, "jurisdictions", **more)


class Interaction:
    """What one identity did to another in this round; the only thing institutions read of a game.

    Attributes:
        actor: identity that acted.
        target: identity that was acted on, or `GROUP`.
        cooperation: in [0, 1]; 1 is the joint-surplus anchor of the game, 0 its selfish anchor.
        pledged: 1 if the actor had promised something.
        promised: what was promised, in the game's measure.
        delivered: what was done, in the same measure.
        paid: points that each whom the act touches gave for it (price, or what relying cost it).
        harm: points that each whom the act touches loses by it: by which each is worse off than
            if the act had been as promised, or as the game says that it should be.

    An act touches its target; an act towards `GROUP` touches all others at the actor's table. If
    some of these lose or gave more than others, `harm` and `paid` are their mean: times the
    number touched (`others(w, holder(w, x.actor))`) they are what all lose or gave together.
        judged: 1 once it has been found a breach: nobody answers for one act twice.
    """

    actor: int = scalar(np.uint32)
    target: int = scalar(np.uint32)
    pledged: int = scalar(np.uint8)
    judged: int = scalar(np.uint8)
    cooperation: float = scalar()
    promised: float = scalar()
    delivered: float = scalar()
    paid: float = scalar()
    harm: float = scalar()


class Finding:
    """What an arbiter or auditor established about an interaction of this round.

    Attributes:
        finder: identity of the official who found it, or `NOBODY` if no seat did.
        accused: identity whose act was judged.
        victim: identity that was harmed, or `GROUP`.
        breach: 1 if a breach was found.
        certainty: how sure the finder is, in [0, 1].
        case: index of the interaction that was judged.
    """

    finder: int = scalar(np.uint32)
    accused: int = scalar(np.uint32)
    victim: int = scalar(np.uint32)
    breach: int = scalar(np.uint8)
    case: int = scalar(np.int32)
    certainty: float = scalar()


class Sight:
    """Everything that a scripted agent, a learner's features or a prompt may be made from.

    Announced consequences are expectations over one act, by jurisdiction (a seat's own is
    `place[i]`): probabilities that it leads to a finding
    (`found_*`), points lost by it (`loss_*`), shares of what was paid for it that go back
    (`refund_*`), probabilities that a posted bond is lost (`forfeit_*`), the probability that the
    next partner sees the record of it (`record_seen`), and what a new identity costs
    (`reentry_fee`, infinite where there is none to be had).

    Its type does not depend on which institutions are present: what nobody publishes keeps a
    neutral prior, so one strategy works with and without a ledger. An agent reads the rows that
    are its own, and what is public about others (standing, bond, announced terms).
    """

    # the public situation
    agents: int = scalar(np.int32, low=0, unit="seats", summary="seats in this world")
    clock: int = scalar(np.int64, low=0, unit="rounds", summary="rounds that are over")
    rounds: int = scalar(np.int64, low=0, unit="rounds", summary="rounds at most")
    continuation: float = scalar(
        initial=1, low=0, high=1, unit="probability", summary="that a round follows this one"
    )
    # what draws are made from, which nobody is told
    round_key: int = scalar(np.uint64)
    point: int = scalar(np.uint64)
    birth: Keys = per_agent(np.uint64)
    # an agent's own: who it is, whom it faces
    role: Ints = per_agent(np.int16, low=0, unit="index", summary="your role")
    place: Ints = per_agent(np.uint16)
    identity: Ints = per_agent(np.uint32, low=0, summary="who you are")
    partner: Ints = per_agent(np.uint32, low=0, summary="whom you face")
    # where it keeps its memory of its partner, what it was given, what it keeps in mind
    relation: Ints = per_agent(np.uint32)
    since: Ints = per_agent(np.int64)
    params: Floats = per_agent(np.float64, "params")
    slots: Floats = per_agent(np.float64, "slots")
    notes: Floats = per_agent(np.float64, "relations", "notes", spare=True)
    habits: Floats = per_agent(np.float64, "habits", spare=True)
    # how it weighs what others get: which disposition it has (0: none), the numbers that this was
    # given, how many others it plays with, and what each of them gets in each of the `CASES`
    disposition: Ints = per_agent(np.int16, spare=True)
    leanings: Floats = per_agent(np.float64, "leanings", spare=True)
    others_now: Ints = per_agent(np.int32, spare=True)
    others_points: Floats = per_agent(np.float64, "company", len(CASES), spare=True)
    # what it has earned in this round so far, and what the round that is over is worth to it
    earned: Floats = per_agent(spare=True)
    felt: Floats = per_agent(spare=True)
    # what it answers with, where a choice has arrays of arguments
    reply: Ints = per_agent(np.int32, "arguments")
    # what the game tells a seat about its own decision
    temptation: Floats = per_agent(unit="points", summary="what you gain at once by a breach")
    exposure: Floats = per_agent(unit="points", summary="what your partner gains at once by one")
    rent: Floats = per_agent(unit="points", summary="what a deal that is kept earns you")
    fallback: Floats = per_agent(unit="points", summary="what you earn without a deal")
    hope: Floats = per_agent(
        unit="points", summary="what you gain by relying on a partner who keeps its word"
    )
    risk: Floats = per_agent(
        unit="points", summary="what you gain by relying on a partner who breaks it"
    )
    at_stake: Floats = per_agent(low=0, unit="points", summary="what is paid for the act")
    # what happened to a seat in this round; -1: nothing yet
    gave: Floats = per_agent(
        initial=-1, low=-1, high=1, unit="cooperation", summary="your own act in this round"
    )
    received: Floats = per_agent(
        initial=-1, low=-1, high=1, unit="cooperation", summary="what was done to you in this round"
    )
    kept: Floats = per_agent(
        initial=-1, low=-1, high=1, unit="share", summary="of your acts in it that were no breach"
    )
    treated: Floats = per_agent(
        initial=-1, low=-1, high=1, unit="share", summary="of acts towards you that were no breach"
    )
    sanction: Floats = per_agent(unit="points", summary="what you were made to pay in this round")
    heard: Ints = per_agent(np.int32)
    others_acts: Floats = per_agent(
        np.float64,
        "company",
        initial=-1,
        spare=True,
        low=-1,
        high=1,
        unit="cooperation",
        summary="what each of the others with whom you play has done in this round",
    )
    # what an institution's decision that a seat is asked now puts at stake; see `GAIN` and so on
    stakes: Floats = per_agent(np.float64, 4, spare=True)
    # what a seat makes of its present partner by itself, where it keeps a record of its own
    impression: Floats = per_agent(
        initial=-1,
        low=-1,
        high=1,
        unit="standing",
        summary="your own view of whom you face",
        spare=True,
    )
    # what a court tells the parties to a case and its judges; pairs: who complains, who is accused
    case_side: Ints = per_agent(
        np.int32,
        low=0,
        high=3,
        spare=True,
        unit="1 you complain, 2 you are accused, 3 you judge",
        summary="your part in the case that is heard",
    )
    case_worth: Floats = per_agent(
        low=0, spare=True, unit="points", summary="what who complains claims in it"
    )
    case_paid: Floats = per_agent(
        low=0, spare=True, unit="points", summary="what was paid for the act in dispute"
    )
    pieces_held: Floats = per_agent(
        low=0, spare=True, unit="pieces", summary="evidence that each side of it holds"
    )
    piece_quality: Floats = per_agent(
        low=0, high=1, spare=True, unit="probability", summary="that a piece of it is right"
    )
    pieces_against: Floats = per_agent(
        np.float64,
        2,
        low=0,
        spare=True,
        unit="pieces",
        summary="evidence that you know of, of who complains and of the accused, of a breach",
    )
    pieces_for: Floats = per_agent(
        np.float64,
        2,
        low=0,
        spare=True,
        unit="pieces",
        summary="and of no breach",
    )
    bribe_offered: Floats = per_agent(
        np.float64,
        2,
        low=0,
        spare=True,
        unit="points",
        summary="offered to you for your vote, by who complains and by the accused",
    )
    # what parties know who state what they think is due
    award_expected: Floats = per_agent(
        spare=True, unit="points", summary="what the arbiter will think is due, on average"
    )
    award_spread: Floats = per_agent(
        low=0, spare=True, unit="points", summary="standard deviation of what it will think"
    )
    rival_award: Floats = per_agent(
        spare=True,
        unit="points",
        summary="how much more than that your last opponent has said is due",
    )
    # whom a seat is asked to rate, and what each deserves by how it treated the seat
    fellows: Ints = per_agent(
        np.uint32,
        "company",
        initial=NOBODY,
        spare=True,
        low=0,
        summary="who each of the others is with whom you play",
    )
    due_marks: Ints = per_agent(
        np.int8,
        "company",
        initial=-1,
        spare=True,
        low=-1,
        high=10,
        unit="tenths",
        summary="what mark each of the others deserves of you in this round (-1: none)",
    )
    # what agreements tell: how many of the others are held to their word, and whether a pact binds
    assured: Floats = per_agent(
        low=0,
        high=1,
        unit="share",
        summary="of those with whom you play, who are held to keep their word in this round",
        spare=True,
    )
    pact_made: Flags = per_agent(
        np.uint8,
        low=0,
        high=1,
        summary="1 if you and all with whom you play have made a pact for this round",
        spare=True,
    )
    # how far a seat answers for what it does, and what comes back to it besides penalties
    answerable: Floats = per_agent(
        initial=1e7,
        low=0,
        high=1e7,
        unit="points",
        summary="what you can be made to pay at most, besides what you earn in this round",
        spare=True,
    )
    beyond: Floats = per_agent(
        low=0,
        high=1,
        unit="share",
        summary="of a penalty above that, which comes back to you in the end",
        spare=True,
    )
    unvested: Floats = per_agent(
        low=0,
        unit="points",
        summary="what you expect to forfeit of gains withheld from you by a breach",
        spare=True,
    )
    borne: Floats = per_agent(
        low=0,
        unit="points",
        summary="what comes back to you of the harm that a breach of yours does to others",
        spare=True,
    )
    covered: Floats = per_agent(
        low=0,
        high=1,
        unit="share",
        summary="of what a partner's breach costs you, which is made good to you",
        spare=True,
    )
    # what sanctions tell: what one's own record adds to a fine, who let a breach pass, who is out
    own_fine: Floats = per_agent(
        spare=True,
        unit="points",
        summary="what a breach of yours is expected to cost beyond what is announced to all",
    )
    own_breaches: Ints = per_agent(
        np.int32,
        spare=True,
        low=0,
        unit="breaches",
        summary="breaches on the record by which your next fine is graded",
    )
    others_lenient: Flags = per_agent(
        np.uint8,
        "company",
        spare=True,
        low=0,
        high=1,
        summary="which of the others with whom you play let a breach pass unpunished (1: it did)",
    )
    reward_reach: Floats = announced(
        spare=True,
        low=0,
        high=1,
        unit="share",
        summary="of what is paid for a reward, what reaches whom it is for",
    )
    barred: Ints = per_agent(
        np.int32,
        spare=True,
        low=0,
        unit="rounds",
        summary="rounds for which you are excluded, this one too",
    )
    on_probation: Ints = per_agent(
        np.int32,
        spare=True,
        low=0,
        unit="rounds",
        summary="rounds for which you are on probation, this one too",
    )
    # what an auditor is told of the irregularity on its desk
    audit_suspect: Ints = per_agent(
        np.uint32, initial=NOBODY, spare=True, low=0, summary="whose act looks irregular"
    )
    audit_certainty: Floats = per_agent(
        spare=True,
        low=0,
        high=1,
        unit="probability",
        summary="that what looks irregular is a breach, if as many acts are as are not",
    )
    audit_harm: Floats = per_agent(
        spare=True,
        low=0,
        unit="points",
        summary="harm that the act on your desk did to each whom it touched",
    )
    # what parties report to who drafts terms for them; only games that have parties can have it
    reported_points: Floats = per_agent(
        np.float64,
        "parties",
        "issues",
        "options",
        spare=True,
        unit="points",
        summary="what each party reports that each option (from 0) of each issue is worth to it",
    )
    reported_reserve: Floats = per_agent(
        np.float64,
        "parties",
        spare=True,
        unit="points",
        summary="what each party reports that it has without a deal",
    )
    drafting_for: Ints = per_agent(
        np.int32, low=0, spare=True, unit="parties", summary="of which you draft terms now"
    )
    # what an adviser tells a seat of the decision that it is asked now
    advised: Ints = per_agent(
        np.int32,
        spare=True,
        low=0,
        unit="number",
        summary="of the choice that is advised now, counted from 1 (0: there is no advice)",
    )
    advice: Ints = per_agent(
        np.int32, "arguments", spare=True, summary="what is advised of the numbers that go with it"
    )
    # what information is published: what all do, what they ought to do, what deals are paid, what
    # everybody's keeping its word is worth
    norm_seen: Floats = announced(
        initial=-1,
        spare=True,
        low=-1,
        high=1,
        unit="cooperation",
        summary="what all have done on average in the last round (-1: not known)",
    )
    norm_asked: Floats = announced(
        initial=-1,
        spare=True,
        low=-1,
        high=1,
        unit="cooperation",
        summary="what everybody is asked to do (-1: nothing)",
    )
    trade_mean_price: Floats = announced(
        initial=-1,
        spare=True,
        low=-1,
        unit="points",
        summary="what was paid for an act on average in the last round (-1: nothing)",
    )
    trade_volume: Floats = announced(
        spare=True, low=0, unit="acts", summary="how many acts were paid for in the last round"
    )
    universal_gain: Floats = per_agent(
        spare=True,
        unit="points",
        summary="what you gain if everybody keeps its word, rather than everybody breaking it",
    )
    # what a seat hears of the others on a line before they act, and how good their words are
    heard_intent: Floats = per_agent(
        np.float64,
        "company",
        initial=-1,
        spare=True,
        low=-1,
        high=1,
        unit="cooperation",
        summary="what each of the others has said that it would do (-1: nothing was heard)",
    )
    heard_doubt: Flags = per_agent(
        np.uint8,
        "company",
        spare=True,
        low=0,
        high=1,
        summary="1: what this one says is marked, being more than its record warrants",
    )
    heard_age: Ints = per_agent(
        np.int32,
        spare=True,
        low=0,
        unit="rounds",
        summary="how long ago that was said which is heard now",
    )
    public_intent: Floats = per_identity(
        initial=-1,
        spare=True,
        low=-1,
        high=1,
        unit="cooperation",
        summary="what everybody has said in public that it would do (-1: nothing was heard)",
    )
    kept_words: Floats = per_identity(
        initial=1,
        spare=True,
        low=0,
        high=1,
        unit="share",
        summary="of what everybody said that it would do, which it then did",
    )
    # what a seat remembers of each partner (R of them)
    turns: Ints = per_agent(
        np.int32, "relations", low=0, unit="rounds", summary="rounds with this partner so far"
    )
    own_last: Floats = per_agent(
        np.float64,
        "relations",
        initial=1,
        low=0,
        high=1,
        unit="cooperation",
        summary="your act when you last met",
    )
    other_last: Floats = per_agent(
        np.float64,
        "relations",
        initial=1,
        low=0,
        high=1,
        unit="cooperation",
        summary="the partner's act when you last met",
    )
    other_total: Floats = per_agent(
        np.float64,
        "relations",
        low=0,
        unit="cooperation",
        summary="the partner's acts towards you, added up",
    )
    other_acts: Floats = per_agent(
        np.float64, "relations", low=0, unit="acts", summary="how many these were"
    )
    other_worst: Floats = per_agent(
        np.float64,
        "relations",
        initial=1,
        low=0,
        high=1,
        unit="cooperation",
        summary="the partner's worst act towards you",
    )
    # what institutions publish about an identity
    standing: Floats = per_identity(
        initial=1, low=0, high=1, unit="standing", summary="standing in the public record"
    )
    standing_known: Flags = per_identity(np.uint8)
    bonded: Floats = per_identity(low=0, unit="points", summary="what is pledged against a breach")
    # what institutions announce, by jurisdiction: what follows from a breach, and from none
    visibility: Floats = announced(
        low=0, high=1, unit="probability", summary="that a seat gets to see the records"
    )
    found_if_breach: Floats = announced(
        low=0, high=1, unit="probability", summary="that a breach leads to a finding"
    )
    found_if_kept: Floats = announced(
        low=0, high=1, unit="probability", summary="that an act that is no breach leads to one"
    )
    loss_if_breach: Floats = announced(unit="points", summary="expected loss after a breach")
    loss_if_kept: Floats = announced(unit="points", summary="expected loss after no breach")
    refund_if_breach: Floats = announced(
        low=0, unit="share", summary="of what was paid that goes back after a breach, expected"
    )
    refund_if_kept: Floats = announced(
        low=0, unit="share", summary="of what was paid that goes back after no breach, expected"
    )
    forfeit_if_breach: Floats = announced(
        low=0, unit="probability", summary="that a breach forfeits a posted bond"
    )
    forfeit_if_kept: Floats = announced(
        low=0, unit="probability", summary="that a posted bond is lost without a breach"
    )
    record_seen: Floats = announced(
        low=0, unit="probability", summary="that the next partner sees the record of a breach"
    )
    # how long a public record of a breach lasts, where it has a definite end
    record_lasts: Floats = announced(
        initial=-1,
        spare=True,
        low=-1,
        unit="rounds",
        summary="for which a breach stays on record (-1: no end is set)",
    )
    reentry_fee: Floats = announced(
        initial=np.inf, low=0, unit="points", summary="price of a new identity"
    )


class World:
    """One running instance: all of its numbers.

    `w.clock` counts finished rounds. `w.kind` says which agent class fills a seat, and is never
    shown to anybody. `w.face` is the identity under which a seat acts now; which other
    identities it holds is the engine's knowledge alone.
    """

    # which world this is, and where it stands
    pair: int = scalar(np.uint64)
    key: int = scalar(np.uint64)
    clock: int = scalar(np.int64)
    rounds: int = scalar(np.int64)
    continuation: float = scalar(initial=1)
    counter: int = scalar(np.int32)
    next_change: int = scalar(np.int64)
    begun: int = scalar(np.uint8)
    over: int = scalar(np.uint8)
    fault: int = scalar(np.int32)
    fault_clock: int = scalar(np.int64)
    waiting: int = scalar(np.int32)
    decision: int = scalar(np.int32)
    turn: int = scalar(np.uint32)
    asked_from: int = scalar(np.uint32)
    asked_to: int = scalar(np.uint32)
    passes: int = scalar(np.uint64)
    # zero-sum twin: each payoff less the seats' mean, plus a constant
    twin: int = scalar(np.uint8)
    twin_constant: float = scalar()
    nature_mark: int = scalar(np.int64)
    outsiders_mark: int = scalar(np.int64)
    # what the game says of itself
    standard: float = scalar(initial=1)
    first_best: float = scalar()
    table_size: int = scalar(np.uint32, initial=2)
    # seats: first those that play, then those that hold an office of an institution
    agents: int = scalar(np.int32)
    officials: int = scalar(np.int32)
    identities: int = scalar(np.int32)
    kind: Ints = per_agent(np.int16)
    conduct: Ints = per_agent(np.int16, spare=True)
    # what seats can turn into, where something makes them: agent class, conduct, role and numbers
    # of each strain, and how many seats are of it; a seat decided from outside is of none
    strain: Ints = per_agent(np.uint32, initial=NOBODY, spare=True)
    strain_count: Ints = table(np.int64, "strains", spare=True)
    strain_kind: Ints = table(np.int16, "strains", spare=True)
    strain_conduct: Ints = table(np.int16, "strains", spare=True)
    strain_disposition: Ints = table(np.int16, "strains", spare=True)
    strain_leanings: Floats = table(np.float64, "strains", "leanings", spare=True)
    strain_role: Ints = table(np.int16, "strains", spare=True)
    strain_params: Floats = table(np.float64, "strains", "params", spare=True)
    strain_habits: Floats = table(np.float64, "strains", "habits", spare=True)
    role: Ints = per_agent(np.int16)
    jurisdiction: Ints = per_agent(np.int16)
    birth: Keys = per_agent(np.uint64)
    order: Ints = per_agent(np.uint32)
    birth_rank: Ints = per_agent(np.uint32)
    # the table: who sits next (in pairs the other; alone, oneself), the first, one's own chair
    partner: Ints = per_agent(np.uint32)
    host: Ints = per_agent(np.uint32)
    chair: Ints = per_agent(np.uint32)
    # the network, if there is one: seat i's neighbours are `degree[i]` entries of `edge_to`
    first_edge: Ints = per_agent(np.uint32)
    degree: Ints = per_agent(np.uint32)
    edge_to: Ints = table(np.uint32, "edges")
    face: Ints = per_agent(np.uint32)
    asked: Flags = per_agent(np.uint8)
    chosen: Ints = per_agent(np.int32)
    arguments: Ints = per_agent(np.int32, "arguments")
    reward_mark: Ints = per_agent(np.int64)
    # where accounts stood when the last round was over, and what all rounds were worth to a seat
    round_mark: Ints = per_agent(np.int64, spare=True)
    felt_total: Floats = per_agent(spare=True)
    felt_mark: Floats = per_agent(spare=True)
    # identities and their accounts, in minor units
    owner: Ints = per_identity(np.uint32)
    generation: Ints = per_identity(np.int32)
    dropped: Flags = per_identity(np.uint8)
    veil: Ints = per_identity(np.uint32)
    pool: Ints = per_identity(np.uint32)
    # what an identity has pledged of its acts in this round (cooperation; -1: nothing); the account
    # that stands in for it, for which share, and what it has paid so far; the balance below which
    # no penalty can bring it, what stayed unpaid
    pledge: Floats = per_identity(initial=-1, spare=True)
    backer: Ints = per_identity(np.int64, spare=True)
    backing: Floats = per_identity(initial=1, spare=True)
    backed: Ints = per_identity(np.int64, spare=True)
    least_balance: Floats = per_identity(initial=-np.inf, spare=True)
    unpaid: Ints = per_identity(np.int64, spare=True)
    balance: Ints = per_identity(np.int64)
    held: Ints = per_identity(np.int64)
    public: Ints = table(np.int64, "accounts")
    # shared records of this round
    interaction_count: int = scalar(np.uint32)
    finding_count: int = scalar(np.uint32)

    # nested records; their dtypes are put together by the scenario's structure
    interactions: Any
    findings: Any
    sight: Any


def seats(w: World) -> range:
    """All seats that play, by number."""
    # In 64 bits: the compiler then knows that none is negative, and takes several at once.
    return range(np.int64(w.agents))


@variant(seats, "pair")
def _two_seats(w: World) -> range:
    # A constant that the compiler can unroll: pairs are what most studies run most of.
    return range(2)


def officials(w: World) -> range:
    """The seats that hold an office of an institution: they do not play."""
    return range(w.agents, w.agents + w.officials)


def everybody(w: World) -> range:
    """All seats, those who play and officials."""
    return range(w.agents + w.officials)


@variant(everybody, "pair")
def _everybody_of_two(w: World) -> range:
    return range(2)


def identities(w: World) -> range:
    """All identities, by number."""
    return range(w.identities)


@variant(identities, "pair")
def _identities_of_two(w: World) -> range:
    return range(w.identities)


@variant(_identities_of_two, "one_face")
def _two_identities(w: World) -> range:
    return range(2)


def ranks(w: World) -> range:
    """Places in the order of birth of all seats that play, for `w.order`."""
    return range(w.agents)


@variant(ranks, "pair")
def _ranks_of_two(w: World) -> range:
    return range(2)


def acts(w: World) -> range:
    """The interactions of this round so far, by number."""
    return range(w.interaction_count)


@variant(acts, "pair")
def _acts_of_two(w: World) -> range:
    # What there is room for is a constant: few are unrolled.
    return range(min(np.uint64(w.interaction_count), np.uint64(len(w.interactions))))


def later_born(w: World, i: int, j: int) -> int:
    """1 if seat `i` was born after seat `j`, else 0: who is second in a pair."""
    return 1 if w.birth_rank[i] > w.birth_rank[j] else 0


@variant(later_born, "pair")
def _later_born_of_two(w: World, i: int, j: int) -> int:
    return w.birth_rank[i]


def facing(w: World, i: int) -> int:
    """The seat next to seat `i` at its table: in pairs the other; itself if it sits alone.

    Going from one to the next leads round the table and back.
    """
    return w.partner[i]


@variant(facing, "couple")
def _the_other(w: World, i: int) -> int:
    return 1 - i


def meetings(w: World, i: int) -> int:
    """How many seats seat `i` plays with now: one, or none; on a network, all its neighbours."""
    return 0 if w.partner[i] == i else 1


@variant(meetings, "couple")
def _one_meeting(w: World, i: int) -> int:
    return 1


@variant(meetings, "neighbourhood")
def _neighbours(w: World, i: int) -> int:
    return w.degree[i]


def met(w: World, i: int, k: int) -> int:
    """The seat that seat `i` plays with in its meeting number `k`."""
    return facing(w, i)


@variant(met, "neighbourhood")
def _neighbour(w: World, i: int, k: int) -> int:
    return w.edge_to[w.first_edge[i] + k]


def others(w: World, i: int) -> int:
    """How many others seat `i` plays with now: at its table, or on the network."""
    count = 0
    j = facing(w, i)
    while j != i:
        count += 1
        j = facing(w, j)
    return count


@variant(others, "couple")
def _one_other(w: World, i: int) -> int:
    return 1


@variant(others, "neighbourhood")
def _all_neighbours(w: World, i: int) -> int:
    return w.degree[i]


def other(w: World, i: int, k: int) -> int:
    """The `k`-th of the others with whom seat `i` plays now, round its table or on the network."""
    j = facing(w, i)
    for _ in range(k):
        j = facing(w, j)
    return j


@variant(other, "neighbourhood")
def _kth_neighbour(w: World, i: int, k: int) -> int:
    return w.edge_to[w.first_edge[i] + k]


def take_seat(w: World, i: int, following: int, host: int, chair: int) -> None:
    """Seat `i` sits down at the table of `host`, on a chair, with `following` next to it."""
    w.partner[i] = following
    w.host[i] = host
    w.chair[i] = chair


@variant(take_seat, "unplaced")
def _sit_anywhere(w: World, i: int, following: int, host: int, chair: int) -> None:
    w.partner[i] = following


def face(w: World, i: int) -> int:
    """The identity under which seat `i` acts now."""
    return w.face[i]


@variant(face, "one_face")
def _only_face(w: World, i: int) -> int:
    return i


def holder(w: World, m: int) -> int:
    """The agent who holds identity `m`: the engine's knowledge, which no rule may act on."""
    return w.owner[m]


@variant(holder, "one_face")
def _only_holder(w: World, m: int) -> int:
    return m
