"""The AEC view of PettingZoo: who is asked chooses one after the other.

One step is one choice. Nobody sees what the others chose before all who are asked have chosen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv

from posalign_sim.envs.views.seats import RENDERING, Seats
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.modules import Game
from posalign_sim.world.scenario import Scenario

#: What PettingZoo wants to know of the view.
_ABOUT: dict[str, Any] = {
    **RENDERING,
    "name": "posalign_v0",
    "is_parallelizable": False,
}


class AECView(AECEnv[str, Any, Any]):
    """The agent-by-agent view of one world; see `aec_env`."""

    metadata: dict[str, Any] = _ABOUT

    def __init__(self, table: Seats, render_mode: str | None = None) -> None:
        """See `aec_env`."""
        super().__init__()
        self.table = table
        self.render_mode = render_mode
        self.possible_agents = list(table.names)
        self.agents: list[str] = []
        self.features = table.interface.features
        self.observation_spaces = table.observation_spaces
        self.action_spaces = table.action_spaces

    @property
    def illegal_actions(self) -> int:
        """How many illegal actions there have been."""
        return self.table.illegal_actions

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """What an agent observes: named features, and a mask of legal actions."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """How an agent acts."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """A new episode; without a seed, the one that follows the last."""
        table = self.table
        table.begin(seed)
        self.agents = list(table.names)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {name: {} for name in self.agents}
        self._open()

    def _open(self) -> None:
        """The next decision: those who are asked will choose in turn."""
        table = self.table
        self._seen = table.observations()
        self._names = table.asked()
        self._choices = np.zeros(len(self._names), np.int64)
        self._row = 0
        self.agent_selection = self._names[0]

    def observe(self, agent: str) -> Any:
        """What an agent sees at the pending decision.

        Raises:
            ConfigurationError: nothing has begun, or no agent has this name.
        """
        if not hasattr(self.table, "session"):
            raise ConfigurationError("nothing has begun: call reset() first")
        if agent not in self._seen:
            hint = nearest(str(agent), self.possible_agents)
            raise ConfigurationError(f"no agent is called {agent!r}: {hint}")
        return self._seen[agent]

    def step(self, action: Any) -> None:
        """The selected agent chooses; the world goes on when the last one who is asked has.

        Raises:
            ConfigurationError: the action is illegal or of a wrong type. Nothing has changed.
        """
        if not self.agents:
            begun = hasattr(self.table, "session")
            what = "the episode is over" if begun else "nothing has begun"
            raise ConfigurationError(f"{what}: call reset()")
        name = self.agent_selection
        if self.terminations[name] or self.truncations[name]:
            self._was_dead_step(action)
            return
        table, session = self.table, self.table.session
        choice = table.put(self._row, name, action)
        if not session.legal(self._row, choice, table.arguments[self._row]):
            session.refuse(self._row, choice, table.arguments[self._row])
        self._cumulative_rewards[name] = 0.0
        self._clear_rewards()
        self._choices[self._row] = choice
        self._row += 1
        if self._row < len(self._names):
            self.agent_selection = self._names[self._row]
            return
        session.act(self._choices, table.arguments)
        if session.count == 0:
            table.check_fault()
            last = session.final_observations[0]
            for k, agent in enumerate(self.possible_agents):
                self._seen[agent] = {
                    "observation": last[k].copy(),
                    "action_mask": table.wait.copy(),
                }
            self.rewards = dict(
                zip(self.possible_agents, session.final_rewards[0].tolist(), strict=True)
            )
            self.infos = table.told()
            self.terminations = dict.fromkeys(self.agents, True)
            self.agent_selection = self.agents[0]
        else:
            for row, seat in enumerate(session.seat[: session.count].tolist()):
                self.rewards[table.name_of[seat]] = float(session.rewards[row])
            self.infos = table.told()
            self._open()
        self._accumulate_rewards()

    def render(self) -> Any:
        """What happened so far: text, or a picture of the last round."""
        return self.table.render(self.render_mode)

    def close(self) -> None:
        """Nothing is held open."""


def aec_env(
    scenario: str | Game | Scenario, *, render_mode: str | None = None, **details: Any
) -> AECView:
    """A PettingZoo AECEnv of one world; arguments as in `Seats`."""
    return AECView(Seats(scenario, render_mode=render_mode, **details), render_mode)
