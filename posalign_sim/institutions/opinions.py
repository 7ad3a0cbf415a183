"""Opinions: everybody judges for itself, errs by itself, and hears what others think."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.ties import STRANGER, known, known_place, known_seat, signed, tie
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, breached
from posalign_sim.world.draws import draw, either, mix
from posalign_sim.world.fields import Floats, Ints, param, per_agent, table
from posalign_sim.world.modules import Institution
from posalign_sim.world.norms import NORMS, is_good, norm_number
from posalign_sim.world.record import GROUP, World, face, holder, other, others, seats

#: Opinion from which an observer holds somebody for good.
GOOD = 0.5

# Indices under which observers draw: whether an act is seen, whether it is misjudged, whether one
# listens to gossip, and to whom.
_SEES, _ERRS, _LISTENS, _SPEAKER = 0, 1, 2, 3


class Opinions(Institution):
    """Each observer keeps an opinion of its own of others, by what it sees of them and hears.

    An opinion is a standing in [0, 1], at first 1; from 1/2 on one holds the other for good.
    Whoever an act touches sees it, others who know the actor with probability `observed`, each by
    its own luck. An observer judges an act by the `norm`: by whether it was kept or broken, and by
    whether the actor and its partner are good in the observer's own eyes. So everybody judges
    itself, too: who knows itself to be in the wrong finds it just to be shunned. Strangers are
    taken for good; an act towards everybody, and one that was promised, is judged as one towards
    the good. With probability `error` the observer takes good for bad or bad for good. What
    it has seen in a round moves its opinion of the actor by `weight` towards the mean of its
    judgements; all acts of a round are judged by opinions of before it. An observer's luck is one
    for all that one has done to another in a round.

    Then, with probability `gossip`, a seat listens to another one (on a network to a neighbour),
    and moves its opinions of all whom both know by `trust` towards the speaker's; all gossip of a
    round is heard at once.

    A seat acts on what it thinks of its partner, before any public record; of those with whom it
    plays at once, on the mean. On a network one has opinions of neighbours alone, in a sparse book;
    without one everybody has an opinion of everybody, which is for a few hundred seats. With
    several jurisdictions each observer judges by the terms of its own.

    What is a breach: a promise not kept; in a dilemma, an act below the game's standard.

    Reports, per seat: what others think of it on average (`repute`).

    Tells: each seat, its own opinion of whom it faces. Costs: `effort` for each talk, burnt.

    Source: Uchida & Sasaki (2013), Chaos, Solitons & Fractals 56; Hilbe, Schmid, Tkadlec,
    Chatterjee & Nowak (2018), PNAS 115 (private assessment); Nowak & Sigmund (2005), Nature 437
    (gossip). Answers: table 3 of Laukkonen et al. (2026), reciprocity and reputation.

    >>> Opinions.of("stern_judging", error=0.1).values["error"].item()
    0.1
    """

    needs = ("interactions", "breach")

    norm: float = param(
        NORMS["simple_standing"], 0, 255, "number of a norm", "by which acts are judged"
    )
    observed: float = param(1.0, 0, 1, "probability", "that one who is not touched sees an act")
    error: float = param(0.02, 0, 1, "probability", "that an observer misjudges")
    weight: float = param(1.0, 0, 1, "share", "how far a round's acts move an opinion")
    gossip: float = param(0.0, 0, 1, "probability", "that a seat listens to another in a round")
    trust: float = param(0.5, 0, 1, "share", "how far gossip moves an opinion")
    effort: float = param(0.0, 0, 1e6, "points", "cost of a talk")
    opinion: Floats = table(np.float64, "ties", initial=1)
    told: Floats = table(np.float64, "ties")
    sightings: Ints = table(np.uint32, "ties")
    approvals: Ints = table(np.uint32, "ties")
    conscience: Floats = per_agent(initial=1)
    own_sightings: Ints = per_agent(np.uint32)
    own_approvals: Ints = per_agent(np.uint32)
    repute: Floats = per_agent(initial=1, outcome=True)

    @classmethod
    def of(cls, norm: str, **changes: Any) -> Opinions:
        """The institution under a norm by name.

        Args:
            norm: a name in `NORMS`, such as `stern_judging`.
            **changes: parameters to set otherwise.
        """
        return cls(norm=norm_number(norm), **changes)

    @staticmethod
    def announce(w: World, own: Opinions) -> None:
        # By how much a breach makes it likelier that the next partner thinks ill of one.
        p = w.sight
        noticed = own.observed * max(0.0, 1 - 2 * own.error)
        p.record_seen[own.place] = either(p.record_seen[own.place], noticed)

    @staticmethod
    def publish(w: World, own: Opinions) -> None:
        forget_partners(w, own)

    @staticmethod
    def agree(w: World, own: Opinions) -> None:
        p = w.sight
        for i in seats(w):
            if w.jurisdiction[i] != own.place:
                continue
            total = 0.0
            count = 0
            for k in range(others(w, i)):
                at = tie(w, i, other(w, i, k))
                if at != STRANGER:
                    total += own.opinion[at]
                    count += 1
            if count > 0:
                p.impression[i] = total / count

    @staticmethod
    def witness(w: World, own: Opinions, x: Any) -> None:
        if x.pledged == 0 and w.standard <= 0:
            return
        a = holder(w, answers(w, own, x.actor))
        broken = 1 if breached(w, x) else 0
        if w.jurisdiction[a] == own.place:
            good = judgement(w, own, x, a, a, broken)
            own.own_sightings[a] += 1
            own.own_approvals[a] += good
        for k in range(known(w, a)):
            observer = known_seat(w, a, k)
            if observer != a and w.jurisdiction[observer] == own.place:
                note_act(w, own, x, observer, a, broken)

    @staticmethod
    def settle(w: World, own: Opinions) -> None:
        for rank in range(w.agents):
            i = w.order[rank]
            if w.jurisdiction[i] == own.place:
                make_up_mind(w, own, i)
        if own.gossip > 0 and w.agents > 1:
            for rank in range(w.agents):
                i = w.order[rank]
                if w.jurisdiction[i] == own.place:
                    listen(w, own, i, rank)
            for i in seats(w):
                if w.jurisdiction[i] == own.place:
                    for k in range(known(w, i)):
                        at = known_place(w, i, k)
                        own.opinion[at] = own.told[at]
        note_repute(w, own)

    @staticmethod
    def withdraw(w: World, own: Opinions) -> None:
        forget_partners(w, own)

    @staticmethod
    def forget(w: World, own: Opinions, m: int) -> None:
        a = holder(w, m)
        if face(w, a) != m:
            return
        own.conscience[a] = 1.0
        for k in range(known(w, a)):
            at = tie(w, known_seat(w, a, k), a)
            if at != STRANGER:
                own.opinion[at] = 1.0


def forget_partners(w: World, own: Opinions) -> None:
    """No seat has made up its mind about whom it faces."""
    for i in seats(w):
        if w.jurisdiction[i] == own.place:
            w.sight.impression[i] = -1.0


def thinks_ill(w: World, own: Opinions, observer: int, j: int) -> int:
    """1 if an observer holds seat `j`, which may be itself, for bad; strangers it does not."""
    if observer == j:
        return 0 if own.conscience[j] >= GOOD else 1
    at = tie(w, observer, j)
    return 0 if at == STRANGER or own.opinion[at] >= GOOD else 1


def luck(w: World, own: Opinions, x: Any, observer: int, what: int) -> float:
    """An observer's draw about what one has done to another in this round."""
    act = mix(w.birth[holder(w, x.actor)], what)
    if x.target != GROUP:
        act = mix(act, w.birth[holder(w, x.target)])
    return draw(w, own, face(w, observer), act)


