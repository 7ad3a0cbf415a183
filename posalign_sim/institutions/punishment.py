"""Peer punishment: who plays together may punish, and reward, each other at their own cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.own_fines import place_of
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, governed, penalise, touched
from posalign_sim.world.fields import Flags, Ints, param, per_agent
from posalign_sim.world.modules import SHUFFLED, Argument, Decision, Institution
from posalign_sim.world.record import NOBODY, World, face, holder, other, others, seats

SPARE, PUNISH, REWARD = 0, 1, 2
#: The most points that one seat can give another in a round.
MOST = 10
#: Points below which a price is nothing.
NEGLIGIBLE = 1e-9


class PeerPunishment(Institution):
    """After play each seat may punish, or reward, each of those with whom it plays, one by one.

    A seat chooses `punish` or `reward` and gives each of the others 0 to 10 points. A point costs
    who gives it `price`. A point of punishment costs whom it hits `impact`, and is burnt; of what
    is paid for a reward the share `reward` reaches whom it is for (1: a transfer; 0: there are no
    rewards). With `second_order` 1 there is a second go, at those who let a breach pass: those who
    were wronged and gave the one who did it no point.

    What is a breach: a promise not kept or, without promises, an act below the game's standard;
    everybody whom it touches may know it. Nobody has to have broken anything to be punished.

    By default a seat punishes whoever broke its word to it, with `usual` points, if that costs
    nothing: a point given gains a seat nothing. Conducts decide otherwise: what is at stake is the
    cost of the `usual` points, and what they cost others.

    Reports, per seat: points dealt, those that it dealt to seats that had broken nothing, and
    points of punishment suffered.

    Tells: each seat, what each of the others has done and, in the second go, who let a breach pass;
    everyone, that a breach costs `impact` times `announced_points`. Costs: `price` a point of
    punishment and `impact` for whom it hits, burnt; of rewards, what does not reach the other.

    Source: Fehr & Gächter (2002), Nature 415 (price 1, impact 3); Henrich & Boyd (2001), Journal of
    Theoretical Biology 208 (second order); Sefton, Shupp & Walker (2007), Economic Inquiry 45
    (rewards as transfers).
    Answers: table 3 of Laukkonen et al. (2026), sanctions among peers.

    >>> PeerPunishment(impact=4).values["impact"].item()
    4.0
    """

    needs = ("interactions", "breach")

    price: float = param(1, 0, 1e3, "points", "what a point costs who gives it")
    impact: float = param(3, 0, 1e3, "points", "what a point of punishment costs whom it hits")
    reward: float = param(1, 0, 1, "share", "of what is paid for a reward that reaches the other")
    usual: float = param(5, 0, MOST, "points", "for a breach, of who does not say how many")
    second_order: float = param(0, 0, 1, "0 or 1", "1: who let a breach pass may be punished")
    announced_points: float = param(0, 0, 1e4, "points", "announced: what a breach gets from all")
    broke: Flags = per_agent(np.uint8, "company")
    lenient: Flags = per_agent(np.uint8)
    hits: Ints = per_agent(np.int64)
    thanks: Ints = per_agent(np.int64)
    dealt: Ints = per_agent(np.int64, outcome=True)
    dealt_wrongly: Ints = per_agent(np.int64, outcome=True)
    suffered: Ints = per_agent(np.int64, outcome=True)

    punish_points: Ints
    punish_again_points: Ints

    punish = Decision(
        "redress",
        ("spare", "punish", "reward"),
        arguments=(
            Argument(
                "points", 0, MOST, count="company", choices=("punish", "reward"), unit="points"
            ),
        ),
        summary="Punish or reward others with whom you play, at your own cost: how many points?",
    )
    punish_again = Decision(
        "redress",
        ("spare", "punish"),
        arguments=(Argument("points", 0, MOST, count="company", choices=("punish",)),),
        summary="Punish others who let a breach pass unpunished: how many points for each?",
    )

    @staticmethod
    def announce(w: World, own: PeerPunishment) -> None:
        w.sight.loss_if_breach[own.place] += own.impact * own.announced_points

    @staticmethod
    def publish(w: World, own: PeerPunishment) -> None:
        w.sight.reward_reach[own.place] = own.reward

    @staticmethod
    def withdraw(w: World, own: PeerPunishment) -> None:
        w.sight.reward_reach[own.place] = 0.0
        for i in seats(w):
            w.sight.others_lenient[i] = 0

    @staticmethod
    def meet(w: World, own: PeerPunishment) -> None:
        for i in seats(w):
            own.broke[i] = 0
            own.hits[i] = 0
            own.thanks[i] = 0
            if governed(w, own, face(w, i)):
                w.sight.others_lenient[i] = 0

    @staticmethod
    def witness(w: World, own: PeerPunishment, x: Any) -> None:
        if breached(w, x):
            note_breaker(w, own, x)

    @staticmethod
    def who_punish(w: World, own: PeerPunishment, i: int) -> bool:
        return others(w, i) > 0

    @staticmethod
    def mask_punish(w: World, own: PeerPunishment, i: int, choice: int) -> bool:
        return choice != REWARD or own.reward > 0

    @staticmethod
    def bounds_punish(w: World, own: PeerPunishment, i: int, k: int) -> tuple[int, int]:
        return 0, MOST if k < others(w, i) else 0

    @staticmethod
    def stakes_punish(w: World, own: PeerPunishment, i: int) -> tuple[float, float, float, float]:
        count = breakers(w, own, i)
        return at_stake(own, count, 1.0 if count > 0 else 0.0)

    @staticmethod
    def default_punish(w: World, own: PeerPunishment, i: int) -> int:
        usual = int(own.usual)
        for k in range(own.broke.shape[1]):
            w.sight.reply[i, k] = usual * int(own.broke[i, k])
        return by_default(own, breakers(w, own, i))

    @staticmethod
    def after_punish(w: World, own: PeerPunishment) -> None:
        if own.strength >= SHUFFLED:
            note_lenient(w, own)

    @staticmethod
    def who_punish_again(w: World, own: PeerPunishment, i: int) -> bool:
        return own.second_order == 1 and others(w, i) > 0

    @staticmethod
    def bounds_punish_again(w: World, own: PeerPunishment, i: int, k: int) -> tuple[int, int]:
        return 0, MOST if k < others(w, i) else 0

    @staticmethod
    def stakes_punish_again(
        w: World, own: PeerPunishment, i: int
    ) -> tuple[float, float, float, float]:
        # It answers what was not done, and not to this seat alone.
        return at_stake(own, lenient_ones(w, i), 0.0)

    @staticmethod
    def default_punish_again(w: World, own: PeerPunishment, i: int) -> int:
        usual = int(own.usual)
        for k in range(own.broke.shape[1]):
            w.sight.reply[i, k] = usual * int(w.sight.others_lenient[i, k])
        return by_default(own, lenient_ones(w, i))

    @staticmethod
    def redress(w: World, own: PeerPunishment) -> None:
        carry_out(w, own)


def breakers(w: World, own: PeerPunishment, i: int) -> int:
    """How many of the others broke their word to seat `i`."""
    count = 0
    for k in range(others(w, i)):
        count += int(own.broke[i, k])
    return count


def lenient_ones(w: World, i: int) -> int:
    """How many of the others let a breach pass, as seat `i` is told."""
    count = 0
    for k in range(others(w, i)):
        count += int(w.sight.others_lenient[i, k])
    return count


def at_stake(own: PeerPunishment, count: int, provoked: float) -> tuple[float, float, float, float]:
    """What the usual points for so many gain, cost, and cost others; whether they are an answer."""
    points = float(int(own.usual) * count)
    return 0.0, own.price * points, own.impact * points, provoked


def by_default(own: PeerPunishment, count: int) -> int:
    """Who cares for its own points alone punishes if that is free."""
    return PUNISH if count > 0 and own.price * own.usual <= NEGLIGIBLE else SPARE


@rare
def note_breaker(w: World, own: PeerPunishment, x: Any) -> None:
    """Whoever a breach touches notes which of the others it was."""
    a = int(holder(w, x.actor))
    k = 0
    while True:
        j = int(touched(w, x, k))
        if j == NOBODY:
            return
        at = place_of(w, j, a)
        if at >= 0:
            own.broke[j, at] = 1
        k += 1


@rare
def note_lenient(w: World, own: PeerPunishment) -> None:
    """Who was wronged, and gave the one who did it no point, let a breach pass: others see it."""
    for i in seats(w):
        own.lenient[i] = 0
        if not governed(w, own, face(w, i)):
            continue
        for k in range(others(w, i)):
            gave = own.punish_points[i, k] if own.punish[i] == PUNISH else 0
            if own.broke[i, k] and gave == 0:
                own.lenient[i] = 1
    for i in seats(w):
        if own.second_order == 1 and governed(w, own, face(w, i)):
            for k in range(others(w, i)):
                w.sight.others_lenient[i, k] = own.lenient[other(w, i, k)]


@rare
def carry_out(w: World, own: PeerPunishment) -> None:
    """Points are paid for, and fall on those whom they are for."""
    for i in seats(w):
        m = face(w, i)
        if not governed(w, own, m):
            continue
        spent = 0
        thanked = 0
        for k in range(others(w, i)):
            j = other(w, i, k)
            hit = 0
            if own.punish[i] == PUNISH:
                hit += own.punish_points[i, k]
                if own.broke[i, k] == 0:
                    own.dealt_wrongly[i] += own.punish_points[i, k]
            elif own.punish[i] == REWARD:
                own.thanks[j] += own.punish_points[i, k]
                thanked += own.punish_points[i, k]
            if own.second_order == 1 and own.punish_again[i] == PUNISH:
                hit += own.punish_again_points[i, k]
            own.hits[j] += hit
            spent += hit
        own.dealt[i] += spent
        pay(w, m, COST, own.price * (spent + thanked))
    for i in seats(w):
        m = answers(w, own, face(w, i))
        if own.hits[i] > 0:
            own.suffered[holder(w, m)] += own.hits[i]
            penalise(w, m, COST, own.impact * own.hits[i])
        if own.thanks[i] > 0:
            pay(w, COST, m, own.reward * own.price * own.thanks[i])
