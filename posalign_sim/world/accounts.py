"""Money: integer accounts, posted double-entry, through one checked function.

Every payoff, price, fee, bond and fine is an `int64` number of minor units (one millionth of a
point) that leaves one account and enters another, so that the sum over all accounts of a world
is zero, exactly, always. Identities are accounts by their number; the rest have names:

* `NATURE` pays out payoffs and is paid what acts use up: what it paid is the surplus made.
* `COST` takes what running an institution uses up (fees burnt, staff); nobody gets it.
* `OUTSIDERS` are third parties that an act helps or harms.
* `treasury(own)` is the public purse of an institution's jurisdiction.
* `owner_account(w, k)` belongs to the owner number `k` of seats, where a module has a dimension
  `owners`; the last of these is the insurer's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.compiler import rare, variant
from posalign_sim.world.events import post_event
from posalign_sim.world.faults import BAD_AMOUNT, BAD_HOLD, raise_fault
from posalign_sim.world.record import World, face, holder

#: Minor units in a point.
MINOR = 1_000_000
#: A minor unit in points, for what is only reported: dividing is slow.
POINT = 1 / MINOR
#: Largest amount that one posting may move, in points.
LIMIT = 1e7
#: Largest balance, in minor units, that leaves room for thousands of the largest payments a round.
ROOM = 2**62

NATURE = -1
COST = -2
OUTSIDERS = -3
_TREASURY = -4


def jurisdiction_of(own: Any) -> int:
    """Which jurisdiction a module rules: where its terms are announced."""
    return own.place


@variant(jurisdiction_of, "one_place")
def _only_jurisdiction(own: Any) -> int:
    return 0


def treasury(own: Any) -> int:
    """The account of the public purse of a module's jurisdiction."""
    return _TREASURY - jurisdiction_of(own)


def owner_account(w: World, k: int) -> int:
    """The account of owner number `k`: these come after the treasuries of all jurisdictions."""
    return _TREASURY - len(w.sight.visibility) - int(k)


def balance_of(w: World, account: int) -> int:
    """Minor units on an account, an identity's or a public one."""
    return w.balance[account] if account >= 0 else w.public[-account - 1]


def minor(points: float) -> int:
    """Points in minor units, rounded once, half to even; the amount must be finite and small."""
    return int(np.rint(points * MINOR))


def post(w: World, payer: int, payee: int, amount: int) -> None:
    """Move minor units between two accounts; the only place where a balance changes."""
    if payer >= 0:
        w.balance[payer] -= amount
    else:
        w.public[-payer - 1] -= amount
    if payee >= 0:
        w.balance[payee] += amount
    else:
        w.public[-payee - 1] += amount
    post_event(w, payer, payee, amount)


def payable(w: World, points: float) -> int:
    """Points in minor units that may be posted; 0, and a fault, if not finite or above `LIMIT`."""
    if not abs(points) <= LIMIT:
        raise_fault(w, BAD_AMOUNT)
        return 0
    return minor(points)


def pay(w: World, payer: int, payee: int, points: float) -> int:
    """Pay `points` (possibly negative) from one account to another.

    Args:
        w: the world.
        payer: identity or named account that pays.
        payee: identity or named account that is paid.
        points: the amount; anything not finite or above `LIMIT` faults the world instead.

    Returns:
        The minor units that were moved.
    """
    moved = payable(w, points)
    post(w, payer, payee, moved)
    return moved


def hold(w: World, identity: int, points: float) -> bool:
    """Put an identity's points into escrow, where they stay its own but out of reach.

    Returns:
        Whether it was done: the amount must be positive and finite.
    """
    if not 0 < points <= LIMIT:
        return False
    hold_units(w, identity, minor(points))
    return True


def hold_units(w: World, identity: int, amount: int) -> None:
    """Put minor units of an identity's into escrow."""
    w.balance[identity] -= amount
    w.held[identity] += amount
    post_event(w, identity, identity, -amount)


def release(w: World, identity: int, points: float) -> None:
    """Give held points back to the identity that they belong to."""
    settle_hold(w, identity, identity, points)


def settle_hold(w: World, identity: int, payee: int, points: float) -> None:
    """Pay held points out to `payee`; more than is held faults the world and moves nothing."""
    if not 0 <= points <= LIMIT:
        raise_fault(w, BAD_HOLD)
        return
    settle_units(w, identity, payee, minor(points))


def settle_units(w: World, identity: int, payee: int, amount: int) -> None:
    """Pay held minor units out to `payee`; more than is held faults the world and moves nothing."""
    if not 0 <= amount <= w.held[identity]:
        raise_fault(w, BAD_HOLD)
        return
    w.held[identity] -= amount
    if payee >= 0:
        w.balance[payee] += amount
    else:
        w.public[-payee - 1] += amount
    post_event(w, identity, payee, amount)


def account_of(w: World, agent: int) -> int:
    """Minor units that an agent owns through all of its identities, held ones included."""
    total = 0
    for identity in range(w.identities):
        if holder(w, identity) == agent:
            total += w.balance[identity] + w.held[identity]
    return total


@variant(account_of, "one_face")
def _only_account(w: World, agent: int) -> int:
    return w.balance[agent] + w.held[agent]


@rare
def close_twin(w: World) -> None:
    """Turn the round into its zero-sum twin: take back the seats' mean of what came from outside.

    What nature, and what outsiders, paid since the last time is shared out equally and charged
    back, to the last minor unit (the residual goes one unit each to the first seats by birth);
    then each seat is paid the stated constant. What a seat gets still depends on what everybody
    does; the sum does not.
    """
    take_back(w, NATURE, w.nature_mark)
    take_back(w, OUTSIDERS, w.outsiders_mark)
    for rank in range(w.agents):
        pay(w, NATURE, face(w, w.order[rank]), w.twin_constant)
    w.nature_mark = w.public[-NATURE - 1]
    w.outsiders_mark = w.public[-OUTSIDERS - 1]


def take_back(w: World, source: int, mark: int) -> None:
    """Charge all seats alike for what a public account paid since it stood at `mark`."""
    paid = mark - w.public[-source - 1]
    if paid == 0:
        return
    share = paid // w.agents
    residual = paid - share * w.agents
    for rank in range(w.agents):
        amount = share + (1 if rank < residual else 0)
        post(w, face(w, w.order[rank]), source, amount)
