"""Who did how well in a tournament: score matrices, and the ranking that they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.world.errors import ConfigurationError

#: Scores that differ by less are equal: sums of points per turn are rounded.
TIE = 1e-9
#: Axelrod's first tournament; see `first_tournament`.
_FIRST = Path(__file__).with_name("axelrod_1980.csv")


@dataclass(frozen=True)
class Standings:
    """How a tournament went; `[players, players]` are those of a row against those of a column.

    Attributes:
        names: `[players]` who played.
        scores: `[players, players]` points per turn, mean over matches; NaN where two did not meet.
        errors: `[players, players]` their standard errors; NaN of less than two matches.
        cooperation: `[players, players]` share of cooperation among the row's acts.
        wins: `[players, players]` share of matches in which the row earned more than the column.
        faults: matches that stopped on a fault; they count for nothing.
    """

    names: tuple[str, ...]
    scores: Any
    errors: Any
    cooperation: Any
    wins: Any
    faults: int

    def table(self) -> pd.DataFrame:
        """A row for each player, best first.

        Returns:
            Columns `rank`, `player`, `score` (points per turn), `error` (its standard error; NaN
            of one repetition), `cooperation` (share of its acts) and `wins` (opponents that it
            beats, on average).
        """
        opponents = np.isfinite(self.scores).sum(axis=1)
        found = ranking(self.scores, self.names).set_index("player")
        found["error"] = _of(self.names, np.sqrt(np.nansum(self.errors**2, axis=1)) / opponents)
        if np.isnan(self.errors[np.isfinite(self.scores)]).any():
            found["error"] = np.nan
        found["cooperation"] = _of(self.names, np.nansum(self.cooperation, axis=1) / opponents)
        found["wins"] = _of(self.names, np.nansum(self.wins, axis=1))
        return found.reset_index()[["rank", "player", "score", "error", "cooperation", "wins"]]


def _of(names: Sequence[str], values: Any) -> pd.Series[Any]:
    return pd.Series(values, index=list(names))


def ranking(scores: Any, names: Sequence[str] = ()) -> pd.DataFrame:
    """Rank players by their mean score over all opponents, themselves included if they met.

    Source: Axelrod (1980), Journal of Conflict Resolution 24.

    Args:
        scores: `[players, players]` score of each row against each column; NaN where two did not
            meet.
        names: `[players]`; numbers from 0 on if not given.

    Returns:
        `rank` (from 1; equals share the better one), `player` and `score`, best first, equals in
        the order of `names`.

    Raises:
        ConfigurationError: `scores` is no square matrix, or somebody met nobody.

    Example:
        >>> ranking([[3, 0, 3], [5, 1, 1], [3, 1, 3]], ["dove", "hawk", "mirror"])
           rank  player     score
        0     1    hawk  2.333333
        1     1  mirror  2.333333
        2     3    dove  2.000000
    """
    matrix = np.asarray(scores, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ConfigurationError(f"scores must be a square matrix, not of shape {matrix.shape}")
    names = list(names) or [str(k) for k in range(len(matrix))]
    if len(names) != len(matrix):
        raise ConfigurationError(f"{len(names)} names for {len(matrix)} players")
    met = np.isfinite(matrix).sum(axis=1)
    if (met == 0).any():
        raise ConfigurationError(f"{names[int(np.argmin(met))]} met nobody: it has no score")
    means = np.nansum(matrix, axis=1) / met
    order = np.argsort(-np.round(means / TIE), kind="stable")
    ranks = [1 + int((means > means[k] + TIE).sum()) for k in order]
    return pd.DataFrame({"rank": ranks, "player": [names[k] for k in order], "score": means[order]})


def first_tournament() -> tuple[tuple[str, ...], Any]:
    """The score matrix of Axelrod's first tournament: names, and points in games of 200 moves.

    Source: Axelrod (1980), Journal of Conflict Resolution 24, Table 2; reprinted in Rapoport,
    Seale & Colman (2015), PLOS ONE 10(7): e0134128. Each entry is a mean of five games, rounded.
    They have been checked by rows, whose means are the average scores printed of the players, not
    one by one.

    Example:
        >>> names, scores = first_tournament()
        >>> ranking(scores, names).round(2).head(2)
           rank                 player   score
        0     1            Tit for Tat  504.53
        1     2  Tideman and Chieruzzi  500.47
    """
    frame = pd.read_csv(_FIRST, index_col=0)
    return tuple(str(name) for name in frame.index), frame.to_numpy(np.float64)
