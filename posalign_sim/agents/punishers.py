"""Conducts towards one's fellows: who punishes whom, who rewards, who lets others off.

They decide for each of those with whom they play (`p.others_acts`), and go with any strategy:
`Cooperator(conduct=AltruisticPunisher())`. Whatever else an institution asks of them, punishers
take up if it answers what was done to them.
"""

from __future__ import annotations

import numpy as np

from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Conduct
from posalign_sim.world.record import DAMAGE, PRICE, PROVOKED, Sight
from posalign_sim.world.sight import habit

SPARE, PUNISH, REWARD = 0, 1, 2
HUSH, REPORT = 0, 1
#: Index under which a conduct draws.
_LUCK = 0xBAD


def provoked(p: Sight, i: int) -> int:
    """1 if what is asked answers something that was done to seat `i`, else 0."""
    return 1 if p.stakes[i, PROVOKED] > 0 else 0


class AltruisticPunisher(Conduct):
    """Punishes those whose cooperation is below `cutoff`, at its own cost, the more the less it is.

    Who did not cooperate at all gets `points`.

    Source: Fehr & Gächter (2002), Nature 415.
    """

    points: float = param(5, 0, 10, "points", "for who does not cooperate at all")
    cutoff: float = param(1, 0, 1, "cooperation", "below it one is punished")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return provoked(p, i)

    @staticmethod
    def punish(p: Sight, i: int) -> int:
        for k in range(p.others_acts.shape[1]):
            act = p.others_acts[i, k]
            low = 0 <= act < habit(p, i, 1)
            p.reply[i, k] = int(np.rint(habit(p, i, 0) * (1 - act))) if low else 0
        return PUNISH


class SecondOrderPunisher(AltruisticPunisher):
    """Punishes as an altruistic punisher, and with as many points those who let a breach pass.

    Source: Henrich & Boyd (2001), Journal of Theoretical Biology 208.
    """

    @staticmethod
    def punish_again(p: Sight, i: int) -> int:
        for k in range(p.others_lenient.shape[1]):
            p.reply[i, k] = int(habit(p, i, 0)) if p.others_lenient[i, k] else 0
        return PUNISH


class AntisocialPunisher(Conduct):
    """Punishes those who cooperate, and nobody else.

    Source: Herrmann, Thöni & Gächter (2008), Science 319.
    """

    points: float = param(5, 0, 10, "points", "for who cooperates")
    cutoff: float = param(0.5, 0, 1, "cooperation", "from which on one is punished")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 0

    @staticmethod
    def punish(p: Sight, i: int) -> int:
        for k in range(p.others_acts.shape[1]):
            high = p.others_acts[i, k] >= habit(p, i, 1)
            p.reply[i, k] = int(habit(p, i, 0)) if high else 0
        return PUNISH


class SpitefulPunisher(Conduct):
    """Punishes everybody who acted, whatever it did; takes up what costs others more than itself.

    Source: Fehr, Hoff & Kshetramade (2008), American Economic Review 98 (spite).
    """

    points: float = param(5, 0, 10, "points", "for each")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 1 if p.stakes[i, DAMAGE] > p.stakes[i, PRICE] else 0

    @staticmethod
    def punish(p: Sight, i: int) -> int:
        for k in range(p.others_acts.shape[1]):
            p.reply[i, k] = int(habit(p, i, 0)) if p.others_acts[i, k] >= 0 else 0
        return PUNISH


class Rewarder(Conduct):
    """Rewards those who cooperate, where rewards reach them; it punishes nobody.

    Source: Sefton, Shupp & Walker (2007), Economic Inquiry 45; Rand et al. (2009), Science 325.
    """

    points: float = param(5, 0, 10, "points", "for who cooperates")
    cutoff: float = param(1, 0, 1, "cooperation", "from which on one is rewarded")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 0

    @staticmethod
    def punish(p: Sight, i: int) -> int:
        for k in range(p.others_acts.shape[1]):
            high = p.others_acts[i, k] >= habit(p, i, 1)
            p.reply[i, k] = int(habit(p, i, 0)) if high else 0
        return REWARD if p.reward_reach[p.place[i]] > 0 else SPARE


class CapturedAuditor(Conduct):
    """As an auditor hushes up what it finds with a probability, whatever it is.

    Source: Laffont & Tirole (1991), Quarterly Journal of Economics 106 (capture).
    """

    captured: float = param(1, 0, 1, "probability", "that a case is hushed up")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 0

    @staticmethod
    def report_irregularity(p: Sight, i: int) -> int:
        return HUSH if chance(p, i, _LUCK) < habit(p, i, 0) else REPORT


class CautiousAuditor(Conduct):
    """As an auditor reports what it is sure enough of, and hushes up the rest.

    Source: Blackstone's ratio, as a cutoff: Kaplow (1994), Journal of Legal Studies 23.
    """

    sure: float = param(0.9, 0, 1, "probability", "from which on a case is reported")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 0

    @staticmethod
    def report_irregularity(p: Sight, i: int) -> int:
        return REPORT if p.audit_certainty[i] >= habit(p, i, 0) else HUSH


__all__ = [
    "AltruisticPunisher",
    "AntisocialPunisher",
    "CapturedAuditor",
    "CautiousAuditor",
    "Rewarder",
    "SecondOrderPunisher",
    "SpitefulPunisher",
]