def touches(w: World, x: Any, observer: int) -> bool:
    """Whether an act touches an observer."""
    if x.target != GROUP:
        return holder(w, x.target) == observer
    return w.host[holder(w, x.actor)] == w.host[observer]


def judgement(w: World, own: Opinions, x: Any, observer: int, a: int, broken: int) -> int:
    """What an observer makes of an act for which seat `a` answers: 1 good, 0 bad."""
    partner_bad = 0
    if x.target != GROUP and x.pledged == 0:
        partner_bad = thinks_ill(w, own, observer, holder(w, x.target))
    good = is_good(int(own.norm), broken, thinks_ill(w, own, observer, a), partner_bad)
    if own.error > 0 and luck(w, own, x, observer, _ERRS) < own.error:
        good = 1 - good
    return good


def note_act(w: World, own: Opinions, x: Any, observer: int, a: int, broken: int) -> None:
    """An observer who knows seat `a`, if it sees the act, notes what it makes of it."""
    at = tie(w, observer, a)
    if at == STRANGER:
        return
    seen = own.observed >= 1 or touches(w, x, observer)
    if seen or luck(w, own, x, observer, _SEES) < own.observed:
        good = judgement(w, own, x, observer, a, broken)
        own.sightings[at] += 1
        own.approvals[at] += good


def make_up_mind(w: World, own: Opinions, i: int) -> None:
    """Seat `i` moves its opinions towards what it has made of the round's acts."""
    if own.own_sightings[i] > 0:
        verdict = own.own_approvals[i] / own.own_sightings[i]
        own.conscience[i] += own.weight * (verdict - own.conscience[i])
        own.own_sightings[i] = 0
        own.own_approvals[i] = 0
    for k in range(known(w, i)):
        at = known_place(w, i, k)
        if own.sightings[at] > 0:
            verdict = own.approvals[at] / own.sightings[at]
            own.opinion[at] += own.weight * (verdict - own.opinion[at])
            own.sightings[at] = 0
            own.approvals[at] = 0
        own.told[at] = own.opinion[at]


def listen(w: World, own: Opinions, i: int, rank: int) -> None:
    """Seat `i`, who is number `rank` by birth, may listen to what another one thinks of others."""
    if draw(w, own, face(w, i), _LISTENS) >= own.gossip:
        return
    chosen = draw(w, own, face(w, i), _SPEAKER)
    speaker = signed(i)
    if w.edge_to.shape[0] > 1:
        if w.degree[i] > 0:
            speaker = known_seat(w, i, int(chosen * w.degree[i]))
    else:
        place = int(chosen * (w.agents - 1))
        speaker = signed(w.order[place if place < rank else place + 1])
    if speaker == i:
        return
    pay(w, face(w, i), COST, own.effort)
    for k in range(known(w, i)):
        j = known_seat(w, i, k)
        theirs = tie(w, speaker, j)
        if j != speaker and j != i and theirs != STRANGER:
            at = known_place(w, i, k)
            own.told[at] = own.opinion[at] + own.trust * (own.opinion[theirs] - own.opinion[at])


def note_repute(w: World, own: Opinions) -> None:
    """Work out what those who know a seat think of it on average."""
    for i in seats(w):
        total = 0.0
        count = 0
        for k in range(known(w, i)):
            j = known_seat(w, i, k)
            at = tie(w, j, i)
            if j != i and at != STRANGER and w.jurisdiction[j] == own.place:
                total += own.opinion[at]
                count += 1
        own.repute[i] = total / count if count > 0 else 1.0
