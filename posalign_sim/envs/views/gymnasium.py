"""Gymnasium views: one focal seat among scripted ones, in one world or in thousands."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from posalign_sim.envs.views.batch import BatchEnv, Illegal
from posalign_sim.envs.views.seats import RENDERING, Seats
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import Game
from posalign_sim.world.scenario import Scenario

#: What Gymnasium wants to know of the vector.
_AUTORESET: dict[str, Any] = {"autoreset_mode": AutoresetMode.SAME_STEP}


def _refuse_others(seats: int) -> None:
    if seats != 1:
        raise ConfigurationError(
            f"{seats} seats of this scenario are decided from outside, but Gymnasium knows one: "
            "fill the others with agents, or use parallel_env or batch_env"
        )


class SingleView(gymnasium.Env[Any, Any]):
    """One world in which one seat is decided here and scripted agents hold the others.

    What is legal stands in `info["action_mask"]`, a flat array, and in `action_masks()`.

    Args:
        scenario: what is played; see `ordinary` for names of games.
        seat: the focal seat.
        features: names of what is observed; all if not given.
        illegal: as in `batch_env`; illegal actions so far stand in `info["illegal_actions"]`.
        render_mode: `ansi` or `rgb_array`.
        **changes: `mode`, as in `simulate`; `dispositions`, as in `Seats`, with the points in
            `info["points"]`; and arguments of `Scenario` to be set otherwise.
    """

    metadata: dict[str, Any] = RENDERING

    def __init__(
        self,
        scenario: str | Game | Scenario,
        seat: int = 0,
        features: Any = None,
        illegal: Illegal = "raise",
        render_mode: str | None = None,
        **changes: Any,
    ) -> None:
        """See the class."""
        self.table = Seats(scenario, [seat], features, illegal, render_mode, **changes)
        _refuse_others(len(self.table.names))
        self.render_mode = render_mode
        self.features = self.table.interface.features
        self.observation_space = self.table.interface.observation_space()
        self.action_space = self.table.interface.action_space()
        self._choice = np.zeros(1, np.int64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """A new episode; without a seed, the one that follows the last.

        Episodes that end before the focal seat is asked are passed over.

        Raises:
            ConfigurationError: it was not asked in very many episodes on end.
        """
        super().reset(seed=seed)
        self.table.begin(seed)
        return self._seen(), self._info()

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """The focal seat acts; the world goes on to its next decision.

        Raises:
            ConfigurationError: the action is illegal or of a wrong type, or the episode is over.
                The world is unchanged.
        """
        table, session = self.table, self._running()
        self._choice[0] = table.put(0, table.names[0], action)
        session.act(self._choice, table.arguments)
        if session.count:
            return self._seen(), float(session.rewards[0]), False, False, self._info()
        table.check_fault()
        last, reward = session.final_observations[0, 0].copy(), float(session.final_rewards[0, 0])
        told = table.told()[table.names[0]]
        return last, reward, True, False, {"illegal_actions": table.illegal_actions, **told}

    def action_masks(self) -> np.ndarray[Any, Any]:
        """`[width]` which choices, and which values of their arguments, are legal now.

        Raises:
            ConfigurationError: the episode is over, or none has begun.
        """
        session, interface = self._running(), self.table.interface
        mask = np.zeros((1, interface.mask_width()), np.int8)
        interface.fill_masks(session, slice(0, 1), mask)
        return mask[0]

    def _running(self) -> Any:
        if not hasattr(self.table, "session") or self.table.session.count == 0:
            raise ConfigurationError("the episode is over, or none has begun: call reset()")
        return self.table.session

    def _seen(self) -> Any:
        return self.table.session.observations[0].copy()

    def _info(self) -> dict[str, Any]:
        point = self.table.session.points[self.table.session.decision[0]]
        return {
            "action_mask": self.action_masks(),
            "decision": point.decision.name,
            "illegal_actions": self.table.illegal_actions,
            **self.table.told()[self.table.names[0]],
        }

    def render(self) -> Any:
        """What happened so far: text, or a picture of the last round."""
        return self.table.render(self.render_mode)


class VectorView(VectorEnv[Any, Any, Any]):
    """Thousands of worlds, one focal seat in each; a world that ends begins anew in the same step.

    Episodes that end before the focal seat is asked are passed over.

    `infos["final_obs"]` holds what the seat saw at the end of the worlds that `infos["_final_obs"]`
    names, and `infos["action_mask"]` what is legal now.

    Args:
        scenario: what is played; see `ordinary` for names of games.
        num_envs: how many worlds.
        seat: the focal seat.
        features: names of what is observed; all if not given.
        illegal: as in `batch_env`.
        **changes: `mode`, as in `simulate`; `dispositions`, as in `BatchEnv`, with the points in
            `infos["points"]`; and arguments of `Scenario` to be set otherwise.
    """

    metadata: dict[str, Any] = _AUTORESET

    def __init__(
        self,
        scenario: str | Game | Scenario,
        num_envs: int = 1,
        seat: int = 0,
        features: Any = None,
        illegal: Illegal = "raise",
        **changes: Any,
    ) -> None:
        """See the class."""
        self.batch = BatchEnv(scenario, num_envs, [seat], features, 0, illegal, **changes)
        _refuse_others(self.batch.seats)
        self._begun = False
        self.num_envs = num_envs
        self.features = self.batch.features
        self.single_observation_space = self.batch.observation_space
        self.single_action_space = self.batch.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._truncated = np.zeros(num_envs, np.bool_)
        self._seed = int(np.random.SeedSequence().generate_state(1)[0])

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin all worlds; the same seed gives the same episodes.

        Args:
            seed: of all worlds; without one, other worlds than before.
            options: not used.

        Raises:
            ConfigurationError: a seed for each world was given: worlds of one seed differ already.
        """
        if seed is not None and not isinstance(seed, int | np.integer):
            raise ConfigurationError(
                "one seed is for all worlds, whose luck differs by their place"
            )
        self._seed = self._seed + 1 if seed is None else int(seed)
        super().reset(seed=None if seed is None else self._seed)
        self.batch.reset(self._seed)
        self.batch.pass_over()
        self._begun = True
        self.batch.carry(slice(None))
        return self._seen(), {"action_mask": self.batch.masks().copy()}

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Act in all worlds.

        Args:
            actions: `[num_envs]`, or `[num_envs, 1 + arguments]`, integers.

        Returns:
            Observations `[num_envs, features]`, rewards, terminations, truncations, infos.
        """
        if not self._begun:
            raise ConfigurationError("nothing has begun: call reset() first")
        batch, session = self.batch, self.batch.session
        batch.advance(actions)
        batch.pass_over()
        ended = session.ended != 0
        rewards = np.where(ended, session.final_rewards[:, 0], session.rewards[: self.num_envs])
        infos: dict[str, Any] = {"action_mask": batch.masks().copy()}
        if batch.weighed:
            last, gained = session.final_gained[:, 0], session.gained[: self.num_envs]
            infos["points"] = np.where(ended, last, gained)
        if ended.any():
            batch.carry(ended)
            infos["final_obs"] = session.final_observations[:, 0].copy()
            infos["_final_obs"] = ended.copy()
        return self._seen(), rewards, ended, self._truncated.copy(), infos

    def _seen(self) -> Any:
        return self.batch.session.observations[: self.num_envs].copy()
