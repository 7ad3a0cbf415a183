"""What agents do before institutions: file, testify, sign, punish, rate; with any strategy.

A conduct weighs what an institution says its decision puts at stake (`p.stakes`): it knows no
institution by name, so it goes with those that others add. `TitForTat(conduct=Retaliating())`.
"""

from __future__ import annotations

from posalign_sim.agents.beliefs import NEGLIGIBLE
from posalign_sim.world.dispositions import regard_of_stakes
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Conduct
from posalign_sim.world.record import DAMAGE, GAIN, PRICE, PROVOKED, Sight
from posalign_sim.world.sight import habit

#: Index under which a conduct draws, so that no agent's draw at the same decision is the same.
_LUCK = 0xC0D


class Calculating(Conduct):
    """Takes up what gains it more than it costs, by `margin` at least.

    It cares, with the weight `spite` (or, below zero, kindness), for what it costs others, and as
    its disposition has it for how all fare.

    Source: Becker (1968), JPE 76 (who files, pays and evades by what it expects).
    """

    margin: float = param(0, -1e6, 1e6, "points", "that the gain must exceed the price by")
    spite: float = param(0, -10, 10, "weight", "of what it costs others")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        worth = p.stakes[i, GAIN] - p.stakes[i, PRICE] + habit(p, i, 1) * p.stakes[i, DAMAGE]
        worth += regard_of_stakes(p, i)
        return 1 if worth >= habit(p, i, 0) - NEGLIGIBLE else 0


class Retaliating(Conduct):
    """Takes up whatever answers what was done to it, and nothing else, for as much as `purse`.

    Source: Fehr & Gächter (2002), Nature 415 (punishing at one's own cost); Rabin (1993), AER 83.
    """

    purse: float = param(1e6, 0, 1e6, "points", "most that an answer may cost it")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        answers = p.stakes[i, PROVOKED] > 0 and p.stakes[i, PRICE] <= habit(p, i, 0) + NEGLIGIBLE
        return 1 if answers else 0


class Habitual(Conduct):
    """Takes things up with the same probability, whatever they are.

    Source: Felstiner, Abel & Sarat (1980), Law & Society Review 15 (naming, blaming, claiming:
    most grievances are never brought, and not by calculation).
    """

    likely: float = param(0.5, 0, 1, "probability", "of taking up")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 1 if chance(p, i, _LUCK) < habit(p, i, 0) else 0


class Spiteful(Conduct):
    """Takes up what costs others something, whether it has a reason or not, for as much as `purse`.

    Source: Herrmann, Thöni & Gächter (2008), Science 319 (antisocial punishment).
    """

    purse: float = param(1e6, 0, 1e6, "points", "most that it may cost itself")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        harms = p.stakes[i, DAMAGE] > 0 and p.stakes[i, PRICE] <= habit(p, i, 0) + NEGLIGIBLE
        return 1 if harms else 0


class Compliant(Conduct):
    """Takes up whatever it is asked.

    Source: Tyler (1990), Why People Obey the Law (legitimacy rather than incentives).
    """

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 1


class Abstaining(Conduct):
    """Never takes anything up: it has nothing to do with institutions.

    Source: Ellickson (1991), Order without Law.
    """

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return 0


__all__ = ["Abstaining", "Calculating", "Compliant", "Habitual", "Retaliating", "Spiteful"]
