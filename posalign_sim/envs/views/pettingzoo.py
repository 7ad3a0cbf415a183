"""PettingZoo views: one world whose seats are agents by name; one step is one decision.

Because a step is one decision, not one round, a pledge is seen before the act. In the parallel
view everybody who is asked acts at once, and who is not asked waits (the last choice, the only
legal one). In the AEC view those who are asked choose one after the other, and nobody sees what
the others chose before all have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from posalign_sim.envs.views.batch import (
    ILLEGAL,
    NEVER_ASKED,
    PASSED_OVER,
    Illegal,
    substitute,
)
from posalign_sim.envs.views.ordinary import ordinary, with_external
from posalign_sim.envs.views.spaces import LEAST, MOST, Interface
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.faults import MEANING
from posalign_sim.world.modules import Game
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session

RENDER_MODES = ("ansi", "rgb_array")


class Seats:
    """One world and its external seats, under the names by which PettingZoo knows them.

    Args:
        scenario: what is played; see `ordinary` for names of games.
        external: which seats are agents here; all if not given.
        features: names of what is observed; all if not given.
        illegal: what to do about an illegal action: `raise`, or count it and act at random
            (`resample`) or as little as possible (`noop`).
        render_mode: `ansi` or `rgb_array`.
        mode: as in `simulate`.
        **changes: arguments of `Scenario` to be set otherwise.
    """

    session: Session  # from the first reset on

    def __init__(
        self,
        scenario: str | Game | Scenario,
        external: Sequence[int] | None = None,
        features: Sequence[str] | None = None,
        illegal: Illegal = "raise",
        render_mode: str | None = None,
        mode: Mode = "compiled",
        **changes: Any,
    ) -> None:
        """See the class."""
        if illegal not in ILLEGAL:
            raise ConfigurationError(f"illegal={illegal!r}: {nearest(str(illegal), ILLEGAL)}")
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ConfigurationError(
                f"render_mode={render_mode!r}: {nearest(render_mode, RENDER_MODES)}"
            )
        made = with_external(ordinary(scenario, **changes), external)
        if features is not None:
            made = made.replace(features=features)
        if render_mode is not None and not made.events:
            made = made.replace(events=65_536)  # what is shown is read from the log
        self.scenario = made
        self.illegal: Illegal = illegal
        self.mode: Mode = mode
        self.interface = Interface(made.structure)
        kind = made.structure.external
        seats = [
            k for k, a in enumerate(made.seats) if made.structure.agents.index(type(a)) == kind
        ]
        roles = made.game.roles
        count: dict[int, int] = {}
        self.names: list[str] = []
        for seat in seats:
            role = made.roles[seat]
            self.names.append(f"{roles[role]}_{count.setdefault(role, 0)}")
            count[role] += 1
        self.name_of = dict(zip(seats, self.names, strict=True))
        waits = len(seats) > 1 and made.structure.leaves_out
        self.waits = waits
        box = self.interface.observation_space()
        width = self.interface.mask_width(waits)
        self.observation_spaces: dict[str, spaces.Space[Any]] = {
            name: spaces.Dict(
                {
                    "observation": spaces.Box(box.low, box.high, dtype=np.float32),
                    "action_mask": spaces.Box(0, 1, (width,), np.int8),
                }
            )
            for name in self.names
        }
        self.action_spaces: dict[str, spaces.Space[Any]] = {
            name: self.interface.action_space(waits) for name in self.names
        }
        self.wait = self.interface.waiting_mask() if waits else np.zeros(width, np.int8)
        self.illegal_actions = 0

    def begin(self, seed: int | None) -> None:
        """A new episode; without a seed, the one that follows the last.

        Episodes that end before anybody here is asked are passed over.

        Raises:
            ConfigurationError: nobody was asked in very many episodes on end.
        """
        if seed is not None:
            self.seed, self.episode = int(seed), 0
        elif not hasattr(self, "seed"):
            self.seed, self.episode = int(np.random.SeedSequence().generate_state(1)[0]), 0
        else:
            self.episode += 1
        if hasattr(self, "session"):
            self.session.restart(self.seed, [self.episode])
        else:
            ws = self.scenario.worlds(1, self.seed, [self.episode])
            self.session = Session(self.scenario, ws, self.mode, self.seed)
            self.arguments = np.zeros_like(self.session.lows)
        last = self.episode + PASSED_OVER
        while self.session.count == 0:
            self.check_fault()
            if self.episode == last:
                raise ConfigurationError(NEVER_ASKED)
            self.episode += 1
            self.session.restart(self.seed, [self.episode])
        if self.illegal != "raise":
            self.luck = np.random.default_rng([self.seed % 2**64, self.episode, 0xAC7])
        self.illegal_actions = 0
        # A reset gives no rewards: what was gained before the first decision is in the next ones.
        self.session.worlds["reward_mark"] = 0

    def asked(self) -> list[str]:
        """Names of the agents who must act now, in the order of the session's rows."""
        session = self.session
        return [self.name_of[s] for s in session.seat[: session.count].tolist()]

    def put(self, row: int, name: str, action: Any) -> int:
        """Check one agent's action; write its arguments, give its choice."""
        session, interface = self.session, self.interface
        if interface.widths:
            values = np.asarray(action)
            if values.shape != (1 + len(interface.widths),) or values.dtype.kind not in "iu":
                raise ConfigurationError(
                    f"{name} must act with {1 + len(interface.widths)} integers, not {action!r}. "
                    "The world is unchanged."
                )
            choice = int(values[0])
            base = interface.lows[session.decision[row], : len(interface.widths)]
            given = values[1:].astype(np.int64).clip(LEAST, MOST) + base
            self.arguments[row, : len(interface.widths)] = given.clip(LEAST, MOST)
        else:
            try:
                choice = int(action.__index__())
            except (AttributeError, TypeError):
                raise ConfigurationError(
                    f"{name} must act with an integer, not {action!r}. The world is unchanged."
                ) from None
        choice = max(LEAST, min(choice, MOST))
        if self.illegal != "raise" and not session.legal(row, choice, self.arguments[row]):
            self.illegal_actions += 1
            choice, self.arguments[row] = substitute(session, row, self.illegal, self.luck)
        return choice

    def check_fault(self) -> None:
        """Raise if the world has stopped on a fault."""
        code = int(self.session.worlds["fault"][0])
        if code:
            raise RuntimeError(f"the world stopped on a fault: {MEANING[code]}")

    def observations(self) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
        """What each agent sees, whether it is asked or not, and what it may do."""
        session, interface = self.session, self.interface
        count = session.count
        shown = session.observations[:count].copy()
        masks = np.empty((count, len(self.wait)), np.int8)
        interface.fill_masks(session, slice(0, count), masks, self.waits)
        out = {}
        for row, seat in enumerate(session.seat[:count].tolist()):
            name = self.name_of[seat]
            out[name] = {"observation": shown[row], "action_mask": masks[row]}
        if count < len(self.names):
            others = session.look()
            for place, name in enumerate(self.names):
                if name not in out:
                    out[name] = {"observation": others[place], "action_mask": self.wait.copy()}
        return out

    def render(self, mode: str | None) -> Any:
        """The episode so far in words, or a picture of its last round."""
        if mode == "ansi":
            from posalign_sim.envs.views.transcript import transcript

            return transcript(self.scenario, self.session.worlds, 0)
        if mode == "rgb_array":
            from posalign_sim.envs.views.picture import picture

            return picture(self.scenario, self.session.worlds, 0)
        raise ConfigurationError("nothing to render: make it with render_mode=")


