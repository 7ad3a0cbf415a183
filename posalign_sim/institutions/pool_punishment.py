"""Pool punishment: seats hire an enforcer before they play, who punishes breaches for all."""

from __future__ import annotations

import numpy as np

from posalign_sim.institutions.own_fines import tell_no_own_fines, tell_own_fine
from posalign_sim.world.accounts import COST, LIMIT, pay, treasury
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import answers, breached, find, governed, penalise
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, per_identity
from posalign_sim.world.modules import SHUFFLED, Decision, Institution
from posalign_sim.world.record import World, acts, face, holder, other, others, seats

STAY_OUT, JOIN_POOL = 0, 1


class PoolPunishment(Institution):
    """Before play each seat may pay into the pool of its table; the pool punishes breaches there.

    Who joins pays `fee`. Who is caught at a breach, with probability `evident`, is fined `leverage`
    times what is in the pool of its table (or, on a network, in that of itself and its
    neighbours), once a round. With `second_order` 1 whoever has not joined is fined as much, unless
    it is fined for a breach. Nobody is fined where nobody has paid.

    What is a breach: a promise not kept or, without promises, an act below the game's standard,
    for which nobody has answered yet. A breach that is caught is a finding.

    The pool is the enforcer's wage: it is burnt, whether there was anything to punish or not, and
    nothing is left over. Fines go to the treasury. By default a seat joins if the second-order fine
    that this saves it, where as many others join as did in the last round (first: as announced),
    is worth the fee; so without second-order punishment it does not.

    Reports, per seat: rounds in which it paid, times it was fined, and how many of these were
    wrongful (for what somebody else did).

    Tells: everyone, what a breach costs if `announced_payers` pay; each seat, once all have chosen,
    how much more or less it is at its own table. Costs: `fee` of each who joins, burnt.

    Source: Yamagishi (1986), JPSP 51; Sigmund, De Silva, Traulsen & Hauert (2010), Nature 466.
    Answers: table 3 of Laukkonen et al. (2026), sanctions by those who are concerned.

    >>> PoolPunishment(second_order=1).values["second_order"].item()
    1.0
    """

    needs = ("interactions", "breach")
    provides = ("findings",)

    fee: float = param(0.5, 0, 1e3, "points", "what a seat pays into the pool in a round")
    leverage: float = param(3, 0, 100, "factor", "fine for each point in the pool")
    evident: float = param(1, 0, 1, "probability", "that a breach is caught")
    second_order: float = param(0, 0, 1, "0 or 1", "1: who has not paid is fined, too")
    announced_payers: float = param(1, 0, 1e4, "seats", "announced: how many pay at a table")
    told: Floats = per_agent()
    payers: Ints = per_agent(np.int32)
    joiners: Floats = per_agent(initial=-1)
    offenders: Ints = per_agent(np.int32)
    offended: Flags = per_agent(np.uint8)
    caught: Flags = per_identity(np.uint8)
    paid_in: Ints = per_agent(np.int64, outcome=True)
    fined: Ints = per_agent(np.int64, outcome=True)
    wrongly_fined: Ints = per_agent(np.int64, outcome=True)

    join_pool = Decision(
        "agree",
        ("stay_out", "join_pool"),
        summary="Pay into the pool that punishes breaches at your table?",
    )

    @staticmethod
    def announce(w: World, own: PoolPunishment) -> None:
        fine = own.leverage * own.fee * own.announced_payers
        w.sight.loss_if_breach[own.place] += own.evident * fine

    @staticmethod
    def withdraw(w: World, own: PoolPunishment) -> None:
        tell_no_own_fines(w, own)

    @staticmethod
    def meet(w: World, own: PoolPunishment) -> None:
        for m in range(w.identities):
            own.caught[m] = 0
        for i in seats(w):
            own.payers[i] = 0
            own.offended[i] = 0

    @staticmethod
    def who_join_pool(w: World, own: PoolPunishment, i: int) -> bool:
        return own.fee > 0 and others(w, i) > 0

    @staticmethod
    def stakes_join_pool(
        w: World, own: PoolPunishment, i: int
    ) -> tuple[float, float, float, float]:
        company = float(others(w, i))
        payers = own.joiners[i]
        if payers < 0:
            payers = own.announced_payers
        saved = own.second_order * own.leverage * own.fee * min(payers, company)
        harm = own.leverage * own.fee * own.offenders[i]
        return saved, own.fee, harm, 0.0

    @staticmethod
    def after_join_pool(w: World, own: PoolPunishment) -> None:
        if own.strength < SHUFFLED:
            return
        for i in seats(w):
            if own.join_pool[i] == JOIN_POOL and governed(w, own, face(w, i)):
                pay(w, face(w, i), COST, own.fee)
                own.paid_in[i] += 1
        for i in seats(w):
            if not governed(w, own, face(w, i)):
                continue
            paying = payers_at(w, own, i)
            own.payers[i] = paying
            if others(w, i) > 0:
                own.joiners[i] = float(paying - (1 if own.join_pool[i] == JOIN_POOL else 0))
            more = paying - own.announced_payers
            # Who has not joined pays the second-order fine anyway.
            if own.second_order == 1 and own.join_pool[i] == STAY_OUT:
                more = -own.announced_payers
            tell_own_fine(w, own, i, own.evident * own.leverage * own.fee * more)

    @staticmethod
    def redress(w: World, own: PoolPunishment) -> None:
        for k in acts(w):
            x = w.interactions[k]
            if not breached(w, x):
                continue
            i = int(holder(w, x.actor))
            own.offended[i] = 1
            if x.judged or own.caught[x.actor] or own.payers[i] == 0:
                continue
            if not governed(w, own, x.actor) or draw(w, own, x.actor, 0) >= own.evident:
                continue
            own.caught[x.actor] = 1
            find(w, answers(w, own, x.actor), x.target, True, 1.0, k)
            charge(w, own, i)
        for i in seats(w):
            m = face(w, i)
            free = own.join_pool[i] == STAY_OUT and own.caught[m] == 0 and own.payers[i] > 0
            if own.second_order == 1 and free and governed(w, own, m):
                charge(w, own, i)
        for i in seats(w):
            count = 0
            for k in range(others(w, i)):
                count += int(own.offended[other(w, i, k)])
            own.offenders[i] = count


@rare
def payers_at(w: World, own: PoolPunishment, i: int) -> int:
    """How many of the seats that play with seat `i`, itself included, have paid into the pool."""
    count = 1 if own.join_pool[i] == JOIN_POOL else 0
    for k in range(others(w, i)):
        j = other(w, i, k)
        if own.join_pool[j] == JOIN_POOL and governed(w, own, face(w, j)):
            count += 1
    return count


@rare
def charge(w: World, own: PoolPunishment, i: int) -> None:
    """Fine whoever answers for what seat `i` has done, by the pool at the table of seat `i`."""
    m = face(w, i)
    accused = answers(w, own, m)
    j = holder(w, accused)
    own.fined[j] += 1
    if accused != m:
        own.wrongly_fined[j] += 1
    penalise(w, accused, treasury(own), min(LIMIT, own.leverage * own.fee * own.payers[i]))
