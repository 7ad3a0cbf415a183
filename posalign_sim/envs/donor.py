"""Giving to strangers before witnesses: what one did to others comes back from others."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.faults import BAD_INDEX, raise_fault
from posalign_sim.world.fields import Flags, Floats, Ints, given, param, per_agent, table
from posalign_sim.world.modules import Decision, Game
from posalign_sim.world.norms import NORMS, is_good, norm_number
from posalign_sim.world.record import Sight, World, face, later_born, seats

DONATE, REFUSE = 0, 1
GOOD, BAD, UNKNOWN = 1, 0, -1

# Indices under which the game draws: whose turn it is to give, who knows whom, who sees an act.
_TURN, _KNOWS, _SEES = 0, 1, 2


class DonorSight(Sight):
    """What a seat is told besides."""

    giver: Flags = per_agent(np.uint8, low=0, high=1, summary="1: it is your turn to give")
    opinion: Ints = per_agent(
        np.int8,
        initial=UNKNOWN,
        low=UNKNOWN,
        high=GOOD,
        summary="what you think of your partner: 1 good, 0 bad, -1 you do not know",
    )


class Donor(Game):
    """One of each pair may help the other at a cost; those who see it judge it by a norm.

    In each round one seat of every pair, drawn by lot, is the donor (with `both`, both are, at
    once): it donates, which costs it `cost` and gives its partner `benefit`, or refuses. Seats
    meet by the matching: with `Rematched()` mostly strangers, so that help given is returned, if
    at all, by others.

    Who sees an act forms an opinion of the donor by the `norm`, a number of eight bits: bit
    4 r + 2 d + p is 1 if the donor is good afterwards, where r is 1 if it refused, d if it was bad
    before, and p if the recipient was bad, all in the eyes of the observer (by default
    only refusing who is good is bad, simple standing; `world.norms` has them by name). With
    `assessment_error` an act that makes good makes bad, and the reverse. There is one
    opinion that all share or, if `observed` is given for each seat (as in `[0.9] * seats`), one
    for each, with its own luck. At first everybody is good. A donor knows its opinion of its
    partner with probability `known`.

    Private opinions take a byte for each pair of seats, and each seat looks at each act: they are
    for populations of some hundred.

    Interactions: the donor's act towards its partner (cooperation 1 for `donate`, 0 for `refuse`).
    There are no promises: below cooperation 1 an act is a breach, which institutions may judge
    by their own rules. Nothing was paid for it; harm is the benefit that was refused.

    Source: Nowak & Sigmund (1998), Nature 393 (image scoring, `known`); Leimar & Hammerstein
    (2001), Proc. R. Soc. B 268 (standing); Ohtsuki & Iwasa (2004), J. Theor. Biol. 231 (norms,
    errors); Pacheco, Santos & Chalub (2006), PLoS Comput. Biol. 2 (stern judging); private
    opinions: Uchida & Sasaki (2013), Chaos, Solitons & Fractals 56.

    >>> Donor.of("stern_judging").values["norm"].item()
    165.0
    """

    own_dimensions: ClassVar = {"observers": 1}
    interactions_per_agent = 1
    declares = ("interactions", "breach")
    sight = DonorSight
    customary: ClassVar = {"player": ("discriminator",) * 3 + ("defector",)}
    customary_rounds = 50

    benefit: float = param(3, 0, 1e6, "points", "of a donation to the recipient")
    cost: float = param(1, 0, 1e6, "points", "of a donation to the donor")
    both: float = param(0, 0, 1, "0 or 1", "1: both of a pair are donors at once")
    known: float = param(1, 0, 1, "probability", "that a donor knows its opinion of its partner")
    assessment_error: float = param(0, 0, 1, "probability", "that an act is judged the other way")
    norm: float = param(
        NORMS["simple_standing"], 0, 255, "number of a norm", "which acts make good, as eight bits"
    )
    observed: Floats = given(
        np.float64,
        "observers",
        initial=1,
        low=0,
        high=1,
        unit="probability",
        summary="that an act is seen: one number for an opinion that all share, or one a seat",
    )
    opinions: Flags = table(np.uint8, "observers", "identities", initial=GOOD)
    gives: Flags = per_agent(np.uint8)

    donate = Decision(
        "play",
        ("donate", "refuse"),
        noisy=True,
        kept="donate",
        broken="refuse",
        summary="Help your partner at a cost to yourself, or not?",
    )

    @classmethod
    def of(cls, norm: str, **changes: Any) -> Donor:
        """The game under a norm by name.

        Args:
            norm: a name in `world.norms.NORMS`, such as `stern_judging`.
            **changes: parameters to set otherwise.
        """
        return cls(norm=norm_number(norm), **changes)

    @staticmethod
    def begin(w: World, own: Donor) -> None:
        acts = 2.0 if own.both == 1 else 1.0
        w.first_best = acts * (w.agents // 2) * max(0.0, own.benefit - own.cost) / w.agents
        if own.observed.shape[0] != 1 and own.observed.shape[0] != w.agents:
            raise_fault(w, BAD_INDEX)
        p = w.sight
        for i in seats(w):
            p.temptation[i] = own.cost
            p.exposure[i] = own.cost
            p.rent[i] = acts / 2 * (own.benefit - own.cost)
            p.fallback[i] = 0.0
            p.hope[i] = p.rent[i]
            p.risk[i] = -own.cost

    @staticmethod
    def agree(w: World, own: Donor) -> None:
        p = w.sight
        for i in seats(w):
            j = w.partner[i]
            own.gives[i] = 0
            p.giver[i] = 0
            p.opinion[i] = UNKNOWN
            if j == i:
                continue
            if later_born(w, i, j):
                first = draw(w, own, face(w, j), _TURN) < 0.5
                donor = own.both == 1 or not first
            else:
                donor = own.both == 1 or draw(w, own, face(w, i), _TURN) < 0.5
            own.gives[i] = 1 if donor else 0
            p.giver[i] = own.gives[i]
            if draw(w, own, face(w, i), _KNOWS) < own.known:
                p.opinion[i] = own.opinions[observer(w, own, i), face(w, j)]

    @staticmethod
    def who_donate(w: World, own: Donor, i: int) -> bool:
        return own.gives[i] == 1

    @staticmethod
    def play(w: World, own: Donor) -> None:
        for i in seats(w):
            j = w.partner[i]
            if own.donate[i] >= 0:
                given_ = own.donate[i] == DONATE
                if given_:
                    pay(w, face(w, i), NATURE, own.cost)
                    pay(w, NATURE, face(w, j), own.benefit)
                cooperation = 1.0 if given_ else 0.0
                harm = 0.0 if given_ else own.benefit
                interact(w, face(w, i), face(w, j), cooperation, 0, 0.0, 0.0, 0.0, harm)
            if i != j and later_born(w, i, j) == 0:
                judge(w, own, i, j)

    @staticmethod
    def forget(w: World, own: Donor, m: int) -> None:
        for k in range(own.opinions.shape[0]):
            own.opinions[k, m] = GOOD


def observers(w: World, own: Donor) -> int:
    """How many opinions of everybody there are: one, or one for each seat."""
    return w.agents if own.observed.shape[0] == w.agents else 1


def observer(w: World, own: Donor, i: int) -> int:
    """Whose opinion seat `i` goes by: the one that all share, or its own."""
    return i if observers(w, own) > 1 else 0


def judge(w: World, own: Donor, i: int, j: int) -> None:
    """Everybody who sees what `i` and `j` did to each other forms an opinion of them, at once."""
    for k in range(observers(w, own)):
        of_i = int(own.opinions[k, face(w, i)])
        of_j = int(own.opinions[k, face(w, j)])
        if own.donate[i] >= 0:
            form(w, own, k, i, of_j)
        if own.donate[j] >= 0:
            form(w, own, k, j, of_i)


def form(w: World, own: Donor, k: int, donor: int, recipient: int) -> None:
    """Observer `k` forms an opinion of a donor, given its opinion of the recipient."""
    m = face(w, donor)
    place = _SEES + 2 * int(w.birth_rank[k])
    # Most observers see every act: spare them the draw.
    if own.observed[k] < 1 and draw(w, own, m, place) >= own.observed[k]:
        return
    refused = 0 if own.donate[donor] == DONATE else 1
    good = is_good(int(own.norm), refused, 1 - int(own.opinions[k, m]), 1 - recipient)
    if own.assessment_error > 0 and draw(w, own, m, place + 1) < own.assessment_error:
        good = 1 - good
    own.opinions[k, m] = GOOD if good else BAD
