"""Shared knowledge: each knows something, together they know more, and who hoards it can trade."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from posalign_sim.envs.shared_knowledge_rules import (
    BLUFF,
    LIE,
    SHARE,
    TOP,
    WITHHOLD,
    SharedSignals,
    SignalSight,
    accurate,
    claim,
    find_out,
    hear_claims,
    lied,
)
from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Floats, Ints, param, per_agent
from posalign_sim.world.modules import Argument, Decision
from posalign_sim.world.record import GROUP, World, face, facing, seats

#: What is not known lies between a quarter and three quarters of the scale, each value alike.
LOWEST, RANGE = 250.0, 500.0
# Indices under which the game draws: the value, whether a lie is found, twelve for the error.
_VALUE, _FOUND, _ERROR = 0, 1, 2


class KnowledgeSight(SignalSight):
    """What a seat is told besides."""

    stock: Floats = per_agent(
        low=0, unit="share", summary="common stock of knowledge: by so much prizes are larger"
    )


class SharedKnowledge(SharedSignals):
    """Everybody at a table has a noisy signal of the same value; they may pool them, or lie.

    In each round nature draws a value, uniform over the middle half of 0..1000 ticks, and gives
    each seat a signal of it whose error has mean 0 and standard deviation `deviation`. Seats first
    `withhold` their signal, `share` it, or `lie` (claim any other number); all at the table are
    told the claims. Then each names an estimate of the value, by custom the mean of its own
    signal and of what it was told. Its accuracy is 1 - (error / `tolerance`)^2, at least 0.

    Nature pays each seat `prize` x (1 + stock) x accuracy. Then everybody trades with everybody on
    what they know: of each pair who knows better takes `arbitrage` x (difference of accuracy) /
    (others at the table) from the other. Trade makes nothing; it is why a seat that misleads the
    others gains at once. At the end the value is known: each lie is found out with probability
    `found`. The stock of knowledge of the table is then multiplied by 1 - `decay`, grows by
    `growth` x share of seats that shared, shrinks by `spoil` x share found to have lied, and stays
    in [0, `ceiling`]. It is carried by the seats: whoever sit together pool what they carry.

    So sharing is an investment in later rounds' prizes, and arbitrage is its zero-sum rival.

    Interactions: each seat's act towards its table. Cooperation 1 for sharing, 1/2 for withholding,
    0 for a claim that is not the signal. A claim is a promise to tell the truth: promised is
    accuracy 1, delivered the accuracy of the claim as a report of the signal; who withholds
    promises nothing. Harm is what a lie takes from each of those who believe it, in prizes.

    Source: pooling: Bates & Granger (1969), Operational Research Quarterly 20; trading on what
    others do not know: Hirshleifer (1971), American Economic Review 61; a growing stock: Romer
    (1990), Journal of Political Economy 98; Hess & Ostrom (2007), Understanding Knowledge as a
    Commons.

    >>> from posalign_sim import Scenario, simulate
    >>> from posalign_sim.agents import Sharer
    >>> made = Scenario(SharedKnowledge(deviation=0), [Sharer()] * 3, rounds=2, metrics=())
    >>> simulate(made, 1, mode="interpreted").points[0].round(3).tolist()  # stock 0, then 1/4
    [2.25, 2.25, 2.25]
    """

    interactions_per_agent = 1
    sight = KnowledgeSight
    customary: ClassVar = {"player": ("conditional_sharer",) * 3 + ("liar",)}
    customary_rounds = 30

    prize: float = param(1, 0, 1e5, "points", "for an exact estimate, while there is no stock")
    arbitrage: float = param(1, 0, 1e5, "points", "traded on each point of better accuracy")
    growth: float = param(0.25, 0, 10, "share per round", "what sharing by all adds to the stock")
    decay: float = param(0.1, 0, 1, "share per round", "of the stock that is outdated")
    spoil: float = param(1, 0, 10, "share", "of stock, lost if all are found to have lied")
    ceiling: float = param(2, 0, 50, "share", "most that the stock can be")
    found: float = param(1, 0, 1, "probability", "that a lie is found out")
    truth: Floats = per_agent()
    level: Floats = per_agent()
    accuracy: Floats = per_agent()

    estimate_number: Ints

    estimate = Decision(
        "play",
        ("estimate",),
        (Argument("number", 0, TOP, unit="ticks"),),
        summary="What is the value?",
    )

    @staticmethod
    def begin(w: World, own: SharedKnowledge) -> None:
        w.standard = 0.0
        w.first_best = own.prize * (1 + own.ceiling)
        w.sight.tolerance = own.tolerance

    @staticmethod
    def meet(w: World, own: SharedKnowledge) -> None:
        for i in seats(w):
            # The value belongs to the table: its host's luck.
            own.truth[i] = LOWEST + RANGE * draw(w, own, face(w, w.host[i]), _VALUE)
            find_out(w, own, i, own.truth[i], face(w, i), _ERROR)
        for i in seats(w):
            if w.host[i] == i:
                gather(w, own, i)

    @staticmethod
    def after_inform(w: World, own: SharedKnowledge) -> None:
        hear_claims(w, own)

    @staticmethod
    def who_estimate(w: World, own: SharedKnowledge, i: int) -> bool:
        return facing(w, i) != i

    @staticmethod
    def default_estimate(w: World, own: SharedKnowledge, i: int) -> tuple[int, int]:
        p = w.sight
        count = int(p.told_count[i])
        return 0, int(np.rint((p.signal[i] + count * p.told_mean[i]) / (1 + count)))

    @staticmethod
    def play(w: World, own: SharedKnowledge) -> None:
        # Not before: whoever is told of acts would know of a lie before it can work.
        for i in seats(w):
            if own.inform[i] >= 0:
                record_act(w, own, i)
        for i in seats(w):
            if own.estimate[i] >= 0:
                own.accuracy[i] = accurate(own, own.estimate_number[i] - own.truth[i])
                pay(w, NATURE, face(w, i), own.prize * (1 + own.level[i]) * own.accuracy[i])
        for i in seats(w):
            if w.host[i] == i and facing(w, i) != i:
                trade(w, own, i)
                build(w, own, i)


def gather(w: World, own: SharedKnowledge, host: int) -> None:
    """A table pools the stock that its seats carry, and everybody is told what is at stake."""
    p = w.sight
    total = own.level[host]
    count = 1
    j = facing(w, host)
    while j != host:
        total += own.level[j]
        count += 1
        j = facing(w, j)
    level = total / count
    spread = own.deviation * own.deviation / (own.tolerance * own.tolerance)
    misled = min(1.0, BLUFF * BLUFF / (count * count))
    worth = own.prize * (1 + level)
    j = host
    while True:
        own.level[j] = level
        p.stock[j] = level
        p.temptation[j] = own.arbitrage * misled
        p.exposure[j] = own.arbitrage * misled
        p.rent[j] = worth * max(0.0, 1 - spread / count)
        p.fallback[j] = worth * max(0.0, 1 - spread)
        p.hope[j] = p.rent[j] - p.fallback[j]
        p.risk[j] = -worth * misled
        j = facing(w, j)
        if j == host:
            break


def record_act(w: World, own: SharedKnowledge, i: int) -> None:
    """What seat `i` did to its table by telling, not telling, or misleading it."""
    if own.inform[i] == WITHHOLD:
        interact(w, face(w, i), GROUP, 0.5, 0, 0.0, 0.0, 0.0, 0.0)
        return
    error = float(claim(w, own, i)) - w.sight.signal[i]
    cooperation = 0.0 if lied(w, own, i) else 1.0
    # Who shared too takes the mean of all claims; who did not, of one number more. At least two.
    shift = error / max(2.0, float(own.claimants[w.host[i]]))
    harm = own.prize * (1 + own.level[i]) * (1 - accurate(own, shift))
    interact(w, face(w, i), GROUP, cooperation, 1, 1.0, accurate(own, error), 0.0, harm)


def trade(w: World, own: SharedKnowledge, host: int) -> None:
    """Everybody at a table trades with everybody: who knows better gains what the other loses."""
    others = 0
    j = facing(w, host)
    while j != host:
        others += 1
        j = facing(w, j)
    i = host
    while True:
        j = facing(w, i)
        while j != host:
            gain = own.arbitrage * (own.accuracy[i] - own.accuracy[j]) / others
            if gain != 0:
                pay(w, face(w, j), face(w, i), gain)
            j = facing(w, j)
        i = facing(w, i)
        if i == host:
            break


def build(w: World, own: SharedKnowledge, host: int) -> None:
    """The value is known now: lies are found out, and the stock grows by what was shared."""
    p = w.sight
    shared = 0
    liars = 0
    believed = 0
    count = 0
    j = host
    while True:
        count += 1
        caught = lied(w, own, j) and draw(w, own, face(w, j), _FOUND) < own.found
        told = own.inform[j] != WITHHOLD and not caught
        shared += 1 if own.inform[j] != WITHHOLD and not lied(w, own, j) else 0
        liars += 1 if caught else 0
        believed += 1 if told else 0
        # Kept for a moment: whether others have reason to think that it shared.
        p.shared_last[j] = 1.0 if told else 0.0
        j = facing(w, j)
        if j == host:
            break
    level = (1 - own.decay) * own.level[host]
    level += (own.growth * shared - own.spoil * liars) / count
    level = min(own.ceiling, max(0.0, level))
    while True:
        own.level[j] = level
        p.shared_last[j] = (believed - p.shared_last[j]) / (count - 1)
        j = facing(w, j)
        if j == host:
            break


__all__ = ["BLUFF", "LIE", "SHARE", "WITHHOLD", "KnowledgeSight", "SharedKnowledge"]
