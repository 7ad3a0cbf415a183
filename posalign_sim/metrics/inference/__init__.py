"""What may be concluded from worlds: intervals, tests, adjustment, planning and stopping.

The tables of a study come from `posalign_sim.metrics.statistics`; here is what they are made of,
and what a researcher wants beside them. Everything works on plain arrays.
"""

from posalign_sim.metrics.inference.agreement import Agreement, agreement
from posalign_sim.metrics.inference.clusters import (
    ClusteredContrast,
    clustered_contrast,
    intraclass_correlation,
)
from posalign_sim.metrics.inference.equivalence import Equivalence, equivalence
from posalign_sim.metrics.inference.multiplicity import benjamini_hochberg, holm
from posalign_sim.metrics.inference.paired import Contrast, bca_limits, paired_contrast
from posalign_sim.metrics.inference.power import pairs_needed, pilot_sd, power
from posalign_sim.metrics.inference.quartiles import InterquartileMean, interquartile_mean
from posalign_sim.metrics.inference.sequential import SequentialPlan, boundaries, error_spent

__all__ = [
    "Agreement",
    "ClusteredContrast",
    "Contrast",
    "Equivalence",
    "InterquartileMean",
    "SequentialPlan",
    "agreement",
    "bca_limits",
    "benjamini_hochberg",
    "boundaries",
    "clustered_contrast",
    "equivalence",
    "error_spent",
    "holm",
    "interquartile_mean",
    "intraclass_correlation",
    "paired_contrast",
    "pairs_needed",
    "pilot_sd",
    "power",
]
