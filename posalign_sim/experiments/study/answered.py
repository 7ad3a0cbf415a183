"""Who answered in a study whose seats are language models, and what came of it.

Another version of a model, or another system behind its name, is another treatment that nobody
assigned. It does no harm where all arms got the same share of it, and no claim is made where they
did not; see `Answered.apart`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.agents.llm import Price
from posalign_sim.agents.llm.converse import ENDINGS
from posalign_sim.agents.llm.listener import NUMBERS, Heard
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.tables import Outcomes

#: Shares of two arms that differ by more than this are not the same.
APART = 0.05
APART_TEXT = f"{100 * APART:.0f} percentage points"
#: Arm and payoffs of worlds, and a version with its fingerprint.
Cell = tuple[str, str]
Version = tuple[str, str]


@dataclass(frozen=True)
class Answered:
    """Who answered, and what came of it.

    Attributes:
        calls: `game, arm, payoffs, point, model, version, fingerprint, outcome`, with `worlds`,
            `calls`, `tokens_in`, `tokens_out` and `money` (undefined without a price); `outcome` is
            `used`, or the kind of a failure or of an answer that was of no use.
        worlds: `game, arm, payoffs, point`, with `worlds`, `calls`, `repairs`, `tokens_in`,
            `tokens_out`, and how many worlds ended because a model was `silent`, `refused` or
            `unusable`.
        mixes: for each game and point, and each model that is asked: in each cell, the mean over
            its worlds of the share of answers that came from each version.
    """

    calls: pd.DataFrame
    worlds: pd.DataFrame
    mixes: Mapping[tuple[str, int], Mapping[str, Mapping[Cell, Mapping[Version, float]]]]

    def versions(self, game: str) -> dict[str, list[Version]]:
        """Versions that answered in a game, by the model that was asked."""
        rows = self.calls[(self.calls["game"] == game) & (self.calls["version"] != "")]
        found: dict[str, list[Version]] = {}
        for model, version, mark in zip(
            rows["model"], rows["version"], rows["fingerprint"], strict=True
        ):
            seen = found.setdefault(model, [])
            if (version, mark) not in seen:
                seen.append((version, mark))
        return found

    def apart(self, game: str, arms: Collection[str], point: int | None = None) -> bool:
        """Whether a model was not the same in arms that are compared.

        It was the same if each of its versions gave the same share of the answers in all of these
        arms and in their twins, up to `APART`; so it may change from world to world, as long as it
        changes alike in all arms.

        Args:
            game: the game.
            arms: that are compared.
            point: of the grid; None: at any point.
        """
        return any(
            self._differ(cells, arms)
            for (here, number), models in self.mixes.items()
            if here == game and point in (None, number)
            for cells in models.values()
        )

    @staticmethod
    def _differ(cells: Mapping[Cell, Mapping[Version, float]], arms: Collection[str]) -> bool:
        compared = [mix for (arm, _), mix in cells.items() if arm in arms]
        versions = {version for mix in compared for version in mix}
        spans = [[mix.get(version, 0.0) for mix in compared] for version in versions]
        return any(max(span) - min(span) > APART for span in spans)


def answered_of(design: Design, outcomes: Outcomes) -> Answered | None:
    """Who answered in the worlds of a study; None if no language model holds a seat.

    Args:
        design: the study.
        outcomes: what was run.
    """
    if not design.speaks:
        return None
    prices = design.models(0).prices
    calls: list[dict[str, Any]] = []
    worlds: list[dict[str, Any]] = []
    mixes: dict[Any, Any] = {}
    for game in design.games:
        if not design.speakers[game]:
            continue
        for place, arm in enumerate(design.arms):
            for (first, _), sources, counts in outcomes.heard(game, place):
                for point, payoffs in np.ndindex(*counts.shape[:2]):
                    keys = {
                        "game": game,
                        "arm": arm.name,
                        "payoffs": design.payoffs[payoffs],
                        "point": first + point,
                    }
                    told = [Heard(*source) for source in sources]
                    numbers = counts[point, payoffs]
                    calls += _calls(keys, told, numbers, prices)
                    for model, mix in _mixes(told, numbers[..., 0]).items():
                        cells = mixes.setdefault((game, first + point), {}).setdefault(model, {})
                        cells[arm.name, design.payoffs[payoffs]] = mix
            worlds += _worlds(design, outcomes, game, place)
    return Answered(
        pd.DataFrame(calls, columns=_CALLS), pd.DataFrame(worlds, columns=_WORLDS), mixes
    )


_KEYS = ["game", "arm", "payoffs", "point"]
_CALLS = [
    *(*_KEYS, "model", "version", "fingerprint", "outcome"),
    *("worlds", *NUMBERS, "money"),
]
#: Outcomes that are summed up, and what they are called here.
_SUMS = {
    **{name: name.removeprefix("model_") for name in ("model_calls", "model_repairs")},
    **{name: name.removeprefix("model_") for name in ("model_tokens_in", "model_tokens_out")},
    **{name: name.removeprefix("model_") for name in ENDINGS},
}
_WORLDS = [*_KEYS, "worlds", *_SUMS.values()]


def _calls(
    keys: Mapping[str, Any],
    sources: list[Heard],
    numbers: np.ndarray[Any, Any],
    prices: Mapping[str, Price],
) -> list[dict[str, Any]]:
    """A row for each sort of thing that came back in one cell."""
    rows = []
    for k, heard in enumerate(sources):
        sums = dict(zip(NUMBERS, numbers[:, k].sum(axis=0).astype(int).tolist(), strict=True))
        if not sums["calls"]:
            continue
        price = prices.get(heard.asked)
        rows.append(
            {
                **keys,
                "model": heard.asked,
                "version": heard.served,
                "fingerprint": heard.fingerprint,
                "outcome": heard.kind or "used",
                "worlds": int((numbers[:, k, 0] > 0).sum()),
                **sums,
                "money": price.of(sums["tokens_in"], sums["tokens_out"]) if price else np.nan,
            }
        )
    return rows


def _mixes(sources: list[Heard], calls: np.ndarray[Any, Any]) -> dict[str, dict[Version, float]]:
    """By model, the mean over worlds of the share of answers that each version gave."""
    found: dict[str, dict[Version, float]] = {}
    for model in dict.fromkeys(heard.asked for heard in sources):
        versions: dict[Version, Any] = {}
        for k, heard in enumerate(sources):
            if heard.asked == model and heard.served:
                version = heard.served, heard.fingerprint
                versions[version] = versions.get(version, 0) + calls[:, k]
        every = sum(versions.values()) if versions else np.zeros(1)
        some = every > 0
        if some.any():
            found[model] = {
                version: float((count[some] / every[some]).mean())
                for version, count in versions.items()
            }
    return found


def _worlds(design: Design, outcomes: Outcomes, game: str, place: int) -> list[dict[str, Any]]:
    """For each cell of an arm: worlds, what was asked in them, and how many models ended."""
    sums = {
        told: np.nansum(outcomes.values(game, place, name), axis=2).astype(int)
        for name, told in _SUMS.items()
    }
    return [
        {
            "game": game,
            "arm": design.arms[place].name,
            "payoffs": payoffs,
            "point": point,
            "worlds": outcomes.pairs,
            **{told: int(values[point, k]) for told, values in sums.items()},
        }
        for point in range(design.points)
        for k, payoffs in enumerate(design.payoffs)
    ]
