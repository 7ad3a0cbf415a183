"""Views: the same worlds as PettingZoo, Gymnasium and Stable-Baselines3 know them, and as text."""

from typing import Any

from posalign_sim.envs.views.aec import aec_env
from posalign_sim.envs.views.batch import BatchEnv, batch_env
from posalign_sim.envs.views.gymnasium import SingleView, VectorView
from posalign_sim.envs.views.ordinary import ordinary
from posalign_sim.envs.views.parallel import parallel_env


def sb3_env(scenario: Any, worlds: int, **details: Any) -> Any:
    """A Stable-Baselines3 VecEnv; see `stable_baselines.StableBaselinesView`.

    Raises:
        ImportError: Stable-Baselines3 is not installed; `pip install 'posalign-sim[rl]'` is.
    """
    try:
        from posalign_sim.envs.views.stable_baselines import StableBaselinesView
    except ImportError as error:
        raise ImportError(
            "sb3_env needs Stable-Baselines3: install the CPU build of torch, then "
            "pip install 'posalign-sim[rl]'"
        ) from error
    return StableBaselinesView(scenario, worlds, **details)


__all__ = [
    "BatchEnv",
    "SingleView",
    "VectorView",
    "aec_env",
    "batch_env",
    "ordinary",
    "parallel_env",
    "sb3_env",
]
