"""The family of tit for tat: the same answer, sooner or later, longer or shorter, harder or softer.

Moves are named by what they are in a prisoner's dilemma, C and D. Where a strategy goes by the name
that the Axelrod library (Knight et al. 2016, Journal of Open Research Software 4) gives it, it
makes the same moves in every history.
"""

from __future__ import annotations

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT, Graded
from posalign_sim.agents.strategies.past import (
    exceeds,
    keep,
    last_of_other,
    other_defected,
    own_defected,
)
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, other_last, other_worst, parameter, turns

# Parameters and notes by number.
FIRST, SECOND = 0, 1


def before_last(p: Sight, i: int) -> float:
    """The partner's act in the round before the last; 1 if there was none. Ask once in a round."""
    noted = notes(p, i)
    lacking = noted[FIRST]
    noted[FIRST] = 1.0 - other_last(p, i)
    return 1.0 - lacking


class TitForTwoTats(Graded):
    """Defects only after two defections in a row; by degrees: the better of the last two acts.

    Source: Axelrod (1984), The Evolution of Cooperation; J. Maynard Smith in the second tournament.
    """

    @staticmethod
    def level(p: Sight, i: int) -> float:
        return max(before_last(p, i), other_last(p, i))


class TwoTitsForTat(Graded):
    """Answers each defection with two; by degrees: the worse of the partner's last two acts.

    Source: Axelrod (1984), The Evolution of Cooperation.
    """

    @staticmethod
    def level(p: Sight, i: int) -> float:
        return min(before_last(p, i), other_last(p, i))


class SuspiciousTitForTat(Graded):
    """Tit for tat that begins with a defection.

    Source: Boyd & Lorberbaum (1987), Nature 327.
    """

    @staticmethod
    def level(p: Sight, i: int) -> float:
        return other_last(p, i) if turns(p, i) > 0 else 0.0


class HardTitForTat(Agent):
    """Defects if its partner has in any of the last three rounds.

    Source: Knight et al. (2016), Journal of Open Research Software 4.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return DEFECT if last_of_other(p, i, notes(p, i), FIRST, 3) else COOPERATE


class HardTitForTwoTats(Agent):
    """Defects if its partner has twice in a row within the last three rounds.

    Source: Stewart & Plotkin (2012), PNAS 109.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        bits = last_of_other(p, i, notes(p, i), FIRST, 3)
        return DEFECT if bits & (bits >> 1) else COOPERATE


class TitsForTats(Agent):
    """Answers `tats` defections in a row with `tits`: (1, 1) is tit for tat, (2, 3) two for three.

    It counts anew in each round, also while it punishes.

    Source: Fudenberg, Rand & Dreber (2012), American Economic Review 102 (lenient and forgiving
    strategies); Knight et al. (2016), Journal of Open Research Software 4.
    """

    tits: float = param(3, 0, 1e6, "rounds", "of defection in answer")
    tats: float = param(2, 1, 1e6, "rounds", "of the partner's defection in a row that it answers")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        noted[FIRST] = noted[FIRST] + 1 if other_defected(p, i) else 0.0
        if noted[FIRST] >= parameter(p, i, SECOND):
            noted[SECOND] = parameter(p, i, FIRST)
        if noted[SECOND] >= 1:
            noted[SECOND] -= 1
            return DEFECT
        return COOPERATE


class SlowTitForTat(Agent):
    """Takes up what its partner did twice in a row, and else goes on as it did.

    Source: Prison (1998), www.lifl.fr/IPD (slow_tft), after Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        bits = last_of_other(p, i, notes(p, i), FIRST, 2)
        if turns(p, i) < 2:
            return COOPERATE
        if bits == 0 or bits == 3:
            return DEFECT if bits else COOPERATE
        return own_defected(p, i)


class SneakyTitForTat(Agent):
    """Cooperates twice, then defects on who has not, and repents once it is punished.

    After a defection that followed its own of the round before that it cooperates; else it does
    as its partner. Source: Knight et al. (2016), Journal of Open Research Software 4 (K. Langner).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        own = keep(notes(p, i), FIRST, own_defected(p, i), 2) if turns(p, i) > 0 else 0
        if turns(p, i) < 2:
            return COOPERATE
        if other_worst(p, i) >= 0.5:
            return DEFECT
        if other_defected(p, i) and own & 2:
            return COOPERATE
        return other_defected(p, i)


class SpitefulTitForTat(Agent):
    """Tit for tat until its partner defects twice in a row; then it defects forever.

    Source: Prison (1998), www.lifl.fr/IPD (tft_spiteful), after Beaufils, Delahaye & Mathieu.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        if last_of_other(p, i, noted, FIRST, 2) == 3:
            noted[SECOND] = 1.0
        return DEFECT if noted[SECOND] == 1 else other_defected(p, i)


class AdaptiveTitForTat(Agent):
    """Keeps an image of its partner between 0 and 1, and cooperates if it is at least a half.

    Each act moves the image by the share `rate` of the way to what was done; it begins at `rate`.

    Source: Tzafestas (2000), From Animals to Animats 6.
    """

    rate: float = param(0.5, 0, 1, "share", "weight of the newest act")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted, rate = notes(p, i), parameter(p, i, FIRST)
        if turns(p, i) == 0:
            noted[FIRST] = rate
            return COOPERATE
        if other_defected(p, i):
            noted[FIRST] -= rate * noted[FIRST]
        else:
            noted[FIRST] += rate * (1.0 - noted[FIRST])
        return COOPERATE if noted[FIRST] >= 0.5 else DEFECT


class ForgivingTitForTat(Agent):
    """Tit for tat that lets a defection pass as long as they are at most `share` of all rounds.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (T. Campbell).
    """

    share: float = param(0.1, 0, 1, "share", "of defections that it lets pass")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if exceeds(p, i, parameter(p, i, FIRST)):
            return other_defected(p, i)
        return COOPERATE


class RandomTitForTat(Agent):
    """Cooperates first; then copies its partner and acts at random by turns.

    Source: Knight et al. (2016), Journal of Open Research Software 4 (Z. Taylor).
    """

    cooperation: float = param(0.5, 0, 1, "probability", "chance to cooperate, at random")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if turns(p, i) > 0 and int(turns(p, i)) & 1 == 0:
            return COOPERATE if chance(p, i) < parameter(p, i, FIRST) else DEFECT
        return other_defected(p, i)


__all__ = [
    "AdaptiveTitForTat",
    "ForgivingTitForTat",
    "HardTitForTat",
    "HardTitForTwoTats",
    "RandomTitForTat",
    "SlowTitForTat",
    "SneakyTitForTat",
    "SpitefulTitForTat",
    "SuspiciousTitForTat",
    "TitForTwoTats",
    "TitsForTats",
    "TwoTitsForTat",
]
