"""Studies: which institutions do what, at what cost, compared as a study should be.

`Study` runs them, `Results` reads what they found; both are loaded when they are asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posalign_sim.experiments.study.results import Results
    from posalign_sim.experiments.study.study import Study

__all__ = ["Results", "Study"]


def __getattr__(name: str) -> Any:
    if name == "Results":
        from posalign_sim.experiments.study.results import Results

        return Results
    if name == "Study":
        from posalign_sim.experiments.study.study import Study

        return Study
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
