"""Agents of the trust game and of giving to strangers."""

from __future__ import annotations

from posalign_sim.agents.beliefs import NEGLIGIBLE, learn_trust, trust_pays
from posalign_sim.envs.donor import BAD, DONATE, GOOD, REFUSE, DonorSight
from posalign_sim.envs.trust import ALL, KEEP, PROMISE, RETURN, SEND, SILENT, TrustSight
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import in_bad_standing, parameter


def part_of(p: TrustSight, share: float) -> int:
    """A share of the full amount, in whole ticks."""
    return min(int(p.most), int(share * p.full + 0.5))


class FixedTrust(Agent):
    """Sends, promises and returns the same whatever happens.

    Source: the strategies of Berg, Dickhaut & McCabe (1995), Games and Economic Behavior 10.
    """

    trust: float = param(0.5, 0, 1, "share", "of the full amount that it sends")
    returned: float = param(33, 0, 100, "percent", "share that it returns")
    promised: float = param(-1, -1, 100, "percent", "share that it promises; -1: it says nothing")

    @staticmethod
    def give_word(p: TrustSight, i: int) -> tuple[int, int]:
        share = int(parameter(p, i, 2))
        if share < 0:
            return SILENT, 0
        return PROMISE, share

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        return SEND, part_of(p, parameter(p, i, 0))

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        return RETURN, int(parameter(p, i, 1))


class Reciprocal(Agent):
    """Returns the more of the equal split, the more it was trusted with; trusts with all it has.

    Source: Rabin (1993), American Economic Review 83; the gifts of Akerlof (1982), QJE 97.
    """

    slope: float = param(1, 0, 10, "share", "of the equal split, returned for full trust")

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        return SEND, int(p.full)

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        trusted = p.sent[i] / max(1e-12, p.tick_size * p.full)
        return RETURN, min(ALL, int(parameter(p, i, 0) * trusted * p.fair[i] + 0.5))


class InequityAverse(Agent):
    """Returns the equal split if being ahead of the investor would hurt it more than that costs.

    Being ahead by a point costs it `guilt` points in its own eyes. As the investor it sends all,
    thinking others like itself, if its guilt is such that it would return.

    Source: Fehr & Schmidt (1999), QJE 114: in the trust game it returns from guilt 1/2 on.
    """

    guilt: float = param(0.6, 0, 1, "points per point", "what being ahead costs it")

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        return SEND, int(p.full) if parameter(p, i, 0) >= 0.5 else 0

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        if p.fair_cost[i] > parameter(p, i, 0) * p.lead[i] + NEGLIGIBLE:
            return KEEP, 0
        return RETURN, int(p.fair[i])


class CautiousInvestor(Agent):
    """Sends all if it has reason to trust, and nothing if not.

    It sends nothing to a trustee whose record it sees to be below `cutoff`. Otherwise it trusts
    with `secured` probability where a breach would cost the trustee more than it gains, and with
    `unsecured` where not; experience moves both.

    Source: Bohnet & Zeckhauser (2004), JEBO 55; as the discriminating buyer of the market.
    """

    cutoff: float = param(0.5, 0, 1, "standing", "below it a trustee is shunned")
    secured: float = param(0.95, 0, 1, "probability", "first trust in who has much to lose")
    unsecured: float = param(0.7, 0, 1, "probability", "first trust in anybody else")
    learning: float = param(0.1, 0, 1, "share", "weight of one experience")

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        if in_bad_standing(p, i, p.partner[i], parameter(p, i, 0)):
            return KEEP, 0
        if not trust_pays(p, i, parameter(p, i, 1), parameter(p, i, 2)):
            return KEEP, 0
        return SEND, int(p.full)

    @staticmethod
    def learn(p: Sight, i: int) -> None:
        learn_trust(p, i, parameter(p, i, 3))


class Discriminator(Agent):
    """Gives to those it thinks well of, with a probability for each opinion.

    Below 1, `to_good` is an error of execution; (0, 0, 0) is a defector, (1, 1, 1) gives to all.

    Source: Nowak & Sigmund (1998), Nature 393; Ohtsuki & Iwasa (2004), Journal of Theoretical
    Biology 231.
    """

    to_good: float = param(1, 0, 1, "probability", "of giving to who is thought well of")
    to_bad: float = param(0, 0, 1, "probability", "of giving to who is not")
    to_unknown: float = param(1, 0, 1, "probability", "of giving to who is not known")

    @staticmethod
    def donate(p: DonorSight, i: int) -> int:
        likely = parameter(p, i, 2)
        if p.opinion[i] == GOOD:
            likely = parameter(p, i, 0)
        elif p.opinion[i] == BAD:
            likely = parameter(p, i, 1)
        return DONATE if chance(p, i) < likely else REFUSE


__all__ = [
    "CautiousInvestor",
    "Discriminator",
    "FixedTrust",
    "InequityAverse",
    "Reciprocal",
]
