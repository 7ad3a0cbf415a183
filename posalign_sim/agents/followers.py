"""Agents who heed what they are told of norms, and of what all would gain by keeping them.

They act on information alone: none of it changes what they earn.
"""

from __future__ import annotations

from posalign_sim.agents.contributors import fair_units, give, give_asked, keep_all, take, take_all
from posalign_sim.agents.responsive import Opportunist, breach_pays, owed_share
from posalign_sim.agents.scholars import bluff
from posalign_sim.envs.commons import TAKE, CommonsSight
from posalign_sim.envs.crisis import CATASTROPHE, HOLD, CrisisSight
from posalign_sim.envs.donor import BAD, DonorSight
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.envs.shared_knowledge_rules import BLUFF, LIE, SHARE, WITHHOLD, SignalSight
from posalign_sim.envs.trust import KEEP, RETURN, TrustSight
from posalign_sim.world.fields import param
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import parameter

COOPERATE, DEFECT = 0, 1
#: Numbers of the parameters that come after those of an opportunist.
FIRST = len(Opportunist.parameters())
EXPECTED = FIRST + 1
_HAIR = 1e-9


def told(p: Sight, i: int) -> bool:
    """Whether seat `i` is told what it ought to do."""
    return p.advised[i] > 0 or p.norm_asked[p.place[i]] >= 0


def conforms(p: Sight, i: int) -> bool:
    """Whether a follower of norms does what it is told: it is, and enough others do."""
    seen = p.norm_seen[p.place[i]]
    common = seen if seen >= 0 else parameter(p, i, EXPECTED)
    return told(p, i) and common >= parameter(p, i, FIRST) - _HAIR


def would_have_all(p: Sight, i: int) -> bool:
    """Whether seat `i` is told that it would gain by what everybody's keeping its word brings."""
    return p.universal_gain[i] > parameter(p, i, FIRST) + _HAIR


def asked_level(p: Sight, i: int) -> float:
    """The cooperation that is asked of all; full cooperation if nothing is said."""
    asked = p.norm_asked[p.place[i]]
    return asked if asked >= 0 else 1.0


def choose(p: Sight, i: int, heeds: bool) -> int:
    """Keep one's word, or do what pays: at decisions whose first choice keeps it."""
    if heeds:
        if p.advised[i] > 0:
            return int(p.advised[i]) - 1
        return COOPERATE if asked_level(p, i) >= 0.5 else DEFECT
    return DEFECT if breach_pays(p, i) else COOPERATE


def choose_rung(p: CrisisSight, i: int, heeds: bool) -> int:
    """The same on a ladder."""
    if heeds:
        if p.advised[i] > 0:
            return int(p.advised[i]) - 1
        return int(CATASTROPHE * (1 - asked_level(p, i)) + _HAIR)
    return int(p.tempting_rung[i]) if breach_pays(p, i) else HOLD


def choose_gift(p: PublicGoodsSight, i: int, heeds: bool) -> tuple[int, int]:
    """The same in a public good."""
    if heeds:
        if p.advised[i] > 0:
            return int(p.advised[i]) - 1, int(p.advice[i, 0])
        if asked_level(p, i) >= 1:
            return give_asked(p, i)
        return give(p, asked_level(p, i))
    return keep_all() if breach_pays(p, i) else give_asked(p, i)


def choose_harvest(p: CommonsSight, i: int, heeds: bool) -> tuple[int, int]:
    """The same at a commons, where who is told no number works out its fair share itself."""
    if heeds:
        if p.advised[i] > 0:
            return TAKE, int(p.advice[i, 0])
        fair = fair_units(p, i)
        return take(p, i, fair + (1 - asked_level(p, i)) * max(0.0, p.tick * p.most[i] - fair))
    return take_all(p, i) if breach_pays(p, i) else take(p, i, fair_units(p, i))


