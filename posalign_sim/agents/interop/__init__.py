"""Players of other libraries in external seats: Axelrod's strategies and NegMAS' negotiators.

They are Python objects, one for each seat and world: a decision takes what it takes at home, and
some fifty microseconds besides. What they see is what any agent in their seat sees. Install what
they need with the extra `interop`; nothing here imports these libraries before a player of theirs
is asked for::

    from posalign_sim import External, Scenario
    from posalign_sim.agents import TitForTat
    from posalign_sim.agents.interop import AxelrodPlayer, play
    from posalign_sim.envs import RepeatedDilemma

    duel = Scenario(RepeatedDilemma(), [External(), TitForTat()], rounds=200)
    run = play(duel, {"player_0": AxelrodPlayer("Grudger")}, worlds=10, seed=1)
    run.table()
"""

from posalign_sim.agents.interop.axelrod_players import AxelrodPlayer
from posalign_sim.agents.interop.foreign import Foreign, IllegalActError, Player
from posalign_sim.agents.interop.negmas_negotiators import NegmasNegotiator
from posalign_sim.agents.interop.play import ForeignRun, play

__all__ = [
    "AxelrodPlayer",
    "Foreign",
    "ForeignRun",
    "IllegalActError",
    "NegmasNegotiator",
    "Player",
    "play",
]
