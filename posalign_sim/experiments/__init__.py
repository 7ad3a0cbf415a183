"""Studies: from a configuration to a report.

`Study` runs them, `Results` reads what they found; both are loaded when they are asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posalign_sim.experiments.study import Results, Study

__all__ = ["Results", "Study"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from posalign_sim.experiments import study

        return getattr(study, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
