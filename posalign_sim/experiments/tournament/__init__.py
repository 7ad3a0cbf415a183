"""Tournaments: everybody plays everybody, and how they stand in the end."""

from posalign_sim.experiments.tournament.round_robin import Tournament
from posalign_sim.experiments.tournament.standings import Standings, first_tournament, ranking

__all__ = ["Standings", "Tournament", "first_tournament", "ranking"]
