"""A search for institutions: which numbers serve several ends at once, and at what price."""

from posalign_sim.experiments.search.search import Found, search

__all__ = ["Found", "search"]
