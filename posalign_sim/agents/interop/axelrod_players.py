"""Strategies of the Axelrod library as players of repeated 2x2 games."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents.interop.foreign import Act, Foreign, IllegalActError, Player
from posalign_sim.envs.dilemma import RepeatedDilemma
from posalign_sim.world.draws import mix
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.matching import Fixed, RoundRobin
from posalign_sim.world.modules import Decision
from posalign_sim.world.noise import Tremble
from posalign_sim.world.record import Sight
from posalign_sim.world.scenario import ENDLESS, Scenario
from posalign_sim.world.sight import other_last, own_last, turns

COOPERATE, DEFECT = 0, 1


class AxelrodPlayer(Foreign):
    """A strategy of the Axelrod library (Knight et al. 2016, JORS 4) for `RepeatedDilemma`.

    It plays as in a `Match` of the library: it knows the payoffs, the noise, and the length where
    that is certain, and remembers what was really done, slips included. Each partner is a match of
    its own, begun anew with whoever is a stranger (again). Of several partners at once it
    remembers, as other agents do, the mean, which is cooperation from a half on.

    The opponent that it is shown is a player with a history and no more. Strategies that look into
    the source or the state of their opponent, which the library calls cheating, are refused.

    Args:
        strategy: a name (`"Tit For Tat"`, `"TitForTat"`), a class, or a player to be copied.
        **parameters: of the class, as in the library.

    Raises:
        ConfigurationError: there is no such strategy, it cheats, or parameters do not fit it.
    """

    knows = ("move",)

    def __init__(self, strategy: Any, **parameters: Any) -> None:
        """See the class."""
        self._library = axelrod()
        self._class, self._parameters = _strategy(self._library, strategy, parameters)
        try:
            made = self._class(**self._parameters)
        except Exception as error:
            raise ConfigurationError(f"{self._class.__name__} of Axelrod: {error}") from None
        self.name = str(made)
        for sin in ("inspects_source", "manipulates_source", "manipulates_state"):
            if self._library.Classifiers[sin](made):
                raise ConfigurationError(
                    f"{self.name} of Axelrod {sin.replace('_', ' ')}: nobody here has any to show"
                )

    def check(self, scenario: Scenario, seat: int) -> None:
        """Refuse games that are no 2x2 game."""
        if not isinstance(scenario.game, RepeatedDilemma):
            raise ConfigurationError(
                f"seat {seat}: {self.name} of Axelrod plays repeated_dilemma, not "
                f"{scenario.game.name}"
            )

    def player(self, scenario: Scenario, seat: int, world: Any, seed: int) -> Player:
        """See `Foreign`."""
        return _InSeat(self, match_attributes(self._library, scenario, seat, world), seed)

    def fresh(self, attributes: dict[str, Any], seed: int) -> Any:
        """A player of the library as it is when a match begins."""
        player = self._class(**self._parameters)
        player.set_match_attributes(**attributes)
        player.set_seed(seed % 2**32)
        return player

    def stranger(self) -> Any:
        """An opponent of which nothing is known but its history."""
        return self._library.Player()

    def action(self, last: float) -> Any:
        """What a cooperation is called in the library."""
        return self._library.Action.C if last >= 0.5 else self._library.Action.D

    def choice(self, action: Any) -> int:
        """What an action of the library is called here."""
        if action not in (self._library.Action.C, self._library.Action.D):
            raise IllegalActError(f"{action!r} is no action of Axelrod")
        return COOPERATE if action == self._library.Action.C else DEFECT


class _InSeat(Player):
    """A strategy in a seat: a player of the library, and its opponent, for each partner."""

    def __init__(self, kind: AxelrodPlayer, attributes: dict[str, Any], seed: int) -> None:
        self.kind, self.attributes, self.seed = kind, attributes, seed
        self.matches: dict[int, tuple[Any, Any]] = {}
        self.begun = 0

    def decide(self, p: Sight, i: int, decision: Decision) -> Act:
        """See `Player`."""
        partner, before = int(p.partner[i]), int(turns(p, i))
        if before == 0 or partner not in self.matches:
            self.begun += 1
            player = self.kind.fresh(self.attributes, mix(self.seed, self.begun))
            self.matches[partner] = player, self.kind.stranger()
        player, opponent = self.matches[partner]
        if before > len(player.history):
            mine, theirs = self.kind.action(own_last(p, i)), self.kind.action(other_last(p, i))
            player.update_history(mine, theirs)
            opponent.update_history(theirs, mine)
        return self.kind.choice(player.strategy(opponent)), ()


def match_attributes(library: Any, scenario: Scenario, seat: int, world: int) -> dict[str, Any]:
    """What a match of the library tells its players: `length` (inf if unknown), `game`, `noise`."""

    def of_world(values: Any) -> float:
        return float(values[world % len(values)] if np.ndim(values) else values)

    length = of_world(scenario.rounds)
    matching = scenario.matching
    if isinstance(matching, RoundRobin):
        length = of_world(matching.values["turns"])
    uncertain = of_world(scenario.continuation) < 1 or length >= ENDLESS
    if uncertain or not isinstance(matching, Fixed | RoundRobin):
        length = float("inf")
    elif length == int(length):
        length = int(length)
    values = scenario.game.values
    # The later born of two has payoffs of its own, where there are any.
    second = scenario.births[seat] % 2 == 1
    paid = {}
    for letter, name in (
        ("t", "temptation"),
        ("r", "reward"),
        ("p", "punishment"),
        ("s", "sucker"),
    ):
        other = of_world(values[f"other_{name}"])
        paid[letter] = other if second and np.isfinite(other) else of_world(values[name])
    slips = [of_world(n.values["probability"]) for n in scenario.noise if isinstance(n, Tremble)]
    kept = np.prod([1 - 2 * slip for slip in slips]) if slips else 1.0
    noise = (1 - float(kept)) / 2 if len(slips) > 1 else sum(slips)
    return {"length": length, "game": library.Game(**paid), "noise": noise}


def axelrod() -> Any:
    """The library.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import axelrod as library
    except ImportError:
        raise ConfigurationError(
            "Axelrod is not installed: install the CPU build of torch, then posalign-sim[interop]"
        ) from None
    return library


def _strategy(
    library: Any, strategy: Any, parameters: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The class of a strategy and its parameters."""
    if isinstance(strategy, library.Player):
        return type(strategy), {**strategy.init_kwargs, **parameters}
    if isinstance(strategy, type) and issubclass(strategy, library.Player):
        return strategy, parameters
    if not isinstance(strategy, str):
        raise ConfigurationError(f"{strategy!r} is no strategy of Axelrod, nor the name of one")
    classes = {spec.__name__: spec for spec in library.all_strategies}
    names = {spec.name: spec for spec in library.all_strategies}
    found = classes.get(strategy) or names.get(strategy)
    if found is None:
        hint = nearest(strategy, {**names, **classes})
        if hint.startswith("there is"):
            hint = f"there are {len(classes)}, such as Tit For Tat; see axelrod.all_strategies"
        raise ConfigurationError(f"Axelrod has no strategy {strategy!r}: {hint}")
    return found, parameters
