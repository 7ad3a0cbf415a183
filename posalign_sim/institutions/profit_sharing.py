"""Profit sharing: part of what each earns at a table is split equally among all who sit there."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.incomes import (
    foreseen_harm,
    gain_of,
    note_breach,
    open_books,
    tell_borne,
)
from posalign_sim.world.accounts import COST, MINOR, pay, post, treasury
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.fields import Floats, Ints, param, per_agent, per_identity, scalar
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import World, face, facing, others, seats


class ProfitSharing(Institution):
    """The share `share` of each seat's gain in a round, or loss, is split equally at its table.

    The gain is what an identity owns when accounts are settled, less what it owned when the round
    began, escrow included; what institutions after it in the stack take or pay as they settle does
    not count. All at a table (in a pair both) put the share of their gains together, losses too,
    and get equal parts, to the minor unit (the first-born get what cannot be divided). Who sits
    alone shares with nobody, and so does who plays with all neighbours of a network at once: there
    is no table. It moves money between seats alone.

    With the share s among n seats everybody gets (1 - s) x its own gain + s x the mean. A breach
    that gains g and costs all others h pays less than keeping one's word from s = g / (g + (h - g)
    / n) on; in a dilemma that is 2 (T - R) / (T - S) against who cooperates, and 2 (P - S) /
    (T - S) against who does not.

    Reports, per seat: points received from its table, net.

    Tells: each seat, what of the harm of its breach comes back to it (from the mean harm of
    breaches so far, at first `foreseen`). Costs: `fee` a seat and round, burnt.

    Source: Weitzman (1984), The Share Economy; Kandel & Lazear (1992), Journal of Political
    Economy 100; Holmstrom (1982), Bell Journal of Economics 13 (what equal shares cannot do).
    Answers: section 5.3 of Laukkonen et al. (2026), shared stakes.

    >>> ProfitSharing(share=1).values["share"].item()
    1.0
    """

    share: float = param(0.5, 0, 1, "share of a gain", "that is pooled at the table")
    foreseen: float = param(1, 0, 1e6, "points", "harm of a breach to all, until one is seen")
    fee: float = param(0.01, 0, 1e6, "points per seat and round", "burnt")
    mark: Ints = per_identity(np.int64)
    harms: float = scalar()
    breaches: int = scalar(np.int64)
    told: Floats = per_agent()
    # by seat: what it puts in; by host: what lies on the table, how many share it, who has a part
    given_units: Ints = per_agent(np.int64)
    pooled: Ints = per_agent(np.int64)
    sharers: Ints = per_agent(np.int64)
    served: Ints = per_agent(np.int64)
    received: Floats = per_agent(outcome=True, unit="points")

    @staticmethod
    def publish(w: World, own: ProfitSharing) -> None:
        open_books(w, own)

    @staticmethod
    def agree(w: World, own: ProfitSharing) -> None:
        for i in seats(w):
            if not governed(w, own, face(w, i)):
                continue
            n = others(w, i) + 1 if facing(w, i) != i else 1
            kept = 1 - own.share + own.share / n
            back = own.share / n * foreseen_harm(own) / kept if n > 1 else 0.0
            tell_borne(w, own, i, back)
            if n > 1:
                pay(w, face(w, i), COST, own.fee)

    @staticmethod
    def witness(w: World, own: ProfitSharing, x: Any) -> None:
        note_breach(w, own, x)

    @staticmethod
    def settle(w: World, own: ProfitSharing) -> None:
        for i in seats(w):
            own.pooled[i] = 0
            own.sharers[i] = 0
            own.served[i] = 0
        for i in seats(w):
            m = face(w, i)
            if governed(w, own, m) and facing(w, i) != i:
                own.given_units[i] = int(np.rint(own.share * gain_of(w, own, m)))
                own.pooled[w.host[i]] += own.given_units[i]
                own.sharers[w.host[i]] += 1
        for rank in range(w.agents):
            i = w.order[rank]
            m = face(w, i)
            host = w.host[i]
            if not governed(w, own, m) or facing(w, i) == i:
                continue
            part = own.pooled[host] // own.sharers[host]
            if own.served[host] < own.pooled[host] - part * own.sharers[host]:
                part += 1
            own.served[host] += 1
            post(w, answers(w, own, m), treasury(own), own.given_units[i])
            post(w, treasury(own), m, part)
            own.received[i] += (part - own.given_units[i]) / MINOR

    @staticmethod
    def withdraw(w: World, own: ProfitSharing) -> None:
        for i in seats(w):
            tell_borne(w, own, i, 0.0)
