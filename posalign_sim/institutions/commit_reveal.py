"""Commit and reveal: a sealed commitment, with a stake that is lost if it is not borne out."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.agreements import (
    announce_stake,
    show_stake,
    vouching_gain,
    vouching_price,
)
from posalign_sim.world.accounts import COST, hold, pay, release, settle_hold, treasury
from posalign_sim.world.conduct import answers, breached, governed
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import (
    Flags,
    Floats,
    Ints,
    param,
    per_agent,
    per_identity,
    scalar,
)
from posalign_sim.world.modules import Argument, Decision, Institution
from posalign_sim.world.record import GROUP, World, face, holder, meetings, seats

DECLINE, COMMIT = 0, 1
WITHHOLD, REVEAL = 0, 1
#: Percent in one.
ALL = 100
#: Cooperation by which an act may miss what was committed to: less is rounding.
_HAIR = 1e-9
#: Beyond any cooperation, either way: what the least and the most are of who has done nothing.
_ABOVE, _BELOW = 2.0, -1.0


class CommitReveal(Institution):
    """Seats commit, sealed, to how they will act; who acts otherwise or stays mute loses a stake.

    Before they act, whoever can be tempted may commit to a level of cooperation, in percent, and
    puts `stake` into escrow: all at once, and nobody is told to what. What counts are its acts of
    that round that can be a breach: of a promise, 1 if it was kept and 0 if not; of others, their
    cooperation. Afterwards it is asked to reveal, in this and in each further round, until it
    does. Who reveals gets the stake back (the commitment is void) if no act fell short of it, or,
    with `exact` 1, if none differed from it either way; else the stake goes to whom the worst of
    these acts touched, by lot to one of several, or to the treasury if it touched everybody. Who
    did nothing has broken nothing. Who has not revealed at the end of the `deadline`-th round, or
    gives its identity up, loses the stake to the treasury: the commitment expires. Each is posted,
    and then void, broken or expired, exactly once; only then can the seat commit again. If the
    institution is withdrawn, open stakes go back; when a world ends an open one is its owner's.

    At stake in committing: the deal, for who is only relied on, against the breach given up. By
    custom everybody who can be tempted commits all the same, to what is no breach; a conduct
    decides by what is at stake. At stake in revealing: the stake, if the acts bear it out.

    Tells: everyone, who has committed and what a breach of it costs, though not to what. Costs:
    `fee` a commitment, burnt.

    Source: Blum (1983), SIGACT News 15 (coin flipping by telephone); Schelling (1960), The
    Strategy of Conflict.
    Answers: section 5.3 of Laukkonen et al. (2026), verifiable commitment devices.

    >>> CommitReveal(deadline=2).values["deadline"].item()
    2.0
    """

    needs = ("interactions", "breach")

    stake: float = param(3.0, 0, 1e6, "points", "put into escrow")
    deadline: float = param(1, 1, 1e6, "rounds", "in which one can reveal, the first included")
    exact: float = param(0, 0, 1, "0 or 1", "1: doing more than one committed to breaks it too")
    fee: float = param(0.05, 0, 1e6, "points", "of a commitment")
    likely: float = scalar()
    posted: Flags = per_identity(np.uint8)
    level: Floats = per_identity()
    since: Ints = per_identity(np.int64)
    least: Floats = per_identity(initial=_ABOVE)
    most: Floats = per_identity(initial=_BELOW)
    victim: Ints = per_identity(np.uint32)
    lot: Floats = per_identity(initial=-1)
    posts: Ints = per_agent(np.int64, outcome=True)
    voids: Ints = per_agent(np.int64, outcome=True)
    broken: Ints = per_agent(np.int64, outcome=True)
    expired: Ints = per_agent(np.int64, outcome=True)

    commit_act_level: Ints

    commit_act = Decision(
        "agree",
        ("decline", "commit"),
        (Argument("level", 0, ALL, choices=("commit",), unit="percent"),),
        summary="Commit, sealed, to how far you will cooperate (in percent)? "
        "Your stake is lost if you do less, or do not reveal it.",
    )
    reveal = Decision(
        "redress",
        ("withhold", "reveal"),
        summary="Reveal what you have committed to, or withhold it?",
    )

    @staticmethod
    def announce(w: World, own: CommitReveal) -> None:
        own.likely = 1.0
        announce_stake(w, own)

    @staticmethod
    def who_commit_act(w: World, own: CommitReveal, i: int) -> bool:
        tempted = meetings(w, i) > 0 and w.sight.temptation[i] > 0
        return own.stake > 0 and tempted and own.posted[face(w, i)] == 0

    @staticmethod
    def stakes_commit_act(w: World, own: CommitReveal, i: int) -> tuple[float, float, float, float]:
        p = w.sight
        price = own.fee + vouching_price(p, i, own.stake)
        return vouching_gain(p, i, own.stake), price, 0.0, 0.0

    @staticmethod
    def default_commit_act(w: World, own: CommitReveal, i: int) -> tuple[int, int]:
        standard = w.standard if w.standard > 0 else 1.0
        return COMMIT, int(np.ceil(ALL * standard - _HAIR))

    @staticmethod
    def after_commit_act(w: World, own: CommitReveal) -> None:
        for i in seats(w):
            m = face(w, i)
            if own.commit_act[i] != COMMIT or not governed(w, own, m):
                continue
            if hold(w, m, own.stake):
                pay(w, m, COST, own.fee)
                own.posted[m] = 1
                own.level[m] = own.commit_act_level[i] / ALL
                own.since[m] = w.clock
                own.least[m] = _ABOVE
                own.most[m] = _BELOW
                own.lot[m] = -1.0
                own.posts[i] += 1
                show_stake(w, own, answers(w, own, m), own.stake)

    @staticmethod
    def witness(w: World, own: CommitReveal, x: Any) -> None:
        m = answers(w, own, x.actor)
        counts = x.pledged or w.standard > 0
        if own.posted[m] == 0 or own.since[m] != w.clock or not counts:
            return
        act = float(x.cooperation)
        if x.pledged:
            act = 0.0 if breached(w, x) else 1.0
        own.most[m] = max(own.most[m], act)
        lot = draw(w, own, x.actor if x.target == GROUP else x.target, 1)
        if act < own.least[m] or (act == own.least[m] and lot > own.lot[m]):
            own.least[m] = act
            own.victim[m] = x.target
            own.lot[m] = lot

    @staticmethod
    def who_reveal(w: World, own: CommitReveal, i: int) -> bool:
        return own.posted[face(w, i)] == 1

    @staticmethod
    def stakes_reveal(w: World, own: CommitReveal, i: int) -> tuple[float, float, float, float]:
        return own.stake if borne_out(own, face(w, i)) else 0.0, 0.0, 0.0, 0.0

    @staticmethod
    def redress(w: World, own: CommitReveal) -> None:
        for i in seats(w):
            m = face(w, i)
            if own.reveal[i] != REVEAL or own.posted[m] == 0 or not governed(w, own, m):
                continue
            if borne_out(own, m):
                own.posted[m] = 0
                own.voids[i] += 1
                release(w, m, own.stake)
            else:
                own.broken[i] += 1
                payee = treasury(own) if own.victim[m] == GROUP else own.victim[m]
                forfeit(w, own, m, payee)

    @staticmethod
    def settle(w: World, own: CommitReveal) -> None:
        for m in range(w.identities):
            if own.posted[m] and (w.dropped[m] or w.clock - own.since[m] + 1 >= own.deadline):
                own.expired[holder(w, m)] += 1
                forfeit(w, own, m, treasury(own))

    @staticmethod
    def withdraw(w: World, own: CommitReveal) -> None:
        for m in range(w.identities):
            if own.posted[m]:
                own.posted[m] = 0
                own.voids[holder(w, m)] += 1
                release(w, m, own.stake)


def borne_out(own: CommitReveal, m: int) -> bool:
    """Whether what identity `m` did bears out what it committed to."""
    short = own.least[m] < own.level[m] - _HAIR
    over = own.exact == 1 and own.most[m] > own.level[m] + _HAIR
    return not short and not over


def forfeit(w: World, own: CommitReveal, m: int, payee: int) -> None:
    """Identity `m` loses its stake, and its holder feels it."""
    own.posted[m] = 0
    settle_hold(w, m, payee, own.stake)
    w.sight.sanction[holder(w, m)] += own.stake
