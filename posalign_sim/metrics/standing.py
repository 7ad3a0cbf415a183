"""What public records do to trade: what is forgone, who holds the standing, who is let in."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.metrics.cooperation import share
from posalign_sim.world.fields import Floats, Ints, param, per_agent, per_identity, scalar
from posalign_sim.world.modules import Metric
from posalign_sim.world.record import GROUP, World, face, holder, seats

#: Standing below which an identity is in bad standing.
BAD = 0.5
_NEVER = -1
_OLD, _YOUNG = 0, 1


class Standing(Metric):
    """The price of records: market stagnation, reputation hoarding, entrants shut out.

    A *deal* is an act that nobody had promised, towards one identity: buying or walking away,
    cooperating or not, sending or keeping; it counts as much as its cooperation.

    * `trade_forgone`: share of all deals that records withheld: the share of acts towards
      identities in bad standing (below 1/2), times by how much less cooperative these were than
      acts towards the others. 0 if nobody ever was, undefined if everybody always was.
    * `hoarding`: Gini coefficient (corrected by n / (n - 1)) over identities, as they are in the
      end, of their credit: deals got, each times the standing shown then. 0: all alike, 1: one
      has it all. `concentration`: the sum of squares of their shares in it (Herfindahl). Both are
      taken over identities with which somebody could deal; undefined if none has any credit.
    * `openness`: deals that newcomers get for each round of theirs, over those that incumbents
      do. 1: as welcome as these, 0: shut out. A newcomer is an identity in its first `youth`
      rounds, if it came after the first `youth` rounds of the world. Only roles that had both
      count; undefined if there is none.

    Source: the trade-off of blacklisting against erasure in Laukkonen et al. (2026), section 5.2;
    Deltas (2003), Review of Economics and Statistics 85 (correction); Hirschman (1964), AER 54
    (index); barriers to entry: Friedman & Resnick (2001), JEMS 10.

    >>> Standing(youth=3).values["youth"].item()
    3.0
    """

    youth: float = param(5, 1, 1e6, "rounds", "for which an identity is a newcomer")
    acts: int = scalar(np.int64)
    total: float = scalar()
    bad_acts: int = scalar(np.int64)
    bad_total: float = scalar()
    met: Ints = per_identity(np.int64)
    credit: Floats = per_identity()
    came: Ints = per_identity(np.int64, initial=_NEVER)
    lived: Ints = per_agent(np.int64, 2)
    deals: Floats = per_agent(np.float64, 2)

    @staticmethod
    def publish(w: World, own: Standing) -> None:
        for i in seats(w):
            m = face(w, i)
            if own.came[m] == _NEVER:
                own.came[m] = w.clock
            own.lived[i, age(w, own, m)] += 1

    @staticmethod
    def witness(w: World, own: Standing, x: Any) -> None:
        if x.pledged or x.target == GROUP:
            return
        m = x.target
        known = w.sight.standing_known[m]
        shown = w.sight.standing[m] if known else 1.0
        own.acts += 1
        own.total += x.cooperation
        if shown < BAD:
            own.bad_acts += 1
            own.bad_total += x.cooperation
        own.met[m] += 1
        own.credit[m] += shown * x.cooperation
        own.deals[holder(w, m), age(w, own, m)] += x.cooperation

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, Any]:
        good_acts = own["acts"] - own["bad_acts"]
        welcome = share(own["total"] - own["bad_total"], good_acts)
        shunned = share(own["bad_total"], own["bad_acts"])
        forgone = share(own["bad_acts"].astype(float), own["acts"]) * (welcome - shunned)
        gini, herfindahl = inequality(np.where(own["met"] > 0, own["credit"], np.nan))
        return {
            "trade_forgone": np.where((own["bad_acts"] == 0) & (own["acts"] > 0), 0.0, forgone),
            "hoarding": gini,
            "concentration": herfindahl,
            "openness": openness(own["lived"], own["deals"], ws["role"]),
        }


def age(w: World, own: Standing, m: int) -> int:
    """1 if an identity is a newcomer, 0 if it is an incumbent."""
    came = own.came[m] if own.came[m] != _NEVER else w.clock
    return _OLD if came < own.youth or w.clock - came >= own.youth else _YOUNG


def inequality(credit: Any) -> tuple[Any, Any]:
    """Gini coefficient, corrected for small numbers, and Herfindahl index of each row.

    Args:
        credit: `[worlds, identities]` at least 0; NaN for whom it does not concern.

    Returns:
        Two `[worlds]` arrays; NaN where all is nothing, the Gini also where there is one alone.

    >>> [a.tolist() for a in inequality(np.array([[3.0, 1.0, np.nan], [2.0, 0.0, 0.0]]))]
    [[0.5, 1.0], [0.625, 1.0]]
    """
    count = np.isfinite(credit).sum(axis=1)
    ranked = np.sort(np.nan_to_num(credit), axis=1)[:, ::-1]
    total = ranked.sum(axis=1)
    ranks = np.arange(1, ranked.shape[1] + 1)
    # Those of whom nothing is counted come last, and weigh nothing.
    gini = share(((count[:, None] + 1 - 2 * ranks) * ranked).sum(axis=1), total * (count - 1))
    parts = share(ranked, np.broadcast_to(total[:, None], ranked.shape))
    return gini, (parts**2).sum(axis=1)


def openness(lived: Any, deals: Any, role: Any) -> Any:
    """`[worlds]` deals that newcomers get in a round of theirs, over those of incumbents.

    Args:
        lived: `[worlds, agents, 2]` rounds that seats were incumbents, and newcomers.
        deals: `[worlds, agents, 2]` what they were dealt in these.
        role: `[worlds, agents]` of each seat.
    """
    rounds, got = np.zeros((len(lived), 2)), np.zeros((len(lived), 2))
    for r in np.unique(role):
        own = (role == r)[:, :, None]
        theirs = (lived * own).sum(axis=1).astype(float)
        both = (theirs > 0).all(axis=1)[:, None]
        rounds += theirs * both
        got += (deals * own).sum(axis=1) * both
    rate = share(got, rounds)
    return share(rate[:, _YOUNG], rate[:, _OLD])


__all__ = ["Standing", "inequality", "openness"]
