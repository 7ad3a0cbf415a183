"""Scripted agents: pure functions of what a seat sees, one for each decision they know."""

from posalign_sim.agents.reciprocators import (
    Cooperator,
    Defector,
    GenerousTitForTat,
    GoByMajority,
    Grim,
    MemoryOne,
    Random,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.agents.responsive import DiscriminatingBuyer, Honest, Opportunist

__all__ = [
    "Cooperator",
    "Defector",
    "DiscriminatingBuyer",
    "GenerousTitForTat",
    "GoByMajority",
    "Grim",
    "Honest",
    "MemoryOne",
    "Opportunist",
    "Random",
    "TitForTat",
    "WinStayLoseShift",
]
