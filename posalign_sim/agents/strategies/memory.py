"""Strategies that are tables of what to do after what has happened: data, not code."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT
from posalign_sim.agents.strategies.past import keep, other_defected, own_defected
from posalign_sim.world.draws import chance
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import Floats, given, param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, parameter, turns

#: Rounds that a table may look back, and entries that it and its openings have at most.
LONGEST = 3
ENTRIES, OPENINGS = 64, 21
# Where the numbers of `MemoryN` are, and what it notes.
MEMORY, TABLE, OPENING = 0, 1, 1 + ENTRIES
HISTORY = 0
# The same for `LookupTable`.
OWN, OTHER, FIRST, LOOKUP, BEGINNING = 0, 1, 2, 3, 3 + ENTRIES
ALL_ACTS = 52


class MemoryN(Agent):
    """Cooperates with a probability that depends on all that both did in the last `memory` rounds.

    Each round is its own act and its partner's: CC, CD, DC, DD, numbered 0 to 3. A history is read
    from the oldest round to the newest, so that with a memory of 2 entry `4 a + b` of the `table`
    is for round `b` after round `a`; there are `4 ** memory` entries.

    In the first rounds less has happened. `opening` has a probability for each of the first
    `memory` rounds; or one for each history shorter than `memory`, the shortest first (1, then 4,
    then 16). Without it the table is read as if both had cooperated before they met.

    `MemoryN.of(name)` gives one by name; `memory_one` agents need no table.

    Source: Hauert & Schuster (1997), Proceedings of the Royal Society B 264; Hilbe et al. (2017),
    PNAS 114.

    >>> MemoryN(table=[1, 0, 1, 0]).values["memory"].item()  # tit for tat
    1.0
    """

    memory: float = param(1, 1, LONGEST, "rounds", "that it looks back")
    table: Floats = given(
        np.float64, ENTRIES, low=0, high=1, unit="probability", summary="after each history"
    )
    opening: Floats = given(
        np.float64, OPENINGS, low=0, high=1, unit="probability", summary="in the first rounds"
    )

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted, met = notes(p, i), int(turns(p, i))
        memory = max(1, int(parameter(p, i, MEMORY)))
        history = 0
        if met > 0:
            keep(noted, HISTORY, own_defected(p, i), 2 * memory)
            history = keep(noted, HISTORY, other_defected(p, i), 2 * memory)
        at = TABLE + history
        if met < memory:
            at = OPENING + ((1 << 2 * met) - 1) // 3 + history
        return COOPERATE if chance(p, i) < p.params[i, at] else DEFECT

    def __init__(
        self, table: Any = None, opening: Any = None, memory: Any = None, **more: Any
    ) -> None:
        """Give the tables, `[numbers]` or `[worlds, numbers]`; tit for tat if there is none.

        Args:
            table: `4 ** memory` probabilities.
            opening: `memory` probabilities, or one for each shorter history.
            memory: rounds that it looks back; as the table's length says, if it is left out.
            **more: what else an agent is given, such as a conduct.

        Raises:
            ConfigurationError: a table has the wrong length, or probabilities outside [0, 1].
        """
        tables = {"table": table, "opening": opening}
        lengths = {4**n: n for n in range(1, LONGEST + 1)}
        if memory is None:
            size = 4 if table is None else self._table("table", table).shape[-1]
            memory = lengths.get(size, 1)
        super().__init__(
            memory=memory, **{k: v for k, v in tables.items() if v is not None}, **more
        )
        depths = np.unique(self.values["memory"])
        if (depths != np.floor(depths)).any():
            raise ConfigurationError(f"memory_n.memory = {depths[0]:g}: give whole rounds")
        if len(depths) > 1 and (table is not None or opening is not None):
            raise ConfigurationError("memory_n.memory: with tables give one memory for all worlds")
        depth = int(depths.max())
        if table is None:
            self.values["table"] = np.resize([1.0, 0.0], 4**depth)
        elif self.values["table"].shape[-1] != 4**depth:
            raise ConfigurationError(
                f"memory_n.table has {self.values['table'].shape[-1]} numbers: with a memory of "
                f"{depth} it has {4**depth}, one for each history"
            )
        # The shorter history as if both had cooperated before is the same number.
        shorter = np.concatenate([np.arange(4**k) for k in range(depth)])
        if opening is None:
            self.values["opening"] = self.values["table"][..., shorter]
        elif self.values["opening"].shape[-1] == depth:
            rounds = np.repeat(np.arange(depth), [4**k for k in range(depth)])
            self.values["opening"] = self.values["opening"][..., rounds]
        elif self.values["opening"].shape[-1] != (4**depth - 1) // 3:
            raise ConfigurationError(
                f"memory_n.opening has {self.values['opening'].shape[-1]} numbers: with a memory "
                f"of {depth} it has {depth}, one for each round, or {(4**depth - 1) // 3}, one for "
                "each history"
            )

    @classmethod
    def of(cls, name: str, **more: Any) -> MemoryN:
        """A strategy by name.

        Args:
            name: `all_or_none_2` and `all_or_none_3` (Hilbe et al. 2017, PNAS 114), `capri`
                (Murase & Baek 2020, Scientific Reports 10), `nydegger` (Axelrod 1980, Journal of
                Conflict Resolution 24), `tit_for_two_tats`.
            **more: what else an agent is given.
        """
        if name not in HISTORIES:
            hint = nearest(name, [*HISTORIES, "nydegger"])
            if name != "nydegger":
                raise ConfigurationError(f"no memory_n strategy is called {name!r}: {hint}")
            return cls(*_nydegger(), **more)
        cooperative = HISTORIES[name].split()
        depth = len(cooperative[0]) // 2
        table = [_history(k, depth) in cooperative for k in range(4**depth)]
        # Who plays all or none begins with all.
        opening = [1.0] * depth if name.startswith("all_or_none") else None
        return cls(np.array(table, np.float64), opening, **more)


def _history(number: int, depth: int) -> str:
    """A history in letters, the oldest round first.

    >>> _history(6, 2)
    'CDDC'
    """
    bits = [number >> k & 1 for k in reversed(range(2 * depth))]
    return "".join("CD"[bit] for bit in bits)


def _nydegger() -> tuple[Any, Any]:
    """Its table, and its opening: tit for tat, but for one history."""
    cost = {"CC": 0, "CD": 2, "DC": 1, "DD": 3}
    refused = {1, 6, 7, 17, 22, 23, 26, 29, 30, 31, 33, 38, 39, 45, 49, 54, 55, 58, 61}
    table = []
    for number in range(64):
        rounds = _history(number, 3)
        points = sum(cost[rounds[2 * k : 2 * k + 2]] * 4**k for k in range(3))
        table.append(float(points not in refused))
    opening = [1.0]
    for depth in (1, 2):
        for number in range(4**depth):
            theirs = _history(number, depth)[1::2]
            opening.append(float(theirs not in ("D", "CD", "DD", "DC")))
    return table, opening


#: The histories after which these cooperate: each round's own act and the partner's.
HISTORIES: dict[str, str] = {
    "all_or_none_2": "CCCC CCDD DDCC DDDD",
    "all_or_none_3": " ".join(
        a + b + c for a in ("CC", "DD") for b in ("CC", "DD") for c in ("CC", "DD")
    ),
    "capri": "CCCCCC CCCCDC CCDCCD DCCDCC CDCCCC CCCDDC CDDCCC DCCCCC DDDDDC DDDCCC DDDDCD DDCDCC "
    "DDDDCC DDCCCC",
    "tit_for_two_tats": "CCCC CCCD CCDC CCDD CDCC CDDC DCCC DCCD DCDC DCDD DDCC DDDC",
}


class LookupTable(Agent):
    """Acts by what it did last, what its partner did last, and how its partner began.

    The `table` has an entry for each of `own` acts of its own, `other` acts of its partner and
    `first` first acts of its partner, in this order, each from the oldest to the newest, C before
    D, the last changing fastest: `2 ** (own + other + first)` entries. `opening` has a probability
    for each round before all of these are known; without it, it cooperates.

    `LookupTable.of(name)` gives one by name.

    Source: Lindgren (1992), in Artificial Life II; Axelrod (1987), in Genetic Algorithms and
    Simulated Annealing; Harper et al. (2017), PLoS ONE 12.

    >>> LookupTable(own=0, other=1, table=[1, 0]).name  # tit for tat
    'lookup_table'
    """

    own: float = param(1, 0, 2, "rounds", "of its own that it looks back")
    other: float = param(1, 0, 2, "rounds", "of its partner's that it looks back")
    first: float = param(0, 0, 2, "rounds", "of its partner's beginning that it remembers")
    table: Floats = given(
        np.float64, ENTRIES, low=0, high=1, unit="probability", summary="after each history"
    )
    opening: Floats = given(
        np.float64, 2, initial=1, low=0, high=1, unit="probability", summary="in the first rounds"
    )

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted, met = notes(p, i), int(turns(p, i))
        own, other = int(parameter(p, i, OWN)), int(parameter(p, i, OTHER))
        first = int(parameter(p, i, FIRST))
        mine = theirs = began = 0
        if met > 0:
            mine = keep(noted, OWN, own_defected(p, i), own)
            theirs = keep(noted, OTHER, other_defected(p, i), other)
            began = int(noted[FIRST])
            if met <= first:
                began = keep(noted, FIRST, other_defected(p, i), first)
        at = LOOKUP + (((mine << other) | theirs) << first | began)
        if met < max(own, max(other, first)):
            at = BEGINNING + met
        return COOPERATE if chance(p, i) < p.params[i, at] else DEFECT

    def __init__(self, table: Any = None, opening: Any = None, **more: Any) -> None:
        """Give the tables, `[numbers]` or `[worlds, numbers]`.

        Without a table it is tit for tat (with `other` 0: a cooperator).

        Raises:
            ConfigurationError: a table has the wrong length, or probabilities outside [0, 1].
        """
        tables = {"table": table, "opening": opening}
        super().__init__(**{k: v for k, v in tables.items() if v is not None}, **more)
        reach = np.stack(np.broadcast_arrays(*(self.values[n] for n in ("own", "other", "first"))))
        if (reach != np.floor(reach)).any():
            raise ConfigurationError("lookup_table: own, other and first are whole rounds")
        if table is None:
            _, other, first = reach[..., None].astype(int)
            size = 2 ** int(reach.sum(axis=0).max())
            self.values["table"] = 1.0 - (np.arange(size) >> first & np.minimum(1, other))
        if opening is None:
            self.values["opening"] = self.values["opening"][: max(1, int(reach.max()))]
        if table is None and opening is None:
            return
        reach = reach.reshape(3, -1)
        if (reach != reach[:, :1]).any():
            raise ConfigurationError(
                "lookup_table: with tables give one own, other and first for all worlds"
            )
        own, other, first = reach[:, 0].astype(int)
        wanted = {"table": 2 ** (own + other + first), "opening": max(1, own, other, first)}
        for name, size in wanted.items():
            found = self.values[name].shape[-1]
            if tables[name] is not None and found != size:
                raise ConfigurationError(
                    f"lookup_table.{name} has {found} numbers: with own {own}, other {other} and "
                    f"first {first} it has {size}"
                )

    @classmethod
    def of(cls, name: str, **more: Any) -> LookupTable:
        """A strategy by name: one of `LOOKUPS`.

        >>> LookupTable.of("winner_12").values["other"].item()
        2.0
        """
        if name not in LOOKUPS:
            raise ConfigurationError(
                f"no lookup table is called {name!r}: {nearest(name, LOOKUPS)}"
            )
        own, other, first, table, opening = LOOKUPS[name]
        return cls(
            table=[act == "C" for act in table],
            opening=[act == "C" for act in opening],
            own=own,
            other=other,
            first=first,
            **more,
        )


#: Lookup tables by name: rounds of its own, of its partner's, of its beginning, table and opening.
#: The winners are of Mathieu & Delahaye (2017), JASSS 20, the others of Harper et al. (2017).
LOOKUPS: dict[str, tuple[int, int, int, str, str]] = {
    "winner_12": (1, 2, 0, "CDCDDCDD", "CC"),
    "winner_21": (1, 2, 0, "CDCDCDDD", "DC"),
    "evolved_1_1_1": (1, 1, 1, "CDDDDCDD", "C"),
    "evolved_2_2_2": (
        2,
        2,
        2,
        "CDDCDCDDCDDDCDDDDDCDCDCCCDDCCDCDDDCCCCCDDDCDDDDDDDDDCCDDCDDDCCCD",
        "CC",
    ),
}


__all__ = ["HISTORIES", "LOOKUPS", "LookupTable", "MemoryN"]
