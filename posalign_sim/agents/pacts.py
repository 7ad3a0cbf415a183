"""Who makes pacts, with intentions of its own; and who contests payments out of malice."""

from __future__ import annotations

from typing import Any

from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent, Conduct
from posalign_sim.world.record import DAMAGE, PRICE, Sight
from posalign_sim.world.sight import habit, parameter

COOPERATE, DEFECT = 0, 1

#: The strategies of the source: proposes, joins, cooperates with a pact and without one.
STRATEGIES = {
    "committing": (1, 1, 1, 0),
    "cooperating": (0, 1, 1, 1),
    "defecting": (0, 0, 0, 0),
    "fake": (0, 1, 0, 0),
    "free": (0, 1, 1, 0),
}


class PactPlayer(Agent):
    """Proposes pacts or not, joins them or not, and acts by whether there is one.

    By `PactPlayer.of(name)` it is one of the strategies of the source: `committing` proposes, and
    cooperates only under a pact; `cooperating` and `defecting` do so whatever happens (the one
    joins, the other does not); `fake` joins and defects; `free` joins, and cooperates only then.
    Without a pact the dilemma cannot be walked away from: to defect is all that can be done.

    Source: Han, Pereira, Santos & Lenaerts (2013), Scientific Reports 3.
    """

    proposes: float = param(1, 0, 1, "0 or 1", "proposes a pact")
    joins: float = param(1, 0, 1, "0 or 1", "joins one that is proposed")
    bound: float = param(1, 0, 1, "0 or 1", "cooperates under a pact")
    unbound: float = param(0, 0, 1, "0 or 1", "cooperates without one")

    @classmethod
    def of(cls, name: str) -> PactPlayer:
        """One of the strategies of the source by name.

        >>> PactPlayer.of("fake").values["bound"].item()
        0.0
        """
        if name not in STRATEGIES:
            hint = nearest(name, STRATEGIES)
            raise ConfigurationError(f"no strategy of pacts is called {name!r}: {hint}")
        names = ("proposes", "joins", "bound", "unbound")
        values: dict[str, Any] = dict(zip(names, STRATEGIES[name], strict=True))
        return cls(**values)

    @staticmethod
    def propose_pact(p: Sight, i: int) -> int:
        return 1 if parameter(p, i, 0) == 1 else 0

    @staticmethod
    def accept_pact(p: Sight, i: int) -> int:
        return 1 if parameter(p, i, 1) == 1 else 0

    @staticmethod
    def move(p: Sight, i: int) -> int:
        cooperates = parameter(p, i, 2) if p.pact_made[i] == 1 else parameter(p, i, 3)
        return COOPERATE if cooperates == 1 else DEFECT


class Griefer(Conduct):
    """Takes up whatever costs others enough, and contests every payment that it can.

    It wants others' harm for little of its own: at least `leverage` points of theirs for each
    point of its own. With `leverage` 0 any harm is worth any price.

    Source: Buterin (2018), on griefing factors in proof of stake and in payment channels.
    """

    leverage: float = param(0, 0, 1e6, "ratio", "least harm to others for each point paid")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        harm = p.stakes[i, DAMAGE]
        return 1 if harm > 0 and harm >= habit(p, i, 0) * p.stakes[i, PRICE] - 1e-9 else 0


__all__ = ["STRATEGIES", "Griefer", "PactPlayer"]
