"""Competence and consistency of models that hold seats, before anything is concluded from them."""

from posalign_sim.agents.llm.probes.probing import (
    FRAMINGS,
    SORTS,
    Probed,
    probe,
    probe_table,
    probing,
)

__all__ = ["FRAMINGS", "SORTS", "Probed", "probe", "probe_table", "probing"]
