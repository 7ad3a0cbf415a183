"""What theory and the literature say, run: expected, measured, and whether they agree."""

from posalign_sim.experiments.validation import (  # each declares its rows
    attacks,
    bargaining,
    commitment,
    duels,
    evolution,
    groups,
    image_scoring,
    institutions,
    markets,
    networks,
    repeated_games,
    reputation,
)
from posalign_sim.experiments.validation.rows import ROWS, Check, Result, Row, Run, chosen, measure

__all__ = [
    "ROWS",
    "Check",
    "Result",
    "Row",
    "Run",
    "attacks",
    "bargaining",
    "chosen",
    "commitment",
    "duels",
    "evolution",
    "groups",
    "image_scoring",
    "institutions",
    "markets",
    "measure",
    "networks",
    "repeated_games",
    "reputation",
]
