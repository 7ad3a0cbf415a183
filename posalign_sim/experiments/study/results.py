"""What a finished study found: opened from its folder, read as it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from posalign_sim.experiments.provenance import science
from posalign_sim.experiments.study.folder import (
    MANIFEST,
    PARTS,
    PROVENANCE,
    damage,
    is_complete,
    read_config,
)
from posalign_sim.world.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    import xarray

TABLE = "results.parquet"
#: Columns of the long table that hold names, and those that are no axis of a grid.
NAMES = ("game", "arm", "payoffs", "metric")
COLUMNS = (*NAMES, "point", "world", "value")
#: What tells one contrast from another.
KEYS = ("game", "metric", "arm", "comparison", "against", "payoffs")


class Results:
    """The folder of a finished study; see `Results.open`.

    Attributes:
        folder: where it lies.
        config: the settings that it was run with.
        provenance: seed, versions, hashes and command, as the folder tells them.

    Example:
        >>> results = Results.open("results/trust")  # doctest: +SKIP
        >>> results.where(arm=["none", "bond"], metric="welfare_net")  # doctest: +SKIP
    """

    def __init__(self, folder: Path) -> None:
        """Of a folder that is complete; `open` checks whether it is."""
        self.folder = folder
        self.config = read_config(folder)
        self.provenance: dict[str, Any] = json.loads((folder / PROVENANCE).read_bytes())

    @classmethod
    def open(cls, folder: Path | str) -> Results:
        """Open the folder of a study.

        Args:
            folder: what `posalign-sim` wrote.

        Raises:
            ConfigurationError: there is no study in it, it is not finished, or a file of it is
                missing or was changed.
        """
        folder = Path(folder)
        read_config(folder)
        if not is_complete(folder):
            parts = len(list((folder / PARTS).glob("*.part")))
            raise ConfigurationError(
                f"{folder} is not finished; {parts} parts of it are. Go on with: "
                f"posalign-sim resume {folder}"
            )
        if harmed := damage(folder):
            raise ConfigurationError(
                f"{folder} is damaged: {', '.join(harmed)}. Make it whole again with: "
                f"posalign-sim resume {folder}"
            )
        return cls(folder)

    @property
    def report(self) -> Path:
        """The report, a page that stands alone."""
        return self.folder / "report.html"

    @cached_property
    def table(self) -> pd.DataFrame:
        """The long table, all of it: `game, arm, payoffs, [point, axes], world, metric, value`."""
        return self.where()

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """Effects of the arms, with intervals and tests."""
        return pd.read_csv(self.folder / "contrasts.csv")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Means of every outcome in every arm."""
        return pd.read_csv(self.folder / "summary.csv")

    @property
    def axes(self) -> list[str]:
        """Settings that were swept."""
        return [name for name in self._stored.schema.names if name not in COLUMNS]

    def names(self, column: str) -> list[str]:
        """What there is in a column of names: `game`, `arm`, `payoffs` or `metric`.

        Raises:
            ConfigurationError: there is no such column.
        """
        if column not in NAMES:
            raise ConfigurationError(f"{column!r} is no column of names: {nearest(column, NAMES)}")
        if column not in self._names:
            found: dict[str, None] = {}
            for batch in self._stored.to_batches(columns=[column]):
                found.update(dict.fromkeys(pc.unique(batch.column(0)).to_pylist()))
            self._names[column] = list(found)
        return self._names[column]

    def where(
        self,
        game: str | Iterable[str] | None = None,
        arm: str | Iterable[str] | None = None,
        payoffs: str | Iterable[str] | None = None,
        metric: str | Iterable[str] | None = None,
        point: int | Iterable[int] | None = None,
        **axes: Any,
    ) -> pd.DataFrame:
        """Rows of the long table; others are not read.

        Args:
            game: a game, or several.
            arm: an arm, or several.
            payoffs: `ordinary` or `zero_sum_twin`.
            metric: an outcome, or several.
            point: number of a grid point, or several.
            **axes: values of settings that were swept: `where(noise=0.05)`; those with dots in
                their names as `where(**{"institutions.bond.stake": [1, 2]})`.

        Returns:
            The rows, in the order of the worlds; NaN is undefined.

        Raises:
            ConfigurationError: there is no such name.
        """
        chosen: pc.Expression | None = None
        given = {"game": game, "arm": arm, "payoffs": payoffs, "metric": metric, "point": point}
        for column, wanted in {**given, **axes}.items():
            if wanted is None:
                continue
            values = _several(wanted)
            self._check(column, values)
            here = pc.field(column).isin(values)
            chosen = here if chosen is None else chosen & here
        table = self._stored.to_table(filter=chosen)
        for k, field in enumerate(table.schema):
            if pa.types.is_dictionary(field.type):
                table = table.set_column(k, field.name, table.column(k).cast(pa.string()))
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def history(self, game: str | None = None) -> xarray.Dataset:
        """Cooperation over time in every world: `cooperation[arm, payoffs, point, world, stretch]`.

        Args:
            game: which one; nothing, if there is only one.

        Raises:
            ConfigurationError: there is no such game, or no history of it was kept.
        """
        import xarray

        games = self.names("game")
        game = games[0] if game is None and len(games) == 1 else game
        if game not in games:
            raise ConfigurationError(f"which game? {nearest(str(game or ''), games)}")
        path = self.folder / f"history_{game}.nc"
        if not path.is_file():
            raise ConfigurationError(f"{self.folder} keeps no history: the study was too large")
        with xarray.open_dataset(path, engine="scipy") as data:
            return data.load()

    def compare(self, other: Results | Path | str) -> Comparison:
        """Hold another study against this one.

        Args:
            other: the other one, or its folder.
        """
        other = other if isinstance(other, Results) else Results.open(other)
        return Comparison.of(self, other)

    @cached_property
    def _stored(self) -> ds.Dataset:
        return ds.dataset(self.folder / TABLE, format="parquet")

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        return {}

    def _check(self, column: str, values: Sequence[Any]) -> None:
        there = [*NAMES, *(name for name in self._stored.schema.names if name not in COLUMNS)]
        if column in NAMES:
            for value in values:
                if value not in self.names(column):
                    raise ConfigurationError(
                        f"there is no {column} {value!r}: {nearest(str(value), self.names(column))}"
                    )
        elif column not in self._stored.schema.names:
            why = "no grid was swept" if column == "point" else nearest(column, there)
            raise ConfigurationError(f"there is no column {column!r}: {why}")

    def __repr__(self) -> str:
        """The folder and what is in it."""
        count = self._stored.count_rows()
        return f"Results({str(self.folder)!r}: {count:,} values; {MANIFEST} checked)"


