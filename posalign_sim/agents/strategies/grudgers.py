"""Strategies that bear a grudge: for how long, for what, and whether it can be made good.

Where a strategy goes by the name that the Axelrod library (Knight et al. 2016, Journal of Open
Research Software 4) gives it, it makes the same moves in every history.
"""

from __future__ import annotations

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT
from posalign_sim.agents.strategies.past import (
    cooperations,
    defections,
    exceeds,
    other_defected,
    own_defected,
)
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, other_worst, parameter, turns

# Parameters and notes by number.
FIRST, SECOND, THIRD = range(3)
_HAIR = 1e-9


class ForgetfulGrudger(Agent):
    """Defects for `rounds` rounds after a defection, and then forgets it: limited punishment.

    What happens in the meantime does not prolong it.

    Source: Green & Porter (1984), Econometrica 52 (punishment that ends); Knight et al. (2016),
    Journal of Open Research Software 4.
    """

    rounds: float = param(10, 1, 1e6, "rounds", "of defection in answer")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        if noted[FIRST] < 1 and other_defected(p, i):
            noted[FIRST] = parameter(p, i, FIRST)
        if noted[FIRST] >= 1:
            noted[FIRST] -= 1
            return DEFECT
        return COOPERATE


class SoftGrudger(Agent):
    """Answers `after` defections in a row with `punishment` ones, and then `penance` cooperations.

    Whatever happens in the meantime it finishes what it has begun. (1, 4, 2) is the soft grudger;
    with no penance and long punishment it comes close to a grim trigger that is slow to anger.

    Source: Li & Kendall (2011), in Li, Hingston & Kendall, IEEE Transactions on Computational
    Intelligence and AI in Games 3; Fudenberg, Rand & Dreber (2012), American Economic Review 102.
    """

    after: float = param(1, 1, 1e6, "rounds", "of defection in a row that it answers")
    punishment: float = param(4, 1, 1e6, "rounds", "of defection in answer")
    penance: float = param(2, 0, 1e6, "rounds", "of cooperation after that")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        # It notes the partner's run of defections, and what is still to be done of either.
        noted = notes(p, i)
        noted[FIRST] = noted[FIRST] + 1 if other_defected(p, i) else 0.0
        idle = noted[SECOND] < 1 and noted[THIRD] < 1
        if idle and noted[FIRST] >= parameter(p, i, FIRST):
            noted[SECOND] = parameter(p, i, SECOND)
            noted[THIRD] = parameter(p, i, THIRD)
        if noted[SECOND] >= 1:
            noted[SECOND] -= 1
            return DEFECT
        if noted[THIRD] >= 1:
            noted[THIRD] -= 1
        return COOPERATE


class ForgivingGrim(Agent):
    """A grim trigger that forgives who cooperates `penance` times while it is punished.

    It does such penance itself: after a defection that slipped from it, it lets as many answers
    pass. So two of them with a penance of 1 are back at cooperation two rounds after a slip.

    Source: van Damme (1989), Journal of Economic Theory 47: punishment that ends with penance is
    proof against renegotiation, where a grim trigger's is not.
    """

    penance: float = param(1, 1, 1e6, "rounds", "of cooperation, punished, that make it good")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        # It notes whether it punishes, what penance it has seen, and what penance it owes.
        noted, theirs, own = notes(p, i), other_defected(p, i), own_defected(p, i)
        if own and noted[FIRST] == 0:
            noted[THIRD] = parameter(p, i, FIRST)
        if noted[THIRD] >= 1:
            noted[THIRD] -= 1 - own
        elif theirs:
            noted[FIRST] = 1.0
            noted[SECOND] = 0.0
        elif noted[FIRST] == 1 and own:
            noted[SECOND] += 1
            if noted[SECOND] >= parameter(p, i, FIRST):
                noted[FIRST] = 0.0
        return DEFECT if noted[FIRST] == 1 else COOPERATE


class OppositeGrudger(Agent):
    """Defects until its partner cooperates once, and then cooperates forever.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (G. Palmer).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if cooperations(p, i) > _HAIR else DEFECT


class EasyGo(Agent):
    """Defects until its partner defects once, and then cooperates forever.

    Source: Prison (1998), www.lifl.fr/IPD (easy_go), after Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if other_worst(p, i) < 0.5 else DEFECT


