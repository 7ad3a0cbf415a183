"""posalign_sim: which institutions turn zero-sum dynamics into positive-sum ones, and at what cost.

A **world** is one NumPy record; a **module** (game, institution, metric) adds fields to it and
acts in the phases of a round; a **scenario** is a list of modules and a population; the engine
writes the scenario's round as a readable Python file, compiles it, and runs a million worlds.
"""

__version__ = "0.1.0"

from posalign_sim.world.accounts import COST, NATURE, OUTSIDERS
from posalign_sim.world.dynamics import (
    ImitateBest,
    Moran,
    PairwiseComparison,
    ProportionalImitation,
    WrightFisher,
)
from posalign_sim.world.fields import given, param, per_agent, per_identity, per_pair, scalar, table
from posalign_sim.world.matching import Fixed, NeighbourPairs, Neighbours, Rematched, RoundRobin
from posalign_sim.world.modules import (
    Agent,
    Argument,
    Block,
    ConfigurationError,
    Decision,
    Delegate,
    Dynamics,
    External,
    Game,
    Institution,
    Matching,
    Metric,
    Module,
    Noise,
)
from posalign_sim.world.network import Network
from posalign_sim.world.noise import Tremble
from posalign_sim.world.record import GROUP, Finding, Interaction, Sight, World, face, seats
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session, start
from posalign_sim.world.simulate import (
    Run,
    checkpoint,
    explain,
    force,
    restore,
    run_until,
    simulate,
)

__all__ = [
    "COST",
    "GROUP",
    "NATURE",
    "OUTSIDERS",
    "Agent",
    "Argument",
    "Block",
    "ConfigurationError",
    "Decision",
    "Delegate",
    "Dynamics",
    "External",
    "Finding",
    "Fixed",
    "Game",
    "ImitateBest",
    "Institution",
    "Interaction",
    "Matching",
    "Metric",
    "Module",
    "Moran",
    "NeighbourPairs",
    "Neighbours",
    "Network",
    "Noise",
    "PairwiseComparison",
    "ProportionalImitation",
    "Rematched",
    "RoundRobin",
    "Run",
    "Scenario",
    "Session",
    "Sight",
    "Tremble",
    "World",
    "WrightFisher",
    "aec_env",
    "batch_env",
    "checkpoint",
    "explain",
    "face",
    "force",
    "given",
    "ordinary",
    "parallel_env",
    "param",
    "per_agent",
    "per_identity",
    "per_pair",
    "restore",
    "run_until",
    "sb3_env",
    "scalar",
    "seats",
    "simulate",
    "start",
    "table",
]

# These look through all of the above.
from posalign_sim.envs.views import aec_env, batch_env, ordinary, parallel_env, sb3_env
from posalign_sim.registry import register_environments

register_environments()