@dataclass(frozen=True)
class Comparison:
    """Two studies side by side.

    Attributes:
        settings: what differs in their settings and origins: `setting, one, other`.
        contrasts: estimates and intervals of both, by what tells a contrast from others;
            `difference` is the other's estimate less the one's. NaN where a study has no such
            contrast.
        axes: settings that were swept in either; where only one of the two swept a setting, each of
            its values is held against the other study.
    """

    settings: pd.DataFrame
    contrasts: pd.DataFrame
    axes: tuple[str, ...] = ()

    @classmethod
    def of(cls, one: Results, other: Results) -> Comparison:
        """Compare two studies."""
        told = [{**science(r.config), **_origin(r.provenance)} for r in (one, other)]
        rows = list(_differing(told[0], told[1]))
        settings = pd.DataFrame(rows, columns=["setting", "one", "other"], dtype=object)
        tables = [results.contrasts for results in (one, other)]
        # Points of a grid by what they are: their numbers mean something else in another grid.
        keys = [k for k in (*KEYS, *one.axes) if all(k in table for table in tables)]
        axes = tuple(dict.fromkeys([*one.axes, *other.axes]))
        kept = [*keys, *(a for a in axes if a not in keys), "estimate", "low", "high"]
        both = tables[0][[k for k in kept if k in tables[0]]].merge(
            tables[1][[k for k in kept if k in tables[1]]],
            on=keys,
            how="outer",
            suffixes=("_one", "_other"),
        )
        both["difference"] = both["estimate_other"] - both["estimate_one"]
        return cls(settings, both, axes)


def _several(wanted: Any) -> list[Any]:
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        return [wanted]
    return list(wanted)


def _origin(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What of a folder's origin is not told by its settings."""
    kept = ("versions", "platform", "code_hash")
    return {key: value for key, value in provenance.items() if key in kept}


def _differing(
    one: Mapping[str, Any], other: Mapping[str, Any], where: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Settings that differ, by their dotted names; None for what one of them has not.

    >>> list(_differing({"noise": 0, "game": {"trust": {"rate": 3}}}, {"noise": 0, "game": {}}))
    [('game.trust', {'rate': 3}, None)]
    """
    for key in dict.fromkeys([*one, *other]):
        a, b = one.get(key), other.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from _differing(a, b, f"{where}{key}.")
        elif a != b:
            yield f"{where}{key}", a, b


def largest_differences(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """Largest absolute difference of each metric between two pieces of one long table.

    Infinite where one value is undefined and the other is not.

    >>> frame = pd.DataFrame({"metric": ["welfare", "cost"], "value": [1.0, np.nan]})
    >>> largest_differences(frame, frame.assign(value=[1.5, np.nan]))
    {'welfare': 0.5}
    """
    a, b = one["value"].to_numpy(), other["value"].to_numpy()
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - b)
    gap = np.where(np.isnan(a) & np.isnan(b), 0.0, np.where(np.isnan(gap), np.inf, gap))
    gap[a == b] = 0.0
    found = pd.Series(gap).groupby(one["metric"].to_numpy()).max()
    return {str(name): float(size) for name, size in found.items() if size > 0}
