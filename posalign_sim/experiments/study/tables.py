"""From part files to the tables of a study: streamed, in one order, whoever ran what and when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xarray

from posalign_sim.experiments.study.design import OF_FAULTS, PAYOFFS, Design, Task
from posalign_sim.experiments.study.parts import Floats, Place
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.scenario import ENDLESS

#: Rows of a row group: the same however the work was cut, so that the bytes are the same.
ROW_GROUP = 2**20
#: Rows up to which results are written as CSV, too.
MOST_CSV = 1_000_000


class Outcomes:
    """Outcomes of a study's worlds, read from its parts as they are asked for.

    Args:
        design: the study.
        blocks: blocks by key.
        edges: replicates at each look so far: `[64, 128]` says that there are 128, run in two goes.
    """

    def __init__(self, design: Design, blocks: Mapping[str, Place], edges: Sequence[int]) -> None:
        """See the class."""
        self.design = design
        self.pairs = edges[-1]
        self._boxes: dict[tuple[str, int], dict[tuple[int, int], list[Place]]] = {}
        for first, last in zip([0, *edges[:-1]], edges, strict=True):
            for task in design.tasks(first, last):
                for arm in task.arms:
                    place = blocks.get(design.key(task, arm))
                    if place is None:
                        raise ConfigurationError(
                            f"{task}: its worlds are not there, though they were run: the code "
                            "changed meanwhile; resume the study"
                        )
                    boxes = self._boxes.setdefault((task.game, arm), {})
                    boxes.setdefault(task.points, []).append(place)

    def pieces(self, game: str, arm: int) -> Iterator[tuple[tuple[int, int], Floats]]:
        """Ranges of grid points with their outcomes, `[points, payoffs, pairs, metrics]`."""
        metrics = self.design.metrics(game)
        for points, places in self._boxes[game, arm].items():
            yield points, np.concatenate([p.read(metrics).values for p in places], axis=2)

    def values(self, game: str, arm: int, metric: str) -> Floats:
        """`[points, payoffs, pairs]` values of one outcome; worlds that faulted have none."""
        names = self.design.metrics(game)
        k, fault = names.index(metric), names.index("faults")
        found = []
        for _, piece in self.pieces(game, arm):
            kept = piece[..., k].copy()
            if metric not in OF_FAULTS:
                kept[piece[..., fault] > 0] = np.nan
            found.append(kept)
        return np.concatenate(found)

    def heard(
        self, game: str, arm: int
    ) -> Iterator[tuple[tuple[int, int], tuple[tuple[str, ...], ...], Floats]]:
        """Ranges of grid points with what came back from models there.

        With it how much of each, `[points, payoffs, pairs, sources, numbers]`; see `Block`.
        """
        for points, places in self._boxes[game, arm].items():
            blocks = [place.read() for place in places]
            sources = tuple(sorted({source for block in blocks for source in block.sources}))
            pieces = []
            for block in blocks:
                if block.heard is None:
                    continue
                piece = np.zeros((*block.heard.shape[:3], len(sources), block.heard.shape[-1]))
                places_of = [sources.index(source) for source in block.sources]
                piece[..., places_of, :] = block.heard
                pieces.append(piece)
            if pieces:
                yield points, sources, np.concatenate(pieces, axis=2)

    def faulted(self) -> bool:
        """Whether any world faulted."""
        design = self.design
        cells = ((game, arm) for game in design.games for arm in range(len(design.arms)))
        return any((self.values(game, arm, "faults") > 0).any() for game, arm in cells)

    def history(self, game: str) -> xarray.Dataset:
        """Cooperation over time in every world of a game, labelled."""
        design = self.design
        arms = []
        for arm in range(len(design.arms)):
            rows = [
                np.concatenate([_history(place) for place in places], axis=2)
                for places in self._boxes[game, arm].values()
            ]
            arms.append(np.concatenate(rows))
        # [arms, points, payoffs, pairs, stretches] to the order in which people ask
        data = np.stack(arms).transpose(0, 2, 1, 3, 4)
        rounds = None if "rounds" in design.axes else design.config["rounds"]
        length = rounds / data.shape[-1] if rounds is not None and rounds < ENDLESS else 1.0
        coordinates: dict[str, Any] = {
            "arm": [arm.name for arm in design.arms],
            "payoffs": list(design.payoffs),
            "point": np.arange(design.points),
            "world": np.arange(self.pairs),
            "round": ("stretch", (np.arange(data.shape[-1]) + 0.5) * length),
        }
        for path, column in design.columns.items():
            coordinates[path] = ("point", column)
        names = ("arm", "payoffs", "point", "world", "stretch")
        return xarray.Dataset({"cooperation": (names, data)}, coordinates)

    def rows(self, chosen: Collection[str] | None = None) -> Iterator[pa.Table]:
        """Pieces of the long table of results, in the order of the worlds.

        Args:
            chosen: outcomes to tell of; all if not given.
        """
        for game in self.design.games:
            metrics = self.design.metrics(game)
            kept = [k for k, name in enumerate(metrics) if chosen is None or name in chosen]
            for arm in range(len(self.design.arms)):
                for points, piece in self.pieces(game, arm):
                    names = [metrics[k] for k in kept]
                    yield self._table(game, arm, points, piece[..., kept], names)

    def frame(self, chosen: Collection[str] | None = None) -> pd.DataFrame:
        """The long table of results, or what it tells of some outcomes; see `rows`."""
        frame: pd.DataFrame = pa.concat_tables(self.rows(chosen)).to_pandas()
        return frame

    def write(self, folder: Path) -> int:
        """Write `results.parquet`, and `results.csv` if that is short; the number of rows."""
        writer, waiting, count = None, [], 0
        try:
            for piece in self.rows():
                writer = writer or pq.ParquetWriter(
                    folder / "results.parquet", piece.schema, compression="zstd"
                )
                waiting.append(piece)
                count += len(piece)
                while sum(map(len, waiting)) >= ROW_GROUP:
                    joined = pa.concat_tables(waiting)
                    writer.write_table(joined.slice(0, ROW_GROUP).combine_chunks())
                    waiting = [joined.slice(ROW_GROUP)]
            if writer is not None and any(map(len, waiting)):
                writer.write_table(pa.concat_tables(waiting).combine_chunks())
        finally:
            if writer is not None:
                writer.close()
        if count <= MOST_CSV:
            self.frame().to_csv(folder / "results.csv", index=False)
        return count

    def _table(
        self, game: str, arm: int, points: tuple[int, int], piece: Floats, metrics: Sequence[str]
    ) -> pa.Table:
        design = self.design
        payoffs = piece.shape[1]
        shape = np.indices(piece.shape, dtype=np.int32).reshape(4, -1)
        kept = slice(None)
        if "positive_sum_gain" in metrics and payoffs > 1:
            # A twin has no gain over itself: no such row, rather than a row without a value.
            kept = ~((shape[1] == 1) & (shape[3] == metrics.index("positive_sum_gain")))
        point, payoff, world, metric = shape[:, kept]
        columns: dict[str, Any] = {
            "game": _names(np.full(len(point), design.games.index(game)), design.games),
            "arm": _names(np.full(len(point), arm), [a.name for a in design.arms]),
            "payoffs": _names(payoff, PAYOFFS[:payoffs]),
        }
        if design.axes:
            columns["point"] = pa.array(point + np.int32(points[0]))
            for path, column in design.columns.items():
                here = column[points[0] : points[1]]
                if all(isinstance(value, int | float) for value in column):
                    columns[path] = pa.array(np.array(here, np.float64)[point])
                else:
                    labels = list(dict.fromkeys(str(value) for value in column))
                    codes = np.array([labels.index(str(value)) for value in here])
                    columns[path] = _names(codes[point], labels)
        columns["world"] = pa.array(world)
        every = list(dict.fromkeys(m for g in design.games for m in design.metrics(g)))
        codes = np.array([every.index(name) for name in metrics])
        columns["metric"] = _names(codes[metric], every)
        columns["value"] = pa.array(piece.ravel()[kept])
        return pa.table(columns)


def _names(codes: np.ndarray[Any, Any], names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(names)))


def _history(place: Place) -> Floats:
    past = place.read().history
    assert past is not None
    return past


def courses(design: Design, game: str, data: Floats) -> pd.DataFrame:
    """Mean cooperation by stretch of time, with 95% intervals over worlds.

    Args:
        design: the study, without a grid.
        game: the game.
        data: `[arms, payoffs, worlds, stretches]` cooperation.
    """
    defined = ~np.isnan(data)
    count = np.maximum(1, defined.sum(axis=2))
    mean = np.where(defined, data, 0).sum(axis=2) / count
    spread = np.where(defined, (data - mean[:, :, None]) ** 2, 0).sum(axis=2)
    error = 1.96 * np.sqrt(spread / np.maximum(1, count - 1) / count)
    mean[defined.sum(axis=2) == 0] = np.nan
    rounds, stretches = design.config["rounds"], data.shape[-1]
    length = rounds / stretches if rounds is not None and rounds < ENDLESS else 1.0
    arms = [arm.name for arm in design.arms]
    index = pd.MultiIndex.from_product(
        [[game], arms, design.payoffs, (np.arange(stretches) + 0.5) * length],
        names=["game", "arm", "payoffs", "round"],
    )
    columns = {
        "metric": "cooperation",
        "mean": mean.ravel(),
        "low": (mean - error).ravel(),
        "high": (mean + error).ravel(),
    }
    return pd.DataFrame(columns, index=index).reset_index()


def tasks_of(design: Design, edges: Sequence[int]) -> list[Task]:
    """All tasks up to the last look so far."""
    return [
        task
        for first, last in zip([0, *edges[:-1]], edges, strict=True)
        for task in design.tasks(first, last)
    ]
