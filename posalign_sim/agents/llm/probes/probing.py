"""Probes: how competent, how consistent and how steady the models are that hold seats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.chat import ChatBackend
from posalign_sim.agents.llm.closed import Asker, UnansweredError, all_of, waited_for
from posalign_sim.agents.llm.probes import comprehension, consistency, recall
from posalign_sim.agents.llm.probes.posing import Outcome, Posing
from posalign_sim.agents.llm.probes.situations import Situation, situations
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.scenario import Scenario


class Sort(NamedTuple):
    """One sort of probe.

    Attributes:
        probe: puts it; None where it does not apply.
        counts: what its share is the share of.
    """

    probe: Callable[[Posing], Awaitable[Outcome | None]]
    counts: str


RIGHT, SAME = "right answers", "same answers"
#: All sorts of probes by name. Of `pressure` and `divergence` less is steadier; of others, more.
SORTS = {
    "payoffs": Sort(comprehension.payoffs, RIGHT),
    "best_reply": Sort(comprehension.best_reply, RIGHT),
    "rules": Sort(recall.rules, RIGHT),
    "memory": Sort(recall.memory, RIGHT),
    "repeat": Sort(consistency.repeat, SAME),
    "label_swap": Sort(consistency.label_swap, SAME),
    "framing": Sort(consistency.framing, SAME),
    "role_swap": Sort(consistency.role_swap, SAME),
    "universalisation": Sort(consistency.universalisation, SAME),
    "pressure": Sort(consistency.pressure, "decisions changed by urging, net of repeats"),
    "divergence": Sort(consistency.divergence, "decisions other than announced"),
}
#: The same situation under two names, after Liberman, Samuels & Ross (2004).
FRAMINGS = (
    "What follows takes place in business, between traders.",
    "What follows takes place in a community, between neighbours.",
)
Values: TypeAlias = npt.NDArray[np.float64]
COLUMNS = ("sort", "model", "world", "round", "seat", "decision", "value", "chance", "failure")


@dataclass(frozen=True)
class Probed:
    """What came of probes.

    Attributes:
        table: one row for each probe that was put: `sort, model, world, round, seat, decision`,
            its `value` (NaN if there was a failure), what is expected of answers by lot (`chance`)
            and the kind of the `failure`, if there was one.
    """

    table: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """One row for each sort and model; columns as in `probe_table`, and `model`."""
        return _summed(self.table, ["sort", "model"])


def probe_table(probed: Probed) -> pd.DataFrame:
    """Rows for a report, one for each sort of probe that applies.

    Args:
        probed: what came of probes.

    Returns:
        Columns `sort`; `counts`, what is counted; `asked`, how many probes were put; `right`, its
        share among those that were answered; `chance`, the share that is expected of answers by
        lot; `low` and `high`, ends of the 95% interval; `failures`, how many were not answered.
        Each probe is of a world of its own, so that the interval of a share is a binomial one
        (Wilson's); that of `pressure`, a difference of two shares, is that of Agresti & Min (2005).
    """
    return _summed(probed.table, ["sort"])


def _summed(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows = []
    for key, found in table.groupby(keys, sort=False):
        sort = str(key[0])
        values = found["value"].dropna().to_numpy(np.float64)
        right, low, high = _share(values, sort)
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "counts": SORTS[sort].counts,
                "asked": len(found),
                "right": right,
                "chance": found["chance"].mean(),
                "low": low,
                "high": high,
                "failures": int((found["failure"] != "").sum()),
            }
        )
    columns = [*keys, "counts", "asked", "right", "chance", "low", "high", "failures"]
    return pd.DataFrame(rows, columns=columns)


def _share(values: Values, sort: str) -> tuple[float, float, float]:
    """Mean and interval of one sort's values."""
    if not len(values):
        return float("nan"), float("nan"), float("nan")
    if sort == "pressure":
        return _difference(values)
    count = int(values.sum())
    ends = stats.binomtest(count, len(values)).proportion_ci(method="wilson")
    return count / len(values), float(ends.low), float(ends.high)


def _difference(values: Values) -> tuple[float, float, float]:
    """Mean and interval of differences of 1, 0 and -1: of two shares of the same situations.

    Half an observation is added to each of the four cells (Agresti & Min 2005, Statistics in
    Medicine 24), so that the interval does not vanish where nothing differs.
    """
    more, fewer, total = (values > 0).sum() + 0.5, (values < 0).sum() + 0.5, len(values) + 2
    middle = (more - fewer) / total
    reach = stats.norm.isf(0.025) * np.sqrt(more + fewer - total * middle**2) / total
    return float(values.mean()), max(-1.0, middle - reach), min(1.0, middle + reach)


async def probing(
    scenario: Scenario,
    backend: ChatBackend,
    asking: Asking | None = None,
    seed: int = 0,
    *,
    questions: int = 50,
    sorts: Sequence[str] = tuple(SORTS),
    framings: tuple[str, str] = FRAMINGS,
    study: str = "probes",
    at_once: int = 64,
    mode: Mode = "compiled",
) -> Probed:
    """Probe the models that hold seats of a scenario, before anything is concluded from its worlds.

    Situations come from worlds of the scenario that are played at random. What is right is what the
    engine does in copies of them, or what stands in their records.

    Args:
        scenario: what is played; models fill their seats as `LanguageModel`.
        backend: what answers; left open. Give a `Cassette`, and nothing is asked twice.
        asking: how seats are asked that say nothing else of it.
        seed: of the situations and questions.
        questions: how many situations; each sort puts at most one probe in each.
        sorts: names of sorts of probes; see `SORTS`.
        framings: two openings for the sort `framing`.
        study: what part of which study it is, as `Place` has it.
        at_once: how many questions are under way at once.
        mode: as in `simulate`.

    Raises:
        ConfigurationError: a name is unknown, or no model holds a seat that has a choice.
        StoppedError: nobody can be asked any more; what was answered is in the cassette.

    >>> from posalign_sim.agents.llm import Fake, LanguageModel
    >>> from posalign_sim.envs import RepeatedDilemma
    >>> seats = [LanguageModel(model="fake") for _ in range(2)]
    >>> duel = Scenario(RepeatedDilemma(), seats, rounds=4, metrics=())
    >>> found = probe(duel, Fake(), questions=5, sorts=["payoffs", "repeat"], mode="interpreted")
    >>> probe_table(found)[["sort", "asked", "chance", "failures"]].values.tolist()
    [['payoffs', 5, 0.25, 0], ['repeat', 5, 0.5, 0]]
    """
    for name in sorts:
        if name not in SORTS:
            raise ConfigurationError(f"there is no sort of probe {name!r}: {nearest(name, SORTS)}")
    if len(framings) != 2:
        raise ConfigurationError(f"framings: two are compared, not {len(framings)}")
    asker = Asker(backend, at_once)
    found = situations(scenario, asking or Asking(), questions, seed, mode)
    rows = await all_of(
        [
            _put(Posing(situation, asker, study, name, framings))
            for name in dict.fromkeys(sorts)
            for situation in found
        ]
    )
    return Probed(pd.DataFrame([row for row in rows if row], columns=list(COLUMNS)))


async def _put(posing: Posing) -> dict[str, object] | None:
    """One probe as a row; None if it does not apply to the situation."""
    outcome: Outcome | None = None
    failure = ""
    try:
        outcome = await SORTS[posing.sort].probe(posing)
        if outcome is None:
            return None
    except UnansweredError as error:
        failure = error.kind
    here: Situation = posing.situation
    return {
        "sort": posing.sort,
        "model": here.asking.model,
        "world": int(here.world["pair"]),
        "round": here.clock,
        "seat": here.seat,
        "decision": here.point.name,
        "value": outcome.value if outcome else float("nan"),
        "chance": outcome.chance if outcome else float("nan"),
        "failure": failure,
    }


probe = waited_for(probing)
