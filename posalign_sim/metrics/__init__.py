"""What is measured, inside the round and after it. Metrics read shared records alone."""

from posalign_sim.metrics.autonomy import Autonomy
from posalign_sim.metrics.composition import Composition, shares_over_time
from posalign_sim.metrics.cooperation import Cooperation, Honesty, Trajectory, over_time
from posalign_sim.metrics.deescalation import Deescalation
from posalign_sim.metrics.due_process import ArbiterStandards, DueProcess
from posalign_sim.metrics.escalation import Escalation
from posalign_sim.metrics.fairness import Equality
from posalign_sim.metrics.reciprocity import Reciprocity, probe
from posalign_sim.metrics.standing import Standing
from posalign_sim.metrics.sustainability import Sustainability
from posalign_sim.metrics.welfare import Welfare
from posalign_sim.world.modules import Metric


def standard() -> tuple[Metric, ...]:
    """The metrics that a scenario has unless it is given others."""
    return (Welfare(), Cooperation(), Honesty(), Reciprocity(), Deescalation())


__all__ = [
    "ArbiterStandards",
    "Autonomy",
    "Composition",
    "Cooperation",
    "Deescalation",
    "DueProcess",
    "Equality",
    "Escalation",
    "Honesty",
    "Reciprocity",
    "Standing",
    "Sustainability",
    "Trajectory",
    "Welfare",
    "over_time",
    "probe",
    "shares_over_time",
    "standard",
]
