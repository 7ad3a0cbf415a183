"""Taxation: a share of incomes goes to the treasury, and from there, equally, to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posalign_sim.institutions.incomes import (
    foreseen_harm,
    gain_of,
    note_breach,
    open_books,
    tell_borne,
)
from posalign_sim.world.accounts import COST, MINOR, POINT, balance_of, post, treasury
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.fields import Floats, Ints, given, param, per_agent, per_identity, scalar
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import World, everybody, face, seats

#: Brackets of a tax at most, and the income from which one that is not used would begin.
BRACKETS = 4
NEVER = 1e12


class IncomeTax(Institution):
    """Everybody pays a share of each round's income to the treasury; some of it is paid out again.

    Income is the gain of an identity in the round: what it owns when the tax is due, less what it
    owned when the round began, escrow included. The tax is due when accounts are settled: payoffs,
    prices, fines, and fees of other institutions of this round count, except what institutions
    after it in the stack take or pay as they settle. A loss is not taxed, and not set off later.

    The tax is flat, the share `rate` of income; or, by `thresholds` and `rates` (up to 4 brackets,
    in points of income), progressive: each rate holds for the part of the income between its
    threshold and the next. `IncomeTax.saez(...)` works out rates. Of each point collected `cost`
    is burnt. Then the share `basic_income` of all that the treasury has is paid out, equally to
    the minor unit, to everybody of the jurisdiction (the first-born get what cannot be divided).
    The treasury is never overdrawn. Everybody is who plays or holds an office.

    As gains and fines are taxed alike, the tax by itself makes no breach dearer. A basic income
    does: a breach that harms others lowers what everybody is paid out.

    Reports, per seat: points of tax paid, and of basic income received.

    Tells: each seat, what of the harm of its breach comes back to it by the basic income (from the
    mean harm of breaches so far, at first `foreseen`). Costs: `cost` a point collected, burnt.

    Source: Mirrlees (1971), Review of Economic Studies 38; Saez (2001), Review of Economic Studies
    68; in simulations: Zheng et al. (2022), Science Advances 8.
    Answers: section 5.3 of Laukkonen et al. (2026), redistribution.

    >>> IncomeTax(thresholds=[0, 10], rates=[0.1, 0.5]).arrays["rates"].tolist()
    [0.1, 0.5, 0.5, 0.5]
    """

    own_dimensions: ClassVar = {"brackets": BRACKETS}

    rate: float = param(0.2, 0, 1, "share of income", "where no brackets are given")
    cost: float = param(0.02, 0, 1, "points per point collected", "burnt")
    basic_income: float = param(0, 0, 1, "share of the treasury", "paid out in each round")
    foreseen: float = param(1, 0, 1e6, "points", "harm of a breach to all, until one is seen")
    thresholds: Floats = given(
        np.float64, "brackets", low=0, high=NEVER, unit="points", summary="where brackets begin"
    )
    rates: Floats = given(
        np.float64, "brackets", initial=-1, low=0, high=1, unit="share", summary="marginal rates"
    )
    mark: Ints = per_identity(np.int64)
    due: Ints = per_identity(np.int64)
    harms: float = scalar()
    breaches: int = scalar(np.int64)
    told: Floats = per_agent()
    tax_paid: Floats = per_agent(outcome=True, unit="points")
    basic_received: Floats = per_agent(outcome=True, unit="points")

    def __init__(self, name: str = "", strength: Any = "enforced", **parameters: Any) -> None:
        """See the class; `thresholds` and `rates` are lists of up to 4 numbers, of one length."""
        brackets = [parameters[k] for k in ("thresholds", "rates") if k in parameters]
        if len(brackets) == 1:
            raise ConfigurationError("income_tax: give thresholds and rates, or neither")
        if brackets:
            parameters["thresholds"], parameters["rates"] = _brackets(*brackets)
        super().__init__(name, strength, **parameters)

    @classmethod
    def saez(
        cls,
        incomes: Sequence[float],
        thresholds: Sequence[float],
        elasticity: float = 0.25,
        **changes: Any,
    ) -> IncomeTax:
        """A tax with the rates that theory says are best, given how incomes are distributed.

        Args:
            incomes: a sample of incomes, in points of a round.
            thresholds: where the brackets begin, in points; up to 4.
            elasticity: of income with respect to the share of it that is kept.
            **changes: parameters to set otherwise.

        >>> IncomeTax.saez([1, 1, 2, 4], [0, 2], elasticity=1).arrays["rates"][:2].tolist()
        [0.0, 0.13157894736842107]
        """
        from posalign_sim.theory.taxation import saez_rates

        rates = saez_rates(incomes, thresholds, elasticity)
        return cls(thresholds=thresholds, rates=rates, **changes)

    @staticmethod
    def begin(w: World, own: IncomeTax) -> None:
        if own.rates[0] >= 0:
            return
        for k in range(len(own.rates)):
            own.rates[k] = own.rate
            own.thresholds[k] = 0.0 if k == 0 else NEVER

    @staticmethod
    def publish(w: World, own: IncomeTax) -> None:
        open_books(w, own)
        if own.basic_income == 0:
            return
        paid_out = (1 - own.cost) * own.basic_income / max(1, residents(w, own))
        for i in seats(w):
            if governed(w, own, face(w, i)):
                tell_borne(w, own, i, comes_back(w, own, i, paid_out) if paid_out > 0 else 0.0)

    @staticmethod
    def witness(w: World, own: IncomeTax, x: Any) -> None:
        if own.basic_income == 0:
            return
        note_breach(w, own, x)

    @staticmethod
    def settle(w: World, own: IncomeTax) -> None:
        # All incomes first: in a placebo one's tax falls on another, whose income stays what it is.
        for i in everybody(w):
            m = face(w, i)
            own.due[m] = 0
            if governed(w, own, m):
                own.due[m] = tax_on(own, gain_of(w, own, m))
        collected = 0
        for i in everybody(w):
            m = face(w, i)
            if governed(w, own, m):
                post(w, answers(w, own, m), treasury(own), own.due[m])
                own.tax_paid[i] += own.due[m] * POINT
                collected += own.due[m]
        burnt = min(int(np.rint(own.cost * collected)), max(0, balance_of(w, treasury(own))))
        post(w, treasury(own), COST, burnt)
        if own.basic_income > 0:
            pay_basic_income(w, own)

    @staticmethod
    def withdraw(w: World, own: IncomeTax) -> None:
        for i in seats(w):
            tell_borne(w, own, i, 0.0)


def _brackets(thresholds: Any, rates: Any) -> tuple[Any, Any]:
    """Thresholds and rates, filled up to the number of brackets that there is room for."""
    try:
        starts, shares = (np.asarray(a, np.float64) for a in (thresholds, rates))
    except (TypeError, ValueError):
        raise ConfigurationError("income_tax: thresholds and rates must be numbers") from None
    for name, array in (("thresholds", starts), ("rates", shares)):
        if array.ndim not in (1, 2) or not 1 <= array.shape[-1] <= BRACKETS:
            raise ConfigurationError(
                f"income_tax.{name} has shape {array.shape}: give 1 to {BRACKETS} numbers, or as "
                "many for each world"
            )
    if starts.shape[-1] != shares.shape[-1]:
        raise ConfigurationError(
            f"income_tax has {starts.shape[-1]} thresholds and {shares.shape[-1]} rates: give one "
            "rate for each threshold"
        )
    if (np.diff(starts, axis=-1) < 0).any():
        raise ConfigurationError(f"income_tax.thresholds must ascend: {starts.tolist()}")
    more = BRACKETS - starts.shape[-1]
    if more:
        widen = [(0, 0)] * (starts.ndim - 1) + [(0, more)]
        starts = np.pad(starts, widen, constant_values=NEVER)
        shares = np.pad(shares, [(0, 0)] * (shares.ndim - 1) + [(0, more)], mode="edge")
    return starts, shares


def tax_on(own: Any, income: int) -> int:
    """Minor units of tax on an income in minor units, bracket by bracket, rounded once."""
    due = 0.0
    low = own.thresholds[0] * MINOR
    for k in range(len(own.rates)):
        high = own.thresholds[k + 1] * MINOR if k + 1 < len(own.rates) else np.inf
        due += own.rates[k] * max(0.0, min(income, high) - low)
        if income <= high:
            break
        low = high
    return int(np.rint(due))


def marginal_rate(own: Any, income: float) -> float:
    """The rate on one point more than an income."""
    rate = 0.0
    for k in range(len(own.rates)):
        if income < own.thresholds[k]:
            break
        rate = own.rates[k]
    return rate


@rare
def comes_back(w: World, own: Any, i: int, paid_out: float) -> float:
    """Points of a breach's harm that come back to seat `i`, who is paid so much of each taxed."""
    rate = marginal_rate(own, w.sight.rent[i])
    kept = 1 - rate + rate * paid_out
    return rate * paid_out * foreseen_harm(own) / kept if kept > 0 else 0.0


def residents(w: World, own: Any) -> int:
    """How many of those who play or hold an office are of the tax's jurisdiction."""
    count = 0
    for i in everybody(w):
        count += 1 if governed(w, own, face(w, i)) else 0
    return count


@rare
def pay_basic_income(w: World, own: Any) -> None:
    """Pay a share of the treasury out to everybody alike; the rest by one unit, by birth."""
    pot = balance_of(w, treasury(own))
    count = residents(w, own)
    if pot <= 0 or count == 0:
        return
    if own.basic_income < 1:
        pot = min(pot, int(np.floor(own.basic_income * pot)))
    each = pot // count
    rest = pot - each * count
    for rank in range(w.agents + w.officials):
        i = w.order[rank]
        m = face(w, i)
        if not governed(w, own, m):
            continue
        amount = each + (1 if rest > 0 else 0)
        rest -= 1
        post(w, treasury(own), m, amount)
        own.basic_received[i] += amount * POINT
