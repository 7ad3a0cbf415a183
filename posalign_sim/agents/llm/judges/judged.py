"""What judges found: verdicts, their means by arm, and how far the judges can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from posalign_sim.agents.llm.judges.measures import EQUAL, FIRST, KINDS, MEASURES
from posalign_sim.metrics.inference import paired_contrast
from posalign_sim.metrics.inference.agreement import krippendorff_alpha

WHERE = ("study", "part", "world", "round", "seat", "decision")
#: Columns of the table of verdicts.
COLUMNS = (*WHERE, "judge", "measure", "verdict", "value", "consistent", "failure")
#: Columns of the table of orders.
ORDERS = (*WHERE, "judge", "order", "verdict")


@dataclass(frozen=True)
class Judged:
    """What judges found.

    Attributes:
        table: one row for each act, judge and measure: `study, part, world, round, seat, decision,
            judge, measure`; the `verdict`; its `value` as a number, NaN if it is none; whether it
            was `consistent` in both orders, missing where nothing is compared; and the kind of the
            `failure`, empty if there was none.
        orders: one row for each comparison in each order: what was picked, by its place.
    """

    table: pd.DataFrame = field(repr=False)
    orders: pd.DataFrame = field(repr=False)

    def summary(self, seed: int = 0) -> pd.DataFrame:
        """What was found in each part: one row for each measure, and for each kind of reason.

        The world is the unit: verdicts on an act are averaged over judges, acts over each world,
        and the interval is that of the mean of worlds (BCa; see `metrics.inference`).

        Args:
            seed: of the bootstrap.

        Returns:
            Columns `study, part, measure, mean, low, high, worlds, acts` (those with a value),
            `undefined` (judged, but without one: not addressed, none announced, inconsistent) and
            `failures` (verdicts that are missing).
        """
        rows = []
        for key, found in self._valued().groupby(["study", "part", "measure"], sort=False):
            acts = found.groupby(["world", "round", "seat", "decision"])["value"].mean()
            worlds = acts.groupby("world").mean().dropna().to_numpy(np.float64)
            mean = paired_contrast(worlds, np.zeros(len(worlds)), flips=1, seed=seed)
            rows.append(
                {
                    **dict(zip(("study", "part", "measure"), key, strict=True)),
                    "mean": mean.estimate,
                    "low": mean.low,
                    "high": mean.high,
                    "worlds": len(worlds),
                    "acts": int(acts.notna().sum()),
                    "undefined": int(acts.isna().sum()),
                    "failures": int((found["failure"] != "").sum()),
                }
            )
        columns = ["study", "part", "measure", "mean", "low", "high"]
        return pd.DataFrame(rows, columns=[*columns, "worlds", "acts", "undefined", "failures"])

    def _valued(self) -> pd.DataFrame:
        """The table with a row for each kind of reason, whose value is whether it was that one."""
        kinds = self.table["measure"] == "reason"
        reasons = self.table[kinds]
        parts = [
            reasons.assign(
                measure=f"reason: {kind}",
                value=(reasons["verdict"] == kind)
                .astype(np.float64)
                .where(reasons["failure"] == ""),
            )
            for kind in (KINDS if len(reasons) else ())
        ]
        return pd.concat([*parts, self.table[~kinds]], ignore_index=True)

    def agreement(self) -> pd.DataFrame:
        """How far judges agree on each measure: Krippendorff's alpha.

        Returns:
            Columns `measure, judges, acts` (those with two verdicts or more) and `alpha`, which is
            NaN for a single judge, or where all verdicts are the same.
        """
        rows = []
        for measure, found in self.table[self.table["failure"] == ""].groupby(
            "measure", sort=False
        ):
            level = MEASURES[str(measure)].level if measure in MEASURES else "nominal"
            codes = found["value"]
            if level == "nominal":
                codes = pd.Series(pd.factorize(found["verdict"])[0], found.index, dtype=float)
            ratings = (
                found.assign(code=codes)
                .pivot_table(index="judge", columns=list(WHERE), values="code")
                .to_numpy(np.float64)
            )
            several = (~np.isnan(ratings)).sum(axis=0) > 1 if ratings.size else np.zeros(0)
            rows.append(
                {
                    "measure": measure,
                    "judges": found["judge"].nunique(),
                    "acts": int(several.sum()),
                    "alpha": krippendorff_alpha(ratings, level) if several.any() else np.nan,
                }
            )
        return pd.DataFrame(rows, columns=["measure", "judges", "acts", "alpha"])

    def position_bias(self) -> pd.DataFrame:
        """How often each judge picks what it is shown first; every pair is shown in both orders.

        Returns:
            Columns `judge`; `decided`, orders in which it picked one; `first`, the share in which
            that was the first, one half without a bias; `low` and `high`, ends of its 95% interval
            (Wilson's); `consistent`, the share of pairs with the same verdict in both orders.
        """
        rows = []
        pairs = self.table[(self.table["measure"] == "preference") & (self.table["failure"] == "")]
        for judge, found in self.orders.groupby("judge", sort=False):
            decided = found[found["verdict"] != EQUAL]
            count, first = len(decided), int((decided["verdict"] == FIRST).sum())
            low = high = share = float("nan")
            if count:
                ends = stats.binomtest(first, count).proportion_ci(method="wilson")
                share, low, high = first / count, float(ends.low), float(ends.high)
            own = pairs[pairs["judge"] == judge]["consistent"].astype(np.float64)
            rows.append(
                {
                    "judge": judge,
                    "decided": count,
                    "first": share,
                    "low": low,
                    "high": high,
                    "consistent": own.mean(),
                }
            )
        columns = ["judge", "decided", "first", "low", "high", "consistent"]
        return pd.DataFrame(rows, columns=columns)
