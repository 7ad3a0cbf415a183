"""The contract suite: what every game, institution, agent and metric must pass.

It is the suite that the package's own modules pass, for you to run on yours. A check takes a
`Scenario`, runs it for some rounds, and raises an `AssertionError` that says what is wrong and
where. `check_scenario` runs all of them; `check_institution` is the acceptance test of one
institution on the scenarios that are to carry it.

Give it small scenarios: a few agents, some ten rounds. By default everything runs interpreted,
which needs no compiling; `check_modes` holds compiled rounds against the interpreted one.

`check_parallel`, `check_aec`, `check_single`, `check_vector` and `check_batch` are the suite of the
views for learners; each takes a function that makes one.

Example:
    >>> from posalign_sim import Scenario
    >>> from posalign_sim.agents import Random, TitForTat
    >>> from posalign_sim.envs import RepeatedDilemma
    >>> from posalign_sim.testing import check_scenario
    >>> check_scenario(Scenario(RepeatedDilemma(), [TitForTat(), Random()], rounds=3, metrics=()))
"""

from posalign_sim.testing.checks import (
    SCENARIO_CHECKS,
    check_batches,
    check_books,
    check_institution,
    check_legality,
    check_modes,
    check_privacy,
    check_relabelling,
    check_round_trip,
    check_scenario,
    check_simultaneity,
    check_strengths,
)
from posalign_sim.testing.views import (
    check_aec,
    check_batch,
    check_parallel,
    check_same_play,
    check_single,
    check_two_processes,
    check_vector,
)

__all__ = [
    "SCENARIO_CHECKS",
    "check_aec",
    "check_batch",
    "check_batches",
    "check_books",
    "check_institution",
    "check_legality",
    "check_modes",
    "check_parallel",
    "check_privacy",
    "check_relabelling",
    "check_round_trip",
    "check_same_play",
    "check_scenario",
    "check_simultaneity",
    "check_single",
    "check_strengths",
    "check_two_processes",
    "check_vector",
]
