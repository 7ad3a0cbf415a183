"""Reputation: a public record of who kept and who broke its word."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import COST, jurisdiction_of, pay
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, governed
from posalign_sim.world.draws import draw, either
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_identity, scalar
from posalign_sim.world.modules import Institution
from posalign_sim.world.norms import NORMS, is_good, norm_number
from posalign_sim.world.record import GROUP, World, face, holder, identities

#: Standing below which an identity is in bad standing.
BAD = 0.5

# What an identity has done in this round, as the ledger has it.
_NOTHING, _WELL, _ILL = range(3)
#: When an identity last did ill that did nothing of the kind.
_NEVER = -1
# Indices under which an error of assessment is drawn: of the actor, and of the partner.
_ACTOR, _PARTNER = 0, 1


class Reputation(Institution):
    """A ledger keeps a standing in [0, 1] for each identity and shows it to those who look.

    A standing begins at 1. Each act that can be a breach moves it by `weight` towards 1 (good) or
    0 (bad); each round it recovers by the share `decay` of what it lacks. With `beta` 1 the ledger
    counts instead: an act adds `weight` to the good or to the bad ones, each round both lose the
    share `decay`, and the standing is (good + 1) / (good + bad + 2), at first 1/2.

    How long a record lasts: a bad act is shown for `length` rounds in which nothing mends the
    standing (0: it mends at once; unlimited: a blacklist, bad for ever). After `expunge` rounds of
    good conduct in a row (rounds in which it acted, and nothing bad was written down) all that is
    bad is struck from the record, blacklist or not. A viewer sees the record of its partner with
    probability `visibility`. By `proof` the ledger writes down what happened (0: partners report
    truthfully) or only what an arbiter has found (1: a finding is bad, nothing else counts).

    What is bad: a promise not kept. In a dilemma, which has no promises, the `norm` judges, a
    number of eight bits: bit 4 b + 2 a + p is 1 if the actor is good afterwards, where b is 1 if
    its act fell below the game's standard (a defection), a if its standing was bad (below 1/2) at
    the start of the round, and p if its partner's was. By default only defecting on who is in good
    standing is bad (simple standing: who shuns cheats is no cheat). An act towards everybody counts
    as towards the good. With `assessment_error` an act is written down the other way, for
    everybody.

    Records belong to identities: who begins anew under another one has none.

    Tells: everyone, the standing of each identity it gets to see, that records are kept, and, if
    time alone wipes them out (`decay` 1), for how long.
    Costs: `upkeep` a seat and round, burnt.

    Source: Nowak & Sigmund (1998), Nature 393 (image scoring); Sugden (1986), The Economics of
    Rights, Co-operation and Welfare (standing); Ohtsuki & Iwasa (2004), J. Theor. Biol. 231 (norms,
    errors); Josang & Ismail (2002), Bled eConference 15 (beta counts, forgetting); Friedman &
    Resnick (2001), JEMS 10 (records and names).
    Answers: table 3 and section 5.2 of Laukkonen et al. (2026): reciprocity and reputation, and how
    long records last.

    >>> Reputation.of("stern_judging", visibility=0.5).values["norm"].item()
    165.0
    """

    needs = ("interactions", "breach")

    weight: float = param(1.0, 0, 1, "share", "how far one act moves the standing")
    decay: float = param(0.3, 0, 1, "share per round", "how fast old acts are forgotten")
    norm: float = param(
        NORMS["simple_standing"], 0, 255, "number of a norm", "which acts make good, as eight bits"
    )
    assessment_error: float = param(0, 0, 1, "probability", "that an act is judged the other way")
    beta: float = param(0, 0, 1, "0 or 1", "1: the standing is a ratio of counts")
    length: float = param(0, 0, np.inf, "rounds", "after a bad act in which nothing mends")
    expunge: float = param(
        np.inf, 1, np.inf, "rounds", "of good conduct after which the bad is struck out"
    )
    visibility: float = param(1.0, 0, 1, "probability", "that a viewer sees a record")
    proof: float = param(0, 0, 1, "0 or 1", "1: only findings count")
    upkeep: float = param(0.02, 0, 1e6, "points per seat and round", "cost of the ledger")
    score: Floats = per_identity(initial=1)
    before: Floats = per_identity(initial=1)
    good: Floats = per_identity()
    bad: Floats = per_identity()
    lasting: int = scalar(np.uint8)
    deeds: Flags = per_identity(np.uint8)
    ill_at: Ints = per_identity(np.int64, initial=_NEVER)
    streak: Ints = per_identity(np.int64)

    @classmethod
    def of(cls, norm: str, **changes: Any) -> Reputation:
        """The ledger under a norm by name.

        Args:
            norm: a name in `world.norms.NORMS`, such as `image_scoring`.
            **changes: parameters to set otherwise.
        """
        return cls(norm=norm_number(norm), **changes)

    @staticmethod
    def begin(w: World, own: Reputation) -> None:
        # When it happened, and what came since, matters only to records that are made to last.
        own.lasting = 1 if own.length > 0 or own.expunge < np.inf else 0
        for m in identities(w):
            start_record(own, m)

    @staticmethod
    def forget(w: World, own: Reputation, m: int) -> None:
        start_record(own, m)

    @staticmethod
    def announce(w: World, own: Reputation) -> None:
        p = w.sight
        p.record_seen[jurisdiction_of(own)] = either(
            p.record_seen[jurisdiction_of(own)], own.visibility
        )
        # Only what time alone wipes out at once has a definite end.
        ends = own.decay == 1 and own.length < np.inf
        p.record_lasts[jurisdiction_of(own)] = own.length if ends else -1.0

    @staticmethod
    def withdraw(w: World, own: Reputation) -> None:
        w.sight.record_lasts[jurisdiction_of(own)] = -1.0

    @staticmethod
    def publish(w: World, own: Reputation) -> None:
        p = w.sight
        p.visibility[jurisdiction_of(own)] = own.visibility
        for m in identities(w):
            if governed(w, own, m):
                shown = answers(w, own, m)
                p.standing[shown] = own.score[m]
                p.standing_known[shown] = 1
                own.before[m] = own.score[m]

    @staticmethod
    def witness(w: World, own: Reputation, x: Any) -> None:
        if (x.pledged or w.standard > 0) and governed(w, own, x.actor):
            if own.proof == 0:
                write_down(w, own, x.actor, judged_good(w, own, x))
            elif own.deeds[x.actor] == _NOTHING:
                own.deeds[x.actor] = _WELL

    @staticmethod
    def settle(w: World, own: Reputation) -> None:
        if own.proof == 1:
            for k in range(w.finding_count):
                case = w.findings[k]
                if case.breach and governed(w, own, case.accused):
                    write_down(w, own, case.accused, 0)
        for m in identities(w):
            if governed(w, own, m):
                let_time_pass(w, own, m)
                if m == face(w, holder(w, m)):
                    pay(w, m, COST, own.upkeep)


def start_record(own: Reputation, m: int) -> None:
    """An identity of which nothing is known: by counts, it stands half-way."""
    if own.beta == 1:
        own.score[m] = 0.5
        own.before[m] = 0.5


def judged_good(w: World, own: Reputation, x: Any) -> int:
    """1 if the ledger takes an act for good, 0 for bad; rightly or by an error."""
    good = 0 if breached(w, x) else 1
    to_one = x.target != GROUP
    if not x.pledged:
        actor_bad = 1 if own.before[x.actor] < BAD else 0
        partner_bad = 1 if to_one and own.before[x.target] < BAD else 0
        good = is_good(int(own.norm), 1 - good, actor_bad, partner_bad)
    if own.assessment_error > 0:
        return reassessed(w, own, x, good)
    return good


@rare
def reassessed(w: World, own: Reputation, x: Any, good: int) -> int:
    """What the ledger makes of an act, which by an error may be the opposite."""
    # The sum of two draws, less whole ones, is as good as a draw for each pair.
    luck = draw(w, own, x.actor, _ACTOR)
    if x.target != GROUP:
        luck += draw(w, own, x.target, _PARTNER)
    return 1 - good if luck - int(luck) < own.assessment_error else good


def write_down(w: World, own: Reputation, m: int, good: int) -> None:
    """Enter a good or a bad act of an identity into its record."""
    if own.lasting == 0:
        weigh(own, m, good)
        return
    if good == 0:
        own.deeds[m] = _ILL
        own.ill_at[m] = w.clock
    elif own.deeds[m] == _NOTHING:
        own.deeds[m] = _WELL
    if good == 0 or not is_held_against(w, own, m):
        weigh(own, m, good)


def weigh(own: Reputation, m: int, good: int) -> None:
    """Move an identity's standing by one act."""
    if own.beta == 1:
        own.good[m] += own.weight * good
        own.bad[m] += own.weight * (1 - good)
        weigh_counts(own, m)
    else:
        own.score[m] += own.weight * (good - own.score[m])


