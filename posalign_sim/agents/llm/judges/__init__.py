"""Models that judge what other models said and did: blind, in both orders, with their agreement."""

from posalign_sim.agents.llm.judges.items import Item, Recorded, items_of
from posalign_sim.agents.llm.judges.judged import Judged
from posalign_sim.agents.llm.judges.judging import compare, comparing, judge, judging
from posalign_sim.agents.llm.judges.measures import KINDS, MEASURES

__all__ = [
    "KINDS",
    "MEASURES",
    "Item",
    "Judged",
    "Recorded",
    "compare",
    "comparing",
    "items_of",
    "judge",
    "judging",
]
