"""The parallel view of PettingZoo: one step is one decision, and all who are asked act at once.

Because a step is one decision, not one round, a pledge is seen before the act. Who is not asked
waits: the last choice, the only legal one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

from posalign_sim.envs.views.seats import RENDERING, Seats
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.modules import Game
from posalign_sim.world.scenario import Scenario

#: What PettingZoo wants to know of the view.
_ABOUT: dict[str, Any] = {
    **RENDERING,
    "name": "posalign_v0",
    "is_parallelizable": True,
}
#: Steps for which memory is made at once.
_PAGE = 64


class ParallelView(ParallelEnv[str, Any, Any]):
    """The parallel view of one world; see `parallel_env`."""

    metadata: dict[str, Any] = _ABOUT
    _act: Callable[[Any, Any], int]  # from the first reset on, with all else in `_open`

    def __init__(self, table: Seats, render_mode: str | None = None) -> None:
        """See `parallel_env`."""
        self.table = table
        self.render_mode = render_mode
        self.possible_agents = list(table.names)
        self.agents: list[str] = []
        self.features = table.interface.features
        self.observation_spaces = table.observation_spaces
        self.action_spaces = table.action_spaces
        self._plain = table.illegal == "raise" and not table.interface.widths
        # Everybody is asked at every decision: rows are agents, and a step can be quick.
        self._steady = self._plain and not table.waits and not table.weighed
        self._page: list[tuple[Any, Any]] = []

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

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A new episode; without a seed, the one that follows the last."""
        table, names = self.table, self.possible_agents
        opened = hasattr(self, "_act")
        if self._steady and opened:
            # What the last episode gave away stays as it is.
            table.session.masks, table.session.observations = self._memory()
        table.begin(seed)
        if not opened:
            self._open()
        self.agents = names.copy()
        infos: dict[str, Any] = {name: {} for name in names}
        if self._steady:
            session = table.session
            return self._show(session.observations, self._legal or session.masks), infos
        self._names = table.asked()
        return table.observations(), infos

    def _open(self) -> None:
        """What steps need of a session, and keep."""
        table, session, count = self.table, self.table.session, len(self.possible_agents)
        self._put, self._show, self._tell = written(tuple(self.possible_agents))
        self._names = table.names
        self._choices = np.zeros(count, np.int64)
        self._places = self._choices.data  # takes integers alone, and faster than the array does
        self._act = session.acting(self._choices, table.arguments)
        # If everything is legal, always, one array says so.
        legal = np.ones(session.masks.shape[1], session.masks.dtype)
        legal.flags.writeable = False
        self._legal: tuple[Any, ...] = (
            () if table.scenario.structure.masks_vary else (legal,) * count
        )

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """Everybody who is asked acts; the rest wait.

        Raises:
            ConfigurationError: an action is missing, illegal or of a wrong type, an agent is
                unknown, or the episode is over. The world is unchanged.
        """
        agents = self.agents
        if not isinstance(actions, dict) or len(actions) != len(agents) or not agents:
            self._refuse(actions)
        if not self._steady:
            return self._step_some(actions)
        # Everybody acts: no search, no loops, and memory from a page for many steps.
        try:
            self._put(self._places, actions)
        except (KeyError, TypeError, ValueError):
            self._refuse(actions)
        session = self.table.session
        masks, observations = self._page.pop() if self._page else self._memory()
        rows = self._act(masks, observations)
        if rows != len(agents):
            session.note(rows, self._choices, self.table.arguments)
            return self._end()
        session.masks, session.observations = masks, observations
        return self._tell(observations, self._legal or masks, session.rewards.tolist())

    def _memory(self) -> tuple[Any, Any]:
        """Where the next step is to write masks, if they vary, and observations."""
        if not self._page:
            session = self.table.session
            observations = np.empty((_PAGE, *session.observations.shape), np.float32)
            masks: Any = [session.masks] * _PAGE
            if not self._legal:
                masks = np.empty((_PAGE, *session.masks.shape), np.int8)
            self._page = list(zip(masks, observations, strict=True))
        return self._page.pop()

    def _step_some(self, actions: dict[str, Any]) -> Any:
        """A step of a world in which some are asked and some wait, or in which all is checked."""
        table, agents = self.table, self.agents
        session, names, choices = table.session, self._names, self._choices
        row = 0
        try:
            if self._plain:
                for name in names:
                    choices[row] = actions[name].__index__()
                    row += 1
            else:
                for name in names:
                    choices[row] = table.put(row, name, actions[name])
                    row += 1
        except (KeyError, AttributeError, TypeError, OverflowError):
            self._refuse(actions)
        if row < len(agents):
            self._check_waiting(actions)
        session.act(choices[:row], table.arguments)
        if session.count == 0:
            return self._end()
        names = self._names = table.asked()
        rewards = session.rewards[: session.count].tolist()
        given = dict(zip(names, rewards, strict=True))
        if len(names) < len(agents):
            given = {name: given.get(name, 0.0) for name in agents}
        return (
            table.observations(),
            given,
            dict.fromkeys(agents, False),
            dict.fromkeys(agents, False),
            table.told(),
        )

    def _end(self) -> Any:
        table, agents = self.table, self.agents
        table.check_fault()
        session = table.session
        last, rewards = session.final_observations[0], session.final_rewards[0].tolist()
        done = {
            name: {"observation": last[k].copy(), "action_mask": table.wait.copy()}
            for k, name in enumerate(agents)
        }
        self.agents = []
        return (
            done,
            dict(zip(agents, rewards, strict=True)),
            dict.fromkeys(agents, True),
            dict.fromkeys(agents, False),
            table.told(),
        )

    def _check_waiting(self, actions: dict[str, Any]) -> None:
        wait, widths = self.table.interface.choices, self.table.interface.widths
        shape = (1 + len(widths),) if widths else ()
        asked = set(self._names)
        for name in self.agents:
            if name in asked:
                continue
            if name not in actions:
                self._refuse(actions)
            choice: Any = actions[name]
            given = np.asarray(choice)
            if given.shape != shape or given.dtype.kind not in "iu" or given.flat[0] != wait:
                if self.table.illegal == "raise":
                    raise ConfigurationError(
                        f"{name} is not asked now: it can only wait ({wait}), not {choice!r}. "
                        "The world is unchanged."
                    )
                self.table.illegal_actions += 1

    def _refuse(self, actions: dict[str, Any]) -> None:
        if not hasattr(self.table, "session"):
            raise ConfigurationError("nothing has begun: call reset() first")
        if not self.agents:
            raise ConfigurationError("the episode is over: call reset()")
        if not isinstance(actions, dict):
            raise ConfigurationError(f"actions are given by agent, in a dict, not {actions!r}")
        for name in actions:
            if name not in self.agents:
                raise ConfigurationError(
                    f"no agent is called {name!r}: {nearest(str(name), self.agents)}"
                )
        for name in self.agents:
            if name not in actions:
                raise ConfigurationError(f"there is no action for {name}. The world is unchanged.")
        for row, name in enumerate(self._names):
            self.table.put(row, name, actions[name])
        raise ConfigurationError(f"an action has more than 64 bits: {actions!r}")

    def render(self) -> Any:
        """What happened so far: text, or a picture of the last round."""
        return self.table.render(self.render_mode)

    def close(self) -> None:
        """Nothing is held open."""