class ParallelView(ParallelEnv[str, Any, Any]):
    """The parallel view of one world; see `parallel_env`."""

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": list(RENDER_MODES),
        "name": "posalign_v0",
        "is_parallelizable": True,
    }

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
        table = self.table
        table.begin(seed)
        self.agents = list(table.names)
        self._choices = np.zeros(len(table.names), np.int64)
        self._names = table.asked()
        return table.observations(), {name: {} for name in table.names}

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """Everybody who is asked acts; the rest wait.

        Raises:
            ConfigurationError: an action is missing, illegal or of a wrong type, an agent is
                unknown, or the episode is over. The world is unchanged.
        """
        table = self.table
        agents = self.agents
        if not isinstance(actions, dict) or len(actions) != len(agents) or not agents:
            self._refuse(actions)
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
            {name: {} for name in agents},
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
            {name: {} for name in agents},
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


class AECView(AECEnv[str, Any, Any]):
    """The agent-by-agent view of one world; see `aec_env`."""

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": list(RENDER_MODES),
        "name": "posalign_v0",
        "is_parallelizable": False,
    }

    def __init__(self, table: Seats, render_mode: str | None = None) -> None:
        """See `aec_env`."""
        super().__init__()  # type: ignore[no-untyped-call]
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
            self.terminations = dict.fromkeys(self.agents, True)
            self.agent_selection = self.agents[0]
        else:
            for row, seat in enumerate(session.seat[: session.count].tolist()):
                self.rewards[table.name_of[seat]] = float(session.rewards[row])
            self._open()
        self._accumulate_rewards()

    def render(self) -> Any:
        """What happened so far: text, or a picture of the last round."""
        return self.table.render(self.render_mode)

    def close(self) -> None:
        """Nothing is held open."""


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


def aec_env(
    scenario: str | Game | Scenario, *, render_mode: str | None = None, **details: Any
) -> AECView:
    """A PettingZoo AECEnv of one world; arguments as in `Seats`."""
    return AECView(Seats(scenario, render_mode=render_mode, **details), render_mode)
