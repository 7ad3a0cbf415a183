"""The trust game and gift exchange: who moves first relies on who moves second."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.fields import Floats, Ints, given, param, per_agent, scalar
from posalign_sim.world.modules import Argument, ConfigurationError, Decision, Game, nearest
from posalign_sim.world.record import Sight, World, face, seats

INVESTOR, TRUSTEE = 0, 1
SILENT, PROMISE = 0, 1
SEND, KEEP = 0, 1
RETURN = 0
#: Amounts are whole numbers of ticks, at most this many; shares are whole numbers of percent.
TICKS = 100
ALL = 100
#: Entries of the table of costs: of 0, 10, ..., 100 percent effort.
LEVELS = 11
#: Nobody has given its word.
NO_WORD = -1
#: Points by which a split may miss equality: less is rounding.
NEGLIGIBLE = 1e-9


class TrustSight(Sight):
    """What the two of a pair are told besides."""

    tick_size: float = scalar(low=0, unit="points", summary="what one tick is worth")
    most: int = scalar(np.int32, low=0, high=TICKS, unit="ticks", summary="most that can be sent")
    full: int = scalar(
        np.int32, low=0, high=TICKS, unit="ticks", summary="least whose equal split is full return"
    )
    sent: Floats = per_agent(low=0, unit="points", summary="what the investor has sent")
    word: Ints = per_agent(
        np.int16,
        initial=NO_WORD,
        low=NO_WORD,
        high=ALL,
        unit="percent",
        summary="share that the trustee has promised to return; -1: no promise",
    )
    fair: Ints = per_agent(
        np.int16,
        low=0,
        high=ALL,
        unit="percent",
        summary="share that would let both gain alike from what was sent",
    )
    fair_cost: Floats = per_agent(unit="points", summary="what that costs the trustee")
    lead: Floats = per_agent(
        unit="points", summary="how much more the trustee gains than the investor if it keeps all"
    )


class Trust(Game):
    """An investor sends part of what it has, which is multiplied; a trustee returns what it likes.

    In each round every trustee may first promise a share (`talk`). Then each investor sends 0 to
    `endowment` points, in ticks, and its trustee receives `factor` times as much; a trustee who
    received anything returns a share of it, in percent, or keeps all. Points are gains on what
    both own anyway: what is sent is lost to the investor, what is returned comes back.

    With `worth` above 0 it is gift exchange (`Trust.of("gift_exchange")`): the investor is an
    employer who pays a wage, the trustee a worker who chooses its effort. Effort, in percent,
    yields the employer `worth` times the effort and costs the worker what `effort_cost` says of 0,
    10, ..., 100 percent (linear between); effort below `least` is not possible: it counts as that.

    Interactions: the investor's act, which breaks no promise (cooperation: what it sent, of what
    makes full return the equal split: all in the trust game). And the trustee's, if anything was
    sent (cooperation: its return relative to the one that lets both gain alike, at most 1). It is
    held to its promise or, by `custom`, if it gave none, to that equal split; promised and
    delivered are the investor's points, paid is what was sent, harm what the return lacks.

    Source: Berg, Dickhaut & McCabe (1995), Games and Economic Behavior 10; Fehr, Kirchsteiger &
    Riedl (1993), QJE 108, with the payoffs of Fehr, Gächter & Kirchsteiger (1997), Econometrica
    65. Promises: Charness & Dufwenberg (2006), Econometrica 74.

    >>> Trust(factor=2).values["factor"].item()
    2.0
    """

    roles = ("investor", "trustee")
    interactions_per_agent = 1
    declares = ("interactions", "breach", "promises", "payment")
    sight = TrustSight
    customary: ClassVar = {"investor": ("cautious_investor",), "trustee": ("opportunist",)}
    customary_rounds = 20

    endowment: float = param(10, 0, 1e5, "points", "most that an investor can send")
    tick: float = param(0.1, 1e-3, 1e4, "points", "step of what can be sent")
    factor: float = param(3, 1, 100, "times", "what is received for what was sent")
    talk: float = param(1, 0, 1, "0 or 1", "1: trustees may promise a share beforehand")
    custom: float = param(1, 0, 1, "0 or 1", "1: without a promise the equal split is owed")
    worth: float = param(0, 0, 1e5, "points", "full effort to the employer; 0: a trust game")
    least: float = param(0, 0, 1, "share", "least effort that is possible")
    effort_cost: Floats = given(
        np.float64, LEVELS, low=0, high=1e5, unit="points", summary="of 0, 10, ..., 100 % effort"
    )
    word: Ints = per_agent(np.int16, initial=NO_WORD)

    send_amount: Ints
    give_word_share: Ints
    give_back_share: Ints

    give_word = Decision(
        "agree",
        ("silent", "promise"),
        (Argument("share", 0, ALL, choices=("promise",), unit="percent"),),
        roles=("trustee",),
        summary="Promise to return a share (in percent), or say nothing?",
    )
    send = Decision(
        "play",
        ("send", "keep"),
        (Argument("amount", 0, TICKS, choices=("send",), unit="ticks"),),
        roles=("investor",),
        summary="How much do you send (in ticks)? What arrives is worth more.",
    )
    give_back = Decision(
        "play",
        ("return", "keep"),
        (Argument("share", 0, ALL, choices=("return",), unit="percent"),),
        roles=("trustee",),
        noisy=True,
        kept="return",
        broken="keep",
        summary="You were sent something: which share (in percent) do you give in return?",
    )

    @classmethod
    def of(cls, name: str, **changes: Any) -> Trust:
        """A game of this family by name.

        Args:
            name: `trust` or `gift_exchange` (wages of 0 to 100, effort worth 100 that costs up
                to 18 and is at least a tenth).
            **changes: parameters to set otherwise.

        >>> Trust.of("gift_exchange").arrays["effort_cost"].tolist()[-3:]
        [12.0, 15.0, 18.0]
        """
        if name not in FAMILY:
            raise ConfigurationError(f"no trust game is called {name!r}: {nearest(name, FAMILY)}")
        return cls(**{**FAMILY[name], **changes})

    @staticmethod
    def begin(w: World, own: Trust) -> None:
        w.standard = 0.0
        p = w.sight
        p.tick_size = own.tick
        p.most = min(TICKS, int(np.floor(own.endowment / own.tick + NEGLIGIBLE)))
        p.full = p.most
        best = 0.0
        if own.worth > 0:
            even = (own.worth + costs(own, 0.0, ALL)) / (1 + own.factor)
            p.full = min(p.most, int(np.ceil(even / own.tick - NEGLIGIBLE)))
            for share in range(ALL + 1):
                best = max(best, gives(own, 0.0, share) - costs(own, 0.0, share))
        investors = 0
        for i in seats(w):
            investors += 1 if w.role[i] == INVESTOR else 0
        pairs = min(investors, w.agents - investors)
        gain = best + (own.factor - 1) * own.tick * p.most
        w.first_best = pairs * gain / w.agents

    @staticmethod
    def meet(w: World, own: Trust) -> None:
        for i in seats(w):
            own.word[i] = NO_WORD
            w.sight.word[i] = NO_WORD
            w.sight.sent[i] = 0.0
        tell_all(w, own)

    @staticmethod
    def who_give_word(w: World, own: Trust, i: int) -> bool:
        return own.talk == 1 and w.partner[i] != i

    @staticmethod
    def default_give_word(w: World, own: Trust, i: int) -> tuple[int, int]:
        return SILENT, 0

    @staticmethod
    def after_give_word(w: World, own: Trust) -> None:
        for i in seats(w):
            if w.role[i] == TRUSTEE and own.give_word[i] == PROMISE:
                own.word[i] = own.give_word_share[i]
                w.sight.word[i] = own.word[i]
                w.sight.word[w.partner[i]] = own.word[i]
        tell_all(w, own)

    @staticmethod
    def who_send(w: World, own: Trust, i: int) -> bool:
        return w.partner[i] != i

    @staticmethod
    def bounds_send(w: World, own: Trust, i: int, k: int) -> tuple[int, int]:
        return 0, w.sight.most

    @staticmethod
    def after_send(w: World, own: Trust) -> None:
        p = w.sight
        for i in seats(w):
            if w.role[i] != INVESTOR or own.send[i] < 0:
                continue
            j = w.partner[i]
            ticks = int(own.send_amount[i]) if own.send[i] == SEND else 0
            sent = own.tick * ticks
            p.sent[i] = sent
            p.sent[j] = sent
            tell(w, own, j, sent)
            pay(w, face(w, i), NATURE, sent)
            pay(w, NATURE, face(w, j), own.factor * sent)
            cooperation = min(1.0, ticks / max(1, p.full))
            interact(w, face(w, i), face(w, j), cooperation, 0, 0.0, 0.0, 0.0, 0.0)

    @staticmethod
    def who_give_back(w: World, own: Trust, i: int) -> bool:
        return w.partner[i] != i and w.sight.sent[i] > 0

    @staticmethod
    def kept_give_back(w: World, own: Trust, i: int) -> tuple[int, int]:
        p = w.sight
        return RETURN, int(p.word[i]) if p.word[i] >= 0 else int(p.fair[i])

    @staticmethod
    def broken_give_back(w: World, own: Trust, i: int) -> tuple[int, int]:
        return KEEP, 0

    @staticmethod
    def play(w: World, own: Trust) -> None:
        p = w.sight
        for i in seats(w):
            if w.role[i] != TRUSTEE or own.give_back[i] < 0:
                continue
            j = w.partner[i]
            sent = p.sent[i]
            share = int(own.give_back_share[i]) if own.give_back[i] == RETURN else 0
            share = max(share, int(np.ceil(ALL * own.least - NEGLIGIBLE)))
            given_back = gives(own, sent, share)
            if own.worth > 0:
                pay(w, face(w, i), NATURE, costs(own, sent, share))
                pay(w, NATURE, face(w, j), given_back)
            else:
                pay(w, face(w, i), face(w, j), given_back)
            fair = int(p.fair[i])
            word = int(own.word[i])
            owed = gives(own, sent, word if word >= 0 else fair)
            pledged = 1 if word >= 0 or own.custom == 1 else 0
            cooperation = 1.0 if share >= fair else share / fair
            harm = max(0.0, owed - given_back)
            interact(w, face(w, i), face(w, j), cooperation, pledged, owed, given_back, sent, harm)


def gives(own: Trust, sent: float, share: int) -> float:
    """Points that the investor gets if the trustee returns a share (or works with that effort)."""
    if own.worth > 0:
        return own.worth * max(own.least, share / ALL)
    return own.factor * sent * share / ALL


def costs(own: Trust, sent: float, share: int) -> float:
    """Points that returning a share, or working with that effort, costs the trustee."""
    if own.worth > 0:
        place = (LEVELS - 1) * max(own.least, share / ALL)
        below = min(LEVELS - 2, int(place + NEGLIGIBLE))
        part = place - below
        return own.effort_cost[below] * (1 - part) + own.effort_cost[below + 1] * part
    return own.factor * sent * share / ALL


def fair_share(own: Trust, sent: float) -> int:
    """Least share, in percent, that leaves the investor no smaller a gain than the trustee."""
    if own.worth == 0:
        even = ALL * (own.factor + 1) / (2 * own.factor)
        return min(ALL, int(np.ceil(even - NEGLIGIBLE)))
    wanted = (1 + own.factor) * sent - NEGLIGIBLE
    for share in range(ALL):
        if gives(own, sent, share) + costs(own, sent, share) >= wanted:
            return share
    return ALL


def tell_all(w: World, own: Trust) -> None:
    """Tell every pair what would be at stake if all were sent that full return is fair for."""
    for i in seats(w):
        if w.role[i] == TRUSTEE:
            tell(w, own, i, own.tick * w.sight.full)


def tell(w: World, own: Trust, i: int, sent: float) -> None:
    """Tell trustee `i` and its investor what is at stake between them."""
    p = w.sight
    j = w.partner[i]
    fair = fair_share(own, sent)
    word = int(own.word[i])
    owed = word if word >= 0 else fair
    received = own.factor * sent
    p.fair[i] = fair
    p.temptation[i] = costs(own, sent, owed) - costs(own, sent, 0)
    p.rent[i] = received - costs(own, sent, owed)
    p.at_stake[i] = sent
    p.fair_cost[i] = costs(own, sent, fair)
    p.lead[i] = received - costs(own, sent, 0) - (gives(own, sent, 0) - sent)
    if j == i:
        return
    p.fair[j] = fair
    p.exposure[j] = p.temptation[i]
    p.at_stake[j] = sent
    p.hope[j] = gives(own, sent, owed) - sent
    p.risk[j] = gives(own, sent, 0) - sent
    p.rent[j] = p.hope[j]


#: Parameters of the named games.
FAMILY: dict[str, dict[str, Any]] = {
    "trust": {},
    "gift_exchange": {
        "endowment": 100.0,
        "tick": 1.0,
        "factor": 1.0,
        "worth": 100.0,
        "least": 0.1,
        "effort_cost": [0, 0, 1, 2, 4, 6, 8, 10, 12, 15, 18],
    },
}