@cache
def written(names: tuple[str, ...]) -> tuple[Callable[..., Any], ...]:
    """What a step does for each agent, written out for these: faster than a loop.

    Args:
        names: of the agents.

    Returns:
        `put(places, actions)`, which takes the actions; `show(observations, masks)`, what the
        agents see; and `tell(observations, masks, rewards)`, what a step returns, save the last.
    """

    def each(value: str) -> str:
        return "{" + ", ".join(f"{n!r}: {value.format(k)}" for k, n in enumerate(names)) + "}"

    shown = each('{{"observation": observations[{0}], "action_mask": masks[{0}]}}')
    puts = "".join(f"\n    places[{k}] = actions[{n!r}]" for k, n in enumerate(names))
    text = (
        f"def put(places, actions):{puts}\n"
        f"def show(observations, masks):\n    return {shown}\n"
        "def tell(observations, masks, rewards):\n"
        f"    return {shown}, {each('rewards[{}]')}, {each('False')}, {each('False')}, "
        f"{each('{{}}')}\n"
    )
    scope: dict[str, Any] = {}
    exec(text, scope)
    return scope["put"], scope["show"], scope["tell"]


def parallel_env(
    scenario: str | Game | Scenario, *, render_mode: str | None = None, **details: Any
) -> ParallelView:
    """A PettingZoo ParallelEnv of one world; arguments as in `Seats`.

    Example:
        >>> env = parallel_env("repeated_dilemma", rounds=2)
        >>> seen, _ = env.reset(seed=1)
        >>> _, rewards, *_ = env.step({"player_0": 0, "player_1": 1})
        >>> rewards
        {'player_0': 0.0, 'player_1': 5.0}
    """
    return ParallelView(Seats(scenario, render_mode=render_mode, **details), render_mode)
