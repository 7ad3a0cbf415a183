"""How the players of a league stand: ratings, cooperative scores, and how sure both are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.experiments.league.play import Played
from posalign_sim.experiments.league.ratings import Floats, ahead, better, ratings

#: What is measured, each with an interval; see `Standings`.
MEASURES = ("rating", "match_rating", "points", "welfare", "partner_loss")
#: Quantiles of resamples between which 95% of them lie.
ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Standings:
    """How players stand in some scenarios.

    Attributes:
        names: of the players.
        stages: names of the scenarios.
        values: of each measure `[players]`:
            `rating`: who does better in the same place (same side, partner and luck), on the scale
            of Elo; `match_rating`: who earns more when they meet; `points`: own points, `welfare`:
            points of both, each less the scenario's mean and in its standard deviations;
            `partner_loss`: by how much partners earn less with it than with players on average.
        low: lower ends of 95% intervals, by resampling worlds.
        high: upper ends.
        broke: `[players]` share of its worlds that a player broke off.
    """

    names: tuple[str, ...]
    stages: tuple[str, ...]
    values: dict[str, Floats]
    low: dict[str, Floats]
    high: dict[str, Floats]
    broke: Floats

    @property
    def ranks(self) -> list[tuple[int, int] | None]:
        """First and last rank that each player may have; None if it was compared with nobody.

        One stands above another only if its interval lies above the other's.
        """
        low, high = self.low["rating"], self.high["rating"]
        rated = int((~np.isnan(self.values["rating"])).sum())
        return [
            None
            if np.isnan(value)
            else (1 + int((low > high[k]).sum()), rated - int((high < low[k]).sum()))
            for k, value in enumerate(self.values["rating"])
        ]

    @property
    def order(self) -> list[int]:
        """Places of the players, best rating first."""
        value = self.values["rating"]
        return sorted(range(len(value)), key=lambda k: (np.isnan(value[k]), -value[k], k))

    def table(self) -> pd.DataFrame:
        """A row for each player, best first: ranks, measures, their intervals."""
        rows = []
        for k in self.order:
            first, last = self.ranks[k] or (np.nan, np.nan)
            row = {"rank": first, "rank_last": last, "player": self.names[k]}
            for name in MEASURES:
                row[name] = self.values[name][k]
                row[f"{name}_low"], row[f"{name}_high"] = self.low[name][k], self.high[name][k]
            rows.append({**row, "broke_off": self.broke[k]})
        return pd.DataFrame(rows)


def standings(played: Played, stages: Sequence[int]) -> Standings:
    """How players stand in some scenarios, and nothing else.

    Args:
        played: what came of all matches.
        stages: places of the scenarios.
    """
    league, rng = played.league, np.random.default_rng(played.league.seed)
    worlds = league.worlds
    # The first row is what was played; worlds are drawn anew for each scenario by itself.
    weights = [
        np.concatenate(
            [
                np.ones((1, worlds)),
                rng.multinomial(worlds, np.full(worlds, 1 / worlds), league.resamples),
            ]
        )
        for _ in stages
    ]
    players = len(league.players)
    wins = np.zeros((2, 1 + league.resamples, players, players))
    scores: dict[str, list[Floats]] = {"points": [], "welfare": [], "partner_loss": []}
    for weight, place in zip(weights, stages, strict=True):
        points = played.points[place]
        for k, compare in enumerate((better, ahead)):
            wins[k] += np.tensordot(weight, compare(points), axes=1)
        for name, each in _scores(points).items():
            scores[name].append(_mean(each, weight))
    found = {"rating": ratings(wins[0]), "match_rating": ratings(wins[1])}
    with np.errstate(invalid="ignore"):
        for name, parts in scores.items():
            found[name] = _nanmean(np.stack(parts), 0)
    low, high = (
        {name: _quantile(sample[1:], end) for name, sample in found.items()} for end in ENDS
    )
    counts = np.zeros(players)
    for place in stages:
        there = played.there[place]
        counts[there] += worlds * (2 * (len(there) - 1) + league.self_play)
    broke = sum(played.broke[place] for place in stages) / np.maximum(1, counts)
    return Standings(
        tuple(league.names),
        tuple(league.stages[place].name for place in stages),
        {name: sample[0] for name, sample in found.items()},
        low,
        high,
        broke,
    )


def stage_table(played: Played) -> pd.DataFrame:
    """A row for each scenario and player, in points a round and seat."""
    rows = []
    for stage, points in zip(played.league.stages, played.points, strict=True):
        both = (points + _theirs(points)) / 2
        loss = _loss(points)
        for k, name in enumerate(played.league.names):
            row = {"scenario": stage.name, "held_out": stage.held_out, "player": name}
            for measure, values in (("points", points), ("welfare", both), ("partner_loss", loss)):
                row[measure] = float(_nanmean(values[k].ravel(), 0))
            rows.append(row)
    return pd.DataFrame(rows)


def _scores(points: Floats) -> dict[str, Floats]:
    """Cooperative scores of every seat, in standard deviations of a scenario's points."""
    flat = points[~np.isnan(points)]
    middle, spread = (flat.mean(), flat.std()) if len(flat) else (0.0, 1.0)
    unit = spread if spread > 1e-9 else 1.0
    return {
        "points": (points - middle) / unit,
        "welfare": ((points + _theirs(points)) / 2 - middle) / unit,
        "partner_loss": _loss(points) / unit,
    }


def _theirs(points: Floats) -> Floats:
    """`[players, partners, sides, worlds]` what the partner earned."""
    return np.swapaxes(points, 0, 1)[:, :, ::-1]


def _loss(points: Floats) -> Floats:
    """What a partner earns on average in its seat, less what it earns with this player."""
    usual = _nanmean(points, 1)[:, None]  # [partners, 1, their sides, worlds]
    lost: Floats = _theirs(usual - points)
    return lost


def _mean(values: Floats, weight: Floats) -> Floats:
    """`[samples, players]` means over partners, sides and worlds, each world as it is weighed."""
    there = ~np.isnan(values)
    total = np.where(there, values, 0.0).sum(axis=(1, 2))
    count = there.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = (weight @ total.T) / (weight @ count.T)
    return mean


def _nanmean(values: Floats, axis: int) -> Any:
    """Means of what is defined; NaN where nothing is, without a warning."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, values, 0.0).sum(axis=axis) / there.sum(axis=axis)


def _quantile(sample: Floats, end: float) -> Floats:
    """Of each player, over resamples in which it has a value."""
    found = np.full(sample.shape[1], np.nan)
    for k, column in enumerate(sample.T):
        there = column[~np.isnan(column)]
        if len(there):
            found[k] = np.quantile(there, end)
    return found
