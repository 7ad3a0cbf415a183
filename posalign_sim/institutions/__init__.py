"""Institutions: rules that a community sets over a game. Portable, stackable, and costed."""

from posalign_sim.institutions.arbitration import Arbitration
from posalign_sim.institutions.commitment import Bond
from posalign_sim.institutions.reputation import Reputation

__all__ = ["Arbitration", "Bond", "Reputation"]
