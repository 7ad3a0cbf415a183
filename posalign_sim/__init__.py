"""posalign_sim."""
__version__ = "0.1.0"
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import simulate, start, explain
