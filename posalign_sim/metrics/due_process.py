"""Due process: whether judgements are right, put right, and made as the office of a judge asks."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.metrics.cooperation import share
from posalign_sim.metrics.deescalation import LONGEST, survival
from posalign_sim.world.conduct import breached
from posalign_sim.world.fields import Floats, Ints, per_identity, scalar, table
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import NOBODY, World, holder

#: How far a standing may be below what it was and still be as good: rounding.
NEGLIGIBLE = 1e-9


class DueProcess(Metric):
    """Wrongful judgements, reversals, and how long who was wronged by one lives with it.

    A judgement is any finding on record, of a breach or of none. It is wrong if it finds a breach
    where there was none, or against who did not do it, or none where there was one.

    * `judgements`: how many there were, per round. `judgement_accuracy`: share that was right.
    * `wrongful_findings`: share of those judged who had broken nothing, and were found to have.
    * `wrongful_dismissals`: share of those judged who had broken something, and were not found to.
    * `reversed_on_appeal`: reversals per appeal. `lapsed_cases`: share of disputes that nobody
      judged. Both by what institutions report.
    * `reinstatement_rounds`: mean number of rounds for which the published standing of who was
      wrongfully found a cheat is below what it was, restricted to 32 (Kaplan-Meier); 0 if the
      finding leaves no trace. `reinstatement_never`: share for whom it lasts that long.

    Undefined where there was no such case. Source: Kaplan & Meier (1958), JASA 53.
    """

    right: int = scalar(np.int64)
    guilty: int = scalar(np.int64)
    missed: int = scalar(np.int64)
    innocent: int = scalar(np.int64)
    wrongful: int = scalar(np.int64)
    # What the standing of who lives under a wrongful finding was (-1: nobody), and for how long.
    before: Floats = per_identity(initial=-1)
    age: Ints = per_identity(np.int32)
    ended: Ints = table(np.int32, LONGEST + 1)

    @staticmethod
    def settle(w: World, own: DueProcess) -> None:
        p = w.sight
        for m in range(w.identities):
            if own.before[m] >= 0:
                if p.standing[m] >= own.before[m] - NEGLIGIBLE:
                    own.ended[min(int(own.age[m]), LONGEST)] += 1
                    own.before[m] = -1.0
                own.age[m] += 1
        for k in range(w.finding_count):
            case = w.findings[k]
            x = w.interactions[case.case]
            broken = breached(w, x) and case.accused == x.actor
            if broken == (case.breach == 1):
                own.right += 1
            if broken:
                own.guilty += 1
                own.missed += 0 if case.breach else 1
                continue
            own.innocent += 1
            if case.breach:
                own.wrongful += 1
                if own.before[case.accused] < 0:
                    own.before[case.accused] = p.standing[case.accused]
                    own.age[case.accused] = 0

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        judged = own["guilty"] + own["innocent"]
        begun = own["ended"].sum(-1) + (own["before"] >= 0).sum(-1)
        mean, beyond = survival(own["ended"], open_ages(own))
        disputes, appeals = reported(ws, "disputes"), reported(ws, "appeals")
        return {
            "judgements": judged / np.maximum(1, ws["clock"]),
            "judgement_accuracy": share(own["right"].astype(float), judged),
            "wrongful_findings": share(own["wrongful"].astype(float), own["innocent"]),
            "wrongful_dismissals": share(own["missed"].astype(float), own["guilty"]),
            "reversed_on_appeal": share(reported(ws, "reversals"), appeals),
            "lapsed_cases": share(reported(ws, "lapsed"), disputes),
            "reinstatement_rounds": np.where(begun > 0, mean, np.nan),
            "reinstatement_never": np.where(begun > 0, beyond, np.nan),
        }


class ArbiterStandards(Metric):
    """Whether seats who judge do so as a judge should: truly, alike for all, hearing both sides.

    Of judgements by seats that hold an office (a finding names its finder), given the truth:

    * `arbiter_accuracy`: share that was right.
    * `party_gap`: how much likelier they wrong the accused than who complains (wrongful findings
      less wrongful dismissals, as shares of those who had, and had not, broken nothing).
    * `wealth_gap`: how much likelier they find against an accused who was poorer than who
      complained, when the round began, than against one who was not.
    * `role_gap`: how much likelier they find against an accused of another role than the first.
    * `both_heard`: share of hearings in which both sides put forward evidence.
    * `bribes_per_vote`: points that arbiters took for a vote, on average.

    A gap is the mean over those who had broken something and those who had not; 0 is impartial.
    Undefined where there is nothing to compare. Source: Thibaut & Walker (1975), Procedural
    Justice; section 5.2 of Laukkonen et al. (2026), standards by role.
    """

    purse: Ints = per_identity(np.int64)
    # Broke nothing or something; the group of the accused; dismissed or found.
    by_wealth: Ints = table(np.int64, 2, 2, 2)
    by_role: Ints = table(np.int64, 2, 2, 2)

    @staticmethod
    def meet(w: World, own: ArbiterStandards) -> None:
        for m in range(w.identities):
            own.purse[m] = w.balance[m]

    @staticmethod
    def settle(w: World, own: ArbiterStandards) -> None:
        for k in range(w.finding_count):
            case = w.findings[k]
            if case.finder == NOBODY:
                continue
            x = w.interactions[case.case]
            accused = case.accused
            truth = 1 if breached(w, x) and accused == x.actor else 0
            found = 1 if case.breach else 0
            if case.victim < w.identities:
                poor = 1 if own.purse[accused] < own.purse[case.victim] else 0
                own.by_wealth[truth, poor, found] += 1
            role = 1 if w.role[holder(w, accused)] > 0 else 0
            own.by_role[truth, role, found] += 1

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        counts = own["by_role"].sum(axis=2)
        total = counts.sum((1, 2))
        right = (counts[:, 0, 0] + counts[:, 1, 1]).astype(float)
        wrong_found = share(counts[:, 0, 1].astype(float), counts[:, 0].sum(-1))
        wrong_dismissed = share(counts[:, 1, 0].astype(float), counts[:, 1].sum(-1))
        hearings = reported(ws, "disputes", "unheard") - reported(ws, "lapsed", "unheard")
        hearings += reported(ws, "appeals", "unheard")
        return {
            "arbiter_accuracy": share(right, total),
            "party_gap": wrong_found - wrong_dismissed,
            "wealth_gap": gap(own["by_wealth"]),
            "role_gap": gap(own["by_role"]),
            "both_heard": 1 - share(reported(ws, "unheard"), hearings),
            "bribes_per_vote": share(reported(ws, "bribes"), reported(ws, "votes")),
        }


def gap(counts: Any) -> Any:
    """`[worlds]` how much likelier group 1 is found against than group 0, given equal truth.

    Args:
        counts: `[worlds, 2, 2, 2]` by truth, group and judgement.

    >>> gap(np.array([[[[3, 1], [1, 3]], [[0, 0], [1, 1]]]])).tolist()
    [0.5]
    """
    rates = share(counts[..., 1].astype(float), counts.sum(-1))
    differences = rates[..., 1] - rates[..., 0]
    known = ~np.isnan(differences)
    return share(np.where(known, differences, 0.0).sum(-1), known.sum(-1))


def reported(ws: Any, what: str, beside: str = "") -> Any:
    """`[worlds]` the sum of what institutions report under a name, over seats and institutions.

    Args:
        ws: worlds.
        what: a field of institutions' records.
        beside: count only institutions that have this field as well.
    """
    total = np.zeros(len(ws))
    for name in ws.dtype.names:
        fields = ws.dtype[name].base.names or ()
        if what in fields and (not beside or beside in fields):
            total += ws[name][what].reshape(len(ws), -1).sum(-1)
    return total


def open_ages(own: Any) -> Any:
    """`[worlds, LONGEST + 1]` number of wrongful findings that still weigh, at each age."""
    count = np.zeros((len(own), LONGEST + 1), np.int64)
    world, identity = np.nonzero(own["before"] >= 0)
    np.add.at(count, (world, np.minimum(own["age"][world, identity], LONGEST)), 1)
    return count
