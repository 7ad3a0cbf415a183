"""A Stable-Baselines3 view: a VecEnv over the batch, for one focal seat or for all in self-play."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from posalign_sim.envs.views.batch import BatchEnv, Illegal
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import Game
from posalign_sim.world.scenario import Scenario


class StableBaselinesView(VecEnv):
    """Every external seat of every world is one environment of Stable-Baselines3.

    A world that ends begins anew in the same step; what a seat saw at the end stands in its info
    as `terminal_observation`. All external seats must be asked at every decision (as one focal
    seat always is): seats that wait have no place in this interface.

    Args:
        scenario: what is played; see `ordinary` for names of games.
        worlds: how many worlds.
        external: the seats that learn, by one shared policy.
        features: names of what is observed; all if not given.
        seed: of the worlds.
        illegal: as in `batch_env`; Stable-Baselines3 knows no masks by itself.
        **changes: `mode`, as in `simulate`; `dispositions`, as in `BatchEnv`, with the points in
            each info as `points`; and arguments of `Scenario` to be set otherwise.
    """

    def __init__(
        self,
        scenario: str | Game | Scenario,
        worlds: int,
        external: Sequence[int] = (0,),
        features: Any = None,
        seed: int = 0,
        illegal: Illegal = "raise",
        **changes: Any,
    ) -> None:
        """See the class."""
        self.batch = BatchEnv(scenario, worlds, external, features, seed, illegal, **changes)
        seats = self.batch.seats
        self.render_mode = None
        super().__init__(worlds * seats, self.batch.observation_space, self.batch.action_space)
        self._seed = seed
        self._check()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Set the seed that the next reset takes."""
        self._seed = self._seed + 1 if seed is None else seed
        return [self._seed] * self.num_envs

    def reset(self) -> Any:
        """Begin all worlds; the next reset begins others, unless `seed` says which."""
        self.batch.reset(self._seed)
        self._seed += 1
        self._check()
        self.batch.carry(slice(None))
        return self._seen()

    def step_async(self, actions: Any) -> None:
        """Take the actions of all seats."""
        self._actions = np.asarray(actions)

    def step_wait(self) -> tuple[Any, Any, Any, list[dict[str, Any]]]:
        """Play them out."""
        batch, session = self.batch, self.batch.session
        batch.advance(self._actions)
        self._check()
        ended = np.repeat(session.ended != 0, batch.seats)
        final = session.final_rewards.reshape(-1)
        rewards = np.where(ended, final, session.rewards[: self.num_envs]).astype(np.float32)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if batch.weighed:
            points = np.where(
                ended, session.final_gained.reshape(-1), session.gained[: self.num_envs]
            )
            infos = [{"points": gained} for gained in points.tolist()]
        if ended.any():
            batch.carry(session.ended != 0)
        last = session.final_observations.reshape(self.num_envs, -1)
        for k in np.flatnonzero(ended).tolist():
            infos[k] |= {"terminal_observation": last[k].copy(), "TimeLimit.truncated": False}
        return self._seen(), rewards, ended, infos

    def action_masks(self) -> np.ndarray[Any, Any]:
        """`[num_envs, width]` what is legal, for policies that know masks."""
        return self.batch.masks().copy()

    def _seen(self) -> Any:
        return self.batch.session.observations[: self.num_envs].copy()

    def _check(self) -> None:
        self.batch.pass_over()
        if self.batch.count != self.num_envs:
            raise ConfigurationError(
                "not all external seats are asked at every decision: give one focal seat, or use "
                "batch_env"
            )

    def close(self) -> None:
        """Nothing is held open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute, the same for all environments."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute for all environments.

        Raises:
            ConfigurationError: only some of them were named.
        """
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ConfigurationError("environments of one batch cannot be set one by one")
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *arguments: Any, indices: Any = None, **more: Any
    ) -> list[Any]:
        """Call a method once, and give its result for each environment that was named."""
        result = getattr(self, method_name)(*arguments, **more)
        return [result for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """No environment here is wrapped by itself."""
        return [False for _ in self._get_indices(indices)]
