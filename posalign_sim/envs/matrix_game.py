"""Games of two with a table of payoffs: any number of choices up to eight, played in pairs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.envs.matrix_game_rules import FAMILY, MOST, MatrixSight, measure, tell
from posalign_sim.world.accounts import NATURE, payable, post
from posalign_sim.world.conduct import interact
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import Flags, Floats, Ints, given, per_agent, table
from posalign_sim.world.modules import Argument, Decision, Game
from posalign_sim.world.record import World, face, later_born, meetings, met, seats

#: The one label of the decision; which of the choices it is comes as a number.
TAKE = 0
#: Neither first nor second: a seat that has met nobody yet.
UNPLACED = 2


class MatrixGame(Game):
    """Two seats choose at once among up to eight choices; a table says what each of them earns.

    `payoffs[s, a, b]` is what seat `s` of a pair (0: the first by birth) earns in points with its
    choice `a` against its partner's choice `b`: each seat reads its own row, so that a symmetric
    game is one square table (`payoffs[a, b]`). Every matched pair plays each round; on a network a
    seat plays with all of its neighbours at once, with one choice. Social dilemmas with two choices
    and noise are `RepeatedDilemma`; this is for everything else:
    `MatrixGame.of("rock_paper_scissors")`.

    Interactions: each seat's act towards its partner. What is best for both are the outcomes that
    make most together and, of these, leave most to who has less. Cooperation is 1 for a choice
    that leads there, given the partner's choice (or, where that leads there no more, given its
    part). Other choices are measured by what they do to the partner and to both together, from 0
    (the worst that one could do) to 1, the lesser of the two. In a constant-sum game, as rock,
    paper, scissors is, there is nothing to cooperate about: every act counts as 1. There are no
    promises: below cooperation 1 an act is a breach. Harm is what the partner lacks
    to what is best for both; it has paid what relying on that could have cost it, if it did.

    Each seat is told its own table (on a network, that against its first neighbour), its part in
    what is best for both and the choice that would serve it best instead, what its partner chose
    last (not on a network), and what each choice would have earned it then.

    Source: von Neumann & Morgenstern (1944), Theory of Games and Economic Behavior; named games:
    Luce & Raiffa (1957), Games and Decisions; Shapley (1964), Annals of Math. Studies 52.

    >>> MatrixGame.of("rock_paper_scissors").arrays["payoffs"][0].tolist()
    [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
    """

    own_dimensions: ClassVar = {"choices": 2}
    interactions_per_agent = 1
    declares = ("interactions", "breach")
    neighbourly = True
    sight = MatrixSight
    customary: ClassVar = {"player": ("regret_matching", "regret_matching")}
    customary_rounds = 50

    payoffs: Floats = given(
        np.float64,
        2,
        "choices",
        "choices",
        low=-1e6,
        high=1e6,
        unit="points",
        summary="of the first and the second seat, by own choice and the partner's",
    )
    amounts: Ints = table(np.int64, 2, "choices", "choices")
    # of an act, by seat, own choice and the partner's: cooperation, harm, what the partner paid
    scale: Floats = table(np.float64, 2, "choices", "choices")
    harms: Floats = table(np.float64, 2, "choices", "choices")
    relied: Floats = table(np.float64, 2, "choices", "choices")
    # what is best for both, by the choices of the first and the second seat
    best: Flags = table(np.uint8, "choices", "choices")
    joint: Ints = table(np.int32, 2)
    selfish: Ints = table(np.int32, 2)
    side: Flags = per_agent(np.uint8, initial=UNPLACED)

    action_number: Ints

    action = Decision(
        "play",
        ("take",),
        (Argument("number", 0, "choices"),),
        kept="take",
        broken="take",
        summary="Which of your choices (counted from 0) do you take?",
    )

    def __init__(self, name: str = "", strength: Any = "enforced", **parameters: Any) -> None:
        """See the class; `payoffs` may also be the name of a game (the battle of the sexes)."""
        parameters["payoffs"] = _tables(parameters.get("payoffs", "battle_of_the_sexes"))
        super().__init__(name, strength, **parameters)
        shape = self.arrays["payoffs"].shape
        if shape[-1] != shape[-2]:
            raise ConfigurationError(
                f"{self.name}.payoffs has {shape[-2]} choices against {shape[-1]}: both seats have "
                "the same number; fill the smaller side up with choices that nobody would take"
            )
        if not 2 <= shape[-1] <= MOST:
            raise ConfigurationError(
                f"{self.name}.payoffs has {shape[-1]} choices: there can be 2 to {MOST}"
            )

    @classmethod
    def of(cls, name: str, **changes: Any) -> MatrixGame:
        """A game by name.

        Args:
            name: `rock_paper_scissors`, `matching_pennies`, `shapley`, `battle_of_the_sexes`,
                `chicken`, `hawk_dove`, `stag_hunt`, `coordination`, `pure_coordination` or
                `prisoners_dilemma`.
            **changes: other arguments of the class.

        Raises:
            ConfigurationError: no game is called so.

        >>> MatrixGame.of("chicken").arrays["payoffs"][1].tolist()
        [[6.0, 2.0], [7.0, 0.0]]
        """
        return cls(**{"payoffs": name, **changes})

    @staticmethod
    def begin(w: World, own: MatrixGame) -> None:
        choices = own.payoffs.shape[1]
        for s in range(2):
            for a in range(choices):
                for b in range(choices):
                    own.amounts[s, a, b] = payable(w, own.payoffs[s, a, b])
        greatest = measure(own)
        most = 1
        for i in seats(w):
            most = max(most, int(meetings(w, i)))
        # Who sits alone makes nothing, which is more than a loss.
        w.first_best = most * max(0.0, greatest) / 2
        w.sight.options = choices

    @staticmethod
    def agree(w: World, own: MatrixGame) -> None:
        for i in seats(w):
            if meetings(w, i) > 0:
                second = later_born(w, i, met(w, i, 0))
                if own.side[i] != second:
                    own.side[i] = second
                    tell(w, own, i, second)

    @staticmethod
    def who_action(w: World, own: MatrixGame, i: int) -> bool:
        return meetings(w, i) > 0

    @staticmethod
    def kept_action(w: World, own: MatrixGame, i: int) -> tuple[int, int]:
        return TAKE, w.sight.joint_choice[i]

    @staticmethod
    def broken_action(w: World, own: MatrixGame, i: int) -> tuple[int, int]:
        return TAKE, w.sight.selfish_choice[i]

    @staticmethod
    def play(w: World, own: MatrixGame) -> None:
        p = w.sight
        choices = own.payoffs.shape[1]
        for i in seats(w):
            if own.action[i] < 0:
                continue
            mine = int(own.action_number[i])
            earned = 0
            for a in range(choices):
                p.foregone[i, a] = 0.0
            for k in range(meetings(w, i)):
                j = met(w, i, k)
                theirs = int(own.action_number[j])
                second = later_born(w, i, j)
                earned += own.amounts[second, mine, theirs]
                for a in range(choices):
                    p.foregone[i, a] += own.payoffs[second, a, theirs]
                p.rival_choice[i] = theirs if meetings(w, i) == 1 else -1
                interact(
                    w,
                    face(w, i),
                    face(w, j),
                    own.scale[second, mine, theirs],
                    0,
                    0.0,
                    0.0,
                    own.relied[second, mine, theirs],
                    own.harms[second, mine, theirs],
                )
            post(w, NATURE, face(w, i), earned)


def _tables(payoffs: Any) -> Any:
    """A table for each seat, where the name of a game or one square table stands for both."""
    if isinstance(payoffs, str):
        if payoffs not in FAMILY:
            hint = nearest(payoffs, FAMILY)
            raise ConfigurationError(f"no matrix game is called {payoffs!r}: {hint}")
        payoffs = FAMILY[payoffs]
    try:
        array = np.asarray(payoffs, dtype=np.float64)
    except (TypeError, ValueError):
        return payoffs  # the check of what is given says what is wrong
    return np.stack([array, array]) if array.ndim == 2 else array


__all__ = ["MOST", "TAKE", "MatrixGame", "MatrixSight"]