def is_held_against(w: World, own: Reputation, m: int) -> bool:
    """Whether an identity has done ill so recently that nothing mends its standing yet."""
    if own.lasting == 0 or own.length == 0:
        return False
    return own.ill_at[m] != _NEVER and w.clock - own.ill_at[m] < own.length


def weigh_counts(own: Reputation, m: int) -> None:
    """The standing that counts make: the mean of a beta distribution that began uniform."""
    own.score[m] = (own.good[m] + 1) / (own.good[m] + own.bad[m] + 2)


def let_time_pass(w: World, own: Reputation, m: int) -> None:
    """At the end of a round: good conduct adds up, and what is old fades."""
    if own.lasting == 1 and own.deeds[m] != _NOTHING:
        own.streak[m] = own.streak[m] + 1 if own.deeds[m] == _WELL else 0
        own.deeds[m] = _NOTHING
        if own.streak[m] >= own.expunge:
            own.streak[m] = 0
            own.ill_at[m] = _NEVER
            own.bad[m] = 0.0
            own.score[m] = 1.0
            if own.beta == 1:
                weigh_counts(own, m)
    if is_held_against(w, own, m):
        return
    if own.beta == 1:
        own.good[m] *= 1 - own.decay
        own.bad[m] *= 1 - own.decay
        weigh_counts(own, m)
    else:
        own.score[m] += own.decay * (1 - own.score[m])
