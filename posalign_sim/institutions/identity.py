"""Identity: a register of names, and what it takes to begin anew under another one."""

from __future__ import annotations

import numpy as np

from posalign_sim.world.accounts import COST, jurisdiction_of, pay
from posalign_sim.world.conduct import answers, drop, governed
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Ints, param, per_agent
from posalign_sim.world.modules import Decision, Institution
from posalign_sim.world.record import World, face, seats

STAY, REENTER = 0, 1


class Registry(Institution):
    """Seats act under registered names, and may ask for a new one, under which nothing is known.

    At the start of a round a seat may ask for a new name, at a `reentry_fee` (by default nobody
    can). The register recognises who asks with probability `verified`: then the fee is lost and
    the old name stays, with all that is known of it. Otherwise the seat acts under its old name
    for the rest of this round, and is a stranger from the next on: every ledger, opinion and
    memory of it is empty, and what the old name owned stays its own. 0 are cheap pseudonyms, 1 are
    verified identities.

    What is remembered of a name, and for how long, is for those who keep records to say. Records
    belong to names, and no rule sees who is behind them. When shuffled, the fee is paid by who
    asks, and another one of its role is given a new name.

    By default a seat asks if the trade that its public record costs it, from the next round on, is
    worth more than the fee.

    Reports, per seat: how often it was given a new name, and how often it was recognised.

    Tells: everyone, what a new name costs on average: the fee over the chance to be given it.
    Costs: the fee, and `upkeep` a seat and round, burnt.

    Source: Friedman & Resnick (2001), Journal of Economics & Management Strategy 10 (cheap
    pseudonyms); Douceur (2002), IPTPS (who can vouch for identities).
    Answers: section 5.2 of Laukkonen et al. (2026), agent identity and registration.

    >>> Registry(reentry_fee=2, verified=0.5).values["verified"].item()
    0.5
    """

    reentry_fee: float = param(np.inf, 0, np.inf, "points", "price of asking for a new name")
    verified: float = param(0, 0, 1, "probability", "that who asks is recognised, and refused")
    upkeep: float = param(0.01, 0, 1e6, "points per seat and round", "cost of the register")
    renamed: Ints = per_agent(np.int64, outcome=True)
    recognised: Ints = per_agent(np.int64, outcome=True)

    reenter = Decision(
        "meet", ("stay", "reenter"), summary="Keep this identity, or pay for a new one?"
    )

    @staticmethod
    def announce(w: World, own: Registry) -> None:
        p = w.sight
        if own.verified < 1 and own.reentry_fee < np.inf:
            price = own.reentry_fee / (1 - own.verified)
            p.reentry_fee[jurisdiction_of(own)] = min(p.reentry_fee[jurisdiction_of(own)], price)

    @staticmethod
    def who_reenter(w: World, own: Registry, i: int) -> bool:
        return own.reentry_fee < np.inf

    @staticmethod
    def stakes_reenter(w: World, own: Registry, i: int) -> tuple[float, float, float, float]:
        return clean_name(w, own, i), own.reentry_fee, 0.0, 0.0

    @staticmethod
    def default_reenter(w: World, own: Registry, i: int) -> int:
        return REENTER if clean_name(w, own, i) > own.reentry_fee else STAY

    @staticmethod
    def after_reenter(w: World, own: Registry) -> None:
        for i in seats(w):
            m = face(w, i)
            if own.reenter[i] != REENTER or not governed(w, own, m):
                continue
            pay(w, m, COST, own.reentry_fee)
            if draw(w, own, m, 0) < own.verified:
                own.recognised[i] += 1
            else:
                own.renamed[i] += 1
                drop(w, answers(w, own, m))

    @staticmethod
    def settle(w: World, own: Registry) -> None:
        for i in seats(w):
            if governed(w, own, face(w, i)):
                pay(w, face(w, i), COST, own.upkeep)


def clean_name(w: World, own: Registry, i: int) -> float:
    """Points that asking for a new name is worth to a seat: trade that its record would cost it."""
    p = w.sight
    m = face(w, i)
    if p.standing_known[m] == 0:
        return 0.0
    spoilt = p.visibility[jurisdiction_of(own)] * (1 - p.standing[m])
    ahead = p.continuation / max(1e-9, 1 - p.continuation)
    rounds = min(ahead, float(p.rounds - p.clock - 1))
    return (1 - own.verified) * spoilt * (p.rent[i] - p.fallback[i]) * rounds
