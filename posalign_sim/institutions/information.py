"""Information: what is announced to all, and moves no money but what it costs to publish it."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import COST, MINOR, minor, pay
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.fields import param, scalar
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import World, face, holder, seats


class Information(Institution):
    """A bureau tells seats what others do, what they ought to do, and what that would be worth.

    It pays nobody and punishes nobody: it is the arm that separates information from incentives.
    What it tells is up to five switches: `descriptive`, how much all cooperated on average in the
    last round; `injunctive`, the cooperation `asked` of everybody; `market`, the mean price and the
    number of acts that were paid for in the last round; `universal`, what each seat would gain if
    everybody kept its word, rather than everybody breaking it ("what if everybody did that?"), as
    the game accounts for it before seats act; `advice`, at each decision where a word can be kept
    or broken, the choice and the numbers by which the seat that is asked keeps it: at a commons its
    fair share of what can be taken for good, in a public good the contribution that is asked.

    Each jurisdiction counts the acts of its own. When shuffled, a seat is told the gain of another
    one of its role; the rest is the same for all, or follows from the game's own rule, so that
    there is nothing to exchange.

    Tells: everybody in the jurisdiction, all of this. Costs: `effort` a seat and round, burnt.

    Source: Cialdini, Reno & Kallgren (1990), J. Pers. Soc. Psychol. 58 (descriptive and injunctive
    norms); Allcott (2011), J. Public Econ. 95 (norm nudges); Piatti et al. (2024), NeurIPS
    (universalisation in the commons), after Levine et al. (2020), PNAS 117.
    Answers: section 5 of Laukkonen et al. (2026): information-sharing, apart from incentives.

    >>> Information(advice=0, asked=0.5).values["asked"].item()
    0.5
    """

    needs = ("interactions",)

    descriptive: float = param(1, 0, 1, "0 or 1", "1: tells what all do on average")
    injunctive: float = param(1, 0, 1, "0 or 1", "1: tells what ought to be done")
    asked: float = param(1, 0, 1, "cooperation", "that ought to be shown")
    market: float = param(1, 0, 1, "0 or 1", "1: tells prices and volumes")
    universal: float = param(1, 0, 1, "0 or 1", "1: tells what all gain if all keep their word")
    advice: float = param(1, 0, 1, "0 or 1", "1: tells how a word is kept, when it matters")
    effort: float = param(0.01, 0, 1e6, "points per seat and round", "cost of publication")
    # in this round so far: acts and their cooperation, acts that were paid for and their price, in
    # millionths: a sum of integers does not depend on who acts first
    acts: int = scalar(np.int64)
    conduct_total: int = scalar(np.int64)
    sales: int = scalar(np.int64)
    price_total: int = scalar(np.int64)

    @staticmethod
    def publish(w: World, own: Information) -> None:
        p, at = w.sight, own.place
        hush(w, own)
        if own.descriptive == 1 and own.acts > 0:
            p.norm_seen[at] = own.conduct_total / MINOR / own.acts
        if own.injunctive == 1:
            p.norm_asked[at] = own.asked
        if own.market == 1 and own.sales > 0:
            p.trade_mean_price[at] = own.price_total / MINOR / own.sales
            p.trade_volume[at] = own.sales
        count_anew(own)

    @staticmethod
    def meet(w: World, own: Information) -> None:
        tell_gains(w, own)

    @staticmethod
    def agree(w: World, own: Information) -> None:
        tell_gains(w, own)

    @staticmethod
    def advises(w: World, own: Information, i: int) -> bool:
        return own.advice == 1

    @staticmethod
    def witness(w: World, own: Information, x: Any) -> None:
        if not governed(w, own, x.actor):
            return
        own.acts += 1
        own.conduct_total += minor(x.cooperation)
        if x.paid > 0:
            own.sales += 1
            own.price_total += minor(x.paid)

    @staticmethod
    def settle(w: World, own: Information) -> None:
        for i in seats(w):
            if governed(w, own, face(w, i)):
                pay(w, face(w, i), COST, own.effort)

    @staticmethod
    def withdraw(w: World, own: Information) -> None:
        hush(w, own)
        count_anew(own)


def hush(w: World, own: Information) -> None:
    """Nothing is told until it is published."""
    p, at = w.sight, own.place
    p.norm_seen[at] = -1.0
    p.norm_asked[at] = -1.0
    p.trade_mean_price[at] = -1.0
    p.trade_volume[at] = 0.0
    for i in seats(w):
        if governed(w, own, face(w, i)):
            p.universal_gain[i] = 0.0


def count_anew(own: Information) -> None:
    """No act of this round has been counted yet."""
    own.acts = 0
    own.conduct_total = 0
    own.sales = 0
    own.price_total = 0


def tell_gains(w: World, own: Information) -> None:
    """Tell each seat what it would gain if all kept their words, as the game has it by now."""
    if own.universal == 0:
        return
    p = w.sight
    for i in seats(w):
        m = face(w, i)
        if governed(w, own, m):
            p.universal_gain[holder(w, answers(w, own, m))] = p.rent[i] - p.fallback[i]