class Davis(Agent):
    """Cooperates for `rounds` rounds, and then defects forever on who has ever defected.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (first tournament); with two rounds
    spiteful_cc of Mathieu & Delahaye (2017), JASSS 20.
    """

    rounds: float = param(10, 0, 1e6, "rounds", "of cooperation at first")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if turns(p, i) < parameter(p, i, FIRST):
            return COOPERATE
        return DEFECT if other_worst(p, i) < 0.5 else COOPERATE


class GrudgerAlternator(Agent):
    """Cooperates until its partner defects once, and then defects every other round.

    Source: Prison (1998), www.lifl.fr/IPD (c_then_per_dc), after Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if other_worst(p, i) < 0.5 and not own_defected(p, i):
            return DEFECT
        return COOPERATE


class FoolMeOnce(Agent):
    """Lets `forgiven` defections pass, and then defects forever.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (M. Harper).
    """

    forgiven: float = param(1, 0, 1e6, "rounds", "of defection that it lets pass")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return DEFECT if defections(p, i) > parameter(p, i, FIRST) + _HAIR else COOPERATE


class Punisher(Agent):
    """Answers a defection the longer, the more often its partner has defected: 20 rounds at most.

    After the first defection it defects for as many twentieths as the partner's share of
    defections has, and does not look at what happens meanwhile.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (G. Palmer).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        if noted[FIRST] >= 1:
            noted[FIRST] -= 1
            return DEFECT
        if other_defected(p, i):
            noted[FIRST] = int(20 * defections(p, i) / turns(p, i) + _HAIR)
            return DEFECT
        return COOPERATE


class Retaliate(Agent):
    """Defects while it has been exploited more than `share` times as often as it has exploited.

    After `limit` defections in a row it cooperates once, and begins again.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (O. Campbell).
    """

    share: float = param(0.1, 0, 1e6, "factor", "of its own exploitations that it lets pass")
    limit: float = param(1e9, 0, 1e9, "rounds", "of defection in a row at most")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        # It notes how often it was exploited, how often it exploited, and for how long it punishes.
        noted, theirs, own = notes(p, i), other_defected(p, i), own_defected(p, i)
        if theirs > own:
            noted[FIRST] += 1
        elif own > theirs:
            noted[SECOND] += 1
        if noted[FIRST] <= noted[SECOND] * parameter(p, i, FIRST):
            noted[THIRD] = 0.0
            return COOPERATE
        if noted[THIRD] < parameter(p, i, SECOND):
            noted[THIRD] += 1
            return DEFECT
        noted[THIRD] = 0.0
        return COOPERATE


class Grumpy(Agent):
    """Is nice until defections exceed cooperations by `grumpy`, and grumpy until they fall behind.

    Nice, it cooperates; grumpy, it defects. It is nice again when cooperations exceed defections
    by more than `nice`.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (J. Young).
    """

    grumpy: float = param(10, 0, 1e6, "rounds", "of defection in excess that make it grumpy")
    nice: float = param(10, 0, 1e6, "rounds", "of cooperation in excess that make it nice")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        excess = defections(p, i) - cooperations(p, i)
        if noted[FIRST] == 0 and excess > parameter(p, i, FIRST) + _HAIR:
            noted[FIRST] = 1.0
        elif noted[FIRST] == 1 and -excess > parameter(p, i, SECOND) + _HAIR:
            noted[FIRST] = 0.0
        return DEFECT if noted[FIRST] == 1 else COOPERATE


class Forgiver(Agent):
    """Defects as long as its partner has in more than `share` of all rounds.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (T. Campbell).
    """

    share: float = param(0.1, 0, 1, "share", "of defections that it lets pass")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return DEFECT if exceeds(p, i, parameter(p, i, FIRST)) else COOPERATE


class Doubler(Agent):
    """Answers a defection unless its partner has cooperated more than twice as often.

    Source: Prison (1998), www.lifl.fr/IPD (doubler), after Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if other_defected(p, i) and cooperations(p, i) <= 2 * defections(p, i) + _HAIR:
            return DEFECT
        return COOPERATE


__all__ = [
    "Davis",
    "Doubler",
    "EasyGo",
    "FoolMeOnce",
    "ForgetfulGrudger",
    "Forgiver",
    "ForgivingGrim",
    "GrudgerAlternator",
    "Grumpy",
    "OppositeGrudger",
    "Punisher",
    "Retaliate",
    "SoftGrudger",
]
