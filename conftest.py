"""Whose examples cannot run here: views of libraries that are not installed."""

from importlib.util import find_spec

collect_ignore = []
if find_spec("stable_baselines3") is None:
    collect_ignore.append("posalign_sim/envs/views/stable_baselines.py")
if find_spec("inspect_ai") is None:
    collect_ignore.append("posalign_sim/experiments/inspect_tasks")
