"""The 2x2 games: one rule, payoffs by parameters, played in pairs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import NATURE, payable, post
from posalign_sim.world.conduct import interact
from posalign_sim.world.fields import Floats, Ints, param, table
from posalign_sim.world.modules import Decision, Game
from posalign_sim.world.record import World, face, later_born, meetings, met, seats

COOPERATE, DEFECT = 0, 1


class RepeatedDilemma(Game):
    """Two choices, `cooperate` or `defect`, and four payoffs; every matched pair plays each round.

    The parameters make it a prisoner's dilemma (T > R > P > S, the default: 5, 3, 1, 0), or by
    `RepeatedDilemma.of(name)` one of the other 2x2 games. The second seat of a pair (by birth)
    may have payoffs of its own (`other_*`), for games such as matching pennies.

    Interactions: each seat's act towards its partner. Cooperation is 1 for `cooperate` and 0 for
    `defect`. There are no promises: below cooperation 1 an act is a breach, which institutions may
    judge. The partner has paid what relying cost it, reward - sucker, if it cooperated; harm is
    what it lacks to the reward.

    Source: Rapoport & Guyer (1966), General Systems 11; Axelrod (1984).

    >>> RepeatedDilemma(temptation=4).values["temptation"].item()
    4.0
    """

    interactions_per_agent = 1
    declares = ("interactions", "breach")
    neighbourly = True
    customary: ClassVar = {"player": ("tit_for_tat", "tit_for_tat")}
    customary_rounds = 20

    temptation: float = param(5, -1e6, 1e6, "points", "T: defect against a cooperator")
    reward: float = param(3, -1e6, 1e6, "points", "R: both cooperate")
    punishment: float = param(1, -1e6, 1e6, "points", "P: both defect")
    sucker: float = param(0, -1e6, 1e6, "points", "S: cooperate against a defector")
    other_temptation: float = param(np.inf, summary="T of the second seat, if not the first's")
    other_reward: float = param(np.inf, summary="R of the second seat, if not the first's")
    other_punishment: float = param(np.inf, summary="P of the second seat, if not the first's")
    other_sucker: float = param(np.inf, summary="S of the second seat, if not the first's")
    amounts: Ints = table(np.int64, 2, 4)
    harms: Floats = table(np.float64, 2, 4)
    relied: Floats = table(np.float64, 2)

    move = Decision(
        "play",
        ("cooperate", "defect"),
        noisy=True,
        kept="cooperate",
        broken="defect",
        summary="Cooperate with the partner, or not?",
    )

    @classmethod
    def of(cls, name: str, **changes: Any) -> RepeatedDilemma:
        """A 2x2 game by name.

        Args:
            name: `prisoners_dilemma`, `stag_hunt`, `hawk_dove`, `harmony`, `matching_pennies`,
                or `donation` (with `benefit` 3 and `cost` 1 unless changed).
            **changes: parameters to set otherwise.

        >>> RepeatedDilemma.of("donation", benefit=4).values["temptation"].item()
        4.0
        """
        if name == "donation":
            benefit, cost = changes.pop("benefit", 3.0), changes.pop("cost", 1.0)
            values: dict[str, Any] = {
                "temptation": benefit,
                "reward": benefit - cost,
                "punishment": 0.0,
                "sucker": -cost,
            }
        elif name in FAMILY:
            values = dict(zip(PAYOFFS, FAMILY[name], strict=False))
        else:
            from posalign_sim.world.modules import ConfigurationError, nearest

            hint = nearest(name, [*FAMILY, "donation"])
            raise ConfigurationError(f"no 2x2 game is called {name!r}: {hint}")
        return cls(**{**values, **changes})

    @staticmethod
    def begin(w: World, own: RepeatedDilemma) -> None:
        # First index: first or second seat of a pair; second: 2 * own choice + the partner's.
        best = -np.inf
        for second in range(2):
            kept = payoff(own, 1 - second, COOPERATE, COOPERATE)
            own.relied[second] = kept - payoff(own, 1 - second, COOPERATE, DEFECT)
            for mine in range(2):
                for other in range(2):
                    earned = payoff(own, second, mine, other)
                    theirs = payoff(own, 1 - second, other, mine)
                    own.amounts[second, 2 * mine + other] = payable(w, earned)
                    own.harms[second, 2 * mine + other] = max(0.0, kept - theirs)
                    best = max(best, earned + theirs)
        w.first_best = best / 2
        p = w.sight
        for i in seats(w):
            # A seat stands to gain most by defecting against whichever partner tempts it more.
            p.temptation[i] = max(own.temptation - own.reward, own.punishment - own.sucker)
            p.exposure[i] = p.temptation[i]
            p.rent[i] = own.reward
            p.fallback[i] = own.punishment
            p.hope[i] = own.reward - own.punishment
            p.risk[i] = own.sucker - own.punishment
            p.at_stake[i] = own.reward - own.sucker

    @staticmethod
    def play(w: World, own: RepeatedDilemma) -> None:
        for i in seats(w):
            mine = 1 if own.move[i] == DEFECT else 0
            earned = 0
            for k in range(meetings(w, i)):
                j = met(w, i, k)
                other = 1 if own.move[j] == DEFECT else 0
                second = later_born(w, i, j)
                outcome = 2 * mine + other
                earned += own.amounts[second, outcome]
                # The partner has paid for the act if it relied on cooperation.
                relied, harm = own.relied[second], own.harms[second, outcome]
                paid = 0.0 if other else relied
                cooperation = 0.0 if mine else 1.0
                interact(w, face(w, i), face(w, j), cooperation, 0, 0.0, 0.0, paid, harm)
            post(w, NATURE, face(w, i), earned)


def payoff(own: RepeatedDilemma, second: int, mine: int, other: int) -> float:
    """Points of a seat of a pair, the first or the second one, by its choice and its partner's."""
    if mine == COOPERATE:
        first = own.reward if other == COOPERATE else own.sucker
        special = own.other_reward if other == COOPERATE else own.other_sucker
    else:
        first = own.temptation if other == COOPERATE else own.punishment
        special = own.other_temptation if other == COOPERATE else own.other_punishment
    return special if second == 1 and special < np.inf else first


PAYOFFS = (
    "temptation",
    "reward",
    "punishment",
    "sucker",
    "other_temptation",
    "other_reward",
    "other_punishment",
    "other_sucker",
)

#: Payoffs T, R, P, S (and the second seat's) of the named games.
FAMILY: dict[str, tuple[float, ...]] = {
    "prisoners_dilemma": (5, 3, 1, 0),
    "stag_hunt": (3, 4, 3, 0),
    "hawk_dove": (2, 1, -2, 0),
    "harmony": (2, 3, 0, 1),
    "matching_pennies": (-1, 1, 1, -1, 1, -1, -1, 1),
}
