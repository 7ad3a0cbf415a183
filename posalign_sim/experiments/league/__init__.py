"""Leagues: language models and scripted agents, everybody with everybody, in several games."""

from posalign_sim.experiments.league.play import Played, play
from posalign_sim.experiments.league.settings import League, Player, Stage, league_of
from posalign_sim.experiments.league.standings import Standings, standings

__all__ = ["League", "Played", "Player", "Stage", "Standings", "league_of", "play", "standings"]
