"""Liability: who answers for a penalty, and how far: the agent, its owner, or an insurer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import MINOR, balance_of, owner_account, pay, post
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.fields import Floats, Ints, given, param, per_agent, per_identity
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import World, face, holder, seats

#: Means of a seat whose liability nothing limits, in points.
UNLIMITED = 1e7
#: Whom nobody owns.
UNOWNED = -1


class Liability(Institution):
    """Agents answer for penalties from assets of their own alone; owners or insurers for the rest.

    Whatever an institution makes an identity pay for its conduct is taken from its balance, down
    to -`credit`: what is in escrow is out of reach, and what it earned in the round is not. The
    rest stays unpaid, and whom it was due to gets less, unless somebody stands in: with `insured`
    1 (compulsory insurance) an insurer, whom every agent pays `premium` a round, for all of it;
    else its owner, if `owner` names one (a number for each seat, -1 for none), for the share
    `vicarious`. Owners and the insurer have accounts of their own, which may go below zero.
    Who stood in takes the share `recourse` of it back from the agent as accounts are settled, even
    below its floor: the agent then has nothing to lose until it has earned its way out.

    Bankruptcy: an identity whose balance is at its floor pays nothing more, plays on, and its debts
    are written off. What it could not pay is counted (`unmet`), and in how many rounds
    (`bankrupt`). Put it last in the stack: as accounts are settled it looks back on the round.

    Reports, per seat: points that stayed unpaid, points that somebody else paid for it, and rounds
    in which it could not pay.

    Tells: each seat, what it can be made to pay at most besides what it earns in the round, and
    the share of anything above that which comes back to it. With assets A a penalty F bites like
    min(F, A): who has little to lose is not deterred (judgment-proof). Costs: none; `premium` goes
    to the insurer.

    Source: Shavell (1986), International Review of Law and Economics 6 (judgment-proof problem,
    compulsory insurance); Sykes (1984), Yale Law Journal 93 (vicarious liability).
    Answers: section 5.2 of Laukkonen et al. (2026), who is liable: owner, or agent with assets.

    >>> Liability(owner=[0, 0, 1]).dimensions["owners"]  # two, and the insurer
    3
    """

    needs = ("interactions", "breach")
    own_dimensions: ClassVar = {"owners": 1}

    credit: float = param(0, 0, 1e6, "points", "below zero that penalties can bring a balance")
    vicarious: float = param(1, 0, 1, "share", "of what an agent cannot pay that its owner pays")
    insured: float = param(0, 0, 1, "0 or 1", "1: an insurer pays what an agent cannot")
    premium: float = param(0.1, 0, 1e6, "points per round", "to the insurer, if there is one")
    recourse: float = param(0, 0, 1, "share", "of it that who stood in takes back from the agent")
    owner: Ints = given(np.int32, "agents", initial=UNOWNED, low=UNOWNED, unit="number")
    backed_before: Ints = per_identity(np.int64)
    unpaid_before: Ints = per_identity(np.int64)
    unmet: Floats = per_agent(outcome=True, unit="points")
    stood_in: Floats = per_agent(outcome=True, unit="points")
    bankrupt: Ints = per_agent(np.int64, outcome=True, unit="rounds")

    def __init__(self, name: str = "", strength: Any = "enforced", **parameters: Any) -> None:
        """See the class; `owner` is a whole number for each seat."""
        super().__init__(name, strength, **parameters)
        if "owner" in self.arrays:
            owners = self.arrays["owner"]
            if (owners != np.floor(owners)).any():
                self._refuse("whole numbers", owners)
            if owners.max(initial=UNOWNED) >= owners.shape[-1]:
                self._refuse("numbers from 0 on, fewer than there are seats", owners)
            # One account for each, and one more for the insurer.
            self.dimensions["owners"] = int(owners.max(initial=UNOWNED)) + 2

    def _refuse(self, wanted: str, owners: Any) -> None:
        from posalign_sim.world.errors import ConfigurationError

        raise ConfigurationError(f"{self.name}.owner must be {wanted}: {owners.tolist()}")

    @staticmethod
    def publish(w: World, own: Liability) -> None:
        p = w.sight
        for i in seats(w):
            m = face(w, i)
            if not governed(w, own, m):
                continue
            own.backed_before[m] = w.backed[m]
            own.unpaid_before[m] = w.unpaid[m]
            w.least_balance[m] = -own.credit
            w.backer[m] = m
            w.backing[m] = 1.0
            master = own.owner[holder(w, answers(w, own, m))]
            if own.insured == 1:
                w.backer[m] = insurer(w)
            elif master != UNOWNED:
                w.backer[m] = owner_account(w, master)
                w.backing[m] = own.vicarious
            means = balance_of(w, m) / MINOR + own.credit
            p.answerable[i] = min(UNLIMITED, max(0.0, means))
            p.beyond[i] = own.recourse * w.backing[m] if w.backer[m] != m else 0.0

    @staticmethod
    def agree(w: World, own: Liability) -> None:
        if own.insured == 0:
            return
        for i in seats(w):
            if governed(w, own, face(w, i)):
                pay(w, face(w, i), insurer(w), own.premium)

    @staticmethod
    def settle(w: World, own: Liability) -> None:
        for i in seats(w):
            m = face(w, i)
            if not governed(w, own, m):
                continue
            backed = w.backed[m] - own.backed_before[m]
            unpaid = w.unpaid[m] - own.unpaid_before[m]
            if backed + unpaid <= 0:
                continue
            own.bankrupt[i] += 1
            own.unmet[i] += unpaid / MINOR
            own.stood_in[i] += backed / MINOR
            back = int(np.rint(own.recourse * backed))
            post(w, m, w.backer[m], back)
            w.sight.sanction[i] += back / MINOR

    @staticmethod
    def withdraw(w: World, own: Liability) -> None:
        for i in seats(w):
            m = face(w, i)
            if governed(w, own, m):
                w.least_balance[m] = -np.inf
                w.backer[m] = m
                w.backing[m] = 1.0
                w.sight.answerable[i] = UNLIMITED
                w.sight.beyond[i] = 0.0


def insurer(w: World) -> int:
    """The insurer's account: the one after those of all owners."""
    return -len(w.public)
