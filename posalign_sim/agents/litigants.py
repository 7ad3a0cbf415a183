"""What parties to disputes do, whatever their strategy in the game: conducts before a court."""

from __future__ import annotations

import math

from posalign_sim.agents.beliefs import NEGLIGIBLE
from posalign_sim.agents.conduct import Calculating
from posalign_sim.world.dispositions import regard_of_stakes
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Conduct
from posalign_sim.world.record import GAIN, PRICE, PROVOKED, Sight
from posalign_sim.world.sight import habit

ABSTAIN, BRIBE = 0, 1
DISCLOSE = 2
COMPLAINS, ACCUSED = 1, 2
STATE = 1


def pays(p: Sight, i: int) -> bool:
    """Whether what a seat is asked to take up is worth its price."""
    gain = p.stakes[i, GAIN] + regard_of_stakes(p, i)
    return bool(gain >= p.stakes[i, PRICE] - NEGLIGIBLE)


class FrivolousLitigant(Calculating):
    """Takes up whatever pays, wronged or not: it sues the innocent, and appeals when guilty.

    With wrongful wins of probability q, a stake S, and a fee f that only losers bear, filing
    against the innocent pays iff f <= q S / (1 - q).

    Source: Bebchuk (1988), Journal of Legal Studies 17 (suing for profit without a case).
    """


class Briber(Conduct):
    """Offers arbiters a bribe if its case is worth it; otherwise does what it is due and pays.

    Source: Becker & Stigler (1974), Journal of Legal Studies 3.
    """

    offer: float = param(2, 0, 100, "points", "offered to each arbiter for its vote")
    side: float = param(2, 0, 2, "", "1: only when it complains, 2: when it is accused, 0: both")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 1 if p.stakes[i, PROVOKED] == 1 and pays(p, i) else 0

    @staticmethod
    def bribe(p: Sight, i: int) -> tuple[int, int]:
        amount = habit(p, i, 0)
        meant = habit(p, i, 1) == 0 or habit(p, i, 1) == p.case_side[i]
        if meant and 0 < amount <= p.case_worth[i] + NEGLIGIBLE:
            return BRIBE, round(100 * amount)
        return ABSTAIN, 0


class Discloser(Conduct):
    """Puts all its evidence before the court, for or against itself; else as who was wronged.

    Source: the honest witness; Milgrom (1981), Bell Journal of Economics 12, on what silence says.
    """

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 1 if p.stakes[i, PROVOKED] == 1 and pays(p, i) else 0

    @staticmethod
    def testify(p: Sight, i: int) -> int:
        return DISCLOSE


def win_probability(rival: float, mine: float) -> float:
    """How likely a standard normal ideal is nearer to the higher of two sums than to the lower."""
    return 0.5 * math.erfc((rival + mine) / 2 / math.sqrt(2))


def best_reply(rival: float) -> float:
    """What who complains states best, in standard deviations above the mean.

    Given what the other states, it maximises the expected award, which is the rival's sum, plus
    what lies between both times the probability of winning: where that stops to rise.
    """
    low, high = rival, max(rival, -rival) + 8.0
    for _ in range(60):
        x = (low + high) / 2
        middle = (rival + x) / 2
        density = math.exp(-middle * middle / 2) / math.sqrt(2 * math.pi)
        if win_probability(rival, x) > (x - rival) / 2 * density:
            low = x
        else:
            high = x
    return (low + high) / 2


class AwardSeeker(Conduct):
    """States the award that is best against what its last opponent has stated.

    Source: Brams & Merrill (1983), Management Science 29; Cournot (1838) for the adjustment.
    """

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 1 if p.stakes[i, PROVOKED] == 1 and pays(p, i) else 0

    @staticmethod
    def state_award(p: Sight, i: int) -> tuple[int, int]:
        spread = p.award_spread[i]
        if spread <= 0:
            return STATE, round(100 * p.award_expected[i])
        # The accused's problem is the mirror image.
        sign = 1.0 if p.case_side[i] == COMPLAINS else -1.0
        away = sign * best_reply(sign * p.rival_award[i] / spread)
        return STATE, round(100 * (p.award_expected[i] + spread * away))


__all__ = ["AwardSeeker", "Briber", "Discloser", "FrivolousLitigant"]
