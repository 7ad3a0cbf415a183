"""Societies: a world as a Mesa model, for those who think in agents and steps."""

from posalign_sim.society.model import Seat, Society

__all__ = ["Seat", "Society"]