def choose_return(p: TrustSight, i: int, heeds: bool) -> tuple[int, int]:
    """The same for a trustee."""
    if heeds:
        if p.advised[i] > 0:
            return int(p.advised[i]) - 1, int(p.advice[i, 0])
        return RETURN, int(asked_level(p, i) * owed_share(p, i) + 0.5)
    if breach_pays(p, i):
        return KEEP, 0
    return RETURN, owed_share(p, i)


def choose_gift_to(p: DonorSight, i: int, heeds: bool) -> int:
    """The same for a donor, who gives nothing to whom it holds for bad."""
    return DEFECT if p.opinion[i] == BAD and not heeds else choose(p, i, heeds)


def choose_message(p: SignalSight, i: int, heeds: bool) -> tuple[int, int]:
    """The same for who knows something."""
    if heeds:
        if p.advised[i] > 0:
            return int(p.advised[i]) - 1, int(p.advice[i, 0])
        return SHARE if asked_level(p, i) >= 0.5 else WITHHOLD, 0
    if breach_pays(p, i):
        return LIE, bluff(p, i, BLUFF)
    return SHARE, 0


class NormFollower(Opportunist):
    """Does what it is told that one ought to do, as long as enough others do; else what pays.

    It goes by the advice that it is given at a decision, or else by the cooperation that is asked
    of all; if it is told neither it is an opportunist. It conforms if all together cooperated at
    least by `threshold` in the last round, as far as it is told, and until then if it expects so.

    Source: Bicchieri (2006), The Grammar of Society (conditional preferences for conformity);
    Granovetter (1978), American Journal of Sociology 83 (thresholds).
    """

    threshold: float = param(0.5, 0, 1, "cooperation", "of all, from which it conforms")
    expected: float = param(1, 0, 1, "cooperation", "of all, until it is told")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return choose(p, i, conforms(p, i))

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return choose(p, i, conforms(p, i))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return choose_rung(p, i, conforms(p, i))

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return choose_gift(p, i, conforms(p, i))

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return choose_harvest(p, i, conforms(p, i))

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        return choose_return(p, i, conforms(p, i))

    @staticmethod
    def donate(p: DonorSight, i: int) -> int:
        return choose_gift_to(p, i, conforms(p, i))

    @staticmethod
    def inform(p: SignalSight, i: int) -> tuple[int, int]:
        return choose_message(p, i, conforms(p, i))

    @staticmethod
    def settle_trade(p: Sight, i: int) -> int:
        return choose(p, i, conforms(p, i))

    @staticmethod
    def fulfil(p: Sight, i: int) -> int:
        return choose(p, i, conforms(p, i))


class Universaliser(Opportunist):
    """Does what it would have everybody do, if it is told what that brings; else what pays.

    If everybody's keeping its word gains it more than `margin`, compared with everybody breaking
    it, it keeps its own; by the advice that it is given, or as it knows how.

    Source: Levine, Kleiman-Weiner, Schulz, Tenenbaum & Cushman (2020), PNAS 117 (universalization);
    Laffont (1975), Economica 42 (Kantian behaviour).
    """

    margin: float = param(0, 0, 1e6, "points", "that all must gain at least")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return choose(p, i, would_have_all(p, i))

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return choose(p, i, would_have_all(p, i))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return choose_rung(p, i, would_have_all(p, i))

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return choose_gift(p, i, would_have_all(p, i))

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return choose_harvest(p, i, would_have_all(p, i))

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        return choose_return(p, i, would_have_all(p, i))

    @staticmethod
    def donate(p: DonorSight, i: int) -> int:
        return choose_gift_to(p, i, would_have_all(p, i))

    @staticmethod
    def inform(p: SignalSight, i: int) -> tuple[int, int]:
        return choose_message(p, i, would_have_all(p, i))

    @staticmethod
    def settle_trade(p: Sight, i: int) -> int:
        return choose(p, i, would_have_all(p, i))

    @staticmethod
    def fulfil(p: Sight, i: int) -> int:
        return choose(p, i, would_have_all(p, i))


__all__ = ["NormFollower", "Universaliser"]
