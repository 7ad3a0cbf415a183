"""Mediators: seats who draft terms for others, by a standard of fairness."""

from __future__ import annotations

from posalign_sim.envs.bargaining_sight import BargainingSight
from posalign_sim.world.compiler import rare
from posalign_sim.world.drafts import WORST, search
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.sight import parameter

PROPOSE, ABSTAIN = 0, 1
#: What terms can be best by, in the order of their numbers.
STANDARDS = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")


class Mediator(Agent):
    """Drafts what is best by a standard, of what parties report; abstains if nothing suits all.

    By `standard` that is the product of gains beyond no deal (0, Nash), the least gain as a share
    of the party's greatest (1, Kalai-Smorodinsky), the least gain (2, egalitarian) or the sum of
    gains (3, utilitarian), of deals by which nobody loses. `favours` a party (by its number from
    0), it drafts what is worst for the others that they can still accept: a partial mediator.

    Source: Nash (1950), Econometrica 18; Kalai & Smorodinsky (1975), Econometrica 43; Kalai
    (1977), Econometrica 45; Raiffa (1982), The Art and Science of Negotiation.
    """

    standard: float = param(0, 0, 3, "number", "Nash, Kalai-Smorodinsky, egalitarian, utilitarian")
    favours: float = param(-1, -1, 5, "party", "whose interest alone counts; -1: nobody's")

    @classmethod
    def of(cls, name: str) -> Mediator:
        """A mediator by the name of its standard.

        >>> Mediator.of("egalitarian").values["standard"].item()
        2.0
        """
        if name not in STANDARDS:
            hint = nearest(name, STANDARDS)
            raise ConfigurationError(f"no mediator is called {name!r}: {hint}")
        return cls(standard=STANDARDS.index(name))

    @staticmethod
    def draft(p: BargainingSight, i: int) -> int:
        return draft_best(p, i, int(parameter(p, i, 0)), int(parameter(p, i, 1)))


@rare
def draft_best(p: BargainingSight, i: int, standard: int, favours: int) -> int:
    """Write down the terms that are best by a standard, or for one party, if there are any."""
    points = p.reported_points[i].copy()
    n = int(p.drafting_for[i])
    if 0 <= favours < n:
        # The sum of gains in which the others' hardly count, though they must not lose.
        standard = 3
        for k in range(points.shape[1]):
            for o in range(points.shape[2]):
                points[favours, k, o] *= 1e6
    reserve = p.reported_reserve[i].copy()
    if 0 <= favours < n:
        reserve[favours] *= 1e6
    most = points.shape[2] - 1 if p.divide == 1 else -1
    worth = search(points, reserve, p.options_of, n, standard, most, p.reply[i])
    return PROPOSE if worth > WORST / 2 else ABSTAIN


__all__ = ["STANDARDS", "Mediator"]
