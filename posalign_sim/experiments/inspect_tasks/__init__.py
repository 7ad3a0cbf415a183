"""Studies as tasks of Inspect AI: `inspect eval posalign_sim/trust_market --model openai/gpt-4o`.

Each world of a study is a sample. Its seats ask the models of the running eval, so that logs,
limits, retries, caching and the viewer of Inspect AI apply. Scores are the outcomes of the study,
and its contrasts are metrics. It needs the extra `llm`.
"""

from posalign_sim.experiments.inspect_tasks.playing import play_world
from posalign_sim.experiments.inspect_tasks.scores import (
    contrasts,
    mean_by_arm,
    outcomes,
    stderr_by_arm,
)
from posalign_sim.experiments.inspect_tasks.tasks import STUDIES, study

# By their names, so that Inspect AI finds them where it is told of this module.
globals().update(STUDIES)

__all__ = [
    "STUDIES",
    "contrasts",
    "mean_by_arm",
    "outcomes",
    "play_world",
    "stderr_by_arm",
    "study",
]
