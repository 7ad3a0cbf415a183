"""Games: what is played. One file each."""

from posalign_sim.envs.dilemma import RepeatedDilemma
from posalign_sim.envs.market import MoralHazardMarket

__all__ = ["MoralHazardMarket", "RepeatedDilemma"]
