"""Landscapes: where populations that adapt go, with and without institutions."""

from posalign_sim.experiments.landscape.measure import landscape
from posalign_sim.experiments.landscape.results import Attractor, Landscape, Plan

__all__ = ["Attractor", "Landscape", "Plan", "landscape"]
